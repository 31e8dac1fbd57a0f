//! Every path against the naive twin, over shapes that fill no register and numbers that f32 barely holds.

use super::{naive, sums::Cut, *};

mod answers;
mod models;
mod numbers;
mod rows;
mod selection;
mod weights;

/// A small generator (SplitMix64): the same numbers in every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ x >> 31
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// Returns a number from -1 to 1.
    pub(super) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(super) fn vector(&mut self, d: usize) -> Vec<f32> {
        (0..d).map(|_| self.unit()).collect()
    }
}

/// Dimensions around the widths of registers, and those of usual embeddings.
pub(super) const DIMENSIONS: [usize; 13] = [1, 3, 7, 8, 15, 16, 17, 63, 64, 65, 127, 384, 768];

pub(super) const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::Euclidean];

/// Rows of one storage that own their numbers.
pub(super) enum Owned {
    F32(Vec<Vec<f32>>),
    F16(Vec<Vec<u16>>),
    I8(Vec<Vec<i8>>, Vec<f32>),
}

impl Owned {
    /// Stores rows in each of the three ways.
    pub(super) fn all(rows: &[Vec<f32>]) -> [Self; 3] {
        let halves = rows.iter().map(|row| row.iter().map(|x| half_from_f32(*x)).collect()).collect();
        let code = |row: &Vec<f32>| {
            let mut codes = vec![0; row.len()];
            let scale = quantize(row, &mut codes);
            (codes, scale)
        };
        let (codes, scales) = rows.iter().map(code).unzip();
        [Self::F32(rows.to_vec()), Self::F16(halves), Self::I8(codes, scales)]
    }

    /// Calls `take` with the rows as slices.
    pub(super) fn with<R>(&self, take: impl FnOnce(Rows<'_>) -> R) -> R {
        match self {
            Self::F32(rows) => take(Rows::F32(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())),
            Self::F16(rows) => take(Rows::F16(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())),
            Self::I8(codes, scales) => {
                take(Rows::I8 { codes: &codes.iter().map(Vec::as_slice).collect::<Vec<_>>(), scales })
            }
        }
    }

    /// Calls `take` with the rows one behind the other.
    pub(super) fn with_block<R>(&self, take: impl FnOnce(Block<'_>) -> R) -> R {
        match self {
            Self::F32(rows) => take(Block::F32(&rows.concat())),
            Self::F16(rows) => take(Block::F16(&rows.concat())),
            Self::I8(codes, scales) => take(Block::I8 { codes: &codes.concat(), scales }),
        }
    }

    /// Returns how far a similarity of the metric may be from the twin's, as a part of what was summed: half a code for
    /// each of the query's codes, else the roundings of f32.
    pub(super) fn tolerance(&self, d: usize) -> f64 {
        match self {
            Self::F32(_) | Self::F16(_) => 4e-7 * (1.0 + (d as f64).sqrt() / 4.0),
            Self::I8(..) => 0.5 / 127.0 * (d as f64).sqrt(),
        }
    }
}

/// Returns the size of what a similarity sums, by which its error is measured: `‖q‖·‖k‖` and the like.
pub(super) fn size(metric: Metric, q: &[f64], k: &[f64]) -> f64 {
    match metric {
        Metric::Cosine => 1.0,
        Metric::Dot => naive::norm(q) * naive::norm(k),
        Metric::Euclidean => (naive::norm(q) + naive::norm(k)).powi(2),
    }
}
