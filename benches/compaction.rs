//! What compaction costs others, what it gives back, and what a chatty source can do.
//!
//! `cargo bench --bench compaction` prints a table; `-- 20000` takes a graph of so many entities. The world is seeded.
//!
//! - Queries (two hops, ATTEND, top 10) and commits are timed one by one, first alone, then while another thread lets the
//!   database compact itself by a policy, over and over (each time with news); medians, 99 % and the worst.
//! - *Noticing* is the time of a query that notes what it attends to, over that of the same query that does not, in turns.
//! - *Shrink* compares the blocks of the graph (of a dump's relationships nothing is counted that is in the archive or the
//!   ledger) on disk and in memory before and after a share of the relationships was archived.
//! - *Flood*: a hundred sources ask, one of them six times as often as all others together; how much of the others' first ten
//!   is another after a compaction than without it.

use std::{
    collections::HashSet,
    env, fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use attendb::{Database, Options, QueryOptions, Result, Value, params};

/// Entities, what each knows, numbers of a vector, and the seed.
const N: usize = 20_000;
const KNOWN: usize = 12;
const DIMENSION: usize = 64;
const SEED: u64 = 11;

const RANK: &str = "MATCH (a:E {id: $id})-[:KNOWS*1..2]->(x) ATTEND DISTINCT x IN (FOR a PRIOR 0.5 LIMIT 10) SCORE AS s \
                    RETURN x.id, s";

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn fill(db: &Database, n: usize) -> Result<()> {
    let random = &mut Random(SEED);
    db.execute("CREATE CONSTRAINT FOR (e:E) REQUIRE e.id IS UNIQUE", ())?;
    db.execute(&format!("CREATE EMBEDDING v FOR (e:E) ON e.v DIMENSION {DIMENSION}"), ())?;
    for from in (0..n).step_by(1_000) {
        let rows = (from..n.min(from + 1_000)).map(|id| {
            let numbers = (0..DIMENSION).map(|_| Value::Float(random.below(2_000) as f64 / 1_000.0 - 1.0));
            Value::list([Value::Int(id as i64), Value::list(numbers)])
        });
        db.execute("UNWIND $rows AS row CREATE (:E {id: row[0], v: row[1]})", params! { "rows": Value::list(rows) })?;
    }
    for from in (0..n).step_by(2_000) {
        let pairs = (from..n.min(from + 2_000)).flat_map(|id| {
            let to: HashSet<usize> = (0..KNOWN).map(|_| random.below(n)).collect();
            let mut to: Vec<usize> = to.into_iter().collect();
            to.sort_unstable();
            to.into_iter().map(move |to| Value::list([Value::Int(id as i64), Value::Int(to as i64)]))
        });
        let pairs = Value::list(pairs);
        db.execute(
            "UNWIND $pairs AS p MATCH (a:E {id: p[0]}), (b:E {id: p[1]}) CREATE (a)-[:KNOWS {w: p[1] % 100}]->(b)",
            params! { "pairs": pairs },
        )?;
    }
    db.checkpoint().map(drop)
}

/// How long queries and commits are timed beside compactions.
const DURING: Duration = Duration::from_secs(15);

/// Median, 99 %, worst, in microseconds.
fn quantiles(times: &mut [Duration]) -> [f64; 3] {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    [at(0.5), at(0.99), at(1.0)]
}

fn ask(db: &Database, id: usize, options: &QueryOptions) -> Result<Vec<i64>> {
    let rows: Vec<(i64, f64)> = db.query_with(RANK, params! { "id": id as i64 }, options)?.collect_as()?;
    Ok(rows.into_iter().map(|(id, _)| id).collect())
}

fn noting(source: &str) -> QueryOptions {
    QueryOptions { notice: Some(true), source: Some(source.into()), ..QueryOptions::default() }
}

fn quiet() -> QueryOptions {
    QueryOptions { notice: Some(false), ..QueryOptions::default() }
}

fn beside(n: usize) -> Result<()> {
    let dir = tempfile::tempdir().expect("a directory for the database");
    let options = Options {
        threads: 1,
        background: false,
        compact_every: Some(Duration::ZERO),
        compact_grace: Duration::ZERO,
        // What is to be timed is compacting, and not refusing to.
        replay_queries: 0,
        ..Options::default()
    };
    let db = Database::open_with(dir.path().join("db"), options)?;
    fill(&db, n)?;
    db.execute(
        "CREATE POLICY fading FOR ()-[r:KNOWS]-() WHERE r.w < 20 HALF LIFE duration('PT2S') FLOOR 0.05 ON ACCESS 0.1 \
         PRUNE ALLOWED",
        (),
    )?;
    let random = &mut Random(SEED + 1);
    let time_queries = |n_queries: usize, random: &mut Random| -> Result<Vec<Duration>> {
        (0..n_queries)
            .map(|_| {
                let id = random.below(n);
                let begun = Instant::now();
                ask(&db, id, &quiet())?;
                Ok(begun.elapsed())
            })
            .collect()
    };
    let time_commits = |n_commits: usize, random: &mut Random| -> Result<Vec<Duration>> {
        (0..n_commits)
            .map(|_| {
                let (id, seen) = (random.below(n) as i64, random.below(1 << 30) as i64);
                let begun = Instant::now();
                db.execute("MATCH (e:E {id: $id}) SET e.seen = $seen", params! { "id": id, "seen": seen })?;
                Ok(begun.elapsed())
            })
            .collect()
    };
    time_queries(2_000, random)?;
    let alone = quantiles(&mut time_queries(5_000, random)?);
    let commits_alone = quantiles(&mut time_commits(2_000, random)?);
    let stop = AtomicBool::new(false);
    let (timed, n_steps) = thread::scope(|scope| {
        let compacting = scope.spawn(|| -> Result<u64> {
            let (mut n_steps, mut news) = (0, Random(SEED + 2));
            while !stop.load(Ordering::Relaxed) {
                for _ in 0..20 {
                    ask(&db, news.below(n), &noting("news"))?;
                }
                thread::sleep(Duration::from_millis(1_010));
                n_steps += u64::from(db.step(Duration::from_millis(500))?);
            }
            Ok(n_steps)
        });
        let begun = Instant::now();
        let (mut during, mut commits) = (Vec::new(), Vec::new());
        let (mut queries, mut writes) = (Random(SEED + 1), Random(SEED + 3));
        let done = loop {
            let timed = time_queries(200, &mut queries).and_then(|times| {
                during.extend(times);
                commits.extend(time_commits(40, &mut writes)?);
                Ok(())
            });
            if timed.is_err() || begun.elapsed() >= DURING {
                break timed;
            }
        };
        stop.store(true, Ordering::Relaxed);
        (done.map(|()| (during, commits)), compacting.join().expect("the compacting thread does not panic"))
    });
    let ((mut during, mut commits_during), n_steps) = (timed?, n_steps?);
    let (during, commits_during) = (quantiles(&mut during), quantiles(&mut commits_during));
    let records: Vec<(i64, i64)> = db
        .query("CALL kg.compactions() YIELD kind, changes WHERE kind = 'compaction' RETURN count(*), sum(changes)", ())?
        .collect_as()?;
    println!(
        "\n{n} entities, {} relationships; {n_steps} passes, {} records, {} changes",
        db.status().n_relationships,
        records[0].0,
        records[0].1
    );
    println!("{:34} {:>10} {:>10} {:>10}", "microseconds", "median", "99 %", "worst");
    for (what, [median, late, worst]) in [
        ("a query, alone", alone),
        ("a query, during compaction", during),
        ("a commit, alone", commits_alone),
        ("a commit, during compaction", commits_during),
    ] {
        println!("{what:34} {median:10.1} {late:10.1} {worst:10.1}");
    }
    println!("queries' 99 % during / alone: {:.2}", during[1] / alone[1]);
    println!("commits' 99 % during - alone: {:.2} ms", (commits_during[1] - commits_alone[1]) / 1e3);
    noticing(&db, n)
}

fn noticing(db: &Database, n: usize) -> Result<()> {
    let random = &mut Random(SEED + 4);
    let (with, without) = (noting("me"), quiet());
    let mut ratios = Vec::new();
    for _ in 0..40 {
        let ids: Vec<usize> = (0..250).map(|_| random.below(n)).collect();
        let time = |options: &QueryOptions| -> Result<f64> {
            let begun = Instant::now();
            ids.iter().try_for_each(|id| ask(db, *id, options).map(drop))?;
            Ok(begun.elapsed().as_secs_f64())
        };
        let (before, noted, after) = (time(&without)?, time(&with)?, time(&without)?);
        ratios.push(noted / ((before + after) / 2.0));
        db.take_accesses(usize::MAX);
    }
    ratios.sort_by(f64::total_cmp);
    println!("noticing: {:+.1} % (median of {} turns)", (ratios[ratios.len() / 2] - 1.0) * 100.0, ratios.len());
    Ok(())
}

fn bytes_of(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { bytes_of(&entry.path()) } else { entry.metadata().map_or(0, |of| of.len()) }
            },
        )
        .sum()
}

