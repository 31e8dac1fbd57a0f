//! Times and moments without a zone.

use std::fmt;

use super::{DAY_SECONDS, NANOS};
use crate::model::Date;

/// A time of day, in nanoseconds since midnight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(i64);

/// Nanoseconds of a day.
const DAY_NANOS: i64 = DAY_SECONDS * NANOS;

impl LocalTime {
    /// The start of a day.
    pub const MIDNIGHT: Self = Self(0);

    /// Returns a time of day, or `None` where there is no such time (24:00 and leap seconds among them).
    pub fn new(hour: i64, minute: i64, second: i64, nanosecond: i64) -> Option<Self> {
        let fits = (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (0..NANOS).contains(&nanosecond);
        fits.then_some(Self(((hour * 60 + minute) * 60 + second) * NANOS + nanosecond))
    }

    /// Returns the time so many nanoseconds after midnight, if that is on the same day.
    pub fn from_nanos(nanos: i64) -> Option<Self> {
        (0..DAY_NANOS).contains(&nanos).then_some(Self(nanos))
    }

    /// Returns the time so many nanoseconds after midnight of any day.
    pub(crate) fn wrapping(nanos: i128) -> Self {
        Self(nanos.rem_euclid(i128::from(DAY_NANOS)) as i64)
    }

    /// Returns the nanoseconds since midnight.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Returns the hour.
    pub const fn hour(self) -> i64 {
        self.0 / (3600 * NANOS)
    }

    /// Returns the minute of the hour.
    pub const fn minute(self) -> i64 {
        self.0 / (60 * NANOS) % 60
    }

    /// Returns the second of the minute.
    pub const fn second(self) -> i64 {
        self.0 / NANOS % 60
    }

    /// Returns the nanosecond of the second.
    pub const fn nanosecond(self) -> i64 {
        self.0 % NANOS
    }
}

/// Seconds where there are any, and three, six or nine digits behind them.
impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())?;
        let (second, nanos) = (self.second(), self.nanosecond());
        match nanos {
            0 if second == 0 => Ok(()),
            0 => write!(f, ":{second:02}"),
            _ if nanos % 1_000_000 == 0 => write!(f, ":{second:02}.{:03}", nanos / 1_000_000),
            _ if nanos % 1000 == 0 => write!(f, ":{second:02}.{:06}", nanos / 1000),
            _ => write!(f, ":{second:02}.{nanos:09}"),
        }
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A day and a time of day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDateTime {
    /// The day.
    pub date: Date,
    /// The time.
    pub time: LocalTime,
}

impl LocalDateTime {
    /// Returns the seconds and nanoseconds since 1970-01-01T00:00, as if it were in UTC.
    pub(crate) fn epoch(self) -> (i64, i64) {
        let seconds = i64::from(self.date.days()) * DAY_SECONDS + self.time.nanos() / NANOS;
        (seconds, self.time.nanosecond())
    }

    /// Returns the nanoseconds since 1970-01-01T00:00, as if it were in UTC.
    pub(crate) fn nanos(self) -> i128 {
        let (seconds, nanos) = self.epoch();
        i128::from(seconds) * i128::from(NANOS) + i128::from(nanos)
    }

    /// Returns the moment so many nanoseconds after 1970-01-01T00:00, if its year is one.
    pub(crate) fn from_nanos(nanos: i128) -> Option<Self> {
        let date = i32::try_from(nanos.div_euclid(i128::from(DAY_NANOS))).ok().and_then(Date::checked_from_days)?;
        Some(Self { date, time: LocalTime::wrapping(nanos) })
    }

    /// As [`from_nanos`](Self::from_nanos), by seconds.
    pub(crate) fn from_epoch(seconds: i64, nanos: i64) -> Option<Self> {
        Self::from_nanos(i128::from(seconds) * i128::from(NANOS) + i128::from(nanos))
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

impl fmt::Debug for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
