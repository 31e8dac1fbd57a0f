//! Subqueries inside expressions.

use super::{Ex, row::GROWING_ITEM_BYTES};
use crate::{
    Result,
    model::Value,
    query::{
        execute::{
            Builder, Context, Operator,
            batch::{BATCH_ROWS_MAX, Batch, Column},
            large::Growing,
        },
        plan::{Expr, Op, Slot, SubqueryKind},
    },
};

/// An inner plan and what is wanted of its rows.
pub(crate) struct Subquery {
    inner: Box<dyn Operator>,
    frame: usize,
    inputs: Vec<(Slot, Ex)>,
    kind: Kind,
    /// Whether one run may serve many outer rows, each inner row knowing its own.
    is_batched: bool,
    /// Its value is the same for every row: that of the run (see [`Context::run`]) it was asked for last.
    once: Option<Once>,
    out: Batch,
}

#[derive(Default)]
struct Once {
    run: u64,
    value: Value,
    held: u64,
}

enum Kind {
    Exists,
    Count,
    Collect(Ex),
}

impl Subquery {
    /// Builds it from the plan.
    pub(super) fn build(
        inner: &Op,
        inputs: &[(Slot, Expr)],
        kind: &SubqueryKind,
        once: bool,
        builder: &mut Builder,
    ) -> Self {
        let (inner_op, frame) = builder.inner(inner);
        let inputs = inputs.iter().map(|(slot, expr)| (*slot, Ex::build(expr, builder))).collect();
        let (kind, is_batched) = match kind {
            SubqueryKind::Exists => (Kind::Exists, super::super::may_batch_exists(inner)),
            SubqueryKind::Count => (Kind::Count, super::super::may_batch(inner)),
            SubqueryKind::Collect(expr) => (Kind::Collect(Ex::build(expr, builder)), super::super::may_batch(inner)),
        };
        let once = once.then(Once::default);
        Self { inner: inner_op, frame, inputs, kind, is_batched, once, out: Batch::new(builder.width()) }
    }

    /// Evaluates one row.
    pub(super) fn value(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Value> {
        let Some(once) = &self.once else { return self.run(ctx, batch, row) };
        if once.run != ctx.run() {
            let mark = ctx.made();
            let value = self.run(ctx, batch, row)?;
            let bytes = ctx.take_made(mark);
            let mut once = Once { run: ctx.run(), value, held: 0 };
            ctx.hold(&mut once.held, bytes)?;
            self.once = Some(once);
        }
        Ok(self.once.as_ref().map_or(Value::Null, |once| once.value.clone()))
    }

    fn run(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Value> {
        let mut outer = std::mem::take(&mut ctx.frames[self.frame].batch);
        outer.copy_range(batch, row, row + 1);
        outer.ordinals = None;
        for (slot, expr) in &mut self.inputs {
            let value = expr.value(ctx, batch, row)?;
            outer.column_mut(*slot).fill(&value, 1);
        }
        let frame = &mut ctx.frames[self.frame];
        (frame.batch, frame.start, frame.end) = (outer, 0, 1);
        self.inner.reset(ctx);
        let locals = std::mem::take(&mut ctx.locals);
        let result = self.pull(ctx);
        ctx.locals = locals;
        result
    }

    fn pull(&mut self, ctx: &mut Context) -> Result<Value> {
        let (mut n_rows, mut items) = (0, Growing::default());
        let few = if matches!(self.kind, Kind::Exists) { 1 } else { BATCH_ROWS_MAX };
        while self.inner.next_few(ctx, &mut self.out, few)? {
            match &mut self.kind {
                Kind::Exists => return Ok(Value::Bool(true)),
                Kind::Count => n_rows += self.out.len as i64,
                Kind::Collect(expr) => {
                    for row in 0..self.out.len {
                        items.push(item(ctx, expr, &self.out, row)?);
                    }
                }
            }
        }
        Ok(match self.kind {
            Kind::Exists => Value::Bool(false),
            Kind::Count => Value::Int(n_rows),
            Kind::Collect(_) => {
                let list = items.finish(ctx)?;
                ctx.note(&list);
                list
            }
        })
    }

    /// Evaluates a whole batch in one run; returns false, having done nothing, where rows must not be mixed.
    pub(super) fn column(&mut self, ctx: &mut Context, batch: &Batch, out: &mut Column) -> Result<bool> {
        if self.once.is_some() && batch.len > 0 {
            let value = self.value(ctx, batch, 0)?;
            out.fill(&value, batch.len);
            return Ok(true);
        }
        if !self.is_batched || !self.inputs.is_empty() {
            return Ok(false);
        }
        let frame = &mut ctx.frames[self.frame];
        frame.batch.copy_range(batch, 0, batch.len);
        (frame.start, frame.end) = (0, batch.len);
        self.inner.reset(ctx);
        let mut counts = vec![0i64; batch.len];
        let mut lists = vec![Vec::new(); if matches!(self.kind, Kind::Collect(_)) { batch.len } else { 0 }];
        while self.inner.next(ctx, &mut self.out)? {
            let ordinals = self.out.ordinals.as_ref().expect("rows of an inner plan know their outer row");
            for (row, &ordinal) in ordinals.iter().enumerate() {
                match &mut self.kind {
                    Kind::Collect(expr) => lists[ordinal as usize].push(item(ctx, expr, &self.out, row)?),
                    _ => counts[ordinal as usize] += 1,
                }
            }
        }
        match self.kind {
            Kind::Exists => out.refill_bools().extend(counts.into_iter().map(|n| Some(n > 0))),
            Kind::Count => out.refill_ints().extend(counts),
            Kind::Collect(_) => out.refill_values().extend(lists.into_iter().map(Value::list)),
        }
        Ok(true)
    }
}

/// Evaluates an item of a list that is being collected, and counts it.
fn item(ctx: &mut Context, expr: &mut Ex, batch: &Batch, row: usize) -> Result<Value> {
    let mark = ctx.made();
    let value = expr.eval(ctx, batch, row)?;
    ctx.settle(mark, &value);
    ctx.make(GROWING_ITEM_BYTES)?;
    Ok(value)
}
