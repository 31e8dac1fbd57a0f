//! What `CHEAPEST` and `COST BY` plan: the cheapest paths between two nodes.

use super::{
    attend::Attend,
    plan::{Expr, Follow, Slot, TypeRef},
};
use crate::error::Span;

/// For each input row, the cheapest simple paths between two bound nodes (no node twice, but the last may be the first): of equally
/// cheap ones those with fewer relationships first.
#[derive(Debug, Clone)]
pub(crate) struct CheapestPaths {
    /// What the relationships at a node are asked, for costs that depend on it; the operator's input is its input.
    pub(crate) attend: Attend,
    pub(crate) cheapest: Cheapest,
    pub(crate) from: Slot,
    pub(crate) to: Slot,
    /// Where the list of relationships goes, when anybody needs it.
    pub(crate) rels: Option<Slot>,
    pub(crate) follow: Follow,
    /// Any of these types; empty means every type.
    pub(crate) types: Vec<TypeRef>,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    /// Every relationship must satisfy this; [`Expr::Local`] 0 is the relationship.
    pub(crate) rel_filter: Option<Expr>,
    pub(crate) unique_from: Vec<Slot>,
}

/// How many paths are wanted, and what they cost.
#[derive(Debug, Clone)]
pub(crate) struct Cheapest {
    pub(crate) count: Expr,
    /// Where it is written, for messages.
    pub(crate) span: Span,
    /// There once COST BY is bound, as a pattern without it is refused.
    pub(crate) cost: Option<(Expr, Span)>,
    pub(crate) hop: Hop,
    /// The relationships are ranked: costs may read how.
    pub(crate) is_ranked: bool,
    pub(crate) outputs: Vec<(Given, Slot)>,
}

/// The slots of one relationship while its cost is evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hop {
    pub(crate) rel: Slot,
    /// The node it reaches.
    pub(crate) node: Slot,
    /// Its weight among the relationships at the node it leaves.
    pub(crate) attention: Slot,
    pub(crate) similarity: Slot,
}

/// What a path gives beside its relationships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// The sum of the costs.
    Total,
    /// The product of the weights.
    Score,
    /// The mean of the similarities.
    Similarity,
    /// The sum of the logits.
    Logit,
    /// The relationships and their weights.
    Hops,
    /// The explanation.
    Why,
}

impl CheapestPaths {
    /// Calls `visit` for every expression.
    pub(crate) fn exprs<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.attend.exprs(visit);
        visit(&self.cheapest.count);
        self.cheapest.cost.iter().for_each(|(cost, _)| visit(cost));
        self.rel_filter.iter().for_each(visit);
    }

    /// Calls `visit` for every expression, for changing.
    pub(crate) fn exprs_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        self.attend.exprs_mut(visit);
        visit(&mut self.cheapest.count);
        self.cheapest.cost.iter_mut().for_each(|(cost, _)| visit(cost));
        self.rel_filter.iter_mut().for_each(visit);
    }

    /// Calls `visit` for every slot it reads besides those in its expressions.
    pub(crate) fn reads(&self, visit: &mut dyn FnMut(Slot)) {
        visit(self.from);
        visit(self.to);
        self.unique_from.iter().copied().for_each(visit);
    }

    /// Calls `visit` for every slot it sets.
    pub(crate) fn sets(&self, visit: &mut dyn FnMut(Slot)) {
        let Hop { rel, node, attention, similarity } = self.cheapest.hop;
        [rel, node, attention, similarity].into_iter().chain(self.rels).for_each(&mut *visit);
        self.cheapest.outputs.iter().for_each(|(_, slot)| visit(*slot));
    }

    /// Takes note that above only these slots are read.
    pub(crate) fn leave_out(&mut self, is_read: &dyn Fn(Slot) -> bool) {
        self.rels = self.rels.filter(|slot| is_read(*slot));
        self.cheapest.outputs.retain(|(_, slot)| is_read(*slot));
    }
}
