//! A database being made beside its place, and moved there once it is whole: a copy that was killed half-way has
//! another name and is never mistaken for a whole one.

use std::path::{Path, PathBuf};

use super::{file, header::Home};
use crate::{Error, Result};

/// Ends the name of a database being made.
const SUFFIX: &str = ".partial";

/// A directory that is to become a database's. Dropped before [`publish`](Self::publish), it is deleted.
#[derive(Debug)]
pub(crate) struct Staging {
    target: PathBuf,
    path: PathBuf,
    is_published: bool,
}

impl Staging {
    /// Begins a database that will stand at `target`; what a killed try left behind is deleted.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] where something is there already; [`Error::AlreadyOpen`] where another process is at it.
    pub(crate) fn begin(target: &Path) -> Result<Self> {
        check_free(target)?;
        let Some(name) = target.file_name() else {
            return Err(Error::NotAllowed { what: format!("{} names no directory", target.display()) });
        };
        let mut name = name.to_os_string();
        name.push(SUFFIX);
        let path = target.with_file_name(name);
        if path.exists() {
            match Home::open(&path) {
                Ok(home) => drop(home),
                // Killed before its header was whole.
                Err(Error::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
            std::fs::remove_dir_all(&path).map_err(|error| Error::io("delete", &path, &error))?;
        }
        Ok(Self { target: target.to_path_buf(), path, is_published: false })
    }

    /// Returns the directory to make the database in.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the database, closed and durable, to its place.
    ///
    /// # Errors
    /// `NotAllowed` where something has come to stand there; `Io`.
    pub(crate) fn publish(mut self) -> Result<()> {
        check_free(&self.target)?;
        std::fs::rename(&self.path, &self.target).map_err(|error| Error::io("rename", &self.path, &error))?;
        self.is_published = true;
        let parent = self.target.parent().filter(|parent| !parent.as_os_str().is_empty());
        file::sync_dir(parent.unwrap_or(Path::new(".")))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn check_free(target: &Path) -> Result<()> {
    match std::fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => {
                let what = format!("making a database at {}: the directory is not empty", target.display());
                Err(Error::NotAllowed { what })
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("read", target, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("db");
        let staging = Staging::begin(&target).unwrap();
        let home = Home::open(staging.path()).unwrap();
        assert!(matches!(Staging::begin(&target), Err(Error::AlreadyOpen { .. })));
        drop((home, staging));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "given up, nothing stays");
        // Killed, the leftover is no obstacle.
        std::fs::create_dir_all(dir.path().join("db.partial/journal")).unwrap();
        let staging = Staging::begin(&target).unwrap();
        drop(Home::open(staging.path()).unwrap());
        assert!(!target.exists());
        staging.publish().unwrap();
        assert!(!Home::open(&target).unwrap().is_new());
        assert!(matches!(Staging::begin(&target), Err(Error::NotAllowed { .. })));
    }
}
