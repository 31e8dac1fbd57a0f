//! A database as applications hold it: opening, transactions, statements, background work, closing.
//!
//! One transaction writes at a time; any number of readers work beside it, each on the snapshot it started with. Wires
//! the layers together; knows no format and no plan.

mod access;
mod appender;
mod attend;
mod background;
mod cache;
mod cancel;
mod carry;
mod copy;
mod embedding;
mod entities;
mod execute;
mod fulltext;
mod look;
mod mind;
mod model;
mod options;
mod params;
pub(crate) mod policy;
mod profile;
mod rows;
mod schema;
mod statement;
mod stream;
mod transaction;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod versions;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

pub use access::Access;
pub use appender::{NodeAppender, RelationshipAppender};
pub use attend::{AttendSpec, Attended};
pub use cancel::CancelHandle;
pub use entities::Neighbor;
pub use look::Connection;
pub use options::{Durability, Options, Progress, QueryOptions};
pub use params::Params;
pub use rows::{Row, Rows, Summary};
pub use schema::{IndexSchema, Schema, Status};
pub use statement::Statement;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use stream::fuzz;
pub use stream::{SalvageReport, StreamSummary};
pub use transaction::{ReadTransaction, Session, WriteTransaction};

use self::{
    access::AccessLog,
    background::Background,
    cache::{Cache, Entry},
    execute::Run,
    mind::Mind,
};
use crate::{
    Error, Result,
    graph::{self, CheckReport, Engine, EngineLimits, Snapshot},
    query::{
        execute::OpenFile,
        procedure::{Procedure, Procedures},
    },
};

/// An open database. Clones are handles to the same one; it closes with the last of them.
///
/// ```
/// use attendb::{Database, params};
///
/// # fn main() -> attendb::Result<()> {
/// let db = Database::memory()?;
/// db.execute("CREATE (:Npc {name: $name})-[:KNOWS]->(:Npc {name: 'Bo'})", params! { "name": "Ada" })?;
/// let names: Vec<(String,)> = db.query("MATCH (:Npc)-[:KNOWS]->(x) RETURN x.name", ())?.collect_as()?;
/// assert_eq!(names, [("Bo".to_owned(),)]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<Engine>,
    options: Options,
    cache: Cache,
    accesses: AccessLog,
    mind: Mind,
    procedures: Procedures,
    opener: OpenFile,
    pool: OnceLock<Option<rayon::ThreadPool>>,
    background: Mutex<Option<Background>>,
    is_closed: AtomicBool,
}

