//! Journals of any content whose hashes fit: the door of the fuzz targets to recovery.

use super::{
    Journal,
    frame::{Frame, FrameKind, SEGMENT_HEADER_LEN, SegmentHeader},
};
use crate::{Error, Result};

/// The id of the databases whose journals are made here.
pub(crate) const DATABASE_ID: u128 = 0x5eed;

/// Bytes of a segment's header before its checksum: what may be changed.
const HEADER_BODY: usize = SEGMENT_HEADER_LEN - 8;

/// A segment taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// The header, its checksum aside.
    pub(crate) header: Vec<u8>,
    /// Kind and payload of each frame.
    pub(crate) frames: Vec<(u8, Vec<u8>)>,
}

/// Returns the header and the frames of a whole segment.
pub(crate) fn take_apart(bytes: &[u8]) -> Option<Parts> {
    let header = SegmentHeader::decode(bytes).ok()?;
    let mut frames = Vec::new();
    let mut at = SEGMENT_HEADER_LEN;
    while let Some(frame) = bytes.get(at..).and_then(|rest| Frame::decode(header.nonce, rest).ok()?) {
        frames.push((frame.kind as u8, frame.payload.to_vec()));
        at += Frame::len_of(frame.payload.len());
    }
    Some(Parts { header: bytes[..HEADER_BODY].to_vec(), frames })
}

/// Returns the bytes of a segment: checksum, sequences and hash chain as the header asks for.
pub(crate) fn put_together(parts: &Parts) -> Vec<u8> {
    let mut bytes = parts.header.clone();
    bytes.resize(HEADER_BODY, 0);
    bytes.extend_from_slice(&xxhash_rust::xxh3::xxh3_64(&bytes).to_le_bytes());
    let Ok(header) = SegmentHeader::decode(&bytes) else { return bytes };
    let mut hash_before = header.hash_before;
    let mut frame_bytes = Vec::new();
    for (at, (kind, payload)) in parts.frames.iter().enumerate() {
        let kind = if *kind == FrameKind::Adopt as u8 { FrameKind::Adopt } else { FrameKind::Batch };
        let sequence = header.first_sequence.wrapping_add(at as u64);
        let frame = Frame { sequence, durable_to: 0, hash_before, kind, hash: 0, payload };
        hash_before = frame.encode(header.nonce, &mut frame_bytes);
        bytes.extend_from_slice(&frame_bytes);
    }
    bytes
}

/// Recovers a journal of one segment from bytes: as they are, or, where the first says so, with hashes that fit.
/// Returns how many frames were found.
pub(crate) fn recover(dir: &std::path::Path, input: &[u8]) -> Result<u64> {
    let Some((&choice, body)) = input.split_first() else { return Ok(0) };
    let from_sequence = u64::from(choice >> 4);
    let bytes = if choice & 1 == 0 {
        body.to_vec()
    } else {
        let header = SegmentHeader {
            database_id: DATABASE_ID,
            nonce: 7,
            number: 1,
            first_sequence: 1,
            start: 0,
            hash_before: 0,
            root_sequence: 0,
        };
        let mut header = header.encode()[..HEADER_BODY].to_vec();
        // The second bit: the input begins with what stands in the header behind the database's id.
        let numbers = if choice & 2 == 0 { 0 } else { body.len().min(HEADER_BODY - 32) };
        header[32..32 + numbers].copy_from_slice(&body[..numbers]);
        let mut frames = Vec::new();
        let mut rest = &body[numbers..];
        while let Some((head, tail)) = rest.split_at_checked(2) {
            let len = usize::from(head[0]).min(tail.len());
            frames.push((head[1] & 3, tail[..len].to_vec()));
            rest = &tail[len..];
        }
        put_together(&Parts { header, frames })
    };
    let journal_dir = dir.join("journal");
    std::fs::create_dir_all(&journal_dir).map_err(|error| Error::io("create", &journal_dir, &error))?;
    let path = journal_dir.join(format!("{:016}.journal", 1));
    std::fs::write(&path, bytes).map_err(|error| Error::io("write", &path, &error))?;
    let mut n_frames = 0;
    let mut open = || {
        Journal::open(&journal_dir, DATABASE_ID, from_sequence, &mut |sequence, kind, payload| {
            assert!(sequence > from_sequence, "frame {sequence} is in the root");
            n_frames += 1;
            if kind == FrameKind::Batch { crate::storage::codec::decode_facts(payload).map(drop) } else { Ok(()) }
        })
    };
    let first = open()?;
    let durable = first.durable_sequence();
    // What was cut must read the same again.
    let second = open()?;
    assert_eq!(durable, second.durable_sequence(), "recovery repeats itself");
    Ok(n_frames / 2)
}
