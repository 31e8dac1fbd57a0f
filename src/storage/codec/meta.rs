//! Metadata as stored: catalog, counts, and what a commit of bulk loads adopts; of this version and of those before.

use bincode::{Decode, Encode};

use super::{FulltextRecord, decode_meta};
use crate::{
    Result,
    model::{Embedder, KeyId, LabelId, Metric, Space, SpaceOwner, Storage, TypeId},
    storage::key::KEY_LEN,
};

/// The dictionary and what else must be known before the first block is read. Strings lie in the order of their ids.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(crate) struct CatalogRecord {
    /// Labels.
    pub(crate) labels: Vec<String>,
    /// Relationship types.
    pub(crate) types: Vec<String>,
    /// Property keys.
    pub(crate) keys: Vec<String>,
    /// Indexes and constraints.
    pub(crate) indexes: Vec<IndexRecord>,
    /// The label each block of node ids was given to: `u32::MAX` where its nodes have none.
    pub(crate) extents: Vec<u32>,
    /// (label, next free id) of the last such block of a label.
    pub(crate) open_extents: Vec<(u32, u32)>,
    /// The first relationship id never given.
    pub(crate) next_rel: u32,
    /// The first index number never given.
    pub(crate) next_index: u32,
    /// Embedding spaces.
    pub(crate) spaces: Vec<SpaceRecord>,
    /// How each keeps its vectors: see [`kept_record`].
    pub(crate) storages: Vec<u8>,
    /// Full-text indexes.
    pub(crate) fulltexts: Vec<FulltextRecord>,
}

/// The catalog before there were embedding spaces: version 1.
#[derive(Decode)]
struct CatalogRecord1 {
    labels: Vec<String>,
    types: Vec<String>,
    keys: Vec<String>,
    indexes: Vec<IndexRecord>,
    extents: Vec<u32>,
    open_extents: Vec<(u32, u32)>,
    next_rel: u32,
    next_index: u32,
}

impl From<CatalogRecord1> for CatalogRecord {
    fn from(record: CatalogRecord1) -> Self {
        let CatalogRecord1 { labels, types, keys, indexes, extents, open_extents, next_rel, next_index } = record;
        let ids = Self { extents, open_extents, next_rel, next_index, ..Self::default() };
        Self { labels, types, keys, indexes, ..ids }
    }
}

/// The catalog before spaces had a storage, and before there were full-text indexes: version 2.
#[derive(Decode)]
struct CatalogRecord2 {
    before: CatalogRecord1,
    spaces: Vec<SpaceRecord>,
}

impl From<CatalogRecord2> for CatalogRecord {
    fn from(record: CatalogRecord2) -> Self {
        let storages = vec![0; record.spaces.len()];
        Self { spaces: record.spaces, storages, ..record.before.into() }
    }
}

/// An embedding space, as stored.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct SpaceRecord {
    /// Its name.
    pub(crate) name: String,
    /// Relationships have the embeddings, not nodes.
    pub(crate) of_relationships: bool,
    /// Their labels or types; none means all.
    pub(crate) owners: Vec<u32>,
    /// The property key.
    pub(crate) key: u32,
    /// Numbers of a vector.
    pub(crate) dimension: u32,
    /// The metric: its place in the list of all.
    pub(crate) metric: u8,
    /// The embedder, and the key of the text it works on.
    pub(crate) embedder: Option<(String, u32)>,
    /// The bits of the deviation of similarities, 0 where it was not measured.
    pub(crate) deviation: u32,
    /// Of how many vectors that was measured.
    pub(crate) n_measured: u64,
}

impl SpaceRecord {
    /// Returns the record of a space and of what was measured of it.
    pub(crate) fn new(space: &Space, (deviation, n_measured): (f32, u64)) -> Self {
        let (of_relationships, owners) = match &space.owner {
            SpaceOwner::Nodes(labels) => (false, labels.iter().map(|label| label.get()).collect()),
            SpaceOwner::Relationships(types) => (true, types.iter().map(|rel_type| rel_type.get()).collect()),
        };
        let metric = Metric::ALL.iter().position(|metric| *metric == space.metric).unwrap_or_default() as u8;
        Self {
            name: space.name.to_string(),
            of_relationships,
            owners,
            key: space.key.get(),
            dimension: space.dimension,
            metric,
            embedder: space.embedder.as_ref().map(|embedder| (embedder.name.to_string(), embedder.from.get())),
            deviation: deviation.to_bits(),
            n_measured,
        }
    }

