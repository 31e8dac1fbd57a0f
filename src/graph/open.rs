//! Opening: lock, header, roots, then every commit the journal has after the root.

use std::{path::Path, sync::Arc};

use super::{
    checkpoint::Keeper,
    engine::{Engine, EngineLimits},
    fulltext::Fulltexts,
    manifest,
    snapshot::Snapshot,
};
use crate::{
    Error, Result,
    storage::{BlockKey, BlockKind, FrameKind, Home, Journal, PageTable, Root, Roots, Store, codec, open_bytes},
};

impl Engine {
    /// Opens the database in a directory, or makes one.
    ///
    /// # Errors
    /// `AlreadyOpen`, `Version`: nothing was touched. `Corrupt` where acknowledged commits are missing or damaged. `Io`.
    pub(crate) fn open(path: &Path, limits: EngineLimits) -> Result<Arc<Self>> {
        Self::open_home(path, Home::open(path)?, limits)
    }

    /// Opens what is durable of the database in a directory, to read it: nothing there is changed, now or later.
    ///
    /// # Errors
    /// As [`Home::open_read_only`] and [`open`](Self::open).
    pub(crate) fn open_read_only(path: &Path, limits: EngineLimits) -> Result<Arc<Self>> {
        Self::open_home(path, Home::open_read_only(path)?, limits)
    }

    fn open_home(path: &Path, home: Home, limits: EngineLimits) -> Result<Arc<Self>> {
        let store = Arc::new(Store::open(&home.blocks())?);
        Self::recover(home, store, limits).map_err(|error| error.in_database(path))
    }

    /// Returns the database of a directory and its blocks: the newest whole root, and the journal's commits after it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(super) fn recover(mut home: Home, store: Arc<Store>, limits: EngineLimits) -> Result<Arc<Self>> {
        let mut roots = Roots::load(&store)?;
        let mut keeper = Keeper::default();
        let mut view = match recover_root(&store, &mut roots)? {
            Some(view) => view,
            None => Snapshot::empty(store.clone()),
        };
        if !home.is_read_only() {
            view.fulltexts = Arc::new(Fulltexts::of_directory(home.fulltext(), home.database_id()));
        }
        view.fulltexts.begin_after(view.sequence());
        keeper.sequences = [view.sequence(), roots.previous().map_or(0, |(root, _)| root.sequence)];
        let mut adopted: Vec<(u64, Vec<BlockKey>)> = Vec::new();
        let mut n_frames = 0;
        let from = view.sequence();
        let visit = &mut |sequence, kind, payload: &[u8]| {
            match kind {
                FrameKind::Batch => {
                    codec::decode_facts(payload)?.iter().try_for_each(|fact| view.replay(fact))?;
                }
                FrameKind::Adopt => adopted.push((sequence, manifest::adopt(&store, &mut view, payload)?)),
            }
            view.sequence = sequence;
            view.fulltexts.committed(sequence, std::mem::take(&mut view.changes));
            n_frames += 1;
            Ok(())
        };
        let journal = if home.is_read_only() {
            Journal::replay(&home.journal(), home.database_id(), from, visit)?;
            home.release();
            None
        } else {
            Some(Journal::open(&home.journal(), home.database_id(), from, visit)?)
        };
        view.fulltexts.tidy(&view)?;
        let newest = adopted.iter().flat_map(|(_, keys)| keys).map(|key| key.generation).max().unwrap_or(0);
        // A process that was killed may have left blocks of older generations; they are found when first swept.
        keeper.has_leftovers =
            n_frames > 0 || roots.damage().is_some() || (!home.is_new() && roots.current().is_none());
        let generation = roots.first_generation(newest);
        keeper.generation_at_open = generation;
        keeper.adopted = adopted;
        keeper.roots = roots;
        Ok(Arc::new(Self::new(store, journal, view, keeper, generation, limits, Some(home))))
    }

    /// Returns an empty database in memory.
    pub(crate) fn memory(limits: EngineLimits) -> Arc<Self> {
        let store = Arc::new(Store::memory());
        Arc::new(Self::new(store.clone(), None, Snapshot::empty(store), Keeper::default(), 0, limits, None))
    }
}

/// Returns the view of the newest root whose records are whole.
fn recover_root(store: &Arc<Store>, roots: &mut Roots) -> Result<Option<Snapshot>> {
    loop {
        let Some((root, table)) = roots.current() else { return Ok(None) };
        match view_of(store, root, table) {
            Err(error @ Error::Corrupt { .. }) => roots.fall_back(error)?,
            view => return view.map(Some),
        }
    }
}

fn view_of(store: &Arc<Store>, root: &Root, table: &PageTable) -> Result<Snapshot> {
    let record = |kind: BlockKind| -> Result<_> {
        let key = BlockKey::new(kind, 0, 0, root.generation);
        let bytes = store.get(&key)?.ok_or_else(|| Error::corrupt(key, "a record", "nothing"))?;
        Ok((key, bytes))
    };
    let (key, bytes) = record(BlockKind::Catalog)?;
    let catalog = codec::decode_catalog(open_bytes(&key, &bytes)?)?;
    let (key, bytes) = record(BlockKind::Counts)?;
    let counts = codec::decode_meta(codec::COUNTS_VERSION, open_bytes(&key, &bytes)?, "counts")?;
    let is_of_graph = |key: &BlockKey| !matches!(key.kind, BlockKind::Catalog | BlockKind::Counts);
    Snapshot::from_records(store, root.sequence, &catalog, counts, table.keys().filter(is_of_graph))
}
