//! From weights to rows: groups, and what is made of each.

use std::{
    hash::{Hash, Hasher},
    rc::Rc,
};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::{
    Stop, Values, hold,
    mask::{Filter, Mask, Words, all_have, block_ids, column, places},
    reach,
    ring::{Best, FloatSum, IntSum, Pool, Ring},
    walk::{Returning, Walk, walks},
    weigh::{Ground, Lift, Pass, Sink, leads_to},
};
use crate::{
    Error,
    graph::{CleanColumn, Column, Snapshot},
    model::{LabelId, NodeId, Value},
    query::{
        chain::{ChainAggregate, ChainSource, Fold},
        execute::{
            batch::{self, BATCH_ROWS_MAX},
            eval::values::arithmetic,
        },
        function::Aggregator,
        plan::{Arithmetic, Expr},
    },
    storage::{BLOCK_LEN, BLOCK_WORDS, ValueRef},
};

/// A trail costs the general operators about so many of the units that [`Pass::cost`] counts.
const TRAIL_COST: f64 = 8.0;

/// Below this many trails (as guessed) it is worth asking whether the general operators are faster.
const TRAILS_FEW: f64 = 20_000.0;

/// Up to so many nodes, what is measured is read where it is asked for.
const LIFTED_FEW: u64 = if cfg!(test) { 2 } else { 4096 };

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

/// Resolves the names and constants of what each node must be.
fn filters<'a>(
    chain: &'a ChainAggregate,
    snapshot: &'a Snapshot,
    values: &mut dyn Values,
) -> Result<Vec<Filter<'a>>, Stop> {
    let mut filters = Vec::with_capacity(chain.nodes.len());
    for node in &chain.nodes {
        let mut filter = Filter::new(node.slot);
        node.labels.iter().for_each(|label| filter.label(snapshot, &label.name));
        for predicate in &node.predicates {
            filter.predicate(snapshot, predicate, values)?;
        }
        match &node.source {
            ChainSource::Any => {}
            ChainSource::Seek { label, key, value } => {
                let value = values.constant(value)?;
                let catalog = snapshot.catalog();
                let (Some(label), Some(key)) = (catalog.label(&label.name), catalog.key(&key.name)) else {
                    return Err(Stop::General);
                };
                let index = catalog.find_index(label, key).ok_or(Stop::General)?;
                let mut ids = Vec::new();
                snapshot.seek(index, &value, &mut ids)?;
                ids.sort_unstable();
                ids.dedup();
                filter.found = Some(ids);
            }
            ChainSource::Ids(expr) => filter.found = Some(numbered(&values.constant(expr)?, snapshot)?),
        }
        filters.push(filter);
    }
    Ok(filters)
}

/// The most labels that are tried: more make no difference to a short query.
const LABELS_TRIED_MAX: usize = 32;

