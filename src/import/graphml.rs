//! GraphML: nodes, relationships and paths of rows as one graph, each once.
//!
//! Labels are the data `labels` (`:Person:Poet`), types the data `label`, as other graph databases write them.
//! Integers are `long`, floats `double`, booleans `boolean`, everything else (dates, and lists as JSON) `string`; so is a
//! property whose values are of several kinds. A node that only stands at the end of a relationship has no data. Keys
//! come before what uses them, so the graph is collected first.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write},
    sync::Arc,
};

use super::convert::shown;
use crate::{
    Error, Result,
    model::{Map, NodeId, RelId, RelationshipData, Value},
};

/// The nodes and relationships of a file.
#[derive(Debug)]
pub(super) struct GraphMl {
    nodes: BTreeMap<NodeId, (String, Map)>,
    rels: BTreeMap<RelId, Arc<RelationshipData>>,
    bytes: u64,
    bytes_max: u64,
}

/// What a node, relationship or property costs beside its text, about.
const ENTRY_BYTES: u64 = 100;

/// How many nodes or relationships are written between two questions whether to go on.
const CHECK_EACH: usize = 1024;

impl GraphMl {
    /// Returns an empty graph that may take this much memory.
    pub(super) const fn new(bytes_max: u64) -> Self {
        Self { nodes: BTreeMap::new(), rels: BTreeMap::new(), bytes: 0, bytes_max }
    }

    /// Adds what a value holds.
    ///
    /// # Errors
    /// [`Error::Convert`] where that is no node, relationship or path; [`Error::Limit`] where there is too much.
    pub(super) fn add(&mut self, column: &str, value: &Value) -> Result<()> {
        match value {
            Value::Null => {}
            Value::Node(node) => {
                let labels: String = node.labels().iter().flat_map(|label| [":", label]).collect();
                let properties = node.data.as_ref().map(|data| data.properties.clone()).unwrap_or_default();
                self.node(node.id, labels, properties);
            }
            Value::Relationship(rel) => {
                let data = rel.data.clone().expect("results have the data of their relationships");
                for end in [data.start, data.end] {
                    if !self.nodes.contains_key(&end) {
                        self.node(end, String::new(), Map::new());
                    }
                }
                self.bytes += cost(&data.properties);
                self.rels.insert(rel.id, data);
            }
            Value::Path(path) => {
                path.nodes.iter().try_for_each(|node| self.add(column, &Value::Node(node.clone())))?;
                path.relationships.iter().try_for_each(|rel| self.add(column, &Value::Relationship(rel.clone())))?;
            }
            Value::List(items) => items.iter().try_for_each(|item| self.add(column, item))?,
            other => {
                let what = format!(
                    "column {column:?}: GraphML holds nodes, relationships and paths, not {} ({})",
                    shown(&other.to_string()),
                    other.kind()
                );
                return Err(Error::Convert { what });
            }
        }
        if self.bytes > self.bytes_max {
            return Err(Error::Limit { what: "bytes of a graph written as GraphML", max: self.bytes_max });
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId, labels: String, properties: Map) {
        self.bytes += cost(&properties);
        self.nodes.insert(id, (labels, properties));
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`Error::Convert`] where a text has a character that XML cannot hold; what `out` returns.
    pub(super) fn write(
        &self,
        out: &mut impl Write,
        fail: impl Fn(&io::Error) -> Error,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let node_keys = Keys::new("n", "labels", self.nodes.values().map(|(_, properties)| properties));
        let rel_keys = Keys::new("e", "label", self.rels.values().map(|data| &data.properties));
        let mut text = String::from(HEAD);
        node_keys.declare(&mut text, "node")?;
        rel_keys.declare(&mut text, "edge")?;
        text.push_str("<graph id=\"G\" edgedefault=\"directed\">\n");
        let mut put = |text: &mut String| {
            out.write_all(text.as_bytes()).map_err(|error| fail(&error))?;
            text.clear();
            Ok::<(), Error>(())
        };
        for (at, (id, (labels, properties))) in self.nodes.iter().enumerate() {
            if at.is_multiple_of(CHECK_EACH) {
                check()?;
            }
            write!(text, "<node id=\"n{id}\">").expect("text grows");
            node_keys.data(&mut text, Some(labels).filter(|labels| !labels.is_empty()), properties)?;
            text.push_str("</node>\n");
            put(&mut text)?;
        }
        for (at, (id, data)) in self.rels.iter().enumerate() {
            if at.is_multiple_of(CHECK_EACH) {
                check()?;
            }
            write!(text, "<edge id=\"e{id}\" source=\"n{}\" target=\"n{}\">", data.start, data.end)
                .expect("text grows");
            rel_keys.data(&mut text, Some(&data.rel_type), &data.properties)?;
            text.push_str("</edge>\n");
            put(&mut text)?;
        }
        text.push_str("</graph>\n</graphml>\n");
        put(&mut text)
    }
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"#;

fn cost(properties: &Map) -> u64 {
    let text = |value: &Value| match value {
        Value::String(text) => text.len() as u64,
        Value::List(items) => items.len() as u64 * ENTRY_BYTES,
        Value::Temporal(_) | Value::Point(_) => ENTRY_BYTES,
        _ => 0,
    };
    ENTRY_BYTES + properties.values().map(|value| ENTRY_BYTES + text(value)).sum::<u64>()
}

/// The properties of nodes or of relationships, by name: number and type.
struct Keys<'a> {
    prefix: &'static str,
    /// The name of what is no property: the labels, the type.
    own: &'static str,
    properties: BTreeMap<&'a str, (usize, &'static str)>,
}

