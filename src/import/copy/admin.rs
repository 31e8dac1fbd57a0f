//! A table whose header says what it is: labels, types and id spaces from its columns.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    CopyEnd, CopyMode, CopyReport, CopyTarget, Job, Rejects, Why,
    keys::{NONE, find_nodes},
    nodes::{self, Nodes},
    rels,
};
use crate::{
    Result,
    graph::{IndexInfo, Snapshot},
    import::{
        admin::Role,
        numbers::{self, Kind},
    },
    model::{Bits, Column, ColumnData, Table, Value},
};

/// The id space of keys in none: nodes of such a file have this label.
const GLOBAL_SPACE: &str = "Node";

/// Brings a table into the graph as its columns' roles say; the statement adds a label or type, or the ends.
pub(super) fn copy(
    job: &mut Job<'_>,
    mut table: Table,
    roles: &[Role],
    target: &CopyTarget,
    rejects: Rejects<'_>,
) -> Result<CopyReport> {
    let find = |is: fn(&Role) -> bool| roles.iter().position(is);
    let start = find(|role| matches!(role, Role::Start(_)));
    if let Some((start, end)) = start.zip(find(|role| matches!(role, Role::End(_)))) {
        return copy_rels(job, table, roles, [start, end], target, rejects);
    }
    let (name, key, mode) = match target {
        CopyTarget::Nodes { label, key, mode } => (Some(label), key.as_ref(), *mode),
        CopyTarget::Whole { mode } => (None, None, *mode),
        CopyTarget::Rels { rel_type, .. } => {
            let reason =
                format!("the header has no :START_ID and :END_ID, so its rows are no relationships :{rel_type}");
            return Err(rejects.error(1, 0, None, reason).into());
        }
    };
    let id = roles.iter().enumerate().find_map(|(at, role)| match role {
        Role::Id(space) => Some((table.names[at].clone(), space.clone())),
        _ => None,
    });
    let (label, key) = match (&id, name) {
        (Some((id, Some(space))), _) => (space.clone(), Some(id)),
        (Some((id, None)), name) => (name.cloned().unwrap_or_else(|| GLOBAL_SPACE.into()), Some(id)),
        (None, Some(name)) => (name.clone(), key),
        (None, None) => {
            let reason =
                "the header names no :ID, so nothing tells the nodes apart; name their label: COPY Label FROM ...";
            return Err(rejects.error(1, 0, None, reason.to_owned()).into());
        }
    };
    let mut more: Vec<(Arc<str>, Bits)> = Vec::new();
    if let Some(name) = name.filter(|name| **name != label) {
        more.push((name.clone(), Bits::filled(table.n_rows, true)));
    }
    if let Some(at) = find(|role| *role == Role::Labels) {
        read_labels(&table.columns[at], &label, &mut more);
    }
    keep_columns(&mut table, roles);
    let mode = mode.unwrap_or(if key.is_some() { CopyMode::Merge } else { CopyMode::Create });
    let nodes = Nodes { label: &label, key: key.map(|key| &**key), mode, more: &more };
    nodes::copy(job, &table, &nodes, rejects)
}

/// Adds the labels of a column, but for the one that all rows have.
fn read_labels(column: &Column, label: &str, more: &mut Vec<(Arc<str>, Bits)>) {
    let ColumnData::Str(texts) = &column.data else { return };
    let mut places: FxHashMap<Box<str>, usize> =
        more.iter().enumerate().map(|(at, (name, _))| (Box::from(&**name), at)).collect();
    for row in (0..texts.len()).filter(|row| !column.is_null(*row)) {
        let names = texts.get(row).split(';').map(str::trim);
        for name in names.filter(|name| !name.is_empty() && *name != label) {
            let at = match places.get(name) {
                Some(at) => *at,
                None => {
                    more.push((name.into(), Bits::filled(texts.len(), false)));
                    places.insert(name.into(), more.len() - 1);
                    more.len() - 1
                }
            };
            more[at].1.set(row);
        }
    }
}

/// Keeps the columns that are properties.
fn keep_columns(table: &mut Table, roles: &[Role]) {
    let is_kept = |at: usize| matches!(roles[at], Role::Property | Role::Id(_));
    let mut at = 0;
    table.names.retain(|_| {
        at += 1;
        is_kept(at - 1)
    });
    at = 0;
    table.columns.retain(|_| {
        at += 1;
        is_kept(at - 1)
    });
}

