//! Why a path got its score: what each of its relationships was weighed with. Their weights multiply to the score.

use super::{
    super::{
        Spec,
        ask::Asked,
        why::{KEYS, Told, add_model, entries, float},
    },
    asking::Answer,
    candidates::Candidates,
};
use crate::{
    model::{Map, Value},
    query::execute::batch::rel_value,
};

/// Explains one relationship of a path.
pub(in super::super) fn hop(
    (spec, asked): (&Spec, &Asked),
    candidates: &Candidates,
    answer: &Answer<'_>,
    (rel, weight): (u32, f32),
) -> Map {
    let of = answer.places.iter().position(|at| candidates.rels[*at as usize] == rel);
    let Some(of) = of.and_then(|of| u32::try_from(of).ok()) else { return Map::new() };
    let n_masked = answer.n_candidates - answer.attention.weights().count();
    let counts = (answer.n_candidates, n_masked);
    let told = Told { spec, asked, question: answer.question, attention: answer.attention, counts };
    let parts = told.map(of, &candidates.boost_was_null, answer.places);
    let keys = &*KEYS;
    let part = |key: &str| parts.get(key).cloned().unwrap_or_default();
    entries([
        (&keys.candidates, part(&keys.candidates)),
        (&keys.heads, part(&keys.heads)),
        (&keys.masked, part(&keys.masked)),
        (&keys.relationship, rel_value(rel)),
        (&keys.weight, float(weight)),
    ])
}

/// Explains a path; `exact` where no beam has dropped one that may have been better.
pub(in super::super) fn path(
    asked: &Asked,
    hops: Vec<Value>,
    widths: Option<&[usize]>,
    length_norm: bool,
    exact: bool,
) -> Map {
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
    told
}
