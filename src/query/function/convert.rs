//! Functions from one kind of value to another.

use super::{Function, wrong_type};
use crate::{Result, model::Value};

/// Returns the converted value; null where a string does not say one.
///
/// # Errors
/// `TypeError` where such a value cannot be converted at all.
pub(super) fn call(function: Function, arg: &Value) -> Result<Value> {
    match function {
        Function::ToBoolean => {
            to_boolean(arg).ok_or_else(|| wrong_type(function, arg, "a boolean, an integer or a string").into())
        }
        Function::ToInteger => to_integer(arg).ok_or_else(|| wrong_type(function, arg, "a number or a string").into()),
        Function::ToFloat => to_float(arg).ok_or_else(|| wrong_type(function, arg, "a number or a string").into()),
        _ => to_string(arg).ok_or_else(|| wrong_type(function, arg, "a scalar").into()),
    }
}

/// Returns the converted value; null where that cannot be done.
pub(super) fn or_null(function: Function, arg: &Value) -> Value {
    let converted = match function {
        Function::ToBooleanOrNull => to_boolean(arg),
        Function::ToIntegerOrNull => to_integer(arg),
        Function::ToFloatOrNull => to_float(arg),
        _ => to_string(arg),
    };
    converted.unwrap_or_default()
}

/// Returns the list of the converted items; what cannot be converted is null.
///
/// # Errors
/// `TypeError` where the argument is no list.
pub(super) fn each(function: Function, arg: &Value) -> Result<Value> {
    let Value::List(items) = arg else { return Err(wrong_type(function, arg, "a list").into()) };
    let convert = match function {
        Function::ToBooleanList => to_boolean,
        Function::ToIntegerList => to_integer,
        Function::ToFloatList => to_float,
        _ => to_string,
    };
    Ok(Value::list(items.iter().map(|item| convert(item).unwrap_or_default())))
}

fn to_boolean(arg: &Value) -> Option<Value> {
    match arg {
        Value::Bool(_) => Some(arg.clone()),
        Value::Int(n) => Some(Value::Bool(*n != 0)),
        Value::String(s) => Some(match s.trim().to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Null,
        }),
        _ => None,
    }
}

fn to_integer(arg: &Value) -> Option<Value> {
    match arg {
        Value::Int(_) => Some(arg.clone()),
        Value::Bool(b) => Some(Value::Int((*b).into())),
        Value::Float(x) => Some(truncate(*x)),
        Value::String(s) => {
            let s = s.trim();
            Some(s.parse().map(Value::Int).or_else(|_| s.parse().map(truncate)).unwrap_or_default())
        }
        _ => None,
    }
}

/// Returns the integer towards zero; null where there is none.
fn truncate(x: f64) -> Value {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if (-TWO_63..TWO_63).contains(&x) { Value::Int(x as i64) } else { Value::Null }
}

fn to_float(arg: &Value) -> Option<Value> {
    match arg {
        Value::Float(_) => Some(arg.clone()),
        Value::Int(n) => Some(Value::Float(*n as f64)),
        Value::String(s) => Some(s.trim().parse().map(Value::Float).unwrap_or_default()),
        _ => None,
    }
}

fn to_string(arg: &Value) -> Option<Value> {
    match arg {
        Value::String(_) => Some(arg.clone()),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Date(_) | Value::Temporal(_) | Value::Point(_) => {
            Some(arg.to_string().into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_say_no_number_are_null() {
        for (text, expected) in [
            ("12", Value::Int(12)),
            (" 3.9", Value::Int(3)),
            ("x", Value::Null),
            ("1e300", Value::Null),
            ("", Value::Null),
        ] {
            assert_eq!(call(Function::ToInteger, &text.into()).unwrap(), expected, "{text}");
        }
        assert!(call(Function::ToInteger, &Value::list([])).is_err());
        assert!(call(Function::ToFloat, &Value::Bool(true)).is_err());
        assert!(or_null(Function::ToStringOrNull, &Value::list([])).is_null());
    }

    #[test]
    fn floats_keep_their_point_as_text() {
        assert_eq!(call(Function::ToString, &Value::Float(1.0)).unwrap(), "1.0".into());
    }
}
