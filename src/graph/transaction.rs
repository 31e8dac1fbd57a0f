//! The writer's own view, changed in place, and the facts that say how: what commit appends to the journal.

use std::{fmt, sync::Arc};

use super::{change::Check, snapshot::Snapshot};
use crate::{
    Error, QueryError, Result,
    model::{Direction, Fact, KeyId, LabelId, NodeId, RelId, TypeId, Value},
    storage::{BlockKey, codec},
};

/// Bytes of changes, and blocks of bulk loads, above which giving them up takes long enough (some milliseconds) for a
/// thread of its own.
const APART_BYTES: u64 = 1 << 20;
const APART_BLOCKS: usize = 64;

/// Blocks that a bulk load of this transaction has written, not yet adopted by a commit.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) keys: Vec<BlockKey>,
}

/// Tells a transaction whether the statement that runs in it is to stop.
#[derive(Clone, Default)]
pub(crate) struct Stop(Option<Arc<dyn Fn() -> Result<()> + Send + Sync>>);

impl Stop {
    /// Returns what asks `check` now and then, in work that takes long.
    pub(crate) fn new(check: impl Fn() -> Result<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(check)))
    }

    pub(super) fn check(&self) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |check| check())
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&self.0.is_some()).finish()
    }
}

/// Changes being made: a private view and the facts that lead to it. Dropping it forgets both.
#[derive(Debug)]
pub(crate) struct Transaction {
    view: Snapshot,
    /// Bytes of changes in the view it started from.
    bytes_before: u64,
    facts: Vec<Fact>,
    pub(super) written: Written,
    /// Of the statement that runs now.
    stop: Stop,
}

impl Transaction {
    /// Returns a transaction on top of a view.
    pub(crate) fn new(view: Snapshot) -> Self {
        Self {
            bytes_before: view.delta_bytes,
            view,
            facts: Vec::new(),
            written: Written::default(),
            stop: Stop::default(),
        }
    }

