//! Keys of blocks: the only place where a key becomes bytes and back.
//!
//! `kind u8 | sub u32 | block u32 | generation u64`, all big-endian, so that the order of the bytes is the order of the
//! fields and all generations of one block lie side by side.

use std::fmt;

/// Bytes of an encoded key.
pub(crate) const KEY_LEN: usize = 1 + 4 + 4 + 8;

/// What a block holds. The numbers are part of the format: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum BlockKind {
    /// Edges by start node; `sub` is the relationship type.
    OutAdjacency = 1,
    /// Edges by end node; `sub` is the relationship type.
    InAdjacency = 2,
    /// A property of nodes; `sub` is the property key.
    NodeProperty = 3,
    /// A property of relationships; `sub` is the property key.
    RelProperty = 4,
    /// Which nodes have a label; `sub` is the label.
    NodeLabel = 5,
    /// Which nodes exist.
    NodeAlive = 6,
    /// Start nodes by relationship id.
    RelStart = 7,
    /// End nodes by relationship id.
    RelEnd = 8,
    /// Types by relationship id.
    RelType = 9,
    /// Salience by relationship id.
    RelSalience = 10,
    /// Which relationships exist.
    RelAlive = 11,
    /// A hash chunk of an index; `sub` is the index number, `block` the chunk.
    Index = 12,
    /// The dictionary and the list of indexes.
    Catalog = 13,
    /// Exact counts.
    Counts = 14,
    /// A segment of the page table.
    PageTable = 15,
    /// Reserved: ordered property indexes.
    OrderedIndex = 32,
    /// Reserved: embeddings.
    Embedding = 33,
    /// Reserved: archived facts.
    Archive = 34,
    /// Reserved: the ledger of forgetting.
    Ledger = 35,
    /// Reserved: columns of temporal values other than dates.
    Temporal = 36,
    /// Notes of the database about itself; `sub` is the table.
    Note = 37,
    /// Which relationships of a block the columns of types and ends tell of, where they tell of some only.
    RelPlaces = 38,
}

impl BlockKind {
    /// Every kind, in order.
    pub(crate) const ALL: [Self; 22] = [
        Self::OutAdjacency,
        Self::InAdjacency,
        Self::NodeProperty,
        Self::RelProperty,
        Self::NodeLabel,
        Self::NodeAlive,
        Self::RelStart,
        Self::RelEnd,
        Self::RelType,
        Self::RelSalience,
        Self::RelAlive,
        Self::Index,
        Self::Catalog,
        Self::Counts,
        Self::PageTable,
        Self::OrderedIndex,
        Self::Embedding,
        Self::Archive,
        Self::Ledger,
        Self::Temporal,
        Self::Note,
        Self::RelPlaces,
    ];

    /// Returns the kind of a number.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Names one block of one generation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BlockKey {
    /// What it holds.
    pub(crate) kind: BlockKind,
    /// Of which type, property key, label or index; 0 where the kind needs none.
    pub(crate) sub: u32,
    /// Which range of 1,024 ids.
    pub(crate) block: u32,
    /// The generation that wrote it.
    pub(crate) generation: u64,
}

impl BlockKey {
    /// Returns the key of these parts.
    pub(crate) const fn new(kind: BlockKind, sub: u32, block: u32, generation: u64) -> Self {
        Self { kind, sub, block, generation }
    }

    /// Returns the bytes of the key.
    pub(crate) fn encode(&self) -> [u8; KEY_LEN] {
        let mut bytes = [0; KEY_LEN];
        bytes[0] = self.kind as u8;
        bytes[1..5].copy_from_slice(&self.sub.to_be_bytes());
        bytes[5..9].copy_from_slice(&self.block.to_be_bytes());
        bytes[9..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }

    /// Returns the key of these bytes, or `None` where they are no key.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; KEY_LEN] = bytes.try_into().ok()?;
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let generation = u64::from(word(9)) << 32 | u64::from(word(13));
        Some(Self { kind: BlockKind::from_number(bytes[0])?, sub: word(1), block: word(5), generation })
    }
}

impl fmt::Display for BlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {:?}/{}/{} of generation {}", self.kind, self.sub, self.block, self.generation)
    }
}

impl fmt::Debug for BlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_golden_and_ordered_like_keys() {
        let key = BlockKey::new(BlockKind::InAdjacency, 0x0102_0304, 5, 0x0607);
        assert_eq!(key.encode(), [2, 1, 2, 3, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 6, 7]);
        let numbers = [0, 1, 255, 256, u32::MAX];
        let mut keys = Vec::new();
        for kind in BlockKind::ALL {
            for sub in numbers {
                for block in numbers {
                    for generation in [0, 1, 256, u64::MAX] {
                        keys.push(BlockKey::new(kind, sub, block, generation));
                    }
                }
            }
        }
        assert!(keys.is_sorted());
        assert!(keys.iter().map(BlockKey::encode).is_sorted());
        assert!(keys.iter().all(|key| BlockKey::decode(&key.encode()) == Some(*key)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(BlockKey::decode(&[]), None);
        assert_eq!(BlockKey::decode(&[0; KEY_LEN]), None);
        assert_eq!(BlockKey::decode(&[1; KEY_LEN + 1]), None);
    }
}
