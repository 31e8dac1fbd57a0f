//! What can come next: the relationships at a node, and what the query says of each. A node is looked up once, however many
//! paths lead to it.

use rustc_hash::FxHashMap;

use super::super::{Spec, ask::Asked, inner::add_boosts, way::bias_of};
use crate::{
    Result,
    model::{Direction, NodeId, RelId, TypeId},
    query::{
        execute::{
            Context,
            batch::{BATCH_ROWS_MAX, Batch, Column},
            eval::Ex,
            expand::{type_id, type_ids},
            var_expand::passes,
        },
        plan::{Follow, Slot, TypeRef},
    },
};

/// What is at a node: which relationships, and the slots in which one of them is while it is tested.
pub(in super::super) struct Around {
    pub(in super::super) follow: Follow,
    pub(in super::super) types: Vec<TypeRef>,
    pub(in super::super) rel_filter: Option<Ex>,
    pub(in super::super) rel: Slot,
    pub(in super::super) node: Slot,
    /// What is read besides, from the row.
    pub(in super::super) inner: Vec<Slot>,
}

/// The candidates at the nodes that paths lead to, one node behind the other.
#[derive(Default)]
pub(in super::super) struct Candidates {
    nodes: FxHashMap<u32, (u32, u32)>,
    pub(in super::super) rels: Vec<u32>,
    /// The nodes that they reach.
    pub(in super::super) reached: Vec<u32>,
    /// Whether the mask leaves them in; empty where there is none.
    mask: Vec<bool>,
    /// By boost.
    pub(in super::super) boosts: Vec<Vec<f32>>,
    pub(in super::super) boost_was_null: Vec<Vec<bool>>,
    /// Empty where nothing asks for them.
    pub(in super::super) saliences: Vec<f32>,
    /// What a model adds to each; empty where none does.
    pub(in super::super) biases: Vec<f32>,
    types: Vec<TypeId>,
    edges: Vec<(u32, u32)>,
    batch: Batch,
    column: Column,
}

impl Candidates {
    pub(in super::super) fn new(n_boosts: usize, batch: Batch) -> Self {
        let (boosts, boost_was_null) = (vec![Vec::new(); n_boosts], vec![Vec::new(); n_boosts]);
        Self { boosts, boost_was_null, batch, ..Self::default() }
    }

    /// Forgets all nodes: another group asks otherwise.
    pub(in super::super) fn clear(&mut self, ctx: &Context, around: &Around) {
        self.nodes.clear();
        self.rels.clear();
        self.reached.clear();
        self.mask.clear();
        self.saliences.clear();
        self.biases.clear();
        self.boosts.iter_mut().for_each(Vec::clear);
        self.boost_was_null.iter_mut().for_each(Vec::clear);
        self.types = match &around.types[..] {
            [one] => type_id(ctx.view(), one).into_iter().collect(),
            several => type_ids(ctx.view(), several),
        };
    }

    /// Returns where the candidates of a node are, which was looked up.
    pub(in super::super) fn of(&self, node: u32) -> std::ops::Range<usize> {
        self.nodes.get(&node).map_or(0..0, |(start, end)| *start as usize..*end as usize)
    }

    pub(in super::super) fn is_masked(&self, at: usize) -> bool {
        !self.mask.is_empty() && !self.mask[at]
    }

    pub(in super::super) fn bytes(&self) -> usize {
        let n_lists = usize::from(!self.saliences.is_empty()) + usize::from(!self.biases.is_empty());
        let each = 9 + 4 * n_lists + 5 * self.boosts.len();
        self.rels.len() * each + self.nodes.len() * 32
    }

    /// Looks up those of the nodes that are new. What is asked is evaluated on the group's first row.
    pub(in super::super) fn look_up(
        &mut self,
        ctx: &mut Context,
        (spec, around): (&mut Spec, &mut Around),
        nodes: impl Iterator<Item = u32>,
        (all, row): (&Batch, usize),
        asked: Option<&Asked>,
    ) -> Result<()> {
        let from = self.rels.len();
        for node in nodes {
            if self.nodes.contains_key(&node) {
                continue;
            }
            let start = self.rels.len();
            self.edges(ctx, around.follow, node)?;
            ctx.tick(self.edges.len())?;
            for (rel, reached) in std::mem::take(&mut self.edges) {
                if passes(&mut around.rel_filter, ctx, all, row, rel)? {
                    self.rels.push(rel);
                    self.reached.push(reached);
                }
            }
            self.nodes.insert(node, (start as u32, self.rels.len() as u32));
        }
        if asked.is_some_and(|asked| asked.prior != 0.0) {
            for rel in &self.rels[from..] {
                self.saliences.push(ctx.view().salience(RelId::new(*rel))?);
            }
        }
        if let Some(model) = asked.and_then(Asked::biases) {
            for rel in &self.rels[from..] {
                self.biases.push(bias_of(ctx.view(), model, RelId::new(*rel))?);
            }
        }
        self.test(ctx, spec, around, from, (all, row))
    }

    /// Lays out the relationships at a node, by their ids.
    fn edges(&mut self, ctx: &Context, follow: Follow, node: u32) -> Result<()> {
        let view = ctx.view();
        self.edges.clear();
        for &rel_type in &self.types {
            if follow != Follow::In {
                let edges = view.adjacency(Direction::Out, rel_type).edges(NodeId::new(node))?;
                edges.for_each(|neighbor, rel| self.edges.push((rel, neighbor)));
            }
            if follow != Follow::Out {
                let edges = view.adjacency(Direction::In, rel_type).edges(NodeId::new(node))?;
                edges.for_each(|neighbor, rel| {
                    // A self-loop is followed once.
                    if !(follow == Follow::Both && neighbor == node) {
                        self.edges.push((rel, neighbor));
                    }
                });
            }
        }
        // One order, however they are stored: sums are made in it.
        if !self.edges.is_sorted() {
            self.edges.sort_unstable();
        }
        Ok(())
    }

    /// Evaluates mask and boosts of the candidates from `from` on.
    fn test(
        &mut self,
        ctx: &mut Context,
        spec: &mut Spec,
        around: &Around,
        from: usize,
        (all, row): (&Batch, usize),
    ) -> Result<()> {
        if spec.mask.is_none() && spec.boosts.is_empty() {
            return Ok(());
        }
        let n = self.rels.len();
        for from in (from..n).step_by(BATCH_ROWS_MAX) {
            let to = n.min(from + BATCH_ROWS_MAX);
            let batch = &mut self.batch;
            batch.gather(all, &vec![row as u32; to - from], &around.inner);
            batch.column_mut(around.rel).refill_rels().extend_from_slice(&self.rels[from..to]);
            batch.column_mut(around.node).refill_nodes().extend_from_slice(&self.reached[from..to]);
            if let Some(mask) = &mut spec.mask {
                let mut rows: Vec<u32> = (0..batch.len as u32).collect();
                mask.retain(ctx, batch, &mut rows)?;
                self.mask.resize(to, false);
                rows.iter().for_each(|row| self.mask[from + *row as usize] = true);
            }
            for (at, (boost, name)) in spec.boosts.iter_mut().enumerate() {
                boost.column(ctx, batch, &mut self.column)?;
                add_boosts(&self.column, batch.len, name, &mut self.boosts[at], &mut self.boost_was_null[at])?;
            }
        }
        Ok(())
    }
}
