//! Grouping and aggregation by hashing.

use std::collections::{HashMap, HashSet};

use rustc_hash::{FxBuildHasher, FxHashSet};

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column, NULL_ID, node_value, value_bytes},
    build,
    eval::{Ex, values},
};
use crate::{
    Result,
    error::QueryError,
    model::Value,
    query::{
        function::{Aggregator, Function},
        plan::{self, Arithmetic, Expr, Op, Slot},
    },
};

/// About how many bytes a group costs beside its keys.
const GROUP_BYTES: usize = 64;

/// No group yet, in the table of groups by node id.
const NO_GROUP: u32 = u32::MAX;

/// Groups its input and aggregates each group.
pub(super) struct Aggregate {
    input: Box<dyn Operator>,
    keys: Vec<(Slot, Ex)>,
    aggregates: Vec<One>,
    batch: Batch,
    groups: Groups,
    by_node: Option<ByNode>,
    /// The group of each row of the batch.
    group_of: Vec<u32>,
    at: Option<usize>,
    held: u64,
}

/// Keys that all depend on one node: they are computed once for each node.
struct ByNode {
    slot: Slot,
    /// The group of each node, by its id.
    groups: Vec<u32>,
}

impl ByNode {
    /// Finds the group of each row; returns false, having done nothing, where the slot holds no nodes.
    fn assign(
        &mut self,
        ctx: &mut Context,
        batch: &Batch,
        keys: &mut [(Slot, Ex)],
        groups: &mut Groups,
        group_of: &mut Vec<u32>,
    ) -> Result<bool> {
        let Column::Nodes(ids) = batch.column(self.slot) else { return Ok(false) };
        if ids.len() != batch.len || ids.contains(&NULL_ID) {
            return Ok(false);
        }
        group_of.clear();
        for (row, &id) in ids.iter().enumerate() {
            let group = match self.groups.get(id as usize) {
                Some(&group) if group != NO_GROUP => group,
                _ => {
                    let mut key = std::mem::take(&mut groups.row);
                    key.clear();
                    for (_, expr) in keys.iter_mut() {
                        key.push(expr.value(ctx, batch, row)?);
                    }
                    let group = match &key[..] {
                        [Value::Node(node)] => groups.by_node(node.id.get()),
                        key => groups.by_value(key),
                    };
                    groups.row = key;
                    if id as usize >= self.groups.len() {
                        self.groups.resize((id as usize + 1).next_power_of_two(), NO_GROUP);
                    }
                    self.groups[id as usize] = group;
                    group
                }
            };
            group_of.push(group);
        }
        Ok(true)
    }
}

/// Returns the one slot that expressions depend on, where they are made of its properties, constants and functions that
/// give the same for the same.
fn only_slot(exprs: &[(Slot, Expr)]) -> Option<Slot> {
    fn visit(expr: &Expr, found: &mut Option<Slot>) -> bool {
        match expr {
            Expr::Const(_) | Expr::Param(_) => true,
            Expr::Slot(slot) => found.get_or_insert(*slot) == slot,
            Expr::Property { base, .. } => visit(base, found),
            Expr::Call { function, args, .. } => {
                !matches!(function, Function::Rand | Function::Timestamp) && args.iter().all(|arg| visit(arg, found))
            }
            Expr::Arithmetic { left, right, .. } => visit(left, found) && visit(right, found),
            _ => false,
        }
    }
    let mut found = None;
    exprs.iter().all(|(_, expr)| visit(expr, &mut found)).then_some(found)?
}

/// One aggregate: where it goes, what it is fed, what it knows.
struct One {
    slot: Slot,
    function: Aggregator,
    arg: Option<Ex>,
    extra: Option<Ex>,
    distinct: Option<Seen>,
    column: Column,
    state: State,
}

