//! Folding: the changes of a view, page by page, into blocks of a new generation.
//!
//! Folding reads a view that no longer changes, so it needs no lock. What it made is installed afterwards in the view of
//! that moment, where later commits have changed some pages again: their changes are rebased on the new block.

use std::sync::Arc;

use super::{
    adjacency::{AdjacencyDelta, AdjacencyPage, BlockEdges},
    base::{Base, Layered, Pin, plain_key},
    catalog::Catalog,
    column::{ColumnDelta, ColumnPage},
    export::id_at,
    index::{Index, IndexDelta},
    note::{NoteDelta, NotePage},
    paged::{Family, Paged, Sparse},
    snapshot::{BitsPage, RecordPage, SALIENCE_INITIAL, SaliencePage, Snapshot, page_words},
};
use crate::{
    Result,
    model::{KeyId, RelId},
    storage::{
        AdjacencyBlock, BLOCK_LEN, BLOCK_WORDS, BitmapBlock, BlockKey, BlockKind, Bytes, ColumnBlock, F32Column,
        HashChunk, NoteBlock, Store, U32Column,
    },
};

/// Bytes of finished blocks handed to the store at once: the store keeps them dirty in memory until its next flush.
const WRITE_BYTES: usize = 32 << 20;

/// Puts one new block in its page's place.
type Install = Box<dyn Fn(&mut Snapshot) + Send + Sync>;

/// Folding in progress.
pub(crate) struct Fold {
    store: Arc<Store>,
    generation: u64,
    writes: Vec<(BlockKey, Option<Bytes>)>,
    bytes: usize,
    installs: Vec<Install>,
}

impl Fold {
    /// Returns an empty fold that writes blocks of `generation`.
    pub(crate) fn new(store: &Arc<Store>, generation: u64) -> Self {
        let store = store.clone();
        Self { store, generation, writes: Vec::new(), bytes: 0, installs: Vec::new() }
    }

    /// Folds every changed page of a view.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; what the store says where it cannot write.
    pub(crate) fn view(&mut self, view: &Snapshot) -> Result<()> {
        for (block, page) in view.nodes_alive.iter() {
            self.bits(page, plain_key(BlockKind::NodeAlive, block, self.generation), move |view| {
                view.nodes_alive.get_mut(block)
            })?;
        }
        for (block, page) in view.rels_alive.iter() {
            self.bits(page, plain_key(BlockKind::RelAlive, block, self.generation), move |view| {
                view.rels_alive.get_mut(block)
            })?;
        }
        for (label, table) in view.labels.iter() {
            for (block, page) in table.iter() {
                let key = BlockKey::new(BlockKind::NodeLabel, label as u32, block, self.generation);
                self.bits(page, key, move |view| view.labels.get_mut(label).get_mut(block))?;
            }
        }
        let catalog = view.catalog();
        self.columns(&view.node_columns, BlockKind::NodeProperty, catalog, |view| &mut view.node_columns)?;
        self.columns(&view.rel_columns, BlockKind::RelProperty, catalog, |view| &mut view.rel_columns)?;
        self.notes(&view.notes)?;
        self.adjacency(&view.out, BlockKind::OutAdjacency, |view| &mut view.out)?;
        self.adjacency(&view.into, BlockKind::InAdjacency, |view| &mut view.into)?;
        for (block, page) in view.records.iter() {
            self.records(view, block, page)?;
        }
        for (block, page) in view.saliences.iter() {
            self.saliences(block, page)?;
        }
        for info in view.catalog().indexes() {
            self.index(info.number, &view.indexes[info.number as usize])?;
        }
        Ok(())
    }

    /// Puts the new blocks under the pages they were folded from.
    pub(crate) fn install(&self, view: &mut Snapshot) {
        self.installs.iter().for_each(|install| install(view));
    }

