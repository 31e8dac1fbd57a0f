//! KGQL: from text to rows. Knows the graph's views and transactions; must not know storage, files' formats or commit.
//!
//! # Life of a query
//! 1. [`parse`](fn@parse) cuts the text into tokens (length and nesting are bounded here), checks them against
//!    `grammar/kgql.pest`, and builds the [`ast`]; every node keeps its span.
//! 2. [`bind`] finds what each name means: scopes, slots, static kinds. Most of openCypher's compile-time errors come from
//!    here, each with its place and, where a similar name exists, a suggestion. Names that nothing has yet become notices.
//! 3. [`planner`] turns pattern graphs into a tree of operators ([`plan`]) by cost, from exact statistics: indexes, the order of
//!    a pattern's steps, steps between nodes that are bound. Conditions that are written later come to the patterns first.
//! 4. [`optimize`] holds that rule and the others, in order, each a pure function on its own: constants, subqueries written
//!    twice or the same for all rows, semi-joins, LIMIT, top-k, aggregation over trails without walking them ([`chain`]),
//!    cycles as intersections; and last the list of slots each operator must carry on.
//! 5. [`compile`](mod@compile) does all that; what it returns is kept by text, as long as the catalog and the facts the plan
//!    relied on ([`plan::Assumption`]) stay.
//! 6. [`execute`] runs the operators over a snapshot, or over a transaction and its own view, in batches of ids by column.
//!    Values are made of ids where rows leave.

pub(crate) mod ast;
pub(crate) mod attend;
pub(crate) mod beam;
mod bind;
pub(crate) mod chain;
pub(crate) mod cheapest;
pub(crate) mod compile;
pub(crate) mod execute;
pub(crate) mod explain;
pub(crate) mod function;
pub(crate) mod host;
pub(crate) mod notice;
pub(crate) mod optimize;
mod parse;
pub(crate) mod plan;
pub(crate) mod planner;
pub(crate) mod policy;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod print;
pub(crate) mod procedure;
pub(crate) mod search;
pub(crate) mod slots;
mod stack;
pub(crate) mod statistics;
pub(crate) mod suggest;
pub(crate) mod value_type;
mod words;

pub use self::explain::{OperatorProfile, Profile};
pub(crate) use self::parse::{is_complete, parameter_span, parse, split_statements};
pub use self::procedure::{Procedure, ValueType};

#[cfg(test)]
pub(crate) use self::parse::keywords;

#[cfg(test)]
mod tests;
