//! sled's leaves: files of slots, one leaf a slot.
//!
//! `slabs/<bytes of a slot>` holds slot `i` at `i * bytes`. A slot is the leaf, zeros, its length (1, 2 or 4 bytes, by the
//! size of the slot), and the crc32 of all before with its lowest byte xored with 0xaf. A leaf is zstd of what bincode
//! wrote: first its lowest key (length u64, bytes), then the key that ends it, if there is one (1, length u64, bytes; or
//! 0).

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::metadata::{CRC_SALT, Object};
use crate::{Error, Result};

/// How many sizes of slots there are.
pub(super) const N_SLABS: usize = 78;

/// Bytes of a leaf that hold its ends: keys of ours are seventeen bytes or a short name.
const ENDS_BYTES_MAX: usize = 256;

/// Bytes read at once: slots are looked at in their order.
const READ_BYTES: usize = 1 << 16;

/// Returns the bytes of the slots of a file: four steps to a doubling up to 65,536, then two, as sled counts.
pub(super) const fn slot_len(slab: usize) -> u64 {
    // The four steps around 131,072 are sled's own.
    match slab {
        0..=40 => (64 + 16 * (slab as u64 % 4)) << (slab / 4),
        41 => 98_304,
        42 => 131_072,
        43 => 163_840,
        44 => 196_608,
        _ => {
            let at = slab - 45;
            (262_144 + 131_072 * (at as u64 % 2)) << (at / 2)
        }
    }
}

/// A file of slots.
pub(super) struct Slab {
    file: BufReader<File>,
    /// Where it is read next.
    at: u64,
    path: PathBuf,
    slot_len: u64,
}

impl Slab {
    /// Opens a file by its number, after checking that it has room for its last slot.
    pub(super) fn open(folder: &Path, number: usize, last: u64) -> Result<Self> {
        let slot_len = slot_len(number);
        let path = folder.join(slot_len.to_string());
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::corrupt(path.display(), "a file of leaves", "none"),
            _ => Error::io("open", &path, &error),
        })?;
        let len = file.metadata().map_err(|error| Error::io("read", &path, &error))?.len();
        // A place has 56 bits for its slot; beyond what a file may be long, no number of bytes is enough.
        if last.checked_add(1).and_then(|n| n.checked_mul(slot_len)).is_none_or(|needed| needed > len) {
            let expected = format!("a leaf at byte {}", u128::from(last) * u128::from(slot_len));
            return Err(Error::corrupt(path.display(), expected, format_args!("a file of {len} bytes")));
        }
        Ok(Self { file: BufReader::with_capacity(READ_BYTES, file), at: 0, path, slot_len })
    }

    /// Returns the bytes of a slot.
    pub(super) fn slot_len(&self) -> u64 {
        self.slot_len
    }

    /// Returns the error about a slot.
    pub(super) fn corrupt(&self, slot: u64, expected: &str, got: impl std::fmt::Display) -> Error {
        Error::corrupt(self.path.display(), format_args!("{expected} at byte {}", slot * self.slot_len), got)
    }

    /// Checks that a slot can be read and holds the leaf that begins with its object's key and ends at the next one's.
    pub(super) fn check(&mut self, ends: &mut Ends, object: &Object, next: Option<&[u8]>) -> Result<()> {
        let start = object.slot * self.slot_len;
        let mut bytes =
            vec![0; usize::try_from(self.slot_len).expect("a file that has the slot fits memory's numbers")];
        self.file
            .seek_relative(start.wrapping_sub(self.at).cast_signed())
            .and_then(|()| self.file.read_exact(&mut bytes))
            .map_err(|error| Error::io("read", &self.path, &error))?;
        self.at = start + self.slot_len;
        let corrupt = |got: String| self.corrupt(object.slot, "a leaf", got);
        let (bytes, crc) = bytes.split_last_chunk::<4>().expect("a slot has 64 bytes at least");
        let (expected, got) = (crc32fast::hash(bytes) ^ CRC_SALT, u32::from_le_bytes(*crc));
        if expected != got {
            return Err(corrupt(format!("checksum {got:08x} instead of {expected:08x}")));
        }
        let n_len = match self.slot_len {
            0..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xffff_ffff => 4,
            _ => 8,
        };
        let (bytes, len) = bytes.split_at(bytes.len() - n_len);
        let len = len.iter().rev().fold(0, |len, byte| len << 8 | u64::from(*byte));
        let leaf = usize::try_from(len).ok().and_then(|len| bytes.get(..len));
        let leaf = leaf.ok_or_else(|| corrupt(format!("one of {len} bytes")))?;
        if !ends.are(leaf, &object.low_key, next).map_err(|error| corrupt(error.to_string()))? {
            return Err(corrupt("the leaf of other keys".into()));
        }
        Ok(())
    }
}

/// Reads the keys that leaves begin and end with.
pub(super) struct Ends {
    decoder: Decoder<'static>,
    /// What they should be, as bincode writes them.
    expected: Vec<u8>,
}

impl Ends {
    /// Makes a reader for many leaves: the memory that zstd asks for is asked for once.
    pub(super) fn new() -> Result<Self> {
        let decoder = Decoder::new().map_err(|error| Error::io("unzip", Path::new("leaves"), &error))?;
        Ok(Self { decoder, expected: Vec::new() })
    }

    /// Returns whether a leaf begins with one key and ends at the other; it unzips no more than that.
    fn are(&mut self, leaf: &[u8], low_key: &[u8], next: Option<&[u8]>) -> io::Result<bool> {
        self.expected.clear();
        push_key(&mut self.expected, low_key);
        self.expected.push(u8::from(next.is_some()));
        next.iter().for_each(|next| push_key(&mut self.expected, next));
        self.decoder.reinit()?;
        let mut found = [0; ENDS_BYTES_MAX];
        let mut output = OutBuffer::around(&mut found[..]);
        let mut input = InBuffer::around(leaf);
        while output.pos() < ENDS_BYTES_MAX && input.pos < leaf.len() {
            let before = (input.pos, output.pos());
            let left = self.decoder.run(&mut input, &mut output)?;
            if left == 0 || before == (input.pos, output.pos()) {
                break;
            }
        }
        let n_found = output.pos();
        let n_compared = self.expected.len().min(ENDS_BYTES_MAX);
        Ok(n_found >= n_compared && found[..n_compared] == self.expected[..n_compared])
    }
}

fn push_key(bytes: &mut Vec<u8>, key: &[u8]) {
    bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
    bytes.extend_from_slice(key);
}

/// Returns the path of the file of a slab, for tests that look into them.
#[cfg(test)]
pub(super) fn path_of(folder: &Path, object: &Object) -> (PathBuf, u64) {
    let len = slot_len(object.slab);
    let path = folder.join(len.to_string());
    assert!(path.exists(), "{}", path.display());
    (path, object.slot * len)
}

#[cfg(test)]
mod tests {
    use super::slot_len;

    /// sled's own list, so far as files can be long.
    #[test]
    fn slots_are_as_long_as_sled_makes_them() {
        let lens: Vec<u64> = (0..super::N_SLABS).map(slot_len).collect();
        assert_eq!(lens[..8], [64, 80, 96, 112, 128, 160, 192, 224]);
        assert_eq!(lens[36..46], [32768, 40960, 49152, 57344, 65536, 98304, 131072, 163840, 196608, 262144]);
        assert_eq!(lens[46..50], [393216, 524288, 786432, 1048576]);
        assert_eq!(lens[77], 17_179_869_184);
        assert!(lens.is_sorted());
    }
}
