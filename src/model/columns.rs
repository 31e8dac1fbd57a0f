//! Typed columns: how many rows travel together into the bulk loader.
//!
//! A [`Table`] is what a reader of files produces and what the graph's bulk loader takes: one vector a column, a bit
//! a row for presence only where something is absent, and enough to name the line a row came from.

use std::sync::Arc;

use super::{Date, Value};
use crate::{Error, Result};

/// Rows as columns, in file order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// The columns' names, all different.
    pub(crate) names: Vec<Arc<str>>,
    /// One column a name, each `n_rows` long.
    pub(crate) columns: Vec<Column>,
    /// The number of rows.
    pub(crate) n_rows: usize,
    /// The line of every row.
    pub(crate) lines: Lines,
}

/// One column: its values, and which of them are there.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// A slot for every row; the slot of an absent value holds 0, false or the empty text.
    pub(crate) data: ColumnData,
    /// A bit for every row, or `None` where every value is there. Always `None` for `Null` and `Mixed`.
    pub(crate) present: Option<Bits>,
}

/// The values of a column.
#[derive(Debug, Clone)]
pub(crate) enum ColumnData {
    /// This many rows, all null.
    Null(usize),
    /// Integers.
    Int(Vec<i64>),
    /// Floats.
    Float(Vec<f64>),
    /// Booleans.
    Bool(Vec<bool>),
    /// Days since 1970-01-01.
    Date(Vec<i32>),
    /// Texts.
    Str(Strings),
    /// Lists, or values of several kinds; null is `Value::Null`.
    Mixed(Vec<Value>),
}

/// Texts end to end: text `i` is `bytes[ends[i - 1]..ends[i]]`, valid UTF-8.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

/// A growable sequence of bits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: usize,
}

/// The line of every row, kept as the rows where counting on from the row before would be wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    breaks: Vec<(u64, u64)>,
}

/// Two columns cannot be joined without the text they were read from: a float does not remember how it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextLost;

/// The most bytes the texts of one column may have together: their ends are 32-bit numbers.
const STRING_BYTES_MAX: u64 = u32::MAX as u64;

impl Table {
    /// Returns the position of the column of this name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| &**n == name)
    }

    /// Returns the bytes the table holds in memory, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.columns.iter().map(Column::heap_bytes).sum::<usize>() + self.lines.breaks.len() * 16
    }
}

impl Column {
    /// Returns a column whose values are all there.
    pub(crate) const fn full(data: ColumnData) -> Self {
        Self { data, present: None }
    }

    /// Returns a column of nulls.
    pub(crate) const fn nulls(n_rows: usize) -> Self {
        Self::full(ColumnData::Null(n_rows))
    }

    /// Returns a column; presence is dropped where it says nothing.
    pub(crate) fn new(data: ColumnData, present: Bits) -> Self {
        if present.all() {
            return Self::full(data);
        }
        Self { data, present: Some(present) }
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        match &self.data {
            ColumnData::Null(n) => *n,
            ColumnData::Int(v) => v.len(),
            ColumnData::Float(v) => v.len(),
            ColumnData::Bool(v) => v.len(),
            ColumnData::Date(v) => v.len(),
            ColumnData::Str(v) => v.len(),
            ColumnData::Mixed(v) => v.len(),
        }
    }

