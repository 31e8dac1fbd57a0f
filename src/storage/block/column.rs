//! A property over 1,024 ids: which of them have it, and the values by what they are.
//!
//! | kind | stored |
//! |---|---|
//! | 0 none | nothing: no id has the property |
//! | 1 bool | a bit a place |
//! | 2 int, 6 date | frame of reference (a constant takes no array) |
//! | 3 float | 8 bytes a place, or one where all are the same |
//! | 4 string | offsets and text |
//! | 5 word | strings with many repeats: a dictionary, and codes into it by frame of reference |
//! | 7 mixed | anything else, each value encoded by itself |
//! | 8 vector | lists of floats, all as long and exact in 32 bits: an array, a row for each place that has one |
//! | 9 half | the same, exact in 16 bits; the two of each 32 bits are neighbours, the first in the low half |
//! | 10 code | the same, each the product of a code of 8 bits and the scale of its list: an array of codes, one of scales |

use std::{
    collections::hash_map::Entry,
    sync::{Arc, OnceLock},
};

use rkyv::{Archive, Serialize};
use rustc_hash::FxHashMap;

use super::{
    BLOCK_LEN, BLOCK_WORDS, IntView, Presence, StrTable,
    ints::{Ints, IntsRecord},
    open, seal,
    vectors::{Numbers, VectorRow, Vectors, vectors},
    view::{View, check_offsets},
};
use crate::{
    Error, Result,
    model::{DIMENSION_MAX, Date, Storage, Value, half_from_f32, half_to_f32, quantize},
    storage::{bytes::Bytes, codec, key::BlockKey},
};

/// What is stored, by kind; what a kind does not use is empty.
#[derive(Archive, Serialize, Default)]
struct ColumnRecord {
    /// Integers, dates, or codes.
    ints: IntsRecord,
    /// Empty where all places below `len` have a value.
    presence: Vec<u64>,
    /// Bits of booleans, or of floats; or how long the vectors of halves are.
    words: Vec<u64>,
    /// Of texts; or the bits of the numbers of vectors, or of their scales.
    offsets: Vec<u32>,
    /// Strings, words, encoded values, or codes.
    text: Vec<u8>,
    /// One past the last place that has a value.
    len: u16,
    kind: u8,
}

const _: () = assert!(size_of::<ArchivedColumnRecord>() == 80 && align_of::<ArchivedColumnRecord>() == 8);

const NONE: u8 = 0;
const BOOL: u8 = 1;
const INT: u8 = 2;
const FLOAT: u8 = 3;
const STR: u8 = 4;
const WORD: u8 = 5;
const DATE: u8 = 6;
const MIXED: u8 = 7;
const VECTOR: u8 = 8;
const HALF: u8 = 9;
const CODE: u8 = 10;

/// A pinned column.
#[derive(Clone)]
pub(crate) struct ColumnBlock {
    presence: Presence,
    data: Data,
    /// See [`ColumnBlock::sorted`].
    pub(super) order: Arc<OnceLock<Box<[u16]>>>,
}

#[derive(Clone)]
enum Data {
    None,
    Bool(View<u64>),
    Int(Ints),
    Float(View<u64>),
    Str(StrTable),
    Word { codes: Ints, words: StrTable },
    Date(Ints),
    Mixed { offsets: View<u32>, bytes: View<u8> },
    Vector(Vectors),
}

/// A value in a pinned column.
#[derive(Debug, Clone)]
pub(crate) enum ValueRef<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
    Date(Date),
    /// Of a mixed column: decoded.
    Mixed(Value),
}

impl ValueRef<'_> {
    /// Returns the value on its own.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Str(value) => Value::String((*value).into()),
            Self::Date(value) => Value::Date(*value),
            Self::Mixed(value) => value.clone(),
        }
    }
}

/// The floats of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FloatView<'a> {
    /// All are the same.
    Constant(f64),
    /// The bits of each.
    Bits(&'a [u64]),
}

impl FloatView<'_> {
    /// Returns the float in place `local`; only where there is one.
    #[inline(always)]
    pub(crate) fn get(&self, local: usize) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Bits(bits) => f64::from_bits(bits[local]),
        }
    }
}

/// The strings of a block.
#[derive(Clone, Copy)]
pub(crate) enum StrView<'a> {
    /// One a place, few of them alike: [`ColumnBlock::get`] reads each.
    Plain,
    /// Codes into a dictionary.
    Dict(StrDict<'a>),
}

