//! Keys to nodes: the column of a file, the unique index of a label.
//!
//! A small file probes the index. A large one reads the label's keys once into a table of its own: an array where
//! integer keys lie close together, as they mostly do, else a hash map.

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::Why;
use crate::{
    Result,
    graph::{Check, IndexInfo, Snapshot},
    model::{Column, ColumnData, Value},
    storage::{BLOCK_LEN, ValueRef},
};

/// The id of no node.
pub(super) const NONE: u32 = u32::MAX;

/// A file with fewer rows than this part of the label's nodes probes the index: reading all keys would cost more.
const PROBE_PART: u64 = 8;

/// Rows between two looks whether to go on: each takes less than a microsecond.
const ROWS_BETWEEN_CHECKS: usize = 8192;

/// An array of keys may be this many times longer than there are keys.
const SPARSE_MAX: u64 = 8;

/// Returns for every row the node whose key the column holds, or [`NONE`].
pub(super) fn find_nodes(
    view: &Snapshot,
    index: &IndexInfo,
    column: &Column,
    check: &mut Check<'_>,
) -> Result<Vec<u32>> {
    let large = column.len() as u64 >= view.n_label(index.label) / PROBE_PART;
    match &column.data {
        ColumnData::Null(n) => Ok(vec![NONE; *n]),
        ColumnData::Int(values) if large => {
            let known = IntKeys::read(view, index, check)?;
            check()?;
            let find = |(row, value): (usize, &i64)| if column.is_null(row) { NONE } else { known.find(*value) };
            if column.present.is_none() {
                return Ok(values.iter().map(|value| known.find(*value)).collect());
            }
            Ok(values.iter().enumerate().map(find).collect())
        }
        ColumnData::Str(texts) if large => {
            let mut known: FxHashMap<&str, u32> = with_room(view.n_label(index.label) as usize);
            for_each_key(view, index, check, |key, id| {
                if let ValueRef::Str(text) = key {
                    known.insert(text, id);
                }
            })?;
            let mut find = |row: usize| {
                look(row, check)?;
                let id = if column.is_null(row) { None } else { known.get(texts.get(row)) };
                Ok(id.copied().unwrap_or(NONE))
            };
            (0..texts.len()).map(&mut find).collect()
        }
        _ => {
            let mut found = Vec::new();
            let mut find = |row: usize| {
                look(row, check)?;
                found.clear();
                view.seek(index, &column.value(row), &mut found)?;
                Ok(found.first().copied().unwrap_or(NONE))
            };
            (0..column.len()).map(&mut find).collect()
        }
    }
}

/// Visits the keys of a label's nodes.
fn for_each_key<'a>(
    view: &'a Snapshot,
    index: &IndexInfo,
    check: &mut Check<'_>,
    mut visit: impl FnMut(ValueRef<'a>, u32),
) -> Result<()> {
    let column = view.node_column(index.key);
    for block in 0..view.n_node_blocks() {
        look(block as usize * BLOCK_LEN, check)?;
        for (at, mut word) in view.label_words(index.label, block)?.into_iter().enumerate() {
            while word != 0 {
                let id = block * BLOCK_LEN as u32 + at as u32 * 64 + word.trailing_zeros();
                word &= word - 1;
                visit(column.get(id)?, id);
            }
        }
    }
    Ok(())
}

/// The nodes of a label by integer key.
enum IntKeys {
    Dense { first: i64, ids: Vec<u32> },
    Sparse(FxHashMap<i64, u32>),
}

