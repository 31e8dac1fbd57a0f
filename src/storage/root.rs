//! The root flip: how many blocks become one state, at once.
//!
//! Block keys carry the generation that wrote them and are never overwritten. A checkpoint or bulk load applies blocks
//! of a new generation (any number of flushes), then the page table, flushes, then writes a root that names them, and
//! flushes again. The two newest roots are kept, each in a record of its own: where the newest is missing or damaged, or
//! its page table is, the older one and the journal since it are the database.

use xxhash_rust::xxh3::xxh3_64;

use super::{
    block::{self, Buffer},
    bytes::Bytes,
    key::{BlockKey, BlockKind},
    store::Store,
};
use crate::{Error, Result};

/// The records roots are kept in.
const SLOTS: [&str; 2] = ["root-a", "root-b"];

const MAGIC: [u8; 7] = *b"AttenRt";

/// Version of roots: the first was written as the end of a line.
const ROOT_VERSION: u8 = b'\n';

/// Bytes of a root: magic 7, version u8, seven numbers u64, xxh3-64 of all that.
const ROOT_LEN: usize = 8 + 7 * 8 + 8;

/// Runs a segment of the page table holds: 86 kB, one value of sled.
const SEGMENT_RUNS: usize = 4096;

/// Generations a process may use between two roots, and so leave behind when it is killed: checkpoints that failed and
/// bulk loads that were rolled back. Leaving so many out at each open costs nothing (2^64 are enough for ten million
/// opens a second for a year) and saves reading every key to find the last one.
const GENERATIONS_LEFT_MAX: u64 = 1 << 16;

/// The largest generation and the largest sequence of a root: beyond half of all numbers they are damage, and counting on
/// from there would come to an end.
pub(crate) const NUMBER_MAX: u64 = 1 << 62;

/// Blocks a run may name before its last one must be found in the store: a number of blocks that is damage must not
/// become that many entries in memory.
const RUN_TRUSTED_MAX: u32 = 1 << 12;

/// Bytes of a run: kind u8, sub u32, first u32, length u32, generation u64.
const RUN_LEN: usize = 21;

/// A state of the database: everything up to a sequence, in blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Root {
    /// The last commit the blocks hold.
    pub(crate) sequence: u64,
    /// The newest generation among the blocks: that of the page table.
    pub(crate) generation: u64,
    /// Nodes alive.
    pub(crate) n_nodes: u64,
    /// Relationships alive.
    pub(crate) n_rels: u64,
    /// Blocks in the page table.
    pub(crate) n_blocks: u64,
    /// Segments of the page table.
    n_segments: u64,
    /// Of the page table.
    checksum: u64,
}

/// Blocks in a row of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: BlockKey,
    len: u32,
}

/// Every block of a state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PageTable {
    runs: Vec<Run>,
}

/// The roots of a store.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    current: Option<(Root, PageTable)>,
    previous: Option<(Root, PageTable)>,
    /// Where the current root lies.
    slot: usize,
    /// What was wrong with a root that was passed over.
    damage: Option<Error>,
}

impl Root {
    /// Returns the root of a state; the page table's part is filled in when it is written.
    pub(crate) fn new(sequence: u64, generation: u64, n_nodes: u64, n_rels: u64) -> Self {
        Self { sequence, generation, n_nodes, n_rels, ..Self::default() }
    }

    fn numbers(&self) -> [u64; 7] {
        [self.sequence, self.generation, self.n_nodes, self.n_rels, self.n_blocks, self.n_segments, self.checksum]
    }

