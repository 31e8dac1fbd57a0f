//! Planning: from bound clauses to operators.
//!
//! Clauses follow each other as written; what is chosen here is in which order the nodes and relationships of one clause's
//! patterns are matched (`order`), by estimates (`cost`) from exact counts. Rules that hold whatever the data are the
//! optimizer's.

mod access;
mod beam;
mod cheapest;
pub(crate) mod cost;
mod facts;
mod order;
mod pattern;
mod search;
mod trail;

use super::{
    attend::Chosen,
    bind::{Bound, BoundClause, BoundMatch, BoundProjection, BoundQuery},
    plan::{ApplyKind, Assumption, CreatePattern, Expr, Op, Plan, Slot, SlotInfo, SlotKind, UnionBranch},
    slots,
    statistics::Statistics,
};
use crate::{Error, QueryError, Result, Span, model::Value};

/// The most operators one above the other, each of which takes some KiB of stack ([`stack`](super::stack)) while it is
/// planned and while it runs: more than a hundred levels of any subquery have.
pub(crate) const DEPTH_MAX: usize = 1500;

/// Plans a bound statement.
///
/// # Errors
/// A limit on the number of slots, or of operators one above the other.
pub(crate) fn plan(bound: Bound, statistics: &dyn Statistics, mut assumptions: Vec<Assumption>) -> Result<Plan> {
    let Bound { query, mut slots, params, writes } = bound;
    let columns = query.columns.iter().map(|column| (column.name.clone(), column.slot)).collect();
    let root = Planner::new(statistics, &mut slots, &mut assumptions, writes).inner(query)?;
    let depth = depth(&root)?;
    Ok(Plan { root, slots, columns, params, writes, depth, catalog_version: statistics.version(), assumptions })
}

/// The state of planning one statement.
pub(crate) struct Planner<'a> {
    statistics: &'a dyn Statistics,
    slots: &'a mut Vec<SlotInfo>,
    assumptions: &'a mut Vec<Assumption>,
    /// The statement changes the graph, so that nothing may be taken from statistics for certain.
    writes: bool,
}

impl<'a> Planner<'a> {
    /// Returns a planner of a statement with these slots.
    pub(crate) fn new(
        statistics: &'a dyn Statistics,
        slots: &'a mut Vec<SlotInfo>,
        assumptions: &'a mut Vec<Assumption>,
        writes: bool,
    ) -> Self {
        Self { statistics, slots, assumptions, writes }
    }

    /// Plans a query over the rows of an [`Op::Argument`].
    pub(crate) fn inner(&mut self, query: BoundQuery) -> Result<Op> {
        let BoundQuery { mut parts, union, .. } = query;
        let Some(union) = union else {
            let single = parts.pop().expect("a query has at least one part");
            return self.clauses(Op::Argument, single.clauses);
        };
        let mut branches = Vec::with_capacity(parts.len());
        for part in parts {
            let columns = part.columns.iter().map(|column| column.slot).collect();
            branches.push(UnionBranch { op: self.clauses(Op::Argument, part.clauses)?, columns });
        }
        Ok(Op::Union { branches, into: union.into, distinct: union.distinct })
    }

    fn clauses(&mut self, mut op: Op, clauses: Vec<BoundClause>) -> Result<Op> {
        let mut effects = Effects::default();
        for clause in clauses {
            op = self.clause(op, clause, &mut effects)?;
        }
        Ok(op)
    }

    fn clause(&mut self, mut op: Op, clause: BoundClause, effects: &mut Effects) -> Result<Op> {
        Ok(match clause {
            BoundClause::Match(clause) => self.match_clause(effects.before_read(op), clause)?,
            BoundClause::Unwind { list, slot } => {
                Op::Unwind { input: Box::new(effects.before_pass(op)), list, slot, carry: Vec::new() }
            }
            BoundClause::Attend(mut attend) => {
                attend.input = effects.before_read(op);
                attend.lookup.indexed = attend.spaces.iter().any(|(space, _)| match space {
                    Chosen::Name(name, _) => self.statistics.is_indexed(name),
                    Chosen::Param(..) => false,
                });
                Op::Attend(attend)
            }
            BoundClause::Project(projection) => project(effects.before_pass(op), *projection),
            BoundClause::LoadCsv { url, with_headers, delimiter, slot } => {
                let input = Box::new(effects.before_pass(op));
                Op::LoadCsv { input, url, with_headers, delimiter, slot, carry: Vec::new() }
            }
            BoundClause::Procedure { optional, procedure, args, yields, predicate } => {
                let input = if procedure.writes() { effects.before_write(op) } else { effects.before_read(op) };
                let nulls = yields.iter().map(|(_, slot)| *slot).collect();
                let (outer, input) = if optional { (Some(input), Op::Argument) } else { (None, input) };
                let call = Op::ProcedureCall { input: Box::new(input), procedure, args, yields, carry: Vec::new() };
                let call = match predicate {
                    None => call,
                    Some(predicate) => Op::Filter { input: Box::new(call), predicate, carry: Vec::new() },
                };
                match outer {
                    None => call,
                    Some(outer) => {
                        let kind = ApplyKind::Optional { nulls, per_row: false };
                        Op::Apply { input: Box::new(outer), inner: Box::new(call), kind, carry: Vec::new() }
                    }
                }
            }
            BoundClause::Create(create) => {
                let create = match create_more(&mut op, create) {
                    None => return Ok(op),
                    Some(create) => create,
                };
                Op::Create { input: Box::new(effects.before_write(op)), create }
            }
            BoundClause::Merge { graph, create, on_match, on_create } => {
                let input = Box::new(effects.before_write(op));
                let inner = Box::new(self.pattern(graph)?);
                Op::Merge { input, inner, create, on_match, on_create, carry: Vec::new() }
            }
            BoundClause::Set(items) => Op::Set { input: Box::new(effects.before_write(op)), items },
            BoundClause::Delete { targets, detach } => {
                Op::Delete { input: Box::new(effects.before_write(op)), targets, detach }
            }
            BoundClause::Foreach { list, slot, body } => {
                let input = Box::new(effects.before_write(op));
                let body = Box::new(self.clauses(Op::Argument, body)?);
                Op::Foreach { input, list, slot, body }
            }
            BoundClause::Subquery { optional, query, unit } => self.subquery(op, query, optional, unit, effects)?,
        })
    }

