//! Inner plans: for each outer row, the rows of another plan.
//!
//! Where the inner plan allows it, one run serves a whole batch of outer rows, and every inner row knows its outer row by
//! its ordinal; else it runs once for each outer row.

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch},
    build as build_op, may_batch, may_batch_exists, more,
};
use crate::{
    Result,
    model::Value,
    query::plan::{ApplyKind, Op, Slot},
};

/// Builds [`Op::Apply`].
pub(super) fn build(
    input: &Op,
    inner: &Op,
    kind: &ApplyKind,
    carry: &[Slot],
    builder: &mut Builder,
) -> Box<dyn Operator> {
    let (inner_op, frame) = builder.inner(inner);
    let runs = Runs {
        input: build_op(input, builder),
        inner: inner_op,
        frame,
        per_row: match kind {
            ApplyKind::Cross { per_row, .. } | ApplyKind::Optional { per_row, .. } => *per_row || !may_batch(inner),
            ApplyKind::Semi { .. } => !may_batch_exists(inner),
        },
        next_row: 0,
        is_running: false,
    };
    match kind {
        ApplyKind::Cross { once, .. } => {
            let kept = once.then(Kept::default);
            Box::new(Cross { runs, carry: carry.to_vec(), rows: Vec::new(), kept })
        }
        ApplyKind::Optional { nulls, .. } => Box::new(Optional {
            runs,
            nulls: nulls.clone(),
            carry: carry.to_vec(),
            batch: builder.batch(),
            inner_rows: Vec::new(),
            outer_rows: Vec::new(),
            at: 0,
            next_outer: 0,
        }),
        ApplyKind::Semi { anti } => {
            Box::new(Semi { runs, anti: *anti, batch: builder.batch(), has_inner: Vec::new(), rows: Vec::new() })
        }
    }
}

/// Runs an inner plan over outer rows.
struct Runs {
    input: Box<dyn Operator>,
    inner: Box<dyn Operator>,
    frame: usize,
    per_row: bool,
    next_row: usize,
    is_running: bool,
}

impl Runs {
    /// Fetches outer rows, where `rows` are wanted, into the frame; returns false when there are none left.
    fn fetch(&mut self, ctx: &mut Context, rows: usize) -> Result<bool> {
        let mut outer = std::mem::take(&mut ctx.frames[self.frame].batch);
        let result = self.input.next_few(ctx, &mut outer, rows);
        ctx.frames[self.frame].batch = outer;
        self.next_row = 0;
        if !result? {
            ctx.frames[self.frame].batch.len = 0;
            return Ok(false);
        }
        Ok(true)
    }

    /// Starts a run over the next outer rows of the frame; returns false when all had theirs.
    fn start(&mut self, ctx: &mut Context) -> bool {
        let frame = &mut ctx.frames[self.frame];
        if self.next_row >= frame.batch.len {
            return false;
        }
        frame.start = self.next_row;
        frame.end = if self.per_row { self.next_row + 1 } else { frame.batch.len };
        self.next_row = frame.end;
        self.inner.reset(ctx);
        self.is_running = true;
        true
    }

