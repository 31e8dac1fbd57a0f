//! Queries made of queries: `UNION`, `NEXT`, `WHEN ... THEN ... ELSE`, and braces around any of them.
//!
//! Only `UNION` is in the tree. What goes on behind `NEXT` begins with the columns of what was before it, as behind a `WITH`:
//! so the `RETURN` before it becomes one. A conditional query chooses the number of a branch for each row, and is then the
//! union of its branches, each of them a subquery that runs for the rows of its number.

use std::sync::Arc;

use pest::iterators::Pair;
use rustc_hash::FxHashSet;

use super::{
    Builder, Result, Rule,
    clause::{Purpose, composition},
    fail, first, first_token, unexpected,
};
use crate::{
    Span,
    query::{
        ast::{
            Clause, CompareOp, Expr, ExprKind, Filter, Imports, Item, Let, Name, Projection, Query, SingleQuery,
            Subquery, Union, With,
        },
        parse::words::code,
    },
};

/// What names of columns begin with while they are inside: they must not clash with variables that come in, so they are no
/// names that can be written without backticks.
const INSIDE: &str = " ";

/// Queries between two `NEXT`.
#[derive(Default)]
struct Segment {
    parts: Vec<SingleQuery>,
    union: Option<Union>,
}

impl Builder<'_> {
    pub(super) fn query(&mut self, pair: Pair<'_, Rule>) -> Result<Query> {
        self.query_for(pair, Purpose::Any)
    }

    pub(super) fn query_for(&mut self, pair: Pair<'_, Rule>, purpose: Purpose) -> Result<Query> {
        self.composed(pair, purpose, false)
    }

    /// Returns the query of a `query` pair. One that stands behind `NEXT` gets a whole table, which the parts of a union
    /// could not share.
    fn composed(&mut self, pair: Pair<'_, Rule>, purpose: Purpose, behind: bool) -> Result<Query> {
        let span = self.span(&pair);
        let mut before: Option<Vec<Clause>> = None;
        let mut segment = Segment::default();
        for child in pair.into_inner() {
            let place = self.span(&child);
            let behind = behind || before.is_some();
            match child.as_rule() {
                Rule::union if behind => return fail(union_behind_next(place)),
                Rule::union => {
                    let all = self.tokens.code(first_token(&child) + 1) == code::ALL;
                    let kind = if all { Union::All } else { Union::Distinct };
                    if segment.union.is_some_and(|other| other != kind) {
                        return fail(
                            composition("UNION and UNION ALL cannot be mixed in one query", place)
                                .hint("put one of them into braces: { ... UNION ... } UNION ALL ..."),
                        );
                    }
                    segment.union = Some(kind);
                }
                Rule::next => {
                    let segment = std::mem::take(&mut segment);
                    before = Some(self.before_next(before, segment, place)?);
                }
                _ => segment.parts.push(self.part(child, purpose, behind)?),
            }
        }
        let union = segment.union.unwrap_or(Union::All);
        let parts = match before {
            None => segment.parts,
            Some(before) => vec![after_next(before, segment, span)],
        };
        Ok(Query { parts, union, span })
    }

    fn part(&mut self, pair: Pair<'_, Rule>, purpose: Purpose, behind: bool) -> Result<SingleQuery> {
        match pair.as_rule() {
            Rule::single_query => self.single_query(pair, purpose),
            Rule::conditional => self.conditional(pair, purpose),
            _ => {
                let span = self.span(&pair);
                let query = first(pair);
                let purpose = if has_union(&query) { purpose.of_part() } else { purpose };
                let mut query = self.composed(query, purpose, behind)?;
                if query.parts.len() == 1 {
                    return Ok(query.parts.remove(0));
                }
                let kept = columns(&query)?;
                for part in &mut query.parts {
                    rename(part)?;
                }
                let mut clauses = vec![subquery(query, span)];
                clauses.extend(kept.map(|names| Clause::Return(returned(names, INSIDE, "", span))));
                Ok(SingleQuery { clauses, span })
            }
        }
    }

    /// Returns the clauses that give what a segment gives.
    fn before_next(&mut self, before: Option<Vec<Clause>>, segment: Segment, next: Span) -> Result<Vec<Clause>> {
        if segment.union.is_some() && before.is_none() {
            let start = segment.parts[0].span;
            let end = segment.parts[segment.parts.len() - 1].span;
            let span = start.to(end);
            let query = Query { parts: segment.parts, union: segment.union.unwrap_or(Union::All), span };
            if columns(&query)?.is_none() {
                return fail(no_return(next));
            }
            return Ok(vec![subquery(query, span)]);
        }
        let mut clauses = match before {
            None => segment.parts.into_iter().flat_map(|part| part.clauses).collect(),
            Some(before) => after_next(before, segment, next).clauses,
        };
        let Some(Clause::Return(projection)) = clauses.pop() else { return fail(no_return(next)) };
        let unnamed = |item: &&Item| item.alias.is_none() && !matches!(item.expr.kind, ExprKind::Variable(_));
        if let Some(item) = projection.items.iter().find(unnamed) {
            let message = format!("`{}` has no name that the query behind NEXT could use: add `AS name`", item.column);
            return fail(crate::QueryError::syntax("NoExpressionAlias", message, item.span));
        }
        let span = projection.span;
        clauses.push(Clause::With(With { projection, predicate: None, span }));
        Ok(clauses)
    }

    /// Returns `WHEN condition THEN query ... [ELSE query]`.
    fn conditional(&mut self, pair: Pair<'_, Rule>, purpose: Purpose) -> Result<SingleQuery> {
        let span = self.span(&pair);
        let mut conditions = Vec::new();
        let mut branches: Vec<(SingleQuery, Span)> = Vec::new();
        for child in pair.into_inner() {
            let place = self.span(&child);
            let mut nodes = child.into_inner();
            let mut head = nodes.next().expect("a branch has a query");
            if head.as_rule() == Rule::expr {
                let number = branches.len() as i64;
                conditions.push((self.predicate_of(head)?, Expr::new(ExprKind::Int(number), place)));
                head = nodes.next().expect("THEN has a query");
            }
            branches.push((self.part(head, purpose.of_part(), false)?, place));
        }
        let kept = columns_of(&branches[0].0)?;
        // Two conditional queries may stand in one another.
        let chosen: Arc<str> = format!("{INSIDE}branch {}", span.start).into();
        let mut parts = Vec::with_capacity(branches.len());
        for (number, (mut branch, place)) in branches.into_iter().enumerate() {
            let own = columns_of(&branch)?;
            check_columns(kept.as_deref(), own.as_deref(), place)?;
            rename(&mut branch)?;
            let is = vec![(CompareOp::Equal, Expr::new(ExprKind::Int(number as i64), place))];
            let test = ExprKind::Comparison { first: Box::new(variable(chosen.clone(), place)), rest: is };
            let filter = Filter { predicate: Expr::new(test, place), span: place };
            let query = Query { span: branch.span, parts: vec![branch], union: Union::All };
            let mut clauses = vec![Clause::Filter(filter), subquery(query, place)];
            clauses.extend(own.map(|names| Clause::Return(returned(names, INSIDE, INSIDE, place))));
            parts.push(SingleQuery { clauses, span: place });
        }
        let otherwise = Some(Box::new(Expr::new(ExprKind::Int(conditions.len() as i64), span)));
        let number = Expr::new(ExprKind::Case { subject: None, branches: conditions, otherwise }, span);
        let chooses = Let { items: vec![(Name { text: chosen, span }, number)], span };
        let mut clauses = vec![Clause::Let(chooses), subquery(Query { parts, union: Union::All, span }, span)];
        clauses.extend(kept.map(|names| Clause::Return(returned(names, INSIDE, "", span))));
        Ok(SingleQuery { clauses, span })
    }
}

