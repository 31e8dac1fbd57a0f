//! What a name with round brackets behind it is: a function call, or one of the forms that look like one.

use pest::iterators::Pair;

use super::{Tall, above, is_variable, lists::Parts, variable_of};
use crate::{
    Span,
    query::{
        ast::{BinaryOp, CompareOp, Expr, ExprKind, Name, PathSelector, Quantifier},
        parse::{
            build::{Builder, Result, Rule, fail, first, unexpected},
            words::code,
        },
    },
};

impl Builder<'_> {
    /// Returns the arguments of a procedure.
    pub(in crate::query::parse::build) fn plain_arguments(&mut self, pair: Pair<'_, Rule>) -> Result<Vec<Expr>> {
        let parts = Parts::of(pair);
        if let Some(extra) =
            parts.star.or(parts.distinct).or(parts.condition).or(parts.result).or(parts.side).or(parts.from)
        {
            return fail(unexpected("a procedure takes expressions, separated by commas", self.span(&extra)));
        }
        let (exprs, height) = self.all_of(parts.exprs)?;
        self.tallest = self.tallest.max(height);
        Ok(exprs)
    }

    /// Returns a function call, or one of the forms that look like one.
    pub(super) fn call_of(&mut self, function: Name, pair: Pair<'_, Rule>, span: Span) -> Result<Tall> {
        let mut parts = Parts::of(pair);
        let is = |name: &str| function.text.eq_ignore_ascii_case(name);
        if parts.side.is_some() || parts.from.is_some() {
            if is("trim") && parts.condition.is_none() && parts.result.is_none() && parts.exprs.len() < 2 {
                return self.trim(function.span, parts, span);
            }
            let error = unexpected(format!("{} takes expressions, separated by commas", function.text), span);
            return fail(error.hint("only trim is written so: trim(BOTH 'x' FROM text)"));
        }
        if parts.star.is_some() {
            return count_star(&function, span);
        }
        if let Some(quantifier) = quantifier(&function.text) {
            return self.quantifier(quantifier, &function, parts, span);
        }
        if is("reduce") {
            return self.reduce(parts, span);
        }
        if let Some(extra) = parts.condition.or(parts.result) {
            let message = format!("{} takes expressions, separated by commas", function.text);
            return fail(unexpected(message, self.span(&extra)));
        }
        let selector = match &*function.text {
            _ if is("shortestPath") => Some(PathSelector::Shortest),
            _ if is("allShortestPaths") => Some(PathSelector::AllShortest),
            _ => None,
        };
        let only_pattern = (selector.is_some() || is("exists"))
            && matches!(parts.exprs.as_slice(), [only] if self.code(only) == code::PATTERN_LPAREN);
        if only_pattern {
            return self.pattern_argument(parts.exprs.remove(0), selector, span);
        }
        if selector.is_some() {
            let message = format!("{} takes a pattern with a relationship", function.text);
            return fail(unexpected(message, span).hint("write shortestPath((a)-[:TYPE*]->(b))"));
        }
        let distinct = parts.distinct.is_some();
        let (mut args, height) = self.all_of(parts.exprs)?;
        if is("normalize")
            && let [_, form] = args.as_mut_slice()
        {
            let Some(name) = normal_form(form) else {
                return fail(unexpected("the second argument of normalize is NFC, NFD, NFKC or NFKD", form.span));
            };
            form.kind = ExprKind::String(name.into());
        }
        if is("property_exists") {
            return property_exists(args, height, span);
        }
        above(ExprKind::Call { function, distinct, args }, span, height)
    }

    /// Returns `trim([LEADING|TRAILING|BOTH] [characters] FROM text)` as the call of one of its kin.
    fn trim(&mut self, name: Span, mut parts: Parts<'_>, span: Span) -> Result<Tall> {
        let function = match parts.side.as_ref().map(|side| self.code(side)) {
            Some(code::LEADING) => "ltrim",
            Some(code::TRAILING) => "rtrim",
            _ => "btrim",
        };
        // `LEADING FROM text` is one pair, `LEADING text` is nothing.
        let Some(from) = parts.from else {
            return fail(unexpected("`FROM` is missing", span).hint("write trim(BOTH 'x' FROM text)"));
        };
        parts.exprs.insert(0, first(from));
        let (args, height) = self.all_of(parts.exprs)?;
        let function = Name { text: function.into(), span: name };
        above(ExprKind::Call { function, distinct: false, args }, span, height)
    }

    /// Returns the pattern in the parentheses of `exists`, `shortestPath`, `allShortestPaths`.
    fn pattern_argument(&mut self, pair: Pair<'_, Rule>, selector: Option<PathSelector>, span: Span) -> Result<Tall> {
        let (mut expr, height) = self.tall_where(pair, true)?;
        if let (ExprKind::Pattern(pattern), Some(selector)) = (&mut expr.kind, selector) {
            pattern.selector = selector;
            expr.span = span;
        }
        Ok((expr, height))
    }

    fn quantifier(&mut self, quantifier: Quantifier, name: &Name, mut parts: Parts<'_>, span: Span) -> Result<Tall> {
        let shape = || {
            unexpected(format!("{} takes `variable IN list WHERE condition`", name.text), span)
                .hint(format!("write {}(x IN list WHERE x > 0)", name.text))
        };
        if parts.exprs.len() != 1 || parts.result.is_some() || parts.distinct.is_some() {
            return fail(shape());
        }
        let (expr, height) = self.tall_where(parts.exprs.remove(0), false)?;
        let ExprKind::Binary { op: BinaryOp::In, left, right: list } = expr.kind else { return fail(shape()) };
        if !is_variable(&left) {
            return fail(shape());
        }
        let (predicate, _, height) = self.condition_and_result(parts, height - 1)?;
        above(ExprKind::Quantifier { quantifier, variable: variable_of(*left), list, predicate }, span, height)
    }

    fn reduce(&mut self, mut parts: Parts<'_>, span: Span) -> Result<Tall> {
        let shape = || {
            unexpected("reduce takes `accumulator = initial, variable IN list | step`", span)
                .hint("write reduce(total = 0, x IN list | total + x)")
        };
        if parts.exprs.len() != 2 || parts.condition.is_some() || parts.distinct.is_some() || parts.result.is_none() {
            return fail(shape());
        }
        let (each, list_height) = self.tall_where(parts.exprs.remove(1), false)?;
        let (start, height) = self.tall_where(parts.exprs.remove(0), false)?;
        let ExprKind::Binary { op: BinaryOp::In, left: variable, right: list } = each.kind else {
            return fail(shape());
        };
        let ExprKind::Comparison { first: accumulator, rest } = start.kind else { return fail(shape()) };
        let Ok([(CompareOp::Equal, initial)]) = <[_; 1]>::try_from(rest) else { return fail(shape()) };
        if !is_variable(&variable) || !is_variable(&accumulator) {
            return fail(shape());
        }
        let (_, step, height) = self.condition_and_result(parts, height.max(list_height) - 1)?;
        let kind = ExprKind::Reduce {
            accumulator: variable_of(*accumulator),
            initial: Box::new(initial),
            variable: variable_of(*variable),
            list,
            step: step.ok_or_else(shape)?,
        };
        above(kind, span, height)
    }
}

