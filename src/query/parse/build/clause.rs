//! Queries and clauses, and the order clauses may stand in.

use pest::iterators::Pair;

use super::{Builder, Nodes, Result, Rule, fail, first_token, next, next_if, unexpected};
use crate::{
    QueryError, Span,
    query::{
        ast::{
            Call, Clause, Create, Delete, Expr, ExprKind, Filter, For, Foreach, Imports, Item, Let, LoadCsv, Match,
            Merge, Name, Page, Projection, Query, Remove, RemoveItem, Set, SetItem, SingleQuery, SortItem, Subquery,
            Union, Unwind, With, Yield, YieldItem,
        },
        parse::words::code,
    },
};

/// What a query is for, which decides how it may end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A statement, or `CALL { ... }`.
    Any,
    /// `EXISTS { ... }`, `COUNT { ... }`: reads, and needs no `RETURN`.
    Rows,
    /// `COLLECT { ... }`: reads.
    Values,
    /// A part of `EXISTS { ... }` or `COUNT { ... }` that becomes a subquery: reads, and ends as one.
    Part,
}

impl Purpose {
    /// Returns what a part is for that becomes a subquery.
    pub(super) fn of_part(self) -> Self {
        if self == Self::Rows { Self::Part } else { self }
    }
}

impl Builder<'_> {
    pub(super) fn single_query(&mut self, pair: Pair<'_, Rule>, purpose: Purpose) -> Result<SingleQuery> {
        let span = self.span(&pair);
        let mut clauses = Vec::new();
        for child in pair.into_inner() {
            match self.clause(child)? {
                Clause::Call(call) => self.called(call, &mut clauses)?,
                clause => clauses.push(clause),
            }
        }
        check_order(&clauses, purpose)?;
        if let [Clause::Call(call)] = clauses.as_mut_slice() {
            call.standalone = true;
        } else {
            for clause in &clauses {
                if let Clause::Call(Call { yields: Yield::All(span), .. }) = clause {
                    return fail(
                        unexpected("YIELD * can only stand in a call that is the whole query", *span)
                            .hint("name the outputs: YIELD a, b"),
                    );
                }
            }
        }
        Ok(SingleQuery { clauses, span })
    }

    /// Returns the query of `EXISTS`, `COUNT` and `COLLECT`.
    pub(super) fn nested_query(&mut self, pair: Pair<'_, Rule>, collects: bool) -> Result<Query> {
        if pair.as_rule() == Rule::query {
            return self.query_for(pair, if collects { Purpose::Values } else { Purpose::Rows });
        }
        let span = self.span(&pair);
        if collects {
            return fail(unexpected("COLLECT needs a query that ends in RETURN", span));
        }
        let mut nodes = pair.into_inner().peekable();
        let patterns = self.paths(&mut nodes, true)?;
        let predicate = self.maybe_where(&mut nodes)?;
        let clauses =
            vec![Clause::Match(Match { optional: false, repeatable: false, patterns, as_of: None, predicate, span })];
        Ok(Query { parts: vec![SingleQuery { clauses, span }], union: Union::All, span })
    }

    /// Returns a clause. Every kind has a function of its own, and nothing is kept here, for clauses nest.
    fn clause(&mut self, pair: Pair<'_, Rule>) -> Result<Clause> {
        let span = self.span(&pair);
        let start = self.code(&pair);
        let rule = pair.as_rule();
        let nodes = &mut pair.into_inner().peekable();
        match rule {
            Rule::r#match => self.r#match(nodes, start == code::OPTIONAL, span),
            Rule::unwind => self.unwind(nodes, span),
            Rule::with => self.with(nodes, span),
            Rule::r#return => self.projection(nodes, span).map(Clause::Return),
            Rule::create => self.paths(nodes, false).map(|patterns| Clause::Create(Create { patterns, span })),
            Rule::merge => self.merge(nodes, span),
            Rule::set => self.set_items(nodes).map(|items| Clause::Set(Set { items, span })),
            Rule::remove => self.remove(nodes, span),
            Rule::delete => self.delete(nodes, start == code::DETACH, span),
            Rule::call => self.call(nodes, start == code::OPTIONAL, span),
            Rule::foreach => self.foreach(nodes, span),
            Rule::load_csv => self.load_csv(nodes, span),
            Rule::r#let => self.r#let(nodes, span),
            Rule::filter => self.filter(nodes, span),
            Rule::r#for => self.r#for(nodes, span),
            Rule::page => self.page(nodes, span),
            Rule::finish => Ok(Clause::Finish(span)),
            Rule::attend => self.attend(nodes, span),
            Rule::search => self.search(nodes, span),
            Rule::cost => self.cost(nodes, span),
            Rule::reinforce => self.reinforce(nodes, span),
            other => unreachable!("{other:?} is no clause"),
        }
    }

    fn r#match(&mut self, nodes: &mut Nodes<'_>, optional: bool, span: Span) -> Result<Clause> {
        let mode = next_if(nodes, Rule::match_mode);
        let repeatable = mode.is_some_and(|mode| self.code(&mode) == code::REPEATABLE);
        let patterns = self.paths(nodes, true)?;
        let as_of = self.as_of(nodes)?;
        Ok(Clause::Match(Match { optional, repeatable, patterns, as_of, predicate: self.maybe_where(nodes)?, span }))
    }

    fn unwind(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        Ok(Clause::Unwind(Unwind { list: self.expr(next(nodes))?, variable: self.name(&next(nodes))?, span }))
    }

    fn r#let(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let mut items = Vec::new();
        while let Some(name) = next_if(nodes, Rule::name) {
            items.push((self.name(&name)?, self.expr(next(nodes))?));
        }
        Ok(Clause::Let(Let { items, span }))
    }

    fn filter(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        Ok(Clause::Filter(Filter { predicate: self.predicate_of(next(nodes))?, span }))
    }

    fn r#for(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let variable = self.name(&next(nodes))?;
        let list = self.expr(next(nodes))?;
        let index = match nodes.next() {
            Some(pair) => {
                let first_place = i64::from(self.tokens.code(first_token(&pair) + 1) == code::ORDINALITY);
                Some((self.name(&super::first(pair))?, first_place))
            }
            None => None,
        };
        Ok(Clause::For(For { variable, list, index, span }))
    }

    fn with(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let mut projection = self.projection(nodes, span)?;
        if let Some(pair) = nodes.peek() {
            projection.span.end = self.tokens.span(first_token(pair) - 1).end;
        }
        Ok(Clause::With(With { projection, predicate: self.maybe_where(nodes)?, span }))
    }

    /// Returns the predicate of a `where` pair.
    pub(super) fn r#where(&mut self, pair: Pair<'_, Rule>) -> Result<Expr> {
        self.predicate_of(super::first(pair))
    }

    fn maybe_where(&mut self, nodes: &mut Nodes<'_>) -> Result<Option<Expr>> {
        next_if(nodes, Rule::r#where).map(|pair| self.r#where(pair)).transpose()
    }

    pub(super) fn projection(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Projection> {
        let distinct = next_if(nodes, Rule::distinct).is_some();
        let star = next_if(nodes, Rule::star).is_some();
        let mut projection =
            Projection { distinct, star, items: Vec::new(), order: Vec::new(), skip: None, limit: None, span };
        while let Some(pair) = next_if(nodes, Rule::item) {
            projection.items.push(self.item(pair)?);
        }
        let Page { order, skip, limit, .. } = self.order_and_page(nodes, span)?;
        Ok(Projection { order, skip, limit, ..projection })
    }

    fn page(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        self.order_and_page(nodes, span).map(Clause::Page)
    }

    /// Returns `ORDER BY`, `SKIP` and `LIMIT`, where they are there.
    pub(super) fn order_and_page(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Page> {
        let mut page = Page { order: Vec::new(), skip: None, limit: None, span };
        if let Some(order) = next_if(nodes, Rule::order) {
            for pair in order.into_inner() {
                let mut parts = pair.into_inner();
                let expr = self.expr(parts.next().expect("a sort key begins with its expression"))?;
                page.order.push(SortItem { expr, descending: parts.next().is_some() });
            }
        }
        if let Some(skip) = next_if(nodes, Rule::skip) {
            page.skip = Some(self.expr(super::first(skip))?);
        }
        if let Some(limit) = next_if(nodes, Rule::limit) {
            page.limit = Some(self.expr(super::first(limit))?);
        }
        Ok(page)
    }

    fn item(&mut self, pair: Pair<'_, Rule>) -> Result<Item> {
        let span = self.span(&pair);
        let mut nodes = pair.into_inner();
        let written = nodes.next().expect("an item begins with its expression");
        let place = self.span(&written);
        let expr = self.expr(written)?;
        let alias = nodes.next().map(|pair| self.name(&pair)).transpose()?;
        let column = match (&alias, &expr.kind) {
            (Some(alias), _) => alias.text.clone(),
            (None, ExprKind::Variable(name)) => name.text.clone(),
            (None, _) => self.text[place.start as usize..place.end as usize].into(),
        };
        Ok(Item { expr, alias, column, span })
    }

    fn merge(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let pattern = self.path(next(nodes), true)?;
        let (mut on_create, mut on_match) = (Vec::new(), Vec::new());
        for action in nodes {
            let creates = self.tokens.code(first_token(&action) + 1) == code::CREATE;
            let items = self.set_items(&mut action.into_inner().peekable())?;
            if creates { &mut on_create } else { &mut on_match }.extend(items);
        }
        Ok(Clause::Merge(Merge { pattern, on_create, on_match, span }))
    }

    fn set_items(&mut self, nodes: &mut Nodes<'_>) -> Result<Vec<SetItem>> {
        nodes.map(|pair| self.set_item(pair)).collect()
    }

    fn set_item(&mut self, pair: Pair<'_, Rule>) -> Result<SetItem> {
        let span = self.span(&pair);
        let mut nodes = pair.into_inner().peekable();
        if let Some(salience) = next_if(&mut nodes, Rule::salience) {
            let variable = self.name(&salience.into_inner().next().expect("SALIENCE has a variable"))?;
            let value = self.expr(nodes.next().expect("an assignment has a value"))?;
            return Ok(SetItem::Salience { variable, value, span });
        }
        let target = self.target(nodes.next().expect("an item begins with its target"))?;
        let action = nodes.next().expect("an item has labels or an assignment");
        if action.as_rule() == Rule::labels {
            let variable = owner(target, "labels can only be set on a variable")?;
            return Ok(SetItem::Labels { variable, labels: self.label_names(action)?, span });
        }
        let adds = self.code(&action) == code::ADD_EQUAL;
        let value = self.expr(nodes.next().expect("an assignment has a value"))?;
        match target.kind {
            ExprKind::Property(entity, key) if !adds => Ok(SetItem::Property { target: *entity, key, value, span }),
            ExprKind::Index(entity, key) if !adds => Ok(SetItem::Dynamic { target: *entity, key: *key, value, span }),
            _ => {
                let what = if adds {
                    "+= adds a map to a variable; to a property, write n.key = n.key + value"
                } else {
                    "this cannot be set"
                };
                let variable = owner(target, what)?;
                Ok(if adds {
                    SetItem::Merge { variable, value, span }
                } else {
                    SetItem::Replace { variable, value, span }
                })
            }
        }
    }

    fn remove(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let mut items = Vec::new();
        for pair in nodes {
            let span = self.span(&pair);
            let mut parts = pair.into_inner();
            let target = self.target(parts.next().expect("an item begins with its target"))?;
            items.push(match (parts.next(), target.kind) {
                (Some(labels), kind) => {
                    let target = Expr::new(kind, target.span);
                    let variable = owner(target, "labels can only be removed from a variable")?;
                    RemoveItem::Labels { variable, labels: self.label_names(labels)?, span }
                }
                (None, ExprKind::Property(entity, key)) => RemoveItem::Property { target: *entity, key, span },
                (None, ExprKind::Index(entity, key)) => RemoveItem::Dynamic { target: *entity, key: *key, span },
                (None, _) => {
                    return fail(
                        unexpected("REMOVE takes properties and labels", span)
                            .hint("write REMOVE n.key or REMOVE n:Label; DELETE n deletes a node"),
                    );
                }
            });
        }
        Ok(Clause::Remove(Remove { items, span }))
    }

    fn delete(&mut self, nodes: &mut Nodes<'_>, detach: bool, span: Span) -> Result<Clause> {
        let mut exprs = Vec::new();
        for pair in nodes {
            let expr = self.expr(pair)?;
            if let ExprKind::HasLabels(..) = expr.kind {
                return fail(
                    QueryError::syntax("InvalidDelete", "labels and types cannot be deleted", expr.span)
                        .hint("REMOVE n:Label takes a label off a node"),
                );
            }
            exprs.push(expr);
        }
        Ok(Clause::Delete(Delete { detach, exprs, span }))
    }

    fn call(&mut self, nodes: &mut Nodes<'_>, optional: bool, span: Span) -> Result<Clause> {
        let imports = match next_if(nodes, Rule::subquery_scope) {
            Some(scope) if self.tokens.code(first_token(&scope) + 1) == code::STAR => Some(Imports::All),
            Some(scope) => {
                let names = scope.into_inner().map(|pair| self.name(&pair)).collect::<Result<_>>()?;
                Some(Imports::Names(names))
            }
            None => None,
        };
        let head = next(nodes);
        match head.as_rule() {
            Rule::query => {
                let query = Box::new(self.query(head)?);
                Ok(Clause::Subquery(Subquery { optional, imports, query, span }))
            }
            _ => self.call_procedure(head, nodes, optional, span),
        }
    }

    fn call_procedure(
        &mut self,
        head: Pair<'_, Rule>,
        nodes: &mut Nodes<'_>,
        optional: bool,
        span: Span,
    ) -> Result<Clause> {
        let place = self.span(&head);
        let parts = head.into_inner().map(|pair| self.name(&pair)).collect::<Result<Vec<_>>>()?;
        let parts: Vec<&str> = parts.iter().map(|name| &*name.text).collect();
        let procedure = Name { text: parts.join(".").into(), span: place };
        let args = match next_if(nodes, Rule::arguments) {
            Some(pair) => Some(self.plain_arguments(pair)?),
            None => None,
        };
        let (yields, predicate) = match nodes.next() {
            Some(pair) => self.yields(pair)?,
            None => (Yield::Absent, None),
        };
        Ok(Clause::Call(Call { optional, procedure, args, yields, predicate, standalone: false, span }))
    }

    fn yields(&mut self, pair: Pair<'_, Rule>) -> Result<(Yield, Option<Expr>)> {
        let span = self.span(&pair);
        let mut nodes = pair.into_inner().peekable();
        let star = next_if(&mut nodes, Rule::star).is_some();
        let mut items = Vec::new();
        while let Some(item) = next_if(&mut nodes, Rule::yield_item) {
            let mut names = item.into_inner();
            let output = self.name(&names.next().expect("an item names an output"))?;
            items.push(YieldItem { output, alias: names.next().map(|pair| self.name(&pair)).transpose()? });
        }
        let predicate = self.maybe_where(&mut nodes)?;
        Ok((if star { Yield::All(span) } else { Yield::Items(items) }, predicate))
    }

    fn foreach(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let variable = self.name(&next(nodes))?;
        let list = self.expr(next(nodes))?;
        let mut clauses = Vec::new();
        for pair in nodes {
            let place = self.span(&pair);
            let clause = self.clause(pair)?;
            if !updates(&clause) || matches!(clause, Clause::Reinforce(_)) {
                let message = format!("{} cannot stand in FOREACH", name_of(&clause));
                return fail(
                    composition(message, place).hint("FOREACH takes CREATE, MERGE, SET, REMOVE, DELETE, FOREACH"),
                );
            }
            clauses.push(clause);
        }
        Ok(Clause::Foreach(Foreach { variable, list, clauses, span }))
    }

    fn load_csv(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let headers = next_if(nodes, Rule::headers).is_some();
        let file = self.expr(next(nodes))?;
        let variable = self.name(&next(nodes))?;
        let separator = nodes.next().map(|pair| self.character(&pair, "FIELDTERMINATOR")).transpose()?;
        Ok(Clause::LoadCsv(LoadCsv { headers, file, variable, separator, span }))
    }
}

/// Returns the variable of an expression that is one.
fn owner(expr: Expr, otherwise: &str) -> Result<Name> {
    match expr.kind {
        ExprKind::Variable(name) => Ok(name),
        _ => fail(unexpected(otherwise, expr.span)),
    }
}

/// Refuses clauses where they cannot stand.
fn check_order(clauses: &[Clause], purpose: Purpose) -> Result<()> {
    let mut updating: Option<&Clause> = None;
    for (index, clause) in clauses.iter().enumerate() {
        let name = name_of(clause);
        if updates(clause) && purpose != Purpose::Any {
            return fail(composition(
                format!("{name} cannot stand in EXISTS, COUNT or COLLECT, which only read"),
                span_of(clause),
            ));
        }
        match clause {
            Clause::Return(_) | Clause::Finish(_) if index + 1 < clauses.len() => {
                let after = &clauses[index + 1];
                let message = format!("{} cannot follow {name}, which ends a query", name_of(after));
                return fail(composition(message, span_of(after)).hint("use WITH to go on"));
            }
            Clause::With(_) => updating = None,
            Clause::Match(_)
            | Clause::Unwind(_)
            | Clause::LoadCsv(_)
            | Clause::For(_)
            | Clause::Attend(_)
            | Clause::Search(_)
            | Clause::Cost(_) => {
                if let Some(before) = updating {
                    let message = format!("{name} cannot directly follow {}", name_of(before));
                    return fail(composition(message, span_of(clause)).hint("put a WITH between them"));
                }
            }
            _ if updates(clause) => updating = Some(clause),
            _ => {}
        }
    }
    let last = clauses.last().expect("a query has a clause");
    let ends = match last {
        Clause::Match(_)
        | Clause::With(_)
        | Clause::Unwind(_)
        | Clause::LoadCsv(_)
        | Clause::Let(_)
        | Clause::Filter(_)
        | Clause::Page(_)
        | Clause::Attend(_)
        | Clause::Search(_)
        | Clause::Cost(_)
        | Clause::For(_) => purpose == Purpose::Rows,
        Clause::Return(_) => true,
        Clause::Finish(_) => purpose == Purpose::Any,
        _ => purpose != Purpose::Values,
    };
    if ends {
        return Ok(());
    }
    let end = span_of(last).end;
    let message = format!("the query ends in {}: RETURN or an updating clause is missing", name_of(last));
    fail(composition(message, Span { start: end, end }))
}

pub(super) fn composition(message: impl Into<String>, span: Span) -> QueryError {
    QueryError::syntax("InvalidClauseComposition", message, span)
}

fn updates(clause: &Clause) -> bool {
    matches!(
        clause,
        Clause::Create(_)
            | Clause::Merge(_)
            | Clause::Set(_)
            | Clause::Remove(_)
            | Clause::Delete(_)
            | Clause::Foreach(_)
            | Clause::Reinforce(_)
    )
}

fn name_of(clause: &Clause) -> &'static str {
    match clause {
        Clause::Match(_) => "MATCH",
        Clause::Unwind(_) => "UNWIND",
        Clause::With(_) => "WITH",
        Clause::Return(_) => "RETURN",
        Clause::Create(_) => "CREATE",
        Clause::Merge(_) => "MERGE",
        Clause::Set(_) => "SET",
        Clause::Remove(_) => "REMOVE",
        Clause::Delete(_) => "DELETE",
        Clause::Call(_) | Clause::Subquery(_) => "CALL",
        Clause::Foreach(_) => "FOREACH",
        Clause::LoadCsv(_) => "LOAD CSV",
        Clause::Let(_) => "LET",
        Clause::Filter(_) => "FILTER",
        Clause::Page(page) if !page.order.is_empty() => "ORDER BY",
        Clause::Page(page) if page.skip.is_some() => "SKIP",
        Clause::Page(_) => "LIMIT",
        Clause::For(_) => "FOR",
        Clause::Finish(_) => "FINISH",
        Clause::Attend(_) => "ATTEND",
        Clause::Search(_) => "SEARCH",
        Clause::Cost(_) => "COST BY",
        Clause::Reinforce(_) => "REINFORCE",
    }
}

fn span_of(clause: &Clause) -> Span {
    match clause {
        Clause::Match(clause) => clause.span,
        Clause::Unwind(clause) => clause.span,
        Clause::With(clause) => clause.span,
        Clause::Return(clause) => clause.span,
        Clause::Create(clause) => clause.span,
        Clause::Merge(clause) => clause.span,
        Clause::Set(clause) => clause.span,
        Clause::Remove(clause) => clause.span,
        Clause::Delete(clause) => clause.span,
        Clause::Call(clause) => clause.span,
        Clause::Subquery(clause) => clause.span,
        Clause::Foreach(clause) => clause.span,
        Clause::LoadCsv(clause) => clause.span,
        Clause::Let(clause) => clause.span,
        Clause::Filter(clause) => clause.span,
        Clause::Page(clause) => clause.span,
        Clause::For(clause) => clause.span,
        Clause::Finish(span) => *span,
        Clause::Attend(clause) => clause.span,
        Clause::Search(clause) => clause.span,
        Clause::Cost(clause) => clause.span,
        Clause::Reinforce(clause) => clause.span,
    }
}
