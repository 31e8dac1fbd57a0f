//! Imports beside checkpoints and small commits: every row, every key and every count must be there in the end.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use attendb::{Database, Options, params};

use super::support::{count, must};

const IMPORTS: usize = 60;
const ROWS: usize = 170;

fn import(db: &Database, folder: &Path, n: usize) {
    let file = folder.join(format!("rows-{n}.csv"));
    let rows: String = (0..ROWS).map(|row| format!("{},{n}\n", n * 1000 + row)).collect();
    fs::write(&file, format!("key,batch\n{rows}")).expect("a file is written");
    let text = format!("COPY Row FROM '{}' (KEY key)", file.display());
    db.execute(&text, ()).unwrap_or_else(|error| panic!("{text}: {error}"));
}

fn whole(db: &Database, place: &str) {
    let report = db.check(true).expect("the check runs");
    assert!(report.is_sound(), "{place}: {report:?}");
    assert_eq!(count(db, "MATCH (r:Row) RETURN count(DISTINCT r.key)"), (IMPORTS * ROWS) as i64, "{place}");
    for n in 0..IMPORTS {
        let last = (n * 1000 + ROWS - 1) as i64;
        let mut rows = db.query("MATCH (r:Row {key: $k}) RETURN r.batch", params! { "k": last }).expect("it answers");
        let row = rows.next().unwrap_or_else(|| panic!("{place}: key {last} is not found")).expect("it answers");
        assert_eq!(row.get(0).as_int(), Some(n as i64), "{place}");
    }
}

#[test]
fn imports_beside_checkpoints_and_commits() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let options = || Options { background: false, ..Options::default() }.file_roots([folder.path()]);
    let db = Database::open_with(&path, options()).expect("it opens");
    must(&db, "CREATE CONSTRAINT FOR (i:Item) REQUIRE i.key IS UNIQUE");
    let done = AtomicBool::new(false);
    let made = thread::scope(|scope| {
        scope.spawn(|| {
            (0..IMPORTS).for_each(|n| import(&db, folder.path(), n));
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                db.checkpoint().expect("a checkpoint");
                thread::yield_now();
            }
        });
        let writer = scope.spawn(|| {
            let mut n = 0i64;
            while !done.load(Ordering::Relaxed) {
                db.execute("CREATE (:Item {key: $k})-[:NEXT]->(:Item {key: -$k - 1})", params! { "k": n })
                    .expect("it commits");
                n += 1;
            }
            n
        });
        writer.join().expect("no panic")
    });
    whole(&db, "at once");
    assert_eq!(count(&db, "MATCH (i:Item) RETURN count(*)"), made * 2);
    db.close().expect("a clean close");
    let db = Database::open_with(&path, options()).expect("it opens again");
    whole(&db, "reopened");
    // The same files again change nothing.
    (0..IMPORTS).for_each(|n| import(&db, folder.path(), n));
    whole(&db, "imported again");
}
