//! sled, and its twin in memory: the only file that names sled.
//!
//! sled 1.0.0-alpha.124 is the durable home of blocks and nothing else: no query looks anything up in it. Its traps, and
//! how they are contained here:
//!
//! - its background flusher aborts the process on an error: it is off, [`Store::flush`] is called by whoever writes;
//! - a handle is no `Sync`, dropping *any* handle flushes, and after one failed flush the next one waits for ever: there
//!   are two, one to write and one to read (so that a reader never waits for a flush), made at open, never cloned. After
//!   an error the store is *stalled*: no call reaches sled again, the handles are leaked, their lock lives as long as
//!   the process;
//! - iterators hold a clone (whose drop flushes) and walk on behind the end of their range: scans stop by themselves,
//!   and belong to the thread that writes;
//! - killed while it opens, after its metadata became a snapshot and before the next log exists, it deletes that snapshot at
//!   the next open and has lost everything at the one after: an empty log keeps it from that ([`complete_log`]);
//! - `open` runs the program `sync` twice: on a machine with much unwritten data elsewhere, that takes its time.

use std::{
    collections::BTreeMap,
    fmt, io,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{apart::Apart, bytes::Bytes, key::BlockKey};
use crate::{Error, Result};

/// Blocks a leaf of sled holds at most (half as many after a load in key order); fixed for a database's life. A cold
/// read unzips a whole leaf, so few; but sled visits every leaf at open. 2.4 M relationships, 14,000 blocks: open takes
/// 30 ms of processor time with 4 a leaf, 17 with 12, 15 with 24; a first cold read 0.2 ms with 4, 0.5 with 12.
const LEAF_FANOUT: usize = 12;

/// Bytes sled may keep of its own. Pinned blocks share sled's bytes and outlive its cache, so it needs room for little.
const CACHE_BYTES: usize = 16 << 20;

/// How hard sled compresses leaves. Measured on 45 MB of blocks of 2.4 M relationships (flush, processor time, disk):
/// level -3 90 ms, 49 MB; level 1 150 ms, 34 MB; level 3 370 ms, 34 MB.
const ZSTD_LEVEL: i32 = 1;

/// Where sled keeps the logs and snapshots of its metadata.
const METADATA: &str = "metadata";

/// How long a lock of sled may linger: starting a child takes a few milliseconds, on a busy machine some more.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// Where sled keeps its own settings (the fanout), and how long they are.
const COOKIE: &str = "durability_cookie";
const COOKIE_BYTES: u64 = 64;

/// Starts the keys of named records: above every kind of block.
const NAMED: u8 = 0xff;

/// A value of sled: its own bytes, shared and never changed.
pub(crate) struct SledValue(sled::InlineArray);

impl AsRef<[u8]> for SledValue {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The home of blocks.
pub(crate) enum Store {
    /// On disk.
    Sled(Box<SledStore>),
    /// In memory, for databases without a directory and for tests: the same contract, nothing survives.
    Memory(MemoryStore),
}

/// A change: a block's new bytes, or its removal.
pub(crate) type Write = (BlockKey, Option<Bytes>);

impl Store {
    /// The directory of the large files, each of which is opened once and kept open.
    pub(super) const FILES: &str = "slabs";

    /// Opens or creates the store in a directory.
    ///
    /// # Errors
    /// [`Error::AlreadyOpen`] where another handle holds it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        SledStore::open(path).map(|store| Self::Sled(Box::new(store)))
    }

    /// Returns an empty store in memory.
    pub(crate) fn memory() -> Self {
        Self::Memory(MemoryStore::default())
    }

    /// Returns the bytes of a block.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where sled cannot read it; [`Error::Poisoned`] where the store is stalled.
    pub(crate) fn get(&self, key: &BlockKey) -> Result<Option<Bytes>> {
        self.get_raw(&key.encode())
    }

    /// Writes and removes blocks. Nothing is durable, and nothing together, before [`flush`](Self::flush) returns: who
    /// wants both writes new keys and then a root.
    ///
    /// # Errors
    /// [`Error::Poisoned`] where the store is stalled.
    pub(crate) fn apply(&self, writes: Vec<Write>) -> Result<()> {
        writes.into_iter().try_for_each(|(key, bytes)| self.put_raw(&key.encode(), bytes))
    }

    /// Makes everything applied durable.
    ///
    /// # Errors
    /// The first failure, which stalls the store.
    pub(crate) fn flush(&self) -> Result<()> {
        match self {
            Self::Sled(store) => store.flush(),
            Self::Memory(_) => Ok(()),
        }
    }

    /// Shows the keys from `from` on, in order, until `visit` returns false. Only for the thread that writes, and only
    /// when everything is flushed: it reads every leaf on its way.
    ///
    /// # Errors
    /// As [`get`](Self::get), and for keys that are none.
    pub(crate) fn scan(&self, from: &BlockKey, visit: &mut dyn FnMut(BlockKey, &[u8]) -> bool) -> Result<()> {
        let mut visit = |key: &[u8], bytes: &[u8]| match BlockKey::decode(key) {
            Some(key) => Ok(visit(key, bytes)),
            None if key.first() == Some(&NAMED) => Ok(false),
            None => Err(Error::corrupt("block store", "keys of blocks", format_args!("{key:02x?}"))),
        };
        match self {
            Self::Sled(store) => store.scan(&from.encode(), &mut visit),
            Self::Memory(store) => store.scan(&from.encode(), &mut visit),
        }
    }

    /// Returns a named record.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) fn record(&self, name: &str) -> Result<Option<Bytes>> {
        self.get_raw(&named(name))
    }

    /// Writes a named record; durable after [`flush`](Self::flush).
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub(crate) fn put_record(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.put_raw(&named(name), Some(Bytes::copy_of(bytes)))
    }

    /// Returns an error unless the disk has room for twice as many bytes as will be written: a full disk under sled
    /// stalls the store until the next open, so it is asked first.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub(crate) fn check_room(&self, bytes: u64) -> Result<()> {
        let Self::Sled(store) = self else { return Ok(()) };
        let free =
            fs2::available_space(&store.path).map_err(|e| Error::io("ask for the free space of", &store.path, &e))?;
        if free < bytes.saturating_mul(2) {
            let what = format!("{} has {free} bytes free, a checkpoint may need {}", store.path.display(), bytes * 2);
            return Err(Error::Full { what });
        }
        Ok(())
    }

    /// Returns the counter of bytes that views hold in memory; whoever pins and unpins blocks keeps it.
    pub(crate) fn pinned_bytes(&self) -> &AtomicU64 {
        match self {
            Self::Sled(store) => &store.pinned_bytes,
            Self::Memory(store) => &store.pinned_bytes,
        }
    }

    /// Returns the work in the background that may hold this store: whoever closes it waits for that first.
    pub(crate) fn apart(&self) -> &Arc<Apart> {
        match self {
            Self::Sled(store) => &store.apart,
            Self::Memory(store) => &store.apart,
        }
    }

    /// Returns every key and its bytes, where the store is one in memory.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) fn entries(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        match self {
            Self::Sled(_) => Vec::new(),
            Self::Memory(store) => store.read().iter().map(|(key, bytes)| (key.clone(), bytes.to_vec())).collect(),
        }
    }

    /// Puts bytes under a key as it is stored, into a store in memory.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) fn put_entry(&self, key: &[u8], bytes: &[u8]) {
        if let Self::Memory(store) = self {
            store.put(key, Some(Bytes::copy_of(bytes)));
        }
    }

    /// Lets the next flush fail as if the device had.
    #[cfg(test)]
    pub(crate) fn plant_flush_error(&self) {
        if let Self::Sled(store) = self {
            store.planted.store(true, Ordering::SeqCst);
        }
    }

    fn get_raw(&self, key: &[u8]) -> Result<Option<Bytes>> {
        match self {
            Self::Sled(store) => store.get(key),
            Self::Memory(store) => Ok(store.read().get(key).cloned()),
        }
    }

    fn put_raw(&self, key: &[u8], bytes: Option<Bytes>) -> Result<()> {
        match self {
            Self::Sled(store) => store.put(key, bytes.as_deref()),
            Self::Memory(store) => {
                store.put(key, bytes);
                Ok(())
            }
        }
    }
}

