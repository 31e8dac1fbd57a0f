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
