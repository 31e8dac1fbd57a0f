//! Equality indexes: from a property's value to the nodes of a label that have it.
//!
//! The hash of a value chooses a chunk (its high bits) and a fingerprint (its low 32); a chunk is a stored table of
//! (fingerprint, id) under changes not yet folded. A probe yields candidates; the property itself decides. Values that
//! openCypher calls equal hash alike: `1` and `1.0`, `0` and `-0.0`. `NaN` equals nothing and is not indexed.

use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{base::Layered, paged::Paged};
use crate::{Result, model::Value, storage::HashChunk, storage::ValueRef};

/// Entries a chunk should have at most on average: a chunk is rewritten whole when one of its entries changed.
const CHUNK_ENTRIES: u64 = 1024;

/// How many changed entries are compared at once: some vectors of them, and still few to look through for a match.
const PROBE_LANE: usize = 32;

/// The binary logarithm of the most chunks: as many as hold an entry for every node id.
pub(crate) const CHUNKS_LOG2_MAX: u32 = 22;

/// What is known of one index.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    chunks: Paged<IndexPage>,
    chunks_log2: u32,
    n_entries: u64,
}

/// A chunk of an index.
pub(crate) type IndexPage = Layered<HashChunk, IndexDelta>;

/// A (fingerprint, node id) pair.
pub(crate) type Entry = (u32, u32);

/// What changed in a chunk.
#[derive(Debug, Clone, Default)]
pub(crate) struct IndexDelta {
    pub(crate) added: Vec<Entry>,
    pub(crate) removed: Vec<Entry>,
}

impl IndexDelta {
    /// Returns this change as one to a base that has `folded` in it already.
    pub(crate) fn rebase(&self, folded: &Self) -> Self {
        let difference = |a: &[Entry], b: &[Entry]| -> Vec<Entry> {
            let b: FxHashSet<Entry> = b.iter().copied().collect();
            a.iter().filter(|entry| !b.contains(*entry)).copied().collect()
        };
        let mut added = difference(&self.added, &folded.added);
        added.extend(difference(&folded.removed, &self.removed));
        let mut removed = difference(&folded.added, &self.added);
        removed.extend(difference(&self.removed, &folded.removed));
        Self { added, removed }
    }

    /// Returns whether nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl Index {
    /// Returns the index of stored chunks.
    pub(crate) fn from_parts(chunks: Paged<IndexPage>, chunks_log2: u32, n_entries: u64) -> Self {
        Self { chunks, chunks_log2, n_entries }
    }

    /// Returns an index ready for this many entries.
    pub(crate) fn with_capacity(n_entries: u64) -> Self {
        let chunks = n_entries.div_ceil(CHUNK_ENTRIES).clamp(1, 1 << CHUNKS_LOG2_MAX).next_power_of_two();
        Self { chunks: Paged::default(), chunks_log2: chunks.trailing_zeros(), n_entries: 0 }
    }

    /// Returns how many entries there are.
    pub(crate) fn n_entries(&self) -> u64 {
        self.n_entries
    }

    /// Returns the binary logarithm of the number of chunks.
    pub(crate) fn chunks_log2(&self) -> u32 {
        self.chunks_log2
    }

    /// Returns the chunks.
    pub(crate) fn chunks(&self) -> &Paged<IndexPage> {
        &self.chunks
    }

    /// Returns the chunks to replace them.
    pub(crate) fn chunks_mut(&mut self) -> &mut Paged<IndexPage> {
        &mut self.chunks
    }

