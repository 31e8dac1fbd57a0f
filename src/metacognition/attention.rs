//! How relationships were attended: the accesses of answers and logs, folded into a small state for each relationship, and
//! kept for a while as they came, for the judge to learn from.
//!
//! The state of a relationship is a note of [`NoteTable::Attention`] under its id. The accesses are notes of
//! [`NoteTable::Judge`] from [`LOG_FROM`] on, one for each folding; the oldest are forgotten beyond [`LOG_MAX`] accesses.

use std::sync::Arc;

use bincode::{Decode, Encode};
use rustc_hash::FxHashMap;

use super::{
    clock::Clock,
    judge::{
        frame::{Ends, Ties},
        learner::{Access, Learner},
        model::Judge,
        source::Sources,
        state::{Kind, RelState, STATE_NUMBERS},
    },
};
use crate::{
    Error, Result,
    graph::{Snapshot, Transaction, decode_meta, encode_meta},
    model::{NoteTable, RelId},
};

const VERSION: u8 = 1;

/// The note of [`NoteTable::Judge`] that says how much was ever attended, and which notes are the log.
const STANDING: u32 = 1;

/// The notes of what each source has sent, and of what the judge has learnt and when.
const SOURCES: u32 = 2;
const LEARNT: u32 = 3;

/// The judge learns again once the attention clock shows so many times what it showed when it last did.
const LEARN_AT: f64 = 1.3;

/// The first note of the log.
const LOG_FROM: u32 = 1 << 16;

/// Accesses that the log keeps, at least as far as foldings go.
const LOG_MAX: u64 = 1 << 20;

/// Accesses that one note holds.
const CHUNK: usize = 1 << 16;

/// Bytes of an access in the log.
const EVENT_BYTES: usize = 8 + 4 + 4 + 4 + 1;

/// An access of a relationship.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AccessEvent {
    /// When, in seconds of the clock of whoever tells.
    pub(crate) time: f64,
    pub(crate) rel: RelId,
    /// The share of attention, or of credit; above 0 and at most 1.
    pub(crate) weight: f32,
    /// Who asked, as a hash; 0 for nobody in particular.
    pub(crate) source: u32,
    /// The text of the query, as a hash; 0 where none is known.
    pub(crate) query: u64,
    pub(crate) kind: Kind,
}

/// What is known of how a relationship was attended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Attention {
    pub(crate) state: RelState,
    /// How many accesses there were.
    pub(crate) n_accesses: u32,
    /// When the last was, in seconds of the database's clock.
    pub(crate) last: f64,
    /// The text of the last query, as a hash.
    pub(crate) last_query: u64,
}

#[derive(Encode, Decode)]
struct AttentionRecord {
    state: [u64; STATE_NUMBERS],
    n_accesses: u32,
    last: u64,
    last_query: u64,
}

/// What is known of all accesses together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Standing {
    /// The sum of the weights of all accesses: what the judge goes by instead of time.
    pub(crate) shown: f64,
    /// How many accesses there were.
    pub(crate) n_accesses: u64,
    /// The first note of the log, counted from [`LOG_FROM`], and one past the last.
    first: u32,
    next: u32,
    /// How many accesses the log has.
    n_logged: u64,
}

/// Returns how a relationship was attended.
///
/// # Errors
/// `Corrupt` where its note is damaged.
pub(crate) fn of(view: &Snapshot, id: RelId) -> Result<Option<Attention>> {
    view.note(NoteTable::Attention, id.get())?.map(|note| decode(id.get(), note)).transpose()
}

/// Shows how every relationship that ever was, was attended, in the order of ids.
///
/// # Errors
/// Those of `show`; `Corrupt` where a note is damaged.
pub(crate) fn each(view: &Snapshot, show: &mut dyn FnMut(RelId, Attention) -> Result<()>) -> Result<()> {
    view.each_note(NoteTable::Attention, 0, &mut |id, note| show(RelId::new(id), decode(id, note)?))
}

