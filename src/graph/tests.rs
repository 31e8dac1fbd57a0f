//! The persistent view against a model of plain maps, under random changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Durability, Engine, EngineLimits, Snapshot, Transaction, check, fold::Fold};
use crate::{
    Error,
    model::{Bits, Column, ColumnData, Direction, Fact, KeyId, LabelId, NodeId, RelId, Strings, TypeId, Value},
    storage::{BLOCK_LEN, Store},
};

/// A small generator (SplitMix64): the tests repeat by seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// What the graph should be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) nodes: BTreeMap<u32, (BTreeSet<u32>, BTreeMap<u32, Value>)>,
    pub(crate) rels: BTreeMap<u32, (u32, u32, u32, BTreeMap<u32, Value>)>,
}

const LABELS: u64 = 3;
const TYPES: u64 = 2;
const KEYS: u64 = 3;

pub(crate) fn start() -> Transaction {
    let mut tx = Transaction::new(Snapshot::empty(Arc::new(Store::memory())));
    for n in 0..LABELS {
        tx.label(&format!("L{n}")).unwrap();
    }
    for n in 0..TYPES {
        tx.rel_type(&format!("T{n}")).unwrap();
    }
    for n in 0..KEYS {
        tx.key(&format!("k{n}")).unwrap();
    }
    tx
}

fn pick<K: Copy, V>(random: &mut Random, map: &BTreeMap<K, V>) -> Option<K> {
    let at = random.below(map.len().max(1) as u64) as usize;
    map.keys().nth(at).copied()
}

fn value(random: &mut Random) -> Value {
    match random.below(6) {
        0 => Value::Null,
        1 => Value::Float(random.below(4) as f64),
        2 => Value::from(format!("s{}", random.below(4))),
        _ => Value::Int(random.below(4) as i64),
    }
}

/// Makes a random change in both.
pub(crate) fn step(random: &mut Random, tx: &mut Transaction, model: &mut Model) {
    match random.below(10) {
        0 | 1 => {
            let labels: BTreeSet<u32> = (0..random.below(3)).map(|_| random.below(LABELS) as u32).collect();
            let ids: Vec<LabelId> = labels.iter().map(|label| LabelId::new(*label)).collect();
            let id = tx.create_node(&ids).unwrap();
            assert!(model.nodes.insert(id.get(), (labels, BTreeMap::new())).is_none());
        }
        2..=4 => {
            if let (Some(start), Some(end)) = (pick(random, &model.nodes), pick(random, &model.nodes)) {
                let rel_type = random.below(TYPES) as u32;
                let id = tx.create_rel(TypeId::new(rel_type), NodeId::new(start), NodeId::new(end)).unwrap();
                assert!(model.rels.insert(id.get(), (rel_type, start, end, BTreeMap::new())).is_none());
            }
        }
        5 => {
            if let Some(id) = pick(random, &model.rels) {
                assert!(tx.delete_rel(RelId::new(id)).unwrap());
                model.rels.remove(&id);
            }
        }
        6 => {
            if let Some(id) = pick(random, &model.nodes) {
                let is_connected = model.rels.values().any(|(_, start, end, _)| *start == id || *end == id);
                match tx.delete_node(NodeId::new(id)) {
                    Ok(true) => assert!(!is_connected && model.nodes.remove(&id).is_some()),
                    Err(Error::Query(error)) => assert!(is_connected && error.detail == "DeleteConnectedNode"),
                    other => panic!("{other:?}"),
                }
            }
        }
        7 => {
            if let Some(id) = pick(random, &model.nodes) {
                let label = random.below(LABELS) as u32;
                let labels = &mut model.nodes.get_mut(&id).unwrap().0;
                if random.below(2) == 0 {
                    assert_eq!(tx.add_label(NodeId::new(id), LabelId::new(label)).unwrap(), labels.insert(label));
                } else {
                    assert_eq!(tx.remove_label(NodeId::new(id), LabelId::new(label)).unwrap(), labels.remove(&label));
                }
            }
        }
        8 => {
            if let Some(id) = pick(random, &model.nodes) {
                let (key, value) = (random.below(KEYS) as u32, value(random));
                tx.set_node(NodeId::new(id), KeyId::new(key), value.clone()).unwrap();
                put(&mut model.nodes.get_mut(&id).unwrap().1, key, value);
            }
        }
        _ => {
            if let Some(id) = pick(random, &model.rels) {
                let (key, value) = (random.below(KEYS) as u32, value(random));
                tx.set_rel(RelId::new(id), KeyId::new(key), value.clone()).unwrap();
                put(&mut model.rels.get_mut(&id).unwrap().3, key, value);
            }
        }
    }
}

