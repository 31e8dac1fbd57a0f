//! A subquery that reads nothing of its row has one value for the whole statement, or the same rows for every row: it runs
//! once, for the first row that asks. (Where none asks it does not run, so that it fails no more often than before.) So
//! `COUNT { }` and the like in expressions, and `CALL { }` where it would run for each row by itself.

use rustc_hash::FxHashSet;

use super::{
    each_op,
    fault::{self, Fault},
};
use crate::query::{
    plan::{ApplyKind, Expr, Op, Plan, Slot, SubqueryKind},
    slots,
};

/// Applies the rule.
pub(super) fn apply(plan: &mut Plan) {
    // What a statement writes, a later row may read.
    if !plan.writes {
        each_op(&mut plan.root, &mut |op| {
            slots::exprs_mut(op, &mut mark);
            mark_apply(op);
        });
    }
}

fn mark(e: &mut Expr) {
    if let Expr::Subquery { inner, inputs, kind, .. } = e {
        // Variables of comprehensions around it that it does not read.
        let mut read = FxHashSet::default();
        let mut note = |slot: Slot| _ = read.insert(slot);
        slots::op_reads(inner, &mut note);
        if let SubqueryKind::Collect(item) = kind {
            slots::reads(item, &mut note);
        }
        inputs.retain(|(slot, _)| read.contains(slot));
    }
    let mut reads_any = false;
    slots::reads(e, &mut |_| reads_any = !fault::is_set(Fault::AnyOnce));
    let is_fixed = !reads_any && matches!(e, Expr::Subquery { inputs, .. } if inputs.is_empty()) && is_steady(e);
    if let (Expr::Subquery { once, .. }, true) = (&mut *e, is_fixed) {
        *once = true;
    }
    slots::children_mut(e, &mut mark);
}

fn mark_apply(op: &mut Op) {
    let Op::Apply { input, inner, kind: ApplyKind::Cross { per_row: true, once }, .. } = op else { return };
    // The one row of a statement's start needs no more runs than one.
    if matches!(**input, Op::Argument) || !is_steady_op(inner) {
        return;
    }
    let mut set = FxHashSet::default();
    slots::sets(inner, &mut |slot| _ = set.insert(slot));
    let mut reads_outside = false;
    slots::op_reads(inner, &mut |slot| reads_outside |= !set.contains(&slot));
    *once = !reads_outside;
}

/// Returns whether an expression has one value for one row, however often it is asked while the graph stays.
pub(super) fn is_steady(e: &Expr) -> bool {
    let mut steady = match e {
        Expr::Call { function, .. } => !function.is_volatile(),
        Expr::Subquery { inner, .. } => is_steady_op(inner),
        _ => true,
    };
    slots::children(e, &mut |child| steady = steady && is_steady(child));
    steady
}

fn is_steady_op(op: &Op) -> bool {
    // A procedure may be anything, and a file may change.
    let mut steady = !matches!(op, Op::ProcedureCall { .. } | Op::LoadCsv { .. });
    slots::exprs(op, &mut |e| steady = steady && is_steady(e));
    slots::inputs(op, &mut |below| steady = steady && is_steady_op(below));
    steady
}
