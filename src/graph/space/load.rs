//! Vectors of nodes in bulk: the blocks they fall into are written anew, without a fact or a list for each.

use std::{borrow::Cow, sync::Arc};

use super::{SpaceInfo, id_at};
use crate::{
    Result,
    graph::{BULK_ROWS_MIN, Check, Column, Transaction, bulk::Writer, column::ColumnPage, transaction::is_identical},
    model::{Space, SpaceOwner, Value},
    storage::{BLOCK_LEN, BLOCK_WORDS, BlockKind, ColumnBlock, block::Presence, split},
};

impl Transaction {
    /// Returns whether so many vectors of a space may be loaded in bulk: enough to pay, and nothing else looks at the
    /// property.
    pub(crate) fn can_load_vectors(&self, info: &SpaceInfo, n: usize) -> bool {
        let catalog = self.view().catalog();
        let key = info.space.key;
        let is_other = |other: &SpaceInfo| other.space.name != info.space.name;
        let looks = |other: &SpaceInfo| other.source() == Some(key) || (other.space.key == key && is_other(other));
        n >= BULK_ROWS_MIN
            && self.can_load()
            && !catalog.indexes().iter().any(|index| index.key == key)
            && !catalog.spaces().iter().any(looks)
    }

    /// Sets vectors of a space of nodes. A row is a node and the place of its vector among `numbers`; no node comes twice,
    /// all belong to the space, and the numbers are as it keeps them. Returns how many changed.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; those of `check` and of the store.
    ///
    /// # Panics
    /// Where [`can_load_vectors`](Self::can_load_vectors) is false but for the number.
    pub(crate) fn bulk_vectors(
        &mut self,
        generation: u64,
        space: &Arc<Space>,
        rows: &mut [(u32, u32)],
        numbers: &[f32],
        check: &mut Check<'_>,
    ) -> Result<u64> {
        assert!(self.can_load(), "bulk loads come before other changes");
        assert!(matches!(space.owner, SpaceOwner::Nodes(_)), "relationships are found by no key");
        rows.sort_unstable();
        let dimension = space.dimension as usize;
        let vector = |row: u32| &numbers[row as usize * dimension..][..dimension];
        let storage = self.view().catalog().storage_of(BlockKind::NodeProperty, space.key);
        let mut n_changed = 0;
        let mut writer = Writer::new(self, generation, check);
        for rows in rows.chunk_by(|a, b| split(a.0).0 == split(b.0).0) {
            let (block, _) = split(rows[0].0);
            let key = writer.key(BlockKind::NodeProperty, space.key.get(), block);
            let bytes = {
                let column = writer.tx.view().space_column(space);
                let mut old: Vec<Option<Cow<'_, [f32]>>> = vec![None; BLOCK_LEN];
                let mut fits = true;
                for local in column.page(block).map_or(Ok(Presence::NONE), present)?.iter() {
                    let id = id_at(block, local);
                    let kept = exact(column, id, dimension)?;
                    // Nodes that do not belong to the space may have anything there.
                    fits &= kept.is_some() || rows.binary_search_by_key(&id, |(id, _)| *id).is_ok();
                    old[local] = kept;
                }
                let is_same = |(id, row): &(u32, u32)| {
                    old[split(*id).1]
                        .as_deref()
                        .is_some_and(|old| old.iter().zip(vector(*row)).all(|(a, b)| a.to_bits() == b.to_bits()))
                };
                let n = rows.iter().filter(|row| !is_same(row)).count();
                if n == 0 {
                    continue;
                }
                n_changed += n as u64;
                if fits {
                    let mut all: Vec<Option<&[f32]>> = vec![None; BLOCK_LEN];
                    old.iter().enumerate().for_each(|(local, old)| all[local] = old.as_deref());
                    rows.iter().for_each(|(id, row)| all[split(*id).1] = Some(vector(*row)));
                    ColumnBlock::encode_vectors(&key, storage, |local| all[local])
                } else {
                    let mut values = match column.page(block) {
                        Some(page) => page.values()?,
                        None => vec![Value::Null; BLOCK_LEN],
                    };
                    for (id, row) in rows {
                        let numbers = vector(*row).iter().map(|x| Value::Float(f64::from(*x)));
                        values[split(*id).1] = Value::List(numbers.collect());
                    }
                    ColumnBlock::encode_as(&key, &values, storage)
                }
            };
            let page: ColumnPage = writer.page(key, bytes)?;
            *writer.view().node_columns.get_mut(space.key.index()).get_mut(block) = page;
        }
        writer.flush()?;
        Ok(n_changed)
    }
}

/// Returns the value of an id, where it is just what a vector of so many numbers of 32 bits holds.
fn exact(column: Column<'_>, id: u32, dimension: usize) -> Result<Option<Cow<'_, [f32]>>> {
    Ok(match column.vector(id)? {
        Some(numbers) if numbers.len() != dimension => None,
        Some(Cow::Owned(numbers)) => {
            let value = Value::List(numbers.iter().map(|x| Value::Float(f64::from(*x))).collect());
            is_identical(&value, &column.value(id)?).then_some(Cow::Owned(numbers))
        }
        borrowed => borrowed,
    })
}

/// Returns which places of a page have a value.
fn present(page: &ColumnPage) -> Result<Presence> {
    let mut words = page.base()?.map_or([0; BLOCK_WORDS], |base| base.presence().0);
    if let Some(delta) = &page.delta {
        for (local, value) in delta.iter() {
            let bit = 1 << (local % 64);
            if value.is_null() { words[local / 64] &= !bit } else { words[local / 64] |= bit }
        }
    }
    Ok(Presence(words))
}
