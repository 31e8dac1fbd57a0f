//! Functions of lists and paths.

use std::sync::Arc;

use super::{Function, out_of_range, wrong_type};
use crate::{Error, Result, error::QueryError, model::Value};

/// The most items `range()` makes: 1 GB of values is a mistake, not an answer.
const RANGE_ITEMS_MAX: u64 = 32_000_000;

/// Returns what a function gives for a list, a path or a string.
pub(super) fn call(function: Function, arg: &Value) -> Result<Value> {
    match (function, arg) {
        (Function::Nodes, Value::Path(path)) => Ok(Value::list(path.nodes.iter().cloned().map(Value::Node))),
        (Function::Relationships, Value::Path(path)) => {
            Ok(Value::list(path.relationships.iter().cloned().map(Value::Relationship)))
        }
        (Function::Length, Value::Path(path)) => Ok(Value::Int(path.relationships.len() as i64)),
        (Function::Nodes | Function::Relationships | Function::Length, _) => {
            Err(wrong_type(function, arg, "a path").into())
        }
        (Function::Size, Value::String(s)) => Ok(Value::Int(s.chars().count() as i64)),
        (Function::Size, Value::List(items)) => Ok(Value::Int(items.len() as i64)),
        (Function::Size, _) => Err(wrong_type(function, arg, "a list or a string").into()),
        (Function::IsEmpty, Value::String(s)) => Ok(Value::Bool(s.is_empty())),
        (Function::IsEmpty, Value::List(items)) => Ok(Value::Bool(items.is_empty())),
        (Function::IsEmpty, Value::Map(map)) => Ok(Value::Bool(map.is_empty())),
        (Function::IsEmpty, _) => Err(wrong_type(function, arg, "a list, a map or a string").into()),
        (Function::Reverse, Value::String(s)) => Ok(s.chars().rev().collect::<String>().into()),
        (Function::Reverse, Value::List(items)) => Ok(Value::list(items.iter().rev().cloned())),
        (Function::Reverse, _) => Err(wrong_type(function, arg, "a list or a string").into()),
        (Function::Head, Value::List(items)) => Ok(items.first().cloned().unwrap_or_default()),
        (Function::Last, Value::List(items)) => Ok(items.last().cloned().unwrap_or_default()),
        (Function::Tail, Value::List(items)) => Ok(Value::List(items.get(1..).unwrap_or_default().into())),
        _ => Err(wrong_type(function, arg, "a list").into()),
    }
}

/// Returns how many entries a map has, items a list, or nodes and relationships a path.
pub(super) fn cardinality(arg: &Value) -> Result<Value> {
    Ok(Value::Int(match arg {
        Value::List(items) => items.len() as i64,
        Value::Map(map) => map.len() as i64,
        Value::Path(path) => (path.nodes.len() + path.relationships.len()) as i64,
        _ => return Err(wrong_type(Function::Cardinality, arg, "a list, a map or a path").into()),
    }))
}

/// Returns `a || b`.
pub(super) fn concat(a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(Value::String([&**a, &**b].concat().into())),
        (Value::List(a), Value::List(b)) => Ok(Value::list(a.iter().chain(b.iter()).cloned())),
        _ => {
            let message = format!("there is no {} || {}: it joins two strings or two lists", a.kind(), b.kind());
            Err(QueryError::type_error("InvalidArgumentType", message).into())
        }
    }
}

/// The integers of `range()`: the first, the step, how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    next: i64,
    step: i64,
    n_items: u64,
}

impl Range {
    /// Returns the integers from start to end, both included, in steps.
    ///
    /// # Errors
    /// `ArgumentError` where an argument is no integer or the step is 0.
    pub(crate) fn new(args: &[Value]) -> Result<Self> {
        let mut numbers = [0, 0, 1];
        for (number, arg) in numbers.iter_mut().zip(args) {
            let Value::Int(n) = arg else {
                let message = format!("range() takes integers, not {} `{arg}`", arg.kind());
                return Err(QueryError::run("22G03", "ArgumentError", "InvalidArgumentType", message).into());
            };
            *number = *n;
        }
        let [start, end, step] = numbers;
        if step == 0 {
            return Err(out_of_range(Function::Range, "the step must not be 0").into());
        }
        let (start_wide, end_wide) = (i128::from(start), i128::from(end));
        let span = if step > 0 { end_wide - start_wide } else { start_wide - end_wide };
        let n_items = if span < 0 { 0 } else { (span / i128::from(step.unsigned_abs())) as u64 };
        Ok(Self { next: start, step, n_items: n_items.saturating_add(u64::from(span >= 0)) })
    }

    /// As [`new`](Self::new), for a list of all of them.
    ///
    /// # Errors
    /// `Limit` where it would be huge.
    pub(crate) fn for_list(args: &[Value]) -> Result<Self> {
        let range = Self::new(args)?;
        if range.len() > RANGE_ITEMS_MAX {
            return Err(Error::Limit { what: "items of range()", max: RANGE_ITEMS_MAX });
        }
        Ok(range)
    }

    /// Returns how many are left.
    pub(crate) const fn len(self) -> u64 {
        self.n_items
    }
}

impl Iterator for Range {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.n_items = self.n_items.checked_sub(1)?;
        let item = self.next;
        // Past the last one it may overflow, and is not used.
        self.next = item.wrapping_add(self.step);
        Some(item)
    }
}

/// Returns the list of [`Range`].
///
/// # Errors
/// As [`Range::new`]; `Limit` where the list would be huge.
pub(super) fn range(args: &[Value]) -> Result<Value> {
    let items: Arc<[Value]> = Range::for_list(args)?.map(Value::Int).collect();
    Ok(Value::List(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_where_integers_do() {
        let all =
            |args: &[i64]| Range::new(&args.iter().map(|&n| Value::Int(n)).collect::<Vec<_>>()).map(Vec::from_iter);
        assert_eq!(all(&[1, 3]).unwrap(), [1, 2, 3]);
        assert!(all(&[3, 1]).unwrap().is_empty());
        assert_eq!(all(&[5, 0, -2]).unwrap(), [5, 3, 1]);
        assert_eq!(all(&[i64::MAX - 1, i64::MAX]).unwrap(), [i64::MAX - 1, i64::MAX]);
        assert!(all(&[1, 2, 0]).is_err());
        let widest = Range::new(&[Value::Int(i64::MIN), Value::Int(i64::MAX)]).unwrap();
        assert_eq!(widest.len(), u64::MAX);
        assert!(matches!(range(&[Value::Int(i64::MIN), Value::Int(i64::MAX)]), Err(Error::Limit { .. })));
    }
}
