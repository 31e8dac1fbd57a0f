//! A graph built anew with the very ids it had: names, then nodes and relationships in the order of ids, straight into
//! blocks of one generation. Nothing of it is journaled, so nothing of it counts before all of it does.
//!
//! What it is told comes from outside and is believed in nothing: each name, id and end is checked as it comes, and what
//! it takes in memory is counted against a limit before it is taken. Ids may have holes, and each block of 1,024 ids is
//! stored whether or not anybody lives there: [`Rebuild::nodes_of`] and [`Rebuild::skip_rels`] let a hole grow only
//! with the number of calls.
//!
//! # Life of a rebuilding
//! 1. Names, indexes and where ids go on are told, then [`Rebuild::begin`].
//! 2. [`Rebuild::node`] fills the block of the node; the first node beyond it stores it.
//! 3. [`Rebuild::rel`] does the same with relationships; their ends must be there.
//! 4. [`Rebuild::finish`] reads the ends back in as many passes as memory asks for, sorts them into edges of both
//!    directions, and builds the indexes from labels and properties.

mod edges;
mod header;
mod indexes;
mod nodes;
mod notes;
mod rels;

use std::{path::Path, sync::Arc};

use rustc_hash::FxHashMap;

pub(crate) use self::{
    header::{IndexTold, NameSort},
    rels::{RelTold, SKIPPED_MAX},
};
use self::{nodes::NodeBlock, notes::Notes, rels::RelBlock};
use super::{
    base::{Base, Layered, Pin},
    checkpoint::{Keeper, write_records},
    engine::{Engine, EngineLimits},
    export::Walker,
    paged::Paged,
    snapshot::Snapshot,
};
use crate::{
    Error, Result,
    model::{Point, Value, temporal::Temporal},
    storage::{BLOCK_WORDS, BlockKey, Bytes, Home, PageTable, Root, Roots, Staging, Store, codec::CatalogRecord},
};

/// The generation of every block: a new store has none yet.
const GENERATION: u64 = 1;

/// Bytes of blocks handed to the store at once.
const WRITE_BYTES: usize = 4 << 20;

/// Bytes of blocks after which the store makes them durable: it keeps them in memory until then.
const FLUSH_BYTES: usize = 64 << 20;

/// Rough bytes of a stored block's place in a view.
const BASE_BYTES: u64 = 160;

/// Rough bytes of a name or an index in the dictionary.
const NAME_BYTES: u64 = 256;

/// Part of the memory that edges or index entries being sorted may take: an eighth.
const PASS_PART: u64 = 8;

/// A graph being built.
pub(crate) struct Rebuild {
    view: Snapshot,
    store: Arc<Store>,
    budget: Budget,
    record: CatalogRecord,
    /// The indexes by label and key.
    indexed: FxHashMap<(u32, u32), usize>,
    has_begun: bool,
    /// Which nodes exist, by block.
    alive: Vec<[u64; BLOCK_WORDS]>,
    nodes: NodeBlock,
    rels: RelBlock,
    notes: Notes,
    /// Edges of each block of nodes, by direction.
    n_edges: [Vec<u32>; 2],
    writes: Vec<(BlockKey, Option<Bytes>)>,
    n_bytes: usize,
    n_loose: usize,
}

/// Memory that is taken for as long as the graph is there, and the most there may be.
#[derive(Debug)]
struct Budget {
    used: u64,
    max: u64,
}

impl Budget {
    /// Takes some more.
    fn charge(&mut self, bytes: u64) -> Result<()> {
        self.used = self.used.saturating_add(bytes);
        self.check(0)
    }

    /// Returns an error where so much more, for a moment, would be too much.
    fn check(&self, bytes: u64) -> Result<()> {
        if self.used.saturating_add(bytes) > self.max {
            return Err(Error::Limit { what: "bytes of graph in memory", max: self.max });
        }
        Ok(())
    }
}

/// Returns the memory that a value takes beside its place.
fn heap_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 + 16,
        Value::List(items) => items.iter().map(|item| 32 + heap_bytes(item)).sum(),
        Value::Temporal(_) => Temporal::HEAP_BYTES as u64,
        Value::Point(_) => Point::HEAP_BYTES as u64,
        _ => 0,
    }
}

impl Rebuild {
    fn new(store: Arc<Store>, memory_bytes_max: u64) -> Self {
        Self {
            view: Snapshot::empty(store.clone()),
            store,
            budget: Budget { used: 0, max: memory_bytes_max },
            record: CatalogRecord::default(),
            indexed: FxHashMap::default(),
            has_begun: false,
            alive: Vec::new(),
            nodes: NodeBlock::default(),
            rels: RelBlock::default(),
            notes: Notes::default(),
            n_edges: [Vec::new(), Vec::new()],
            writes: Vec::new(),
            n_bytes: 0,
            n_loose: 0,
        }
    }

