//! Nine questions to a small social network, compared with plain loops over the same data.
//!
//! The network has hubs, people without an interest, and cities without people; the questions join, filter, group, sort
//! and count paths (those of the public `graph-benchmark`).

use std::collections::BTreeMap;

use attendb::{Database, Params, Value, params};

use super::support::{must, random::Random};

const PERSONS: usize = 400;
const CITIES: usize = 30;
const STATES: usize = 9;
const COUNTRIES: [&str; 3] = ["Canada", "United Kingdom", "United States"];
const INTERESTS: [&str; 5] = ["Fine Dining", "Tennis", "Photography", "Chess", "Jazz"];
const FOLLOWS: usize = 4000;

struct Person {
    age: i64,
    female: bool,
    city: usize,
    interests: Vec<usize>,
}

struct Network {
    persons: Vec<Person>,
    /// The state of a city, the country of a state.
    state_of: Vec<usize>,
    country_of: Vec<usize>,
    follows: Vec<(usize, usize)>,
}

impl Network {
    fn random(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut below = |n: usize| random.below(n as u64) as usize;
        let country_of = (0..STATES).map(|_| below(COUNTRIES.len())).collect();
        let state_of = (0..CITIES).map(|_| below(STATES)).collect();
        let persons = (0..PERSONS).map(|_| Person {
            age: 18 + below(50) as i64,
            female: below(2) == 0,
            city: below(CITIES - 3),
            interests: (0..INTERESTS.len()).filter(|_| below(3) == 0).collect(),
        });
        let persons = persons.collect();
        let mut follows: Vec<(usize, usize)> = (0..FOLLOWS)
            .map(|i| (below(PERSONS), if i % 8 == 0 { below(4) } else { below(PERSONS) }))
            .filter(|(a, b)| a != b)
            .collect();
        follows.sort_unstable();
        follows.dedup();
        Self { persons, state_of, country_of, follows }
    }

    fn city_name(&self, city: usize) -> String {
        if city == 0 { "London".to_owned() } else { format!("City {city:02}") }
    }

    fn country_of_city(&self, city: usize) -> &'static str {
        // London stays where it is, whatever the draw.
        if city == 0 { COUNTRIES[1] } else { COUNTRIES[self.country_of[self.state_of[city]]] }
    }

    fn store(&self, db: &Database) {
        let run = |text: &str, rows: Vec<Value>| {
            let params: Params = params! { "rows": Value::list(rows) };
            db.execute(text, params).unwrap_or_else(|error| panic!("{text}: {error}"));
        };
        let int = |n: usize| Value::Int(n as i64);
        let row = |items: Vec<Value>| Value::list(items);
        for label in ["Person", "City", "State", "Country", "Interest"] {
            must(db, &format!("CREATE CONSTRAINT FOR (n:{label}) REQUIRE n.id IS UNIQUE"));
        }
        let countries = COUNTRIES.iter().enumerate().map(|(id, name)| row(vec![int(id), (*name).into()])).collect();
        run("UNWIND $rows AS r CREATE (:Country {id: r[0], country: r[1]})", countries);
        let states = self.country_of.iter().enumerate();
        let states =
            states.map(|(id, c)| row(vec![int(id), format!("State {id}").into(), COUNTRIES[*c].into(), int(*c)]));
        let text = "UNWIND $rows AS r MATCH (c:Country {id: r[3]}) \
                    CREATE (:State {id: r[0], state: r[1], country: r[2]})-[:StateIn]->(c)";
        run(text, states.collect());
        let city = |id: usize| {
            let state = self.state_of[id];
            row(vec![
                int(id),
                self.city_name(id).into(),
                format!("State {state}").into(),
                self.country_of_city(id).into(),
                int(state),
            ])
        };
        let text = "UNWIND $rows AS r MATCH (s:State {id: r[4]}) \
                    CREATE (:City {id: r[0], city: r[1], state: r[2], country: r[3]})-[:CityIn]->(s)";
        run(text, (0..CITIES).map(city).collect());
        let interests = INTERESTS.iter().enumerate().map(|(id, name)| row(vec![int(id), (*name).into()])).collect();
        run("UNWIND $rows AS r CREATE (:Interest {id: r[0], interest: r[1]})", interests);
        let person = |(id, p): (usize, &Person)| {
            let gender = if p.female { "female" } else { "male" };
            row(vec![int(id), format!("P{id}").into(), gender.into(), p.age.into(), int(p.city)])
        };
        let text = "UNWIND $rows AS r MATCH (c:City {id: r[4]}) \
                    CREATE (:Person {id: r[0], name: r[1], gender: r[2], age: r[3]})-[:LivesIn]->(c)";
        run(text, self.persons.iter().enumerate().map(person).collect());
        let likes = self.persons.iter().enumerate().flat_map(|(id, p)| p.interests.iter().map(move |i| (id, *i)));
        let text =
            "UNWIND $rows AS r MATCH (p:Person {id: r[0]}), (i:Interest {id: r[1]}) CREATE (p)-[:HasInterest]->(i)";
        run(text, likes.map(|(p, i)| row(vec![int(p), int(i)])).collect());
        let follows = self.follows.iter().map(|(a, b)| row(vec![int(*a), int(*b)])).collect();
        let text = "UNWIND $rows AS r MATCH (a:Person {id: r[0]}), (b:Person {id: r[1]}) CREATE (a)-[:Follows]->(b)";
        run(text, follows);
    }

    fn followers(&self) -> Vec<i64> {
        let mut n = vec![0; PERSONS];
        self.follows.iter().for_each(|(_, b)| n[*b] += 1);
        n
    }

    /// Returns persons who like something, of one gender, with their city.
    fn fans(&self, interest: &str, female: bool) -> impl Iterator<Item = usize> {
        let interest = INTERESTS.iter().position(|name| *name == interest).expect("a known interest");
        let fits = move |p: &&Person| p.female == female && p.interests.contains(&interest);
        self.persons.iter().filter(fits).map(|p| p.city)
    }

    fn counts_by<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, i64> {
        let mut counts = BTreeMap::new();
        keys.for_each(|key| *counts.entry(key).or_default() += 1);
        counts
    }
}

