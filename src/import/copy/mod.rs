//! `COPY Name FROM 'file'`: a table into the graph, as nodes or as relationships.
//!
//! Rows that are new go to the bulk loader as columns; what exists is changed property by property. The caller undoes the
//! transaction's changes if an error comes back, so a statement is all or nothing.

mod accesses;
mod admin;
mod keys;
mod nodes;
mod rels;
mod resources;
mod vectors;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use self::accesses::{LogWanted, LoggedAccess, copy_accesses};
pub(crate) use self::vectors::{VectorFiles, VectorLayout, VectorsWanted, copy_vectors};
use super::{
    files::FileSource,
    options::{FormatOptions, OnError, REJECTIONS_KEPT_MAX, Rejections},
    rdf,
    read::{Imported, ReadLimits, read_table},
};
use crate::{
    ImportError, Result,
    graph::Transaction,
    model::{Bits, Table, Value},
};

/// What a file fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CopyTarget {
    /// Nodes: every column is a property.
    Nodes {
        /// Their label.
        label: Arc<str>,
        /// The property that tells them apart; it becomes unique.
        key: Option<Arc<str>>,
        /// What happens where a node with the key exists; by default it is merged, so that loading a file twice doubles
        /// nothing.
        mode: Option<CopyMode>,
    },
    /// Relationships: the first two columns are the keys of their ends, the others are properties.
    Rels {
        /// Their type.
        rel_type: Arc<str>,
        /// Where they start.
        start: CopyEnd,
        /// Where they end.
        end: CopyEnd,
        /// What happens where a relationship of the type between the ends exists.
        mode: CopyMode,
    },
    /// What the file itself says: triples, or rows whose header names labels and types.
    Whole {
        /// What happens with what exists; by default nodes are merged, and each row of relationships is one more.
        mode: Option<CopyMode>,
    },
}

/// One end of the relationships of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyEnd {
    /// The label of the nodes.
    pub(crate) label: Arc<str>,
    /// The unique property that the file's column holds; by default the only one the label has.
    pub(crate) key: Option<Arc<str>>,
}

/// What `COPY` does with what exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyMode {
    /// Gives it the row's properties: null removes one, an equal value is no change.
    Merge,
    /// Nodes: refuses the row. Relationships: adds another.
    Create,
}

/// What became of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct CopyReport {
    /// The rows read, without those rejected.
    pub(crate) n_rows: u64,
    /// The nodes that are new.
    pub(crate) n_nodes: u64,
    /// The relationships that are new.
    pub(crate) n_rels: u64,
    /// The labels given, to new nodes and old.
    pub(crate) n_labels: u64,
    /// Those that existed and were changed.
    pub(crate) n_updated: u64,
    /// The properties set, on new ones and old.
    pub(crate) n_properties: u64,
    /// Whether the key's uniqueness constraint is new.
    pub(crate) constraint_created: bool,
    /// The rows left out.
    pub(crate) rejections: Rejections,
}

impl CopyReport {
    /// Returns how many nodes and relationships are new.
    pub(crate) const fn n_created(&self) -> u64 {
        self.n_nodes + self.n_rels
    }
}

/// Reads a file into the graph. Blocks are written under what `generations` returns, which must be new each time.
///
/// # Errors
/// [`Error::Import`](crate::Error::Import) for a bad row, unless bad rows are to be skipped; and what reading, the graph
/// and `tick` return.
pub(crate) fn copy_from(
    tx: &mut Transaction,
    generations: &mut dyn FnMut() -> u64,
    source: &FileSource,
    options: &FormatOptions,
    target: &CopyTarget,
    limits: &ReadLimits,
    tick: &mut (dyn FnMut(u64) -> Result<()> + Send),
) -> Result<CopyReport> {
    let mut n_bytes = 0;
    if options.format.is_rdf() {
        let triples = rdf::read(source, options, limits, &mut |n| {
            n_bytes = n;
            tick(n)
        })?;
        let mut check = || tick(n_bytes);
        return resources::copy(
            &mut Job { tx, generations, check: &mut check },
            &source.name,
            triples,
            options.on_error,
        );
    }
    let imported = read_table(source, options, limits, &mut |n| {
        n_bytes = n;
        tick(n)
    })?;
    let mut check = || tick(n_bytes);
    let mut job = Job { tx, generations, check: &mut check };
    copy_table(&mut job, &source.name, imported, target, options.on_error, limits.threads)
}

