//! What `.schema` prints, and the names that completion offers.

use std::{fmt::Write as _, sync::Arc};

use attendb::{Connection, Database, Params, Schema};

use crate::prompt::Names;

/// Returns the names that completion and highlighting know.
pub(crate) fn names(db: &Database, params: &Params) -> Names {
    let schema = db.schema();
    let counted = |items: &[(Arc<str>, u64)]| items.iter().map(|(name, _)| name.to_string()).collect();
    Names {
        labels: counted(&schema.labels),
        types: counted(&schema.relationship_types),
        keys: schema.property_keys.iter().map(|name| name.to_string()).collect(),
        params: params.iter().map(|(name, _)| name.to_owned()).collect(),
    }
}

/// Returns the text of `.schema`.
pub(crate) fn describe(schema: &Schema, connections: &[Connection]) -> String {
    let mut text = String::new();
    let counted = [("labels", &schema.labels), ("relationship types", &schema.relationship_types)];
    let names = counted.iter().flat_map(|(_, items)| items.iter());
    let width = names.map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    for (title, items) in counted {
        line(&mut text, format_args!("{title}"));
        for (name, count) in items {
            line(&mut text, format_args!("  {name:width$}  {count:>12}"));
        }
    }
    line(&mut text, format_args!("relationships between labels"));
    let of = |labels: &[Arc<str>]| labels.iter().flat_map(|label| [":", label]).collect::<String>();
    let pattern =
        |c: &Connection| format!("({})-[:{}]->({})", of(&c.start_labels), c.relationship_type, of(&c.end_labels));
    let patterns: Vec<String> = connections.iter().map(pattern).collect();
    let width = patterns.iter().map(|pattern| pattern.chars().count()).max().unwrap_or_default();
    for (pattern, connection) in patterns.iter().zip(connections) {
        line(&mut text, format_args!("  {pattern:width$}  {:>12}", connection.count));
    }
    line(&mut text, format_args!("properties"));
    for name in &schema.property_keys {
        line(&mut text, format_args!("  {name}"));
    }
    line(&mut text, format_args!("indexes and constraints"));
    for index in &schema.indexes {
        let what = if index.unique { "unique" } else { "index of" };
        line(&mut text, format_args!("  {}: {what} (:{} {{{}}})", index.name, index.label, index.key));
    }
    text
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("writing to a string does not fail");
}
