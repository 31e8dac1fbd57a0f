//! JSON lines: one object a line, its keys the columns, its scalars and lists of scalars the values.

use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};

use memchr::memchr;
use rustc_hash::FxBuildHasher;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    convert::{invalid_utf8, shown, value_of},
    csv::BadRow,
    numbers::PAD,
    options::{COLUMNS_MAX, ColumnType, FIELD_BYTES_MAX, FormatOptions, OnError},
    read::ChunkRows,
};
use crate::{
    Error, Result,
    model::{Column, Value},
};

/// Parses the objects of a chunk.
pub(super) fn parse(buffer: &[u8], options: &FormatOptions) -> Result<ChunkRows> {
    let mut parser = Parser { options, rows: ChunkRows::default(), places: HashMap::default() };
    let mut text = &buffer[PAD..];
    let mut fields = Vec::new();
    while !text.is_empty() {
        let end = memchr(b'\n', text).unwrap_or(text.len());
        let line = text[..end].trim_ascii();
        text = text.get(end + 1..).unwrap_or_default();
        if !line.is_empty() {
            let read = read_object(line, &mut fields).and_then(|()| parser.check(&mut fields));
            match read {
                Ok(()) => parser.add(&mut fields)?,
                Err((field, reason)) => {
                    let line = parser.rows.n_lines;
                    parser.rows.bad.push(BadRow { line, column: 0, field, reason });
                    if options.on_error == OnError::Stop {
                        break;
                    }
                }
            }
        }
        parser.rows.n_lines += 1;
    }
    Ok(parser.rows)
}

/// A key and its value.
type Entry<'a> = (Cow<'a, str>, Field<'a>);

/// Why a line is no row: the field, and what is wrong.
type Refusal = (Option<String>, String);

/// A value of an object.
#[derive(Debug)]
enum Field<'a> {
    Text(Cow<'a, str>),
    Value(Value),
    /// What no property can be.
    Refused(&'static str),
}

/// Reads the entries of an object.
fn read_object<'a>(line: &'a [u8], fields: &mut Vec<Entry<'a>>) -> std::result::Result<(), Refusal> {
    fields.clear();
    if let Some((at, byte)) = invalid_utf8(line) {
        return Err((None, format!("byte 0x{byte:02X}, number {} of the line, is not UTF-8", at + 1)));
    }
    let mut json = serde_json::Deserializer::from_slice(line);
    let read = json.deserialize_map(Object { fields: &mut *fields }).and_then(|()| json.end());
    let Err(error) = read else { return Ok(()) };
    // The line of a syntax error is always the first, so only its column says something.
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let after = fields.last().map(|(key, _)| key.to_string());
    Err((
        None,
        match after {
            Some(key) => format!("no JSON object: {text} at byte {}, after the field {key:?}", error.column()),
            None => format!("no JSON object: {text} at byte {}", error.column()),
        },
    ))
}

struct Parser<'o> {
    options: &'o FormatOptions,
    rows: ChunkRows,
    places: HashMap<Arc<str>, usize, FxBuildHasher>,
}

impl Parser<'_> {
    /// Checks that the entries are properties, each once, of their declared types.
    fn check(&self, fields: &mut [Entry<'_>]) -> std::result::Result<(), Refusal> {
        for at in 0..fields.len() {
            let (before, [(key, field), ..]) = fields.split_at_mut(at) else { unreachable!("at is below the length") };
            let refuse = |reason: String| Err((Some(key.to_string()), reason));
            if before.iter().any(|(other, _)| other == key) {
                return refuse("the key comes twice".to_owned());
            }
            if let Field::Text(text) = field
                && text.len() > FIELD_BYTES_MAX
            {
                return refuse(format!("the field is longer than {FIELD_BYTES_MAX} bytes"));
            }
            if let Field::Refused(what) = field {
                return refuse((*what).to_owned());
            }
            if let Some(declared) = self.options.declared_type(key) {
                match convert(field, declared) {
                    Ok(None) => {}
                    Ok(Some(value)) => *field = Field::Value(value),
                    Err(reason) => return refuse(reason),
                }
            }
        }
        Ok(())
    }

    /// Adds a row.
    fn add(&mut self, fields: &mut Vec<Entry<'_>>) -> Result<()> {
        // Objects of a file mostly have their keys in one order.
        for (guess, (key, field)) in fields.drain(..).enumerate() {
            let at =
                if self.rows.names.get(guess).is_some_and(|name| **name == *key) { guess } else { self.place(&key)? };
            let column = &mut self.rows.columns[at];
            match field {
                Field::Text(text) => column.push_text(&text)?,
                Field::Value(value) => column.push(value)?,
                Field::Refused(_) => unreachable!("refused before"),
            }
        }
        for column in &mut self.rows.columns {
            if column.len() == self.rows.n_rows {
                column.append_nulls(1);
            }
        }
        self.rows.lines.push(self.rows.n_rows as u64, self.rows.n_lines);
        self.rows.n_rows += 1;
        Ok(())
    }

    /// Returns the column of a key.
    fn place(&mut self, key: &str) -> Result<usize> {
        if let Some(at) = self.places.get(key) {
            return Ok(*at);
        }
        let at = self.rows.names.len();
        if at == COLUMNS_MAX {
            return Err(Error::Limit { what: "columns of a file", max: COLUMNS_MAX as u64 });
        }
        let name: Arc<str> = key.into();
        self.rows.names.push(name.clone());
        self.rows.columns.push(Column::nulls(self.rows.n_rows));
        self.places.insert(name, at);
        Ok(at)
    }
}

