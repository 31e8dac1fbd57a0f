//! What is whole of a damaged database, as one view that can be read to its end.
//!
//! # Life of a salvage
//! 1. [`Wreck`] collects whole blocks, roots and the journal; the directory is not changed.
//! 2. The newest root whose page table and dictionary are whole becomes a view; [`mend`] takes out of it what cannot be
//!    read, and puts back what something else says: blocks of edges tell which relationships there are, labels and
//!    properties which nodes.
//! 3. The journal after it is applied as far as it goes; a fact that contradicts what is left is passed over.
//! 4. Where anything is lost, the root before does the same: the damaged block may be newer than it. The better one stays.
//! 5. Without any root, what page tables there are stand for theirs; without those, the journal alone is applied to an
//!    empty graph.
//! 6. Relationships without an end, and unique values that stand twice, go: what is left can be restored.

mod mend;

use std::{path::Path, sync::Arc};

use super::{catalog::IndexInfo, manifest, snapshot::Snapshot, transaction::Transaction};
use crate::{
    Error, Result,
    storage::{
        BlockKey, BlockKind, FrameKind, PageTable, Root, Store, Wreck,
        codec::{self, CatalogRecord},
        open_bytes,
    },
};

/// Lines of what is lost or rebuilt that are kept: the first ones tell, and a ruined database has thousands.
const LINES_MAX: usize = 1000;

/// How many roots are compared: the two that a database keeps.
const ROOTS_COMPARED: usize = 2;

/// What a journal that is not whole weighs against lost blocks.
const JOURNAL_WEIGHT: u64 = 1 << 32;

/// What is lost, and what was rebuilt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Losses {
    /// What is gone, the first thousand.
    pub(crate) lost: Vec<String>,
    pub(crate) n_lost: u64,
    /// What could not be read and was told by something else, the first thousand.
    pub(crate) rebuilt: Vec<String>,
    /// Property values that may be gone.
    pub(crate) n_values_max: u64,
    weight: u64,
}

impl Losses {
    fn lose(&mut self, weight: u64, what: impl std::fmt::Display) {
        self.n_lost += 1;
        self.weight += weight;
        if self.lost.len() < LINES_MAX {
            self.lost.push(what.to_string());
        }
    }

    fn rebuild(&mut self, what: impl std::fmt::Display) {
        if self.rebuilt.len() < LINES_MAX {
            self.rebuilt.push(what.to_string());
        }
    }
}

/// What is whole of a database.
pub(crate) struct Salvaged {
    /// Before the store it reads.
    pub(crate) view: Snapshot,
    pub(crate) losses: Losses,
    /// Where it comes from, for people.
    pub(crate) source: String,
    _wreck: Wreck,
}

/// Returns what is whole of the database in a directory, which is not changed.
///
/// # Errors
/// `NotAllowed` where there is no database; `AlreadyOpen`; `Version`; `Corrupt` where neither a root nor a journal from the
/// first commit on is left; `Full` where there is no room to put whole blocks.
pub(crate) fn salvage(path: &Path) -> Result<Salvaged> {
    salvage_wreck(Wreck::open(path)?, path)
}