    /// From now on long work asks `stop` whether to go on.
    pub(crate) fn ask(&mut self, stop: Stop) {
        self.stop = stop;
    }

    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Returns the facts as the journal keeps them.
    ///
    /// # Errors
    /// Where the statement is to stop.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        codec::encode_facts_unless(&self.facts, &mut || self.stop.check())
    }

    /// Returns the graph as this transaction sees it.
    #[inline]
    pub(crate) fn view(&self) -> &Snapshot {
        &self.view
    }

    /// Returns about how many bytes its changes take: in the view, and as facts. The list of facts doubles when it is full.
    pub(crate) fn bytes(&self) -> u64 {
        let facts = self.facts.capacity() * size_of::<Fact>();
        self.view.delta_bytes.saturating_sub(self.bytes_before) + facts as u64
    }

    /// Returns whether nothing was changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.written.keys.is_empty()
    }

    /// Returns whether bulk loads are possible: not after a change of nodes or relationships, since the blocks a load
    /// writes would hold a part of it.
    pub(crate) fn can_load(&self) -> bool {
        self.facts.iter().all(Fact::is_of_catalog)
    }

    /// Returns the view and the facts.
    pub(super) fn into_parts(self) -> (Snapshot, Vec<Fact>) {
        (self.view, self.facts)
    }

    /// Gives up: blocks that were written are deleted again. What cannot be deleted now is swept after the next open. Where
    /// there is much to give back, that is done in the background.
    pub(super) fn discard(self) {
        if self.bytes() < APART_BYTES && self.written.keys.len() < APART_BLOCKS {
            self.forget();
        } else {
            let apart = self.view.store.apart().clone();
            apart.run(move || self.forget());
        }
    }

    fn forget(self) {
        if !self.written.keys.is_empty() {
            let _ = self.view.store.apply(self.written.keys.into_iter().map(|key| (key, None)).collect());
        }
    }

    /// Returns the view to load blocks into.
    pub(super) fn view_mut(&mut self) -> &mut Snapshot {
        &mut self.view
    }

    /// Returns a point to which [`restore`](Self::restore) can go back: a statement that fails inside a transaction takes
    /// its own changes with it and leaves the rest.
    pub(crate) fn save(&self) -> SavePoint {
        SavePoint { view: self.view.clone(), n_facts: self.facts.len(), n_written: self.written.keys.len() }
    }

    /// Goes back to a point.
    pub(crate) fn restore(&mut self, point: SavePoint) {
        let undone = Self {
            bytes_before: point.view.delta_bytes,
            view: std::mem::replace(&mut self.view, point.view),
            facts: self.facts.split_off(point.n_facts.min(self.facts.len())),
            written: Written { keys: self.written.keys.split_off(point.n_written) },
            stop: Stop::default(),
        };
        undone.discard();
    }

    /// Returns the label of a name, adding it to the dictionary if needed.
    ///
    /// # Errors
    /// `Limit` where there are too many labels.
    pub(crate) fn label(&mut self, name: &str) -> Result<LabelId> {
        if let Some(id) = self.view.catalog().label(name) {
            return Ok(id);
        }
        let id = self.view.catalog().next_label()?;
        self.record(Fact::NameLabel { id, name: name.into() })?;
        Ok(id)
    }

    /// Returns the relationship type of a name, adding it to the dictionary if needed.
    ///
    /// # Errors
    /// `Limit` where there are too many types.
    pub(crate) fn rel_type(&mut self, name: &str) -> Result<TypeId> {
        if let Some(id) = self.view.catalog().rel_type(name) {
            return Ok(id);
        }
        let id = self.view.catalog().next_type()?;
        self.record(Fact::NameType { id, name: name.into() })?;
        Ok(id)
    }

    /// Returns the property key of a name, adding it to the dictionary if needed.
    ///
    /// # Errors
    /// `Limit` where there are too many keys.
    pub(crate) fn key(&mut self, name: &str) -> Result<KeyId> {
        if let Some(id) = self.view.catalog().key(name) {
            return Ok(id);
        }
        let id = self.view.catalog().next_key()?;
        self.record(Fact::NameKey { id, name: name.into() })?;
        Ok(id)
    }

    /// Creates a node. The first label decides where it lives.
    ///
    /// # Errors
    /// `Limit` where ids are exhausted.
    pub(crate) fn create_node(&mut self, labels: &[LabelId]) -> Result<NodeId> {
        let id = self.view.next_node_id(labels)?;
        self.record(Fact::CreateNode { id, labels: labels.to_vec() })?;
        Ok(id)
    }

    /// Creates a relationship between two nodes.
    ///
    /// # Errors
    /// `Limit` where ids are exhausted; a query error where an end was deleted.
    pub(crate) fn create_rel(&mut self, rel_type: TypeId, start: NodeId, end: NodeId) -> Result<RelId> {
        for node in [start, end] {
            if !self.view.node_exists(node)? {
                return Err(deleted("node", node.into()));
            }
        }
        let id = self.view.next_rel_id()?;
        self.record(Fact::CreateRel { id, rel_type, start, end })?;
        Ok(id)
    }

    /// Sets a node's property, or removes it where the value is null. Returns whether that changed it.
    ///
    /// # Errors
    /// `Constraint` where another node of a label has the value and it must be unique; a query error where the value
    /// cannot be stored or the node was deleted.
    pub(crate) fn set_node(&mut self, id: NodeId, key: KeyId, value: Value) -> Result<bool> {
        if !self.view.node_exists(id)? {
            return Err(deleted("node", id.into()));
        }
        let value = self.admit_node(id, key, value)?;
        if is_identical(&self.view.node_prop(id, key)?, &value) {
            return Ok(false);
        }
        check_storable(&value)?;
        self.check_unique(id, key, &value, None)?;
        self.record(Fact::SetNode { id, key, value })?;
        self.embed_after_node(id, key)?;
        Ok(true)
    }

    /// Sets a relationship's property, or removes it where the value is null. Returns whether that changed it.
    ///
    /// # Errors
    /// A query error where the value cannot be stored or the relationship was deleted.
    pub(crate) fn set_rel(&mut self, id: RelId, key: KeyId, value: Value) -> Result<bool> {
        if !self.view.rel_exists(id)? {
            return Err(deleted("relationship", id.into()));
        }
        let value = self.admit_rel(id, key, value)?;
        if is_identical(&self.view.rel_prop(id, key)?, &value) {
            return Ok(false);
        }
        check_storable(&value)?;
        self.record(Fact::SetRel { id, key, value })?;
        self.embed_after_rel(id, key)?;
        Ok(true)
    }

    /// Sets a relationship's salience.
    ///
    /// # Errors
    /// A query error where it is not a finite number above 0, or the relationship was deleted.
    pub(crate) fn set_salience(&mut self, id: RelId, salience: f32) -> Result<()> {
        if !self.view.rel_exists(id)? {
            return Err(deleted("relationship", id.into()));
        }
        if !(salience.is_finite() && salience > 0.0) {
            let message = format!("salience must be a finite number above 0, not {salience}");
            return Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into());
        }
        self.record(Fact::SetSalience { id, salience })
    }

    /// Gives a node a label. Returns whether it is new.
    ///
    /// # Errors
    /// `Constraint` where the label makes a property unique that another node has alike.
    pub(crate) fn add_label(&mut self, id: NodeId, label: LabelId) -> Result<bool> {
        if !self.view.node_exists(id)? {
            return Err(deleted("node", id.into()));
        }
        if self.view.has_label(id, label)? {
            return Ok(false);
        }
        let keys: Vec<KeyId> =
            self.view.catalog().indexes().iter().filter(|i| i.unique && i.label == label).map(|i| i.key).collect();
        for key in keys {
            let value = self.view.node_prop(id, key)?;
            self.check_unique(id, key, &value, Some(label))?;
        }
        self.record(Fact::AddLabel { id, label })?;
        self.admit_label(id, label)?;
        Ok(true)
    }

    /// Takes a label from a node. Returns whether it had it.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; a query error where the node was deleted.
    pub(crate) fn remove_label(&mut self, id: NodeId, label: LabelId) -> Result<bool> {
        if !self.view.node_exists(id)? {
            return Err(deleted("node", id.into()));
        }
        if !self.view.has_label(id, label)? {
            return Ok(false);
        }
        self.record(Fact::RemoveLabel { id, label })?;
        Ok(true)
    }

    /// Deletes a relationship. Returns whether it was there.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn delete_rel(&mut self, id: RelId) -> Result<bool> {
        if !self.view.rel_exists(id)? {
            return Ok(false);
        }
        self.record(Fact::DeleteRel { id })?;
        Ok(true)
    }

    /// Deletes a node that has no relationships. Returns whether it was there.
    ///
    /// # Errors
    /// A query error (`DeleteConnectedNode`) where it still has relationships.
    pub(crate) fn delete_node(&mut self, id: NodeId) -> Result<bool> {
        if !self.view.node_exists(id)? {
            return Ok(false);
        }
        let n_rels = self.rels_of(id)?.len();
        if n_rels > 0 {
            let message = format!("node {id} still has {n_rels} relationships");
            let error = QueryError::run("G1001", "ConstraintVerificationFailed", "DeleteConnectedNode", message);
            return Err(error.hint("delete them first, or use DETACH DELETE").into());
        }
        self.record(Fact::DeleteNode { id })?;
        Ok(true)
    }

    /// Returns the relationships at a node; a self-loop once.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn rels_of(&self, id: NodeId) -> Result<Vec<RelId>> {
        let mut rels = Vec::new();
        for rel_type in self.view.types() {
            self.view.adjacency(Direction::Out, rel_type).edges(id)?.for_each(|_, rel| rels.push(RelId::new(rel)));
            self.view.adjacency(Direction::In, rel_type).edges(id)?.for_each(|neighbor, rel| {
                if neighbor != id.get() {
                    rels.push(RelId::new(rel));
                }
            });
        }
        Ok(rels)
    }

    /// Creates an index over a label's property; `unique` makes it a constraint. Returns whether it is new.
    ///
    /// # Errors
    /// `Constraint` where existing nodes violate it; a query error where one exists already and `if_not_exists` is not set.
    pub(crate) fn create_index(
        &mut self,
        name: Option<&str>,
        label: &str,
        key: &str,
        unique: bool,
        if_not_exists: bool,
    ) -> Result<bool> {
        let default = format!("{}_{label}_{key}", if unique { "unique" } else { "index" });
        let name = name.unwrap_or(&default);
        let (label, key) = (self.label(label)?, self.key(key)?);
        let catalog = self.view.catalog();
        let by_name = catalog.indexes().iter().find(|index| &*index.name == name);
        if by_name.is_none()
            && let Some(existing) = self.view.fulltext(name)
        {
            let message = format!("full-text index `{}` exists already", existing.name);
            return Err(QueryError::run("22N70", "SchemaError", "IndexAlreadyExists", message).into());
        }
        if let Some(existing) = by_name.or_else(|| catalog.find_index(label, key)) {
            if if_not_exists {
                return Ok(false);
            }
            let what = if existing.unique { "constraint" } else { "index" };
            let over = format!("(:{} {{{}}})", catalog.label_name(existing.label), catalog.key_name(existing.key));
            let message = format!("{what} `{}` over {over} exists already", existing.name);
            let error = QueryError::run("22N70", "SchemaError", "IndexAlreadyExists", message);
            return Err(error.hint("drop it first, or add IF NOT EXISTS").into());
        }
        self.record(Fact::CreateIndex { name: name.into(), label, key, unique })?;
        let stop = self.stop.clone();
        if unique && let Some(value) = self.find_duplicate(label, key, &mut || stop.check())? {
            return Err(self.violation(label, key, &value));
        }
        Ok(true)
    }

    /// Drops an index or constraint. Returns whether it was there.
    ///
    /// # Errors
    /// A query error where there is none of this name and `if_exists` is not set.
    pub(crate) fn drop_index(&mut self, name: &str, if_exists: bool) -> Result<bool> {
        if self.view.fulltext(name).is_some() {
            self.record(Fact::DropFulltext { name: name.into() })?;
            return Ok(true);
        }
        if !self.view.catalog().indexes().iter().any(|index| &*index.name == name) {
            if if_exists {
                return Ok(false);
            }
            let message = format!("there is no index or constraint `{name}`");
            return Err(QueryError::run("22N71", "SchemaError", "NoSuchIndex", message).into());
        }
        self.record(Fact::DropIndex { name: name.into() })?;
        Ok(true)
    }

    /// Makes a change that is known to be right: one that was checked when it was made first.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn put_fact(&mut self, fact: Fact) -> Result<()> {
        self.record(fact)
    }

    pub(super) fn record(&mut self, fact: Fact) -> Result<()> {
        let stop = &self.stop;
        self.view.apply(&fact, &mut || stop.check())?;
        self.facts.push(fact);
        Ok(())
    }

    /// Checks that no other node has the value, for the unique indexes over `key` (of `label`, or of any the node has).
    fn check_unique(&self, id: NodeId, key: KeyId, value: &Value, label: Option<LabelId>) -> Result<()> {
        if value.is_null() {
            return Ok(());
        }
        let catalog = self.view.catalog.clone();
        let mut found = Vec::new();
        for index in catalog.indexes().iter().filter(|index| index.unique && index.key == key) {
            let applies = match label {
                Some(label) => index.label == label,
                None => self.view.has_label(id, index.label)?,
            };
            if applies {
                found.clear();
                self.view.seek(index, value, &mut found)?;
                if found.iter().any(|other| *other != id.get()) {
                    return Err(self.violation(index.label, key, value));
                }
            }
        }
        Ok(())
    }

    pub(super) fn violation(&self, label: LabelId, key: KeyId, value: &Value) -> Error {
        let catalog = self.view.catalog();
        Error::Constraint {
            label: catalog.label_name(label).to_string(),
            key: catalog.key_name(key).to_string(),
            value: value.to_string(),
        }
    }

    /// Returns a value that two nodes of the label have.
    pub(super) fn find_duplicate(&self, label: LabelId, key: KeyId, check: &mut Check<'_>) -> Result<Option<Value>> {
        let index = self.view.catalog().find_index(label, key).expect("the index was just created");
        let chunks = &self.view.indexes[index.number as usize];
        let column = self.view.node_column(key);
        for (_, page) in chunks.chunks().iter() {
            check()?;
            let mut entries = super::index::Index::entries(page)?;
            entries.sort_unstable();
            for same in entries.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
                let values = same.iter().map(|(_, id)| column.value(*id)).collect::<Result<Vec<_>>>()?;
                for (at, value) in values.iter().enumerate() {
                    if values[..at].iter().any(|other| other.equals(value) == Some(true)) {
                        return Ok(Some(value.clone()));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// Where a transaction was: see [`Transaction::save`].
#[derive(Debug)]
pub(crate) struct SavePoint {
    view: Snapshot,
    n_facts: usize,
    n_written: usize,
}

/// Returns whether setting `new` over `old` would change nothing: same kind and same value.
pub(super) fn is_identical(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_identical(a, b))
        }
        _ => old.kind() == new.kind() && old.same(new),
    }
}

fn check_storable(value: &Value) -> Result<()> {
    if value.is_storable() {
        return Ok(());
    }
    let message = format!("a property cannot hold {value} ({})", value.kind());
    let error = QueryError::type_error("InvalidPropertyType", message);
    Err(error.hint("properties are scalars, or lists of scalars without null").into())
}

fn deleted(what: &str, id: u64) -> Error {
    let message = format!("{what} {id} was deleted in this statement");
    QueryError::run("22N51", "EntityNotFound", "DeletedEntityAccess", message).into()
}
