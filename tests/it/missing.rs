//! Parts of a database taken away: it is refused, or nothing acknowledged is missing; never opened with less, in silence.

use std::{
    fs,
    path::{Path, PathBuf},
};

use attendb::{Database, Error, Options};

use crate::support::{count, files::copy, must};

const SEGMENT_BYTES: usize = 1 << 20;

fn segments(path: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(path.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn remove(paths: &[PathBuf]) {
    paths.iter().for_each(|path| fs::remove_file(path).unwrap());
}

/// Opens it both ways and returns how many nodes there are; the refusal where both refuse it as damaged.
fn open(path: &Path) -> Result<i64, String> {
    let ways = [true, false].map(|read_only| {
        match Database::open_with(path, Options { read_only, background: false, ..Options::default() }) {
            Ok(db) => Ok(count(&db, "MATCH (n) RETURN count(*)")),
            Err(error @ Error::Corrupt { .. }) => Err(error.to_string()),
            Err(error) => panic!("{error}"),
        }
    });
    let [reading, writing] = ways;
    assert_eq!(reading, writing, "both ways are refused, or none");
    reading
}

fn refusal(path: &Path) -> String {
    open(path).expect_err("commits are missing and it opens")
}

/// Every state a database may be left in: its number of nodes, and whether it had a checkpoint.
fn states(dir: &Path) -> Vec<(PathBuf, &'static str, i64)> {
    let options = || Options { background: false, ..Options::default() };
    let live = dir.join("live");
    let db = Database::open_with(&live, options()).unwrap();
    let mut states = Vec::new();
    let mut keep = |from: &Path, name: &'static str, n_nodes: i64| {
        let path = dir.join(name);
        copy(from, &path);
        states.push((path, name, n_nodes));
    };
    keep(&live, "new", 0);
    must(&db, "CREATE (:A)");
    keep(&live, "killed before its first checkpoint", 1);
    db.checkpoint().unwrap();
    keep(&live, "killed after its first checkpoint", 1);
    must(&db, "CREATE (:A)");
    keep(&live, "killed with a root and a journal", 2);
    db.backup(dir.join("backup")).unwrap();
    keep(&dir.join("backup"), "backup just made", 2);
    db.checkpoint().unwrap();
    db.checkpoint().unwrap();
    db.close().unwrap();
    keep(&live, "closed", 2);
    Database::memory().unwrap().backup(dir.join("nothing")).unwrap();
    keep(&dir.join("nothing"), "backup of nothing", 0);
    let db = Database::open_with(dir.join("nothing"), options()).unwrap();
    must(&db, "CREATE (:A)");
    keep(&dir.join("nothing"), "backup of nothing, written to", 1);
    drop(db);
    let db = Database::open_with(dir.join("backup"), options()).unwrap();
    must(&db, "CREATE (:A)");
    keep(&dir.join("backup"), "backup written to", 3);
    drop(db);
    states
}

#[test]
fn an_emptied_journal_is_refused_in_every_state() {
    let dir = tempfile::tempdir().unwrap();
    for (path, name, n_nodes) in states(dir.path()) {
        assert!(!segments(&path).is_empty(), "{name}: there is a segment from the beginning on");
        let emptied = dir.path().join("emptied");
        copy(&path, &emptied);
        remove(&segments(&emptied));
        for _ in 0..2 {
            let refused = refusal(&emptied);
            let journal = emptied.join("journal").display().to_string();
            assert!(
                refused.contains(&journal) && refused.contains("put the journal's files back"),
                "{name}: {refused}"
            );
            // And once more with the directory gone too.
            let _ = fs::remove_dir(emptied.join("journal"));
        }
        copy(&path.join("journal"), &emptied.join("journal"));
        assert_eq!(open(&emptied), Ok(n_nodes), "{name}: with its files put back it is whole");
        fs::remove_dir_all(&emptied).unwrap();
        assert_eq!(open(&path), Ok(n_nodes), "{name}");
    }
}

/// Any set of segments is taken away: what opens has everything.
#[test]
fn no_set_of_missing_segments_loses_a_commit_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    let (live, left) = (dir.path().join("live"), dir.path().join("left"));
    let options = || Options { background: false, ..Options::default() };
    // Segments before the root, with it, and after it; the last two written by one process.
    for has_checkpoint in [false, true, true, false] {
        let db = Database::open_with(&live, options()).unwrap();
        must(&db, "CREATE (:A)");
        if has_checkpoint {
            db.checkpoint().unwrap();
        }
        copy(&live, &left);
        drop(db);
        fs::remove_dir_all(&live).unwrap();
        fs::rename(&left, &live).unwrap();
    }
    let db = Database::open_with(&live, options()).unwrap();
    for _ in 0..2 {
        must(&db, &format!("CREATE (:A {{text: '{}'}})", "x".repeat(SEGMENT_BYTES * 2 / 3)));
    }
    copy(&live, &left);
    drop(db);
    let n_segments = segments(&left).len();
    assert!((4..=8).contains(&n_segments), "{n_segments}");
    let mut n_opened = 0;
    for set in 1..1u32 << n_segments {
        let path = dir.path().join("some");
        copy(&left, &path);
        let all = segments(&path);
        let missing: Vec<PathBuf> = (0..n_segments).filter(|at| set >> at & 1 == 1).map(|at| all[at].clone()).collect();
        remove(&missing);
        match open(&path) {
            Ok(n_nodes) => {
                n_opened += 1;
                assert_eq!(n_nodes, 6, "without {missing:?}");
            }
            Err(refused) => assert!(refused.contains("journal"), "{refused}"),
        }
        fs::remove_dir_all(&path).unwrap();
    }
    assert!(n_opened > 0, "what the root holds already may go");
}

#[test]
fn a_database_without_its_blocks_has_everything_or_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (path, name, n_nodes) in states(dir.path()) {
        fs::remove_dir_all(path.join("blocks")).unwrap();
        match open(&path) {
            Ok(n_left) => assert_eq!(n_left, n_nodes, "{name}"),
            Err(refused) => assert!(refused.contains("after the root"), "{name}: {refused}"),
        }
    }
}
