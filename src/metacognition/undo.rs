//! Taking back what a record of the ledger did.

use rustc_hash::FxHashMap;

use super::{
    archive,
    ledger::{self, Change, Deed, Entry, Kind},
};
use crate::{
    Error, QueryError, Result,
    graph::{Snapshot, Transaction},
    model::{Fact, RelId},
};

/// Takes back what a record did: relationships return from the archive, salience is again what it was. It need not be the
/// last one, as long as nothing later changed the same relationships. Returns the number of the record of the undoing and how
/// many relationships it changed.
///
/// # Errors
/// A query error where there is no such record, it was undone already, or something later depends on it: nothing is changed
/// then.
pub(crate) fn undo(transaction: &mut Transaction, id: u32, actor: &str, at: f64) -> Result<(u32, usize)> {
    let Some((record, changes)) = ledger::find(transaction.view(), id)? else {
        let message = format!("there is no compaction {id}");
        let error = QueryError::run("22N51", "EntityNotFound", "NoSuchCompaction", message);
        return Err(error.hint("CALL kg.compactions() lists them").into());
    };
    if !matches!(record.kind, Kind::Compaction | Kind::Reinforcement | Kind::Set | Kind::Restore) {
        let what = record.kind.name();
        return Err(refused(id, format!("it is a {what}, which changed no salience and archived nothing"), None));
    }
    check_later(transaction.view(), id, &changes)?;
    for change in changes.iter().rev() {
        take_back(transaction, id, change, at)?;
    }
    let undone: Vec<Change> = changes
        .iter()
        .rev()
        .map(|change| Change {
            deed: match change.deed {
                Deed::Archive | Deed::Merge => Deed::Restore,
                Deed::Restore => Deed::Archive,
                Deed::Reinforce => Deed::Decay,
                Deed::Decay => Deed::Reinforce,
                Deed::Purge => Deed::Purge,
            },
            old: change.new,
            new: change.old,
            ..*change
        })
        .collect();
    let evidence = format!("{} {id} of {}", record.kind.name(), record.actor);
    let entry =
        Entry { at, kind: Kind::Undo, actor, policy: "", evidence: &evidence, undoes: Some(id), changes: &undone };
    Ok((ledger::append(transaction, &entry)?, undone.len()))
}

/// Returns which records were undone, and by which.
///
/// # Errors
/// `Corrupt` where a record is damaged.
pub(crate) fn undone(view: &Snapshot) -> Result<FxHashMap<u32, u32>> {
    let mut undone = FxHashMap::default();
    ledger::each(view, 0, &mut |record, _| {
        if let Some(of) = record.undoes {
            undone.insert(of, record.id);
        }
        Ok(())
    })?;
    Ok(undone)
}

/// Checks that no later record that still counts changed the same relationships.
fn check_later(view: &Snapshot, id: u32, changes: &[Change]) -> Result<()> {
    let rels: rustc_hash::FxHashSet<u32> = changes.iter().map(|change| change.rel).collect();
    let mut later = Vec::new();
    let mut undone = FxHashMap::default();
    ledger::each(view, id + 1, &mut |record, changes| {
        if let Some(of) = record.undoes {
            undone.insert(of, record.id);
        } else if let Some(change) = changes.iter().find(|change| rels.contains(&change.rel)) {
            later.push((record.id, record.kind, change.rel));
        }
        Ok(())
    })?;
    if let Some(by) = undone.get(&id) {
        return Err(refused(id, format!("it was undone already, by {by}"), None));
    }
    match later.into_iter().find(|(later, ..)| !undone.contains_key(later)) {
        None => Ok(()),
        Some((later, kind, rel)) => {
            let message = format!("{} {later} changed relationship {rel} after it", kind.name());
            Err(refused(id, message, Some(format!("undo {later} first"))))
        }
    }
}

fn take_back(transaction: &mut Transaction, of: u32, change: &Change, at: f64) -> Result<()> {
    let id = RelId::new(change.rel);
    match change.deed {
        Deed::Archive | Deed::Merge => archive::bring_back(transaction, id).map(drop),
        Deed::Restore => archive::put_away(transaction, id, of, at),
        Deed::Purge => Err(refused(of, format!("relationship {id} was destroyed"), None)),
        Deed::Reinforce | Deed::Decay => {
            if !transaction.view().rel_exists(id)? {
                return Err(refused(of, format!("relationship {id} was deleted since"), None));
            }
            let now = transaction.view().salience(id)?;
            if now != change.new {
                let message =
                    format!("the salience of relationship {id} is {now} and not {}, as it was left", change.new);
                return Err(refused(of, message, None));
            }
            transaction.put_fact(Fact::SetSalience { id, salience: change.old })
        }
    }
}

fn refused(id: u32, why: String, hint: Option<String>) -> Error {
    let error = QueryError::run("22N90", "UndoError", "CannotUndo", format!("{id} cannot be undone: {why}"));
    match hint {
        Some(hint) => error.hint(hint).into(),
        None => error.into(),
    }
}
