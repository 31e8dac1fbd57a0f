//! The parsed form of a statement: what was written, and where.
//!
//! Names are not resolved here and nothing is checked that needs a schema or a scope; that is binding's work.
//! Every node that an error can point at carries the [`Span`] of its text. Trees are bounded: no [`Expr`] is
//! deeper than [`EXPR_DEPTH_MAX`], so recursive walks (and `Drop`) are safe on a small stack.

use std::sync::Arc;

use crate::{Span, model::temporal::TemporalKind};

/// The greatest height of an expression tree: a walk with frames of 2 KiB stays within half a MiB.
///
/// Flat chains of `AND`, `OR`, `XOR` and comparisons are one node each and count as one level; a chain of
/// arithmetic operators is left-deep and counts one level for each operator.
pub(crate) const EXPR_DEPTH_MAX: usize = 256;

/// A name as written: variable, label, type, property key, alias, parameter. Backticks are removed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    /// The name itself.
    pub(crate) text: Arc<str>,
    /// Where it stands.
    pub(crate) span: Span,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    /// A query that runs.
    Query(Query),
    /// `EXPLAIN query`: the plan, nothing runs.
    Explain(Query),
    /// `PROFILE query`: runs and reports rows and times for each operator.
    Profile(Query),
    /// `CREATE CONSTRAINT [name] [IF NOT EXISTS] FOR (n:Label) REQUIRE n.key IS UNIQUE`.
    CreateConstraint(CreateSchema),
    /// `CREATE INDEX [name] [IF NOT EXISTS] FOR (n:Label) ON (n.key)`.
    CreateIndex(CreateSchema),
    /// `DROP CONSTRAINT name [IF EXISTS]`.
    DropConstraint(DropSchema),
    /// `DROP INDEX name [IF EXISTS]`.
    DropIndex(DropSchema),
    /// `SHOW CONSTRAINTS`.
    ShowConstraints(Span),
    /// `SHOW INDEXES`.
    ShowIndexes(Span),
    /// `SHOW FUNCTIONS`.
    ShowFunctions(Span),
    /// `SHOW PROCEDURES`.
    ShowProcedures(Span),
    /// `BEGIN [TRANSACTION]`.
    Begin(Span),
    /// `COMMIT [TRANSACTION]`.
    Commit(Span),
    /// `ROLLBACK [TRANSACTION]`.
    Rollback(Span),
    /// `COPY Name FROM 'file' (options)`.
    CopyFrom(Box<CopyFrom>),
    /// `COPY (query) TO 'file' (options)`.
    CopyTo(Box<CopyTo>),
    /// `DESCRIBE 'file' (options)`.
    Describe(Box<CopyFrom>),
    /// `SUMMARIZE (:Label)` or `SUMMARIZE ()-[:TYPE]->()`.
    Summarize(Summarize),
}

/// A constraint or an index to create: both are over one property of one label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateSchema {
    /// Its name, where one was given.
    pub(crate) name: Option<Name>,
    /// `IF NOT EXISTS` was written.
    pub(crate) if_not_exists: bool,
    /// The label of the nodes it is for.
    pub(crate) label: Name,
    /// The property.
    pub(crate) key: Name,
    /// The whole statement.
    pub(crate) span: Span,
}

/// A constraint or an index to drop.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DropSchema {
    /// Its name.
    pub(crate) name: Name,
    /// `IF EXISTS` was written.
    pub(crate) if_exists: bool,
    /// The whole statement.
    pub(crate) span: Span,
}

/// `COPY Name FROM 'file' (options)`. With `KEY` (or neither `FROM` nor `TO`) the target is a node label, with
/// `FROM` and `TO` it is a relationship type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyFrom {
    /// The label or relationship type to fill; absent where the file itself says what its rows are.
    pub(crate) target: Option<Name>,
    /// The file to read.
    pub(crate) file: Text,
    /// `KEY property`: nodes are found by this property, which becomes unique.
    pub(crate) key: Option<Name>,
    /// `MODE MERGE|CREATE`.
    pub(crate) mode: Option<CopyMode>,
    /// `FROM Label[(key)]`: where the relationships start. Present exactly when `to` is.
    pub(crate) from: Option<CopyEnd>,
    /// `TO Label[(key)]`: where the relationships end.
    pub(crate) to: Option<CopyEnd>,
    /// How the file is written.
    pub(crate) file_options: FileOptions,
    /// `COLUMNS (name TYPE, ...)`: declared types of columns.
    pub(crate) columns: Vec<CopyColumn>,
    /// `ON ERROR SKIP`: rejected rows are reported and left out, instead of stopping the import.
    pub(crate) skip_errors: bool,
    /// The whole statement.
    pub(crate) span: Span,
}

