//! Rows out of files and into files. Knows formats, paths and typed columns; must not know plans or storage.

mod files;
pub(crate) mod options;

pub use files::FileAccess;
pub(crate) use files::FileSource;
