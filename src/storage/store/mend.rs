//! What is looked at, and mended, in sled's directory before sled opens it and while it works.

use std::{io, path::Path};

use super::disk::LEAF_FANOUT;
use crate::storage::sledfiles::{self, Part};

/// Where sled keeps the logs and snapshots of its metadata.
pub(super) const METADATA: &str = sledfiles::FOLDER;

/// Where sled keeps its own settings, and what they are: version 1, [`LEAF_FANOUT`], zeros, and its CRC.
pub(super) const COOKIE: &str = "durability_cookie";
pub(super) const COOKIE_BYTES: [u8; 64] = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    bytes[2] = LEAF_FANOUT as u8;
    let crc = 0x0507_497e_u32.to_le_bytes();
    (bytes[60], bytes[61], bytes[62], bytes[63]) = (crc[0], crc[1], crc[2], crc[3]);
    bytes
};

/// Removes settings of sled that are not what they must be: it writes them once, neither whole nor durably, refuses to
/// open with such, and writes them anew where there are none. The fanout is ours and part of the format's version.
pub(super) fn mend_cookie(path: &Path) -> io::Result<()> {
    let cookie = path.join(COOKIE);
    match std::fs::read(&cookie) {
        Ok(bytes) if bytes != COOKIE_BYTES => std::fs::remove_file(cookie),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes durable what sled made when it was opened and syncs neither then nor later: its settings, the names of its
/// folders, and its own folder's name. Without them what is flushed would be there, and nobody would find it.
pub(super) fn sync_folders(path: &Path) -> io::Result<()> {
    std::fs::OpenOptions::new().write(true).open(path.join(COOKIE))?.sync_all()?;
    for folder in [Some(path), path.parent()].into_iter().flatten() {
        // Elsewhere a directory cannot be opened as a file.
        if cfg!(unix) {
            std::fs::File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

/// Puts an empty log behind sled's newest snapshot of its metadata where there is none.
///
/// sled's recovery writes snapshot `max(snapshot, logs)` and then removes the one it read: without a later log both are
/// the same file. A kill between the last two steps of an open (logs removed, next log made) leaves just that.
pub(super) fn complete_log(path: &Path) -> io::Result<()> {
    let (snapshot, logs) = match numbers(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    match snapshot {
        Some(snapshot) if logs.iter().all(|log| *log <= snapshot) => {
            std::fs::File::create(path.join(format!("log_{:016x}", snapshot + 1)))?.sync_all()
        }
        _ => Ok(()),
    }
}

/// Returns whether sled's own thread has nothing to do: it folds full logs into a snapshot and deletes them, so there is
/// one log, empty or being written, behind one snapshot.
pub(super) fn is_compacted(path: &Path) -> io::Result<bool> {
    let (snapshot, logs) = numbers(path)?;
    Ok(matches!((snapshot, logs.as_slice()), (Some(snapshot), [log]) if *log == snapshot + 1))
}

/// Returns the number of the newest snapshot in a folder, and those of all logs, also of the ones that it holds.
fn numbers(path: &Path) -> io::Result<(Option<u64>, Vec<u64>)> {
    let (mut snapshot, mut logs) = (None, Vec::new());
    for entry in std::fs::read_dir(path)? {
        match Part::of(&entry?.file_name()) {
            Some(Part::Snapshot(number)) => snapshot = snapshot.max(Some(number)),
            Some(Part::Log(number)) => logs.push(number),
            None => {}
        }
    }
    Ok((snapshot, logs))
}
