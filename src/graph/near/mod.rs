//! Indexes of vectors: a graph of near vectors beside an embedding space, and how searches see the space as their view does.
//!
//! # How a search is right
//! A graph ([`Near`]) is of the vectors as they were at some commit, and follows later, in the background. The database
//! remembers which nodes each commit may have changed ([`Changes`](super::fulltext::Changes)), so that a view knows in what
//! it differs from the graph, whether that is behind it or ahead of it, or whether a transaction has changed something and
//! not committed it. Those nodes are left out of what the graph says and are to be compared one by one, as the view has
//! them; all that is found is scored by the vectors that the view has. Where they are too many, or there is no graph yet,
//! the search looks at every vector: slower, never less right.
//!
//! # How a graph comes about
//! It lies in memory and is made from the vectors, piece by piece, by whoever does background work ([`NearWork`]): after
//! the space was declared `INDEX HNSW` and has [`SCAN_BELOW`] vectors, after the database was opened, where more changed
//! than is remembered, and where a third of it was removed.

mod work;

use std::{
    cell::Cell,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use rustc_hash::{FxHashMap, FxHashSet};

pub(super) use self::work::NearWork;
use super::{Snapshot, fulltext::lock};
use crate::{
    Error, Result,
    attention::{Near, NearRoom},
    model::Space,
};

/// With fewer vectors than that, looking at each is about as fast as walking a graph: of 128 numbers, 18 ns each, and 0.1 ms
/// for a walk.
pub(crate) const SCAN_BELOW: u64 = 10_000;

/// How many of the nearest by their codes are scored exactly, at least: of 200,000 clustered vectors of 128 numbers, the best
/// ten are among them in 98 of 100 places.
pub(crate) const BREADTH: usize = 64;

/// Nodes that may have changed since, of one in which in so many of the graph's vectors every vector is looked at instead.
const CHANGED_PART: usize = 8;

/// Rows that a walk may look at in any case.
const LOOKED_MIN: usize = 1024;

/// The indexes of a database: of each space that has one, by the space itself, not by its name.
#[derive(Debug, Default)]
pub(crate) struct Nears {
    states: Mutex<Vec<(Arc<Space>, Arc<State>)>>,
    /// Bytes of all graphs.
    bytes: AtomicU64,
}

/// What is known of one index.
#[derive(Debug, Default)]
struct State {
    kept: RwLock<Option<Kept>>,
    /// What lately asked views have otherwise.
    changed: Mutex<Option<Arc<Changed>>>,
    progress: Mutex<Progress>,
}

/// How far an index is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum NearState {
    /// There are too few vectors, or it was not yet looked how many there are.
    #[default]
    Scanned,
    /// So many of so many vectors are in.
    Building(u64, u64),
    /// So many vectors are in.
    Ready(u64),
    /// It would take more memory than the database may use.
    TooLarge,
}

type Progress = NearState;

/// A graph, and whose its vectors are.
#[derive(Debug)]
struct Kept {
    near: Near,
    /// By slot.
    ids: Vec<u32>,
    slots: FxHashMap<u32, u32>,
    /// Each vector is that of a commit between these, the same for all nodes that did not change between them.
    from: u64,
    to: u64,
}

/// In what a view differs from a graph.
#[derive(Debug)]
struct Changed {
    sequence: u64,
    from: u64,
    to: u64,
    ids: FxHashSet<u32>,
}

/// What a search is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NearQuery<'a> {
    pub(crate) vector: &'a [f32],
    /// How many of the nearest by their codes are wanted.
    pub(crate) breadth: usize,
    /// Where not all will do, at most one of so many is looked at, or [`LOOKED_MIN`].
    pub(crate) looked_part: usize,
}

