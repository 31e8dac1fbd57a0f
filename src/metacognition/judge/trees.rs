//! Boosted regression trees over rows of bytes: what mixes the signals.
//!
//! The model is `E[y] = exp(base + Σ_t tree_t(x))`, fitted to counts `y` by the Poisson deviance: each tree takes one Newton
//! step on the gradient `μ - y` with curvature `μ e^c` (Friedman, "Greedy function approximation: a gradient boosting
//! machine", 2001; the second-order gain `½ Σ G²/(H + λ)` of Chen and Guestrin, "XGBoost", 2016, eq. 7). Trees grow best leaf first over
//! histograms. Everything is seeded and done in a fixed order: the same rows give the same trees.

/// How trees are grown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    pub(crate) trees: usize,
    pub(crate) leaves: usize,
    /// The share of each step that is taken.
    pub(crate) rate: f64,
    /// λ: holds back leaves of little curvature.
    pub(crate) ridge: f64,
    /// The least rows of a leaf.
    pub(crate) rows_min: usize,
    /// The share of rows that each tree sees.
    pub(crate) rows_share: f64,
    /// The share of signals that each tree sees.
    pub(crate) signals_share: f64,
    pub(crate) seed: u64,
}

/// Rows to learn from: `rows[i * width..][..width]` are the signals of row i.
#[derive(Debug, Default, Clone)]
pub(crate) struct Rows {
    pub(crate) width: usize,
    pub(crate) bytes: Vec<u8>,
    /// What was counted.
    pub(crate) counts: Vec<f32>,
    /// How many relationships a row stands for.
    pub(crate) weights: Vec<f32>,
}

/// One node: a test, or a leaf (`left` = 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    signal: u16,
    /// Goes left where the byte is at most this.
    at_most: u8,
    left: u16,
    right: u16,
    /// The mean over the rows below it, of a leaf its value.
    value: f32,
}

/// The fitted model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trees {
    pub(crate) base: f64,
    pub(crate) trees: Vec<Vec<Node>>,
    /// How much each signal's tests lowered the deviance.
    pub(crate) gains: Vec<f64>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    g: f64,
    h: f64,
    n: u32,
}

struct Leaf {
    node: usize,
    from: usize,
    to: usize,
    sum: Sum,
    bins: Vec<Sum>,
    best: Option<(f64, usize, u8)>,
}

/// Curvature is raised by this factor (e^0.7), which shortens steps where counts are large.
const CURVATURE: f64 = 2.0137527;

impl Trees {
    /// Fits trees to rows.
    pub(crate) fn fit(rows: &Rows, growth: &Growth) -> Trees {
        let n = rows.counts.len();
        let total: f64 = rows.counts.iter().zip(&rows.weights).map(|(y, w)| f64::from(*y) * f64::from(*w)).sum();
        let weight: f64 = rows.weights.iter().map(|w| f64::from(*w)).sum();
        let base = (total.max(1e-9) / weight.max(1e-9)).ln();
        let mut trees = Trees { base, trees: Vec::new(), gains: vec![0.0; rows.width] };
        if n == 0 || total <= 0.0 {
            return trees;
        }
        let mut scores = vec![base; n];
        let mut seed = growth.seed;
        let (mut g, mut h) = (vec![0.0f32; n], vec![0.0f32; n]);
        for _ in 0..growth.trees {
            for i in 0..n {
                let mean = scores[i].min(20.0).exp();
                let w = f64::from(rows.weights[i]);
                g[i] = (w * (mean - f64::from(rows.counts[i]))) as f32;
                h[i] = (w * mean * CURVATURE) as f32;
            }
            let mut order: Vec<u32> = (0..n as u32).filter(|_| unit(&mut seed) < growth.rows_share).collect();
            let signals: Vec<usize> = (0..rows.width).filter(|_| unit(&mut seed) < growth.signals_share).collect();
            let tree = grow(rows, &g, &h, &mut order, &signals, growth, &mut trees.gains);
            for (i, score) in scores.iter_mut().enumerate() {
                *score += f64::from(walk(&tree, &rows.bytes[i * rows.width..][..rows.width]));
            }
            trees.trees.push(tree);
        }
        trees
    }

    /// Returns the logarithm of the count that is expected of a row.
    pub(crate) fn score(&self, row: &[u8]) -> f64 {
        self.base + self.trees.iter().map(|tree| f64::from(walk(tree, row))).sum::<f64>()
    }

    /// Adds to `parts` what each signal of a row contributes to its score: on the way down each tree, the change of the mean
    /// at a test is the contribution of the signal tested (Saabas 2014). Parts, `base` and the roots sum to the score.
    pub(crate) fn parts(&self, row: &[u8], parts: &mut [f64]) {
        for tree in &self.trees {
            let mut at = 0;
            while tree[at].left != 0 {
                let node = &tree[at];
                let next =
                    usize::from(if row[usize::from(node.signal)] <= node.at_most { node.left } else { node.right });
                parts[usize::from(node.signal)] += f64::from(tree[next].value) - f64::from(node.value);
                at = next;
            }
        }
    }
}

fn walk(tree: &[Node], row: &[u8]) -> f32 {
    let mut at = 0;
    loop {
        let node = &tree[at];
        if node.left == 0 {
            return node.value;
        }
        at = usize::from(if row[usize::from(node.signal)] <= node.at_most { node.left } else { node.right });
    }
}

