//! The bound form of a query: names are slots, patterns are graphs, every expression is typed and checked.
//!
//! Expressions are those of a plan already: what a plan adds is only in which order patterns are matched and where
//! predicates are tested, and that is what these types leave open.

use std::sync::Arc;

use super::kind::Kind;
use crate::query::{
    attend::Attend,
    beam::Hops,
    cheapest::Cheapest,
    plan::{Aggregate, CreatePattern, Expr, Follow, LabelRef, SetItem, Slot, SlotInfo, SortKey, TypeRef},
    procedure::Procedure,
    search::SearchPattern,
};

/// A bound statement.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) query: BoundQuery,
    /// Every slot of the statement, those of subqueries too.
    pub(crate) slots: Vec<SlotInfo>,
    pub(crate) params: Vec<Arc<str>>,
    /// Whether any clause changes the graph.
    pub(crate) writes: bool,
}

/// Single queries and how their rows are joined.
#[derive(Debug)]
pub(crate) struct BoundQuery {
    pub(crate) parts: Vec<BoundSingle>,
    /// Where there are several parts: the slots their columns go to, and whether only different rows are kept.
    pub(crate) union: Option<BoundUnion>,
    /// The result's columns.
    pub(crate) columns: Vec<Column>,
}

/// See [`BoundQuery::union`].
#[derive(Debug)]
pub(crate) struct BoundUnion {
    pub(crate) distinct: bool,
    pub(crate) into: Vec<Slot>,
}

/// A single query.
#[derive(Debug)]
pub(crate) struct BoundSingle {
    pub(crate) clauses: Vec<BoundClause>,
    pub(crate) columns: Vec<Column>,
}

/// A column of a result.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: Arc<str>,
    pub(crate) slot: Slot,
    pub(crate) kind: Kind,
}

/// A clause.
#[derive(Debug)]
pub(crate) enum BoundClause {
    /// Its input is put in where it is planned.
    Attend(Box<Attend>),
    Match(BoundMatch),
    Unwind {
        list: Expr,
        slot: Slot,
    },
    Project(Box<BoundProjection>),
    Create(CreatePattern),
    Merge {
        graph: PatternGraph,
        create: CreatePattern,
        on_match: Vec<SetItem>,
        on_create: Vec<SetItem>,
    },
    Set(Vec<SetItem>),
    Delete {
        targets: Vec<Expr>,
        detach: bool,
    },
    Foreach {
        list: Expr,
        slot: Slot,
        body: Vec<BoundClause>,
    },
    LoadCsv {
        url: Expr,
        with_headers: bool,
        delimiter: u8,
        slot: Slot,
    },
    Procedure {
        optional: bool,
        procedure: Arc<Procedure>,
        args: Vec<Expr>,
        /// Which outputs go where.
        yields: Vec<(usize, Slot)>,
        predicate: Option<Expr>,
    },
    /// `CALL { ... }`; `unit` where it returns nothing, so that each outer row stays one row.
    Subquery {
        optional: bool,
        query: BoundQuery,
        unit: bool,
    },
}

/// `[OPTIONAL] MATCH`.
#[derive(Debug)]
pub(crate) struct BoundMatch {
    pub(crate) optional: bool,
    pub(crate) graph: PatternGraph,
}

/// The patterns of one clause as a graph, and everything that must hold of a match.
#[derive(Debug, Default)]
pub(crate) struct PatternGraph {
    pub(crate) nodes: Vec<PatternNode>,
    pub(crate) rels: Vec<PatternRel>,
    /// Path variables and the slots they go through.
    pub(crate) paths: Vec<(Slot, Expr)>,
    /// Conjuncts: property maps, label expressions, inline and clause predicates.
    pub(crate) predicates: Vec<Expr>,
    /// A relationship may occur several times.
    pub(crate) repeatable: bool,
    /// Slots that this clause binds.
    pub(crate) new_slots: Vec<Slot>,
}

/// A node of a pattern.
#[derive(Debug)]
pub(crate) struct PatternNode {
    pub(crate) slot: Slot,
    /// An earlier clause bound it.
    pub(crate) bound: bool,
    /// Labels it must have, all of them.
    pub(crate) labels: Vec<LabelRef>,
}

/// A relationship of a pattern.
#[derive(Debug)]
pub(crate) struct PatternRel {
    pub(crate) slot: Slot,
    /// An earlier clause bound it.
    pub(crate) bound: bool,
    /// Index of the node on its left.
    pub(crate) left: usize,
    /// Index of the node on its right.
    pub(crate) right: usize,
    /// How it is followed from left to right.
    pub(crate) follow: Follow,
    /// Any of these; empty means every type.
    pub(crate) types: Vec<TypeRef>,
    pub(crate) length: Option<Length>,
    /// What each relationship of a variable length must satisfy; local 0 is the relationship.
    pub(crate) filter: Option<Expr>,
    /// The pattern between its nodes, where that is searched as a whole; `slot` is the list of all relationships.
    pub(crate) search: Option<Box<SearchPattern>>,
    /// How its relationships are ranked while they are followed.
    pub(crate) attend: Option<Box<(Attend, Hops)>>,
    /// Of the paths between its nodes only the cheapest are wanted.
    pub(crate) cheapest: Option<Box<(Attend, Cheapest)>>,
}

/// A variable length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
    pub(crate) selector: Selector,
}

/// Which of the paths of a variable length are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selector {
    /// All.
    All,
    /// One of the shortest for each pair of ends.
    Shortest,
    /// All of the shortest for each pair of ends.
    AllShortest,
    /// The cheapest for each pair of ends.
    Cheapest,
}

/// `WITH` or `RETURN`.
#[derive(Debug, Default)]
pub(crate) struct BoundProjection {
    /// Set before anything else: expressions, where nothing is aggregated.
    pub(crate) items: Vec<(Slot, Expr)>,
    pub(crate) aggregation: Option<Aggregation>,
    /// The slots whose combination must differ.
    pub(crate) distinct: Option<Vec<Slot>>,
    pub(crate) order: Vec<SortKey>,
    pub(crate) skip: Option<Expr>,
    pub(crate) limit: Option<Expr>,
    pub(crate) predicate: Option<Expr>,
    /// It aggregates inside a subquery whose outer variables are still in scope afterwards.
    pub(crate) is_wrapped: bool,
    /// The slots in scope afterwards.
    pub(crate) keeps: Vec<Slot>,
}

/// Grouping and aggregating.
#[derive(Debug, Default)]
pub(crate) struct Aggregation {
    pub(crate) keys: Vec<(Slot, Expr)>,
    pub(crate) aggregates: Vec<(Slot, Aggregate)>,
    /// Items that combine aggregates and keys.
    pub(crate) after: Vec<(Slot, Expr)>,
}
