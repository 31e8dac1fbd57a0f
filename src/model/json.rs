//! Values as JSON, in both directions.
//!
//! Nodes and relationships become objects, dates ISO text, paths a list of nodes and relationships in turn. JSON has no
//! number for NaN and the infinities: they become null.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Map, Node, Relationship, Value};

/// Returns the JSON form of a value.
pub fn to_json(value: &Value) -> serde_json::Value {
    serde_json::to_value(value).expect("values have text keys, and floats JSON lacks become null")
}

/// Returns the value a JSON text spells. Numbers that fit no 64-bit integer become floats; objects become maps.
pub fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::Number(n) => {
            n.as_i64().map(Value::Int).or_else(|| n.as_f64().map(Value::Float)).unwrap_or_default()
        }
        serde_json::Value::String(s) => Value::from(s),
        serde_json::Value::Array(items) => Value::list(items.into_iter().map(from_json)),
        serde_json::Value::Object(entries) => {
            Value::from(entries.into_iter().map(|(key, value)| (key.into(), from_json(value))).collect::<Map>())
        }
    }
}

/// As JSON has it: a node is `{"id", "labels", "properties"}`, a relationship `{"id", "start", "end", "type",
/// "properties"}`; without its data either is its id alone in the object.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(b) => to.serialize_bool(*b),
            Self::Int(n) => to.serialize_i64(*n),
            Self::Float(x) if x.is_finite() => to.serialize_f64(*x),
            Self::Float(_) => to.serialize_unit(),
            Self::String(s) => to.serialize_str(s),
            Self::Date(d) => to.collect_str(d),
            Self::Temporal(temporal) => to.collect_str(temporal),
            Self::Point(point) => to.collect_str(point),
            Self::List(items) => to.collect_seq(items.iter()),
            Self::Map(map) => Entries(map).serialize(to),
            Self::Node(node) => node.serialize(to),
            Self::Relationship(rel) => rel.serialize(to),
            Self::Path(path) => {
                let mut list = to.serialize_seq(Some(path.nodes.len() + path.relationships.len()))?;
                for (at, node) in path.nodes.iter().enumerate() {
                    if at > 0 {
                        list.serialize_element(&path.relationships[at - 1])?;
                    }
                    list.serialize_element(node)?;
                }
                list.end()
            }
        }
    }
}

struct Entries<'a>(&'a Map);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(key, value)| (&**key, value)))
    }
}

struct Names<'a>(&'a [std::sync::Arc<str>]);

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|name| &**name))
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object = to.serialize_map(None)?;
        object.serialize_entry("id", &self.id.get())?;
        if let Some(data) = &self.data {
            object.serialize_entry("labels", &Names(&data.labels))?;
            object.serialize_entry("properties", &Entries(&data.properties))?;
        }
        object.end()
    }
}

impl Serialize for Relationship {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object = to.serialize_map(None)?;
        object.serialize_entry("id", &self.id.get())?;
        if let Some(data) = &self.data {
            object.serialize_entry("start", &data.start.get())?;
            object.serialize_entry("end", &data.end.get())?;
            object.serialize_entry("type", &*data.rel_type)?;
            object.serialize_entry("properties", &Entries(&data.properties))?;
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Date, NodeData, NodeId, Path, RelId, RelationshipData};

    #[test]
    fn entities_are_objects() {
        let properties: Map = [("name".into(), Value::from("Ada"))].into();
        let data = NodeData { labels: vec!["Person".into()], properties: properties.clone() };
        let node = Node { id: NodeId::new(7), data: Some(Arc::new(data)) };
        let data = RelationshipData { start: node.id, end: node.id, rel_type: "KNOWS".into(), properties };
        let rel = Relationship { id: RelId::new(3), data: Some(Arc::new(data)) };
        let path = Path { nodes: vec![node.clone(), Node::bare(NodeId::new(7))], relationships: vec![rel] };
        assert_eq!(
            to_json(&Value::Path(Arc::new(path))).to_string(),
            r#"[{"id":7,"labels":["Person"],"properties":{"name":"Ada"}},{"id":3,"start":7,"end":7,"type":"KNOWS","properties":{"name":"Ada"}},{"id":7}]"#
        );
    }

    #[test]
    fn what_json_knows_comes_back() {
        let map: Map = [("a".into(), Value::Int(-1)), ("b".into(), Value::Float(0.5))].into();
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(1e300),
            Value::from("é\n\""),
            Value::list([Value::Int(1), Value::Null]),
            Value::from(map),
        ] {
            assert_eq!(from_json(to_json(&value)), value);
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(from_json(serde_json::from_str(&text).unwrap()), value);
        }
        assert_eq!(to_json(&Value::Date(Date::from_days(1))), "1970-01-02");
        assert_eq!(
            to_json(&Value::list([Value::Float(f64::NAN), Value::Float(f64::INFINITY)])).to_string(),
            "[null,null]"
        );
        assert_eq!(from_json(serde_json::from_str("18446744073709551615").unwrap()), Value::Float(u64::MAX as f64));
    }
}
