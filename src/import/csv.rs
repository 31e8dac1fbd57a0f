//! Where the fields of delimited text are: RFC 4180, with any delimiter and quote.
//!
//! A quote opens a field only as its first byte; inside a field that starts otherwise it is a byte like any other. A
//! quoted field may hold delimiters, line ends and doubled quotes. Lines end in LF or CRLF. An empty line is no row,
//! except where rows have a single field.

use std::{borrow::Cow, ops::Range};

use memchr::memchr;

use super::{
    numbers::PAD,
    options::{FIELD_BYTES_MAX, FormatOptions},
};
use crate::model::{Bits, Lines};

/// The bytes that structure a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// The byte between fields.
    pub(super) delimiter: u8,
    /// The byte around fields.
    pub(super) quote: Option<u8>,
}

/// The places of all fields of a chunk.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// For each row one less than its start, then the end of each field; a field starts one past the mark before it.
    marks: Vec<u32>,
    /// The number of fields of a row.
    n_fields: usize,
    /// The number of rows.
    pub(super) n_rows: usize,
    /// Their lines, from 0 at the chunk's start.
    pub(super) lines: Lines,
    /// The number of line ends.
    pub(super) n_lines: u64,
    /// The rows that are none, in order.
    pub(super) bad: Vec<BadRow>,
}

/// A rejected row, its line counted from the chunk's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadRow {
    /// The line, from 0.
    pub(super) line: u64,
    /// The field, from 1, or 0 for the whole row.
    pub(super) column: usize,
    /// The field's name, where `column` does not tell it.
    pub(super) field: Option<String>,
    /// What is wrong.
    pub(super) reason: String,
}

/// How many bytes are searched for structure at once: a mask has 64 bits.
const BLOCK: usize = 64;

impl Dialect {
    /// Returns the dialect of the options.
    pub(super) const fn of(options: &FormatOptions) -> Self {
        Self { delimiter: options.delimiter, quote: options.quote }
    }

    /// Returns the text of a field, and whether it was quoted.
    pub(super) fn field<'a>(&self, raw: &'a [u8]) -> (Cow<'a, [u8]>, bool) {
        match self.quote {
            Some(quote) if raw.first() == Some(&quote) && raw.len() >= 2 => {
                let inner = &raw[1..raw.len() - 1];
                (unescape(inner, quote), true)
            }
            _ => (Cow::Borrowed(raw), false),
        }
    }
}

/// Undoubles quotes.
fn unescape(inner: &[u8], quote: u8) -> Cow<'_, [u8]> {
    let Some(mut at) = memchr(quote, inner) else { return Cow::Borrowed(inner) };
    let mut text = Vec::with_capacity(inner.len());
    let mut from = 0;
    loop {
        text.extend_from_slice(&inner[from..=at]);
        from = at + 2;
        match inner.get(from..).and_then(|rest| memchr(quote, rest)) {
            Some(offset) => at = from + offset,
            None => break,
        }
    }
    text.extend_from_slice(inner.get(from..).unwrap_or_default());
    Cow::Owned(text)
}

impl Index {
    /// Finds the fields of `buffer[PAD..]`, whole rows of `n_fields` fields each (of as many as the first row has, if
    /// `None`). After the first bad row nothing more is read if `stop`.
    pub(super) fn new(buffer: &[u8], dialect: Dialect, n_fields: Option<usize>, stop: bool) -> Self {
        let guess = buffer.len() / 4;
        let mut scan = Scan {
            buffer,
            quote: dialect.quote,
            n_fields: n_fields.unwrap_or(0),
            index: Self { marks: Vec::with_capacity(guess), ..Self::default() },
            stop,
            row_mark: 0,
            row_line: 0,
            field_start: PAD,
            quoting: Quoting::No,
        };
        scan.open_row(PAD);
        scan.run(dialect);
        let Scan { mut index, n_fields, .. } = scan;
        index.n_fields = n_fields;
        index.marks.truncate(index.n_rows * (n_fields + 1));
        index
    }

    /// Returns the number of fields of a row.
    pub(super) const fn n_fields(&self) -> usize {
        self.n_fields
    }

    /// Returns where a field is, with its quotes.
    #[inline]
    pub(super) fn span(&self, row: usize, column: usize) -> Range<usize> {
        let at = row * (self.n_fields + 1) + column;
        self.marks[at] as usize + 1..self.marks[at + 1] as usize
    }

    /// Returns where the fields of one column are.
    #[inline]
    pub(super) fn column(&self, column: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
        let rows = self.marks.chunks_exact(self.n_fields + 1);
        rows.map(move |marks| marks[column] as usize + 1..marks[column + 1] as usize)
    }