    fn match_clause(&mut self, input: Op, clause: BoundMatch) -> Result<Op> {
        if !clause.optional {
            return self.pattern_after(input, clause.graph);
        }
        let mut nulls = clause.graph.new_slots.clone();
        let cheapest = clause.graph.rels.iter().filter_map(|rel| rel.cheapest.as_deref());
        nulls.extend(cheapest.flat_map(|(_, cheapest)| cheapest.outputs.iter().map(|(_, slot)| *slot)));
        let ranked = clause.graph.rels.iter().filter_map(|rel| rel.attend.as_deref());
        nulls.extend(ranked.flat_map(|(attend, _)| attend.outputs.iter().map(|(_, slot)| *slot)));
        let inner = self.pattern(clause.graph)?;
        let kind = ApplyKind::Optional { nulls, per_row: needs_rows_apart(&inner) };
        Ok(Op::Apply { input: Box::new(input), inner: Box::new(inner), kind, carry: Vec::new() })
    }

    fn subquery(
        &mut self,
        input: Op,
        query: BoundQuery,
        optional: bool,
        unit: bool,
        effects: &mut Effects,
    ) -> Result<Op> {
        let nulls = query.columns.iter().map(|column| column.slot).collect();
        let inner = self.inner(query)?;
        let input = if writes(&inner) { effects.before_write(input) } else { effects.before_read(input) };
        let (input, inner) = (Box::new(input), Box::new(inner));
        if unit {
            // It changes the graph once for each outer row, and the rows it has inside stay inside.
            let list = Expr::List(vec![Expr::Const(Value::Null)]);
            let slot = self.unnamed_slot(SlotKind::Value)?;
            return Ok(Op::Foreach { input, list, slot, body: inner });
        }
        let per_row = needs_rows_apart(&inner);
        let kind =
            if optional { ApplyKind::Optional { nulls, per_row } } else { ApplyKind::Cross { per_row, once: false } };
        Ok(Op::Apply { input, inner, kind, carry: Vec::new() })
    }

    fn unnamed_slot(&mut self, kind: SlotKind) -> Result<Slot> {
        let number = u16::try_from(self.slots.len())
            .map_err(|_| Error::Limit { what: "variables of a statement", max: u64::from(u16::MAX) })?;
        self.slots.push(SlotInfo { name: " ".into(), kind });
        Ok(Slot(number))
    }
}

/// What the operators so far do to the graph, to keep clauses apart: a clause sees all of what the clauses before it wrote,
/// and nothing of what later ones write.
#[derive(Debug, Default)]
struct Effects {
    /// Something was read since all rows were last gathered.
    read: bool,
    /// Something was written since all rows were last gathered.
    wrote: bool,
}

impl Effects {
    fn before_read(&mut self, op: Op) -> Op {
        self.read = true;
        self.gather_if(self.wrote, op)
    }

    /// Before a clause that reads nothing but its input; after a write that may be entities just written.
    fn before_pass(&mut self, op: Op) -> Op {
        self.read |= self.wrote;
        self.gather_if(self.wrote, op)
    }

    fn before_write(&mut self, op: Op) -> Op {
        let gathered = self.gather_if(self.read || self.wrote, op);
        self.read = false;
        self.wrote = true;
        gathered
    }

    fn gather_if(&mut self, needed: bool, op: Op) -> Op {
        if !needed {
            return op;
        }
        self.wrote = false;
        Op::Eager { input: Box::new(op) }
    }
}

