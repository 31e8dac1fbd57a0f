//! `LOAD CSV`: the rows of a file one after another, as maps or lists of texts; of a columnar file, as values.

use std::{path::Path, sync::Arc};

use super::{
    chunks::Chunks,
    columnar,
    convert::invalid_utf8,
    csv::{BadRow, Dialect, Index},
    files::FileSource,
    header::{Header, cut_header},
    numbers::PAD,
    options::{Format, FormatOptions},
    read::CHUNK_BYTES,
};
use crate::{
    ImportError, Result,
    model::{Map, Value},
};

/// The rows of a delimited file: maps by column name where it has headers, else lists. Fields are texts; an empty one
/// without quotes is null. Only one chunk is in memory.
pub(crate) struct CsvRows {
    file: String,
    chunks: Chunks,
    dialect: Dialect,
    with_headers: bool,
    names: Option<Vec<Arc<str>>>,
    n_fields: Option<usize>,
    buffer: Vec<u8>,
    index: Index,
    row: usize,
    /// The line the present chunk starts on.
    chunk_line: u64,
    line: u64,
    ended: bool,
}

/// Opens the rows of a delimited file, or of a columnar one where its name says so.
///
/// # Errors
/// As [`CsvRows::open`]; [`Error::NotAllowed`](crate::Error::NotAllowed) for a delimiter of a columnar file.
pub(crate) fn open_rows(
    source: &FileSource,
    with_headers: bool,
    delimiter: u8,
) -> Result<Box<dyn Iterator<Item = Result<Value>> + Send>> {
    let stem = source.name.strip_suffix(".gz").unwrap_or(&source.name);
    if !FormatOptions::of_path(Path::new(stem)).is_ok_and(|options| options.format.is_columnar()) {
        return Ok(Box::new(CsvRows::open(source, with_headers, delimiter)?));
    }
    let options = FormatOptions::of_path(Path::new(&source.name))?;
    if delimiter != FormatOptions::new(Format::Csv).delimiter {
        let what = format!("FIELDTERMINATOR for {}: a columnar file has none", source.name);
        return Err(crate::Error::NotAllowed { what });
    }
    Ok(Box::new(columnar::Rows::open(source, &options, with_headers)?))
}

impl CsvRows {
    /// Opens a file (whose name ends in `.gz` if it is gzip) and reads its header, if it has one.
    ///
    /// # Errors
    /// [`Error::Import`](crate::Error::Import) where the header is none; [`Error::Io`](crate::Error::Io).
    pub(crate) fn open(source: &FileSource, with_headers: bool, delimiter: u8) -> Result<Self> {
        Self::open_in_chunks(source, with_headers, delimiter, CHUNK_BYTES)
    }

    fn open_in_chunks(source: &FileSource, with_headers: bool, delimiter: u8, chunk_bytes: usize) -> Result<Self> {
        let options = FormatOptions { delimiter, ..FormatOptions::of_format(Format::Csv, Path::new(&source.name))? };
        options.check()?;
        let mut rows = Self {
            file: source.name.clone(),
            chunks: Chunks::open(source, &options, chunk_bytes)?,
            dialect: Dialect::of(&options),
            with_headers,
            names: None,
            n_fields: None,
            buffer: vec![0; PAD],
            index: Index::default(),
            row: 0,
            chunk_line: 1,
            line: 1,
            ended: false,
        };
        while with_headers && rows.names.is_none() {
            if !rows.next_chunk()? {
                return Err(rows.error(1, 0, "the file is empty; a header was expected".to_owned()).into());
            }
        }
        Ok(rows)
    }

    /// Reads a chunk; before the first row of a file with headers, its header. Returns whether there was one.
    fn next_chunk(&mut self) -> Result<bool> {
        self.chunk_line += self.index.n_lines;
        self.index = Index::default();
        self.row = 0;
        let Some(chunk) = self.chunks.next(std::mem::take(&mut self.buffer))? else { return Ok(false) };
        self.buffer = chunk.buffer;
        if let Some(cut) = chunk.cut {
            return Err(ImportError { line: self.chunk_line, ..cut }.into());
        }
        if self.with_headers && self.names.is_none() {
            let header = cut_header(&mut self.buffer, self.dialect, &mut self.chunk_line)
                .map_err(|bad| self.error(bad.line, bad.column, bad.reason))?;
            let Some(Header { names, .. }) = header else { return Ok(true) };
            self.n_fields = Some(names.len());
            self.names = Some(names);
        }
        self.index = Index::new(&self.buffer, self.dialect, self.n_fields, true);
        if self.index.n_rows > 0 {
            self.n_fields = Some(self.index.n_fields());
        }
        Ok(true)
    }

