//! Storage: bytes that survive.

pub(crate) mod block;
pub(crate) mod bytes;
pub(crate) mod codec;
pub(crate) mod key;
pub(crate) mod store;

pub(crate) use bytes::Bytes;
pub(crate) use key::{BlockKey, BlockKind};
