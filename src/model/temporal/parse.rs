//! Dates, times and durations from text, in every form of ISO 8601 that openCypher reads.

use std::{error, fmt, str::FromStr};

use super::{
    Amount, DateTime, Duration, LocalDateTime, LocalTime, NANOS, Temporal, TemporalKind, Time, Zone, calendar,
};
use crate::model::Date;

/// Why a text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseTemporalError(String);

impl fmt::Display for ParseTemporalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for ParseTemporalError {}

/// Returns the error of a text that is no such thing.
fn no(what: &str, text: &str) -> ParseTemporalError {
    ParseTemporalError(format!("`{text}` is not {what}"))
}

impl TemporalKind {
    /// Returns what a text says, if it is of this kind.
    pub(crate) fn parse(self, text: &str) -> Result<Temporal, ParseTemporalError> {
        Ok(match self {
            Self::Time => text.parse::<Time>()?.into(),
            Self::LocalTime => text.parse::<LocalTime>()?.into(),
            Self::LocalDateTime => text.parse::<LocalDateTime>()?.into(),
            Self::DateTime => text.parse::<DateTime>()?.into(),
            Self::Duration => text.parse::<Duration>()?.into(),
        })
    }
}

/// A calendar date, or one by week, quarter or day of the year; what is missing is the first.
impl FromStr for Date {
    type Err = ParseTemporalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        date(text).ok_or_else(|| no("a date", text))
    }
}

/// `21`, `21:40`, `214032.142`.
impl FromStr for LocalTime {
    type Err = ParseTemporalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        time(text).ok_or_else(|| no("a local time", text))
    }
}

/// A local time and an offset; without one it is in UTC.
impl FromStr for Time {
    type Err = ParseTemporalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match time_and_zone(text) {
            Some((time, None, None)) => Ok(Self { time, offset: 0 }),
            Some((time, Some(offset), None)) => Ok(Self { time, offset }),
            _ => Err(no("a time", text)),
        }
    }
}

/// A date, and behind a `T` a local time.
impl FromStr for LocalDateTime {
    type Err = ParseTemporalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match local_and_zone(text) {
            Some((local, None, None)) => Ok(local),
            _ => Err(no("a local datetime", text)),
        }
    }
}

/// A local datetime with an offset, the name of a zone in brackets, or both; without any it is in UTC.
impl FromStr for DateTime {
    type Err = ParseTemporalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let beyond = || ParseTemporalError(format!("`{text}` has a year that a date cannot have"));
        let (local, offset, name) = local_and_zone(text).ok_or_else(|| no("a datetime", text))?;
        let Some(name) = name else {
            return Self::of(local, Zone::Offset(offset.unwrap_or(0))).ok_or_else(beyond);
        };
        let zone = Zone::parse(name).ok_or_else(|| ParseTemporalError(format!("there is no time zone `{name}`")))?;
        let Some(offset) = offset else { return Self::of(local, zone).ok_or_else(beyond) };
        let moment =
            Self::of(local, Zone::Offset(offset)).and_then(|moment| moment.in_zone(zone)).ok_or_else(beyond)?;
        if moment.offset() == offset {
            return Ok(moment);
        }
        let [is, said] = [moment.offset(), offset].map(Zone::Offset);
        Err(ParseTemporalError(format!("`{text}`: {name} is {is} then, not {said}")))
    }
}

/// ISO 8601 by units (`P1Y2M10DT2H30M`, each with a sign and a fraction if need be), or as a date and a time.
impl FromStr for Duration {
    type Err = ParseTemporalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        duration(text).ok_or_else(|| no("a duration, as P1Y2M10DT2H30M is one", text))
    }
}

/// Returns the shape of a text (`d` for each digit) and its digits.
fn shape(text: &str) -> (String, String) {
    let shape = text.chars().map(|c| if c.is_ascii_digit() { 'd' } else { c.to_ascii_uppercase() }).collect();
    (shape, text.chars().filter(char::is_ascii_digit).collect())
}

