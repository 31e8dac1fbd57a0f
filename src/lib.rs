//! An embedded knowledge-graph database whose queries pay attention.
//!
//! Nodes with labels, relationships with a type, properties on both; asked and changed in KGQL (implementation
//! extensions to Cypher) or by typed calls; kept in a directory that survives kill and power loss, in the process that
//! uses it.
//!
//! ```
//! use attendb::{Database, Options, params};
//!
//! # fn main() -> attendb::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("attendb-doc-{}", std::process::id()));
//! let db = Database::open_with(&dir, Options::default())?;
//! db.execute("CREATE CONSTRAINT IF NOT EXISTS FOR (n:Npc) REQUIRE n.id IS UNIQUE", ())?;
//!
//! // A transaction is all or nothing; dropped without a commit, it never was.
//! let mut tx = db.write()?;
//! tx.execute("MERGE (a:Npc {id: 'ada'}) SET a.name = 'Ada'", ())?;
//! tx.execute("MERGE (b:Npc {id: 'bo'}) SET b.name = 'Bo'", ())?;
//! tx.execute("MATCH (a:Npc {id: 'ada'}), (b:Npc {id: 'bo'}) MERGE (a)-[:KNOWS {since: 2001}]->(b)", ())?;
//! tx.commit()?;
//!
//! // Prepared once, run often; rows come as they are made, or as types of your own.
//! let friends = db.prepare("MATCH (:Npc {id: $id})-[k:KNOWS]->(x) RETURN x.name AS name, k.since AS since")?;
//! let rows: Vec<(String, i64)> = friends.query(params! { "id": "ada" })?.collect_as()?;
//! assert_eq!(rows, [("Bo".to_owned(), 2001)]);
//! # drop(friends);
//! db.close()?;
//! # std::fs::remove_dir_all(&dir).ok();
//! # Ok(())
//! # }
//! ```
//!
//! # The house
//!
//! ```text
//!                    bin/kgql                shell: what is listed below, nothing else
//!                       |
//!                       db                   opens, wires, commits, owns threads
//!               +-------+-------+
//!             query           import         producers of rows and of changes; blind to each other
//!               +-------+-------+
//!                     graph                  one read view, one write path
//!                   /       \
//!             storage       attention        bytes: journal, blocks, roots | leaf: numbers in, numbers out
//!                   \       /
//!                  model, error              ids, values; one error
//! ```
//!
//! Each folder's `mod.rs` says what it owns and what it must not know: `query` the life of a query, `graph` the life of
//! a batch, `storage` the format on disk, `attention` the formula. Learning and the compactor will stand between `query` and
//! `graph`.

extern crate alloc; // the parser pest generates without its `std` feature names it

#[allow(dead_code, unused_imports, reason = "what asks for all of it is still to come")]
mod attention;
mod db;
mod error;
mod graph;
mod import;
mod metacognition;
pub mod model;
mod query;
mod storage;
mod text;

pub use db::{
    Access, AttendSpec, Attended, CancelHandle, Connection, Database, Durability, IndexSchema, Neighbor, NodeAppender,
    Options, Params, Progress, QueryOptions, ReadTransaction, RelationshipAppender, Row, Rows, SalvageReport, Schema,
    Session, Statement, Status, StreamSummary, Summary, WriteTransaction,
};
pub use error::{Error, ImportError, Phase, Place, QueryError, Result, Span};
pub use graph::CheckReport;
pub use import::FileAccess;
pub use model::Value;
pub use query::{OperatorProfile, Procedure, Profile, ValueType};

/// Planted faults, by which the crash campaign proves that it would notice one.
#[cfg(feature = "crash")]
pub mod fault {
    /// Makes every database of this process acknowledge commits before their frames are written.
    pub fn acknowledge_before_write() {
        crate::storage::fault::set(crate::storage::fault::Fault::AckBeforeWrite);
    }

    /// Makes every database of this process acknowledge commits that the disk had no room for.
    pub fn acknowledge_without_room() {
        crate::storage::fault::set(crate::storage::fault::Fault::AckWithoutRoom);
    }

    /// Makes every database of this process believe what it reads from blocks and frames.
    pub fn ignore_checksums() {
        crate::storage::fault::set(crate::storage::fault::Fault::ChecksumsIgnored);
    }

    /// Makes the optimizer take `<=` for `<` in what this thread compiles, or not any more.
    pub fn take_less_for_equal(on: bool) {
        crate::query::optimize::fault::set(crate::query::optimize::fault::Fault::LessForEqual, on);
    }

    /// Makes the optimizer move conditions into OPTIONAL MATCHes in what this thread compiles, or not any more.
    pub fn push_into_optional(on: bool) {
        crate::query::optimize::fault::set(crate::query::optimize::fault::Fault::PushIntoOptional, on);
    }

    /// Makes the optimizer take all subqueries of a kind for the same in what this thread compiles, or not any more.
    pub fn take_any_for_same(on: bool) {
        crate::query::optimize::fault::set(crate::query::optimize::fault::Fault::AnySame, on);
    }

    /// Makes the optimizer run every subquery once in what this thread compiles, or not any more.
    pub fn run_any_once(on: bool) {
        crate::query::optimize::fault::set(crate::query::optimize::fault::Fault::AnyOnce, on);
    }

    /// Makes the optimizer put LIMIT below conditions in what this thread compiles, or not any more.
    pub fn limit_below_conditions(on: bool) {
        crate::query::optimize::fault::set(crate::query::optimize::fault::Fault::LimitBelowFilter, on);
    }

    /// Leaves out the optimizer's rules in what this thread compiles, or not any more: no fault, but something to compare
    /// with.
    pub fn leave_out_rules(on: bool) {
        crate::query::optimize::fault::set(crate::query::optimize::fault::Fault::NoRules, on);
    }
}

/// The door of the fuzz targets: bytes to the decoders behind the interface. No part of it.
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzzing;

/// Returns the statements of a script, split at semicolons outside strings, comments and quoted names.
pub fn split_statements(script: &str) -> Vec<&str> {
    query::split_statements(script)
}

/// Returns the candidate most like a wrong name, for a "did you mean": the same but for case, or a few letters away.
///
/// ```
/// assert_eq!(attendb::similar("Persn", ["Place", "Person"]), Some("Person"));
/// ```
pub fn similar<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    query::suggest::suggest(wanted, candidates)
}

/// Returns the names of the functions a query may call, aggregates apart.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    let names = query::function::Function::ALL.iter().map(|(_, name, ..)| *name);
    names.filter(|name| name.starts_with(char::is_alphabetic))
}

/// Returns the names of the procedures that every database has.
pub fn procedure_names() -> impl Iterator<Item = &'static str> {
    query::procedure::BUILT_IN.iter().copied()
}

/// Returns whether a text ends where a statement may: after a semicolon, with nothing left open.
pub fn is_complete(text: &str) -> bool {
    query::is_complete(text)
}
