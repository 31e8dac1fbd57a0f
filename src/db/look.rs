//! Looking at what there is: a file (`DESCRIBE`), the properties of a label or type (`SUMMARIZE`), and which labels each
//! relationship type goes between.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::fulltext;
use crate::{
    Result, Value,
    graph::Snapshot,
    import::describe::Description,
    model::{KeyId, NodeId, RelId, Tally},
    query::{
        ast,
        function::{Aggregator, Function},
        procedure::{Procedure, Procedures},
    },
    storage::BLOCK_LEN,
};

/// The columns of `DESCRIBE`.
pub(super) const DESCRIBED: &[&str] =
    &["column", "role", "type", "filled", "nulls", "distinct", "min", "max", "samples"];

/// The columns of `SUMMARIZE`.
pub(super) const SUMMARIZED: &[&str] =
    &["property", "type", "filled", "missing", "distinct", "exact", "min", "max", "samples"];

/// Returns the rows of `SHOW INDEXES`, or of `SHOW CONSTRAINTS`.
pub(super) fn indexes(view: &Snapshot, unique_only: bool) -> Vec<Vec<Value>> {
    let catalog = view.catalog();
    let shown = catalog.indexes().iter().filter(|index| index.unique || !unique_only).map(|index| {
        vec![
            Value::String(index.name.clone()),
            Value::from(if index.unique { "UNIQUENESS" } else { "RANGE" }),
            Value::String(catalog.label_name(index.label).clone()),
            Value::String(catalog.key_name(index.key).clone()),
        ]
    });
    let fulltexts = fulltext::shown(view).filter(|_| !unique_only);
    shown.chain(fulltexts).collect()
}

/// Returns the rows of `SHOW FUNCTIONS`, by name; a function that takes any number of arguments has no maximum.
pub(super) fn functions() -> Vec<Vec<Value>> {
    // Operators are functions too, but not called by name.
    let is_named = |name: &str| name.starts_with(char::is_alphabetic) && !name.contains(' ');
    let plain = Function::ALL
        .iter()
        .filter(|(_, name, ..)| is_named(name))
        .map(|(function, name, ..)| (*name, function.arity(), false));
    let aggregating = Aggregator::ALL.iter().map(|(function, name)| (*name, function.arity(), true));
    let mut rows: Vec<_> = plain.chain(aggregating).collect();
    rows.sort_unstable_by_key(|(name, ..)| name.to_ascii_lowercase());
    let row = |(name, (min, max), aggregates): (&str, (usize, usize), bool)| {
        let max = if max == usize::MAX { Value::Null } else { Value::Int(max as i64) };
        vec![name.into(), Value::Int(min as i64), max, Value::Bool(aggregates)]
    };
    rows.into_iter().map(row).collect()
}

/// Returns the rows of `SHOW PROCEDURES`, by name.
pub(super) fn procedures(procedures: &Procedures) -> Vec<Vec<Value>> {
    let row = |procedure: &Arc<Procedure>| vec![Value::String(procedure.name().clone()), procedure.signature().into()];
    procedures.all().iter().map(row).collect()
}

/// Returns the rows of `DESCRIBE`, and what there is to remark.
pub(super) fn described(description: &Description) -> (Vec<Vec<Value>>, Vec<String>) {
    let int = |n: u64| Value::Int(n as i64);
    let row = |column: &crate::import::describe::Described| {
        let tally = &column.tally;
        vec![
            Value::String(column.name.clone()),
            Value::from(column.role.clone()),
            Value::from(tally.kind()),
            int(tally.n_filled),
            int(column.n_nulls),
            int(tally.n_distinct().0),
            tally.min(),
            tally.max(),
            Value::list(tally.samples.clone()),
        ]
    };
    let rows = description.columns.iter().map(row).collect();
    let rejected = &description.rejections;
    let end =
        if description.is_cut { "; the rest does not fit the memory of a statement and was not read" } else { "" };
    let mut notices = vec![format!("{} rows read, {} bad ones{end}", description.n_rows, rejected.count)];
    if description.columns.iter().any(|column| !column.tally.n_distinct().1) {
        notices.push("numbers of distinct values above 4096 are estimates (about 2 % off)".to_owned());
    }
    notices.extend(rejected.errors.iter().map(|error| format!("bad row: {error}")));
    (rows, notices)
}

