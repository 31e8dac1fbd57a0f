//! The file operations of storage: positioned writes, syncs, directory syncs. One place, so that tests can fail them.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

#[cfg(test)]
use super::fault::{self, Failure, Op};
use crate::{Error, Result};

/// Bytes written at once when a file is filled with zeros.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// A file that is written at positions.
#[derive(Debug)]
pub(super) struct DiskFile {
    file: File,
    path: PathBuf,
}

impl DiskFile {
    /// Creates the file, empty, replacing one that is there.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
        Ok(Self { file: file.map_err(|e| Error::io("create", path, &e))?, path: path.to_path_buf() })
    }

    /// Opens the file for writing; makes it where there is none.
    pub(super) fn open_or_create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        Ok(Self { file: file.map_err(|e| Error::io("open", path, &e))?, path: path.to_path_buf() })
    }

    /// Opens the file for writing.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        Ok(Self { file: file.map_err(|e| Error::io("open", path, &e))?, path: path.to_path_buf() })
    }

    /// Returns the path it was opened or last renamed to.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all bytes at `offset`.
    ///
    /// # Errors
    /// [`Error::Full`] on a full disk. Some of the bytes may be in the file then.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.try_write_at(bytes, offset).map_err(|e| Error::io("write to", &self.path, &e))
    }

    /// Makes the contents durable; the length only as far as reading needs it.
    pub(super) fn sync_data(&self) -> Result<()> {
        self.sync(File::sync_data)
    }

    /// Makes contents and length durable.
    pub(super) fn sync_all(&self) -> Result<()> {
        self.sync(File::sync_all)
    }

    /// Cuts the file, or grows it by a hole.
    pub(super) fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(|e| Error::io("cut", &self.path, &e))
    }

    /// Fills the first `len` bytes with zeros and makes them durable: no later write into them changes metadata, so
    /// `sync_data` has the data to write and nothing else.
    pub(super) fn preallocate(&self, len: u64) -> Result<()> {
        let mut at = 0;
        while at < len {
            let n = (len - at).min(ZEROS.len() as u64);
            self.write_at(&ZEROS[..n as usize], at)?;
            at += n;
        }
        self.sync_all()
    }

    /// Renames the file within its directory. The directory must be synced after.
    pub(super) fn rename(&mut self, path: &Path) -> Result<()> {
        std::fs::rename(&self.path, path).map_err(|e| Error::io("rename", &self.path, &e))?;
        self.path = path.to_path_buf();
        Ok(())
    }

    fn try_write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        #[cfg(test)]
        if let Some(failure) = fault::next(Op::Write) {
            if let Failure::Short(n) = failure {
                write_all_at(&self.file, &bytes[..n.min(bytes.len())], offset)?;
            }
            return Err(failure.error());
        }
        write_all_at(&self.file, bytes, offset)
    }

    fn sync(&self, sync: fn(&File) -> io::Result<()>) -> Result<()> {
        #[cfg(test)]
        if let Some(failure) = fault::next(Op::Sync) {
            return Err(Error::io("sync", &self.path, &failure.error()));
        }
        sync(&self.file).map_err(|e| Error::io("sync", &self.path, &e))
    }
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => (bytes, offset) = (&bytes[n..], offset + n as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(not(any(unix, windows)))]
fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::{Seek, Write};
    file.seek(io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

/// Makes the names in a directory durable: needed after a file was created, renamed or deleted in it. Windows writes
/// names through and cannot open a directory as a file.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(path).and_then(|dir| dir.sync_all()).map_err(|e| Error::io("sync", path, &e))?;
    }
    Ok(())
}

/// Deletes a file; one that is gone already is fine.
pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("delete", path, &error)),
        _ => Ok(()),
    }
}

/// Returns a number nobody can foretell: for database ids and segment nonces.
pub(super) fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // Every `RandomState` is keyed by the system's randomness; the time makes a fork differ from its parent.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    hasher.write_u128(now.map_or(0, |since| since.as_nanos()));
    hasher.finish()
}
