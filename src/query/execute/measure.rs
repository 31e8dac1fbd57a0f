//! PROFILE: what each operator of a run took.
//!
//! Operators are wrapped while they are built, and only for a measured execution: others pay nothing. The clock stands on
//! one operator at a time: a wrapper puts it on its own when it is entered and back when it is left, so that times add up
//! to the time of the run, whatever calls whatever (inner plans and subqueries included).

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::{Context, Operator, batch::Batch};
use crate::{
    Result,
    query::{
        plan::{Expr, Op, SubqueryKind},
        slots,
    },
};

/// Where what is done outside all operators is counted: the result's values.
const RESULT: usize = 0;

/// What an operator took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Rows it gave.
    pub(crate) rows: u64,
    /// Batches in which it gave them.
    pub(crate) batches: u64,
    /// How often it was asked for a batch.
    pub(crate) asked: u64,
    /// The time in it, without the operators it reads from.
    pub(crate) time: Duration,
    /// The most bytes it held that count against the statement's memory.
    pub(crate) bytes_max: u64,
    /// Of searches by an index that were answered exactly too: how many, how many rows of the exact answers they had, and
    /// how many rows these have.
    pub(crate) recall: (u32, u64, u64),
}

/// The operators of a plan, by where they stand in memory: the plan is not moved while it is measured.
#[derive(Debug, Default)]
pub(super) struct Numbers(FxHashMap<usize, usize>);

impl Numbers {
    /// Numbers the operators of a plan, those of subqueries included.
    pub(super) fn of(root: &Op) -> Self {
        let mut numbers = Self::default();
        numbers.add(root);
        numbers
    }

    /// Returns the number of an operator.
    pub(super) fn get(&self, op: &Op) -> Option<usize> {
        self.0.get(&address(op)).copied()
    }

    fn add(&mut self, op: &Op) {
        let number = RESULT + 1 + self.0.len();
        self.0.insert(address(op), number);
        slots::inputs(op, &mut |below| self.add(below));
        if let Op::ChainAggregate(chain) = op {
            self.add(&chain.general);
        }
        subqueries(op, &mut |inner| self.add(inner));
    }
}

fn address(op: &Op) -> usize {
    std::ptr::from_ref(op) as usize
}

/// Calls `visit` for the plan of every subquery in the expressions of an operator.
pub(crate) fn subqueries<'o>(op: &'o Op, visit: &mut dyn FnMut(&'o Op)) {
    fn inside<'o>(expr: &'o Expr, visit: &mut dyn FnMut(&'o Op)) {
        if let Expr::Subquery { inner, inputs, kind, .. } = expr {
            visit(inner);
            inputs.iter().for_each(|(_, input)| inside(input, visit));
            if let SubqueryKind::Collect(item) = kind {
                inside(item, visit);
            }
        } else {
            slots::children(expr, &mut |child| inside(child, visit));
        }
    }
    slots::exprs(op, &mut |expr| inside(expr, visit));
}

/// What the operators of a run took so far, and the clock.
pub(super) struct Meter {
    taken: Vec<Taken>,
    /// Bytes each holds now.
    held: Vec<u64>,
    /// Where the clock stands, since when, and what all operators held then.
    current: usize,
    since: Instant,
    bytes: u64,
}

impl Meter {
    /// Returns the meter of so many operators.
    pub(super) fn new(numbers: &Numbers) -> Self {
        let n = RESULT + 1 + numbers.0.len();
        Self { taken: vec![Taken::default(); n], held: vec![0; n], current: RESULT, since: Instant::now(), bytes: 0 }
    }

    /// Begins a run.
    pub(super) fn start(&mut self) {
        self.taken.fill(Taken::default());
        self.held.fill(0);
        (self.current, self.since, self.bytes) = (RESULT, Instant::now(), 0);
    }

    /// Puts the clock on another operator, and returns the one it stood on. `held` is what all operators hold now and
    /// `held_max` the most they held since the clock was last moved.
    fn switch(&mut self, to: usize, held: u64, held_max: u64) -> usize {
        let now = Instant::now();
        let from = std::mem::replace(&mut self.current, to);
        let taken = &mut self.taken[from];
        taken.time += now - self.since;
        let before = self.held[from];
        let after = (before + held).saturating_sub(self.bytes);
        taken.bytes_max = taken.bytes_max.max(before + held_max.saturating_sub(self.bytes)).max(after);
        self.held[from] = after;
        (self.since, self.bytes) = (now, held);
        from
    }

    /// Returns what an operator took.
    pub(super) fn taken(&self, number: usize) -> Taken {
        self.taken[number]
    }

    /// Returns what was taken outside all operators.
    pub(super) fn result(&self) -> Taken {
        self.taken[RESULT]
    }
}

impl Context {
    fn switch(&mut self, to: usize) -> usize {
        let (held, held_max) = (self.bytes_held, self.bytes_held_max);
        self.bytes_held_max = held;
        self.meter.as_mut().map_or(to, |meter| meter.switch(to, held, held_max))
    }

    /// Returns whether the operator at work is to answer a search exactly too; it has done so `most` times at most.
    pub(super) fn wants_recall(&self, most: u32) -> bool {
        self.meter.as_ref().is_some_and(|meter| meter.taken[meter.current].recall.0 < most)
    }

    /// Adds what an exact answer says of another, and takes the time since `before` off the clock.
    pub(super) fn add_recall(&mut self, before: Instant, n_found: usize, n_wanted: usize) {
        if let Some(meter) = &mut self.meter {
            meter.since += before.elapsed();
            let (n, found, wanted) = &mut meter.taken[meter.current].recall;
            (*n, *found, *wanted) = (*n + 1, *found + n_found as u64, *wanted + n_wanted as u64);
        }
    }

    /// Stops the clock at the end of a measured run.
    pub(super) fn stop_clock(&mut self) {
        if self.meter.is_some() {
            self.switch(RESULT);
        }
    }
}

/// An operator that is measured.
pub(super) struct Measured {
    number: usize,
    inner: Box<dyn Operator>,
}

impl Measured {
    pub(super) fn new(number: usize, inner: Box<dyn Operator>) -> Self {
        Self { number, inner }
    }
}

impl Measured {
    fn measure(
        &mut self,
        ctx: &mut Context,
        out: &mut Batch,
        next: impl FnOnce(&mut dyn Operator, &mut Context, &mut Batch) -> Result<bool>,
    ) -> Result<bool> {
        let before = ctx.switch(self.number);
        let result = next(&mut *self.inner, ctx, out);
        ctx.switch(before);
        if let Some(meter) = &mut ctx.meter {
            let taken = &mut meter.taken[self.number];
            taken.asked += 1;
            if matches!(result, Ok(true)) {
                taken.rows += out.len as u64;
                taken.batches += 1;
            }
        }
        result
    }
}

impl Operator for Measured {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.measure(ctx, out, |inner, ctx, out| inner.next(ctx, out))
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        self.measure(ctx, out, |inner, ctx, out| inner.next_few(ctx, out, rows))
    }

    fn reset(&mut self, ctx: &mut Context) {
        let before = ctx.switch(self.number);
        self.inner.reset(ctx);
        ctx.switch(before);
    }
}
