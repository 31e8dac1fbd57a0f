//! Types of values as the language names them: what `x IS :: LIST<INTEGER | STRING NOT NULL>` tests.
//!
//! A type is more than the kinds that binding knows of an expression: it has names, may be a union, and says of lists what is
//! in them and of everything whether null is of it.

use std::fmt;

use crate::model::Value;

/// A type that a value may be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeTest {
    /// Which, without regard to null.
    pub(crate) is: TypeKind,
    /// Null is of it too.
    pub(crate) admits_null: bool,
}

/// See [`TypeTest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TypeKind {
    /// `ANY`: every value.
    Any,
    /// `NULL` and `NOTHING`: no value but null, or not even null.
    Nothing,
    /// `PROPERTY VALUE`: what a property can hold.
    Property,
    /// A kind of value, by the name that [`Value::kind`] gives it.
    Kind(&'static str),
    /// `LIST<type>`: a list whose items are all of a type.
    List(Box<TypeTest>),
    /// `INTEGER | FLOAT`: of one of them.
    Union(Vec<TypeTest>),
}

/// The names of types in capitals, their words separated by blanks.
pub(crate) const NAMES: &[(&str, TypeKind)] = &[
    ("ANY", TypeKind::Any),
    ("ANY EDGE", TypeKind::Kind("RELATIONSHIP")),
    ("ANY MAP", TypeKind::Kind("MAP")),
    ("ANY NODE", TypeKind::Kind("NODE")),
    ("ANY PROPERTY VALUE", TypeKind::Property),
    ("ANY RELATIONSHIP", TypeKind::Kind("RELATIONSHIP")),
    ("ANY VALUE", TypeKind::Any),
    ("ANY VERTEX", TypeKind::Kind("NODE")),
    ("BOOL", TypeKind::Kind("BOOLEAN")),
    ("BOOLEAN", TypeKind::Kind("BOOLEAN")),
    ("DATE", TypeKind::Kind("DATE")),
    ("DURATION", TypeKind::Kind("DURATION")),
    ("EDGE", TypeKind::Kind("RELATIONSHIP")),
    ("FLOAT", TypeKind::Kind("FLOAT")),
    ("INT", TypeKind::Kind("INTEGER")),
    ("INTEGER", TypeKind::Kind("INTEGER")),
    ("LOCAL DATETIME", TypeKind::Kind("LOCAL DATETIME")),
    ("LOCAL TIME", TypeKind::Kind("LOCAL TIME")),
    ("MAP", TypeKind::Kind("MAP")),
    ("NODE", TypeKind::Kind("NODE")),
    ("NOTHING", TypeKind::Nothing),
    ("NULL", TypeKind::Nothing),
    ("PATH", TypeKind::Kind("PATH")),
    ("POINT", TypeKind::Kind("POINT")),
    ("PROPERTY VALUE", TypeKind::Property),
    ("RELATIONSHIP", TypeKind::Kind("RELATIONSHIP")),
    ("SIGNED INTEGER", TypeKind::Kind("INTEGER")),
    ("STRING", TypeKind::Kind("STRING")),
    ("TIME WITH TIME ZONE", TypeKind::Kind("ZONED TIME")),
    ("TIME WITH TIMEZONE", TypeKind::Kind("ZONED TIME")),
    ("TIME WITHOUT TIME ZONE", TypeKind::Kind("LOCAL TIME")),
    ("TIME WITHOUT TIMEZONE", TypeKind::Kind("LOCAL TIME")),
    ("TIMESTAMP WITH TIME ZONE", TypeKind::Kind("ZONED DATETIME")),
    ("TIMESTAMP WITH TIMEZONE", TypeKind::Kind("ZONED DATETIME")),
    ("TIMESTAMP WITHOUT TIME ZONE", TypeKind::Kind("LOCAL DATETIME")),
    ("TIMESTAMP WITHOUT TIMEZONE", TypeKind::Kind("LOCAL DATETIME")),
    ("VARCHAR", TypeKind::Kind("STRING")),
    ("VERTEX", TypeKind::Kind("NODE")),
    ("ZONED DATETIME", TypeKind::Kind("ZONED DATETIME")),
    ("ZONED TIME", TypeKind::Kind("ZONED TIME")),
];

impl TypeTest {
    /// Returns the type of everything.
    pub(crate) const fn any() -> Self {
        Self { is: TypeKind::Any, admits_null: true }
    }

