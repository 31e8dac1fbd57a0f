//! Durations: months, days and seconds are kept apart, as no two months are alike.

use std::{cmp::Ordering, fmt};

use super::{DAY_SECONDS, NANOS};

/// Seconds of a month on average: a 400-year cycle of the Gregorian calendar has 4,800 of them and 146,097 days.
const MONTH_SECONDS: i128 = 2_629_746;

/// An amount of time. Each part has its own sign, but nanoseconds, which are 0 to 999,999,999 after the seconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Duration {
    months: i64,
    days: i64,
    seconds: i64,
    nanos: i64,
}

impl Duration {
    /// Returns a duration of months, days and nanoseconds, or `None` where a part does not fit 64 bits.
    pub(crate) fn new(months: i128, days: i128, nanos: i128) -> Option<Self> {
        let nanos_of_second = nanos.rem_euclid(i128::from(NANOS)) as i64;
        let seconds = nanos.div_euclid(i128::from(NANOS)).try_into().ok()?;
        Some(Self { months: months.try_into().ok()?, days: days.try_into().ok()?, seconds, nanos: nanos_of_second })
    }

    /// Returns a duration of its parts; `None` where nanoseconds are not those of one second.
    pub fn of(months: i64, days: i64, seconds: i64, nanos: i64) -> Option<Self> {
        (0..NANOS).contains(&nanos).then_some(Self { months, days, seconds, nanos })
    }

    /// Returns the duration of parts that need not be whole: of a month what is left becomes days (30.436875, the average),
    /// of a day seconds.
    pub(crate) fn from_parts(months: Amount, days: Amount, nanos: i128) -> Option<Self> {
        const MONTH_DAYS: f64 = 30.436875;
        let day_nanos = DAY_SECONDS as f64 * NANOS as f64;
        let of_month = Amount::from(months.part * MONTH_DAYS);
        let left = ((days.part + of_month.part) * day_nanos).round();
        Self::new(
            months.whole?,
            days.whole?.checked_add(of_month.whole?)?,
            nanos.checked_add(Amount::from(left).whole?)?,
        )
    }

    /// Returns the months, years among them.
    pub const fn months(self) -> i64 {
        self.months
    }

    /// Returns the days, weeks among them.
    pub const fn days(self) -> i64 {
        self.days
    }

    /// Returns the seconds, minutes and hours among them.
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds after the seconds.
    pub const fn nanosecond(self) -> i64 {
        self.nanos
    }

    /// Returns seconds and nanoseconds as nanoseconds.
    pub(crate) fn nanos(self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)
    }

    /// Returns the sum, if it fits.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        Self::new(
            i128::from(self.months) + i128::from(other.months),
            i128::from(self.days) + i128::from(other.days),
            self.nanos() + other.nanos(),
        )
    }

    /// Returns the same in the other direction, if it fits.
    pub(crate) fn negated(self) -> Option<Self> {
        Self::new(-i128::from(self.months), -i128::from(self.days), -self.nanos())
    }

    /// Returns the duration divided by a number, if it fits. What is left of a part goes to the next one.
    pub(crate) fn divided(self, by: f64) -> Option<Self> {
        let part = |n: i128| match Amount::from(by) {
            Amount { whole: Some(by), part: 0.0 } if by != 0 => {
                Amount { whole: Some(n / by), part: (n % by) as f64 / by as f64 }
            }
            _ => Amount::from(n as f64 / by),
        };
        Self::from_parts(part(self.months.into()), part(self.days.into()), part(self.nanos()).whole?)
    }

    /// Returns so many times the duration, if it fits. What is left of a part goes to the next one.
    pub(crate) fn times(self, factor: f64) -> Option<Self> {
        let part = |n: i128| {
            let factor = Amount::from(factor);
            let exact = if factor.part == 0.0 { factor.whole.map(|factor| n.checked_mul(factor)) } else { None };
            exact.map_or_else(|| Amount::from(n as f64 * (factor.part + factor.whole.unwrap_or(0) as f64)), Amount::of)
        };
        Self::from_parts(part(self.months.into()), part(self.days.into()), part(self.nanos()).whole?)
    }

    /// Returns its length in seconds where every month is an average one.
    pub(crate) fn seconds_on_average(self) -> f64 {
        self.length() as f64 / NANOS as f64
    }

    /// Returns its length where every month is an average one, in nanoseconds.
    fn length(self) -> i128 {
        let days = i128::from(self.days) * i128::from(DAY_SECONDS);
        (i128::from(self.months) * MONTH_SECONDS + days) * i128::from(NANOS) + self.nanos()
    }
}