/// Every block of the graph is read, and so in memory.
fn resident(db: &Database) -> Result<u64> {
    db.execute("MATCH (a)-[r]->(b) WHERE r.w < 0 OR id(startNode(r)) < 0 RETURN count(*)", ())?;
    db.execute("MATCH (a)<-[r]-(b) RETURN count(DISTINCT b)", ())?;
    Ok(db.status().pinned_bytes)
}

fn shrink(n: usize) -> Result<()> {
    println!(
        "\n{:10} {:>16} {:>16} {:>12} {:>12} {:>10}",
        "archived", "memory before", "after", "shrunk by", "0.8 x share", "disk"
    );
    for share in [0.3, 0.5, 0.7, 0.9] {
        let dir = tempfile::tempdir().expect("a directory for the database");
        let path = dir.path().join("db");
        let options = || Options { background: false, ..Options::default() };
        let db = Database::open_with(&path, options())?;
        fill_relationships(&db, n)?;
        db.checkpoint()?;
        db.close()?;
        let db = Database::open_with(&path, options())?;
        let (before, disk_before) = (resident(&db)?, bytes_of(&path));
        db.execute("CALL kg.compact({keepFraction: $keep, reweigh: false})", params! { "keep": 1.0 - share })?;
        let archive: Vec<(i64,)> = db.query("CALL kg.archived() YIELD id RETURN count(*)", ())?.collect_as()?;
        // Two checkpoints: blocks that the older root names stay until it goes.
        for _ in 0..3 {
            db.execute("MATCH (e:E {id: 0}) SET e.x = rand()", ())?;
            db.checkpoint()?;
        }
        db.close()?;
        let db = Database::open_with(&path, options())?;
        let (after, disk_after) = (resident(&db)?, bytes_of(&path));
        println!(
            "{:10} {before:16} {after:16} {:>11.1}% {:>11.1}% {:>5.1} MB -> {:.1} MB",
            archive[0].0,
            (1.0 - after as f64 / before as f64) * 100.0,
            share * 80.0,
            disk_before as f64 / 1e6,
            disk_after as f64 / 1e6
        );
    }
    Ok(())
}