fn ask(db: &Database, text: &str) -> Vec<Vec<Value>> {
    must(db, text).rows
}

fn check(network: &Network, db: &Database, place: &str) {
    let followers = network.followers();
    let mut order: Vec<usize> = (0..PERSONS).filter(|&p| followers[p] > 0).collect();
    order.sort_by_key(|&p| (-followers[p], p));
    let top = |&p: &usize| vec![Value::Int(p as i64), format!("P{p}").into(), followers[p].into()];
    let expected: Vec<Vec<Value>> = order[..3].iter().map(top).collect();
    let q1 = "MATCH (follower:Person)-[:Follows]->(person:Person) RETURN person.id AS personID, person.name AS name, \
              count(follower.id) AS n ORDER BY n DESC, personID LIMIT 3";
    assert_eq!(ask(db, q1), expected, "{place}: q1");

    let most = order[0];
    let city = network.persons[most].city;
    let expected = vec![vec![
        format!("P{most}").into(),
        followers[most].into(),
        network.city_name(city).into(),
        format!("State {}", network.state_of[city]).into(),
        network.country_of_city(city).into(),
    ]];
    let q2 = "MATCH (follower:Person)-[:Follows]->(person:Person) WITH person, count(follower.id) AS n \
              ORDER BY n DESC, person.id LIMIT 1 MATCH (person)-[:LivesIn]->(city:City) \
              RETURN person.name, n, city.city, city.state, city.country";
    assert_eq!(ask(db, q2), expected, "{place}: q2");

    // By the relationships, not by the property: London's property says otherwise on purpose.
    let country = |city: usize| COUNTRIES[network.country_of[network.state_of[city]]];
    let mut ages: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for p in network.persons.iter().filter(|p| country(p.city) == "United States") {
        ages.entry(p.city).or_default().push(p.age);
    }
    let average = |ages: &Vec<i64>| ages.iter().sum::<i64>() as f64 / ages.len() as f64;
    let mut rows: Vec<(f64, String)> = ages.iter().map(|(c, a)| (average(a), network.city_name(*c))).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    let expected: Vec<Vec<Value>> = rows.into_iter().take(5).map(|(a, c)| vec![c.into(), a.into()]).collect();
    let q3 = "MATCH (p:Person)-[:LivesIn]->(c:City)-[*1..2]->(co:Country) WHERE co.country = 'United States' \
              RETURN c.city AS city, avg(p.age) AS averageAge ORDER BY averageAge, city LIMIT 5";
    assert_eq!(ask(db, q3), expected, "{place}: q3");

    let aged = |from, to| network.persons.iter().filter(move |p| (from..=to).contains(&p.age));
    let mut rows: Vec<_> = Network::counts_by(aged(30, 40).map(|p| country(p.city))).into_iter().collect();
    rows.sort_by_key(|(name, n)| (-n, *name));
    let expected: Vec<Vec<Value>> = rows.into_iter().take(3).map(|(c, n)| vec![c.into(), n.into()]).collect();
    let q4 = "MATCH (p:Person)-[:LivesIn]->(ci:City)-[*1..2]->(country:Country) WHERE p.age >= 30 AND p.age <= 40 \
              RETURN country.country AS country, count(country) AS n ORDER BY n DESC, country LIMIT 3";
    assert_eq!(ask(db, q4), expected, "{place}: q4");

    let n = network.fans("Fine Dining", false).filter(|city| *city == 0).count() as i64;
    assert!(n > 0, "the network answers q5 with something");
    let q5 = "MATCH (p:Person)-[:HasInterest]->(i:Interest) WHERE toLower(i.interest) = toLower('fine dining') AND \
              toLower(p.gender) = toLower('male') WITH p, i MATCH (p)-[:LivesIn]->(c:City) \
              WHERE c.city = 'London' AND c.country = 'United Kingdom' RETURN count(p) AS n";
    assert_eq!(ask(db, q5), [[Value::Int(n)]], "{place}: q5");

    let mut rows: Vec<_> = Network::counts_by(network.fans("Tennis", true)).into_iter().collect();
    rows.sort_by_key(|(city, n)| (-n, network.city_name(*city)));
    let row =
        |(city, n): (usize, i64)| vec![n.into(), network.city_name(city).into(), network.country_of_city(city).into()];
    let expected: Vec<Vec<Value>> = rows.into_iter().take(5).map(row).collect();
    let q6 = "MATCH (p:Person)-[:HasInterest]->(i:Interest) WHERE toLower(i.interest) = toLower('tennis') AND \
              toLower(p.gender) = toLower('female') WITH p, i MATCH (p)-[:LivesIn]->(c:City) \
              RETURN count(p.id) AS n, c.city AS city, c.country AS country ORDER BY n DESC, city LIMIT 5";
    assert_eq!(ask(db, q6), expected, "{place}: q6");

    let fans = aged(23, 30).filter(|p| p.interests.contains(&2)).map(|p| network.state_of[p.city]);
    let fans = fans.filter(|s| COUNTRIES[network.country_of[*s]] == "United States");
    let mut rows: Vec<_> = Network::counts_by(fans).into_iter().collect();
    rows.sort_by_key(|(state, n)| (-n, *state));
    let row = |(s, n): (usize, i64)| vec![n.into(), format!("State {s}").into(), "United States".into()];
    let expected: Vec<Vec<Value>> = rows.into_iter().take(1).map(row).collect();
    let q7 = "MATCH (p:Person)-[:LivesIn]->(:City)-[:CityIn]->(s:State) WHERE p.age >= 23 AND p.age <= 30 AND \
              s.country = 'United States' WITH p, s MATCH (p)-[:HasInterest]->(i:Interest) \
              WHERE toLower(i.interest) = toLower('photography') \
              RETURN count(p.id) AS n, s.state AS state, s.country AS country ORDER BY n DESC, state LIMIT 1";
    assert_eq!(ask(db, q7), expected, "{place}: q7");

    let paths = |keep: &dyn Fn(usize, usize) -> bool| {
        let by_start = |b: usize| network.follows.iter().filter(move |(start, _)| *start == b);
        network.follows.iter().map(|(_, b)| by_start(*b).filter(|(_, c)| keep(*b, *c)).count() as i64).sum::<i64>()
    };
    let q8 = "MATCH (a:Person)-[r1:Follows]->(b:Person)-[r2:Follows]->(c:Person) RETURN count(*) AS n";
    assert_eq!(ask(db, q8), [[Value::Int(paths(&|_, _| true))]], "{place}: q8");
    let young = |b: usize, c: usize| network.persons[b].age < 50 && network.persons[c].age > 25;
    let q9 = "MATCH (a:Person)-[r1:Follows]->(b:Person)-[r2:Follows]->(c:Person) WHERE b.age < 50 AND c.age > 25 \
              RETURN count(*) AS n";
    assert_eq!(ask(db, q9), [[Value::Int(paths(&young))]], "{place}: q9");
}

#[test]
fn nine_questions_agree_with_loops() {
    for seed in 1..=3 {
        let network = Network::random(seed);
        let db = Database::memory().expect("a database in memory");
        network.store(&db);
        check(&network, &db, "in memory");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("db");
        let db = Database::open(&path).expect("it opens");
        network.store(&db);
        db.close().expect("a clean close");
        let db = Database::open(&path).expect("it opens again");
        check(&network, &db, "reopened");
    }
}