    /// Drops the rows whose bit is clear.
    pub(super) fn retain(&mut self, keep: &Bits) {
        self.lines = self.lines.retain(keep);
        let stride = self.n_fields + 1;
        let rows = self.marks.chunks_exact(stride).enumerate().filter(|(row, _)| keep.get(*row));
        self.marks = rows.flat_map(|(_, marks)| marks).copied().collect();
        self.n_rows = self.marks.len() / stride;
    }
}

/// The walk over a chunk.
struct Scan<'a> {
    buffer: &'a [u8],
    quote: Option<u8>,
    n_fields: usize,
    index: Index,
    stop: bool,
    /// Where the marks of this row start.
    row_mark: usize,
    row_line: u64,
    field_start: usize,
    quoting: Quoting,
}

/// How the present field stands to quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// It has none that count.
    No,
    /// It is open, since this line.
    Open(u64),
    /// It was closed here.
    Closed(usize),
}

impl Scan<'_> {
    fn run(&mut self, Dialect { delimiter, quote }: Dialect) {
        let quote = quote.unwrap_or(b'\n');
        let text = &self.buffer[PAD..];
        let blocks = text.chunks_exact(BLOCK);
        let tail = blocks.remainder();
        let mut base = PAD;
        for block in blocks {
            let block: &[u8; BLOCK] = block.try_into().expect("an exact chunk");
            if !self.block(base, structure(block, delimiter, quote)) {
                return;
            }
            base += BLOCK;
        }
        let mut last = [0; BLOCK];
        last[..tail.len()].copy_from_slice(tail);
        let mask = structure(&last, delimiter, quote);
        // A delimiter may be any ASCII byte: the padding must not count.
        if self.block(base, mask & ((1 << tail.len()) - 1)) {
            self.finish();
        }
    }

    /// Takes the structural bytes of a block; returns whether to go on.
    #[inline]
    fn block(&mut self, base: usize, mut mask: u64) -> bool {
        while mask != 0 {
            let at = base + mask.trailing_zeros() as usize;
            mask &= mask - 1;
            let byte = self.buffer[at];
            if let Quoting::Open(_) = self.quoting {
                if Some(byte) == self.quote {
                    self.quoting = Quoting::Closed(at);
                } else if byte == b'\n' {
                    self.index.n_lines += 1;
                }
            } else if byte == b'\n' {
                if !self.end_row(at) {
                    return false;
                }
            } else if Some(byte) == self.quote {
                match self.quoting {
                    Quoting::No if at == self.field_start => self.quoting = Quoting::Open(self.index.n_lines),
                    Quoting::Closed(closed) if closed + 1 == at => self.quoting = Quoting::Open(self.index.n_lines),
                    _ => {}
                }
            } else {
                self.end_field(at);
            }
        }
        true
    }

    #[inline]
    fn end_field(&mut self, end: usize) {
        if end - self.field_start > FIELD_BYTES_MAX {
            self.reject(format!("the field is longer than {FIELD_BYTES_MAX} bytes"));
        }
        if let Quoting::Closed(closed) = self.quoting {
            if closed + 1 != end {
                self.reject("text after the closing quote (a quote inside a quoted field is doubled)".to_owned());
            }
            self.quoting = Quoting::No;
        }
        self.index.marks.push(end as u32);
        self.field_start = end + 1;
    }

    /// Remembers that the row is bad: in this field, unless an earlier one was.
    fn reject(&mut self, reason: String) {
        let column = self.index.marks.len() - self.row_mark;
        if self.index.bad.last().is_none_or(|bad| bad.line != self.row_line) {
            self.index.bad.push(BadRow { line: self.row_line, column, field: None, reason });
        }
    }

    /// Ends the row at a line end; returns whether to go on.
    #[inline]
    fn end_row(&mut self, line_end: usize) -> bool {
        let end = line_end - usize::from(line_end > self.field_start && self.buffer[line_end - 1] == b'\r');
        let first_field = self.index.marks.len() == self.row_mark + 1;
        let empty = first_field && end == self.field_start;
        self.index.n_lines += 1;
        if !empty || self.n_fields == 1 {
            self.end_field(end);
            let n_fields = self.index.marks.len() - self.row_mark - 1;
            if self.n_fields == 0 {
                self.n_fields = n_fields;
            }
            let ragged = n_fields != self.n_fields;
            if ragged {
                let fields = if n_fields == 1 { "field" } else { "fields" };
                self.index.marks.truncate(self.row_mark + 1 + n_fields.min(self.n_fields));
                self.reject(format!("the row has {n_fields} {fields}, not {}", self.n_fields));
            }
            // Rows are rarely bad, so the list of bad ones is the flag.
            if self.index.bad.last().is_some_and(|bad| bad.line == self.row_line) {
                if self.stop {
                    return false;
                }
            } else {
                self.index.lines.push(self.index.n_rows as u64, self.row_line);
                self.index.n_rows += 1;
            }
        }
        self.index.marks.truncate(self.index.n_rows * (self.n_fields + 1));
        self.row_line = self.index.n_lines;
        self.open_row(line_end + 1);
        true
    }

    #[inline]
    fn open_row(&mut self, start: usize) {
        self.row_mark = self.index.marks.len();
        self.index.marks.push(start as u32 - 1);
        self.field_start = start;
    }

    /// Ends the last row, which may lack its line end.
    fn finish(&mut self) {
        if let Quoting::Open(line) = self.quoting {
            let since = line - self.row_line;
            let place = if since == 0 { String::new() } else { format!(", {since} lines on") };
            self.reject(format!("the quote that opens here{place} is never closed"));
            self.index.n_lines += 1;
            return;
        }
        if self.field_start < self.buffer.len() || self.index.marks.len() > self.row_mark + 1 {
            self.end_row(self.buffer.len());
        }
    }
}

