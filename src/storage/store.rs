//! sled, and its twin in memory: the only file that names sled.

/// A value of sled: its own bytes, shared and never changed.
pub(crate) struct SledValue(sled::InlineArray);

impl AsRef<[u8]> for SledValue {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Where blocks live.
#[derive(Debug)]
pub(crate) enum Store {
    /// In memory, for databases that are never written to disk.
    Memory(std::sync::Mutex<std::collections::BTreeMap<super::BlockKey, super::Bytes>>),
}

impl Store {
    /// Returns an empty store in memory.
    pub(crate) fn memory() -> Self {
        Self::Memory(std::sync::Mutex::default())
    }

    /// Returns the bytes under a key.
    pub(crate) fn get(&self, key: &super::BlockKey) -> crate::Result<Option<super::Bytes>> {
        let Self::Memory(blocks) = self;
        Ok(blocks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(key).cloned())
    }

    /// Writes, or removes, the bytes under these keys.
    pub(crate) fn apply(&self, writes: Vec<(super::BlockKey, Option<super::Bytes>)>) -> crate::Result<()> {
        let Self::Memory(blocks) = self;
        let mut blocks = blocks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (key, bytes) in writes {
            match bytes {
                Some(bytes) => drop(blocks.insert(key, bytes)),
                None => drop(blocks.remove(&key)),
            }
        }
        Ok(())
    }
}
