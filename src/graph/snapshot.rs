//! One view of the whole graph. Cloning it is a handful of reference counts; a change to a clone copies the path to what
//! changes. Readers hold one by `Arc`; the writer owns one and changes it in place.

use std::sync::Arc;

use super::{
    adjacency::{Adjacency, AdjacencyPage},
    attention_model::Models,
    base::{Base, Layered},
    catalog::{Catalog, IndexInfo},
    column::{Column, ColumnPage, equals},
    counts::Counts,
    fulltext::{Changes, Fulltexts},
    index::{Index, hash_value},
    near::Nears,
    note::NotePage,
    paged::{Family, Paged, Sparse},
    space::Embedders,
};
use crate::{
    Result,
    model::{Direction, KeyId, LabelId, NodeId, RelId, TypeId, Value},
    storage::{BLOCK_LEN, BLOCK_WORDS, BitmapBlock, F32Column, Home, Store, U32Column, split},
};

/// Salience of a relationship that nothing has reweighted.
pub(crate) const SALIENCE_INITIAL: f32 = 1.0;

/// A block's bits: what is stored, or what replaced it.
pub(crate) type BitsPage = Layered<BitmapBlock, Bits>;

/// A bit for each id of a block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) [u64; BLOCK_WORDS]);

/// Type and ends of a relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RelRecord {
    pub(crate) rel_type: TypeId,
    pub(crate) start: NodeId,
    pub(crate) end: NodeId,
}

/// Types and ends of a block of relationships. They never change; relationships are added, and those of the dead are
/// forgotten where there are many of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordPage {
    pub(crate) rel_type: Layered<U32Column, ()>,
    pub(crate) start: Layered<U32Column, ()>,
    pub(crate) end: Layered<U32Column, ()>,
    /// Where the columns tell of some relationships only, one after another: of which. It counts only beside columns of its
    /// own generation.
    pub(crate) places: Layered<BitmapBlock, ()>,
    pub(crate) delta: Option<Arc<Sparse<RelRecord>>>,
}

/// Salience of a block of relationships.
pub(crate) type SaliencePage = Layered<F32Column, Sparse<f32>>;

/// Which label the ids of a block of nodes were given to: new nodes join an extent of their first label, so that the
/// columns of a label stay dense however creation is interleaved.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extents {
    /// By block: the label, or [`NO_LABEL`].
    pub(crate) labels: Arc<Vec<u32>>,
    /// By label, the next free id of its last extent; the last entry of the list of pairs is the unlabelled one's.
    pub(crate) open: Arc<rustc_hash::FxHashMap<u32, u32>>,
}

/// The extent label of nodes created without one.
pub(crate) const NO_LABEL: u32 = u32::MAX;

/// One view of the whole graph.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) sequence: u64,
    pub(crate) store: Arc<Store>,
    pub(crate) catalog: Arc<Catalog>,
    /// Shared by all views of an open database.
    pub(crate) embedders: Arc<Embedders>,
    pub(crate) counts: Counts,
    pub(crate) extents: Extents,
    pub(crate) nodes_alive: Paged<BitsPage>,
    pub(crate) labels: Family<BitsPage>,
    pub(crate) node_columns: Family<ColumnPage>,
    pub(crate) rels_alive: Paged<BitsPage>,
    pub(crate) records: Paged<RecordPage>,
    pub(crate) saliences: Paged<SaliencePage>,
    pub(crate) rel_columns: Family<ColumnPage>,
    /// By table: what the database keeps about itself.
    pub(crate) notes: Family<NotePage>,
    /// What the notes of models say.
    pub(crate) models: Models,
    pub(crate) rel_id_end: u32,
    pub(crate) out: Family<AdjacencyPage>,
    pub(crate) into: Family<AdjacencyPage>,
    /// By index number.
    pub(crate) indexes: Arc<Vec<Arc<Index>>>,
    /// Bytes of changes not folded into blocks, roughly.
    pub(crate) delta_bytes: u64,
    /// What changed since the commit it was made from, where full-text indexes care.
    pub(crate) changes: Changes,
    /// What all views share of the full-text indexes.
    pub(crate) fulltexts: Arc<Fulltexts>,
    /// What all views share of the indexes of vectors.
    pub(crate) nears: Arc<Nears>,
    /// Shared by all views of the time between two checkpoints: while any lives, blocks replaced since must stay.
    pub(crate) epoch: Arc<()>,
    /// Of a fork: what keeps the blocks it shares. Last, so that it outlives them.
    pub(crate) origin: Option<Arc<Origin>>,
}

