//! A tree without what depends on how it was written: two texts of one meaning have one shape.

use std::fmt::Write;

use crate::query::ast::Statement;

/// What every [`crate::Span`] begins with where it is printed for debugging.
const SPAN: &str = "Span { ";

/// What stands before the name of a column that is the text as it was written.
const COLUMN: &str = "alias: None, column: \"";

/// Returns the tree as text, without spans and without the names of columns that have no alias.
pub(crate) fn shape(statement: &Statement) -> String {
    let mut tree = String::new();
    write!(tree, "{statement:?}").expect("a string takes everything");
    let tree = without(&tree, COLUMN, string_end);
    without(&tree, SPAN, |rest| rest.find('}').map_or(rest.len(), |end| end + 1))
}

/// Returns a text without what follows each `head`, as long as `length` says.
fn without(text: &str, head: &str, length: impl Fn(&str) -> usize) -> String {
    let mut pieces = text.split_inclusive(head);
    let mut left = String::with_capacity(text.len());
    let mut skipped = 0;
    let mut at = 0;
    for piece in pieces.by_ref() {
        // What is left out may hold heads of its own.
        let end = at + piece.len();
        if end > skipped {
            left.push_str(&text[at.max(skipped)..end]);
            skipped = if piece.ends_with(head) { end + length(&text[end..]) } else { end };
        }
        at = end;
    }
    left
}

/// Returns the place behind the quote that ends an escaped string.
fn string_end(text: &str) -> usize {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