    /// Returns whether a row has no value.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        match &self.data {
            ColumnData::Null(_) => true,
            ColumnData::Mixed(v) => v[row].is_null(),
            _ => self.present.as_ref().is_some_and(|bits| !bits.get(row)),
        }
    }

    /// Returns how many rows have a value.
    pub(crate) fn n_present(&self) -> usize {
        match (&self.data, &self.present) {
            (ColumnData::Null(_), _) => 0,
            (ColumnData::Mixed(values), _) => values.iter().filter(|value| !value.is_null()).count(),
            (_, Some(bits)) => bits.count(),
            (_, None) => self.len(),
        }
    }

    /// Returns the value of a row.
    pub(crate) fn value(&self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match &self.data {
            ColumnData::Null(_) => Value::Null,
            ColumnData::Int(v) => Value::Int(v[row]),
            ColumnData::Float(v) => Value::Float(v[row]),
            ColumnData::Bool(v) => Value::Bool(v[row]),
            ColumnData::Date(v) => Value::Date(Date::from_days(v[row])),
            ColumnData::Str(v) => Value::from(v.get(row)),
            ColumnData::Mixed(v) => v[row].clone(),
        }
    }

    fn heap_bytes(&self) -> usize {
        let data = match &self.data {
            ColumnData::Null(_) => 0,
            ColumnData::Int(v) => v.capacity() * 8,
            ColumnData::Float(v) => v.capacity() * 8,
            ColumnData::Bool(v) => v.capacity(),
            ColumnData::Date(v) => v.capacity() * 4,
            ColumnData::Str(v) => v.bytes.capacity() + v.ends.capacity() * 4,
            ColumnData::Mixed(v) => v.capacity() * size_of::<Value>(),
        };
        data + self.present.as_ref().map_or(0, |bits| bits.words.capacity() * 8)
    }

    /// Makes room for this many rows in all.
    pub(crate) fn reserve(&mut self, n_rows: usize) {
        let more = n_rows.saturating_sub(self.len());
        match &mut self.data {
            ColumnData::Null(_) => {}
            ColumnData::Int(v) => v.reserve_exact(more),
            ColumnData::Float(v) => v.reserve_exact(more),
            ColumnData::Bool(v) => v.reserve_exact(more),
            ColumnData::Date(v) => v.reserve_exact(more),
            ColumnData::Str(v) => {
                let each = v.bytes.len() / v.len().max(1) + 1;
                v.ends.reserve_exact(more);
                v.bytes.reserve_exact(more.saturating_mul(each));
            }
            ColumnData::Mixed(v) => v.reserve_exact(more),
        }
    }

    /// Adds the rows of `other`, as text files need it: integers beside floats become floats, all other mixtures text.
    ///
    /// # Errors
    /// `Ok(Err(TextLost))` where floats had to become the text they were read from; nothing was added then.
    pub(crate) fn append_as_text(&mut self, other: Self) -> Result<Result<(), TextLost>> {
        use ColumnData::{Float, Int, Null, Str};
        if let (Float(_), Str(_) | ColumnData::Bool(_) | ColumnData::Date(_))
        | (Str(_) | ColumnData::Bool(_) | ColumnData::Date(_), Float(_)) = (&self.data, &other.data)
        {
            return Ok(Err(TextLost));
        }
        let other = match (&self.data, &other.data) {
            (Null(_), _) | (_, Null(_)) => other,
            (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => other,
            (Int(_), Float(_)) => {
                self.make_floats();
                other
            }
            (Float(_), Int(_)) => other.into_floats(),
            _ => {
                self.make_text()?;
                other.into_text()?
            }
        };
        self.append_same(other)?;
        Ok(Ok(()))
    }

    /// Adds the rows of `other`, as files with types of their own need it: integers beside floats become floats, all
    /// other mixtures keep their kinds.
    pub(crate) fn append(&mut self, other: Self) -> Result<()> {
        use ColumnData::{Float, Int, Null};
        let other = match (&self.data, &other.data) {
            (Null(_), _) | (_, Null(_)) => other,
            (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => other,
            (Int(_), Float(_)) => {
                self.make_floats();
                other
            }
            (Float(_), Int(_)) => other.into_floats(),
            _ => {
                self.make_mixed();
                other.into_mixed()
            }
        };
        self.append_same(other)
    }

    /// Adds one value, as [`append`](Self::append).
    pub(crate) fn push(&mut self, value: Value) -> Result<()> {
        match (&mut self.data, &value) {
            (ColumnData::Int(v), Value::Int(n)) => v.push(*n),
            (ColumnData::Float(v), Value::Float(x)) => v.push(*x),
            (ColumnData::Bool(v), Value::Bool(b)) => v.push(*b),
            (ColumnData::Date(v), Value::Date(d)) => v.push(d.days()),
            (ColumnData::Str(v), Value::String(s)) => v.push(s)?,
            (ColumnData::Mixed(v), _) => v.push(value),
            _ => return self.append(Self::one(value)),
        }
        if let (Some(bits), false) = (&mut self.present, matches!(self.data, ColumnData::Mixed(_))) {
            bits.push(true);
        }
        Ok(())
    }

    /// Adds one text, as [`push`](Self::push).
    pub(crate) fn push_text(&mut self, text: &str) -> Result<()> {
        let ColumnData::Str(texts) = &mut self.data else { return self.push(Value::from(text)) };
        texts.push(text)?;
        if let Some(bits) = &mut self.present {
            bits.push(true);
        }
        Ok(())
    }

    fn one(value: Value) -> Self {
        Self::full(match value {
            Value::Null => ColumnData::Null(1),
            Value::Int(n) => ColumnData::Int(vec![n]),
            Value::Float(x) => ColumnData::Float(vec![x]),
            Value::Bool(b) => ColumnData::Bool(vec![b]),
            Value::Date(d) => ColumnData::Date(vec![d.days()]),
            Value::String(s) => ColumnData::Str(Strings { ends: vec![s.len() as u32], bytes: s.as_bytes().to_vec() }),
            value => ColumnData::Mixed(vec![value]),
        })
    }

    /// Adds rows of the same type, or nulls on either side.
    fn append_same(&mut self, mut other: Self) -> Result<()> {
        if let ColumnData::Null(n) = self.data {
            let n_rows = other.len();
            if !matches!(other.data, ColumnData::Null(_)) && n > 0 {
                let mut nulls = other.empty_like();
                nulls.append_nulls(n);
                nulls.append_same(other)?;
                *self = nulls;
            } else if n == 0 {
                *self = other;
            } else {
                self.data = ColumnData::Null(n + n_rows);
            }
            return Ok(());
        }
        if let ColumnData::Null(n) = other.data {
            self.append_nulls(n);
            return Ok(());
        }
        let (n_self, n_other) = (self.len(), other.len());
        match (&mut self.present, &other.present) {
            (None, None) => {}
            (Some(a), None) => a.extend(n_other, true),
            (a, Some(b)) => a.get_or_insert_with(|| Bits::filled(n_self, true)).append(b),
        }
        match (&mut self.data, &mut other.data) {
            (ColumnData::Int(a), ColumnData::Int(b)) => a.append(b),
            (ColumnData::Float(a), ColumnData::Float(b)) => a.append(b),
            (ColumnData::Bool(a), ColumnData::Bool(b)) => a.append(b),
            (ColumnData::Date(a), ColumnData::Date(b)) => a.append(b),
            (ColumnData::Str(a), ColumnData::Str(b)) => a.append(b)?,
            (ColumnData::Mixed(a), ColumnData::Mixed(b)) => a.append(b),
            _ => unreachable!("the callers made both sides one type"),
        }
        Ok(())
    }

    /// Adds rows without a value.
    pub(crate) fn append_nulls(&mut self, n: usize) {
        let len = self.len();
        match &mut self.data {
            ColumnData::Null(rows) => *rows += n,
            ColumnData::Int(v) => v.resize(len + n, 0),
            ColumnData::Float(v) => v.resize(len + n, 0.0),
            ColumnData::Bool(v) => v.resize(len + n, false),
            ColumnData::Date(v) => v.resize(len + n, 0),
            ColumnData::Str(v) => {
                let end = v.bytes.len() as u32;
                v.ends.resize(len + n, end);
            }
            ColumnData::Mixed(v) => v.resize(len + n, Value::Null),
        }
        if n > 0 && !matches!(self.data, ColumnData::Null(_) | ColumnData::Mixed(_)) {
            self.present.get_or_insert_with(|| Bits::filled(len, true)).extend(n, false);
        }
    }

    fn empty_like(&self) -> Self {
        Self::full(match &self.data {
            ColumnData::Null(_) => ColumnData::Null(0),
            ColumnData::Int(_) => ColumnData::Int(Vec::new()),
            ColumnData::Float(_) => ColumnData::Float(Vec::new()),
            ColumnData::Bool(_) => ColumnData::Bool(Vec::new()),
            ColumnData::Date(_) => ColumnData::Date(Vec::new()),
            ColumnData::Str(_) => ColumnData::Str(Strings::default()),
            ColumnData::Mixed(_) => ColumnData::Mixed(Vec::new()),
        })
    }

    fn make_floats(&mut self) {
        if let ColumnData::Int(v) = &self.data {
            self.data = ColumnData::Float(v.iter().map(|&n| n as f64).collect());
        }
    }

    fn into_floats(mut self) -> Self {
        self.make_floats();
        self
    }

    /// Writes integers, booleans and dates as the text they were read from: readers accept only that one form.
    fn make_text(&mut self) -> Result<()> {
        if matches!(self.data, ColumnData::Str(_)) {
            return Ok(());
        }
        let mut texts = Strings::default();
        for row in 0..self.len() {
            match self.value(row) {
                Value::Null => texts.push("")?,
                value => texts.push(&value.to_string())?,
            }
        }
        self.data = ColumnData::Str(texts);
        Ok(())
    }

    fn into_text(mut self) -> Result<Self> {
        self.make_text()?;
        Ok(self)
    }

    fn make_mixed(&mut self) {
        if !matches!(self.data, ColumnData::Mixed(_)) {
            self.data = ColumnData::Mixed((0..self.len()).map(|row| self.value(row)).collect());
            self.present = None;
        }
    }

    fn into_mixed(mut self) -> Self {
        self.make_mixed();
        self
    }

    /// Makes the integers of a mixed column floats if it holds floats, as in a column of numbers alone: what becomes of a
    /// number must not depend on which other rows were joined first.
    pub(crate) fn settle_numbers(&mut self) {
        if let ColumnData::Mixed(values) = &mut self.data
            && values.iter().any(|value| matches!(value, Value::Float(_)))
        {
            for value in values {
                if let Value::Int(n) = value {
                    *value = Value::Float(*n as f64);
                }
            }
        }
    }

    /// Returns the rows whose bit is set.
    pub(crate) fn retain(&self, keep: &Bits) -> Self {
        let rows = || (0..self.len()).filter(|&row| keep.get(row));
        let data = match &self.data {
            ColumnData::Null(_) => ColumnData::Null(rows().count()),
            ColumnData::Int(v) => ColumnData::Int(rows().map(|row| v[row]).collect()),
            ColumnData::Float(v) => ColumnData::Float(rows().map(|row| v[row]).collect()),
            ColumnData::Bool(v) => ColumnData::Bool(rows().map(|row| v[row]).collect()),
            ColumnData::Date(v) => ColumnData::Date(rows().map(|row| v[row]).collect()),
            ColumnData::Str(v) => {
                let mut kept = Strings::default();
                for row in rows() {
                    kept.push_bytes(v.get_bytes(row)).expect("a part of a column within the limit");
                }
                ColumnData::Str(kept)
            }
            ColumnData::Mixed(v) => ColumnData::Mixed(rows().map(|row| v[row].clone()).collect()),
        };
        match &self.present {
            None => Self::full(data),
            Some(bits) => Self::new(data, rows().map(|row| bits.get(row)).collect()),
        }
    }
}

impl Strings {
    /// Returns room for this many texts.
    pub(crate) fn with_capacity(n: usize) -> Self {
        Self { bytes: Vec::new(), ends: Vec::with_capacity(n) }
    }

    /// Returns the number of texts.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a text.
    pub(crate) fn get(&self, at: usize) -> &str {
        std::str::from_utf8(self.get_bytes(at)).expect("only valid UTF-8 is pushed")
    }

    /// Returns the bytes of a text.
    pub(crate) fn get_bytes(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[start..self.ends[at] as usize]
    }

    /// Adds a text.
    pub(crate) fn push(&mut self, text: &str) -> Result<()> {
        self.push_bytes(text.as_bytes())
    }

    /// Adds a text; the caller has checked that the bytes are UTF-8.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(bytes);
        self.close()
    }

    /// Adds bytes to the text that the next [`close`](Self::close) ends.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends a text.
    pub(crate) fn close(&mut self) -> Result<()> {
        let end = u32::try_from(self.bytes.len()).map_err(|_| too_many_bytes())?;
        self.ends.push(end);
        Ok(())
    }

    fn append(&mut self, other: &Self) -> Result<()> {
        let offset = u32::try_from(self.bytes.len()).map_err(|_| too_many_bytes())?;
        u32::try_from(self.bytes.len() + other.bytes.len()).map_err(|_| too_many_bytes())?;
        self.bytes.extend_from_slice(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| end + offset));
        Ok(())
    }
}

