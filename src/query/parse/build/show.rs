//! `SHOW`: a list of what there is. With `WHERE` or `YIELD` it becomes a query over the rows of the list.

use pest::iterators::Pair;

use super::{Builder, Result, Rule, fail, first_token, next_if};
use crate::{
    QueryError, Span,
    query::{
        ast::{
            Clause, Expr, ExprKind, Item, Name, Page, Projection, Query, Show, Shown, SingleQuery, Union, Unwind, With,
            YieldItem,
        },
        parse::words::code,
        suggest,
    },
};

/// The variable of a row: no name that can be written without backticks.
const ROW: &str = " row";

impl Builder<'_> {
    pub(super) fn show(&mut self, pair: Pair<'_, Rule>) -> Result<Show> {
        let span = self.span(&pair);
        let what = match self.tokens.code(first_token(&pair) + 1) {
            code::CONSTRAINTS | code::CONSTRAINT => Shown::Constraints,
            code::FUNCTIONS | code::FUNCTION => Shown::Functions,
            code::PROCEDURES | code::PROCEDURE => Shown::Procedures,
            code::EMBEDDINGS | code::EMBEDDING => Shown::Embeddings,
            code::MODELS | code::MODEL => Shown::Models,
            code::POLICIES | code::POLICY => Shown::Policies,
            _ => Shown::Indexes,
        };
        let nodes = &mut pair.into_inner().peekable();
        if nodes.peek().is_none() {
            return Ok(Show { what, query: None });
        }
        let all = || {
            what.columns().iter().map(|column| YieldItem { output: Name { text: (*column).into(), span }, alias: None })
        };
        let mut yields = Vec::new();
        let is_all = next_if(nodes, Rule::star).is_some();
        while let Some(item) = next_if(nodes, Rule::yield_item) {
            let mut names = item.into_inner();
            let output = self.name(&names.next().expect("an item begins with its output"))?;
            let alias = names.next().map(|pair| self.name(&pair)).transpose()?;
            yields.push(YieldItem { output, alias });
        }
        if is_all || yields.is_empty() {
            yields = all().collect();
        }
        if let Some(wrong) = yields.iter().find(|item| !what.columns().contains(&&*item.output.text)) {
            return fail(no_column(what, &wrong.output));
        }
        let Page { order, skip, limit, .. } = self.order_and_page(nodes, span)?;
        let predicate = match next_if(nodes, Rule::r#where) {
            Some(pair) => Some(self.r#where(pair)?),
            None => None,
        };
        let star =
            |items, star| Projection { distinct: false, star, items, order: Vec::new(), skip: None, limit: None, span };
        let yielded: Vec<Name> =
            yields.iter().map(|item| item.alias.clone().unwrap_or_else(|| item.output.clone())).collect();
        let items = yields.into_iter().map(item).collect();
        let projection = Projection { order, skip, limit, ..star(items, false) };
        let returned = match nodes.next() {
            Some(pair) => {
                let span = self.span(&pair);
                self.projection(&mut pair.into_inner().peekable(), span)?
            }
            None => star(yielded.into_iter().map(kept).collect(), false),
        };
        let rows = Name { text: Show::ROWS.into(), span };
        let clauses = vec![
            Clause::Unwind(Unwind {
                list: Expr::new(ExprKind::Parameter(rows), span),
                variable: Name { text: ROW.into(), span },
                span,
            }),
            Clause::With(With { projection, predicate, span }),
            Clause::Return(returned),
        ];
        let query = Query { parts: vec![SingleQuery { clauses, span }], union: Union::All, span };
        Ok(Show { what, query: Some(Box::new(query)) })
    }
}

/// Returns `row.column AS name`.
fn item(item: YieldItem) -> Item {
    let span = item.output.span;
    let row = Expr::new(ExprKind::Variable(Name { text: ROW.into(), span }), span);
    let alias = item.alias.unwrap_or_else(|| item.output.clone());
    let expr = Expr::new(ExprKind::Property(Box::new(row), item.output), span);
    Item { expr, column: alias.text.clone(), alias: Some(alias), span }
}

/// Returns a column that has been named already.
fn kept(name: Name) -> Item {
    let span = name.span;
    Item { column: name.text.clone(), expr: Expr::new(ExprKind::Variable(name), span), alias: None, span }
}

fn no_column(what: Shown, name: &Name) -> QueryError {
    let span: Span = name.span;
    let error = QueryError::syntax("UndefinedVariable", format!("there is no column `{}`", name.text), span);
    match suggest::hint(&name.text, what.columns().iter().copied()) {
        Some(hint) => error.hint(hint),
        None => error.hint(format!("there are {}", what.columns().join(", "))),
    }
}
