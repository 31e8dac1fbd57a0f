//! Recent real queries, kept to see what a compaction would do to them.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Inner;
use crate::{
    Result,
    db::{
        Params, QueryOptions,
        execute::{self, Run},
    },
    graph::Snapshot,
    model::Value,
};

/// Rows of an answer that are compared.
const ROWS_MAX: usize = 100;

/// The share of an answer's rows that must still be there, on average; and how alike their order must be.
pub(super) const RECALL_MIN: f64 = 0.9;
pub(super) const CORRELATION_MIN: f64 = 0.8;

/// Of queries that note what they attend to, so many go by between two that are kept, once the reservoir is full.
const EVERY: u64 = 8;

/// Recent queries: texts and parameters.
#[derive(Default)]
pub(in crate::db) struct Reservoir {
    queries: Vec<(Arc<str>, Params)>,
    n_seen: u64,
}

impl Reservoir {
    /// Takes a query in, where it is its turn. `size` is how many may be kept.
    pub(in crate::db) fn offer(&mut self, text: &Arc<str>, params: &Params, size: usize) {
        self.n_seen += 1;
        if self.queries.len() < size {
            self.queries.push((text.clone(), params.clone()));
        } else if size > 0 && self.n_seen.is_multiple_of(EVERY) {
            // The place of the oldest in turn, so that what is kept is recent.
            let at = (self.n_seen / EVERY) as usize % self.queries.len();
            self.queries[at] = (text.clone(), params.clone());
        }
    }

    pub(super) fn queries(&self) -> Vec<(Arc<str>, Params)> {
        self.queries.clone()
    }
}

/// How answers compare before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Compared {
    pub(super) n_queries: usize,
    /// The mean share of the rows before that are there after.
    pub(super) recall: f64,
    /// The mean rank correlation (Spearman's rho) of the rows that are there before and after.
    pub(super) correlation: f64,
}

/// Replays the queries on two views.
///
/// # Errors
/// `Cancelled`, `Deadline`: a query that fails otherwise is left out.
pub(super) fn compare(
    inner: &Arc<Inner>,
    queries: &[(Arc<str>, Params)],
    before: &Arc<Snapshot>,
    after: &Arc<Snapshot>,
) -> Result<Compared> {
    let mut compared = Compared { n_queries: 0, recall: 0.0, correlation: 0.0 };
    for (text, params) in queries {
        let (Ok(old), Ok(new)) = (rows(inner, text, params, before), rows(inner, text, params, after)) else {
            continue;
        };
        if old.is_empty() {
            continue;
        }
        compared.n_queries += 1;
        let places: FxHashMap<&String, usize> = new.iter().enumerate().map(|(at, row)| (row, at)).collect();
        let common: Vec<usize> = old.iter().filter_map(|row| places.get(row).copied()).collect();
        compared.recall += common.len() as f64 / old.len() as f64;
        compared.correlation += spearman(&common);
    }
    let n = compared.n_queries.max(1) as f64;
    if compared.n_queries == 0 {
        return Ok(Compared { n_queries: 0, recall: 1.0, correlation: 1.0 });
    }
    Ok(Compared { recall: compared.recall / n, correlation: compared.correlation / n, ..compared })
}

/// Returns the first rows of an answer as texts, without scores: floats differ wherever anything was reweighed.
fn rows(inner: &Arc<Inner>, text: &str, params: &Params, view: &Arc<Snapshot>) -> Result<Vec<String>> {
    let options = QueryOptions { notice: Some(false), ..QueryOptions::default() };
    let run = Run { options: Some(&options), ..Run::new(inner, text, params) };
    let mut rows = execute::on_snapshot(run, view)?;
    let mut told = Vec::new();
    while told.len() < ROWS_MAX
        && let Some(row) = rows.next_row()?
    {
        let values = row.values().iter().filter(|value| !matches!(value, Value::Float(_) | Value::Map(_)));
        told.push(values.map(|value| format!("{value}\u{1f}")).collect());
    }
    Ok(told)
}

/// Returns Spearman's rank correlation of the places `after`, in the order they had before; 1 for fewer than two.
fn spearman(after: &[usize]) -> f64 {
    let n = after.len();
    if n < 2 {
        return 1.0;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|at| after[*at]);
    let mut rank = vec![0; n];
    order.iter().enumerate().for_each(|(place, at)| rank[*at] = place);
    let squares: f64 = rank.iter().enumerate().map(|(at, place)| (at as f64 - *place as f64).powi(2)).sum();
    1.0 - 6.0 * squares / (n as f64 * ((n * n) as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_is_spearmans() {
        assert_eq!(spearman(&[]), 1.0);
        assert_eq!(spearman(&[3, 5, 9]), 1.0);
        assert_eq!(spearman(&[9, 5, 3]), -1.0);
        assert!((spearman(&[1, 0, 2, 3]) - 0.8).abs() < 1e-12);
    }

    #[test]
    fn the_reservoir_keeps_recent_queries() {
        let mut reservoir = Reservoir::default();
        for n in 0..1000 {
            reservoir.offer(&Arc::from(format!("{n}")), &Params::default(), 10);
        }
        let kept: Vec<usize> = reservoir.queries().iter().map(|(text, _)| text.parse().unwrap()).collect();
        assert_eq!(kept.len(), 10);
        assert!(kept.iter().all(|n| *n >= 900), "{kept:?}");
        reservoir.offer(&Arc::from("x"), &Params::default(), 0);
        assert!(Reservoir::default().queries().is_empty());
    }
}
