//! DELETE and DETACH DELETE.

use std::collections::BTreeSet;

use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch},
    build,
    eval::Ex,
};
use crate::{
    Result,
    error::QueryError,
    model::{NodeId, RelId, Value},
    query::plan::{Expr, Op, Slot},
};

/// Deletes what the targets of all rows name, relationships first, so that a node and its last relationship may be named in
/// any order and in different rows.
pub(super) struct Delete {
    input: Box<dyn Operator>,
    targets: Vec<Ex>,
    detach: bool,
    batch: Batch,
    all: Batch,
    /// What is to go. Here, so that a run that is stopped leaves them to whoever drops the operators.
    nodes: BTreeSet<NodeId>,
    rels: BTreeSet<RelId>,
    slots: Vec<Slot>,
    at: Option<usize>,
    held: u64,
}

impl Delete {
    pub(super) fn build(input: &Op, targets: &[Expr], detach: bool, builder: &mut Builder) -> Self {
        Self {
            input: build(input, builder),
            targets: Ex::build_all(targets, builder),
            detach,
            batch: builder.batch(),
            all: builder.batch(),
            nodes: BTreeSet::new(),
            rels: BTreeSet::new(),
            slots: (0..builder.width()).map(|slot| Slot(slot as u16)).collect(),
            at: None,
            held: 0,
        }
    }

    fn delete(&mut self, ctx: &mut Context) -> Result<()> {
        self.nodes.clear();
        self.rels.clear();
        let mut bytes = 0;
        while self.input.next(ctx, &mut self.batch)? {
            for target in &mut self.targets {
                for row in 0..self.batch.len {
                    ctx.tick(2)?;
                    let value = target.value(ctx, &self.batch, row)?;
                    mark(&value, &mut self.nodes, &mut self.rels)?;
                }
            }
            bytes += self.batch.bytes();
            ctx.hold(&mut self.held, bytes + (self.nodes.len() + self.rels.len()) * 16)?;
            self.all.append(&self.batch, &self.slots);
        }
        for &rel in &self.rels {
            delete_rel(ctx, rel)?;
        }
        if self.detach {
            for &node in &self.nodes {
                for rel in ctx.transaction()?.rels_of(node)? {
                    delete_rel(ctx, rel)?;
                }
            }
        }
        for &node in &self.nodes {
            ctx.tick(16)?;
            if ctx.transaction()?.delete_node(node)? {
                ctx.summary.nodes_deleted += 1;
                ctx.gone.nodes.insert(node);
            }
        }
        Ok(())
    }
}

fn mark(value: &Value, nodes: &mut BTreeSet<NodeId>, rels: &mut BTreeSet<RelId>) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Node(node) => {
            nodes.insert(node.id);
        }
        Value::Relationship(rel) => {
            rels.insert(rel.id);
        }
        Value::Path(path) => {
            nodes.extend(path.nodes.iter().map(|node| node.id));
            rels.extend(path.relationships.iter().map(|rel| rel.id));
        }
        Value::List(items) => items.iter().try_for_each(|item| mark(item, nodes, rels))?,
        other => {
            let message = format!("cannot delete {} `{other}`", other.kind());
            return Err(QueryError::type_error("InvalidArgumentType", message).into());
        }
    }
    Ok(())
}

fn delete_rel(ctx: &mut Context, id: RelId) -> Result<()> {
    ctx.tick(16)?;
    let Some(record) = ctx.view().rel(id)? else { return Ok(()) };
    if ctx.transaction()?.delete_rel(id)? {
        ctx.summary.relationships_deleted += 1;
        ctx.gone.rels.insert(id, record);
    }
    Ok(())
}

impl Operator for Delete {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.at.is_none() {
            self.all.clear();
            self.all.ordinals = None;
            self.delete(ctx)?;
        }
        let at = self.at.unwrap_or(0);
        let end = self.all.len.min(at + BATCH_ROWS_MAX);
        self.at = Some(end);
        if at == end {
            return Ok(false);
        }
        out.copy_range(&self.all, at, end);
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.at = None;
        ctx.release(&mut self.held);
    }
}