impl Database {
    /// Opens the database in a directory, or makes one, with the default options.
    ///
    /// # Errors
    /// `AlreadyOpen` names the process that has it; `Version` where another version wrote it; `Corrupt`; `Io`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, Options::default())
    }

    /// Opens the database in a directory, or makes one.
    ///
    /// # Errors
    /// As [`open`](Self::open); `NotAllowed` where it must exist (`read_only`) and does not.
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path = path.as_ref();
        let limits = limits(&options);
        let engine =
            if options.read_only { Engine::open_read_only(path, limits)? } else { Engine::open(path, limits)? };
        Self::start(engine, options)
    }

    /// Returns an empty database in memory.
    ///
    /// # Errors
    /// `Io` where the background thread cannot be started.
    pub fn memory() -> Result<Self> {
        Self::memory_with(Options::default())
    }

    /// Returns an empty database in memory.
    ///
    /// # Errors
    /// As [`memory`](Self::memory).
    pub fn memory_with(options: Options) -> Result<Self> {
        Self::start(Engine::memory(limits(&options)), options)
    }

    /// Returns a database whose engine was opened elsewhere.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) fn of_engine(engine: Arc<Engine>, options: Options) -> Result<Self> {
        Self::start(engine, options)
    }

    /// Returns the graph under it.
    #[cfg(test)]
    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.inner.engine
    }

    fn start(engine: Arc<Engine>, options: Options) -> Result<Self> {
        // Who only reads has nothing to fold or flush.
        let background = if options.background && !options.read_only {
            Some(Background::start(engine.clone(), &options)?)
        } else {
            None
        };
        let opener = execute::make_opener(options.files.clone());
        let inner = Inner {
            engine,
            options,
            cache: Cache::default(),
            accesses: AccessLog::default(),
            mind: Mind::default(),
            procedures: Procedures::default(),
            opener,
            pool: OnceLock::new(),
            background: Mutex::new(background),
            is_closed: AtomicBool::new(false),
        };
        let inner = Arc::new(inner);
        if let Some(background) = &*inner.background.lock().unwrap_or_else(PoisonError::into_inner) {
            background.serve(Arc::downgrade(&inner));
        }
        Ok(Self { inner })
    }

    /// Runs a statement in a transaction of its own and returns its rows. A read streams them; a write is committed
    /// before the first row is returned.
    ///
    /// # Errors
    /// A query error with its place; `Constraint`, `Limit`, `Full`, `Import` and the others by what can be done.
    pub fn query(&self, text: &str, params: impl Into<Params>) -> Result<Rows> {
        let params = params.into();
        execute::auto(Run::new(&self.inner, text, &params), None).map(|(_, rows)| rows)
    }

    /// As [`query`](Self::query), with limits of its own.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn query_with(&self, text: &str, params: impl Into<Params>, options: &QueryOptions) -> Result<Rows> {
        let params = params.into();
        let run = Run { options: Some(options), ..Run::new(&self.inner, text, &params) };
        execute::auto(run, None).map(|(_, rows)| rows)
    }

    /// Runs a statement in a transaction of its own and returns what it changed.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn execute(&self, text: &str, params: impl Into<Params>) -> Result<Summary> {
        execute::drain(self.query(text, params)?)
    }

    /// Parses and plans a statement, to run it many times.
    ///
    /// # Errors
    /// A compile-time query error with its place.
    pub fn prepare(&self, text: &str) -> Result<Statement> {
        self.inner.check_open()?;
        let entry = self.inner.compiled(text, &self.inner.engine.peek(), self.inner.options.notice)?;
        Ok(Statement { inner: self.inner.clone(), text: text.into(), entry: Arc::new(Mutex::new(entry)) })
    }

    /// Parses, binds and plans a statement, keeps nothing of it and runs nothing: for whoever marks errors as they are
    /// typed.
    ///
    /// # Errors
    /// The compile-time query error with its place.
    pub fn validate(&self, text: &str) -> Result<()> {
        self.inner.check_open()?;
        Entry::compile(text, &self.inner.engine.peek(), &self.inner.procedures, false).map(drop)
    }

    /// Adds a procedure that statements of this database may `CALL`, for as long as it is open.
    ///
    /// # Errors
    /// `NotAllowed` where there is a procedure of this name; `Closed`.
    pub fn register(&self, procedure: Procedure) -> Result<()> {
        self.inner.check_open()?;
        self.inner.procedures.add(procedure)
    }

    /// Adds an embedder: what makes the vectors of texts, for spaces that name it (`EMBEDDER name FROM n.text`) and for
    /// texts in `FOR`, for as long as the database is open. Its name is known without regard to case.
    ///
    /// It is called by the thread that writes a text or asks for one, maybe by several at once; it must not write to the same
    /// database, which would wait for the statement that calls it. It gives as many numbers as the space has dimensions, and
    /// the same for the same text: vectors are kept, and a text is embedded again only when it changes. A space whose
    /// embedder is not registered after opening is read and ranked by as ever; only a text for it is an error.
    ///
    /// ```
    /// use attendb::{Database, params};
    ///
    /// # fn main() -> attendb::Result<()> {
    /// let db = Database::memory()?;
    /// // A model of your own; here, how many vowels and other letters there are.
    /// db.register_embedder("letters", |text| {
    ///     let vowels = text.chars().filter(|c| "aeiou".contains(*c)).count() as f32;
    ///     Ok(vec![vowels, text.len() as f32 - vowels])
    /// })?;
    /// db.execute("CREATE EMBEDDING sound FOR (n:Word) ON n.sound DIMENSION 2 EMBEDDER letters FROM n.text", ())?;
    /// db.execute("CREATE (:Word {text: 'aeon'}), (:Word {text: 'rhythm'})", ())?;
    /// let best = "MATCH (w:Word) ATTEND w IN (FOR $text LIMIT 1) RETURN w.text";
    /// assert_eq!(db.query(best, params! { "text": "oui" })?.single()?, "aeon".into());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `NotAllowed` where there is an embedder of this name; `Closed`.
    pub fn register_embedder<F>(&self, name: impl AsRef<str>, embed: F) -> Result<()>
    where
        F: Fn(&str) -> Result<Vec<f32>> + Send + Sync + 'static,
    {
        self.inner.check_open()?;
        self.inner.engine.peek().embedders.add(name.as_ref(), Arc::new(embed))
    }

    /// Begins a read transaction: all its statements see the graph as it is now.
    ///
    /// # Errors
    /// `Closed`.
    pub fn read(&self) -> Result<ReadTransaction> {
        self.inner.check_open()?;
        Ok(ReadTransaction::new(self.inner.clone()))
    }

    /// Begins a write transaction, waiting for the one before. Dropping it rolls back.
    ///
    /// # Errors
    /// `Limit` where the one before takes too long; `NotAllowed` read-only; `Poisoned` after a failed write; `Closed`.
    pub fn write(&self) -> Result<WriteTransaction> {
        self.inner.check_open()?;
        if self.inner.options.read_only {
            return Err(Error::NotAllowed { what: "changing a database opened read-only".into() });
        }
        self.inner.wait_for_room()?;
        Ok(WriteTransaction::new(self.inner.clone(), self.inner.engine.begin()?))
    }

    /// Returns a session: it understands `BEGIN`, `COMMIT` and `ROLLBACK`, as scripts and prompts need.
    pub fn session(&self) -> Session {
        Session::new(self.clone())
    }

    /// Returns the names in use with their counts, and the indexes.
    pub fn schema(&self) -> Schema {
        Schema::of(&self.inner.engine.peek())
    }

    /// Returns how many relationships of each type go between which labels, the most frequent first. Reads every
    /// relationship.
    ///
    /// # Errors
    /// `Closed`; `Corrupt` where a block is damaged.
    pub fn connections(&self) -> Result<Vec<Connection>> {
        self.inner.check_open()?;
        look::connections(&self.inner.engine.snapshot())
    }

    /// Returns the condition of the database.
    pub fn status(&self) -> Status {
        let engine = &self.inner.engine;
        let view = engine.snapshot();
        let checkpoints = engine.checkpoint_status().unwrap_or_default();
        let (n_accesses, n_accesses_dropped) = self.inner.accesses.counts();
        Status {
            n_nodes: view.n_nodes(),
            n_relationships: view.n_rels(),
            sequence: view.sequence(),
            journal_bytes: engine.journal_bytes(),
            delta_bytes: engine.delta_bytes(),
            n_checkpoints: checkpoints.n_done,
            checkpoint_sequence: checkpoints.last_sequence,
            checkpoint_error: checkpoints.last_error,
            poisoned: engine.poison().map(str::to_owned),
            oldest_snapshot: engine.oldest_snapshot().map(|view| view.sequence()),
            n_blocks_waiting: checkpoints.n_blocks_waiting,
            pinned_bytes: engine.pinned_bytes(),
            n_accesses,
            n_accesses_dropped,
        }
    }

    /// Takes what answers attended to, the oldest first, at most so many: each is told once. Where nobody takes them, what is
    /// new is dropped and counted in [`Status::n_accesses_dropped`].
    pub fn take_accesses(&self, max: usize) -> Vec<Access> {
        self.inner.accesses.take(max)
    }

    /// Checks what is stored: ends, edges of both directions, counts; `deep` also reads every property and index entry, what is
    /// archived, and whether the ledger's chain of hashes holds.
    ///
    /// # Errors
    /// `Closed`. What is wrong is in the report.
    pub fn check(&self, deep: bool) -> Result<CheckReport> {
        self.inner.check_open()?;
        let view = self.inner.engine.snapshot();
        let mut report = graph::check(&view, deep);
        if deep {
            mind::check(&view, &mut report);
        }
        Ok(report)
    }

    /// Folds what was committed into blocks and shortens the journal. Returns whether there was anything to do; read-only,
    /// there never is.
    ///
    /// # Errors
    /// `Full`, `Io` where it cannot be written: nothing is lost. `Corrupt` where a block is damaged.
    pub fn checkpoint(&self) -> Result<bool> {
        self.inner.check_open()?;
        if self.inner.options.read_only {
            return Ok(false);
        }
        self.inner.engine.checkpoint()
    }

    /// Does background work for about this long, for programs that set [`Options::background`] off. Returns whether
    /// anything was done.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint).
    pub fn step(&self, budget: Duration) -> Result<bool> {
        self.inner.check_open()?;
        let start = Instant::now();
        let has_worked = background::step(&self.inner.engine, &self.inner.options, budget)?;
        Ok(mind::step(&self.inner, budget.saturating_sub(start.elapsed()))? || has_worked)
    }

    /// Checkpoints and closes the database for all its handles. The directory is free for others when the last handle,
    /// transaction and result is gone.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint); the database is closed all the same, and the next open recovers.
    pub fn close(self) -> Result<()> {
        self.inner.close()
    }
}

