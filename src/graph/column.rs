//! Properties by id: the pinned block of 1,024 ids, and what changed since it was written.

use super::{
    base::Layered,
    paged::{Paged, Sparse},
};
use crate::{
    Result,
    model::Value,
    storage::{BLOCK_LEN, ColumnBlock, ValueRef, split},
};

/// One property, by block of ids.
pub(crate) type ColumnTable = Paged<ColumnPage>;

/// One property of a block of ids.
pub(crate) type ColumnPage = Layered<ColumnBlock, ColumnDelta>;

/// What changed in a block; null means the property is gone.
pub(crate) type ColumnDelta = Sparse<Value>;

/// One property. Copy, found once for an operator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<'a> {
    table: Option<&'a ColumnTable>,
}

/// One property of a block of ids, for loops over all of it.
#[derive(Clone, Copy)]
pub(crate) enum CleanColumn<'a> {
    /// No id of the block has the property.
    Empty,
    /// The block says it all.
    Whole(&'a ColumnBlock),
    /// There are changes: go id by id.
    Changed,
}

impl<'a> Column<'a> {
    /// A property that nothing has.
    pub(crate) const NONE: Self = Self { table: None };

    pub(super) const fn new(table: Option<&'a ColumnTable>) -> Self {
        Self { table }
    }

    /// Returns the value of an id without copying it.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    #[inline]
    pub(crate) fn get(self, id: u32) -> Result<ValueRef<'a>> {
        let (block, local) = split(id);
        let Some(page) = self.table.and_then(|table| table.get(block)) else { return Ok(ValueRef::Null) };
        if let Some(value) = page.delta.as_ref().and_then(|delta| delta.get(local)) {
            return Ok(borrow(value));
        }
        Ok(page.base()?.map_or(ValueRef::Null, |base| base.get(local)))
    }

    /// Returns what is known of a block of 1,024 ids.
    pub(super) fn page(self, block: u32) -> Option<&'a ColumnPage> {
        self.table?.get(block)
    }

    /// Returns the value of an id.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn value(self, id: u32) -> Result<Value> {
        let (block, local) = split(id);
        let Some(page) = self.table.and_then(|table| table.get(block)) else { return Ok(Value::Null) };
        page.value(local)
    }

    /// Returns the block of 1,024 ids from `block * 1024`, where nothing changed since it was written.
    ///
    /// # Errors
    /// `Corrupt` where it is damaged.
    pub(crate) fn clean_block(self, block: u32) -> Result<CleanColumn<'a>> {
        match self.table.and_then(|table| table.get(block)) {
            None => Ok(CleanColumn::Empty),
            Some(page) if page.delta.is_some() => Ok(CleanColumn::Changed),
            Some(page) => Ok(page.base()?.map_or(CleanColumn::Empty, CleanColumn::Whole)),
        }
    }
}

impl ColumnPage {
    /// Returns the value in a place.
    pub(super) fn value(&self, local: usize) -> Result<Value> {
        if let Some(value) = self.delta.as_ref().and_then(|delta| delta.get(local)) {
            return Ok(value.clone());
        }
        Ok(self.base()?.map_or(Value::Null, |base| base.get(local).to_value()))
    }

    /// Returns the values of every place; null where there is none.
    pub(super) fn values(&self) -> Result<Vec<Value>> {
        let base = self.look()?;
        let mut values: Vec<Value> = match &base {
            Some(base) => (0..BLOCK_LEN).map(|local| base.get(local).to_value()).collect(),
            None => vec![Value::Null; BLOCK_LEN],
        };
        if let Some(delta) = &self.delta {
            delta.iter().for_each(|(local, value)| values[local] = value.clone());
        }
        Ok(values)
    }
}

/// Returns a value without copying its text.
pub(crate) fn borrow(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Bool(b) => ValueRef::Bool(*b),
        Value::Int(n) => ValueRef::Int(*n),
        Value::Float(x) => ValueRef::Float(*x),
        Value::String(s) => ValueRef::Str(s),
        Value::Date(d) => ValueRef::Date(*d),
        other => ValueRef::Mixed(other.clone()),
    }
}

/// Returns whether a stored value equals (as `=`, true) another.
pub(crate) fn equals(stored: &ValueRef<'_>, value: &Value) -> bool {
    match (stored, value) {
        (ValueRef::Int(a), Value::Int(b)) => a == b,
        (ValueRef::Str(a), Value::String(b)) => **a == **b,
        (ValueRef::Null, _) => false,
        (stored, value) => stored.to_value().equals(value) == Some(true),
    }
}
