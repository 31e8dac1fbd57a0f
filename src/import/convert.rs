//! Fields of delimited text into typed columns, a column at a time.
//!
//! What a column holds is found out in the chunk at hand: the likeliest type is tried on all its fields, and the first
//! field that refuses says what to try next. A quoted field is text: that is how the text `7` differs from the number.

use std::{borrow::Cow, ops::Range};

use super::{
    csv::{BadRow, Dialect, Index},
    numbers::{self, Kind},
    options::ColumnType,
};
use crate::{
    Result,
    model::{self, Bits, Column, ColumnData, Date, Point, Strings, Value},
};

/// What a column is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What its fields are; perhaps the type that the chunk before had.
    Inferred(Option<Kind>),
    /// This type, or the row is bad.
    Declared(ColumnType),
    /// Nothing.
    Ignored,
}

/// The fields of a chunk, and how to read them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    /// The chunk's text, behind its padding; valid UTF-8.
    pub(super) buffer: &'a [u8],
    /// Where the fields are.
    pub(super) index: &'a Index,
    /// The delimiter and the quote.
    pub(super) dialect: Dialect,
    /// The text that means null beside the empty one.
    pub(super) null: Option<&'a [u8]>,
}

/// What stands between the items of a list whose type a header declares.
const ITEM_DELIMITER: char = ';';

/// The longest piece of a value that a message shows.
const SHOWN_CHARS_MAX: usize = 40;

impl Fields<'_> {
    /// Returns a column; fields that a declared type refuses are null and listed in `bad`.
    pub(super) fn column(&self, column: usize, wanted: Wanted, bad: &mut Vec<(usize, BadRow)>) -> Result<Column> {
        let mut kind = match wanted {
            Wanted::Declared(declared) => return self.declared(column, declared, bad),
            Wanted::Ignored => return Ok(Column::nulls(self.index.n_rows)),
            Wanted::Inferred(Some(kind)) => kind,
            Wanted::Inferred(None) => match self.index.column(column).find(|span| !self.is_null(span)) {
                Some(first) => self.kind(&first),
                None => return Ok(Column::nulls(self.index.n_rows)),
            },
        };
        loop {
            let spans = self.index.column(column);
            let column = match kind {
                Kind::Int => {
                    self.collect(spans, ColumnData::Int, |span| numbers::int_of(self.buffer, span.start, span.end))
                }
                Kind::Float => {
                    self.collect(spans, ColumnData::Float, |span| numbers::float_of(&self.buffer[span.clone()]))
                }
                Kind::Bool => {
                    self.collect(spans, ColumnData::Bool, |span| numbers::bool_of(&self.buffer[span.clone()]))
                }
                Kind::Date => self
                    .collect(spans, ColumnData::Date, |span| Date::parse(&self.buffer[span.clone()]).map(Date::days)),
                Kind::Str => return self.texts(column),
            };
            match column {
                Ok(column) => return Ok(column),
                Err(span) => {
                    kind = match (kind, self.kind(&span)) {
                        (Kind::Int, Kind::Float) => Kind::Float,
                        _ => Kind::Str,
                    }
                }
            }
        }
    }

    /// Collects what `parse` makes of the fields; the first it refuses comes back.
    fn collect<T: Default>(
        &self,
        spans: impl ExactSizeIterator<Item = Range<usize>>,
        data: impl FnOnce(Vec<T>) -> ColumnData,
        parse: impl Fn(&Range<usize>) -> Option<T>,
    ) -> std::result::Result<Column, Range<usize>> {
        let mut values = Vec::with_capacity(spans.len());
        let mut present: Option<Bits> = None;
        for span in spans {
            match parse(&span).filter(|_| !self.is_null_text(&span)) {
                Some(value) => {
                    if let Some(bits) = &mut present {
                        bits.push(true);
                    }
                    values.push(value);
                }
                None if self.is_null(&span) => {
                    present.get_or_insert_with(|| Bits::filled(values.len(), true)).push(false);
                    values.push(T::default());
                }
                None => return Err(span),
            }
        }
        if present.as_ref().is_some_and(|bits| bits.count() == 0) {
            return Ok(Column::nulls(values.len()));
        }
        Ok(Column { data: data(values), present })
    }

    fn texts(&self, column: usize) -> Result<Column> {
        let spans = self.index.column(column);
        let mut texts = Strings::with_capacity(spans.len());
        let mut present: Option<Bits> = None;
        for (row, span) in spans.enumerate() {
            let null = self.is_null(&span);
            if null {
                present.get_or_insert_with(|| Bits::filled(row, true)).push(false);
            } else if let Some(bits) = &mut present {
                bits.push(true);
            }
            if !null {
                texts.extend(&self.dialect.field(&self.buffer[span]).0);
            }
            texts.close()?;
        }
        if present.as_ref().is_some_and(|bits| bits.count() == 0) {
            return Ok(Column::nulls(texts.len()));
        }
        Ok(Column { data: ColumnData::Str(texts), present })
    }

    fn declared(&self, column: usize, declared: ColumnType, bad: &mut Vec<(usize, BadRow)>) -> Result<Column> {
        if declared == ColumnType::String {
            return self.texts(column);
        }
        let mut values = Column::nulls(0);
        for (row, span) in self.index.column(column).enumerate() {
            if self.is_null(&span) {
                values.append_nulls(1);
                continue;
            }
            let (text, _) = self.dialect.field(&self.buffer[span]);
            match value_of(&text, declared) {
                Ok(value) => values.push(value)?,
                Err(reason) => {
                    values.append_nulls(1);
                    let line = self.index.lines.line_of(row);
                    bad.push((row, BadRow { line, column: column + 1, field: None, reason }));
                }
            }
        }
        Ok(values)
    }

    fn kind(&self, span: &Range<usize>) -> Kind {
        let text = &self.buffer[span.clone()];
        if self.is_quoted(text) { Kind::Str } else { numbers::kind_of(text) }
    }

    fn is_quoted(&self, text: &[u8]) -> bool {
        text.len() >= 2 && text.first().copied() == self.dialect.quote
    }

    #[inline]
    fn is_null(&self, span: &Range<usize>) -> bool {
        span.is_empty() || self.is_null_text(span)
    }

    #[inline]
    fn is_null_text(&self, span: &Range<usize>) -> bool {
        self.null.is_some_and(|null| null == &self.buffer[span.clone()])
    }
}

