//! Models come, stay over restarts and copies, get new versions, and go.

use std::{fs, path::Path};

use attendb::{Database, Value};

use super::files::{memory, numbers, open, refused, safetensors};
use crate::support::{must, random::Random};

/// A space of two numbers, three nodes, and models that turn the query by a quarter (`turn`) or leave it (`stay`).
fn prepare(db: &Database, dir: &Path) {
    must(db, "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 2");
    must(
        db,
        "CREATE (:Npc {name: 'east', vec: [1, 0]}), (:Npc {name: 'north', vec: [0, 1]}), (:Npc {name: 'up', vec: [1, 1]})",
    );
    must(db, "MATCH (a:Npc {name: 'east'}), (b:Npc {name: 'north'}) CREATE (a)-[:KNOWS]->(b)");
    let one = vec![4.0, 0.0, 0.0, 4.0];
    for (name, matrix) in [("stay", one.clone()), ("turn", vec![0.0, -4.0, 4.0, 0.0])] {
        let tensors = [
            ("text.Wq".to_owned(), vec![1, 2, 2], matrix),
            ("text.Wk".to_owned(), vec![1, 2, 2], one.clone()),
            ("b_rel.KNOWS".to_owned(), vec![], vec![0.5]),
        ];
        fs::write(dir.join(format!("{name}.safetensors")), safetensors(&tensors, None)).unwrap();
    }
}

const BEST: &str = "MATCH (n:Npc) ATTEND n IN (FOR [1, 0] MODEL m LIMIT 1) WHY AS w RETURN n.name, w.model.version";

#[track_caller]
fn best(db: &Database, name: &str, version: i64) {
    assert_eq!(must(db, BEST).rows, [vec![name.into(), Value::Int(version)]]);
}

#[test]
fn a_new_import_is_a_new_version_and_no_plan_keeps_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let db = memory(dir.path());
    prepare(&db, dir.path());
    must(&db, "COPY MODEL m FROM 'stay.safetensors'");
    let prepared = db.prepare(BEST).unwrap();
    let ask = || {
        let rows: Vec<(String, i64)> = prepared.query(()).unwrap().collect_as().unwrap();
        rows
    };
    assert_eq!(ask(), [("east".to_owned(), 1)]);
    best(&db, "east", 1);
    // A reader keeps what it began with.
    let before = db.read().unwrap();
    must(&db, "COPY MODEL m FROM 'turn.safetensors'");
    assert_eq!(ask(), [("north".to_owned(), 2)]);
    best(&db, "north", 2);
    let rows: Vec<(String, i64)> = before.query(BEST, ()).unwrap().collect_as().unwrap();
    assert_eq!(rows, [("east".to_owned(), 1)]);
    must(&db, "COPY MODEL m FROM 'stay.safetensors'");
    assert_eq!(ask(), [("east".to_owned(), 3)]);
    must(&db, "DROP MODEL m");
    let error = prepared.query(()).and_then(|rows| rows.collect_as::<(String, i64)>()).unwrap_err().to_string();
    assert!(error.contains("there is no model `m`"), "{error}");
    refused(&db, "DROP MODEL m", &["there is no model `m`"]);
    must(&db, "DROP MODEL m IF EXISTS");
    must(&db, "COPY MODEL m FROM 'turn.safetensors'");
    assert_eq!(ask(), [("north".to_owned(), 1)]);
}

