//! Bulk loading: columns of values straight into blocks of a new generation, without a fact or a [`Value`] a row.
//!
//! The blocks go to the store at once; they become part of the graph with the commit, which names them in one small
//! frame. Pages that a load touches are rebuilt with what had changed in them folded in.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use rustc_hash::FxHashMap;

use super::{
    adjacency::{AdjacencyPage, BlockEdges, Edge},
    base::{Base, Layered, Pin, plain_key},
    change::Check,
    index::{self, Index, IndexPage},
    snapshot::{BitsPage, RecordPage, Snapshot, page_words},
    space::with_admitted,
    transaction::Transaction,
};
use crate::{
    Error, Result,
    model::{Bits as RowBits, Column, ColumnData, Direction, KeyId, LabelId, SpaceOwner, Storage, TypeId},
    storage::{
        AdjacencyBlock, BLOCK_LEN, BLOCK_WORDS, BitmapBlock, BlockKey, BlockKind, Bytes, ColumnBlock, HashChunk,
        Presence, Store, U32Column, split,
    },
};

/// Rows below which a load is cheaper as ordinary facts: a load rounds ids up to the next block of 1,024.
pub(crate) const BULK_ROWS_MIN: usize = 512;

/// Bytes of blocks handed to the store at once.
const WRITE_BYTES: usize = 4 << 20;

/// Bytes of blocks after which the store makes them durable. The commit cannot be stopped, so little must be left for it:
/// so much takes some ten milliseconds. It also bounds what the store holds in memory.
const FLUSH_BYTES: usize = 8 << 20;

/// How long to wait for that between two looks whether to go on.
const FLUSH_BETWEEN_CHECKS: Duration = Duration::from_millis(5);

/// Pages written between two looks whether to go on: a page takes some ten microseconds.
const PAGES_BETWEEN_CHECKS: usize = 64;

/// Rows or items between two looks: each takes some ten nanoseconds.
const ITEMS_BETWEEN_CHECKS: usize = 1 << 16;

/// Visits `0..n` and asks now and then whether to go on.
fn visit(n: usize, check: &mut Check<'_>, mut visit: impl FnMut(usize)) -> Result<()> {
    for from in (0..n).step_by(ITEMS_BETWEEN_CHECKS) {
        check()?;
        (from..n.min(from + ITEMS_BETWEEN_CHECKS)).for_each(&mut visit);
    }
    Ok(())
}

/// Writes the blocks of one load.
pub(super) struct Writer<'a, 'c> {
    pub(super) tx: &'a mut Transaction,
    check: &'a mut Check<'c>,
    generation: u64,
    n_pages: usize,
    /// Bytes given to the store that are not durable yet.
    n_loose: usize,
    writes: Vec<(BlockKey, Option<Bytes>)>,
    bytes: usize,
}

impl<'a, 'c> Writer<'a, 'c> {
    /// Returns what writes blocks of a generation for a transaction, and asks now and then whether to go on.
    pub(super) fn new(tx: &'a mut Transaction, generation: u64, check: &'a mut Check<'c>) -> Self {
        Self { tx, check, generation, n_pages: 0, n_loose: 0, writes: Vec::new(), bytes: 0 }
    }

    /// Returns the key of a block of this load.
    pub(super) fn key(&self, kind: BlockKind, sub: u32, block: u32) -> BlockKey {
        BlockKey::new(kind, sub, block, self.generation)
    }

    /// Stores a block and returns it as a page without changes.
    pub(super) fn page<B: Pin, D>(&mut self, key: BlockKey, bytes: Bytes) -> Result<Layered<B, D>> {
        self.n_pages += 1;
        if self.n_pages.is_multiple_of(PAGES_BETWEEN_CHECKS) {
            (self.check)()?;
        }
        self.bytes += bytes.len();
        self.writes.push((key, Some(bytes)));
        self.tx.written.keys.push(key);
        self.tx.view_mut().mark_block(&key);
        if self.bytes >= WRITE_BYTES {
            self.flush()?;
        }
        Ok(Layered { base: Some(Base::stored(&self.tx.view().store, key)), delta: None })
    }