    /// Hands what is left to the store.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.write()
    }

    fn bits(
        &mut self,
        page: &BitsPage,
        key: BlockKey,
        place: impl Fn(&mut Snapshot) -> &mut BitsPage + Send + Sync + 'static,
    ) -> Result<()> {
        if page.delta.is_none() {
            return Ok(());
        }
        let bytes = BitmapBlock::encode(&key, &page_words(page)?);
        // Bits say it all: a later change stands as it is.
        self.fold(page, key, bytes, place, |later, _| Some(later.clone()))
    }

    fn columns(
        &mut self,
        family: &Family<ColumnPage>,
        kind: BlockKind,
        catalog: &Catalog,
        place: fn(&mut Snapshot) -> &mut Family<ColumnPage>,
    ) -> Result<()> {
        for (sub, table) in family.iter() {
            let storage = catalog.storage_of(kind, KeyId::new(sub as u32));
            for (block, page) in changed(table) {
                let key = BlockKey::new(kind, sub as u32, block, self.generation);
                let bytes = ColumnBlock::encode_as(&key, &page.values()?, storage);
                // A change is the value itself: it stands as it is.
                let rebase = |later: &ColumnDelta, _: &ColumnDelta| Some(later.clone());
                self.fold(page, key, bytes, move |view| place(view).get_mut(sub).get_mut(block), rebase)?;
            }
        }
        Ok(())
    }

    fn adjacency(
        &mut self,
        family: &Family<AdjacencyPage>,
        kind: BlockKind,
        place: fn(&mut Snapshot) -> &mut Family<AdjacencyPage>,
    ) -> Result<()> {
        for (sub, table) in family.iter() {
            for (block, page) in changed(table) {
                let key = BlockKey::new(kind, sub as u32, block, self.generation);
                let edges = BlockEdges::merge(Some(page), &[])?;
                let bytes = AdjacencyBlock::encode(&key, &edges.offsets, &edges.neighbors, &edges.rels);
                self.fold(page, key, bytes, move |view| place(view).get_mut(sub).get_mut(block), rebase_adjacency)?;
            }
        }
        Ok(())
    }

    /// Types and ends, with those of new relationships; where a quarter of those stored are dead by now, without theirs.
    fn records(&mut self, view: &Snapshot, block: u32, page: &RecordPage) -> Result<()> {
        let Some(wanted) = records_wanted(view, block, page)? else { return Ok(()) };
        let mut columns = [const { Vec::new() }; 3];
        let mut places = [0u64; BLOCK_WORDS];
        let mut has_holes = false;
        for local in 0..BLOCK_LEN {
            let is_wanted = match wanted {
                Wanted::All => true,
                Wanted::Living(words) => words[local / 64] >> (local % 64) & 1 != 0,
            };
            let record = if is_wanted { view.rel_record(RelId::new(id_at(block, local)))? } else { None };
            let Some(record) = record else { continue };
            has_holes |= columns[0].len() < local;
            places[local / 64] |= 1 << (local % 64);
            columns[0].push(record.rel_type.get());
            columns[1].push(record.start.get());
            columns[2].push(record.end.get());
        }
        let kinds = [BlockKind::RelType, BlockKind::RelStart, BlockKind::RelEnd];
        let mut made = Vec::new();
        for (kind, column) in kinds.into_iter().zip(&columns) {
            let key = plain_key(kind, block, self.generation);
            self.put(key, U32Column::encode(&key, column))?;
            made.push(Base::<U32Column>::stored(&self.store, key));
        }
        let key = plain_key(BlockKind::RelPlaces, block, self.generation);
        let places = if has_holes {
            self.put(key, BitmapBlock::encode(&key, &places))?;
            Some(Base::<BitmapBlock>::stored(&self.store, key))
        } else {
            None
        };
        let folded = page.clone();
        self.installs.push(Box::new(move |view| {
            let page = view.records.get_mut(block);
            if !is_same(&page.start.base, &folded.start.base) {
                return;
            }
            for (place, base) in [&mut page.rel_type, &mut page.start, &mut page.end].into_iter().zip(&made) {
                place.base = Some(base.clone());
            }
            page.places.base = places.clone();
            // Records never change, so a later delta holds the folded one: what it adds is right beside the base.
            if is_same(&page.delta, &folded.delta) {
                page.delta = None;
            }
        }));
        Ok(())
    }

    fn saliences(&mut self, block: u32, page: &SaliencePage) -> Result<()> {
        let Some(delta) = &page.delta else { return Ok(()) };
        let mut values = [SALIENCE_INITIAL; BLOCK_LEN];
        if let Some(base) = page.base()? {
            (0..base.len()).for_each(|local| values[local] = base.get(local).unwrap_or(SALIENCE_INITIAL));
        }
        delta.iter().for_each(|(local, salience)| values[local] = *salience);
        let key = plain_key(BlockKind::RelSalience, block, self.generation);
        let bytes = F32Column::encode(&key, &values);
        let rebase = |later: &Sparse<f32>, _: &Sparse<f32>| Some(later.clone());
        self.fold(page, key, bytes, move |view| view.saliences.get_mut(block), rebase)
    }

    fn notes(&mut self, family: &Family<NotePage>) -> Result<()> {
        for (table, pages) in family.iter() {
            for (block, page) in changed(pages) {
                let key = BlockKey::new(BlockKind::Note, table as u32, block, self.generation);
                let mut notes: Vec<(usize, Box<[u8]>)> = Vec::new();
                page.each(&mut |local, note| {
                    notes.push((local, note.into()));
                    Ok(())
                })?;
                let bytes = NoteBlock::encode(&key, notes.iter().map(|(local, note)| (*local, &**note)));
                // A change is the note itself: it stands as it is.
                let rebase = |later: &NoteDelta, _: &NoteDelta| Some(later.clone());
                self.fold(page, key, bytes, move |view| view.notes.get_mut(table).get_mut(block), rebase)?;
            }
        }
        Ok(())
    }

    fn index(&mut self, number: u32, index: &Index) -> Result<()> {
        let chunks_log2 = index.chunks_log2();
        for (chunk, page) in changed(index.chunks()) {
            let key = BlockKey::new(BlockKind::Index, number, chunk, self.generation);
            let bytes = HashChunk::encode(&key, &Index::entries(page)?);
            let rebase = |later: &IndexDelta, folded: &IndexDelta| {
                let rest = later.rebase(folded);
                (!rest.is_empty()).then_some(rest)
            };
            self.put(key, bytes)?;
            let install = install_in_place(page, Base::<HashChunk>::stored(&self.store, key), rebase);
            self.installs.push(Box::new(move |view| {
                // An index that was spread over more chunks since has other pages.
                if view.indexes[number as usize].chunks_log2() == chunks_log2 {
                    install(view.index_mut(number).chunks_mut().get_mut(chunk));
                }
            }));
        }
        Ok(())
    }

    /// Stores the block made of a page, and remembers to put it in the page's place.
    fn fold<B, D>(
        &mut self,
        page: &Layered<B, D>,
        key: BlockKey,
        bytes: Bytes,
        place: impl Fn(&mut Snapshot) -> &mut Layered<B, D> + Send + Sync + 'static,
        rebase: impl Fn(&D, &D) -> Option<D> + Send + Sync + 'static,
    ) -> Result<()>
    where
        B: Pin + Send + Sync + 'static,
        D: Send + Sync + 'static,
    {
        self.put(key, bytes)?;
        let install = install_in_place(page, Base::<B>::stored(&self.store, key), rebase);
        self.installs.push(Box::new(move |view| install(place(view))));
        Ok(())
    }

    fn put(&mut self, key: BlockKey, bytes: Bytes) -> Result<()> {
        self.bytes += bytes.len();
        self.writes.push((key, Some(bytes)));
        if self.bytes >= WRITE_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        self.bytes = 0;
        self.store.apply(std::mem::take(&mut self.writes))
    }
}

