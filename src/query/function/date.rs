//! Dates from text and from parts, and the parts of dates (ISO 8601 weeks among them).

use std::ops::RangeInclusive;

use crate::{
    Result,
    error::QueryError,
    model::{Date, Map, Value},
};

/// Returns the part of a date that a property name asks for; null where there is no such part.
pub(crate) fn part(date: Date, name: &str) -> Value {
    let (year, month, day) = date.ymd();
    let (week_year, week, week_day) = week_date(date);
    let quarter = (month - 1) / 3 + 1;
    let since = |month| first_of_month(year, month).map_or(0, |first| i64::from(date.days() - first.days() + 1));
    Value::Int(match name {
        "year" => year.into(),
        "quarter" => quarter.into(),
        "month" => month.into(),
        "week" => week.into(),
        "weekYear" => week_year.into(),
        "day" => day.into(),
        "ordinalDay" => since(1),
        "weekDay" | "dayOfWeek" => week_day.into(),
        "dayOfQuarter" => since(quarter * 3 - 2),
        _ => return Value::Null,
    })
}

/// Returns the date of a string: calendar, week, ordinal; to the day or with what is missing taken as first.
pub(super) fn parse(text: &str) -> Result<Date> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let number = |range: std::ops::Range<usize>| {
        let part = digits.get(range).filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))?;
        part.parse::<i32>().ok()
    };
    let year = number(0..4);
    let date = if digits.as_bytes().get(4) == Some(&b'W') {
        match digits.len() {
            7 => year.zip(number(5..7)).and_then(|(year, week)| from_week(year, week, 1)),
            8 => year.zip(number(5..7).zip(number(7..8))).and_then(|(year, (week, day))| from_week(year, week, day)),
            _ => None,
        }
    } else {
        let rest = |range| number(range).and_then(|n| u32::try_from(n).ok());
        match digits.len() {
            4 => year.and_then(|year| Date::new(year, 1, 1)),
            6 => year.zip(rest(4..6)).and_then(|(year, month)| Date::new(year, month, 1)),
            7 => year.zip(number(4..7)).and_then(|(year, day)| from_ordinal(year, 1, day, 1..=366)),
            8 => year.zip(rest(4..6).zip(rest(6..8))).and_then(|(year, (month, day))| Date::new(year, month, day)),
            _ => None,
        }
    };
    date.ok_or_else(|| invalid(format!("`{text}` is no date")).into())
}

/// Returns the date of a map of parts; what is missing comes from `date`, where given, else is the first.
pub(super) fn from_map(map: &Map) -> Result<Date> {
    const PARTS: [&str; 9] =
        ["date", "year", "month", "day", "week", "dayOfWeek", "quarter", "dayOfQuarter", "ordinalDay"];
    if let Some(key) = map.keys().find(|key| !PARTS.contains(&&***key)) {
        return Err(invalid(format!("a date has no part `{key}`")).into());
    }
    let base = match map.get("date") {
        None => None,
        Some(Value::Date(date)) => Some(*date),
        Some(other) => return Err(invalid(format!("`date` must be a date, not {} `{other}`", other.kind())).into()),
    };
    let number = |key: &str, of_base: &str| -> Result<i32> {
        let value = match (map.get(key), base) {
            (Some(value), _) => value.clone(),
            (None, Some(base)) => part(base, of_base),
            (None, None) if key == "year" => return Err(invalid("a date needs a year".into()).into()),
            (None, None) => Value::Int(1),
        };
        let n = value.as_int().and_then(|n| i32::try_from(n).ok());
        n.ok_or_else(|| invalid(format!("`{key}` of a date cannot be {value}")).into())
    };
    let date = if map.contains_key("week") || map.contains_key("dayOfWeek") {
        from_week(number("year", "weekYear")?, number("week", "week")?, number("dayOfWeek", "weekDay")?)
    } else if map.contains_key("ordinalDay") {
        from_ordinal(number("year", "year")?, 1, number("ordinalDay", "ordinalDay")?, 1..=366)
    } else if map.contains_key("quarter") || map.contains_key("dayOfQuarter") {
        let quarter = number("quarter", "quarter")?;
        let day = number("dayOfQuarter", "dayOfQuarter")?;
        let month = u32::try_from(quarter * 3 - 2).unwrap_or(0);
        from_ordinal(number("year", "year")?, month, day, 1..=92)
    } else {
        let positive = |n: i32| u32::try_from(n).unwrap_or(0);
        Date::new(number("year", "year")?, positive(number("month", "month")?), positive(number("day", "day")?))
    };
    date.ok_or_else(|| invalid(format!("there is no day {}", Value::from(map.clone()))).into())
}

fn invalid(message: String) -> QueryError {
    QueryError::run("22007", "ArgumentError", "InvalidArgumentValue", message)
}

fn first_of_month(year: i32, month: u32) -> Option<Date> {
    Date::new(year, month, 1)
}

/// Returns the day so many days into the year from a month on, if it is in that year.
fn from_ordinal(year: i32, month: u32, day: i32, range: RangeInclusive<i32>) -> Option<Date> {
    let date = Date::from_days(first_of_month(year, month)?.days() + day - 1);
    (range.contains(&day) && date.ymd().0 == year).then_some(date)
}

/// Returns Monday (1) to Sunday (7).
fn week_day(days: i32) -> i32 {
    // 1970-01-01 was a Thursday.
    (days + 3).rem_euclid(7) + 1
}

/// Returns ISO year, week and day of the week.
fn week_date(date: Date) -> (i32, i32, i32) {
    let day = week_day(date.days());
    // A week belongs to the year its Thursday is in.
    let thursday = Date::from_days(date.days() + 4 - day);
    let year = thursday.ymd().0;
    let first = first_of_month(year, 1).map_or(thursday.days(), Date::days);
    (year, (thursday.days() - first) / 7 + 1, day)
}

fn from_week(year: i32, week: i32, day: i32) -> Option<Date> {
    let fourth = Date::new(year, 1, 4)?.days();
    let date = Date::from_days(fourth - week_day(fourth) + 1 + (week - 1) * 7 + day - 1);
    ((1..=53).contains(&week) && (1..=7).contains(&day) && week_date(date).0 == year).then_some(date)
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
    fn text_in_every_form() {
        for (text, expected) in [
            ("2015-07-21", "2015-07-21"),
            ("20150721", "2015-07-21"),
            ("2015-07", "2015-07-01"),
            ("2015-W30-2", "2015-07-21"),
            ("2015W30", "2015-07-20"),
            ("2015-202", "2015-07-21"),
            ("2015", "2015-01-01"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "2015-366", "2015-13", "2015-W54", "abcd", "2015é7", "2015-07-21T12"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
