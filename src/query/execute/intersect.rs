//! Nodes that several relationships lead to at once: neighbourhoods are cut with each other, and only what is common to all
//! becomes rows.
//!
//! The neighbours of the first step's node are gone through; whether another step's node has them too is looked up in a set
//! of bits while that node stays the same from row to row (as it does above a scan), or by binary search. Where the other
//! neighbourhood is much smaller, that one is gone through instead.

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch},
    build,
    expand::{Edges, adjacencies, is_unused},
};
use crate::{
    Result,
    model::NodeId,
    query::plan::{self, IntersectStep, Slot},
    storage::RelIds,
};

/// How many times smaller a neighbourhood must be for searching the other for each of its nodes.
const SMALLER: usize = 16;

/// Neighbours to look at between two looks at the clock.
const SEEN_MAX: usize = 1 << 16;

/// See [`plan::Op::Intersect`].
pub(super) struct Intersect {
    input: Box<dyn Operator>,
    to: Slot,
    steps: Vec<IntersectStep>,
    carry: Vec<Slot>,
    batch: Batch,
    /// The next input row.
    row: usize,
    found: Found,
    /// The next of the found to give out.
    at: usize,
    marks: Marks,
    /// Neighbours looked at since the last look at the clock.
    n_seen: usize,
}

/// Nodes found, side by side with the input row they belong to and the relationships that lead to them.
#[derive(Default)]
struct Found {
    rows: Vec<u32>,
    nodes: Vec<u32>,
    /// By step; empty where nobody needs it.
    rels: Vec<Vec<u32>>,
    /// The relationships of the steps so far.
    chosen: Vec<u32>,
}

impl Found {
    fn clear(&mut self) {
        self.rows.clear();
        self.nodes.clear();
        self.rels.iter_mut().for_each(Vec::clear);
    }
}

/// A set of nodes.
#[derive(Default)]
struct Marks {
    words: Vec<u64>,
    /// What is in it.
    nodes: Vec<u32>,
}

impl Marks {
    fn set(&mut self, neighbors: &Neighbors<'_>) {
        for node in self.nodes.drain(..) {
            self.words[node as usize / 64] = 0;
        }
        self.nodes.extend((0..neighbors.len()).map(|at| neighbors.get(at).0));
        if let Some(most) = self.nodes.last() {
            let n_words = *most as usize / 64 + 1;
            if self.words.len() < n_words {
                self.words.resize(n_words, 0);
            }
        }
        for node in &self.nodes {
            self.words[*node as usize / 64] |= 1 << (node % 64);
        }
    }

    #[inline(always)]
    fn contains(&self, node: u32) -> bool {
        self.words.get(node as usize / 64).is_some_and(|word| word >> (node % 64) & 1 == 1)
    }
}

/// The neighbours of one node by one step, ascending.
#[derive(Default)]
struct Neighbors<'v> {
    of: Option<u32>,
    /// Where a block holds them as they are.
    whole: Option<(&'v [u32], RelIds<'v>)>,
    /// Otherwise.
    own: Vec<(u32, u32)>,
}

impl<'v> Neighbors<'v> {
    fn load(&mut self, edges: &[Edges<'v>], node: u32) -> Result<()> {
        if self.of == Some(node) {
            return Ok(());
        }
        self.of = Some(node);
        self.own.clear();
        self.whole = None;
        for &(adjacency, skips_loops) in edges {
            let edges_here = adjacency.edges(NodeId::new(node))?;
            if let ([_], Some(neighbors)) = (edges, edges_here.neighbors_slice()) {
                self.whole = Some((neighbors, edges_here.rels()));
                return Ok(());
            }
            edges_here.for_each(|neighbor, rel| {
                if !(skips_loops && neighbor == node) {
                    self.own.push((neighbor, rel));
                }
            });
        }
        self.own.sort_unstable();
        Ok(())
    }

    fn len(&self) -> usize {
        self.whole.map_or(self.own.len(), |(neighbors, _)| neighbors.len())
    }

    /// Returns a neighbour and the relationship that leads to it.
    fn get(&self, at: usize) -> (u32, u32) {
        self.whole.map_or_else(|| self.own[at], |(neighbors, rels)| (neighbors[at], rels.get(at)))
    }

    /// Returns where the first edge to a node, or to one after it, is.
    fn first(&self, node: u32) -> usize {
        match self.whole {
            Some((neighbors, _)) => neighbors.partition_point(|&n| n < node),
            None => self.own.partition_point(|&(n, _)| n < node),
        }
    }

    fn contains(&self, node: u32) -> bool {
        let at = self.first(node);
        at < self.len() && self.get(at).0 == node
    }
}

impl Intersect {
    pub(super) fn build(spec: &plan::Intersect, builder: &mut Builder) -> Self {
        Self {
            input: build(&spec.input, builder),
            to: spec.to,
            steps: spec.steps.clone(),
            carry: spec.carry.clone(),
            batch: builder.batch(),
            row: 0,
            found: Found { rels: vec![Vec::new(); spec.steps.len()], ..Found::default() },
            at: 0,
            marks: Marks::default(),
            n_seen: 0,
        }
    }

