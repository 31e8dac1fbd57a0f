//! sled's metadata: where each leaf lies.
//!
//! `metadata/snapshot_<n>` is one frame, `metadata/log_<n>` are frames, one a flush; the logs above the snapshot's number
//! follow it. A frame is
//!
//! | bytes | what |
//! |---|---|
//! | 0-5 | length of the payload |
//! | 6-7 | the low half of the crc32 of bytes 0-5 |
//! | 8- | the payload: zstd of objects |
//! | then 4 | crc32 of all before, its lowest byte xored with 0xaf |
//!
//! and an object is `id u64 | collection u64 | location u64 | length of the low key u64 | low key`; location 0 says that
//! it is gone. A location's highest byte is the number of its file plus one, the rest the slot. Everything little-endian.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::{slabs::N_SLABS, vouch::Vouched};
use crate::{Error, Result};

/// The folder of snapshot and logs.
pub(in crate::storage) const FOLDER: &str = "metadata";

/// What sled xors into its checksums, so that zeros are none.
pub(super) const CRC_SALT: u32 = 0xaf;

/// The tree that holds blocks, the only one that is ever written.
const COLLECTION: u64 = 1;

/// How hard sled compresses frames.
const ZSTD_LEVEL: i32 = 3;

/// Bytes of a frame before its payload, and after.
const FRAME_HEAD: usize = 8;
const FRAME_TAIL: usize = 4;

/// A leaf, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) id: u64,
    /// The number of its file, counted from the one of the smallest slots.
    pub(super) slab: usize,
    pub(super) slot: u64,
    /// The lowest key it may hold.
    pub(super) low_key: Vec<u8>,
}

/// What a file of the folder is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) enum Part {
    Snapshot(u64),
    Log(u64),
}

impl Part {
    /// Returns the part that a file is, if it is one: what sled is still writing is none.
    pub(in crate::storage) fn of(name: &OsStr) -> Option<Self> {
        let (kind, number) = name.to_str()?.split_once('_')?;
        let number = u64::from_str_radix(number, 16).ok()?;
        match kind {
            "snapshot" => Some(Self::Snapshot(number)),
            "log" => Some(Self::Log(number)),
            _ => None,
        }
    }
}

/// What is in the folder.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) snapshot: Option<(u64, PathBuf)>,
    pub(super) logs: BTreeMap<u64, PathBuf>,
}

impl Files {
    /// Finds the newest snapshot and the logs above it.
    pub(super) fn list(path: &Path) -> Result<Self> {
        let folder = path.join(FOLDER);
        let mut files = Self::default();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            Err(error) => return Err(Error::io("read", &folder, &error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| Error::io("read", &folder, &error))?.path();
            let name = path.file_name().unwrap_or_default();
            match Part::of(name) {
                Some(Part::Log(number)) => drop(files.logs.insert(number, path)),
                Some(Part::Snapshot(number)) => {
                    if files.snapshot.as_ref().is_none_or(|(newest, _)| *newest < number) {
                        files.snapshot = Some((number, path));
                    }
                }
                None => {
                    let name = name.to_str().unwrap_or_default();
                    if !name.ends_with(".tmp") && (name.starts_with("log") || name.starts_with("snapshot")) {
                        let expected = "a snapshot or a log with its number";
                        return Err(Error::corrupt(path.display(), expected, "another name"));
                    }
                }
            }
        }
        let newest = files.snapshot.as_ref().map_or(0, |(number, _)| *number);
        files.logs = files.logs.split_off(&(newest + 1));
        Ok(files)
    }
}

/// Returns the files of the store in a directory and the places they say, or `None` where there is no metadata.
pub(super) fn read(path: &Path, vouched: Option<Vouched>) -> Result<Option<(Files, Objects)>> {
    let files = Files::list(path)?;
    let corrupt = |expected: String, got: &str| Error::corrupt(path.join(FOLDER).display(), expected, got);
    let Some((newest, snapshot)) = &files.snapshot else {
        return match files.logs.first_key_value() {
            Some((number, _)) => Err(corrupt("a snapshot".into(), &format!("log {number:x} alone"))),
            None if vouched.is_some() => Err(corrupt("a snapshot".into(), "none")),
            None => Ok(None),
        };
    };
    let mut objects = Objects::new();
    let bytes = read_file(snapshot)?;
    Reader { path: snapshot, bytes: &bytes }.apply(0, &mut objects)?;
    for (number, expected) in files.logs.keys().zip(newest + 1..) {
        if *number != expected {
            return Err(corrupt(format!("log {expected:x}"), &format!("none, though there is log {number:x}")));
        }
    }
    let last = files.logs.last_key_value().map_or(*newest, |(number, _)| *number);
    if let Some(Vouched { log, .. }) = vouched.filter(|vouched| vouched.log > last) {
        return Err(corrupt(format!("log {log:x}, which was written"), "none"));
    }
    for (number, log) in &files.logs {
        let bytes = read_file(log)?;
        let reader = Reader { path: log, bytes: &bytes };
        // A log gets a successor when all of it is durable, and the newest one had the bytes that are vouched for.
        let vouched = vouched.filter(|vouched| vouched.log == *number).map_or(0, |vouched| vouched.bytes);
        let whole = if *number < last { vouched.max(bytes.len() as u64) } else { vouched };
        let mut at = 0;
        while at < bytes.len() {
            match reader.apply(at, &mut objects) {
                Ok(end) => at = end,
                Err(error) if (at as u64) < whole => return Err(error),
                // What a write was torn off.
                Err(_) => break,
            }
        }
        if (at as u64) < whole {
            let got = format!("a file that ends at {at}");
            return Err(Error::corrupt(log.display(), format_args!("{whole} bytes, which were written"), got));
        }
    }
    Ok(Some((files, objects)))
}