    /// Hands what is left to the store.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.n_loose += std::mem::take(&mut self.bytes);
        let store = self.tx.view().store.clone();
        store.apply(std::mem::take(&mut self.writes))?;
        if self.n_loose >= FLUSH_BYTES {
            self.n_loose = 0;
            self.make_durable(&store)?;
        }
        Ok(())
    }

    /// Lets the store flush on another thread: on a busy disk that takes long, and whoever stops the load does not wait
    /// for it.
    fn make_durable(&mut self, store: &Arc<Store>) -> Result<()> {
        (self.check)()?;
        let (done, is_done) = mpsc::channel();
        let theirs = store.clone();
        store.apart().run(move || {
            // Nobody listens any more where the load was stopped.
            let _ = done.send(theirs.flush());
        });
        loop {
            match is_done.recv_timeout(FLUSH_BETWEEN_CHECKS) {
                Ok(flushed) => return flushed,
                Err(mpsc::RecvTimeoutError::Timeout) => (self.check)()?,
                // There was no thread to be had.
                Err(mpsc::RecvTimeoutError::Disconnected) => return store.flush(),
            }
        }
    }

    /// Returns the view the pages go into.
    pub(super) fn view(&mut self) -> &mut Snapshot {
        self.tx.view_mut()
    }

    /// Writes the columns of `n_rows` ids from `first`, the start of a block; row `i` of the file is id `first + place(i)`.
    fn columns(
        &mut self,
        kind: BlockKind,
        first: u32,
        n_rows: usize,
        columns: &[(KeyId, &Column)],
        row_at: impl Fn(usize) -> usize + Copy,
    ) -> Result<()> {
        for (key, column) in columns {
            let storage = self.tx.view().catalog().storage_of(kind, *key);
            for from in (0..n_rows).step_by(BLOCK_LEN) {
                let len = BLOCK_LEN.min(n_rows - from);
                let presence = Presence::from_fn(len, |at| !column.is_null(row_at(from + at)));
                if presence.count() == 0 {
                    continue;
                }
                let (block, _) = split(first + from as u32);
                let block_key = self.key(kind, key.get(), block);
                let bytes = encode(&block_key, &presence, len, column, storage, |at| row_at(from + at));
                let page = self.page(block_key, bytes)?;
                let family = match kind {
                    BlockKind::NodeProperty => &mut self.view().node_columns,
                    _ => &mut self.view().rel_columns,
                };
                *family.get_mut(key.index()).get_mut(block) = page;
            }
        }
        Ok(())
    }

    /// Stores a block of bits.
    pub(super) fn bits(
        &mut self,
        kind: BlockKind,
        sub: u32,
        block: u32,
        words: [u64; BLOCK_WORDS],
    ) -> Result<BitsPage> {
        let key = self.key(kind, sub, block);
        self.page(key, BitmapBlock::encode(&key, &words))
    }
}

/// Encodes the rows of a column that go into one block.
fn encode(
    key: &BlockKey,
    presence: &Presence,
    len: usize,
    column: &Column,
    storage: Storage,
    row: impl Fn(usize) -> usize,
) -> Bytes {
    match &column.data {
        ColumnData::Int(values) => ColumnBlock::encode_ints(key, presence, |at| values[row(at)]),
        ColumnData::Float(values) => ColumnBlock::encode_floats(key, presence, |at| values[row(at)]),
        ColumnData::Bool(values) => ColumnBlock::encode_bools(key, presence, |at| values[row(at)]),
        ColumnData::Date(days) => ColumnBlock::encode_dates(key, presence, |at| days[row(at)]),
        ColumnData::Str(strings) => ColumnBlock::encode_strs(key, presence, |at| strings.get(row(at))),
        ColumnData::Mixed(_) | ColumnData::Null(_) => {
            let values: Vec<_> = (0..len).map(|at| column.value(row(at))).collect();
            ColumnBlock::encode_as(key, &values, storage)
        }
    }
}

