//! Embedders of the application: vectors kept up to date, texts asked for, and what happens without them.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use attendb::{Database, Error, FileAccess, Options, Value};

use crate::support::{count, must};

fn open(dir: &Path) -> Database {
    let files = FileAccess::Roots(vec![dir.to_owned()]);
    Database::open_with(dir.join("db"), Options { files, background: false, ..Options::default() }).unwrap()
}

/// Counts letters: how many of the first half of the alphabet, how many of the second.
fn letters(text: &str) -> Vec<f32> {
    let n = |from: char, to: char| text.chars().filter(|c| (from..=to).contains(c)).count() as f32;
    vec![n('a', 'm'), n('n', 'z'), 0.5]
}

/// Registers it, and returns how often it was called.
fn register(db: &Database) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    db.register_embedder("Letters", move |text| {
        counted.fetch_add(1, Ordering::Relaxed);
        if text == "broken" { Err(Error::procedure("the model is broken")) } else { Ok(letters(text)) }
    })
    .unwrap();
    calls
}

fn vector(db: &Database, id: i64) -> Value {
    must(db, &format!("MATCH (n:Note {{id: {id}}}) RETURN n.vec")).rows[0][0].clone()
}

fn list(numbers: &[f32]) -> Value {
    Value::list(numbers.iter().map(|x| Value::Float(f64::from(*x))))
}

#[track_caller]
fn refused(db: &Database, text: &str, messages: &[&str]) {
    let found = db.query(text, ()).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
    let error = found.expect_err(text).to_string();
    for message in messages {
        assert!(error.contains(message), "{text}\n{error}\nexpected: {message}");
    }
}

#[test]
fn vectors_follow_their_texts() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    must(
        &db,
        "CREATE (:Note {id: 1, text: 'abc'}), (:Note {id: 2, text: 'xyz'}), (:Note {id: 3}), (:Other {text: 'abc'})",
    );
    let calls = register(&db);
    let n_calls = || calls.swap(0, Ordering::Relaxed);
    must(&db, "CREATE EMBEDDING sound FOR (n:Note) ON n.vec DIMENSION 3 EMBEDDER letters FROM n.text");
    assert_eq!(n_calls(), 2, "what is there already");
    assert_eq!((vector(&db, 1), vector(&db, 2)), (list(&[3.0, 0.0, 0.5]), list(&[0.0, 3.0, 0.5])));
    assert_eq!(vector(&db, 3), Value::Null);
    let shown = must(&db, "SHOW EMBEDDINGS YIELD embedder, source, vectors").rows;
    assert_eq!(shown, [vec!["Letters".into(), "text".into(), Value::Int(2)]]);
    must(&db, "MATCH (n:Note {id: 2}) SET n.text = 'mn'");
    assert_eq!((vector(&db, 2), n_calls()), (list(&[1.0, 1.0, 0.5]), 1));
    must(&db, "MATCH (n:Note {id: 2}) SET n.text = 'mn', n.other = 7");
    assert_eq!(n_calls(), 0, "the same text again");
    must(&db, "MATCH (n:Other) SET n:Note, n.id = 4");
    assert_eq!((vector(&db, 4), n_calls()), (list(&[3.0, 0.0, 0.5]), 1));
    must(&db, "MATCH (n:Note {id: 1}) REMOVE n.text");
    assert_eq!(vector(&db, 1), Value::Null);
    // In bulk.
    let lines: String = (10..900).map(|id| format!("{{\"id\":{id},\"text\":\"{}\"}}\n", "ax".repeat(id % 5))).collect();
    std::fs::write(dir.path().join("notes.jsonl"), lines).unwrap();
    must(&db, "COPY Note FROM 'notes.jsonl' (KEY id)");
    assert_eq!(vector(&db, 13), list(&[3.0, 3.0, 0.5]));
    assert_eq!(n_calls(), 890);
    // What is asked for is embedded alike.
    let best = must(&db, "MATCH (n:Note) WHERE n.id < 10 ATTEND n IN (FOR 'nmnm' LIMIT 1) RETURN n.id").rows;
    assert_eq!((best, n_calls()), (vec![vec![Value::Int(2)]], 1));
    assert!(db.check(true).unwrap().is_sound());
    // A restart and a stream keep vectors, and call nobody.
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    drop(db);
    let db = open(dir.path());
    assert_eq!(vector(&db, 13), list(&[3.0, 3.0, 0.5]));
    assert_eq!(vector(&Database::load_from(stream.as_slice()).unwrap(), 13), list(&[3.0, 3.0, 0.5]));
    assert_eq!(n_calls(), 0);
}

