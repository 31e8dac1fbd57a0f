//! Values of the language: three-valued equality, comparability, and openCypher's total order.
//!
//! Four notions that differ on purpose:
//! - [`Value::equals`] is `=`: null when either side is or holds null, `NaN` equals nothing, `1 = 1.0`.
//! - [`Value::compare`] is `<`: defined within a kind (numbers, strings, booleans, dates, lists), else null; never for points.
//! - [`Value::order`] is `ORDER BY`: total, over all kinds.
//! - [`Value::same`] is `DISTINCT` and grouping (equivalence): null is the same as null, `NaN` as `NaN`.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{Date, Map, NodeId, Point, RelId, temporal::Temporal};

/// A value of the language. Cloning is cheap: what is large is shared.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Unknown or absent.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// A 64-bit IEEE 754 number.
    Float(f64),
    /// Unicode text.
    String(Arc<str>),
    /// A calendar date.
    Date(Date),
    /// A time, a moment or a duration.
    Temporal(Arc<Temporal>),
    /// A point on a plane, in space or on the earth.
    Point(Arc<Point>),
    /// An ordered list.
    List(Arc<[Value]>),
    /// A map.
    Map(Arc<Map>),
    /// A node.
    Node(Node),
    /// A relationship.
    Relationship(Relationship),
    /// A path.
    Path(Arc<Path>),
}

/// A node: its id, and in results also its labels and properties.
#[derive(Debug, Clone)]
pub struct Node {
    /// Which node.
    pub id: NodeId,
    /// What it had when the result was made. Absent only inside a running query.
    pub data: Option<Arc<NodeData>>,
}

/// Labels and properties of a node at the time of a result.
#[derive(Debug, Clone, Default)]
pub struct NodeData {
    /// Labels, in the order of their ids.
    pub labels: Vec<Arc<str>>,
    /// Properties.
    pub properties: Map,
}

/// A relationship: its id, and in results also its ends, type and properties.
#[derive(Debug, Clone)]
pub struct Relationship {
    /// Which relationship.
    pub id: RelId,
    /// What it had when the result was made. Absent only inside a running query.
    pub data: Option<Arc<RelationshipData>>,
}

/// Ends, type and properties of a relationship at the time of a result.
#[derive(Debug, Clone)]
pub struct RelationshipData {
    /// The start node.
    pub start: NodeId,
    /// The end node.
    pub end: NodeId,
    /// The relationship type.
    pub rel_type: Arc<str>,
    /// Properties.
    pub properties: Map,
}

/// A path: `nodes.len() == relationships.len() + 1`; relationship `i` joins nodes `i` and `i + 1` in either direction.
#[derive(Debug, Clone)]
pub struct Path {
    /// The nodes, in order.
    pub nodes: Vec<Node>,
    /// The relationships, in order.
    pub relationships: Vec<Relationship>,
}

impl Node {
    /// Returns the node of an id, without its data.
    pub const fn bare(id: NodeId) -> Self {
        Self { id, data: None }
    }

    /// Returns the labels.
    pub fn labels(&self) -> &[Arc<str>] {
        self.data.as_ref().map_or(&[], |data| &data.labels)
    }

    /// Returns a property, or null.
    pub fn get(&self, key: &str) -> Value {
        self.data.as_ref().and_then(|data| data.properties.get(key)).cloned().unwrap_or_default()
    }
}

impl Relationship {
    /// Returns the relationship of an id, without its data.
    pub const fn bare(id: RelId) -> Self {
        Self { id, data: None }
    }

    /// Returns the relationship type.
    pub fn rel_type(&self) -> &str {
        self.data.as_ref().map_or("", |data| &data.rel_type)
    }

    /// Returns a property, or null.
    pub fn get(&self, key: &str) -> Value {
        self.data.as_ref().and_then(|data| data.properties.get(key)).cloned().unwrap_or_default()
    }
}

impl Value {
    /// Returns a list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// Returns a node without its data.
    pub const fn node(id: NodeId) -> Self {
        Self::Node(Node::bare(id))
    }

    /// Returns a relationship without its data.
    pub const fn relationship(id: RelId) -> Self {
        Self::Relationship(Relationship::bare(id))
    }

