//! An aggregation over the trails of a tree-shaped pattern, to be computed without walking the trails.
//!
//! The pattern is a tree: nodes, and steps (relationships, or short stretches of them) between them, each node with what it
//! must satisfy by itself. How many trails there are through a node then is a product of sums over its neighbours, and so
//! for all nodes; [`super::optimize::factorize`] makes this form from the operators it stands for, and
//! [`super::execute::chain`] runs it. What cannot be had exactly in this way is left to `general`, the operators themselves.

use std::fmt;

use super::{
    function::Aggregator,
    plan::{Expr, Follow, KeyRef, LabelRef, Op, Slot, TypeRef},
};

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct ChainAggregate {
    pub(crate) nodes: Vec<ChainNode>,
    /// One less than there are nodes; together they join all nodes.
    pub(crate) steps: Vec<ChainStep>,
    /// Pairs of steps that may not take the same relationship.
    pub(crate) distinct: Vec<(usize, usize)>,
    /// The node that all keys are of; `None` when there are no keys.
    pub(crate) group: Option<usize>,
    pub(crate) keys: Vec<(Slot, Expr)>,
    pub(crate) folds: Vec<(Slot, Fold)>,
    /// Only these groups matter above.
    pub(crate) keep: Option<Keep>,
    /// The same rows, by walking the trails.
    pub(crate) general: Op,
}

/// A node of the pattern.
#[derive(Debug, Clone)]
pub(crate) struct ChainNode {
    pub(crate) slot: Slot,
    pub(crate) source: ChainSource,
    /// Labels it must have.
    pub(crate) labels: Vec<LabelRef>,
    /// What else must be true of it. No other slot appears in these.
    pub(crate) predicates: Vec<Expr>,
}

/// Where candidates for a node come from.
#[derive(Debug, Clone)]
pub(crate) enum ChainSource {
    /// Any node.
    Any,
    /// The nodes that an index finds.
    Seek { label: LabelRef, key: KeyRef, value: Expr },
    /// The nodes of a number, or of a list of numbers.
    Ids(Expr),
}

/// A step of the pattern: `min..=max` relationships from `from` to `to`.
#[derive(Debug, Clone)]
pub(crate) struct ChainStep {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) follow: Follow,
    /// Any of these types; empty means every type.
    pub(crate) types: Vec<TypeRef>,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// What is made of a group.
#[derive(Debug, Clone)]
pub(crate) enum Fold {
    /// The number of trails.
    Rows,
    /// An aggregate of a property of one node.
    Of { function: Aggregator, node: usize, key: KeyRef },
    /// The number of distinct nodes.
    DistinctNodes { node: usize },
    /// The number of distinct values of a property of one node.
    DistinctValues { node: usize, key: KeyRef },
}

/// The groups that come first by one fold, so many of them and those that equal the last: more are not asked for.
#[derive(Debug, Clone)]
pub(crate) struct Keep {
    /// Where it is in [`ChainAggregate::folds`].
    pub(crate) fold: usize,
    /// The greatest come first.
    pub(crate) descending: bool,
    pub(crate) count: Expr,
}

impl ChainAggregate {
    /// Returns the slots it fills.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = Slot> {
        self.keys.iter().map(|(slot, _)| *slot).chain(self.folds.iter().map(|(slot, _)| *slot))
    }
}

impl fmt::Display for ChainStep {
    /// Writes the step without its ends: `-[:KNOWS*1..2]->`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.follow == Follow::In { "<-[" } else { "-[" })?;
        for (at, rel_type) in self.types.iter().enumerate() {
            write!(f, "{}{}", if at == 0 { ":" } else { "|" }, rel_type.name)?;
        }
        match (self.min, self.max) {
            (1, 1) => {}
            (min, max) if min == max => write!(f, "*{min}")?,
            (min, max) => write!(f, "*{min}..{max}")?,
        }
        f.write_str(if self.follow == Follow::Out { "]->" } else { "]-" })
    }
}
