//! From weights to rows: groups, and what is made of each.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Stop, Values,
    filter::{Filter, column},
    measure::{Measured, count},
    merge::first_by,
    ring::{Pool, Ring},
    setup::{filters, imply_labels},
    sink::{Total, sum},
    walk::{Walk, walks},
    weigh::Ground,
};
use crate::{
    graph::Snapshot,
    model::Value,
    query::{
        chain::{ChainAggregate, Fold},
        execute::batch,
        function::Aggregator,
    },
};

/// The rows of an aggregation.
#[derive(Debug)]
pub(in crate::query) struct Rows {
    pub(in crate::query) n: usize,
    /// By row: a node of its group, of which the keys are still to be evaluated. Empty where there are no keys.
    pub(in crate::query) nodes: Vec<u32>,
    pub(in crate::query) folds: Vec<batch::Column>,
}

/// Aggregates.
pub(in crate::query) fn run(
    chain: &ChainAggregate,
    snapshot: &Snapshot,
    values: &mut dyn Values,
    pool: &mut Pool,
) -> Result<Rows, Stop> {
    let mut filters = filters(chain, snapshot, values)?;
    let nobody = |filter: &Filter<'_>| filter.impossible || filter.found.as_ref().is_some_and(Vec::is_empty);
    let walks = if filters.iter().any(nobody) {
        Vec::new()
    } else {
        let labels: Vec<_> = filters.iter().map(|filter| filter.labels.clone()).collect();
        walks(chain, &labels, snapshot).ok_or(Stop::General)?
    };
    imply_labels(&mut filters, &walks, snapshot);
    let mut masks = vec![None; chain.nodes.len()];
    let ground = Ground { snapshot, filters: &filters, masks: &mut masks, values, pool };
    let mut run = Run { chain, walks: &walks, ground };
    run.refuse_few()?;
    let single = chain.group.and_then(|group| match filters[group].found.as_deref() {
        Some(&[id]) => Some(id),
        _ => None,
    });
    match (chain.group, single) {
        (Some(_), Some(id)) => {
            let (n, folds) = run.whole()?;
            let n = usize::from(n > 0);
            let nodes = [id][..n].to_vec();
            Ok(Rows { n, nodes, folds: if n == 0 { Vec::new() } else { one_row(folds) } })
        }
        (Some(group), None) => run.grouped(group),
        (None, _) => {
            let (_, folds) = run.whole()?;
            Ok(Rows { n: 1, nodes: Vec::new(), folds: one_row(folds) })
        }
    }
}

fn one_row(values: Vec<Value>) -> Vec<batch::Column> {
    values.into_iter().map(|value| batch::Column::Values(vec![value])).collect()
}

pub(super) struct Run<'a, 'v> {
    pub(super) chain: &'v ChainAggregate,
    pub(super) walks: &'v [Walk],
    pub(super) ground: Ground<'a, 'v>,
}

impl Run<'_, '_> {
    /// Aggregates all trails at once: their number (or a part of it, above zero exactly when there is one), and the folds.
    fn whole(&mut self) -> Result<(u64, Vec<Value>), Stop> {
        let chain = self.chain;
        // A pass for each node that a fold looks at; the number of trails comes out of any that counts.
        let mut weights: FxHashMap<usize, Vec<(u32, u64)>> = FxHashMap::default();
        let mut exists: FxHashMap<usize, Vec<(u32, u64)>> = FxHashMap::default();
        let mut total: Option<u64> = None;
        for (_, fold) in &chain.folds {
            match fold {
                Fold::Of { function, node, key } => {
                    let column = column(self.ground.snapshot, &key.name);
                    if *function == Aggregator::Count && self.all_have(*node, column)? {
                        continue;
                    }
                    if !weights.contains_key(node) {
                        let found = self.count_at(*node, None)?;
                        total = Some(sum(&found));
                        weights.insert(*node, found);
                    }
                }
                Fold::DistinctNodes { node } | Fold::DistinctValues { node, .. } => {
                    if !exists.contains_key(node) {
                        let found = self.exists_at(*node)?;
                        exists.insert(*node, found);
                    }
                }
                Fold::Rows => {}
            }
        }
        let counts_rows = chain
            .folds
            .iter()
            .any(|(_, fold)| matches!(fold, Fold::Rows | Fold::Of { function: Aggregator::Count, .. }));
        if total.is_none() && (counts_rows || exists.is_empty()) {
            let mut all = 0u64;
            for walk in self.walks {
                let root = self.root(walk);
                let mut sink = Total(0u64);
                self.pass(walk, root, None, &mut sink)?;
                let back = self.returning::<u64>(walk, root, None)?;
                all = all.add(sink.0.sub(sum(&back)));
            }
            total = Some(all);
        }
        let n = total.unwrap_or_else(|| exists.values().next().map_or(0, |found| found.len() as u64));
        let mut folds = Vec::with_capacity(chain.folds.len());
        for (_, fold) in &chain.folds {
            folds.push(match fold {
                Fold::Rows => count(n)?,
                Fold::Of { function, node, key } => match weights.get(node) {
                    Some(weights) => self.fold(*function, &key.name, weights)?,
                    None => count(n)?,
                },
                Fold::DistinctNodes { node } => count(exists[node].len() as u64)?,
                Fold::DistinctValues { node, key } => {
                    let column = column(self.ground.snapshot, &key.name);
                    let mut seen: FxHashSet<Value> = FxHashSet::default();
                    for &(id, _) in &exists[node] {
                        seen.insert(column.value(id)?);
                        self.ground.values.tick(1)?;
                    }
                    seen.remove(&Value::Null);
                    count(seen.len() as u64)?
                }
            });
        }
        Ok((n, folds))
    }

