//! Which of a block's places are taken.

use super::{BLOCK_LEN, BLOCK_WORDS};

/// A bit for each place of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presence(pub(crate) [u64; BLOCK_WORDS]);

impl Presence {
    /// No place.
    pub(crate) const NONE: Self = Self([0; BLOCK_WORDS]);

    /// Returns the first `len` places.
    pub(crate) fn first(len: usize) -> Self {
        assert!(len <= BLOCK_LEN, "{len} places of {BLOCK_LEN}");
        let mut words = [0; BLOCK_WORDS];
        words[..len / 64].fill(u64::MAX);
        if !len.is_multiple_of(64) {
            words[len / 64] = (1 << (len % 64)) - 1;
        }
        Self(words)
    }

    /// Returns the places for which `is_taken` holds.
    pub(crate) fn from_fn(len: usize, is_taken: impl Fn(usize) -> bool) -> Self {
        let mut presence = Self::NONE;
        (0..len).filter(|&local| is_taken(local)).for_each(|local| presence.insert(local));
        presence
    }

    /// Adds a place.
    #[inline]
    pub(crate) fn insert(&mut self, local: usize) {
        self.0[local / 64] |= 1 << (local % 64);
    }

    /// Returns whether a place is taken.
    #[inline(always)]
    pub(crate) fn contains(&self, local: usize) -> bool {
        self.0[local / 64] >> (local % 64) & 1 != 0
    }

    /// Returns how many places are taken.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns one past the last place taken.
    pub(crate) fn end(&self) -> usize {
        let word = self.0.iter().rposition(|&word| word != 0);
        word.map_or(0, |word| word * 64 + 64 - self.0[word].leading_zeros() as usize)
    }

    /// Returns the places taken, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            std::iter::successors((word != 0).then_some(word), |word| Some(word & (word - 1)).filter(|&word| word != 0))
                .map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_end_count_and_iter_agree() {
        for len in [0, 1, 63, 64, 65, 1000, 1023, 1024] {
            let presence = Presence::first(len);
            assert_eq!((presence.end(), presence.count()), (len, len));
            assert!(presence.iter().eq(0..len));
            assert_eq!(presence, Presence::from_fn(len, |_| true));
        }
        let third = Presence::from_fn(1024, |local| local % 3 == 1);
        assert!(third.iter().eq((0..1024).filter(|local| local % 3 == 1)));
        assert_eq!(third.end(), 1022);
    }
}
