//! A hash table that grows in small steps.
//!
//! A table that is full moves everything to one of twice the size: with tens of millions of entries that takes a second,
//! in which nobody can stop the statement. This one is cut into pieces once it is large, and each piece grows by itself.

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

use rustc_hash::{FxBuildHasher, FxHashMap};

/// Entries up to which there is one piece: moving so many takes about a millisecond.
const WHOLE_MAX: usize = 1 << 16;

/// The pieces of a large table; a power of two. A billion entries are four million a piece.
const PIECES: usize = 256;

/// A map from keys to values.
pub(super) struct Table<K, V> {
    /// One, or [`PIECES`].
    pieces: Vec<FxHashMap<K, V>>,
    len: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { pieces: vec![FxHashMap::default()], len: 0 }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// Returns the number of entries.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Drops the entries; a small table keeps its memory.
    pub(super) fn clear(&mut self) {
        self.pieces.truncate(1);
        self.pieces[0].clear();
        self.len = 0;
    }

    /// Returns the value of a key.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.pieces[self.piece_of(key)].get(key)
    }

    /// Sets the value of a key; returns whether the key is new.
    pub(super) fn insert(&mut self, key: K, value: V) -> bool {
        if self.len == WHOLE_MAX && self.pieces.len() == 1 {
            self.cut();
        }
        let piece = self.piece_of(&key);
        let is_new = self.pieces[piece].insert(key, value).is_none();
        self.len += usize::from(is_new);
        is_new
    }

    /// Takes the entries out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (K, V)> {
        std::mem::take(self).pieces.into_iter().flatten()
    }

    fn cut(&mut self) {
        let whole = std::mem::take(&mut self.pieces[0]);
        self.pieces.resize_with(PIECES, FxHashMap::default);
        for (key, value) in whole {
            let piece = self.piece_of(&key);
            self.pieces[piece].insert(key, value);
        }
    }

    #[inline]
    fn piece_of<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        if self.pieces.len() == 1 {
            return 0;
        }
        // Of all bits of the hash: a piece looks at some of them again, and must find them different.
        let hash = FxBuildHasher.hash_one(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> (u64::BITS - PIECES.trailing_zeros())) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_the_same_whole_and_in_pieces() {
        let mut table = Table::default();
        let n = 3 * WHOLE_MAX as u64;
        for key in 0..n {
            assert!(table.insert(key << 20, key));
            assert!(!table.insert(key << 20, key + 1));
        }
        assert_eq!((table.len(), table.pieces.len()), (n as usize, PIECES));
        assert!((0..n).all(|key| table.get(&(key << 20)) == Some(&(key + 1)) && table.get(&(key << 20 | 1)).is_none()));
        let most = table.pieces.iter().map(FxHashMap::len).max();
        assert!(most.is_some_and(|most| most < 2 * n as usize / PIECES), "{most:?} entries in a piece");
        let mut values: Vec<u64> = table.drain().map(|(_, value)| value).collect();
        values.sort_unstable();
        assert!(values.into_iter().eq(1..=n));
        table.insert(1, 1);
        table.clear();
        assert_eq!((table.len(), table.get(&1)), (0, None));
    }
}