    /// Returns whether this is null.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the boolean, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Returns the integer, if it is one.
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// Returns the number as a float, if it is an integer or a float.
    pub const fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }

    /// Returns the text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// Returns the name of the kind of value, as error messages use it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Bool(_) => "BOOLEAN",
            Self::Int(_) => "INTEGER",
            Self::Float(_) => "FLOAT",
            Self::String(_) => "STRING",
            Self::Date(_) => "DATE",
            Self::Temporal(temporal) => temporal.kind(),
            Self::Point(_) => "POINT",
            Self::List(_) => "LIST",
            Self::Map(_) => "MAP",
            Self::Node(_) => "NODE",
            Self::Relationship(_) => "RELATIONSHIP",
            Self::Path(_) => "PATH",
        }
    }

    /// Returns whether the value may be a property: a scalar, or a list of scalars without nulls.
    pub fn is_storable(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::String(_) => true,
            Self::Date(_) | Self::Temporal(_) | Self::Point(_) => true,
            Self::List(items) => items.iter().all(|v| !v.is_null() && !matches!(v, Self::List(_)) && v.is_storable()),
            Self::Map(_) | Self::Node(_) | Self::Relationship(_) | Self::Path(_) => false,
        }
    }

    /// Returns `self = other`: `None` is null.
    pub fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Null, _) | (_, Self::Null) => None,
            (Self::List(a), Self::List(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                all_equal(a.iter().zip(b.iter()))
            }
            (Self::Map(a), Self::Map(b)) => {
                if a.len() != b.len() || !a.keys().eq(b.keys()) {
                    return Some(false);
                }
                all_equal(a.values().zip(b.values()))
            }
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                Some(compare_numbers(self, other) == Some(Ordering::Equal))
            }
            _ => Some(self.rank() == other.rank() && self.order(other) == Ordering::Equal),
        }
    }

    /// Returns how `self` and `other` compare for `<`, `<=`, `>`, `>=`: `None` is null (incomparable kinds, null, NaN).
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => compare_numbers(self, other),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Temporal(a), Self::Temporal(b)) => a.compare(b),
            (Self::List(a), Self::List(b)) => {
                for (x, y) in a.iter().zip(b.iter()) {
                    match x.compare(y)? {
                        Ordering::Equal => {}
                        unequal => return Some(unequal),
                    }
                }
                Some(a.len().cmp(&b.len()))
            }
            _ => None,
        }
    }

    /// Returns the place in openCypher's total order, ascending: maps, nodes, relationships, lists, paths, points,
    /// datetimes, local datetimes, dates, times, local times, durations, strings, booleans, numbers (NaN last), null.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => order_numbers(self, other),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Temporal(a), Self::Temporal(b)) => a.order(b),
            (Self::Point(a), Self::Point(b)) => a.order(b),
            (Self::Node(a), Self::Node(b)) => a.id.cmp(&b.id),
            (Self::Relationship(a), Self::Relationship(b)) => a.id.cmp(&b.id),
            (Self::List(a), Self::List(b)) => {
                let by_item = a.iter().zip(b.iter()).map(|(x, y)| x.order(y)).find(|o| o.is_ne());
                by_item.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Map(a), Self::Map(b)) => {
                let by_size = a.len().cmp(&b.len()).then_with(|| a.keys().cmp(b.keys()));
                by_size.then_with(|| {
                    let by_value = a.values().zip(b.values()).map(|(x, y)| x.order(y)).find(|o| o.is_ne());
                    by_value.unwrap_or(Ordering::Equal)
                })
            }
            (Self::Path(a), Self::Path(b)) => {
                let nodes = a.nodes.iter().map(|n| n.id).cmp(b.nodes.iter().map(|n| n.id));
                nodes.then_with(|| a.relationships.iter().map(|r| r.id).cmp(b.relationships.iter().map(|r| r.id)))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// Returns whether both are the same for `DISTINCT` and grouping.
    pub fn same(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Equal
    }

    /// The [`rank`](Self::rank) of strings.
    pub(crate) const STRING_RANK: u8 = 12;

    /// Returns the place of the value's kind in the total order.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Map(_) => 0,
            Self::Node(_) => 1,
            Self::Relationship(_) => 2,
            Self::List(_) => 3,
            Self::Path(_) => 4,
            Self::Point(_) => 5,
            Self::Temporal(temporal) => 6 + temporal.rank(),
            Self::Date(_) => 8,
            Self::String(_) => Self::STRING_RANK,
            Self::Bool(_) => 13,
            Self::Int(_) | Self::Float(_) => 14,
            Self::Null => 15,
        }
    }
}

fn all_equal<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    let mut known = true;
    for (x, y) in pairs {
        match x.equals(y) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = false,
        }
    }
    known.then_some(true)
}

fn compare_numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => compare_int_float(*a, *b),
        (Value::Float(a), Value::Int(b)) => compare_int_float(*b, *a).map(Ordering::reverse),
        _ => None,
    }
}

