//! Vector searches at scale: an exact scan, the index at several breadths, filters, and whether every vector is found after
//! many changes. Everything is made here from one seed: vectors in a thousand clumps of very different sizes, each spread
//! in 20 directions of its own, with some noise, of length 1. Times are of one thread, by its own clock where the system has
//! one, so that what else the machine does counts little; medians of three passes over the queries.
//!
//! `cargo bench --bench vectors`; `-- N` takes another number of vectors than 200,000.

use std::{
    env, fs,
    time::{Duration, Instant},
};

use attendb::{Database, Options, Statement, Value, params};

const N: usize = 200_000;
const D: usize = 128;
const QUERIES: usize = 1_000;
const CLUMPS: usize = 1_000;
const BASES: usize = 50;
const DIRECTIONS: usize = 20;
const K: usize = 10;
const SEED: u64 = 5;

/// Vectors of the exact scan.
const SCANNED: usize = 1_000_000;

/// Nodes written by one statement.
const ROWS: usize = 5_000;

/// Inserts, updates and deletes, and how many are committed together.
const CHANGES: usize = 200_000;
const CHANGES_AT_ONCE: usize = 500;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Even, in 0 to 1, neither included.
    fn part(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// By Box and Muller.
    fn normal(&mut self) -> f32 {
        ((-2.0 * self.part().ln()).sqrt() * (std::f64::consts::TAU * self.part()).cos()) as f32
    }
}

/// Where vectors come from.
struct Clumps {
    random: Random,
    centres: Vec<[f32; D]>,
    bases: Vec<[[f32; D]; DIRECTIONS]>,
    /// By clump the share of all that lies in it and those before.
    sums: Vec<f64>,
}

impl Clumps {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let centres = (0..CLUMPS).map(|_| std::array::from_fn(|_| random.normal())).collect();
        let scale = 1.0 / (D as f32).sqrt();
        let mut direction = || std::array::from_fn(|_| random.normal() * scale);
        let bases = (0..BASES).map(|_| std::array::from_fn(|_| direction())).collect();
        // As often as words are used: the clump of rank r in proportion to r^-1.3; those beyond wrap around.
        let mut weights = vec![0.0; CLUMPS];
        (1..=1_000_000_usize).for_each(|rank| weights[rank % CLUMPS] += (rank as f64).powf(-1.3));
        let all: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let sums = weights.iter().map(|weight| {
            sum += weight / all;
            sum
        });
        Self { sums: sums.collect(), centres, bases, random }
    }

    fn draw(&mut self) -> Vec<f32> {
        let at = self.random.part();
        let clump = self.sums.partition_point(|sum| *sum < at).min(CLUMPS - 1);
        let mut vector = self.centres[clump].map(|x| x * 2.0 / (D as f32).sqrt());
        for direction in &self.bases[clump % BASES] {
            let along = self.random.normal();
            vector.iter_mut().zip(direction).for_each(|(x, y)| *x += along * y);
        }
        vector.iter_mut().for_each(|x| *x += 0.1 * self.random.normal());
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| x / length).collect()
    }
}

/// The time that this thread has worked: from the system where that tells, else by the wall.
fn worked() -> Duration {
    thread_local!(static START: Instant = Instant::now());
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next().and_then(|first| first.parse().ok()));
    nanos.map_or_else(|| START.with(Instant::elapsed), Duration::from_nanos)
}

fn value(vector: &[f32]) -> Value {
    Value::list(vector.iter().map(|x| Value::from(f64::from(*x))))
}

fn create(db: &Database, first: usize, vectors: &[Vec<f32>]) {
    for (at, some) in vectors.chunks(ROWS).enumerate() {
        let rows = Value::list(some.iter().map(|vector| value(vector)));
        db.execute(
            "UNWIND range(0, size($rows) - 1) AS i WITH $first + i AS id, $rows[i] AS vec \
             CREATE (:Doc {id: id, rare: id % 100, side: vec[0] > 0, vec: vec})",
            params! { "rows": rows, "first": (first + at * ROWS) as i64 },
        )
        .expect("created");
    }
}

fn memory() -> Database {
    Database::memory_with(Options { background: false, ..Options::default() }).expect("a database")
}

fn settle(db: &Database) -> Duration {
    let start = worked();
    while db.step(Duration::from_secs(600)).expect("background work") {}
    worked() - start
}

