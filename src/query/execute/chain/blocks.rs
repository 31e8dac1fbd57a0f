//! Weighs the nodes of a place block by block: with one thread, or where there is enough to do with several, each of which
//! takes the next block while there is one.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{
    Stop, Values, hold,
    mask::{Mask, Words},
    ring::Ring,
    term::{Access, Factor, Term, each, narrow},
    weigh::{Lift, Sink},
};
use crate::{
    Error,
    graph::{BLOCK_LEN, BLOCK_WORDS, Snapshot},
};

/// Relationships to look at one by one below which one thread is done sooner than others are there: half a millisecond of
/// work. Tests have none to spare.
const SHARED_EDGES_MIN: f64 = if cfg!(test) { 1.0 } else { 500_000.0 };

/// Blocks a thread weighs before the sink takes them: some milliseconds of work.
const ROUND_BLOCKS: u32 = 128;

/// What the nodes of a place are weighed by.
pub(super) struct Blocks<'b, 'a, S> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) mask: &'b Mask,
    pub(super) factors: &'b [Factor<'a, S>],
    /// What is measured at these nodes themselves.
    pub(super) lift: Option<Lift<'b, S>>,
    /// What is measured anywhere.
    pub(super) any_lift: Option<Lift<'b, S>>,
}

/// The weights of a block.
struct Weighing<S> {
    /// The nodes that have one.
    words: Words,
    weights: Vec<S>,
    /// The work it was.
    visited: usize,
    /// Room to compute them.
    sums: Vec<S>,
}

impl<S: Ring> Default for Weighing<S> {
    fn default() -> Self {
        Self { words: [0; BLOCK_WORDS], weights: vec![S::ZERO; BLOCK_LEN], visited: 0, sums: vec![S::ZERO; BLOCK_LEN] }
    }
}

impl<S: Ring> Blocks<'_, '_, S> {
    /// Weighs all, and lets the sink take the weights.
    pub(super) fn weigh_all(&self, values: &mut dyn Values, sink: &mut dyn Sink<S>) -> Result<(), Stop> {
        let threads = if self.edges() >= SHARED_EDGES_MIN { values.threads() } else { 1 };
        if threads > 1 {
            return self.weigh_shared(threads, values, sink);
        }
        let mut weighing = Weighing::default();
        for block in 0..self.snapshot.n_node_blocks() {
            if self.weigh(block, &mut weighing)? {
                sink.block(block, &weighing.words, &weighing.weights);
                values.tick(weighing.visited)?;
            }
        }
        Ok(())
    }

    /// As [`Self::weigh_all`], by several threads; the sink takes the blocks in their order.
    fn weigh_shared(&self, threads: usize, values: &mut dyn Values, sink: &mut dyn Sink<S>) -> Result<(), Stop> {
        let n_blocks = self.snapshot.n_node_blocks();
        let round = ROUND_BLOCKS.saturating_mul(threads as u32).min(n_blocks);
        hold(values, round as usize * BLOCK_LEN * size_of::<S>())?;
        for first in (0..n_blocks).step_by(round.max(1) as usize) {
            let (next, end) = (AtomicU32::new(first), n_blocks.min(first.saturating_add(round)));
            let work = || {
                let (mut weighed, mut weighing) = (Vec::new(), Weighing::default());
                loop {
                    let block = next.fetch_add(1, Ordering::Relaxed);
                    if block >= end {
                        return Ok(weighed);
                    }
                    if self.weigh(block, &mut weighing)? {
                        let weights = std::mem::replace(&mut weighing.weights, vec![S::ZERO; BLOCK_LEN]);
                        weighed.push((block, weighing.words, weighing.visited, weights));
                    }
                }
            };
            let parts: Vec<Result<Vec<_>, Error>> = std::thread::scope(|scope| {
                // Where a thread cannot be had, the others do its work.
                let others: Vec<_> =
                    (1..threads).filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
                let own = work();
                let joined = others.into_iter().map(|other| match other.join() {
                    Ok(part) => part,
                    Err(panic) => std::panic::resume_unwind(panic),
                });
                joined.chain(std::iter::once(own)).collect()
            });
            let mut all = Vec::with_capacity((end - first) as usize);
            for part in parts {
                all.extend(part?);
            }
            all.sort_unstable_by_key(|(block, ..)| *block);
            for (block, words, visited, weights) in all {
                sink.block(block, &words, &weights);
                values.tick(visited)?;
            }
        }
        Ok(())
    }

    /// Returns a guess at how many relationships must be looked at one by one.
    fn edges(&self) -> f64 {
        let one_by_one = |term: &Term<'_, S>| !matches!(term.branch.access(), Access::One);
        self.factors.iter().filter(|factor| factor.plus.iter().any(one_by_one)).map(|factor| factor.cost).sum()
    }

    /// Multiplies the factors at the nodes of a block. Returns false where there are none.
    #[inline(always)]
    fn weigh(&self, block: u32, weighing: &mut Weighing<S>) -> Result<bool, Error> {
        let Weighing { words, weights, visited, sums } = weighing;
        *words = self.mask.block(self.snapshot, block)?;
        if *words == [0; BLOCK_WORDS] {
            return Ok(false);
        }
        let (lift, any_lift) = (self.lift, self.any_lift);
        *visited = BLOCK_WORDS;
        let mut first = true;
        for factor in self.factors {
            let mut product_of_one = true;
            let mut product = std::mem::take(sums);
            for term in &factor.plus {
                if product_of_one {
                    term.block(block, words, any_lift, &mut product, visited)?;
                    product_of_one = false;
                } else {
                    let mut other = vec![S::ZERO; BLOCK_LEN];
                    term.block(block, words, any_lift, &mut other, visited)?;
                    product.iter_mut().zip(&other).for_each(|(a, b)| *a = a.mul(*b));
                }
            }
            if factor.minus.is_some() {
                each(words, |local| {
                    if !product[local].is_zero() {
                        let id = block * BLOCK_LEN as u32 + local as u32;
                        product[local] = factor.take_away(id, product[local], any_lift, visited)?;
                    }
                    Ok(())
                })?;
            }
            if first {
                std::mem::swap(weights, &mut product);
                first = false;
            } else {
                weights.iter_mut().zip(&product).for_each(|(a, b)| *a = a.mul(*b));
            }
            *sums = product;
            if self.factors.len() > 1 {
                narrow(words, weights);
            }
        }
        if first {
            weights.fill(S::ZERO);
            each(words, |local| {
                weights[local] = S::ONE;
                Ok(())
            })?;
        }
        if let Some(lift) = lift {
            each(words, |local| {
                if !weights[local].is_zero() {
                    weights[local] = weights[local].mul(lift(block * BLOCK_LEN as u32 + local as u32)?);
                }
                Ok(())
            })?;
        }
        Ok(true)
    }
}
