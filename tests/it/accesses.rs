//! What answers attended to is noted where that is asked for, once, and only of what counted.

use attendb::{Access, Database, Options, QueryOptions};

use super::support::must;

/// Ada knows Bo, Cy and Di; Bo knows Cy; Cy is two steps away too.
fn town(notice: bool) -> Database {
    let db = Database::memory_with(Options { notice, ..Options::default() }).unwrap();
    for text in [
        "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 2",
        "UNWIND [['Ada', 0.0], ['Bo', 0.1], ['Cy', 0.5], ['Di', 1.5]] AS row \
         CREATE (:Npc {name: row[0], vec: [cos(row[1]), sin(row[1])]})",
        "MATCH (a:Npc {name: 'Ada'}), (x:Npc) WHERE x <> a CREATE (a)-[:KNOWS {to: x.name}]->(x)",
        "MATCH (b:Npc {name: 'Bo'}), (x:Npc {name: 'Cy'}) CREATE (b)-[:KNOWS {to: 'Cy from Bo'}]->(x)",
    ] {
        must(&db, text);
    }
    db
}

/// The relationships' `to`, and their weights.
fn told(db: &Database, accesses: &[Access]) -> Vec<(String, f32)> {
    let name = |access: &Access| {
        let rel = access.relationship.get();
        must(db, &format!("MATCH ()-[r]->() WHERE id(r) = {rel} RETURN r.to")).rows[0][0].as_str().unwrap().to_owned()
    };
    accesses.iter().map(|access| (name(access), access.weight)).collect()
}

const NEAR: &str = "MATCH (a:Npc {name: 'Ada'})-[:KNOWS]->(x) ATTEND x IN (FOR a LIMIT 2) SCORE AS s RETURN x.name, s";

#[test]
fn what_an_answer_returns_is_noted_with_its_weight() {
    let db = town(true);
    let rows = must(&db, NEAR).rows;
    let accesses = db.take_accesses(100);
    let told = told(&db, &accesses);
    assert_eq!(told.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["Bo", "Cy"]);
    for ((_, weight), row) in told.iter().zip(&rows) {
        assert!((f64::from(*weight) - row[1].as_float().unwrap()).abs() < 1e-6, "{weight} {row:?}");
    }
    assert!(db.take_accesses(100).is_empty(), "they are told once");
}

#[test]
fn the_way_to_a_node_is_noted_by_equal_shares_of_its_rows() {
    let db = town(true);
    must(
        &db,
        "MATCH p = (a:Npc {name: 'Ada'})-[:KNOWS*1..2]->(x {name: 'Cy'}) ATTEND x IN (FOR a) SCORE AS s RETURN s",
    );
    let mut told = told(&db, &db.take_accesses(100));
    told.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(told, [("Bo".into(), 0.5), ("Cy".into(), 0.5), ("Cy from Bo".into(), 0.5)]);
}

#[test]
fn a_relationship_that_is_ranked_is_noted_itself() {
    let db = town(true);
    let rows = must(
        &db,
        "MATCH (a:Npc {name: 'Ada'})-[r:KNOWS]->(x) ATTEND r IN (FOR a ON NODE text LIMIT 1) SCORE AS s RETURN r.to, s",
    )
    .rows;
    let told = told(&db, &db.take_accesses(100));
    assert_eq!(told.len(), 1);
    assert_eq!((&*told[0].0, rows[0][0].as_str().unwrap()), ("Bo", "Bo"));
    assert!((f64::from(told[0].1) - rows[0][1].as_float().unwrap()).abs() < 1e-6);
}

#[test]
fn answers_have_numbers_texts_and_sources() {
    let db = town(true);
    let source = |name: &str| QueryOptions { source: Some(name.into()), ..QueryOptions::default() };
    let mut ids = Vec::new();
    for name in ["guard", "cook"] {
        let mut rows = db.query_with(NEAR, (), &source(name)).unwrap();
        while rows.advance().unwrap() {}
        ids.push(rows.summary().query_id.expect("a number"));
    }
    let accesses = db.take_accesses(100);
    assert_eq!(accesses.iter().map(|access| access.query_id).collect::<Vec<_>>(), [ids[0], ids[0], ids[1], ids[1]]);
    assert_eq!(accesses[0].source.as_deref(), Some("guard"));
    assert_eq!(accesses[3].source.as_deref(), Some("cook"));
    assert_eq!(accesses[0].fingerprint, accesses[3].fingerprint);
    must(&db, &NEAR.replace("LIMIT 2", "LIMIT 1"));
    assert_ne!(db.take_accesses(1)[0].fingerprint, accesses[0].fingerprint);
}

#[test]
fn nothing_is_noted_unless_it_is_asked_for() {
    let db = town(false);
    must(&db, NEAR);
    assert_eq!(db.query(NEAR, ()).unwrap().summary().query_id, None);
    assert_eq!(db.status().n_accesses, 0);
    // For one statement, in between, prepared or not.
    let on = QueryOptions { notice: Some(true), ..QueryOptions::default() };
    db.query_with(NEAR, (), &on).unwrap().count();
    assert_eq!(db.status().n_accesses, 2);
    must(&db, NEAR);
    assert_eq!(db.take_accesses(9).len(), 2);
}

#[test]
fn looking_is_not_noted() {
    let db = town(true);
    let prepared = db.prepare(NEAR).unwrap();
    for text in [format!("NO NOTICE {NEAR}"), format!("EXPLAIN {NEAR}"), format!("PROFILE {NEAR}")] {
        must(&db, &text);
        assert_eq!(db.status().n_accesses, 0, "{text}");
    }
    let off = QueryOptions { notice: Some(false), ..QueryOptions::default() };
    db.query_with(NEAR, (), &off).unwrap().count();
    assert_eq!(db.status().n_accesses, 0);
    // What failed is no answer.
    let failing = NEAR.replace("RETURN x.name", "RETURN 1 / 0, x.name");
    assert!(db.query(&failing, ()).unwrap().next_row().is_err());
    assert_eq!(db.status().n_accesses, 0);
    prepared.execute(()).unwrap();
    assert_eq!(db.status().n_accesses, 2);
}

#[test]
fn a_transaction_counts_once_it_is_committed() {
    let db = town(true);
    let writing = "MATCH (a:Npc {name: 'Ada'})-[:KNOWS]->(x) ATTEND x IN (FOR a LIMIT 1) SET x.seen = true";
    let mut transaction = db.write().unwrap();
    transaction.execute(NEAR, ()).unwrap();
    transaction.execute(writing, ()).unwrap();
    assert_eq!(db.status().n_accesses, 0);
    transaction.rollback();
    assert_eq!(db.status().n_accesses, 0, "rolled back");
    let mut transaction = db.write().unwrap();
    transaction.execute(NEAR, ()).unwrap();
    transaction.execute(writing, ()).unwrap();
    transaction.commit().unwrap();
    assert_eq!(db.take_accesses(9).len(), 3);
    must(&db, writing);
    assert_eq!(db.take_accesses(9).len(), 1, "a statement alone");
}

#[test]
fn rankings_are_the_same_with_and_without() {
    let (on, off) = (town(true), town(false));
    for text in [
        NEAR,
        "MATCH (a:Npc {name: 'Ada'})-[:KNOWS*1..2]->(x) ATTEND DISTINCT x IN (FOR a PRIOR 0.5) SCORE AS s RETURN x.name, s",
    ] {
        for _ in 0..3 {
            assert_eq!(must(&on, text).rows, must(&off, text).rows);
        }
    }
}
