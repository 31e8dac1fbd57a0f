//! Sums over the relationships of a node, and products of them.

use std::sync::{Arc, OnceLock};

use super::{
    mask::{Bits, Mask, Words, places},
    ring::Ring,
    walk::Hop,
    weigh::Lift,
};
use crate::{
    Error,
    graph::{Adjacency, BLOCK_LEN, BLOCK_WORDS, CleanBlock, Edges, Snapshot},
    model::{Direction, NodeId},
};

/// The weights of the nodes at one place of the pattern.
#[derive(Debug)]
pub(super) enum Weights<S> {
    /// One for each node of the mask, or what is measured there.
    Leaf { mask: Arc<Mask>, lifted: bool },
    /// Those that are not zero, by ascending node.
    Sparse(Vec<(u32, S)>),
    /// By node.
    Dense(Vec<S>),
}

/// Weights as loops read them.
pub(super) enum Access<S> {
    /// One everywhere.
    One,
    Bits(Bits),
    Dense(Dense<S>),
    /// What is measured, where the bits are set.
    Lift(Option<Bits>),
}

/// Weights by node: a loop's own, or those of a branch.
pub(super) enum Dense<S> {
    Own(Vec<S>),
    Shared(Arc<Weights<S>>),
}

/// The relationships of one type and direction.
#[derive(Clone, Copy)]
pub(super) struct Lane<'a> {
    pub(super) adjacency: Adjacency<'a>,
    pub(super) loops: Loops,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Loops {
    Kept,
    Skipped,
    Only,
}

/// The weights of a branch, and how loops read them once they were prepared to.
pub(super) struct Branch<S> {
    pub(super) weights: Arc<Weights<S>>,
    pub(super) access: OnceLock<Access<S>>,
}

impl<S> Branch<S> {
    pub(super) fn new(weights: &Arc<Weights<S>>) -> Self {
        Self { weights: weights.clone(), access: OnceLock::new() }
    }

    #[inline]
    pub(super) fn access(&self) -> &Access<S> {
        self.access.get().expect("branches are prepared before they are read")
    }
}

/// A sum over the relationships of a node.
pub(super) struct Term<'a, S> {
    pub(super) hop: Hop,
    pub(super) lanes: Vec<Lane<'a>>,
    pub(super) branch: Branch<S>,
    /// A second weight of the nodes that the relationships lead to.
    pub(super) also: Option<Branch<S>>,
    /// The node of the pattern they lead to.
    pub(super) far: usize,
}

/// A product of sums, less what they count twice.
pub(super) struct Factor<'a, S> {
    pub(super) plus: Vec<Term<'a, S>>,
    pub(super) minus: Option<Term<'a, S>>,
    /// What `minus` is multiplied with, at the node itself.
    pub(super) minus_times: Option<Branch<S>>,
    pub(super) cost: f64,
}

impl<S> Dense<S> {
    #[inline(always)]
    pub(super) fn slice(&self) -> &[S] {
        match self {
            Self::Own(weights) => weights,
            Self::Shared(weights) => match &**weights {
                Weights::Dense(weights) => weights,
                _ => unreachable!("only dense weights are shared"),
            },
        }
    }
}

impl<S: Ring> Access<S> {
    #[inline]
    pub(super) fn at(&self, id: u32, lift: Option<Lift<'_, S>>) -> Result<S, Error> {
        match self {
            Self::One => Ok(S::ONE),
            Self::Bits(bits) => Ok(if bits.contains(id) { S::ONE } else { S::ZERO }),
            Self::Dense(dense) => Ok(dense.slice()[id as usize]),
            Self::Lift(bits) => match lift {
                Some(lift) if bits.as_ref().is_none_or(|bits| bits.contains(id)) => lift(id),
                _ => Ok(S::ZERO),
            },
        }
    }
}