fn put(map: &mut BTreeMap<u32, Value>, key: u32, value: Value) {
    if value.is_null() {
        map.remove(&key);
    } else {
        map.insert(key, value);
    }
}

/// Checks that a view is what the model says, in every way it can be asked.
pub(crate) fn assert_same(view: &Snapshot, model: &Model) {
    let report = check(view, true);
    assert!(report.is_sound(), "{:#?}", report.problems);
    assert_eq!((view.n_nodes(), view.n_rels()), (model.nodes.len() as u64, model.rels.len() as u64));
    let mut found = BTreeSet::new();
    for block in 0..view.n_node_blocks() {
        for (at, word) in view.node_words(block).unwrap().into_iter().enumerate() {
            found.extend(
                (0..64).filter(|bit| word >> bit & 1 != 0).map(|bit| block * BLOCK_LEN as u32 + at as u32 * 64 + bit),
            );
        }
    }
    assert!(found.iter().eq(model.nodes.keys()));
    for (&id, (labels, properties)) in &model.nodes {
        let id = NodeId::new(id);
        assert!(view.node_labels(id).unwrap().iter().map(|label| label.get()).eq(labels.iter().copied()));
        let found = view.node_props(id).unwrap();
        assert!(
            found.iter().map(|(key, value)| (key.get(), value)).eq(properties.iter().map(|(key, value)| (*key, value)))
        );
        for rel_type in 0..TYPES as u32 {
            for direction in [Direction::Out, Direction::In] {
                let edges = view.adjacency(direction, TypeId::new(rel_type)).edges(id).unwrap();
                let mut found = Vec::new();
                edges.for_each(|neighbor, rel| found.push((rel, neighbor)));
                found.sort_unstable();
                let expected = model.rels.iter().filter(|(_, rel)| rel.0 == rel_type);
                let expected = expected.filter_map(|(rel, &(_, start, end, _))| match direction {
                    Direction::Out => (start == id.get()).then_some((*rel, end)),
                    Direction::In => (end == id.get()).then_some((*rel, start)),
                });
                assert!(found.iter().copied().eq(expected), "{direction:?} of {id}");
                assert_eq!(edges.len(), found.len());
                assert_eq!(view.adjacency(direction, TypeId::new(rel_type)).degree(id).unwrap() as usize, found.len());
            }
        }
    }
    for (&id, (rel_type, start, end, properties)) in &model.rels {
        let record = view.rel(RelId::new(id)).unwrap().unwrap();
        assert_eq!((record.rel_type.get(), record.start.get(), record.end.get()), (*rel_type, *start, *end));
        let found = view.rel_props(RelId::new(id)).unwrap();
        assert!(
            found.iter().map(|(key, value)| (key.get(), value)).eq(properties.iter().map(|(key, value)| (*key, value)))
        );
    }
    for label in 0..LABELS as u32 {
        let has = |id: &u32| model.nodes[id].0.contains(&label);
        assert_eq!(view.n_label(LabelId::new(label)), model.nodes.keys().filter(|id| has(id)).count() as u64);
        for rel_type in 0..TYPES as u32 {
            let of_type = || model.rels.values().filter(|rel| rel.0 == rel_type);
            let (label, rel_type) = (LabelId::new(label), TypeId::new(rel_type));
            let n_starts = of_type().filter(|rel| has(&rel.1)).count() as u64;
            let n_ends = of_type().filter(|rel| has(&rel.2)).count() as u64;
            assert_eq!(view.n_type_ends(rel_type, Direction::Out, label), n_starts);
            assert_eq!(view.n_type_ends(rel_type, Direction::In, label), n_ends);
            assert_eq!(view.n_self_loops(rel_type), of_type().filter(|rel| rel.1 == rel.2).count() as u64);
        }
    }
    for index in view.catalog().indexes() {
        for probe in (0..4).flat_map(|n| [Value::Int(n), Value::Float(n as f64), Value::from(format!("s{n}"))]) {
            let mut found = Vec::new();
            view.seek(index, &probe, &mut found).unwrap();
            found.sort_unstable();
            let expected = model.nodes.iter().filter(|(_, (labels, properties))| {
                labels.contains(&index.label.get())
                    && properties.get(&index.key.get()).is_some_and(|value| value.equals(&probe) == Some(true))
            });
            assert!(found.iter().eq(expected.map(|(id, _)| id)), "{probe} in {}", index.name);
        }
    }
}

