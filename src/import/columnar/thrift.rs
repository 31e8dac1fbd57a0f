//! As much of Thrift's compact protocol as tells how large the parts of a Parquet file say they are.
//!
//! The foreign reader builds a schema by recursion and makes room for a page by what its header says; both are looked
//! at here first.

use std::io::{self, Read};

/// What a page's header says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// The bytes of the header itself.
    pub(super) header_bytes: u64,
    /// The bytes of the page once it is unpacked.
    pub(super) unpacked_bytes: i32,
    /// The bytes of the page in the file.
    pub(super) packed_bytes: i32,
    /// How many values it has.
    pub(super) n_values: i64,
    /// Whether its values are those that other pages refer to.
    pub(super) is_dictionary: bool,
}

/// The deepest nesting of anything: real files have less than ten levels.
pub(super) const DEPTH_MAX: usize = 64;

const DICTIONARY_PAGE: i64 = 2;

/// The kinds of fields.
mod kind {
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const MAP: u8 = 11;
    pub(super) const STRUCT: u8 = 12;
}

/// Reads the header of a page.
///
/// # Errors
/// Where the bytes are none.
pub(super) fn page_header(from: impl Read) -> io::Result<PageHeader> {
    let mut compact = Compact { from, n_read: 0 };
    let mut header = PageHeader::default();
    compact.fields(&mut |compact, id, kind| {
        match id {
            1 => header.is_dictionary = compact.number(kind)? == DICTIONARY_PAGE,
            2 => header.unpacked_bytes = compact.small(kind)?,
            3 => header.packed_bytes = compact.small(kind)?,
            // The headers of data pages, dictionaries, and data pages of version 2: each starts with a count.
            5 | 7 | 8 if kind == kind::STRUCT => compact.fields(&mut |compact, id, kind| {
                if id == 1 {
                    header.n_values = compact.number(kind)?;
                    return Ok(());
                }
                compact.skip(kind, DEPTH_MAX)
            })?,
            _ => compact.skip(kind, DEPTH_MAX)?,
        }
        Ok(())
    })?;
    if header.packed_bytes < 0 || header.unpacked_bytes < 0 || header.n_values < 0 {
        return Err(invalid("a page of negative size"));
    }
    header.header_bytes = compact.n_read;
    Ok(header)
}

/// Returns how deep the schema in a file's footer is nested.
///
/// # Errors
/// Where the bytes are no footer, or the schema is deeper than [`DEPTH_MAX`].
pub(super) fn schema_depth(footer: &[u8]) -> io::Result<usize> {
    let mut compact = Compact { from: footer, n_read: 0 };
    let mut deepest = 0;
    compact.fields(&mut |compact, id, kind| {
        if id != 2 || kind != kind::LIST {
            return compact.skip(kind, DEPTH_MAX);
        }
        let (n, element) = compact.list()?;
        if element != kind::STRUCT {
            return Err(invalid("a schema that is no list of elements"));
        }
        // How many children of each open group are still to come.
        let mut open: Vec<i64> = Vec::new();
        for _ in 0..n {
            let mut n_children = 0;
            compact.fields(&mut |compact, id, kind| {
                if id == 5 {
                    n_children = compact.number(kind)?;
                    return Ok(());
                }
                compact.skip(kind, DEPTH_MAX)
            })?;
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if n_children > 0 {
                open.push(n_children);
            } else {
                while open.last() == Some(&0) {
                    open.pop();
                }
            }
            deepest = deepest.max(open.len());
            if deepest > DEPTH_MAX {
                return Err(invalid(&format!("a schema nested deeper than {DEPTH_MAX} levels")));
            }
        }
        Ok(())
    })?;
    Ok(deepest)
}