thread_local! {
    /// Whether this thread walks a graph and asks what it may find: what is asked may search too, and a graph that is waited
    /// for to be changed must not be locked twice.
    static IS_WALKING: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as walking.
struct Walking;

impl Walking {
    /// Returns `None` where it is walking already.
    fn begin() -> Option<Self> {
        (!IS_WALKING.replace(true)).then_some(Self)
    }
}

impl Drop for Walking {
    fn drop(&mut self) {
        IS_WALKING.set(false);
    }
}

/// Takes some of at most 32 nodes: returns their bits.
pub(crate) type Accept<'a> = dyn FnMut(&[u32]) -> Result<u32> + 'a;

/// Nodes to be scored.
#[derive(Debug, Default)]
pub(crate) struct NearFound {
    /// Those that were found, and taken.
    pub(crate) found: Vec<u32>,
    /// Those that the graph does not tell of, which nobody was asked about.
    pub(crate) rest: Vec<u32>,
}

impl Nears {
    fn state(&self, space: &Arc<Space>) -> Arc<State> {
        let mut states = lock(&self.states);
        if let Some((_, state)) = states.iter().find(|(known, _)| Arc::ptr_eq(known, space)) {
            return state.clone();
        }
        let state = Arc::<State>::default();
        states.push((space.clone(), state.clone()));
        state
    }

    fn find(&self, space: &Arc<Space>) -> Option<Arc<State>> {
        lock(&self.states).iter().find(|(known, _)| Arc::ptr_eq(known, space)).map(|(_, state)| state.clone())
    }

    /// Returns whether a view has indexed spaces, or there are indexes of such as it does not have.
    fn concern(&self, view: &Snapshot) -> bool {
        view.catalog().indexed_spaces().next().is_some() || !lock(&self.states).is_empty()
    }

    /// Forgets the indexes of spaces that a view does not have.
    fn retain(&self, view: &Snapshot) {
        let is_there = |space: &Arc<Space>| view.catalog().indexed_spaces().any(|info| Arc::ptr_eq(&info.space, space));
        lock(&self.states).retain(|(space, _)| is_there(space));
        self.count();
    }

    fn count(&self) {
        let states: Vec<Arc<State>> = lock(&self.states).iter().map(|(_, state)| state.clone()).collect();
        let bytes = states.iter().map(|state| state.read().as_ref().map_or(0, Kept::bytes));
        self.bytes.store(bytes.sum(), Ordering::Relaxed);
    }

    /// Returns bytes of the graphs that searches use.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Returns the commit from which on changes are needed.
    pub(in crate::graph) fn oldest(&self) -> u64 {
        let states: Vec<Arc<State>> = lock(&self.states).iter().map(|(_, state)| state.clone()).collect();
        states.iter().filter_map(|state| state.read().as_ref().map(|kept| kept.from)).min().unwrap_or(u64::MAX)
    }
}

impl State {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Option<Kept>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Option<Kept>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_progress(&self, progress: Progress) {
        *lock(&self.progress) = progress;
    }

    /// Returns in what a view differs; `None` where that is not known.
    fn changed(&self, view: &Snapshot, kept: &Kept) -> Option<Arc<Changed>> {
        let (sequence, from, to) = (view.sequence(), kept.from, kept.to);
        let is_commit = view.changes.is_empty();
        let is_same = |known: &&Arc<Changed>| (known.sequence, known.from, known.to) == (sequence, from, to);
        if is_commit && let Some(known) = lock(&self.changed).as_ref().filter(is_same) {
            return Some(known.clone());
        }
        let span = (from.min(sequence), to.max(sequence));
        let ids = view.fulltexts.vector_difference(span, &view.changes)?;
        let changed = Arc::new(Changed { sequence, from, to, ids });
        if is_commit {
            *lock(&self.changed) = Some(changed.clone());
        }
        Some(changed)
    }
}

impl Kept {
    fn bytes(&self) -> u64 {
        (self.near.bytes() + 4 * self.ids.capacity() + 12 * self.slots.capacity()) as u64
    }
}

impl Snapshot {
    /// Returns how far the index of a space is; `None` where it has none.
    pub(crate) fn near_state(&self, space: &Arc<Space>) -> Option<NearState> {
        space.indexed.then(|| self.nears.find(space).map_or(NearState::Scanned, |state| *lock(&state.progress)))
    }

    /// Finds nodes with near vectors through the space's index, of which `accept` takes some; `None` where every vector is to
    /// be looked at instead.
    ///
    /// # Errors
    /// Those of `accept`.
    pub(crate) fn near(
        &self,
        space: &Arc<Space>,
        query: NearQuery<'_>,
        room: &mut NearRoom,
        accept: Option<&mut Accept<'_>>,
    ) -> Result<Option<NearFound>> {
        let Some(state) = space.indexed.then(|| self.nears.find(space)).flatten() else { return Ok(None) };
        let Some(_walking) = Walking::begin() else { return Ok(None) };
        let kept = state.read();
        let Some(kept) = kept.as_ref() else { return Ok(None) };
        let Some(changed) = state.changed(self, kept) else { return Ok(None) };
        if changed.ids.len() > kept.near.len() / CHANGED_PART || query.breadth > kept.near.len() / 2 {
            return Ok(None);
        }
        let id = |slot: u32| kept.ids[slot as usize];
        let NearQuery { vector, breadth, looked_part } = query;
        let most = LOOKED_MIN.max(kept.near.len() / looked_part.max(1));
        let found = match accept {
            None => {
                let found = kept.near.search(vector, breadth, room);
                found.iter().map(|found| id(found.slot)).filter(|id| !changed.ids.contains(id)).collect()
            }
            Some(accept) => {
                let mut ids = Vec::with_capacity(32);
                let mut places = Vec::with_capacity(32);
                let mut take = |slots: &[u32], near: u32| {
                    ids.clear();
                    places.clear();
                    let near = kept.near.alive_of(slots, near);
                    for at in (0..32).filter(|at| near >> at & 1 != 0) {
                        let id = id(slots[at]);
                        if !changed.ids.contains(&id) {
                            ids.push(id);
                            places.push(at);
                        }
                    }
                    let taken = if ids.is_empty() { 0 } else { accept(&ids)? };
                    let bit = |(n, at): (usize, &usize)| (taken >> n & 1) << at;
                    Ok::<_, Error>(places.iter().enumerate().map(bit).fold(0, |all, bit| all | bit))
                };
                match kept.near.search_where(vector, breadth, most, room, &mut take)? {
                    Some(found) => found.iter().map(|found| id(found.slot)).collect(),
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(NearFound { found, rest: changed.ids.iter().copied().collect() }))
    }
}
