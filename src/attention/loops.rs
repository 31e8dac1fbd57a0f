//! Loops without instructions of their own: softmax, and sums over numbers that stand in the same order.
//!
//! Each path compiles them with its instructions. Nothing here is fused or reordered, so every path gives the same bits.

use super::number::Number;

/// Lanes that are folded apart: a register of the widest path.
pub(super) const LANES: usize = 16;

/// Registers summed in f32 before they are added up in f64: a sum over a million must not lose its last digits.
const SUM_BLOCK: usize = 64;

/// Writes `exp(z - max) / Σ exp(z - max)`, for whole registers; see [`super::softmax`].
#[inline(always)]
pub(super) fn softmax(logits: &[[f32; LANES]], weights: &mut [[f32; LANES]]) {
    let top = largest(logits);
    if top == f32::NEG_INFINITY {
        weights.as_flattened_mut().fill(0.0);
        return;
    }
    let mut sum = 0.0;
    for (logits, weights) in logits.chunks(SUM_BLOCK).zip(weights.chunks_mut(SUM_BLOCK)) {
        sum += f64::from(powers(logits, top, weights));
    }
    // The largest has 1: the sum is at least that, and its inverse at most.
    let share = (1.0 / sum) as f32;
    for weight in weights.as_flattened_mut() {
        *weight *= share;
    }
}

/// Returns the largest number, at most `f32::MAX`; minus infinity where there is none. Not a number is passed over.
#[inline(always)]
fn largest(numbers: &[[f32; LANES]]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for numbers in numbers {
        for lane in 0..LANES {
            lanes[lane] = larger(lanes[lane], numbers[lane]);
        }
    }
    fold_lanes(lanes, larger).min(f32::MAX)
}

/// Writes `exp(x - top)` of each and returns their sum.
#[inline(always)]
fn powers(logits: &[[f32; LANES]], top: f32, weights: &mut [[f32; LANES]]) -> f32 {
    let mut lanes = [0.0; LANES];
    for (logits, weights) in logits.iter().zip(weights) {
        for lane in 0..LANES {
            // Infinity counts as the largest number does.
            let x = if logits[lane] > top { top } else { logits[lane] };
            weights[lane] = exp(x - top);
            lanes[lane] += weights[lane];
        }
    }
    lane_sum(lanes)
}

/// Returns the sum of the lanes, halves upon halves.
#[inline(always)]
pub(super) fn lane_sum(lanes: [f32; LANES]) -> f32 {
    fold_lanes(lanes, |a, b| a + b)
}

/// Folds the upper half of the lanes onto the lower, and so on.
#[inline(always)]
fn fold_lanes(lanes: [f32; LANES], fold: impl Fn(f32, f32) -> f32) -> f32 {
    let (mut eight, mut four) = ([0.0; 8], [0.0; 4]);
    for lane in 0..8 {
        eight[lane] = fold(lanes[lane], lanes[lane + 8]);
    }
    for lane in 0..4 {
        four[lane] = fold(eight[lane], eight[lane + 4]);
    }
    fold(fold(four[0], four[2]), fold(four[1], four[3]))
}

/// Returns `e^x` with a relative error below 3e-7 where the result is not denormal, else one last place; 0 for not a number.
///
/// `x = n·ln 2 + r` with `|r| ≤ ln 2 / 2`, so `e^x = 2^n·e^r`; `ln 2` in two parts whose first has few enough bits that
/// `n` times it is exact (Cody and Waite, Software Manual for the Elementary Functions, 1980, chapter 6). `e^r` is its Taylor
/// series to `r⁶`, whose rest is below `r⁷/7! ≈ 1.2e-7`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding and subtracting it rounds to a whole number, which then is in the low bits.
    const MAGIC: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    /// Below it the result is less than half the smallest denormal, above the other infinite.
    const LOW: f32 = -104.0;
    const HIGH: f32 = 89.0;

    let x = if x > LOW { x } else { LOW };
    let x = if x < HIGH { x } else { HIGH };
    let shifted = x * core::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let tail = ((((r * (1.0 / 720.0) + 1.0 / 120.0) * r + 1.0 / 24.0) * r + 1.0 / 6.0) * r + 0.5) * r;
    let e_r = (tail + 1.0) * r + 1.0;
    // 2^n in two factors: n goes from -151 to 129, beyond what one exponent holds.
    let n = shifted.to_bits() as i32 - MAGIC.to_bits() as i32;
    let half = n >> 1;
    let power = |n: i32| f32::from_bits(((n + 127) as u32) << 23);
    e_r * power(half) * power(n - half)
}

/// Adds `factor · term` to each logit; what is beyond the largest number becomes that.
#[inline(always)]
pub(super) fn multiply_add(terms: &[f32], factor: f32, logits: &mut [f32]) {
    for (logit, term) in logits.iter_mut().zip(terms) {
        let part = (factor * term).clamp(f32::MIN, f32::MAX);
        *logit = (*logit + part).clamp(f32::MIN, f32::MAX);
    }
}

/// Adds `weight · row` for each row, in their order.
#[inline(always)]
pub(super) fn add_weighted<T: Number>(rows: &[(&[T], f32)], sum: &mut [f32]) {
    let (fours, rest) = rows.as_chunks::<4>();
    for [(a, wa), (b, wb), (c, wc), (d, wd)] in fours {
        // Four at once: the sum is loaded and stored once for four rows.
        for ((((sum, a), b), c), d) in sum.iter_mut().zip(*a).zip(*b).zip(*c).zip(*d) {
            *sum = (((*sum + wa * a.widen()) + wb * b.widen()) + wc * c.widen()) + wd * d.widen();
        }
    }
    for (row, weight) in rest {
        for (sum, x) in sum.iter_mut().zip(*row) {
            *sum += weight * x.widen();
        }
    }
}
