//! `COPY ACCESS LOG`: lines that say when a relationship was attended, found by its type and the keys of its ends.
//!
//! A line whose relationship is not there is left out and told of, whether or not bad rows stop the statement: a log may be
//! older than the graph. Times need not ascend; what becomes of those that do not is for whoever takes the accesses.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    CopyEnd,
    admin::find_either,
    keys::{NONE, look, with_room},
    rels::unique_index,
};
use crate::{
    ImportError, Result,
    graph::{Check, Snapshot, Transaction},
    import::{
        files::FileSource,
        options::{FormatOptions, OnError, Rejections},
        read::{ReadLimits, read_table},
    },
    model::{
        Column, Direction, NodeId, RelId, Table, TypeId, Value,
        temporal::{Temporal, TemporalKind},
    },
};

/// The columns of a log. The first four must be there.
const COLUMNS: [&str; 6] = ["time", "from", "type", "to", "weight", "source"];

/// Accesses handed over at once.
const BATCH: usize = 1 << 14;

/// An access of a log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoggedAccess {
    /// When: a number as it stands, or the seconds from 1970 to a day or moment.
    pub(crate) time: f64,
    /// What was attended.
    pub(crate) relationship: RelId,
    /// How much of the attention it had, above 0 and at most 1.
    pub(crate) weight: f32,
    /// Who asked.
    pub(crate) source: Option<Arc<str>>,
}

/// What a log is of.
#[derive(Debug, Clone)]
pub(crate) struct LogWanted {
    /// Where its relationships start.
    pub(crate) start: CopyEnd,
    /// Where they end.
    pub(crate) end: CopyEnd,
    /// How the file is written, and what happens to a line that is no access.
    pub(crate) format: FormatOptions,
}

/// What became of a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogReport {
    /// The lines read, without those left out.
    pub(crate) n_rows: u64,
    /// Lines whose time is before that of a line above.
    pub(crate) n_late: u64,
    /// The lines left out.
    pub(crate) rejections: Rejections,
}

/// Takes accesses, in the order of the file.
pub(crate) type TakeAccesses<'a> = &'a mut (dyn FnMut(&mut Transaction, &[LoggedAccess]) -> Result<()> + Send);

/// Reads a log, and hands its accesses to `take`, in batches. Where several relationships of a line's type go from its start to
/// its end, each was attended.
///
/// # Errors
/// [`Error::Import`](crate::Error::Import) for a line that is no access, unless bad rows are to be skipped; and what reading,
/// the graph, `take` and `tick` return.
pub(crate) fn copy_accesses(
    tx: &mut Transaction,
    source: &FileSource,
    wanted: &LogWanted,
    limits: &ReadLimits,
    tick: &mut (dyn FnMut(u64) -> Result<()> + Send),
    take: TakeAccesses<'_>,
) -> Result<LogReport> {
    let mut n_bytes = 0;
    let imported = read_table(source, &wanted.format, limits, &mut |n| {
        n_bytes = n;
        tick(n)
    })?;
    let check: &mut Check<'_> = &mut || tick(n_bytes);
    let table = imported.table;
    let log = Log::of(source, &table)?;
    let view = tx.view();
    let (start, end) = (unique_index(view, &wanted.start)?, unique_index(view, &wanted.end)?);
    let starts = find_either(view, &start, log.columns[1], check)?;
    let ends = find_either(view, &end, log.columns[3], check)?;
    let known = Known::find(view, &log, &starts, &ends, check)?;
    let mut report = LogReport { rejections: imported.rejections, ..LogReport::default() };
    let mut left_out = Vec::new();
    let mut rows = Vec::with_capacity(table.n_rows);
    for row in 0..table.n_rows {
        look(row, check)?;
        match log.access(row) {
            Ok(_) if known.of(row).is_empty() => left_out.push(log.unknown(row, (starts[row], ends[row]), wanted)),
            Ok((time, weight)) => rows.push((row, time, weight)),
            Err((column, reason)) => {
                let error = log.error(row, column, reason);
                if wanted.format.on_error == OnError::Stop {
                    return Err(error.into());
                }
                left_out.push(error);
            }
        }
    }
    left_out.into_iter().for_each(|error| report.rejections.push(error));
    report.rejections.errors.sort_by_key(|error| error.line);
    report.n_rows = rows.len() as u64;
    let mut sources: FxHashMap<Arc<str>, Arc<str>> = FxHashMap::default();
    let mut batch = Vec::with_capacity(BATCH.min(rows.len()));
    let mut last = f64::NEG_INFINITY;
    for (at, (row, time, weight)) in rows.into_iter().enumerate() {
        look(at, check)?;
        report.n_late += u64::from(time < last);
        last = last.max(time);
        let source = log.source(row).map(|source| sources.entry(source.clone()).or_insert(source).clone());
        for relationship in known.of(row) {
            batch.push(LoggedAccess { time, relationship: RelId::new(*relationship), weight, source: source.clone() });
        }
        if batch.len() >= BATCH {
            take(tx, &batch)?;
            batch.clear();
        }
    }
    if !batch.is_empty() {
        take(tx, &batch)?;
    }
    Ok(report)
}

