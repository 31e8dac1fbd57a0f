//! The attention kernels on one core, beside plain loops that the compiler vectorises for itself, in the same run: a group
//! of candidates in the caches, candidates anywhere in memory beyond the caches, and scans of a block. Answers are asserted
//! against the plain loops before anything is timed. The plain scans are of dot products, of `f32` where the kernel's are of
//! halves.
//!
//! `cargo bench --bench attention` prints, after criterion's own lines, a table of medians.

use std::{
    cell::RefCell,
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::Criterion;

// The kernels are no part of the interface; they know nothing of the rest, so they are compiled here once more.
#[path = "../src/attention/mod.rs"]
#[allow(dead_code, unused_imports, reason = "not every kernel is measured")]
mod attention;
#[path = "../src/model/number.rs"]
mod number;

/// What the kernels know of the model.
mod model {
    pub(crate) use crate::number::{half_from_f32, half_to_f32, quantize};
}

use attention::{
    Attention, Block, Metric, Path, Question, RERANK_FACTOR, Ranked, Rows, Space, half_from_f32, quantize, rerank,
    scan, similarities, softmax, top,
};

/// Rows in memory, their dimensions, and the seed.
const ROWS: usize = 1_000_000;
const DIMENSION: usize = 128;
const SEED: u64 = 7;

/// Candidates of a question, and how many different questions are asked in turn: all of them touch more than any cache holds.
const CANDIDATES: usize = 1_000;
const QUESTIONS: usize = 500;

/// The group in the caches.
const HOT_HEADS: usize = 8;
const HOT_DIMENSION: usize = 512;
const HOT_CANDIDATES: usize = 50;

/// What is asked for, and how many of it codes must find.
const BEST: usize = 10;
const FOUND_MIN: f64 = 0.99;

struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ x >> 31
    }

    fn vector(&mut self, d: usize) -> Vec<f32> {
        (0..d).map(|_| (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

struct World {
    numbers: Vec<f32>,
    halves: Vec<u16>,
    codes: Vec<i8>,
    scales: Vec<f32>,
    queries: Vec<Vec<f32>>,
    /// The candidates of each question.
    candidates: Vec<Vec<u32>>,
}

impl World {
    fn new() -> Self {
        let mut random = Random(SEED);
        let numbers = random.vector(ROWS * DIMENSION);
        let halves = numbers.iter().map(|x| half_from_f32(*x)).collect();
        let mut codes = vec![0; numbers.len()];
        let rows = numbers.chunks_exact(DIMENSION).zip(codes.chunks_exact_mut(DIMENSION));
        let scales = rows.map(|(row, codes)| quantize(row, codes)).collect();
        let queries = (0..QUESTIONS).map(|_| random.vector(DIMENSION)).collect();
        let mut some = || (0..CANDIDATES).map(|_| (random.bits() % ROWS as u64) as u32).collect();
        let candidates = (0..QUESTIONS).map(|_| some()).collect();
        Self { numbers, halves, codes, scales, queries, candidates }
    }

    fn row(&self, at: u32) -> &[f32] {
        &self.numbers[at as usize * DIMENSION..][..DIMENSION]
    }

    fn rows<'a, T>(&self, numbers: &'a [T], question: usize) -> Vec<&'a [T]> {
        self.candidates[question].iter().map(|at| &numbers[*at as usize * DIMENSION..][..DIMENSION]).collect()
    }
}

/// One line of the table.
struct Line {
    name: String,
    /// Seconds, and what one is divided into.
    kernel: f64,
    plain: f64,
    parts: f64,
    unit: &'static str,
}

struct Bench {
    criterion: Criterion,
    lines: Vec<Line>,
}

impl Bench {
    /// Measures a kernel and its plain twin: `prepare` is not timed, `calls` go into one reading of the clock.
    fn line<P>(
        &mut self,
        (name, unit, parts): (&str, &'static str, f64),
        calls: u32,
        prepare: impl Fn(usize) -> P,
        mut kernel: impl FnMut(&P),
        mut plain: impl FnMut(&P),
    ) {
        let kernel = self.median(&format!("{name}, kernel"), calls, &prepare, &mut kernel);
        let plain = self.median(&format!("{name}, plain"), calls, &prepare, &mut plain);
        if let (Some(kernel), Some(plain)) = (kernel, plain) {
            self.lines.push(Line { name: name.to_owned(), kernel, plain, parts, unit });
        }
    }

    /// Returns the median of a run in seconds; nothing where the command line leaves it out.
    fn median<P>(
        &mut self,
        name: &str,
        calls: u32,
        prepare: impl Fn(usize) -> P,
        run: &mut impl FnMut(&P),
    ) -> Option<f64> {
        let times = RefCell::new(Vec::new());
        let mut turn = 0;
        self.criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                (0..iterations).fold(Duration::ZERO, |sum, _| {
                    turn += 1;
                    let prepared = prepare(turn % QUESTIONS);
                    let start = Instant::now();
                    (0..calls).for_each(|_| run(black_box(&prepared)));
                    let took = start.elapsed() / calls;
                    times.borrow_mut().push(took);
                    sum + took
                })
            });
        });
        let mut times = times.into_inner();
        times.sort_unstable();
        times.get(times.len() / 2).map(Duration::as_secs_f64)
    }

    fn print(&self) {
        println!("\n{:44} {:>12} {:>12} {:>8}", "median", "kernel", "plain loop", "ratio");
        for Line { name, kernel, plain, parts, unit } in &self.lines {
            let factor = if unit.starts_with("ms") {
                1e3
            } else if unit.starts_with("µs") {
                1e6
            } else {
                1e9
            } / parts;
            let (kernel, plain) = (kernel * factor, plain * factor);
            println!("{name:44} {kernel:>12.2} {plain:>12.2} {:>8.1}  {unit}", plain / kernel);
        }
    }
}

