//! Expressions while they run: built once from the plan, with the state that evaluating needs (operators of subqueries,
//! compiled regular expressions, buffers).
//!
//! [`Ex::value`] evaluates one row and is the reference; [`Ex::column`] a whole batch, and [`Ex::retain`] a predicate over a
//! selection, with loops of their own for the frequent shapes and [`Ex::value`] for the rest.
//!
//! Memory: what makes a value that may be large tells the [`Context`] beforehand (`make`), which refuses it where it, what
//! else was made on the way and what operators hold would be too much. What an intermediate value took is given back
//! (`settle`) when the next one is there, everything (`forget`) when the caller has the value: an operator that keeps it
//! counts it by itself.

mod column;
mod ints;
mod memo;
mod over;
mod predicate;
mod row;
pub(crate) use row::{GROWING_ITEM_BYTES, set_local};
mod subquery;
pub(crate) mod values;

use std::sync::Arc;

use regex_lite::Regex;

use self::{memo::Memo, subquery::Subquery};
use super::Builder;
use crate::{
    Result,
    error::Span,
    graph::Snapshot,
    model::{KeyId, Value},
    query::{
        function::Function,
        plan::{Arithmetic, Comparison, Expr, KeyRef, LabelTest, Quantifier, Slot, StringTest},
        value_type::TypeTest,
    },
};

/// An expression ready to run.
pub(crate) enum Ex {
    Const(Value),
    Param(usize),
    Slot(Slot),
    Local(usize),
    Property { base: Box<Ex>, key: KeyRef, span: Span },
    Index { base: Box<Ex>, index: Box<Ex> },
    Slice { base: Box<Ex>, from: Option<Box<Ex>>, to: Option<Box<Ex>> },
    And(Vec<Ex>),
    Or(Vec<Ex>),
    Xor(Box<Ex>, Box<Ex>),
    Not(Box<Ex>),
    Compare(Comparison, Box<Ex>, Box<Ex>),
    StringTest { test: StringTest, left: Box<Ex>, right: Box<Ex>, regex: Option<(Arc<str>, Regex)> },
    In(Box<Ex>, Box<Ex>),
    IsNull(Box<Ex>),
    IsNotNull(Box<Ex>),
    Arithmetic { op: Arithmetic, left: Box<Ex>, right: Box<Ex>, span: Span },
    Negate(Box<Ex>),
    List(Vec<Ex>),
    Map(Vec<(Arc<str>, Ex)>),
    MapProjection { base: Box<Ex>, all: bool, entries: Vec<(Arc<str>, Ex)> },
    IsTyped(Box<Ex>, Arc<TypeTest>),
    HasLabels(Box<Ex>, LabelTest),
    Case { operand: Option<Box<Ex>>, branches: Vec<(Ex, Ex)>, otherwise: Option<Box<Ex>> },
    Call { function: Function, args: Vec<Ex>, span: Span, scratch: Vec<Value> },
    Comprehension { local: usize, list: Box<Ex>, filter: Option<Box<Ex>>, map: Option<Box<Ex>> },
    Quantified { quantifier: Quantifier, local: usize, list: Box<Ex>, predicate: Box<Ex> },
    Reduce { acc: usize, init: Box<Ex>, list: Box<Ex>, body: Box<Ex> },
    Path(Vec<Slot>),
    Subquery(Box<Subquery>),
    Memo(Box<Memo>),
}

