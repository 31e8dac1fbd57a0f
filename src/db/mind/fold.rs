//! Accesses and feedback become what is known of relationships.

use std::{collections::VecDeque, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Inner, args, now};
use crate::{
    Error, QueryError, Result,
    db::access::Access,
    graph::{Snapshot, Transaction},
    import::copy::LoggedAccess,
    metacognition::{
        attention::{self, AccessEvent},
        judge::state::Kind,
        ledger::{self, Change, Deed, Entry, Evidence},
    },
    model::{NodeId, RelId, Value},
};

/// Answers that feedback may still be given to.
const ANSWERS_MAX: usize = 256;

/// Relationships of one answer that feedback may be given to.
const OF_ANSWER_MAX: usize = 1024;

/// Accesses folded in one transaction.
const FOLD_MAX: usize = 1 << 14;

/// How much a reward of 1 multiplies the salience of what it is credited to alone: `e^RATE`.
const RATE: f64 = 0.25;

/// Salience that feedback does not go beyond.
const SALIENCE: std::ops::RangeInclusive<f64> = 0.01..=100.0;

/// The last answers, and what they attended to.
#[derive(Debug, Default)]
pub(in crate::db) struct Answers(VecDeque<(u64, Shares)>);

/// Relationships, each with its share of the attention.
type Shares = Arc<[(RelId, f32)]>;

impl Answers {
    /// Remembers an answer, and forgets the oldest.
    pub(in crate::db) fn add(&mut self, id: u64, attended: &[(RelId, f32)]) {
        if self.0.len() == ANSWERS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((id, attended[..attended.len().min(OF_ANSWER_MAX)].into()));
    }

    fn find(&self, id: u64) -> Option<Shares> {
        let at = self.0.binary_search_by_key(&id, |(known, _)| *known);
        // Answers may end in another order than they began.
        at.ok()
            .map(|at| &self.0[at])
            .or_else(|| self.0.iter().find(|(known, _)| *known == id))
            .map(|(_, rels)| rels.clone())
    }
}

/// Folds the accesses that wait. Returns how many there were.
///
/// # Errors
/// Those of a commit. What was taken and not committed is lost, as accesses are that a full log drops.
pub(in crate::db) fn fold_waiting(inner: &Inner) -> Result<usize> {
    let mut n_folded = 0;
    loop {
        let accesses = inner.accesses.take(FOLD_MAX);
        if accesses.is_empty() {
            return Ok(n_folded);
        }
        let mut writer = inner.engine.begin()?;
        let mut transaction = writer.take();
        let mut clock = now(transaction.view())?;
        let events: Vec<AccessEvent> = accesses.iter().map(|access| event(access, clock.now)).collect();
        let folded = attention::fold(&mut transaction, &events, &mut clock);
        writer.put(transaction);
        n_folded += folded?;
        writer.commit(inner.options.durability)?;
    }
}

fn event(access: &Access, time: f64) -> AccessEvent {
    AccessEvent {
        time,
        rel: access.relationship,
        weight: access.weight,
        source: access.source.as_ref().map_or(0, |source| source_number(source)),
        query: access.fingerprint,
        kind: Kind::Attended,
    }
}

/// Returns the number of a source: never 0, which is nobody in particular.
pub(in crate::db) fn source_number(source: &str) -> u32 {
    xxhash_rust::xxh3::xxh3_64(source.as_bytes()) as u32 | 1
}

/// Returns an access of a log as the observer folds it.
pub(in crate::db) fn logged(access: &LoggedAccess) -> AccessEvent {
    AccessEvent {
        time: access.time,
        rel: access.relationship,
        weight: access.weight,
        source: access.source.as_ref().map_or(0, |source| source_number(source)),
        query: 0,
        kind: Kind::Attended,
    }
}

/// Folds accesses of a log, which carry their own times. The first times a database sees set its clock.
///
/// # Errors
/// `Corrupt` where a note is damaged.
pub(in crate::db) fn fold_log(transaction: &mut Transaction, events: &[AccessEvent]) -> Result<usize> {
    let mut clock = now(transaction.view())?;
    if !crate::metacognition::clock::Clock::is_kept(transaction.view())?
        && let Some(first) = events.first()
    {
        clock.begin_at(first.time);
    }
    attention::fold(transaction, events, &mut clock)
}

