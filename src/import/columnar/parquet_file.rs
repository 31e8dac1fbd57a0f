//! Parquet: groups of rows, a run of pages for each column.
//!
//! Before a group is read, the headers of its pages are: what they say they unpack into must fit the budget. Texts are
//! views into the pages, so a page whose entries all refer to one long text takes no more room than itself.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use flate2::read::MultiGzDecoder;
use parquet::{
    arrow::arrow_reader::{
        ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    },
    basic::Compression,
    file::metadata::ColumnChunkMetaData,
};

use super::{
    batches::{WINDOW_ROWS, broken},
    thrift::{self, PageHeader},
};
use crate::{Error, Result, import::files::FileSource};

/// A Parquet file.
pub(super) struct ParquetFile {
    name: String,
    file: File,
    bytes: u64,
    bytes_max: u64,
    metadata: ArrowReaderMetadata,
    /// The group that is read, or is next.
    group: usize,
    reader: Option<ParquetRecordBatchReader>,
    n_rows: u64,
}

const MAGIC: &[u8] = b"PAR1";

/// What stands instead where even the footer is encrypted.
const MAGIC_ENCRYPTED: &[u8] = b"PARE";

/// The longest footer: a thousand groups of a thousand columns have a tenth of it, and it unfolds when it is read.
const FOOTER_BYTES_MAX: u64 = 64 << 20;

/// The bytes of a value of a list while it is read, about; lists can be packed into next to nothing.
const ITEM_BYTES: u64 = 8;

/// How many pages are looked at between two questions whether to go on.
const CHECK_PAGES: u64 = 1024;

impl ParquetFile {
    /// Opens a file; what a group of its rows unpacks into may take `bytes_max`.
    pub(super) fn open(source: &FileSource, bytes_max: u64) -> Result<Self> {
        let mut file = source.handle()?;
        let bytes = source.bytes();
        let refuse = |reason: &str| Err(broken(&source.name, reason));
        let fail = |error: io::Error| unreadable(&source.name, &error);
        if bytes < 12 {
            return refuse("no Parquet file: it is too short");
        }
        let mut tail = [0; 8];
        file.seek(SeekFrom::Start(bytes - 8)).and_then(|_| file.read_exact(&mut tail)).map_err(fail)?;
        let (length, magic) = tail.split_at(4);
        match magic {
            MAGIC => {}
            MAGIC_ENCRYPTED => return refuse("the file is encrypted"),
            _ => return refuse("no Parquet file, or not all of it: it does not end in PAR1"),
        }
        let length = u64::from(u32::from_le_bytes(length.try_into().expect("four bytes")));
        if length > bytes - 12 {
            return refuse("no Parquet file: its footer would be longer than the file");
        }
        if length > FOOTER_BYTES_MAX {
            return Err(Error::Limit { what: "bytes of the footer of a Parquet file", max: FOOTER_BYTES_MAX });
        }
        let mut footer = vec![0; length as usize];
        file.seek(SeekFrom::Start(bytes - 8 - length)).and_then(|_| file.read_exact(&mut footer)).map_err(fail)?;
        thrift::schema_depth(&footer).map_err(|error| broken(&source.name, format!("in the footer: {error}")))?;
        let read = || {
            // The schema of Arrow that a file may carry says little that Parquet's own does not, and is one more to trust.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let metadata = ArrowReaderMetadata::load(&file, options.clone())?;
            let views = Schema::new(fields_with_views(metadata.schema().fields()));
            ArrowReaderMetadata::try_new(metadata.metadata().clone(), options.with_schema(Arc::new(views)))
        };
        let metadata = read().map_err(|error| unreadable(&source.name, &error))?;
        Ok(Self { name: source.name.clone(), file, bytes, bytes_max, metadata, group: 0, reader: None, n_rows: 0 })
    }

    /// Returns the names and types of the columns.
    pub(super) fn schema(&self) -> SchemaRef {
        self.metadata.schema().clone()
    }

    /// Returns the next rows. `check` may stop it.
    pub(super) fn next(&mut self, check: &mut dyn FnMut() -> Result<()>) -> Result<Option<RecordBatch>> {
        loop {
            let Some(reader) = &mut self.reader else {
                if self.group == self.metadata.metadata().num_row_groups() {
                    return Ok(None);
                }
                self.reader = Some(self.open_group(check)?);
                continue;
            };
            match reader.next() {
                Some(Ok(batch)) => {
                    self.n_rows += batch.num_rows() as u64;
                    return Ok(Some(batch));
                }
                Some(Err(error)) => {
                    return Err(broken(&self.name, format!("after row {}: {error}", self.n_rows)));
                }
                None => {
                    self.reader = None;
                    self.group += 1;
                }
            }
        }
    }

