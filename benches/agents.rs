//! A frame of a game: many agents that each ask what matters of what they know, one relationship away.
//!
//! `cargo bench --bench agents` prints a table; `cargo bench --bench agents -- 200` takes 200 frames of each kind. Agents and
//! their questions differ from frame to frame; a sample of answers is compared with plain loops before anything is timed.
//! `while events are written`: another thread commits events (a relationship and a property each) all the while.
//! *Own* is the time the asking thread itself was given, which other work on the machine does not lengthen.

use std::{
    env,
    hint::black_box,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use attendb::{
    AttendSpec, Database, Options, Params, QueryOptions, Result, Value,
    model::{Direction, NodeId},
    params,
};

/// Agents of the world, what each knows, numbers of a vector, and the seed.
const NPCS: usize = 10_000;
const KNOWN: usize = 16;
const DIMENSION: usize = 384;
const SEED: u64 = 7;

/// Agents that ask in a large frame, and in a small one; how many they want.
const LARGE: usize = 1_000;
const SMALL: usize = 50;
const TOP: usize = 5;

/// Frames of each kind, unless the command line says otherwise.
const FRAMES: usize = 2_000;

/// Between two events.
const EVENT_EVERY: Duration = Duration::from_micros(500);

struct World {
    db: Database,
    vectors: Vec<f32>,
    known: Vec<u32>,
    specs: Vec<AttendSpec>,
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn world(threads: usize) -> Result<World> {
    let random = &mut Random(SEED);
    let vectors: Vec<f32> = (0..NPCS * DIMENSION).map(|_| random.below(1_000_000) as f32 / 500_000.0 - 1.0).collect();
    let mut known = Vec::with_capacity(NPCS * KNOWN);
    for id in 0..NPCS {
        let from = known.len();
        while known.len() < from + KNOWN {
            let other = random.below(NPCS) as u32;
            if other as usize != id && !known[from..].contains(&other) {
                known.push(other);
            }
        }
    }
    let db = Database::memory_with(Options { threads, ..Options::default() })?;
    db.execute("CREATE CONSTRAINT FOR (n:Npc) REQUIRE n.id IS UNIQUE", ())?;
    db.execute(&format!("CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION {DIMENSION}"), ())?;
    let vector = |id: usize| numbers(&vectors[id * DIMENSION..][..DIMENSION]);
    for from in (0..NPCS).step_by(1_000) {
        let rows = (from..from + 1_000).map(|id| Value::list([Value::Int(id as i64), vector(id)]));
        db.execute(
            "UNWIND $rows AS row CREATE (:Npc {id: row[0], vec: row[1]})",
            params! { "rows": Value::list(rows) },
        )?;
    }
    let pairs = known
        .iter()
        .enumerate()
        .map(|(at, to)| Value::list([Value::Int((at / KNOWN) as i64), Value::Int(i64::from(*to))]));
    let text = "UNWIND $pairs AS p MATCH (a:Npc {id: p[0]}), (b:Npc {id: p[1]}) CREATE (a)-[:KNOWS]->(b)";
    db.execute(text, params! { "pairs": Value::list(pairs) })?;
    db.checkpoint()?;
    // Their ids, as nodes were made: agents are kept by id where nothing else is needed.
    let mut ids = vec![NodeId::new(0); NPCS];
    for row in db.query("MATCH (n:Npc) RETURN n.id, id(n)", ())? {
        let (id, node): (usize, u32) = row?.to()?;
        ids[id] = NodeId::new(node);
    }
    let specs = ids.iter().enumerate().map(|(id, node)| {
        let query: Vec<f32> = vectors[id * DIMENSION..][..DIMENSION].iter().map(|x| x + 0.5).collect();
        AttendSpec::node(*node).follow(["KNOWS"], Direction::Out).query_in("text", &query).limit(TOP)
    });
    let specs: Vec<AttendSpec> = specs.collect();
    assert!(specs.iter().all(|spec| spec.statement() == specs[0].statement()));
    Ok(World { db, vectors, known, specs })
}

fn numbers(vector: &[f32]) -> Value {
    Value::list(vector.iter().map(|x| Value::Float(f64::from(*x))))
}

impl World {
    /// The best of what an agent knows, by plain loops.
    fn loops(&self, agent: usize) -> Vec<u32> {
        let vector = |id: usize| &self.vectors[id * DIMENSION..][..DIMENSION];
        let cosine = |a: &[f32], b: &[f32]| {
            let (mut dot, mut left, mut right) = (0.0_f64, 0.0_f64, 0.0_f64);
            for (a, b) in a.iter().zip(b) {
                let (a, b) = (f64::from(*a), f64::from(*b));
                (dot, left, right) = (dot + a * b, left + a * a, right + b * b);
            }
            dot / (left * right).sqrt()
        };
        let query: Vec<f32> = vector(agent).iter().map(|x| x + 0.5).collect();
        let mut scored: Vec<(f64, u32)> =
            self.known[agent * KNOWN..][..KNOWN].iter().map(|id| (cosine(&query, vector(*id as usize)), *id)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.into_iter().take(TOP).map(|(_, id)| id).collect()
    }

    fn check(&self) -> Result<()> {
        let id_of = self.db.prepare("MATCH (n) WHERE id(n) = $id RETURN n.id")?;
        for agent in (0..NPCS).step_by(173) {
            let mut found = Vec::new();
            for one in self.db.attend(&self.specs[agent])? {
                let id = id_of.query(params! { "id": i64::from(one.node.get()) })?.single()?;
                found.push(id.as_int().unwrap_or(-1) as u32);
            }
            assert_eq!(found, self.loops(agent), "agent {agent}");
        }
        Ok(())
    }

    /// Times frames in which `n` agents ask.
    fn frames(&self, n: usize, frames: usize) -> Times {
        let random = &mut Random(SEED + 1);
        let options = QueryOptions { deadline: Some(Duration::from_secs(1)), ..QueryOptions::default() };
        let mut times = Times::default();
        for at in 0..frames + frames / 10 + 1 {
            let asking: Vec<AttendSpec> = (0..n).map(|_| self.specs[random.below(NPCS)].clone()).collect();
            let (begun, own) = (Instant::now(), own_ms());
            let answers = black_box(self.db.attend_many_with(&asking, &options));
            let (wall, own) = (begun.elapsed().as_secs_f64() * 1e3, own_ms() - own);
            assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|ranked| ranked.len() == TOP)));
            // The first are to get warm.
            if at > frames / 10 {
                times.wall.push(wall);
                times.own.push(own);
            }
        }
        times.wall.sort_by(f64::total_cmp);
        times.own.sort_by(f64::total_cmp);
        times
    }
}

