//! Dates, times, moments and durations: the functions that make, truncate and compare them, their parts, and arithmetic.
//!
//! The functions are openCypher's (CIP2015-08-06, "Date and Time"). Without a zone they mean UTC.

mod arithmetic;
mod between;
mod build;
mod duration;
mod part;
mod truncate;

use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use self::{arithmetic::arithmetic, part::part};
use super::{Function, Scene};
use crate::{
    Error, Result,
    error::QueryError,
    model::{
        Date, Value,
        temporal::{DateTime, LocalDateTime, LocalTime, NANOS, Temporal, TemporalKind, Time, Zone, calendar},
    },
};

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Date,
    Time,
    LocalTime,
    LocalDateTime,
    DateTime,
}

impl Type {
    /// Returns what a text says.
    fn parse(self, text: &str) -> Result<Value> {
        let parsed = match self {
            Self::Date => text.parse().map(Value::Date),
            Self::Time => TemporalKind::Time.parse(text).map(Value::from),
            Self::LocalTime => TemporalKind::LocalTime.parse(text).map(Value::from),
            Self::LocalDateTime => TemporalKind::LocalDateTime.parse(text).map(Value::from),
            Self::DateTime => TemporalKind::DateTime.parse(text).map(Value::from),
        };
        parsed.map_err(|error| invalid(error.to_string()).into())
    }

    /// Returns whether it has a date.
    fn has_date(self) -> bool {
        !matches!(self, Self::Time | Self::LocalTime)
    }

    /// Returns whether it has a time.
    fn has_time(self) -> bool {
        self != Self::Date
    }

    /// Returns whether it has a zone.
    fn has_zone(self) -> bool {
        matches!(self, Self::Time | Self::DateTime)
    }

    /// Returns its name for messages, with an article.
    fn name(self) -> &'static str {
        match self {
            Self::Date => "a date",
            Self::Time => "a time",
            Self::LocalTime => "a local time",
            Self::LocalDateTime => "a local datetime",
            Self::DateTime => "a datetime",
        }
    }
}

/// What a value has of a date, a time and a zone.
#[derive(Debug, Clone, Default)]
struct Parts {
    date: Option<Date>,
    time: Option<LocalTime>,
    zone: Option<Zone>,
}

impl Parts {
    /// Takes a value apart, if it is one with a date or a time.
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Date(date) => Self { date: Some(*date), ..Self::default() },
            Value::Temporal(temporal) => match &**temporal {
                Temporal::Time(Time { time, offset }) => {
                    Self { time: Some(*time), zone: Some(Zone::Offset(*offset)), ..Self::default() }
                }
                Temporal::LocalTime(time) => Self { time: Some(*time), ..Self::default() },
                Temporal::LocalDateTime(LocalDateTime { date, time }) => {
                    Self { date: Some(*date), time: Some(*time), zone: None }
                }
                Temporal::DateTime(moment) => {
                    let LocalDateTime { date, time } = moment.local();
                    Self { date: Some(date), time: Some(time), zone: Some(moment.zone().clone()) }
                }
                Temporal::Duration(_) => return None,
            },
            _ => return None,
        })
    }

    /// Puts a value together: without a time it is midnight, without a zone UTC.
    fn make(self, made: Type) -> Result<Value> {
        let date = || self.date.ok_or_else(|| Error::from(invalid(format!("{} needs a date", made.name()))));
        let time = self.time.unwrap_or(LocalTime::MIDNIGHT);
        let temporal: Temporal = match made {
            Type::Date => return Ok(Value::Date(date()?)),
            Type::LocalTime => time.into(),
            Type::Time => {
                let offset = self.zone.map_or(0, |zone| zone.offset_at(now(None).seconds()));
                Time { time, offset }.into()
            }
            Type::LocalDateTime => LocalDateTime { date: date()?, time }.into(),
            Type::DateTime => {
                let local = LocalDateTime { date: date()?, time };
                DateTime::of(local, self.zone.clone().unwrap_or(Zone::UTC)).ok_or_else(beyond)?.into()
            }
        };
        Ok(temporal.into())
    }
}

/// Returns what a function gives.
///
/// # Errors
/// `ArgumentError` where there is no such day or time, `TypeError` where an argument is of a wrong kind.
pub(super) fn call(function: Function, args: &[Value], scene: &Scene<'_>) -> Result<Value> {
    use Function as F;
    match function {
        F::Date => build::from(Type::Date, function, &args[0]),
        F::Time => build::from(Type::Time, function, &args[0]),
        F::LocalTime => build::from(Type::LocalTime, function, &args[0]),
        F::LocalDateTime => build::from(Type::LocalDateTime, function, &args[0]),
        F::DateTime => build::from(Type::DateTime, function, &args[0]),
        F::DateTruncate => truncate::call(Type::Date, function, args),
        F::TimeTruncate => truncate::call(Type::Time, function, args),
        F::LocalTimeTruncate => truncate::call(Type::LocalTime, function, args),
        F::LocalDateTimeTruncate => truncate::call(Type::LocalDateTime, function, args),
        F::DateTimeTruncate => truncate::call(Type::DateTime, function, args),
        F::DateTimeFromEpoch => from_epoch(function, args, 1),
        F::DateTimeFromEpochMillis => from_epoch(function, args, 1000),
        F::Duration => duration::from(&args[0]),
        F::DurationBetween | F::DurationInMonths | F::DurationInDays | F::DurationInSeconds => {
            between::call(function, &args[0], &args[1])
        }
        _ => {
            let (made, is_realtime) = function.clock().expect("all others of time are about now");
            current(made, args, (!is_realtime).then_some(scene))
        }
    }
}

