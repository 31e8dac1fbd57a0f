//! DISTINCT.

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column, hashed_bytes, node_value, rel_value, value_bytes},
    build, more,
    table::Table,
};
use crate::{
    Result,
    model::Value,
    query::plan::{Op, Slot},
};

/// Keeps the first of the rows that agree.
pub(super) struct Distinct {
    input: Box<dyn Operator>,
    slots: Vec<Slot>,
    seen: Seen,
    rows: Vec<u32>,
}

impl Distinct {
    pub(super) fn build(input: &Op, slots: &[Slot], builder: &mut Builder) -> Self {
        Self { input: build(input, builder), slots: slots.to_vec(), seen: Seen::default(), rows: Vec::new() }
    }
}

impl Operator for Distinct {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let mut rows = rows;
        while self.input.next_few(ctx, out, rows)? {
            self.seen.retain_new(ctx, out, &self.slots, &mut self.rows)?;
            if !self.rows.is_empty() {
                out.retain(&self.rows);
                return Ok(true);
            }
            rows = more(rows);
        }
        Ok(false)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.seen.clear(ctx);
    }
}

/// The rows met so far: ids where a row is one or two ids, else values.
#[derive(Default)]
pub(super) struct Seen {
    ids: Table<u64, ()>,
    /// What the ids are: nodes or relationships; `None` once a row came that is no ids, and before the first.
    kinds: Option<[Kind; 2]>,
    is_by_value: bool,
    values: Table<Box<[Value]>, ()>,
    scratch: Vec<Value>,
    bytes: usize,
    held: u64,
}

impl Seen {
    /// Finds the rows that were not met before.
    pub(super) fn retain_new(
        &mut self,
        ctx: &mut Context,
        batch: &Batch,
        slots: &[Slot],
        rows: &mut Vec<u32>,
    ) -> Result<()> {
        ctx.tick(batch.len * 4)?;
        rows.clear();
        match id_columns(batch, slots) {
            Some((kinds, columns)) if !self.is_by_value && self.kinds.is_none_or(|known| known == kinds) => {
                self.kinds = Some(kinds);
                let key = |row: u32| {
                    let second = columns[1].map_or(0, |ids| u64::from(ids[row as usize]) << 32);
                    columns[0].map_or(0, |ids| u64::from(ids[row as usize])) | second
                };
                rows.extend((0..batch.len as u32).filter(|&row| self.ids.insert(key(row), ())));
            }
            _ => {
                self.go_by_value(ctx, slots.len())?;
                for row in 0..batch.len {
                    self.scratch.clear();
                    self.scratch.extend(slots.iter().map(|&slot| batch.get(slot, row)));
                    if self.values.get(&self.scratch[..]).is_none() {
                        self.bytes += self.scratch.iter().map(value_bytes).sum::<usize>();
                        self.values.insert(self.scratch.as_slice().into(), ());
                        rows.push(row as u32);
                    }
                }
            }
        }
        let tables =
            hashed_bytes(self.ids.len(), size_of::<u64>()) + hashed_bytes(self.values.len(), size_of::<Box<[Value]>>());
        let bytes = self.bytes + tables;
        ctx.hold(&mut self.held, bytes)
    }

    /// Turns the ids met into values: an expression may give nodes in one batch and something else in the next.
    fn go_by_value(&mut self, ctx: &mut Context, n_slots: usize) -> Result<()> {
        if let (false, Some(kinds)) = (self.is_by_value, self.kinds) {
            for (key, ()) in self.ids.drain() {
                ctx.tick(1)?;
                let halves = [kinds[0].value(key as u32), kinds[1].value((key >> 32) as u32)];
                self.values.insert(halves[..n_slots].into(), ());
            }
        }
        self.is_by_value = true;
        Ok(())
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self, ctx: &mut Context) {
        self.ids.clear();
        self.values.clear();
        (self.kinds, self.is_by_value, self.bytes) = (None, false, 0);
        ctx.release(&mut self.held);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Node,
    Rel,
}

impl Kind {
    fn value(self, id: u32) -> Value {
        match self {
            Self::Node => node_value(id),
            Self::Rel => rel_value(id),
        }
    }
}

type IdColumns<'a> = ([Kind; 2], [Option<&'a [u32]>; 2]);

/// Returns the columns of one or two slots that are all ids.
fn id_columns<'a>(batch: &'a Batch, slots: &[Slot]) -> Option<IdColumns<'a>> {
    if slots.is_empty() || slots.len() > 2 {
        return None;
    }
    let (mut kinds, mut columns) = ([Kind::Node; 2], [None; 2]);
    for (at, &slot) in slots.iter().enumerate() {
        let (kind, ids) = match batch.column(slot) {
            Column::Nodes(ids) => (Kind::Node, ids),
            Column::Rels(ids) => (Kind::Rel, ids),
            _ => return None,
        };
        if ids.len() != batch.len {
            return None;
        }
        (kinds[at], columns[at]) = (kind, Some(&ids[..]));
    }
    Some((kinds, columns))
}
