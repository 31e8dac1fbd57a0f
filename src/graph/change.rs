//! How a fact changes a view. The writer and recovery both come through here, so what is replayed is what was done.
//!
//! Applying a fact that already holds changes nothing: existence bits decide whether a creation or deletion is news.

use std::sync::Arc;

use super::{
    adjacency::{AdjacencyPage, Edge, NodeDelta},
    catalog::{INDEXES_MAX, IndexInfo},
    index::{Index, hash_value},
    paged::{Family, Paged},
    snapshot::{Bits, BitsPage, NO_LABEL, RelRecord, SALIENCE_INITIAL, Snapshot, page_words},
    space::SpaceInfo,
};
use crate::{
    Error, Result,
    model::{
        DIMENSION_MAX, Direction, FULLTEXT_KEYS_MAX, Fact, KeyId, LabelId, NodeId, NoteTable, Point, RelId, SpaceOwner,
        TypeId, Value, temporal::Temporal,
    },
    storage::{BLOCK_LEN, split},
};

/// The largest id plus one: `u32::MAX` means "none" in columns of ids.
pub(super) const IDS_MAX: u32 = u32::MAX - BLOCK_LEN as u32;

/// Blocks of nodes read for an index between two looks whether to go on: a block takes some ten microseconds.
const BLOCKS_BETWEEN_CHECKS: u32 = 32;

/// Asked whether to go on; an error ends the work, and the transaction is given up or restored.
pub(crate) type Check<'a> = dyn FnMut() -> Result<()> + 'a;

/// Rough bytes of one change in a delta, for the limit on unfolded changes.
const EDGE_BYTES: u64 = 32;
const VALUE_BYTES: u64 = 48;
const RECORD_BYTES: u64 = 24;

impl Snapshot {
    /// Applies a fact that was read from a disk: it must name what is known, and ids as they are given, one after another.
    ///
    /// # Errors
    /// `Corrupt` where it does not, or a block is damaged.
    pub(crate) fn replay(&mut self, fact: &Fact) -> Result<()> {
        if self.is_possible(fact) {
            self.apply(fact, &mut || Ok(()))
        } else {
            let (n_labels, n_types, n_keys) = self.catalog.n_names();
            let (nodes, rels) = (self.node_id_end(), self.rel_id_end);
            let known = format!(
                "a fact of {n_labels} labels, {n_types} types, {n_keys} keys, ids below {nodes} and {rels} or next to them"
            );
            Err(Error::corrupt("batch", known, format_args!("{fact:?}")))
        }
    }

    fn is_possible(&self, fact: &Fact) -> bool {
        let (n_labels, n_types, n_keys) = self.catalog.n_names();
        let is_label = |label: &LabelId| label.index() < n_labels;
        let is_key = |key: &KeyId| key.index() < n_keys;
        let is_node = |id: &NodeId| split(id.get()).0 < self.n_node_blocks();
        let is_rel = |id: &RelId| id.get() < self.rel_id_end;
        let is_owner = |owner: &SpaceOwner| match owner {
            SpaceOwner::Nodes(labels) => labels.iter().all(is_label),
            SpaceOwner::Relationships(types) => types.iter().all(|rel_type| rel_type.index() < n_types),
        };
        match fact {
            Fact::NameLabel { .. } | Fact::NameType { .. } | Fact::NameKey { .. } => true,
            Fact::DropIndex { .. } | Fact::DropSpace { .. } | Fact::DropFulltext { .. } => true,
            Fact::Note { table, id, .. } => !table.is_of_relationships() || *id < self.rel_id_end,
            // In a block that was begun, or in the next one.
            Fact::CreateNode { id, labels } => {
                id.get() < IDS_MAX && split(id.get()).0 <= self.n_node_blocks() && labels.iter().all(is_label)
            }
            Fact::DeleteNode { id } => is_node(id),
            Fact::AddLabel { id, label } | Fact::RemoveLabel { id, label } => is_node(id) && is_label(label),
            Fact::SetNode { id, key, .. } => is_node(id) && is_key(key),
            Fact::CreateRel { id, rel_type, start, end } => {
                let is_next = id.get() <= self.rel_id_end && id.get() < IDS_MAX;
                is_next && rel_type.index() < n_types && is_node(start) && is_node(end)
            }
            Fact::DeleteRel { id } | Fact::SetSalience { id, .. } => is_rel(id),
            Fact::SetRel { id, key, .. } => is_rel(id) && is_key(key),
            Fact::CreateIndex { label, key, .. } => is_label(label) && is_key(key),
            Fact::CreateFulltext { index } => {
                is_owner(&index.owner)
                    && index.keys.iter().all(is_key)
                    && (1..=FULLTEXT_KEYS_MAX).contains(&index.keys.len())
                    && index.number < INDEXES_MAX
            }
            Fact::CreateSpace { space } => {
                let is_known = is_owner(&space.owner);
                let has_text = space.embedder.as_ref().is_none_or(|embedder| is_key(&embedder.from));
                is_known && has_text && is_key(&space.key) && (1..=DIMENSION_MAX).contains(&space.dimension)
            }
        }
    }

