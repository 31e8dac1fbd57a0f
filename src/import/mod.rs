//! Rows out of files and into files. Knows formats, paths and typed columns; must not know plans or storage.

mod chunks;
mod convert;
mod csv;
mod files;
mod json_lines;
mod numbers;
pub(crate) mod options;
mod read;

pub use files::FileAccess;
pub(crate) use files::FileSource;
pub(crate) use read::{Imported, ReadLimits, read_table};

#[cfg(test)]
mod tests;
