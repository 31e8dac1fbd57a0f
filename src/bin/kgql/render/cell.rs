//! One value as the text of a cell: strings bare, everything else as KGQL writes it.

use std::borrow::Cow;

use attendb::Value;

/// Returns the text of a cell. Strings stand without quotes; all else is KGQL text.
pub(super) fn cell(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Returns the text with control characters other than line breaks shown as pictures, so that data cannot command the
/// terminal.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let picture = |c: char| match c {
        '\t' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(|c| if is_control(c) { picture(c) } else { c }).collect())
}

fn is_control(c: char) -> bool {
    c.is_control() && c != '\n'
}
