//! Dates and times from maps of parts, and from one another.

use super::{Function, Parts, Type, beyond, calendar, invalid, part, since_epoch, zone_of};
use crate::{
    Error, Result,
    model::{
        Date, Map, Value,
        temporal::{DateTime, LocalDateTime, LocalTime, NANOS, Temporal, Zone},
    },
};

/// Keys of a map that say a day.
const DATE_KEYS: [&str; 8] = ["year", "month", "day", "week", "dayOfWeek", "quarter", "dayOfQuarter", "ordinalDay"];

/// Keys of a map that say a time.
const TIME_KEYS: [&str; 6] = ["hour", "minute", "second", "millisecond", "microsecond", "nanosecond"];

/// Returns a value made of a text, a map or another value.
pub(super) fn from(made: Type, function: Function, value: &Value) -> Result<Value> {
    match value {
        Value::String(text) => made.parse(text),
        Value::Map(map) => from_map(made, map),
        other => match Parts::of(other) {
            Some(parts) => {
                if made.has_date() && parts.date.is_none() || !made.has_date() && parts.time.is_none() {
                    return Err(invalid(format!("{} `{other}` is no part of {}", other.kind(), made.name())).into());
                }
                match (made, other) {
                    // As it is, with the offset that it has at its own moment.
                    (Type::DateTime, Value::Temporal(same)) if matches!(**same, Temporal::DateTime(_)) => {
                        Ok(other.clone())
                    }
                    (Type::Time, Value::Temporal(moment)) => time_of(moment, parts),
                    _ => parts.make(made),
                }
            }
            None => Err(super::super::wrong_type(function, other, "a string, a map, a date or a time").into()),
        },
    }
}

/// Returns the time of a moment, with the offset it has then.
fn time_of(temporal: &Temporal, parts: Parts) -> Result<Value> {
    let zone = match temporal {
        Temporal::DateTime(moment) => Some(Zone::Offset(moment.offset())),
        _ => parts.zone.clone(),
    };
    Parts { zone, ..parts }.make(Type::Time)
}

fn from_map(made: Type, map: &Map) -> Result<Value> {
    check_keys(made, map, true)?;
    if made == Type::DateTime
        && let Some(moment) = from_epoch(map)?
    {
        return Ok(Temporal::from(moment).into());
    }
    let mut base = Parts::default();
    for key in ["datetime", "date", "time"] {
        let Some(value) = map.get(key) else { continue };
        let fits = |parts: &Parts| (key == "time" || parts.date.is_some()) && (key == "date" || parts.time.is_some());
        let Some(parts) = Parts::of(value).filter(fits) else {
            return Err(invalid(format!("`{key}` of {} cannot be {} `{value}`", made.name(), value.kind())).into());
        };
        if key != "time" {
            base.date = parts.date;
        }
        if key != "date" {
            base.time = parts.time;
            base.zone = parts.zone;
        }
        // A time has the offset that its moment had.
        if let (Type::Time, Value::Temporal(temporal)) = (made, value)
            && let Temporal::DateTime(moment) = &**temporal
        {
            base.zone = Some(Zone::Offset(moment.offset()));
        }
    }
    let zone = map.get("timezone").map(zone_of).transpose()?;
    let mut parts = Parts { zone: zone.clone().or_else(|| base.zone.clone()), ..Parts::default() };
    if made.has_date() {
        parts.date = Some(date_of(map, base.date)?);
    }
    // What had a zone is the same moment in another one.
    if let (Some(from), Some(to), Some(time)) = (base.zone, zone, base.time) {
        let day = parts.date.unwrap_or(Date::from_days(0));
        let moment = DateTime::of(LocalDateTime { date: day, time }, from).and_then(|moment| moment.in_zone(to));
        let LocalDateTime { date, time } = moment.ok_or_else(beyond)?.local();
        base.time = Some(time);
        parts.date = parts.date.map(|_| date);
    }
    if made.has_time() {
        parts.time = Some(time_from(map, base.time, false)?);
    }
    parts.make(made)
}

/// Returns the moment that a map counts from 1970 on, if it does.
fn from_epoch(map: &Map) -> Result<Option<DateTime>> {
    let (key, per_second) = match (map.contains_key("epochSeconds"), map.contains_key("epochMillis")) {
        (false, false) => return Ok(None),
        (true, true) => return Err(invalid("`epochSeconds` and `epochMillis` exclude each other".into()).into()),
        (true, false) => ("epochSeconds", 1),
        (false, true) => ("epochMillis", 1000),
    };
    if let Some(other) =
        map.keys().find(|other| !["timezone", "nanosecond", "microsecond", "millisecond", key].contains(&&***other))
    {
        return Err(invalid(format!("`{key}` and `{other}` exclude each other")).into());
    }
    let n = map.get(key).and_then(Value::as_int).ok_or_else(|| invalid(format!("`{key}` is an integer")))?;
    let (seconds, nanos) = since_epoch(n, per_second);
    let nanos = sub_second(map, nanos, true)?.unwrap_or(nanos);
    let zone = map.get("timezone").map_or(Ok(Zone::UTC), zone_of)?;
    Ok(Some(DateTime::new(seconds, nanos, zone).ok_or_else(beyond)?))
}

