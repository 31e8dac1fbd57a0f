//! Runs a plan over a snapshot or a transaction, in batches of ids by column.
//!
//! # Life of a run
//! 1. [`Execution::prepare`] builds the operators of a plan once, with the buffers they will reuse.
//! 2. [`Execution::start`] gives them a graph ([`Source`]), parameters and [`Limits`].
//! 3. [`Execution::next_batch`] pulls rows through the tree: every operator asks its input, so rows exist only where somebody
//!    waits for them. Operators that add nothing but a column ([`filter`]) work in place on the batch of the one above.
//! 4. An inner plan (of an [`Op::Apply`], a subquery, a MERGE) reads its outer rows from a frame of the [`Context`]; its rows
//!    know the outer row they belong to by an ordinal.
//! 5. [`Execution::value`] turns what leaves into values, nodes and relationships with their data.
//! 6. [`Execution::finish`] gives the graph back, with what was changed.
//!
//! Knows nothing of text, plans' making, files or commit.

mod aggregate;
mod apply;
mod attend;
pub(crate) mod batch;
mod call;
pub(crate) mod chain;
mod context;
mod delete;
mod distinct;
pub(crate) mod eval;
mod expand;
mod filter;
mod find;
mod foreach;
mod intersect;
mod large;
pub(crate) mod measure;
mod merge;
mod result;
mod run;
mod scan;
mod search;
mod shortest;
mod sort;
mod table;
mod union;
mod unwind;
mod var_expand;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use context::{Attended, Context, FileRows, Limits, OpenFile, Source, Summary};
pub(crate) use result::hydrate;
pub(crate) use run::Execution;

use self::batch::{BATCH_ROWS_MAX, Batch};
use super::plan::{ApplyKind, Op};
use crate::Result;

/// A node of the running tree.
pub(crate) trait Operator: Send {
    /// Refills `out` with the next rows, at least one; returns false when there are none left.
    ///
    /// # Errors
    /// Query errors of what it evaluates, limits, damaged blocks.
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool>;

    /// As [`Operator::next`], where `rows` rows, at least one, are all that is wanted: an operator that can stop early gives
    /// no more, and asks its input for few too. One that needs all of its input whatever is wanted leaves this as it is.
    ///
    /// # Errors
    /// As [`Operator::next`].
    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let _ = rows;
        self.next(ctx, out)
    }

    /// Gets ready to run again from the start. Memory held is given back, buffers are kept.
    fn reset(&mut self, ctx: &mut Context);
}

/// Returns how many rows to ask for when those asked for before were in vain: what keeps one row in a thousand must not ask
/// a thousand times.
fn more(rows: usize) -> usize {
    (2 * rows).min(BATCH_ROWS_MAX)
}

/// What building an operator tree needs to know and counts.
pub(crate) struct Builder {
    width: usize,
    n_frames: usize,
    /// The frame that [`Op::Argument`] reads here.
    frame: usize,
    needs_files: bool,
    /// Whether an operator asks the database around the statement.
    pub(super) needs_host: bool,
    /// The operators to be measured.
    measured: Option<measure::Numbers>,
}

impl Builder {
    /// Returns the builder of a statement with so many slots.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, n_frames: 1, frame: 0, needs_files: false, needs_host: false, measured: None }
    }

    /// Returns a builder that wraps the operators of a plan to measure them.
    fn measuring(width: usize, root: &Op) -> Self {
        Self { measured: Some(measure::Numbers::of(root)), ..Self::new(width) }
    }

    /// Returns the number of slots.
    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// Returns the number of frames used by what was built.
    pub(crate) const fn n_frames(&self) -> usize {
        self.n_frames
    }

    /// Returns whether LOAD CSV occurs in what was built.
    pub(crate) const fn needs_files(&self) -> bool {
        self.needs_files
    }

    /// Returns whether operators are measured.
    pub(crate) const fn is_measuring(&self) -> bool {
        self.measured.is_some()
    }

    /// Builds an inner plan, and returns it with the number of its frame.
    pub(crate) fn inner(&mut self, op: &Op) -> (Box<dyn Operator>, usize) {
        let frame = self.n_frames;
        self.n_frames += 1;
        let outer = std::mem::replace(&mut self.frame, frame);
        let inner = build(op, self);
        self.frame = outer;
        (inner, frame)
    }

    /// Returns an empty batch of the right width.
    pub(crate) fn batch(&self) -> Batch {
        Batch::new(self.width)
    }
}