/// Returns the date of a text: calendar, week, quarter, ordinal; what is missing is the first.
fn date(text: &str) -> Option<Date> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (shape, digits) = shape(unsigned);
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i32>().ok());
    let year = sign * number(0, 4)?;
    let positive = |from, to| number(from, to).and_then(|n| u32::try_from(n).ok());
    match shape.as_str() {
        "dddd" => Date::new(year, 1, 1),
        "dddd-dd" | "dddddd" => Date::new(year, positive(4, 6)?, 1),
        "dddd-dd-dd" | "dddddddd" => Date::new(year, positive(4, 6)?, positive(6, 8)?),
        "dddd-ddd" | "ddddddd" => calendar::from_ordinal(year, 1, number(4, 7)?, 1..=366),
        "dddd-Wdd" | "ddddWdd" => calendar::from_week(year, number(4, 6)?, 1),
        "dddd-Wdd-d" | "ddddWddd" => calendar::from_week(year, number(4, 6)?, number(6, 7)?),
        "dddd-Qd" | "ddddQd" => calendar::from_quarter(year, number(4, 5)?, 1),
        "dddd-Qd-dd" | "ddddQddd" => calendar::from_quarter(year, number(4, 5)?, number(5, 7)?),
        _ => None,
    }
}

/// Splits a text into what is before a zone in brackets, and its name.
fn split_zone(text: &str) -> (&str, Option<&str>) {
    let named = text.strip_suffix(']').and_then(|text| text.split_once('['));
    named.map_or((text, None), |(before, name)| (before, Some(name)))
}

/// Returns the time of a text, and the offset and the name of a zone behind it.
fn time_and_zone(text: &str) -> Option<(LocalTime, Option<i32>, Option<&str>)> {
    let (before, name) = split_zone(text);
    let at = before.find(['Z', 'z', '+', '-']).unwrap_or(before.len());
    let (clock, offset) = before.split_at(at);
    let offset = match offset {
        "" => None,
        offset => match Zone::parse(offset)? {
            Zone::Offset(offset) => Some(offset),
            Zone::Named(_) => return None,
        },
    };
    Some((time(clock)?, offset, name))
}

/// As [`time_and_zone`], with the date before it, which may stand alone.
fn local_and_zone(text: &str) -> Option<(LocalDateTime, Option<i32>, Option<&str>)> {
    let Some((day, rest)) = text.split_once(['T', 't']) else {
        return Some((LocalDateTime { date: date(text)?, time: LocalTime::MIDNIGHT }, None, None));
    };
    let (time, offset, name) = time_and_zone(rest)?;
    Some((LocalDateTime { date: date(day)?, time }, offset, name))
}

/// Returns the time of a text, to the hour, minute, second or a part of one.
fn time(text: &str) -> Option<LocalTime> {
    let (whole, fraction) = text.split_once(['.', ',']).map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let (shape, digits) = shape(whole);
    let has_seconds = matches!(shape.as_str(), "dd:dd:dd" | "dddddd");
    if !has_seconds && (fraction.is_some() || !matches!(shape.as_str(), "dd" | "dd:dd" | "dddd")) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse().ok());
    LocalTime::new(part(0)?, part(2)?, part(4)?, fraction.map_or(Some(0), nanos)?)
}

/// Returns the nanoseconds of the digits behind a point: nine at most.
fn nanos(digits: &str) -> Option<i64> {
    let fits = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| format!("{digits:0<9}").parse().ok())?
}

/// Returns the duration of a text: ISO 8601 by units, or as a date and a time.
fn duration(text: &str) -> Option<Duration> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let body = rest.strip_prefix(['P', 'p'])?;
    let (date, time) = body.split_once(['T', 't']).map_or((body, None), |(date, time)| (date, Some(time)));
    let duration =
        if date.ends_with(|c: char| c.is_ascii_digit()) { by_date(date, time) } else { by_units(date, time) }?;
    if sign < 0 { duration.negated() } else { Some(duration) }
}

/// `2012-02-02T14:37:21.545`: so many years, months, days, hours, minutes and seconds.
fn by_date(date: &str, time: Option<&str>) -> Option<Duration> {
    let digits: String = date.split('-').collect();
    let is_shaped =
        digits.len() == 8 && matches!(date.len() - digits.len(), 0 | 2) && digits.bytes().all(|b| b.is_ascii_digit());
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i64>().ok());
    let (years, months, days) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let nanos = time.map_or(Some(0), |time| self::time(time).map(|time| time.nanos()))?;
    let fits = is_shaped && months <= 12 && days <= 31;
    fits.then(|| Duration::new((years * 12 + months).into(), days.into(), nanos.into()))?
}

