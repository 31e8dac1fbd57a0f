//! The database as its own observer: what statements ask of it by `kg.*` procedures, the folding of accesses, and the
//! compactions it does by itself.
//!
//! Brings together what [`metacognition`](crate::metacognition) decides and what only the database has: queries to replay,
//! the clock of the system, transactions and threads.

mod args;
mod compact;
mod fold;
mod judge;
mod look;
mod replay;
mod rhythm;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

pub(super) use self::{
    fold::{Answers, fold_log, fold_waiting, logged},
    replay::Reservoir,
    rhythm::{Rhythm, step},
};
use super::Inner;
use crate::{
    Result,
    graph::{CheckReport, Snapshot, Transaction},
    metacognition::{
        archive, attention,
        clock::Clock,
        ledger::{self, Change, Deed, Entry, Evidence, Kind},
        undo,
    },
    model::{NoteTable, RelId, Relationship, Value},
    query::{
        execute::{Limits, Source, hydrate},
        host::{Host, HostCall},
    },
};

/// What the observer remembers while the database is open.
#[derive(Default)]
pub(super) struct Mind {
    answers: Mutex<Answers>,
    reservoir: Mutex<Reservoir>,
    is_paused: AtomicBool,
    /// What it does by itself.
    rhythm: Mutex<Rhythm>,
}

impl Mind {
    pub(super) fn answers(&self) -> std::sync::MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops what the database does by itself, or lets it go on.
    fn pause(&self, is_paused: bool) -> Vec<Vec<Value>> {
        self.is_paused.store(is_paused, Ordering::Relaxed);
        Vec::new()
    }

    pub(super) fn reservoir(&self) -> std::sync::MutexGuard<'_, Reservoir> {
        self.reservoir.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The database around a statement.
pub(super) struct Around(pub(super) Arc<Inner>);

impl Host for Around {
    fn call(&self, call: HostCall, args: &[Value], source: &mut Source, limits: &Limits) -> Result<Vec<Vec<Value>>> {
        let inner = &self.0;
        match (call, source) {
            (HostCall::Archived, source) => look::archived(source.view()),
            (HostCall::Compactions, source) => look::compactions(source.view()),
            (HostCall::History, source) => look::history(source.view(), &args[0]),
            (HostCall::Reflect, source) => look::reflect(inner, source.view(), &args[0]),
            (HostCall::Compact, Source::Write(transaction)) => compact::call(inner, transaction, &args[0], limits),
            (HostCall::Pause, _) => Ok(inner.mind.pause(true)),
            (HostCall::Resume, _) => Ok(inner.mind.pause(false)),
            (HostCall::Pin, Source::Write(transaction)) => pin(transaction, &args[0], true),
            (HostCall::Unpin, Source::Write(transaction)) => pin(transaction, &args[0], false),
            (HostCall::Purge, Source::Write(transaction)) => purge(transaction, &args[0]),
            (HostCall::Reinforce, Source::Write(transaction)) => fold::feedback(inner, transaction, &args[0], &args[1]),
            (HostCall::Restore, Source::Write(transaction)) => restore(transaction, &args[0]),
            (HostCall::UndoCompaction, Source::Write(transaction)) => {
                let id = args::number(&args[0], "id")?;
                let at = now(transaction.view())?.now;
                let (record, n) = undo::undo(transaction, id, "kg.undoCompaction", at)?;
                Ok(vec![vec![Value::Int(record.into()), Value::Int(n as i64)]])
            }
            (_, Source::Read(_)) => {
                Err(crate::Error::NotAllowed { what: "changing the database in a read transaction".into() })
            }
        }
    }

    fn tell_saliences(&self, set: &[(RelId, f32, f32)], transaction: &mut Transaction) -> Result<()> {
        tell_saliences(transaction, set)
    }

