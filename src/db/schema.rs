//! What is in a database: names with their counts, indexes, and its condition.

use std::sync::Arc;

use crate::graph::Snapshot;

/// The names in use, with how often, and the indexes.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Schema {
    /// Labels, and how many nodes have each.
    pub labels: Vec<(Arc<str>, u64)>,
    /// Relationship types, and how many relationships have each.
    pub relationship_types: Vec<(Arc<str>, u64)>,
    /// Property keys.
    pub property_keys: Vec<Arc<str>>,
    /// Indexes and constraints.
    pub indexes: Vec<IndexSchema>,
}

/// An index or a constraint.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IndexSchema {
    /// Its name.
    pub name: Arc<str>,
    /// The label of the nodes it holds.
    pub label: Arc<str>,
    /// The property.
    pub key: Arc<str>,
    /// Whether it is a uniqueness constraint.
    pub unique: bool,
}

impl Schema {
    pub(super) fn of(view: &Snapshot) -> Self {
        let catalog = view.catalog();
        Self {
            labels: catalog.labels().map(|(id, name)| (name.clone(), view.n_label(id))).collect(),
            relationship_types: catalog.rel_types().map(|(id, name)| (name.clone(), view.n_type(id))).collect(),
            property_keys: catalog.keys().map(|(_, name)| name.clone()).collect(),
            indexes: catalog
                .indexes()
                .iter()
                .map(|index| IndexSchema {
                    name: index.name.clone(),
                    label: catalog.label_name(index.label).clone(),
                    key: catalog.key_name(index.key).clone(),
                    unique: index.unique,
                })
                .collect(),
        }
    }
}

/// The condition of an open database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// Nodes.
    pub n_nodes: u64,
    /// Relationships.
    pub n_relationships: u64,
    /// The number of the last visible commit.
    pub sequence: u64,
    /// Bytes of journal that recovery would read.
    pub journal_bytes: u64,
    /// Bytes of changes in memory, not yet folded into blocks (an estimate).
    pub delta_bytes: u64,
    /// Checkpoints since the database was opened.
    pub n_checkpoints: u64,
    /// The commit that the newest root holds.
    pub checkpoint_sequence: u64,
    /// Why the last checkpoint failed, if it did.
    pub checkpoint_error: Option<String>,
    /// Why nothing can be written any more, if so.
    pub poisoned: Option<String>,
    /// The commit that the oldest open read transaction sees, and so what blocks cannot be deleted yet.
    pub oldest_snapshot: Option<u64>,
    /// Blocks that were replaced and wait for such transactions, or for the next root, before they are deleted.
    pub n_blocks_waiting: u64,
    /// Bytes of blocks held in memory.
    pub pinned_bytes: u64,
    /// Accesses that wait for [`Database::take_accesses`](crate::Database::take_accesses).
    pub n_accesses: u64,
    /// Accesses dropped since the database was opened, as too many waited.
    pub n_accesses_dropped: u64,
}
