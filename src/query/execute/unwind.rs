//! Rows from lists and files.

use super::{
    Builder, Context, FileRows, Operator,
    batch::{BATCH_ROWS_MAX, Batch},
    build,
    eval::Ex,
};
use crate::{
    Error, Result,
    error::QueryError,
    model::Value,
    query::plan::{Expr, Op, Slot},
};

/// A row for each item of a list.
pub(super) struct Unwind {
    input: Box<dyn Operator>,
    list: Ex,
    slot: Slot,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    /// The list of the input row before `row`, and the next item of it.
    items: Value,
    at: usize,
    rows: Vec<u32>,
}

impl Unwind {
    pub(super) fn build(input: &Op, list: &Expr, slot: Slot, carry: &[Slot], builder: &mut Builder) -> Self {
        Self {
            input: build(input, builder),
            list: Ex::build(list, builder),
            slot,
            carry: carry.to_vec(),
            batch: builder.batch(),
            row: 0,
            items: Value::Null,
            at: 0,
            rows: Vec::new(),
        }
    }
}

impl Operator for Unwind {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.rows.clear();
        let mut column = std::mem::take(out.column_mut(self.slot));
        column.clear();
        loop {
            if let Value::List(items) = &self.items {
                let end = items.len().min(self.at + BATCH_ROWS_MAX - self.rows.len());
                for item in &items[self.at..end] {
                    // The kind of the first item decides the kind of the column.
                    if self.rows.is_empty() {
                        column.fill(item, 1);
                    } else {
                        column.push(item.clone(), self.rows.len());
                    }
                    self.rows.push(self.row as u32 - 1);
                }
                ctx.tick(end - self.at)?;
                self.at = end;
                if self.rows.len() == BATCH_ROWS_MAX {
                    break;
                }
                self.items = Value::Null;
            }
            if self.row >= self.batch.len {
                if !self.rows.is_empty() {
                    break;
                }
                self.row = 0;
                if !self.input.next(ctx, &mut self.batch)? {
                    self.batch.len = 0;
                    return Ok(false);
                }
            }
            let value = self.list.value(ctx, &self.batch, self.row)?;
            self.items = match value {
                Value::List(_) => value,
                Value::Null => Value::Null,
                one => Value::list([one]),
            };
            self.at = 0;
            self.row += 1;
        }
        out.gather(&self.batch, &self.rows, &self.carry);
        *out.column_mut(self.slot) = column;
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.items = Value::Null;
        (self.batch.len, self.row, self.at) = (0, 0, 0);
    }
}

/// A row for each row of a CSV file.
pub(super) struct LoadCsv {
    input: Box<dyn Operator>,
    url: Ex,
    with_headers: bool,
    delimiter: u8,
    slot: Slot,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    file: Option<FileRows>,
    rows: Vec<u32>,
}

impl LoadCsv {
    pub(super) fn build(
        input: &Op,
        url: &Expr,
        (with_headers, delimiter): (bool, u8),
        slot: Slot,
        carry: &[Slot],
        builder: &mut Builder,
    ) -> Self {
        Self {
            input: build(input, builder),
            url: Ex::build(url, builder),
            with_headers,
            delimiter,
            slot,
            carry: carry.to_vec(),
            batch: builder.batch(),
            row: 0,
            file: None,
            rows: Vec::new(),
        }
    }

    fn open(&mut self, ctx: &mut Context) -> Result<()> {
        let url = match self.url.value(ctx, &self.batch, self.row)? {
            Value::String(url) => url,
            other => {
                let message = format!("LOAD CSV takes a file name, not {} `{other}`", other.kind());
                return Err(QueryError::type_error("InvalidArgumentType", message).into());
            }
        };
        let Some(open) = ctx.files.clone() else {
            return Err(Error::NotAllowed { what: format!("reading the file {url} (no file access here)") });
        };
        self.file = Some(open(&url, self.with_headers, self.delimiter)?);
        self.row += 1;
        Ok(())
    }
}

impl Operator for LoadCsv {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.rows.clear();
        let mut column = std::mem::take(out.column_mut(self.slot));
        let values = column.refill_values();
        loop {
            if let Some(file) = &mut self.file {
                while values.len() < BATCH_ROWS_MAX {
                    ctx.tick(16)?;
                    let Some(value) = file.next() else {
                        self.file = None;
                        break;
                    };
                    values.push(value?);
                    self.rows.push(self.row as u32 - 1);
                }
                if values.len() == BATCH_ROWS_MAX {
                    break;
                }
            } else if self.row < self.batch.len {
                self.open(ctx)?;
            } else if !values.is_empty() {
                break;
            } else {
                self.row = 0;
                if !self.input.next(ctx, &mut self.batch)? {
                    self.batch.len = 0;
                    return Ok(false);
                }
            }
        }
        out.gather(&self.batch, &self.rows, &self.carry);
        *out.column_mut(self.slot) = column;
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.file = None;
        (self.batch.len, self.row) = (0, 0);
    }
}