    /// Gives the outer row of each row of an inner batch.
    fn outer_rows(&self, ctx: &Context, inner: &Batch, rows: &mut Vec<u32>) {
        rows.clear();
        match &inner.ordinals {
            Some(ordinals) if !self.per_row => rows.extend_from_slice(ordinals),
            _ => rows.resize(inner.len, ctx.frames[self.frame].start as u32),
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.inner.reset(ctx);
        ctx.frames[self.frame].batch.len = 0;
        self.next_row = 0;
        self.is_running = false;
    }
}

/// Copies what the rows of an inner plan carry of their outer rows.
fn carry_outer(outer: &Batch, outer_rows: &[u32], carry: &[Slot], out: &mut Batch) {
    for &slot in carry {
        out.column_mut(slot).gather(outer.column(slot), outer_rows);
    }
    match &outer.ordinals {
        None => out.ordinals = None,
        Some(from) => {
            let to = out.ordinals.get_or_insert_default();
            to.clear();
            to.extend(outer_rows.iter().map(|&row| from[row as usize]));
        }
    }
}

/// A row for each inner row.
struct Cross {
    runs: Runs,
    carry: Vec<Slot>,
    rows: Vec<u32>,
    /// There where the inner rows are the same for all outer rows.
    kept: Option<Kept>,
}

/// The most bytes of inner rows that are kept for the next outer row; beyond, they are made again for each.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// The inner rows of the first outer row of a run.
#[derive(Default)]
struct Kept {
    /// The run (see [`Context::run`]) they are of.
    run: u64,
    batches: Vec<Batch>,
    bytes: usize,
    held: u64,
    /// They are all there.
    is_whole: bool,
    /// They are too many.
    is_off: bool,
    /// The next batch to give out.
    at: usize,
}

impl Kept {
    /// Gets ready for an outer row.
    fn start(&mut self, ctx: &mut Context) {
        if self.run != ctx.run() || !self.is_whole {
            // What was held in another run was given back with it.
            let held = if self.run == ctx.run() { self.held } else { 0 };
            let is_off = self.run == ctx.run() && self.is_off;
            *self = Self { run: ctx.run(), held, is_off, ..Self::default() };
            ctx.release(&mut self.held);
        }
        self.at = 0;
    }