    /// Applies a fact. `check` is asked now and then while an index is built; the view is of no use after its error.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged or the fact contradicts the view; those of `check`.
    pub(crate) fn apply(&mut self, fact: &Fact, check: &mut Check<'_>) -> Result<()> {
        match fact {
            Fact::CreateIndex { name, label, key, unique } => self.insert_index(name, *label, *key, *unique, check),
            Fact::CreateNode { .. } | Fact::AddLabel { .. } | Fact::SetNode { .. } => {
                self.change(fact)?;
                self.respread_crowded(check)
            }
            fact => self.change(fact),
        }
    }

    /// Applies a fact of anything but a new index. Indexes may hold more than they should afterwards.
    fn change(&mut self, fact: &Fact) -> Result<()> {
        self.mark(fact);
        match fact {
            Fact::NameLabel { id, name } => Arc::make_mut(&mut self.catalog).add_label(*id, name),
            Fact::NameType { id, name } => Arc::make_mut(&mut self.catalog).add_type(*id, name),
            Fact::NameKey { id, name } => Arc::make_mut(&mut self.catalog).add_key(*id, name),
            Fact::CreateNode { id, labels } => self.insert_node(*id, labels),
            Fact::DeleteNode { id } => self.remove_node(*id),
            Fact::AddLabel { id, label } => self.insert_label(*id, *label).map(drop),
            Fact::RemoveLabel { id, label } => self.take_label(*id, *label).map(drop),
            Fact::SetNode { id, key, value } => self.put_node(*id, *key, value.clone()),
            Fact::CreateRel { id, rel_type, start, end } => {
                self.insert_rel(*id, RelRecord { rel_type: *rel_type, start: *start, end: *end })
            }
            Fact::DeleteRel { id } => self.remove_rel(*id).map(drop),
            Fact::SetRel { id, key, value } => self.put_rel(*id, *key, value.clone()),
            Fact::SetSalience { id, salience } => self.put_salience(*id, *salience),
            Fact::Note { table, id, note } => {
                // A policy says how much salience counts, a validity what a pattern finds.
                if matches!(table, NoteTable::Policy | NoteTable::Validity) {
                    Arc::make_mut(&mut self.catalog).touch();
                }
                self.forget_models(*table);
                self.put_note(*table, *id, note.clone());
                Ok(())
            }
            Fact::CreateIndex { .. } => unreachable!("a new index is built where it can be stopped"),
            Fact::DropIndex { name } => {
                self.remove_index(name);
                Ok(())
            }
            Fact::CreateSpace { space } => {
                // The same again keeps what was measured of it.
                if self.space(&space.name).is_none_or(|known| known.space != *space) {
                    Arc::make_mut(&mut self.catalog).add_space(SpaceInfo::new(space.clone(), (0.0, 0)));
                }
                Ok(())
            }
            Fact::CreateFulltext { index } => {
                if self.fulltext(&index.name).is_none_or(|known| known != index) {
                    Arc::make_mut(&mut self.catalog).add_fulltext(index.clone());
                }
                Ok(())
            }
            Fact::DropFulltext { name } => {
                if self.fulltext(name).is_some() {
                    Arc::make_mut(&mut self.catalog).remove_fulltext(name);
                }
                Ok(())
            }
            Fact::DropSpace { name } => {
                if self.space(name).is_some() {
                    Arc::make_mut(&mut self.catalog).remove_space(name);
                }
                Ok(())
            }
        }
    }

