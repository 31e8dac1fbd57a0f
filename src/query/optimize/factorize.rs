//! An aggregation over the trails of a pattern that is a tree needs no trails: see [`chain`](crate::query::chain).
//!
//! Recognises an [`Op::Aggregate`] (or [`Op::Distinct`]) over nothing but scans, seeks, expansions, filters that look at one
//! node each, and projections, down to the statement's single empty row. What it makes keeps the operators it was made
//! from, for the graphs on which they are needed after all.

use crate::query::{
    chain::{ChainAggregate, ChainNode, ChainSource, ChainStep, Fold, Keep},
    execute::chain::is_constant,
    function::Aggregator,
    plan::{Aggregate, Expr, LabelRef, LabelTest, Named, Op, Plan, Slot},
    slots,
};

/// The most relationships of a stretch: more are walked.
const STRETCH_MAX: u32 = 4;

/// The most nodes of a pattern.
const NODES_MAX: usize = 8;

/// Applies the rule to the operators that the statement's rows pass through.
pub(super) fn apply(plan: &mut Plan) {
    along(&mut plan.root);
}

fn along(op: &mut Op) {
    match op {
        Op::Aggregate { .. } | Op::Distinct { .. } => {
            if let Some(chain) = recognize(op) {
                *op = Op::ChainAggregate(Box::new(chain));
                return;
            }
        }
        // Inner plans are run for rows from outside.
        Op::Apply { input, .. } | Op::Merge { input, .. } | Op::Foreach { input, .. } => return along(input),
        _ => {}
    }
    slots::inputs_mut(op, &mut along);
    keep_first(op);
}

/// What a slot is, in terms of the pattern.
#[derive(Clone)]
enum Bound {
    Node(usize),
    /// The relationship, or the stretch, of a step.
    Step(usize),
    /// An expression over nodes.
    Value(Expr),
}

/// A pattern being put together.
#[derive(Default)]
struct Pattern {
    nodes: Vec<ChainNode>,
    steps: Vec<ChainStep>,
    distinct: Vec<(usize, usize)>,
    bound: Vec<(Slot, Bound)>,
    /// By node, the part it is joined to so far.
    part: Vec<usize>,
}

fn recognize(op: &Op) -> Option<ChainAggregate> {
    let mut pattern = Pattern::default();
    let (input, keys, aggregates) = match op {
        Op::Aggregate { input, keys, aggregates } => (input, keys.clone(), &aggregates[..]),
        Op::Distinct { input, slots, .. } => {
            (input, slots.iter().map(|slot| (*slot, Expr::Slot(*slot))).collect(), &[][..])
        }
        _ => return None,
    };
    pattern.operators(input)?;
    // Without a node there is nothing to weigh.
    if pattern.nodes.is_empty() {
        return None;
    }
    if pattern.part.iter().any(|part| *part != pattern.part[0]) || pattern.steps.is_empty() && !keys.is_empty() {
        return None;
    }
    let mut group = None;
    let mut own_keys = Vec::with_capacity(keys.len());
    for (slot, key) in keys {
        let key = pattern.over_nodes(&key)?;
        let node = pattern.only_node(&key)?;
        if *group.get_or_insert(node) != node {
            return None;
        }
        own_keys.push((slot, key));
    }
    let mut folds = Vec::with_capacity(aggregates.len());
    for (slot, aggregate) in aggregates {
        folds.push((*slot, pattern.fold(aggregate, group)?));
    }
    let Pattern { nodes, steps, distinct, .. } = pattern;
    Some(ChainAggregate { nodes, steps, distinct, group, keys: own_keys, folds, keep: None, general: op.clone() })
}