/// Returns a bit for every byte of the block that is a line end, the delimiter or the quote.
#[inline]
fn structure(block: &[u8; BLOCK], delimiter: u8, quote: u8) -> u64 {
    // Ones and zeros by a loop that vectorises, then eight of them at a time into bits by a multiplication that moves
    // byte i's lowest bit to bit 56 + i.
    let mut found = [0u8; BLOCK];
    for (found, &byte) in found.iter_mut().zip(block) {
        *found = u8::from(byte == b'\n') | u8::from(byte == delimiter) | u8::from(byte == quote);
    }
    let mut mask = 0;
    for (at, eight) in found.chunks_exact(8).enumerate() {
        let eight = u64::from_le_bytes(eight.try_into().expect("an exact chunk"));
        mask |= (eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (at * 8);
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Dialect = Dialect { delimiter: b',', quote: Some(b'"') };

    fn padded(text: &str) -> Vec<u8> {
        [&[0; PAD], text.as_bytes()].concat()
    }

    type Rows = Vec<(u64, Vec<String>)>;

    fn rows(text: &str, dialect: Dialect) -> (Rows, Vec<(u64, usize, String)>) {
        let buffer = padded(text);
        let index = Index::new(&buffer, dialect, None, false);
        let field = |row, column| {
            let (text, quoted) = dialect.field(&buffer[index.span(row, column)]);
            let text = String::from_utf8(text.into_owned()).unwrap();
            if quoted { format!("<{text}>") } else { text }
        };
        let row = |row| (index.lines.line_of(row), (0..index.n_fields()).map(|c| field(row, c)).collect());
        let bad = index.bad.iter().map(|bad| (bad.line, bad.column, bad.reason.clone())).collect();
        ((0..index.n_rows).map(row).collect(), bad)
    }

    #[test]
    fn every_byte_is_found_wherever_it_stands() {
        for at in 0..BLOCK {
            for byte in [b'\n', b',', b'"'] {
                let mut block = [b'x'; BLOCK];
                block[at] = byte;
                assert_eq!(structure(&block, b',', b'"'), 1 << at);
            }
        }
    }

    #[test]
    fn quotes_line_ends_and_empty_lines() {
        let (rows, bad) = rows("a,\"b\n\"\"b\"\r\n\r\n,\"\"\n5\" x,\"a,b\"", CSV);
        let expected = [(0, ["a", "<b\n\"b>"]), (3, ["", "<>"]), (4, ["5\" x", "<a,b>"])];
        let expected = expected.map(|(line, fields)| (line, fields.map(str::to_owned).to_vec()));
        assert_eq!(rows, expected);
        assert_eq!(bad, []);
    }

    #[test]
    fn a_single_field_may_be_empty() {
        let (rows, _) = rows("a\n\n\"\"\nb\n", CSV);
        let texts: Vec<_> = rows.into_iter().map(|(line, fields)| (line, fields.concat())).collect();
        assert_eq!(texts, [(0, "a".into()), (1, String::new()), (2, "<>".into()), (3, "b".into())]);
    }

    #[test]
    fn bad_rows_are_named_and_left_out() {
        let (rows, bad) = rows("a,b\n1\n1,2,3\n\"x\"y,\"z\n\"\n\"x\"\"\",\"y\" \nok,ok\n1,\"open\n\n", CSV);
        assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [0, 6]);
        let bad: Vec<_> = bad.iter().map(|(line, column, reason)| (*line, *column, &reason[..16])).collect();
        assert_eq!(
            bad,
            [
                (1, 2, "the row has 1 fi"),
                (2, 3, "the row has 3 fi"),
                (3, 1, "text after the c"),
                (5, 2, "text after the c"),
                (7, 2, "the quote that o")
            ]
        );
    }

    #[test]
    fn without_a_quote_every_byte_counts() {
        let (rows, bad) = rows("\"a,b\"\nc\",\n", Dialect { quote: None, ..CSV });
        assert_eq!(rows, [(0, vec!["\"a".into(), "b\"".into()]), (1, vec!["c\"".into(), String::new()])]);
        assert_eq!(bad, []);
    }
}
