//! Taking blocks that cannot be read out of a view, and putting back what others say of the same.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Losses;
use crate::{
    Error, Result,
    graph::{
        adjacency::{AdjacencyPage, BlockEdges},
        base::{Layered, Pin},
        counts::Counts,
        export::{has, id_at, places},
        paged::{Family, Paged, Sparse},
        snapshot::{Bits, BitsPage, RelRecord, Snapshot},
    },
    model::{Direction, KeyId, LabelId, NodeId, RelId, TypeId},
    storage::{BLOCK_LEN, BLOCK_WORDS, BlockKey, BlockKind, split},
};

/// A block that cannot be read, and why.
type Unreadable = (BlockKey, Error);

/// Takes every block that cannot be read out of a view.
///
/// # Errors
/// Those of the store that whole blocks lie in.
pub(super) fn mend(view: &mut Snapshot, losses: &mut Losses) -> Result<()> {
    let unreadable = find(view);
    if unreadable.is_empty() {
        return Ok(());
    }
    let blocks_of = |kinds: &[BlockKind]| -> FxHashSet<u32> {
        unreadable.iter().filter(|(key, _)| kinds.contains(&key.kind)).map(|(key, _)| key.block).collect()
    };
    let nodes = blocks_of(&[BlockKind::NodeAlive]);
    let records = blocks_of(&[BlockKind::RelType, BlockKind::RelStart, BlockKind::RelEnd, BlockKind::RelPlaces]);
    let rels = blocks_of(&[BlockKind::RelAlive]);
    unreadable.iter().for_each(|(key, _)| take_out(view, *key));
    let told = told_by_edges(view, &records.union(&rels).copied().collect())?;
    for block in sorted(&nodes) {
        let words = told_nodes(view, block)?;
        *view.nodes_alive.get_mut(block) = page_of(words);
    }
    for block in sorted(&records) {
        put_records(view, block, &told);
    }
    for block in sorted(&rels) {
        let words = words_of(|local| told.contains_key(&id_at(block, local)));
        *view.rels_alive.get_mut(block) = page_of(words);
    }
    drop_without_record(view, &records, losses)?;
    revive_ends(view, &nodes)?;
    // By now it is known who lived there.
    for (key, error) in &unreadable {
        tell(view, *key, error, losses)?;
    }
    Ok(())
}

/// Returns every block of a view that cannot be read.
fn find(view: &Snapshot) -> Vec<Unreadable> {
    fn table<B: Pin, D: Clone + Default>(table: &Paged<Layered<B, D>>, found: &mut Vec<Unreadable>) {
        for (_, page) in table.iter() {
            if let (Some(base), Err(error)) = (&page.base, page.look().map(drop)) {
                found.push((base.key(), error));
            }
        }
    }
    fn family<B: Pin, D: Clone + Default>(family: &Family<Layered<B, D>>, found: &mut Vec<Unreadable>) {
        family.iter().for_each(|(_, of)| table(of, found));
    }
    // Changed bits say it all: the block under them does not count any more.
    fn bits(table: &Paged<BitsPage>, found: &mut Vec<Unreadable>) {
        for (_, page) in table.iter().filter(|(_, page)| page.delta.is_none()) {
            if let (Some(base), Err(error)) = (&page.base, page.look().map(drop)) {
                found.push((base.key(), error));
            }
        }
    }
    let found = &mut Vec::new();
    bits(&view.nodes_alive, found);
    view.labels.iter().for_each(|(_, table)| bits(table, found));
    family(&view.node_columns, found);
    bits(&view.rels_alive, found);
    for (_, page) in view.records.iter() {
        for column in [&page.rel_type, &page.start, &page.end] {
            if let (Some(base), Err(error)) = (&column.base, column.look().map(drop)) {
                found.push((base.key(), error));
            }
        }
    }
    for (_, page) in view.records.iter() {
        if let Some(places) = page.some_places()
            && let Err(error) = places.look()
        {
            found.push((places.key(), error));
        }
    }
    table(&view.saliences, found);
    family(&view.rel_columns, found);
    family(&view.notes, found);
    family(&view.out, found);
    family(&view.into, found);
    for info in view.catalog.indexes() {
        table(view.indexes[info.number as usize].chunks(), found);
    }
    std::mem::take(found)
}

/// Leaves a page without its block.
fn take_out(view: &mut Snapshot, key: BlockKey) {
    let (sub, block) = (key.sub as usize, key.block);
    match key.kind {
        BlockKind::OutAdjacency => view.out.get_mut(sub).get_mut(block).base = None,
        BlockKind::InAdjacency => view.into.get_mut(sub).get_mut(block).base = None,
        BlockKind::NodeProperty => view.node_columns.get_mut(sub).get_mut(block).base = None,
        BlockKind::RelProperty => view.rel_columns.get_mut(sub).get_mut(block).base = None,
        BlockKind::Note => view.notes.get_mut(sub).get_mut(block).base = None,
        BlockKind::NodeLabel => view.labels.get_mut(sub).get_mut(block).base = None,
        BlockKind::NodeAlive => view.nodes_alive.get_mut(block).base = None,
        BlockKind::RelAlive => view.rels_alive.get_mut(block).base = None,
        BlockKind::RelSalience => view.saliences.get_mut(block).base = None,
        BlockKind::Index => view.index_mut(key.sub).chunks_mut().get_mut(block).base = None,
        _ => {
            // Type and ends count together.
            let page = view.records.get_mut(block);
            (page.rel_type.base, page.start.base, page.end.base, page.places.base) = (None, None, None, None);
        }
    }
}

