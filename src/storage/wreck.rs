//! A damaged database, as far as it can be read: whole blocks in a store of their own, whatever roots there are, and the
//! journal. The directory is read in place and not changed by a byte.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    block::open_bytes,
    bytes::Bytes,
    header::Remains,
    journal::{Journal, Visitor},
    key::{BlockKey, BlockKind},
    private::PrivateCopy,
    root::{self, PageTable, Root},
    sledfiles::leaves,
    store::Store,
};
use crate::{Error, Result};

/// Bytes given to the store between two flushes.
const FLUSH_BYTES: usize = 64 << 20;

/// The most versions of roots kept: two are the database's, others are of the past.
const ROOTS_MAX: usize = 64;

/// Starts the keys of named records.
const NAMED: u8 = 0xff;

/// A root, and the blocks it names.
pub(crate) type Found = (Root, PageTable);

/// What can be read of a damaged database.
pub(crate) struct Wreck {
    /// Before the copy it lies in.
    store: Arc<Store>,
    roots: Vec<Vec<u8>>,
    /// Generations of page tables.
    tables: BTreeSet<u64>,
    database_id: Option<u128>,
    damage: Vec<Error>,
    remains: Remains,
    _copy: PrivateCopy,
}

impl Wreck {
    /// Reads what is whole in a database's directory.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] where there is nothing of a database; [`Error::AlreadyOpen`] beside an owner;
    /// [`Error::Version`]; [`Error::Full`] where there is no room for a copy of the blocks.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let remains = Remains::of(path)?;
        let mut damage = Vec::new();
        let database_id = match &remains.database_id {
            Ok(database_id) => Some(*database_id),
            Err(error) => {
                damage.push(error.clone());
                Journal::beginning(&remains.journal).map(|(database_id, _)| database_id)
            }
        };
        let slabs = remains.blocks.join(Store::FILES);
        let copy = PrivateCopy::with_room(size(&slabs))?;
        let store = Arc::new(Store::open(copy.path())?);
        let (mut roots, mut tables) = (Vec::new(), BTreeSet::new());
        if let Err(error) = fill(&store, &slabs, &mut roots, &mut tables) {
            match error {
                // Whatever was found before that is there.
                Error::Io { ref path, .. } if path.starts_with(&remains.blocks) => damage.push(error),
                error => return Err(error),
            }
        }
        store.flush()?;
        Ok(Self { store, roots, tables, database_id, damage, remains, _copy: copy })
    }

    /// Returns the store that holds the blocks that are whole, and no others.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Returns what was wrong with the directory itself.
    pub(crate) fn damage(&self) -> &[Error] {
        &self.damage
    }

    /// Returns every root that is whole, its page table too, the newest first; and what is wrong with others.
    ///
    /// # Errors
    /// [`Error::Version`] where one is of another version.
    pub(crate) fn roots(&self) -> Result<(Vec<Found>, Vec<Error>)> {
        let (mut whole, mut damage) = (Vec::new(), Vec::new());
        for bytes in &self.roots {
            match root::read_root(&self.store, bytes) {
                Ok(root) => whole.push(root),
                Err(error @ Error::Version { .. }) => return Err(error),
                Err(error) => damage.push(error),
            }
        }
        whole.sort_by_key(|(root, _)| std::cmp::Reverse(root.generation));
        Ok((whole, damage))
    }

    /// Returns the roots that page tables had, the newest first, for when no root is whole. Their sequence is not known:
    /// it is where the journal begins, since commits that blocks hold already do no harm.
    ///
    /// # Errors
    /// [`Error::Version`]; those of the store.
    pub(crate) fn guessed_roots(&self) -> Result<Vec<Found>> {
        let sequence = Journal::beginning(&self.remains.journal).map_or(0, |(_, first)| first.saturating_sub(1));
        let mut guessed = Vec::new();
        for generation in self.tables.iter().rev() {
            match root::guess_root(&self.store, *generation, sequence) {
                Ok(root) => guessed.push(root),
                Err(Error::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(guessed)
    }

    /// Forgets what roots there are.
    #[cfg(test)]
    pub(crate) fn forget_roots(&mut self) {
        self.roots.clear();
    }

    /// Shows the frames of the journal after a sequence, as far as they follow one another.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where one is missing or damaged that was acknowledged: those before it were shown.
    pub(crate) fn replay(&self, from_sequence: u64, visitor: &mut Visitor<'_>) -> Result<()> {
        let Some(database_id) = self.database_id else { return Ok(()) };
        Journal::replay(&self.remains.journal, database_id, from_sequence, visitor)
    }
}

/// Puts every whole block of some files into a store, and every version of a root into a list.
fn fill(store: &Store, slabs: &Path, roots: &mut Vec<Vec<u8>>, tables: &mut BTreeSet<u64>) -> Result<()> {
    if !slabs.is_dir() {
        let error = std::io::ErrorKind::NotFound.into();
        return Err(Error::io("read", slabs, &error));
    }
    let mut n_loose = 0;
    leaves::read(slabs, &mut |key, bytes| {
        if let Some((&NAMED, name)) = key.split_first() {
            if root::is_root_record(name) && roots.len() < ROOTS_MAX && !roots.iter().any(|root| root == bytes) {
                roots.push(bytes.to_vec());
            }
            return Ok(());
        }
        let Some(key) = BlockKey::decode(key) else { return Ok(()) };
        let bytes = Bytes::copy_of(bytes);
        match open_bytes(&key, &bytes) {
            Err(error @ Error::Version { .. }) => return Err(error),
            Err(_) => return Ok(()),
            Ok(_) => {}
        }
        if key.kind == BlockKind::PageTable {
            tables.insert(key.generation);
        }
        n_loose += bytes.len();
        store.apply(vec![(key, Some(bytes))])?;
        if n_loose >= FLUSH_BYTES {
            n_loose = 0;
            store.flush()?;
        }
        Ok(())
    })
}

/// Returns the bytes of a directory's files; what cannot be asked counts for nothing.
fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let path = |entry: std::fs::DirEntry| -> PathBuf { entry.path() };
    entries.map(path).filter_map(|path| std::fs::metadata(path).ok()).map(|metadata| metadata.len()).sum()
}
