//! Prepared statements: compiled once, with operators and buffers that wait for the next run.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Inner, Params, Rows, Summary,
    cache::Entry,
    execute::{self, Run},
};
use crate::{Result, query::execute::Execution};

/// Executions kept for the next runs of one statement: as many as threads are likely to run it at once.
const POOL_MAX: usize = 16;

/// Operators that wait for the next run.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Execution>>);

impl Pool {
    pub(super) fn take(&self) -> Option<Execution> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    pub(super) fn give_back(&self, execution: Execution) {
        if execution.is_bulky() {
            return;
        }
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < POOL_MAX {
            pool.push(execution);
        }
    }
}

/// A statement that was parsed and planned once, to run many times. It is planned again by itself when the schema, or
/// what its plan relies on, has changed.
#[derive(Clone)]
pub struct Statement {
    pub(super) inner: Arc<Inner>,
    pub(super) text: Arc<str>,
    pub(super) entry: Arc<Mutex<Arc<Entry>>>,
}

impl Statement {
    /// Returns the statement's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Runs the statement in a transaction of its own and returns its rows.
    ///
    /// # Errors
    /// What goes wrong until the first row of a read, or until the commit of a write.
    pub fn query(&self, params: impl Into<Params>) -> Result<Rows> {
        let params = params.into();
        let known = self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let run = Run::new(&self.inner, &self.text, &params);
        let (entry, rows) = execute::auto(run, Some(known.clone()))?;
        if !Arc::ptr_eq(&entry, &known) {
            *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = entry;
        }
        Ok(rows)
    }

    /// Runs the statement in a transaction of its own, without looking at its rows.
    ///
    /// # Errors
    /// What goes wrong until the last row, or the commit.
    pub fn execute(&self, params: impl Into<Params>) -> Result<Summary> {
        execute::drain(self.query(params)?)
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Statement").field(&self.text).finish()
    }
}