/// Returns what is known of all accesses together.
///
/// # Errors
/// `Corrupt` where its note is damaged.
pub(crate) fn standing(view: &Snapshot) -> Result<Standing> {
    let Some(note) = view.note(NoteTable::Judge, STANDING)? else { return Ok(Standing::default()) };
    let (shown, n_accesses, first, next, n_logged) =
        decode_meta::<(u64, u64, u32, u32, u64)>(VERSION, note, "the standing of accesses")?;
    Ok(Standing { shown: f64::from_bits(shown), n_accesses, first, next, n_logged })
}

/// Folds accesses in, in their order. Those of relationships that are not there are left out. Returns how many were taken.
///
/// # Errors
/// `Corrupt` where a note is damaged.
pub(crate) fn fold(transaction: &mut Transaction, events: &[AccessEvent], clock: &mut Clock) -> Result<usize> {
    let mut standing = standing(transaction.view())?;
    // Whatever is there now was there before these accesses.
    clock.keep(transaction)?;
    let mut learner = Learner::resume(Judge::default(), sources(transaction.view())?, standing.shown);
    let mut changed: FxHashMap<u32, Attention> = FxHashMap::default();
    let mut taken = Vec::with_capacity(events.len());
    for event in events {
        let id = event.rel.get();
        let attention = match changed.entry(id) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                if !transaction.view().rel_exists(event.rel)? {
                    continue;
                }
                let none =
                    Attention { state: RelState::default(), n_accesses: 0, last: f64::NEG_INFINITY, last_query: 0 };
                free.insert(of(transaction.view(), event.rel)?.unwrap_or(none))
            }
        };
        let noted = learner.note(&access(event));
        if event.kind != Kind::Rejected {
            attention.n_accesses = attention.n_accesses.saturating_add(1);
            attention.last = attention.last.max(event.time);
            attention.last_query = event.query;
        }
        attention.state.observe(noted.at, noted.weight, event.source, event.kind);
        clock.reach(event.time);
        taken.push(*event);
    }
    let mut changed: Vec<(u32, Attention)> = changed.into_iter().collect();
    changed.sort_unstable_by_key(|(id, _)| *id);
    for (id, attention) in changed {
        transaction.set_note(NoteTable::Attention, id, Some(Arc::from(encode(&attention))))?;
    }
    standing.shown = learner.clock();
    standing.n_accesses += taken.len() as u64;
    let sources: Vec<u64> = learner.sources.to_numbers().into_iter().map(f64::to_bits).collect();
    transaction.set_note(NoteTable::Judge, SOURCES, Some(Arc::from(encode_meta(VERSION, &sources))))?;
    append(transaction, &taken, &mut standing)?;
    let Standing { shown, n_accesses, first, next, n_logged } = standing;
    let note = encode_meta(VERSION, &(shown.to_bits(), n_accesses, first, next, n_logged));
    transaction.set_note(NoteTable::Judge, STANDING, Some(Arc::from(note)))?;
    clock.keep(transaction)?;
    Ok(taken.len())
}

/// Returns the accesses that are kept, in the order they came.
///
/// # Errors
/// `Corrupt` where a note is damaged.
pub(crate) fn log(view: &Snapshot) -> Result<Vec<AccessEvent>> {
    let standing = standing(view)?;
    let mut events = Vec::with_capacity(standing.n_logged as usize);
    for at in standing.first..standing.next {
        let note = view.note(NoteTable::Judge, LOG_FROM + at)?.unwrap_or_default();
        if !note.len().is_multiple_of(EVENT_BYTES) {
            return Err(Error::corrupt("a note of the access log", "whole accesses", note.len()));
        }
        events.extend(note.chunks_exact(EVENT_BYTES).map(read_event));
    }
    Ok(events)
}

/// The relationships of a view, as the judge sees them; by id.
pub(crate) struct Relations(pub(crate) Vec<Option<Ends>>);

impl Ties for Relations {
    fn relationships(&self) -> u32 {
        self.0.len() as u32
    }

    fn ends(&self, rel: u32) -> Option<Ends> {
        self.0.get(rel as usize).copied().flatten()
    }
}

