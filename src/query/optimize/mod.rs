//! Rules that rewrite a plan, in order. Each takes a plan and gives a plan with the same rows; each can be tested alone.

mod carry;
mod factorize;
#[cfg(feature = "crash")]
pub(crate) mod fault;
mod fold;
mod intersect;
mod semi;
mod topk;

use super::{
    plan::{Expr, Op, Plan},
    slots,
};

/// Applies every rule.
pub(crate) fn optimize(plan: &mut Plan) {
    #[cfg(feature = "crash")]
    if fault::is_set(fault::Fault::NoRules) {
        return carry::apply(plan);
    }
    #[cfg(feature = "crash")]
    fault::apply(&mut plan.root);
    apply(plan, true);
}

/// Applies every rule but the one that aggregates trails without walking them, to compare with it.
#[cfg(test)]
pub(crate) fn optimize_walking(plan: &mut Plan) {
    apply(plan, false);
}

fn apply(plan: &mut Plan, factorizes: bool) {
    fold::apply(&mut plan.root);
    semi::apply(&mut plan.root);
    topk::apply(&mut plan.root);
    if factorizes {
        factorize::apply(&mut plan.root);
    }
    intersect::apply(&mut plan.root);
    carry::apply(plan);
}

/// Applies nothing but the rule that execution relies on.
#[cfg(test)]
pub(crate) fn only_carry(plan: &mut Plan) {
    carry::apply(plan);
}

/// Calls `rule` on every operator, those of subqueries in expressions too, lowest first.
fn each_op(op: &mut Op, rule: &mut dyn FnMut(&mut Op)) {
    slots::inputs_mut(op, &mut |below| each_op(below, rule));
    slots::exprs_mut(op, &mut |e| each_op_inside(e, rule));
    rule(op);
}

fn each_op_inside(e: &mut Expr, rule: &mut dyn FnMut(&mut Op)) {
    if let Expr::Subquery { inner, .. } = e {
        each_op(inner, rule);
    }
    slots::children_mut(e, &mut |child| each_op_inside(child, rule));
}

/// Takes the operator out of its place, to wrap it.
fn take(op: &mut Op) -> Op {
    std::mem::replace(op, Op::Nothing)
}