    /// Returns the graph, every block handed to the store.
    ///
    /// # Errors
    /// `Constraint` where a value that must be unique stands twice; `Corrupt` where the ids end before they should.
    fn finish(mut self) -> Result<Snapshot> {
        self.begin()?;
        self.finish_nodes()?;
        self.finish_rels()?;
        self.finish_notes()?;
        self.hand_over()?;
        self.build_edges()?;
        self.build_indexes()?;
        self.hand_over()?;
        for info in self.view.catalog.spaces() {
            let what = format!("embedding space `{}`", info.space.name);
            self.view.each_no_vector(&info.space, &mut |id, wrong| {
                Err(Error::corrupt(&what, "vectors of the space", format_args!("a value of id {id} that {wrong}")))
            })?;
        }
        Ok(self.view)
    }

    /// Stores a block and returns it as a page without changes.
    fn page<B: Pin, D>(&mut self, key: BlockKey, bytes: Bytes) -> Result<Layered<B, D>> {
        let kept = if matches!(*self.store, Store::Memory(_)) { bytes.len() as u64 + BASE_BYTES } else { 0 };
        self.budget.charge(BASE_BYTES + kept)?;
        self.n_bytes += bytes.len();
        self.writes.push((key, Some(bytes)));
        if self.n_bytes >= WRITE_BYTES {
            self.hand_over()?;
        }
        Ok(Layered { base: Some(Base::stored(&self.store, key)), delta: None })
    }

    fn hand_over(&mut self) -> Result<()> {
        self.n_loose += std::mem::take(&mut self.n_bytes);
        self.store.apply(std::mem::take(&mut self.writes))?;
        if self.n_loose >= FLUSH_BYTES {
            self.n_loose = 0;
            self.store.flush()?;
        }
        Ok(())
    }
}

/// Puts a page into a table, its room counted.
fn put<E: Clone + Default>(budget: &mut Budget, table: &mut Paged<E>, block: u32, page: E) -> Result<()> {
    budget.charge(table.growth(block))?;
    *table.get_mut(block) = page;
    Ok(())
}

/// A walk that ends at the first block that cannot be read: the blocks are our own.
struct Strict;

impl Walker for Strict {
    fn node(
        &mut self,
        _: crate::model::NodeId,
        _: &[crate::model::LabelId],
        _: &super::export::Properties<'_>,
    ) -> Result<()> {
        Ok(())
    }

    fn rel(
        &mut self,
        _: crate::model::RelId,
        _: super::snapshot::RelRecord,
        _: f32,
        _: &super::export::Properties<'_>,
    ) -> Result<()> {
        Ok(())
    }

    fn unreadable(&mut self, _: BlockKey, error: Error) -> Result<()> {
        Err(error)
    }
}

impl Engine {
    /// Returns a database in memory whose graph `fill` tells.
    ///
    /// # Errors
    /// Those of `fill`, and of [`Rebuild`].
    pub(crate) fn rebuild_in_memory(
        limits: EngineLimits,
        fill: &mut dyn FnMut(&mut Rebuild) -> Result<()>,
    ) -> Result<Arc<Self>> {
        let store = Arc::new(Store::memory());
        let mut rebuild = Rebuild::new(store.clone(), limits.memory_bytes_max);
        fill(&mut rebuild)?;
        let view = rebuild.finish()?;
        let keeper = Keeper::of_memory(view.block_keys());
        Ok(Arc::new(Self::new(store, None, view, keeper, GENERATION, limits, None)))
    }

    /// Makes a database of the graph that `fill` tells in a new directory, which appears when it is whole and on disk.
    ///
    /// # Errors
    /// `NotAllowed` where something is there; `AlreadyOpen` where another process is making it; those of `fill`, and of
    /// [`Rebuild`].
    pub(crate) fn rebuild(
        path: &Path,
        limits: EngineLimits,
        fill: &mut dyn FnMut(&mut Rebuild) -> Result<()>,
    ) -> Result<()> {
        let staging = Staging::begin(path)?;
        let home = Home::open(staging.path())?;
        let store = Arc::new(Store::open(&home.blocks())?);
        let mut rebuild = Rebuild::new(store.clone(), limits.memory_bytes_max);
        fill(&mut rebuild)?;
        let view = rebuild.finish()?;
        let mut keys = view.block_keys();
        keys.extend(write_records(&store, &view, GENERATION)?);
        let root = Root::new(view.sequence(), GENERATION, view.n_nodes(), view.n_rels());
        Roots::default().write(&store, root, PageTable::new(keys))?;
        drop((view, store, home));
        staging.publish()
    }
}