/// Refuses keys that say nothing about what is made.
pub(super) fn check_keys(made: Type, map: &Map, with_base: bool) -> Result<()> {
    let is_known = |key: &str| {
        made.has_date() && DATE_KEYS.contains(&key)
            || made.has_time() && TIME_KEYS.contains(&key)
            || made.has_zone() && key == "timezone"
            || with_base
                && (key == "datetime"
                    || made.has_date() && key == "date"
                    || made.has_time() && key == "time"
                    || made == Type::DateTime && matches!(key, "epochSeconds" | "epochMillis"))
    };
    match map.keys().find(|key| !is_known(key)) {
        Some(key) => Err(invalid(format!("{} has no part `{key}`", made.name())).into()),
        None => Ok(()),
    }
}

/// Returns the date of a map of parts; what is missing comes from `base`, where given, else is the first.
pub(super) fn date_of(map: &Map, base: Option<Date>) -> Result<Date> {
    let number = |key: &str, of_base: &str| -> Result<i32> {
        let value = match (map.get(key), base) {
            (Some(value), _) => value.clone(),
            (None, Some(base)) => part::of_date(base, of_base).map_or(Value::Null, Value::Int),
            (None, None) if key == "year" => return Err(invalid("a date needs a year".into()).into()),
            (None, None) => Value::Int(1),
        };
        let n = value.as_int().and_then(|n| i32::try_from(n).ok());
        n.ok_or_else(|| invalid(format!("`{key}` of a date cannot be {value}")).into())
    };
    let has = |key: &str| map.contains_key(key);
    let is_week = has("week") || has("dayOfWeek");
    let is_quarter = has("quarter") || has("dayOfQuarter");
    let ways = [is_week, is_quarter, has("ordinalDay"), has("month") || has("day")];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        let message =
            format!("a day is said by month, week, quarter or year, not by two of them: {}", Value::from(map.clone()));
        return Err(invalid(message).into());
    }
    if base.is_none() {
        for (part, of) in [("day", "month"), ("dayOfWeek", "week"), ("dayOfQuarter", "quarter")] {
            if has(part) && !has(of) && !(part == "dayOfWeek" && has("year") && has("week")) {
                return Err(invalid(format!("`{part}` needs `{of}`")).into());
            }
        }
    }
    let date = if is_week {
        calendar::from_week(number("year", "weekYear")?, number("week", "week")?, number("dayOfWeek", "weekDay")?)
    } else if has("ordinalDay") {
        calendar::from_ordinal(number("year", "year")?, 1, number("ordinalDay", "ordinalDay")?, 1..=366)
    } else if is_quarter {
        calendar::from_quarter(
            number("year", "year")?,
            number("quarter", "quarter")?,
            number("dayOfQuarter", "dayOfQuarter")?,
        )
    } else {
        let positive = |n: i32| u32::try_from(n).unwrap_or(0);
        Date::new(number("year", "year")?, positive(number("month", "month")?), positive(number("day", "day")?))
    };
    date.ok_or_else(|| invalid(format!("there is no day {}", Value::from(map.clone()))).into())
}

/// Returns the time of a map of parts; what is missing comes from `base`, where given, else is 0. Parts of a second take the
/// place of the base's, or are `added` to them.
pub(super) fn time_from(map: &Map, base: Option<LocalTime>, added: bool) -> Result<LocalTime> {
    if base.is_none() {
        let has = |at: usize| map.contains_key(TIME_KEYS[at]);
        for (at, of) in [(0, None), (1, Some(0)), (2, Some(1)), (3, Some(2)), (4, Some(2)), (5, Some(2))] {
            if let Some(of) = of.filter(|of| has(at) && !has(*of)) {
                return Err(invalid(format!("`{}` needs `{}`", TIME_KEYS[at], TIME_KEYS[of])).into());
            }
        }
    }
    let base = base.unwrap_or(LocalTime::MIDNIGHT);
    let number = |key: &str, of_base: i64| match map.get(key) {
        None => Ok(of_base),
        Some(value) => {
            value.as_int().ok_or_else(|| Error::from(invalid(format!("`{key}` of a time cannot be {value}"))))
        }
    };
    let nanos = sub_second(map, if added { base.nanosecond() } else { 0 }, added)?.unwrap_or(base.nanosecond());
    let (hour, minute) = (number("hour", base.hour())?, number("minute", base.minute())?);
    let second = number("second", base.second())?;
    LocalTime::new(hour, minute, second, nanos)
        .ok_or_else(|| invalid(format!("there is no time {}", Value::from(map.clone()))).into())
}

/// Returns the nanoseconds that a map says, if it does: each part has as many digits as there are below the one above.
fn sub_second(map: &Map, base: i64, added: bool) -> Result<Option<i64>> {
    let mut limit = NANOS;
    let mut total = None;
    for (key, unit) in [("millisecond", 1_000_000), ("microsecond", 1000), ("nanosecond", 1)] {
        let Some(value) = map.get(key) else { continue };
        let n = value.as_int().filter(|n| (0..limit / unit).contains(n));
        let n = n.ok_or_else(|| invalid(format!("`{key}` is 0 to {} here, not {value}", limit / unit - 1)))?;
        total = Some(total.unwrap_or(if added { base } else { 0 }) + n * unit);
        limit = unit;
    }
    match total {
        Some(total) if total >= NANOS => Err(invalid("parts of a second are more than one".into()).into()),
        total => Ok(total),
    }
}
