//! UNION.

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch},
    build,
    distinct::Seen,
    more,
};
use crate::{
    Result,
    query::plan::{Slot, UnionBranch},
};

/// The rows of every branch, one branch after the other.
pub(super) struct Union {
    branches: Vec<(Box<dyn Operator>, Vec<Slot>)>,
    into: Vec<Slot>,
    /// Rows met before, where they must differ.
    seen: Option<Seen>,
    batch: Batch,
    rows: Vec<u32>,
    branch: usize,
}

impl Union {
    pub(super) fn build(branches: &[UnionBranch], into: &[Slot], distinct: bool, builder: &mut Builder) -> Self {
        Self {
            branches: branches.iter().map(|branch| (build(&branch.op, builder), branch.columns.clone())).collect(),
            into: into.to_vec(),
            seen: distinct.then(Seen::default),
            batch: builder.batch(),
            rows: Vec::new(),
            branch: 0,
        }
    }
}

impl Operator for Union {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.next_few(ctx, out, BATCH_ROWS_MAX)
    }

    fn next_few(&mut self, ctx: &mut Context, out: &mut Batch, rows: usize) -> Result<bool> {
        let mut rows = rows;
        while let Some((operator, columns)) = self.branches.get_mut(self.branch) {
            if !operator.next_few(ctx, &mut self.batch, rows)? {
                self.branch += 1;
                continue;
            }
            out.clear();
            out.len = self.batch.len;
            out.ordinals.clone_from(&self.batch.ordinals);
            for (&from, &to) in columns.iter().zip(&self.into) {
                out.column_mut(to).copy_range(self.batch.column(from), 0, self.batch.len);
            }
            if let Some(seen) = &mut self.seen {
                // As values: a column may be ids in one branch and values in the other.
                for &slot in &self.into {
                    out.column_mut(slot).as_values(self.batch.len);
                }
                seen.retain_new(ctx, out, &self.into, &mut self.rows)?;
                if self.rows.is_empty() {
                    rows = more(rows);
                    continue;
                }
                out.retain(&self.rows);
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.branches.iter_mut().for_each(|(operator, _)| operator.reset(ctx));
        if let Some(seen) = &mut self.seen {
            seen.clear(ctx);
        }
        self.branch = 0;
    }
}
