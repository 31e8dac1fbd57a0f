//! The time of facts: each relationship of a pattern must hold at the time that the pattern is about.

use super::{
    Binder, BoundClause, BoundProjection, Kind, PatternGraph, PatternNode, PatternRel, aggregate::Mode,
    expr::wrong_argument,
};
use crate::{
    Result, Span,
    model::Value,
    query::{
        ast::{self, AsOf},
        function::Function,
        plan::{Arithmetic, Expr, Follow, KeyRef, LabelTest, Slot, SlotKind, SubqueryKind, TypeRef},
        procedure::{Field, Procedure, QUERY_RELATIONSHIPS, ValueType},
        statistics::Timed,
    },
};

/// The time that patterns are about.
#[derive(Debug, Clone)]
pub(super) enum Moment {
    /// What holds now.
    Now,
    /// What holds at this time.
    At(Expr),
    /// Everything.
    Any,
}

impl<'a> Binder<'a> {
    /// Binds a clause whose patterns, also those in expressions inside, are about a time.
    pub(super) fn at_moment<T>(
        &mut self,
        as_of: Option<&'a AsOf>,
        into: &mut Vec<BoundClause>,
        bind: impl FnOnce(&mut Self, &mut Vec<BoundClause>) -> Result<T>,
    ) -> Result<T> {
        let moment = match as_of {
            // A pattern in a predicate is about the time of the pattern around it.
            None => return bind(self, into),
            Some(AsOf::Any) => Moment::Any,
            Some(AsOf::At(time)) => Moment::At(self.time(time, into)?),
        };
        let outer = std::mem::replace(&mut self.moment, moment);
        let bound = bind(self, into);
        self.moment = outer;
        bound
    }

    /// Binds a time: what must be computed gets a slot, so that every pattern can read it.
    fn time(&mut self, time: &'a ast::Expr, into: &mut Vec<BoundClause>) -> Result<Expr> {
        self.aggregation = Mode::Forbidden("in AT TIME");
        let (expr, kind) = self.expr(time)?;
        if !kind.may_be(&[Kind::Int, Kind::Float, Kind::Number, Kind::Date, Kind::String]) {
            return Err(wrong_argument(kind, "a time: a number, a date or a datetime", time.span));
        }
        if matches!(expr, Expr::Const(_) | Expr::Param(_) | Expr::Slot(_)) {
            return Ok(expr);
        }
        let slot = self.unnamed_slot(SlotKind::Value)?;
        let items = vec![(slot, expr)];
        into.push(BoundClause::Project(Box::new(BoundProjection { items, ..BoundProjection::default() })));
        Ok(Expr::Slot(slot))
    }

    /// Returns whether patterns test when their relationships hold.
    pub(super) fn is_timed(&mut self) -> Result<bool> {
        Ok(!matches!(self.moment, Moment::Any) && !self.timed()?.is_empty())
    }

    /// Adds to a pattern that each of its relationships holds at the time it is about.
    pub(super) fn hold(&mut self, graph: &mut PatternGraph) -> Result<()> {
        if !self.is_timed()? {
            return Ok(());
        }
        for at in 0..graph.rels.len() {
            if let Some(mut pattern) = graph.rels[at].search.take() {
                for part in &mut pattern.parts {
                    for step in &part.steps {
                        let tests = self.holds(&Expr::Slot(step.rel), &step.types)?;
                        if part.repeat.is_some() { &mut part.tests } else { &mut pattern.tests }.extend(tests);
                    }
                }
                graph.rels[at].search = Some(pattern);
                continue;
            }
            let rel = &mut graph.rels[at];
            let types = std::mem::take(&mut rel.types);
            if rel.length.is_none() {
                let tests = self.holds(&Expr::Slot(rel.slot), &types)?;
                graph.predicates.extend(tests);
            } else {
                let tests = self.holds(&Expr::Local(0), &types)?;
                let mut all: Vec<Expr> = match rel.filter.take() {
                    None => Vec::new(),
                    Some(Expr::And(all)) => all,
                    Some(filter) => vec![filter],
                };
                all.extend(tests);
                rel.filter = if all.len() < 2 { all.pop() } else { Some(Expr::And(all)) };
            }
            graph.rels[at].types = types;
        }
        Ok(())
    }

