//! `CHEAPEST` paths: [`yen`] finds them, and asks here what a road costs. A node's roads are priced once, for all paths over it and
//! for all rows for which a price is the same.

mod yen;

use self::yen::{Road, Yen};
use super::{
    Asked, Spec,
    beam::{
        asking::Asking,
        candidates::{Around, Candidates},
        why as hop_why,
    },
    why,
};
use crate::{
    QueryError, Result,
    error::Span,
    graph::Snapshot,
    model::Value,
    query::{
        attend::AttendOutput,
        cheapest as plan,
        execute::{
            Builder, Context, Operator,
            batch::{BATCH_ROWS_MAX, Batch, Column, rel_value, value_bytes},
            build,
            eval::{Ex, at},
            expand::is_unused,
        },
        plan::Slot,
        slots,
    },
};
use rustc_hash::FxHashMap;

/// See [`plan::CheapestPaths`].
pub(in crate::query::execute) struct CheapestPaths {
    input: Box<dyn Operator>,
    from: Slot,
    to: Slot,
    rels: Option<Slot>,
    min: u32,
    max: u32,
    count: Ex,
    span: Span,
    unique_from: Vec<Slot>,
    outputs: Vec<(plan::Given, Slot)>,
    carry: Vec<Slot>,
    prices: Prices,
    batch: Batch,
    row: usize,
    rows: Vec<u32>,
    lists: Vec<Value>,
    given: Vec<Vec<Value>>,
    at: usize,
    held: u64,
}

/// What roads cost.
struct Prices {
    spec: Spec,
    around: Around,
    cost: Ex,
    span: Span,
    hop: plan::Hop,
    is_ranked: bool,
    /// What prices depend on in a row, and what that was.
    reads: Vec<Slot>,
    key: Option<Vec<Value>>,
    asked: Option<Asked>,
    candidates: Candidates,
    asking: Asking,
    /// By node, where its roads are.
    known: FxHashMap<u32, (u32, u32)>,
    roads: Vec<Road>,
    /// What each road got of the softmax at the node it leaves.
    weights: Vec<Weight>,
    batch: Batch,
    column: Column,
    held: u64,
}

/// What a road got; where nothing is ranked, all of it.
#[derive(Clone, Copy)]
struct Weight {
    weight: f32,
    similarity: Option<f32>,
    logit: f32,
}

impl Weight {
    const ALL: Self = Self { weight: 1.0, similarity: None, logit: 0.0 };
}

impl CheapestPaths {
    pub(in crate::query::execute) fn build(plan: &plan::CheapestPaths, builder: &mut Builder) -> Self {
        let input = build(&plan.attend.input, builder);
        let plan::Cheapest { count, span, cost, hop, is_ranked, outputs } = &plan.cheapest;
        let (cost, cost_span) = cost.as_ref().expect("planning refuses a pattern without costs");
        let mut own = Vec::new();
        plan.sets(&mut |slot| own.push(slot));
        let add = |into: &mut Vec<Slot>, slot| {
            if !own.contains(&slot) && !into.contains(&slot) {
                into.push(slot);
            }
        };
        let (mut inner, mut reads) = (Vec::new(), Vec::new());
        let boosts = plan.attend.boosts.iter().map(|(boost, _)| boost);
        let of_each = plan.attend.mask.iter().chain(boosts).chain([cost]);
        of_each.for_each(|e| slots::reads(e, &mut |slot| add(&mut inner, slot)));
        plan.attend.exprs(&mut |e| slots::reads(e, &mut |slot| add(&mut reads, slot)));
        let on_way = plan.rel_filter.iter().chain([cost]);
        on_way.for_each(|e| slots::reads(e, &mut |slot| add(&mut reads, slot)));
        let mut spec = Spec::build(&plan.attend, builder);
        // Who explains shows the query.
        let explains = outputs.iter().find(|(given, _)| *given == plan::Given::Why);
        spec.outputs = explains.map(|(_, slot)| (AttendOutput::Why, *slot)).into_iter().collect();
        let around = Around {
            follow: plan.follow,
            types: plan.types.clone(),
            rel_filter: plan.rel_filter.as_ref().map(|filter| Ex::build(filter, builder)),
            rel: hop.rel,
            node: hop.node,
            inner,
        };
        let prices = Prices {
            candidates: Candidates::new(spec.boosts.len(), builder.batch()),
            spec,
            around,
            cost: Ex::build(cost, builder),
            span: *cost_span,
            hop: *hop,
            is_ranked: *is_ranked,
            reads,
            key: None,
            asked: None,
            asking: Asking::default(),
            known: FxHashMap::default(),
            roads: Vec::new(),
            weights: Vec::new(),
            batch: builder.batch(),
            column: Column::Absent,
            held: 0,
        };
        Self {
            input,
            from: plan.from,
            to: plan.to,
            rels: plan.rels,
            min: plan.min,
            max: plan.max.unwrap_or(u32::MAX),
            count: Ex::build(count, builder),
            span: *span,
            unique_from: plan.unique_from.clone(),
            outputs: outputs.clone(),
            carry: plan.attend.carry.clone(),
            prices,
            batch: builder.batch(),
            row: 0,
            rows: Vec::new(),
            lists: Vec::new(),
            given: vec![Vec::new(); outputs.len()],
            at: 0,
            held: 0,
        }
    }