/// What a fork's views hold of the database it was forked from, so that the blocks they share stay where they are.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Keeps blocks replaced since from being swept.
    pub(super) _epoch: Arc<()>,
    /// Of a fork of a fork.
    pub(super) _before: Option<Arc<Origin>>,
    /// Keeps the directory locked.
    pub(super) _home: Option<Arc<Home>>,
}

impl RecordPage {
    /// Returns the block that says of which relationships the columns tell, where they tell of some only.
    pub(crate) fn some_places(&self) -> Option<&Arc<Base<BitmapBlock>>> {
        let (places, start) = (self.places.base.as_ref()?, self.start.base.as_ref()?);
        (places.key().generation == start.key().generation).then_some(places)
    }

    /// Returns where the columns tell of the relationship in a place of the block.
    fn place(&self, local: usize) -> Result<Option<usize>> {
        match self.some_places() {
            None => Ok(Some(local)),
            Some(places) => Ok(rank(places.get()?.words(), local)),
        }
    }
}

/// Returns how many bits are set before one that is set.
pub(crate) fn rank(words: &[u64; BLOCK_WORDS], local: usize) -> Option<usize> {
    let (word, bit) = (local / 64, local % 64);
    if words[word] >> bit & 1 == 0 {
        return None;
    }
    let before: u32 = words[..word].iter().map(|word| word.count_ones()).sum();
    Some((before + (words[word] & ((1 << bit) - 1)).count_ones()) as usize)
}

impl Snapshot {
    /// Returns the view of an empty graph.
    pub(crate) fn empty(store: Arc<Store>) -> Self {
        Self {
            sequence: 0,
            store,
            catalog: Arc::default(),
            embedders: Arc::default(),
            counts: Counts::default(),
            extents: Extents::default(),
            nodes_alive: Paged::default(),
            labels: Family::default(),
            node_columns: Family::default(),
            rels_alive: Paged::default(),
            records: Paged::default(),
            saliences: Paged::default(),
            rel_columns: Family::default(),
            notes: Family::default(),
            models: Models::default(),
            rel_id_end: 0,
            out: Family::default(),
            into: Family::default(),
            indexes: Arc::default(),
            delta_bytes: 0,
            changes: Changes::default(),
            fulltexts: Arc::default(),
            nears: Arc::default(),
            epoch: Arc::new(()),
            origin: None,
        }
    }

    /// Returns the number of the last commit it holds.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns the dictionary.
    #[inline]
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Returns the exact counts.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Returns how many nodes there are.
    pub(crate) fn n_nodes(&self) -> u64 {
        self.counts.n_nodes
    }

    /// Returns how many relationships there are.
    pub(crate) fn n_rels(&self) -> u64 {
        self.counts.n_rels
    }

    /// Returns one past the last block of node ids.
    pub(crate) fn n_node_blocks(&self) -> u32 {
        self.extents.labels.len() as u32
    }

    /// Returns one past the largest node id that can exist.
    pub(crate) fn node_id_end(&self) -> u32 {
        self.n_node_blocks() * BLOCK_LEN as u32
    }

    /// Returns one past the last block of relationship ids.
    pub(crate) fn n_rel_blocks(&self) -> u32 {
        self.rel_id_end.div_ceil(BLOCK_LEN as u32)
    }

    /// Returns whether a node exists.
    pub(crate) fn node_exists(&self, id: NodeId) -> Result<bool> {
        bit(&self.nodes_alive, id.get())
    }

