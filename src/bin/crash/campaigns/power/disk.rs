//! A disk that forgets: what of a recorded history is durable at a moment, and what a power cut may leave of the rest.
//!
//! Nothing is assumed beyond what POSIX promises: a sync of a file makes its bytes and its length durable, and no name; a
//! sync of a directory makes the names in it durable, and no file. Whatever came since may be there or not, each write,
//! length and name for itself and in any order, a write in parts of 512 bytes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::{super::model::Numbers, record::Event};

/// Bytes of a page of the cache, and of a sector of the disk: what is written whole or not at all.
pub(super) const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// What is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Everything that was not synced.
    All,
    /// Nothing: as if the process alone had ended.
    Nothing,
    /// What came last: a prefix in the order of the calls stays, the next write is torn.
    Tail,
    /// Each write, length and name for itself, writes as a whole.
    Writes,
    /// As before, and each page of each write for itself.
    Pages,
    /// As before, and each sector of each write for itself.
    Sectors,
}

impl Loss {
    const ALL: [Self; 6] = [Self::All, Self::Nothing, Self::Tail, Self::Writes, Self::Pages, Self::Sectors];

    /// Returns one by chance; the last ones more often.
    pub(super) fn choose(random: &mut Numbers) -> Self {
        const WEIGHTED: [usize; 12] = [0, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 5];
        Self::ALL[WEIGHTED[random.below(WEIGHTED.len() as u64) as usize]]
    }

    /// Returns how large the parts are that a write is lost in.
    fn unit(self) -> usize {
        match self {
            Self::Pages => PAGE,
            Self::Sectors | Self::Tail => SECTOR,
            _ => usize::MAX,
        }
    }
}

/// The bytes of a file: pages that are not zero, and a length.
#[derive(Debug, Clone, Default)]
struct Content {
    pages: BTreeMap<u64, Box<[u8; PAGE]>>,
    len: u64,
}

impl Content {
    fn write(&mut self, mut offset: u64, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (page, at) = (offset / PAGE as u64, (offset % PAGE as u64) as usize);
            let (now, rest) = bytes.split_at(bytes.len().min(PAGE - at));
            if self.pages.contains_key(&page) || now.iter().any(|&byte| byte != 0) {
                self.pages.entry(page).or_insert_with(|| Box::new([0; PAGE]))[at..at + now.len()].copy_from_slice(now);
            }
            (offset, bytes) = (offset + now.len() as u64, rest);
        }
    }

    /// Cuts or grows, and forgets what is cut.
    fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.pages.retain(|&page, _| page * (PAGE as u64) < len);
            if let Some(page) = self.pages.get_mut(&(len / PAGE as u64)) {
                page[(len % PAGE as u64) as usize..].fill(0);
            }
        }
        self.len = len;
    }

    fn save(&self, path: &Path) -> io::Result<()> {
        let file = fs::File::create(path)?;
        for (page, bytes) in &self.pages {
            let at = page * PAGE as u64;
            let n = (self.len.saturating_sub(at)).min(PAGE as u64) as usize;
            file.write_all_at(&bytes[..n], at)?;
        }
        file.set_len(self.len)
    }
}

/// A change of a file that is not durable.
#[derive(Debug, Clone)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Truncate { len: u64 },
}

/// A file, whatever its names: by the number of its making, as inodes are used again.
#[derive(Debug, Clone, Default)]
struct File {
    durable: Content,
    /// With the time of each.
    pending: Vec<(usize, Change)>,
    len: u64,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File(usize),
    Directory,
}

