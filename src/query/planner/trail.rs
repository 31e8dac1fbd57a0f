//! Conditions of WHERE on all relationships of a trail: tested while it is walked, not after.
//!
//! For a shortest path this is more than speed: `shortestPath(...)` with such a condition means the shortest of the paths that
//! satisfy it. Any other condition on a shortest path in the same WHERE would need a search of its own, and is refused.
//! Where the selector is written before the pattern (`ANY SHORTEST`), the pattern is searched as a whole, and WHERE tests what was
//! found.

use super::unsupported;
use crate::{
    Result,
    query::{
        bind::{PatternGraph, PatternRel, Selector},
        function::Function,
        plan::{Comparison, Expr, Quantifier, Slot},
        slots,
    },
};

/// Moves `all(r IN rels WHERE ...)` and `none(...)` into the variable-length relationship that they are about.
///
/// # Errors
/// A condition on a shortest path that the search cannot test.
pub(super) fn conditions(graph: &mut PatternGraph) -> Result<()> {
    if graph.rels.iter().all(|rel| rel.length.is_none()) {
        return Ok(());
    }
    let PatternGraph { rels, paths, predicates, new_slots, .. } = graph;
    let mut kept = Vec::with_capacity(predicates.len());
    for predicate in predicates.drain(..) {
        match about(&predicate, rels, paths, new_slots) {
            Some(at) => add(&mut rels[at], predicate),
            None => kept.push(predicate),
        }
    }
    *predicates = kept;
    for rel in rels.iter().filter(|rel| is_shortest(rel)) {
        let path = paths.iter().find(|(_, path)| is_only(path, rel.slot)).map(|(slot, _)| *slot);
        let about_it = |slot: Slot| slot == rel.slot || Some(slot) == path;
        for predicate in &*predicates {
            let mut reads = false;
            slots::reads(predicate, &mut |slot| reads |= about_it(slot));
            if reads && !is_upward_closed(predicate, &about_it) {
                return Err(unsupported(
                    "a condition on a shortest path in its own WHERE can bound its length or be about each of its \
                     relationships, as all(r IN relationships(p) WHERE ...): test anything else after WITH",
                ));
            }
        }
    }
    Ok(())
}

fn is_shortest(rel: &PatternRel) -> bool {
    rel.length.is_some_and(|length| matches!(length.selector, Selector::Shortest | Selector::AllShortest))
}

/// Returns the relationship of which the predicate says something of each hop.
fn about(predicate: &Expr, rels: &[PatternRel], paths: &[(Slot, Expr)], new_slots: &[Slot]) -> Option<usize> {
    let Expr::Quantified { quantifier: Quantifier::All | Quantifier::None, local: 0, list, predicate } = predicate
    else {
        return None;
    };
    let at = match &**list {
        Expr::Slot(slot) => rels.iter().position(|rel| rel.slot == *slot)?,
        Expr::Call { function: Function::Relationships, args, .. } => {
            let [Expr::Slot(slot)] = args[..] else { return None };
            let (_, path) = paths.iter().find(|(path, _)| *path == slot)?;
            rels.iter().position(|rel| is_only(path, rel.slot))?
        }
        _ => return None,
    };
    // What is ranked has its candidates from the pattern: a condition of WHERE on a whole path takes none away.
    if rels[at].search.is_some()
        || rels[at].attend.is_some()
        || rels[at].cheapest.is_some()
        || rels[at].length.is_none()
        || rels[at].bound
    {
        return None;
    }
    // What it reads besides must be there before the walk.
    let mut reads_pattern = false;
    slots::reads(predicate, &mut |slot| reads_pattern |= new_slots.contains(&slot));
    (!reads_pattern).then_some(at)
}

fn add(rel: &mut PatternRel, predicate: Expr) {
    let Expr::Quantified { quantifier, predicate, .. } = predicate else {
        unreachable!("only quantified conditions come here")
    };
    let test = if quantifier == Quantifier::None { Expr::Not(predicate) } else { *predicate };
    rel.filter = Some(match rel.filter.take() {
        None => test,
        Some(Expr::And(mut tests)) => {
            tests.push(test);
            Expr::And(tests)
        }
        Some(other) => Expr::And(vec![other, test]),
    });
}

/// Returns whether the path goes through this relationship only.
fn is_only(path: &Expr, rel: Slot) -> bool {
    matches!(path, Expr::Path(steps) if steps.len() == 3 && steps[1] == rel)
}

/// Returns whether the condition holds of a shortest path if it holds of any: an upper bound of its length, or that it exists.
fn is_upward_closed(predicate: &Expr, about_it: &dyn Fn(Slot) -> bool) -> bool {
    let it = |e: &Expr| matches!(e, Expr::Slot(slot) if about_it(*slot));
    let length = |e: &Expr| match e {
        Expr::Call { function: Function::Length | Function::Size, args, .. } => matches!(&args[..], [e] if it(e)),
        _ => false,
    };
    let other = |e: &Expr| {
        let mut reads = false;
        slots::reads(e, &mut |slot| reads |= about_it(slot));
        !reads
    };
    match predicate {
        Expr::IsNotNull(e) => it(e),
        Expr::Compare(Comparison::Lt | Comparison::Le, a, b) => length(a) && other(b),
        Expr::Compare(Comparison::Gt | Comparison::Ge, a, b) => other(a) && length(b),
        _ => false,
    }
}
