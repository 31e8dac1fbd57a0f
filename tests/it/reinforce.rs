//! `REINFORCE`: who gets the credit of an answer, how often, and what is refused.

use attendb::{Database, Error, Params, Value, model::Map, params};

use super::support::{must, run};

/// A reward of 1 multiplies salience by this: `e^0.25`.
const WHOLE: f64 = 1.2840254166877414;

/// Ada knows Bo (1), Cy (2) and, over Bo, Cy again (3); Bo is nearest to what is asked for, then Cy.
fn town() -> Database {
    let db = Database::memory().expect("a database in memory");
    for text in [
        "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 2",
        "UNWIND [['Ada', 1.5], ['Bo', 0.1], ['Cy', 0.2], ['Di', 1.4]] AS row \
         CREATE (:Npc {name: row[0], vec: [cos(row[1]), sin(row[1])]})",
        "MATCH (a {name: 'Ada'}), (b {name: 'Bo'}), (c {name: 'Cy'}), (d {name: 'Di'}) \
         CREATE (a)-[:KNOWS {n: 1}]->(b), (a)-[:KNOWS {n: 2}]->(c), (b)-[:KNOWS {n: 3}]->(c), (a)-[:KNOWS {n: 4}]->(d)",
    ] {
        must(&db, text);
    }
    db
}

/// The natural logarithms of the saliences, in units of a whole reward, by `n`: rewards times credits.
fn credits(db: &Database) -> Vec<f64> {
    let rows = must(db, "MATCH ()-[r:KNOWS]->() RETURN salience(r) ORDER BY r.n").rows;
    let unit = WHOLE.ln();
    rows.iter().map(|row| (row[0].as_float().unwrap().ln() / unit * 1e4).round() / 1e4).collect()
}

fn refusal(db: &Database, text: &str, params: &Map) -> String {
    match run(db, text, params) {
        Err(error @ Error::Query(_)) => error.to_string(),
        Err(error) => panic!("{text}\n{error}"),
        Ok(_) => panic!("{text}\nran"),
    }
}

const ONE: &str = "MATCH (me:Npc {name: 'Ada'})-[r:KNOWS]->(x) ATTEND x IN (FOR [1.0, 0.0] LIMIT 1)";

#[test]
fn what_was_returned_is_reinforced() {
    let db = town();
    let mut rows = db.query(&format!("{ONE} REINFORCE x BY $reward RETURN x.name"), params! { "reward": 1 }).unwrap();
    assert_eq!(rows.summary().saliences_set, 1);
    assert_eq!(rows.next().unwrap().unwrap().values(), ["Bo".into()]);
    drop(rows);
    assert_eq!(credits(&db), [1.0, 0.0, 0.0, 0.0]);
    must(&db, &format!("{ONE} REINFORCE x BY -0.5"));
    assert_eq!(credits(&db), [0.5, 0.0, 0.0, 0.0], "a rejection weakens, and no RETURN is needed");
    must(&db, &format!("{ONE} REINFORCE x BY 0"));
    assert_eq!(credits(&db), [0.5, 0.0, 0.0, 0.0]);
    // It is told.
    let rows = must(&db, "CALL kg.compactions() YIELD kind, changes RETURN kind, changes").rows;
    assert_eq!(rows, vec![vec![Value::from("reinforcement"), Value::Int(1)]; 2]);
}

