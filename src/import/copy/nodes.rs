//! A table as nodes of a label, some with more labels.

use std::sync::Arc;

use super::{
    CopyMode, CopyReport, Job, Rejects, Why,
    keys::{NONE, find_duplicates, find_nodes},
};
use crate::{
    Error, ImportError, QueryError, Result,
    graph::{BULK_ROWS_MIN, IndexInfo, Transaction},
    model::{Bits, Column, ColumnData, KeyId, LabelId, NodeId, Table},
};

/// Which nodes a table is.
pub(super) struct Nodes<'a> {
    /// Their label.
    pub(super) label: &'a str,
    /// The property that tells them apart.
    pub(super) key: Option<&'a str>,
    /// What happens where one exists.
    pub(super) mode: CopyMode,
    /// The labels that some rows have besides; none is `label`, none comes twice.
    pub(super) more: &'a [(Arc<str>, Bits)],
}

/// Where the rows of a table went.
pub(super) struct Placed {
    /// The node of every row; [`NONE`] where the row was left out.
    pub(super) ids: Vec<u32>,
    /// Which rows are nodes that existed.
    pub(super) existing: Bits,
    /// The properties: key and column.
    pub(super) properties: Vec<(KeyId, usize)>,
    /// The labels of `Nodes::more`.
    pub(super) more: Vec<LabelId>,
}

pub(super) fn copy(
    job: &mut Job<'_>,
    table: &Table,
    nodes: &Nodes<'_>,
    mut rejects: Rejects<'_>,
) -> Result<CopyReport> {
    let mut report = CopyReport::default();
    let placed = place(job, table, nodes, &mut rejects, &mut report)?;
    let file = rejects.file;
    report.rejections = rejects.read;
    for row in (0..table.n_rows).filter(|row| placed.existing.get(*row)) {
        job.check_at(row)?;
        let id = NodeId::new(placed.ids[row]);
        let mut n_changed = 0;
        for (key, at) in &placed.properties {
            let set = job.tx.set_node(id, *key, table.columns[*at].value(row));
            n_changed += u64::from(set.map_err(|error| violation(error, file, table, row, *at))?);
        }
        let mut n_labels = 0;
        for (label, _) in placed.more.iter().zip(nodes.more).filter(|(_, (_, rows))| rows.get(row)) {
            n_labels += u64::from(job.tx.add_label(id, *label)?);
        }
        report.n_properties += n_changed;
        report.n_labels += n_labels;
        report.n_updated += u64::from(n_changed + n_labels > 0);
    }
    Ok(report)
}

/// Creates the nodes of a table that are new, and finds those that exist. Nothing that exists is changed yet: a bulk
/// load, also a later one of the same statement, wants a transaction without such changes.
pub(super) fn place(
    job: &mut Job<'_>,
    table: &Table,
    nodes: &Nodes<'_>,
    rejects: &mut Rejects<'_>,
    report: &mut CopyReport,
) -> Result<Placed> {
    let Nodes { label: label_name, key, mode, more } = *nodes;
    if key.is_none() && mode == CopyMode::Merge {
        let message = format!("MODE MERGE needs a KEY that tells the nodes of :{label_name} apart");
        let error = QueryError::run("22023", "ArgumentError", "InvalidArgumentValue", message);
        return Err(error.hint(format!("COPY {label_name} FROM ... (KEY property, MODE MERGE)")).into());
    }
    let key_at = match key {
        Some(key) => Some(key_column(table, key, rejects)?),
        None => None,
    };
    if let Some(key) = key {
        report.constraint_created |= make_unique(job.tx, label_name, key)?;
    }
    let label = job.tx.label(label_name)?;
    let mut properties: Vec<(KeyId, usize)> = Vec::with_capacity(table.columns.len());
    for (at, name) in table.names.iter().enumerate() {
        if !matches!(table.columns[at].data, ColumnData::Null(_)) {
            properties.push((job.tx.key(name)?, at));
        }
    }
    let more: Vec<(LabelId, &Bits)> =
        more.iter().map(|(name, rows)| Ok((job.tx.label(name)?, rows))).collect::<Result<_>>()?;
    let mut ids = vec![NONE; table.n_rows];
    let is_first = job.tx.view().n_label(label) == 0;
    for (index, at) in unique_columns(job.tx, label, &properties, key_at) {
        let column = &table.columns[at];
        let is_key = key_at == Some(at);
        if is_key {
            (0..table.n_rows).filter(|row| column.is_null(*row)).for_each(|row| rejects.push(row, at, Why::NoKey));
        }
        find_duplicates(column, job.check, |row, why| {
            if is_key || why != Why::NotANumber {
                rejects.push(row, at, why);
            }
        })?;
        if is_first {
            continue;
        }
        let found = find_nodes(job.tx.view(), &index, column, job.check)?;
        if is_key && mode == CopyMode::Merge {
            ids = found;
        } else {
            let taken = (0..table.n_rows).filter(|row| found[*row] != NONE && found[*row] != ids[*row]);
            taken.for_each(|row| rejects.push(row, at, Why::Exists));
        }
    }
    if let Some(at) = key_at
        && let ColumnData::Null(n) = table.columns[at].data
    {
        (0..n).for_each(|row| rejects.push(row, at, Why::NoKey));
    }
    (job.check)()?;
    let keep = rejects.settle(table, [label_name; 2])?;
    report.n_rows += keep.as_ref().map_or(table.n_rows, Bits::count) as u64;
    let kept = |row: usize| keep.as_ref().is_none_or(|keep| keep.get(row));
    (0..table.n_rows).filter(|row| !kept(*row)).for_each(|row| ids[row] = NONE);
    let existing: Bits = ids.iter().map(|id| *id != NONE).collect();
    let new: Option<Bits> = if existing.count() > 0 || keep.is_some() {
        Some((0..table.n_rows).map(|row| kept(row) && !existing.get(row)).collect())
    } else {
        None
    };
    report.n_nodes += new.as_ref().map_or(table.n_rows, Bits::count) as u64;
    create(job, table, label, &properties, &more, new, &mut ids, report)?;
    let more = more.into_iter().map(|(label, _)| label).collect();
    Ok(Placed { ids, existing, properties, more })
}

