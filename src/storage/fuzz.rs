//! Blocks, roots and metadata of any content whose checksums fit: the door of the fuzz targets to the decoders.

use std::hint::black_box;

use super::{
    AdjacencyBlock, BLOCK_LEN, BitmapBlock, BlockKey, BlockKind, Bytes, ColumnBlock, F32Column, HashChunk, NoteBlock,
    Roots, Store, U32Column,
    block::{HEADER_LEN, IntView},
    codec, seal_bytes,
};
use crate::Result;

/// Ids below which the blocks of a fuzz target name nodes, relationships and types.
const IDS_END: u32 = 4096;

/// Bytes of a root before its checksum.
const ROOT_BODY: usize = 64;

/// Returns the bytes of a block with its header and checksum right, whatever its record.
pub(crate) fn reseal(key: &BlockKey, record: &[u8]) -> Bytes {
    seal_bytes(key, record)
}

/// Returns the record of a block, unchecked.
pub(crate) fn record_of(block: &[u8]) -> &[u8] {
    block.get(HEADER_LEN..).unwrap_or_default()
}

/// Returns the bytes of a root with its checksum right, and that of its page table where the segments are there.
pub(crate) fn reseal_root(root: &[u8], store: &Store) -> Vec<u8> {
    let mut bytes = root.to_vec();
    bytes.resize(ROOT_BODY + 8, 0);
    let number = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let (generation, n_segments) = (number(&bytes, 16), number(&bytes, 48));
    let mut all = Vec::new();
    for at in 0..n_segments.min(64) {
        let key = BlockKey::new(BlockKind::PageTable, 0, at as u32, generation);
        if let Ok(Some(segment)) = store.get(&key) {
            all.extend_from_slice(&segment);
        }
    }
    bytes[56..64].copy_from_slice(&xxhash_rust::xxh3::xxh3_64(&all).to_le_bytes());
    let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[..ROOT_BODY]);
    bytes[ROOT_BODY..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Pins a block of the kind the first byte chooses and reads all of it, as queries do. Returns whether it was pinned.
pub(crate) fn block(input: &[u8]) -> Result<()> {
    let Some((&choice, record)) = input.split_first() else { return Ok(()) };
    let kind = BlockKind::ALL[choice as usize % 15];
    let key = BlockKey::new(kind, 0, 0, 1);
    read_block(&key, reseal(&key, record))
}

/// Pins a block and reads all of it.
///
/// # Errors
/// `Corrupt` where it is damaged.
pub(crate) fn read_block(key: &BlockKey, bytes: Bytes) -> Result<()> {
    match key.kind {
        BlockKind::OutAdjacency | BlockKind::InAdjacency => {
            let block = AdjacencyBlock::pin(key, bytes)?;
            read_adjacency(&block);
            block.check_ids(key, IDS_END, IDS_END)?;
            (0..BLOCK_LEN).for_each(|local| assert!(block.neighbors(local).iter().all(|&id| id < IDS_END)));
        }
        BlockKind::NodeProperty | BlockKind::RelProperty => read_column(&ColumnBlock::pin(key, bytes)?),
        BlockKind::NodeLabel | BlockKind::NodeAlive | BlockKind::RelAlive | BlockKind::RelPlaces => {
            black_box(BitmapBlock::pin(key, bytes)?.words());
        }
        BlockKind::RelStart | BlockKind::RelEnd | BlockKind::RelType => {
            let column = U32Column::pin(key, bytes)?;
            column.check_ids(key, IDS_END)?;
            for local in 0..BLOCK_LEN {
                let value = column.get(local);
                assert_eq!(value.is_some(), local < column.len());
                assert!(value.is_none_or(|value| value < IDS_END));
            }
        }
        BlockKind::RelSalience => {
            let column = F32Column::pin(key, bytes)?;
            (0..BLOCK_LEN).for_each(|local| assert_eq!(column.get(local).is_some(), local < column.len()));
        }
        BlockKind::Note => {
            let block = NoteBlock::pin(key, bytes)?;
            let n_notes = (0..BLOCK_LEN).filter(|local| block.get(*local).is_some()).count();
            assert_eq!(n_notes, block.iter().count());
        }
        BlockKind::Index => {
            let chunk = HashChunk::pin(key, bytes)?;
            chunk.check_ids(key, IDS_END)?;
            let entries: Vec<(u32, u32)> = chunk.iter().collect();
            for fingerprint in entries.iter().map(|entry| entry.0).take(64).chain([0, u32::MAX]) {
                assert!(chunk.probe(fingerprint).count() <= entries.len());
            }
        }
        BlockKind::Catalog => {
            black_box(codec::decode_catalog(record_of(&bytes))?);
        }
        BlockKind::Counts => {
            black_box(codec::decode_meta::<codec::CountsRecord>(codec::COUNTS_VERSION, record_of(&bytes), "counts")?);
        }
        _ => {
            black_box(codec::decode_manifest(record_of(&bytes))?);
        }
    }
    Ok(())
}

fn read_adjacency(block: &AdjacencyBlock) {
    let mut n_edges = 0;
    for local in 0..BLOCK_LEN {
        let (neighbors, rels) = block.edges(local);
        assert_eq!((neighbors.len(), neighbors.len()), (rels.len(), block.degree(local)));
        assert!(neighbors.is_sorted(), "neighbours ascend: joins rely on it");
        black_box(rels.iter().fold(0, u32::wrapping_add));
        n_edges += neighbors.len();
    }
    assert_eq!(n_edges, block.n_edges());
    if let Some((offsets, neighbors)) = block.offsets_neighbors() {
        for pair in offsets.windows(2) {
            black_box(&neighbors[pair[0] as usize..pair[1] as usize]);
        }
    }
}

fn read_column(column: &ColumnBlock) {
    let fill = |view: IntView<'_>| {
        let mut out = [0; BLOCK_LEN];
        view.fill_i64(&mut out);
        out
    };
    for local in 0..BLOCK_LEN {
        let value = column.get(local).to_value();
        assert!(column.presence().contains(local) || value.is_null());
        black_box(value.to_string());
    }
    if let Some(view) = column.ints() {
        black_box(fill(view));
    }
    if let Some(view) = column.dates() {
        assert!(fill(view).iter().all(|&days| i32::try_from(days).is_ok()), "dates are days");
    }
    if let Some(view) = column.floats() {
        for local in column.presence().iter() {
            black_box(view.get(local));
        }
    }
    if let Some(super::StrView::Dict(dict)) = column.strs() {
        black_box(dict.words().iter().map(str::len).sum::<usize>());
        // Loops over whole blocks look at the codes of absent places too.
        if column.presence().count() > 0 {
            assert!(fill(dict.codes()).iter().all(|&code| (code as usize) < dict.words().len()));
        }
    }
}