impl Ex {
    /// Builds the expression of a plan.
    pub(crate) fn build(expr: &Expr, builder: &mut Builder) -> Self {
        let mut one = |expr: &Expr| Box::new(Self::build(expr, builder));
        match expr {
            Expr::Const(value) => Self::Const(value.clone()),
            Expr::Param(number) => Self::Param((*number).into()),
            Expr::Slot(slot) => Self::Slot(*slot),
            Expr::Local(number) => Self::Local((*number).into()),
            Expr::Property { base, key, span } => Self::Property { base: one(base), key: key.clone(), span: *span },
            Expr::Index { base, index } => Self::Index { base: one(base), index: one(index) },
            Expr::Slice { base, from, to } => {
                Self::Slice { base: one(base), from: from.as_deref().map(&mut one), to: to.as_deref().map(&mut one) }
            }
            Expr::And(all) => Self::And(Self::build_all(all, builder)),
            Expr::Or(any) => Self::Or(Self::build_all(any, builder)),
            Expr::Xor(left, right) => Self::Xor(one(left), one(right)),
            Expr::Not(inner) => Self::Not(one(inner)),
            Expr::Compare(op, left, right) => Self::Compare(*op, one(left), one(right)),
            Expr::StringTest(test, left, right) => {
                Self::StringTest { test: *test, left: one(left), right: one(right), regex: None }
            }
            Expr::In(item, list) => Self::In(one(item), one(list)),
            Expr::IsNull(inner) => Self::IsNull(one(inner)),
            Expr::IsNotNull(inner) => Self::IsNotNull(one(inner)),
            Expr::Arithmetic { op, left, right, span } => {
                Self::Arithmetic { op: *op, left: one(left), right: one(right), span: *span }
            }
            Expr::Negate(inner) => Self::Negate(one(inner)),
            Expr::List(items) => Self::List(Self::build_all(items, builder)),
            Expr::Map(entries) => Self::Map(Self::build_entries(entries, builder)),
            Expr::MapProjection { base, all, entries } => {
                Self::MapProjection { base: one(base), all: *all, entries: Self::build_entries(entries, builder) }
            }
            Expr::IsTyped(inner, test) => Self::IsTyped(one(inner), test.clone()),
            Expr::HasLabels(inner, test) => Self::HasLabels(one(inner), test.clone()),
            Expr::Case { operand, branches, otherwise } => Self::Case {
                operand: operand.as_deref().map(&mut one),
                otherwise: otherwise.as_deref().map(&mut one),
                branches: branches.iter().map(|(when, then)| (*one(when), *one(then))).collect(),
            },
            Expr::Call { function, args, span } => Self::Call {
                function: *function,
                args: Self::build_all(args, builder),
                span: *span,
                scratch: Vec::with_capacity(args.len()),
            },
            Expr::Comprehension { local, list, filter, map } => Self::Comprehension {
                local: (*local).into(),
                list: one(list),
                filter: filter.as_deref().map(&mut one),
                map: map.as_deref().map(&mut one),
            },
            Expr::Quantified { quantifier, local, list, predicate } => Self::Quantified {
                quantifier: *quantifier,
                local: (*local).into(),
                list: one(list),
                predicate: one(predicate),
            },
            Expr::Reduce { acc, init, list, body } => {
                Self::Reduce { acc: (*acc).into(), init: one(init), list: one(list), body: one(body) }
            }
            Expr::Path(slots) => Self::Path(slots.clone()),
            Expr::Subquery { inner, inputs, kind, once } => {
                Self::Subquery(Box::new(Subquery::build(inner, inputs, kind, *once, builder)))
            }
        }
    }

    /// Builds a predicate, for [`Ex::retain`].
    pub(crate) fn predicate(expr: &Expr, builder: &mut Builder) -> Self {
        match expr {
            Expr::And(all) => Self::And(all.iter().map(|one| Self::predicate(one, builder)).collect()),
            // These have loops of their own.
            Expr::Compare(_, left, right) | Expr::StringTest(_, left, right)
                if matches!((&**left, &**right), (Expr::Property { .. }, Expr::Const(_) | Expr::Param(_))) =>
            {
                Self::build(expr, builder)
            }
            _ => match Memo::build(expr, builder) {
                Some(memo) => Self::Memo(Box::new(memo)),
                None => Self::build(expr, builder),
            },
        }
    }

    /// Builds several.
    pub(crate) fn build_all(exprs: &[Expr], builder: &mut Builder) -> Vec<Self> {
        exprs.iter().map(|expr| Self::build(expr, builder)).collect()
    }

    fn build_entries(entries: &[(Arc<str>, Expr)], builder: &mut Builder) -> Vec<(Arc<str>, Self)> {
        entries.iter().map(|(key, expr)| (key.clone(), Self::build(expr, builder))).collect()
    }
}

/// Returns the id of a key now: a statement may have made the key after it was planned.
#[inline]
pub(crate) fn key_id(view: &Snapshot, key: &KeyRef) -> Option<KeyId> {
    key.id.or_else(|| view.catalog().key(&key.name))
}

/// Adds where it happened to an error that does not know.
pub(crate) fn at<T>(result: Result<T>, span: Span) -> Result<T> {
    result.map_err(|error| match error {
        crate::Error::Query(query) => (*query).at(span).into(),
        other => other,
    })
}
