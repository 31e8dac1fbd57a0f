//! Aggregating over trails against walking every trail, on small random graphs with self-loops and parallel relationships.

use std::{collections::BTreeMap, sync::Arc};

use super::{Pool, Rows, Stop, Values, run};
use crate::{
    Result,
    error::Span,
    graph::{Snapshot, Transaction, fold::Fold as Folding, tests::Random},
    model::{LabelId, NodeId, RelId, TypeId, Value},
    query::{
        chain::{ChainAggregate, ChainNode, ChainSource, ChainStep, Fold, Keep},
        execute::batch::Column,
        function::Aggregator,
        plan::{Comparison, Expr, Follow, KeyRef, LabelRef, Op, Slot, TypeRef},
    },
    storage::Store,
};

const LABELS: [&str; 2] = ["A", "B"];
const TYPES: [&str; 3] = ["R", "S", "T"];
const KEYS: [&str; 3] = ["number", "float", "text"];

/// Evaluates the few expressions that the patterns here have.
struct Eval<'a>(&'a Snapshot);

impl Values for Eval<'_> {
    fn column(&mut self, expr: &Expr, _slot: Slot, nodes: &[u32]) -> Result<Column> {
        Ok(Column::Values(nodes.iter().map(|&node| value_of(self.0, expr, node)).collect()))
    }

    fn constant(&mut self, expr: &Expr) -> Result<Value> {
        Ok(value_of(self.0, expr, 0))
    }

    fn threads(&self) -> usize {
        2
    }

    fn tick(&mut self, _n: usize) -> Result<()> {
        Ok(())
    }

    fn hold(&mut self, _bytes: usize) -> Result<()> {
        Ok(())
    }
}

fn value_of(snapshot: &Snapshot, expr: &Expr, node: u32) -> Value {
    match expr {
        Expr::Const(value) => value.clone(),
        Expr::Slot(_) => Value::node(NodeId::new(node)),
        Expr::Property { key, .. } => {
            let key = snapshot.catalog().key(&key.name);
            key.map_or(Value::Null, |key| snapshot.node_prop(NodeId::new(node), key).unwrap())
        }
        Expr::Compare(op, left, right) => {
            let (left, right) = (value_of(snapshot, left, node), value_of(snapshot, right, node));
            let truth = match op {
                Comparison::Eq => left.equals(&right),
                Comparison::Ne => left.equals(&right).map(|is| !is),
                Comparison::Lt => left.compare(&right).map(|o| o.is_lt()),
                Comparison::Le => left.compare(&right).map(|o| o.is_le()),
                Comparison::Gt => left.compare(&right).map(|o| o.is_gt()),
                Comparison::Ge => left.compare(&right).map(|o| o.is_ge()),
            };
            Value::from(truth)
        }
        Expr::IsNotNull(inner) => Value::Bool(!value_of(snapshot, inner, node).is_null()),
        Expr::Or(any) => Value::Bool(any.iter().any(|one| value_of(snapshot, one, node).as_bool() == Some(true))),
        other => panic!("{other:?}"),
    }
}

fn label(name: &str) -> LabelRef {
    LabelRef { name: name.into(), id: None }
}

fn key(name: &str) -> KeyRef {
    KeyRef { name: name.into(), id: None }
}

fn property(slot: Slot, name: &str) -> Expr {
    Expr::Property { base: Box::new(Expr::Slot(slot)), key: key(name), span: Span::default() }
}

fn random_value(random: &mut Random, name: &str) -> Value {
    match (random.below(5), name) {
        (0, _) => Value::Null,
        (_, "number") => Value::Int(random.below(4) as i64),
        (_, "float") => Value::Float(random.below(4) as f64 * 0.5),
        _ => Value::from(["x", "Y", "z"][random.below(3) as usize]),
    }
}

