//! Cuts a text into statements and dot commands, and knows when what is typed at a prompt is complete. Looks only at
//! quotes, comments and semicolons: the language itself is the library's business.

/// A statement or a dot command of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its text, from the first word on and without the semicolon.
    pub(crate) text: &'a str,
    /// The line it starts at, from 1.
    pub(crate) line: usize,
    /// Whether a semicolon (or for a dot command, the end of the line) closes it.
    pub(crate) closed: bool,
}

/// What a piece of a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A statement of the language.
    Statement,
    /// A command to the shell: a line that starts with a dot or a colon.
    Dot,
}

/// Returns the pieces of a text, in order; empty statements and comments between them are left out.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        at = skip_blank(text, at);
        if at >= text.len() {
            return found;
        }
        let line = 1 + text[..at].bytes().filter(|&b| b == b'\n').count();
        let (kind, end) = if text[at..].starts_with(['.', ':']) {
            (Kind::Dot, text[at..].find('\n').map_or(text.len(), |n| at + n))
        } else {
            (Kind::Statement, statement_end(text, at))
        };
        let closed = kind == Kind::Dot || end < text.len();
        let piece = text[at..end].trim_end();
        if !piece.is_empty() {
            found.push(Piece { kind, text: piece, line, closed });
        }
        at = end + 1;
    }
}

/// Returns whether the text typed so far may run: nothing open, or nothing there.
pub(crate) fn is_complete(text: &str) -> bool {
    pieces(text).last().is_none_or(|last| last.closed)
}

/// Returns where the first thing that is neither blank nor comment starts.
fn skip_blank(text: &str, mut at: usize) -> usize {
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match comment_end(text, at) {
            Some(end) => at = end,
            None if c.is_whitespace() || c == '\u{feff}' => at += c.len_utf8(),
            None => return at,
        }
    }
    text.len()
}

/// Returns where the statement ends: at its semicolon, or at the end of the text.
fn statement_end(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b';' => return at,
            quote @ (b'\'' | b'"' | b'`') => at = quoted_end(bytes, at + 1, quote),
            b'/' => at = comment_end(text, at).unwrap_or(at + 1),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Returns where the comment that starts here ends.
fn comment_end(text: &str, at: usize) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    if rest.starts_with(b"//") {
        Some(memchr(b'\n', rest).map_or(text.len(), |n| at + n))
    } else if rest.starts_with(b"/*") {
        Some(rest.windows(2).skip(2).position(|w| w == b"*/").map_or(text.len(), |n| at + n + 4))
    } else {
        None
    }
}

/// Returns the place behind the closing quote. A backslash escapes in strings; a backtick is escaped by doubling it,
/// which needs no care here: it closes one name and opens the next.
fn quoted_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&b| b == byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<(usize, &str)> {
        pieces(script).into_iter().map(|piece| (piece.line, piece.text)).collect()
    }

    #[test]
    fn semicolons_in_quotes_and_comments_do_not_cut() {
        let script = "// one; two\nRETURN ';', \"a\\\";\", `b;``c`; /* ; */ RETURN 2 // ;\n;\n\nRETURN 3";
        assert_eq!(texts(script), [(2, "RETURN ';', \"a\\\";\", `b;``c`"), (2, "RETURN 2 // ;"), (5, "RETURN 3")]);
    }

    #[test]
    fn dot_commands_end_with_their_line() {
        assert_eq!(texts(".mode csv\nRETURN 1.\n.5;\n.quit"), [(1, ".mode csv"), (2, "RETURN 1.\n.5"), (4, ".quit")]);
    }

    #[test]
    fn empty_statements_vanish() {
        assert_eq!(texts(" ;; // nothing\n ; "), []);
        assert_eq!(texts("\u{feff}RETURN 1;"), [(1, "RETURN 1")]);
    }

    #[test]
    fn a_prompt_waits_for_the_semicolon() {
        for complete in ["", "  ", "// note", ".help", "RETURN 1;", "RETURN 1; // done", "RETURN 1; RETURN 2;"] {
            assert!(is_complete(complete), "{complete}");
        }
        for open in ["RETURN 1", "RETURN ';", "RETURN 1; RETURN 2", "RETURN 1 // ;", "/* ; */ RETURN /* ;"] {
            assert!(!is_complete(open), "{open}");
        }
    }

    #[test]
    fn cutting_never_fails_whatever_the_text() {
        for text in ["'", "\\", "'\\", "/*", "/*/", "//", "é;`", "/", ";", "'é\\"] {
            for cut in (0..=text.len()).filter(|&cut| text.is_char_boundary(cut)) {
                let _ = pieces(&text[..cut]);
            }
        }
    }
}
