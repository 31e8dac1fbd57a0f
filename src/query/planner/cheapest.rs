//! The cheapest paths between two nodes: both are found before.

use super::{Planner, pattern::Matching, unsupported};
use crate::{
    Result,
    query::{
        attend::Attend,
        bind::Length,
        cheapest::{Cheapest, CheapestPaths, Hop},
        plan::{Expr, Follow, Op, Slot, TypeRef},
        slots,
    },
};

/// What paths go over.
pub(super) struct Road {
    pub(super) from: Slot,
    pub(super) to: Slot,
    pub(super) rels: Slot,
    pub(super) follow: Follow,
    pub(super) types: Vec<TypeRef>,
    pub(super) length: Length,
    pub(super) rel_filter: Option<Expr>,
    pub(super) unique_from: Vec<Slot>,
}

impl Planner<'_> {
    /// Returns the operator that finds the cheapest paths.
    pub(super) fn cheapest(
        &self,
        cheapest: Option<Box<(Attend, Cheapest)>>,
        input: Op,
        road: Road,
        matching: &Matching,
    ) -> Result<Op> {
        let priced = cheapest.filter(|cheapest| cheapest.1.cost.is_some());
        let Some(mut priced) = priced else {
            return Err(unsupported(
                "CHEAPEST needs to know what a relationship costs: write COST BY r.km behind the MATCH",
            ));
        };
        let mut early = None;
        reads(&priced, &mut |slot| {
            if matching.unbound.get(slot.index()) == Some(&true) && slot != road.rels {
                early = Some(slot);
            }
        });
        if let Some(early) = early {
            let name = &self.slots[early.index()].name;
            return Err(unsupported(format!(
                "COST BY reads `{}`, which is found only with the path or behind it",
                name.trim()
            )));
        }
        priced.0.input = input;
        let (attend, cheapest) = *priced;
        let Road { from, to, rels, follow, types, length, rel_filter, unique_from } = road;
        let Length { min, max, .. } = length;
        let rels = Some(rels);
        Ok(Op::CheapestPaths(Box::new(CheapestPaths {
            attend,
            cheapest,
            from,
            to,
            rels,
            follow,
            types,
            min,
            max,
            rel_filter,
            unique_from,
        })))
    }
}

/// Calls `visit` for every slot of the row that the costs read.
pub(super) fn reads((attend, cheapest): &(Attend, Cheapest), visit: &mut dyn FnMut(Slot)) {
    let Hop { rel, node, attention, similarity } = cheapest.hop;
    let mut visit = |slot: Slot| {
        if ![rel, node, attention, similarity].contains(&slot) {
            visit(slot);
        }
    };
    attend.exprs(&mut |e| slots::reads(e, &mut visit));
    slots::reads(&cheapest.count, &mut visit);
    cheapest.cost.iter().for_each(|(cost, _)| slots::reads(cost, &mut visit));
}