    /// Returns the space that keeps its vectors as [`kept_record`] says; whether it is a possible one is for the caller to
    /// check.
    pub(crate) fn space(&self, kept: u8) -> Space {
        let owners = self.owners.iter().copied();
        Space {
            name: self.name.as_str().into(),
            owner: match self.of_relationships {
                false => SpaceOwner::Nodes(owners.map(LabelId::new).collect()),
                true => SpaceOwner::Relationships(owners.map(TypeId::new).collect()),
            },
            key: KeyId::new(self.key),
            dimension: self.dimension,
            metric: Metric::ALL.get(usize::from(self.metric)).copied().unwrap_or_default(),
            storage: Storage::ALL.get(usize::from(kept & !INDEXED)).copied().unwrap_or_default(),
            embedder: self
                .embedder
                .as_ref()
                .map(|(name, from)| Embedder { name: name.as_str().into(), from: KeyId::new(*from) }),
            indexed: kept & INDEXED != 0,
        }
    }
}

/// The bit of a space whose vectors are indexed.
const INDEXED: u8 = 1 << 7;

/// Returns how a space keeps its vectors, as stored: the place of its storage in the list of all, and whether it is indexed.
pub(crate) fn kept_record(storage: Storage, indexed: bool) -> u8 {
    let place = Storage::ALL.iter().position(|known| *known == storage).unwrap_or_default() as u8;
    place | if indexed { INDEXED } else { 0 }
}

/// Returns whether a space can keep its vectors so.
pub(crate) fn is_kept(kept: u8) -> bool {
    usize::from(kept & !INDEXED) < Storage::ALL.len()
}

/// An index or constraint, as stored.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct IndexRecord {
    /// Its name.
    pub(crate) name: String,
    /// The label whose nodes it holds.
    pub(crate) label: u32,
    /// The property key.
    pub(crate) key: u32,
    /// Whether it is a constraint.
    pub(crate) unique: bool,
    /// The number in the keys of its chunks.
    pub(crate) number: u32,
    /// Two to this power is how many chunks it has.
    pub(crate) chunks_log2: u8,
    /// How many nodes it holds.
    pub(crate) n_entries: u64,
}

/// Exact counts.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(crate) struct CountsRecord {
    /// Nodes.
    pub(crate) n_nodes: u64,
    /// Relationships.
    pub(crate) n_rels: u64,
    /// Nodes by label.
    pub(crate) labels: Vec<u64>,
    /// By relationship type.
    pub(crate) types: Vec<TypeCountsRecord>,
}

/// Exact counts of one relationship type.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(crate) struct TypeCountsRecord {
    /// Relationships.
    pub(crate) n_rels: u64,
    /// Of these, from a node to itself.
    pub(crate) n_self_loops: u64,
    /// By the label of the start node.
    pub(crate) starts: Vec<u64>,
    /// By the label of the end node.
    pub(crate) ends: Vec<u64>,
}

/// Version of [`CountsRecord`]'s bytes.
pub(crate) const COUNTS_VERSION: u8 = 1;

/// What a commit of bulk loads adopts.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(crate) struct ManifestRecord {
    /// As it is after the commit.
    pub(crate) catalog: CatalogRecord,
    /// As they are after the commit.
    pub(crate) counts: CountsRecord,
    /// Encoded keys of the blocks written.
    pub(crate) blocks: Vec<[u8; KEY_LEN]>,
    /// Encoded facts of the rest.
    pub(crate) facts: Vec<u8>,
}

/// A manifest with a catalog of a version before.
#[derive(Decode)]
struct ManifestBefore<C> {
    catalog: C,
    counts: CountsRecord,
    blocks: Vec<[u8; KEY_LEN]>,
    facts: Vec<u8>,
}

impl<C: Into<CatalogRecord>> From<ManifestBefore<C>> for ManifestRecord {
    fn from(record: ManifestBefore<C>) -> Self {
        let ManifestBefore { catalog, counts, blocks, facts } = record;
        Self { catalog: catalog.into(), counts, blocks, facts }
    }
}

/// Version of [`ManifestRecord`]'s bytes.
pub(crate) const MANIFEST_VERSION: u8 = 3;

/// Version of [`CatalogRecord`]'s bytes.
pub(crate) const CATALOG_VERSION: u8 = 3;

