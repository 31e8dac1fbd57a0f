//! What was written and is not durable yet: read from here, and kept until a flush has returned.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::Bytes;

/// New bytes, or a removal, by key.
pub(super) type Batch = BTreeMap<Vec<u8>, Option<Bytes>>;

/// Writes that wait for a flush, and those that one is writing.
#[derive(Default)]
pub(super) struct Pending(RwLock<State>);

#[derive(Default)]
struct State {
    new: Batch,
    flushing: Arc<Batch>,
}

impl Pending {
    /// Returns the newest write of a key: `None` where there is none, `Some(None)` for a removal.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.new.get(key).or_else(|| state.flushing.get(key)).cloned()
    }

    /// Takes a write.
    pub(super) fn put(&self, key: &[u8], bytes: Option<Bytes>) {
        self.change(|state| state.new.insert(key.to_vec(), bytes));
    }

    /// Returns what a flush has to write, if anything. Flushes come one after another, each with its [`end`](Self::end).
    pub(super) fn begin(&self) -> Option<Arc<Batch>> {
        self.change(|state| {
            if state.new.is_empty() {
                return None;
            }
            state.flushing = Arc::new(std::mem::take(&mut state.new));
            Some(state.flushing.clone())
        })
    }

    /// Ends a flush: what it wrote is durable, or waits for the next one beneath what came since.
    pub(super) fn end(&self, is_durable: bool) {
        self.change(|state| {
            let flushed = std::mem::take(&mut state.flushing);
            if !is_durable {
                let newer = std::mem::replace(&mut state.new, Arc::unwrap_or_clone(flushed));
                state.new.extend(newer);
            }
        });
    }

    /// Drops the writes of some keys that no flush is writing.
    pub(super) fn forget(&self, is_forgotten: &dyn Fn(&[u8]) -> bool) {
        self.change(|state| state.new.retain(|key, _| !is_forgotten(key)));
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns the bytes of a batch.
pub(super) fn bytes_of(batch: &Batch) -> u64 {
    batch.iter().map(|(key, bytes)| (key.len() + bytes.as_ref().map_or(0, |bytes| bytes.len())) as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_that_failed_leaves_the_newest_writes() {
        let pending = Pending::default();
        let bytes = |text: &[u8]| Some(Bytes::copy_of(text));
        pending.put(b"a", bytes(b"1"));
        pending.put(b"b", bytes(b"1"));
        let batch = pending.begin().unwrap();
        assert_eq!((batch.len(), bytes_of(&batch)), (2, 4));
        pending.put(b"a", None);
        let read = |key: &[u8]| pending.get(key).map(|found| found.map(|bytes| bytes.to_vec()));
        assert_eq!((read(b"a"), read(b"b"), read(b"c")), (Some(None), Some(Some(b"1".to_vec())), None));
        drop(batch);
        pending.end(false);
        assert_eq!((read(b"a"), read(b"b")), (Some(None), Some(Some(b"1".to_vec()))));
        pending.forget(&|key| key == b"b");
        assert_eq!(pending.begin().unwrap().len(), 1);
        pending.end(true);
        assert!(pending.begin().is_none() && read(b"a").is_none());
    }
}