/// Returns what the judge has learnt, and what the attention clock showed when it did.
///
/// # Errors
/// `Corrupt` where its note is damaged.
pub(crate) fn learnt(view: &Snapshot) -> Result<Option<(Judge, f64)>> {
    let Some(note) = view.note(NoteTable::Judge, LEARNT)? else { return Ok(None) };
    let (at, numbers): (u64, Vec<u64>) = decode_meta(VERSION, note, "the judge")?;
    let numbers: Vec<f64> = numbers.into_iter().map(f64::from_bits).collect();
    match Judge::from_numbers(&numbers) {
        Some(judge) => Ok(Some((judge, f64::from_bits(at)))),
        None => Err(Error::corrupt("the judge", "numbers of a judge", numbers.len())),
    }
}

/// Returns a judge that knows what the log tells: the one that is kept, or, where much has happened since, one that has
/// replayed the log and learnt on the way. Says whether it is new.
///
/// # Errors
/// `Corrupt` where a note is damaged.
pub(crate) fn judge(view: &Snapshot, relations: &Relations) -> Result<(Judge, bool)> {
    let shown = standing(view)?.shown;
    let before = match learnt(view)? {
        Some((judge, at)) if shown < at * LEARN_AT => return Ok((judge, false)),
        Some((judge, _)) => judge,
        None => Judge::default(),
    };
    let log: Vec<Access> =
        log(view)?.iter().map(access).filter(|access| relations.ends(access.rel).is_some()).collect();
    let mut states = vec![RelState::default(); relations.0.len()];
    // What was reported of earlier lessons stays told.
    let mut learner = Learner::default();
    learner.replay(relations, &mut states, &log);
    let mut judge = learner.judge;
    if judge.trees.is_none() {
        return Ok((before, false));
    }
    judge.reports = before.reports.into_iter().filter(|report| report.at < shown / 4.0).chain(judge.reports).collect();
    let n_extra = judge.reports.len().saturating_sub(super::judge::reflect::Report::KEPT_MAX);
    judge.reports.drain(..n_extra);
    Ok((judge, true))
}

/// Keeps what the judge has learnt.
///
/// # Errors
/// `Limit` where it is too much for a note.
pub(crate) fn keep_judge(transaction: &mut Transaction, judge: &Judge) -> Result<()> {
    let shown = standing(transaction.view())?.shown;
    let numbers: Vec<u64> = judge.to_numbers().into_iter().map(f64::to_bits).collect();
    let note = encode_meta(VERSION, &(shown.to_bits(), numbers));
    transaction.set_note(NoteTable::Judge, LEARNT, Some(Arc::from(note)))
}

fn sources(view: &Snapshot) -> Result<Sources> {
    let Some(note) = view.note(NoteTable::Judge, SOURCES)? else { return Ok(Sources::default()) };
    let numbers: Vec<u64> = decode_meta(VERSION, note, "the sources of accesses")?;
    let numbers: Vec<f64> = numbers.into_iter().map(f64::from_bits).collect();
    Sources::from_numbers(&numbers)
        .ok_or_else(|| Error::corrupt("the sources of accesses", "places and what they sent", numbers.len()))
}

fn access(event: &AccessEvent) -> Access {
    Access { rel: event.rel.get(), weight: event.weight, source: event.source, kind: event.kind }
}

fn append(transaction: &mut Transaction, events: &[AccessEvent], standing: &mut Standing) -> Result<()> {
    for events in events.chunks(CHUNK) {
        let bytes: Vec<u8> = events.iter().flat_map(write_event).collect();
        transaction.set_note(NoteTable::Judge, LOG_FROM + standing.next, Some(Arc::from(bytes)))?;
        standing.next += 1;
        standing.n_logged += events.len() as u64;
    }
    while standing.n_logged > LOG_MAX && standing.first + 1 < standing.next {
        let id = LOG_FROM + standing.first;
        let n_bytes = transaction.view().note(NoteTable::Judge, id)?.map_or(0, <[u8]>::len);
        transaction.set_note(NoteTable::Judge, id, None)?;
        standing.first += 1;
        standing.n_logged -= (n_bytes / EVENT_BYTES) as u64;
    }
    Ok(())
}