/// Returns the catalog of its bytes, of this version or one before.
///
/// # Errors
/// As [`decode_meta`].
pub(crate) fn decode_catalog(bytes: &[u8]) -> Result<CatalogRecord> {
    match bytes.first() {
        Some(1) => decode_meta::<CatalogRecord1>(1, bytes, "catalog").map(CatalogRecord::from),
        Some(2) => decode_meta::<CatalogRecord2>(2, bytes, "catalog").map(CatalogRecord::from),
        _ => decode_meta(CATALOG_VERSION, bytes, "catalog"),
    }
}

/// Returns the manifest of its bytes, of this version or one before.
///
/// # Errors
/// As [`decode_meta`].
pub(crate) fn decode_manifest(bytes: &[u8]) -> Result<ManifestRecord> {
    match bytes.first() {
        Some(1) => decode_meta::<ManifestBefore<CatalogRecord1>>(1, bytes, "manifest").map(ManifestRecord::from),
        Some(2) => decode_meta::<ManifestBefore<CatalogRecord2>>(2, bytes, "manifest").map(ManifestRecord::from),
        _ => decode_meta(MANIFEST_VERSION, bytes, "manifest"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{
        super::{FulltextRecord, encode_meta},
        *,
    };
    use crate::{
        Error,
        model::{Analyzer, Fulltext},
    };

    pub(in super::super) fn space(storage: Storage) -> Space {
        Space {
            name: "s".into(),
            owner: SpaceOwner::Relationships(vec![TypeId::new(1)]),
            key: KeyId::new(4),
            dimension: 384,
            metric: Metric::Dot,
            storage,
            embedder: Some(Embedder { name: "hash".into(), from: KeyId::new(5) }),
            indexed: storage != Storage::F32,
        }
    }

    pub(in super::super) fn fulltext() -> Fulltext {
        Fulltext {
            name: "f".into(),
            owner: SpaceOwner::Nodes(vec![LabelId::new(0), LabelId::new(2)]),
            keys: vec![KeyId::new(4), KeyId::new(1)],
            analyzer: Analyzer::ALL[5].1,
            eventual: true,
            number: 9,
        }
    }

    /// What was written before spaces had a storage is read as keeping 32 bits, before there were spaces or full-text indexes
    /// as having none.
    #[test]
    fn catalogs_of_the_versions_before_are_read() {
        let record = CatalogRecord {
            labels: vec!["A".into()],
            next_rel: 7,
            spaces: vec![SpaceRecord::new(&space(Storage::Int8), (0.5, 9))],
            storages: vec![kept_record(Storage::Int8, true)],
            fulltexts: vec![FulltextRecord::new(&fulltext())],
            ..CatalogRecord::default()
        };
        let now = encode_meta(CATALOG_VERSION, &record);
        assert_eq!(decode_catalog(&now).unwrap(), record);
        let read = (record.spaces[0].space(record.storages[0]), record.fulltexts[0].index());
        assert_eq!(read, (space(Storage::Int8), fulltext()));
        let singles = CatalogRecord { storages: vec![0], fulltexts: Vec::new(), ..record };
        let mut before = encode_meta(2, &singles);
        assert_eq!(before.split_off(before.len() - 3), [1, 0, 0], "a list of one storage, and an empty one");
        assert_eq!(decode_catalog(&before).unwrap(), singles);
        let plain = CatalogRecord { spaces: Vec::new(), storages: Vec::new(), ..singles };
        let mut before = encode_meta(1, &plain);
        assert_eq!(before.split_off(before.len() - 3), [0, 0, 0], "an empty list is its length");
        assert_eq!(decode_catalog(&before).unwrap(), plain);
        let manifest = ManifestRecord { catalog: plain, facts: vec![1, 2], ..ManifestRecord::default() };
        assert_eq!(decode_manifest(&encode_meta(MANIFEST_VERSION, &manifest)).unwrap(), manifest);
        let end_of_catalog = encode_meta(1, &manifest.catalog).len();
        for (version, n_lists) in [(1, 3), (2, 2)] {
            let mut before = encode_meta(version, &manifest);
            before.drain(end_of_catalog - n_lists..end_of_catalog);
            assert_eq!(decode_manifest(&before).unwrap(), manifest, "version {version}");
        }
        assert!(matches!(decode_catalog(&[9]), Err(Error::Version { .. })));
    }
}
