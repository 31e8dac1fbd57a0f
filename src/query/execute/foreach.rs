//! FOREACH.

use super::{
    Builder, Context, Operator,
    batch::Batch,
    build,
    eval::{Ex, values},
};
use crate::{
    Result,
    query::plan::{Expr, Op, Slot},
};

/// Runs a body of writes for each item of a list; the rows pass through.
pub(super) struct Foreach {
    input: Box<dyn Operator>,
    list: Ex,
    slot: Slot,
    body: Box<dyn Operator>,
    frame: usize,
    batch: Batch,
}

impl Foreach {
    pub(super) fn build(input: &Op, list: &Expr, slot: Slot, body: &Op, builder: &mut Builder) -> Self {
        let (body, frame) = builder.inner(body);
        Self { input: build(input, builder), list: Ex::build(list, builder), slot, body, frame, batch: builder.batch() }
    }
}

impl Operator for Foreach {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if !self.input.next(ctx, out)? {
            return Ok(false);
        }
        for row in 0..out.len {
            let list = self.list.value(ctx, out, row)?;
            let Some(items) = values::items("FOREACH", &list)? else { continue };
            for item in items.iter() {
                ctx.tick(16)?;
                let frame = &mut ctx.frames[self.frame];
                frame.batch.copy_range(out, row, row + 1);
                frame.batch.column_mut(self.slot).fill(item, 1);
                (frame.start, frame.end) = (0, 1);
                self.body.reset(ctx);
                while self.body.next(ctx, &mut self.batch)? {}
            }
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
    }
}
