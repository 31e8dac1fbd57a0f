//! Attention in a query, and the embeddings it works on.

use std::sync::Arc;

use super::{Expr, Name};
use crate::Span;

/// The name of something that is no part of the graph (a space, a model, an index): a word, or a string parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Chosen {
    /// A word.
    Name(Name),
    /// A parameter.
    Parameter(Name),
}

impl Chosen {
    /// Returns where it stands.
    pub(crate) const fn span(&self) -> Span {
        match self {
            Self::Name(name) | Self::Parameter(name) => name.span,
        }
    }
}

/// `ATTEND [DISTINCT] target [PER a, b] IN (options) [SCORE AS s, ...] [WHERE predicate]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attend {
    /// `DISTINCT` was written: one row for each group and candidate.
    pub(crate) distinct: bool,
    /// What is ranked: a node or a relationship variable.
    pub(crate) target: Name,
    /// The variables of which each binding is a group of its own.
    pub(crate) per: Vec<Name>,
    /// `FOR`: the query.
    pub(crate) query: Option<Expr>,
    /// `ON NODE`: of a relationship target, the spaces are those of the node it reaches.
    pub(crate) on_node: bool,
    /// `ON space [WEIGHT w], ...`; empty where it was not written.
    pub(crate) spaces: Vec<(Chosen, Option<Expr>)>,
    /// The mask.
    pub(crate) mask: Option<Expr>,
    /// `TEMPERATURE`.
    pub(crate) temperature: Option<Expr>,
    /// `HEADS`.
    pub(crate) heads: Option<Expr>,
    /// `PRIOR`.
    pub(crate) prior: Option<Expr>,
    /// `MODEL`.
    pub(crate) model: Option<Chosen>,
    /// `BOOST expr [AS name]`, in order.
    pub(crate) boosts: Vec<(Expr, Option<Name>)>,
    /// `MIN SIMILARITY`.
    pub(crate) min_similarity: Option<Expr>,
    /// `MIN WEIGHT`.
    pub(crate) min_weight: Option<Expr>,
    /// `BEAM`.
    pub(crate) beam: Option<Expr>,
    /// `LENGTH NORM`, where it stands.
    pub(crate) length_norm: Option<Span>,
    /// `LIMIT`.
    pub(crate) limit: Option<Expr>,
    /// The columns it adds.
    pub(crate) outputs: Vec<(AttendOutput, Name)>,
    /// The predicate on ranked rows.
    pub(crate) predicate: Option<Expr>,
    /// The whole clause.
    pub(crate) span: Span,
}

impl Attend {
    /// Returns the clause without options.
    pub(crate) const fn of(target: Name, span: Span) -> Self {
        Self {
            distinct: false,
            target,
            per: Vec::new(),
            query: None,
            on_node: false,
            spaces: Vec::new(),
            mask: None,
            temperature: None,
            heads: None,
            prior: None,
            model: None,
            boosts: Vec::new(),
            min_similarity: None,
            min_weight: None,
            beam: None,
            length_norm: None,
            limit: None,
            outputs: Vec::new(),
            predicate: None,
            span,
        }
    }
}

/// A column that `ATTEND` adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttendOutput {
    /// `SCORE`: the normalised weight.
    Score,
    /// `SIMILARITY`: comparable between queries.
    Similarity,
    /// `LOGIT`: what the softmax took.
    Logit,
    /// `HOPS`: the relationships of a path and their weights.
    Hops,
    /// `WHY`: the explanation.
    Why,
    /// `WHY WITHOUT`: the explanation, and the relationship that matters most.
    WhyWithout,
    /// What a later `REINFORCE` is for; no column.
    Credit,
}

impl AttendOutput {
    /// Returns how it is written.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Score => "SCORE",
            Self::Similarity => "SIMILARITY",
            Self::Logit => "LOGIT",
            Self::Hops => "HOPS",
            Self::Why => "WHY",
            Self::WhyWithout => "WHY WITHOUT",
            Self::Credit => "CREDIT",
        }
    }
}

