//! The kernels for AVX2, FMA and F16C: 8 numbers or 16 codes at a time, four rows side by side.

#![expect(unsafe_code, reason = "loads from slices into registers; the bench `attention` measures the gain")]

use core::arch::x86_64::*;

use super::{
    loops::{self, LANES},
    number::Number,
    sums::{AHEAD_ROW_BYTES, Ahead, Gather, LINE_BYTES, Scan, Sum, put},
};

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn gather_f32(job: &Gather<'_, f32, f32>, sums: &mut [f32], squares: &mut [f32]) {
    gather(job, |numbers| load_f32(numbers), |rest| load_f32(&padded(rest)), sums, squares);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn gather_f16(job: &Gather<'_, f32, u16>, sums: &mut [f32], squares: &mut [f32]) {
    gather(job, |numbers| load_f16(numbers), |rest| load_f16(&padded(rest)), sums, squares);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn scan_f32(job: &Scan<'_, f32, f32>, sums: &mut [f32], squares: &mut [f32]) {
    scan(job, |numbers| load_f32(numbers), |rest| load_f32(&padded(rest)), sums, squares);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn scan_f16(job: &Scan<'_, f32, u16>, sums: &mut [f32], squares: &mut [f32]) {
    scan(job, |numbers| load_f16(numbers), |rest| load_f16(&padded(rest)), sums, squares);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn gather_i8(job: &Gather<'_, i8, i8>, sums: &mut [i32], squares: &mut [i32]) {
    let n = job.rows.len();
    let mut ahead = Ahead::of(job.rows);
    for at in (0..n).step_by(4) {
        prefetch(&job.rows[ahead.move_to(at)]);
        let group = job.four(at);
        for h in 0..job.cut.heads {
            let rows = job.slices(group, h);
            let (dots, own) = sum_i8(job.sum, job.head(h), rows);
            put(dots, &mut sums[h * n..][..n], at);
            if job.sum == Sum::DotAndSquares {
                put(own, &mut squares[h * n..][..n], at);
            }
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn scan_i8(job: &Scan<'_, i8, i8>, sums: &mut [i32], squares: &mut [i32]) {
    for at in (0..job.rows()).step_by(4) {
        let (dots, own) = sum_i8(job.sum, job.query, job.four(at));
        put(dots, sums, at);
        if job.sum == Sum::DotAndSquares {
            put(own, squares, at);
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn softmax(logits: &[[f32; LANES]], weights: &mut [[f32; LANES]]) {
    loops::softmax(logits, weights);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn multiply_add(terms: &[f32], factor: f32, logits: &mut [f32]) {
    loops::multiply_add(terms, factor, logits);
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn add_weighted<T: Number>(rows: &[(&[T], f32)], sum: &mut [f32]) {
    loops::add_weighted(rows, sum);
}

/// Goes through rows anywhere in memory.
#[target_feature(enable = "avx2,fma,f16c")]
fn gather<T: Copy>(
    job: &Gather<'_, f32, T>,
    load: impl Fn(&[T; 8]) -> __m256,
    rest: impl Fn(&[T]) -> __m256,
    sums: &mut [f32],
    squares: &mut [f32],
) {
    let (n, zero) = (job.rows.len(), _mm256_setzero_ps());
    match job.sum {
        Sum::Dot => {
            let step = |sum, q, k| _mm256_fmadd_ps(q, k, sum);
            each_head(job, load, rest, zero, step, |at, h, made| put(reduce(made), &mut sums[h * n..][..n], at));
        }
        Sum::Distance => {
            let step = |sum, q, k| step_distance(sum, q, k);
            each_head(job, load, rest, zero, step, |at, h, made| put(reduce(made), &mut sums[h * n..][..n], at));
        }
        Sum::DotAndSquares => {
            let mut own = [zero; 4];
            let step = |sums, q, k| step_pair(sums, q, k);
            each_head(job, load, rest, (zero, zero), step, |at, h, made| {
                let [(a, aa), (b, bb), (c, cc), (d, dd)] = made;
                put(reduce([a, b, c, d]), &mut sums[h * n..][..n], at);
                // Heads that all see the whole row see its squares too: once is enough.
                if h == 0 {
                    own = [aa, bb, cc, dd];
                } else if job.cut.step > 0 {
                    let [a, b, c, d] = own;
                    own = [_mm256_add_ps(a, aa), _mm256_add_ps(b, bb), _mm256_add_ps(c, cc), _mm256_add_ps(d, dd)];
                }
                if h + 1 == job.cut.heads {
                    put(reduce(own), squares, at);
                }
            });
        }
    }
}

/// Folds four rows at a time, head by head, and hands each fold on with its place.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn each_head<T: Copy, S: Copy>(
    job: &Gather<'_, f32, T>,
    load: impl Fn(&[T; 8]) -> __m256,
    rest: impl Fn(&[T]) -> __m256,
    zero: S,
    step: impl Fn(S, __m256, __m256) -> S,
    mut take: impl FnMut(usize, usize, [S; 4]),
) {
    let mut ahead = Ahead::of(job.rows);
    for at in (0..job.rows.len()).step_by(4) {
        prefetch(&job.rows[ahead.move_to(at)]);
        let group = job.four(at);
        for h in 0..job.cut.heads {
            take(at, h, fold(job.head(h), job.slices(group, h), &load, &rest, zero, &step));
        }
    }
}

/// Goes through rows that stand one behind the other.
#[target_feature(enable = "avx2,fma,f16c")]
fn scan<T: Copy>(
    job: &Scan<'_, f32, T>,
    load: impl Fn(&[T; 8]) -> __m256,
    rest: impl Fn(&[T]) -> __m256,
    sums: &mut [f32],
    squares: &mut [f32],
) {
    let zero = _mm256_setzero_ps();
    match job.sum {
        Sum::Dot => {
            let step = |sum, q, k| _mm256_fmadd_ps(q, k, sum);
            let fold = |row: &[T]| fold_one(job.query, row, &load, &rest, zero, step);
            each_row(job, zero, fold, |at, made| put(reduce(made), sums, at));
        }
        Sum::Distance => {
            let step = |sum, q, k| step_distance(sum, q, k);
            let fold = |row: &[T]| fold_one(job.query, row, &load, &rest, zero, step);
            each_row(job, zero, fold, |at, made| put(reduce(made), sums, at));
        }
        Sum::DotAndSquares => {
            let step = |sums, q, k| step_pair(sums, q, k);
            let fold = |row: &[T]| fold_one(job.query, row, &load, &rest, (zero, zero), step);
            each_row(job, (zero, zero), fold, |at, made| put_pairs(made, sums, squares, at));
        }
    }
}

/// Folds each row to its end before the next, the order memory likes best; hands four on with the place of the first.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn each_row<T: Copy, S: Copy>(
    job: &Scan<'_, f32, T>,
    zero: S,
    fold: impl Fn(&[T]) -> S,
    mut take: impl FnMut(usize, [S; 4]),
) {
    for at in (0..job.rows()).step_by(4) {
        let mut made = [zero; 4];
        for (made, row) in made.iter_mut().zip(job.four(at)) {
            *made = fold(row);
        }
        take(at, made);
    }
}

/// Takes `step` over the dimensions of four rows side by side.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn fold<T: Copy, S: Copy>(
    query: &[f32],
    [a, b, c, d]: [&[T]; 4],
    load: impl Fn(&[T; 8]) -> __m256,
    rest: impl Fn(&[T]) -> __m256,
    zero: S,
    step: impl Fn(S, __m256, __m256) -> S,
) -> [S; 4] {
    let (q, q_rest) = query.as_chunks::<8>();
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let (c, c_rest) = c.as_chunks::<8>();
    let (d, d_rest) = d.as_chunks::<8>();
    let [mut sa, mut sb, mut sc, mut sd] = [zero; 4];
    for ((((q, a), b), c), d) in q.iter().zip(a).zip(b).zip(c).zip(d) {
        let q = load_f32(q);
        sa = step(sa, q, load(a));
        sb = step(sb, q, load(b));
        sc = step(sc, q, load(c));
        sd = step(sd, q, load(d));
    }
    if !q_rest.is_empty() {
        let q = load_f32(&padded(q_rest));
        sa = step(sa, q, rest(a_rest));
        sb = step(sb, q, rest(b_rest));
        sc = step(sc, q, rest(c_rest));
        sd = step(sd, q, rest(d_rest));
    }
    [sa, sb, sc, sd]
}

/// Takes `step` over the dimensions of a row, as [`fold`] does.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn fold_one<T: Copy, S: Copy>(
    query: &[f32],
    row: &[T],
    load: impl Fn(&[T; 8]) -> __m256,
    rest: impl Fn(&[T]) -> __m256,
    mut sum: S,
    step: impl Fn(S, __m256, __m256) -> S,
) -> S {
    let (q, q_rest) = query.as_chunks::<8>();
    let (k, k_rest) = row.as_chunks::<8>();
    for (q, k) in q.iter().zip(k) {
        sum = step(sum, load_f32(q), load(k));
    }
    if !q_rest.is_empty() {
        sum = step(sum, load_f32(&padded(q_rest)), rest(k_rest));
    }
    sum
}

/// Writes the two sums of four rows.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn put_pairs(made: [(__m256, __m256); 4], sums: &mut [f32], squares: &mut [f32], at: usize) {
    let [(a, aa), (b, bb), (c, cc), (d, dd)] = made;
    put(reduce([a, b, c, d]), sums, at);
    put(reduce([aa, bb, cc, dd]), squares, at);
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn step_distance(sum: __m256, q: __m256, k: __m256) -> __m256 {
    let difference = _mm256_sub_ps(q, k);
    _mm256_fmadd_ps(difference, difference, sum)
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn step_pair((dot, squares): (__m256, __m256), q: __m256, k: __m256) -> (__m256, __m256) {
    (_mm256_fmadd_ps(q, k, dot), _mm256_fmadd_ps(k, k, squares))
}

/// Returns `Σ q·k` of four rows of codes, and their `Σ k²` where that is asked for, else zeros.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn sum_i8(sum: Sum, query: &[i8], rows: [&[i8]; 4]) -> ([i32; 4], [i32; 4]) {
    let zero = _mm256_setzero_si256();
    let add = |sum, q, k| _mm256_add_epi32(sum, _mm256_madd_epi16(q, k));
    if sum == Sum::DotAndSquares {
        let step = |(dot, squares), q, k| (add(dot, q, k), add(squares, k, k));
        let [(a, aa), (b, bb), (c, cc), (d, dd)] = fold_i8(query, rows, (zero, zero), step);
        (reduce_i32([a, b, c, d]), reduce_i32([aa, bb, cc, dd]))
    } else {
        (reduce_i32(fold_i8(query, rows, zero, add)), [0; 4])
    }
}

/// Takes `step` over the dimensions of four rows of codes, widened to 16 bits.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn fold_i8<S: Copy>(
    query: &[i8],
    [a, b, c, d]: [&[i8]; 4],
    zero: S,
    step: impl Fn(S, __m256i, __m256i) -> S,
) -> [S; 4] {
    let (q, q_rest) = query.as_chunks::<16>();
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    let (c, c_rest) = c.as_chunks::<16>();
    let (d, d_rest) = d.as_chunks::<16>();
    let [mut sa, mut sb, mut sc, mut sd] = [zero; 4];
    for ((((q, a), b), c), d) in q.iter().zip(a).zip(b).zip(c).zip(d) {
        let q = load_i8(q);
        sa = step(sa, q, load_i8(a));
        sb = step(sb, q, load_i8(b));
        sc = step(sc, q, load_i8(c));
        sd = step(sd, q, load_i8(d));
    }
    if !q_rest.is_empty() {
        let q = load_i8(&padded(q_rest));
        sa = step(sa, q, load_i8(&padded(a_rest)));
        sb = step(sb, q, load_i8(&padded(b_rest)));
        sc = step(sc, q, load_i8(&padded(c_rest)));
        sd = step(sd, q, load_i8(&padded(d_rest)));
    }
    [sa, sb, sc, sd]
}

/// Returns the sums of the lanes of each, in one fixed order.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn reduce([a, b, c, d]: [__m256; 4]) -> [f32; 4] {
    let pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    let whole = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps::<1>(pairs));
    let mut lanes = [0.0; 4];
    // SAFETY: `lanes` has room for four.
    unsafe { _mm_storeu_ps(lanes.as_mut_ptr(), whole) };
    lanes
}

/// Returns the sums of the lanes of each.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn reduce_i32([a, b, c, d]: [__m256i; 4]) -> [i32; 4] {
    let pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    let whole = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256::<1>(pairs));
    let mut lanes = [0; 4];
    // SAFETY: `lanes` has room for four.
    unsafe { _mm_storeu_si128(lanes.as_mut_ptr().cast(), whole) };
    lanes
}

/// Asks memory for rows.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn prefetch<T>(rows: &[&[T]]) {
    for row in rows {
        // From the line the row starts in to the one it ends in.
        let before = row.as_ptr().addr() % LINE_BYTES;
        let bytes = before + size_of_val(*row).min(AHEAD_ROW_BYTES);
        let first = row.as_ptr().cast::<i8>().wrapping_sub(before);
        for byte in (0..bytes).step_by(LINE_BYTES) {
            _mm_prefetch::<_MM_HINT_T0>(first.wrapping_add(byte));
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn load_f32(numbers: &[f32; 8]) -> __m256 {
    // SAFETY: there are 8.
    unsafe { _mm256_loadu_ps(numbers.as_ptr()) }
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn load_f16(numbers: &[u16; 8]) -> __m256 {
    // SAFETY: there are 8.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(numbers.as_ptr().cast()) })
}

/// Loads codes as 16 bits each.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn load_i8(codes: &[i8; 16]) -> __m256i {
    // SAFETY: there are 16.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(codes.as_ptr().cast()) })
}

/// Returns numbers that do not fill a register, and zeros.
#[inline]
fn padded<T: Copy + Default, const N: usize>(rest: &[T]) -> [T; N] {
    let mut numbers = [T::default(); N];
    numbers.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    numbers
}
