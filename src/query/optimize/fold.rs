//! Constants are computed once. What could fail is left to run, so that an error appears only where a row meets it.

use std::sync::Arc;

use super::each_op;
use crate::{
    model::{Map, Value},
    query::{
        plan::{Arithmetic, Comparison, Expr, Plan},
        slots,
    },
};

/// Applies the rule.
pub(super) fn apply(plan: &mut Plan) {
    each_op(&mut plan.root, &mut |op| slots::exprs_mut(op, &mut fold));
}

/// Folds an expression, innermost first.
pub(super) fn fold(e: &mut Expr) {
    slots::children_mut(e, &mut fold);
    let folded = match e {
        Expr::List(items) => constants(items.iter()).map(Value::list),
        Expr::Map(entries) => constants(entries.iter().map(|(_, e)| e)).map(|values| {
            let keys = entries.iter().map(|(key, _)| Arc::clone(key));
            Value::Map(Arc::new(keys.zip(values).collect::<Map>()))
        }),
        Expr::Not(inner) => match &**inner {
            Expr::Const(Value::Bool(b)) => Some(Value::Bool(!b)),
            Expr::Const(Value::Null) => Some(Value::Null),
            _ => None,
        },
        Expr::Negate(inner) => match &**inner {
            Expr::Const(Value::Int(n)) => n.checked_neg().map(Value::Int),
            Expr::Const(Value::Float(x)) => Some(Value::Float(-x)),
            _ => None,
        },
        Expr::IsNull(inner) => constant(inner).map(|value| Value::Bool(value.is_null())),
        Expr::IsNotNull(inner) => constant(inner).map(|value| Value::Bool(!value.is_null())),
        Expr::IsTyped(inner, test) => constant(inner).map(|value| Value::Bool(test.admits(value))),
        Expr::Compare(comparison, left, right) => match (constant(left), constant(right)) {
            (Some(left), Some(right)) => compare(*comparison, left, right),
            _ => None,
        },
        Expr::Arithmetic { op, left, right, .. } => match (constant(left), constant(right)) {
            (Some(Value::Int(a)), Some(Value::Int(b))) => match op {
                Arithmetic::Add => a.checked_add(*b),
                Arithmetic::Sub => a.checked_sub(*b),
                Arithmetic::Mul => a.checked_mul(*b),
                Arithmetic::Div | Arithmetic::Rem | Arithmetic::Pow => None,
            }
            .map(Value::Int),
            _ => None,
        },
        _ => None,
    };
    if let Some(value) = folded {
        *e = Expr::Const(value);
    }
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Option<Value> {
    let truth = match comparison {
        Comparison::Eq => left.equals(right),
        Comparison::Ne => left.equals(right).map(|equal| !equal),
        // Whether kinds can be compared at all is the executor's to say.
        _ if left.kind() != right.kind() => return None,
        Comparison::Lt => left.compare(right).map(std::cmp::Ordering::is_lt),
        Comparison::Le => left.compare(right).map(std::cmp::Ordering::is_le),
        Comparison::Gt => left.compare(right).map(std::cmp::Ordering::is_gt),
        Comparison::Ge => left.compare(right).map(std::cmp::Ordering::is_ge),
    };
    // An incomparable pair has rules of its own (NaN, lists): leave them.
    truth.map(Value::Bool)
}

fn constant(e: &Expr) -> Option<&Value> {
    match e {
        Expr::Const(value) => Some(value),
        _ => None,
    }
}

fn constants<'e>(items: impl Iterator<Item = &'e Expr>) -> Option<Vec<Value>> {
    items.map(|item| constant(item).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    fn int(n: i64) -> Expr {
        Expr::Const(Value::Int(n))
    }

    fn arithmetic(op: Arithmetic, left: Expr, right: Expr) -> Expr {
        Expr::Arithmetic { op, left: Box::new(left), right: Box::new(right), span: Span::new(0, 1) }
    }

    #[test]
    fn folds_inside_out_but_never_an_error() {
        let mut e = Expr::List(vec![arithmetic(Arithmetic::Add, int(1), int(2)), int(4)]);
        fold(&mut e);
        assert!(matches!(&e, Expr::Const(value) if value.same(&Value::list([Value::Int(3), Value::Int(4)]))));
        let mut e = arithmetic(Arithmetic::Div, int(1), int(0));
        fold(&mut e);
        assert!(matches!(e, Expr::Arithmetic { .. }));
        let mut e = arithmetic(Arithmetic::Add, int(i64::MAX), int(1));
        fold(&mut e);
        assert!(matches!(e, Expr::Arithmetic { .. }));
    }
}
