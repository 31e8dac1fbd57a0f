//! Writing: a view to lines.

use std::io::Write;

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::{
    STREAM, StreamSummary, VERSION,
    text::{put, write_ref, write_string},
};
use crate::{
    Error, Result,
    graph::{NO_LABEL, Properties, RelRecord, SKIPPED_MAX, Snapshot, Walker},
    model::{LabelId, NodeId, NoteTable, RelId, SpaceOwner, Storage},
    storage::BlockKey,
};

/// Labels of blocks on a line.
const BLOCKS_PER_LINE: usize = 1024;

/// Salience that is left out.
const SALIENCE_USUAL: f32 = 1.0;

/// Writes all of a view.
pub(super) fn write(view: &Snapshot, out: &mut dyn Write) -> Result<StreamSummary> {
    let mut lines = Lines::new(out);
    lines.header(view)?;
    view.walk(&mut lines)?;
    lines.skip(view.rel_id_end)?;
    lines.notes(view)?;
    lines.finish()
}

/// The lines of a stream being written.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
    line: Vec<u8>,
    chain: u64,
    whole: Xxh3,
    summary: StreamSummary,
    /// One past the last relationship id written or skipped.
    rel_end: u32,
}

impl<'a> Lines<'a> {
    /// Returns the writer of a stream that has begun.
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        let summary = StreamSummary::default();
        Self { out, line: Vec::new(), chain: 0, whole: Xxh3::new(), summary, rel_end: 0 }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        put(&mut self.line, text);
    }

    /// Ends the line: its checksum, and out with it.
    fn end(&mut self) -> Result<()> {
        self.chain = xxh3_64_with_seed(&self.line, self.chain);
        let check = self.chain as u32;
        self.put(format_args!(" #{check:08x}\n"));
        self.whole.update(&self.line);
        self.summary.n_lines += 1;
        self.summary.n_bytes += self.line.len() as u64;
        self.out.write_all(&self.line).map_err(|error| Error::io("write", STREAM, &error))?;
        self.line.clear();
        Ok(())
    }

    /// Writes everything before the first node.
    pub(super) fn header(&mut self, view: &Snapshot) -> Result<()> {
        let generator = concat!("attendb ", env!("CARGO_PKG_VERSION"));
        self.put(format_args!("{{\"attendb\":\"dump\",\"version\":{VERSION},\"generator\":\"{generator}\"}}"));
        self.end()?;
        let catalog = view.catalog();
        for (id, name) in catalog.labels() {
            self.name("label", id.get(), name)?;
        }
        for (id, name) in catalog.rel_types() {
            self.name("type", id.get(), name)?;
        }
        for (id, name) in catalog.keys() {
            self.name("key", id.get(), name)?;
        }
        for index in catalog.indexes() {
            self.put(format_args!("{{\"index\":{},\"name\":", index.number));
            write_string(&index.name, &mut self.line);
            let (label, key, unique) = (index.label, index.key, index.unique);
            self.put(format_args!(",\"label\":{label},\"key\":{key},\"unique\":{unique}}}"));
            self.end()?;
        }
        for info in catalog.spaces() {
            let space = &info.space;
            self.put(format_args!("{{\"space\":"));
            write_string(&space.name, &mut self.line);
            let (of, owners): (_, Vec<u32>) = match &space.owner {
                SpaceOwner::Nodes(labels) => ("nodes", labels.iter().map(|label| label.get()).collect()),
                SpaceOwner::Relationships(types) => ("relationships", types.iter().map(|of| of.get()).collect()),
            };
            let owners = owners.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
            self.put(format_args!(",\"of\":\"{of}\",\"owners\":[{owners}],\"key\":{}", space.key.get()));
            self.put(format_args!(",\"dimension\":{},\"metric\":\"{}\"", space.dimension, space.metric));
            if space.storage != Storage::F32 {
                self.put(format_args!(",\"storage\":\"{}\"", space.storage));
            }
            if space.indexed {
                self.put(format_args!(",\"indexed\":true"));
            }
            if let Some(embedder) = &space.embedder {
                self.put(format_args!(",\"embedder\":"));
                write_string(&embedder.name, &mut self.line);
                self.put(format_args!(",\"from\":{}", embedder.from.get()));
            }
            self.line.push(b'}');
            self.end()?;
        }
        for index in catalog.fulltexts() {
            self.put(format_args!("{{\"fulltext\":{},\"name\":", index.number));
            write_string(&index.name, &mut self.line);
            let (of, owners): (_, Vec<u32>) = match &index.owner {
                SpaceOwner::Nodes(labels) => ("nodes", labels.iter().map(|label| label.get()).collect()),
                SpaceOwner::Relationships(types) => ("relationships", types.iter().map(|of| of.get()).collect()),
            };
            let list = |ids: Vec<u32>| ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
            let (owners, keys) = (list(owners), list(index.keys.iter().map(|key| key.get()).collect()));
            self.put(format_args!(",\"of\":\"{of}\",\"owners\":[{owners}],\"keys\":[{keys}]"));
            self.put(format_args!(",\"analyzer\":\"{}\"", index.analyzer.name()));
            self.put(format_args!("{}}}", if index.eventual { ",\"eventual\":true" } else { "" }));
            self.end()?;
        }
        for blocks in view.extents.labels.chunks(BLOCKS_PER_LINE) {
            self.put(format_args!("{{\"blocks\":["));
            for (at, label) in blocks.iter().enumerate() {
                if at > 0 {
                    self.line.push(b',');
                }
                self.label(*label);
            }
            self.put(format_args!("]}}"));
            self.end()?;
        }
        let mut open: Vec<(u32, u32)> = view.extents.open.iter().map(|(label, next)| (*label, *next)).collect();
        open.sort_unstable();
        for (label, next) in open {
            self.put(format_args!("{{\"open\":"));
            self.label(label);
            self.put(format_args!(",\"next\":{next}}}"));
            self.end()?;
        }
        let (index, rel) = (catalog.index_end(), view.rel_id_end);
        self.put(format_args!("{{\"next_index\":{index},\"next_relationship\":{rel}}}"));
        self.end()
    }

    fn name(&mut self, sort: &str, id: u32, name: &str) -> Result<()> {
        self.put(format_args!("{{\"{sort}\":{id},\"name\":"));
        write_string(name, &mut self.line);
        self.line.push(b'}');
        self.end()
    }

    fn label(&mut self, label: u32) {
        if label == NO_LABEL { self.put(format_args!("null")) } else { self.put(format_args!("{label}")) }
    }

    fn properties(&mut self, properties: &Properties<'_>) {
        if properties.is_empty() {
            return;
        }
        self.put(format_args!(",\"properties\":"));
        for (at, (key, value)) in properties.iter().enumerate() {
            self.line.push(if at == 0 { b'{' } else { b',' });
            self.put(format_args!("\"{key}\":"));
            write_ref(value, &mut self.line);
        }
        self.line.push(b'}');
    }

    /// Writes what the database keeps about itself.
    pub(super) fn notes(&mut self, view: &Snapshot) -> Result<()> {
        for table in NoteTable::ALL {
            view.each_note(table, 0, &mut |id, note| {
                self.put(format_args!("{{\"note\":{},\"id\":{id},\"hex\":\"", table.index()));
                note.iter().for_each(|byte| self.put(format_args!("{byte:02x}")));
                self.put(format_args!("\"}}"));
                self.end()
            })?;
        }
        Ok(())
    }

    /// Writes that relationship ids below this one are not in use, where the hole is long.
    pub(super) fn skip(&mut self, to: u32) -> Result<()> {
        while to - self.rel_end > SKIPPED_MAX {
            self.rel_end += SKIPPED_MAX;
            let skipped = self.rel_end;
            self.put(format_args!("{{\"skip\":{skipped}}}"));
            self.end()?;
        }
        Ok(())
    }

    /// Writes the closing line.
    pub(super) fn finish(mut self) -> Result<StreamSummary> {
        self.summary.checksum = self.whole.digest();
        let StreamSummary { n_nodes, n_relationships, n_lines, checksum, .. } = self.summary;
        let n_lines = n_lines + 1;
        self.put(format_args!(
            "{{\"end\":\"dump\",\"nodes\":{n_nodes},\"relationships\":{n_relationships},\"lines\":{n_lines},\
             \"xxh3\":\"{checksum:016x}\"}}"
        ));
        self.end()?;
        Ok(self.summary)
    }
}

