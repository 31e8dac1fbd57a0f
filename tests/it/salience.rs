//! `SET SALIENCE`: what it changes, what sees it, and what it refuses.

use attendb::{Database, Error, model::Map};

use super::support::{count, must, run};

/// Ada knows Bo and Cy; Bo knows Cy.
fn town() -> Database {
    let db = Database::memory().expect("a database in memory");
    must(
        &db,
        "CREATE (a:Npc {name: 'Ada'}), (b:Npc {name: 'Bo'}), (c:Npc {name: 'Cy'}), (a)-[:KNOWS {n: 1}]->(b), \
         (a)-[:KNOWS {n: 2}]->(c), (b)-[:KNOWS {n: 3}]->(c)",
    );
    db
}

/// The saliences of the relationships by their `n`.
fn saliences(db: &Database) -> Vec<f64> {
    let rows = must(db, "MATCH ()-[r:KNOWS]->() RETURN salience(r) ORDER BY r.n").rows;
    rows.iter().map(|row| row[0].as_float().expect("a float")).collect()
}

fn refusal(db: &Database, text: &str) -> String {
    match run(db, text, &Map::new()) {
        Err(error @ Error::Query(_)) => error.to_string(),
        Err(error) => panic!("{text}\n{error}"),
        Ok(_) => panic!("{text}\nran"),
    }
}

#[test]
fn a_salience_is_set_read_and_counted() {
    let db = town();
    assert_eq!(saliences(&db), [1.0, 1.0, 1.0]);
    let rows = db.query("MATCH ({name: 'Ada'})-[r:KNOWS]->() SET SALIENCE r = r.n / 4.0, r.seen = true", ()).unwrap();
    assert_eq!((rows.summary().saliences_set, rows.summary().properties_set), (2, 2));
    drop(rows);
    assert_eq!(saliences(&db), [0.25, 0.5, 1.0]);
    // What has the value already is no change.
    let rows = db.query("MATCH ()-[r:KNOWS]->() SET SALIENCE r = 1", ()).unwrap();
    assert_eq!(rows.summary().saliences_set, 2);
    drop(rows);
    assert_eq!(saliences(&db), [1.0, 1.0, 1.0]);
}

#[test]
fn a_statement_and_a_transaction_see_what_they_set() {
    let db = town();
    let rows = must(
        &db,
        "MATCH ({name: 'Ada'})-[r:KNOWS]->() SET SALIENCE r = 0.5 WITH DISTINCT 1 AS one \
         MATCH ()-[q:KNOWS]->() RETURN q.n, salience(q) ORDER BY q.n",
    )
    .rows;
    let seen: Vec<f64> = rows.iter().map(|row| row[1].as_float().unwrap()).collect();
    assert_eq!(seen, [0.5, 0.5, 1.0]);

    let mut transaction = db.write().unwrap();
    transaction.execute("MATCH ()-[r:KNOWS {n: 3}]->() SET SALIENCE r = 2", ()).unwrap();
    let mut rows = transaction.query("MATCH ()-[r:KNOWS {n: 3}]->() RETURN salience(r)", ()).unwrap();
    assert_eq!(rows.next().unwrap().unwrap().values()[0].as_float(), Some(2.0));
    drop(rows);
    assert_eq!(saliences(&db)[2], 1.0, "others do not see it yet");
    transaction.rollback();
    assert_eq!(saliences(&db)[2], 1.0, "and never will");
}

#[test]
fn it_stands_wherever_set_does() {
    let db = town();
    must(
        &db,
        "MATCH (a {name: 'Ada'}), (b {name: 'Bo'}) MERGE (a)-[r:KNOWS]->(b) ON CREATE SET SALIENCE r = 9 \
         ON MATCH SET SALIENCE r = 3",
    );
    must(
        &db,
        "MATCH (a {name: 'Cy'}), (b {name: 'Bo'}) MERGE (a)-[r:HEARD]->(b) ON CREATE SET SALIENCE r = 9 \
         ON MATCH SET SALIENCE r = 3",
    );
    assert_eq!(saliences(&db), [3.0, 1.0, 1.0]);
    assert_eq!(count(&db, "MATCH ()-[r:HEARD]->() WHERE salience(r) = 9.0 RETURN count(r)"), 1);
    must(
        &db,
        "MATCH p = ({name: 'Ada'})-->()-->({name: 'Cy'}) FOREACH (r IN relationships(p) | SET SALIENCE r = 0.125)",
    );
    assert_eq!(saliences(&db), [0.125, 1.0, 0.125]);
    // Nothing is set where there is no relationship.
    must(&db, "MATCH (n {name: 'Cy'}) OPTIONAL MATCH (n)-[r:KNOWS]->() SET SALIENCE r = 7");
    assert_eq!(saliences(&db), [0.125, 1.0, 0.125]);
    assert_eq!(must(&db, "RETURN salience(null)").rows[0][0], attendb::Value::Null);
    // The words are names elsewhere.
    must(&db, "MATCH (salience:Npc {name: 'Ada'}) SET salience.salience = 3, salience += {set: 1}");
    assert_eq!(count(&db, "MATCH (n:Npc) WHERE n.salience = 3 RETURN n.set"), 1);
}

