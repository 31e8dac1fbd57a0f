//! Rows out of files and into files. Knows formats, paths and typed columns; must not know plans or storage.

mod chunks;
mod convert;
pub(crate) mod copy;
mod csv;
mod files;
mod header;
mod json_lines;
mod load_csv;
mod numbers;
pub(crate) mod options;
mod read;
mod write;

pub use files::FileAccess;
pub(crate) use files::FileSource;
pub(crate) use load_csv::CsvRows;
pub(crate) use read::{Imported, ReadLimits, read_table};
pub(crate) use write::RowWriter;

#[cfg(test)]
mod tests;