impl Function {
    /// Returns whether it is one of these functions; they stand together.
    pub(super) fn is_of_time(self) -> bool {
        (Self::Date as usize..=Self::DurationInSeconds as usize).contains(&(self as usize))
    }

    /// Returns the function that a constructor without arguments stands for: what time it is.
    pub(crate) fn without_arguments(self) -> Option<Self> {
        match self {
            Self::Date => Some(Self::DateStatement),
            Self::Time => Some(Self::TimeStatement),
            Self::LocalTime => Some(Self::LocalTimeStatement),
            Self::LocalDateTime => Some(Self::LocalDateTimeStatement),
            Self::DateTime => Some(Self::DateTimeStatement),
            _ => None,
        }
    }

    /// Returns what a function makes of the time it is, and whether it is that of the call instead of the statement's; `None`
    /// of all other functions.
    fn clock(self) -> Option<(Type, bool)> {
        Some(match self {
            Self::DateTransaction | Self::DateStatement => (Type::Date, false),
            Self::DateRealtime => (Type::Date, true),
            Self::TimeTransaction | Self::TimeStatement => (Type::Time, false),
            Self::TimeRealtime => (Type::Time, true),
            Self::LocalTimeTransaction | Self::LocalTimeStatement => (Type::LocalTime, false),
            Self::LocalTimeRealtime => (Type::LocalTime, true),
            Self::LocalDateTimeTransaction | Self::LocalDateTimeStatement => (Type::LocalDateTime, false),
            Self::LocalDateTimeRealtime => (Type::LocalDateTime, true),
            Self::DateTimeTransaction | Self::DateTimeStatement => (Type::DateTime, false),
            Self::DateTimeRealtime => (Type::DateTime, true),
            _ => return None,
        })
    }

    /// Returns whether it gives something else whenever it is asked.
    pub(crate) fn is_volatile(self) -> bool {
        matches!(self, Self::Rand | Self::RandomUuid | Self::Timestamp) || self.clock().is_some()
    }
}

/// Returns what time it is: for a statement, or this moment.
fn current(made: Type, args: &[Value], scene: Option<&Scene<'_>>) -> Result<Value> {
    let zone = args.first().map_or(Ok(Zone::UTC), zone_of)?;
    let moment = now(scene).in_zone(zone).ok_or_else(beyond)?;
    let LocalDateTime { date, time } = moment.local();
    match made {
        Type::DateTime => Ok(Temporal::from(moment).into()),
        Type::Time => Ok(Temporal::from(Time { time, offset: moment.offset() }).into()),
        made => Parts { date: Some(date), time: Some(time), zone: None }.make(made),
    }
}

/// Returns the moment in UTC: the statement's, or this one.
fn now(scene: Option<&Scene<'_>>) -> DateTime {
    let nanos = match scene {
        Some(scene) => i128::from(scene.now_ms()) * 1_000_000,
        None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128),
    };
    let second = i128::from(NANOS);
    let moment = DateTime::new((nanos / second) as i64, (nanos % second) as i64, Zone::UTC);
    moment.unwrap_or_else(|| DateTime::new(0, 0, Zone::UTC).expect("1970 is a year"))
}

fn from_epoch(function: Function, args: &[Value], per_second: i64) -> Result<Value> {
    let number = |at: usize| {
        let number = args.get(at).map_or(Some(0), Value::as_int);
        number.ok_or_else(|| Error::from(super::wrong_type(function, &args[at], "integers")))
    };
    let (seconds, nanos) = since_epoch(number(0)?, per_second);
    let moment = DateTime::new(seconds, number(1)?.checked_add(nanos).ok_or_else(beyond)?, Zone::UTC);
    Ok(Temporal::from(moment.ok_or_else(beyond)?).into())
}

/// Returns seconds and nanoseconds of so many parts of a second.
fn since_epoch(n: i64, per_second: i64) -> (i64, i64) {
    (n.div_euclid(per_second), n.rem_euclid(per_second) * (NANOS / per_second))
}

/// Returns the zone that a value names.
fn zone_of(value: &Value) -> Result<Zone> {
    match value {
        Value::String(text) => Zone::parse(text).ok_or_else(|| {
            let hint = "an offset as '+01:00', 'Z', or a name of the IANA database as 'Europe/Stockholm'";
            invalid(format!("there is no time zone `{text}`")).hint(hint).into()
        }),
        other => Err(invalid(format!("a time zone is a string, not {} `{other}`", other.kind())).into()),
    }
}

fn invalid(message: String) -> QueryError {
    QueryError::run("22007", "ArgumentError", "InvalidArgumentValue", message)
}

/// Returns the error of a date whose year has more than four digits.
fn beyond() -> QueryError {
    QueryError::run("22008", "ArgumentError", "NumberOutOfRange", "dates end with the year 9999, and begin with -9999")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_time_stand_together_and_no_others_among_them() {
        for (function, name, ..) in Function::ALL {
            let namespace = name.split('.').next().unwrap_or_default();
            let is_named_so =
                ["date", "time", "localtime", "localdatetime", "datetime", "duration"].contains(&namespace);
            assert_eq!(function.is_of_time(), is_named_so, "{name}");
            let is_of_clock = ["transaction", "statement", "realtime"].iter().any(|last| name.ends_with(last));
            assert_eq!(function.clock().is_some(), is_of_clock, "{name}");
        }
    }
}
