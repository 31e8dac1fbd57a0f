//! A table as nodes of a label.

use super::{
    CopyMode, CopyReport, Job, Rejects, Why,
    keys::{NONE, find_duplicates, find_nodes},
};
use crate::{
    Error, ImportError, QueryError, Result,
    graph::{BULK_ROWS_MIN, IndexInfo, Transaction},
    model::{Bits, Column, ColumnData, KeyId, LabelId, NodeId, Table},
};

pub(super) fn copy(
    job: &mut Job<'_>,
    table: Table,
    label_name: &str,
    key: Option<&str>,
    mode: CopyMode,
    mut rejects: Rejects<'_>,
) -> Result<CopyReport> {
    let mut report = CopyReport::default();
    if key.is_none() && mode == CopyMode::Merge {
        let message = format!("MODE MERGE needs a KEY that tells the nodes of :{label_name} apart");
        let error = QueryError::run("22023", "ArgumentError", "InvalidArgumentValue", message);
        return Err(error.hint(format!("COPY {label_name} FROM ... (KEY property, MODE MERGE)")).into());
    }
    let key_at = match key {
        Some(key) => Some(key_column(&table, key, &rejects)?),
        None => None,
    };
    if let Some(key) = key {
        report.constraint_created = make_unique(job.tx, label_name, key)?;
    }
    let label = job.tx.label(label_name)?;
    let mut properties: Vec<(KeyId, usize)> = Vec::with_capacity(table.columns.len());
    for (at, name) in table.names.iter().enumerate() {
        if !matches!(table.columns[at].data, ColumnData::Null(_)) {
            properties.push((job.tx.key(name)?, at));
        }
    }
    let mut ids = vec![NONE; if job.tx.view().n_label(label) > 0 { table.n_rows } else { 0 }];
    for (index, at) in unique_columns(job.tx, label, &properties, key_at) {
        let column = &table.columns[at];
        let is_key = key_at == Some(at);
        if is_key {
            (0..table.n_rows).filter(|row| column.is_null(*row)).for_each(|row| rejects.push(row, at, Why::NoKey));
        }
        let visit = |row, why| {
            if is_key || why != Why::NotANumber {
                rejects.push(row, at, why);
            }
        };
        find_duplicates(column, job.check, visit)?;
        if ids.is_empty() {
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
    if let (Some(at), ColumnData::Null(n)) = (key_at, &table.columns[key_at.unwrap_or(0)].data) {
        (0..*n).for_each(|row| rejects.push(row, at, Why::NoKey));
    }
    let file = rejects.file;
    (job.check)()?;
    let keep = rejects.settle(&table, [label_name; 2])?;
    report.n_rows = keep.as_ref().map_or(table.n_rows, Bits::count) as u64;
    report.rejections = rejects.read;
    let kept = |row: usize| keep.as_ref().is_none_or(|keep| keep.get(row));
    let new: Option<Bits> = if ids.iter().any(|id| *id != NONE) || keep.is_some() {
        Some((0..table.n_rows).map(|row| kept(row) && ids.get(row).is_none_or(|id| *id == NONE)).collect())
    } else {
        None
    };
    report.n_created = new.as_ref().map_or(table.n_rows, Bits::count) as u64;
    // New nodes first: the bulk loader wants a transaction without other changes.
    create(job, &table, label, &properties, new, &mut report)?;
    for row in (0..ids.len()).filter(|row| ids[*row] != NONE && kept(*row)) {
        job.check_at(row)?;
        let mut n_changed = 0;
        for (key, at) in &properties {
            let set = job.tx.set_node(NodeId::new(ids[row]), *key, table.columns[*at].value(row));
            n_changed += u64::from(set.map_err(|error| violation(error, file, &table, row, *at))?);
        }
        report.n_properties += n_changed;
        report.n_updated += u64::from(n_changed > 0);
    }
    Ok(report)
}

/// Names the row whose value is taken: two rows may want each other's.
fn violation(error: Error, file: &str, table: &Table, row: usize, column: usize) -> Error {
    let Error::Constraint { .. } = error else { return error };
    let field = Some(table.names[column].to_string());
    let (line, column) = (table.lines.line_of(row), column as u64 + 1);
    ImportError { file: file.to_owned(), line, column, field, reason: error.to_string() }.into()
}

/// Creates a node for every row of `new`, or for all.
fn create(
    job: &mut Job<'_>,
    table: &Table,
    label: LabelId,
    properties: &[(KeyId, usize)],
    new: Option<Bits>,
    report: &mut CopyReport,
) -> Result<()> {
    let n_new = new.as_ref().map_or(table.n_rows, Bits::count);
    if n_new < BULK_ROWS_MIN || !job.tx.can_load() {
        for row in (0..table.n_rows).filter(|row| new.as_ref().is_none_or(|new| new.get(*row))) {
            job.check_at(row)?;
            let id = job.tx.create_node(&[label])?;
            for (key, at) in properties {
                report.n_properties += u64::from(job.tx.set_node(id, *key, table.columns[*at].value(row))?);
            }
        }
        return Ok(());
    }
    let kept: Vec<Column>;
    let columns: Vec<(KeyId, &Column)> = match new {
        None => properties.iter().map(|(key, at)| (*key, &table.columns[*at])).collect(),
        Some(new) => {
            (job.check)()?;
            kept = properties.iter().map(|(_, at)| table.columns[*at].retain(&new)).collect();
            properties.iter().map(|(key, _)| *key).zip(&kept).collect()
        }
    };
    report.n_properties += columns.iter().map(|(_, column)| column.n_present() as u64).sum::<u64>();
    job.tx.bulk_nodes(job.generation, label, n_new, &columns, job.check)?;
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
