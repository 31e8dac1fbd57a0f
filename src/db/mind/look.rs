//! What the observer tells: the archive, the ledger, and how it judges.

use std::{collections::hash_map::Entry, sync::Arc};

use rustc_hash::FxHashMap;

use super::{Inner, args};
use crate::{
    Result,
    graph::Snapshot,
    metacognition::{
        archive, attention,
        ledger::{self, Evidence, Kind},
        undo,
    },
    model::{Node, Value},
    query::{execute::hydrate, function::property_map},
};

/// `kg.archived()`.
///
/// # Errors
/// `Corrupt` where a note is damaged.
pub(super) fn archived(view: &Snapshot) -> Result<Vec<Vec<Value>>> {
    let mut rows = Vec::new();
    // A record has thousands of changes: each is read once.
    let mut records: FxHashMap<u32, (String, FxHashMap<u32, Evidence>)> = FxHashMap::default();
    archive::each(view, &mut |id, archived| {
        let node = |id| hydrate(view, Value::Node(Node { id, data: None }));
        let (by, evidence) = match records.entry(archived.compaction) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let told = ledger::find(view, archived.compaction)?.map(|(record, changes)| {
                    let evidence = changes.iter().map(|change| (change.rel, change.evidence));
                    (format!("{} by {}", record.kind.name(), record.actor), evidence.collect())
                });
                free.insert(told.unwrap_or_default())
            }
        };
        let why = evidence.get(&id.get()).map_or_else(String::new, |evidence| format!(": {}", reason(evidence)));
        let reason = format!("{by}{why}");
        rows.push(vec![
            Value::Int(id.get().into()),
            view.catalog().type_name(archived.record.rel_type).clone().into(),
            node(archived.record.start)?,
            node(archived.record.end)?,
            property_map(view, archived.properties).into(),
            Value::Float(archived.salience.into()),
            Value::Int(archived.compaction.into()),
            Value::Float(archived.at),
            reason.into(),
        ]);
        Ok(())
    })?;
    Ok(rows)
}

/// `kg.compactions()`: every record of the ledger, the oldest first.
///
/// # Errors
/// `Corrupt` where a record is damaged.
pub(super) fn compactions(view: &Snapshot) -> Result<Vec<Vec<Value>>> {
    let undone = undo::undone(view)?;
    let mut rows = Vec::new();
    ledger::each(view, 0, &mut |record, _| {
        rows.push(vec![
            Value::Int(record.id.into()),
            Value::Float(record.at),
            record.actor.into(),
            record.kind.name().into(),
            record.policy.into(),
            record.evidence.into(),
            Value::Int(record.n_changes.into()),
            undone.get(&record.id).map_or(Value::Null, |by| Value::Int((*by).into())),
            ledger::hex(&record.hash).into(),
        ]);
        Ok(())
    })?;
    Ok(rows)
}

/// `kg.history(r)`: what was done to a relationship, the oldest first; archived or destroyed ones by their id.
///
/// # Errors
/// A query error where it is no relationship and no id; `Corrupt` where a record is damaged.
pub(super) fn history(view: &Snapshot, rel: &Value) -> Result<Vec<Vec<Value>>> {
    if rel.is_null() {
        return Ok(Vec::new());
    }
    let rel = args::relationship(rel)?.get();
    let mut rows = Vec::new();
    ledger::each(view, 0, &mut |record, changes| {
        for change in changes.iter().filter(|change| change.rel == rel) {
            let mut cause = format!("{} by {}: {}", record.kind.name(), record.actor, change.deed.name());
            if change.evidence != Evidence::default() {
                cause.push_str(&format!(" ({})", reason(&change.evidence)));
            }
            let salience = if change.deed.puts_away() { Value::Null } else { Value::Float(change.new.into()) };
            rows.push(vec![Value::Float(record.at), salience, cause.into(), Value::Int(record.id.into())]);
        }
        Ok(())
    })?;
    Ok(rows)
}

/// `kg.reflect({since})`: what was noticed, what was done since, and what it was done by.
///
/// # Errors
/// A query error where an option is wrong; `Corrupt` where a note is damaged.
pub(super) fn reflect(inner: &Arc<Inner>, view: &Snapshot, options: &Value) -> Result<Vec<Vec<Value>>> {
    let since = args::since(options)?;
    let mut rows = Vec::new();
    let mut row = |kind: &str, subject: &str, value: Value, reason: String| {
        rows.push(vec![kind.into(), subject.into(), value, reason.into()]);
    };
    let standing = attention::standing(view)?;
    let int = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let (n_waiting, n_dropped) = inner.accesses.counts();
    let mut n_attended = 0;
    attention::each(view, &mut |_, _| {
        n_attended += 1;
        Ok(())
    })?;
    row("accesses", "folded", int(standing.n_accesses), format!("of {n_attended} relationships of {}", view.n_rels()));
    row("accesses", "waiting", int(n_waiting), "noted and not folded in yet".into());
    row("accesses", "dropped", int(n_dropped), "the log was full; counted since the database was opened".into());
    let n_archived = {
        let mut n = 0;
        archive::each(view, &mut |_, _| {
            n += 1;
            Ok(())
        })?;
        n
    };
    row("archive", "relationships", int(n_archived), "CALL kg.archived() lists them".into());
    if let Some((judge, at)) = attention::learnt(view)? {
        row("judge", "learnt", Value::Float(at), "what the attention clock showed when it last learnt".into());
        for told in judge.reflect(f64::NEG_INFINITY) {
            row(told.kind, &told.subject, Value::Float(told.value), told.reason);
        }
    }
    let undone = undo::undone(view)?;
    ledger::each(view, 0, &mut |record, _| {
        if record.at < since {
            return Ok(());
        }
        let subject = format!("{} {}", record.kind.name(), record.id);
        let what = match record.kind {
            Kind::Refusal => "refusal",
            _ => "deed",
        };
        let mut reason = format!("{}: {}", record.actor, record.evidence);
        if let Some(by) = undone.get(&record.id) {
            reason.push_str(&format!("; undone by {by}"));
        }
        row(what, &subject, int(record.n_changes.into()), reason);
        Ok(())
    })?;
    Ok(rows)
}

/// Returns evidence as a sentence's part.
pub(super) fn reason(evidence: &Evidence) -> String {
    let Evidence { judged, n_accesses, n_sources, last } = *evidence;
    if n_accesses == 0 {
        return format!("judged {judged:.4}, never attended");
    }
    let times = if n_accesses == 1 { "time" } else { "times" };
    let sources = if n_sources == 1 { "source" } else { "sources" };
    format!("judged {judged:.4}, attended {n_accesses} {times} by about {n_sources} {sources}, last at {last:.0}")
}
