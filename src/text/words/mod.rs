//! The word index: which ids have which words, in files of tantivy's. Knows nothing of the graph; ids come with their texts.
//!
//! An index is written by one at a time ([`WordIndex::write`]) and read through [`Part`]s, each of which stays as it was
//! when it was made. A search looks into several parts at once as if they were one: the index itself, without the ids that
//! changed since, and those in a small part of their own.
//!
//! Each id is one document: a field for each property, and, where names are looked up, a field `whole` with the whole of
//! each short text in its plainest form ([`whole`]).

mod analyze;
mod digest;
mod files;
mod near;
mod search;

use std::{path::Path, sync::Arc};

use rustc_hash::FxHashSet;
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, SingleSegmentIndexWriter, TantivyDocument,
    TantivyError, Term,
    directory::RamDirectory,
    indexer::{IndexWriterOptions, LogMergePolicy},
    schema::{FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions},
    tokenizer::TokenizerManager,
};

pub(crate) use self::{
    digest::digest,
    near::{Near, named, near},
    search::{Hit, rarity, search},
};
use super::fold::whole;
use crate::{Error, Result, model::Analyzer};

/// Bytes a writer may hold before it writes a segment: of a whole index, and of some changes (the least there may be).
const BUILD_BYTES: usize = 128 << 20;
const CHANGE_BYTES: usize = 15_000_000;

/// Bytes of which a part in memory begins its table of words with a third: it grows, and one that is made for a few texts
/// must not cost the clearing of megabytes.
const PART_BYTES: usize = 400_000;

/// The part of a segment that may be deleted before it is rewritten.
const DELETED_MAX: f32 = 0.3;

/// The most characters of a text that is a name, to be found with typos.
pub(crate) const NAME_CHARS_MAX: usize = 100;

/// What an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) n_fields: usize,
    pub(crate) analyzer: Analyzer,
    /// Names are looked up in it.
    pub(crate) has_names: bool,
}

/// The texts of an id: of each property, one or several.
pub(crate) type Texts = Vec<(usize, Arc<str>)>;

#[derive(Debug, Clone)]
struct Fields {
    id: Field,
    whole: Option<Field>,
    texts: Vec<Field>,
}

impl Layout {
    fn schema(self) -> (Schema, Fields) {
        let mut schema = Schema::builder();
        let id = schema.add_u64_field("id", NumericOptions::default() | FAST | INDEXED);
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("words")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let text = TextOptions::default().set_indexing_options(indexing);
        let texts = (0..self.n_fields).map(|at| schema.add_text_field(&format!("t{at}"), text.clone())).collect();
        let raw = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic);
        let whole =
            self.has_names.then(|| schema.add_text_field("whole", TextOptions::default().set_indexing_options(raw)));
        (schema.build(), Fields { id, whole, texts })
    }

    fn tokenizers(self) -> TokenizerManager {
        // With those it knows itself: `raw`, and `default`, which fields of numbers are said to have.
        let known = TokenizerManager::default();
        known.register("words", analyze::analyzer(self.analyzer, false));
        known
    }
}

/// An index that can be written.
pub(crate) struct WordIndex {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    layout: Layout,
}

impl WordIndex {
    /// Returns an empty index, in a directory that exists or in memory.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub(crate) fn create(directory: Option<&Path>, layout: Layout) -> Result<Self> {
        let (schema, fields) = layout.schema();
        let index = match directory {
            Some(path) => Index::create(files::Checked::open(path).map_err(fault)?, schema, settings()),
            None => Index::create(RamDirectory::create(), schema, settings()),
        };
        Self::of(index.map_err(fault)?, layout, fields)
    }

    /// Opens the index in a directory. Returns it with what it said when it was last written, or `None` where there is no
    /// whole index of this layout. With `deep`, every byte is read.
    pub(crate) fn open(directory: &Path, layout: Layout, deep: bool) -> Option<(Self, String)> {
        let (schema, fields) = layout.schema();
        let index = Index::open(files::Checked::open(directory).ok()?).ok()?;
        if index.schema() != schema || (deep && !index.validate_checksum().is_ok_and(|damaged| damaged.is_empty())) {
            return None;
        }
        let payload = index.load_metas().ok()?.payload?;
        Some((Self::of(index, layout, fields).ok()?, payload))
    }

    fn of(mut index: Index, layout: Layout, fields: Fields) -> Result<Self> {
        index.set_tokenizers(layout.tokenizers());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(fault)?;
        Ok(Self { index, reader, fields, layout })
    }

    /// Lets `feed` tell changes, and makes them durable with `payload`; where it fails, nothing was changed. `anew` forgets
    /// everything that was there before.
    ///
    /// # Errors
    /// Those of `feed`; `Full`, `Io` where it cannot be written.
    pub(crate) fn write(
        &self,
        payload: &str,
        anew: bool,
        feed: &mut dyn FnMut(&mut Sink<'_>) -> Result<()>,
    ) -> Result<()> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(if anew { BUILD_BYTES } else { CHANGE_BYTES })
            .build();
        let mut writer: IndexWriter = self.index.writer_with_options(options).map_err(fault)?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DELETED_MAX);
        writer.set_merge_policy(Box::new(policy));
        if anew {
            writer.delete_all_documents().map_err(fault)?;
        }
        feed(&mut Sink { into: Into::Index(&writer), fields: &self.fields })?;
        let mut commit = writer.prepare_commit().map_err(fault)?;
        commit.set_payload(payload);
        commit.commit().map_err(fault)?;
        writer.wait_merging_threads().map_err(fault)?;
        self.reader.reload().map_err(fault)
    }

    /// Returns the index as it is now.
    pub(crate) fn part(&self) -> Part {
        Part { searcher: self.reader.searcher(), fields: self.fields.clone(), layout: self.layout }
    }
}

