//! Databases of every version of the format, as files in the repository: each is read, written to and read again.
//!
//! `tests/golden/v1/db` is a database of format version 1 as a killed process leaves it: two roots, and behind them a
//! journal with commits and a bulk load that no root holds yet. `tests/golden/v1/expected.txt` is what it answers.
//!
//! The files are never changed: a build that cannot read them has broken the format. What they hold is made by [`make`],
//! which is run on purpose only, when a new version of the format gets a directory of its own (raise [`VERSION`]):
//!
//! ```text
//! cargo test --release --test it golden::make -- --ignored
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
};

use attendb::{Database, Options, Value, model::Direction};

use crate::support::{
    files::{copy, image},
    must,
};

/// The newest version of the format.
const VERSION: u32 = 1;

/// The most bytes a version may take in the repository.
const BYTES_MAX: usize = 200_000;

/// Nodes loaded in bulk behind the newest root: enough for blocks of their own.
const N_LOADED: i64 = 600;

/// What each version is asked: every kind of value and block, indexes, deleted ids, what the journal alone holds.
const QUERIES: &[&str] = &[
    "MATCH (n) RETURN labels(n) AS labels, count(*) AS n ORDER BY labels",
    "MATCH ()-[r]->() RETURN type(r) AS type, count(*) AS n, count(r.weight) AS weighted ORDER BY type",
    "MATCH (n:Person) WHERE n.id <= 12 RETURN n ORDER BY n.id",
    "MATCH (n:Person) RETURN count(n.id), sum(n.id), sum(n.height), count(n.nick), min(n.born), max(n.born), \
     count(DISTINCT n.town)",
    "MATCH (n:Person) WHERE n.is_active RETURN count(*), sum(n.big)",
    "MATCH (n:Person {id: 7}) RETURN n.name, n.tags, n.mixed",
    "MATCH (n:Person {id: 13}) RETURN count(*)",
    "MATCH (n:Person) WHERE n.town = 'Aarhus' RETURN count(*), min(n.id), max(n.id)",
    "MATCH (a:Person {id: 1})-[k:KNOWS]->(b) RETURN b.id, k.weight, k.time, k.source ORDER BY k.weight",
    "MATCH (a:Person)-[k:KNOWS]->(b:Person) RETURN count(*), sum(k.weight), min(k.time), max(k.time), \
     count(DISTINCT k.source)",
    "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(c) RETURN count(*), count(DISTINCT c)",
    "MATCH (a)<-[r:LIKES]-(b) RETURN count(*), sum(a.number), sum(b.id)",
    "MATCH p = shortestPath((:Person {id: 3})-[:KNOWS*..9]-(:Person {id: 28})) RETURN length(p)",
    "MATCH (n:Person)-[r]->(n) RETURN n.id, type(r)",
    "MATCH (n:Thing) RETURN count(*), sum(n.number), count(DISTINCT n.name), min(n.price), max(n.price)",
    "MATCH (n:Late) RETURN n ORDER BY n.x",
    "MATCH (n:Rare&Person) RETURN n.id",
    "MATCH (n:Odd) RETURN n ORDER BY n.at",
    "MATCH (a:Late)-[r]->(b) RETURN a.x, type(r), r.weight, coalesce(b.id, b.x) ORDER BY a.x",
    "MATCH (a:Person)-[k:KNOWS]->(b) WHERE salience(k) <> 1.0 RETURN a.id, b.id, salience(k) ORDER BY a.id",
    "MATCH (a:Loaded)-[r:NEXT]->(b:Loaded) RETURN count(*), sum(r.weight), sum(a.number * b.number)",
    "MATCH (n:Loaded) RETURN count(*), sum(n.number), min(n.word), max(n.word)",
];

fn folder(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("v{version}"))
}

fn answers(db: &Database) -> String {
    let mut text = String::new();
    for query in QUERIES {
        let table = must(db, query);
        text.push_str(&format!("{query}\n---\n{}\n", table.columns.join(" | ")));
        for row in table.rows {
            let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
            text.push_str(&format!("{}\n", cells.join(" | ")));
        }
        text.push('\n');
    }
    text
}

fn options(read_only: bool) -> Options {
    Options { read_only, background: false, ..Options::default() }
}

