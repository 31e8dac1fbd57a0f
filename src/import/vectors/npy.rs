//! `.npy`, versions 1 to 3: a magic word, the length of a header, the header, an array. The header is the text of a Python
//! dictionary with `descr` (the type of a number), `fortran_order` and `shape`; this reads arrays row after row, of `f2`, `f4`,
//! `f8` and `i1`, little-endian: vectors from those of two dimensions, a matrix of a model from any.

use std::io::Read;

use super::{Bytes, ROWS_BETWEEN_CHECKS};
use crate::{
    Result,
    model::{DIMENSION_MAX, half_to_f32},
};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header: NumPy's are below 200 bytes for the arrays read here.
const HEADER_BYTES_MAX: usize = 64 << 10;

/// The most rows: as many as there are ids.
const ROWS_MAX: u64 = u32::MAX as u64;

/// What the header says.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    number: Number,
    shape: Vec<u64>,
}

impl Header {
    /// Returns how many vectors there are, and of how many numbers.
    fn vectors(&self) -> std::result::Result<(u64, usize), String> {
        let &[n_rows, dimension] = self.shape.as_slice() else {
            let shape = self.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "an array of the shape ({shape}); two dimensions are read: (rows, numbers of a vector)"
            ));
        };
        if n_rows > ROWS_MAX {
            return Err(format!("{n_rows} rows; {ROWS_MAX} are the most"));
        }
        if dimension == 0 || dimension > DIMENSION_MAX.into() {
            return Err(format!("a vector has 1 to {DIMENSION_MAX} numbers, not {dimension}"));
        }
        Ok((n_rows, dimension as usize))
    }
}

/// The type of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    F16,
    F32,
    F64,
    I8,
}

impl Number {
    const fn size(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::F16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Appends the numbers of some bytes.
    fn read(self, raw: &[u8], into: &mut Vec<f32>) {
        match self {
            Self::I8 => into.extend(raw.iter().map(|byte| f32::from(byte.cast_signed()))),
            Self::F16 => into.extend(raw.as_chunks().0.iter().map(|bytes| half_to_f32(u16::from_le_bytes(*bytes)))),
            Self::F32 => into.extend(raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))),
            Self::F64 => into.extend(raw.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32)),
        }
    }
}

/// Reads the rows.
pub(super) fn read<R: Read>(
    bytes: &mut Bytes<'_, R>,
    gzip: bool,
    tick: &mut dyn FnMut(u64) -> Result<()>,
    row: &mut dyn FnMut(usize, &[f32]) -> Result<()>,
) -> Result<()> {
    let header = header(bytes)?;
    let (n_rows, dimension) = header.vectors().map_err(|reason| bytes.wrong(reason))?;
    let number = header.number;
    let row_bytes = dimension * number.size();
    check_length(bytes, gzip, n_rows * row_bytes as u64)?;
    let mut raw = vec![0; row_bytes];
    let mut numbers = Vec::with_capacity(dimension);
    for at in 0..n_rows as usize {
        if at.is_multiple_of(ROWS_BETWEEN_CHECKS) {
            tick(bytes.n_read)?;
        }
        if bytes.fill(&mut raw)? < row_bytes {
            return Err(bytes.wrong(format!("it ends within row {} of {n_rows}", at + 1)));
        }
        numbers.clear();
        number.read(&raw, &mut numbers);
        row(at, &numbers)?;
    }
    if bytes.fill(&mut [0])? > 0 {
        return Err(bytes.wrong(format!("it goes on after the {n_rows} rows that its header promises")));
    }
    Ok(())
}

/// Returns the shape and the numbers of an array that is read whole: at most `most` of them.
pub(super) fn read_array<R: Read>(bytes: &mut Bytes<'_, R>, gzip: bool, most: u64) -> Result<(Vec<u64>, Vec<f32>)> {
    let Header { number, shape } = header(bytes)?;
    let n = shape.iter().fold(1_u64, |n, size| n.saturating_mul(*size));
    if n > most {
        return Err(bytes.wrong(format!("{n} numbers; {most} are the most")));
    }
    let n_bytes = n * number.size() as u64;
    check_length(bytes, gzip, n_bytes)?;
    let mut raw = vec![0; n_bytes as usize];
    if bytes.fill(&mut raw)? < raw.len() {
        return Err(bytes.wrong(format!("it ends before the {n} numbers that its header promises")));
    }
    if bytes.fill(&mut [0])? > 0 {
        return Err(bytes.wrong(format!("it goes on after the {n} numbers that its header promises")));
    }
    let mut numbers = Vec::with_capacity(n as usize);
    number.read(&raw, &mut numbers);
    Ok((shape, numbers))
}

/// Checks that a file is as long as its header says; what is packed says how long it is only at its end.
fn check_length<R: Read>(bytes: &Bytes<'_, R>, gzip: bool, n_bytes: u64) -> Result<()> {
    let (expected, found) = (bytes.n_read + n_bytes, bytes.source.bytes());
    if gzip || found == expected {
        return Ok(());
    }
    Err(bytes.wrong(format!("the header promises {expected} bytes, and the file has {found}")))
}

