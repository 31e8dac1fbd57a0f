//! Patterns: paths, nodes, relationships, and what they say of labels and properties.

use super::{Expr, Name};
use crate::{Span, query::search::PathMode};

/// A path pattern: a node, then any number of hops.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PathPattern {
    /// The path's variable (`p = ...`).
    pub(crate) variable: Option<Name>,
    /// Whether all paths are wanted or the shortest.
    pub(crate) selector: PathSelector,
    /// The selector is written before the pattern: WHERE tests what it selected.
    pub(crate) selects_first: bool,
    /// How many paths (with `Shortest`) or lengths (with `AllShortest`) are wanted; absent means 1.
    pub(crate) count: Option<Box<Expr>>,
    /// What may occur twice, where that is written.
    pub(crate) mode: Option<PathMode>,
    /// The variable inside the parentheses around the whole pattern.
    pub(crate) inner: Option<Name>,
    /// The predicate inside the parentheses around the whole pattern.
    pub(crate) predicate: Option<Box<Expr>>,
    /// The first node.
    pub(crate) start: NodePattern,
    /// The hops, left to right.
    pub(crate) hops: Vec<Hop>,
    /// The whole pattern, with its variable.
    pub(crate) span: Span,
}

impl PathPattern {
    /// Returns whether more than the chain and a selector before it says which paths match.
    pub(crate) const fn is_restricted_inside(&self) -> bool {
        self.mode.is_some() || self.inner.is_some() || self.predicate.is_some()
    }

    /// Returns whether more than the chain itself says which paths match.
    pub(crate) fn is_restricted(&self) -> bool {
        self.selects_first || self.mode.is_some() || self.inner.is_some() || self.predicate.is_some()
    }
}

/// Which of the matching paths are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathSelector {
    /// All.
    All,
    /// `shortestPath(...)`, `ANY SHORTEST`: one with the fewest hops for each pair of ends.
    Shortest,
    /// `allShortestPaths(...)`, `ALL SHORTEST`: all with the fewest hops for each pair of ends.
    AllShortest,
    /// `CHEAPEST k`: those of which the relationships cost the least, by the COST BY behind.
    Cheapest,
}

/// A relationship pattern and the node it leads to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hop {
    /// The relationship.
    pub(crate) relationship: RelationshipPattern,
    /// The node.
    pub(crate) node: NodePattern,
}

/// `(variable:Labels {properties} WHERE predicate)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NodePattern {
    /// The variable.
    pub(crate) variable: Option<Name>,
    /// The labels.
    pub(crate) labels: Option<LabelExpr>,
    /// The properties.
    pub(crate) properties: Option<Properties>,
    /// The inline predicate.
    pub(crate) predicate: Option<Box<Expr>>,
    /// The whole pattern, with its parentheses.
    pub(crate) span: Span,
}

impl NodePattern {
    /// Returns the node that an argument of a call names. No pattern that is written is as short as its variable.
    pub(crate) const fn given(variable: Name) -> Self {
        let span = variable.span;
        Self { variable: Some(variable), labels: None, properties: None, predicate: None, span }
    }

    /// Returns whether an argument of a call named it: then it must be there already.
    pub(crate) fn is_given(&self) -> bool {
        self.variable.as_ref().is_some_and(|name| name.span == self.span)
    }
}

/// `-[variable:TYPES*length {properties} WHERE predicate]->`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RelationshipPattern {
    /// The variable.
    pub(crate) variable: Option<Name>,
    /// The types (`:A|B|:C` is an `Or`).
    pub(crate) types: Option<LabelExpr>,
    /// Present where `*` or a quantifier was written.
    pub(crate) length: Option<PathLength>,
    /// The nodes beside each relationship, where a pattern in parentheses was quantified.
    pub(crate) group: Option<Box<Group>>,
    /// The properties.
    pub(crate) properties: Option<Properties>,
    /// The inline predicate.
    pub(crate) predicate: Option<Box<Expr>>,
    /// Where it points.
    pub(crate) direction: Direction,
    /// The whole pattern, with its arrow.
    pub(crate) span: Span,
}

/// What `((start)-[...]->(end) WHERE predicate){1,3}` says beside its relationship.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// The node before each relationship.
    pub(crate) start: NodePattern,
    /// The node behind it.
    pub(crate) end: NodePattern,
    /// What comes after that in each repetition.
    pub(crate) rest: Vec<Hop>,
    /// What holds of each repetition.
    pub(crate) predicate: Option<Expr>,
}

/// The direction of a relationship pattern, as written from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `-->`.
    Right,
    /// `<--`.
    Left,
    /// `--` or `<-->`.
    Either,
}

/// The length of a variable-length relationship: `*` is (None, None), `*2` is (2, 2), `*..3` is (None, 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathLength {
    /// The fewest hops; absent means 1.
    pub(crate) min: Option<u32>,
    /// The most hops; absent means no bound.
    pub(crate) max: Option<u32>,
    /// The `*` and the numbers.
    pub(crate) span: Span,
}

/// The properties of a node or relationship pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Properties {
    /// `{key: expr, ...}`.
    Map(Vec<(Name, Expr)>, Span),
    /// `$parameter`: allowed in `CREATE` only, which binding checks.
    Parameter(Name),
}

/// Labels or relationship types and how they combine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LabelExpr {
    /// One label.
    Label(Name),
    /// `%`: any label at all.
    Any(Span),
    /// `!A`.
    Not(Box<LabelExpr>, Span),
    /// `A&B`, also `:A:B`. At least two.
    And(Vec<LabelExpr>, Span),
    /// `A|B`, of types also `A|:B`. At least two.
    Or(Vec<LabelExpr>, Span),
}