impl Walker for Lines<'_> {
    fn node(&mut self, id: NodeId, labels: &[LabelId], properties: &Properties<'_>) -> Result<()> {
        self.summary.n_nodes += 1;
        self.put(format_args!("{{\"node\":{id}"));
        for (at, label) in labels.iter().enumerate() {
            self.put(format_args!("{}{label}", if at == 0 { ",\"labels\":[" } else { "," }));
        }
        if !labels.is_empty() {
            self.line.push(b']');
        }
        self.properties(properties);
        self.line.push(b'}');
        self.end()
    }

    fn rel(&mut self, id: RelId, record: RelRecord, salience: f32, properties: &Properties<'_>) -> Result<()> {
        self.summary.n_relationships += 1;
        self.skip(id.get())?;
        self.rel_end = id.get() + 1;
        let RelRecord { rel_type, start, end } = record;
        self.put(format_args!("{{\"relationship\":{id},\"type\":{rel_type},\"start\":{start},\"end\":{end}"));
        if salience != SALIENCE_USUAL {
            self.put(format_args!(",\"salience\":{salience:?}"));
        }
        self.properties(properties);
        self.line.push(b'}');
        self.end()
    }

    fn unreadable(&mut self, _: BlockKey, error: Error) -> Result<()> {
        Err(error)
    }
}
