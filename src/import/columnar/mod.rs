//! Columnar files in and out: Parquet, and Arrow's IPC files and streams (an IPC file is Feather, version 2).
//!
//! Only with the cargo feature `parquet`; without it every file of these formats is refused by `absent`.
//!
//! # What becomes of types
//! - Integers of every width are INTEGER (an unsigned one beyond 63 bits refuses its row), floats FLOAT, booleans BOOLEAN,
//!   texts STRING, days DATE. Dictionaries are what their values are.
//! - Decimals are INTEGER without a fraction, else the nearest FLOAT.
//! - Timestamps, times of day and durations have no type of their own yet: they are ISO 8601 texts (`2024-05-06T07:08:09.5`,
//!   with `Z` where the file gives a zone, since that stands for an instant; `07:08:09`; `PT1.5S`).
//! - Lists of any length, fixed or not, are LIST. In `COPY` they hold scalars and no nulls, as properties do.
//! - Structs and maps are MAP in `LOAD CSV`; no property can be one.
//! - Bytes are refused, but for a column that the statement declares STRING, whose bytes are then UTF-8.
//! - Unions, intervals, run ends and views of lists are refused.
//!
//! A file's column names may be headers of neo4j-admin, as in CSV. A "line" of an error is a row, counted from 1.
//!
//! # What a hostile file can do
//! `parquet_file` and `arrow_file` check what the foreign readers take on trust before these see it: depth of schemas,
//! sizes of pages and buffers, numbers of values. Memory is bounded by the budget of the statement: what a group of pages
//! or a batch says it unpacks into is refused beyond it, and `convert` counts while it copies. The readers are known
//! to panic on some broken files (bitmaps that are too short, bytes where page headers have none), so their calls are fenced by
//! `catch_unwind`: such a file is an error as any other.

#[cfg(not(feature = "parquet"))]
mod absent;
#[cfg(feature = "parquet")]
mod arrow_file;
#[cfg(feature = "parquet")]
mod batches;
#[cfg(feature = "parquet")]
mod convert;
#[cfg(all(test, feature = "parquet"))]
mod hostile;
#[cfg(feature = "parquet")]
mod kinds;
#[cfg(feature = "parquet")]
mod nested;
#[cfg(feature = "parquet")]
mod parquet_file;
#[cfg(feature = "parquet")]
mod read;
#[cfg(feature = "parquet")]
mod rows;
#[cfg(all(test, feature = "parquet"))]
mod tests;
#[cfg(feature = "parquet")]
mod thrift;
#[cfg(feature = "parquet")]
mod write;

#[cfg(not(feature = "parquet"))]
pub(super) use self::absent::{Rows, Writer, read_table};
#[cfg(feature = "parquet")]
pub(super) use self::{read::read_table, rows::Rows, write::Writer};
