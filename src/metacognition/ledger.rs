//! The ledger: what was done to relationships, by whom, why, and from what to what. Records are only added; each holds the
//! hash of the one before, so that none can be changed or taken out unseen.
//!
//! A record is a note of [`NoteTable::Ledger`] under the next number: the 32 bytes of its hash, then its fields. The hash is
//! SHA-256 of the hash before and the bytes of the fields; before the first record it is all zeros. A record of many
//! changes is continued in the notes after it.

use std::sync::Arc;

use bincode::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::{
    Error, Result,
    graph::{Snapshot, Transaction, decode_meta, encode_meta},
    model::NoteTable,
};

const VERSION: u8 = 1;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// Changes that one note holds.
const CHANGES_MAX: usize = 8192;

/// What a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Kind {
    /// Salience was set anew and relationships were archived.
    Compaction,
    /// Salience was changed by feedback, or by accesses where a policy says so.
    Reinforcement,
    /// Salience was set by a statement.
    Set,
    /// A record was undone.
    Undo,
    /// Archived relationships came back.
    Restore,
    /// Archived relationships were destroyed.
    Purge,
    /// A policy was made, altered or dropped.
    Policy,
    /// A compaction refused itself.
    Refusal,
}

impl Kind {
    /// Returns its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Compaction => "compaction",
            Self::Reinforcement => "reinforcement",
            Self::Set => "set",
            Self::Undo => "undo",
            Self::Restore => "restore",
            Self::Purge => "purge",
            Self::Policy => "policy",
            Self::Refusal => "refusal",
        }
    }
}

/// What was done to a relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub(crate) enum Deed {
    /// Its salience rose.
    Reinforce,
    /// Its salience fell.
    Decay,
    /// It was archived as the same as another.
    Merge,
    /// It was archived.
    Archive,
    /// It came back from the archive.
    Restore,
    /// It was destroyed in the archive.
    Purge,
}

impl Deed {
    /// Returns its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reinforce => "reinforce",
            Self::Decay => "decay",
            Self::Merge => "merge",
            Self::Archive => "archive",
            Self::Restore => "restore",
            Self::Purge => "purge",
        }
    }

    /// Returns whether the relationship was in the graph before and is in the archive since.
    pub(crate) const fn puts_away(self) -> bool {
        matches!(self, Self::Merge | Self::Archive)
    }
}

/// Why: what was known of the relationship when it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Evidence {
    /// How likely it was to be attended soon, as judged.
    pub(crate) judged: f32,
    /// How often it had been attended.
    pub(crate) n_accesses: u32,
    /// By about how many sources.
    pub(crate) n_sources: u32,
    /// When last; negative infinity for never.
    pub(crate) last: f64,
}

/// A change of one relationship.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    pub(crate) rel: u32,
    pub(crate) deed: Deed,
    /// Salience before; for what comes from the archive, 0.
    pub(crate) old: f32,
    /// Salience after; for what goes to the archive, 0.
    pub(crate) new: f32,
    pub(crate) evidence: Evidence,
}

#[derive(Encode, Decode)]
struct ChangeRecord {
    rel: u32,
    deed: Deed,
    old: u32,
    new: u32,
    judged: u32,
    n_accesses: u32,
    n_sources: u32,
    last: u64,
}

#[derive(Encode, Decode)]
enum NoteRecord {
    Head(HeadRecord, Vec<ChangeRecord>),
    /// Of the record before it that has a head.
    More(Vec<ChangeRecord>),
}

#[derive(Encode, Decode)]
struct HeadRecord {
    at: u64,
    kind: Kind,
    actor: String,
    policy: String,
    evidence: String,
    n_changes: u32,
    undoes: Option<u32>,
}

/// A record without its changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// Its number.
    pub(crate) id: u32,
    /// When, by the database's clock, in seconds.
    pub(crate) at: f64,
    pub(crate) kind: Kind,
    /// Who: a statement, the background, an application.
    pub(crate) actor: String,
    /// Under which policy, strategy or limits.
    pub(crate) policy: String,
    /// What it relied on.
    pub(crate) evidence: String,
    pub(crate) n_changes: u32,
    /// The record it undoes.
    pub(crate) undoes: Option<u32>,
    /// The hash up to and with it, with its continuations.
    pub(crate) hash: [u8; HASH_BYTES],
}

/// What a new record says.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) at: f64,
    pub(crate) kind: Kind,
    pub(crate) actor: &'a str,
    pub(crate) policy: &'a str,
    pub(crate) evidence: &'a str,
    pub(crate) undoes: Option<u32>,
    pub(crate) changes: &'a [Change],
}

impl From<&Change> for ChangeRecord {
    fn from(change: &Change) -> Self {
        let Change { rel, deed, old, new, evidence } = *change;
        let Evidence { judged, n_accesses, n_sources, last } = evidence;
        let (old, new, judged) = (old.to_bits(), new.to_bits(), judged.to_bits());
        Self { rel, deed, old, new, judged, n_accesses, n_sources, last: last.to_bits() }
    }
}

