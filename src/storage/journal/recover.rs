//! Reading a journal back: every frame in order, and the judgement over what is no frame.
//!
//! A bad frame in the last segment is the torn tail of a crash unless a later frame knew its bytes to be durable: then
//! it is damage. Every segment but the last was made durable before the next one got its first frame, so there the
//! frames must reach the next segment's first sequence. A last segment that names a next one is not the last. A frame is
//! written only where the file has room for all of it, and zeros behind: where the file ends in one, it was cut.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    frame::{
        FRAME_ALIGN, FRAME_VERSION, Foreign, Frame, FrameKind, JOURNAL_VERSION, SEGMENT_HEADER_LEN, SegmentHeader,
        is_cut_short,
    },
    next,
    segment::Sealed,
};
use crate::{
    Error, Result,
    storage::file::{self, DiskFile},
};

/// What to do where a segment is missing.
const ADVICE: &str = "put the missing file back, or restore a backup";

/// What a journal held.
pub(super) struct Recovered {
    pub(super) segments: Vec<Sealed>,
    pub(super) next_sequence: u64,
    pub(super) next_number: u64,
    /// The hash of the last frame.
    pub(super) hash: u64,
    /// Bytes since the journal began.
    pub(super) position: u64,
}

/// What becomes of a torn tail, and of segments that were being prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// They are removed.
    Cut,
    /// They are passed over: nothing may be changed.
    Kept,
}

/// Is given each frame: sequence, kind, payload.
pub(crate) type Visitor<'a> = dyn FnMut(u64, FrameKind, &[u8]) -> Result<()> + 'a;

/// Reads the journal in `dir`, shows the frames after `from_sequence` to `visitor`, and treats the torn tail as told.
pub(super) fn recover(
    dir: &Path,
    database_id: u128,
    from_sequence: u64,
    tail: Tail,
    visitor: &mut Visitor<'_>,
) -> Result<Recovered> {
    let mut found =
        Recovered { segments: Vec::new(), next_sequence: from_sequence + 1, next_number: 1, hash: 0, position: 0 };
    let Listed { segments: paths, prepared } = list(dir)?;
    let n_segments = paths.len();
    for (at, (number, path)) in paths.into_iter().enumerate() {
        let bytes = std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
        let corrupt = |expected: String, got: String| Error::corrupt(path.display(), expected, got);
        let header = SegmentHeader::decode(&bytes).map_err(|got| corrupt("a segment's header".into(), got.into()))?;
        if header.database_id != database_id {
            let expected = format!("a segment of database {database_id:032x}");
            return Err(corrupt(expected, format!("one of {:032x}", header.database_id)));
        }
        if header.number != number || (at > 0 && number != found.next_number) {
            let expected = if at > 0 { found.next_number } else { number };
            return Err(corrupt(format!("segment {expected}"), format!("segment {}; {ADVICE}", header.number)));
        }
        found.follow(&header, at == 0, from_sequence).map_err(|(expected, got)| corrupt(expected, got))?;
        let end = found.read_frames(&header, &path, &bytes, from_sequence, visitor)?;
        if end > bytes.len() {
            // The padding of a frame is written with it.
            let got = format!("a file that ends in it, at byte {}", bytes.len());
            return Err(corrupt(format!("frame {} and what follows it", found.next_sequence - 1), got));
        }
        if at + 1 == n_segments {
            if let Some(next) = next::find(header.nonce, &bytes[end..]) {
                let expected = format!("segment {next}, which segment {number} names as the next");
                return Err(Error::corrupt(dir.display(), expected, format_args!("no such file; {ADVICE}")));
            }
            check_tail(&header, &path, &bytes, end)?
                .map_err(|got| corrupt(format!("frame {} at byte {end}", found.next_sequence), got))?;
            if tail == Tail::Cut {
                cut(&path, &bytes, end)?;
            }
        }
        found.position = header.start + end as u64;
        found.next_number = number + 1;
        let SegmentHeader { nonce, first_sequence, .. } = header;
        found.segments.push(Sealed { path, nonce, first_sequence, bytes: end as u64 });
    }
    if tail == Tail::Cut {
        prepared.iter().try_for_each(|path| file::remove(path))?;
    }
    found.next_sequence = found.next_sequence.max(from_sequence + 1);
    Ok(found)
}

impl Recovered {
    /// Moves on to the start of a segment, or says what does not fit.
    fn follow(&mut self, header: &SegmentHeader, is_first: bool, from_sequence: u64) -> Result<(), (String, String)> {
        let got = || format!("a segment that starts with frame {}", header.first_sequence);
        if is_first {
            if header.first_sequence > from_sequence + 1 {
                return Err((format!("frame {}, the next after the root", from_sequence + 1), got()));
            }
        } else if header.first_sequence == self.next_sequence {
            if header.hash_before != self.hash || header.start != self.position {
                let expected = format!("to follow hash {:016x} at {}", self.hash, self.position);
                return Err((expected, format!("{:016x} at {}", header.hash_before, header.start)));
            }
        } else {
            // Frames may be missing where the segment was begun from a root that holds them all, and so does ours.
            let is_behind_root = header.first_sequence == header.root_sequence + 1;
            if header.first_sequence < self.next_sequence || !is_behind_root || from_sequence < header.root_sequence {
                return Err((format!("frame {}", self.next_sequence), got()));
            }
        }
        self.next_sequence = header.first_sequence;
        self.hash = header.hash_before;
        self.position = header.start;
        Ok(())
    }

