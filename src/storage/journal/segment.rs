//! Segments: preallocated files that frames are written into, one after another.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::frame::{SEGMENT_HEADER_LEN, SegmentHeader};
use crate::{
    Error, Result,
    storage::file::{self, DiskFile},
};

/// Bytes of the first segment after an open: small, because the first commit waits until it is there.
pub(super) const LEN_FIRST: u64 = 1 << 20;

/// Bytes of a segment once much is written between checkpoints: a new one every some ten thousand commits.
const LEN_MAX: u64 = 16 << 20;

/// The least a segment is given on a disk that is nearly full.
const LEN_MIN: u64 = 1 << 14;

/// Ends the names of files that are no segments yet.
pub(super) const PREPARED_SUFFIX: &str = ".new";

const SUFFIX: &str = ".journal";

/// A segment that gets no more frames.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) path: PathBuf,
    pub(super) nonce: u64,
    pub(super) first_sequence: u64,
    /// Bytes up to the end of its last frame.
    pub(super) bytes: u64,
}

/// The segment that frames are written into.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: Arc<DiskFile>,
    pub(super) header: SegmentHeader,
    pub(super) len: u64,
    pub(super) used: u64,
}

/// A file filled with zeros that waits to become a segment.
#[derive(Debug)]
pub(super) struct Prepared {
    file: DiskFile,
    pub(super) len: u64,
}

impl Prepared {
    /// Preallocates a file for a segment as large as the journal is, with room for a frame of `frame` bytes; a smaller one
    /// where the disk has no more room. So a small database that is checkpointed often has small segments.
    pub(super) fn create(dir: &Path, journal_bytes: u64, frame: u64) -> Result<Self> {
        let least = (SEGMENT_HEADER_LEN as u64 + frame).max(LEN_MIN);
        let mut len = journal_bytes.clamp(LEN_FIRST, LEN_MAX).max(least);
        loop {
            let path = dir.join(format!("{:016x}{PREPARED_SUFFIX}", file::random()));
            let result = DiskFile::create(&path).and_then(|file| {
                file.preallocate(len)?;
                Ok(Self { file, len })
            });
            match result {
                Err(error) => {
                    // What could be written takes room that others need.
                    file::remove(&path)?;
                    if len == least || !matches!(error, Error::Full { .. }) {
                        return Err(error);
                    }
                    len = (len / 4).max(least);
                }
                created => return created,
            }
        }
    }

    /// Makes a file for a segment that gets no frames.
    pub(super) fn without_room(dir: &Path) -> Result<Self> {
        let file = DiskFile::create(&dir.join(format!("{:016x}{PREPARED_SUFFIX}", file::random())))?;
        Ok(Self { file, len: SEGMENT_HEADER_LEN as u64 })
    }

    /// Makes a segment of the file: header, then name, both durable. Where that fails the file is deleted: it takes room.
    pub(super) fn begin(mut self, dir: &Path, header: SegmentHeader) -> Result<Segment> {
        if let Err(error) = self.name(dir, &header) {
            let _ = self.discard();
            return Err(error);
        }
        Ok(Segment { file: Arc::new(self.file), header, len: self.len, used: SEGMENT_HEADER_LEN as u64 })
    }

    fn name(&mut self, dir: &Path, header: &SegmentHeader) -> Result<()> {
        self.file.write_at(&header.encode(), 0)?;
        self.file.sync_all()?;
        self.file.rename(&dir.join(format!("{:016}{SUFFIX}", header.number)))?;
        file::sync_dir(dir)
    }

    /// Deletes the file.
    pub(super) fn discard(self) -> Result<()> {
        file::remove(self.file.path())
    }
}

impl Segment {
    /// Returns the segment as one that gets no more frames, its unused end cut off.
    pub(super) fn seal(self) -> Result<Sealed> {
        self.file.set_len(self.used)?;
        let path = self.file.path().to_path_buf();
        let SegmentHeader { nonce, first_sequence, .. } = self.header;
        Ok(Sealed { path, nonce, first_sequence, bytes: self.used })
    }
}

/// Returns the number in a segment's file name.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 16 && digits.bytes().all(|c| c.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}
