//! What must be known before the first node: names by id, indexes, and where ids go on.

use super::{NAME_BYTES, Rebuild};
use crate::{
    Error, Result,
    graph::{
        catalog::{INDEXES_MAX, NAMES_MAX},
        change::IDS_MAX,
        fulltext::FULLTEXTS_MAX,
        snapshot::NO_LABEL,
        space::SPACES_MAX,
    },
    model::Storage,
    storage::{
        BLOCK_LEN, BLOCK_WORDS,
        codec::{FulltextRecord, IndexRecord, SpaceRecord, kept_record},
        split,
    },
};

/// Bytes a block of node ids takes while the graph is built: which nodes exist, and how many edges they have.
const NODE_BLOCK_BYTES: u64 = 8 * BLOCK_WORDS as u64 + 12;

/// The sorts of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameSort {
    /// Of nodes.
    Label,
    /// Of relationships.
    Type,
    /// Of properties.
    Key,
}

/// An index or constraint to be built.
#[derive(Debug)]
pub(crate) struct IndexTold {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) label: u32,
    pub(crate) key: u32,
    pub(crate) unique: bool,
}

impl Rebuild {
    /// Adds a name with the next id of its sort.
    ///
    /// # Errors
    /// `Corrupt` where the id is another; `Limit`.
    pub(crate) fn name(&mut self, sort: NameSort, id: u32, name: String) -> Result<()> {
        self.budget.charge(NAME_BYTES + name.len() as u64 * 3)?;
        let (names, what) = match sort {
            NameSort::Label => (&mut self.record.labels, "labels"),
            NameSort::Type => (&mut self.record.types, "relationship types"),
            NameSort::Key => (&mut self.record.keys, "property keys"),
        };
        if id >= NAMES_MAX {
            return Err(Error::Limit { what, max: NAMES_MAX.into() });
        }
        if id as usize != names.len() {
            return Err(Error::corrupt(what, format_args!("id {}", names.len()), id));
        }
        names.push(name);
        Ok(())
    }

    /// Adds an index.
    ///
    /// # Errors
    /// `Corrupt` where its label or key is unknown, or another has its name, number or place.
    pub(crate) fn index(&mut self, index: IndexTold) -> Result<()> {
        self.budget.charge(NAME_BYTES + index.name.len() as u64 * 3)?;
        let (n_labels, n_keys) = (self.record.labels.len(), self.record.keys.len());
        let what = || format!("index `{}`", index.name);
        if index.label as usize >= n_labels || index.key as usize >= n_keys {
            let expected = format_args!("a label below {n_labels} and a key below {n_keys}");
            return Err(Error::corrupt(what(), expected, format_args!("{} and {}", index.label, index.key)));
        }
        if index.number >= INDEXES_MAX {
            return Err(Error::Limit { what: "indexes ever made", max: INDEXES_MAX.into() });
        }
        let place = (index.label, index.key);
        if self.indexed.insert(place, self.record.indexes.len()).is_some() {
            return Err(Error::corrupt(what(), "one index over a label's property", "a second one"));
        }
        self.record.indexes.push(IndexRecord {
            name: index.name,
            label: index.label,
            key: index.key,
            unique: index.unique,
            number: index.number,
            chunks_log2: 0,
            n_entries: 0,
        });
        Ok(())
    }

    /// Adds an embedding space. What nodes and relationships then bring there is checked when the database is.
    ///
    /// # Errors
    /// `Limit`; what it names is checked when the header is whole.
    pub(crate) fn space(&mut self, space: SpaceRecord, storage: Storage, indexed: bool) -> Result<()> {
        self.budget.charge(NAME_BYTES + space.name.len() as u64 * 3 + space.owners.len() as u64 * 4)?;
        if self.record.spaces.len() >= SPACES_MAX {
            return Err(Error::Limit { what: "embedding spaces", max: SPACES_MAX as u64 });
        }
        self.record.spaces.push(space);
        self.record.storages.push(kept_record(storage, indexed));
        Ok(())
    }