/// Plain loops over lanes: what one writes without instructions of one's own.
mod plain {
    const LANES: usize = 16;

    pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
        let mut lanes = [0.0; LANES];
        for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
            for lane in 0..LANES {
                lanes[lane] += a[lane] * b[lane];
            }
        }
        lanes.iter().sum()
    }

    pub(crate) fn dot_halves(a: &[f32], b: &[u16]) -> f32 {
        let mut lanes = [0.0; LANES];
        for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
            for lane in 0..LANES {
                lanes[lane] += a[lane] * super::attention::half_to_f32(b[lane]);
            }
        }
        lanes.iter().sum()
    }

    pub(crate) fn dot_codes(a: &[i8], b: &[i8]) -> i32 {
        a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
    }

    pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    pub(crate) fn softmax(logits: &[f32], weights: &mut [f32]) {
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        weights.iter_mut().zip(logits).for_each(|(weight, z)| *weight = (z - top).exp());
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
    }

    /// The best few, by a sort of all.
    pub(crate) fn top(scores: &[f32], k: usize) -> Vec<(usize, f32)> {
        let mut order: Vec<(usize, f32)> = scores.iter().copied().enumerate().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        order.truncate(k);
        order
    }
}

/// A group in the caches: heads, softmax, mean over the heads, the best ten.
fn hot(bench: &mut Bench) {
    let mut random = Random(SEED);
    let query = random.vector(HOT_DIMENSION);
    let rows: Vec<Vec<f32>> = (0..HOT_CANDIDATES).map(|_| random.vector(HOT_DIMENSION)).collect();
    let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    let spaces =
        [Space { metric: Metric::Dot, weight: 1.0, gain: 0.125, query: &query, folded: None, rows: Rows::F32(&rows) }];
    let question = question(HOT_CANDIDATES, HOT_HEADS, &spaces);
    let mut attention = Attention::default();
    let kernel = |attention: &mut Attention| {
        attention.answer(Path::best(), black_box(&question));
        attention.top(BEST)
    };
    let width = HOT_DIMENSION / HOT_HEADS;
    let plain = || {
        let mut mean = vec![0.0; rows.len()];
        let mut weights = vec![0.0; rows.len()];
        for h in 0..HOT_HEADS {
            let slice = |row: &[f32]| plain::dot(&query[h * width..][..width], &row[h * width..][..width]) * 0.125;
            let logits: Vec<f32> = rows.iter().map(|row| slice(row)).collect();
            plain::softmax(&logits, &mut weights);
            mean.iter_mut().zip(&weights).for_each(|(mean, weight)| *mean += weight / HOT_HEADS as f32);
        }
        plain::top(&mean, BEST)
    };
    assert_same(&kernel(&mut attention), &plain());
    let line = ("8 heads x 64, 50 candidates, top 10, hot", "µs", 1.0);
    bench.line(line, 50, |_| (), |()| drop(black_box(kernel(&mut attention))), |()| drop(black_box(plain())));
    let logits: Vec<f32> = random.vector(CANDIDATES);
    let (mut ours, mut theirs) = (vec![0.0; CANDIDATES], vec![0.0; CANDIDATES]);
    let line = ("softmax of 1,000", "ns a logit", CANDIDATES as f64);
    bench.line(
        line,
        20,
        |_| (),
        |()| softmax(Path::best(), &logits, &mut ours),
        |()| plain::softmax(&logits, &mut theirs),
    );
    let line = ("top 10 of 1,000", "ns a score", CANDIDATES as f64);
    bench.line(
        line,
        20,
        |_| (),
        |()| drop(black_box(top(&logits, BEST))),
        |()| drop(black_box(plain::top(&logits, BEST))),
    );
}