fn ids(statement: &Statement, query: &Value) -> Vec<i64> {
    let rows = statement.query(params! { "v": query.clone() }).expect("a search");
    rows.collect_as::<(i64,)>().expect("ids").into_iter().map(|(id,)| id).collect()
}

/// Runs all queries, three times; returns what the first pass found, and the median time of one.
fn measure(statement: &Statement, queries: &[Value]) -> (Vec<Vec<i64>>, Duration) {
    let mut found = Vec::new();
    let mut times: Vec<Duration> = (0..3)
        .map(|_| {
            let start = worked();
            found = queries.iter().map(|query| ids(statement, query)).collect();
            (worked() - start) / queries.len() as u32
        })
        .collect();
    times.sort_unstable();
    (found, times[1])
}

fn recall(found: &[Vec<i64>], truth: &[Vec<i64>]) -> f64 {
    let hits = found.iter().zip(truth).map(|(found, truth)| truth.iter().filter(|id| found.contains(id)).count());
    hits.sum::<usize>() as f64 / truth.iter().map(Vec::len).sum::<usize>().max(1) as f64
}

fn search(db: &Database, filter: &str, how: &str) -> Statement {
    let inside = format!("VECTOR INDEX gist FOR $v {filter} {how} LIMIT {K}");
    db.prepare(&format!("MATCH (d:Doc) SEARCH d IN ({inside}) RETURN d.id")).expect("a search")
}

fn main() {
    let n = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(N);
    println!("attendb {}, {D} numbers, seed {SEED}, best {K} of {QUERIES} queries", env!("CARGO_PKG_VERSION"));
    exact_scans(n.saturating_mul(SCANNED / N));
    let mut clumps = Clumps::new(SEED);
    let vectors: Vec<Vec<f32>> = (0..n).map(|_| clumps.draw()).collect();
    let queries: Vec<Value> = (0..QUERIES).map(|_| value(&clumps.draw())).collect();
    let db = memory();
    db.execute("CREATE CONSTRAINT FOR (d:Doc) REQUIRE d.id IS UNIQUE", ()).expect("a constraint");
    db.execute(&format!("CREATE EMBEDDING gist FOR (d:Doc) ON d.vec DIMENSION {D} INDEX HNSW"), ()).expect("a space");
    create(&db, 0, &vectors);
    db.checkpoint().expect("a checkpoint");
    println!("\n{n} vectors: index made in {:.1} s of one thread", settle(&db).as_secs_f64());
    let (truth, time) = measure(&search(&db, "", "EXACT"), &queries[..100]);
    println!("| exact, one query | {:.2} ms |", time.as_secs_f64() * 1e3);
    let all = measure(&search(&db, "", "EXACT"), &queries).0;
    assert_eq!(&all[..100], truth, "the same again");
    for breadth in [10, 16, 24, 32, 48, 64, 96, 128, 192, 256] {
        let (found, time) = measure(&search(&db, "", &format!("BREADTH {breadth}")), &queries);
        println!(
            "| breadth {breadth} | recall {:.4} | {:.0} queries/s |",
            recall(&found, &all),
            1.0 / time.as_secs_f64()
        );
    }
    filters(&db, &vectors, &mut clumps);
    changes(&db, vectors, &mut clumps);
}

fn exact_scans(n: usize) {
    for storage in ["F32", "INT8"] {
        let db = memory();
        let space = format!("CREATE EMBEDDING gist FOR (d:Doc) ON d.vec DIMENSION {D} STORAGE {storage}");
        db.execute(&space, ()).expect("a space");
        let mut random = Random(SEED);
        for first in (0..n).step_by(ROWS) {
            let some: Vec<Vec<f32>> =
                (0..ROWS.min(n - first)).map(|_| (0..D).map(|_| random.normal()).collect()).collect();
            create(&db, first, &some);
            if first / ROWS % 20 == 19 {
                db.checkpoint().expect("a checkpoint");
            }
        }
        db.checkpoint().expect("a checkpoint");
        let queries: Vec<Value> =
            (0..5).map(|_| value(&(0..D).map(|_| random.normal()).collect::<Vec<f32>>())).collect();
        let (_, time) = measure(&search(&db, "", ""), &queries);
        println!("| query: exact scan of {n} × {D}, {storage}, top {K} | {:.1} ms |", time.as_secs_f64() * 1e3);
    }
}

