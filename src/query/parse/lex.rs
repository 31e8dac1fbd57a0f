//! Text to tokens: blanks, comments, words, numbers, strings and signs, in one pass over the bytes.
//!
//! The lexer also bounds what the parser may meet (length, nesting), pairs the brackets (so an unbalanced one is
//! reported at the place where it opened), and makes the two distinctions that need the closing bracket: whether a
//! `(` opens the first node of a pattern, and whether a `|` separates labels or precedes a result.
//! It knows nothing of clauses.

use super::words::{self, Code, code};
use crate::{QueryError, Span, query::ast::EXPR_DEPTH_MAX};

/// The longest statement: far above anything written by hand, and a bound for what parsing may cost.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;

/// The deepest nesting of brackets and `CASE`: a hundred levels of what has two brackets a level, and less than what an
/// expression may have operators.
pub(crate) const NESTING_MAX: usize = 240;

/// The tokens of a statement.
#[derive(Debug)]
pub(super) struct Tokens {
    /// Their codes, two bytes each: what the grammar reads.
    pub(super) codes: String,
    /// Where they stand in the text.
    pub(super) spans: Vec<Span>,
    /// How deep what reads them may have to go: brackets and `CASE` in one another, and every `NOT`, as each may stand on the
    /// right of an operator on the right of another one.
    pub(super) levels: usize,
}

impl Tokens {
    /// Returns the code of a token; past the end a code that no token has.
    pub(super) fn code(&self, index: usize) -> Code {
        self.codes.as_bytes().get(2 * index..2 * index + 2).map_or(*b"  ", |code| [code[0], code[1]])
    }

    /// Returns how many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Returns the place of a token; past the end the place behind the last one.
    pub(super) fn span(&self, index: usize) -> Span {
        self.spans.get(index).copied().unwrap_or_else(|| {
            let end = self.spans.last().map_or(0, |span| span.end);
            Span { start: end, end }
        })
    }

    /// Returns the text of a token.
    pub(super) fn text<'t>(&self, source: &'t str, index: usize) -> &'t str {
        let span = self.span(index);
        &source[span.start as usize..span.end as usize]
    }
}

/// Returns the tokens of one statement, without the `;` at its end.
pub(super) fn lex(text: &str) -> Result<Tokens, QueryError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(unexpected(
            format!("the statement has {} bytes, more than the {TEXT_BYTES_MAX} allowed", text.len()),
            Span::new(TEXT_BYTES_MAX, TEXT_BYTES_MAX),
        )
        .hint("split it into several statements, or pass large values as parameters"));
    }
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        codes: Vec::with_capacity(text.len() / 2),
        spans: Vec::with_capacity(text.len() / 4),
        open: Vec::new(),
        partners: Vec::new(),
        n_cases: 0,
        deepest: 0,
        n_nots: 0,
    };
    lexer.run()?;
    if let Some(&open) = lexer.open.last() {
        return Err(lexer.unclosed(open));
    }
    while lexer.codes.last() == Some(&code::SEMICOLON) {
        lexer.codes.pop();
        lexer.spans.pop();
    }
    lexer.mark_patterns();
    let codes = String::from_utf8(lexer.codes.into_flattened()).expect("codes are ASCII");
    let levels = lexer.deepest + lexer.n_nots.min(EXPR_DEPTH_MAX);
    Ok(Tokens { codes, spans: lexer.spans, levels })
}

/// What a text is as a name.
#[cfg(any(test, feature = "fuzz"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// A name and nothing else.
    Name,
    /// A word of the language.
    Keyword,
    /// No word.
    None,
}

/// Returns what the lexer takes a text for.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn word(text: &str) -> Word {
    match lex(text) {
        Ok(tokens) if tokens.len() == 1 && tokens.text(text, 0).len() == text.len() => match tokens.code(0) {
            code::IDENTIFIER if !text.starts_with('`') => Word::Name,
            code if words::is_keyword(code) => Word::Keyword,
            _ => Word::None,
        },
        _ => Word::None,
    }
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    codes: Vec<Code>,
    spans: Vec<Span>,
    /// Indices of the brackets that are open.
    open: Vec<usize>,
    /// Indices of round and square brackets that opened, with those that closed them.
    partners: Vec<(usize, usize)>,
    /// How many `CASE` are open.
    n_cases: usize,
    /// The most brackets and `CASE` that were open at once.
    deepest: usize,
    n_nots: usize,
}

