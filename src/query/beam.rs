//! What `ATTEND` on the relationships of a path plans: the path is expanded and ranked by one operator, so that a beam
//! bounds what is expanded, not what is kept of it.

use super::{
    attend::Attend,
    plan::{Expr, Follow, Op, Slot, TypeRef},
};
use crate::model::Value;

/// For each group of its input's rows (those that agree in [`Attend::per`], the start among them), the best paths of
/// `min..=max` relationships from the start.
///
/// Each node that a path goes on from has a softmax of its own over the relationships that can come next: those of the types
/// and the direction that pass filter and mask and are not on the path yet. A path's score is the product of the weights
/// of its relationships. What must hold of whole paths (their end, that no relationship is another's of the same MATCH)
/// says only which paths leave, and changes no weight. Paths of a group leave best first, of equal ones the one whose
/// relationships have the lower ids; each with all rows of the group that it fits.
#[derive(Debug, Clone)]
pub(crate) struct AttendPaths {
    /// What each relationship is asked. Its target and content are the slots of one relationship and the node it reaches.
    pub(crate) attend: Attend,
    pub(crate) hops: Hops,
    pub(crate) from: Slot,
    /// Where the list of relationships goes, when anybody needs it.
    pub(crate) rels: Option<Slot>,
    pub(crate) to: Slot,
    /// `to` is bound already: it is the end of the paths that leave.
    pub(crate) into: bool,
    pub(crate) follow: Follow,
    /// Any of these types; empty means every type.
    pub(crate) types: Vec<TypeRef>,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    /// Every relationship must satisfy this; [`Expr::Local`] 0 is the relationship.
    pub(crate) rel_filter: Option<Expr>,
    /// Relationships of the same MATCH that none of a path may be.
    pub(crate) unique_from: Vec<Slot>,
    /// What must hold of a path that leaves, with its row.
    pub(crate) tests: Vec<Expr>,
    /// It keeps to LIMIT and DISTINCT itself; else a [`LimitPaths`] above does, and gets the numbers of group and path.
    pub(crate) cuts: bool,
}

/// How the relationships of a path are ranked.
#[derive(Debug, Clone)]
pub(crate) struct Hops {
    /// The relationship and the node it reaches, while they are a candidate.
    pub(crate) rel: Slot,
    pub(crate) node: Slot,
    /// How many partial paths are kept, of each group and number of relationships: a number, or a list of them.
    pub(crate) beam: Option<Expr>,
    /// The log of a score is divided by the number of relationships.
    pub(crate) length_norm: bool,
    /// Where the number of a row's group and that of its path in it go, for a [`LimitPaths`].
    pub(crate) numbers: (Slot, Slot),
}

/// Keeps the first paths of each group; its rows come by group, in it by path.
#[derive(Debug, Clone)]
pub(crate) struct LimitPaths {
    pub(crate) input: Op,
    pub(crate) numbers: (Slot, Slot),
    pub(crate) limit: Option<Expr>,
    /// One row of each path.
    pub(crate) distinct: bool,
    pub(crate) carry: Vec<Slot>,
}

impl AttendPaths {
    /// Calls `visit` for every expression.
    pub(crate) fn exprs<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.attend.exprs(visit);
        self.hops.beam.iter().chain(&self.rel_filter).chain(&self.tests).for_each(visit);
    }

    /// Calls `visit` for every expression, for changing.
    pub(crate) fn exprs_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        self.attend.exprs_mut(visit);
        self.hops.beam.iter_mut().chain(&mut self.rel_filter).chain(&mut self.tests).for_each(visit);
    }

    /// Calls `visit` for every slot it reads besides those in its expressions.
    pub(crate) fn reads(&self, visit: &mut dyn FnMut(Slot)) {
        visit(self.from);
        if self.into {
            visit(self.to);
        }
        self.attend.per.iter().copied().for_each(&mut *visit);
        self.attend.constants.iter().for_each(|(slot, _)| visit(*slot));
        self.unique_from.iter().copied().for_each(visit);
    }

    /// Calls `visit` for every slot it sets.
    pub(crate) fn sets(&self, visit: &mut dyn FnMut(Slot)) {
        if !self.into {
            visit(self.to);
        }
        self.rels.into_iter().for_each(&mut *visit);
        visit(self.hops.rel);
        visit(self.hops.node);
        if !self.cuts {
            visit(self.hops.numbers.0);
            visit(self.hops.numbers.1);
        }
        self.attend.outputs.iter().for_each(|(_, slot)| visit(*slot));
    }

    /// Returns how many paths a group has at most, where the beam is known before it runs.
    pub(crate) fn paths_max(&self) -> f64 {
        let width = |e: &Expr| match e {
            Expr::Const(Value::Int(n)) => Some(*n as f64),
            _ => None,
        };
        let widths: Option<Vec<f64>> = match &self.hops.beam {
            Some(Expr::List(items)) => items.iter().map(width).collect(),
            Some(Expr::Const(Value::List(items))) => {
                items.iter().map(|item| width(&Expr::Const(item.clone()))).collect()
            }
            Some(beam) => width(beam).map(|width| vec![width]),
            None => None,
        };
        let (Some(widths), Some(max)) = (widths, self.max) else { return f64::INFINITY };
        (self.min.max(1)..=max)
            .take(64)
            .map(|n| widths.get(n as usize - 1).or(widths.last()).copied().unwrap_or(1.0))
            .sum()
    }

    /// Takes note that above only these slots are read.
    pub(crate) fn leave_out(&mut self, is_read: &dyn Fn(Slot) -> bool) {
        let tests = &self.tests;
        let is_tested = |slot: Slot| {
            let mut reads = false;
            tests.iter().for_each(|test| super::slots::reads(test, &mut |read| reads |= read == slot));
            reads
        };
        self.rels = self.rels.filter(|slot| is_read(*slot) || is_tested(*slot));
        self.attend.outputs.retain(|(_, slot)| is_read(*slot));
    }
}
