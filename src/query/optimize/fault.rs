//! A wrong rule, by which the campaign that compares answers proves that it would notice one; and a switch that leaves all
//! rules out. Compiled for the feature `crash` only.

use std::cell::Cell;

use super::each_op;
use crate::query::{
    plan::{Comparison, Expr, Op},
    slots,
};

/// What can be planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `<=` is taken for `<`.
    LessForEqual,
    /// No rule is applied but the one that execution relies on.
    NoRules,
}

thread_local! {
    // Of a thread: statements are compiled where they are asked.
    static FAULTS: [Cell<bool>; 2] = const { [Cell::new(false), Cell::new(false)] };
}

/// Plants a fault, or takes it away.
pub(crate) fn set(fault: Fault, on: bool) {
    FAULTS.with(|faults| faults[fault as usize].set(on));
}

/// Returns whether a fault is planted.
pub(super) fn is_set(fault: Fault) -> bool {
    FAULTS.with(|faults| faults[fault as usize].get())
}

/// Applies the wrong rule, if it is planted.
pub(super) fn apply(op: &mut Op) {
    if is_set(Fault::LessForEqual) {
        each_op(op, &mut |op| slots::exprs_mut(op, &mut spoil));
    }
}

fn spoil(e: &mut Expr) {
    slots::children_mut(e, &mut spoil);
    if let Expr::Compare(comparison @ Comparison::Le, ..) = e {
        *comparison = Comparison::Lt;
    }
}