#[test]
fn only_what_reaches_it_and_each_once() {
    let db = town();
    let all = "MATCH (me:Npc {name: 'Ada'})-[r:KNOWS]->(x) ATTEND x IN (FOR [1.0, 0.0])";
    must(
        &db,
        &format!("{all} SCORE AS s WHERE x.name <> 'Bo' REINFORCE x BY CASE x.name WHEN 'Cy' THEN 1 ELSE -1 END"),
    );
    assert_eq!(credits(&db), [0.0, 1.0, 0.0, -1.0]);
    // Rows that are doubled behind ATTEND, or that a clause comes back to, count once; and a clause twice counts twice.
    let db = town();
    must(&db, &format!("{ONE} FILTER true REINFORCE x BY 1 REINFORCE x BY -0.25"));
    assert_eq!(credits(&db)[0], 0.75);
    let db = town();
    must(
        &db,
        "UNWIND [1, 2, 3] AS i MATCH (me:Npc {name: 'Ada'})-[r:KNOWS]->(x) ATTEND x IN (FOR [1.0, 0.0] LIMIT 1) \
               REINFORCE x BY 1",
    );
    assert_eq!(credits(&db), [1.0, 0.0, 0.0, 0.0], "one group, one candidate, three rows");
    let db = town();
    must(
        &db,
        "UNWIND [1, 2, 3] AS i MATCH (me:Npc {name: 'Ada'})-[r:KNOWS]->(x) \
               ATTEND x PER i IN (FOR [1.0, 0.0] LIMIT 1) REINFORCE x BY 0.5",
    );
    assert_eq!(credits(&db), [1.5, 0.0, 0.0, 0.0], "three groups");
}

#[test]
fn the_credit_of_a_node_is_split_by_the_salience_of_its_ways() {
    let way =
        "MATCH (:Npc {name: 'Ada'})-[:KNOWS*1..2]->(x {name: 'Cy'}) ATTEND x IN (FOR [1.0, 0.0]) REINFORCE x BY 1";
    let db = town();
    must(&db, way);
    assert_eq!(credits(&db), [0.25, 0.5, 0.25, 0.0], "two ways alike; on each all relationships alike");
    let db = town();
    must(&db, "MATCH ()-[r:KNOWS {n: 2}]->() SET SALIENCE r = 3");
    must(&db, way);
    let expected = [0.125, 3.0_f64.ln() / WHOLE.ln() + 0.75, 0.125, 0.0];
    for (credit, expected) in credits(&db).iter().zip(expected) {
        assert!((credit - expected).abs() < 1e-3, "{:?}", credits(&db));
    }
    // DISTINCT keeps one row of the two, and the credit of both.
    let db = town();
    must(&db, &way.replace("ATTEND x", "ATTEND DISTINCT x"));
    assert_eq!(credits(&db), [0.25, 0.5, 0.25, 0.0]);
}

#[test]
fn relationships_and_paths_have_their_own_credit() {
    let db = town();
    must(
        &db,
        "MATCH (:Npc {name: 'Ada'})-[r:KNOWS]->(x) ATTEND r IN (FOR [1.0, 0.0] ON NODE text LIMIT 2) SCORE AS s \
         REINFORCE r BY 1",
    );
    assert_eq!(credits(&db), [1.0, 1.0, 0.0, 0.0]);
    let db = town();
    let path = "MATCH (:Npc {name: 'Ada'})-[r:KNOWS*2..2]->(x) ATTEND r IN (FOR [1.0, 0.0] ON NODE text)";
    let hops = must(&db, &format!("{path} HOPS AS h RETURN [hop IN h | hop.weight]")).rows;
    let Value::List(weights) = &hops[0][0] else { panic!("{hops:?}") };
    let weights: Vec<f64> = weights.iter().map(|weight| weight.as_float().unwrap()).collect();
    assert!(weights[0] < 0.9 && weights[1] == 1.0, "{weights:?}");
    must(&db, &format!("{path} REINFORCE r BY 1"));
    let total: f64 = weights.iter().sum();
    let credits = credits(&db);
    for (place, expected) in [(0, weights[0] / total), (1, 0.0), (2, weights[1] / total), (3, 0.0)] {
        assert!((credits[place] - expected).abs() < 1e-3, "{credits:?} {weights:?}");
    }
}

