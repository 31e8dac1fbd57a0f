//! Parts of dates, times and durations, as properties of these names.

use super::{Parts, calendar, invalid};
use crate::{
    Result,
    model::{
        Date, Value,
        temporal::{Duration, NANOS, Temporal, Zone},
    },
};

/// Returns the part of a value that a property name asks for; null where it has no such part, or `value` has none.
///
/// # Errors
/// `ArgumentError` where it is too large a number.
pub(crate) fn part(value: &Value, name: &str) -> Result<Value> {
    if let Value::Temporal(temporal) = value
        && let Temporal::Duration(duration) = &**temporal
    {
        let Some(n) = of_duration(*duration, name) else { return Ok(Value::Null) };
        let too_large = || invalid(format!("`{name}` of {duration} does not fit a 64-bit integer"));
        return Ok(Value::Int(i64::try_from(n).map_err(|_| too_large())?));
    }
    let Some(parts) = Parts::of(value) else { return Ok(Value::Null) };
    if let Some(n) = parts.date.and_then(|date| of_date(date, name)) {
        return Ok(Value::Int(n));
    }
    if let Some(time) = parts.time {
        let nanos = time.nanosecond();
        let of_time = match name {
            "hour" => Some(time.hour()),
            "minute" => Some(time.minute()),
            "second" => Some(time.second()),
            "millisecond" => Some(nanos / 1_000_000),
            "microsecond" => Some(nanos / 1000),
            "nanosecond" => Some(nanos),
            _ => None,
        };
        if let Some(n) = of_time {
            return Ok(Value::Int(n));
        }
    }
    let (offset, moment) = match value {
        Value::Temporal(temporal) => match &**temporal {
            Temporal::Time(time) => (time.offset, None),
            Temporal::DateTime(moment) => (moment.offset(), Some(moment)),
            _ => return Ok(Value::Null),
        },
        _ => return Ok(Value::Null),
    };
    Ok(match (name, moment) {
        ("timezone", _) => parts.zone.unwrap_or(Zone::UTC).to_string().into(),
        ("offset", _) => Zone::Offset(offset).to_string().into(),
        ("offsetMinutes", _) => Value::Int((offset / 60).into()),
        ("offsetSeconds", _) => Value::Int(offset.into()),
        ("epochSeconds", Some(moment)) => Value::Int(moment.seconds()),
        ("epochMillis", Some(moment)) => Value::Int(moment.seconds() * 1000 + moment.nanosecond() / 1_000_000),
        _ => Value::Null,
    })
}

/// Returns the part of a date, if it has it.
pub(super) fn of_date(date: Date, name: &str) -> Option<i64> {
    let (year, month, day) = date.ymd();
    let (week_year, week, week_day) = calendar::week_date(date);
    let quarter = (month - 1) / 3 + 1;
    let since = |month| Date::new(year, month, 1).map_or(0, |first| i64::from(date.days() - first.days() + 1));
    Some(match name {
        "year" => year.into(),
        "quarter" => quarter.into(),
        "month" => month.into(),
        "week" => week.into(),
        "weekYear" => week_year.into(),
        "day" => day.into(),
        "ordinalDay" => since(1),
        "weekDay" | "dayOfWeek" => week_day.into(),
        "dayOfQuarter" => since(quarter * 3 - 2),
        _ => return None,
    })
}

fn of_duration(duration: Duration, name: &str) -> Option<i128> {
    let [months, days] = [duration.months(), duration.days()].map(i128::from);
    let (seconds, nanos) = (i128::from(duration.seconds()), i128::from(duration.nanosecond()));
    let per_second = i128::from(NANOS);
    Some(match name {
        "years" => months / 12,
        "quarters" => months / 3,
        "months" => months,
        "weeks" => days / 7,
        "days" => days,
        "hours" => seconds / 3600,
        "minutes" => seconds / 60,
        "seconds" => seconds,
        "milliseconds" => (seconds * per_second + nanos).div_euclid(1_000_000),
        "microseconds" => (seconds * per_second + nanos).div_euclid(1000),
        "nanoseconds" => seconds * per_second + nanos,
        "quartersOfYear" => months / 3 % 4,
        "monthsOfQuarter" => months % 3,
        "monthsOfYear" => months % 12,
        "daysOfWeek" => days % 7,
        "minutesOfHour" => seconds / 60 % 60,
        "secondsOfMinute" => seconds % 60,
        "millisecondsOfSecond" => nanos / 1_000_000,
        "microsecondsOfSecond" => nanos / 1000,
        "nanosecondsOfSecond" => nanos,
        _ => return None,
    })
}