fn named(name: &str) -> Vec<u8> {
    [&[NAMED], name.as_bytes()].concat()
}

/// Called with keys and bytes until it returns false.
type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool> + 'a;

/// sled's map from keys to bytes.
type Tree = sled::Tree<LEAF_FANOUT>;

/// sled behind two handles.
pub(crate) struct SledStore {
    /// Gone only while dropping, as the other one.
    reader: Mutex<Option<Tree>>,
    writer: Mutex<Option<sled::Db<LEAF_FANOUT>>>,
    path: PathBuf,
    /// The first failure. From then on nothing calls sled.
    stalled: OnceLock<String>,
    is_dirty: AtomicBool,
    pinned_bytes: AtomicU64,
    apart: Arc<Apart>,
    #[cfg(test)]
    planted: AtomicBool,
}

impl SledStore {
    fn open(path: &Path) -> Result<Self> {
        mend_cookie(path)
            .and_then(|()| complete_log(&path.join(METADATA)))
            .map_err(|error| Error::io("open", path, &error))?;
        let config = sled::Config::new()
            .path(path)
            .cache_capacity_bytes(CACHE_BYTES)
            .flush_every_ms(None)
            .zstd_compression_level(ZSTD_LEVEL);
        let db = match open_patiently(&config) {
            Ok(Ok(db)) => db,
            Ok(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(Error::AlreadyOpen { path: path.to_path_buf(), process_id: None });
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Error::corrupt(path.display(), "a store that sled can read", error));
            }
            Ok(Err(error)) => return Err(Error::io("open", path, &error)),
            Err(_) => return Err(Error::corrupt(path.display(), "a store that sled can read", "a panic of sled")),
        };
        Ok(Self {
            // A handle to the tree alone: it flushes once when dropped, one to everything three times.
            reader: Mutex::new(Some((*db).clone())),
            writer: Mutex::new(Some(db)),
            path: path.to_path_buf(),
            stalled: OnceLock::new(),
            is_dirty: AtomicBool::new(false),
            pinned_bytes: AtomicU64::new(0),
            apart: Arc::default(),
            #[cfg(test)]
            planted: AtomicBool::new(false),
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let value = self.call(&self.reader, "read", |db| db.get(key))?;
        Ok(value.map(|value| Bytes::from_sled(SledValue(value))))
    }

    fn put(&self, key: &[u8], bytes: Option<&[u8]>) -> Result<()> {
        self.call(&self.writer, "write", |db| {
            self.is_dirty.store(true, Ordering::Release);
            match bytes {
                Some(bytes) => db.insert(key, bytes).map(drop),
                None => db.remove(key).map(drop),
            }
        })
    }

    fn flush(&self) -> Result<()> {
        self.call(&self.writer, "flush", |db| {
            if !self.is_dirty.load(Ordering::Acquire) {
                return Ok(());
            }
            #[cfg(test)]
            if self.planted.load(Ordering::SeqCst) {
                return Err(io::Error::other("planted: the device failed"));
            }
            db.flush()?;
            self.is_dirty.store(false, Ordering::Release);
            Ok(())
        })
    }

    fn scan(&self, from: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        self.flush()?;
        self.call(&self.writer, "scan", |db| {
            #[allow(clippy::disallowed_methods, reason = "the one place that stops by itself")]
            let pairs = db.range::<&[u8], _>((Bound::Included(from), Bound::Unbounded));
            for pair in pairs {
                let (key, bytes) = pair?;
                match visit(&key, &bytes) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => return Ok(Err(error)),
                }
            }
            Ok(Ok(()))
        })?
    }

