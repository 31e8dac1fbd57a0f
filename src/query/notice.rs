//! What a statement should be told although it is not wrong.

use crate::Span;

/// A remark about a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The remark.
    pub(crate) message: String,
    /// What it is about.
    pub(crate) span: Span,
}