impl Lane<'_> {
    #[inline(always)]
    pub(super) fn for_each(&self, from: u32, edges: &Edges<'_>, mut visit: impl FnMut(u32)) {
        match (self.loops, edges.neighbors_slice()) {
            (Loops::Kept, Some(neighbors)) => neighbors.iter().for_each(|&to| visit(to)),
            (Loops::Kept, None) => edges.for_each(|to, _| visit(to)),
            (Loops::Skipped, _) => edges.for_each(|to, _| {
                if to != from {
                    visit(to);
                }
            }),
            (Loops::Only, Some(neighbors)) => {
                let start = neighbors.partition_point(|&to| to < from);
                neighbors[start..].iter().take_while(|&&to| to == from).for_each(|&to| visit(to));
            }
            (Loops::Only, None) => edges.for_each(|to, _| {
                if to == from {
                    visit(to);
                }
            }),
        }
    }
}

impl<S: Ring> Factor<'_, S> {
    pub(super) fn take_away(
        &self,
        id: u32,
        product: S,
        lift: Option<Lift<'_, S>>,
        visited: &mut usize,
    ) -> Result<S, Error> {
        let Some(minus) = &self.minus else { return Ok(product) };
        if product.is_zero() {
            return Ok(product);
        }
        let times = match &self.minus_times {
            Some(branch) => branch.access().at(id, lift)?,
            None => S::ONE,
        };
        if times.is_zero() {
            return Ok(product);
        }
        Ok(product.sub(minus.sum(id, lift, visited)?.mul(times)))
    }
}

impl<S: Ring> Term<'_, S> {
    /// Returns the sum at a node.
    pub(super) fn sum(&self, id: u32, lift: Option<Lift<'_, S>>, visited: &mut usize) -> Result<S, Error> {
        let access = self.branch.access();
        let mut sum = S::ZERO;
        for lane in &self.lanes {
            let edges = lane.adjacency.edges(NodeId::new(id))?;
            if let (Access::One, Loops::Kept, None) = (access, lane.loops, &self.also) {
                sum = sum.add(S::times(edges.len() as u64));
                continue;
            }
            *visited += edges.len();
            let mut failed = Ok(());
            match (access, &self.also) {
                (Access::One, None) => lane.for_each(id, &edges, |_| sum = sum.add(S::ONE)),
                (Access::Bits(bits), None) => {
                    let mut n = 0u64;
                    lane.for_each(id, &edges, |to| n += u64::from(bits.contains(to)));
                    sum = sum.add(S::times(n));
                }
                (Access::Dense(dense), None) => {
                    let dense = dense.slice();
                    lane.for_each(id, &edges, |to| sum = sum.add(dense[to as usize]));
                }
                (access, also) => lane.for_each(id, &edges, |to| {
                    let weight = access.at(to, lift).and_then(|weight| match also {
                        Some(also) => Ok(weight.mul(also.access().at(to, lift)?)),
                        None => Ok(weight),
                    });
                    match weight {
                        Ok(weight) => sum = sum.add(weight),
                        Err(error) => failed = Err(error),
                    }
                }),
            }
            failed?;
        }
        Ok(sum)
    }

    /// Writes the sums at the nodes of a block, zero elsewhere.
    pub(super) fn block(
        &self,
        block: u32,
        words: &Words,
        lift: Option<Lift<'_, S>>,
        sums: &mut [S],
        visited: &mut usize,
    ) -> Result<(), Error> {
        let access = self.branch.access();
        let simple = self.also.is_none() && self.lanes.iter().all(|lane| lane.loops == Loops::Kept);
        let all = *words == [u64::MAX; BLOCK_WORDS];
        sums.fill(S::ZERO);
        if !simple || matches!(access, Access::Lift(_)) {
            return each(words, |local| {
                sums[local] = self.sum(block * BLOCK_LEN as u32 + local as u32, lift, visited)?;
                Ok(())
            });
        }
        for lane in &self.lanes {
            let page = match lane.adjacency.clean_block(block)? {
                CleanBlock::Empty => continue,
                CleanBlock::Whole(page) => page,
                CleanBlock::Changed => {
                    each(words, |local| {
                        let node = block * BLOCK_LEN as u32 + local as u32;
                        let one = Self::of_edges(&lane.adjacency.edges(NodeId::new(node))?, access);
                        *visited += 1;
                        sums[local] = sums[local].add(one);
                        Ok(())
                    })?;
                    continue;
                }
            };
            match (page.offsets_neighbors(), access) {
                (Some((offsets, _)), Access::One) => {
                    for (sum, ends) in sums.iter_mut().zip(offsets.windows(2)) {
                        *sum = sum.add(S::times(u64::from(ends[1] - ends[0])));
                    }
                }
                (Some((offsets, neighbors)), access) => {
                    *visited += neighbors.len();
                    each(words, |local| {
                        let neighbors = &neighbors[offsets[local] as usize..offsets[local + 1] as usize];
                        sums[local] = sums[local].add(of_neighbors(neighbors, access));
                        Ok(())
                    })?;
                }
                (None, access) => {
                    *visited += page.n_edges();
                    each(words, |local| {
                        sums[local] = sums[local].add(of_neighbors(page.neighbors(local), access));
                        Ok(())
                    })?;
                }
            }
        }
        if !all && matches!(access, Access::One) {
            for (at, &word) in words.iter().enumerate() {
                places(!word).for_each(|bit| sums[at * 64 + bit as usize] = S::ZERO);
            }
        }
        Ok(())
    }

    pub(super) fn of_edges(edges: &Edges<'_>, access: &Access<S>) -> S {
        if let Some(neighbors) = edges.neighbors_slice() {
            return of_neighbors(neighbors, access);
        }
        let mut sum = S::ZERO;
        match access {
            Access::One => sum = S::times(edges.len() as u64),
            Access::Bits(bits) => {
                edges.for_each(|to, _| sum = if bits.contains(to) { sum.add(S::ONE) } else { sum });
            }
            Access::Dense(dense) => edges.for_each(|to, _| sum = sum.add(dense.slice()[to as usize])),
            Access::Lift(_) => unreachable!("what is measured is summed node by node"),
        }
        sum
    }
}