impl Transaction {
    /// Adds `n_rows` nodes of a label with these properties. Returns the first id; the rows have consecutive ids.
    ///
    /// # Errors
    /// `Constraint` where a unique index over the label would hold a value twice; `Limit` where ids are exhausted.
    ///
    /// # Panics
    /// When [`can_load`](Self::can_load) is false.
    pub(crate) fn bulk_nodes(
        &mut self,
        generation: u64,
        label: LabelId,
        n_rows: usize,
        columns: &[(KeyId, &Column)],
        check: &mut Check<'_>,
    ) -> Result<u32> {
        self.bulk_labelled_nodes(generation, label, &[], n_rows, columns, check)
    }

    /// As [`bulk_nodes`](Self::bulk_nodes), with labels that only some rows have besides: those whose bit is set. None
    /// of them is `label`, and none comes twice. `check` may stop the load.
    pub(crate) fn bulk_labelled_nodes(
        &mut self,
        generation: u64,
        label: LabelId,
        more: &[(LabelId, &RowBits)],
        n_rows: usize,
        columns: &[(KeyId, &Column)],
        check: &mut Check<'_>,
    ) -> Result<u32> {
        assert!(self.can_load(), "bulk loads come before other changes");
        let first = self.view().node_id_end();
        let end = room(first, n_rows, "node ids")?;
        let mut hashed = Vec::new();
        for info in self.view().catalog().indexes().to_vec() {
            let some = more.iter().find(|(other, _)| *other == info.label).map(|(_, rows)| *rows);
            if info.label != label && some.is_none() {
                continue;
            }
            let column = columns.iter().find(|(key, _)| *key == info.key).map(|(_, column)| *column);
            let Some(column) = column else { continue };
            let mut entries = hashes(column, n_rows, check)?;
            if let Some(rows) = some {
                entries.iter_mut().enumerate().filter(|(row, _)| !rows.get(*row)).for_each(|(_, hash)| *hash = None);
            }
            if info.unique {
                self.check_unique_column(&info, column, &entries, check)?;
            }
            hashed.push((info.number, entries));
        }
        let admitted = self.admit_columns(n_rows, columns, check, |info, row| {
            let SpaceOwner::Nodes(labels) = &info.space.owner else { return false };
            let has = |of: &LabelId| *of == label || more.iter().any(|(other, rows)| other == of && rows.get(row));
            labels.is_empty() || labels.iter().any(has)
        })?;
        let columns = &with_admitted(columns, &admitted);
        let mut writer = Writer::new(self, generation, check);
        writer.columns(BlockKind::NodeProperty, first, n_rows, columns, |row| row)?;
        for from in (0..n_rows).step_by(BLOCK_LEN) {
            let len = BLOCK_LEN.min(n_rows - from);
            let words = Presence::first(len).0;
            let (block, _) = split(first + from as u32);
            *writer.tx.view_mut().nodes_alive.get_mut(block) = writer.bits(BlockKind::NodeAlive, 0, block, words)?;
            let page = writer.bits(BlockKind::NodeLabel, label.get(), block, words)?;
            *writer.view().labels.get_mut(label.index()).get_mut(block) = page;
            for (label, rows) in more {
                let some = Presence::from_fn(len, |at| rows.get(from + at));
                if some.count() > 0 {
                    let page = writer.bits(BlockKind::NodeLabel, label.get(), block, some.0)?;
                    *writer.view().labels.get_mut(label.index()).get_mut(block) = page;
                }
            }
        }
        for (number, entries) in hashed {
            let entries = entries.iter().enumerate().filter_map(|(row, hash)| Some(((*hash)?, first + row as u32)));
            writer.index(number, entries.collect())?;
        }
        writer.flush()?;
        let view = self.view_mut();
        view.counts.add_nodes(n_rows as i64);
        view.counts.add_label(label, n_rows as i64);
        for (label, rows) in more {
            view.counts.add_label(*label, rows.count() as i64);
        }
        let n_blocks = end.div_ceil(BLOCK_LEN as u32) as usize;
        Arc::make_mut(&mut view.extents.labels).resize(n_blocks, label.get());
        Arc::make_mut(&mut view.extents.open).insert(label.get(), end);
        Ok(first)
    }

