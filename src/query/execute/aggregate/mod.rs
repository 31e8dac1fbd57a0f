//! Grouping and aggregation by hashing.

mod groups;
mod state;

use self::{
    groups::{ByNode, Groups, only_slot},
    state::State,
};
use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column, hashed_bytes, value_bytes},
    build,
    eval::Ex,
    table::Table,
};
use crate::{
    Result,
    model::Value,
    query::{
        function::Aggregator,
        plan::{self, Expr, Op, Slot},
    },
};

/// About how many bytes a group costs beside its keys.
const GROUP_BYTES: usize = 64;

/// Groups its input and aggregates each group.
pub(super) struct Aggregate {
    input: Box<dyn Operator>,
    keys: Vec<(Slot, Ex)>,
    aggregates: Vec<One>,
    batch: Batch,
    groups: Groups,
    by_node: Option<ByNode>,
    /// The group of each row of the batch.
    group_of: Vec<u32>,
    at: Option<usize>,
    held: u64,
}

/// One aggregate: where it goes, what it is fed, what it knows.
pub(super) struct One {
    slot: Slot,
    function: Aggregator,
    arg: Option<Ex>,
    extra: Option<Ex>,
    distinct: Option<Seen>,
    column: Column,
    state: State,
}

/// What a DISTINCT aggregate met already.
#[derive(Default)]
struct Seen {
    ids: Table<u64, ()>,
    values: Table<(u32, Value), ()>,
}

impl Seen {
    fn is_new(&mut self, group: u32, column: &Column, row: usize) -> bool {
        match column.node(row) {
            Some(id) => self.ids.insert(u64::from(group) << 32 | u64::from(id), ()),
            None => self.values.insert((group, column.get(row)), ()),
        }
    }
}

impl Aggregate {
    pub(super) fn build(
        input: &Op,
        keys: &[(Slot, Expr)],
        aggregates: &[(Slot, plan::Aggregate)],
        builder: &mut Builder,
    ) -> Self {
        let input = build(input, builder);
        let is_plain_slot = matches!(keys, [(_, Expr::Slot(_))]);
        let by_node = only_slot(keys).filter(|_| !is_plain_slot).map(|slot| ByNode { slot, groups: Vec::new() });
        Self {
            input,
            by_node,
            groups: Groups::new(keys.len()),
            keys: keys.iter().map(|(slot, expr)| (*slot, Ex::build(expr, builder))).collect(),
            aggregates: aggregates.iter().map(|(slot, aggregate)| One::build(*slot, aggregate, builder)).collect(),
            batch: builder.batch(),
            group_of: Vec::new(),
            at: None,
            held: 0,
        }
    }

    fn collect(&mut self, ctx: &mut Context) -> Result<()> {
        self.groups.clear();
        if let Some(by_node) = &mut self.by_node {
            by_node.groups.clear();
        }
        if self.keys.is_empty() {
            self.groups.n = 1;
        }
        for one in &mut self.aggregates {
            one.start(self.groups.n);
        }
        let mut bytes = 0;
        while self.input.next(ctx, &mut self.batch)? {
            self.assign(ctx)?;
            for one in &mut self.aggregates {
                one.state.resize(self.groups.n);
                bytes += one.feed(ctx, &self.batch, &self.group_of)?;
            }
            let by_node = self.by_node.as_ref().map_or(0, |by_node| by_node.groups.len() * 4);
            let total = bytes + by_node + self.groups.bytes() + self.groups.n * GROUP_BYTES * self.aggregates.len();
            ctx.hold(&mut self.held, total)?;
        }
        Ok(())
    }
}

impl Aggregate {
    /// Finds the group of each row of the batch.
    fn assign(&mut self, ctx: &mut Context) -> Result<()> {
        if self.keys.is_empty() {
            self.group_of.clear();
            self.group_of.resize(self.batch.len, 0);
            return Ok(());
        }
        if let Some(by_node) = &mut self.by_node
            && by_node.assign(ctx, &self.batch, &mut self.keys, &mut self.groups, &mut self.group_of)?
        {
            return Ok(());
        }
        for ((_, key), column) in self.keys.iter_mut().zip(&mut self.groups.scratch) {
            key.column(ctx, &self.batch, column)?;
        }
        self.groups.assign(self.batch.len, &mut self.group_of);
        Ok(())
    }
}

