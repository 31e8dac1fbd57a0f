//! A full-text index, as stored.

use bincode::{Decode, Encode};

use crate::model::{Analyzer, Fulltext, KeyId, LabelId, SpaceOwner, TypeId};

/// A full-text index, as stored.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct FulltextRecord {
    /// Its name.
    pub(crate) name: String,
    /// Relationships are found, not nodes.
    pub(crate) of_relationships: bool,
    /// Their labels or types; none means all.
    pub(crate) owners: Vec<u32>,
    /// The property keys.
    pub(crate) keys: Vec<u32>,
    /// The analyzer: its place in the list of all.
    pub(crate) analyzer: u8,
    /// A search need not see the latest commits.
    pub(crate) eventual: bool,
    /// Never reused.
    pub(crate) number: u32,
}

impl FulltextRecord {
    /// Returns the record of an index.
    pub(crate) fn new(index: &Fulltext) -> Self {
        let (of_relationships, owners) = match &index.owner {
            SpaceOwner::Nodes(labels) => (false, labels.iter().map(|label| label.get()).collect()),
            SpaceOwner::Relationships(types) => (true, types.iter().map(|rel_type| rel_type.get()).collect()),
        };
        Self {
            name: index.name.to_string(),
            of_relationships,
            owners,
            keys: index.keys.iter().map(|key| key.get()).collect(),
            analyzer: index.analyzer.number(),
            eventual: index.eventual,
            number: index.number,
        }
    }

    /// Returns the index; whether it is a possible one is for the caller to check.
    pub(crate) fn index(&self) -> Fulltext {
        let owners = self.owners.iter().copied();
        Fulltext {
            name: self.name.as_str().into(),
            owner: match self.of_relationships {
                false => SpaceOwner::Nodes(owners.map(LabelId::new).collect()),
                true => SpaceOwner::Relationships(owners.map(TypeId::new).collect()),
            },
            keys: self.keys.iter().copied().map(KeyId::new).collect(),
            analyzer: Analyzer::of_number(self.analyzer).unwrap_or_default(),
            eventual: self.eventual,
            number: self.number,
        }
    }
}
