//! Which instructions the kernels use, found out once, and the one place where a path's functions are called.

#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "functions for instructions that not every processor has; a path exists only where it has them"
    )
)]

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use super::{
    loops::LANES,
    number::Number,
    portable,
    sums::{Gather, Scan},
};

/// A set of instructions that this processor has: no other can be made.
///
/// Every path gives the same result for the same numbers at any time, in any order and beside any other rows. Between
/// paths, sums of products may differ in their rounding; whole numbers (`i8`), softmax and everything after it do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    /// AVX-512 F, BW, DQ, VL and VNNI: 16 numbers or 64 codes at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2, FMA and F16C: 8 numbers or 16 codes at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What the compiler makes of plain loops.
    Portable,
}

/// Calls a kernel of the path's file.
macro_rules! call {
    ($path:expr, $name:ident($($argument:expr),*)) => {
        match $path.0 {
            // SAFETY: `Path::available` makes this path only where the processor has what the functions of the file ask for.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512::$name($($argument),*) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2::$name($($argument),*) },
            Instructions::Portable => portable::$name($($argument),*),
        }
    };
}

impl Path {
    /// Returns the fastest path that this processor has.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Path> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().first().copied().unwrap_or(Path(Instructions::Portable)))
    }

    /// Returns the paths that this processor has, the fastest first; the portable one is always there.
    pub(crate) fn available() -> Vec<Self> {
        let mut paths = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 =
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            paths.extend(avx512.then_some(Path(Instructions::Avx512)));
            paths.extend(avx2.then_some(Path(Instructions::Avx2)));
        }
        paths.push(Path(Instructions::Portable));
        paths
    }

    pub(super) fn gather_f32(self, job: &Gather<'_, f32, f32>, sums: &mut [f32], squares: &mut [f32]) {
        job.check(sums.len(), squares.len(), 1);
        call!(self, gather_f32(job, sums, squares));
    }

    pub(super) fn gather_f16(self, job: &Gather<'_, f32, u16>, sums: &mut [f32], squares: &mut [f32]) {
        job.check(sums.len(), squares.len(), 1);
        call!(self, gather_f16(job, sums, squares));
    }

    pub(super) fn gather_i8(self, job: &Gather<'_, i8, i8>, sums: &mut [i32], squares: &mut [i32]) {
        job.check(sums.len(), squares.len(), job.cut.heads);
        call!(self, gather_i8(job, sums, squares));
    }

    pub(super) fn scan_f32(self, job: &Scan<'_, f32, f32>, sums: &mut [f32], squares: &mut [f32]) {
        job.check(sums.len(), squares.len());
        call!(self, scan_f32(job, sums, squares));
    }

    pub(super) fn scan_f16(self, job: &Scan<'_, f32, u16>, sums: &mut [f32], squares: &mut [f32]) {
        job.check(sums.len(), squares.len());
        call!(self, scan_f16(job, sums, squares));
    }

    pub(super) fn scan_i8(self, job: &Scan<'_, i8, i8>, sums: &mut [i32], squares: &mut [i32]) {
        job.check(sums.len(), squares.len());
        call!(self, scan_i8(job, sums, squares));
    }

    pub(super) fn softmax(self, logits: &[[f32; LANES]], weights: &mut [[f32; LANES]]) {
        call!(self, softmax(logits, weights));
    }

    pub(super) fn multiply_add(self, terms: &[f32], factor: f32, logits: &mut [f32]) {
        call!(self, multiply_add(terms, factor, logits));
    }

    pub(super) fn add_weighted<T: Number>(self, rows: &[(&[T], f32)], sum: &mut [f32]) {
        call!(self, add_weighted(rows, sum));
    }
}