impl From<ChangeRecord> for Change {
    fn from(record: ChangeRecord) -> Self {
        let ChangeRecord { rel, deed, old, new, judged, n_accesses, n_sources, last } = record;
        let evidence = Evidence { judged: f32::from_bits(judged), n_accesses, n_sources, last: f64::from_bits(last) };
        Self { rel, deed, old: f32::from_bits(old), new: f32::from_bits(new), evidence }
    }
}

/// Adds a record; returns its number.
///
/// # Errors
/// `Limit` where there are too many; `Corrupt` where the last one is damaged.
pub(crate) fn append(transaction: &mut Transaction, entry: &Entry<'_>) -> Result<u32> {
    let last = transaction.view().last_note(NoteTable::Ledger)?;
    let id = next_id(transaction.view())?;
    let mut before = match last {
        Some(last) => {
            let note = transaction.view().note(NoteTable::Ledger, last)?;
            hash_of(last, note.unwrap_or_default())?.0
        }
        None => [0; HASH_BYTES],
    };
    let head = HeadRecord {
        at: entry.at.to_bits(),
        kind: entry.kind,
        actor: entry.actor.to_owned(),
        policy: entry.policy.to_owned(),
        evidence: entry.evidence.to_owned(),
        n_changes: entry.changes.len() as u32,
        undoes: entry.undoes,
    };
    let changes = |part: &[Change]| part.iter().map(ChangeRecord::from).collect::<Vec<_>>();
    let (first, rest) = entry.changes.split_at(entry.changes.len().min(CHANGES_MAX));
    let records = std::iter::once(NoteRecord::Head(head, changes(first)))
        .chain(rest.chunks(CHANGES_MAX).map(|part| NoteRecord::More(changes(part))));
    for (at, record) in records.enumerate() {
        let number = id.checked_add(at as u32).filter(|number| *number < u32::MAX - 1);
        let number = number.ok_or(Error::Limit { what: "records of the ledger", max: u64::from(u32::MAX) })?;
        let fields = encode_meta(VERSION, &record);
        before = chain(&before, &fields);
        let note: Vec<u8> = before.iter().copied().chain(fields).collect();
        transaction.set_note(NoteTable::Ledger, number, Some(Arc::from(note)))?;
    }
    Ok(id)
}

/// Returns the number that the next record will have.
///
/// # Errors
/// `Corrupt` where a block is damaged.
pub(crate) fn next_id(view: &Snapshot) -> Result<u32> {
    Ok(view.last_note(NoteTable::Ledger)?.map_or(0, |last| last + 1))
}

/// Shows every record from number `from` on with its changes, in order.
///
/// # Errors
/// Those of `show`; `Corrupt` where one is damaged.
pub(crate) fn each(view: &Snapshot, from: u32, show: &mut dyn FnMut(Record, Vec<Change>) -> Result<()>) -> Result<()> {
    let mut open: Option<(Record, Vec<Change>)> = None;
    view.each_note(NoteTable::Ledger, from, &mut |id, note| {
        let (hash, fields) = hash_of(id, note)?;
        match decode(id, fields)? {
            NoteRecord::Head(head, changes) => {
                if let Some((record, changes)) = open.take() {
                    show(record, changes)?;
                }
                let HeadRecord { at, kind, actor, policy, evidence, n_changes, undoes } = head;
                let at = f64::from_bits(at);
                let record = Record { id, at, kind, actor, policy, evidence, n_changes, undoes, hash };
                open = Some((record, changes.into_iter().map(Change::from).collect()));
            }
            NoteRecord::More(more) => {
                // Before the first head from `from` on: the rest of a record that was not asked for.
                if let Some((record, changes)) = &mut open {
                    record.hash = hash;
                    changes.extend(more.into_iter().map(Change::from));
                }
            }
        }
        Ok(())
    })?;
    open.map_or(Ok(()), |(record, changes)| show(record, changes))
}

/// Returns a record and its changes.
///
/// # Errors
/// `Corrupt` where it is damaged.
pub(crate) fn find(view: &Snapshot, id: u32) -> Result<Option<(Record, Vec<Change>)>> {
    let mut found = None;
    let mut id_next = id;
    let Some(note) = view.note(NoteTable::Ledger, id)? else { return Ok(None) };
    let (hash, fields) = hash_of(id, note)?;
    let NoteRecord::Head(head, changes) = decode(id, fields)? else { return Ok(None) };
    let HeadRecord { at, kind, actor, policy, evidence, n_changes, undoes } = head;
    let mut record = Record { id, at: f64::from_bits(at), kind, actor, policy, evidence, n_changes, undoes, hash };
    let mut changes: Vec<Change> = changes.into_iter().map(Change::from).collect();
    while changes.len() < n_changes as usize {
        id_next += 1;
        let note = view.note(NoteTable::Ledger, id_next)?;
        let note = note.ok_or_else(|| Error::corrupt(what(id), "all of its changes", changes.len()))?;
        let (hash, fields) = hash_of(id_next, note)?;
        let NoteRecord::More(more) = decode(id_next, fields)? else {
            return Err(Error::corrupt(what(id), "all of its changes", changes.len()));
        };
        record.hash = hash;
        changes.extend(more.into_iter().map(Change::from));
    }
    found.get_or_insert((record, changes));
    Ok(found)
}

