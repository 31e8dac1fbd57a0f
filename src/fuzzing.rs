//! The door of the fuzz targets in `fuzz/`: bytes to the decoders that no public call reaches alone.
//!
//! Each function takes any bytes and returns what became of them; what it must never do is panic, hang, or take memory
//! out of proportion. The unit tests below replay the committed seeds, and mutations of them, through the same functions.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use crate::{
    Database, Options, QueryOptions, Result, db, graph,
    graph::fuzz::Image,
    import,
    query::{
        self,
        print::{print, shape},
    },
    storage::{self, Home, Store},
};

#[cfg(test)]
mod tests;

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An error said what is wrong.
    Refused,
    /// It could be read, and a check found something wrong.
    Unsound,
    /// It is in order.
    Sound,
}

impl Outcome {
    fn of<T>(result: Result<T>) -> Self {
        if result.is_ok() { Self::Sound } else { Self::Refused }
    }
}

/// Parses any text as a statement.
pub fn parse(text: &str) -> Outcome {
    // The other readers of statements: splitting and completeness.
    let statements = crate::split_statements(text);
    assert!(statements.iter().map(|statement| statement.len()).sum::<usize>() <= text.len());
    std::hint::black_box(crate::is_complete(text));
    Outcome::of(query::parse(text))
}

/// Parses any text, prints the tree and parses that: the same tree, and the same text again.
pub fn roundtrip(text: &str) -> Outcome {
    let Ok(tree) = query::parse(text) else { return Outcome::Refused };
    let printed = print(&tree);
    // What became of other forms may have more brackets than they had, and more bytes.
    let Ok(again) = query::parse(&printed) else {
        assert!(is_beyond_a_limit(&printed), "{text}\nis printed as what cannot be read:\n{printed}");
        return Outcome::Refused;
    };
    assert!(shape(&again) == shape(&tree), "{text}\nis printed as another statement:\n{printed}");
    assert_eq!(print(&again), printed, "{text}\nis not printed in one way");
    Outcome::Sound
}

/// Returns whether a text is refused for its length or its depth.
fn is_beyond_a_limit(text: &str) -> bool {
    let message = query::parse(text).err().map(|error| error.to_string()).unwrap_or_default();
    ["nested deeper than", "more than the 1048576 allowed", "is deeper than"]
        .iter()
        .any(|limit| message.contains(limit))
}

static SMALL: LazyLock<Database> = LazyLock::new(|| {
    let db = Database::memory_with(options()).expect("a database in memory needs nothing");
    let text = "CREATE (a:A {k: 1})-[:R {w: 2.5}]->(b:B {k: 'x'}), (b)-[:R]->(b), (b)-[:S]->(a), (a)-[:S]->(:A:B)";
    db.execute(text, ()).expect("the fixture is a valid statement");
    db
});

/// Runs any text as a statement on a small graph, within limits, and takes back what it changed.
pub fn run(text: &str) -> Outcome {
    let limits = QueryOptions {
        deadline: Some(SHORT_DEADLINE),
        rows_max: Some(10_000),
        memory_bytes_max: Some(64 << 20),
        ..QueryOptions::default()
    };
    let Ok(mut transaction) = SMALL.write() else { return Outcome::Unsound };
    let result = transaction.query_with(text, (), &limits);
    Outcome::of(result.and_then(|mut rows| rows.try_for_each(|row| row.map(drop))))
}

/// Recovers a journal: a whole segment, or frames whose hashes fit.
pub fn journal(input: &[u8]) -> Outcome {
    Outcome::of(with_dir(|dir| storage::journal::fuzz::recover(dir, input)))
}

/// Pins a block, its kind chosen by the first byte, and reads all of it.
pub fn block(input: &[u8]) -> Outcome {
    Outcome::of(storage::fuzz::block(input))
}

/// Reads roots and page tables.
pub fn root(input: &[u8]) -> Outcome {
    Outcome::of(storage::fuzz::root(input))
}

/// Decodes and applies a catalog, counts and facts.
pub fn catalog(input: &[u8]) -> Outcome {
    Outcome::of(graph::fuzz::catalog(input))
}

/// Reads a delimited file; the first four bytes choose the options.
pub fn csv(input: &[u8]) -> Outcome {
    Outcome::of(with_dir(|dir| import::fuzz::delimited(dir, input)))
}

/// Reads a file of JSON lines; the first four bytes choose the options.
pub fn jsonl(input: &[u8]) -> Outcome {
    Outcome::of(with_dir(|dir| import::fuzz::json_lines(dir, input)))
}

