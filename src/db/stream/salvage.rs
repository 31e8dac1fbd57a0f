//! Salvage: what is whole of a damaged database, as a stream that can be restored.

use std::{
    io::{BufWriter, Write},
    path::Path,
};

use super::{BUFFER_BYTES, STREAM, StreamSummary, write};
use crate::{
    Database, Error, Result,
    graph::{self, Salvaged},
};

/// What was saved of a damaged database, and what was not.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SalvageReport {
    /// What the stream holds.
    pub summary: StreamSummary,
    /// Where it comes from, for people.
    pub source: String,
    /// Nodes that were counted and are not in the stream.
    pub n_nodes_lost: u64,
    /// Relationships that were counted and are not in the stream.
    pub n_relationships_lost: u64,
    /// At most so many property values are not in the stream, of nodes and relationships that are.
    pub n_values_lost_max: u64,
    /// What is not in the stream, and why: the first thousand.
    pub lost: Vec<String>,
    /// How much is not in the stream.
    pub n_lost: u64,
    /// What could not be read, and is in the stream because something else says the same: the first thousand.
    pub rebuilt: Vec<String>,
}

impl Database {
    /// Writes what is whole of a damaged database as a stream for [`restore`](Self::restore), and says what is not. Not a
    /// byte of the directory is changed; whole blocks are copied into the directory for temporary files.
    ///
    /// A block that is damaged takes only itself with it, and often not even that: an older root and the journal may hold
    /// the same, edges tell which relationships there are, labels and properties which nodes. A relationship whose end is
    /// lost is left out.
    ///
    /// # Errors
    /// `Corrupt` where nothing is left to begin with; `NotAllowed` where there is no database; `AlreadyOpen`; `Version`;
    /// `Full` where there is no room for the copy; `Io`.
    pub fn salvage(path: impl AsRef<Path>, writer: impl Write) -> Result<SalvageReport> {
        write_salvaged(&graph::salvage(path.as_ref())?, writer)
    }
}

/// Writes what was salvaged.
pub(super) fn write_salvaged(salvaged: &Salvaged, writer: impl Write) -> Result<SalvageReport> {
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, writer);
    let summary = write::write(&salvaged.view, &mut writer)?;
    writer.flush().map_err(|error| Error::io("write", STREAM, &error))?;
    let (counts, losses) = (salvaged.view.counts(), &salvaged.losses);
    Ok(SalvageReport {
        summary,
        source: salvaged.source.clone(),
        n_nodes_lost: counts.n_nodes.saturating_sub(summary.n_nodes),
        n_relationships_lost: counts.n_rels.saturating_sub(summary.n_relationships),
        n_values_lost_max: losses.n_values_max,
        lost: losses.lost.clone(),
        n_lost: losses.n_lost,
        rebuilt: losses.rebuilt.clone(),
    })
}