/// A graph with a few nodes and relationships; all nodes of a label or none may have a property.
pub(super) fn graph(random: &mut Random) -> Transaction {
    let mut tx = Transaction::new(Snapshot::empty(Arc::new(Store::memory())));
    let labels: Vec<LabelId> = LABELS.iter().map(|name| tx.label(name).unwrap()).collect();
    TYPES.iter().for_each(|name| assert!(tx.rel_type(name).is_ok()));
    KEYS.iter().for_each(|name| assert!(tx.key(name).is_ok()));
    let tidy = random.below(2) == 0;
    let n = 2 + random.below(7);
    let mut nodes = Vec::new();
    for _ in 0..n {
        let has = if tidy { labels[random.below(2) as usize..][..1].to_vec() } else { pick(random, &labels) };
        let node = tx.create_node(&has).unwrap();
        nodes.push((node, has));
    }
    for (node, has) in &nodes {
        for name in KEYS {
            let id = tx.key(name).unwrap();
            let mut value = random_value(random, name);
            if value.is_null() && name == "number" && has.first() == Some(&labels[0]) {
                value = Value::Int(7);
            }
            tx.set_node(*node, id, value).unwrap();
        }
    }
    for _ in 0..random.below(16) {
        change(random, &mut tx, tidy);
    }
    tx
}

fn pick<T: Copy>(random: &mut Random, from: &[T]) -> Vec<T> {
    from.iter().copied().filter(|_| random.below(2) == 0).collect()
}

/// Adds a relationship; in a tidy graph types have ends of one label.
pub(super) fn change(random: &mut Random, tx: &mut Transaction, tidy: bool) {
    let all: Vec<NodeId> =
        (0..tx.view().node_id_end()).map(NodeId::new).filter(|id| tx.view().node_exists(*id).unwrap()).collect();
    let rel_type = TypeId::new(random.below(3) as u32);
    let start = all[random.below(all.len() as u64) as usize];
    let end = all[random.below(all.len() as u64) as usize];
    let label = |node: NodeId| tx.view().node_labels(node).unwrap().first().copied();
    let (a, b) = (Some(LabelId::new(0)), Some(LabelId::new(1)));
    let fits = match rel_type.get() {
        0 => label(start) == a && label(end) == a && start != end,
        1 => label(start) == a && label(end) == b,
        _ => label(start) == b,
    };
    if !tidy || fits {
        tx.create_rel(rel_type, start, end).unwrap();
    }
}

pub(super) fn fold(tx: &Transaction) -> Snapshot {
    let mut folded = tx.view().clone();
    let mut folding = Folding::new(&folded.store, 1);
    folding.view(tx.view()).unwrap();
    folding.finish().unwrap();
    folding.install(&mut folded);
    folded
}

