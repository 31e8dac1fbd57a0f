//! What a beam over three hops costs in a large graph, beside a hand-written loop that does the same over arrays: the time of one
//! query from each of many different starts, each asked once, so that its neighbourhood is in no cache. The answers are compared first.
//!
//! `cargo bench --bench beam` prints a table of percentiles, by the clock on the wall and by the time that the thread was given:
//! they differ where others want the processor.
//! `BEAM_NODES` sets the number of nodes (ten relationships each) where a
//! million takes too long to load.

use std::{
    env,
    fmt::Write as _,
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

#[path = "../src/bin/crash/campaigns/clock.rs"]
mod clock;

use attendb::{Database, FileAccess, Options, Statement, Value, params};
use clock::thread_time;

/// Nodes where nothing else is said, relationships of each, numbers of a vector, and the seed.
const NODES: usize = 1_000_000;
const DEGREE: usize = 10;
const DIMENSION: usize = 128;
const SEED: u64 = 7;

/// Hops, the width of the beam, and how many paths are wanted.
const HOPS: usize = 3;
const BEAM: usize = 32;
const TOP: usize = 10;

/// Starts that are asked from, none twice; those of the comparison, and those that warm up, are others.
const STARTS: usize = 5_000;
const COMPARED: usize = 200;

/// Nodes of a file of the loader.
const PIECE: usize = 100_000;

struct World {
    _folder: tempfile::TempDir,
    db: Database,
    targets: Vec<u32>,
    vectors: Vec<f32>,
    query: Vec<f32>,
    starts: Vec<u32>,
}

fn world(n_nodes: usize) -> World {
    let mut state = SEED;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let targets: Vec<u32> = (0..n_nodes * DEGREE).map(|_| below(n_nodes as u64) as u32).collect();
    let vectors: Vec<f32> = (0..n_nodes * DIMENSION).map(|_| below(200) as f32 - 100.0).collect();
    let query: Vec<f32> = (0..DIMENSION).map(|_| below(200) as f32 - 100.0).collect();
    let mut starts: Vec<u32> = (0..n_nodes as u32).collect();
    for at in 0..(STARTS + COMPARED).min(n_nodes) {
        let other = at + below((n_nodes - at) as u64) as usize;
        starts.swap(at, other);
    }
    starts.truncate(STARTS + COMPARED);

    let folder = tempfile::tempdir().expect("a temporary directory");
    let options = Options { files: FileAccess::Any, ..Options::default() };
    let db = Database::open_with(folder.path().join("large.kg"), options).expect("a database");
    let run = |text: &str| db.execute(text, ()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let copy = |name: &str, text: String, of: &dyn Fn(&str) -> String| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        run(&of(&path.display().to_string()));
        fs::remove_file(path).expect("it was just written");
    };
    run(&format!("CREATE EMBEDDING text FOR (p:Person) ON p.vec DIMENSION {DIMENSION} METRIC DOT"));
    for from in (0..n_nodes).step_by(PIECE) {
        let mut text = String::new();
        for id in from..n_nodes.min(from + PIECE) {
            write!(text, "{{\"id\":{id},\"vec\":[").expect("a string takes all");
            let row = &vectors[id * DIMENSION..][..DIMENSION];
            row.iter().enumerate().for_each(|(at, x)| {
                write!(text, "{}{x}", if at == 0 { "" } else { "," }).expect("a string takes all");
            });
            text.push_str("]}\n");
        }
        copy("persons.jsonl", text, &|file| format!("COPY Person FROM '{file}' (KEY id)"));
    }
    let mut follows = String::from("from,to\n");
    for (at, to) in targets.iter().enumerate() {
        writeln!(follows, "{},{to}", at / DEGREE).expect("a string takes all");
    }
    copy("follows.csv", follows, &|file| format!("COPY Follows FROM '{file}' (FROM Person, TO Person)"));
    db.checkpoint().expect("a checkpoint");
    World { _folder: folder, db, targets, vectors, query, starts }
}

/// A path of the loop: the log of its score, and the nodes it goes through.
#[derive(Clone, Copy)]
struct Way {
    log: f64,
    nodes: [u32; HOPS + 1],
}

impl World {
    /// Finds the best ends as a program would that has nothing but this to do.
    fn loops(&self, start: u32, gain: f64, logits: &mut Vec<f32>) -> Vec<(f64, u32)> {
        let mut level = vec![Way { log: 0.0, nodes: [start; HOPS + 1] }];
        let mut found = Vec::with_capacity(HOPS * BEAM);
        let mut longer = Vec::with_capacity(BEAM * DEGREE);
        for hop in 1..=HOPS {
            longer.clear();
            for way in &level {
                let targets = &self.targets[way.nodes[hop - 1] as usize * DEGREE..][..DEGREE];
                logits.clear();
                for to in targets {
                    let row = &self.vectors[*to as usize * DIMENSION..][..DIMENSION];
                    let mut sums = [0.0_f32; 16];
                    for (row, query) in row.as_chunks::<16>().0.iter().zip(self.query.as_chunks::<16>().0) {
                        sums.iter_mut().zip(row).zip(query).for_each(|((sum, x), q)| *sum += x * q);
                    }
                    logits.push((f64::from(sums.iter().sum::<f32>()) * gain) as f32);
                }
                let most = logits.iter().copied().fold(f32::MIN, f32::max);
                let total: f32 = logits.iter().map(|z| (z - most).exp()).sum();
                for (to, logit) in targets.iter().zip(&*logits) {
                    let mut way = *way;
                    way.log += f64::from((logit - most).exp() / total).ln();
                    way.nodes[hop..].fill(*to);
                    longer.push(way);
                }
            }
            if longer.len() > BEAM {
                longer.select_nth_unstable_by(BEAM - 1, |a, b| b.log.total_cmp(&a.log));
                longer.truncate(BEAM);
            }
            std::mem::swap(&mut level, &mut longer);
            found.extend(level.iter().map(|way| (way.log.exp(), way.nodes[hop])));
        }
        found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        found.truncate(TOP);
        found
    }
}

fn answer(statement: &Statement, start: u32, query: &Value) -> Vec<(f64, u32)> {
    let rows = statement.query(params! { "id": i64::from(start), "q": query.clone() }).expect("it answers");
    let row = |row: attendb::Result<attendb::Row>| {
        let row = row.expect("it answers");
        (row.values()[1].as_float().expect("a score"), row.values()[0].as_int().expect("an id") as u32)
    };
    rows.map(row).collect()
}

/// Prints percentiles of how long `run` takes from each start.
fn line(name: &str, starts: &[u32], mut run: impl FnMut(u32)) {
    let mut times: Vec<(Duration, Duration)> = Vec::with_capacity(starts.len());
    for &start in starts {
        let (wall, own) = (Instant::now(), thread_time());
        run(start);
        let own = thread_time() - own;
        times.push((wall.elapsed(), own));
    }
    let (mut walls, mut owns): (Vec<_>, Vec<_>) = times.into_iter().unzip();
    for (clock, times) in [("wall", &mut walls), ("own", &mut owns)] {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
        let (p50, p90, p99) = (at(0.5), at(0.9), at(0.99));
        println!("{name:24} {clock:4} {p50:>9.1} {p90:>9.1} {p99:>9.1} {:>9.1} {:>9.1}", at(0.999), at(1.0));
    }
}

fn main() {
    let n_nodes = env::var("BEAM_NODES").ok().and_then(|text| text.parse().ok()).unwrap_or(NODES);
    let started = Instant::now();
    let world = world(n_nodes);
    println!(
        "{n_nodes} nodes, {} relationships, {DIMENSION} numbers a vector, seed {SEED}; loaded in {:.0} s",
        n_nodes * DEGREE,
        started.elapsed().as_secs_f64()
    );
    let query = Value::list(world.query.iter().map(|x| Value::Float(f64::from(*x))));
    let prepare = |text: &str| world.db.prepare(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let unit = prepare("MATCH (p:Person {id: $id}) ATTEND p IN (FOR $q) SIMILARITY AS s, LOGIT AS z RETURN 0, z / s");
    let gain = answer(&unit, 0, &query)[0].0;
    let columns = [
        ("ranked", "SCORE AS s RETURN x.id, s"),
        ("with the hops' weights", "SCORE AS s, HOPS AS h RETURN x.id, s, h"),
        ("explained", "SCORE AS s, WHY AS w RETURN x.id, s, w"),
    ];
    let statements: Vec<(&str, Statement)> = columns
        .into_iter()
        .map(|(name, outputs)| {
            let options = format!("FOR $q BEAM {BEAM} LIMIT {TOP}");
            let text =
                format!("MATCH (:Person {{id: $id}})-[r:Follows*1..{HOPS}]->(x) ATTEND r IN ({options}) {outputs}");
            (name, prepare(&text))
        })
        .collect();
    let (compared, starts) = world.starts.split_at(COMPARED.min(world.starts.len() / 2));
    let mut logits = Vec::new();
    for &start in compared {
        let want = world.loops(start, gain, &mut logits);
        for (name, statement) in &statements {
            let got = answer(statement, start, &query);
            assert_eq!(got.len(), want.len(), "{name}, from {start}");
            // Paths as good as equal may change places.
            for (got, want) in got.iter().zip(&want) {
                assert!((got.0 - want.0).abs() <= 1e-4 * want.0, "{name}, from {start}: {got:?}, not {want:?}");
            }
        }
    }
    println!("{} starts, each once; {HOPS} hops, beam {BEAM}, the best {TOP} paths; microseconds", starts.len());
    println!("{:29} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "p50", "p90", "p99", "p99.9", "most");
    line("loops over arrays", starts, |start| drop(black_box(world.loops(start, gain, &mut logits))));
    for (name, statement) in &statements {
        line(name, starts, |start| drop(black_box(answer(statement, start, &query))));
    }
}