/// `1Y2M3W4DT5H6M7.8S`, each part with a sign and a fraction if need be, each once and in this order.
fn by_units(date: &str, time: Option<&str>) -> Option<Duration> {
    if date.is_empty() && time.is_none() || time.is_some_and(str::is_empty) {
        return None;
    }
    let (mut months, mut days, mut nanos) = (Amount::from(0), Amount::from(0), 0i128);
    for (unit, number) in units(date, "YMWD")? {
        let amount = Amount::from(number.parse::<f64>().ok()?);
        match unit {
            'Y' => months = months.plus(amount.times(12)),
            'M' => months = months.plus(amount),
            'W' => days = days.plus(amount.times(7)),
            _ => days = days.plus(amount),
        }
    }
    for (unit, number) in units(time.unwrap_or_default(), "HMS")? {
        let more = match unit {
            'H' => Amount::from(number.parse::<f64>().ok()?).nanos(3600 * NANOS)?,
            'M' => Amount::from(number.parse::<f64>().ok()?).nanos(60 * NANOS)?,
            _ => seconds(number)?,
        };
        nanos = nanos.checked_add(more)?;
    }
    Duration::from_parts(months, days, nanos)
}

/// Splits a text into units and their numbers; the units must come in this order.
fn units<'a>(mut text: &'a str, order: &str) -> Option<Vec<(char, &'a str)>> {
    let mut found = Vec::new();
    let mut order = order.chars();
    while !text.is_empty() {
        let at = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, rest) = text.split_at(at);
        let unit = rest.chars().next()?.to_ascii_uppercase();
        order.find(|next| *next == unit)?;
        let is_number = number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+'));
        found.push((unit, number.strip_prefix('+').unwrap_or(number)));
        if !is_number {
            return None;
        }
        text = &rest[1..];
    }
    Some(found)
}

/// Returns the nanoseconds of seconds in decimals, exactly.
fn seconds(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, "0"), |(whole, fraction)| (whole, fraction));
    let whole = if whole.bytes().all(|byte| byte.is_ascii_digit()) { whole.parse::<i64>().ok()? } else { return None };
    Some(sign * (i128::from(whole) * i128::from(NANOS) + i128::from(nanos(fraction)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_every_form() {
        for (text, expected) in [
            ("2015-07-21", "2015-07-21"),
            ("20150721", "2015-07-21"),
            ("2015-07", "2015-07-01"),
            ("2015-W30-2", "2015-07-21"),
            ("2015W30", "2015-07-20"),
            ("2015-202", "2015-07-21"),
            ("2015-Q3-21", "2015-07-21"),
            ("2015", "2015-01-01"),
            ("-0044-03-15", "-0044-03-15"),
        ] {
            assert_eq!(date(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "2015-366", "2015-13", "2015-W54", "abcd", "2015é7", "2015-07-21T12", "2-0150721", "2015--07"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn times_in_every_form() {
        for (text, expected) in
            [("21", "21:00"), ("2140", "21:40"), ("21:40:32.1", "21:40:32.100"), ("214032,5", "21:40:32.500")]
        {
            assert_eq!(time(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "2", "24", "21:60", "21.5", "21:40:32.", "21:40:32.1234567890", "21:4032"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_must_be_the_one_of_the_zone() {
        let parsed = |text: &str| text.parse::<DateTime>().map(|value| value.to_string());
        let right = "2015-07-21T21:40:32.142+02:00[Europe/Stockholm]";
        assert_eq!(parsed(right).unwrap(), right);
        assert!(parsed("2015-07-21T21:40+01:00[Europe/Stockholm]").unwrap_err().to_string().contains("+02:00"));
        assert_eq!(
            parsed("2024-10-27T02:30+01:00[Europe/Stockholm]").unwrap(),
            "2024-10-27T02:30+01:00[Europe/Stockholm]"
        );
        assert!("12:00Z".parse::<LocalTime>().is_err(), "a local time has no zone");
        assert!(parsed("2015-07-21T21:40[Nowhere/At_all]").is_err());
    }

    #[test]
    fn durations_in_every_form() {
        for (text, expected) in [
            ("P14DT16H12M", "P14DT16H12M"),
            ("P5M1.5D", "P5M1DT12H"),
            ("P0.75M", "P22DT19H51M49.5S"),
            ("PT0.75M", "PT45S"),
            ("P2.5W", "P17DT12H"),
            ("P12Y5M14DT16H12M70S", "P12Y5M14DT16H13M10S"),
            ("P2012-02-02T14:37:21.545", "P2012Y2M2DT14H37M21.545S"),
            ("-P1Y", "P-1Y"),
            ("PT-0.000000001S", "PT-0.000000001S"),
            ("P1M-1D", "P1M-1D"),
        ] {
            assert_eq!(duration(text).unwrap().to_string(), expected, "{text}");
        }
        for text in
            ["", "P", "PT", "P1", "1D", "P1DT", "P1D1Y", "P1Y1Y", "PTxS", "PT1.2.3S", "P1é", "P99999999999999999999Y"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