/// A pattern and what is to be made of it.
fn question(random: &mut Random) -> ChainAggregate {
    let n_nodes = 1 + random.below(4) as usize;
    let is_path = random.below(3) > 0;
    let mut nodes = Vec::new();
    for at in 0..n_nodes {
        let slot = Slot(at as u16);
        let mut predicates = Vec::new();
        let labels = if random.below(2) == 0 { vec![label(LABELS[random.below(2) as usize])] } else { Vec::new() };
        if random.below(4) == 0 {
            let name = KEYS[random.below(3) as usize];
            let ops = [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];
            let op = ops[random.below(6) as usize];
            let value = Expr::Const(random_value(random, name));
            let one = Expr::Compare(op, Box::new(property(slot, name)), Box::new(value));
            predicates.push(match random.below(3) {
                0 => Expr::Or(vec![
                    one,
                    Expr::Compare(
                        Comparison::Gt,
                        Box::new(property(slot, "number")),
                        Box::new(Expr::Const(Value::Int(1))),
                    ),
                ]),
                1 => Expr::IsNotNull(Box::new(property(slot, name))),
                _ => one,
            });
        }
        let source = if random.below(6) == 0 {
            let ids = (0..=random.below(2)).map(|_| Value::Int((random.below(3) * 1024 + random.below(3)) as i64));
            let mut ids: Vec<Value> = ids.collect();
            ids.dedup();
            ChainSource::Ids(Expr::Const(Value::list(ids)))
        } else {
            ChainSource::Any
        };
        nodes.push(ChainNode { slot, source, labels, predicates });
    }
    let mut steps: Vec<ChainStep> = Vec::new();
    for to in 1..n_nodes {
        let near = if is_path { to - 1 } else { random.below(to as u64) as usize };
        let (from, to) = if random.below(2) == 0 { (near, to) } else { (to, near) };
        let follow = [Follow::Out, Follow::In, Follow::Both][random.below(3) as usize];
        let n_types = random.below(3);
        let mut types: Vec<TypeRef> = Vec::new();
        for _ in 0..n_types {
            types.push(TypeRef { name: TYPES[random.below(3) as usize].into(), id: None });
        }
        let (min, max) = [(1, 1), (1, 1), (1, 1), (1, 2), (2, 2)][random.below(5) as usize];
        steps.push(ChainStep { from, to, follow, types, min, max });
    }
    let mut distinct = Vec::new();
    let one_match = random.below(3) > 0;
    for j in 0..steps.len() {
        for i in 0..j {
            if one_match || random.below(2) == 0 {
                distinct.push((i, j));
            }
        }
    }
    let group = (random.below(3) > 0).then(|| random.below(n_nodes as u64) as usize);
    let keys = match group {
        None => Vec::new(),
        Some(group) => {
            let slot = Slot(group as u16);
            match random.below(4) {
                0 | 1 => vec![(Slot(10), Expr::Slot(slot))],
                2 => vec![(Slot(10), property(slot, "text"))],
                _ => vec![(Slot(10), property(slot, "text")), (Slot(11), property(slot, "number"))],
            }
        }
    };
    let mut folds = Vec::new();
    for at in 0..random.below(3) + u64::from(group.is_none()) {
        let node = random.below(n_nodes as u64) as usize;
        let name = KEYS[random.below(3) as usize];
        let number = KEYS[random.below(2) as usize];
        let fold = match random.below(10) {
            0 | 1 => Fold::Rows,
            2 => Fold::Of { function: Aggregator::Count, node, key: key(name) },
            3 => Fold::Of { function: Aggregator::Sum, node, key: key(number) },
            4 => Fold::Of { function: Aggregator::Avg, node, key: key(number) },
            5 => Fold::Of { function: Aggregator::Min, node, key: key(name) },
            6 => Fold::Of { function: Aggregator::Max, node, key: key(name) },
            7 | 8 if group.is_none() || group == Some(node) => Fold::DistinctNodes { node },
            9 if group.is_none() => Fold::DistinctValues { node, key: key(name) },
            _ => Fold::Rows,
        };
        folds.push((Slot(20 + at as u16), fold));
    }
    ChainAggregate { nodes, steps, distinct, group, keys, folds, keep: None, general: Op::Argument }
}

/// A trail: the node at each place and the relationships of each step.
#[derive(Clone)]
struct Trail {
    nodes: Vec<Option<u32>>,
    rels: Vec<Vec<u32>>,
}