/// Returns the relationships in some blocks of ids, as edges of either direction tell them: all are alive.
fn told_by_edges(view: &Snapshot, blocks: &FxHashSet<u32>) -> Result<FxHashMap<u32, RelRecord>> {
    let mut told = FxHashMap::default();
    if blocks.is_empty() {
        return Ok(told);
    }
    for (direction, family) in [(Direction::Out, &view.out), (Direction::In, &view.into)] {
        for (rel_type, table) in family.iter() {
            for (block, page) in table.iter().filter(|(_, page)| !page.is_empty()) {
                let edges = BlockEdges::merge(Some(page), &[])?;
                for local in 0..BLOCK_LEN {
                    for at in edges.offsets[local] as usize..edges.offsets[local + 1] as usize {
                        let (rel, node) = (edges.rels[at], NodeId::new(id_at(block, local)));
                        if !blocks.contains(&split(rel).0) {
                            continue;
                        }
                        let neighbor = NodeId::new(edges.neighbors[at]);
                        let (start, end) = match direction {
                            Direction::Out => (node, neighbor),
                            Direction::In => (neighbor, node),
                        };
                        told.insert(rel, RelRecord { rel_type: TypeId::new(rel_type as u32), start, end });
                    }
                }
            }
        }
    }
    Ok(told)
}

/// Returns the nodes of a block that labels, properties or edges tell of.
fn told_nodes(view: &Snapshot, block: u32) -> Result<[u64; BLOCK_WORDS]> {
    let mut told = [0; BLOCK_WORDS];
    for (label, _) in view.labels.iter() {
        let words = view.label_words(LabelId::new(label as u32), block)?;
        told.iter_mut().zip(words).for_each(|(told, word)| *told |= word);
    }
    for (_, table) in view.node_columns.iter() {
        let Some(page) = table.get(block).filter(|page| !page.is_empty()) else { continue };
        for (local, value) in page.values()?.iter().enumerate() {
            set(&mut told, local, !value.is_null());
        }
    }
    let with_edges = |page: &AdjacencyPage, told: &mut [u64; BLOCK_WORDS]| -> Result<()> {
        let edges = BlockEdges::merge(Some(page), &[])?;
        (0..BLOCK_LEN).for_each(|local| set(told, local, edges.offsets[local] < edges.offsets[local + 1]));
        Ok(())
    };
    for family in [&view.out, &view.into] {
        for (_, table) in family.iter() {
            if let Some(page) = table.get(block).filter(|page| !page.is_empty()) {
                with_edges(page, &mut told)?;
            }
        }
    }
    Ok(told)
}

/// Puts types and ends that edges told into a block that has lost its own.
fn put_records(view: &mut Snapshot, block: u32, told: &FxHashMap<u32, RelRecord>) {
    let page = view.records.get_mut(block);
    let delta: &mut Sparse<RelRecord> = Arc::make_mut(page.delta.get_or_insert_default());
    for local in 0..BLOCK_LEN {
        if let Some(record) = told.get(&id_at(block, local)) {
            *delta.get_mut(local) = Some(*record);
        }
    }
}

/// Takes out relationships in these blocks of which nobody knows type and ends.
fn drop_without_record(view: &mut Snapshot, blocks: &FxHashSet<u32>, losses: &mut Losses) -> Result<()> {
    for block in sorted(blocks) {
        let mut alive = view.rel_words(block)?;
        for local in places(&alive.clone()) {
            let id = RelId::new(id_at(block, local));
            if view.rel_record(id)?.is_none() {
                clear(&mut alive, local);
                losses.lose(1, format_args!("relationship {id}: type and ends cannot be read"));
            }
        }
        *view.rels_alive.get_mut(block) = page_of(alive);
    }
    Ok(())
}

/// Puts back nodes in these blocks that living relationships start or end at.
fn revive_ends(view: &mut Snapshot, blocks: &FxHashSet<u32>) -> Result<()> {
    if blocks.is_empty() {
        return Ok(());
    }
    for block in 0..view.n_rel_blocks() {
        let alive = view.rel_words(block)?;
        for local in places(&alive) {
            let Some(record) = view.rel_record(RelId::new(id_at(block, local)))? else { continue };
            for node in [record.start, record.end] {
                let (of, place) = split(node.get());
                if blocks.contains(&of) && !view.node_exists(node)? {
                    let mut words = view.node_words(of)?;
                    set(&mut words, place, true);
                    *view.nodes_alive.get_mut(of) = page_of(words);
                }
            }
        }
    }
    Ok(())
}

