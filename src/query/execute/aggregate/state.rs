//! What an aggregation knows of each group.

use crate::{
    Error, Result,
    error::QueryError,
    model::Value,
    query::{
        execute::{
            Context,
            batch::value_bytes,
            eval::{GROWING_ITEM_BYTES, values},
            large,
            sort::sort_in_runs,
        },
        function::Aggregator,
        plan::Arithmetic,
    },
};

/// What an aggregate knows of each group.
pub(super) enum State {
    Count(Vec<i64>),
    Sum(Vec<Sum>),
    Avg(Vec<Sum>),
    /// The least or greatest value so far.
    Extreme {
        is_max: bool,
        best: Vec<Value>,
    },
    Collect(Vec<Vec<Value>>),
    /// Count, mean, sum of squared differences (Welford 1962).
    Deviation {
        is_sample: bool,
        moments: Vec<(f64, f64, f64)>,
    },
    /// The value that all rows have.
    Same(Vec<Value>),
    Percentile {
        is_continuous: bool,
        values: Vec<(Option<f64>, Vec<Value>)>,
    },
}

/// A sum that is exact while it is of integers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) ints: i128,
    floats: f64,
    pub(super) n: u64,
    has_floats: bool,
}

impl State {
    pub(super) fn new(function: Aggregator) -> Self {
        match function {
            Aggregator::Count => Self::Count(Vec::new()),
            Aggregator::Sum => Self::Sum(Vec::new()),
            Aggregator::Avg => Self::Avg(Vec::new()),
            Aggregator::Min => Self::Extreme { is_max: false, best: Vec::new() },
            Aggregator::Max => Self::Extreme { is_max: true, best: Vec::new() },
            Aggregator::Collect => Self::Collect(Vec::new()),
            Aggregator::Attended => Self::Same(Vec::new()),
            Aggregator::StDev => Self::Deviation { is_sample: true, moments: Vec::new() },
            Aggregator::StDevP => Self::Deviation { is_sample: false, moments: Vec::new() },
            Aggregator::PercentileCont => Self::Percentile { is_continuous: true, values: Vec::new() },
            Aggregator::PercentileDisc => Self::Percentile { is_continuous: false, values: Vec::new() },
        }
    }

    pub(super) fn resize(&mut self, n: usize) {
        match self {
            Self::Count(counts) => counts.resize(n, 0),
            Self::Sum(sums) | Self::Avg(sums) => sums.resize(n, Sum::default()),
            Self::Extreme { best: values, .. } | Self::Same(values) => values.resize(n, Value::Null),
            Self::Collect(lists) => lists.resize_with(n, Vec::new),
            Self::Deviation { moments, .. } => moments.resize(n, (0.0, 0.0, 0.0)),
            Self::Percentile { values, .. } => values.resize_with(n, || (None, Vec::new())),
        }
    }

    /// Takes in a value that is not null; returns about how many bytes it keeps.
    pub(super) fn add(
        &mut self,
        function: Aggregator,
        group: usize,
        value: Value,
        extra: Option<&Value>,
    ) -> Result<usize> {
        match self {
            Self::Count(counts) => counts[group] += 1,
            Self::Sum(sums) | Self::Avg(sums) => sums[group].add(function, &value)?,
            Self::Extreme { is_max, best } => {
                let best = &mut best[group];
                let ordering = value.order(best);
                if best.is_null() || (if *is_max { ordering.is_gt() } else { ordering.is_lt() }) {
                    *best = value;
                }
            }
            Self::Same(values) => {
                let known = &mut values[group];
                if known.is_null() {
                    *known = value;
                } else if !is_shared(known, &value) && !known.same(&value) {
                    return Err(of_several_groups(function));
                }
            }
            Self::Collect(lists) => {
                let bytes = value_bytes(&value) - size_of::<Value>() + GROWING_ITEM_BYTES;
                lists[group].push(value);
                return Ok(bytes);
            }
            Self::Deviation { moments, .. } => {
                let x = number(function, &value)?;
                let (n, mean, squares) = &mut moments[group];
                *n += 1.0;
                let delta = x - *mean;
                *mean += delta / *n;
                *squares += delta * (x - *mean);
            }
            Self::Percentile { values, .. } => {
                number(function, &value)?;
                let (at, all) = &mut values[group];
                if at.is_none() {
                    *at = Some(percentile(function, extra)?);
                }
                all.push(value);
                return Ok(GROWING_ITEM_BYTES);
            }
        }
        Ok(0)
    }

