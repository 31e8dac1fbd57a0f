//! A columnar file into a table: its windows converted one after another and joined.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::{
    batches::{Batches, guarded},
    convert::Converter,
    kinds::{Use, refusal},
};
use crate::{
    Error, ImportError, Result,
    import::{
        ReadLimits,
        admin::{self, Role},
        files::FileSource,
        json_lines,
        options::{COLUMNS_MAX, ColumnType, FormatOptions, OnError},
        read::Imported,
    },
    model::{Bits, Column, ColumnData, Lines},
};

/// What a row without any value takes, so that a few bytes that say they are billions of rows meet the budget.
const ROW_BYTES: u64 = 8;

/// The most rows of a file: the importer numbers them in 32 bits.
const ROWS_MAX: u64 = u32::MAX as u64;

/// Reads a file into a table. `tick` is told how many bytes have been read so far, and may stop it.
///
/// # Errors
/// [`Error::Import`] where the file is broken, a column is of a type that no property has, or a row cannot be kept and
/// is not to be skipped; [`Error::Limit`], and what `tick` returns.
pub(in crate::import) fn read_table(
    source: &FileSource,
    options: &FormatOptions,
    limits: &ReadLimits,
    tick: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Imported> {
    let mut batches = Batches::open(source, options.format, limits.table_bytes_max)?;
    let mut reading = Reading {
        name: &source.name,
        options,
        limits,
        imported: Imported::default(),
        types: Vec::new(),
        held: 0,
        n_rows: 0,
    };
    reading.read_names(&batches.schema)?;
    loop {
        let n_bytes = batches.n_bytes();
        tick(n_bytes)?;
        let added = match batches.next(&mut || tick(n_bytes)) {
            Ok(None) => break,
            Ok(Some(window)) => guarded(&source.name, || reading.add(&window)),
            Err(error) => Err(error),
        };
        match added {
            Err(Error::Limit { .. }) if limits.is_sample => {
                reading.imported.is_cut = true;
                break;
            }
            added => added?,
        }
    }
    let mut imported = reading.imported;
    imported.table.columns.iter_mut().for_each(Column::settle_numbers);
    Ok(imported)
}

struct Reading<'a> {
    name: &'a str,
    options: &'a FormatOptions,
    limits: &'a ReadLimits,
    imported: Imported,
    /// The types that the statement or a header of neo4j-admin declares.
    types: Vec<Option<ColumnType>>,
    /// What the values of lists take.
    held: u64,
    /// The rows read, with those left out.
    n_rows: u64,
}

