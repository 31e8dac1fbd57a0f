//! Why a path got its score: what each of its relationships was weighed with. Their weights multiply to the score.

use std::sync::Arc;

use super::{
    super::{
        Spec,
        ask::Asked,
        why::{KEYS, Told, add_model, entries, float, map},
    },
    asking::Answer,
    candidates::Candidates,
    paths::Step,
};
use crate::{model::Value, query::execute::batch::rel_value};

/// Explains one relationship of a path.
pub(super) fn hop((spec, asked): (&Spec, &Asked), candidates: &Candidates, answer: &Answer<'_>, step: &Step) -> Value {
    let of = answer.places.iter().position(|at| candidates.rels[*at as usize] == step.rel);
    let Some(of) = of.and_then(|of| u32::try_from(of).ok()) else { return Value::Null };
    let n_masked = answer.n_candidates - answer.attention.weights().count();
    let counts = (answer.n_candidates, n_masked);
    let told = Told { spec, asked, question: answer.question, attention: answer.attention, counts };
    let parts = told.map(of, &candidates.boost_was_null, answer.places);
    let keys = &*KEYS;
    let part = |key: &str| parts.get(key).cloned().unwrap_or_default();
    map([
        (&keys.candidates, part(&keys.candidates)),
        (&keys.heads, part(&keys.heads)),
        (&keys.masked, part(&keys.masked)),
        (&keys.relationship, rel_value(step.rel)),
        (&keys.weight, float(step.weight)),
    ])
}

/// Explains a path; `exact` where no beam has dropped one that may have been better.
pub(super) fn path(asked: &Asked, hops: Vec<Value>, widths: Option<&[usize]>, length_norm: bool, exact: bool) -> Value {
    let widths = widths.map_or(Value::Null, |widths| {
        Value::list(widths.iter().map(|width| Value::Int(i64::try_from(*width).unwrap_or(i64::MAX))))
    });
    let keys = &*KEYS;
    let mut told = entries([
        (&keys.beam, widths),
        (&keys.exact, Value::Bool(exact)),
        (&keys.hops, Value::list(hops)),
        (&keys.length_norm, Value::Bool(length_norm)),
        (&keys.query, asked.shown.clone()),
    ]);
    add_model(&mut told, asked);
    Value::Map(Arc::new(told))
}
