//! Checkpoints: the durable head folded into blocks, a new root, and the sweeping of what nobody names any more.
//!
//! The root is the only thing that is replaced; blocks are written under a generation nobody has used and are deleted
//! when neither kept root, nor the journal after the older one, nor any living view can still name them.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use rustc_hash::FxHashSet;

use super::{
    engine::{Engine, lock},
    fold::Fold,
    snapshot::Snapshot,
};
use crate::{
    Result,
    storage::{BlockKey, BlockKind, PageTable, Root, Roots, Store, codec, seal_bytes},
};

/// How much smaller blocks are than the changes they are folded from, at least in most databases.
const BYTES_OF_CHANGES_A_BYTE: u64 = 4;

/// What checkpoints must remember from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    pub(super) roots: Roots,
    /// The commits of the newest root and of the one before.
    pub(super) sequences: [u64; 2],
    /// Blocks that bulk loads brought in, by commit, until a root names them or something newer.
    pub(super) adopted: Vec<(u64, Vec<BlockKey>)>,
    /// Blocks on their way out, oldest first.
    leaving: VecDeque<Leaving>,
    /// For a store in memory, which has no roots: the blocks of the last checkpoint.
    named: FxHashSet<BlockKey>,
    /// Whether a killed process may have left blocks that nothing names.
    pub(super) has_leftovers: bool,
    /// Their generations are not above this; all of this process are.
    pub(super) generation_at_open: u64,
    pub(super) last_error: Option<String>,
    pub(super) n_done: u64,
}

#[derive(Debug)]
struct Leaving {
    keys: Vec<BlockKey>,
    /// Lives as long as a view that may name them.
    epoch: Weak<()>,
}

impl Keeper {
    /// Returns the keeper of a store in memory that holds these blocks.
    pub(super) fn of_memory(named: impl IntoIterator<Item = BlockKey>) -> Self {
        Self { named: named.into_iter().collect(), ..Self::default() }
    }
}

/// What is known of checkpoints.
#[derive(Debug, Clone, Default)]
pub(crate) struct CheckpointStatus {
    pub(crate) n_done: u64,
    pub(crate) last_sequence: u64,
    pub(crate) last_error: Option<String>,
    pub(crate) n_blocks_waiting: u64,
}

impl Engine {
    /// Folds what is durable into blocks and writes a new root. Returns whether there was anything to do.
    ///
    /// # Errors
    /// `Full`, `Io` where the store cannot write: nothing is lost, the journal keeps it. `Corrupt` where a block is
    /// damaged.
    pub(crate) fn checkpoint(&self) -> Result<bool> {
        let mut keeper = lock(&self.keeper);
        let done = self.fold_and_flip(&mut keeper);
        keeper.last_error = done.as_ref().err().map(ToString::to_string);
        done
    }

    /// Returns what is known of checkpoints, without waiting for one that runs.
    pub(crate) fn checkpoint_status(&self) -> Option<CheckpointStatus> {
        let keeper = self.keeper.try_lock().ok()?;
        Some(CheckpointStatus {
            n_done: keeper.n_done,
            last_sequence: keeper.sequences[0],
            last_error: keeper.last_error.clone(),
            n_blocks_waiting: keeper.leaving.iter().map(|leaving| leaving.keys.len() as u64).sum(),
        })
    }

    fn fold_and_flip(&self, keeper: &mut Keeper) -> Result<bool> {
        self.sync()?;
        let frozen = self.snapshot();
        keeper.adopted.append(&mut self.take_adopted());
        if frozen.sequence() == keeper.sequences[0] && frozen.delta_bytes == 0 {
            return self.sweep(keeper).map(|()| false);
        }
        // The journal that says what changed since is released once the root stands.
        frozen.fulltexts.before_root(&frozen);
        // Blocks take a fraction of what changes take in memory. A flush knows how much; this spares hopeless work.
        self.store.check_room(frozen.delta_bytes / BYTES_OF_CHANGES_A_BYTE)?;
        let generation = self.next_generation();
        let done = self.fold(keeper, frozen, generation);
        if done.is_err() {
            // What was folded would be written by the next flush, and nothing names it.
            self.store.forget(generation);
        }
        done.map(|()| true)
    }