/// Strings as codes into a dictionary: a predicate needs to look at each word once.
#[derive(Clone, Copy)]
pub(crate) struct StrDict<'a> {
    codes: IntView<'a>,
    words: &'a StrTable,
}

impl<'a> StrDict<'a> {
    /// Returns the distinct strings; a code is an index into them.
    #[inline]
    pub(crate) fn words(&self) -> &'a StrTable {
        self.words
    }

    /// Returns the codes of all places.
    #[inline]
    pub(crate) fn codes(&self) -> IntView<'a> {
        self.codes
    }

    /// Returns the code in place `local`; only where there is one.
    #[inline(always)]
    pub(crate) fn code(&self, local: usize) -> usize {
        self.codes.get(local) as usize
    }
}

impl ColumnBlock {
    /// Returns the bytes of a column of values; null means absent. At most 1,024.
    ///
    /// # Panics
    /// When a value is not storable.
    #[cfg(test)]
    pub(crate) fn encode(key: &BlockKey, values: &[Value]) -> Bytes {
        Self::encode_as(key, values, Storage::F32)
    }

    /// As [`encode`](Self::encode); vectors that `storage` holds exactly are kept so.
    pub(crate) fn encode_as(key: &BlockKey, values: &[Value], storage: Storage) -> Bytes {
        let presence = Presence::from_fn(values.len(), |at| !values[at].is_null());
        let rank = |value: &Value| match value {
            Value::Bool(_) => BOOL,
            Value::Int(_) => INT,
            Value::Float(_) => FLOAT,
            Value::String(_) => STR,
            Value::Date(_) => DATE,
            Value::List(_) => VECTOR,
            _ => MIXED,
        };
        let mut kinds = presence.iter().map(|at| rank(&values[at]));
        let first = kinds.next().unwrap_or(NONE);
        match if kinds.all(|kind| kind == first) { first } else { MIXED } {
            BOOL => Self::encode_bools(key, &presence, |at| matches!(values[at], Value::Bool(true))),
            INT => Self::encode_ints(key, &presence, |at| values[at].as_int().unwrap_or_default()),
            FLOAT => Self::encode_floats(key, &presence, |at| values[at].as_float().unwrap_or_default()),
            STR => Self::encode_strs(key, &presence, |at| values[at].as_str().unwrap_or_default()),
            DATE => Self::encode_dates(key, &presence, |at| match values[at] {
                Value::Date(date) => date.days(),
                _ => 0,
            }),
            kind => {
                if kind == VECTOR
                    && let Some(numbers) = vectors(values)
                {
                    return ColumnRecord::of_vectors(&numbers, presence.count(), storage).seal(key, &presence);
                }
                let kind = if kind == VECTOR { MIXED } else { kind };
                let mut record = ColumnRecord { kind, ..ColumnRecord::default() };
                if kind == MIXED {
                    record.offsets.push(0);
                    for value in &values[..presence.end()] {
                        if !value.is_null() {
                            codec::encode_value(value, &mut record.text);
                        }
                        record.offsets.push(record.text.len() as u32);
                    }
                }
                record.seal(key, &presence)
            }
        }
    }

    /// Returns the bytes of a column of integers at the places of `presence`.
    pub(crate) fn encode_ints(key: &BlockKey, presence: &Presence, value: impl Fn(usize) -> i64) -> Bytes {
        let record = ColumnRecord { kind: INT, ints: IntsRecord::new(presence, value), ..ColumnRecord::default() };
        record.seal(key, presence)
    }

    /// Returns the bytes of a column of dates, as days since 1970-01-01, at the places of `presence`.
    pub(crate) fn encode_dates(key: &BlockKey, presence: &Presence, value: impl Fn(usize) -> i32) -> Bytes {
        let ints = IntsRecord::new(presence, |at| i64::from(value(at)));
        ColumnRecord { kind: DATE, ints, ..ColumnRecord::default() }.seal(key, presence)
    }

    /// Returns the bytes of a column of floats at the places of `presence`.
    pub(crate) fn encode_floats(key: &BlockKey, presence: &Presence, value: impl Fn(usize) -> f64) -> Bytes {
        let bits = |at: usize| if presence.contains(at) { value(at).to_bits() } else { 0 };
        let first = presence.iter().next().map_or(0, bits);
        let is_constant = presence.iter().all(|at| bits(at) == first);
        let words = if is_constant { vec![first] } else { (0..presence.end()).map(bits).collect() };
        ColumnRecord { kind: FLOAT, words, ..ColumnRecord::default() }.seal(key, presence)
    }

