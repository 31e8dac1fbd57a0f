//! What a statement returns: rows as they are made, and a summary of what changed.

use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;

use super::{
    Inner,
    access::{Answer, Noted},
};
use crate::{
    Result, Value,
    model::{NodeId, from_row},
    query::{
        Profile,
        execute::{self, Execution},
    },
};

/// What a statement changed, and what its author should be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Nodes created.
    pub nodes_created: u64,
    /// Nodes deleted.
    pub nodes_deleted: u64,
    /// Relationships created.
    pub relationships_created: u64,
    /// Relationships deleted.
    pub relationships_deleted: u64,
    /// Properties set or removed to another value than they had.
    pub properties_set: u64,
    /// Labels added to nodes.
    pub labels_added: u64,
    /// Labels taken from nodes.
    pub labels_removed: u64,
    /// Saliences of relationships set to another value than they had.
    pub saliences_set: u64,
    /// Indexes and constraints created or dropped.
    pub indexes_changed: u64,
    /// Policies created, altered or dropped.
    pub policies_changed: u64,
    /// Validities declared or dropped.
    pub validities_changed: u64,
    /// The number of the commit, where the statement committed one by itself.
    pub sequence: Option<u64>,
    /// Remarks: names that do not exist, rows left out.
    pub notices: Vec<String>,
    /// The time it took to parse the text, where it was parsed.
    pub parse_time: Duration,
    /// The time it took to bind and plan, where that was done.
    pub plan_time: Duration,
    /// The number of the answer, where what it attends to is noted.
    pub query_id: Option<u64>,
    /// What each operator took, of a statement under `PROFILE`.
    pub profile: Option<Arc<Profile>>,
}

impl Summary {
    /// Returns whether anything was changed.
    pub fn has_changes(&self) -> bool {
        let numbers = [
            self.nodes_created,
            self.nodes_deleted,
            self.relationships_created,
            self.relationships_deleted,
            self.properties_set,
            self.labels_added,
            self.labels_removed,
            self.saliences_set,
            self.indexes_changed,
            self.policies_changed,
            self.validities_changed,
        ];
        numbers.iter().any(|number| *number > 0)
    }

    pub(super) fn add(&mut self, changes: &execute::Summary) {
        self.nodes_created += changes.nodes_created;
        self.nodes_deleted += changes.nodes_deleted;
        self.relationships_created += changes.relationships_created;
        self.relationships_deleted += changes.relationships_deleted;
        self.properties_set += changes.properties_set;
        self.labels_added += changes.labels_added;
        self.labels_removed += changes.labels_removed;
        self.saliences_set += changes.saliences_set;
    }
}

/// Where the rows of a read come from, a batch at a time.
struct Stream {
    /// There until dropped.
    execution: Option<Execution>,
    /// Where the operators go back to, for the next run of a prepared statement.
    home: Option<Arc<super::statement::Pool>>,
    /// Rows of the batch, and the next one of them.
    len: usize,
    at: usize,
    is_done: bool,
    /// Whether it ended by an error: then it may hold much, and is not kept for a next run.
    has_failed: bool,
    /// The text, for the places of run-time errors.
    text: Arc<str>,
    inner: Arc<Inner>,
    /// There where what it attends to is noted.
    answer: Option<Answer>,
}

enum Body {
    Stream(Box<Stream>),
    Held { rows: std::vec::IntoIter<Vec<Value>>, current: Vec<Value> },
}

/// The rows of a statement, made as they are asked for. A read sees one snapshot from its first row to its last.
///
/// Go through them with [`advance`](Self::advance) and [`get`](Self::get) (nothing is copied but what is asked for), as
/// an iterator of [`Row`]s, or all at once with [`collect_as`](Self::collect_as).
pub struct Rows {
    columns: Arc<[Arc<str>]>,
    body: Body,
    summary: Summary,
    /// What was attended to for rows that are held.
    noted: Option<Noted>,
}

impl Rows {
    pub(super) fn stream(
        columns: Arc<[Arc<str>]>,
        execution: Execution,
        home: Option<Arc<super::statement::Pool>>,
        text: Arc<str>,
        inner: Arc<Inner>,
        summary: Summary,
    ) -> Self {
        let stream = Stream {
            execution: Some(execution),
            home,
            len: 0,
            at: 0,
            is_done: false,
            has_failed: false,
            text,
            inner,
            answer: None,
        };
        Self { columns, body: Body::Stream(Box::new(stream)), summary, noted: None }
    }

    pub(super) fn held(columns: Arc<[Arc<str>]>, rows: Vec<Vec<Value>>, summary: Summary) -> Self {
        Self { columns, body: Body::Held { rows: rows.into_iter(), current: Vec::new() }, summary, noted: None }
    }

    /// Adds what was attended to for these rows.
    pub(super) fn noting(mut self, noted: Option<Noted>) -> Self {
        self.noted = noted;
        self
    }

    /// Lets a stream note what it attends to as this answer.
    pub(super) fn answering(mut self, answer: Option<Answer>) -> Self {
        if let Body::Stream(stream) = &mut self.body {
            stream.answer = answer;
        }
        self
    }