    /// Folds a view into blocks of a generation and writes the root that names them.
    fn fold(&self, keeper: &mut Keeper, frozen: Arc<Snapshot>, generation: u64) -> Result<()> {
        let mut fold = Fold::new(&self.store, generation);
        fold.view(&frozen)?;
        fold.finish()?;
        let mut clean = (*frozen).clone();
        fold.install(&mut clean);
        let mut keys = clean.block_keys();
        let gone = match &self.journal {
            None => {
                let named: FxHashSet<BlockKey> = keys.into_iter().collect();
                let before = std::mem::replace(&mut keeper.named, named);
                let adopted = std::mem::take(&mut keeper.adopted).into_iter().flat_map(|(_, keys)| keys);
                before.into_iter().chain(adopted).filter(|key| !keeper.named.contains(key)).collect()
            }
            Some(journal) => {
                keys.extend(write_records(&self.store, &clean, generation)?);
                let named: FxHashSet<BlockKey> = keys.iter().copied().collect();
                let root = Root::new(frozen.sequence(), generation, clean.n_nodes(), clean.n_rels());
                let (_, mut gone) = keeper.roots.write(&self.store, root, PageTable::new(keys))?;
                keeper.sequences = [frozen.sequence(), keeper.sequences[0]];
                // Frames since the older root name what bulk loads brought; before it, only roots count.
                let older = keeper.sequences[1];
                let (past, kept) = std::mem::take(&mut keeper.adopted).into_iter().partition(|(at, _)| *at <= older);
                keeper.adopted = kept;
                let past: Vec<(u64, Vec<BlockKey>)> = past;
                let before = keeper.roots.previous();
                let is_named =
                    |key: &BlockKey| named.contains(key) || before.is_some_and(|(_, table)| table.contains(key));
                gone.extend(past.into_iter().flat_map(|(_, keys)| keys).filter(|key| !is_named(key)));
                journal.release_before(keeper.roots.first_sequence_needed())?;
                gone
            }
        };
        keeper.leaving.push_back(Leaving { keys: gone, epoch: Arc::downgrade(&frozen.epoch) });
        keeper.n_done += 1;
        self.install(&fold, &frozen)?;
        drop((frozen, clean, fold));
        self.sweep(keeper)
    }

    /// Puts the new blocks under the pages of the head as it is now. Where a transaction keeps the head for too long, the
    /// root stands all the same, and the next checkpoint folds those pages again.
    fn install(&self, fold: &Fold, frozen: &Snapshot) -> Result<()> {
        self.change_head(|head| {
            fold.install(head);
            head.delta_bytes = head.delta_bytes.saturating_sub(frozen.delta_bytes);
            head.epoch = Arc::new(());
        })
    }

    /// Deletes blocks that nothing can name any more: those of views that are gone, the oldest first, since a view may
    /// name whatever left after it was made.
    fn sweep(&self, keeper: &mut Keeper) -> Result<()> {
        let mut swept = Vec::new();
        if std::mem::take(&mut keeper.has_leftovers) {
            swept = keeper.roots.leftovers(&self.store)?;
            let adopted: FxHashSet<BlockKey> = keeper.adopted.iter().flat_map(|(_, keys)| keys).copied().collect();
            let kept: FxHashSet<BlockKey> = keeper.leaving.iter().flat_map(|leaving| &leaving.keys).copied().collect();
            // What is newer may belong to a bulk load that is being written.
            let newest = keeper.generation_at_open;
            swept.retain(|key| !adopted.contains(key) && !kept.contains(key) && key.generation <= newest);
        }
        while keeper.leaving.front().is_some_and(|leaving| leaving.epoch.strong_count() == 0) {
            swept.extend(keeper.leaving.pop_front().into_iter().flat_map(|leaving| leaving.keys));
        }
        if swept.is_empty() {
            return Ok(());
        }
        self.store.apply(swept.into_iter().map(|key| (key, None)).collect())
    }
}

/// Stores dictionary and counts of a view as blocks of a generation.
pub(super) fn write_records(store: &Store, view: &Snapshot, generation: u64) -> Result<[BlockKey; 2]> {
    let catalog = BlockKey::new(BlockKind::Catalog, 0, 0, generation);
    let counts = BlockKey::new(BlockKind::Counts, 0, 0, generation);
    let record = codec::encode_meta(codec::CATALOG_VERSION, &view.catalog_record());
    let catalog_bytes = seal_bytes(&catalog, &record);
    let counts_bytes = seal_bytes(&counts, &codec::encode_meta(codec::COUNTS_VERSION, &view.counts_record()));
    store.apply(vec![(catalog, Some(catalog_bytes)), (counts, Some(counts_bytes))])?;
    Ok([catalog, counts])
}