    /// Visits the ids stored for a hash, until `visit` returns false.
    #[inline]
    pub(crate) fn probe(&self, hash: u64, mut visit: impl FnMut(u32) -> Result<bool>) -> Result<()> {
        let fingerprint = hash as u32;
        let Some(page) = self.chunks.get(chunk_of(hash, self.chunks_log2)) else { return Ok(()) };
        let base = page.base()?;
        match &page.delta {
            None => {
                for id in base.iter().flat_map(|base| base.probe(fingerprint)) {
                    if !visit(id)? {
                        return Ok(());
                    }
                }
            }
            Some(delta) => {
                for id in base.iter().flat_map(|base| base.probe(fingerprint)) {
                    if !delta.removed.contains(&(fingerprint, id)) && !visit(id)? {
                        return Ok(());
                    }
                }
                // A lane at a time, without a branch an entry: most lanes hold no match.
                for lane in delta.added.chunks(PROBE_LANE) {
                    if !lane.iter().fold(false, |any, (found, _)| any | (*found == fingerprint)) {
                        continue;
                    }
                    for &(_, id) in lane.iter().filter(|(found, _)| *found == fingerprint) {
                        if !visit(id)? {
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns every live entry of a chunk.
    pub(crate) fn entries(page: &IndexPage) -> Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = page.base()?.map_or_else(Vec::new, |base| base.iter().collect());
        if let Some(delta) = &page.delta {
            if !delta.removed.is_empty() {
                let removed: FxHashSet<Entry> = delta.removed.iter().copied().collect();
                entries.retain(|entry| !removed.contains(entry));
            }
            entries.extend(&delta.added);
        }
        Ok(entries)
    }

    /// Adds an entry that is not there.
    pub(crate) fn add(&mut self, hash: u64, id: u32) {
        let entry = (hash as u32, id);
        let delta = self.chunks.get_mut(chunk_of(hash, self.chunks_log2)).delta_mut();
        match delta.removed.iter().position(|removed| *removed == entry) {
            Some(at) => drop(delta.removed.swap_remove(at)),
            None => delta.added.push(entry),
        }
        self.n_entries += 1;
    }

    /// Removes an entry that is there.
    pub(crate) fn remove(&mut self, hash: u64, id: u32) {
        let entry = (hash as u32, id);
        let delta = self.chunks.get_mut(chunk_of(hash, self.chunks_log2)).delta_mut();
        match delta.added.iter().position(|added| *added == entry) {
            Some(at) => drop(delta.added.swap_remove(at)),
            None => delta.removed.push(entry),
        }
        // A damaged index may say less than it holds; a check tells.
        self.n_entries = self.n_entries.saturating_sub(1);
    }

    /// Returns whether the chunks hold so many more entries than they should that they ought to be split.
    pub(crate) fn is_crowded(&self) -> bool {
        self.n_entries > (CHUNK_ENTRIES * 4) << self.chunks_log2
    }
}

/// Returns the chunk of a hash.
#[inline]
pub(crate) fn chunk_of(hash: u64, chunks_log2: u32) -> u32 {
    if chunks_log2 == 0 { 0 } else { (hash >> (64 - chunks_log2)) as u32 }
}

/// Returns the hash of an integer.
#[inline]
pub(crate) fn hash_int(n: i64) -> u64 {
    xxh3_64_with_seed(&n.to_le_bytes(), 1)
}

/// Returns the hash of a string.
#[inline]
pub(crate) fn hash_str(text: &str) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), 2)
}

/// Returns the hash of a number, or `None` for `NaN`.
pub(crate) fn hash_float(x: f64) -> Option<u64> {
    let whole = x as i64;
    if x.is_nan() {
        None
    } else if Value::Int(whole).same(&Value::Float(x)) {
        Some(hash_int(whole))
    } else {
        Some(xxh3_64_with_seed(&x.to_bits().to_le_bytes(), 3))
    }
}

/// Returns the hash of a value, or `None` where it equals nothing (null, `NaN`, and lists with them).
pub(crate) fn hash_value(value: &Value) -> Option<u64> {
    match value {
        Value::Int(n) => Some(hash_int(*n)),
        Value::String(s) => Some(hash_str(s)),
        Value::Float(x) => hash_float(*x),
        Value::Bool(b) => Some(xxh3_64_with_seed(&[u8::from(*b)], 4)),
        Value::Date(d) => Some(xxh3_64_with_seed(&d.days().to_le_bytes(), 5)),
        Value::Temporal(temporal) => {
            let (kind, numbers, zone) = temporal.to_numbers();
            let mut bytes = vec![kind];
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            bytes.extend_from_slice(zone.unwrap_or_default().as_bytes());
            Some(xxh3_64_with_seed(&bytes, 6))
        }
        Value::Point(point) => {
            let (srid, bits) = point.to_bits();
            let mut bytes = srid.to_le_bytes().to_vec();
            bytes.extend(bits.iter().flat_map(|bits| bits.to_le_bytes()));
            Some(xxh3_64_with_seed(&bytes, 7))
        }
        Value::List(items) => {
            let hashes: Option<Vec<u8>> = items
                .iter()
                .map(|item| Some(hash_value(item)?.to_le_bytes()))
                .collect::<Option<Vec<_>>>()
                .map(|h| h.concat());
            hashes.map(|hashes| xxh3_64(&hashes))
        }
        Value::Null | Value::Map(_) | Value::Node(_) | Value::Relationship(_) | Value::Path(_) => None,
    }
}

/// Returns the hash of a stored value, as [`hash_value`].
pub(crate) fn hash_ref(value: &ValueRef<'_>) -> Option<u64> {
    match value {
        ValueRef::Int(n) => Some(hash_int(*n)),
        ValueRef::Str(text) => Some(hash_str(text)),
        ValueRef::Null => None,
        other => hash_value(&other.to_value()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_hash_alike() {
        assert_eq!(hash_value(&Value::Int(1)), hash_value(&Value::Float(1.0)));
        assert_eq!(hash_value(&Value::Float(0.0)), hash_value(&Value::Float(-0.0)));
        assert_eq!(hash_value(&Value::Float(f64::NAN)), None);
        assert_ne!(hash_value(&Value::Int(1)), hash_value(&Value::from("1")));
    }

    #[test]
    fn changes_cancel_and_rebase() {
        let mut index = Index::with_capacity(1);
        index.add(7, 1);
        index.add(7, 2);
        let folded = index.chunks.get(0).unwrap().delta.clone().unwrap();
        index.remove(7, 1);
        index.add(8, 3);
        let now = index.chunks.get(0).unwrap().delta.clone().unwrap();
        let rest = now.rebase(&folded);
        assert_eq!((rest.added.as_slice(), rest.removed.as_slice()), (&[(8, 3)][..], &[(7, 1)][..]));
        let mut found = Vec::new();
        index
            .probe(7, |id| {
                found.push(id);
                Ok(true)
            })
            .unwrap();
        assert_eq!((found.as_slice(), index.n_entries()), (&[2][..], 2));
    }
}