impl Reading<'_> {
    /// Takes the names of the columns, and refuses what cannot be read.
    fn read_names(&mut self, schema: &SchemaRef) -> Result<()> {
        let mut names = names_of(self.name, schema, |name| name == ":IGNORE")?;
        self.types = vec![None; names.len()];
        if let Some(fields) = admin::fields(&names) {
            let fields = fields.map_err(|(at, reason)| self.error(0, at + 1, format!("in the names: {reason}")))?;
            names = fields.iter().map(|field| field.name.clone()).collect();
            self.types = fields.iter().map(|field| field.column_type).collect();
            self.imported.roles = fields.into_iter().map(|field| field.role).collect();
        }
        self.imported.table.columns = vec![Column::nulls(0); names.len()];
        self.imported.table.names = names;
        for declared in &self.options.columns {
            let Some(at) = self.imported.table.position(&declared.name) else {
                let names: Vec<_> = self.imported.table.names.iter().map(|name| &**name).collect();
                let reason = format!("no column {:?} in the file ({})", declared.name, names.join(", "));
                return Err(self.error(0, 0, reason).into());
            };
            self.types[at] = declared.column_type.or(self.types[at]);
        }
        for (at, field) in schema.fields().iter().enumerate() {
            if self.is_ignored(at) {
                continue;
            }
            let used = if self.types[at] == Some(ColumnType::String) { Use::Text } else { Use::Property };
            if let Some(reason) = refusal(field.data_type(), used) {
                return Err(self.error(0, at + 1, reason).into());
            }
        }
        Ok(())
    }

    fn is_ignored(&self, at: usize) -> bool {
        self.imported.roles.get(at) == Some(&Role::Ignore)
    }

    /// Adds the rows of a window.
    fn add(&mut self, window: &RecordBatch) -> Result<()> {
        let n_rows = window.num_rows();
        if self.n_rows + n_rows as u64 > ROWS_MAX {
            return Err(Error::Limit { what: "rows of a file", max: ROWS_MAX });
        }
        let taken = self.taken();
        let mut converter = Converter::new(self.limits.table_bytes_max.saturating_sub(taken), false);
        converter.take(n_rows as u64 * ROW_BYTES)?;
        let mut columns = Vec::with_capacity(window.num_columns());
        let mut bad: Vec<(usize, usize, String)> = Vec::new();
        for (at, array) in window.columns().iter().enumerate() {
            if self.is_ignored(at) {
                columns.push(Column::nulls(n_rows));
                continue;
            }
            let column = converter.column(&**array)?;
            bad.extend(converter.bad.drain(..).map(|(row, reason)| (row, at + 1, reason)));
            columns.push(match self.types[at] {
                Some(declared) => declare(column, declared, at + 1, &mut bad)?,
                None => column,
            });
        }
        let mut lines = Lines::default();
        lines.push(0, 0);
        let mut n_kept = n_rows;
        if !bad.is_empty() {
            bad.sort_unstable_by_key(|(row, column, _)| (*row, *column));
            bad.dedup_by_key(|(row, ..)| *row);
            let mut keep = Bits::filled(n_rows, true);
            for (row, column, reason) in bad {
                let error = self.error(self.n_rows + row as u64 + 1, column, reason);
                if self.options.on_error == OnError::Stop {
                    return Err(error.into());
                }
                self.imported.rejections.push(error);
                keep.clear(row);
            }
            columns = columns.iter().map(|column| column.retain(&keep)).collect();
            lines = lines.retain(&keep);
            n_kept = keep.count();
        }
        let table = &mut self.imported.table;
        table.lines.append(&lines, table.n_rows as u64, self.n_rows + 1);
        for (whole, column) in table.columns.iter_mut().zip(columns) {
            whole.append(column)?;
        }
        table.n_rows += n_kept;
        self.n_rows += n_rows as u64;
        self.held += converter.held;
        if self.taken() > self.limits.table_bytes_max {
            return Err(Error::Limit { what: "bytes of an imported table", max: self.limits.table_bytes_max });
        }
        Ok(())
    }

    fn taken(&self) -> u64 {
        let rows = self.imported.table.n_rows as u64 * ROW_BYTES;
        rows.max(self.imported.table.heap_bytes() as u64).saturating_add(self.held)
    }

    fn error(&self, line: u64, column: usize, reason: String) -> ImportError {
        let name = column.checked_sub(1).and_then(|at| self.imported.table.names.get(at));
        let field = name.map(ToString::to_string);
        ImportError { file: self.name.to_owned(), line, column: column as u64, field, reason }
    }
}

/// Returns the names of a file's columns: all there, and all different but those that may repeat.
pub(super) fn names_of(file: &str, schema: &SchemaRef, may_repeat: impl Fn(&str) -> bool) -> Result<Vec<Arc<str>>> {
    if schema.fields().len() > COLUMNS_MAX {
        return Err(Error::Limit { what: "columns of a file", max: COLUMNS_MAX as u64 });
    }
    let mut names: Vec<Arc<str>> = Vec::with_capacity(schema.fields().len());
    for (at, field) in schema.fields().iter().enumerate() {
        let name = field.name().as_str();
        let refuse = |reason: String| {
            let error = ImportError { file: file.to_owned(), line: 0, column: at as u64 + 1, field: None, reason };
            Err(Error::from(error))
        };
        if name.is_empty() {
            return refuse("a column without a name".to_owned());
        }
        if !may_repeat(name) && names.iter().any(|other| **other == *name) {
            return refuse(format!("column {name:?} is named twice"));
        }
        names.push(Arc::from(name));
    }
    Ok(names)
}

/// Makes the values of a column a declared type; what cannot be one is null and listed in `bad`.
fn declare(
    column: Column,
    declared: ColumnType,
    number: usize,
    bad: &mut Vec<(usize, usize, String)>,
) -> Result<Column> {
    let is_that = matches!(
        (&column.data, declared),
        (ColumnData::Null(_), _)
            | (ColumnData::Int(_), ColumnType::Integer)
            | (ColumnData::Float(_), ColumnType::Float)
            | (ColumnData::Bool(_), ColumnType::Boolean)
            | (ColumnData::Date(_), ColumnType::Date)
            | (ColumnData::Str(_), ColumnType::String)
    );
    if is_that {
        return Ok(column);
    }
    let mut values = Column::nulls(0);
    for row in 0..column.len() {
        if column.is_null(row) {
            values.append_nulls(1);
            continue;
        }
        match json_lines::declared(column.value(row), declared) {
            Ok(value) => values.push(value)?,
            Err(reason) => {
                values.append_nulls(1);
                bad.push((row, number, reason));
            }
        }
    }
    Ok(values)
}
