//! Edges by node: the pinned block of 1,024 nodes, and what changed since it was written.

use std::sync::Arc;

use super::{
    base::Layered,
    paged::{Paged, Sparse},
};
use crate::{
    Result,
    model::NodeId,
    storage::{AdjacencyBlock, BLOCK_LEN, RelIds, split},
};

/// The edges of one direction and type, by block of nodes.
pub(crate) type AdjacencyTable = Paged<AdjacencyPage>;

/// The edges of a block of nodes.
pub(crate) type AdjacencyPage = Layered<AdjacencyBlock, AdjacencyDelta>;

/// What changed at the nodes of a block.
pub(crate) type AdjacencyDelta = Sparse<Arc<NodeDelta>>;

/// An edge as seen from one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Edge {
    pub(crate) neighbor: u32,
    pub(crate) rel: u32,
}

/// No relationships, beside no neighbours.
const NO_RELS: RelIds<'static> = RelIds::Run { first: 0, len: 0 };

/// Edges a full piece of a [`NodeDelta`]: a busy node's changes are shared, not copied, but for the last piece.
const PIECE: usize = 128;

/// What changed at one node.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeDelta {
    /// Added edges, in order of creation: full pieces, then the tail.
    full: Vec<Arc<[Edge]>>,
    tail: Vec<Edge>,
    /// Relationships of the base that are gone, ascending.
    removed: Vec<u32>,
    /// Edges of the base that were gone and are there again, in their old place.
    returned: Vec<Edge>,
}

impl NodeDelta {
    /// Returns the edges added, in order of creation.
    pub(crate) fn added(&self) -> impl Iterator<Item = Edge> + '_ {
        self.full.iter().flat_map(|piece| piece.iter()).chain(&self.tail).copied()
    }

    /// Returns how many edges were added.
    pub(crate) fn n_added(&self) -> usize {
        self.full.len() * PIECE + self.tail.len()
    }

    /// Returns the relationships of the base that are gone, ascending.
    #[cfg(test)]
    pub(crate) fn removed(&self) -> &[u32] {
        &self.removed
    }

    /// Adds an edge. One of the base that was removed is there again where it was.
    pub(crate) fn add(&mut self, edge: Edge) {
        if let Ok(at) = self.removed.binary_search(&edge.rel) {
            self.removed.remove(at);
            self.returned.push(edge);
        } else {
            self.push(edge);
        }
    }

    fn push(&mut self, edge: Edge) {
        self.tail.push(edge);
        if self.tail.len() == PIECE {
            self.full.push(std::mem::take(&mut self.tail).into());
        }
    }

    /// Removes an edge: an added one, or else one of the base.
    pub(crate) fn remove(&mut self, rel: u32) {
        if self.added().any(|edge| edge.rel == rel) {
            let kept: Vec<Edge> = self.added().filter(|edge| edge.rel != rel).collect();
            self.full.clear();
            self.tail.clear();
            kept.into_iter().for_each(|edge| self.push(edge));
        } else if let Err(at) = self.removed.binary_search(&rel) {
            self.removed.insert(at, rel);
            self.returned.retain(|edge| edge.rel != rel);
        }
    }

    /// Returns whether nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.tail.is_empty() && self.removed.is_empty()
    }

    /// Returns this change as one to a base that has `folded` in it already.
    pub(crate) fn rebase(&self, folded: &Self) -> Self {
        let mut rest = Self::default();
        let known: rustc_hash::FxHashSet<u32> = folded.added().map(|edge| edge.rel).collect();
        let mut kept = rustc_hash::FxHashSet::default();
        for edge in self.added() {
            if known.contains(&edge.rel) {
                kept.insert(edge.rel);
            } else {
                rest.push(edge);
            }
        }
        for edge in &self.returned {
            if folded.removed.binary_search(&edge.rel).is_ok() {
                rest.push(*edge);
            } else {
                rest.returned.push(*edge);
            }
        }
        rest.removed = self.removed.iter().filter(|rel| folded.removed.binary_search(rel).is_err()).copied().collect();
        rest.removed.extend(known.difference(&kept));
        rest.removed.sort_unstable();
        rest
    }
}

/// The edges of one direction and type. Copy, found once for an operator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adjacency<'a> {
    table: Option<&'a AdjacencyTable>,
}

impl<'a> Adjacency<'a> {
    pub(super) const fn new(table: Option<&'a AdjacencyTable>) -> Self {
        Self { table }
    }

    /// Returns how many edges a node has.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    #[inline]
    pub(crate) fn degree(self, node: NodeId) -> Result<u32> {
        let (block, local) = split(node.get());
        let Some(page) = self.page(block) else { return Ok(0) };
        let base = page.base()?.map_or(0, |base| base.degree(local));
        let delta = page.delta.as_ref().and_then(|delta| delta.get(local));
        let (n_added, n_removed) = delta.map_or((0, 0), |delta| (delta.n_added(), delta.removed.len()));
        Ok((base + n_added).saturating_sub(n_removed) as u32)
    }