impl Lexer<'_> {
    fn run(&mut self) -> Result<(), QueryError> {
        loop {
            self.at = skip_blank(self.text, self.at)?;
            let Some(&byte) = self.bytes.get(self.at) else { return Ok(()) };
            let start = self.at;
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
                b'0'..=b'9' => self.number()?,
                b'.' if self.peek(1).is_ascii_digit() && !self.follows_name() => self.number()?,
                b'\'' | b'"' => {
                    self.at = skip_quoted(self.text, start)?;
                    self.push(code::STRING, start);
                }
                b'`' => {
                    self.at = skip_quoted(self.text, start)?;
                    self.push(code::IDENTIFIER, start);
                }
                b'$' => self.parameter()?,
                b'(' | b'[' | b'{' => self.open_bracket(byte),
                b')' | b']' | b'}' => self.close_bracket(byte)?,
                0x80.. => self.unicode()?,
                _ => self.sign(byte)?,
            }
            self.deepest = self.deepest.max(self.open.len() + self.n_cases);
            if self.deepest > NESTING_MAX {
                return Err(unexpected(
                    format!("brackets and CASE are nested deeper than {NESTING_MAX}"),
                    Span::new(start, self.at),
                )
                .hint("flatten the expression, or split it with WITH"));
            }
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Adds the token from `start` to here.
    fn push(&mut self, code: Code, start: usize) {
        if self.codes.last() == Some(&code::CASE) && !is_name_end(code) {
            self.n_cases += 1;
        }
        self.codes.push(code);
        self.spans.push(Span::new(start, self.at));
    }

    /// Returns whether the token before stands directly before this place and could own a property.
    fn follows_name(&self) -> bool {
        let touches = self.spans.last().is_some_and(|span| span.end as usize == self.at);
        touches && self.codes.last().is_some_and(|&code| words::is_name(code) || code == code::RPAREN)
    }

    fn word(&mut self) {
        let start = self.at;
        self.skip_word();
        let code = words::word_code(&self.bytes[start..self.at]);
        match code {
            code::END => self.n_cases = self.n_cases.saturating_sub(1),
            code::NOT => self.n_nots += 1,
            _ => {}
        }
        self.push(code, start);
    }

    /// Skips letters, digits and underscores of any script.
    fn skip_word(&mut self) {
        loop {
            match self.peek(0) {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => self.at += 1,
                0x80.. => match self.text[self.at..].chars().next() {
                    Some(c) if is_word_char(c) => self.at += c.len_utf8(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    /// Takes a number: digits, then a fraction and an exponent; or `0x`, `0o`.
    fn number(&mut self) -> Result<(), QueryError> {
        let start = self.at;
        let mut code = code::INTEGER;
        if self.peek(0) == b'0' && matches!(self.peek(1) | 0x20, b'x' | b'o') {
            self.skip_word();
        } else {
            self.skip_digits();
            if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
                code = code::FLOAT;
                self.at += 1;
                self.skip_digits();
            }
            let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(0) | 0x20 == b'e' && self.peek(1 + sign).is_ascii_digit() {
                code = code::FLOAT;
                self.at += 1 + sign;
                self.skip_digits();
            }
            let end = self.at;
            self.skip_word();
            if self.at != end {
                let text = &self.text[start..self.at];
                let error = QueryError::syntax(
                    "InvalidNumberLiteral",
                    format!("`{text}` is not a number"),
                    Span::new(start, self.at),
                );
                return Err(error.hint(format!("quote it if it is a name: `` `{text}` ``")));
            }
        }
        self.push(code, start);
        Ok(())
    }

    fn skip_digits(&mut self) {
        while self.peek(0).is_ascii_digit() || self.peek(0) == b'_' && self.peek(1).is_ascii_digit() {
            self.at += 1;
        }
    }

    fn parameter(&mut self) -> Result<(), QueryError> {
        let start = self.at;
        self.at += 1;
        if self.peek(0) == b'`' {
            self.at = skip_quoted(self.text, self.at)?;
        } else {
            self.skip_word();
        }
        if self.at == start + 1 {
            return Err(unexpected("`$` has no parameter name after it", Span::new(start, self.at))
                .hint("a parameter is written $name, $0 or $`any name`"));
        }
        self.push(code::PARAMETER, start);
        Ok(())
    }

    fn open_bracket(&mut self, byte: u8) {
        let start = self.at;
        self.at += 1;
        self.open.push(self.codes.len());
        self.push([b's', byte], start);
    }

    fn close_bracket(&mut self, byte: u8) -> Result<(), QueryError> {
        let start = self.at;
        self.at += 1;
        let Some(open) = self.open.pop() else {
            let opening = opening(byte) as char;
            return Err(unexpected(
                format!("`{}` closes nothing: there is no `{opening}` before it", byte as char),
                Span::new(start, self.at),
            ));
        };
        if self.codes[open][1] != opening(byte) {
            return Err(self.unclosed(open).hint(format!("`{}` was found before it was closed", byte as char)));
        }
        if byte != b'}' {
            self.partners.push((open, self.codes.len()));
        }
        self.push([byte, b' '], start);
        Ok(())
    }

    fn unclosed(&self, open: usize) -> QueryError {
        let byte = self.codes[open][1] as char;
        unexpected(format!("`{byte}` is opened here and never closed"), self.spans[open])
    }

    fn sign(&mut self, byte: u8) -> Result<(), QueryError> {
        let start = self.at;
        let (code, length) = match (byte, self.peek(1)) {
            (b'.', b'.') => (code::DOTS, 2),
            (b'<', b'>') => (code::NOT_EQUAL, 2),
            (b'<', b'=') => (code::LESS_EQUAL, 2),
            (b'>', b'=') => (code::GREATER_EQUAL, 2),
            (b'=', b'~') => (code::MATCHES, 2),
            (b'+', b'=') => (code::ADD_EQUAL, 2),
            (b'!', b'=') => return Err(self.foreign("!=", "write <> for \"is not equal\"")),
            (b'=', b'=') => return Err(self.foreign("==", "write = for \"is equal\"")),
            (b'&', b'&') => return Err(self.foreign("&&", "write AND")),
            (b'|', b'|') => (code::CONCAT, 2),
            (b'|', _) => (if self.before_result() { code::BAR } else { code::PIPE }, 1),
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'=' | b'<' | b'>', _) => ([b'o', byte], 1),
            (b'.' | b':', _) => ([b's', byte], 1),
            (b',' | b';' | b'&' | b'!', _) => ([byte, b' '], 1),
            _ => {
                let hint = match byte {
                    b'#' => "a comment starts with //",
                    b'@' | b'\\' | b'?' | b'~' => "names with other signs are quoted: `a name`",
                    _ => "remove it",
                };
                let shown = if byte.is_ascii_graphic() { (byte as char).to_string() } else { format!("\\x{byte:02x}") };
                return Err(
                    unexpected(format!("`{shown}` has no meaning here"), Span::new(start, start + 1)).hint(hint)
                );
            }
        };
        self.at += length;
        self.push(code, start);
        Ok(())
    }

    fn foreign(&self, sign: &str, hint: &str) -> QueryError {
        unexpected(format!("`{sign}` is no operator"), Span::new(self.at, self.at + sign.len())).hint(hint)
    }

    /// Takes a word that starts outside ASCII.
    fn unicode(&mut self) -> Result<(), QueryError> {
        let start = self.at;
        let c = self.text[start..].chars().next().expect("there is a byte, so there is a character");
        if is_word_char(c) && !c.is_numeric() {
            self.skip_word();
            self.push(code::IDENTIFIER, start);
            return Ok(());
        }
        let hint = match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}' => "write the ASCII sign -",
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201c}'..='\u{201e}' => "write the ASCII quotes ' or \"",
            '\u{2190}'..='\u{21ff}' => "write arrows as -->, <-- or --",
            _ => "put it between quotes or backticks if it belongs to a string or a name",
        };
        Err(QueryError::syntax(
            "InvalidUnicodeCharacter",
            format!("`{c}` (U+{:04X}) has no meaning here", u32::from(c)),
            Span::new(start, start + c.len_utf8()),
        )
        .hint(hint))
    }

    /// Returns whether a `|` here precedes the result of a comprehension, of `reduce` or of `FOREACH`.
    fn before_result(&self) -> bool {
        let Some(&open) = self.open.last() else { return false };
        let code = |index: usize| self.codes.get(index).copied().unwrap_or_default();
        match code(open) {
            code::LBRACKET => {
                code(open + 1) == code::LPAREN
                    || matches!(code(open + 1), code::SHORTESTPATH | code::ALLSHORTESTPATHS)
                        && code(open + 2) == code::LPAREN
                    || words::is_name(code(open + 1)) && matches!(code(open + 2), code::IN | code::EQUAL)
            }
            code::LPAREN if open > 0 => {
                let span = self.spans[open - 1];
                let word = &self.text[span.start as usize..span.end as usize];
                word.eq_ignore_ascii_case("reduce") || word.eq_ignore_ascii_case("foreach")
            }
            _ => false,
        }
    }

    /// Marks each `(` that opens the first node of a pattern with at least one hop: its contents look like a node,
    /// and behind its `)` stands something that looks like a relationship, and then another `(`.
    fn mark_patterns(&mut self) {
        self.partners.sort_unstable();
        for index in 0..self.partners.len() {
            let (open, close) = self.partners[index];
            if self.codes[open] == code::LPAREN && self.is_pattern(open, close) {
                self.codes[open] = code::PATTERN_LPAREN;
            }
        }
    }

    fn is_pattern(&self, open: usize, close: usize) -> bool {
        let code = |index: usize| self.codes.get(index).copied().unwrap_or_default();
        let touches = |index: usize| self.spans[index - 1].end == self.spans[index].start;
        let ends_name =
            |c: Code| matches!(c, code::COLON | code::LBRACE | code::PARAMETER | code::WHERE | code::RPAREN);
        let mut at = close + 1;
        if code(at) == code::LESS {
            at += 1;
            if code(at) != code::MINUS || !touches(at) {
                return false;
            }
        }
        if code(at) != code::MINUS || !(ends_name(code(open + 1)) || ends_name(code(open + 2))) {
            return false;
        }
        if !ends_name(code(open + 1)) && !words::is_name(code(open + 1)) {
            return false;
        }
        at += 1;
        if code(at) == code::LBRACKET {
            let Ok(found) = self.partners.binary_search_by_key(&at, |pair| pair.0) else { return false };
            let ends_name = |c: Code| c == code::RBRACKET || c == code::STAR || c != code::RPAREN && ends_name(c);
            let named = words::is_name(code(at + 1)) && ends_name(code(at + 2));
            if !named && !ends_name(code(at + 1)) {
                return false;
            }
            at = self.partners[found].1 + 1;
            if code(at) != code::MINUS {
                return false;
            }
        } else if code(at) != code::MINUS || !touches(at) {
            return false;
        }
        at += 1;
        if code(at) == code::GREATER {
            at += 1;
        }
        if code(at - 1) == code::GREATER || code(close + 1) == code::LESS {
            at = self.behind_quantifier(at);
        }
        matches!(code(at), code::LPAREN | code::PATTERN_LPAREN)
    }

    /// Returns the place behind a quantifier that stands here, if one does: `+`, `*`, `{1,3}`.
    fn behind_quantifier(&self, at: usize) -> usize {
        /// The tokens between the braces of a quantifier, at most: two numbers and a comma.
        const TOKENS_MAX: usize = 3;
        match self.codes.get(at) {
            Some(&(code::PLUS | code::STAR)) => at + 1,
            Some(&code::LBRACE) => {
                let inside = self.codes[at + 1..].iter().take(TOKENS_MAX + 1);
                inside.zip(at + 2..).find(|(code, _)| **code == code::RBRACE).map_or(at, |(_, behind)| behind)
            }
            _ => at,
        }
    }
}

