//! The edges of 1,024 nodes in one direction and of one type.
//!
//! Dense: 1,025 offsets into the neighbours. Sparse, where at most [`SPARSE_NODES_MAX`] nodes have edges: a bitmap of
//! those nodes, the number of nodes before each word of it, and offsets for those nodes only; a lookup is one
//! population count more. Relationship ids are left out where they are consecutive, as bulk loads number them in the
//! order of start nodes.

use rkyv::{Archive, Serialize};

use super::{
    BLOCK_LEN, BLOCK_WORDS, Presence, open, seal,
    view::{View, check_offsets},
};
use crate::{
    Error, Result,
    storage::{bytes::Bytes, key::BlockKey},
};

/// Up to so many nodes with edges the sparse form is chosen: a quarter of the block, where it takes under a third of
/// the offsets; above, a whole-block loop over plain offsets is worth more than the bytes.
const SPARSE_NODES_MAX: usize = BLOCK_LEN / 4;

/// What is stored. Sparse when `words` is not empty; relationship ids are a run from `rel_first` when `rels` is empty.
#[derive(Archive, Serialize)]
struct AdjacencyRecord {
    words: Vec<u64>,
    ranks: Vec<u16>,
    offsets: Vec<u32>,
    neighbors: Vec<u32>,
    rels: Vec<u32>,
    rel_first: u32,
}

const _: () = assert!(size_of::<ArchivedAdjacencyRecord>() == 44 && align_of::<ArchivedAdjacencyRecord>() == 4);

/// A pinned block of edges.
#[derive(Clone)]
pub(crate) struct AdjacencyBlock {
    offsets: View<u32>,
    neighbors: View<u32>,
    /// Empty when the ids are a run.
    rels: View<u32>,
    rel_first: u32,
    /// Of the sparse form only.
    sparse: Option<Box<Sparse>>,
}

#[derive(Clone)]
struct Sparse {
    words: View<u64>,
    ranks: View<u16>,
}

/// The relationship ids beside some neighbours.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RelIds<'a> {
    /// One each.
    Slice(&'a [u32]),
    /// Consecutive.
    Run {
        /// The first id.
        first: u32,
        /// How many.
        len: usize,
    },
}

impl<'a> RelIds<'a> {
    /// Returns how many ids there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Slice(ids) => ids.len(),
            Self::Run { len, .. } => *len,
        }
    }

    /// Returns the id beside the neighbour at `index`.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> u32 {
        match self {
            Self::Slice(ids) => ids[index],
            Self::Run { first, .. } => first + index as u32,
        }
    }

    /// Returns the ids in order.
    #[inline]
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        let ids = *self;
        (0..ids.len()).map(move |index| ids.get(index))
    }
}

impl AdjacencyBlock {
    /// Returns the bytes of a block. `offsets` may be a window of a larger array: `offsets[i]..offsets[i + 1]`, both
    /// less `offsets[0]`, are the edges of the node in place `i`. At most 1,025; places past the last have no edges.
    ///
    /// # Panics
    /// When the lengths do not fit each other.
    pub(crate) fn encode(key: &BlockKey, offsets: &[u32], neighbors: &[u32], rels: &[u32]) -> Bytes {
        let n_nodes = offsets.len().checked_sub(1).expect("offsets hold at least their end");
        assert!(n_nodes <= BLOCK_LEN, "a block has {BLOCK_LEN} nodes, not {n_nodes}");
        assert_eq!(neighbors.len(), rels.len(), "an id for each neighbour");
        assert_eq!(neighbors.len(), (offsets[n_nodes] - offsets[0]) as usize, "an offset for each neighbour");
        let is_run = rels.iter().enumerate().all(|(index, &rel)| Some(rel) == rels[0].checked_add(index as u32));
        let has_edges = Presence::from_fn(n_nodes, |local| offsets[local] < offsets[local + 1]);
        let mut record = AdjacencyRecord {
            words: Vec::new(),
            ranks: Vec::new(),
            offsets: Vec::new(),
            neighbors: neighbors.to_vec(),
            rels: if is_run { Vec::new() } else { rels.to_vec() },
            rel_first: if is_run { rels.first().copied().unwrap_or(0) } else { 0 },
        };
        if has_edges.count() <= SPARSE_NODES_MAX {
            record.words = has_edges.0.to_vec();
            record.ranks = ranks_of(&has_edges.0).to_vec();
            record.offsets.push(0);
            record.offsets.extend(has_edges.iter().map(|local| offsets[local + 1] - offsets[0]));
        } else {
            record.offsets.extend(offsets.iter().map(|offset| offset - offsets[0]));
            record.offsets.resize(BLOCK_LEN + 1, neighbors.len() as u32);
        }
        let size = 256 + 4 * (record.offsets.len() + record.neighbors.len() + record.rels.len());
        seal(key, &record, size)
    }

