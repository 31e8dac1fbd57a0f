//! A table as relationships of a type.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use rustc_hash::FxHashMap;

use super::{
    CopyEnd, CopyMode, CopyReport, Job, Rejects, Why,
    keys::{NONE, distinct, find_nodes, look, with_room},
};
use crate::{
    QueryError, Result,
    graph::{BULK_ROWS_MIN, Check, IndexInfo, Snapshot},
    model::{Bits, Column, ColumnData, Direction, KeyId, NodeId, RelId, Table, TypeId},
};

/// Where the relationships start and end, and how they are found.
pub(super) struct Ends<'a> {
    pub(super) start: &'a CopyEnd,
    pub(super) end: &'a CopyEnd,
    pub(super) mode: CopyMode,
    pub(super) threads: usize,
}

pub(super) fn copy(
    job: &mut Job<'_>,
    mut table: Table,
    type_name: &str,
    ends: Ends<'_>,
    mut rejects: Rejects<'_>,
) -> Result<CopyReport> {
    if table.columns.len() < 2 {
        let reason = format!(
            "a file of relationships starts with two columns, the keys of their ends; there are {}",
            table.columns.len()
        );
        return Err(rejects.error(1, 0, None, reason).into());
    }
    let indexes = [unique_index(job.tx.view(), ends.start)?, unique_index(job.tx.view(), ends.end)?];
    let (starts, stops) = {
        let (view, columns) = (job.tx.view(), &table.columns);
        let check = Mutex::new(&mut *job.check);
        let find = |at: usize| {
            let mut ask = || (check.lock().unwrap_or_else(PoisonError::into_inner))();
            find_nodes(view, &indexes[at], &columns[at], &mut ask)
        };
        if ends.threads > 1 { rayon::join(|| find(0), || find(1)) } else { (find(0), find(1)) }
    };
    let (mut starts, mut stops) = (starts?, stops?);
    for (at, ids) in [&starts, &stops].into_iter().enumerate() {
        for row in (0..table.n_rows).filter(|row| ids[*row] == NONE) {
            let why = if table.columns[at].is_null(row) { Why::NoKey } else { Why::Dangling };
            rejects.push(row, at, why);
        }
    }
    (job.check)()?;
    let keep = rejects.settle(&table, [&ends.start.label, &ends.end.label])?;
    let mut report = CopyReport { rejections: rejects.read, ..CopyReport::default() };
    // The keys are known now as ids, and may be large.
    for column in &mut table.columns[..2] {
        *column = Column::nulls(table.n_rows);
    }
    if let Some(keep) = keep {
        narrow(&mut table, &mut starts, &mut stops, &keep);
    }
    report.n_rows = table.n_rows as u64;
    table.names.drain(..2);
    table.columns.drain(..2);
    load(job, type_name, table, starts, stops, ends.mode, &mut report)?;
    Ok(report)
}

/// Makes every row of a table a relationship of a type between the nodes of the same places; its columns are properties.
pub(super) fn load(
    job: &mut Job<'_>,
    type_name: &str,
    mut table: Table,
    mut starts: Vec<u32>,
    mut stops: Vec<u32>,
    mode: CopyMode,
    report: &mut CopyReport,
) -> Result<()> {
    let rel_type = job.tx.rel_type(type_name)?;
    let mut properties: Vec<(KeyId, usize)> = Vec::new();
    for (at, name) in table.names.iter().enumerate() {
        if !matches!(table.columns[at].data, ColumnData::Null(_)) {
            properties.push((job.tx.key(name)?, at));
        }
    }
    let mut existing = Vec::new();
    if mode == CopyMode::Merge {
        let (known, new) = find_existing(job.tx.view(), rel_type, &starts, &stops, job.check)?;
        for (row, rel) in known {
            let values = properties.iter().map(|(key, at)| (*key, table.columns[*at].value(row)));
            existing.push((rel, values.collect::<Vec<_>>()));
        }
        narrow(&mut table, &mut starts, &mut stops, &new);
    }
    report.n_rels += table.n_rows as u64;
    create(job, &table, rel_type, [&starts, &stops], &properties, report)?;
    for (at, (rel, values)) in existing.into_iter().enumerate() {
        job.check_at(at)?;
        let mut n_changed = 0;
        for (key, value) in values {
            n_changed += u64::from(job.tx.set_rel(RelId::new(rel), key, value)?);
        }
        report.n_properties += n_changed;
        report.n_updated += u64::from(n_changed > 0);
    }
    Ok(())
}

