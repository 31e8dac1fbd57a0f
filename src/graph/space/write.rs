//! Writing to embedding spaces: what is refused, what is rounded, what is made from texts; value by value and in bulk.

use std::sync::Arc;

use super::{SPACES_MAX, SpaceInfo, id_at};
use crate::{
    Error, QueryError, Result,
    graph::{Check, Transaction, transaction::is_identical},
    model::{Column, ColumnData, DIMENSION_MAX, Fact, KeyId, LabelId, NodeId, RelId, Space, SpaceOwner, Value},
    storage::block::Presence,
};

/// Rows of a bulk load between two looks whether to go on: a text takes some microseconds to embed.
const ROWS_BETWEEN_CHECKS: usize = 64;

impl Transaction {
    /// Creates an embedding space. What its owners have there already must be vectors of it. Returns whether it is new.
    ///
    /// # Errors
    /// A query error where one of this name, or over the same property of the same owners, exists and `if_not_exists` is
    /// not set, where the dimension is out of range, or where a value is no vector of it; `Limit`.
    pub(crate) fn create_space(&mut self, space: Space, if_not_exists: bool) -> Result<bool> {
        if space.dimension == 0 || space.dimension > DIMENSION_MAX {
            let message = format!("an embedding has 1 to {DIMENSION_MAX} dimensions, not {}", space.dimension);
            return Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into());
        }
        let catalog = self.view().catalog();
        let is_same =
            |other: &Space| other.name == space.name || (other.owner == space.owner && other.key == space.key);
        if let Some(known) = catalog.spaces().iter().find(|info| is_same(&info.space)) {
            if if_not_exists {
                return Ok(false);
            }
            let (name, key) = (&known.space.name, catalog.key_name(known.space.key));
            let message = format!("the embedding space `{name}` over `{key}` exists already");
            let error = QueryError::run("22N70", "SchemaError", "EmbeddingAlreadyExists", message);
            return Err(error.hint("drop it first, or add IF NOT EXISTS").into());
        }
        if catalog.spaces().len() >= SPACES_MAX {
            return Err(Error::Limit { what: "embedding spaces", max: SPACES_MAX as u64 });
        }
        let info = SpaceInfo::new(Arc::new(space), (0.0, 0));
        let stop = self.stop().clone();
        self.admit_all(&info, &mut || stop.check())?;
        self.record(Fact::CreateSpace { space: info.space.clone() })?;
        self.embed_all(&info, &mut || stop.check())?;
        Ok(true)
    }

    /// Gives all owners of a space that is made from texts their vectors.
    fn embed_all(&mut self, info: &SpaceInfo, check: &mut Check<'_>) -> Result<()> {
        let (Some(from), space) = (info.source(), info.space.clone()) else { return Ok(()) };
        for block in 0..self.view().n_space_blocks(&space) {
            let words = self.view().space_words(&space, block)?;
            for local in Presence(words).iter() {
                check()?;
                let id = id_at(block, local);
                match space.owner {
                    SpaceOwner::Nodes(_) => self.embed_node(info, NodeId::new(id), from)?,
                    SpaceOwner::Relationships(_) => {
                        let text = self.view().rel_prop(RelId::new(id), from)?;
                        self.put_rel(RelId::new(id), space.key, self.embedded(info, &text)?)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn embed_node(&mut self, info: &SpaceInfo, id: NodeId, from: KeyId) -> Result<()> {
        let text = self.view().node_prop(id, from)?;
        let (key, value) = (info.space.key, self.embedded(info, &text)?);
        if !is_identical(&self.view().node_prop(id, key)?, &value) {
            self.record(Fact::SetNode { id, key, value })?;
        }
        Ok(())
    }

    /// Returns the vector of a text, as a space keeps it.
    fn embedded(&self, info: &SpaceInfo, text: &Value) -> Result<Value> {
        self.view().embedders.value(info, text)
    }

    fn put_rel(&mut self, id: RelId, key: KeyId, value: Value) -> Result<()> {
        if !is_identical(&self.view().rel_prop(id, key)?, &value) {
            self.record(Fact::SetRel { id, key, value })?;
        }
        Ok(())
    }

    /// After a node's property was set: brings the spaces up to date that are made from it.
    pub(in crate::graph) fn embed_after_node(&mut self, id: NodeId, key: KeyId) -> Result<()> {
        if !self.view().catalog().spaces().iter().any(|info| info.source() == Some(key)) {
            return Ok(());
        }
        for info in self.view().catalog().spaces().to_vec() {
            if info.source() == Some(key) && self.view().is_in_space_of_nodes(&info.space, id)? {
                self.embed_node(&info, id, key)?;
            }
        }
        Ok(())
    }

    /// After a relationship's property was set: brings the spaces up to date that are made from it.
    pub(in crate::graph) fn embed_after_rel(&mut self, id: RelId, key: KeyId) -> Result<()> {
        if !self.view().catalog().spaces().iter().any(|info| info.source() == Some(key)) {
            return Ok(());
        }
        let Some(record) = self.view().rel_record(id)? else { return Ok(()) };
        for info in self.view().catalog().spaces().to_vec() {
            if info.source() == Some(key) && info.is_of_type(record.rel_type) {
                let text = self.view().rel_prop(id, key)?;
                self.put_rel(id, info.space.key, self.embedded(&info, &text)?)?;
            }
        }
        Ok(())
    }

    /// Checks, and rounds, what a space's owners have already.
    fn admit_all(&mut self, info: &SpaceInfo, check: &mut Check<'_>) -> Result<()> {
        let space = info.space.clone();
        for block in 0..self.view().n_space_blocks(&space) {
            check()?;
            let words = self.view().space_words(&space, block)?;
            for local in Presence(words).iter() {
                let id = id_at(block, local);
                let value = self.view().space_column(&space).value(id)?;
                let kept = info.admit(&value, || owner_name(&space.owner, id), self.view())?;
                if !is_identical(&kept, &value) {
                    let fact = match space.owner {
                        SpaceOwner::Nodes(_) => Fact::SetNode { id: NodeId::new(id), key: space.key, value: kept },
                        SpaceOwner::Relationships(_) => {
                            Fact::SetRel { id: RelId::new(id), key: space.key, value: kept }
                        }
                    };
                    self.record(fact)?;
                }
            }
        }
        Ok(())
    }

    /// Drops an embedding space; the property stays. Returns whether it was there.
    ///
    /// # Errors
    /// A query error where there is none of this name and `if_exists` is not set.
    pub(crate) fn drop_space(&mut self, name: &str, if_exists: bool) -> Result<bool> {
        if self.view().space(name).is_none() {
            if if_exists {
                return Ok(false);
            }
            let message = format!("there is no embedding space `{name}`");
            return Err(QueryError::run("22N71", "SchemaError", "NoSuchEmbedding", message).into());
        }
        self.record(Fact::DropSpace { name: name.into() })?;
        Ok(true)
    }

    /// Returns the value as the spaces over a node's property keep it.
    pub(in crate::graph) fn admit_node(&self, id: NodeId, key: KeyId, value: Value) -> Result<Value> {
        let mut value = value;
        for info in self.view().catalog().spaces().iter().filter(|info| info.space.key == key) {
            if self.view().is_in_space_of_nodes(&info.space, id)? {
                value = info.admit(&value, || owner_name(&info.space.owner, id.get()), self.view())?;
            }
        }
        Ok(value)
    }

    /// Returns the value as the spaces over a relationship's property keep it.
    pub(in crate::graph) fn admit_rel(&self, id: RelId, key: KeyId, value: Value) -> Result<Value> {
        let mut value = value;
        let catalog = self.view().catalog();
        if !catalog.spaces().iter().any(|info| info.space.key == key) {
            return Ok(value);
        }
        let Some(record) = self.view().rel_record(id)? else { return Ok(value) };
        for info in catalog.spaces().iter().filter(|info| info.space.key == key && info.is_of_type(record.rel_type)) {
            value = info.admit(&value, || owner_name(&info.space.owner, id.get()), self.view())?;
        }
        Ok(value)
    }

    /// Checks, and rounds, what a node that gets a label brings into the spaces of that label.
    pub(in crate::graph) fn admit_label(&mut self, id: NodeId, label: LabelId) -> Result<()> {
        let of_label =
            |info: &&SpaceInfo| matches!(&info.space.owner, SpaceOwner::Nodes(labels) if labels.contains(&label));
        let spaces: Vec<SpaceInfo> = self.view().catalog().spaces().iter().filter(of_label).cloned().collect();
        for info in spaces {
            let value = self.view().node_prop(id, info.space.key)?;
            let kept = info.admit(&value, || owner_name(&info.space.owner, id.get()), self.view())?;
            if !is_identical(&kept, &value) {
                self.record(Fact::SetNode { id, key: info.space.key, value: kept })?;
            }
            if let Some(from) = info.source() {
                self.embed_node(&info, id, from)?;
            }
        }
        Ok(())
    }

    /// Returns the columns that embedding spaces keep otherwise than they are given, and those they make from texts.
    pub(in crate::graph) fn admit_columns(
        &self,
        n_rows: usize,
        columns: &[(KeyId, &Column)],
        check: &mut Check<'_>,
        is_in: impl Fn(&SpaceInfo, usize) -> bool,
    ) -> Result<Vec<(KeyId, Column)>> {
        let spaces = self.view().catalog().spaces();
        let mut admitted: Vec<(KeyId, Column)> = Vec::new();
        let of = |key: KeyId| columns.iter().find(|(known, _)| *known == key).map(|(_, column)| *column);
        for info in spaces {
            let key = info.space.key;
            let given = admitted.iter().find(|(known, _)| *known == key).map(|(_, column)| column).or_else(|| of(key));
            let text = info.source().and_then(of);
            if given.is_none() && text.is_none() {
                continue;
            }
            let mut values = Vec::with_capacity(n_rows);
            for row in 0..n_rows {
                if row.is_multiple_of(ROWS_BETWEEN_CHECKS) {
                    check()?;
                }
                let mut value = given.map(|column| column.value(row)).unwrap_or_default();
                if is_in(info, row) {
                    let refuse = |wrong| info.refuse(wrong, format!("row {}", row + 1), self.view());
                    value = match text {
                        Some(text) => self.embedded(info, &text.value(row))?,
                        None => info.space.admit(&value).map_err(refuse)?,
                    };
                }
                values.push(value);
            }
            admitted.retain(|(known, _)| *known != key);
            admitted.push((key, Column { data: ColumnData::Mixed(values), present: None }));
        }
        Ok(admitted)
    }
}

/// Returns the columns, with some in the place of others of the same key.
pub(in crate::graph) fn with_admitted<'a>(
    columns: &[(KeyId, &'a Column)],
    admitted: &'a [(KeyId, Column)],
) -> Vec<(KeyId, &'a Column)> {
    let is_kept = |key: &KeyId| admitted.iter().all(|(known, _)| known != key);
    let kept = columns.iter().copied().filter(|(key, _)| is_kept(key));
    kept.chain(admitted.iter().map(|(key, column)| (*key, column))).collect()
}

/// Returns how a message names what has an embedding.
fn owner_name(owner: &SpaceOwner, id: u32) -> String {
    match owner {
        SpaceOwner::Nodes(_) => format!("node {id}"),
        SpaceOwner::Relationships(_) => format!("relationship {id}"),
    }
}
