//! Blocks: what lies under one key. Encoded once, checked once when pinned, read in place afterwards.
//!
//! Every block covers [`BLOCK_LEN`] consecutive ids ("local" = the id's place in its block, 0-1,023) and is
//!
//! | bytes | what |
//! |---|---|
//! | 0 | kind ([`BlockKind`](super::key::BlockKind)) |
//! | 1 | version of that kind's record, now [`BLOCK_VERSION`] |
//! | 2-3 | 0 |
//! | 4-7 | sub |
//! | 8-11 | block |
//! | 12-15 | length of the record |
//! | 16-23 | generation |
//! | 24-31 | xxh3-64 of the record, seeded with the xxh3-64 of bytes 0-23 |
//! | 32- | the record: an rkyv 0.8 archive, little-endian, aligned, 32-bit relative pointers |
//!
//! all little-endian. Nothing outside this folder names rkyv, and nothing in it knows what a label or a type means.

mod adjacency;
mod bitmap;
mod column;
mod hash;
mod ints;
mod notes;
mod numbers;
mod presence;
mod sorted;
mod vectors;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use adjacency::{AdjacencyBlock, RelIds};
pub(crate) use bitmap::BitmapBlock;
pub(crate) use column::{ColumnBlock, StrView, ValueRef};
pub(crate) use hash::HashChunk;
pub(crate) use ints::IntView;
pub(crate) use notes::NoteBlock;
pub(crate) use numbers::{F32Column, U32Column};
pub(crate) use presence::Presence;
pub(crate) use vectors::{VectorRow, VectorRows, Vectors};
pub(crate) use view::StrTable;

use rkyv::{
    Portable, Serialize,
    api::high::{HighSerializer, HighValidator},
    bytecheck::CheckBytes,
    rancor,
    ser::allocator::ArenaHandle,
    util::AlignedVec,
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{
    bytes::{BYTES_ALIGN, Bytes},
    is_same_checksum,
    key::BlockKey,
};
use crate::{Error, Result};

/// Ids a block covers: large enough that a block's offsets cost 4 bytes an id and one pin serves a thousand lookups,
/// small enough that a change rewrites some ten kilobytes. Part of the format.
pub(crate) const BLOCK_LEN: usize = 1 << BLOCK_BITS;

/// The bits of an id that are its place in a block.
pub(crate) const BLOCK_BITS: u32 = 10;

/// Words of a bitmap over a block.
pub(crate) const BLOCK_WORDS: usize = BLOCK_LEN / 64;

/// Version of every record in this folder; one kind's version may move on alone.
pub(crate) const BLOCK_VERSION: u8 = 1;

/// Bytes before the record. A multiple of [`BYTES_ALIGN`], so that the record is aligned as its bytes are.
pub(crate) const HEADER_LEN: usize = 32;

const _: () = assert!(HEADER_LEN.is_multiple_of(BYTES_ALIGN));

/// Bytes being written: aligned, growing.
pub(crate) type Buffer = AlignedVec<BYTES_ALIGN>;

/// Splits an id into its block and its place there.
#[inline(always)]
pub(crate) const fn split(id: u32) -> (u32, usize) {
    (id >> BLOCK_BITS, id as usize & (BLOCK_LEN - 1))
}

/// Returns a block: the header and `record` after it. `size` is a guess of its length.
fn seal<T>(key: &BlockKey, record: &T, size: usize) -> Bytes
where
    T: for<'a> Serialize<HighSerializer<Buffer, ArenaHandle<'a>, rancor::Error>>,
{
    let mut buffer = Buffer::with_capacity(HEADER_LEN + size);
    buffer.extend_from_slice(&[0; HEADER_LEN]);
    let mut buffer = rkyv::api::high::to_bytes_in::<_, rancor::Error>(record, buffer)
        .expect("a record of at most some thousand numbers fits memory and 32-bit pointers");
    let header = header(key, BLOCK_VERSION, &buffer[HEADER_LEN..]);
    buffer[..HEADER_LEN].copy_from_slice(&header);
    buffer.shrink_to_fit();
    Bytes::from_buffer(buffer)
}

fn header(key: &BlockKey, version: u8, record: &[u8]) -> [u8; HEADER_LEN] {
    let len = u32::try_from(record.len()).unwrap_or(u32::MAX);
    let mut header = [0; HEADER_LEN];
    header[0] = key.kind as u8;
    header[1] = version;
    header[4..8].copy_from_slice(&key.sub.to_le_bytes());
    header[8..12].copy_from_slice(&key.block.to_le_bytes());
    header[12..16].copy_from_slice(&len.to_le_bytes());
    header[16..24].copy_from_slice(&key.generation.to_le_bytes());
    let checksum = xxh3_64_with_seed(record, xxh3_64(&header[..24]));
    header[24..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Returns the record of a block after checking header, checksum and archive.
fn open<'a, T>(key: &BlockKey, bytes: &'a Bytes) -> Result<&'a T>
where
    T: Portable + for<'c> CheckBytes<HighValidator<'c, rancor::Error>>,
{
    rkyv::access::<T, rancor::Error>(record_of(key, bytes)?)
        .map_err(|error| Error::corrupt(key, "a record of its kind", error))
}

/// Returns the bytes of a block's record after checking header and checksum.
fn record_of<'a>(key: &BlockKey, bytes: &'a [u8]) -> Result<&'a [u8]> {
    let Some((found, record)) = bytes.split_at_checked(HEADER_LEN) else {
        return Err(Error::corrupt(key, format_args!("{HEADER_LEN} bytes or more"), bytes.len()));
    };
    // One that is whole but for its version is another build's; the others are damaged.
    if found[1] != BLOCK_VERSION && *found == header(key, found[1], record) {
        return Err(Error::version(key, found[1], BLOCK_VERSION));
    }
    let expected = header(key, BLOCK_VERSION, record);
    let checksum = |header: &[u8]| u64::from_le_bytes(header[24..HEADER_LEN].try_into().expect("8 bytes"));
    if found[..24] != expected[..24] {
        return Err(Error::corrupt(
            key,
            format_args!("header {:02x?}", &expected[..24]),
            format_args!("{:02x?}", &found[..24]),
        ));
    }
    let (expected, found) = (checksum(&expected), checksum(found));
    if !is_same_checksum(expected, found) {
        return Err(Error::corrupt(key, format_args!("checksum {expected:016x}"), format_args!("{found:016x}")));
    }
    Ok(record)
}

/// Wraps bytes that are no rkyv record (catalog, counts, page table) into a block.
pub(crate) fn seal_bytes(key: &BlockKey, record: &[u8]) -> Bytes {
    assert!(u32::try_from(record.len()).is_ok(), "records are far below 4 GB");
    let mut buffer = Buffer::with_capacity(HEADER_LEN + record.len());
    buffer.extend_from_slice(&header(key, BLOCK_VERSION, record));
    buffer.extend_from_slice(record);
    Bytes::from_buffer(buffer)
}

/// Returns the bytes that [`seal_bytes`] wrapped, after checking them.
pub(crate) fn open_bytes<'a>(key: &BlockKey, bytes: &'a [u8]) -> Result<&'a [u8]> {
    record_of(key, bytes)
}
