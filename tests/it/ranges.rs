//! Ranges of a property through an ordered index, compared with the same predicates where there is none.

use attendb::{Database, Params, Value, model::Map};

use super::support::{must, random::Random, run as run_with};

/// Nodes, more than two blocks of them; each is there twice, once with an index on its value.
const NODES: u64 = 2500;
const SEED: u64 = 11;

/// What a property may hold: every kind that has an order, and some that have none.
fn value(random: &mut Random) -> String {
    match random.below(12) {
        0 => "null".to_owned(),
        1 => format!("{}.5", random.below(50)),
        2 => "0.0 / 0.0".to_owned(),
        3 => format!("'{}'", ["", "a", "ab", "abc", "b", "zz", "é"][random.below(7) as usize]),
        4 => format!("date('2024-01-{:02}')", 1 + random.below(28)),
        5 => format!("datetime('2024-01-01T{:02}:00{}')", random.below(24), ["Z", "+02:00"][random.below(2) as usize]),
        6 => format!("localdatetime('2024-01-01T{:02}:00')", random.below(24)),
        7 => format!("[{}, {}]", random.below(3), random.below(3)),
        8 => ["true", "false"][random.below(2) as usize].to_owned(),
        9 => "9007199254740993".to_owned(),
        _ => random.below(50).to_string(),
    }
}

fn predicate(random: &mut Random) -> String {
    let one = |random: &mut Random| {
        let value = value(random);
        match random.below(6) {
            0 => format!("n.v > {value}"),
            1 => format!("n.v >= {value}"),
            2 => format!("{value} > n.v"),
            3 => format!("n.v <= {value}"),
            4 => format!("n.v STARTS WITH {value}"),
            _ => format!("n.v < {value}"),
        }
    };
    match random.below(3) {
        0 => one(random),
        1 => format!("{} AND {}", one(random), one(random)),
        _ => format!("{} <= n.v <= {}", value(random), value(random)),
    }
}

fn ids(db: &Database, label: &str, predicate: &str) -> Vec<Vec<Value>> {
    must(db, &format!("MATCH (n:{label}) WHERE {predicate} RETURN n.id ORDER BY n.id")).rows
}

#[test]
fn an_index_finds_what_the_predicate_lets_in_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path().join("ranges.kg")).unwrap();
    let run = |text: &str| must(&db, text);
    run("CREATE RANGE INDEX with_order FOR (n:With) ON (n.v)");
    run("CREATE INDEX ids FOR (n:With) ON (n.id)");
    run("CREATE INDEX ids_without FOR (n:Without) ON (n.id)");
    let mut random = Random::new(SEED);
    for id in 0..NODES {
        let value = value(&mut random);
        run(&format!("CREATE (:With {{id: {id}, v: {value}}}), (:Without {{id: {id}, v: {value}}})"));
    }
    let compare = |random: &mut Random, n: usize, when: &str| {
        let mut n_found = 0;
        for _ in 0..n {
            let predicate = predicate(random);
            let found = ids(&db, "With", &predicate);
            assert_eq!(found, ids(&db, "Without", &predicate), "{predicate}, {when}");
            n_found += found.len();
        }
        assert!(n_found > n, "the predicates let something in");
    };
    compare(&mut random, 60, "before a checkpoint");
    db.checkpoint().unwrap();
    compare(&mut random, 60, "of blocks");
    // Changes above the blocks: other values, none, and nodes that are gone.
    for _ in 0..400 {
        let (id, value) = (random.below(NODES), value(&mut random));
        for label in ["With", "Without"] {
            let text = match id % 5 {
                0 => format!("MATCH (n:{label} {{id: {id}}}) DELETE n"),
                1 => format!("MATCH (n:{label} {{id: {id}}}) REMOVE n.v"),
                _ => format!("MATCH (n:{label} {{id: {id}}}) SET n.v = {value}"),
            };
            run(&text);
        }
    }
    compare(&mut random, 60, "of changed blocks");
}

#[test]
fn a_range_is_scanned_where_an_index_is_and_the_bound_is_steady() {
    let db = Database::memory().unwrap();
    let run = |text: &str| must(&db, text);
    run("CREATE INDEX FOR (p:P) ON (p.age)");
    run("UNWIND range(1, 3000) AS i CREATE (:P {age: i % 100, name: 'p' + i})");
    let plan = |text: &str| {
        let params = [("x".into(), Value::Int(3))].into_iter().collect::<Map>();
        let lines = run_with(&db, &format!("EXPLAIN {text}"), &params).unwrap().rows;
        lines.iter().map(|line| line[0].to_string()).collect::<Vec<_>>().join("\n")
    };
    for (predicate, bounds) in [
        ("p.age > 90", "age >= 90"),
        ("90 < p.age AND p.age <= $x", "age >= 90, age <= $x"),
        ("10 <= p.age < 20", "age >= 10, age <= 20"),
        ("p.age STARTS WITH 'a'", "age STARTS WITH"),
    ] {
        let plan = plan(&format!("MATCH (p:P) WHERE {predicate} RETURN p.name"));
        assert!(plan.contains(&format!("NodeRangeScan (p:P) {bounds}")), "{predicate}: {plan}");
        assert!(plan.contains("Filter"), "the predicate itself is tested: {plan}");
    }
    for predicate in
        ["p.age > rand() * 100", "p.name > 'x'", "p.age <> 5", "p.age > p.age - 1", "p.age > 5 OR p.age < 3"]
    {
        let plan = plan(&format!("MATCH (p:P) WHERE {predicate} RETURN p.name"));
        assert!(!plan.contains("NodeRangeScan"), "{predicate}: {plan}");
    }
    // A bound of the row before, and one that fails only where there is a row to fail for.
    let text =
        "UNWIND [97, 99, null] AS least MATCH (p:P) WHERE p.age >= least RETURN least, count(p) AS n ORDER BY least";
    assert_eq!(must(&db, text).rows, [[Value::Int(97), Value::Int(90)], [Value::Int(99), Value::Int(30)]]);
    assert!(must(&db, "MATCH (p:P {age: -1}) WHERE p.age > 1 / 0 RETURN p").rows.is_empty());
    assert!(db.execute("MATCH (p:P) WHERE p.age > 1 / 0 RETURN p", Params::new()).is_err());
}
