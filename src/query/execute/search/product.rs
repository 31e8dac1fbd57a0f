//! The product of graph and pattern: a state is a node and how far the pattern is there, an edge is a relationship that takes the
//! pattern a step further, or a joint. States get their edges when they are first asked for.

use rustc_hash::{FxHashMap, FxHashSet};

use super::program::{At, Program};
use crate::{
    Result,
    model::{Direction, NodeId},
    query::{
        execute::{Context, batch::Batch, expand::is_unused},
        plan::{Follow, Slot},
    },
};

/// The relationship of an edge that has none.
pub(super) const NO_REL: u32 = u32::MAX;

/// About how many bytes a state costs, with its place in the table.
const STATE_BYTES: usize = 96;

/// About how many bytes an edge costs, both ways.
const EDGE_BYTES: usize = 32;

/// A node, and how far the pattern is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) node: u32,
    pub(super) run: u16,
    pub(super) step: u16,
    /// Repetitions done, as far as they still matter.
    pub(super) count: u32,
}

/// An edge, as seen from either of its states.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) rel: u32,
    pub(super) state: u32,
}

/// See the module.
#[derive(Default)]
pub(super) struct Product {
    ids: FxHashMap<State, u32>,
    states: Vec<State>,
    out: Vec<Option<Box<[Edge]>>>,
    back: Vec<Vec<Edge>>,
    /// Relationships and nodes seen.
    rels: FxHashSet<u32>,
    nodes: FxHashSet<u32>,
    n_edges: usize,
    n_expanded: usize,
    found: Vec<(u32, u32)>,
    /// Whether edges are kept from both sides.
    both_ways: bool,
}

/// What is fixed while the product of an input row is made.
pub(super) struct Given<'g> {
    pub(super) batch: &'g Batch,
    pub(super) row: usize,
    pub(super) unique_from: &'g [Slot],
}

impl Product {
    pub(super) fn clear(&mut self, both_ways: bool) {
        self.ids.clear();
        self.states.clear();
        self.out.clear();
        self.back.clear();
        self.rels.clear();
        self.nodes.clear();
        (self.n_edges, self.n_expanded) = (0, 0);
        self.both_ways = both_ways;
    }

    pub(super) fn state(&self, id: u32) -> State {
        self.states[id as usize]
    }

    pub(super) fn n_states(&self) -> usize {
        self.states.len()
    }

    pub(super) fn n_expanded(&self) -> usize {
        self.n_expanded
    }

    pub(super) fn n_edges(&self) -> usize {
        self.n_edges
    }

    /// Leaves out what a state leads to, unless that is known already.
    pub(super) fn close(&mut self, id: u32) {
        let out = &mut self.out[id as usize];
        if out.is_none() {
            *out = Some(Box::default());
            self.n_expanded += 1;
        }
    }

    pub(super) fn n_rels(&self) -> usize {
        self.rels.len()
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.states.len() * STATE_BYTES + self.n_edges * EDGE_BYTES
    }

    /// Returns the number of a state.
    pub(super) fn id(&mut self, state: State) -> u32 {
        let Self { ids, states, out, back, nodes, .. } = self;
        *ids.entry(state).or_insert_with(|| {
            let id = u32::try_from(states.len()).expect("memory ends before");
            states.push(state);
            out.push(None);
            back.push(Vec::new());
            nodes.insert(state.node);
            id
        })
    }

    /// Returns the edges to a state, of those found so far.
    pub(super) fn back(&self, id: u32) -> &[Edge] {
        &self.back[id as usize]
    }

    /// Returns the edges from a state that has been expanded.
    pub(super) fn out(&self, id: u32) -> &[Edge] {
        self.out[id as usize].as_deref().unwrap_or_default()
    }

    /// Returns whether the pattern is complete in a state.
    pub(super) fn accepts(&self, id: u32, program: &Program) -> bool {
        let state = self.state(id);
        let run = &program.runs[state.run as usize];
        state.run as usize + 1 == program.runs.len() && state.step == 0 && state.count >= run.min
    }

    /// Finds the edges from a state, if that was not done yet.
    pub(super) fn expand(
        &mut self,
        ctx: &mut Context,
        program: &mut Program,
        scratch: &mut Batch,
        given: &Given<'_>,
        id: u32,
    ) -> Result<()> {
        if self.out[id as usize].is_some() {
            return Ok(());
        }
        let state = self.state(id);
        let mut edges = Vec::new();
        let run = &mut program.runs[state.run as usize];
        if state.step == 0
            && state.count >= run.min
            && let Some(joint) = program.joints.get_mut(state.run as usize)
            && joint.holds(ctx, scratch, state.node)?
        {
            let next = State { node: state.node, run: state.run + 1, step: 0, count: 0 };
            edges.push(Edge { rel: NO_REL, state: self.id(next) });
        }
        let n_steps = run.steps.len();
        if state.step > 0 || state.count < run.max {
            let step = &mut run.steps[state.step as usize];
            let mut found = std::mem::take(&mut self.found);
            found.clear();
            neighbors(ctx, step.follow, &step.type_ids, state.node, &mut found)?;
            ctx.tick(found.len() + 1)?;
            for &(node, rel) in &found {
                if !is_unused(given.batch, given.unique_from, given.row, rel)
                    || !step.holds(ctx, scratch, state.node, rel, node)?
                {
                    continue;
                }
                let is_last = state.step as usize + 1 == n_steps;
                let next = if is_last {
                    // Without a bound, what counts is only whether there were enough.
                    let enough = if run.max == u32::MAX { run.min } else { run.max };
                    let count = state.count.saturating_add(1).min(enough);
                    State { node, run: state.run, step: 0, count }
                } else {
                    State { node, step: state.step + 1, ..state }
                };
                self.rels.insert(rel);
                edges.push(Edge { rel, state: self.id(next) });
            }
            self.found = found;
        }
        self.n_edges += edges.len();
        self.n_expanded += 1;
        if self.both_ways {
            for edge in &edges {
                self.back[edge.state as usize].push(Edge { rel: edge.rel, state: id });
            }
        }
        self.out[id as usize] = Some(edges.into());
        Ok(())
    }

    /// Returns which edge of the pattern a relationship (or none) is that leaves a state.
    pub(super) fn place(&self, from: u32, rel: u32) -> At {
        let state = self.state(from);
        if rel == NO_REL { At::Joint(state.run) } else { At::Step(state.run, state.step) }
    }
}

/// Lists the relationships of a node that are followed; a self-loop once.
pub(super) fn neighbors(
    ctx: &Context,
    follow: Follow,
    types: &[crate::model::TypeId],
    node: u32,
    found: &mut Vec<(u32, u32)>,
) -> Result<()> {
    let view = ctx.view();
    for &rel_type in types {
        if follow != Follow::In {
            let edges = view.adjacency(Direction::Out, rel_type).edges(NodeId::new(node))?;
            edges.for_each(|neighbor, rel| found.push((neighbor, rel)));
        }
        if follow != Follow::Out {
            let edges = view.adjacency(Direction::In, rel_type).edges(NodeId::new(node))?;
            edges.for_each(|neighbor, rel| {
                if !(follow == Follow::Both && neighbor == node) {
                    found.push((neighbor, rel));
                }
            });
        }
    }
    Ok(())
}