    /// Finds the paths of an input row.
    fn find(&mut self, ctx: &mut Context, row: usize) -> Result<()> {
        let (from, to) = (self.batch.column(self.from).node(row), self.batch.column(self.to).node(row));
        let (Some(from), Some(to)) = (from, to) else { return Ok(()) };
        let mut left = self.wanted(ctx, row)?;
        self.prices.begin(ctx, &self.batch, row)?;
        if self.min == 0 && from == to && left > 0 {
            self.take(ctx, row, from, 0.0, &[])?;
            left -= 1;
        }
        let mut yen = Yen::new(from, to, self.max);
        let mut bytes_held = 0;
        while left > 0 {
            let Self { prices, batch, .. } = self;
            let mut roads_at = |node: u32, into: &mut Vec<Road>| prices.at(ctx, batch, row, node, into);
            let Some(path) = yen.next(&mut roads_at)? else { break };
            let fits = path.roads.len() as u64 >= u64::from(self.min)
                && path.roads.iter().all(|road| is_unused(&self.batch, &self.unique_from, row, road.rel));
            if fits {
                let (cost, roads) = (path.cost, path.roads.clone());
                self.take(ctx, row, from, cost, &roads)?;
                left -= 1;
            }
            ctx.hold(&mut bytes_held, yen.bytes())?;
        }
        ctx.release(&mut bytes_held);
        Ok(())
    }

    fn wanted(&mut self, ctx: &mut Context, row: usize) -> Result<u64> {
        let value = self.count.value(ctx, &self.batch, row)?;
        match value {
            Value::Int(n) if n >= 1 => Ok(n.unsigned_abs()),
            other => {
                let message = format!("a selector wants at least one path, not {other}");
                Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).at(self.span).into())
            }
        }
    }

    fn take(&mut self, ctx: &Context, row: usize, from: u32, cost: f64, roads: &[Road]) -> Result<()> {
        self.rows.push(u32::try_from(row).expect("batches are short"));
        if self.rels.is_some() {
            self.lists.push(Value::list(roads.iter().map(|road| rel_value(road.rel))));
        }
        for ((given, _), into) in self.outputs.iter().zip(&mut self.given) {
            into.push(match given {
                plan::Given::Total => Value::Float(cost),
                plan::Given::Why => self.prices.why(ctx.view(), (from, cost), roads)?,
                given => self.prices.given(*given, from, roads),
            });
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.lists.clear();
        self.given.iter_mut().for_each(Vec::clear);
        self.at = 0;
    }
}

