//! Embedding spaces in the graph: what belongs to one, and its vectors; [`write`](self::write) says what may be written,
//! [`load`](self::load) writes many at once.
//!
//! A space is a promise about a property: whatever of its owners has the property has a vector of the space's length,
//! finite, kept as the space's storage says: in 32, 16 or 8 bits a number (what is written is rounded to that, so what is
//! read is what is compared). Vectors lie in the property's column; a block of them is one array
//! ([`ColumnBlock`](crate::storage::ColumnBlock)), which is scored where it lies ([`rows`](self::rows)).
//!
//! How alike vectors usually are is measured on a sample, once there are vectors and again when they have doubled, and
//! kept with the space: logits are counted in these deviations.

mod embedders;
mod load;
mod rows;
mod write;

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{CleanColumn, Column, Snapshot, transaction::is_identical};
use crate::{
    Error, QueryError, Result,
    model::{KeyId, NoVector, NodeId, RelId, Space, SpaceOwner, TypeId, Value, vector},
    storage::{
        BLOCK_LEN, BLOCK_WORDS,
        block::{Presence, VectorRow, Vectors},
        split,
    },
    text::Frequencies,
};

pub(super) use self::embedders::Embedders;
pub(super) use self::write::with_admitted;
pub(crate) use self::{embedders::HASH, rows::GatheredRows};

/// The most spaces a database may have.
pub(crate) const SPACES_MAX: usize = 1 << 12;

/// A space, and what was measured of its vectors. All views share the measure.
#[derive(Debug, Clone)]
pub(crate) struct SpaceInfo {
    pub(crate) space: Arc<Space>,
    measured: Arc<Measured>,
}

/// The deviation of similarities, and of how many vectors it was measured.
#[derive(Debug, Default)]
struct Measured {
    /// Bits of the deviation; 0 where nothing was measured.
    deviation: AtomicU64,
    n_vectors: AtomicU64,
    /// The commit from which on it is looked again whether there are many more.
    due: AtomicU64,
    /// In how many texts words occur, and of how many vectors that was counted.
    frequencies: Mutex<Option<(u64, Arc<Frequencies>)>>,
}

impl SpaceInfo {
    pub(super) fn new(space: Arc<Space>, (deviation, n_vectors): (f32, u64)) -> Self {
        let measured = Measured::default();
        measured.deviation.store(deviation.to_bits().into(), Ordering::Relaxed);
        measured.n_vectors.store(n_vectors, Ordering::Relaxed);
        Self { space, measured: Arc::new(measured) }
    }

    /// Returns the deviation of similarities as last measured (0: not yet), and of how many vectors.
    pub(crate) fn measured(&self) -> (f32, u64) {
        let n_vectors = self.measured.n_vectors.load(Ordering::Acquire);
        (f32::from_bits(self.measured.deviation.load(Ordering::Relaxed) as u32), n_vectors)
    }

    /// Remembers the deviation of similarities.
    pub(crate) fn remember(&self, deviation: f32, n_vectors: u64) {
        self.measured.deviation.store(deviation.to_bits().into(), Ordering::Relaxed);
        self.measured.n_vectors.store(n_vectors, Ordering::Release);
    }

    /// Returns whether to look, at this commit, if there are many more vectors than when they were measured.
    pub(crate) fn is_due(&self, sequence: u64) -> bool {
        sequence >= self.measured.due.load(Ordering::Relaxed)
    }

    /// Says that it was looked at this commit, and there were `n` vectors: the more there are, the more commits until they
    /// are twice as many.
    pub(crate) fn checked(&self, sequence: u64, n: u64) {
        self.measured.due.store(sequence + 1 + n / 64, Ordering::Relaxed);
    }

    /// Returns in how many of the space's texts words occur; `count` counts them where that is not known of as many vectors
    /// as the deviation was measured of.
    ///
    /// # Errors
    /// Those of `count`.
    pub(crate) fn frequencies(&self, count: impl FnOnce() -> Result<Frequencies>) -> Result<Arc<Frequencies>> {
        let n = self.measured().1;
        let mut known = self.measured.frequencies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, frequencies)) = &*known
            && *of == n
            && n > 0
        {
            return Ok(frequencies.clone());
        }
        let counted = Arc::new(count()?);
        *known = Some((n, counted.clone()));
        Ok(counted)
    }

    /// Returns the key of the texts that the space is made from.
    pub(super) fn source(&self) -> Option<KeyId> {
        self.space.embedder.as_ref().map(|embedder| embedder.from)
    }

    /// Returns whether relationships of this type have embeddings here.
    pub(super) fn is_of_type(&self, rel_type: TypeId) -> bool {
        matches!(&self.space.owner, SpaceOwner::Relationships(types) if types.is_empty() || types.contains(&rel_type))
    }

    /// Returns the value as the space keeps it.
    fn admit(&self, value: &Value, owner: impl FnOnce() -> String, view: &Snapshot) -> Result<Value> {
        self.space.admit(value).map_err(|wrong| self.refuse(wrong, owner(), view))
    }

    #[cold]
    pub(super) fn refuse(&self, wrong: NoVector, owner: String, view: &Snapshot) -> Error {
        let space = &self.space;
        let key = view.catalog().key_name(space.key);
        let message = format!(
            "`{key}` of {owner} {wrong}; the embedding space `{}` keeps vectors of {} numbers there",
            space.name, space.dimension
        );
        QueryError::run("22G03", "ArgumentError", "InvalidVector", message)
            .hint("give a list of as many finite numbers, or DROP EMBEDDING")
            .into()
    }
}

