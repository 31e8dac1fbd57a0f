//! Rows from lists and files.

use std::sync::Arc;

use super::{
    Builder, Context, FileRows, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column},
    build,
    eval::Ex,
    more,
};
use crate::{
    Error, Result,
    error::QueryError,
    model::Value,
    query::{
        function::{Function, Range},
        plan::{Expr, Op, Slot},
    },
};

/// A row for each item of a list.
pub(super) struct Unwind {
    input: Box<dyn Operator>,
    list: List,
    slot: Slot,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    /// What is left of the list of the input row before `row`.
    items: Items,
    rows: Vec<u32>,
    /// What was made for that list.
    held: u64,
}

/// Where the lists come from.
enum List {
    Any(Ex),
    /// The arguments of `range()`: its integers are counted, never listed.
    Range(Vec<Ex>),
}

/// What is left of a list.
enum Items {
    None,
    /// The list, and the next item of it.
    List(Arc<[Value]>, usize),
    Range(Range),
}

impl List {
    fn items(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Items> {
        match self {
            Self::Any(list) => Ok(match list.eval(ctx, batch, row)? {
                Value::List(items) => Items::List(items, 0),
                Value::Null => Items::None,
                one => Items::List([one].into(), 0),
            }),
            Self::Range(args) => {
                let args: Result<Vec<Value>> = args.iter_mut().map(|arg| arg.value(ctx, batch, row)).collect();
                Ok(Items::Range(Range::new(&args?)?))
            }
        }
    }
}

impl Items {
    /// Adds to a column that has `n_before` rows as many as make `rows` of them; returns how many that were.
    fn give(&mut self, column: &mut Column, n_before: usize, rows: usize) -> usize {
        let room = rows - n_before;
        let mut n = 0;
        let mut push = |value: Value| {
            // The kind of the first item decides the kind of the column.
            if n_before + n == 0 {
                column.fill(&value, 1);
            } else {
                column.push(value, n_before + n);
            }
            n += 1;
        };
        match self {
            Self::None => {}
            Self::List(items, at) => {
                let end = items.len().min(*at + room);
                items[*at..end].iter().cloned().for_each(&mut push);
                *at = end;
            }
            Self::Range(range) => range.take(room).map(Value::Int).for_each(&mut push),
        }
        n
    }
}

impl Unwind {
    pub(super) fn build(input: &Op, list: &Expr, slot: Slot, carry: &[Slot], builder: &mut Builder) -> Self {
        Self {
            input: build(input, builder),
            list: match list {
                Expr::Call { function: Function::Range, args, .. } => List::Range(Ex::build_all(args, builder)),
                _ => List::Any(Ex::build(list, builder)),
            },
            slot,
            carry: carry.to_vec(),
            batch: builder.batch(),
            row: 0,
            items: Items::None,
            rows: Vec::new(),
            held: 0,
        }
    }
}

impl Operator for Unwind {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let rows = rows.min(BATCH_ROWS_MAX);
        self.rows.clear();
        let mut column = std::mem::take(out.column_mut(self.slot));
        column.clear();
        let mut few = rows;
        loop {
            let n = self.items.give(&mut column, self.rows.len(), rows);
            self.rows.resize(self.rows.len() + n, self.row.wrapping_sub(1) as u32);
            ctx.tick(n + 1)?;
            if self.rows.len() == rows {
                break;
            }
            if self.row >= self.batch.len {
                if !self.rows.is_empty() {
                    break;
                }
                (self.row, self.items) = (0, Items::None);
                if !self.input.next_few(ctx, &mut self.batch, few)? {
                    self.batch.len = 0;
                    return Ok(false);
                }
                few = more(few);
            }
            ctx.release(&mut self.held);
            let mark = ctx.made();
            self.items = self.list.items(ctx, &self.batch, self.row)?;
            let bytes = ctx.take_made(mark);
            ctx.hold(&mut self.held, bytes)?;
            self.row += 1;
        }
        out.gather(&self.batch, &self.rows, &self.carry);
        *out.column_mut(self.slot) = column;
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.items = Items::None;
        (self.batch.len, self.row) = (0, 0);
        ctx.release(&mut self.held);
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
