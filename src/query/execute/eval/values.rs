//! The operators of the language on values: arithmetic, comparison, three-valued logic, indexing. Pure.

use std::{cmp::Ordering, sync::Arc};

use crate::{
    Error, Result,
    error::QueryError,
    model::Value,
    query::{
        function,
        plan::{Arithmetic, Comparison},
    },
};

/// Returns `a op b` as a truth value; `None` is null.
#[inline]
pub(crate) fn compare(op: Comparison, a: &Value, b: &Value) -> Option<bool> {
    match op {
        Comparison::Eq => a.equals(b),
        Comparison::Ne => a.equals(b).map(|equal| !equal),
        _ => match a.compare(b) {
            Some(ordering) => Some(holds(op, ordering)),
            // NaN is comparable with numbers, and never less nor greater.
            None if a.as_float().is_some() && b.as_float().is_some() => Some(false),
            None => None,
        },
    }
}

/// Returns whether an ordering satisfies a comparison.
#[inline]
pub(crate) const fn holds(op: Comparison, ordering: Ordering) -> bool {
    match op {
        Comparison::Eq => ordering.is_eq(),
        Comparison::Ne => ordering.is_ne(),
        Comparison::Lt => ordering.is_lt(),
        Comparison::Le => ordering.is_le(),
        Comparison::Gt => ordering.is_gt(),
        Comparison::Ge => ordering.is_ge(),
    }
}

/// Returns a truth value as a value.
pub(crate) fn truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Bool)
}

/// Returns the truth value of a value.
///
/// # Errors
/// `TypeError` where it is neither a boolean nor null.
#[inline]
pub(crate) fn as_truth(value: &Value) -> Result<Option<bool>> {
    match value {
        Value::Bool(b) => Ok(Some(*b)),
        Value::Null => Ok(None),
        other => {
            let message = format!("expected a boolean, not {} `{other}`", other.kind());
            Err(QueryError::type_error("InvalidArgumentType", message).into())
        }
    }
}

/// Returns `a op b`.
///
/// # Errors
/// `TypeError` where such values have no such operation, `ArithmeticError` for overflow and division by zero.
pub(crate) fn arithmetic(op: Arithmetic, a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Int(a), Value::Int(b)) => integers(op, *a, *b),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            let (a, b) = (a.as_float().unwrap_or_default(), b.as_float().unwrap_or_default());
            Ok(Value::Float(floats(op, a, b)))
        }
        _ => match function::temporal_arithmetic(op, a, b) {
            Some(result) => result,
            None if op == Arithmetic::Add => add(a, b),
            None => Err(no_operation(op, a, b).into()),
        },
    }
}

fn integers(op: Arithmetic, a: i64, b: i64) -> Result<Value> {
    let result = match op {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Sub => a.checked_sub(b),
        Arithmetic::Mul => a.checked_mul(b),
        Arithmetic::Div | Arithmetic::Rem if b == 0 => {
            let message = format!("division of {a} by zero");
            return Err(QueryError::run("22012", "ArithmeticError", "DivisionByZero", message).into());
        }
        Arithmetic::Div => a.checked_div(b),
        Arithmetic::Rem => Some(a.wrapping_rem(b)),
        Arithmetic::Pow => return Ok(Value::Float((a as f64).powf(b as f64))),
    };
    let overflow = || {
        let message = format!("{a} {} {b} does not fit a 64-bit integer", symbol(op));
        QueryError::run("22003", "ArithmeticError", "NumberOutOfRange", message)
    };
    Ok(Value::Int(result.ok_or_else(overflow)?))
}

fn floats(op: Arithmetic, a: f64, b: f64) -> f64 {
    match op {
        Arithmetic::Add => a + b,
        Arithmetic::Sub => a - b,
        Arithmetic::Mul => a * b,
        Arithmetic::Div => a / b,
        Arithmetic::Rem => a % b,
        Arithmetic::Pow => a.powf(b),
    }
}

/// Returns the bytes that a result which joins strings or lists will take; 0 where numbers are added.
pub(super) fn joined_bytes(op: Arithmetic, a: &Value, b: &Value) -> usize {
    if op != Arithmetic::Add {
        return 0;
    }
    let part = |value: &Value| match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.len() * size_of::<Value>(),
        _ => 0,
    };
    part(a).saturating_add(part(b))
}

/// The longest text that an expression makes: one is made at a stroke, which nothing can stop.
pub(super) const TEXT_BYTES_MAX: usize = 16 << 20;

/// Refuses to make a longer text.
pub(super) fn check_text(bytes: usize) -> Result<()> {
    if bytes > TEXT_BYTES_MAX {
        return Err(Error::Limit { what: "bytes of a text that an expression makes", max: TEXT_BYTES_MAX as u64 });
    }
    Ok(())
}

