//! What runs: a tree of operators over slots, with names resolved and types known.
//!
//! A *row* is a frame of slots; every variable of a statement, and every intermediate value that a later operator needs,
//! has a slot of its own. Operators pass batches of rows by column, so a slot is a column number. Binding and planning
//! produce this tree; optimizing rewrites it (same type, so each rule can be printed and tested alone); executing runs it.
//!
//! Names keep their text beside the id found while planning: a statement may create the label that it later matches, so
//! an unknown name is looked up again when an operator starts.

use std::sync::Arc;

use super::{
    attend::Attend,
    beam::{AttendPaths, LimitPaths},
    chain::ChainAggregate,
    cheapest::CheapestPaths,
    function::{Aggregator, Function},
    procedure::Procedure,
    search::PathSearch,
    stack::with_room,
    value_type::TypeTest,
};
use crate::{
    error::Span,
    graph::RangeBound,
    model::{Direction, KeyId, LabelId, TypeId, Value},
};

/// A column of the row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u16);

impl Slot {
    /// Returns the column number.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s{}", self.0)
    }
}

/// A name, and its id where the dictionary had it when the statement was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named<I> {
    pub(crate) name: Arc<str>,
    pub(crate) id: Option<I>,
}

pub(crate) type LabelRef = Named<LabelId>;
pub(crate) type TypeRef = Named<TypeId>;
pub(crate) type KeyRef = Named<KeyId>;

/// What a slot holds, as far as binding could tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotKind {
    /// A node, or null.
    Node,
    /// A relationship, or null.
    Relationship,
    /// A list of relationships (of a variable-length pattern), or null.
    Relationships,
    /// A path, or null.
    Path,
    /// Any value.
    Value,
}

/// A slot's name and kind, for plans and messages.
#[derive(Debug, Clone)]
pub(crate) struct SlotInfo {
    /// The variable's name; names starting with a space are internal.
    pub(crate) name: Arc<str>,
    pub(crate) kind: SlotKind,
}

/// A statement ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) root: Op,
    /// Every slot of the frame (inner plans share the frame of the statement).
    pub(crate) slots: Vec<SlotInfo>,
    /// The result's columns, in order; empty for a statement that returns nothing.
    pub(crate) columns: Vec<(Arc<str>, Slot)>,
    /// Names of the parameters; [`Expr::Param`] is an index into it.
    pub(crate) params: Vec<Arc<str>>,
    /// Whether it changes the graph.
    pub(crate) writes: bool,
    /// The most operators and expressions one above the other, before they were optimized.
    pub(crate) depth: usize,
    /// The catalog's version it was planned against.
    pub(crate) catalog_version: u64,
    /// What its rules took from the statistics for certain: it may only run on a snapshot where all of these hold.
    pub(crate) assumptions: Vec<Assumption>,
}

impl Drop for Plan {
    fn drop(&mut self) {
        let root = std::mem::replace(&mut self.root, Op::Nothing);
        with_room(self.depth, || drop(root));
    }
}

/// A fact about the graph that made a test needless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assumption {
    /// Every relationship of the type has the label at its start (`Out`) or end (`In`).
    AllEnds { rel_type: TypeId, end: Direction, label: LabelId },
    /// No relationship of the type starts and ends at the same node.
    NoSelfLoops(TypeId),
}

/// How an expansion follows relationships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// From start to end.
    Out,
    /// From end to start.
    In,
    /// Either way; a self-loop is followed once.
    Both,
}

impl Follow {
    /// Returns how a relationship is followed from its other end.
    pub(crate) const fn reversed(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
            Self::Both => Self::Both,
        }
    }
}

