//! A vector search among all nodes of a label looks at their vectors block by block, or through an index of them, instead of
//! being given a row for each node. What the pattern asks of a node becomes part of what the search asks.
//!
//! A search ranks the nodes of each row that came before its pattern. So that it makes no difference by which of the rows
//! they are looked for, what is asked may read of them only what is the same in all that are ranked together.

use super::{each_op, take};
use crate::query::{
    attend::{Attend, Content, Scale},
    plan::{Expr, Op, Plan, Slot},
    slots,
};

/// Applies the rule.
pub(super) fn apply(plan: &mut Plan) {
    each_op(&mut plan.root, &mut |op| {
        if let Op::Attend(attend) = op
            && is_for_all(attend)
        {
            rewrite(attend);
        }
    });
}

/// Returns whether the nodes come from a scan, and nothing stands between but what filters them.
fn is_for_all(attend: &Attend) -> bool {
    if attend.scale != Scale::Similarity || attend.content != Content::Node || attend.notes {
        return false;
    }
    let reads_fit = |e: &Expr| {
        let mut fits = true;
        slots::reads(e, &mut |slot: Slot| fits &= slot == attend.target || attend.per.contains(&slot));
        fits
    };
    let mut fits = true;
    attend.exprs(&mut |e| fits &= reads_fit(e));
    let mut below = &attend.input;
    while let Op::Filter { input, predicate, .. } = below {
        fits &= reads_fit(predicate);
        below = input;
    }
    // A range or a seek finds few nodes fast: they are ranked as they come.
    fits && matches!(below, Op::NodeScan { node, range: None, .. } if *node == attend.target)
}

fn rewrite(attend: &mut Attend) {
    let mut tests: Vec<Expr> = Vec::new();
    loop {
        match take(&mut attend.input) {
            Op::Filter { input, predicate, .. } => {
                tests.insert(0, predicate);
                attend.input = *input;
            }
            Op::NodeScan { input, label, .. } => {
                attend.input = *input;
                attend.lookup.among = Some(label);
                break;
            }
            _ => unreachable!("it was looked what stands here"),
        }
    }
    tests.extend(attend.mask.take());
    let mut all = Vec::with_capacity(tests.len());
    for test in tests {
        match test {
            Expr::And(items) => all.extend(items),
            other => all.push(other),
        }
    }
    attend.mask = if all.len() > 1 { Some(Expr::And(all)) } else { all.pop() };
}