    /// Calls sled. Whatever fails there, an error or a panic, ends its use.
    fn call<H, T>(
        &self,
        handle: &Mutex<Option<H>>,
        action: &'static str,
        call: impl FnOnce(&H) -> io::Result<T>,
    ) -> Result<T> {
        let handle = handle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cause) = self.stalled.get() {
            return Err(Error::Poisoned { cause: cause.clone() });
        }
        let db = handle.as_ref().expect("the handles are there until the store is dropped");
        let error = match catch_unwind(AssertUnwindSafe(|| call(db))) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(_) => io::Error::new(io::ErrorKind::InvalidData, "sled panicked"),
        };
        let _ = self.stalled.set(format!("{action} in {}: {error}", self.path.display()));
        Err(match error.kind() {
            io::ErrorKind::InvalidData => Error::corrupt(self.path.display(), "what was written", error),
            _ => Error::io(action, &self.path, &error),
        })
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // A flush of ours, which may fail, before the ones in sled's own drops, which may not.
        let is_clean = self.flush().is_ok();
        let reader = self.reader.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let handles = (reader, self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        if is_clean {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(handles)));
        } else {
            std::mem::forget(handles);
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sled(store) => write!(f, "Store({})", store.path.display()),
            Self::Memory(store) => write!(f, "Store({} in memory)", store.read().len()),
        }
    }
}

