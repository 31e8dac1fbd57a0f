//! A cycle is closed while it is walked: `(b)-->(c)` and then "does `c` lead to `a`?" become one operator that takes only
//! the `c` that are neighbours of both. What is between the two steps (whole stars around hubs, in a cycle) never becomes
//! rows, so that the work is bounded by the smaller neighbourhoods (as by the worst-case-optimal joins of Ngo, Porat, Ré and
//! Rudra, "Worst-case optimal join algorithms", 2018), one node of the pattern at a time.

use super::{each_op, take};
use crate::query::plan::{Expand, Intersect, IntersectStep, Op, Plan};

/// Applies the rule.
pub(super) fn apply(plan: &mut Plan) {
    each_op(&mut plan.root, &mut |op| {
        let Op::Expand(closing) = op else { return };
        if !closing.into || closing.rel_bound || closing.from == closing.to {
            return;
        }
        let (from, to) = (closing.from, closing.to);
        let Some(target) = below_filters(&mut closing.input).and_then(|below| match below {
            Op::Expand(first) if first.to == from || first.to == to => {
                (!first.into && !first.rel_bound && first.from != first.to).then_some(first.to)
            }
            Op::Intersect(first) if first.to == from || first.to == to => Some(first.to),
            _ => None,
        }) else {
            return;
        };
        let mut input = take(&mut closing.input);
        let below = below_filters(&mut input).expect("there was one just now");
        let mut intersect = match take(below) {
            Op::Expand(first) => started(*first),
            Op::Intersect(first) => first,
            _ => unreachable!("looked at just now"),
        };
        let backwards = closing.from == target;
        let own: Vec<_> = intersect.steps.iter().map(|step| step.rel).collect();
        let (apart, unique_from) = std::mem::take(&mut closing.unique_from)
            .into_iter()
            .partition::<Vec<_>, _>(|slot| own.contains(&Some(*slot)));
        intersect.steps.push(IntersectStep {
            from: if backwards { closing.to } else { closing.from },
            rel: closing.rel,
            follow: if backwards { closing.follow.reversed() } else { closing.follow },
            types: std::mem::take(&mut closing.types),
            apart: apart.into_iter().filter_map(|slot| own.iter().position(|one| *one == Some(slot))).collect(),
            unique_from,
        });
        *below = Op::Intersect(intersect);
        // What stood between the steps is above them now.
        *op = input;
    });
}

/// Returns what stands below filters, where that is one of the operators this is about.
fn below_filters(op: &mut Op) -> Option<&mut Op> {
    match op {
        Op::Filter { input, .. } => below_filters(input),
        Op::Expand(_) | Op::Intersect(_) => Some(op),
        _ => None,
    }
}

fn started(first: Expand) -> Box<Intersect> {
    let Expand { input, from, rel, to, follow, types, unique_from, carry, .. } = first;
    let step = IntersectStep { from, rel, follow, types, apart: Vec::new(), unique_from };
    Box::new(Intersect { input, to, steps: vec![step], carry })
}
