//! The `coll.` functions of lists: without duplicates, flat, sorted, with an item more or less.

use super::{Function, out_of_range, wrong_type};
use crate::{Result, model::Value};

/// Returns what a function gives; only `coll.insert()` may get null, as the item.
///
/// # Errors
/// `TypeError` where an argument is of a wrong kind, `ArgumentError` where a position is none.
pub(super) fn call(function: Function, args: &[Value]) -> Result<Value> {
    let Value::List(items) = &args[0] else { return Err(wrong_type(function, &args[0], "a list").into()) };
    let position = |at: usize, end: usize| -> Result<usize> {
        let Value::Int(n) = &args[at] else { return Err(wrong_type(function, &args[at], "an integer").into()) };
        let none = || out_of_range(function, format!("{n} is no position of a list of {}", items.len())).into();
        usize::try_from(*n).ok().filter(|n| *n <= end).ok_or_else(none)
    };
    match function {
        Function::CollDistinct => {
            let mut seen = std::collections::HashSet::new();
            // What is NaN equals nothing, not even itself.
            let is_nan = |value: &Value| matches!(value, Value::Float(x) if x.is_nan());
            Ok(Value::list(items.iter().filter(|item| is_nan(item) || seen.insert(*item)).cloned()))
        }
        Function::CollFlatten => {
            let depth = match args.get(1) {
                None => 1,
                Some(Value::Int(n)) if *n >= 0 => *n,
                Some(Value::Int(n)) => return Err(out_of_range(function, format!("a depth of {n}")).into()),
                Some(other) => return Err(wrong_type(function, other, "an integer").into()),
            };
            Ok(Value::list(flat(items, depth)))
        }
        Function::CollIndexOf => {
            let found = items.iter().position(|item| item.equals(&args[1]) == Some(true));
            Ok(Value::Int(found.map_or(-1, |at| at as i64)))
        }
        Function::CollInsert => {
            let (before, after) = items.split_at(position(1, items.len())?);
            Ok(Value::list(before.iter().chain([&args[2]]).chain(after).cloned()))
        }
        Function::CollRemove => {
            let Some(last) = items.len().checked_sub(1) else {
                return Err(out_of_range(function, "the list is empty").into());
            };
            let removed = position(1, last)?;
            Ok(Value::list(items[..removed].iter().chain(&items[removed + 1..]).cloned()))
        }
        // Of equal ones the first.
        Function::CollMax => {
            let max = items.iter().reduce(|max, item| if item.order(max).is_gt() { item } else { max });
            Ok(max.cloned().unwrap_or_default())
        }
        Function::CollMin => {
            let min = items.iter().reduce(|min, item| if item.order(min).is_lt() { item } else { min });
            Ok(min.cloned().unwrap_or_default())
        }
        _ => {
            let mut sorted = items.to_vec();
            sorted.sort_by(Value::order);
            Ok(Value::list(sorted))
        }
    }
}

/// Returns the items, those of lists among them in their places, so many levels down. A stack of what is left of the lists
/// around: a level is no recursion.
fn flat(items: &[Value], depth: i64) -> Vec<Value> {
    let mut all = Vec::with_capacity(items.len());
    let mut open = vec![items.iter()];
    while let Some(list) = open.last_mut() {
        match list.next() {
            None => drop(open.pop()),
            Some(Value::List(inner)) if (open.len() as i64) <= depth => open.push(inner.iter()),
            Some(item) => all.push(item.clone()),
        }
    }
    all
}

/// Returns how many items [`flat`] gives at most.
pub(super) fn n_flat(items: &[Value]) -> usize {
    let mut n_items = 0usize;
    let mut open = vec![items.iter()];
    while let Some(list) = open.last_mut() {
        match list.next() {
            None => drop(open.pop()),
            Some(Value::List(inner)) => open.push(inner.iter()),
            Some(_) => n_items += 1,
        }
    }
    n_items.max(items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_flattened_as_deep_as_is_said() {
        let nested = Value::list([Value::Int(1), Value::list([Value::Int(2), Value::list([Value::Int(3)])])]);
        let flat = |depth| call(Function::CollFlatten, &[nested.clone(), Value::Int(depth)]).unwrap().to_string();
        assert_eq!([flat(0), flat(1), flat(2), flat(9)], ["[1, [2, [3]]]", "[1, 2, [3]]", "[1, 2, 3]", "[1, 2, 3]"]);
        assert!(call(Function::CollFlatten, &[nested.clone(), Value::Int(-1)]).is_err());
        assert_eq!(n_flat(&[nested]), 3);
    }
}