#[test]
fn a_view_under_random_changes_is_the_model() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let (mut tx, mut model) = (start(), Model::default());
        tx.create_index(None, "L0", "k0", false, false).unwrap();
        let mut kept = Vec::new();
        for at in 0..400 {
            step(&mut random, &mut tx, &mut model);
            if at % 100 == 50 {
                kept.push((tx.view().clone(), model.clone()));
            }
            if at == 200 {
                tx.create_index(None, "L1", "k1", false, false).unwrap();
            }
        }
        assert_same(tx.view(), &model);
        kept.iter().for_each(|(view, model)| assert_same(view, model));
    }
}

#[test]
fn facts_replayed_give_the_same_view_also_twice() {
    let mut random = Random(7);
    let (mut tx, mut model) = (start(), Model::default());
    tx.create_index(None, "L0", "k0", false, false).unwrap();
    (0..500).for_each(|_| step(&mut random, &mut tx, &mut model));
    let (view, facts) = tx.into_parts();
    let mut replayed = Snapshot::empty(view.store.clone());
    facts.iter().for_each(|fact| replayed.apply(fact, &mut || Ok(())).unwrap());
    assert_same(&replayed, &model);
    let creations = facts.iter().filter(|fact| !matches!(fact, Fact::SetNode { .. } | Fact::SetRel { .. }));
    let alive = |fact: &&Fact| match fact {
        Fact::CreateNode { id, .. } => model.nodes.contains_key(&id.get()),
        Fact::CreateRel { id, .. } => model.rels.contains_key(&id.get()),
        Fact::DeleteNode { .. } | Fact::DeleteRel { .. } => true,
        _ => false,
    };
    let before = replayed.counts().clone();
    creations.filter(alive).for_each(|fact| match fact {
        Fact::CreateNode { id, .. } => {
            replayed.apply(&Fact::CreateNode { id: *id, labels: Vec::new() }, &mut || Ok(())).unwrap()
        }
        fact => replayed.apply(fact, &mut || Ok(())).unwrap(),
    });
    assert_eq!(*replayed.counts(), before);
}

#[test]
fn a_unique_key_holds_through_every_change() {
    let mut tx = start();
    let (label, key) = (LabelId::new(0), KeyId::new(0));
    tx.create_index(Some("u"), "L0", "k0", true, false).unwrap();
    let (a, b) = (tx.create_node(&[label]).unwrap(), tx.create_node(&[label]).unwrap());
    let c = tx.create_node(&[LabelId::new(1)]).unwrap();
    assert!(tx.set_node(a, key, Value::Int(1)).unwrap());
    assert!(!tx.set_node(a, key, Value::Int(1)).unwrap());
    for value in [Value::Int(1), Value::Float(1.0)] {
        assert!(matches!(tx.set_node(b, key, value), Err(Error::Constraint { .. })));
    }
    assert!(tx.set_node(b, key, Value::Float(f64::NAN)).unwrap());
    assert!(tx.set_node(c, key, Value::Int(1)).unwrap());
    assert!(matches!(tx.add_label(c, label), Err(Error::Constraint { .. })));
    tx.delete_node(a).unwrap();
    assert!(tx.add_label(c, label).unwrap());
    assert!(matches!(tx.set_node(b, key, Value::Int(1)), Err(Error::Constraint { .. })));
    tx.remove_label(c, label).unwrap();
    assert!(tx.set_node(b, key, Value::Int(1)).unwrap());
    let existing = tx.create_index(Some("v"), "L0", "k1", true, false);
    assert!(existing.is_ok());
    tx.drop_index("u", false).unwrap();
    let again = tx.create_node(&[label]).unwrap();
    tx.set_node(again, key, Value::Int(1)).unwrap();
    assert!(matches!(tx.create_index(None, "L0", "k0", true, false), Err(Error::Constraint { .. })));
}

