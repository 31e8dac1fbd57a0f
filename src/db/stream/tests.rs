//! Salvage, block by block: what is damaged is gone or told by something else, and everything beside it is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::salvage::{SalvageReport, write_salvaged};
use crate::{
    Database, Options,
    graph::salvage_wreck,
    storage::{BlockKey, BlockKind, Bytes, PageTable, Wreck},
};

fn run(db: &Database, text: &str) {
    db.execute(text, ()).unwrap_or_else(|error| panic!("{text}\n{error}"));
}

fn saved(db: &Database) -> Vec<u8> {
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    stream
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// Returns every file of a directory with what it holds.
fn picture(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.extend(picture(&path).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.insert(path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap());
        }
    }
    files
}

/// A database as a kill leaves it: two roots, the newer with changes in a few blocks, and commits after it.
struct Killed {
    _dir: tempfile::TempDir,
    path: std::path::PathBuf,
    stream: Vec<u8>,
}

fn killed() -> Killed {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open_with(dir.path().join("db"), Options { background: false, ..Options::default() }).unwrap();
    run(&db, "CREATE CONSTRAINT FOR (a:A) REQUIRE a.n IS UNIQUE");
    run(&db, "CREATE INDEX FOR (b:B) ON (b.s)");
    run(&db, "UNWIND range(1, 3000) AS n CREATE (:A {n: n, s: 'text ' + toString(n), x: n / 7.0})");
    run(&db, "UNWIND range(1, 1500) AS n CREATE (:B {s: toString(n % 100)})");
    run(&db, "MATCH (a:A) WHERE a.n <= 2500 MATCH (b:A {n: a.n + 1}) CREATE (a)-[:R {w: a.n}]->(b), (a)-[:S]->(b)");
    run(&db, "MATCH (b:B {s: '7'}) CREATE (b)-[:R]->({x: 0}), (b)-[:S]->()");
    run(&db, "MATCH (a:A) WHERE a.n % 100 = 3 DETACH DELETE a");
    let rels: Vec<(i64,)> =
        db.query("MATCH ()-[r:S]->() WHERE id(r) < 2000 RETURN id(r)", ()).unwrap().collect_as().unwrap();
    let mut tx = db.write().unwrap();
    rels.iter().for_each(|(id,)| tx.set_salience(crate::model::RelId::new(*id as u32), 0.25).unwrap());
    tx.commit().unwrap();
    db.checkpoint().unwrap();
    run(&db, "MATCH (a:A) WHERE a.n > 2900 SET a.x = 0.5, a:C");
    run(&db, "MATCH (a:A {n: 2490})-[r]->() DELETE r");
    db.checkpoint().unwrap();
    run(&db, "MATCH (a:A) WHERE a.n % 50 = 7 SET a.late = true");
    run(&db, "MATCH (a:A {n: 10}) CREATE (a)-[:LATE]->(:Late {n: 1})");
    let path = dir.path().join("killed");
    copy(&dir.path().join("db"), &path);
    let stream = saved(&db);
    drop(db);
    Killed { _dir: dir, path, stream }
}

/// Returns the objects of a stream that begin so, by the number after that.
fn objects(stream: &[u8], begin: &str) -> BTreeMap<u32, String> {
    let text = std::str::from_utf8(stream).unwrap();
    let object = |line: &str| {
        let rest = line.strip_prefix(begin)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        Some((rest[..digits].parse().ok()?, line[..line.len() - 10].to_owned()))
    };
    text.lines().filter_map(object).collect()
}

const NODE: &str = "{\"node\":";
const REL: &str = "{\"relationship\":";

/// Damages some blocks, salvages, restores and checks. Returns the stream and what was said.
#[track_caller]
fn salvaged(path: &Path, damage: impl FnOnce(&mut Wreck)) -> (Vec<u8>, SalvageReport) {
    let before = picture(path);
    let mut wreck = Wreck::open(path).unwrap();
    damage(&mut wreck);
    let salvaged = salvage_wreck(wreck, path).unwrap();
    let mut stream = Vec::new();
    let report = write_salvaged(&salvaged, &mut stream).unwrap();
    drop(salvaged);
    assert!(picture(path) == before, "the database was changed");
    let dir = tempfile::tempdir().unwrap();
    let restored = dir.path().join("restored");
    Database::restore(&restored, stream.as_slice()).unwrap();
    let db = Database::open(&restored).unwrap();
    let checked = db.check(true).unwrap();
    assert!(checked.is_sound(), "{:?}", checked.problems);
    assert!(saved(&db) == stream);
    (stream, report)
}

