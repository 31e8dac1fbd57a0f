//! Paths on their way: each is its last relationship and the path before that, so that what paths share is there once.

use std::cmp::Ordering;

/// The path without relationships.
pub(super) const START: u32 = 0;

/// Paths from one node.
#[derive(Default)]
pub(super) struct Paths {
    all: Vec<Step>,
}

/// The last relationship of a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// The path before it.
    pub(super) before: u32,
    pub(super) rel: u32,
    /// The node it reaches.
    pub(super) node: u32,
    pub(super) n_hops: u32,
    /// The sum of the logs of the weights so far.
    pub(super) log: f64,
    pub(super) weight: f32,
    pub(super) logit: f32,
    pub(super) similarity: Option<f32>,
}

impl Paths {
    /// Becomes the path without relationships from a node.
    pub(super) fn start(&mut self, node: u32) {
        self.all.clear();
        let (weight, logit, similarity) = (1.0, 0.0, None);
        self.all.push(Step { before: START, rel: u32::MAX, node, n_hops: 0, log: 0.0, weight, logit, similarity });
    }

    pub(super) fn push(&mut self, step: Step) -> u32 {
        self.all.push(step);
        u32::try_from(self.all.len() - 1).expect("so many paths would not fit in memory")
    }

    pub(super) fn get(&self, path: u32) -> &Step {
        &self.all[path as usize]
    }

    /// Returns the relationships of a path, the last first, with what they got.
    pub(super) fn steps_back(&self, path: u32) -> impl Iterator<Item = (u32, &Step)> {
        std::iter::successors(Some(path), |at| Some(self.get(*at).before))
            .map(|at| (at, self.get(at)))
            .take_while(|(at, _)| *at != START)
    }

    /// Returns the relationships of a path.
    pub(super) fn rels(&self, path: u32) -> Vec<u32> {
        let mut rels: Vec<u32> = self.steps_back(path).map(|(_, step)| step.rel).collect();
        rels.reverse();
        rels
    }

    /// Returns the log of a path's score: what paths are ranked by.
    pub(super) fn rank(&self, path: u32, length_norm: bool) -> f64 {
        let step = self.get(path);
        if length_norm && step.n_hops > 0 { step.log / f64::from(step.n_hops) } else { step.log }
    }

    /// Compares paths: the better first, of equal ones the one whose relationships have the lower ids.
    pub(super) fn order(&self, a: u32, b: u32, length_norm: bool) -> Ordering {
        let by_rank = self.rank(b, length_norm).total_cmp(&self.rank(a, length_norm));
        by_rank.then_with(|| if a == b { Ordering::Equal } else { self.rels(a).cmp(&self.rels(b)) })
    }

    /// Returns about how many bytes they take.
    pub(super) const fn bytes(&self) -> usize {
        self.all.len() * size_of::<Step>()
    }
}

/// Paths of which the best is taken out first.
#[derive(Default)]
pub(super) struct Heap {
    paths: Vec<u32>,
}

impl Heap {
    pub(super) fn clear(&mut self) {
        self.paths.clear();
    }

    pub(super) const fn len(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn push(&mut self, path: u32, of: &Paths) {
        let mut at = self.paths.len();
        self.paths.push(path);
        while at > 0 {
            let above = (at - 1) / 2;
            if of.order(self.paths[at], self.paths[above], false).is_ge() {
                break;
            }
            self.paths.swap(at, above);
            at = above;
        }
    }

    pub(super) fn pop(&mut self, of: &Paths) -> Option<u32> {
        let last = self.paths.len().checked_sub(1)?;
        self.paths.swap(0, last);
        let best = self.paths.pop();
        let mut at = 0;
        loop {
            let below = [2 * at + 1, 2 * at + 2].into_iter().filter(|below| *below < last);
            let Some(first) = below.min_by(|a, b| of.order(self.paths[*a], self.paths[*b], false)) else { break };
            if of.order(self.paths[at], self.paths[first], false).is_le() {
                break;
            }
            self.paths.swap(at, first);
            at = first;
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_comes_first_and_of_equal_ones_the_lowest_ids() {
        let mut paths = Paths::default();
        paths.start(0);
        let mut add = |before: u32, rel: u32, log: f64| {
            let n_hops = paths.get(before).n_hops + 1;
            let (weight, logit, similarity) = (1.0, 0.0, None);
            paths.push(Step { before, rel, node: rel, n_hops, log, weight, logit, similarity })
        };
        let a = add(START, 7, -1.0);
        let b = add(START, 3, -1.0);
        let c = add(a, 2, -1.0);
        let d = add(b, 9, -3.0);
        let e = add(d, 1, f64::NEG_INFINITY);
        let mut heap = Heap::default();
        [e, d, c, a, b].into_iter().for_each(|path| heap.push(path, &paths));
        assert_eq!(std::iter::from_fn(|| heap.pop(&paths)).collect::<Vec<_>>(), [b, a, c, d, e]);
        assert_eq!(paths.rels(e), [3, 9, 1]);
        // Divided by their lengths: -1, -1, -0.5, -1.5.
        let mut all = [e, d, b, c];
        all.sort_by(|x, y| paths.order(*x, *y, true));
        assert_eq!(all, [c, b, d, e]);
    }
}
