//! The bytes of segments and frames.
//!
//! Segment header, [`SEGMENT_HEADER_LEN`] bytes: magic 8 | version u32 | 0 u32 | database id u128 | nonce u64 | number
//! u64 | first sequence u64 | start u64 | hash of the frame before u64 | root's sequence u64 | xxh3-64 of all that.
//!
//! Frame header, [`FRAME_HEADER_LEN`] bytes: nonce u64 | sequence u64 | durable_to u64 | hash of the frame before u64 |
//! length u32 | kind u8 | version u24 | xxh3-64 of the header so far and the payload. Then the payload, then zeros to a
//! multiple of 8. Everything little-endian.
//!
//! `start` and `durable_to` count bytes since the journal began, over all segments: a segment's byte `i` is `start + i`.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// Bytes of a segment's header.
pub(super) const SEGMENT_HEADER_LEN: usize = 88;

/// Bytes of a frame's header.
pub(super) const FRAME_HEADER_LEN: usize = 48;

/// Frames start at multiples of this, which makes the search for frames after damage eight times shorter.
pub(super) const FRAME_ALIGN: usize = 8;

/// Version of segments.
pub(super) const JOURNAL_VERSION: u32 = 1;

/// Version of frames, counted from 0.
pub(super) const FRAME_VERSION: u32 = 0;

const MAGIC: [u8; 8] = *b"AttenJrn";

/// The largest number of a segment, sequence or place: beyond, counting on would come to an end.
const NUMBER_MAX: u64 = 1 << 62;

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameKind {
    /// The facts of a commit.
    Batch = 1,
    /// Blocks of a generation written past the journal become part of the database.
    Adopt = 2,
}

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) database_id: u128,
    /// In every frame of this segment, so that no frame of another one is taken for one of this.
    pub(super) nonce: u64,
    pub(super) number: u64,
    pub(super) first_sequence: u64,
    pub(super) start: u64,
    pub(super) hash_before: u64,
    /// The sequence of the root the database was opened with.
    pub(super) root_sequence: u64,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER_LEN] {
        let mut bytes = [0; SEGMENT_HEADER_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&JOURNAL_VERSION.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.database_id.to_le_bytes());
        let numbers = [self.nonce, self.number, self.first_sequence, self.start, self.hash_before, self.root_sequence];
        for (at, number) in numbers.into_iter().enumerate() {
            bytes[32 + 8 * at..40 + 8 * at].copy_from_slice(&number.to_le_bytes());
        }
        let checksum = xxh3_64(&bytes[..80]);
        bytes[80..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Returns the version of a segment whose header is whole and of another version than this build's.
    pub(super) fn other_version(bytes: &[u8]) -> Option<u32> {
        let bytes = bytes.get(..SEGMENT_HEADER_LEN)?;
        let version = u32::from_le_bytes(bytes[8..12].try_into().expect("four bytes"));
        let is_whole = bytes[..8] == MAGIC && xxh3_64(&bytes[..80]) == number(bytes, 80);
        (is_whole && version != JOURNAL_VERSION).then_some(version)
    }

    /// Returns the header at the start of a segment, or what is wrong with it.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes = bytes.get(..SEGMENT_HEADER_LEN).ok_or("a file shorter than a header")?;
        if bytes[..8] != MAGIC {
            return Err("no journal segment");
        }
        if xxh3_64(&bytes[..80]) != number(bytes, 80) {
            return Err("a damaged header");
        }
        if bytes[8..12] != JOURNAL_VERSION.to_le_bytes() {
            return Err("another journal version");
        }
        let database_id = u128::from(number(bytes, 24)) << 64 | u128::from(number(bytes, 16));
        let [nonce, own, first_sequence, start, hash_before, root_sequence] =
            std::array::from_fn(|at| number(bytes, 32 + 8 * at));
        if [own, first_sequence, start, root_sequence].iter().any(|number| *number > NUMBER_MAX) {
            return Err("numbers that cannot be counted on from");
        }
        Ok(Self { database_id, nonce, number: own, first_sequence, start, hash_before, root_sequence })
    }
}

/// What a whole frame says of itself that this build does not know: another one wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// Its version.
    Version(u32),
    /// Its kind.
    Kind(u8),
}