    /// Visits the frames of a segment and returns where they end.
    fn read_frames(
        &mut self,
        header: &SegmentHeader,
        path: &Path,
        bytes: &[u8],
        from_sequence: u64,
        visitor: &mut Visitor<'_>,
    ) -> Result<usize> {
        let mut at = SEGMENT_HEADER_LEN;
        while let Some(rest) = bytes.get(at..) {
            let frame = Frame::decode(header.nonce, rest).map_err(|foreign| refused(path, at, foreign))?;
            let Some(frame) = frame else { break };
            if frame.sequence != self.next_sequence || frame.hash_before != self.hash {
                break;
            }
            if frame.sequence > from_sequence {
                visitor(frame.sequence, frame.kind, frame.payload)?;
            }
            at += Frame::len_of(frame.payload.len());
            self.next_sequence += 1;
            self.hash = frame.hash;
        }
        Ok(at)
    }
}

/// Returns the database's id and the first sequence, as the first segment with a whole header has them.
pub(super) fn beginning(dir: &Path) -> Option<(u128, u64)> {
    let header = |(_, path): (u64, PathBuf)| SegmentHeader::decode(&std::fs::read(path).ok()?).ok();
    list(dir).ok()?.segments.into_iter().find_map(header).map(|header| (header.database_id, header.first_sequence))
}

/// Returns the error of a whole frame that this build does not know.
fn refused(path: &Path, at: usize, foreign: Foreign) -> Error {
    let what = format!("{}, frame at byte {at}", path.display());
    match foreign {
        Foreign::Version(version) => Error::version(what, version, FRAME_VERSION),
        Foreign::Kind(kind) => {
            Error::corrupt(what, "a batch or a bulk load (kind 1 or 2)", format_args!("kind {kind}"))
        }
    }
}

/// Checks that nothing behind `end` knew the bytes at `end` to be durable, and that the file was not cut; returns what says so.
///
/// # Errors
/// Where there is a whole frame behind `end` that this build does not know.
fn check_tail(header: &SegmentHeader, path: &Path, bytes: &[u8], end: usize) -> Result<Result<(), String>> {
    if is_cut_short(header.nonce, &bytes[end..]) {
        return Ok(Err(format!("a file that ends in it, at byte {}", bytes.len())));
    }
    let nonce = header.nonce.to_le_bytes();
    let mut at = end + FRAME_ALIGN;
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= FRAME_ALIGN) {
        if rest[..FRAME_ALIGN] == nonce
            && let Some(frame) = Frame::decode(header.nonce, rest).map_err(|foreign| refused(path, at, foreign))?
            && frame.durable_to > header.start + end as u64
        {
            let known = frame.durable_to - header.start;
            return Ok(Err(format!("damage, though frame {} knew {known} bytes to be durable", frame.sequence)));
        }
        at += FRAME_ALIGN;
    }
    Ok(Ok(()))
}

/// Cuts the file behind its last frame. What stays is written again before it is synced: after a failed sync the pages
/// may be marked clean though they never reached the disk, and a sync alone would not write them.
fn cut(path: &Path, bytes: &[u8], end: usize) -> Result<()> {
    // A segment that ends with its last frame was cut, and made durable, before.
    if bytes.len() == end {
        return Ok(());
    }
    let file = DiskFile::open(path)?;
    file.write_at(&bytes[..end], 0)?;
    file.set_len(end as u64)?;
    file.sync_all()
}

/// Checks that a segment is none of another version's, reading its header alone.
///
/// # Errors
/// [`Error::Version`]; [`Error::Io`] where it cannot be read.
pub(super) fn check_version(path: &Path) -> Result<()> {
    let mut header = Vec::new();
    let file = File::open(path).map_err(|error| Error::io("open", path, &error))?;
    file.take(SEGMENT_HEADER_LEN as u64).read_to_end(&mut header).map_err(|error| Error::io("read", path, &error))?;
    match SegmentHeader::other_version(&header) {
        Some(version) => Err(Error::version(path.display(), version, JOURNAL_VERSION)),
        None => Ok(()),
    }
}

/// The files of a journal.
pub(super) struct Listed {
    /// By number.
    pub(super) segments: Vec<(u64, PathBuf)>,
    /// Those that were to become segments.
    pub(super) prepared: Vec<PathBuf>,
}

/// Returns the files of a journal.
pub(super) fn list(dir: &Path) -> Result<Listed> {
    let failed = |error| Error::io("read", dir, &error);
    let (mut segments, mut prepared) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(super::segment::PREPARED_SUFFIX) {
            prepared.push(path);
        } else if let Some(number) = super::segment::number_of(name) {
            segments.push((number, path));
        }
    }
    segments.sort_unstable();
    Ok(Listed { segments, prepared })
}
