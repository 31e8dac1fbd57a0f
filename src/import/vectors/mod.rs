//! Files of vectors: rows of numbers and nothing else. NumPy's `.npy`, and `.fvecs` as collections for nearest
//! neighbours have it. Both are read a row at a time, plain or as gzip, and never believed: lengths are checked before
//! anything is made room for.

mod fvecs;
mod npy;

use std::io::Read;

use super::files::FileSource;
use crate::{Error, ImportError, Result};

/// How numbers are written one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberFormat {
    /// NumPy: a header, then an array.
    Npy,
    /// Each vector behind the number of its numbers.
    Fvecs,
}

/// Rows read between two looks whether to go on.
const ROWS_BETWEEN_CHECKS: usize = 256;

/// Calls `row` with the place and the numbers of each row. `tick` is told now and then how many bytes were read, and may
/// stop it.
///
/// # Errors
/// [`Error::Import`] where the file is not of the format, is cut or goes on; [`Error::Io`]; those of `row` and `tick`.
pub(super) fn read(
    source: &FileSource,
    format: NumberFormat,
    gzip: bool,
    tick: &mut dyn FnMut(u64) -> Result<()>,
    row: &mut dyn FnMut(usize, &[f32]) -> Result<()>,
) -> Result<()> {
    let reader = std::io::BufReader::with_capacity(1 << 17, source.reader(gzip)?);
    let mut bytes = Bytes { source, reader, n_read: 0 };
    match format {
        NumberFormat::Npy => npy::read(&mut bytes, gzip, tick, row),
        NumberFormat::Fvecs => fvecs::read(&mut bytes, tick, row),
    }
}

/// Returns the shape and the numbers of a NumPy array of any dimensions, at most `most` of them.
///
/// # Errors
/// As [`read`].
pub(super) fn read_array(source: &FileSource, gzip: bool, most: u64) -> Result<(Vec<u64>, Vec<f32>)> {
    let reader = std::io::BufReader::with_capacity(1 << 17, source.reader(gzip)?);
    npy::read_array(&mut Bytes { source, reader, n_read: 0 }, gzip, most)
}

/// The bytes of a file in order.
struct Bytes<'a, R> {
    source: &'a FileSource,
    reader: R,
    n_read: u64,
}

impl<R: Read> Bytes<'_, R> {
    /// Fills `into`, or returns how much there was left.
    fn fill(&mut self, into: &mut [u8]) -> Result<usize> {
        let mut n = 0;
        while n < into.len() {
            match self.reader.read(&mut into[n..]) {
                Ok(0) => break,
                Ok(more) => n += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.source.error("read", &error)),
            }
        }
        self.n_read += n as u64;
        Ok(n)
    }

    /// Returns the error of a file that is not what its name says.
    fn wrong(&self, reason: String) -> Error {
        let file = self.source.name.clone();
        ImportError { file, line: 0, column: 0, field: None, reason }.into()
    }
}
