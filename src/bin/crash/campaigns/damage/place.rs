//! Where and how a case damages a database: seed and number of the case say it.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use super::{super::model::Numbers, made::NAMES};

/// Blocks of disks, and pages of the system.
const BLOCKS: [usize; 2] = [512, 4096];

/// What is done to a file.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Flip { bit: u32 },
    Zero { len: usize },
    Swap { len: usize, with: usize },
    Cut,
}

/// A damage of one file.
#[derive(Debug)]
pub(super) struct Damage {
    /// Which of the databases.
    pub(super) database: &'static str,
    /// The file, below the database.
    pub(super) file: PathBuf,
    kind: Kind,
    at: usize,
}

/// Returns the files of a directory with their sizes, those that are empty left out.
pub(super) fn files(path: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    collect(path, path, &mut found);
    found.sort();
    found
}

fn collect(root: &Path, path: &Path, found: &mut Vec<(PathBuf, u64)>) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        let len = entry.metadata().map_or(0, |metadata| metadata.len());
        if path.is_dir() {
            collect(root, &path, found);
        } else if len > 0 {
            found.push((path.strip_prefix(root).expect("it is below").to_path_buf(), len));
        }
    }
}

/// Returns the damage of a case.
pub(super) fn choose(folder: &Path, seed: u64, case: u64) -> Damage {
    let mut random = Numbers::new(seed, 9_000, case);
    let database = NAMES[random.below(2) as usize];
    let files = files(&folder.join(database));
    let at = if random.chance(1, 2) {
        random.below(files.len() as u64) as usize
    } else {
        let mut byte = random.below(files.iter().map(|(_, len)| len).sum());
        let is_in = |(_, len): &(PathBuf, u64)| {
            let is_in = byte < *len;
            byte = byte.saturating_sub(*len);
            is_in
        };
        files.iter().position(is_in).expect("the byte is in some file")
    };
    let (file, len) = &files[at];
    let bytes = fs::read(folder.join(database).join(file)).unwrap_or_default();
    // Most often where something was written: the journal's rest is filled with zeros.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let len = if random.chance(3, 4) { (used as u64).clamp(1, *len) } else { *len };
    let at = random.below(len) as usize;
    let block = BLOCKS[random.below(2) as usize];
    let n_blocks = (len as usize / block).max(1) as u64;
    let (kind, at) = match random.below(10) {
        0..=4 => (Kind::Flip { bit: random.below(8) as u32 }, at),
        5..=6 => (Kind::Zero { len: block }, at / block * block),
        7 => {
            let with = random.below(n_blocks) as usize * block;
            (Kind::Swap { len: block, with }, at / block * block)
        }
        8 => (Kind::Cut, at),
        _ => (Kind::Cut, at / block * block),
    };
    Damage { database, file: file.clone(), kind, at }
}

/// Returns the damage of a case in words.
pub(super) fn describe(folder: &Path, seed: u64, case: u64) -> String {
    choose(folder, seed, case).to_string()
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}, byte {}: {:?}", self.file.display(), self.database, self.at, self.kind)
    }
}

impl Damage {
    /// Returns the bytes of the file after the damage.
    pub(super) fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        match self.kind {
            Kind::Flip { bit } => damaged[self.at] ^= 1 << bit,
            Kind::Zero { len } => damaged.iter_mut().skip(self.at).take(len).for_each(|byte| *byte = 0),
            Kind::Swap { len, with } => {
                // A last block that is shorter changes its place with as many bytes.
                let end = bytes.len();
                let len = len.min(end - self.at).min(end - with);
                damaged[self.at..self.at + len].copy_from_slice(&bytes[with..with + len]);
                damaged[with..with + len].copy_from_slice(&bytes[self.at..self.at + len]);
            }
            Kind::Cut => damaged.truncate(self.at),
        }
        damaged
    }
}

/// Returns whether the frames of a journal's last segment behind a sequence are all damaged: then none is left that
/// could say that those before it were durable.
pub(super) fn is_torn_tail(bytes: &[u8], damaged: &[u8], sequence: u64) -> bool {
    let behind: Vec<Range<usize>> =
        frames(bytes).into_iter().filter(|(number, _)| *number > sequence).map(|(_, range)| range).collect();
    !behind.is_empty() && behind.into_iter().all(|range| damaged.get(range.clone()) != Some(&bytes[range]))
}

/// Returns the frames of a segment by sequence, as the journal's documentation lays them out.
fn frames(bytes: &[u8]) -> Vec<(u64, Range<usize>)> {
    let number = |at: usize| bytes.get(at..at + 8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight")));
    let mut found = Vec::new();
    let mut at = 88;
    while number(at).is_some_and(|nonce| Some(nonce) == number(32)) {
        let (Some(sequence), Some(len)) = (number(at + 8), number(at + 32)) else { break };
        let end = at + 48 + len as u32 as usize;
        if end > bytes.len() {
            break;
        }
        found.push((sequence, at..end));
        at = end.next_multiple_of(8);
    }
    found
}
