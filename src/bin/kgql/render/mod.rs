//! Rows of values as text: boxes and tables, CSV, TSV, JSON, JSON lines, Markdown, lines, HTML. Knows values, not databases or terminals.

mod bounds;
mod cell;
mod csv;
mod html;
mod json;
mod line;
mod table;
mod why;

use std::{
    io::{self, Write},
    sync::Arc,
};

use attendb::Value;

pub(crate) use bounds::{Bounds, shorten};
pub(crate) use json::object;
pub(crate) use table::terminal_width;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// A box drawn around columns, for people.
    Box,
    /// A table of plain characters.
    Table,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// The same with tabs.
    Tsv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// A Markdown table.
    Markdown,
    /// A column a line.
    Line,
    /// An HTML table.
    Html,
    /// Nothing: the rows are made and counted.
    None,
}

impl Mode {
    /// All modes, in the order help lists them.
    pub(crate) const ALL: [Self; 10] = [
        Self::Box,
        Self::Table,
        Self::Csv,
        Self::Tsv,
        Self::Json,
        Self::Jsonl,
        Self::Markdown,
        Self::Line,
        Self::Html,
        Self::None,
    ];

    /// Returns the name, as `--mode` and `.mode` take it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Markdown => "markdown",
            Self::Line => "line",
            Self::Html => "html",
            Self::None => "none",
        }
    }

    /// Returns whether programs read it: then nothing but rows may stand among them.
    pub(crate) const fn is_for_programs(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Json | Self::Jsonl | Self::Html)
    }

    /// Returns the mode of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name().eq_ignore_ascii_case(name))
    }
}

/// What the page looks like that rows are written on.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The widest line in characters; `None` for a pipe or a file, where nothing is wrapped.
    pub(crate) width: Option<u16>,
    /// Whether escape sequences for colour are written.
    pub(crate) color: bool,
    /// Whether the columns' names are written, where they may be left out.
    pub(crate) headers: bool,
    /// What stands for null, except in JSON.
    pub(crate) null: Option<Arc<str>>,
    /// The most characters of a cell, except in JSON.
    pub(crate) cell_max: Option<usize>,
}

impl Default for Page {
    fn default() -> Self {
        Self { width: None, color: false, headers: true, null: None, cell_max: None }
    }
}

/// Why rows were not written to the end.
#[derive(Debug)]
pub(crate) enum RenderError<E> {
    /// The rows ended in an error.
    Rows(E),
    /// The output did not take them.
    Output(io::Error),
}

