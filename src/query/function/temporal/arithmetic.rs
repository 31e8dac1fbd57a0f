//! Sums, differences and products with durations.

use super::beyond;
use crate::{
    Result,
    error::QueryError,
    model::{
        Value,
        temporal::{DAY_SECONDS, DateTime, Duration, LocalDateTime, LocalTime, NANOS, Temporal, Time},
    },
    query::plan::Arithmetic,
};

/// Returns `a op b` where one of them is a duration, or `None` where there is no such operation.
///
/// # Errors
/// `ArgumentError` where the result is out of range.
pub(crate) fn arithmetic(op: Arithmetic, a: &Value, b: &Value) -> Option<Result<Value>> {
    let result = match (op, duration(a), duration(b)) {
        (Arithmetic::Add, Some(a), Some(b)) => made(a.plus(b)),
        (Arithmetic::Sub, Some(a), Some(b)) => made(b.negated().and_then(|b| a.plus(b))),
        (Arithmetic::Add, None, Some(b)) => plus(a, b)?,
        (Arithmetic::Add, Some(a), None) => plus(b, a)?,
        (Arithmetic::Sub, None, Some(b)) => plus(a, b.negated()?)?,
        (Arithmetic::Mul, Some(a), None) => made(a.times(b.as_float()?)),
        (Arithmetic::Mul, None, Some(b)) => made(b.times(a.as_float()?)),
        (Arithmetic::Div, Some(a), None) => made(a.divided(b.as_float()?)),
        _ => return None,
    };
    Some(result.ok_or_else(|| out_of_range(op, a, b).into()))
}

fn duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Temporal(temporal) => match **temporal {
            Temporal::Duration(duration) => Some(duration),
            _ => None,
        },
        _ => None,
    }
}

fn made(duration: Option<Duration>) -> Option<Value> {
    duration.map(|duration| Temporal::from(duration).into())
}

/// Returns a value so much later: months first, then days, then the rest. The outer `None` says that nothing is added to such
/// a value, the inner one that the result is out of range.
fn plus(value: &Value, by: Duration) -> Option<Option<Value>> {
    let temporal = match value {
        Value::Date(date) => {
            let days = by.nanos() / (i128::from(DAY_SECONDS) * i128::from(NANOS));
            let date = date.plus_months(by.months()).and_then(|date| date.plus_days(by.days()));
            return Some(date.and_then(|date| date.plus_days(days.try_into().ok()?)).map(Value::Date));
        }
        Value::Temporal(temporal) => temporal,
        _ => return None,
    };
    let later = |time: LocalTime| LocalTime::wrapping(i128::from(time.nanos()) + by.nanos());
    let made: Option<Temporal> = match &**temporal {
        Temporal::LocalTime(time) => Some(later(*time).into()),
        Temporal::Time(time) => Some(Time { time: later(time.time), ..*time }.into()),
        Temporal::LocalDateTime(local) => day_later(*local, by)
            .and_then(|day| LocalDateTime::from_nanos(day.nanos() + by.nanos()))
            .map(Temporal::from),
        Temporal::DateTime(moment) => moment_later(moment, by).map(Temporal::from),
        Temporal::Duration(_) => return None,
    };
    Some(made.map(Value::from))
}

fn day_later(local: LocalDateTime, by: Duration) -> Option<LocalDateTime> {
    let date = local.date.plus_months(by.months())?.plus_days(by.days())?;
    Some(LocalDateTime { date, ..local })
}

/// Months and days go by the clock of the zone, the rest by the moment.
fn moment_later(moment: &DateTime, by: Duration) -> Option<DateTime> {
    let day = if by.months() == 0 && by.days() == 0 {
        moment.clone()
    } else {
        DateTime::of(day_later(moment.local(), by)?, moment.zone().clone())?
    };
    let second = i128::from(NANOS);
    let nanos = day.nanos() + by.nanos();
    DateTime::new(nanos.div_euclid(second).try_into().ok()?, nanos.rem_euclid(second) as i64, moment.zone().clone())
}

fn out_of_range(op: Arithmetic, a: &Value, b: &Value) -> QueryError {
    if op == Arithmetic::Div && b.as_float() == Some(0.0) {
        return QueryError::run("22012", "ArithmeticError", "DivisionByZero", format!("division of {a} by zero"));
    }
    beyond()
}
