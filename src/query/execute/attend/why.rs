//! Why a candidate got its weight, as a plain map. The parts of a head sum to its logit, the heads average to the weight.

use std::sync::Arc;

use super::{Spec, ask::Asked};
use crate::{
    attention::{Attention, Question},
    model::{Map, Value},
};

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
    pub(super) fn map(&self, candidate: u32, boost_was_null: &[Vec<bool>], places: &[u32]) -> Value {
        let heads = self.attention.parts(self.question, candidate).unwrap_or_default();
        let heads = heads.iter().map(|parts| {
            let mut spaces = Map::new();
            for (space, (part, lacks)) in self.asked.spaces.iter().zip(&parts.spaces) {
                let name = space.info.space.name.clone();
                let value = if *lacks {
                    map([("logit", float(*part)), ("lacking", Value::Bool(true))])
                } else {
                    map([("logit", float(*part))])
                };
                spaces.insert(name, value);
            }
            let mut boosts = Map::new();
            for (at, ((_, name), part)) in self.spec.boosts.iter().zip(&parts.boosts).enumerate() {
                let was_null = boost_was_null[at][places[candidate as usize] as usize];
                let value = if was_null {
                    map([("logit", float(*part)), ("null", Value::Bool(true))])
                } else {
                    map([("logit", float(*part))])
                };
                boosts.insert(name.clone(), value);
            }
            map([
                ("weight", float(parts.weight)),
                ("logit", float(parts.logit)),
                ("spaces", Value::Map(Arc::new(spaces))),
                ("prior", float(parts.prior)),
                ("relation", float(parts.bias)),
                ("boosts", Value::Map(Arc::new(boosts))),
            ])
        });
        let heads = Value::list(heads);
        map([
            ("query", self.asked.shown.clone()),
            ("candidates", Value::Int(self.counts.0 as i64)),
            ("masked", Value::Int(self.counts.1 as i64)),
            ("heads", heads),
            ("exact", Value::Bool(true)),
        ])
    }
}

fn float(x: f32) -> Value {
    Value::Float(x.into())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::from(entries.into_iter().map(|(key, value)| (Arc::from(key), value)).collect::<Map>())
}