/// Names the row whose value is taken: two rows may want each other's.
fn violation(error: Error, file: &str, table: &Table, row: usize, column: usize) -> Error {
    let Error::Constraint { .. } = error else { return error };
    let field = Some(table.names[column].to_string());
    let (line, column) = (table.lines.line_of(row), column as u64 + 1);
    ImportError { file: file.to_owned(), line, column, field, reason: error.to_string() }.into()
}

/// A property and its values.
type Property<'a> = (KeyId, &'a Column);

/// Creates a node for every row of `new`, or for all, and enters it into `ids`.
#[expect(clippy::too_many_arguments, reason = "the parts of one placement, which end here")]
fn create(
    job: &mut Job<'_>,
    table: &Table,
    label: LabelId,
    properties: &[(KeyId, usize)],
    more: &[(LabelId, &Bits)],
    new: Option<Bits>,
    ids: &mut [u32],
    report: &mut CopyReport,
) -> Result<()> {
    let n_new = new.as_ref().map_or(table.n_rows, Bits::count);
    let is_new = |row: usize| new.as_ref().is_none_or(|new| new.get(row));
    let n_labels = |(_, rows): &(LabelId, &Bits)| (0..rows.len()).filter(|row| rows.get(*row) && is_new(*row)).count();
    report.n_labels += (n_new + more.iter().map(n_labels).sum::<usize>()) as u64;
    if n_new < BULK_ROWS_MIN || !job.tx.can_load() {
        for row in (0..table.n_rows).filter(|row| is_new(*row)) {
            job.check_at(row)?;
            let others = more.iter().filter(|(_, rows)| rows.get(row)).map(|(label, _)| *label);
            let id = job.tx.create_node(&[label].into_iter().chain(others).collect::<Vec<_>>())?;
            for (key, at) in properties {
                report.n_properties += u64::from(job.tx.set_node(id, *key, table.columns[*at].value(row))?);
            }
            ids[row] = id.get();
        }
        return Ok(());
    }
    let kept: Vec<Column>;
    let kept_labels: Vec<(LabelId, Bits)>;
    let (columns, more): (Vec<Property<'_>>, Vec<(LabelId, &Bits)>) = match &new {
        None => (properties.iter().map(|(key, at)| (*key, &table.columns[*at])).collect(), more.to_vec()),
        Some(new) => {
            kept = properties.iter().map(|(_, at)| table.columns[*at].retain(new)).collect();
            let narrow = |rows: &Bits| (0..rows.len()).filter(|row| new.get(*row)).map(|row| rows.get(row)).collect();
            kept_labels = more.iter().map(|(label, rows)| (*label, narrow(rows))).collect();
            (
                properties.iter().map(|(key, _)| *key).zip(&kept).collect(),
                kept_labels.iter().map(|(label, rows)| (*label, rows)).collect(),
            )
        }
    };
    report.n_properties += columns.iter().map(|(_, column)| column.n_present() as u64).sum::<u64>();
    let generation = (job.generations)();
    let first = job.tx.bulk_labelled_nodes(generation, label, &more, n_new, &columns, job.check)?;
    let rows = (0..table.n_rows).filter(|row| is_new(*row));
    rows.zip(first..).for_each(|(row, id)| ids[row] = id);
    Ok(())
}

fn key_column(table: &Table, key: &str, rejects: &Rejects<'_>) -> Result<usize> {
    if let Some(at) = table.position(key) {
        return Ok(at);
    }
    let names: Vec<_> = table.names.iter().map(|name| &**name).collect();
    let reason = format!("no column {key:?} for the key (there are: {})", names.join(", "));
    Err(rejects.error(1, 0, None, reason).into())
}

/// Makes a label's property unique, unless it is. Returns whether that is new.
fn make_unique(tx: &mut Transaction, label: &str, key: &str) -> Result<bool> {
    let catalog = tx.view().catalog();
    let index = catalog.label(label).zip(catalog.key(key)).and_then(|(label, key)| catalog.find_index(label, key));
    match index {
        Some(index) if index.unique => Ok(false),
        Some(index) => {
            let message = format!("COPY needs {label}.{key} to be unique, but `{}` is an index only", index.name);
            let error = QueryError::run("22N70", "SchemaError", "IndexAlreadyExists", message);
            Err(error.hint(format!("DROP INDEX {}; COPY makes a constraint of its own", index.name)).into())
        }
        None => tx.create_index(None, label, key, true, true),
    }
}

/// Returns the unique indexes over columns of the table: the key's first.
fn unique_columns(
    tx: &Transaction,
    label: LabelId,
    properties: &[(KeyId, usize)],
    key_at: Option<usize>,
) -> Vec<(IndexInfo, usize)> {
    let indexes = tx.view().catalog().indexes().iter().filter(|index| index.unique && index.label == label);
    let with_column = |index: &IndexInfo| {
        let property = properties.iter().find(|(key, _)| *key == index.key)?;
        Some((index.clone(), property.1))
    };
    let mut found: Vec<_> = indexes.filter_map(with_column).collect();
    found.sort_by_key(|(_, at)| Some(*at) != key_at);
    found
}
