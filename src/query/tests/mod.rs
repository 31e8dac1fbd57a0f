//! Statements from text to rows, over a graph in memory: what the openCypher scenarios do not cover.

mod paths;
mod random;
mod rules;

use std::sync::Arc;

use super::{
    compile::{self, Compiled},
    execute::{Execution, Limits, Source},
    optimize::Rules,
    plan::Plan,
};
use crate::{
    Error, Result,
    graph::{Snapshot, Transaction},
    model::Value,
    storage::Store,
};

/// People who know each other in a chain with one branch, and where they live.
const PEOPLE: &str = "
    CREATE (a:Person {id: 1, name: 'Ada', age: 36}), (b:Person {id: 2, name: 'Bob', age: 41}),
           (c:Person {id: 3, name: 'Cyd', age: 29}), (d:Person:Admin {id: 4, name: 'Dan', age: 50}),
           (u:City {name: 'Ulm'}), (v:City {name: 'Bonn'}),
           (a)-[:KNOWS {since: 2001}]->(b), (b)-[:KNOWS {since: 2005}]->(c), (c)-[:KNOWS {since: 2010}]->(d),
           (a)-[:KNOWS {since: 2020}]->(d), (a)-[:LIVES_IN]->(u), (b)-[:LIVES_IN]->(u), (c)-[:LIVES_IN]->(v)";

struct Session {
    source: Option<Source>,
}

impl Session {
    fn new() -> Self {
        let transaction = Transaction::new(Snapshot::empty(Arc::new(Store::memory())));
        Self { source: Some(Source::Write(Box::new(transaction))) }
    }

    fn people() -> Self {
        let mut session = Self::new();
        session.run(PEOPLE).unwrap();
        session
    }

    fn compile(&self, text: &str) -> Result<Plan> {
        let Some(Source::Write(transaction)) = &self.source else { panic!("a run is on") };
        match compile::compile(text, transaction.view())? {
            Compiled::Query(query) => Ok(Arc::unwrap_or_clone(query.plan)),
            other => panic!("no query: {other:?}"),
        }
    }

    fn run(&mut self, text: &str) -> Result<Vec<String>> {
        let plan = self.compile(text)?;
        self.run_plan(plan)
    }

    fn run_plan(&mut self, plan: Plan) -> Result<Vec<String>> {
        let n_columns = plan.columns.len();
        let params = plan.params.iter().map(|_| Value::Null).collect();
        let source = self.source.take().expect("no run is on");
        let mut execution = Execution::new(Arc::new(plan), params, source, Limits::default());
        let mut rows = Vec::new();
        let mut read = || -> Result<()> {
            while let Some(n) = execution.next_batch()?.map(|batch| batch.len) {
                for row in 0..if n_columns == 0 { 0 } else { n } {
                    let values: Vec<String> = (0..n_columns)
                        .map(|column| Ok(execution.value(row, column)?.to_string()))
                        .collect::<Result<_>>()?;
                    rows.push(values.join(" "));
                }
            }
            Ok(())
        };
        let result = read();
        self.source = execution.finish().map(|(source, _)| source);
        result.map(|()| rows)
    }
}

/// Checks the rows of a query over [`PEOPLE`], in any order.
#[track_caller]
fn check(query: &str, expected: &[&str]) {
    let mut rows = Session::people().run(query).unwrap_or_else(|error| panic!("{query}\n{error}"));
    rows.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(rows, expected, "{query}");
}

/// Checks the rows of a query over [`PEOPLE`], in order.
#[track_caller]
fn check_ordered(query: &str, expected: &[&str]) {
    let rows = Session::people().run(query).unwrap_or_else(|error| panic!("{query}\n{error}"));
    assert_eq!(rows, expected, "{query}");
}

/// Checks what a query reads after a statement changed the graph.
#[track_caller]
fn check_after(change: &str, query: &str, expected: &[&str]) {
    let mut session = Session::people();
    session.run(change).unwrap_or_else(|error| panic!("{change}\n{error}"));
    let mut rows = session.run(query).unwrap_or_else(|error| panic!("{query}\n{error}"));
    rows.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(rows, expected, "{change}; {query}");
}

