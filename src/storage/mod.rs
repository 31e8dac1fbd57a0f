//! Storage: the format, and what makes it survive. Knows bytes, files and generations; not what a label or a type means.
//!
//! # A database is a directory
//!
//! | name | what |
//! |---|---|
//! | `header` | magic, format version, database id, checksum: [`header`] |
//! | `lock`, `process` | the lock of the handle that has it open, and that handle's process id |
//! | `process.lock` | locked while `process` names the handle that has it open |
//! | `journal/<number>.journal` | segments of frames, one frame a commit: [`journal`] |
//! | `journal/*.new` | segments being prepared; deleted on open |
//! | `blocks/` | sled: blocks by [`BlockKey`], and two roots: [`store`], [`root`] |
//! | `fulltext/<index number>/` | words of full-text indexes, made from the rest and made anew where they are not whole |
//! | `blocks/end` | how long sled's newest log is at least: [`sledfiles`] |
//!
//! Who opens it read-only changes none of these: the lock is shared while the journal is read and `blocks` copied, and
//! given back then ([`private`]).
//!
//! Numbers are little-endian everywhere but in keys, which are big-endian so that their bytes sort as they do.
//! Checksums are xxh3-64.
//!
//! # Tags
//!
//! Kinds of blocks, [`BlockKind`]: the first byte of a key and of a block.
//!
//! | tag | kind | `sub` | over | record |
//! |---|---|---|---|---|
//! | 1, 2 | out-, in-adjacency | type | 1,024 nodes | [`AdjacencyBlock`] |
//! | 3 | node property | key | 1,024 nodes | [`ColumnBlock`] |
//! | 4 | relationship property | key | 1,024 relationship ids | [`ColumnBlock`] |
//! | 5, 6 | node label, node alive | label, 0 | 1,024 nodes | [`BitmapBlock`] |
//! | 7, 8, 9 | relationship start, end, type | 0 | 1,024 relationship ids | [`U32Column`] |
//! | 10 | relationship salience | 0 | 1,024 relationship ids | [`F32Column`] |
//! | 11 | relationship alive | 0 | 1,024 relationship ids | [`BitmapBlock`] |
//! | 12 | index | index number | a chunk of hashes | [`HashChunk`] |
//! | 13, 14 | catalog, counts | 0 | everything | bincode: [`codec`] |
//! | 15 | page table | 0 | 4,096 runs of blocks | [`root`] |
//! | 32-36 | reserved: ordered index, embedding, archive, ledger, temporal | | | |
//!
//! Kinds of frames, [`FrameKind`]: 1 batch (facts, [`codec::encode_facts`]), 2 adopt (the generation of a bulk load).
//!
//! # Key bytes
//!
//! `kind u8 | sub u32 | block u32 | generation u64`. Ids are dense: the block of an id is its bits above the lowest ten,
//! its place there the lowest ten ([`split`]). Named records (`root-a`, `root-b`) have keys that start with 0xff.
//!
//! # Value bytes
//!
//! Every value is a block: a header of 32 bytes with its own key, its length and a checksum, then a record that rkyv or
//! bincode wrote; the table is in [`block`]. A block is checked once, when it is pinned, and read in place from then on.
//!
//! # The version rule
//!
//! [`header::FORMAT_VERSION`] is raised by whatever a reader of the version before would misread: it then refuses with
//! found and supported before it touches anything. Segments, frames, facts, roots, catalog, counts, manifests and every kind
//! of block (the page table is one) carry a version of their own; a build that still reads an older one of those need not
//! raise the format's. What is whole but for its version is refused with [`Version`](crate::Error::Version) too: it is
//! neither damage, for which an older root would be taken, nor a torn tail, which would be cut. A block is looked at when
//! it is first read. The bytes of each are written down in tests, so none changes by accident,
//! and `tests/golden` keeps a whole database of each format that every later build must read.
//!
//! # Why nothing acknowledged is lost, and nothing appears by half
//!
//! 1. A commit is a frame in the journal. It is acknowledged when an `fdatasync` that began after the frame was written
//!    has returned. The segment was filled with zeros and synced when it was made, and its name is durable (directory
//!    sync), so the sync has only data to write.
//! 2. A frame carries the hash of the frame before, the segment's nonce and the database's id: what does not fit is no
//!    frame of this place. A crash may leave the last frames torn, in any order. Reading stops at the first bad frame. It
//!    is a torn tail, never acknowledged, unless a later valid frame says that it was durable (`durable_to`), or a later
//!    segment exists (made only after the one before was synced): then acknowledged bytes were damaged, and that is
//!    [`Corrupt`](crate::Error::Corrupt), not silence.
//! 3. Segments are never missing unseen: a database has its first one before its header, so an emptied journal is
//!    refused; numbers have no gap; each segment names the one after it once that is durable; and the first must reach back
//!    to the root.
//! 4. A torn tail is cut and what stays is written and synced again before anything follows it, in a new segment. A kill
//!    in between repeats the same steps. After a failed sync nothing more is written: whether the last frames survive is
//!    known when the journal is read again.
//! 5. Blocks are never overwritten: a key names the generation that wrote it. A checkpoint writes blocks of a new
//!    generation, then the page table that names every live block, and flushes; then it writes the root, and flushes.
//!    Before that second flush the old root stands and names only blocks that are still there; after it the new one does.
//!    sled may tear anything in between, or go back to the flush before: a root is whole or is not, and one that is there
//!    came after its blocks. That it goes back no further, and that it can bear what is in its files, is checked before it
//!    opens ([`sledfiles`]).
//! 6. Two roots are kept, and the journal since the older. If the newer root, its page table, catalog or counts are
//!    damaged, the older one and the journal give the same state. Facts are absolute (ids given, values set), so frames
//!    that blocks hold already do no harm.
//! 7. A bulk load bypasses the journal with its blocks but not with its commit: it writes and flushes blocks of a
//!    generation of its own, then one frame adopts them. Without the frame they are leftovers.
//! 8. Blocks that neither root, nor the journal, nor a living snapshot names are deleted after the root that made them
//!    dead; what a kill left behind has an older generation than anything written since, and is found by one scan.
//!
//! What this does not cover: a disk that lies about `fdatasync`; damage to acknowledged frames at the very end of the
//! journal, behind which nothing vouches for them: that looks like a torn tail (a file that ends
//! within a frame does not, one that was cut exactly between two does); and a newest segment that is taken away
//! after a power loss took the name of it from the one before.