/// Reads the header.
fn header<R: Read>(bytes: &mut Bytes<'_, R>) -> Result<Header> {
    let mut start = [0; 8];
    if bytes.fill(&mut start)? < start.len() || !start.starts_with(MAGIC) {
        return Err(bytes.wrong("it does not start as a NumPy array does".to_owned()));
    }
    let n_length = match start[6] {
        1 => 2,
        2 | 3 => 4,
        version => return Err(bytes.wrong(format!("version {version} of the format; 1 to 3 are read"))),
    };
    let mut length = [0; 4];
    if bytes.fill(&mut length[..n_length])? < n_length {
        return Err(bytes.wrong("it ends within its header".to_owned()));
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > HEADER_BYTES_MAX {
        return Err(bytes.wrong(format!("a header of {length} bytes; {HEADER_BYTES_MAX} are the most")));
    }
    let mut header = vec![0; length];
    if bytes.fill(&mut header)? < length {
        return Err(bytes.wrong("it ends within its header".to_owned()));
    }
    parse(&header).map_err(|reason| bytes.wrong(reason))
}

/// Returns what a header says.
fn parse(header: &[u8]) -> std::result::Result<Header, String> {
    let text = std::str::from_utf8(header).map_err(|_| "its header is no text".to_owned())?;
    let number = match value(text, "descr")?.trim_matches(['\'', '"']) {
        "<f2" => Number::F16,
        "<f4" => Number::F32,
        "<f8" => Number::F64,
        "|i1" => Number::I8,
        other => {
            let read = "numbers of the types <f2, <f4, <f8 and |i1 are read";
            return Err(format!("numbers of the type {other}; {read}: array.astype('<f4')"));
        }
    };
    match value(text, "fortran_order")? {
        "False" => {}
        "True" => {
            return Err("it is stored column after column (Fortran order): numpy.ascontiguousarray(array)".to_owned());
        }
        other => return Err(format!("its header has the fortran_order {other}")),
    }
    let shape = value(text, "shape")?;
    let shape = shape.strip_prefix('(').and_then(|shape| shape.strip_suffix(')')).unwrap_or_default();
    let sizes: Option<Vec<u64>> =
        shape.split(',').map(str::trim).filter(|size| !size.is_empty()).map(|size| size.parse().ok()).collect();
    match sizes {
        Some(shape) => Ok(Header { number, shape }),
        None => Err(format!("an array of the shape ({shape}), which is none")),
    }
}

/// Returns the value of a key of the dictionary: up to the comma, or to the bracket that closes it.
fn value<'a>(text: &'a str, key: &str) -> std::result::Result<&'a str, String> {
    let missing = || format!("its header has no {key}");
    let at = ['\'', '"'].iter().find_map(|quote| text.find(&format!("{quote}{key}{quote}"))).ok_or_else(missing)?;
    let rest = text[at + key.len() + 2..].trim_start().strip_prefix(':').ok_or_else(missing)?.trim_start();
    let end = if rest.starts_with('(') { rest.find(')').map(|at| at + 1) } else { rest.find([',', '}']) };
    Ok(rest[..end.ok_or_else(missing)?].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> std::result::Result<Header, String> {
        parse(text.as_bytes())
    }

    #[test]
    fn headers_say_type_and_shape() {
        let found = header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }           \n");
        assert_eq!(found, Ok(Header { number: Number::F32, shape: vec![3, 4] }));
        let found = header("{\"shape\":(0,16),\"descr\":\"|i1\",\"fortran_order\":False}");
        assert_eq!(found, Ok(Header { number: Number::I8, shape: vec![0, 16] }));
        let found = header("{'descr': '<f8', 'fortran_order': False, 'shape': (8, 4, 2)}");
        assert_eq!(found, Ok(Header { number: Number::F64, shape: vec![8, 4, 2] }));
        let found = header("{'descr': '<f8', 'fortran_order': False, 'shape': ()}");
        assert_eq!(found, Ok(Header { number: Number::F64, shape: vec![] }));
    }

    #[test]
    fn other_arrays_are_refused() {
        for (text, reason) in [
            ("{'descr': '>f4', 'fortran_order': False, 'shape': (3, 4)}", "the type >f4"),
            ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3, 4)}", "the type"),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4)}", "Fortran order"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "two dimensions"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4, 5)}", "two dimensions"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, -4)}", "which is none"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 99999)}", "not 99999"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0)}", "not 0"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 4)}", "are the most"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4", "no shape"),
            ("{'descr': '<f4'}", "no fortran_order"),
            ("", "no descr"),
        ] {
            let error = header(text).and_then(|header| header.vectors()).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_are_read_by_their_type() {
        let of = |number: Number, raw: &[u8]| {
            let mut numbers = Vec::new();
            number.read(raw, &mut numbers);
            numbers
        };
        assert_eq!(of(Number::I8, &[0xff, 5]), [-1.0, 5.0]);
        assert_eq!(of(Number::F16, &[0x00, 0x3c, 0x00, 0xc0]), [1.0, -2.0]);
        assert_eq!(of(Number::F32, &1.5f32.to_le_bytes()), [1.5]);
        assert_eq!(of(Number::F64, &0.25f64.to_le_bytes()), [0.25]);
    }
}
