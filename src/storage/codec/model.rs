//! A model of attention, as noted: all but its matrices.

use bincode::{Decode, Encode};

use crate::model::{AttentionModel, Projection};

/// Version of [`ModelRecord`]'s bytes.
pub(crate) const MODEL_VERSION: u8 = 1;

/// A model of attention, as noted.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct ModelRecord {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: u32,
    /// Its heads.
    pub(crate) heads: u32,
    /// What it makes of the vectors of spaces.
    pub(crate) projections: Vec<ProjectionRecord>,
    /// Relationship types and the bits of what is added for each.
    pub(crate) biases: Vec<(u32, u32)>,
}

/// The shape of a model's matrices for one space, as noted. The numbers lie apart, four bytes each: those of queries,
/// `[heads, width, dimension]`, then those of keys, space after space.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct ProjectionRecord {
    /// The space's name.
    pub(crate) space: String,
    /// Numbers of its vectors.
    pub(crate) dimension: u32,
    /// Numbers that a head makes of them.
    pub(crate) width: u32,
}

impl ModelRecord {
    /// Returns the record of a model.
    pub(crate) fn new(model: &AttentionModel) -> Self {
        let projection = |one: &Projection| ProjectionRecord {
            space: one.space.to_string(),
            dimension: one.dimension,
            width: one.width,
        };
        Self {
            name: model.name.to_string(),
            version: model.version,
            heads: model.heads,
            projections: model.projections.iter().map(projection).collect(),
            biases: model.biases.iter().map(|(rel_type, bias)| (rel_type.get(), bias.to_bits())).collect(),
        }
    }
}