fn grow(
    rows: &Rows,
    g: &[f32],
    h: &[f32],
    order: &mut [u32],
    signals: &[usize],
    growth: &Growth,
    gains: &mut [f64],
) -> Vec<Node> {
    let whole = histogram(rows, g, h, order, signals);
    let sum = whole.iter().take(256).fold(Sum::default(), add);
    let mut nodes = vec![leaf(sum, growth)];
    let mut leaves =
        vec![Leaf { node: 0, from: 0, to: order.len(), sum, best: best(&whole, sum, growth), bins: whole }];
    while leaves.len() < growth.leaves {
        let gain = |leaf: &Leaf| leaf.best.map_or(0.0, |(gain, _, _)| gain);
        let Some(widest) = (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b]))) else {
            break;
        };
        let Some((gain, signal_at, at_most)) = leaves[widest].best else { break };
        if gain <= 1e-6 {
            break;
        }
        let Leaf { node, from, to, sum, bins, .. } = leaves.swap_remove(widest);
        let signal = signals[signal_at];
        gains[signal] += gain;
        let goes_left = |row: u32| rows.bytes[row as usize * rows.width + signal] <= at_most;
        let part = &mut order[from..to];
        let middle = partition(part, goes_left);
        let (less, more) = part.split_at(middle);
        let small = histogram(rows, g, h, if less.len() <= more.len() { less } else { more }, signals);
        let mut other = bins;
        for (all, one) in other.iter_mut().zip(&small) {
            *all = Sum { g: all.g - one.g, h: all.h - one.h, n: all.n - one.n };
        }
        let (left, right) = if less.len() <= more.len() { (small, other) } else { (other, small) };
        let left_sum = left.iter().take(256).fold(Sum::default(), add);
        let right_sum = Sum { g: sum.g - left_sum.g, h: sum.h - left_sum.h, n: sum.n - left_sum.n };
        let first = nodes.len();
        nodes[node] =
            Node { signal: signal as u16, at_most, left: first as u16, right: first as u16 + 1, ..nodes[node] };
        nodes.push(leaf(left_sum, growth));
        nodes.push(leaf(right_sum, growth));
        let middle = from + middle;
        leaves.push(Leaf {
            node: first,
            from,
            to: middle,
            sum: left_sum,
            best: best(&left, left_sum, growth),
            bins: left,
        });
        leaves.push(Leaf {
            node: first + 1,
            from: middle,
            to,
            sum: right_sum,
            best: best(&right, right_sum, growth),
            bins: right,
        });
    }
    nodes
}

fn add(a: Sum, b: &Sum) -> Sum {
    Sum { g: a.g + b.g, h: a.h + b.h, n: a.n + b.n }
}

fn leaf(sum: Sum, growth: &Growth) -> Node {
    let value = (-sum.g / (sum.h + growth.ridge) * growth.rate) as f32;
    Node { signal: 0, at_most: 0, left: 0, right: 0, value }
}

/// Moves rows that go left to the front, order kept; returns how many.
fn partition(rows: &mut [u32], goes_left: impl Fn(u32) -> bool) -> usize {
    let (left, right): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| goes_left(**row));
    rows[..left.len()].copy_from_slice(&left);
    rows[left.len()..].copy_from_slice(&right);
    left.len()
}

fn histogram(rows: &Rows, g: &[f32], h: &[f32], order: &[u32], signals: &[usize]) -> Vec<Sum> {
    let mut bins = vec![Sum::default(); signals.len() * 256];
    for row in order {
        let row = *row as usize;
        let (g, h) = (f64::from(g[row]), f64::from(h[row]));
        let bytes = &rows.bytes[row * rows.width..][..rows.width];
        for (at, signal) in signals.iter().enumerate() {
            let bin = &mut bins[at << 8 | usize::from(bytes[*signal])];
            bin.g += g;
            bin.h += h;
            bin.n += 1;
        }
    }
    bins
}

/// Returns the test of most gain: (gain, index among the signals seen, greatest byte that goes left).
fn best(bins: &[Sum], sum: Sum, growth: &Growth) -> Option<(f64, usize, u8)> {
    let worth = |s: Sum| s.g * s.g / (s.h + growth.ridge);
    let whole = worth(sum);
    let mut found: Option<(f64, usize, u8)> = None;
    for (at, bins) in bins.chunks_exact(256).enumerate() {
        let mut left = Sum::default();
        for (byte, bin) in bins.iter().enumerate().take(255) {
            left = add(left, bin);
            if bin.n == 0 || (left.n as usize) < growth.rows_min {
                continue;
            }
            let right = Sum { g: sum.g - left.g, h: sum.h - left.h, n: sum.n - left.n };
            if (right.n as usize) < growth.rows_min {
                break;
            }
            let gain = worth(left) + worth(right) - whole;
            if gain > found.map_or(0.0, |(gain, _, _)| gain) {
                found = Some((gain, at, byte as u8));
            }
        }
    }
    found
}

/// Returns the next number of splitmix64.
pub(crate) fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *seed;
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// Returns the next number in [0, 1).
pub(crate) fn unit(seed: &mut u64) -> f64 {
    (next(seed) >> 11) as f64 / (1u64 << 53) as f64
}
