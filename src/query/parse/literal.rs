//! The values of number and string literals, and the text of quoted names.

use std::sync::Arc;

use crate::{QueryError, Span};

/// Returns an integer literal's value, negated if a minus sign stands before it.
pub(super) fn integer(text: &str, negative: bool, span: Span) -> Result<i64, QueryError> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'o' | b'O', ..] => (&text[2..], 8),
        _ => (text, 10),
    };
    let invalid = |what: &str| QueryError::syntax("InvalidNumberLiteral", format!("`{text}` is not {what}"), span);
    if digits.is_empty() {
        return Err(invalid("a number: no digit follows its prefix"));
    }
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|b| b != b'0') {
        return Err(invalid("a decimal number: it starts with 0")
            .hint(format!("write {} for the decimal number, 0o17 for an octal one", digits.trim_start_matches('0'))));
    }
    let mut value: i128 = 0;
    for c in digits.chars().filter(|&c| c != '_') {
        let Some(digit) = c.to_digit(radix) else {
            let name = if radix == 16 { "a hexadecimal number" } else { "an octal number" };
            return Err(invalid(name));
        };
        // Beyond 2^64 it only matters that it is too large.
        value = (value * i128::from(radix) + i128::from(digit)).min(1 << 64);
    }
    let value = if negative { -value } else { value };
    i64::try_from(value).map_err(|_| {
        let sign = if negative { "-" } else { "" };
        QueryError::syntax("IntegerOverflow", format!("integer {sign}{text} does not fit into 64 bits"), span)
            .hint("integers go from -9223372036854775808 to 9223372036854775807; write a float with a point")
    })
}

/// Returns a float literal's value.
pub(super) fn float(text: &str, span: Span) -> Result<f64, QueryError> {
    let digits = text.replace('_', "");
    let value: f64 = digits.parse().expect("the lexer took digits, a point and an exponent");
    if value.is_finite() {
        return Ok(value);
    }
    Err(QueryError::syntax("FloatingPointOverflow", format!("float {text} is larger than the largest float"), span)
        .hint("floats go up to 1.7976931348623157e308"))
}

/// Returns the text of a name: backticks removed, doubled ones inside halved.
pub(super) fn name(text: &str, span: Span) -> Result<Arc<str>, QueryError> {
    let Some(quoted) = text.strip_prefix('`') else { return Ok(text.into()) };
    let inner = &quoted[..quoted.len() - 1];
    if inner.is_empty() {
        return Err(QueryError::syntax("UnexpectedSyntax", "a quoted name needs at least one character", span));
    }
    Ok(if inner.contains('`') { inner.replace("``", "`").into() } else { inner.into() })
}

/// Returns the text of a string literal: quotes removed, escapes resolved.
pub(super) fn string(text: &str, span: Span) -> Result<Arc<str>, QueryError> {
    let inner = &text[1..text.len() - 1];
    if !inner.contains('\\') {
        return Ok(inner.into());
    }
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        let start = inner.len() - rest.len() + at;
        let escape = rest[at + 1..].chars().next().expect("a backslash at the end would have taken the quote");
        rest = &rest[at + 1 + escape.len_utf8()..];
        value.push(match escape {
            '\\' | '\'' | '"' | '`' | '/' => escape,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' | 'U' => {
                let (c, after) = unicode(escape, rest).ok_or_else(|| {
                    let (n, end) = (if escape == 'u' { 4 } else { 8 }, inner.len() - rest.len());
                    let seen = rest.bytes().take(n).take_while(u8::is_ascii_hexdigit).count();
                    let at = span.start as usize + 1;
                    QueryError::syntax(
                        "InvalidUnicodeLiteral",
                        format!("`\\{escape}{}` is no character", &rest[..seen]),
                        Span::new(at + start, at + end + seen),
                    )
                    .hint(format!("\\{escape} takes exactly {n} hexadecimal digits, e.g. \\{escape}{:0>n$}", "e9"))
                })?;
                rest = after;
                c
            }
            other => {
                let at = span.start as usize + 1 + start;
                return Err(QueryError::syntax(
                    "UnexpectedSyntax",
                    format!("`\\{other}` is no escape"),
                    Span::new(at, at + 1 + other.len_utf8()),
                )
                .hint(format!("write \\\\{other} for a backslash and `{other}`")));
            }
        });
    }
    value.push_str(rest);
    Ok(value.into())
}

