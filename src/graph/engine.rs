//! Two heads and the only commit.
//!
//! The *pending* head holds every commit that has its place in the journal; the next transaction starts from it. The
//! *durable* head is what readers load: it follows once an `fdatasync` covers the commit (at once for
//! [`Durability::Buffered`] and for databases in memory). One transaction writes at a time; waiting for the disk happens
//! outside, so commits of many threads share one `fdatasync`.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use super::{
    change::Check,
    checkpoint::Keeper,
    fulltext::Fulltexts,
    manifest,
    near::NearWork,
    snapshot::{Origin, Snapshot},
    transaction::Transaction,
};
use crate::{
    Error, Result,
    storage::{BlockKey, FrameKind, Home, Journal, Store, Ticket},
};

/// How long a transaction waits for the one before it between two looks whether to go on.
const WAIT_BETWEEN_CHECKS: Duration = Duration::from_millis(10);

/// When a commit is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// After it is on disk: it survives kill and power loss.
    #[default]
    Sync,
    /// At once: a kill loses nothing that the operating system has, a power loss up to
    /// [`Options::buffered_ms`](crate::Options) of commits, always the latest ones and never a part of one.
    Buffered,
}

/// What the engine may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EngineLimits {
    /// How long a transaction waits for the one before it.
    pub(crate) writer_wait: Duration,
    /// Bytes of unfolded changes above which writers wait for a checkpoint.
    pub(crate) delta_bytes_max: u64,
    /// Bytes of journal above which commits are refused.
    pub(crate) journal_bytes_max: u64,
    /// Bytes of blocks and changes in memory above which transactions are refused.
    pub(crate) memory_bytes_max: u64,
}

/// The graph of one database: its heads, its journal, its blocks.
pub(crate) struct Engine {
    pub(super) store: Arc<Store>,
    pub(super) journal: Option<Journal>,
    pub(super) keeper: Mutex<Keeper>,
    limits: EngineLimits,
    durable: ArcSwap<Snapshot>,
    writing: Mutex<Writing>,
    free: Condvar,
    /// Commits that have their place in the journal and are not published yet, oldest first.
    waiting: Mutex<VecDeque<Arc<Snapshot>>>,
    generation: AtomicU64,
    poison: OnceLock<String>,
    snapshots: Mutex<Vec<std::sync::Weak<Snapshot>>>,
    /// Blocks of bulk loads committed since the last checkpoint.
    adopted: Mutex<Vec<(u64, Vec<BlockKey>)>>,
    /// What is to be done for indexes of vectors.
    near_work: Mutex<NearWork>,
    /// Locks the directory; last, so that everything else is closed before.
    home: Option<Arc<Home>>,
}

struct Writing {
    head: Arc<Snapshot>,
    is_busy: bool,
}

impl Engine {
    /// Returns the engine of a recovered view.
    pub(super) fn new(
        store: Arc<Store>,
        journal: Option<Journal>,
        head: Snapshot,
        keeper: Keeper,
        generation: u64,
        limits: EngineLimits,
        home: Option<Home>,
    ) -> Self {
        let head = Arc::new(head);
        Self {
            store,
            journal,
            keeper: Mutex::new(keeper),
            limits,
            durable: ArcSwap::new(head.clone()),
            writing: Mutex::new(Writing { head, is_busy: false }),
            free: Condvar::new(),
            waiting: Mutex::default(),
            generation: AtomicU64::new(generation),
            poison: OnceLock::new(),
            snapshots: Mutex::default(),
            adopted: Mutex::default(),
            near_work: Mutex::default(),
            home: home.map(Arc::new),
        }
    }

