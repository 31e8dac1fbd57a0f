//! `LOAD CSV` of a columnar file: its rows one after another, with the types they have there.

use std::sync::Arc;

use super::{
    batches::{Batches, guarded},
    convert::Converter,
    kinds::{Use, refusal},
    read::names_of,
};
use crate::{
    ImportError, Result,
    import::{files::FileSource, options::FormatOptions},
    model::{Column, Map, Value},
};

/// The rows of a file: maps by column name, or lists. Only one window of them is in memory.
pub(in crate::import) struct Rows {
    name: String,
    batches: Batches,
    with_headers: bool,
    names: Vec<Arc<str>>,
    columns: Vec<Column>,
    n_rows: usize,
    row: usize,
    /// The first row of the window that cannot be read: row, column from 1, why.
    bad: Option<(usize, usize, String)>,
    /// The rows before the window.
    before: u64,
    is_ended: bool,
}

/// The most memory that what is read at a time may take. A stream of rows has no budget of its own, and files are
/// mostly written in groups of far less.
const ROWS_BYTES_MAX: u64 = 1 << 30;

impl Rows {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Import`](crate::Error::Import) where it is none of the format, or has a column that no value can be.
    pub(in crate::import) fn open(source: &FileSource, options: &FormatOptions, with_headers: bool) -> Result<Self> {
        let batches = Batches::open(source, options.format, ROWS_BYTES_MAX)?;
        let name = source.name.clone();
        let names = names_of(&name, &batches.schema, |_| !with_headers)?;
        let rows = Self {
            name,
            batches,
            with_headers,
            names,
            columns: Vec::new(),
            n_rows: 0,
            row: 0,
            bad: None,
            before: 0,
            is_ended: false,
        };
        for (at, field) in rows.batches.schema.fields().iter().enumerate() {
            if let Some(reason) = refusal(field.data_type(), Use::Value) {
                return Err(rows.error(0, at + 1, reason).into());
            }
        }
        Ok(rows)
    }

    fn next_row(&mut self) -> Result<Option<Value>> {
        while self.row == self.n_rows {
            if !self.next_window()? {
                return Ok(None);
            }
        }
        let row = self.row;
        if let Some((_, column, reason)) = self.bad.take_if(|(bad, ..)| *bad == row) {
            return Err(self.error(self.before + row as u64 + 1, column, reason).into());
        }
        self.row += 1;
        let values = self.columns.iter().map(|column| column.value(row));
        Ok(Some(match self.with_headers {
            true => Value::from(self.names.iter().cloned().zip(values).collect::<Map>()),
            false => Value::list(values),
        }))
    }

    fn next_window(&mut self) -> Result<bool> {
        self.before += self.n_rows as u64;
        (self.row, self.n_rows) = (0, 0);
        self.columns.clear();
        let Some(window) = self.batches.next(&mut || Ok(()))? else { return Ok(false) };
        let mut bad = Vec::new();
        let columns = guarded(&self.name, || {
            let mut converter = Converter::new(ROWS_BYTES_MAX, true);
            let column = |(at, array): (usize, &Arc<dyn arrow_array::Array>)| {
                let column = converter.column(&**array)?;
                bad.extend(converter.bad.drain(..).map(|(row, reason)| (row, at + 1, reason)));
                Ok(column)
            };
            window.columns().iter().enumerate().map(column).collect::<Result<Vec<Column>>>()
        })?;
        self.bad = bad.into_iter().min_by_key(|(row, column, _)| (*row, *column));
        self.columns = columns;
        self.n_rows = window.num_rows();
        Ok(true)
    }

    fn error(&self, line: u64, column: usize, reason: String) -> ImportError {
        let field = self.names.get(column - 1).map(ToString::to_string);
        ImportError { file: self.name.clone(), line, column: column as u64, field, reason }
    }
}

impl Iterator for Rows {
    type Item = Result<Value>;

    fn next(&mut self) -> Option<Result<Value>> {
        if self.is_ended {
            return None;
        }
        let row = self.next_row().transpose();
        self.is_ended = !matches!(row, Some(Ok(_)));
        row
    }
}
