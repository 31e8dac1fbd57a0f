//! How alike a query and rows are: rows anywhere in memory, or standing one behind the other in a block.

use super::{
    Path,
    codes::CodedQuery,
    exact,
    number::Number,
    sums::{Cut, Gather, Scan, Sum},
};

/// What similarity is; larger is always more alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// `q·k / (‖q‖·‖k‖)`, in -1 to 1; 0 where either is all zeros.
    Cosine,
    /// `q·k`.
    Dot,
    /// `-‖q - k‖²`: 0 for the same point, below for any other; `1 / (1 - similarity)` is in 0 to 1.
    Euclidean,
}

/// One row of `d` numbers for each candidate, anywhere in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'a> {
    F32(&'a [&'a [f32]]),
    /// The bits of halves, as [`super::half_from_f32`] makes them.
    F16(&'a [&'a [u16]]),
    /// Codes of -127 to 127 and a scale for each row, as [`super::quantize`] makes them.
    I8 {
        codes: &'a [&'a [i8]],
        scales: &'a [f32],
    },
}

impl<'a> Rows<'a> {
    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Rows::F32(rows) => rows.len(),
            Rows::F16(rows) => rows.len(),
            Rows::I8 { codes, .. } => codes.len(),
        }
    }

    /// Returns whether the row of a candidate is empty.
    pub(super) fn is_empty(&self, candidate: usize) -> bool {
        match self {
            Rows::F32(rows) => rows[candidate].is_empty(),
            Rows::F16(rows) => rows[candidate].is_empty(),
            Rows::I8 { codes, .. } => codes[candidate].is_empty(),
        }
    }

    /// Returns whether all rows are empty.
    pub(crate) fn are_empty(&self) -> bool {
        (0..self.len()).all(|candidate| self.is_empty(candidate))
    }

    /// Returns some of the rows: references, not numbers.
    pub(super) fn pick(&self, candidates: impl Iterator<Item = usize> + Clone) -> Picked<'a> {
        match self {
            Rows::F32(rows) => Picked::F32(candidates.map(|at| rows[at]).collect()),
            Rows::F16(rows) => Picked::F16(candidates.map(|at| rows[at]).collect()),
            Rows::I8 { codes, scales } => Picked::I8 {
                codes: candidates.clone().map(|at| codes[at]).collect(),
                scales: candidates.map(|at| scales[at]).collect(),
            },
        }
    }
}

/// Some of [`Rows`].
pub(super) enum Picked<'a> {
    F32(Vec<&'a [f32]>),
    F16(Vec<&'a [u16]>),
    I8 { codes: Vec<&'a [i8]>, scales: Vec<f32> },
}

impl Picked<'_> {
    pub(super) fn rows(&self) -> Rows<'_> {
        match self {
            Picked::F32(rows) => Rows::F32(rows),
            Picked::F16(rows) => Rows::F16(rows),
            Picked::I8 { codes, scales } => Rows::I8 { codes, scales },
        }
    }
}