#[test]
fn a_save_point_takes_back_what_came_after() {
    let mut random = Random(3);
    let (mut tx, mut model) = (start(), Model::default());
    (0..100).for_each(|_| step(&mut random, &mut tx, &mut model));
    let (point, before) = (tx.save(), model.clone());
    (0..100).for_each(|_| step(&mut random, &mut tx, &mut model));
    tx.restore(point);
    assert_same(tx.view(), &before);
}

#[test]
fn an_index_that_outgrows_its_chunks_is_spread_again() {
    let mut tx = start();
    tx.create_index(None, "L0", "k0", true, false).unwrap();
    for n in 0..10_000 {
        let id = tx.create_node(&[LabelId::new(0)]).unwrap();
        tx.set_node(id, KeyId::new(0), Value::Int(n)).unwrap();
    }
    let view = tx.view();
    let index = &view.catalog().indexes()[0];
    assert!(view.indexes[index.number as usize].chunks_log2() >= 2);
    for n in [0, 1, 5000, 9999] {
        let mut found = Vec::new();
        view.seek(index, &Value::Int(n), &mut found).unwrap();
        assert_eq!(found.len(), 1, "{n}");
    }
}

#[test]
fn folded_pages_say_the_same_also_under_later_changes() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let (mut tx, mut model) = (start(), Model::default());
        tx.create_index(None, "L0", "k0", false, false).unwrap();
        let mut generation = 0;
        for _ in 0..6 {
            (0..60).for_each(|_| step(&mut random, &mut tx, &mut model));
            let (frozen, frozen_model) = (tx.view().clone(), model.clone());
            generation += 1;
            let mut fold = Fold::new(&frozen.store, generation);
            fold.view(&frozen).unwrap();
            fold.finish().unwrap();
            // Changes while the fold runs.
            (0..random.below(30)).for_each(|_| step(&mut random, &mut tx, &mut model));
            fold.install(tx.view_mut());
            assert_same(tx.view(), &model);
            let mut clean = frozen.clone();
            fold.install(&mut clean);
            assert!(clean.out.iter().all(|(_, table)| table.iter().all(|(_, page)| page.delta.is_none())));
            assert_same(&clean, &frozen_model);
            assert_same(&frozen, &frozen_model);
        }
    }
}

