//! The small language in which words are asked for, from a text to what it asks.
//!
//! | written | asks for |
//! |---|---|
//! | `old mill` | either word; both is better |
//! | `"old mill"`, `"old mill"~2` | the words one after another, or at most two places off |
//! | `mil*` | words that begin so |
//! | `mil~`, `mil~1` | words at most two typos off, or one |
//! | `name:mill` | the word in this property only; `name:(old mill)` both |
//! | `mill^2.5` | counts so many times |
//! | `old AND mill`, `old OR mill`, `NOT mill` | as they say; AND binds before OR; `&&`, `\|\|`, `!` too |
//! | `+old -mill` | must be there, must not be there |
//! | `( )`, `\+` | groups; a sign as it is |
//!
//! It is the part of Lucene's language that people use. What is not understood is an error with its place, never
//! something else: ranges, regular expressions, and wildcards but at a word's end.

use std::fmt;

/// The most bytes of a query.
const BYTES_MAX: usize = 8 << 10;

/// The most words and phrases of a query: each is looked for in each property.
const ASKED_MAX: usize = 256;

/// The deepest nesting of groups.
const DEPTH_MAX: usize = 16;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ask {
    /// A text in quotes, or a word; it may be several where it is analyzed, which then follow each other.
    Phrase { field: Option<String>, text: String, slop: u32 },
    /// Words that begin like this.
    Prefix { field: Option<String>, text: String },
    /// Words so many typos off.
    Fuzzy { field: Option<String>, text: String, typos: u8 },
    /// Any of these, all of those that must be.
    Group(Vec<(Need, Ask)>),
    /// It counts so many times.
    Boost(Box<Ask>, f32),
}

/// Whether a part must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    May,
    Must,
    MustNot,
}

/// What is wrong with a query, and at which character (from 1).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {} of the search text)", self.message, self.at)
    }
}

