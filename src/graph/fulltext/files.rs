//! The files of full-text indexes: a directory for each, beside the journal and the blocks.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::Snapshot;
use crate::{
    Error, Result,
    model::{Fulltext, SpaceOwner},
    storage::sync_dir,
    text::words::WordIndex,
};

/// Where the files lie, and whose they are.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) directory: PathBuf,
    pub(super) database_id: u128,
}

impl Place {
    fn of(&self, index: &Fulltext) -> PathBuf {
        self.directory.join(index.number.to_string())
    }

    /// Returns what the files of an index say beside their commit: they are of no use to another one.
    fn stamp(&self, index: &Fulltext) -> String {
        let (sort, owners): (_, Vec<u32>) = match &index.owner {
            SpaceOwner::Nodes(labels) => ("nodes", labels.iter().map(|id| id.get()).collect()),
            SpaceOwner::Relationships(types) => ("relationships", types.iter().map(|id| id.get()).collect()),
        };
        let keys: Vec<u32> = index.keys.iter().map(|key| key.get()).collect();
        let number = index.number;
        format!("words 1 {:032x} {number} {sort} {owners:?} {keys:?} {} ", self.database_id, index.analyzer.name())
    }

    pub(super) fn payload(&self, index: &Fulltext, sequence: u64) -> String {
        format!("{}{sequence}", self.stamp(index))
    }

    /// Opens the files of an index; `None` where they are not there, not whole, or not its own. Returns the commit they are
    /// at too.
    pub(super) fn open(&self, index: &Fulltext, deep: bool) -> Option<(WordIndex, u64)> {
        let (words, payload) = WordIndex::open(&self.of(index), index.layout(), deep)?;
        let sequence = payload.strip_prefix(&self.stamp(index))?.parse().ok()?;
        Some((words, sequence))
    }

    /// Makes an empty directory for an index, in the place of whatever was there.
    pub(super) fn make(&self, index: &Fulltext) -> Result<PathBuf> {
        let path = self.of(index);
        self.remove(&path)?;
        fs::create_dir_all(&path).map_err(|error| Error::io("create", &path, &error))?;
        sync_dir(&self.directory)?;
        if let Some(parent) = self.directory.parent() {
            sync_dir(parent)?;
        }
        Ok(path)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        match fs::remove_dir_all(path) {
            Ok(()) => sync_dir(&self.directory),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io("remove", path, &error)),
        }
    }

    /// Removes what belongs to no index of a view, and files that are ahead of it: they tell of commits that were lost, and
    /// before new ones take their numbers, nothing of them may be left.
    ///
    /// # Errors
    /// `Io` where it cannot be removed.
    pub(super) fn tidy(&self, view: &Snapshot) -> Result<()> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return fs::remove_file(&self.directory).map_err(|error| Error::io("remove", &self.directory, &error));
            }
            Err(error) => return Err(Error::io("read", &self.directory, &error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| Error::io("read", &self.directory, &error))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let known = view.catalog().fulltexts().iter().find(|index| index.number.to_string() == name);
            let is_good = known
                .is_some_and(|index| self.open(index, false).is_some_and(|(_, sequence)| sequence <= view.sequence()));
            if !is_good {
                if path.is_dir() {
                    self.remove(&path)?;
                } else {
                    fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
                    sync_dir(&self.directory)?;
                }
            }
        }
        Ok(())
    }

    /// Removes the files of an index that was dropped.
    pub(super) fn drop_files(&self, number: u32) -> Result<()> {
        self.remove(&self.directory.join(number.to_string()))
    }
}
