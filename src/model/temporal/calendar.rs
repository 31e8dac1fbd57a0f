//! Weeks (ISO 8601), quarters and days of the year.

use std::ops::RangeInclusive;

use crate::model::Date;

/// Returns Monday (1) to Sunday (7).
fn week_day(days: i32) -> i32 {
    // 1970-01-01 was a Thursday.
    (days + 3).rem_euclid(7) + 1
}

/// Returns ISO year, week and day of the week.
pub(crate) fn week_date(date: Date) -> (i32, i32, i32) {
    let day = week_day(date.days());
    // A week belongs to the year its Thursday is in.
    let thursday = Date::from_days(date.days() + 4 - day);
    let year = thursday.ymd().0;
    let first = Date::new(year, 1, 1).map_or(thursday.days(), Date::days);
    (year, (thursday.days() - first) / 7 + 1, day)
}

/// Returns the day of a week, if there is one.
pub(crate) fn from_week(year: i32, week: i32, day: i32) -> Option<Date> {
    if !(1..=53).contains(&week) || !(1..=7).contains(&day) {
        return None;
    }
    let fourth = Date::new(year, 1, 4)?.days();
    let date = Date::checked_from_days(fourth - week_day(fourth) + 1 + (week - 1) * 7 + day - 1)?;
    (week_date(date).0 == year).then_some(date)
}

/// Returns the day so many days into the year from a month on, if it is in that year.
pub(crate) fn from_ordinal(year: i32, month: u32, day: i32, range: RangeInclusive<i32>) -> Option<Date> {
    if !range.contains(&day) {
        return None;
    }
    let date = Date::checked_from_days(Date::new(year, month, 1)?.days() + day - 1)?;
    (date.ymd().0 == year).then_some(date)
}

/// Returns the day of a quarter, if there is one.
pub(crate) fn from_quarter(year: i32, quarter: i32, day: i32) -> Option<Date> {
    let month = u32::try_from((1..=4).contains(&quarter).then_some(quarter * 3 - 2)?).ok()?;
    let date = from_ordinal(year, month, day, 1..=92)?;
    (date.ymd().1 < month + 3).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_survive_the_round_trip() {
        for days in -60_000..60_000 {
            let date = Date::from_days(days);
            let (year, week, day) = week_date(date);
            assert_eq!(from_week(year, week, day), Some(date), "{date}");
        }
        assert_eq!(from_week(1984, 53, 1), None);
    }

    #[test]
    fn days_that_are_not_in_their_quarter_or_year() {
        assert_eq!(from_quarter(1984, 3, 45), Date::new(1984, 8, 14));
        assert_eq!(from_quarter(2023, 1, 90), Date::new(2023, 3, 31));
        assert_eq!(from_quarter(2023, 1, 91), None);
        assert_eq!(from_quarter(2023, 5, 1), None);
        assert_eq!(from_ordinal(2023, 1, 366, 1..=366), None);
        assert_eq!(from_ordinal(2024, 1, i32::MAX, 1..=366), None);
    }
}