/// Memory that a graph loaded from a stream may take: more than any small stream needs, and little enough that one
/// that asks for much ends soon.
const STREAM_BYTES_MAX: u64 = 32 << 20;

/// Loads a stream of a whole database: as it is, or lines whose checksums fit. What was loaded is sound, is written as
/// a stream that loads again as the same bytes, and can be read and written to.
pub fn stream(input: &[u8]) -> Outcome {
    let bytes = db::fuzz::stream_of(input);
    let options = || Options { memory_bytes_max: STREAM_BYTES_MAX, ..options() };
    let Ok(db) = Database::load_from_with(bytes.as_slice(), options()) else { return Outcome::Refused };
    let saved = |db: &Database| {
        let mut stream = Vec::new();
        db.save_to(&mut stream).expect("what was loaded can be written");
        stream
    };
    let first = saved(&db);
    let again = Database::load_from_with(first.as_slice(), options()).expect("what was written can be loaded");
    assert!(saved(&again) == first, "written, loaded and written again it is another stream");
    assert_eq!(visit(db), Outcome::Sound, "what was loaded is not sound");
    Outcome::Sound
}

/// Long enough for any honest small statement, short enough to notice one that hangs.
const SHORT_DEADLINE: Duration = Duration::from_millis(200);

/// Long enough for any statement on a few hundred rows, short enough to notice one that hangs.
const DEADLINE: Duration = Duration::from_secs(2);

/// What is asked of a database whose bytes were changed: every way of reading.
const READS: &[&str] = &[
    "MATCH (n) RETURN n, labels(n) ORDER BY n.k, n.s",
    "MATCH (a)-[r]->(b) RETURN a.k, type(r), r, b.s ORDER BY r.w DESC LIMIT 50",
    "MATCH (a)<-[r:R]-(b) WHERE a.k > 3 RETURN count(*), count(r.w), sum(b.k)",
    "MATCH (a:A)-[:R]->(b)-[:R]->(c) RETURN count(*), count(DISTINCT c)",
    "MATCH (a:A)-[:R]->(b)-[:S]->(c)-[:R]->(a) RETURN count(*)",
    "MATCH (a:A {k: 1})-[:R*1..3]->(b) RETURN count(b), min(b.s)",
    "MATCH (a:A {k: 1}), (b:B {k: 2}), p = shortestPath((a)-[*..4]-(b)) RETURN length(p)",
    "MATCH (n:A) WHERE n.k = 7 OR n.s = 'w1' RETURN n.f, n.d, n.b, n.m",
    "MATCH (n) WHERE n.s IN ['w1', 'w2'] RETURN n.s, count(*), avg(n.f) ORDER BY n.s",
    "MATCH (n:L) WHERE n.x >= 10 RETURN sum(n.x), max(n.y), collect(n.y)[..3]",
];

/// What is done to one that was found sound.
const WRITES: &[&str] = &[
    "MERGE (n:A {k: 1}) SET n.s = 'changed', n.m = [1, 'a']",
    "CREATE (:A {k: 9001})-[:R {w: 0.5}]->(:B {k: 9002})",
    "MATCH (a:A {k: 1})-[r:R]->() DELETE r",
    "MATCH (n:L {x: 11}) DETACH DELETE n",
    "MATCH (n:B) REMOVE n.s SET n:C",
    "UNWIND range(1, 600) AS i CREATE (:N {k: i})",
];

static BASE: LazyLock<Image> = LazyLock::new(|| base().expect("the fixture is a valid database"));

/// Changes a small database by the input's edits, with every checksum made right again; opens it, reads everything,
/// checks it; where it is sound, writes to it, closes it, opens it once more and checks again.
pub fn directory(input: &[u8]) -> Outcome {
    let mut image = BASE.clone();
    image.edit(input);
    with_dir(|dir| {
        let store = image.restore(dir)?;
        let before = match visit(open(dir, &store)?) {
            Outcome::Sound => Outcome::Sound,
            other => return Ok(other),
        };
        let db = open(dir, &store)?;
        let again = db.check(true)?;
        assert!(again.is_sound(), "sound before it was closed, not when opened again: {:?}", again.problems);
        db.close()?;
        Ok(before)
    })
    .unwrap_or(Outcome::Refused)
}

/// Returns how many parts of the database an edit can name.
pub fn n_parts() -> usize {
    BASE.n_parts()
}