    /// Adds relationships of a type between existing nodes, with these properties. `check` may stop the load.
    ///
    /// # Errors
    /// `Limit` where ids are exhausted; `Corrupt` where a block is damaged.
    ///
    /// # Panics
    /// When the lists differ in length, or [`can_load`](Self::can_load) is false.
    pub(crate) fn bulk_rels(
        &mut self,
        generation: u64,
        rel_type: TypeId,
        starts: &[u32],
        ends: &[u32],
        columns: &[(KeyId, &Column)],
        check: &mut Check<'_>,
    ) -> Result<()> {
        assert!(self.can_load(), "bulk loads come before other changes");
        assert_eq!(starts.len(), ends.len(), "each relationship has two ends");
        let n_rows = starts.len();
        let first = self.view().rel_id_end.next_multiple_of(BLOCK_LEN as u32);
        let end = room(first, n_rows, "relationship ids")?;
        let n_nodes = self.view().node_id_end() as usize;
        // Ids in the order of start, end: the columns of ends then compress, and ids beside out-edges are a run.
        let mut sorted = Grouped::new(n_nodes, n_rows, |row| (starts[row], ends[row], row as u32), check)?;
        sorted.sort_groups(check)?;
        let row_at = |at: usize| sorted.second(at) as usize;
        let admitted = self.admit_columns(n_rows, columns, check, |info, _| info.is_of_type(rel_type))?;
        let columns = &with_admitted(columns, &admitted);
        let mut writer = Writer::new(self, generation, check);
        writer.columns(BlockKind::RelProperty, first, n_rows, columns, row_at)?;
        for from in (0..n_rows).step_by(BLOCK_LEN) {
            let len = BLOCK_LEN.min(n_rows - from);
            let (block, _) = split(first + from as u32);
            let words = Presence::first(len).0;
            *writer.tx.view_mut().rels_alive.get_mut(block) = writer.bits(BlockKind::RelAlive, 0, block, words)?;
            let mut column = |kind, values: &[u32]| {
                let key = plain_key(kind, block, generation);
                writer.page::<U32Column, ()>(key, U32Column::encode(&key, values))
            };
            let mut buffer = [0; BLOCK_LEN];
            buffer[..len].fill(rel_type.get());
            let types = column(BlockKind::RelType, &buffer[..len])?;
            buffer[..len].copy_from_slice(&sorted.keys[from..from + len]);
            let start = column(BlockKind::RelStart, &buffer[..len])?;
            (0..len).for_each(|at| buffer[at] = sorted.first(from + at));
            let end = column(BlockKind::RelEnd, &buffer[..len])?;
            *writer.view().records.get_mut(block) = RecordPage { rel_type: types, start, end, ..RecordPage::default() };
        }
        writer.edges(Direction::Out, rel_type, n_rows, |at| {
            (sorted.keys[at], Edge { neighbor: sorted.first(at), rel: first + at as u32 })
        })?;
        let pair = |at: usize| (sorted.first(at), sorted.keys[at], first + at as u32);
        let by_end = Grouped::new(n_nodes, n_rows, pair, writer.check)?;
        drop(sorted);
        writer.edges(Direction::In, rel_type, n_rows, |at| {
            (by_end.keys[at], Edge { neighbor: by_end.first(at), rel: by_end.second(at) })
        })?;
        drop(by_end);
        writer.flush()?;
        let view = self.view_mut();
        view.rel_id_end = end;
        let self_loops = starts.iter().zip(ends).filter(|(start, end)| start == end).count();
        view.counts.add_rels(rel_type, n_rows as i64, self_loops as i64);
        for (direction, nodes) in [(Direction::Out, starts), (Direction::In, ends)] {
            count_ends(view, rel_type, direction, nodes, check)?;
        }
        Ok(())
    }

