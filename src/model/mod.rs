//! What the database is about: ids, values, entities. Knows nothing of bytes, files or queries.
//!
//! openCypher's words (node, relationship, label, property) are the words of the language and of this code; *entity*
//! means a node, *relation* a relationship, *triple* one relationship with its two ends.

mod attention_model;
mod columns;
mod date;
mod de;
mod fact;
mod fulltext;
mod id;
mod json;
mod map;
mod number;
pub mod point;
mod policy;
mod space;
mod tally;
pub mod temporal;
mod validity;
mod value;

pub use attention_model::{AttentionModel, Projection};
pub(crate) use attention_model::{HEADS_MAX, MODEL_NUMBERS_MAX};
pub(crate) use columns::{Bits, Column, ColumnData, Lines, Strings, Table, TextLost};
pub use date::Date;
pub(crate) use de::from_row;
pub use de::from_value;
pub use fact::{Fact, NoteTable};
pub(crate) use fulltext::FULLTEXT_KEYS_MAX;
pub use fulltext::{Analyzer, Fulltext, Stemming};
pub use id::{Direction, KeyId, LabelId, NodeId, RelId, TypeId};
pub use json::{from_json, to_json};
pub use map::Map;
pub(crate) use number::{half_from_f32, half_to_f32, quantize};
pub use point::{Crs, Point};
pub(crate) use policy::Policy;
pub(crate) use space::{DIMENSION_MAX, NoVector, vector};
pub use space::{Embedder, Metric, Space, SpaceOwner, Storage};
pub(crate) use tally::Tally;
pub(crate) use validity::Validity;
pub use value::{Node, NodeData, Path, Relationship, RelationshipData, Value};