/// A change of names that is not durable.
#[derive(Debug, Clone)]
enum Naming {
    Add(PathBuf, Node),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl Naming {
    fn is_in(&self, dir: &Path) -> bool {
        match self {
            Self::Add(path, _) | Self::Remove(path) => path.parent() == Some(dir),
            Self::Rename(from, to) => from.parent() == Some(dir) || to.parent() == Some(dir),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        match self {
            Self::Add(path, node) => {
                names.insert(path.clone(), *node);
            }
            Self::Remove(path) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

/// The disk at a moment of the history.
#[derive(Debug, Default)]
pub(super) struct Disk {
    files: Vec<File>,
    by_inode: HashMap<u64, usize>,
    /// Names as the process sees them, and as they are durable.
    live: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    pending: Vec<(usize, Naming)>,
    time: usize,
}

impl Disk {
    /// Lets the next event happen.
    pub(super) fn apply(&mut self, event: &Event) {
        self.time += 1;
        match event {
            Event::Open { path, inode, truncates } => self.open(path, *inode, *truncates),
            Event::Write { inode, offset, bytes } => {
                let change = Change::Write { offset: *offset, bytes: bytes.clone() };
                let end = offset + bytes.len() as u64;
                self.change(*inode, change, |len| len.max(end));
            }
            Event::Truncate { inode, len } => self.change(*inode, Change::Truncate { len: *len }, |_| *len),
            Event::Sync { path, inode } => self.sync(path, *inode),
            Event::Rename { from, to } => self.name(Naming::Rename(from.clone(), to.clone())),
            Event::Remove { path } => self.name(Naming::Remove(path.clone())),
            Event::MakeDir { path } => self.name(Naming::Add(path.clone(), Node::Directory)),
            Event::Acknowledged(_) => {}
        }
    }

    fn open(&mut self, path: &Path, inode: u64, truncates: bool) {
        if self.live.contains_key(path) {
            if truncates {
                self.change(inode, Change::Truncate { len: 0 }, |_| 0);
            }
            return;
        }
        self.files.push(File::default());
        let file = self.files.len() - 1;
        self.by_inode.insert(inode, file);
        self.name(Naming::Add(path.to_path_buf(), Node::File(file)));
    }

    fn name(&mut self, naming: Naming) {
        naming.apply(&mut self.live);
        self.pending.push((self.time, naming));
    }

    fn change(&mut self, inode: u64, change: Change, len: impl Fn(u64) -> u64) {
        let Some(&file) = self.by_inode.get(&inode) else { return };
        let file = &mut self.files[file];
        file.len = len(file.len);
        file.pending.push((self.time, change));
    }

    fn sync(&mut self, path: &Path, inode: u64) {
        if self.live.get(path).is_none_or(|node| *node == Node::Directory) {
            let (durable, pending): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.pending).into_iter().partition(|(_, naming)| naming.is_in(path));
            durable.iter().for_each(|(_, naming)| naming.apply(&mut self.durable));
            self.pending = pending;
        } else if let Some(&file) = self.by_inode.get(&inode) {
            let file = &mut self.files[file];
            for (_, change) in std::mem::take(&mut file.pending) {
                file.durable.apply(&change, usize::MAX, &mut |_| true);
            }
            file.durable.len = file.len;
        }
    }

    /// Writes what a power cut now leaves into a folder; names are moved there from `root`.
    pub(super) fn save(&self, root: &Path, folder: &Path, loss: Loss, random: &mut Numbers) -> io::Result<()> {
        // Of the last moments alone: how far back in time a prefix ends.
        let changes = self.files.iter().flat_map(|file| file.pending.iter().map(|(time, _)| *time));
        let times: BTreeSet<usize> = changes.chain(self.pending.iter().map(|(time, _)| *time)).collect();
        let last = times.iter().nth(random.below(times.len() as u64 + 1) as usize).copied().unwrap_or(usize::MAX);
        let mut keeps = |time: usize, random: &mut Numbers| match loss {
            Loss::All => false,
            Loss::Nothing => true,
            Loss::Tail => time <= last,
            _ => random.chance(1, 2),
        };
        let mut names = self.durable.clone();
        for (time, naming) in &self.pending {
            if keeps(*time, random) {
                naming.apply(&mut names);
            }
        }
        for (path, node) in &names {
            let Ok(path) = path.strip_prefix(root) else { continue };
            let path = folder.join(path);
            // A name in a directory that is gone is gone with it.
            if !path.parent().is_some_and(Path::is_dir) {
                continue;
            }
            match node {
                Node::Directory => fs::create_dir(&path)?,
                Node::File(file) => self.left_of(*file, loss, last, &mut keeps, random).save(&path)?,
            }
        }
        Ok(())
    }

    fn left_of(
        &self,
        file: usize,
        loss: Loss,
        last: usize,
        keeps: &mut dyn FnMut(usize, &mut Numbers) -> bool,
        random: &mut Numbers,
    ) -> Content {
        let file = &self.files[file];
        let mut content = file.durable.clone();
        for (time, change) in &file.pending {
            let is_torn = loss == Loss::Tail && *time == last;
            if keeps(*time, random) {
                let part = |random: &mut Numbers| {
                    !(is_torn || matches!(loss, Loss::Pages | Loss::Sectors)) || random.chance(1, 2)
                };
                content.apply(change, loss.unit(), &mut |_| part(random));
            } else if loss != Loss::All && loss != Loss::Tail && random.chance(1, 2) {
                // The length alone survives: the bytes are zeros.
                if let Change::Write { offset, bytes } = change {
                    content.len = content.len.max(offset + bytes.len() as u64);
                }
            }
        }
        content
    }
}

impl Content {
    /// Makes a change; a write in parts that end where a multiple of `unit` does, each of which is kept or not.
    fn apply(&mut self, change: &Change, unit: usize, keeps: &mut dyn FnMut(u64) -> bool) {
        match change {
            Change::Truncate { len } => self.set_len(*len),
            Change::Write { offset, bytes } => {
                let (mut at, mut rest) = (*offset, &bytes[..]);
                while !rest.is_empty() {
                    let room = if unit == usize::MAX { rest.len() } else { unit - (at % unit as u64) as usize };
                    let (now, later) = rest.split_at(room.min(rest.len()));
                    if keeps(at) {
                        self.write(at, now);
                        self.len = self.len.max(at + now.len() as u64);
                    }
                    (at, rest) = (at + now.len() as u64, later);
                }
            }
        }
    }
}