/// Walks every trail.
fn trails(chain: &ChainAggregate, snapshot: &Snapshot) -> Vec<Trail> {
    let everywhere = (0..snapshot.node_id_end()).filter(|id| snapshot.node_exists(NodeId::new(*id)).unwrap());
    let rels: Vec<(u32, crate::graph::RelRecord)> = (0..snapshot.n_rel_blocks() * 1024)
        .filter_map(|id| snapshot.rel(RelId::new(id)).unwrap().map(|record| (id, record)))
        .collect();
    let passes = |place: usize, id: u32| {
        let node = &chain.nodes[place];
        let labelled = node.labels.iter().all(|label| {
            let label = snapshot.catalog().label(&label.name);
            label.is_some_and(|label| snapshot.has_label(NodeId::new(id), label).unwrap())
        });
        let found = match &node.source {
            ChainSource::Ids(Expr::Const(Value::List(ids))) => ids.contains(&Value::Int(id.into())),
            _ => true,
        };
        labelled && found && node.predicates.iter().all(|p| value_of(snapshot, p, id).as_bool() == Some(true))
    };
    let mut known: Vec<Trail> = everywhere
        .filter(|&id| passes(0, id))
        .map(|id| {
            let mut nodes = vec![None; chain.nodes.len()];
            nodes[0] = Some(id);
            Trail { nodes, rels: vec![Vec::new(); chain.steps.len()] }
        })
        .collect();
    let mut left: Vec<usize> = (0..chain.steps.len()).collect();
    while !left.is_empty() {
        let bound = |place: usize| known.first().is_some_and(|trail| trail.nodes[place].is_some());
        let Some(at) = left.iter().position(|&step| bound(chain.steps[step].from) || bound(chain.steps[step].to))
        else {
            return Vec::new();
        };
        let number = left.remove(at);
        let step = &chain.steps[number];
        let mut next = Vec::new();
        for trail in &known {
            let forward = trail.nodes[step.from].is_some();
            let (near, far) = if forward { (step.from, step.to) } else { (step.to, step.from) };
            let types: Vec<TypeId> = step.types.iter().map(|t| snapshot.catalog().rel_type(&t.name).unwrap()).collect();
            // Stretches of relationships from `near`, each with where it leads.
            let mut stretches: Vec<(Vec<u32>, u32)> = vec![(Vec::new(), trail.nodes[near].unwrap())];
            for length in 1..=step.max {
                let mut longer = Vec::new();
                for (taken, at) in &stretches {
                    for (id, record) in &rels {
                        if taken.contains(id) || !(types.is_empty() || types.contains(&record.rel_type)) {
                            continue;
                        }
                        let (out, into) = match (step.follow, forward) {
                            (Follow::Both, _) => (true, true),
                            (Follow::Out, true) | (Follow::In, false) => (true, false),
                            _ => (false, true),
                        };
                        let to = if out && record.start.get() == *at {
                            record.end.get()
                        } else if into && record.end.get() == *at {
                            record.start.get()
                        } else {
                            continue;
                        };
                        longer.push(([&taken[..], &[*id]].concat(), to));
                    }
                }
                for (taken, to) in longer.iter().filter(|_| length >= step.min) {
                    let clashes = chain.distinct.iter().any(|&(i, j)| {
                        let other = if i == number {
                            j
                        } else if j == number {
                            i
                        } else {
                            return false;
                        };
                        trail.rels[other].iter().any(|rel| taken.contains(rel))
                    });
                    if clashes || !passes(far, *to) {
                        continue;
                    }
                    let mut trail = trail.clone();
                    trail.nodes[far] = Some(*to);
                    trail.rels[number] = taken.clone();
                    next.push(trail);
                }
                stretches = longer;
            }
        }
        known = next;
    }
    known
}

fn walked(chain: &ChainAggregate, snapshot: &Snapshot) -> BTreeMap<String, Vec<Value>> {
    let mut groups: BTreeMap<String, (Vec<Value>, Vec<Trail>)> = BTreeMap::new();
    if chain.group.is_none() {
        groups.insert("[]".into(), (Vec::new(), Vec::new()));
    }
    for trail in trails(chain, snapshot) {
        let keys: Vec<Value> = match chain.group {
            None => Vec::new(),
            Some(group) => {
                chain.keys.iter().map(|(_, expr)| value_of(snapshot, expr, trail.nodes[group].unwrap())).collect()
            }
        };
        groups.entry(Value::list(keys.clone()).to_string()).or_insert((keys, Vec::new())).1.push(trail);
    }
    let fold = |fold: &Fold, trails: &[Trail]| {
        let values = |node: usize, key: &KeyRef| -> Vec<Value> {
            let expr = property(Slot(0), &key.name);
            let all = trails.iter().map(|trail| value_of(snapshot, &expr, trail.nodes[node].unwrap()));
            all.filter(|value| !value.is_null()).collect()
        };
        let sum = |values: &[Value]| match values.iter().all(|v| v.as_int().is_some()) {
            true => Value::Int(values.iter().filter_map(Value::as_int).sum()),
            false => Value::Float(values.iter().filter_map(Value::as_float).sum()),
        };
        let distinct = |mut values: Vec<Value>| {
            values.sort_by(|a, b| a.order(b));
            values.dedup();
            Value::Int(values.len() as i64)
        };
        match fold {
            Fold::Rows => Value::Int(trails.len() as i64),
            Fold::DistinctNodes { node } => {
                distinct(trails.iter().map(|trail| Value::Int(trail.nodes[*node].unwrap().into())).collect())
            }
            Fold::DistinctValues { node, key } => distinct(values(*node, key)),
            Fold::Of { function, node, key } => {
                let values = values(*node, key);
                match function {
                    Aggregator::Count => Value::Int(values.len() as i64),
                    Aggregator::Sum => sum(&values),
                    Aggregator::Avg if values.is_empty() => Value::Null,
                    Aggregator::Avg => Value::Float(sum(&values).as_float().unwrap() / values.len() as f64),
                    Aggregator::Min => values.into_iter().min_by(|a, b| a.order(b)).unwrap_or_default(),
                    Aggregator::Max => values.into_iter().max_by(|a, b| a.order(b)).unwrap_or_default(),
                    _ => unreachable!(),
                }
            }
        }
    };
    let rows = groups.into_iter();
    rows.map(|(key, (_, trails))| (key, chain.folds.iter().map(|(_, f)| fold(f, &trails)).collect())).collect()
}

