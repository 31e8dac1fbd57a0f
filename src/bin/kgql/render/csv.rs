//! Comma-separated values: null is an empty field, the empty string `""`, lists and maps JSON.

use std::io::Write;

use attendb::{Value, model::to_json};

use super::{RenderError, cell::cell};

pub(super) fn render<E>(
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    for (at, column) in columns.iter().enumerate() {
        separate(at, out)?;
        write_field(column, out)?;
    }
    writeln!(out)?;
    let mut n_rows = 0;
    for row in rows {
        for (at, value) in row.map_err(RenderError::Rows)?.iter().enumerate() {
            separate(at, out)?;
            match value {
                Value::Null => {}
                Value::List(_) | Value::Map(_) => write_field(&to_json(value).to_string(), out)?,
                other => write_field(&cell(other), out)?,
            }
        }
        writeln!(out)?;
        n_rows += 1;
    }
    Ok(n_rows)
}

fn separate(at: usize, out: &mut impl Write) -> std::io::Result<()> {
    if at > 0 { out.write_all(b",") } else { Ok(()) }
}

fn write_field(text: &str, out: &mut impl Write) -> std::io::Result<()> {
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        write!(out, "\"{}\"", text.replace('"', "\"\""))
    } else {
        out.write_all(text.as_bytes())
    }
}
