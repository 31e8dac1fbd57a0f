//! Guesses at numbers of nodes and relationships, from exact counts: how much work a pass would be.

use super::{ring::Ring, walk::Hop, weigh::Pass};
use crate::model::Direction;

/// A relationship pushed costs about so many pulled: it writes where it leads, and remembers that.
pub(super) const PUSH_COST: f64 = 4.0;

impl<S: Ring> Pass<'_, '_, '_, S> {
    /// Returns a guess at how many trails there are.
    pub(super) fn guess_trails(&self) -> f64 {
        let nodes = 0..self.walk.nodes.len();
        let start = nodes.min_by(|a, b| self.guess_mask(*a).total_cmp(&self.guess_mask(*b))).unwrap_or(0);
        self.guess_trails_from(start, None) * self.guess_mask(start)
    }

    pub(super) fn guess_trails_from(&self, node: usize, parent: Option<usize>) -> f64 {
        let mut trails = 1.0;
        for (at, step) in self.walk.steps.iter().enumerate() {
            if Some(at) != parent && (step.a == node || step.b == node) {
                let each = self.edges(&step.hop_from(node), node, 1.0);
                trails *= each * self.guess_trails_from(step.other(node), Some(at));
            }
        }
        trails
    }

    /// Returns a guess at the work of [`run`](Self::run).
    pub(super) fn cost(&self, root: usize) -> f64 {
        self.guess(root, None).1
    }

    /// Returns guesses: how many nodes have a weight, and the work to get there.
    pub(super) fn guess(&self, node: usize, parent: Option<usize>) -> (f64, f64) {
        let mut n = self.guess_mask(node);
        let mut cost = self.walk.nodes[node].map_or(0.0, |origin| self.mask_cost(origin));
        for (at, step) in self.walk.steps.iter().enumerate() {
            if Some(at) == parent || (step.a != node && step.b != node) {
                continue;
            }
            let far = step.other(node);
            let (n_far, cost_far) = self.guess(far, Some(at));
            cost += cost_far;
            let hop = step.hop_from(node);
            if self.is_leaf(far, at) && self.implied(far, &hop) {
                cost += n * hop.types.len() as f64;
                continue;
            }
            let pushed = self.edges(&hop.reversed(), far, n_far);
            let pulled = self.edges(&hop, node, n) + n;
            if pushed * PUSH_COST < pulled {
                cost += pushed * PUSH_COST;
                n = n.min(pushed * self.guess_mask(node) / self.ground.snapshot.n_nodes().max(1) as f64 + 1.0);
            } else {
                cost += pulled;
            }
        }
        (n, cost)
    }

    /// Returns a guess at the work of evaluating a filter over all nodes.
    pub(super) fn mask_cost(&self, origin: usize) -> f64 {
        let filter = &self.ground.filters[origin];
        let known = self.ground.masks[origin].is_some() || filter.labels_only() || filter.found.is_some();
        if known { 0.0 } else { self.ground.snapshot.n_nodes() as f64 * 0.5 }
    }

    pub(super) fn is_leaf(&self, node: usize, parent: usize) -> bool {
        let mut steps = self.walk.steps.iter().enumerate();
        !steps.any(|(at, step)| at != parent && (step.a == node || step.b == node))
    }

    pub(super) fn guess_mask(&self, node: usize) -> f64 {
        let snapshot = self.ground.snapshot;
        match self.walk.nodes[node] {
            None => snapshot.n_nodes() as f64,
            Some(origin) => match &self.ground.masks[origin] {
                Some(mask) => mask.n(snapshot) as f64,
                None => self.ground.filters[origin].guess(snapshot),
            },
        }
    }

    /// Returns a guess at how many relationships `n` of the nodes at a place have.
    pub(super) fn edges(&self, hop: &Hop, node: usize, n: f64) -> f64 {
        let snapshot = self.ground.snapshot;
        let label = self.walk.nodes[node].and_then(|origin| self.ground.filters[origin].labels.first().copied());
        let of = label.map_or(snapshot.n_nodes(), |label| snapshot.n_label(label)).max(1) as f64;
        let on_side = |rel_type, side| match label {
            Some(label) => snapshot.n_type_ends(rel_type, side, label),
            None => snapshot.n_type(rel_type),
        };
        let mut all = 0.0;
        for &rel_type in &hop.types {
            all += if hop.out { on_side(rel_type, Direction::Out) as f64 } else { 0.0 };
            all += if hop.into { on_side(rel_type, Direction::In) as f64 } else { 0.0 };
        }
        all * (n / of).min(1.0)
    }

    pub(super) fn pull_cost(&self, node: usize, hop: &Hop) -> f64 {
        self.edges(hop, node, self.guess_mask(node))
    }
}
