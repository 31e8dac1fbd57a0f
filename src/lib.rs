//! An embedded knowledge-graph database whose queries pay attention.

mod error;
mod import;
pub mod model;
mod query;

pub use error::{Error, ImportError, Phase, Place, QueryError, Result, Span};
pub use import::FileAccess;