    /// Returns about how many bytes of the file have been read.
    pub(super) fn n_bytes(&self) -> u64 {
        let n_rows = self.metadata.metadata().file_metadata().num_rows().max(1);
        (self.bytes as f64 * (self.n_rows as f64 / n_rows as f64).min(1.0)) as u64
    }

    fn open_group(&self, check: &mut dyn FnMut() -> Result<()>) -> Result<ParquetRecordBatchReader> {
        let group = self.metadata.metadata().row_group(self.group);
        let mut room = 0u64;
        for column in group.columns() {
            room = room.saturating_add(self.room_of(column, check)?);
            if room > self.bytes_max {
                return Err(Error::Limit { what: "bytes that a group of rows unpacks into", max: self.bytes_max });
            }
        }
        let file = self.file.try_clone().map_err(|error| Error::io("read", &self.name, &error))?;
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![self.group])
            .with_batch_size(WINDOW_ROWS)
            .build()
            .map_err(|error| unreadable(&self.name, &error))
    }

    /// Returns what a column of a group takes while it is read: its dictionary and its largest page, and the items of its
    /// lists.
    fn room_of(&self, column: &ColumnChunkMetaData, check: &mut dyn FnMut() -> Result<()>) -> Result<u64> {
        let path = column.column_path().string();
        let refuse = |reason: String| broken(&self.name, format!("column {path}: {reason}"));
        if let unknown @ (Compression::BROTLI(_) | Compression::LZO) = column.compression() {
            return Err(refuse(format!("it is packed with {unknown}; unpacked, snappy, zstd, lz4 and gzip are read")));
        }
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let (Ok(mut at), Ok(length)) = (u64::try_from(start), u64::try_from(column.compressed_size())) else {
            return Err(refuse("its pages would lie before the start of the file".to_owned()));
        };
        let end = at.saturating_add(length);
        if end > self.bytes {
            return Err(refuse("its pages would lie beyond the end of the file".to_owned()));
        }
        let is_nested = column.column_descr().max_rep_level() > 0;
        let (mut dictionary, mut largest, mut n_items, mut n_pages) = (0, 0, 0u64, 0u64);
        while at < end {
            let (header, body) =
                self.page(at, end).map_err(|error| refuse(format!("the page at byte {at}: {error}")))?;
            let unpacked = header.unpacked_bytes as u64;
            if matches!(column.compression(), Compression::GZIP(_)) {
                // The foreign reader unpacks gzip to its end, whatever the header says.
                let found = unpacked_bytes(&self.file, body, header.packed_bytes as u64, unpacked);
                let found = found.map_err(|error| refuse(format!("the page at byte {at}: {error}")))?;
                if found > unpacked {
                    return Err(refuse(format!(
                        "the page at byte {at} unpacks into more than the {unpacked} bytes it says"
                    )));
                }
            }
            if header.is_dictionary {
                dictionary = unpacked.max(dictionary);
            } else {
                largest = unpacked.max(largest);
                n_items += if is_nested { header.n_values as u64 } else { 0 };
            }
            at = body + header.packed_bytes as u64;
            n_pages += 1;
            if n_pages.is_multiple_of(CHECK_PAGES) {
                check()?;
            }
        }
        Ok(n_items.saturating_mul(ITEM_BYTES).saturating_add(dictionary + largest))
    }

    /// Returns the header of the page at a place, and where what follows it is.
    fn page(&self, at: u64, end: u64) -> io::Result<(PageHeader, u64)> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(at))?;
        let header = thrift::page_header(BufReader::with_capacity(512, file.take(end - at)))?;
        let body = at + header.header_bytes;
        if header.packed_bytes as u64 > end - body {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it would be longer than its column"));
        }
        Ok((header, body))
    }
}

/// Unpacks a page of gzip without keeping it. Returns its length, or a little more than `bytes_max` where that is longer.
fn unpacked_bytes(mut file: &File, at: u64, length: u64, bytes_max: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(at))?;
    let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file.take(length)));
    io::copy(&mut unpacked.take(bytes_max + 1), &mut io::sink())
}

fn unreadable(name: &str, error: &dyn std::error::Error) -> Error {
    broken(name, format!("the Parquet file cannot be read: {error}"))
}

/// Makes texts and bytes views, wherever they stand.
fn fields_with_views(fields: &Fields) -> Fields {
    fields.iter().map(with_views).collect()
}

fn with_views(field: &FieldRef) -> FieldRef {
    let changed = |data_type| -> FieldRef { Arc::new(Field::clone(field).with_data_type(data_type)) };
    match field.data_type() {
        DataType::Utf8 => changed(DataType::Utf8View),
        DataType::Binary => changed(DataType::BinaryView),
        DataType::List(item) => changed(DataType::List(with_views(item))),
        DataType::Struct(fields) => changed(DataType::Struct(fields_with_views(fields))),
        DataType::Map(entries, sorted) => changed(DataType::Map(with_views(entries), *sorted)),
        _ => field.clone(),
    }
}
