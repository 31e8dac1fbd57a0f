//! An HTML table, to be put into a page.

use std::io::Write;

use attendb::Value;

use super::{Page, RenderError, cell::cell};

pub(super) fn render<E>(
    page: &Page,
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    writeln!(out, "<table>")?;
    if page.headers {
        write!(out, "<tr>")?;
        for column in columns {
            write!(out, "<th>{}</th>", escape(column))?;
        }
        writeln!(out, "</tr>")?;
    }
    let mut n_rows = 0;
    for row in rows {
        let row = row.map_err(RenderError::Rows)?;
        write!(out, "<tr>")?;
        for value in &row {
            write!(out, "<td>{}</td>", escape(&cell(value, page)))?;
        }
        writeln!(out, "</tr>")?;
        n_rows += 1;
    }
    writeln!(out, "</table>")?;
    Ok(n_rows)
}

/// Keeps data from being markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push_str("<br>"),
            c => escaped.push(c),
        }
    }
    escaped
}
