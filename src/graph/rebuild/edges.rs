//! Edges of both directions, from the ends of the relationships.
//!
//! An edge block holds all edges of its nodes, and relationships come in the order of their ids: so they are read again,
//! each time for as many blocks of nodes as edges fit the memory a pass may take.

use std::ops::Range;

use super::{GENERATION, PASS_PART, Rebuild, Strict, put};
use crate::{
    Error, Result,
    graph::{
        adjacency::AdjacencyPage,
        export::{has, look_words, places},
    },
    model::{Direction, LabelId, TypeId},
    storage::{AdjacencyBlock, BLOCK_LEN, BLOCK_WORDS, BlockKey, BlockKind, split},
};

/// An edge: type, node, neighbour, relationship; ordered by what comes first.
type Edge = [u32; 4];

impl Rebuild {
    /// Builds the edges of every relationship.
    pub(super) fn build_edges(&mut self) -> Result<()> {
        let edges_max = self.budget.max / PASS_PART / size_of::<Edge>() as u64;
        for (at, direction) in [Direction::Out, Direction::In].into_iter().enumerate() {
            let n_edges = std::mem::take(&mut self.n_edges[at]);
            let mut from = 0;
            while from < n_edges.len() {
                // At least one block; whatever its edges take, they are one block in the end.
                let mut to = from + 1;
                let mut n = u64::from(n_edges[from]);
                while to < n_edges.len() && n + u64::from(n_edges[to]) <= edges_max {
                    n += u64::from(n_edges[to]);
                    to += 1;
                }
                if n > 0 {
                    self.budget.check(n * size_of::<Edge>() as u64)?;
                    self.build_edges_of(direction, from as u32..to as u32, n as usize)?;
                }
                from = to;
            }
        }
        Ok(())
    }

    /// Builds the edges of some blocks of nodes.
    fn build_edges_of(&mut self, direction: Direction, blocks: Range<u32>, n_edges: usize) -> Result<()> {
        let mut edges: Vec<Edge> = Vec::with_capacity(n_edges);
        for block in 0..self.view.n_rel_blocks() {
            let alive = look_words(&self.view.rels_alive, block, &mut Strict)?.unwrap_or_default();
            let records = self.view.look_records(block, &mut Strict)?;
            for local in places(&alive) {
                let Some(record) = records[local] else {
                    return Err(Error::corrupt("a block of relationships just written", "ends", "none"));
                };
                let (node, neighbor) = match direction {
                    Direction::Out => (record.start, record.end),
                    Direction::In => (record.end, record.start),
                };
                if blocks.contains(&split(node.get()).0) {
                    let id = block * BLOCK_LEN as u32 + local as u32;
                    edges.push([record.rel_type.get(), node.get(), neighbor.get(), id]);
                }
            }
        }
        edges.sort_unstable_by_key(|edge| (split(edge[1]).0, *edge));
        for of_block in edges.chunk_by(|a, b| split(a[1]).0 == split(b[1]).0) {
            let (block, _) = split(of_block[0][1]);
            let labels = self.labels_of(block)?;
            for of_type in of_block.chunk_by(|a, b| a[0] == b[0]) {
                self.store_edges(direction, block, &labels, of_type)?;
            }
        }
        Ok(())
    }

    /// Stores the edges of a type at the nodes of a block, and counts them by the labels of those.
    fn store_edges(
        &mut self,
        direction: Direction,
        block: u32,
        labels: &[(LabelId, [u64; BLOCK_WORDS])],
        edges: &[Edge],
    ) -> Result<()> {
        let rel_type = edges[0][0];
        let mut offsets = [0u32; BLOCK_LEN + 1];
        edges.iter().for_each(|edge| offsets[split(edge[1]).1 + 1] += 1);
        for (label, words) in labels {
            let n: u64 = places(words).map(|local| u64::from(offsets[local + 1])).sum();
            if n > 0 {
                self.count_end(TypeId::new(rel_type), direction, *label, n)?;
            }
        }
        (0..BLOCK_LEN).for_each(|local| offsets[local + 1] += offsets[local]);
        let neighbors: Vec<u32> = edges.iter().map(|edge| edge[2]).collect();
        let rels: Vec<u32> = edges.iter().map(|edge| edge[3]).collect();
        let (kind, number) = match direction {
            Direction::Out => (BlockKind::OutAdjacency, 0),
            Direction::In => (BlockKind::InAdjacency, 1),
        };
        let key = BlockKey::new(kind, rel_type, block, GENERATION);
        let page: AdjacencyPage = self.page(key, AdjacencyBlock::encode(&key, &offsets, &neighbors, &rels))?;
        let family = if number == 0 { &mut self.view.out } else { &mut self.view.into };
        put(&mut self.budget, family.get_mut(rel_type as usize), block, page)
    }

    /// Returns the labels on nodes of a block.
    fn labels_of(&self, block: u32) -> Result<Vec<(LabelId, [u64; BLOCK_WORDS])>> {
        let mut labels = Vec::new();
        for (label, table) in self.view.labels.iter() {
            let words = look_words(table, block, &mut Strict)?.unwrap_or_default();
            if (0..BLOCK_LEN).any(|local| has(&words, local)) {
                labels.push((LabelId::new(label as u32), words));
            }
        }
        Ok(labels)
    }
}