struct Compact<R> {
    from: R,
    n_read: u64,
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

impl<R: Read> Compact<R> {
    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte)?;
        self.n_read += 1;
        Ok(byte[0])
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(invalid("a number of more than 64 bits"))
    }

    /// Reads an integer of any width.
    fn number(&mut self, kind: u8) -> io::Result<i64> {
        match kind {
            kind::BYTE => Ok(i64::from(self.byte()? as i8)),
            kind::I16..=kind::I64 => {
                let n = self.varint()?;
                Ok((n >> 1) as i64 ^ -((n & 1) as i64))
            }
            _ => Err(invalid("a field that should be a number")),
        }
    }

    fn small(&mut self, kind: u8) -> io::Result<i32> {
        i32::try_from(self.number(kind)?).map_err(|_| invalid("a size of more than 32 bits"))
    }

    /// Visits the fields of a struct with their numbers and kinds; the visitor reads or skips each.
    fn fields(&mut self, visit: &mut dyn FnMut(&mut Self, i64, u8) -> io::Result<()>) -> io::Result<()> {
        let mut id = 0i64;
        loop {
            let byte = self.byte()?;
            let kind = byte & 0x0F;
            if byte == 0 {
                return Ok(());
            }
            id = match byte >> 4 {
                0 => self.number(kind::I16)?,
                step => id.saturating_add(i64::from(step)),
            };
            visit(self, id, kind)?;
        }
    }

    /// Returns the length of a list or set, and the kind of what it holds.
    fn list(&mut self) -> io::Result<(u64, u8)> {
        let byte = self.byte()?;
        let n = match byte >> 4 {
            15 => self.varint()?,
            n => u64::from(n),
        };
        Ok((n, byte & 0x0F))
    }

    fn skip_bytes(&mut self, n: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.from.by_ref().take(n), &mut io::sink())?;
        self.n_read += skipped;
        if skipped < n { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Skips a value that a list holds: a boolean is a byte there.
    fn skip_item(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        if matches!(kind, kind::TRUE | kind::FALSE) { self.skip_bytes(1) } else { self.skip(kind, depth) }
    }

    /// Skips the value of a field.
    fn skip(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| invalid("fields nested too deep"))?;
        match kind {
            kind::TRUE | kind::FALSE => Ok(()),
            kind::BYTE => self.skip_bytes(1),
            kind::I16..=kind::I64 => self.varint().map(|_| ()),
            kind::DOUBLE => self.skip_bytes(8),
            kind::BINARY => {
                let n = self.varint()?;
                self.skip_bytes(n)
            }
            kind::LIST | kind::SET => {
                let (n, item) = self.list()?;
                (0..n).try_for_each(|_| self.skip_item(item, depth))
            }
            kind::MAP => {
                let n = self.varint()?;
                if n == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                (0..n).try_for_each(|_| {
                    self.skip_item(kinds >> 4, depth)?;
                    self.skip_item(kinds & 0x0F, depth)
                })
            }
            kind::STRUCT => self.fields(&mut |compact, _, kind| compact.skip(kind, depth)),
            _ => Err(invalid("a field of no known kind")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_headers_are_read_with_what_they_hold() {
        // type: data page; 1000 bytes, 300 packed; {15 values, RLE, ..., statistics {binary}}; then what is not ours.
        let bytes = [
            0x15, 0x00, 0x15, 0xD0, 0x0F, 0x15, 0xD8, 0x04, 0x2C, 0x15, 0x1E, 0x15, 0x00, 0x1C, 0x18, 0x02, 7, 7, 0x00,
            0x00, 0x00, 0xFF,
        ];
        let header = page_header(&bytes[..]).unwrap();
        let expected = PageHeader {
            header_bytes: 21,
            unpacked_bytes: 1000,
            packed_bytes: 300,
            n_values: 15,
            is_dictionary: false,
        };
        assert_eq!(header, expected);
        for n in 0..21 {
            assert!(page_header(&bytes[..n]).is_err(), "{n} bytes");
        }
        assert!(page_header(&[0x25, 0x01, 0x00][..]).unwrap_err().to_string().contains("negative"));
        assert!(page_header(&[0x18, 0x02, 0][..]).unwrap_err().to_string().contains("should be a number"));
        let endless = [0x6C; 200];
        assert!(page_header(&endless[..]).unwrap_err().to_string().contains("too deep"));
    }

    #[test]
    fn schemas_are_as_deep_as_their_groups() {
        // A list of elements, each with its number of children.
        let footer = |children: &[u8]| {
            let mut bytes = vec![0x15, 0x02, 0x19, 0xFC, children.len() as u8];
            children.iter().for_each(|n| bytes.extend([0x55, n * 2, 0x00]));
            bytes.push(0);
            bytes
        };
        assert_eq!(schema_depth(&footer(&[3, 0, 0, 0])).unwrap(), 1);
        assert_eq!(schema_depth(&footer(&[2, 1, 1, 0, 1, 0])).unwrap(), 3);
        assert_eq!(schema_depth(&footer(&[1; 64])).unwrap(), 64);
        assert!(schema_depth(&footer(&[1; 65])).unwrap_err().to_string().contains("deeper"));
    }
}