/// Returns the leaves that are in places.
pub(super) fn leaves(path: &Path, objects: &Objects) -> Result<Vec<Object>> {
    let leaf = |(id, (location, low_key)): (&u64, &Place)| {
        let (slab, slot) = ((location >> 56) as usize, location & (u64::MAX >> 8));
        if !(1..=N_SLABS).contains(&slab) {
            let got = format!("{location:016x}");
            return Err(Error::corrupt(path.join(FOLDER).display(), format_args!("a place of leaf {id}"), got));
        }
        Ok(Object { id: *id, slab: slab - 1, slot, low_key: low_key.clone() })
    };
    objects.iter().map(leaf).collect()
}

/// Returns the frame that says these places, its objects in the order of their ids.
pub(super) fn frame(objects: &Objects) -> io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    let mut sorted: Vec<_> = objects.iter().collect();
    sorted.sort_unstable_by_key(|(id, _)| **id);
    for (id, (location, low_key)) in sorted {
        for number in [*id, COLLECTION, *location, low_key.len() as u64] {
            payload.extend_from_slice(&number.to_le_bytes());
        }
        payload.extend_from_slice(low_key);
    }
    let payload = zstd::bulk::compress(&payload, ZSTD_LEVEL)?;
    let mut frame = (payload.len() as u64).to_le_bytes().to_vec();
    let crc = crc32fast::hash(&frame[..6]).to_le_bytes();
    frame[6..].copy_from_slice(&crc[..2]);
    frame.extend_from_slice(&payload);
    let crc = crc32fast::hash(&frame) ^ CRC_SALT;
    frame.extend_from_slice(&crc.to_le_bytes());
    Ok(frame)
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::io("read", path, &error))
}

/// A location and a low key.
type Place = (u64, Vec<u8>);

/// Places by id.
pub(super) type Objects = HashMap<u64, Place>;

/// A file of frames.
pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    pub(super) bytes: &'a [u8],
}

impl Reader<'_> {
    /// Applies the frame at a byte and returns where it ends.
    pub(super) fn apply(&self, at: usize, objects: &mut Objects) -> Result<usize> {
        let corrupt = |expected: &str, got: String| {
            Error::corrupt(self.path.display(), format_args!("{expected} at byte {at}"), got)
        };
        let bytes = &self.bytes[at..];
        let Some(head) = bytes.first_chunk::<FRAME_HEAD>() else {
            return Err(corrupt("a frame", format!("{} bytes", bytes.len())));
        };
        if crc32fast::hash(&head[..6]).to_le_bytes()[..2] != head[6..] {
            return Err(corrupt("a frame", "a damaged length".into()));
        }
        let len = u64::from_le_bytes(*head) & (u64::MAX >> 16);
        let end = usize::try_from(len).ok().and_then(|len| len.checked_add(FRAME_HEAD));
        let Some((frame, rest)) = end.and_then(|end| bytes.split_at_checked(end)) else {
            return Err(corrupt("a frame", format!("{} of its {len} bytes", bytes.len())));
        };
        let Some(crc) = rest.first_chunk::<FRAME_TAIL>() else {
            return Err(corrupt("a frame", "one without its checksum".into()));
        };
        let (expected, got) = (crc32fast::hash(frame) ^ CRC_SALT, u32::from_le_bytes(*crc));
        if expected != got {
            return Err(corrupt("a frame", format!("checksum {got:08x} instead of {expected:08x}")));
        }
        let payload = zstd::stream::decode_all(&frame[FRAME_HEAD..])
            .map_err(|error| corrupt("zstd in a frame", error.to_string()))?;
        let mut rest = &payload[..];
        while !rest.is_empty() {
            let (id, object) = take_object(&mut rest).map_err(|got| corrupt("objects in a frame", got))?;
            match object {
                Some(object) => objects.insert(id, object),
                None => objects.remove(&id),
            };
        }
        Ok(at + frame.len() + FRAME_TAIL)
    }
}

/// Takes an object off the start of `bytes`: its id, and place and low key unless it is gone.
fn take_object(bytes: &mut &[u8]) -> Result<(u64, Option<Place>), String> {
    let mut number = || {
        let (first, rest) = bytes.split_first_chunk::<8>().ok_or("an object cut short")?;
        *bytes = rest;
        Ok::<u64, String>(u64::from_le_bytes(*first))
    };
    let [id, collection, location, len] = [number()?, number()?, number()?, number()?];
    if id == 0 || collection != COLLECTION {
        return Err(format!("object {id} of tree {collection}"));
    }
    let low_key = usize::try_from(len).ok().and_then(|len| bytes.split_at_checked(len));
    let (low_key, rest) = low_key.ok_or_else(|| format!("object {id} whose key is cut short"))?;
    *bytes = rest;
    Ok((id, (location != 0).then(|| (location, low_key.to_vec()))))
}
