//! Reading without changing: not one byte of the directory differs afterwards, whatever state it was left in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use attendb::{Database, Error, Options};

use crate::support::files::{copy, image};

fn read_only() -> Options {
    Options { read_only: true, ..Options::default() }
}

fn count(db: &Database) -> i64 {
    let rows: Vec<(i64,)> = db.query("MATCH (n:A) RETURN count(n)", ()).unwrap().collect_as().unwrap();
    rows[0].0
}

/// Reads, tries to write, and closes; returns how many nodes there were.
fn look(path: &Path) -> i64 {
    let db = Database::open_with(path, read_only()).unwrap();
    let n = count(&db);
    for text in ["CREATE (:A)", "CREATE INDEX FOR (n:A) ON (n.x)", "MATCH (n) DETACH DELETE n"] {
        match db.execute(text, ()) {
            Err(Error::NotAllowed { what }) => assert!(what.contains("read-only"), "{what}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(db.write(), Err(Error::NotAllowed { .. })));
    assert!(!db.checkpoint().unwrap());
    assert!(db.check(true).unwrap().is_sound());
    assert_eq!(count(&db), n);
    db.close().unwrap();
    n
}

/// Makes a database of 3,000 nodes in blocks and 50 in the journal, as a process that was killed leaves it.
fn killed(dir: &Path) -> PathBuf {
    let (open, left) = (dir.join("open.kg"), dir.join("left.kg"));
    let db = Database::open(&open).unwrap();
    db.execute("UNWIND range(1, 3000) AS x CREATE (:A {x: x, name: 'node ' + toString(x)})", ()).unwrap();
    db.checkpoint().unwrap();
    for x in 0..50 {
        db.execute(&format!("CREATE (:A {{x: {x}}})"), ()).unwrap();
    }
    copy(&open, &left);
    db.close().unwrap();
    left
}

#[test]
fn a_closed_database_keeps_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.kg");
    let db = Database::open(&path).unwrap();
    db.execute("UNWIND range(1, 2000) AS x CREATE (:A {x: x})", ()).unwrap();
    db.close().unwrap();
    let before = image(dir.path());
    assert_eq!((look(&path), look(&path)), (2000, 2000));
    assert!(image(dir.path()) == before, "something was changed");
}

#[test]
fn a_killed_database_is_read_with_its_journal_and_keeps_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let path = killed(dir.path());
    let before = image(&path);
    assert_eq!(look(&path), 3050);
    assert!(image(&path) == before, "something was changed");
    // A torn tail and a segment in the making are passed over, not cut.
    let segment = before.keys().rfind(|path| path.extension().is_some_and(|e| e == "journal")).unwrap();
    let mut bytes = before[segment].clone().unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    bytes[end - 20..].fill(0);
    fs::write(segment, bytes).unwrap();
    fs::write(segment.with_file_name("00.new"), "half").unwrap();
    let before = image(&path);
    assert_eq!(look(&path), 3049);
    assert!(image(&path) == before, "something was changed");
    assert_eq!(count(&Database::open(&path).unwrap()), 3049);
}

#[test]
fn an_owner_may_come_while_readers_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = killed(dir.path());
    let readers = [(); 2].map(|()| Database::open_with(&path, read_only()).unwrap());
    let owner = Database::open(&path).unwrap();
    owner.execute("CREATE (:A)", ()).unwrap();
    owner.checkpoint().unwrap();
    assert!(readers.iter().all(|reader| count(reader) == 3050), "they keep what they opened");
    match Database::open_with(&path, read_only()) {
        Err(Error::AlreadyOpen { process_id, .. }) => assert_eq!(process_id, Some(std::process::id())),
        other => panic!("beside an owner: {other:?}"),
    }
    owner.close().unwrap();
    assert_eq!(count(&Database::open_with(&path, read_only()).unwrap()), 3051);
}

#[test]
fn nothing_is_made_where_nothing_is() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["none.kg", ""] {
        let path = dir.path().join(name);
        assert!(matches!(Database::open_with(&path, read_only()), Err(Error::NotAllowed { .. })), "{name}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// The directory and all in it may only be read. (For root that says nothing; for everybody else it does.)
#[test]
#[cfg(unix)]
fn permission_to_read_is_enough() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = killed(dir.path());
    let everything: Vec<PathBuf> = image(&path).into_keys().chain([path.clone()]).collect();
    let set = |write: u32| {
        for path in &everything {
            let mode = if path.is_dir() { 0o555 } else { 0o444 };
            fs::set_permissions(path, fs::Permissions::from_mode(mode | write)).unwrap();
        }
    };
    set(0);
    let before = image(&path);
    assert_eq!(look(&path), 3050);
    assert!(image(&path) == before, "something was changed");
    set(0o200);
}
