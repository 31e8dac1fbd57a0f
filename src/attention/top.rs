//! The best few of many: by partial selection, the same for the same scores whatever their number or order of arrival.

use super::{Metric, Path, Rows, similarities};

/// A row and how well it scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ranked {
    pub(crate) index: u32,
    pub(crate) score: f32,
}

/// Scores looked at together before each is: most of them hold nothing better than what is kept.
const BLOCK: usize = 32;

/// The best `k` of the scores given so far.
///
/// The higher score is better, of equal ones the lower index (0 and -0 are equal). Minus infinity marks a masked row and is
/// never among them, nor is not a number.
#[derive(Clone, Debug)]
pub(crate) struct Top {
    k: usize,
    /// The order as a number, the best the smallest: the score's bits turned so that they sort, above the index.
    keys: Vec<u64>,
    /// At most so many keys are kept before all but the best `k` are dropped.
    keys_max: usize,
    /// A score must be above it to be among the best.
    bar: f32,
}

impl Top {
    pub(crate) fn new(k: usize) -> Self {
        // Half of the room is empty after each selection, so that its cost is spread over as many scores as it sorts.
        let keys_max = 2 * k.max(BLOCK);
        Self { k, keys: Vec::new(), keys_max, bar: if k == 0 { f32::INFINITY } else { f32::NEG_INFINITY } }
    }

    /// Looks at the scores of the rows from `first` on. Calls must go upwards: of equal scores the first that came is kept.
    pub(crate) fn extend(&mut self, first: u32, scores: &[f32]) {
        for (block, scores) in scores.chunks(BLOCK).enumerate() {
            if !scores.iter().fold(false, |any, score| any | (*score > self.bar)) {
                continue;
            }
            let first = first + (block * BLOCK) as u32;
            for (index, score) in (first..).zip(scores) {
                if *score > self.bar {
                    self.push(index, *score);
                }
            }
        }
    }

    /// Returns the best, in order.
    pub(crate) fn finish(mut self) -> Vec<Ranked> {
        self.select();
        self.keys.sort_unstable();
        self.keys.iter().map(|key| Ranked { index: *key as u32, score: score_of(*key) }).collect()
    }

    fn push(&mut self, index: u32, score: f32) {
        self.keys.push(key_of(score, index));
        if self.keys.len() >= self.keys_max {
            self.select();
            self.bar = self.keys.last().map_or(self.bar, |worst| score_of(*worst));
        }
    }

    /// Drops all but the best; the worst of them becomes the last.
    fn select(&mut self) {
        if self.keys.len() > self.k {
            if self.k > 0 {
                self.keys.select_nth_unstable(self.k - 1);
            }
            self.keys.truncate(self.k);
        }
    }
}

/// Returns the best `k` of `scores`, in order: the higher score first, of equal ones the lower index.
///
/// # Complexity
/// A comparison for each score, and a partial selection for every `k` that are better than the best so far.
pub(crate) fn top(scores: &[f32], k: usize) -> Vec<Ranked> {
    let mut top = Top::new(k.min(scores.len()));
    top.extend(0, scores);
    top.finish()
}

/// Scores the rows of `ranked` once more by their exact numbers and returns the best `k`, in order.
///
/// For rows scored roughly first, by their codes: what reads fewer bytes chooses, what is exact decides.
pub(crate) fn rerank<'a>(
    path: Path,
    metric: Metric,
    query: &[f32],
    ranked: &[Ranked],
    row: impl Fn(u32) -> &'a [f32],
    k: usize,
) -> Vec<Ranked> {
    // By index, so that equal scores keep the order of the rows.
    let mut indexes: Vec<u32> = ranked.iter().map(|ranked| ranked.index).collect();
    indexes.sort_unstable();
    let rows: Vec<&[f32]> = indexes.iter().map(|index| row(*index)).collect();
    let mut scores = vec![0.0; rows.len()];
    similarities(path, metric, query, Rows::F32(&rows), &mut scores);
    let best = top(&scores, k).into_iter();
    best.map(|ranked| Ranked { index: indexes[ranked.index as usize], ..ranked }).collect()
}

/// Rows that codes choose for each row that is asked for, so that a rounding of the codes loses none that belongs to the best.
pub(crate) const RERANK_FACTOR: usize = 4;

fn key_of(score: f32, index: u32) -> u64 {
    // Adding 0 turns -0 into 0. Then: negative numbers sort backwards by their bits, and below the positive ones.
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(!ascending) << 32 | u64::from(index)
}

fn score_of(key: u64) -> f32 {
    let ascending = !((key >> 32) as u32);
    f32::from_bits(if ascending >> 31 == 1 { ascending & !(1 << 31) } else { !ascending })
}
