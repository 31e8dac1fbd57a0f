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

/// Returns the integers from start to end, both included, in steps.
///
/// # Errors
/// `ArgumentError` where an argument is no integer or the step is 0; `Limit` where the list would be huge.
pub(crate) fn range(args: &[Value]) -> Result<Value> {
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
    let span = if step > 0 { i128::from(end) - i128::from(start) } else { i128::from(start) - i128::from(end) };
    if span < 0 {
        return Ok(Value::list([]));
    }
    let n_items = span / i128::from(step.unsigned_abs()) + 1;
    if n_items > i128::from(RANGE_ITEMS_MAX) {
        return Err(Error::Limit { what: "items of range()", max: RANGE_ITEMS_MAX });
    }
    let items: Arc<[Value]> = (0..n_items as i64).map(|i| Value::Int(start + i * step)).collect();
    Ok(Value::List(items))
}