/// Builds the operator of a plan, with its inputs.
pub(crate) fn build(op: &Op, builder: &mut Builder) -> Box<dyn Operator> {
    let number = builder.measured.as_ref().and_then(|numbers| numbers.get(op));
    let built = build_plain(op, builder);
    match number {
        Some(number) => Box::new(measure::Measured::new(number, built)),
        None => built,
    }
}

fn build_plain(op: &Op, builder: &mut Builder) -> Box<dyn Operator> {
    match op {
        Op::Argument => Box::new(scan::Argument::new(builder.frame)),
        Op::Nothing => Box::new(scan::Nothing),
        Op::NodeScan { input, node, label, range, carry } => {
            Box::new(scan::NodeScan::build(input, *node, (label.as_ref(), range.as_deref()), carry, builder))
        }
        Op::NodeSeek { input, node, label, key, value, carry, .. } => {
            Box::new(scan::NodeSeek::build(input, *node, label, key, value, carry, builder))
        }
        Op::NodeById { input, node, ids, carry } => Box::new(scan::NodeById::build(input, *node, ids, carry, builder)),
        Op::Expand(spec) => Box::new(expand::Expand::build(spec, builder)),
        Op::Intersect(spec) => Box::new(intersect::Intersect::build(spec, builder)),
        Op::VarExpand(spec) => Box::new(var_expand::VarExpand::build(spec, builder)),
        Op::PathSearch(spec) => Box::new(search::PathSearch::build(spec, builder)),
        Op::Attend(spec) => match &spec.lookup.among {
            Some(label) => Box::new(attend::Nearest::build(spec, label.as_ref(), builder)),
            None => Box::new(attend::Attend::build(spec, builder)),
        },
        Op::AttendPaths(spec) => Box::new(attend::AttendPaths::build(spec, builder)),
        Op::CheapestPaths(spec) => Box::new(attend::CheapestPaths::build(spec, builder)),
        Op::LimitPaths(spec) => Box::new(attend::LimitPaths::build(spec, builder)),
        Op::ShortestPath(spec) => Box::new(shortest::ShortestPath::build(spec, builder)),
        Op::Filter { input, predicate, .. } => Box::new(filter::Filter::build(input, predicate, builder)),
        Op::Project { input, items } => Box::new(filter::Project::build(input, items, builder)),
        Op::Aggregate { input, keys, aggregates } => {
            Box::new(aggregate::Aggregate::build(input, keys, aggregates, builder))
        }
        Op::ChainAggregate(chain) => Box::new(chain::Chain::build(chain, builder)),
        Op::Distinct { input, slots, .. } => Box::new(distinct::Distinct::build(input, slots, builder)),
        Op::Sort { input, keys, limit, carry } => {
            Box::new(sort::Sort::build(input, keys, limit.as_ref(), carry, builder))
        }
        Op::Skip { input, count } => Box::new(filter::Skip::build(input, count, builder)),
        Op::Limit { input, count } => Box::new(filter::Limit::build(input, count, builder)),
        Op::Unwind { input, list, slot, carry } => Box::new(unwind::Unwind::build(input, list, *slot, carry, builder)),
        Op::Apply { input, inner, kind, carry } => apply::build(input, inner, kind, carry, builder),
        Op::Union { branches, into, distinct } => Box::new(union::Union::build(branches, into, *distinct, builder)),
        Op::LoadCsv { input, url, with_headers, delimiter, slot, carry } => {
            builder.needs_files = true;
            Box::new(unwind::LoadCsv::build(input, url, (*with_headers, *delimiter), *slot, carry, builder))
        }
        Op::ProcedureCall { input, procedure, args, yields, carry } => {
            builder.needs_host |= procedure.host_call().is_some();
            Box::new(call::ProcedureCall::build(input, procedure, args, yields, carry, builder))
        }
        Op::Eager { input } => Box::new(sort::Eager::build(input, builder)),
        Op::Create { input, create } => Box::new(write::Create::build(input, create, builder)),
        Op::Merge { input, inner, create, on_match, on_create, carry } => {
            Box::new(merge::Merge::build(input, inner, create, (on_match, on_create), carry, builder))
        }
        Op::Set { input, items } => Box::new(write::Set::build(input, items, builder)),
        Op::Delete { input, targets, detach } => Box::new(delete::Delete::build(input, targets, *detach, builder)),
        Op::Foreach { input, list, slot, body } => Box::new(foreach::Foreach::build(input, list, *slot, body, builder)),
    }
}