#[test]
fn every_version_is_read_and_written() {
    for version in 1..=VERSION {
        let (source, dir) = (folder(version), tempfile::tempdir().unwrap());
        let expected = fs::read_to_string(source.join("expected.txt")).unwrap();
        let path = dir.path().join("db");
        copy(&source.join("db"), &path);
        let before = image(&path);
        let db = Database::open_with(&path, options(true)).unwrap();
        assert_eq!(answers(&db), expected, "version {version}, read-only");
        assert!(db.check(true).unwrap().is_sound());
        db.close().unwrap();
        assert!(image(&path) == before, "reading changed version {version}");
        let db = Database::open_with(&path, options(false)).unwrap();
        assert_eq!(answers(&db), expected, "version {version}");
        assert!(db.check(true).unwrap().is_sound());
        let refused = db.execute("CREATE (:Person {id: 7})", ());
        assert!(refused.is_err_and(|error| error.to_string().contains("Person")), "the constraint is there");
        // Every block gets something new, and is written anew.
        must(&db, "MATCH (n) SET n.seen = true");
        must(&db, "MATCH ()-[r]->() SET r.seen = true");
        must(&db, "MATCH (a:Person {id: 2}), (b:Thing {number: 3}) CREATE (b)-[:MADE_BY {weight: 0.5}]->(a)");
        must(&db, "CREATE (:Person {id: 5000, name: 'new'})");
        let written = answers(&db);
        assert!(db.checkpoint().unwrap());
        assert_eq!(answers(&db), written);
        db.close().unwrap();
        for read_only in [true, false] {
            let db = Database::open_with(&path, options(read_only)).unwrap();
            assert_eq!(answers(&db), written, "version {version}, written to");
            assert!(db.check(true).unwrap().is_sound());
            must(&db, "MATCH (n:Person {id: 5000}) RETURN n");
        }
        // Without what was added, it is what it was.
        let db = Database::open_with(&path, options(false)).unwrap();
        must(&db, "MATCH (n:Person {id: 5000}) DELETE n");
        must(&db, "MATCH ()-[r:MADE_BY]->() DELETE r");
        must(&db, "MATCH (n) REMOVE n.seen");
        must(&db, "MATCH ()-[r]->() REMOVE r.seen");
        assert_eq!(answers(&db), expected, "version {version}, mended");
        assert!(db.check(true).unwrap().is_sound());
    }
}

#[test]
fn the_files_are_small_and_of_the_newest_version_too() {
    for version in 1..=VERSION {
        let files = image(&folder(version));
        let n_bytes: usize = files.values().flatten().map(Vec::len).sum();
        assert!(n_bytes < BYTES_MAX, "version {version} takes {n_bytes} bytes");
        let header = files[&folder(version).join("db/header")].as_ref().unwrap();
        assert_eq!(header[8..12], version.to_le_bytes());
    }
    let dir = tempfile::tempdir().unwrap();
    drop(Database::open_with(dir.path(), options(false)).unwrap());
    assert_eq!(fs::read(dir.path().join("header")).unwrap()[8..12], VERSION.to_le_bytes(), "it has its files");
}