    /// Returns the bytes of a column of booleans at the places of `presence`.
    pub(crate) fn encode_bools(key: &BlockKey, presence: &Presence, value: impl Fn(usize) -> bool) -> Bytes {
        let set = Presence::from_fn(presence.end(), |at| presence.contains(at) && value(at));
        ColumnRecord { kind: BOOL, words: set.0.to_vec(), ..ColumnRecord::default() }.seal(key, presence)
    }

    /// Returns the bytes of a column of strings at the places of `presence`.
    pub(crate) fn encode_strs<'a>(key: &BlockKey, presence: &Presence, value: impl Fn(usize) -> &'a str) -> Bytes {
        let n_present = presence.count();
        // A dictionary pays where a word occurs twice on average: a code is at most half of an offset.
        let n_words_max = n_present / 2;
        let mut words: Vec<&str> = Vec::new();
        let mut codes = vec![0u16; presence.end()];
        let mut code_of: FxHashMap<&str, u16> = FxHashMap::default();
        let is_dict = presence.iter().all(|at| {
            let text = value(at);
            let next = words.len() as u16;
            codes[at] = match code_of.entry(text) {
                Entry::Occupied(code) => *code.get(),
                Entry::Vacant(slot) => {
                    words.push(text);
                    *slot.insert(next)
                }
            };
            words.len() <= n_words_max.max(1)
        });
        let mut record = ColumnRecord::default();
        record.offsets.push(0);
        let mut push = |text: &str| {
            record.text.extend_from_slice(text.as_bytes());
            record.offsets.push(u32::try_from(record.text.len()).expect("a block's text is below 4 GB"));
        };
        if is_dict && n_present > 0 {
            words.iter().copied().for_each(&mut push);
            record.ints = IntsRecord::new(presence, |at| i64::from(codes[at]));
            record.kind = WORD;
        } else {
            (0..presence.end()).for_each(|at| push(if presence.contains(at) { value(at) } else { "" }));
            record.kind = STR;
        }
        record.seal(key, presence)
    }

    /// Returns the bytes of a column of vectors, all as long; `None` where there is none.
    pub(crate) fn encode_vectors<'a>(
        key: &BlockKey,
        storage: Storage,
        vector: impl Fn(usize) -> Option<&'a [f32]>,
    ) -> Bytes {
        let presence = Presence::from_fn(BLOCK_LEN, |at| vector(at).is_some());
        let numbers: Vec<f32> = presence.iter().filter_map(&vector).flatten().copied().collect();
        if numbers.is_empty() {
            return ColumnRecord::default().seal(key, &Presence::NONE);
        }
        ColumnRecord::of_vectors(&numbers, presence.count(), storage).seal(key, &presence)
    }

    /// Checks the bytes of a column and makes it readable.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not what `key` must hold.
    pub(crate) fn pin(key: &BlockKey, bytes: Bytes) -> Result<Self> {
        let record = open::<ArchivedColumnRecord>(key, &bytes)?;
        let len = usize::from(record.len.to_native());
        let presence = match record.presence.as_slice() {
            [] if len <= BLOCK_LEN => Presence::first(len),
            words if words.len() == BLOCK_WORDS => Presence(std::array::from_fn(|at| words[at].to_native())),
            words => return Err(Error::corrupt(key, "16 words of presence", words.len())),
        };
        if presence.end() != len {
            return Err(Error::corrupt(key, format_args!("a last value before {len}"), presence.end()));
        }
        let ints = |len: usize| Ints::pin(&bytes, &record.ints, len, key);
        let table = || StrTable::new(View::new(&bytes, &record.offsets), View::new(&bytes, &record.text), key);
        let (expected, found, data) = match record.kind {
            NONE => (0, len, Data::None),
            BOOL => (BLOCK_WORDS, record.words.len(), Data::Bool(View::new(&bytes, &record.words))),
            INT => (0, 0, Data::Int(ints(len)?)),
            DATE => {
                let days = ints(len)?;
                if !days.view().is_within(i32::MIN.into(), i32::MAX.into()) {
                    return Err(Error::corrupt(key, "days of 32 bits", "others"));
                }
                (0, 0, Data::Date(days))
            }
            FLOAT => {
                let expected = if record.words.len() == 1 { 1 } else { len };
                (expected, record.words.len(), Data::Float(View::new(&bytes, &record.words)))
            }
            STR => (len + 1, record.offsets.len(), Data::Str(table()?)),
            WORD => {
                let (codes, words) = (ints(len)?, table()?);
                // Of absent places too: loops over whole blocks look at them.
                if !codes.view().is_within(0, words.len() as i64 - 1) {
                    return Err(Error::corrupt(key, format_args!("codes of {} words", words.len()), "others"));
                }
                (0, 0, Data::Word { codes, words })
            }
            MIXED => {
                let (offsets, text) = (View::new(&bytes, &record.offsets), View::new(&bytes, &record.text));
                check_offsets(offsets.as_slice(), text.as_slice().len(), key)?;
                let (n_offsets, data) = (offsets.as_slice().len(), Data::Mixed { offsets, bytes: text });
                let column = Self { presence, data, order: Arc::default() };
                if n_offsets == len + 1 {
                    presence.iter().try_for_each(|at| column.decode_mixed(at).map(drop))?;
                }
                (len + 1, n_offsets, column.data)
            }
            VECTOR => {
                let (n, n_numbers) = (presence.count(), record.offsets.len());
                if n == 0 || n_numbers == 0 || !n_numbers.is_multiple_of(n) {
                    return Err(Error::corrupt(key, format_args!("numbers of {n} vectors"), n_numbers));
                }
                let numbers = Numbers::F32(View::new(&bytes, &record.offsets));
                (0, 0, Data::Vector(Vectors::new(numbers, n_numbers / n, presence)))
            }
            HALF => {
                let dimension = match record.words.as_slice() {
                    [dimension] => dimension.to_native().min(u64::from(DIMENSION_MAX)) as usize,
                    _ => 0,
                };
                let (n, n_pairs) = (presence.count(), record.offsets.len());
                if n == 0 || dimension == 0 || n_pairs != (n * dimension).div_ceil(2) {
                    return Err(Error::corrupt(key, format_args!("halves of {n} vectors of {dimension}"), n_pairs));
                }
                let numbers = Numbers::F16(View::new(&bytes, &record.offsets));
                (0, 0, Data::Vector(Vectors::new(numbers, dimension, presence)))
            }
            CODE => {
                let (n, n_codes) = (presence.count(), record.text.len());
                if n == 0 || n_codes == 0 || !n_codes.is_multiple_of(n) || record.offsets.len() != n {
                    return Err(Error::corrupt(key, format_args!("codes and scales of {n} vectors"), n_codes));
                }
                let (codes, scales) =
                    (View::<i8>::new(&bytes, &record.text), View::<f32>::new(&bytes, &record.offsets));
                let is_scale = |scale: &f32| scale.is_finite() && *scale >= 0.0;
                if codes.as_slice().contains(&i8::MIN) || !scales.as_slice().iter().all(is_scale) {
                    return Err(Error::corrupt(key, "codes of -127 to 127 and finite scales", "others"));
                }
                (0, 0, Data::Vector(Vectors::new(Numbers::Int8 { codes, scales }, n_codes / n, presence)))
            }
            kind => return Err(Error::corrupt(key, "a kind of column", kind)),
        };
        if expected != found {
            return Err(Error::corrupt(key, format_args!("{expected} entries of kind {}", record.kind), found));
        }
        Ok(Self { presence, data, order: Arc::default() })
    }

    /// Returns the value in place `local`.
    #[inline]
    pub(crate) fn get(&self, local: usize) -> ValueRef<'_> {
        if !self.presence.contains(local) {
            return ValueRef::Null;
        }
        match &self.data {
            Data::None => ValueRef::Null,
            Data::Bool(words) => ValueRef::Bool(words.as_slice()[local / 64] >> (local % 64) & 1 != 0),
            Data::Int(ints) => ValueRef::Int(ints.view().get(local)),
            Data::Float(bits) => ValueRef::Float(float_view(bits).get(local)),
            Data::Str(strings) => ValueRef::Str(strings.get(local)),
            Data::Word { codes, words } => ValueRef::Str(words.get(codes.view().get(local) as usize)),
            Data::Date(days) => ValueRef::Date(Date::from_days(days.view().get(local) as i32)),
            Data::Vector(vectors) => {
                let numbers = vectors.get(local).map(VectorRow::to_numbers).unwrap_or_default();
                ValueRef::Mixed(Value::List(numbers.iter().map(|x| Value::Float(f64::from(*x))).collect()))
            }
            Data::Mixed { .. } => {
                ValueRef::Mixed(self.decode_mixed(local).expect("pin decoded every value of a mixed column"))
            }
        }
    }

    /// Returns which places have a value.
    #[inline]
    pub(crate) fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Returns the integers, where the column is one of integers.
    #[inline]
    pub(crate) fn ints(&self) -> Option<IntView<'_>> {
        match &self.data {
            Data::Int(ints) => Some(ints.view()),
            _ => None,
        }
    }

    /// Returns the dates as days since 1970-01-01, where the column is one of dates.
    #[inline]
    pub(crate) fn dates(&self) -> Option<IntView<'_>> {
        match &self.data {
            Data::Date(days) => Some(days.view()),
            _ => None,
        }
    }

    /// Returns the floats, where the column is one of floats.
    #[inline]
    pub(crate) fn floats(&self) -> Option<FloatView<'_>> {
        match &self.data {
            Data::Float(bits) => Some(float_view(bits)),
            _ => None,
        }
    }

    /// Returns the strings, where the column is one of strings.
    #[inline]
    pub(crate) fn strs(&self) -> Option<StrView<'_>> {
        match &self.data {
            Data::Str(_) => Some(StrView::Plain),
            Data::Word { codes, words } => Some(StrView::Dict(StrDict { codes: codes.view(), words })),
            _ => None,
        }
    }

    /// Returns the vectors, where the column is one of vectors.
    #[inline]
    pub(crate) fn vectors(&self) -> Option<&Vectors> {
        match &self.data {
            Data::Vector(vectors) => Some(vectors),
            _ => None,
        }
    }

    fn decode_mixed(&self, local: usize) -> Result<Value> {
        let Data::Mixed { offsets, bytes } = &self.data else { return Ok(Value::Null) };
        let offsets = offsets.as_slice();
        codec::decode_value(&bytes.as_slice()[offsets[local] as usize..offsets[local + 1] as usize])
    }
}

