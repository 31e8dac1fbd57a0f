//! sled behind handles that may be given up.
//!
//! A flush that finds no room ends a sled for good: it neither reads nor writes any more. It is then *given up*: its handles
//! are leaked, with what they hold in memory (a few megabytes), its locks are taken from it, and the directory is opened
//! anew, at once or, where there is no room for that either, before the next flush. Until then a private copy is read, as
//! those who open read-only do. Every other failure *stalls* the store: no call reaches sled again.
//!
//! Opening beside a leaked sled is safe because that one does nothing any more. Its own thread, which folds its logs, may
//! not be at work when a flush fails, so every flush waits for it to be done (some milliseconds, seldom); a thread that
//! failed has ended.

use std::{
    io,
    mem::ManuallyDrop,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Bytes, SledValue, Visit, leaked,
    mend::{self, METADATA},
    pending::{self, Batch, Pending},
};
use crate::{
    Error, Result,
    storage::{
        apart::Apart,
        private::PrivateCopy,
        sledfiles::{self, Watch},
    },
};

/// Blocks a leaf of sled holds at most (half as many after a load in key order); fixed for a database's life. A cold
/// read unzips a whole leaf, so few; but sled visits every leaf at open. 2.4 M relationships, 14,000 blocks: open takes
/// 30 ms of processor time with 4 a leaf, 17 with 12, 15 with 24; a first cold read 0.2 ms with 4, 0.5 with 12.
pub(super) const LEAF_FANOUT: usize = 12;

/// Bytes sled may keep of its own. Pinned blocks share sled's bytes and outlive its cache, so it needs room for little.
const CACHE_BYTES: usize = 16 << 20;

/// How hard sled compresses leaves. Measured on 45 MB of blocks of 2.4 M relationships (flush, processor time, disk):
/// level -3 90 ms, 49 MB; level 1 150 ms, 34 MB; level 3 370 ms, 34 MB.
const ZSTD_LEVEL: i32 = 1;

/// How full sled keeps its files by moving leaves into holes: not at all. It moves them in every flush, also in those of
/// its own drops and within its open, and where a move fails there it waits for ever. Holes are filled by new leaves.
const FILL_RATIO: f32 = 0.0;

/// How long a lock of sled may linger: starting a child takes a few milliseconds, on a busy machine some more.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// Room a flush wants beyond the bytes it writes, for leaves and the log. Neighbours in a leaf are written again and slots
/// are up to half larger, leaves are compressed: together that is about the bytes. Too little costs a sled given up, too much
/// refuses what would have fitted.
const ROOM_BEYOND: u64 = 256 << 10;

/// How far what once was too little counts, as a multiple of what should do.
const ROOM_DOUBT: u64 = 16;

/// How many sleds a store gives up at most. It bounds what is leaked: some 80 open files and a few megabytes each time.
const GIVEN_UP_MAX: u32 = 8;

/// How long a flush waits for sled's own thread: folding logs of a million leaves takes a second.
const SETTLE_MAX: Duration = Duration::from_secs(5);
const SETTLE_TICK: Duration = Duration::from_millis(1);

/// sled's map from keys to bytes.
type Tree = sled::Tree<LEAF_FANOUT>;

/// The handle that writes.
type Db = sled::Db<LEAF_FANOUT>;

/// sled behind two handles.
pub(crate) struct SledStore {
    path: PathBuf,
    pending: Pending,
    /// None while given up. Locked before `reader`.
    writer: Mutex<Option<Db>>,
    reader: Mutex<Reader>,
    /// What sled's thread folds; None where it could not be opened.
    watch: Mutex<Option<Watch>>,
    /// The failure after which nothing calls sled.
    stalled: OnceLock<String>,
    /// Whether what sled made when it was opened is durable.
    is_synced: AtomicBool,
    n_given_up: AtomicU32,
    /// Free bytes that a flush did not get by with.
    free_before: AtomicU64,
    pinned_bytes: AtomicU64,
    apart: Arc<Apart>,
    #[cfg(test)]
    planted: Mutex<Option<io::ErrorKind>>,
}

