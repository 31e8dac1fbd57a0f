//! What `ATTEND` and `SEARCH` plan: candidates of a group are scored by one softmax, ranked and cut.

use std::sync::Arc;

pub(crate) use super::ast::AttendOutput;
use super::plan::{Aggregate, Expr, LabelRef, Op, Slot};
use crate::error::Span;

/// For each group of its input's rows, ranks the distinct values of a slot.
///
/// Rows of one candidate stay together, in the order they came, unless only one of them is wanted. Groups come in the order
/// of their first rows; in a group the best candidate comes first, of equal ones the one with the lower id, and rows whose
/// candidate is null come last.
#[derive(Debug, Clone)]
pub(crate) struct Attend {
    pub(crate) input: Op,
    /// What is ranked.
    pub(crate) target: Slot,
    /// What the target is.
    pub(crate) content: Content,
    /// The slots whose combinations are the groups.
    pub(crate) per: Vec<Slot>,
    /// One row a candidate.
    pub(crate) distinct: bool,
    /// The query, and where it stands.
    pub(crate) query: Option<(Expr, Span)>,
    /// The spaces and their weights; empty means those that the query has.
    pub(crate) spaces: Vec<(Chosen, Option<Expr>)>,
    /// The model: what projects queries and vectors, and adds to logits by relationship type.
    pub(crate) model: Option<Chosen>,
    /// Candidates for which it is not true are masked.
    pub(crate) mask: Option<Expr>,
    pub(crate) temperature: Option<Expr>,
    pub(crate) heads: Option<Expr>,
    pub(crate) prior: Option<Expr>,
    pub(crate) min_similarity: Option<Expr>,
    pub(crate) min_weight: Option<Expr>,
    pub(crate) limit: Option<Expr>,
    /// Terms of the caller's, by name.
    pub(crate) boosts: Vec<(Expr, Arc<str>)>,
    /// What mask and boosts aggregate over a candidate's rows.
    pub(crate) aggregates: Vec<(Slot, Aggregate)>,
    /// The relationships, and lists of them, that lead to the target: their saliences are its prior, and a
    /// model adds to it by their types.
    pub(crate) path: Vec<Slot>,
    /// Where `WHY WITHOUT` is asked for: the relationships, and lists of them, that a row came by.
    pub(crate) ways: Vec<Slot>,
    /// What is returned is noted, with the relationships that led to it.
    pub(crate) notes: bool,
    /// What must be the same in all rows of a group, with the variables' names.
    pub(crate) constants: Vec<(Slot, Arc<str>)>,
    pub(crate) outputs: Vec<(AttendOutput, Slot)>,
    /// Where the sum of the candidates' vectors of a space goes, by their weights: the same for all rows of a group.
    pub(crate) sums: Vec<(Chosen, Slot)>,
    pub(crate) scale: Scale,
    pub(crate) lookup: Lookup,
    pub(crate) carry: Vec<Slot>,
}

/// How a `SEARCH` looks for what is near.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookup {
    /// For each input row, the target is any node (of a label) that has a vector, not what the row has.
    pub(crate) among: Option<Option<LabelRef>>,
    /// `EXACT` is asked for.
    pub(crate) exact: bool,
    /// `BREADTH`.
    pub(crate) breadth: Option<Expr>,
    /// The space had an index when this was planned.
    pub(crate) indexed: bool,
}

/// Where a candidate's vectors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The candidate is a node and has them.
    Node,
    /// The candidate is a relationship: it has them, or else the node in this slot, which it leads to.
    Relationship(Slot),
    /// The candidate is a relationship; the node in this slot has them.
    Reached(Slot),
}

/// What the scores are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Weights of a softmax.
    Weight,
    /// Similarities as other systems scale them, 0 to 1, for `SEARCH`.
    Similarity,
}

/// A name, or the parameter that has it.
#[derive(Debug, Clone)]
pub(crate) enum Chosen {
    Name(Arc<str>, Span),
    Param(u16, Span),
}

impl Attend {
    /// Calls `visit` for every expression.
    pub(crate) fn exprs<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.query.iter().for_each(|(query, _)| visit(query));
        self.spaces.iter().filter_map(|(_, weight)| weight.as_ref()).for_each(&mut *visit);
        self.options().into_iter().flatten().for_each(&mut *visit);
        self.boosts.iter().for_each(|(boost, _)| visit(boost));
        for (_, Aggregate { arg, extra, .. }) in &self.aggregates {
            arg.iter().chain(extra).for_each(&mut *visit);
        }
    }

    /// Calls `visit` for every expression, for changing.
    pub(crate) fn exprs_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        self.query.iter_mut().for_each(|(query, _)| visit(query));
        self.spaces.iter_mut().filter_map(|(_, weight)| weight.as_mut()).for_each(&mut *visit);
        let Self { mask, temperature, heads, prior, min_similarity, min_weight, limit, lookup, .. } = self;
        let options = [mask, temperature, heads, prior, min_similarity, min_weight, limit, &mut lookup.breadth];
        options.into_iter().flatten().for_each(&mut *visit);
        self.boosts.iter_mut().for_each(|(boost, _)| visit(boost));
        for (_, Aggregate { arg, extra, .. }) in &mut self.aggregates {
            arg.iter_mut().chain(extra).for_each(&mut *visit);
        }
    }

    fn options(&self) -> [Option<&Expr>; 8] {
        let Self { mask, temperature, heads, prior, min_similarity, min_weight, limit, lookup, .. } = self;
        [mask, temperature, heads, prior, min_similarity, min_weight, limit, &lookup.breadth].map(Option::as_ref)
    }

    /// Calls `visit` for every slot it reads besides those in its expressions.
    pub(crate) fn reads(&self, visit: &mut dyn FnMut(Slot)) {
        if self.lookup.among.is_none() {
            visit(self.target);
        }
        if let Content::Relationship(slot) | Content::Reached(slot) = self.content {
            visit(slot);
        }
        self.per.iter().copied().for_each(&mut *visit);
        // Salience counts only where there is a prior, types where there is a model, and credit where there is a reward.
        let has_credit = self.outputs.iter().any(|(output, _)| *output == AttendOutput::Credit);
        if self.prior.is_some() || self.notes || self.model.is_some() || has_credit {
            self.path.iter().copied().for_each(&mut *visit);
        }
        self.ways.iter().copied().for_each(&mut *visit);
        self.constants.iter().for_each(|(slot, _)| visit(*slot));
    }

    /// Calls `visit` for every slot it sets.
    pub(crate) fn sets(&self, visit: &mut dyn FnMut(Slot)) {
        if self.lookup.among.is_some() {
            visit(self.target);
        }
        self.aggregates.iter().for_each(|(slot, _)| visit(*slot));
        self.outputs.iter().for_each(|(_, slot)| visit(*slot));
        self.sums.iter().for_each(|(_, slot)| visit(*slot));
    }
}

impl Chosen {
    /// Returns whether both are written the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(a, _), Self::Name(b, _)) => a == b,
            (Self::Param(a, _), Self::Param(b, _)) => a == b,
            _ => false,
        }
    }
}