#[test]
fn the_plan_says_what_it_sets() {
    let db = town();
    let rows = must(&db, "EXPLAIN MATCH ()-[r:KNOWS]->() SET SALIENCE r = r.n * 2").rows;
    let plan: String = rows.iter().map(|row| format!("{}\n", row[0])).collect();
    assert!(plan.contains("salience(r) = r.n * 2"), "{plan}");
    assert_eq!(saliences(&db), [1.0, 1.0, 1.0]);
}

#[test]
fn what_is_no_salience_is_refused_at_its_place() {
    let db = town();
    let given = "MATCH ()-[r:KNOWS]->() SET SALIENCE r = ";
    for (value, what) in [
        ("0", "a finite number above 0, not 0"),
        ("-0.5", "a finite number above 0, not -0.5"),
        ("0.0 / 0.0", "a finite number above 0, not NaN"),
        ("1e300", "a finite number above 0, not 1e300"),
        ("1e-300", "32 bits"),
        ("r.none", "a number above 0, not null"),
        ("CASE r.n WHEN 3 THEN 'much' ELSE 2 END", "a number above 0, not STRING"),
        ("'much'", "this is a string, not a number above 0"),
        ("null", "this is null, not a number above 0"),
    ] {
        let error = refusal(&db, &format!("{given}{value}"));
        assert!(error.contains(what) && error.contains("line 1, column"), "{value}\n{error}");
        assert_eq!(saliences(&db), [1.0, 1.0, 1.0], "what fails changes nothing: {value}");
    }
    for (text, what) in [
        ("MATCH (n) SET SALIENCE n = 1", "this is a node, not a relationship"),
        ("MATCH ()-[r*1..2]->() SET SALIENCE r = 1", "UNWIND r AS one"),
        ("MATCH ()-[r]->() SET SALIENCE q = 1", "`q`"),
        ("MATCH (n) UNWIND [n, 1] AS x WITH x LIMIT 1 SET SALIENCE x = 1", "a node has no salience"),
        ("MATCH ()-[r]->() SET SALIENCE r = count(*)", "in SET"),
    ] {
        let error = refusal(&db, text);
        assert!(error.contains(what), "{text}\n{error}");
    }
    let deleted = "MATCH ()-[r:KNOWS {n: 1}]->() DELETE r SET SALIENCE r = 1";
    assert!(run(&db, deleted, &Map::new()).is_err(), "{deleted}");
}

#[test]
fn the_ledger_tells_of_it_and_takes_it_back() {
    let db = town();
    must(&db, "MATCH ()-[r:KNOWS]->() SET SALIENCE r = 5, SALIENCE r = r.n / 2.0");
    assert_eq!(saliences(&db), [0.5, 1.0, 1.5]);
    must(&db, "MATCH ()-[r:KNOWS {n: 3}]->() SET SALIENCE r = 1.5, SALIENCE r = 7, SALIENCE r = 1.5");
    must(&db, "PROFILE MATCH ()-[r:KNOWS {n: 1}]->() SET SALIENCE r = 3");
    let records = "CALL kg.compactions() YIELD kind, actor, changes RETURN kind, actor, changes";
    let record = |n: i64| vec!["set".into(), "SET SALIENCE".into(), attendb::Value::Int(n)];
    assert_eq!(must(&db, records).rows, [record(2), record(1)], "a statement has one, of what is otherwise afterwards");
    let text = "MATCH ()-[r:KNOWS {n: 1}]->() CALL kg.history(r) YIELD salience, cause RETURN salience, cause";
    let rows = must(&db, text).rows;
    let told: Vec<_> = rows.iter().map(|row| (row[0].as_float().unwrap(), row[1].as_str().unwrap())).collect();
    assert_eq!(told, [(0.5, "set by SET SALIENCE: decay"), (3.0, "set by SET SALIENCE: reinforce")]);
    assert!(
        refusal(&db, "CALL kg.undoCompaction(0) YIELD relationships RETURN relationships").contains("undo 1 first")
    );
    must(&db, "CALL kg.undoCompaction(1) YIELD relationships RETURN relationships");
    assert_eq!(saliences(&db), [0.5, 1.0, 1.5]);
    must(&db, "CALL kg.undoCompaction(0) YIELD relationships RETURN relationships");
    assert_eq!(saliences(&db), [1.0, 1.0, 1.0]);
}

#[test]
fn it_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("town.kg");
    {
        let db = Database::open(&path).unwrap();
        must(&db, "CREATE (:Npc)-[:KNOWS {n: 1}]->(:Npc)");
        must(&db, "MATCH ()-[r]->() SET SALIENCE r = 0.75");
        db.close().unwrap();
    }
    let db = Database::open(&path).unwrap();
    assert_eq!(saliences(&db), [0.75]);
}
