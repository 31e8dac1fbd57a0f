//! KGQL: from text to rows.

pub(crate) mod ast;
pub(crate) mod bind;
pub(crate) mod chain;
pub(crate) mod compile;
pub(crate) mod execute;
pub(crate) mod explain;
pub(crate) mod function;
pub(crate) mod notice;
pub(crate) mod optimize;
mod parse;
pub(crate) mod plan;
pub(crate) mod planner;
pub(crate) mod procedure;
pub(crate) mod slots;
pub(crate) mod statistics;
pub(crate) mod suggest;

#[allow(unused_imports, reason = "the database that calls it is not wired to it yet")]
pub(crate) use self::compile::{Compilation, Compiled, CopyTo, compile};
pub(crate) use self::parse::{is_complete, parse, split_statements};

#[cfg(test)]
mod tests;
