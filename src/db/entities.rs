//! Typed calls below the language: nodes and neighbours without a query.

use std::sync::Arc;

use super::{Database, ReadTransaction, WriteTransaction};
use crate::{
    Result, Value,
    graph::Snapshot,
    model::{Direction, Map, Node, NodeId, RelId, Relationship},
    query::execute::hydrate,
};

/// A relationship at a node, and the node it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbor {
    /// The relationship.
    pub relationship: RelId,
    /// The node at its other end.
    pub node: NodeId,
}

impl Database {
    /// Returns a node with its labels and properties, or `None` where there is none.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; `Closed`.
    pub fn node(&self, id: NodeId) -> Result<Option<Node>> {
        self.inner.check_open()?;
        node(&self.inner.engine.peek(), id)
    }

    /// Returns a relationship with its ends, type and properties, or `None` where there is none.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; `Closed`.
    pub fn relationship(&self, id: RelId) -> Result<Option<Relationship>> {
        self.inner.check_open()?;
        relationship(&self.inner.engine.peek(), id)
    }

    /// Returns the neighbours of a node over relationships of a type (or of all, for `None`), in one direction.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; `Closed`.
    pub fn neighbors(&self, id: NodeId, direction: Direction, rel_type: Option<&str>) -> Result<Vec<Neighbor>> {
        self.inner.check_open()?;
        neighbors(&self.inner.engine.peek(), id, direction, rel_type)
    }

    /// Returns the nodes of a label whose property equals a value, through the index on it.
    ///
    /// # Errors
    /// `NotAllowed` where there is no such index; `Corrupt`; `Closed`.
    pub fn find(&self, label: &str, key: &str, value: impl Into<Value>) -> Result<Vec<NodeId>> {
        self.inner.check_open()?;
        let view = self.inner.engine.peek();
        let catalog = view.catalog();
        let index = catalog.label(label).zip(catalog.key(key)).and_then(|(label, key)| catalog.find_index(label, key));
        let Some(index) = index else {
            let what = format!("finding :{label} by {key} without an index; create one, or query");
            return Err(crate::Error::NotAllowed { what });
        };
        let mut found = Vec::new();
        view.seek(index, &value.into(), &mut found)?;
        Ok(found.into_iter().map(NodeId::new).collect())
    }
}

impl ReadTransaction {
    /// As [`Database::node`], in this transaction's snapshot.
    ///
    /// # Errors
    /// As [`Database::node`].
    pub fn node(&self, id: NodeId) -> Result<Option<Node>> {
        node(&self.snapshot, id)
    }

    /// As [`Database::neighbors`], in this transaction's snapshot.
    ///
    /// # Errors
    /// As [`Database::neighbors`].
    pub fn neighbors(&self, id: NodeId, direction: Direction, rel_type: Option<&str>) -> Result<Vec<Neighbor>> {
        neighbors(&self.snapshot, id, direction, rel_type)
    }
}

impl WriteTransaction {
    /// Creates a node with labels and properties.
    ///
    /// # Errors
    /// `Constraint` where a property must be unique and is not; a query error where a value cannot be stored.
    pub fn create_node(&mut self, labels: &[&str], properties: &Map) -> Result<NodeId> {
        self.change(|tx| {
            let labels = labels.iter().map(|label| tx.label(label)).collect::<Result<Vec<_>>>()?;
            let id = tx.create_node(&labels)?;
            for (key, value) in properties {
                let key = tx.key(key)?;
                tx.set_node(id, key, value.clone())?;
            }
            Ok(id)
        })
    }

    /// Creates a relationship of a type between two nodes, with properties.
    ///
    /// # Errors
    /// A query error where an end does not exist or a value cannot be stored.
    pub fn create_relationship(
        &mut self,
        start: NodeId,
        rel_type: &str,
        end: NodeId,
        properties: &Map,
    ) -> Result<RelId> {
        self.change(|tx| {
            let rel_type = tx.rel_type(rel_type)?;
            let id = tx.create_rel(rel_type, start, end)?;
            for (key, value) in properties {
                let key = tx.key(key)?;
                tx.set_rel(id, key, value.clone())?;
            }
            Ok(id)
        })
    }

    /// Sets how much a relationship counts: 1.0 until something reweights it, always above 0.
    ///
    /// # Errors
    /// A query error where it is not a finite number above 0, or there is no such relationship.
    pub fn set_salience(&mut self, id: RelId, salience: f32) -> Result<()> {
        self.change(|tx| tx.set_salience(id, salience))
    }

    /// Makes a change that is undone when it fails half way.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut crate::graph::Transaction) -> Result<T>) -> Result<T> {
        self.inner.check_open()?;
        let transaction = self.writer.transaction().expect("no statement is running");
        let point = transaction.save();
        let done = change(transaction);
        if done.is_err() {
            transaction.restore(point);
        }
        done
    }
}

fn node(view: &Snapshot, id: NodeId) -> Result<Option<Node>> {
    if !view.node_exists(id)? {
        return Ok(None);
    }
    match hydrate(view, Value::node(id))? {
        Value::Node(node) => Ok(Some(node)),
        _ => Ok(None),
    }
}

fn relationship(view: &Snapshot, id: RelId) -> Result<Option<Relationship>> {
    if !view.rel_exists(id)? {
        return Ok(None);
    }
    match hydrate(view, Value::relationship(id))? {
        Value::Relationship(rel) => Ok(Some(rel)),
        _ => Ok(None),
    }
}

fn neighbors(view: &Snapshot, id: NodeId, direction: Direction, rel_type: Option<&str>) -> Result<Vec<Neighbor>> {
    let mut found = Vec::new();
    let types: Vec<_> = match rel_type {
        Some(name) => view.catalog().rel_type(name).into_iter().collect(),
        None => view.types().collect(),
    };
    for rel_type in types {
        view.adjacency(direction, rel_type).edges(id)?.for_each(|node, rel| {
            found.push(Neighbor { relationship: RelId::new(rel), node: NodeId::new(node) });
        });
    }
    Ok(found)
}

/// Names of columns as the appenders take them.
pub(super) fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}
