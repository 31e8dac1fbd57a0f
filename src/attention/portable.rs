//! The kernels as plain loops over 16 lanes, for the compiler to make of what it can.

use super::{
    loops::{self, LANES},
    number::Number,
    sums::{Gather, Scan, Sum},
};

pub(super) fn gather_f32(job: &Gather<'_, f32, f32>, sums: &mut [f32], squares: &mut [f32]) {
    gather(job, sums, squares);
}

pub(super) fn gather_f16(job: &Gather<'_, f32, u16>, sums: &mut [f32], squares: &mut [f32]) {
    gather(job, sums, squares);
}

pub(super) fn scan_f32(job: &Scan<'_, f32, f32>, sums: &mut [f32], squares: &mut [f32]) {
    scan(job, sums, squares);
}

pub(super) fn scan_f16(job: &Scan<'_, f32, u16>, sums: &mut [f32], squares: &mut [f32]) {
    scan(job, sums, squares);
}

pub(super) fn gather_i8(job: &Gather<'_, i8, i8>, sums: &mut [i32], squares: &mut [i32]) {
    let (n, width, step) = (job.rows.len(), job.cut.width, job.cut.step);
    for (at, row) in job.rows.iter().enumerate() {
        for h in 0..job.cut.heads {
            let row = &row[h * step..][..width];
            sums[h * n + at] = dot_i8(&job.query[h * width..][..width], row);
            if job.sum == Sum::DotAndSquares {
                squares[h * n + at] = dot_i8(row, row);
            }
        }
    }
}

pub(super) fn scan_i8(job: &Scan<'_, i8, i8>, sums: &mut [i32], squares: &mut [i32]) {
    for (at, row) in job.block.chunks_exact(job.query.len()).enumerate() {
        sums[at] = dot_i8(job.query, row);
        if job.sum == Sum::DotAndSquares {
            squares[at] = dot_i8(row, row);
        }
    }
}

pub(super) fn softmax(logits: &[[f32; LANES]], weights: &mut [[f32; LANES]]) {
    loops::softmax(logits, weights);
}

pub(super) fn multiply_add(terms: &[f32], factor: f32, logits: &mut [f32]) {
    loops::multiply_add(terms, factor, logits);
}

pub(super) fn add_weighted<T: Number>(rows: &[(&[T], f32)], sum: &mut [f32]) {
    loops::add_weighted(rows, sum);
}

fn gather<T: Number>(job: &Gather<'_, f32, T>, sums: &mut [f32], squares: &mut [f32]) {
    let (n, width, step) = (job.rows.len(), job.cut.width, job.cut.step);
    for (at, row) in job.rows.iter().enumerate() {
        for h in 0..job.cut.heads {
            let query = &job.query[h * width..][..width];
            sums[h * n + at] = sum(job.sum, query, &row[h * step..][..width]);
        }
        if job.sum == Sum::DotAndSquares {
            squares[at] = fold(row, row, |sum, k, _| sum + k * k);
        }
    }
}

fn scan<T: Number>(job: &Scan<'_, f32, T>, sums: &mut [f32], squares: &mut [f32]) {
    for (at, row) in job.block.chunks_exact(job.query.len()).enumerate() {
        sums[at] = sum(job.sum, job.query, row);
        if job.sum == Sum::DotAndSquares {
            squares[at] = fold(row, row, |sum, k, _| sum + k * k);
        }
    }
}

fn sum<T: Number>(sum: Sum, query: &[f32], row: &[T]) -> f32 {
    match sum {
        Sum::Dot | Sum::DotAndSquares => fold(query, row, |sum, q, k| sum + q * k),
        Sum::Distance => fold(query, row, |sum, q, k| sum + (q - k) * (q - k)),
    }
}

#[inline(always)]
fn fold<Q: Number, T: Number>(query: &[Q], row: &[T], step: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let (q, query_rest) = query.as_chunks::<LANES>();
    let (k, row_rest) = row.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (q, k) in q.iter().zip(k) {
        for lane in 0..LANES {
            lanes[lane] = step(lanes[lane], q[lane].widen(), k[lane].widen());
        }
    }
    for ((lane, q), k) in lanes.iter_mut().zip(query_rest).zip(row_rest) {
        *lane = step(*lane, q.widen(), k.widen());
    }
    loops::lane_sum(lanes)
}

fn dot_i8(query: &[i8], row: &[i8]) -> i32 {
    query.iter().zip(row).map(|(q, k)| i32::from(*q) * i32::from(*k)).sum()
}
