//! Indexes, from the labels and properties that were stored.

use super::{GENERATION, PASS_PART, Rebuild, Strict, put};
use crate::{
    Error, Result,
    graph::{
        catalog::IndexInfo,
        export::{id_at, look, look_words, places},
        index::{Index, IndexPage, chunk_of, hash_ref},
        paged::Paged,
    },
    model::Value,
    storage::{BlockKey, BlockKind, HashChunk, split},
};

/// The hash of a value, and the node that has it.
type Entry = (u64, u32);

impl Rebuild {
    /// Builds every index.
    ///
    /// # Errors
    /// `Constraint` where a value that must be unique stands twice.
    pub(super) fn build_indexes(&mut self) -> Result<()> {
        for info in self.view.catalog.indexes().to_vec() {
            self.build_index(&info)?;
        }
        Ok(())
    }

    fn build_index(&mut self, info: &IndexInfo) -> Result<()> {
        let n_max = self.view.n_label(info.label);
        let chunks_log2 = Index::with_capacity(n_max).chunks_log2();
        let n_chunks = 1u64 << chunks_log2;
        let entries_max = (self.budget.max / PASS_PART / size_of::<Entry>() as u64).max(1);
        let n_passes = n_max.div_ceil(entries_max).clamp(1, n_chunks);
        let mut chunks: Paged<IndexPage> = Paged::default();
        let mut n_entries = 0;
        for pass in 0..n_passes {
            let (from, to) = (n_chunks * pass / n_passes, n_chunks * (pass + 1) / n_passes);
            let mut entries =
                self.entries_of(info, |hash| (from..to).contains(&u64::from(chunk_of(hash, chunks_log2))))?;
            entries.sort_unstable();
            if info.unique {
                self.check_unique(info, &entries)?;
            }
            n_entries += entries.len() as u64;
            for same in entries.chunk_by(|a, b| chunk_of(a.0, chunks_log2) == chunk_of(b.0, chunks_log2)) {
                let chunk = chunk_of(same[0].0, chunks_log2);
                let key = BlockKey::new(BlockKind::Index, info.number, chunk, GENERATION);
                let pairs: Vec<(u32, u32)> = same.iter().map(|(hash, id)| (*hash as u32, *id)).collect();
                let page: IndexPage = self.page(key, HashChunk::encode(&key, &pairs))?;
                put(&mut self.budget, &mut chunks, chunk, page)?;
            }
        }
        *self.view.index_mut(info.number) = Index::from_parts(chunks, chunks_log2, n_entries);
        Ok(())
    }

    /// Returns the entries whose hashes are wanted.
    fn entries_of(&self, info: &IndexInfo, is_wanted: impl Fn(u64) -> bool) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let (labels, columns) =
            (self.view.labels.get(info.label.index()), self.view.node_columns.get(info.key.index()));
        let (Some(labels), Some(columns)) = (labels, columns) else { return Ok(entries) };
        for block in 0..self.view.n_node_blocks() {
            let words = look_words(labels, block, &mut Strict)?.unwrap_or_default();
            let Some(page) = columns.get(block) else { continue };
            let Some(column) = look(page, &mut Strict)? else { continue };
            for local in places(&words) {
                if let Some(hash) = hash_ref(&column.get(local)).filter(|hash| is_wanted(*hash)) {
                    entries.push((hash, id_at(block, local)));
                }
            }
            self.budget.check((entries.capacity() * size_of::<Entry>()) as u64)?;
        }
        Ok(entries)
    }

    /// Checks that no value stands twice among entries sorted by hash.
    fn check_unique(&self, info: &IndexInfo, entries: &[Entry]) -> Result<()> {
        for same in entries.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let mut values = same.iter().map(|(_, id)| self.value(info, *id)).collect::<Result<Vec<_>>>()?;
            values.sort_by(Value::order);
            if let Some(pair) = values.windows(2).find(|pair| pair[0].equals(&pair[1]) == Some(true)) {
                return Err(Error::Constraint {
                    label: self.view.catalog.label_name(info.label).to_string(),
                    key: self.view.catalog.key_name(info.key).to_string(),
                    value: pair[0].to_string(),
                });
            }
        }
        Ok(())
    }

    fn value(&self, info: &IndexInfo, id: u32) -> Result<Value> {
        let (block, local) = split(id);
        let page = self.view.node_columns.get(info.key.index()).and_then(|table| table.get(block));
        let Some(page) = page else { return Ok(Value::Null) };
        Ok(look(page, &mut Strict)?.map_or(Value::Null, |column| column.get(local).to_value()))
    }
}
