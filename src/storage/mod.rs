//! Storage: bytes that survive.

pub(crate) mod block;
pub(crate) mod bytes;
pub(crate) mod codec;
#[cfg(any(test, feature = "crash"))]
pub(crate) mod fault;
mod file;
pub(crate) mod header;
pub(crate) mod journal;
pub(crate) mod key;
pub(crate) mod root;
pub(crate) mod store;

pub(crate) use block::{
    AdjacencyBlock, BLOCK_LEN, BLOCK_WORDS, BitmapBlock, ColumnBlock, F32Column, HashChunk, IntView, Presence, RelIds,
    StrView, U32Column, ValueRef, open_bytes, seal_bytes, split,
};
pub(crate) use bytes::Bytes;
pub(crate) use header::Home;
pub(crate) use journal::{FrameKind, Journal, Ticket};
pub(crate) use key::{BlockKey, BlockKind};
pub(crate) use root::{PageTable, Root, Roots};
pub(crate) use store::Store;
