//! Work nobody waits for: flushing buffered commits, preparing journal segments, checkpoints.

use std::{
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, Weak},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{Durability, Inner, Options, mind};
use crate::{Error, Result, graph::Engine};

/// How often the thread looks whether there is anything to do: a checkpoint may be late by this much.
const TICK: Duration = Duration::from_millis(100);

/// How long vectors are indexed before the thread looks at everything else.
const AT_ONCE: Duration = Duration::from_millis(50);

/// How long the thread leaves a failing checkpoint alone.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(5);

/// The thread that does background work until dropped.
pub(super) struct Background {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// The database, once it is there; the thread must not keep it.
    database: OnceLock<Weak<Inner>>,
}

#[derive(Default)]
struct State {
    is_ending: bool,
    is_woken: bool,
}

impl Background {
    pub(super) fn start(engine: Arc<Engine>, options: &Options) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let (theirs, options) = (shared.clone(), options.clone());
        let thread = std::thread::Builder::new()
            .name("attendb-background".into())
            .spawn(move || run(&engine, &options, &theirs))
            .map_err(|error| Error::io("start a thread for", "background work", &error))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Tells the thread whose work it does.
    pub(super) fn serve(&self, database: Weak<Inner>) {
        let _ = self.shared.database.set(database);
    }

    pub(super) fn wake(&self) {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).is_woken = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).is_ending = true;
        self.shared.changed.notify_one();
        // The thread itself may have been the last to hold the database.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            // A panic there has been reported by the panic hook; closing goes on.
            let _ = thread.join();
        }
    }
}

fn run(engine: &Engine, options: &Options, shared: &Shared) {
    let wait = if options.durability == Durability::Buffered {
        TICK.min(Duration::from_millis(options.buffered_ms.max(1)))
    } else {
        TICK
    };
    let mut paused_until = Instant::now();
    let mut goes_on = false;
    loop {
        let state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut state, _) = shared
            .changed
            .wait_timeout_while(state, wait, |state| !state.is_ending && !state.is_woken && !goes_on)
            .unwrap_or_else(PoisonError::into_inner);
        if state.is_ending {
            return;
        }
        state.is_woken = false;
        drop(state);
        // Buffered commits were promised to be on disk soon, whatever else fails.
        let is_paused = Instant::now() < paused_until;
        let done = if is_paused {
            sync(engine, options)
        } else {
            step(engine, options, Duration::MAX).and_then(|_| observe(shared))
        };
        if let Err(error) = done
            && !is_paused
        {
            log::warn!("background work: {error}");
            paused_until = Instant::now() + PAUSE_AFTER_ERROR;
        }
        goes_on = engine.has_vectors_to_index();
    }
}

/// Lets the database observe itself.
fn observe(shared: &Shared) -> Result<()> {
    let Some(database) = shared.database.get().and_then(Weak::upgrade) else { return Ok(()) };
    mind::step(&database, Duration::MAX).map(drop)
}

/// Does what is due, as long as the budget lasts; a checkpoint that has begun is finished.
pub(super) fn step(engine: &Engine, options: &Options, budget: Duration) -> Result<bool> {
    let start = Instant::now();
    sync(engine, options)?;
    // Without room for a segment the rest is done all the same: a checkpoint may make some.
    let prepared = engine.prepare_journal();
    let mut has_worked = *prepared.as_ref().unwrap_or(&false);
    if start.elapsed() < budget && !options.read_only {
        has_worked |= engine.catch_up_texts();
    }
    let until = budget.min(start.elapsed() + AT_ONCE);
    has_worked |= engine.catch_up_vectors(&mut || start.elapsed() < until);
    let is_due =
        engine.journal_bytes() > options.checkpoint_bytes || engine.delta_bytes() > options.checkpoint_bytes * 2;
    if is_due && start.elapsed() < budget && !options.read_only {
        has_worked |= engine.checkpoint()?;
    }
    prepared.map(|_| has_worked)
}

/// Writes buffered commits to disk.
fn sync(engine: &Engine, options: &Options) -> Result<()> {
    if options.durability == Durability::Buffered { engine.sync() } else { Ok(()) }
}
