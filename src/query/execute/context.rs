//! What a running statement shares with its operators: graph, parameters, limits, counters.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use rustc_hash::FxHashMap;

use super::{
    batch::{Batch, value_bytes},
    large,
    measure::Meter,
};
use crate::{
    Error, Result,
    graph::{Snapshot, Transaction},
    model::{RelId, Value},
    query::{
        function::{Clock, Gone, Scene},
        host::Host,
    },
};

/// Rows (or edges) between two looks at the clock and the cancel flag: a few microseconds of work.
const TICKS_BETWEEN_CHECKS: u32 = 4096;

/// Before so large a value is made, the clock is looked at: making it takes some hundred microseconds.
const LARGE_BYTES: usize = 1 << 20;

/// Where a statement reads, and whether it may write.
#[derive(Debug)]
pub(crate) enum Source {
    /// A snapshot; writing is refused.
    Read(Arc<Snapshot>),
    /// A write transaction and its own view.
    Write(Box<Transaction>),
}

impl Source {
    /// Returns the view to read as it is now, for whoever reads while expressions are evaluated.
    pub(crate) fn shared_view(&self) -> Arc<Snapshot> {
        match self {
            Self::Read(snapshot) => snapshot.clone(),
            Self::Write(transaction) => Arc::new(transaction.view().clone()),
        }
    }

    /// Returns the view to read.
    #[inline]
    pub(crate) fn view(&self) -> &Snapshot {
        match self {
            Self::Read(snapshot) => snapshot,
            Self::Write(transaction) => transaction.view(),
        }
    }
}

/// What a statement may use.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// When it must be done, and the time it was allowed in milliseconds.
    pub(crate) deadline: Option<(Instant, u64)>,
    /// Set from outside to stop it.
    pub(crate) cancel: Option<Arc<AtomicBool>>,
    /// The most rows of the result.
    pub(crate) rows_max: u64,
    /// The most bytes its operators may hold.
    pub(crate) memory_max: u64,
    /// How many threads may work for it at once; 0 for as many as the machine has.
    pub(crate) threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: None, cancel: None, rows_max: u64::MAX, memory_max: u64::MAX, threads: 1 }
    }
}

/// What a statement changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) nodes_created: u64,
    pub(crate) nodes_deleted: u64,
    pub(crate) relationships_created: u64,
    pub(crate) relationships_deleted: u64,
    /// Properties set or removed to another value than they had.
    pub(crate) properties_set: u64,
    pub(crate) labels_added: u64,
    pub(crate) labels_removed: u64,
    /// Saliences set to another value than they had.
    pub(crate) saliences_set: u64,
}

/// The rows of a file, for LOAD CSV: a list or a map each.
pub(crate) type FileRows = Box<dyn Iterator<Item = Result<Value>> + Send>;

/// Opens a CSV file: location, with headers, delimiter.
pub(crate) type OpenFile = Arc<dyn Fn(&str, bool, u8) -> Result<FileRows> + Send + Sync>;

/// The most relationships that one answer notes.
const ATTENDED_MAX: usize = 1 << 16;

/// The relationships that an answer attended to, each with its share of the attention.
#[derive(Debug, Default)]
pub(crate) struct Attended {
    weights: FxHashMap<RelId, f32>,
    n_dropped: u64,
}

impl Attended {
    /// Adds to a relationship's share.
    pub(crate) fn add(&mut self, rel: RelId, weight: f32) {
        if self.weights.len() < ATTENDED_MAX || self.weights.contains_key(&rel) {
            *self.weights.entry(rel).or_default() += weight;
        } else {
            self.n_dropped += 1;
        }
    }

    /// Returns the shares by relationship, and how many were dropped.
    pub(crate) fn into_sorted(self) -> (Vec<(RelId, f32)>, u64) {
        let mut all: Vec<(RelId, f32)> = self.weights.into_iter().collect();
        all.sort_unstable_by_key(|(rel, _)| *rel);
        (all, self.n_dropped)
    }
}

/// The outer rows of an inner plan.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) batch: Batch,
    /// The rows the inner plan is to work on.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Everything shared by the operators of one execution.
