//! What a database may use, and how careful it is.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use super::CancelHandle;
pub use crate::graph::Durability;
use crate::import::FileAccess;

/// What a database may use, and how careful it is. The default is safe.
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads for queries and imports; 0 means as many as the machine has cores.
    pub threads: usize,
    /// Bytes one statement may hold in memory; bytes of blocks and changes in memory above which no transaction may write
    /// (blocks stay in memory once they were read); a quarter of it is what changes may take before writers wait for a
    /// checkpoint.
    pub memory_bytes_max: u64,
    /// Rows one statement may return.
    pub rows_max: u64,
    /// How long one statement may run; none means as long as it takes.
    pub deadline: Option<Duration>,
    /// When a commit is acknowledged.
    pub durability: Durability,
    /// How long a buffered commit may stay with the operating system, in milliseconds.
    pub buffered_ms: u64,
    /// Whether a thread of ours checkpoints and flushes. Without it, call [`Database::step`](crate::Database::step).
    pub background: bool,
    /// Bytes of journal after which a checkpoint is due.
    pub checkpoint_bytes: u64,
    /// Bytes of journal at which commits are refused because checkpoints fail.
    pub journal_bytes_max: u64,
    /// How long a write transaction waits for the one before it.
    pub writer_wait: Duration,
    /// Which files statements may read and write.
    pub files: FileAccess,
    /// Opens only what exists, refuses every change, and leaves every byte of the directory as it is: also on a full disk
    /// or a file system that takes no writes.
    ///
    /// What is read is a private copy of the blocks, made when opening in the directory for temporary files (or in memory,
    /// where that has no room), and the journal: the database as it was durable then. Afterwards others may open and
    /// change the original. While another process has it open, its blocks are being written and cannot be copied:
    /// [`Error::AlreadyOpen`](crate::Error::AlreadyOpen) names the process.
    pub read_only: bool,
    /// Whether statements note what they attend to, for [`Database::take_accesses`](crate::Database::take_accesses). Reading
    /// changes no ranking where this is off.
    pub notice: bool,
    /// How often the database compacts itself as its policies say, in the background or in
    /// [`Database::step`](crate::Database::step); what was attended to is then folded in as it comes. None means that nothing
    /// happens by itself: `CALL kg.compact()` folds and compacts.
    pub compact_every: Option<Duration>,
    /// How old a relationship must be before the database archives it by itself.
    pub compact_grace: Duration,
    /// How many recent queries that note are kept in memory, text and parameters, for a compaction to see what it would do to
    /// their answers; with 0 none is kept, and no compaction refuses itself.
    pub replay_queries: usize,
    /// Told how far imports are.
    pub progress: Option<Progress>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            memory_bytes_max: 4 << 30,
            rows_max: 100_000_000,
            deadline: None,
            durability: Durability::Sync,
            buffered_ms: 100,
            background: true,
            checkpoint_bytes: 64 << 20,
            journal_bytes_max: 4 << 30,
            writer_wait: Duration::from_secs(60),
            files: FileAccess::Denied,
            read_only: false,
            notice: false,
            compact_every: None,
            compact_grace: Duration::from_secs(24 * 60 * 60),
            replay_queries: 64,
            progress: None,
        }
    }
}

impl Options {
    /// Allows statements to read and write files beneath these directories.
    pub fn file_roots(mut self, roots: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.files = FileAccess::Roots(roots.into_iter().map(Into::into).collect());
        self
    }

    /// Returns how many threads queries and imports use.
    pub(crate) fn n_threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        }
    }
}

/// Limits of one statement; what is `None` is as in [`Options`].
#[derive(Debug, Clone, Default)]
pub struct QueryOptions {
    /// How long it may run.
    pub deadline: Option<Duration>,
    /// Rows it may return.
    pub rows_max: Option<u64>,
    /// Bytes it may hold in memory.
    pub memory_bytes_max: Option<u64>,
    /// What can stop it from another thread.
    pub cancel: Option<CancelHandle>,
    /// Whether it notes what it attends to.
    pub notice: Option<bool>,
    /// For whom it is asked (an agent, a user): noted with what it attends to.
    pub source: Option<Arc<str>>,
}

/// Told the name of a file, the bytes of it read so far, and its size; called from the thread that imports.
#[derive(Clone)]
pub struct Progress(Arc<Report>);

type Report = dyn Fn(&str, u64, u64) + Send + Sync;

impl Progress {
    /// Returns the progress that calls this.
    pub fn new(report: impl Fn(&str, u64, u64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    pub(super) fn report(&self, file: &str, bytes: u64, size: u64) {
        (self.0)(file, bytes, size);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