/// Creates a relationship for every row; in bulk where there are many and the transaction has no other changes yet.
fn create(
    job: &mut Job<'_>,
    table: &Table,
    rel_type: TypeId,
    [starts, stops]: [&[u32]; 2],
    properties: &[(KeyId, usize)],
    report: &mut CopyReport,
) -> Result<()> {
    if table.n_rows < BULK_ROWS_MIN || !job.tx.can_load() {
        for row in 0..table.n_rows {
            job.check_at(row)?;
            let id = job.tx.create_rel(rel_type, NodeId::new(starts[row]), NodeId::new(stops[row]))?;
            for (key, at) in properties {
                report.n_properties += u64::from(job.tx.set_rel(id, *key, table.columns[*at].value(row))?);
            }
        }
        return Ok(());
    }
    let columns: Vec<(KeyId, &Column)> = properties.iter().map(|(key, at)| (*key, &table.columns[*at])).collect();
    report.n_properties += columns.iter().map(|(_, column)| column.n_present() as u64).sum::<u64>();
    let generation = (job.generations)();
    job.tx.bulk_rels(generation, rel_type, starts, stops, &columns, job.check)
}

/// Keeps some rows.
fn narrow(table: &mut Table, starts: &mut Vec<u32>, stops: &mut Vec<u32>, keep: &Bits) {
    let retain = |ids: &mut Vec<u32>| {
        let all = mem::take(ids).into_iter().enumerate();
        *ids = all.filter(|(row, _)| keep.get(*row)).map(|(_, id)| id).collect();
    };
    retain(starts);
    retain(stops);
    for column in &mut table.columns {
        *column = column.retain(keep);
    }
    table.lines = table.lines.retain(keep);
    table.n_rows = keep.count();
}

/// Returns the relationships that exist, each with its row, and the rows that are to be new ones. Of several rows with
/// the same ends only the last counts, as if each were merged after the other.
fn find_existing(
    view: &Snapshot,
    rel_type: TypeId,
    starts: &[u32],
    stops: &[u32],
    check: &mut Check<'_>,
) -> Result<(Vec<(usize, u32)>, Bits)> {
    let mut last: FxHashMap<(u32, u32), usize> = with_room(starts.len());
    for (row, pair) in starts.iter().copied().zip(stops.iter().copied()).enumerate() {
        look(row, check)?;
        last.insert(pair, row);
    }
    let mut existing: Vec<(usize, u32)> = Vec::new();
    for (at, start) in distinct(starts).into_iter().enumerate() {
        look(at, check)?;
        let edges = view.adjacency(Direction::Out, rel_type).edges(NodeId::new(start))?;
        edges.for_each(|stop, rel| {
            if let Some(row) = last.get(&(start, stop)) {
                existing.push((*row, rel));
            }
        });
    }
    let mut new = Bits::filled(starts.len(), false);
    last.into_values().for_each(|row| new.set(row));
    existing.iter().for_each(|(row, _)| new.clear(*row));
    existing.sort_unstable();
    Ok((existing, new))
}

/// Returns the unique index that finds an end.
pub(super) fn unique_index(view: &Snapshot, end: &CopyEnd) -> Result<IndexInfo> {
    let catalog = view.catalog();
    let label = &end.label;
    let unique: Vec<&IndexInfo> = catalog
        .indexes()
        .iter()
        .filter(|index| index.unique && **catalog.label_name(index.label) == **label)
        .filter(|index| end.key.as_ref().is_none_or(|key| **catalog.key_name(index.key) == **key))
        .collect();
    let error = |message: String, hint: String| {
        Err(QueryError::run("22N71", "SchemaError", "NoSuchIndex", message).hint(hint).into())
    };
    match (unique.as_slice(), &end.key) {
        ([index], _) => Ok((*index).clone()),
        ([], Some(key)) => error(
            format!("{label}.{key} is not unique, so it cannot find the ends of relationships"),
            format!(
                "COPY {label} FROM ... (KEY {key}), or CREATE CONSTRAINT FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"
            ),
        ),
        ([], None) => error(
            format!("no property of :{label} is unique, so nothing finds the ends of relationships"),
            format!("COPY {label} FROM ... (KEY property) first"),
        ),
        (several, _) => {
            let keys: Vec<_> = several.iter().map(|index| &**catalog.key_name(index.key)).collect();
            error(
                format!("several properties of :{label} are unique ({})", keys.join(", ")),
                format!("say which one the file holds: {label}({})", keys[0]),
            )
        }
    }
}
