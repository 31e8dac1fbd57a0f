//! What lies between two moments.

use super::{Function, Parts, beyond};
use crate::{
    Error, Result,
    model::{
        Date, Value,
        temporal::{DateTime, Duration, LocalDateTime, LocalTime, NANOS, Temporal, Time, Zone},
    },
};

/// A moment on a clock, and the zone the clock is in.
struct Point {
    local: LocalDateTime,
    zone: Option<Zone>,
}

impl Point {
    /// Returns nanoseconds that can be subtracted from those of another point with the same kind of zone.
    fn nanos(&self, local: LocalDateTime) -> Option<i128> {
        match &self.zone {
            Some(zone) => DateTime::of(local, zone.clone()).map(|moment| moment.nanos()),
            None => Some(local.nanos()),
        }
    }
}

/// Returns the duration from one value to another: in months, days and seconds, or in one of them alone.
///
/// Where one has no day, only the times are compared; without a time it is midnight; without a zone it is in the other's.
pub(super) fn call(function: Function, from: &Value, to: &Value) -> Result<Value> {
    let parts = |value: &Value| {
        let wanted = "dates or times";
        Parts::of(value).ok_or_else(|| Error::from(super::super::wrong_type(function, value, wanted)))
    };
    let (from, to) = (parts(from)?, parts(to)?);
    let (a, b) = points(from, to)?;
    let duration = duration(function, &a, &b).ok_or_else(beyond)?;
    Ok(Temporal::from(duration).into())
}

fn points(from: Parts, to: Parts) -> Result<(Point, Point)> {
    let has_days = from.date.is_some() && to.date.is_some();
    let zone = from.zone.clone().or_else(|| to.zone.clone());
    let point = |parts: Parts| {
        let date = parts.date.filter(|_| has_days).unwrap_or(Date::from_days(0));
        let local = LocalDateTime { date, time: parts.time.unwrap_or(LocalTime::MIDNIGHT) };
        (local, parts.zone)
    };
    let (a, b) = (point(from), point(to));
    // Both on the clock of the first.
    let b_local = match (&zone, &b.1) {
        (Some(zone), Some(own)) if zone != own && has_days => {
            let moment = DateTime::of(b.0, own.clone()).and_then(|moment| moment.in_zone(zone.clone()));
            moment.ok_or_else(beyond)?.local()
        }
        (Some(Zone::Offset(offset)), Some(Zone::Offset(own))) => {
            let utc = Time { time: b.0.time, offset: *own }.utc_nanos() + i64::from(*offset) * NANOS;
            LocalDateTime::from_nanos(i128::from(utc) + i128::from(b.0.date.days()) * 86_400 * i128::from(NANOS))
                .ok_or_else(beyond)?
        }
        _ => b.0,
    };
    Ok((Point { local: a.0, zone: zone.clone() }, Point { local: b_local, zone }))
}

fn duration(function: Function, a: &Point, b: &Point) -> Option<Duration> {
    let day = 86_400 * i128::from(NANOS);
    if function == Function::DurationInSeconds {
        return Duration::new(0, 0, b.nanos(b.local)? - a.nanos(a.local)?);
    }
    let days_between = |from: LocalDateTime| (b.local.nanos() - from.nanos()) / day;
    if function == Function::DurationInDays {
        return Duration::new(0, days_between(a.local), 0);
    }
    let months = months_between(a.local, b.local);
    if function == Function::DurationInMonths {
        return Duration::new(months.into(), 0, 0);
    }
    let mut reached = LocalDateTime { date: a.local.date.plus_months(months)?, ..a.local };
    let days = days_between(reached);
    reached.date = reached.date.plus_days(i64::try_from(days).ok()?)?;
    Duration::new(months.into(), days, b.nanos(b.local)? - a.nanos(reached)?)
}

/// Returns how many whole months lie between.
fn months_between(a: LocalDateTime, b: LocalDateTime) -> i64 {
    let of_month = |point: LocalDateTime| {
        let (year, month, day) = point.date.ymd();
        (i64::from(year) * 12 + i64::from(month), (day, point.time))
    };
    let ((a_months, a_rest), (b_months, b_rest)) = (of_month(a), of_month(b));
    let months = b_months - a_months;
    match months {
        1.. if b_rest < a_rest => months - 1,
        ..=-1 if b_rest > a_rest => months + 1,
        _ => months,
    }
}
