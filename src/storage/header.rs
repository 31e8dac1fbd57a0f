//! The header file and the lock: what is looked at before anything else, so that a database of another version, or one
//! that is open elsewhere, is not touched.
//!
//! Header, [`HEADER_LEN`] bytes, little-endian: magic 8 | format version u32 | ids a block u32 | database id u128 |
//! xxh3-64 of all that. Magic and version keep their places in every future version.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use xxhash_rust::xxh3::xxh3_64;

use super::{
    block::BLOCK_LEN,
    file::{self, DiskFile},
    journal::Journal,
    private::PrivateCopy,
    store::Store,
};
use crate::{Error, Result};

/// The format this build reads and writes.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// The names in a database's directory.
const HEADER: &str = "header";
const LOCK: &str = "lock";
const PROCESS: &str = "process";
const TOLD: &str = "process.lock";
const JOURNAL: &str = "journal";
const BLOCKS: &str = "blocks";
const FULLTEXT: &str = "fulltext";

const HEADER_LEN: usize = 40;

/// How long an owner waits for readers that are copying: as long as a copy of some hundred megabytes takes.
const READERS_WAIT: Duration = Duration::from_millis(500);

/// How long one that finds the lock taken waits for the process id of who has it: it is written right behind the lock, so
/// only an owner that the system interrupted in between is late.
const PROCESS_WAIT: Duration = Duration::from_millis(30);

/// How often it looks meanwhile.
const PROCESS_TICK: Duration = Duration::from_micros(500);

const MAGIC: [u8; 8] = *b"AttenDB\n";

/// A database's directory, locked for this handle until dropped.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    database_id: u128,
    is_new: bool,
    /// None where a copy is read and the original given back.
    locks: Option<Locks>,
    /// The copy of the blocks that is read, where nothing may be changed.
    copy: Option<PrivateCopy>,
}

/// The lock, held until dropped, and the one which says that `process` is its owner's.
#[derive(Debug)]
struct Locks {
    lock: File,
    /// An owner's, not a reader's.
    told: Option<File>,
}

impl Drop for Locks {
    /// Gives the locks back at once: closing the files alone leaves them with a child that another thread is just starting,
    /// which has a copy of every open file until it becomes its program.
    fn drop(&mut self) {
        if let Some(told) = &self.told {
            let _ = told.unlock();
        }
        let _ = self.lock.unlock();
    }
}

impl Home {
    /// Opens a database's directory, or makes one.
    ///
    /// # Errors
    /// [`Error::Version`] and [`Error::AlreadyOpen`], nothing touched; [`Error::Corrupt`] where the header is damaged;
    /// [`Error::NotAllowed`] where the directory holds something else.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let found = read_header(path)?;
        if found.is_none() {
            if let Err(error) = check_empty(path) {
                // Another one may be making the database: the header comes before whatever else it holds.
                read_header(path)?.ok_or(error)?;
            }
            std::fs::create_dir_all(path).map_err(|error| Error::io("create", path, &error))?;
        }
        let locks = lock(path)?;
        // Whoever held the lock may have made the header since.
        let found = read_header(path)?;
        let (database_id, is_new) = match found {
            Some(database_id) => {
                Journal::check_begun(&path.join(JOURNAL))?;
                (database_id, false)
            }
            None => (make(path)?, true),
        };
        Ok(Self { path: path.to_path_buf(), database_id, is_new, locks: Some(locks), copy: None })
    }

    /// Opens a database's directory to read what is durable, without changing anything in it: the blocks are copied, and
    /// nobody can write until [`release`](Self::release).
    ///
    /// # Errors
    /// [`Error::NotAllowed`] where there is no database; [`Error::AlreadyOpen`] beside an owner, who writes into the blocks
    /// that would be copied; [`Error::Full`] where there is no room for the copy; else as [`open`](Self::open).
    pub(crate) fn open_read_only(path: &Path) -> Result<Self> {
        let Some(database_id) = read_header(path)? else {
            let what = format!("making a database at {}: it is to be opened read-only", path.display());
            return Err(Error::NotAllowed { what });
        };
        let locks = share(path)?.map(|lock| Locks { lock, told: None });
        Journal::check_begun(&path.join(JOURNAL))?;
        let copy = Some(PrivateCopy::of(&path.join(BLOCKS))?);
        Ok(Self { path: path.to_path_buf(), database_id, is_new: false, locks, copy })
    }

    /// Gives the directory back when everything has been read and the copy is open.
    pub(crate) fn release(&mut self) {
        self.locks = None;
        if let Some(copy) = &self.copy {
            copy.unlink_files(Store::FILES);
        }
    }

    /// Returns the id every file of this database carries.
    pub(crate) fn database_id(&self) -> u128 {
        self.database_id
    }

    /// Returns whether the database was made by this open.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Returns whether nothing may be changed.
    pub(crate) fn is_read_only(&self) -> bool {
        self.copy.is_some()
    }

    /// Returns the journal's directory.
    pub(crate) fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// Returns the directory of what words are searched in, which may not be there.
    pub(crate) fn fulltext(&self) -> PathBuf {
        self.path.join(FULLTEXT)
    }

    /// Returns the block store's directory.
    pub(crate) fn blocks(&self) -> PathBuf {
        self.copy.as_ref().map_or_else(|| self.path.join(BLOCKS), |copy| copy.path().to_path_buf())
    }
}

