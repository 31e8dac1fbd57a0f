//! Full-text indexes of the graph: what belongs to one, and how searches see the graph as their view does.
//!
//! # How a search is right
//! The words lie in files of their own ([`words`](crate::text::words)), which say up to which commit they are. They follow
//! the graph later, many commits at once, since making them durable takes some ten milliseconds. A search never waits for
//! that and never misses anything: the graph remembers which nodes and relationships each commit may have changed
//! ([`Changes`], by commit in the [`Fulltexts`]), so that a view knows in what it differs from the files, whether they are
//! behind it or ahead of it. Those are left out of what the files say, and their texts, as the view has them, are searched
//! in a small part in memory. The same goes for what a transaction has changed and not committed. Scores are made of the
//! numbers of both parts, so that it makes no difference where a text lies.
//!
//! An index that is declared `eventually consistent` is searched as its files are.
//!
//! # How files and graph come together again
//! A checkpoint brings the files up to the view it folds, before the journal that could say what has changed since is
//! released. On open, files behind the graph need what the journal told; where it reaches back no further, or the files are
//! damaged, missing, or *ahead* of the graph (a power loss took commits from the journal that the files had), they are made
//! anew from the graph. Nothing of this keeps a database from opening, and where the disk takes no writes, or must not be
//! written, an index is made in memory.

mod changes;
mod files;
mod hub;
mod link;
mod log;
mod ready;
mod write;

use std::sync::Arc;

pub(crate) use self::{changes::Changes, hub::Fulltexts, link::Mention, ready::Ready};
pub(super) use changes::Mark;
pub(super) use hub::lock;

use super::Snapshot;
use crate::{
    Result,
    model::{Fact, Fulltext, LabelId, NodeId, RelId, SpaceOwner, Value},
    storage::{BLOCK_LEN, BlockKey, BlockKind, block::Presence},
    text::words::{Layout, Texts},
};

/// The most full-text indexes a database may have.
pub(crate) const FULLTEXTS_MAX: usize = 1 << 10;

impl Fulltext {
    /// Returns whether relationships are found, not nodes.
    pub(crate) fn is_of_relationships(&self) -> bool {
        matches!(self.owner, SpaceOwner::Relationships(_))
    }

    pub(super) fn layout(&self) -> Layout {
        Layout { n_fields: self.keys.len(), analyzer: self.analyzer, has_names: !self.is_of_relationships() }
    }

    fn has_label(&self, label: LabelId) -> bool {
        matches!(&self.owner, SpaceOwner::Nodes(labels) if labels.contains(&label))
    }
}

impl Snapshot {
    /// Returns the full-text index of a name.
    pub(crate) fn fulltext(&self, name: &str) -> Option<&Arc<Fulltext>> {
        self.catalog().fulltexts().iter().find(|index| *index.name == *name)
    }