fn write_event(event: &AccessEvent) -> [u8; EVENT_BYTES] {
    let mut bytes = [0; EVENT_BYTES];
    bytes[..8].copy_from_slice(&event.time.to_le_bytes());
    bytes[8..12].copy_from_slice(&event.rel.get().to_le_bytes());
    bytes[12..16].copy_from_slice(&event.source.to_le_bytes());
    bytes[16..20].copy_from_slice(&event.weight.to_le_bytes());
    bytes[20] = match event.kind {
        Kind::Attended => 0,
        Kind::Rewarded => 1,
        Kind::Rejected => 2,
    };
    bytes
}

fn read_event(bytes: &[u8]) -> AccessEvent {
    let four = |at: usize| <[u8; 4]>::try_from(&bytes[at..at + 4]).expect("four bytes");
    AccessEvent {
        time: f64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")),
        rel: RelId::new(u32::from_le_bytes(four(8))),
        source: u32::from_le_bytes(four(12)),
        weight: f32::from_le_bytes(four(16)),
        query: 0,
        kind: match bytes[20] {
            0 => Kind::Attended,
            1 => Kind::Rewarded,
            _ => Kind::Rejected,
        },
    }
}

fn encode(attention: &Attention) -> Vec<u8> {
    let Attention { state, n_accesses, last, last_query } = *attention;
    let state = state.to_numbers().map(f64::to_bits);
    encode_meta(VERSION, &AttentionRecord { state, n_accesses, last: last.to_bits(), last_query })
}

fn decode(id: u32, note: &[u8]) -> Result<Attention> {
    let record: AttentionRecord = decode_meta(VERSION, note, &format!("the attention to relationship {id}"))?;
    let AttentionRecord { state, n_accesses, last, last_query } = record;
    let state = RelState::from_numbers(state.map(f64::from_bits));
    Ok(Attention { state, n_accesses, last: f64::from_bits(last), last_query })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{graph::tests::start, model::TypeId};

    #[test]
    fn accesses_become_states_and_are_kept_as_they_came() {
        let mut tx = start();
        let nodes = [tx.create_node(&[]).unwrap(), tx.create_node(&[]).unwrap()];
        let rels: Vec<RelId> = (0..3).map(|_| tx.create_rel(TypeId::new(0), nodes[0], nodes[1]).unwrap()).collect();
        let event = |time: f64, rel: u32, kind| AccessEvent {
            time,
            rel: RelId::new(rel),
            weight: 0.5,
            source: 9,
            query: 0,
            kind,
        };
        let events = [
            event(5.0, 0, Kind::Attended),
            event(7.0, 1, Kind::Rewarded),
            event(6.0, 0, Kind::Attended),
            event(6.5, 99, Kind::Attended),
            event(8.0, 1, Kind::Rejected),
        ];
        let mut clock = Clock::read(tx.view(), 0.0).unwrap();
        assert_eq!(fold(&mut tx, &events, &mut clock).unwrap(), 4, "99 does not exist");
        assert_eq!(clock.now, 8.0);
        let first = of(tx.view(), rels[0]).unwrap().unwrap();
        assert_eq!((first.n_accesses, first.last, first.state.total), (2, 6.0, 1.0));
        let second = of(tx.view(), rels[1]).unwrap().unwrap();
        assert_eq!((second.n_accesses, second.state.rewards, second.state.rejections), (1, 0.5, 0.5));
        assert_eq!(of(tx.view(), rels[2]).unwrap(), None);
        assert_eq!(standing(tx.view()).unwrap().shown, 1.5);
        assert_eq!(fold(&mut tx, &events[..1], &mut clock).unwrap(), 1);
        let kept = [events[0], events[1], events[2], events[4], events[0]];
        assert_eq!(log(tx.view()).unwrap(), kept);
        // What was known of it goes with a relationship.
        tx.delete_rel(rels[0]).unwrap();
        assert_eq!(of(tx.view(), rels[0]).unwrap(), None);
    }
}
