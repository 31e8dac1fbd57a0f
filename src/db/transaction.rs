//! Transactions and sessions.

use std::sync::Arc;

use super::{Database, Inner, Params, QueryOptions, Rows, Summary, access::Noted, execute, execute::Run};
use crate::{
    Error, Result,
    graph::{Snapshot, Writer},
};

/// Statements that all see the graph as it was when the transaction began.
pub struct ReadTransaction {
    pub(super) inner: Arc<Inner>,
    pub(super) snapshot: Arc<Snapshot>,
}

impl ReadTransaction {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        // A clone of its own, so that the database can tell who still holds what.
        let snapshot = Arc::new((*inner.engine.snapshot()).clone());
        inner.engine.watch(&snapshot);
        Self { inner, snapshot }
    }

    /// Runs a statement that reads.
    ///
    /// # Errors
    /// `NotAllowed` for one that changes the graph; else as [`Database::query`].
    pub fn query(&self, text: &str, params: impl Into<Params>) -> Result<Rows> {
        let params = params.into();
        execute::on_snapshot(Run::new(&self.inner, text, &params), &self.snapshot)
    }

    /// Returns the number of the last commit it sees.
    pub fn sequence(&self) -> u64 {
        self.snapshot.sequence()
    }
}

/// Changes that become visible and durable together. Dropping it without [`commit`](Self::commit) rolls back. Its
/// statements see its own changes; others see them after the commit. One exists at a time: a second, begun by the same
/// thread, waits until it gives up.
pub struct WriteTransaction {
    // Dropped first: the last handle closes the database, which waits for whoever writes.
    pub(super) writer: Writer,
    pub(super) inner: Arc<Inner>,
    /// What its statements attended to.
    noted: Vec<Noted>,
}

impl WriteTransaction {
    pub(super) fn new(inner: Arc<Inner>, writer: Writer) -> Self {
        Self { writer, inner, noted: Vec::new() }
    }

    /// Runs a statement to its end and returns its rows. When it fails, its own changes are undone and the
    /// transaction goes on.
    ///
    /// # Errors
    /// As [`Database::query`].
    pub fn query(&mut self, text: &str, params: impl Into<Params>) -> Result<Rows> {
        let params = params.into();
        execute::within(Run::new(&self.inner, text, &params), &mut self.writer, &mut self.noted)
    }

    /// As [`query`](Self::query), with limits of its own.
    ///
    /// # Errors
    /// As [`Database::query`].
    pub fn query_with(&mut self, text: &str, params: impl Into<Params>, options: &QueryOptions) -> Result<Rows> {
        let params = params.into();
        let run = Run { options: Some(options), ..Run::new(&self.inner, text, &params) };
        execute::within(run, &mut self.writer, &mut self.noted)
    }

    /// Runs a statement and returns what it changed.
    ///
    /// # Errors
    /// As [`Database::query`].
    pub fn execute(&mut self, text: &str, params: impl Into<Params>) -> Result<Summary> {
        execute::drain(self.query(text, params)?)
    }

    /// Makes the changes durable and visible. Returns the number of the commit.
    ///
    /// # Errors
    /// `Full`, `Io`: nothing was committed. `Poisoned`: whether it survives is known after reopening.
    pub fn commit(self) -> Result<u64> {
        self.inner.check_open()?;
        let sequence = self.writer.commit(self.inner.options.durability)?;
        self.inner.wake();
        self.noted.into_iter().for_each(|noted| self.inner.note(noted));
        Ok(sequence)
    }

    /// Forgets the changes, as dropping it does.
    pub fn rollback(self) {}
}

/// Runs statements one after the other, among them `BEGIN`, `COMMIT` and `ROLLBACK`. Outside `BEGIN`, each statement
/// is a transaction of its own.
pub struct Session {
    db: Database,
    transaction: Option<WriteTransaction>,
}

impl Session {
    pub(super) fn new(db: Database) -> Self {
        Self { db, transaction: None }
    }

    /// Returns the database.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Returns whether a transaction is open.
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// `NotAllowed` for `BEGIN` inside a transaction, and `COMMIT` or `ROLLBACK` outside one; else as
    /// [`Database::query`].
    pub fn query(&mut self, text: &str, params: impl Into<Params>) -> Result<Rows> {
        self.query_with(text, params, &QueryOptions::default())
    }

    /// Runs a statement, with limits of its own.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn query_with(&mut self, text: &str, params: impl Into<Params>, options: &QueryOptions) -> Result<Rows> {
        let refused = |what: &str| Err(Error::NotAllowed { what: what.into() });
        match control(text) {
            Some(Control::Begin) if self.transaction.is_some() => {
                refused("BEGIN inside a transaction; COMMIT or ROLLBACK first")
            }
            Some(Control::Begin) => {
                self.transaction = Some(self.db.write()?);
                Ok(nothing())
            }
            Some(Control::Commit) => match self.transaction.take() {
                Some(transaction) => transaction.commit().map(|_| nothing()),
                None => refused("COMMIT outside a transaction; BEGIN one first"),
            },
            Some(Control::Rollback) => match self.transaction.take() {
                Some(transaction) => {
                    transaction.rollback();
                    Ok(nothing())
                }
                None => refused("ROLLBACK outside a transaction; BEGIN one first"),
            },
            None => match &mut self.transaction {
                Some(transaction) => transaction.query_with(text, params, options),
                None => self.db.query_with(text, params, options),
            },
        }
    }
}

enum Control {
    Begin,
    Commit,
    Rollback,
}

/// Returns which word about transactions a statement is.
fn control(text: &str) -> Option<Control> {
    use crate::query::{ast::Statement, parse};
    // Only a short statement can be one of these; the long ones are parsed once, where they run.
    let word = text.trim_start().get(..5)?;
    if !["begin", "commi", "rollb"].iter().any(|start| word.eq_ignore_ascii_case(start))
        && !text.trim_start().starts_with('/')
    {
        return None;
    }
    match parse(text).ok()? {
        Statement::Begin(_) => Some(Control::Begin),
        Statement::Commit(_) => Some(Control::Commit),
        Statement::Rollback(_) => Some(Control::Rollback),
        _ => None,
    }
}

fn nothing() -> Rows {
    Rows::held(Arc::new([]), Vec::new(), Summary::default())
}

macro_rules! debug {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(ReadTransaction, WriteTransaction, Session);
