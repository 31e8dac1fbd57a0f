//! Databases of any content whose checksums fit: the door of the fuzz targets to opening and reading.
//!
//! An *image* is a small database taken apart: header, blocks, roots, journal. *Edits* change any of these; then block
//! headers, roots, page tables and the journal's hash chain are made right again, so that a change reaches the decoders
//! instead of stopping at a checksum.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Engine, EngineLimits, Snapshot};
use crate::{
    Error, Result,
    storage::{
        BlockKey, Home, Store,
        codec::{self, CatalogRecord, CountsRecord},
        fuzz,
        journal::fuzz::{Parts, put_together, take_apart},
    },
};

/// Edits of one input: more would only hide each other.
const EDITS_MAX: usize = 12;

/// Bytes of an edit: which part, what to do, where (two bytes), with what (four bytes).
const EDIT_LEN: usize = 8;

/// A database taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    header: Vec<u8>,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    segments: Vec<Parts>,
}

impl Image {
    /// Takes a database apart that lies in `dir` and, its blocks, in a store in memory.
    ///
    /// # Errors
    /// `Io` where it cannot be read.
    pub(crate) fn take(dir: &Path, store: &Store) -> Result<Self> {
        let read = |path: PathBuf| std::fs::read(&path).map_err(|error| Error::io("read", &path, &error));
        let segments = journal_files(dir)?.into_iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            header: read(dir.join("header"))?,
            entries: store.entries(),
            segments: segments.iter().filter_map(|bytes| take_apart(bytes)).collect(),
        })
    }

    /// Returns how many parts there are to change.
    pub(crate) fn n_parts(&self) -> usize {
        self.entries.len() + self.segments.iter().map(|parts| 1 + parts.frames.len()).sum::<usize>()
    }

    /// Changes parts as the input says.
    pub(crate) fn edit(&mut self, input: &[u8]) {
        for edit in input.chunks_exact(EDIT_LEN).take(EDITS_MAX) {
            let part = usize::from(edit[0]) % self.n_parts().max(1);
            let (at, with) = (usize::from(u16::from_le_bytes([edit[2], edit[3]])), &edit[4..8]);
            self.edit_part(part, edit[1], at, with.try_into().expect("four bytes"));
        }
    }

    fn edit_part(&mut self, part: usize, what: u8, at: usize, with: [u8; 4]) {
        if let Some((key, bytes)) = self.entries.get_mut(part) {
            match what % 16 {
                // A block under another key, or gone.
                12 if key.len() > 1 => {
                    let place = 1 + at % (key.len() - 1);
                    key[place] ^= with[0];
                }
                13 => bytes.clear(),
                _ if key[0] == 0xff => change(bytes, what, 8 + at, with),
                _ => {
                    let mut record = fuzz::record_of(bytes).to_vec();
                    change(&mut record, what, at, with);
                    bytes.truncate(bytes.len().min(32));
                    bytes.extend_from_slice(&record);
                }
            }
            return;
        }
        let mut part = part - self.entries.len();
        for segment in &mut self.segments {
            if part == 0 {
                return change(&mut segment.header, what, 32 + at % 48, with);
            }
            if let Some((kind, payload)) = segment.frames.get_mut(part - 1) {
                match what % 16 {
                    12 => *kind = 1 + with[0] % 2,
                    _ => change(payload, what, at, with),
                }
                return;
            }
            part -= 1 + segment.frames.len();
        }
    }

    /// Puts the image into a directory and a store, with every checksum right.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub(crate) fn restore(&self, dir: &Path) -> Result<Arc<Store>> {
        let write = |path: PathBuf, bytes: &[u8]| {
            std::fs::write(&path, bytes).map_err(|error| Error::io("write", &path, &error))
        };
        let journal = dir.join("journal");
        std::fs::create_dir_all(&journal).map_err(|error| Error::io("create", &journal, &error))?;
        for path in journal_files(dir)? {
            std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
        }
        write(dir.join("header"), &self.header)?;
        for (at, parts) in self.segments.iter().enumerate() {
            let number = parts.header.get(40..48).map_or(1, |n| u64::from_le_bytes(n.try_into().expect("eight bytes")));
            let number = if number > 1 << 50 { at as u64 + 1 } else { number };
            write(journal.join(format!("{number:016}.journal")), &put_together(parts))?;
        }
        let store = Arc::new(Store::memory());
        for (key, bytes) in self.entries.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            if let Some(decoded) = BlockKey::decode(key) {
                store.put_entry(key, &fuzz::reseal(&decoded, fuzz::record_of(bytes)));
            }
        }
        for (key, bytes) in self.entries.iter().filter(|(key, _)| key.first() == Some(&0xff)) {
            store.put_entry(key, &fuzz::reseal_root(bytes, &store));
        }
        Ok(store)
    }
}

