//! Text of the database inside each format: the only place where it is escaped.

use std::fmt::Write as _;

/// Returns text for the content and the quoted attributes of SVG and HTML. Characters that XML does not have are replaced.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Returns JSON for the inside of a `<script>`: nothing in it can end the element or begin a comment.
pub(super) fn script_json(json: &serde_json::Value) -> String {
    let mut out = String::new();
    for c in json.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", c as u32).expect("a string takes all");
            }
            c => out.push(c),
        }
    }
    out
}

/// Returns a quoted string of DOT. A backslash is doubled: `\N` and its like have a meaning there.
pub(super) fn dot(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Graphviz reads the entities of HTML in every string.
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Returns a quoted text of Mermaid. All but letters, digits and what is harmless become entity codes: Mermaid makes HTML of
/// its texts, and reads Markdown in some.
pub(super) fn mermaid(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            ' ' | ',' | '.' | ':' | '-' | '/' | '\'' | '!' | '?' | '…' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c if c.is_control() => out.push(' '),
            c => write!(out, "#{};", c as u32).expect("a string takes all"),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "</script><img src=x onerror=\"alert('1')\">&\\N`#\u{0}\n";

    #[test]
    fn nothing_leaves_its_place() {
        let escaped = xml(EVIL);
        assert!(!escaped.contains(['<', '>', '"', '\'', '\u{0}']), "{escaped}");
        let json = script_json(&serde_json::json!({ "a": EVIL }));
        assert!(!json.contains(['<', '>', '&']), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["a"], EVIL);
        let quoted = dot(EVIL);
        assert_eq!(quoted.replace("\\\\", "").replace("\\\"", "").matches('"').count(), 2, "{quoted}");
        let quoted = mermaid(EVIL);
        assert_eq!(quoted.matches('"').count(), 2, "{quoted}");
        assert!(!quoted.contains(['<', '>', '&', '`', '\n']), "{quoted}");
    }

    #[test]
    fn plain_text_stays() {
        assert_eq!(
            (xml("Ödön, 7"), dot("a b"), mermaid("Ada Fenn")),
            ("Ödön, 7".into(), "\"a b\"".into(), "\"Ada Fenn\"".into())
        );
    }
}