    /// Returns the id the next node with these labels will have.
    ///
    /// # Errors
    /// `Limit` where ids are exhausted.
    pub(crate) fn next_node_id(&self, labels: &[LabelId]) -> Result<NodeId> {
        let extent = labels.first().map_or(NO_LABEL, |label| label.get());
        let next = self.extents.open.get(&extent).copied().filter(|next| next % BLOCK_LEN as u32 != 0);
        let next = next.unwrap_or_else(|| self.node_id_end());
        if next < IDS_MAX { Ok(NodeId::new(next)) } else { Err(Error::Limit { what: "node ids", max: IDS_MAX.into() }) }
    }

    /// Returns the id the next relationship will have.
    ///
    /// # Errors
    /// `Limit` where ids are exhausted.
    pub(crate) fn next_rel_id(&self) -> Result<RelId> {
        let next = self.rel_id_end;
        if next < IDS_MAX {
            Ok(RelId::new(next))
        } else {
            Err(Error::Limit { what: "relationship ids", max: IDS_MAX.into() })
        }
    }

    pub(super) fn insert_node(&mut self, id: NodeId, labels: &[LabelId]) -> Result<()> {
        if self.node_exists(id)? {
            return labels.iter().try_for_each(|label| self.insert_label(id, *label).map(drop));
        }
        let extent = labels.first().map_or(NO_LABEL, |label| label.get());
        let (block, _) = split(id.get());
        if block as usize >= self.extents.labels.len() {
            Arc::make_mut(&mut self.extents.labels).resize(block as usize + 1, extent);
        }
        if self.extents.labels[block as usize] == extent {
            let open = Arc::make_mut(&mut self.extents.open).entry(extent).or_default();
            *open = (*open).max(id.get() + 1);
        }
        set_bit(&mut self.nodes_alive, id.get(), true)?;
        self.counts.add_nodes(1);
        for label in labels {
            self.insert_label(id, *label)?;
        }
        self.delta_bytes += RECORD_BYTES;
        Ok(())
    }

    fn remove_node(&mut self, id: NodeId) -> Result<()> {
        if !self.node_exists(id)? {
            return Ok(());
        }
        for (key, _) in self.node_props(id)? {
            self.put_node(id, key, Value::Null)?;
        }
        for label in self.node_labels(id)? {
            self.take_label(id, label)?;
        }
        set_bit(&mut self.nodes_alive, id.get(), false)?;
        self.counts.add_nodes(-1);
        Ok(())
    }

    /// Gives a node a label; returns whether it is new.
    pub(super) fn insert_label(&mut self, id: NodeId, label: LabelId) -> Result<bool> {
        if self.has_label(id, label)? {
            return Ok(false);
        }
        set_bit(self.labels.get_mut(label.index()), id.get(), true)?;
        self.count_label(id, label, 1)?;
        self.index_label(id, label, true)?;
        Ok(true)
    }

    /// Takes a label from a node; returns whether it had it.
    pub(super) fn take_label(&mut self, id: NodeId, label: LabelId) -> Result<bool> {
        if !self.has_label(id, label)? {
            return Ok(false);
        }
        self.index_label(id, label, false)?;
        set_bit(self.labels.get_mut(label.index()), id.get(), false)?;
        self.count_label(id, label, -1)?;
        Ok(true)
    }

    fn count_label(&mut self, id: NodeId, label: LabelId, by: i64) -> Result<()> {
        self.counts.add_label(label, by);
        for rel_type in self.types() {
            for direction in [Direction::Out, Direction::In] {
                let degree = i64::from(self.adjacency(direction, rel_type).degree(id)?);
                if degree > 0 {
                    self.counts.add_type_end(rel_type, direction, label, by * degree);
                }
            }
        }
        Ok(())
    }

    fn index_label(&mut self, id: NodeId, label: LabelId, has: bool) -> Result<()> {
        let catalog = self.catalog.clone();
        for info in catalog.indexes().iter().filter(|info| info.label == label) {
            if let Some(hash) = hash_value(&self.node_prop(id, info.key)?) {
                self.index_entry(info.number, hash, id, has);
            }
        }
        Ok(())
    }