#[test]
fn a_transaction_keeps_all_or_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let db = memory(dir.path());
    prepare(&db, dir.path());
    must(&db, "COPY MODEL m FROM 'stay.safetensors'");
    let mut tx = db.write().unwrap();
    tx.execute("COPY MODEL m FROM 'turn.safetensors'", ()).unwrap();
    tx.execute("COPY MODEL other FROM 'turn.safetensors'", ()).unwrap();
    let rows: Vec<(String, i64)> = tx.query(BEST, ()).unwrap().collect_as().unwrap();
    assert_eq!(rows, [("north".to_owned(), 2)], "it sees its own");
    // A statement that fails leaves what was before it.
    fs::write(dir.path().join("bad.safetensors"), b"bad").unwrap();
    assert!(tx.execute("COPY MODEL m FROM 'bad.safetensors'", ()).is_err());
    let rows: Vec<(String, i64)> = tx.query(BEST, ()).unwrap().collect_as().unwrap();
    assert_eq!(rows, [("north".to_owned(), 2)]);
    drop(tx);
    best(&db, "east", 1);
    assert_eq!(must(&db, "SHOW MODELS").rows.len(), 1);
    let mut tx = db.write().unwrap();
    tx.execute("DROP MODEL m", ()).unwrap();
    tx.execute("COPY MODEL m FROM 'turn.safetensors'", ()).unwrap();
    tx.commit().unwrap();
    best(&db, "north", 1);
}

#[test]
fn they_stay_over_restarts_streams_and_bulk_loads() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    prepare(&db, dir.path());
    must(&db, "COPY MODEL m FROM 'stay.safetensors'");
    must(&db, "COPY MODEL m FROM 'turn.safetensors'");
    // One with numbers of every size, and one that goes again.
    let big = numbers(2 * 3 * 64 * 2, &mut Random::new(5));
    let tensors = [
        ("text.Wq".to_owned(), vec![192, 2], big[..384].to_vec()),
        ("text.Wk".to_owned(), vec![192, 2], big[384..].iter().map(|x| x * 1e-38).collect()),
    ];
    fs::write(dir.path().join("big.safetensors"), safetensors(&tensors, Some("3"))).unwrap();
    must(&db, "COPY MODEL big FROM 'big.safetensors'");
    must(&db, "COPY MODEL gone FROM 'big.safetensors'");
    must(&db, "DROP MODEL gone");
    let shown = must(&db, "SHOW MODELS").rows;
    let asked = "MATCH (n:Npc) ATTEND n IN (FOR [0.3, 0.7] MODEL big) SCORE AS s, LOGIT AS z RETURN n.name, s, z";
    let answer = must(&db, asked).rows;
    let check = |db: &Database, what: &str| {
        assert_eq!(must(db, "SHOW MODELS").rows, shown, "{what}");
        assert_eq!(must(db, asked).rows, answer, "{what}");
        best(db, "north", 2);
        assert!(db.check(true).unwrap().is_sound(), "{what}");
    };
    // From the journal, then from a root.
    drop(db);
    let db = open(dir.path());
    check(&db, "from the journal");
    db.checkpoint().unwrap();
    check(&db, "after a checkpoint");
    drop(db);
    let db = open(dir.path());
    check(&db, "from a root");
    // A bulk load writes the catalog anew.
    let ids: String = (0..3000).map(|i| format!("{i}\n")).collect();
    fs::write(dir.path().join("many.csv"), format!("id\n{ids}")).unwrap();
    must(&db, "COPY Many FROM 'many.csv' (KEY id)");
    check(&db, "after a bulk load");
    drop(db);
    let db = open(dir.path());
    check(&db, "from a manifest");
    // A model and a load in one transaction.
    let mut tx = db.write().unwrap();
    tx.execute("COPY MODEL again FROM 'stay.safetensors'", ()).unwrap();
    tx.execute("COPY More FROM 'many.csv' (KEY id)", ()).unwrap();
    tx.execute("DROP MODEL again", ()).unwrap();
    tx.commit().unwrap();
    check(&db, "after both");
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    let copy = Database::load_from(stream.as_slice()).unwrap();
    check(&copy, "from a stream");
    let mut again = Vec::new();
    copy.save_to(&mut again).unwrap();
    assert!(stream == again, "the same database gives the same bytes");
    Database::restore(dir.path().join("restored"), stream.as_slice()).unwrap();
    check(&Database::open(dir.path().join("restored")).unwrap(), "restored");
    db.close().unwrap();
}