impl One {
    pub(super) fn build(slot: Slot, aggregate: &plan::Aggregate, builder: &mut Builder) -> Self {
        Self {
            slot,
            function: aggregate.function,
            arg: aggregate.arg.as_ref().map(|arg| Ex::build(arg, builder)),
            extra: aggregate.extra.as_ref().map(|extra| Ex::build(extra, builder)),
            distinct: aggregate.distinct.then(Seen::default),
            column: Column::Absent,
            state: State::new(aggregate.function),
        }
    }

    /// Forgets what it was fed, and gets ready for so many groups.
    pub(super) fn start(&mut self, n_groups: usize) {
        self.state = State::new(self.function);
        self.distinct = self.distinct.is_some().then(Seen::default);
        self.state.resize(n_groups);
    }

    /// Returns where its result goes.
    pub(super) const fn slot(&self) -> Slot {
        self.slot
    }

    /// Returns the result of a group.
    pub(super) fn finish(&mut self, ctx: &mut Context, group: usize) -> Result<Value> {
        self.state.finish(ctx, group)
    }

    /// Takes in a batch; returns about how many more bytes are kept.
    pub(super) fn feed(&mut self, ctx: &mut Context, batch: &Batch, group_of: &[u32]) -> Result<usize> {
        ctx.tick(batch.len)?;
        let Some(arg) = &mut self.arg else {
            if let State::Count(counts) = &mut self.state {
                if let [all] = &mut counts[..] {
                    *all += batch.len as i64;
                } else {
                    group_of.iter().for_each(|&group| counts[group as usize] += 1);
                }
            }
            return Ok(0);
        };
        arg.column(ctx, batch, &mut self.column)?;
        let column = &self.column;
        let mut bytes = 0;
        match (&mut self.state, column, &mut self.distinct) {
            (State::Count(counts), column, None) => {
                for (row, &group) in group_of.iter().enumerate() {
                    counts[group as usize] += i64::from(!column.is_null(row));
                }
            }
            (State::Sum(sums) | State::Avg(sums), Column::Ints(items), None) => {
                for (&n, &group) in items.iter().zip(group_of) {
                    let sum = &mut sums[group as usize];
                    sum.ints += i128::from(n);
                    sum.n += 1;
                }
            }
            (state, column, distinct) => {
                for (row, &group) in group_of.iter().enumerate() {
                    if column.is_null(row) {
                        continue;
                    }
                    if let Some(seen) = distinct {
                        if !seen.is_new(group, column, row) {
                            continue;
                        }
                        bytes += match column.node(row) {
                            Some(_) => hashed_bytes(1, size_of::<u64>()),
                            None => hashed_bytes(1, size_of::<(u32, Value)>()) + value_bytes(&column.get(row)),
                        };
                    }
                    let extra = self.extra.as_mut().map(|extra| extra.value(ctx, batch, row)).transpose()?;
                    bytes += state.add(self.function, group as usize, column.get(row), extra.as_ref())?;
                }
            }
        }
        Ok(bytes)
    }
}

impl Operator for Aggregate {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.at.is_none() {
            self.collect(ctx)?;
        }
        let at = self.at.unwrap_or(0);
        let end = self.groups.n.min(at + BATCH_ROWS_MAX);
        self.at = Some(end);
        if at == end {
            return Ok(false);
        }
        out.clear();
        out.ordinals = None;
        out.len = end - at;
        for ((slot, _), column) in self.keys.iter().zip(&self.groups.keys) {
            out.column_mut(*slot).copy_range(column, at, end);
        }
        for one in &mut self.aggregates {
            let column = out.column_mut(one.slot);
            if let State::Count(counts) = &one.state {
                column.refill_ints().extend_from_slice(&counts[at..end]);
                continue;
            }
            for group in at..end {
                let value = one.state.finish(ctx, group)?;
                if group == at {
                    column.fill(&value, 1);
                } else {
                    column.push(value, group - at);
                }
            }
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.at = None;
        ctx.release(&mut self.held);
    }
}
