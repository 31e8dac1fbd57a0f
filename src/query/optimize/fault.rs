//! Wrong rules, by which the campaign that compares answers proves that it would notice one; and a switch that leaves all
//! rules out. They can be planted with the feature `crash` only.

use super::each_op;
use crate::query::{
    plan::{Comparison, Expr, Plan},
    slots,
};

/// What can be planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `<=` is taken for `<`.
    LessForEqual,
    /// Conditions move into an OPTIONAL MATCH.
    PushIntoOptional,
    /// All subqueries of a kind are taken for the same.
    AnySame,
    /// Every subquery runs once, also one that reads its row.
    AnyOnce,
    /// LIMIT goes below conditions too.
    LimitBelowFilter,
    /// No rule is applied but the one that execution relies on.
    NoRules,
}

#[cfg(feature = "crash")]
thread_local! {
    // Of a thread: statements are compiled where they are asked.
    static FAULTS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Plants a fault, or takes it away.
#[cfg(feature = "crash")]
pub(crate) fn set(fault: Fault, on: bool) {
    FAULTS.with(|faults| {
        let bit = 1 << fault as u32;
        faults.set(if on { faults.get() | bit } else { faults.get() & !bit });
    });
}

/// Returns whether a fault is planted.
#[cfg(feature = "crash")]
pub(super) fn is_set(fault: Fault) -> bool {
    FAULTS.with(|faults| faults.get() >> fault as u32 & 1 == 1)
}

/// Returns whether a fault is planted: none can be.
#[cfg(not(feature = "crash"))]
pub(super) const fn is_set(_: Fault) -> bool {
    false
}

/// Applies the wrong rule that is a rule of its own, if it is planted.
pub(super) fn apply(plan: &mut Plan) {
    if is_set(Fault::LessForEqual) {
        each_op(&mut plan.root, &mut |op| slots::exprs_mut(op, &mut spoil));
    }
}

fn spoil(e: &mut Expr) {
    slots::children_mut(e, &mut spoil);
    if let Expr::Compare(comparison @ Comparison::Le, ..) = e {
        *comparison = Comparison::Lt;
    }
}
