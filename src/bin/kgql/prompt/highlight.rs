//! Colours of what is typed: keywords, strings, numbers, comments; names the database does not have; the first error.
//!
//! Each keystroke compiles what has been typed (some ten microseconds a line, see the test). An error is marked once the
//! cursor is behind it: what is being typed is not wrong yet.

use std::sync::{Arc, Mutex, PoisonError};

use attendb::{Database, Error};
use nu_ansi_term::{Color, Style};
use reedline::{Highlighter, StyledText};

use super::complete::{AGGREGATES, KEYWORDS, Names, is_word, open_brackets};
use crate::script::{self, Kind};

/// The longest text that is compiled at each keystroke: beyond, somebody pastes, and errors can wait.
const CHECKED_BYTES_MAX: usize = 4 << 10;

/// Colours statements as they are typed.
pub(super) struct Colors {
    /// The names there are.
    pub(super) names: Arc<Mutex<Names>>,
    /// What compiles.
    pub(super) db: Database,
}

impl Highlighter for Colors {
    fn highlight(&self, line: &str, cursor: usize) -> StyledText {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = wrong(line, cursor, |text| self.db.validate(text).err());
        let mut styled = StyledText::new();
        for (style, text) in pieces(line, cursor, &names, wrong) {
            styled.push((style, text.to_owned()));
        }
        styled
    }
}

/// Returns where the first error is that the cursor has left behind, in bytes.
fn wrong(line: &str, cursor: usize, check: impl Fn(&str) -> Option<Error>) -> Option<(usize, usize)> {
    if line.len() > CHECKED_BYTES_MAX {
        return None;
    }
    script::pieces(line).into_iter().filter(|piece| piece.kind == Kind::Statement).find_map(|piece| {
        let start = piece.text.as_ptr().addr() - line.as_ptr().addr();
        let Some(Error::Query(error)) = check(piece.text) else { return None };
        let span = error.span?;
        let (from, to) = (start + span.start as usize, start + span.end as usize);
        let is_inside = line.is_char_boundary(from) && line.is_char_boundary(to) && from < to;
        if !is_inside || (from <= cursor && cursor <= to) {
            return None;
        }
        // What is not closed yet ends too early everywhere, and what was opened last is still open.
        let is_unfinished =
            to >= start + piece.text.len() || line[from..to].starts_with(['(', '[', '{', '\'', '"', '`']);
        (piece.closed || !is_unfinished).then_some((from, to))
    })
}

/// Returns the pieces of the line with their styles.
fn pieces<'a>(line: &'a str, cursor: usize, names: &Names, wrong: Option<(usize, usize)>) -> Vec<(Style, &'a str)> {
    let mut found = Vec::new();
    let mut at = 0;
    for (kind, text) in tokens(line) {
        let end = at + text.len();
        let is_typed = at <= cursor && cursor <= end;
        let is_unknown = kind == Token::Other && !is_typed && is_unknown(line, at, text, names);
        let style = if is_unknown { Color::Yellow.underline() } else { kind.style() };
        let (from, to) = wrong.map_or((end, end), |(from, to)| (from.clamp(at, end), to.clamp(at, end)));
        for (style, part) in
            [(style, &line[at..from]), (Color::Red.underline(), &line[from..to]), (style, &line[to..end])]
        {
            if !part.is_empty() {
                found.push((style, part));
            }
        }
        at = end;
    }
    found
}

/// Returns whether a word stands where a name of the database or a function does, and is none.
fn is_unknown(line: &str, at: usize, word: &str, names: &Names) -> bool {
    if !word.starts_with(is_word) {
        return false;
    }
    let before = line[..at].chars().next_back();
    let after = line[at + word.len()..].trim_start().chars().next();
    let lacks = |known: &[String]| !known.iter().any(|name| name == word);
    match before {
        Some('.') if after == Some('(') => false,
        Some('.') => lacks(&names.keys),
        Some(':' | '|' | '&' | '!') => match open_brackets(&line[..at]).as_deref().map(<[_]>::last) {
            Some(Some(('[', _))) => lacks(&names.types),
            Some(Some(('(', _)) | None) => lacks(&names.labels),
            _ => false,
        },
        _ if after == Some('(') => {
            let mut functions = attendb::function_names().chain(AGGREGATES.iter().copied());
            !functions.any(|name| name.eq_ignore_ascii_case(word))
                && !CALLED.iter().any(|c| c.eq_ignore_ascii_case(word))
        }
        _ => false,
    }
}

/// Words that stand before a parenthesis and are neither keywords of ours nor functions.
const CALLED: &[&str] = &["shortestPath", "allShortestPaths", "reduce", "filter", "extract", "exists"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Keyword,
    Text,
    Number,
    Comment,
    Parameter,
    Other,
}