    fn next_row(&mut self) -> Result<Option<Value>> {
        while self.row == self.index.n_rows {
            if let Some(BadRow { line, column, reason, .. }) = self.index.bad.pop() {
                return Err(self.error(self.chunk_line + line, column, reason).into());
            }
            if !self.next_chunk()? {
                return Ok(None);
            }
        }
        let row = self.row;
        self.row += 1;
        self.line = self.chunk_line + self.index.lines.line_of(row);
        let fields = (0..self.index.n_fields()).map(|column| self.field(row, column));
        match &self.names {
            Some(names) => {
                let entries = names.iter().cloned().zip(fields);
                let map: Result<Map> = entries.map(|(name, field)| Ok((name, field?))).collect();
                map.map(|map| Some(Value::from(map)))
            }
            None => fields.collect::<Result<Vec<Value>>>().map(|fields| Some(Value::list(fields))),
        }
    }

    fn field(&self, row: usize, column: usize) -> Result<Value> {
        let raw = &self.buffer[self.index.span(row, column)];
        if raw.is_empty() {
            return Ok(Value::Null);
        }
        let (text, _) = self.dialect.field(raw);
        match str::from_utf8(&text) {
            Ok(text) => Ok(Value::from(text)),
            Err(_) => {
                let (at, byte) = invalid_utf8(&text).expect("just seen");
                let reason = format!("byte 0x{byte:02X}, number {} of the field, is not UTF-8", at + 1);
                Err(self.error(self.line, column + 1, reason).into())
            }
        }
    }

    fn error(&self, line: u64, column: usize, reason: String) -> ImportError {
        let name = column.checked_sub(1).and_then(|at| self.names.as_ref()?.get(at));
        let field = name.map(ToString::to_string);
        ImportError { file: self.file.clone(), line, column: column as u64, field, reason }
    }
}

impl Iterator for CsvRows {
    type Item = Result<Value>;

    fn next(&mut self) -> Option<Result<Value>> {
        if self.ended {
            return None;
        }
        let row = self.next_row().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Scratch, *};

    fn rows(text: &[u8], with_headers: bool, chunk_bytes: usize) -> Vec<String> {
        let source = Scratch::new().file("in.csv", text);
        let mut rows = match CsvRows::open_in_chunks(&source, with_headers, b';', chunk_bytes) {
            Ok(rows) => rows,
            Err(error) => return vec![error.to_string()],
        };
        let mut texts = Vec::new();
        while let Some(row) = rows.next() {
            texts.push(row.map_or_else(|error| error.to_string(), |row| format!("{} {row}", rows.line)));
        }
        texts
    }

    #[test]
    fn rows_are_maps_or_lists_of_texts() {
        let text = "\n\na;b\n1;\n\n\"x\n;\";\"\"\n";
        for chunk_bytes in 1..40 {
            assert_eq!(rows(text.as_bytes(), true, chunk_bytes), ["4 {a: '1', b: null}", "6 {a: 'x\\n;', b: ''}"]);
            assert_eq!(rows(text.as_bytes(), false, chunk_bytes), ["3 ['a', 'b']", "4 ['1', null]", "6 ['x\\n;', '']"]);
        }
    }

    #[test]
    fn a_bad_row_ends_the_rows_with_its_place() {
        for chunk_bytes in [1, 4, 1000] {
            assert_eq!(
                rows(b"a;b\n1;2\n3\n4;5\n", true, chunk_bytes),
                ["2 {a: '1', b: '2'}", "in.csv, line 3, column 2 (b): the row has 1 field, not 2"]
            );
            assert_eq!(
                rows(b"a\n\xE9\nb\n", false, chunk_bytes),
                ["1 ['a']", "in.csv, line 2, column 1: byte 0xE9, number 1 of the field, is not UTF-8"]
            );
        }
        assert_eq!(rows(b"", true, 9), ["in.csv, line 1: the file is empty; a header was expected"]);
        assert_eq!(rows(b"", false, 9), [""; 0]);
    }
}