/// Returns what puts the block made of `folded` in the place of a page that may have changed since.
fn install_in_place<B, D, R: Fn(&D, &D) -> Option<D>>(
    folded: &Layered<B, D>,
    base: Arc<Base<B>>,
    rebase: R,
) -> impl Fn(&mut Layered<B, D>) + use<B, D, R> {
    let folded = folded.clone();
    move |page| {
        // A page that was rebuilt since (by a bulk load) holds the folded changes already.
        let (Some(changes), Some(later)) = (&folded.delta, &page.delta) else { return };
        if is_same(&page.base, &folded.base) {
            page.delta = if Arc::ptr_eq(later, changes) { None } else { rebase(later, changes).map(Arc::new) };
            page.base = Some(base.clone());
        }
    }
}

/// Which relationships of a block types and ends are to be stored of.
enum Wanted {
    All,
    Living([u64; BLOCK_WORDS]),
}

/// Returns of which relationships a block's types and ends must be stored anew, if they must.
fn records_wanted(view: &Snapshot, block: u32, page: &RecordPage) -> Result<Option<Wanted>> {
    let has_died = view.rels_alive.get(block).is_some_and(|alive| alive.delta.is_some());
    if page.delta.is_none() && !has_died {
        return Ok(None);
    }
    let living = view.rel_words(block)?;
    let n_living: u32 = living.iter().map(|word| word.count_ones()).sum();
    let n_stored = page.start.base()?.map_or(0, U32Column::len);
    let n_added = page.delta.iter().flat_map(|delta| delta.iter()).count();
    let is_thin = (n_living as usize) * 4 <= (n_stored + n_added) * 3;
    Ok(match (is_thin, &page.delta) {
        (true, _) => Some(Wanted::Living(living)),
        (false, Some(_)) => Some(Wanted::All),
        (false, None) => None,
    })
}

fn changed<B, D>(table: &Paged<Layered<B, D>>) -> impl Iterator<Item = (u32, &Layered<B, D>)> {
    table.iter().filter(|(_, page)| page.delta.is_some())
}

fn rebase_adjacency(later: &AdjacencyDelta, folded: &AdjacencyDelta) -> Option<AdjacencyDelta> {
    let mut rest = AdjacencyDelta::default();
    let mut is_empty = true;
    for (local, delta) in later.iter() {
        let delta = match folded.get(local) {
            Some(folded) if Arc::ptr_eq(folded, delta) => continue,
            Some(folded) => Arc::new(delta.rebase(folded)),
            None => delta.clone(),
        };
        if !delta.is_empty() {
            *rest.get_mut(local) = Some(delta);
            is_empty = false;
        }
    }
    (!is_empty).then_some(rest)
}

fn is_same<T>(a: &Option<Arc<T>>, b: &Option<Arc<T>>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}
