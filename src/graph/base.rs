//! Blocks of a generation, pinned on first touch and kept: after that, reading one is a pointer away.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    Error, Result,
    storage::{
        AdjacencyBlock, BitmapBlock, BlockKey, BlockKind, Bytes, ColumnBlock, F32Column, HashChunk, NoteBlock, Store,
        U32Column,
    },
};

/// One past the largest ids that blocks may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) nodes: u32,
    pub(crate) rels: u32,
    pub(crate) types: u32,
}

impl Ends {
    /// Any id: for blocks this process wrote itself, whose ids it gave.
    const ANY: Self = Self { nodes: u32::MAX, rels: u32::MAX, types: u32::MAX };
}

/// A kind of block that can be pinned.
pub(crate) trait Pin: Sized {
    /// Checks the bytes under `key`, and that they name nothing beyond `ends`, and makes them readable.
    fn pin(key: &BlockKey, bytes: Bytes, ends: &Ends) -> Result<Self>;
}

macro_rules! pin {
    ($($block:ty),*) => {$(
        impl Pin for $block {
            fn pin(key: &BlockKey, bytes: Bytes, _: &Ends) -> Result<Self> {
                Self::pin(key, bytes)
            }
        }
    )*};
}

pin!(BitmapBlock, ColumnBlock, F32Column, NoteBlock);

impl Pin for AdjacencyBlock {
    fn pin(key: &BlockKey, bytes: Bytes, ends: &Ends) -> Result<Self> {
        let block = Self::pin(key, bytes)?;
        block.check_ids(key, ends.nodes, ends.rels)?;
        Ok(block)
    }
}

impl Pin for HashChunk {
    fn pin(key: &BlockKey, bytes: Bytes, ends: &Ends) -> Result<Self> {
        let chunk = Self::pin(key, bytes)?;
        chunk.check_ids(key, ends.nodes)?;
        Ok(chunk)
    }
}

impl Pin for U32Column {
    fn pin(key: &BlockKey, bytes: Bytes, ends: &Ends) -> Result<Self> {
        let column = Self::pin(key, bytes)?;
        column.check_ids(key, if key.kind == BlockKind::RelType { ends.types } else { ends.nodes })?;
        Ok(column)
    }
}

/// A block that is stored, and pinned once somebody has looked at it.
pub(crate) struct Base<B> {
    key: BlockKey,
    store: Arc<Store>,
    ends: Ends,
    pinned: OnceLock<B>,
    /// Of the pinned block; 0 before.
    n_bytes: AtomicU64,
}

impl<B: Pin> Base<B> {
    /// Returns the block of a key that this process stored.
    pub(crate) fn stored(store: &Arc<Store>, key: BlockKey) -> Arc<Self> {
        Self::found(store, key, Ends::ANY)
    }

    /// Returns the block of a key that lay in the store before, and names nothing beyond `ends`.
    pub(crate) fn found(store: &Arc<Store>, key: BlockKey, ends: Ends) -> Arc<Self> {
        Arc::new(Self { key, store: store.clone(), ends, pinned: OnceLock::new(), n_bytes: AtomicU64::new(0) })
    }

    /// Returns the block's key.
    pub(crate) fn key(&self) -> BlockKey {
        self.key
    }

    /// Returns the block.
    ///
    /// # Errors
    /// `Corrupt` where it is missing or damaged.
    #[inline(always)]
    pub(crate) fn get(&self) -> Result<&B> {
        match self.pinned.get() {
            Some(block) => Ok(block),
            None => self.load(),
        }
    }

    /// Returns the block for one look, without keeping it in memory where nobody has pinned it: for whoever reads
    /// everything once.
    ///
    /// # Errors
    /// `Corrupt` where it is missing or damaged.
    pub(crate) fn look(&self) -> Result<Looked<'_, B>> {
        match self.pinned.get() {
            Some(block) => Ok(Looked::Pinned(block)),
            None => B::pin(&self.key, self.bytes()?, &self.ends).map(Looked::Read),
        }
    }

    /// Returns the bytes as they are stored.
    ///
    /// # Errors
    /// `Corrupt` where they are missing; they are not checked otherwise.
    pub(crate) fn bytes(&self) -> Result<Bytes> {
        self.store.get(&self.key)?.ok_or_else(|| Error::corrupt(self.key, "a block", "nothing"))
    }

    #[cold]
    fn load(&self) -> Result<&B> {
        let bytes = self.bytes()?;
        let n_bytes = bytes.len() as u64;
        let block = B::pin(&self.key, bytes, &self.ends)?;
        Ok(self.pinned.get_or_init(|| {
            self.n_bytes.store(n_bytes, Ordering::Relaxed);
            self.store.pinned_bytes().fetch_add(n_bytes, Ordering::Relaxed);
            block
        }))
    }
}

/// A block that is looked at once.
pub(crate) enum Looked<'a, B> {
    /// Somebody has pinned it.
    Pinned(&'a B),
    /// Read for this look.
    Read(B),
}

impl<B> std::ops::Deref for Looked<'_, B> {
    type Target = B;

    fn deref(&self) -> &B {
        match self {
            Self::Pinned(block) => block,
            Self::Read(block) => block,
        }
    }
}

impl<B> Drop for Base<B> {
    fn drop(&mut self) {
        self.store.pinned_bytes().fetch_sub(*self.n_bytes.get_mut(), Ordering::Relaxed);
    }
}

impl<B> fmt::Debug for Base<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// A stored block, under changes not yet folded into it.
pub(crate) struct Layered<B, D> {
    pub(crate) base: Option<Arc<Base<B>>>,
    pub(crate) delta: Option<Arc<D>>,
}

impl<B, D> Clone for Layered<B, D> {
    fn clone(&self) -> Self {
        Self { base: self.base.clone(), delta: self.delta.clone() }
    }
}

impl<B, D> fmt::Debug for Layered<B, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}", self.base, if self.delta.is_some() { " (changed)" } else { "" })
    }
}

impl<B, D> Default for Layered<B, D> {
    fn default() -> Self {
        Self { base: None, delta: None }
    }
}

impl<B: Pin, D: Clone + Default> Layered<B, D> {
    /// Returns the stored block, if there is one.
    #[inline(always)]
    pub(crate) fn base(&self) -> Result<Option<&B>> {
        match &self.base {
            Some(base) => base.get().map(Some),
            None => Ok(None),
        }
    }

    /// Returns the stored block for one look, if there is one.
    pub(crate) fn look(&self) -> Result<Option<Looked<'_, B>>> {
        self.base.as_ref().map(|base| base.look()).transpose()
    }

    /// Returns the changes to add to them.
    pub(crate) fn delta_mut(&mut self) -> &mut D {
        Arc::make_mut(self.delta.get_or_insert_default())
    }

    /// Returns whether nothing is stored and nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.base.is_none() && self.delta.is_none()
    }
}

/// Returns the key of a block without a subject.
pub(crate) const fn plain_key(kind: BlockKind, block: u32, generation: u64) -> BlockKey {
    BlockKey::new(kind, 0, block, generation)
}