/// Returns the character of the digits behind `\u` or `\U`, and what follows them. Two `\u` may form a pair.
fn unicode(escape: char, text: &str) -> Option<(char, &str)> {
    let n_digits = if escape == 'u' { 4 } else { 8 };
    let (unit, rest) = hexadecimal(text, n_digits)?;
    if let (0xd800..0xdc00, Some(low)) = (unit, rest.strip_prefix("\\u")) {
        let (low, rest) = hexadecimal(low, n_digits)?;
        if (0xdc00..0xe000).contains(&low) {
            return Some((char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?, rest));
        }
    }
    Some((char::from_u32(unit)?, rest))
}

fn hexadecimal(text: &str, n_digits: usize) -> Option<(u32, &str)> {
    let digits = text.get(..n_digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(digits, 16).ok()?, &text[n_digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        let value = |text: &str, negative| integer(text, negative, Span::default()).map_err(|e| e.detail);
        for (text, negative, expected) in [
            ("0", false, Ok(0)),
            ("00", false, Ok(0)),
            ("1_000", true, Ok(-1000)),
            ("9223372036854775807", false, Ok(i64::MAX)),
            ("9223372036854775808", true, Ok(i64::MIN)),
            ("9223372036854775808", false, Err("IntegerOverflow")),
            ("99999999999999999999999999999999999999999999", true, Err("IntegerOverflow")),
            ("0xFf", false, Ok(255)),
            ("0x8000000000000000", true, Ok(i64::MIN)),
            ("0x8000000000000000", false, Err("IntegerOverflow")),
            ("0o17", false, Ok(15)),
            ("0o18", false, Err("InvalidNumberLiteral")),
            ("0x", false, Err("InvalidNumberLiteral")),
            ("0xg", false, Err("InvalidNumberLiteral")),
            ("017", false, Err("InvalidNumberLiteral")),
        ] {
            assert_eq!(value(text, negative), expected, "{text}");
        }
    }

    #[test]
    fn strings() {
        let value = |text: &str| string(text, Span::default()).map_err(|e| (e.detail, e.span.unwrap()));
        for (text, expected) in [
            (r"'a'", "a"),
            (r"''", ""),
            (r#"'\\ \' \" \n\t\r\b\f \/'"#, "\\ ' \" \n\t\r\u{8}\u{c} /"),
            (r"'\u00e9\U0001F600x'", "é😀x"),
            (r"'\ud83d\ude00'", "😀"),
        ] {
            assert_eq!(value(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, detail, start, end) in [
            (r"'\uH'", "InvalidUnicodeLiteral", 1, 3),
            (r"'ab\u12'", "InvalidUnicodeLiteral", 3, 7),
            (r"'\ud800'", "InvalidUnicodeLiteral", 1, 7),
            (r"'\U00110000'", "InvalidUnicodeLiteral", 1, 11),
            (r"'a\d'", "UnexpectedSyntax", 2, 4),
        ] {
            assert_eq!(value(text), Err((detail, Span::new(start, end))), "{text}");
        }
    }

    #[test]
    fn names() {
        let value = |text: &str| name(text, Span::default()).map_err(|e| e.detail);
        assert_eq!(value("plain").as_deref(), Ok("plain"));
        assert_eq!(value("`a ``b```").as_deref(), Ok("a `b`"));
        assert_eq!(value("``"), Err("UnexpectedSyntax"));
    }
}
