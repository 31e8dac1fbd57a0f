//! A statement that is cancelled changes nothing, and keeps nothing that others need.

use std::{thread, time::Duration};

use attendb::{CancelHandle, Database, Error, Options, QueryOptions};

use super::{
    place::Place,
    support::{count, must},
};

/// Statements that change something, each in a way of its own.
const WRITES: &[&str] = &[
    "CREATE (:T {n: 1})",
    "UNWIND range(1, 3000) AS n CREATE (:T {n: n})-[:E]->(:T)",
    "MATCH (a:P) SET a.age = a.age + 1",
    "MATCH ()-[r:F]->() SET r.w = 1",
    "MATCH (a:P) SET a:X",
    "MATCH (a:P) REMOVE a:P",
    "MATCH (a:P) DETACH DELETE a",
    "MATCH ()-[r:F]->() DELETE r",
    "UNWIND range(1, 3000) AS n MERGE (:P {id: n})",
    "MATCH (a:P)-[:F]->(b) MERGE (b)-[:B]->(a)",
    "MATCH (a:P) FOREACH (n IN [1, 2] | CREATE (:T {n: n}))",
    "LOAD CSV WITH HEADERS FROM 'in.csv' AS r MERGE (:P {id: r.id})",
    "COPY P FROM 'in.csv' (KEY id)",
    "COPY C FROM 'in.csv' (KEY id)",
    "COPY F FROM 'rels.csv' (FROM P, TO P)",
    "CREATE INDEX FOR (a:P) ON (a.name)",
    "CREATE CONSTRAINT FOR (a:P) REQUIRE a.name IS UNIQUE",
    "DROP CONSTRAINT unique_P_id",
];

fn place() -> Place {
    let place = Place::new();
    let lines = |line: fn(usize) -> String| (0..2000).map(line).collect::<String>();
    place.file("in.csv", "id,name\n".to_owned() + &lines(|n| format!("{},name {n}\n", n + 500)));
    place.file("rels.csv", "a,b\n".to_owned() + &lines(|n| format!("{},{}\n", n % 1000, n * 7 % 1000)));
    must(&place.db, "CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE");
    must(&place.db, "UNWIND range(0, 999) AS n CREATE (:P {id: n, name: 'name ' + n, age: n % 60})");
    must(&place.db, "MATCH (a:P), (b:P) WHERE b.id = a.id * 7 % 1000 CREATE (a)-[:F {w: 0}]->(b)");
    place
}

fn state(db: &Database) -> String {
    let status = db.status();
    let sums = ["MATCH (a:P) RETURN sum(a.age) + count(a.name)", "MATCH ()-[r]->() RETURN sum(r.w) + count(r)"];
    let sums = sums.map(|text| count(db, text));
    format!("{} {} {} {sums:?} {:?}", status.n_nodes, status.n_relationships, status.sequence, db.schema())
}

fn with(cancel: &CancelHandle) -> QueryOptions {
    QueryOptions { cancel: Some(cancel.clone()), ..QueryOptions::default() }
}

#[test]
fn a_statement_cancelled_before_its_commit_changes_nothing() {
    let place = place();
    let before = state(&place.db);
    let cancel = CancelHandle::new();
    cancel.cancel();
    for text in WRITES {
        let ended = place.db.query_with(text, (), &with(&cancel)).map(drop);
        assert!(matches!(ended, Err(Error::Cancelled)), "{text}: {ended:?}");
        assert_eq!(state(&place.db), before, "{text} left something");
    }
    place.sound();
    // They are what they seem: each changes something when nobody cancels it.
    for text in WRITES {
        let fork = self::place();
        let before = state(&fork.db);
        must(&fork.db, text);
        assert_ne!(state(&fork.db), before, "{text} does nothing");
    }
}

/// Statements that never end by themselves: they are cancelled in the middle.
#[test]
fn a_statement_cancelled_in_its_middle_changes_nothing_and_the_directory_is_free_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let mut before = None;
    for text in [
        "UNWIND range(1, 1000000000) AS n CREATE (:T {n: n, text: 'number ' + n})",
        "UNWIND range(1, 1000000000) AS n MERGE (:P {id: n}) MERGE (:T {n: n})",
        "UNWIND range(1, 1000000000) AS n MATCH (a:P {id: n % 1000}) SET a.age = n",
    ] {
        let db = Database::open_with(&path, Options { background: false, ..Options::default() }).expect("it is free");
        if before.is_none() {
            must(&db, "CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE");
            must(&db, "UNWIND range(0, 999) AS n CREATE (:P {id: n, name: 'n', age: 1})-[:F {w: 0}]->(:Q)");
        }
        let before = before.get_or_insert_with(|| state(&db));
        let cancel = CancelHandle::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(150));
                cancel.cancel();
            });
            let ended = db.query_with(text, (), &with(&cancel)).map(drop);
            assert!(matches!(ended, Err(Error::Cancelled)), "{text}: {ended:?}");
        });
        assert_eq!(state(&db), *before, "{text} left something");
        assert!(db.check(true).expect("the check runs").is_sound());
        db.close().expect("it closes");
    }
}

#[test]
fn a_cancelled_statement_undoes_its_own_changes_and_the_transaction_goes_on() {
    let place = place();
    let mut tx = place.db.write().expect("it begins");
    tx.execute("CREATE (:T {n: 1})", ()).expect("it is done");
    let cancel = CancelHandle::new();
    cancel.cancel();
    // Too short to be asked in between are only those of one row.
    for text in WRITES.iter().filter(|text| text.contains("UNWIND") || text.contains("COPY") || text.contains("INDEX"))
    {
        let ended = tx.query_with(text, (), &with(&cancel)).map(drop);
        assert!(matches!(ended, Err(Error::Cancelled)), "{text}: {ended:?}");
        let n: Vec<(i64,)> =
            tx.query("MATCH (a) RETURN count(a)", ()).expect("it goes on").collect_as().expect("a row");
        assert_eq!(n, [(1001,)], "{text} left something");
    }
    tx.execute("CREATE INDEX FOR (q:Q) ON (q.x)", ()).expect("nothing is cancelled any more");
    tx.commit().expect("it is committed");
    assert_eq!(place.db.status().n_relationships, 1000);
    place.sound();
}

#[test]
fn who_waits_for_the_writer_can_be_cancelled() {
    let place = place();
    let tx = place.db.write().expect("it begins");
    let cancel = CancelHandle::new();
    cancel.cancel();
    let ended = place.db.query_with("CREATE (:T)", (), &with(&cancel)).map(drop);
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
    drop(tx);
    must(&place.db, "CREATE (:T)");
}
