//! Rules that rewrite a query, in order. Each takes a query or a plan and gives one with the same rows.
//!
//! [`RULES`] lists them. Most rewrite the plan; those that must come before the order of matching is chosen, so that the
//! choice of indexes and of the first node can count on them, rewrite the clauses it is chosen for. Any [`Rules`] of them
//! can be applied: `scripts` shows what each does to a plan by itself.
//!
//! What the planner chooses by statistics (`planner`: an index, the order of a pattern's relationships, a step into a node
//! that is bound) is no rule: it depends on the graph. The scripts show these choices too, on graphs that differ.
//!
//! Which errors a query meets: a rule never lets an expression that could fail see a row that it would not have seen. But
//! a row that a rule drops earlier no longer meets the errors that waited for it on the way.

mod carry;
mod factorize;
pub(crate) mod fault;
mod fold;
mod intersect;
mod limit;
mod nearest;
mod once;
mod push;
mod reuse;
mod semi;
mod topk;

use fault::Fault;

use super::{
    bind::BoundQuery,
    plan::{Expr, Op, Plan, SlotInfo},
    slots,
};

/// A rule.
pub(crate) struct Rule {
    /// Its name, in scripts.
    #[cfg_attr(not(test), expect(dead_code, reason = "scripts are tests"))]
    pub(crate) name: &'static str,
    apply: Apply,
}

/// What a rule rewrites.
enum Apply {
    /// The clauses of a query, before anything is planned: also those of subqueries.
    Clauses(fn(&mut BoundQuery, &[SlotInfo])),
    /// The plan of a whole statement.
    Plan(fn(&mut Plan)),
}

/// All rules, in the order in which they are applied.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "push-down", apply: Apply::Clauses(push::apply) },
    Rule { name: "fold", apply: Apply::Plan(fold::apply) },
    Rule { name: "reuse", apply: Apply::Plan(reuse::apply) },
    Rule { name: "once", apply: Apply::Plan(once::apply) },
    Rule { name: "semi-join", apply: Apply::Plan(semi::apply) },
    Rule { name: "limit", apply: Apply::Plan(limit::apply) },
    Rule { name: "top-k", apply: Apply::Plan(topk::apply) },
    Rule { name: "nearest", apply: Apply::Plan(nearest::apply) },
    Rule { name: TRAILS, apply: Apply::Plan(factorize::apply) },
    Rule { name: "intersection", apply: Apply::Plan(intersect::apply) },
];

/// The rule that aggregates trails without walking them.
const TRAILS: &str = "trail-aggregate";

/// Some of [`RULES`]: a bit for each, the first rule's lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules(u32);

impl Rules {
    /// Every rule.
    pub(crate) const ALL: Self = Self((1 << RULES.len()) - 1);
    /// No rule.
    pub(crate) const NONE: Self = Self(0);

    /// Returns the rules that statements are compiled with.
    pub(crate) fn in_force() -> Self {
        if fault::is_set(Fault::NoRules) { Self::NONE } else { Self::ALL }
    }

    /// Every rule but the one that aggregates trails without walking them, to compare with it.
    #[cfg(test)]
    pub(crate) fn walking() -> Self {
        Self(Self::ALL.0 & !Self::only(TRAILS).0)
    }

    /// One rule.
    #[cfg(test)]
    pub(crate) fn only(name: &str) -> Self {
        Self(Self::up_to(name).0 & !Self::before(name).0)
    }

    /// The rules that stand before one.
    #[cfg(test)]
    pub(crate) fn before(name: &str) -> Self {
        let at = RULES.iter().position(|rule| rule.name == name);
        Self((1 << at.unwrap_or_else(|| panic!("no rule is called {name}"))) - 1)
    }

    /// The rules that stand before one, and that one.
    #[cfg(test)]
    pub(crate) fn up_to(name: &str) -> Self {
        Self(Self::before(name).0 << 1 | 1)
    }

    fn iter(self) -> impl Iterator<Item = &'static Rule> {
        RULES.iter().enumerate().filter(move |(at, _)| self.0 >> at & 1 == 1).map(|(_, rule)| rule)
    }
}

/// Applies the rules that rewrite clauses.
pub(crate) fn clauses(query: &mut BoundQuery, slots: &[SlotInfo], rules: Rules) {
    for rule in rules.iter() {
        if let Apply::Clauses(apply) = rule.apply {
            apply(query, slots);
        }
    }
}

/// Applies the rules that rewrite plans, and last what execution relies on: what each operator carries.
pub(crate) fn optimize(plan: &mut Plan, rules: Rules) {
    if rules != Rules::NONE {
        fault::apply(plan);
    }
    for rule in rules.iter() {
        if let Apply::Plan(apply) = rule.apply {
            apply(plan);
        }
    }
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
