//! Immutable bytes, 8-byte aligned, cheap to clone: what blocks are pinned in.

use std::{fmt, ops::Deref, sync::Arc};

use super::{block::Buffer, store::SledValue};

/// The alignment every [`Bytes`] has: the largest of any archived type.
pub(crate) const BYTES_ALIGN: usize = 8;

/// Immutable bytes, aligned to [`BYTES_ALIGN`]. They never move and never change while any clone lives.
#[derive(Clone)]
pub(crate) struct Bytes(Inner);

#[derive(Clone)]
enum Inner {
    /// sled's own bytes, not copied.
    Sled(Arc<SledValue>),
    Owned(Arc<Buffer>),
}

impl Bytes {
    /// Returns the bytes of a buffer.
    pub(crate) fn from_buffer(buffer: Buffer) -> Self {
        Self(Inner::Owned(Arc::new(buffer)))
    }

    /// Returns a copy of some bytes.
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        let mut buffer = Buffer::with_capacity(bytes.len());
        buffer.extend_from_slice(bytes);
        Self::from_buffer(buffer)
    }

    /// Returns the bytes of a value of sled, copied only where sled did not align them (values up to 22 bytes live
    /// inside its handle, and nothing promises more for larger ones).
    pub(crate) fn from_sled(value: SledValue) -> Self {
        let value = Arc::new(value);
        if (*value).as_ref().as_ptr().addr().is_multiple_of(BYTES_ALIGN) {
            Self(Inner::Sled(value))
        } else {
            Self::copy_of((*value).as_ref())
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Inner::Sled(value) => (**value).as_ref(),
            Inner::Owned(buffer) => buffer.as_slice(),
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
