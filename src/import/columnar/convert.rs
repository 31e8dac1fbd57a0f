//! Arrays into columns, counting what they take.

use arrow_array::{
    Array, ArrowPrimitiveType, PrimitiveArray,
    cast::AsArray,
    types::{
        Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
        DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float16Type,
        Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
        Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
        TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{DataType, TimeUnit};

use super::kinds::{date, duration, time, timestamp};
use crate::{
    Error, Result,
    import::options::FIELD_BYTES_MAX,
    model::{Bits, Column, ColumnData, Date, Strings, Value},
};

/// Turns arrays into columns.
pub(super) struct Converter {
    /// Whether lists may hold nulls, which no property may.
    pub(super) is_free: bool,
    /// The bytes that may still be taken, and how many there were.
    left: u64,
    bytes_max: u64,
    /// What the values outside the columns' own vectors take: items of lists, and texts in them.
    pub(super) held: u64,
    /// The rows that cannot be kept, and why, in no order.
    pub(super) bad: Vec<(usize, String)>,
}

/// What a text costs beside its bytes where it stands alone.
const TEXT_BYTES: u64 = 16;

impl Converter {
    /// Returns a converter that may take this many bytes.
    pub(super) const fn new(bytes_max: u64, is_free: bool) -> Self {
        Self { is_free, left: bytes_max, bytes_max, held: 0, bad: Vec::new() }
    }

    /// Returns the column of an array whose type [`refusal`](super::kinds::refusal) lets pass. A value that is none here is
    /// null, and `bad` says why.
    ///
    /// # Errors
    /// [`Error::Limit`] where it takes too much.
    pub(super) fn column(&mut self, array: &dyn Array) -> Result<Column> {
        Ok(match array.data_type() {
            DataType::Null => Column::nulls(array.len()),
            DataType::Boolean => {
                let values = array.as_boolean().iter().map(Option::unwrap_or_default).collect();
                present(ColumnData::Bool(values), array)
            }
            DataType::Int8 => self.ints::<Int8Type>(array),
            DataType::Int16 => self.ints::<Int16Type>(array),
            DataType::Int32 => self.ints::<Int32Type>(array),
            DataType::Int64 => self.ints::<Int64Type>(array),
            DataType::UInt8 => self.ints::<UInt8Type>(array),
            DataType::UInt16 => self.ints::<UInt16Type>(array),
            DataType::UInt32 => self.ints::<UInt32Type>(array),
            DataType::UInt64 => self.checked(array, ColumnData::Int, |array, row| {
                let n = array.as_primitive::<UInt64Type>().value(row);
                i64::try_from(n).map_err(|_| format!("the number {n} does not fit a 64-bit integer"))
            }),
            DataType::Float16 => self.floats::<Float16Type>(array, |x| x.to_f64()),
            DataType::Float32 => self.floats::<Float32Type>(array, f64::from),
            DataType::Float64 => self.floats::<Float64Type>(array, |x| x),
            DataType::Decimal32(_, scale) => self.decimals::<Decimal32Type>(array, *scale),
            DataType::Decimal64(_, scale) => self.decimals::<Decimal64Type>(array, *scale),
            DataType::Decimal128(_, scale) => self.decimals::<Decimal128Type>(array, *scale),
            DataType::Decimal256(_, scale) => self.decimals::<Decimal256Type>(array, *scale),
            DataType::Date32 => self.checked(array, ColumnData::Date, |array, row| {
                date(i64::from(array.as_primitive::<Date32Type>().value(row))).map(Date::days)
            }),
            DataType::Date64 => self.checked(array, ColumnData::Date, |array, row| {
                date(array.as_primitive::<Date64Type>().value(row).div_euclid(86_400_000)).map(Date::days)
            }),
            DataType::Timestamp(unit, zone) => {
                let is_instant = zone.is_some();
                let read = match unit {
                    TimeUnit::Second => number::<TimestampSecondType>,
                    TimeUnit::Millisecond => number::<TimestampMillisecondType>,
                    TimeUnit::Microsecond => number::<TimestampMicrosecondType>,
                    TimeUnit::Nanosecond => number::<TimestampNanosecondType>,
                };
                self.texts_of(array, |row| timestamp(read(array, row), *unit, is_instant))?
            }
            DataType::Time32(unit) | DataType::Time64(unit) => {
                let read = match unit {
                    TimeUnit::Second => number::<Time32SecondType>,
                    TimeUnit::Millisecond => number::<Time32MillisecondType>,
                    TimeUnit::Microsecond => number::<Time64MicrosecondType>,
                    TimeUnit::Nanosecond => number::<Time64NanosecondType>,
                };
                self.texts_of(array, |row| time(read(array, row), *unit))?
            }
            DataType::Duration(unit) => {
                let read = match unit {
                    TimeUnit::Second => number::<DurationSecondType>,
                    TimeUnit::Millisecond => number::<DurationMillisecondType>,
                    TimeUnit::Microsecond => number::<DurationMicrosecondType>,
                    TimeUnit::Nanosecond => number::<DurationNanosecondType>,
                };
                self.texts_of(array, |row| Ok(duration(read(array, row), *unit)))?
            }
            DataType::Utf8 => self.texts(array.as_string::<i32>().iter())?,
            DataType::LargeUtf8 => self.texts(array.as_string::<i64>().iter())?,
            DataType::Utf8View => self.texts(array.as_string_view().iter())?,
            DataType::Binary => self.bytes(array.as_binary::<i32>().iter())?,
            DataType::LargeBinary => self.bytes(array.as_binary::<i64>().iter())?,
            DataType::BinaryView => self.bytes(array.as_binary_view().iter())?,
            DataType::FixedSizeBinary(_) => self.bytes(array.as_fixed_size_binary().iter())?,
            DataType::Dictionary(..) => self.dictionary(array)?,
            _ => self.nested(array)?,
        })
    }

    /// Takes room, or says that there is none.
    pub(super) fn take(&mut self, bytes: u64) -> Result<()> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or(Error::Limit { what: "bytes of an imported table", max: self.bytes_max })?;
        Ok(())
    }

    /// Takes room that what is made goes on to hold.
    pub(super) fn hold(&mut self, bytes: u64) -> Result<()> {
        self.held = self.held.saturating_add(bytes);
        self.take(bytes)
    }

    fn ints<T: ArrowPrimitiveType<Native: Into<i64>>>(&self, array: &dyn Array) -> Column {
        present(ColumnData::Int(values_of::<T, i64>(array, Into::into)), array)
    }

    fn floats<T: ArrowPrimitiveType>(&self, array: &dyn Array, float: impl Fn(T::Native) -> f64) -> Column {
        present(ColumnData::Float(values_of::<T, f64>(array, float)), array)
    }

    /// Decimals without a fraction are integers, others floats.
    fn decimals<T: DecimalType + ArrowPrimitiveType>(&mut self, array: &dyn Array, scale: i8) -> Column {
        let text = |array: &dyn Array, row| array.as_primitive::<T>().value_as_string(row);
        if scale > 0 {
            return self.checked(array, ColumnData::Float, |array, row| {
                let text = text(array, row);
                text.parse().map_err(|_| format!("the decimal {text} is no number"))
            });
        }
        self.checked(array, ColumnData::Int, |array, row| {
            let text = text(array, row);
            text.parse().map_err(|_| format!("the number {text} does not fit a 64-bit integer"))
        })
    }

    /// Collects what `read` makes of the rows that are there.
    fn checked<V: Default>(
        &mut self,
        array: &dyn Array,
        data: impl FnOnce(Vec<V>) -> ColumnData,
        read: impl Fn(&dyn Array, usize) -> std::result::Result<V, String>,
    ) -> Column {
        let mut value = |row| match array.is_null(row) {
            true => V::default(),
            false => read(array, row).unwrap_or_else(|reason| {
                self.bad.push((row, reason));
                V::default()
            }),
        };
        let values = (0..array.len()).map(&mut value).collect();
        present(data(values), array)
    }

    fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = Option<&'a str>>) -> Result<Column> {
        let mut strings = Strings::with_capacity(texts.len());
        let mut present = Bits::default();
        for (row, text) in texts.enumerate() {
            let kept = text.filter(|text| text.len() <= FIELD_BYTES_MAX);
            if kept.is_none() && text.is_some() {
                self.bad.push((row, format!("the field is longer than {FIELD_BYTES_MAX} bytes")));
            }
            self.take(kept.unwrap_or_default().len() as u64)?;
            strings.push(kept.unwrap_or_default())?;
            present.push(kept.is_some());
        }
        Ok(settled(Column::new(ColumnData::Str(strings), present)))
    }

    fn bytes<'a>(&mut self, bytes: impl ExactSizeIterator<Item = Option<&'a [u8]>>) -> Result<Column> {
        let mut bad = Vec::new();
        let text = |(row, bytes): (usize, Option<&'a [u8]>)| match str::from_utf8(bytes?) {
            Ok(text) => Some(text),
            Err(error) => {
                bad.push((row, format!("the bytes are not UTF-8 after the first {}", error.valid_up_to())));
                None
            }
        };
        let column = self.texts(bytes.enumerate().map(text))?;
        self.bad.append(&mut bad);
        Ok(column)
    }

    fn texts_of(
        &mut self,
        array: &dyn Array,
        text: impl Fn(usize) -> std::result::Result<String, String>,
    ) -> Result<Column> {
        let mut strings = Strings::with_capacity(array.len());
        for row in 0..array.len() {
            let text = if array.is_null(row) { Ok(String::new()) } else { text(row) };
            let text = text.unwrap_or_else(|reason| {
                self.bad.push((row, reason));
                String::new()
            });
            self.take(text.len() as u64)?;
            strings.push(&text)?;
        }
        Ok(present(ColumnData::Str(strings), array))
    }

    fn dictionary(&mut self, array: &dyn Array) -> Result<Column> {
        let dictionary = array.as_any_dictionary();
        if dictionary.values().is_empty() {
            return Ok(Column::nulls(array.len()));
        }
        let (left, outer) = (self.left, std::mem::take(&mut self.bad));
        let values = self.column(&**dictionary.values())?;
        // The values are thrown away when the rows have theirs.
        self.left = left;
        let mut refused = std::mem::replace(&mut self.bad, outer);
        refused.sort_unstable();
        let mut column = Column::nulls(0);
        for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
            if array.is_null(row) || values.is_null(key) {
                column.append_nulls(1);
                if !array.is_null(row)
                    && let Ok(at) = refused.binary_search_by_key(&key, |(at, _)| *at)
                {
                    self.bad.push((row, refused[at].1.clone()));
                }
                continue;
            }
            match &values.data {
                ColumnData::Str(texts) => {
                    let text = texts.get(key);
                    self.take(text.len() as u64)?;
                    column.push_text(text)?;
                }
                _ => column.push(values.value(key))?,
            }
        }
        Ok(column)
    }

    /// Takes room for values that stand alone, outside a column.
    pub(super) fn hold_values(&mut self, column: &Column) -> Result<()> {
        self.hold((column.len() * size_of::<Value>()) as u64)?;
        if let ColumnData::Str(texts) = &column.data {
            let bytes: u64 = (0..texts.len()).map(|at| texts.get_bytes(at).len() as u64 + TEXT_BYTES).sum();
            self.hold(bytes)?;
        }
        Ok(())
    }
}

/// Returns the numbers of an array, 0 where there is none.
fn values_of<T: ArrowPrimitiveType, V: Default>(array: &dyn Array, value: impl Fn(T::Native) -> V) -> Vec<V> {
    let array: &PrimitiveArray<T> = array.as_primitive();
    match array.nulls() {
        None => array.values().iter().map(|n| value(*n)).collect(),
        Some(nulls) => {
            let pairs = array.values().iter().zip(nulls);
            pairs.map(|(n, is_there)| if is_there { value(*n) } else { V::default() }).collect()
        }
    }
}

fn number<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array, row: usize) -> i64 {
    array.as_primitive::<T>().value(row).into()
}

/// Returns a column that has values where the array has.
fn present(data: ColumnData, array: &dyn Array) -> Column {
    match array.nulls() {
        None => Column::full(data),
        Some(nulls) => settled(Column::new(data, nulls.iter().collect())),
    }
}

/// A column without any value has no type.
pub(super) fn settled(column: Column) -> Column {
    if column.n_present() == 0 { Column::nulls(column.len()) } else { column }
}