/// The columns of a log: as [`COLUMNS`], with nulls for what is not there.
struct Log<'a> {
    file: &'a str,
    table: &'a Table,
    columns: [&'a Column; 4],
    weight: Option<&'a Column>,
    source: Option<&'a Column>,
}

impl<'a> Log<'a> {
    fn of(source: &'a FileSource, table: &'a Table) -> Result<Self> {
        let whole = |reason: String| ImportError { file: source.name.clone(), line: 1, column: 0, field: None, reason };
        let form = "an access log has the columns time, from, type and to, and perhaps weight and source";
        if let Some(name) = table.names.iter().find(|name| !COLUMNS.contains(&&***name)) {
            return Err(whole(format!("there is a column {name:?}; {form}")).into());
        }
        let column = |name: &str| table.position(name).map(|at| &table.columns[at]);
        let needed = |name: &str| column(name).ok_or_else(|| whole(format!("there is no column {name:?}; {form}")));
        Ok(Self {
            file: &source.name,
            table,
            columns: [needed("time")?, needed("from")?, needed("type")?, needed("to")?],
            weight: column("weight"),
            source: column("source"),
        })
    }

    /// Returns the time and the weight of a row, or which column is wrong, and why.
    fn access(&self, row: usize) -> std::result::Result<(f64, f32), (&'static str, String)> {
        let value = self.columns[0].value(row);
        let Some(time) = seconds(&value) else {
            return Err(("time", format!("the time must be a number, a date or a datetime, not {value}")));
        };
        for (at, name) in [(1, "from"), (3, "to")] {
            if self.columns[at].is_null(row) {
                return Err((name, "no value for the key".to_owned()));
            }
        }
        if self.columns[2].is_null(row) {
            return Err(("type", "no relationship type".to_owned()));
        }
        let weight = match self.weight.map(|weight| weight.value(row)) {
            None | Some(Value::Null) => 1.0,
            Some(Value::Int(weight)) => weight as f64,
            Some(Value::Float(weight)) => weight,
            Some(_) => f64::NAN,
        };
        if weight > 0.0 && weight <= 1.0 {
            return Ok((time, (weight as f32).max(f32::MIN_POSITIVE)));
        }
        let weight = self.weight.map(|weight| weight.value(row)).unwrap_or_default();
        Err(("weight", format!("the weight must be a number above 0 and at most 1, not {weight}")))
    }

    fn rel_type(&self, row: usize) -> Option<Arc<str>> {
        text(self.columns[2].value(row))
    }

    fn source(&self, row: usize) -> Option<Arc<str>> {
        text(self.source?.value(row))
    }

    /// Says why a row has no relationship.
    fn unknown(&self, row: usize, (start, end): (u32, u32), wanted: &LogWanted) -> ImportError {
        let [from, to] = [1, 3].map(|at| self.columns[at].value(row));
        let no_node = |end: &CopyEnd, key: &Value| format!("no node :{} has the key {key}", end.label);
        match (start, end) {
            (NONE, _) => self.error(row, "from", no_node(&wanted.start, &from)),
            (_, NONE) => self.error(row, "to", no_node(&wanted.end, &to)),
            _ => {
                let rel_type = self.rel_type(row).unwrap_or_default();
                self.error(row, "type", format!("no relationship :{rel_type} goes from {from} to {to}"))
            }
        }
    }

    fn error(&self, row: usize, column: &str, reason: String) -> ImportError {
        let at = self.table.position(column).unwrap_or_default();
        let (file, field) = (self.file.to_owned(), Some(column.to_owned()));
        ImportError { file, line: self.table.lines.line_of(row), column: at as u64 + 1, field, reason }
    }
}

/// The relationships of each row.
struct Known {
    /// Relationships, those of a triple side by side.
    rels: Vec<u32>,
    /// By row: where its relationships begin and end.
    of: Vec<(u32, u32)>,
}

