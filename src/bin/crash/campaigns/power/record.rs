//! What a process did to files, in the order in which it happened.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::super::interpose::{Call, Decision, Watcher};

/// One thing that happened.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A file was opened, and made if there was none.
    Open { path: PathBuf, inode: u64, truncates: bool },
    /// Bytes were written.
    Write { inode: u64, offset: u64, bytes: Vec<u8> },
    /// The file got this length.
    Truncate { inode: u64, len: u64 },
    /// A file, or the names in a directory, became durable.
    Sync { path: PathBuf, inode: u64 },
    /// A name became another.
    Rename { from: PathBuf, to: PathBuf },
    /// A name was deleted.
    Remove { path: PathBuf },
    /// A directory was made.
    MakeDir { path: PathBuf },
    /// So many steps are acknowledged.
    Acknowledged(usize),
}

/// Records what changes files; shared with whoever adds the acknowledgements.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    events: Arc<Mutex<Vec<Event>>>,
    /// The planted fault: syncs of files in a directory of this name are taken for done and are not.
    skips_syncs_in: Option<&'static str>,
}

impl Recorder {
    /// Returns a recorder that leaves out syncs of files in directories of this name, if there is one.
    pub(super) fn new(skips_syncs_in: Option<&'static str>) -> Self {
        Self { events: Arc::default(), skips_syncs_in }
    }

    /// Adds an event that is no call.
    pub(super) fn add(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// Returns what was recorded.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn skips(&self, path: &Path) -> bool {
        let parent = path.parent().and_then(Path::file_name);
        self.skips_syncs_in.is_some_and(|name| parent.is_some_and(|parent| parent == name))
    }
}

impl Watcher for Recorder {
    fn before(&self, _call: &Call<'_>) -> Decision {
        Decision::Pass
    }

    fn after(&self, call: &Call<'_>, opened: u64, n_bytes: usize) {
        self.add(match *call {
            Call::Open { path, creates: true, truncates } => {
                Event::Open { path: path.into(), inode: opened, truncates }
            }
            Call::Write { inode, offset, bytes, .. } => {
                Event::Write { inode, offset, bytes: bytes[..n_bytes.min(bytes.len())].to_vec() }
            }
            Call::Truncate { inode, len, .. } => Event::Truncate { inode, len },
            Call::Sync { path, .. } if self.skips(path) => return,
            Call::Sync { path, inode } => Event::Sync { path: path.into(), inode },
            Call::Rename { from, to } => Event::Rename { from: from.into(), to: to.into() },
            Call::Remove { path } => Event::Remove { path: path.into() },
            Call::MakeDir { path } => Event::MakeDir { path: path.into() },
            Call::Open { .. } | Call::Read { .. } | Call::Lock { .. } => return,
        });
    }

    fn is_serial(&self) -> bool {
        true
    }
}