/// Writes the files of the newest version anew. Its name says what it does: nothing checks the files it replaces.
#[test]
#[ignore = "writes the files of the newest version anew"]
fn make() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live");
    fill_files(dir.path());
    let open = || Database::open_with(&live, options(false).file_roots([dir.path()])).unwrap();
    let db = open();
    fill(&db);
    db.close().unwrap();
    // Opened again, so that the first commits lie in a segment of their own and go with it.
    let db = open();
    change(&db);
    let target = folder(VERSION);
    let _ = fs::remove_dir_all(&target);
    for (path, bytes) in image(&live) {
        let name = path.strip_prefix(&live).unwrap();
        let is_lock = name.file_name().is_some_and(|name| name == ".lock" || name == "lock");
        if is_lock || name.starts_with("process") || name.starts_with("process.lock") {
            continue;
        }
        // sled makes the slabs that are empty.
        let Some(mut bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { continue };
        if name.extension().is_some_and(|extension| extension == "journal") {
            // What no frame took yet, as closing gives it back.
            let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
            bytes.truncate(end.next_multiple_of(8));
        }
        let path = target.join("db").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::write(target.join("expected.txt"), answers(&db)).unwrap();
}

/// A file large enough to be loaded as blocks.
fn fill_files(dir: &Path) {
    let things: String = (0..600).map(|n| format!("{n},thing {},{}\n", n % 20, f64::from(n) * 0.25)).collect();
    fs::write(dir.join("things.csv"), format!("number,name,price\n{things}")).unwrap();
}

fn fill(db: &Database) {
    for text in [
        "CREATE CONSTRAINT person_id FOR (n:Person) REQUIRE n.id IS UNIQUE",
        "CREATE INDEX person_town FOR (n:Person) ON (n.town)",
        "CREATE INDEX gone FOR (n:Person) ON (n.name)",
        "COPY Thing FROM 'things.csv'",
        "UNWIND range(1, 1100) AS i CREATE (:Person {id: i, name: 'Pörson ' + toString(i), is_active: i % 3 = 0, \
         height: 1.5 + (i % 50) / 64.0, born: date(toString(1950 + i % 60) + '-02-0' + toString(1 + i % 9)), town: ['Aarhus', 'Łódź', '東京'][i % 3], \
         big: i * 4000000000, nick: CASE WHEN i % 7 = 0 THEN 'n' + toString(i) END, tags: [i, 'tag', i % 2 = 0], \
         mixed: CASE i % 4 WHEN 0 THEN i WHEN 1 THEN 'text' WHEN 2 THEN 0.5 ELSE [i, -0.0] END})",
        "MATCH (a:Person), (b:Person) WHERE b.id = a.id * 2 CREATE (a)-[:KNOWS {weight: a.id / 8.0, \
         time: date('2' + toString(100 + a.id) + '-02-28'), source: 'book ' + toString(a.id % 5)}]->(b)",
        "MATCH (a:Person), (b:Person) WHERE b.id = a.id + 1 AND a.id % 5 = 1 CREATE (a)-[:KNOWS {weight: 1.0}]->(b)",
        "MATCH (a:Person {id: 20}) CREATE (a)-[:KNOWS]->(a)",
        "MATCH (n:Person) WHERE n.id % 100 = 13 DETACH DELETE n",
        "DROP INDEX gone",
    ] {
        must(db, text);
    }
}

fn change(db: &Database) {
    for text in [
        "MATCH (a:Person), (b:Thing) WHERE a.id = b.number CREATE (a)-[:LIKES]->(b)",
        "MATCH (:Person {id: 4})-[r:KNOWS]->() DELETE r",
        "MATCH (n:Person {id: 9}) SET n:Rare, n.name = null, n.town = 'Aarhus'",
        "CREATE (:Odd {at: 1, min: -9223372036854775807, max: 9223372036854775807, empty: '', list: [], \
         nothing: null, float: 1e300, tiny: -5e-324, zero: -0.0, day: date('0001-01-01')})",
    ] {
        must(db, text);
    }
    set_salience(db, 1, 0.25);
    set_salience(db, 2, 4.0);
    assert!(db.checkpoint().unwrap());
    load(db);
    set_salience(db, 3, 0.125);
    for text in [
        "CREATE (:Late {x: 1, born: date('2026-01-01'), tags: ['a', 2.5, true]})-[:SAW {weight: 0.25}]->(:Late {x: 2})",
        "MATCH (a:Late {x: 2}), (b:Person {id: 7}) CREATE (a)-[:SAW {time: date('2026-02-03')}]->(b)",
        "MATCH (n:Person {id: 8}) DETACH DELETE n",
        "MATCH (n:Thing {number: 5}) SET n.price = 99.5",
        "CREATE INDEX late_x FOR (n:Late) ON (n.x)",
    ] {
        must(db, text);
    }
}

/// Loads nodes and relationships as blocks that a frame adopts.
fn load(db: &Database) {
    let mut tx = db.write().unwrap();
    let mut nodes = tx.append_nodes("Loaded", &["number", "word"]);
    (0..N_LOADED).for_each(|n| nodes.append([Value::Int(n), Value::from(format!("word {n}"))]).unwrap());
    let ids = nodes.finish().unwrap();
    let mut rels = tx.append_relationships("NEXT", &["weight"]);
    for (n, pair) in ids.windows(2).enumerate() {
        rels.append(pair[0], pair[1], [Value::Float(n as f64 * 0.5)]).unwrap();
    }
    rels.finish().unwrap();
    tx.commit().unwrap();
}

/// Sets the salience of the first relationship from a person to one it knows.
fn set_salience(db: &Database, person: i64, salience: f32) {
    let node = db.find("Person", "id", person).unwrap()[0];
    let first = db.neighbors(node, Direction::Out, Some("KNOWS")).unwrap()[0].relationship;
    let mut tx = db.write().unwrap();
    tx.set_salience(first, salience).unwrap();
    tx.commit().unwrap();
}