impl Known {
    fn of(&self, row: usize) -> &[u32] {
        let (from, to) = self.of[row];
        &self.rels[from as usize..to as usize]
    }

    /// Finds the relationships of all rows; each node's are gone through once for each type.
    fn find(view: &Snapshot, log: &Log<'_>, starts: &[u32], ends: &[u32], check: &mut Check<'_>) -> Result<Self> {
        let n_rows = starts.len();
        let mut types: FxHashMap<Arc<str>, Option<TypeId>> = FxHashMap::default();
        // Each triple that is asked for has a place.
        let mut places: FxHashMap<(TypeId, u32, u32), u32> = with_room(n_rows);
        let mut place_of = vec![None; n_rows];
        for row in 0..n_rows {
            look(row, check)?;
            let Some(name) = log.rel_type(row) else { continue };
            let (start, end) = (starts[row], ends[row]);
            let rel_type = *types.entry(name).or_insert_with_key(|name| view.catalog().rel_type(name));
            if let (Some(rel_type), true) = (rel_type, start != NONE && end != NONE) {
                let next = places.len() as u32;
                place_of[row] = Some(*places.entry((rel_type, start, end)).or_insert(next));
            }
        }
        let mut from: Vec<(TypeId, u32)> = places.keys().map(|(rel_type, start, _)| (*rel_type, *start)).collect();
        from.sort_unstable_by_key(|(rel_type, start)| (rel_type.get(), *start));
        from.dedup();
        let mut found: Vec<(u32, u32)> = Vec::new();
        for (at, (rel_type, start)) in from.into_iter().enumerate() {
            look(at, check)?;
            let edges = view.adjacency(Direction::Out, rel_type).edges(NodeId::new(start))?;
            edges.for_each(|end, rel| {
                if let Some(place) = places.get(&(rel_type, start, end)) {
                    found.push((*place, rel));
                }
            });
        }
        found.sort_unstable();
        let mut spans = vec![(0, 0); places.len()];
        for (at, (place, _)) in found.iter().enumerate() {
            let span = &mut spans[*place as usize];
            if span.1 == 0 {
                span.0 = at as u32;
            }
            span.1 = at as u32 + 1;
        }
        let of = place_of.into_iter().map(|place| place.map_or((0, 0), |place: u32| spans[place as usize])).collect();
        Ok(Self { rels: found.into_iter().map(|(_, rel)| rel).collect(), of })
    }
}

/// Returns a name: what reads as a number or a day in a file may be one too.
fn text(value: Value) -> Option<Arc<str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string().into()),
    }
}

/// Returns what a time says in seconds: a number as it stands; a day, or a moment without a zone, as in UTC.
fn seconds(value: &Value) -> Option<f64> {
    let of = |seconds: i64, nanos: i64| Some(seconds as f64 + nanos as f64 * 1e-9);
    match value {
        Value::Int(time) => Some(*time as f64),
        Value::Float(time) => time.is_finite().then_some(*time),
        Value::Date(date) => Some(f64::from(date.days()) * 86_400.0),
        Value::Temporal(temporal) => match &**temporal {
            Temporal::DateTime(moment) => of(moment.seconds(), moment.nanosecond()),
            Temporal::LocalDateTime(moment) => {
                let (seconds, nanos) = moment.epoch();
                of(seconds, nanos)
            }
            _ => None,
        },
        Value::String(text) => {
            if let Ok(number) = text.trim().parse::<f64>() {
                return number.is_finite().then_some(number);
            }
            let temporal = TemporalKind::DateTime.parse(text.trim()).ok()?;
            seconds(&Value::Temporal(Arc::new(temporal)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_days_and_moments() {
        let text = |text: &str| seconds(&Value::from(text));
        assert_eq!(seconds(&Value::Int(-3)), Some(-3.0));
        assert_eq!(seconds(&Value::Float(0.5)), Some(0.5));
        assert_eq!(seconds(&Value::Float(f64::NAN)), None);
        assert_eq!(seconds(&Value::Date(crate::model::Date::from_days(2))), Some(172_800.0));
        assert_eq!(text("12.5"), Some(12.5));
        assert_eq!(text("1970-01-01T00:01:00.5Z"), Some(60.5));
        assert_eq!(text("1970-01-01T02:00:00+01:00"), Some(3600.0));
        assert_eq!(text("1970-01-02"), Some(86_400.0));
        assert_eq!(text("inf"), None);
        assert_eq!(text("soon"), None);
        assert_eq!(seconds(&Value::Null), None);
    }
}
