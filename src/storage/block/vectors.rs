//! The vectors of a block of a property, in the order of their places: an array in one of three formats.

use std::borrow::Cow;

use super::{BLOCK_WORDS, Presence, view::View};
use crate::model::{Value, half_to_f32};

/// The vectors of a block.
#[derive(Clone)]
pub(crate) struct Vectors {
    numbers: Numbers,
    dimension: usize,
    presence: Presence,
    /// How many vectors there are before each word of `presence`.
    before: [u16; BLOCK_WORDS],
}

/// The numbers of all vectors, one after another.
#[derive(Clone)]
pub(super) enum Numbers {
    F32(View<f32>),
    /// Pairs of halves.
    F16(View<[u16; 2]>),
    Int8 {
        codes: View<i8>,
        scales: View<f32>,
    },
}

/// A vector where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum VectorRow<'a> {
    /// Numbers of 32 bits.
    F32(&'a [f32]),
    /// The bits of halves.
    F16(&'a [u16]),
    /// Codes, and what each is to be multiplied with.
    Int8(&'a [i8], f32),
}

/// All vectors of a block, one behind the other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum VectorRows<'a> {
    /// Numbers of 32 bits.
    F32(&'a [f32]),
    /// The bits of halves.
    F16(&'a [u16]),
    /// Codes, and what those of each vector are to be multiplied with.
    Int8(&'a [i8], &'a [f32]),
}

impl<'a> VectorRow<'a> {
    /// Returns how many numbers it has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F16(halves) => halves.len(),
            Self::Int8(codes, _) => codes.len(),
        }
    }

    /// Returns the numbers, in place where they have 32 bits.
    pub(crate) fn to_numbers(self) -> Cow<'a, [f32]> {
        match self {
            Self::F32(numbers) => Cow::Borrowed(numbers),
            Self::F16(halves) => Cow::Owned(halves.iter().map(|half| half_to_f32(*half)).collect()),
            Self::Int8(codes, scale) => Cow::Owned(codes.iter().map(|code| f32::from(*code) * scale).collect()),
        }
    }
}

impl Vectors {
    pub(super) fn new(numbers: Numbers, dimension: usize, presence: Presence) -> Self {
        let mut before = [0; BLOCK_WORDS];
        let mut n = 0;
        for (before, word) in before.iter_mut().zip(presence.0) {
            *before = n;
            n += word.count_ones() as u16;
        }
        Self { numbers, dimension, presence, before }
    }

    /// Returns which places have a vector.
    pub(crate) fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Returns all vectors, in the order of their places.
    pub(crate) fn rows(&self) -> VectorRows<'_> {
        match &self.numbers {
            Numbers::F32(numbers) => VectorRows::F32(numbers.as_slice()),
            Numbers::F16(pairs) => VectorRows::F16(pairs.as_slice().as_flattened()),
            Numbers::Int8 { codes, scales } => VectorRows::Int8(codes.as_slice(), scales.as_slice()),
        }
    }

    /// Returns the vector in place `local`, where there is one.
    #[inline]
    pub(crate) fn get(&self, local: usize) -> Option<VectorRow<'_>> {
        let (word, bit) = (local / 64, local % 64);
        if self.presence.0[word] >> bit & 1 == 0 {
            return None;
        }
        let below = self.presence.0[word] & ((1 << bit) - 1);
        let at = usize::from(self.before[word]) + below.count_ones() as usize;
        let place = at * self.dimension..(at + 1) * self.dimension;
        Some(match &self.numbers {
            Numbers::F32(numbers) => VectorRow::F32(&numbers.as_slice()[place]),
            Numbers::F16(pairs) => VectorRow::F16(&pairs.as_slice().as_flattened()[place]),
            Numbers::Int8 { codes, scales } => VectorRow::Int8(&codes.as_slice()[place], scales.as_slice()[at]),
        })
    }
}

/// Returns the numbers of vectors: lists of at least one float, all as long, each exact in 32 bits. Null has none.
pub(super) fn vectors(values: &[Value]) -> Option<Vec<f32>> {
    let mut numbers = Vec::new();
    let mut dimension = 0;
    for value in values {
        let items = match value {
            Value::Null => continue,
            Value::List(items) => items,
            _ => return None,
        };
        if dimension == 0 {
            dimension = items.len();
            numbers.reserve_exact(dimension * values.len());
        }
        if items.is_empty() || items.len() != dimension {
            return None;
        }
        for item in items.iter() {
            let Value::Float(x) = item else { return None };
            let single = *x as f32;
            // Bit by bit: -0.0 is not 0.0, and a NaN keeps its payload only where it is none.
            if f64::from(single).to_bits() != x.to_bits() {
                return None;
            }
            numbers.push(single);
        }
    }
    Some(numbers)
}
