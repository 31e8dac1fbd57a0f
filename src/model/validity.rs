//! When facts hold.

use std::sync::Arc;

use super::{KeyId, TypeId};

/// Two properties that say when a relationship holds: from the first, included, to the second, excluded. Where one is absent,
/// that end is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validity {
    /// The types of the relationships; none means all.
    pub(crate) types: Vec<TypeId>,
    /// The property with the time from which it holds.
    pub(crate) since: KeyId,
    /// The property with the time from which it holds no more.
    pub(crate) until: KeyId,
    /// The parameter of statements that says what time it is in the world of these facts; none where that is the system's.
    pub(crate) clock: Option<Arc<str>>,
}