/// `COST BY expr [AS name] [WHERE predicate]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cost {
    /// What a relationship of the cheapest paths costs.
    pub(crate) cost: Expr,
    /// The column of the paths' costs.
    pub(crate) name: Option<Name>,
    /// The predicate on the paths that were found.
    pub(crate) predicate: Option<Expr>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `REINFORCE target BY reward`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reinforce {
    /// What was attended.
    pub(crate) target: Name,
    /// How good that was, -1 to 1.
    pub(crate) reward: Expr,
    /// The whole clause.
    pub(crate) span: Span,
}

/// `SEARCH variable IN (VECTOR|FULLTEXT INDEX name FOR query [WHERE filter] [EXACT|BREADTH b] LIMIT n) [SCORE AS s]
/// [WHERE predicate]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Search {
    /// What is sought.
    pub(crate) target: Name,
    /// A full-text index, not a vector one.
    pub(crate) is_fulltext: bool,
    /// The index: an embedding space, or a full-text index.
    pub(crate) index: Chosen,
    /// The vector, or the words.
    pub(crate) query: Expr,
    /// What candidates must satisfy.
    pub(crate) filter: Option<Expr>,
    /// How well is looked.
    pub(crate) lookup: Option<Lookup>,
    /// How many are wanted.
    pub(crate) limit: Expr,
    /// The column of scores.
    pub(crate) score: Option<Name>,
    /// The predicate on found rows.
    pub(crate) predicate: Option<Expr>,
    /// The whole clause.
    pub(crate) span: Span,
}

/// How well a vector search looks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lookup {
    /// `EXACT`: at every vector.
    Exact,
    /// `BREADTH b`: so many of the nearest by the index are scored.
    Breadth(Expr),
}

/// `CREATE EMBEDDING name [IF NOT EXISTS] FOR (n:A|B) ON n.key DIMENSION d [METRIC m] [STORAGE s] [INDEX i] [EMBEDDER e
/// FROM n.key]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateEmbedding {
    /// The space's name.
    pub(crate) name: Name,
    /// `IF NOT EXISTS` was written.
    pub(crate) if_not_exists: bool,
    /// What has embeddings.
    pub(crate) owner: Declared,
    /// The property with the vector.
    pub(crate) key: Name,
    /// `DIMENSION`: a number, or a parameter.
    pub(crate) dimension: Expr,
    /// `METRIC`.
    pub(crate) metric: Option<Chosen>,
    /// `STORAGE`.
    pub(crate) storage: Option<Chosen>,
    /// `INDEX`.
    pub(crate) index: Option<Chosen>,
    /// `EMBEDDER e FROM n.key`.
    pub(crate) embedder: Option<(Chosen, Name)>,
    /// The whole statement.
    pub(crate) span: Span,
}

/// `CREATE FULLTEXT INDEX [name] [IF NOT EXISTS] FOR (n:A|B) ON EACH [n.a, n.b] [OPTIONS {…}]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateFulltext {
    /// The index's name; made from what it is over where none is given.
    pub(crate) name: Option<Name>,
    /// `IF NOT EXISTS` was written.
    pub(crate) if_not_exists: bool,
    /// What is found.
    pub(crate) owner: Declared,
    /// The properties.
    pub(crate) keys: Vec<Name>,
    /// `OPTIONS`: a map of constants, or a parameter.
    pub(crate) options: Option<Expr>,
    /// The whole statement.
    pub(crate) span: Span,
}

/// What something is declared of: nodes with any of some labels, or relationships of any of some types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// Relationships, not nodes.
    pub(crate) is_relationship: bool,
    /// The variable.
    pub(crate) variable: Arc<str>,
    /// The labels or types; empty means all.
    pub(crate) names: Vec<Name>,
}
