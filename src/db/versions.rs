//! Databases of which a part was written by another version: refused by name, with nothing changed, and whole again when
//! that part is.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::*;
use crate::storage::{
    BlockKind,
    restamp::{Part, newest_segment, restamp},
};

/// What is loaded in bulk: enough that its blocks are written past the journal.
const LOADED: std::ops::Range<i64> = 100..800;

/// A version that no part has.
const OTHER: u8 = 0x6e;

/// Returns every file below a directory with its bytes.
fn image(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_path_buf(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    for (path, bytes) in image(from) {
        fs::create_dir_all(to.join(&path).parent().unwrap()).unwrap();
        fs::write(to.join(&path), bytes).unwrap();
    }
}

fn open(path: &Path, read_only: bool) -> Result<Database> {
    Database::open_with(path, Options { read_only, background: false, ..Options::default() })
}

fn numbers(db: &Database) -> Vec<i64> {
    let rows: Vec<(i64,)> = db.query("MATCH (n) RETURN n.x ORDER BY n.x", ()).unwrap().collect_as().unwrap();
    rows.into_iter().map(|row| row.0).collect()
}

fn everything() -> Vec<i64> {
    [1, 2, 3, 6, 7].into_iter().chain(LOADED).collect()
}

/// Two roots, a bulk load and commits after them: as a process that was killed leaves it, with a segment in the making.
fn left(dir: &Path) -> PathBuf {
    let (live, left) = (dir.join("live"), dir.join("left"));
    let rows: String = LOADED.map(|x| format!("{x}\n")).collect();
    fs::write(dir.join("l.csv"), format!("x\n{rows}")).unwrap();
    let options = Options { background: false, ..Options::default() }.file_roots([dir]);
    let db = Database::open_with(&live, options).unwrap();
    for text in ["CREATE INDEX FOR (n:A) ON (n.x)", "CREATE (:A {x: 1})-[:R]->(:A {x: 2})"] {
        db.execute(text, ()).unwrap();
    }
    db.checkpoint().unwrap();
    db.execute("CREATE (:A {x: 3})", ()).unwrap();
    db.checkpoint().unwrap();
    db.execute("COPY L FROM 'l.csv'", ()).unwrap();
    db.execute("CREATE (:A {x: 6})", ()).unwrap();
    db.execute("CREATE (:A {x: 7})", ()).unwrap();
    copy(&live, &left);
    drop(db);
    fs::write(left.join("journal/00.new"), "half").unwrap();
    left
}

#[test]
fn a_part_of_another_version_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let left = left(dir.path());
    let path = dir.path().join("db");
    for (part, name) in [
        (Part::Segment, ".journal"),
        (Part::Frame, ".journal, frame at byte"),
        (Part::Facts, "facts of a commit"),
        (Part::Root, "root-"),
        (Part::OlderRoot, "root-"),
        (Part::PageTable, "block PageTable/0/0"),
        (Part::CatalogBlock, "block Catalog/0/0"),
        (Part::Catalog, "catalog"),
        (Part::Counts, "counts"),
        (Part::Manifest, "manifest"),
    ] {
        copy(&left, &path);
        let own = restamp(&path, part, OTHER);
        let before = image(&path);
        for read_only in [true, false] {
            match open(&path, read_only) {
                Err(Error::Version { path: what, found, supported }) => {
                    assert_eq!((found, supported), (OTHER.into(), own.into()), "{part:?}");
                    assert!(what.starts_with(&path) && what.display().to_string().contains(name), "{}", what.display());
                }
                other => panic!("{part:?}: {:?}", other.map(|db| numbers(&db))),
            }
            let mut after = image(&path);
            // Who may write says so in `process`, and sled keeps books of its own whenever it is opened: that the blocks say
            // what they said is seen below.
            let is_segment = part == Part::Segment;
            let is_kept = |path: &Path| read_only || !(path.starts_with("process") || path.starts_with("blocks"));
            let mut kept = before.clone();
            for image in [&mut after, &mut kept] {
                image.retain(|path, _| is_kept(path) || is_segment && path.starts_with("blocks"));
            }
            assert!(after == kept, "{part:?}: something was changed, read-only: {read_only}");
        }
        // The build that wrote it would find all as it was.
        assert_eq!(restamp(&path, part, own), OTHER);
        for read_only in [true, false] {
            let db = open(&path, read_only).unwrap();
            assert_eq!(numbers(&db), everything(), "{part:?}");
            assert!(db.check(true).unwrap().is_sound(), "{part:?}");
        }
    }
}

#[test]
fn a_frame_of_an_unknown_kind_is_no_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let path = left(dir.path());
    let own = restamp(&path, Part::FrameKind, OTHER);
    let before = fs::read(newest_segment(&path)).unwrap();
    for read_only in [true, false] {
        let Err(Error::Corrupt { what, got, .. }) = open(&path, read_only) else { panic!("it was opened") };
        assert!(what.contains("frame at byte") && got == format!("kind {OTHER}"), "{what}: {got}");
    }
    assert!(fs::read(newest_segment(&path)).unwrap() == before, "nothing was cut");
    restamp(&path, Part::FrameKind, own);
    assert_eq!(numbers(&open(&path, false).unwrap()), everything());
}

/// Blocks are read when they are needed: whoever needs one of another version is told so, and no checkpoint writes over it.
#[test]
fn a_block_of_another_version_is_refused_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let left = left(dir.path());
    let path = dir.path().join("db");
    for kind in [
        BlockKind::NodeProperty,
        BlockKind::NodeAlive,
        BlockKind::NodeLabel,
        BlockKind::OutAdjacency,
        BlockKind::InAdjacency,
        BlockKind::RelType,
        BlockKind::Index,
    ] {
        copy(&left, &path);
        let own = restamp(&path, Part::Blocks(kind), OTHER);
        let refused = |result: Result<()>| match result {
            Err(Error::Version { path, found, .. }) => {
                assert_eq!(found, u32::from(OTHER), "{kind:?}");
                assert!(path.display().to_string().contains(&format!("{kind:?}")), "{}", path.display());
                true
            }
            Err(error) => panic!("{kind:?}: {error}"),
            Ok(()) => false,
        };
        let open_and_read = |read_only: bool| -> Result<()> {
            let db = open(&path, read_only)?;
            db.query("MATCH (a:A {x: 1})-[r]->(b)<-[s]-(c) RETURN a.x, type(r), b.x, c.x", ())?.collect_as::<(
                i64,
                String,
                i64,
                i64,
            )>()?;
            db.query("MATCH (n) RETURN n.x", ())?.collect_as::<(i64,)>()?;
            // A check goes on behind what it cannot read.
            match db.check(true)?.problems.first() {
                Some(problem) => {
                    assert!(problem.contains("format version 110"), "{problem}");
                    let found = OTHER.into();
                    Err(Error::Version { path: problem.into(), found, supported: own.into() })
                }
                None => Ok(()),
            }
        };
        assert!(refused(open_and_read(true)), "{kind:?} is read by nobody");
        assert!(refused(open_and_read(false)), "{kind:?} is read by nobody");
        restamp(&path, Part::Blocks(kind), own);
        assert_eq!(numbers(&open(&path, false).unwrap()), everything(), "{kind:?}");
    }
}
