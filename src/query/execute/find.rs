//! What MERGE looks for most often, found without running a plan for every row: a node by an indexed property, and a
//! relationship of one type between two nodes that are known.

use super::{
    Builder, Context,
    batch::{Batch, Column},
    eval::{Ex, key_id},
    expand::type_id,
    scan::label_id,
};
use crate::{
    Result,
    graph::{Edges, Snapshot},
    model::{Direction, NodeId, TypeId, Value},
    query::plan::{CreatePattern, Follow, KeyRef, LabelRef, Op, Slot, TypeRef},
};

/// How the matches of a row are found.
pub(super) enum Find {
    /// The nodes of a label whose property equals a value, through an index.
    Node { slot: Slot, label: LabelRef, key: KeyRef, value: Ex },
    /// The relationships of a type between two nodes.
    Rel { slot: Slot, from: Slot, to: Slot, follow: Follow, rel_type: TypeRef },
}

impl Find {
    /// Returns how to find what the inner plan of a MERGE finds, where that is one of the two; `None` also where the plan
    /// is measured, whose operators must run for that.
    pub(super) fn build(inner: &Op, create: &CreatePattern, builder: &mut Builder) -> Option<Self> {
        if builder.is_measuring() || !create.paths.is_empty() {
            return None;
        }
        match (inner, &create.nodes[..], &create.rels[..]) {
            (Op::NodeSeek { input, node, label, key, value, .. }, [made], [])
                if matches!(**input, Op::Argument) && made.slot == *node =>
            {
                let value = Ex::build(value, builder);
                Some(Self::Node { slot: *node, label: label.clone(), key: key.clone(), value })
            }
            (Op::Expand(spec), [], [made]) if matches!(spec.input, Op::Argument) => {
                let [rel_type] = &spec.types[..] else { return None };
                let is_plain = spec.into && !spec.rel_bound && spec.unique_from.is_empty();
                let (from, to, follow) = (spec.from, spec.to, spec.follow);
                is_plain.then(|| Self::Rel { slot: made.slot, from, to, follow, rel_type: rel_type.clone() })
            }
            _ => None,
        }
    }

    /// Returns the slot of what is found.
    pub(super) const fn slot(&self) -> Slot {
        match self {
            Self::Node { slot, .. } | Self::Rel { slot, .. } => *slot,
        }
    }

    /// Returns whether it can be found so: the index may be gone since the statement was planned.
    pub(super) fn is_possible(&self, view: &Snapshot) -> bool {
        match self {
            Self::Node { label, key, .. } => match (label_id(view, label), key_id(view, key)) {
                (Some(label), Some(key)) => view.catalog().find_index(label, key).is_some(),
                // Nothing has such a label or key yet.
                _ => true,
            },
            Self::Rel { .. } => true,
        }
    }

    /// Adds the ids of what matches for a row.
    ///
    /// # Errors
    /// Query errors of the value; damaged blocks.
    pub(super) fn matches(&mut self, ctx: &mut Context, batch: &Batch, row: usize, found: &mut Vec<u32>) -> Result<()> {
        match self {
            Self::Node { label, key, value, .. } => {
                let computed;
                let value = match peek(value, batch, row) {
                    Some(value) => value,
                    None => {
                        computed = value.value(ctx, batch, row)?;
                        &computed
                    }
                };
                let view = ctx.view();
                let (Some(label), Some(key)) = (label_id(view, label), key_id(view, key)) else { return Ok(()) };
                view.catalog().find_index(label, key).map_or(Ok(()), |index| view.seek(index, value, found))
            }
            Self::Rel { from, to, follow, rel_type, .. } => {
                let view = ctx.view();
                let (Some(from), Some(to)) = (batch.column(*from).node(row), batch.column(*to).node(row)) else {
                    return Ok(());
                };
                let Some(rel_type) = type_id(view, rel_type) else { return Ok(()) };
                let (from, to) = (NodeId::new(from), NodeId::new(to));
                if *follow != Follow::In {
                    between(view, rel_type, from, to, found)?;
                }
                // A self-loop is met in one direction.
                if *follow == Follow::In || (*follow == Follow::Both && from != to) {
                    between(view, rel_type, to, from, found)?;
                }
                Ok(())
            }
        }
    }

    /// Returns ids found as the column of the slot.
    pub(super) fn fill(&self, ids: &[u32], column: &mut Column) {
        let column = match self {
            Self::Node { .. } => column.refill_nodes(),
            Self::Rel { .. } => column.refill_rels(),
        };
        column.extend_from_slice(ids);
    }

    /// Returns the id in a row of the slot.
    pub(super) fn id(&self, batch: &Batch, row: usize) -> Option<u32> {
        match self {
            Self::Node { slot, .. } => batch.column(*slot).node(row),
            Self::Rel { slot, .. } => batch.column(*slot).rel(row),
        }
    }
}

/// Returns the value of an expression where it lies in the batch: an entry of a map, or a slot.
fn peek<'a>(ex: &Ex, batch: &'a Batch, row: usize) -> Option<&'a Value> {
    let in_slot = |slot: Slot| match batch.column(slot) {
        Column::Values(items) => items.get(row),
        _ => None,
    };
    match ex {
        Ex::Slot(slot) => in_slot(*slot),
        Ex::Property { base, key, .. } => match (&**base, &key.name) {
            (Ex::Slot(slot), name) => match in_slot(*slot)? {
                Value::Map(map) => map.get(name),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Adds the relationships of a type from one node to another: sought at the end that has fewer.
fn between(view: &Snapshot, rel_type: TypeId, start: NodeId, end: NodeId, found: &mut Vec<u32>) -> Result<()> {
    let out = view.adjacency(Direction::Out, rel_type).edges(start)?;
    // In a block as it was written neighbours are sorted: nothing is faster.
    if out.neighbors_slice().is_some() || out.len() <= SHORT {
        seek(&out, end, found);
        return Ok(());
    }
    let into = view.adjacency(Direction::In, rel_type).edges(end)?;
    if into.len() < out.len() {
        seek(&into, start, found)
    } else {
        seek(&out, end, found)
    }
    Ok(())
}

/// So few relationships are looked through before the other end is asked how many it has.
const SHORT: usize = 16;

fn seek(edges: &Edges<'_>, node: NodeId, found: &mut Vec<u32>) {
    let node = node.get();
    match edges.neighbors_slice() {
        Some(neighbors) => {
            let first = neighbors.partition_point(|&neighbor| neighbor < node);
            let n = neighbors[first..].iter().take_while(|&&neighbor| neighbor == node).count();
            found.extend((first..first + n).map(|at| edges.rels().get(at)));
        }
        None => edges.for_each(|neighbor, rel| {
            if neighbor == node {
                found.push(rel);
            }
        }),
    }
}
