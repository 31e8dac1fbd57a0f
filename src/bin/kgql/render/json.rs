//! Rows as JSON objects; values as the library writes them: entities are objects, dates text.

use std::io::Write;

use attendb::{Value, model::to_json};
use serde_json::Value as Json;

use super::RenderError;

/// Writes one array with an object a line.
pub(super) fn render_array<E>(
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    let mut n_rows = 0;
    for row in rows {
        let row = row.map_err(RenderError::Rows)?;
        out.write_all(if n_rows == 0 { b"[" } else { b",\n " })?;
        write!(out, "{}", object(columns, &row))?;
        n_rows += 1;
    }
    writeln!(out, "{}", if n_rows == 0 { "[]" } else { "]" })?;
    Ok(n_rows)
}

/// Writes an object a line.
pub(super) fn render_lines<E>(
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    let mut n_rows = 0;
    for row in rows {
        writeln!(out, "{}", object(columns, &row.map_err(RenderError::Rows)?))?;
        n_rows += 1;
    }
    Ok(n_rows)
}

/// Returns a row as an object.
pub(crate) fn object(columns: &[&str], row: &[Value]) -> Json {
    Json::Object(columns.iter().zip(row).map(|(name, v)| ((*name).to_owned(), to_json(v))).collect())
}
