//! How soon a statement ends after it was cancelled, for each kind of statement: the time from `CancelHandle::cancel` to the
//! return of the statement, in a database on disk. After every try nodes, relationships, values, schema and the number of
//! the last commit must be what they were, and after every kind that writes the database must be sound.
//!
//! `cargo bench --bench cancel` prints a table; `cargo bench --bench cancel -- 50 COPY` takes 50 tries of the kinds whose
//! name holds `COPY`.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use attendb::{CancelHandle, Database, Error, Options, QueryOptions};

/// Nodes, relationships between them (a fiftieth of them to hubs), rows of the imported files, and the seed.
const NODES: u64 = 400_000;
const RELATIONSHIPS: u64 = 3_000_000;
const HUBS: u64 = 100;
const ROWS: u64 = 1_000_000;
const SEED: u64 = 7;

/// Tries of a kind, unless the command line says otherwise, and the latest moment to cancel.
const TRIES: usize = 20;
const LATEST: Duration = Duration::from_millis(2500);

/// What a statement may hold: enough that none ends by it.
const MEMORY_MAX: u64 = 12 << 30;

/// What runs beside the statement.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    Nothing,
    /// A checkpoint of changes just committed.
    Checkpoint,
}

struct Kind {
    name: &'static str,
    text: &'static str,
    beside: Beside,
}

const fn kind(name: &'static str, text: &'static str) -> Kind {
    Kind { name, text, beside: Beside::Nothing }
}

const fn beside(name: &'static str, text: &'static str) -> Kind {
    Kind { name, text, beside: Beside::Checkpoint }
}

/// The statements. All take longer than the latest moment to cancel, or are cancelled before they can be done.
const KINDS: &[Kind] = &[
    kind("expand", "MATCH (a:P)-[:F]->(b)-[:F]->(c)-[:F]->(d) WHERE a.age + d.age = 1 RETURN a.id, d.id"),
    kind("count of hops", "MATCH (a:P)-[:F]->(b)-[:F]->(c)-[:F]->(d) WHERE a.age < d.age RETURN count(*)"),
    kind("variable hops", "MATCH (a:P)-[:F*1..6]->(b) RETURN count(b)"),
    kind("product", "MATCH (a:P), (b:P) WHERE a.age + b.age = 1 RETURN count(*)"),
    kind("groups of integers", "UNWIND range(1, 200000000) AS n RETURN n * 3 AS k, count(*) AS c ORDER BY c LIMIT 1"),
    kind("groups of texts", "UNWIND range(1, 50000000) AS n RETURN toString(n) AS k, count(*) AS c ORDER BY c LIMIT 1"),
    kind("groups of nodes", "MATCH (a:P)-[:F]->(b)-[:F]->(c) RETURN a, c, count(*) AS n ORDER BY n LIMIT 1"),
    kind("DISTINCT aggregate", "UNWIND range(1, 200000000) AS n RETURN count(DISTINCT n)"),
    kind("collect", "UNWIND range(1, 200000000) AS n RETURN size(collect(n))"),
    kind("sort", "UNWIND range(1, 100000000) AS n WITH n ORDER BY (n * 7919) % 1000003 RETURN sum(n)"),
    kind(
        "sort of texts",
        "UNWIND range(1, 50000000) AS n WITH toString(n * 7919 % 1000003) AS t ORDER BY t RETURN max(t)",
    ),
    kind("DISTINCT integers", "UNWIND range(1, 200000000) AS n WITH DISTINCT n * 3 AS k RETURN count(k)"),
    kind("DISTINCT nodes", "MATCH (a:P)-[:F]->(b)-[:F]->(c) WITH DISTINCT a, c RETURN count(*)"),
    kind("UNION", "UNWIND range(1, 100000000) AS n RETURN n UNION UNWIND range(5, 100000000) AS n RETURN n"),
    kind("shortestPath", "MATCH (a:P), (b:P), p = shortestPath((a)-[:F*]-(b)) WHERE a.id < 1000 RETURN sum(length(p))"),
    kind("CALL", "MATCH (a:P) CALL { WITH a MATCH (a)-[:F]->(b)-[:F]->(c) RETURN count(c) AS n } RETURN sum(n)"),
    kind("CALL procedure", "UNWIND range(1, 100000000) AS n CALL db.labels() YIELD label RETURN count(*)"),
    kind("LOAD CSV", "LOAD CSV WITH HEADERS FROM 'nodes.csv' AS r UNWIND range(1, 100) AS n RETURN count(*)"),
    kind("EXPORT", "COPY (MATCH (a:P)-[:F]->(b)-[:F]->(c) RETURN a.id, b.name, c.id) TO 'out.csv'"),
    kind("DESCRIBE", "DESCRIBE 'nodes.csv'"),
    kind("SUMMARIZE", "SUMMARIZE (:P)"),
    kind("CREATE", "UNWIND range(1, 100000000) AS n CREATE (:T {n: n})"),
    kind("CREATE wide", "UNWIND range(1, 100000000) AS n CREATE (a:T {n: n, t: 'text ' + n})-[:E {w: n}]->(:T)"),
    kind("CREATE indexed", "UNWIND range(1, 100000000) AS n CREATE (:K {id: n + 10000000})"),
    kind("CREATE and RETURN", "UNWIND range(1, 100000000) AS n CREATE (a:T {n: n}) RETURN a"),
    kind("CREATE and commit", "UNWIND range(1, 700000) AS n CREATE (:T {n: n})"),
    kind("SET", "UNWIND range(1, 100) AS n MATCH (a:P) SET a.age = a.age + n, a.extra = n"),
    kind("SET relationships", "MATCH ()-[r:F]->() SET r.w = 1"),
    kind("SET labels", "UNWIND range(1, 100) AS n MATCH (a:P) SET a:X REMOVE a:X"),
    kind("DETACH DELETE", "MATCH (a:P) DETACH DELETE a"),
    kind("MERGE", "UNWIND range(1, 100000000) AS n MERGE (:K {id: n})"),
    kind("MERGE relationships", "MATCH (a:P)-[:F]->(b) MERGE (b)-[:B]->(a)"),
    kind(
        "LOAD CSV and MERGE",
        "LOAD CSV WITH HEADERS FROM 'nodes.csv' AS r MERGE (:K {id: r.id}) MERGE (:K {id: r.name})",
    ),
    kind("FOREACH", "UNWIND range(1, 100000000) AS n FOREACH (m IN range(1, 10) | CREATE (:T {n: m}))"),
    kind("COPY nodes", "COPY C FROM 'nodes.csv' (KEY id)"),
    kind("COPY nodes by text", "COPY C FROM 'nodes.csv' (KEY name)"),
    kind("COPY over nodes", "COPY P FROM 'nodes.csv' (KEY id)"),
    kind("COPY relationships", "COPY R FROM 'rels.csv' (FROM P, TO P)"),
    kind("COPY triples", "COPY FROM 'triples.nt'"),
    kind("CREATE INDEX", "CREATE INDEX FOR (a:P) ON (a.name)"),
    kind("CREATE CONSTRAINT", "CREATE CONSTRAINT FOR (a:P) REQUIRE a.name IS UNIQUE"),
    beside(
        "expand beside a checkpoint",
        "MATCH (a:P)-[:F]->(b)-[:F]->(c)-[:F]->(d) WHERE a.age < d.age RETURN count(*)",
    ),
    beside("CREATE beside a checkpoint", "UNWIND range(1, 100000000) AS n CREATE (:T {n: n})"),
    beside("COPY beside a checkpoint", "COPY C FROM 'nodes.csv' (KEY id)"),
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let tries = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(TRIES);
    let wanted: Vec<&String> = arguments.iter().filter(|argument| argument.parse::<usize>().is_err()).collect();
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let mut world = World::build(scratch.path());
    println!("| statement | cancelled | done before | median ms | max ms | max ms of those done |");
    println!("|---|---|---|---|---|---|");
    let mut worst = Duration::ZERO;
    for kind in KINDS.iter().filter(|kind| wanted.is_empty() || wanted.iter().any(|part| kind.name.contains(&**part))) {
        worst = worst.max(measure(&mut world, kind, tries));
    }
    println!("\nworst: {:.1} ms", ms(worst));
}

