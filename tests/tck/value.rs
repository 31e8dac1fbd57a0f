//! The TCK's notation of values, and how it compares with the engine's.

use std::{collections::BTreeMap, fmt};

use attendb::model::{Map, Node, Relationship, Value};

/// A value as a feature file writes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expected {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    List(Vec<Expected>),
    Map(BTreeMap<String, Expected>),
    Node(Entity),
    Relationship(Entity),
    /// Nodes, and between them relationships with whether they point forward.
    Path(Vec<Entity>, Vec<(Entity, bool)>),
}

/// Labels (or the type) and properties.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Entity {
    names: Vec<String>,
    properties: BTreeMap<String, Expected>,
}

/// Parses a cell.
pub(crate) fn parse(text: &str) -> Result<Expected, String> {
    let mut parser = Parser { chars: text.chars().collect(), at: 0 };
    let value = parser.value()?;
    parser.space();
    if parser.at < parser.chars.len() {
        return Err(format!("cannot read the value {text:?} beyond character {}", parser.at));
    }
    Ok(value)
}

impl Expected {
    /// Returns whether the engine's value is this one. With `list_order` off, lists compare as bags.
    pub(crate) fn matches(&self, actual: &Value, list_order: bool) -> bool {
        match (self, actual) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Int(a), Value::Int(b)) => a == b,
            (Self::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Self::String(a), Value::String(b)) => **a == **b,
            // Temporal values and points are written as their text.
            (Self::String(a), Value::Date(b)) => *a == b.to_string(),
            (Self::String(a), Value::Temporal(b)) => *a == b.to_string(),
            (Self::String(a), Value::Point(b)) => *a == b.to_string(),
            (Self::List(a), Value::List(b)) => {
                let same = |(a, b): (&Self, &Value)| a.matches(b, list_order);
                a.len() == b.len() && if list_order { a.iter().zip(b.iter()).all(same) } else { same_bag(a, b) }
            }
            (Self::Map(a), Value::Map(b)) => same_map(a, b, list_order),
            (Self::Node(a), Value::Node(b)) => a.is_node(b, list_order),
            (Self::Relationship(a), Value::Relationship(b)) => a.is_relationship(b, list_order),
            (Self::Path(nodes, relationships), Value::Path(path)) => {
                nodes.len() == path.nodes.len()
                    && relationships.len() == path.relationships.len()
                    && nodes.iter().zip(&path.nodes).all(|(a, b)| a.is_node(b, list_order))
                    && relationships.iter().zip(&path.relationships).enumerate().all(|(at, ((a, forward), b))| {
                        let (from, to) = if *forward { (at, at + 1) } else { (at + 1, at) };
                        a.is_relationship(b, list_order)
                            && b.data
                                .as_ref()
                                .is_some_and(|data| data.start == path.nodes[from].id && data.end == path.nodes[to].id)
                    })
            }
            _ => false,
        }
    }

    /// Returns the value as a parameter.
    pub(crate) fn into_value(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Int(n),
            Self::Float(x) => Value::Float(x),
            Self::String(s) => Value::from(s),
            Self::List(items) => Value::list(items.into_iter().map(Self::into_value).collect::<Result<Vec<_>, _>>()?),
            Self::Map(map) => {
                let entries = map.into_iter().map(|(key, value)| Ok((key.into(), value.into_value()?)));
                Value::from(entries.collect::<Result<Map, String>>()?)
            }
            Self::Node(_) | Self::Relationship(_) | Self::Path(..) => return Err("an entity as a parameter".into()),
        })
    }
}

impl Entity {
    fn is_node(&self, node: &Node, list_order: bool) -> bool {
        let Some(data) = &node.data else { return false };
        let mut labels: Vec<&str> = data.labels.iter().map(|label| &**label).collect();
        labels.sort_unstable();
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        names.sort_unstable();
        labels == names && same_map(&self.properties, &data.properties, list_order)
    }

    fn is_relationship(&self, relationship: &Relationship, list_order: bool) -> bool {
        let Some(data) = &relationship.data else { return false };
        self.names.len() == 1
            && *self.names[0] == *data.rel_type
            && same_map(&self.properties, &data.properties, list_order)
    }
}

fn same_map(expected: &BTreeMap<String, Expected>, actual: &Map, list_order: bool) -> bool {
    expected.len() == actual.len()
        && expected.iter().zip(actual).all(|((key, a), (name, b))| **key == **name && a.matches(b, list_order))
}

fn same_bag(expected: &[Expected], actual: &[Value]) -> bool {
    let mut left: Vec<&Value> = actual.iter().collect();
    expected.iter().all(|value| match left.iter().position(|other| value.matches(other, false)) {
        Some(at) => {
            left.swap_remove(at);
            true
        }
        None => false,
    })
}