/// Takes a block away, or changes a bit of it.
fn spoil(wreck: &Wreck, key: BlockKey, is_gone: bool) {
    let mut bytes = wreck.store().get(&key).unwrap().expect("the block is there").to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let bytes = (!is_gone).then(|| Bytes::copy_of(&bytes));
    wreck.store().apply(vec![(key, bytes)]).unwrap();
}

/// Returns the blocks of the newest root, with whether the root before has them too.
fn blocks(wreck: &Wreck) -> Vec<(BlockKey, bool)> {
    let (roots, _) = wreck.roots().unwrap();
    let older: &PageTable = &roots[1].1;
    roots[0].1.keys().map(|key| (key, older.contains(&key))).collect()
}

#[test]
fn nothing_is_lost_of_a_whole_database() {
    let killed = killed();
    let (stream, report) = salvaged(&killed.path, |_| ());
    assert!(stream == killed.stream);
    assert_eq!((report.n_lost, report.n_nodes_lost, report.n_relationships_lost), (0, 0, 0), "{report:?}");
    assert!(report.rebuilt.is_empty() && report.source.contains("2 commits of the journal"), "{report:?}");
}

#[test]
fn a_damaged_block_that_the_root_before_has_otherwise_costs_nothing() {
    let killed = killed();
    let wreck = Wreck::open(&killed.path).unwrap();
    let fresh: Vec<BlockKey> =
        blocks(&wreck).into_iter().filter(|(_, is_shared)| !is_shared).map(|(key, _)| key).collect();
    drop(wreck);
    let kinds: BTreeSet<BlockKind> = fresh.iter().map(|key| key.kind).collect();
    assert!(kinds.len() >= 6, "{kinds:?}");
    for kind in kinds {
        let key = *fresh.iter().find(|key| key.kind == kind).unwrap();
        let (stream, report) = salvaged(&killed.path, |wreck| spoil(wreck, key, true));
        assert!(stream == killed.stream, "{key}: {report:?}");
        assert_eq!(report.n_lost, 0, "{key}: {report:?}");
    }
}

#[test]
fn a_damaged_block_takes_nothing_else_with_it() {
    let killed = killed();
    let (nodes, rels) = (objects(&killed.stream, NODE), objects(&killed.stream, REL));
    let wreck = Wreck::open(&killed.path).unwrap();
    let shared: Vec<BlockKey> =
        blocks(&wreck).into_iter().filter(|(_, is_shared)| *is_shared).map(|(key, _)| key).collect();
    drop(wreck);
    let kinds: BTreeSet<BlockKind> = shared.iter().map(|key| key.kind).collect();
    for kind in [
        BlockKind::OutAdjacency,
        BlockKind::InAdjacency,
        BlockKind::NodeProperty,
        BlockKind::RelProperty,
        BlockKind::NodeLabel,
        BlockKind::NodeAlive,
        BlockKind::RelStart,
        BlockKind::RelEnd,
        BlockKind::RelType,
        BlockKind::RelSalience,
        BlockKind::RelAlive,
        BlockKind::Index,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} of {kinds:?}");
        for (at, key) in shared.iter().filter(|key| key.kind == kind).enumerate().step_by(2) {
            let (stream, report) = salvaged(&killed.path, |wreck| spoil(wreck, *key, at % 4 == 0));
            let (saved_nodes, saved_rels) = (objects(&stream, NODE), objects(&stream, REL));
            let is_of_nodes = matches!(kind, BlockKind::NodeProperty | BlockKind::NodeLabel);
            let is_of_rels = matches!(kind, BlockKind::RelProperty | BlockKind::RelSalience);
            for (id, node) in &nodes {
                let is_whole = !(is_of_nodes && id >> 10 == key.block);
                let saved = saved_nodes.get(id);
                assert!(if is_whole { saved == Some(node) } else { saved.is_some() }, "{key}: {node} is {saved:?}");
            }
            for (id, rel) in &rels {
                let is_whole = !(is_of_rels && id >> 10 == key.block);
                let saved = saved_rels.get(id);
                assert!(if is_whole { saved == Some(rel) } else { saved.is_some() }, "{key}: {rel} is {saved:?}");
            }
            assert_eq!((saved_nodes.len(), saved_rels.len()), (nodes.len(), rels.len()), "{key}");
            assert_eq!(report.n_lost, u64::from(is_of_nodes || is_of_rels), "{key}: {report:?}");
            let n_rebuilt = usize::from(!is_of_nodes && !is_of_rels);
            assert_eq!(report.rebuilt.len(), n_rebuilt, "{key}: {report:?}");
        }
    }
}