impl Token {
    fn style(self) -> Style {
        match self {
            Self::Keyword => Color::Blue.bold(),
            Self::Text => Color::Green.normal(),
            Self::Number => Color::Cyan.normal(),
            Self::Comment => Style::new().dimmed(),
            Self::Parameter => Color::Purple.normal(),
            Self::Other => Style::new(),
        }
    }
}

/// Cuts a line into coloured pieces that together are the line.
fn tokens(line: &str) -> Vec<(Token, &str)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (kind, len) = match first {
            '\'' | '"' => (Token::Text, quoted(rest, first)),
            '`' => (Token::Other, quoted(rest, first)),
            '/' if rest.starts_with("//") => (Token::Comment, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (Token::Comment, rest.find("*/").map_or(rest.len(), |at| at + 2)),
            '$' => (Token::Parameter, 1 + word(&rest[1..])),
            c if c.is_ascii_digit() => (Token::Number, number(rest)),
            c if c.is_alphabetic() || c == '_' => {
                let len = word(rest);
                let known = KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(&rest[..len]));
                (if known { Token::Keyword } else { Token::Other }, len)
            }
            c => (Token::Other, c.len_utf8()),
        };
        let (token, tail) = rest.split_at(len);
        found.push((kind, token));
        rest = tail;
    }
    found
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn number(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(text.len())
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_line() {
        for line in ["MATCH (n:`a b`) WHERE n.x = 'it\\'s' // ü", "'open", "/* open", "$p + 1.5e3", "$", "é'\\"] {
            let whole: String = tokens(line).into_iter().map(|(_, text)| text).collect();
            assert_eq!(whole, line);
        }
    }

    #[test]
    fn keywords_strings_and_numbers_differ() {
        let kinds: Vec<Token> =
            tokens("return 'match' 12 x $p").into_iter().filter(|(_, t)| *t != " ").map(|(k, _)| k).collect();
        assert_eq!(kinds, [Token::Keyword, Token::Text, Token::Number, Token::Other, Token::Parameter]);
    }

    fn marked(line: &str, cursor: usize) -> Vec<String> {
        let db = Database::memory().unwrap();
        db.execute("CREATE (:Npc {name: 'Ada'})-[:KNOWS]->(:Npc)", ()).unwrap();
        let names = Names {
            labels: vec!["Npc".into()],
            types: vec!["KNOWS".into()],
            keys: vec!["name".into()],
            ..Names::default()
        };
        let wrong = wrong(line, cursor, |text| db.validate(text).err());
        let is_mark = |style: &Style| *style == Color::Red.underline() || *style == Color::Yellow.underline();
        let found = pieces(line, cursor, &names, wrong);
        assert_eq!(found.iter().map(|(_, text)| *text).collect::<String>(), line);
        found.into_iter().filter(|(style, _)| is_mark(style)).map(|(_, text)| text.to_owned()).collect()
    }

    #[test]
    fn errors_behind_the_cursor_are_marked() {
        let line = "MATCH (n:Npc) RETUNR n.name";
        assert_eq!(marked(line, line.len()), ["RETUNR"]);
        assert_eq!(marked("MATCH (n:Npc) RETURN m.name;", 28), ["m"]);
        assert_eq!(marked("RETURN 1; MATCH (é:Npc) RETURN n;", 0), ["n"]);
    }

    #[test]
    fn what_is_being_typed_is_not_wrong_yet() {
        for line in [
            "M",
            "MATCH ",
            "MATCH (n",
            "MATCH (n:Np",
            "MATCH (n:Npc) ",
            "MATCH (n:Npc) WHERE ",
            "MATCH (n:Npc) WITH n ",
            "MATCH (n:Npc {name: ",
            "MATCH (n:Npc) RETU",
            "MATCH (n:Npc) WHERE n.na",
            "RETURN 'x",
            "RETURN [1, ",
        ] {
            assert_eq!(marked(line, line.len()), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn unknown_names_are_marked_otherwise() {
        assert_eq!(
            marked("MATCH (n:Nbc)-[:KNWOS]->() RETURN n.nmae, lenght(n.name) ", 0),
            ["Nbc", "KNWOS", "nmae", "lenght"]
        );
        assert_eq!(marked("MATCH (n:Npc)-[:KNOWS]->() RETURN n.name, count(n), {a: 1}.a ", 60), Vec::<String>::new());
    }

    #[test]
    fn a_keystroke_costs_little() {
        let db = Database::memory().unwrap();
        let line = "MATCH (a:Npc {id: $id})-[k:KNOWS*1..3]->(b:Npc) WHERE b.age > 30 AND b.name STARTS WITH 'A' WITH b, \
                    count(*) AS n ORDER BY n DESC LIMIT 10 RETURN b.name, n";
        let started = std::time::Instant::now();
        for _ in 0..100 {
            wrong(line, line.len(), |text| db.validate(text).err());
        }
        let each = started.elapsed() / 100;
        println!("{each:?} a keystroke for {} bytes", line.len());
        assert!(each < std::time::Duration::from_millis(20), "{each:?}");
    }
}