    /// Returns the type of a name in capitals. All but `NOTHING` admit null.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let at = NAMES.binary_search_by_key(&name, |(known, _)| known).ok()?;
        Some(Self { is: NAMES[at].1.clone(), admits_null: name != "NOTHING" })
    }

    /// Returns the type of lists of this.
    pub(crate) fn listed(self) -> Self {
        Self { is: TypeKind::List(Box::new(self)), admits_null: true }
    }

    /// Returns the narrowest type of a value: of a list, what its items are of.
    pub(crate) fn of(value: &Value) -> Self {
        let is = match value {
            Value::Null => return Self { is: TypeKind::Nothing, admits_null: true },
            Value::List(items) => TypeKind::List(Box::new(Self::of_all(items))),
            other => TypeKind::Kind(other.kind()),
        };
        Self { is, admits_null: false }
    }

    /// Returns the type that all values are of.
    fn of_all(values: &[Value]) -> Self {
        let admits_null = values.iter().any(Value::is_null);
        let mut types: Vec<Self> = Vec::new();
        for value in values.iter().filter(|value| !value.is_null()) {
            let test = Self { admits_null, ..Self::of(value) };
            if !types.contains(&test) {
                types.push(test);
            }
        }
        types.sort_by_cached_key(|test| (test.is.rank(), test.to_string()));
        match types.len() {
            0 => Self { is: TypeKind::Nothing, admits_null },
            1 => types.remove(0),
            _ => Self { is: TypeKind::Union(types), admits_null },
        }
    }

    /// Returns whether a value is of the type.
    pub(crate) fn admits(&self, value: &Value) -> bool {
        if value.is_null() {
            return self.admits_null;
        }
        match &self.is {
            TypeKind::Any => true,
            TypeKind::Nothing => false,
            TypeKind::Property => value.is_storable(),
            TypeKind::Kind(kind) => value.kind() == *kind,
            TypeKind::List(item) => matches!(value, Value::List(items) if items.iter().all(|value| item.admits(value))),
            TypeKind::Union(types) => types.iter().any(|one| one.admits(value)),
        }
    }
}

impl TypeKind {
    /// Returns the place in a union.
    fn rank(&self) -> usize {
        /// The kinds in the order that unions are written in.
        const ORDER: [&str; 16] = [
            "BOOLEAN",
            "STRING",
            "INTEGER",
            "FLOAT",
            "DATE",
            "LOCAL TIME",
            "ZONED TIME",
            "LOCAL DATETIME",
            "ZONED DATETIME",
            "DURATION",
            "POINT",
            "NODE",
            "RELATIONSHIP",
            "MAP",
            "LIST",
            "PATH",
        ];
        let name = match self {
            Self::Kind(kind) => kind,
            Self::List(_) => "LIST",
            _ => return 0,
        };
        ORDER.iter().position(|known| *known == name).map_or(ORDER.len(), |at| at + 1)
    }
}

/// Writes it as it is written in a query.
impl fmt::Display for TypeTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.is {
            TypeKind::Any => f.write_str("ANY")?,
            TypeKind::Nothing => return f.write_str(if self.admits_null { "NULL" } else { "NOTHING" }),
            TypeKind::Property => f.write_str("PROPERTY VALUE")?,
            TypeKind::Kind(kind) => f.write_str(kind)?,
            TypeKind::List(item) => write!(f, "LIST<{item}>")?,
            TypeKind::Union(types) => {
                for (at, one) in types.iter().enumerate() {
                    write!(f, "{}{one}", if at > 0 { " | " } else { "" })?;
                }
                return Ok(());
            }
        }
        f.write_str(if self.admits_null { "" } else { " NOT NULL" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_name_kinds_that_values_have() {
        assert!(NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
        assert_eq!(TypeTest::named("int").map(|test| test.to_string()), None);
        assert!(TypeTest::named("SIGNED INTEGER").unwrap().admits(&Value::Int(1)));
        assert!(!TypeTest::named("NOTHING").unwrap().admits(&Value::Null));
    }

    #[test]
    fn lists_are_of_a_type_where_all_items_are() {
        let strict = TypeTest { admits_null: false, ..TypeTest::named("INTEGER").unwrap() };
        let list = strict.listed();
        assert_eq!(list.to_string(), "LIST<INTEGER NOT NULL>");
        assert!(list.admits(&Value::list([])));
        assert!(list.admits(&Value::Null));
        assert!(list.admits(&Value::list([Value::Int(1)])));
        assert!(!list.admits(&Value::list([Value::Int(1), Value::Null])));
        assert!(!list.admits(&Value::Int(1)));
    }
}