/// What is left of a database's directory, to be read only: nothing there is changed, and nobody writes meanwhile.
#[derive(Debug)]
pub(super) struct Remains {
    /// Of the header; an error where it cannot be read.
    pub(super) database_id: Result<u128>,
    pub(super) journal: PathBuf,
    pub(super) blocks: PathBuf,
    _lock: Option<Locks>,
}

impl Remains {
    /// Looks at a directory.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] where there is nothing of a database; [`Error::AlreadyOpen`] beside an owner;
    /// [`Error::Version`] where another version wrote it.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let (journal, blocks) = (path.join(JOURNAL), path.join(BLOCKS));
        let database_id = match read_header(path) {
            Err(error @ Error::Version { .. }) => return Err(error),
            Ok(None) if !journal.is_dir() && !blocks.is_dir() => {
                let what = format!("salvaging {}: there is no database", path.display());
                return Err(Error::NotAllowed { what });
            }
            Ok(None) => Err(Error::corrupt(path.join(HEADER).display(), "the header of a database", "no file")),
            Ok(Some(database_id)) => Ok(database_id),
            Err(error) => Err(error),
        };
        let lock = share(path)?.map(|lock| Locks { lock, told: None });
        Ok(Self { database_id, journal, blocks, _lock: lock })
    }
}

/// Returns the database's id, or `None` where there is no header.
fn read_header(dir: &Path) -> Result<Option<u128>> {
    let path = dir.join(HEADER);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", &path, &error)),
    };
    let corrupt = |expected: &str, got: &dyn std::fmt::Display| Err(Error::corrupt(path.display(), expected, got));
    if bytes.len() < 12 || bytes[..8] != MAGIC {
        return corrupt("the header of a database", &format_args!("{} other bytes", bytes.len()));
    }
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let version = number(8);
    if version != FORMAT_VERSION {
        return Err(Error::Version { path: dir.to_path_buf(), found: version, supported: FORMAT_VERSION });
    }
    if bytes.len() != HEADER_LEN {
        return corrupt("40 bytes", &bytes.len());
    }
    let checksum = u64::from_le_bytes(bytes[32..].try_into().expect("eight bytes"));
    if checksum != xxh3_64(&bytes[..32]) {
        let expected = format!("checksum {:016x}", xxh3_64(&bytes[..32]));
        return corrupt(&expected, &format_args!("{checksum:016x}"));
    }
    if number(12) as usize != BLOCK_LEN {
        return corrupt("1024 ids a block", &number(12));
    }
    Ok(Some(u128::from_le_bytes(bytes[16..32].try_into().expect("sixteen bytes"))))
}

fn encode_header(version: u32, database_id: u128) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&version.to_le_bytes());
    bytes[12..16].copy_from_slice(&(BLOCK_LEN as u32).to_le_bytes());
    bytes[16..32].copy_from_slice(&database_id.to_le_bytes());
    let checksum = xxh3_64(&bytes[..32]);
    bytes[32..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Makes a new database: its journal, then its header, whole or not at all. Where there is a header, there is a journal.
fn make(dir: &Path) -> Result<u128> {
    let database_id = u128::from(file::random()) << 64 | u128::from(file::random());
    Journal::begin(&dir.join(JOURNAL), database_id, 0)?;
    let mut file = DiskFile::create(&dir.join("header.new"))?;
    file.write_at(&encode_header(FORMAT_VERSION, database_id), 0)?;
    file.sync_all()?;
    file.rename(&dir.join(HEADER))?;
    file::sync_dir(dir)?;
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        file::sync_dir(parent)?;
    }
    Ok(database_id)
}

/// Refuses a directory that holds anything but what a killed first open leaves.
fn check_empty(dir: &Path) -> Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", dir, &error)),
    };
    for entry in entries {
        let name = entry.map_err(|error| Error::io("read", dir, &error))?.file_name();
        match name.to_str() {
            Some(LOCK | PROCESS | TOLD | "header.new") => {}
            Some(JOURNAL) if Journal::is_unused(&dir.join(JOURNAL))? => {}
            Some(JOURNAL | BLOCKS | FULLTEXT) => {
                return Err(Error::corrupt(dir.join(HEADER).display(), "the header of a database", "no file"));
            }
            _ => {
                let what = format!("{} is no database and holds {}", dir.display(), name.to_string_lossy());
                return Err(Error::NotAllowed { what });
            }
        }
    }
    Ok(())
}