/// Filters that take one in a hundred and one in ten, by chance and against the query.
fn filters(db: &Database, vectors: &[Vec<f32>], clumps: &mut Clumps) {
    let queries: Vec<Vec<f32>> = (0..100).map(|_| clumps.draw()).collect();
    for (name, filter) in [("1 %", "WHERE d.rare = 7"), ("10 %", "WHERE d.rare < 10")] {
        report(db, name, filter, &queries.iter().map(|query| value(query)).collect::<Vec<_>>());
    }
    // Of the documents that are least like the first query: others are asked that are about as far from them.
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let mut order: Vec<usize> = (0..vectors.len()).collect();
    order.sort_by(|a, b| dot(&vectors[*a], &queries[0]).total_cmp(&dot(&vectors[*b], &queries[0])));
    for part in [100, 10] {
        let far: Vec<Value> = order[..vectors.len() / part].iter().map(|id| Value::from(*id as i64)).collect();
        for some in far.chunks(ROWS) {
            let text = format!("UNWIND $ids AS id MATCH (d:Doc {{id: id}}) SET d.far{part} = true");
            db.execute(&text, params! { "ids": Value::list(some.iter().cloned()) }).expect("set");
        }
        db.checkpoint().expect("a checkpoint");
        let mut near: Vec<&Vec<f32>> = queries.iter().collect();
        near.sort_by(|a, b| dot(b, &queries[0]).total_cmp(&dot(a, &queries[0])));
        let queries: Vec<Value> = near[..50].iter().map(|query| value(query)).collect();
        report(db, &format!("{} % farthest", 100 / part), &format!("WHERE d.far{part}"), &queries);
    }
}

fn report(db: &Database, name: &str, filter: &str, queries: &[Value]) {
    let (truth, exact) = measure(&search(db, filter, "EXACT"), queries);
    let (found, time) = measure(&search(db, filter, ""), queries);
    let fewer = found.iter().filter(|found| found.len() < K).count();
    println!(
        "| filter {name} | recall {:.4} | {:.3} ms, exact {:.3} ms | fewer than {K}: {fewer} |",
        recall(&found, &truth),
        time.as_secs_f64() * 1e3,
        exact.as_secs_f64() * 1e3
    );
}

/// Many changes; then a search for each vector there is.
fn changes(db: &Database, vectors: Vec<Vec<f32>>, clumps: &mut Clumps) {
    let mut vectors: Vec<Option<Vec<f32>>> = vectors.into_iter().map(Some).collect();
    let mut random = Random(SEED + 1);
    let n_changes = CHANGES.min(vectors.len());
    let mut background = Duration::ZERO;
    let start = worked();
    for _ in 0..n_changes / CHANGES_AT_ONCE {
        let mut tx = db.write().expect("a transaction");
        for _ in 0..CHANGES_AT_ONCE {
            let at = random.below(vectors.len() as u64) as usize;
            let what = random.below(4);
            if what == 0 || vectors[at].is_none() {
                let vector = clumps.draw();
                let params = params! { "id": vectors.len() as i64, "v": value(&vector) };
                tx.execute("CREATE (:Doc {id: $id, vec: $v})", params).expect("created");
                vectors.push(Some(vector));
            } else if what == 1 {
                tx.execute("MATCH (d:Doc {id: $id}) DELETE d", params! { "id": at as i64 }).expect("deleted");
                vectors[at] = None;
            } else {
                let vector = clumps.draw();
                let params = params! { "id": at as i64, "v": value(&vector) };
                tx.execute("MATCH (d:Doc {id: $id}) SET d.vec = $v", params).expect("set");
                vectors[at] = Some(vector);
            }
        }
        tx.commit().expect("committed");
        let before = worked();
        db.step(Duration::from_millis(20)).expect("background work");
        background += worked() - before;
    }
    let took = worked() - start - background;
    let statement = search(db, "", "");
    let lost = |every: usize| {
        let living =
            (0..).zip(&vectors).filter_map(|(id, vector): (i64, _)| vector.as_ref().map(|vector| (id, vector)));
        let mut n = 0;
        let lost = living.step_by(every).filter(|(id, vector)| {
            n += 1;
            !ids(&statement, &value(vector)).contains(id)
        });
        let lost = lost.count();
        (lost, n)
    };
    let (unsettled, of) = lost(100);
    background += settle(db);
    let (settled, n) = lost(1);
    println!(
        "| {n_changes} inserts, updates and deletes ({:.1} s, index {:.1} s): not found before the index had followed | \
         {unsettled} of {of} |",
        took.as_secs_f64(),
        background.as_secs_f64()
    );
    println!("| - and after | {settled} of {n} |");
}