/// Candidates anywhere in memory.
fn gathered(bench: &mut Bench, world: &World) {
    let path = Path::best();
    let mut attention = Attention::default();
    let mut exact = |query: &[f32], rows: Rows<'_>| {
        let spaces = [Space { metric: Metric::Cosine, weight: 1.0, gain: 11.0, query, folded: None, rows }];
        attention.answer(path, &question(rows.len(), 1, &spaces));
        attention.top(BEST)
    };
    let mut scores = vec![0.0; CANDIDATES];
    let mut coded = |question: usize, codes: &[&[i8]], scales: &[f32]| {
        let query = &world.queries[question];
        similarities(path, Metric::Cosine, query, Rows::I8 { codes, scales }, &mut scores);
        let rough = top(&scores, RERANK_FACTOR * BEST);
        let row = |at: u32| world.row(world.candidates[question][at as usize]);
        rerank(path, Metric::Cosine, query, &rough, row, BEST)
    };
    let plain = |cosine: &dyn Fn(usize) -> f32| {
        let logits: Vec<f32> = (0..CANDIDATES).map(|at| cosine(at) * 11.0).collect();
        let mut weights = vec![0.0; logits.len()];
        plain::softmax(&logits, &mut weights);
        plain::top(&weights, BEST)
    };

    let mut found = 0;
    for question in 0..QUESTIONS {
        let (query, rows) = (&world.queries[question], world.rows(&world.numbers, question));
        let want = plain(&|at| plain::cosine(query, rows[at]));
        assert_same(&exact(query, Rows::F32(&rows)), &want);
        let scales: Vec<f32> = world.candidates[question].iter().map(|at| world.scales[*at as usize]).collect();
        let got = coded(question, &world.rows(&world.codes, question), &scales);
        let same = |ranked: &&Ranked| want.iter().any(|(at, _)| *at == ranked.index as usize);
        found += got.iter().filter(same).count();
    }
    let found = found as f64 / (QUESTIONS * BEST) as f64;
    println!("codes and a rerank find {:.2} % of the best {BEST}", found * 100.0);
    assert!(found >= FOUND_MIN);

    let each = CANDIDATES as f64;
    bench.line(
        ("1,000 gathered, 128 d, f32", "ns each", each),
        1,
        |turn| (turn, world.rows(&world.numbers, turn)),
        |(turn, rows)| drop(black_box(exact(&world.queries[*turn], Rows::F32(rows)))),
        |(turn, rows)| {
            let query = &world.queries[*turn];
            drop(black_box(plain(&|at| plain::cosine(query, rows[at]))));
        },
    );
    bench.line(
        ("1,000 gathered, 128 d, f16", "ns each", each),
        1,
        |turn| (turn, world.rows(&world.halves, turn)),
        |(turn, rows)| drop(black_box(exact(&world.queries[*turn], Rows::F16(rows)))),
        |(turn, rows)| {
            let query = &world.queries[*turn];
            drop(black_box(plain(&|at| plain::dot_halves(query, rows[at]))));
        },
    );
    bench.line(
        ("1,000 gathered, 128 d, int8 + f32 rerank", "ns each", each),
        1,
        |turn| {
            let scales: Vec<f32> = world.candidates[turn].iter().map(|at| world.scales[*at as usize]).collect();
            let mut query = vec![0; DIMENSION];
            quantize(&world.queries[turn], &mut query);
            (turn, world.rows(&world.codes, turn), scales, query)
        },
        |(turn, rows, scales, _)| drop(black_box(coded(*turn, rows, scales))),
        |(turn, rows, scales, query)| {
            let scores: Vec<f32> =
                rows.iter().zip(scales).map(|(row, s)| plain::dot_codes(query, row) as f32 * s).collect();
            let rough = plain::top(&scores, RERANK_FACTOR * BEST);
            let exact =
                |(at, _): &(usize, f32)| plain::cosine(&world.queries[*turn], world.row(world.candidates[*turn][*at]));
            let scores: Vec<f32> = rough.iter().map(exact).collect();
            drop(black_box(plain::top(&scores, BEST)));
        },
    );
}

