//! Evaluates a predicate over a selection of rows.

use std::cmp::Ordering;

use super::{
    Ex,
    ints::{FEW_BLOCKS, IntReader, MANY_BLOCKS, MANY_IDS},
    key_id,
    row::string_test,
    values,
};
use crate::{
    Result,
    graph::{self, ValueRef},
    model::{NodeId, Value},
    query::{
        execute::{
            Context,
            batch::{Batch, Column, NULL_ID},
        },
        plan::{Comparison, KeyRef, LabelTest, Slot},
    },
};

impl Ex {
    /// Keeps the rows of the selection for which the predicate is true.
    ///
    /// # Errors
    /// As [`Ex::truth`].
    pub(crate) fn retain(&mut self, ctx: &mut Context, batch: &Batch, rows: &mut Vec<u32>) -> Result<()> {
        ctx.tick(rows.len())?;
        let wants_null = matches!(self, Self::IsNull(_));
        match self {
            Self::Memo(memo) => return memo.retain(ctx, batch, rows),
            Self::And(all) => return all.iter_mut().try_for_each(|one| one.retain(ctx, batch, rows)),
            Self::Compare(op, left, right) => {
                if let Some((slot, key)) = entity_property(left)
                    && let Some(constant) = right.constant(ctx)
                    && let Some(column) = typed(ctx, batch, slot, key)
                {
                    let (op, constant) = (*op, constant.clone());
                    return retain_compared(column, op, &constant, rows);
                }
                if let (Self::Slot(left), Self::Slot(right)) = (&**left, &**right)
                    && let (Column::Nodes(a), Column::Nodes(b)) | (Column::Rels(a), Column::Rels(b)) =
                        (batch.column(*left), batch.column(*right))
                    && a.len() == batch.len
                    && b.len() == batch.len
                    && matches!(op, Comparison::Eq | Comparison::Ne)
                {
                    let wanted = *op == Comparison::Eq;
                    rows.retain(|&row| {
                        let (a, b) = (a[row as usize], b[row as usize]);
                        a != NULL_ID && b != NULL_ID && (a == b) == wanted
                    });
                    return Ok(());
                }
            }
            Self::StringTest { test, left, right, regex } => {
                if let Some((slot, key)) = entity_property(left)
                    && let Some(Value::String(right)) = right.constant(ctx).cloned()
                    && let Some(column) = typed(ctx, batch, slot, key)
                {
                    let (ids, column) = column;
                    return try_retain(rows, |row| match read(column, ids[row as usize])? {
                        ValueRef::Str(text) => string_test(*test, text, &right, regex),
                        ValueRef::Mixed(Value::String(text)) => string_test(*test, &text, &right, regex),
                        _ => Ok(false),
                    });
                }
            }
            Self::HasLabels(inner, LabelTest::Is(name)) => {
                if let Self::Slot(slot) = **inner
                    && let Column::Nodes(ids) = batch.column(slot)
                    && ids.len() == batch.len
                    && ctx.gone.is_empty()
                {
                    let view = ctx.view();
                    let Some(label) = view.catalog().label(name) else {
                        rows.clear();
                        return Ok(());
                    };
                    return try_retain(rows, |row| {
                        let id = ids[row as usize];
                        Ok(id != NULL_ID && view.has_label(NodeId::new(id), label)?)
                    });
                }
            }
            Self::IsNull(inner) | Self::IsNotNull(inner) => {
                if let Some((slot, key)) = entity_property(inner)
                    && let Some((ids, column)) = typed(ctx, batch, slot, key)
                {
                    return try_retain(rows, |row| {
                        Ok(matches!(read(column, ids[row as usize])?, ValueRef::Null) == wants_null)
                    });
                }
            }
            _ => {}
        }
        try_retain(rows, |row| Ok(self.truth(ctx, batch, row as usize)? == Some(true)))
    }

    /// Returns the value where it is the same for every row and needs no work.
    pub(crate) fn constant<'a>(&'a self, ctx: &'a Context) -> Option<&'a Value> {
        match self {
            Self::Const(value) => Some(value),
            Self::Param(number) => Some(&ctx.params[*number]),
            _ => None,
        }
    }
}

fn entity_property(ex: &Ex) -> Option<(Slot, &KeyRef)> {
    match ex {
        Ex::Property { base, key, .. } => match **base {
            Ex::Slot(slot) => Some((slot, key)),
            _ => None,
        },
        _ => None,
    }
}

type Typed<'a> = (&'a [u32], Option<graph::Column<'a>>);

/// Returns the ids of a slot of nodes or relationships and the column of a key; `None` for other slots, or where something
/// was deleted, which must be looked at one by one.
fn typed<'a>(ctx: &'a Context, batch: &'a Batch, slot: Slot, key: &KeyRef) -> Option<Typed<'a>> {
    if !ctx.gone.is_empty() {
        return None;
    }
    let view = ctx.view();
    let key = key_id(view, key);
    match batch.column(slot) {
        Column::Nodes(ids) if ids.len() == batch.len => Some((ids, key.map(|key| view.node_column(key)))),
        Column::Rels(ids) if ids.len() == batch.len => Some((ids, key.map(|key| view.rel_column(key)))),
        _ => None,
    }
}

#[inline]
fn read<'a>(column: Option<graph::Column<'a>>, id: u32) -> Result<ValueRef<'a>> {
    match column {
        Some(column) if id != NULL_ID => column.get(id),
        _ => Ok(ValueRef::Null),
    }
}

fn retain_compared((ids, column): Typed<'_>, op: Comparison, constant: &Value, rows: &mut Vec<u32>) -> Result<()> {
    if let (Some(column), Value::Int(constant)) = (column, constant) {
        return if rows.len() < MANY_IDS {
            retain_ints(IntReader::<FEW_BLOCKS>::new(column), column, ids, op, *constant, rows)
        } else {
            retain_ints(IntReader::<MANY_BLOCKS>::new(column), column, ids, op, *constant, rows)
        };
    }
    try_retain(rows, |row| {
        let stored = read(column, ids[row as usize])?;
        Ok(match compare_ref(&stored, constant) {
            Some(ordering) => values::holds(op, ordering),
            None => values::compare(op, &stored.to_value(), constant) == Some(true),
        })
    })
}

fn retain_ints<const N: usize>(
    mut reader: IntReader<'_, N>,
    column: graph::Column<'_>,
    ids: &[u32],
    op: Comparison,
    constant: i64,
    rows: &mut Vec<u32>,
) -> Result<()> {
    try_retain(rows, |row| {
        let id = ids[row as usize];
        if id == NULL_ID {
            return Ok(false);
        }
        match reader.get(id)? {
            Some(n) => Ok(values::holds(op, n.cmp(&constant))),
            None => Ok(values::compare(op, &column.value(id)?, &Value::Int(constant)) == Some(true)),
        }
    })
}

/// Compares what needs no conversion.
#[inline]
fn compare_ref(stored: &ValueRef<'_>, constant: &Value) -> Option<Ordering> {
    match (stored, constant) {
        (ValueRef::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (ValueRef::Str(a), Value::String(b)) => Some((**a).cmp(b)),
        (ValueRef::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (ValueRef::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn try_retain(rows: &mut Vec<u32>, mut keep: impl FnMut(u32) -> Result<bool>) -> Result<()> {
    let mut n_kept = 0;
    for at in 0..rows.len() {
        let row = rows[at];
        if keep(row)? {
            rows[n_kept] = row;
            n_kept += 1;
        }
    }
    rows.truncate(n_kept);
    Ok(())
}