    /// Checks that no value of a column stands twice in it, nor in the index already.
    fn check_unique_column(
        &self,
        info: &super::IndexInfo,
        column: &Column,
        hashes: &[Option<u64>],
        check: &mut Check<'_>,
    ) -> Result<()> {
        let mut rows: Vec<(u64, u32)> =
            hashes.iter().enumerate().filter_map(|(row, hash)| Some(((*hash)?, row as u32))).collect();
        check()?;
        rows = sorted(rows, check)?;
        let is_same = |a: u32, b: u32| column.value(a as usize).equals(&column.value(b as usize)) == Some(true);
        for same in rows.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            for (at, (_, row)) in same.iter().enumerate() {
                if same[..at].iter().any(|(_, other)| is_same(*row, *other)) {
                    return Err(self.violation(info.label, info.key, &column.value(*row as usize)));
                }
            }
        }
        if self.view().indexes[info.number as usize].n_entries() > 0 {
            let mut found = Vec::new();
            for (at, (_, row)) in rows.into_iter().enumerate() {
                if at.is_multiple_of(ITEMS_BETWEEN_CHECKS / 16) {
                    check()?;
                }
                let value = column.value(row as usize);
                self.view().seek(info, &value, &mut found)?;
                if !found.is_empty() {
                    return Err(self.violation(info.label, info.key, &value));
                }
            }
        }
        Ok(())
    }
}

impl Writer<'_, '_> {
    /// Adds entries to an index, rewriting the chunks they fall into.
    pub(super) fn index(&mut self, number: u32, entries: Vec<(u64, u32)>) -> Result<()> {
        let n_before = self.view().indexes[number as usize].n_entries();
        let n_after = n_before + entries.len() as u64;
        let mut index = (*self.view().indexes[number as usize]).clone();
        let mut old: Vec<(u64, u32)> = Vec::new();
        if Index::with_capacity(n_after).chunks_log2() > index.chunks_log2() + 1 {
            // More chunks: the hashes of what is there come from the values.
            let info = self.view().catalog().indexes().iter().find(|info| info.number == number).cloned();
            let info = info.expect("an index being loaded is in the catalog");
            let rebuilt = self.tx.view().build_index(&info, n_after, self.check)?;
            for (chunk, page) in rebuilt.chunks().iter() {
                let high =
                    if rebuilt.chunks_log2() == 0 { 0 } else { u64::from(chunk) << (64 - rebuilt.chunks_log2()) };
                old.extend(
                    Index::entries(page)?.into_iter().map(|(fingerprint, id)| (high | u64::from(fingerprint), id)),
                );
            }
            index = Index::with_capacity(n_after);
        }
        let chunks_log2 = index.chunks_log2();
        let mut by_chunk: Vec<Vec<(u32, u32)>> = vec![Vec::new(); 1 << chunks_log2];
        for (at, (hash, id)) in old.into_iter().chain(entries).enumerate() {
            if at.is_multiple_of(ITEMS_BETWEEN_CHECKS) {
                (self.check)()?;
            }
            by_chunk[index::chunk_of(hash, chunks_log2) as usize].push((hash as u32, id));
        }
        let mut chunks = index.chunks().clone();
        for (chunk, mut more) in by_chunk.into_iter().enumerate().filter(|(_, more)| !more.is_empty()) {
            let chunk = chunk as u32;
            if let Some(page) = chunks.get(chunk) {
                more.extend(Index::entries(page)?);
            }
            let key = self.key(BlockKind::Index, number, chunk);
            let page: IndexPage = self.page(key, HashChunk::encode(&key, &more))?;
            *chunks.get_mut(chunk) = page;
        }
        *self.view().index_mut(number) = Index::from_parts(chunks, chunks_log2, n_after);
        Ok(())
    }

