//! Static kinds: what binding knows about a value before anything runs.

use crate::query::plan::SlotKind;

/// What a value is known to be. Every kind admits null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing is known.
    Any,
    /// It is null.
    Null,
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// A float.
    Float,
    /// An integer or a float.
    Number,
    /// A string.
    String,
    /// A date.
    Date,
    /// A map.
    Map,
    /// A node.
    Node,
    /// A relationship.
    Relationship,
    /// A path.
    Path,
    /// A list of such elements.
    List(Element),
}

/// What the elements of a list are known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    /// Nothing is known.
    Any,
    /// There is none, or all are null.
    Null,
    /// Booleans.
    Bool,
    /// Numbers.
    Number,
    /// Integers.
    Int,
    /// Floats.
    Float,
    /// Strings.
    String,
    /// Dates.
    Date,
    /// Maps.
    Map,
    /// Nodes.
    Node,
    /// Relationships.
    Relationship,
    /// Paths.
    Path,
    /// Lists of whatever.
    List,
}

impl Kind {
    /// Returns the kind of a list of this.
    pub(crate) const fn listed(self) -> Self {
        Self::List(match self {
            Self::Any => Element::Any,
            Self::Null => Element::Null,
            Self::Bool => Element::Bool,
            Self::Int => Element::Int,
            Self::Float => Element::Float,
            Self::Number => Element::Number,
            Self::String => Element::String,
            Self::Date => Element::Date,
            Self::Map => Element::Map,
            Self::Node => Element::Node,
            Self::Relationship => Element::Relationship,
            Self::Path => Element::Path,
            Self::List(_) => Element::List,
        })
    }

    /// Returns the kind of an element of this.
    pub(crate) const fn element(self) -> Self {
        match self {
            Self::List(element) => match element {
                Element::Any => Self::Any,
                // The list is empty, so nothing that is said of its elements can be wrong.
                Element::Null => Self::Any,
                Element::Bool => Self::Bool,
                Element::Int => Self::Int,
                Element::Float => Self::Float,
                Element::Number => Self::Number,
                Element::String => Self::String,
                Element::Date => Self::Date,
                Element::Map => Self::Map,
                Element::Node => Self::Node,
                Element::Relationship => Self::Relationship,
                Element::Path => Self::Path,
                Element::List => Self::List(Element::Any),
            },
            _ => Self::Any,
        }
    }

    /// Returns what is known of a value that is of one kind or the other.
    pub(crate) fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Null, kind) | (kind, Self::Null) => kind,
            (Self::Int | Self::Float | Self::Number, Self::Int | Self::Float | Self::Number) => Self::Number,
            (Self::List(a), Self::List(b)) => {
                Self::List(a).element_or_null().join(Self::List(b).element_or_null()).listed()
            }
            _ => Self::Any,
        }
    }

    const fn element_or_null(self) -> Self {
        match self {
            Self::List(Element::Null) => Self::Null,
            _ => self.element(),
        }
    }

    /// Returns whether a value of this kind may also be of one of `kinds`.
    pub(crate) fn may_be(self, kinds: &[Self]) -> bool {
        matches!(self, Self::Any | Self::Null) || kinds.contains(&self)
    }

    /// Returns whether it may be a boolean.
    pub(crate) const fn may_be_bool(self) -> bool {
        matches!(self, Self::Any | Self::Null | Self::Bool)
    }

    /// Returns whether it may be a number.
    pub(crate) const fn may_be_number(self) -> bool {
        matches!(self, Self::Any | Self::Null | Self::Int | Self::Float | Self::Number)
    }

    /// Returns whether it may be a list.
    pub(crate) const fn may_be_list(self) -> bool {
        matches!(self, Self::Any | Self::Null | Self::List(_))
    }

    /// Returns what a slot of this kind that no pattern filled holds.
    pub(crate) const fn slot(self) -> SlotKind {
        SlotKind::Value
    }

    /// Returns its name for messages, with an article.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Int => "an integer",
            Self::Float => "a float",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Date => "a date",
            Self::Map => "a map",
            Self::Node => "a node",
            Self::Relationship => "a relationship",
            Self::Path => "a path",
            Self::List(_) => "a list",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_join_to_what_both_may_be() {
        assert_eq!(Kind::Int.join(Kind::Float), Kind::Number);
        assert_eq!(Kind::Null.join(Kind::String), Kind::String);
        assert_eq!(Kind::Bool.join(Kind::String), Kind::Any);
        assert_eq!(Kind::List(Element::Null).join(Kind::List(Element::Int)), Kind::List(Element::Int));
        assert_eq!(Kind::Int.listed().element(), Kind::Int);
    }
}
