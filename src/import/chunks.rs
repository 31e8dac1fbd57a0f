//! Cutting a text into chunks of whole rows, without parsing it.
//!
//! A chunk ends at a line end outside quotes, so chunks can be parsed apart from each other. Finding that end follows
//! the same rules as the parser: a quote opens a field only at the field's start, and a doubled quote closes nothing.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

use super::{
    files::FileSource,
    numbers::PAD,
    options::{Format, FormatOptions, ROW_BYTES_MAX},
};
use crate::{Error, ImportError, Result};

/// Whole rows of a text, behind [`PAD`] bytes of nothing.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The padding and the text.
    pub(super) buffer: Vec<u8>,
    /// Why nothing follows although the file goes on.
    pub(super) cut: Option<ImportError>,
}

/// The chunks of a text, in order.
pub(super) struct Chunks {
    file: String,
    reader: Box<dyn Read + Send>,
    quoting: Option<Quoting>,
    chunk_bytes: usize,
    carry: Vec<u8>,
    at_start: bool,
    at_end: bool,
}

#[derive(Debug, Clone, Copy)]
struct Quoting {
    delimiter: u8,
    quote: u8,
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

impl Chunks {
    /// Returns the chunks of a file, of about `chunk_bytes` each.
    pub(super) fn open(source: &FileSource, options: &FormatOptions, chunk_bytes: usize) -> Result<Self> {
        let quoting = match (options.format, options.quote) {
            (Format::Csv | Format::Tsv, Some(quote)) => Some(Quoting { delimiter: options.delimiter, quote }),
            _ => None,
        };
        let reader = source.reader(options.gzip)?;
        let file = source.name.clone();
        Ok(Self { file, reader, quoting, chunk_bytes, carry: Vec::new(), at_start: true, at_end: false })
    }

    /// Returns the next chunk, in the memory of `buffer`.
    pub(super) fn next(&mut self, mut buffer: Vec<u8>) -> Result<Option<Chunk>> {
        buffer.clear();
        buffer.resize(PAD, 0);
        buffer.append(&mut self.carry);
        // A byte order mark stands at the file's start only: the first chunk must be long enough to hold one.
        let mut wanted = if self.at_start { self.chunk_bytes.max(BOM.len()) } else { self.chunk_bytes };
        loop {
            while !self.at_end && buffer.len() - PAD < wanted {
                self.fill(&mut buffer, wanted)?;
            }
            if buffer.len() == PAD {
                return Ok(None);
            }
            if self.at_end {
                return Ok(Some(Chunk { buffer, cut: None }));
            }
            let end = PAD + end_of_rows(&buffer[PAD..], self.quoting);
            if end > PAD {
                self.carry.extend_from_slice(&buffer[end..]);
                buffer.truncate(end);
                return Ok(Some(Chunk { buffer, cut: None }));
            }
            if wanted >= ROW_BYTES_MAX {
                self.at_end = true;
                buffer.truncate(PAD);
                let quotes = if self.quoting.is_some() { " (is a quote never closed?)" } else { "" };
                let reason = format!(
                    "the row that starts here is longer than {ROW_BYTES_MAX} bytes{quotes}; the rest of the file was not read"
                );
                let cut = ImportError { file: self.file.clone(), line: 0, column: 0, field: None, reason };
                return Ok(Some(Chunk { buffer, cut: Some(cut) }));
            }
            wanted *= 2;
        }
    }

    fn fill(&mut self, buffer: &mut Vec<u8>, wanted: usize) -> Result<()> {
        let length = buffer.len();
        buffer.resize(PAD + wanted, 0);
        let n = match self.reader.read(&mut buffer[length..]) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                buffer.truncate(length);
                return Ok(());
            }
            read => read.map_err(|e| Error::io("read", &self.file, &e))?,
        };
        buffer.truncate(length + n);
        self.at_end = n == 0;
        if self.at_start && (self.at_end || buffer.len() >= PAD + BOM.len()) {
            self.at_start = false;
            let text = &buffer[PAD..];
            if text.starts_with(BOM) {
                buffer.drain(PAD..PAD + BOM.len());
            } else if text.starts_with(b"\xFF\xFE") || text.starts_with(b"\xFE\xFF") {
                return Err(Error::from(ImportError {
                    file: self.file.clone(),
                    line: 1,
                    column: 0,
                    field: None,
                    reason: "the file is UTF-16; it must be UTF-8".to_owned(),
                }));
            }
        }
        Ok(())
    }
}

/// Returns where the last row that surely ends in `text` ends; `text` starts at the start of a row.
fn end_of_rows(text: &[u8], quoting: Option<Quoting>) -> usize {
    let mut end = 0;
    let mut at = 0;
    let Some(Quoting { delimiter, quote }) = quoting else {
        return memrchr(b'\n', text).map_or(0, |line_end| line_end + 1);
    };
    loop {
        let next = memchr(quote, &text[at..]).map(|offset| at + offset);
        let outside = at..next.unwrap_or(text.len());
        if let Some(line_end) = memrchr(b'\n', &text[outside.clone()]) {
            end = outside.start + line_end + 1;
        }
        let Some(open) = next else { return end };
        at = open + 1;
        if open > 0 && text[open - 1] != delimiter && text[open - 1] != b'\n' {
            continue;
        }
        loop {
            let Some(offset) = memchr(quote, &text[at..]) else { return end };
            at += offset + 1;
            if text.get(at) != Some(&quote) {
                break;
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_outside_quotes() {
        let end = |text: &str| end_of_rows(text.as_bytes(), Some(Quoting { delimiter: b',', quote: b'"' }));
        for (text, expected) in [
            ("", 0),
            ("ab", 0),
            ("a\nb", 2),
            ("a\n\"b\nc", 2),
            ("a\n\"b\nc\"\nd", 8),
            ("\"a\"\"\n", 0),
            ("\"a\"\"\n\"\nx", 7),
            ("5\" disk\nx", 8),
            ("x\n\"\"\"\"\n", 7),
        ] {
            assert_eq!(end(text), expected, "{text:?}");
        }
        assert_eq!(end_of_rows(b"a\n\"b\nc", None), 5);
    }
}
