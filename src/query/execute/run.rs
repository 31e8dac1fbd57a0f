//! A plan with its operators, run once or many times.

use std::sync::Arc;

use super::{
    Attended, Builder, Context, Limits, OpenFile, Operator, Source, Summary,
    batch::{Batch, Column},
    build, hydrate,
    large::give_up,
    measure::{Meter, Numbers, Taken},
    scan::Nothing,
};
use crate::{
    Error, Result,
    graph::Snapshot,
    model::{RelId, Value},
    query::{
        host::Host,
        plan::{Op, Plan},
        stack::with_room,
    },
};

/// What a run may have held, in bytes or as a part of what it might hold, so that its operators keep their buffers for the
/// next: arrays as long as the graph are worth keeping, but one run of a greedy statement must not occupy memory for ever.
const BULKY_BYTES: u64 = 16 << 20;
const BULKY_PART: u64 = 64;

/// The operators of a plan, kept with their buffers from run to run.
pub(crate) struct Execution(
    /// Boxed: a prepared execution goes from hand to hand on every run.
    Box<Inner>,
);

struct Inner {
    plan: Arc<Plan>,
    root: Box<dyn Operator>,
    ctx: Context,
    out: Batch,
    n_rows: u64,
    is_done: bool,
    needs_files: bool,
    needs_host: bool,
    /// Which operators are measured; `None` where none are.
    measured: Option<Numbers>,
}

impl Execution {
    /// Builds the operators of a plan.
    pub(crate) fn prepare(plan: Arc<Plan>) -> Self {
        let builder = Builder::new(plan.slots.len());
        Self::build(plan, builder)
    }

    /// Builds the operators of a plan so that what each takes is measured.
    pub(crate) fn prepare_measured(plan: Arc<Plan>) -> Self {
        let builder = with_room(plan.depth, || Builder::measuring(plan.slots.len(), &plan.root));
        Self::build(plan, builder)
    }

    fn build(plan: Arc<Plan>, mut builder: Builder) -> Self {
        let root = with_room(plan.depth, || build(&plan.root, &mut builder));
        let mut ctx = Context::new(builder.n_frames(), plan.slots.len());
        let measured = builder.measured.take();
        ctx.meter = measured.as_ref().map(|numbers| Box::new(Meter::new(numbers)));
        let (needs_files, needs_host) = (builder.needs_files(), builder.needs_host);
        let out = builder.batch();
        Self(Box::new(Inner { plan, root, ctx, out, n_rows: 0, is_done: true, needs_files, needs_host, measured }))
    }

    /// Builds the operators of a plan and starts a run.
    pub(crate) fn new(plan: Arc<Plan>, params: Vec<Value>, source: Source, limits: Limits) -> Self {
        let mut execution = Self::prepare(plan);
        execution.start(params, source, limits);
        execution
    }

    /// Starts a run with these parameters, one for each of the plan's; an unfinished run is given up.
    pub(crate) fn start(&mut self, params: Vec<Value>, source: Source, limits: Limits) {
        let inner = &mut *self.0;
        debug_assert_eq!(params.len(), inner.plan.params.len(), "a value for each parameter");
        inner.ctx.start(source, params, limits);
        with_room(inner.plan.depth, || inner.root.reset(&mut inner.ctx));
        (inner.n_rows, inner.is_done) = (0, false);
    }

    /// Gives this run the numbers of a parameter side by side, beside the list of them: finite, and in its order.
    pub(crate) fn give_vector(&mut self, parameter: usize, numbers: Arc<[f32]>) {
        self.0.ctx.vectors.push((parameter, numbers));
    }

    /// Returns whether LOAD CSV occurs in the plan.
    pub(crate) fn needs_files(&self) -> bool {
        self.0.needs_files
    }

    /// Lets LOAD CSV of this run open files.
    pub(crate) fn allow_files(&mut self, open: OpenFile) {
        self.0.ctx.files = Some(open);
    }

    /// Returns whether the plan asks the database around the statement.
    pub(crate) fn needs_host(&self) -> bool {
        self.0.needs_host
    }

    /// Tells this run the database around the statement.
    pub(crate) fn set_host(&mut self, host: Arc<dyn Host>) {
        self.0.ctx.host = Some(host);
    }

