//! Simple policies to compare with. Each gives every relationship a score from the earlier accesses alone.

use super::{Random, logs::Log};

/// The damping factor of PageRank, and its rounds.
const FOLLOW: f64 = 0.85;
const ROUNDS: usize = 50;
/// ACT-R's decay.
const DECAY: f64 = 0.5;

/// Returns each policy's name and scores.
pub(crate) fn all(log: &Log, seed: u64) -> Vec<(&'static str, Vec<f64>)> {
    let n = log.rels.len();
    let mut random = Random(seed ^ 0x5EED);
    let chance: Vec<f64> = (0..n).map(|_| random.next() as f64).collect();
    let (mut counts, mut last) = (vec![0.0; n], vec![-1.0; n]);
    for (at, access) in log.earlier.iter().enumerate() {
        counts[access.rel as usize] += 1.0;
        last[access.rel as usize] = at as f64;
    }
    vec![
        ("random", chance),
        ("last access (LRU)", last),
        ("frequency (LFU)", counts.clone()),
        ("ACT-R base level", activation(log)),
        ("degree", degree(log)),
        ("personalised PageRank", pagerank(log, &counts)),
        ("frequency, then ends", backed_off(log, &counts)),
        ("frequency + product of ends", smoothed(log, &counts)),
    ]
}

/// Base-level activation (Anderson and Lebiere 1998, eq. 4.1): the logarithm of the sum over accesses of their ages to the
/// power -d, by the log's own time, exact.
fn activation(log: &Log) -> Vec<f64> {
    let now = log.earlier.last().map_or(0.0, |access| access.time) + 1.0;
    let mut sums = vec![0.0; log.rels.len()];
    for access in &log.earlier {
        sums[access.rel as usize] += (now - access.time).powf(-DECAY);
    }
    sums
}

/// How many relationships the two ends have.
fn degree(log: &Log) -> Vec<f64> {
    let mut degrees = vec![0.0; log.n_entities];
    for rel in &log.rels {
        degrees[rel.head as usize] += 1.0;
        degrees[rel.tail as usize] += 1.0;
    }
    log.rels.iter().map(|rel| degrees[rel.head as usize] + degrees[rel.tail as usize]).collect()
}

/// PageRank along relationships in both directions that starts anew at the ends of what was accessed: a relationship has
/// what flows through it.
fn pagerank(log: &Log, counts: &[f64]) -> Vec<f64> {
    let (mut start, mut degrees) = (vec![0.0; log.n_entities], vec![0.0; log.n_entities]);
    for (rel, count) in log.rels.iter().zip(counts) {
        for end in [rel.head, rel.tail] {
            start[end as usize] += count;
            degrees[end as usize] += 1.0;
        }
    }
    let sum: f64 = start.iter().sum();
    start.iter_mut().for_each(|start| *start /= sum);
    let mut flow = start.clone();
    for _ in 0..ROUNDS {
        let mut next: Vec<f64> = start.iter().map(|start| (1.0 - FOLLOW) * start).collect();
        for rel in &log.rels {
            let (head, tail) = (rel.head as usize, rel.tail as usize);
            next[tail] += FOLLOW * flow[head] / degrees[head];
            next[head] += FOLLOW * flow[tail] / degrees[tail];
        }
        flow = next;
    }
    let through = |end: u32| flow[end as usize] / degrees[end as usize];
    log.rels.iter().map(|rel| through(rel.head) + through(rel.tail)).collect()
}

/// Accesses of everything that starts or ends where each relationship does.
fn ends(log: &Log, counts: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    let (mut heads, mut tails) = (vec![0.0; log.n_entities], vec![0.0; log.n_entities]);
    for (rel, count) in log.rels.iter().zip(counts) {
        heads[rel.head as usize] += count;
        tails[rel.tail as usize] += count;
    }
    log.rels.iter().map(move |rel| (heads[rel.head as usize], tails[rel.tail as usize]))
}

/// Frequency; of equals, those whose ends are accessed more.
fn backed_off(log: &Log, counts: &[f64]) -> Vec<f64> {
    let ends = ends(log, counts).map(|(head, tail)| head.ln_1p() + tail.ln_1p());
    counts.iter().zip(ends).map(|(count, ends)| count + 0.01 * ends).collect()
}

/// Frequency, and half of what would be expected if ends were accessed independently of each other.
fn smoothed(log: &Log, counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    let expected = ends(log, counts).map(|(head, tail)| (head + 0.1) * (tail + 0.1) / total);
    counts.iter().zip(expected).map(|(count, expected)| count + 0.5 * expected).collect()
}
