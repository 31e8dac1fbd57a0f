//! Any bytes as a file, with any options: the door of the fuzz targets to the readers.

use std::path::Path;

use super::{
    FileAccess, ReadLimits,
    load_csv::CsvRows,
    options::{ColumnType, DeclaredColumn, Format, FormatOptions, OnError},
    read::{Imported, read_table},
};
use crate::Result;

/// Bytes of the input that choose options.
const CHOICES: usize = 4;

/// Reads bytes as CSV or TSV, all at once and in small pieces: both must say the same. Returns the rows.
pub(crate) fn delimited(dir: &Path, input: &[u8]) -> Result<usize> {
    let Some((choices, text)) = input.split_at_checked(CHOICES) else { return Ok(0) };
    let mut options = FormatOptions::new(if choices[0] & 1 == 0 { Format::Csv } else { Format::Tsv });
    options.header = choices[0] & 2 == 0;
    if choices[0] & 4 != 0 {
        options.delimiter = choices[1];
    }
    if choices[0] & 8 != 0 {
        options.quote = (choices[2] != 0).then_some(choices[2]);
    }
    if choices[0] & 16 != 0 {
        options.null = Some("NULL".into());
    }
    if choices[0] & 64 != 0 {
        let rows = CsvRows::open(&source(dir, text)?, options.header, options.delimiter)?;
        return Ok(rows.take(100_000).filter(Result::is_ok).count());
    }
    read(dir, text, options, choices)
}

/// Reads bytes as JSON lines, all at once and in small pieces. Returns the rows.
pub(crate) fn json_lines(dir: &Path, input: &[u8]) -> Result<usize> {
    let Some((choices, text)) = input.split_at_checked(CHOICES) else { return Ok(0) };
    read(dir, text, FormatOptions::new(Format::JsonLines), choices)
}

fn read(dir: &Path, text: &[u8], mut options: FormatOptions, choices: &[u8]) -> Result<usize> {
    if choices[0] & 32 != 0 {
        options.on_error = OnError::Skip;
    }
    let types = [ColumnType::Integer, ColumnType::Float, ColumnType::Boolean, ColumnType::Date, ColumnType::String];
    if choices[0] & 128 != 0 {
        let column_type = types.get(choices[3] as usize % 6).copied();
        options.columns = vec![DeclaredColumn { name: "a".into(), column_type }];
    }
    let whole = read_in_chunks(dir, text, &options, 1 << 20);
    let pieces = read_in_chunks(dir, text, &options, 1 + usize::from(choices[3]));
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole.table.n_rows, pieces.table.n_rows, "pieces make no other rows");
            assert_eq!(whole.rejections.count, pieces.rejections.count, "pieces make no other bad rows");
        }
        (whole, pieces) => assert_eq!(whole.is_ok(), pieces.is_ok(), "pieces make no other errors"),
    }
    whole.map(|imported| imported.table.n_rows)
}

fn read_in_chunks(dir: &Path, text: &[u8], options: &FormatOptions, chunk_bytes: usize) -> Result<Imported> {
    let limits = ReadLimits { chunk_bytes, ..ReadLimits::default() };
    read_table(&source(dir, text)?, options, &limits, &mut |_| Ok(()))
}

fn source(dir: &Path, text: &[u8]) -> Result<super::files::FileSource> {
    let path = dir.join("in");
    std::fs::write(&path, text).map_err(|error| crate::Error::io("write", &path, &error))?;
    FileAccess::Roots(vec![dir.to_path_buf()]).open("in")
}
