//! `attended(x, 'text')`: what a group of `ATTEND` saw, the sum of its candidates' vectors by their weights.
//!
//! The operator that ranks makes the sum, for it has all candidates, also those that LIMIT cuts; here it is asked for a slot
//! with it. In the projection it is an aggregate: rows of one group of `ATTEND` have the same value, which is the result.

use super::{Binder, BoundClause, Kind, expr::Typed, fail, kind::Element};
use crate::{
    QueryError, Result,
    model::Value,
    query::{
        ast,
        attend::Chosen,
        function::Aggregator,
        plan::{Aggregate, Expr, Slot, SlotKind},
    },
};

/// What `ATTEND` ranked since the last projection, and the sums that are asked of it.
#[derive(Default)]
pub(super) struct Ranked {
    targets: Vec<(Slot, Vec<(Chosen, Slot)>)>,
}

impl Ranked {
    /// Adds the target of an `ATTEND`: a later one of the same variable is the one that is meant.
    pub(super) fn add(&mut self, target: Slot) {
        self.targets.retain(|(known, _)| *known != target);
        self.targets.push((target, Vec::new()));
    }
}

impl<'a> Binder<'a> {
    /// Binds the call in a projection, its arguments bound already.
    pub(super) fn attended(
        &mut self,
        e: &'a ast::Expr,
        distinct: bool,
        args: &'a [ast::Expr],
        bound: &[Typed],
    ) -> Result<(Aggregate, Kind)> {
        if distinct {
            return Err(fail("UnexpectedSyntax", "attended() sums a whole group: DISTINCT means nothing", e.span));
        }
        let (Expr::Slot(target), _) = bound[0] else {
            return Err(fail("InvalidArgumentType", "attended() is of a variable that ATTEND ranks", args[0].span));
        };
        let space = match &bound[1].0 {
            Expr::Const(Value::String(name)) => Chosen::Name(name.clone(), args[1].span),
            Expr::Param(number) => Chosen::Param(*number, args[1].span),
            _ => {
                let message = "the space of attended() is a string that is written out, or a parameter";
                return Err(fail("InvalidArgumentType", message, args[1].span));
            }
        };
        let Some(at) = self.ranked.targets.iter().position(|(known, _)| *known == target) else {
            let message = "attended() is of what ATTEND ranks, in the WITH or RETURN that follows it";
            let error = QueryError::syntax("InvalidAggregation", message, args[0].span);
            return Err(error.hint("MATCH (me)-->(x) ATTEND x IN (FOR me) RETURN attended(x, 'text')").into());
        };
        let known = self.ranked.targets[at].1.iter().find(|(known, _)| known.is_same(&space)).map(|(_, slot)| *slot);
        let slot = match known {
            Some(slot) => slot,
            None => {
                let slot = self.unnamed_slot(SlotKind::Value)?;
                self.ranked.targets[at].1.push((space, slot));
                slot
            }
        };
        let aggregate =
            Aggregate { function: Aggregator::Attended, arg: Some(Expr::Slot(slot)), extra: None, distinct: false };
        Ok((aggregate, Kind::List(Element::Float)))
    }

    /// After a projection: hands the sums that it asks for to what ranks, and forgets what was ranked.
    pub(super) fn settle_sums(&mut self, into: &mut [BoundClause]) {
        for (target, sums) in std::mem::take(&mut self.ranked).targets {
            let ranking = into.iter_mut().rev().find_map(|clause| match clause {
                BoundClause::Attend(attend) if attend.target == target => Some(attend),
                _ => None,
            });
            if let Some(attend) = ranking {
                attend.sums = sums;
            }
        }
    }
}
