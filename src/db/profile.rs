//! `PROFILE`: runs a query to its end, values and all, and returns what each operator took instead of the rows.

use std::{sync::Arc, time::Duration};

use super::{
    Rows, Summary,
    cache::Entry,
    execute::{Run, surround, table},
    mind,
};
use crate::{
    Result, Value,
    graph::Transaction,
    query::{
        OperatorProfile,
        execute::{Execution, Source},
        explain::Sheet,
        plan::Plan,
    },
};

/// The columns of a profile's rows.
const COLUMNS: [&str; 8] =
    ["depth", "operator", "estimated_rows", "rows", "batches", "own_ms", "total_ms", "memory_bytes"];

/// Runs a query that writes in a transaction, which comes back whatever happens.
pub(super) fn write(run: Run<'_>, entry: &Entry, transaction: Transaction) -> (Transaction, Result<Rows>) {
    if let Err(error) = run.refuse_if_read_only() {
        return (transaction, Err(error));
    }
    let plan = entry.plan.as_ref().expect("a query has a plan");
    let summary = run.summary(entry, false);
    let (source, done) = self::run(run, plan, Source::Write(Box::new(transaction)), summary);
    let Source::Write(transaction) = source else { unreachable!("the run was given a transaction to write in") };
    (*transaction, done)
}

/// Runs a query; the graph comes back with what it returned.
pub(super) fn run(run: Run<'_>, plan: &Arc<Plan>, source: Source, mut summary: Summary) -> (Source, Result<Rows>) {
    let values = match run.values(plan) {
        Ok(values) => values,
        Err(error) => return (source, Err(error)),
    };
    let sheet = Sheet::of(plan, source.view());
    let mut execution = Execution::prepare_measured(plan.clone());
    execution.start(values, source, run.limits());
    surround(&mut execution, run.inner);
    let done = drain(&mut execution, plan.columns.len());
    let saliences = execution.take_saliences();
    let Some((mut source, changes)) = execution.finish() else { unreachable!("the run was started above") };
    let done = done.and_then(|()| match &mut source {
        Source::Write(transaction) if !saliences.is_empty() => mind::tell_saliences(transaction, &saliences),
        _ => Ok(()),
    });
    if let Err(error) = done {
        return (source, Err(error));
    }
    summary.add(&changes);
    let result = execution.taken_by_result().unwrap_or_default();
    let profile = sheet.fill(result, &|op| execution.taken(op));
    let rows = profile.operators.iter().map(row).collect();
    summary.profile = Some(Arc::new(profile));
    (source, Ok(table(&COLUMNS, rows, summary)))
}

/// Makes every value of the result, as somebody who reads it would, and forgets it.
fn drain(execution: &mut Execution, n_columns: usize) -> Result<()> {
    while let Some(batch) = execution.next_batch()? {
        for at in 0..batch.len {
            for column in 0..n_columns {
                execution.value(at, column)?;
            }
        }
    }
    Ok(())
}

fn row(line: &OperatorProfile) -> Vec<Value> {
    let int = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let ms = |time: Duration| Value::Float(time.as_secs_f64() * 1e3);
    vec![
        int(line.depth as u64),
        Value::from(line.operator.as_str()),
        line.rows_estimated.map_or(Value::Null, Value::Float),
        int(line.rows),
        int(line.batches),
        ms(line.time),
        ms(line.time_total),
        int(line.memory_bytes_max),
    ]
}
