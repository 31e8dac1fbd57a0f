//! Leaves and node scans.

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch},
    build,
    eval::{Ex, key_id},
    more,
};
use crate::{
    Error, Result,
    error::QueryError,
    graph::{Column, Range, RangeBound, Snapshot},
    model::{LabelId, NodeId, Value},
    query::plan::{Expr, KeyRef, LabelRef, Op, ScanRange, Slot},
    storage::BLOCK_WORDS,
};

/// Ids of a block (as in storage).
const BLOCK_LEN: u32 = 1024;

/// The outer rows of an inner plan, or the one empty row at the top.
pub(super) struct Argument {
    frame: usize,
    is_done: bool,
}

impl Argument {
    pub(super) const fn new(frame: usize) -> Self {
        Self { frame, is_done: false }
    }
}

impl Operator for Argument {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        let frame = &ctx.frames[self.frame];
        if std::mem::replace(&mut self.is_done, true) || frame.start == frame.end {
            return Ok(false);
        }
        if self.frame == 0 {
            out.clear();
            out.len = 1;
            out.ordinals = None;
            return Ok(true);
        }
        out.copy_range(&frame.batch, frame.start, frame.end);
        let ordinals = out.ordinals.get_or_insert_default();
        ordinals.clear();
        ordinals.extend(frame.start as u32..frame.end as u32);
        Ok(true)
    }

    fn reset(&mut self, _: &mut Context) {
        self.is_done = false;
    }
}

/// No rows.
pub(super) struct Nothing;

impl Operator for Nothing {
    fn next(&mut self, _: &mut Context, _: &mut Batch) -> Result<bool> {
        Ok(false)
    }

    fn reset(&mut self, _: &mut Context) {}
}

/// Finds a label now: a statement may have made it after it was planned.
#[inline]
pub(super) fn label_id(view: &Snapshot, label: &LabelRef) -> Option<LabelId> {
    label.id.or_else(|| view.catalog().label(&label.name))
}

/// Every node, or every node of a label, for each input row; of a range, those that may be in it.
pub(super) struct NodeScan {
    input: Box<dyn Operator>,
    node: Slot,
    label: Option<LabelRef>,
    bounds: Option<Bounds>,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    block: u32,
    /// Nodes of the block that left already, where fewer were wanted.
    given: usize,
    rows: Vec<u32>,
}

impl NodeScan {
    pub(super) fn build(
        input: &Op,
        node: Slot,
        (label, range): (Option<&LabelRef>, Option<&ScanRange>),
        carry: &[Slot],
        builder: &mut Builder,
    ) -> Self {
        Self {
            input: build(input, builder),
            node,
            label: label.cloned(),
            bounds: range.map(|range| Bounds::build(range, builder)),
            carry: carry.to_vec(),
            batch: builder.batch(),
            row: 0,
            block: 0,
            given: 0,
            rows: Vec::new(),
        }
    }
}

impl Operator for NodeScan {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let rows = rows.min(BATCH_ROWS_MAX);
        self.rows.clear();
        let mut ids = std::mem::take(out.column_mut(self.node));
        let buffer = ids.refill_nodes();
        'fill: loop {
            while self.row < self.batch.len {
                ctx.tick(BLOCK_LEN as usize / 16)?;
                if let (Some(bounds), 0) = (&mut self.bounds, self.block)
                    && !bounds.evaluate(ctx, &self.batch, self.row)?
                {
                    self.row += 1;
                    continue;
                }
                let view = ctx.view();
                let label = match &self.label {
                    None => None,
                    Some(label) => match label_id(view, label) {
                        Some(label) => Some(label),
                        None => {
                            self.row = self.batch.len;
                            break;
                        }
                    },
                };
                let column = self.bounds.as_ref().map(|bounds| (bounds.column(view), &bounds.range));
                // Asked now: the input may have made nodes.
                while self.block < view.n_node_blocks() {
                    if buffer.len() >= rows {
                        break 'fill;
                    }
                    let mut words = match label {
                        None => view.node_words(self.block)?,
                        Some(label) => view.label_words(label, self.block)?,
                    };
                    if let Some((column, range)) = column.filter(|_| words != [0; BLOCK_WORDS]) {
                        let within = column.range_words(self.block, range)?;
                        words.iter_mut().zip(&within).for_each(|(word, within)| *word &= within);
                    }
                    let n = words.iter().map(|word| word.count_ones() as usize).sum::<usize>() - self.given;
                    let n_before = buffer.len();
                    if n > 0 && n_before + n > BATCH_ROWS_MAX {
                        break 'fill;
                    }
                    push_ids(&words, self.block * BLOCK_LEN, buffer);
                    buffer.drain(n_before..n_before + self.given);
                    buffer.truncate(rows);
                    self.rows.resize(buffer.len(), self.row as u32);
                    if n_before + n > rows {
                        self.given += rows - n_before;
                        break 'fill;
                    }
                    self.given = 0;
                    self.block += 1;
                }
                self.block = 0;
                self.row += 1;
            }
            // The rows collected refer to this input batch: they leave before it goes.
            if !self.rows.is_empty() {
                break;
            }
            (self.row, self.block) = (0, 0);
            if !self.input.next(ctx, &mut self.batch)? {
                self.batch.len = 0;
                *out.column_mut(self.node) = ids;
                return Ok(false);
            }
        }
        out.gather(&self.batch, &self.rows, &self.carry);
        *out.column_mut(self.node) = ids;
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        (self.batch.len, self.row, self.block, self.given) = (0, 0, 0, 0);
    }
}