/// Rows of `d` numbers, one behind the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Block<'a> {
    F32(&'a [f32]),
    F16(&'a [u16]),
    I8 { codes: &'a [i8], scales: &'a [f32] },
}

/// Rows that are scanned between two looks at the selection: a word of it.
const WORD: usize = 64;

/// The norms between which f32 holds every part of a cosine well; beyond, it is made in f64.
const NORM_MIN: f32 = 1e-12;
const NORM_MAX: f32 = 1e12;

/// Room that is used again from call to call.
#[derive(Default)]
pub(super) struct Scratch {
    squares: Vec<f32>,
    sums: Vec<i32>,
}

/// Returns how alike `query` and `row` are.
///
/// # Panics
/// Where their dimensions differ.
pub(crate) fn similarity(path: Path, metric: Metric, query: &[f32], row: &[f32]) -> f32 {
    let mut similarity = [0.0];
    similarities(path, metric, query, Rows::F32(&[row]), &mut similarity);
    similarity[0]
}

/// Writes how alike `query` of `[d]` and each of the rows of `[n, d]` are into `out` of `[n]`; reads the rows where they are.
///
/// Every value is finite: what f32 cannot hold on the way is made in f64, what it cannot hold at the end is the largest that
/// it can.
///
/// # Panics
/// Where a row has other dimensions than the query, or `out` another length than the rows.
///
/// # Complexity
/// `n·d` multiply-adds, `2·n·d` for a cosine. Rows outside the caches cost their bytes: 8 are fetched ahead of the arithmetic.
pub(crate) fn similarities(path: Path, metric: Metric, query: &[f32], rows: Rows<'_>, out: &mut [f32]) {
    let cut = Cut::slices(query.len(), 1);
    head_similarities(path, metric, cut, query, rows, out, &mut Scratch::default());
}

/// Writes how alike `query` and each row of `block` are into `out`, minus infinity where the bit of `selection` is not set
/// (bit `i % 64` of word `i / 64`).
///
/// # Panics
/// Where `block` does not hold `out.len()` rows of `query.len()` numbers, or `selection` has fewer bits.
///
/// # Complexity
/// As [`similarities`]; memory's bandwidth is the limit. Words of the selection without a bit cost nothing.
pub(crate) fn scan(
    path: Path,
    metric: Metric,
    query: &[f32],
    block: Block<'_>,
    selection: Option<&[u64]>,
    out: &mut [f32],
) {
    match block {
        Block::F32(block) => scan_numbers(path, metric, query, block, selection, out),
        Block::F16(block) => scan_numbers(path, metric, query, block, selection, out),
        Block::I8 { codes, scales } => scan_codes(path, metric, query, codes, scales, selection, out),
    }
}

/// Writes the similarity of each head and row into `out` of `[heads, n]`; with slices, their sum over the heads is the
/// similarity of the whole. A query of a head for itself (folded) is not divided by its norm.
pub(super) fn head_similarities(
    path: Path,
    metric: Metric,
    cut: Cut,
    query: &[f32],
    rows: Rows<'_>,
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    match rows {
        Rows::F32(rows) => gather_numbers(path, metric, cut, query, rows, out, &mut scratch.squares),
        Rows::F16(rows) => gather_numbers(path, metric, cut, query, rows, out, &mut scratch.squares),
        Rows::I8 { codes, scales } => {
            let own = query_squares(path, metric, cut, query);
            CodedQuery::new(metric, cut, query, own).gather(path, codes, scales, &mut scratch.sums, out);
        }
    }
}

/// Numbers whose sums are made in floating point.
trait Float: Number {
    fn gather(path: Path, job: &Gather<'_, f32, Self>, sums: &mut [f32], squares: &mut [f32]);
    fn scan(path: Path, job: &Scan<'_, f32, Self>, sums: &mut [f32], squares: &mut [f32]);
}

impl Float for f32 {
    fn gather(path: Path, job: &Gather<'_, f32, Self>, sums: &mut [f32], squares: &mut [f32]) {
        path.gather_f32(job, sums, squares);
    }

    fn scan(path: Path, job: &Scan<'_, f32, Self>, sums: &mut [f32], squares: &mut [f32]) {
        path.scan_f32(job, sums, squares);
    }
}

impl Float for u16 {
    fn gather(path: Path, job: &Gather<'_, f32, Self>, sums: &mut [f32], squares: &mut [f32]) {
        path.gather_f16(job, sums, squares);
    }

    fn scan(path: Path, job: &Scan<'_, f32, Self>, sums: &mut [f32], squares: &mut [f32]) {
        path.scan_f16(job, sums, squares);
    }
}

fn sum_of(metric: Metric) -> Sum {
    match metric {
        Metric::Cosine => Sum::DotAndSquares,
        Metric::Dot => Sum::Dot,
        Metric::Euclidean => Sum::Distance,
    }
}

/// Returns `Σ q²`, which a cosine by slices divides by; 1 where nothing does.
fn query_squares(path: Path, metric: Metric, cut: Cut, query: &[f32]) -> f32 {
    if metric != Metric::Cosine || cut.step == 0 {
        return 1.0;
    }
    let mut squares = [0.0];
    let job = Gather { sum: Sum::Dot, cut: Cut::slices(query.len(), 1), query, rows: &[query] };
    path.gather_f32(&job, &mut squares, &mut []);
    squares[0]
}

fn gather_numbers<T: Float>(
    path: Path,
    metric: Metric,
    cut: Cut,
    query: &[f32],
    rows: &[&[T]],
    out: &mut [f32],
    squares: &mut Vec<f32>,
) {
    squares.resize(if metric == Metric::Cosine { rows.len() } else { 0 }, 0.0);
    T::gather(path, &Gather { sum: sum_of(metric), cut, query, rows }, out, squares);
    finish(metric, cut, query, query_squares(path, metric, cut, query), squares, out, |row| rows[row]);
}

fn scan_numbers<T: Float>(
    path: Path,
    metric: Metric,
    query: &[f32],
    block: &[T],
    selection: Option<&[u64]>,
    out: &mut [f32],
) {
    let d = query.len();
    assert_eq!(block.len(), out.len() * d, "a block of {} rows of {d} numbers", out.len());
    let (cut, sum) = (Cut::slices(d, 1), sum_of(metric));
    let own = query_squares(path, metric, cut, query);
    let n_squares = |n: usize| if metric == Metric::Cosine { n } else { 0 };
    let row = |at: usize| &block[at * d..][..d];
    let whole = |from: usize, out: &mut [f32]| {
        let mut squares = [0.0; WORD];
        let squares = &mut squares[..n_squares(out.len())];
        T::scan(path, &Scan { sum, query, block: &block[from * d..][..out.len() * d] }, out, squares);
        finish(metric, cut, query, own, squares, out, |at| row(from + at));
    };
    let some = |places: &[usize], out: &mut [f32]| {
        let mut squares = [0.0; WORD];
        let squares = &mut squares[..n_squares(places.len())];
        let mut rows: [&[T]; WORD] = [&[]; WORD];
        rows.iter_mut().zip(places).for_each(|(to, at)| *to = row(*at));
        let rows = &rows[..places.len()];
        T::gather(path, &Gather { sum, cut, query, rows }, out, squares);
        finish(metric, cut, query, own, squares, out, |at| rows[at]);
    };
    by_words(selection, out, whole, some);
}

/// Makes similarities of sums; where f32 does not hold what is between them, of the rows once more in f64.
fn finish<'r, T: Number + 'r>(
    metric: Metric,
    cut: Cut,
    query: &[f32],
    own: f32,
    squares: &mut [f32],
    out: &mut [f32],
    row: impl Fn(usize) -> &'r [T],
) {
    let n = out.len() / cut.heads;
    if n == 0 {
        return;
    }
    let mut held = true;
    let mut inverses = 0.0..=0.0;
    match metric {
        Metric::Dot => out.iter().for_each(|x| held &= x.abs() <= f32::MAX),
        Metric::Euclidean => {
            for x in out.iter_mut() {
                held &= *x <= f32::MAX;
                *x = -*x;
            }
        }
        Metric::Cosine => {
            let norm = own.sqrt();
            held = (NORM_MIN..=NORM_MAX).contains(&norm);
            inverses = if held { 1.0 / (norm * NORM_MAX)..=1.0 / (norm * NORM_MIN) } else { 1.0..=0.0 };
            for x in squares.iter_mut() {
                *x = 1.0 / (norm * x.sqrt());
                held &= (*x >= *inverses.start()) & (*x <= *inverses.end());
            }
            for out in out.chunks_exact_mut(n) {
                for (x, inverse) in out.iter_mut().zip(&*squares) {
                    *x *= inverse;
                    held &= x.abs() <= f32::MAX;
                }
            }
        }
    }
    if held {
        return;
    }
    for at in 0..n {
        let beyond = squares.get(at).is_some_and(|inverse| !inverses.contains(inverse));
        if beyond || (0..cut.heads).any(|h| !out[h * n + at].is_finite()) {
            exact::head_similarities(metric, cut, query, row(at), |h, similarity| out[h * n + at] = similarity);
        }
    }
}

fn scan_codes(
    path: Path,
    metric: Metric,
    query: &[f32],
    codes: &[i8],
    scales: &[f32],
    selection: Option<&[u64]>,
    out: &mut [f32],
) {
    let d = query.len();
    assert_eq!(codes.len(), out.len() * d, "a block of {} rows of {d} codes", out.len());
    assert_eq!(scales.len(), out.len(), "a scale for each row");
    let cut = Cut::slices(d, 1);
    let coded = CodedQuery::new(metric, cut, query, query_squares(path, metric, cut, query));
    let (mut room, mut room_of_some) = (Vec::new(), Vec::new());
    let row = |at: usize| &codes[at * d..][..d];
    let whole = |from: usize, out: &mut [f32]| {
        coded.scan(path, &codes[from * d..][..out.len() * d], &scales[from..][..out.len()], &mut room, out);
    };
    let some = |places: &[usize], out: &mut [f32]| {
        let mut rows: [&[i8]; WORD] = [&[]; WORD];
        let mut own = [0.0; WORD];
        for ((to, scale), at) in rows.iter_mut().zip(&mut own).zip(places) {
            (*to, *scale) = (row(*at), scales[*at]);
        }
        coded.gather(path, &rows[..places.len()], &own[..places.len()], &mut room_of_some, out);
    };
    by_words(selection, out, whole, some);
}

/// Hands the rows of each word of a selection to `whole` where all are selected, else those that are to `some`.
fn by_words(
    selection: Option<&[u64]>,
    out: &mut [f32],
    mut whole: impl FnMut(usize, &mut [f32]),
    mut some: impl FnMut(&[usize], &mut [f32]),
) {
    for (word, out) in out.chunks_mut(WORD).enumerate() {
        let all = u64::MAX >> (WORD - out.len());
        let bits = selection.map_or(all, |selection| selection[word] & all);
        if bits == all {
            whole(word * WORD, out);
            continue;
        }
        out.fill(f32::NEG_INFINITY);
        let mut places = [0; WORD];
        let mut n = 0;
        let mut left = bits;
        while left != 0 {
            places[n] = word * WORD + left.trailing_zeros() as usize;
            n += 1;
            left &= left - 1;
        }
        let mut similarities = [0.0; WORD];
        some(&places[..n], &mut similarities[..n]);
        for (at, similarity) in places[..n].iter().zip(similarities) {
            out[at % WORD] = similarity;
        }
    }
}
