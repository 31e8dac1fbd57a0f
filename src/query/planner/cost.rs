//! Estimates of how many rows there will be, from exact counts.

use crate::{
    model::{Direction, LabelId, Value},
    query::{
        plan::{Comparison, Expr, Follow, LabelRef, LabelTest, TypeRef},
        statistics::Statistics,
    },
};

/// The share of rows that an equality with an unknown value keeps.
const EQUALITY: f64 = 0.1;
/// The share of rows that `<` and its kin keep.
pub(crate) const RANGE: f64 = 0.3;
/// The share of rows that any other predicate keeps.
const OTHER: f64 = 0.5;
/// The share of a label's nodes that an index that is not unique finds for one value.
const SEEK: f64 = 0.01;
/// The longest trails that an estimate follows one by one: beyond, the numbers mean nothing anyway.
const HOPS_MAX: u32 = 8;
/// The largest estimate: products of estimates must stay finite.
const ROWS_MAX: f64 = 1e15;

/// Returns how many nodes have all the labels.
pub(crate) fn nodes(statistics: &dyn Statistics, labels: &[LabelRef]) -> f64 {
    let all = statistics.n_nodes() as f64;
    let mut least = all;
    let mut share = 1.0;
    for label in labels {
        let n = label.id.map_or(0, |id| statistics.n_label(id)) as f64;
        share *= if all > 0.0 { n / all } else { 0.0 };
        least = least.min(n);
    }
    // Labels often come together; independence would be too low, the least is the most there can be.
    (all * share).max(least * OTHER).min(least)
}

/// Returns the share of all nodes that have all the labels.
pub(crate) fn label_share(statistics: &dyn Statistics, labels: &[LabelRef]) -> f64 {
    if labels.is_empty() {
        return 1.0;
    }
    let all = statistics.n_nodes() as f64;
    if all > 0.0 { nodes(statistics, labels) / all } else { 0.0 }
}

/// Returns the share of rows for which the predicate is true.
pub(crate) fn share(predicate: &Expr) -> f64 {
    match predicate {
        Expr::Const(Value::Bool(true)) => 1.0,
        Expr::Const(_) => 0.0,
        Expr::Compare(Comparison::Eq, ..) => EQUALITY,
        Expr::Compare(Comparison::Ne, ..) | Expr::IsNotNull(_) => 1.0 - EQUALITY,
        Expr::Compare(..) | Expr::StringTest(..) => RANGE,
        Expr::In(..) => RANGE,
        Expr::IsNull(_) => EQUALITY,
        Expr::And(items) => items.iter().map(share).product(),
        Expr::Or(items) => 1.0 - items.iter().map(|item| 1.0 - share(item)).product::<f64>(),
        Expr::Not(inner) => 1.0 - share(inner),
        Expr::HasLabels(_, LabelTest::Is(_)) => OTHER,
        _ => OTHER,
    }
}

/// Returns how many nodes a seek finds.
pub(crate) fn seek(statistics: &dyn Statistics, label: LabelId, unique: bool) -> f64 {
    if unique { 1.0 } else { (statistics.n_label(label) as f64 * SEEK).max(1.0) }
}

/// Returns how many relationships of the types one node with the labels has, followed that way.
pub(crate) fn fan_out(statistics: &dyn Statistics, types: &[TypeRef], follow: Follow, labels: &[LabelRef]) -> f64 {
    let directed = |end: Direction| -> f64 {
        let all = statistics.n_nodes().max(1) as f64;
        if types.is_empty() {
            return statistics.n_rels() as f64 / all;
        }
        let of_type = |rel_type: &TypeRef| {
            let Some(id) = rel_type.id else { return 0.0 };
            let mut least = f64::INFINITY;
            for label in labels.iter().filter_map(|label| label.id) {
                let n_nodes = statistics.n_label(label).max(1) as f64;
                least = least.min(statistics.n_type_ends(id, end, label) as f64 / n_nodes);
            }
            if least.is_finite() { least } else { statistics.n_type(id) as f64 / all }
        };
        types.iter().map(of_type).sum()
    };
    match follow {
        Follow::Out => directed(Direction::Out),
        Follow::In => directed(Direction::In),
        Follow::Both => directed(Direction::Out) + directed(Direction::In),
    }
}

/// Returns the share of relationships of the types, followed that way, that lead to a node with the labels.
pub(crate) fn target_share(statistics: &dyn Statistics, types: &[TypeRef], follow: Follow, labels: &[LabelRef]) -> f64 {
    let mut least: f64 = 1.0;
    for label in labels {
        let Some(label_id) = label.id else { return 0.0 };
        let (mut n, mut n_lead) = (0.0, 0.0);
        for id in types.iter().filter_map(|rel_type| rel_type.id) {
            let ends = |end| statistics.n_type_ends(id, end, label_id) as f64;
            n += statistics.n_type(id) as f64;
            n_lead += match follow {
                Follow::Out => ends(Direction::In),
                Follow::In => ends(Direction::Out),
                Follow::Both => (ends(Direction::In) + ends(Direction::Out)) / 2.0,
            };
        }
        least = least.min(if n > 0.0 { n_lead / n } else { label_share(statistics, std::slice::from_ref(label)) });
    }
    least
}

/// Returns how many trails of `min..=max` hops there are where each node leads to `fan_out` others.
pub(crate) fn trails(fan_out: f64, min: u32, max: Option<u32>) -> f64 {
    let last = max.unwrap_or(u32::MAX).min(min.saturating_add(HOPS_MAX));
    let mut n = 0.0;
    let mut at = fan_out.powi(i32::try_from(min.min(64)).expect("at most 64"));
    for _ in min..=last {
        n = capped(n + at);
        at = capped(at * fan_out);
    }
    n
}

/// Returns the estimate, kept finite.
pub(crate) fn capped(rows: f64) -> f64 {
    rows.min(ROWS_MAX)
}
