//! Where weights go: added up, listed, or only the greatest kept.

use super::{
    mask::{Words, block_ids, places},
    ring::Ring,
    weigh::Sink,
};
use crate::graph::BLOCK_LEN;

/// Adds all weights.
pub(super) struct Total<S>(pub(super) S);

impl<S: Ring> Sink<S> for Total<S> {
    fn block(&mut self, _block: u32, _words: &Words, weights: &[S]) {
        self.0 = weights.iter().fold(self.0, |sum, &weight| sum.add(weight));
    }

    fn one(&mut self, _node: u32, weight: S) {
        self.0 = self.0.add(weight);
    }
}

/// Lists all weights.
pub(super) struct Listed<S>(pub(super) Vec<(u32, S)>);

impl<S: Ring> Sink<S> for Listed<S> {
    fn block(&mut self, block: u32, words: &Words, weights: &[S]) {
        for id in block_ids(block, words) {
            let weight = weights[id as usize % BLOCK_LEN];
            if !weight.is_zero() {
                self.0.push((id, weight));
            }
        }
    }

    fn one(&mut self, node: u32, weight: S) {
        self.0.push((node, weight));
    }
}

/// Candidates kept beyond twice those asked for, so that they are seldom cut.
pub(super) const TOP_SPARE: usize = 256;

/// Keeps the nodes of the greatest counts, and those that equal the last.
pub(super) struct Top {
    pub(super) at_most: usize,
    /// Less is not among them.
    pub(super) threshold: u64,
    pub(super) found: Vec<(u32, u64)>,
    /// Cut when there are so many.
    pub(super) crowded: usize,
}

impl Top {
    pub(super) fn cut(&mut self) {
        if self.at_most == 0 {
            self.found.clear();
            self.threshold = u64::MAX;
        } else if self.found.len() > self.at_most {
            let (_, last, _) = self.found.select_nth_unstable_by(self.at_most - 1, |a, b| b.1.cmp(&a.1));
            let threshold = last.1;
            self.threshold = threshold;
            self.found.retain(|(_, n)| *n >= threshold);
        }
        self.crowded = (2 * self.found.len()).max(2 * self.at_most) + TOP_SPARE;
    }
}

impl Sink<u64> for Top {
    fn block(&mut self, block: u32, _words: &Words, weights: &[u64]) {
        let threshold = self.threshold;
        for (at, chunk) in weights.chunks_exact(64).enumerate() {
            let mut reach = 0u64;
            for (bit, weight) in chunk.iter().enumerate() {
                reach |= u64::from(*weight >= threshold) << bit;
            }
            for bit in places(reach) {
                let id = block * BLOCK_LEN as u32 + at as u32 * 64 + bit;
                self.one(id, chunk[bit as usize]);
            }
        }
    }

    fn one(&mut self, node: u32, weight: u64) {
        if weight >= self.threshold {
            self.found.push((node, weight));
            if self.found.len() >= self.crowded {
                self.cut();
            }
        }
    }
}

pub(super) fn sum(found: &[(u32, u64)]) -> u64 {
    found.iter().fold(0, |sum, (_, n)| sum.add(*n))
}

/// Returns weights by ascending node, each node once.
pub(super) fn sorted<S: Ring>(mut found: Vec<(u32, S)>) -> Vec<(u32, S)> {
    if !found.is_sorted_by(|a, b| a.0 < b.0) {
        found.sort_by_key(|(id, _)| *id);
        found.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.add(next.1);
            }
            same
        });
    }
    found
}

/// Takes away weights; both ascend.
pub(super) fn subtract<S: Ring>(mut found: Vec<(u32, S)>, back: &[(u32, S)]) -> Vec<(u32, S)> {
    let mut back = back.iter().peekable();
    for (id, weight) in &mut found {
        while back.next_if(|(known, _)| known < id).is_some() {}
        if let Some((_, less)) = back.next_if(|(known, _)| known == id) {
            *weight = weight.sub(*less);
        }
    }
    found.retain(|(_, weight)| !weight.is_zero());
    found
}