/// What is read.
enum Reader {
    Live(Box<Tree>),
    /// What was durable when sled was given up.
    Copy(Box<SledStore>, #[allow(dead_code, reason = "it is removed when dropped, behind the store")] PrivateCopy),
    Gone,
}

impl SledStore {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let db = open_sled(path)?;
        Ok(Self {
            path: path.to_path_buf(),
            pending: Pending::default(),
            // A handle to the tree alone: it flushes once when dropped, one to everything three times.
            reader: Mutex::new(Reader::Live(Box::new((*db).clone()))),
            writer: Mutex::new(Some(db)),
            watch: Mutex::new(Watch::of(path).ok()),
            stalled: OnceLock::new(),
            is_synced: AtomicBool::new(false),
            n_given_up: AtomicU32::new(0),
            free_before: AtomicU64::new(0),
            pinned_bytes: AtomicU64::new(0),
            apart: Arc::default(),
            #[cfg(test)]
            planted: Mutex::new(None),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn pinned_bytes(&self) -> &AtomicU64 {
        &self.pinned_bytes
    }

    pub(super) fn apart(&self) -> &Arc<Apart> {
        &self.apart
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        loop {
            self.check()?;
            if let Some(bytes) = self.pending.get(key) {
                return Ok(bytes);
            }
            let mut reader = lock(&self.reader);
            let error = match &*reader {
                Reader::Live(tree) => match guarded(|| tree.get(key)) {
                    Ok(value) => return Ok(value.map(|value| Bytes::from_sled(SledValue(value)))),
                    Err(error) => error,
                },
                Reader::Copy(store, _) => return store.get(key),
                Reader::Gone => {
                    *reader = self.copy()?;
                    continue;
                }
            };
            let n_given_up = self.n_given_up.load(Ordering::SeqCst);
            drop(reader);
            let mut writer = lock(&self.writer);
            // Another one may have given it up meanwhile.
            if self.n_given_up.load(Ordering::SeqCst) == n_given_up {
                let is_settled = writer.as_ref().is_some_and(|db| settle(&self.path, db));
                let error = self.give_up(&mut writer, "read", &error, is_settled);
                if self.stalled.get().is_some() {
                    return Err(error);
                }
            }
        }
    }

    pub(super) fn put(&self, key: &[u8], bytes: Option<Bytes>) -> Result<()> {
        self.check()?;
        self.pending.put(key, bytes);
        Ok(())
    }

    pub(super) fn forget(&self, is_forgotten: &dyn Fn(&[u8]) -> bool) {
        self.pending.forget(is_forgotten);
    }

    pub(super) fn flush(&self) -> Result<()> {
        self.flush_by(&mut lock(&self.writer))
    }

    pub(super) fn scan(&self, from: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        let mut writer = lock(&self.writer);
        self.flush_by(&mut writer)?;
        let (is_settled, scanned) = {
            let db = self.live(&mut writer)?;
            let is_settled = settle(&self.path, db);
            let scanned = guarded(|| {
                #[allow(clippy::disallowed_methods, reason = "the one place that stops by itself")]
                let pairs = db.range::<&[u8], _>((Bound::Included(from), Bound::Unbounded));
                // Its drop flushes: after an error, or a panic, that may never return.
                let mut pairs = ManuallyDrop::new(pairs);
                let visited = loop {
                    let Some(pair) = pairs.next() else { break Ok(()) };
                    let (key, bytes) = pair?;
                    match visit(&key, &bytes) {
                        Ok(true) => {}
                        Ok(false) => break Ok(()),
                        Err(error) => break Err(error),
                    }
                };
                drop(ManuallyDrop::into_inner(pairs));
                db.check_error()?;
                Ok(visited)
            });
            (is_settled, scanned)
        };
        scanned.unwrap_or_else(|error| Err(self.give_up(&mut writer, "scan", &error, is_settled)))
    }

    /// Returns an error unless there is room for a flush of so many bytes.
    pub(super) fn check_room(&self, bytes: u64) -> Result<()> {
        let free = self.free()?;
        let needed = bytes.saturating_add(ROOM_BEYOND);
        // Where that was too little, it takes more than there was; but not every limit shows in what is free.
        let least = self.free_before.load(Ordering::SeqCst).saturating_add(ROOM_BEYOND);
        let needed = needed.max(least.min(needed.saturating_mul(ROOM_DOUBT)));
        if free < needed {
            let what = format!("{} has {free} bytes free, writing blocks may need {needed}", self.path.display());
            return Err(Error::Full { what });
        }
        Ok(())
    }

    fn free(&self) -> Result<u64> {
        fs2::available_space(&self.path).map_err(|e| Error::io("ask for the free space of", &self.path, &e))
    }

    /// Lets the next flush fail as if sled had.
    #[cfg(test)]
    pub(super) fn plant(&self, kind: io::ErrorKind) {
        *lock(&self.planted) = Some(kind);
    }

    fn check(&self) -> Result<()> {
        match self.stalled.get() {
            Some(cause) => Err(Error::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    fn flush_by(&self, writer: &mut Option<Db>) -> Result<()> {
        self.check()?;
        let Some(batch) = self.pending.begin() else { return Ok(()) };
        let done = self.write_out(writer, &batch);
        drop(batch);
        self.pending.end(done.is_ok());
        done
    }

    fn write_out(&self, writer: &mut Option<Db>, batch: &Batch) -> Result<()> {
        self.check_room(pending::bytes_of(batch))?;
        let free = self.free()?;
        let (is_settled, flushed) = {
            let db = self.live(writer)?;
            let is_settled = settle(&self.path, db);
            let flushed = guarded(|| {
                db.check_error()?;
                for (key, bytes) in batch {
                    match bytes {
                        Some(bytes) => db.insert(key, &**bytes).map(drop)?,
                        None => db.remove(key).map(drop)?,
                    }
                }
                #[cfg(test)]
                if let Some(kind) = lock(&self.planted).take() {
                    return Err(io::Error::new(kind, "planted: the device failed"));
                }
                if !self.is_synced.load(Ordering::Acquire) {
                    mend::sync_folders(&self.path)?;
                    self.is_synced.store(true, Ordering::Release);
                }
                db.flush()?;
                db.check_error()
            });
            (is_settled, flushed)
        };
        if flushed.is_ok()
            && let Some(db) = writer
            && let Err(error) = self.note_flushed(db)
        {
            // What was noted before is true still, and says less.
            log::warn!("noting what is flushed: {error}");
        }
        let free_before = if flushed.is_ok() { 0 } else { free };
        self.free_before.store(free_before, Ordering::SeqCst);
        flushed.map_err(|error| self.give_up(writer, "flush", &error, is_settled))
    }

    fn note_flushed(&self, db: &Db) -> Result<()> {
        let mut watch = lock(&self.watch);
        let watch = match &mut *watch {
            Some(watch) => watch,
            none => none.insert(Watch::of(&self.path)?),
        };
        watch.flushed(|| settle(&self.path, db))
    }

    /// Returns the handle that writes, opened anew where it was given up.
    fn live<'a>(&self, writer: &'a mut Option<Db>) -> Result<&'a Db> {
        if writer.is_none() {
            // Nobody copies meanwhile: opening changes what would be copied.
            let mut reader = lock(&self.reader);
            self.is_synced.store(false, Ordering::Release);
            let db = open_sled(&self.path)?;
            *lock(&self.watch) = Watch::of(&self.path).ok();
            *reader = Reader::Live(Box::new((*db).clone()));
            *writer = Some(db);
        }
        Ok(writer.as_ref().expect("it was opened just now"))
    }

    /// Returns a copy of what is durable, to be read while sled is given up.
    fn copy(&self) -> Result<Reader> {
        let copy = PrivateCopy::of(&self.path)?;
        let store = Box::new(Self::open(copy.path())?);
        copy.unlink_files(super::Store::FILES);
        Ok(Reader::Copy(store, copy))
    }

    /// Leaks sled after a failure and returns what to tell. Without room it is opened anew, now or later; everything else,
    /// and what may still be at work (`is_settled` false), stalls the store.
    fn give_up(&self, writer: &mut Option<Db>, action: &'static str, error: &io::Error, is_settled: bool) -> Error {
        let told = match error.kind() {
            io::ErrorKind::InvalidData => Error::corrupt(self.path.display(), "what was written", error),
            _ => Error::io(action, &self.path, error),
        };
        log::warn!("giving up sled in {}: {action}: {error}", self.path.display());
        let mut reader = lock(&self.reader);
        let n_given_up = self.n_given_up.fetch_add(1, Ordering::SeqCst) + 1;
        // sled's drop would flush, and wait for ever for the flush that failed.
        std::mem::forget(writer.take());
        match std::mem::replace(&mut *reader, Reader::Gone) {
            Reader::Live(tree) => std::mem::forget(tree),
            other => drop(other),
        }
        drop(reader);
        let is_free = is_settled && leaked::unlock(&self.path) && leaked::unlock(&self.path.join(METADATA));
        if !matches!(told, Error::Full { .. }) || !is_free || n_given_up >= GIVEN_UP_MAX {
            let _ = self.stalled.set(format!("{action} in {}: {error}", self.path.display()));
        } else if self.stalled.get().is_none()
            && let Err(error) = self.live(writer)
        {
            log::warn!("opening {} anew: {error}; a copy is read meanwhile", self.path.display());
        }
        told
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        let mut writer = lock(&self.writer);
        if let Err(error) = self.flush_by(&mut writer) {
            log::warn!("closing {}: {error}", self.path.display());
        }
        // Whatever fails from here on must not open anything anew.
        let _ = self.stalled.set("it is closed".into());
        // sled flushes while it is dropped, too. That finds nothing to write, unless sled has failed unseen.
        if let Some(db) = writer.as_ref() {
            let is_settled = settle(&self.path, db);
            if let Err(error) = guarded(|| db.flush().and_then(|_| db.check_error())) {
                log::warn!("closing {}: {error}", self.path.display());
                self.give_up(&mut writer, "flush", &error, is_settled);
            }
        }
        let handles = (std::mem::replace(&mut *lock(&self.reader), Reader::Gone), writer.take());
        let _ = catch_unwind(AssertUnwindSafe(|| drop(handles)));
    }
}

/// A panic under these locks leaves what they guard whole: it is replaced, never half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls sled; a panic of it is an error.
fn guarded<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let panicked = || io::Error::new(io::ErrorKind::InvalidData, "sled panicked");
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(panicked()))
}

/// Waits until sled's own thread has nothing to do or has ended. Returns whether that is so.
fn settle(path: &Path, db: &Db) -> bool {
    let begun = Instant::now();
    loop {
        // Outside a flush only that thread writes, and it ends where it finds no room.
        if db.check_error().is_err_and(|error| Error::is_no_room(error.kind())) {
            return true;
        }
        match mend::is_compacted(&path.join(METADATA)) {
            Ok(true) => return true,
            Ok(false) if begun.elapsed() < SETTLE_MAX => std::thread::sleep(SETTLE_TICK),
            Ok(false) | Err(_) => return false,
        }
    }
}

/// Opens sled, and waits a little for a lock that it finds taken. Its lock is behind ours, so whoever has it is on the way
/// out: a handle of this process that was just dropped may live on in a child another thread is starting.
fn open_sled(path: &Path) -> Result<Db> {
    let started = Instant::now();
    loop {
        match open_sled_once(path) {
            Err(Error::AlreadyOpen { .. }) if started.elapsed() < LOCK_WAIT => std::thread::sleep(LOCK_WAIT / 100),
            opened => return opened,
        }
    }
}

fn open_sled_once(path: &Path) -> Result<Db> {
    mend::mend_cookie(path).map_err(|error| Error::io("open", path, &error))?;
    let checked = sledfiles::check(path);
    let already_open = || Error::AlreadyOpen { path: path.to_path_buf(), process_id: None };
    // Where another handle writes meanwhile (the file system knows no locks of ours), damage is none, and nothing is ours.
    if is_held(path) {
        return Err(already_open());
    }
    checked?.fold(path)?;
    mend::complete_log(&path.join(METADATA)).map_err(|error| Error::io("open", path, &error))?;
    let mut config = sled::Config::new()
        .path(path)
        .cache_capacity_bytes(CACHE_BYTES)
        .flush_every_ms(None)
        .zstd_compression_level(ZSTD_LEVEL);
    config.target_heap_file_fill_ratio = FILL_RATIO;
    match catch_unwind(|| config.open::<LEAF_FANOUT>()) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => Err(already_open()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Err(Error::corrupt(path.display(), "a store that sled can read", error))
        }
        Ok(Err(error)) => Err(Error::io("open", path, &error)),
        Err(_) => Err(Error::corrupt(path.display(), "a store that sled can read", "a panic of sled")),
    }
}

/// Returns whether some handle has sled's own lock.
fn is_held(path: &Path) -> bool {
    let Ok(folder) = std::fs::File::open(path) else { return false };
    match folder.try_lock() {
        // Not by closing alone: a child that another thread starts has the file, too.
        Ok(()) => folder.unlock().is_err(),
        Err(error) => matches!(error, std::fs::TryLockError::WouldBlock),
    }
}