fn count_star(function: &Name, span: Span) -> Result<Tall> {
    if !function.text.eq_ignore_ascii_case("count") {
        return fail(unexpected(format!("only count takes `*`, not {}", function.text), span));
    }
    above(ExprKind::CountStar, span, 0)
}

/// Returns the name of a Unicode normalization form, written as a word.
fn normal_form(expr: &Expr) -> Option<&'static str> {
    let ExprKind::Variable(name) = &expr.kind else { return None };
    ["NFC", "NFD", "NFKC", "NFKD"].into_iter().find(|form| form.eq_ignore_ascii_case(&name.text))
}

/// Returns `property_exists(element, key)`: null for null, else whether the element has the property.
fn property_exists(args: Vec<Expr>, height: usize, span: Span) -> Result<Tall> {
    let shape = || unexpected("property_exists takes a variable and the name of a property", span);
    let Ok([element, key]) = <[_; 2]>::try_from(args) else {
        return fail(shape().hint("write property_exists(n, name)"));
    };
    let (ExprKind::Variable(_), ExprKind::Variable(key)) = (&element.kind, key.kind) else {
        return fail(shape().hint("write property_exists(n, name)"));
    };
    let is_null = Expr::new(ExprKind::IsNull(Box::new(element.clone())), span);
    let property = Box::new(Expr::new(ExprKind::Property(Box::new(element), key), span));
    let has = Box::new(Expr::new(ExprKind::IsNotNull(property), span));
    let branches = vec![(is_null, Expr::new(ExprKind::Null, span))];
    above(ExprKind::Case { subject: None, branches, otherwise: Some(has) }, span, height + 2)
}

fn quantifier(name: &str) -> Option<Quantifier> {
    let all = [
        ("all", Quantifier::All),
        ("any", Quantifier::Any),
        ("none", Quantifier::None),
        ("single", Quantifier::Single),
    ];
    all.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(name)).map(|(_, quantifier)| quantifier)
}

/// Returns the name that a chain of properties spells: `a.b.c`.
pub(super) fn function_name(expr: &Expr) -> Option<Name> {
    let mut parts = Vec::new();
    let mut at = expr;
    loop {
        match &at.kind {
            ExprKind::Property(owner, key) => {
                parts.push(&*key.text);
                at = owner;
            }
            ExprKind::Variable(name) if parts.is_empty() => {
                return Some(Name { text: name.text.clone(), span: expr.span });
            }
            ExprKind::Variable(name) => {
                parts.push(&*name.text);
                parts.reverse();
                return Some(Name { text: parts.join(".").into(), span: expr.span });
            }
            _ => return None,
        }
    }
}
