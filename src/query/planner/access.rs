//! How a node is found by itself: a scan, an index, or its number.

use super::{Planner, cost, needs_rows_apart, pattern::Matching};
use crate::{
    Result,
    graph::RangeBound,
    model::KeyId,
    query::{
        function::Function,
        plan::{ApplyKind, Comparison, Expr, KeyRef, LabelRef, Op, ScanRange, Slot, SlotKind, StringTest},
        slots,
    },
};

/// The elements that a list of unknown length is taken to have.
const LIST_ROWS: f64 = 10.0;

/// How a node is found by itself.
pub(super) enum Access {
    Scan(Option<LabelRef>),
    /// By all pending predicates that bound a property, through an ordered index. They stay pending.
    Range {
        label: LabelRef,
        key: KeyId,
    },
    /// By pending predicate `by`, an equality, through an index.
    Seek {
        by: usize,
        label: LabelRef,
        unique: bool,
    },
    /// By pending predicate `by`, `n.key IN list`, through an index.
    SeekEach {
        by: usize,
        label: LabelRef,
        unique: bool,
    },
    /// By pending predicate `by`, `id(n) = ...` or `id(n) IN ...`.
    ById {
        by: usize,
    },
}

impl Planner<'_> {
    /// Returns the cheapest way to find a node by itself, and how many rows it gives. While ordering, what other nodes of
    /// the pattern give (`ordering`) is not counted on.
    pub(super) fn access(&self, at: usize, matching: &Matching, ordering: bool) -> (Access, f64) {
        let node = &matching.graph.nodes[at];
        let slot = node.slot;
        let fewest = |label: &&LabelRef| label.id.map_or(0, |id| self.statistics.n_label(id));
        let mut best = match node.labels.iter().min_by_key(fewest) {
            None => (Access::Scan(None), self.statistics.n_nodes() as f64),
            Some(label) => (Access::Scan(Some(label.clone())), fewest(&label) as f64),
        };
        for (by, pending) in matching.pending.iter().enumerate() {
            let Some(pending) = pending else { continue };
            let others_bound = |other: &Slot| *other == slot || (!ordering && !matching.unbound[other.index()]);
            if !pending.needs.contains(&slot) || !pending.needs.iter().all(others_bound) {
                continue;
            }
            bounds(&pending.expr, slot, &mut |key, _, _| {
                let Some(key) = key.id else { return };
                for label in &node.labels {
                    let Some(id) = label.id else { continue };
                    let found = self.statistics.n_label(id) as f64 * cost::RANGE;
                    if self.statistics.index(id, key).is_some() && found < best.1 {
                        best = (Access::Range { label: label.clone(), key }, found);
                    }
                }
            });
            if let Some((key, value)) = equality(&pending.expr, slot) {
                match key {
                    Key::Id => best = (Access::ById { by }, 1.0),
                    Key::Property(_) if reads_slot(value, slot) => {}
                    Key::Property(key) => {
                        let Some(key) = key.id else { continue };
                        for label in &node.labels {
                            let Some(id) = label.id else { continue };
                            let Some(unique) = self.statistics.index(id, key) else { continue };
                            let found = cost::seek(self.statistics, id, unique);
                            if found < best.1 || matches!(best.0, Access::Scan(_)) {
                                best = (Access::Seek { by, label: label.clone(), unique }, found);
                            }
                        }
                    }
                }
            } else if let Some((key, list)) = membership(&pending.expr, slot) {
                if reads_slot(list, slot) {
                    continue;
                }
                let each = match list {
                    Expr::List(items) => items.len() as f64,
                    _ => LIST_ROWS,
                };
                match key {
                    Key::Id if each < best.1 => best = (Access::ById { by }, each),
                    Key::Id => {}
                    Key::Property(key) => {
                        let Some(key) = key.id else { continue };
                        for label in &node.labels {
                            let Some(id) = label.id else { continue };
                            let Some(unique) = self.statistics.index(id, key) else { continue };
                            let found = each * cost::seek(self.statistics, id, unique);
                            if found < best.1 {
                                best = (Access::SeekEach { by, label: label.clone(), unique }, found);
                            }
                        }
                    }
                }
            }
        }
        best
    }

    /// Finds a node by itself.
    pub(super) fn find(&mut self, at: usize, matching: &mut Matching) -> Result<()> {
        let (access, _) = self.access(at, matching, false);
        let node = matching.graph.nodes[at].slot;
        let mut labels = std::mem::take(&mut matching.graph.nodes[at].labels);
        let input = Box::new(std::mem::replace(&mut matching.op, Op::Nothing));
        let carry = Vec::new;
        matching.op = match access {
            Access::Scan(label) => {
                labels.retain(|other| Some(other) != label.as_ref());
                Op::NodeScan { input, node, label, range: None, carry: carry() }
            }
            Access::Range { label, key } => {
                labels.retain(|other| *other != label);
                let range = self.range(node, key, matching);
                Op::NodeScan { input, node, label: Some(label), range: Some(Box::new(range)), carry: carry() }
            }
            Access::Seek { by, label, unique } => {
                labels.retain(|other| *other != label);
                let pending = matching.pending[by].take().expect("the way was chosen by this predicate");
                let Some((Key::Property(key), value)) = split_equality(pending.expr, node) else {
                    unreachable!("the way was chosen by this equality")
                };
                Op::NodeSeek { input, node, label, key, value, unique, carry: carry() }
            }
            Access::SeekEach { by, label, unique } => {
                labels.retain(|other| *other != label);
                let pending = matching.pending[by].take().expect("the way was chosen by this predicate");
                let Some((Key::Property(key), list)) = split_membership(pending.expr, node) else {
                    unreachable!("the way was chosen by this membership")
                };
                let item = self.unnamed_slot(SlotKind::Value)?;
                matching.unbound.push(false);
                // A list may hold a value twice, or 1 and 1.0: each node counts once.
                let each = Op::Unwind { input: Box::new(Op::Argument), list, slot: item, carry: carry() };
                let value = Expr::Slot(item);
                let seek = Op::NodeSeek { input: Box::new(each), node, label, key, value, unique, carry: carry() };
                let inner = Op::Distinct { input: Box::new(seek), slots: vec![node], carry: carry() };
                let kind = ApplyKind::Cross { per_row: needs_rows_apart(&inner), once: false };
                Op::Apply { input, inner: Box::new(inner), kind, carry: carry() }
            }
            Access::ById { by } => {
                let pending = matching.pending[by].take().expect("the way was chosen by this predicate");
                let ids = match membership(&pending.expr, node) {
                    Some(_) => split_membership(pending.expr, node),
                    None => split_equality(pending.expr, node),
                };
                let Some((_, ids)) = ids else { unreachable!("the way was chosen by this predicate") };
                Op::NodeById { input, node, ids, carry: carry() }
            }
        };
        matching.unbound[node.index()] = false;
        matching.test_labels(node, labels);
        Ok(())
    }
}

