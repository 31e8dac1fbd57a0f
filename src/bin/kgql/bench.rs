//! `--bench N`: a statement's timings in process, prepared, as a JSON line.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use attendb::{CancelHandle, Database, Error, Params, QueryOptions, Statement, Summary};
use serde_json::{Value as Json, json};

use crate::{failure::Failure, render};

/// How much of N runs first, unmeasured, to fill caches: a tenth, but at least one.
const WARM_UP_DIVISOR: u32 = 10;

/// Runs a statement `times` times after a warm-up and returns its line.
///
/// # Errors
/// What the statement said; [`Error::Cancelled`] where `cancel` was used.
pub(crate) fn measure(
    db: &Database,
    text: &str,
    params: &Params,
    times: u32,
    cancel: &CancelHandle,
) -> Result<Json, Failure> {
    let first = look(db, text, params, cancel)?;
    let statement = db.prepare(text)?;
    for _ in 0..(times / WARM_UP_DIVISOR).max(1) {
        run(&statement, params, cancel)?;
    }
    let mut took = Vec::with_capacity(times as usize);
    for _ in 0..times {
        took.push(run(&statement, params, cancel)?);
    }
    took.sort_unstable();
    Ok(json!({
        "statement": text,
        "rows": first.n_rows,
        "first_row": first.row,
        "parse_us": microseconds(first.summary.parse_time),
        "plan_us": microseconds(first.summary.plan_time),
        "min_us": microseconds(took[0]),
        "median_us": microseconds(percentile(&took, 50)),
        "p99_us": microseconds(percentile(&took, 99)),
    }))
}

/// What the first run showed.
struct First {
    n_rows: u64,
    row: Json,
    summary: Summary,
}

/// Runs it for the first time: it is parsed, planned and answered.
fn look(db: &Database, text: &str, params: &Params, cancel: &CancelHandle) -> Result<First, Failure> {
    let options = QueryOptions { cancel: Some(cancel.clone()), ..QueryOptions::default() };
    let mut rows = db.query_with(text, params, &options)?;
    let columns: Vec<_> = rows.columns().to_vec();
    let names: Vec<&str> = columns.iter().map(|name| &**name).collect();
    let mut first = Json::Null;
    let mut n_rows = 0;
    while let Some(row) = rows.next_row()? {
        if n_rows == 0 {
            first = render::object(&names, row.values());
        }
        n_rows += 1;
    }
    Ok(First { n_rows, row: first, summary: rows.summary().clone() })
}

/// Runs it and reads every value of every row. Copying the parameters is not part of the time.
fn run(statement: &Statement, params: &Params, cancel: &CancelHandle) -> Result<Duration, Failure> {
    if cancel.is_cancelled() {
        return Err(Error::Cancelled.into());
    }
    let params = params.clone();
    let started = Instant::now();
    let mut rows = statement.query(params)?;
    let n_columns = rows.columns().len();
    while rows.advance()? {
        for column in 0..n_columns {
            black_box(rows.get(column)?);
        }
    }
    drop(rows);
    Ok(started.elapsed())
}

/// Returns the smallest duration that `percent` of all do not exceed. `sorted` has at least one.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

/// To the nanosecond, which is all the clock has.
fn microseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_micros).collect();
        assert_eq!(percentile(&sorted, 50), Duration::from_micros(100));
        assert_eq!(percentile(&sorted, 99), Duration::from_micros(198));
        assert_eq!(percentile(&sorted[..1], 99), Duration::from_micros(1));
        assert_eq!(percentile(&sorted[..2], 50), Duration::from_micros(1));
    }
}
