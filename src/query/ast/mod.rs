//! The parsed form of a statement: what was written, and where.
//!
//! Names are not resolved here and nothing is checked that needs a schema or a scope; that is binding's work.
//! Every node that an error can point at carries the [`Span`] of its text. Trees are bounded: no [`Expr`] is
//! deeper than [`EXPR_DEPTH_MAX`], so recursive walks (and `Drop`) are safe on a small stack.

mod attend;
mod expr;
mod files;
mod pattern;
mod policy;

use std::{fmt, sync::Arc};

pub(crate) use self::{attend::*, expr::*, files::*, pattern::*, policy::*};
use super::stack::with_some_room;
use crate::Span;

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
    /// `NO NOTICE query`: runs, and nothing that it attends to is noted.
    Unnoticed(Query),
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
    /// `CREATE EMBEDDING`.
    CreateEmbedding(Box<CreateEmbedding>),
    /// `DROP EMBEDDING name [IF EXISTS]`.
    DropEmbedding(DropSchema),
    /// `CREATE FULLTEXT INDEX`.
    CreateFulltext(Box<CreateFulltext>),
    /// `DROP FULLTEXT INDEX name [IF EXISTS]`.
    DropFulltext(DropSchema),
    /// `CREATE POLICY`.
    CreatePolicy(Box<CreatePolicy>),
    /// `ALTER POLICY`.
    AlterPolicy(Box<AlterPolicy>),
    /// `DROP POLICY name [IF EXISTS]`.
    DropPolicy(DropSchema),
    /// `DROP MODEL name [IF EXISTS]`.
    DropModel(DropSchema),
    /// `CREATE VALIDITY`.
    CreateValidity(Box<CreateValidity>),
    /// `DROP VALIDITY`.
    DropValidity(Box<DropValidity>),
    /// `SHOW CONSTRAINTS` and its kin.
    Show(Show),
    /// `BEGIN [TRANSACTION]`.
    Begin(Span),
    /// `COMMIT [TRANSACTION]`.
    Commit(Span),
    /// `ROLLBACK [TRANSACTION]`.
    Rollback(Span),
    /// `COPY Name FROM 'file' (options)`.
    CopyFrom(Box<CopyFrom>),
    /// `COPY EMBEDDING space FROM 'file' (options)`.
    CopyEmbedding(Box<CopyEmbedding>),
    /// `COPY MODEL name FROM 'file' (options)`.
    CopyModel(Box<CopyModel>),
    /// `COPY ACCESS LOG FROM 'file' (options)`.
    CopyAccesses(Box<CopyAccesses>),
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

/// A query: single queries joined by `UNION` or `UNION ALL` (never both kinds in one query).
#[derive(PartialEq)]
pub(crate) struct Query {
    /// The single queries, at least one.
    pub(crate) parts: Vec<SingleQuery>,
    /// How they are joined; [`Union::All`] where there is only one.
    pub(crate) union: Union,
    /// The whole query.
    pub(crate) span: Span,
}

impl Clone for Query {
    fn clone(&self) -> Self {
        with_some_room(|| Self { parts: self.parts.clone(), union: self.union, span: self.span })
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parts, union, span } = self;
        with_some_room(|| {
            f.debug_struct("Query").field("parts", parts).field("union", union).field("span", span).finish()
        })
    }
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
    /// `ORDER BY`, `SKIP`, `LIMIT` as a clause.
    Page(Page),
    /// `FINISH`: no rows leave.
    Finish(Span),
    /// `ATTEND`.
    Attend(Box<Attend>),
    /// `SEARCH`.
    Search(Box<Search>),
    /// `COST BY`.
    Cost(Box<Cost>),
    /// `REINFORCE`.
    Reinforce(Box<Reinforce>),
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

/// `SHOW what [WHERE predicate | YIELD columns ... [RETURN ...]]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Show {
    /// What is listed.
    pub(crate) what: Shown,
    /// What becomes of the rows: a query that unwinds the parameter [`Show::ROWS`], a list of maps.
    pub(crate) query: Option<Box<Query>>,
}

impl Show {
    /// The parameter with the rows: no name that can be written without backticks.
    pub(crate) const ROWS: &str = " rows";
}

/// What `SHOW` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// `CONSTRAINTS`.
    Constraints,
    /// `INDEXES`.
    Indexes,
    /// `FUNCTIONS`.
    Functions,
    /// `PROCEDURES`.
    Procedures,
    /// `EMBEDDINGS`.
    Embeddings,
    /// `POLICIES`.
    Policies,
    /// `MODELS`.
    Models,
}

impl Shown {
    /// Returns the columns.
    pub(crate) const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Constraints | Self::Indexes => &["name", "type", "label", "property"],
            Self::Functions => &["name", "arguments_min", "arguments_max", "aggregating"],
            Self::Procedures => &["name", "signature"],
            Self::Embeddings => &[
                "name",
                "entity",
                "labelsOrTypes",
                "property",
                "dimension",
                "metric",
                "storage",
                "embedder",
                "source",
                "vectors",
                "deviation",
                "index",
                "indexState",
            ],
            Self::Policies => &[
                "name",
                "types",
                "condition",
                "halfLifeSeconds",
                "floor",
                "pruneAllowed",
                "prior",
                "onAccess",
                "onReject",
                "priority",
                "relationships",
            ],
            Self::Models => &["name", "version", "heads", "spaces", "widths", "biases", "numbers"],
        }
    }
}

/// `[ORDER BY keys] [SKIP n] [LIMIT n]` as a clause of its own: at least one of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    /// `ORDER BY`.
    pub(crate) order: Vec<SortItem>,
    /// `SKIP`.
    pub(crate) skip: Option<Expr>,
    /// `LIMIT`.
    pub(crate) limit: Option<Expr>,
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
    /// Relationships may occur several times.
    pub(crate) repeatable: bool,
    /// The comma-separated path patterns, at least one.
    pub(crate) patterns: Vec<PathPattern>,
    /// The time the patterns are about, where that is written.
    pub(crate) as_of: Option<AsOf>,
    /// The predicate of `WHERE`.
    pub(crate) predicate: Option<Expr>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// The time a pattern is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AsOf {
    /// `AT TIME t`: what held then.
    At(Expr),
    /// `AT ANY TIME`: everything.
    Any,
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
    /// `target[key] = value`: the key is computed.
    Dynamic {
        /// The entity.
        target: Expr,
        /// The property key.
        key: Expr,
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
    /// `SALIENCE r = number`.
    Salience {
        /// The relationship.
        variable: Name,
        /// The new salience.
        value: Expr,
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
    /// `target[key]`: the key is computed.
    Dynamic {
        /// The entity.
        target: Expr,
        /// The property key.
        key: Expr,
        /// The whole item.
        span: Span,
    },
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
#[derive(Debug, PartialEq)]
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

impl Clone for Foreach {
    fn clone(&self) -> Self {
        let Self { variable, list, clauses, span } = self;
        with_some_room(|| Self {
            variable: variable.clone(),
            list: list.clone(),
            clauses: clauses.clone(),
            span: *span,
        })
    }
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
