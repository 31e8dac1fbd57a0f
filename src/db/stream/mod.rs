//! A whole database as one plain stream: to carry it to another machine, another version, another program, or to look at.
//!
//! # The format, version 1
//!
//! UTF-8 lines, each a JSON object without spaces, then ` #`, eight hexadecimal digits, and a line feed. The digits are the
//! low half of the line's checksum: xxh3-64 of the object's bytes, seeded with the whole checksum of the line before (0
//! before the first). So a line that was damaged, lost, or put elsewhere is found where it is.
//!
//! | lines, in this order | what |
//! |---|---|
//! | `{"attendb":"dump","version":1,"generator":"attendb 0.1.0"}` | first |
//! | `{"label":0,"name":"Person"}`, then `type` and `key` alike | names; from here on, only ids |
//! | `{"index":0,"name":"i","label":0,"key":0,"unique":true}` | an index, or a constraint |
//! | `{"space":"text","of":"nodes","owners":[0],"key":3,"dimension":384,"metric":"COSINE"}` | an embedding space; `of` may be `relationships`, whose owners are types; `,"storage":"F16"` or `"INT8"` where it is not 32 bits, `,"indexed":true` where near vectors are linked, `,"embedder":"hash","from":2` where it has one |
//! | `{"fulltext":1,"name":"f","of":"nodes","owners":[0],"keys":[3,4],"analyzer":"english"}` | a full-text index; `,"eventual":true` where it is so |
//! | `{"blocks":[0,0,null]}` | for each 1,024 node ids, the first label of the nodes made there |
//! | `{"open":0,"next":17}` | the id of the next node with this first label |
//! | `{"next_index":1,"next_relationship":20}` | once: the ids after the last ever given |
//! | `{"node":0,"labels":[0],"properties":{"0":"Ada"}}` | ids ascend; what is empty is left out |
//! | `{"relationship":3,"type":0,"start":0,"end":1,"salience":0.5,"properties":{}}` | ids ascend; a salience of 1 is left out |
//! | `{"note":1,"id":0,"hex":"00ff"}` | after those: what the database keeps about itself, by table and id; both ascend |
//! | `{"skip":65536}` | among those: ids below are not in use, where a hole is longer than 65,536 |
//! | `{"end":"dump","nodes":1,"relationships":1,"lines":9,"xxh3":"…"}` | last: totals with this line, and xxh3-64 of all bytes before it |
//!
//! Values are JSON's, but: numbers with a point or an exponent are floats and all others integers; a float that is no
//! number or infinite is `{"$float":"7ff8000000000000"}`, its bits; a date is `{"$date":"2001-02-03"}`, or its days since
//! 1970-01-01 where its year has not four digits. Numbers are the shortest that read back as the same, so the same
//! database gives the same bytes.

#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod read;
mod salvage;
mod text;
mod write;

#[cfg(test)]
mod tests;

use std::{
    io::{BufReader, BufWriter, Read, Write},
    path::Path,
};

pub use self::salvage::SalvageReport;
use super::{Database, limits};
use crate::{Error, Result, db::Options, graph::Engine};

/// The version written, and the only one read.
const VERSION: u32 = 1;

/// Bytes read or written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// What errors call the stream.
const STREAM: &str = "the stream";

/// What a stream held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StreamSummary {
    /// Nodes.
    pub n_nodes: u64,
    /// Relationships.
    pub n_relationships: u64,
    /// Lines, with the first and the last.
    pub n_lines: u64,
    /// Bytes.
    pub n_bytes: u64,
    /// xxh3-64 of all lines but the last, which says it.
    pub checksum: u64,
}

impl Database {
    /// Writes the database as it is now as one plain stream of checksummed lines: names, indexes, every node and
    /// relationship with the ids they have. The same graph gives the same bytes. Readers and writers work on meanwhile.
    ///
    /// ```
    /// use attendb::Database;
    ///
    /// # fn main() -> attendb::Result<()> {
    /// let db = Database::memory()?;
    /// db.execute("CREATE (:Npc {name: 'Ada'})-[:KNOWS]->(:Npc {name: 'Bo'})", ())?;
    /// let mut stream = Vec::new();
    /// db.save_to(&mut stream)?;
    /// let copy = Database::load_from(stream.as_slice())?;
    /// assert_eq!((copy.status().n_nodes, copy.status().n_relationships), (2, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Io` or `Full` where the stream cannot be written; `Corrupt` where a block is damaged; `Closed`.
    pub fn save_to(&self, writer: impl Write) -> Result<StreamSummary> {
        self.inner.check_open()?;
        let mut writer = BufWriter::with_capacity(BUFFER_BYTES, writer);
        let summary = write::write(&self.inner.engine.snapshot(), &mut writer)?;
        writer.flush().map_err(|error| Error::io("write", STREAM, &error))?;
        Ok(summary)
    }

    /// Returns a database in memory that holds what [`save_to`](Self::save_to) wrote.
    ///
    /// # Errors
    /// `Corrupt` names the line that is damaged or missing; `Version` where a newer version wrote it; `Limit` where it
    /// takes more memory than it may; `Io`.
    pub fn load_from(reader: impl Read) -> Result<Self> {
        Self::load_from_with(reader, Options::default())
    }

    /// As [`load_from`](Self::load_from), with options.
    ///
    /// # Errors
    /// As [`load_from`](Self::load_from).
    pub fn load_from_with(reader: impl Read, options: Options) -> Result<Self> {
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        let bytes_max = options.memory_bytes_max;
        let mut fill = |rebuild: &mut _| read::read(&mut reader, bytes_max, rebuild).map(drop);
        let engine = Engine::rebuild_in_memory(limits(&options), &mut fill)?;
        Self::start(engine, options)
    }

    /// Makes a database in a new directory of what [`save_to`](Self::save_to) wrote, with an id of its own. It takes
    /// little memory, whatever the size. The directory appears when all of it is on disk: until then it is being made
    /// beside its place, as `<name>.partial`.
    ///
    /// # Errors
    /// As [`load_from`](Self::load_from); `NotAllowed` where the directory exists and is not empty; `AlreadyOpen` where
    /// another process is making it; `Full`, `Io` where it cannot be written.
    pub fn restore(path: impl AsRef<Path>, reader: impl Read) -> Result<StreamSummary> {
        Self::restore_with(path, reader, &Options::default())
    }

    /// As [`restore`](Self::restore), with limits of its own.
    ///
    /// # Errors
    /// As [`restore`](Self::restore).
    pub fn restore_with(path: impl AsRef<Path>, reader: impl Read, options: &Options) -> Result<StreamSummary> {
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        let mut summary = StreamSummary::default();
        let mut fill = |rebuild: &mut _| {
            summary = read::read(&mut reader, options.memory_bytes_max, rebuild)?;
            Ok(())
        };
        Engine::rebuild(path.as_ref(), limits(options), &mut fill)?;
        Ok(summary)
    }
}