#[test]
fn without_its_embedder_a_space_is_read_and_ranked() {
    let dir = tempfile::tempdir().unwrap();
    {
        let db = open(dir.path());
        register(&db);
        must(&db, "CREATE EMBEDDING sound FOR (n:Note) ON n.vec DIMENSION 3 EMBEDDER letters FROM n.text");
        must(&db, "CREATE (:Note {id: 1, text: 'abc'}), (:Note {id: 2, text: 'xyz'})");
        db.close().unwrap();
    }
    let db = open(dir.path());
    let by_vector = "MATCH (n:Note) ATTEND n IN (FOR [1, 0, 0] LIMIT 1) RETURN n.id";
    assert_eq!(must(&db, by_vector).rows, [vec![Value::Int(1)]]);
    must(&db, "MATCH (n:Note {id: 1}) SET n.seen = true");
    must(&db, "CREATE (:Note {id: 3})");
    must(&db, "MATCH (n:Note {id: 1}) SET n.vec = [1, 2, 3]");
    assert!(db.check(true).unwrap().is_sound());
    let cure = "Database::register_embedder(\"Letters\", ...)";
    let missing = "the embedder `Letters` of the space `sound` is not registered";
    refused(&db, "MATCH (n:Note) ATTEND n IN (FOR 'abc') RETURN n", &[missing, cure]);
    refused(&db, "CREATE (:Note {id: 4, text: 'abc'})", &[missing, cure]);
    refused(&db, "MATCH (n:Note {id: 2}) SET n.text = 'new'", &[missing, cure]);
    assert_eq!(count(&db, "MATCH (n:Note) RETURN count(*)"), 3, "nothing of it is kept");
    assert_eq!(must(&db, "MATCH (n:Note {id: 2}) RETURN n.text").rows, [vec!["xyz".into()]]);
    // A text that goes needs nobody.
    must(&db, "MATCH (n:Note {id: 2}) REMOVE n.text");
    assert_eq!(vector(&db, 2), Value::Null);
    register(&db);
    must(&db, "CREATE (:Note {id: 4, text: 'abc'})");
    assert_eq!(vector(&db, 4), list(&[3.0, 0.0, 0.5]));
}

#[test]
fn embedders_that_do_not_fit_are_named() {
    let db = Database::memory().unwrap();
    register(&db);
    db.register_embedder("long", |_| Ok(vec![1.0; 5])).unwrap();
    db.register_embedder("odd", |_| Ok(vec![1.0, f32::NAN, 1.0])).unwrap();
    for name in ["letters", "hash", "LONG"] {
        let error = db.register_embedder(name, |_| Ok(Vec::new())).unwrap_err().to_string();
        assert!(error.contains(&format!("a second embedder `{name}`")), "{error}");
    }
    must(&db, "CREATE (:Note {id: 1, text: 'abc'})");
    let create = |embedder: &str| {
        format!("CREATE EMBEDDING e FOR (n:Note) ON n.vec DIMENSION 3 EMBEDDER {embedder} FROM n.text")
    };
    refused(&db, &create("long"), &["the embedder `long` made has 5 numbers", "vectors of 3 numbers"]);
    refused(&db, &create("odd"), &["has a number at place 1 that is not finite"]);
    refused(&db, &create("leters"), &["there is no embedder `leters`", "did you mean `Letters`"]);
    refused(&db, &create("bert"), &["there is no embedder `bert`", "register_embedder adds more"]);
    must(&db, &create("LETTERS"));
    refused(&db, "MATCH (n:Note) SET n.text = 'broken'", &["the model is broken"]);
    assert_eq!(vector(&db, 1), list(&[3.0, 0.0, 0.5]));
    refused(&db, "MATCH (n:Note) ATTEND n IN (FOR 'broken') RETURN n", &["the model is broken"]);
}

#[test]
fn every_storage_keeps_what_embedders_make() {
    let db = Database::memory().unwrap();
    db.register_embedder("thirds", |text| Ok(text.bytes().take(4).map(|byte| f32::from(byte) / 3.0).collect()))
        .unwrap();
    for (name, storage) in [("a", "F16"), ("b", "INT8")] {
        for embedder in ["thirds", "hash"] {
            must(
                &db,
                &format!(
                    "CREATE EMBEDDING {name}{embedder} FOR (n:Note) ON n.{name}{embedder} DIMENSION 4 STORAGE {storage} \
                     EMBEDDER {embedder} FROM n.text"
                ),
            );
        }
    }
    must(&db, "UNWIND range(1, 50) AS id CREATE (:Note {id: id, text: toString(id * 1237 + 1000)})");
    assert!(db.check(true).unwrap().is_sound(), "vectors are rounded as their spaces keep them");
    let best = must(&db, "MATCH (n:Note) ATTEND n IN (FOR '13370' ON athirds, bthirds LIMIT 1) RETURN n.text").rows;
    assert_eq!(best.len(), 1);
}
