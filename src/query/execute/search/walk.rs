//! Walking the product depth first: forwards, every path from a state; backwards, the paths of one length to some states.

use rustc_hash::FxHashSet;

use super::{
    product::{NO_REL, Product},
    program::{At, Late, Program, What},
};
use crate::{
    Result,
    query::{
        execute::{Context, batch::Batch},
        search::PathMode,
    },
};

/// About how many bytes a level of the walk costs.
const LEVEL_BYTES: usize = 64;

/// An edge that was gone, with its nodes in the order of the pattern's search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone {
    pub(super) at: At,
    pub(super) before: u32,
    pub(super) rel: u32,
    pub(super) after: u32,
}

/// A state on the walk.
#[derive(Debug, Clone, Copy)]
struct Level {
    state: u32,
    next: usize,
    is_new: bool,
    /// The path ended where it began: it goes on over joints only.
    is_closed: bool,
}

/// See the module.
pub(super) struct Walk {
    mode: PathMode,
    /// A relationship may occur more than once, as far as the mode goes.
    repeats: bool,
    levels: Vec<Level>,
    /// The edges between the levels.
    pub(super) trail: Vec<Gone>,
    /// Relationships, or nodes, that are on it.
    used: FxHashSet<u32>,
    /// Relationships on it.
    length: usize,
}

impl Walk {
    pub(super) fn new(mode: PathMode, repeats: bool) -> Self {
        Self { mode, repeats, levels: Vec::new(), trail: Vec::new(), used: FxHashSet::default(), length: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.levels.clear();
        self.trail.clear();
        self.used.clear();
        self.length = 0;
    }

    pub(super) fn bytes(&self) -> usize {
        self.levels.len() * LEVEL_BYTES
    }

    /// Begins at a state.
    pub(super) fn start(&mut self, state: u32, product: &Product) {
        self.clear();
        if matches!(self.mode, PathMode::Acyclic | PathMode::Simple) {
            self.used.insert(product.state(state).node);
        }
        self.levels.push(Level { state, next: 0, is_new: true, is_closed: false });
    }

    /// Returns the state at hand, the first time that it is asked.
    pub(super) fn arrived(&mut self) -> Option<u32> {
        let level = self.levels.last_mut()?;
        std::mem::take(&mut level.is_new).then_some(level.state)
    }

    /// Returns how many relationships were gone.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Returns the state at hand.
    pub(super) fn state(&self) -> Option<u32> {
        self.levels.last().map(|level| level.state)
    }

    /// Goes to the next state; false where the walk is over. `layers` where it goes backwards: the states that a path of a length
    /// can reach, by length, of which `layers.len() - 1` is the one wanted.
    pub(super) fn go(
        &mut self,
        ctx: &mut Context,
        product: &Product,
        program: &mut Program,
        scratch: &mut Batch,
        layers: Option<&[FxHashSet<u32>]>,
    ) -> Result<bool> {
        while let Some(level) = self.levels.last_mut() {
            ctx.tick(1)?;
            let (from, is_closed) = (level.state, level.is_closed);
            let edges = if layers.is_some() { product.back(from) } else { product.out(from) };
            let Some(&edge) = edges.get(level.next) else {
                self.leave(product);
                continue;
            };
            level.next += 1;
            let is_step = edge.rel != NO_REL;
            if let Some(layers) = layers {
                let left = layers.len() - 1 - self.length;
                let Some(left) = left.checked_sub(usize::from(is_step)) else { continue };
                if !layers[left].contains(&edge.state) {
                    continue;
                }
            }
            let (node, was) = (product.state(edge.state).node, product.state(from).node);
            let mut closes = is_closed;
            if is_step {
                let is_known = match self.mode {
                    PathMode::Walk => false,
                    PathMode::Trail => self.used.contains(&edge.rel),
                    PathMode::Acyclic | PathMode::Simple => self.used.contains(&node),
                };
                if self.mode == PathMode::Simple {
                    let first = product.state(self.levels[0].state).node;
                    if is_closed || is_known && node != first {
                        continue;
                    }
                    closes = is_known;
                    // There and back again by the same relationship is all that could repeat one.
                    if closes && !self.repeats && self.trail.iter().any(|gone| gone.rel == edge.rel) {
                        continue;
                    }
                } else if is_known {
                    continue;
                }
            }
            let gone = match layers {
                None => Gone { at: product.place(from, edge.rel), before: was, rel: edge.rel, after: node },
                Some(_) => Gone { at: product.place(edge.state, edge.rel), before: node, rel: edge.rel, after: was },
            };
            self.trail.push(gone);
            if is_step {
                self.length += 1;
                match self.mode {
                    PathMode::Walk => {}
                    PathMode::Trail => drop(self.used.insert(edge.rel)),
                    PathMode::Acyclic | PathMode::Simple => drop(self.used.insert(node)),
                }
            }
            self.levels.push(Level { state: edge.state, next: 0, is_new: true, is_closed: closes });
            let tests = match (gone.at, layers.is_some()) {
                (At::Step(run, step), false) => &mut program.runs[run as usize].steps[step as usize].late,
                (At::Step(run, step), true) => &mut program.runs[run as usize].steps[step as usize].early,
                (At::Joint(run), false) => &mut program.joints[run as usize].late,
                (At::Joint(run), true) => &mut program.joints[run as usize].early,
            };
            if hold(tests, &self.trail, ctx, scratch)? {
                return Ok(true);
            }
            self.leave(product);
        }
        Ok(false)
    }

    /// Takes the last edge back.
    fn leave(&mut self, product: &Product) {
        let left = self.levels.pop();
        let (Some(level), Some(gone)) = (left, self.trail.pop()) else { return };
        if gone.rel == NO_REL {
            return;
        }
        self.length -= 1;
        match self.mode {
            PathMode::Walk => {}
            PathMode::Trail => drop(self.used.remove(&gone.rel)),
            // A path that closed has its first node once more.
            PathMode::Simple if level.is_closed => {}
            PathMode::Acyclic | PathMode::Simple => drop(self.used.remove(&product.state(level.state).node)),
        }
    }
}

/// Returns whether tests hold of the edges gone so far, the last of which has just been gone.
pub(super) fn hold(tests: &mut [Late], trail: &[Gone], ctx: &mut Context, scratch: &mut Batch) -> Result<bool> {
    for test in tests {
        for &(slot, at, what) in &test.reads {
            let gone = trail.iter().rfind(|gone| gone.at == at).expect("a test comes after what it reads");
            let column = scratch.column_mut(slot);
            match what {
                What::Before => column.refill_nodes().push(gone.before),
                What::Rel => column.refill_rels().push(gone.rel),
                What::After => column.refill_nodes().push(gone.after),
            }
        }
        if test.ex.truth(ctx, scratch, 0)? != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}