fn visit(db: Database) -> Outcome {
    let limits = QueryOptions {
        deadline: Some(DEADLINE),
        rows_max: Some(100_000),
        memory_bytes_max: Some(64 << 20),
        ..QueryOptions::default()
    };
    let Ok(report) = db.check(true) else { return Outcome::Refused };
    for text in READS {
        if let Ok(rows) = db.query_with(text, (), &limits) {
            rows.take_while(|row| row.is_ok()).for_each(|row| drop(std::hint::black_box(row)));
        }
    }
    for text in WRITES {
        let done = db.query_with(text, (), &limits).map(Iterator::count);
        assert!(done.is_ok() || !report.is_sound() || may_fail(&done), "a sound database refuses {text}: {done:?}");
    }
    let after = db.check(true).map(|report| report.problems).unwrap_or_default();
    let closed = db.close();
    if report.is_sound() {
        assert!(after.is_empty(), "sound until it was written to: {after:?}");
        assert!(closed.is_ok(), "a sound database cannot be closed: {closed:?}");
        Outcome::Sound
    } else {
        Outcome::Unsound
    }
}

/// Returns whether an error is one that a changed but sound database may give: the change made a constraint or a limit.
fn may_fail<T>(result: &Result<T>) -> bool {
    matches!(result, Err(crate::Error::Constraint { .. } | crate::Error::Limit { .. } | crate::Error::Query(_)))
}

fn options() -> Options {
    Options { background: false, threads: 1, memory_bytes_max: 256 << 20, ..Options::default() }
}

fn open(dir: &std::path::Path, store: &Arc<Store>) -> Result<Database> {
    let options = options();
    Database::of_engine(graph::fuzz::open(dir, store.clone(), db::limits(&options))?, options)
}

/// Makes the database that is changed: nodes and relationships of every kind of column, an index and a constraint, two
/// roots, a journal with commits and a bulk load after them.
fn base() -> Result<Image> {
    let dir = scratch().join("base");
    let io = |error: std::io::Error| crate::Error::io("make", &dir, &error);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).map_err(io)?;
    let store = Arc::new(Store::memory());
    drop(Home::open(&dir)?);
    let files = dir.with_extension("files");
    std::fs::create_dir_all(&files).map_err(io)?;
    let rows: String = (0..700).map(|n| format!("{n},{}\n", n % 7)).collect();
    std::fs::write(files.join("l.csv"), format!("x,y\n{rows}")).map_err(io)?;
    let options = options().file_roots([&files]);
    let db = Database::of_engine(graph::fuzz::open(&dir, store.clone(), db::limits(&options))?, options)?;
    for text in [
        "CREATE CONSTRAINT a_k FOR (n:A) REQUIRE n.k IS UNIQUE",
        "CREATE INDEX b_k FOR (n:B) ON (n.k)",
        "UNWIND range(1, 40) AS i CREATE (:A {k: i, s: 'w' + toString(i % 3), f: i * 0.5, b: i % 2 = 0, \
         d: date('2020-01-02'), m: CASE i % 2 WHEN 0 THEN [i] ELSE i END})",
        "UNWIND range(1, 20) AS i CREATE (:B {k: i, s: 'text ' + toString(i), f: 1.0})",
        "MATCH (a:A), (b:B) WHERE a.k % 20 = b.k % 20 CREATE (a)-[:R {w: a.k * 1.5}]->(b)-[:S]->(a)",
        "MATCH (a:A), (b:A) WHERE b.k = a.k + 1 CREATE (a)-[:R]->(b)",
    ] {
        db.execute(text, ())?;
    }
    db.checkpoint()?;
    db.execute("MATCH (n:A {k: 3}) DETACH DELETE n", ())?;
    db.execute("CREATE (:B:C {k: 100, s: 'later'})", ())?;
    db.checkpoint()?;
    for text in [
        "COPY L FROM 'l.csv'",
        "CREATE (:A {k: 50, s: 'new', z: true})-[:T {w: 1}]->(:C)",
        "MATCH (n:B {k: 4}) SET n.s = null, n.k = 44",
        "MATCH (:A {k: 5})-[r:R]->() DELETE r",
    ] {
        db.execute(text, ())?;
    }
    let image = Image::take(&dir, &store);
    drop(db);
    image
}

/// Returns a directory of this process, in the system's directory of temporary files.
fn scratch() -> PathBuf {
    std::env::temp_dir().join(format!("attendb-fuzz-{}", std::process::id()))
}

/// Calls with a directory that belongs to this thread alone.
fn with_dir<T>(work: impl FnOnce(&std::path::Path) -> Result<T>) -> Result<T> {
    let dir = scratch().join(format!("{:?}", std::thread::current().id()));
    std::fs::create_dir_all(&dir).map_err(|error| crate::Error::io("create", &dir, &error))?;
    work(&dir)
}
