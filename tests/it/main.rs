//! The integration tests, in one binary: behaviour scripts, comparisons with simpler twins, and the tidiness of the house.

mod access_logs;
mod accesses;
mod agents;
mod api;
mod attend;
mod attend_models;
mod attend_paths;
mod attend_without;
mod attended;
mod cancel;
mod compact;
mod copies;
mod disk_full;
mod embedders;
mod embeddings;
mod formats;
#[cfg(feature = "text")]
mod fulltext;
mod golden;
mod hostile;
mod imports;
mod limits;
mod missing;
mod nearest;
mod notation;
mod oracle;
#[cfg(feature = "parquet")]
mod parquet;
mod place;
mod policies;
mod procedures;
mod ranges;
mod rdf;
mod read_only;
mod reinforce;
mod salience;
mod script;
mod social;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod tidy;
mod typos;
mod validity;
mod writes;
