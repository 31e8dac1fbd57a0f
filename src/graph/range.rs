//! Ranges of a property: which nodes of a block may have a value between two bounds.
//!
//! An ordered index is a sorted list of places for each block ([`ColumnBlock::sorted`](crate::storage::ColumnBlock::sorted)),
//! searched twice a block: for N nodes that is N / 1,024 small searches, and no structure that commits must keep up to date,
//! that a crash could damage, or that lies in memory before anybody asks. What changed since a block was written is looked
//! at value by value.

use std::cmp::Ordering;

use super::column::{Column, borrow};
use crate::{
    Result,
    model::Value,
    storage::{BLOCK_WORDS, ValueRef},
};

/// What a value must be to be in a range. Strictness is left to whoever tests the values found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeBound {
    /// `>=` or `>`.
    From,
    /// `<=` or `<`.
    To,
    /// `STARTS WITH`.
    Prefix,
}

/// Bounds that all must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Range {
    bounds: Vec<(RangeBound, Value)>,
}

impl Range {
    /// Narrows the range. Returns false where no value at all can be in it.
    pub(crate) fn narrow(&mut self, bound: RangeBound, value: Value) -> bool {
        match (bound, &value) {
            (_, Value::Null) => return false,
            (RangeBound::Prefix, Value::String(_)) => {}
            (RangeBound::Prefix, _) => return false,
            // Compared item by item, with nulls between: left to whoever tests.
            (_, Value::List(_)) => return true,
            _ => {}
        }
        self.bounds.push((bound, value));
        true
    }

    /// Returns whether a value may be in the range; false is certain.
    fn may_hold(&self, stored: &ValueRef<'_>) -> bool {
        !matches!(stored, ValueRef::Null)
            && self
                .bounds
                .iter()
                .all(|(bound, value)| !is_below(*bound, value, stored) && !is_above(*bound, value, stored))
    }
}

impl Column<'_> {
    /// Returns the places of a block whose value may be in the range: all that are, and some whose value equals a bound.
    ///
    /// # Errors
    /// `Corrupt` where the block is damaged.
    pub(crate) fn range_words(self, block: u32, range: &Range) -> Result<[u64; BLOCK_WORDS]> {
        let mut words = [0; BLOCK_WORDS];
        let Some(page) = self.page(block) else { return Ok(words) };
        if let Some(base) = page.base()? {
            let sorted = base.sorted();
            let (mut first, mut end) = (0, sorted.len());
            for (bound, value) in &range.bounds {
                let get = |place: &u16| base.get(usize::from(*place));
                first = first.max(sorted.partition_point(|place| is_below(*bound, value, &get(place))));
                end = end.min(sorted.partition_point(|place| !is_above(*bound, value, &get(place))));
            }
            for place in sorted.get(first..end).unwrap_or_default() {
                words[usize::from(*place) / 64] |= 1 << (place % 64);
            }
        }
        for (local, value) in page.delta.iter().flat_map(|delta| delta.iter()) {
            let bit = 1 << (local % 64);
            match range.may_hold(&borrow(value)) {
                true => words[local / 64] |= bit,
                false => words[local / 64] &= !bit,
            }
        }
        Ok(words)
    }
}

/// Returns whether a value stands before all values that the bound lets in.
fn is_below(bound: RangeBound, value: &Value, stored: &ValueRef<'_>) -> bool {
    match bound {
        RangeBound::From | RangeBound::Prefix => place(stored, value) == Ordering::Less,
        // Of values of another kind, none.
        RangeBound::To => kind(stored) < value.rank(),
    }
}

/// Returns whether a value stands behind all values that the bound lets in.
fn is_above(bound: RangeBound, value: &Value, stored: &ValueRef<'_>) -> bool {
    match (bound, stored, value) {
        (RangeBound::From, ..) => kind(stored) > value.rank(),
        (RangeBound::To, ..) => place(stored, value) == Ordering::Greater,
        (RangeBound::Prefix, ValueRef::Str(text), Value::String(prefix)) => {
            **text > **prefix && !text.starts_with(&**prefix)
        }
        (RangeBound::Prefix, ValueRef::Mixed(Value::String(text)), Value::String(prefix)) => {
            **text > **prefix && !text.starts_with(&**prefix)
        }
        (RangeBound::Prefix, ..) => kind(stored) > value.rank(),
    }
}

/// Returns how a stored value stands to another in the total order; moments that are the same in two zones are equal here,
/// as `<=` takes them.
#[inline]
fn place(stored: &ValueRef<'_>, value: &Value) -> Ordering {
    match (stored, value) {
        (ValueRef::Int(a), Value::Int(b)) => a.cmp(b),
        (ValueRef::Str(a), Value::String(b)) => (**a).cmp(b),
        (ValueRef::Date(a), Value::Date(b)) => a.cmp(b),
        (ValueRef::Mixed(Value::Temporal(a)), Value::Temporal(b)) if a.rank() == b.rank() => {
            a.compare(b).unwrap_or(Ordering::Equal)
        }
        (stored, value) => stored.to_value().order(value),
    }
}

#[inline]
fn kind(stored: &ValueRef<'_>) -> u8 {
    match stored {
        ValueRef::Str(_) => Value::STRING_RANK,
        ValueRef::Mixed(value) => value.rank(),
        other => other.to_value().rank(),
    }
}
