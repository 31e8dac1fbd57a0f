//! Expressions.

use std::{fmt, sync::Arc};

use super::{LabelExpr, Name, PathPattern, Query};
use crate::{
    Span,
    query::{stack::with_some_room, value_type::TypeTest},
};

/// An expression and where it stands.
#[derive(PartialEq)]
pub(crate) struct Expr {
    /// What it is.
    pub(crate) kind: ExprKind,
    /// Where it stands (parentheses around it not included).
    pub(crate) span: Span,
}

impl Clone for Expr {
    fn clone(&self) -> Self {
        with_some_room(|| Self { kind: self.kind.clone(), span: self.span })
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, span } = self;
        with_some_room(|| f.debug_struct("Expr").field("kind", kind).field("span", span).finish())
    }
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// An integer; a minus sign written before it is part of it.
    Int(i64),
    /// A float; a minus sign written before it is part of it.
    Float(f64),
    /// A string, escapes resolved.
    String(Arc<str>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{a: 1, b: 2}`.
    Map(Vec<(Name, Expr)>),
    /// `$name`; the name's span includes the `$`.
    Parameter(Name),
    /// A variable.
    Variable(Name),
    /// `expr.key`.
    Property(Box<Expr>, Name),
    /// `expr[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `expr[from..to]`.
    Slice {
        /// The list.
        list: Box<Expr>,
        /// The first position; absent means the start.
        from: Option<Box<Expr>>,
        /// One past the last position; absent means the end.
        to: Option<Box<Expr>>,
    },
    /// `a AND b AND ...`, at least two.
    And(Vec<Expr>),
    /// `a OR b OR ...`, at least two.
    Or(Vec<Expr>),
    /// `a XOR b XOR ...`, at least two.
    Xor(Vec<Expr>),
    /// `NOT a`.
    Not(Box<Expr>),
    /// `a < b <= c`: the conjunction of the comparisons of neighbours. At least one in `rest`.
    Comparison {
        /// The first operand.
        first: Box<Expr>,
        /// Operators and further operands.
        rest: Vec<(CompareOp, Expr)>,
    },
    /// A binary operator.
    Binary {
        /// Which.
        op: BinaryOp,
        /// Its left side.
        left: Box<Expr>,
        /// Its right side.
        right: Box<Expr>,
    },
    /// `-a` of something that is no number literal.
    Negate(Box<Expr>),
    /// `+a`: `a`, which must be a number.
    Plus(Box<Expr>),
    /// `a IS NULL`.
    IsNull(Box<Expr>),
    /// `a IS NOT NULL`.
    IsNotNull(Box<Expr>),
    /// `a IS :: LIST<STRING>`.
    IsTyped(Box<Expr>, TypeTest),
    /// `n:A:B`, `n:A|B`.
    HasLabels(Box<Expr>, LabelExpr),
    /// `namespace.name(DISTINCT args)`. `count(*)` is [`ExprKind::CountStar`].
    Call {
        /// The name with its namespace, dots between, as written.
        function: Name,
        /// `DISTINCT` was written.
        distinct: bool,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `count(*)`.
    CountStar,
    /// `CASE [subject] WHEN a THEN b ... [ELSE c] END`.
    Case {
        /// The value compared with each `WHEN`; absent in the searched form.
        subject: Option<Box<Expr>>,
        /// `WHEN`, `THEN`; at least one.
        branches: Vec<(Expr, Expr)>,
        /// `ELSE`.
        otherwise: Option<Box<Expr>>,
    },
    /// `CASE subject WHEN > 1, IS NULL THEN b ... [ELSE c] END`: the extended form, whose tests read the subject.
    CaseOf {
        /// The value that the conditions test.
        subject: Box<Expr>,
        /// Conditions with [`ExprKind::Subject`] in them, and what is taken where one holds; at least one.
        branches: Vec<(Expr, Expr)>,
        /// `ELSE`.
        otherwise: Option<Box<Expr>>,
    },
    /// In a condition of [`ExprKind::CaseOf`]: the subject of the innermost one.
    Subject,
    /// `[x IN list WHERE predicate | result]`.
    ListComprehension {
        /// The variable.
        variable: Name,
        /// The list.
        list: Box<Expr>,
        /// Which elements; absent means all.
        predicate: Option<Box<Expr>>,
        /// What of them; absent means the element itself.
        result: Option<Box<Expr>>,
    },
    /// `[p = (a)-->(b) WHERE predicate | result]`.
    PatternComprehension {
        /// The pattern, with the path's variable if any.
        pattern: Box<PathPattern>,
        /// Which matches; absent means all.
        predicate: Option<Box<Expr>>,
        /// What of them.
        result: Box<Expr>,
    },
    /// `all(x IN list WHERE predicate)` and its kin.
    Quantifier {
        /// Which.
        quantifier: Quantifier,
        /// The variable.
        variable: Name,
        /// The list.
        list: Box<Expr>,
        /// The predicate; absent in `any(x IN list)`, which tests the element itself.
        predicate: Option<Box<Expr>>,
    },
    /// `reduce(accumulator = initial, x IN list | step)`.
    Reduce {
        /// The accumulator.
        accumulator: Name,
        /// Its first value.
        initial: Box<Expr>,
        /// The variable.
        variable: Name,
        /// The list.
        list: Box<Expr>,
        /// The next value of the accumulator.
        step: Box<Expr>,
    },
    /// A pattern used as a predicate, `(a)-[:R]->(b)`, also inside `exists(...)`; at least one hop. With a selector
    /// (`shortestPath((a)-[*]-(b))`) it is the path, or for `allShortestPaths` the list of paths.
    Pattern(Box<PathPattern>),
    /// `EXISTS { query }`; the short form with just a pattern is a query of one `MATCH`.
    Exists(Box<Query>),
    /// `COUNT { query }`; the short form as in `Exists`.
    Count(Box<Query>),
    /// `COLLECT { query }`.
    Collect(Box<Query>),
    /// `n{.a, .*, b: 1, c}`.
    MapProjection {
        /// The node, relationship or map.
        subject: Name,
        /// What is taken of it.
        items: Vec<MapItem>,
    },
}

/// One item of a map projection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MapItem {
    /// `.key`.
    Property(Name),
    /// `.*`.
    AllProperties(Span),
    /// `key: expr`.
    Entry(Name, Expr),
    /// `variable`.
    Variable(Name),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompareOp {
    /// `=`.
    Equal,
    /// `<>`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `||`.
    Concat,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Modulo,
    /// `^`, left-associative as openCypher has it.
    Power,
    /// `IN`.
    In,
    /// `STARTS WITH`.
    StartsWith,
    /// `ENDS WITH`.
    EndsWith,
    /// `CONTAINS`.
    Contains,
    /// `=~`.
    Matches,
}

/// A quantifier over a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// `all`.
    All,
    /// `any`.
    Any,
    /// `none`.
    None,
    /// `single`.
    Single,
}

impl Expr {
    /// Returns an expression.
    pub(crate) fn new(kind: ExprKind, span: Span) -> Self {
        Self { kind, span }
    }
}