    fn encode(&self) -> [u8; ROOT_LEN] {
        let mut bytes = [0; ROOT_LEN];
        bytes[..7].copy_from_slice(&MAGIC);
        bytes[7] = ROOT_VERSION;
        for (at, number) in self.numbers().into_iter().enumerate() {
            bytes[8 + 8 * at..16 + 8 * at].copy_from_slice(&number.to_le_bytes());
        }
        let checksum = xxh3_64(&bytes[..ROOT_LEN - 8]);
        bytes[ROOT_LEN - 8..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn decode(slot: &str, bytes: &[u8]) -> Result<Self> {
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        // Of another version only magic, version and the checksum at the end are where they are in this one.
        if let Some((body, checksum)) = bytes.split_last_chunk()
            && body.len() > MAGIC.len()
            && body[..7] == MAGIC
            && body[7] != ROOT_VERSION
            && xxh3_64(body) == u64::from_le_bytes(*checksum)
        {
            return Err(Error::version(slot, body[7], ROOT_VERSION));
        }
        if bytes.len() != ROOT_LEN || bytes[..7] != MAGIC || bytes[7] != ROOT_VERSION {
            return Err(Error::corrupt(slot, "a root", format_args!("{} other bytes", bytes.len())));
        }
        let (expected, found) = (xxh3_64(&bytes[..ROOT_LEN - 8]), number(ROOT_LEN - 8));
        if expected != found {
            return Err(Error::corrupt(slot, format_args!("checksum {expected:016x}"), format_args!("{found:016x}")));
        }
        let [sequence, generation, n_nodes, n_rels, n_blocks, n_segments, checksum] =
            std::array::from_fn(|at| number(8 + 8 * at));
        if sequence > NUMBER_MAX || generation > NUMBER_MAX {
            let found = format_args!("sequence {sequence}, generation {generation}");
            return Err(Error::corrupt(slot, format_args!("numbers up to {NUMBER_MAX}"), found));
        }
        Ok(Self { sequence, generation, n_nodes, n_rels, n_blocks, n_segments, checksum })
    }
}

impl PageTable {
    /// Returns the table of these blocks, one generation each, in any order.
    ///
    /// # Panics
    /// When a block is named twice.
    pub(crate) fn new(keys: impl IntoIterator<Item = BlockKey>) -> Self {
        let mut keys: Vec<BlockKey> = keys.into_iter().collect();
        keys.sort_unstable();
        let mut runs: Vec<Run> = Vec::new();
        for key in keys {
            match runs.last_mut() {
                Some(run) if run.at(run.len) == Some(key) => run.len += 1,
                last => {
                    let is_new = last.is_none_or(|run| run.at(run.len - 1).map(place) < Some(place(key)));
                    assert!(is_new, "{key} is named twice");
                    runs.push(Run { first: key, len: 1 });
                }
            }
        }
        Self { runs }
    }

    /// Returns every block, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = BlockKey> + '_ {
        self.runs.iter().flat_map(|run| (0..run.len).filter_map(|at| run.at(at)))
    }

    /// Returns how many blocks there are.
    pub(crate) fn len(&self) -> usize {
        self.runs.iter().map(|run| run.len as usize).sum()
    }

    /// Returns whether this very block, of this generation, is in the table.
    pub(crate) fn contains(&self, key: &BlockKey) -> bool {
        let after = self.runs.partition_point(|run| place(run.first) <= place(*key));
        after.checked_sub(1).is_some_and(|at| {
            let run = &self.runs[at];
            key.block.checked_sub(run.first.block).and_then(|at| run.at(at)) == Some(*key)
                && key.block - run.first.block < run.len
        })
    }

    fn encode(&self, generation: u64) -> Vec<(BlockKey, Bytes)> {
        let segments = self.runs.chunks(SEGMENT_RUNS).enumerate();
        segments
            .map(|(at, runs)| {
                let mut bytes = Vec::with_capacity(runs.len() * RUN_LEN);
                for run in runs {
                    bytes.push(run.first.kind as u8);
                    bytes.extend_from_slice(&run.first.sub.to_le_bytes());
                    bytes.extend_from_slice(&run.first.block.to_le_bytes());
                    bytes.extend_from_slice(&run.len.to_le_bytes());
                    bytes.extend_from_slice(&run.first.generation.to_le_bytes());
                }
                let key = segment_key(at, generation);
                (key, block::seal_bytes(&key, &bytes))
            })
            .collect()
    }

    fn load(store: &Store, root: &Root) -> Result<Self> {
        let mut runs = Vec::new();
        let mut all = Buffer::new();
        for at in 0..root.n_segments {
            let key = segment_key(at as usize, root.generation);
            let bytes = store.get(&key)?.ok_or_else(|| Error::corrupt(key, "a segment of the page table", "none"))?;
            all.extend_from_slice(&bytes);
            for bytes in block::open_bytes(&key, &bytes)?.chunks(RUN_LEN) {
                let run = Run::decode(bytes)
                    .ok_or_else(|| Error::corrupt(key, "runs of blocks", format_args!("{bytes:02x?}")))?;
                runs.push(run);
            }
        }
        let (expected, found) = (root.checksum, xxh3_64(&all));
        if expected != found {
            let what = format!("page table of generation {}", root.generation);
            return Err(Error::corrupt(what, format_args!("checksum {expected:016x}"), format_args!("{found:016x}")));
        }
        let table = Self { runs };
        table.check(store, root)?;
        Ok(table)
    }

    /// Checks that the runs ascend, are of no later generation than the root, and name as many blocks as it says.
    fn check(&self, store: &Store, root: &Root) -> Result<()> {
        let what = || format!("page table of generation {}", root.generation);
        for run in &self.runs {
            let Some(last) = run.at(run.len - 1).filter(|last| last.generation <= root.generation) else {
                return Err(Error::corrupt(what(), "blocks of its generation or before", run.first));
            };
            if run.len > RUN_TRUSTED_MAX && store.get(&last)?.is_none() {
                return Err(Error::corrupt(what(), last, "nothing"));
            }
        }
        let is_before = |a: &Run, b: &Run| a.at(a.len - 1).map(place) < Some(place(b.first));
        if let Some(pair) = self.runs.windows(2).find(|pair| !is_before(&pair[0], &pair[1])) {
            return Err(Error::corrupt(what(), "blocks in order, each once", pair[1].first));
        }
        let (expected, found) = (root.n_blocks, self.len() as u64);
        if expected != found {
            return Err(Error::corrupt(what(), format_args!("{expected} blocks"), found));
        }
        Ok(())
    }
}

impl Run {
    fn at(&self, at: u32) -> Option<BlockKey> {
        Some(BlockKey { block: self.first.block.checked_add(at)?, ..self.first })
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; RUN_LEN] = bytes.try_into().ok()?;
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let kind = BlockKind::from_number(bytes[0])?;
        let generation = u64::from(word(17)) << 32 | u64::from(word(13));
        let run = Self { first: BlockKey::new(kind, word(1), word(5), generation), len: word(9) };
        // One past the last block is a number too.
        run.at(run.len).filter(|_| run.len > 0).map(|_| run)
    }
}