    /// Returns the plan.
    #[cfg(test)]
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.0.plan
    }

    /// Returns the next rows, or `None` at the end.
    ///
    /// # Errors
    /// Query errors, limits, `Deadline`, `Cancelled`, `Corrupt`; the run is over then.
    pub(crate) fn next_batch(&mut self) -> Result<Option<&Batch>> {
        let inner = &mut *self.0;
        if inner.is_done {
            return Ok(None);
        }
        inner.is_done = true;
        if !with_room(inner.plan.depth, || inner.root.next(&mut inner.ctx, &mut inner.out))? {
            return Ok(None);
        }
        if !inner.plan.columns.is_empty() {
            inner.n_rows += inner.out.len as u64;
            let max = inner.ctx.limits.rows_max;
            if inner.n_rows > max {
                return Err(Error::Limit { what: "rows of a result", max });
            }
        }
        inner.is_done = false;
        Ok(Some(&inner.out))
    }

    /// Changes what whoever takes the rows keeps of them, from `held` bytes to `bytes`.
    ///
    /// # Errors
    /// `Limit` where the run would hold more than it may.
    pub(crate) fn hold(&mut self, held: &mut u64, bytes: usize) -> Result<()> {
        self.0.ctx.hold(held, bytes)
    }

    /// Returns whether buffers have grown so large that they should not wait for the next run.
    pub(crate) fn is_bulky(&self) -> bool {
        self.0.ctx.bytes_held_most() > BULKY_BYTES.max(self.0.ctx.limits.memory_max / BULKY_PART)
    }

    /// Returns the column of the batch for a column of the result.
    #[inline]
    pub(crate) fn column(&self, column: usize) -> &Column {
        self.0.out.column(self.0.plan.columns[column].1)
    }

    /// Returns a value of the last batch as it leaves: with the data of nodes and relationships.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; `Closed` when no run is on.
    #[inline]
    pub(crate) fn value(&self, row: usize, column: usize) -> Result<Value> {
        match self.column(column) {
            Column::Ints(items) => Ok(items.get(row).map_or(Value::Null, |&n| Value::Int(n))),
            Column::Floats(items) => Ok(items.get(row).map_or(Value::Null, |&x| Value::Float(x))),
            Column::Values(items) => match items.get(row) {
                Some(Value::String(text)) => Ok(Value::String(text.clone())),
                Some(value) => hydrate(self.view().ok_or(Error::Closed)?, value.clone()),
                None => Ok(Value::Null),
            },
            column => hydrate(self.view().ok_or(Error::Closed)?, column.get(row)),
        }
    }

    /// Returns what an operator took in the last run, up to its end; `None` where it is not measured.
    pub(crate) fn taken(&self, op: &Op) -> Option<Taken> {
        let number = self.0.measured.as_ref()?.get(op)?;
        self.0.ctx.meter.as_ref().map(|meter| meter.taken(number))
    }

    /// Returns what the result took, outside all operators; its rows are those that left.
    pub(crate) fn taken_by_result(&self) -> Option<Taken> {
        let rows = self.0.n_rows;
        self.0.ctx.meter.as_ref().map(|meter| Taken { rows, ..meter.result() })
    }

    /// Returns what the run reads; `None` when no run is on.
    pub(crate) fn view(&self) -> Option<&Snapshot> {
        self.0.ctx.source.as_ref().map(Source::view)
    }

    /// Runs to the end without looking at the rows.
    #[cfg(test)]
    pub(crate) fn drain(&mut self) -> Result<()> {
        while self.next_batch()?.is_some() {}
        Ok(())
    }

    /// Takes what the run attended to so far, where that is noted.
    pub(crate) fn take_attended(&mut self) -> Attended {
        std::mem::take(&mut self.0.ctx.attended)
    }

    /// Takes the saliences that the run set and that nobody was told of, each with what it was and what it is.
    pub(crate) fn take_saliences(&mut self) -> Vec<(RelId, f32, f32)> {
        self.0.ctx.take_saliences()
    }

    /// Ends the run: gives the graph back, and what was changed. `None` when no run is on.
    pub(crate) fn finish(&mut self) -> Option<(Source, Summary)> {
        let source = self.0.ctx.source.take()?;
        self.0.is_done = true;
        // Kept operators must not keep the database.
        self.0.ctx.host = None;
        self.0.ctx.stop_clock();
        Some((source, self.0.ctx.summary))
    }
}

/// The operators of an execution that is over.
struct Operators {
    root: Box<dyn Operator>,
    depth: usize,
}

impl Drop for Operators {
    fn drop(&mut self) {
        let root = std::mem::replace(&mut self.root, Box::new(Nothing));
        with_room(self.depth, || drop(root));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let root = std::mem::replace(&mut self.root, Box::new(Nothing));
        let operators = Operators { root, depth: self.plan.depth };
        let bytes = usize::try_from(self.ctx.bytes_held_most()).unwrap_or(usize::MAX);
        give_up(bytes, (operators, std::mem::take(&mut self.out), std::mem::take(&mut self.ctx.frames)));
        self.ctx.locals.clear();
        self.ctx.give_up_unused();
    }
}

impl std::fmt::Debug for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Execution").field("rows", &self.0.n_rows).field("done", &self.0.is_done).finish_non_exhaustive()
    }
}
