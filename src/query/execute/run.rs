//! A plan with its operators, run once or many times.

use std::sync::Arc;

use super::{
    Builder, Context, Limits, OpenFile, Operator, Source, Summary,
    batch::{Batch, Column},
    build, hydrate,
};
use crate::{Error, Result, graph::Snapshot, model::Value, query::plan::Plan};

/// The operators of a plan, kept with their buffers from run to run.
pub(crate) struct Execution {
    plan: Arc<Plan>,
    root: Box<dyn Operator>,
    n_frames: usize,
    ctx: Option<Context>,
    /// The rest of a context while no run has it, for its buffers.
    spare: Option<Spare>,
    out: Batch,
    n_rows: u64,
    is_done: bool,
}

struct Spare {
    frames: Vec<super::context::Frame>,
    locals: Vec<Value>,
}

impl Execution {
    /// Builds the operators of a plan.
    pub(crate) fn prepare(plan: Arc<Plan>) -> Self {
        let mut builder = Builder::new(plan.slots.len());
        let root = build(&plan.root, &mut builder);
        let out = builder.batch();
        Self { root, n_frames: builder.n_frames(), ctx: None, spare: None, out, n_rows: 0, is_done: true, plan }
    }

    /// Builds the operators of a plan and starts a run.
    pub(crate) fn new(plan: Arc<Plan>, params: Vec<Value>, source: Source, limits: Limits) -> Self {
        let mut execution = Self::prepare(plan);
        execution.start(params, source, limits);
        execution
    }

    /// Starts a run with these parameters, one for each of the plan's; an unfinished run is given up.
    pub(crate) fn start(&mut self, params: Vec<Value>, source: Source, limits: Limits) {
        debug_assert_eq!(params.len(), self.plan.params.len(), "a value for each parameter");
        let mut ctx = match self.spare.take() {
            Some(spare) => Context::reusing(source, params, limits, spare.frames, spare.locals),
            None => Context::new(source, params, limits, self.n_frames, self.plan.slots.len()),
        };
        self.root.reset(&mut ctx);
        self.ctx = Some(ctx);
        (self.n_rows, self.is_done) = (0, false);
    }

    /// Lets LOAD CSV of this run open files.
    pub(crate) fn allow_files(&mut self, open: OpenFile) {
        if let Some(ctx) = &mut self.ctx {
            ctx.files = Some(open);
        }
    }

    /// Returns the plan.
    #[cfg(test)]
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Returns the next rows, or `None` at the end.
    ///
    /// # Errors
    /// Query errors, limits, `Deadline`, `Cancelled`, `Corrupt`; the run is over then.
    pub(crate) fn next_batch(&mut self) -> Result<Option<&Batch>> {
        let Some(ctx) = self.ctx.as_mut().filter(|_| !self.is_done) else { return Ok(None) };
        match self.root.next(ctx, &mut self.out) {
            Ok(true) => {}
            Ok(false) => {
                self.is_done = true;
                return Ok(None);
            }
            Err(error) => {
                self.is_done = true;
                return Err(error);
            }
        }
        if !self.plan.columns.is_empty() {
            self.n_rows += self.out.len as u64;
            if self.n_rows > ctx.limits.rows_max {
                self.is_done = true;
                return Err(Error::Limit { what: "rows of a result", max: ctx.limits.rows_max });
            }
        }
        Ok(Some(&self.out))
    }

    /// Returns the column of the batch for a column of the result.
    #[inline]
    pub(crate) fn column(&self, column: usize) -> &Column {
        self.out.column(self.plan.columns[column].1)
    }

    /// Returns a value of the last batch as it leaves: with the data of nodes and relationships.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; `Closed` when no run is on.
    pub(crate) fn value(&self, row: usize, column: usize) -> Result<Value> {
        let view = self.view().ok_or(Error::Closed)?;
        hydrate(view, self.column(column).get(row))
    }

    /// Returns what the run reads.
    pub(crate) fn view(&self) -> Option<&Snapshot> {
        self.ctx.as_ref().map(Context::view)
    }

    /// Runs to the end without looking at the rows, as a statement that writes must whoever reads its rows.
    ///
    /// # Errors
    /// As [`next_batch`](Self::next_batch).
    #[cfg(test)]
    pub(crate) fn drain(&mut self) -> Result<()> {
        while self.next_batch()?.is_some() {}
        Ok(())
    }

    /// Ends the run: gives the graph back, and what was changed. `None` when no run is on.
    pub(crate) fn finish(&mut self) -> Option<(Source, Summary)> {
        let mut ctx = self.ctx.take()?;
        self.is_done = true;
        let (frames, locals) = (std::mem::take(&mut ctx.frames), std::mem::take(&mut ctx.locals));
        self.spare = Some(Spare { frames, locals });
        Some((ctx.source, ctx.summary))
    }
}

impl std::fmt::Debug for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Execution").field("rows", &self.n_rows).field("done", &self.is_done).finish_non_exhaustive()
    }
}
