//! Expressions: precedence climbing over the flat list that the grammar gives, and the forms that share a bracket.

use pest::iterators::Pair;

use super::{Builder, Nodes, Result, Rule, fail, first, first_token, next, next_if, unexpected};
use crate::{
    Span,
    query::{
        ast::{
            BinaryOp, CompareOp, EXPR_DEPTH_MAX, Expr, ExprKind, MapItem, Name, PathPattern, PathSelector, Quantifier,
        },
        parse::{
            literal,
            words::{Code, code},
        },
    },
};

/// How tightly an operator binds: the higher, the tighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    Xor,
    And,
    Comparison,
    Predicate,
    Sum,
    Product,
    Power,
    /// Tighter than every binary operator.
    Operand,
}

/// What an infix operator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    Xor,
    And,
    Compare(CompareOp),
    Binary(BinaryOp),
}

/// An expression with its height. Boxed: what recursion holds on the stack stays small.
type Tall = (Box<Expr>, usize);

impl Builder<'_> {
    /// Returns the expression of an `expr` pair, in which patterns may not stand.
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Result<Expr> {
        self.expr_where(pair, false)
    }

    /// Returns the expression of an `expr` pair that is a predicate.
    pub(super) fn predicate_of(&mut self, pair: Pair<'_, Rule>) -> Result<Expr> {
        self.expr_where(pair, true)
    }

    fn expr_where(&mut self, pair: Pair<'_, Rule>, predicate: bool) -> Result<Expr> {
        let (expr, height) = self.tall_where(pair, predicate)?;
        self.tallest = self.tallest.max(height);
        Ok(*expr)
    }

    fn tall_where(&mut self, pair: Pair<'_, Rule>, predicate: bool) -> Result<Tall> {
        let outer = std::mem::replace(&mut self.predicate, predicate);
        let tall = self.tall(pair);
        self.predicate = outer;
        tall
    }

    /// Returns the expression of an `expr` pair and its height, in the context that is.
    fn tall(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        let mut nodes = pair.into_inner().peekable();
        self.climb(&mut nodes, Level::Or)
    }

    /// Returns what `SET` and `REMOVE` change.
    pub(super) fn target(&mut self, pair: Pair<'_, Rule>) -> Result<Expr> {
        let mut nodes = pair.into_inner().peekable();
        let (expr, height) = self.operand(&mut nodes)?;
        self.tallest = self.tallest.max(height);
        Ok(*expr)
    }

    /// Returns an operand and everything behind it that binds at least as tightly as `least`.
    fn climb(&mut self, nodes: &mut Nodes<'_>, least: Level) -> Result<Tall> {
        let left = self.prefixed(nodes)?;
        self.climb_from(left, nodes, least)
    }

    /// Returns the right side of an operator. Sides within sides are counted, so that recursion stops before the
    /// height of the whole is known.
    fn right_side(&mut self, nodes: &mut Nodes<'_>, operator: Level) -> Result<Tall> {
        self.n_operators += 1;
        if self.n_operators > EXPR_DEPTH_MAX {
            return fail(too_deep(self.span(nodes.peek().expect("an operand comes"))));
        }
        let tall = self.climb(nodes, operator.tighter());
        self.n_operators -= 1;
        tall
    }

    fn climb_from(&mut self, mut left: Tall, nodes: &mut Nodes<'_>, least: Level) -> Result<Tall> {
        while let Some(pair) = nodes.peek() {
            if pair.as_rule() == Rule::null_test {
                if least > Level::Predicate {
                    break;
                }
                let test = next(nodes);
                let negated = self.code(&test) == code::NOT;
                let kind = if negated { ExprKind::IsNotNull } else { ExprKind::IsNull };
                left = wrap(left, kind, |span| span.to(self.span(&test)))?;
                continue;
            }
            let operator = self.operator(self.code(pair));
            let level = operator.level();
            if level < least {
                break;
            }
            left = match operator {
                Operator::And | Operator::Or | Operator::Xor => self.chain_of(left, operator, nodes)?,
                Operator::Compare(_) => self.comparison(left, nodes)?,
                Operator::Binary(op) => {
                    next(nodes);
                    let right = self.right_side(nodes, level)?;
                    let (span, height) = (left.0.span.to(right.0.span), left.1.max(right.1));
                    let kind = ExprKind::Binary { op, left: left.0, right: right.0 };
                    above(kind, span, height)?
                }
            };
        }
        Ok(left)
    }

    /// Takes all operands that the same logical operator joins.
    fn chain_of(&mut self, left: Tall, operator: Operator, nodes: &mut Nodes<'_>) -> Result<Tall> {
        let (first, mut height) = left;
        let mut span = first.span;
        let mut operands = vec![*first];
        while nodes.next_if(|pair| is_infix(pair) && self.operator(self.code(pair)) == operator).is_some() {
            let (operand, tall) = self.right_side(nodes, operator.level())?;
            height = height.max(tall);
            span = span.to(operand.span);
            operands.push(*operand);
        }
        let kind = match operator {
            Operator::And => ExprKind::And(operands),
            Operator::Or => ExprKind::Or(operands),
            _ => ExprKind::Xor(operands),
        };
        above(kind, span, height)
    }

    fn comparison(&mut self, left: Tall, nodes: &mut Nodes<'_>) -> Result<Tall> {
        let (first, mut height) = left;
        let mut span = first.span;
        let mut rest = Vec::with_capacity(1);
        while let Some(pair) = nodes.peek().filter(|pair| is_infix(pair)) {
            let Operator::Compare(op) = self.operator(self.code(pair)) else { break };
            next(nodes);
            let (operand, tall) = self.right_side(nodes, Level::Comparison)?;
            height = height.max(tall);
            span = span.to(operand.span);
            rest.push((op, *operand));
        }
        above(ExprKind::Comparison { first, rest }, span, height)
    }

    /// Returns an operand with the prefix operators before it: `-` and `+` bind tightly, `NOT` looser than a comparison.
    fn prefixed(&mut self, nodes: &mut Nodes<'_>) -> Result<Tall> {
        let mut prefixes = Vec::new();
        while let Some(prefix) = next_if(nodes, Rule::prefix) {
            prefixes.push((self.code(&prefix), self.span(&prefix)));
            if prefixes.len() > EXPR_DEPTH_MAX {
                return fail(too_deep(self.span(&prefix)));
            }
        }
        let negative = prefixes.last().is_some_and(|(code, _)| *code == code::MINUS);
        let mut tall = match self.negative_number(nodes, negative.then(|| prefixes[prefixes.len() - 1].1))? {
            Some(number) => {
                prefixes.pop();
                number
            }
            None => self.operand(nodes)?,
        };
        for (sign, place) in prefixes.into_iter().rev() {
            let kind = match sign {
                code::NOT => {
                    tall = self.climb_from(tall, nodes, Level::Comparison)?;
                    ExprKind::Not
                }
                code::MINUS => ExprKind::Negate,
                _ => ExprKind::Plus,
            };
            tall = wrap(tall, kind, |span| place.to(span))?;
        }
        Ok(tall)
    }

    /// Returns the number that comes next, if a minus sign stands before it and nothing that binds tighter follows.
    fn negative_number(&mut self, nodes: &mut Nodes<'_>, minus: Option<Span>) -> Result<Option<Tall>> {
        let Some(minus) = minus else { return Ok(None) };
        let Some(pair) = nodes.peek().filter(|pair| pair.as_rule() == Rule::literal) else { return Ok(None) };
        let (place, written) = (self.span(pair), self.code(pair));
        // A literal is one token, so what follows it is the next one.
        let after = self.tokens.code(first_token(pair) + 1);
        if matches!(after, code::DOT | code::LBRACKET | code::COLON | code::LPAREN) {
            return Ok(None);
        }
        let kind = match written {
            code::INTEGER => ExprKind::Int(literal::integer(self.token_text(pair), true, minus.to(place))?),
            code::FLOAT => ExprKind::Float(-literal::float(self.token_text(pair), place)?),
            _ => return Ok(None),
        };
        next(nodes);
        Ok(Some((Box::new(Expr::new(kind, minus.to(place))), 1)))
    }

    /// Returns an atom with its suffixes: properties, subscripts, calls, labels.
    fn operand(&mut self, nodes: &mut Nodes<'_>) -> Result<Tall> {
        let pair = next(nodes);
        let mut tall = self.atom(pair)?;
        while let Some(pair) = nodes.peek() {
            match pair.as_rule() {
                Rule::key | Rule::subscript | Rule::expr_labels | Rule::arguments | Rule::projected => {
                    let suffix = next(nodes);
                    tall = self.suffix(tall, suffix)?;
                }
                _ => break,
            }
        }
        Ok(tall)
    }

    fn suffix(&mut self, (expr, height): Tall, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = expr.span.to(self.span(&pair));
        let kind = match pair.as_rule() {
            Rule::key => ExprKind::Property(expr, self.name(&pair)?),
            Rule::expr_labels => {
                if let ExprKind::HasLabels(..) = expr.kind {
                    return fail(unexpected("labels were given already", self.span(&pair)));
                }
                ExprKind::HasLabels(expr, self.labels(pair)?)
            }
            Rule::subscript => return self.subscript((expr, height), pair, span),
            Rule::projected => return self.map_projection(*expr, pair),
            _ => {
                let Some(function) = function_name(&expr) else {
                    let message = "only a name can be called, with `(` after it".to_owned();
                    return fail(unexpected(message, self.span(&pair)));
                };
                return self.call_of(function, pair, span);
            }
        };
        above(kind, span, height)
    }

    fn subscript(&mut self, (expr, mut height): Tall, pair: Pair<'_, Rule>, span: Span) -> Result<Tall> {
        let (mut bounds, mut dots) = ([None, None], false);
        for child in pair.into_inner() {
            if child.as_rule() == Rule::dots {
                dots = true;
                continue;
            }
            let (bound, tall) = self.tall_where(child, false)?;
            height = height.max(tall);
            bounds[usize::from(dots)] = Some(bound);
        }
        let [from, to] = bounds;
        let kind = match (dots, from) {
            (false, Some(index)) => ExprKind::Index(expr, index),
            (_, from) => ExprKind::Slice { list: expr, from, to },
        };
        above(kind, span, height)
    }

    /// Returns an atom. Every kind has a function of its own, and nothing is kept here, for atoms nest.
    fn atom(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        match pair.as_rule() {
            // The pair holds the closing parenthesis, not the opening one.
            Rule::group => self.tall(first(pair)),
            Rule::variable | Rule::word => self.variable(&pair),
            Rule::literal => self.literal(&pair),
            Rule::pattern => self.pattern(pair),
            Rule::list => self.list(pair),
            Rule::map => self.map(pair),
            Rule::case => self.case(pair),
            Rule::subquery => self.subquery(pair),
            other => unreachable!("{other:?} is no operand"),
        }
    }

    fn variable(&self, pair: &Pair<'_, Rule>) -> Result<Tall> {
        let name = self.name(pair)?;
        let span = name.span;
        above(ExprKind::Variable(name), span, 0)
    }

    fn map(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = self.span(&pair);
        let (entries, height) = self.entries(pair)?;
        above(ExprKind::Map(entries), span, height)
    }

    fn literal(&self, pair: &Pair<'_, Rule>) -> Result<Tall> {
        let span = self.span(pair);
        let kind = match self.code(pair) {
            code::INTEGER => ExprKind::Int(literal::integer(self.token_text(pair), false, span)?),
            code::FLOAT => ExprKind::Float(literal::float(self.token_text(pair), span)?),
            code::STRING => ExprKind::String(self.string(pair)?),
            code::PARAMETER => ExprKind::Parameter(self.parameter(pair)?),
            code::TRUE => ExprKind::Bool(true),
            code::FALSE => ExprKind::Bool(false),
            _ => ExprKind::Null,
        };
        above(kind, span, 0)
    }

    /// Returns a map's entries and the height of the tallest.
    pub(super) fn entries(&mut self, pair: Pair<'_, Rule>) -> Result<(Vec<(Name, Expr)>, usize)> {
        let (mut entries, mut height) = (Vec::new(), 0);
        let nodes = &mut pair.into_inner().peekable();
        while let Some(key) = nodes.next() {
            let (value, tall) = self.tall_where(next(nodes), false)?;
            height = height.max(tall);
            entries.push((self.name(&key)?, *value));
        }
        self.tallest = self.tallest.max(height);
        Ok((entries, height))
    }

    fn map_projection(&mut self, subject: Expr, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = subject.span.to(self.span(&pair));
        let ExprKind::Variable(subject) = subject.kind else {
            return fail(unexpected("only a variable can have `{` after it", self.span(&pair)));
        };
        let (mut items, mut height) = (Vec::new(), 0);
        for item in pair.into_inner() {
            let place = self.span(&item);
            let nodes = &mut item.into_inner().peekable();
            let head = next(nodes);
            items.push(match head.as_rule() {
                Rule::star => MapItem::AllProperties(place),
                Rule::key => MapItem::Property(self.name(&head)?),
                _ => match nodes.next() {
                    Some(value) => {
                        let (value, tall) = self.tall_where(value, false)?;
                        height = height.max(tall);
                        MapItem::Entry(self.name(&head)?, *value)
                    }
                    None => MapItem::Variable(self.name(&head)?),
                },
            });
        }
        above(ExprKind::MapProjection { subject, items }, span, height)
    }

    fn case(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = self.span(&pair);
        let (mut subject, mut branches, mut otherwise, mut height) = (None, Vec::new(), None, 0);
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::when => {
                    let nodes = &mut child.into_inner().peekable();
                    let (condition, tall) = self.tall_where(next(nodes), subject.is_none())?;
                    let (value, other) = self.tall_where(next(nodes), false)?;
                    height = height.max(tall).max(other);
                    branches.push((*condition, *value));
                }
                rule => {
                    let is_else = rule == Rule::r#else;
                    let (value, tall) = self.tall_where(if is_else { first(child) } else { child }, false)?;
                    height = height.max(tall);
                    *if is_else { &mut otherwise } else { &mut subject } = Some(value);
                }
            }
        }
        above(ExprKind::Case { subject, branches, otherwise }, span, height)
    }

    fn subquery(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = self.span(&pair);
        let code = self.code(&pair);
        let (query, height) = self.height_of(|builder| builder.nested_query(first(pair), code == code::COLLECT))?;
        let query = Box::new(query);
        let kind = match code {
            code::EXISTS => ExprKind::Exists(query),
            code::COUNT => ExprKind::Count(query),
            _ => ExprKind::Collect(query),
        };
        above(kind, span, height)
    }

    /// Returns what `build` built, and the height of the tallest expression in it.
    fn height_of<T>(&mut self, build: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, usize)> {
        let outer = (std::mem::take(&mut self.tallest), self.predicate);
        let built = build(self)?;
        let height = self.tallest;
        self.tallest = height.max(outer.0);
        self.predicate = outer.1;
        Ok((built, height))
    }

    fn pattern(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = self.span(&pair);
        if !self.predicate {
            return fail(
                unexpected("a pattern cannot stand here as a value", span)
                    .hint("EXISTS { pattern } is a boolean, COUNT { pattern } a number, [pattern | value] a list"),
            );
        }
        let (path, height) = self.path_of(pair, PathSelector::All, span)?;
        above(ExprKind::Pattern(Box::new(path)), span, height)
    }

    fn path_of(&mut self, pair: Pair<'_, Rule>, selector: PathSelector, span: Span) -> Result<(PathPattern, usize)> {
        self.height_of(|builder| builder.chain(&mut pair.into_inner().peekable(), selector, span, true))
    }

    /// Returns a list, or the comprehension that was written as one.
    fn list(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
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
    fn condition_and_result(
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

    fn all_of(&mut self, pairs: Vec<Pair<'_, Rule>>) -> Result<(Vec<Expr>, usize)> {
        let (mut exprs, mut height) = (Vec::with_capacity(pairs.len()), 0);
        for pair in pairs {
            let (expr, tall) = self.tall_where(pair, false)?;
            height = height.max(tall);
            exprs.push(*expr);
        }
        Ok((exprs, height))
    }

    /// Returns the arguments of a procedure.
    pub(super) fn plain_arguments(&mut self, pair: Pair<'_, Rule>) -> Result<Vec<Expr>> {
        let parts = Parts::of(pair);
        if let Some(extra) = parts.star.or(parts.distinct).or(parts.condition).or(parts.result) {
            return fail(unexpected("a procedure takes expressions, separated by commas", self.span(&extra)));
        }
        let (exprs, height) = self.all_of(parts.exprs)?;
        self.tallest = self.tallest.max(height);
        Ok(exprs)
    }

    /// Returns a function call, or one of the forms that look like one.
    fn call_of(&mut self, function: Name, pair: Pair<'_, Rule>, span: Span) -> Result<Tall> {
        let mut parts = Parts::of(pair);
        let is = |name: &str| function.text.eq_ignore_ascii_case(name);
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
        let (args, height) = self.all_of(parts.exprs)?;
        above(ExprKind::Call { function, distinct, args }, span, height)
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

    fn operator(&self, code: Code) -> Operator {
        match code {
            code::AND => Operator::And,
            code::OR => Operator::Or,
            code::XOR => Operator::Xor,
            code::EQUAL => Operator::Compare(CompareOp::Equal),
            code::NOT_EQUAL => Operator::Compare(CompareOp::NotEqual),
            code::LESS => Operator::Compare(CompareOp::Less),
            code::LESS_EQUAL => Operator::Compare(CompareOp::LessEqual),
            code::GREATER => Operator::Compare(CompareOp::Greater),
            code::GREATER_EQUAL => Operator::Compare(CompareOp::GreaterEqual),
            code::PLUS => Operator::Binary(BinaryOp::Add),
            code::MINUS => Operator::Binary(BinaryOp::Subtract),
            code::CONCAT => Operator::Binary(BinaryOp::Concat),
            code::STAR => Operator::Binary(BinaryOp::Multiply),
            code::SLASH => Operator::Binary(BinaryOp::Divide),
            code::PERCENT => Operator::Binary(BinaryOp::Modulo),
            code::CARET => Operator::Binary(BinaryOp::Power),
            code::IN => Operator::Binary(BinaryOp::In),
            code::STARTS => Operator::Binary(BinaryOp::StartsWith),
            code::ENDS => Operator::Binary(BinaryOp::EndsWith),
            code::CONTAINS => Operator::Binary(BinaryOp::Contains),
            code::MATCHES => Operator::Binary(BinaryOp::Matches),
            other => unreachable!("{other:?} is no operator of the grammar"),
        }
    }
}

impl Operator {
    fn level(self) -> Level {
        match self {
            Self::Or => Level::Or,
            Self::Xor => Level::Xor,
            Self::And => Level::And,
            Self::Compare(_) => Level::Comparison,
            Self::Binary(BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Concat) => Level::Sum,
            Self::Binary(BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo) => Level::Product,
            Self::Binary(BinaryOp::Power) => Level::Power,
            Self::Binary(_) => Level::Predicate,
        }
    }
}

impl Level {
    fn tighter(self) -> Self {
        match self {
            Self::Or => Self::Xor,
            Self::Xor => Self::And,
            Self::And => Self::Comparison,
            Self::Comparison => Self::Predicate,
            Self::Predicate => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Power,
            Self::Power | Self::Operand => Self::Operand,
        }
    }
}

/// What stands between the brackets of a list or a call.
struct Parts<'c> {
    star: Option<Pair<'c, Rule>>,
    distinct: Option<Pair<'c, Rule>>,
    exprs: Vec<Pair<'c, Rule>>,
    condition: Option<Pair<'c, Rule>>,
    result: Option<Pair<'c, Rule>>,
}

impl<'c> Parts<'c> {
    fn of(pair: Pair<'c, Rule>) -> Self {
        let mut parts = Self { star: None, distinct: None, exprs: Vec::new(), condition: None, result: None };
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::star => parts.star = Some(child),
                Rule::distinct => parts.distinct = Some(child),
                Rule::r#where => parts.condition = Some(child),
                Rule::result => parts.result = Some(child),
                _ => parts.exprs.push(child),
            }
        }
        parts
    }
}

