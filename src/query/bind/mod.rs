//! Binding: from what was written to what is meant.
//!
//! Names become slots, labels, types and keys; every variable has a static [`Kind`]; openCypher's compile-time errors are
//! raised here. Expressions come out as a plan's [`Expr`]s; patterns come out as graphs, in no order yet. A subquery inside an
//! expression is planned as soon as it is bound, because an expression holds its plan.
//!
//! Unknown labels, types and keys are no errors (they match nothing): they become notices.

mod aggregate;
mod attend;
mod attended;
mod beam;
mod bound;
mod call;
mod cheapest;
mod clause;
mod expr;
mod kind;
mod pattern;
mod project;
mod reinforce;
mod same;
mod scope;
mod search;
mod subquery;
mod update;
mod validity;
mod words;

use std::sync::Arc;

pub(crate) use bound::{
    Aggregation, Bound, BoundClause, BoundMatch, BoundProjection, BoundQuery, BoundSingle, Column, Length,
    PatternGraph, PatternNode, PatternRel, Selector,
};
pub(crate) use kind::{Element, Kind};
use scope::{Place, Scope, Variable};

use rustc_hash::FxHashMap;

use super::{
    ast,
    notice::Notice,
    optimize::Rules,
    plan::{Aggregate, Assumption, KeyRef, LabelRef, Slot, SlotInfo, SlotKind, TypeRef},
    procedure::Procedures,
    statistics::Statistics,
    suggest,
};
use crate::{Error, QueryError, Result, Span};

/// The name of slots that no variable names.
const UNNAMED: &str = " ";

/// The most clauses and relationship patterns of a single query, those of its subqueries included: what planning them takes
/// grows faster than they do. A hundred conditional queries in one another have some more than a thousand.
const STEPS_MAX: u32 = 1500;

/// Binds a query.
///
/// # Errors
/// The statement's first error.
pub(crate) fn bind(
    query: &ast::Query,
    statistics: &dyn Statistics,
    procedures: &Procedures,
    rules: Rules,
    notes: bool,
) -> Result<(Bound, Vec<Notice>, Vec<Assumption>)> {
    let writes = writes(query, procedures);
    let mut binder = Binder::new(statistics, procedures, writes, rules);
    binder.notes = notes;
    let query = binder.query(query)?;
    Ok((Bound { query, slots: binder.slots, params: binder.params, writes }, binder.notices, binder.assumptions))
}

/// Returns whether any clause of the query changes the graph.
fn writes(query: &ast::Query, procedures: &Procedures) -> bool {
    use ast::Clause;
    query.parts.iter().flat_map(|part| &part.clauses).any(|clause| match clause {
        Clause::Create(_)
        | Clause::Merge(_)
        | Clause::Set(_)
        | Clause::Remove(_)
        | Clause::Delete(_)
        | Clause::Foreach(_)
        | Clause::Reinforce(_) => true,
        Clause::Call(call) => procedures.find(&call.procedure.text).is_some_and(|procedure| procedure.writes()),
        Clause::Subquery(subquery) => writes(&subquery.query, procedures),
        _ => false,
    })
}

