//! KGQL: from text to rows.

#![allow(dead_code, reason = "the later stages of the pipeline are not wired to this one yet")]

pub(crate) mod ast;
pub(crate) mod execute;
pub(crate) mod function;
pub(crate) mod plan;
