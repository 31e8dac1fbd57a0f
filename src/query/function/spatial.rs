//! Functions of points, and their parts.

use super::{Function, wrong_type};
use crate::{
    Result,
    error::QueryError,
    model::{
        Map, Point, Value,
        point::{Part, PointParts},
    },
    query::suggest,
};

/// Returns what a function gives for points; no argument is null.
///
/// # Errors
/// `ArgumentError` where a map says no point, `TypeError` where an argument is of a wrong kind.
pub(super) fn call(function: Function, args: &[Value]) -> Result<Value> {
    let point = |at: usize| -> Result<&Point> {
        match &args[at] {
            Value::Point(point) => Ok(&**point),
            other => Err(wrong_type(function, other, "points").into()),
        }
    };
    match function {
        Function::Point => match &args[0] {
            Value::Map(map) => from_map(map),
            Value::Point(_) => Ok(args[0].clone()),
            other => Err(wrong_type(function, other, "a map").into()),
        },
        Function::PointDistance => Ok(point(0)?.distance(point(1)?).into()),
        Function::PointWithinBBox => Ok(point(0)?.is_within(point(1)?, point(2)?).into()),
        other => unreachable!("{} is no function of points", other.name()),
    }
}

/// Returns the point of a map; null where one of what it says is.
fn from_map(map: &Map) -> Result<Value> {
    let mut parts = PointParts::default();
    let mut has_null = false;
    for (key, value) in map {
        let Some(part) = parts.get_mut(key) else {
            let error = invalid(format!("a point has no `{key}`"));
            return Err(match suggest::hint(key, PointParts::KEYS) {
                Some(hint) => error.hint(hint),
                None => error,
            }
            .into());
        };
        *part = Some(match value {
            Value::Null => {
                has_null = true;
                continue;
            }
            Value::Int(n) => Part::Number(*n as f64),
            Value::Float(x) => Part::Number(*x),
            Value::String(text) => Part::Text(text),
            other => return Err(wrong_part(key, other).into()),
        });
    }
    if has_null {
        return Ok(Value::Null);
    }
    Ok(parts.point().map_err(invalid)?.into())
}

fn wrong_part(key: &str, value: &Value) -> QueryError {
    let wanted = if key == "crs" { "a string" } else { "a number" };
    let message = format!("`{key}` of a point is {wanted}, not {} `{value}`", value.kind());
    QueryError::type_error("InvalidArgumentValue", message)
}

fn invalid(message: String) -> QueryError {
    QueryError::run("22000", "ArgumentError", "InvalidArgumentValue", message)
}

/// Returns the part of a point that a property name asks for; null where it has none.
pub(crate) fn part(point: &Point, name: &str) -> Value {
    let crs = point.crs();
    let at = match name {
        "x" => 0,
        "y" => 1,
        "z" => 2,
        "longitude" if crs.is_geographic() => 0,
        "latitude" if crs.is_geographic() => 1,
        "height" if crs.is_geographic() => 2,
        "crs" => return crs.name().into(),
        "srid" => return Value::Int(crs.srid().into()),
        _ => return Value::Null,
    };
    point.coordinates().get(at).copied().into()
}
