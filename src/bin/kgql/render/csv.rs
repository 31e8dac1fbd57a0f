//! Values separated by commas or tabs: null is an empty field (or what `.nullvalue` says), the empty string `""`, lists
//! and maps JSON.

use std::io::Write;

use attendb::{Value, model::to_json};

use super::{Page, RenderError, cell::cell};

pub(super) fn render<E>(
    page: &Page,
    delimiter: char,
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    let null = page.null.as_deref().unwrap_or_default();
    if page.headers {
        for (at, column) in columns.iter().enumerate() {
            separate(at, delimiter, out)?;
            write_field(column, delimiter, out)?;
        }
        writeln!(out)?;
    }
    let mut n_rows = 0;
    for row in rows {
        for (at, value) in row.map_err(RenderError::Rows)?.iter().enumerate() {
            separate(at, delimiter, out)?;
            match value {
                Value::Null => out.write_all(null.as_bytes())?,
                Value::List(_) | Value::Map(_) => write_field(&to_json(value).to_string(), delimiter, out)?,
                other => write_field(&cell(other, page), delimiter, out)?,
            }
        }
        writeln!(out)?;
        n_rows += 1;
    }
    Ok(n_rows)
}

fn separate(at: usize, delimiter: char, out: &mut impl Write) -> std::io::Result<()> {
    if at > 0 { write!(out, "{delimiter}") } else { Ok(()) }
}

fn write_field(text: &str, delimiter: char, out: &mut impl Write) -> std::io::Result<()> {
    if text.is_empty() || text.contains([delimiter, '"', '\n', '\r']) {
        write!(out, "\"{}\"", text.replace('"', "\"\""))
    } else {
        out.write_all(text.as_bytes())
    }
}
