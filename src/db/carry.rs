//! Copies of a database: beside it in memory, or in a directory of their own.

use std::path::Path;

use super::{Database, limits};
use crate::{Result, db::Options};

impl Database {
    /// Returns a database in memory that holds what this one holds now, and shares its blocks: it costs a handful of
    /// reference counts, whatever the size of the graph. What either changes from here on, the other does not see. A fork
    /// has the options of its original, but may always be written.
    ///
    /// A fork reads what it has not read yet from its original's files, so a directory is free for others when the last
    /// fork of its database is gone, too.
    ///
    /// # Errors
    /// `Closed`; `Io` where the background thread cannot be started.
    pub fn fork(&self) -> Result<Self> {
        self.inner.check_open()?;
        let options = Options { read_only: false, ..self.inner.options.clone() };
        Self::start(self.inner.engine.fork(limits(&options)), options)
    }

    /// Writes the database as it is now into a new directory, as a database with an id of its own. Readers and writers
    /// work on meanwhile. The directory appears when all of it is on disk: until then it is being made beside its place,
    /// as `<name>.partial`, which is no database to anybody but the next try.
    ///
    /// # Errors
    /// `NotAllowed` where the directory exists and is not empty; `AlreadyOpen` where another backup is making it;
    /// `Corrupt` where a block is damaged; `Full`, `Io` where it cannot be written.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<()> {
        self.inner.check_open()?;
        self.inner.engine.back_up(path.as_ref())
    }
}
