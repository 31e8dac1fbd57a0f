//! Aggregating functions: where they are allowed, and what they become.

use super::{Binder, Computed, Kind, expr::Typed, fail, kind::Element, same};
use crate::{
    Result,
    query::{
        ast::{self, ExprKind},
        function::{Aggregator, Function},
        plan::{Aggregate, Expr, SlotKind},
    },
};

/// What an aggregating function means where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is an error; the text says where one is.
    Forbidden(&'static str),
    /// It is an error: this is the argument of another one.
    Inside,
    /// It is computed for each group of the projection.
    Collected,
}

impl<'a> Binder<'a> {
    /// Binds an aggregating function; no arguments are those of `count(*)`.
    pub(super) fn aggregate(
        &mut self,
        e: &'a ast::Expr,
        function: Aggregator,
        distinct: bool,
        args: &'a [ast::Expr],
    ) -> Result<Typed> {
        match self.aggregation {
            Mode::Inside => Err(fail(
                "NestedAggregation",
                format!("`{}` stands inside another aggregating function", function.name()),
                e.span,
            )),
            Mode::Forbidden(place) => {
                let hidden = self.hidden.take();
                let args = args.iter().try_for_each(|arg| self.expr(arg).map(drop));
                self.hidden = hidden;
                args?;
                Err(fail(
                    "InvalidAggregation",
                    format!("the aggregating function `{}` is not allowed {place}", function.name()),
                    e.span,
                ))
            }
            Mode::Collected => self.collected(e, function, distinct, args),
        }
    }

    fn collected(
        &mut self,
        e: &'a ast::Expr,
        function: Aggregator,
        distinct: bool,
        args: &'a [ast::Expr],
    ) -> Result<Typed> {
        for arg in args {
            check_deterministic(arg)?;
        }
        // The arguments are computed before grouping: they see what the projection's other items see.
        let computed = std::mem::take(&mut self.computed);
        let hidden = self.hidden.take();
        let (scope, n_locals) = match &hidden {
            Some(hidden) => (Some(std::mem::replace(&mut self.scope, hidden.scope.clone())), self.n_locals),
            None => (None, self.n_locals),
        };
        self.n_locals = 0;
        let bound = self.with_aggregation(Mode::Inside, |binder| {
            args.iter().map(|arg| binder.expr(arg)).collect::<Result<Vec<_>>>()
        });
        self.n_locals = n_locals;
        if let Some(scope) = scope {
            self.scope = scope;
        }
        self.hidden = hidden;
        self.computed = computed;
        let bound = bound?;
        if function == Aggregator::Attended {
            let (aggregate, kind) = self.attended(e, distinct, args, &bound)?;
            return self.aggregated(e, aggregate, kind);
        }
        let mut bound = bound.into_iter();
        let (arg, arg_kind) = bound.next().unzip();
        let extra = bound.next().map(|(expr, _)| expr);
        let arg_kind = arg_kind.unwrap_or(Kind::Any);
        if matches!(function, Aggregator::Sum | Aggregator::Avg | Aggregator::StDev | Aggregator::StDevP)
            && !arg_kind.may_be_number()
        {
            return Err(super::expr::wrong_argument(arg_kind, "a number", args[0].span));
        }
        let kind = match function {
            Aggregator::Count => Kind::Int,
            Aggregator::Collect => arg_kind.listed(),
            Aggregator::Min | Aggregator::Max => arg_kind,
            Aggregator::Sum if arg_kind == Kind::Int => Kind::Int,
            Aggregator::Sum => Kind::Number,
            Aggregator::StDev | Aggregator::StDevP => Kind::Float,
            Aggregator::Avg | Aggregator::PercentileCont | Aggregator::PercentileDisc => Kind::Number,
            Aggregator::Attended => Kind::Any,
        };
        // What is unknown may also be empty.
        let kind = if kind == Kind::List(Element::Null) { Kind::List(Element::Any) } else { kind };
        self.aggregated(e, Aggregate { function, arg, extra, distinct }, kind)
    }

    /// Adds an aggregate to those of the projection.
    fn aggregated(&mut self, e: &'a ast::Expr, aggregate: Aggregate, kind: Kind) -> Result<Typed> {
        let slot = self.unnamed_slot(SlotKind::Value)?;
        self.aggregates.push((slot, aggregate));
        self.computed.push(Computed { expr: e, slot, kind });
        Ok((Expr::Slot(slot), kind))
    }
}

/// Returns whether an aggregating function stands anywhere in the expression (not in its subqueries).
pub(super) fn aggregates(e: &ast::Expr) -> bool {
    let mut found = false;
    same::walk(e, &mut |inner| found |= is_aggregate(inner));
    found
}

/// Returns whether the expression is a call of an aggregating function.
pub(super) fn is_aggregate(e: &ast::Expr) -> bool {
    match &e.kind {
        ExprKind::CountStar => true,
        ExprKind::Call { function, .. } => Aggregator::find(&function.text).is_some(),
        _ => false,
    }
}

/// Fails if the argument of an aggregating function is random: then the result would depend on the order of evaluation.
fn check_deterministic(arg: &ast::Expr) -> Result<()> {
    let mut random = None;
    same::walk(arg, &mut |inner| {
        if let ExprKind::Call { function, .. } = &inner.kind
            && matches!(Function::find(&function.text), Some(Function::Rand | Function::RandomUuid))
        {
            random = Some(inner.span);
        }
    });
    match random {
        Some(span) => {
            Err(fail("NonConstantExpression", "`rand()` is not allowed inside an aggregating function", span))
        }
        None => Ok(()),
    }
}
