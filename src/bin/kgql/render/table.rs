//! Boxes (by comfy-table) and Markdown tables.

use std::{
    io::{self, Write},
    mem,
};

use attendb::Value;
use comfy_table::{Cell, CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};

use super::{
    Page, RenderError,
    cell::{cell, printable},
    why::{Branches, tree},
};

/// How many rows share one box: widths need all its rows in memory, so a longer result is drawn as several boxes.
const BOX_ROWS_MAX: usize = 10_000;

/// The frame of a box: lines, none between two rows.
pub(super) const LINES: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('┌', '─', '┬', '┐'))
    .header_lines(ContentLineStyle::new('│', '│', '│'))
    .header_separator(LineStyle::new('├', '─', '┼', '┤'))
    .content_lines(ContentLineStyle::new('│', '│', '│'))
    .bottom_border(LineStyle::new('└', '─', '┴', '┘'));

/// The same of characters that every font has.
pub(super) const PLAIN_CHARACTERS: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('+', '-', '+', '+'))
    .header_lines(ContentLineStyle::new('|', '|', '|'))
    .header_separator(LineStyle::new('+', '-', '+', '+'))
    .content_lines(ContentLineStyle::new('|', '|', '|'))
    .bottom_border(LineStyle::new('+', '-', '+', '+'));

/// The escape sequences around a column's name and around null.
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// Returns how many characters a line of the terminal takes; `None` where standard output is none.
pub(crate) fn terminal_width() -> Option<u16> {
    Table::new().width()
}

/// Draws boxes.
pub(super) fn render_boxes<E>(
    page: &Page,
    frame: (&TableStyle, Branches),
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    let mut n_rows = 0;
    let mut buffer = Vec::new();
    for row in rows {
        buffer.push(row.map_err(RenderError::Rows)?);
        n_rows += 1;
        if buffer.len() == BOX_ROWS_MAX {
            draw(page, frame, columns, &mem::take(&mut buffer), out)?;
        }
    }
    if !buffer.is_empty() || n_rows == 0 {
        draw(page, frame, columns, &buffer, out)?;
    }
    Ok(n_rows)
}

/// Writes a Markdown table.
pub(super) fn render_markdown<E>(
    page: &Page,
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    write_line(columns.iter().map(|name| escape(name)), out)?;
    writeln!(out, "|{}", "---|".repeat(columns.len()))?;
    let mut n_rows = 0;
    for row in rows {
        write_line(row.map_err(RenderError::Rows)?.iter().map(|value| escape(&cell(value, page))), out)?;
        n_rows += 1;
    }
    Ok(n_rows)
}

fn write_line(cells: impl Iterator<Item = String>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"|")?;
    for cell in cells {
        write!(out, " {cell} |")?;
    }
    writeln!(out)
}

/// Keeps Markdown's own characters and line breaks out of a cell.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace("\r\n", "<br>").replace('\n', "<br>")
}

fn draw(
    page: &Page,
    (frame, branches): (&TableStyle, Branches),
    columns: &[&str],
    rows: &[Vec<Value>],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(*frame);
    if let Some(width) = page.width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    let numeric: Vec<bool> = (0..columns.len())
        .map(|at| {
            let number = |v: &Value| matches!(v, Value::Int(_) | Value::Float(_));
            rows.iter().any(|row| number(&row[at])) && rows.iter().all(|row| number(&row[at]) || row[at].is_null())
        })
        .collect();
    let align = |at: usize| if numeric[at] { CellAlignment::Right } else { CellAlignment::Left };
    let place = |at: usize, text: &str| Cell::new(printable(text)).set_alignment(align(at));
    if page.headers {
        table.set_header(columns.iter().enumerate().map(|(at, name)| place(at, name)));
    }
    for row in rows {
        table.add_row(row.iter().enumerate().map(|(at, value)| match tree(value, branches) {
            Some(tree) => place(at, &tree),
            None => place(at, &cell(value, page)),
        }));
    }
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end();
        if page.color && page.headers && at == 1 {
            writeln!(out, "{BOLD}{line}{PLAIN}")?;
        } else if page.color && line.contains(" null ") {
            writeln!(out, "{}", line.replace("│ null ", &format!("│ {DIM}null{PLAIN} ")))?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