/// Returns the rows of `SUMMARIZE`, and what there is to remark. `check` may stop it.
pub(super) fn summarized(
    view: &Snapshot,
    summarize: &ast::Summarize,
    check: &mut dyn FnMut() -> Result<()>,
) -> Result<(Vec<Vec<Value>>, Vec<String>)> {
    let catalog = view.catalog();
    let mut tallies: Vec<(KeyId, Tally)> = catalog.keys().map(|(key, _)| (key, Tally::default())).collect();
    let (n_all, what) = match summarize {
        ast::Summarize::Nodes(name) => {
            let what = name.as_ref().map_or("nodes".to_owned(), |name| format!("nodes :{}", name.text));
            let label = match name {
                Some(name) => match catalog.label(&name.text) {
                    Some(label) => Some(label),
                    None => return Ok((Vec::new(), vec![format!("there is no label {}", name.text)])),
                },
                None => None,
            };
            for block in 0..view.n_node_blocks() {
                check()?;
                let words = match label {
                    Some(label) => view.label_words(label, block)?,
                    None => view.node_words(block)?,
                };
                let ids: Vec<u32> = ids_of(block, &words).collect();
                if ids.is_empty() {
                    continue;
                }
                for (key, tally) in &mut tallies {
                    let column = view.node_column(*key);
                    for id in &ids {
                        tally.add(&column.value(*id)?);
                    }
                }
            }
            (label.map_or(view.n_nodes(), |label| view.n_label(label)), what)
        }
        ast::Summarize::Relationships(name) => {
            let what = name.as_ref().map_or("relationships".to_owned(), |name| format!("relationships :{}", name.text));
            let rel_type = match name {
                Some(name) => match catalog.rel_type(&name.text) {
                    Some(rel_type) => Some(rel_type),
                    None => return Ok((Vec::new(), vec![format!("there is no relationship type {}", name.text)])),
                },
                None => None,
            };
            for block in 0..view.n_rel_blocks() {
                check()?;
                let mut ids = Vec::new();
                for id in ids_of(block, &view.rel_words(block)?) {
                    let record = view.rel_record(RelId::new(id))?;
                    if record.is_some_and(|record| rel_type.is_none_or(|wanted| record.rel_type == wanted)) {
                        ids.push(id);
                    }
                }
                if ids.is_empty() {
                    continue;
                }
                for (key, tally) in &mut tallies {
                    let column = view.rel_column(*key);
                    for id in &ids {
                        tally.add(&column.value(*id)?);
                    }
                }
            }
            (rel_type.map_or(view.n_rels(), |rel_type| view.n_type(rel_type)), what)
        }
    };
    let used = tallies.iter().filter(|(_, tally)| tally.n_filled > 0);
    let row = |(key, tally): &(KeyId, Tally)| {
        let (n_distinct, is_exact) = tally.n_distinct();
        vec![
            Value::String(catalog.key_name(*key).clone()),
            Value::from(tally.kind()),
            Value::Int(tally.n_filled as i64),
            Value::Int((n_all - tally.n_filled) as i64),
            Value::Int(n_distinct as i64),
            Value::Bool(is_exact),
            tally.min(),
            tally.max(),
            Value::list(tally.samples.clone()),
        ]
    };
    Ok((used.map(row).collect(), vec![format!("{n_all} {what}")]))
}

fn ids_of(block: u32, words: &[u64]) -> impl Iterator<Item = u32> {
    let first = block * BLOCK_LEN as u32;
    words.iter().enumerate().flat_map(move |(at, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let bit = if rest == 0 { return None } else { rest.trailing_zeros() };
            rest &= rest - 1;
            Some(first + at as u32 * 64 + bit)
        })
    })
}

/// How many relationships of a type go from nodes of some labels to nodes of others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// The labels of the start; none where it has none.
    pub start_labels: Vec<Arc<str>>,
    /// The relationship type.
    pub relationship_type: Arc<str>,
    /// The labels of the end.
    pub end_labels: Vec<Arc<str>>,
    /// How many there are.
    pub count: u64,
}

/// Returns how many relationships of each type go between which labels: each relationship counts once, with all labels
/// of its ends. The most frequent first.
///
/// # Complexity
/// Linear in nodes and relationships.
pub(super) fn connections(view: &Snapshot) -> Result<Vec<Connection>> {
    let catalog = view.catalog();
    // Every set of labels gets a number, every node that of its own.
    let mut sets: Vec<Vec<u32>> = vec![Vec::new()];
    let mut numbers: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut set_of: Vec<u32> = vec![0; view.node_id_end() as usize];
    for (label, _) in catalog.labels() {
        for block in 0..view.n_node_blocks() {
            for id in ids_of(block, &view.label_words(label, block)?) {
                let before = set_of[id as usize];
                set_of[id as usize] = *numbers.entry((before, label.get())).or_insert_with(|| {
                    let mut set = sets[before as usize].clone();
                    set.push(label.get());
                    sets.push(set);
                    sets.len() as u32 - 1
                });
            }
        }
    }
    let mut counts: FxHashMap<(u32, u32, u32), u64> = FxHashMap::default();
    for block in 0..view.n_rel_blocks() {
        for id in ids_of(block, &view.rel_words(block)?) {
            let Some(record) = view.rel_record(RelId::new(id))? else { continue };
            let set = |node: NodeId| set_of.get(node.get() as usize).copied().unwrap_or(0);
            *counts.entry((record.rel_type.get(), set(record.start), set(record.end))).or_default() += 1;
        }
    }
    let names = |set: u32| -> Vec<Arc<str>> {
        sets[set as usize].iter().map(|label| catalog.label_name(crate::model::LabelId::new(*label)).clone()).collect()
    };
    let mut found: Vec<Connection> = counts
        .into_iter()
        .map(|((rel_type, start, end), count)| Connection {
            start_labels: names(start),
            relationship_type: catalog.type_name(crate::model::TypeId::new(rel_type)).clone(),
            end_labels: names(end),
            count,
        })
        .collect();
    found.sort_by(|a, b| {
        b.count.cmp(&a.count).then_with(|| {
            let key = |c: &Connection| (c.relationship_type.clone(), c.start_labels.clone(), c.end_labels.clone());
            key(a).cmp(&key(b))
        })
    });
    Ok(found)
}