/// An operator. `input` gives the rows it works on; `carry` lists the slots of the input that are needed above it (filled by
/// the last rule of the optimizer; an operator that makes new rows copies only these).
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// The rows given from outside: one empty row at the top of a statement, the outer rows inside an [`Op::Apply`].
    Argument,
    /// No rows at all.
    Nothing,
    /// For each input row, every node (of a label), or those of them that may be in a range.
    NodeScan { input: Box<Op>, node: Slot, label: Option<LabelRef>, range: Option<Box<ScanRange>>, carry: Vec<Slot> },
    /// For each input row, the nodes of `label` whose property equals `value`, through the index on (label, key).
    NodeSeek { input: Box<Op>, node: Slot, label: LabelRef, key: KeyRef, value: Expr, unique: bool, carry: Vec<Slot> },
    /// For each input row, the node(s) with this id (a number, or a list of numbers, each of which counts once; anything else
    /// gives no row).
    NodeById { input: Box<Op>, node: Slot, ids: Expr, carry: Vec<Slot> },
    /// For each input row, every relationship at `from` and the node it leads to.
    Expand(Box<Expand>),
    /// For each input row, every node that several relationships lead to at once.
    Intersect(Box<Intersect>),
    /// For each input row, every trail of `min..=max` relationships from `from`.
    VarExpand(Box<VarExpand>),
    /// For each input row, the shortest trail(s) between two bound nodes.
    ShortestPath(Box<ShortestPath>),
    /// For each input row, the paths of a pattern that is searched as a whole.
    PathSearch(Box<PathSearch>),
    /// For each group of rows, ranks the distinct values of a slot by attention.
    Attend(Box<Attend>),
    /// For each group of rows, the best paths from its start by attention.
    AttendPaths(Box<AttendPaths>),
    /// For each input row, the cheapest paths between two bound nodes.
    CheapestPaths(Box<CheapestPaths>),
    /// Keeps the first paths of each group.
    LimitPaths(Box<LimitPaths>),
    /// Keeps the rows for which the predicate is true.
    Filter { input: Box<Op>, predicate: Expr, carry: Vec<Slot> },
    /// Sets slots, in order (a later item may use an earlier one's slot).
    Project { input: Box<Op>, items: Vec<(Slot, Expr)> },
    /// Groups by the keys (all rows are one group when there are none) and aggregates.
    Aggregate { input: Box<Op>, keys: Vec<(Slot, Expr)>, aggregates: Vec<(Slot, Aggregate)> },
    /// An aggregation over the trails of a pattern, by weights of its nodes.
    ChainAggregate(Box<ChainAggregate>),
    /// Keeps the first of the rows that agree on all these slots.
    Distinct { input: Box<Op>, slots: Vec<Slot>, carry: Vec<Slot> },
    /// Orders the rows (stable); with `limit`, keeps only the first so many.
    Sort { input: Box<Op>, keys: Vec<SortKey>, limit: Option<Expr>, carry: Vec<Slot> },
    /// Drops the first `count` rows.
    Skip { input: Box<Op>, count: Expr },
    /// Keeps the first `count` rows.
    Limit { input: Box<Op>, count: Expr },
    /// For each input row, a row for each item of the list (null gives none; another value gives itself).
    Unwind { input: Box<Op>, list: Expr, slot: Slot, carry: Vec<Slot> },
    /// For each input row, the rows of `inner`, whose [`Op::Argument`] is that row.
    Apply { input: Box<Op>, inner: Box<Op>, kind: ApplyKind, carry: Vec<Slot> },
    /// The rows of every branch, one branch after the other; `columns[i]` of a branch goes to `into[i]`.
    Union { branches: Vec<UnionBranch>, into: Vec<Slot>, distinct: bool },
    /// For each input row, the rows of a CSV file.
    LoadCsv { input: Box<Op>, url: Expr, with_headers: bool, delimiter: u8, slot: Slot, carry: Vec<Slot> },
    /// For each input row, the rows a procedure yields.
    ProcedureCall {
        input: Box<Op>,
        procedure: Arc<Procedure>,
        args: Vec<Expr>,
        /// Which outputs go where.
        yields: Vec<(usize, Slot)>,
        carry: Vec<Slot>,
    },
    /// Reads its whole input before the first row leaves, so that writes above do not disturb reads below.
    Eager { input: Box<Op> },
    /// For each input row, creates nodes and relationships.
    Create { input: Box<Op>, create: CreatePattern },
    /// For each input row in turn: the matches of `inner` (whose argument is that row), or else what `create` makes.
    Merge {
        input: Box<Op>,
        inner: Box<Op>,
        create: CreatePattern,
        on_match: Vec<SetItem>,
        on_create: Vec<SetItem>,
        carry: Vec<Slot>,
    },
    /// For each input row, changes properties and labels.
    Set { input: Box<Op>, items: Vec<SetItem> },
    /// For each input row, deletes nodes, relationships and paths.
    Delete { input: Box<Op>, targets: Vec<Expr>, detach: bool },
    /// For each input row, runs `body` (writes only) once for each item of the list; the rows pass through.
    Foreach { input: Box<Op>, list: Expr, slot: Slot, body: Box<Op> },
}

/// What narrows a [`Op::NodeScan`], through an ordered index. The predicates it was made from are tested above it all the
/// same: it may let in more than they do.
#[derive(Debug, Clone)]
pub(crate) struct ScanRange {
    pub(crate) key: KeyRef,
    pub(crate) bounds: Vec<(RangeBound, Expr)>,
}

/// See [`Op::Expand`].
#[derive(Debug, Clone)]
pub(crate) struct Expand {
    pub(crate) input: Op,
    pub(crate) from: Slot,
    /// Where the relationship goes, when anybody needs it.
    pub(crate) rel: Option<Slot>,
    pub(crate) to: Slot,
    pub(crate) follow: Follow,
    /// Any of these types; empty means every type.
    pub(crate) types: Vec<TypeRef>,
    /// `to` is bound already: keep only relationships that lead to it.
    pub(crate) into: bool,
    /// `rel` is bound already (a variable of an earlier clause): keep only that relationship.
    pub(crate) rel_bound: bool,
    /// Relationships (or lists of them) of the same MATCH that this one must differ from. The planner lists only slots that
    /// can hold the same relationship.
    pub(crate) unique_from: Vec<Slot>,
    pub(crate) carry: Vec<Slot>,
}

