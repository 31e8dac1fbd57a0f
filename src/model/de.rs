//! Rows into the caller's own types, by serde: structs by column name, tuples and single values by position.
//!
//! A node or relationship is read as a struct or map of its properties, a date as its ISO text, null as `None` or a
//! missing field. An integral float is taken where an integer is wanted; no other number is converted.

use std::{fmt, sync::Arc};

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
    value::{MapDeserializer, SeqDeserializer},
};

use super::{Map, Value};
use crate::{Error, Result};

/// Returns a row as `T`: a struct or map by column name, a tuple or list by position, anything else the only column.
///
/// # Errors
/// [`Error::Convert`] names the column, what was wanted and what was found.
pub(crate) fn from_row<T: DeserializeOwned>(columns: &[Arc<str>], values: &[Value]) -> Result<T> {
    assert_eq!(columns.len(), values.len(), "a value for every column");
    T::deserialize(Row { columns, values }).map_err(|failure| Error::Convert {
        what: match failure.column {
            Some(at) => format!("column {:?}: {}", columns[at], failure.message),
            None => failure.message,
        },
    })
}

/// Returns a value as `T`.
///
/// # Errors
/// [`Error::Convert`] says what was wanted and what was found.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(Cell(value)).map_err(|failure| Error::Convert { what: failure.message })
}

/// Why a row is no `T`.
#[derive(Debug)]
struct Failure {
    message: String,
    column: Option<usize>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), column: None }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("no column or property {field:?}"))
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::custom(format!("wanted {wanted}, found {}", described(found)))
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::custom(format!("wanted {wanted}, found {}", described(found)))
    }
}

/// Says what was found in the words of the language.
fn described(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit => "NULL".to_owned(),
        Unexpected::Bool(b) => format!("BOOLEAN {b}"),
        Unexpected::Signed(n) => format!("INTEGER {n}"),
        Unexpected::Unsigned(n) => format!("INTEGER {n}"),
        Unexpected::Float(x) => format!("FLOAT {x:?}"),
        Unexpected::Str(text) => {
            let short: String = text.chars().take(40).collect();
            format!("STRING '{short}{}'", if short.len() < text.len() { "…" } else { "" })
        }
        Unexpected::Seq => "LIST".to_owned(),
        Unexpected::Map => "MAP".to_owned(),
        other => other.to_string(),
    }
}

struct Row<'a> {
    columns: &'a [Arc<str>],
    values: &'a [Value],
}

impl<'a> Row<'a> {
    /// Returns the only value, for types that are no row.
    fn single(&self) -> Result<Cell<'a>, Failure> {
        match self.values {
            [value] => Ok(Cell(value)),
            values => Err(de::Error::custom(format!("a single value cannot hold a row of {} columns", values.len()))),
        }
    }

    fn by_position<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let mut cells = Cells { values: self.values, at: 0 };
        let read = visitor.visit_seq(&mut cells)?;
        if cells.at < self.values.len() {
            return Err(de::Error::custom(format!(
                "the row has {} columns, {} were wanted",
                self.values.len(),
                cells.at
            )));
        }
        Ok(read)
    }

    fn by_name<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(Named { row: self, at: 0 })
    }
}

macro_rules! single {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.single()?.$method(visitor).map_err(|failure| Failure { column: Some(0), ..failure })
        }
    )*};
}

impl<'de> Deserializer<'de> for Row<'_> {
    type Error = Failure;

    single! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
        deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.by_name(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.by_name(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        // `RETURN n` is one column, of a node: its properties are the struct, unless the struct has a field `n`.
        if let [value @ (Value::Node(_) | Value::Relationship(_) | Value::Map(_))] = self.values
            && !fields.contains(&&*self.columns[0])
        {
            let read = Cell(value).deserialize_map(visitor);
            return read.map_err(|failure| Failure { column: Some(0), ..failure });
        }
        self.by_name(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.by_position(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Failure> {
        self.by_position(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.by_position(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let read = self.single()?.deserialize_enum(name, variants, visitor);
        read.map_err(|failure| Failure { column: Some(0), ..failure })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }
}

/// The values of a row by position.
struct Cells<'a> {
    values: &'a [Value],
    at: usize,
}

impl<'de> SeqAccess<'de> for &mut Cells<'_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some(value) = self.values.get(self.at) else { return Ok(None) };
        let column = Some(self.at);
        self.at += 1;
        seed.deserialize(Cell(value)).map(Some).map_err(|failure| Failure { column, ..failure })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len() - self.at)
    }
}

/// The values of a row by name.
struct Named<'a> {
    row: Row<'a>,
    at: usize,
}