/// An index as it was at one moment.
#[derive(Clone)]
pub(crate) struct Part {
    searcher: Searcher,
    fields: Fields,
    layout: Layout,
}

impl Part {
    /// Returns a part in memory with what `feed` tells.
    ///
    /// # Errors
    /// Those of `feed`.
    pub(crate) fn of(layout: Layout, feed: &mut dyn FnMut(&mut Sink<'_>) -> Result<()>) -> Result<Self> {
        let (schema, fields) = layout.schema();
        let mut writer: SingleSegmentIndexWriter = Index::builder()
            .schema(schema)
            .settings(settings())
            .tokenizers(layout.tokenizers())
            .single_segment_index_writer(RamDirectory::create(), PART_BYTES)
            .map_err(fault)?;
        feed(&mut Sink { into: Into::Part(&mut writer), fields: &fields })?;
        let index = writer.finalize().map_err(fault)?;
        Ok(WordIndex::of(index, layout, fields)?.part())
    }

    /// Returns how many ids it has.
    pub(crate) fn n_ids(&self) -> u64 {
        self.searcher.num_docs()
    }
}

/// A part, without some ids.
pub(crate) struct Sight<'a> {
    pub(crate) part: &'a Part,
    pub(crate) except: Option<&'a FxHashSet<u32>>,
}

impl Sight<'_> {
    fn sees(&self, id: u32) -> bool {
        self.except.is_none_or(|except| !except.contains(&id))
    }
}

/// Takes texts.
pub(crate) struct Sink<'a> {
    into: Into<'a>,
    fields: &'a Fields,
}

enum Into<'a> {
    Index(&'a IndexWriter),
    Part(&'a mut SingleSegmentIndexWriter),
}

impl Sink<'_> {
    /// Forgets an id.
    pub(crate) fn remove(&mut self, id: u32) {
        if let Into::Index(writer) = &self.into {
            writer.delete_term(Term::from_field_u64(self.fields.id, id.into()));
        }
    }

    /// Adds an id that is not there, unless it has no texts.
    ///
    /// # Errors
    /// `Full`, `Io` where it cannot be written.
    pub(crate) fn add(&mut self, id: u32, texts: &[(usize, Arc<str>)]) -> Result<()> {
        if texts.is_empty() {
            return Ok(());
        }
        let mut document = TantivyDocument::default();
        document.add_u64(self.fields.id, id.into());
        for (field, text) in texts {
            document.add_text(self.fields.texts[*field], text);
            if let Some(field) = self.fields.whole
                && text.len() <= 4 * NAME_CHARS_MAX
            {
                let form = whole(text);
                if !form.is_empty() && form.chars().count() <= NAME_CHARS_MAX {
                    document.add_text(field, form);
                }
            }
        }
        match &mut self.into {
            Into::Index(writer) => writer.add_document(document).map(drop),
            Into::Part(writer) => writer.add_document(document),
        }
        .map_err(fault)
    }
}

/// Nothing is stored beside the words: no thread of its own has to compress it.
fn settings() -> IndexSettings {
    IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() }
}

/// Returns our error of one of tantivy's.
fn fault(error: TantivyError) -> Error {
    match error {
        TantivyError::IoError(error) => Error::io("use", "a full-text index", &error),
        error => Error::corrupt("a full-text index", "files of one", error),
    }
}
