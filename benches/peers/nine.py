"""The nine questions of the public graph-benchmark, asked of embedded peers beside `kgql --bench`.

    pip install duckdb ladybug
    taskset -c 0 python3 benches/peers/nine.py DATA [TRIES]

DATA holds the ten CSV files of the social network. Prints a Markdown row for each peer that is installed: milliseconds,
median of TRIES (5) after a warm-up, prepared, through the peer's Python client (its overhead a call is below 0.1 ms), and the
first row of each answer, for comparing. One thread each.
"""

import os
import statistics
import sys
import tempfile
import time

CYPHER = {
    "q1": "MATCH (follower:Person)-[:Follows]->(person:Person) RETURN person.id AS personID, person.name AS name, "
    "count(follower.id) AS n ORDER BY n DESC, personID LIMIT 3",
    "q2": "MATCH (follower:Person)-[:Follows]->(person:Person) WITH person, count(follower.id) AS n ORDER BY n DESC, "
    "person.id LIMIT 1 MATCH (person)-[:LivesIn]->(city:City) RETURN person.name, n, city.city, city.state, city.country",
    "q3": "MATCH (p:Person)-[:LivesIn]->(c:City)-[*1..2]->(co:Country) WHERE co.country = 'United States' "
    "RETURN c.city AS city, avg(p.age) AS averageAge ORDER BY averageAge, city LIMIT 5",
    "q4": "MATCH (p:Person)-[:LivesIn]->(ci:City)-[*1..2]->(country:Country) WHERE p.age >= 30 AND p.age <= 40 "
    "RETURN country.country AS country, count(country) AS n ORDER BY n DESC LIMIT 3",
    "q5": "MATCH (p:Person)-[:HasInterest]->(i:Interest) WHERE lower(i.interest) = lower('fine dining') AND "
    "lower(p.gender) = lower('male') WITH p, i MATCH (p)-[:LivesIn]->(c:City) WHERE c.city = 'London' AND "
    "c.country = 'United Kingdom' RETURN count(p) AS n",
    "q6": "MATCH (p:Person)-[:HasInterest]->(i:Interest) WHERE lower(i.interest) = lower('tennis') AND "
    "lower(p.gender) = lower('female') WITH p, i MATCH (p)-[:LivesIn]->(c:City) RETURN count(p.id) AS n, c.city AS city, "
    "c.country AS country ORDER BY n DESC, city LIMIT 5",
    "q7": "MATCH (p:Person)-[:LivesIn]->(:City)-[:CityIn]->(s:State) WHERE p.age >= 23 AND p.age <= 30 AND "
    "s.country = 'United States' WITH p, s MATCH (p)-[:HasInterest]->(i:Interest) WHERE lower(i.interest) = "
    "lower('photography') RETURN count(p.id) AS n, s.state AS state, s.country AS country ORDER BY n DESC, state LIMIT 1",
    "q8": "MATCH (a:Person)-[r1:Follows]->(b:Person)-[r2:Follows]->(c:Person) RETURN count(*) AS n",
    "q9": "MATCH (a:Person)-[r1:Follows]->(b:Person)-[r2:Follows]->(c:Person) WHERE b.age < 50 AND c.age > 25 "
    "RETURN count(*) AS n",
    "triangles": "MATCH (a:Person)-[:Follows]->(b:Person)-[:Follows]->(c:Person)-[:Follows]->(a) RETURN count(*) AS n",
}

# A city lies in a state, a state in a country: `-[*1..2]->(:Country)` is these two steps.
CITY_COUNTRY = "city_in ci JOIN state_in si ON ci.dst = si.src JOIN countries co ON si.dst = co.id"