impl<E> From<io::Error> for RenderError<E> {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Writes rows and returns how many there were. All but boxes and tables are written as the rows come.
///
/// # Errors
/// The error of the rows, or of the output.
pub(crate) fn render<E>(
    mode: Mode,
    page: &Page,
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    match mode {
        Mode::Box => table::render_boxes(page, (&table::LINES, why::LINES), columns, rows, out),
        Mode::Table => table::render_boxes(page, (&table::PLAIN_CHARACTERS, why::PLAIN_CHARACTERS), columns, rows, out),
        Mode::Markdown => table::render_markdown(page, columns, rows, out),
        Mode::Line => line::render(page, columns, rows, out),
        Mode::Html => html::render(page, columns, rows, out),
        Mode::None => count(rows),
        Mode::Csv => csv::render(page, ',', columns, rows, out),
        Mode::Tsv => csv::render(page, '\t', columns, rows, out),
        Mode::Json => json::render_array(columns, rows, out),
        Mode::Jsonl => json::render_lines(columns, rows, out),
    }
}

/// Makes all rows and writes none.
fn count<E>(rows: impl Iterator<Item = Result<Vec<Value>, E>>) -> Result<u64, RenderError<E>> {
    let mut n_rows = 0;
    for row in rows {
        row.map_err(RenderError::Rows)?;
        n_rows += 1;
    }
    Ok(n_rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use attendb::{
        Value,
        model::{Date, Map, Node, NodeData, NodeId, Path, RelId, Relationship, RelationshipData},
    };

    use super::*;

    fn text(mode: Mode, columns: &[&str], rows: &[&[Value]]) -> String {
        let mut out = Vec::new();
        let rows = rows.iter().map(|row| Ok::<_, ()>(row.to_vec()));
        render(mode, &Page::default(), columns, rows, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn map(entries: &[(&str, Value)]) -> Map {
        entries.iter().map(|(key, value)| (Arc::from(*key), value.clone())).collect()
    }

    fn node(id: u32, name: &str) -> Node {
        let data = NodeData { labels: vec![Arc::from("Npc")], properties: map(&[("name", Value::from(name))]) };
        Node { id: NodeId::new(id), data: Some(Arc::new(data)) }
    }

    fn knows(id: u32, start: u32, end: u32) -> Relationship {
        let data = RelationshipData {
            start: NodeId::new(start),
            end: NodeId::new(end),
            rel_type: Arc::from("KNOWS"),
            properties: map(&[("since", Value::Date(Date::new(1431, 5, 1).unwrap()))]),
        };
        Relationship { id: RelId::new(id), data: Some(Arc::new(data)) }
    }

    #[test]
    fn box_aligns_numbers_and_shows_null() {
        let rows: [&[Value]; 2] = [&["Ada".into(), Value::Int(7)], &[Value::Null, Value::Float(12.5)]];
        assert_eq!(
            text(Mode::Box, &["name", "n"], &rows),
            "┌──────┬──────┐\n│ name │    n │\n├──────┼──────┤\n│ Ada  │    7 │\n│ null │ 12.5 │\n└──────┴──────┘\n"
        );
    }

    #[test]
    fn box_wraps_to_the_page_and_keeps_control_characters_out() {
        let mut out = Vec::new();
        let row = vec![Value::from("a long sentence about nothing in particular"), Value::from("\u{1b}[31mred")];
        let page = Page { width: Some(40), ..Page::default() };
        render(Mode::Box, &page, &["text", "evil"], [Ok::<_, ()>(row)].into_iter(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn csv_quotes_what_needs_it_and_tells_null_from_empty() {
        let rows: [&[Value]; 2] =
            [&["a,\"b\"\nc".into(), Value::Null, "".into()], &[Value::Bool(true), Value::list([1.into()]), "x".into()]];
        assert_eq!(text(Mode::Csv, &["s", "n", "e,"], &rows), "s,n,\"e,\"\n\"a,\"\"b\"\"\nc\",,\"\"\ntrue,[1],x\n");
    }

    #[test]
    fn json_keeps_entities_paths_and_numbers_without_a_json_form() {
        let path = Path { nodes: vec![node(1, "Ada"), node(2, "Bram")], relationships: vec![knows(9, 1, 2)] };
        let row = [Value::Node(node(1, "Ada")), Value::Path(Arc::new(path)), Value::Float(f64::NAN)];
        let ada = r#"{"id":1,"labels":["Npc"],"properties":{"name":"Ada"}}"#;
        let bram = r#"{"id":2,"labels":["Npc"],"properties":{"name":"Bram"}}"#;
        let rel = r#"{"id":9,"start":1,"end":2,"type":"KNOWS","properties":{"since":"1431-05-01"}}"#;
        assert_eq!(
            text(Mode::Jsonl, &["n", "p", "x"], &[&row]),
            format!("{{\"n\":{ada},\"p\":[{ada},{rel},{bram}],\"x\":null}}\n")
        );
    }

    #[test]
    fn json_array_is_valid_with_none_one_and_two_rows() {
        for n in 0..3 {
            let rows: Vec<&[Value]> = vec![&[Value::Int(1)]; n];
            let text = text(Mode::Json, &["n"], &rows);
            let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(parsed.as_array().unwrap().len(), n, "{text}");
        }
    }

    #[test]
    fn markdown_escapes_bars_and_breaks() {
        let rows: [&[Value]; 1] = [&["a|b\nc".into(), Value::Node(node(1, "Ada"))]];
        assert_eq!(
            text(Mode::Markdown, &["x", "n"], &rows),
            "| x | n |\n|---|---|\n| a\\|b<br>c | (:Npc {name: 'Ada'}) |\n"
        );
    }

    #[test]
    fn plain_forms_keep_data_from_being_markup() {
        let rows: [&[Value]; 2] = [&["a\tb".into(), Value::Null], &["<b>&".into(), Value::Int(2)]];
        assert_eq!(text(Mode::Tsv, &["s", "n"], &rows), "s\tn\n\"a\tb\"\t\n<b>&\t2\n");
        assert_eq!(text(Mode::Line, &["s", "name"], &rows[1..]), "   s = <b>&\nname = 2\n");
        assert_eq!(
            text(Mode::Html, &["s", "n"], &rows[1..]),
            "<table>\n<tr><th>s</th><th>n</th></tr>\n<tr><td>&lt;b&gt;&amp;</td><td>2</td></tr>\n</table>\n"
        );
        assert_eq!(
            text(Mode::Table, &["s", "n"], &rows[1..]),
            "+------+---+\n| s    | n |\n+------+---+\n| <b>& | 2 |\n+------+---+\n"
        );
        assert_eq!(text(Mode::None, &["s", "n"], &rows), "");
    }

    #[test]
    fn headers_null_and_widths_are_the_pages() {
        let page = Page { headers: false, null: Some("-".into()), cell_max: Some(3), width: None, color: false };
        let mut out = Vec::new();
        let row = || [Ok::<_, ()>(vec![Value::Null, "abcdef".into()])].into_iter();
        render(Mode::Csv, &page, &["a", "b"], row(), &mut out).unwrap();
        render(Mode::Table, &page, &["a", "b"], row(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("-,abc… (+3 characters)\n+--"), "{text}");
        assert!(!text.contains(" a ") && text.contains("| - | abc…"), "{text}");
    }

    #[test]
    fn an_error_among_the_rows_is_handed_on() {
        for mode in Mode::ALL {
            let rows = [Ok(vec![Value::Int(1)]), Err("broken")];
            let result = render(mode, &Page::default(), &["n"], rows.into_iter(), &mut Vec::new());
            assert!(matches!(result, Err(RenderError::Rows("broken"))), "{mode:?}");
        }
    }
}