struct Parser {
    chars: Vec<char>,
    at: usize,
}

impl Parser {
    fn value(&mut self) -> Result<Expected, String> {
        self.space();
        match self.peek() {
            Some('\'' | '"') => self.string().map(Expected::String),
            Some('{') => self.map().map(Expected::Map),
            Some('(') => self.node().map(Expected::Node),
            Some('<') => self.path(),
            Some('[') => {
                // A relationship is a bracket with a colon; a list never starts with one.
                let mut ahead = self.at + 1;
                while self.chars.get(ahead) == Some(&' ') {
                    ahead += 1;
                }
                if self.chars.get(ahead) == Some(&':') {
                    self.relationship().map(Expected::Relationship)
                } else {
                    self.list().map(Expected::List)
                }
            }
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Expected, String> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '+' | '-' | '_')) {
            self.at += 1;
        }
        let word: String = self.chars[start..self.at].iter().collect();
        Ok(match word.as_str() {
            "null" => Expected::Null,
            "true" => Expected::Bool(true),
            "false" => Expected::Bool(false),
            "NaN" => Expected::Float(f64::NAN),
            "Inf" | "Infinity" => Expected::Float(f64::INFINITY),
            "-Inf" | "-Infinity" => Expected::Float(f64::NEG_INFINITY),
            _ => match (word.parse(), word.parse()) {
                (Ok(n), _) => Expected::Int(n),
                (_, Ok(x)) if word.starts_with(|c: char| matches!(c, '0'..='9' | '-' | '+' | '.')) => {
                    Expected::Float(x)
                }
                _ => return Err(format!("cannot read the value {:?}", self.chars.iter().collect::<String>())),
            },
        })
    }

    fn string(&mut self) -> Result<String, String> {
        let quote = self.next()?;
        let mut out = String::new();
        loop {
            match self.next()? {
                c if c == quote => return Ok(out),
                '\\' => out.push(match self.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    other => other,
                }),
                c => out.push(c),
            }
        }
    }

    fn list(&mut self) -> Result<Vec<Expected>, String> {
        self.expect('[')?;
        let mut items = Vec::new();
        while !self.eat(']') {
            if !items.is_empty() {
                self.expect(',')?;
            }
            items.push(self.value()?);
        }
        Ok(items)
    }

    fn map(&mut self) -> Result<BTreeMap<String, Expected>, String> {
        self.expect('{')?;
        let mut map = BTreeMap::new();
        while !self.eat('}') {
            if !map.is_empty() {
                self.expect(',')?;
            }
            let key = self.name()?;
            self.expect(':')?;
            map.insert(key, self.value()?);
        }
        Ok(map)
    }

    fn node(&mut self) -> Result<Entity, String> {
        self.expect('(')?;
        self.entity(')')
    }

    fn relationship(&mut self) -> Result<Entity, String> {
        self.expect('[')?;
        self.entity(']')
    }

    fn entity(&mut self, close: char) -> Result<Entity, String> {
        let mut entity = Entity::default();
        while self.eat(':') {
            entity.names.push(self.name()?);
        }
        self.space();
        if self.peek() == Some('{') {
            entity.properties = self.map()?;
        }
        self.expect(close)?;
        Ok(entity)
    }

    fn path(&mut self) -> Result<Expected, String> {
        self.expect('<')?;
        let mut nodes = vec![self.node()?];
        let mut relationships = Vec::new();
        while !self.eat('>') {
            let backward = self.eat('<');
            self.expect('-')?;
            let relationship = self.relationship()?;
            self.expect('-')?;
            if !backward {
                self.expect('>')?;
            }
            relationships.push((relationship, !backward));
            nodes.push(self.node()?);
        }
        Ok(Expected::Path(nodes, relationships))
    }

    fn name(&mut self) -> Result<String, String> {
        self.space();
        if self.peek() == Some('`') {
            self.at += 1;
            let mut name = String::new();
            loop {
                match self.next()? {
                    '`' => return Ok(name),
                    c => name.push(c),
                }
            }
        }
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        if start == self.at {
            return Err(format!("no name at character {start} of {:?}", self.chars.iter().collect::<String>()));
        }
        Ok(self.chars[start..self.at].iter().collect())
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Result<char, String> {
        let c = self.peek().ok_or_else(|| format!("{:?} ends early", self.chars.iter().collect::<String>()))?;
        self.at += 1;
        Ok(c)
    }

    fn eat(&mut self, c: char) -> bool {
        self.space();
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.eat(c) {
            return Ok(());
        }
        Err(format!("no {c:?} at character {} of {:?}", self.at, self.chars.iter().collect::<String>()))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.clone().into_value() {
            Ok(value) => value.fmt(f),
            Err(_) => write!(f, "{self:?}"),
        }
    }
}
