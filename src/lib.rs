//! An embedded knowledge-graph database whose queries pay attention.

mod error;
#[expect(dead_code, unused_imports, reason = "the query layer that uses it lands next")]
mod graph;
mod import;
pub mod model;
mod query;
#[expect(dead_code, unused_imports, reason = "the graph layer that uses it lands next")]
mod storage;

pub use error::{Error, ImportError, Phase, Place, QueryError, Result, Span};
pub use import::FileAccess;
pub use model::Value;
