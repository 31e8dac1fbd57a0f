//! MERGE: match, or else create, one row after the other.

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch},
    build,
    find::Find,
    write::{Changes, OnNull, Pattern},
};
use crate::{
    Result,
    query::plan::{CreatePattern, Op, SetItem, Slot},
};

/// See [`Op::Merge`].
pub(super) struct Merge {
    input: Box<dyn Operator>,
    inner: Box<dyn Operator>,
    /// How matches are found without `inner`.
    find: Option<Find>,
    frame: usize,
    pattern: Pattern,
    on_match: Changes,
    on_create: Changes,
    /// What leaves: the carried slots and those of the pattern.
    slots: Vec<Slot>,
    /// What ON MATCH may read: everything.
    all_slots: Vec<Slot>,
    batch: Batch,
    row: usize,
    one: Batch,
    made: Batch,
    /// Matched or made by way of `find`, with the row each belongs to.
    ids: Vec<u32>,
    rows: Vec<u32>,
    at: usize,
    held: u64,
}

impl Merge {
    pub(super) fn build(
        input: &Op,
        inner: &Op,
        create: &CreatePattern,
        (on_match, on_create): (&[SetItem], &[SetItem]),
        carry: &[Slot],
        builder: &mut Builder,
    ) -> Self {
        let find = Find::build(inner, create, builder);
        let (inner, frame) = builder.inner(inner);
        let pattern = Pattern::build(create, builder);
        let mut slots = carry.to_vec();
        slots.extend(pattern.slots());
        slots.sort_unstable();
        slots.dedup();
        Self {
            input: build(input, builder),
            inner,
            find,
            frame,
            pattern,
            on_match: Changes::build(on_match, builder),
            on_create: Changes::build(on_create, builder),
            slots,
            all_slots: (0..builder.width()).map(|slot| Slot(slot as u16)).collect(),
            batch: builder.batch(),
            row: 0,
            one: builder.batch(),
            made: builder.batch(),
            ids: Vec::new(),
            rows: Vec::new(),
            at: 0,
            held: 0,
        }
    }

    /// Merges rows until a batch is full, without the inner plan. Returns false, having done nothing, where that cannot be.
    fn merge_found(&mut self, ctx: &mut Context) -> Result<bool> {
        let Some(find) = self.find.as_mut().filter(|find| find.is_possible(ctx.view())) else { return Ok(false) };
        let slot = find.slot();
        self.ids.clear();
        self.rows.clear();
        while self.row < self.batch.len && self.ids.len() < BATCH_ROWS_MAX {
            ctx.tick(16)?;
            let (row, first) = (self.row, self.ids.len());
            self.row += 1;
            find.matches(ctx, &self.batch, row, &mut self.ids)?;
            if self.ids.len() == first {
                self.one.copy_range(&self.batch, row, row + 1);
                self.pattern.create(ctx, &mut self.one, OnNull::Refuse)?;
                self.on_create.apply(ctx, &self.one, 0)?;
                self.ids.extend(find.id(&self.one, 0));
            } else if !self.on_match.is_empty() {
                for at in first..self.ids.len() {
                    self.one.copy_range(&self.batch, row, row + 1);
                    find.fill(&self.ids[at..=at], self.one.column_mut(slot));
                    self.on_match.apply(ctx, &self.one, 0)?;
                }
            }
            self.rows.resize(self.ids.len(), row as u32);
        }
        self.made.gather(&self.batch, &self.rows, &self.slots);
        find.fill(&self.ids, self.made.column_mut(slot));
        Ok(true)
    }

    fn merge(&mut self, ctx: &mut Context, row: usize) -> Result<()> {
        let frame = &mut ctx.frames[self.frame];
        frame.batch.copy_range(&self.batch, row, row + 1);
        (frame.start, frame.end) = (0, 1);
        self.inner.reset(ctx);
        let mut has_match = false;
        let ordinal = self.batch.ordinals.as_ref().map(|ordinals| ordinals[row]);
        let mut matched = Batch::new(self.one.columns.len());
        while self.inner.next(ctx, &mut self.one)? {
            has_match = true;
            let rows = vec![0; self.one.len];
            for &slot in &self.all_slots {
                if self.one.column(slot).is_absent() {
                    self.one.column_mut(slot).gather(ctx.frames[self.frame].batch.column(slot), &rows);
                }
            }
            self.one.ordinals = ordinal.map(|ordinal| vec![ordinal; self.one.len]);
            matched.append(&self.one, &self.all_slots);
        }
        if has_match {
            // Only now: what ON MATCH changes must not change what else matches.
            for row in 0..matched.len {
                self.on_match.apply(ctx, &matched, row)?;
            }
            self.made.append(&matched, &self.slots);
            return Ok(());
        }
        self.one.copy_range(&self.batch, row, row + 1);
        self.pattern.create(ctx, &mut self.one, OnNull::Refuse)?;
        self.on_create.apply(ctx, &self.one, 0)?;
        self.made.append(&self.one, &self.slots);
        Ok(())
    }
}

impl Operator for Merge {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        loop {
            if self.at < self.made.len {
                let end = self.made.len.min(self.at + BATCH_ROWS_MAX);
                out.copy_range(&self.made, self.at, end);
                self.at = end;
                return Ok(true);
            }
            self.made.clear();
            self.made.ordinals = None;
            self.at = 0;
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next(ctx, &mut self.batch)? {
                    self.batch.len = 0;
                    ctx.release(&mut self.held);
                    return Ok(false);
                }
            }
            if !self.merge_found(ctx)? {
                while self.row < self.batch.len && self.made.len < BATCH_ROWS_MAX {
                    ctx.tick(16)?;
                    self.merge(ctx, self.row)?;
                    self.row += 1;
                }
            }
            let bytes = self.made.bytes();
            ctx.hold(&mut self.held, bytes)?;
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.made.clear();
        (self.batch.len, self.row, self.at) = (0, 0, 0);
        ctx.release(&mut self.held);
    }
}
