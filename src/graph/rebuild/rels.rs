//! Relationships, block by block; their edges come later.

use super::{
    GENERATION, Rebuild,
    nodes::{Values, check_ids, check_value, set},
    put,
};
use crate::{
    Error, Result,
    graph::{
        base::{Layered, plain_key},
        snapshot::{BitsPage, RecordPage, SALIENCE_INITIAL, SaliencePage},
    },
    model::{KeyId, TypeId, Value},
    storage::{BLOCK_LEN, BLOCK_WORDS, BitmapBlock, BlockKind, F32Column, U32Column, split},
};

/// How many ids may be left out at once: so many blocks are stored for one call, and no more.
pub(crate) const SKIPPED_MAX: u32 = 64 * BLOCK_LEN as u32;

/// The relationships of one block.
#[derive(Debug)]
pub(super) struct RelBlock {
    /// Which one.
    block: u32,
    /// One past the last id told or skipped.
    end: u32,
    alive: [u64; BLOCK_WORDS],
    /// Types, starts and ends. A gap has the numbers of the relationship before it, which keeps columns narrow.
    columns: [[u32; BLOCK_LEN]; 3],
    saliences: [f32; BLOCK_LEN],
    has_salience: bool,
    values: Values,
}

impl Default for RelBlock {
    fn default() -> Self {
        Self {
            block: 0,
            end: 0,
            alive: [0; BLOCK_WORDS],
            columns: [[0; BLOCK_LEN]; 3],
            saliences: [SALIENCE_INITIAL; BLOCK_LEN],
            has_salience: false,
            values: Values::default(),
        }
    }
}

/// A relationship as it is told.
#[derive(Debug)]
pub(crate) struct RelTold {
    pub(crate) id: u32,
    pub(crate) rel_type: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) salience: f32,
    pub(crate) properties: Vec<(u32, Value)>,
}

impl Rebuild {
    /// Adds a relationship; every node was told before. Ids and keys ascend.
    ///
    /// # Errors
    /// `Corrupt` where they do not, or what it names is unknown; `Limit`.
    pub(crate) fn rel(&mut self, rel: RelTold) -> Result<()> {
        self.begin()?;
        let id = rel.id;
        let what = || format!("relationship {id}");
        if id >= self.record.next_rel {
            return Err(Error::corrupt(what(), format_args!("ids below {}", self.record.next_rel), id));
        }
        if id < self.rels.end {
            return Err(Error::corrupt(what(), format_args!("an id from {} on", self.rels.end), id));
        }
        if rel.rel_type as usize >= self.record.types.len() {
            return Err(Error::corrupt(what(), format_args!("types below {}", self.record.types.len()), rel.rel_type));
        }
        if let Some(node) = [rel.start, rel.end].into_iter().find(|node| !self.is_node(*node)) {
            return Err(Error::corrupt(what(), "ends that exist", format_args!("node {node}")));
        }
        if !(rel.salience.is_finite() && rel.salience > 0.0) {
            return Err(Error::corrupt(what(), "a salience above 0", rel.salience));
        }
        check_ids(rel.properties.iter().map(|(key, _)| *key), self.record.keys.len(), "property keys", what)?;
        self.skip_rels(id)?;
        let (block, local) = split(id);
        self.rels.end = id + 1;
        set(&mut self.rels.alive, local);
        let numbers = [rel.rel_type, rel.start, rel.end];
        for (column, number) in self.rels.columns.iter_mut().zip(numbers) {
            column[local..].fill(number);
        }
        self.rels.saliences[local] = rel.salience;
        self.rels.has_salience |= rel.salience != SALIENCE_INITIAL;
        for (key, value) in rel.properties {
            check_value(&value, what)?;
            self.rels.values.push(&self.budget, KeyId::new(key), local, value)?;
        }
        debug_assert_eq!(block, self.rels.block, "blocks are stored in order");
        let rel_type = TypeId::new(rel.rel_type);
        self.view.counts.add_rels(rel_type, 1, i64::from(rel.start == rel.end));
        self.n_edges[0][split(rel.start).0 as usize] += 1;
        self.n_edges[1][split(rel.end).0 as usize] += 1;
        Ok(())
    }

    /// Leaves out the ids below this one.
    ///
    /// # Errors
    /// `Corrupt` where they are too many for one call, or are not to be given.
    pub(crate) fn skip_rels(&mut self, to: u32) -> Result<()> {
        self.begin()?;
        self.finish_nodes()?;
        let from = self.rels.end;
        if to < from || to > self.record.next_rel || to - from > SKIPPED_MAX {
            let end = self.record.next_rel.min(from.saturating_add(SKIPPED_MAX));
            return Err(Error::corrupt("relationship ids", format_args!("ids from {from} to {end} next"), to));
        }
        self.rels.end = to;
        while self.rels.block < split(to).0 {
            self.store_rels(BLOCK_LEN)?;
        }
        Ok(())
    }

    /// Stores the block that relationships were told for, and turns to the next. `len` of its ids are given.
    fn store_rels(&mut self, len: usize) -> Result<()> {
        let block = self.rels.block;
        let key = plain_key(BlockKind::RelAlive, block, GENERATION);
        let bytes = BitmapBlock::encode(&key, &std::mem::take(&mut self.rels.alive));
        let page: BitsPage = self.page(key, bytes)?;
        put(&mut self.budget, &mut self.view.rels_alive, block, page)?;
        let mut record = RecordPage::default();
        for (at, kind) in [BlockKind::RelType, BlockKind::RelStart, BlockKind::RelEnd].into_iter().enumerate() {
            let key = plain_key(kind, block, GENERATION);
            let page: Layered<U32Column, ()> =
                self.page(key, U32Column::encode(&key, &self.rels.columns[at][..len]))?;
            match kind {
                BlockKind::RelType => record.rel_type = page,
                BlockKind::RelStart => record.start = page,
                _ => record.end = page,
            }
        }
        put(&mut self.budget, &mut self.view.records, block, record)?;
        if std::mem::take(&mut self.rels.has_salience) {
            let key = plain_key(BlockKind::RelSalience, block, GENERATION);
            let page: SaliencePage = self.page(key, F32Column::encode(&key, &self.rels.saliences))?;
            put(&mut self.budget, &mut self.view.saliences, block, page)?;
            self.rels.saliences = [SALIENCE_INITIAL; BLOCK_LEN];
        }
        for (key, bytes) in self.rels.values.encode(BlockKind::RelProperty, block, &self.view.catalog) {
            let page = self.page(key, bytes)?;
            put(&mut self.budget, self.view.rel_columns.get_mut(key.sub as usize), block, page)?;
        }
        for column in &mut self.rels.columns {
            let last = column[BLOCK_LEN - 1];
            column.fill(last);
        }
        self.rels.block += 1;
        Ok(())
    }

    /// Stores what is left.
    ///
    /// # Errors
    /// `Corrupt` where more ids were to be given than were told or skipped.
    pub(super) fn finish_rels(&mut self) -> Result<()> {
        let end = self.record.next_rel;
        self.skip_rels(end)?;
        let (block, local) = split(end);
        if local > 0 && self.rels.block == block {
            self.store_rels(local)?;
        }
        Ok(())
    }
}
