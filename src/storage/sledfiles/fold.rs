//! The logs of the metadata become a snapshot: here before sled opens, by sled's own thread later.
//!
//! sled takes a log for ended where it cannot be read, and deletes it when the snapshot is written. A read that fails
//! once would lose whatever is behind it. So no log holds anything when sled opens: [`fold`] has written the snapshot from
//! what was read and checked, in sled's own steps. And of what sled's thread folds while the store is open, [`Watch`]
//! keeps the files open that went into it, and compares.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{
    metadata::{self, FOLDER, Files, Objects, Part, Reader},
    vouch,
};
use crate::{Error, Result, storage::file::sync_dir};

/// Folds the logs, if they hold anything, into a snapshot of what they and the one before say.
///
/// A kill leaves the old snapshot and its logs, or the new one beside some of them: sled and [`Files::list`] ignore what
/// is older than the newest snapshot.
pub(super) fn fold(path: &Path, files: &Files, objects: &Objects) -> Result<()> {
    let Some((&last, _)) = files.logs.last_key_value() else { return Ok(()) };
    let is_empty = |log: &PathBuf| fs::metadata(log).map(|metadata| metadata.len() == 0);
    for log in files.logs.values() {
        if !is_empty(log).map_err(|error| Error::io("read", log, &error))? {
            write_snapshot(path, last, objects)?;
            return remove_older(path, last);
        }
    }
    Ok(())
}

/// Writes a snapshot, whole or not at all.
fn write_snapshot(path: &Path, number: u64, objects: &Objects) -> Result<()> {
    let folder = path.join(FOLDER);
    let snapshot = folder.join(format!("snapshot_{number:016x}"));
    let unfinished = snapshot.with_extension("tmp");
    let bytes = metadata::frame(objects).map_err(|error| Error::io("write", &unfinished, &error))?;
    File::create(&unfinished)
        .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
        .map_err(|error| Error::io("write", &unfinished, &error))?;
    fs::rename(&unfinished, &snapshot).map_err(|error| Error::io("rename", &unfinished, &error))?;
    sync_dir(&folder)
}

/// Removes what a snapshot replaces.
fn remove_older(path: &Path, number: u64) -> Result<()> {
    let folder = path.join(FOLDER);
    for entry in fs::read_dir(&folder).map_err(|error| Error::io("read", &folder, &error))? {
        let path = entry.map_err(|error| Error::io("read", &folder, &error))?.path();
        let is_older = match path.file_name().and_then(Part::of) {
            Some(Part::Log(log)) => log <= number,
            Some(Part::Snapshot(snapshot)) => snapshot < number,
            None => false,
        };
        if is_older {
            fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
        }
    }
    Ok(())
}

/// What sled folds next: the newest snapshot and log, readable also when sled has deleted them.
pub(crate) struct Watch {
    path: PathBuf,
    /// The number of the log.
    log: u64,
    /// The snapshot, then the log.
    files: Vec<(PathBuf, File)>,
}

impl Watch {
    /// Begins to watch a store that sled has opened and does nothing to.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let listed = Files::list(path)?;
        let (log, newest) =
            listed.logs.last_key_value().map_or((0, None), |(number, log)| (*number, Some(log.clone())));
        let files = listed.snapshot.into_iter().map(|(_, snapshot)| snapshot).chain(newest);
        let open = |path: PathBuf| match File::open(&path) {
            Ok(file) => Ok((path, file)),
            Err(error) => Err(Error::io("open", &path, &error)),
        };
        Ok(Self { path: path.to_path_buf(), log, files: files.map(open).collect::<Result<_>>()? })
    }

    /// Called after a flush that succeeded: vouches for what it wrote, and where the log was full, checks what sled made of
    /// it once `settled` says that it is done, and writes it anew if it is not what it should be.
    ///
    /// # Errors
    /// `Io`; what sled holds in memory is right in any case.
    pub(crate) fn flushed(&mut self, settled: impl FnOnce() -> bool) -> Result<()> {
        let files = Files::list(&self.path)?;
        vouch::write(&self.path, &files)?;
        let is_full = files.logs.last_key_value().is_some_and(|(newest, _)| *newest != self.log);
        if !is_full || !settled() {
            return Ok(());
        }
        self.check()?;
        *self = Self::of(&self.path)?;
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        let Some((number, snapshot)) = Files::list(&self.path)?.snapshot else { return Ok(()) };
        if number != self.log {
            // A flush fills one log at most.
            log::warn!("{}: log {:x} was followed by snapshot {number:x}", self.path.display(), self.log);
            return Ok(());
        }
        let mut expected = Objects::default();
        for (path, file) in &mut self.files {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(|error| Error::io("read", &*path, &error))?;
            apply(path, &bytes, &mut expected)?;
        }
        let mut got = Objects::default();
        let bytes = fs::read(&snapshot).map_err(|error| Error::io("read", &snapshot, &error))?;
        if apply(&snapshot, &bytes, &mut got).is_err() || got != expected {
            log::warn!("{}: sled could not read what it folded; writing it anew", snapshot.display());
            write_snapshot(&self.path, number, &expected)?;
        }
        Ok(())
    }
}

