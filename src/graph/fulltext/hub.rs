//! What all views of a database share of its full-text indexes: the files, and which commits changed what.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Changes, Ready, Snapshot, files::Place, log::Log};
use crate::{
    Result,
    model::Fulltext,
    text::words::{Part, Sink, Texts, WordIndex},
};

/// Ids that may have changed since the files, above which a search brings them up to date first: so many texts are put into
/// a part in memory in some milliseconds.
pub(super) const TAIL_IDS_MAX: usize = 2048;

/// Ids that may have changed, from which on background work brings the files up to date: often enough that searches seldom
/// have to, seldom enough that the disk has little to do.
const DUE_IDS: usize = 512;

/// The files are made anew where more than one in so many ids changes.
const ANEW_PART: u64 = 2;

/// The full-text indexes of a database.
#[derive(Default)]
pub(crate) struct Fulltexts {
    /// None in memory.
    place: Option<Place>,
    log: Mutex<Log>,
    states: Mutex<FxHashMap<u32, Arc<State>>>,
}

/// What is known of one index.
#[derive(Default)]
pub(super) struct State {
    /// Held by whoever brings the files up to date.
    writing: Mutex<()>,
    files: Mutex<Files>,
    /// What searches of late were made ready.
    pub(super) ready: Mutex<Vec<Arc<Ready>>>,
}

#[derive(Default, Clone)]
struct Files {
    /// Whether it was looked for what a process before has left.
    is_known: bool,
    words: Option<Written>,
}

/// Files as they were last written.
#[derive(Clone)]
struct Written {
    words: Arc<WordIndex>,
    part: Part,
    /// The commit that part is at.
    at: u64,
}

impl fmt::Debug for Fulltexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fulltexts").field("place", &self.place).finish_non_exhaustive()
    }
}

