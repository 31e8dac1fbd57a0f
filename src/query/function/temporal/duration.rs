//! Durations from maps of parts.

use super::{Function, invalid};
use crate::{
    Result,
    model::{
        Map, Value,
        temporal::{Amount, Duration, NANOS, ParseTemporalError, Temporal},
    },
};

/// Returns the duration of a map of parts, a text, or a duration.
pub(super) fn from(value: &Value) -> Result<Value> {
    let duration = match value {
        Value::Temporal(temporal) if matches!(**temporal, Temporal::Duration(_)) => return Ok(value.clone()),
        Value::Map(map) => from_map(map)?,
        Value::String(text) => text.parse().map_err(|error: ParseTemporalError| invalid(error.to_string()))?,
        other => return Err(super::super::wrong_type(Function::Duration, other, "a map or a string").into()),
    };
    Ok(Temporal::from(duration).into())
}

fn from_map(map: &Map) -> Result<Duration> {
    let (mut months, mut days, mut nanos) = (Amount::from(0), Amount::from(0), Some(0i128));
    for (key, value) in map {
        let amount = match value {
            Value::Int(n) => Amount::from(*n),
            Value::Float(x) => Amount::from(*x),
            other => {
                return Err(
                    invalid(format!("`{key}` of a duration is a number, not {} `{other}`", other.kind())).into()
                );
            }
        };
        let mut add_nanos = |unit| nanos = nanos.zip(amount.nanos(unit)).and_then(|(a, b)| a.checked_add(b));
        match &**key {
            "years" => months = months.plus(amount.times(12)),
            "quarters" => months = months.plus(amount.times(3)),
            "months" => months = months.plus(amount),
            "weeks" => days = days.plus(amount.times(7)),
            "days" => days = days.plus(amount),
            "hours" => add_nanos(3600 * NANOS),
            "minutes" => add_nanos(60 * NANOS),
            "seconds" => add_nanos(NANOS),
            "milliseconds" => add_nanos(1_000_000),
            "microseconds" => add_nanos(1000),
            "nanoseconds" => add_nanos(1),
            _ => return Err(invalid(format!("a duration has no part `{key}`")).into()),
        }
    }
    let duration = nanos.and_then(|nanos| Duration::from_parts(months, days, nanos));
    duration.ok_or_else(|| invalid(format!("a duration does not hold {}", Value::from(map.clone()))).into())
}