/// The groups found, by their keys.
#[derive(Default)]
struct Groups {
    n: usize,
    keys: Vec<Column>,
    scratch: Vec<Column>,
    /// Groups of a single key that is a node, by its id.
    by_node: Vec<u32>,
    by_values: HashMap<Box<[Value]>, u32, FxBuildHasher>,
    row: Vec<Value>,
    bytes: usize,
}

impl Groups {
    fn clear(&mut self) {
        self.n = 0;
        self.keys.iter_mut().for_each(Column::clear);
        self.by_node.clear();
        self.by_values.clear();
        self.bytes = 0;
    }

    /// Finds the group of each row, making those that are new.
    fn assign(&mut self, len: usize, group_of: &mut Vec<u32>) {
        group_of.clear();
        if let [Column::Nodes(ids)] = &self.scratch[..] {
            group_of.extend_from_slice(ids);
            for at in group_of.iter_mut() {
                *at = match self.by_node.get(*at as usize) {
                    Some(&group) if group != NO_GROUP => group,
                    _ if *at == NULL_ID => self.by_value(&[Value::Null]),
                    _ => self.by_node(*at),
                };
            }
            return;
        }
        for row in 0..len {
            let mut key = std::mem::take(&mut self.row);
            key.clear();
            key.extend(self.scratch.iter().map(|column| column.get(row)));
            let group = match &key[..] {
                [Value::Node(node)] => self.by_node(node.id.get()),
                key => self.by_value(key),
            };
            self.row = key;
            group_of.push(group);
        }
    }

    #[inline]
    fn by_node(&mut self, id: u32) -> u32 {
        let index = id as usize;
        if index >= self.by_node.len() {
            self.by_node.resize((index + 1).next_power_of_two(), NO_GROUP);
        }
        if self.by_node[index] == NO_GROUP {
            self.by_node[index] = self.n as u32;
            if self.n == 0 {
                self.keys[0].refill_nodes().push(id);
            } else {
                self.keys[0].push(node_value(id), self.n);
            }
            self.n += 1;
        }
        self.by_node[index]
    }

    fn by_value(&mut self, key: &[Value]) -> u32 {
        if let Some(&group) = self.by_values.get(key) {
            return group;
        }
        let group = self.n as u32;
        self.bytes += 32 + 2 * key.iter().map(value_bytes).sum::<usize>();
        self.by_values.insert(key.into(), group);
        for (column, value) in self.keys.iter_mut().zip(key) {
            if self.n == 0 {
                column.fill(value, 1);
            } else {
                column.push(value.clone(), self.n);
            }
        }
        self.n += 1;
        group
    }

    fn bytes(&self) -> usize {
        self.bytes + self.by_node.len() * 4
    }
}

/// What a DISTINCT aggregate met already.
#[derive(Default)]
struct Seen {
    ids: FxHashSet<u64>,
    values: HashSet<(u32, Value), FxBuildHasher>,
}

impl Seen {
    fn is_new(&mut self, group: u32, column: &Column, row: usize) -> bool {
        match column.node(row) {
            Some(id) => self.ids.insert(u64::from(group) << 32 | u64::from(id)),
            None => self.values.insert((group, column.get(row))),
        }
    }
}

/// What an aggregate knows of each group.
enum State {
    Count(Vec<i64>),
    Sum(Vec<Sum>),
    Avg(Vec<Sum>),
    /// The least or greatest value so far.
    Extreme {
        is_max: bool,
        best: Vec<Value>,
    },
    Collect(Vec<Vec<Value>>),
    /// Count, mean, sum of squared differences (Welford 1962).
    Deviation {
        is_sample: bool,
        moments: Vec<(f64, f64, f64)>,
    },
    Percentile {
        is_continuous: bool,
        values: Vec<(Option<f64>, Vec<Value>)>,
    },
}

/// A sum that is exact while it is of integers.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    ints: i128,
    floats: f64,
    n: u64,
    has_floats: bool,
}