pub(crate) struct Context {
    /// There while a run is on.
    pub(super) source: Option<Source>,
    pub(crate) params: Vec<Value>,
    /// Parameters whose numbers the caller has side by side too: finite, in the order of the list.
    pub(crate) vectors: Vec<(usize, Arc<[f32]>)>,
    pub(crate) limits: Limits,
    pub(crate) summary: Summary,
    pub(crate) files: Option<OpenFile>,
    /// The database around the statement, where a plan asks for it.
    pub(crate) host: Option<Arc<dyn Host>>,
    /// One for each inner plan; number 0 is the empty row at the top.
    pub(crate) frames: Vec<Frame>,
    /// Variables of comprehensions, by their number.
    pub(crate) locals: Vec<Value>,
    /// What the statement deleted.
    pub(crate) gone: Gone,
    /// What the statement attended to, where that is noted.
    pub(crate) attended: Attended,
    /// The saliences that were set and not yet told of, each with what it was and what it is.
    pub(super) saliences: FxHashMap<RelId, (f32, f32)>,
    /// How many candidates were given credits in this run.
    n_credits: i64,
    clock: Clock,
    /// The number of the run, from 1.
    run: u64,
    ticks: u32,
    pub(super) bytes_held: u64,
    /// The most held since this was last set to what is held; kept for [`Meter`].
    pub(super) bytes_held_max: u64,
    /// There while operators are measured.
    pub(super) meter: Option<Box<Meter>>,
    /// The most that was held at once in this run.
    bytes_held_most: u64,
    /// Bytes of values that expressions have made and nobody holds yet.
    made: u64,
    /// Large lists that expressions have made, kept so that none is dropped where it is used last.
    large: Vec<Arc<[Value]>>,
}

impl Context {
    /// Returns the context of a plan with `n_frames` inner plans in a frame of `width` slots. It waits for a run.
    pub(super) fn new(n_frames: usize, width: usize) -> Self {
        let mut frames: Vec<Frame> =
            (0..n_frames).map(|_| Frame { batch: Batch::new(width), start: 0, end: 0 }).collect();
        frames[0].batch.len = 1;
        frames[0].end = 1;
        Self {
            source: None,
            params: Vec::new(),
            vectors: Vec::new(),
            limits: Limits::default(),
            summary: Summary::default(),
            files: None,
            host: None,
            frames,
            locals: Vec::new(),
            gone: Gone::default(),
            attended: Attended::default(),
            saliences: FxHashMap::default(),
            n_credits: 0,
            clock: Clock::default(),
            run: 0,
            ticks: 0,
            bytes_held: 0,
            bytes_held_most: 0,
            made: 0,
            bytes_held_max: 0,
            meter: None,
            large: Vec::new(),
        }
    }

    /// Gets ready for a run; frames keep their buffers.
    pub(super) fn start(&mut self, source: Source, params: Vec<Value>, limits: Limits) {
        self.source = Some(source);
        self.params = params;
        self.vectors.clear();
        self.limits = limits;
        self.summary = Summary::default();
        self.files = None;
        self.host = None;
        if !self.gone.is_empty() {
            self.gone = Gone::default();
        }
        self.attended = Attended::default();
        self.saliences.clear();
        self.n_credits = 0;
        self.clock = Clock::default();
        self.run += 1;
        self.ticks = 0;
        (self.bytes_held, self.bytes_held_max) = (0, 0);
        if let Some(meter) = &mut self.meter {
            meter.start();
        }
        self.bytes_held_most = 0;
        self.made = 0;
        self.give_up_unused();
    }

    /// Takes note of a value that an expression has made.
    #[inline]
    pub(crate) fn note(&mut self, value: &Value) {
        if large::is_large(value)
            && let Value::List(items) = value
        {
            self.large.push(items.clone());
        }
    }

    /// Gives up the large lists that nobody uses any more.
    pub(super) fn give_up_unused(&mut self) {
        for list in self.large.extract_if(.., |list| Arc::strong_count(list) == 1) {
            large::give_up(list.len() * size_of::<Value>(), list);
        }
    }

    /// Returns where the run reads and writes.
    #[inline]
    pub(crate) fn source(&self) -> &Source {
        self.source.as_ref().expect("operators run between start and finish")
    }

    /// Returns the view to read.
    #[inline]
    pub(crate) fn view(&self) -> &Snapshot {
        self.source().view()
    }

    /// Returns the transaction to write.
    ///
    /// # Errors
    /// `NotAllowed` in a read transaction.
    pub(crate) fn transaction(&mut self) -> Result<&mut Transaction> {
        match &mut self.source {
            Some(Source::Write(transaction)) => Ok(transaction),
            _ => Err(Error::NotAllowed { what: "writing in a read transaction".into() }),
        }
    }

    /// Returns the number of the run: what is the same for all rows of a run is known by it.
    pub(crate) const fn run(&self) -> u64 {
        self.run
    }

    /// Takes the saliences that were set to another value than they had, in the order of ids.
    pub(super) fn take_saliences(&mut self) -> Vec<(RelId, f32, f32)> {
        let set = std::mem::take(&mut self.saliences).into_iter();
        let mut set: Vec<_> =
            set.filter(|(_, (old, new))| old != new).map(|(rel, (old, new))| (rel, old, new)).collect();
        set.sort_unstable_by_key(|(rel, ..)| *rel);
        set
    }

