//! Rows of a space as the kernels take them.

use std::{borrow::Cow, ops::Deref};

use crate::{attention::Rows, graph::GatheredRows};

/// References to rows, in the format of their space.
pub(super) enum Refs<'a> {
    F32(Vec<&'a [f32]>),
    F16(Vec<&'a [u16]>),
    Int8 { codes: Vec<&'a [i8]>, scales: &'a [f32] },
}

impl<'a> Refs<'a> {
    /// Returns references to what was gathered.
    pub(super) fn of(gathered: &'a GatheredRows<'_>) -> Self {
        match gathered {
            GatheredRows::F32(rows) => Self::F32(refs(rows)),
            GatheredRows::F16(rows) => Self::F16(refs(rows)),
            GatheredRows::Int8 { codes, scales } => Self::Int8 { codes: refs(codes), scales },
        }
    }

    /// Returns them for a kernel.
    pub(super) fn rows(&self) -> Rows<'_> {
        match self {
            Self::F32(rows) => Rows::F32(rows),
            Self::F16(rows) => Rows::F16(rows),
            Self::Int8 { codes, scales } => Rows::I8 { codes, scales },
        }
    }
}

fn refs<'a, T: Clone>(rows: &'a [Cow<'_, [T]>]) -> Vec<&'a [T]> {
    rows.iter().map(Deref::deref).collect()
}
