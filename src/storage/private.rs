//! A private copy of a directory: how a database is read without a byte of it being changed.
//!
//! sled has no way of reading only: to open is to write a snapshot of its metadata, a log, a lock. So who may only read
//! opens a copy, in the directory for temporary files or, where that has no room, in the memory file system. What it
//! costs: the size of `blocks` once in time and room while the database is open (nothing but names where the file system
//! copies by reference). sled opens its large files once, so their names are removed again at once and a process that is
//! killed leaves only small files behind.

use std::{
    fs::{self, DirBuilder, File},
    io,
    path::{Path, PathBuf},
};

use super::file;
use crate::{Error, Result};

/// Bytes a place must have free beyond the copy: sled writes its metadata anew beside it.
const ROOM_BEYOND: u64 = 4 << 20;

/// How deep directories may nest that are copied: sled's are two deep, and a circle has no end.
const DEPTH_MAX: usize = 4;

/// Where memory is a file system, on Linux.
const MEMORY: &str = "/dev/shm";

/// A copy that is removed when dropped.
#[derive(Debug)]
pub(super) struct PrivateCopy {
    path: PathBuf,
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            log::warn!("removing the private copy {}: {error}", self.path.display());
        }
    }
}

impl PrivateCopy {
    /// Copies a directory; one that is missing makes an empty copy.
    ///
    /// # Errors
    /// [`Error::Full`] where no place has room; [`Error::Io`] where it cannot be read.
    pub(super) fn of(source: &Path) -> Result<Self> {
        Self::beneath(source, &places())
    }

    /// Makes an empty directory where there is room for so many bytes.
    ///
    /// # Errors
    /// [`Error::Full`] where no place has room.
    pub(super) fn with_room(bytes: u64) -> Result<Self> {
        Self::made(bytes, &places(), &|place| {
            let path = place.join(format!("attendb-salvage-{}-{:016x}", std::process::id(), file::random()));
            make_dir(&path).map_err(Failed::Place)?;
            Ok(Self { path })
        })
    }

    fn beneath(source: &Path, places: &[PathBuf]) -> Result<Self> {
        let bytes = match size(source, 0) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(Error::io("read", source, &error)),
        };
        Self::made(bytes, places, &|place| Self::make(source, place))
    }

    /// Makes a copy in the first place that has room for it.
    fn made(bytes: u64, places: &[PathBuf], make: &dyn Fn(&Path) -> Result<Self, Failed>) -> Result<Self> {
        let mut refusals = Vec::new();
        for place in places {
            match fs2::available_space(place) {
                Ok(free) if free >= bytes.saturating_add(ROOM_BEYOND) => {}
                Ok(free) => {
                    refusals.push(format!("{} has {free} free", place.display()));
                    continue;
                }
                Err(error) => {
                    refusals.push(format!("{}: {error}", place.display()));
                    continue;
                }
            }
            match make(place) {
                Ok(copy) => return Ok(copy),
                Err(Failed::Source(error)) => return Err(error),
                Err(Failed::Place(error)) => refusals.push(format!("{}: {error}", place.display())),
            }
        }
        let what = format!(
            "reading without changing anything takes a private copy of {bytes} bytes and there is no place for it ({}); \
             set TMPDIR to a directory that has room",
            refusals.join(", ")
        );
        Err(Error::Full { what })
    }

    fn make(source: &Path, place: &Path) -> Result<Self, Failed> {
        let path = place.join(format!("attendb-read-{}-{:016x}", std::process::id(), file::random()));
        make_dir(&path).map_err(Failed::Place)?;
        let copy = Self { path };
        copy_dir(source, &copy.path, 0)?;
        Ok(copy)
    }

    /// Returns the directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the names of the files in a directory of it, which stay readable for who has them open.
    pub(super) fn unlink_files(&self, name: &str) {
        // Where an open file keeps its name, it is removed with the rest.
        let entries = if cfg!(unix) { fs::read_dir(self.path.join(name)).ok() } else { None };
        for entry in entries.into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Why no copy was made: what is copied cannot be read, or the place does not take it.
enum Failed {
    Source(Error),
    Place(io::Error),
}

/// Returns where copies may lie, the best first.
fn places() -> Vec<PathBuf> {
    let mut places = vec![std::env::temp_dir()];
    if cfg!(target_os = "linux") && Path::new(MEMORY).is_dir() {
        places.push(PathBuf::from(MEMORY));
    }
    places
}

fn make_dir(path: &Path) -> io::Result<()> {
    #[allow(unused_mut, reason = "only Unix has modes")]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn size(path: &Path, depth: usize) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < DEPTH_MAX {
            bytes += size(&entry.path(), depth + 1)?;
        } else if kind.is_file() {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// Copies the regular files of a directory and of those in it. Modes stay behind: what may only be read is copied to be
/// written.
fn copy_dir(from: &Path, to: &Path, depth: usize) -> Result<(), Failed> {
    let failed = |error: io::Error| Failed::Source(Error::io("read", from, &error));
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && depth == 0 => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth < DEPTH_MAX {
            make_dir(&target).map_err(Failed::Place)?;
            copy_dir(&source, &target, depth + 1)?;
        } else if kind.is_file() {
            let mut reader = File::open(&source).map_err(|error| Failed::Source(Error::io("open", &source, &error)))?;
            let mut writer = File::create(&target).map_err(Failed::Place)?;
            io::copy(&mut reader, &mut writer).map_err(Failed::Place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_whole_private_and_vanishes() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        fs::create_dir_all(source.join("deep")).unwrap();
        fs::write(source.join("a"), "one").unwrap();
        fs::write(source.join("deep/b"), vec![7; 100_000]).unwrap();
        let copy = PrivateCopy::beneath(&source, &[dir.path().join("missing"), dir.path().to_path_buf()]).unwrap();
        let path = copy.path().to_path_buf();
        assert_eq!(fs::read(path.join("a")).unwrap(), b"one");
        assert_eq!(fs::read(path.join("deep/b")).unwrap(), [7; 100_000]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
            copy.unlink_files("deep");
            assert!(!path.join("deep/b").exists() && path.join("a").exists());
        }
        drop(copy);
        assert!(!path.exists());
        let empty = PrivateCopy::beneath(&source.join("none"), &[dir.path().to_path_buf()]).unwrap();
        assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
    }

    #[test]
    fn where_there_is_no_room_every_place_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        match PrivateCopy::beneath(dir.path(), std::slice::from_ref(&missing)) {
            Err(Error::Full { what }) => {
                assert!(what.contains(missing.to_str().unwrap()) && what.contains("TMPDIR"), "{what}");
            }
            other => panic!("{other:?}"),
        }
    }
}