/// The twin in memory.
#[derive(Default)]
pub(crate) struct MemoryStore {
    blocks: RwLock<BTreeMap<Vec<u8>, Bytes>>,
    pinned_bytes: AtomicU64,
    apart: Arc<Apart>,
}

impl MemoryStore {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<Vec<u8>, Bytes>> {
        self.blocks.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, key: &[u8], bytes: Option<Bytes>) {
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        match bytes {
            Some(bytes) => blocks.insert(key.to_vec(), bytes),
            None => blocks.remove(key),
        };
    }

    fn scan(&self, from: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        for (key, bytes) in self.read().range::<[u8], _>((Bound::Included(from), Bound::Unbounded)) {
            if !visit(key, bytes)? {
                break;
            }
        }
        Ok(())
    }
}

/// Opens sled, and waits a little for a lock that it finds taken. Its lock is behind ours, so whoever has it is on the way
/// out: a handle of this process that was just dropped may live on in a child another thread is starting.
fn open_patiently(config: &sled::Config) -> std::thread::Result<io::Result<sled::Db<LEAF_FANOUT>>> {
    let started = Instant::now();
    loop {
        let opened = catch_unwind(|| config.open::<LEAF_FANOUT>());
        let is_locked = matches!(&opened, Ok(Err(error)) if error.kind() == io::ErrorKind::WouldBlock);
        if !is_locked || started.elapsed() > LOCK_WAIT {
            return opened;
        }
        std::thread::sleep(LOCK_WAIT / 100);
    }
}

/// Removes settings of sled that are cut short: it writes them once, neither whole nor durably, refuses to open with such,
/// and writes them anew where there are none. The fanout is ours and part of the format's version.
fn mend_cookie(path: &Path) -> io::Result<()> {
    let cookie = path.join(COOKIE);
    match std::fs::metadata(&cookie) {
        Ok(metadata) if metadata.len() < COOKIE_BYTES => std::fs::remove_file(cookie),
        _ => Ok(()),
    }
}