fn rows(chain: &ChainAggregate, snapshot: &Snapshot, rows: &Rows) -> BTreeMap<String, Vec<Value>> {
    let mut all = BTreeMap::new();
    for row in 0..rows.n {
        let keys: Vec<Value> = chain.keys.iter().map(|(_, expr)| value_of(snapshot, expr, rows.nodes[row])).collect();
        let folds = rows.folds.iter().map(|column| column.get(row)).collect();
        assert!(all.insert(Value::list(keys).to_string(), folds).is_none(), "a group appears twice");
    }
    all
}

enum Outcome {
    Same,
    General,
    Different(String),
}

fn compare(asked: &ChainAggregate, chain: &ChainAggregate, snapshot: &Snapshot, pool: &mut Pool) -> Outcome {
    match run(asked, snapshot, &mut Eval(snapshot), pool) {
        Err(Stop::General) => Outcome::General,
        Err(Stop::Error(error)) => panic!("{error}"),
        Ok(got) => {
            let (got, expected) = (rows(chain, snapshot, &got), walked(chain, snapshot));
            if got == expected {
                Outcome::Same
            } else {
                Outcome::Different(format!("{chain:#?}\ngot {got:?}\nexpected {expected:?}"))
            }
        }
    }
}

/// Cases of [`aggregates_are_those_of_walking_every_trail`].
const CASES: u64 = 2000;

#[test]
fn aggregates_are_those_of_walking_every_trail() {
    let (mut same, mut general) = (0, 0);
    for seed in 0..CASES {
        let mut random = Random(seed);
        let tx = graph(&mut random);
        let clean = fold(&tx);
        let mut changed = Transaction::new(clean.clone());
        (0..random.below(6)).for_each(|_| change(&mut random, &mut changed, false));
        let gone = (0..changed.view().n_rels()).map(|rel| RelId::new(rel as u32)).filter(|_| random.below(6) == 0);
        gone.for_each(|rel| drop(changed.delete_rel(rel)));
        let mut pool = Pool::default();
        let chain = question(&mut random);
        for (name, snapshot) in [("changes", tx.view()), ("blocks", &clean), ("both", changed.view())] {
            match compare(&chain, &chain, snapshot, &mut pool) {
                Outcome::Same => same += 1,
                Outcome::General => general += 1,
                Outcome::Different(how) => panic!("seed {seed}, {name}: {how}"),
            }
        }
    }
    assert!(same > 2 * general, "{same} aggregated, {general} left to walking");
}

#[test]
fn the_comparison_would_notice_a_relationship_taken_twice() {
    let mut noticed = 0;
    for seed in 0..200 {
        let mut random = Random(seed);
        let tx = graph(&mut random);
        let chain = question(&mut random);
        let careless = ChainAggregate { distinct: Vec::new(), ..chain.clone() };
        let outcome = compare(&careless, &chain, tx.view(), &mut Pool::default());
        noticed += u32::from(matches!(outcome, Outcome::Different(_)));
    }
    assert!(noticed > 5, "{noticed}");
}