/// Lets the CREATE just before make this pattern too; gives the pattern back where it cannot, because a node's properties
/// read what is made (all nodes are made before all relationships).
fn create_more(op: &mut Op, create: CreatePattern) -> Option<CreatePattern> {
    let Op::Create { create: before, .. } = op else { return Some(create) };
    let mut reads_any = false;
    for properties in create.nodes.iter().filter_map(|node| node.properties.as_ref()) {
        slots::reads(properties, &mut |_| reads_any = true);
        reads_any = reads_any || slots::has_subquery(properties);
    }
    for properties in create.rels.iter().filter_map(|rel| rel.properties.as_ref()) {
        reads_any = reads_any || slots::has_subquery(properties);
    }
    if reads_any {
        return Some(create);
    }
    before.nodes.extend(create.nodes);
    before.rels.extend(create.rels);
    before.paths.extend(create.paths);
    None
}

/// Returns how deep operators and expressions stand one above the other, and fails if operators are too deep. Walks without
/// calling itself.
fn depth(root: &Op) -> Result<usize> {
    let (mut left, mut exprs, mut deepest) = (vec![(root, 1, 1)], Vec::new(), 0);
    while let Some((op, depth, level)) = left.pop() {
        if depth > DEPTH_MAX {
            let what = "operators of a plan, one above the other";
            return Err(Error::Limit { what, max: DEPTH_MAX as u64 });
        }
        deepest = deepest.max(level);
        slots::inputs(op, &mut |below| left.push((below, depth + 1, level + 1)));
        slots::exprs(op, &mut |e| exprs.push((e, level + 1)));
        while let Some((e, level)) = exprs.pop() {
            deepest = deepest.max(level);
            if let Expr::Subquery { inner, .. } = e {
                left.push((inner, depth + 1, level + 1));
            }
            slots::children(e, &mut |child| exprs.push((child, level + 1)));
        }
    }
    Ok(deepest)
}

fn project(input: Op, projection: BoundProjection) -> Op {
    let BoundProjection { items, aggregation, distinct, order, skip, limit, predicate, is_wrapped, .. } = projection;
    let mut op = input;
    if !items.is_empty() {
        op = Op::Project { input: Box::new(op), items };
    }
    if let Some(aggregation) = aggregation {
        let (keys, aggregates) = (aggregation.keys, aggregation.aggregates);
        op = Op::Aggregate { input: Box::new(op), keys, aggregates };
        if is_wrapped {
            // Grouping forgets the outer row: joining the groups to it brings its variables back.
            let kind = ApplyKind::Cross { per_row: true, once: false };
            op = Op::Apply { input: Box::new(Op::Argument), inner: Box::new(op), kind, carry: Vec::new() };
        }
        if !aggregation.after.is_empty() {
            op = Op::Project { input: Box::new(op), items: aggregation.after };
        }
    }
    if let Some(slots) = distinct {
        op = Op::Distinct { input: Box::new(op), slots, carry: Vec::new() };
    }
    if !order.is_empty() {
        op = Op::Sort { input: Box::new(op), keys: order, limit: None, carry: Vec::new() };
    }
    if let Some(count) = skip {
        op = Op::Skip { input: Box::new(op), count };
    }
    if let Some(count) = limit {
        op = Op::Limit { input: Box::new(op), count };
    }
    if let Some(predicate) = predicate {
        op = Op::Filter { input: Box::new(op), predicate, carry: Vec::new() };
    }
    op
}

/// Returns the error of a pattern that is right but that no operator can match.
#[cold]
fn unsupported(message: impl Into<String>) -> Error {
    let mut error = QueryError::compile("42N00", "SyntaxError", "UnsupportedPattern", message, Span::default());
    error.span = None;
    error.into()
}

/// Returns whether an inner plan must run for one outer row at a time: what it does to rows depends on how many there are.
fn needs_rows_apart(op: &Op) -> bool {
    let mut apart = matches!(
        op,
        Op::Aggregate { .. }
            | Op::Distinct { .. }
            | Op::Sort { .. }
            | Op::Attend(_)
            | Op::AttendPaths(_)
            | Op::LimitPaths(_)
            | Op::Skip { .. }
            | Op::Limit { .. }
            | Op::Union { .. }
            | Op::Eager { .. }
    ) || writes_itself(op);
    slots::inputs(op, &mut |below| apart = apart || needs_rows_apart(below));
    apart
}

/// Returns whether the operator or one below it changes the graph.
fn writes(op: &Op) -> bool {
    let mut any = writes_itself(op);
    slots::inputs(op, &mut |below| any = any || writes(below));
    any
}

fn writes_itself(op: &Op) -> bool {
    match op {
        Op::Create { .. } | Op::Merge { .. } | Op::Set { .. } | Op::Delete { .. } | Op::Foreach { .. } => true,
        Op::ProcedureCall { procedure, .. } => procedure.writes(),
        _ => false,
    }
}