    /// Returns a node's edges.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    #[inline]
    pub(crate) fn edges(self, node: NodeId) -> Result<Edges<'a>> {
        let (block, local) = split(node.get());
        let Some(page) = self.page(block) else { return Ok(Edges::NONE) };
        let (neighbors, rels) = match page.base()? {
            Some(base) => base.edges(local),
            None => (&[][..], NO_RELS),
        };
        let delta = page.delta.as_ref().and_then(|delta| delta.get(local)).map(|delta| &**delta);
        Ok(Edges { neighbors, rels, delta })
    }

    /// Returns the block of 1,024 nodes from `block * 1024`, where nothing changed since it was written.
    ///
    /// # Errors
    /// `Corrupt` where it is damaged.
    pub(crate) fn clean_block(self, block: u32) -> Result<CleanBlock<'a>> {
        match self.page(block) {
            None => Ok(CleanBlock::Empty),
            Some(page) if page.delta.is_some() => Ok(CleanBlock::Changed),
            Some(page) => Ok(page.base()?.map_or(CleanBlock::Empty, CleanBlock::Whole)),
        }
    }

    #[inline(always)]
    fn page(self, block: u32) -> Option<&'a AdjacencyPage> {
        self.table?.get(block)
    }
}

/// A block of nodes' edges, for loops over all of it.
#[derive(Clone, Copy)]
pub(crate) enum CleanBlock<'a> {
    /// No node of the block has edges.
    Empty,
    /// The block says it all.
    Whole(&'a AdjacencyBlock),
    /// There are changes: go node by node.
    Changed,
}

/// A node's edges.
#[derive(Clone, Copy)]
pub(crate) struct Edges<'a> {
    neighbors: &'a [u32],
    rels: RelIds<'a>,
    delta: Option<&'a NodeDelta>,
}

impl<'a> Edges<'a> {
    const NONE: Self = Self { neighbors: &[], rels: NO_RELS, delta: None };

    /// Returns how many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let delta = self.delta.map_or((0, 0), |delta| (delta.n_added(), delta.removed.len()));
        (self.neighbors.len() + delta.0).saturating_sub(delta.1)
    }

    /// Returns the neighbours, ascending, where nothing changed since the block was written.
    #[inline(always)]
    pub(crate) fn neighbors_slice(&self) -> Option<&'a [u32]> {
        if self.delta.is_none() { Some(self.neighbors) } else { None }
    }

    /// Returns the relationships beside [`neighbors_slice`](Self::neighbors_slice).
    #[inline(always)]
    pub(crate) fn rels(&self) -> RelIds<'a> {
        self.rels
    }

    /// Visits every edge: the block's by neighbour, then those added since.
    #[inline]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u32, u32)) {
        match self.delta {
            None => {
                for (at, &neighbor) in self.neighbors.iter().enumerate() {
                    visit(neighbor, self.rels.get(at));
                }
            }
            Some(delta) => {
                for (at, &neighbor) in self.neighbors.iter().enumerate() {
                    let rel = self.rels.get(at);
                    if delta.removed.is_empty() || delta.removed.binary_search(&rel).is_err() {
                        visit(neighbor, rel);
                    }
                }
                delta.added().for_each(|edge| visit(edge.neighbor, edge.rel));
            }
        }
    }

    /// Adds the neighbours, and the relationships beside them, to the ends of two lists.
    #[inline]
    pub(crate) fn append_to(&self, neighbors: &mut Vec<u32>, rels: Option<&mut Vec<u32>>) {
        match (self.delta, rels) {
            (None, None) => neighbors.extend_from_slice(self.neighbors),
            (None, Some(rels)) => {
                neighbors.extend_from_slice(self.neighbors);
                rels.extend(self.rels.iter());
            }
            (Some(_), None) => self.for_each(|neighbor, _| neighbors.push(neighbor)),
            (Some(_), Some(rels)) => self.for_each(|neighbor, rel| {
                neighbors.push(neighbor);
                rels.push(rel);
            }),
        }
    }
}

/// All edges of a block in the order of their nodes: what folding and bulk loading rewrite.
#[derive(Debug, Default)]
pub(crate) struct BlockEdges {
    pub(crate) offsets: Vec<u32>,
    pub(crate) neighbors: Vec<u32>,
    pub(crate) rels: Vec<u32>,
}