/// Cancels a statement at so many moments, prints how long it took to end, and returns the longest.
fn measure(world: &mut World, kind: &Kind, tries: usize) -> Duration {
    // How long it takes alone, as far as that matters.
    let alone = world.run(kind, LATEST);
    if !alone.is_cancelled {
        world.renew();
    }
    let alone = alone.took.min(LATEST);
    let (mut late, mut done) = (Vec::new(), Vec::new());
    for at in 0..tries {
        if kind.beside == Beside::Checkpoint {
            world.change();
        }
        let before = world.state();
        let run = world.run(kind, alone.mul_f64((at as f64 + 0.5) / tries as f64));
        match run.is_cancelled {
            true => {
                late.push(run.late);
                assert_eq!(world.state(), before, "{} left something", kind.name);
            }
            false => {
                done.push(run.late);
                world.renew();
            }
        }
    }
    assert!(world.db().check(true).expect("the check runs").is_sound(), "{} left a damaged graph", kind.name);
    late.sort_unstable();
    let longest = late.last().copied().unwrap_or_default();
    let (n, n_done) = (late.len(), done.len());
    let median = late.get(n / 2).copied().unwrap_or_default();
    let after = done.into_iter().max().unwrap_or_default();
    println!("| {} | {n} | {n_done} | {:.1} | {:.1} | {:.1} |", kind.name, ms(median), ms(longest), ms(after));
    longest
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// How a run ended.
struct Run {
    is_cancelled: bool,
    took: Duration,
    /// From the call of `cancel` to the return; nothing where it was done before.
    late: Duration,
}

/// The database, and a copy of it as it was built.
struct World {
    folder: PathBuf,
    db: Option<Database>,
    n_changes: u64,
}

impl World {
    fn build(folder: &Path) -> Self {
        write_files(folder);
        let world = Self { folder: folder.to_path_buf(), db: Some(open(folder)), n_changes: 0 };
        for text in [
            "COPY P FROM 'p.csv' (KEY id)",
            "COPY F FROM 'f.csv' (FROM P, TO P)",
            "CREATE CONSTRAINT FOR (k:K) REQUIRE k.id IS UNIQUE",
            "UNWIND range(1, 1000) AS n CREATE (:K {id: n})",
        ] {
            world.db().execute(text, ()).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        let mut world = world;
        world.db.take().map(Database::close).expect("it is open").expect("it closes");
        copy(&folder.join("db"), &folder.join("built"));
        world.db = Some(open(folder));
        world
    }

    fn db(&self) -> &Database {
        self.db.as_ref().expect("it is open but while it is renewed")
    }

    /// Goes back to the graph as it was built.
    fn renew(&mut self) {
        drop(self.db.take());
        fs::remove_dir_all(self.folder.join("db")).expect("the folder is ours");
        copy(&self.folder.join("built"), &self.folder.join("db"));
        self.db = Some(open(&self.folder));
    }

    /// Commits something for a checkpoint to fold.
    fn change(&mut self) {
        self.n_changes += 1;
        let text = "MATCH (a:P) WHERE a.id % 40 = $n SET a.age = a.age + 1";
        let params = attendb::params! { "n": (self.n_changes % 40) as i64 };
        self.db().execute(text, params).expect("it is committed");
    }

    /// Returns what must not change: numbers of everything, the last commit, the schema, a sum over values.
    fn state(&self) -> String {
        let status = self.db().status();
        let sum = self.db().query("MATCH (a:P) RETURN sum(a.age) + count(a.extra) * 1000", ());
        let sum = sum.and_then(attendb::Rows::single).expect("it answers");
        let numbers = (status.n_nodes, status.n_relationships, status.sequence);
        format!("{numbers:?} {sum} {:?}", self.db().schema())
    }

    fn run(&self, kind: &Kind, after: Duration) -> Run {
        let cancel = CancelHandle::new();
        let options = QueryOptions { cancel: Some(cancel.clone()), ..QueryOptions::default() };
        let db = self.db();
        thread::scope(|scope| {
            if kind.beside == Beside::Checkpoint {
                scope.spawn(|| db.checkpoint().expect("it is written"));
            }
            let other = scope.spawn(move || {
                thread::park_timeout(after);
                let now = Instant::now();
                cancel.cancel();
                now
            });
            let begun = Instant::now();
            let ended = db.query_with(kind.text, (), &options).and_then(|mut rows| {
                while rows.advance()? {}
                Ok(())
            });
            let now = Instant::now();
            other.thread().unpark();
            let cancelled = other.join().expect("no panic");
            let is_cancelled = match ended {
                Ok(()) => false,
                Err(Error::Cancelled) => true,
                Err(error) => panic!("{}: {error}", kind.name),
            };
            Run { is_cancelled, took: now - begun, late: now.saturating_duration_since(cancelled) }
        })
    }
}

fn open(folder: &Path) -> Database {
    let options = Options { memory_bytes_max: MEMORY_MAX, ..Options::default() };
    Database::open_with(folder.join("db"), options.file_roots([folder])).expect("the folder is ours")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is ours");
    for entry in fs::read_dir(from).expect("it was made") {
        let entry = entry.expect("it can be read");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("there is room");
        }
    }
}

fn write_files(folder: &Path) {
    let mut state = SEED;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let write = |name: &str, header: &str, n: u64, row: &mut dyn FnMut(u64, &mut String)| {
        let mut text = format!("{header}\n");
        for at in 0..n {
            row(at, &mut text);
        }
        fs::write(folder.join(name), if header.is_empty() { &text[1..] } else { &text }).expect("there is room");
    };
    let row = |line: std::fmt::Arguments<'_>, text: &mut String| text.write_fmt(line).expect("text grows");
    write("p.csv", "id,name,age", NODES, &mut |n, text| row(format_args!("{n},person {n},{}\n", n % 60), text));
    write("f.csv", "a,b", RELATIONSHIPS, &mut |n, text| {
        let end = below(if n % 50 == 0 { HUBS } else { NODES });
        row(format_args!("{},{end}\n", below(NODES)), text);
    });
    write("rels.csv", "a,b,w", 2 * ROWS, &mut |n, text| {
        row(format_args!("{},{},{}\n", below(NODES), below(NODES), n % 100), text);
    });
    write("nodes.csv", "id,name,x,age", ROWS, &mut |n, text| {
        row(format_args!("{n},name {n},{}.5,{}\n", n % 97, n % 60), text);
    });
    write("triples.nt", "", ROWS / 2, &mut |n, text| {
        row(format_args!("<h:{n}> <h:n> \"{n}\" .\n<h:{n}> <h:next> <h:{}> .\n", n * 7 % (ROWS / 2)), text);
    });
}