impl CopyFrom {
    /// Returns the statement without options.
    pub(crate) fn of_file(file: Text, span: Span) -> Self {
        Self {
            target: None,
            file,
            key: None,
            mode: None,
            from: None,
            to: None,
            file_options: FileOptions::default(),
            columns: Vec::new(),
            skip_errors: false,
            span,
        }
    }
}

/// `COPY (query) TO 'file' (options)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyTo {
    /// The query whose rows are written.
    pub(crate) query: Query,
    /// The file to write.
    pub(crate) file: Text,
    /// How the file is to be written.
    pub(crate) file_options: FileOptions,
    /// The whole statement.
    pub(crate) span: Span,
}

/// What is summarized.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Summarize {
    /// The nodes of a label, or all.
    Nodes(Option<Name>),
    /// The relationships of a type, or all.
    Relationships(Option<Name>),
}

/// The options about the form of a file. What is absent follows from the file's name, or the default.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FileOptions {
    /// `FORMAT csv|tsv|jsonl|nt|ttl|graphml`.
    pub(crate) format: Option<FileFormat>,
    /// `DELIM ','` (also `DELIMITER`).
    pub(crate) delimiter: Option<char>,
    /// `QUOTE '"'`.
    pub(crate) quote: Option<char>,
    /// `NULL 'text'`: the text that stands for null.
    pub(crate) null: Option<Arc<str>>,
    /// `HEADER true|false`.
    pub(crate) header: Option<bool>,
}

/// What `COPY` does with a node whose key exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyMode {
    /// Updates it.
    Merge,
    /// Refuses the row.
    Create,
}

/// One end of the relationships of a `COPY`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyEnd {
    /// The label of the end nodes.
    pub(crate) label: Name,
    /// The property that finds them, where it was written.
    pub(crate) key: Option<Name>,
}

/// A declared column of a `COPY`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyColumn {
    /// The column's name: that of the header, or the name it gets where there is no header.
    pub(crate) name: Name,
    /// Its type.
    pub(crate) kind: ColumnKind,
}

/// A declared type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// `STRING`.
    String,
    /// `INTEGER`.
    Integer,
    /// `FLOAT`.
    Float,
    /// `BOOLEAN`.
    Boolean,
    /// `DATE`.
    Date,
    /// `TIME`, `LOCALTIME`, `DATETIME`, `LOCALDATETIME`, `DURATION`.
    Temporal(TemporalKind),
    /// `LIST`.
    List,
}

/// A file format that `COPY` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFormat {
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// One JSON object a line.
    JsonLines,
    /// One RDF triple a line.
    NTriples,
    /// RDF triples with abbreviations.
    Turtle,
    /// A graph in XML; written only.
    GraphMl,
    /// Columns with types, in groups of rows.
    Parquet,
    /// Batches of Arrow's columns; written with an index at the end.
    Arrow,
    /// The same without one.
    ArrowStream,
}

/// Text that is either written out or given by a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Text {
    /// A string literal.
    Literal(Arc<str>, Span),
    /// `$name`.
    Parameter(Name),
}

/// A query: single queries joined by `UNION` or `UNION ALL` (never both kinds in one query).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    /// The single queries, at least one.
    pub(crate) parts: Vec<SingleQuery>,
    /// How they are joined; [`Union::All`] where there is only one.
    pub(crate) union: Union,
    /// The whole query.
    pub(crate) span: Span,
}

/// How the rows of single queries are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Union {
    /// `UNION ALL`: all rows.
    All,
    /// `UNION`: different rows.
    Distinct,
}

/// Clauses in the order written, at least one.
///
/// The parser has checked their order: `RETURN` only at the end, a reading clause after an updating one only
/// behind a `WITH`, and the last clause is a `RETURN`, `FINISH`, an updating clause, or a `CALL`. (In the short form of
/// `EXISTS`, `COUNT { pattern }` there is just a `MATCH`.)
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SingleQuery {
    /// The clauses.
    pub(crate) clauses: Vec<Clause>,
    /// The whole single query.
    pub(crate) span: Span,
}