impl State {
    fn new(function: Aggregator) -> Self {
        match function {
            Aggregator::Count => Self::Count(Vec::new()),
            Aggregator::Sum => Self::Sum(Vec::new()),
            Aggregator::Avg => Self::Avg(Vec::new()),
            Aggregator::Min => Self::Extreme { is_max: false, best: Vec::new() },
            Aggregator::Max => Self::Extreme { is_max: true, best: Vec::new() },
            Aggregator::Collect => Self::Collect(Vec::new()),
            Aggregator::StDev => Self::Deviation { is_sample: true, moments: Vec::new() },
            Aggregator::StDevP => Self::Deviation { is_sample: false, moments: Vec::new() },
            Aggregator::PercentileCont => Self::Percentile { is_continuous: true, values: Vec::new() },
            Aggregator::PercentileDisc => Self::Percentile { is_continuous: false, values: Vec::new() },
        }
    }

    fn resize(&mut self, n: usize) {
        match self {
            Self::Count(counts) => counts.resize(n, 0),
            Self::Sum(sums) | Self::Avg(sums) => sums.resize(n, Sum::default()),
            Self::Extreme { best, .. } => best.resize(n, Value::Null),
            Self::Collect(lists) => lists.resize_with(n, Vec::new),
            Self::Deviation { moments, .. } => moments.resize(n, (0.0, 0.0, 0.0)),
            Self::Percentile { values, .. } => values.resize_with(n, || (None, Vec::new())),
        }
    }

    /// Takes in a value that is not null; returns about how many bytes it keeps.
    fn add(&mut self, function: Aggregator, group: usize, value: Value, extra: Option<&Value>) -> Result<usize> {
        match self {
            Self::Count(counts) => counts[group] += 1,
            Self::Sum(sums) | Self::Avg(sums) => sums[group].add(function, &value)?,
            Self::Extreme { is_max, best } => {
                let best = &mut best[group];
                let ordering = value.order(best);
                if best.is_null() || (if *is_max { ordering.is_gt() } else { ordering.is_lt() }) {
                    *best = value;
                }
            }
            Self::Collect(lists) => {
                let bytes = value_bytes(&value);
                lists[group].push(value);
                return Ok(bytes);
            }
            Self::Deviation { moments, .. } => {
                let x = number(function, &value)?;
                let (n, mean, squares) = &mut moments[group];
                *n += 1.0;
                let delta = x - *mean;
                *mean += delta / *n;
                *squares += delta * (x - *mean);
            }
            Self::Percentile { values, .. } => {
                number(function, &value)?;
                let (at, all) = &mut values[group];
                if at.is_none() {
                    *at = Some(percentile(function, extra)?);
                }
                all.push(value);
                return Ok(size_of::<Value>());
            }
        }
        Ok(0)
    }

    /// Returns the result of a group.
    fn finish(&mut self, group: usize) -> Result<Value> {
        Ok(match self {
            Self::Count(counts) => Value::Int(counts[group]),
            Self::Sum(sums) => sums[group].total()?,
            Self::Avg(sums) => sums[group].mean(),
            Self::Extreme { best, .. } => std::mem::take(&mut best[group]),
            Self::Collect(lists) => Value::List(std::mem::take(&mut lists[group]).into()),
            Self::Deviation { is_sample, moments } => {
                let (n, _, squares) = moments[group];
                let by = if *is_sample { n - 1.0 } else { n };
                Value::Float(if by > 0.0 { (squares / by).sqrt() } else { 0.0 })
            }
            Self::Percentile { is_continuous, values } => {
                let (at, mut all) = std::mem::take(&mut values[group]);
                all.sort_by(Value::order);
                match at {
                    Some(at) if *is_continuous => interpolate(&all, at),
                    Some(at) => all[((at * all.len() as f64).ceil() as usize).saturating_sub(1)].clone(),
                    None => Value::Null,
                }
            }
        })
    }
}

