//! The kernels for AVX-512 (F, BW, DQ, VL, VNNI): 16 numbers or 64 codes at a time, four rows side by side.

#![expect(unsafe_code, reason = "loads from slices into registers; the bench `attention` measures the gain")]

use core::arch::x86_64::*;

use super::{
    avx2,
    loops::{self, LANES},
    number::Number,
    sums::{AHEAD_ROW_BYTES, Ahead, Gather, LINE_BYTES, Scan, Sum, put},
};

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn gather_f32(job: &Gather<'_, f32, f32>, sums: &mut [f32], squares: &mut [f32]) {
    gather(job, |numbers| load_f32(numbers), |rest| rest_f32(rest), sums, squares);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn gather_f16(job: &Gather<'_, f32, u16>, sums: &mut [f32], squares: &mut [f32]) {
    gather(job, |numbers| load_f16(numbers), |rest| rest_f16(rest), sums, squares);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn scan_f32(job: &Scan<'_, f32, f32>, sums: &mut [f32], squares: &mut [f32]) {
    let (half, zero) = (_mm256_setzero_ps(), _mm512_setzero_ps());
    let join = |low, high| join(low, high);
    match job.sum {
        Sum::Dot => {
            let half_step = |sum, q, k| _mm256_fmadd_ps(q, k, sum);
            let step = |sum, q, k| _mm512_fmadd_ps(q, k, sum);
            let fold = |row: &[f32]| fold_halves(job.query, row, half, half_step, join, step);
            each_row(job, zero, fold, |at, made| put(reduce(made), sums, at));
        }
        Sum::Distance => {
            let half_step = |sum, q, k| {
                let difference = _mm256_sub_ps(q, k);
                _mm256_fmadd_ps(difference, difference, sum)
            };
            let step = |sum, q, k| step_distance(sum, q, k);
            let fold = |row: &[f32]| fold_halves(job.query, row, half, half_step, join, step);
            each_row(job, zero, fold, |at, made| put(reduce(made), sums, at));
        }
        Sum::DotAndSquares => {
            let half_step = |(dot, squares), q, k| (_mm256_fmadd_ps(q, k, dot), _mm256_fmadd_ps(k, k, squares));
            let join = |(low, low_own), (high, high_own)| (join(low, high), join(low_own, high_own));
            let step = |sums, q, k| step_pair(sums, q, k);
            let fold = |row: &[f32]| fold_halves(job.query, row, (half, half), half_step, join, step);
            each_row(job, (zero, zero), fold, |at, made| put_pairs(made, sums, squares, at));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn scan_f16(job: &Scan<'_, f32, u16>, sums: &mut [f32], squares: &mut [f32]) {
    scan(job, |numbers| load_f16(numbers), |rest| rest_f16(rest), sums, squares);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
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

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn scan_i8(job: &Scan<'_, i8, i8>, sums: &mut [i32], squares: &mut [i32]) {
    // Whole numbers are the same by any instructions, and from memory loads of less than a line are faster.
    avx2::scan_i8(job, sums, squares);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn softmax(logits: &[[f32; LANES]], weights: &mut [[f32; LANES]]) {
    loops::softmax(logits, weights);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn multiply_add(terms: &[f32], factor: f32, logits: &mut [f32]) {
    loops::multiply_add(terms, factor, logits);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn add_weighted<T: Number>(rows: &[(&[T], f32)], sum: &mut [f32]) {
    loops::add_weighted(rows, sum);
}

/// Goes through rows anywhere in memory.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn gather<T: Copy>(
    job: &Gather<'_, f32, T>,
    load: impl Fn(&[T; 16]) -> __m512,
    rest: impl Fn(&[T]) -> __m512,
    sums: &mut [f32],
    squares: &mut [f32],
) {
    let (n, zero) = (job.rows.len(), _mm512_setzero_ps());
    match job.sum {
        Sum::Dot => {
            let step = |sum, q, k| _mm512_fmadd_ps(q, k, sum);
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
                    own = [_mm512_add_ps(a, aa), _mm512_add_ps(b, bb), _mm512_add_ps(c, cc), _mm512_add_ps(d, dd)];
                }
                if h + 1 == job.cut.heads {
                    put(reduce(own), squares, at);
                }
            });
        }
    }
}

/// Folds four rows at a time, head by head, and hands each fold on with its place.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn each_head<T: Copy, S: Copy>(
    job: &Gather<'_, f32, T>,
    load: impl Fn(&[T; 16]) -> __m512,
    rest: impl Fn(&[T]) -> __m512,
    zero: S,
    step: impl Fn(S, __m512, __m512) -> S,
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
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn scan<T: Copy>(
    job: &Scan<'_, f32, T>,
    load: impl Fn(&[T; 16]) -> __m512,
    rest: impl Fn(&[T]) -> __m512,
    sums: &mut [f32],
    squares: &mut [f32],
) {
    let zero = _mm512_setzero_ps();
    match job.sum {
        Sum::Dot => {
            let step = |sum, q, k| _mm512_fmadd_ps(q, k, sum);
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
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn fold<T: Copy, S: Copy>(
    query: &[f32],
    [a, b, c, d]: [&[T]; 4],
    load: impl Fn(&[T; 16]) -> __m512,
    rest: impl Fn(&[T]) -> __m512,
    zero: S,
    step: impl Fn(S, __m512, __m512) -> S,
) -> [S; 4] {
    let (q, q_rest) = query.as_chunks::<16>();
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    let (c, c_rest) = c.as_chunks::<16>();
    let (d, d_rest) = d.as_chunks::<16>();
    let [mut sa, mut sb, mut sc, mut sd] = [zero; 4];
    for ((((q, a), b), c), d) in q.iter().zip(a).zip(b).zip(c).zip(d) {
        let q = load_f32(q);
        sa = step(sa, q, load(a));
        sb = step(sb, q, load(b));
        sc = step(sc, q, load(c));
        sd = step(sd, q, load(d));
    }
    if !q_rest.is_empty() {
        let q = rest_f32(q_rest);
        sa = step(sa, q, rest(a_rest));
        sb = step(sb, q, rest(b_rest));
        sc = step(sc, q, rest(c_rest));
        sd = step(sd, q, rest(d_rest));
    }
    [sa, sb, sc, sd]
}

/// Takes `step` over the dimensions of a row, as [`fold`] does.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn fold_one<T: Copy, S: Copy>(
    query: &[f32],
    row: &[T],
    load: impl Fn(&[T; 16]) -> __m512,
    rest: impl Fn(&[T]) -> __m512,
    mut sum: S,
    step: impl Fn(S, __m512, __m512) -> S,
) -> S {
    let (q, q_rest) = query.as_chunks::<16>();
    let (k, k_rest) = row.as_chunks::<16>();
    for (q, k) in q.iter().zip(k) {
        sum = step(sum, load_f32(q), load(k));
    }
    if !q_rest.is_empty() {
        sum = step(sum, rest_f32(q_rest), rest(k_rest));
    }
    sum
}

/// Takes `step` over the dimensions of a row by loads of half a register: loads as wide as a line bring a block from memory at
/// little more than half the speed. The sums are those of [`fold_one`], lane by lane.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn fold_halves<H: Copy, S>(
    query: &[f32],
    row: &[f32],
    zero: H,
    half_step: impl Fn(H, __m256, __m256) -> H,
    join: impl Fn(H, H) -> S,
    step: impl Fn(S, __m512, __m512) -> S,
) -> S {
    let (q, q_rest) = query.as_chunks::<16>();
    let (k, k_rest) = row.as_chunks::<16>();
    let (mut low, mut high) = (zero, zero);
    for (q, k) in q.iter().zip(k) {
        let ([q_low, q_high], [k_low, k_high]) = (halves(q), halves(k));
        low = half_step(low, q_low, k_low);
        high = half_step(high, q_high, k_high);
    }
    let sum = join(low, high);
    if q_rest.is_empty() { sum } else { step(sum, rest_f32(q_rest), rest_f32(k_rest)) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn join(low: __m256, high: __m256) -> __m512 {
    _mm512_insertf32x8::<1>(_mm512_castps256_ps512(low), high)
}

/// Writes the two sums of four rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn put_pairs(made: [(__m512, __m512); 4], sums: &mut [f32], squares: &mut [f32], at: usize) {
    let [(a, aa), (b, bb), (c, cc), (d, dd)] = made;
    put(reduce([a, b, c, d]), sums, at);
    put(reduce([aa, bb, cc, dd]), squares, at);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn step_distance(sum: __m512, q: __m512, k: __m512) -> __m512 {
    let difference = _mm512_sub_ps(q, k);
    _mm512_fmadd_ps(difference, difference, sum)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn step_pair((dot, squares): (__m512, __m512), q: __m512, k: __m512) -> (__m512, __m512) {
    (_mm512_fmadd_ps(q, k, dot), _mm512_fmadd_ps(k, k, squares))
}

/// Returns `Σ q·k` of four rows of codes, and their `Σ k²` where that is asked for, else zeros.
///
/// The instruction multiplies bytes without a sign by bytes with one, so `(k + 128)·q` is summed, and `128·Σ q` taken off.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn sum_i8(sum: Sum, query: &[i8], rows: [&[i8]; 4]) -> ([i32; 4], [i32; 4]) {
    let flip = _mm512_set1_epi8(-128);
    let zero = _mm512_setzero_si512();
    if sum == Sum::DotAndSquares {
        let step = |(dot, squares), q, k| {
            let size = _mm512_abs_epi8(k);
            (_mm512_dpbusd_epi32(dot, _mm512_xor_si512(k, flip), q), _mm512_dpbusd_epi32(squares, size, size))
        };
        let ([(a, aa), (b, bb), (c, cc), (d, dd)], offset) = fold_i8(query, rows, (zero, zero), step);
        (reduce_i32([a, b, c, d], offset), reduce_i32([aa, bb, cc, dd], zero))
    } else {
        let step = |dot, q, k| _mm512_dpbusd_epi32(dot, _mm512_xor_si512(k, flip), q);
        let (sums, offset) = fold_i8(query, rows, zero, step);
        (reduce_i32(sums, offset), [0; 4])
    }
}

/// Takes `step` over the dimensions of four rows of codes; returns the sums and the parts of `128·Σ q`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn fold_i8<S: Copy>(
    query: &[i8],
    [a, b, c, d]: [&[i8]; 4],
    zero: S,
    step: impl Fn(S, __m512i, __m512i) -> S,
) -> ([S; 4], __m512i) {
    let all_128 = _mm512_set1_epi8(-128);
    let mut offset = _mm512_setzero_si512();
    let (q, q_rest) = query.as_chunks::<64>();
    let (a, a_rest) = a.as_chunks::<64>();
    let (b, b_rest) = b.as_chunks::<64>();
    let (c, c_rest) = c.as_chunks::<64>();
    let (d, d_rest) = d.as_chunks::<64>();
    let [mut sa, mut sb, mut sc, mut sd] = [zero; 4];
    for ((((q, a), b), c), d) in q.iter().zip(a).zip(b).zip(c).zip(d) {
        let q = load_i8(q);
        offset = _mm512_dpbusd_epi32(offset, all_128, q);
        sa = step(sa, q, load_i8(a));
        sb = step(sb, q, load_i8(b));
        sc = step(sc, q, load_i8(c));
        sd = step(sd, q, load_i8(d));
    }
    if !q_rest.is_empty() {
        let q = rest_i8(q_rest);
        offset = _mm512_dpbusd_epi32(offset, all_128, q);
        sa = step(sa, q, rest_i8(a_rest));
        sb = step(sb, q, rest_i8(b_rest));
        sc = step(sc, q, rest_i8(c_rest));
        sd = step(sd, q, rest_i8(d_rest));
    }
    ([sa, sb, sc, sd], offset)
}

/// Returns the sums of the lanes of each, in one fixed order.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn reduce([a, b, c, d]: [__m512; 4]) -> [f32; 4] {
    // Blocks of four lanes: a0 a1 b0 b1 + a2 a3 b2 b3, and so for c and d.
    let ab = _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(a, b), _mm512_shuffle_f32x4::<0xEE>(a, b));
    let cd = _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(c, d), _mm512_shuffle_f32x4::<0xEE>(c, d));
    // One block each for a, b, c, d.
    let blocks = _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(ab, cd), _mm512_shuffle_f32x4::<0xDD>(ab, cd));
    let halves = _mm512_add_ps(blocks, _mm512_permute_ps::<0b01_00_11_10>(blocks));
    let whole = _mm512_add_ps(halves, _mm512_permute_ps::<0b10_11_00_01>(halves));
    let firsts = _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, whole));
    let mut lanes = [0.0; 4];
    // SAFETY: `lanes` has room for four.
    unsafe { _mm_storeu_ps(lanes.as_mut_ptr(), firsts) };
    lanes
}

/// Returns the sums of the lanes of each, less those of `offset`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn reduce_i32([a, b, c, d]: [__m512i; 4], offset: __m512i) -> [i32; 4] {
    let (a, b) = (_mm512_sub_epi32(a, offset), _mm512_sub_epi32(b, offset));
    let (c, d) = (_mm512_sub_epi32(c, offset), _mm512_sub_epi32(d, offset));
    let ab = _mm512_add_epi32(_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xEE>(a, b));
    let cd = _mm512_add_epi32(_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xEE>(c, d));
    let blocks = _mm512_add_epi32(_mm512_shuffle_i32x4::<0x88>(ab, cd), _mm512_shuffle_i32x4::<0xDD>(ab, cd));
    let halves = _mm512_add_epi32(blocks, _mm512_shuffle_epi32::<0b01_00_11_10>(blocks));
    let whole = _mm512_add_epi32(halves, _mm512_shuffle_epi32::<0b10_11_00_01>(halves));
    let firsts = _mm512_castsi512_si128(_mm512_maskz_compress_epi32(0x1111, whole));
    let mut lanes = [0; 4];
    // SAFETY: `lanes` has room for four.
    unsafe { _mm_storeu_si128(lanes.as_mut_ptr().cast(), firsts) };
    lanes
}