    /// Finds the common neighbours of input rows until a batch is full.
    fn fill(&mut self, ctx: &Context) -> Result<()> {
        let view = ctx.view();
        let edges: Vec<Vec<Edges<'_>>> =
            self.steps.iter().map(|step| adjacencies(view, &step.types, step.follow)).collect();
        if edges.iter().any(Vec::is_empty) {
            self.row = self.batch.len;
            return Ok(());
        }
        let Self { batch, steps, found, marks, .. } = self;
        let mut others: Vec<Neighbors<'_>> = steps[1..].iter().map(|_| Neighbors::default()).collect();
        // Statements may write between two calls: what was marked then does not count now.
        let mut marked = None;
        'rows: while self.row < batch.len && found.rows.len() < BATCH_ROWS_MAX && self.n_seen < SEEN_MAX {
            let row = self.row;
            self.row += 1;
            let Some(near) = batch.column(steps[0].from).node(row) else { continue };
            for (other, (step, edges)) in others.iter_mut().zip(steps[1..].iter().zip(&edges[1..])) {
                let Some(node) = batch.column(step.from).node(row) else { continue 'rows };
                other.load(edges, node)?;
                if other.len() == 0 {
                    continue 'rows;
                }
            }
            let far = batch.column(steps[1].from);
            let (far_node, next) = (others[0].of, if self.row < batch.len { far.node(self.row) } else { None });
            let mut hits = Hits { batch, steps, others: &others, found, row };
            for &(adjacency, skips_loops) in &edges[0] {
                let here = adjacency.edges(NodeId::new(near))?;
                let (n_here, n_far) = (here.len(), others[0].len());
                if marked != far_node && (next == far_node || n_far <= n_here) {
                    marks.set(&others[0]);
                    self.n_seen += n_far;
                    marked = far_node;
                }
                let is_common = |node: u32| match marked == far_node {
                    true => marks.contains(node),
                    false => others[0].contains(node),
                };
                match here.neighbors_slice().filter(|_| !skips_loops) {
                    Some(neighbors) if n_far < n_here / SMALLER => {
                        self.n_seen += n_far * SMALLER;
                        let mut before = None;
                        for (node, _) in (0..n_far).map(|at| others[0].get(at)) {
                            if before.replace(node) == Some(node) {
                                continue;
                            }
                            let first = neighbors.partition_point(|&n| n < node);
                            let n = neighbors[first..].iter().take_while(|&&n| n == node).count();
                            (first..first + n).for_each(|at| hits.of(node, here.rels().get(at)));
                        }
                    }
                    Some(neighbors) => {
                        self.n_seen += n_here;
                        for (at, &node) in neighbors.iter().enumerate() {
                            if is_common(node) {
                                hits.of(node, here.rels().get(at));
                            }
                        }
                    }
                    None => {
                        self.n_seen += n_here;
                        here.for_each(|node, rel| {
                            if !(skips_loops && node == near) && is_common(node) {
                                hits.of(node, rel);
                            }
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where the rows of an input row go.
struct Hits<'a, 'v> {
    batch: &'a Batch,
    steps: &'a [IntersectStep],
    others: &'a [Neighbors<'v>],
    found: &'a mut Found,
    row: usize,
}

impl Hits<'_, '_> {
    /// Adds the rows of a node that the first step's relationship leads to.
    fn of(&mut self, node: u32, rel: u32) {
        if is_unused(self.batch, &self.steps[0].unique_from, self.row, rel) {
            self.found.chosen.clear();
            self.found.chosen.push(rel);
            self.rest(node);
        }
    }

    /// Chooses the relationships of the steps that are left, in all ways.
    fn rest(&mut self, node: u32) {
        let at = self.found.chosen.len();
        let Some(step) = self.steps.get(at) else {
            self.found.rows.push(self.row as u32);
            self.found.nodes.push(node);
            for (i, step) in self.steps.iter().enumerate() {
                if step.rel.is_some() {
                    self.found.rels[i].push(self.found.chosen[i]);
                }
            }
            return;
        };
        let neighbors = &self.others[at - 1];
        let rels = (neighbors.first(node)..neighbors.len()).map(|i| neighbors.get(i)).take_while(|edge| edge.0 == node);
        for (_, rel) in rels {
            let is_free = step.apart.iter().all(|earlier| self.found.chosen[*earlier] != rel)
                && is_unused(self.batch, &step.unique_from, self.row, rel);
            if is_free {
                self.found.chosen.push(rel);
                self.rest(node);
                self.found.chosen.pop();
            }
        }
    }
}

impl Operator for Intersect {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        loop {
            let found = &mut self.found;
            if self.at < found.rows.len() {
                let end = found.rows.len().min(self.at + BATCH_ROWS_MAX);
                out.gather(&self.batch, &found.rows[self.at..end], &self.carry);
                out.column_mut(self.to).refill_nodes().extend_from_slice(&found.nodes[self.at..end]);
                for (step, rels) in self.steps.iter().zip(&found.rels) {
                    if let Some(rel) = step.rel {
                        out.column_mut(rel).refill_rels().extend_from_slice(&rels[self.at..end]);
                    }
                }
                self.at = end;
                return Ok(true);
            }
            found.clear();
            self.at = 0;
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next(ctx, &mut self.batch)? {
                    self.batch.len = 0;
                    return Ok(false);
                }
            }
            let first = self.row;
            self.fill(ctx)?;
            ctx.tick(self.row - first + self.found.rows.len() + std::mem::take(&mut self.n_seen) / 16)?;
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.found.clear();
        (self.batch.len, self.row, self.at, self.n_seen) = (0, 0, 0, 0);
    }
}
