//! What is wrong with a statement that does not parse, in words of the language.
//!
//! The statement is parsed a second time while pest records which tokens it tried at the farthest place. From these
//! come the expected words, and the keyword that a misspelled one was meant to be; such a suggestion is made only if
//! the statement would get farther with it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use pest::{Parser, error::ErrorVariant};

use super::{
    grammar::{Grammar, Rule},
    lex::Tokens,
    words::{self, Code, WORDS, code},
};
use crate::{QueryError, Span, query::suggest::suggest};

/// The most expected words that a message lists: more than a line of them helps nobody.
const EXPECTED_MAX: usize = 8;

/// The longest piece of the statement that a message repeats.
const FOUND_CHARS_MAX: usize = 40;

/// Words and signs of other languages, and what is written here instead.
const FOREIGN: &[(&str, &str)] = &[
    ("LIKE", "write STARTS WITH, ENDS WITH, CONTAINS, or =~ with a regular expression"),
    ("ILIKE", "write =~ with a regular expression, as in n.name =~ '(?i)a.*'"),
    ("SELECT", "a query is MATCH (n:Label) WHERE ... RETURN ..."),
    ("UPDATE", "write MATCH (n:Label) SET n.key = value"),
    ("GROUP", "grouping needs no clause: an aggregating function groups by the other columns"),
    ("HAVING", "write WITH ..., count(*) AS n WHERE n > 1"),
    ("JOIN", "write a pattern: MATCH (a)-[:TYPE]->(b)"),
    ("INTO", "write CREATE (:Label {key: value})"),
    ("BETWEEN", "write low <= x <= high"),
    ("!", "write NOT"),
];

/// The keywords that begin a clause.
const CLAUSES: &[Code] = &[
    code::ATTEND,
    code::CALL,
    code::COST,
    code::CREATE,
    code::DELETE,
    code::DETACH,
    code::FILTER,
    code::FINISH,
    code::FOR,
    code::FOREACH,
    code::INSERT,
    code::LET,
    code::LOAD,
    code::MATCH,
    code::MERGE,
    code::NODETACH,
    code::LIMIT,
    code::OFFSET,
    code::OPTIONAL,
    code::ORDER,
    code::REINFORCE,
    code::REMOVE,
    code::RETURN,
    code::SEARCH,
    code::SET,
    code::SKIP,
    code::UNWIND,
    code::WITH,
];

/// The further keywords that begin a statement.
const STATEMENTS: &[Code] = &[
    code::ALTER,
    code::BACKUP,
    code::BEGIN,
    code::COMMIT,
    code::COPY,
    code::DESCRIBE,
    code::DROP,
    code::EXPLAIN,
    code::NO,
    code::PROFILE,
    code::RESTORE,
    code::ROLLBACK,
    code::SHOW,
    code::SUMMARIZE,
];

/// The tokens an expression can begin with, beside names and literals.
const OPERANDS: &[Code] = &[
    code::CASE,
    code::COLLECT,
    code::COUNT,
    code::EXISTS,
    code::NOT,
    code::LPAREN,
    code::PATTERN_LPAREN,
    code::LBRACKET,
    code::LBRACE,
    code::MINUS,
    code::PLUS,
    code::TRUE,
    code::FALSE,
    code::NULL,
    code::INTEGER,
    code::FLOAT,
    code::STRING,
    code::PARAMETER,
];

/// The tokens that can go on with an expression, beside operators.
const SUFFIXES: &[Code] = &[
    code::STARTS,
    code::ENDS,
    code::IS,
    code::DOT,
    code::COLON,
    code::LPAREN,
    code::PATTERN_LPAREN,
    code::LBRACKET,
    code::LBRACE,
];

/// Only one parse records at a time: the switch is the whole process's. Others meanwhile record in vain.
static RECORDING: Mutex<()> = Mutex::new(());

/// Returns why the tokens are no statement.
pub(super) fn diagnose(source: &str, tokens: &Tokens) -> QueryError {
    match record(&tokens.codes) {
        Some(Farthest::Token(at, expected)) => {
            let finding = Finding { source, tokens, at, expected };
            finding
                .in_transactions()
                .or_else(|| finding.misspelled())
                .or_else(|| finding.missing())
                .unwrap_or_else(|| finding.unexpected())
        }
        Some(Farthest::Stack) => {
            unexpected("the statement is nested too deeply for this thread's stack".to_owned(), tokens.span(0))
        }
        None => unexpected("the statement is not understood".to_owned(), Span::new(0, source.len())),
    }
}

/// How far a parse got.
enum Farthest {
    /// To this token, where something else would have fitted.
    Token(usize, Expected),
    /// To the end of the stack.
    Stack,
}

