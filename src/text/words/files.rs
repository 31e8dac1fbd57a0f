//! Where an index's files lie: a directory of the disk, or memory.
//!
//! Segments carry checksums of their own; the small files that name them do not, and a damaged one could name what is not
//! there. So each of those ends in a checksum here, and one that does not fit is no file. Nobody else writes in the
//! directory (the database's own lock sees to that), so locks are taken without a file.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tantivy::directory::{
    Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
    error::{DeleteError, LockError, OpenReadError, OpenWriteError},
};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a checksum.
const SUM_BYTES: usize = 8;

/// A directory of the disk.
#[derive(Debug, Clone)]
pub(super) struct Checked(MmapDirectory);

impl Checked {
    /// Opens a directory that exists.
    pub(super) fn open(path: &Path) -> tantivy::Result<Self> {
        Ok(Self(MmapDirectory::open(path)?))
    }
}

impl Directory for Checked {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let mut bytes = self.0.atomic_read(path)?;
        let len = bytes.len().saturating_sub(SUM_BYTES);
        if bytes[len..] != xxh3_64(&bytes[..len]).to_le_bytes() {
            let error = io::Error::new(io::ErrorKind::InvalidData, "a wrong checksum");
            return Err(OpenReadError::wrap_io_error(error, PathBuf::from(path)));
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.0.atomic_write(path, &[data, &xxh3_64(data).to_le_bytes()].concat())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, _: &Lock) -> Result<DirectoryLock, LockError> {
        Ok(DirectoryLock::from(Box::new(())))
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        // Readers are told by whoever commits.
        drop(callback);
        Ok(WatchHandle::empty())
    }
}
