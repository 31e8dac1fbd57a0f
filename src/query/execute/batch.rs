//! Batches: rows by column, ids and numbers in arrays of their own.
//!
//! A batch has one [`Column`] for each slot of the statement's frame; most are [`Column::Absent`] at any moment. Columns keep
//! their buffers when they are refilled with the same kind, so a statement that runs again allocates nothing.
//! Knows nothing of the graph: an id is a number here.

use std::sync::Arc;

use crate::{
    model::{NodeId, Point, RelId, Value, temporal::Temporal},
    query::plan::Slot,
};

/// The most rows of a batch: enough to spread the cost of an operator's call, few enough that the columns of a query stay in
/// the nearest caches.
pub(crate) const BATCH_ROWS_MAX: usize = 1024;

/// The id that stands for null in [`Column::Nodes`] and [`Column::Rels`]; graphs never give it out.
pub(crate) const NULL_ID: u32 = u32::MAX;

/// The values of one slot, row by row.
#[derive(Debug, Clone, Default)]
pub(crate) enum Column {
    /// Nobody filled this slot; reads as null.
    #[default]
    Absent,
    /// Node ids, [`NULL_ID`] for null.
    Nodes(Vec<u32>),
    /// Relationship ids, [`NULL_ID`] for null.
    Rels(Vec<u32>),
    /// Integers, none null.
    Ints(Vec<i64>),
    /// Floats, none null.
    Floats(Vec<f64>),
    /// Truth values, `None` for null.
    Bools(Vec<Option<bool>>),
    /// Anything.
    Values(Vec<Value>),
}

