//! Operators that read their whole input first: ORDER BY, and the barrier between reads and writes.

use std::cmp::Ordering;

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column},
    build,
    eval::Ex,
    scan::count,
    writes,
};
use crate::{
    Result,
    model::Value,
    query::plan::{Expr, Op, Slot, SortKey},
};

/// Rows kept beyond the limit (and at least as many as it) before a top-k cuts back: sorting is then done once for many
/// batches.
const TOP_SLACK: usize = 8 * BATCH_ROWS_MAX;

/// Rows sorted at one go: some milliseconds where they are texts all over the memory, so that a cancelled statement stops
/// soon.
const SORT_RUN: usize = 1 << 13;

/// Orders the rows; with a limit keeps only the first.
pub(super) struct Sort {
    input: Box<dyn Operator>,
    keys: Vec<(Ex, bool)>,
    limit: Option<Ex>,
    carry: Vec<Slot>,
    batch: Batch,
    all: Batch,
    key_columns: Vec<Column>,
    scratch: Column,
    order: Vec<u32>,
    merged: Vec<u32>,
    at: Option<usize>,
    must_drain: bool,
    held: u64,
}

impl Sort {
    pub(super) fn build(
        input: &Op,
        keys: &[SortKey],
        limit: Option<&Expr>,
        carry: &[Slot],
        builder: &mut Builder,
    ) -> Self {
        Self {
            must_drain: writes(input),
            input: build(input, builder),
            keys: keys.iter().map(|key| (Ex::build(&key.expr, builder), key.descending)).collect(),
            limit: limit.map(|limit| Ex::build(limit, builder)),
            carry: carry.to_vec(),
            batch: builder.batch(),
            all: builder.batch(),
            key_columns: vec![Column::Absent; keys.len()],
            scratch: Column::Absent,
            order: Vec::new(),
            merged: Vec::new(),
            at: None,
            held: 0,
        }
    }

    fn collect(&mut self, ctx: &mut Context) -> Result<()> {
        let limit = match &mut self.limit {
            Some(limit) => usize::try_from(count(limit, ctx, "LIMIT")?).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        let mut bytes = 0;
        if limit == 0 && !self.must_drain {
            return Ok(());
        }
        while self.input.next(ctx, &mut self.batch)? {
            let n_before = self.all.len;
            for ((key, _), column) in self.keys.iter_mut().zip(&mut self.key_columns) {
                key.column(ctx, &self.batch, &mut self.scratch)?;
                bytes += self.scratch.bytes();
                if n_before == 0 {
                    std::mem::swap(column, &mut self.scratch);
                } else {
                    column.append_range(&self.scratch, 0, self.batch.len);
                }
            }
            bytes += self.batch.bytes();
            self.all.append(&self.batch, &self.carry);
            ctx.hold(&mut self.held, bytes)?;
            if self.all.len > limit.saturating_add(limit.max(TOP_SLACK)) {
                self.cut(ctx, limit)?;
                bytes = self.all.bytes() + self.key_columns.iter().map(Column::bytes).sum::<usize>();
            }
        }
        self.sort(ctx, limit)
    }

    /// Finds the order of the rows.
    fn sort(&mut self, ctx: &mut Context, limit: usize) -> Result<()> {
        ctx.tick(self.all.len)?;
        self.order.clear();
        for from in (0..self.all.len).step_by(SORT_RUN) {
            ctx.tick(SORT_RUN / 16)?;
            self.order.extend(from as u32..self.all.len.min(from + SORT_RUN) as u32);
        }
        let (keys, columns) = (&self.keys, &self.key_columns);
        let compare = |&a: &u32, &b: &u32| {
            let (x, y) = (a as usize, b as usize);
            for ((_, descending), column) in keys.iter().zip(columns) {
                let ordering = compare_rows(column, x, y);
                if ordering.is_ne() {
                    return if *descending { ordering.reverse() } else { ordering };
                }
            }
            // Stable: in the order they came.
            a.cmp(&b)
        };
        if limit < self.order.len() && (1..SORT_RUN).contains(&limit) {
            self.order.select_nth_unstable_by(limit - 1, compare);
        }
        if limit < SORT_RUN {
            self.order.truncate(limit);
        }
        sort_in_runs(ctx, &mut self.order, &mut self.merged, compare)?;
        self.order.truncate(limit);
        Ok(())
    }

    /// Forgets all but the first rows.
    fn cut(&mut self, ctx: &mut Context, limit: usize) -> Result<()> {
        self.sort(ctx, limit)?;
        // In the order they came, so that ties stay stable.
        let mut is_kept = vec![false; self.all.len];
        for rows in self.order.chunks(SORT_RUN) {
            ctx.tick(rows.len() / 16)?;
            rows.iter().for_each(|&row| is_kept[row as usize] = true);
        }
        self.order.clear();
        for from in (0..is_kept.len()).step_by(SORT_RUN) {
            ctx.tick(SORT_RUN / 16)?;
            let rows = from..is_kept.len().min(from + SORT_RUN);
            self.order.extend(rows.filter(|&row| is_kept[row]).map(|row| row as u32));
        }
        self.all.retain(&self.order);
        self.key_columns.iter_mut().for_each(|column| column.retain(&self.order));
        Ok(())
    }
}

impl Operator for Sort {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.at.is_none() {
            self.all.clear();
            self.all.ordinals = None;
            self.key_columns.iter_mut().for_each(Column::clear);
            self.order.clear();
            self.collect(ctx)?;
        }
        let at = self.at.unwrap_or(0);
        let end = self.order.len().min(at + BATCH_ROWS_MAX);
        self.at = Some(end);
        if at == end {
            return Ok(false);
        }
        out.gather(&self.all, &self.order[at..end], &self.carry);
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.at = None;
        ctx.release(&mut self.held);
    }
}

