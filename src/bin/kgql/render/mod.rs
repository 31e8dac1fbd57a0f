//! Rows of values as text: boxes, CSV, JSON, JSON lines, Markdown. Knows values, not databases or terminals.

mod cell;
mod csv;
mod json;
mod table;

use std::io::{self, Write};

use attendb::Value;

pub(crate) use json::object;
pub(crate) use table::terminal_width;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// A box drawn around columns, for people.
    Box,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// A Markdown table.
    Markdown,
}

impl Mode {
    /// All modes, in the order help lists them.
    pub(crate) const ALL: [Self; 5] = [Self::Box, Self::Csv, Self::Json, Self::Jsonl, Self::Markdown];

    /// Returns the name, as `--mode` and `.mode` take it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Markdown => "markdown",
        }
    }

    /// Returns the mode of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name().eq_ignore_ascii_case(name))
    }
}

/// What the page looks like that rows are written on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Page {
    /// The widest line in characters; `None` for a pipe or a file, where nothing is wrapped.
    pub(crate) width: Option<u16>,
    /// Whether escape sequences for colour are written.
    pub(crate) color: bool,
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

/// Writes rows and returns how many there were. All but boxes and Markdown are written as the rows come.
///
/// # Errors
/// The error of the rows, or of the output.
pub(crate) fn render<E>(
    mode: Mode,
    page: Page,
    columns: &[&str],
    rows: impl Iterator<Item = Result<Vec<Value>, E>>,
    out: &mut impl Write,
) -> Result<u64, RenderError<E>> {
    match mode {
        Mode::Box => table::render_boxes(page, columns, rows, out),
        Mode::Markdown => table::render_markdown(columns, rows, out),
        Mode::Csv => csv::render(columns, rows, out),
        Mode::Json => json::render_array(columns, rows, out),
        Mode::Jsonl => json::render_lines(columns, rows, out),
    }
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
        render(mode, Page::default(), columns, rows, &mut out).unwrap();
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
        let page = Page { width: Some(40), color: false };
        render(Mode::Box, page, &["text", "evil"], [Ok::<_, ()>(row)].into_iter(), &mut out).unwrap();
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
    fn an_error_among_the_rows_is_handed_on() {
        for mode in Mode::ALL {
            let rows = [Ok(vec![Value::Int(1)]), Err("broken")];
            let result = render(mode, Page::default(), &["n"], rows.into_iter(), &mut Vec::new());
            assert!(matches!(result, Err(RenderError::Rows("broken"))), "{mode:?}");
        }
    }
}