impl Planner<'_> {
    /// Returns the range of a node's property that the pending predicates leave, of those that read nothing unbound.
    fn range(&self, node: Slot, key: KeyId, matching: &Matching) -> ScanRange {
        let mut name = None;
        let mut into = Vec::new();
        for pending in matching.pending.iter().flatten() {
            if !pending.needs.iter().all(|other| *other == node || !matching.unbound[other.index()]) {
                continue;
            }
            bounds(&pending.expr, node, &mut |found, bound, value| {
                if found.id == Some(key) {
                    name = Some(found.clone());
                    into.push((bound, value.clone()));
                }
            });
        }
        ScanRange { key: name.expect("the way was chosen by a bound"), bounds: into }
    }
}

/// Calls `visit` with each key of this node that a predicate bounds (`n.key > value` and the like), and by what.
fn bounds(e: &Expr, node: Slot, visit: &mut dyn FnMut(&KeyRef, RangeBound, &Expr)) {
    let (key, bound, value) = match e {
        Expr::And(items) => return items.iter().for_each(|item| bounds(item, node, visit)),
        Expr::Compare(comparison, left, right) => {
            let (bound, mirrored) = match comparison {
                Comparison::Gt | Comparison::Ge => (RangeBound::From, RangeBound::To),
                Comparison::Lt | Comparison::Le => (RangeBound::To, RangeBound::From),
                _ => return,
            };
            match (key_of(left, node), key_of(right, node)) {
                (Some(Key::Property(key)), None) => (key, bound, &**right),
                (None, Some(Key::Property(key))) => (key, mirrored, &**left),
                _ => return,
            }
        }
        Expr::StringTest(StringTest::StartsWith, text, prefix) => match key_of(text, node) {
            Some(Key::Property(key)) => (key, RangeBound::Prefix, &**prefix),
            _ => return,
        },
        _ => return,
    };
    // The predicate is tested too: its value must be the same both times.
    if !reads_slot(value, node) && is_steady(value) {
        visit(key, bound, value);
    }
}

