//! Trails: paths of many hops that use no relationship twice, walked depth first.

use rustc_hash::FxHashSet;

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, rel_value},
    build,
    eval::Ex,
    expand::{is_unused, type_id, type_ids},
    more,
};
use crate::{
    Result,
    model::{Direction, NodeId, TypeId, Value},
    query::plan::{self, Follow, Slot, TypeRef},
};

/// The longest trail that is searched for a relationship from end to end; longer ones keep a set.
const SCAN_TRAIL_MAX: usize = 16;

/// Relationships in all lists of a batch: trails can be as long as the graph has relationships, and a thousand such lists
/// would fill the memory that nobody counts, and take long to make.
const LISTED_MAX: usize = 1 << 16;

/// See [`plan::Op::VarExpand`].
pub(super) struct VarExpand {
    input: Box<dyn Operator>,
    from: Slot,
    rels: Option<Slot>,
    to: Slot,
    follow: Follow,
    types: Vec<TypeRef>,
    min: usize,
    max: usize,
    into: bool,
    rels_bound: bool,
    reversed: bool,
    rel_filter: Option<Ex>,
    unique_from: Vec<Slot>,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    type_ids: Vec<TypeId>,
    walk: Walk,
    /// Trails found: input row, end node, list of relationships (where wanted).
    rows: Vec<u32>,
    ends: Vec<u32>,
    lists: Vec<Value>,
    /// Relationships in the lists.
    n_listed: usize,
    held: u64,
}

/// The walk of one input row.
#[derive(Default)]
struct Walk {
    is_active: bool,
    /// Edges (neighbour, relationship) of every node on the trail, one stretch after the other.
    edges: Vec<(u32, u32)>,
    levels: Vec<Level>,
    trail: Vec<u32>,
    /// The relationships of the trail, once it is long.
    used: FxHashSet<u32>,
}

/// A stretch of [`Walk::edges`].
struct Level {
    start: usize,
    next: usize,
}

impl Walk {
    fn clear(&mut self) {
        self.is_active = false;
        self.edges.clear();
        self.levels.clear();
        self.trail.clear();
        self.used.clear();
    }

    fn uses(&self, rel: u32) -> bool {
        if self.trail.len() <= SCAN_TRAIL_MAX { self.trail.contains(&rel) } else { self.used.contains(&rel) }
    }

    fn push(&mut self, rel: u32) {
        self.trail.push(rel);
        if self.trail.len() == SCAN_TRAIL_MAX + 1 {
            self.used.extend(&self.trail);
        } else if self.trail.len() > SCAN_TRAIL_MAX {
            self.used.insert(rel);
        }
    }

    fn pop(&mut self) {
        let rel = self.trail.pop();
        if self.trail.len() == SCAN_TRAIL_MAX {
            self.used.clear();
        } else if let Some(rel) = rel {
            self.used.remove(&rel);
        }
    }

    fn bytes(&self) -> usize {
        self.edges.len() * 8 + self.trail.len() * 24
    }
}

impl VarExpand {
    pub(super) fn build(spec: &plan::VarExpand, builder: &mut Builder) -> Self {
        Self {
            input: build(&spec.input, builder),
            from: spec.from,
            rels: spec.rels,
            to: spec.to,
            follow: spec.follow,
            types: spec.types.clone(),
            min: spec.min as usize,
            max: spec.max.map_or(usize::MAX, |max| max as usize),
            into: spec.into,
            rels_bound: spec.rels_bound,
            reversed: spec.reversed,
            rel_filter: spec.rel_filter.as_ref().map(|filter| Ex::build(filter, builder)),
            unique_from: spec.unique_from.clone(),
            carry: spec.carry.clone(),
            batch: builder.batch(),
            row: 0,
            type_ids: Vec::new(),
            walk: Walk::default(),
            rows: Vec::new(),
            ends: Vec::new(),
            lists: Vec::new(),
            n_listed: 0,
            held: 0,
        }
    }

    /// Walks on until there are so many rows or the input rows are used up.
    fn fill(&mut self, ctx: &mut Context, rows: usize) -> Result<()> {
        while self.rows.len() < rows && self.n_listed < LISTED_MAX {
            if !self.walk.is_active {
                if self.row >= self.batch.len {
                    return Ok(());
                }
                let row = self.row;
                let Some(node) = self.batch.column(self.from).node(row) else {
                    self.row += 1;
                    continue;
                };
                if self.rels_bound {
                    self.follow_bound(ctx, row, node)?;
                    self.row += 1;
                    continue;
                }
                self.walk.clear();
                self.walk.is_active = true;
                if self.min == 0 {
                    self.emit(node);
                }
                if self.max > 0 && self.min <= self.max {
                    self.descend(ctx, node)?;
                }
                continue;
            }
            ctx.tick(1)?;
            let walk = &mut self.walk;
            let Some(level) = walk.levels.last_mut() else {
                walk.is_active = false;
                self.row += 1;
                continue;
            };
            let Some(&(neighbor, rel)) = walk.edges.get(level.next) else {
                let start = level.start;
                walk.levels.pop();
                walk.edges.truncate(start);
                walk.pop();
                continue;
            };
            level.next += 1;
            if walk.uses(rel) || !is_unused(&self.batch, &self.unique_from, self.row, rel) {
                continue;
            }
            if !passes(&mut self.rel_filter, ctx, &self.batch, self.row, rel)? {
                continue;
            }
            walk.push(rel);
            let depth = walk.trail.len();
            if depth >= self.min {
                self.emit(neighbor);
            }
            if depth < self.max {
                self.descend(ctx, neighbor)?;
            } else {
                self.walk.pop();
            }
        }
        Ok(())
    }

