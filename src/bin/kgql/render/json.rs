//! Rows as JSON objects, and values as JSON: entities are objects, dates and non-finite numbers strings.

use std::io::Write;

use attendb::{
    Value,
    model::{Map, Node, Relationship},
};
use serde_json::{Map as Object, Value as Json, json};

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

/// Returns a value as JSON.
pub(super) fn value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Int(n) => json!(n),
        Value::Float(x) if x.is_finite() => json!(x),
        Value::String(text) => json!(&**text),
        Value::List(items) => items.iter().map(self::value).collect(),
        Value::Map(map) => properties(map),
        Value::Node(node) => node_object(node),
        Value::Relationship(rel) => relationship_object(rel),
        Value::Path(path) => json!({
            "nodes": path.nodes.iter().map(node_object).collect::<Vec<_>>(),
            "relationships": path.relationships.iter().map(relationship_object).collect::<Vec<_>>(),
        }),
        other => json!(other.to_string()),
    }
}

/// Returns a row as an object.
pub(crate) fn object(columns: &[&str], row: &[Value]) -> Json {
    Json::Object(columns.iter().zip(row).map(|(name, v)| ((*name).to_owned(), value(v))).collect())
}

fn properties(map: &Map) -> Json {
    Json::Object(map.iter().map(|(key, v)| (key.to_string(), value(v))).collect::<Object<_, _>>())
}

fn node_object(node: &Node) -> Json {
    let labels: Vec<&str> = node.labels().iter().map(|label| &**label).collect();
    let all = node.data.as_ref().map_or_else(|| json!({}), |data| properties(&data.properties));
    json!({"id": node.id.get(), "labels": labels, "properties": all})
}

fn relationship_object(rel: &Relationship) -> Json {
    let Some(data) = &rel.data else { return json!({"id": rel.id.get()}) };
    json!({
        "id": rel.id.get(),
        "type": &*data.rel_type,
        "start": data.start.get(),
        "end": data.end.get(),
        "properties": properties(&data.properties),
    })
}