pub(in crate::graph) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fulltexts {
    /// Returns those of a database whose files lie in a directory.
    pub(crate) fn of_directory(directory: PathBuf, database_id: u128) -> Self {
        Self { place: Some(Place { directory, database_id }), ..Self::default() }
    }

    /// Forgets what neither the files nor indexes of vectors need.
    pub(in crate::graph) fn forget_for_vectors(&self, view: &Snapshot, oldest: u64) {
        let words = view.catalog().fulltexts().iter().map(|index| self.words(index).map_or(0, |(_, at)| at));
        let oldest = words.fold(oldest, u64::min);
        lock(&self.log).forget_through(oldest);
    }

    /// Returns the nodes whose vectors may differ between two views, the first at a commit, the second at another with more
    /// changes; `None` where that is not known.
    pub(in crate::graph) fn vector_difference(
        &self,
        (one, other): (u64, u64),
        own: &Changes,
    ) -> Option<FxHashSet<u32>> {
        let mut ids = FxHashSet::default();
        for changes in lock(&self.log).between(one.min(other), one.max(other))? {
            changes.vector_ids(&mut ids);
        }
        own.vector_ids(&mut ids);
        Some(ids)
    }

    /// Says that nothing is known of what changed in this commit and those before.
    pub(crate) fn begin_after(&self, sequence: u64) {
        lock(&self.log).begin_after(sequence);
    }

    /// Remembers what a commit may have changed. Called before anybody sees the commit.
    pub(crate) fn committed(&self, sequence: u64, changes: Changes) {
        if !changes.is_empty() {
            lock(&self.log).add(sequence, changes);
        }
    }

    /// Removes files that are of no use to a database that was just opened.
    ///
    /// # Errors
    /// `Io` where that cannot be done.
    pub(crate) fn tidy(&self, view: &Snapshot) -> Result<()> {
        self.place.as_ref().map_or(Ok(()), |place| place.tidy(view))
    }

    /// Brings the files of all indexes up to a committed view, and removes those of dropped ones. What fails is told, and
    /// makes searches slower, not wrong.
    pub(crate) fn catch_up(&self, view: &Snapshot) {
        let indexes = view.catalog().fulltexts();
        let mut oldest = view.sequence();
        for index in indexes {
            match self.catch_up_one(view, index) {
                Ok(_) => {}
                Err(error) => log::warn!("the full-text index `{}` is not brought up to date: {error}", index.name),
            }
            let files = lock(&self.state(index.number).files).clone();
            oldest = oldest.min(files.words.map_or(0, |written| written.at));
        }
        if !indexes.is_empty() {
            lock(&self.log).forget_through(oldest.min(view.nears.oldest()));
        }
        self.forget_dropped(view);
    }

    /// Does as [`catch_up`](Self::catch_up) before a root is written that has this view. In memory, there is nothing to keep.
    pub(crate) fn before_root(&self, view: &Snapshot) {
        if self.place.is_some() {
            self.catch_up(view);
        }
    }

    /// Does as [`catch_up`](Self::catch_up) where there is enough to do. Returns whether there was.
    pub(crate) fn catch_up_if_due(&self, view: &Snapshot) -> bool {
        let is_due = view.catalog().fulltexts().iter().any(|index| {
            let words = self.files(index).words;
            words.is_none_or(|Written { at, .. }| {
                let log = lock(&self.log);
                let n = log.n_ids_after(at);
                !log.reaches(at) || n >= DUE_IDS || (index.eventual && n > 0)
            })
        });
        if is_due {
            self.catch_up(view);
        }
        is_due
    }

    fn forget_dropped(&self, view: &Snapshot) {
        let is_there = |number: u32| view.catalog().fulltexts().iter().any(|index| index.number == number);
        let gone: Vec<u32> = {
            let mut states = lock(&self.states);
            let gone = states.keys().copied().filter(|number| !is_there(*number)).collect();
            states.retain(|number, _| is_there(*number));
            gone
        };
        for number in gone {
            if let Some(Err(error)) = self.place.as_ref().map(|place| place.drop_files(number)) {
                log::warn!("the files of a dropped full-text index stay until the next open: {error}");
            }
        }
    }

    pub(super) fn state(&self, number: u32) -> Arc<State> {
        lock(&self.states).entry(number).or_default().clone()
    }

    fn files(&self, index: &Fulltext) -> Files {
        let state = self.state(index.number);
        let mut files = lock(&state.files);
        if !files.is_known {
            files.is_known = true;
            let found = self.place.as_ref().and_then(|place| place.open(index, true));
            files.words = found.map(|(words, at)| Written { part: words.part(), words: Arc::new(words), at });
        }
        files.clone()
    }

    /// Returns the words as they were last written, and the commit they are at.
    pub(super) fn words(&self, index: &Fulltext) -> Option<(Part, u64)> {
        self.files(index).words.map(|written| (written.part, written.at))
    }

    /// Returns the ids that may differ between two views, the first at a commit, the second at another with more changes;
    /// `None` where that is not known.
    pub(super) fn difference(
        &self,
        index: &Fulltext,
        (one, other): (u64, u64),
        own: &Changes,
    ) -> Option<FxHashSet<u32>> {
        let mut ids = FxHashSet::default();
        let log = lock(&self.log);
        for changes in log.between(one.min(other), one.max(other))? {
            changes.ids(index.is_of_relationships(), &mut ids);
        }
        own.ids(index.is_of_relationships(), &mut ids);
        Some(ids)
    }

    /// Brings the files of an index up to a committed view. Returns whether there was anything to do.
    pub(super) fn catch_up_one(&self, view: &Snapshot, index: &Fulltext) -> Result<bool> {
        let state = self.state(index.number);
        let _writing = lock(&state.writing);
        let files = self.files(index);
        let at = files.words.as_ref().map(|written| written.at);
        if at.is_some_and(|at| at >= view.sequence()) {
            return Ok(false);
        }
        let changed = at.and_then(|at| self.difference(index, (at, view.sequence()), &Changes::default()));
        let payload = self.place.as_ref().map_or(String::new(), |place| place.payload(index, view.sequence()));
        let all = &mut |sink: &mut Sink<'_>| view.each_text(index, &mut |id, texts| sink.add(id, texts));
        let words = match (files.words, changed) {
            (Some(Written { words, .. }), Some(ids)) if ids.is_empty() && self.place.is_none() => words,
            (Some(Written { words, part, .. }), Some(ids)) if ids.len() as u64 <= part.n_ids() / ANEW_PART + 64 => {
                words.write(&payload, false, &mut |sink| changes(view, index, &ids, sink))?;
                words
            }
            (Some(Written { words, .. }), _) => {
                words.write(&payload, true, all)?;
                words
            }
            (None, _) => {
                let directory = self.place.as_ref().map(|place| place.make(index)).transpose()?;
                let words = WordIndex::create(directory.as_deref(), index.layout())?;
                words.write(&payload, true, all)?;
                Arc::new(words)
            }
        };
        let part = words.part();
        lock(&state.files).words = Some(Written { words, part, at: view.sequence() });
        Ok(true)
    }

    /// Forgets the files of an index that cannot be used any more.
    pub(super) fn forget(&self, index: &Fulltext) {
        lock(&self.state(index.number).files).words = None;
    }

    /// Returns whether a view's catalog tells of an index that nobody has committed.
    pub(super) fn is_private(view: &Snapshot, index: &Fulltext) -> bool {
        view.changes.has_index(index.number)
    }
}

/// Tells the words anew that some ids have.
pub(super) fn changes(view: &Snapshot, index: &Fulltext, ids: &FxHashSet<u32>, sink: &mut Sink<'_>) -> Result<()> {
    let mut texts = Texts::new();
    let mut ids: Vec<u32> = ids.iter().copied().collect();
    ids.sort_unstable();
    for id in ids {
        sink.remove(id);
        view.texts(index, id, &mut texts)?;
        sink.add(id, &texts)?;
    }
    Ok(())
}