SQL = {
    "q1": "SELECT p.id, p.name, x.n FROM (SELECT dst, count(*) AS n FROM follows GROUP BY dst) x "
    "JOIN persons p ON p.id = x.dst ORDER BY n DESC, p.id LIMIT 3",
    "q2": "SELECT p.name, x.n, c.city, c.state, c.country FROM (SELECT dst, count(*) AS n FROM follows GROUP BY dst "
    "ORDER BY n DESC, dst LIMIT 1) x JOIN persons p ON p.id = x.dst JOIN lives_in l ON l.src = p.id "
    "JOIN cities c ON c.id = l.dst",
    "q3": f"SELECT c.city, avg(p.age) AS a FROM persons p JOIN lives_in l ON l.src = p.id JOIN cities c ON c.id = l.dst "
    f"JOIN {CITY_COUNTRY} ON ci.src = c.id WHERE co.country = 'United States' GROUP BY c.city ORDER BY a, c.city LIMIT 5",
    "q4": f"SELECT co.country, count(*) AS n FROM persons p JOIN lives_in l ON l.src = p.id JOIN {CITY_COUNTRY} "
    "ON ci.src = l.dst WHERE p.age >= 30 AND p.age <= 40 GROUP BY co.country ORDER BY n DESC LIMIT 3",
    "q5": "SELECT count(*) FROM persons p JOIN interested_in h ON h.src = p.id JOIN interests i ON i.id = h.dst "
    "JOIN lives_in l ON l.src = p.id JOIN cities c ON c.id = l.dst WHERE lower(i.interest) = lower('fine dining') "
    "AND lower(p.gender) = lower('male') AND c.city = 'London' AND c.country = 'United Kingdom'",
    "q6": "SELECT count(*) AS n, c.city, c.country FROM persons p JOIN interested_in h ON h.src = p.id "
    "JOIN interests i ON i.id = h.dst JOIN lives_in l ON l.src = p.id JOIN cities c ON c.id = l.dst "
    "WHERE lower(i.interest) = lower('tennis') AND lower(p.gender) = lower('female') GROUP BY c.city, c.country "
    "ORDER BY n DESC, c.city LIMIT 5",
    "q7": "SELECT count(*) AS n, s.state, s.country FROM persons p JOIN lives_in l ON l.src = p.id "
    "JOIN city_in ci ON ci.src = l.dst JOIN states s ON s.id = ci.dst JOIN interested_in h ON h.src = p.id "
    "JOIN interests i ON i.id = h.dst WHERE p.age >= 23 AND p.age <= 30 AND s.country = 'United States' AND "
    "lower(i.interest) = lower('photography') GROUP BY s.state, s.country ORDER BY n DESC, s.state LIMIT 1",
    "q8": "SELECT count(*) FROM follows a JOIN follows b ON a.dst = b.src",
    "q9": "SELECT count(*) FROM follows a JOIN persons p ON p.id = a.dst JOIN follows b ON a.dst = b.src "
    "JOIN persons q ON q.id = b.dst WHERE p.age < 50 AND q.age > 25",
    "triangles": "SELECT count(*) FROM follows a JOIN follows b ON a.dst = b.src JOIN follows c ON c.src = b.dst "
    "AND c.dst = a.src",
}

NODES = {
    "Person": ("persons", "id INT64, name STRING, gender STRING, birthday DATE, age INT64, isMarried BOOLEAN"),
    "City": ("cities", "id INT64, city STRING, state STRING, country STRING, lat DOUBLE, lon DOUBLE, population INT64"),
    "State": ("states", "id INT64, state STRING, country STRING"),
    "Country": ("countries", "id INT64, country STRING"),
    "Interest": ("interests", "id INT64, interest STRING"),
}
EDGES = {
    "Follows": ("follows", "Person", "Person"),
    "LivesIn": ("lives_in", "Person", "City"),
    "HasInterest": ("interested_in", "Person", "Interest"),
    "CityIn": ("city_in", "City", "State"),
    "StateIn": ("state_in", "State", "Country"),
}


def columns(path):
    """The columns a CSV file has, of those a table may have."""
    with open(path, encoding="utf-8") as file:
        return file.readline().strip().split(",")


def duckdb_peer(data):
    import duckdb

    db = duckdb.connect()
    db.execute("SET threads TO 1")
    for table, _ in NODES.values():
        db.execute(f"CREATE TABLE {table} AS SELECT * FROM read_csv('{data}/{table}.csv')")
    for table, _, _ in EDGES.values():
        src, dst = columns(f"{data}/{table}.csv")[:2]
        db.execute(f"CREATE TABLE {table} AS SELECT \"{src}\" AS src, \"{dst}\" AS dst FROM read_csv('{data}/{table}.csv')")
    return f"DuckDB {duckdb.__version__}", SQL, lambda text: db.execute(text).fetchall()


def ladybug_peer(data):
    import ladybug

    folder = tempfile.mkdtemp()
    connection = ladybug.Connection(ladybug.Database(os.path.join(folder, "social.lbug")), num_threads=1)
    for label, (table, types) in NODES.items():
        present = columns(f"{data}/{table}.csv")
        types = {part.split()[0]: part.split()[1] for part in types.split(", ")}
        spec = ", ".join(f"{name} {types.get(name, 'STRING')}" for name in present)
        connection.execute(f"CREATE NODE TABLE {label}({spec}, PRIMARY KEY(id))")
        connection.execute(f"COPY {label} FROM '{data}/{table}.csv' (HEADER=true)")
    for name, (table, start, end) in EDGES.items():
        connection.execute(f"CREATE REL TABLE {name}(FROM {start} TO {end})")
        connection.execute(f"COPY {name} FROM '{data}/{table}.csv' (HEADER=true)")

    prepared = {}

    def ask(text):
        statement = prepared.get(text) or prepared.setdefault(text, connection.prepare(text))
        result = connection.execute(statement)
        rows = []
        while result.has_next():
            rows.append(tuple(result.get_next()))
        return rows

    return f"Ladybug {ladybug.__version__}", CYPHER, ask


def main():
    data, tries = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print("| peer | " + " | ".join(CYPHER) + " |\n|---|" + "---:|" * len(CYPHER))
    for peer in (duckdb_peer, ladybug_peer):
        try:
            name, questions, ask = peer(data)
        except ImportError as error:
            print(f"| not installed: {error.name} |")
            continue
        medians = []
        for key, text in questions.items():
            first = ask(text)[0]
            times = []
            for _ in range(tries):
                start = time.perf_counter()
                ask(text)
                times.append((time.perf_counter() - start) * 1e3)
            medians.append(f"{statistics.median(times):.2f}")
            print(f"  {name} {key}: {first}", file=sys.stderr)
        print(f"| {name} | " + " | ".join(medians) + " |")


main()