/// Returns `a + b` where not both are numbers: strings and lists are joined.
fn add(a: &Value, b: &Value) -> Result<Value> {
    let joined = |a: &str, b: &str| {
        check_text(a.len() + b.len())?;
        Ok(Value::String([a, b].concat().into()))
    };
    match (a, b) {
        (Value::List(a), Value::List(b)) => Ok(Value::list(a.iter().chain(b.iter()).cloned())),
        (Value::List(a), b) => Ok(Value::list(a.iter().chain([b]).cloned())),
        (a, Value::List(b)) => Ok(Value::list([a].into_iter().chain(b.iter()).cloned())),
        (Value::String(a), Value::String(b)) => joined(a, b),
        (Value::String(a), Value::Int(_) | Value::Float(_) | Value::Date(_) | Value::Temporal(_)) => {
            joined(a, &b.to_string())
        }
        (Value::Int(_) | Value::Float(_) | Value::Date(_) | Value::Temporal(_), Value::String(b)) => {
            joined(&a.to_string(), b)
        }
        _ => Err(no_operation(Arithmetic::Add, a, b).into()),
    }
}

fn no_operation(op: Arithmetic, a: &Value, b: &Value) -> QueryError {
    let message = format!("there is no {} {} {}", a.kind(), symbol(op), b.kind());
    QueryError::type_error("InvalidArgumentType", message)
}

const fn symbol(op: Arithmetic) -> &'static str {
    match op {
        Arithmetic::Add => "+",
        Arithmetic::Sub => "-",
        Arithmetic::Mul => "*",
        Arithmetic::Div => "/",
        Arithmetic::Rem => "%",
        Arithmetic::Pow => "^",
    }
}

/// Returns `-a`.
///
/// # Errors
/// `TypeError` where it is no number, `ArithmeticError` for overflow.
pub(crate) fn negate(a: &Value) -> Result<Value> {
    match a {
        Value::Null => Ok(Value::Null),
        Value::Int(_) => arithmetic(Arithmetic::Sub, &Value::Int(0), a),
        Value::Float(x) => Ok(Value::Float(-x)),
        _ => Err(QueryError::type_error("InvalidArgumentType", format!("there is no - {}", a.kind())).into()),
    }
}

/// Returns `item IN list`.
///
/// # Errors
/// `TypeError` where `list` is no list.
pub(crate) fn is_in(item: &Value, list: &Value) -> Result<Option<bool>> {
    let items = match list {
        Value::Null => return Ok(None),
        Value::List(items) => items,
        other => return Err(no_list("IN", other).into()),
    };
    let mut known = true;
    for candidate in items.iter() {
        match item.equals(candidate) {
            Some(true) => return Ok(Some(true)),
            Some(false) => {}
            None => known = false,
        }
    }
    Ok(known.then_some(false))
}

/// Returns the items of a list; `None` for null.
///
/// # Errors
/// `TypeError` where it is neither.
pub(crate) fn items<'a>(what: &str, list: &'a Value) -> Result<Option<&'a Arc<[Value]>>> {
    match list {
        Value::Null => Ok(None),
        Value::List(items) => Ok(Some(items)),
        other => Err(no_list(what, other).into()),
    }
}

fn no_list(what: &str, value: &Value) -> QueryError {
    QueryError::type_error("InvalidArgumentType", format!("{what} takes a list, not {} `{value}`", value.kind()))
}

/// Returns `base[index]` of a list or a map; nodes and relationships are the caller's.
///
/// # Errors
/// `TypeError` where there is no such access.
pub(crate) fn index(base: &Value, index: &Value) -> Result<Value> {
    match (base, index) {
        (Value::List(items), Value::Int(at)) => {
            Ok(position(*at, items.len()).map_or(Value::Null, |at| items[at].clone()))
        }
        (Value::Map(map), Value::String(key)) => Ok(map.get(key).cloned().unwrap_or_default()),
        (Value::Null, _) => Ok(Value::Null),
        (Value::List(_) | Value::Map(_) | Value::Node(_) | Value::Relationship(_), Value::Null) => Ok(Value::Null),
        (Value::List(_), other) => {
            let message = format!("a list is indexed by an integer, not {} `{other}`", other.kind());
            Err(QueryError::type_error("ListElementAccessByNonInteger", message).into())
        }
        (Value::Map(_) | Value::Node(_) | Value::Relationship(_), other) => {
            let message = format!("a {} is indexed by a string, not {} `{other}`", base.kind(), other.kind());
            Err(QueryError::type_error("MapElementAccessByNonString", message).into())
        }
        (other, _) => {
            let message = format!("{} `{other}` has no elements", other.kind());
            Err(QueryError::type_error("InvalidArgumentType", message).into())
        }
    }
}