const fn too_many_bytes() -> Error {
    Error::Limit { what: "bytes of text in an imported column", max: STRING_BYTES_MAX }
}

impl Bits {
    /// Returns `n` equal bits.
    pub(crate) fn filled(n: usize, bit: bool) -> Self {
        let mut bits = Self::default();
        bits.extend(n, bit);
        bits
    }

    /// Returns the number of bits.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Returns a bit.
    pub(crate) fn get(&self, at: usize) -> bool {
        assert!(at < self.len, "bit {at} of {}", self.len);
        self.words[at / 64] >> (at % 64) & 1 == 1
    }

    /// Sets a bit.
    pub(crate) fn set(&mut self, at: usize) {
        assert!(at < self.len, "bit {at} of {}", self.len);
        self.words[at / 64] |= 1 << (at % 64);
    }

    /// Clears a bit.
    pub(crate) fn clear(&mut self, at: usize) {
        assert!(at < self.len, "bit {at} of {}", self.len);
        self.words[at / 64] &= !(1 << (at % 64));
    }

    /// Adds a bit.
    pub(crate) fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        self.words[self.len / 64] |= u64::from(bit) << (self.len % 64);
        self.len += 1;
    }

    /// Adds `n` equal bits.
    pub(crate) fn extend(&mut self, n: usize, bit: bool) {
        let end = self.len + n;
        while self.len < end && !self.len.is_multiple_of(64) {
            self.push(bit);
        }
        while self.len + 64 <= end {
            self.words.push(if bit { u64::MAX } else { 0 });
            self.len += 64;
        }
        while self.len < end {
            self.push(bit);
        }
    }

    /// Adds the bits of `other`.
    pub(crate) fn append(&mut self, other: &Self) {
        if self.len.is_multiple_of(64) {
            self.words.extend_from_slice(&other.words);
            self.len += other.len;
        } else {
            (0..other.len).for_each(|at| self.push(other.get(at)));
        }
    }

    /// Returns whether every bit is set.
    pub(crate) fn all(&self) -> bool {
        self.count() == self.len
    }

    /// Returns how many bits are set.
    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut all = Self::default();
        bits.into_iter().for_each(|bit| all.push(bit));
        all
    }
}