#[test]
fn records_of_the_newest_root_are_those_of_the_root_before_and_the_journal() {
    let killed = killed();
    for kind in [BlockKind::Catalog, BlockKind::Counts, BlockKind::PageTable] {
        let (stream, report) = salvaged(&killed.path, |wreck| {
            let generation = wreck.roots().unwrap().0[0].0.generation;
            spoil(wreck, BlockKey::new(kind, 0, 0, generation), false);
        });
        assert!(stream == killed.stream, "{kind:?}: {report:?}");
    }
}

#[test]
fn without_roots_page_tables_stand_for_them() {
    let killed = killed();
    let (stream, report) = salvaged(&killed.path, |wreck| wreck.forget_roots());
    assert!(stream == killed.stream, "{report:?}");
    assert!(report.n_lost == 0 && report.source.contains("page table"), "{report:?}");
}

/// What two damaged blocks say of the same is lost, and what hangs on it goes too.
#[test]
fn what_nobody_tells_is_lost_and_the_rest_can_be_restored() {
    let killed = killed();
    let (nodes, rels) = (objects(&killed.stream, NODE), objects(&killed.stream, REL));
    let (stream, report) = salvaged(&killed.path, |wreck| {
        for (key, _) in blocks(wreck) {
            let is_of_block = key.block == 0
                && matches!(key.kind, BlockKind::NodeAlive | BlockKind::NodeLabel | BlockKind::NodeProperty);
            if is_of_block || matches!(key.kind, BlockKind::OutAdjacency | BlockKind::InAdjacency | BlockKind::RelStart)
            {
                spoil(wreck, key, true);
            }
        }
    });
    let (saved_nodes, saved_rels) = (objects(&stream, NODE), objects(&stream, REL));
    for (id, node) in nodes.iter().filter(|(id, _)| *id >> 10 != 0) {
        assert_eq!(saved_nodes.get(id), Some(node));
    }
    // What the newer root had changed, the older one has in blocks of its own.
    assert!(saved_rels.len() < rels.len() / 2, "{} of {} relationships", saved_rels.len(), rels.len());
    assert!(saved_rels.iter().all(|(id, rel)| rels.get(id).is_none_or(|known| known == rel)));
    assert!(report.n_relationships_lost >= (rels.len() - saved_rels.len()) as u64, "{report:?}");
    assert_eq!(report.n_nodes_lost, (nodes.len() - saved_nodes.len()) as u64, "{report:?}");
    assert!(report.n_nodes_lost > 900 && report.n_lost > 1000 && report.lost.len() == 1000, "{report:?}");
}

#[test]
fn without_blocks_the_journal_is_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open_with(dir.path().join("db"), Options { background: false, ..Options::default() }).unwrap();
    run(&db, "CREATE CONSTRAINT FOR (a:A) REQUIRE a.n IS UNIQUE");
    for n in 0..50 {
        run(&db, &format!("CREATE (:A {{n: {n}}})-[:R]->(:B {{n: {n}}})"));
    }
    let path = dir.path().join("killed");
    copy(&dir.path().join("db"), &path);
    fs::remove_dir_all(path.join("blocks")).unwrap();
    let (stream, report) = salvaged(&path, |_| ());
    assert!(stream == saved(&db) && report.source.contains("51 commits"), "{report:?}");
    // Nor is the header needed.
    fs::write(path.join("header"), [7; 40]).unwrap();
    let (stream, report) = salvaged(&path, |_| ());
    assert!(stream == saved(&db) && report.rebuilt.len() == 3, "{report:?}");
    // A frame in the middle: what comes after it hangs in the air.
    let is_segment = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "journal");
    let mut files = fs::read_dir(path.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let journal = files.find(is_segment).unwrap();
    let mut bytes = fs::read(&journal).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let at = (end / 2..).find(|at| bytes[*at] != 0).unwrap();
    bytes[at] ^= 1;
    fs::write(&journal, bytes).unwrap();
    let (stream, report) = salvaged(&path, |_| ());
    let (whole, part) = (objects(&saved(&db), NODE), objects(&stream, NODE));
    assert!(part.len() > 20 && part.len() < whole.len(), "{report:?}");
    assert!(part.iter().all(|(id, node)| whole.get(id) == Some(node)));
    assert_eq!(report.n_lost, 1, "{report:?}");
    fs::remove_dir_all(path.join("journal")).unwrap();
    let error = Database::salvage(&path, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("a root that is whole, or a journal"), "{error}");
}