/// Returns what is whole of what could be read of a directory.
///
/// # Errors
/// As [`salvage`].
pub(crate) fn salvage_wreck(wreck: Wreck, path: &Path) -> Result<Salvaged> {
    let (roots, damage) = wreck.roots()?;
    let mut best: Option<(Snapshot, Losses, String)> = None;
    let mut unusable: Vec<String> = wreck.damage().iter().chain(&damage).map(ToString::to_string).collect();
    let guessed = if roots.is_empty() { wreck.guessed_roots()? } else { Vec::new() };
    let is_guessed = !guessed.is_empty();
    for (at, (root, table)) in roots.iter().chain(&guessed).enumerate() {
        if best.as_ref().is_some_and(|(_, losses, _)| losses.weight == 0 || at >= ROOTS_COMPARED) {
            break;
        }
        match of_root(&wreck, root, table, is_guessed) {
            Ok(found) if best.as_ref().is_none_or(|(_, losses, _)| found.1.weight < losses.weight) => {
                best = Some(found)
            }
            Ok(_) => {}
            Err(error @ Error::Corrupt { .. }) => unusable.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    let (view, mut losses, source) = match best {
        Some(best) => best,
        None => of_journal(&wreck)?.ok_or_else(|| {
            let got = if unusable.is_empty() { "none".to_owned() } else { unusable.join("; ") };
            Error::corrupt(path.display(), "a root that is whole, or a journal from the first commit on", got)
        })?,
    };
    unusable.iter().for_each(|error| losses.rebuild(format_args!("done without: {error}")));
    Ok(Salvaged { view, losses, source, _wreck: wreck })
}

fn of_root(wreck: &Wreck, root: &Root, table: &PageTable, is_guessed: bool) -> Result<(Snapshot, Losses, String)> {
    let mut losses = Losses::default();
    let mut view = view_of(wreck.store(), root, table)?;
    mend::mend(&mut view, &mut losses)?;
    mend::count_labels(&mut view)?;
    // A guessed root holds the bulk loads before its generation.
    let held = if is_guessed { root.generation } else { 0 };
    let n_frames = replay(wreck, &mut view, held, &mut losses)?;
    finish(&mut view, &mut losses)?;
    let source = if is_guessed {
        format!("the page table of generation {}, and {n_frames} commits of the journal", root.generation)
    } else {
        format!("the root of commit {}, and {n_frames} commits of the journal after it", root.sequence)
    };
    Ok((view, losses, source))
}

fn of_journal(wreck: &Wreck) -> Result<Option<(Snapshot, Losses, String)>> {
    let mut losses = Losses::default();
    let mut view = Snapshot::empty(wreck.store().clone());
    let n_frames = replay(wreck, &mut view, 0, &mut losses)?;
    if n_frames == 0 {
        return Ok(None);
    }
    finish(&mut view, &mut losses)?;
    losses.rebuild("everything, from the journal: no root is whole");
    Ok(Some((view, losses, format!("{n_frames} commits of the journal, without a root"))))
}

/// Returns the view of a root; counts may be damaged, the dictionary may not.
fn view_of(store: &Arc<Store>, root: &Root, table: &PageTable) -> Result<Snapshot> {
    let key = BlockKey::new(BlockKind::Catalog, 0, 0, root.generation);
    let bytes = store.get(&key)?.ok_or_else(|| Error::corrupt(key, "a record", "nothing"))?;
    let catalog: CatalogRecord = codec::decode_catalog(open_bytes(&key, &bytes)?)?;
    let is_of_graph = |key: &BlockKey| !matches!(key.kind, BlockKind::Catalog | BlockKind::Counts);
    let keys = table.keys().filter(is_of_graph);
    let mut view = Snapshot::from_records(store, root.sequence, &catalog, codec::CountsRecord::default(), keys)?;
    let key = BlockKey::new(BlockKind::Counts, 0, 0, root.generation);
    let counts = store.get(&key)?.and_then(|bytes| {
        let record = open_bytes(&key, &bytes).ok()?;
        codec::decode_meta::<codec::CountsRecord>(codec::COUNTS_VERSION, record, "counts").ok()
    });
    let (n_nodes, n_rels) = counts.map_or((root.n_nodes, root.n_rels), |counts| (counts.n_nodes, counts.n_rels));
    (view.counts.n_nodes, view.counts.n_rels) = (n_nodes, n_rels);
    Ok(view)
}

/// Applies the journal after a view as far as it goes; it holds bulk loads up to the generation `held`. Returns how many
/// commits that were.
fn replay(wreck: &Wreck, view: &mut Snapshot, held: u64, losses: &mut Losses) -> Result<u64> {
    let mut n_frames = 0;
    let from = view.sequence();
    let mut failed = None;
    let replayed = wreck.replay(from, &mut |sequence, kind, payload| {
        let applied = match kind {
            FrameKind::Batch => batch(view, sequence, payload, losses),
            FrameKind::Adopt if payload.try_into().is_ok_and(|bytes| u64::from_be_bytes(bytes) <= held) => Ok(()),
            FrameKind::Adopt => adopt(wreck, view, sequence, payload, losses),
        };
        if let Err(error) = applied {
            failed = Some(error.clone());
            return Err(error);
        }
        view.sequence = sequence;
        n_frames += 1;
        Ok(())
    });
    match (failed, replayed) {
        (Some(error), _) => return Err(error),
        (None, Err(error @ Error::Version { .. })) => return Err(error),
        (None, Err(error)) => {
            let after = view.sequence();
            losses.lose(JOURNAL_WEIGHT, format_args!("every commit of the journal after commit {after}: {error}"));
        }
        (None, Ok(())) => {}
    }
    Ok(n_frames)
}

/// Applies the facts of a commit, and passes over those that cannot be.
fn batch(view: &mut Snapshot, sequence: u64, payload: &[u8], losses: &mut Losses) -> Result<()> {
    let facts = match codec::decode_facts(payload) {
        Ok(facts) => facts,
        Err(error) => {
            losses.lose(1, format_args!("commit {sequence}: {error}"));
            return Ok(());
        }
    };
    for fact in &facts {
        match view.replay(fact) {
            Err(error @ Error::Corrupt { .. }) => {
                losses.lose(1, format_args!("a change of commit {sequence}, {fact:.80?}: {error}"));
            }
            applied => applied?,
        }
    }
    Ok(())
}

/// Takes over a bulk load, all of it or nothing.
fn adopt(wreck: &Wreck, view: &mut Snapshot, sequence: u64, payload: &[u8], losses: &mut Losses) -> Result<()> {
    let before = view.clone();
    match manifest::adopt(wreck.store(), view, payload) {
        Ok(_) => mend::mend(view, losses),
        Err(error @ Error::Corrupt { .. }) => {
            *view = before;
            losses.lose(1, format_args!("the bulk load of commit {sequence}: {error}"));
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Takes out what nobody could restore: relationships without an end, and constraints that do not hold.
fn finish(view: &mut Snapshot, losses: &mut Losses) -> Result<()> {
    mend::drop_dangling(view, losses)?;
    if losses.n_lost == 0 {
        return Ok(());
    }
    for info in view.catalog.clone().indexes().iter().filter(|info| info.unique) {
        view.rebuild_index(info)?;
        let duplicate = Transaction::new(view.clone()).find_duplicate(info.label, info.key, &mut || Ok(()))?;
        if let Some(value) = duplicate {
            let catalog = Arc::make_mut(&mut view.catalog);
            catalog.remove_index(&info.name);
            catalog.add_index(IndexInfo { unique: false, ..info.clone() });
            losses.lose(1, format_args!("constraint `{}` is an index now: {value} stands twice", info.name));
        }
    }
    Ok(())
}