/// Returns where a block is, whatever its generation.
fn place(key: BlockKey) -> (BlockKind, u32, u32) {
    (key.kind, key.sub, key.block)
}

fn segment_key(at: usize, generation: u64) -> BlockKey {
    BlockKey::new(BlockKind::PageTable, 0, u32::try_from(at).expect("far fewer segments"), generation)
}

impl Roots {
    /// Reads the roots of a store. A newest root that is damaged, or whose page table is, is passed over.
    ///
    /// # Errors
    /// [`Error::Version`] where one is of another version; [`Error::Corrupt`] where there are roots and none is whole.
    pub(crate) fn load(store: &Store) -> Result<Self> {
        let mut whole: Vec<(usize, Root, PageTable)> = Vec::new();
        let mut damage = None;
        for (slot, name) in SLOTS.into_iter().enumerate() {
            let Some(bytes) = store.record(name)? else { continue };
            let loaded = Root::decode(name, &bytes).and_then(|root| Ok((root, PageTable::load(store, &root)?)));
            match loaded {
                Ok((root, table)) => whole.push((slot, root, table)),
                Err(error @ Error::Corrupt { .. }) => damage = Some(error),
                Err(error) => return Err(error),
            }
        }
        whole.sort_by_key(|(_, root, _)| root.generation);
        let newest = whole.pop();
        match (newest, damage) {
            (None, None) => Ok(Self::default()),
            (None, Some(error)) => Err(error),
            (Some((slot, root, table)), damage) => {
                let previous = whole.pop().map(|(_, root, table)| (root, table));
                Ok(Self { current: Some((root, table)), previous, slot, damage })
            }
        }
    }

    /// Returns the newest root and its blocks, or `None` for an empty database.
    pub(crate) fn current(&self) -> Option<(&Root, &PageTable)> {
        self.current.as_ref().map(|(root, table)| (root, table))
    }

    /// Returns the root before that.
    pub(crate) fn previous(&self) -> Option<(&Root, &PageTable)> {
        self.previous.as_ref().map(|(root, table)| (root, table))
    }

    /// Returns what was wrong with a root that was passed over when loading. It may have been the newest: then commits
    /// it held are in the journal, whose frames begin at the older root.
    pub(crate) fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    /// Gives up the newest root, one of whose blocks turned out to be damaged: the older one and the journal since it
    /// are the database, and the next root takes the damaged one's place.
    ///
    /// # Errors
    /// The damage, where there is no older root.
    pub(crate) fn fall_back(&mut self, damage: Error) -> Result<()> {
        let Some(older) = self.previous.take() else { return Err(damage) };
        self.current = Some(older);
        self.slot = 1 - self.slot;
        self.damage = Some(damage);
        Ok(())
    }

