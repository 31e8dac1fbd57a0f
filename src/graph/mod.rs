//! The graph: one read view ([`Snapshot`]), one write path ([`Transaction`], then the engine's commit).
//!
//! Knows nothing of queries, files to import or wall-clock time.
//!
//! # Life of a batch
//! 1. `Engine::begin` waits for the transaction before, and clones the pending head: a handful of reference counts.
//! 2. [`Transaction`] changes its clone in place through `Snapshot::apply` and records each change as a
//!    [`Fact`](crate::model::Fact); pages it touches are copied once, everything else stays shared with readers.
//! 3. Commit appends the facts as one frame to the journal, makes the clone the pending head, lets the next transaction
//!    begin, and waits until an `fdatasync` (shared with whoever waits too) covers the frame.
//! 4. The clone becomes the durable head: readers that load it from now on see the batch whole.
//! 5. Later a checkpoint folds the changes of all pages into blocks of a new generation, flips the root, and drops the
//!    journal before the previous root.
//!    The words of full-text indexes ([`fulltext`]) follow then, or when there is much to do for them.
//! 6. After a crash, recovery loads the root and applies the facts of every later frame, through `Snapshot::apply` again.

mod adjacency;
mod attention_model;
mod backup;
mod base;
mod bulk;
mod catalog;
mod change;
mod check;
mod checkpoint;
mod column;
mod counts;
mod engine;
mod export;
pub(crate) mod fold;
mod fulltext;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod index;
mod manifest;
mod near;
mod note;
mod open;
mod paged;
mod policy;
mod range;
mod rebuild;
mod record;
mod salvage;
mod snapshot;
mod space;
mod transaction;
mod validity;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use adjacency::{Adjacency, CleanBlock, Edges};
pub(crate) use attention_model::{ModelInfo, no_model};
pub(crate) use bulk::BULK_ROWS_MIN;
pub(crate) use catalog::IndexInfo;
pub(crate) use change::Check;
pub use check::CheckReport;
pub(crate) use check::check;
pub(crate) use column::{CleanColumn, Column};
pub use engine::Durability;
pub(crate) use engine::{Engine, EngineLimits, Writer};
pub(crate) use export::{Properties, Walker};
pub(crate) use fulltext::{Mention, Ready};
pub(crate) use near::{BREADTH, NearFound, NearQuery, NearState};
pub(crate) use range::{Range, RangeBound};
pub(crate) use rebuild::{IndexTold, NameSort, Rebuild, RelTold, SKIPPED_MAX};
#[cfg(test)]
pub(crate) use salvage::salvage_wreck;
pub(crate) use salvage::{Salvaged, salvage};
pub(crate) use snapshot::{NO_LABEL, RelRecord, Snapshot};
pub(crate) use space::{GatheredRows, HASH, SpaceInfo};
pub(crate) use transaction::{Stop, Transaction};

pub(crate) use crate::storage::codec::{decode_meta, decode_value, encode_meta, encode_value};
pub(crate) use crate::storage::{
    BLOCK_LEN, BLOCK_WORDS, ColumnBlock, IntView, StrView,
    block::{Presence, ValueRef},
};
