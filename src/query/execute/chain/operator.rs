//! The operator: aggregates by weights, or else lets the general operators do it.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Pool, Rows, Stop, Values, run};
use crate::{
    Result,
    graph::Snapshot,
    model::Value,
    query::{
        chain::ChainAggregate,
        execute::{
            Builder, Context, Operator, Source,
            batch::{BATCH_ROWS_MAX, Batch, Column},
            build,
            eval::Ex,
        },
        plan::{Expr, Slot},
    },
};

/// Runs a [`ChainAggregate`].
pub(in crate::query::execute) struct Chain {
    chain: Box<ChainAggregate>,
    general: Box<dyn Operator>,
    state: State,
    pool: Pool,
    evaluation: Evaluation,
    held: u64,
}

enum State {
    /// Nothing was computed yet.
    Fresh,
    /// These rows, of which so many have left.
    Rows(Rows, usize),
    General,
}

/// Expressions with their buffers.
struct Evaluation {
    /// By the address of the plan's expression: the chain is boxed and never changed.
    built: FxHashMap<usize, Ex>,
    batch: Batch,
    width: usize,
}

impl Chain {
    pub(in crate::query::execute) fn build(chain: &ChainAggregate, builder: &mut Builder) -> Self {
        let evaluation = Evaluation { built: FxHashMap::default(), batch: builder.batch(), width: builder.width() };
        let general = build(&chain.general, builder);
        let chain = Box::new(chain.clone());
        Self { chain, general, state: State::Fresh, pool: Pool::default(), evaluation, held: 0 }
    }

    fn start(&mut self, ctx: &mut Context) -> Result<State> {
        // Evaluation changes the context, so the view must not be borrowed from it.
        let view: Arc<Snapshot> = match ctx.source() {
            Source::Read(snapshot) => snapshot.clone(),
            Source::Write(transaction) => Arc::new(transaction.view().clone()),
        };
        let mut values = Evaluator { ctx, evaluation: &mut self.evaluation, held: &mut self.held, bytes: 0 };
        match run(&self.chain, &view, &mut values, &mut self.pool) {
            Ok(rows) => {
                let bytes = rows.nodes.len() * 4 + rows.folds.iter().map(Column::bytes).sum::<usize>();
                ctx.hold(&mut self.held, bytes)?;
                Ok(State::Rows(rows, 0))
            }
            Err(Stop::General) => {
                ctx.release(&mut self.held);
                Ok(State::General)
            }
            Err(Stop::Error(error)) => Err(error),
        }
    }
}

impl Operator for Chain {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if matches!(self.state, State::Fresh) {
            self.state = self.start(ctx)?;
        }
        let State::Rows(rows, at) = &mut self.state else { return self.general.next(ctx, out) };
        let (from, to) = (*at, rows.n.min(*at + BATCH_ROWS_MAX));
        *at = to;
        if from == to {
            return Ok(false);
        }
        out.clear();
        out.ordinals = None;
        out.len = to - from;
        for ((slot, _), column) in self.chain.folds.iter().zip(&rows.folds) {
            out.column_mut(*slot).copy_range(column, from, to);
        }
        if let Some(group) = self.chain.group {
            let node = self.chain.nodes[group].slot;
            for (slot, key) in &self.chain.keys {
                self.evaluation.column(ctx, key, node, &rows.nodes[from..to], out.column_mut(*slot))?;
            }
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.state = State::Fresh;
        self.general.reset(ctx);
        ctx.release(&mut self.held);
    }
}

impl Evaluation {
    fn column(&mut self, ctx: &mut Context, expr: &Expr, slot: Slot, nodes: &[u32], out: &mut Column) -> Result<()> {
        if matches!(expr, Expr::Slot(of) if *of == slot) {
            out.refill_nodes().extend_from_slice(nodes);
            return Ok(());
        }
        self.batch.column_mut(slot).refill_nodes().extend_from_slice(nodes);
        self.batch.len = nodes.len();
        let ex = Self::built(&mut self.built, self.width, expr);
        let result = ex.column(ctx, &self.batch, out);
        *self.batch.column_mut(slot) = Column::Absent;
        result
    }

    fn built<'b>(built: &'b mut FxHashMap<usize, Ex>, width: usize, expr: &Expr) -> &'b mut Ex {
        let address = std::ptr::from_ref(expr) as usize;
        // Expressions of a chain hold no subqueries, so that nothing is counted by this builder.
        built.entry(address).or_insert_with(|| Ex::build(expr, &mut Builder::new(width)))
    }
}

struct Evaluator<'e> {
    ctx: &'e mut Context,
    evaluation: &'e mut Evaluation,
    held: &'e mut u64,
    bytes: usize,
}

impl Values for Evaluator<'_> {
    fn column(&mut self, expr: &Expr, slot: Slot, nodes: &[u32]) -> Result<Column> {
        let mut out = Column::Absent;
        self.evaluation.column(self.ctx, expr, slot, nodes, &mut out)?;
        Ok(out)
    }

    fn constant(&mut self, expr: &Expr) -> Result<Value> {
        match expr {
            Expr::Const(value) => Ok(value.clone()),
            expr => {
                let Evaluation { built, batch, width } = &mut *self.evaluation;
                batch.len = 1;
                Evaluation::built(built, *width, expr).value(self.ctx, batch, 0)
            }
        }
    }

    fn threads(&self) -> usize {
        match self.ctx.limits.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        }
    }

    fn tick(&mut self, n: usize) -> Result<()> {
        self.ctx.tick(n)
    }

    fn hold(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        self.ctx.hold(self.held, self.bytes)
    }
}