    /// Returns the first sequence the journal must keep: recovery may begin at the older root.
    pub(crate) fn first_sequence_needed(&self) -> u64 {
        self.previous.as_ref().map_or(1, |(root, _)| root.sequence + 1)
    }

    /// Returns the first generation of this process, above `adopted`, the newest the journal names, and everything a
    /// killed process may have left behind: whatever is older and named by nobody is dead.
    pub(crate) fn first_generation(&self, adopted: u64) -> u64 {
        let of_roots = [&self.current, &self.previous].into_iter().flatten().map(|(root, _)| root.generation);
        of_roots.max().unwrap_or(0).max(adopted) + GENERATIONS_LEFT_MAX
    }

    /// Writes a root that names the blocks of `table`, all applied before: page table, flush, root, flush. Returns the
    /// root as written and the blocks that neither of the two newest roots names any longer; whoever knows the snapshots
    /// removes them.
    ///
    /// # Errors
    /// As [`Store::flush`]. The state on disk is then the old one or the new one, and both are whole.
    ///
    /// # Panics
    /// When the generation is not newer than the current root's.
    pub(crate) fn write(&mut self, store: &Store, mut root: Root, table: PageTable) -> Result<(Root, Vec<BlockKey>)> {
        let newest = self.current.as_ref().map_or(0, |(root, _)| root.generation);
        assert!(root.generation > newest, "generation {} after {newest}", root.generation);
        let segments = table.encode(root.generation);
        let mut all = Buffer::new();
        segments.iter().for_each(|(_, bytes)| all.extend_from_slice(bytes));
        root.n_blocks = table.len() as u64;
        root.n_segments = segments.len() as u64;
        root.checksum = xxh3_64(&all);
        store.apply(segments.into_iter().map(|(key, bytes)| (key, Some(bytes))).collect())?;
        store.flush()?;
        let slot = if self.current.is_some() { 1 - self.slot } else { 0 };
        store.put_record(SLOTS[slot], &root.encode())?;
        store.flush()?;
        let oldest = self.previous.take();
        self.previous = self.current.take();
        self.current = Some((root, table));
        self.slot = slot;
        self.damage = None;
        Ok((root, oldest.map_or_else(Vec::new, |oldest| self.unnamed(&oldest))))
    }

    /// Returns the blocks of the store that no root names: what killed checkpoints and bulk loads left behind. Reads
    /// every leaf; only worth it after a kill.
    ///
    /// # Errors
    /// As [`Store::scan`].
    pub(crate) fn leftovers(&self, store: &Store) -> Result<Vec<BlockKey>> {
        let mut dead = Vec::new();
        let first = BlockKey::new(BlockKind::ALL[0], 0, 0, 0);
        store.scan(&first, &mut |key, _| {
            if !self.names(&key) {
                dead.push(key);
            }
            true
        })?;
        Ok(dead)
    }

    fn unnamed(&self, (root, table): &(Root, PageTable)) -> Vec<BlockKey> {
        let segments = (0..root.n_segments).map(|at| segment_key(at as usize, root.generation));
        table.keys().chain(segments).filter(|key| !self.names(key)).collect()
    }

