//! What the database keeps about itself, table by table.

use super::{GENERATION, Rebuild, put};
use crate::{
    Error, Result,
    graph::note::{NOTE_BYTES_MAX, NotePage},
    model::NoteTable,
    storage::{BlockKey, BlockKind, NoteBlock, split},
};

/// The notes of the block being told.
#[derive(Default)]
pub(super) struct Notes {
    /// The table and id of the last one.
    last: Option<(NoteTable, u32)>,
    notes: Vec<(usize, Vec<u8>)>,
    n_bytes: u64,
}

impl Rebuild {
    /// Tells a note; tables and ids ascend.
    ///
    /// # Errors
    /// `Corrupt` where they do not, or the table is unknown; `Limit` where there is no memory for it.
    pub(crate) fn note(&mut self, table: u32, id: u32, note: Vec<u8>) -> Result<()> {
        let what = format!("note {id} of table {table}");
        let Some(table) = NoteTable::from_number(table) else {
            return Err(Error::corrupt(what, format_args!("a table below {}", NoteTable::ALL.len()), table));
        };
        let last = self.notes.last.map(|(table, id)| (table.index(), id));
        if last.is_some_and(|last| last >= (table.index(), id)) {
            return Err(Error::corrupt(what, "one after those before", "one of them"));
        }
        if note.len() > NOTE_BYTES_MAX {
            return Err(Error::corrupt(what, format_args!("at most {NOTE_BYTES_MAX} bytes"), note.len()));
        }
        if table.is_of_relationships() && id >= self.record.next_rel {
            return Err(Error::corrupt(what, format_args!("an id below {}", self.record.next_rel), id));
        }
        let (block, local) = split(id);
        if self.notes.last.is_some_and(|(known, id)| (known, split(id).0) != (table, block)) {
            self.finish_notes()?;
        }
        self.notes.n_bytes += note.len() as u64 + size_of::<(usize, Vec<u8>)>() as u64;
        self.budget.check(self.notes.n_bytes)?;
        self.notes.last = Some((table, id));
        self.notes.notes.push((local, note));
        Ok(())
    }

    /// Stores the block being told.
    pub(super) fn finish_notes(&mut self) -> Result<()> {
        let Some((table, id)) = self.notes.last else { return Ok(()) };
        let notes = std::mem::take(&mut self.notes.notes);
        self.notes.n_bytes = 0;
        let (block, _) = split(id);
        let key = BlockKey::new(BlockKind::Note, table.index() as u32, block, GENERATION);
        let bytes = NoteBlock::encode(&key, notes.iter().map(|(local, note)| (*local, &**note)));
        let page: NotePage = self.page(key, bytes)?;
        put(&mut self.budget, self.view.notes.get_mut(table.index()), block, page)
    }
}
