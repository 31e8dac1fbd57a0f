//! Procedures.

use std::sync::Arc;

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column},
    build,
    eval::Ex,
    hydrate,
};
use crate::{
    Error, Result,
    model::Value,
    query::{
        plan::{Expr, Op, Slot},
        procedure::{Procedure, ProcedureRows},
    },
};

/// The rows a procedure yields, for each input row.
pub(super) struct ProcedureCall {
    input: Box<dyn Operator>,
    procedure: Arc<Procedure>,
    args: Vec<Ex>,
    yields: Vec<(usize, Slot)>,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    /// What the call for the input row before `row` has yet to give.
    current: Option<ProcedureRows>,
    rows: Vec<u32>,
    columns: Vec<Vec<Value>>,
}

impl ProcedureCall {
    pub(super) fn build(
        input: &Op,
        procedure: &Arc<Procedure>,
        args: &[Expr],
        yields: &[(usize, Slot)],
        carry: &[Slot],
        builder: &mut Builder,
    ) -> Self {
        Self {
            input: build(input, builder),
            procedure: procedure.clone(),
            args: Ex::build_all(args, builder),
            yields: yields.to_vec(),
            carry: carry.to_vec(),
            batch: builder.batch(),
            row: 0,
            current: None,
            rows: Vec::new(),
            columns: vec![Vec::new(); yields.len()],
        }
    }

    /// Calls the procedure for the input row at hand.
    fn call(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.tick(16)?;
        let mut args = Vec::with_capacity(self.args.len());
        for arg in &mut self.args {
            let value = arg.value(ctx, &self.batch, self.row)?;
            args.push(hydrate(ctx.view(), value)?);
        }
        let given: ProcedureRows = match self.procedure.host_call() {
            Some(call) => {
                self.procedure.check_args(&mut args)?;
                let host = ctx.host.clone().ok_or_else(|| Error::NotAllowed {
                    what: format!(
                        "calling `{}` where there is no database around the statement",
                        self.procedure.name()
                    ),
                })?;
                let source = ctx.source.as_mut().expect("operators run between start and finish");
                Box::new(host.call(call, &args, source, &ctx.limits)?.into_iter().map(Ok))
            }
            None => self.procedure.run(args, ctx.view())?,
        };
        if self.procedure.outputs().is_empty() {
            for row in given {
                self.procedure.check_row(&mut row?)?;
                ctx.tick(1)?;
            }
            self.rows.push(self.row as u32);
        } else {
            self.current = Some(given);
        }
        self.row += 1;
        Ok(())
    }
}

impl Operator for ProcedureCall {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        self.rows.clear();
        self.columns.iter_mut().for_each(Vec::clear);
        while self.rows.len() < BATCH_ROWS_MAX {
            match self.current.as_mut().map(Iterator::next) {
                Some(Some(row)) => {
                    let mut row = row?;
                    ctx.tick(1)?;
                    self.procedure.check_row(&mut row)?;
                    self.rows.push(self.row as u32 - 1);
                    for ((output, _), column) in self.yields.iter().zip(&mut self.columns) {
                        column.push(row[*output].clone());
                    }
                }
                Some(None) => self.current = None,
                None if self.row < self.batch.len => self.call(ctx)?,
                None if !self.rows.is_empty() => break,
                None => {
                    (self.batch.len, self.row) = (0, 0);
                    if !self.input.next(ctx, &mut self.batch)? {
                        self.batch.len = 0;
                        return Ok(false);
                    }
                }
            }
        }
        out.gather(&self.batch, &self.rows, &self.carry);
        for ((_, slot), column) in self.yields.iter().zip(&mut self.columns) {
            *out.column_mut(*slot) = Column::Values(std::mem::take(column));
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.current = None;
        (self.batch.len, self.row) = (0, 0);
    }
}