impl Pattern {
    /// Takes in the operators from the lowest to this one.
    fn operators(&mut self, op: &Op) -> Option<()> {
        match op {
            Op::Argument => return Some(()),
            Op::NodeScan { input, .. }
            | Op::NodeSeek { input, .. }
            | Op::NodeById { input, .. }
            | Op::Filter { input, .. }
            | Op::Project { input, .. } => self.operators(input)?,
            Op::Expand(expand) => self.operators(&expand.input)?,
            Op::VarExpand(expand) => self.operators(&expand.input)?,
            _ => return None,
        }
        match op {
            Op::NodeScan { node, label, .. } => {
                let node = self.node(*node, ChainSource::Any)?;
                self.nodes[node].labels.extend(label.clone());
            }
            Op::NodeSeek { node, label, key, value, .. } => {
                let (label, key, value) = (label.clone(), key.clone(), self.constant(value)?);
                let node = self.node(*node, ChainSource::Seek { label: label.clone(), key, value })?;
                self.nodes[node].labels.push(label);
            }
            Op::NodeById { node, ids, .. } => {
                let ids = self.constant(ids)?;
                self.node(*node, ChainSource::Ids(ids))?;
            }
            Op::Filter { predicate, .. } => self.predicate(predicate)?,
            Op::Project { items, .. } => {
                for (slot, expr) in items {
                    let bound = match expr {
                        Expr::Slot(of) => self.find(*of)?.clone(),
                        expr => Bound::Value(self.substituted(expr)?),
                    };
                    self.bound.push((*slot, bound));
                }
            }
            Op::Expand(expand) => {
                let unbound = !expand.rel_bound;
                let lengths = (1, 1);
                let (from, to, into) = (expand.from, expand.to, expand.into);
                let step = unbound.then(|| self.step(from, to, into, lengths))??;
                self.steps[step].follow = expand.follow;
                self.steps[step].types.clone_from(&expand.types);
                self.keep_apart(step, &expand.unique_from)?;
                self.bound.extend(expand.rel.map(|rel| (rel, Bound::Step(step))));
            }
            Op::VarExpand(expand) => {
                let max = expand.max.filter(|max| *max <= STRETCH_MAX && expand.min >= 1 && expand.min <= *max)?;
                if expand.rels_bound || expand.rel_filter.is_some() {
                    return None;
                }
                let step = self.step(expand.from, expand.to, expand.into, (expand.min, max))?;
                self.steps[step].follow = expand.follow;
                self.steps[step].types.clone_from(&expand.types);
                self.keep_apart(step, &expand.unique_from)?;
                self.bound.extend(expand.rels.map(|rels| (rels, Bound::Step(step))));
            }
            _ => {}
        }
        Some(())
    }

    fn find(&self, slot: Slot) -> Option<&Bound> {
        self.bound.iter().rev().find(|(known, _)| *known == slot).map(|(_, bound)| bound)
    }

    fn node(&mut self, slot: Slot, source: ChainSource) -> Option<usize> {
        let node = self.nodes.len();
        if node == NODES_MAX || self.find(slot).is_some() {
            return None;
        }
        self.nodes.push(ChainNode { slot, source, labels: Vec::new(), predicates: Vec::new() });
        self.bound.push((slot, Bound::Node(node)));
        self.part.push(node);
        Some(node)
    }

    /// Adds a step; where its end is bound already it must join two parts, for a pattern with a cycle is no tree.
    fn step(&mut self, from: Slot, to: Slot, into: bool, (min, max): (u32, u32)) -> Option<usize> {
        let Bound::Node(from) = *self.find(from)? else { return None };
        let to = match self.find(to) {
            Some(Bound::Node(to)) if into => *to,
            None if !into => self.node(to, ChainSource::Any)?,
            _ => return None,
        };
        let (kept, joined) = (self.part[from], self.part[to]);
        if kept == joined {
            return None;
        }
        self.part.iter_mut().filter(|part| **part == joined).for_each(|part| *part = kept);
        let follow = crate::query::plan::Follow::Out;
        self.steps.push(ChainStep { from, to, follow, types: Vec::new(), min, max });
        Some(self.steps.len() - 1)
    }

    fn keep_apart(&mut self, step: usize, others: &[Slot]) -> Option<()> {
        for other in others {
            let Bound::Step(other) = *self.find(*other)? else { return None };
            self.distinct.push((other, step));
        }
        Some(())
    }

    fn predicate(&mut self, predicate: &Expr) -> Option<()> {
        if let Expr::And(all) = predicate {
            return all.iter().try_for_each(|one| self.predicate(one));
        }
        let predicate = self.over_nodes(predicate)?;
        let node = self.only_node(&predicate)?;
        match label_names(&predicate) {
            Some(labels) => self.nodes[node].labels.extend(labels),
            None => self.nodes[node].predicates.push(predicate),
        }
        Some(())
    }

    fn constant(&self, expr: &Expr) -> Option<Expr> {
        let expr = self.substituted(expr)?;
        is_constant(&expr).then_some(expr)
    }

    /// Returns the expression with projected slots replaced by what they were projected from.
    fn substituted(&self, expr: &Expr) -> Option<Expr> {
        let mut expr = expr.clone();
        self.substitute(&mut expr).then_some(expr)
    }