    /// Gives the next rows, those of `inner` where they are not there yet.
    fn next(&mut self, ctx: &mut Context, inner: &mut dyn Operator, out: &mut Batch, rows: usize) -> Result<bool> {
        if self.is_whole {
            let Some(batch) = self.batches.get(self.at) else { return Ok(false) };
            out.copy_range(batch, 0, batch.len);
            self.at += 1;
            return Ok(true);
        }
        if !inner.next_few(ctx, out, rows)? {
            self.is_whole = !self.is_off;
            self.at = self.batches.len();
            return Ok(false);
        }
        if self.is_off {
            return Ok(true);
        }
        self.bytes += out.bytes();
        if self.bytes > KEPT_BYTES_MAX {
            self.batches = Vec::new();
            self.is_off = true;
            ctx.release(&mut self.held);
            return Ok(true);
        }
        ctx.hold(&mut self.held, self.bytes)?;
        let mut batch = Batch::new(out.columns.len());
        batch.copy_range(out, 0, out.len);
        self.batches.push(batch);
        Ok(true)
    }
}

impl Operator for Cross {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let mut rows = rows;
        loop {
            if self.runs.is_running {
                let has_rows = match &mut self.kept {
                    None => self.runs.inner.next_few(ctx, out, rows)?,
                    Some(kept) => kept.next(ctx, &mut *self.runs.inner, out, rows)?,
                };
                if has_rows {
                    self.runs.outer_rows(ctx, out, &mut self.rows);
                    carry_outer(&ctx.frames[self.runs.frame].batch, &self.rows, &self.carry, out);
                    return Ok(true);
                }
                self.runs.is_running = false;
            }
            if self.runs.start(ctx) {
                if let Some(kept) = &mut self.kept {
                    kept.start(ctx);
                }
            } else {
                if !self.runs.fetch(ctx, rows)? {
                    return Ok(false);
                }
                rows = more(rows);
            }
            ctx.tick(1)?;
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.runs.reset(ctx);
    }
}

/// A row for each inner row; an outer row without one is kept once.
struct Optional {
    runs: Runs,
    nulls: Vec<Slot>,
    carry: Vec<Slot>,
    batch: Batch,
    /// Rows to give out: the row of `batch` (one past its end for none), and the outer row.
    inner_rows: Vec<u32>,
    outer_rows: Vec<u32>,
    at: usize,
    /// The first outer row of the run for which no row was given out.
    next_outer: usize,
}

impl Optional {
    /// Merges inner rows with the outer rows before `end` that have none.
    fn merge(&mut self, ctx: &Context, end: usize) {
        self.inner_rows.clear();
        let none = self.batch.len as u32;
        let mut found = std::mem::take(&mut self.outer_rows);
        self.runs.outer_rows(ctx, &self.batch, &mut found);
        let mut merged = Vec::with_capacity(found.len());
        for (row, &outer) in found.iter().enumerate() {
            while self.next_outer < outer as usize {
                merged.push(self.next_outer as u32);
                self.inner_rows.push(none);
                self.next_outer += 1;
            }
            self.next_outer = outer as usize + 1;
            merged.push(outer);
            self.inner_rows.push(row as u32);
        }
        while self.next_outer < end {
            merged.push(self.next_outer as u32);
            self.inner_rows.push(none);
            self.next_outer += 1;
        }
        self.outer_rows = merged;
        self.at = 0;
        // The row past the end: null in every column.
        if self.inner_rows.contains(&none) {
            let len = self.batch.len;
            for column in self.batch.columns.iter_mut().filter(|column| !column.is_absent()) {
                column.push(Value::Null, len);
            }
        }
    }
}

impl Operator for Optional {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        loop {
            if self.at < self.outer_rows.len() {
                let end = self.outer_rows.len().min(self.at + rows.min(BATCH_ROWS_MAX));
                let inner_rows = &self.inner_rows[self.at..end];
                for (to, from) in out.columns.iter_mut().zip(&self.batch.columns) {
                    to.gather(from, inner_rows);
                }
                out.len = end - self.at;
                for &slot in self.nulls.iter().filter(|&&slot| self.batch.column(slot).is_absent()) {
                    out.column_mut(slot).clear();
                }
                carry_outer(&ctx.frames[self.runs.frame].batch, &self.outer_rows[self.at..end], &self.carry, out);
                self.at = end;
                return Ok(true);
            }
            if self.runs.is_running {
                if self.runs.inner.next_few(ctx, &mut self.batch, rows)? {
                    self.merge(ctx, 0);
                } else {
                    self.runs.is_running = false;
                    self.batch.clear();
                    self.merge(ctx, ctx.frames[self.runs.frame].end);
                }
                continue;
            }
            if self.runs.start(ctx) {
                self.next_outer = ctx.frames[self.runs.frame].start;
            } else if !self.runs.fetch(ctx, rows)? {
                return Ok(false);
            }
            ctx.tick(1)?;
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.runs.reset(ctx);
        self.outer_rows.clear();
        self.inner_rows.clear();
        self.at = 0;
    }
}

/// Keeps the outer rows that have an inner row, or have none.
struct Semi {
    runs: Runs,
    anti: bool,
    batch: Batch,
    has_inner: Vec<bool>,
    rows: Vec<u32>,
}

impl Operator for Semi {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let mut rows = rows;
        loop {
            if !self.runs.fetch(ctx, rows)? {
                return Ok(false);
            }
            rows = more(rows);
            self.has_inner.clear();
            self.has_inner.resize(ctx.frames[self.runs.frame].batch.len, false);
            while self.runs.start(ctx) {
                ctx.tick(1)?;
                // Of one outer row, one inner row is enough.
                let few = if self.runs.per_row { 1 } else { BATCH_ROWS_MAX };
                while self.runs.inner.next_few(ctx, &mut self.batch, few)? {
                    self.runs.outer_rows(ctx, &self.batch, &mut self.rows);
                    self.rows.iter().for_each(|&row| self.has_inner[row as usize] = true);
                    if self.runs.per_row {
                        break;
                    }
                }
            }
            let wanted = !self.anti;
            self.rows.clear();
            let has_inner = self.has_inner.iter().enumerate();
            self.rows.extend(has_inner.filter(|&(_, &has)| has == wanted).map(|(row, _)| row as u32));
            if !self.rows.is_empty() {
                std::mem::swap(out, &mut ctx.frames[self.runs.frame].batch);
                out.retain(&self.rows);
                return Ok(true);
            }
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.runs.reset(ctx);
    }
}