fn copy_rels(
    job: &mut Job<'_>,
    mut table: Table,
    roles: &[Role],
    ends: [usize; 2],
    target: &CopyTarget,
    mut rejects: Rejects<'_>,
) -> Result<CopyReport> {
    let (name, given, mode) = match target {
        CopyTarget::Nodes { label, mode, key: None } => (Some(label), [None, None], mode.unwrap_or(CopyMode::Create)),
        CopyTarget::Rels { rel_type, start, end, mode } => (Some(rel_type), [Some(start), Some(end)], *mode),
        CopyTarget::Whole { mode } => (None, [None, None], mode.unwrap_or(CopyMode::Create)),
        CopyTarget::Nodes { key: Some(key), .. } => {
            let reason = format!("the header has :START_ID, so its rows are relationships, which have no KEY {key}");
            return Err(rejects.error(1, 0, None, reason).into());
        }
    };
    let mut ids: [Vec<u32>; 2] = [Vec::new(), Vec::new()];
    let mut labels: [Arc<str>; 2] = [Arc::from(""), Arc::from("")];
    for (side, at) in ends.into_iter().enumerate() {
        let space = match &roles[at] {
            Role::Start(space) | Role::End(space) => space.clone(),
            _ => unreachable!("the ends were found by their roles"),
        };
        let by_header = CopyEnd { label: space.unwrap_or_else(|| GLOBAL_SPACE.into()), key: None };
        let end = given[side].unwrap_or(&by_header);
        let index = rels::unique_index(job.tx.view(), end)?;
        ids[side] = find_either(job.tx.view(), &index, &table.columns[at], job.check)?;
        labels[side] = end.label.clone();
        for row in (0..table.n_rows).filter(|row| ids[side][*row] == NONE) {
            let why = match (table.columns[at].is_null(row), side) {
                (true, _) => Why::NoKey,
                (false, 0) => Why::NoStart,
                (false, _) => Why::NoEnd,
            };
            rejects.push(row, at, why);
        }
    }
    let type_at = roles.iter().position(|role| *role == Role::Type);
    let own = |row: usize| type_at.map(|at| table.columns[at].value(row)).filter(|name| !name.is_null());
    let mut numbers: FxHashMap<Arc<str>, u32> = FxHashMap::default();
    let mut types: Vec<Arc<str>> = Vec::new();
    let mut type_of = vec![0; table.n_rows];
    for (row, number) in type_of.iter_mut().enumerate() {
        let name = match (own(row), name) {
            (Some(Value::String(text)), _) if !text.trim().is_empty() => text,
            (_, Some(name)) => name.clone(),
            (_, None) => {
                rejects.push(row, type_at.unwrap_or(ends[0]), Why::NoType);
                continue;
            }
        };
        *number = *numbers.entry(name).or_insert_with_key(|name| {
            types.push(name.clone());
            types.len() as u32 - 1
        });
    }
    (job.check)()?;
    let keep = rejects.settle(&table, [&labels[0], &labels[1]])?;
    let mut report = CopyReport { rejections: rejects.read, ..CopyReport::default() };
    keep_columns(&mut table, roles);
    let is_kept = |row: usize| keep.as_ref().is_none_or(|keep| keep.get(row));
    let mut counts = vec![0usize; types.len()];
    (0..table.n_rows).filter(|row| is_kept(*row)).for_each(|row| counts[type_of[row] as usize] += 1);
    report.n_rows = counts.iter().sum::<usize>() as u64;
    // The largest first: those are bulk loads, which come before other changes.
    let mut order: Vec<usize> = (0..types.len()).filter(|at| counts[*at] > 0).collect();
    order.sort_by_key(|at| std::cmp::Reverse(counts[*at]));
    for at in order {
        (job.check)()?;
        let rows: Bits = (0..table.n_rows).map(|row| is_kept(row) && type_of[row] as usize == at).collect();
        let pick = |ids: &[u32]| (0..ids.len()).filter(|row| rows.get(*row)).map(|row| ids[row]).collect::<Vec<u32>>();
        let part = Table {
            names: table.names.clone(),
            columns: table.columns.iter().map(|column| column.retain(&rows)).collect(),
            n_rows: counts[at],
            lines: table.lines.retain(&rows),
        };
        rels::load(job, &types[at], part, pick(&ids[0]), pick(&ids[1]), mode, &mut report)?;
    }
    Ok(report)
}

/// Finds nodes whose key is the number a text spells, or else the text: only the nodes' file knew which it is.
pub(super) fn find_either(
    view: &Snapshot,
    index: &IndexInfo,
    column: &Column,
    check: &mut dyn FnMut() -> Result<()>,
) -> Result<Vec<u32>> {
    let ColumnData::Str(texts) = &column.data else { return find_nodes(view, index, column, check) };
    let number = |row: usize| {
        let text = texts.get(row);
        // Only what reads as a number in the file of the nodes: `007` is a text there.
        if column.is_null(row) || numbers::kind_of(text.as_bytes()) != Kind::Int { None } else { text.parse().ok() }
    };
    let numbers: Vec<Option<i64>> = (0..texts.len()).map(number).collect();
    let ints = ColumnData::Int(numbers.iter().map(|n| n.unwrap_or_default()).collect());
    let ints = Column::new(ints, numbers.iter().map(Option::is_some).collect());
    let mut found = find_nodes(view, index, &ints, check)?;
    if (0..texts.len()).any(|row| found[row] == NONE && !column.is_null(row)) {
        let by_text = find_nodes(view, index, column, check)?;
        found.iter_mut().zip(by_text).filter(|(id, _)| **id == NONE).for_each(|(id, other)| *id = other);
    }
    Ok(found)
}