/// Asks memory for rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
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

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn load_f32(numbers: &[f32; 16]) -> __m512 {
    // SAFETY: there are 16.
    unsafe { _mm512_loadu_ps(numbers.as_ptr()) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn halves(numbers: &[f32; 16]) -> [__m256; 2] {
    // SAFETY: there are 16, eight for each.
    unsafe { [_mm256_loadu_ps(numbers.as_ptr()), _mm256_loadu_ps(numbers.as_ptr().add(8))] }
}

/// Loads fewer than 16; the other lanes are 0.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn rest_f32(numbers: &[f32]) -> __m512 {
    let mask = 0xFFFF_u16.unbounded_shr(16_u32.saturating_sub(numbers.len() as u32));
    // SAFETY: the mask has a bit for each of the slice's numbers, at most 16, and lanes without a bit are not read.
    unsafe { _mm512_maskz_loadu_ps(mask, numbers.as_ptr()) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn load_f16(numbers: &[u16; 16]) -> __m512 {
    // SAFETY: there are 16.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) })
}

/// Loads fewer than 16; the other lanes are 0.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn rest_f16(numbers: &[u16]) -> __m512 {
    let mask = 0xFFFF_u16.unbounded_shr(16_u32.saturating_sub(numbers.len() as u32));
    // SAFETY: the mask has a bit for each of the slice's numbers, at most 16, and lanes without a bit are not read.
    _mm512_cvtph_ps(unsafe { _mm256_maskz_loadu_epi16(mask, numbers.as_ptr().cast()) })
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn load_i8(codes: &[i8; 64]) -> __m512i {
    // SAFETY: there are 64.
    unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) }
}

/// Loads fewer than 64; the other lanes are 0.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[inline]
fn rest_i8(codes: &[i8]) -> __m512i {
    let mask = u64::MAX.unbounded_shr(64_u32.saturating_sub(codes.len() as u32));
    // SAFETY: the mask has a bit for each of the slice's codes, at most 64, and lanes without a bit are not read.
    unsafe { _mm512_maskz_loadu_epi8(mask, codes.as_ptr()) }
}
