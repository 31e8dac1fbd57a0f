//! A query as codes, to be compared with rows of codes.
//!
//! `q·k ≈ s_q·s_k·Σ codes_q·codes_k`: the sum is of whole numbers, the same on every path. Each head of the query has a scale
//! of its own. A cosine needs no scale of the row, which cancels against its norm.

use super::{
    Metric, Path,
    exact::finite,
    sums::{Cut, Gather, Scan, Sum},
};
use crate::model::quantize;

/// The most dimensions of a row of codes: sums over so many are below 2^31.
pub(crate) const CODES_MAX: usize = 65_536;

pub(super) struct CodedQuery {
    metric: Metric,
    cut: Cut,
    /// `[heads, width]`.
    codes: Vec<i8>,
    /// What a sum of a head is multiplied with, its row's scale or norm apart.
    factors: Vec<f64>,
    /// `Σ q²` of each head, for distances.
    squares: Vec<f64>,
}

impl CodedQuery {
    /// Codes the heads of a query; `own` is the `Σ q²` that a cosine divides by, else 1.
    pub(super) fn new(metric: Metric, cut: Cut, query: &[f32], own: f32) -> Self {
        assert!(cut.width <= CODES_MAX, "{} dimensions are more than the {CODES_MAX} that codes have", cut.width);
        let mut coded = Self { metric, cut, codes: vec![0; query.len()], factors: Vec::new(), squares: Vec::new() };
        let norm = match own {
            own if own.is_normal() => f64::from(own).sqrt(),
            _ => query.iter().map(|q| f64::from(*q) * f64::from(*q)).sum::<f64>().sqrt(),
        };
        for h in 0..cut.heads {
            let query = &query[h * cut.width..][..cut.width];
            let scale = f64::from(quantize(query, &mut coded.codes[h * cut.width..][..cut.width]));
            coded.factors.push(if norm == 0.0 { 0.0 } else { scale / norm });
            if metric == Metric::Euclidean {
                coded.squares.push(query.iter().map(|q| f64::from(*q) * f64::from(*q)).sum());
            }
        }
        coded
    }

    /// Writes the similarities of `[heads, n]` with rows anywhere in memory.
    pub(super) fn gather(&self, path: Path, rows: &[&[i8]], scales: &[f32], room: &mut Vec<i32>, out: &mut [f32]) {
        assert_eq!(rows.len(), scales.len(), "a scale for each row");
        room.resize(2 * out.len(), 0);
        let (sums, squares) = room.split_at_mut(out.len());
        path.gather_i8(&Gather { sum: self.sum(), cut: self.cut, query: &self.codes, rows }, sums, squares);
        self.finish(sums, squares, scales, out);
    }

    /// Writes the similarities with the rows of a block.
    pub(super) fn scan(&self, path: Path, block: &[i8], scales: &[f32], room: &mut Vec<i32>, out: &mut [f32]) {
        assert_eq!(out.len(), scales.len(), "a scale for each row");
        room.resize(2 * out.len(), 0);
        let (sums, squares) = room.split_at_mut(out.len());
        path.scan_i8(&Scan { sum: self.sum(), query: &self.codes, block }, sums, squares);
        self.finish(sums, squares, scales, out);
    }

    fn sum(&self) -> Sum {
        if self.metric == Metric::Dot { Sum::Dot } else { Sum::DotAndSquares }
    }

    fn finish(&self, sums: &[i32], squares: &mut [i32], scales: &[f32], out: &mut [f32]) {
        let n = scales.len();
        if n == 0 {
            return;
        }
        if self.metric == Metric::Cosine {
            // A cosine divides by the norm of the whole row, which heads that see all of it have each.
            let (first, others) = squares.split_at_mut(n);
            if self.cut.step > 0 {
                for others in others.chunks_exact(n) {
                    first.iter_mut().zip(others).for_each(|(sum, part)| *sum += part);
                }
            }
        }
        for (h, out) in out.chunks_exact_mut(n).enumerate() {
            let factor = self.factors[h];
            let of_head = out.iter_mut().zip(&sums[h * n..][..n]);
            match self.metric {
                Metric::Dot => {
                    let factor = factor as f32;
                    let mut held = true;
                    for ((out, sum), scale) in of_head.zip(scales) {
                        *out = *sum as f32 * (factor * scale);
                        held &= out.abs() <= f32::MAX;
                    }
                    if !held {
                        for ((out, sum), scale) in out.iter_mut().zip(&sums[h * n..]).zip(scales) {
                            *out = finite(f64::from(*sum) * self.factors[h] * f64::from(*scale));
                        }
                    }
                }
                Metric::Cosine => {
                    for ((out, sum), squares) in of_head.zip(&squares[..n]) {
                        // A row of zeros has the sum 0, and so the cosine.
                        let cosine = *sum as f32 * factor as f32 / (*squares as f32).sqrt().max(1.0);
                        *out = cosine.clamp(f32::MIN, f32::MAX);
                    }
                }
                Metric::Euclidean => {
                    for (((out, sum), squares), scale) in of_head.zip(&squares[h * n..][..n]).zip(scales) {
                        let scale = f64::from(*scale);
                        let cross = f64::from(*sum) * factor * scale;
                        let distance = self.squares[h] - 2.0 * cross + f64::from(*squares) * scale * scale;
                        *out = finite(-distance.max(0.0));
                    }
                }
            }
        }
    }
}