/// Compares exactly: an `i64` beyond 2^53 must not be rounded to a float first.
fn compare_int_float(a: i64, b: f64) -> Option<Ordering> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        return None;
    }
    if b >= TWO_63 {
        return Some(Ordering::Less);
    }
    if b < -TWO_63 {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    Some(a.cmp(&(whole as i64)).then_with(|| 0.0f64.partial_cmp(&(b - whole)).unwrap_or(Ordering::Equal)))
}

fn order_numbers(a: &Value, b: &Value) -> Ordering {
    compare_numbers(a, b).unwrap_or_else(|| {
        let is_nan = |v: &Value| matches!(v, Value::Float(x) if x.is_nan());
        is_nan(a).cmp(&is_nan(b))
    })
}

/// Equivalence, as [`Value::same`]: what `DISTINCT`, grouping and unique keys use.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.same(other)
    }
}

impl Eq for Value {}

/// Consistent with [`Value::same`]: an integral float hashes as its integer.
impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Null => {}
            Self::Bool(b) => b.hash(state),
            Self::Int(n) => n.hash(state),
            Self::Float(x) => {
                let whole = *x as i64;
                if compare_int_float(whole, *x) == Some(Ordering::Equal) {
                    whole.hash(state);
                } else if x.is_nan() {
                    f64::NAN.to_bits().hash(state);
                } else {
                    x.to_bits().hash(state);
                }
            }
            Self::String(s) => s.hash(state),
            Self::Date(d) => d.hash(state),
            Self::Temporal(temporal) => temporal.hash(state),
            Self::Point(point) => point.to_bits().hash(state),
            Self::List(items) => items.iter().for_each(|v| v.hash(state)),
            Self::Map(map) => map.iter().for_each(|entry| entry.hash(state)),
            Self::Node(n) => n.id.hash(state),
            Self::Relationship(r) => r.id.hash(state),
            Self::Path(p) => {
                p.nodes.iter().for_each(|n| n.id.hash(state));
                p.relationships.iter().for_each(|r| r.id.hash(state));
            }
        }
    }
}

/// Writes KGQL text that reads back as the same value, for all but nodes, relationships and paths.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => b.fmt(f),
            Self::Int(n) => n.fmt(f),
            Self::Float(x) => write_float(f, *x),
            Self::String(s) => write_string(f, s),
            Self::Date(d) => d.fmt(f),
            Self::Temporal(temporal) => temporal.fmt(f),
            Self::Point(point) => point.fmt(f),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Map(map) => write_map(f, map),
            Self::Node(node) => write_node(f, node),
            Self::Relationship(rel) => write_relationship(f, rel),
            Self::Path(path) => {
                f.write_str("<")?;
                for (at, node) in path.nodes.iter().enumerate() {
                    if at > 0 {
                        let rel = &path.relationships[at - 1];
                        let backwards = rel.data.as_ref().is_some_and(|d| d.start != path.nodes[at - 1].id);
                        f.write_str(if backwards { "<-" } else { "-" })?;
                        write_relationship(f, rel)?;
                        f.write_str(if backwards { "-" } else { "->" })?;
                    }
                    write_node(f, node)?;
                }
                f.write_str(">")
            }
        }
    }
}

pub(super) fn write_float(f: &mut fmt::Formatter<'_>, x: f64) -> fmt::Result {
    if x.is_nan() {
        f.write_str("NaN")
    } else if x.is_infinite() {
        f.write_str(if x > 0.0 { "Infinity" } else { "-Infinity" })
    } else if x == x.trunc() && x.abs() < 1e16 {
        write!(f, "{x:.1}")
    } else if x.abs() >= 1e16 || x.abs() < 1e-5 {
        write!(f, "{x:e}")
    } else {
        write!(f, "{x}")
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, s: &str) -> fmt::Result {
    use fmt::Write as _;
    f.write_str("'")?;
    for c in s.chars() {
        match c {
            '\'' => f.write_str("\\'")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            c => f.write_char(c)?,
        }
    }
    f.write_str("'")
}

fn write_map(f: &mut fmt::Formatter<'_>, map: &Map) -> fmt::Result {
    f.write_str("{")?;
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        write_name(f, key)?;
        write!(f, ": {value}")?;
    }
    f.write_str("}")
}

/// Writes a name, in backticks where it is no plain identifier.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    let mut chars = name.chars();
    let plain =
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_');
    if plain { f.write_str(name) } else { write!(f, "`{}`", name.replace('`', "``")) }
}

fn write_node(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    let Some(data) = &node.data else { return write!(f, "(#{})", node.id) };
    f.write_str("(")?;
    for label in &data.labels {
        f.write_str(":")?;
        write_name(f, label)?;
    }
    if !data.properties.is_empty() {
        f.write_str(if data.labels.is_empty() { "" } else { " " })?;
        write_map(f, &data.properties)?;
    }
    f.write_str(")")
}

