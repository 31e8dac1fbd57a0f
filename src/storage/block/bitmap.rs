//! A bit for each of 1,024 ids; nothing is stored where all or none are set.

use rkyv::{Archive, Serialize};

use super::{BLOCK_WORDS, open, seal};
use crate::{
    Error, Result,
    storage::{bytes::Bytes, key::BlockKey},
};

/// What is stored: no words where all bits equal `rest`, else sixteen.
#[derive(Archive, Serialize)]
struct BitmapRecord {
    words: Vec<u64>,
    rest: bool,
}

const _: () = assert!(size_of::<ArchivedBitmapRecord>() == 12 && align_of::<ArchivedBitmapRecord>() == 4);

/// A bitmap block, read: 128 bytes are copied out, so it pins nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BitmapBlock {
    words: [u64; BLOCK_WORDS],
}

impl BitmapBlock {
    /// Returns the bytes of a block.
    pub(crate) fn encode(key: &BlockKey, words: &[u64; BLOCK_WORDS]) -> Bytes {
        let is_all = words.iter().all(|&word| word == u64::MAX);
        let is_elided = is_all || words.iter().all(|&word| word == 0);
        let record = BitmapRecord { words: if is_elided { Vec::new() } else { words.to_vec() }, rest: is_all };
        seal(key, &record, 160)
    }

    /// Checks the bytes of a block and reads it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not what `key` must hold.
    pub(crate) fn pin(key: &BlockKey, bytes: Bytes) -> Result<Self> {
        let record = open::<ArchivedBitmapRecord>(key, &bytes)?;
        let words = match record.words.as_slice() {
            [] => [if record.rest { u64::MAX } else { 0 }; BLOCK_WORDS],
            words if words.len() == BLOCK_WORDS => std::array::from_fn(|at| words[at].to_native()),
            words => return Err(Error::corrupt(key, "16 words", words.len())),
        };
        Ok(Self { words })
    }

    /// Returns the bits, place `i` in bit `i % 64` of word `i / 64`.
    #[inline]
    pub(crate) fn words(&self) -> &[u64; BLOCK_WORDS] {
        &self.words
    }
}
