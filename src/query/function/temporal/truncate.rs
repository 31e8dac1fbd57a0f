//! Truncation: the start of a millennium, a week, an hour...

use super::{Function, Parts, Type, beyond, build, calendar, invalid, zone_of};
use crate::{
    Error, Result,
    model::{Date, Map, Value, temporal::LocalTime},
};

/// Units of a day and more, from the largest on.
const DATE_UNITS: [&str; 9] =
    ["millennium", "century", "decade", "year", "weekYear", "quarter", "month", "week", "day"];

/// Units below a day, and their nanoseconds.
const TIME_UNITS: [(&str, i64); 6] = [
    ("hour", 3_600_000_000_000),
    ("minute", 60_000_000_000),
    ("second", 1_000_000_000),
    ("millisecond", 1_000_000),
    ("microsecond", 1000),
    ("nanosecond", 1),
];

/// Returns the start of the unit a value lies in, and in it what the map says.
pub(super) fn call(made: Type, function: Function, args: &[Value]) -> Result<Value> {
    let unit = args[0].as_str().ok_or_else(|| super::super::wrong_type(function, &args[0], "the name of a unit"))?;
    let empty = Map::new();
    let map = match args.get(2) {
        None => &empty,
        Some(Value::Map(map)) => map,
        Some(other) => return Err(super::super::wrong_type(function, other, "a map of what to set").into()),
    };
    let value = &args[1];
    let fits = |parts: &Parts| !made.has_date() || parts.date.is_some();
    let Some(mut parts) = Parts::of(value).filter(fits) else {
        return Err(invalid(format!("{} `{value}` cannot be truncated to {}", value.kind(), made.name())).into());
    };
    build::check_keys(made, map, false)?;
    let name = |known: &&str| known.eq_ignore_ascii_case(unit);
    if let Some(unit) = DATE_UNITS.iter().copied().find(|known| name(known)) {
        if !made.has_date() && unit != "day" {
            return Err(no_unit(unit, made));
        }
        parts.date = parts.date.map(|date| truncated(date, unit).ok_or_else(|| Error::from(beyond()))).transpose()?;
        parts.time = Some(LocalTime::MIDNIGHT);
    } else if let Some((_, nanos)) = TIME_UNITS.into_iter().find(|(known, _)| name(known)).filter(|_| made.has_time()) {
        let Some(time) = parts.time else {
            return Err(invalid(format!("{} `{value}` has no {unit} to truncate to", value.kind())).into());
        };
        parts.time = LocalTime::from_nanos(time.nanos() / nanos * nanos);
    } else {
        return Err(no_unit(unit, made));
    }
    if made.has_date() {
        parts.date = Some(build::date_of(map, parts.date)?);
    }
    if made.has_time() {
        parts.time = Some(build::time_from(map, parts.time, true)?);
    }
    if let Some(zone) = map.get("timezone") {
        parts.zone = Some(zone_of(zone)?);
    }
    parts.make(made)
}

fn no_unit(unit: &str, made: Type) -> Error {
    let times = if made.has_time() { &TIME_UNITS[..] } else { &[] };
    let dates = if made.has_date() { &DATE_UNITS[..] } else { &["day"] };
    let units: Vec<&str> = dates.iter().copied().chain(times.iter().map(|(unit, _)| *unit)).collect();
    invalid(format!("{} is not truncated to `{unit}`, but to {}", made.name(), units.join(", "))).into()
}

fn truncated(date: Date, unit: &str) -> Option<Date> {
    let (year, month, _) = date.ymd();
    let start_of = |years: i32| Date::new(year.div_euclid(years) * years, 1, 1);
    match unit {
        "millennium" => start_of(1000),
        "century" => start_of(100),
        "decade" => start_of(10),
        "year" => start_of(1),
        "weekYear" => calendar::from_week(calendar::week_date(date).0, 1, 1),
        "quarter" => Date::new(year, (month - 1) / 3 * 3 + 1, 1),
        "month" => Date::new(year, month, 1),
        "week" => date.plus_days(i64::from(1 - calendar::week_date(date).2)),
        _ => Some(date),
    }
}