/// Reads two roots and their page tables out of bytes: 9 numbers of 8 bytes, then runs. Returns how many blocks they name.
pub(crate) fn root(input: &[u8]) -> Result<u64> {
    let (body, runs) = input.split_at(input.len().min(ROOT_BODY));
    let mut root = body.to_vec();
    root.resize(ROOT_BODY, 0);
    let store = Store::memory();
    let generation = u64::from_le_bytes(root[16..24].try_into().expect("eight bytes"));
    for (at, segment) in runs.chunks(21 * 8).enumerate() {
        let key = BlockKey::new(BlockKind::PageTable, 0, at as u32, generation);
        store.apply(vec![(key, Some(reseal(&key, segment)))])?;
    }
    root[..8].copy_from_slice(b"AttenRt\n");
    store.put_record("root-a", &reseal_root(&root, &store))?;
    store.put_record("root-b", input)?;
    let roots = Roots::load(&store)?;
    let Some((root, table)) = roots.current() else { return Ok(0) };
    assert_eq!(root.n_blocks, table.len() as u64, "a root counts its blocks");
    let mut n_keys = 0;
    for key in table.keys().take(100_000) {
        assert!(table.contains(&key), "{key} is in the table");
        n_keys += 1;
    }
    black_box((roots.first_generation(0), roots.first_sequence_needed(), roots.leftovers(&store)?.len()));
    Ok(n_keys)
}