impl Sum {
    fn add(&mut self, function: Aggregator, value: &Value) -> Result<()> {
        self.n += 1;
        match value {
            Value::Int(n) => self.ints += i128::from(*n),
            other => {
                self.floats += number(function, other)?;
                self.has_floats = true;
            }
        }
        Ok(())
    }

    fn total(self) -> Result<Value> {
        if self.has_floats {
            return Ok(Value::Float(self.ints as f64 + self.floats));
        }
        match i64::try_from(self.ints) {
            Ok(total) => Ok(Value::Int(total)),
            // As adding one by one would say it.
            Err(_) => values::arithmetic(Arithmetic::Add, &Value::Int(i64::MAX), &Value::Int(i64::MAX)),
        }
    }

    fn mean(self) -> Value {
        if self.n == 0 { Value::Null } else { Value::Float((self.ints as f64 + self.floats) / self.n as f64) }
    }
}

fn number(function: Aggregator, value: &Value) -> Result<f64> {
    value.as_float().ok_or_else(|| {
        let message = format!("{}() takes numbers, not {} `{value}`", function.name(), value.kind());
        QueryError::type_error("InvalidArgumentType", message).into()
    })
}

fn percentile(function: Aggregator, at: Option<&Value>) -> Result<f64> {
    let at = at.unwrap_or(&Value::Null);
    match at.as_float() {
        Some(x) if (0.0..=1.0).contains(&x) => Ok(x),
        _ => {
            let message = format!("{}() takes a percentile from 0.0 to 1.0, not `{at}`", function.name());
            Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into())
        }
    }
}

