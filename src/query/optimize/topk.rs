//! ORDER BY with LIMIT keeps only as many rows as are wanted, instead of sorting all.

use super::each_op;
use crate::{
    model::Value,
    query::plan::{Expr, Op},
};

/// Applies the rule. The LIMIT (and SKIP) above stays: it checks its count, and a count that is wrong must still be an error.
pub(super) fn apply(op: &mut Op) {
    each_op(op, &mut |op| {
        let Op::Limit { input, count } = op else { return };
        match &mut **input {
            Op::Sort { limit: limit @ None, .. } if matches!(count, Expr::Const(_) | Expr::Param(_)) => {
                *limit = Some(count.clone());
            }
            Op::Skip { input, count: skipped } => {
                if let Op::Sort { limit: limit @ None, .. } = &mut **input
                    && let (Expr::Const(Value::Int(count)), Expr::Const(Value::Int(skipped))) = (&*count, &*skipped)
                    && let Some(sum) = count.checked_add(*skipped)
                {
                    *limit = Some(Expr::Const(Value::Int(sum)));
                }
            }
            _ => {}
        }
    });
}
