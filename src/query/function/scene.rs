//! What a function may see beside its arguments.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
    time::{SystemTime, UNIX_EPOCH},
};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Result,
    error::QueryError,
    graph::{RelRecord, Snapshot},
    model::{NodeId, RelId},
};

/// The graph, what the statement deleted from it, and the clock.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) view: &'a Snapshot,
    pub(crate) gone: &'a Gone,
    pub(crate) clock: &'a Clock,
}

/// What the running statement deleted: its properties may not be read any more, but a relationship still has its type.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    pub(crate) nodes: FxHashSet<NodeId>,
    pub(crate) rels: FxHashMap<RelId, RelRecord>,
}

/// Time and chance, read when first asked for: a statement sees one moment.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now_ms: Cell<i64>,
    random: Cell<u64>,
}

impl Scene<'_> {
    /// Returns milliseconds since 1970, the same during a statement.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.start();
        self.clock.now_ms.get()
    }

    /// Returns a random number in `[0, 1)`.
    pub(crate) fn random(&self) -> f64 {
        self.clock.start();
        // SplitMix64 (Steele, Lea, Flood 2014).
        let state = self.clock.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.clock.random.set(state);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a random UUID (RFC 9562, version 4), another each time.
    pub(crate) fn random_uuid(&self) -> String {
        // Each of these is keyed by the system's randomness.
        let [high, low] = [(); 2].map(|()| RandomState::new().hash_one(self.now_ms()));
        let (version, variant) = (0x4000 | high & 0xfff, 0x8000 | low >> 48 & 0x3fff);
        format!(
            "{:08x}-{:04x}-{version:04x}-{variant:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            low & 0xffff_ffff_ffff
        )
    }

    /// Returns type and ends of a relationship, deleted by this statement or not.
    ///
    /// # Errors
    /// `EntityNotFound` where it was deleted before.
    pub(crate) fn record(&self, id: RelId) -> Result<RelRecord> {
        if let Some(record) = self.gone.rels.get(&id) {
            return Ok(*record);
        }
        self.view.rel(id)?.ok_or_else(|| deleted("relationship", id.into()).into())
    }
}

impl Gone {
    /// Returns whether nothing was deleted.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.rels.is_empty()
    }

    /// Refuses to look into a deleted node.
    ///
    /// # Errors
    /// `EntityNotFound`.
    #[inline]
    pub(crate) fn check_node(&self, id: NodeId) -> Result<()> {
        if !self.nodes.is_empty() && self.nodes.contains(&id) {
            return Err(deleted("node", id.into()).into());
        }
        Ok(())
    }

    /// Refuses to look into a deleted relationship.
    ///
    /// # Errors
    /// `EntityNotFound`.
    #[inline]
    pub(crate) fn check_rel(&self, id: RelId) -> Result<()> {
        if !self.rels.is_empty() && self.rels.contains_key(&id) {
            return Err(deleted("relationship", id.into()).into());
        }
        Ok(())
    }
}

impl Clock {
    fn start(&self) {
        if self.now_ms.get() == 0 {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.now_ms.set(now.as_millis() as i64);
            self.random.set(now.as_nanos() as u64);
        }
    }
}

fn deleted(what: &str, id: u64) -> QueryError {
    QueryError::run("22N21", "EntityNotFound", "DeletedEntityAccess", format!("{what} {id} was deleted"))
}