    /// Numbers the credit of a candidate, uniquely in this run.
    pub(crate) fn next_credit(&mut self) -> i64 {
        self.n_credits += 1;
        self.n_credits
    }

    /// Returns what functions may see.
    pub(crate) fn scene(&self) -> Scene<'_> {
        Scene { view: self.view(), gone: &self.gone, clock: &self.clock }
    }

    /// Counts work done and, every so often, looks whether to stop.
    ///
    /// # Errors
    /// `Cancelled`, `Deadline`.
    #[inline]
    pub(crate) fn tick(&mut self, n: usize) -> Result<()> {
        self.ticks = self.ticks.saturating_add(n as u32);
        if self.ticks >= TICKS_BETWEEN_CHECKS { self.check() } else { Ok(()) }
    }

    #[cold]
    fn check(&mut self) -> Result<()> {
        self.ticks = 0;
        self.give_up_unused();
        if self.limits.cancel.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(Error::Cancelled);
        }
        match self.limits.deadline {
            Some((at, allowed_ms)) if Instant::now() >= at => Err(Error::Deadline { allowed_ms }),
            _ => Ok(()),
        }
    }

    /// Changes what an operator holds, from `held` bytes to `bytes`.
    ///
    /// # Errors
    /// `Limit` where all operators together would hold more than the statement may.
    pub(crate) fn hold(&mut self, held: &mut u64, bytes: usize) -> Result<()> {
        let bytes = bytes as u64;
        self.bytes_held = self.bytes_held - (*held).min(self.bytes_held) + bytes;
        *held = bytes;
        self.bytes_held_most = self.bytes_held_most.max(self.bytes_held);
        self.bytes_held_max = self.bytes_held_max.max(self.bytes_held);
        self.check_memory()
    }

    /// Counts a value (or a part of one) that an expression makes: called before it is made, where it may be large.
    ///
    /// # Errors
    /// `Limit` where it and everything held would be more than the statement may hold; `Cancelled`, `Deadline` where it is
    /// large.
    #[inline]
    pub(crate) fn make(&mut self, bytes: usize) -> Result<()> {
        if bytes >= LARGE_BYTES {
            self.check()?;
        }
        self.made = self.made.saturating_add(bytes as u64);
        self.bytes_held_most = self.bytes_held_most.max(self.made + self.bytes_held);
        if self.made + self.bytes_held > self.limits.memory_max { self.check_memory() } else { Ok(()) }
    }

    /// Returns how much is made and not yet held, for [`settle`](Self::settle), [`forget`](Self::forget) and
    /// [`take_made`](Self::take_made).
    #[inline]
    pub(crate) const fn made(&self) -> u64 {
        self.made
    }

    /// What was made since `mark` has become this value: what was only needed on the way is gone.
    #[inline]
    pub(crate) fn settle(&mut self, mark: u64, value: &Value) {
        if self.made > mark {
            self.made = mark + (self.made - mark).min(value_bytes(value) as u64);
        }
    }

    /// What was made since `mark` is gone, or held by somebody who counts it.
    #[inline]
    pub(crate) fn forget(&mut self, mark: u64) {
        self.made = mark;
    }

    /// Returns how many bytes were made since `mark`, for an operator that holds them from now on.
    #[inline]
    pub(crate) fn take_made(&mut self, mark: u64) -> usize {
        let bytes = self.made - mark;
        self.made = mark;
        bytes as usize
    }

    /// Refuses more changes than the statement may hold in memory.
    ///
    /// # Errors
    /// `Limit` where the transaction's changes and what operators hold are more than that.
    pub(crate) fn check_changes(&self) -> Result<()> {
        match &self.source {
            Some(Source::Write(transaction)) if transaction.bytes() + self.bytes_held > self.limits.memory_max => {
                Err(self.too_much_memory())
            }
            _ => Ok(()),
        }
    }

    fn check_memory(&self) -> Result<()> {
        if self.made + self.bytes_held > self.limits.memory_max { Err(self.too_much_memory()) } else { Ok(()) }
    }

    #[cold]
    fn too_much_memory(&self) -> Error {
        Error::Limit { what: "memory of a statement in bytes", max: self.limits.memory_max }
    }

    /// Returns the most that operators held at once in this run.
    pub(super) const fn bytes_held_most(&self) -> u64 {
        self.bytes_held_most
    }

    /// Gives back what an operator holds.
    pub(crate) fn release(&mut self, held: &mut u64) {
        self.bytes_held -= (*held).min(self.bytes_held);
        *held = 0;
    }
}
