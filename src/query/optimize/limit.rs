//! LIMIT and SKIP go below projections, so that nothing is computed for rows that are not wanted, and as a bound into every
//! branch of a UNION ALL and above the order of a subquery's rows. What is ordered right below them then is a
//! [`topk`](super::topk).
//!
//! That scans, steps and UNWIND stop early needs no rule: a LIMIT asks for few rows where it wants few
//! ([`next_few`](crate::query::execute::Operator::next_few)).

use super::{
    each_op,
    fault::{self, Fault},
    take,
};
use crate::{
    model::Value,
    query::{
        execute::writes,
        plan::{ApplyKind, Expr, Op, Plan},
    },
};

/// Applies the rule.
pub(super) fn apply(plan: &mut Plan) {
    // Lowest first: a SKIP has gone below a projection when the LIMIT above it comes.
    each_op(&mut plan.root, &mut |op| {
        if let Op::Limit { .. } | Op::Skip { .. } = op {
            sink(op);
            bound_below(op);
        }
    });
}

/// Lets projections below a LIMIT or SKIP change places with it.
fn sink(op: &mut Op) {
    let (Op::Limit { input, .. } | Op::Skip { input, .. }) = op else { return };
    let below = match &mut **input {
        Op::Project { input, .. } => take(input),
        Op::Filter { input, .. } if fault::is_set(Fault::LimitBelowFilter) => take(input),
        _ => return,
    };
    let mut above = std::mem::replace(&mut **input, below);
    sink(op);
    if let Op::Project { input, .. } | Op::Filter { input, .. } = &mut above {
        **input = take(op);
    }
    *op = above;
}

/// Bounds what is below a LIMIT by what it wants: the branches of a UNION ALL, the rows that a subquery orders. The LIMIT
/// above stays: there are several branches, and several runs of a subquery.
fn bound_below(op: &mut Op) {
    let Some((count, below)) = wanted(below_projections(op)) else { return };
    match below {
        Op::Union { branches, distinct: false, .. } => {
            branches.iter_mut().for_each(|branch| bound(&mut branch.op, &count))
        }
        // Where one run serves many outer rows, what is wanted of each cannot be counted.
        Op::Apply {
            inner,
            kind: ApplyKind::Cross { per_row: true, .. } | ApplyKind::Optional { per_row: true, .. },
            ..
        } => {
            if let Op::Union { distinct: false, .. } | Op::Sort { limit: None, .. } = below_projections(inner) {
                bound(inner, &count);
            }
        }
        _ => {}
    }
}

/// Puts a LIMIT above an operator, unless that writes: then it runs to its end.
fn bound(op: &mut Op, count: &Expr) {
    if !writes(op) {
        *op = Op::Limit { input: Box::new(take(op)), count: count.clone() };
        sink(op);
        bound_below(op);
    }
}

fn below_projections(mut op: &mut Op) -> &mut Op {
    while let Op::Project { input, .. } = op {
        op = input;
    }
    op
}

/// Returns how many rows a LIMIT, with the SKIP below it, wants of the operator below, and that one; where it is known
/// before anything runs.
pub(super) fn wanted(op: &mut Op) -> Option<(Expr, &mut Op)> {
    let Op::Limit { input, count } = op else { return None };
    match &mut **input {
        Op::Skip { input, count: skipped } => match (&*count, &*skipped) {
            (Expr::Const(Value::Int(count)), Expr::Const(Value::Int(skipped))) => {
                let sum = count.checked_add(*skipped)?;
                Some((Expr::Const(Value::Int(sum)), input))
            }
            _ => None,
        },
        input => matches!(count, Expr::Const(_) | Expr::Param(_)).then(|| (count.clone(), input)),
    }
}
