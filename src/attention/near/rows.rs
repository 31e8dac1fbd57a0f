//! Rows as codes, each at the start of a line of memory, with what their distances are made of.

use super::{
    super::{
        Metric, Path,
        sums::{Cut, Gather, Sum},
    },
    FAN_BOTTOM,
};
use crate::model::quantize;

/// Rows in one piece of memory.
const CHUNK_ROWS: usize = 1024;

/// A line of memory.
const LINE: usize = 64;

/// `[n, d]` codes, and `[n]` of what belongs to each.
#[derive(Debug)]
pub(super) struct CodedRows {
    dimension: usize,
    /// From one row to the next: whole lines, but for rows much shorter than one.
    stride: usize,
    chunks: Vec<Chunk>,
    sizes: Vec<Size>,
}

#[derive(Debug)]
struct Chunk {
    codes: Box<[i8]>,
    /// Where the first line begins.
    first: usize,
}

/// See the module `near`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    /// What a code is multiplied with.
    pub(super) scale: f32,
    /// Half the square of the length.
    pub(super) half: f32,
    pub(super) lift: f32,
}

/// A row to compare others with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe<'a> {
    pub(super) codes: &'a [i8],
    pub(super) size: Size,
}

impl CodedRows {
    pub(super) fn new(dimension: usize) -> Self {
        // Short rows share lines: a power of two of them in each.
        let stride = if dimension >= LINE { dimension.next_multiple_of(LINE) } else { dimension.next_power_of_two() };
        Self { dimension, stride, chunks: Vec::new(), sizes: Vec::new() }
    }

    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    pub(super) fn len(&self) -> usize {
        self.sizes.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.codes.len()).sum();
        chunks + self.sizes.capacity() * size_of::<Size>()
    }

    /// Adds a row.
    pub(super) fn push(&mut self, codes: &[i8], size: Size) -> u32 {
        let slot = self.sizes.len();
        if slot / CHUNK_ROWS == self.chunks.len() {
            let codes = vec![0_i8; CHUNK_ROWS * self.stride + LINE - 1].into_boxed_slice();
            let first = codes.as_ptr().align_offset(LINE).min(LINE - 1);
            self.chunks.push(Chunk { codes, first });
        }
        let Chunk { codes: all, first } = &mut self.chunks[slot / CHUNK_ROWS];
        all[*first + slot % CHUNK_ROWS * self.stride..][..codes.len()].copy_from_slice(codes);
        self.sizes.push(size);
        u32::try_from(slot).expect("slots are counted in 32 bits")
    }

    #[inline]
    pub(super) fn codes(&self, slot: u32) -> &[i8] {
        let slot = slot as usize;
        let Chunk { codes, first } = &self.chunks[slot / CHUNK_ROWS];
        &codes[first + slot % CHUNK_ROWS * self.stride..][..self.dimension]
    }

    pub(super) fn probe(&self, slot: u32) -> Probe<'_> {
        Probe { codes: self.codes(slot), size: self.sizes[slot as usize] }
    }

    /// Writes how far rows are from one; there are at most [`FAN_BOTTOM`].
    #[inline]
    pub(super) fn distances(&self, path: Path, probe: &Probe<'_>, slots: &[u32], out: &mut [f32]) {
        let mut rows: [&[i8]; FAN_BOTTOM] = [&[]; FAN_BOTTOM];
        let mut sums = [0; FAN_BOTTOM];
        let n = slots.len();
        for (row, slot) in rows.iter_mut().zip(slots) {
            *row = self.codes(*slot);
        }
        let job = Gather { sum: Sum::Dot, cut: Cut::slices(self.dimension, 1), query: probe.codes, rows: &rows[..n] };
        path.gather_i8(&job, &mut sums[..n], &mut []);
        let Size { scale, half, lift } = probe.size;
        for ((out, slot), sum) in out.iter_mut().zip(slots).zip(sums) {
            let size = self.sizes[*slot as usize];
            *out = half + size.half - sum as f32 * (scale * size.scale) - lift * size.lift;
        }
    }
}

/// Writes the codes of a row, and returns what its distances are made of. `radius` is 0 for a query.
pub(super) fn code(metric: Metric, row: &[f32], radius: f32, room: &mut Vec<f32>, codes: &mut Vec<i8>) -> Size {
    room.clear();
    room.extend_from_slice(row);
    codes.resize(row.len(), 0);
    if metric == Metric::Cosine {
        let square: f64 = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
        let inverse = if square > 0.0 { 1.0 / square.sqrt() } else { 0.0 };
        room.iter_mut().for_each(|x| *x = (f64::from(*x) * inverse) as f32);
    }
    let scale = quantize(room, codes);
    let sum: i64 = codes.iter().map(|code| i64::from(*code) * i64::from(*code)).sum();
    let square = sum as f32 * scale * scale;
    let (half, lift) = match metric {
        // A row of zeros is as far from all others as one at a right angle.
        Metric::Cosine if scale == 0.0 => (0.5, 0.0),
        Metric::Dot if radius > 0.0 => {
            let lift = (radius * radius - square).max(0.0).sqrt();
            ((square + lift * lift) / 2.0, lift)
        }
        _ => (square / 2.0, 0.0),
    };
    // What f32 cannot hold is as far as anything can be.
    let finite = |x: f32| if x.is_finite() { x } else { f32::MAX / 4.0 };
    Size { scale, half: finite(half), lift: finite(lift) }
}