pub(crate) mod apart;
pub(crate) mod block;
pub(crate) mod bytes;
pub(crate) mod codec;
#[cfg(any(test, feature = "crash"))]
pub(crate) mod fault;
mod file;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub(crate) mod header;
pub(crate) mod journal;
pub(crate) mod key;
mod private;
#[cfg(test)]
pub(crate) mod restamp;
pub(crate) mod root;
mod sledfiles;
mod staging;
pub(crate) mod store;
mod wreck;

pub(crate) use block::{
    AdjacencyBlock, BLOCK_BITS, BLOCK_LEN, BLOCK_WORDS, BitmapBlock, ColumnBlock, F32Column, HashChunk, IntView,
    NoteBlock, Presence, RelIds, StrView, U32Column, ValueRef, open_bytes, seal_bytes, split,
};
pub(crate) use bytes::Bytes;
pub(crate) use file::sync_dir;
pub(crate) use header::Home;
pub(crate) use journal::{FrameKind, Journal, Ticket};
pub(crate) use key::{BlockKey, BlockKind};
pub(crate) use root::{NUMBER_MAX, PageTable, Root, Roots};
pub(crate) use staging::Staging;
pub(crate) use store::Store;
pub(crate) use wreck::Wreck;

#[cfg(any(test, feature = "crash"))]
use fault::is_same_checksum;

/// Returns whether two checksums are the same.
#[cfg(not(any(test, feature = "crash")))]
fn is_same_checksum(expected: u64, found: u64) -> bool {
    expected == found
}
