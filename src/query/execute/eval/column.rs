//! Evaluates an expression for a whole batch.

use super::{Ex, at, ints::read_ints, key_id, row::read_bytes, values};
use crate::{
    Result,
    graph::{self, ValueRef},
    model::{NodeId, RelId, Value},
    query::{
        execute::{
            Context,
            batch::{Batch, Column, NULL_ID},
        },
        function::{Function, Gone},
        plan::{Arithmetic, KeyRef},
    },
};

impl Ex {
    /// Evaluates every row of a batch into `out`, which keeps its buffer where it can. What is kept of it, the caller
    /// counts.
    ///
    /// # Errors
    /// As [`Ex::value`].
    pub(crate) fn column(&mut self, ctx: &mut Context, batch: &Batch, out: &mut Column) -> Result<()> {
        let mark = ctx.made();
        let done = self.make_column(ctx, batch, out);
        ctx.forget(mark);
        done
    }

    /// As [`Ex::column`]; the values that were made for it stay counted.
    ///
    /// # Errors
    /// As [`Ex::value`].
    pub(crate) fn make_column(&mut self, ctx: &mut Context, batch: &Batch, out: &mut Column) -> Result<()> {
        ctx.tick(batch.len)?;
        match self {
            Self::Slot(slot) if !batch.column(*slot).is_absent() => {
                out.copy_range(batch.column(*slot), 0, batch.len);
                return Ok(());
            }
            Self::Const(value) => {
                out.fill(value, batch.len);
                return Ok(());
            }
            Self::Param(number) => {
                out.fill(&ctx.params[*number], batch.len);
                return Ok(());
            }
            Self::Property { base, key, .. } => {
                if let Self::Slot(slot) = **base {
                    match batch.column(slot) {
                        Column::Nodes(ids) if ids.len() == batch.len => {
                            return properties(ctx, ids, key, Kind::Node, out);
                        }
                        Column::Rels(ids) if ids.len() == batch.len => {
                            return properties(ctx, ids, key, Kind::Rel, out);
                        }
                        _ => {}
                    }
                }
            }
            Self::Call { function: Function::Id, args, .. } => {
                if let [Self::Slot(slot)] = args[..]
                    && let Column::Nodes(ids) | Column::Rels(ids) = batch.column(slot)
                    && ids.len() == batch.len
                    && !ids.contains(&NULL_ID)
                {
                    out.refill_ints().extend(ids.iter().map(|id| i64::from(*id)));
                    return Ok(());
                }
            }
            Self::Arithmetic { op, left, right, span } => {
                let (mut a, mut b) = (Column::Absent, Column::Absent);
                left.column(ctx, batch, &mut a)?;
                right.column(ctx, batch, &mut b)?;
                return at(arithmetic(ctx, *op, &a, &b, batch.len, out), *span);
            }
            Self::Subquery(subquery) => {
                let is_done = subquery.column(ctx, batch, out)?;
                if is_done {
                    return Ok(());
                }
            }
            Self::And(_)
            | Self::Or(_)
            | Self::Xor(..)
            | Self::Not(_)
            | Self::Compare(..)
            | Self::StringTest { .. }
            | Self::In(..)
            | Self::IsNull(_)
            | Self::IsNotNull(_)
            | Self::IsTyped(..)
            | Self::HasLabels(..) => {
                let truths = out.refill_bools();
                for row in 0..batch.len {
                    truths.push(self.truth(ctx, batch, row)?);
                }
                return Ok(());
            }
            _ => {}
        }
        // The kind of the first value decides the kind of the column; `push` mends it where a later one differs.
        out.clear();
        for row in 0..batch.len {
            let mark = ctx.made();
            let value = self.eval(ctx, batch, row)?;
            ctx.settle(mark, &value);
            if row == 0 {
                out.fill(&value, 1);
            } else {
                out.push(value, row);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Node,
    Rel,
}

fn properties(ctx: &mut Context, ids: &[u32], key: &KeyRef, kind: Kind, out: &mut Column) -> Result<()> {
    check_gone(&ctx.gone, ids, kind)?;
    let view = ctx.view();
    let Some(key) = key_id(view, key) else {
        out.fill(&Value::Null, ids.len());
        return Ok(());
    };
    let column = match kind {
        Kind::Node => view.node_column(key),
        Kind::Rel => view.rel_column(key),
    };
    let bytes = fill(column, ids, out)?;
    ctx.make(bytes)
}

fn check_gone(gone: &Gone, ids: &[u32], kind: Kind) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    ids.iter().filter(|&&id| id != NULL_ID).try_for_each(|&id| match kind {
        Kind::Node => gone.check_node(NodeId::new(id)),
        Kind::Rel => gone.check_rel(RelId::new(id)),
    })
}

/// Reads a property for every id: into a typed column as far as the values are of the first one's type. Returns the bytes
/// that were copied. The largest property fits into one frame of the journal, so a batch is read before it is counted.
fn fill(column: graph::Column<'_>, ids: &[u32], out: &mut Column) -> Result<usize> {
    let read = |id: u32| if id == NULL_ID { Ok(ValueRef::Null) } else { column.get(id) };
    let Some(&first) = ids.first() else {
        out.clear();
        return Ok(0);
    };
    let n_done = match read(first)? {
        ValueRef::Int(_) => {
            let to = out.refill_ints();
            read_ints(column, ids, to)?;
            to.len()
        }
        ValueRef::Float(_) => {
            let to = out.refill_floats();
            for &id in ids {
                let ValueRef::Float(x) = read(id)? else { break };
                to.push(x);
            }
            to.len()
        }
        _ => {
            out.refill_values();
            0
        }
    };
    let mut bytes = 0;
    if n_done < ids.len() {
        let to = out.as_values(n_done);
        for &id in &ids[n_done..] {
            let value = if id == NULL_ID { Value::Null } else { column.value(id)? };
            bytes += read_bytes(&value);
            to.push(value);
        }
    }
    Ok(bytes)
}

fn arithmetic(ctx: &mut Context, op: Arithmetic, a: &Column, b: &Column, len: usize, out: &mut Column) -> Result<()> {
    match (op, a, b) {
        (Arithmetic::Add, Column::Ints(a), Column::Ints(b)) if integers(a, b, out, i64::checked_add) => return Ok(()),
        (Arithmetic::Sub, Column::Ints(a), Column::Ints(b)) if integers(a, b, out, i64::checked_sub) => return Ok(()),
        (Arithmetic::Mul, Column::Ints(a), Column::Ints(b)) if integers(a, b, out, i64::checked_mul) => return Ok(()),
        (Arithmetic::Add, Column::Floats(a), Column::Floats(b)) => return floats(a, b, out, |a, b| a + b),
        (Arithmetic::Sub, Column::Floats(a), Column::Floats(b)) => return floats(a, b, out, |a, b| a - b),
        (Arithmetic::Mul, Column::Floats(a), Column::Floats(b)) => return floats(a, b, out, |a, b| a * b),
        (Arithmetic::Div, Column::Floats(a), Column::Floats(b)) => return floats(a, b, out, |a, b| a / b),
        _ => {}
    }
    out.clear();
    for row in 0..len {
        let (a, b) = (a.get(row), b.get(row));
        ctx.make(values::joined_bytes(op, &a, &b))?;
        let value = values::arithmetic(op, &a, &b)?;
        if row == 0 {
            out.fill(&value, 1);
        } else {
            out.push(value, row);
        }
    }
    Ok(())
}

/// Returns whether none overflowed; else the slow path says which.
fn integers(a: &[i64], b: &[i64], out: &mut Column, op: impl Fn(i64, i64) -> Option<i64>) -> bool {
    let to = out.refill_ints();
    to.extend(a.iter().zip(b).map_while(|(&a, &b)| op(a, b)));
    to.len() == a.len()
}

#[expect(clippy::unnecessary_wraps, reason = "the caller returns it")]
fn floats(a: &[f64], b: &[f64], out: &mut Column, op: impl Fn(f64, f64) -> f64) -> Result<()> {
    out.refill_floats().extend(a.iter().zip(b).map(|(&a, &b)| op(a, b)));
    Ok(())
}