/// Returns what a text asks for; nothing where it is empty.
///
/// # Errors
/// What is not understood, and where.
pub(crate) fn parse(text: &str) -> Result<Option<Ask>, Fault> {
    if text.len() > BYTES_MAX {
        return Err(Fault { at: 1, message: format!("a search text may have {BYTES_MAX} bytes, not {}", text.len()) });
    }
    let mut parser = Parser { chars: text.chars().collect(), at: 0, n_asked: 0, field: None };
    let ask = parser.group(0)?;
    match parser.peek() {
        None => Ok(ask),
        Some(_) => parser.fail("`)` without `(`"),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    n_asked: usize,
    /// The property that the group at hand is about.
    field: Option<String>,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is = self.peek() == Some(wanted);
        self.at += usize::from(is);
        is
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { at: self.at + 1, message: message.into() })
    }

    /// Takes one of the words AND, OR, NOT, or the signs that mean it.
    fn take_operator(&mut self, word: &str, sign: &str) -> bool {
        let rest = &self.chars[self.at..];
        let is_word = rest.len() >= word.len()
            && rest.iter().zip(word.chars()).all(|(a, b)| *a == b)
            && rest.get(word.len()).is_none_or(|c| c.is_whitespace() || *c == '(' || *c == '"');
        let is_sign = rest.len() >= sign.len() && rest.iter().zip(sign.chars()).all(|(a, b)| *a == b);
        let n = if is_word { word.len() } else { sign.len() };
        if is_word || is_sign {
            self.at += n;
            self.skip_spaces();
        }
        is_word || is_sign
    }

    /// Parts side by side, to the end or a closing parenthesis.
    fn group(&mut self, depth: usize) -> Result<Option<Ask>, Fault> {
        if depth > DEPTH_MAX {
            return self.fail(format!("groups may be nested {DEPTH_MAX} deep"));
        }
        let mut parts = Vec::new();
        self.skip_spaces();
        while self.peek().is_some_and(|c| c != ')') {
            if self.take_operator("OR", "||") {
                if parts.is_empty() || self.peek().is_none_or(|c| c == ')') {
                    return self.fail("OR stands between two parts");
                }
                continue;
            }
            let first = self.part(depth)?;
            if !self.take_operator("AND", "&&") {
                parts.push(first);
                continue;
            }
            let mut all = vec![first];
            loop {
                if self.peek().is_none_or(|c| c == ')') {
                    return self.fail("AND stands between two parts");
                }
                all.push(self.part(depth)?);
                if !self.take_operator("AND", "&&") {
                    break;
                }
            }
            let must = |(need, ask)| (if need == Need::May { Need::Must } else { need }, ask);
            parts.push((Need::May, Ask::Group(all.into_iter().map(must).collect())));
        }
        Ok(match parts.len() {
            0 => None,
            1 if parts[0].0 != Need::MustNot => parts.pop().map(|(_, ask)| ask),
            _ => Some(Ask::Group(parts)),
        })
    }

    fn part(&mut self, depth: usize) -> Result<(Need, Ask), Fault> {
        let need = if self.take('+') {
            Need::Must
        } else if self.take('-') || self.take_operator("NOT", "!") {
            Need::MustNot
        } else {
            Need::May
        };
        if self.take_operator("AND", "&&") {
            return self.fail("AND stands between two parts");
        }
        let ask = self.primary(depth)?;
        let ask = if self.take('^') {
            let boost = self.number()?;
            if !(boost.is_finite() && boost > 0.0 && boost <= 1e6) {
                return self.fail("a boost is a number above 0, at most a million");
            }
            Ask::Boost(Box::new(ask), boost)
        } else {
            ask
        };
        match self.peek() {
            None => {}
            Some(c) if c.is_whitespace() || matches!(c, ')' | '(' | '"') => {}
            Some(c) => return self.fail(format!("a space is missing before `{c}`")),
        }
        self.skip_spaces();
        Ok((need, ask))
    }

    fn primary(&mut self, depth: usize) -> Result<Ask, Fault> {
        self.n_asked += 1;
        if self.n_asked > ASKED_MAX {
            return self.fail(format!("a search text may have {ASKED_MAX} words"));
        }
        match self.peek() {
            Some('(') => {
                let begin = self.at;
                self.at += 1;
                let group = self.group(depth + 1)?;
                if !self.take(')') {
                    self.at = begin;
                    return self.fail("`(` without `)`");
                }
                match group {
                    Some(group) => Ok(group),
                    None => self.fail("an empty group"),
                }
            }
            Some('"') => self.phrase(),
            Some(c @ ('[' | '{')) => self.fail(format!("`{c}`: ranges are not searched for by words")),
            Some('/') => self.fail("`/`: regular expressions are not searched for by words; write `\\/` for the sign"),
            _ => self.word(depth),
        }
    }

    fn phrase(&mut self) -> Result<Ask, Fault> {
        let begin = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('"') => break,
                Some('\\') if self.at + 1 < self.chars.len() => {
                    self.at += 1;
                    text.push(self.chars[self.at]);
                }
                Some(c) => text.push(c),
                None => {
                    self.at = begin;
                    return self.fail("a quotation mark that is not closed");
                }
            }
            self.at += 1;
        }
        self.at += 1;
        let slop = if self.take('~') { self.number()? as u32 } else { 0 };
        Ok(Ask::Phrase { field: self.field.clone(), text, slop: slop.min(64) })
    }

    fn word(&mut self, depth: usize) -> Result<Ask, Fault> {
        let begin = self.at;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\\' if self.at + 1 < self.chars.len() => {
                    self.at += 1;
                    text.push(self.chars[self.at]);
                }
                ':' if !text.is_empty() && self.chars.get(self.at + 1).is_some_and(|c| !c.is_whitespace()) => {
                    self.at += 1;
                    if let Some(field) = &self.field {
                        return self.fail(format!("`{text}:` inside of `{field}:`"));
                    }
                    self.field = Some(text);
                    let asked = self.primary(depth);
                    self.field = None;
                    return asked;
                }
                '*' | '?' => break,
                '~' | '^' | '(' | ')' | '"' => break,
                c if c.is_whitespace() => break,
                c => text.push(c),
            }
            self.at += 1;
        }
        let field = self.field.clone();
        match self.peek() {
            Some('*') if !text.is_empty() => {
                self.at += 1;
                if self.peek().is_some_and(|c| !(c.is_whitespace() || matches!(c, ')' | '^'))) {
                    return self.fail("a wildcard stands at the end of a word");
                }
                Ok(Ask::Prefix { field, text })
            }
            Some(c @ ('*' | '?')) => {
                self.fail(format!("`{c}`: a wildcard is `*` at the end of a word; write `\\{c}` for the sign"))
            }
            Some('~') if !text.is_empty() => {
                self.at += 1;
                let typos = match self.peek() {
                    Some(c) if c.is_ascii_digit() => self.number()?,
                    _ => 2.0,
                };
                if !(typos == 1.0 || typos == 2.0) {
                    return self.fail(format!("a word is one or two typos off (`~1`, `~2`), not {typos}"));
                }
                Ok(Ask::Fuzzy { field, text, typos: typos as u8 })
            }
            _ if text.is_empty() => {
                self.at = begin;
                self.fail("a word is missing")
            }
            _ => Ok(Ask::Phrase { field, text, slop: 0 }),
        }
    }

    fn number(&mut self) -> Result<f32, Fault> {
        let begin = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit() || c == '.') {
            self.at += 1;
        }
        let digits: String = self.chars[begin..self.at].iter().collect();
        match digits.parse() {
            Ok(number) => Ok(number),
            Err(_) => {
                self.at = begin;
                self.fail("a number is missing")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ask: &Ask) -> String {
        let field = |field: &Option<String>| field.as_ref().map_or(String::new(), |field| format!("{field}:"));
        match ask {
            Ask::Phrase { field: of, text, slop: 0 } => format!("{}[{text}]", field(of)),
            Ask::Phrase { field: of, text, slop } => format!("{}[{text}]~{slop}", field(of)),
            Ask::Prefix { field: of, text } => format!("{}{text}*", field(of)),
            Ask::Fuzzy { field: of, text, typos } => format!("{}{text}~{typos}", field(of)),
            Ask::Boost(ask, by) => format!("{}^{by}", shown(ask)),
            Ask::Group(parts) => {
                let part = |(need, ask): &(Need, Ask)| {
                    let sign = match need {
                        Need::May => "",
                        Need::Must => "+",
                        Need::MustNot => "-",
                    };
                    format!("{sign}{}", shown(ask))
                };
                format!("({})", parts.iter().map(part).collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn texts_are_understood() {
        for (text, wanted) in [
            ("mill", "[mill]"),
            ("old mill", "([old] [mill])"),
            ("  old   OR mill ", "([old] [mill])"),
            ("old AND mill river", "((+[old] +[mill]) [river])"),
            ("old && NOT mill", "(+[old] -[mill])"),
            ("+old -mill", "(+[old] -[mill])"),
            ("\"old mill\"~2^3", "[old mill]~2^3"),
            ("mil* mil~ mil~1^0.5", "(mil* mil~2 mil~1^0.5)"),
            ("name:mill name:(old mil*)", "(name:[mill] (name:[old] name:mil*))"),
            ("Spider-Man 10:30", "([Spider-Man] 10:[30])"),
            ("a\\:b \\*", "([a:b] [*])"),
            ("(a b) c", "(([a] [b]) [c])"),
            ("ANDROID NOTE ORE", "([ANDROID] [NOTE] [ORE])"),
            ("-mill", "(-[mill])"),
        ] {
            let ask = parse(text).unwrap().unwrap();
            assert_eq!(shown(&ask), wanted, "{text}");
        }
        assert_eq!(parse("  ").unwrap(), None);
    }

    #[test]
    fn what_is_not_understood_has_a_place() {
        for (text, at) in [
            ("old (mill", 5),
            ("old mill)", 9),
            ("\"old", 1),
            ("m*ll", 3),
            ("*", 1),
            ("mill^", 6),
            ("mill~3", 7),
            ("old AND", 8),
            ("OR mill", 4),
            ("[a TO b]", 1),
            ("/mi.*/", 1),
            ("a:(b:c)", 6),
        ] {
            assert_eq!(parse(text).unwrap_err().at, at, "{text}: {}", parse(text).unwrap_err());
        }
        assert!(parse(&"(".repeat(1000)).is_err() && parse(&"a ".repeat(300)).is_err());
        assert!(parse(&"a".repeat(BYTES_MAX + 1)).is_err());
    }
}