/// Takes a reward for what was reached by these relationships: it is folded in as feedback, and salience is multiplied by
/// `e^(RATE · reward · credit)`.
///
/// # Errors
/// `Corrupt` where a block is damaged.
pub(super) fn reinforce(
    transaction: &mut Transaction,
    credits: &[(RelId, f32)],
    reward: f64,
    actor: &str,
    query: u64,
) -> Result<()> {
    if reward == 0.0 {
        return Ok(());
    }
    let mut clock = now(transaction.view())?;
    let kind = if reward > 0.0 { Kind::Rewarded } else { Kind::Rejected };
    let mut events = Vec::new();
    let mut changes = Vec::new();
    for (rel, credit) in credits {
        if !transaction.view().rel_exists(*rel)? {
            continue;
        }
        let weight = (f64::from(*credit) * reward.abs()) as f32;
        events.push(AccessEvent { time: clock.now, rel: *rel, weight, source: 0, query, kind });
        let old = transaction.view().salience(*rel)?;
        let factor = (RATE * reward * f64::from(*credit)).exp();
        let new = (f64::from(old) * factor).clamp(*SALIENCE.start(), *SALIENCE.end()) as f32;
        if new != old {
            transaction.set_salience(*rel, new)?;
            let deed = if new > old { Deed::Reinforce } else { Deed::Decay };
            changes.push(Change { rel: rel.get(), deed, old, new, evidence: evidence(transaction.view(), *rel)? });
        }
    }
    attention::fold(transaction, &events, &mut clock)?;
    if changes.is_empty() {
        return Ok(());
    }
    let told = format!("reward {reward}");
    let entry = Entry {
        at: clock.now,
        kind: ledger::Kind::Reinforcement,
        actor,
        policy: "",
        evidence: &told,
        undoes: None,
        changes: &changes,
    };
    ledger::append(transaction, &entry).map(drop)
}

/// Returns what is known of a relationship, as evidence.
pub(super) fn evidence(view: &Snapshot, rel: RelId) -> Result<Evidence> {
    let none = Evidence { last: f64::NEG_INFINITY, ..Evidence::default() };
    Ok(attention::of(view, rel)?.map_or(none, |attention| Evidence {
        judged: 0.0,
        n_accesses: attention.n_accesses,
        n_sources: attention.state.distinct_sources().round() as u32,
        last: attention.last,
    }))
}

/// `kg.reinforce(queryId, [{entity, reward}])`: feedback to an answer that was given. The credit of an entity goes to the
/// relationships that the answer attended to at it, by their weights there, and from each a half as much again to those
/// beyond it, and so on.
pub(super) fn feedback(
    inner: &Inner,
    transaction: &mut Transaction,
    query: &Value,
    rewards: &Value,
) -> Result<Vec<Vec<Value>>> {
    let (Value::Int(id), Value::List(rewards)) = (query, rewards) else {
        return Err(args::wrong_option("queryId", "the id of an answer, and rewards a list", query));
    };
    let Some(attended) = u64::try_from(*id).ok().and_then(|id| inner.mind.answers().find(id)) else {
        let message = format!("there is no answer {id} that feedback could be given to");
        let error = QueryError::run("22N51", "EntityNotFound", "NoSuchAnswer", message);
        let hint = format!("the id is in the summary of a result where notice is on; the last {ANSWERS_MAX} are known");
        return Err(error.hint(hint).into());
    };
    let mut changed = FxHashSet::default();
    for item in rewards.iter() {
        let Value::Map(map) = item else {
            return Err(args::wrong_option("rewards", "a list of maps {entity, reward}", item));
        };
        let reward = args::reward(map)?;
        let entity = map.get("entity").cloned().unwrap_or_default();
        let credits = match &entity {
            Value::Relationship(rel) => vec![(rel.id, 1.0)],
            Value::Node(node) => spread(transaction.view(), &attended, node.id)?,
            value => spread(transaction.view(), &attended, NodeId::new(args::number(value, "entity")?))?,
        };
        if credits.is_empty() {
            let message = format!("answer {id} did not reach {entity}");
            return Err(Error::from(QueryError::run("22N51", "EntityNotFound", "NotAttended", message)));
        }
        reinforce(transaction, &credits, reward, "kg.reinforce", 0)?;
        changed.extend(credits.iter().map(|(rel, _)| *rel));
    }
    Ok(vec![vec![Value::Int(changed.len() as i64)]])
}

/// Returns the credit of each relationship of an answer for having reached a node; together 1.
fn spread(view: &Snapshot, attended: &[(RelId, f32)], node: NodeId) -> Result<Vec<(RelId, f32)>> {
    let mut at: FxHashMap<NodeId, Vec<usize>> = FxHashMap::default();
    let mut ends = Vec::with_capacity(attended.len());
    for (place, (rel, _)) in attended.iter().enumerate() {
        let record = view.rel(*rel)?;
        ends.push(record.map(|record| (record.start, record.end)));
        if let Some(record) = record {
            at.entry(record.start).or_default().push(place);
            at.entry(record.end).or_default().push(place);
        }
    }
    let mut credits = vec![0.0_f64; attended.len()];
    let mut seen: FxHashSet<NodeId> = FxHashSet::from_iter([node]);
    let (mut nodes, mut share) = (vec![node], 1.0);
    while !nodes.is_empty() && share > 1e-3 {
        let mut beyond = Vec::new();
        for node in nodes {
            for &place in at.get(&node).into_iter().flatten() {
                if credits[place] == 0.0 {
                    credits[place] = share * f64::from(attended[place].1);
                }
                let (start, end) = ends[place].expect("it was listed by its ends");
                let other = if start == node { end } else { start };
                if seen.insert(other) {
                    beyond.push(other);
                }
            }
        }
        nodes = beyond;
        share /= 2.0;
    }
    let sum: f64 = credits.iter().sum();
    let shares = attended.iter().zip(credits).filter(|(_, credit)| *credit > 0.0);
    Ok(shares.map(|((rel, _), credit)| (*rel, (credit / sum) as f32)).collect())
}
