//! Calendar dates: days since 1970-01-01 in the proleptic Gregorian calendar.

use std::fmt;

/// A calendar date without a time or a zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// The years a date may have: four digits in ISO 8601, before the year 0 with a sign.
const YEARS: std::ops::RangeInclusive<i32> = -9999..=9999;

impl Date {
    /// Returns the date this many days after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Returns the date this many days after 1970-01-01, or `None` where its year is none a date may have.
    pub fn checked_from_days(days: i32) -> Option<Self> {
        YEARS.contains(&Self(days).ymd().0).then_some(Self(days))
    }

    /// Returns the days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Returns the date so many months later: the last day of the month where it has no such day.
    pub(crate) fn plus_months(self, months: i64) -> Option<Self> {
        let (year, month, day) = self.ymd();
        let months = (i64::from(year) * 12 + i64::from(month) - 1).checked_add(months)?;
        let (year, month) = (i32::try_from(months.div_euclid(12)).ok()?, months.rem_euclid(12) as u32 + 1);
        Self::new(year, month, day.min(days_in_month(year, month)))
    }

    /// Returns the date so many days later.
    pub(crate) fn plus_days(self, days: i64) -> Option<Self> {
        i32::try_from(i64::from(self.0).checked_add(days)?).ok().and_then(Self::checked_from_days)
    }

    /// Returns the date of a year, month and day, or `None` where there is no such day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        if !YEARS.contains(&year) || !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        // Days from civil, with years starting in March so that the leap day is the last
        // (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let month_from_march = (month as i32 + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Self(era * 146_097 + day_of_era - 719_468))
    }

    /// Returns year, month (1-12) and day (1-31).
    pub fn ymd(self) -> (i32, u32, u32) {
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year as i32, month, day)
    }

    /// Parses exactly `YYYY-MM-DD`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
            return None;
        }
        let number = |range: std::ops::Range<usize>| {
            text[range].iter().try_fold(0u32, |n, &c| c.is_ascii_digit().then(|| n * 10 + u32::from(c - b'0')))
        };
        Self::new(number(0..4)? as i32, number(5..7)?, number(8..10)?)
    }
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        let sign = if year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        let first = Date::new(1800, 1, 1).unwrap();
        let mut expected = (1800, 1, 1);
        for days in first.days()..first.days() + 146_097 * 2 {
            let date = Date::from_days(days);
            assert_eq!(date.ymd(), expected);
            assert_eq!(Date::new(expected.0, expected.1, expected.2), Some(date));
            expected.2 += 1;
            if expected.2 > days_in_month(expected.0, expected.1) {
                expected = if expected.1 == 12 { (expected.0 + 1, 1, 1) } else { (expected.0, expected.1 + 1, 1) };
            }
        }
    }

    #[test]
    fn parse_refuses_what_is_no_day() {
        assert_eq!(Date::parse(b"1970-01-02").map(Date::days), Some(1));
        for text in ["1970-02-29", "1970-13-01", "1970-00-01", "1970-1-1", "1970-01-32", "19700101--", "é970-01-0"] {
            assert_eq!(Date::parse(text.as_bytes()), None, "{text}");
        }
    }
}
