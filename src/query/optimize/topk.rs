//! ORDER BY with LIMIT keeps only as many rows as are wanted, instead of sorting all.

use super::{each_op, limit};
use crate::query::plan::{Op, Plan};

/// Applies the rule. The LIMIT (and SKIP) above stays: it checks its count, and a count that is wrong must still be an error.
pub(super) fn apply(plan: &mut Plan) {
    each_op(&mut plan.root, &mut |op| {
        if let Some((count, Op::Sort { limit: limit @ None, .. })) = limit::wanted(op) {
            *limit = Some(count);
        }
    });
}