/// A number that need not be whole: what is, exactly, and the rest.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Amount {
    /// None where it is none, or beyond what any part of a duration holds.
    whole: Option<i128>,
    part: f64,
}

impl Amount {
    /// Returns a whole number, or none.
    pub(crate) fn of(whole: Option<i128>) -> Self {
        Self { whole, part: 0.0 }
    }

    /// Returns the sum.
    pub(crate) fn plus(self, other: Self) -> Self {
        let part = Self::from(self.part + other.part);
        let whole = self.whole.zip(other.whole).and_then(|(a, b)| a.checked_add(b)?.checked_add(part.whole?));
        Self { whole, part: part.part }
    }

    /// Returns so many times this.
    pub(crate) fn times(self, factor: i32) -> Self {
        let part = Self::from(self.part * f64::from(factor));
        let whole = self.whole.and_then(|whole| whole.checked_mul(factor.into())?.checked_add(part.whole?));
        Self { whole, part: part.part }
    }

    /// Returns it as nanoseconds where it counts units of so many, rounded.
    pub(crate) fn nanos(self, unit: i64) -> Option<i128> {
        let part = Self::from((self.part * unit as f64).round()).whole?;
        self.whole?.checked_mul(unit.into())?.checked_add(part)
    }
}

impl From<f64> for Amount {
    fn from(x: f64) -> Self {
        let whole = (x.abs() < 1e37).then_some(x as i128);
        Self { whole, part: if whole.is_some() { x - x.trunc() } else { 0.0 } }
    }
}

impl From<i64> for Amount {
    fn from(n: i64) -> Self {
        Self::of(Some(n.into()))
    }
}

/// By length with average months; of equally long ones, by their parts.
impl Ord for Duration {
    fn cmp(&self, other: &Self) -> Ordering {
        let parts = |d: &Self| (d.months, d.days, d.seconds, d.nanos);
        self.length().cmp(&other.length()).then_with(|| parts(self).cmp(&parts(other)))
    }
}

impl PartialOrd for Duration {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        for (n, unit) in [(self.months / 12, 'Y'), (self.months % 12, 'M'), (self.days, 'D')] {
            if n != 0 {
                write!(f, "{n}{unit}")?;
            }
        }
        let total = self.nanos();
        if total == 0 {
            return Ok(());
        }
        f.write_str("T")?;
        let second = i128::from(NANOS);
        for (n, unit) in [(total / (3600 * second), 'H'), (total / (60 * second) % 60, 'M')] {
            if n != 0 {
                write!(f, "{n}{unit}")?;
            }
        }
        let (seconds, nanos) = (total / second % 60, (total % second).abs());
        if seconds == 0 && nanos == 0 {
            return Ok(());
        }
        let sign = if total < 0 { "-" } else { "" };
        if nanos == 0 {
            return write!(f, "{sign}{}S", seconds.abs());
        }
        let digits = format!("{nanos:09}");
        write!(f, "{sign}{}.{}S", seconds.abs(), digits.trim_end_matches('0'))
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_not_whole_go_down() {
        let made = |months: f64, days: f64, nanos| Duration::from_parts(months.into(), days.into(), nanos);
        let text = |months, days, nanos| made(months, days, nanos).unwrap().to_string();
        assert_eq!(text(0.75, 0.0, 0), "P22DT19H51M49.5S");
        assert_eq!(text(0.0, 17.5, 0), "P17DT12H");
        assert_eq!(text(5.0, -1.5, 0), "P5M-1DT-12H");
        assert_eq!(text(0.0, 0.0, -1), "PT-0.000000001S");
        assert!(made(f64::NAN, 0.0, 0).is_none());
        assert!(made(1e30, 0.0, 0).is_none());
    }

    #[test]
    fn order_is_by_length() {
        let [month, days, more] = [(1, 0), (0, 30), (0, 31)].map(|(months, days)| Duration::of(months, days, 0, 0));
        assert!(days < month && month < more);
    }

    #[test]
    fn half_of_a_duration_and_twice() {
        let whole = Duration::of(149, 14, 58_390, 1).unwrap();
        assert_eq!(whole.times(0.5).unwrap().to_string(), "P6Y2M22DT13H21M8S");
        assert_eq!(whole.times(2.0).unwrap().to_string(), "P24Y10M28DT32H26M20.000000002S");
        assert_eq!(whole.negated().and_then(Duration::negated), Some(whole));
    }
}
