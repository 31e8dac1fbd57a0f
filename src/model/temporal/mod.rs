//! Times, moments and durations beside [`Date`]: nanoseconds, the proleptic Gregorian calendar, and time
//! zones by offset or by name.
//!
//! What a zone says comes from the IANA database (crate `jiff`, which brings it along, so that answers do not depend on
//! the system). A moment keeps the offset that held when it was made: a later database changes no stored value.

pub(crate) mod calendar;
mod duration;
mod local;
mod parse;
mod zone;
mod zoned;

use std::{cmp::Ordering, fmt};

use super::Date;

pub(crate) use self::duration::Amount;
pub use self::{
    duration::Duration,
    local::{LocalDateTime, LocalTime},
    parse::ParseTemporalError,
    zone::Zone,
    zoned::{DateTime, Time},
};

/// Nanoseconds of a second.
pub(crate) const NANOS: i64 = 1_000_000_000;

/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// A time, a moment or a duration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Temporal {
    /// A time of day and an offset from UTC.
    Time(Time),
    /// A time of day.
    LocalTime(LocalTime),
    /// A day and a time, wherever that is.
    LocalDateTime(LocalDateTime),
    /// A moment, seen from a time zone.
    DateTime(DateTime),
    /// Months, days, seconds and nanoseconds.
    Duration(Duration),
}

/// What a [`Temporal`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemporalKind {
    Time,
    LocalTime,
    LocalDateTime,
    DateTime,
    Duration,
}

impl TemporalKind {
    /// Returns the name of the kind, as error messages use it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Time => "ZONED TIME",
            Self::LocalTime => "LOCAL TIME",
            Self::LocalDateTime => "LOCAL DATETIME",
            Self::DateTime => "ZONED DATETIME",
            Self::Duration => "DURATION",
        }
    }
}

impl Temporal {
    /// Bytes of memory that a shared one takes, about: of itself, and of a zone's name.
    pub(crate) const HEAP_BYTES: usize = size_of::<Self>() + 48;

    /// Returns what it is.
    pub(crate) const fn temporal_kind(&self) -> TemporalKind {
        match self {
            Self::Time(_) => TemporalKind::Time,
            Self::LocalTime(_) => TemporalKind::LocalTime,
            Self::LocalDateTime(_) => TemporalKind::LocalDateTime,
            Self::DateTime(_) => TemporalKind::DateTime,
            Self::Duration(_) => TemporalKind::Duration,
        }
    }