    fn index_entry(&mut self, number: u32, hash: u64, id: NodeId, has: bool) {
        let index = self.index_mut(number);
        if has {
            index.add(hash, id.get());
        } else {
            index.remove(hash, id.get());
        }
        self.delta_bytes += 16;
    }

    pub(super) fn index_mut(&mut self, number: u32) -> &mut Index {
        let indexes = Arc::make_mut(&mut self.indexes);
        if indexes.len() <= number as usize {
            indexes.resize_with(number as usize + 1, Arc::default);
        }
        Arc::make_mut(&mut indexes[number as usize])
    }

    /// Rebuilds the indexes that hold too many entries for their chunks over more of them. Labels and values must say what
    /// the indexes say: they are built from them.
    fn respread_crowded(&mut self, check: &mut Check<'_>) -> Result<()> {
        if !self.indexes.iter().any(|index| index.is_crowded()) {
            return Ok(());
        }
        for info in self.catalog.clone().indexes() {
            let Some(index) = self.indexes.get(info.number as usize).filter(|index| index.is_crowded()) else {
                continue;
            };
            let rebuilt = self.build_index(info, index.n_entries() * 2, check)?;
            *self.index_mut(info.number) = rebuilt;
        }
        Ok(())
    }

    /// Builds an index anew from what is there now.
    pub(super) fn rebuild_index(&mut self, info: &IndexInfo) -> Result<()> {
        let index = self.build_index(info, self.n_label(info.label), &mut || Ok(()))?;
        *self.index_mut(info.number) = index;
        Ok(())
    }

    /// Returns the index of what is there now, unless `check` says to stop.
    pub(super) fn build_index(&self, info: &IndexInfo, capacity: u64, check: &mut Check<'_>) -> Result<Index> {
        let mut index = Index::with_capacity(capacity);
        let column = self.node_column(info.key);
        for block in 0..self.n_node_blocks() {
            if block.is_multiple_of(BLOCKS_BETWEEN_CHECKS) {
                check()?;
            }
            for (at, mut word) in self.label_words(info.label, block)?.into_iter().enumerate() {
                while word != 0 {
                    let id = block * BLOCK_LEN as u32 + at as u32 * 64 + word.trailing_zeros();
                    word &= word - 1;
                    if let Some(hash) = super::index::hash_ref(&column.get(id)?) {
                        index.add(hash, id);
                    }
                }
            }
        }
        Ok(index)
    }

    pub(super) fn put_node(&mut self, id: NodeId, key: KeyId, value: Value) -> Result<()> {
        let catalog = self.catalog.clone();
        let indexes = || catalog.indexes().iter().filter(|info| info.key == key);
        if indexes().next().is_some() {
            let (old, new) = (hash_value(&self.node_prop(id, key)?), hash_value(&value));
            if old != new {
                for info in indexes() {
                    if self.has_label(id, info.label)? {
                        if let Some(hash) = old {
                            self.index_entry(info.number, hash, id, false);
                        }
                        if let Some(hash) = new {
                            self.index_entry(info.number, hash, id, true);
                        }
                    }
                }
            }
        }
        self.delta_bytes += VALUE_BYTES + value_bytes(&value);
        let (block, local) = split(id.get());
        *self.node_columns.get_mut(key.index()).get_mut(block).delta_mut().get_mut(local) = Some(value);
        Ok(())
    }

    pub(super) fn put_rel(&mut self, id: RelId, key: KeyId, value: Value) -> Result<()> {
        self.delta_bytes += VALUE_BYTES + value_bytes(&value);
        let (block, local) = split(id.get());
        *self.rel_columns.get_mut(key.index()).get_mut(block).delta_mut().get_mut(local) = Some(value);
        Ok(())
    }

    pub(super) fn put_salience(&mut self, id: RelId, salience: f32) -> Result<()> {
        self.delta_bytes += RECORD_BYTES;
        let (block, local) = split(id.get());
        *self.saliences.get_mut(block).delta_mut().get_mut(local) = Some(salience);
        Ok(())
    }