/// Returns a value as the declared type.
#[cfg(feature = "parquet")]
pub(super) fn declared(value: Value, declared: ColumnType) -> std::result::Result<Value, String> {
    let field = match value {
        Value::String(text) => Field::Text(Cow::Owned(text.to_string())),
        value => Field::Value(value),
    };
    Ok(match (convert(&field, declared)?, field) {
        (Some(value), _) | (None, Field::Value(value)) => value,
        (None, Field::Text(text)) => Value::from(&*text),
        (None, Field::Refused(what)) => return Err(what.to_owned()),
    })
}

/// Makes a value the declared type; `None` where it is that already.
fn convert(field: &Field<'_>, declared: ColumnType) -> std::result::Result<Option<Value>, String> {
    match (field, declared) {
        (Field::Value(Value::Null), _) | (Field::Text(_), ColumnType::String) => Ok(None),
        (Field::Value(Value::Int(_)), ColumnType::Integer)
        | (Field::Value(Value::Float(_)), ColumnType::Float)
        | (Field::Value(Value::Bool(_)), ColumnType::Boolean)
        | (Field::Value(Value::List(_)), ColumnType::List) => Ok(None),
        (Field::Value(Value::Int(n)), ColumnType::Float) => Ok(Some(Value::Float(*n as f64))),
        (Field::Value(value @ (Value::Int(_) | Value::Float(_) | Value::Bool(_))), ColumnType::String) => {
            Ok(Some(Value::from(value.to_string())))
        }
        (Field::Text(text), declared) => value_of(text.as_bytes(), declared).map(Some),
        (Field::Value(Value::Float(x)), ColumnType::Integer) if x.abs() >= 9e18 => {
            Err(format!("the number {x} does not fit a 64-bit integer"))
        }
        (Field::Value(value), declared) => Err(format!("{} is no {}", shown(&value.to_string()), declared.name())),
        (Field::Refused(what), _) => Err((*what).to_owned()),
    }
}

struct Object<'v, 'a> {
    fields: &'v mut Vec<Entry<'a>>,
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            self.fields.push((key, Field::Value(Value::Null)));
            let value = map.next_value()?;
            self.fields.last_mut().expect("just pushed").1 = value;
        }
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'a> Deserialize<'a> for Key<'a> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Text;
        impl<'a> Visitor<'a> for Text {
            type Value = Cow<'a, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'a str) -> std::result::Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        from.deserialize_str(Text).map(Self)
    }
}

impl<'a> Deserialize<'a> for Field<'a> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'a> Visitor<'a> for FieldVisitor {
    type Value = Field<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> std::result::Result<Self::Value, E> {
        Ok(Field::Value(Value::Null))
    }

    fn visit_bool<E: de::Error>(self, b: bool) -> std::result::Result<Self::Value, E> {
        Ok(Field::Value(Value::Bool(b)))
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> std::result::Result<Self::Value, E> {
        Ok(Field::Value(Value::Int(n)))
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> std::result::Result<Self::Value, E> {
        Ok(Field::Value(i64::try_from(n).map_or(Value::Float(n as f64), Value::Int)))
    }

    fn visit_f64<E: de::Error>(self, x: f64) -> std::result::Result<Self::Value, E> {
        Ok(Field::Value(Value::Float(x)))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'a str) -> std::result::Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        let mut refused = None;
        while let Some(item) = seq.next_element::<Field<'a>>()? {
            match item {
                Field::Text(text) => items.push(Value::from(&*text)),
                Field::Value(Value::Null) => refused = Some("a list that holds null cannot be a property"),
                Field::Value(Value::List(_)) => refused = Some("a list within a list cannot be a property"),
                Field::Value(value) => items.push(value),
                Field::Refused(_) => refused = Some("a list of lists or objects cannot be a property"),
            }
        }
        Ok(refused.map_or_else(|| Field::Value(Value::list(items)), Field::Refused))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Refused("an object within an object cannot be a property"))
    }
}
