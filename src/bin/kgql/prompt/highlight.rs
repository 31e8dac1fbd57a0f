//! Colours of what is typed: keywords, strings, numbers, comments.

use nu_ansi_term::{Color, Style};
use reedline::{Highlighter, StyledText};

use super::complete::KEYWORDS;

/// Colours statements as they are typed.
pub(super) struct Colors;

impl Highlighter for Colors {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut styled = StyledText::new();
        for (kind, text) in tokens(line) {
            styled.push((kind.style(), text.to_owned()));
        }
        styled
    }
}

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
}
