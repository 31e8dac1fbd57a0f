//! A conjunct that asks whether a subquery has rows becomes a semi-join, which handles many rows at once.

use super::{each_op, take};
use crate::query::plan::{ApplyKind, Expr, Op, Plan, SubqueryKind};

/// Applies the rule.
pub(super) fn apply(plan: &mut Plan) {
    each_op(&mut plan.root, &mut |op| {
        let Op::Filter { input, predicate, .. } = op else { return };
        let conjuncts = match predicate {
            Expr::And(items) if items.iter().any(is_semi) => std::mem::take(items),
            single if is_semi(single) => vec![std::mem::replace(single, Expr::And(Vec::new()))],
            _ => return,
        };
        let (semis, mut plain): (Vec<Expr>, Vec<Expr>) = conjuncts.into_iter().partition(is_semi);
        let mut result = take(input);
        if !plain.is_empty() {
            let predicate = if plain.len() == 1 { plain.remove(0) } else { Expr::And(plain) };
            result = Op::Filter { input: Box::new(result), predicate, carry: Vec::new() };
        }
        for semi in semis {
            let (inner, anti) = split(semi);
            let kind = ApplyKind::Semi { anti };
            result = Op::Apply { input: Box::new(result), inner, kind, carry: Vec::new() };
        }
        *op = result;
    });
}

fn is_semi(e: &Expr) -> bool {
    match e {
        Expr::Subquery { inputs, kind: SubqueryKind::Exists, inner, once: false } => {
            inputs.is_empty() && by_rows(inner)
        }
        Expr::Not(inner) => matches!(**inner, Expr::Subquery { .. }) && is_semi(inner),
        _ => false,
    }
}

/// Returns whether the inner plan gives each outer row its own rows, however many outer rows there are at once.
fn by_rows(op: &Op) -> bool {
    let mut by_rows = match op {
        Op::Aggregate { .. }
        | Op::Distinct { .. }
        | Op::Sort { .. }
        | Op::Attend(_)
        | Op::AttendPaths(_)
        | Op::LimitPaths(_)
        | Op::Skip { .. }
        | Op::Limit { .. }
        | Op::Union { .. } => false,
        Op::Apply { kind: ApplyKind::Cross { per_row, .. } | ApplyKind::Optional { per_row, .. }, .. } => !per_row,
        _ => true,
    };
    crate::query::slots::inputs(op, &mut |below| by_rows = by_rows && self::by_rows(below));
    by_rows
}

fn split(e: Expr) -> (Box<Op>, bool) {
    match e {
        Expr::Subquery { inner, .. } => (inner, false),
        Expr::Not(negated) => {
            let (inner, anti) = split(*negated);
            (inner, !anti)
        }
        _ => unreachable!("only semi-joins come here"),
    }
}
