//! Boosted regression trees over rows of bytes: what mixes the signals.
//!
//! The model is `E[y] = exp(base + Σ_t tree_t(x))`, fitted to counts `y` by the Poisson deviance: each tree takes a part of one
//! Newton step on the gradient `μ - y` with curvature `e^c μ` (Friedman, "Greedy function approximation: a gradient boosting
//! machine", Annals of Statistics 29, 2001; gain `Σ G²/(H + λ)` as in Chen and Guestrin, "XGBoost", 2016, eq. 7). Trees grow
//! best leaf first over histograms. Everything is seeded and done in a fixed order: the same rows give the same trees.

use super::{
    growing::grow,
    signals::{Row, SIGNALS},
};

/// How trees are grown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// How many trees.
    pub(crate) trees: usize,
    /// The most leaves of one.
    pub(crate) leaves: usize,
    /// The share of each step that is taken.
    pub(crate) rate: f64,
    /// λ: holds back leaves of little curvature.
    pub(crate) ridge: f64,
    /// The fewest rows of a leaf.
    pub(crate) rows_min: usize,
    /// The share of rows that each tree sees.
    pub(crate) rows_share: f64,
    /// The share of signals that each tree sees.
    pub(crate) signals_share: f64,
    /// Of the choice of rows and signals.
    pub(crate) seed: u64,
}

impl Growth {
    /// Returns how trees are grown from so many rows.
    pub(crate) fn of(n_rows: usize) -> Growth {
        let rows_min = (n_rows / 100).clamp(20, 300);
        Growth {
            trees: 100,
            leaves: 15,
            rate: 0.1,
            ridge: 20.0,
            rows_min,
            rows_share: 0.5,
            signals_share: 0.3,
            seed: 1,
        }
    }
}

/// Rows to learn from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// The signals of each.
    pub(crate) signals: Vec<Row>,
    /// What tells them apart: which trees see a row depends on nothing else, so that what changes little teaches much the
    /// same.
    pub(crate) keys: Vec<u64>,
    /// What was counted.
    pub(crate) counts: Vec<f32>,
    /// How many relationships each stands for.
    pub(crate) weights: Vec<f32>,
}

/// One node: a test, or a leaf (`left` = 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    /// The signal tested.
    pub(crate) signal: u16,
    /// Rows whose byte is at most this go left.
    pub(crate) at_most: u8,
    /// The place of the node that they go to, beyond this one's.
    pub(crate) left: u16,
    /// The place of the other.
    pub(crate) right: u16,
    /// The step for all rows that come here; of a leaf, what the tree says of them.
    pub(crate) value: f32,
}

/// The fitted model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trees {
    /// The logarithm of the mean count.
    pub(crate) base: f64,
    /// The nodes of each tree, the root first.
    pub(crate) trees: Vec<Vec<Node>>,
    /// How much the tests of each signal gained.
    pub(crate) gains: Vec<f64>,
}

/// Curvature is raised by this factor, e^0.7, which shortens steps where counts are large.
const CURVATURE: f64 = 2.013_752_707_470_477;
/// Scores above are not exponentiated.
const SCORE_MAX: f64 = 20.0;

impl Trees {
    /// Fits trees to rows.
    ///
    /// # Complexity
    /// O(trees × rows × signals × log leaves), with both shares as factors.
    pub(crate) fn fit(rows: &Rows, growth: &Growth) -> Trees {
        let both =
            || rows.counts.iter().zip(&rows.weights).map(|(count, weight)| (f64::from(*count), f64::from(*weight)));
        let total: f64 = both().map(|(count, weight)| count * weight).sum();
        let weight: f64 = both().map(|(_, weight)| weight).sum();
        let base = (total.max(1e-9) / weight.max(1e-9)).ln();
        let mut model = Trees { base, trees: Vec::new(), gains: vec![0.0; SIGNALS] };
        if total <= 0.0 {
            return model;
        }
        let mut scores = vec![base; rows.counts.len()];
        for tree in 0..growth.trees as u64 {
            let mut seed = growth.seed ^ tree << 32;
            let slopes = both().zip(&scores).map(|((count, weight), score)| {
                let mean = score.min(SCORE_MAX).exp();
                [(weight * (mean - count)) as f32, (weight * mean * CURVATURE) as f32]
            });
            let slopes: Vec<[f32; 2]> = slopes.collect();
            let mut seen: Vec<u32> = (0..scores.len() as u32)
                .filter(|at| unit(&mut (rows.keys[*at as usize] ^ seed)) < growth.rows_share)
                .collect();
            let signals: Vec<u16> = (0..SIGNALS as u16).filter(|_| unit(&mut seed) < growth.signals_share).collect();
            let tree = grow(rows, &slopes, &mut seen, &signals, growth, &mut model.gains);
            for (score, row) in scores.iter_mut().zip(&rows.signals) {
                *score += f64::from(walk(&tree, row));
            }
            model.trees.push(tree);
        }
        model
    }