    /// Takes what was attended to so far.
    pub(super) fn take_noted(&mut self) -> Option<Noted> {
        match &mut self.body {
            Body::Held { .. } => self.noted.take(),
            Body::Stream(stream) => stream.take_noted(),
        }
    }

    pub(super) fn set_sequence(&mut self, sequence: u64) {
        self.summary.sequence = Some(sequence);
    }

    /// Returns the names of the columns.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// Returns what the statement changed, and remarks.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Goes to the next row; returns false at the end.
    ///
    /// # Errors
    /// What goes wrong while the rows are made: a run-time query error, a limit, `Deadline`, `Cancelled`, `Corrupt`.
    pub fn advance(&mut self) -> Result<bool> {
        match &mut self.body {
            Body::Held { rows, current } => match rows.next() {
                Some(row) => {
                    *current = row;
                    Ok(true)
                }
                None => Ok(false),
            },
            Body::Stream(stream) => stream.advance(),
        }
    }

    /// Returns a column's value in the row that [`advance`](Self::advance) went to.
    ///
    /// # Errors
    /// `Corrupt` where the data of a node or relationship is damaged.
    ///
    /// # Panics
    /// When there is no such column, or no row.
    pub fn get(&self, column: usize) -> Result<Value> {
        match &self.body {
            Body::Held { current, .. } => Ok(current[column].clone()),
            Body::Stream(stream) => stream.running().value(stream.at, column),
        }
    }

    /// Returns a node's id in the row that [`advance`](Self::advance) went to, without reading its data; `None` where
    /// the value is no node.
    ///
    /// # Panics
    /// When there is no such column, or no row.
    pub fn node_id(&self, column: usize) -> Option<NodeId> {
        let value = match &self.body {
            Body::Held { current, .. } => &current[column],
            Body::Stream(stream) => &stream.running().column(column).get(stream.at),
        };
        match value {
            Value::Node(node) => Some(node.id),
            _ => None,
        }
    }

    /// Returns the next row, or `None` at the end.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub fn next_row(&mut self) -> Result<Option<Row>> {
        if !self.advance()? {
            return Ok(None);
        }
        let values = match &mut self.body {
            Body::Held { current, .. } => std::mem::take(current),
            Body::Stream(_) => (0..self.columns.len()).map(|column| self.get(column)).collect::<Result<_>>()?,
        };
        Ok(Some(Row { columns: self.columns.clone(), values }))
    }

    /// Returns the rest of the rows as values of the caller's own type: a struct by column names, a tuple by position.
    ///
    /// # Errors
    /// `Convert` names the column, what was wanted and what was found; else as [`advance`](Self::advance).
    pub fn collect_as<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        self.map(|row| row?.to::<T>()).collect()
    }

    /// Returns the first column of the first row; null where there is none.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub fn single(mut self) -> Result<Value> {
        if !self.columns.is_empty() && self.advance()? { self.get(0) } else { Ok(Value::Null) }
    }
}

impl Stream {
    #[inline]
    fn running(&self) -> &Execution {
        self.execution.as_ref().expect("it is taken only when dropped")
    }

    fn take_noted(&mut self) -> Option<Noted> {
        let answer = self.answer.take().filter(|_| !self.has_failed)?;
        Some((answer, self.execution.as_mut()?.take_attended()))
    }

    #[inline]
    fn advance(&mut self) -> Result<bool> {
        if self.at + 1 < self.len {
            self.at += 1;
            return Ok(true);
        }
        self.refill()
    }

    fn refill(&mut self) -> Result<bool> {
        (self.at, self.len) = (0, 0);
        while !self.is_done {
            let execution = self.execution.as_mut().expect("it is taken only when dropped");
            match execution.next_batch() {
                Ok(Some(batch)) if batch.len > 0 => {
                    self.len = batch.len;
                    return Ok(true);
                }
                Ok(Some(_)) => {}
                Ok(None) => self.is_done = true,
                Err(error) => {
                    (self.is_done, self.has_failed) = (true, true);
                    return Err(super::execute::locate(error, &self.text));
                }
            }
        }
        Ok(false)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(noted) = self.take_noted() {
            self.inner.note(noted);
        }
        // The snapshot goes now; the operators and their buffers wait for the next run.
        if let Some(mut execution) = self.execution.take() {
            execution.finish();
            if self.has_failed {
                super::execute::drop_apart(execution);
            } else if let Some(home) = self.home.take() {
                home.give_back(execution);
            }
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row().transpose()
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// A row of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Arc<[Arc<str>]>,
    values: Vec<Value>,
}

impl Row {
    /// Returns the value of a column; null where there is no such column.
    pub fn get(&self, column: usize) -> &Value {
        self.values.get(column).unwrap_or(&Value::Null)
    }

    /// Returns the value of the column of this name.
    pub fn by_name(&self, name: &str) -> Option<&Value> {
        let column = self.columns.iter().position(|column| &**column == name)?;
        self.values.get(column)
    }

    /// Returns the names of the columns.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// Returns the values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Returns the row as the caller's own type.
    ///
    /// # Errors
    /// `Convert` names the column, what was wanted and what was found.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T> {
        from_row(&self.columns, &self.values)
    }
}
