//! Text to the syntax tree.
//!
//! 1. [`lex::lex`] takes the text apart into tokens, and refuses what is too long, too deep or unbalanced.
//! 2. pest reads the codes of the tokens by `grammar/kgql.pest`; time is linear in their number.
//! 3. [`build::build`] makes the tree, bounded in depth; precedence is applied here.
//! 4. Where 2 fails, [`diagnose`] says what was found, what was expected, and which similar word was meant.
//!
//! This folder knows nothing of schemas, scopes or types. It is the only place that knows pest.

#![expect(clippy::result_large_err, reason = "an error ends the parse; it is boxed at the door of this folder")]

mod build;
mod diagnose;
mod lex;
mod literal;
mod script;
#[cfg(test)]
pub(in crate::query) mod tests;
mod words;

use pest::Parser;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::lex::{Word, word};
pub(crate) use self::script::{is_complete, split_statements};
#[cfg(test)]
pub(crate) use self::words::keywords;
use crate::{
    QueryError, Result, Span,
    query::{ast::Statement, stack::with_room},
};

/// The parser of the grammar. Its documentation is the grammar's own comments.
mod grammar {
    #![allow(missing_docs, reason = "generated from the grammar file")]

    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/kgql.pest"]
    pub(super) struct Grammar;
}

use self::grammar::{Grammar, Rule};

/// Returns the statement of a text; a `;` may close it.
pub(crate) fn parse(text: &str) -> Result<Statement> {
    parse_located(text).map_err(|error| error.locate(text).into())
}

/// Returns where a text first speaks of a parameter.
pub(crate) fn parameter_span(text: &str, name: &str) -> Option<Span> {
    let tokens = lex::lex(text).ok()?;
    let is_it = |index: &usize| {
        tokens.code(*index) == words::code::PARAMETER
            && tokens.text(text, *index).trim_start_matches('$').trim_matches('`') == name
    };
    (0..tokens.len()).find(is_it).map(|index| tokens.span(index))
}

fn parse_located(text: &str) -> Result<Statement, QueryError> {
    let tokens = lex::lex(text)?;
    if tokens.len() == 0 {
        return Err(QueryError::syntax("UnexpectedSyntax", "there is no statement", Span::default()));
    }
    with_room(tokens.levels, || match Grammar::parse(Rule::statement, &tokens.codes) {
        Ok(pairs) => build::build(text, &tokens, pairs).map_err(|error| *error),
        Err(_) => Err(diagnose::diagnose(text, &tokens)),
    })
}