fn fill_relationships(db: &Database, n: usize) -> Result<()> {
    let random = &mut Random(SEED);
    db.execute("UNWIND range(0, $n - 1) AS i CREATE (:E {id: i})", params! { "n": n as i64 })?;
    db.execute("CREATE CONSTRAINT FOR (e:E) REQUIRE e.id IS UNIQUE", ())?;
    for from in (0..n).step_by(2_000) {
        let pairs = (from..n.min(from + 2_000)).flat_map(|id| {
            let to: Vec<usize> = (0..KNOWN).map(|_| random.below(n)).collect();
            to.into_iter().map(move |to| Value::list([Value::Int(id as i64), Value::Int(to as i64)]))
        });
        let pairs = Value::list(pairs);
        db.execute(
            "UNWIND $pairs AS p MATCH (a:E {id: p[0]}), (b:E {id: p[1]}) CREATE (a)-[:KNOWS {w: p[1] % 100}]->(b)",
            params! { "pairs": pairs },
        )?;
    }
    Ok(())
}

/// Returns the first ten of each of the quiet sources' queries after a compaction.
fn after(n: usize, flood: bool) -> Result<Vec<Vec<i64>>> {
    let db = Database::memory_with(Options { threads: 1, background: false, replay_queries: 0, ..Options::default() })?;
    fill(&db, n)?;
    let random = &mut Random(SEED + 5);
    let own: Vec<Vec<usize>> = (0..100).map(|_| (0..3).map(|_| random.below(n)).collect()).collect();
    for _ in 0..5 {
        for (source, ids) in own.iter().enumerate() {
            ids.iter().try_for_each(|id| ask(&db, *id, &noting(&format!("s{source}"))).map(drop))?;
        }
        if flood {
            // Six times all others, within the neighbourhoods that the others ask for.
            for at in 0..6 * 300 {
                let id = own[at % 100][at % 3];
                let near: Vec<(i64,)> = db
                    .query("MATCH (:E {id: $id})-[:KNOWS]->(x) RETURN x.id LIMIT 1", params! { "id": id as i64 })?
                    .collect_as()?;
                ask(&db, near.first().map_or(0, |(id,)| *id as usize), &noting("chatty"))?;
            }
        }
        db.execute("CALL kg.compact({keepFraction: 1.0})", ())?;
    }
    own.iter().map(|ids| ask(&db, ids[0], &quiet())).collect()
}

fn flood(n: usize) -> Result<()> {
    let (without, with) = (after(n, false)?, after(n, true)?);
    let pairs = without.iter().zip(&with);
    let moved: f64 =
        pairs.map(|(a, b)| 1.0 - a.iter().filter(|id| b.contains(id)).count() as f64 / a.len().max(1) as f64).sum();
    println!("\nflood: {:.2} % of the others' first ten are others", moved / without.len() as f64 * 100.0);
    Ok(())
}

fn main() -> Result<()> {
    let n = env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(N);
    println!("seed {SEED}, {} threads", thread::available_parallelism().map_or(0, usize::from));
    beside(n)?;
    shrink(n)?;
    flood(n / 10)
}
