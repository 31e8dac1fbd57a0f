//! What binding and planning ask about the graph: names, indexes and exact counts.
//!
//! Two things answer: a snapshot, and in tests a table.

use std::sync::Arc;

use super::plan::Assumption;
use crate::{
    graph::Snapshot,
    model::{Direction, KeyId, LabelId, TypeId},
};

/// A source of names and counts.
pub(crate) trait Statistics {
    /// Returns the id of a label.
    fn label(&self, name: &str) -> Option<LabelId>;
    /// Returns the id of a relationship type.
    fn rel_type(&self, name: &str) -> Option<TypeId>;
    /// Returns the id of a property key.
    fn key(&self, name: &str) -> Option<KeyId>;
    /// Returns all labels, to suggest one.
    fn label_names(&self) -> Vec<Arc<str>>;
    /// Returns all relationship types, to suggest one.
    fn type_names(&self) -> Vec<Arc<str>>;
    /// Returns all property keys, to suggest one.
    fn key_names(&self) -> Vec<Arc<str>>;
    /// Returns the number of nodes.
    fn n_nodes(&self) -> u64;
    /// Returns the number of relationships.
    fn n_rels(&self) -> u64;
    /// Returns the number of nodes with the label.
    fn n_label(&self, label: LabelId) -> u64;
    /// Returns the number of relationships of the type.
    fn n_type(&self, rel_type: TypeId) -> u64;
    /// Returns the number of relationships of the type whose start (`Out`) or end (`In`) node has the label.
    fn n_type_ends(&self, rel_type: TypeId, end: Direction, label: LabelId) -> u64;
    /// Returns the number of relationships of the type that start and end at the same node.
    fn n_self_loops(&self, rel_type: TypeId) -> u64;
    /// Returns whether there is an index on the label and key, and if so whether it is unique.
    fn index(&self, label: LabelId, key: KeyId) -> Option<bool>;
    /// Returns a number that changes with every new name or index.
    fn version(&self) -> u64;
}

impl Statistics for Snapshot {
    fn label(&self, name: &str) -> Option<LabelId> {
        self.catalog().label(name)
    }

    fn rel_type(&self, name: &str) -> Option<TypeId> {
        self.catalog().rel_type(name)
    }

    fn key(&self, name: &str) -> Option<KeyId> {
        self.catalog().key(name)
    }

    fn label_names(&self) -> Vec<Arc<str>> {
        self.catalog().labels().map(|(_, name)| name.clone()).collect()
    }

    fn type_names(&self) -> Vec<Arc<str>> {
        self.catalog().rel_types().map(|(_, name)| name.clone()).collect()
    }

    fn key_names(&self) -> Vec<Arc<str>> {
        self.catalog().keys().map(|(_, name)| name.clone()).collect()
    }

    fn n_nodes(&self) -> u64 {
        self.n_nodes()
    }

    fn n_rels(&self) -> u64 {
        self.n_rels()
    }

    fn n_label(&self, label: LabelId) -> u64 {
        self.n_label(label)
    }

    fn n_type(&self, rel_type: TypeId) -> u64 {
        self.n_type(rel_type)
    }

    fn n_type_ends(&self, rel_type: TypeId, end: Direction, label: LabelId) -> u64 {
        self.n_type_ends(rel_type, end, label)
    }

    fn n_self_loops(&self, rel_type: TypeId) -> u64 {
        self.n_self_loops(rel_type)
    }

    fn index(&self, label: LabelId, key: KeyId) -> Option<bool> {
        self.catalog().find_index(label, key).map(|index| index.unique)
    }

    fn version(&self) -> u64 {
        self.catalog().version()
    }
}

impl Assumption {
    /// Returns whether it is true.
    pub(crate) fn holds(&self, statistics: &dyn Statistics) -> bool {
        match *self {
            Self::AllEnds { rel_type, end, label } => {
                statistics.n_type_ends(rel_type, end, label) == statistics.n_type(rel_type)
            }
            Self::NoSelfLoops(rel_type) => statistics.n_self_loops(rel_type) == 0,
        }
    }
}