    /// Merges edges, sorted by node, then neighbour, into the blocks of their nodes.
    pub(super) fn edges(
        &mut self,
        direction: Direction,
        rel_type: TypeId,
        n_rows: usize,
        edge_at: impl Fn(usize) -> (u32, Edge),
    ) -> Result<()> {
        let mut more: Vec<(u16, Edge)> = Vec::new();
        let mut at = 0;
        while at < n_rows {
            let (block, _) = split(edge_at(at).0);
            more.clear();
            while at < n_rows {
                let (node, edge) = edge_at(at);
                let (found, local) = split(node);
                if found != block {
                    break;
                }
                more.push((local as u16, edge));
                at += 1;
            }
            let (kind, family) = match direction {
                Direction::Out => (BlockKind::OutAdjacency, &self.tx.view().out),
                Direction::In => (BlockKind::InAdjacency, &self.tx.view().into),
            };
            let page = family.get(rel_type.index()).and_then(|table| table.get(block)).filter(|page| !page.is_empty());
            let edges = match page {
                Some(page) => BlockEdges::merge(Some(page), &more)?,
                None => BlockEdges::of(&more),
            };
            let key = self.key(kind, rel_type.get(), block);
            let bytes = AdjacencyBlock::encode(&key, &edges.offsets, &edges.neighbors, &edges.rels);
            let page: AdjacencyPage = self.page(key, bytes)?;
            let family = match direction {
                Direction::Out => &mut self.view().out,
                Direction::In => &mut self.view().into,
            };
            *family.get_mut(rel_type.index()).get_mut(block) = page;
        }
        Ok(())
    }
}

impl BlockEdges {
    /// Returns edges, sorted by place and neighbour, as those of a block that had none.
    fn of(edges: &[(u16, Edge)]) -> Self {
        let mut offsets = vec![0u32; BLOCK_LEN + 1];
        edges.iter().for_each(|(local, _)| offsets[*local as usize + 1] += 1);
        (0..BLOCK_LEN).for_each(|local| offsets[local + 1] += offsets[local]);
        let neighbors = edges.iter().map(|(_, edge)| edge.neighbor).collect();
        Self { offsets, neighbors, rels: edges.iter().map(|(_, edge)| edge.rel).collect() }
    }
}

/// Returns one past the last of `n` ids from `first`.
fn room(first: u32, n: usize, what: &'static str) -> Result<u32> {
    let max = u32::MAX - BLOCK_LEN as u32;
    let end = u32::try_from(n).ok().and_then(|n| first.checked_add(n)).filter(|end| *end <= max);
    end.ok_or(Error::Limit { what, max: max.into() })
}

/// Returns the hash of each row, `None` where it is not indexed.
fn hashes(column: &Column, n_rows: usize, check: &mut Check<'_>) -> Result<Vec<Option<u64>>> {
    let hash = |row: usize| match &column.data {
        ColumnData::Int(values) => Some(index::hash_int(values[row])),
        ColumnData::Str(strings) => Some(index::hash_str(strings.get(row))),
        _ => index::hash_value(&column.value(row)),
    };
    let mut found = Vec::with_capacity(n_rows);
    visit(n_rows, check, |row| found.push(if column.is_null(row) { None } else { hash(row) }))?;
    Ok(found)
}

/// Sorts hashes with their rows, with looks between: hashes are spread evenly, so their high bits cut them into small parts.
fn sorted(items: Vec<(u64, u32)>, check: &mut Check<'_>) -> Result<Vec<(u64, u32)>> {
    let n_parts = (items.len() / ITEMS_BETWEEN_CHECKS + 1).next_power_of_two();
    let mut parts: Vec<Vec<(u64, u32)>> = vec![Vec::new(); n_parts];
    let part_of = |hash: u64| index::chunk_of(hash, n_parts.trailing_zeros()) as usize;
    visit(items.len(), check, |at| parts[part_of(items[at].0)].push(items[at]))?;
    let mut sorted = items;
    sorted.clear();
    for mut part in parts {
        check()?;
        part.sort_unstable();
        sorted.append(&mut part);
    }
    Ok(sorted)
}