/// Decodes facts and a value out of bytes.
pub(crate) fn facts(input: &[u8]) -> Result<Vec<crate::model::Fact>> {
    black_box(codec::decode_value(input).map(|value| value.to_string()).ok());
    codec::decode_facts(input)
}

/// Returns seeds made of real records: target, name, bytes.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    use crate::model::{Date, Value};

    let key = BlockKey::new(BlockKind::NodeProperty, 0, 0, 1);
    let column = |values: &dyn Fn(i64) -> Value, n: i64| {
        let values: Vec<Value> = (0..n).map(|n| if n % 5 == 3 { Value::Null } else { values(n) }).collect();
        ColumnBlock::encode(&key, &values)
    };
    let dense: Vec<u32> = (0..300).map(|n| n + 1).collect();
    let offsets: Vec<u32> = (0..=300).collect();
    let blocks = [
        (0, "edges-sparse", AdjacencyBlock::encode(&key, &[0, 2, 2, 5], &[3, 9, 1, 2, 2], &[7, 8, 1, 2, 3])),
        (0, "edges-run", AdjacencyBlock::encode(&key, &[0, 1, 3], &[5, 5, 6], &[0, 1, 2])),
        (1, "edges-dense", AdjacencyBlock::encode(&key, &offsets, &dense, &dense)),
        (2, "bools", column(&|n| Value::Bool(n % 2 == 0), 20)),
        (2, "ints", column(&Value::Int, 20)),
        (2, "ints-wide", column(&|n| Value::Int(n * 1_000_000_007), 20)),
        (3, "floats", column(&|n| Value::Float(n as f64 * 0.5), 20)),
        (3, "strings", column(&|n| Value::String(format!("é{n}").into()), 20)),
        (3, "words", column(&|n| Value::String(format!("word {}", n % 2).into()), 200)),
        (2, "dates", column(&|n| Value::Date(Date::from_days(n as i32 * 300)), 20)),
        (2, "mixed", column(&|n| if n % 2 == 0 { Value::Int(n) } else { Value::list([Value::from("a")]) }, 20)),
        (5, "bits", BitmapBlock::encode(&key, &std::array::from_fn(|n| n as u64 * 77))),
        (7, "ends", U32Column::encode(&key, &[1, 300, 2, 4095])),
        (9, "salience", F32Column::encode(&key, &[1.0, 0.5, 0.25])),
        (11, "chunk", HashChunk::encode(&key, &[(1, 2), (1, 3), (u32::MAX, 4), (1 << 30, 5)])),
    ];
    let mut seeds: Vec<_> = blocks
        .into_iter()
        .map(|(kind, name, block)| ("block", name.to_owned(), [&[kind][..], record_of(&block)].concat()))
        .collect();
    let counts = codec::CountsRecord { n_nodes: 3, labels: vec![2, 1], ..Default::default() };
    seeds.push(("block", "counts".into(), [&[13][..], &codec::encode_meta(codec::COUNTS_VERSION, &counts)].concat()));
    let mut root = vec![0; ROOT_BODY];
    for (at, number) in [9u64, 5, 3, 2, 7, 1].into_iter().enumerate() {
        root[8 + 8 * at..16 + 8 * at].copy_from_slice(&number.to_le_bytes());
    }
    for (kind, sub, block, len) in [(1u8, 0u32, 0u32, 3u32), (5, 1, 2, 1), (7, 0, 0, 3)] {
        root.push(kind);
        [sub, block, len].iter().for_each(|number| root.extend_from_slice(&number.to_le_bytes()));
        root.extend_from_slice(&4u64.to_le_bytes());
    }
    seeds.push(("root", "three-runs".into(), root));
    seeds
}
