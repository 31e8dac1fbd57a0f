//! What a build without the feature `parquet` says to columnar files.

use std::{convert::Infallible, fs::File, io::BufWriter, sync::Arc};

use crate::{
    Error, Result,
    import::{
        ReadLimits,
        files::{FileSource, FileTarget},
        options::FormatOptions,
        read::Imported,
    },
    model::Value,
};

/// The rows of a columnar file: none here.
pub(in crate::import) struct Rows(Infallible);

/// Writes a columnar file: never here.
pub(in crate::import) struct Writer(Infallible);

fn absent(name: &str) -> Error {
    let what = format!("the columnar file {name}: this build reads and writes none (build with --features parquet)");
    Error::NotAllowed { what }
}

/// Refuses to read.
pub(in crate::import) fn read_table(
    source: &FileSource,
    _: &FormatOptions,
    _: &ReadLimits,
    _: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Imported> {
    Err(absent(&source.name))
}

impl Rows {
    /// Refuses to read.
    pub(in crate::import) fn open(source: &FileSource, _: &FormatOptions, _: bool) -> Result<Self> {
        Err(absent(&source.name))
    }
}

impl Iterator for Rows {
    type Item = Result<Value>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0 {}
    }
}

impl Writer {
    /// Refuses to write.
    pub(in crate::import) fn create(
        target: &FileTarget,
        _: BufWriter<File>,
        _: &FormatOptions,
        _: &[Arc<str>],
        _: u64,
    ) -> Result<Self> {
        Err(absent(&target.name))
    }

    /// Writes a row.
    pub(in crate::import) fn write(&mut self, _: &[Value], _: &FileTarget) -> Result<()> {
        match self.0 {}
    }

    /// Writes what is left.
    pub(in crate::import) fn finish(self, _: &FileTarget) -> Result<BufWriter<File>> {
        match self.0 {}
    }
}
