//! Pairs of the grammar to the syntax tree.
//!
//! The grammar is loose where a strict one would parse the same text twice; what it leaves open (precedence, which
//! bracket means what, the order of clauses, where patterns may stand) is decided here.

mod attend;
mod clause;
mod composed;
mod copy;
mod declare;
mod expr;
mod kg;
mod pattern;
mod policy;
mod schema;
mod show;

use std::{cell::RefCell, iter::Peekable, sync::Arc};

use pest::iterators::{Pair, Pairs};

use super::{
    Rule,
    lex::Tokens,
    literal,
    words::{Code, code},
};
use crate::{
    QueryError, Span,
    query::ast::{Name, Statement, Text},
};

/// Errors are boxed while the tree is built, so that what recursion holds on the stack stays small.
type Result<T> = std::result::Result<T, Box<QueryError>>;
type Nodes<'c> = Peekable<Pairs<'c, Rule>>;

/// Names that are kept to be shared; more would be slow to look through.
const NAMES_SHARED_MAX: usize = 32;

/// Returns the statement of the pairs.
pub(super) fn build(text: &str, tokens: &Tokens, pairs: Pairs<'_, Rule>) -> Result<Statement> {
    let mut builder =
        Builder { text, tokens, names: RefCell::default(), tallest: 0, n_operators: 0, n_bangs: 0, predicate: false };
    let pair = pairs.into_iter().next().expect("a statement is one pair");
    builder.statement(pair)
}

/// What building a statement needs and remembers.
struct Builder<'t> {
    text: &'t str,
    tokens: &'t Tokens,
    /// Names met so far: one that stands in many places is one allocation.
    names: RefCell<Vec<Arc<str>>>,
    /// The height of the tallest expression since this was last set to 0.
    tallest: usize,
    /// On the right of how many operators the operand being built stands.
    n_operators: usize,
    /// Behind how many `!` the label being built stands.
    n_bangs: usize,
    /// The expression being built is a predicate, so a pattern may stand in it.
    predicate: bool,
}

impl Builder<'_> {
    fn statement(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        Ok(match rule {
            Rule::query => Statement::Query(self.query(pair)?),
            Rule::unnoticed => Statement::Unnoticed(self.query(first(pair))?),
            Rule::explain => Statement::Explain(self.query(first(pair))?),
            Rule::profile => Statement::Profile(self.query(first(pair))?),
            Rule::create_constraint => Statement::CreateConstraint(self.create_schema(pair)?),
            Rule::create_index => Statement::CreateIndex(self.create_schema(pair)?),
            Rule::create_embedding => self.create_embedding(pair)?,
            Rule::create_fulltext => self.create_fulltext(pair)?,
            Rule::create_policy => self.create_policy(pair)?,
            Rule::alter_policy => self.alter_policy(pair)?,
            Rule::create_validity => self.create_validity(pair)?,
            Rule::drop_validity => self.drop_validity(pair)?,
            Rule::backup => return self.not_yet(first_token(&pair), "BACKUP TO"),
            Rule::restore => return self.not_yet(first_token(&pair), "RESTORE FROM"),
            Rule::drop => self.drop_schema(pair)?,
            Rule::show => Statement::Show(self.show(pair)?),
            Rule::begin => Statement::Begin(span),
            Rule::commit => Statement::Commit(span),
            Rule::rollback => Statement::Rollback(span),
            Rule::copy_from => self.copy_from(pair)?,
            Rule::copy_to => Statement::CopyTo(Box::new(self.copy_to(pair)?)),
            Rule::describe => Statement::Describe(Box::new(self.describe(pair)?)),
            Rule::summarize => Statement::Summarize(self.summarize(pair)?),
            other => unreachable!("{other:?} is no statement"),
        })
    }

    /// Returns the error for what is part of the language and not of the engine: it points at the words.
    fn not_yet<T>(&self, first: usize, what: &str) -> Result<T> {
        let last = first + what.split(' ').count() - 1;
        let span = self.tokens.span(first).to(self.tokens.span(last));
        fail(unexpected(format!("not supported yet: {what}"), span))
    }

    /// Returns where a pair stands in the text.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        let (start, end) = (span.start() / 2, span.end() / 2);
        if start == end {
            let at = self.tokens.span(start).start;
            return Span { start: at, end: at };
        }
        self.tokens.span(start).to(self.tokens.span(end - 1))
    }

    /// Returns the code of a pair's first token.
    fn code(&self, pair: &Pair<'_, Rule>) -> Code {
        self.tokens.code(first_token(pair))
    }

    /// Returns the text of a pair's first token.
    fn token_text(&self, pair: &Pair<'_, Rule>) -> &str {
        self.tokens.text(self.text, first_token(pair))
    }

    /// Returns a name: of a pair that is one token.
    fn name(&self, pair: &Pair<'_, Rule>) -> Result<Name> {
        let span = self.tokens.span(first_token(pair));
        let token = self.token_text(pair);
        if token.starts_with('`') {
            return Ok(Name { text: literal::name(token, span)?, span });
        }
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.iter().find(|name| &***name == token) {
            return Ok(Name { text: Arc::clone(known), span });
        }
        let text = Arc::<str>::from(token);
        if names.len() < NAMES_SHARED_MAX {
            names.push(Arc::clone(&text));
        }
        Ok(Name { text, span })
    }

    /// Returns a parameter's name.
    fn parameter(&self, pair: &Pair<'_, Rule>) -> Result<Name> {
        let span = self.tokens.span(first_token(pair));
        Ok(Name { text: literal::name(&self.token_text(pair)[1..], span)?, span })
    }

    /// Returns the value of a string literal.
    fn string(&self, pair: &Pair<'_, Rule>) -> Result<Arc<str>> {
        Ok(literal::string(self.token_text(pair), self.tokens.span(first_token(pair)))?)
    }

    /// Returns a string literal or a parameter.
    fn text(&self, pair: &Pair<'_, Rule>) -> Result<Text> {
        Ok(match self.code(pair) {
            code::STRING => Text::Literal(self.string(pair)?, self.span(pair)),
            _ => Text::Parameter(self.parameter(pair)?),
        })
    }

    /// Returns the one character of a string literal that is a separator or quote.
    fn character(&self, pair: &Pair<'_, Rule>, what: &str) -> Result<char> {
        let span = self.span(pair);
        if self.code(pair) != code::STRING {
            return fail(unexpected(format!("{what} needs a string of one character"), span));
        }
        let value = self.string(pair)?;
        let mut chars = value.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(c),
            _ => fail(unexpected(format!("{what} must be one character, not {value:?}"), span)),
        }
    }
}

/// Returns the index of a pair's first token.
fn first_token(pair: &Pair<'_, Rule>) -> usize {
    pair.as_span().start() / 2
}

/// Returns a pair's first child.
fn first<'c>(pair: Pair<'c, Rule>) -> Pair<'c, Rule> {
    pair.into_inner().next().expect("the rule has a child")
}

/// Returns the next pair, which the grammar guarantees.
fn next<'c>(nodes: &mut Nodes<'c>) -> Pair<'c, Rule> {
    nodes.next().expect("the grammar has it here")
}

/// Returns the next pair if it is of this rule.
fn next_if<'c>(nodes: &mut Nodes<'c>, rule: Rule) -> Option<Pair<'c, Rule>> {
    nodes.next_if(|pair| pair.as_rule() == rule)
}

fn unexpected(message: impl Into<String>, span: Span) -> QueryError {
    QueryError::syntax("UnexpectedSyntax", message, span)
}

fn fail<T>(error: QueryError) -> Result<T> {
    Err(Box::new(error))
}
