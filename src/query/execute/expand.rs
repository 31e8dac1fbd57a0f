//! One hop: every relationship at a node and where it leads.

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column},
    build, more,
};
use crate::{
    Result,
    graph::{Adjacency, Snapshot},
    model::{Direction, NodeId, RelId, TypeId, Value},
    query::plan::{self, Follow, Slot, TypeRef},
};

/// See [`plan::Op::Expand`].
pub(super) struct Expand {
    input: Box<dyn Operator>,
    from: Slot,
    rel: Option<Slot>,
    to: Slot,
    follow: Follow,
    types: Vec<TypeRef>,
    into: bool,
    rel_bound: bool,
    unique_from: Vec<Slot>,
    carry: Vec<Slot>,
    batch: Batch,
    /// The next input row to follow.
    row: usize,
    found: Found,
    /// The next of the found to give out.
    at: usize,
    /// Edges looked at for a known end since the last look at the clock.
    n_seen: usize,
}

/// Edges to look at between two looks at the clock: some hundred microseconds.
const SEEN_MAX: usize = 1 << 16;

/// Relationships found, side by side with the input row they belong to.
#[derive(Default)]
struct Found {
    rows: Vec<u32>,
    neighbors: Vec<u32>,
    rels: Vec<u32>,
}

impl Found {
    fn clear(&mut self) {
        self.rows.clear();
        self.neighbors.clear();
        self.rels.clear();
    }

    fn push(&mut self, row: usize, neighbor: u32, rel: u32) {
        self.rows.push(row as u32);
        self.neighbors.push(neighbor);
        self.rels.push(rel);
    }
}

impl Expand {
    pub(super) fn build(spec: &plan::Expand, builder: &mut Builder) -> Self {
        Self {
            input: build(&spec.input, builder),
            from: spec.from,
            rel: spec.rel,
            to: spec.to,
            follow: spec.follow,
            types: spec.types.clone(),
            into: spec.into,
            rel_bound: spec.rel_bound,
            unique_from: spec.unique_from.clone(),
            carry: spec.carry.clone(),
            batch: builder.batch(),
            row: 0,
            found: Found::default(),
            at: 0,
            n_seen: 0,
        }
    }

    /// Follows relationships of input rows until there are `few`, or none are left.
    fn fill(&mut self, ctx: &Context, few: usize) -> Result<()> {
        let view = ctx.view();
        if self.rel_bound {
            return self.fill_bound(view, few);
        }
        if let ([one], true) = (&self.types[..], self.follow != Follow::Both) {
            let Some(rel_type) = type_id(view, one) else {
                self.row = self.batch.len;
                return Ok(());
            };
            let direction = if self.follow == Follow::Out { Direction::Out } else { Direction::In };
            return self.fill_from(&[(view.adjacency(direction, rel_type), false)], few);
        }
        let adjacencies = adjacencies(view, &self.types, self.follow);
        self.fill_from(&adjacencies, few)
    }

