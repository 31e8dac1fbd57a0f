//! One tree, grown best leaf first over histograms of bytes.

use super::trees::{Growth, Node, Rows};

/// The values of a byte.
const BYTES: usize = 256;
/// Splits that gain less are not worth a node.
const GAIN_MIN: f64 = 1e-6;

/// Sums over rows: gradient, curvature, how many.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    slope: f64,
    curve: f64,
    n: usize,
}

impl Sum {
    fn plus(self, other: Sum) -> Sum {
        Sum { slope: self.slope + other.slope, curve: self.curve + other.curve, n: self.n + other.n }
    }

    fn less(self, other: Sum) -> Sum {
        Sum { slope: self.slope - other.slope, curve: self.curve - other.curve, n: self.n - other.n }
    }

    fn worth(self, ridge: f64) -> f64 {
        self.slope * self.slope / (self.curve + ridge)
    }

    fn leaf(self, growth: &Growth) -> Node {
        let value = (-self.slope / (self.curve + growth.ridge) * growth.rate) as f32;
        Node { signal: 0, at_most: 0, left: 0, right: 0, value }
    }
}

/// A test that would split a leaf.
#[derive(Clone, Copy, Debug)]
struct Split {
    gain: f64,
    /// Its place among the signals that the tree sees.
    signal: usize,
    at_most: u8,
}

/// A leaf that may be split further: rows `from .. to` of the order.
struct Leaf {
    node: usize,
    from: usize,
    to: usize,
    sum: Sum,
    /// Sums for each value of each signal that the tree sees.
    bins: Vec<Sum>,
    best: Option<Split>,
}

impl Leaf {
    fn new(node: usize, (from, to): (usize, usize), bins: Vec<Sum>, growth: &Growth) -> Leaf {
        let sum = bins.iter().take(BYTES).fold(Sum::default(), |sum, bin| sum.plus(*bin));
        let best = best(&bins, sum, growth);
        Leaf { node, from, to, sum, bins, best }
    }
}

/// Grows a tree from the rows `seen` (reordered on the way) with gradients and curvatures `slopes`, over some signals; adds
/// to `gains` what each signal's tests gained.
pub(super) fn grow(
    rows: &Rows,
    slopes: &[[f32; 2]],
    seen: &mut [u32],
    signals: &[u16],
    growth: &Growth,
    gains: &mut [f64],
) -> Vec<Node> {
    let whole = Leaf::new(0, (0, seen.len()), histogram(rows, slopes, seen, signals), growth);
    let mut nodes = vec![whole.sum.leaf(growth)];
    let mut leaves = vec![whole];
    while leaves.len() < growth.leaves {
        let gain = |leaf: &Leaf| leaf.best.map_or(0.0, |split| split.gain);
        let Some(at) = (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b]))) else { break };
        let Some(split) = leaves[at].best.filter(|split| split.gain > GAIN_MIN) else { break };
        let Leaf { node, from, to, bins: mut rest, .. } = leaves.swap_remove(at);
        let signal = usize::from(signals[split.signal]);
        gains[signal] += split.gain;
        let part = &mut seen[from..to];
        let n_left = partition(part, |row| rows.signals[row as usize][signal] <= split.at_most);
        let (left, right) = part.split_at(n_left);
        let left_is_few = left.len() <= right.len();
        let few = histogram(rows, slopes, if left_is_few { left } else { right }, signals);
        for (bin, few) in rest.iter_mut().zip(&few) {
            *bin = bin.less(*few);
        }
        let (left, right) = if left_is_few { (few, rest) } else { (rest, few) };
        let (first, middle) = (nodes.len(), from + n_left);
        let children =
            [Leaf::new(first, (from, middle), left, growth), Leaf::new(first + 1, (middle, to), right, growth)];
        let test = &mut nodes[node];
        (test.signal, test.at_most) = (signal as u16, split.at_most);
        (test.left, test.right) = (first as u16, first as u16 + 1);
        nodes.extend(children.iter().map(|child| child.sum.leaf(growth)));
        leaves.extend(children);
    }
    nodes
}

/// Moves rows that go left to the front, each side in its order; returns how many they are.
fn partition(rows: &mut [u32], goes_left: impl Fn(u32) -> bool) -> usize {
    let (left, right): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| goes_left(**row));
    rows[..left.len()].copy_from_slice(&left);
    rows[left.len()..].copy_from_slice(&right);
    left.len()
}

fn histogram(rows: &Rows, slopes: &[[f32; 2]], of: &[u32], signals: &[u16]) -> Vec<Sum> {
    let mut bins = vec![Sum::default(); signals.len() * BYTES];
    for row in of {
        let [slope, curve] = slopes[*row as usize].map(f64::from);
        let bytes = &rows.signals[*row as usize];
        for (signal, bins) in signals.iter().zip(bins.chunks_exact_mut(BYTES)) {
            let bin = &mut bins[usize::from(bytes[usize::from(*signal)])];
            bin.slope += slope;
            bin.curve += curve;
            bin.n += 1;
        }
    }
    bins
}

/// Returns the split that gains most, of equals the first.
fn best(bins: &[Sum], sum: Sum, growth: &Growth) -> Option<Split> {
    let whole = sum.worth(growth.ridge);
    let mut best: Option<Split> = None;
    for (signal, bins) in bins.chunks_exact(BYTES).enumerate() {
        let mut left = Sum::default();
        for (byte, bin) in bins.iter().enumerate().take(BYTES - 1) {
            left = left.plus(*bin);
            if bin.n == 0 || left.n < growth.rows_min {
                continue;
            }
            let right = sum.less(left);
            if right.n < growth.rows_min {
                break;
            }
            let gain = left.worth(growth.ridge) + right.worth(growth.ridge) - whole;
            if gain > best.map_or(0.0, |best| best.gain) {
                best = Some(Split { gain, signal, at_most: byte as u8 });
            }
        }
    }
    best
}