/// Counts the labels of a view whose counts nobody knows.
pub(super) fn count_labels(view: &mut Snapshot) -> Result<()> {
    let mut counts = Vec::new();
    for (label, _) in view.labels.iter() {
        let label = LabelId::new(label as u32);
        let blocks = 0..view.n_node_blocks();
        let n = blocks.map(|block| Ok(places(&view.label_words(label, block)?).count() as u64)).sum::<Result<u64>>()?;
        counts.push(n);
    }
    view.counts = Counts::from_parts(view.counts.n_nodes, view.counts.n_rels, counts, Vec::new());
    Ok(())
}

/// Takes out relationships one of whose ends does not exist.
pub(super) fn drop_dangling(view: &mut Snapshot, losses: &mut Losses) -> Result<()> {
    for block in 0..view.n_rel_blocks() {
        let alive = view.rel_words(block)?;
        let mut kept = alive;
        for local in places(&alive) {
            let id = RelId::new(id_at(block, local));
            let Some(record) = view.rel_record(id)? else {
                clear(&mut kept, local);
                losses.lose(1, format_args!("relationship {id}: type and ends cannot be read"));
                continue;
            };
            for node in [record.start, record.end] {
                if !view.node_exists(node)? && has(&kept, local) {
                    clear(&mut kept, local);
                    losses.lose(1, format_args!("relationship {id}: node {node} is lost"));
                }
            }
        }
        if kept != alive {
            *view.rels_alive.get_mut(block) = page_of(kept);
        }
    }
    Ok(())
}

/// Lists a block that could not be read.
fn tell(view: &Snapshot, key: BlockKey, error: &Error, losses: &mut Losses) -> Result<()> {
    let count = |words: [u64; BLOCK_WORDS]| places(&words).count();
    let ids = format!("{}-{}", id_at(key.block, 0), u64::from(id_at(key.block, 0)) + BLOCK_LEN as u64 - 1);
    let catalog = &view.catalog;
    match key.kind {
        BlockKind::NodeProperty | BlockKind::RelProperty => {
            let name = catalog.key_name(KeyId::new(key.sub));
            let (of, n) = if key.kind == BlockKind::NodeProperty {
                ("nodes", count(view.node_words(key.block)?))
            } else {
                ("relationships", count(view.rel_words(key.block)?))
            };
            losses.n_values_max += n as u64;
            losses.lose(1, format_args!("property `{name}` of {of} {ids} ({n} there): {error}"));
        }
        BlockKind::NodeLabel => {
            let name = catalog.label_name(LabelId::new(key.sub));
            losses.lose(1, format_args!("label `{name}` of nodes {ids}: {error}"));
        }
        BlockKind::Note => {
            losses.lose(1, format_args!("what the database noted about itself ({key}): {error}"));
        }
        BlockKind::RelSalience => {
            losses.lose(1, format_args!("salience of relationships {ids}: {error}"));
        }
        BlockKind::NodeAlive => {
            losses.weight += 1;
            let n = count(view.node_words(key.block)?);
            losses.rebuild(format_args!(
                "which of nodes {ids} exist, from labels, properties and relationships: {n} ({error})"
            ));
        }
        BlockKind::RelAlive => {
            losses.weight += 1;
            let n = count(view.rel_words(key.block)?);
            losses.rebuild(format_args!("which of relationships {ids} exist, from edges: {n} ({error})"));
        }
        BlockKind::RelType | BlockKind::RelStart | BlockKind::RelEnd | BlockKind::RelPlaces => {
            losses.weight += 1;
            losses.rebuild(format_args!("types and ends of relationships {ids}, from edges ({error})"));
        }
        BlockKind::OutAdjacency | BlockKind::InAdjacency => {
            let name = catalog.type_name(TypeId::new(key.sub));
            losses.rebuild(format_args!("edges of type `{name}` at nodes {ids}, from relationships ({error})"));
        }
        _ => losses.rebuild(format_args!("a part of an index, from properties ({error})")),
    }
    Ok(())
}

fn sorted(blocks: &FxHashSet<u32>) -> Vec<u32> {
    let mut blocks: Vec<u32> = blocks.iter().copied().collect();
    blocks.sort_unstable();
    blocks
}

fn page_of(words: [u64; BLOCK_WORDS]) -> BitsPage {
    Layered { base: None, delta: Some(Arc::new(Bits(words))) }
}

fn words_of(is_set: impl Fn(usize) -> bool) -> [u64; BLOCK_WORDS] {
    let mut words = [0; BLOCK_WORDS];
    (0..BLOCK_LEN).for_each(|local| set(&mut words, local, is_set(local)));
    words
}

/// Sets a bit where `bit` is; never clears one.
fn set(words: &mut [u64; BLOCK_WORDS], local: usize, bit: bool) {
    words[local / 64] |= u64::from(bit) << (local % 64);
}

fn clear(words: &mut [u64; BLOCK_WORDS], local: usize) {
    words[local / 64] &= !(1 << (local % 64));
}