    /// Returns the tests that what a procedure yields, which searches without regard to time, holds now.
    pub(super) fn held_output(&mut self, procedure: &Procedure, yields: &mut Vec<(usize, Slot)>) -> Result<Vec<Expr>> {
        if &**procedure.name() != QUERY_RELATIONSHIPS || !self.is_timed()? {
            return Ok(Vec::new());
        }
        let is_it = |output: &Field| output.value_type == ValueType::Relationship;
        let Some(at) = procedure.outputs().iter().position(is_it) else { return Ok(Vec::new()) };
        let slot = match yields.iter().find(|(output, _)| *output == at) {
            Some((_, slot)) => *slot,
            None => {
                let slot = self.unnamed_slot(SlotKind::Value)?;
                yields.push((at, slot));
                slot
            }
        };
        self.holds(&Expr::Slot(slot), &[])
    }

    /// Returns how many of the relationships that hold are at a node, a loop twice; null for null.
    pub(super) fn held_degree(&mut self, node: Expr, span: Span) -> Result<Expr> {
        let mut counts = Vec::with_capacity(2);
        for follow in [Follow::Out, Follow::In] {
            let (start, end) = (self.unnamed_slot(SlotKind::Value)?, self.unnamed_slot(SlotKind::Node)?);
            let rel = self.unnamed_slot(SlotKind::Relationship)?;
            let place = |slot, bound| PatternNode { slot, bound, labels: Vec::new() };
            let mut graph = PatternGraph {
                nodes: vec![place(start, true), place(end, false)],
                rels: vec![PatternRel {
                    slot: rel,
                    bound: false,
                    left: 0,
                    right: 1,
                    follow,
                    types: Vec::new(),
                    length: None,
                    filter: None,
                    search: None,
                    attend: None,
                    cheapest: None,
                }],
                new_slots: vec![rel, end],
                ..PatternGraph::default()
            };
            self.hold(&mut graph)?;
            let inner = Box::new(self.plan_graph(graph)?);
            let inputs = vec![(start, node.clone())];
            counts.push(Expr::Subquery { inner, inputs, kind: SubqueryKind::Count, once: false });
        }
        let [right, left] = [counts.pop(), counts.pop()].map(|count| Box::new(count.expect("there are two")));
        let sum = Expr::Arithmetic { op: Arithmetic::Add, left, right, span };
        let of_null = (Expr::IsNull(Box::new(node)), Expr::Const(Value::Null));
        Ok(Expr::Case { operand: None, branches: vec![of_null], otherwise: Some(Box::new(sum)) })
    }

    /// Returns the tests that a relationship of any of these types (or of any at all) holds.
    fn holds(&mut self, rel: &Expr, types: &[TypeRef]) -> Result<Vec<Expr>> {
        let mut tests = Vec::new();
        for timed in self.timed()?.to_vec() {
            let is_of = |rel_type: &TypeRef| timed.types.is_empty() || timed.types.contains(rel_type);
            if !types.is_empty() && !types.iter().any(is_of) {
                continue;
            }
            let mut test = self.holds_by(rel, &timed)?;
            if !timed.types.is_empty() && (types.is_empty() || !types.iter().all(is_of)) {
                let names = timed.types.iter().map(|rel_type| LabelTest::Is(rel_type.name.clone())).collect();
                let has_type = Expr::HasLabels(Box::new(rel.clone()), LabelTest::Or(names));
                test = Expr::Or(vec![Expr::Not(Box::new(has_type)), test]);
            }
            tests.push(test);
        }
        Ok(tests)
    }

    fn holds_by(&mut self, rel: &Expr, timed: &Timed) -> Result<Expr> {
        let now = match &timed.clock {
            None => Expr::Const(Value::Null),
            Some(parameter) => Expr::Param(self.param(parameter)?),
        };
        let call = |function, args| Expr::Call { function, args, span: Span::default() };
        let time = match &self.moment {
            Moment::At(time) => call(Function::Coalesce, vec![time.clone(), now]),
            Moment::Now | Moment::Any => now,
        };
        let property =
            |key: &KeyRef| Expr::Property { base: Box::new(rel.clone()), key: key.clone(), span: Span::default() };
        Ok(call(Function::Holds, vec![property(&timed.since), property(&timed.until), time]))
    }

    fn timed(&mut self) -> Result<&[Timed]> {
        if self.timed.is_none() {
            self.timed = Some(self.statistics.timed()?);
        }
        Ok(self.timed.as_deref().unwrap_or_default())
    }
}
