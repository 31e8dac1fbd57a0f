//! Values made short: long texts, lists (vectors among them) and maps keep their beginning and say how much is missing.

use std::{borrow::Cow, sync::Arc};

use attendb::{
    Value,
    model::{Map, Node, NodeData, Path, Relationship, RelationshipData},
};

/// The most of a value that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Characters of a text.
    pub(crate) text_max: usize,
    /// Items of a list, entries of a map, nodes of a path.
    pub(crate) items_max: usize,
}

/// Under which key a shortened map says how many entries are missing.
const MORE: &str = "…";

/// Returns the value within the bounds.
pub(crate) fn shorten(value: Value, bounds: &Bounds) -> Value {
    match value {
        Value::String(text) => match cut(&text, bounds.text_max) {
            Cow::Borrowed(_) => Value::String(text),
            Cow::Owned(short) => Value::from(short),
        },
        Value::List(items) => Value::List(
            items
                .iter()
                .take(bounds.items_max)
                .map(|item| shorten(item.clone(), bounds))
                .chain(more(items.len(), bounds.items_max))
                .collect(),
        ),
        Value::Map(map) => Value::Map(Arc::new(short_map(&map, bounds))),
        Value::Node(node) => Value::Node(short_node(&node, bounds)),
        Value::Relationship(relationship) => Value::Relationship(short_relationship(&relationship, bounds)),
        Value::Path(path) if path.nodes.len() > bounds.items_max => {
            // A path that is cut is no path: its members as a list, in order.
            let members = path.nodes.iter().zip(path.relationships.iter().map(Some).chain([None]));
            let members = members.take(bounds.items_max).flat_map(|(node, relationship)| {
                let node = Value::Node(short_node(node, bounds));
                let after = relationship.map(|r| Value::Relationship(short_relationship(r, bounds)));
                [node].into_iter().chain(after)
            });
            Value::List(members.chain(more(path.nodes.len(), bounds.items_max)).collect())
        }
        Value::Path(path) => Value::Path(Arc::new(Path {
            nodes: path.nodes.iter().map(|node| short_node(node, bounds)).collect(),
            relationships: path.relationships.iter().map(|r| short_relationship(r, bounds)).collect(),
        })),
        other => other,
    }
}

/// Returns the beginning of a text that is too long, and how much is missing.
pub(super) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let n_more = text[end..].chars().count();
            Cow::Owned(format!("{}… (+{n_more} characters)", &text[..end]))
        }
    }
}

fn more(len: usize, max: usize) -> Option<Value> {
    len.checked_sub(max).filter(|&n| n > 0).map(|n| Value::from(format!("… {n} more")))
}

fn short_map(map: &Map, bounds: &Bounds) -> Map {
    let kept = map.iter().take(bounds.items_max).map(|(key, value)| (key.clone(), shorten(value.clone(), bounds)));
    kept.chain(more(map.len(), bounds.items_max).map(|n| (Arc::from(MORE), n))).collect()
}

fn short_node(node: &Node, bounds: &Bounds) -> Node {
    let data = node.data.as_ref().map(|data| {
        Arc::new(NodeData { labels: data.labels.clone(), properties: short_map(&data.properties, bounds) })
    });
    Node { id: node.id, data }
}

fn short_relationship(relationship: &Relationship, bounds: &Bounds) -> Relationship {
    let data = relationship.data.as_ref().map(|data| {
        let properties = short_map(&data.properties, bounds);
        Arc::new(RelationshipData { start: data.start, end: data.end, rel_type: data.rel_type.clone(), properties })
    });
    Relationship { id: relationship.id, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { text_max: 5, items_max: 3 };

    fn short(value: Value) -> String {
        shorten(value, &BOUNDS).to_string()
    }

    #[test]
    fn what_is_short_stays() {
        for value in [Value::from("fünf!"), Value::list([1.into(), 2.into(), 3.into()]), Value::Null, 1.5.into()] {
            assert_eq!(short(value.clone()), value.to_string());
        }
    }

    #[test]
    fn what_is_long_says_how_much_is_missing() {
        assert_eq!(short("sechs!".into()), "'sechs… (+1 characters)'");
        assert_eq!(short(Value::list((1..=128).map(Value::from))), "[1, 2, 3, '… 125 more']");
        let nested = Value::list([Value::list((1..=5).map(Value::from))]);
        assert_eq!(short(nested), "[[1, 2, 3, '… 2 more']]");
        let map: Map = (0..5).map(|n| (Arc::from(format!("k{n}")), Value::Int(n))).collect();
        assert!(short(Value::Map(Arc::new(map))).contains("… 2 more"));
    }
}