/// Returns the operators an operator reads, its inner plan last.
pub(crate) fn inputs(op: &Op) -> Vec<&Op> {
    match op {
        Op::Argument | Op::Nothing | Op::ChainAggregate(_) => Vec::new(),
        Op::NodeScan { input, .. }
        | Op::NodeSeek { input, .. }
        | Op::NodeById { input, .. }
        | Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Aggregate { input, .. }
        | Op::Distinct { input, .. }
        | Op::Sort { input, .. }
        | Op::Skip { input, .. }
        | Op::Limit { input, .. }
        | Op::Unwind { input, .. }
        | Op::LoadCsv { input, .. }
        | Op::ProcedureCall { input, .. }
        | Op::Eager { input }
        | Op::Create { input, .. }
        | Op::Set { input, .. }
        | Op::Delete { input, .. } => vec![input],
        Op::Expand(spec) => vec![&spec.input],
        Op::Intersect(spec) => vec![&spec.input],
        Op::VarExpand(spec) => vec![&spec.input],
        Op::ShortestPath(spec) => vec![&spec.input],
        Op::PathSearch(spec) => vec![&spec.input],
        Op::Attend(spec) => vec![&spec.input],
        Op::AttendPaths(spec) => vec![&spec.attend.input],
        Op::CheapestPaths(spec) => vec![&spec.attend.input],
        Op::LimitPaths(spec) => vec![&spec.input],
        Op::Apply { input, inner, .. } | Op::Merge { input, inner, .. } => vec![input, inner],
        Op::Foreach { input, body, .. } => vec![input, body],
        Op::Union { branches, .. } => branches.iter().map(|branch| &branch.op).collect(),
    }
}

/// Returns whether an operator or one below it changes the graph.
pub(crate) fn writes(op: &Op) -> bool {
    let itself = match op {
        Op::Create { .. } | Op::Merge { .. } | Op::Set { .. } | Op::Delete { .. } | Op::Foreach { .. } => true,
        Op::ProcedureCall { procedure, .. } => procedure.writes(),
        _ => false,
    };
    itself || inputs(op).into_iter().any(writes)
}

/// Returns whether an operator or one below it asks the database around the statement.
pub(crate) fn asks_host(op: &Op) -> bool {
    matches!(op, Op::ProcedureCall { procedure, .. } if procedure.host_call().is_some())
        || inputs(op).into_iter().any(asks_host)
}

/// Returns whether one run of an inner plan may serve many outer rows: each of its rows then comes from one outer row, and
/// they come in the order of these.
pub(crate) fn may_batch(inner: &Op) -> bool {
    let is_plain = matches!(
        inner,
        Op::Argument
            | Op::Nothing
            | Op::NodeScan { .. }
            | Op::NodeSeek { .. }
            | Op::NodeById { .. }
            | Op::Expand(_)
            | Op::Intersect(_)
            | Op::VarExpand(_)
            | Op::ShortestPath(_)
            | Op::PathSearch(_)
            | Op::Filter { .. }
            | Op::Project { .. }
            | Op::Unwind { .. }
            | Op::Apply { .. }
    );
    is_plain && inputs(inner).into_iter().all(may_batch)
}

/// Returns whether to find out for many outer rows at once if they have an inner row: not where an inner plan can yield so
/// many rows that stopping at the first is worth more.
pub(crate) fn may_batch_exists(inner: &Op) -> bool {
    let is_narrow = matches!(
        inner,
        Op::Argument
            | Op::NodeSeek { .. }
            | Op::NodeById { .. }
            | Op::Expand(_)
            | Op::Intersect(_)
            | Op::Filter { .. }
            | Op::Project { .. }
            | Op::Apply { kind: ApplyKind::Semi { .. }, .. }
    );
    is_narrow && inputs(inner).into_iter().all(may_batch_exists)
}