#[test]
fn a_bulk_load_gives_what_single_changes_give() {
    for seed in 0..6 {
        let mut random = Random(seed);
        let (mut tx, mut model) = (start(), Model::default());
        tx.create_index(None, "L0", "k0", false, false).unwrap();
        for generation in 1..5 {
            (0..40).for_each(|_| step(&mut random, &mut tx, &mut model));
            tx = Transaction::new(tx.view().clone());
            let (label, n_rows) = (random.below(LABELS) as u32, random.below(3000) as usize);
            let ints: Vec<i64> = (0..n_rows).map(|_| random.below(4) as i64).collect();
            let mut present = Bits::filled(n_rows, true);
            (0..n_rows).filter(|row| row % 7 == 0).for_each(|row| present.clear(row));
            let ints = Column::new(ColumnData::Int(ints), present);
            let mut texts = Strings::default();
            (0..n_rows).for_each(|row| texts.push(&format!("s{}", row % 5)).unwrap());
            let texts = Column::full(ColumnData::Str(texts));
            let columns = [(KeyId::new(0), &ints), (KeyId::new(1), &texts)];
            let first = tx.bulk_nodes(generation, LabelId::new(label), n_rows, &columns, &mut || Ok(())).unwrap();
            for row in 0..n_rows {
                let mut properties = BTreeMap::new();
                columns.iter().for_each(|(key, column)| put(&mut properties, key.get(), column.value(row)));
                model.nodes.insert(first + row as u32, ([label].into(), properties));
            }
            let nodes: Vec<u32> = model.nodes.keys().copied().collect();
            if nodes.is_empty() {
                continue;
            }
            let rel_type = random.below(TYPES) as u32;
            let n_rels = random.below(5000) as usize;
            let mut end =
                || (0..n_rels).map(|_| nodes[random.below(nodes.len().min(2000) as u64) as usize]).collect::<Vec<_>>();
            let (starts, ends) = (end(), end());
            let numbers = Column::full(ColumnData::Int((0..n_rels as i64).collect()));
            let before: BTreeSet<u32> = model.rels.keys().copied().collect();
            tx.bulk_rels(generation, TypeId::new(rel_type), &starts, &ends, &[(KeyId::new(2), &numbers)], &mut || {
                Ok(())
            })
            .unwrap();
            let mut seen = BTreeSet::new();
            for id in (0..tx.view().rel_id_end).filter(|id| !before.contains(id)) {
                let Some(record) = tx.view().rel(RelId::new(id)).unwrap() else { continue };
                let row = tx.view().rel_prop(RelId::new(id), KeyId::new(2)).unwrap().as_int().unwrap();
                assert!(seen.insert(row));
                assert_eq!((record.start.get(), record.end.get()), (starts[row as usize], ends[row as usize]));
                let rel = (rel_type, record.start.get(), record.end.get(), [(2, Value::Int(row))].into());
                model.rels.insert(id, rel);
            }
            assert_eq!(seen.len(), n_rels);
        }
        (0..40).for_each(|_| step(&mut random, &mut tx, &mut model));
        assert_same_quick(tx.view(), &model);
    }
}

/// As [`assert_same`] for graphs too large for its nested loops: edges are compared all at once.
fn assert_same_quick(view: &Snapshot, model: &Model) {
    let report = check(view, true);
    assert!(report.is_sound(), "{:#?}", report.problems);
    assert_eq!((view.n_nodes(), view.n_rels()), (model.nodes.len() as u64, model.rels.len() as u64));
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for (&id, (labels, properties)) in &model.nodes {
        let id = NodeId::new(id);
        assert!(view.node_labels(id).unwrap().iter().map(|label| label.get()).eq(labels.iter().copied()));
        let props = view.node_props(id).unwrap();
        assert!(
            props.iter().map(|(key, value)| (key.get(), value)).eq(properties.iter().map(|(key, value)| (*key, value)))
        );
        for rel_type in view.types() {
            view.adjacency(Direction::Out, rel_type).edges(id).unwrap().for_each(|neighbor, rel| {
                found[0].insert((rel, rel_type.get(), id.get(), neighbor));
            });
            view.adjacency(Direction::In, rel_type).edges(id).unwrap().for_each(|neighbor, rel| {
                found[1].insert((rel, rel_type.get(), neighbor, id.get()));
            });
        }
    }
    let expected: BTreeSet<_> = model.rels.iter().map(|(id, rel)| (*id, rel.0, rel.1, rel.2)).collect();
    assert!(found[0] == expected && found[1] == expected);
    let recount = recount(view, model);
    assert_eq!(*view.counts(), recount);
    for index in view.catalog().indexes() {
        for probe in (0..4).map(Value::Int) {
            let mut found = Vec::new();
            view.seek(index, &probe, &mut found).unwrap();
            found.sort_unstable();
            let expected = model.nodes.iter().filter(|(_, (labels, properties))| {
                labels.contains(&index.label.get())
                    && properties.get(&index.key.get()).is_some_and(|value| value.equals(&probe) == Some(true))
            });
            assert!(found.iter().eq(expected.map(|(id, _)| id)), "{probe} in {}", index.name);
        }
    }
}