impl Lines {
    /// Says that row `row`, the next one, starts on line `line`.
    pub(crate) fn push(&mut self, row: u64, line: u64) {
        let expected = self.breaks.last().map(|(first, start)| start + (row - first));
        if expected != Some(line) {
            self.breaks.push((row, line));
        }
    }

    /// Adds the lines of rows that follow, counted from row 0 and line 0.
    pub(crate) fn append(&mut self, other: &Self, row: u64, line: u64) {
        for (first, start) in &other.breaks {
            self.push(row + first, line + start);
        }
    }

    /// Returns the line of a row, from 1.
    pub(crate) fn line_of(&self, row: usize) -> u64 {
        let row = row as u64;
        let after = self.breaks.partition_point(|(first, _)| *first <= row);
        after.checked_sub(1).map_or(0, |at| self.breaks[at].1 + (row - self.breaks[at].0))
    }

    /// Returns the lines of the rows whose bit is set.
    pub(crate) fn retain(&self, keep: &Bits) -> Self {
        let mut kept = Self::default();
        let rows = (0..keep.len()).filter(|&row| keep.get(row));
        rows.enumerate().for_each(|(at, row)| kept.push(at as u64, self.line_of(row)));
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[Value]) -> Column {
        let mut column = Column::nulls(0);
        values.iter().for_each(|v| column.push(v.clone()).unwrap());
        column
    }

