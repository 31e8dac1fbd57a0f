//! Predicates over one string property, evaluated once for each distinct string.
//!
//! Properties such as a gender or a city's name have few values on many nodes; `toLower(p.gender) = 'male'` then costs a
//! look-up a row instead of two new strings.

use rustc_hash::FxHashMap;

use super::{Ex, key_id, set_local};
use crate::{
    Result,
    graph::ValueRef,
    model::{NodeId, RelId, Value},
    query::{
        execute::{
            Builder, Context,
            batch::{Batch, Column, NULL_ID},
        },
        function::Function,
        plan::{Expr, KeyRef, Slot},
    },
};

/// The most strings remembered: a property with more distinct values gains nothing.
const MEMO_MAX: usize = 1024;

/// A predicate that depends on one property, parameters and constants only.
pub(crate) struct Memo {
    slot: Slot,
    key: KeyRef,
    /// The predicate, with the property as local 0.
    inner: Ex,
    /// The predicate as it was written, for what is no string of a node or relationship.
    plain: Ex,
    has_params: bool,
    known: FxHashMap<Box<str>, bool>,
}

/// What a predicate depends on.
#[derive(Default)]
struct Found {
    property: Option<(Slot, KeyRef)>,
    has_params: bool,
}

impl Memo {
    /// Builds it where the predicate is of that kind.
    pub(super) fn build(expr: &Expr, builder: &mut Builder) -> Option<Self> {
        let mut found = Found::default();
        let inner = substitute(expr, &mut found)?;
        let (slot, key) = found.property?;
        Some(Self {
            slot,
            key,
            inner: Ex::build(&inner, builder),
            plain: Ex::build(expr, builder),
            has_params: found.has_params,
            known: FxHashMap::default(),
        })
    }

    /// Keeps the rows for which it is true.
    pub(super) fn retain(&mut self, ctx: &mut Context, batch: &Batch, rows: &mut Vec<u32>) -> Result<()> {
        if self.has_params {
            self.known.clear();
        }
        let mut n_kept = 0;
        for at in 0..rows.len() {
            let row = rows[at];
            if self.holds(ctx, batch, row as usize)? {
                rows[n_kept] = row;
                n_kept += 1;
            }
        }
        rows.truncate(n_kept);
        Ok(())
    }

    fn holds(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<bool> {
        let value = {
            let view = ctx.view();
            let Some(key) = key_id(view, &self.key) else { return self.plain_holds(ctx, batch, row) };
            let stored = match batch.column(self.slot) {
                Column::Nodes(ids) if ids.get(row).is_some_and(|&id| id != NULL_ID) => {
                    ctx.gone.check_node(NodeId::new(ids[row]))?;
                    view.node_column(key).get(ids[row])?
                }
                Column::Rels(ids) if ids.get(row).is_some_and(|&id| id != NULL_ID) => {
                    ctx.gone.check_rel(RelId::new(ids[row]))?;
                    view.rel_column(key).get(ids[row])?
                }
                _ => return self.plain_holds(ctx, batch, row),
            };
            let ValueRef::Str(text) = stored else { return self.plain_holds(ctx, batch, row) };
            if let Some(&known) = self.known.get(text) {
                return Ok(known);
            }
            Value::from(text)
        };
        set_local(ctx, 0, value.clone());
        let holds = self.inner.truth(ctx, batch, row)? == Some(true);
        if let (Value::String(text), true) = (value, self.known.len() < MEMO_MAX) {
            self.known.insert((*text).into(), holds);
        }
        Ok(holds)
    }

    fn plain_holds(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<bool> {
        Ok(self.plain.truth(ctx, batch, row)? == Some(true))
    }

    /// Evaluates one row to a truth value.
    pub(super) fn truth(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Option<bool>> {
        self.plain.truth(ctx, batch, row)
    }
}

/// Puts local 0 in the place of the one property an expression reads; `None` where it reads anything else that may differ
/// from row to row, or is one that has a loop of its own.
fn substitute(expr: &Expr, found: &mut Found) -> Option<Expr> {
    let mut one = |expr: &Expr| Some(Box::new(substitute(expr, found)?));
    Some(match expr {
        Expr::Const(_) => expr.clone(),
        Expr::Param(_) => {
            found.has_params = true;
            expr.clone()
        }
        Expr::Property { base, key, .. } => {
            let Expr::Slot(slot) = **base else { return None };
            let here = (slot, key.clone());
            if found.property.get_or_insert_with(|| here.clone()) != &here {
                return None;
            }
            Expr::Local(0)
        }
        Expr::Not(inner) => Expr::Not(one(inner)?),
        Expr::Compare(op, left, right) => Expr::Compare(*op, one(left)?, one(right)?),
        Expr::StringTest(test, left, right) => Expr::StringTest(*test, one(left)?, one(right)?),
        Expr::In(item, list) => Expr::In(one(item)?, one(list)?),
        Expr::Or(any) => Expr::Or(substitute_all(any, found)?),
        Expr::List(items) => Expr::List(substitute_all(items, found)?),
        Expr::Call { function, args, span }
            if !matches!(function, Function::Rand | Function::RandomUuid | Function::Timestamp) =>
        {
            Expr::Call { function: *function, args: substitute_all(args, found)?, span: *span }
        }
        _ => return None,
    })
}

fn substitute_all(exprs: &[Expr], found: &mut Found) -> Option<Vec<Expr>> {
    exprs.iter().map(|expr| substitute(expr, found)).collect()
}