impl BlockEdges {
    /// Returns the live edges of a page with `more` (sorted by local place) merged in; each node's edges sorted by
    /// neighbour, then relationship.
    pub(crate) fn merge(page: Option<&AdjacencyPage>, more: &[(u16, Edge)]) -> Result<Self> {
        let base = page.map(|page| page.base()).transpose()?.flatten();
        let delta = page.and_then(|page| page.delta.as_ref());
        let mut merged = Self { offsets: Vec::with_capacity(BLOCK_LEN + 1), ..Self::default() };
        let n_base = base.map_or(0, |base| base.n_edges());
        merged.neighbors.reserve(n_base + more.len());
        merged.rels.reserve(n_base + more.len());
        let mut edges: Vec<Edge> = Vec::new();
        let mut more = more.iter().peekable();
        merged.offsets.push(0);
        for local in 0..BLOCK_LEN {
            edges.clear();
            let (neighbors, rels) = base.map_or((&[][..], NO_RELS), |base| base.edges(local));
            let changes = delta.and_then(|delta| delta.get(local)).map(|delta| &**delta);
            Edges { neighbors, rels, delta: changes }.for_each(|neighbor, rel| edges.push(Edge { neighbor, rel }));
            let n_sorted = if changes.is_none() { edges.len() } else { 0 };
            while let Some((_, edge)) = more.next_if(|(place, _)| *place as usize == local) {
                edges.push(*edge);
            }
            if edges.len() > n_sorted {
                edges.sort_unstable();
            }
            merged.neighbors.extend(edges.iter().map(|edge| edge.neighbor));
            merged.rels.extend(edges.iter().map(|edge| edge.rel));
            merged.offsets.push(merged.neighbors.len() as u32);
        }
        Ok(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(neighbor: u32, rel: u32) -> Edge {
        Edge { neighbor, rel }
    }

    #[test]
    fn a_busy_nodes_pieces_are_shared_and_removal_finds_them() {
        let mut delta = NodeDelta::default();
        (0..1000).for_each(|n| delta.add(edge(n, n)));
        let before = delta.clone();
        delta.remove(500);
        delta.remove(5000);
        assert_eq!((delta.n_added(), delta.removed()), (999, &[5000][..]));
        assert_eq!(before.n_added(), 1000);
        assert!(before.added().map(|edge| edge.rel).eq(0..1000));
    }

    #[test]
    fn a_rebased_change_on_the_folded_base_gives_the_same_edges() {
        // The base has relationships 0-9; rels 10.. are added.
        let mut folded = NodeDelta::default();
        [10, 11, 12].into_iter().for_each(|rel| folded.add(edge(rel, rel)));
        folded.remove(3);
        let mut now = folded.clone();
        now.add(edge(13, 13));
        now.remove(11);
        now.remove(4);
        let live = |base: &[u32], delta: &NodeDelta| -> Vec<u32> {
            let mut rels: Vec<u32> = base.iter().filter(|rel| !delta.removed().contains(rel)).copied().collect();
            rels.extend(delta.added().map(|edge| edge.rel));
            rels.sort_unstable();
            rels
        };
        let base: Vec<u32> = (0..10).collect();
        let new_base = live(&base, &folded);
        let rest = now.rebase(&folded);
        assert_eq!(live(&new_base, &rest), live(&base, &now));
        assert_eq!((rest.n_added(), rest.removed()), (1, &[4, 11][..]));
        assert!(now.rebase(&now).is_empty());
    }

    /// Edges come, go and come back; at any moment the changes are folded into the base and go on from there.
    #[test]
    fn edges_that_come_back_are_there_once_whenever_changes_are_folded() {
        use std::collections::BTreeSet;

        use crate::graph::tests::Random;

        let live = |base: &[u32], delta: &NodeDelta| -> Vec<u32> {
            let mut rels: Vec<u32> = base.iter().filter(|rel| !delta.removed().contains(rel)).copied().collect();
            rels.extend(delta.added().map(|edge| edge.rel));
            rels.sort_unstable();
            rels
        };
        let mut random = Random(5);
        for _ in 0..300 {
            let mut base: Vec<u32> = (0..random.below(8) as u32).collect();
            let mut model: BTreeSet<u32> = base.iter().copied().collect();
            let mut delta = NodeDelta::default();
            let mut folding: Option<NodeDelta> = None;
            for _ in 0..60 {
                let rel = random.below(12) as u32;
                if model.remove(&rel) {
                    delta.remove(rel);
                } else {
                    model.insert(rel);
                    delta.add(Edge { neighbor: rel % 3, rel });
                }
                assert!(live(&base, &delta).into_iter().eq(model.iter().copied()));
                match (random.below(6), folding.take()) {
                    (0, None) => folding = Some(delta.clone()),
                    (1, Some(folded)) => {
                        delta = delta.rebase(&folded);
                        base = live(&base, &folded);
                        assert!(live(&base, &delta).into_iter().eq(model.iter().copied()));
                    }
                    (_, waiting) => folding = waiting,
                }
            }
        }
    }
}