impl Inner {
    #[inline]
    fn check_open(&self) -> Result<()> {
        if self.is_closed.load(Ordering::Relaxed) { Err(Error::Closed) } else { Ok(()) }
    }

    /// Notes what an answer attended to.
    fn note(&self, noted: access::Noted) {
        let (id, attended) = self.accesses.add(noted);
        self.mind.answers().add(id, &attended);
    }

    /// Returns the statement of a text, compiled for a view so that it notes what it attends to or not.
    fn compiled(&self, text: &str, view: &Snapshot, notes: bool) -> Result<Arc<Entry>> {
        self.cache.get(text, view, &self.procedures, notes)
    }

    /// Holds a writer back while more changes wait to be folded than may.
    fn wait_for_room(&self) -> Result<()> {
        if self.engine.is_behind() {
            self.engine.checkpoint()?;
        }
        Ok(())
    }

    /// Tells the background thread that there may be something to do.
    fn wake(&self) {
        if self.engine.journal_bytes() > self.options.checkpoint_bytes
            && let Some(background) = &*self.background.lock().unwrap_or_else(PoisonError::into_inner)
        {
            background.wake();
        }
    }

    /// Runs work that may use several threads.
    fn in_pool<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let n_threads = self.options.n_threads();
        if n_threads <= 1 {
            return work();
        }
        let pool = self.pool.get_or_init(|| {
            let name = |at| format!("attendb-{at}");
            rayon::ThreadPoolBuilder::new().num_threads(n_threads).thread_name(name).build().ok()
        });
        match pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    fn close(&self) -> Result<()> {
        if self.is_closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let background = self.background.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(background);
        if self.options.read_only || self.engine.poison().is_some() {
            return Ok(());
        }
        self.engine.sync()?;
        let checkpoint = self.engine.checkpoint().map(drop);
        checkpoint.and(self.engine.trim_journal())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            log::warn!("closing the database: {error}; the next open recovers from the journal");
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("status", &self.status()).finish_non_exhaustive()
    }
}

pub(crate) fn limits(options: &Options) -> EngineLimits {
    EngineLimits {
        writer_wait: options.writer_wait,
        delta_bytes_max: options.memory_bytes_max / 4,
        journal_bytes_max: options.journal_bytes_max,
        memory_bytes_max: options.memory_bytes_max,
    }
}