    fn names(&self, key: &BlockKey) -> bool {
        [&self.current, &self.previous].into_iter().flatten().any(|(root, table)| {
            let is_segment = key.kind == BlockKind::PageTable;
            if is_segment { key.generation == root.generation } else { table.contains(key) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(block: u32, generation: u64) -> BlockKey {
        BlockKey::new(BlockKind::RelEnd, 0, block, generation)
    }

    /// Applies blocks of a generation and writes its root over these.
    fn checkpoint(store: &Store, roots: &mut Roots, generation: u64, keys: &[BlockKey]) -> Vec<BlockKey> {
        let writes = keys.iter().filter(|key| key.generation == generation);
        store.apply(writes.map(|key| (*key, Some(block::seal_bytes(key, b"x")))).collect()).unwrap();
        let root = Root::new(generation * 10, generation, 1, 2);
        roots.write(store, root, PageTable::new(keys.iter().copied())).unwrap().1
    }

    #[test]
    fn page_tables_keep_every_key_in_few_runs() {
        let mut keys: Vec<BlockKey> = (0..5000).map(|n| key(n, 1 + u64::from(n > 4000))).collect();
        keys.extend((0..9).map(|n| BlockKey::new(BlockKind::OutAdjacency, n, u32::MAX, 3)));
        let table = PageTable::new(keys.iter().rev().copied());
        assert_eq!((table.len(), table.runs.len()), (keys.len(), 11));
        keys.sort();
        assert!(table.keys().eq(keys.iter().copied()));
        assert!(keys.iter().all(|key| table.contains(key)));
        assert!(!table.contains(&key(5000, 2)) && !table.contains(&key(10, 2)) && !table.contains(&key(4001, 1)));
        let store = Store::memory();
        let mut roots = Roots::default();
        let scattered: Vec<BlockKey> = (0..10_000).map(|n| key(n * 2, u64::from(n % 7))).collect();
        roots.write(&store, Root::new(1, 9, 0, 0), PageTable::new(scattered.iter().copied())).unwrap();
        let loaded = Roots::load(&store).unwrap();
        assert!(loaded.current().unwrap().1.keys().eq(scattered));
        assert_eq!(loaded.current().unwrap().0.n_segments, 3);
    }

    #[test]
    #[should_panic(expected = "named twice")]
    fn a_block_of_two_generations_is_refused() {
        PageTable::new([key(1, 1), key(1, 2)]);
    }

    #[test]
    fn roots_flip_and_say_what_is_dead() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut roots = Roots::load(&store).unwrap();
        assert!(roots.current().is_none());
        assert_eq!(roots.first_sequence_needed(), 1);
        assert!(roots.first_generation(0) > 0);
        assert_eq!(checkpoint(&store, &mut roots, 1, &[key(0, 1), key(1, 1)]), []);
        assert_eq!(roots.first_sequence_needed(), 1);
        assert_eq!(checkpoint(&store, &mut roots, 2, &[key(0, 1), key(1, 2)]), []);
        assert_eq!(roots.first_sequence_needed(), 11);
        // Block 0 of generation 1 lives on; block 1 does not, nor does the first page table.
        assert_eq!(checkpoint(&store, &mut roots, 3, &[key(0, 1), key(1, 3)]), [key(1, 1), segment_key(0, 1)]);
        assert_eq!(roots.first_sequence_needed(), 21);
        // A writer killed before its root.
        store.apply(vec![(key(7, 4), Some(Bytes::copy_of(b"left")))]).unwrap();
        store.flush().unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        let roots = Roots::load(&store).unwrap();
        assert_eq!(roots.current().unwrap().0.generation, 3);
        assert_eq!(roots.previous().unwrap().0.generation, 2);
        assert_eq!(roots.first_sequence_needed(), 21);
        let leftovers = roots.leftovers(&store).unwrap();
        assert_eq!(leftovers, [key(1, 1), key(7, 4), segment_key(0, 1)]);
        assert!(leftovers.iter().all(|key| key.generation < roots.first_generation(3)));
        assert!(roots.first_generation(1 << 40) > 1 << 40);
    }

    #[test]
    fn the_older_root_is_used_when_the_newest_is_damaged() {
        let damages: [fn(&Store); 4] = [
            |store| store.put_record(SLOTS[1], b"").unwrap(),
            |store| {
                let mut bytes = store.record(SLOTS[1]).unwrap().unwrap().to_vec();
                bytes[9] ^= 1;
                store.put_record(SLOTS[1], &bytes).unwrap();
            },
            |store| store.apply(vec![(segment_key(0, 2), None)]).unwrap(),
            |store| {
                let mut bytes = store.get(&segment_key(0, 2)).unwrap().unwrap().to_vec();
                *bytes.last_mut().unwrap() ^= 1;
                store.apply(vec![(segment_key(0, 2), Some(Bytes::copy_of(&bytes)))]).unwrap();
            },
        ];
        for damage in damages {
            let store = Store::memory();
            let mut roots = Roots::default();
            checkpoint(&store, &mut roots, 1, &[key(0, 1)]);
            checkpoint(&store, &mut roots, 2, &[key(0, 2)]);
            damage(&store);
            let mut roots = Roots::load(&store).unwrap();
            assert_eq!(roots.current().unwrap().0.sequence, 10);
            assert!(roots.damage().is_some() && roots.previous().is_none());
            // The next root takes the damaged one's place.
            checkpoint(&store, &mut roots, 3, &[key(0, 3)]);
            let roots = Roots::load(&store).unwrap();
            assert!(roots.damage().is_none());
            assert_eq!(roots.current().unwrap().0.generation, 3);
            assert_eq!(roots.previous().unwrap().0.generation, 1);
        }
    }

    #[test]
    fn a_root_whose_blocks_are_damaged_is_given_up() {
        let store = Store::memory();
        let mut roots = Roots::default();
        for generation in 1..=3 {
            checkpoint(&store, &mut roots, generation, &[key(0, generation)]);
        }
        let mut roots = Roots::load(&store).unwrap();
        roots.fall_back(Error::corrupt("a block", "good", "bad")).unwrap();
        assert_eq!(roots.current().unwrap().0.generation, 2);
        assert_eq!(roots.first_sequence_needed(), 1, "nothing of the journal may go");
        checkpoint(&store, &mut roots, 9, &[key(0, 9)]);
        let mut roots = Roots::load(&store).unwrap();
        assert_eq!(roots.current().unwrap().0.generation, 9);
        assert_eq!(roots.previous().unwrap().0.generation, 2, "the damaged root was replaced, not the good one");
        roots.fall_back(Error::Closed).unwrap();
        assert!(roots.fall_back(Error::Closed).is_err());
    }

    #[test]
    fn damaged_roots_and_no_whole_one_are_an_error() {
        let store = Store::memory();
        checkpoint(&store, &mut Roots::default(), 1, &[key(0, 1)]);
        store.put_record(SLOTS[0], b"nonsense").unwrap();
        assert!(matches!(Roots::load(&store), Err(Error::Corrupt { .. })));
    }

    #[test]
    fn bytes_are_golden() {
        let bytes = Root { n_blocks: 5, n_segments: 6, checksum: 7, ..Root::new(1, 2, 3, 4) }.encode();
        assert_eq!(bytes[..8], *b"AttenRt\n");
        assert!((0..7).all(|at| bytes[8 + at * 8] as usize == at + 1));
        assert_eq!(u64::from_le_bytes(bytes[64..].try_into().unwrap()), 6_038_601_280_798_211_631);
        let segments = PageTable::new([key(1, 2), key(2, 2)]).encode(9);
        assert_eq!(segments[0].1[32..], [8, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    }

    /// Roots and page tables that say the impossible, their checksums right.
    #[test]
    fn roots_that_contradict_themselves_are_refused() {
        let load = |numbers: [u64; 5], runs: &[(u32, u32, u64)]| {
            let store = Store::memory();
            let [sequence, generation, n_blocks, n_segments, _] = numbers;
            let mut bytes = Vec::new();
            for (block, len, of) in runs {
                bytes.push(BlockKind::RelEnd as u8);
                [0, *block, *len].iter().for_each(|number: &u32| bytes.extend_from_slice(&number.to_le_bytes()));
                bytes.extend_from_slice(&of.to_le_bytes());
            }
            let key = segment_key(0, generation);
            store.apply(vec![(key, Some(block::seal_bytes(&key, &bytes)))]).unwrap();
            let root = Root { sequence, generation, n_blocks, n_segments, ..Root::default() };
            store.put_record("root-a", &crate::storage::fuzz::reseal_root(&root.encode(), &store)).unwrap();
            Roots::load(&store)
        };
        assert!(load([1, 9, 5, 1, 0], &[(0, 2, 9), (2, 3, 8)]).is_ok());
        for (why, numbers, runs) in [
            ("a sequence without a next", [u64::MAX, 9, 5, 1, 0], &[(0, 2, 9), (2, 3, 8)][..]),
            ("a generation without a next", [1, u64::MAX, 5, 1, 0], &[(0, 2, 9), (2, 3, 8)]),
            ("another number of blocks", [1, 9, 6, 1, 0], &[(0, 2, 9), (2, 3, 8)]),
            ("a block named twice", [1, 9, 5, 1, 0], &[(0, 3, 9), (2, 2, 8)]),
            ("a block of a later generation", [1, 9, 2, 1, 0], &[(0, 2, 10)]),
            ("billions of blocks that are not there", [1, 9, 4_000_000_000, 1, 0], &[(0, 4_000_000_000, 9)]),
            ("blocks beyond the last", [1, 9, 2, 1, 0], &[(u32::MAX - 1, 2, 9)]),
            ("more segments than there are", [1, 9, 5, u64::MAX, 0], &[(0, 5, 9)]),
        ] {
            assert!(matches!(load(numbers, runs), Err(Error::Corrupt { .. })), "{why}");
        }
    }
}
