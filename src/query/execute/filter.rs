//! Operators that work in place on the batch of the one above.

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column},
    build,
    eval::Ex,
    more,
    scan::count,
    writes,
};
use crate::{
    Result,
    query::plan::{Expr, Op, Slot},
};

/// Keeps the rows for which the predicate is true.
pub(super) struct Filter {
    input: Box<dyn Operator>,
    predicate: Ex,
    rows: Vec<u32>,
}

impl Filter {
    pub(super) fn build(input: &Op, predicate: &Expr, builder: &mut Builder) -> Self {
        Self { input: build(input, builder), predicate: Ex::predicate(predicate, builder), rows: Vec::new() }
    }
}

impl Operator for Filter {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let mut rows = rows;
        while self.input.next_few(ctx, out, rows)? {
            self.rows.clear();
            self.rows.extend(0..out.len as u32);
            self.predicate.retain(ctx, out, &mut self.rows)?;
            if !self.rows.is_empty() {
                out.retain(&self.rows);
                return Ok(true);
            }
            rows = more(rows);
        }
        Ok(false)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
    }
}

/// Sets slots. Holds the values it made until it makes the next.
pub(super) struct Project {
    input: Box<dyn Operator>,
    items: Vec<(Slot, Ex)>,
    held: u64,
}

impl Project {
    pub(super) fn build(input: &Op, items: &[(Slot, Expr)], builder: &mut Builder) -> Self {
        let input = build(input, builder);
        Self { input, items: items.iter().map(|(slot, expr)| (*slot, Ex::build(expr, builder))).collect(), held: 0 }
    }
}

impl Operator for Project {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        ctx.release(&mut self.held);
        if !self.input.next_few(ctx, out, rows)? {
            return Ok(false);
        }
        let mark = ctx.made();
        for (slot, expr) in &mut self.items {
            // An expression may read the slot it sets, so that one is taken away only where it is empty.
            let is_free = out.column(*slot).is_absent();
            let mut column = if is_free { std::mem::take(out.column_mut(*slot)) } else { Column::Absent };
            expr.make_column(ctx, out, &mut column)?;
            *out.column_mut(*slot) = column;
        }
        let bytes = ctx.take_made(mark);
        ctx.hold(&mut self.held, bytes).map(|()| true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        ctx.release(&mut self.held);
    }
}

/// Drops the first rows.
pub(super) struct Skip {
    input: Box<dyn Operator>,
    count: Ex,
    left: Option<u64>,
    rows: Vec<u32>,
}

impl Skip {
    pub(super) fn build(input: &Op, count: &Expr, builder: &mut Builder) -> Self {
        Self { input: build(input, builder), count: Ex::build(count, builder), left: None, rows: Vec::new() }
    }
}

impl Operator for Skip {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let mut left = match self.left {
            Some(left) => left,
            None => count(&mut self.count, ctx, "SKIP")?,
        };
        let few = |left: u64| {
            usize::try_from(left).map_or(BATCH_ROWS_MAX, |left| left.saturating_add(rows)).min(BATCH_ROWS_MAX)
        };
        while self.input.next_few(ctx, out, few(left))? {
            let skipped = left.min(out.len as u64);
            left -= skipped;
            self.left = Some(left);
            if (skipped as usize) < out.len {
                if skipped > 0 {
                    self.rows.clear();
                    self.rows.extend(skipped as u32..out.len as u32);
                    out.retain(&self.rows);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.left = None;
    }
}

/// Keeps the first rows.
pub(super) struct Limit {
    input: Box<dyn Operator>,
    count: Ex,
    left: Option<u64>,
    /// The input changes the graph: it runs to its end whatever is kept.
    must_drain: bool,
}

impl Limit {
    pub(super) fn build(input: &Op, count: &Expr, builder: &mut Builder) -> Self {
        let must_drain = writes(input);
        Self { input: build(input, builder), count: Ex::build(count, builder), left: None, must_drain }
    }
}

impl Operator for Limit {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let left = match self.left {
            Some(left) => left,
            None => count(&mut self.count, ctx, "LIMIT")?,
        };
        self.left = Some(left);
        if left == 0 {
            while self.must_drain && self.input.next(ctx, out)? {}
            return Ok(false);
        }
        let few = usize::try_from(left).map_or(rows, |left| left.min(rows));
        if !self.input.next_few(ctx, out, few)? {
            return Ok(false);
        }
        let n = left.min(out.len as u64);
        if (n as usize) < out.len {
            out.truncate(n as usize);
        }
        self.left = Some(left - n);
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.left = None;
    }
}
