//! LIMIT and DISTINCT of ranked paths, where the pattern goes on behind them.

use super::super::limit_of;
use crate::{
    Result,
    query::{
        beam as plan,
        execute::{Builder, Context, Operator, batch::Batch, build, eval::Ex},
        plan::Slot,
    },
};

/// See [`plan::LimitPaths`].
pub(in crate::query::execute) struct LimitPaths {
    input: Box<dyn Operator>,
    numbers: (Slot, Slot),
    limit: Option<Ex>,
    distinct: bool,
    group: Option<Group>,
    rows: Vec<u32>,
}

/// The group of the last row.
struct Group {
    number: i64,
    limit: usize,
    /// Its last path, and how many there were.
    path: i64,
    n_paths: usize,
}

impl LimitPaths {
    pub(in crate::query::execute) fn build(plan: &plan::LimitPaths, builder: &mut Builder) -> Self {
        Self {
            input: build(&plan.input, builder),
            numbers: plan.numbers,
            limit: plan.limit.as_ref().map(|limit| Ex::build(limit, builder)),
            distinct: plan.distinct,
            group: None,
            rows: Vec::new(),
        }
    }

    fn keeps(&mut self, ctx: &mut Context, out: &Batch, row: usize) -> Result<bool> {
        let number = |slot: Slot| out.get(slot, row).as_int().unwrap_or(-1);
        let (number, path) = (number(self.numbers.0), number(self.numbers.1));
        let group = match &mut self.group {
            Some(group) if group.number == number => group,
            before => {
                let limit = match &mut self.limit {
                    Some(limit) => limit_of(&limit.value(ctx, out, row)?)?,
                    None => usize::MAX,
                };
                before.insert(Group { number, limit, path: -1, n_paths: 0 })
            }
        };
        let is_new = std::mem::replace(&mut group.path, path) != path;
        group.n_paths += usize::from(is_new);
        Ok(group.n_paths <= group.limit && (is_new || !self.distinct))
    }
}

impl Operator for LimitPaths {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        while self.input.next(ctx, out)? {
            self.rows.clear();
            for row in 0..out.len {
                if self.keeps(ctx, out, row)? {
                    self.rows.push(row as u32);
                }
            }
            if !self.rows.is_empty() {
                out.retain(&self.rows);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.group = None;
    }
}