    /// Adds a full-text index, which is made when it is first searched.
    ///
    /// # Errors
    /// `Limit`; what it names is checked when the header is whole.
    pub(crate) fn fulltext(&mut self, index: FulltextRecord) -> Result<()> {
        let n_ids = (index.owners.len() + index.keys.len()) as u64;
        self.budget.charge(NAME_BYTES + index.name.len() as u64 * 3 + n_ids * 4)?;
        if self.record.fulltexts.len() >= FULLTEXTS_MAX {
            return Err(Error::Limit { what: "full-text indexes", max: FULLTEXTS_MAX as u64 });
        }
        if index.number >= INDEXES_MAX {
            return Err(Error::Limit { what: "indexes ever made", max: INDEXES_MAX.into() });
        }
        self.record.fulltexts.push(index);
        Ok(())
    }

    /// Adds the next block of node ids: those of nodes whose first label this was when they were made, or of nodes
    /// without one.
    ///
    /// # Errors
    /// `Corrupt` where the label is unknown; `Limit` where there are too many.
    pub(crate) fn nodes_of(&mut self, label: Option<u32>) -> Result<()> {
        self.budget.charge(NODE_BLOCK_BYTES)?;
        let n_labels = self.record.labels.len();
        if let Some(label) = label.filter(|label| *label as usize >= n_labels) {
            return Err(Error::corrupt("a block of nodes", format_args!("a label below {n_labels}"), label));
        }
        if self.record.extents.len() as u32 >= split(IDS_MAX).0 {
            return Err(Error::Limit { what: "node ids", max: IDS_MAX.into() });
        }
        self.record.extents.push(label.unwrap_or(NO_LABEL));
        Ok(())
    }

    /// Says which id the next node with this first label will have. Labels ascend, none comes last.
    ///
    /// # Errors
    /// `Corrupt` where the id lies in no block of the label.
    pub(crate) fn next_node(&mut self, label: Option<u32>, next: u32) -> Result<()> {
        self.budget.charge(16)?;
        let label = label.unwrap_or(NO_LABEL);
        let is_after = self.record.open_extents.last().is_none_or(|(last, _)| *last < label);
        // A block that is full names the one after it.
        let (block, _) = split(next.saturating_sub(1));
        if !is_after || next == 0 || self.record.extents.get(block as usize) != Some(&label) {
            let expected = "labels ascending, each with an id after one of its blocks";
            return Err(Error::corrupt("the next node", expected, format_args!("{next} for label {label}")));
        }
        self.record.open_extents.push((label, next));
        Ok(())
    }

    /// Says which number the next index and which id the next relationship will have.
    ///
    /// # Errors
    /// `Limit` where either is beyond what there may be.
    pub(crate) fn next_ids(&mut self, index: u32, rel: u32) -> Result<()> {
        if rel > IDS_MAX {
            return Err(Error::Limit { what: "relationship ids", max: IDS_MAX.into() });
        }
        if rel > 0 && (self.record.types.is_empty() || self.record.extents.is_empty()) {
            return Err(Error::corrupt("the next relationship", "a type and nodes before any relationship", rel));
        }
        (self.record.next_index, self.record.next_rel) = (index, rel);
        Ok(())
    }

    /// Takes over what was told: nodes may follow.
    ///
    /// # Errors
    /// `Corrupt` where it contradicts itself.
    pub(crate) fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        self.view.adopt_catalog(&self.record)?;
        let n_blocks = self.record.extents.len();
        self.alive = vec![[0; BLOCK_WORDS]; n_blocks];
        self.n_edges = [vec![0; n_blocks], vec![0; n_blocks]];
        Ok(())
    }

    /// Returns the block of a node's id and its place there.
    ///
    /// # Errors
    /// `Corrupt` where no node can have it.
    pub(super) fn node_place(&self, id: u32) -> Result<(u32, usize)> {
        let (block, local) = split(id);
        let Some(label) = self.record.extents.get(block as usize) else {
            let end = self.record.extents.len() * BLOCK_LEN;
            return Err(Error::corrupt(format_args!("node {id}"), format_args!("ids below {end}"), id));
        };
        let next = self.view.extents.open.get(label).copied();
        if let Some(next) = next.filter(|next| *next <= id && split(*next).0 == block && split(*next).1 != 0) {
            return Err(Error::corrupt(format_args!("node {id}"), format_args!("ids below {next}"), id));
        }
        Ok((block, local))
    }
}
