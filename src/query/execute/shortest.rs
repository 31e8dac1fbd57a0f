//! Shortest trails between two bound nodes: breadth first, with the ways back kept.

use rustc_hash::FxHashMap;

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, rel_value},
    build,
    eval::Ex,
    expand::type_ids,
    var_expand::passes,
};
use crate::{
    Result,
    model::{Direction, NodeId, TypeId, Value},
    query::plan::{self, Follow, Slot, TypeRef},
};

/// About how many bytes a reached node costs: its depth, its way back, and their places in tables.
const REACHED_BYTES: usize = 64;

/// See [`plan::Op::ShortestPath`].
pub(super) struct ShortestPath {
    input: Box<dyn Operator>,
    from: Slot,
    to: Slot,
    rels: Slot,
    follow: Follow,
    types: Vec<TypeRef>,
    min: u32,
    max: u32,
    all: bool,
    rel_filter: Option<Ex>,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    rows: Vec<u32>,
    lists: Vec<Value>,
    at: usize,
    search: Search,
    held: u64,
}

/// The search of one input row.
#[derive(Default)]
struct Search {
    depths: FxHashMap<u32, u32>,
    /// For a node the last relationships of the shortest trails to it, and where they come from.
    back: FxHashMap<u32, Vec<(u32, u32)>>,
    frontier: Vec<u32>,
    next: Vec<u32>,
    edges: Vec<(u32, u32)>,
}

impl ShortestPath {
    pub(super) fn build(spec: &plan::ShortestPath, builder: &mut Builder) -> Self {
        Self {
            input: build(&spec.input, builder),
            from: spec.from,
            to: spec.to,
            rels: spec.rels,
            follow: spec.follow,
            types: spec.types.clone(),
            min: spec.min,
            max: spec.max.unwrap_or(u32::MAX),
            all: spec.all,
            rel_filter: spec.rel_filter.as_ref().map(|filter| Ex::build(filter, builder)),
            carry: spec.carry.clone(),
            batch: builder.batch(),
            row: 0,
            rows: Vec::new(),
            lists: Vec::new(),
            at: 0,
            search: Search::default(),
            held: 0,
        }
    }

    fn find(&mut self, ctx: &mut Context, row: usize, from: u32, to: u32, types: &[TypeId]) -> Result<()> {
        if from == to {
            if self.min == 0 {
                self.rows.push(row as u32);
                self.lists.push(Value::list([]));
            }
            return Ok(());
        }
        let Search { depths, back, frontier, next, edges } = &mut self.search;
        depths.clear();
        back.clear();
        frontier.clear();
        frontier.push(from);
        depths.insert(from, 0);
        let mut depth = 0;
        while !frontier.is_empty() && depth < self.max && !depths.contains_key(&to) {
            depth += 1;
            next.clear();
            for &node in frontier.iter() {
                edges.clear();
                for &rel_type in types {
                    for (direction, is_followed) in
                        [(Direction::Out, self.follow != Follow::In), (Direction::In, self.follow != Follow::Out)]
                    {
                        if is_followed {
                            let adjacent = ctx.view().adjacency(direction, rel_type).edges(NodeId::new(node))?;
                            adjacent.for_each(|neighbor, rel| edges.push((neighbor, rel)));
                        }
                    }
                }
                ctx.tick(edges.len() + 1)?;
                for &(neighbor, rel) in edges.iter() {
                    let known = depths.get(&neighbor).copied();
                    if !(known.is_none() || self.all && known == Some(depth))
                        || !passes(&mut self.rel_filter, ctx, &self.batch, row, rel)?
                    {
                        continue;
                    }
                    if known.is_none() {
                        depths.insert(neighbor, depth);
                        next.push(neighbor);
                    }
                    back.entry(neighbor).or_default().push((node, rel));
                }
            }
            ctx.hold(&mut self.held, depths.len() * REACHED_BYTES)?;
            std::mem::swap(frontier, next);
        }
        if depths.get(&to).is_some_and(|&found| found >= self.min) {
            self.walk_back(ctx, row, to)?;
        }
        Ok(())
    }

    /// Takes down every way back from the target.
    fn walk_back(&mut self, ctx: &mut Context, row: usize, to: u32) -> Result<()> {
        let back = &self.search.back;
        let mut trail = Vec::new();
        // (node, next way back to try)
        let mut stack = vec![(to, 0)];
        while let Some((node, next)) = stack.last_mut() {
            ctx.tick(1)?;
            let Some(ways) = back.get(node) else {
                // The start: nothing leads back from it.
                self.rows.push(row as u32);
                self.lists.push(Value::list(trail.iter().rev().map(|&rel| rel_value(rel))));
                stack.pop();
                trail.pop();
                continue;
            };
            match ways.get(*next) {
                Some(&(from, rel)) if *next == 0 || self.all => {
                    *next += 1;
                    trail.push(rel);
                    stack.push((from, 0));
                }
                _ => {
                    stack.pop();
                    trail.pop();
                }
            }
        }
        Ok(())
    }
}

impl Operator for ShortestPath {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        loop {
            if self.at < self.rows.len() {
                let end = self.rows.len().min(self.at + BATCH_ROWS_MAX);
                out.gather(&self.batch, &self.rows[self.at..end], &self.carry);
                out.column_mut(self.rels).refill_values().extend_from_slice(&self.lists[self.at..end]);
                self.at = end;
                return Ok(true);
            }
            self.rows.clear();
            self.lists.clear();
            self.at = 0;
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next(ctx, &mut self.batch)? {
                    self.batch.len = 0;
                    ctx.release(&mut self.held);
                    return Ok(false);
                }
            }
            let types = type_ids(ctx.view(), &self.types);
            while self.row < self.batch.len && self.rows.len() < BATCH_ROWS_MAX {
                let row = self.row;
                self.row += 1;
                let ends = (self.batch.column(self.from).node(row), self.batch.column(self.to).node(row));
                if let (Some(from), Some(to)) = ends {
                    self.find(ctx, row, from, to, &types)?;
                }
            }
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.rows.clear();
        self.lists.clear();
        (self.batch.len, self.row, self.at) = (0, 0, 0);
        ctx.release(&mut self.held);
    }
}