/// Checks that no record was changed, taken out or put in. Returns how many notes there are.
///
/// # Errors
/// `Corrupt` names the first that does not follow from those before.
pub(crate) fn verify(view: &Snapshot) -> Result<u64> {
    let mut before = [0; HASH_BYTES];
    let mut next = 0;
    view.each_note(NoteTable::Ledger, 0, &mut |id, note| {
        if id != next {
            return Err(Error::corrupt("the ledger", format_args!("record {next}"), id));
        }
        next += 1;
        let (hash, fields) = hash_of(id, note)?;
        before = chain(&before, fields);
        if hash != before {
            return Err(Error::corrupt(what(id), "the hash that follows from those before", "another"));
        }
        decode(id, fields).map(drop)
    })?;
    Ok(u64::from(next))
}

/// Returns a hash as text.
pub(crate) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn what(id: u32) -> String {
    format!("record {id} of the ledger")
}

fn chain(before: &[u8; HASH_BYTES], fields: &[u8]) -> [u8; HASH_BYTES] {
    Sha256::new().chain_update(before).chain_update(fields).finalize().into()
}

fn hash_of(id: u32, note: &[u8]) -> Result<([u8; HASH_BYTES], &[u8])> {
    let (hash, fields) =
        note.split_first_chunk::<HASH_BYTES>().ok_or_else(|| Error::corrupt(what(id), "a hash", note.len()))?;
    Ok((*hash, fields))
}

fn decode(id: u32, fields: &[u8]) -> Result<NoteRecord> {
    decode_meta(VERSION, fields, &what(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::start;

    fn change(rel: u32) -> Change {
        let evidence = Evidence { judged: 0.25, n_accesses: 3, n_sources: 2, last: f64::NEG_INFINITY };
        Change { rel, deed: Deed::Archive, old: 1.5, new: 0.0, evidence }
    }

    fn entry(changes: &[Change]) -> Entry<'_> {
        let (actor, policy, evidence) = ("a test", "none", "nothing");
        Entry { at: 7.5, kind: Kind::Compaction, actor, policy, evidence, undoes: Some(2), changes }
    }

    #[test]
    fn records_come_back_however_many_changes_they_have() {
        let mut tx = start();
        let many: Vec<Change> = (0..2 * CHANGES_MAX as u32 + 5).map(change).collect();
        let sizes = [0, 1, many.len(), CHANGES_MAX, 3];
        let ids: Vec<u32> = sizes.iter().map(|n| append(&mut tx, &entry(&many[..*n])).unwrap()).collect();
        assert_eq!(ids, [0, 1, 2, 5, 6]);
        let mut seen = Vec::new();
        each(tx.view(), 0, &mut |record, changes| {
            assert_eq!(find(tx.view(), record.id).unwrap().unwrap(), (record.clone(), changes.clone()));
            assert_eq!(changes, many[..record.n_changes as usize]);
            seen.push((record.id, record.n_changes as usize));
            Ok(())
        })
        .unwrap();
        assert!(seen.into_iter().eq(ids.into_iter().zip(sizes)));
        assert_eq!(find(tx.view(), 3).unwrap(), None, "a continuation is no record");
        assert_eq!(find(tx.view(), 99).unwrap(), None);
        assert_eq!(verify(tx.view()).unwrap(), 7);
    }

    #[test]
    fn no_record_can_be_changed_or_taken_out_unseen() {
        let mut tx = start();
        let changes: Vec<Change> = (0..3).map(change).collect();
        for id in 0..4 {
            assert_eq!(append(&mut tx, &entry(&changes)).unwrap(), id);
        }
        let whole: Vec<Vec<u8>> =
            (0..4).map(|id| tx.view().note(NoteTable::Ledger, id).unwrap().unwrap().to_vec()).collect();
        let mut put = |id: u32, note: Option<&[u8]>| {
            tx.set_note(NoteTable::Ledger, id, note.map(Arc::from)).unwrap();
            verify(tx.view()).is_ok()
        };
        for (id, note) in whole.iter().enumerate() {
            for at in 0..note.len() {
                let mut other = note.clone();
                other[at] ^= 1;
                assert!(!put(id as u32, Some(&other)), "byte {at} of record {id}");
            }
            assert!(put(id as u32, Some(note)));
        }
        assert!(!put(1, None), "a hole");
        assert!(!put(1, Some(&whole[2])), "another record's place");
        assert!(put(1, Some(&whole[1])));
    }
}