    fn reinforce(&self, credits: &[(RelId, f32)], reward: f64, transaction: &mut Transaction) -> Result<()> {
        fold::reinforce(transaction, credits, reward, "REINFORCE", 0)
    }
}

/// Checks what the database keeps about itself: that it can be read, and that nobody has changed the ledger.
pub(super) fn check(view: &Snapshot, report: &mut CheckReport) {
    let archive = archive::each(view, &mut |id, _| match view.rel_exists(id)? {
        true => Err(crate::Error::corrupt(format_args!("relationship {id}"), "the archive or the graph", "both")),
        false => Ok(()),
    });
    let attention = attention::each(view, &mut |_, _| Ok(())).and_then(|()| attention::log(view).map(drop));
    for checked in [ledger::verify(view).map(drop), archive, attention] {
        if let Err(error) = checked {
            report.problem(|| error.to_string());
        }
    }
}

/// Tells the ledger of saliences that a statement has set.
///
/// # Errors
/// `Corrupt` where a block is damaged; `Limit`.
pub(super) fn tell_saliences(transaction: &mut Transaction, set: &[(RelId, f32, f32)]) -> Result<()> {
    let change = |(rel, old, new): &(RelId, f32, f32)| {
        let deed = if new > old { Deed::Reinforce } else { Deed::Decay };
        Change { rel: rel.get(), deed, old: *old, new: *new, evidence: Evidence::default() }
    };
    let changes: Vec<Change> = set.iter().map(change).collect();
    let entry = Entry {
        at: now(transaction.view())?.now,
        kind: Kind::Set,
        actor: "SET SALIENCE",
        policy: "",
        evidence: "",
        undoes: None,
        changes: &changes,
    };
    ledger::append(transaction, &entry).map(drop)
}

/// Returns the database's clock.
pub(super) fn now(view: &Snapshot) -> Result<Clock> {
    let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |passed| passed.as_secs_f64());
    Clock::read(view, system)
}

/// Returns a relationship with its data.
fn told(view: &Snapshot, id: RelId) -> Result<Value> {
    hydrate(view, Value::Relationship(Relationship { id, data: None }))
}

fn pin(transaction: &mut Transaction, rel: &Value, is_pinned: bool) -> Result<Vec<Vec<Value>>> {
    if rel.is_null() {
        return Ok(Vec::new());
    }
    let id = args::relationship(rel)?;
    if !transaction.view().rel_exists(id)? {
        return Err(archive::unknown(id));
    }
    let was_pinned = transaction.view().note(NoteTable::Pin, id.get())?.is_some();
    if was_pinned != is_pinned {
        transaction.set_note(NoteTable::Pin, id.get(), is_pinned.then(|| Arc::from([1])))?;
    }
    Ok(Vec::new())
}

fn restore(transaction: &mut Transaction, rel: &Value) -> Result<Vec<Vec<Value>>> {
    if rel.is_null() {
        return Ok(Vec::new());
    }
    let id = args::relationship(rel)?;
    let archived = archive::bring_back(transaction, id)?;
    let change =
        Change { rel: id.get(), deed: Deed::Restore, old: 0.0, new: archived.salience, evidence: Evidence::default() };
    let clock = now(transaction.view())?;
    let evidence = format!("archived by {}", archived.compaction);
    ledger::append(
        transaction,
        &Entry {
            at: clock.now,
            kind: Kind::Restore,
            actor: "kg.restore",
            policy: "",
            evidence: &evidence,
            undoes: None,
            changes: &[change],
        },
    )?;
    Ok(vec![vec![told(transaction.view(), id)?]])
}

fn purge(transaction: &mut Transaction, options: &Value) -> Result<Vec<Vec<Value>>> {
    let before = args::purge(options)?;
    let mut gone = Vec::new();
    archive::each(transaction.view(), &mut |id, archived| {
        if archived.at < before {
            gone.push((id, archived.salience));
        }
        Ok(())
    })?;
    let changes: Vec<Change> = gone
        .iter()
        .map(|(id, old)| Change {
            rel: id.get(),
            deed: Deed::Purge,
            old: *old,
            new: 0.0,
            evidence: Evidence::default(),
        })
        .collect();
    for (id, _) in &gone {
        archive::destroy(transaction, *id)?;
    }
    if !changes.is_empty() {
        let clock = now(transaction.view())?;
        let policy = format!("before {before}");
        let entry = Entry {
            at: clock.now,
            kind: Kind::Purge,
            actor: "kg.purge",
            policy: &policy,
            evidence: "",
            undoes: None,
            changes: &changes,
        };
        ledger::append(transaction, &entry)?;
    }
    Ok(vec![vec![Value::Int(changes.len() as i64)]])
}
