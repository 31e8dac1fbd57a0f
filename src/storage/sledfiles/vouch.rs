//! How long the newest log of the metadata is at least.
//!
//! A log that was cut, or damaged near its end, looks like one whose last write was torn off. `end` beside it says what a
//! flush had written when it returned: magic 8 | number of the log u64 | its bytes u64 | xxh3-64 of all that. It is
//! written in place and not synced: after a loss of power it says less than is there, never more. A damaged one says
//! nothing, and the next flush writes it again.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use xxhash_rust::xxh3::xxh3_64;

use super::metadata::Files;
use crate::{Error, Result};

/// The name of the file, in the directory of the store.
pub(super) const NAME: &str = "end";

const MAGIC: [u8; 8] = *b"AttenEnd";

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vouched {
    /// The number of a log.
    pub(super) log: u64,
    /// Its bytes.
    pub(super) bytes: u64,
}

impl Vouched {
    fn encode(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.log.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.bytes.to_le_bytes());
        let checksum = xxh3_64(&bytes[..24]);
        bytes[24..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }
}

/// Returns what the file says, if it is there and whole.
pub(super) fn read(path: &Path) -> Result<Option<Vouched>> {
    let path = path.join(NAME);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", &path, &error)),
    };
    let number = |at| bytes.get(at..at + 8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes")));
    let (Some(log), Some(n_bytes)) = (number(8), number(16)) else { return Ok(None) };
    let vouched = Vouched { log, bytes: n_bytes };
    Ok((bytes == vouched.encode()).then_some(vouched))
}

/// Writes how long the newest log is.
pub(super) fn write(path: &Path, files: &Files) -> Result<()> {
    let Some((log, newest)) = files.logs.last_key_value() else { return Ok(()) };
    let bytes = fs::metadata(newest).map_err(|error| Error::io("read", newest, &error))?.len();
    let path = path.join(NAME);
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    file.and_then(|mut file| file.write_all(&Vouched { log: *log, bytes }.encode()))
        .map_err(|error| Error::io("write to", &path, &error))
}
