//! Reading an integer property of many ids: the block of each id is found once for a batch.

use crate::{
    Result,
    graph::{CleanColumn, Column, IntView, Presence, ValueRef},
};

/// Blocks remembered, by the low bits of their number: enough for a quarter of a million ids, small enough to set up for a
/// batch.
const BLOCKS_MAX: usize = 256;

/// The fewest ids for which remembering blocks pays.
pub(super) const READER_IDS_MIN: usize = 32;

/// Reads one property.
pub(super) struct IntReader<'a> {
    column: Column<'a>,
    blocks: [Known<'a>; BLOCKS_MAX],
}

#[derive(Clone, Copy)]
struct Known<'a> {
    block: u32,
    ints: Option<(&'a Presence, IntView<'a>)>,
}

impl<'a> IntReader<'a> {
    pub(super) fn new(column: Column<'a>) -> Self {
        Self { column, blocks: [Known { block: u32::MAX, ints: None }; BLOCKS_MAX] }
    }

    /// Returns the integer of an id; `None` where it has none (but perhaps another value).
    #[inline]
    pub(super) fn get(&mut self, id: u32) -> Result<Option<i64>> {
        let (block, local) = (id >> 10, (id & 1023) as usize);
        let known = &mut self.blocks[block as usize % BLOCKS_MAX];
        if known.block != block {
            let ints = match self.column.clean_block(block)? {
                CleanColumn::Whole(whole) => whole.ints().map(|ints| (whole.presence(), ints)),
                CleanColumn::Empty | CleanColumn::Changed => None,
            };
            *known = Known { block, ints };
        }
        match known.ints {
            Some((presence, ints)) => Ok(presence.contains(local).then(|| ints.get(local))),
            None => Ok(match self.column.get(id)? {
                ValueRef::Int(n) => Some(n),
                _ => None,
            }),
        }
    }
}