macro_rules! refill {
    ($($(#[$doc:meta])* $name:ident $variant:ident $item:ty),* $(,)?) => {$(
        $(#[$doc])*
        pub(crate) fn $name(&mut self) -> &mut Vec<$item> {
            if let Self::$variant(items) = self {
                items.clear();
            } else {
                *self = Self::$variant(Vec::new());
            }
            match self {
                Self::$variant(items) => items,
                _ => unreachable!("the variant was set above"),
            }
        }
    )*};
}

impl Column {
    refill! {
        /// Becomes an empty column of node ids, and returns its buffer.
        refill_nodes Nodes u32,
        /// Becomes an empty column of relationship ids, and returns its buffer.
        refill_rels Rels u32,
        /// Becomes an empty column of integers, and returns its buffer.
        refill_ints Ints i64,
        /// Becomes an empty column of floats, and returns its buffer.
        refill_floats Floats f64,
        /// Becomes an empty column of truth values, and returns its buffer.
        refill_bools Bools Option<bool>,
        /// Becomes an empty column of any values, and returns its buffer.
        refill_values Values Value,
    }

    /// Returns the number of rows; 0 where absent.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Nodes(ids) | Self::Rels(ids) => ids.len(),
            Self::Ints(items) => items.len(),
            Self::Floats(items) => items.len(),
            Self::Bools(items) => items.len(),
            Self::Values(items) => items.len(),
        }
    }

    /// Returns whether nobody filled it: in a batch with rows, a column without rows is absent too (it keeps its buffer).
    pub(crate) fn is_absent(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of a row.
    pub(crate) fn get(&self, row: usize) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Nodes(ids) => ids.get(row).map_or(Value::Null, |&id| node_value(id)),
            Self::Rels(ids) => ids.get(row).map_or(Value::Null, |&id| rel_value(id)),
            Self::Ints(items) => items.get(row).map_or(Value::Null, |&n| Value::Int(n)),
            Self::Floats(items) => items.get(row).map_or(Value::Null, |&x| Value::Float(x)),
            Self::Bools(items) => items.get(row).copied().flatten().map_or(Value::Null, Value::Bool),
            Self::Values(items) => items.get(row).cloned().unwrap_or_default(),
        }
    }

    /// Returns whether the value of a row is null.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Absent => true,
            Self::Nodes(ids) | Self::Rels(ids) => ids.get(row).is_none_or(|&id| id == NULL_ID),
            Self::Ints(items) => row >= items.len(),
            Self::Floats(items) => row >= items.len(),
            Self::Bools(items) => items.get(row).is_none_or(Option::is_none),
            Self::Values(items) => items.get(row).is_none_or(Value::is_null),
        }
    }

    /// Returns the node id of a row; `None` for null and for what is no node.
    #[inline]
    pub(crate) fn node(&self, row: usize) -> Option<u32> {
        match self {
            Self::Nodes(ids) => ids.get(row).copied().filter(|&id| id != NULL_ID),
            Self::Values(items) => match items.get(row)? {
                Value::Node(node) => Some(node.id.get()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the relationship id of a row; `None` for null and for what is no relationship.
    #[inline]
    pub(crate) fn rel(&self, row: usize) -> Option<u32> {
        match self {
            Self::Rels(ids) => ids.get(row).copied().filter(|&id| id != NULL_ID),
            Self::Values(items) => match items.get(row)? {
                Value::Relationship(rel) => Some(rel.id.get()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Drops the rows, keeps kind and buffer.
    pub(crate) fn clear(&mut self) {
        self.truncate(0);
    }

    /// Keeps the first `len` rows.
    pub(crate) fn truncate(&mut self, len: usize) {
        match self {
            Self::Absent => {}
            Self::Nodes(ids) | Self::Rels(ids) => ids.truncate(len),
            Self::Ints(items) => items.truncate(len),
            Self::Floats(items) => items.truncate(len),
            Self::Bools(items) => items.truncate(len),
            Self::Values(items) => items.truncate(len),
        }
    }

    /// Keeps these rows, which must ascend.
    pub(crate) fn retain(&mut self, rows: &[u32]) {
        fn keep<T>(items: &mut Vec<T>, rows: &[u32]) {
            for (to, &from) in rows.iter().enumerate() {
                items.swap(to, from as usize);
            }
            items.truncate(rows.len());
        }
        if self.is_absent() {
            return;
        }
        match self {
            Self::Absent => {}
            Self::Nodes(ids) | Self::Rels(ids) => keep(ids, rows),
            Self::Ints(items) => keep(items, rows),
            Self::Floats(items) => keep(items, rows),
            Self::Bools(items) => keep(items, rows),
            Self::Values(items) => keep(items, rows),
        }
    }

    /// Becomes the rows `rows` of `source`, in that order.
    pub(crate) fn gather(&mut self, source: &Self, rows: &[u32]) {
        if source.is_absent() {
            return self.clear();
        }
        self.refill_as(source);
        self.append_rows(source, rows);
    }

    /// Becomes `n` rows of one value.
    pub(crate) fn fill(&mut self, value: &Value, n: usize) {
        match value {
            Value::Node(node) => self.refill_nodes().resize(n, node.id.get()),
            Value::Relationship(rel) => self.refill_rels().resize(n, rel.id.get()),
            Value::Int(item) => self.refill_ints().resize(n, *item),
            Value::Float(item) => self.refill_floats().resize(n, *item),
            Value::Bool(item) => self.refill_bools().resize(n, Some(*item)),
            _ => self.refill_values().resize(n, value.clone()),
        }
    }

    /// Becomes a copy of rows `start..end` of `source`.
    pub(crate) fn copy_range(&mut self, source: &Self, start: usize, end: usize) {
        if source.is_absent() {
            return self.clear();
        }
        self.refill_as(source);
        self.append_range(source, start, end);
    }

    /// Appends one value, at row `len` (earlier rows of an absent column are null).
    pub(crate) fn push(&mut self, value: Value, len: usize) {
        match (&mut *self, value) {
            (Self::Nodes(ids), Value::Node(node)) => ids.push(node.id.get()),
            (Self::Nodes(ids) | Self::Rels(ids), Value::Null) => ids.push(NULL_ID),
            (Self::Rels(ids), Value::Relationship(rel)) => ids.push(rel.id.get()),
            (Self::Ints(items), Value::Int(item)) => items.push(item),
            (Self::Floats(items), Value::Float(item)) => items.push(item),
            (Self::Bools(items), Value::Bool(item)) => items.push(Some(item)),
            (Self::Bools(items), Value::Null) => items.push(None),
            (Self::Absent, Value::Node(node)) if len == 0 => *self = Self::Nodes(vec![node.id.get()]),
            (Self::Absent, Value::Relationship(rel)) if len == 0 => *self = Self::Rels(vec![rel.id.get()]),
            (Self::Absent, Value::Int(item)) if len == 0 => *self = Self::Ints(vec![item]),
            (_, value) => self.as_values(len).push(value),
        }
    }

    /// Appends rows `start..end` of `source`.
    pub(crate) fn append_range(&mut self, source: &Self, start: usize, end: usize) {
        match (&mut *self, source) {
            (Self::Nodes(to), Self::Nodes(from)) | (Self::Rels(to), Self::Rels(from)) => {
                to.extend_from_slice(&from[start..end]);
            }
            (Self::Ints(to), Self::Ints(from)) => to.extend_from_slice(&from[start..end]),
            (Self::Floats(to), Self::Floats(from)) => to.extend_from_slice(&from[start..end]),
            (Self::Bools(to), Self::Bools(from)) => to.extend_from_slice(&from[start..end]),
            (Self::Values(to), Self::Values(from)) => to.extend_from_slice(&from[start..end]),
            (Self::Absent, Self::Absent) => {}
            _ => {
                let len = self.len();
                self.as_values(len).extend((start..end).map(|row| source.get(row)));
            }
        }
    }

    /// Appends the rows `rows` of `source`, in that order.
    pub(crate) fn append_rows(&mut self, source: &Self, rows: &[u32]) {
        fn pick<T: Clone>(to: &mut Vec<T>, from: &[T], rows: &[u32]) {
            to.extend(rows.iter().map(|&row| from[row as usize].clone()));
        }
        match (&mut *self, source) {
            (Self::Nodes(to), Self::Nodes(from)) | (Self::Rels(to), Self::Rels(from)) => pick(to, from, rows),
            (Self::Ints(to), Self::Ints(from)) => pick(to, from, rows),
            (Self::Floats(to), Self::Floats(from)) => pick(to, from, rows),
            (Self::Bools(to), Self::Bools(from)) => pick(to, from, rows),
            (Self::Values(to), Self::Values(from)) => pick(to, from, rows),
            (Self::Absent, Self::Absent) => {}
            _ => {
                let len = self.len();
                self.as_values(len).extend(rows.iter().map(|&row| source.get(row as usize)));
            }
        }
    }

    /// Turns the column into any-values of `len` rows (an absent one into nulls), and returns its buffer.
    pub(crate) fn as_values(&mut self, len: usize) -> &mut Vec<Value> {
        if !matches!(self, Self::Values(_)) {
            *self = Self::Values((0..len).map(|row| self.get(row)).collect());
        }
        match self {
            Self::Values(items) => {
                // A column that was emptied keeps its kind: what it lacks is null.
                if items.len() < len {
                    items.resize(len, Value::Null);
                }
                items
            }
            _ => unreachable!("the variant was set above"),
        }
    }

    /// Returns about how many bytes the rows take.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Nodes(ids) | Self::Rels(ids) => ids.len() * 4,
            Self::Ints(items) => items.len() * 8,
            Self::Floats(items) => items.len() * 8,
            Self::Bools(items) => items.len(),
            Self::Values(items) => items.iter().map(value_bytes).sum(),
        }
    }

    /// Becomes an empty column of the kind of `source`.
    fn refill_as(&mut self, source: &Self) {
        match source {
            Self::Absent => *self = Self::Absent,
            Self::Nodes(_) => {
                self.refill_nodes();
            }
            Self::Rels(_) => {
                self.refill_rels();
            }
            Self::Ints(_) => {
                self.refill_ints();
            }
            Self::Floats(_) => {
                self.refill_floats();
            }
            Self::Bools(_) => {
                self.refill_bools();
            }
            Self::Values(_) => {
                self.refill_values();
            }
        }
    }
}

/// Returns the node of an id, or null.
pub(crate) const fn node_value(id: u32) -> Value {
    if id == NULL_ID { Value::Null } else { Value::node(NodeId::new(id)) }
}

/// Returns the relationship of an id, or null.
pub(crate) const fn rel_value(id: u32) -> Value {
    if id == NULL_ID { Value::Null } else { Value::relationship(RelId::new(id)) }
}

/// Returns about how many bytes a value takes, what it shares with others included.
pub(crate) fn value_bytes(value: &Value) -> usize {
    let heap = match value {
        Value::String(text) => text.len() + 16,
        Value::List(items) => 16 + items.iter().map(value_bytes).sum::<usize>(),
        Value::Map(map) => 16 + map.iter().map(|(key, v)| key.len() + 32 + value_bytes(v)).sum::<usize>(),
        Value::Temporal(_) => Temporal::HEAP_BYTES,
        Value::Point(_) => Point::HEAP_BYTES,
        Value::Path(path) => 64 + 16 * (path.nodes.len() + path.relationships.len()),
        _ => 0,
    };
    size_of::<Value>() + heap
}

/// Returns about how many bytes a hash table of `n` entries takes at its largest: while it grows, it is there twice, the
/// second time of double size, each with a byte an entry of its own and filled to seven eighths.
pub(crate) const fn hashed_bytes(n: usize, entry_bytes: usize) -> usize {
    n * (entry_bytes + 1) * 24 / 7
}

/// Rows by column.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    /// How many rows.
    pub(crate) len: usize,
    /// A column for each slot of the frame; an empty one, in a batch with rows, is absent.
    pub(crate) columns: Vec<Column>,
    /// Inside an inner plan: for each row the row of the outer batch it belongs to. `None` at the top of a statement.
    pub(crate) ordinals: Option<Vec<u32>>,
}

impl Batch {
    /// Returns an empty batch for a frame of `width` slots.
    pub(crate) fn new(width: usize) -> Self {
        Self { len: 0, columns: vec![Column::Absent; width], ordinals: None }
    }

    /// Returns the column of a slot.
    #[inline]
    pub(crate) fn column(&self, slot: Slot) -> &Column {
        &self.columns[slot.index()]
    }

    /// Returns the column of a slot, to change.
    #[inline]
    pub(crate) fn column_mut(&mut self, slot: Slot) -> &mut Column {
        &mut self.columns[slot.index()]
    }

    /// Returns the value of a slot in a row.
    pub(crate) fn get(&self, slot: Slot, row: usize) -> Value {
        self.column(slot).get(row)
    }

    /// Drops the rows; columns keep kind and buffer.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.columns.iter_mut().for_each(Column::clear);
        if let Some(ordinals) = &mut self.ordinals {
            ordinals.clear();
        }
    }

    /// Keeps these rows, which must ascend.
    pub(crate) fn retain(&mut self, rows: &[u32]) {
        if rows.len() == self.len {
            return;
        }
        self.columns.iter_mut().for_each(|column| column.retain(rows));
        if let Some(ordinals) = &mut self.ordinals {
            for (to, &from) in rows.iter().enumerate() {
                ordinals[to] = ordinals[from as usize];
            }
            ordinals.truncate(rows.len());
        }
        self.len = rows.len();
    }

    /// Keeps the first `len` rows.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.columns.iter_mut().for_each(|column| column.truncate(len));
        if let Some(ordinals) = &mut self.ordinals {
            ordinals.truncate(len);
        }
        self.len = self.len.min(len);
    }

    /// Becomes the rows `rows` of `source`: the slots `carry` and the ordinals. The other columns are empty, for the caller
    /// to fill.
    pub(crate) fn gather(&mut self, source: &Self, rows: &[u32], carry: &[Slot]) {
        self.columns.iter_mut().for_each(Column::clear);
        for &slot in carry {
            self.columns[slot.index()].gather(source.column(slot), rows);
        }
        match &source.ordinals {
            None => self.ordinals = None,
            Some(from) => {
                let to = self.ordinals.get_or_insert_default();
                to.clear();
                to.extend(rows.iter().map(|&row| from[row as usize]));
            }
        }
        self.len = rows.len();
    }

    /// Becomes rows `start..end` of `source`, every column of it.
    pub(crate) fn copy_range(&mut self, source: &Self, start: usize, end: usize) {
        for (to, from) in self.columns.iter_mut().zip(&source.columns) {
            to.copy_range(from, start, end);
        }
        match &source.ordinals {
            None => self.ordinals = None,
            Some(from) => {
                let to = self.ordinals.get_or_insert_default();
                to.clear();
                to.extend_from_slice(&from[start..end]);
            }
        }
        self.len = end - start;
    }

    /// Appends all rows of `source`, the slots `carry` and the ordinals (for operators that collect their input).
    pub(crate) fn append(&mut self, source: &Self, carry: &[Slot]) {
        for &slot in carry {
            let (to, from) = (&mut self.columns[slot.index()], source.column(slot));
            if to.is_absent() && self.len == 0 {
                to.copy_range(from, 0, source.len);
            } else if to.is_absent() && !from.is_absent() {
                to.as_values(self.len);
                to.append_range(from, 0, source.len);
            } else if from.is_absent() && !to.is_absent() {
                to.as_values(self.len).resize(self.len + source.len, Value::Null);
            } else {
                to.append_range(from, 0, source.len);
            }
        }
        if let Some(from) = &source.ordinals {
            self.ordinals.get_or_insert_default().extend_from_slice(from);
        }
        self.len += source.len;
    }

    /// Returns about how many bytes the rows take.
    pub(crate) fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum()
    }
}

/// Returns a string value.
pub(crate) fn text(s: &str) -> Value {
    Value::String(Arc::from(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(column: &Column) -> Vec<Value> {
        (0..column.len()).map(|row| column.get(row)).collect()
    }

    #[test]
    fn columns_of_different_kinds_join_as_values() {
        let mut column = Column::Nodes(vec![3, NULL_ID]);
        column.append_range(&Column::Ints(vec![7, 8, 9]), 1, 3);
        let expected = [node_value(3), Value::Null, Value::Int(8), Value::Int(9)];
        assert_eq!(values(&column), expected);
        assert_eq!((column.node(0), column.node(1), column.node(2)), (Some(3), None, None));
    }

    #[test]
    fn retain_and_gather_pick_rows_with_their_ordinals() {
        let (a, b) = (Slot(0), Slot(1));
        let mut batch = Batch::new(3);
        batch.len = 4;
        *batch.column_mut(a) = Column::Rels(vec![10, 11, 12, 13]);
        *batch.column_mut(b) = Column::Values(["w", "x", "y", "z"].map(Value::from).into());
        batch.ordinals = Some(vec![0, 0, 1, 2]);
        let mut picked = Batch::new(3);
        picked.gather(&batch, &[3, 0, 3], &[b]);
        assert_eq!(values(picked.column(b)), ["z", "w", "z"].map(Value::from));
        assert_eq!(picked.ordinals, Some(vec![2, 0, 2]));
        assert!(picked.column(a).is_absent());
        batch.retain(&[1, 3]);
        assert_eq!((batch.len, batch.get(a, 1), batch.get(b, 0)), (2, rel_value(13), Value::from("x")));
        assert_eq!(batch.ordinals, Some(vec![0, 2]));
    }

    #[test]
    fn append_fills_what_one_side_lacks_with_null() {
        let slot = Slot(0);
        let mut all = Batch::new(1);
        let mut some = Batch::new(1);
        some.len = 2;
        all.append(&some, &[slot]);
        *some.column_mut(slot) = Column::Ints(vec![1, 2]);
        all.append(&some, &[slot]);
        some.columns[0] = Column::Absent;
        all.append(&some, &[slot]);
        let expected = [Value::Null, Value::Null, Value::Int(1), Value::Int(2), Value::Null, Value::Null];
        assert_eq!((all.len, values(all.column(slot))), (6, expected.to_vec()));
    }

    #[test]
    fn refilling_keeps_the_buffer() {
        let mut column = Column::Nodes(Vec::with_capacity(64));
        column.fill(&node_value(5), 10);
        assert!(matches!(&column, Column::Nodes(ids) if ids.capacity() == 64 && ids[..] == [5; 10]));
    }
}