/// See [`Op::Intersect`].
#[derive(Debug, Clone)]
pub(crate) struct Intersect {
    pub(crate) input: Op,
    pub(crate) to: Slot,
    /// What leads to it, two at least. The first is followed, the others' neighbours are looked up.
    pub(crate) steps: Vec<IntersectStep>,
    pub(crate) carry: Vec<Slot>,
}

/// A relationship of an [`Intersect`], as seen from the node that is bound.
#[derive(Debug, Clone)]
pub(crate) struct IntersectStep {
    pub(crate) from: Slot,
    /// Where the relationship goes, when anybody needs it.
    pub(crate) rel: Option<Slot>,
    pub(crate) follow: Follow,
    /// Any of these types; empty means every type.
    pub(crate) types: Vec<TypeRef>,
    /// Earlier steps from whose relationship this one must differ.
    pub(crate) apart: Vec<usize>,
    /// As [`Expand::unique_from`].
    pub(crate) unique_from: Vec<Slot>,
}

/// See [`Op::VarExpand`].
#[derive(Debug, Clone)]
pub(crate) struct VarExpand {
    pub(crate) input: Op,
    pub(crate) from: Slot,
    /// Where the list of relationships goes (in pattern order, left to right), when anybody needs it.
    pub(crate) rels: Option<Slot>,
    pub(crate) to: Slot,
    pub(crate) follow: Follow,
    pub(crate) types: Vec<TypeRef>,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    pub(crate) into: bool,
    /// `rels` is bound already (a list from an earlier clause).
    pub(crate) rels_bound: bool,
    /// The trail is walked from the pattern's right end: `rels` must be reversed on output.
    pub(crate) reversed: bool,
    /// Every relationship must satisfy this; [`Expr::Local`] 0 is the relationship.
    pub(crate) rel_filter: Option<Expr>,
    pub(crate) unique_from: Vec<Slot>,
    pub(crate) carry: Vec<Slot>,
}

/// See [`Op::ShortestPath`].
#[derive(Debug, Clone)]
pub(crate) struct ShortestPath {
    pub(crate) input: Op,
    pub(crate) from: Slot,
    pub(crate) to: Slot,
    pub(crate) rels: Slot,
    pub(crate) follow: Follow,
    pub(crate) types: Vec<TypeRef>,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    /// All of the shortest, not just one.
    pub(crate) all: bool,
    pub(crate) rel_filter: Option<Expr>,
    pub(crate) carry: Vec<Slot>,
}

/// What [`Op::Apply`] does with the inner rows.
#[derive(Debug, Clone)]
pub(crate) enum ApplyKind {
    /// A row for each inner row. `per_row` where the inner plan aggregates, sorts, limits or writes, so that outer rows must
    /// not be mixed in one run of it; `once` where its rows are the same for all of them (set by a rule).
    Cross { per_row: bool, once: bool },
    /// As `Cross`, but an outer row without inner rows is kept once, with these slots null.
    Optional { nulls: Vec<Slot>, per_row: bool },
    /// Keeps the outer rows that have an inner row (or, `anti`, have none).
    Semi { anti: bool },
}

/// A branch of a UNION.
#[derive(Debug, Clone)]
pub(crate) struct UnionBranch {
    pub(crate) op: Op,
    pub(crate) columns: Vec<Slot>,
}

/// A key of ORDER BY.
#[derive(Debug, Clone)]
pub(crate) struct SortKey {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
}

/// An aggregating function over a group.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) function: Aggregator,
    /// The argument; none for `count(*)`.
    pub(crate) arg: Option<Expr>,
    /// The second argument (percentiles).
    pub(crate) extra: Option<Expr>,
    pub(crate) distinct: bool,
}

/// Nodes and relationships to create, in order; ends refer to slots bound before or made here.
#[derive(Debug, Clone)]
pub(crate) struct CreatePattern {
    pub(crate) nodes: Vec<CreateNode>,
    pub(crate) rels: Vec<CreateRel>,
    /// Paths to bind afterwards.
    pub(crate) paths: Vec<(Slot, Expr)>,
}

/// A node to create.
#[derive(Debug, Clone)]
pub(crate) struct CreateNode {
    pub(crate) slot: Slot,
    pub(crate) labels: Vec<LabelRef>,
    /// A map expression: a literal map, or a parameter.
    pub(crate) properties: Option<Expr>,
}