/// The state of binding one statement.
struct Binder<'a> {
    statistics: &'a dyn Statistics,
    procedures: &'a Procedures,
    writes: bool,
    /// What is attended to is noted.
    notes: bool,
    /// What the clauses of subqueries are rewritten by before they are planned.
    rules: Rules,
    slots: Vec<SlotInfo>,
    params: Vec<Arc<str>>,
    /// Where they are in `params`.
    param_at: FxHashMap<Arc<str>, u16>,
    notices: Vec<Notice>,
    assumptions: Vec<Assumption>,
    scope: Scope,
    /// Variables from outside a subquery, which no WITH inside takes out of scope.
    pinned: Scope,
    /// Clauses and relationship patterns so far.
    n_steps: u32,
    /// How many locals are on the stack where an expression is bound.
    n_locals: u16,
    /// The local and the kind of the subject that the tests of the innermost extended `CASE` read.
    subject: Option<(u16, Kind)>,
    /// What an aggregating function means where an expression is bound.
    aggregation: aggregate::Mode,
    /// The aggregating functions of the projection at hand.
    aggregates: Vec<(Slot, Aggregate)>,
    /// Expressions that a projection has computed: where one is written again, its slot is meant.
    computed: Vec<Computed<'a>>,
    /// Of the computed ones only variables, properties and aggregates count: the expression at hand aggregates itself.
    computed_simple: bool,
    /// Variables that exist but may not be used here, and what using one is.
    hidden: Option<Hidden>,
    /// What `attention(r)` and `similarity(r)` are, where they exist.
    of_hop: Option<cheapest::OfHop>,
    /// The time that patterns are about.
    moment: validity::Moment,
    /// Which relationships have a time; looked up when a pattern is bound.
    timed: Option<Vec<super::statistics::Timed>>,
    /// Of what `attended(x, 'space')` may be.
    ranked: attended::Ranked,
    /// Names of variables that ended at a `WITH` of the query at hand.
    ended: Vec<Arc<str>>,
    unnamed: Arc<str>,
}

/// An expression that has a slot.
#[derive(Clone, Copy)]
struct Computed<'a> {
    expr: &'a ast::Expr,
    slot: Slot,
    kind: Kind,
}

/// See [`Binder::hidden`].
struct Hidden {
    scope: Scope,
    detail: &'static str,
    message: &'static str,
}

/// The most variables that a hint lists.
const NAMES_LISTED_MAX: usize = 8;

impl<'a> Binder<'a> {
    fn new(statistics: &'a dyn Statistics, procedures: &'a Procedures, writes: bool, rules: Rules) -> Self {
        Self {
            statistics,
            procedures,
            writes,
            notes: false,
            rules,
            slots: Vec::with_capacity(16),
            params: Vec::new(),
            param_at: FxHashMap::default(),
            notices: Vec::new(),
            assumptions: Vec::new(),
            scope: Scope::default(),
            pinned: Scope::default(),
            n_steps: 0,
            n_locals: 0,
            subject: None,
            aggregation: aggregate::Mode::Forbidden("here"),
            aggregates: Vec::new(),
            computed: Vec::new(),
            computed_simple: false,
            hidden: None,
            of_hop: None,
            moment: validity::Moment::Now,
            timed: None,
            ranked: attended::Ranked::default(),
            ended: Vec::new(),
            unnamed: UNNAMED.into(),
        }
    }

    /// Counts something that becomes operators.
    fn count_step(&mut self) -> Result<()> {
        self.n_steps += 1;
        if self.n_steps > STEPS_MAX {
            let what = "clauses and relationship patterns of a query";
            return Err(Error::Limit { what, max: u64::from(STEPS_MAX) });
        }
        Ok(())
    }

    /// Returns a new slot.
    fn slot(&mut self, name: Arc<str>, kind: SlotKind) -> Result<Slot> {
        let max = u16::MAX;
        let number = u16::try_from(self.slots.len())
            .map_err(|_| Error::Limit { what: "variables of a statement", max: u64::from(max) })?;
        self.slots.push(SlotInfo { name, kind });
        Ok(Slot(number))
    }

    /// Returns a new slot without a name.
    fn unnamed_slot(&mut self, kind: SlotKind) -> Result<Slot> {
        self.slot(self.unnamed.clone(), kind)
    }

    /// Returns the index of a parameter.
    fn param(&mut self, name: &Arc<str>) -> Result<u16> {
        if let Some(known) = self.param_at.get(name) {
            return Ok(*known);
        }
        let max = u64::from(u16::MAX);
        let index = u16::try_from(self.params.len());
        let index = index.map_err(|_| Error::Limit { what: "parameters of a statement", max })?;
        self.params.push(name.clone());
        self.param_at.insert(name.clone(), index);
        Ok(index)
    }

    /// Returns the variable of this name.
    fn variable(&self, name: &ast::Name) -> Result<&Variable> {
        self.scope.find(&name.text).ok_or_else(|| self.undefined(name))
    }