/// Takes the lock and writes our process id beside it (not into it: where locks are mandatory, nobody could read it).
///
/// The id may be an older owner's that was killed, or half written: a second lock, taken once it is whole and given back
/// before the first, says that it is not. Who finds the first one taken and the second one free looks again.
///
/// Where the file system knows no locks, sled's own is what keeps a second handle out.
fn lock(dir: &Path) -> Result<Locks> {
    let open = |path: &Path| {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
        file.map_err(|error| Error::io("open", path, &error))
    };
    let (path, told_path) = (dir.join(LOCK), dir.join(TOLD));
    let begun = Instant::now();
    let (lock, told) = (open(&path)?, open(&told_path)?);
    while !try_lock(&lock, &path)? {
        // Readers share the lock while they copy: not for long, mostly.
        if lock.try_lock_shared().is_ok() {
            let _ = lock.unlock();
            if begun.elapsed() > READERS_WAIT {
                return Err(Error::AlreadyOpen { path: dir.to_path_buf(), process_id: None });
            }
            std::thread::sleep(READERS_WAIT / 100);
            continue;
        }
        let process_id = owner(dir, &told);
        if process_id.is_some() || begun.elapsed() > PROCESS_WAIT {
            return Err(Error::AlreadyOpen { path: dir.to_path_buf(), process_id });
        }
        std::thread::sleep(PROCESS_TICK);
    }
    write_process(&dir.join(PROCESS))?;
    // Those who look have it for a moment each; one that was stopped just then must not stop us.
    let begun = Instant::now();
    while !try_lock(&told, &told_path)? && begun.elapsed() < PROCESS_WAIT {
        std::thread::sleep(PROCESS_TICK / 10);
    }
    Ok(Locks { lock, told: Some(told) })
}

/// Writes our process id in place: a file that is cut and written anew is flushed by some file systems when it is closed, and
/// on a busy disk that takes longer than others wait for the id.
fn write_process(path: &Path) -> Result<()> {
    let file = DiskFile::open_or_create(path)?;
    file.write_at(format!("{:<10}\n", std::process::id()).as_bytes(), 0)
}

/// Returns whether a lock was taken, or could not be because the file system knows none.
fn try_lock(file: &File, path: &Path) -> Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path, &error)),
    }
}

/// Returns the process id of who has the lock, once it is written.
fn owner(dir: &Path, told: &File) -> Option<u32> {
    if told.try_lock_shared().is_ok() {
        let _ = told.unlock();
        return None;
    }
    std::fs::read_to_string(dir.join(PROCESS)).ok()?.trim().parse().ok()
}

/// Shares the lock, touching nothing; none where nobody ever locked (the directory is a copy) or could.
fn share(dir: &Path) -> Result<Option<File>> {
    let path = dir.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("open", &path, &error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(held(dir)),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", &path, &error)),
    }
}