fn position(at: i64, len: usize) -> Option<usize> {
    let at = if at < 0 { at + len as i64 } else { at };
    usize::try_from(at).ok().filter(|&at| at < len)
}

/// Returns `base[from..to]`; an absent bound is the list's end.
///
/// # Errors
/// `TypeError` where the base is no list or a bound no integer.
pub(crate) fn slice(base: &Value, from: Option<&Value>, to: Option<&Value>) -> Result<Value> {
    let Some(items) = items("a slice", base)? else { return Ok(Value::Null) };
    let bound = |bound: Option<&Value>, absent: usize| -> Result<Option<usize>> {
        match bound {
            None => Ok(Some(absent)),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(at)) => {
                let at = if *at < 0 { at.saturating_add(items.len() as i64) } else { *at };
                Ok(Some(usize::try_from(at).unwrap_or(0).min(items.len())))
            }
            Some(other) => {
                let message = format!("a slice goes from integer to integer, not {} `{other}`", other.kind());
                Err(QueryError::type_error("ListElementAccessByNonInteger", message).into())
            }
        }
    };
    let (from, to) = (bound(from, 0)?, bound(to, items.len())?);
    Ok(match (from, to) {
        (Some(from), Some(to)) if from < to => Value::List(items[from..to].into()),
        (Some(_), Some(_)) => Value::list([]),
        _ => Value::Null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints<const N: usize>(items: [i64; N]) -> Value {
        Value::list(items.map(Value::Int))
    }

    #[test]
    fn integers_overflow_and_divide_as_such() {
        let max = Value::Int(i64::MAX);
        assert!(arithmetic(Arithmetic::Add, &max, &Value::Int(1)).is_err());
        assert!(arithmetic(Arithmetic::Div, &max, &Value::Int(0)).is_err());
        assert!(negate(&Value::Int(i64::MIN)).is_err());
        let seven_by_two = arithmetic(Arithmetic::Div, &Value::Int(-7), &Value::Int(2)).unwrap();
        assert_eq!(seven_by_two.to_string(), "-3");
        assert_eq!(arithmetic(Arithmetic::Pow, &Value::Int(2), &Value::Int(3)).unwrap().to_string(), "8.0");
        assert_eq!(arithmetic(Arithmetic::Rem, &Value::Int(-7), &Value::Int(2)).unwrap().to_string(), "-1");
    }

    #[test]
    fn plus_joins_strings_and_lists() {
        let plus = |a: Value, b: Value| arithmetic(Arithmetic::Add, &a, &b).unwrap().to_string();
        assert_eq!(plus("a".into(), Value::Float(1.0)), "'a1.0'");
        assert_eq!(plus(ints([1]), Value::Int(2)), "[1, 2]");
        assert_eq!(plus(Value::Int(0), ints([1])), "[0, 1]");
        assert!(arithmetic(Arithmetic::Add, &"a".into(), &Value::Bool(true)).is_err());
    }

    #[test]
    fn in_is_three_valued() {
        let with_null = Value::list([Value::Int(1), Value::Null]);
        assert_eq!(is_in(&Value::Int(1), &with_null).unwrap(), Some(true));
        assert_eq!(is_in(&Value::Int(2), &with_null).unwrap(), None);
        assert_eq!(is_in(&Value::Null, &Value::list([])).unwrap(), Some(false));
        assert_eq!(is_in(&Value::Null, &ints([1])).unwrap(), None);
    }

    #[test]
    fn nan_is_neither_less_nor_greater() {
        let nan = Value::Float(f64::NAN);
        assert_eq!(compare(Comparison::Lt, &nan, &Value::Int(1)), Some(false));
        assert_eq!(compare(Comparison::Ge, &nan, &nan), Some(false));
        assert_eq!(compare(Comparison::Lt, &nan, &"a".into()), None);
    }

    #[test]
    fn slices_and_negative_positions() {
        let list = ints([1, 2, 3]);
        assert_eq!(index(&list, &Value::Int(-1)).unwrap(), Value::Int(3));
        assert!(index(&list, &Value::Int(-4)).unwrap().is_null());
        let cut = |from: Option<i64>, to: Option<i64>| {
            slice(&list, from.map(Value::Int).as_ref(), to.map(Value::Int).as_ref()).unwrap().to_string()
        };
        assert_eq!(cut(Some(-2), None), "[2, 3]");
        assert_eq!(cut(Some(0), Some(-1)), "[1, 2]");
        assert_eq!(cut(Some(2), Some(1)), "[]");
        assert!(slice(&list, Some(&Value::Null), None).unwrap().is_null());
    }
}