impl IntKeys {
    fn read(view: &Snapshot, index: &IndexInfo, check: &mut Check<'_>) -> Result<Self> {
        let mut keys: Vec<(i64, u32)> = Vec::with_capacity(view.n_label(index.label) as usize);
        for_each_key(view, index, check, |key, id| match key {
            ValueRef::Int(n) | ValueRef::Mixed(Value::Int(n)) => keys.push((n, id)),
            ValueRef::Float(x) | ValueRef::Mixed(Value::Float(x)) => {
                // The integer it equals, if there is one.
                let whole = x as i64;
                if Value::Int(whole).same(&Value::Float(x)) {
                    keys.push((whole, id));
                }
            }
            _ => {}
        })?;
        let first = keys.iter().map(|(key, _)| *key).min().unwrap_or(0);
        let last = keys.iter().map(|(key, _)| *key).max().unwrap_or(0);
        let length = last.abs_diff(first).saturating_add(1);
        if length > SPARSE_MAX * (keys.len() as u64 + 1024) {
            let mut known = with_room(keys.len());
            for (at, (key, id)) in keys.into_iter().enumerate() {
                look(at, check)?;
                known.insert(key, id);
            }
            return Ok(Self::Sparse(known));
        }
        let mut ids = vec![NONE; length as usize];
        for (at, (key, id)) in keys.iter().enumerate() {
            look(at, check)?;
            ids[key.abs_diff(first) as usize] = *id;
        }
        if keys.is_empty() {
            ids.clear();
        }
        Ok(Self::Dense { first, ids })
    }

    #[inline]
    fn find(&self, key: i64) -> u32 {
        match self {
            // A key below the first wraps to a place beyond the last.
            Self::Dense { first, ids } => {
                let at = key.wrapping_sub(*first) as u64;
                usize::try_from(at).ok().and_then(|at| ids.get(at)).copied().unwrap_or(NONE)
            }
            Self::Sparse(ids) => ids.get(&key).copied().unwrap_or(NONE),
        }
    }
}

/// Visits the rows whose value an earlier row has too, and what cannot be compared. Null is no value.
///
/// # Errors
/// Those of `check`, which is asked now and then whether to go on.
pub(super) fn find_duplicates(column: &Column, check: &mut Check<'_>, mut visit: impl FnMut(usize, Why)) -> Result<()> {
    match &column.data {
        ColumnData::Null(_) => {}
        ColumnData::Int(values) => {
            if column.present.is_none() && values.is_sorted_by(|a, b| a < b) {
                return Ok(());
            }
            let mut seen = with_room(values.len());
            for row in (0..values.len()).filter(|row| !column.is_null(*row)) {
                look(row, check)?;
                let first = *seen.entry(values[row]).or_insert(row);
                if first != row {
                    visit(row, Why::Duplicate(first as u32));
                }
            }
        }
        ColumnData::Str(texts) => {
            let mut seen = with_room(texts.len());
            for row in (0..texts.len()).filter(|row| !column.is_null(*row)) {
                look(row, check)?;
                let first = *seen.entry(texts.get_bytes(row)).or_insert(row);
                if first != row {
                    visit(row, Why::Duplicate(first as u32));
                }
            }
        }
        _ => {
            let mut seen: FxHashMap<Value, usize> = with_room(column.len());
            for row in 0..column.len() {
                look(row, check)?;
                match column.value(row) {
                    Value::Null => {}
                    Value::Float(x) if x.is_nan() => visit(row, Why::NotANumber),
                    value => {
                        let first = *seen.entry(value).or_insert(row);
                        if first != row {
                            visit(row, Why::Duplicate(first as u32));
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Returns a map that never grows: a large one would move everything at once, and could not be stopped meanwhile.
pub(super) fn with_room<K, V>(n: usize) -> FxHashMap<K, V> {
    FxHashMap::with_capacity_and_hasher(n, FxBuildHasher)
}

/// Asks now and then whether to go on.
#[inline]
pub(super) fn look(row: usize, check: &mut Check<'_>) -> Result<()> {
    if row.is_multiple_of(ROWS_BETWEEN_CHECKS) { check() } else { Ok(()) }
}

/// Returns the distinct values of a list of ids, without [`NONE`].
pub(super) fn distinct(ids: &[u32]) -> FxHashSet<u32> {
    ids.iter().copied().filter(|id| *id != NONE).collect()
}
