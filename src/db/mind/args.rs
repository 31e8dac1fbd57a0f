//! Arguments of the procedures.

use crate::{
    QueryError, Result,
    model::{Map, RelId, Value, temporal::Temporal},
    query::suggest,
};

/// What a compaction was asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CompactOptions {
    pub(super) keep_fraction: Option<f64>,
    pub(super) below: Option<f64>,
    pub(super) matching: Option<String>,
    pub(super) dry_run: bool,
    pub(super) reweigh: Option<bool>,
    pub(super) recall: Option<f64>,
    pub(super) correlation: Option<f64>,
    /// Seconds.
    pub(super) grace: f64,
}

const COMPACT: &[&str] =
    &["keepFraction", "below", "match", "dryRun", "reweigh", "minRecall", "minCorrelation", "grace"];

/// Reads the options of `kg.compact`.
///
/// # Errors
/// A query error that names the option that is unknown, of another type, or out of range.
pub(super) fn compact(options: &Value) -> Result<CompactOptions> {
    let mut read = CompactOptions::default();
    let Value::Map(map) = options else { return Ok(read) };
    for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        match &**name {
            "keepFraction" => read.keep_fraction = Some(share(name, value)?),
            "below" => read.below = Some(positive(name, value)?),
            "match" => read.matching = Some(text(name, value)?),
            "dryRun" => read.dry_run = truth(name, value)?,
            "reweigh" => read.reweigh = Some(truth(name, value)?),
            "minRecall" => read.recall = Some(share(name, value)?),
            "grace" => read.grace = seconds(name, value)?,
            "minCorrelation" => read.correlation = Some(share(name, value)?),
            name => return Err(unknown_option("kg.compact", name, COMPACT)),
        }
    }
    if read.keep_fraction.is_some() && read.below.is_some() {
        let error = wrong("`kg.compact` takes `keepFraction` or `below`, not both".into());
        return Err(error.hint("`keepFraction` is how many stay, `below` is the salience under which they go").into());
    }
    Ok(read)
}

/// Reads the options of `kg.purge`: everything archived before this goes.
///
/// # Errors
/// A query error where there is no time, or another option.
pub(super) fn purge(options: &Value) -> Result<f64> {
    let Value::Map(map) = options else { return Err(wrong("`kg.purge` needs `{before: …}`".into()).into()) };
    if let Some(name) = map.keys().find(|name| &***name != "before") {
        return Err(unknown_option("kg.purge", name, &["before"]));
    }
    match map.get("before") {
        Some(value) => time("before", value),
        None => Err(wrong("`kg.purge` needs `{before: …}`, a time of the database's clock".into()).into()),
    }
}

/// Reads an option that is the only one there may be: a time.
pub(super) fn since(options: &Value) -> Result<f64> {
    let Value::Map(map) = options else { return Ok(f64::NEG_INFINITY) };
    if let Some(name) = map.keys().find(|name| &***name != "since") {
        return Err(unknown_option("kg.reflect", name, &["since"]));
    }
    map.get("since").filter(|value| !value.is_null()).map_or(Ok(f64::NEG_INFINITY), |value| time("since", value))
}

/// Reads a time: seconds of the database's clock, or a moment.
pub(super) fn time(name: &str, value: &Value) -> Result<f64> {
    match value {
        Value::Int(n) => Ok(*n as f64),
        Value::Float(x) if !x.is_nan() => Ok(*x),
        Value::Temporal(temporal) => match &**temporal {
            Temporal::DateTime(moment) => Ok(moment.seconds() as f64),
            _ => Err(wrong_option(name, "a number of seconds or a moment", value)),
        },
        Value::Date(date) => Ok(f64::from(date.days()) * 86_400.0),
        _ => Err(wrong_option(name, "a number of seconds or a moment", value)),
    }
}

/// Reads a relationship, or the id of one.
pub(super) fn relationship(value: &Value) -> Result<RelId> {
    match value {
        Value::Relationship(rel) => Ok(rel.id),
        value => number(value, "relationship").map(RelId::new),
    }
}

/// Reads a number of a record, node or relationship.
pub(super) fn number(value: &Value, name: &str) -> Result<u32> {
    match value {
        Value::Int(n) => u32::try_from(*n).map_err(|_| wrong_option(name, "a number of one", value)),
        _ => Err(wrong_option(name, "a number of one", value)),
    }
}

/// Reads a reward.
pub(super) fn reward(map: &Map) -> Result<f64> {
    let value = map.get("reward").cloned().unwrap_or_default();
    let reward = match value {
        Value::Int(n) => n as f64,
        Value::Float(x) => x,
        _ => f64::NAN,
    };
    if (-1.0..=1.0).contains(&reward) { Ok(reward) } else { Err(wrong_option("reward", "a number of -1 to 1", &value)) }
}

fn share(name: &str, value: &Value) -> Result<f64> {
    let share = positive(name, value)?;
    if share <= 1.0 { Ok(share) } else { Err(wrong_option(name, "a number of 0 to 1", value)) }
}

fn positive(name: &str, value: &Value) -> Result<f64> {
    match value {
        Value::Int(n) if *n >= 0 => Ok(*n as f64),
        Value::Float(x) if *x >= 0.0 && x.is_finite() => Ok(*x),
        _ => Err(wrong_option(name, "a number of 0 or more", value)),
    }
}

/// Reads a length of time: seconds, or a duration with months of average length.
fn seconds(name: &str, value: &Value) -> Result<f64> {
    match value {
        Value::Temporal(temporal) => match &**temporal {
            Temporal::Duration(duration) if duration.seconds_on_average() >= 0.0 => Ok(duration.seconds_on_average()),
            _ => Err(wrong_option(name, "a number of seconds, or a duration", value)),
        },
        value => positive(name, value),
    }
}

fn truth(name: &str, value: &Value) -> Result<bool> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        _ => Err(wrong_option(name, "true or false", value)),
    }
}

fn text(name: &str, value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.to_string()),
        _ => Err(wrong_option(name, "a string", value)),
    }
}

fn wrong(message: String) -> QueryError {
    QueryError::run("22N31", "ArgumentError", "InvalidArgumentValue", message)
}

pub(super) fn wrong_option(name: &str, wanted: &str, value: &Value) -> crate::Error {
    wrong(format!("`{name}` is {wanted}, not {value}")).into()
}

fn unknown_option(procedure: &str, name: &str, known: &[&str]) -> crate::Error {
    let hint = suggest::hint(name, known.iter().copied());
    let error = wrong(format!("`{procedure}` has no option `{name}`"));
    error.hint(hint.unwrap_or_else(|| format!("there are {}", known.join(", ")))).into()
}
