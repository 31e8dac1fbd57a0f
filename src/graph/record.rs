//! A view as records: what a root must say beside its blocks, and the way back.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    base::{Base, Ends, Pin},
    catalog::{Catalog, INDEXES_MAX, IndexInfo},
    change::IDS_MAX,
    counts::{Counts, TypeCounts},
    fulltext::FULLTEXTS_MAX,
    index::{CHUNKS_LOG2_MAX, Index},
    paged::Paged,
    snapshot::{Extents, NO_LABEL, Snapshot},
    space::{SPACES_MAX, SpaceInfo},
};
use crate::{
    Error, Result,
    model::{Analyzer, DIMENSION_MAX, FULLTEXT_KEYS_MAX, KeyId, LabelId, Metric, NoteTable, TypeId},
    storage::{
        BLOCK_BITS, BlockKey, BlockKind, Store,
        codec::{
            CatalogRecord, CountsRecord, FulltextRecord, IndexRecord, SpaceRecord, TypeCountsRecord, is_kept,
            kept_record,
        },
        split,
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
            next_index: catalog.index_end(),
            spaces: catalog.spaces().iter().map(|info| SpaceRecord::new(&info.space, info.measured())).collect(),
            storages: catalog.spaces().iter().map(|info| kept_record(info.space.storage, info.space.indexed)).collect(),
            fulltexts: catalog.fulltexts().iter().map(|index| FulltextRecord::new(index)).collect(),
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
        self.notes.iter().for_each(|(_, table)| collect(table, &mut keys));
        self.out.iter().for_each(|(_, table)| collect(table, &mut keys));
        self.into.iter().for_each(|(_, table)| collect(table, &mut keys));
        collect(&self.saliences, &mut keys);
        for (_, page) in self.records.iter() {
            assert!(page.delta.is_none(), "a page of ends was not folded");
            let bases = [&page.rel_type.base, &page.start.base, &page.end.base];
            keys.extend(bases.into_iter().flatten().map(|base| base.key()));
            keys.extend(page.some_places().map(|places| places.key()));
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
        keys: impl Iterator<Item = BlockKey>,
    ) -> Result<Self> {
        let mut view = Self::empty(store.clone());
        view.sequence = sequence;
        view.adopt_catalog(catalog)?;
        for key in keys {
            view.adopt_block(key)?;
        }
        // Each block of ids was given to somebody, and what became of them is stored: a number of ids without is damage,
        // and would have whoever visits all ids visit billions.
        let has_nodes = |block| view.nodes_alive.get(block).is_some_and(|page| page.base.is_some());
        let has_rels = |block| view.records.get(block).is_some_and(|page| page.start.base.is_some());
        if let Some(block) = (0..view.n_node_blocks()).find(|block| !has_nodes(*block)) {
            return Err(Error::corrupt("catalog", format_args!("nodes of block {block}"), "none"));
        }
        if let Some(block) = (0..view.n_rel_blocks()).find(|block| !has_rels(*block)) {
            return Err(Error::corrupt("catalog", format_args!("relationships of block {block}"), "none"));
        }
        view.adopt_counts(counts)?;
        Ok(view)
    }

    /// Takes over a dictionary, indexes and extents that hold at least what this view has.
    ///
    /// # Errors
    /// `Corrupt` where they contradict themselves or what was known.
    pub(super) fn adopt_catalog(&mut self, record: &CatalogRecord) -> Result<()> {
        self.check_catalog(record)?;
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
        for (space, storage) in record.spaces.iter().zip(&record.storages) {
            let measured = (f32::from_bits(space.deviation), space.n_measured);
            catalog.add_space(SpaceInfo::new(Arc::new(space.space(*storage)), measured));
        }
        record.fulltexts.iter().for_each(|index| catalog.add_fulltext(Arc::new(index.index())));
        catalog.set_next_index(record.next_index);
        self.catalog = Arc::new(catalog);
        self.adopt_ids(record);
        Ok(())
    }

    /// Checks that a dictionary, indexes and extents fit each other, and continue what this view has.
    fn check_catalog(&self, record: &CatalogRecord) -> Result<()> {
        let corrupt = |expected: String, got: String| Err(Error::corrupt("catalog", expected, got));
        let known = &self.catalog;
        let continues = known.labels().all(|(id, name)| record.labels.get(id.index()).is_some_and(|n| **n == **name))
            && known.rel_types().all(|(id, name)| record.types.get(id.index()).is_some_and(|n| **n == **name))
            && known.keys().all(|(id, name)| record.keys.get(id.index()).is_some_and(|n| **n == **name))
            && record.extents.len() >= self.extents.labels.len()
            && record.next_rel >= self.rel_id_end;
        if !continues {
            return corrupt("what was known before".into(), "less".into());
        }
        if record.next_rel > IDS_MAX || record.extents.len() > split(IDS_MAX).0 as usize {
            return corrupt(format!("ids up to {IDS_MAX}"), format!("more ({} blocks)", record.extents.len()));
        }
        let is_label = |label: u32| label == NO_LABEL || (label as usize) < record.labels.len();
        if let Some(label) = record.extents.iter().find(|label| !is_label(**label)) {
            return corrupt(format!("blocks of {} labels", record.labels.len()), format!("one of label {label}"));
        }
        for &(label, next) in &record.open_extents {
            // A block that is full is continued by a new one; else the next id lies in a block of the label.
            let (block, local) = split(next);
            if local != 0 && record.extents.get(block as usize) != Some(&label) {
                return corrupt(format!("an id in a block of label {label}"), format!("{next}"));
            }
        }
        let (mut numbers, mut index_names) = (FxHashSet::default(), FxHashSet::default());
        for index in &record.indexes {
            let is_new = numbers.insert(index.number) && index_names.insert(index.name.as_str());
            let is_small = u32::from(index.chunks_log2) <= CHUNKS_LOG2_MAX && index.n_entries <= u64::from(IDS_MAX);
            if !is_new || !is_small || index.number >= record.next_index {
                return corrupt("indexes, each once".into(), format!("{index:?}"));
            }
        }
        let mut names = FxHashSet::default();
        for space in &record.spaces {
            let n_owners = if space.of_relationships { record.types.len() } else { record.labels.len() };
            let is_possible = space.owners.iter().all(|owner| (*owner as usize) < n_owners)
                && (space.key as usize) < record.keys.len()
                && (1..=DIMENSION_MAX).contains(&space.dimension)
                && usize::from(space.metric) < Metric::ALL.len()
                && space.embedder.as_ref().is_none_or(|(_, from)| (*from as usize) < record.keys.len())
                && f32::from_bits(space.deviation).is_finite();
            if !is_possible || !names.insert(space.name.as_str()) || record.spaces.len() > SPACES_MAX {
                return corrupt("embedding spaces of known names, each once".into(), format!("{space:?}"));
            }
        }
        if record.storages.len() != record.spaces.len() || !record.storages.iter().all(|kept| is_kept(*kept)) {
            return corrupt("a storage of each embedding space".into(), format!("{:?}", record.storages));
        }
        for index in &record.fulltexts {
            let n_owners = if index.of_relationships { record.types.len() } else { record.labels.len() };
            let is_possible = index.owners.iter().all(|owner| (*owner as usize) < n_owners)
                && (1..=FULLTEXT_KEYS_MAX).contains(&index.keys.len())
                && index.keys.iter().all(|key| (*key as usize) < record.keys.len())
                && Analyzer::of_number(index.analyzer).is_some()
                && index.number < record.next_index
                && numbers.insert(index.number)
                && index_names.insert(index.name.as_str());
            if !is_possible || record.fulltexts.len() > FULLTEXTS_MAX {
                return corrupt("full-text indexes of known names, each once".into(), format!("{index:?}"));
            }
        }
        if record.next_index > INDEXES_MAX {
            return corrupt(format!("at most {INDEXES_MAX} indexes"), record.next_index.to_string());
        }
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

    /// Takes over exact counts, which fit the dictionary and the ids given.
    ///
    /// # Errors
    /// `Corrupt` where they do not.
    pub(super) fn adopt_counts(&mut self, record: CountsRecord) -> Result<()> {
        let (n_labels, n_types, _) = self.catalog.n_names();
        let (nodes, rels) = (record.n_nodes, record.n_rels);
        let fits = nodes <= u64::from(self.node_id_end())
            && rels <= u64::from(self.rel_id_end)
            && record.labels.len() <= n_labels
            && record.labels.iter().all(|n| *n <= nodes)
            && record.types.len() <= n_types
            && record.types.iter().all(|of| {
                of.n_rels <= rels
                    && of.n_self_loops <= of.n_rels
                    && [&of.starts, &of.ends]
                        .iter()
                        .all(|ends| ends.len() <= n_labels && ends.iter().all(|n| *n <= of.n_rels))
            });
        if !fits {
            let expected = format_args!("at most {} nodes, {} relationships", self.node_id_end(), self.rel_id_end);
            return Err(Error::corrupt("counts", expected, format_args!("{record:?}")));
        }
        self.counts = counts_of(record);
        Ok(())
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
            BlockKind::Note => NoteTable::from_number(key.sub).is_some(),
            _ => sub == 0,
        };
        if !is_known {
            return Err(Error::corrupt(key, "a block of a known type, key, label or index", "an unknown one"));
        }
        let n_blocks = match key.kind {
            BlockKind::OutAdjacency
            | BlockKind::InAdjacency
            | BlockKind::NodeProperty
            | BlockKind::NodeLabel
            | BlockKind::NodeAlive => self.n_node_blocks(),
            BlockKind::Index => 1 << CHUNKS_LOG2_MAX,
            BlockKind::Note if !NoteTable::from_number(key.sub).is_some_and(NoteTable::is_of_relationships) => {
                1 << (u32::BITS - BLOCK_BITS)
            }
            _ => self.n_rel_blocks(),
        };
        if block >= n_blocks {
            return Err(Error::corrupt(key, format_args!("a block below {n_blocks}"), block));
        }
        let ends = Ends { nodes: self.node_id_end(), rels: self.rel_id_end, types: n_types as u32 };
        macro_rules! put {
            ($page:expr) => {{
                let base = Base::found(&self.store, key, ends);
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
            BlockKind::Note => {
                NoteTable::from_number(key.sub).into_iter().for_each(|table| self.forget_models(table));
                put!(self.notes.get_mut(sub).get_mut(block));
            }
            BlockKind::NodeLabel => put!(self.labels.get_mut(sub).get_mut(block)),
            BlockKind::NodeAlive => put!(self.nodes_alive.get_mut(block)),
            BlockKind::RelAlive => put!(self.rels_alive.get_mut(block)),
            BlockKind::RelSalience => put!(self.saliences.get_mut(block)),
            BlockKind::Index => put!(self.index_mut(key.sub).chunks_mut().get_mut(block)),
            BlockKind::RelPlaces => self.records.get_mut(block).places.base = Some(Base::found(&self.store, key, ends)),
            BlockKind::RelType | BlockKind::RelStart | BlockKind::RelEnd => {
                let page = self.records.get_mut(block);
                page.delta = None;
                let column = match key.kind {
                    BlockKind::RelType => &mut page.rel_type,
                    BlockKind::RelStart => &mut page.start,
                    _ => &mut page.end,
                };
                column.base = Some(Base::found(&self.store, key, ends));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fact, NodeId, RelId, Value};

    fn record() -> CatalogRecord {
        let index = |number: u32| IndexRecord {
            name: format!("i{number}"),
            label: 0,
            key: 0,
            unique: false,
            number,
            chunks_log2: 0,
            n_entries: 0,
        };
        CatalogRecord {
            labels: vec!["A".into(), "B".into()],
            types: vec!["R".into()],
            keys: vec!["k".into()],
            indexes: vec![index(0), index(3)],
            next_index: 4,
            spaces: vec![SpaceRecord {
                name: "s".into(),
                of_relationships: false,
                owners: vec![0],
                key: 0,
                dimension: 3,
                metric: 0,
                embedder: Some(("hash".into(), 0)),
                deviation: 0,
                n_measured: 0,
            }],
            storages: vec![0],
            ..CatalogRecord::default()
        }
    }

    fn open(catalog: &CatalogRecord, counts: CountsRecord) -> Result<Snapshot> {
        Snapshot::from_records(&Arc::new(Store::memory()), 1, catalog, counts, std::iter::empty())
    }

    /// Catalogs and counts that say the impossible: refused before anything is made as large as they say.
    #[test]
    fn records_that_contradict_themselves_are_refused() {
        assert!(open(&record(), CountsRecord::default()).is_ok());
        type Change = fn(&mut CatalogRecord);
        let changes: [(&str, Change); 18] = [
            ("a name twice", |record| record.labels[1] = "A".into()),
            ("an index number beyond the next", |record| record.indexes[0].number = u32::MAX),
            ("an index number twice", |record| record.indexes[0].number = 3),
            ("an index name twice", |record| record.indexes[0].name = "i3".into()),
            ("more chunks than a hash has bits", |record| record.indexes[0].chunks_log2 = 65),
            ("more entries than ids", |record| record.indexes[0].n_entries = u64::MAX),
            ("billions of indexes", |record| record.next_index = u32::MAX),
            ("relationships without blocks", |record| record.next_rel = 1 << 31),
            ("nodes without blocks", |record| record.extents = vec![0]),
            ("a space of an unknown label", |record| record.spaces[0].owners = vec![2]),
            ("a space over an unknown key", |record| record.spaces[0].key = 1),
            ("a space without dimensions", |record| record.spaces[0].dimension = 0),
            ("a metric nobody knows", |record| record.spaces[0].metric = 3),
            ("a space from an unknown key", |record| record.spaces[0].embedder = Some(("hash".into(), 1))),
            ("a space twice", |record| record.spaces.push(record.spaces[0].clone())),
            ("a space without a storage", |record| record.storages.clear()),
            ("a storage nobody knows", |record| record.storages = vec![3]),
            ("a next id in nobody's block", |record| record.open_extents = vec![(0, 5)]),
        ];
        for (why, change) in changes {
            let mut record = record();
            change(&mut record);
            assert!(matches!(open(&record, CountsRecord::default()), Err(Error::Corrupt { .. })), "{why}");
        }
        for counts in [
            CountsRecord { n_nodes: 1, ..CountsRecord::default() },
            CountsRecord { n_rels: u64::MAX, ..CountsRecord::default() },
            CountsRecord { labels: vec![0; 3], ..CountsRecord::default() },
            CountsRecord { types: vec![TypeCountsRecord::default(); 2], ..CountsRecord::default() },
        ] {
            assert!(matches!(open(&record(), counts), Err(Error::Corrupt { .. })));
        }
    }

    /// Facts that name what nobody knows: refused, whatever memory their numbers would have asked for.
    #[test]
    fn facts_of_the_unknown_are_refused() {
        let (far, label, key, rel_type) = (u32::MAX - 9, LabelId::new(0), KeyId::new(0), TypeId::new(0));
        let mut view = open(&record(), CountsRecord::default()).unwrap();
        let node = NodeId::new(0);
        view.replay(&Fact::CreateNode { id: node, labels: vec![label] }).unwrap();
        view.replay(&Fact::CreateRel { id: RelId::new(0), rel_type, start: node, end: node }).unwrap();
        for fact in [
            Fact::CreateNode { id: NodeId::new(far), labels: vec![] },
            Fact::CreateNode { id: NodeId::new(1), labels: vec![LabelId::new(far)] },
            Fact::DeleteNode { id: NodeId::new(far) },
            Fact::AddLabel { id: node, label: LabelId::new(2) },
            Fact::SetNode { id: node, key: KeyId::new(far), value: Value::Int(1) },
            Fact::SetNode { id: NodeId::new(far), key, value: Value::Int(1) },
            Fact::CreateRel { id: RelId::new(2), rel_type, start: node, end: node },
            Fact::CreateRel { id: RelId::new(1), rel_type: TypeId::new(1), start: node, end: node },
            Fact::CreateRel { id: RelId::new(1), rel_type, start: node, end: NodeId::new(far) },
            Fact::SetRel { id: RelId::new(far), key, value: Value::Int(1) },
            Fact::SetSalience { id: RelId::new(far), salience: 0.5 },
            Fact::CreateIndex { name: "x".into(), label: LabelId::new(far), key, unique: false },
        ] {
            assert!(matches!(view.replay(&fact), Err(Error::Corrupt { .. })), "{fact:?}");
        }
        assert!(super::super::check(&view, true).is_sound());
    }
}
