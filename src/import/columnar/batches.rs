//! The rows of a columnar file in windows, whichever format it is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::{arrow_file::ArrowFile, parquet_file::ParquetFile};
use crate::{
    Error, ImportError, Result,
    import::{files::FileSource, options::Format},
};

/// The rows of a file, in order.
pub(super) struct Batches {
    name: String,
    file: Reader,
    /// The columns' names and types.
    pub(super) schema: SchemaRef,
    /// What is left of the present batch.
    batch: Option<RecordBatch>,
}

enum Reader {
    Parquet(Box<ParquetFile>),
    Arrow(Box<ArrowFile>),
}

/// The rows that are converted at a time: enough to make the work around them small, and few enough that
/// lists of a thousand numbers each take tens of megabytes.
pub(super) const WINDOW_ROWS: usize = 8192;

impl Batches {
    /// Opens a file; what it unpacks at a time may take `bytes_max`.
    ///
    /// # Errors
    /// [`Error::Import`] where it is none of the format, [`Error::Limit`] where it is too large.
    pub(super) fn open(source: &FileSource, format: Format, bytes_max: u64) -> Result<Self> {
        let name = source.name.clone();
        let (file, schema) = guarded(&name, || {
            Ok(if format == Format::Parquet {
                let file = ParquetFile::open(source, bytes_max)?;
                let schema = file.schema();
                (Reader::Parquet(Box::new(file)), schema)
            } else {
                let (file, schema) = ArrowFile::open(source, bytes_max)?;
                (Reader::Arrow(Box::new(file)), schema)
            })
        })?;
        Ok(Self { name, file, schema, batch: None })
    }

    /// Returns the next rows, at most [`WINDOW_ROWS`], and at least one. `check` may stop it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(super) fn next(&mut self, check: &mut dyn FnMut() -> Result<()>) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.batch.take_if(|batch| batch.num_rows() > 0) {
                let n_rows = batch.num_rows().min(WINDOW_ROWS);
                self.batch = Some(batch.slice(n_rows, batch.num_rows() - n_rows));
                return Ok(Some(batch.slice(0, n_rows)));
            }
            let file = &mut self.file;
            self.batch = guarded(&self.name, || match file {
                Reader::Parquet(file) => file.next(check),
                Reader::Arrow(file) => file.next(check),
            })?;
            if self.batch.is_none() {
                return Ok(None);
            }
        }
    }

    /// Returns about how many bytes of the file have been read.
    pub(super) fn n_bytes(&self) -> u64 {
        match &self.file {
            Reader::Parquet(file) => file.n_bytes(),
            Reader::Arrow(file) => file.n_bytes(),
        }
    }
}

/// Returns the error of a file that is not what it should be.
pub(super) fn broken(name: &str, reason: impl Into<String>) -> Error {
    ImportError { file: name.to_owned(), line: 0, column: 0, field: None, reason: reason.into() }.into()
}

/// Calls what may meet a file that its reader does not expect: a panic becomes an error.
pub(super) fn guarded<T>(name: &str, call: impl FnOnce() -> Result<T>) -> Result<T> {
    // What is half changed by a panic is dropped with the error and never looked at.
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(broken(name, "the file is broken in a way that its reader does not expect")))
}
