//! sled, and its twin in memory: the only file that names sled.

/// A value of sled: its own bytes, shared and never changed.
pub(crate) struct SledValue(sled::InlineArray);

impl AsRef<[u8]> for SledValue {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