    /// Returns the name of the kind, as error messages use it.
    pub const fn kind(&self) -> &'static str {
        self.temporal_kind().name()
    }

    /// Returns how two of a kind compare for `<`: moments and times by what they are in UTC, the same ones by offset and zone.
    /// Durations do not compare, as nobody knows how long a month is.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Duration(_), _) | (_, Self::Duration(_)) => None,
            (a, b) if std::mem::discriminant(a) != std::mem::discriminant(b) => None,
            (a, b) => Some(a.order(b)),
        }
    }

    /// Returns the place of two of a kind in the total order: equal only where they are the same.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::LocalTime(a), Self::LocalTime(b)) => a.cmp(b),
            (Self::LocalDateTime(a), Self::LocalDateTime(b)) => a.cmp(b),
            (Self::DateTime(a), Self::DateTime(b)) => a.cmp(b),
            (Self::Duration(a), Self::Duration(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// Returns the value as numbers (those it does not need are 0) and the name of its zone, as it is stored. The numbers of the
    /// kinds are part of the format.
    pub(crate) fn to_numbers(&self) -> (u8, [i64; 4], Option<&str>) {
        match self {
            Self::Time(Time { time, offset }) => (0, [time.nanos(), (*offset).into(), 0, 0], None),
            Self::LocalTime(time) => (1, [time.nanos(), 0, 0, 0], None),
            Self::LocalDateTime(local) => (2, [local.date.days().into(), local.time.nanos(), 0, 0], None),
            Self::DateTime(moment) => {
                let zone = match moment.zone() {
                    Zone::Named(name) => Some(&**name),
                    Zone::Offset(_) => None,
                };
                (3, [moment.seconds(), moment.nanosecond(), moment.offset().into(), 0], zone)
            }
            Self::Duration(d) => (4, [d.months(), d.days(), d.seconds(), d.nanosecond()], None),
        }
    }

    /// Returns the value of its numbers, or `None` where they are those of none.
    pub(crate) fn from_numbers(kind: u8, numbers: [i64; 4], zone: Option<&str>) -> Option<Self> {
        let offset = |seconds: i64| i32::try_from(seconds).ok().filter(|seconds| Zone::is_offset(*seconds));
        let temporal = match (kind, numbers, zone) {
            (0, [nanos, seconds, 0, 0], None) => {
                Time { time: LocalTime::from_nanos(nanos)?, offset: offset(seconds)? }.into()
            }
            (1, [nanos, 0, 0, 0], None) => LocalTime::from_nanos(nanos)?.into(),
            (2, [days, nanos, 0, 0], None) => {
                let date = Date::checked_from_days(days.try_into().ok()?)?;
                LocalDateTime { date, time: LocalTime::from_nanos(nanos)? }.into()
            }
            (3, [seconds, nanos, ahead, 0], zone) => {
                let offset = offset(ahead)?;
                let zone = zone.map_or(Zone::Offset(offset), |name| Zone::Named(name.into()));
                DateTime::stored(seconds, nanos, offset, zone)?.into()
            }
            (4, [months, days, seconds, nanos], None) => Duration::of(months, days, seconds, nanos)?.into(),
            _ => return None,
        };
        Some(temporal)
    }

    /// Returns the place of the kind in the total order, with one left free for dates.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::DateTime(_) => 0,
            Self::LocalDateTime(_) => 1,
            Self::Time(_) => 3,
            Self::LocalTime(_) => 4,
            Self::Duration(_) => 5,
        }
    }
}

/// ISO 8601, as the functions of these names read it.
impl fmt::Display for Temporal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(value) => value.fmt(f),
            Self::LocalTime(value) => value.fmt(f),
            Self::LocalDateTime(value) => value.fmt(f),
            Self::DateTime(value) => value.fmt(f),
            Self::Duration(value) => value.fmt(f),
        }
    }
}

macro_rules! from {
    ($($variant:ident)*) => {$(
        impl From<$variant> for Temporal {
            fn from(value: $variant) -> Self {
                Self::$variant(value)
            }
        }
    )*};
}

from!(Time LocalTime LocalDateTime DateTime Duration);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_say_all_of_it_and_others_are_refused() {
        for (kind, text) in [
            (TemporalKind::Time, "21:40:32.142-18:00"),
            (TemporalKind::LocalTime, "21:40:32.000000001"),
            (TemporalKind::LocalDateTime, "-0044-03-15T12:00"),
            (TemporalKind::DateTime, "2015-07-21T21:40:32.142+02:00"),
            (TemporalKind::DateTime, "1818-07-21T21:40+00:53:28[Europe/Stockholm]"),
            (TemporalKind::Duration, "P-11Y-7M14DT16H13M10.000000001S"),
        ] {
            let value = kind.parse(text).unwrap();
            assert_eq!((value.temporal_kind(), value.to_string().as_str()), (kind, text));
            let (number, numbers, zone) = value.to_numbers();
            assert_eq!(Temporal::from_numbers(number, numbers, zone), Some(value.clone()), "{text}");
            let mut wrong = numbers;
            wrong[3] = -1;
            assert_eq!(Temporal::from_numbers(number, wrong, zone), None, "{text}");
            assert_eq!(Temporal::from_numbers(9, numbers, zone), None);
            if !matches!(kind, TemporalKind::DateTime) {
                assert_eq!(Temporal::from_numbers(number, numbers, Some("Europe/Stockholm")), None, "{text}");
            }
        }
        assert_eq!(Temporal::from_numbers(1, [-1, 0, 0, 0], None), None);
        assert_eq!(Temporal::from_numbers(0, [0, 65_000, 0, 0], None), None);
        assert_eq!(Temporal::from_numbers(2, [i64::MAX, 0, 0, 0], None), None);
        assert_eq!(Temporal::from_numbers(3, [i64::MAX, 0, 0, 0], None), None);
    }
}
