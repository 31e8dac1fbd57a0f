//! Which types of columns can be read, and the texts of times.

use arrow_schema::{DataType, TimeUnit};

use crate::model::Date;

/// What a column is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A property: scalars, and lists of scalars.
    Property,
    /// A property that is declared to be a text.
    Text,
    /// Any value of a query.
    Value,
}

/// Returns why a column of a type cannot be read, if it cannot.
pub(super) fn refusal(data_type: &DataType, used: Use) -> Option<String> {
    match data_type {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let reason = "no value can be bytes; a column of UTF-8 can be declared: COLUMNS (name STRING)";
            (used != Use::Text).then(|| reason.to_owned())
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            let is_nested = is_list(item.data_type());
            if used != Use::Value && is_nested {
                return Some("a list within a list cannot be a property".to_owned());
            }
            refusal(item.data_type(), if used == Use::Value { used } else { Use::Property })
        }
        DataType::Struct(fields) if used == Use::Value => {
            fields.iter().find_map(|field| refusal(field.data_type(), used))
        }
        DataType::Map(entries, _) if used == Use::Value => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => match fields[0].data_type() {
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => refusal(fields[1].data_type(), used),
                other => Some(format!("the keys of a map must be texts, not {other}")),
            },
            other => Some(format!("a map of {other}")),
        },
        DataType::Struct(_) | DataType::Map(..) => {
            Some("a struct or map cannot be a property; LOAD CSV FROM reads it as a map".to_owned())
        }
        DataType::Dictionary(_, values) => match **values {
            DataType::Dictionary(..) => Some("a dictionary of dictionaries is not read".to_owned()),
            _ => refusal(values, used),
        },
        DataType::Interval(_)
        | DataType::Union(..)
        | DataType::RunEndEncoded(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => Some(format!("columns of the type {data_type} are not read")),
        _ => None,
    }
}

fn is_list(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_list(values),
        other => matches!(other, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)),
    }
}

/// How many of a unit a second has.
const fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

const SECONDS_PER_DAY: i64 = 86_400;

/// Returns the date this many days after 1970-01-01, if its year has four digits.
pub(super) fn date(days: i64) -> Result<Date, String> {
    let date = i32::try_from(days).ok().map(Date::from_days).filter(|date| (0..=9999).contains(&date.ymd().0));
    date.ok_or_else(|| format!("the day {days} after 1970-01-01 is in no year from 0 to 9999"))
}

/// Returns a time of day: `07:08:09`, `07:08:09.5`.
pub(super) fn time(n: i64, unit: TimeUnit) -> Result<String, String> {
    let (seconds, rest) = (n.div_euclid(per_second(unit)), n.rem_euclid(per_second(unit)));
    if !(0..SECONDS_PER_DAY).contains(&seconds) {
        return Err(format!("{n} is no time of a day"));
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Ok(format!("{hour:02}:{minute:02}:{second:02}{}", fraction(rest, unit)))
}

/// Returns a date with a time: `2024-05-06T07:08:09.5`, and `Z` where it is an instant.
pub(super) fn timestamp(n: i64, unit: TimeUnit, is_instant: bool) -> Result<String, String> {
    let per_day = per_second(unit) * SECONDS_PER_DAY;
    let zone = if is_instant { "Z" } else { "" };
    Ok(format!("{}T{}{zone}", date(n.div_euclid(per_day))?, time(n.rem_euclid(per_day), unit)?))
}

/// Returns a length of time in seconds: `PT90S`, `-PT1.5S`.
pub(super) fn duration(n: i64, unit: TimeUnit) -> String {
    let (sign, n) = if n < 0 { ("-", n.unsigned_abs()) } else { ("", n as u64) };
    let per_second = per_second(unit) as u64;
    format!("{sign}PT{}{}S", n / per_second, fraction((n % per_second) as i64, unit))
}

/// Returns a part of a second, in as few digits as it takes.
fn fraction(rest: i64, unit: TimeUnit) -> String {
    if rest == 0 {
        return String::new();
    }
    let digits = per_second(unit).ilog10() as usize;
    format!(".{rest:0digits$}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_texts() {
        let text = |n, unit| timestamp(n, unit, false).unwrap();
        assert_eq!(text(0, TimeUnit::Second), "1970-01-01T00:00:00");
        assert_eq!(text(-1, TimeUnit::Millisecond), "1969-12-31T23:59:59.999");
        assert_eq!(text(1_714_979_289_500_000, TimeUnit::Microsecond), "2024-05-06T07:08:09.5");
        assert_eq!(timestamp(1, TimeUnit::Nanosecond, true).unwrap(), "1970-01-01T00:00:00.000000001Z");
        assert!(timestamp(i64::MAX, TimeUnit::Second, false).is_err());
        assert!(timestamp(i64::MIN, TimeUnit::Millisecond, false).is_err());
        assert_eq!(time(25_689, TimeUnit::Second).unwrap(), "07:08:09");
        assert!(time(86_400, TimeUnit::Second).is_err());
        assert!(time(-1, TimeUnit::Nanosecond).is_err());
        assert_eq!(duration(-1500, TimeUnit::Millisecond), "-PT1.5S");
        assert_eq!(duration(i64::MIN, TimeUnit::Second), "-PT9223372036854775808S");
        assert_eq!(date(-719_528).unwrap().to_string(), "0000-01-01");
        assert!(date(-719_529).is_err() && date(i64::MAX).is_err());
    }
}
