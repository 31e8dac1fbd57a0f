//! Why a candidate got its weight, as a plain map. The parts of a head sum to its logit, the heads average to the weight.

use std::sync::{Arc, LazyLock};

use super::{Spec, ask::Asked, without::Without};
use crate::{
    attention::{Attention, HeadParts, Question},
    model::{Map, Storage, Value},
    query::execute::batch::rel_value,
};

/// The keys of all explanations: each is made once, and shared.
pub(super) struct Keys {
    pub(super) beam: Arc<str>,
    pub(super) boosts: Arc<str>,
    pub(super) candidates: Arc<str>,
    pub(super) cost: Arc<str>,
    pub(super) exact: Arc<str>,
    pub(super) heads: Arc<str>,
    pub(super) hops: Arc<str>,
    pub(super) lacking: Arc<str>,
    pub(super) length_norm: Arc<str>,
    pub(super) logit: Arc<str>,
    pub(super) masked: Arc<str>,
    model: Arc<str>,
    name: Arc<str>,
    pub(super) null: Arc<str>,
    pub(super) prior: Arc<str>,
    pub(super) query: Arc<str>,
    rank: Arc<str>,
    pub(super) relation: Arc<str>,
    pub(super) relationship: Arc<str>,
    pub(super) spaces: Arc<str>,
    pub(super) weight: Arc<str>,
    version: Arc<str>,
    without: Arc<str>,
    /// What has no boosts.
    pub(super) empty: Arc<Map>,
}

pub(super) static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    beam: "beam".into(),
    boosts: "boosts".into(),
    candidates: "candidates".into(),
    cost: "cost".into(),
    exact: "exact".into(),
    heads: "heads".into(),
    hops: "hops".into(),
    lacking: "lacking".into(),
    length_norm: "lengthNorm".into(),
    logit: "logit".into(),
    masked: "masked".into(),
    model: "model".into(),
    name: "name".into(),
    null: "null".into(),
    prior: "prior".into(),
    query: "query".into(),
    rank: "rank".into(),
    relation: "relation".into(),
    relationship: "relationship".into(),
    spaces: "spaces".into(),
    weight: "weight".into(),
    version: "version".into(),
    without: "without".into(),
    empty: Arc::default(),
});

/// A group that was answered.
pub(super) struct Told<'a> {
    pub(super) spec: &'a Spec,
    pub(super) asked: &'a Asked,
    pub(super) question: &'a Question<'a>,
    pub(super) attention: &'a Attention,
    /// Candidates, and how many of them are masked.
    pub(super) counts: (usize, usize),
}

impl Told<'_> {
    /// Returns the explanation of a candidate.
    pub(super) fn map(&self, candidate: u32, boost_was_null: &[Vec<bool>], places: &[u32]) -> Map {
        let keys = &*KEYS;
        let part = |part: f32, flag: &Arc<str>, is_so: bool| match is_so {
            true => map([(flag, Value::Bool(true)), (&keys.logit, float(part))]),
            false => map([(&keys.logit, float(part))]),
        };
        let head = |parts: HeadParts<'_>| {
            let spaces = self.asked.spaces.iter().zip(parts.spaces());
            let spaces = spaces
                .map(|(space, (logit, lacks))| (space.info.space.name.clone(), part(logit, &keys.lacking, lacks)));
            let boosts = self.spec.boosts.iter().zip(parts.boosts()).enumerate().map(|(at, ((_, name), logit))| {
                let was_null = boost_was_null[at][places[candidate as usize] as usize];
                (name.clone(), part(logit, &keys.null, was_null))
            });
            map([
                (&keys.boosts, whole(boosts, &keys.empty)),
                (&keys.logit, float(parts.logit)),
                (&keys.prior, float(parts.prior)),
                (&keys.relation, float(parts.bias)),
                (&keys.spaces, whole(spaces, &keys.empty)),
                (&keys.weight, float(parts.weight)),
            ])
        };
        let parts = self.attention.parts(self.question, candidate);
        let heads = parts.map_or_else(|| Value::list([]), |parts| Value::list(parts.map(head)));
        // Codes are compared with the query rounded to codes.
        let is_exact = self.asked.spaces.iter().all(|space| space.info.space.storage != Storage::Int8);
        let mut told = entries([
            (&keys.candidates, Value::Int(self.counts.0 as i64)),
            (&keys.exact, Value::Bool(is_exact)),
            (&keys.heads, heads),
            (&keys.masked, Value::Int(self.counts.1 as i64)),
            (&keys.query, self.asked.shown.clone()),
        ]);
        add_model(&mut told, self.asked);
        told
    }
}

/// Returns a relationship of a path and the weight that it has among those it was chosen from.
pub(super) fn hop(rel: u32, weight: f32) -> Value {
    map([(&KEYS.relationship, rel_value(rel)), (&KEYS.weight, float(weight))])
}

pub(super) fn float(x: f32) -> Value {
    Value::Float(x.into())
}

/// Adds to an explanation the relationship without which the candidate stands worst, and its rank then; null where no single
/// one lowers it.
pub(super) fn add_without(why: &mut Map, without: Option<Without>) {
    let told = without.map_or(Value::Null, |Without { rel, rank }| {
        let rank = rank.map_or(Value::Null, |rank| Value::Int(rank as i64));
        map([(&KEYS.rank, rank), (&KEYS.relationship, rel_value(rel.get()))])
    });
    why.insert(KEYS.without.clone(), told);
}

/// Returns the map of entries.
pub(super) fn map<const N: usize>(of: [(&Arc<str>, Value); N]) -> Value {
    Value::Map(Arc::new(entries(of)))
}

/// Adds to an explanation which model there is, if any.
pub(super) fn add_model(why: &mut Map, asked: &Asked) {
    if let Some(model) = &asked.model {
        let (name, version) = (Value::String(model.name.clone()), Value::Int(model.version.into()));
        why.insert(KEYS.model.clone(), map([(&KEYS.name, name), (&KEYS.version, version)]));
    }
}

pub(super) fn entries<const N: usize>(entries: [(&Arc<str>, Value); N]) -> Map {
    entries.into_iter().map(|(key, value)| (Arc::clone(key), value)).collect()
}

fn whole(entries: impl ExactSizeIterator<Item = (Arc<str>, Value)>, empty: &Arc<Map>) -> Value {
    if entries.len() == 0 {
        return Value::Map(Arc::clone(empty));
    }
    Value::Map(Arc::new(entries.collect()))
}
