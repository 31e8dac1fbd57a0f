//! What of a result can be drawn.

use std::collections::{HashMap, HashSet};

use attendb::{
    Value,
    model::{Node, Relationship},
};

use super::{NODES_MAX, RELATIONSHIPS_MAX};

/// The nodes and relationships of a result, each once, in the order in which they came; no more than are drawn.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    nodes: Vec<Node>,
    node_at: HashMap<u32, usize>,
    relationships: Vec<Relationship>,
    relationship_ids: HashSet<u32>,
    is_cut: bool,
}

impl Seen {
    /// Looks at a row's values, and into lists, maps and paths.
    pub(crate) fn see(&mut self, row: &[Value]) {
        // Not by recursion: a list may be nested deeper than the stack.
        let mut open: Vec<&Value> = row.iter().rev().filter(|value| may_hold(value)).collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Node(node) => self.node(node),
                Value::Relationship(relationship) => self.relationship(relationship),
                Value::Path(path) => {
                    path.nodes.iter().for_each(|node| self.node(node));
                    path.relationships.iter().for_each(|relationship| self.relationship(relationship));
                }
                Value::List(items) => open.extend(items.iter().rev().filter(|value| may_hold(value))),
                Value::Map(map) => open.extend(map.values().rev().filter(|value| may_hold(value))),
                _ => {}
            }
        }
    }

    /// Returns whether there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.relationships.is_empty()
    }

    /// Returns whether the result held more than is kept.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the nodes.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the relationships.
    pub(super) fn relationships(&self) -> &[Relationship] {
        &self.relationships
    }

    /// Returns the ids of nodes at ends of relationships that were not seen themselves, as many as there is room for.
    pub(super) fn missing_ends(&self) -> Vec<u32> {
        let mut missing = Vec::new();
        let mut known = HashSet::new();
        for data in self.relationships.iter().filter_map(|relationship| relationship.data.as_ref()) {
            for id in [data.start.get(), data.end.get()] {
                if !self.node_at.contains_key(&id) && self.nodes.len() + missing.len() < NODES_MAX && known.insert(id) {
                    missing.push(id);
                }
            }
        }
        missing
    }

    fn node(&mut self, node: &Node) {
        if self.node_at.contains_key(&node.id.get()) {
            return;
        }
        if self.nodes.len() == NODES_MAX {
            self.is_cut = true;
            return;
        }
        self.node_at.insert(node.id.get(), self.nodes.len());
        self.nodes.push(node.clone());
    }

    fn relationship(&mut self, relationship: &Relationship) {
        if self.relationship_ids.contains(&relationship.id.get()) {
            return;
        }
        if self.relationships.len() == RELATIONSHIPS_MAX {
            self.is_cut = true;
            return;
        }
        self.relationship_ids.insert(relationship.id.get());
        self.relationships.push(relationship.clone());
    }
}

const fn may_hold(value: &Value) -> bool {
    matches!(value, Value::Node(_) | Value::Relationship(_) | Value::Path(_) | Value::List(_) | Value::Map(_))
}
