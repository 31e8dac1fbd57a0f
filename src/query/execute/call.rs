//! Procedures.

use std::sync::Arc;

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, Column},
    build,
    eval::Ex,
};
use crate::{
    Result,
    error::QueryError,
    graph::Snapshot,
    model::Value,
    query::plan::{Expr, Op, Slot},
};

/// What a procedure gave: the names of its outputs, and its rows.
#[derive(Debug, Default)]
struct ProcedureRows {
    /// No names: the procedure gives nothing, and the row that called it goes on.
    outputs: Vec<Arc<str>>,
    rows: Vec<Vec<Value>>,
}

/// The rows a procedure yields, for each input row.
pub(super) struct ProcedureCall {
    input: Box<dyn Operator>,
    name: Arc<str>,
    args: Vec<Ex>,
    yields: Vec<(Arc<str>, Slot)>,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    rows: Vec<u32>,
    columns: Vec<Vec<Value>>,
    at: usize,
}

impl ProcedureCall {
    pub(super) fn build(
        input: &Op,
        name: &Arc<str>,
        args: &[Expr],
        yields: &[(Arc<str>, Slot)],
        carry: &[Slot],
        builder: &mut Builder,
    ) -> Self {
        Self {
            input: build(input, builder),
            name: name.clone(),
            args: Ex::build_all(args, builder),
            yields: yields.to_vec(),
            carry: carry.to_vec(),
            batch: builder.batch(),
            row: 0,
            rows: Vec::new(),
            columns: vec![Vec::new(); yields.len()],
            at: 0,
        }
    }

    fn call(&mut self, ctx: &mut Context) -> Result<()> {
        // No procedure takes an argument yet: they are evaluated for their errors.
        for arg in &mut self.args {
            arg.value(ctx, &self.batch, self.row)?;
        }
        let Some(found) = built_in(ctx.view(), &self.name) else {
            let message = format!("there is no procedure `{}`", self.name);
            return Err(QueryError::run("42N08", "ProcedureError", "ProcedureNotFound", message).into());
        };
        if found.outputs.is_empty() {
            self.rows.push(self.row as u32);
            self.columns.iter_mut().for_each(|column| column.push(Value::Null));
            return Ok(());
        }
        for ((wanted, _), column) in self.yields.iter().zip(&mut self.columns) {
            let Some(at) = found.outputs.iter().position(|output| output == wanted) else {
                let message = format!("procedure `{}` has no output `{wanted}`", self.name);
                return Err(QueryError::run("42001", "SyntaxError", "UndefinedVariable", message).into());
            };
            column.extend(found.rows.iter().map(|row| row[at].clone()));
        }
        self.rows.resize(self.rows.len() + found.rows.len(), self.row as u32);
        Ok(())
    }
}

/// Returns the rows of a procedure; `None` where there is none of this name.
fn built_in(view: &Snapshot, name: &str) -> Option<ProcedureRows> {
    let catalog = view.catalog();
    let rows = |output: &str, names: Vec<&Arc<str>>| ProcedureRows {
        outputs: vec![output.into()],
        rows: names.into_iter().map(|name| vec![Value::String(name.clone())]).collect(),
    };
    match name.to_ascii_lowercase().as_str() {
        "db.labels" => Some(rows(
            "label",
            catalog.labels().filter(|(id, _)| view.n_label(*id) > 0).map(|(_, name)| name).collect(),
        )),
        "db.relationshiptypes" => Some(rows(
            "relationshipType",
            catalog.rel_types().filter(|(id, _)| view.n_type(*id) > 0).map(|(_, name)| name).collect(),
        )),
        "db.propertykeys" => Some(rows("propertyKey", catalog.keys().map(|(_, name)| name).collect())),
        _ => None,
    }
}

impl Operator for ProcedureCall {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        loop {
            if self.at < self.rows.len() {
                let end = self.rows.len().min(self.at + BATCH_ROWS_MAX);
                out.gather(&self.batch, &self.rows[self.at..end], &self.carry);
                for ((_, slot), column) in self.yields.iter().zip(&self.columns) {
                    *out.column_mut(*slot) = Column::Values(column[self.at..end].to_vec());
                }
                self.at = end;
                return Ok(true);
            }
            self.rows.clear();
            self.columns.iter_mut().for_each(Vec::clear);
            self.at = 0;
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next(ctx, &mut self.batch)? {
                    self.batch.len = 0;
                    return Ok(false);
                }
            }
            while self.row < self.batch.len && self.rows.len() < BATCH_ROWS_MAX {
                ctx.tick(16)?;
                self.call(ctx)?;
                self.row += 1;
            }
        }
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.rows.clear();
        self.columns.iter_mut().for_each(Vec::clear);
        (self.batch.len, self.row, self.at) = (0, 0, 0);
    }
}
