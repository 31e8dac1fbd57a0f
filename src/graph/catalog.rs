//! The dictionary of names, and the list of indexes. Names are only ever added; an id never means another name.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{SpaceInfo, fulltext::Mark};
use crate::{
    Error, Result,
    model::{Fact, Fulltext, KeyId, LabelId, Space, SpaceOwner, Storage, TypeId},
    storage::{BlockKey, BlockKind},
};

/// The most names of one sort: a graph with more has put data into names.
pub(crate) const NAMES_MAX: u32 = 1 << 20;

/// The most indexes a database may ever make: each number, never reused, keeps a place in a table.
pub(crate) const INDEXES_MAX: u32 = 1 << 20;

/// Names of one sort, by id and by text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    names: Vec<Arc<str>>,
    ids: FxHashMap<Arc<str>, u32>,
}

impl Names {
    fn find(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }

    fn name(&self, id: u32) -> &Arc<str> {
        &self.names[id as usize]
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &Arc<str>)> {
        self.names.iter().enumerate().map(|(id, name)| (id as u32, name))
    }

    fn next(&self, what: &'static str) -> Result<u32> {
        let next = self.names.len() as u32;
        if next < NAMES_MAX { Ok(next) } else { Err(Error::Limit { what, max: NAMES_MAX.into() }) }
    }

    /// Adds the name with the next id; returns whether it is new.
    fn add(&mut self, id: u32, name: &Arc<str>) -> Result<bool> {
        if let Some(known) = self.names.get(id as usize) {
            return if known == name { Ok(false) } else { Err(Error::corrupt("dictionary", known, name)) };
        }
        if id as usize != self.names.len() {
            return Err(Error::corrupt("dictionary", format_args!("id {}", self.names.len()), id));
        }
        if let Some(known) = self.ids.get(name) {
            return Err(Error::corrupt(
                "dictionary",
                format_args!("`{name}` once"),
                format_args!("ids {known} and {id}"),
            ));
        }
        self.names.push(name.clone());
        self.ids.insert(name.clone(), id);
        Ok(true)
    }
}

/// An equality index over one property of one label's nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexInfo {
    pub(crate) name: Arc<str>,
    pub(crate) label: LabelId,
    pub(crate) key: KeyId,
    /// A uniqueness constraint: at most one node of the label for each value.
    pub(crate) unique: bool,
    /// Never reused; names its blocks.
    pub(crate) number: u32,
}

/// The dictionary and the indexes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog {
    labels: Names,
    types: Names,
    keys: Names,
    indexes: Vec<IndexInfo>,
    spaces: Vec<SpaceInfo>,
    fulltexts: Vec<Arc<Fulltext>>,
    next_index: u32,
    version: u64,
}

impl Catalog {
    /// Returns the label of this name.
    pub(crate) fn label(&self, name: &str) -> Option<LabelId> {
        self.labels.find(name).map(LabelId::new)
    }

    /// Returns the relationship type of this name.
    pub(crate) fn rel_type(&self, name: &str) -> Option<TypeId> {
        self.types.find(name).map(TypeId::new)
    }

    /// Returns the property key of this name.
    pub(crate) fn key(&self, name: &str) -> Option<KeyId> {
        self.keys.find(name).map(KeyId::new)
    }

    /// Returns a label's name.
    pub(crate) fn label_name(&self, id: LabelId) -> &Arc<str> {
        self.labels.name(id.get())
    }

    /// Returns a relationship type's name.
    pub(crate) fn type_name(&self, id: TypeId) -> &Arc<str> {
        self.types.name(id.get())
    }

    /// Returns a property key's name.
    pub(crate) fn key_name(&self, id: KeyId) -> &Arc<str> {
        self.keys.name(id.get())
    }

