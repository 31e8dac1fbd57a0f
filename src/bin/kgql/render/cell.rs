//! One value as the text of a cell: strings bare, everything else as KGQL writes it.

use std::borrow::Cow;

use attendb::Value;

use super::{Page, bounds::cut};

/// Returns the text of a cell. Strings stand without quotes; all else is KGQL text.
pub(super) fn cell<'a>(value: &'a Value, page: &'a Page) -> Cow<'a, str> {
    let text = match value {
        Value::String(text) => Cow::Borrowed(&**text),
        Value::Null => return Cow::Borrowed(page.null.as_deref().unwrap_or("null")),
        other => Cow::Owned(other.to_string()),
    };
    match page.cell_max {
        Some(max) if text.chars().nth(max).is_some() => Cow::Owned(cut(&text, max).into_owned()),
        _ => text,
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
