//! An embedded knowledge-graph database whose queries pay attention.

mod db;
mod error;
mod graph;
mod import;
pub mod model;
mod query;
mod storage;

pub use db::{
    CancelHandle, Database, Durability, IndexSchema, Neighbor, NodeAppender, Options, Params, Progress, QueryOptions,
    ReadTransaction, RelationshipAppender, Row, Rows, Schema, Session, Statement, Status, Summary, WriteTransaction,
};
pub use error::{Error, ImportError, Phase, Place, QueryError, Result, Span};
pub use graph::CheckReport;
pub use import::FileAccess;
pub use model::Value;

/// Returns the statements of a script, split at semicolons outside strings, comments and quoted names.
pub fn split_statements(script: &str) -> Vec<&str> {
    query::split_statements(script)
}

/// Returns whether a text ends where a statement may: after a semicolon, with nothing left open.
pub fn is_complete(text: &str) -> bool {
    query::is_complete(text)
}

/// Plants the defect that the crash campaign must catch: commits are acknowledged before they are written.
#[cfg(feature = "crash")]
#[doc(hidden)]
pub fn plant_ack_before_write() {
    storage::fault::set(storage::fault::Fault::AckBeforeWrite);
}

/// The program in README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