    /// Checks the bytes of a block and makes it readable.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not what `key` must hold.
    pub(crate) fn pin(key: &BlockKey, bytes: Bytes) -> Result<Self> {
        let record = open::<ArchivedAdjacencyRecord>(key, &bytes)?;
        let block = Self {
            offsets: View::new(&bytes, &record.offsets),
            neighbors: View::new(&bytes, &record.neighbors),
            rels: View::new(&bytes, &record.rels),
            rel_first: record.rel_first.to_native(),
            sparse: (!record.words.is_empty()).then(|| {
                Box::new(Sparse { words: View::new(&bytes, &record.words), ranks: View::new(&bytes, &record.ranks) })
            }),
        };
        check_offsets(block.offsets.as_slice(), block.n_edges(), key)?;
        let n_offsets = match &block.sparse {
            None => BLOCK_LEN + 1,
            Some(sparse) => {
                let words: &[u64; BLOCK_WORDS] = (sparse.words.as_slice().try_into())
                    .map_err(|_| Error::corrupt(key, "16 words of nodes", sparse.words.as_slice().len()))?;
                if sparse.ranks.as_slice() != ranks_of(words) {
                    return Err(Error::corrupt(
                        key,
                        "ranks of its nodes",
                        format_args!("{:?}", sparse.ranks.as_slice()),
                    ));
                }
                Presence(*words).count() + 1
            }
        };
        if block.offsets.as_slice().len() != n_offsets {
            return Err(Error::corrupt(key, format_args!("{n_offsets} offsets"), block.offsets.as_slice().len()));
        }
        block.check_order(key)?;
        let n_rels = block.rels.as_slice().len();
        let is_whole = match n_rels {
            0 => block.n_edges() == 0 || block.rel_first.checked_add(block.n_edges() as u32 - 1).is_some(),
            n => n == block.n_edges(),
        };
        if !is_whole {
            return Err(Error::corrupt(key, format_args!("{} relationship ids", block.n_edges()), n_rels));
        }
        Ok(block)
    }

    /// Checks that each node's neighbours ascend, which joins rely on: the neighbours fall nowhere but between nodes.
    fn check_order(&self, key: &BlockKey) -> Result<()> {
        let neighbors = self.neighbors.as_slice();
        // Sums without a branch, so that many are done at a time: every pin passes here.
        let n_falls: u32 = neighbors.windows(2).map(|pair| u32::from(pair[0] > pair[1])).sum();
        if n_falls == 0 {
            return Ok(());
        }
        let mut n_between = 0;
        let mut last = 0;
        for &at in self.offsets.as_slice() {
            let at = at as usize;
            if at != last && at < neighbors.len() {
                n_between += u32::from(neighbors[at - 1] > neighbors[at]);
                last = at;
            }
        }
        if n_falls != n_between {
            let found = format_args!("{} that fall", n_falls - n_between);
            return Err(Error::corrupt(key, "neighbours in order", found));
        }
        Ok(())
    }