impl Prices {
    /// Begins with a row: forgets prices that were others.
    fn begin(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<()> {
        let key: Vec<Value> = self.reads.iter().map(|slot| batch.get(*slot, row)).collect();
        if self.key.as_ref() == Some(&key) {
            return Ok(());
        }
        self.forget(ctx);
        self.candidates.clear(ctx, &self.around);
        self.asked = if self.is_ranked { Some(Asked::of(ctx, &mut self.spec, batch, row)?) } else { None };
        self.key = Some(key);
        Ok(())
    }

    fn forget(&mut self, ctx: &mut Context) {
        self.key = None;
        self.known.clear();
        self.roads.clear();
        self.weights.clear();
        ctx.release(&mut self.held);
    }

    /// Adds the roads at a node.
    fn at(&mut self, ctx: &mut Context, all: &Batch, row: usize, node: u32, into: &mut Vec<Road>) -> Result<()> {
        let (start, end) = match self.known.get(&node) {
            Some(known) => *known,
            None => self.price(ctx, all, row, node)?,
        };
        let roads = &self.roads[start as usize..end as usize];
        ctx.tick(roads.len() + 1)?;
        into.extend_from_slice(roads);
        Ok(())
    }

    /// Prices the roads at a node.
    fn price(&mut self, ctx: &mut Context, all: &Batch, row: usize, node: u32) -> Result<(u32, u32)> {
        let Self { spec, around, candidates, asking, asked, .. } = self;
        candidates.look_up(ctx, (spec, around), std::iter::once(node), (all, row), asked.as_ref())?;
        let start = self.roads.len();
        match asked {
            // Whatever led here, and whatever of it a path has already: what a road costs depends on no path.
            Some(asked) => asking.ask(ctx.view(), asked, candidates, (node, &[]), |answer| {
                for (of, weight) in answer.attention.weights() {
                    let at = answer.places[of as usize] as usize;
                    self.roads.push(Road { rel: candidates.rels[at], to: candidates.reached[at], cost: 0.0 });
                    let (similarity, logit) = (answer.attention.similarity(of), answer.attention.logit(of));
                    self.weights.push(Weight { weight, similarity, logit: logit.unwrap_or(0.0) });
                }
            })?,
            None => {
                for at in candidates.of(node) {
                    self.roads.push(Road { rel: candidates.rels[at], to: candidates.reached[at], cost: 0.0 });
                    self.weights.push(Weight::ALL);
                }
            }
        }
        let end = self.roads.len();
        for from in (start..end).step_by(BATCH_ROWS_MAX) {
            self.evaluate(ctx, (all, row), from..end.min(from + BATCH_ROWS_MAX))?;
        }
        let bytes = self.candidates.bytes() + self.known.len() * 32 + end * (size_of::<Road>() + size_of::<Weight>());
        ctx.hold(&mut self.held, bytes)?;
        let place = (start as u32, end as u32);
        self.known.insert(node, place);
        Ok(place)
    }

    /// Evaluates the cost of some roads.
    fn evaluate(
        &mut self,
        ctx: &mut Context,
        (all, row): (&Batch, usize),
        range: std::ops::Range<usize>,
    ) -> Result<()> {
        let Self { around, cost, span, hop, roads, weights, batch, column, .. } = self;
        let roads = &mut roads[range.clone()];
        batch.gather(all, &vec![row as u32; roads.len()], &around.inner);
        batch.column_mut(hop.rel).refill_rels().extend(roads.iter().map(|road| road.rel));
        batch.column_mut(hop.node).refill_nodes().extend(roads.iter().map(|road| road.to));
        let float = |x: f32| Value::Float(x.into());
        let weights = &weights[range];
        batch.column_mut(hop.attention).refill_values().extend(weights.iter().map(|of| float(of.weight)));
        let similarities = weights.iter().map(|of| of.similarity.map_or(Value::Null, float));
        batch.column_mut(hop.similarity).refill_values().extend(similarities);
        cost.column(ctx, batch, column)?;
        for (road, at_row) in roads.iter_mut().zip(0..) {
            road.cost = at(price_of(&column.get(at_row), road.rel), *span)?;
        }
        Ok(())
    }

    /// Returns what a road got at the node that it leaves.
    fn weight_of(&self, node: u32, rel: u32) -> Weight {
        let (start, end) = self.known.get(&node).copied().unwrap_or_default();
        let at = (start as usize..end as usize).find(|at| self.roads[*at].rel == rel);
        at.map_or(Weight::ALL, |at| self.weights[at])
    }

    /// Returns what a path gives beside its cost and its explanation.
    fn given(&self, given: plan::Given, mut node: u32, roads: &[Road]) -> Value {
        let mut hops = Vec::with_capacity(roads.len());
        for road in roads {
            hops.push((road.rel, self.weight_of(node, road.rel)));
            node = road.to;
        }
        match given {
            plan::Given::Total | plan::Given::Why => Value::Null,
            plan::Given::Score => Value::Float(hops.iter().map(|(_, of)| f64::from(of.weight)).product()),
            plan::Given::Logit => Value::Float(hops.iter().map(|(_, of)| f64::from(of.logit)).sum()),
            plan::Given::Similarity => {
                let found: Vec<f64> = hops.iter().filter_map(|(_, of)| of.similarity).map(f64::from).collect();
                let mean = found.iter().sum::<f64>() / found.len() as f64;
                if found.is_empty() { Value::Null } else { Value::Float(mean) }
            }
            plan::Given::Hops => Value::list(hops.iter().map(|(rel, of)| why::hop(*rel, of.weight))),
        }
    }

    /// Explains a path: each of its softmaxes is made once more, which gives the same, and each road's cost stands beside it.
    fn why(&mut self, view: &Snapshot, (mut node, cost): (u32, f64), roads: &[Road]) -> Result<Value> {
        let weights: Vec<f32> = roads
            .iter()
            .scan(node, |from, road| Some(self.weight_of(std::mem::replace(from, road.to), road.rel).weight))
            .collect();
        let Self { spec, asked, candidates, asking, .. } = self;
        let Some(asked) = asked else { return Ok(Value::Null) };
        let mut hops = Vec::with_capacity(roads.len());
        for (road, weight) in roads.iter().zip(weights) {
            let mut hop = asking.ask(view, asked, candidates, (node, &[]), |answer| {
                hop_why::hop((spec, asked), candidates, answer, (road.rel, weight))
            })?;
            hop.insert(why::KEYS.cost.clone(), Value::Float(road.cost));
            hops.push(Value::from(hop));
            node = road.to;
        }
        let mut told = hop_why::path(asked, hops, None, false, true);
        told.insert(why::KEYS.cost.clone(), Value::Float(cost));
        Ok(Value::from(told))
    }
}

/// Returns the cost that a value is.
fn price_of(value: &Value, rel: u32) -> Result<f64> {
    let cost = match value {
        Value::Int(n) => *n as f64,
        Value::Float(x) => *x,
        Value::Null => {
            let message = format!("the cost of relationship {rel} is null");
            let error = QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message);
            return Err(error.hint("say what is to be taken: coalesce(r.km, 1)").into());
        }
        other => {
            let message = format!("the cost of relationship {rel} must be a number, not {other} ({})", other.kind());
            return Err(QueryError::type_error("InvalidArgumentType", message).into());
        }
    };
    if cost >= 0.0 {
        // Also of -0.0.
        return Ok(cost.abs());
    }
    let message = format!("the cost of relationship {rel} is {cost}: it must be 0 or more");
    let error = QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message);
    Err(error.hint("infinity closes a road; what is better must cost less, not less than nothing").into())
}