/// A relationship to create.
#[derive(Debug, Clone)]
pub(crate) struct CreateRel {
    pub(crate) slot: Slot,
    pub(crate) rel_type: TypeRef,
    pub(crate) start: Slot,
    pub(crate) end: Slot,
    pub(crate) properties: Option<Expr>,
}

/// A change of a property, a label or a salience.
#[derive(Debug, Clone)]
pub(crate) enum SetItem {
    /// `target.key = value` (a null value removes).
    Property { target: Expr, key: KeyRef, value: Expr },
    /// `target[key] = value`; the key is written at `span`.
    Dynamic { target: Expr, key: Expr, value: Expr, span: Span },
    /// `target = map`: replaces all properties.
    Replace { target: Expr, map: Expr },
    /// `target += map`: adds and overwrites.
    Merge { target: Expr, map: Expr },
    /// `target:A:B`.
    AddLabels { target: Expr, labels: Vec<LabelRef> },
    /// `REMOVE target:A:B`.
    RemoveLabels { target: Expr, labels: Vec<LabelRef> },
    /// `REINFORCE` what has this credit by a reward, written at `span`: once for each credit.
    Reinforce { credit: Expr, reward: Expr, span: Span },
    /// `SALIENCE target = value`, written at `span`.
    Salience { target: Expr, value: Expr, span: Span },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Arithmetic on two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
}

/// A test of two strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringTest {
    StartsWith,
    EndsWith,
    Contains,
    Matches,
}

/// A list quantifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    All,
    Any,
    None,
    Single,
}

/// Labels a node must have, or types a relationship must have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LabelTest {
    /// Has this label (or type).
    Is(Arc<str>),
    /// Has any label at all (`%`).
    Any,
    Not(Box<LabelTest>),
    And(Vec<LabelTest>),
    Or(Vec<LabelTest>),
}

/// An expression over a row.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Const(Value),
    /// An index into [`Plan::params`].
    Param(u16),
    Slot(Slot),
    /// The variable of an enclosing comprehension, quantifier or reduce: an index into the stack of locals, from the outermost.
    Local(u16),
    /// `base.key` of a node, relationship, map or null.
    Property {
        base: Box<Expr>,
        key: KeyRef,
        span: Span,
    },
    /// `base[index]`.
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    /// `base[from..to]`.
    Slice {
        base: Box<Expr>,
        from: Option<Box<Expr>>,
        to: Option<Box<Expr>>,
    },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Xor(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    StringTest(StringTest, Box<Expr>, Box<Expr>),
    /// `item IN list`.
    In(Box<Expr>, Box<Expr>),
    IsNull(Box<Expr>),
    IsNotNull(Box<Expr>),
    Arithmetic {
        op: Arithmetic,
        left: Box<Expr>,
        right: Box<Expr>,
        span: Span,
    },
    Negate(Box<Expr>),
    List(Vec<Expr>),
    Map(Vec<(Arc<str>, Expr)>),
    /// `base{.a, .*, b: 1}`: the properties listed (or all), then the entries.
    MapProjection {
        base: Box<Expr>,
        all: bool,
        entries: Vec<(Arc<str>, Expr)>,
    },
    IsTyped(Box<Expr>, Arc<TypeTest>),
    /// `x:A:B` for a node (labels) or a relationship (type); null for null.
    HasLabels(Box<Expr>, LabelTest),
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Call {
        function: Function,
        args: Vec<Expr>,
        span: Span,
    },
    /// `[x IN list WHERE filter | map]`; x is local `local`.
    Comprehension {
        local: u16,
        list: Box<Expr>,
        filter: Option<Box<Expr>>,
        map: Option<Box<Expr>>,
    },
    Quantified {
        quantifier: Quantifier,
        local: u16,
        list: Box<Expr>,
        predicate: Box<Expr>,
    },
    /// `reduce(acc = init, x IN list | body)`; acc is local `acc`, x is local `acc + 1`.
    Reduce {
        acc: u16,
        init: Box<Expr>,
        list: Box<Expr>,
        body: Box<Expr>,
    },
    /// A path through these slots: node, relationship (or list of them), node, ...; null when any of them is null.
    Path(Vec<Slot>),
    /// A subquery run for each row. Its argument row is the current row with `inputs` set before (for comprehension variables).
    /// Inside it, locals are numbered from 0 again.
    Subquery {
        inner: Box<Op>,
        inputs: Vec<(Slot, Expr)>,
        kind: SubqueryKind,
        /// Its value is the same for every row of the statement: it is run for the first that asks. Set by a rule.
        once: bool,
    },
}

/// What a subquery in an expression yields.
#[derive(Debug, Clone)]
pub(crate) enum SubqueryKind {
    /// Whether it has a row.
    Exists,
    /// How many rows it has.
    Count,
    /// The list of this expression over its rows.
    Collect(Box<Expr>),
}
