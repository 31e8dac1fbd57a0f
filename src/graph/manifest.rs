//! What a commit of bulk loads adopts: the blocks that were written, and the rest of the view as records and facts.
//!
//! The manifest is a stored block of its own; the journal's frame names it. A transaction loads in bulk only while it
//! has changed nothing but names and indexes, so what the facts say of nodes and relationships came after the blocks:
//! recovery applies the names, puts the blocks in place, applies the rest, and takes over the counts, which are absolute.

use std::sync::Arc;

use super::snapshot::Snapshot;
use crate::{
    Error, Result,
    model::Fact,
    storage::{
        BlockKey, BlockKind, NUMBER_MAX, Store,
        codec::{self, ManifestRecord},
        open_bytes, seal_bytes,
    },
};

/// Where a manifest lies among the catalog's blocks; the catalog itself is block 0.
const MANIFEST_BLOCK: u32 = 1;

/// Stores the manifest of a view and the blocks it has adopted, and flushes. Returns the manifest's key and the payload of
/// the frame.
///
/// # Errors
/// What the store says where it cannot write.
pub(super) fn write(
    store: &Store,
    view: &Snapshot,
    blocks: &[BlockKey],
    facts: &[Fact],
    generation: u64,
) -> Result<(BlockKey, Vec<u8>)> {
    let record = ManifestRecord {
        catalog: view.catalog_record(),
        counts: view.counts_record(),
        blocks: blocks.iter().map(|key| key.encode()).collect(),
        facts: codec::encode_facts(facts),
    };
    let key = BlockKey::new(BlockKind::Catalog, 0, MANIFEST_BLOCK, generation);
    let bytes = seal_bytes(&key, &codec::encode_meta(codec::MANIFEST_VERSION, &record));
    store.apply(vec![(key, Some(bytes))])?;
    store.flush()?;
    Ok((key, generation.to_be_bytes().to_vec()))
}

/// Takes over what a frame names. Returns the keys of the blocks, the manifest's own included.
///
/// # Errors
/// `Corrupt` where the manifest is missing or damaged.
pub(super) fn adopt(store: &Arc<Store>, view: &mut Snapshot, payload: &[u8]) -> Result<Vec<BlockKey>> {
    let generation: [u8; 8] =
        payload.try_into().map_err(|_| Error::corrupt("frame of a bulk load", "8 bytes", payload.len()))?;
    let generation = u64::from_be_bytes(generation);
    if generation > NUMBER_MAX {
        return Err(Error::corrupt("frame of a bulk load", format_args!("generations up to {NUMBER_MAX}"), generation));
    }
    let key = BlockKey::new(BlockKind::Catalog, 0, MANIFEST_BLOCK, generation);
    let bytes = store.get(&key)?.ok_or_else(|| Error::corrupt(key, "the manifest of a bulk load", "nothing"))?;
    let record: ManifestRecord = codec::decode_manifest(open_bytes(&key, &bytes)?)?;
    let mut keys = vec![key];
    for bytes in &record.blocks {
        let block = BlockKey::decode(bytes).filter(|block| block.generation <= generation);
        keys.push(block.ok_or_else(|| Error::corrupt(key, "keys of blocks", format_args!("{bytes:?}")))?);
    }
    let facts = codec::decode_facts(&record.facts)?;
    for fact in facts.iter().filter(|fact| fact.is_of_catalog()) {
        view.replay(fact)?;
    }
    view.adopt_catalog(&record.catalog)?;
    keys[1..].iter().try_for_each(|key| {
        view.mark_block(key);
        view.adopt_block(*key)
    })?;
    let mut rest = facts.iter().filter(|fact| !fact.is_of_catalog()).peekable();
    if rest.peek().is_some() {
        // Later facts may have spread an index over more chunks than its blocks were written for: build it anew.
        let loaded = |number: u32| keys.iter().any(|key| key.kind == BlockKind::Index && key.sub == number);
        for info in view.catalog.clone().indexes().iter().filter(|info| loaded(info.number)) {
            view.rebuild_index(info)?;
        }
        rest.try_for_each(|fact| view.replay(fact))?;
        view.adopt_ids(&record.catalog);
    }
    view.adopt_counts(record.counts)?;
    Ok(keys)
}