/// Returns the error that names who has the lock.
fn held(dir: &Path) -> Error {
    let process_id = std::fs::read_to_string(dir.join(PROCESS)).ok().and_then(|text| text.trim().parse().ok());
    Error::AlreadyOpen { path: dir.to_path_buf(), process_id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_bytes_are_golden() {
        let bytes = encode_header(1, 2);
        assert_eq!(bytes[..20], *b"AttenDB\n\x01\0\0\0\0\x04\0\0\x02\0\0\0");
        assert_eq!(u64::from_le_bytes(bytes[32..].try_into().unwrap()), 1_025_881_230_667_055_859);
    }

    #[test]
    fn a_database_is_made_once_and_locked_while_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep").join("db");
        let home = Home::open(&path).unwrap();
        assert!(home.is_new());
        let own = std::process::id();
        for _ in 0..2 {
            match Home::open(&path) {
                Err(Error::AlreadyOpen { process_id, .. }) => assert_eq!(process_id, Some(own)),
                other => panic!("{other:?}"),
            }
        }
        let id = home.database_id();
        drop(home);
        // A killed owner leaves its id; until the next one has said its own, nobody is named.
        std::fs::write(path.join(PROCESS), "1\n").unwrap();
        let file = |name| File::options().write(true).open(path.join(name)).unwrap();
        let (lock, told) = (file(LOCK), file(TOLD));
        lock.lock().unwrap();
        assert!(matches!(Home::open(&path), Err(Error::AlreadyOpen { process_id: None, .. })));
        std::fs::write(path.join(PROCESS), "77\n").unwrap();
        told.lock().unwrap();
        assert!(matches!(Home::open(&path), Err(Error::AlreadyOpen { process_id: Some(77), .. })));
        drop((lock, told));
        let home = Home::open(&path).unwrap();
        assert!(!home.is_new());
        assert_eq!(home.database_id(), id);
    }

    #[test]
    fn readers_share_the_lock_and_give_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let owner = Home::open(dir.path()).unwrap();
        match Home::open_read_only(dir.path()) {
            Err(Error::AlreadyOpen { process_id, .. }) => assert_eq!(process_id, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        let id = owner.database_id();
        drop(owner);
        let mut readers = [(); 2].map(|()| Home::open_read_only(dir.path()).unwrap());
        assert!(readers.iter().all(|reader| reader.database_id() == id && !reader.blocks().starts_with(dir.path())));
        assert!(matches!(Home::open(dir.path()), Err(Error::AlreadyOpen { process_id: None, .. })));
        readers.iter_mut().for_each(Home::release);
        drop(Home::open(dir.path()).unwrap());
        assert!(matches!(Home::open_read_only(&dir.path().join("none")), Err(Error::NotAllowed { .. })));
    }

    /// Whatever a kill during the first open leaves is no obstacle, and what it never leaves is one.
    #[test]
    fn a_database_is_made_after_every_kill_of_the_first_open() {
        let made = tempfile::tempdir().unwrap();
        drop(Home::open(made.path()).unwrap());
        let segment = std::fs::read(made.path().join("journal/0000000000000001.journal")).unwrap();
        let header = std::fs::read(made.path().join(HEADER)).unwrap();
        let steps: [&[(&str, &[u8])]; 6] = [
            &[],
            &[("journal/0a.new", b"")],
            &[("journal/0a.new", &segment)],
            &[("journal/0000000000000001.journal", &segment)],
            &[("journal/0000000000000001.journal", &segment), ("header.new", &header[..20])],
            &[("journal/0000000000000001.journal", b"")],
        ];
        for (step, files) in steps.into_iter().enumerate() {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join(JOURNAL)).unwrap();
            files.iter().for_each(|(name, bytes)| std::fs::write(dir.path().join(name), bytes).unwrap());
            let home = Home::open(dir.path()).unwrap_or_else(|error| panic!("step {step}: {error}"));
            assert!(home.is_new());
            let found = Journal::open(&home.journal(), home.database_id(), 0, &mut |_, _, _| Ok(()));
            assert_eq!(found.unwrap().durable_sequence(), 0, "step {step}");
            assert_eq!(std::fs::read_dir(home.journal()).unwrap().count(), 1, "step {step}: leftovers");
        }
    }

    #[test]
    fn a_header_without_a_journal_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        drop(Home::open(dir.path()).unwrap());
        let journal = dir.path().join(JOURNAL);
        std::fs::remove_file(journal.join("0000000000000001.journal")).unwrap();
        for _ in 0..2 {
            for open in [Home::open, Home::open_read_only] {
                let Err(Error::Corrupt { what, got, .. }) = open(dir.path()) else { panic!("it was opened") };
                assert_eq!(what, journal.display().to_string());
                assert!(got.contains("put the journal's files back"), "{got}");
            }
            let _ = std::fs::remove_dir(&journal);
        }
        assert!(!journal.exists(), "nothing is made in its place");
    }

    #[test]
    fn another_version_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(HEADER), &encode_header(9, 1)[..14]).unwrap();
        match Home::open(dir.path()) {
            Err(Error::Version { found: 9, supported: FORMAT_VERSION, .. }) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was touched");
    }

    #[test]
    fn damage_and_foreign_directories_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let header = encode_header(FORMAT_VERSION, 7);
        for bit in 0..HEADER_LEN * 8 {
            let mut bytes = header;
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(dir.path().join(HEADER), bytes).unwrap();
            assert!(matches!(read_header(dir.path()), Err(Error::Corrupt { .. } | Error::Version { .. })), "bit {bit}");
        }
        std::fs::remove_file(dir.path().join(HEADER)).unwrap();
        std::fs::write(dir.path().join("diary.txt"), "mine").unwrap();
        assert!(matches!(Home::open(dir.path()), Err(Error::NotAllowed { .. })));
        std::fs::remove_file(dir.path().join("diary.txt")).unwrap();
        let journal = dir.path().join(JOURNAL);
        Journal::begin(&journal, 7, 0).unwrap();
        std::fs::write(journal.join("0000000000000002.journal"), "").unwrap();
        assert!(matches!(Home::open(dir.path()), Err(Error::Corrupt { .. })), "it had commits");
        std::fs::remove_file(journal.join("0000000000000002.journal")).unwrap();
        std::fs::create_dir(dir.path().join(BLOCKS)).unwrap();
        assert!(matches!(Home::open(dir.path()), Err(Error::Corrupt { .. })), "it had blocks");
    }
}