    /// Checks that neighbours and relationships are below what the graph has.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where one is not.
    pub(crate) fn check_ids(&self, key: &BlockKey, nodes_end: u32, rels_end: u32) -> Result<()> {
        // Neighbours ascend, so each node's last tells of all. Sums without a branch, as in `check_order`.
        let neighbors = self.neighbors.as_slice();
        let lasts = self.offsets.as_slice().iter().filter_map(|&at| neighbors.get((at as usize).wrapping_sub(1)));
        let n_bad_nodes: u32 = lasts.map(|&id| u32::from(id >= nodes_end)).sum();
        let n_bad_rels: u32 = match self.rels.as_slice() {
            [] => self.n_edges().checked_sub(1).map_or(0, |last| u32::from(self.rel_first + last as u32 >= rels_end)),
            rels => rels.iter().map(|&id| u32::from(id >= rels_end)).sum(),
        };
        if n_bad_nodes + n_bad_rels > 0 {
            let expected = format_args!("nodes below {nodes_end}, relationships below {rels_end}");
            return Err(Error::corrupt(key, expected, "others"));
        }
        Ok(())
    }

    /// Returns how many edges the block holds.
    #[inline]
    pub(crate) fn n_edges(&self) -> usize {
        self.neighbors.as_slice().len()
    }

    /// Returns neighbours and relationship ids of the node in place `local`.
    #[inline]
    pub(crate) fn edges(&self, local: usize) -> (&[u32], RelIds<'_>) {
        let (from, to) = self.range(local);
        let neighbors = &self.neighbors.as_slice()[from..to];
        let rels = self.rels.as_slice();
        if rels.is_empty() {
            // A node without edges behind the last one has no first id either.
            (neighbors, RelIds::Run { first: self.rel_first.wrapping_add(from as u32), len: to - from })
        } else {
            (neighbors, RelIds::Slice(&rels[from..to]))
        }
    }

    /// Returns the neighbours of the node in place `local`.
    #[inline]
    pub(crate) fn neighbors(&self, local: usize) -> &[u32] {
        let (from, to) = self.range(local);
        &self.neighbors.as_slice()[from..to]
    }

    /// Returns how many edges the node in place `local` has.
    #[inline]
    pub(crate) fn degree(&self, local: usize) -> usize {
        let (from, to) = self.range(local);
        to - from
    }

    /// Returns the 1,025 offsets and the neighbours of a dense block, for loops over all of it.
    #[inline]
    pub(crate) fn offsets_neighbors(&self) -> Option<(&[u32; BLOCK_LEN + 1], &[u32])> {
        let offsets = self.offsets.as_slice().try_into().ok()?;
        self.sparse.is_none().then(|| (offsets, self.neighbors.as_slice()))
    }

    #[inline(always)]
    fn range(&self, local: usize) -> (usize, usize) {
        let offsets = self.offsets.as_slice();
        let at = match &self.sparse {
            None => local,
            Some(sparse) => match sparse.rank(local) {
                Some(rank) => rank,
                None => return (0, 0),
            },
        };
        (offsets[at] as usize, offsets[at + 1] as usize)
    }
}

impl Sparse {
    /// Returns how many nodes with edges come before this one, or `None` where it has none.
    #[inline]
    fn rank(&self, local: usize) -> Option<usize> {
        let (at, bit) = (local / 64, local % 64);
        let word = self.words.as_slice()[at];
        let before = word & ((1 << bit) - 1);
        (word >> bit & 1 != 0).then(|| self.ranks.as_slice()[at] as usize + before.count_ones() as usize)
    }
}

fn ranks_of(words: &[u64; BLOCK_WORDS]) -> [u16; BLOCK_WORDS] {
    let mut rank = 0;
    words.map(|word| {
        let before = rank;
        rank += word.count_ones() as u16;
        before
    })
}
