//! A view as records: what a root must say beside its blocks, and the way back.

use std::sync::Arc;

use super::{
    base::{Base, Pin},
    catalog::{Catalog, IndexInfo},
    counts::{Counts, TypeCounts},
    index::Index,
    paged::Paged,
    snapshot::{Extents, Snapshot},
};
use crate::{
    Error, Result,
    model::{KeyId, LabelId, TypeId},
    storage::{
        BlockKey, BlockKind, Store,
        codec::{CatalogRecord, CountsRecord, IndexRecord, TypeCountsRecord},
    },
};

impl Snapshot {
    /// Returns the dictionary, indexes and extents as a record.
    pub(super) fn catalog_record(&self) -> CatalogRecord {
        let catalog = &self.catalog;
        let index = |info: &IndexInfo| IndexRecord {
            name: info.name.to_string(),
            label: info.label.get(),
            key: info.key.get(),
            unique: info.unique,
            number: info.number,
            chunks_log2: self.indexes[info.number as usize].chunks_log2() as u8,
            n_entries: self.indexes[info.number as usize].n_entries(),
        };
        let mut open: Vec<(u32, u32)> = self.extents.open.iter().map(|(label, next)| (*label, *next)).collect();
        open.sort_unstable();
        CatalogRecord {
            labels: catalog.labels().map(|(_, name)| name.to_string()).collect(),
            types: catalog.rel_types().map(|(_, name)| name.to_string()).collect(),
            keys: catalog.keys().map(|(_, name)| name.to_string()).collect(),
            indexes: catalog.indexes().iter().map(index).collect(),
            extents: self.extents.labels.to_vec(),
            open_extents: open,
            next_rel: self.rel_id_end,
            next_index: catalog.next_index(),
        }
    }

    /// Returns the exact counts as a record.
    pub(super) fn counts_record(&self) -> CountsRecord {
        let types = (0..self.counts.n_types() as u32).filter_map(|id| self.counts.of_type(TypeId::new(id)));
        CountsRecord {
            n_nodes: self.counts.n_nodes,
            n_rels: self.counts.n_rels,
            labels: self.counts.labels().to_vec(),
            types: types
                .map(|counts| TypeCountsRecord {
                    n_rels: counts.n_rels,
                    n_self_loops: counts.n_self_loops,
                    starts: counts.starts.clone(),
                    ends: counts.ends.clone(),
                })
                .collect(),
        }
    }

    /// Returns the keys of all blocks that this view, whose pages are all folded, consists of.
    ///
    /// # Panics
    /// When a page has changes not folded.
    pub(super) fn block_keys(&self) -> Vec<BlockKey> {
        let mut keys = Vec::new();
        collect(&self.nodes_alive, &mut keys);
        collect(&self.rels_alive, &mut keys);
        self.labels.iter().for_each(|(_, table)| collect(table, &mut keys));
        self.node_columns.iter().for_each(|(_, table)| collect(table, &mut keys));
        self.rel_columns.iter().for_each(|(_, table)| collect(table, &mut keys));
        self.out.iter().for_each(|(_, table)| collect(table, &mut keys));
        self.into.iter().for_each(|(_, table)| collect(table, &mut keys));
        collect(&self.saliences, &mut keys);
        for (_, page) in self.records.iter() {
            assert!(page.delta.is_none(), "a page of ends was not folded");
            let bases = [&page.rel_type.base, &page.start.base, &page.end.base];
            keys.extend(bases.into_iter().flatten().map(|base| base.key()));
        }
        for info in self.catalog.indexes() {
            collect(self.indexes[info.number as usize].chunks(), &mut keys);
        }
        keys
    }

    /// Returns the view of records and blocks.
    ///
    /// # Errors
    /// `Corrupt` where they contradict each other.
    pub(super) fn from_records(
        store: &Arc<Store>,
        sequence: u64,
        catalog: &CatalogRecord,
        counts: CountsRecord,
        keys: &[BlockKey],
    ) -> Result<Self> {
        let mut view = Self::empty(store.clone());
        view.sequence = sequence;
        view.adopt_catalog(catalog)?;
        view.counts = counts_of(counts);
        keys.iter().try_for_each(|key| view.adopt_block(*key))?;
        Ok(view)
    }