/// A frame, found in a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) sequence: u64,
    pub(super) durable_to: u64,
    pub(super) hash_before: u64,
    pub(super) kind: FrameKind,
    pub(super) hash: u64,
    pub(super) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Returns the bytes a frame takes.
    pub(super) fn len_of(payload: usize) -> usize {
        (FRAME_HEADER_LEN + payload).next_multiple_of(FRAME_ALIGN)
    }

    /// Writes the frame's bytes over `bytes` and returns its hash. `self.hash` is not read.
    pub(super) fn encode(&self, nonce: u64, bytes: &mut Vec<u8>) -> u64 {
        bytes.clear();
        bytes.reserve(Self::len_of(self.payload.len()));
        for number in [nonce, self.sequence, self.durable_to, self.hash_before] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let len = u32::try_from(self.payload.len()).expect("append checked the length");
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&(self.kind as u32 | FRAME_VERSION << 8).to_le_bytes());
        let hash = hash_of(bytes, self.payload);
        bytes.extend_from_slice(&hash.to_le_bytes());
        bytes.extend_from_slice(self.payload);
        bytes.resize(bytes.len().next_multiple_of(FRAME_ALIGN), 0);
        hash
    }

    /// Returns the frame at the start of `bytes`, if there is a whole one of this nonce.
    ///
    /// # Errors
    /// What is not known of a whole one: it must not be taken for a torn tail.
    pub(super) fn decode(nonce: u64, bytes: &'a [u8]) -> Result<Option<Self>, Foreign> {
        let Some(header) = bytes.get(..FRAME_HEADER_LEN).filter(|header| number(header, 0) == nonce) else {
            return Ok(None);
        };
        let numbers = number(header, 32);
        let Some(payload) = bytes[FRAME_HEADER_LEN..].get(..(numbers as u32) as usize) else { return Ok(None) };
        let hash = number(header, 40);
        if hash_of(&header[..40], payload) != hash {
            return Ok(None);
        }
        let version = (numbers >> 40) as u32;
        if version != FRAME_VERSION {
            return Err(Foreign::Version(version));
        }
        let kind = match header[36] {
            1 => FrameKind::Batch,
            2 => FrameKind::Adopt,
            kind => return Err(Foreign::Kind(kind)),
        };
        let [sequence, durable_to, hash_before] = [8, 16, 24].map(|at| number(header, at));
        Ok(Some(Self { sequence, durable_to, hash_before, kind, hash, payload }))
    }
}

fn hash_of(header: &[u8], payload: &[u8]) -> u64 {
    let mut hasher = Xxh3Default::new();
    hasher.update(header);
    hasher.update(payload);
    hasher.digest()
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_golden() {
        let header = SegmentHeader {
            database_id: 1,
            nonce: 2,
            number: 3,
            first_sequence: 4,
            start: 5,
            hash_before: 6,
            root_sequence: 7,
        };
        let bytes = header.encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        assert_eq!(bytes[..16], *b"AttenJrn\x01\0\0\0\0\0\0\0");
        assert_eq!(number(&bytes, 80), 4_590_461_525_190_299);
        let changes: [fn(&mut SegmentHeader); 3] =
            [|h| h.start = u64::MAX, |h| h.first_sequence = u64::MAX, |h| h.number = 1 << 63];
        for change in changes {
            let mut beyond = header;
            change(&mut beyond);
            assert_eq!(SegmentHeader::decode(&beyond.encode()), Err("numbers that cannot be counted on from"));
        }
        let frame =
            Frame { sequence: 1, durable_to: 2, hash_before: 3, kind: FrameKind::Adopt, hash: 0, payload: b"abc" };
        let mut bytes = Vec::new();
        let hash = frame.encode(9, &mut bytes);
        assert_eq!(bytes.len(), 56);
        assert_eq!(hash, 17_975_660_560_939_154_435);
        assert_eq!(bytes[36..40], [2, 0, 0, 0]);
        assert_eq!(bytes[48..], *b"abc\0\0\0\0\0");
        assert!(matches!(Frame::decode(8, &bytes), Ok(None)));
        for bit in 0..51 * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Frame::decode(9, &flipped), Ok(None)), "bit {bit}");
        }
    }
}