    fn substitute(&self, expr: &mut Expr) -> bool {
        match expr {
            Expr::Slot(slot) => match self.find(*slot) {
                Some(Bound::Node(node)) => *expr = Expr::Slot(self.nodes[*node].slot),
                Some(Bound::Value(value)) => *expr = value.clone(),
                Some(Bound::Step(_)) => {}
                None => return false,
            },
            Expr::Subquery { .. } => return false,
            Expr::Call { function, .. } if function.is_volatile() => return false,
            _ => {}
        }
        let mut all = true;
        if !matches!(expr, Expr::Slot(_)) {
            slots::children_mut(expr, &mut |child| all = all && self.substitute(child));
        }
        all
    }

    /// Returns the expression over nodes, or `None` where it looks at anything else.
    fn over_nodes(&self, expr: &Expr) -> Option<Expr> {
        let expr = self.substituted(expr)?;
        let mut all = true;
        slots::reads(&expr, &mut |slot| all &= matches!(self.find(slot), Some(Bound::Node(_))));
        all.then_some(expr)
    }

    /// Returns the one node that the expression looks at.
    fn only_node(&self, expr: &Expr) -> Option<usize> {
        let mut nodes = Vec::new();
        slots::reads(expr, &mut |slot| {
            if let Some(Bound::Node(node)) = self.find(slot)
                && !nodes.contains(node)
            {
                nodes.push(*node);
            }
        });
        match nodes[..] {
            [node] => Some(node),
            _ => None,
        }
    }

    fn fold(&self, aggregate: &Aggregate, group: Option<usize>) -> Option<Fold> {
        let Aggregate { function, arg, distinct, .. } = aggregate;
        let arg = match arg {
            None => return (*function == Aggregator::Count && !distinct).then_some(Fold::Rows),
            Some(arg) => self.substituted(arg)?,
        };
        let is_count = *function == Aggregator::Count;
        // What a pattern binds is never null.
        match &arg {
            Expr::Slot(slot) => {
                let bound = self.find(*slot)?;
                return match (bound, distinct) {
                    (_, false) if is_count => Some(Fold::Rows),
                    (Bound::Node(node), true) if is_count => {
                        let node = *node;
                        group.is_none_or(|group| group == node).then_some(Fold::DistinctNodes { node })
                    }
                    _ => None,
                };
            }
            Expr::Const(value) if is_count && !distinct && !value.is_null() => return Some(Fold::Rows),
            _ => {}
        }
        let Expr::Property { base, key, .. } = &arg else { return None };
        let Expr::Slot(slot) = **base else { return None };
        let Bound::Node(node) = *self.find(slot)? else { return None };
        let key = key.clone();
        match function {
            Aggregator::Count if *distinct => group.is_none().then_some(Fold::DistinctValues { node, key }),
            Aggregator::Min | Aggregator::Max => Some(Fold::Of { function: *function, node, key }),
            Aggregator::Count | Aggregator::Sum | Aggregator::Avg if !distinct => {
                Some(Fold::Of { function: *function, node, key })
            }
            _ => None,
        }
    }
}

/// Returns the labels that a predicate asks of a node, where it asks nothing else.
fn label_names(predicate: &Expr) -> Option<Vec<LabelRef>> {
    let Expr::HasLabels(subject, test) = predicate else { return None };
    if !matches!(**subject, Expr::Slot(_)) {
        return None;
    }
    let tests = match test {
        LabelTest::And(tests) => &tests[..],
        test => std::slice::from_ref(test),
    };
    let name = |test: &LabelTest| match test {
        LabelTest::Is(name) => Some(Named { name: name.clone(), id: None }),
        _ => None,
    };
    tests.iter().map(name).collect()
}

/// Where only the rows that come first by a fold are wanted, says so.
fn keep_first(op: &mut Op) {
    let Op::Sort { input, keys, limit: Some(limit), .. } = op else { return };
    let Some(first) = keys.first().filter(|_| is_constant(limit)) else { return };
    let descending = first.descending;
    let Expr::Slot(mut slot) = first.expr else { return };
    let mut below = &mut **input;
    while let Op::Project { input, items } = below {
        if let Some((_, expr)) = items.iter().rev().find(|(set, _)| *set == slot) {
            let Expr::Slot(of) = expr else { return };
            slot = *of;
        }
        below = input;
    }
    let Op::ChainAggregate(chain) = below else { return };
    let Some(fold) = chain.folds.iter().position(|(set, _)| *set == slot) else { return };
    chain.keep = Some(Keep { fold, descending, count: limit.clone() });
}