/// Pairs of numbers, sorted by a key below `n_keys`. The pairs move along with the keys, so that whoever reads them in
/// order reads memory in order: following a permutation costs several times as much.
struct Grouped {
    keys: Vec<u32>,
    pairs: Vec<u64>,
}

impl Grouped {
    /// Sorts `item(0), item(1), ...`, each a key and a pair, by key; stable.
    fn new(
        n_keys: usize,
        n_items: usize,
        item: impl Fn(usize) -> (u32, u32, u32),
        check: &mut Check<'_>,
    ) -> Result<Self> {
        let mut places = vec![0u32; n_keys + 1];
        visit(n_items, check, |at| places[item(at).0 as usize + 1] += 1)?;
        let mut keys = Vec::with_capacity(n_items);
        for key in 0..n_keys {
            keys.resize(keys.len() + places[key + 1] as usize, key as u32);
            places[key + 1] += places[key];
        }
        let mut pairs = vec![0u64; n_items];
        visit(n_items, check, |at| {
            let (key, first, second) = item(at);
            let place = &mut places[key as usize];
            pairs[*place as usize] = u64::from(first) << 32 | u64::from(second);
            *place += 1;
        })?;
        Ok(Self { keys, pairs })
    }

    /// Sorts the pairs of each key.
    fn sort_groups(&mut self, check: &mut Check<'_>) -> Result<()> {
        let mut rest = &mut self.pairs[..];
        let mut n_sorted = 0;
        for keys in self.keys.chunk_by(|a, b| a == b) {
            let (group, more) = rest.split_at_mut(keys.len());
            if n_sorted >= ITEMS_BETWEEN_CHECKS {
                n_sorted = 0;
                check()?;
            }
            n_sorted += keys.len();
            group.sort_unstable();
            rest = more;
        }
        Ok(())
    }

    #[inline]
    fn first(&self, at: usize) -> u32 {
        (self.pairs[at] >> 32) as u32
    }

    #[inline]
    fn second(&self, at: usize) -> u32 {
        self.pairs[at] as u32
    }
}

/// Counts where relationships of a type start or end, by the labels of these nodes.
fn count_ends(
    view: &mut Snapshot,
    rel_type: TypeId,
    direction: Direction,
    nodes: &[u32],
    check: &mut Check<'_>,
) -> Result<()> {
    // One look at the labels of a block of nodes serves all its ends.
    let mut by_block: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    let mut degrees: Vec<u32> = vec![0; view.node_id_end() as usize];
    visit(nodes.len(), check, |at| degrees[nodes[at] as usize] += 1)?;
    for (id, degree) in degrees.iter().enumerate().filter(|(_, degree)| **degree > 0) {
        let (block, local) = split(id as u32);
        by_block.entry(block).or_insert_with(|| vec![0; BLOCK_LEN])[local] = *degree;
    }
    let mut totals: Vec<(LabelId, i64)> = Vec::new();
    for (label, table) in view.labels.iter() {
        check()?;
        let mut total = 0i64;
        for (block, degrees) in &by_block {
            let Some(page) = table.get(*block) else { continue };
            let words = page_words(page)?;
            total += (0..BLOCK_LEN)
                .filter(|local| words[local / 64] >> (local % 64) & 1 != 0)
                .map(|local| i64::from(degrees[local]))
                .sum::<i64>();
        }
        if total > 0 {
            totals.push((LabelId::new(label as u32), total));
        }
    }
    for (label, total) in totals {
        view.counts.add_type_end(rel_type, direction, label, total);
    }
    Ok(())
}