#[test]
fn nothing_is_reinforced_where_nothing_led() {
    let db = town();
    let rows = must(&db, "MATCH (x:Npc) ATTEND x IN (FOR [1.0, 0.0] LIMIT 2) REINFORCE x BY 1 RETURN x.name").rows;
    assert_eq!(rows.len(), 2);
    must(
        &db,
        "MATCH (me:Npc {name: 'Cy'}) OPTIONAL MATCH (me)-[:KNOWS]->(x) ATTEND x IN (FOR [1.0, 0.0]) REINFORCE x BY 1",
    );
    assert_eq!(credits(&db), [0.0; 4]);
}

#[test]
fn what_fails_or_only_explains_changes_nothing() {
    let db = town();
    let none = Params::new();
    let empty: Map = none.iter().map(|(name, value)| (name.into(), value.clone())).collect();
    let plan = must(&db, &format!("EXPLAIN {ONE} REINFORCE x BY 0.5 RETURN x")).rows;
    assert!(plan.iter().any(|row| row[0].as_str().unwrap().contains("reinforce by 0.5")), "{plan:?}");
    for (reward, what) in [
        ("1.5", "from -1 to 1, not 1.5"),
        ("-2", "from -1 to 1, not -2"),
        ("0.0 / 0.0", "from -1 to 1, not NaN"),
        ("x.none", "from -1 to 1, not null"),
        ("x.name", "from -1 to 1, not STRING"),
        ("null", "this is null, not a number"),
        ("'good'", "this is a string, not a number"),
        ("count(*)", "in REINFORCE"),
    ] {
        let error = refusal(&db, &format!("{ONE} REINFORCE x BY {reward}"), &empty);
        assert!(error.contains(what) && error.contains("line 1, column"), "{reward}\n{error}");
    }
    for (text, what) in [
        ("MATCH (me)-[r:KNOWS]->(x) REINFORCE x BY 1".to_owned(), "`x` was not attended"),
        (format!("{ONE} REINFORCE me BY 1"), "`me` was not attended"),
        (format!("{ONE} WITH x REINFORCE x BY 1"), "no WITH between"),
        (format!("{ONE} REINFORCE y BY 1"), "`y`"),
        (
            "MATCH CHEAPEST (a:Npc {name: 'Ada'})-[r:KNOWS]->+(b:Npc {name: 'Cy'}) COST BY 1 REINFORCE r BY 1"
                .to_owned(),
            "chosen by its costs",
        ),
        ("RETURN EXISTS { MATCH (x)-->(y) ATTEND y IN (FOR [1.0, 0.0]) REINFORCE y BY 1 }".to_owned(), "only read"),
    ] {
        let error = refusal(&db, &text, &empty);
        assert!(error.contains(what), "{text}\n{error}");
    }
    assert_eq!(credits(&db), [0.0; 4]);
    // A statement that fails half way takes its rewards with it.
    let text = "MATCH (:Npc {name: 'Ada'})-[r:KNOWS]->(x) ATTEND x IN (FOR [1.0, 0.0]) \
                REINFORCE x BY CASE x.name WHEN 'Di' THEN 7 ELSE 1 END";
    assert!(refusal(&db, text, &empty).contains("not 7"));
    assert_eq!(credits(&db), [0.0; 4]);
    let transaction = db.read().unwrap();
    assert!(matches!(transaction.query(&format!("{ONE} REINFORCE x BY 1"), ()), Err(Error::NotAllowed { .. })));
    // The words are names elsewhere.
    must(&db, "MATCH (reinforce:Npc {name: 'Ada'}) SET reinforce.by = 1 WITH reinforce AS by RETURN by.by");
}

#[test]
fn a_prepared_statement_reinforces_at_every_run() {
    let db = town();
    let text = format!("{ONE} REINFORCE x BY $reward");
    for _ in 0..3 {
        db.execute(&text, params! { "reward": 0.5 }).unwrap();
    }
    assert_eq!(credits(&db)[0], 1.5);
}