/// Blocks from end to end, and the best ten.
fn scans(bench: &mut Bench, world: &World) {
    let path = Path::best();
    let mut scores = vec![0.0; ROWS];
    let mut kernel = |metric: Metric, query: &[f32], block: Block<'_>| {
        scan(path, metric, query, block, None, &mut scores);
        top(&scores, BEST)
    };
    let query = &world.queries[0];
    let mut query_codes = vec![0; DIMENSION];
    let query_scale = quantize(query, &mut query_codes);
    let floats = || {
        let scores: Vec<f32> = world.numbers.chunks_exact(DIMENSION).map(|row| plain::dot(query, row)).collect();
        plain_best(&scores)
    };
    let codes = || {
        let rows = world.codes.chunks_exact(DIMENSION).zip(&world.scales);
        let scores: Vec<f32> =
            rows.map(|(row, scale)| plain::dot_codes(&query_codes, row) as f32 * scale * query_scale).collect();
        plain_best(&scores)
    };
    let (numbers, halves) = (Block::F32(&world.numbers), Block::F16(&world.halves));
    let coded = Block::I8 { codes: &world.codes, scales: &world.scales };
    assert_same(&kernel(Metric::Dot, query, numbers), &floats());
    assert_same(&kernel(Metric::Dot, query, coded), &codes());

    let line = ("scan of 1 M x 128, f32, dot, top 10", "ms", 1.0);
    bench.line(
        line,
        1,
        |_| (),
        |()| drop(black_box(kernel(Metric::Dot, query, numbers))),
        |()| drop(black_box(floats())),
    );
    let line = ("scan of 1 M x 128, f32, cosine, top 10", "ms", 1.0);
    bench.line(
        line,
        1,
        |_| (),
        |()| drop(black_box(kernel(Metric::Cosine, query, numbers))),
        |()| drop(black_box(floats())),
    );
    let line = ("scan of 1 M x 128, f16, dot, top 10", "ms", 1.0);
    bench.line(
        line,
        1,
        |_| (),
        |()| drop(black_box(kernel(Metric::Dot, query, halves))),
        |()| drop(black_box(floats())),
    );
    let line = ("scan of 1 M x 128, int8, dot, top 10", "ms", 1.0);
    bench.line(line, 1, |_| (), |()| drop(black_box(kernel(Metric::Dot, query, coded))), |()| drop(black_box(codes())));
    let line = ("scan of 1 M x 128, int8, cosine, top 10", "ms", 1.0);
    bench.line(
        line,
        1,
        |_| (),
        |()| drop(black_box(kernel(Metric::Cosine, query, coded))),
        |()| drop(black_box(codes())),
    );
}

/// Returns the best few of many by one pass, so that the plain scan is not charged with a sort of a million.
fn plain_best(scores: &[f32]) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::new();
    for (at, score) in scores.iter().enumerate() {
        if best.len() < BEST || *score > best[BEST - 1].1 {
            let place = best.partition_point(|(_, kept)| kept >= score);
            best.insert(place, (at, *score));
            best.truncate(BEST);
        }
    }
    best
}

fn question<'a>(candidates: usize, heads: usize, spaces: &'a [Space<'a>]) -> Question<'a> {
    Question {
        candidates,
        heads,
        spaces,
        temperature: 1.0,
        prior: 0.0,
        saliences: &[],
        biases: &[],
        boosts: &[],
        selection: None,
        similarity_min: None,
    }
}

/// The kernels add in another order than the loops: neighbours whose scores are as good as equal may change places.
fn assert_same(got: &[Ranked], want: &[(usize, f32)]) {
    assert_eq!(got.len(), want.len());
    for (got, (_, score)) in got.iter().zip(want) {
        assert!((got.score - score).abs() <= 1e-5 * score.abs(), "{got:?} is not {score}");
    }
}

fn main() {
    let criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .without_plots()
        .configure_from_args();
    let mut bench = Bench { criterion, lines: Vec::new() };
    hot(&mut bench);
    let world = World::new();
    gathered(&mut bench, &world);
    scans(&mut bench, &world);
    bench.print();
}
