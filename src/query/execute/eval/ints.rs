//! Reading an integer property of many ids: the block of each id is found once for a batch.

use crate::{
    Result,
    graph::{CleanColumn, Column, IntView, Presence, ValueRef},
    query::execute::batch::NULL_ID,
};

/// Blocks remembered for many ids: enough for a quarter of a million nodes, few enough to set up for a batch.
pub(super) const MANY_BLOCKS: usize = 256;

/// Blocks remembered for few ids.
pub(super) const FEW_BLOCKS: usize = 4;

/// From so many ids on, more blocks are remembered.
pub(super) const MANY_IDS: usize = 64;

/// Reads one property; remembers `N` blocks, by the low bits of their number.
pub(super) struct IntReader<'a, const N: usize> {
    column: Column<'a>,
    blocks: [Known<'a>; N],
}

#[derive(Clone, Copy)]
struct Known<'a> {
    block: u32,
    ints: Option<(&'a Presence, IntView<'a>)>,
}

impl<'a, const N: usize> IntReader<'a, N> {
    pub(super) fn new(column: Column<'a>) -> Self {
        Self { column, blocks: [Known { block: u32::MAX, ints: None }; N] }
    }

    /// Returns the integer of an id; `None` where it has none (but perhaps another value).
    #[inline]
    pub(super) fn get(&mut self, id: u32) -> Result<Option<i64>> {
        let (block, local) = (id >> 10, (id & 1023) as usize);
        let known = &mut self.blocks[block as usize % N];
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

    /// Adds the integers of ids, up to the first id that has none.
    fn read(mut self, ids: &[u32], to: &mut Vec<i64>) -> Result<()> {
        for &id in ids {
            if id == NULL_ID {
                break;
            }
            let Some(n) = self.get(id)? else { break };
            to.push(n);
        }
        Ok(())
    }
}

/// Adds the integers of ids, up to the first id that has none.
///
/// # Errors
/// `Corrupt` where a block is damaged.
pub(super) fn read_ints(column: Column<'_>, ids: &[u32], to: &mut Vec<i64>) -> Result<()> {
    if ids.len() < MANY_IDS {
        IntReader::<FEW_BLOCKS>::new(column).read(ids, to)
    } else {
        IntReader::<MANY_BLOCKS>::new(column).read(ids, to)
    }
}
