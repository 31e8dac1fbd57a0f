//! Facts: what a committed batch says. Each names resulting ids and absolute values, so replaying any suffix of a
//! sequence of batches twice is harmless.

use std::sync::Arc;

use super::{Fulltext, KeyId, LabelId, NodeId, RelId, Space, TypeId, Value};

/// One resulting fact of a batch.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields repeat the variant's sentence")]
pub enum Fact {
    /// A label's name joins the dictionary.
    NameLabel { id: LabelId, name: Arc<str> },
    /// A relationship type's name joins the dictionary.
    NameType { id: TypeId, name: Arc<str> },
    /// A property key's name joins the dictionary.
    NameKey { id: KeyId, name: Arc<str> },
    /// A node exists, with these labels.
    CreateNode { id: NodeId, labels: Vec<LabelId> },
    /// A node is gone (its relationships were deleted before).
    DeleteNode { id: NodeId },
    /// A node has a label.
    AddLabel { id: NodeId, label: LabelId },
    /// A node has a label no more.
    RemoveLabel { id: NodeId, label: LabelId },
    /// A node's property has this value; null means it has none.
    SetNode { id: NodeId, key: KeyId, value: Value },
    /// A relationship exists.
    CreateRel { id: RelId, rel_type: TypeId, start: NodeId, end: NodeId },
    /// A relationship is gone.
    DeleteRel { id: RelId },
    /// A relationship's property has this value; null means it has none.
    SetRel { id: RelId, key: KeyId, value: Value },
    /// A relationship's salience has this value, above 0.
    SetSalience { id: RelId, salience: f32 },
    /// An index over a label's property exists; `unique` makes it a constraint.
    CreateIndex { name: Arc<str>, label: LabelId, key: KeyId, unique: bool },
    /// The index or constraint of this name is gone.
    DropIndex { name: Arc<str> },
    /// An embedding space exists.
    CreateSpace { space: Arc<Space> },
    /// The embedding space of this name is gone.
    DropSpace { name: Arc<str> },
    /// A full-text index exists.
    CreateFulltext { index: Arc<Fulltext> },
    /// The full-text index of this name is gone.
    DropFulltext { name: Arc<str> },
    /// A note of the database about itself is this, or gone.
    Note { table: NoteTable, id: u32, note: Option<Arc<[u8]>> },
}

/// What notes are about. The numbers are part of the format: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum NoteTable {
    /// Archived relationships, by their id.
    Archive = 0,
    /// What was done to the graph's salience and to whom, by number.
    Ledger = 1,
    /// How relationships were attended, by their id.
    Attention = 2,
    /// Policies of forgetting, by number.
    Policy = 3,
    /// What was learned of judging, and the clock, by number.
    Judge = 4,
    /// Relationships that nothing may take away, by their id.
    Pin = 5,
    /// Models of attention, by number.
    Model = 6,
    /// The matrices of models, in pieces.
    Matrix = 7,
    /// Which properties say when a fact holds, by number.
    Validity = 8,
}

impl NoteTable {
    /// Every table, in the order of their numbers.
    pub(crate) const ALL: [Self; 9] = [
        Self::Archive,
        Self::Ledger,
        Self::Attention,
        Self::Policy,
        Self::Judge,
        Self::Pin,
        Self::Model,
        Self::Matrix,
        Self::Validity,
    ];

    /// Returns its number.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Returns the table of a number.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }

    /// Returns whether ids are those of relationships.
    pub(crate) const fn is_of_relationships(self) -> bool {
        matches!(self, Self::Archive | Self::Attention | Self::Pin)
    }
}

impl Fact {
    /// Returns whether it speaks of names and indexes only, not of nodes or relationships.
    pub(crate) fn is_of_catalog(&self) -> bool {
        matches!(
            self,
            Self::NameLabel { .. }
                | Self::NameType { .. }
                | Self::NameKey { .. }
                | Self::CreateIndex { .. }
                | Self::DropIndex { .. }
                | Self::CreateSpace { .. }
                | Self::DropSpace { .. }
                | Self::CreateFulltext { .. }
                | Self::DropFulltext { .. }
        )
    }
}
