//! Integers of a block by frame of reference: a base, and what each adds to it in 0, 1, 2, 4 or 8 bytes.

use rkyv::{Archive, Serialize};

use super::{Presence, view::View};
use crate::{Error, Result};

/// What is stored. One array at most is not empty, which says the width; none where all values are the base.
#[derive(Archive, Serialize, Default)]
pub(super) struct IntsRecord {
    base: i64,
    w1: Vec<u8>,
    w2: Vec<u16>,
    w4: Vec<u32>,
    w8: Vec<u64>,
}

const _: () = assert!(size_of::<ArchivedIntsRecord>() == 40 && align_of::<ArchivedIntsRecord>() == 8);

impl IntsRecord {
    /// Returns the record of the values at the places of `presence`; other places up to its end read as the base.
    pub(super) fn new(presence: &Presence, value: impl Fn(usize) -> i64) -> Self {
        let len = presence.end();
        let (base, max) = presence.iter().map(&value).fold((i64::MAX, i64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        let mut record = Self { base, ..Self::default() };
        if len == 0 {
            record.base = 0;
            return record;
        }
        let delta = |at: usize| if presence.contains(at) { value(at).wrapping_sub(base) as u64 } else { 0 };
        match max.wrapping_sub(base) as u64 {
            0 => {}
            1..=0xff => record.w1 = (0..len).map(|at| delta(at) as u8).collect(),
            0x100..=0xffff => record.w2 = (0..len).map(|at| delta(at) as u16).collect(),
            0x1_0000..=0xffff_ffff => record.w4 = (0..len).map(|at| delta(at) as u32).collect(),
            _ => record.w8 = (0..len).map(delta).collect(),
        }
        record
    }

    /// Returns a guess of the bytes it takes.
    pub(super) fn size(&self) -> usize {
        40 + self.w1.len() + 2 * self.w2.len() + 4 * self.w4.len() + 8 * self.w8.len()
    }
}

/// Pinned integers.
#[derive(Clone)]
pub(super) struct Ints {
    base: i64,
    deltas: Deltas,
}

#[derive(Clone)]
enum Deltas {
    None,
    W1(View<u8>),
    W2(View<u16>),
    W4(View<u32>),
    W8(View<u64>),
}

impl Ints {
    /// Pins the record, which must hold `len` values.
    pub(super) fn pin(
        owner: &super::Bytes,
        record: &ArchivedIntsRecord,
        len: usize,
        what: impl std::fmt::Display,
    ) -> Result<Self> {
        let lens = [record.w1.len(), record.w2.len(), record.w4.len(), record.w8.len()];
        let (deltas, is_whole) = match lens.map(|len| len != 0) {
            [false, false, false, false] => (Deltas::None, true),
            [true, false, false, false] => (Deltas::W1(View::new(owner, &record.w1)), lens[0] == len),
            [false, true, false, false] => (Deltas::W2(View::new(owner, &record.w2)), lens[1] == len),
            [false, false, true, false] => (Deltas::W4(View::new(owner, &record.w4)), lens[2] == len),
            [false, false, false, true] => (Deltas::W8(View::new(owner, &record.w8)), lens[3] == len),
            _ => (Deltas::None, false),
        };
        if !is_whole {
            return Err(Error::corrupt(what, format_args!("{len} integers of one width"), format_args!("{lens:?}")));
        }
        Ok(Self { base: record.base.to_native(), deltas })
    }

    /// Returns the integers, ready to read.
    #[inline]
    pub(super) fn view(&self) -> IntView<'_> {
        let base = self.base;
        match &self.deltas {
            Deltas::None => IntView::Constant(base),
            Deltas::W1(view) => IntView::W1 { base, deltas: view.as_slice() },
            Deltas::W2(view) => IntView::W2 { base, deltas: view.as_slice() },
            Deltas::W4(view) => IntView::W4 { base, deltas: view.as_slice() },
            Deltas::W8(view) => IntView::W8 { base, deltas: view.as_slice() },
        }
    }
}

/// The integers of a block: a base and what each place adds to it (wrapping). Absent places read as the base.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IntView<'a> {
    /// All are the same.
    Constant(i64),
    W1 {
        base: i64,
        deltas: &'a [u8],
    },
    W2 {
        base: i64,
        deltas: &'a [u16],
    },
    W4 {
        base: i64,
        deltas: &'a [u32],
    },
    W8 {
        base: i64,
        deltas: &'a [u64],
    },
}

impl IntView<'_> {
    /// Returns the integer in place `local`.
    ///
    /// # Panics
    /// May panic past the last place that has one.
    #[inline(always)]
    pub(crate) fn get(&self, local: usize) -> i64 {
        match *self {
            Self::Constant(value) => value,
            Self::W1 { base, deltas } => base.wrapping_add(i64::from(deltas[local])),
            Self::W2 { base, deltas } => base.wrapping_add(i64::from(deltas[local])),
            Self::W4 { base, deltas } => base.wrapping_add(i64::from(deltas[local])),
            Self::W8 { base, deltas } => base.wrapping_add(deltas[local] as i64),
        }
    }

    /// Returns whether all integers, those of absent places too, are between two numbers.
    pub(super) fn is_within(&self, min: i64, max: i64) -> bool {
        fn largest<T: Copy + Ord + Default + Into<u64>>(deltas: &[T]) -> u64 {
            deltas.iter().copied().max().unwrap_or_default().into()
        }
        let (base, delta) = match *self {
            Self::Constant(value) => (value, 0),
            Self::W1 { base, deltas } => (base, largest(deltas)),
            Self::W2 { base, deltas } => (base, largest(deltas)),
            Self::W4 { base, deltas } => (base, largest(deltas)),
            Self::W8 { base, deltas } => (base, largest(deltas)),
        };
        base >= min && i128::from(base) + i128::from(delta) <= i128::from(max)
    }

    /// Writes all integers of the block; places past the last one get the base.
    pub(crate) fn fill_i64(&self, out: &mut [i64; super::BLOCK_LEN]) {
        fn fill<T: Copy>(out: &mut [i64; super::BLOCK_LEN], base: i64, deltas: &[T], widen: impl Fn(T) -> i64) {
            let (taken, rest) = out.split_at_mut(deltas.len());
            taken.iter_mut().zip(deltas).for_each(|(out, &delta)| *out = base.wrapping_add(widen(delta)));
            rest.fill(base);
        }
        match *self {
            Self::Constant(value) => out.fill(value),
            Self::W1 { base, deltas } => fill(out, base, deltas, i64::from),
            Self::W2 { base, deltas } => fill(out, base, deltas, i64::from),
            Self::W4 { base, deltas } => fill(out, base, deltas, i64::from),
            Self::W8 { base, deltas } => fill(out, base, deltas, |delta| delta as i64),
        }
    }
}