impl<'a> Keys<'a> {
    fn new(prefix: &'static str, own: &'static str, all: impl Iterator<Item = &'a Map>) -> Self {
        let mut properties: BTreeMap<&str, (usize, &'static str)> = BTreeMap::new();
        for (name, value) in all.flatten() {
            let kind = match value {
                Value::Int(_) => "long",
                Value::Float(_) => "double",
                Value::Bool(_) => "boolean",
                _ => "string",
            };
            let known = properties.entry(name).or_insert((0, kind));
            if known.1 != kind {
                known.1 = "string";
            }
        }
        properties.values_mut().enumerate().for_each(|(at, (number, _))| *number = at);
        Self { prefix, own, properties }
    }

    fn declare(&self, text: &mut String, domain: &str) -> Result<()> {
        // A property may have the same name: then ours has a colon, which no other program will take for it.
        let colon = if self.properties.contains_key(self.own) { ":" } else { "" };
        let (prefix, own) = (self.prefix, self.own);
        let mut line = |id: &str, name: &str, kind: &str| {
            write!(text, "<key id=\"{id}\" for=\"{domain}\" attr.name=\"").expect("text grows");
            escape(text, name, name)?;
            writeln!(text, "\" attr.type=\"{kind}\"/>").expect("text grows");
            Ok::<(), Error>(())
        };
        line(&format!("{prefix}_"), &format!("{colon}{own}"), "string")?;
        self.properties.iter().try_for_each(|(name, (number, kind))| line(&format!("{prefix}{number}"), name, kind))
    }

    fn data(&self, text: &mut String, own: Option<impl AsRef<str>>, properties: &Map) -> Result<()> {
        let prefix = self.prefix;
        if let Some(own) = own {
            write!(text, "<data key=\"{prefix}_\">").expect("text grows");
            escape(text, self.own, own.as_ref())?;
            text.push_str("</data>");
        }
        for (name, value) in properties {
            let (number, _) = self.properties[&**name];
            write!(text, "<data key=\"{prefix}{number}\">").expect("text grows");
            match value {
                Value::String(string) => escape(text, name, string)?,
                // As XML Schema spells them.
                Value::Float(x) if x.is_infinite() => text.push_str(if *x > 0.0 { "INF" } else { "-INF" }),
                Value::List(_) => escape(text, name, &serde_json::to_string(value).expect("values have text keys"))?,
                other => write!(text, "{other}").expect("text grows"),
            }
            text.push_str("</data>");
        }
        Ok(())
    }
}

/// Adds a text as XML has it.
fn escape(out: &mut String, what: &str, text: &str) -> Result<()> {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Readers would make a line feed of it, and blanks of these in attributes.
            '\r' | '\n' | '\t' => write!(out, "&#{};", u32::from(c)).expect("text grows"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                let what = format!(
                    "{what}: XML cannot hold the character U+{:04X} of {}; write JSON lines instead",
                    u32::from(c),
                    shown(text)
                );
                return Err(Error::Convert { what });
            }
            c => out.push(c),
        }
    }
    Ok(())
}
