//! Expressions: operands and what stands behind them. The flat list of operators that the grammar gives becomes a tree in
//! [`operators`], forms that share a bracket are told apart in [`lists`] and [`calls`], `CASE` is in [`cases`], types are in [`types`].

mod calls;
mod cases;
mod lists;
mod operators;
mod types;

use pest::iterators::Pair;

use self::{calls::function_name, operators::Level};
use super::{Builder, Nodes, Result, Rule, fail, first, next, unexpected};
use crate::{
    Span,
    query::{
        ast::{EXPR_DEPTH_MAX, Expr, ExprKind, MapItem, Name, PathPattern, PathSelector},
        parse::{literal, words::code},
    },
};

/// An expression with its height. Boxed: what recursion holds on the stack stays small.
type Tall = (Box<Expr>, usize);

impl Builder<'_> {
    /// Returns the expression of an `expr` pair, in which patterns may not stand.
    pub(in crate::query::parse::build) fn expr(&mut self, pair: Pair<'_, Rule>) -> Result<Expr> {
        self.expr_where(pair, false)
    }

    /// Returns the expression of an `expr` pair that is a predicate.
    pub(in crate::query::parse::build) fn predicate_of(&mut self, pair: Pair<'_, Rule>) -> Result<Expr> {
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
    pub(in crate::query::parse::build) fn target(&mut self, pair: Pair<'_, Rule>) -> Result<Expr> {
        let mut nodes = pair.into_inner().peekable();
        let (expr, height) = self.operand(&mut nodes)?;
        self.tallest = self.tallest.max(height);
        Ok(*expr)
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
    pub(in crate::query::parse::build) fn entries(
        &mut self,
        pair: Pair<'_, Rule>,
    ) -> Result<(Vec<(Name, Expr)>, usize)> {
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

fn too_deep(span: Span) -> crate::QueryError {
    unexpected(format!("the expression is deeper than {EXPR_DEPTH_MAX} operators"), span)
        .hint("split it with WITH; use a list and reduce, IN or a parameter instead of a long chain")
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
