//! What the query says of single candidates: mask and boosts.

use super::{
    Spec,
    groups::{Candidate, Rows},
};
use crate::{
    QueryError, Result,
    model::Value,
    query::{
        execute::{
            Context,
            batch::{BATCH_ROWS_MAX, Batch, Column},
        },
        plan::Slot,
    },
};

/// What mask and boosts say of each candidate.
pub(super) struct Inner {
    /// A bit for each; empty where there is no mask.
    mask: Vec<bool>,
    pub(super) boosts: Vec<Vec<f32>>,
    pub(super) boost_was_null: Vec<Vec<bool>>,
}

impl Inner {
    /// Evaluates them on `batch`, which takes a thousand candidates at a time.
    pub(super) fn of(
        ctx: &mut Context,
        spec: &mut Spec,
        all: &Batch,
        candidates: &[Candidate],
        rows: &Rows,
        (kept, batch): (&[Slot], &mut Batch),
    ) -> Result<Self> {
        let n = candidates.len();
        let mut inner = Self {
            mask: Vec::new(),
            boosts: vec![Vec::with_capacity(n); spec.boosts.len()],
            boost_was_null: vec![Vec::with_capacity(n); spec.boosts.len()],
        };
        if spec.mask.is_none() && spec.boosts.is_empty() {
            return Ok(inner);
        }
        feed(ctx, spec, all, candidates, rows, batch)?;
        let mut column = Column::Absent;
        for from in (0..n).step_by(BATCH_ROWS_MAX) {
            let to = n.min(from + BATCH_ROWS_MAX);
            let firsts: Vec<u32> = candidates[from..to].iter().map(|candidate| candidate.first).collect();
            batch.gather(all, &firsts, kept);
            for one in &mut spec.aggregates {
                let values = (from..to).map(|at| one.finish(ctx, at)).collect::<Result<Vec<_>>>()?;
                batch.column_mut(one.slot()).refill_values().extend(values);
            }
            if let Some(mask) = &mut spec.mask {
                let mut rows: Vec<u32> = (0..batch.len as u32).collect();
                mask.retain(ctx, batch, &mut rows)?;
                inner.mask.resize(to, false);
                rows.iter().for_each(|row| inner.mask[from + *row as usize] = true);
            }
            for (at, (boost, name)) in spec.boosts.iter_mut().enumerate() {
                boost.column(ctx, batch, &mut column)?;
                add_boosts(&column, batch.len, name, &mut inner.boosts[at], &mut inner.boost_was_null[at])?;
            }
        }
        Ok(inner)
    }

    /// Returns the bits of those candidates that the mask leaves in.
    pub(super) fn selection(&self, candidates: &[u32]) -> Vec<u64> {
        let mut words = vec![0; candidates.len().div_ceil(64)];
        for (at, candidate) in candidates.iter().enumerate() {
            if self.mask.is_empty() || self.mask[*candidate as usize] {
                words[at / 64] |= 1 << (at % 64);
            }
        }
        words
    }
}

/// Adds the boosts of a column's rows, and whether they were null.
pub(super) fn add_boosts(
    column: &Column,
    n: usize,
    name: &str,
    boosts: &mut Vec<f32>,
    was_null: &mut Vec<bool>,
) -> Result<()> {
    for row in 0..n {
        let value = column.get(row);
        let number = match &value {
            Value::Null => 0.0,
            Value::Int(n) => *n as f64,
            Value::Float(x) => *x,
            other => {
                let message = format!("BOOST `{name}` must be a number, not {other} ({})", other.kind());
                return Err(QueryError::type_error("InvalidArgumentType", message).into());
            }
        };
        if number.is_nan() {
            let message = format!("BOOST `{name}` is not a number for a candidate");
            return Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into());
        }
        boosts.push(number as f32);
        was_null.push(value.is_null());
    }
    Ok(())
}

/// Aggregates, over each candidate's rows, what mask and boosts ask for.
fn feed(
    ctx: &mut Context,
    spec: &mut Spec,
    all: &Batch,
    candidates: &[Candidate],
    rows: &Rows,
    batch: &mut Batch,
) -> Result<()> {
    if spec.aggregates.is_empty() {
        return Ok(());
    }
    // Rows without a candidate go where nobody looks.
    let mut candidate_of = vec![candidates.len() as u32; all.len];
    for (at, candidate) in candidates.iter().enumerate() {
        rows.of(candidate).for_each(|row| candidate_of[row as usize] = at as u32);
    }
    spec.aggregates.iter_mut().for_each(|one| one.start(candidates.len() + 1));
    for from in (0..all.len).step_by(BATCH_ROWS_MAX) {
        let to = all.len.min(from + BATCH_ROWS_MAX);
        batch.copy_range(all, from, to);
        for one in &mut spec.aggregates {
            one.feed(ctx, batch, &candidate_of[from..to])?;
        }
    }
    Ok(())
}
