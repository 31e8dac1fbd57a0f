//! Functions of nodes and relationships.

use super::{Function, Scene, wrong_type};
use crate::{
    Result,
    graph::Snapshot,
    model::{Direction, KeyId, Map, NodeId, Value},
};

/// Returns what a function gives for a node, a relationship or (some of them) a map.
pub(super) fn call(function: Function, arg: &Value, scene: &Scene<'_>) -> Result<Value> {
    match function {
        Function::Id => match arg {
            Value::Node(node) => Ok(Value::Int(node.id.get().into())),
            Value::Relationship(rel) => Ok(Value::Int(rel.id.get().into())),
            _ => Err(wrong_type(function, arg, "a node or a relationship").into()),
        },
        Function::ElementId => match arg {
            Value::Node(node) => Ok(node.id.to_string().into()),
            Value::Relationship(rel) => Ok(rel.id.to_string().into()),
            _ => Err(wrong_type(function, arg, "a node or a relationship").into()),
        },
        Function::Labels => labels(arg, scene),
        Function::Type => match arg {
            Value::Relationship(rel) => {
                let record = scene.record(rel.id)?;
                Ok(Value::String(scene.view.catalog().type_name(record.rel_type).clone()))
            }
            _ => Err(wrong_type(function, arg, "a relationship").into()),
        },
        Function::StartNode | Function::EndNode => match arg {
            Value::Relationship(rel) => {
                let record = scene.record(rel.id)?;
                Ok(Value::node(if function == Function::StartNode { record.start } else { record.end }))
            }
            _ => Err(wrong_type(function, arg, "a relationship").into()),
        },
        Function::Keys => Ok(match properties(function, arg, scene)? {
            Value::Map(map) => Value::list(map.keys().map(|key| Value::String(key.clone()))),
            _ => Value::Null,
        }),
        Function::Properties => properties(function, arg, scene),
        Function::Degree => match arg {
            Value::Node(node) => degree(scene.view, node.id),
            _ => Err(wrong_type(function, arg, "a node").into()),
        },
        _ => match arg {
            Value::Relationship(rel) => {
                scene.gone.check_rel(rel.id)?;
                Ok(Value::Float(scene.view.salience(rel.id)?.into()))
            }
            _ => Err(wrong_type(function, arg, "a relationship").into()),
        },
    }
}

fn labels(arg: &Value, scene: &Scene<'_>) -> Result<Value> {
    let Value::Node(node) = arg else { return Err(wrong_type(Function::Labels, arg, "a node").into()) };
    scene.gone.check_node(node.id)?;
    let catalog = scene.view.catalog();
    let labels = scene.view.node_labels(node.id)?;
    Ok(Value::list(labels.into_iter().map(|label| Value::String(catalog.label_name(label).clone()))))
}

fn properties(function: Function, arg: &Value, scene: &Scene<'_>) -> Result<Value> {
    let found = match arg {
        Value::Map(_) => return Ok(arg.clone()),
        Value::Node(node) => {
            scene.gone.check_node(node.id)?;
            scene.view.node_props(node.id)?
        }
        Value::Relationship(rel) => {
            scene.gone.check_rel(rel.id)?;
            scene.view.rel_props(rel.id)?
        }
        _ => return Err(wrong_type(function, arg, "a node, a relationship or a map").into()),
    };
    Ok(Value::from(property_map(scene.view, found)))
}

/// Returns properties under their names.
pub(crate) fn property_map(view: &Snapshot, properties: Vec<(KeyId, Value)>) -> Map {
    let catalog = view.catalog();
    properties.into_iter().map(|(key, value)| (catalog.key_name(key).clone(), value)).collect()
}

/// Counts the relationships at a node, both ways; a self-loop twice.
fn degree(view: &Snapshot, node: NodeId) -> Result<Value> {
    let mut n = 0;
    for rel_type in view.types() {
        for direction in [Direction::Out, Direction::In] {
            n += i64::from(view.adjacency(direction, rel_type).degree(node)?);
        }
    }
    Ok(Value::Int(n))
}