/// Milliseconds of frames, ascending.
#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    own: Vec<f64>,
}

/// Returns the milliseconds that this thread has worked.
#[expect(unsafe_code, reason = "the standard library does not tell a thread's own time")]
fn own_ms() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes the time it is given a place for.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn show(name: &str, times: &Times) {
    let at = |times: &[f64], part: f64| times[((times.len() - 1) as f64 * part) as usize];
    let cells = |times: &[f64]| [0.0, 0.5, 0.99, 0.999, 1.0].map(|part| format!("{:.3}", at(times, part))).join(" | ");
    println!("| {name} | {} | {} |", times.wall.len(), cells(&times.wall));
    if !name.ends_with("threads") {
        println!("| - own | {} | {} |", times.own.len(), cells(&times.own));
    }
}

fn main() -> Result<()> {
    let frames = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(FRAMES);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("{NPCS} agents that know {KNOWN} each, {DIMENSION} numbers, the best {TOP}; {cores} cores; ms");
    println!("| frame | frames | least | median | 99 % | 99.9 % | most |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let one = world(1)?;
    one.check()?;
    show(&format!("{LARGE} agents, 1 thread"), &one.frames(LARGE, frames));
    show(&format!("{SMALL} agents, 1 thread"), &one.frames(SMALL, frames * 5));
    let (is_done, db) = (AtomicBool::new(false), &one.db);
    let (times, n_events) = thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<u64> {
            let random = &mut Random(SEED + 2);
            let event = db.prepare(
                "MATCH (a:Npc {id: $a}), (b:Npc {id: $b}) CREATE (a)-[:SAW {at: $at}]->(b) SET a.seen = $at",
            )?;
            let mut n = 0;
            while !is_done.load(Ordering::Relaxed) {
                let (a, b) = (random.below(NPCS) as i64, random.below(NPCS) as i64);
                event.execute(params! { "a": a, "b": b, "at": n })?;
                n += 1;
                thread::sleep(EVENT_EVERY);
            }
            Ok(n as u64)
        });
        let times = one.frames(SMALL, frames * 5);
        is_done.store(true, Ordering::Relaxed);
        (times, writer.join().expect("the writer ends"))
    });
    show(&format!("{SMALL} agents, 1 thread, while {} events are written", n_events?), &times);
    let all = world(0)?;
    show(&format!("{LARGE} agents, {cores} threads"), &all.frames(LARGE, frames));
    let prepared = one.db.prepare(one.specs[0].statement())?;
    let rows = |params: Params| prepared.query(params).map(Iterator::count);
    let begun = Instant::now();
    for spec in one.specs.iter().take(LARGE) {
        black_box(rows(spec.params().clone())?);
    }
    println!("\nthe same {LARGE}, each by its prepared statement: {:.3} ms", begun.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