impl Snapshot {
    /// Returns the embedding space of a name.
    pub(crate) fn space(&self, name: &str) -> Option<&SpaceInfo> {
        self.catalog().spaces().iter().find(|info| *info.space.name == *name)
    }

    /// Returns the column a space's vectors are in.
    pub(crate) fn space_column(&self, space: &Space) -> Column<'_> {
        match space.owner {
            SpaceOwner::Nodes(_) => self.node_column(space.key),
            SpaceOwner::Relationships(_) => self.rel_column(space.key),
        }
    }

    /// Returns which ids of a block may have a vector of the space: its owners.
    pub(crate) fn space_words(&self, space: &Space, block: u32) -> Result<[u64; BLOCK_WORDS]> {
        self.owner_words(&space.owner, block)
    }

    /// Returns which ids of a block belong to these owners.
    pub(in crate::graph) fn owner_words(&self, owner: &SpaceOwner, block: u32) -> Result<[u64; BLOCK_WORDS]> {
        match owner {
            SpaceOwner::Nodes(labels) if labels.is_empty() => self.node_words(block),
            SpaceOwner::Nodes(labels) => {
                let mut all = [0; BLOCK_WORDS];
                for label in labels {
                    let words = self.label_words(*label, block)?;
                    all.iter_mut().zip(words).for_each(|(all, word)| *all |= word);
                }
                Ok(all)
            }
            SpaceOwner::Relationships(types) => {
                let alive = Presence(self.rel_words(block)?);
                if types.is_empty() {
                    return Ok(alive.0);
                }
                let mut owners = Presence::NONE;
                for local in alive.iter() {
                    let record = self.rel_record(RelId::new(id_at(block, local)))?;
                    if record.is_some_and(|record| types.contains(&record.rel_type)) {
                        owners.insert(local);
                    }
                }
                Ok(owners.0)
            }
        }
    }

    /// Returns whether this node or relationship belongs to the space's owners.
    pub(crate) fn is_in_space(&self, space: &Space, id: u32) -> Result<bool> {
        match &space.owner {
            SpaceOwner::Nodes(_) => self.is_in_space_of_nodes(space, NodeId::new(id)),
            SpaceOwner::Relationships(types) => {
                let is_of = |record: super::RelRecord| types.is_empty() || types.contains(&record.rel_type);
                Ok(self.rel_record(RelId::new(id))?.is_some_and(is_of))
            }
        }
    }

    /// Returns whether this node has embeddings in the space, which may be one of relationships.
    fn is_in_space_of_nodes(&self, space: &Space, id: NodeId) -> Result<bool> {
        let SpaceOwner::Nodes(labels) = &space.owner else { return Ok(false) };
        if labels.is_empty() {
            return Ok(true);
        }
        for label in labels {
            if self.has_label(id, *label)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns what reads the vectors of a space.
    pub(crate) fn vectors<'a>(&'a self, space: &'a Space) -> VectorReader<'a> {
        let column = self.space_column(space);
        VectorReader { view: self, space, column, block: u32::MAX, words: None, clean: None }
    }

    /// Returns how many vectors the space has.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn n_vectors(&self, space: &Space) -> Result<u64> {
        let mut n = 0;
        for block in 0..self.n_space_blocks(space) {
            n += Presence(self.vector_words(space, block)?).count() as u64;
        }
        Ok(n)
    }

    /// Returns which ids of a block have a vector of the space.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn vector_words(&self, space: &Space, block: u32) -> Result<[u64; BLOCK_WORDS]> {
        let Some(page) = self.space_column(space).page(block) else { return Ok([0; BLOCK_WORDS]) };
        let mut words = page.base()?.map_or([0; BLOCK_WORDS], |base| base.presence().0);
        if let Some(delta) = &page.delta {
            for (local, value) in delta.iter() {
                let bit = 1 << (local % 64);
                if value.is_null() { words[local / 64] &= !bit } else { words[local / 64] |= bit }
            }
        }
        let owners = self.space_words(space, block)?;
        words.iter_mut().zip(owners).for_each(|(word, owner)| *word &= owner);
        Ok(words)
    }

    /// Calls `wrong` with each id whose value is no vector of the space it belongs to, and why.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; those of `wrong`.
    pub(super) fn each_no_vector(
        &self,
        space: &Space,
        wrong: &mut dyn FnMut(u32, NoVector) -> Result<()>,
    ) -> Result<()> {
        let column = self.space_column(space);
        for block in 0..self.n_space_blocks(space) {
            let words = self.vector_words(space, block)?;
            for local in Presence(words).iter() {
                let id = id_at(block, local);
                let value = column.value(id)?;
                match space.admit(&value) {
                    Ok(kept) if is_identical(&kept, &value) => {}
                    Ok(_) => wrong(id, NoVector::NotRounded)?,
                    Err(no_vector) => wrong(id, no_vector)?,
                }
            }
        }
        Ok(())
    }

    /// Returns one past the last block that may hold vectors of the space.
    pub(crate) fn n_space_blocks(&self, space: &Space) -> u32 {
        match space.owner {
            SpaceOwner::Nodes(_) => self.n_node_blocks(),
            SpaceOwner::Relationships(_) => self.n_rel_blocks(),
        }
    }
}