    fn values(column: &Column) -> Vec<Value> {
        (0..column.len()).map(|row| column.value(row)).collect()
    }

    #[test]
    fn nulls_on_either_side_keep_the_type() {
        let texts = [Value::Null, Value::Null, Value::from("a"), Value::Null, Value::from("")];
        let column = column(&texts);
        assert!(matches!(column.data, ColumnData::Str(_)));
        assert_eq!(values(&column), texts);
        assert_eq!(column.present.as_ref().map(Bits::count), Some(2));
    }

    #[test]
    fn text_files_widen_to_text_and_floats_refuse() {
        let mut ints = column(&[Value::Int(7), Value::Null]);
        ints.append_as_text(column(&[Value::Bool(true)])).unwrap().unwrap();
        assert_eq!(values(&ints), [Value::from("7"), Value::Null, Value::from("true")]);
        let mut floats = column(&[Value::Int(1), Value::Float(1.5)]);
        assert_eq!(values(&floats), [Value::Float(1.0), Value::Float(1.5)]);
        assert_eq!(floats.append_as_text(column(&[Value::from("x")])).unwrap(), Err(TextLost));
        assert_eq!(floats.len(), 2);
    }

    #[test]
    fn typed_files_keep_every_kind() {
        let mixed = [Value::Int(1), Value::Null, Value::from("x"), Value::list([Value::Int(2)]), Value::Null];
        let column = column(&mixed);
        assert_eq!(values(&column), mixed);
        let keep = [true, false, false, true, true].into_iter().collect();
        assert_eq!(values(&column.retain(&keep)), [mixed[0].clone(), mixed[3].clone(), Value::Null]);
    }

    #[test]
    fn bits_append_at_every_offset() {
        for n in [0, 1, 63, 64, 65, 130] {
            for m in [0, 1, 64, 70] {
                let mut a: Bits = (0..n).map(|i| i % 3 == 0).collect();
                let b: Bits = (0..m).map(|i| i % 2 == 0).collect();
                a.append(&b);
                let expected: Bits = (0..n).map(|i| i % 3 == 0).chain((0..m).map(|i| i % 2 == 0)).collect();
                assert_eq!(a, expected);
            }
        }
    }

    #[test]
    fn lines_break_only_where_they_must() {
        let mut lines = Lines::default();
        for (row, line) in [2, 3, 4, 7, 8, 20].into_iter().enumerate() {
            lines.push(row as u64, line);
        }
        assert_eq!(lines.breaks.len(), 3);
        assert_eq!((0..6).map(|row| lines.line_of(row)).collect::<Vec<_>>(), [2, 3, 4, 7, 8, 20]);
    }
}