/// Returns whether a `query` pair is of several parts: before `NEXT` they become one.
fn has_union(pair: &Pair<'_, Rule>) -> bool {
    let has = |rule| pair.clone().into_inner().any(|child| child.as_rule() == rule);
    has(Rule::union) && !has(Rule::next)
}

/// Returns a query that goes on behind `NEXT`: it has one part.
fn after_next(mut before: Vec<Clause>, mut segment: Segment, span: Span) -> SingleQuery {
    before.append(&mut segment.parts.remove(0).clauses);
    SingleQuery { clauses: before, span }
}

fn union_behind_next(union: Span) -> crate::QueryError {
    unexpected("not supported yet: UNION behind NEXT", union).hint(
        "collect the rows and unwind them in each part: RETURN collect(x) AS all NEXT CALL (all) { UNWIND all AS x ... \
         UNION UNWIND all AS x ... } RETURN ...",
    )
}

/// Returns the names of a query's columns, or `None` where it has none.
fn columns(query: &Query) -> Result<Option<Vec<Name>>> {
    columns_of(&query.parts[0])
}

fn columns_of(part: &SingleQuery) -> Result<Option<Vec<Name>>> {
    match part.clauses.last() {
        Some(Clause::Return(projection)) if projection.star => {
            fail(composition("RETURN * cannot stand here: name the columns", projection.span))
        }
        Some(Clause::Return(projection)) => {
            let name = |item: &Item| Name { text: item.column.clone(), span: item.span };
            Ok(Some(projection.items.iter().map(name).collect()))
        }
        _ => Ok(None),
    }
}