    /// Returns the logarithm of the count that is expected of a row.
    pub(crate) fn score(&self, row: &Row) -> f64 {
        self.base + self.trees.iter().map(|tree| f64::from(walk(tree, row))).sum::<f64>()
    }

    /// Returns what is said of any row: the base and the roots' values.
    pub(crate) fn start(&self) -> f64 {
        self.base + self.trees.iter().map(|tree| f64::from(tree[0].value)).sum::<f64>()
    }

    /// Returns what each signal contributes to the score of a row: on the way down a tree, the change of value at a test
    /// belongs to the signal tested (Saabas 2014). [`Trees::start`] and the parts sum to the score.
    pub(crate) fn parts(&self, row: &Row) -> [f64; SIGNALS] {
        let mut parts = [0.0; SIGNALS];
        for tree in &self.trees {
            let mut node = &tree[0];
            while node.left != 0 {
                let next = &tree[node.next(row)];
                parts[usize::from(node.signal)] += f64::from(next.value) - f64::from(node.value);
                node = next;
            }
        }
        parts
    }
}

impl Node {
    fn next(&self, row: &Row) -> usize {
        usize::from(if row[usize::from(self.signal)] <= self.at_most { self.left } else { self.right })
    }
}

fn walk(tree: &[Node], row: &Row) -> f32 {
    let mut node = &tree[0];
    while node.left != 0 {
        node = &tree[node.next(row)];
    }
    node.value
}

/// Returns the next number of splitmix64 (Steele, Lea and Flood 2014) in [0, 1).
pub(crate) fn unit(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*seed ^ *seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ mixed >> 31) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts that depend on two signals together, and rows with a third that means nothing.
    fn rows(n: usize) -> (Rows, Vec<f64>) {
        let (mut rows, mut means, mut seed) = (Rows::default(), Vec::new(), 5);
        for _ in 0..n {
            let mut row = [0; SIGNALS];
            row.iter_mut().for_each(|byte| *byte = (unit(&mut seed) * 256.0) as u8);
            let mean = if row[3] > 128 && row[7] > 64 { 4.0 } else { 0.2 };
            // A Poisson number, by Knuth's product of uniform ones.
            let (mut count, mut product, end) = (0.0, unit(&mut seed), f64::exp(-mean));
            while product > end {
                count += 1.0;
                product *= unit(&mut seed);
            }
            rows.signals.push(row);
            rows.keys.push(seed);
            rows.counts.push(count);
            rows.weights.push(1.0);
            means.push(mean);
        }
        (rows, means)
    }

    #[test]
    fn what_made_the_counts_is_found_again() {
        let (rows, means) = rows(4000);
        let trees = Trees::fit(&rows, &Growth { signals_share: 0.6, ..Growth::of(4000) });
        let off = rows.signals.iter().zip(&means).map(|(row, mean)| (trees.score(row) - mean.ln()).abs()).sum::<f64>();
        assert!(off / 4000.0 < 0.35, "off by {} in the logarithm", off / 4000.0);
        let most = (0..SIGNALS).filter(|at| trees.gains[*at] > trees.gains.iter().sum::<f64>() / 10.0);
        assert_eq!(most.collect::<Vec<_>>(), [3, 7]);
        assert_eq!(trees, Trees::fit(&rows, &Growth { signals_share: 0.6, ..Growth::of(4000) }), "seeded");
    }

    #[test]
    fn parts_sum_to_the_score() {
        let (rows, _) = rows(1000);
        let trees = Trees::fit(&rows, &Growth::of(1000));
        for row in &rows.signals[..50] {
            let sum = trees.start() + trees.parts(row).iter().sum::<f64>();
            assert!((sum - trees.score(row)).abs() < 1e-4);
        }
    }

    #[test]
    fn nothing_counted_gives_no_trees() {
        let (mut rows, _) = rows(100);
        rows.counts.fill(0.0);
        assert!(Trees::fit(&rows, &Growth::of(100)).trees.is_empty());
        assert!(Trees::fit(&Rows::default(), &Growth::of(0)).trees.is_empty());
    }
}
