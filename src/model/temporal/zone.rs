//! Time zones: an offset from UTC, or a name of the IANA database.

use std::{fmt, sync::Arc};

use jiff::{Timestamp, civil, tz::TimeZone};

use super::{LocalDateTime, NANOS};

/// The largest offset, in seconds: eighteen hours.
const OFFSET_MAX: i32 = 18 * 3600;

/// What jiff knows of time, in seconds since 1970: beyond, a zone's first or last rule holds.
const SECONDS: std::ops::RangeInclusive<i64> = -377_000_000_000..=253_000_000_000;

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Seconds that local time is ahead of UTC.
    Offset(i32),
    /// A name as `Europe/Stockholm`, spelled as the database does.
    Named(Arc<str>),
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self::Offset(0);

    /// Returns the zone of a text: `Z`, an offset as `+01:00`, `-0130` or `+02:05:59`, or a name; `None` where it is
    /// none, or of none that is known.
    pub fn parse(text: &str) -> Option<Self> {
        match text.as_bytes().first()? {
            b'+' | b'-' => parse_offset(text).map(Self::Offset),
            _ if text.eq_ignore_ascii_case("z") => Some(Self::UTC),
            _ => {
                let zone = TimeZone::get(text).ok()?;
                zone.iana_name().map(|name| Self::Named(name.into()))
            }
        }
    }

    /// Returns whether local time may be so many seconds ahead of UTC.
    pub(crate) fn is_offset(seconds: i32) -> bool {
        (-OFFSET_MAX..=OFFSET_MAX).contains(&seconds)
    }

    /// Returns the seconds that local time is ahead of UTC at a moment, in seconds since 1970.
    pub(crate) fn offset_at(&self, seconds: i64) -> i32 {
        match self {
            Self::Offset(offset) => *offset,
            Self::Named(name) => {
                let seconds = seconds.clamp(*SECONDS.start(), *SECONDS.end());
                let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
                Timestamp::from_second(seconds).map_or(0, |moment| zone.to_offset(moment).seconds())
            }
        }
    }

    /// Returns the offset of a local time: of two the earlier, and where there is none (clocks go forward) the one before.
    pub(crate) fn offset_of(&self, local: LocalDateTime) -> i32 {
        let Self::Named(name) = self else { return self.offset_at(0) };
        let (year, month, day) = local.date.ymd();
        let time = local.time;
        let civil = i16::try_from(year).ok().and_then(|year| {
            let (hour, minute, second) = (time.hour() as i8, time.minute() as i8, time.second() as i8);
            civil::DateTime::new(year, month as i8, day as i8, hour, minute, second, 0).ok()
        });
        let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
        let moment = civil.and_then(|civil| zone.to_ambiguous_timestamp(civil).compatible().ok());
        let seconds = local.epoch().0;
        match moment {
            Some(moment) => (seconds - moment.as_second()) as i32,
            None => self.offset_at(seconds),
        }
    }
}

/// Returns the seconds of `±HH`, `±HHMM`, `±HH:MM` and with seconds behind.
fn parse_offset(text: &str) -> Option<i32> {
    let (sign, rest) = text.split_at_checked(1)?;
    let with_colons = rest.as_bytes().get(2) == Some(&b':');
    let digits: String = rest.split(':').collect();
    let n_colons = rest.len() - digits.len();
    let is_shaped = matches!(digits.len(), 2 | 4 | 6)
        && n_colons == if with_colons { digits.len() / 2 - 1 } else { 0 }
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_shaped {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    let offset = hours * 3600 + minutes * 60 + seconds;
    let fits = minutes < 60 && seconds < 60 && offset <= OFFSET_MAX;
    fits.then_some(if sign == "-" { -offset } else { offset })
}

/// Writes an offset: `Z`, or `±HH:MM` and seconds where there are any.
pub(super) fn write_offset(f: &mut fmt::Formatter<'_>, offset: i32) -> fmt::Result {
    if offset == 0 {
        return f.write_str("Z");
    }
    let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.abs());
    write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
    if seconds % 60 == 0 { Ok(()) } else { write!(f, ":{:02}", seconds % 60) }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write_offset(f, *offset),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// Returns nanoseconds of seconds.
pub(super) fn nanos_of(seconds: i32) -> i64 {
    i64::from(seconds) * NANOS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Date, temporal::LocalTime};

    #[test]
    fn offsets_in_every_form() {
        for (text, expected) in [
            ("Z", Some(0)),
            ("+01:00", Some(3600)),
            ("-0130", Some(-5400)),
            ("+02", Some(7200)),
            ("+02:05:59", Some(7559)),
            ("+18:00", Some(64_800)),
            ("+18:01", None),
            ("+1", None),
            ("+01:0", None),
            ("+0160", None),
            ("+0:100", None),
            ("+é0", None),
        ] {
            assert_eq!(Zone::parse(text), expected.map(Zone::Offset), "{text}");
        }
        assert_eq!(Zone::parse("europe/stockholm").unwrap().to_string(), "Europe/Stockholm");
        assert_eq!(Zone::parse("Middle/Earth"), None);
    }

    #[test]
    fn a_local_time_that_is_skipped_or_twice() {
        let zone = Zone::parse("Europe/Stockholm").unwrap();
        let at = |month, day, hour| LocalDateTime {
            date: Date::new(2024, month, day).unwrap(),
            time: LocalTime::new(hour, 30, 0, 0).unwrap(),
        };
        assert_eq!(zone.offset_of(at(1, 1, 2)), 3600);
        assert_eq!(zone.offset_of(at(7, 1, 2)), 7200);
        assert_eq!(zone.offset_of(at(3, 31, 2)), 3600, "the clock goes from 2 to 3");
        assert_eq!(zone.offset_of(at(10, 27, 2)), 7200, "the clock goes from 3 to 2");
        assert_eq!(zone.offset_at(0), 3600);
    }
}
