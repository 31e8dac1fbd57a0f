//! Paths that are ranked while they are followed: where the expansion stands, and what of the pattern it tests itself.

use super::{Planner, pattern::Matching, unsupported};
use crate::{
    Result,
    query::{
        attend::Attend,
        beam::{AttendPaths, Hops, LimitPaths},
        bind::{PatternGraph, PatternRel},
        plan::{Op, Slot, VarExpand},
        slots,
    },
};

impl Planner<'_> {
    /// Makes of an expansion, the last operator so far, one that ranks what it follows.
    pub(super) fn rank(&self, ranking: (Attend, Hops), matching: &mut Matching) -> Result<()> {
        let (mut attend, hops) = ranking;
        let mut early = None;
        reads(&attend, &hops, &mut |slot| {
            if matching.unbound.get(slot.index()) == Some(&true) {
                early = Some(slot);
            }
        });
        if let Some(early) = early {
            let name = &self.slots[early.index()].name;
            return Err(unsupported(format!(
                "ATTEND on a path reads `{}`, which is found only with the path or behind it",
                name.trim()
            )));
        }
        let op = std::mem::replace(&mut matching.op, Op::Nothing);
        let Op::VarExpand(expand) = op else { unreachable!("only an expansion is ranked") };
        let VarExpand { input, from, rels, to, follow, types, min, max, into, rel_filter, unique_from, .. } = *expand;
        attend.input = input;
        matching.is_ranked = true;
        matching.op = Op::AttendPaths(Box::new(AttendPaths {
            attend,
            hops,
            from,
            rels,
            to,
            into,
            follow,
            types,
            min,
            max,
            rel_filter,
            unique_from,
            tests: Vec::new(),
            cuts: false,
        }));
        Ok(())
    }
}

/// Calls `visit` for every slot of the row that ranking a path reads.
pub(super) fn reads(attend: &Attend, hops: &Hops, visit: &mut dyn FnMut(Slot)) {
    let mut visit = |slot: Slot| {
        if slot != hops.rel && slot != hops.node {
            visit(slot);
        }
    };
    attend.per.iter().copied().for_each(&mut visit);
    attend.constants.iter().for_each(|(slot, _)| visit(*slot));
    attend.exprs(&mut |e| slots::reads(e, &mut visit));
    hops.beam.iter().for_each(|e| slots::reads(e, &mut visit));
}

/// Returns the relationships of the pattern that ranking or pricing this one reads.
pub(super) fn rels_read(rel: &PatternRel, graph: &PatternGraph) -> Vec<usize> {
    let mut needs = Vec::new();
    if let Some((attend, hops)) = rel.attend.as_deref() {
        reads(attend, hops, &mut |slot| {
            needs.extend(graph.rels.iter().position(|other| other.slot == slot && !other.bound));
        });
    }
    if let Some(cheapest) = &rel.cheapest {
        super::cheapest::reads(cheapest, &mut |slot| {
            needs.extend(graph.rels.iter().position(|other| other.slot == slot && !other.bound));
        });
    }
    needs
}

/// Lets the expansion that ranks test what is above it and keep to LIMIT; where more than tests is above it, an operator at the
/// top keeps to that. The operators are those of the pattern with such an expansion.
pub(super) fn cut(op: Op) -> Op {
    match take_tests(op) {
        Ok(op) => op,
        Err(op) => match limit(&op) {
            Some(limit) => Op::LimitPaths(Box::new(LimitPaths { input: op, ..limit })),
            None => op,
        },
    }
}

/// Returns what keeps to LIMIT and DISTINCT above the expansion that ranks, where one of them is there.
fn limit(op: &Op) -> Option<LimitPaths> {
    if let Op::AttendPaths(paths) = op {
        let (limit, distinct) = (paths.attend.limit.clone(), paths.attend.distinct);
        let numbers = paths.hops.numbers;
        return (limit.is_some() || distinct).then_some(LimitPaths {
            input: Op::Nothing,
            numbers,
            limit,
            distinct,
            carry: Vec::new(),
        });
    }
    let mut first = None;
    slots::inputs(op, &mut |below| first = first.or(Some(below)));
    first.and_then(limit)
}

/// Moves the tests above an expansion that ranks into it; gives the operators back where that cannot be.
#[expect(clippy::result_large_err, reason = "an operator either way")]
fn take_tests(op: Op) -> std::result::Result<Op, Op> {
    let mut set = Vec::new();
    let mut at = &op;
    loop {
        at = match at {
            Op::AttendPaths(_) => break,
            Op::Project { input, items } => {
                set.extend(items.iter().map(|(slot, _)| *slot));
                input
            }
            Op::Filter { input, .. } => input,
            _ => return Err(op),
        };
    }
    // A test above that reads what is made between stays.
    let mut stays = false;
    let mut above = &op;
    while let Op::Project { input, .. } | Op::Filter { input, .. } = above {
        if let Op::Filter { predicate, .. } = above {
            slots::reads(predicate, &mut |slot| stays |= set.contains(&slot));
        }
        above = input;
    }
    if stays { Err(op) } else { Ok(moved(op, Vec::new())) }
}

/// Returns the operators without filters, which the expansion at their end has.
fn moved(op: Op, mut tests: Vec<crate::query::plan::Expr>) -> Op {
    match op {
        Op::AttendPaths(mut paths) => {
            tests.reverse();
            paths.tests = tests;
            paths.cuts = true;
            Op::AttendPaths(paths)
        }
        Op::Filter { input, predicate, .. } => {
            tests.push(predicate);
            moved(*input, tests)
        }
        Op::Project { input, items } => Op::Project { input: Box::new(moved(*input, tests)), items },
        other => other,
    }
}