/// Puts an empty log behind sled's newest snapshot of its metadata where there is none.
///
/// sled's recovery writes snapshot `max(snapshot, logs)` and then removes the one it read: without a later log both are
/// the same file. A kill between the last two steps of an open (logs removed, next log made) leaves just that.
fn complete_log(path: &Path) -> io::Result<()> {
    let (mut snapshot, mut log) = (None, None);
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        let number = |prefix: &str| {
            let digits = name.to_str()?.strip_prefix(prefix)?;
            u64::from_str_radix(digits, 16).ok()
        };
        snapshot = snapshot.max(number("snapshot_"));
        log = log.max(number("log_"));
    }
    match snapshot {
        Some(snapshot) if log.is_none_or(|log| log <= snapshot) => {
            let file = std::fs::File::create(path.join(format!("log_{:016x}", snapshot + 1)))?;
            file.sync_all()
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::key::BlockKind;

    fn key(block: u32, generation: u64) -> BlockKey {
        BlockKey::new(BlockKind::RelEnd, 1, block, generation)
    }

    fn write(block: u32, generation: u64, len: usize) -> Write {
        (key(block, generation), Some(Bytes::copy_of(&vec![block as u8; len])))
    }

    fn keys(store: &Store, from: BlockKey) -> Vec<BlockKey> {
        let mut keys = Vec::new();
        store
            .scan(&from, &mut |key, bytes| {
                assert!(bytes.iter().all(|&byte| byte == key.block as u8));
                keys.push(key);
                key.block < 40
            })
            .unwrap();
        keys
    }

    /// What a kill leaves behind that strikes while sled opens: its snapshot, and no log yet.
    #[test]
    fn an_open_that_was_killed_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        {
            let store = Store::open(dir.path()).unwrap();
            store.apply((0..50).map(|n| write(n, 3, 100)).collect()).unwrap();
            store.flush().unwrap();
        }
        drop(Store::open(dir.path()).unwrap());
        for _ in 0..2 {
            let mut n_removed = 0;
            for entry in std::fs::read_dir(dir.path().join(METADATA)).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().unwrap().to_str().unwrap().starts_with("log_") {
                    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0, "an opened store has an empty log");
                    std::fs::remove_file(path).unwrap();
                    n_removed += 1;
                }
            }
            assert_eq!(n_removed, 1, "sled keeps its logs there");
            assert_eq!(std::fs::metadata(dir.path().join(COOKIE)).unwrap().len(), COOKIE_BYTES);
            std::fs::write(dir.path().join(COOKIE), b"cut").unwrap();
            let store = Store::open(dir.path()).unwrap();
            assert!(store.get(&key(49, 3)).unwrap().is_some());
        }
        let store = Store::open(dir.path()).unwrap();
        assert!((0..50).all(|n| store.get(&key(n, 3)).unwrap().is_some()));
    }

    #[test]
    fn the_twins_do_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (sled, memory) = (Store::open(dir.path()).unwrap(), Store::memory());
        let answers = [sled, memory].map(|store| {
            store.apply((0..50).map(|n| write(n, 3, n as usize * 100)).collect()).unwrap();
            store.apply((0..50).step_by(3).map(|n| (key(n, 3), None)).collect()).unwrap();
            store.apply(vec![write(4, 3, 10), write(4, 4, 9000)]).unwrap();
            store.put_record("root", b"here").unwrap();
            store.flush().unwrap();
            for n in 0..50 {
                let bytes = store.get(&key(n, 3)).unwrap();
                let expected = (n % 3 != 0).then_some(if n == 4 { 10 } else { n as usize * 100 });
                assert_eq!(bytes.as_ref().map(|bytes| bytes.len()), expected);
                if let Some(bytes) = bytes {
                    assert!(bytes.is_empty() || bytes.as_ptr().addr() % 8 == 0);
                }
            }
            assert_eq!(store.record("root").unwrap().as_deref(), Some(b"here".as_slice()));
            assert!(store.record("other").unwrap().is_none());
            assert!(store.check_room(1000).is_ok());
            (keys(&store, key(0, 0)), keys(&store, key(4, 4)), keys(&store, BlockKey { sub: 2, ..key(0, 0) }))
        });
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0].1[0], key(4, 4));
        assert_eq!(answers[0].0.last(), Some(&key(40, 3)), "the scan stops when told");
    }

    #[test]
    fn what_was_flushed_survives_and_the_lock_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..3 {
            let store = Store::open(dir.path()).unwrap();
            assert!(matches!(Store::open(dir.path()), Err(Error::AlreadyOpen { .. })));
            for n in 0..round {
                assert_eq!(store.get(&key(n, 1)).unwrap().unwrap().len(), 5000);
            }
            store.apply(vec![write(round, 1, 5000)]).unwrap();
            store.flush().unwrap();
        }
    }

    #[test]
    fn after_a_failed_flush_nothing_calls_sled_and_dropping_returns() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.apply(vec![write(1, 1, 100)]).unwrap();
        store.flush().unwrap();
        let pinned = store.get(&key(1, 1)).unwrap().unwrap();
        store.apply(vec![write(2, 1, 100)]).unwrap();
        store.plant_flush_error();
        assert!(matches!(store.flush(), Err(Error::Io { .. })));
        assert!(matches!(store.flush(), Err(Error::Poisoned { cause }) if cause.contains("planted")));
        assert!(matches!(store.apply(vec![write(3, 1, 100)]), Err(Error::Poisoned { .. })));
        assert!(matches!(store.get(&key(1, 1)), Err(Error::Poisoned { .. })));
        let begun = Instant::now();
        drop(store);
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(&*pinned, [1; 100], "what is pinned stays readable");
    }

    #[test]
    fn a_disk_without_room_is_told_beforehand() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert!(matches!(store.check_room(u64::MAX / 4), Err(Error::Full { .. })));
    }
}
