//! Whether a fact holds at a time.

use std::cmp::Ordering;

use super::Scene;
use crate::model::{
    Value,
    temporal::{Temporal, TemporalKind},
};

/// Returns whether a time is at or after `since` and before `until`, where null leaves an end open. A null time is now.
///
/// Times are compared in seconds from 1970 (of numbers: as they stand; of days and of moments without a zone: in UTC; of
/// texts: what they say of a day or moment), so that a day may be asked for where moments are kept. What is no time, or stands
/// beside none, holds never.
pub(super) fn holds(since: &Value, until: &Value, time: &Value, scene: &Scene<'_>) -> bool {
    if since.is_null() && until.is_null() {
        return true;
    }
    let time = if time.is_null() { Some(scene.now_ms() as f64 / 1000.0) } else { seconds(time) };
    let Some(time) = time else { return false };
    let order = |end: &Value| seconds(end).and_then(|end| end.partial_cmp(&time));
    let has_begun = since.is_null() || matches!(order(since), Some(Ordering::Less | Ordering::Equal));
    let goes_on = until.is_null() || matches!(order(until), Some(Ordering::Greater));
    has_begun && goes_on
}

/// Returns a time in seconds.
fn seconds(value: &Value) -> Option<f64> {
    let of = |seconds: i64, nanos: i64| seconds as f64 + nanos as f64 * 1e-9;
    Some(match value {
        Value::Int(time) => *time as f64,
        Value::Float(time) => *time,
        Value::Date(date) => f64::from(date.days()) * 86_400.0,
        Value::Temporal(temporal) => match &**temporal {
            Temporal::DateTime(moment) => of(moment.seconds(), moment.nanosecond()),
            Temporal::LocalDateTime(moment) => {
                let (seconds, nanos) = moment.epoch();
                of(seconds, nanos)
            }
            _ => return None,
        },
        Value::String(text) => match TemporalKind::DateTime.parse(text).ok()? {
            Temporal::DateTime(moment) => of(moment.seconds(), moment.nanosecond()),
            _ => return None,
        },
        _ => return None,
    })
}
