//! The first row of a delimited file: the names of its columns.

use std::sync::Arc;

use super::{
    convert::{invalid_utf8, texts_of_row},
    csv::{BadRow, Dialect, Index},
    numbers::PAD,
    options::COLUMNS_MAX,
};

/// A file's header.
#[derive(Debug)]
pub(super) struct Header {
    /// The names, all there and all different.
    pub(super) names: Vec<Arc<str>>,
    /// The line it starts on.
    pub(super) line: u64,
}

/// Cuts the first row off a chunk and returns its fields as names; `None` where the chunk holds only
/// empty lines, which are cut off too. `line` is moved on past what was cut.
///
/// # Errors
/// What is wrong with the header; its line is counted from the file's start.
pub(super) fn cut_header(buffer: &mut Vec<u8>, dialect: Dialect, line: &mut u64) -> Result<Option<Header>, BadRow> {
    let line_ends = |text: &[u8]| text.iter().filter(|c| **c == b'\n').count() as u64;
    let blank = buffer[PAD..].iter().take_while(|c| matches!(c, b'\r' | b'\n')).count();
    *line += line_ends(&buffer[PAD..PAD + blank]);
    buffer.drain(PAD..PAD + blank);
    if buffer.len() == PAD {
        return Ok(None);
    }
    let first_line = *line;
    let refuse = |column: usize, reason: String| BadRow { line: first_line, column, field: None, reason };
    let index = Index::new(buffer, dialect, None, true);
    if index.n_rows == 0 {
        let bad = index.bad.first().expect("a text that is not blank is a row or a bad one");
        return Err(refuse(bad.column, format!("in the header: {}", bad.reason)));
    }
    if index.n_fields() > COLUMNS_MAX {
        return Err(refuse(0, format!("the header names {} columns (at most {COLUMNS_MAX})", index.n_fields())));
    }
    for column in 0..index.n_fields() {
        if let Some((_, byte)) = invalid_utf8(&buffer[index.span(0, column)]) {
            return Err(refuse(column + 1, format!("in the header: byte 0x{byte:02X} is not UTF-8")));
        }
    }
    let mut names: Vec<Arc<str>> = Vec::with_capacity(index.n_fields());
    for (at, name) in texts_of_row(buffer, &index, dialect, 0).into_iter().enumerate() {
        if name.is_empty() {
            return Err(refuse(at + 1, "a column without a name in the header".to_owned()));
        }
        // Columns that a header of neo4j-admin leaves out may share their name.
        if name != ":IGNORE" && names.iter().any(|other| **other == *name) {
            return Err(refuse(at + 1, format!("column {name:?} is named twice")));
        }
        names.push(Arc::from(name));
    }
    let mut end = index.span(0, index.n_fields() - 1).end;
    end += usize::from(buffer.get(end) == Some(&b'\r'));
    end += usize::from(buffer.get(end) == Some(&b'\n'));
    *line += line_ends(&buffer[PAD..end]);
    buffer.drain(PAD..end);
    Ok(Some(Header { names, line: first_line }))
}