fn copy_table(
    job: &mut Job<'_>,
    file: &str,
    Imported { table, roles, rejections, is_cut: _ }: Imported,
    target: &CopyTarget,
    on_error: OnError,
    threads: usize,
) -> Result<CopyReport> {
    let rejects = Rejects { file, on_error, rows: Vec::new(), read: rejections };
    if !roles.is_empty() {
        return admin::copy(job, table, &roles, target, rejects);
    }
    match target {
        CopyTarget::Nodes { label, key, mode } => {
            let mode = mode.unwrap_or(if key.is_some() { CopyMode::Merge } else { CopyMode::Create });
            let nodes = nodes::Nodes { label, key: key.as_deref(), mode, more: &[] };
            nodes::copy(job, &table, &nodes, rejects)
        }
        CopyTarget::Rels { rel_type, start, end, mode } => {
            let ends = rels::Ends { start, end, mode: *mode, threads };
            rels::copy(job, table, rel_type, ends, rejects)
        }
        CopyTarget::Whole { .. } => {
            let reason =
                "nothing says what the rows are; name it: COPY Label FROM ..., or write a header with :ID or :START_ID"
                    .to_owned();
            Err(rejects.error(1, 0, None, reason).into())
        }
    }
}

/// What one `COPY` works with.
struct Job<'a> {
    tx: &'a mut Transaction,
    /// Gives the generation of the blocks of each bulk load.
    generations: &'a mut dyn FnMut() -> u64,
    /// Asks whether to go on: the statement may have been cancelled.
    check: &'a mut (dyn FnMut() -> Result<()> + Send),
}

/// How many rows are changed one by one between two checks.
const CHECK_ROWS: usize = 1024;

impl Job<'_> {
    /// Asks whether to go on, now and then.
    fn check_at(&mut self, row: usize) -> Result<()> {
        if row.is_multiple_of(CHECK_ROWS) { (self.check)() } else { Ok(()) }
    }
}

/// The rows of a table that cannot be kept.
struct Rejects<'a> {
    file: &'a str,
    on_error: OnError,
    rows: Vec<Reject>,
    read: Rejections,
}

/// A row that cannot be kept. Small, since every row of a large file may be one; words come when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Reject {
    row: u32,
    column: u32,
    why: Why,
}

/// Why a row cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// It has no key.
    NoKey,
    /// Its key is `NaN`, which equals nothing.
    NotANumber,
    /// A row before has the same value, which must be unique.
    Duplicate(u32),
    /// A node has the same value, which must be unique.
    Exists,
    /// There is no node with the key.
    Dangling,
    /// There is no node with the key of the start, or of the end, whichever columns these are.
    NoStart,
    NoEnd,
    /// Nothing says which type the relationship has.
    NoType,
}

impl Rejects<'_> {
    fn push(&mut self, row: usize, column: usize, why: Why) {
        self.rows.push(Reject { row: row as u32, column: column as u32, why });
    }

    /// Returns which rows are left, `None` where all are.
    ///
    /// # Errors
    /// The first rejected row, unless bad rows are to be skipped.
    fn settle(&mut self, table: &Table, labels: [&str; 2]) -> Result<Option<Bits>> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        self.rows.sort_unstable();
        self.rows.dedup_by_key(|reject| reject.row);
        if self.on_error == OnError::Stop {
            return Err(self.describe(self.rows[0], table, labels).into());
        }
        let mut keep = Bits::filled(table.n_rows, true);
        self.rows.iter().for_each(|reject| keep.clear(reject.row as usize));
        let shown = self.rows.iter().take(REJECTIONS_KEPT_MAX);
        let errors: Vec<_> = shown.map(|reject| self.describe(*reject, table, labels)).collect();
        self.read.errors.extend(errors);
        self.read.errors.sort_by_key(|error| error.line);
        self.read.errors.truncate(REJECTIONS_KEPT_MAX);
        self.read.count += self.rows.len() as u64;
        self.rows.clear();
        Ok(Some(keep))
    }

    fn describe(&self, reject: Reject, table: &Table, labels: [&str; 2]) -> ImportError {
        let Reject { row, column, why } = reject;
        let (row, column) = (row as usize, column as usize);
        let value = table.columns[column].value(row);
        let label = labels[column.min(1)];
        let reason = match why {
            Why::NoKey => "no value for the key".to_owned(),
            Why::NotANumber => "NaN equals nothing and cannot be a key".to_owned(),
            Why::Duplicate(first) => {
                format!("{value} stands on line {} already, and must be unique", table.lines.line_of(first as usize))
            }
            Why::Exists => format!("a node (:{label} {{{}: {value}}}) exists already", table.names[column]),
            Why::Dangling => match &value {
                Value::String(text) if text.parse::<i64>().is_ok() => {
                    format!(
                        "no node :{label} has the key {value} (a text; declare the column INTEGER to mean the number)"
                    )
                }
                _ => format!("no node :{label} has the key {value}"),
            },
            Why::NoStart => format!("no node :{} has the key {value}", labels[0]),
            Why::NoEnd => format!("no node :{} has the key {value}", labels[1]),
            Why::NoType => "the row has no type, and the statement names none".to_owned(),
        };
        self.error(table.lines.line_of(row), column + 1, Some(&table.names[column]), reason)
    }

    fn error(&self, line: u64, column: usize, field: Option<&str>, reason: String) -> ImportError {
        let field = field.map(str::to_owned);
        ImportError { file: self.file.to_owned(), line, column: column as u64, field, reason }
    }
}
