//! Nodes, block by block.

use rustc_hash::FxHashMap;

use super::{Budget, GENERATION, Rebuild, heap_bytes, put};
use crate::{
    Error, Result,
    graph::{catalog::Catalog, snapshot::BitsPage},
    model::{Direction, KeyId, LabelId, TypeId, Value},
    storage::{BLOCK_WORDS, BitmapBlock, BlockKey, BlockKind, Bytes, ColumnBlock, split},
};

/// Bytes of text a column of a block may hold: what it is stored in counts with 32 bits, and points with one less.
const COLUMN_BYTES_MAX: u64 = 1 << 30;

/// The nodes of one block.
#[derive(Debug, Default)]
pub(super) struct NodeBlock {
    /// Which one.
    block: u32,
    /// One past the last id told.
    end: u32,
    alive: [u64; BLOCK_WORDS],
    labels: FxHashMap<u32, [u64; BLOCK_WORDS]>,
    columns: Values,
}

/// Properties of one block of ids.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// By key: places and values, and the bytes of those.
    columns: FxHashMap<u32, (Vec<(u16, Value)>, u64)>,
    n_bytes: u64,
}

impl Values {
    /// Adds a property of the id in a place.
    pub(super) fn push(&mut self, budget: &Budget, key: KeyId, local: usize, value: Value) -> Result<()> {
        let (column, n_bytes) = self.columns.entry(key.get()).or_default();
        let more = size_of::<(u16, Value)>() as u64 + heap_bytes(&value);
        *n_bytes += more;
        self.n_bytes += more;
        budget.check(self.n_bytes)?;
        if *n_bytes > COLUMN_BYTES_MAX {
            return Err(Error::Limit { what: "bytes of a property of 1,024 ids", max: COLUMN_BYTES_MAX });
        }
        column.push((local as u16, value));
        Ok(())
    }

    /// Returns the columns as blocks, in the order of their keys, and empties them.
    pub(super) fn encode(&mut self, kind: BlockKind, block: u32, catalog: &Catalog) -> Vec<(BlockKey, Bytes)> {
        let mut columns: Vec<_> = std::mem::take(&mut self.columns).into_iter().collect();
        columns.sort_unstable_by_key(|(key, _)| *key);
        self.n_bytes = 0;
        let encode = |(sub, (column, _)): (u32, (Vec<(u16, Value)>, u64))| {
            let key = BlockKey::new(kind, sub, block, GENERATION);
            let mut values = vec![Value::Null; column.last().map_or(0, |(local, _)| usize::from(*local) + 1)];
            column.into_iter().for_each(|(local, value)| values[usize::from(local)] = value);
            (key, ColumnBlock::encode_as(&key, &values, catalog.storage_of(kind, KeyId::new(sub))))
        };
        columns.into_iter().map(encode).collect()
    }
}

impl Rebuild {
    /// Adds a node. Ids, its labels and its keys ascend.
    ///
    /// # Errors
    /// `Corrupt` where they do not, or one is unknown; `Limit`.
    pub(crate) fn node(&mut self, id: u32, labels: &[u32], properties: Vec<(u32, Value)>) -> Result<()> {
        self.begin()?;
        let (block, local) = self.node_place(id)?;
        if id < self.nodes.end {
            return Err(Error::corrupt(
                format_args!("node {id}"),
                format_args!("an id from {} on", self.nodes.end),
                id,
            ));
        }
        while self.nodes.block < block {
            self.store_nodes()?;
        }
        let what = || format!("node {id}");
        check_ids(labels.iter().copied(), self.record.labels.len(), "labels", what)?;
        check_ids(properties.iter().map(|(key, _)| *key), self.record.keys.len(), "property keys", what)?;
        self.nodes.end = id + 1;
        set(&mut self.nodes.alive, local);
        set(&mut self.alive[block as usize], local);
        self.view.counts.add_nodes(1);
        for label in labels {
            set(self.nodes.labels.entry(*label).or_insert([0; BLOCK_WORDS]), local);
            self.view.counts.add_label(LabelId::new(*label), 1);
        }
        for (key, value) in properties {
            check_value(&value, what)?;
            self.nodes.columns.push(&self.budget, KeyId::new(key), local, value)?;
        }
        Ok(())
    }

    /// Stores the block that nodes were told for, and turns to the next.
    fn store_nodes(&mut self) -> Result<()> {
        let block = self.nodes.block;
        let key = BlockKey::new(BlockKind::NodeAlive, 0, block, GENERATION);
        let bytes = BitmapBlock::encode(&key, &std::mem::take(&mut self.nodes.alive));
        let page: BitsPage = self.page(key, bytes)?;
        put(&mut self.budget, &mut self.view.nodes_alive, block, page)?;
        let mut labels: Vec<(u32, [u64; BLOCK_WORDS])> = std::mem::take(&mut self.nodes.labels).into_iter().collect();
        labels.sort_unstable_by_key(|(label, _)| *label);
        for (label, words) in labels {
            let key = BlockKey::new(BlockKind::NodeLabel, label, block, GENERATION);
            let page: BitsPage = self.page(key, BitmapBlock::encode(&key, &words))?;
            put(&mut self.budget, self.view.labels.get_mut(label as usize), block, page)?;
        }
        for (key, bytes) in self.nodes.columns.encode(BlockKind::NodeProperty, block, &self.view.catalog) {
            let page = self.page(key, bytes)?;
            put(&mut self.budget, self.view.node_columns.get_mut(key.sub as usize), block, page)?;
        }
        self.nodes.block += 1;
        Ok(())
    }

    /// Stores what is left: blocks that nobody lives in, too.
    pub(super) fn finish_nodes(&mut self) -> Result<()> {
        while self.nodes.block < self.view.n_node_blocks() {
            self.store_nodes()?;
        }
        Ok(())
    }

    /// Returns whether a node was told.
    pub(super) fn is_node(&self, id: u32) -> bool {
        let (block, local) = split(id);
        self.alive.get(block as usize).is_some_and(|words| words[local / 64] >> (local % 64) & 1 != 0)
    }

    /// Counts the ends of relationships of a type at a node with these labels.
    pub(super) fn count_end(&mut self, rel_type: TypeId, direction: Direction, label: LabelId, n: u64) -> Result<()> {
        let counts = self.view.counts.of_type(rel_type).map_or(0, |counts| match direction {
            Direction::Out => counts.starts.len(),
            Direction::In => counts.ends.len(),
        });
        self.budget.charge(8 * (label.index() + 1).saturating_sub(counts) as u64)?;
        self.view.counts.add_type_end(rel_type, direction, label, n as i64);
        Ok(())
    }
}

/// Checks that ids ascend and are known.
pub(super) fn check_ids(
    ids: impl Iterator<Item = u32>,
    n_known: usize,
    sort: &'static str,
    what: impl Fn() -> String,
) -> Result<()> {
    let mut next = 0;
    for id in ids {
        if id as usize >= n_known {
            return Err(Error::corrupt(what(), format_args!("{sort} below {n_known}"), id));
        }
        if id < next {
            return Err(Error::corrupt(what(), format_args!("{sort} ascending, each once"), id));
        }
        next = id + 1;
    }
    Ok(())
}

pub(super) fn check_value(value: &Value, what: impl Fn() -> String) -> Result<()> {
    if value.is_null() || !value.is_storable() {
        return Err(Error::corrupt(what(), "scalars, or lists of scalars without null", value.kind()));
    }
    Ok(())
}

pub(super) fn set(words: &mut [u64; BLOCK_WORDS], local: usize) {
    words[local / 64] |= 1 << (local % 64);
}