/// Checks that a branch has the columns of the first one.
fn check_columns(first: Option<&[Name]>, own: Option<&[Name]>, span: Span) -> Result<()> {
    let (first, own) = match (first, own) {
        (None, None) => return Ok(()),
        (Some(first), Some(own)) => (first, own),
        _ => return fail(composition("of the branches of WHEN either all or none end in RETURN", span)),
    };
    if first.len() == own.len() {
        let names: FxHashSet<&str> = own.iter().map(|name| &*name.text).collect();
        if first.iter().all(|name| names.contains(&*name.text)) {
            return Ok(());
        }
    }
    let list = |names: &[Name]| names.iter().map(|name| &*name.text).collect::<Vec<_>>().join(", ");
    let message = format!("the branches of WHEN have different columns: ({}) and ({})", list(first), list(own));
    fail(crate::QueryError::syntax("DifferentColumnsInUnion", message, span))
}

/// Gives the columns of a query the names they have inside.
fn rename(part: &mut SingleQuery) -> Result<()> {
    let Some(names) = columns_of(part)? else { return Ok(()) };
    let Some(Clause::Return(mut projection)) = part.clauses.pop() else { unreachable!("it has columns") };
    for item in &mut projection.items {
        item.alias = Some(Name { text: item.column.clone(), span: item.span });
    }
    let span = projection.span;
    part.clauses.push(Clause::With(With { projection, predicate: None, span }));
    part.clauses.push(Clause::Return(returned(names, "", INSIDE, span)));
    Ok(())
}

/// Returns `CALL (*) { query }`.
fn subquery(query: Query, span: Span) -> Clause {
    Clause::Subquery(Subquery { optional: false, imports: Some(Imports::All), query: Box::new(query), span })
}

/// Returns `RETURN` of columns by other names.
fn returned(names: Vec<Name>, from: &str, to: &str, span: Span) -> Projection {
    let item = |Name { text, span }: Name| {
        let column: Arc<str> = format!("{to}{text}").into();
        let alias = Some(Name { text: column.clone(), span });
        Item { expr: variable(format!("{from}{text}").into(), span), alias, column, span }
    };
    let items = names.into_iter().map(item).collect();
    Projection { distinct: false, star: false, items, order: Vec::new(), skip: None, limit: None, span }
}

fn variable(text: Arc<str>, span: Span) -> Expr {
    Expr::new(ExprKind::Variable(Name { text, span }), span)
}

fn no_return(next: Span) -> crate::QueryError {
    composition("the query before NEXT must end in RETURN", next)
}
