//! Byte strings by place, for what a database keeps about itself.

use rkyv::{Archive, Serialize};

use super::{BLOCK_LEN, open, seal, view::View};
use crate::{
    Error, Result,
    storage::{bytes::Bytes, key::BlockKey},
};

/// What is stored: the string in `places[at]` is `bytes[starts[at]..starts[at + 1]]`.
#[derive(Archive, Serialize)]
struct NoteRecord {
    /// Ascending.
    places: Vec<u16>,
    /// One more than places.
    starts: Vec<u32>,
    bytes: Vec<u8>,
}

const _: () = assert!(size_of::<ArchivedNoteRecord>() == 24 && align_of::<ArchivedNoteRecord>() == 4);

/// A pinned block of notes.
#[derive(Clone)]
pub(crate) struct NoteBlock {
    places: View<u16>,
    starts: View<u32>,
    bytes: View<u8>,
}

impl NoteBlock {
    /// Returns the bytes of a block with a note in each of these places, which ascend.
    ///
    /// # Panics
    /// When the notes take 4 GB or more: each is bounded where it is made.
    pub(crate) fn encode<'a>(key: &BlockKey, notes: impl Iterator<Item = (usize, &'a [u8])>) -> Bytes {
        let mut record = NoteRecord { places: Vec::new(), starts: vec![0], bytes: Vec::new() };
        for (place, note) in notes {
            record.places.push(place as u16);
            record.bytes.extend_from_slice(note);
            record.starts.push(u32::try_from(record.bytes.len()).expect("notes of a block are below 4 GB"));
        }
        let size = 64 + 6 * record.places.len() + record.bytes.len();
        seal(key, &record, size)
    }

    /// Checks the bytes of a block and makes it readable.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not what `key` must hold.
    pub(crate) fn pin(key: &BlockKey, bytes: Bytes) -> Result<Self> {
        let record = open::<ArchivedNoteRecord>(key, &bytes)?;
        let block = Self {
            places: View::new(&bytes, &record.places),
            starts: View::new(&bytes, &record.starts),
            bytes: View::new(&bytes, &record.bytes),
        };
        let (places, starts) = (block.places.as_slice(), block.starts.as_slice());
        let is_sound = starts.len() == places.len() + 1
            && places.is_sorted_by(|a, b| a < b)
            && places.last().is_none_or(|last| usize::from(*last) < BLOCK_LEN)
            && starts[0] == 0
            && starts.is_sorted()
            && starts[places.len()] as usize == block.bytes.as_slice().len();
        if !is_sound {
            return Err(Error::corrupt(key, "ascending places and the start of each note", "others"));
        }
        Ok(block)
    }

    /// Returns the note in a place.
    pub(crate) fn get(&self, local: usize) -> Option<&[u8]> {
        let at = self.places.as_slice().binary_search(&(local as u16)).ok()?;
        Some(self.at(at))
    }

    /// Returns the places that have a note, with it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.places.as_slice().iter().enumerate().map(|(at, place)| (usize::from(*place), self.at(at)))
    }

    fn at(&self, at: usize) -> &[u8] {
        let starts = self.starts.as_slice();
        &self.bytes.as_slice()[starts[at] as usize..starts[at + 1] as usize]
    }
}
