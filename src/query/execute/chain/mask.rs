//! Sets of nodes.

use std::{borrow::Cow, sync::Arc};

use crate::{
    Error,
    graph::{BLOCK_LEN, BLOCK_WORDS, Snapshot},
    model::{LabelId, NodeId},
};

/// A bit for each node of a block.
pub(super) type Words = [u64; BLOCK_WORDS];

/// The nodes of a place.
#[derive(Debug)]
pub(super) enum Mask {
    /// Every node.
    All,
    /// Every node of a label.
    Label(LabelId),
    /// These, and how many they are.
    Bits(Bits, usize),
    /// These, ascending.
    Ids(Vec<u32>),
}

/// A bit for each node.
#[derive(Debug, Clone)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Returns the empty set of a graph.
    pub(super) fn none(snapshot: &Snapshot) -> Self {
        Self(vec![0; snapshot.n_node_blocks() as usize * BLOCK_WORDS])
    }

    /// Returns the bits of a block.
    pub(super) fn block(&self, block: u32) -> &Words {
        let from = block as usize * BLOCK_WORDS;
        self.0[from..from + BLOCK_WORDS].try_into().expect("a block has so many words")
    }

    pub(super) fn block_mut(&mut self, block: u32) -> &mut [u64] {
        let from = block as usize * BLOCK_WORDS;
        &mut self.0[from..from + BLOCK_WORDS]
    }

    /// Returns whether a node is in it.
    #[inline(always)]
    pub(super) fn contains(&self, id: u32) -> bool {
        self.0.get(id as usize / 64).is_some_and(|word| word >> (id % 64) & 1 != 0)
    }

    /// Returns the nodes, ascending.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        self.0.iter().enumerate().flat_map(|(at, &word)| places(word).map(move |bit| at as u32 * 64 + bit))
    }
}

impl Mask {
    /// Returns the nodes of a block.
    pub(super) fn block(&self, snapshot: &Snapshot, block: u32) -> Result<Words, Error> {
        match self {
            Self::All => snapshot.node_words(block),
            Self::Label(label) => snapshot.label_words(*label, block),
            Self::Bits(bits, _) => Ok(*bits.block(block)),
            Self::Ids(ids) => {
                let mut words = [0; BLOCK_WORDS];
                let from = ids.partition_point(|&id| id < block * BLOCK_LEN as u32);
                for &id in ids[from..].iter().take_while(|&&id| id / BLOCK_LEN as u32 == block) {
                    words[id as usize % BLOCK_LEN / 64] |= 1 << (id % 64);
                }
                Ok(words)
            }
        }
    }

    /// Returns how many nodes it has.
    pub(super) fn n(&self, snapshot: &Snapshot) -> u64 {
        match self {
            Self::All => snapshot.n_nodes(),
            Self::Label(label) => snapshot.n_label(*label),
            Self::Bits(_, n) => *n as u64,
            Self::Ids(ids) => ids.len() as u64,
        }
    }

    /// Returns whether a node is in it.
    pub(super) fn contains(&self, snapshot: &Snapshot, id: u32) -> Result<bool, Error> {
        match self {
            Self::All => Ok(true),
            Self::Label(label) => snapshot.has_label(NodeId::new(id), *label),
            Self::Bits(bits, _) => Ok(bits.contains(id)),
            Self::Ids(ids) => Ok(ids.binary_search(&id).is_ok()),
        }
    }

    /// Returns it as bits; `None` where it is every node.
    pub(super) fn bits(self: &Arc<Self>, snapshot: &Snapshot) -> Result<Option<Bits>, Error> {
        match &**self {
            Self::All => Ok(None),
            Self::Bits(bits, _) => Ok(Some(bits.clone())),
            Self::Label(_) | Self::Ids(_) => {
                let mut bits = Bits::none(snapshot);
                for block in 0..snapshot.n_node_blocks() {
                    bits.block_mut(block).copy_from_slice(&self.block(snapshot, block)?);
                }
                Ok(Some(bits))
            }
        }
    }

    /// Returns the nodes, ascending, where they are listed or bits.
    pub(super) fn list(&self) -> Option<Cow<'_, [u32]>> {
        match self {
            Self::Ids(ids) => Some(Cow::Borrowed(ids)),
            Self::Bits(bits, _) => Some(Cow::Owned(bits.ids().collect())),
            Self::All | Self::Label(_) => None,
        }
    }
}

/// Returns the places of the bits that are set.
#[inline]
pub(super) fn places(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let place = word.trailing_zeros();
            word &= word - 1;
            place
        })
    })
}

/// Returns the nodes of a block.
pub(super) fn block_ids(block: u32, words: &Words) -> impl Iterator<Item = u32> {
    let base = block * BLOCK_LEN as u32;
    words.iter().enumerate().flat_map(move |(at, &word)| places(word).map(move |bit| base + at as u32 * 64 + bit))
}
