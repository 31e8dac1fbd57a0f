//! Vectors of a space side by side, all in its storage: in place where their block has them so, else copies.

use std::borrow::Cow;

use super::{Place, VectorReader};
use crate::{
    Result,
    model::{Storage, half_from_f32, quantize},
    storage::block::VectorRow,
};

/// A row for each id; an empty one where there is no vector.
pub(crate) enum GatheredRows<'a> {
    /// Numbers of 32 bits.
    F32(Vec<Cow<'a, [f32]>>),
    /// The bits of halves.
    F16(Vec<Cow<'a, [u16]>>),
    /// Codes, and the scale of each row.
    Int8 { codes: Vec<Cow<'a, [i8]>>, scales: Vec<f32> },
}

impl<'a> GatheredRows<'a> {
    fn with_capacity(storage: Storage, n: usize) -> Self {
        match storage {
            Storage::F32 => Self::F32(Vec::with_capacity(n)),
            Storage::F16 => Self::F16(Vec::with_capacity(n)),
            Storage::Int8 => Self::Int8 { codes: Vec::with_capacity(n), scales: Vec::with_capacity(n) },
        }
    }

    /// Adds a row where it lies.
    fn push(&mut self, row: VectorRow<'a>) {
        match (&mut *self, row) {
            (Self::F16(rows), VectorRow::F16(halves)) => rows.push(Cow::Borrowed(halves)),
            (Self::Int8 { codes, scales }, VectorRow::Int8(row, scale)) => {
                codes.push(Cow::Borrowed(row));
                scales.push(scale);
            }
            (_, row) => self.push_numbers(row.to_numbers()),
        }
    }

    /// Adds a row; none, an empty one. Vectors of the space are what its storage holds exactly, so nothing is lost.
    fn push_numbers(&mut self, numbers: Cow<'a, [f32]>) {
        match self {
            Self::F32(rows) => rows.push(numbers),
            Self::F16(rows) => rows.push(Cow::Owned(numbers.iter().map(|x| half_from_f32(*x)).collect())),
            Self::Int8 { codes, scales } => {
                let mut coded = vec![0; numbers.len()];
                scales.push(quantize(&numbers, &mut coded));
                codes.push(Cow::Owned(coded));
            }
        }
    }
}

impl<'a> VectorReader<'a> {
    /// Returns the vectors of ids; ids without one are dropped.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn gather_present(&mut self, ids: &mut Vec<u32>) -> Result<GatheredRows<'a>> {
        let mut rows = self.gather(ids.len(), |at| Some(ids[at]))?;
        let is_there = |at: usize, rows: &GatheredRows<'_>| match rows {
            GatheredRows::F32(rows) => !rows[at].is_empty(),
            GatheredRows::F16(rows) => !rows[at].is_empty(),
            GatheredRows::Int8 { codes, .. } => !codes[at].is_empty(),
        };
        let there: Vec<bool> = (0..ids.len()).map(|at| is_there(at, &rows)).collect();
        if there.iter().all(|is| *is) {
            return Ok(rows);
        }
        let mut at = 0;
        let mut keeps = || {
            at += 1;
            there[at - 1]
        };
        match &mut rows {
            GatheredRows::F32(rows) => rows.retain(|_| keeps()),
            GatheredRows::F16(rows) => rows.retain(|_| keeps()),
            GatheredRows::Int8 { codes, scales } => {
                let mut place = 0..;
                scales.retain(|_| place.next().is_some_and(|at| there[at]));
                codes.retain(|_| keeps());
            }
        }
        let mut place = 0..;
        ids.retain(|_| place.next().is_some_and(|at| there[at]));
        Ok(rows)
    }

    /// Returns the vectors of ids, in their order. Those that ascend are found fastest.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn gather(&mut self, n: usize, id: impl Fn(usize) -> Option<u32>) -> Result<GatheredRows<'a>> {
        let dimension = self.space.dimension as usize;
        let mut rows = GatheredRows::with_capacity(self.space.storage, n);
        for at in 0..n {
            let Some(id) = id(at) else {
                rows.push_numbers(Cow::Borrowed(&[]));
                continue;
            };
            match self.place(id)? {
                Place::Row(row) if row.len() == dimension => rows.push(row),
                Place::Row(_) | Place::Nothing => rows.push_numbers(Cow::Borrowed(&[])),
                Place::Changed => {
                    let numbers = self.column.vector(id)?.filter(|numbers| numbers.len() == dimension);
                    rows.push_numbers(numbers.unwrap_or_default());
                }
            }
        }
        Ok(rows)
    }
}
