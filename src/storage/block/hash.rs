//! A chunk of a hash index: (fingerprint, id) pairs, probed in place.
//!
//! Open addressing over `n * 5 / 4 + 1` slots with linear probing; the home slot is the fingerprint's fraction of the
//! table, so a chunk's number must come from *other* bits of the hash than the fingerprint. A probe yields every id
//! with that fingerprint; whoever asks compares the property itself.

use rkyv::{Archive, Serialize};

use super::{open, seal, view::View};
use crate::{
    Error, Result,
    storage::{bytes::Bytes, key::BlockKey},
};

/// A slot nobody took. No id is `u32::MAX`.
const EMPTY: u64 = u64::MAX;

/// What is stored: a slot is `fingerprint << 32 | id`.
#[derive(Archive, Serialize)]
struct HashRecord {
    slots: Vec<u64>,
    n_entries: u32,
}

const _: () = assert!(size_of::<ArchivedHashRecord>() == 12 && align_of::<ArchivedHashRecord>() == 4);

/// A pinned chunk.
#[derive(Clone)]
pub(crate) struct HashChunk {
    slots: View<u64>,
}

impl HashChunk {
    /// Returns the bytes of a chunk holding these (fingerprint, id) pairs, in any order.
    ///
    /// # Panics
    /// When an id is `u32::MAX`.
    pub(crate) fn encode(key: &BlockKey, entries: &[(u32, u32)]) -> Bytes {
        let mut sorted = entries.to_vec();
        sorted.sort_unstable();
        let mut slots = vec![EMPTY; sorted.len() + sorted.len() / 4 + 1];
        // Homes ascend, so the first free slot from a home on is never before the one after the last taken: many entries
        // of one fingerprint, as a value that most nodes have, take one step each.
        let mut free = 0;
        let mut has_wrapped = false;
        for (fingerprint, id) in sorted {
            assert!(id != u32::MAX, "no id is {id}");
            if !has_wrapped {
                free = free.max(home(fingerprint, slots.len()));
            }
            while slots[free] != EMPTY {
                has_wrapped |= free + 1 == slots.len();
                free = next(free, slots.len());
            }
            slots[free] = u64::from(fingerprint) << 32 | u64::from(id);
        }
        let size = 64 + 8 * slots.len();
        seal(key, &HashRecord { slots, n_entries: entries.len() as u32 }, size)
    }

    /// Checks the bytes of a chunk and makes it readable.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not what `key` must hold.
    pub(crate) fn pin(key: &BlockKey, bytes: Bytes) -> Result<Self> {
        let record = open::<ArchivedHashRecord>(key, &bytes)?;
        let (chunk, n_entries) =
            (Self { slots: View::new(&bytes, &record.slots) }, record.n_entries.to_native() as usize);
        let n_found = chunk.iter().count();
        if n_found != n_entries || n_found == chunk.slots.as_slice().len() {
            return Err(Error::corrupt(key, format_args!("{n_entries} entries and a free slot"), n_found));
        }
        Ok(chunk)
    }

    /// Checks that the ids are below what the graph has.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where one is not.
    pub(crate) fn check_ids(&self, key: &BlockKey, end: u32) -> Result<()> {
        match self.iter().find(|(_, id)| *id >= end) {
            Some((_, id)) => Err(Error::corrupt(key, format_args!("ids of nodes below {end}"), id)),
            None => Ok(()),
        }
    }

    /// Returns the ids stored with this fingerprint.
    #[inline]
    pub(crate) fn probe(&self, fingerprint: u32) -> impl Iterator<Item = u32> + '_ {
        let slots = self.slots.as_slice();
        let mut at = home(fingerprint, slots.len());
        std::iter::from_fn(move || {
            // A free slot exists (checked by `pin`), so this ends.
            loop {
                let slot = slots[at];
                if slot == EMPTY {
                    return None;
                }
                at = next(at, slots.len());
                if (slot >> 32) as u32 == fingerprint {
                    return Some(slot as u32);
                }
            }
        })
    }

    /// Returns every (fingerprint, id) pair, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let slots = self.slots.as_slice().iter().filter(|&&slot| slot != EMPTY);
        slots.map(|&slot| ((slot >> 32) as u32, slot as u32))
    }
}

#[inline]
fn home(fingerprint: u32, n_slots: usize) -> usize {
    ((u64::from(fingerprint) * n_slots as u64) >> 32) as usize
}

#[inline]
fn next(at: usize, n_slots: usize) -> usize {
    if at + 1 == n_slots { 0 } else { at + 1 }
}
