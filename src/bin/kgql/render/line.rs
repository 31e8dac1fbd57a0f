//! A column a line, as sqlite3's `line` mode: for rows that are wider than the screen.

use std::io::Write;

use attendb::Value;

use super::{
    Page, RenderError,
    cell::{cell, printable},
    why::{LINES, tree},
};

pub(super) fn render<E>(
    page: &Page,
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    let width = columns.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let mut n_rows = 0;
    for row in rows {
        let row = row.map_err(RenderError::Rows)?;
        if n_rows > 0 {
            writeln!(out)?;
        }
        for (name, value) in columns.iter().zip(&row) {
            let text = match tree(value, LINES) {
                // Its lines stand below each other.
                Some(tree) => tree.replace('\n', &format!("\n{:width$}   ", "")),
                None => cell(value, page).into_owned(),
            };
            writeln!(out, "{:>width$} = {}", printable(name), printable(&text))?;
        }
        n_rows += 1;
    }
    Ok(n_rows)
}
