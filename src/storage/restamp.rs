//! Parts of a database given another version, every checksum made right again: what a build of another version would
//! have left, as far as this one can make it.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{BlockKey, BlockKind, Bytes, Roots, Store, block::HEADER_LEN, fuzz};

/// Bytes of the headers of segments and frames.
const SEGMENT: usize = 88;
const FRAME: usize = 48;

/// What has a version of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The newest segment of the journal.
    Segment,
    /// Its last frame.
    Frame,
    /// The kind of its last frame: one that this build does not know.
    FrameKind,
    /// The facts in its last frame.
    Facts,
    /// The newest root.
    Root,
    /// The older root.
    OlderRoot,
    /// The block of the newest root's page table.
    PageTable,
    /// The block of the newest root's catalog.
    CatalogBlock,
    /// The record in it.
    Catalog,
    /// The record of the newest root's counts.
    Counts,
    /// The record of the newest bulk load.
    Manifest,
    /// Every block of a kind.
    Blocks(BlockKind),
}

/// Gives a part of the closed database in `dir` the version `version`; returns the one it had.
pub(crate) fn restamp(dir: &Path, part: Part, version: u8) -> u8 {
    match part {
        Part::Segment | Part::Frame | Part::FrameKind | Part::Facts => restamp_journal(dir, part, version),
        _ => {
            let store = Store::open(&dir.join("blocks")).unwrap();
            let before = restamp_store(&store, part, version);
            store.flush().unwrap();
            before
        }
    }
}

/// Returns the newest segment of the journal in `dir`.
pub(crate) fn newest_segment(dir: &Path) -> PathBuf {
    let entries = std::fs::read_dir(dir.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    entries.max().expect("a journal has a segment")
}

fn restamp_journal(dir: &Path, part: Part, version: u8) -> u8 {
    let path = newest_segment(dir);
    let mut bytes = std::fs::read(&path).unwrap();
    let before;
    if part == Part::Segment {
        before = std::mem::replace(&mut bytes[8], version);
        let checksum = xxh3_64(&bytes[..80]);
        bytes[80..SEGMENT].copy_from_slice(&checksum.to_le_bytes());
    } else {
        let len = |at: usize| u32::from_le_bytes(bytes[at + 32..at + 36].try_into().unwrap()) as usize;
        let (mut at, mut next) = (0, SEGMENT);
        while bytes.get(next..next + 8) == Some(&bytes[32..40]) {
            (at, next) = (next, (next + FRAME + len(next)).next_multiple_of(8));
        }
        assert!(at > 0, "the newest segment has frames");
        let end = at + FRAME + len(at);
        let place = match part {
            Part::Frame => at + 37,
            Part::FrameKind => at + 36,
            _ => at + FRAME,
        };
        before = std::mem::replace(&mut bytes[place], version);
        let hash = xxh3_64(&[&bytes[at..at + 40], &bytes[at + FRAME..end]].concat());
        bytes[at + 40..at + FRAME].copy_from_slice(&hash.to_le_bytes());
    }
    std::fs::write(&path, bytes).unwrap();
    before
}

fn restamp_store(store: &Store, part: Part, version: u8) -> u8 {
    let roots = ["root-a", "root-b"].map(|name| (name, store.record(name).unwrap().expect("two roots").to_vec()));
    let generation = |root: &[u8]| u64::from_le_bytes(root[16..24].try_into().unwrap());
    let [(older, older_root), (newest, newest_root)] = {
        let mut roots = roots;
        roots.sort_by_key(|(_, root)| generation(root));
        roots
    };
    let key = |kind: BlockKind, block: u32| BlockKey::new(kind, 0, block, generation(&newest_root));
    let put = |key: BlockKey, bytes: &[u8]| store.apply(vec![(key, Some(Bytes::copy_of(bytes)))]).unwrap();
    let record = |key: BlockKey| {
        let mut record = fuzz::record_of(&store.get(&key).unwrap().unwrap()).to_vec();
        let before = std::mem::replace(&mut record[0], version);
        put(key, &fuzz::reseal(&key, &record));
        before
    };
    let block = |key: BlockKey| {
        let mut bytes = store.get(&key).unwrap().unwrap().to_vec();
        let before = std::mem::replace(&mut bytes[1], version);
        let checksum = xxh3_64_with_seed(&bytes[HEADER_LEN..], xxh3_64(&bytes[..24]));
        bytes[24..HEADER_LEN].copy_from_slice(&checksum.to_le_bytes());
        put(key, &bytes);
        before
    };
    let root = |name: &str, bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let before = std::mem::replace(&mut bytes[7], version);
        store.put_record(name, &fuzz::reseal_root(&bytes, store)).unwrap();
        before
    };
    match part {
        Part::Root => root(newest, &newest_root),
        Part::OlderRoot => root(older, &older_root),
        Part::PageTable => {
            let before = block(key(BlockKind::PageTable, 0));
            store.put_record(newest, &fuzz::reseal_root(&newest_root, store)).unwrap();
            before
        }
        Part::CatalogBlock => block(key(BlockKind::Catalog, 0)),
        Part::Catalog => record(key(BlockKind::Catalog, 0)),
        Part::Counts => record(key(BlockKind::Counts, 0)),
        Part::Manifest => {
            let mut manifests = Vec::new();
            store
                .scan(&BlockKey::new(BlockKind::Catalog, 0, 1, 0), &mut |key, _| {
                    manifests.extend((key.kind == BlockKind::Catalog && key.block == 1).then_some(key));
                    key.kind == BlockKind::Catalog
                })
                .unwrap();
            record(*manifests.last().expect("a bulk load"))
        }
        Part::Blocks(kind) => {
            let of_kind: Vec<BlockKey> =
                Roots::load(store).unwrap().current().unwrap().1.keys().filter(|key| key.kind == kind).collect();
            of_kind.into_iter().map(block).last().expect("a block of the kind")
        }
        Part::Segment | Part::Frame | Part::FrameKind | Part::Facts => unreachable!("parts of the journal"),
    }
}