/// Sorts run by run and merges these, looking now and then whether to stop.
pub(super) fn sort_in_runs(
    ctx: &mut Context,
    order: &mut Vec<u32>,
    merged: &mut Vec<u32>,
    compare: impl Fn(&u32, &u32) -> Ordering,
) -> Result<()> {
    for run in order.chunks_mut(SORT_RUN) {
        ctx.tick(run.len())?;
        run.sort_unstable_by(&compare);
    }
    let mut len = SORT_RUN;
    while len < order.len() {
        merged.clear();
        merged.reserve(order.len());
        for pair in order.chunks(2 * len) {
            let (mut left, mut right) = pair.split_at(len.min(pair.len()));
            while let (Some(a), Some(b)) = (left.first(), right.first()) {
                let takes_left = compare(a, b).is_le();
                let from = if takes_left { &mut left } else { &mut right };
                merged.push(from[0]);
                *from = &from[1..];
                ctx.tick(1)?;
            }
            for rest in left.chunks(SORT_RUN).chain(right.chunks(SORT_RUN)) {
                ctx.tick(rest.len() / 16)?;
                merged.extend_from_slice(rest);
            }
        }
        std::mem::swap(order, merged);
        len *= 2;
    }
    Ok(())
}

/// Compares two rows of a column in the total order of the language.
fn compare_rows(column: &Column, a: usize, b: usize) -> Ordering {
    match column {
        Column::Absent => Ordering::Equal,
        // The null id is the greatest, as null is.
        Column::Nodes(ids) | Column::Rels(ids) => ids[a].cmp(&ids[b]),
        Column::Ints(items) => items[a].cmp(&items[b]),
        Column::Floats(items) => Value::Float(items[a]).order(&Value::Float(items[b])),
        Column::Bools(items) => {
            let rank = |truth: Option<bool>| truth.map_or(2, u8::from);
            rank(items[a]).cmp(&rank(items[b]))
        }
        Column::Values(items) => items[a].order(&items[b]),
    }
}

/// Reads its whole input before the first row leaves.
pub(super) struct Eager {
    input: Box<dyn Operator>,
    batch: Batch,
    all: Batch,
    slots: Vec<Slot>,
    at: Option<usize>,
    held: u64,
}

impl Eager {
    pub(super) fn build(input: &Op, builder: &mut Builder) -> Self {
        Self {
            input: build(input, builder),
            batch: builder.batch(),
            all: builder.batch(),
            slots: (0..builder.width()).map(|slot| Slot(slot as u16)).collect(),
            at: None,
            held: 0,
        }
    }
}

impl Operator for Eager {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.at.is_none() {
            self.all.clear();
            self.all.ordinals = None;
            let mut bytes = 0;
            while self.input.next(ctx, &mut self.batch)? {
                bytes += self.batch.bytes();
                ctx.hold(&mut self.held, bytes)?;
                self.all.append(&self.batch, &self.slots);
            }
        }
        let at = self.at.unwrap_or(0);
        let end = self.all.len.min(at + BATCH_ROWS_MAX);
        self.at = Some(end);
        if at == end {
            return Ok(false);
        }
        out.copy_range(&self.all, at, end);
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.at = None;
        ctx.release(&mut self.held);
    }
}