/// Parses once more with recording on; returns how far that got, if not to the end.
fn record(codes: &str) -> Option<Farthest> {
    let _guard = RECORDING.lock().unwrap_or_else(PoisonError::into_inner);
    pest::set_error_detail(true);
    let result = Grammar::parse(Rule::statement, codes);
    pest::set_error_detail(false);
    let error = result.err()?;
    if let ErrorVariant::CustomError { .. } = error.variant {
        return Some(Farthest::Stack);
    }
    let attempts = error.parse_attempts()?;
    let mut expected = Expected::default();
    for token in attempts.expected_tokens() {
        expected.add(&token.to_string());
    }
    // Tokens are two bytes; a place between them is behind the first byte of one that fitted.
    Some(Farthest::Token(attempts.max_position.div_ceil(2), expected))
}

/// Returns whether a parse gets behind this token.
fn gets_behind(codes: &str, at: usize) -> bool {
    match record(codes) {
        Some(Farthest::Token(farthest, _)) => farthest > at,
        Some(Farthest::Stack) => false,
        None => true,
    }
}

/// What would have fitted.
#[derive(Default)]
struct Expected {
    codes: BTreeSet<Code>,
    name: bool,
    operator: bool,
    literal: bool,
}

impl Expected {
    /// Adds a token as pest shows it: its code, the first byte of a class, or the range that begins keywords.
    fn add(&mut self, token: &str) {
        match *token.as_bytes() {
            [b'o' | b'I' | b's' | b'Z'] => self.operator = true,
            [b'l' | b'L'] => self.literal = true,
            [_, b'.', b'.', _] => self.name = true,
            [first, second] if [first, second] == code::IDENTIFIER => self.name = true,
            [first, second] => {
                self.codes.insert([first, second]);
            }
            _ => {}
        }
    }

    fn has(&self, code: Code) -> bool {
        self.codes.contains(&code)
    }

    fn clause(&self) -> bool {
        self.has(code::MATCH) && self.has(code::RETURN)
    }

    /// Returns the keywords among it.
    fn keywords(&self) -> impl Iterator<Item = &'static str> {
        let infix = |code: Code| matches!(code[0], b'I' | b'Z');
        WORDS.iter().filter(move |(_, code)| self.has(*code) || self.operator && infix(*code)).map(|(word, _)| *word)
    }

    /// Returns it in words: sets that every reader knows are named, the rest is listed.
    fn words(&self) -> String {
        let mut codes = self.codes.clone();
        let mut words: Vec<String> = Vec::new();
        let mut remove = |set: &[Code]| codes.retain(|code| !set.contains(code));
        let expression = self.name && self.literal;
        if self.operator {
            remove(SUFFIXES);
        }
        if expression {
            words.push("an expression".to_owned());
            remove(OPERANDS);
        } else if self.name {
            words.push("a name".to_owned());
        }
        if self.clause() {
            words.push(if self.has(code::EXPLAIN) { "a statement" } else { "a clause" }.to_owned());
            remove(CLAUSES);
            remove(&[code::UNION, code::NEXT, code::WHEN, code::LBRACE]);
        }
        if self.has(code::EXPLAIN) {
            remove(STATEMENTS);
        }
        if self.operator {
            words.push("an operator".to_owned());
        }
        if codes.contains(&code::PATTERN_LPAREN) {
            codes.remove(&code::LPAREN);
        }
        for (code, name) in [
            (code::INTEGER, "an integer"),
            (code::STRING, "a string"),
            (code::PARAMETER, "a parameter"),
            (code::PATTERN_LPAREN, "`(`"),
        ] {
            if codes.remove(&code) {
                words.push(name.to_owned());
            }
        }
        let mut listed: Vec<&str> = codes.iter().filter_map(|code| words::keyword(*code)).collect();
        listed.sort_unstable();
        let mut words_first: Vec<String> = listed.into_iter().map(str::to_owned).collect();
        words_first.append(&mut words);
        words_first.extend(codes.iter().filter_map(|code| words::sign(*code)).map(|sign| format!("`{sign}`")));
        words_first.dedup();
        words_first.truncate(EXPECTED_MAX);
        match words_first.split_last() {
            None => String::new(),
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }
}

/// The place where a statement stops making sense.
struct Finding<'t> {
    source: &'t str,
    tokens: &'t Tokens,
    at: usize,
    expected: Expected,
}