/// The range of a scan.
struct Bounds {
    key: KeyRef,
    bounds: Vec<(RangeBound, Ex)>,
    /// For the input row at hand.
    range: Range,
}

impl Bounds {
    fn build(range: &ScanRange, builder: &mut Builder) -> Self {
        let bounds = range.bounds.iter().map(|(bound, e)| (*bound, Ex::build(e, builder))).collect();
        Self { key: range.key.clone(), bounds, range: Range::default() }
    }

    /// Evaluates the bounds for a row. Returns false where nothing can be between them.
    fn evaluate(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<bool> {
        self.range = Range::default();
        for (bound, ex) in &mut self.bounds {
            let value = match ex.value(ctx, batch, row) {
                // The predicate above will meet it, if there is a row to meet it with.
                Err(Error::Query(_)) => continue,
                value => value?,
            };
            if !self.range.narrow(*bound, value) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn column<'v>(&self, view: &'v Snapshot) -> Column<'v> {
        key_id(view, &self.key).map_or(Column::NONE, |key| view.node_column(key))
    }
}

/// Adds the ids of a block's bitmap.
#[inline]
fn push_ids(words: &[u64], base: u32, ids: &mut Vec<u32>) {
    for (at, &word) in words.iter().enumerate() {
        let mut rest = word;
        while rest != 0 {
            ids.push(base + at as u32 * 64 + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
}

/// The nodes of a label whose property equals a value, through an index, for each input row.
pub(super) struct NodeSeek {
    input: Box<dyn Operator>,
    node: Slot,
    label: LabelRef,
    key: KeyRef,
    value: Ex,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    rows: Vec<u32>,
    ids: Vec<u32>,
    at: usize,
}

impl NodeSeek {
    pub(super) fn build(
        input: &Op,
        node: Slot,
        label: &LabelRef,
        key: &KeyRef,
        value: &Expr,
        carry: &[Slot],
        builder: &mut Builder,
    ) -> Self {
        Self {
            input: build(input, builder),
            node,
            label: label.clone(),
            key: key.clone(),
            value: Ex::build(value, builder),
            carry: carry.to_vec(),
            batch: builder.batch(),
            row: 0,
            rows: Vec::new(),
            ids: Vec::new(),
            at: 0,
        }
    }

    fn seek(&mut self, ctx: &mut Context, row: usize) -> Result<()> {
        let computed = match self.value.constant(ctx) {
            Some(_) => None,
            None => Some(self.value.value(ctx, &self.batch, row)?),
        };
        let view = ctx.view();
        let (Some(label), Some(key)) = (label_id(view, &self.label), key_id(view, &self.key)) else { return Ok(()) };
        let Some(value) = computed.as_ref().or_else(|| self.value.constant(ctx)) else { return Ok(()) };
        match view.catalog().find_index(label, key) {
            Some(index) => view.seek(index, value, &mut self.ids),
            None => {
                // The index went after planning: look at every node of the label.
                let column = view.node_column(key);
                let mut found = Vec::new();
                for block in 0..view.n_node_blocks() {
                    push_ids(&view.label_words(label, block)?, block * BLOCK_LEN, &mut found);
                }
                for id in found {
                    if column.value(id)?.equals(value) == Some(true) {
                        self.ids.push(id);
                    }
                }
                Ok(())
            }
        }
    }
}

impl Operator for NodeSeek {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let wanted = rows.min(BATCH_ROWS_MAX);
        let mut rows = wanted;
        loop {
            if self.at < self.ids.len() {
                let end = self.ids.len().min(self.at + wanted);
                out.gather(&self.batch, &self.rows[self.at..end], &self.carry);
                out.column_mut(self.node).refill_nodes().extend_from_slice(&self.ids[self.at..end]);
                self.at = end;
                return Ok(true);
            }
            self.rows.clear();
            self.ids.clear();
            self.at = 0;
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next_few(ctx, &mut self.batch, rows)? {
                    self.batch.len = 0;
                    return Ok(false);
                }
            }
            while self.row < self.batch.len && self.ids.len() < rows {
                ctx.tick(8)?;
                self.seek(ctx, self.row)?;
                self.rows.resize(self.ids.len(), self.row as u32);
                self.row += 1;
            }
            rows = more(rows);
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.rows.clear();
        self.ids.clear();
        (self.batch.len, self.row, self.at) = (0, 0, 0);
    }
}

/// The nodes of given ids, for each input row.
pub(super) struct NodeById {
    input: Box<dyn Operator>,
    node: Slot,
    ids: Ex,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    rows: Vec<u32>,
    found: Vec<u32>,
    at: usize,
}

impl NodeById {
    pub(super) fn build(input: &Op, node: Slot, ids: &Expr, carry: &[Slot], builder: &mut Builder) -> Self {
        Self {
            input: build(input, builder),
            node,
            ids: Ex::build(ids, builder),
            carry: carry.to_vec(),
            batch: builder.batch(),
            row: 0,
            rows: Vec::new(),
            found: Vec::new(),
            at: 0,
        }
    }
}

impl Operator for NodeById {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        loop {
            if self.at < self.found.len() {
                let end = self.found.len().min(self.at + BATCH_ROWS_MAX);
                out.gather(&self.batch, &self.rows[self.at..end], &self.carry);
                out.column_mut(self.node).refill_nodes().extend_from_slice(&self.found[self.at..end]);
                self.at = end;
                return Ok(true);
            }
            self.rows.clear();
            self.found.clear();
            self.at = 0;
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next(ctx, &mut self.batch)? {
                    self.batch.len = 0;
                    return Ok(false);
                }
            }
            while self.row < self.batch.len && self.found.len() < BATCH_ROWS_MAX {
                ctx.tick(1)?;
                let ids = self.ids.value(ctx, &self.batch, self.row)?;
                let first = self.found.len();
                match &ids {
                    Value::List(items) => items.iter().try_for_each(|id| find(ctx, id, &mut self.found))?,
                    one => find(ctx, one, &mut self.found)?,
                }
                // A node named twice in one list is found once.
                if self.found.len() > first + 1 {
                    let mut several = self.found.split_off(first);
                    several.sort_unstable();
                    several.dedup();
                    self.found.append(&mut several);
                }
                self.rows.resize(self.found.len(), self.row as u32);
                self.row += 1;
            }
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.rows.clear();
        self.found.clear();
        (self.batch.len, self.row, self.at) = (0, 0, 0);
    }
}

fn find(ctx: &Context, id: &Value, found: &mut Vec<u32>) -> Result<()> {
    let Some(id) = (match id {
        Value::Int(n) => u32::try_from(*n).ok(),
        Value::Float(x) if x.trunc() == *x => u32::try_from(*x as i64).ok(),
        _ => None,
    }) else {
        return Ok(());
    };
    if id < ctx.view().node_id_end() && ctx.view().node_exists(NodeId::new(id))? {
        found.push(id);
    }
    Ok(())
}

/// Evaluates a count of SKIP or LIMIT.
pub(super) fn count(ex: &mut Ex, ctx: &mut Context, clause: &str) -> Result<u64> {
    let value = ex.value(ctx, &Batch::default(), 0)?;
    let error = |detail, message: String| -> Error { QueryError::run("22023", "SyntaxError", detail, message).into() };
    match value {
        Value::Int(n) => u64::try_from(n)
            .map_err(|_| error("NegativeIntegerArgument", format!("{clause} takes a number of rows, not {n}"))),
        other => {
            Err(error("InvalidArgumentType", format!("{clause} takes an integer, not {} `{other}`", other.kind())))
        }
    }
}