    /// Takes over a dictionary, indexes and extents that hold at least what this view has.
    pub(super) fn adopt_catalog(&mut self, record: &CatalogRecord) -> Result<()> {
        let mut catalog = Catalog::default();
        for (id, name) in record.labels.iter().enumerate() {
            catalog.add_label(LabelId::new(id as u32), &name.as_str().into())?;
        }
        for (id, name) in record.types.iter().enumerate() {
            catalog.add_type(TypeId::new(id as u32), &name.as_str().into())?;
        }
        for (id, name) in record.keys.iter().enumerate() {
            catalog.add_key(KeyId::new(id as u32), &name.as_str().into())?;
        }
        let before = self.catalog.clone();
        for index in &record.indexes {
            if index.label as usize >= record.labels.len() || index.key as usize >= record.keys.len() {
                let names = format_args!("{} labels, {} keys", record.labels.len(), record.keys.len());
                return Err(Error::corrupt(format_args!("index `{}`", index.name), names, format_args!("{index:?}")));
            }
            let (label, key) = (LabelId::new(index.label), KeyId::new(index.key));
            let name = index.name.as_str().into();
            catalog.add_index(IndexInfo { name, label, key, unique: index.unique, number: index.number });
            let chunks_log2 = u32::from(index.chunks_log2);
            let known = before.indexes().iter().any(|info| info.number == index.number);
            let chunks = match known.then(|| self.indexes[index.number as usize].clone()) {
                Some(known) if known.chunks_log2() == chunks_log2 => known.chunks().clone(),
                _ => Paged::default(),
            };
            *self.index_mut(index.number) = Index::from_parts(chunks, chunks_log2, index.n_entries);
        }
        catalog.set_next_index(record.next_index);
        self.catalog = Arc::new(catalog);
        self.adopt_ids(record);
        Ok(())
    }

    /// Takes over where ids go on.
    pub(super) fn adopt_ids(&mut self, record: &CatalogRecord) {
        self.extents = Extents {
            labels: Arc::new(record.extents.clone()),
            open: Arc::new(record.open_extents.iter().copied().collect()),
        };
        self.rel_id_end = record.next_rel;
    }

    /// Takes over exact counts.
    pub(super) fn adopt_counts(&mut self, record: CountsRecord) {
        self.counts = counts_of(record);
    }

    /// Puts a stored block in its place, over whatever was there.
    pub(super) fn adopt_block(&mut self, key: BlockKey) -> Result<()> {
        let (sub, block) = (key.sub as usize, key.block);
        let (n_labels, n_types, n_keys) = self.catalog.n_names();
        let is_known = match key.kind {
            BlockKind::OutAdjacency | BlockKind::InAdjacency => sub < n_types,
            BlockKind::NodeProperty | BlockKind::RelProperty => sub < n_keys,
            BlockKind::NodeLabel => sub < n_labels,
            BlockKind::Index => sub < self.indexes.len(),
            _ => sub == 0,
        };
        if !is_known {
            return Err(Error::corrupt(key, "a block of a known type, key, label or index", "an unknown one"));
        }
        macro_rules! put {
            ($page:expr) => {{
                let base = Base::stored(&self.store, key);
                let page = $page;
                page.base = Some(base);
                page.delta = None;
            }};
        }
        match key.kind {
            BlockKind::OutAdjacency => put!(self.out.get_mut(sub).get_mut(block)),
            BlockKind::InAdjacency => put!(self.into.get_mut(sub).get_mut(block)),
            BlockKind::NodeProperty => put!(self.node_columns.get_mut(sub).get_mut(block)),
            BlockKind::RelProperty => put!(self.rel_columns.get_mut(sub).get_mut(block)),
            BlockKind::NodeLabel => put!(self.labels.get_mut(sub).get_mut(block)),
            BlockKind::NodeAlive => put!(self.nodes_alive.get_mut(block)),
            BlockKind::RelAlive => put!(self.rels_alive.get_mut(block)),
            BlockKind::RelSalience => put!(self.saliences.get_mut(block)),
            BlockKind::Index => put!(self.index_mut(key.sub).chunks_mut().get_mut(block)),
            BlockKind::RelType | BlockKind::RelStart | BlockKind::RelEnd => {
                let page = self.records.get_mut(block);
                page.delta = None;
                let column = match key.kind {
                    BlockKind::RelType => &mut page.rel_type,
                    BlockKind::RelStart => &mut page.start,
                    _ => &mut page.end,
                };
                column.base = Some(Base::stored(&self.store, key));
            }
            _ => return Err(Error::corrupt(key, "a block of the graph", "another kind")),
        }
        Ok(())
    }
}

fn collect<B: Pin, D: Clone + Default>(table: &Paged<super::base::Layered<B, D>>, keys: &mut Vec<BlockKey>) {
    for (_, page) in table.iter() {
        assert!(page.delta.is_none(), "a page was not folded");
        keys.extend(page.base.as_ref().map(|base| base.key()));
    }
}

fn counts_of(record: CountsRecord) -> Counts {
    let types = record.types.into_iter().map(|counts| TypeCounts {
        n_rels: counts.n_rels,
        n_self_loops: counts.n_self_loops,
        starts: counts.starts,
        ends: counts.ends,
    });
    Counts::from_parts(record.n_nodes, record.n_rels, record.labels, types.collect())
}
