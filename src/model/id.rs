//! Ids: dense, never reused, 32 bits inside and 64 at the border.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// Returns the id with this number.
            pub const fn new(raw: u32) -> Self {
                Self(raw)
            }

            /// Returns the number.
            pub const fn get(self) -> u32 {
                self.0
            }

            /// Returns the number as an index.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> u64 {
                u64::from(id.0)
            }
        }
    };
}

id! {
    /// A node.
    NodeId
}
id! {
    /// A relationship.
    RelId
}
id! {
    /// A label's name in the dictionary.
    LabelId
}
id! {
    /// A relationship type's name in the dictionary.
    TypeId
}
id! {
    /// A property key's name in the dictionary.
    KeyId
}

/// The end of a relationship that one stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// From the start node to the end node.
    Out,
    /// From the end node to the start node.
    In,
}

impl Direction {
    /// Returns the other one.
    pub const fn reverse(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
        }
    }
}