    /// Returns the result of a group.
    pub(super) fn finish(&mut self, ctx: &mut Context, group: usize) -> Result<Value> {
        Ok(match self {
            Self::Count(counts) => Value::Int(counts[group]),
            Self::Sum(sums) => sums[group].total()?,
            Self::Avg(sums) => sums[group].mean(),
            Self::Extreme { best: values, .. } | Self::Same(values) => std::mem::take(&mut values[group]),
            Self::Collect(lists) => {
                let items = std::mem::take(&mut lists[group]);
                let list = large::list(ctx, items.len(), items.into_iter())?;
                ctx.note(&list);
                list
            }
            Self::Deviation { is_sample, moments } => {
                let (n, _, squares) = moments[group];
                let by = if *is_sample { n - 1.0 } else { n };
                Value::Float(if by > 0.0 { (squares / by).sqrt() } else { 0.0 })
            }
            Self::Percentile { is_continuous, values } => {
                let (at, all) = std::mem::take(&mut values[group]);
                let mut order: Vec<u32> = (0..all.len() as u32).collect();
                let compare = |&a: &u32, &b: &u32| all[a as usize].order(&all[b as usize]).then(a.cmp(&b));
                sort_in_runs(ctx, &mut order, &mut Vec::new(), compare)?;
                let sorted = |place: usize| &all[order[place] as usize];
                let value = match at {
                    Some(at) if *is_continuous => interpolate(sorted, all.len(), at),
                    Some(at) => sorted(((at * all.len() as f64).ceil() as usize).saturating_sub(1)).clone(),
                    None => Value::Null,
                };
                large::give_up(all.capacity() * size_of::<Value>(), all);
                value
            }
        })
    }
}

/// Returns whether both are one list: what each row of a group was given.
fn is_shared(a: &Value, b: &Value) -> bool {
    matches!((a, b), (Value::List(a), Value::List(b)) if std::sync::Arc::ptr_eq(a, b))
}

fn of_several_groups(function: Aggregator) -> Error {
    let message = format!("{}() is of one group of ATTEND, and these rows are of several", function.name());
    let error = QueryError::run("22N00", "ArgumentError", "InvalidAggregation", message);
    error.hint("group by what PER names, as in RETURN me, attended(x, 'text')").into()
}

impl Sum {
    fn add(&mut self, function: Aggregator, value: &Value) -> Result<()> {
        self.n += 1;
        match value {
            Value::Int(n) => self.ints += i128::from(*n),
            other => {
                self.floats += number(function, other)?;
                self.has_floats = true;
            }
        }
        Ok(())
    }

    fn total(self) -> Result<Value> {
        if self.has_floats {
            return Ok(Value::Float(self.ints as f64 + self.floats));
        }
        match i64::try_from(self.ints) {
            Ok(total) => Ok(Value::Int(total)),
            // As adding one by one would say it.
            Err(_) => values::arithmetic(Arithmetic::Add, &Value::Int(i64::MAX), &Value::Int(i64::MAX)),
        }
    }

    fn mean(self) -> Value {
        if self.n == 0 { Value::Null } else { Value::Float((self.ints as f64 + self.floats) / self.n as f64) }
    }
}

fn number(function: Aggregator, value: &Value) -> Result<f64> {
    value.as_float().ok_or_else(|| {
        let message = format!("{}() takes numbers, not {} `{value}`", function.name(), value.kind());
        QueryError::type_error("InvalidArgumentType", message).into()
    })
}

fn percentile(function: Aggregator, at: Option<&Value>) -> Result<f64> {
    let at = at.unwrap_or(&Value::Null);
    match at.as_float() {
        Some(x) if (0.0..=1.0).contains(&x) => Ok(x),
        _ => {
            let message = format!("{}() takes a percentile from 0.0 to 1.0, not `{at}`", function.name());
            Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into())
        }
    }
}

fn interpolate<'v>(sorted: impl Fn(usize) -> &'v Value, n: usize, at: f64) -> Value {
    let place = at * (n - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let x = |index: usize| sorted(index).as_float().unwrap_or_default();
    Value::Float(x(low) + (x(high) - x(low)) * (place - place.floor()))
}