    /// Lays out the edges of a node as the next level.
    fn descend(&mut self, ctx: &mut Context, node: u32) -> Result<()> {
        let walk = &mut self.walk;
        let start = walk.edges.len();
        let view = ctx.view();
        for &rel_type in &self.type_ids {
            if self.follow != Follow::In {
                let edges = view.adjacency(Direction::Out, rel_type).edges(NodeId::new(node))?;
                edges.for_each(|neighbor, rel| walk.edges.push((neighbor, rel)));
            }
            if self.follow != Follow::Out {
                let edges = view.adjacency(Direction::In, rel_type).edges(NodeId::new(node))?;
                let skips_loops = self.follow == Follow::Both;
                edges.for_each(|neighbor, rel| {
                    if !(skips_loops && neighbor == node) {
                        walk.edges.push((neighbor, rel));
                    }
                });
            }
        }
        walk.levels.push(Level { start, next: start });
        let (n_edges, bytes) = (walk.edges.len() - start, walk.bytes());
        ctx.tick(n_edges)?;
        ctx.hold(&mut self.held, bytes)
    }

    /// Takes down the trail walked so far, if it ends where it should.
    fn emit(&mut self, end: u32) {
        if self.into && self.batch.column(self.to).node(self.row) != Some(end) {
            return;
        }
        self.rows.push(self.row as u32);
        self.ends.push(end);
        if self.rels.is_some() {
            self.n_listed += self.walk.trail.len();
            let trail = self.walk.trail.iter().map(|&rel| rel_value(rel));
            self.lists.push(if self.reversed { Value::list(trail.rev()) } else { Value::list(trail) });
        }
    }

    /// The list of relationships is known: find out whether it is a trail from here.
    fn follow_bound(&mut self, ctx: &mut Context, row: usize, node: u32) -> Result<()> {
        let Some(slot) = self.rels else { return Ok(()) };
        let Value::List(items) = self.batch.get(slot, row) else { return Ok(()) };
        if items.len() < self.min || items.len() > self.max {
            return Ok(());
        }
        let mut at = NodeId::new(node);
        let mut used = Vec::with_capacity(items.len());
        for index in 0..items.len() {
            let item = if self.reversed { &items[items.len() - 1 - index] } else { &items[index] };
            let Value::Relationship(rel) = item else { return Ok(()) };
            let Some(record) = ctx.view().rel(rel.id)? else { return Ok(()) };
            let is_of_type = self.types.is_empty() || self.type_ids.contains(&record.rel_type);
            let id = rel.id.get();
            if !is_of_type
                || used.contains(&id)
                || !is_unused(&self.batch, &self.unique_from, row, id)
                || !passes(&mut self.rel_filter, ctx, &self.batch, row, id)?
            {
                return Ok(());
            }
            at = match self.follow {
                Follow::Out | Follow::Both if record.start == at => record.end,
                Follow::In | Follow::Both if record.end == at => record.start,
                _ => return Ok(()),
            };
            used.push(id);
        }
        if self.into && self.batch.column(self.to).node(row) != Some(at.get()) {
            return Ok(());
        }
        self.rows.push(row as u32);
        self.ends.push(at.get());
        self.lists.push(Value::List(items));
        Ok(())
    }
}

/// Returns whether a relationship satisfies a filter, in which it is local 0.
pub(super) fn passes(filter: &mut Option<Ex>, ctx: &mut Context, batch: &Batch, row: usize, rel: u32) -> Result<bool> {
    let Some(filter) = filter else { return Ok(true) };
    super::eval::set_local(ctx, 0, rel_value(rel));
    Ok(filter.truth(ctx, batch, row)? == Some(true))
}

impl Operator for VarExpand {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        self.rows.clear();
        self.ends.clear();
        self.lists.clear();
        self.n_listed = 0;
        let rows = rows.min(BATCH_ROWS_MAX);
        let mut few = rows;
        loop {
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next_few(ctx, &mut self.batch, few)? {
                    self.batch.len = 0;
                    ctx.release(&mut self.held);
                    return Ok(false);
                }
                // Found now: the input may have made the first relationship of a type.
                self.type_ids = if let [one] = &self.types[..] {
                    type_id(ctx.view(), one).into_iter().collect()
                } else {
                    type_ids(ctx.view(), &self.types)
                };
            }
            few = more(few);
            self.fill(ctx, rows)?;
            if !self.rows.is_empty() {
                break;
            }
        }
        out.gather(&self.batch, &self.rows, &self.carry);
        out.column_mut(self.to).refill_nodes().extend_from_slice(&self.ends);
        if let Some(rels) = self.rels {
            out.column_mut(rels).refill_values().append(&mut self.lists);
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.walk.clear();
        (self.batch.len, self.row) = (0, 0);
        ctx.release(&mut self.held);
    }
}
