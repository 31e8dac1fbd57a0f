//! sled, and its twin in memory: the only module that names sled.
//!
//! sled 1.0.0-alpha.124 is the durable home of blocks and nothing else: no query looks anything up in it. Its traps, and
//! how they are contained here:
//!
//! - its background flusher aborts the process on an error: it is off, [`Store::flush`] is called by whoever writes;
//! - a handle is no `Sync`, dropping *any* handle flushes, and after one failed flush the next one waits for ever: there
//!   are two, one to write and one to read (so that a reader never waits for a flush), never cloned, and given up where
//!   sled failed ([`disk`]);
//! - after a failed flush it reads no more either, and what it had taken is gone: nothing is given to it before a flush, and
//!   what a flush writes is kept beside it until that has returned ([`pending`]);
//! - its locks live as long as its handles, also those given up: they are taken from it ([`leaked`]);
//! - iterators hold a clone (whose drop flushes) and walk on behind the end of their range: scans stop by themselves,
//!   and belong to the thread that writes;
//! - killed while it opens, after its metadata became a snapshot and before the next log exists, it deletes that snapshot at
//!   the next open and has lost everything at the one after: an empty log keeps it from that ([`complete_log`]);
//! - `open` runs the program `sync` twice: on a machine with much unwritten data elsewhere, that takes its time.

mod disk;
mod leaked;
mod mend;
mod pending;

use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    path::Path,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicU64},
};

use disk::SledStore;

use super::{apart::Apart, bytes::Bytes, key::BlockKey};
use crate::{Error, Result};

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
    /// [`Error::Full`] where there is no room: what was applied stays applied, is read from memory, and the next flush writes
    /// it. Any other failure stalls the store.
    pub(crate) fn flush(&self) -> Result<()> {
        match self {
            Self::Sled(store) => store.flush(),
            Self::Memory(_) => Ok(()),
        }
    }

    /// Shows the keys from `from` on, in order, until `visit` returns false. Flushes first; only for the thread that writes:
    /// it reads every leaf on its way.
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

    /// Returns an error unless the disk has room for a flush of so many bytes: better to be told before anything was done.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub(crate) fn check_room(&self, bytes: u64) -> Result<()> {
        match self {
            Self::Sled(store) => store.check_room(bytes),
            Self::Memory(_) => Ok(()),
        }
    }

    /// Forgets what was applied of a generation and is not durable: whoever wrote it has failed, and nothing names it.
    pub(crate) fn forget(&self, generation: u64) {
        let is_of_it = |key: &[u8]| BlockKey::decode(key).is_some_and(|key| key.generation == generation);
        match self {
            Self::Sled(store) => store.forget(&is_of_it),
            Self::Memory(store) => store.forget(&is_of_it),
        }
    }

    /// Returns the counter of bytes that views hold in memory; whoever pins and unpins blocks keeps it.
    pub(crate) fn pinned_bytes(&self) -> &AtomicU64 {
        match self {
            Self::Sled(store) => store.pinned_bytes(),
            Self::Memory(store) => &store.pinned_bytes,
        }
    }

    /// Returns the work in the background that may hold this store: whoever closes it waits for that first.
    pub(crate) fn apart(&self) -> &Arc<Apart> {
        match self {
            Self::Sled(store) => store.apart(),
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

    /// Lets the next flush fail inside sled.
    #[cfg(test)]
    pub(crate) fn plant_flush_error(&self, kind: std::io::ErrorKind) {
        if let Self::Sled(store) = self {
            store.plant(kind);
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
            Self::Sled(store) => store.put(key, bytes),
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

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sled(store) => write!(f, "Store({})", store.path().display()),
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

    fn forget(&self, is_forgotten: &dyn Fn(&[u8]) -> bool) {
        self.blocks.write().unwrap_or_else(PoisonError::into_inner).retain(|key, _| !is_forgotten(key));
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

#[cfg(test)]
mod tests {
    use std::{
        io::ErrorKind,
        time::{Duration, Instant},
    };

    use super::{
        mend::{COOKIE, COOKIE_BYTES, METADATA},
        *,
    };
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
        for cut in [b"cut".as_slice(), &[0; COOKIE_BYTES.len()]] {
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
            assert_eq!(std::fs::read(dir.path().join(COOKIE)).unwrap(), COOKIE_BYTES);
            std::fs::write(dir.path().join(COOKIE), cut).unwrap();
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
        store.plant_flush_error(ErrorKind::Other);
        assert!(matches!(store.flush(), Err(Error::Io { .. })));
        assert!(matches!(store.flush(), Err(Error::Poisoned { cause }) if cause.contains("planted")));
        assert!(matches!(store.apply(vec![write(3, 1, 100)]), Err(Error::Poisoned { .. })));
        assert!(matches!(store.get(&key(1, 1)), Err(Error::Poisoned { .. })));
        let begun = Instant::now();
        drop(store);
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(&*pinned, [1; 100], "what is pinned stays readable");
        // Only on Linux can the lock of a leaked file be given back.
        if cfg!(target_os = "linux") {
            let store = Store::open(dir.path()).unwrap();
            assert!(store.get(&key(1, 1)).unwrap().is_some() && store.get(&key(2, 1)).unwrap().is_none());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_flush_without_room_loses_nothing_and_the_next_one_writes_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.apply((0..40).map(|n| write(n, 1, 100)).collect()).unwrap();
        store.flush().unwrap();
        for round in 0..3 {
            store.apply(vec![write(40 + round, 1, 100), (key(round, 1), None)]).unwrap();
            store.plant_flush_error(ErrorKind::StorageFull);
            assert!(matches!(store.flush(), Err(Error::Full { .. })));
            // Meanwhile another one gives up what it wrote.
            store.apply(vec![write(99, 7, 100)]).unwrap();
            store.forget(7);
            for n in 0..=40 + round {
                assert_eq!(store.get(&key(n, 1)).unwrap().is_some(), n > round, "block {n}");
            }
            store.flush().unwrap();
        }
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        let is_there = |n| store.get(&key(n, 1)).unwrap().is_some();
        assert!((0..43).all(|n| is_there(n) == (n > 2)));
        assert!(store.get(&key(99, 7)).unwrap().is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_finds_no_room_again_and_again_is_stalled_and_an_open_recovers() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.apply(vec![write(1, 1, 100)]).unwrap();
        store.flush().unwrap();
        store.apply(vec![write(2, 1, 100)]).unwrap();
        let poisoned = (0..100).find_map(|_| {
            store.plant_flush_error(ErrorKind::FileTooLarge);
            store.flush().err().filter(|error| matches!(error, Error::Poisoned { .. }))
        });
        assert!(poisoned.unwrap().to_string().contains("reopen the database"));
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert!(store.get(&key(1, 1)).unwrap().is_some());
    }

    #[test]
    fn a_disk_without_room_is_told_beforehand() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert!(matches!(store.check_room(u64::MAX / 4), Err(Error::Full { .. })));
    }
}