fn recount(view: &Snapshot, model: &Model) -> super::counts::Counts {
    let n_labels = view.counts().labels().len();
    let labels = (0..n_labels as u32).map(|l| model.nodes.values().filter(|node| node.0.contains(&l)).count() as u64);
    let types = (0..view.counts().n_types() as u32).map(|t| {
        let known = view.counts().of_type(TypeId::new(t)).unwrap();
        let mut counts = super::counts::TypeCounts {
            starts: vec![0; known.starts.len()],
            ends: vec![0; known.ends.len()],
            ..Default::default()
        };
        for (_, start, end, _) in model.rels.values().filter(|rel| rel.0 == t) {
            counts.n_rels += 1;
            counts.n_self_loops += u64::from(start == end);
            model.nodes[start].0.iter().for_each(|label| counts.starts[*label as usize] += 1);
            model.nodes[end].0.iter().for_each(|label| counts.ends[*label as usize] += 1);
        }
        counts
    });
    super::counts::Counts::from_parts(
        model.nodes.len() as u64,
        model.rels.len() as u64,
        labels.collect(),
        types.collect(),
    )
}

const LIMITS: EngineLimits = EngineLimits {
    writer_wait: std::time::Duration::from_secs(5),
    delta_bytes_max: 1 << 30,
    journal_bytes_max: 1 << 30,
    memory_bytes_max: 1 << 30,
};

/// Names the labels, types and keys that [`step`] uses.
fn prepare(engine: &Arc<Engine>) {
    let mut writer = engine.begin().unwrap();
    let tx = writer.transaction().unwrap();
    for n in 0..LABELS {
        tx.label(&format!("L{n}")).unwrap();
    }
    for n in 0..TYPES {
        tx.rel_type(&format!("T{n}")).unwrap();
    }
    for n in 0..KEYS {
        tx.key(&format!("k{n}")).unwrap();
    }
    tx.create_index(None, "L0", "k0", false, false).unwrap();
    writer.commit(Durability::Sync).unwrap();
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let mut random = Random(11);
    let mut model = Model::default();
    prepare(&Engine::open(&path, LIMITS).unwrap());
    for round in 0..16 {
        let engine = Engine::open(&path, LIMITS).unwrap();
        assert_same(&engine.snapshot(), &model);
        for _ in 0..4 {
            let mut writer = engine.begin().unwrap();
            let mut next = model.clone();
            if random.below(3) == 0 {
                let numbers = Column::full(ColumnData::Int((0..600).map(|n| n % 4).collect()));
                let generation = engine.next_generation();
                let columns = [(KeyId::new(0), &numbers)];
                let tx = writer.transaction().unwrap();
                let first = tx.bulk_nodes(generation, LabelId::new(0), 3, &columns, &mut || Ok(())).unwrap();
                for row in 0..3 {
                    let properties = [(0, numbers.value(row))].into();
                    next.nodes.insert(first + row as u32, ([0].into(), properties));
                }
                let nodes: Vec<u32> = next.nodes.keys().copied().collect();
                let mut end = || (0..4).map(|_| nodes[random.below(nodes.len() as u64) as usize]).collect::<Vec<_>>();
                let (mut starts, ends) = (end(), end());
                starts.sort_unstable();
                let before = tx.view().rel_id_end.next_multiple_of(1024);
                tx.bulk_rels(generation, TypeId::new(0), &starts, &ends, &[], &mut || Ok(())).unwrap();
                for id in before..tx.view().rel_id_end {
                    let record = tx.view().rel(RelId::new(id)).unwrap().unwrap();
                    next.rels.insert(id, (0, record.start.get(), record.end.get(), BTreeMap::new()));
                }
            }
            (0..random.below(25)).for_each(|_| step(&mut random, writer.transaction().unwrap(), &mut next));
            if random.below(4) == 0 {
                drop(writer);
            } else {
                writer.commit(Durability::Sync).unwrap();
                model = next;
            }
            assert_same(&engine.snapshot(), &model);
        }
        if round % 3 == 1 {
            engine.checkpoint().unwrap();
            assert_same(&engine.snapshot(), &model);
            engine.checkpoint().unwrap();
        }
    }
}

