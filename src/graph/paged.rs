//! Persistent tables: cloning one is cheap, changing a clone copies only the path to what changes.

use std::sync::Arc;

use crate::storage::BLOCK_LEN;

/// Entries a chunk of a [`Paged`] table: small enough to copy in well under a microsecond, large enough that the table
/// of chunks of ten million nodes is a few hundred pointers.
const CHUNK: usize = 32;

/// A table by block number, two levels deep. Absent entries are the default.
#[derive(Debug)]
pub(crate) struct Paged<E> {
    chunks: Vec<Option<Arc<[E; CHUNK]>>>,
}

impl<E> Clone for Paged<E> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone() }
    }
}

impl<E> Default for Paged<E> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<E> Paged<E> {
    /// Returns the entry of a block, if its chunk exists.
    #[inline(always)]
    pub(crate) fn get(&self, block: u32) -> Option<&E> {
        let block = block as usize;
        match self.chunks.get(block / CHUNK) {
            Some(Some(chunk)) => Some(&chunk[block % CHUNK]),
            _ => None,
        }
    }

    /// Returns the blocks and entries of every chunk that exists, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &E)> {
        self.chunks.iter().enumerate().filter_map(|(at, chunk)| Some((at, chunk.as_ref()?))).flat_map(|(at, chunk)| {
            chunk.iter().enumerate().map(move |(place, entry)| ((at * CHUNK + place) as u32, entry))
        })
    }
}

impl<E> Paged<E> {
    /// Returns about how many bytes [`get_mut`](Self::get_mut) of a block adds to the table.
    pub(crate) fn growth(&self, block: u32) -> u64 {
        let at = block as usize / CHUNK;
        let pointers = (at + 1).saturating_sub(self.chunks.len()) * size_of::<Option<Arc<[E; CHUNK]>>>();
        let is_there = matches!(self.chunks.get(at), Some(Some(_)));
        (pointers + if is_there { 0 } else { CHUNK * size_of::<E>() }) as u64
    }
}

impl<E: Clone + Default> Paged<E> {
    /// Returns the entry of a block to change it.
    pub(crate) fn get_mut(&mut self, block: u32) -> &mut E {
        let block = block as usize;
        if self.chunks.len() <= block / CHUNK {
            self.chunks.resize(block / CHUNK + 1, None);
        }
        let chunk = self.chunks[block / CHUNK].get_or_insert_with(|| Arc::new(std::array::from_fn(|_| E::default())));
        &mut Arc::make_mut(chunk)[block % CHUNK]
    }
}

/// Tables by the number of a type, key or label.
#[derive(Debug)]
pub(crate) struct Family<E> {
    tables: Arc<Vec<Arc<Paged<E>>>>,
}

impl<E> Clone for Family<E> {
    fn clone(&self) -> Self {
        Self { tables: self.tables.clone() }
    }
}

impl<E> Default for Family<E> {
    fn default() -> Self {
        Self { tables: Arc::default() }
    }
}

impl<E> Family<E> {
    /// Returns the table of a number.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> Option<&Paged<E>> {
        self.tables.get(number).map(|table| &**table)
    }

    /// Returns the tables and their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Paged<E>)> {
        self.tables.iter().map(|table| &**table).enumerate()
    }

    /// Returns the table of a number to change it, making it if needed.
    pub(crate) fn get_mut(&mut self, number: usize) -> &mut Paged<E> {
        let tables = Arc::make_mut(&mut self.tables);
        if tables.len() <= number {
            tables.resize_with(number + 1, Arc::default);
        }
        Arc::make_mut(&mut tables[number])
    }
}

/// Places a group of a [`Sparse`] set.
const GROUP: usize = 32;

/// Values for some of a block's 1,024 places, two levels deep.
#[derive(Debug)]
pub(crate) struct Sparse<T> {
    groups: [Option<Arc<[Option<T>; GROUP]>>; BLOCK_LEN / GROUP],
}

impl<T> Clone for Sparse<T> {
    fn clone(&self) -> Self {
        Self { groups: self.groups.clone() }
    }
}

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self { groups: std::array::from_fn(|_| None) }
    }
}

impl<T> Sparse<T> {
    /// Returns the value in a place.
    #[inline]
    pub(crate) fn get(&self, local: usize) -> Option<&T> {
        self.groups[local / GROUP].as_ref()?[local % GROUP].as_ref()
    }

    /// Returns the places that have a value, with it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.groups.iter().enumerate().filter_map(|(at, group)| Some((at, group.as_ref()?))).flat_map(|(at, group)| {
            group.iter().enumerate().filter_map(move |(place, value)| Some((at * GROUP + place, value.as_ref()?)))
        })
    }
}

impl<T: Clone> Sparse<T> {
    /// Returns the value in a place to set it.
    pub(crate) fn get_mut(&mut self, local: usize) -> &mut Option<T> {
        let group = self.groups[local / GROUP].get_or_insert_with(|| Arc::new(std::array::from_fn(|_| None)));
        &mut Arc::make_mut(group)[local % GROUP]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut table = Paged::<u32>::default();
        *table.get_mut(5) = 1;
        let before = table.clone();
        *table.get_mut(5) = 2;
        *table.get_mut(700) = 3;
        assert_eq!((before.get(5), before.get(6), before.get(700)), (Some(&1), Some(&0), None));
        assert_eq!((table.get(5), table.get(700)), (Some(&2), Some(&3)));
        assert_eq!(table.iter().filter(|(_, value)| **value > 0).collect::<Vec<_>>(), [(5, &2), (700, &3)]);
    }

    #[test]
    fn sparse_places_are_independent() {
        let mut sparse = Sparse::default();
        *sparse.get_mut(1023) = Some("b");
        *sparse.get_mut(0) = Some("a");
        let before = sparse.clone();
        *sparse.get_mut(0) = None;
        assert!(before.iter().eq([(0, &"a"), (1023, &"b")]));
        assert!(sparse.iter().eq([(1023, &"b")]));
    }
}