    /// Returns the durable head.
    #[inline]
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.durable.load_full()
    }

    /// Returns an engine in memory whose graph is this one's as it is now, sharing every block: neither sees what the
    /// other changes from here on.
    pub(crate) fn fork(&self, limits: EngineLimits) -> Arc<Self> {
        let view = self.snapshot();
        let origin = Origin { _epoch: view.epoch.clone(), _before: view.origin.clone(), _home: self.home.clone() };
        let store = Arc::new(Store::memory());
        let fulltexts = Arc::new(Fulltexts::default());
        fulltexts.begin_after(view.sequence());
        let head = Snapshot {
            store: store.clone(),
            fulltexts,
            nears: Arc::default(),
            epoch: Arc::new(()),
            origin: Some(Arc::new(origin)),
            ..(*view).clone()
        };
        // Above every generation the shared blocks have: the fork's own never take the name of one.
        let generation = self.generation.load(Ordering::Relaxed);
        Arc::new(Self::new(store, None, head, Keeper::default(), generation, limits, None))
    }

    /// Returns the durable head without counting a reference; for looking, not for keeping.
    #[inline]
    pub(crate) fn peek(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.durable.load()
    }

    /// Remembers that a transaction holds this view, for [`oldest_snapshot`](Self::oldest_snapshot).
    pub(crate) fn watch(&self, snapshot: &Arc<Snapshot>) {
        let mut snapshots = lock(&self.snapshots);
        snapshots.retain(|known| known.strong_count() > 0);
        snapshots.push(Arc::downgrade(snapshot));
    }

    /// Returns the oldest view that a transaction still holds.
    pub(crate) fn oldest_snapshot(&self) -> Option<Arc<Snapshot>> {
        lock(&self.snapshots).iter().filter_map(std::sync::Weak::upgrade).min_by_key(|snapshot| snapshot.sequence())
    }

    /// Returns a generation nobody has written.
    pub(crate) fn next_generation(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits for the transaction before, and returns one on the pending head.
    ///
    /// # Errors
    /// `Limit` where that takes longer than allowed, or the graph takes more memory than it may; `Poisoned` after a failed
    /// write.
    pub(crate) fn begin(self: &Arc<Self>) -> Result<Writer> {
        self.begin_unless(&mut || Ok(()))
    }

    /// As [`begin`](Self::begin), and asks `check` now and then whether to go on waiting.
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and those of `check`.
    pub(crate) fn begin_unless(self: &Arc<Self>, check: &mut Check<'_>) -> Result<Writer> {
        self.check_poison()?;
        self.check_memory()?;
        let until = Instant::now() + self.limits.writer_wait;
        let head = self.occupy(until, check)?.ok_or_else(|| self.waited_too_long())?;
        Ok(Writer { engine: self.clone(), transaction: Some(Transaction::new((*head).clone())), is_held: true })
    }

    /// Waits until nobody writes and takes the place. Returns the pending head, or `None` where that takes too long.
    ///
    /// # Errors
    /// Those of `check`, which is asked now and then.
    fn occupy(&self, until: Instant, check: &mut Check<'_>) -> Result<Option<Arc<Snapshot>>> {
        let mut writing = lock(&self.writing);
        while writing.is_busy {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            check()?;
            let wait = left.min(WAIT_BETWEEN_CHECKS);
            writing = self.free.wait_timeout(writing, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        writing.is_busy = true;
        Ok(Some(writing.head.clone()))
    }

    fn release(&self) {
        lock(&self.writing).is_busy = false;
        self.free.notify_one();
    }

    /// Makes everything up to `sequence` visible to readers.
    fn publish(&self, sequence: u64) {
        let mut waiting = lock(&self.waiting);
        let mut newest = None;
        while waiting.front().is_some_and(|view| view.sequence() <= sequence) {
            newest = waiting.pop_front();
        }
        if let Some(newest) = newest {
            self.durable.store(newest);
        }
    }

    /// Changes how the pending head is stored, not what it says; the durable head too where it is the same commit.
    ///
    /// # Errors
    /// `Limit` where a transaction keeps the head for longer than writers wait: nothing was changed.
    pub(super) fn change_head(&self, change: impl FnOnce(&mut Snapshot)) -> Result<()> {
        let until = Instant::now() + self.limits.writer_wait;
        let head = self.occupy(until, &mut || Ok(()))?.ok_or_else(|| self.waited_too_long())?;
        let mut head = (*head).clone();
        change(&mut head);
        let head = Arc::new(head);
        let mut waiting = lock(&self.waiting);
        lock(&self.writing).head = head.clone();
        match waiting.back_mut() {
            Some(last) => *last = head,
            None => self.durable.store(head),
        }
        drop(waiting);
        self.release();
        Ok(())
    }

    fn waited_too_long(&self) -> Error {
        let max = self.limits.writer_wait.as_millis() as u64;
        Error::Limit { what: "milliseconds waiting for another write transaction", max }
    }

    /// Returns the blocks of bulk loads committed since the last call.
    pub(super) fn take_adopted(&self) -> Vec<(u64, Vec<BlockKey>)> {
        std::mem::take(&mut lock(&self.adopted))
    }

    /// Writes what buffered commits left to the operating system to disk.
    ///
    /// # Errors
    /// `Io` and then `Poisoned` where that fails.
    pub(crate) fn sync(&self) -> Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let durable = journal.sync_now().map_err(|error| self.poisoned(error))?;
        self.publish(durable);
        Ok(())
    }

    /// Makes the next journal segment ready before it is needed. Returns whether it did.
    ///
    /// # Errors
    /// `Full`, `Io` where the segment cannot be made; a commit that needs it tries again.
    pub(crate) fn prepare_journal(&self) -> Result<bool> {
        self.journal.as_ref().map_or(Ok(false), Journal::prepare_next)
    }

    /// Gives back the room the journal preallocated and did not need.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub(crate) fn trim_journal(&self) -> Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        journal.close().map_err(|error| self.poisoned(error))
    }

    /// Brings the files of full-text indexes up to date, where there is enough to do. Returns whether there was.
    pub(crate) fn catch_up_texts(&self) -> bool {
        let view = self.snapshot();
        view.fulltexts.catch_up_if_due(&view)
    }

    /// Builds indexes of vectors, and brings them up to date, as long as `go_on` says so. Returns whether there was anything
    /// to do. What fails is told, and makes searches slower, not wrong.
    pub(crate) fn catch_up_vectors(&self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let view = self.snapshot();
        let used = self.pinned_bytes() + self.delta_bytes();
        let bytes_left = self.limits.memory_bytes_max.saturating_sub(used);
        lock(&self.near_work).step(&view, bytes_left, go_on).unwrap_or_else(|error| {
            log::warn!("an index of vectors is not brought up to date: {error}");
            true
        })
    }

    /// Returns whether an index of vectors is being made or brought up to date.
    pub(crate) fn has_vectors_to_index(&self) -> bool {
        lock(&self.near_work).is_busy()
    }

    /// Returns bytes of unfolded changes in the pending head.
    pub(crate) fn delta_bytes(&self) -> u64 {
        lock(&self.writing).head.delta_bytes
    }

    /// Returns bytes of journal.
    pub(crate) fn journal_bytes(&self) -> u64 {
        self.journal.as_ref().map_or(0, Journal::bytes)
    }

    /// Returns whether unfolded changes are beyond what writers may pile up.
    pub(crate) fn is_behind(&self) -> bool {
        self.delta_bytes() > self.limits.delta_bytes_max
    }

    /// Returns bytes of blocks that views hold in memory.
    pub(crate) fn pinned_bytes(&self) -> u64 {
        self.store.pinned_bytes().load(Ordering::Relaxed)
    }

    /// Returns an error where blocks and changes take more memory than the database may use. Reading goes on: what is
    /// pinned stays, and refusing readers would give nothing back.
    pub(super) fn check_memory(&self) -> Result<()> {
        let graphs = self.peek().nears.bytes();
        if self.pinned_bytes() + self.delta_bytes() + graphs > self.limits.memory_bytes_max {
            return Err(Error::Limit { what: "bytes of graph in memory", max: self.limits.memory_bytes_max });
        }
        Ok(())
    }

    fn check_poison(&self) -> Result<()> {
        self.poison.get().map_or(Ok(()), |cause| Err(Error::Poisoned { cause: cause.clone() }))
    }

    fn poisoned(&self, error: Error) -> Error {
        self.poison.get_or_init(|| error.to_string());
        error
    }

    /// Returns whether a failed write has made the engine read-only.
    pub(crate) fn poison(&self) -> Option<&str> {
        self.poison.get().map(String::as_str)
    }

    /// Gives a commit its place in the journal and makes it the pending head. The transaction stays where it was given up
    /// on the way: what is encoded can still be, what is in the journal cannot.
    fn append(&self, transaction: &mut Option<Transaction>) -> Result<(u64, Option<Ticket>)> {
        let encoded = match (&self.journal, &*transaction) {
            (Some(_), Some(tx)) if tx.written.keys.is_empty() => tx.encode()?,
            _ => Vec::new(),
        };
        let mut transaction = transaction.take().expect("whoever commits has a transaction");
        let written = std::mem::take(&mut transaction.written);
        let (mut view, facts) = transaction.into_parts();
        let sequence = view.sequence + 1;
        view.sequence = sequence;
        let mut blocks = written.keys;
        let ticket = match &self.journal {
            None => None,
            Some(journal) => {
                if journal.bytes() > self.limits.journal_bytes_max {
                    return Err(Error::Full { what: "the journal is at its limit and no checkpoint succeeds".into() });
                }
                let ticket = if blocks.is_empty() {
                    journal.append(FrameKind::Batch, &encoded)?
                } else {
                    let generation = self.next_generation();
                    let adopted =
                        manifest::write(&self.store, &view, &blocks, &facts, generation).and_then(|written| {
                            blocks.push(written.0);
                            journal.append(FrameKind::Adopt, &written.1)
                        });
                    adopted.inspect_err(|_| {
                        self.store.forget(generation);
                        // As where a transaction is given up: what cannot be deleted now is swept after the next open.
                        let _ = self.store.apply(blocks.iter().map(|key| (*key, None)).collect());
                    })?
                };
                assert_eq!(ticket.sequence, sequence, "the journal counts commits as the heads do");
                Some(ticket)
            }
        };
        if !blocks.is_empty() {
            lock(&self.adopted).push((sequence, blocks));
        }
        view.fulltexts.committed(sequence, std::mem::take(&mut view.changes));
        let head = Arc::new(view);
        lock(&self.waiting).push_back(head.clone());
        lock(&self.writing).head = head;
        Ok((sequence, ticket))
    }

    /// Waits until a commit may be acknowledged.
    fn acknowledge(&self, sequence: u64, ticket: Option<Ticket>, durability: Durability) -> Result<()> {
        let visible = match (&self.journal, ticket, durability) {
            (Some(journal), Some(ticket), Durability::Sync) => {
                journal.sync(ticket).map_err(|error| self.poisoned(error))?
            }
            _ => sequence,
        };
        self.publish(visible);
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Else the store would outlive the lock on its directory.
        self.store.apart().wait();
    }
}

