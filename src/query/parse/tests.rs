//! Behaviour of the parser, as tables.

mod errors;
mod limits;
mod render;
mod shapes;
pub(in crate::query) mod tck;

use super::parse;
use crate::{QueryError, query::ast::*};

/// Returns the statement of a text that must be one.
#[track_caller]
fn statement(text: &str) -> Statement {
    parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// Returns the query of a text.
#[track_caller]
fn query(text: &str) -> Query {
    match statement(text) {
        Statement::Query(query) | Statement::Unnoticed(query) => query,
        other => panic!("{text} is {other:?}"),
    }
}

/// Returns the expression of a text.
#[track_caller]
fn expr(text: &str) -> Expr {
    let Some(Clause::Return(mut projection)) = query(&format!("RETURN {text}")).parts[0].clauses.pop() else {
        panic!("{text}")
    };
    projection.items.swap_remove(0).expr
}

/// Returns why a text is no statement.
#[track_caller]
fn failure(text: &str) -> QueryError {
    match parse(text) {
        Ok(statement) => panic!("{text} parses: {statement:?}"),
        Err(error) => error.as_query().expect("a query error").clone(),
    }
}
