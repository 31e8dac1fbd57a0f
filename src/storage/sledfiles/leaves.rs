//! What sled wrote, read without sled: for when its own reading has come to an end.
//!
//! sled stops for good at the first leaf that is damaged. But its files are simple: `slabs/<n>` holds slots of `n` bytes,
//! each with one leaf, compressed by zstd, and behind it what sled checks it with. A leaf is its low key, its high key, how
//! many bytes of the low key all its keys begin with, and its keys without those and values, written by bincode 1 with
//! numbers of 64 bits. Slots that sled has given up hold leaves of the past.
//!
//! Nothing here says which slots count. It need not: a block never changes, and proves by its own checksum that it is the
//! one its key says, wherever it was found; of a leaf that is damaged, too, whatever stands before the damage.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use crate::{Error, Result};

/// How a compressed leaf begins.
const MAGIC: [u8; 4] = 0xfd2f_b528u32.to_le_bytes();

/// The largest leaf that is believed: twelve blocks of the size that a record can have.
const LEAF_BYTES_MAX: u64 = 4 << 30;

/// Bytes read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Shown keys and values.
type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'a;

/// Shows every key and value that can be read in the files of a store, in any order, and some more than once.
///
/// # Errors
/// Those of `visit`; `Io` where a file cannot be read.
pub(in crate::storage) fn read(slabs: &Path, visit: &mut Visit<'_>) -> Result<()> {
    let failed = |path: &Path, error: io::Error| Error::io("read", path, &error);
    for entry in std::fs::read_dir(slabs).map_err(|error| failed(slabs, error))? {
        let path = entry.map_err(|error| failed(slabs, error))?.path();
        let size = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u64>().ok());
        let Some(size) = size.filter(|size| *size > 0) else { continue };
        let file = File::open(&path).map_err(|error| failed(&path, error))?;
        let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
        loop {
            let mut slot = (&mut file).take(size);
            let mut begin = Vec::with_capacity(MAGIC.len());
            (&mut slot).take(MAGIC.len() as u64).read_to_end(&mut begin).map_err(|error| failed(&path, error))?;
            if begin.is_empty() {
                break;
            }
            if begin == MAGIC {
                entries(&decompress(&mut begin.chain(&mut slot)), visit)?;
            }
            io::copy(&mut slot, &mut io::sink()).map_err(|error| failed(&path, error))?;
        }
    }
    Ok(())
}

/// Returns the bytes of a leaf, up to where they are damaged.
fn decompress(slot: &mut dyn BufRead) -> Vec<u8> {
    let mut leaf = Vec::new();
    if let Ok(decoder) = zstd::stream::read::Decoder::with_buffer(slot) {
        // What was read before an error stays.
        let _ = decoder.single_frame().take(LEAF_BYTES_MAX).read_to_end(&mut leaf);
    }
    leaf
}

/// Shows what a leaf holds, as far as it is whole.
fn entries(mut leaf: &[u8], visit: &mut Visit<'_>) -> Result<()> {
    let leaf = &mut leaf;
    let Some((low, n_prefix, n_entries)) = head(leaf) else { return Ok(()) };
    let Some(prefix) = low.get(..n_prefix as usize) else { return Ok(()) };
    let mut key = Vec::new();
    for _ in 0..n_entries {
        let (Some(rest), Some(value)) = (bytes(leaf), bytes(leaf)) else { break };
        key.clear();
        key.extend_from_slice(prefix);
        key.extend_from_slice(rest);
        visit(&key, value)?;
    }
    Ok(())
}

/// Returns low key, length of the prefix, and how many entries follow.
fn head<'a>(leaf: &mut &'a [u8]) -> Option<(&'a [u8], u64, u64)> {
    let low = bytes(leaf)?;
    let (has_high, rest) = leaf.split_first()?;
    *leaf = rest;
    if *has_high != 0 {
        bytes(leaf)?;
    }
    Some((low, number(leaf)?, number(leaf)?))
}

fn number(leaf: &mut &[u8]) -> Option<u64> {
    let (number, rest) = leaf.split_first_chunk::<8>()?;
    *leaf = rest;
    Some(u64::from_le_bytes(*number))
}

fn bytes<'a>(leaf: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(number(leaf)?).ok()?;
    let (bytes, rest) = leaf.split_at_checked(len)?;
    *leaf = rest;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::storage::{BlockKey, BlockKind, Bytes, Store};

    #[test]
    fn what_sled_wrote_is_found_without_it() {
        let dir = tempfile::tempdir().unwrap();
        let key = |block: u32| BlockKey::new(BlockKind::RelEnd, 1, block, 7);
        let value = |block: u32| -> Vec<u8> { (0..block * 37 + 1).map(|n| (n * n + block) as u8).collect() };
        let store = Store::open(dir.path()).unwrap();
        for part in 0..4 {
            let blocks = part * 50..part * 50 + 50;
            store.apply(blocks.map(|block| (key(block), Some(Bytes::copy_of(&value(block))))).collect()).unwrap();
            store.put_record("root", &[part as u8; 30]).unwrap();
            store.flush().unwrap();
        }
        drop(store);
        let found = |dir: &Path| {
            let mut found = BTreeMap::<Vec<u8>, Vec<u8>>::new();
            read(&dir.join("slabs"), &mut |key, value| {
                found.insert(key.to_vec(), value.to_vec());
                Ok(())
            })
            .unwrap();
            found
        };
        let all = found(dir.path());
        for block in 0..200 {
            assert_eq!(all.get(&key(block).encode()[..]), Some(&value(block)), "{block}");
        }
        assert!(all.contains_key(&b"\xffroot"[..]));
        // Damage takes no more than the leaf it is in.
        for entry in std::fs::read_dir(dir.path().join("slabs")).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            if bytes.len() > 2000 {
                let at = bytes.len() / 2;
                bytes[at..at + 8].fill(0x55);
                std::fs::write(&path, bytes).unwrap();
            }
        }
        let rest = found(dir.path());
        let n = (0..200).filter(|block| rest.get(&key(*block).encode()[..]) == Some(&value(*block))).count();
        assert!((20..200).contains(&n), "{n} of 200");
    }
}
