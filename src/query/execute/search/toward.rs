//! How far nodes are from the end of a search, where it is known: what cannot lead there in time is not looked at.
//!
//! Finding out that there are no more paths to a node means to look at all that the start leads to, which may be the whole
//! graph; often only a few nodes lead to the end. They are found backwards, by types and directions alone, where that looks at no
//! more edges than the search has found already.

use rustc_hash::FxHashMap;

use super::{
    product::neighbors,
    program::{Program, Run},
};
use crate::{Result, query::execute::Context};

/// Edges found by the search before this is tried first (the graphs of tests are small). Each further try waits until there are
/// so many times as many.
const FIRST_TRY: usize = if cfg!(test) { 4 } else { 1 << 9 };
const TRIES_APART: usize = 32;

/// About how many bytes a node costs.
const NODE_BYTES: usize = 24;

/// See the module.
#[derive(Default)]
pub(super) struct Toward {
    target: Option<u32>,
    /// The most relationships of a path; `None` where there is no bound.
    longest: Option<u32>,
    /// By node the fewest relationships to the target, of the nodes from which it is reached.
    distances: FxHashMap<u32, u32>,
    is_known: bool,
    next_try: usize,
    found: Vec<(u32, u32)>,
}

impl Toward {
    /// Begins with a search to `target`.
    pub(super) fn begin(&mut self, target: Option<u32>, program: &Program) {
        let most = |run: &Run| if run.max == u32::MAX { None } else { run.max.checked_mul(run.steps.len() as u32) };
        self.longest = program.runs.iter().try_fold(0u32, |sum, run| sum.checked_add(most(run)?));
        self.target = target;
        self.distances.clear();
        (self.is_known, self.next_try) = (false, FIRST_TRY);
    }

    /// Returns whether paths may have any length.
    pub(super) fn is_unbounded(&self) -> bool {
        self.longest.is_none()
    }

    /// Returns whether a path that has reached a node by so many relationships may reach the target.
    pub(super) fn may_lead(&self, node: u32, length: usize) -> bool {
        // From the start everything begins, however far it is.
        if !self.is_known || length == 0 {
            return true;
        }
        let Some(&distance) = self.distances.get(&node) else { return false };
        self.longest.is_none_or(|longest| length + distance as usize <= longest as usize)
    }

    /// Returns about how many bytes it holds.
    pub(super) fn bytes(&self) -> usize {
        self.distances.len() * NODE_BYTES
    }

    /// Looks for the nodes that lead to the target, if the search has found so many edges that it is worth a try.
    pub(super) fn consider(&mut self, ctx: &mut Context, program: &Program, n_edges: usize) -> Result<()> {
        let Some(target) = self.target else { return Ok(()) };
        if self.is_known || n_edges < self.next_try {
            return Ok(());
        }
        self.next_try = self.next_try.saturating_mul(TRIES_APART);
        let mut left = n_edges;
        self.distances.clear();
        self.distances.insert(target, 0);
        let mut layer = vec![target];
        for distance in 1.. {
            // The start is as many relationships away as a path may have, at the most.
            if layer.is_empty() || self.longest.is_some_and(|longest| distance >= longest) {
                break;
            }
            let mut next = Vec::new();
            for node in layer {
                self.found.clear();
                for step in program.runs.iter().flat_map(|run| &run.steps) {
                    neighbors(ctx, step.follow.reversed(), &step.type_ids, node, &mut self.found)?;
                }
                ctx.tick(self.found.len() + 1)?;
                if self.found.len() > left {
                    self.distances.clear();
                    return Ok(());
                }
                left -= self.found.len();
                for &(before, _) in &self.found {
                    self.distances.entry(before).or_insert_with(|| {
                        next.push(before);
                        distance
                    });
                }
            }
            layer = next;
        }
        self.is_known = true;
        Ok(())
    }
}
