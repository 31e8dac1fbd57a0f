//! A disk that is really full: a small file system in memory, filled up under an open database.

use std::{path::Path, process::Command};

use attendb::{Database, Error, Options, params};

/// Small enough to fill in no time, large enough for two segments of the journal and some blocks.
const DISK: &str = "size=48m";

/// What else lies on the disk, and can be deleted.
const BALLAST_BYTES: usize = 8 << 20;

/// A mounted file system, unmounted when dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    /// Mounts one, where this user may.
    fn new(at: &'a Path) -> Option<Self> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(at).output().ok()?;
        mount.status.success().then_some(Self(at))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_commits_and_takes_them_again_once_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(dir.path()) else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let ballast = dir.path().join("ballast");
    std::fs::write(&ballast, vec![1; BALLAST_BYTES]).unwrap();
    let path = dir.path().join("db");
    let options = Options { checkpoint_bytes: 1 << 20, ..Options::default() };
    let db = Database::open_with(&path, options.clone()).unwrap();
    let text = "x".repeat(100_000);
    let mut n_committed = 0i64;
    let full = loop {
        match db.execute("CREATE (:Note {n: $n, text: $text})", params! { "n": n_committed, "text": text.as_str() }) {
            Ok(_) => n_committed += 1,
            Err(error) => break error,
        }
        assert!(n_committed < 10_000, "the disk never fills");
    };
    assert!(matches!(full, Error::Full { .. }), "{full:?}");
    let count = |db: &Database| db.query("MATCH (n:Note) RETURN count(*)", ()).unwrap().single().unwrap();
    assert_eq!(count(&db), n_committed.into(), "readers go on");
    std::fs::remove_file(&ballast).unwrap();
    db.execute("CREATE (:Note {n: $n})", params! { "n": n_committed }).unwrap();
    n_committed += 1;
    assert_eq!(count(&db), n_committed.into());
    // Closing may find no room for a checkpoint; the journal has it all.
    let closed = db.close();
    assert!(matches!(closed, Ok(()) | Err(Error::Full { .. })), "{closed:?}");
    let db = Database::open_with(&path, options).unwrap();
    assert_eq!(count(&db), n_committed.into());
    assert!(db.check(true).unwrap().is_sound());
    drop(db);
    drop(mount);
}