    fn fill_from(&mut self, adjacencies: &[Edges<'_>], few: usize) -> Result<()> {
        let Self { batch, found, .. } = self;
        let needs_rels = self.rel.is_some() || !self.unique_from.is_empty();
        let from = batch.column(self.from);
        while self.row < batch.len && found.neighbors.len() < few && self.n_seen < SEEN_MAX {
            let row = self.row;
            self.row += 1;
            let Some(node) = from.node(row) else { continue };
            if self.into {
                let Some(target) = batch.column(self.to).node(row) else { continue };
                let is_free = |rel: u32| is_unused(batch, &self.unique_from, row, rel);
                for &(adjacency, skips_loops) in adjacencies {
                    if skips_loops && target == node {
                        continue;
                    }
                    let edges = adjacency.edges(NodeId::new(node))?;
                    if let Some(neighbors) = edges.neighbors_slice() {
                        let first = neighbors.partition_point(|&n| n < target);
                        let n = neighbors[first..].iter().take_while(|&&n| n == target).count();
                        for at in first..first + n {
                            let rel = edges.rels().get(at);
                            if is_free(rel) {
                                found.push(row, target, rel);
                            }
                        }
                    } else {
                        self.n_seen += edges.len();
                        edges.for_each(|neighbor, rel| {
                            if neighbor == target && is_free(rel) {
                                found.push(row, target, rel);
                            }
                        });
                    }
                }
                continue;
            }
            for &(adjacency, skips_loops) in adjacencies {
                let edges = adjacency.edges(NodeId::new(node))?;
                if !skips_loops && self.unique_from.is_empty() {
                    edges.append_to(&mut found.neighbors, needs_rels.then_some(&mut found.rels));
                    found.rows.resize(found.neighbors.len(), row as u32);
                    continue;
                }
                edges.for_each(|neighbor, rel| {
                    if !(skips_loops && neighbor == node) && is_unused(batch, &self.unique_from, row, rel) {
                        found.rows.push(row as u32);
                        found.neighbors.push(neighbor);
                        if needs_rels {
                            found.rels.push(rel);
                        }
                    }
                });
            }
        }
        Ok(())
    }

    /// The relationship is known: find out whether it leads from here.
    fn fill_bound(&mut self, view: &Snapshot, few: usize) -> Result<()> {
        let Self { batch, found, .. } = self;
        let Some(rel_slot) = self.rel else { return Ok(()) };
        while self.row < batch.len && found.rows.len() < few {
            let row = self.row;
            self.row += 1;
            let (Some(node), Some(rel)) = (batch.column(self.from).node(row), batch.column(rel_slot).rel(row)) else {
                continue;
            };
            let Some(record) = view.rel(RelId::new(rel))? else { continue };
            if !self.types.is_empty() && !self.types.iter().any(|one| type_id(view, one) == Some(record.rel_type)) {
                continue;
            }
            let (start, end) = (record.start.get(), record.end.get());
            let leads_to = match self.follow {
                Follow::Out | Follow::Both if start == node => end,
                Follow::In | Follow::Both if end == node => start,
                _ => continue,
            };
            if self.into && batch.column(self.to).node(row) != Some(leads_to) {
                continue;
            }
            if is_unused(batch, &self.unique_from, row, rel) {
                found.push(row, leads_to, rel);
            }
        }
        Ok(())
    }
}

impl Operator for Expand {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let wanted = rows.min(BATCH_ROWS_MAX);
        let mut few = wanted;
        loop {
            let found = &mut self.found;
            if self.at < found.rows.len() {
                let end = found.rows.len().min(self.at + wanted);
                out.gather(&self.batch, &found.rows[self.at..end], &self.carry);
                out.column_mut(self.to).refill_nodes().extend_from_slice(&found.neighbors[self.at..end]);
                if let Some(rel) = self.rel {
                    out.column_mut(rel).refill_rels().extend_from_slice(&found.rels[self.at..end]);
                }
                self.at = end;
                return Ok(true);
            }
            found.clear();
            self.at = 0;
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next_few(ctx, &mut self.batch, few)? {
                    self.batch.len = 0;
                    return Ok(false);
                }
            }
            let first = self.row;
            self.fill(ctx, few)?;
            few = more(few);
            ctx.tick(self.row - first + self.found.rows.len() + std::mem::take(&mut self.n_seen) / 16)?;
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.found.clear();
        (self.batch.len, self.row, self.at, self.n_seen) = (0, 0, 0, 0);
    }
}

/// The edges of a direction and type; `bool`: leave self-loops out, they were met in the other direction.
pub(super) type Edges<'v> = (Adjacency<'v>, bool);

/// Returns where the edges are that a relationship of these types may be, followed that way.
pub(super) fn adjacencies<'v>(view: &'v Snapshot, types: &[TypeRef], follow: Follow) -> Vec<Edges<'v>> {
    let mut adjacencies = Vec::new();
    for rel_type in type_ids(view, types) {
        if follow != Follow::In {
            adjacencies.push((view.adjacency(Direction::Out, rel_type), false));
        }
        if follow != Follow::Out {
            adjacencies.push((view.adjacency(Direction::In, rel_type), follow == Follow::Both));
        }
    }
    adjacencies
}

/// Finds a type now: a statement may have made it after it was planned.
#[inline]
pub(super) fn type_id(view: &Snapshot, rel_type: &TypeRef) -> Option<TypeId> {
    rel_type.id.or_else(|| view.catalog().rel_type(&rel_type.name))
}

/// Returns the types meant: all where none is named.
pub(super) fn type_ids(view: &Snapshot, types: &[TypeRef]) -> Vec<TypeId> {
    if types.is_empty() {
        return view.types().collect();
    }
    let mut ids: Vec<TypeId> = types.iter().filter_map(|one| type_id(view, one)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Returns whether none of these slots (relationships, or lists of them) holds the relationship.
#[inline]
pub(super) fn is_unused(batch: &Batch, slots: &[Slot], row: usize, rel: u32) -> bool {
    slots.iter().all(|&slot| match batch.column(slot) {
        Column::Rels(ids) => ids.get(row) != Some(&rel),
        Column::Values(values) => match values.get(row) {
            Some(Value::List(items)) => {
                !items.iter().any(|item| matches!(item, Value::Relationship(r) if r.id.get() == rel))
            }
            Some(Value::Relationship(r)) => r.id.get() != rel,
            _ => true,
        },
        _ => true,
    })
}