/// Where a vector lies.
enum Place<'a> {
    /// The id has none, or does not belong to the space.
    Nothing,
    /// In its block.
    Row(VectorRow<'a>),
    /// Something changed since the block was written, or it holds other values too: [`Column::vector`] knows.
    Changed,
}

/// Reads vectors of a space id by id: ids that ascend find what is known of their block already found.
pub(crate) struct VectorReader<'a> {
    view: &'a Snapshot,
    space: &'a Space,
    column: Column<'a>,
    block: u32,
    /// Which ids of the block belong to the space; not looked up block by block for relationships of some types.
    words: Option<[u64; BLOCK_WORDS]>,
    /// The vectors of the block, where nothing changed since it was written.
    clean: Option<&'a Vectors>,
}

impl<'a> VectorReader<'a> {
    /// Returns the vector of an id, as [`Column::vector`]; `None` too where it does not belong to the space.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    #[inline]
    pub(crate) fn get(&mut self, id: u32) -> Result<Option<Cow<'a, [f32]>>> {
        match self.place(id)? {
            Place::Nothing => Ok(None),
            Place::Row(row) => Ok(Some(row.to_numbers())),
            Place::Changed => self.column.vector(id),
        }
    }

    /// Returns which ids of a block have a vector, and where their vectors lie, if nothing changed since it was written.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn block(&mut self, block: u32) -> Result<([u64; BLOCK_WORDS], Option<&'a Vectors>)> {
        self.turn_to(block)?;
        Ok((self.view.vector_words(self.space, block)?, self.clean))
    }

    /// Returns where the vector of an id lies.
    #[inline]
    fn place(&mut self, id: u32) -> Result<Place<'a>> {
        let (block, local) = split(id);
        if block != self.block {
            self.turn_to(block)?;
        }
        let is_in = match &self.words {
            Some(words) => words[local / 64] >> (local % 64) & 1 != 0,
            None => self.view.is_in_space(self.space, id)?,
        };
        Ok(match (is_in, self.clean) {
            (false, _) => Place::Nothing,
            (true, Some(vectors)) => vectors.get(local).map_or(Place::Nothing, Place::Row),
            (true, None) => Place::Changed,
        })
    }

    fn turn_to(&mut self, block: u32) -> Result<()> {
        self.block = block;
        self.words = match &self.space.owner {
            SpaceOwner::Relationships(types) if !types.is_empty() => None,
            _ => Some(self.view.space_words(self.space, block)?),
        };
        self.clean = match self.column.clean_block(block)? {
            CleanColumn::Whole(base) => base.vectors(),
            _ => None,
        };
        Ok(())
    }
}

impl<'a> Column<'a> {
    /// Returns the vector of an id: in place where its block keeps vectors of 32 bits, else a copy; `None` where there is
    /// none.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn vector(self, id: u32) -> Result<Option<Cow<'a, [f32]>>> {
        let (block, local) = split(id);
        let Some(page) = self.page(block) else { return Ok(None) };
        let value = match page.delta.as_ref().and_then(|delta| delta.get(local)) {
            Some(value) => value.clone(),
            None => {
                let Some(base) = page.base()? else { return Ok(None) };
                match base.vectors() {
                    Some(vectors) => return Ok(vectors.get(local).map(VectorRow::to_numbers)),
                    None => base.get(local).to_value(),
                }
            }
        };
        let mut numbers = Vec::new();
        Ok(match vector(&value, &mut numbers) {
            Ok(()) => Some(Cow::Owned(numbers)),
            Err(_) => None,
        })
    }
}

/// Returns the id in a place of a block.
fn id_at(block: u32, local: usize) -> u32 {
    block * BLOCK_LEN as u32 + local as u32
}