/// Returns whether a `CASE` before this token is a name: the grammar's `name_end`.
fn is_name_end(code: Code) -> bool {
    matches!(
        code,
        code::COMMA
            | code::RPAREN
            | code::RBRACKET
            | code::RBRACE
            | code::DOT
            | code::COLON
            | code::EQUAL
            | code::AS
            | code::SEMICOLON
    )
}

fn opening(closing: u8) -> u8 {
    match closing {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{203f}' | '\u{2040}' | '\u{300}'..='\u{36f}')
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}' | '\u{180e}' | '\u{feff}')
}

/// Returns the first place at or after `at` that is neither blank nor comment.
pub(super) fn skip_blank(text: &str, mut at: usize) -> Result<usize, QueryError> {
    let bytes = text.as_bytes();
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\n' | b'\t' | b'\r') => at += 1,
            Some(b'/') if bytes.get(at + 1) == Some(&b'/') => {
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1);
            }
            Some(b'/') if bytes.get(at + 1) == Some(&b'*') => {
                let Some(length) = text[at + 2..].find("*/") else {
                    return Err(unexpected("the comment is opened here and never closed", Span::new(at, at + 2))
                        .hint("close it with */"));
                };
                at += 2 + length + 2;
            }
            Some(0x80.. | 0x0b | 0x0c | 0x1c..=0x1f) => match text[at..].chars().next() {
                Some(c) if is_blank(c) => at += c.len_utf8(),
                _ => return Ok(at),
            },
            _ => return Ok(at),
        }
    }
}

/// Returns the place behind a string or quoted name that begins at `start`.
pub(super) fn skip_quoted(text: &str, start: usize) -> Result<usize, QueryError> {
    let bytes = text.as_bytes();
    let quote = bytes[start];
    let mut at = start + 1;
    while let Some(length) =
        memchr::memchr2(quote, if quote == b'`' { b'`' } else { b'\\' }, &bytes[at.min(bytes.len())..])
    {
        at += length;
        let doubled = quote == b'`' && bytes.get(at + 1) == Some(&b'`');
        if doubled || bytes[at] == b'\\' {
            at += 2;
        } else {
            return Ok(at + 1);
        }
    }
    let what = if quote == b'`' { "quoted name" } else { "string" };
    let error = unexpected(format!("the {what} is opened here and never closed"), Span::new(start, start + 1));
    Err(error.hint(format!("close it with {}", quote as char)))
}

fn unexpected(message: impl Into<String>, span: Span) -> QueryError {
    QueryError::syntax("UnexpectedSyntax", message, span)
}