    /// Returns the error of a variable that is not in scope.
    #[cold]
    fn undefined(&self, name: &ast::Name) -> Error {
        if let Some(hidden) = &self.hidden
            && hidden.scope.find(&name.text).is_some()
        {
            return fail(hidden.detail, format!("`{}` {}", name.text, hidden.message), name.span);
        }
        let error =
            QueryError::syntax("UndefinedVariable", format!("variable `{}` is not defined", name.text), name.span);
        if self.ended.contains(&name.text) {
            return error
                .hint(format!("it ends at WITH: name it there to go on with it, as in `WITH *, {}`", name.text))
                .into();
        }
        let names: Vec<&str> =
            self.scope.iter().map(|variable| &*variable.name).filter(|name| !name.is_empty()).collect();
        if let Some(hint) = suggest::hint(&name.text, names.iter().copied()) {
            return error.hint(hint).into();
        }
        match names.as_slice() {
            [] => error.into(),
            [only] => error.hint(format!("there is `{only}`")).into(),
            [first @ .., last] if first.len() < NAMES_LISTED_MAX => {
                let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
                error.hint(format!("there are {} and `{last}`", first.join(", "))).into()
            }
            _ => error.into(),
        }
    }

    /// Fails if a variable of this name exists already.
    fn check_new(&self, name: &ast::Name) -> Result<()> {
        if self.scope.find(&name.text).is_some() {
            return Err(already_bound(name));
        }
        Ok(())
    }

    /// Adds a new variable.
    fn declare(&mut self, name: &ast::Name, slot_kind: SlotKind, kind: Kind) -> Result<Slot> {
        self.check_new(name)?;
        let slot = self.slot(name.text.clone(), slot_kind)?;
        self.scope.add(name.text.clone(), slot, kind);
        Ok(slot)
    }

    fn label(&mut self, name: &ast::Name) -> LabelRef {
        let id = self.statistics.label(&name.text);
        self.notice_unknown("label", name, id.is_some(), |s| s.label_names());
        LabelRef { name: name.text.clone(), id }
    }

    fn rel_type(&mut self, name: &ast::Name) -> TypeRef {
        let id = self.statistics.rel_type(&name.text);
        self.notice_unknown("relationship type", name, id.is_some(), |s| s.type_names());
        TypeRef { name: name.text.clone(), id }
    }

    fn key(&mut self, name: &ast::Name) -> KeyRef {
        let id = self.statistics.key(&name.text);
        self.notice_unknown("property key", name, id.is_some(), |s| s.key_names());
        KeyRef { name: name.text.clone(), id }
    }

    /// Notices a name that the graph does not have, but only where it has a similar one and the statement writes nothing:
    /// a new name in a writing statement, or one quite unlike the others, is more often meant than mistaken.
    fn notice_unknown(
        &mut self,
        what: &str,
        name: &ast::Name,
        known: bool,
        names: impl Fn(&dyn Statistics) -> Vec<Arc<str>>,
    ) {
        if known || self.writes {
            return;
        }
        let names = names(self.statistics);
        let Some(similar) = suggest::suggest(&name.text, names.iter().map(|name| &**name)) else { return };
        self.notices.push(Notice {
            message: format!("{what} `{}` does not exist; did you mean `{similar}`?", name.text),
            span: name.span,
        });
    }
}

/// Returns a `SyntaxError`.
#[cold]
fn fail(detail: &'static str, message: impl Into<String>, span: Span) -> Error {
    QueryError::syntax(detail, message, span).into()
}

/// Returns the error of a variable that exists already.
#[cold]
fn already_bound(name: &ast::Name) -> Error {
    fail("VariableAlreadyBound", format!("variable `{}` exists already", name.text), name.span)
}

/// Returns the error of a name used for two kinds of things.
#[cold]
fn type_conflict(name: &ast::Name, is: Kind, wanted: &str) -> Error {
    fail("VariableTypeConflict", format!("variable `{}` is {}, not {wanted}", name.text, is.name()), name.span)
}