/// Without self-loops, three steps one way can only go back over the first relationship.
#[test]
fn ends_reached_from_one_start_are_those_of_trails() {
    let (mut same, mut returning) = (0, 0);
    for seed in 0..1000 {
        let mut random = Random(seed + 77);
        let mut tx = Transaction::new(Snapshot::empty(Arc::new(Store::memory())));
        let labels: Vec<LabelId> = LABELS.iter().map(|name| tx.label(name).unwrap()).collect();
        let types: Vec<TypeId> = TYPES.iter().map(|name| tx.rel_type(name).unwrap()).collect();
        let n = 2 + random.below(4) as usize;
        let nodes: Vec<NodeId> = (0..n).map(|at| tx.create_node(&labels[at % 2..=at % 2]).unwrap()).collect();
        for _ in 0..random.below(9) {
            let (a, b) = (random.below(n as u64) as usize, random.below(n as u64) as usize);
            if a != b {
                tx.create_rel(types[0], nodes[a], nodes[b]).unwrap();
            }
        }
        let length = 1 + random.below(3) as usize;
        let follow = [Follow::Out, Follow::In][random.below(2) as usize];
        let start = if random.below(2) == 0 { 0 } else { length };
        let found = Value::from(vec![i64::from(nodes[random.below(n as u64) as usize].get())]);
        let places = (0..=length).map(|at| ChainNode {
            slot: Slot(at as u16),
            source: if at == start { ChainSource::Ids(Expr::Const(found.clone())) } else { ChainSource::Any },
            labels: if random.below(4) == 0 { vec![label(LABELS[random.below(2) as usize])] } else { Vec::new() },
            predicates: Vec::new(),
        });
        let places: Vec<ChainNode> = places.collect();
        let types = vec![TypeRef { name: "R".into(), id: None }];
        let step = |at| ChainStep { from: at, to: at + 1, follow, types: types.clone(), min: 1, max: 1 };
        let distinct = (0..length).flat_map(|j| (0..j).map(move |i| (i, j))).collect();
        let mut chain = ChainAggregate {
            nodes: places,
            steps: (0..length).map(step).collect(),
            distinct,
            group: None,
            keys: Vec::new(),
            folds: vec![(Slot(20), Fold::DistinctNodes { node: length - start })],
            keep: None,
            general: Op::Argument,
        };
        let clean = fold(&tx);
        for snapshot in [tx.view(), &clean] {
            match compare(&chain, &chain, snapshot, &mut Pool::default()) {
                Outcome::Same => same += 1,
                Outcome::General => panic!("seed {seed}: {chain:#?}"),
                Outcome::Different(how) => panic!("seed {seed}: {how}"),
            }
        }
        // Were nothing kept apart, some would differ.
        let careless = ChainAggregate { distinct: Vec::new(), ..chain.clone() };
        let outcome = compare(&careless, &chain, &clean, &mut Pool::default());
        returning += u32::from(matches!(outcome, Outcome::Different(_)));
        chain.folds = vec![(Slot(20), Fold::Rows)];
        assert!(matches!(compare(&chain, &chain, &clean, &mut Pool::default()), Outcome::Same), "seed {seed}");
    }
    assert!(same == 2000 && returning > 10, "{same} {returning}");
}

#[test]
fn only_the_greatest_counts_are_kept() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let tx = graph(&mut random);
        let mut chain = question(&mut random);
        let slot = chain.nodes[0].slot;
        (chain.group, chain.keys) = (Some(0), vec![(Slot(10), Expr::Slot(slot))]);
        chain.folds = vec![(Slot(20), Fold::Rows)];
        let mut all: Vec<i64> = walked(&chain, tx.view()).values().map(|row| row[0].as_int().unwrap()).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        for n in [0, 1, 2] {
            chain.keep = Some(Keep { fold: 0, descending: true, count: Expr::Const(Value::Int(n)) });
            let Ok(rows) = run(&chain, tx.view(), &mut Eval(tx.view()), &mut Pool::default()) else { continue };
            let mut kept: Vec<i64> = (0..rows.n).map(|row| rows.folds[0].get(row).as_int().unwrap()).collect();
            kept.sort_unstable_by(|a, b| b.cmp(a));
            let n = (n as usize).min(all.len());
            assert_eq!(kept[..n], all[..n], "seed {seed}");
        }
    }
}