/// Adds to filters without a label one that all their nodes have because relationships lead to no other.
fn imply_labels(filters: &mut [Filter<'_>], walks: &[Walk], snapshot: &Snapshot) {
    for (node, filter) in filters.iter_mut().enumerate() {
        if !filter.labels.is_empty() || filter.found.is_some() || walks.is_empty() {
            continue;
        }
        let implied = |label: LabelId| {
            walks.iter().all(|walk| {
                walk.steps.iter().any(|step| {
                    let ends = [step.a, step.b].into_iter().filter(|end| walk.nodes[*end] == Some(node));
                    ends.into_iter().any(|end| leads_to(snapshot, &step.hop_from(step.other(end)), label))
                })
            })
        };
        let mut labels = snapshot.catalog().labels().map(|(label, _)| label).take(LABELS_TRIED_MAX);
        filter.labels.extend(labels.find(|label| implied(*label)));
    }
}

/// Returns the existing nodes of a number or a list of numbers.
fn numbered(value: &Value, snapshot: &Snapshot) -> Result<Vec<u32>, Stop> {
    let list = match value {
        Value::List(items) => &items[..],
        one => std::slice::from_ref(one),
    };
    let mut ids = Vec::with_capacity(list.len());
    for item in list {
        let Value::Int(number) = item else { return Err(Stop::General) };
        let Ok(id) = u32::try_from(*number) else { continue };
        if snapshot.node_exists(NodeId::new(id))? {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    // A number that is listed twice gives its rows twice.
    if ids.windows(2).any(|pair| pair[0] == pair[1]) { Err(Stop::General) } else { Ok(ids) }
}

struct Run<'a, 'v> {
    chain: &'v ChainAggregate,
    walks: &'v [Walk],
    ground: Ground<'a, 'v>,
}

impl<'a> Run<'a, '_> {
    /// Leaves it to the general operators where so few trails are expected that they are faster.
    fn refuse_few(&mut self) -> Result<(), Stop> {
        if self.ground.filters.iter().all(|filter| filter.found.is_none()) {
            return Ok(());
        }
        for walk in self.walks {
            let pass = Pass::<u64> { ground: &mut self.ground, walk, lift: None };
            let trails = pass.guess_trails();
            if trails < TRAILS_FEW {
                let root = self.root(walk);
                let pass = Pass::<u64> { ground: &mut self.ground, walk, lift: None };
                if pass.cost(root) > TRAIL_COST * (trails + 16.0) {
                    return Err(Stop::General);
                }
            }
        }
        Ok(())
    }

    /// Returns where to hang up a pattern: at the group, or where the work is least.
    fn root(&mut self, walk: &Walk) -> usize {
        let single = |group: usize| self.ground.filters[group].found.as_ref().is_some_and(|found| found.len() == 1);
        match self.chain.group {
            Some(group) if !single(group) => group,
            _ => {
                let pass = Pass::<u64> { ground: &mut self.ground, walk, lift: None };
                let costs = (0..walk.nodes.len()).map(|node| (node, pass.cost(node)));
                costs.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(node, _)| node)
            }
        }
    }

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

    /// Returns whether different nodes always have different keys: one of them is the node, or a unique property.
    fn keys_tell_nodes(&mut self, group: usize) -> Result<bool, Stop> {
        let slot = self.chain.nodes[group].slot;
        for (_, expr) in &self.chain.keys {
            match expr {
                Expr::Slot(key) if *key == slot => return Ok(true),
                Expr::Property { base, key, .. } if matches!(**base, Expr::Slot(of) if of == slot) => {
                    let snapshot = self.ground.snapshot;
                    let Some(key) = snapshot.catalog().key(&key.name) else { continue };
                    for &label in &self.ground.filters[group].labels {
                        let index = snapshot.catalog().find_index(label, key);
                        let column = snapshot.node_column(key);
                        // NaN differs from itself where it must be unique, and not where it groups.
                        if index.is_some_and(|index| index.unique)
                            && matches!(kind_of(snapshot, &Mask::Label(label), column)?, Kind::Ints | Kind::Texts)
                            && all_have(snapshot, &Mask::Label(label), column)?
                        {
                            return Ok(true);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(false)
    }

    /// Finds the nodes whose keys are the same.
    fn merge_by_keys(&mut self, group: usize, nodes: &[u32]) -> Result<Merged, Stop> {
        let chain = self.chain;
        let slot = chain.nodes[group].slot;
        let properties: Option<Vec<Column<'_>>> = chain
            .keys
            .iter()
            .map(|(_, key)| match key {
                Expr::Property { base, key, .. } if matches!(**base, Expr::Slot(of) if of == slot) => {
                    Some(column(self.ground.snapshot, &key.name))
                }
                _ => None,
            })
            .collect();
        self.ground.values.tick(nodes.len())?;
        if let Some(properties) = properties {
            return Ok(merge_by_properties(&properties, nodes)?);
        }
        let mut merged = Merged::default();
        let mut known: FxHashMap<Vec<Value>, u32> = FxHashMap::default();
        for chunk in nodes.chunks(BATCH_ROWS_MAX) {
            let mut columns = Vec::with_capacity(chain.keys.len());
            for (_, expr) in &chain.keys {
                columns.push(self.ground.values.column(expr, slot, chunk)?);
            }
            for (row, &node) in chunk.iter().enumerate() {
                let key: Vec<Value> = columns.iter().map(|column| column.get(row)).collect();
                let place = *known.entry(key).or_insert_with(|| {
                    merged.nodes.push(node);
                    merged.nodes.len() as u32 - 1
                });
                merged.places.push(place);
            }
        }
        Ok(merged)
    }

    fn mask(&mut self, node: usize) -> Result<Rc<Mask>, Stop> {
        if let Some(mask) = &self.ground.masks[node] {
            return Ok(mask.clone());
        }
        let mask = Rc::new(self.ground.filters[node].mask(self.ground.snapshot, self.ground.values)?);
        self.ground.masks[node] = Some(mask.clone());
        Ok(mask)
    }

    fn all_have(&mut self, node: usize, column: Column<'_>) -> Result<bool, Stop> {
        // Where a label alone has it everywhere, the predicates need not be looked at.
        if let Some(&label) = self.ground.filters[node].labels.first()
            && self.ground.filters[node].found.is_none()
            && all_have(self.ground.snapshot, &Mask::Label(label), column)?
        {
            return Ok(true);
        }
        let mask = self.mask(node)?;
        Ok(all_have(self.ground.snapshot, &mask, column)?)
    }

    fn pass<S: Ring>(
        &mut self,
        walk: &Walk,
        root: usize,
        lift: Option<(usize, Lift<'_, S>)>,
        sink: &mut dyn Sink<S>,
    ) -> Result<(), Stop> {
        if !S::SUBTRACTS && !walk.fixes.is_empty() {
            return Err(Stop::General);
        }
        Pass { ground: &mut self.ground, walk, lift }.run(root, sink)
    }

    /// Returns the weights at a place over all patterns, by ascending node.
    fn weights_at<S: Ring>(&mut self, place: usize, lift: Option<(usize, Lift<'_, S>)>) -> Result<Vec<(u32, S)>, Stop> {
        let mut all: Vec<(u32, S)> = Vec::new();
        for walk in self.walks {
            let mut found = Listed(Vec::new());
            self.pass(walk, place, lift, &mut found)?;
            let back = self.returning(walk, place, lift)?;
            let found = if back.is_empty() { found.0 } else { subtract(sorted(found.0), &back) };
            all = if all.is_empty() { found } else { [all, found].concat() };
        }
        Ok(sorted(all))
    }

    /// Returns the numbers of trails through the nodes of a place; with `at_most`, only the greatest.
    fn count_at(&mut self, place: usize, at_most: Option<usize>) -> Result<Vec<(u32, u64)>, Stop> {
        match (at_most, self.walks) {
            (Some(at_most), [walk]) if walk.returning.is_none() => {
                let mut top = Top { at_most, threshold: 1, found: Vec::new(), crowded: 2 * at_most + TOP_SPARE };
                self.pass(walk, place, None, &mut top)?;
                top.cut();
                Ok(sorted(top.found))
            }
            _ => self.weights_at::<u64>(place, None),
        }
    }

    /// Returns the nodes of a place that a trail goes through, in any order.
    fn exists_at(&mut self, place: usize) -> Result<Vec<(u32, u64)>, Stop> {
        let rows: Option<Vec<_>> =
            self.walks.iter().map(|walk| Some((walk, reach::row(walk, self.ground.filters, place)?))).collect();
        if let Some(rows) = rows {
            let Ground { snapshot, filters, masks, values, pool } = &mut self.ground;
            let mut ground = reach::Ground { snapshot, filters, masks, values: &mut **values };
            let len = snapshot.node_id_end() as usize;
            hold(ground.values, 2 * len * size_of::<u32>())?;
            pool.levels.start(len);
            pool.ends.start(len);
            let mut reached = Vec::new();
            for (walk, row) in &rows {
                reach::reach(walk, row, &mut ground, &mut pool.levels, &mut pool.ends, &mut reached)?;
            }
            return Ok(reached.into_iter().map(|id| (id, 1)).collect());
        }
        if self.walks.iter().any(|walk| !walk.fixes.is_empty() || walk.returning.is_some()) {
            return self.weights_at::<u64>(place, None);
        }
        let found = self.weights_at::<bool>(place, None)?;
        Ok(found.into_iter().map(|(id, _)| (id, 1)).collect())
    }

    /// Measures a property of another place for each node of a place.
    fn measure(
        &mut self,
        group: usize,
        function: Aggregator,
        node: usize,
        key: &str,
    ) -> Result<(Vec<u32>, Measured), Stop> {
        let snapshot = self.ground.snapshot;
        let column = column(snapshot, key);
        if function == Aggregator::Count {
            let lift = |id: u32| Ok(u64::from(!matches!(column.get(id)?, ValueRef::Null)));
            let found = self.weights_at::<u64>(group, Some((node, &lift)))?;
            return Ok((ids(&found), Measured::Counts(weights(found))));
        }
        let mask = self.mask(node)?;
        if matches!(function, Aggregator::Min | Aggregator::Max) {
            hold(self.ground.values, mask.n(snapshot) as usize * (size_of::<Value>() + 8))?;
            let (ranks, values) = ranks(snapshot, &mask, column, function == Aggregator::Max)?;
            let lift = |id: u32| Ok(Best(ranks[id as usize]));
            let found = self.weights_at::<Best>(group, Some((node, &lift)))?;
            return Ok((ids(&found), Measured::Best(weights(found), values)));
        }
        match kind_of(snapshot, &mask, column)? {
            Kind::Ints if mask.n(snapshot) > LIFTED_FEW && all_have(snapshot, &mask, column)? => {
                // Every node has one, and most will be asked for: decoded once, by block.
                hold(self.ground.values, snapshot.node_id_end() as usize * size_of::<u64>())?;
                let mut numbers = u64::zeroes(self.ground.pool, snapshot.node_id_end() as usize);
                decode(snapshot, &mask, column, &mut numbers)?;
                let lift = |id: u32| Ok(IntSum { n: 1, sum: (numbers[id as usize] as i64).into() });
                let found = self.weights_at::<IntSum>(group, Some((node, &lift)));
                numbers.fill(0);
                u64::give_back(self.ground.pool, numbers);
                let found = found?;
                Ok((ids(&found), Measured::Ints(weights(found))))
            }
            Kind::Ints => {
                let lift = |id: u32| {
                    Ok(match column.get(id)? {
                        ValueRef::Int(number) => IntSum { n: 1, sum: number.into() },
                        _ => IntSum::ZERO,
                    })
                };
                let found = self.weights_at::<IntSum>(group, Some((node, &lift)))?;
                Ok((ids(&found), Measured::Ints(weights(found))))
            }
            Kind::Floats => {
                let lift = |id: u32| {
                    Ok(match column.get(id)? {
                        ValueRef::Float(number) => FloatSum { n: 1, sum: number },
                        _ => FloatSum::ZERO,
                    })
                };
                let found = self.weights_at::<FloatSum>(group, Some((node, &lift)))?;
                Ok((ids(&found), Measured::Floats(weights(found))))
            }
            Kind::Texts | Kind::Other => Err(Stop::General),
        }
    }

    /// Aggregates a property of nodes that so many trails go through each.
    fn fold(&mut self, function: Aggregator, key: &str, weights: &[(u32, u64)]) -> Result<Value, Stop> {
        let column = column(self.ground.snapshot, key);
        let mut n = 0u64;
        let (mut ints, mut floats, mut n_floats) = (0i128, 0.0f64, 0u64);
        let mut best: Option<Value> = None;
        for &(id, times) in weights {
            let value = column.get(id)?;
            if matches!(value, ValueRef::Null) || times == 0 {
                continue;
            }
            n = n.add(times);
            match function {
                Aggregator::Count => {}
                Aggregator::Min | Aggregator::Max => {
                    let value = value.to_value();
                    let better = best.as_ref().is_none_or(|best| {
                        let order = value.order(best);
                        if function == Aggregator::Min { order.is_lt() } else { order.is_gt() }
                    });
                    if better {
                        best = Some(value);
                    }
                }
                Aggregator::Sum | Aggregator::Avg => match value {
                    ValueRef::Int(number) => ints = ints.wrapping_add(i128::from(number).wrapping_mul(times.into())),
                    ValueRef::Float(number) => {
                        floats += number * times as f64;
                        n_floats += 1;
                    }
                    _ => return Err(Stop::General),
                },
                _ => return Err(Stop::General),
            }
        }
        self.ground.values.tick(weights.len())?;
        if n == u64::MAX {
            return Err(too_large());
        }
        Ok(match function {
            Aggregator::Count => count(n)?,
            Aggregator::Min | Aggregator::Max => best.unwrap_or_default(),
            _ if n_floats > 0 => {
                let sum = floats + ints as f64;
                Value::Float(if function == Aggregator::Avg { sum / n as f64 } else { sum })
            }
            _ => int_result(function, IntSum { n, sum: ints })?,
        })
    }

    /// Returns what the trails weigh whose third relationship is the first again, by node of a place.
    fn returning<S: Ring>(
        &mut self,
        walk: &Walk,
        place: usize,
        lift: Option<(usize, Lift<'_, S>)>,
    ) -> Result<Vec<(u32, S)>, Stop> {
        let Some(Returning { nodes, steps }) = &walk.returning else { return Ok(Vec::new()) };
        if !S::SUBTRACTS {
            return Err(Stop::General);
        }
        let snapshot = self.ground.snapshot;
        let mut masks = Vec::with_capacity(4);
        for &node in nodes {
            masks.push(match walk.nodes[node] {
                Some(origin) => self.mask(origin)?,
                None => Rc::new(Mask::All),
            });
        }
        // From the end with fewer nodes; the row of four reads the same from either end.
        let (mut nodes, mut steps) = (*nodes, *steps);
        if masks[3].n(snapshot) < masks[0].n(snapshot) {
            nodes.reverse();
            steps.reverse();
            masks.reverse();
        }
        let at = nodes.iter().position(|&node| node == place).ok_or(Stop::General)?;
        let measured = lift.and_then(|(node, lift)| Some((nodes.iter().position(|&known| known == node)?, lift)));
        let (first, between) = (walk.steps[steps[0]].hop_from(nodes[0]), walk.steps[steps[1]].hop_from(nodes[1]));
        let last = walk.steps[steps[2]].hop_from(nodes[2]);
        let mut found: FxHashMap<u32, S> = FxHashMap::default();
        for block in 0..snapshot.n_node_blocks() {
            for start in block_ids(block, &masks[0].block(snapshot, block)?) {
                if !masks[2].contains(snapshot, start)? {
                    continue;
                }
                let mut ends: Vec<u32> = Vec::new();
                for (adjacency, rel_type) in first.adjacencies(snapshot) {
                    if last.types.contains(&rel_type) {
                        adjacency.edges(NodeId::new(start))?.append_to(&mut ends, None);
                    }
                }
                self.ground.values.tick(ends.len() + 1)?;
                for end in ends {
                    if !masks[1].contains(snapshot, end)? || !masks[3].contains(snapshot, end)? {
                        continue;
                    }
                    let mut n = 0u64;
                    for (adjacency, _) in between.adjacencies(snapshot) {
                        let edges = adjacency.edges(NodeId::new(end))?;
                        match edges.neighbors_slice() {
                            Some(neighbors) => {
                                let from = neighbors.partition_point(|&to| to < start);
                                n += neighbors[from..].iter().take_while(|&&to| to == start).count() as u64;
                            }
                            None => edges.for_each(|to, _| n += u64::from(to == start)),
                        }
                    }
                    if n == 0 {
                        continue;
                    }
                    let row = [start, end, start, end];
                    let mut weight = S::times(n);
                    if let Some((node, lift)) = measured {
                        weight = weight.mul(lift(row[node])?);
                    }
                    let sum = found.entry(row[at]).or_insert(S::ZERO);
                    *sum = sum.add(weight);
                }
            }
        }
        Ok(sorted(found.into_iter().collect()))
    }
}

/// Groups of nodes whose keys are the same.
#[derive(Default)]
struct Merged {
    /// By group: one of its nodes.
    nodes: Vec<u32>,
    /// By row: its group.
    places: Vec<u32>,
}

/// Finds the nodes whose properties are the same, without copying a text.
fn merge_by_properties(properties: &[Column<'_>], nodes: &[u32]) -> Result<Merged, Error> {
    let mut merged = Merged { nodes: Vec::new(), places: Vec::with_capacity(nodes.len()) };
    // By hash the first group of it, and by group the next one of the same hash.
    let mut first: FxHashMap<u64, u32> = FxHashMap::default();
    let mut next: Vec<Option<u32>> = Vec::new();
    for &node in nodes {
        let mut hasher = FxHasher::default();
        for property in properties {
            hash_of(&property.get(node)?, &mut hasher);
        }
        let entry = first.entry(hasher.finish()).or_insert(u32::MAX);
        let mut at = Some(*entry).filter(|group| *group != u32::MAX);
        while let Some(group) = at {
            if have_same(properties, merged.nodes[group as usize], node)? {
                break;
            }
            at = next[group as usize];
        }
        let place = match at {
            Some(group) => group,
            None => {
                let group = merged.nodes.len() as u32;
                next.push(Some(*entry).filter(|group| *group != u32::MAX));
                *entry = group;
                merged.nodes.push(node);
                group
            }
        };
        merged.places.push(place);
    }
    Ok(merged)
}

/// Hashes values so that what groups together hashes the same.
fn hash_of(value: &ValueRef<'_>, hasher: &mut FxHasher) {
    match value {
        ValueRef::Str(text) => hasher.write(text.as_bytes()),
        ValueRef::Mixed(Value::String(text)) => hasher.write(text.as_bytes()),
        ValueRef::Int(number) => Value::Int(*number).hash(hasher),
        other => other.to_value().hash(hasher),
    }
}

fn have_same(properties: &[Column<'_>], a: u32, b: u32) -> Result<bool, Error> {
    for property in properties {
        let same = match (property.get(a)?, property.get(b)?) {
            (ValueRef::Str(a), ValueRef::Str(b)) => a == b,
            (a, b) => a.to_value().same(&b.to_value()),
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the rows that come first by a column, `at_most` of them and those that equal the last, ascending; `None` where
/// that is all.
fn first_by(column: &batch::Column, descending: bool, at_most: usize) -> Option<Vec<u32>> {
    let n = column.len();
    if at_most >= n {
        return None;
    }
    let Some(last) = at_most.checked_sub(1) else { return Some(Vec::new()) };
    let order = |a: &u32, b: &u32| {
        let (a, b) = (*a as usize, *b as usize);
        let ordering = match column {
            batch::Column::Ints(items) => items[a].cmp(&items[b]),
            batch::Column::Values(items) => items[a].order(&items[b]),
            other => other.get(a).order(&other.get(b)),
        };
        if descending { ordering.reverse() } else { ordering }
    };
    let mut rows: Vec<u32> = (0..n as u32).collect();
    let (_, bound, _) = rows.select_nth_unstable_by(last, order);
    let bound = *bound;
    Some((0..n as u32).filter(|row| order(row, &bound).is_le()).collect())
}

/// What was measured, by row.
enum Measured {
    Counts(Vec<u64>),
    Ints(Vec<IntSum>),
    Floats(Vec<FloatSum>),
    /// Ranks, and the values by rank.
    Best(Vec<Best>, Vec<Value>),
}

impl Measured {
    /// Returns the number of trails that were measured on.
    fn n(&self, row: usize) -> u64 {
        match self {
            Self::Counts(counts) => counts[row],
            Self::Ints(sums) => sums[row].n,
            Self::Floats(sums) => sums[row].n,
            Self::Best(..) => unreachable!("a best value counts nothing"),
        }
    }

    /// Returns it by the rows of `nodes`, of which `known` is a part; both ascend.
    fn align(self, known: &[u32], nodes: &[u32]) -> Self {
        fn align<S: Ring>(measured: Vec<S>, known: &[u32], nodes: &[u32]) -> Vec<S> {
            let mut known = known.iter().zip(measured).peekable();
            let mut next = |node: &u32| known.next_if(|(id, _)| *id == node).map_or(S::ZERO, |(_, weight)| weight);
            nodes.iter().map(&mut next).collect()
        }
        match self {
            Self::Counts(counts) => Self::Counts(align(counts, known, nodes)),
            Self::Ints(sums) => Self::Ints(align(sums, known, nodes)),
            Self::Floats(sums) => Self::Floats(align(sums, known, nodes)),
            Self::Best(best, values) => Self::Best(align(best, known, nodes), values),
        }
    }

    /// Returns the results of `n` groups.
    fn finish(self, function: Aggregator, n: usize, place: impl Fn(usize) -> usize) -> Result<batch::Column, Stop> {
        fn group<S: Ring>(rows: Vec<S>, n: usize, place: impl Fn(usize) -> usize) -> Vec<S> {
            let mut groups = vec![S::ZERO; n];
            for (row, weight) in rows.into_iter().enumerate() {
                let group = &mut groups[place(row)];
                *group = group.add(weight);
            }
            groups
        }
        Ok(match self {
            Self::Counts(counts) => {
                let counts = group(counts, n, place).into_iter();
                batch::Column::Ints(
                    counts.map(|n| i64::try_from(n).map_err(|_| too_large())).collect::<Result<_, _>>()?,
                )
            }
            Self::Ints(sums) => {
                let sums = group(sums, n, place).into_iter().map(|sum| int_result(function, sum));
                batch::Column::Values(sums.collect::<Result<_, _>>()?)
            }
            Self::Floats(sums) => {
                let sums = group(sums, n, place).into_iter().map(|FloatSum { n, sum }| match function {
                    Aggregator::Avg if n == 0 => Value::Null,
                    Aggregator::Avg => Value::Float(sum / n as f64),
                    _ if n == 0 => Value::Int(0),
                    _ => Value::Float(sum),
                });
                batch::Column::Values(sums.collect())
            }
            Self::Best(best, values) => {
                let best = group(best, n, place).into_iter();
                batch::Column::Values(
                    best.map(|Best(rank)| values.get(rank as usize).cloned().unwrap_or_default()).collect(),
                )
            }
        })
    }
}

fn int_result(function: Aggregator, IntSum { n, sum }: IntSum) -> Result<Value, Stop> {
    if n == u64::MAX {
        return Err(too_large());
    }
    if function == Aggregator::Avg {
        return Ok(if n == 0 { Value::Null } else { Value::Float(sum as f64 / n as f64) });
    }
    i64::try_from(sum).map(Value::Int).map_err(|_| too_large())
}

fn count(n: u64) -> Result<Value, Stop> {
    i64::try_from(n).map(Value::Int).map_err(|_| too_large())
}

/// Returns the error of adding integers beyond the largest. Walking the trails would say so too, but not in our time.
fn too_large() -> Stop {
    let sum = arithmetic(Arithmetic::Add, &Value::Int(i64::MAX), &Value::Int(1));
    sum.map_or_else(Stop::Error, |_| Stop::General)
}

/// What values a property has.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Integers, or none at all.
    Ints,
    Floats,
    Texts,
    Other,
}

/// Returns what values the nodes of a mask have.
fn kind_of(snapshot: &Snapshot, mask: &Mask, column: Column<'_>) -> Result<Kind, Error> {
    let mut kind = None;
    for block in 0..snapshot.n_node_blocks() {
        let words = mask.block(snapshot, block)?;
        if words == [0; BLOCK_WORDS] {
            continue;
        }
        let of_block = match column.clean_block(block)? {
            CleanColumn::Empty => continue,
            CleanColumn::Whole(values) if values.presence().count() == 0 => continue,
            CleanColumn::Whole(values) if values.ints().is_some() => Kind::Ints,
            CleanColumn::Whole(values) if values.floats().is_some() => Kind::Floats,
            CleanColumn::Whole(values) if values.strs().is_some() => Kind::Texts,
            _ => {
                let mut found = None;
                for id in block_ids(block, &words) {
                    let of_value = match column.get(id)? {
                        ValueRef::Null => continue,
                        ValueRef::Int(_) => Kind::Ints,
                        ValueRef::Float(_) => Kind::Floats,
                        ValueRef::Str(_) => Kind::Texts,
                        _ => Kind::Other,
                    };
                    if found.is_some_and(|found| found != of_value) {
                        return Ok(Kind::Other);
                    }
                    found = Some(of_value);
                }
                let Some(found) = found else { continue };
                found
            }
        };
        if kind.is_some_and(|kind| kind != of_block) {
            return Ok(Kind::Other);
        }
        kind = Some(of_block);
    }
    Ok(kind.unwrap_or(Kind::Ints))
}

/// Writes the integers of a mask's nodes, by node.
fn decode(snapshot: &Snapshot, mask: &Mask, column: Column<'_>, numbers: &mut [u64]) -> Result<(), Error> {
    let mut decoded = [0i64; BLOCK_LEN];
    for block in 0..snapshot.n_node_blocks() {
        let words = mask.block(snapshot, block)?;
        if words == [0; BLOCK_WORDS] {
            continue;
        }
        let from = block as usize * BLOCK_LEN;
        let numbers = &mut numbers[from..from + BLOCK_LEN];
        match column.clean_block(block)? {
            CleanColumn::Whole(values) if values.ints().is_some() => {
                if let Some(ints) = values.ints() {
                    ints.fill_i64(&mut decoded);
                }
                numbers.iter_mut().zip(&decoded).for_each(|(number, decoded)| *number = *decoded as u64);
            }
            _ => {
                for id in block_ids(block, &words) {
                    if let ValueRef::Int(number) = column.get(id)? {
                        numbers[id as usize % BLOCK_LEN] = number as u64;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Returns the rank of each node's value, and the values by rank: least first, or greatest first.
fn ranks(
    snapshot: &Snapshot,
    mask: &Mask,
    column: Column<'_>,
    descending: bool,
) -> Result<(Vec<u32>, Vec<Value>), Error> {
    let mut values: Vec<(Value, u32)> = Vec::new();
    for block in 0..snapshot.n_node_blocks() {
        for id in block_ids(block, &mask.block(snapshot, block)?) {
            let value = column.value(id)?;
            if !value.is_null() {
                values.push((value, id));
            }
        }
    }
    values.sort_by(|(a, _), (b, _)| if descending { b.order(a) } else { a.order(b) });
    let mut ranks = vec![Best::ZERO.0; snapshot.node_id_end() as usize];
    values.iter().enumerate().for_each(|(rank, (_, id))| ranks[*id as usize] = rank as u32);
    Ok((ranks, values.into_iter().map(|(value, _)| value).collect()))
}

/// Adds all weights.
struct Total<S>(S);

impl<S: Ring> Sink<S> for Total<S> {
    fn block(&mut self, _block: u32, _words: &Words, weights: &[S]) {
        self.0 = weights.iter().fold(self.0, |sum, &weight| sum.add(weight));
    }

    fn one(&mut self, _node: u32, weight: S) {
        self.0 = self.0.add(weight);
    }
}

/// Lists all weights.
struct Listed<S>(Vec<(u32, S)>);

impl<S: Ring> Sink<S> for Listed<S> {
    fn block(&mut self, block: u32, words: &Words, weights: &[S]) {
        for id in block_ids(block, words) {
            let weight = weights[id as usize % BLOCK_LEN];
            if !weight.is_zero() {
                self.0.push((id, weight));
            }
        }
    }

    fn one(&mut self, node: u32, weight: S) {
        self.0.push((node, weight));
    }
}

/// Candidates kept beyond twice those asked for, so that they are seldom cut.
const TOP_SPARE: usize = 256;

/// Keeps the nodes of the greatest counts, and those that equal the last.
struct Top {
    at_most: usize,
    /// Less is not among them.
    threshold: u64,
    found: Vec<(u32, u64)>,
    /// Cut when there are so many.
    crowded: usize,
}

impl Top {
    fn cut(&mut self) {
        if self.at_most == 0 {
            self.found.clear();
            self.threshold = u64::MAX;
        } else if self.found.len() > self.at_most {
            let (_, last, _) = self.found.select_nth_unstable_by(self.at_most - 1, |a, b| b.1.cmp(&a.1));
            let threshold = last.1;
            self.threshold = threshold;
            self.found.retain(|(_, n)| *n >= threshold);
        }
        self.crowded = (2 * self.found.len()).max(2 * self.at_most) + TOP_SPARE;
    }
}

impl Sink<u64> for Top {
    fn block(&mut self, block: u32, _words: &Words, weights: &[u64]) {
        let threshold = self.threshold;
        for (at, chunk) in weights.chunks_exact(64).enumerate() {
            let mut reach = 0u64;
            for (bit, weight) in chunk.iter().enumerate() {
                reach |= u64::from(*weight >= threshold) << bit;
            }
            for bit in places(reach) {
                let id = block * BLOCK_LEN as u32 + at as u32 * 64 + bit;
                self.one(id, chunk[bit as usize]);
            }
        }
    }

    fn one(&mut self, node: u32, weight: u64) {
        if weight >= self.threshold {
            self.found.push((node, weight));
            if self.found.len() >= self.crowded {
                self.cut();
            }
        }
    }
}

fn ids<S>(found: &[(u32, S)]) -> Vec<u32> {
    found.iter().map(|(id, _)| *id).collect()
}

fn weights<S>(found: Vec<(u32, S)>) -> Vec<S> {
    found.into_iter().map(|(_, weight)| weight).collect()
}

fn sum(found: &[(u32, u64)]) -> u64 {
    found.iter().fold(0, |sum, (_, n)| sum.add(*n))
}

/// Returns weights by ascending node, each node once.
fn sorted<S: Ring>(mut found: Vec<(u32, S)>) -> Vec<(u32, S)> {
    if !found.is_sorted_by(|a, b| a.0 < b.0) {
        found.sort_by_key(|(id, _)| *id);
        found.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.add(next.1);
            }
            same
        });
    }
    found
}

/// Takes away weights; both ascend.
fn subtract<S: Ring>(mut found: Vec<(u32, S)>, back: &[(u32, S)]) -> Vec<(u32, S)> {
    let mut back = back.iter().peekable();
    for (id, weight) in &mut found {
        while back.next_if(|(known, _)| known < id).is_some() {}
        if let Some((_, less)) = back.next_if(|(known, _)| known == id) {
            *weight = weight.sub(*less);
        }
    }
    found.retain(|(_, weight)| !weight.is_zero());
    found
}