/// Opens what [`Image::restore`] put down.
///
/// # Errors
/// As [`Engine::open`].
pub(crate) fn open(dir: &Path, store: Arc<Store>, limits: EngineLimits) -> Result<Arc<Engine>> {
    Engine::recover(Home::open(dir)?, store, limits)
}

/// Decodes a catalog, counts and facts out of bytes, puts them together and applies the facts. Returns whether they fit.
///
/// # Errors
/// `Corrupt` where they are damaged.
pub(crate) fn catalog(input: &[u8]) -> Result<()> {
    let Some((&[catalog_len, counts_len], body)) = input.split_first_chunk() else { return Ok(()) };
    let (catalog, rest) = body.split_at(usize::from(catalog_len).min(body.len()));
    let (counts, facts) = rest.split_at(usize::from(counts_len).min(rest.len()));
    let catalog: CatalogRecord = codec::decode_catalog(catalog)?;
    let counts: CountsRecord = codec::decode_meta(codec::COUNTS_VERSION, counts, "counts")?;
    let facts = fuzz::facts(facts);
    let mut view = Snapshot::empty(Arc::new(Store::memory()));
    // Without blocks only an empty graph may be said to exist; names and indexes are free.
    let is_whole = Snapshot::from_records(&view.store.clone(), 0, &catalog, counts, std::iter::empty()).is_ok();
    if is_whole {
        view.adopt_catalog(&catalog)?;
    }
    for fact in facts? {
        view.replay(&fact)?;
    }
    std::hint::black_box((view.catalog_record(), view.counts_record()));
    std::hint::black_box(super::check(&view, true));
    Ok(())
}

fn change(bytes: &mut Vec<u8>, what: u8, at: usize, with: [u8; 4]) {
    if bytes.is_empty() {
        bytes.extend_from_slice(&with);
        return;
    }
    let at = at % bytes.len();
    let number = u32::from_le_bytes(with);
    let mut put = |with: &[u8]| {
        let end = bytes.len().min(at + with.len());
        bytes[at..end].copy_from_slice(&with[..end - at]);
    };
    match what % 16 {
        0 | 1 => put(&with[..1]),
        2 => put(&with[..2]),
        3 => put(&with),
        // A word of 64 bits, small or, from a negative number, very large.
        4 => put(&i64::from(number as i32).to_le_bytes()),
        5 => bytes[at] ^= 1 << (with[0] % 8),
        6 => bytes[at] = bytes[at].wrapping_add(1),
        7 => bytes[at] = bytes[at].wrapping_sub(1),
        8 => bytes.truncate(at),
        9 => {
            bytes.splice(at..at, with);
        }
        10 => {
            bytes.remove(at);
        }
        // Two words change places.
        11 => {
            let other = number as usize % bytes.len();
            for step in 0..4 {
                if at + step < bytes.len() && other + step < bytes.len() {
                    bytes.swap(at + step, other + step);
                }
            }
        }
        14 => put(&[0xff; 4]),
        _ => put(&[0; 4]),
    }
}