    /// Returns whether a node or relationship belongs to an index, whether or not it has texts.
    pub(crate) fn is_in_fulltext(&self, index: &Fulltext, id: u32) -> Result<bool> {
        match &index.owner {
            SpaceOwner::Nodes(labels) => {
                let id = NodeId::new(id);
                if labels.is_empty() {
                    return self.node_exists(id);
                }
                for label in labels {
                    if self.has_label(id, *label)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            SpaceOwner::Relationships(types) => {
                let record = self.rel(RelId::new(id))?;
                Ok(record.is_some_and(|record| types.is_empty() || types.contains(&record.rel_type)))
            }
        }
    }

    /// Returns the texts of a node or relationship that an index searches; none where it does not belong to it.
    pub(super) fn texts(&self, index: &Fulltext, id: u32, into: &mut Texts) -> Result<()> {
        into.clear();
        if !self.is_in_fulltext(index, id)? {
            return Ok(());
        }
        self.read_texts(index, id, into)
    }

    fn read_texts(&self, index: &Fulltext, id: u32, into: &mut Texts) -> Result<()> {
        for (field, key) in index.keys.iter().enumerate() {
            let column = if index.is_of_relationships() { self.rel_column(*key) } else { self.node_column(*key) };
            match column.value(id)? {
                Value::String(text) => into.push((field, text)),
                Value::List(items) => into.extend(items.iter().filter_map(|item| match item {
                    Value::String(text) => Some((field, text.clone())),
                    _ => None,
                })),
                _ => {}
            }
        }
        Ok(())
    }

    /// Visits everything that belongs to an index and has texts, in the order of ids.
    pub(super) fn each_text(&self, index: &Fulltext, visit: &mut dyn FnMut(u32, &Texts) -> Result<()>) -> Result<()> {
        let n_blocks = if index.is_of_relationships() { self.n_rel_blocks() } else { self.n_node_blocks() };
        let mut texts = Texts::new();
        for block in 0..n_blocks {
            for local in Presence(self.owner_words(&index.owner, block)?).iter() {
                let id = block * BLOCK_LEN as u32 + local as u32;
                texts.clear();
                self.read_texts(index, id, &mut texts)?;
                if !texts.is_empty() {
                    visit(id, &texts)?;
                }
            }
        }
        Ok(())
    }

    /// Marks what a fact changes, where an index cares. Called before it is applied.
    pub(super) fn mark(&mut self, fact: &Fact) {
        if let Fact::CreateFulltext { index } = fact {
            self.changes.push(Mark::Index(index.number));
            return;
        }
        if let Some(mark) = self.catalog.vector_mark(fact) {
            self.changes.push(mark);
        }
        let indexes = self.catalog.fulltexts();
        if indexes.is_empty() {
            return;
        }
        let mark = match fact {
            Fact::SetNode { id, key, .. } => indexes
                .iter()
                .any(|index| !index.is_of_relationships() && index.keys.contains(key))
                .then(|| Mark::Node(id.get())),
            Fact::AddLabel { id, label } | Fact::RemoveLabel { id, label } => {
                indexes.iter().any(|index| index.has_label(*label)).then(|| Mark::Node(id.get()))
            }
            Fact::DeleteNode { id } => {
                indexes.iter().any(|index| !index.is_of_relationships()).then(|| Mark::Node(id.get()))
            }
            Fact::SetRel { id, key, .. } => indexes
                .iter()
                .any(|index| index.is_of_relationships() && index.keys.contains(key))
                .then(|| Mark::Rel(id.get())),
            Fact::DeleteRel { id } => {
                indexes.iter().any(|index| index.is_of_relationships()).then(|| Mark::Rel(id.get()))
            }
            _ => None,
        };
        if let Some(mark) = mark {
            self.changes.push(mark);
        }
    }

    /// Marks what a block that was put in place changes, where an index cares.
    pub(super) fn mark_block(&mut self, key: &BlockKey) {
        if self.catalog.is_of_vectors(key) {
            self.changes.push(Mark::VectorBlock(key.block));
        }
        let indexes = self.catalog.fulltexts();
        if indexes.is_empty() {
            return;
        }
        let has_key = |rels: bool| {
            indexes.iter().any(|index| {
                index.is_of_relationships() == rels && index.keys.iter().any(|known| known.get() == key.sub)
            })
        };
        let mark = match key.kind {
            BlockKind::NodeProperty => has_key(false).then_some(Mark::NodeBlock(key.block)),
            BlockKind::NodeLabel => {
                let label = LabelId::new(key.sub);
                indexes.iter().any(|index| index.has_label(label)).then_some(Mark::NodeBlock(key.block))
            }
            BlockKind::NodeAlive => {
                indexes.iter().any(|index| !index.is_of_relationships()).then_some(Mark::NodeBlock(key.block))
            }
            BlockKind::RelProperty => has_key(true).then_some(Mark::RelBlock(key.block)),
            _ => None,
        };
        if let Some(mark) = mark {
            self.changes.push(mark);
        }
    }
}
