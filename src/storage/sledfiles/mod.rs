//! The files of sled, read beside sled: what must be true of them before it opens them.
//!
//! sled checks most of what it reads, and cannot bear what it finds: a leaf it cannot read fails a flush, also one inside
//! a drop, and the flush after a failed one waits for ever; a leaf in a foreign place is looked for again and again; a log
//! of its metadata that is damaged ends where the damage begins, and what was acknowledged behind it is gone without a
//! word. So before it opens, this is checked, and damage is [`Error::Corrupt`] with file and byte:
//!
//! - the snapshot of the metadata is whole, no log is missing, every log but the last is whole, and the last is as long
//!   as the [`vouch`] says: only what a write was torn off may be missing ([`metadata`]);
//! - the objects are leaves of the one tree there is: no two with the same lowest key or in the same slot, one from the
//!   lowest key on;
//! - every file has room for its leaves ([`slabs`]);
//! - every leaf that sled would move if it compacted (with every flush, the first one while it opens; the store tells it
//!   not to) can be read and is the one it should be;
//! - so is every leaf in a slot of at most [`SLOT_CHECKED_MAX`] bytes: a block of a disk in a foreign place may hold such
//!   a slot whole, checksum and all.
//!
//! Other leaves are checked by sled when they are first read, and their damage is an error then. What is read here is what
//! sled reads, or small: 14,000 blocks take less than a millisecond.

pub(super) mod leaves;
mod metadata;
mod slabs;
#[cfg(test)]
mod tests;
mod vouch;

use std::{fs, io, path::Path};

use self::{
    metadata::Object,
    slabs::{Ends, N_SLABS, Slab},
};
use crate::{Error, Result};

/// The largest slot that is checked at every open: no larger one fits into a block of a disk or a page of the system.
const SLOT_CHECKED_MAX: u64 = 4096;

/// How full sled keeps its files unless it is told otherwise, as the store does: below, it moves leaves from their ends.
const FILL_RATIO: f32 = 0.9;

/// Where the leaves lie: a file for each size of slots.
const SLABS: &str = "slabs";

/// Checks the files in the directory of a store that sled is about to open.
///
/// # Errors
/// `Corrupt` names the file and what is wrong with it; `Io` where one cannot be read.
pub(super) fn check(path: &Path) -> Result<()> {
    let Some(mut objects) = metadata::read(path, vouch::read(path)?)? else { return check_unused(path) };
    objects.sort_unstable_by(|a, b| a.low_key.cmp(&b.low_key));
    check_order(path, &objects)?;
    let mut ends = Ends::new()?;
    let mut of_slab: [Vec<usize>; N_SLABS] = std::array::from_fn(|_| Vec::new());
    for (at, object) in objects.iter().enumerate() {
        of_slab[object.slab].push(at);
    }
    for (slab, mut members) in of_slab.into_iter().enumerate() {
        let Some(last) = members.iter().map(|at| objects[*at].slot).max() else { continue };
        let mut slab = Slab::open(&path.join(SLABS), slab, last)?;
        let moved_from = moved_from(members.len() as u64, last);
        members.sort_unstable_by_key(|at| objects[*at].slot);
        if let Some(pair) = members.windows(2).find(|pair| objects[pair[0]].slot == objects[pair[1]].slot) {
            let [a, b] = [pair[0], pair[1]].map(|at| &objects[at]);
            return Err(slab.corrupt(a.slot, "one leaf", format_args!("leaves {} and {}", a.id, b.id)));
        }
        for at in members {
            let object = &objects[at];
            if slab.slot_len() <= SLOT_CHECKED_MAX || object.slot >= moved_from {
                slab.check(&mut ends, object, objects.get(at + 1).map(|next| &*next.low_key))?;
            }
        }
    }
    Ok(())
}

/// Notes how long the newest log of the metadata is, after a flush that succeeded.
///
/// # Errors
/// `Io`.
pub(super) fn vouch(path: &Path) -> Result<()> {
    vouch::write(path)
}

/// A store without metadata must be one that was never written to: sled would take it for a new one.
fn check_unused(path: &Path) -> Result<()> {
    let slabs = path.join(SLABS);
    let entries = match fs::read_dir(&slabs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", &slabs, &error)),
    };
    for entry in entries {
        let metadata = entry.and_then(|entry| entry.metadata()).map_err(|error| Error::io("read", &slabs, &error))?;
        if metadata.len() > 0 {
            let place = path.join(metadata::FOLDER);
            return Err(Error::corrupt(place.display(), "a snapshot of the metadata", "none, though there are leaves"));
        }
    }
    Ok(())
}

/// Checks that the leaves, in the order of their keys, are those of one tree.
fn check_order(path: &Path, objects: &[Object]) -> Result<()> {
    let place = path.join(metadata::FOLDER);
    let corrupt = |expected: &str, got: String| Error::corrupt(place.display(), expected, got);
    if objects.first().is_some_and(|first| !first.low_key.is_empty()) {
        return Err(corrupt("a leaf from the lowest key on", "none".into()));
    }
    match objects.windows(2).find(|pair| pair[0].low_key == pair[1].low_key) {
        Some(pair) => {
            Err(corrupt("leaves of different keys", format!("{} and {} with the same", pair[0].id, pair[1].id)))
        }
        None => Ok(()),
    }
}

/// Returns the first slot whose leaf sled's first flush moves, given how many leaves a file has and the last one's slot:
/// its own arithmetic, in the numbers it uses.
fn moved_from(n_leaves: u64, last: u64) -> u64 {
    if FILL_RATIO <= n_leaves as f32 / (last + 1) as f32 {
        return u64::MAX;
    }
    (n_leaves as f32 / FILL_RATIO) as u64
}