fn journal_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let journal = dir.join("journal");
    let failed = |error| Error::io("read", &journal, &error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&journal).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Returns seeds made of real records: target, name, bytes.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    use std::sync::Arc;

    use crate::model::{
        Analyzer, Embedder, Fact, Fulltext, KeyId, LabelId, Metric, NodeId, NoteTable, RelId, Space, SpaceOwner,
        Storage, TypeId, Value,
    };

    let seed = |catalog: &CatalogRecord, counts: &CountsRecord, facts: &[Fact]| {
        let catalog = codec::encode_meta(codec::CATALOG_VERSION, catalog);
        let counts = codec::encode_meta(codec::COUNTS_VERSION, counts);
        let lens = [catalog.len() as u8, counts.len() as u8];
        [&lens[..], &catalog, &counts, &codec::encode_facts(facts)].concat()
    };
    let (label, key, rel_type) = (LabelId::new(0), KeyId::new(0), TypeId::new(0));
    let embedder = Some(Embedder { name: "hash".into(), from: key });
    let owner = SpaceOwner::Nodes(vec![label]);
    let space = Space {
        name: "s".into(),
        owner,
        key,
        dimension: 3,
        metric: Metric::Dot,
        storage: Storage::Int8,
        embedder,
        indexed: true,
    };
    let owner = SpaceOwner::Nodes(vec![label]);
    let (keys, analyzer) = (vec![key], Analyzer::default());
    let fulltext = Fulltext { name: "f".into(), owner, keys, analyzer, eventual: false, number: 1 };
    let facts = [
        Fact::NameLabel { id: label, name: "A".into() },
        Fact::NameKey { id: key, name: "k".into() },
        Fact::NameType { id: rel_type, name: "R".into() },
        Fact::CreateIndex { name: "i".into(), label, key, unique: true },
        Fact::CreateNode { id: NodeId::new(0), labels: vec![label] },
        Fact::CreateNode { id: NodeId::new(1), labels: vec![] },
        Fact::SetNode { id: NodeId::new(0), key, value: Value::from("x") },
        Fact::CreateRel { id: RelId::new(0), rel_type, start: NodeId::new(0), end: NodeId::new(1) },
        Fact::SetRel { id: RelId::new(0), key, value: Value::list([Value::Int(1), Value::Float(0.5)]) },
        Fact::SetSalience { id: RelId::new(0), salience: 0.5 },
        Fact::AddLabel { id: NodeId::new(1), label },
        Fact::RemoveLabel { id: NodeId::new(0), label },
        Fact::DeleteRel { id: RelId::new(0) },
        Fact::DeleteNode { id: NodeId::new(1) },
        Fact::DropIndex { name: "i".into() },
        Fact::CreateSpace { space: Arc::new(space.clone()) },
        Fact::DropSpace { name: "s".into() },
        Fact::CreateFulltext { index: Arc::new(fulltext.clone()) },
        Fact::DropFulltext { name: "f".into() },
        Fact::Note { table: NoteTable::Ledger, id: 0, note: Some(Arc::from(&b"note"[..])) },
    ];
    let index = codec::IndexRecord {
        name: "by k".into(),
        label: 1,
        key: 0,
        unique: false,
        number: 2,
        chunks_log2: 1,
        n_entries: 0,
    };
    let catalog = CatalogRecord {
        labels: vec!["A".into(), "B".into()],
        types: vec!["R".into()],
        keys: vec!["k".into()],
        indexes: vec![index],
        next_index: 3,
        spaces: vec![codec::SpaceRecord::new(&space, (0.5, 7))],
        storages: vec![codec::kept_record(space.storage, space.indexed)],
        fulltexts: vec![codec::FulltextRecord::new(&fulltext)],
        ..CatalogRecord::default()
    };
    vec![
        ("catalog", "facts".into(), seed(&CatalogRecord::default(), &CountsRecord::default(), &facts)),
        ("catalog", "names".into(), seed(&catalog, &CountsRecord::default(), &facts[4..6])),
    ]
}
