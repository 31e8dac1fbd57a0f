//! A view written out as blocks and root of another store: an online backup.
//!
//! Whole blocks are copied as they are, after their checksum was looked at; changed pages are folded on the way. The
//! view is held, so nothing it names is swept, and neither readers nor writers wait.

use std::{path::Path, sync::Arc};

use super::{
    base::Base, base::Pin, checkpoint::write_records, engine::Engine, fold::Fold, paged::Paged, snapshot::Snapshot,
};
use crate::{
    Result,
    storage::{BlockKey, Bytes, Home, Journal, PageTable, Root, Roots, Staging, Store, open_bytes},
};

/// Bytes handed to the store between two flushes: it keeps them in memory until then.
pub(super) const FLUSH_BYTES: usize = 128 << 20;

/// Shown each stored block of a view: its key and how to read it.
type Visit<'a> = dyn FnMut(BlockKey, &dyn Fn() -> Result<Bytes>) -> Result<()> + 'a;

impl Engine {
    /// Writes the durable head into a new directory, which appears when it is whole and on disk.
    ///
    /// # Errors
    /// `NotAllowed` where something is there; `AlreadyOpen` where another process is making it; `Corrupt`, `Full`, `Io`.
    pub(crate) fn back_up(&self, path: &Path) -> Result<()> {
        let view = self.snapshot();
        let staging = Staging::begin(path)?;
        let home = Home::open(staging.path())?;
        // Without its blocks, a backup is to be refused: its journal goes on behind them.
        Journal::begin(&home.journal(), home.database_id(), view.sequence())?;
        let store = Arc::new(Store::open(&home.blocks())?);
        view.back_up(&store)?;
        drop((store, home));
        staging.publish()
    }
}

impl Snapshot {
    /// Writes the view into an empty store, as the state of its first root. Durable when it returns.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged: a backup holds none. `Full`, `Io` where the store cannot write.
    fn back_up(&self, store: &Arc<Store>) -> Result<()> {
        let mut newest = 0;
        self.each_block(&mut |key, _| {
            newest = newest.max(key.generation);
            Ok(())
        })?;
        let generation = newest + 1;
        let mut fold = Fold::new(store, generation);
        fold.view(self)?;
        fold.finish()?;
        let mut clean = self.clone();
        fold.install(&mut clean);
        let mut keys = Vec::new();
        let mut n_bytes = 0;
        clean.each_block(&mut |key, read| {
            keys.push(key);
            if key.generation == generation {
                return Ok(());
            }
            let bytes = read()?;
            open_bytes(&key, &bytes)?;
            n_bytes += bytes.len();
            store.apply(vec![(key, Some(bytes))])?;
            if n_bytes >= FLUSH_BYTES {
                n_bytes = 0;
                store.flush()?;
            }
            Ok(())
        })?;
        keys.extend(write_records(store, &clean, generation)?);
        let root = Root::new(self.sequence, generation, clean.n_nodes(), clean.n_rels());
        Roots::default().write(store, root, PageTable::new(keys)).map(drop)
    }

    /// Shows every stored block.
    fn each_block(&self, visit: &mut Visit<'_>) -> Result<()> {
        table(&self.nodes_alive, visit)?;
        table(&self.rels_alive, visit)?;
        self.labels.iter().try_for_each(|(_, pages)| table(pages, visit))?;
        self.node_columns.iter().try_for_each(|(_, pages)| table(pages, visit))?;
        self.rel_columns.iter().try_for_each(|(_, pages)| table(pages, visit))?;
        self.out.iter().try_for_each(|(_, pages)| table(pages, visit))?;
        self.into.iter().try_for_each(|(_, pages)| table(pages, visit))?;
        self.notes.iter().try_for_each(|(_, pages)| table(pages, visit))?;
        table(&self.saliences, visit)?;
        for (_, page) in self.records.iter() {
            for base in [&page.rel_type.base, &page.start.base, &page.end.base].into_iter().flatten() {
                show(base, visit)?;
            }
            if let Some(places) = page.some_places() {
                show(places, visit)?;
            }
        }
        for info in self.catalog.indexes() {
            table(self.indexes[info.number as usize].chunks(), visit)?;
        }
        Ok(())
    }
}

fn table<B: Pin, D>(pages: &Paged<super::base::Layered<B, D>>, visit: &mut Visit<'_>) -> Result<()> {
    pages.iter().filter_map(|(_, page)| page.base.as_ref()).try_for_each(|base| show(base, visit))
}

fn show<B: Pin>(base: &Base<B>, visit: &mut Visit<'_>) -> Result<()> {
    visit(base.key(), &|| base.bytes())
}