    /// Returns whether a relationship exists.
    pub(crate) fn rel_exists(&self, id: RelId) -> Result<bool> {
        bit(&self.rels_alive, id.get())
    }

    /// Returns whether a node has a label.
    #[inline]
    pub(crate) fn has_label(&self, id: NodeId, label: LabelId) -> Result<bool> {
        self.labels.get(label.index()).map_or(Ok(false), |table| bit(table, id.get()))
    }

    /// Returns a node's labels, in the order of their ids.
    pub(crate) fn node_labels(&self, id: NodeId) -> Result<Vec<LabelId>> {
        let mut labels = Vec::new();
        for (label, table) in self.labels.iter() {
            if bit(table, id.get())? {
                labels.push(LabelId::new(label as u32));
            }
        }
        Ok(labels)
    }

    /// Returns how many nodes have a label.
    pub(crate) fn n_label(&self, label: LabelId) -> u64 {
        self.counts.n_label(label)
    }

    /// Returns which nodes of a block exist.
    pub(crate) fn node_words(&self, block: u32) -> Result<[u64; BLOCK_WORDS]> {
        words(&self.nodes_alive, block)
    }

    /// Returns which nodes of a block have a label.
    pub(crate) fn label_words(&self, label: LabelId, block: u32) -> Result<[u64; BLOCK_WORDS]> {
        self.labels.get(label.index()).map_or(Ok([0; BLOCK_WORDS]), |table| words(table, block))
    }

    /// Returns which relationships of a block exist.
    pub(crate) fn rel_words(&self, block: u32) -> Result<[u64; BLOCK_WORDS]> {
        words(&self.rels_alive, block)
    }

