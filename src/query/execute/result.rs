//! The border where values leave: nodes and relationships get their data.

use std::sync::Arc;

use crate::{
    Result,
    graph::Snapshot,
    model::{Node, NodeData, Path, Relationship, RelationshipData, Value},
    query::function::property_map,
};

/// Returns a value with the data of every node and relationship in it, as the view has them. What was deleted stays bare.
///
/// # Errors
/// `Corrupt` where a block is damaged.
pub(crate) fn hydrate(view: &Snapshot, value: Value) -> Result<Value> {
    Ok(match value {
        Value::Node(node) => Value::Node(hydrate_node(view, node)?),
        Value::Relationship(rel) => Value::Relationship(hydrate_rel(view, rel)?),
        Value::List(items) if items.iter().any(holds_entity) => {
            let items: Result<Arc<[Value]>> = items.iter().map(|item| hydrate(view, item.clone())).collect();
            Value::List(items?)
        }
        Value::Map(map) if map.values().any(holds_entity) => {
            let entries = map.iter().map(|(key, value)| Ok((key.clone(), hydrate(view, value.clone())?)));
            Value::Map(Arc::new(entries.collect::<Result<_>>()?))
        }
        Value::Path(path) => {
            let nodes: Result<Vec<Node>> = path.nodes.iter().map(|node| hydrate_node(view, node.clone())).collect();
            let relationships: Result<Vec<Relationship>> =
                path.relationships.iter().map(|rel| hydrate_rel(view, rel.clone())).collect();
            Value::Path(Arc::new(Path { nodes: nodes?, relationships: relationships? }))
        }
        other => other,
    })
}

fn holds_entity(value: &Value) -> bool {
    match value {
        Value::Node(_) | Value::Relationship(_) | Value::Path(_) => true,
        Value::List(items) => items.iter().any(holds_entity),
        Value::Map(map) => map.values().any(holds_entity),
        _ => false,
    }
}

fn hydrate_node(view: &Snapshot, node: Node) -> Result<Node> {
    if !view.node_exists(node.id)? {
        return Ok(node);
    }
    let catalog = view.catalog();
    let labels = view.node_labels(node.id)?.into_iter().map(|label| catalog.label_name(label).clone()).collect();
    let properties = property_map(view, view.node_props(node.id)?);
    Ok(Node { id: node.id, data: Some(Arc::new(NodeData { labels, properties })) })
}

fn hydrate_rel(view: &Snapshot, rel: Relationship) -> Result<Relationship> {
    let Some(record) = view.rel(rel.id)? else { return Ok(rel) };
    let data = RelationshipData {
        start: record.start,
        end: record.end,
        rel_type: view.catalog().type_name(record.rel_type).clone(),
        properties: property_map(view, view.rel_props(rel.id)?),
    };
    Ok(Relationship { id: rel.id, data: Some(Arc::new(data)) })
}
