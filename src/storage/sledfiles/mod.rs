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
//! - every leaf in a slot of at most [`SLOT_CHECKED_MAX`] bytes can be read and is the one it should be: a block of a disk
//!   in a foreign place may hold such a slot whole, checksum and all.
//!
//! Other leaves are checked by sled when they are first read, and their damage is an error then: the store tells sled to
//! move none, so no flush reads any that is not asked for. What is read here is what sled reads, or small: 14,000 blocks
//! take less than a millisecond. And because a log that cannot be read is taken for one that ended, no log holds anything
//! when sled opens ([`fold`]).

mod fold;
pub(super) mod leaves;
mod metadata;
mod slabs;
#[cfg(test)]
mod tests;
mod vouch;

use std::{fs, io, path::Path};

pub(super) use self::{
    fold::Watch,
    metadata::{FOLDER, Part},
};
use self::{
    metadata::{Files, Object, Objects},
    slabs::{Ends, N_SLABS, Slab},
};
use crate::{Error, Result};

/// The largest slot that is checked at every open: no larger one fits into a block of a disk or a page of the system.
const SLOT_CHECKED_MAX: u64 = 4096;

/// Where the leaves lie: a file for each size of slots.
const SLABS: &str = "slabs";

/// A store whose files were checked.
#[derive(Debug)]
pub(super) struct Checked(Option<(Files, Objects)>);

impl Checked {
    /// Leaves sled nothing to read but a snapshot. Only for who holds the store alone.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn fold(&self, path: &Path) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |(files, objects)| fold::fold(path, files, objects))
    }
}

/// Checks the files in the directory of a store that sled is about to open.
///
/// # Errors
/// `Corrupt` names the file and what is wrong with it; `Io` where one cannot be read.
pub(super) fn check(path: &Path) -> Result<Checked> {
    let read = metadata::read(path, vouch::read(path)?)?;
    match &read {
        Some((_, objects)) => check_leaves(path, metadata::leaves(path, objects)?)?,
        None => check_unused(path)?,
    }
    Ok(Checked(read))
}

/// Checks leaves and the files they are in.
fn check_leaves(path: &Path, mut objects: Vec<Object>) -> Result<()> {
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
        members.sort_unstable_by_key(|at| objects[*at].slot);
        if let Some(pair) = members.windows(2).find(|pair| objects[pair[0]].slot == objects[pair[1]].slot) {
            let [a, b] = [pair[0], pair[1]].map(|at| &objects[at]);
            return Err(slab.corrupt(a.slot, "one leaf", format_args!("leaves {} and {}", a.id, b.id)));
        }
        if slab.slot_len() <= SLOT_CHECKED_MAX {
            for at in members {
                slab.check(&mut ends, &objects[at], objects.get(at + 1).map(|next| &*next.low_key))?;
            }
        }
    }
    Ok(())
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
