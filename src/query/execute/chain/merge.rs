//! Nodes whose keys are the same make one group.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::{
    Stop,
    filter::{all_have, column},
    groups::Run,
    mask::Mask,
    measure::{Kind, kind_of},
};
use crate::{
    Error,
    graph::{Column, ValueRef},
    model::Value,
    query::{
        execute::batch::{self, BATCH_ROWS_MAX},
        plan::Expr,
    },
};

/// Groups of nodes whose keys are the same.
#[derive(Default)]
pub(super) struct Merged {
    /// By group: one of its nodes.
    pub(super) nodes: Vec<u32>,
    /// By row: its group.
    pub(super) places: Vec<u32>,
}

impl Run<'_, '_> {
    /// Returns whether different nodes always have different keys: one of them is the node, or a unique property.
    pub(super) fn keys_tell_nodes(&mut self, group: usize) -> Result<bool, Stop> {
        let slot = self.chain.nodes[group].slot;
        for (_, expr) in &self.chain.keys {
            match expr {
                Expr::Slot(key) if *key == slot => return Ok(true),
                Expr::Property { base, key, .. } if matches!(**base, Expr::Slot(of) if of == slot) => {
                    let snapshot = self.ground.snapshot;
                    let Some(key) = snapshot.catalog().key(&key.name) else { continue };
                    for &label in &self.ground.filters[group].labels {
                        let index = snapshot.catalog().find_index(label, key);
                        let column = snapshot.node_column(key);
                        // NaN differs from itself where it must be unique, and not where it groups.
                        if index.is_some_and(|index| index.unique)
                            && matches!(kind_of(snapshot, &Mask::Label(label), column)?, Kind::Ints | Kind::Texts)
                            && all_have(snapshot, &Mask::Label(label), column)?
                        {
                            return Ok(true);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(false)
    }

    /// Finds the nodes whose keys are the same.
    pub(super) fn merge_by_keys(&mut self, group: usize, nodes: &[u32]) -> Result<Merged, Stop> {
        let chain = self.chain;
        let slot = chain.nodes[group].slot;
        let properties: Option<Vec<Column<'_>>> = chain
            .keys
            .iter()
            .map(|(_, key)| match key {
                Expr::Property { base, key, .. } if matches!(**base, Expr::Slot(of) if of == slot) => {
                    Some(column(self.ground.snapshot, &key.name))
                }
                _ => None,
            })
            .collect();
        self.ground.values.tick(nodes.len())?;
        if let Some(properties) = properties {
            return Ok(merge_by_properties(&properties, nodes)?);
        }
        let mut merged = Merged::default();
        let mut known: FxHashMap<Vec<Value>, u32> = FxHashMap::default();
        for chunk in nodes.chunks(BATCH_ROWS_MAX) {
            let mut columns = Vec::with_capacity(chain.keys.len());
            for (_, expr) in &chain.keys {
                columns.push(self.ground.values.column(expr, slot, chunk)?);
            }
            for (row, &node) in chunk.iter().enumerate() {
                let key: Vec<Value> = columns.iter().map(|column| column.get(row)).collect();
                let place = *known.entry(key).or_insert_with(|| {
                    merged.nodes.push(node);
                    merged.nodes.len() as u32 - 1
                });
                merged.places.push(place);
            }
        }
        Ok(merged)
    }
}

/// Finds the nodes whose properties are the same, without copying a text.
fn merge_by_properties(properties: &[Column<'_>], nodes: &[u32]) -> Result<Merged, Error> {
    let mut merged = Merged { nodes: Vec::new(), places: Vec::with_capacity(nodes.len()) };
    // By hash the first group of it, and by group the next one of the same hash.
    let mut first: FxHashMap<u64, u32> = FxHashMap::default();
    let mut next: Vec<Option<u32>> = Vec::new();
    for &node in nodes {
        let mut hasher = FxHasher::default();
        for property in properties {
            hash_of(&property.get(node)?, &mut hasher);
        }
        let entry = first.entry(hasher.finish()).or_insert(u32::MAX);
        let mut at = Some(*entry).filter(|group| *group != u32::MAX);
        while let Some(group) = at {
            if have_same(properties, merged.nodes[group as usize], node)? {
                break;
            }
            at = next[group as usize];
        }
        let place = match at {
            Some(group) => group,
            None => {
                let group = merged.nodes.len() as u32;
                next.push(Some(*entry).filter(|group| *group != u32::MAX));
                *entry = group;
                merged.nodes.push(node);
                group
            }
        };
        merged.places.push(place);
    }
    Ok(merged)
}

/// Hashes values so that what groups together hashes the same.
fn hash_of(value: &ValueRef<'_>, hasher: &mut FxHasher) {
    match value {
        ValueRef::Str(text) => hasher.write(text.as_bytes()),
        ValueRef::Mixed(Value::String(text)) => hasher.write(text.as_bytes()),
        ValueRef::Int(number) => Value::Int(*number).hash(hasher),
        other => other.to_value().hash(hasher),
    }
}

fn have_same(properties: &[Column<'_>], a: u32, b: u32) -> Result<bool, Error> {
    for property in properties {
        let same = match (property.get(a)?, property.get(b)?) {
            (ValueRef::Str(a), ValueRef::Str(b)) => a == b,
            (a, b) => a.to_value().same(&b.to_value()),
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the rows that come first by a column, `at_most` of them and those that equal the last, ascending; `None` where
/// that is all.
pub(super) fn first_by(column: &batch::Column, descending: bool, at_most: usize) -> Option<Vec<u32>> {
    let n = column.len();
    if at_most >= n {
        return None;
    }
    let Some(last) = at_most.checked_sub(1) else { return Some(Vec::new()) };
    let order = |a: &u32, b: &u32| {
        let (a, b) = (*a as usize, *b as usize);
        let ordering = match column {
            batch::Column::Ints(items) => items[a].cmp(&items[b]),
            batch::Column::Values(items) => items[a].order(&items[b]),
            other => other.get(a).order(&other.get(b)),
        };
        if descending { ordering.reverse() } else { ordering }
    };
    let mut rows: Vec<u32> = (0..n as u32).collect();
    let (_, bound, _) = rows.select_nth_unstable_by(last, order);
    let bound = *bound;
    Some((0..n as u32).filter(|row| order(row, &bound).is_le()).collect())
}