impl Operator for CheapestPaths {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.at >= self.rows.len() {
            self.clear();
            while self.rows.len() < BATCH_ROWS_MAX {
                if self.row >= self.batch.len {
                    // Rows that were found are of this batch.
                    if !self.rows.is_empty() {
                        break;
                    }
                    self.row = 0;
                    if !self.input.next(ctx, &mut self.batch)? {
                        self.batch.len = 0;
                        self.prices.forget(ctx);
                        ctx.release(&mut self.held);
                        return Ok(false);
                    }
                }
                let row = self.row;
                self.row += 1;
                self.find(ctx, row)?;
            }
            let bytes = self.lists.iter().chain(self.given.iter().flatten()).map(value_bytes).sum();
            ctx.hold(&mut self.held, bytes)?;
        }
        let range = self.at..self.rows.len().min(self.at + BATCH_ROWS_MAX);
        self.at = range.end;
        out.gather(&self.batch, &self.rows[range.clone()], &self.carry);
        if let Some(rels) = self.rels {
            out.column_mut(rels).refill_values().extend_from_slice(&self.lists[range.clone()]);
        }
        for ((_, slot), given) in self.outputs.iter().zip(&self.given) {
            out.column_mut(*slot).refill_values().extend_from_slice(&given[range.clone()]);
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.clear();
        (self.batch.len, self.row) = (0, 0);
        self.prices.forget(ctx);
        ctx.release(&mut self.held);
    }
}