/// A clause.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Clause {
    /// `MATCH`, `OPTIONAL MATCH`.
    Match(Match),
    /// `UNWIND expr AS x`.
    Unwind(Unwind),
    /// `WITH`.
    With(With),
    /// `RETURN`.
    Return(Projection),
    /// `CREATE`.
    Create(Create),
    /// `MERGE`.
    Merge(Merge),
    /// `SET`.
    Set(Set),
    /// `REMOVE`.
    Remove(Remove),
    /// `DELETE`, `DETACH DELETE`.
    Delete(Delete),
    /// `CALL procedure(...)`.
    Call(Call),
    /// `CALL { query }`.
    Subquery(Subquery),
    /// `FOREACH (x IN list | ...)`.
    Foreach(Foreach),
    /// `LOAD CSV`.
    LoadCsv(LoadCsv),
    /// `LET x = expr`.
    Let(Let),
    /// `FILTER predicate`.
    Filter(Filter),
    /// `FOR x IN list`.
    For(For),
    /// `FINISH`: no rows leave.
    Finish(Span),
}

/// `LET x = expr, y = expr`: new variables beside the others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Let {
    /// Names and values, at least one.
    pub(crate) items: Vec<(Name, Expr)>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `FILTER [WHERE] predicate`: the rows for which it is true.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    /// The predicate.
    pub(crate) predicate: Expr,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `FOR variable IN list [WITH OFFSET|ORDINALITY index]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct For {
    /// The new variable.
    pub(crate) variable: Name,
    /// The list.
    pub(crate) list: Expr,
    /// The variable of the item's place, and what place the first one has.
    pub(crate) index: Option<(Name, i64)>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `[OPTIONAL] MATCH pattern [WHERE predicate]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Match {
    /// `OPTIONAL` was written.
    pub(crate) optional: bool,
    /// The comma-separated path patterns, at least one.
    pub(crate) patterns: Vec<PathPattern>,
    /// The predicate of `WHERE`.
    pub(crate) predicate: Option<Expr>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `UNWIND list AS variable`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unwind {
    /// The list.
    pub(crate) list: Expr,
    /// The new variable.
    pub(crate) variable: Name,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `WITH projection [WHERE predicate]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct With {
    /// What is kept.
    pub(crate) projection: Projection,
    /// The predicate of `WHERE`.
    pub(crate) predicate: Option<Expr>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// The body of `WITH` and `RETURN`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Projection {
    /// `DISTINCT` was written.
    pub(crate) distinct: bool,
    /// `*` was written: all variables in scope, before `items`.
    pub(crate) star: bool,
    /// The items. Empty only with `star`.
    pub(crate) items: Vec<Item>,
    /// `ORDER BY`.
    pub(crate) order: Vec<SortItem>,
    /// `SKIP`.
    pub(crate) skip: Option<Expr>,
    /// `LIMIT`.
    pub(crate) limit: Option<Expr>,
    /// The whole clause, from its keyword (for `WITH` without its `WHERE`).
    pub(crate) span: Span,
}

/// One item of a projection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// The expression.
    pub(crate) expr: Expr,
    /// The name after `AS`.
    pub(crate) alias: Option<Name>,
    /// The column's name: the alias, or else the expression's text as written (of a variable, its name).
    pub(crate) column: Arc<str>,
    /// The whole item.
    pub(crate) span: Span,
}

/// One key of `ORDER BY`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SortItem {
    /// The key.
    pub(crate) expr: Expr,
    /// `DESC` or `DESCENDING` was written.
    pub(crate) descending: bool,
}

/// `CREATE pattern`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Create {
    /// The comma-separated path patterns, at least one.
    pub(crate) patterns: Vec<PathPattern>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `MERGE pattern [ON CREATE SET ...] [ON MATCH SET ...]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Merge {
    /// The pattern.
    pub(crate) pattern: PathPattern,
    /// All items of `ON CREATE SET`, in order.
    pub(crate) on_create: Vec<SetItem>,
    /// All items of `ON MATCH SET`, in order.
    pub(crate) on_match: Vec<SetItem>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `SET items`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    /// The items, at least one.
    pub(crate) items: Vec<SetItem>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// One item of `SET`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SetItem {
    /// `target.key = value`; the target is any expression that gives an entity (`n`, `(n)`, `list[0]`).
    Property {
        /// The entity.
        target: Expr,
        /// The property key.
        key: Name,
        /// The new value.
        value: Expr,
        /// The whole item.
        span: Span,
    },
    /// `n = map`: replaces all properties.
    Replace {
        /// The entity.
        variable: Name,
        /// A map, node or relationship.
        value: Expr,
        /// The whole item.
        span: Span,
    },
    /// `n += map`: adds properties.
    Merge {
        /// The entity.
        variable: Name,
        /// A map, node or relationship.
        value: Expr,
        /// The whole item.
        span: Span,
    },
    /// `n:A:B`.
    Labels {
        /// The node.
        variable: Name,
        /// The labels, at least one.
        labels: Vec<Name>,
        /// The whole item.
        span: Span,
    },
}

/// `REMOVE items`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Remove {
    /// The items, at least one.
    pub(crate) items: Vec<RemoveItem>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// One item of `REMOVE`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RemoveItem {
    /// `target.key`.
    Property {
        /// The entity.
        target: Expr,
        /// The property key.
        key: Name,
        /// The whole item.
        span: Span,
    },
    /// `n:A:B`.
    Labels {
        /// The node.
        variable: Name,
        /// The labels, at least one.
        labels: Vec<Name>,
        /// The whole item.
        span: Span,
    },
}

/// `[DETACH] DELETE exprs`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delete {
    /// `DETACH` was written.
    pub(crate) detach: bool,
    /// What to delete, at least one.
    pub(crate) exprs: Vec<Expr>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `[OPTIONAL] CALL procedure[(args)] [YIELD items [WHERE predicate]]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// `OPTIONAL` was written: where there are no rows, one of nulls.
    pub(crate) optional: bool,
    /// The procedure's name with its namespace, dots between (`kg.link`), as written.
    pub(crate) procedure: Name,
    /// The arguments; `None` where no parentheses were written (parameters of the same names are meant).
    pub(crate) args: Option<Vec<Expr>>,
    /// What is kept of its outputs.
    pub(crate) yields: Yield,
    /// The predicate of `WHERE`.
    pub(crate) predicate: Option<Expr>,
    /// It is the only clause of its query: all outputs are the query's columns unless it yields some.
    pub(crate) standalone: bool,
    /// The whole clause.
    pub(crate) span: Span,
}

/// The `YIELD` of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Yield {
    /// No `YIELD` was written.
    Absent,
    /// `YIELD *` (standalone calls only).
    All(Span),
    /// `YIELD a, b AS c`; `YIELD -`, which keeps nothing, is empty.
    Items(Vec<YieldItem>),
}

/// One item of `YIELD`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct YieldItem {
    /// The output's name.
    pub(crate) output: Name,
    /// The variable it becomes, where that was written.
    pub(crate) alias: Option<Name>,
}

/// `[OPTIONAL] CALL { query }` (`CALL (a, b) { query }`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subquery {
    /// `OPTIONAL` was written: where there are no rows, one of nulls.
    pub(crate) optional: bool,
    /// The scope clause; `None` where it was not written (the query then imports by `WITH`).
    pub(crate) imports: Option<Imports>,
    /// The query.
    pub(crate) query: Box<Query>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// The scope clause of a subquery: which variables it sees.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Imports {
    /// `(*)`: all.
    All,
    /// `(a, b)`.
    Names(Vec<Name>),
}

/// `FOREACH (variable IN list | updates)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Foreach {
    /// The variable.
    pub(crate) variable: Name,
    /// The list.
    pub(crate) list: Expr,
    /// The updating clauses, at least one.
    pub(crate) clauses: Vec<Clause>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `LOAD CSV [WITH HEADERS] FROM file AS row [FIELDTERMINATOR ';']`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoadCsv {
    /// `WITH HEADERS`: rows are maps, else lists.
    pub(crate) headers: bool,
    /// The file.
    pub(crate) file: Expr,
    /// The new variable.
    pub(crate) variable: Name,
    /// The separator of fields.
    pub(crate) separator: Option<char>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// A path pattern: a node, then any number of hops.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PathPattern {
    /// The path's variable (`p = ...`).
    pub(crate) variable: Option<Name>,
    /// Whether all paths are wanted or the shortest.
    pub(crate) selector: PathSelector,
    /// The selector is written before the pattern: WHERE tests what it selected.
    pub(crate) selects_first: bool,
    /// The first node.
    pub(crate) start: NodePattern,
    /// The hops, left to right.
    pub(crate) hops: Vec<Hop>,
    /// The whole pattern, with its variable.
    pub(crate) span: Span,
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

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    /// What it is.
    pub(crate) kind: ExprKind,
    /// Where it stands (parentheses around it not included).
    pub(crate) span: Span,
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