    /// Aggregates by the nodes of a place, then by the keys.
    fn grouped(&mut self, group: usize) -> Result<Rows, Stop> {
        let chain = self.chain;
        let per_node = self.keys_tell_nodes(group)?;
        // Counts of a property that all nodes have are numbers of trails, and those come out of a sum over such a one.
        let mut is_rows = Vec::with_capacity(chain.folds.len());
        let mut sum = None;
        for (at, (_, fold)) in chain.folds.iter().enumerate() {
            is_rows.push(match fold {
                Fold::Rows => true,
                Fold::Of { function, node, key } => {
                    let column = column(self.ground.snapshot, &key.name);
                    let sums = matches!(function, Aggregator::Sum | Aggregator::Avg) && *node != group && sum.is_none();
                    if sums && self.all_have(*node, column)? {
                        sum = Some(at);
                    }
                    *function == Aggregator::Count && self.all_have(*node, column)?
                }
                _ => false,
            });
        }
        let mut measured: Vec<Option<Measured>> = chain.folds.iter().map(|_| None).collect();
        let at_most = match &chain.keep {
            Some(keep) => self.ground.values.constant(&keep.count)?.as_int().and_then(|n| usize::try_from(n).ok()),
            None => None,
        };
        let keeps_rows = per_node && chain.keep.as_ref().is_some_and(|keep| keep.descending && is_rows[keep.fold]);
        let base: Vec<(u32, u64)> = if keeps_rows && at_most.is_some() {
            self.count_at(group, at_most)?
        } else if let Some(at) = sum
            && let Fold::Of { function, node, key } = &chain.folds[at].1
        {
            let (nodes, sums) = self.measure(group, *function, *node, &key.name)?;
            let base = nodes.iter().enumerate().map(|(row, &id)| (id, sums.n(row))).collect();
            measured[at] = Some(sums);
            base
        } else if is_rows.contains(&true) || chain.folds.iter().any(|(_, fold)| matches!(fold, Fold::Of { .. })) {
            self.count_at(group, None)?
        } else {
            self.exists_at(group)?
        };
        let nodes: Vec<u32> = base.iter().map(|(id, _)| *id).collect();
        let merged = if per_node { None } else { Some(self.merge_by_keys(group, &nodes)?) };
        let n = merged.as_ref().map_or(nodes.len(), |merged| merged.nodes.len());
        let place = |row: usize| merged.as_ref().map_or(row, |merged| merged.places[row] as usize);
        let mut folds = Vec::with_capacity(chain.folds.len());
        for (at, (_, fold)) in chain.folds.iter().enumerate() {
            let totals = match fold {
                _ if is_rows[at] => Measured::Counts(base.iter().map(|(_, n)| *n).collect()),
                Fold::DistinctNodes { .. } => Measured::Counts(vec![1; base.len()]),
                Fold::Of { function, node, key } if *node == group => {
                    let mut by_group: Vec<Vec<(u32, u64)>> = vec![Vec::new(); n];
                    base.iter().enumerate().for_each(|(row, weight)| by_group[place(row)].push(*weight));
                    let folded = by_group.iter().map(|weights| self.fold(*function, &key.name, weights));
                    folds.push(batch::Column::Values(folded.collect::<Result<_, _>>()?));
                    continue;
                }
                Fold::Of { function, node, key } => match measured[at].take() {
                    Some(measured) => measured,
                    None => {
                        let (known, measured) = self.measure(group, *function, *node, &key.name)?;
                        measured.align(&known, &nodes)
                    }
                },
                Fold::Rows | Fold::DistinctValues { .. } => return Err(Stop::General),
            };
            let function = match fold {
                Fold::Of { function, .. } => *function,
                _ => Aggregator::Count,
            };
            folds.push(totals.finish(function, n, place)?);
        }
        // Groups are told apart by their keys: any node of a group has them.
        let mut nodes = merged.map_or(nodes, |merged| merged.nodes);
        if let (Some(keep), Some(at_most)) = (&chain.keep, at_most)
            && let Some(kept) = first_by(&folds[keep.fold], keep.descending, at_most)
        {
            folds.iter_mut().for_each(|column| column.retain(&kept));
            nodes = kept.iter().map(|row| nodes[*row as usize]).collect();
        }
        Ok(Rows { n: nodes.len(), nodes, folds })
    }
}
