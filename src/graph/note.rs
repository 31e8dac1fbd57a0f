//! Notes: byte strings the database keeps about itself, beside the graph and in the same commits. What they mean is known
//! to whoever writes them; here they are only kept, by table and id, as properties are.

use std::sync::Arc;

use super::{base::Layered, paged::Sparse, snapshot::Snapshot, transaction::Transaction};
use crate::{
    Error, Result,
    model::{Fact, NoteTable},
    storage::{BLOCK_LEN, NoteBlock, split},
};

/// A block of notes of a table.
pub(crate) type NotePage = Layered<NoteBlock, NoteDelta>;

/// What changed in a block; `None` inside means that the note is gone.
pub(crate) type NoteDelta = Sparse<Option<Arc<[u8]>>>;

/// Bytes of one note, at most: 1,024 of them are a block, and a block is below 4 GB.
pub(crate) const NOTE_BYTES_MAX: usize = 1 << 21;

impl NotePage {
    /// Returns the note in a place.
    fn note(&self, local: usize) -> Result<Option<&[u8]>> {
        match self.delta.as_ref().and_then(|delta| delta.get(local)) {
            Some(note) => Ok(note.as_deref()),
            None => Ok(self.base()?.and_then(|base| base.get(local))),
        }
    }

    /// Shows the notes of a block, in the order of their places, without keeping the stored block in memory.
    pub(super) fn each(&self, show: &mut dyn FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let base = self.look()?;
        let mut stored = base.iter().flat_map(|base| base.iter()).peekable();
        let mut changed = self.delta.iter().flat_map(|delta| delta.iter()).peekable();
        loop {
            match (stored.peek(), changed.peek()) {
                (None, None) => return Ok(()),
                (Some((place, note)), over) if over.is_none_or(|(changed, _)| place < changed) => {
                    show(*place, note)?;
                    stored.next();
                }
                (under, _) => {
                    let hides = under.map(|(place, _)| *place);
                    let (place, note) = changed.next().expect("one of both is left");
                    if hides == Some(place) {
                        stored.next();
                    }
                    if let Some(note) = note {
                        show(place, note)?;
                    }
                }
            }
        }
    }
}

impl Snapshot {
    /// Returns a note.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn note(&self, table: NoteTable, id: u32) -> Result<Option<&[u8]>> {
        let (block, local) = split(id);
        self.notes.get(table.index()).and_then(|pages| pages.get(block)).map_or(Ok(None), |page| page.note(local))
    }

    /// Shows every note of a table with an id from `from` on, in the order of ids, without keeping blocks in memory.
    ///
    /// # Errors
    /// Those of `show`; `Corrupt` where a block is damaged.
    pub(crate) fn each_note(
        &self,
        table: NoteTable,
        from: u32,
        show: &mut dyn FnMut(u32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let Some(pages) = self.notes.get(table.index()) else { return Ok(()) };
        let first = split(from).0;
        for (block, page) in pages.iter().filter(|(block, page)| *block >= first && !page.is_empty()) {
            page.each(&mut |local, note| {
                let id = block * BLOCK_LEN as u32 + local as u32;
                if id < from { Ok(()) } else { show(id, note) }
            })?;
        }
        Ok(())
    }

    /// Returns the largest id in use of a table.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn last_note(&self, table: NoteTable) -> Result<Option<u32>> {
        let Some(pages) = self.notes.get(table.index()) else { return Ok(None) };
        let mut blocks: Vec<u32> = pages.iter().filter(|(_, page)| !page.is_empty()).map(|(block, _)| block).collect();
        while let Some(block) = blocks.pop() {
            let mut last = None;
            pages.get(block).expect("it was listed").each(&mut |local, _| {
                last = Some(block * BLOCK_LEN as u32 + local as u32);
                Ok(())
            })?;
            if last.is_some() {
                return Ok(last);
            }
        }
        Ok(None)
    }

    /// Puts a note in its place, or takes it away.
    pub(super) fn put_note(&mut self, table: NoteTable, id: u32, note: Option<Arc<[u8]>>) {
        self.delta_bytes += 48 + note.as_ref().map_or(0, |note| note.len() as u64);
        let (block, local) = split(id);
        *self.notes.get_mut(table.index()).get_mut(block).delta_mut().get_mut(local) = Some(note);
    }
}

impl Transaction {
    /// Keeps a note, or forgets it.
    ///
    /// # Errors
    /// `Limit` where it is too long.
    pub(crate) fn set_note(&mut self, table: NoteTable, id: u32, note: Option<Arc<[u8]>>) -> Result<()> {
        if note.as_ref().is_some_and(|note| note.len() > NOTE_BYTES_MAX) {
            return Err(Error::Limit { what: "bytes of a note", max: NOTE_BYTES_MAX as u64 });
        }
        self.record(Fact::Note { table, id, note })
    }
}
