//! What binding and planning ask about the graph: names, indexes and exact counts.
//!
//! Two things answer: a snapshot, and in tests a table.

use std::sync::Arc;

use super::plan::{Assumption, KeyRef, TypeRef};
use crate::{
    Result,
    graph::Snapshot,
    model::{Direction, KeyId, LabelId, TypeId, Validity},
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
    /// Returns whether there is an index of the vectors of an embedding space.
    fn is_indexed(&self, space: &str) -> bool {
        let _ = space;
        false
    }
    /// Returns how much salience counts by default where relationships of these types are followed, each `None` for one of
    /// any type; none where no policy says so.
    ///
    /// # Errors
    /// `Corrupt` where a record is damaged.
    fn default_prior(&self, _types: &[Option<TypeId>]) -> Result<Option<f64>> {
        Ok(None)
    }
    /// Returns which relationships have a time.
    ///
    /// # Errors
    /// `Corrupt` where a record is damaged.
    fn timed(&self) -> Result<Vec<Timed>> {
        Ok(Vec::new())
    }
    /// Returns a number that changes with every new name, index, policy or validity.
    fn version(&self) -> u64;
}

/// Relationships that hold from one of their properties to another.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    /// Their types; none means all.
    pub(crate) types: Vec<TypeRef>,
    /// From when, included.
    pub(crate) since: KeyRef,
    /// Until when, excluded.
    pub(crate) until: KeyRef,
    /// The parameter that says what time it is.
    pub(crate) clock: Option<Arc<str>>,
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

    fn is_indexed(&self, space: &str) -> bool {
        self.space(space).is_some_and(|info| info.space.indexed)
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

    fn default_prior(&self, types: &[Option<TypeId>]) -> Result<Option<f64>> {
        self.default_prior(types)
    }

    fn timed(&self) -> Result<Vec<Timed>> {
        let catalog = self.catalog();
        let key = |id: KeyId| KeyRef { name: catalog.key_name(id).clone(), id: Some(id) };
        let timed = |(_, validity): (u32, Validity)| Timed {
            types: validity
                .types
                .iter()
                .map(|id| TypeRef { name: catalog.type_name(*id).clone(), id: Some(*id) })
                .collect(),
            since: key(validity.since),
            until: key(validity.until),
            clock: validity.clock,
        };
        Ok(self.validities()?.into_iter().map(timed).collect())
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

/// A table of numbers, to plan against in tests.
#[cfg(test)]
pub(crate) mod table {
    use super::*;

    /// A graph of which only the numbers exist. Ids are positions.
    #[derive(Debug, Default)]
    pub(crate) struct Table {
        pub(crate) n_nodes: u64,
        pub(crate) labels: Vec<(&'static str, u64)>,
        /// Type, count, and the labels that all its starts and all its ends have.
        pub(crate) types: Vec<(&'static str, u64, Option<&'static str>, Option<&'static str>)>,
        pub(crate) keys: Vec<&'static str>,
        /// Label, key, unique.
        pub(crate) indexes: Vec<(&'static str, &'static str, bool)>,
        /// Types with self-loops.
        pub(crate) loops: Vec<&'static str>,
    }

    impl Table {
        /// Returns a social graph: 1,000 people who know 10 each, in 10 cities, 50 of them at companies.
        pub(crate) fn social() -> Self {
            Self {
                n_nodes: 1_060,
                labels: vec![("Person", 1_000), ("City", 10), ("Company", 50), ("Admin", 5)],
                types: vec![
                    ("KNOWS", 10_000, Some("Person"), Some("Person")),
                    ("LIVES_IN", 1_000, Some("Person"), Some("City")),
                    ("WORKS_AT", 50, Some("Person"), Some("Company")),
                ],
                keys: vec!["id", "name", "age"],
                indexes: vec![("Person", "id", true), ("Person", "name", false)],
                loops: vec!["KNOWS"],
            }
        }

        fn id(names: impl Iterator<Item = &'static str>, name: &str) -> Option<u32> {
            names.zip(0..).find(|(known, _)| *known == name).map(|(_, id)| id)
        }
    }

    impl Statistics for Table {
        fn label(&self, name: &str) -> Option<LabelId> {
            Self::id(self.labels.iter().map(|label| label.0), name).map(LabelId::new)
        }

        fn rel_type(&self, name: &str) -> Option<TypeId> {
            Self::id(self.types.iter().map(|rel_type| rel_type.0), name).map(TypeId::new)
        }

        fn key(&self, name: &str) -> Option<KeyId> {
            Self::id(self.keys.iter().copied(), name).map(KeyId::new)
        }

        fn label_names(&self) -> Vec<Arc<str>> {
            self.labels.iter().map(|label| label.0.into()).collect()
        }

        fn type_names(&self) -> Vec<Arc<str>> {
            self.types.iter().map(|rel_type| rel_type.0.into()).collect()
        }

        fn key_names(&self) -> Vec<Arc<str>> {
            self.keys.iter().map(|key| (*key).into()).collect()
        }

        fn n_nodes(&self) -> u64 {
            self.n_nodes
        }

        fn n_rels(&self) -> u64 {
            self.types.iter().map(|rel_type| rel_type.1).sum()
        }

        fn n_label(&self, label: LabelId) -> u64 {
            self.labels[label.index()].1
        }

        fn n_type(&self, rel_type: TypeId) -> u64 {
            self.types[rel_type.index()].1
        }

        fn n_type_ends(&self, rel_type: TypeId, end: Direction, label: LabelId) -> u64 {
            let (_, n, starts, ends) = self.types[rel_type.index()];
            let has = if end == Direction::Out { starts } else { ends };
            if has == Some(self.labels[label.index()].0) { n } else { 0 }
        }

        fn n_self_loops(&self, rel_type: TypeId) -> u64 {
            u64::from(self.loops.contains(&self.types[rel_type.index()].0))
        }

        fn index(&self, label: LabelId, key: KeyId) -> Option<bool> {
            let (label, key) = (self.labels[label.index()].0, self.keys[key.index()]);
            self.indexes.iter().find(|index| (index.0, index.1) == (label, key)).map(|index| index.2)
        }

        fn version(&self) -> u64 {
            1
        }
    }
}