    pub(super) fn insert_rel(&mut self, id: RelId, record: RelRecord) -> Result<()> {
        if self.rel_exists(id)? {
            return Ok(());
        }
        let RelRecord { rel_type, start, end } = record;
        set_bit(&mut self.rels_alive, id.get(), true)?;
        let (block, local) = split(id.get());
        let page = self.records.get_mut(block);
        *Arc::make_mut(page.delta.get_or_insert_default()).get_mut(local) = Some(record);
        self.rel_id_end = self.rel_id_end.max(id.get() + 1);
        let change = |family: &mut Family<AdjacencyPage>, node: NodeId, neighbor: NodeId| {
            node_delta(family, rel_type, node).add(Edge { neighbor: neighbor.get(), rel: id.get() });
        };
        change(&mut self.out, start, end);
        change(&mut self.into, end, start);
        self.count_rel(record, 1)?;
        self.delta_bytes += 2 * EDGE_BYTES + RECORD_BYTES;
        Ok(())
    }

    /// Removes a relationship; returns whether it was there.
    pub(super) fn remove_rel(&mut self, id: RelId) -> Result<bool> {
        let Some(record) = self.rel(id)? else { return Ok(false) };
        for (key, _) in self.rel_props(id)? {
            self.put_rel(id, key, Value::Null)?;
        }
        if self.salience(id)? != SALIENCE_INITIAL {
            self.put_salience(id, SALIENCE_INITIAL)?;
        }
        for table in [NoteTable::Attention, NoteTable::Pin] {
            if self.note(table, id.get())?.is_some() {
                self.put_note(table, id.get(), None);
            }
        }
        set_bit(&mut self.rels_alive, id.get(), false)?;
        node_delta(&mut self.out, record.rel_type, record.start).remove(id.get());
        node_delta(&mut self.into, record.rel_type, record.end).remove(id.get());
        self.count_rel(record, -1)?;
        self.delta_bytes += 2 * EDGE_BYTES;
        Ok(true)
    }

    fn count_rel(&mut self, record: RelRecord, by: i64) -> Result<()> {
        let RelRecord { rel_type, start, end } = record;
        self.counts.add_rels(rel_type, by, if start == end { by } else { 0 });
        for label in self.node_labels(start)? {
            self.counts.add_type_end(rel_type, Direction::Out, label, by);
        }
        for label in self.node_labels(end)? {
            self.counts.add_type_end(rel_type, Direction::In, label, by);
        }
        Ok(())
    }

    pub(super) fn insert_index(
        &mut self,
        name: &Arc<str>,
        label: LabelId,
        key: KeyId,
        unique: bool,
        check: &mut Check<'_>,
    ) -> Result<()> {
        if self.catalog.indexes().iter().any(|info| info.name == *name) {
            return Ok(());
        }
        let number = self.catalog.next_index()?;
        let info = IndexInfo { name: name.clone(), label, key, unique, number };
        let index = self.build_index(&info, self.n_label(label), check)?;
        self.delta_bytes += 16 * index.n_entries();
        Arc::make_mut(&mut self.catalog).add_index(info);
        *self.index_mut(number) = index;
        Ok(())
    }

    pub(super) fn remove_index(&mut self, name: &str) {
        if let Some(info) = Arc::make_mut(&mut self.catalog).remove_index(name) {
            *self.index_mut(info.number) = Index::default();
        }
    }
}

fn node_delta(family: &mut Family<AdjacencyPage>, rel_type: TypeId, node: NodeId) -> &mut NodeDelta {
    let (block, local) = split(node.get());
    let delta = family.get_mut(rel_type.index()).get_mut(block).delta_mut();
    Arc::make_mut(delta.get_mut(local).get_or_insert_default())
}

fn set_bit(table: &mut Paged<BitsPage>, id: u32, bit: bool) -> Result<()> {
    let (block, local) = split(id);
    let page = table.get_mut(block);
    if page.delta.is_none() {
        page.delta = Some(Arc::new(Bits(page_words(page)?)));
    }
    let word = &mut page.delta_mut().0[local / 64];
    let mask = 1 << (local % 64);
    *word = if bit { *word | mask } else { *word & !mask };
    Ok(())
}

fn value_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 + 16,
        Value::List(items) => items.iter().map(|item| 24 + value_bytes(item)).sum(),
        Value::Temporal(_) => Temporal::HEAP_BYTES as u64,
        Value::Point(_) => Point::HEAP_BYTES as u64,
        _ => 0,
    }
}