/// Applies all frames of a file.
fn apply(path: &Path, bytes: &[u8], objects: &mut Objects) -> Result<()> {
    let reader = Reader { path, bytes };
    let mut at = 0;
    while at < bytes.len() {
        at = reader.apply(at, objects)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{
        bytes::Bytes,
        key::{BlockKey, BlockKind},
        store::Store,
    };

    fn key(block: u32) -> BlockKey {
        BlockKey::new(BlockKind::RelEnd, 1, block, 1)
    }

    fn write(store: &Store, blocks: std::ops::Range<u32>) {
        store.apply(blocks.map(|n| (key(n), Some(Bytes::copy_of(&n.to_le_bytes())))).collect()).unwrap();
        store.flush().unwrap();
    }

    fn objects(path: &Path) -> Objects {
        metadata::read(path, None).unwrap().unwrap().1
    }

    #[test]
    fn before_sled_opens_no_log_holds_anything() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..3 {
            let store = Store::open(dir.path()).unwrap();
            (0..4).for_each(|part| write(&store, round * 400 + part * 100..round * 400 + part * 100 + 100));
            drop(store);
            let (files, before) = metadata::read(dir.path(), None).unwrap().unwrap();
            assert!(files.logs.values().any(|log| fs::metadata(log).unwrap().len() > 0));
            fold(dir.path(), &files, &before).unwrap();
            let folded = Files::list(dir.path()).unwrap();
            assert!(folded.logs.is_empty());
            assert_eq!(folded.snapshot.unwrap().0, *files.logs.last_key_value().unwrap().0);
            assert_eq!(objects(dir.path()), before);
            let names = fs::read_dir(dir.path().join(FOLDER)).unwrap().map(|entry| entry.unwrap().file_name());
            assert_eq!(names.filter(|name| name.to_str().unwrap().starts_with("snapshot")).count(), 1);
        }
        let store = Store::open(dir.path()).unwrap();
        assert!((0..1200).all(|n| store.get(&key(n)).unwrap().is_some()));
    }

    /// What sled makes of a log whose reading fails: a snapshot without what was in it.
    #[test]
    fn a_log_that_sled_could_not_fold_is_folded() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        write(&store, 0..100);
        let mut watch = Watch::of(dir.path()).unwrap();
        write(&store, 100..200);
        drop(store);
        let all = objects(dir.path());
        let files = Files::list(dir.path()).unwrap();
        let (log, path) = files.logs.last_key_value().unwrap();
        assert_eq!((*log, watch.log), (watch.log, *log));
        let mut lost = Objects::default();
        let (_, snapshot) = files.snapshot.as_ref().unwrap();
        apply(snapshot, &fs::read(snapshot).unwrap(), &mut lost).unwrap();
        assert_ne!(lost, all);
        write_snapshot(dir.path(), *log, &lost).unwrap();
        fs::remove_file(path).unwrap();
        fs::remove_file(snapshot).unwrap();
        fs::write(dir.path().join(FOLDER).join(format!("log_{:016x}", log + 1)), b"").unwrap();
        watch.flushed(|| true).unwrap();
        assert_eq!(objects(dir.path()), all);
        assert_eq!(watch.log, log + 1);
        let store = Store::open(dir.path()).unwrap();
        assert!((0..200).all(|n| store.get(&key(n)).unwrap().is_some()));
    }

    /// sled folds a log of more than 64 KiB by itself: what it makes of it is found right.
    #[test]
    fn what_sled_folds_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut watch = Watch::of(dir.path()).unwrap();
        let first = watch.log;
        let mut n = 0;
        while watch.log == first {
            assert!(n < 100, "a log fills up");
            write(&store, n * 2000..n * 2000 + 2000);
            while Files::list(dir.path()).unwrap().logs.len() != 1 {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            watch.flushed(|| true).unwrap();
            n += 1;
        }
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert!((0..n * 2000).all(|n| store.get(&key(n)).unwrap().is_some()));
    }
}
