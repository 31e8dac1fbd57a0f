//! Cutting a script into statements at `;`, outside strings, quoted names and comments.

use super::lex::{skip_blank, skip_quoted};

/// Returns the statements of a script, without their `;`, without blanks and comments around them. Empty ones are
/// left out. What is unclosed (a string, a comment) reaches to the end.
pub(crate) fn split_statements(text: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut at = 0;
    while let Some((statement, next)) = next_statement(text, at) {
        if !statement.is_empty() {
            statements.push(statement);
        }
        at = next;
    }
    statements
}

/// Returns whether a prompt can stop asking for more: the text is blank, or its last statement ends in `;`.
pub(crate) fn is_complete(text: &str) -> bool {
    let mut at = 0;
    while let Some((statement, next)) = next_statement(text, at) {
        if !statement.is_empty() && next > text.len() {
            return false;
        }
        at = next;
    }
    true
}

/// Returns the statement at `at` and where the next one begins: past the end of the text if no `;` closed it.
fn next_statement(text: &str, at: usize) -> Option<(&str, usize)> {
    if at > text.len() {
        return None;
    }
    let bytes = text.as_bytes();
    let unclosed = text.len() + 1;
    let (mut first, mut end, mut at) = (None, at, at);
    let next = loop {
        at = match skip_blank(text, at) {
            Ok(at) => at,
            Err(_) => {
                first.get_or_insert(at);
                end = text.len();
                break unclosed;
            }
        };
        match bytes.get(at) {
            None => break unclosed,
            Some(b';') => break at + 1,
            Some(b'\'' | b'"' | b'`') => {
                first.get_or_insert(at);
                at = skip_quoted(text, at).unwrap_or(text.len());
            }
            Some(_) => {
                first.get_or_insert(at);
                at += 1;
                while !text.is_char_boundary(at) {
                    at += 1;
                }
            }
        }
        end = at;
    };
    let statement = first.map_or("", |first| text[first..end].trim_end());
    Some((statement, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_semicolons_outside_quotes_and_comments() {
        let script = "RETURN 1; // a; b\n RETURN ';', \"\\\";\", `;` /* ; */ ;;\n\n/* x */ MATCH (é) RETURN é // end;";
        assert_eq!(split_statements(script), ["RETURN 1", "RETURN ';', \"\\\";\", `;`", "MATCH (é) RETURN é"]);
        assert_eq!(split_statements(" // nothing\n ; /* */"), [""; 0]);
        assert_eq!(split_statements("RETURN 'open; RETURN 2"), ["RETURN 'open; RETURN 2"]);
        assert_eq!(split_statements("RETURN 1 /* open; RETURN 2"), ["RETURN 1 /* open; RETURN 2"]);
        assert_eq!(split_statements("/* open; RETURN 2"), ["/* open; RETURN 2"]);
    }

    #[test]
    fn prompt_asks_until_the_last_statement_is_closed() {
        for (text, complete) in [
            ("", true),
            ("  // comment\n", true),
            ("RETURN 1", false),
            ("RETURN 1;", true),
            ("RETURN 1; // done", true),
            ("RETURN 1; RETURN", false),
            ("RETURN ';", false),
            ("RETURN `;", false),
            ("RETURN 1; /* ", false),
        ] {
            assert_eq!(is_complete(text), complete, "{text}");
        }
    }
}