fn interpolate(sorted: &[Value], at: f64) -> Value {
    let place = at * (sorted.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let x = |index: usize| sorted[index].as_float().unwrap_or_default();
    Value::Float(x(low) + (x(high) - x(low)) * (place - place.floor()))
}

impl Aggregate {
    pub(super) fn build(
        input: &Op,
        keys: &[(Slot, Expr)],
        aggregates: &[(Slot, plan::Aggregate)],
        builder: &mut Builder,
    ) -> Self {
        let input = build(input, builder);
        let is_plain_slot = matches!(keys, [(_, Expr::Slot(_))]);
        let by_node = only_slot(keys).filter(|_| !is_plain_slot).map(|slot| ByNode { slot, groups: Vec::new() });
        Self {
            input,
            by_node,
            groups: Groups {
                keys: vec![Column::Absent; keys.len()],
                scratch: vec![Column::Absent; keys.len()],
                ..Groups::default()
            },
            keys: keys.iter().map(|(slot, expr)| (*slot, Ex::build(expr, builder))).collect(),
            aggregates: aggregates
                .iter()
                .map(|(slot, aggregate)| One {
                    slot: *slot,
                    function: aggregate.function,
                    arg: aggregate.arg.as_ref().map(|arg| Ex::build(arg, builder)),
                    extra: aggregate.extra.as_ref().map(|extra| Ex::build(extra, builder)),
                    distinct: aggregate.distinct.then(Seen::default),
                    column: Column::Absent,
                    state: State::new(aggregate.function),
                })
                .collect(),
            batch: builder.batch(),
            group_of: Vec::new(),
            at: None,
            held: 0,
        }
    }

    fn collect(&mut self, ctx: &mut Context) -> Result<()> {
        self.groups.clear();
        if let Some(by_node) = &mut self.by_node {
            by_node.groups.clear();
        }
        if self.keys.is_empty() {
            self.groups.n = 1;
        }
        for one in &mut self.aggregates {
            one.state = State::new(one.function);
            one.distinct = one.distinct.is_some().then(Seen::default);
            one.state.resize(self.groups.n);
        }
        let mut bytes = 0;
        while self.input.next(ctx, &mut self.batch)? {
            self.assign(ctx)?;
            for one in &mut self.aggregates {
                one.state.resize(self.groups.n);
                bytes += one.feed(ctx, &self.batch, &self.group_of)?;
            }
            let by_node = self.by_node.as_ref().map_or(0, |by_node| by_node.groups.len() * 4);
            let total = bytes + by_node + self.groups.bytes() + self.groups.n * GROUP_BYTES * self.aggregates.len();
            ctx.hold(&mut self.held, total)?;
        }
        Ok(())
    }
}

impl Aggregate {
    /// Finds the group of each row of the batch.
    fn assign(&mut self, ctx: &mut Context) -> Result<()> {
        if self.keys.is_empty() {
            self.group_of.clear();
            self.group_of.resize(self.batch.len, 0);
            return Ok(());
        }
        if let Some(by_node) = &mut self.by_node
            && by_node.assign(ctx, &self.batch, &mut self.keys, &mut self.groups, &mut self.group_of)?
        {
            return Ok(());
        }
        for ((_, key), column) in self.keys.iter_mut().zip(&mut self.groups.scratch) {
            key.column(ctx, &self.batch, column)?;
        }
        self.groups.assign(self.batch.len, &mut self.group_of);
        Ok(())
    }
}

impl One {
    /// Takes in a batch; returns about how many more bytes are kept.
    fn feed(&mut self, ctx: &mut Context, batch: &Batch, group_of: &[u32]) -> Result<usize> {
        ctx.tick(batch.len)?;
        let Some(arg) = &mut self.arg else {
            if let State::Count(counts) = &mut self.state {
                if let [all] = &mut counts[..] {
                    *all += batch.len as i64;
                } else {
                    group_of.iter().for_each(|&group| counts[group as usize] += 1);
                }
            }
            return Ok(0);
        };
        arg.column(ctx, batch, &mut self.column)?;
        let column = &self.column;
        let mut bytes = 0;
        match (&mut self.state, column, &mut self.distinct) {
            (State::Count(counts), column, None) => {
                for (row, &group) in group_of.iter().enumerate() {
                    counts[group as usize] += i64::from(!column.is_null(row));
                }
            }
            (State::Sum(sums) | State::Avg(sums), Column::Ints(items), None) => {
                for (&n, &group) in items.iter().zip(group_of) {
                    let sum = &mut sums[group as usize];
                    sum.ints += i128::from(n);
                    sum.n += 1;
                }
            }
            (state, column, distinct) => {
                for (row, &group) in group_of.iter().enumerate() {
                    if column.is_null(row) {
                        continue;
                    }
                    if let Some(seen) = distinct {
                        if !seen.is_new(group, column, row) {
                            continue;
                        }
                        bytes += 48;
                    }
                    let extra = self.extra.as_mut().map(|extra| extra.value(ctx, batch, row)).transpose()?;
                    bytes += state.add(self.function, group as usize, column.get(row), extra.as_ref())?;
                }
            }
        }
        Ok(bytes)
    }
}

impl Operator for Aggregate {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.at.is_none() {
            self.collect(ctx)?;
        }
        let at = self.at.unwrap_or(0);
        let end = self.groups.n.min(at + BATCH_ROWS_MAX);
        self.at = Some(end);
        if at == end {
            return Ok(false);
        }
        out.clear();
        out.ordinals = None;
        out.len = end - at;
        for ((slot, _), column) in self.keys.iter().zip(&self.groups.keys) {
            out.column_mut(*slot).copy_range(column, at, end);
        }
        for one in &mut self.aggregates {
            let column = out.column_mut(one.slot);
            if let State::Count(counts) = &one.state {
                column.refill_ints().extend_from_slice(&counts[at..end]);
                continue;
            }
            for group in at..end {
                let value = one.state.finish(group)?;
                if group == at {
                    column.fill(&value, 1);
                } else {
                    column.push(value, group - at);
                }
            }
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.at = None;
        ctx.release(&mut self.held);
    }
}