fn write_relationship(f: &mut fmt::Formatter<'_>, rel: &Relationship) -> fmt::Result {
    let Some(data) = &rel.data else { return write!(f, "[#{}]", rel.id) };
    f.write_str("[:")?;
    write_name(f, &data.rel_type)?;
    if !data.properties.is_empty() {
        f.write_str(" ")?;
        write_map(f, &data.properties)?;
    }
    f.write_str("]")
}

macro_rules! from {
    ($($type:ty => |$v:ident| $e:expr),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from($v: $type) -> Self {
                $e
            }
        }
    )*};
}

from! {
    bool => |v| Self::Bool(v),
    i32 => |v| Self::Int(v.into()),
    u32 => |v| Self::Int(v.into()),
    i64 => |v| Self::Int(v),
    f32 => |v| Self::Float(v.into()),
    f64 => |v| Self::Float(v),
    &str => |v| Self::String(v.into()),
    String => |v| Self::String(v.into()),
    Arc<str> => |v| Self::String(v),
    Date => |v| Self::Date(v),
    Temporal => |v| Self::Temporal(Arc::new(v)),
    Point => |v| Self::Point(Arc::new(v)),
    Map => |v| Self::Map(Arc::new(v)),
    Node => |v| Self::Node(v),
    Relationship => |v| Self::Relationship(v),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(v: Vec<T>) -> Self {
        Self::list(v.into_iter().map(Into::into))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(v: &Value) -> u64 {
        use std::hash::DefaultHasher;
        let mut h = DefaultHasher::new();
        v.hash(&mut h);
        h.finish()
    }

    #[test]
    fn equality_is_three_valued() {
        let null = Value::Null;
        assert_eq!(null.equals(&null), None);
        assert_eq!(Value::Int(1).equals(&Value::Float(1.0)), Some(true));
        assert_eq!(Value::Float(f64::NAN).equals(&Value::Float(f64::NAN)), Some(false));
        assert_eq!(Value::Int(1).equals(&Value::from("1")), Some(false));
        let with_null = Value::list([Value::Int(1), null.clone()]);
        assert_eq!(with_null.equals(&Value::list([Value::Int(1), Value::Int(2)])), None);
        assert_eq!(with_null.equals(&Value::list([Value::Int(3), Value::Int(2)])), Some(false));
    }

    #[test]
    fn order_is_total_and_hash_agrees_with_sameness() {
        let values = [
            Value::Map(Arc::default()),
            Value::node(NodeId::new(1)),
            Value::relationship(RelId::new(1)),
            Value::list([]),
            Value::list([Value::Int(1)]),
            Value::from(Point::new(super::super::Crs::Wgs84, &[1.0, 2.0]).unwrap()),
            Value::from(Point::new(super::super::Crs::Cartesian, &[0.0, -1.0]).unwrap()),
            Value::from(Point::new(super::super::Crs::Cartesian, &[0.0, 1.0]).unwrap()),
            Value::Date(Date::from_days(0)),
            Value::from(""),
            Value::from("a"),
            Value::Bool(false),
            Value::Bool(true),
            Value::Float(f64::NEG_INFINITY),
            Value::Int(i64::MIN),
            Value::Float(-0.5),
            Value::Int(0),
            Value::Float(0.5),
            Value::Int((1 << 53) + 1),
            Value::Int(i64::MAX),
            Value::Float(9_223_372_036_854_775_808.0),
            Value::Float(f64::INFINITY),
            Value::Float(f64::NAN),
            Value::Null,
        ];
        for (i, a) in values.iter().enumerate() {
            for (j, b) in values.iter().enumerate() {
                assert_eq!(a.order(b), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in [(Value::Int(0), Value::Float(-0.0)), (Value::Int(7), Value::Float(7.0))] {
            assert!(a.same(&b));
            assert_eq!(hash(&a), hash(&b));
        }
        assert_eq!(hash(&Value::Float(f64::NAN)), hash(&Value::Float(-f64::NAN)));
        assert!(!Value::Int((1 << 53) + 1).same(&Value::Float((1i64 << 53) as f64)));
    }

    #[test]
    fn text_of_values() {
        let map: Map = [("a b".into(), Value::from("it's")), ("k".into(), Value::Float(2.0))].into();
        assert_eq!(Value::from(map).to_string(), "{`a b`: 'it\\'s', k: 2.0}");
        assert_eq!(Value::Float(1e20).to_string(), "1e20");
    }
}
