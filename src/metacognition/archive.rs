//! Relationships put away: out of the graph, with everything that is needed to return.
//!
//! An archived relationship is a note of [`NoteTable::Archive`] under its id, which no other is ever given. What was noted
//! of it (attention, pins) is kept within, and comes back with it.

use std::sync::Arc;

use bincode::{Decode, Encode};

use crate::{
    Error, QueryError, Result,
    graph::{RelRecord, Snapshot, Transaction, decode_meta, decode_value, encode_meta, encode_value},
    model::{Fact, KeyId, NodeId, NoteTable, RelId, TypeId, Value},
};

const VERSION: u8 = 1;

/// The notes of a relationship that go to the archive with it.
const NOTES: [NoteTable; 2] = [NoteTable::Attention, NoteTable::Pin];

/// An archived relationship.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Archived {
    pub(crate) record: RelRecord,
    pub(crate) salience: f32,
    pub(crate) properties: Vec<(KeyId, Value)>,
    /// The record of the ledger that says why.
    pub(crate) compaction: u32,
    /// When, by the database's clock, in seconds.
    pub(crate) at: f64,
    /// What was noted of it, in the order of [`NOTES`].
    notes: Vec<Option<Vec<u8>>>,
}

#[derive(Encode, Decode)]
struct ArchivedRecord {
    rel_type: u32,
    start: u32,
    end: u32,
    salience: u32,
    properties: Vec<(u32, Vec<u8>)>,
    compaction: u32,
    at: u64,
    notes: Vec<Option<Vec<u8>>>,
}

/// Takes a relationship out of the graph and into the archive.
///
/// # Errors
/// A query error where it does not exist; `Corrupt` where a block is damaged; `Limit` where it has too much to keep.
pub(crate) fn put_away(transaction: &mut Transaction, id: RelId, compaction: u32, at: f64) -> Result<()> {
    let view = transaction.view();
    let Some(RelRecord { rel_type, start, end }) = view.rel(id)? else { return Err(unknown(id)) };
    let value = |(key, value): (KeyId, Value)| {
        let mut bytes = Vec::new();
        encode_value(&value, &mut bytes);
        (key.get(), bytes)
    };
    let note = |table| Ok(view.note(table, id.get())?.map(<[u8]>::to_vec));
    let record = ArchivedRecord {
        rel_type: rel_type.get(),
        start: start.get(),
        end: end.get(),
        salience: view.salience(id)?.to_bits(),
        properties: view.rel_props(id)?.into_iter().map(value).collect(),
        compaction,
        at: at.to_bits(),
        notes: NOTES.into_iter().map(note).collect::<Result<_>>()?,
    };
    transaction.set_note(NoteTable::Archive, id.get(), Some(Arc::from(encode_meta(VERSION, &record))))?;
    transaction.delete_rel(id).map(drop)
}

/// Returns an archived relationship.
///
/// # Errors
/// `Corrupt` where its note is damaged.
pub(crate) fn find(view: &Snapshot, id: RelId) -> Result<Option<Archived>> {
    view.note(NoteTable::Archive, id.get())?.map(|note| decode(id, note)).transpose()
}

/// Shows every archived relationship, in the order of ids.
///
/// # Errors
/// Those of `show`; `Corrupt` where a note is damaged.
pub(crate) fn each(view: &Snapshot, show: &mut dyn FnMut(RelId, Archived) -> Result<()>) -> Result<()> {
    view.each_note(NoteTable::Archive, 0, &mut |id, note| {
        let id = RelId::new(id);
        show(id, decode(id, note)?)
    })
}

/// Brings a relationship back as it was: id, ends, properties, salience, and what was noted of it.
///
/// # Errors
/// A query error where it is not in the archive, or an end of it was deleted since; `Corrupt` where its note is damaged.
pub(crate) fn bring_back(transaction: &mut Transaction, id: RelId) -> Result<Archived> {
    let Some(archived) = find(transaction.view(), id)? else {
        let message = format!("relationship {id} is not in the archive");
        let error = QueryError::run("22N51", "EntityNotFound", "NotArchived", message);
        return Err(error.hint("CALL kg.archived() lists what is").into());
    };
    let RelRecord { rel_type, start, end } = archived.record;
    for node in [start, end] {
        if !transaction.view().node_exists(node)? {
            let message = format!("relationship {id} cannot come back: node {node}, an end of it, was deleted");
            return Err(QueryError::run("22N51", "EntityNotFound", "DeletedEntityAccess", message).into());
        }
    }
    transaction.put_fact(Fact::CreateRel { id, rel_type, start, end })?;
    for (key, value) in &archived.properties {
        transaction.put_fact(Fact::SetRel { id, key: *key, value: value.clone() })?;
    }
    if archived.salience != transaction.view().salience(id)? {
        transaction.put_fact(Fact::SetSalience { id, salience: archived.salience })?;
    }
    for (table, note) in NOTES.into_iter().zip(&archived.notes) {
        if let Some(note) = note {
            transaction.set_note(table, id.get(), Some(Arc::from(&note[..])))?;
        }
    }
    transaction.set_note(NoteTable::Archive, id.get(), None)?;
    Ok(archived)
}

/// Destroys an archived relationship. Returns whether it was there.
///
/// # Errors
/// `Corrupt` where a block is damaged.
pub(crate) fn destroy(transaction: &mut Transaction, id: RelId) -> Result<bool> {
    let is_there = transaction.view().note(NoteTable::Archive, id.get())?.is_some();
    if is_there {
        transaction.set_note(NoteTable::Archive, id.get(), None)?;
    }
    Ok(is_there)
}

/// Returns the error of a relationship that does not exist.
pub(crate) fn unknown(id: RelId) -> Error {
    let message = format!("there is no relationship {id}");
    QueryError::run("22N51", "EntityNotFound", "EntityNotFound", message).into()
}

fn decode(id: RelId, note: &[u8]) -> Result<Archived> {
    let record: ArchivedRecord = decode_meta(VERSION, note, &format!("archived relationship {id}"))?;
    let ArchivedRecord { rel_type, start, end, salience, properties, compaction, at, notes } = record;
    let (rel_type, start, end) = (TypeId::new(rel_type), NodeId::new(start), NodeId::new(end));
    let value = |(key, bytes): (u32, Vec<u8>)| Ok((KeyId::new(key), decode_value(&bytes)?));
    Ok(Archived {
        record: RelRecord { rel_type, start, end },
        salience: f32::from_bits(salience),
        properties: properties.into_iter().map(value).collect::<Result<_>>()?,
        compaction,
        at: f64::from_bits(at),
        notes,
    })
}