/// Returns whether an expression has the same value as often as it is asked, and is asked cheaply.
fn is_steady(e: &Expr) -> bool {
    let mut steady = match e {
        Expr::Call { function, .. } => !function.is_volatile(),
        Expr::Subquery { .. } => false,
        _ => true,
    };
    slots::children(e, &mut |child| steady = steady && is_steady(child));
    steady
}

/// What of a node a predicate compares.
enum Key<K> {
    /// `id(n)`.
    Id,
    /// `n.key`.
    Property(K),
}

type KeyOf<'e> = Key<&'e KeyRef>;

fn key_of(e: &Expr, node: Slot) -> Option<KeyOf<'_>> {
    match e {
        Expr::Property { base, key, .. } if matches!(**base, Expr::Slot(slot) if slot == node) => {
            Some(Key::Property(key))
        }
        Expr::Call { function: Function::Id, args, .. } if matches!(args[..], [Expr::Slot(slot)] if slot == node) => {
            Some(Key::Id)
        }
        _ => None,
    }
}

/// Returns the key and the value of `key = value` or `value = key` for this node.
fn equality(e: &Expr, node: Slot) -> Option<(KeyOf<'_>, &Expr)> {
    let Expr::Compare(Comparison::Eq, left, right) = e else { return None };
    match (key_of(left, node), key_of(right, node)) {
        (Some(key), _) if !reads_slot(right, node) => Some((key, right)),
        (_, Some(key)) if !reads_slot(left, node) => Some((key, left)),
        _ => None,
    }
}

fn split_equality(e: Expr, node: Slot) -> Option<(Key<KeyRef>, Expr)> {
    let on_left = matches!(&e, Expr::Compare(Comparison::Eq, left, right)
        if key_of(left, node).is_some() && !reads_slot(right, node));
    let Expr::Compare(Comparison::Eq, left, right) = e else { return None };
    let (key, value) = if on_left { (left, right) } else { (right, left) };
    Some((own_key(*key)?, *value))
}

/// Returns the key and the list of `key IN list` for this node.
fn membership(e: &Expr, node: Slot) -> Option<(KeyOf<'_>, &Expr)> {
    let Expr::In(item, list) = e else { return None };
    Some((key_of(item, node)?, list))
}

fn split_membership(e: Expr, node: Slot) -> Option<(Key<KeyRef>, Expr)> {
    let Expr::In(item, list) = e else { return None };
    key_of(&item, node)?;
    Some((own_key(*item)?, *list))
}

fn own_key(e: Expr) -> Option<Key<KeyRef>> {
    match e {
        Expr::Property { key, .. } => Some(Key::Property(key)),
        Expr::Call { function: Function::Id, .. } => Some(Key::Id),
        _ => None,
    }
}

fn reads_slot(e: &Expr, slot: Slot) -> bool {
    let mut found = false;
    slots::reads(e, &mut |read| found |= read == slot);
    found
}