#[test]
fn checkpoints_beside_writers_and_readers_change_nothing_they_see() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(&dir.path().join("db"), LIMITS).unwrap();
    prepare(&engine);
    let mut random = Random(5);
    let mut model = Model::default();
    let kept = std::thread::scope(|scope| {
        let checkpoints = scope.spawn(|| (0..40).filter(|_| engine.checkpoint().unwrap()).count());
        let mut kept = Vec::new();
        for at in 0..100 {
            let mut writer = engine.begin().unwrap();
            (0..5).for_each(|_| step(&mut random, writer.transaction().unwrap(), &mut model));
            writer.commit(if at % 2 == 0 { Durability::Sync } else { Durability::Buffered }).unwrap();
            if at % 30 == 0 {
                kept.push((engine.snapshot(), model.clone()));
            }
        }
        assert!(checkpoints.join().unwrap() > 0);
        kept
    });
    engine.checkpoint().unwrap();
    kept.iter().for_each(|(view, model)| assert_same(view, model));
    assert_same(&engine.snapshot(), &model);
    drop((kept, engine));
    assert_same(&Engine::open(&dir.path().join("db"), LIMITS).unwrap().snapshot(), &model);
}

#[test]
fn one_writes_and_the_others_wait_their_turn() {
    let engine = Engine::memory(EngineLimits { writer_wait: std::time::Duration::from_millis(20), ..LIMITS });
    let held = engine.begin().unwrap();
    assert!(matches!(engine.begin(), Err(Error::Limit { .. })));
    drop(held);
    let patient = Engine::memory(LIMITS);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let mut writer = patient.begin().unwrap();
                    writer.transaction().unwrap().create_node(&[]).unwrap();
                    writer.commit(Durability::Sync).unwrap();
                }
            });
        }
    });
    assert_eq!((patient.snapshot().n_nodes(), patient.snapshot().sequence()), (200, 200));
}

#[test]
fn a_failing_store_loses_nothing_and_closes_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let (mut random, mut model) = (Random(3), Model::default());
    let engine = Engine::open(&path, LIMITS).unwrap();
    prepare(&engine);
    let mut change = |engine: &Arc<Engine>, model: &mut Model| {
        let mut writer = engine.begin().unwrap();
        (0..20).for_each(|_| step(&mut random, writer.transaction().unwrap(), model));
        writer.commit(Durability::Sync).unwrap();
    };
    change(&engine, &mut model);
    engine.checkpoint().unwrap();
    change(&engine, &mut model);
    engine.store.plant_flush_error(std::io::ErrorKind::Other);
    assert!(engine.checkpoint().is_err());
    assert!(engine.checkpoint_status().unwrap().last_error.is_some());
    // The journal takes commits on, and what is pinned can be read.
    let mut writer = engine.begin().unwrap();
    let id = writer.transaction().unwrap().create_node(&[]).unwrap();
    model.nodes.insert(id.get(), Default::default());
    writer.commit(Durability::Sync).unwrap();
    assert!(engine.checkpoint().is_err());
    let begun = std::time::Instant::now();
    drop(engine);
    assert!(begun.elapsed() < std::time::Duration::from_secs(1));
    // The failed handles are never dropped, so this process keeps the lock; the next one finds what a copy finds.
    let copy = dir.path().join("copy");
    copy_dir(&path, &copy);
    assert_same(&Engine::open(&copy, LIMITS).unwrap().snapshot(), &model);
}

fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &to)
        } else {
            assert!(std::fs::copy(entry.path(), to).is_ok())
        }
    }
}

#[test]
fn a_graph_beyond_its_memory_refuses_writers() {
    let engine = Engine::memory(EngineLimits { memory_bytes_max: 100_000, ..LIMITS });
    prepare(&engine);
    let mut refused = 0;
    for _ in 0..50 {
        match engine.begin() {
            Ok(mut writer) => {
                for _ in 0..200 {
                    writer.transaction().unwrap().create_node(&[]).unwrap();
                }
                writer.commit(Durability::Sync).unwrap();
            }
            Err(Error::Limit { what: "bytes of graph in memory", .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 0 && engine.snapshot().n_nodes() > 0);
}