/// Returns the value of a declared type that a text spells, or why there is none.
pub(super) fn value_of(text: &[u8], declared: ColumnType) -> std::result::Result<Value, String> {
    let text = str::from_utf8(text).expect("chunks are checked before their fields are read");
    let value = match declared {
        ColumnType::Integer => match text.parse() {
            Ok(n) => Some(Value::Int(n)),
            Err(_) => {
                let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
                if !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()) {
                    return Err(format!("the number {} does not fit a 64-bit integer", shown(text)));
                }
                None
            }
        },
        ColumnType::Float => match text {
            "NaN" | "Infinity" | "-Infinity" => numbers::float_of(text.as_bytes()).map(Value::Float),
            _ if text.bytes().any(|c| matches!(c, b'n' | b'N' | b'f' | b'F')) => None,
            _ => match text.parse::<f64>() {
                Ok(x) if x.is_infinite() => {
                    return Err(format!("the number {} does not fit a 64-bit float", shown(text)));
                }
                parsed => parsed.ok().map(Value::Float),
            },
        },
        ColumnType::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        ColumnType::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        ColumnType::Boolean => None,
        ColumnType::Date => Date::parse(text.as_bytes()).map(Value::Date),
        ColumnType::Temporal(kind) => return kind.parse(text).map(Value::from).map_err(|error| error.to_string()),
        ColumnType::Point => return Point::parse(text).map(Value::from),
        ColumnType::String => Some(Value::from(text)),
        ColumnType::ListOf(item) => {
            let items = text.split(ITEM_DELIMITER).map(|item_text| value_of(item_text.as_bytes(), *item));
            Some(Value::list(items.collect::<std::result::Result<Vec<_>, _>>()?))
        }
        ColumnType::List => {
            let list = serde_json::from_str(text).ok().map(model::from_json);
            list.filter(|list| matches!(list, Value::List(_)) && list.is_storable())
        }
    };
    value.ok_or_else(|| format!("{} is no {}", shown(text), declared.name()))
}

/// Returns a text in quotes, shortened for people.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

/// Returns where a text stops being UTF-8, and the byte there.
pub(super) fn invalid_utf8(text: &[u8]) -> Option<(usize, u8)> {
    let at = str::from_utf8(text).err()?.valid_up_to();
    Some((at, text[at]))
}

/// Returns the texts of a row, as a header needs them.
pub(super) fn texts_of_row<'a>(buffer: &'a [u8], index: &Index, dialect: Dialect, row: usize) -> Vec<Cow<'a, str>> {
    let field = |column| match dialect.field(&buffer[index.span(row, column)]).0 {
        Cow::Borrowed(text) => String::from_utf8_lossy(text),
        Cow::Owned(text) => Cow::Owned(String::from_utf8_lossy(&text).into_owned()),
    };
    (0..index.n_fields()).map(field).collect()
}
