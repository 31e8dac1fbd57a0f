//! What stands between square brackets: a list, or a comprehension of elements or of matches.

use pest::iterators::Pair;

use super::{Tall, above, is_variable, variable_of};
use crate::{
    Span,
    query::{
        ast::{BinaryOp, CompareOp, Expr, ExprKind, PathPattern},
        parse::build::{Builder, Result, Rule, fail, first, unexpected},
    },
};

impl Builder<'_> {
    /// Returns a list, or the comprehension that was written as one.
    pub(super) fn list(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = self.span(&pair);
        let mut parts = Parts::of(pair);
        if parts.exprs.len() == 1 {
            let only = parts.exprs.remove(0);
            let before = self.span(&only).start;
            let (expr, height) = self.tall_where(only, parts.result.is_some())?;
            return self.comprehension(*expr, before, parts, height, span);
        }
        if let Some(extra) = parts.condition.as_ref().or(parts.result.as_ref()) {
            return fail(no_comprehension(self.span(extra)));
        }
        let (items, height) = self.all_of(parts.exprs)?;
        above(ExprKind::List(items), span, height)
    }

    /// Returns what a list with one expression is: a list, or a comprehension of elements or of matches.
    fn comprehension(&mut self, expr: Expr, before: u32, parts: Parts<'_>, height: usize, span: Span) -> Result<Tall> {
        let (kind, place) = (expr.kind, expr.span);
        let parenthesized = place.start != before;
        match kind {
            ExprKind::Binary { op: BinaryOp::In, left, right } if !parenthesized && is_variable(&left) => {
                // The comprehension takes the place of `IN`, so it is no higher for that.
                let (predicate, result, height) = self.condition_and_result(parts, height - 1)?;
                let (variable, list) = (variable_of(*left), right);
                above(ExprKind::ListComprehension { variable, list, predicate, result }, span, height)
            }
            ExprKind::Pattern(pattern) if parts.result.is_some() => {
                self.pattern_comprehension(*pattern, parts, height, span)
            }
            ExprKind::Comparison { first, mut rest }
                if parts.result.is_some() && is_variable(&first) && is_named_pattern(&rest) =>
            {
                let Some((_, Expr { kind: ExprKind::Pattern(mut pattern), .. })) = rest.pop() else {
                    unreachable!("is_named_pattern has seen it")
                };
                pattern.span = first.span.to(pattern.span);
                pattern.variable = Some(variable_of(*first));
                self.pattern_comprehension(*pattern, parts, height, span)
            }
            kind => match parts.condition.or(parts.result) {
                Some(extra) => fail(no_comprehension(self.span(&extra))),
                None => above(ExprKind::List(vec![Expr::new(kind, place)]), span, height),
            },
        }
    }

    fn pattern_comprehension(
        &mut self,
        pattern: PathPattern,
        parts: Parts<'_>,
        height: usize,
        span: Span,
    ) -> Result<Tall> {
        let (predicate, result, height) = self.condition_and_result(parts, height)?;
        let result = result.expect("a pattern comprehension was recognized by its result");
        above(ExprKind::PatternComprehension { pattern: Box::new(pattern), predicate, result }, span, height)
    }

    #[expect(clippy::type_complexity, reason = "two optional boxes and a number need no name")]
    pub(super) fn condition_and_result(
        &mut self,
        parts: Parts<'_>,
        mut height: usize,
    ) -> Result<(Option<Box<Expr>>, Option<Box<Expr>>, usize)> {
        let mut build = |pair: Option<Pair<'_, Rule>>, predicate| -> Result<Option<Box<Expr>>> {
            let Some(pair) = pair else { return Ok(None) };
            let (expr, tall) = self.tall_where(first(pair), predicate)?;
            height = height.max(tall);
            Ok(Some(expr))
        };
        let predicate = build(parts.condition, true)?;
        let result = build(parts.result, false)?;
        Ok((predicate, result, height))
    }

    pub(super) fn all_of(&mut self, pairs: Vec<Pair<'_, Rule>>) -> Result<(Vec<Expr>, usize)> {
        let (mut exprs, mut height) = (Vec::with_capacity(pairs.len()), 0);
        for pair in pairs {
            let (expr, tall) = self.tall_where(pair, false)?;
            height = height.max(tall);
            exprs.push(*expr);
        }
        Ok((exprs, height))
    }
}

/// What stands between the brackets of a list or a call.
pub(super) struct Parts<'c> {
    pub(super) star: Option<Pair<'c, Rule>>,
    pub(super) distinct: Option<Pair<'c, Rule>>,
    pub(super) exprs: Vec<Pair<'c, Rule>>,
    pub(super) condition: Option<Pair<'c, Rule>>,
    pub(super) result: Option<Pair<'c, Rule>>,
    /// `LEADING`, `TRAILING`, `BOTH`.
    pub(super) side: Option<Pair<'c, Rule>>,
    /// `FROM text`.
    pub(super) from: Option<Pair<'c, Rule>>,
}

impl<'c> Parts<'c> {
    pub(super) fn of(pair: Pair<'c, Rule>) -> Self {
        let mut parts = Self {
            star: None,
            distinct: None,
            exprs: Vec::new(),
            condition: None,
            result: None,
            side: None,
            from: None,
        };
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::star => parts.star = Some(child),
                Rule::distinct => parts.distinct = Some(child),
                Rule::r#where => parts.condition = Some(child),
                Rule::result => parts.result = Some(child),
                Rule::trim_side => parts.side = Some(child),
                Rule::trim_from => parts.from = Some(child),
                _ => parts.exprs.push(child),
            }
        }
        parts
    }
}

fn no_comprehension(span: Span) -> crate::QueryError {
    unexpected("a comprehension begins with `variable IN list` or a pattern", span)
        .hint("write [x IN list WHERE condition | value] or [(a)-->(b) WHERE condition | value]")
}

fn is_named_pattern(rest: &[(CompareOp, Expr)]) -> bool {
    matches!(rest, [(CompareOp::Equal, Expr { kind: ExprKind::Pattern(_), .. })])
}