/// The one transaction that may write. Dropping it rolls back.
pub(crate) struct Writer {
    engine: Arc<Engine>,
    transaction: Option<Transaction>,
    /// Whether nobody else may write yet.
    is_held: bool,
}

impl Writer {
    /// Takes the transaction out, for a statement to run in.
    ///
    /// # Panics
    /// When it is out already.
    pub(crate) fn take(&mut self) -> Transaction {
        self.transaction.take().expect("a transaction runs one statement at a time")
    }

    /// Puts the transaction back.
    pub(crate) fn put(&mut self, transaction: Transaction) {
        self.transaction = Some(transaction);
    }

    /// Returns the transaction, unless a statement has it.
    pub(crate) fn transaction(&mut self) -> Option<&mut Transaction> {
        self.transaction.as_mut()
    }

    /// Makes the changes durable and visible. Returns the number of the commit.
    ///
    /// # Errors
    /// `Full` or `Io` where the journal could not be written: nothing was committed, and the next try may succeed.
    /// `Poisoned` where a flush failed: whether this commit survives is known after reopening.
    pub(crate) fn commit(mut self, durability: Durability) -> Result<u64> {
        self.engine.check_poison()?;
        if self.transaction.as_ref().is_none_or(Transaction::is_empty) {
            return Ok(self.engine.peek().sequence());
        }
        let (sequence, ticket) = self.engine.append(&mut self.transaction)?;
        self.release();
        self.engine.acknowledge(sequence, ticket, durability)?;
        Ok(sequence)
    }

    fn release(&mut self) {
        if std::mem::take(&mut self.is_held) {
            self.engine.release();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The next may write at once: what is thrown away is nobody else's.
        self.release();
        if let Some(transaction) = self.transaction.take() {
            transaction.discard();
        }
    }
}

/// Locks a mutex. A panic while one was held is a bug of ours that the panic has shown; what lies under these locks is
/// replaced whole, so it is never half changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