impl<'de> MapAccess<'de> for Named<'_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(name) = self.row.columns.get(self.at) else { return Ok(None) };
        seed.deserialize((&**name).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let column = Some(self.at);
        self.at += 1;
        let value = &self.row.values[self.at - 1];
        seed.deserialize(Cell(value)).map_err(|failure| Failure { column, ..failure })
    }
}

/// A value.
#[derive(Clone, Copy)]
struct Cell<'a>(&'a Value);

impl<'de, 'a> IntoDeserializer<'de, Failure> for Cell<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Cell<'_> {
    /// Returns the integer, also of an integral float.
    fn integer(&self) -> Option<i64> {
        match self.0 {
            Value::Int(n) => Some(*n),
            // Below 2^63 in amount the conversion is exact.
            Value::Float(x) if x.trunc() == *x && x.abs() < 9.2e18 => Some(*x as i64),
            _ => None,
        }
    }

    fn map<'de, V: Visitor<'de>>(map: &Map, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(Entries { entries: map.iter(), value: None })
    }
}

/// The entries of a map; a failure names the key.
struct Entries<'a> {
    entries: super::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some((key, value));
        seed.deserialize((&**key).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let (key, value) = self.value.take().expect("serde asks for a key before its value");
        seed.deserialize(Cell(value))
            .map_err(|failure| Failure { message: format!("property {key:?}: {}", failure.message), ..failure })
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            match self.integer() {
                Some(n) => visitor.visit_i64(n),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

macro_rules! floats {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            match self.0.as_float() {
                Some(x) => visitor.visit_f64(x),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Int(n) => visitor.visit_i64(*n),
            Value::Float(x) => visitor.visit_f64(*x),
            Value::String(s) => visitor.visit_str(s),
            Value::Date(d) => visitor.visit_string(d.to_string()),
            Value::Temporal(temporal) => visitor.visit_string(temporal.to_string()),
            Value::Point(point) => visitor.visit_string(point.to_string()),
            Value::List(items) => {
                let mut items = SeqDeserializer::new(items.iter().map(Cell));
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Value::Map(map) => Self::map(map, visitor),
            Value::Node(node) => match &node.data {
                Some(data) => Self::map(&data.properties, visitor),
                None => visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, Cell<'_>)>())),
            },
            Value::Relationship(rel) => match &rel.data {
                Some(data) => Self::map(&data.properties, visitor),
                None => visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, Cell<'_>)>())),
            },
            Value::Path(path) => {
                let nodes: Vec<Value> = path.nodes.iter().cloned().map(Value::Node).collect();
                visitor.visit_seq(SeqDeserializer::new(nodes.iter().map(Cell)))
            }
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    floats! { deserialize_f32 deserialize_f64 }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    /// Unit variants by their name; others as a map of the name to the content.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(Variant { name, content: None }),
            Value::Map(map) if map.len() == 1 => {
                let (name, content) = map.iter().next().expect("one entry");
                visitor.visit_enum(Variant { name, content: Some(Cell(content)) })
            }
            other => Err(de::Error::custom(format!("wanted the name of a variant, found {}", other.kind()))),
        }
    }

    serde::forward_to_deserialize_any! {
        bool char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Variant<'a> {
    name: &'a str,
    content: Option<Cell<'a>>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Failure;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'a>), Failure> {
        let name: de::value::StrDeserializer<'_, Failure> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.content)))
    }
}

struct Content<'a>(Option<Cell<'a>>);

impl<'a> Content<'a> {
    fn some(self) -> Result<Cell<'a>, Failure> {
        self.0.ok_or_else(|| de::Error::custom("the variant needs a content: {name: content}"))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match self.0 {
            None | Some(Cell(Value::Null)) => Ok(()),
            Some(Cell(value)) => Err(de::Error::custom(format!("the variant has no content, found {}", value.kind()))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        seed.deserialize(self.some()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Failure> {
        self.some()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.some()?.deserialize_any(visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;
    use crate::model::{Date, Node, NodeData, NodeId};

    fn row<T: DeserializeOwned>(cells: &[(&str, Value)]) -> Result<T> {
        let (columns, values): (Vec<Arc<str>>, Vec<Value>) =
            cells.iter().map(|(name, value)| ((*name).into(), value.clone())).unzip();
        from_row(&columns, &values)
    }

    fn message<T: DeserializeOwned + fmt::Debug>(cells: &[(&str, Value)]) -> String {
        row::<T>(cells).unwrap_err().to_string()
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Person {
        name: String,
        age: u32,
        height: Option<f64>,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Mood {
        Calm,
        Angry { at: String },
    }

    fn ada() -> Person {
        Person { name: "Ada".into(), age: 36, height: None, tags: vec!["x".into()] }
    }

    fn node() -> Value {
        let properties: Map = [
            ("name".into(), Value::from("Ada")),
            ("age".into(), Value::Int(36)),
            ("tags".into(), Value::list([Value::from("x")])),
        ]
        .into();
        let data = NodeData { labels: vec!["Person".into()], properties };
        Value::Node(Node { id: NodeId::new(1), data: Some(Arc::new(data)) })
    }

    #[test]
    fn structs_by_name_tuples_by_position() {
        let cells = [
            ("age", Value::Int(36)),
            ("tags", Value::list([Value::from("x")])),
            ("name", Value::from("Ada")),
            ("height", Value::Null),
            ("other", Value::Bool(true)),
        ];
        assert_eq!(row::<Person>(&cells).unwrap(), ada());
        let two = [("a", Value::Int(1)), ("b", Value::from("x"))];
        assert_eq!(row::<(i64, String)>(&two).unwrap(), (1, "x".to_owned()));
        assert_eq!(row::<HashMap<String, i8>>(&[("a", Value::Int(1)), ("b", Value::Int(2))]).unwrap().len(), 2);
        assert_eq!(row::<u64>(&two[..1]).unwrap(), 1);
        assert_eq!(row::<(u64,)>(&two[..1]).unwrap(), (1,));
        assert_eq!(row::<Option<String>>(&[("a", Value::Null)]).unwrap(), None);
        assert_eq!(row::<Vec<i64>>(&[("a", Value::Int(1)), ("b", Value::Int(2))]).unwrap(), [1, 2]);
    }

    #[test]
    fn nodes_are_their_properties() {
        assert_eq!(row::<Person>(&[("n", node())]).unwrap(), ada());
        assert_eq!(row::<(Person, f32)>(&[("n", node()), ("x", Value::Int(2))]).unwrap(), (ada(), 2.0));
        #[derive(Deserialize)]
        struct Holder {
            n: Person,
        }
        assert_eq!(row::<Holder>(&[("n", node())]).unwrap().n, ada());
        assert_eq!(from_value::<Person>(&node()).unwrap(), ada());
    }

    #[test]
    fn scalars() {
        let one = |value: Value| [("v", value)];
        assert_eq!(row::<i32>(&one(Value::Float(3.0))).unwrap(), 3);
        assert_eq!(row::<String>(&one(Value::Date(Date::from_days(0)))).unwrap(), "1970-01-01");
        assert_eq!(row::<Mood>(&one(Value::from("Calm"))).unwrap(), Mood::Calm);
        let at: Map = [("at".into(), Value::from("Bo"))].into();
        let angry: Map = [("Angry".into(), Value::from(at))].into();
        assert_eq!(row::<Mood>(&one(Value::from(angry))).unwrap(), Mood::Angry { at: "Bo".into() });
        assert_eq!(row::<serde_json::Value>(&one(node())).unwrap()["v"]["age"], 36);
    }

    #[test]
    fn failures_name_column_and_types() {
        let one = |value: Value| [("v", value)];
        assert_eq!(
            message::<i64>(&one(Value::from("x"))),
            "cannot convert: column \"v\": wanted i64, found STRING 'x'"
        );
        assert_eq!(message::<u8>(&one(Value::Int(300))), "cannot convert: column \"v\": wanted u8, found INTEGER 300");
        assert_eq!(message::<String>(&one(Value::Null)), "cannot convert: column \"v\": wanted a string, found NULL");
        assert_eq!(
            message::<i64>(&one(Value::Float(1.5))),
            "cannot convert: column \"v\": wanted i64, found FLOAT 1.5"
        );
        let two = [("a", Value::Int(1)), ("b", Value::Int(2))];
        assert_eq!(message::<i64>(&two), "cannot convert: a single value cannot hold a row of 2 columns");
        assert_eq!(message::<(i64,)>(&two), "cannot convert: the row has 2 columns, 1 were wanted");
        assert_eq!(message::<(i64, bool)>(&two), "cannot convert: column \"b\": wanted a boolean, found INTEGER 2");
        assert_eq!(message::<Person>(&two), "cannot convert: no column or property \"name\"");
        let named = [("name", Value::Int(1))];
        assert_eq!(message::<Person>(&named), "cannot convert: column \"name\": wanted a string, found INTEGER 1");
        let aged: Map = [("age".into(), Value::from("old"))].into();
        let text = message::<Person>(&one(Value::from(aged)));
        assert_eq!(text, "cannot convert: column \"v\": property \"age\": wanted u32, found STRING 'old'");
    }
}
