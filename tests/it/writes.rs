//! Thousands of small random transactions, without kills: after each stretch the whole graph is compared with the model
//! that the crash campaign uses too, in memory, above blocks, after checkpoints and reopened.

#[path = "../../src/bin/crash/campaigns/model.rs"]
#[allow(dead_code, reason = "shared with the crash campaign")]
mod model;
#[path = "../../src/bin/crash/campaigns/verify.rs"]
mod verify;

use attendb::{Database, Options, Params};
use model::{STREAMS, Stream};

use super::support::must;

const SEED: u64 = 11;

/// Operations of each stream between two comparisons, and comparisons.
const STRETCH: u64 = 40;
const STRETCHES: u64 = 8;

fn prepare(db: &Database) {
    must(db, "CREATE CONSTRAINT item_key FOR (i:Item) REQUIRE i.key IS UNIQUE");
    for t in 0..STREAMS {
        must(db, &format!("CREATE (:Meta {{t: {t}, n: 0, items: 0}})"));
    }
}

fn stretch(db: &Database, streams: &mut [Stream]) {
    for _ in 0..STRETCH {
        for stream in &mut *streams {
            let statements = stream.next().statements;
            let mut transaction = db.write().expect("a write transaction");
            for statement in &statements {
                let done = transaction.execute(statement, Params::new());
                done.unwrap_or_else(|error| panic!("{statement}\n{error}"));
            }
            transaction.commit().expect("it commits");
        }
    }
}

fn compare(db: &Database, streams: &[Stream], place: &str) {
    let held = verify::compare(db, SEED).unwrap_or_else(|reason| panic!("{place}: {reason}"));
    let expected: Vec<u64> = streams.iter().map(|stream| stream.n).collect();
    assert_eq!(held.operations.as_slice(), expected, "{place}");
}

fn streams() -> Vec<Stream> {
    (0..STREAMS).map(|number| Stream::new(SEED, number)).collect()
}

#[test]
fn random_writes_in_memory() {
    let db = Database::memory().expect("a database in memory");
    prepare(&db);
    let mut streams = streams();
    for n in 0..STRETCHES {
        stretch(&db, &mut streams);
        compare(&db, &streams, &format!("in memory, stretch {n}"));
    }
}

#[test]
fn random_writes_over_checkpoints_and_reopens() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let open = || Database::open_with(&path, Options { background: false, ..Options::default() }).expect("it opens");
    let mut db = open();
    prepare(&db);
    let mut streams = streams();
    for n in 0..STRETCHES {
        stretch(&db, &mut streams);
        match n % 3 {
            0 => {
                db.checkpoint().expect("a checkpoint");
                compare(&db, &streams, &format!("after a checkpoint, stretch {n}"));
            }
            1 => {
                db.close().expect("a clean close");
                db = open();
                compare(&db, &streams, &format!("reopened, stretch {n}"));
            }
            _ => compare(&db, &streams, &format!("above blocks, stretch {n}")),
        }
    }
}

/// The comparison must see a single wrong value, a missing relationship and a ghost.
#[test]
fn the_comparison_sees_a_planted_difference() {
    let plants = [
        "MATCH (i:Item) WITH i ORDER BY i.key LIMIT 1 SET i.v = coalesce(i.v, 0) + 1",
        "MATCH ()-[l:LINK]->() WITH l ORDER BY l.w LIMIT 1 DELETE l",
        "CREATE (:Item {key: -1, t: 0, text: ''})",
        "MATCH (i:Item:Hot) WITH i ORDER BY i.key LIMIT 1 REMOVE i:Hot",
        "CREATE (:Row {batch: 1, key: 1000, v: 0})",
    ];
    for plant in plants {
        let db = Database::memory().expect("a database in memory");
        prepare(&db);
        let mut streams = streams();
        stretch(&db, &mut streams);
        compare(&db, &streams, "before");
        must(&db, plant);
        assert!(verify::compare(&db, SEED).is_err(), "not seen: {plant}");
    }
}