impl Finding<'_> {
    fn text(&self, index: usize) -> &str {
        self.tokens.text(self.source, index)
    }

    fn is_name(&self, index: usize) -> bool {
        words::is_name(self.tokens.code(index))
    }

    /// Returns the error for `CALL { } IN TRANSACTIONS`: a statement is one transaction.
    fn in_transactions(&self) -> Option<QueryError> {
        let before = self.at.checked_sub(1)?;
        let is = |index: usize, word: &str| self.text(index).eq_ignore_ascii_case(word);
        if self.tokens.code(before) != code::RBRACE || self.tokens.code(self.at) != code::IN {
            return None;
        }
        // `IN 4 CONCURRENT TRANSACTIONS`
        (self.at + 1..=self.at + 3).find(|&index| index < self.tokens.len() && is(index, "TRANSACTIONS")).map(|index| {
            let span = self.tokens.span(self.at).to(self.tokens.span(index));
            unexpected("a statement is one transaction, so no part of it can commit by itself".to_owned(), span).hint(
                "COPY loads files in bounded memory; else run the statement for a part of the rows at a time, as with \
                 LIMIT, until none is left",
            )
        })
    }

    /// Returns the error for a misspelled keyword: the word itself, or the one before it that was taken for a name.
    fn misspelled(&self) -> Option<QueryError> {
        if self.is_name(self.at)
            && let Some(near) = suggest(self.text(self.at), self.expected.keywords())
            && !near.eq_ignore_ascii_case(self.text(self.at))
        {
            return Some(self.unexpected().hint(format!("did you mean `{near}`?")));
        }
        let before = self.at.checked_sub(1)?;
        if self.tokens.code(before) != code::IDENTIFIER || self.text(before).starts_with('`') {
            return None;
        }
        let near = suggest(self.text(before), WORDS.iter().map(|(word, _)| *word))?;
        let mut codes = self.tokens.codes.clone();
        let (_, code) = WORDS.iter().find(|(word, _)| *word == near)?;
        let code = std::str::from_utf8(code).expect("codes are ASCII");
        codes.replace_range(2 * before..2 * before + 2, code);
        let text = self.text(before);
        gets_behind(&codes, self.at).then(|| {
            unexpected(
                format!("`{text}` is taken for a name here, and makes no sense as one"),
                self.tokens.span(before),
            )
            .hint(format!("did you mean `{near}`?"))
        })
    }

    /// Returns the error for a keyword that was taken for a name because the expression before it is missing.
    fn missing(&self) -> Option<QueryError> {
        let before = self.at.checked_sub(1).filter(|&before| words::is_keyword(self.tokens.code(before)))?;
        let mut codes = self.tokens.codes.clone();
        codes.insert_str(2 * before, std::str::from_utf8(&code::INTEGER).expect("codes are ASCII"));
        gets_behind(&codes, self.at + 1).then(|| {
            let message = format!("an expression is missing before `{}`", self.text(before));
            unexpected(message, self.tokens.span(before))
        })
    }

    fn unexpected(&self) -> QueryError {
        let expected = self.expected.words();
        let expected = if expected.is_empty() { "the end of the statement".to_owned() } else { expected };
        if self.at >= self.tokens.len() {
            return unexpected(format!("the statement ends where {expected} is expected"), self.tokens.span(self.at));
        }
        let found: String = match self.text(self.at) {
            text if text.chars().count() > FOUND_CHARS_MAX => {
                text.chars().take(FOUND_CHARS_MAX).chain(['.', '.', '.']).collect()
            }
            text => text.to_owned(),
        };
        let span = self.tokens.span(self.at);
        let message = format!("expected {expected}, found `{found}`");
        if self.in_length() {
            return QueryError::syntax("InvalidRelationshipPattern", message, span)
                .hint("the length of a path is written *, *2, *1..3, *..3 or *1..");
        }
        if self.tokens.code(self.at) == code::PIPE && self.expected.has(code::BAR) {
            return unexpected("`|` has no meaning in this list".to_owned(), span)
                .hint("a comprehension begins with `variable IN list` or a pattern: [x IN list | value]");
        }
        let before = self.at.checked_sub(1).map(|before| self.tokens.code(before));
        let error = unexpected(message, span);
        // That word is taken for a name, and only the one behind it makes no sense.
        let before_it = self.at.checked_sub(1).filter(|before| self.text(*before).eq_ignore_ascii_case("INTO"));
        let here = [Some(self.at), before_it];
        let foreign = |index: usize| FOREIGN.iter().find(|(word, _)| word.eq_ignore_ascii_case(self.text(index)));
        if let Some((_, hint)) = here.into_iter().flatten().find_map(foreign) {
            return error.hint(*hint);
        }
        match self.tokens.code(self.at) {
            code::SEMICOLON => error.hint("only one statement can be given here"),
            code::LBRACKET if before == Some(code::GREATER) => {
                error.hint("what a relationship holds stands within it: -[…]-> or <-[…]-")
            }
            code::STRING if before == Some(code::STRING) => error.hint("a quote inside a string is written \\'"),
            _ => error,
        }
    }

    /// Returns whether the place is inside the brackets of a relationship, at something about its length.
    fn in_length(&self) -> bool {
        if !matches!(self.tokens.code(self.at), code::DOTS | code::MINUS | code::INTEGER | code::FLOAT) {
            return false;
        }
        let mut n_closed = 0;
        for index in (0..self.at).rev() {
            match self.tokens.code(index) {
                code::RPAREN | code::RBRACKET | code::RBRACE => n_closed += 1,
                code::LPAREN | code::PATTERN_LPAREN | code::LBRACKET | code::LBRACE if n_closed > 0 => n_closed -= 1,
                code::LBRACKET => return index > 0 && self.tokens.code(index - 1) == code::MINUS,
                code::LPAREN | code::PATTERN_LPAREN | code::LBRACE => return false,
                _ => {}
            }
        }
        false
    }
}

fn unexpected(message: String, span: Span) -> QueryError {
    QueryError::syntax("UnexpectedSyntax", message, span)
}