/// Returns an expression above others of this height.
fn above(kind: ExprKind, span: Span, height: usize) -> Result<Tall> {
    if height >= EXPR_DEPTH_MAX {
        return fail(too_deep(span));
    }
    Ok((Box::new(Expr::new(kind, span)), height + 1))
}

/// Returns an expression above another one.
fn wrap((expr, height): Tall, kind: fn(Box<Expr>) -> ExprKind, span: impl FnOnce(Span) -> Span) -> Result<Tall> {
    let span = span(expr.span);
    above(kind(expr), span, height)
}

fn count_star(function: &Name, span: Span) -> Result<Tall> {
    if !function.text.eq_ignore_ascii_case("count") {
        return fail(unexpected(format!("only count takes `*`, not {}", function.text), span));
    }
    above(ExprKind::CountStar, span, 0)
}

fn too_deep(span: Span) -> crate::QueryError {
    unexpected(format!("the expression is deeper than {EXPR_DEPTH_MAX} operators"), span)
        .hint("split it with WITH; use a list and reduce, IN or a parameter instead of a long chain")
}

fn no_comprehension(span: Span) -> crate::QueryError {
    unexpected("a comprehension begins with `variable IN list` or a pattern", span)
        .hint("write [x IN list WHERE condition | value] or [(a)-->(b) WHERE condition | value]")
}

fn is_infix(pair: &Pair<'_, Rule>) -> bool {
    matches!(pair.as_rule(), Rule::simple_infix | Rule::worded_infix)
}

fn is_variable(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Variable(_))
}

fn variable_of(expr: Expr) -> Name {
    match expr.kind {
        ExprKind::Variable(name) => name,
        _ => unreachable!("the caller has seen a variable"),
    }
}

fn is_named_pattern(rest: &[(CompareOp, Expr)]) -> bool {
    matches!(rest, [(CompareOp::Equal, Expr { kind: ExprKind::Pattern(_), .. })])
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
fn function_name(expr: &Expr) -> Option<Name> {
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