    /// Returns a property of nodes.
    #[inline]
    pub(crate) fn node_column(&self, key: KeyId) -> Column<'_> {
        Column::new(self.node_columns.get(key.index()))
    }

    /// Returns a property of relationships.
    #[inline]
    pub(crate) fn rel_column(&self, key: KeyId) -> Column<'_> {
        Column::new(self.rel_columns.get(key.index()))
    }

    /// Returns a node's property; null where it has none.
    pub(crate) fn node_prop(&self, id: NodeId, key: KeyId) -> Result<Value> {
        self.node_column(key).value(id.get())
    }

    /// Returns a relationship's property; null where it has none.
    pub(crate) fn rel_prop(&self, id: RelId, key: KeyId) -> Result<Value> {
        self.rel_column(key).value(id.get())
    }

    /// Returns a node's properties, in the order of their keys.
    pub(crate) fn node_props(&self, id: NodeId) -> Result<Vec<(KeyId, Value)>> {
        properties(&self.node_columns, id.get())
    }

    /// Returns a relationship's properties, in the order of their keys.
    pub(crate) fn rel_props(&self, id: RelId) -> Result<Vec<(KeyId, Value)>> {
        properties(&self.rel_columns, id.get())
    }

    /// Returns type and ends of a relationship, or `None` where it does not exist.
    pub(crate) fn rel(&self, id: RelId) -> Result<Option<RelRecord>> {
        if self.rel_exists(id)? { self.rel_record(id) } else { Ok(None) }
    }

    /// Returns type and ends of a relationship, also of one that was deleted since.
    pub(crate) fn rel_record(&self, id: RelId) -> Result<Option<RelRecord>> {
        let (block, local) = split(id.get());
        let Some(page) = self.records.get(block) else { return Ok(None) };
        if let Some(record) = page.delta.as_ref().and_then(|delta| delta.get(local)) {
            return Ok(Some(*record));
        }
        let (Some(rel_type), Some(start), Some(end)) = (page.rel_type.base()?, page.start.base()?, page.end.base()?)
        else {
            return Ok(None);
        };
        let Some(local) = page.place(local)? else { return Ok(None) };
        Ok(match (rel_type.get(local), start.get(local), end.get(local)) {
            (Some(rel_type), Some(start), Some(end)) => {
                Some(RelRecord { rel_type: TypeId::new(rel_type), start: NodeId::new(start), end: NodeId::new(end) })
            }
            _ => None,
        })
    }

    /// Returns a relationship's salience.
    pub(crate) fn salience(&self, id: RelId) -> Result<f32> {
        let (block, local) = split(id.get());
        let Some(page) = self.saliences.get(block) else { return Ok(SALIENCE_INITIAL) };
        if let Some(salience) = page.delta.as_ref().and_then(|delta| delta.get(local)) {
            return Ok(*salience);
        }
        Ok(page.base()?.and_then(|base| base.get(local)).unwrap_or(SALIENCE_INITIAL))
    }

    /// Returns the edges of a direction and type.
    #[inline]
    pub(crate) fn adjacency(&self, direction: Direction, rel_type: TypeId) -> Adjacency<'_> {
        let family = match direction {
            Direction::Out => &self.out,
            Direction::In => &self.into,
        };
        Adjacency::new(family.get(rel_type.index()))
    }

    /// Returns every relationship type.
    pub(crate) fn types(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.catalog.n_names().1 as u32).map(TypeId::new)
    }

    /// Returns how many relationships of a type there are.
    pub(crate) fn n_type(&self, rel_type: TypeId) -> u64 {
        self.counts.of_type(rel_type).map_or(0, |counts| counts.n_rels)
    }

    /// Returns how many relationships of a type start (`Out`) or end (`In`) at a node with the label.
    pub(crate) fn n_type_ends(&self, rel_type: TypeId, direction: Direction, label: LabelId) -> u64 {
        self.counts.n_type_ends(rel_type, direction, label)
    }

    /// Returns how many relationships of a type start and end at the same node.
    pub(crate) fn n_self_loops(&self, rel_type: TypeId) -> u64 {
        self.counts.of_type(rel_type).map_or(0, |counts| counts.n_self_loops)
    }

    /// Adds to `out` the nodes of the index's label whose property equals `value`.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn seek(&self, index: &IndexInfo, value: &Value, out: &mut Vec<u32>) -> Result<()> {
        let Some(hash) = hash_value(value) else { return Ok(()) };
        let Some(chunks) = self.indexes.get(index.number as usize) else { return Ok(()) };
        let column = self.node_column(index.key);
        chunks.probe(hash, |id| {
            if equals(&column.get(id)?, value) {
                out.push(id);
                return Ok(!index.unique);
            }
            Ok(true)
        })
    }
}

#[inline]
fn bit(table: &Paged<BitsPage>, id: u32) -> Result<bool> {
    let (block, local) = split(id);
    let Some(page) = table.get(block) else { return Ok(false) };
    let word = match &page.delta {
        Some(bits) => bits.0[local / 64],
        None => match page.base()? {
            Some(base) => base.words()[local / 64],
            None => return Ok(false),
        },
    };
    Ok(word >> (local % 64) & 1 != 0)
}

/// Returns the bits of a block.
pub(super) fn words(table: &Paged<BitsPage>, block: u32) -> Result<[u64; BLOCK_WORDS]> {
    table.get(block).map_or(Ok([0; BLOCK_WORDS]), page_words)
}

/// Returns the bits of a page.
pub(super) fn page_words(page: &BitsPage) -> Result<[u64; BLOCK_WORDS]> {
    match &page.delta {
        Some(bits) => Ok(bits.0),
        None => Ok(page.base()?.map_or([0; BLOCK_WORDS], |base| *base.words())),
    }
}

fn properties(columns: &Family<ColumnPage>, id: u32) -> Result<Vec<(KeyId, Value)>> {
    let (block, local) = split(id);
    let mut found = Vec::new();
    for (key, table) in columns.iter() {
        let Some(page) = table.get(block) else { continue };
        let value = page.value(local)?;
        if !value.is_null() {
            found.push((KeyId::new(key as u32), value));
        }
    }
    Ok(found)
}
