//! KGQL: from text to rows.

pub(crate) mod function;
pub(crate) mod plan;