    /// Returns every label.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (LabelId, &Arc<str>)> {
        self.labels.iter().map(|(id, name)| (LabelId::new(id), name))
    }

    /// Returns every relationship type.
    pub(crate) fn rel_types(&self) -> impl Iterator<Item = (TypeId, &Arc<str>)> {
        self.types.iter().map(|(id, name)| (TypeId::new(id), name))
    }

    /// Returns every property key.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (KeyId, &Arc<str>)> {
        self.keys.iter().map(|(id, name)| (KeyId::new(id), name))
    }

    /// Returns how many labels, types and keys there are.
    pub(crate) fn n_names(&self) -> (usize, usize, usize) {
        (self.labels.names.len(), self.types.names.len(), self.keys.names.len())
    }

    /// Returns every index and constraint.
    pub(crate) fn indexes(&self) -> &[IndexInfo] {
        &self.indexes
    }

    /// Returns every embedding space.
    pub(crate) fn spaces(&self) -> &[SpaceInfo] {
        &self.spaces
    }

    /// Returns the indexed spaces, which are of nodes.
    pub(crate) fn indexed_spaces(&self) -> impl Iterator<Item = &SpaceInfo> {
        self.spaces.iter().filter(|info| info.space.indexed)
    }

    /// Returns the mark of what a fact changes in indexed spaces.
    pub(super) fn vector_mark(&self, fact: &Fact) -> Option<Mark> {
        let is_any = |is: &dyn Fn(&Space) -> bool| self.indexed_spaces().any(|info| is(&info.space));
        match fact {
            Fact::SetNode { id, key, .. } => is_any(&|space| space.key == *key).then(|| Mark::Vector(id.get())),
            Fact::AddLabel { id, label } | Fact::RemoveLabel { id, label } => {
                let has = |space: &Space| matches!(&space.owner, SpaceOwner::Nodes(labels) if labels.contains(label));
                is_any(&has).then(|| Mark::Vector(id.get()))
            }
            Fact::DeleteNode { id } => is_any(&|_| true).then(|| Mark::Vector(id.get())),
            _ => None,
        }
    }

    /// Returns whether a block that is put in place may change indexed spaces.
    pub(super) fn is_of_vectors(&self, key: &BlockKey) -> bool {
        self.indexed_spaces().any(|SpaceInfo { space, .. }| match key.kind {
            BlockKind::NodeProperty => space.key.get() == key.sub,
            BlockKind::NodeLabel => {
                matches!(&space.owner, SpaceOwner::Nodes(labels) if labels.contains(&LabelId::new(key.sub)))
            }
            BlockKind::NodeAlive => true,
            _ => false,
        })
    }

    /// Returns every full-text index.
    pub(crate) fn fulltexts(&self) -> &[Arc<Fulltext>] {
        &self.fulltexts
    }

    /// Returns how blocks keep the vectors of a property: as its first space says.
    pub(crate) fn storage_of(&self, kind: BlockKind, key: KeyId) -> Storage {
        let of_nodes = kind == BlockKind::NodeProperty;
        let is_over = |space: &Space| space.key == key && matches!(space.owner, SpaceOwner::Nodes(_)) == of_nodes;
        self.spaces.iter().find(|info| is_over(&info.space)).map_or(Storage::F32, |info| info.space.storage)
    }

    /// Returns the first index number never given.
    pub(crate) fn index_end(&self) -> u32 {
        self.next_index
    }

    /// Returns the number the next index will have.
    ///
    /// # Errors
    /// `Limit` where too many were made.
    pub(crate) fn next_index(&self) -> Result<u32> {
        if self.next_index < INDEXES_MAX {
            Ok(self.next_index)
        } else {
            Err(Error::Limit { what: "indexes ever made", max: INDEXES_MAX.into() })
        }
    }

    /// Returns the index over a label's property.
    pub(crate) fn find_index(&self, label: LabelId, key: KeyId) -> Option<&IndexInfo> {
        self.indexes.iter().find(|index| index.label == label && index.key == key)
    }

    /// Returns a number that changes with every new name, index or policy: a plan made for another may miss one.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Returns the id a new label will have.
    pub(crate) fn next_label(&self) -> Result<LabelId> {
        self.labels.next("labels").map(LabelId::new)
    }

    /// Returns the id a new relationship type will have.
    pub(crate) fn next_type(&self) -> Result<TypeId> {
        self.types.next("relationship types").map(TypeId::new)
    }

    /// Returns the id a new property key will have.
    pub(crate) fn next_key(&self) -> Result<KeyId> {
        self.keys.next("property keys").map(KeyId::new)
    }

    pub(crate) fn add_label(&mut self, id: LabelId, name: &Arc<str>) -> Result<()> {
        let added = self.labels.add(id.get(), name)?;
        self.version += u64::from(added);
        Ok(())
    }

    pub(crate) fn add_type(&mut self, id: TypeId, name: &Arc<str>) -> Result<()> {
        let added = self.types.add(id.get(), name)?;
        self.version += u64::from(added);
        Ok(())
    }

    pub(crate) fn add_key(&mut self, id: KeyId, name: &Arc<str>) -> Result<()> {
        let added = self.keys.add(id.get(), name)?;
        self.version += u64::from(added);
        Ok(())
    }

    pub(crate) fn add_index(&mut self, index: IndexInfo) {
        self.next_index = self.next_index.max(index.number + 1);
        self.indexes.push(index);
        self.version += 1;
    }

    pub(crate) fn remove_index(&mut self, name: &str) -> Option<IndexInfo> {
        let at = self.indexes.iter().position(|index| &*index.name == name)?;
        self.version += 1;
        Some(self.indexes.remove(at))
    }

    /// Adds a space, in the place of one with its name.
    pub(crate) fn add_space(&mut self, info: SpaceInfo) {
        self.spaces.retain(|known| known.space.name != info.space.name);
        self.spaces.push(info);
        self.version += 1;
    }

    pub(crate) fn remove_space(&mut self, name: &str) {
        self.spaces.retain(|known| *known.space.name != *name);
        self.version += 1;
    }

    /// Adds a full-text index, in the place of one with its name.
    pub(crate) fn add_fulltext(&mut self, index: Arc<Fulltext>) {
        self.set_next_index(index.number + 1);
        self.fulltexts.retain(|known| known.name != index.name);
        self.fulltexts.push(index);
        self.version += 1;
    }

    pub(crate) fn remove_fulltext(&mut self, name: &str) {
        self.fulltexts.retain(|known| *known.name != *name);
        self.version += 1;
    }

    /// Plans may depend on what has changed beside names and indexes.
    pub(crate) fn touch(&mut self) {
        self.version += 1;
    }

    pub(crate) fn set_next_index(&mut self, number: u32) {
        self.next_index = self.next_index.max(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_ids() {
        let mut catalog = Catalog::default();
        let name: Arc<str> = "Person".into();
        let id = catalog.next_label().unwrap();
        catalog.add_label(id, &name).unwrap();
        let version = catalog.version();
        catalog.add_label(id, &name).unwrap();
        assert_eq!((catalog.label("Person"), catalog.version()), (Some(id), version));
        assert!(catalog.add_label(id, &"City".into()).is_err());
        assert!(catalog.add_label(LabelId::new(7), &"City".into()).is_err());
    }
}
