//! What is looked at, and mended, in sled's directory before sled opens it and while it works.

use std::{io, path::Path};

/// Where sled keeps the logs and snapshots of its metadata.
pub(super) const METADATA: &str = "metadata";

/// Where sled keeps its own settings (the fanout), and how long they are.
pub(super) const COOKIE: &str = "durability_cookie";
pub(super) const COOKIE_BYTES: u64 = 64;

/// Removes settings of sled that are cut short: it writes them once, neither whole nor durably, refuses to open with such,
/// and writes them anew where there are none. The fanout is ours and part of the format's version.
pub(super) fn mend_cookie(path: &Path) -> io::Result<()> {
    let cookie = path.join(COOKIE);
    match std::fs::metadata(&cookie) {
        Ok(metadata) if metadata.len() < COOKIE_BYTES => std::fs::remove_file(cookie),
        _ => Ok(()),
    }
}

/// Puts an empty log behind sled's newest snapshot of its metadata where there is none.
///
/// sled's recovery writes snapshot `max(snapshot, logs)` and then removes the one it read: without a later log both are
/// the same file. A kill between the last two steps of an open (logs removed, next log made) leaves just that.
pub(super) fn complete_log(path: &Path) -> io::Result<()> {
    let (mut snapshot, mut log) = (None, None);
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        let number = |prefix: &str| {
            let digits = name.to_str()?.strip_prefix(prefix)?;
            u64::from_str_radix(digits, 16).ok()
        };
        snapshot = snapshot.max(number("snapshot_"));
        log = log.max(number("log_"));
    }
    match snapshot {
        Some(snapshot) if log.is_none_or(|log| log <= snapshot) => {
            let file = std::fs::File::create(path.join(format!("log_{:016x}", snapshot + 1)))?;
            file.sync_all()
        }
        _ => Ok(()),
    }
}

/// Returns whether sled's own thread has nothing to do: it folds full logs into a snapshot and deletes them, so there is
/// one log, empty or being written, behind one snapshot.
pub(super) fn is_compacted(path: &Path) -> io::Result<bool> {
    let (mut snapshot, mut logs) = (None, Vec::new());
    for entry in std::fs::read_dir(path)? {
        let name = entry?.file_name();
        let number = |prefix: &str| u64::from_str_radix(name.to_str()?.strip_prefix(prefix)?, 16).ok();
        snapshot = snapshot.max(number("snapshot_"));
        logs.extend(number("log_"));
    }
    Ok(matches!((snapshot, logs.as_slice()), (Some(snapshot), [log]) if *log == snapshot + 1))
}
