//! What a segment says of the one after it, so that a newest segment that went missing is noticed.
//!
//! [`NEXT_LEN`] bytes behind its last frame: magic 8 | the segment's nonce u64 | number of the next segment u64 | xxh3-64
//! of all that. Written once the next segment is durable, and not synced: where a power loss takes it, or a full disk has
//! no room for it, only this notice is lost. It is no frame: chain, sequences and places go on as if it were not there.

use xxhash_rust::xxh3::xxh3_64;

use super::{frame::FRAME_ALIGN, segment::Sealed};
use crate::{Result, storage::file::DiskFile};

/// Bytes of the notice.
const NEXT_LEN: usize = 32;

const MAGIC: [u8; 8] = *b"AttenNxt";

/// Writes behind the last frame of a segment which one follows it.
///
/// # Errors
/// As for writing files; the journal is whole without.
pub(super) fn write(segment: &Sealed, next: u64) -> Result<()> {
    DiskFile::open(&segment.path)?.write_at(&encode(segment.nonce, next), segment.bytes)
}

/// Returns the number of the segment that follows the one of this nonce, if the bytes behind its last frame say so.
pub(super) fn find(nonce: u64, tail: &[u8]) -> Option<u64> {
    let places = (0..tail.len().saturating_sub(NEXT_LEN - 1)).step_by(FRAME_ALIGN);
    places.map(|at| &tail[at..at + NEXT_LEN]).filter(|bytes| bytes[..8] == MAGIC).find_map(|bytes| {
        let next = u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes"));
        (*bytes == encode(nonce, next)).then_some(next)
    })
}

fn encode(nonce: u64, next: u64) -> [u8; NEXT_LEN] {
    let mut bytes = [0; NEXT_LEN];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..16].copy_from_slice(&nonce.to_le_bytes());
    bytes[16..24].copy_from_slice(&next.to_le_bytes());
    let checksum = xxh3_64(&bytes[..24]);
    bytes[24..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_found_behind_whatever_lies_there() {
        let bytes = encode(7, 9);
        assert_eq!(bytes[..24], *b"AttenNxt\x07\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0");
        assert_eq!(find(7, &bytes), Some(9));
        assert_eq!(find(7, &[&[1; 24][..], &bytes, &[0; 3]].concat()), Some(9));
        assert_eq!(find(8, &bytes), None, "another segment's");
        assert!((0..NEXT_LEN).all(|len| find(7, &bytes[..len]).is_none()));
        for bit in 0..NEXT_LEN * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(find(7, &flipped), None, "bit {bit}");
        }
    }
}
