//! Shortest trails between two bound nodes: breadth first from both ends, always a level further from the end with fewer
//! nodes to leave, until the two meet. The ways back to each end are kept.

use rustc_hash::FxHashMap;

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, rel_value, value_bytes},
    build,
    eval::Ex,
    expand::type_ids,
    scan,
    var_expand::passes,
};
use crate::{
    Result,
    model::{Direction, NodeId, TypeId, Value},
    query::{
        plan::{self, Follow, Slot, TypeRef},
        search::PathStep,
    },
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

/// The search of one input row: from its start and from its target.
#[derive(Default)]
struct Search {
    sides: [Side; 2],
    edges: Vec<(u32, u32)>,
    next: Vec<u32>,
    met: Vec<u32>,
}

/// What one end reached.
#[derive(Default)]
struct Side {
    depth: u32,
    depths: FxHashMap<u32, u32>,
    /// For a node the last relationships of the shortest trails to it, and where they come from.
    back: FxHashMap<u32, Vec<(u32, u32)>>,
    frontier: Vec<u32>,
}

impl Side {
    fn start(&mut self, node: u32) {
        self.depth = 0;
        self.depths.clear();
        self.depths.insert(node, 0);
        self.back.clear();
        self.frontier.clear();
        self.frontier.push(node);
    }

    /// Visits every way back from a node to the end: its relationships, from the node on. Until `visit` returns false;
    /// returns whether it never did.
    fn ways(&self, node: u32, visit: &mut impl FnMut(&[u32]) -> Result<bool>) -> Result<bool> {
        let mut trail = Vec::new();
        // (node, the next of its ways to try)
        let mut stack = vec![(node, 0)];
        while let Some((node, next)) = stack.last_mut() {
            let way = match self.back.get(node) {
                Some(ways) => ways.get(*next).copied(),
                None => {
                    if !visit(&trail)? {
                        return Ok(false);
                    }
                    None
                }
            };
            *next += 1;
            match way {
                Some((from, rel)) => {
                    trail.push(rel);
                    stack.push((from, 0));
                }
                None => {
                    stack.pop();
                    trail.pop();
                }
            }
        }
        Ok(true)
    }
}

impl ShortestPath {
    pub(super) fn build(spec: &plan::ShortestPath, builder: &mut Builder) -> Self {
        let input = build(&spec.input, builder);
        let step = PathStep { rel: spec.rels, follow: spec.follow, types: spec.types.clone() };
        Self {
            input,
            from: spec.from,
            to: spec.to,
            min: spec.min,
            rel_filter: spec.rel_filter.as_ref().map(|filter| Ex::build(filter, builder)),
            carry: spec.carry.clone(),
            ..Self::alone(&step, spec.max, spec.all, builder)
        }
    }

    /// Returns what finds the shortest trails between two nodes that are given one by one; no rows come in.
    pub(super) fn alone(step: &PathStep, max: Option<u32>, all: bool, builder: &mut Builder) -> Self {
        Self {
            input: Box::new(scan::Nothing),
            from: Slot(0),
            to: Slot(0),
            rels: step.rel,
            follow: step.follow,
            types: step.types.clone(),
            min: 1,
            max: max.unwrap_or(u32::MAX),
            all,
            rel_filter: None,
            carry: Vec::new(),
            batch: builder.batch(),
            row: 0,
            rows: Vec::new(),
            lists: Vec::new(),
            at: 0,
            search: Search::default(),
            held: 0,
        }
    }

    /// Returns the lists of relationships of the shortest trails from a node to another.
    pub(super) fn between(&mut self, ctx: &mut Context, from: u32, to: u32) -> Result<std::vec::Drain<'_, Value>> {
        let types = type_ids(ctx.view(), &self.types);
        self.find(ctx, 0, from, to, &types)?;
        self.rows.clear();
        ctx.release(&mut self.held);
        Ok(self.lists.drain(..))
    }

    fn find(&mut self, ctx: &mut Context, row: usize, from: u32, to: u32, types: &[TypeId]) -> Result<()> {
        if from == to {
            if self.min == 0 {
                self.rows.push(row as u32);
                self.lists.push(Value::list([]));
            }
            return Ok(());
        }
        self.search.sides[0].start(from);
        self.search.sides[1].start(to);
        self.search.met.clear();
        loop {
            let [start, target] = &self.search.sides;
            let depth = start.depth + target.depth;
            if start.frontier.is_empty() || target.frontier.is_empty() || depth >= self.max {
                return Ok(());
            }
            let side = usize::from(target.frontier.len() < start.frontier.len());
            self.step(ctx, row, side, types)?;
            if !self.search.met.is_empty() {
                // Nothing met a level before, so every trail found now has exactly this length.
                return if depth + 1 >= self.min { self.collect(ctx, row) } else { Ok(()) };
            }
        }
    }

    /// Goes one level further from one end.
    fn step(&mut self, ctx: &mut Context, row: usize, side: usize, types: &[TypeId]) -> Result<()> {
        let Search { sides, edges, next, met } = &mut self.search;
        let [start, target] = sides;
        let (near, far) = if side == 0 { (start, target) } else { (target, start) };
        // From the target, relationships are followed against their direction.
        let follows = |direction| match self.follow {
            Follow::Both => true,
            Follow::Out => (direction == Direction::Out) == (side == 0),
            Follow::In => (direction == Direction::In) == (side == 0),
        };
        near.depth += 1;
        next.clear();
        for &node in &near.frontier {
            edges.clear();
            for &rel_type in types {
                for direction in [Direction::Out, Direction::In].into_iter().filter(|&direction| follows(direction)) {
                    let adjacent = ctx.view().adjacency(direction, rel_type).edges(NodeId::new(node))?;
                    adjacent.for_each(|neighbor, rel| edges.push((neighbor, rel)));
                }
            }
            ctx.tick(edges.len() + 1)?;
            for &(neighbor, rel) in edges.iter() {
                let known = near.depths.get(&neighbor).copied();
                if !(known.is_none() || self.all && known == Some(near.depth))
                    || !passes(&mut self.rel_filter, ctx, &self.batch, row, rel)?
                {
                    continue;
                }
                if known.is_none() {
                    near.depths.insert(neighbor, near.depth);
                    next.push(neighbor);
                    if far.depths.contains_key(&neighbor) {
                        met.push(neighbor);
                    }
                }
                near.back.entry(neighbor).or_default().push((node, rel));
            }
        }
        let n_reached = near.depths.len() + far.depths.len();
        std::mem::swap(&mut near.frontier, next);
        ctx.hold(&mut self.held, n_reached * REACHED_BYTES)
    }

    /// Takes down the trails through the nodes where both ends met; one of them where one is enough.
    fn collect(&mut self, ctx: &mut Context, row: usize) -> Result<()> {
        let Search { sides: [start, target], met, .. } = &self.search;
        let (all, rows, lists) = (self.all, &mut self.rows, &mut self.lists);
        let mut bytes = (start.depths.len() + target.depths.len()) * REACHED_BYTES;
        for &node in met {
            let goes_on = start.ways(node, &mut |first| {
                target.ways(node, &mut |second| {
                    ctx.tick(1 + first.len() + second.len())?;
                    let trail = first.iter().rev().chain(second);
                    let list = Value::list(trail.map(|&rel| rel_value(rel)));
                    bytes += value_bytes(&list);
                    ctx.hold(&mut self.held, bytes)?;
                    rows.push(row as u32);
                    lists.push(list);
                    Ok(all)
                })
            })?;
            if !goes_on {
                break;
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