#[inline(always)]
fn of_neighbors<S: Ring>(neighbors: &[u32], access: &Access<S>) -> S {
    match access {
        Access::One => S::times(neighbors.len() as u64),
        Access::Bits(bits) => S::times(neighbors.iter().map(|&to| u64::from(bits.contains(to))).sum()),
        Access::Dense(dense) => {
            let dense = dense.slice();
            neighbors.iter().fold(S::ZERO, |sum, &to| sum.add(dense[to as usize]))
        }
        Access::Lift(_) => unreachable!("what is measured is summed node by node"),
    }
}

/// Returns the relationships of a hop by type and direction.
pub(super) fn lanes<'a>(snapshot: &'a Snapshot, hop: &Hop) -> Vec<Lane<'a>> {
    let mut lanes = Vec::with_capacity(hop.types.len());
    for &rel_type in &hop.types {
        let has_loops = snapshot.n_self_loops(rel_type) > 0;
        if hop.out {
            let loops = if hop.loops_only { Loops::Only } else { Loops::Kept };
            lanes.push(Lane { adjacency: snapshot.adjacency(Direction::Out, rel_type), loops });
        }
        if hop.into {
            // A self-loop is in both directions' lists, and is one relationship.
            let loops = if hop.out && has_loops { Loops::Skipped } else { Loops::Kept };
            lanes.push(Lane { adjacency: snapshot.adjacency(Direction::In, rel_type), loops });
        }
    }
    lanes
}

/// Drops the bits of weights that are zero.
pub(super) fn narrow<S: Ring>(words: &mut Words, weights: &[S]) {
    for (at, word) in words.iter_mut().enumerate() {
        for bit in places(*word) {
            if weights[at * 64 + bit as usize].is_zero() {
                *word &= !(1 << bit);
            }
        }
    }
}

#[inline(always)]
pub(super) fn each(words: &Words, mut visit: impl FnMut(usize) -> Result<(), Error>) -> Result<(), Error> {
    for (at, &word) in words.iter().enumerate() {
        for bit in places(word) {
            visit(at * 64 + bit as usize)?;
        }
    }
    Ok(())
}
