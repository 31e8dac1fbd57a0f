//! What would have been missed: of real logs, how many of the later accesses go to relationships that are still there after
//! forgetting most of them.
//!
//! ```text
//! cargo run --release --example forget -- --data DIR [--only wikispeedia|icews14|movielens]
//! ```
//!
//! DIR holds `usage/wikispeedia`, `tkg/icews14`, `usage/movielens-small` and `qa/metaqa` (public data; where from, `logs.rs`
//! says). Of each log the earlier part is learnt from and the later part (`LATER`) judged on. AttenDB loads the graph, replays
//! the earlier part (`COPY ACCESS LOG`) and is asked what it would keep (`kg.compact({keepFraction, dryRun: true})`), with one
//! configuration for all logs: the default. The simple policies (`simple.rs`) see the same earlier part. Ties are broken by a
//! seeded shuffle. Where AttenDB is said to be better, that is by a paired bootstrap over those who asked (or days, where
//! nobody is named): `p` is the share of resamples in which it is not.

mod asked;
mod logs;
mod simple;

use std::{collections::HashMap, env, error::Error, path::PathBuf, process, time::Instant};

use logs::Log;

/// The shares of relationships that are kept.
const KEEP: [f64; 4] = [0.1, 0.2, 0.3, 0.5];
/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;
/// Of ties, random survival and resamples.
const SEED: u64 = 20;

fn main() {
    let (mut data, mut only) = (None, None);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--data", Some(folder)) => data = Some(PathBuf::from(folder)),
            ("--only", Some(name)) => only = Some(name),
            (other, _) => {
                eprintln!("{other}: not known, or without a value; known are --data DIR and --only LOG");
                process::exit(2);
            }
        }
    }
    let Some(data) = data else {
        eprintln!(
            "--data DIR is missing: the folder with usage/wikispeedia, tkg/icews14, usage/movielens-small, qa/metaqa"
        );
        process::exit(2);
    };
    println!("{}; seed {SEED}, {RESAMPLES} resamples", machine());
    type Read = fn(&std::path::Path) -> Result<Log, Box<dyn Error>>;
    let all: [(&str, Read); 3] =
        [("wikispeedia", logs::wikispeedia), ("icews14", logs::icews14), ("movielens", logs::movielens)];
    if let Some(only) = &only
        && all.iter().all(|(name, _)| name != only)
    {
        eprintln!("--only {only}: no such log; there are wikispeedia, icews14 and movielens");
        process::exit(2);
    }
    for (name, read) in all {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        if let Err(error) = read(&data).and_then(|log| report(name, &log)) {
            eprintln!("{name}: {error}");
            process::exit(1);
        }
    }
}

/// Prints the table of a log.
fn report(name: &str, log: &Log) -> Result<(), Box<dyn Error>> {
    let (n, known, later) = (log.rels.len(), log.earlier.len(), log.later.len());
    println!(
        "\n{name}: {n} relationships, learnt from {known} accesses, judged on the {later} later ones ({})",
        log.split
    );
    let begin = Instant::now();
    let ours = asked::kept(log, &KEEP)?;
    let seconds = begin.elapsed().as_secs_f64();
    let ours: Vec<Vec<bool>> = ours.iter().map(|kept| survives(log, |rel| kept[rel])).collect();
    println!("{:<30} {}", "kept", KEEP.map(|keep| format!("{:>13.0} %", keep * 100.0)).concat());
    let cells: String = ours.iter().map(|ours| format!("{:>15.3}", share(ours))).collect();
    println!("{:<30} {cells}   ({seconds:.1} s with loading)", "AttenDB");
    for (policy, scores) in simple::all(log, SEED) {
        let rank = ranks(&scores, SEED);
        let cells = KEEP.iter().zip(&ours).map(|(keep, ours)| {
            let room = (n as f64 * keep).round() as usize;
            let theirs = survives(log, |rel| rank[rel] < room);
            let p = not_better(log, ours, &theirs);
            let told = if p < 0.001 { "p<.001".to_owned() } else { format!("p={p:.3}").replace("0.", ".") };
            format!("{:>7.3} {told:<7}", share(&theirs))
        });
        println!("{policy:<30} {}", cells.collect::<String>());
    }
    Ok(())
}

/// Returns for each later access whether its relationship is kept.
fn survives(log: &Log, is_kept: impl Fn(usize) -> bool) -> Vec<bool> {
    log.later.iter().map(|access| is_kept(access.rel as usize)).collect()
}

fn share(survives: &[bool]) -> f64 {
    survives.iter().filter(|survives| **survives).count() as f64 / survives.len() as f64
}

/// Returns the place of each relationship, the one of highest score first, equals shuffled.
fn ranks(scores: &[f64], seed: u64) -> Vec<usize> {
    let mut random = Random(seed);
    let mut order: Vec<(f64, u64, usize)> =
        scores.iter().enumerate().map(|(rel, score)| (*score, random.next(), rel)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut ranks = vec![0; scores.len()];
    for (rank, (_, _, rel)) in order.into_iter().enumerate() {
        ranks[rel] = rank;
    }
    ranks
}

/// Returns the share of resamples in which `ours` keeps no more than `theirs`: whole groups of accesses are drawn, those of
/// one source or one day.
fn not_better(log: &Log, ours: &[bool], theirs: &[bool]) -> f64 {
    let mut gains: HashMap<u64, i64> = HashMap::new();
    for (access, (ours, theirs)) in log.later.iter().zip(ours.iter().zip(theirs)) {
        let group = if access.source == 0 { access.time as u64 } else { u64::from(access.source) << 32 };
        *gains.entry(group).or_default() += i64::from(*ours) - i64::from(*theirs);
    }
    let mut gains: Vec<(u64, i64)> = gains.into_iter().collect();
    gains.sort_unstable();
    let mut random = Random(SEED);
    let not_better =
        (0..RESAMPLES).filter(|_| (0..gains.len()).map(|_| gains[random.below(gains.len())].1).sum::<i64>() <= 0);
    (not_better.count() + 1) as f64 / (RESAMPLES + 1) as f64
}

/// Numbers that look random: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

/// Returns what this runs on.
fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores", model.map_or("machine unknown", |(_, name)| name))
}