impl ColumnRecord {
    /// Returns `n` vectors as a storage keeps them, where it holds them exactly; else in 32 bits.
    fn of_vectors(numbers: &[f32], n: usize, storage: Storage) -> Self {
        let dimension = numbers.len() / n;
        match storage {
            Storage::F32 => {}
            Storage::F16 => {
                let halves: Vec<u16> = numbers.iter().map(|x| half_from_f32(*x)).collect();
                if halves.iter().zip(numbers).all(|(half, x)| half_to_f32(*half).to_bits() == x.to_bits()) {
                    let pair = |pair: &[u16]| u32::from(pair[0]) | u32::from(*pair.get(1).unwrap_or(&0)) << 16;
                    let offsets = halves.chunks(2).map(pair).collect();
                    return Self { kind: HALF, words: vec![dimension as u64], offsets, ..Self::default() };
                }
            }
            Storage::Int8 => {
                let (mut codes, mut scales) = (vec![0_i8; numbers.len()], Vec::with_capacity(n));
                for (numbers, codes) in numbers.chunks_exact(dimension).zip(codes.chunks_exact_mut(dimension)) {
                    scales.push(quantize(numbers, codes));
                }
                let products = codes.iter().enumerate().map(|(at, code)| f32::from(*code) * scales[at / dimension]);
                if products.zip(numbers).all(|(product, x)| product.to_bits() == x.to_bits()) {
                    let (text, offsets) = (codes.iter().map(|code| code.cast_unsigned()).collect(), scales);
                    let offsets = offsets.into_iter().map(f32::to_bits).collect();
                    return Self { kind: CODE, offsets, text, ..Self::default() };
                }
            }
        }
        Self { kind: VECTOR, offsets: numbers.iter().map(|x| x.to_bits()).collect(), ..Self::default() }
    }

    fn seal(mut self, key: &BlockKey, presence: &Presence) -> Bytes {
        let len = presence.end();
        if *presence != Presence::first(len) {
            self.presence = presence.0.to_vec();
        }
        self.len = len as u16;
        let size = 256 + self.ints.size() + 8 * self.words.len() + 4 * self.offsets.len() + self.text.len();
        seal(key, &self, size)
    }
}

#[inline]
fn float_view(bits: &View<u64>) -> FloatView<'_> {
    match bits.as_slice() {
        [constant] => FloatView::Constant(f64::from_bits(*constant)),
        bits => FloatView::Bits(bits),
    }
}
