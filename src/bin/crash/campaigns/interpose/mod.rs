//! Stands between the program and the system's file calls: counts them, kills at one, fails one, or records all.
//!
//! The program defines the C functions that the standard library calls (`write`, `fsync`, `rename`, …) itself, so the
//! linker takes these ([`symbols`]) for its own code and for every crate in it: no library to preload, no child that
//! traces. Each asks the [`Watcher`] that was set with [`watch`], if the file lies in the watched directory, and then
//! calls the system. Programs that are started (sled runs `sync`) are not seen, nor are calls that a crate makes by
//! number instead of name, as `rustix` does: it opens the files of imports, no file of a database.
//!
//! Linux with glibc only: elsewhere [`is_here`] says so, and campaigns that need it count as skipped.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod symbols;

use std::{
    cell::Cell,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// A call about to be made, or just made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call<'a> {
    /// A file is opened; `creates` if it may be made, `truncates` if it may be emptied.
    Open { path: &'a Path, creates: bool, truncates: bool },
    /// Up to `len` bytes are read.
    Read { path: &'a Path, len: usize },
    /// Bytes are written at an offset of the file with this inode.
    Write { path: &'a Path, inode: u64, offset: u64, bytes: &'a [u8] },
    /// The file gets this length.
    Truncate { path: &'a Path, inode: u64, len: u64 },
    /// The file, or the names in the directory, become durable.
    Sync { path: &'a Path, inode: u64 },
    /// A name becomes another.
    Rename { from: &'a Path, to: &'a Path },
    /// A file or an empty directory is deleted.
    Remove { path: &'a Path },
    /// A directory is made.
    MakeDir { path: &'a Path },
    /// A lock is taken.
    Lock { path: &'a Path },
}

impl Call<'_> {
    /// Returns whether the call may change what is on the disk, or what survives there.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Open { creates, truncates, .. } => *creates || *truncates,
            Self::Read { .. } | Self::Lock { .. } => false,
            _ => true,
        }
    }

    /// Returns the kind's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::Truncate { .. } => "truncate",
            Self::Sync { .. } => "sync",
            Self::Rename { .. } => "rename",
            Self::Remove { .. } => "remove",
            Self::MakeDir { .. } => "mkdir",
            Self::Lock { .. } => "lock",
        }
    }

    /// Returns the file or directory it is about; of a rename, what it was called before.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Open { path, .. }
            | Self::Read { path, .. }
            | Self::Write { path, .. }
            | Self::Truncate { path, .. }
            | Self::Sync { path, .. }
            | Self::Rename { from: path, .. }
            | Self::Remove { path }
            | Self::MakeDir { path }
            | Self::Lock { path } => path,
        }
    }
}

/// What happens instead of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The call is made.
    Pass,
    /// The call is not made and returns this `errno`.
    Fail(i32),
    /// The call is not made and returns as if it had been: a device that lies.
    Lie,
    /// A read or write is made with at most so many bytes; anything else is made as it is.
    Short(usize),
    /// The process is killed instead, by SIGKILL; a write writes so many bytes first.
    Kill(usize),
}

/// Looks at calls and decides about them.
pub(crate) trait Watcher: Send + Sync {
    /// Called before each call.
    fn before(&self, call: &Call<'_>) -> Decision;

    /// Called after each call that was made and succeeded, with the inode of what was opened (0 for other calls) and the
    /// bytes that a write wrote.
    fn after(&self, _call: &Call<'_>, _inode: u64, _n_bytes: usize) {}

    /// Whether calls are made one at a time, so that `after` sees them in the order in which they happened.
    fn is_serial(&self) -> bool {
        false
    }
}

/// The watched directory and its watcher: one for the life of a process.
struct Watch {
    dir: PathBuf,
    watcher: Box<dyn Watcher>,
}

static WATCH: OnceLock<Watch> = OnceLock::new();
static IS_ARMED: AtomicBool = AtomicBool::new(false);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

thread_local! {
    /// Set while a watcher works, so that its own calls are not watched.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether calls can be watched on this system.
pub(crate) const fn is_here() -> bool {
    cfg!(all(target_os = "linux", target_env = "gnu"))
}

/// Watches all calls about files beneath `dir` from now on, and proves with a file of its own that they are seen.
///
/// # Errors
/// A text, where calls cannot be watched here, are watched already, or are not seen.
pub(crate) fn watch(dir: &Path, watcher: impl Watcher + 'static) -> Result<(), String> {
    if !is_here() {
        return Err("file calls can be watched on Linux with glibc only".to_owned());
    }
    let seen = count_a_file(dir).map_err(|error| format!("cannot write to {}: {error}", dir.display()))?;
    if seen != [1, 1, 1, 1] {
        return Err(format!("of open, write, sync and remove, {seen:?} were seen: the linker took other functions"));
    }
    let dir = dir.canonicalize().map_err(|error| format!("cannot find {}: {error}", dir.display()))?;
    WATCH.set(Watch { dir, watcher: Box::new(watcher) }).map_err(|_| "calls are watched already".to_owned())?;
    IS_ARMED.store(true, Ordering::SeqCst);
    Ok(())
}

/// Stops or goes on watching.
pub(crate) fn arm(is_armed: bool) {
    IS_ARMED.store(is_armed, Ordering::SeqCst);
}

/// How often each function was called at all, watched or not: open, write, sync, remove.
static SEEN: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

fn count_a_file(dir: &Path) -> std::io::Result<[u64; 4]> {
    let before = SEEN.each_ref().map(|n| n.load(Ordering::SeqCst));
    let path = dir.join(format!("watched-{}", std::process::id()));
    let mut file = fs::File::create(&path)?;
    file.write_all(b"seen")?;
    file.sync_all()?;
    drop(file);
    fs::remove_file(&path)?;
    let after = SEEN.each_ref().map(|n| n.load(Ordering::SeqCst));
    Ok(std::array::from_fn(|at| after[at] - before[at]))
}

/// What a function gets back from a watched call: the system's result.
#[cfg_attr(not(all(target_os = "linux", target_env = "gnu")), allow(dead_code))]
fn watched<R>(call: impl FnOnce(&Watch) -> R, unwatched: impl FnOnce() -> R) -> R {
    let watch = WATCH.get().filter(|_| IS_ARMED.load(Ordering::Relaxed) && !IS_INSIDE.get());
    let Some(watch) = watch else { return unwatched() };
    IS_INSIDE.set(true);
    let _one = watch.watcher.is_serial().then(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
    let result = call(watch);
    IS_INSIDE.set(false);
    result
}