#[track_caller]
fn check_error(query: &str, detail: &str) {
    match Session::people().run(query) {
        Err(Error::Query(error)) => assert_eq!(error.detail, detail, "{query}: {error}"),
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn patterns_with_everything_inline() {
    check("MATCH (a:Person WHERE a.age > 40) RETURN a.name", &["'Bob'", "'Dan'"]);
    check(
        "MATCH (a:Person&!Admin)-[k:KNOWS WHERE k.since < 2006]->(b) RETURN a.name, b.name",
        &["'Ada' 'Bob'", "'Bob' 'Cyd'"],
    );
    check("MATCH (n:Admin|City) RETURN n.name", &["'Dan'", "'Ulm'", "'Bonn'"]);
    check("MATCH (n:!Person) RETURN n.name", &["'Ulm'", "'Bonn'"]);
    check("MATCH ({name: 'Ada'})-[r:!KNOWS]->(x) RETURN x.name", &["'Ulm'"]);
    check("MATCH (a {name: 'Ada'})-[:KNOWS|LIVES_IN]->(x) RETURN x.name", &["'Bob'", "'Dan'", "'Ulm'"]);
    check("MATCH (a {id: b.id}), (b:Admin) RETURN a.name", &["'Dan'"]);
}

#[test]
fn variable_lengths() {
    check("MATCH (:Person {id: 1})-[:KNOWS*1..2]->(x) RETURN x.name", &["'Bob'", "'Cyd'", "'Dan'"]);
    check("MATCH (:Person {id: 1})-[r:KNOWS*2]-(x) RETURN x.name, size(r)", &["'Cyd' 2", "'Cyd' 2"]);
    check("MATCH (:Person {id: 1})-[:KNOWS* {since: 2001}]->(x) RETURN x.name", &["'Bob'"]);
    check("MATCH (a:Person {id: 1})-[:KNOWS*0..1]->(x) RETURN x.name", &["'Ada'", "'Bob'", "'Dan'"]);
    check(
        "MATCH p = (:Person {id: 1})-[:KNOWS*]->(:Admin) RETURN length(p), [n IN nodes(p) | n.id]",
        &["1 [1, 4]", "3 [1, 2, 3, 4]"],
    );
    // From the right end the list of relationships is still read from the left.
    check(
        "MATCH (a)-[r:KNOWS*2..3]->(:Admin) RETURN a.name, [x IN r | x.since]",
        &["'Bob' [2005, 2010]", "'Ada' [2001, 2005, 2010]"],
    );
    check("MATCH (a {id: 1})-[r:KNOWS*]->(b {id: 3}) MATCH (a)-[r*]->(x) RETURN x.name", &["'Cyd'"]);
}

#[test]
fn shortest_paths() {
    check("MATCH (a {id: 1}), (d {id: 4}), p = shortestPath((a)-[:KNOWS*]->(d)) RETURN length(p)", &["1"]);
    check("MATCH p = shortestPath((a:Person {id: 2})-[:KNOWS*]-(d:Admin)) RETURN length(p)", &["2"]);
    check(
        "MATCH p = allShortestPaths((a {id: 2})-[:KNOWS*]-(d:Admin)) RETURN [n IN nodes(p) | n.name]",
        &["['Bob', 'Ada', 'Dan']", "['Bob', 'Cyd', 'Dan']"],
    );
    check("MATCH (a {id: 4}), (d {id: 1}) RETURN shortestPath((a)-[:KNOWS*]->(d)) IS NULL AS none", &["true"]);
    check("MATCH (a {id: 1}), (d {id: 3}) RETURN length(shortestPath((a)-[:KNOWS*]->(d))) AS n", &["2"]);
    check_error("MATCH p = shortestPath((a)-[:KNOWS*3..]->(b)) RETURN p", "InvalidArgumentType");
}

#[test]
fn conditions_on_trails() {
    // The shortest of the paths that satisfy it, not the shortest if it satisfies it.
    let shortest = "MATCH p = shortestPath((a:Person {id: 1})-[:KNOWS*]->(d:Admin)) WHERE";
    check(&format!("{shortest} all(r IN relationships(p) WHERE r.since < 2015) RETURN length(p)"), &["3"]);
    check(&format!("{shortest} none(r IN relationships(p) WHERE r.since = 2020) RETURN length(p)"), &["3"]);
    check(&format!("{shortest} length(p) <= 1 RETURN length(p)"), &["1"]);
    check_error(&format!("{shortest} length(p) > 1 RETURN length(p)"), "UnsupportedPattern");
    check_error(&format!("{shortest} any(n IN nodes(p) WHERE n.id = 3) RETURN length(p)"), "UnsupportedPattern");
    check(
        "MATCH (a {id: 1})-[r:KNOWS*]->(x) WHERE all(k IN r WHERE k.since < 2007) RETURN x.name",
        &["'Bob'", "'Cyd'"],
    );
    check("MATCH (a {id: 1})-[r:KNOWS*]->(x) WHERE all(k IN r WHERE k.since > x.age) RETURN count(*)", &["4"]);
}

#[test]
fn relationships_bound_before() {
    check("MATCH ()-[r:KNOWS {since: 2020}]->() WITH r MATCH (a)-[r]->(b) RETURN a.name, b.name", &["'Ada' 'Dan'"]);
    check("MATCH ()-[r:KNOWS {since: 2020}]->() WITH r MATCH (a)<-[r]-(b) RETURN a.name, b.name", &["'Dan' 'Ada'"]);
    check(
        "MATCH ()-[r:KNOWS {since: 2020}]->() WITH r MATCH (a)-[r]-(b) RETURN a.name, b.name",
        &["'Dan' 'Ada'", "'Ada' 'Dan'"],
    );
    check("MATCH ()-[r:KNOWS {since: 2020}]->() WITH r MATCH (a:Admin)-[r]-(b) RETURN b.name", &["'Ada'"]);
    check("OPTIONAL MATCH ()-[r:NONE]->() MATCH (a)-[r]-(b) RETURN b.name", &[]);
    check("CREATE (a)-[r:LOOP]->(a) WITH r MATCH (x)-[r]-(y) RETURN x = y", &["true"]);
    check("MATCH ()-[r:KNOWS {since: 2020}]->() WITH r MATCH (a)-[r:LIVES_IN]->(b) RETURN b.name", &[]);
}

#[test]
fn subqueries_in_expressions() {
    check(
        "MATCH (a:Person) WHERE EXISTS { (a)-[:LIVES_IN]->(:City {name: 'Ulm'}) } RETURN a.name",
        &["'Ada'", "'Bob'"],
    );
    check(
        "MATCH (a:Person) WHERE NOT EXISTS { MATCH (a)-[:KNOWS]->(b) WHERE b.age > a.age } RETURN a.name",
        &["'Bob'", "'Dan'"],
    );
    check(
        "MATCH (a:Person) RETURN a.name, COUNT { (a)-[:KNOWS]->() } AS n",
        &["'Ada' 2", "'Bob' 1", "'Cyd' 1", "'Dan' 0"],
    );
    check(
        "MATCH (a:Person {id: 1}) RETURN COLLECT { MATCH (a)-[:KNOWS]->(b) RETURN b.name ORDER BY b.name DESC } AS l",
        &["['Dan', 'Bob']"],
    );
    check("MATCH (a:Person) WHERE COUNT { MATCH (a)-[:KNOWS]->(b) RETURN DISTINCT b } > 1 RETURN a.name", &["'Ada'"]);
    check("MATCH (a:Person) WHERE a.age > 45 OR (a)-[:LIVES_IN]->({name: 'Bonn'}) RETURN a.name", &["'Cyd'", "'Dan'"]);
    check("MATCH (a:Person {id: 1}) RETURN [(a)-[:KNOWS]->(b) WHERE b.age > 45 | b.name] AS l", &["['Dan']"]);
    check("MATCH (a:Person {id: 1}) RETURN [p = (a)-[:KNOWS]->()-->() | length(p)] AS l", &["[2, 2]"]);
    // The variable of a comprehension inside a pattern.
    check(
        "MATCH (a:Person) WITH collect(a) AS all RETURN [x IN all WHERE (x)-[:KNOWS]->(:Admin) | x.name] AS l",
        &["['Ada', 'Cyd']"],
    );
    check(
        "MATCH (a:Person) WITH collect(a) AS all RETURN [x IN all | COUNT { (x)-[:KNOWS]->(y) WHERE y.age > x.age }] AS l",
        &["[2, 0, 1, 0]"],
    );
    check(
        "MATCH (a:Person) WHERE EXISTS { MATCH (a)-[:KNOWS]->(b) WITH b.age AS age ORDER BY age LIMIT 1 WHERE age > 40 RETURN age } RETURN a.name",
        &["'Ada'", "'Cyd'"],
    );
}

#[test]
fn call_with_subqueries() {
    check(
        "MATCH (a:Person) CALL { WITH a MATCH (a)-[:KNOWS]->(b) RETURN b ORDER BY b.age DESC LIMIT 1 } RETURN a.name, b.name",
        &["'Ada' 'Dan'", "'Bob' 'Cyd'", "'Cyd' 'Dan'"],
    );
    check(
        "MATCH (a:Person) CALL (a) { MATCH (a)-[:KNOWS]->(b) RETURN count(b) AS n } RETURN a.name, n",
        &["'Ada' 2", "'Bob' 1", "'Cyd' 1", "'Dan' 0"],
    );
    check(
        "CALL { MATCH (a:City) RETURN a.name AS n UNION MATCH (a:Admin) RETURN a.name AS n } RETURN n",
        &["'Ulm'", "'Bonn'", "'Dan'"],
    );
    check(
        "UNWIND [1, 2] AS i CALL { WITH i RETURN i AS j UNION ALL WITH i RETURN i * 10 AS j } RETURN i, j",
        &["1 1", "1 10", "2 2", "2 20"],
    );
    check_after(
        "MATCH (a:Person) CALL { WITH a CREATE (:Shadow {of: a.name}) }",
        "MATCH (s:Shadow) RETURN s.of",
        &["'Ada'", "'Bob'", "'Cyd'", "'Dan'"],
    );
    check(
        "UNWIND [1, 2] AS i CALL { WITH i CREATE (n:New {i: i}) RETURN n } MATCH (m:New) RETURN n.i, m.i",
        &["1 1", "1 2", "2 1", "2 2"],
    );
    check_error("MATCH (a) CALL { MATCH (b) WHERE b = a RETURN b } RETURN b", "UndefinedVariable");
    check_error("MATCH (a) CALL { MATCH (a) RETURN a } RETURN a", "VariableAlreadyBound");
}

#[test]
fn aggregates_inside_expressions() {
    check(
        "MATCH (a:Person)-[:LIVES_IN]->(c) RETURN c.name AS city, count(*) * 10 + 1 AS n",
        &["'Ulm' 21", "'Bonn' 11"],
    );
    check(
        "MATCH (a:Person)-[:LIVES_IN]->(c) RETURN c.name, c.name + ' has ' + count(a) AS t",
        &["'Ulm' 'Ulm has 2'", "'Bonn' 'Bonn has 1'"],
    );
    check("MATCH (a:Person) RETURN {n: count(*), oldest: max(a.age)} AS m", &["{n: 4, oldest: 50}"]);
    check("MATCH (a:Person) RETURN [x IN collect(a.age) WHERE x > 40 | x] AS l", &["[41, 50]"]);
    check("MATCH (a:Nobody) RETURN count(*), sum(a.x), collect(a), max(a.x)", &["0 0 [] null"]);
    check("MATCH (a:Nobody) RETURN a.x, count(*)", &[]);
    check("MATCH (a:Person) WITH a.age > 40 AS old, count(*) AS n WHERE n > 1 RETURN old, n", &["true 2", "false 2"]);
    check("MATCH (a:Person) RETURN count(DISTINCT a.age > 40) AS n", &["2"]);
    check_ordered(
        "MATCH (a:Person)-[:KNOWS]->(b) RETURN a.name, count(*) AS n ORDER BY count(*) DESC, a.name LIMIT 2",
        &["'Ada' 2", "'Bob' 1"],
    );
    check_ordered("MATCH (a:Person) RETURN DISTINCT a.age > 40 AS old ORDER BY a.age > 40", &["false", "true"]);
}

#[test]
fn order_sees_what_it_should() {
    check_ordered("MATCH (a:Person) RETURN a.name AS n ORDER BY a.age", &["'Cyd'", "'Ada'", "'Bob'", "'Dan'"]);
    check_ordered("MATCH (a:Person) RETURN -a.age AS age ORDER BY age", &["-50", "-41", "-36", "-29"]);
    check_ordered(
        "MATCH (a:Person) WITH a AS b, a.age AS a ORDER BY a SKIP 1 LIMIT 2 RETURN b.name",
        &["'Ada'", "'Bob'"],
    );
    check_ordered("UNWIND [3, 1, 2] AS x WITH x ORDER BY x LIMIT 2 RETURN collect(x)", &["[1, 2]"]);
    check_ordered(
        "UNWIND [1, 2] AS n WITH n, [n IN [5] | n * 2] AS l ORDER BY n DESC RETURN n, l",
        &["2 [10]", "1 [10]"],
    );
}

#[test]
fn relationship_uniqueness_is_per_match() {
    check("MATCH (a {id: 2})-[x:KNOWS]-(b)-[y:KNOWS]-(c {id: 2}) RETURN count(*)", &["0"]);
    check("MATCH (a {id: 2})-[x:KNOWS]-(b) MATCH (b)-[y:KNOWS]-(c {id: 2}) RETURN count(*)", &["2"]);
    check("MATCH (a {id: 1})-[:KNOWS]->(b), (a)-[:KNOWS]->(c) RETURN b.name, c.name", &["'Bob' 'Dan'", "'Dan' 'Bob'"]);
    check(
        "MATCH (a {id: 1})-[x:KNOWS]->(b), (a)-[:KNOWS*1..1]->(c) RETURN b.name, c.name",
        &["'Bob' 'Dan'", "'Dan' 'Bob'"],
    );
}

#[test]
fn optional_matches() {
    check(
        "MATCH (a:Person) OPTIONAL MATCH (a)-[:LIVES_IN]->(c) RETURN a.name, c.name",
        &["'Ada' 'Ulm'", "'Bob' 'Ulm'", "'Cyd' 'Bonn'", "'Dan' null"],
    );
    check("OPTIONAL MATCH (x:Nobody) RETURN x", &["null"]);
    check("OPTIONAL MATCH (x:Nobody) OPTIONAL MATCH (x)-->(y) RETURN x, y", &["null null"]);
    check("OPTIONAL MATCH (x:Nobody) MATCH (x) RETURN x", &[]);
    check("MATCH (a:Admin) OPTIONAL MATCH p = (a)-[r:LIVES_IN*]->(c) RETURN p, r, c", &["null null null"]);
    check(
        "MATCH (a:Person) OPTIONAL MATCH (a)-[:KNOWS]->(b:Admin) WHERE a.age > 30 WITH a, b WHERE b IS NOT NULL RETURN a.name",
        &["'Ada'"],
    );
}

#[test]
fn expressions_of_every_form() {
    check(
        "MATCH (a:Admin) RETURN a{.name, .*, x: 1 + 1, a: a.id} AS m",
        &["{a: 4, age: 50, id: 4, name: 'Dan', x: 2}"],
    );
    check("WITH 5 AS x, {b: 2} AS m RETURN m{.b, x} AS m2", &["{b: 2, x: 5}"]);
    check("RETURN reduce(s = 0, x IN [1, 2, 3] | s + x * x) AS r", &["14"]);
    check("RETURN [x IN [1, 2, 3] WHERE x > 1 | [y IN [10, 20] | x * y]] AS l", &["[[20, 40], [30, 60]]"]);
    check(
        "RETURN all(x IN [1, 2] WHERE x > 0) AND none(x IN [1] WHERE x > 1) AND single(x IN [1, 2] WHERE x = 1) AS t",
        &["true"],
    );
    check(
        "RETURN CASE 3 WHEN 1 THEN 'a' WHEN 3 THEN 'c' ELSE 'z' END AS x, CASE WHEN false THEN 1 END AS y",
        &["'c' null"],
    );
    check("RETURN 1 < 2 < 3 AS a, 1 < 3 < 2 AS b, 1 = 1.0 AS c, null = null AS d", &["true false true null"]);
    check("RETURN [1, 2, 3, 4][1..3] AS a, [1, 2, 3][-1] AS b, {k: 7}['k'] AS c", &["[2, 3] 3 7"]);
    check("MATCH (a:Person) WHERE a:Admin RETURN a.name", &["'Dan'"]);
    check("MATCH (a)-[r]->() WHERE r:LIVES_IN RETURN DISTINCT type(r) AS t", &["'LIVES_IN'"]);
    check("MATCH (a:Person) WHERE exists(a.age) AND exists((a)-[:LIVES_IN]->()) RETURN count(*)", &["3"]);
}

#[test]
fn changes() {
    check_after(
        "FOREACH (x IN [1, 2] | CREATE (:T {x: x}) FOREACH (y IN [3] | MERGE (:U {y: x * y})))",
        "MATCH (t) WHERE t:T OR t:U RETURN coalesce(t.x, t.y)",
        &["1", "2", "3", "6"],
    );
    check_after(
        "MATCH (a:Person) SET a.age = a.age + 1, a:Old REMOVE a.name",
        "MATCH (a:Old) RETURN a.age, a.name",
        &["37 null", "42 null", "30 null", "51 null"],
    );
    check_after(
        "MATCH (a:Admin) SET a = {x: 1} SET a += {y: 2, x: null}",
        "MATCH (a:Admin) RETURN properties(a)",
        &["{y: 2}"],
    );
    check_after("MATCH (a {id: 1})-[r:KNOWS]->() DELETE r", "MATCH (a {id: 1})-[r]->(x) RETURN x.name", &["'Ulm'"]);
    check_after("MATCH (a {id: 1}) DETACH DELETE a", "MATCH (a) RETURN count(a)", &["5"]);
    check_after(
        "UNWIND [1, 2, 9, 9] AS id MERGE (p:Person {id: id}) ON CREATE SET p.new = true ON MATCH SET p.seen = true",
        "MATCH (p:Person) WHERE p.new OR p.seen RETURN p.id, p.new, p.seen",
        &["1 null true", "2 null true", "9 true true"],
    );
    check_after(
        "MATCH (a:Person {id: 1}), (b:Person {id: 4}) MERGE (a)-[r:KNOWS]-(b) SET r.merged = true",
        "MATCH ()-[r:KNOWS]->() WHERE r.merged RETURN r.since",
        &["2020"],
    );
    check_after("MATCH (a:Person) WITH a LIMIT 0 CREATE (:X)", "MATCH (x:X) RETURN count(x)", &["0"]);
    check_after("CREATE (n:X) RETURN n LIMIT 0", "MATCH (x:X) RETURN count(x)", &["1"]);
    check_after("MATCH (a:Person) CREATE (x:X) RETURN x LIMIT 1", "MATCH (x:X) RETURN count(x)", &["4"]);
    check_after(
        "UNWIND range(1, 3000) AS i CREATE (x:X) WITH x SKIP 1 LIMIT 1 SET x:Y",
        "MATCH (x:X) RETURN count(x)",
        &["3000"],
    );
    check_after(
        "MATCH (a:Person), (b:Person) SET a.age = 0 SET b.total = a.age",
        "MATCH (a:Person) RETURN sum(a.total)",
        &["0"],
    );
}

#[test]
fn reads_see_the_writes_before_them() {
    let made = "UNWIND [1, 2] AS i CREATE (n:New {i: i}) WITH n MATCH (m:New) RETURN n.i, m.i";
    check(made, &["1 1", "1 2", "2 1", "2 2"]);
    check("CALL { CREATE (n:New {i: 1}) RETURN n } MATCH (m:New) RETURN n.i, m.i", &["1 1"]);
}

#[test]
fn unions() {
    check(
        "MATCH (a:City) RETURN a.name AS n UNION ALL MATCH (a:City) RETURN a.name AS n",
        &["'Ulm'", "'Bonn'", "'Ulm'", "'Bonn'"],
    );
    check("RETURN 1 AS a, 2 AS b UNION RETURN 2 AS b, 1 AS a", &["1 2"]);
    check(
        "MATCH (a:City) RETURN a UNION MATCH (a:Admin) RETURN a.name AS a",
        &["(:City {name: 'Ulm'})", "(:City {name: 'Bonn'})", "'Dan'"],
    );
}

/// Queries whose answers must not depend on the rules.
const QUERIES: &[&str] = &[
    "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) RETURN a.name, b.name, c.name",
    "MATCH (a:Person)-[:KNOWS]-(b)-[:KNOWS]-(c) RETURN count(*) AS n",
    "MATCH (a:Person)-[:KNOWS]-(b), (b)-[:LIVES_IN]->(c) WHERE a.age > b.age RETURN a.name, b.name, c.name",
    "MATCH (a:Person) WHERE NOT (a)-[:KNOWS]->(:Admin) AND a.age > 30 RETURN a.name",
    "MATCH (a:Person) WHERE (a)-[:KNOWS]->() RETURN a.name ORDER BY a.age DESC LIMIT 2",
    "MATCH p = (a:Person)-[:KNOWS*1..3]->(b) WITH p, length(p) AS n WHERE n > 1 RETURN [x IN nodes(p) | x.name] AS l",
    "MATCH (a:Person) OPTIONAL MATCH (a)-[r:LIVES_IN]->(c) WITH c, collect(a.name) AS names RETURN c.name, size(names)",
    "UNWIND [1 + 1, 2 * 3] AS x WITH x WHERE x > 1 + 2 RETURN x, NOT true AS f",
    "MATCH (a)-[r]->(b) RETURN type(r), count(*) AS n ORDER BY n DESC SKIP 1 LIMIT 1",
];

#[test]
fn rules_change_no_answer() {
    for query in QUERIES {
        let mut session = Session::people();
        let mut optimized = session.run(query).unwrap();
        let Some(Source::Write(transaction)) = &session.source else { panic!("a run is on") };
        let plan = compile::text_with_rules(query, transaction.view(), Rules::NONE).unwrap();
        let mut plain = session.run_plan(plan).unwrap();
        optimized.sort();
        plain.sort();
        assert_eq!(optimized, plain, "{query}");
    }
}

#[test]
fn scopes_and_names() {
    check("WITH 1 AS n RETURN [n IN [2] | n] AS l, n", &["[2] 1"]);
    check("MATCH (a:Admin) WITH a AS b MATCH (a:City) RETURN count(*)", &["2"]);
    check("MATCH (a:Admin) RETURN a.id AS x, a.id AS y, count(*) AS n", &["4 4 1"]);
    check("MATCH (a:Admin) WITH *, a.id AS id RETURN a.name, id", &["'Dan' 4"]);
    check("MATCH (a:Person) WITH DISTINCT a.age > 40 AS old, count(*) AS n RETURN old, n", &["true 2", "false 2"]);
    check("MATCH (a:Admin) WITH a.id AS a RETURN a + 1 AS b", &["5"]);
    check("WITH [1, 2] AS l UNWIND l AS x UNWIND l AS y RETURN x * y AS p, count(*) AS n", &["1 1", "2 2", "4 1"]);
    check("WITH {a: [1, {b: 2}]} AS m RETURN m.a[1].b AS x", &["2"]);
    check("MATCH (a:Person) WITH a ORDER BY a.age RETURN collect(a.name) AS l", &["['Cyd', 'Ada', 'Bob', 'Dan']"]);
    check(
        "MATCH (a:Person) WITH a ORDER BY a.age DESC LIMIT 2 MATCH (a)-[:LIVES_IN]->(c) RETURN a.name, c.name",
        &["'Bob' 'Ulm'"],
    );
    check("RETURN CASE WHEN EXISTS { (:Admin) } THEN 1 ELSE 0 END AS x", &["1"]);
    check("MATCH (a:Person) RETURN CASE WHEN (a)-[:LIVES_IN]->() THEN 1 ELSE 0 END AS h, count(*)", &["1 3", "0 1"]);
}

#[test]
fn nested_subqueries() {
    check(
        "MATCH (a:Person) WHERE EXISTS { MATCH (a)-[:KNOWS]->(b) WHERE EXISTS { (b)-[:LIVES_IN]->({name: 'Bonn'}) } } RETURN a.name",
        &["'Bob'"],
    );
    check(
        "MATCH (a:City) RETURN a.name, [x IN [1, 4] WHERE EXISTS { MATCH (p {id: x}) WHERE COUNT { (p)--() } > 1 } | x] AS l",
        &["'Ulm' [1, 4]", "'Bonn' [1, 4]"],
    );
    check(
        "MATCH (a:Person) WITH collect(a) AS people RETURN reduce(s = 0, p IN people | s + COUNT { (p)-[:KNOWS]->() }) AS n",
        &["4"],
    );
    check(
        "MATCH (c:City) RETURN c.name, [(c)<-[:LIVES_IN]-(p) | [(p)-[:KNOWS]->(q) | q.id]] AS l",
        &["'Ulm' [[2, 4], [3]]", "'Bonn' [[4]]"],
    );
    check(
        "CALL { MATCH (a:Person) CALL { WITH a MATCH (a)-[:KNOWS]->(b) RETURN max(b.age) AS oldest } RETURN a.name AS n, oldest } \
         RETURN n, oldest",
        &["'Ada' 50", "'Bob' 29", "'Cyd' 50", "'Dan' null"],
    );
    check("UNWIND [1, 2] AS x CALL { WITH x UNWIND range(1, x) AS y RETURN sum(y) AS s } RETURN x, s", &["1 1", "2 3"]);
    check(
        "MATCH (a:Person) OPTIONAL MATCH (a)-[:KNOWS]->(b) WHERE NOT EXISTS { (b)-[:KNOWS]->() } RETURN a.name, b.name",
        &["'Ada' 'Dan'", "'Bob' null", "'Cyd' 'Dan'", "'Dan' null"],
    );
}

#[test]
fn outer_variables_outlive_with() {
    check(
        "MATCH (a:Person) WHERE EXISTS { MATCH (b:Admin) WITH b MATCH (a)-[:KNOWS]->(b) RETURN b } RETURN a.name",
        &["'Ada'", "'Cyd'"],
    );
    check(
        "MATCH (a:Person) CALL (a) { MATCH (b:Person) WITH max(b.age) AS oldest RETURN oldest - a.age AS younger } RETURN a.name, younger",
        &["'Ada' 14", "'Bob' 9", "'Cyd' 21", "'Dan' 0"],
    );
    check(
        "MATCH (a:Person) RETURN a.name, COUNT { MATCH (b:Person) WITH b.age > 40 AS old, count(*) AS n WHERE n = 2 \
         MATCH (a) WHERE (a.age > 40) = old RETURN old } AS n",
        &["'Ada' 1", "'Bob' 1", "'Cyd' 1", "'Dan' 1"],
    );
    check("MATCH (a:Admin) CALL (a) { MATCH (b:City) WITH b LIMIT 1 RETURN * } RETURN a.id, b:City AS c", &["4 true"]);
}

#[test]
fn changes_in_turn() {
    check_after(
        "MATCH (n:Person) SET n.x = 1 WITH n MATCH (m:Person {x: 1}) WITH count(*) AS n CREATE (:Result {n: n})",
        "MATCH (r:Result) RETURN r.n",
        &["16"],
    );
    check("MERGE (a:X) MERGE (b:X) RETURN a = b AS same", &["true"]);
    check("UNWIND [1, 1, 2] AS x MERGE (a:X {x: x}) RETURN count(DISTINCT a) AS n, count(a) AS m", &["2 3"]);
    check("MATCH (a {id: 1})-[r:KNOWS]->() DELETE r WITH DISTINCT a RETURN COUNT { (a)-[:KNOWS]->() } AS n", &["0"]);
    check("CREATE (a:X {v: 1})-[:R]->(b:X {v: 2}) WITH a, b MATCH p = (a)-[*]->(b) RETURN length(p) AS n", &["1"]);
    check("CREATE (a:X)-[:R]->(b:X) WITH a, b MATCH p = shortestPath((a)-[*]->(b)) RETURN length(p) AS n", &["1"]);
    check("CREATE (a:X)-[:R]->(b:X) WITH a, b MATCH (a)-->(b) RETURN count(*) AS n", &["1"]);
    check("MATCH (a:Admin) SET a.age = a.age + 1 SET a.age = a.age * 2 RETURN a.age", &["102"]);
    check(
        "MATCH (a:Person) WITH a ORDER BY a.id MERGE (c:Count) ON CREATE SET c.n = 1 ON MATCH SET c.n = c.n + 1 RETURN max(c.n) AS n",
        &["4"],
    );
    check(
        "MATCH (a:Person) MERGE (y:Year {of: a.age > 40}) MERGE (a)-[:IN]->(y) RETURN count(DISTINCT y) AS n",
        &["2"],
    );
    check_after(
        "MATCH (a:Person) FOREACH (x IN CASE WHEN a.age > 40 THEN [1] ELSE [] END | SET a:Old)",
        "MATCH (a:Old) RETURN a.name",
        &["'Bob'", "'Dan'"],
    );
    check_after(
        "MATCH (a:Person)-[r]->() WITH a, count(r) AS n SET a.n = n",
        "MATCH (a:Person) RETURN a.n",
        &["3", "2", "2", "null"],
    );
    check_after("MATCH p = (:Admin)--() DETACH DELETE p", "MATCH (a:Person) RETURN a.name", &["'Bob'"]);
    check_error("MATCH (a:Admin) DELETE a RETURN a.name", "DeleteConnectedNode");
    check_error("FOREACH (x IN [1] | CREATE (:A)) RETURN x", "UndefinedVariable");
    check_error("MATCH (n) SET m.x = 1", "UndefinedVariable");
    check_error("MERGE (a:X {x: null})", "MergeReadOwnWrites");
}

#[test]
fn long_statements_are_bounded() {
    let long = |one: &str, n: usize, end: &str| {
        let clauses: String = (0..n).map(|i| one.replace('#', &i.to_string())).collect();
        Session::people().run(&format!("{clauses}{end}"))
    };
    assert_eq!(long("UNWIND [1] AS x# ", 1_400, "RETURN x0").unwrap(), ["1"]);
    let hops = format!("MATCH (){} RETURN count(*)", "-->()".repeat(1_400));
    assert_eq!(Session::people().run(&hops).unwrap(), ["0"]);
    for n in [1_600, 20_000] {
        assert!(matches!(long("UNWIND [1] AS x# ", n, "RETURN x0"), Err(Error::Limit { .. })), "{n}");
        assert!(matches!(long("WITH 1 AS x# ORDER BY x# LIMIT 1 ", n, "RETURN 1"), Err(Error::Limit { .. })), "{n}");
        let hops = format!("MATCH (){} RETURN count(*)", "-->()".repeat(n));
        assert!(matches!(Session::people().run(&hops), Err(Error::Limit { .. })), "{n}");
    }
    assert_eq!(
        long("CREATE (:T {x: #})-[:R]->(:T) ", 2_000, "WITH 1 AS one MATCH (t:T) RETURN count(t)").unwrap(),
        ["4000"]
    );
    check_after(
        "CREATE (a:Y {x: 1}) CREATE (b:Y {x: a.x + 1}) CREATE (a)-[r:R {s: b.x}]->(b) CREATE (:Y {x: r.s + 1})",
        "MATCH (y:Y) RETURN y.x",
        &["1", "2", "3"],
    );
}
