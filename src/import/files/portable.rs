//! Opening files beneath a directory where the system offers nothing better than names: a path is made canonical and
//! judged by where it leads. Whoever can rename directories meanwhile can win a race.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// A directory.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether paths may lead out of it.
    anywhere: bool,
}

impl Folder {
    /// Opens a directory that the application named; `anywhere` where paths may lead out of it.
    pub(super) fn open(path: &Path, anywhere: bool) -> io::Result<Self> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(Self { path: fs::canonicalize(path)?, anywhere })
    }

    /// Opens a regular file for reading; `None` where it is something else.
    pub(super) fn file(&self, path: &Path) -> io::Result<Option<File>> {
        let path = self.resolve(path)?;
        if !fs::metadata(&path)?.is_file() {
            return Ok(None);
        }
        let file = File::open(path)?;
        Ok(if file.metadata()?.is_file() { Some(file) } else { None })
    }

    /// Opens a directory.
    pub(super) fn folder(&self, path: &Path) -> io::Result<Self> {
        Ok(Self { path: self.resolve(path)?, anywhere: self.anywhere })
    }

    /// Returns whether what has this name is a regular file, not a link to one; `None` where there is nothing.
    pub(super) fn is_regular(&self, name: &OsStr) -> io::Result<Option<bool>> {
        match fs::symlink_metadata(self.path.join(name)) {
            Ok(found) => Ok(Some(found.is_file())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a file that must not exist.
    pub(super) fn create_new(&self, name: &OsStr) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(self.path.join(name))
    }

    /// Gives a file another name; what had that name, also a link, is replaced.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    /// Deletes a file.
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    /// Makes the names durable, where directories can be synced: here they cannot.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let path = fs::canonicalize(self.path.join(path))?;
        if self.anywhere || path.starts_with(&self.path) { Ok(path) } else { Err(io::ErrorKind::CrossesDevices.into()) }
    }
}
