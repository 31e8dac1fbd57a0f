//! Rows out of files and into files. Knows formats, paths and typed columns; must not know plans or storage.
//!
//! # Life of an import
//! 1. `FileAccess::open` judges the path and opens a regular file.
//! 2. `Chunks` cuts the text, unpacked if it is gzip, into pieces of whole rows.
//! 3. `csv::Index` finds every field of a piece and the rows that are none; `convert::Fields` makes columns of them, each
//!    of the narrowest type that holds all its fields. `json_lines::parse` does both for JSON. Pieces go side by side.
//! 4. `read_table` joins the pieces in file order into a [`Table`](crate::model::Table), widening types.
//! 5. `copy::copy_from` finds nodes by key and hands the columns of what is new to the graph's bulk loader.
//!
//! Where the header is one of neo4j-admin (`admin`), `copy::admin` reads labels, types and ends from its columns. Files of
//! triples (`rdf`) are no tables: `rdf::read` sorts them into resources, and `copy::resources` brings these into the graph.
//! Columnar files (`columnar`: Parquet and Arrow) have columns with types already and skip steps 2 and 3.
//!
//! Files of vectors (`vectors`: NumPy's and `fvecs`) hold numbers only; `copy::vectors` finds whose they are. Those of models
//! (`models`: safetensors and NumPy's) hold matrices.
//!
//! `describe` reads any of them and keeps only what can be said of it.
//!
//! `LOAD CSV` takes the same pieces a row at a time (`CsvRows`); `COPY … TO` goes the other way
//! (`RowWriter`): rows as they come, or one graph at the end (`graphml`); `COPY (MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN n,
//! r) TO 'all.graphml'` is the whole one.

mod admin;
mod chunks;
mod columnar;
mod convert;
pub(crate) mod copy;
mod csv;
pub(crate) mod describe;
mod files;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod graphml;
mod header;
mod json_lines;
mod load_csv;
pub(crate) mod models;
mod numbers;
pub(crate) mod options;
mod rdf;
mod read;
mod vectors;
mod write;

pub use files::FileAccess;
pub(crate) use load_csv::open_rows;
pub(crate) use read::ReadLimits;
pub(crate) use write::RowWriter;

#[cfg(test)]
mod tests;
