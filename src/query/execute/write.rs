//! CREATE, and SET and REMOVE.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    Builder, Context, Operator,
    attend::read_credit,
    batch::{Batch, Column},
    build,
    eval::{Ex, at},
};
use crate::{
    Result, Span,
    error::QueryError,
    model::{KeyId, LabelId, Map, NodeId, RelId, Value},
    query::{
        function::{self, Function},
        plan::{CreatePattern, Expr, LabelRef, Op, SetItem, Slot, TypeRef},
    },
};

/// Creates nodes and relationships for each row.
pub(super) struct Create {
    input: Box<dyn Operator>,
    pattern: Pattern,
}

impl Create {
    pub(super) fn build(input: &Op, create: &CreatePattern, builder: &mut Builder) -> Self {
        Self { input: build(input, builder), pattern: Pattern::build(create, builder) }
    }
}

impl Operator for Create {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if !self.input.next(ctx, out)? {
            return Ok(false);
        }
        self.pattern.create(ctx, out, OnNull::Skip)?;
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
    }
}

/// What a null property means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnNull {
    /// CREATE: there is no such property.
    Skip,
    /// MERGE: an error, as the pattern could never match what it creates.
    Refuse,
}

/// Nodes and relationships to make.
pub(super) struct Pattern {
    nodes: Vec<(Slot, Vec<LabelRef>, Properties)>,
    rels: Vec<NewRel>,
    paths: Vec<(Slot, Ex)>,
}

struct NewRel {
    slot: Slot,
    rel_type: TypeRef,
    start: Slot,
    end: Slot,
    properties: Properties,
}

/// Properties of something new.
enum Properties {
    None,
    /// Keys are known, values are computed.
    Listed(Vec<(Arc<str>, Ex)>),
    /// A map of its own.
    Map(Ex),
}

impl Properties {
    fn build(expr: Option<&Expr>, builder: &mut Builder) -> Self {
        match expr {
            None => Self::None,
            Some(Expr::Map(entries)) => {
                Self::Listed(entries.iter().map(|(key, expr)| (key.clone(), Ex::build(expr, builder))).collect())
            }
            Some(expr) => Self::Map(Ex::build(expr, builder)),
        }
    }

    /// Evaluates them for a row.
    fn values(
        &mut self,
        ctx: &mut Context,
        batch: &Batch,
        row: usize,
        into: &mut Vec<(Arc<str>, Value)>,
    ) -> Result<()> {
        into.clear();
        match self {
            Self::None => {}
            Self::Listed(entries) => {
                for (key, expr) in entries {
                    into.push((key.clone(), expr.value(ctx, batch, row)?));
                }
            }
            Self::Map(expr) => {
                let value = expr.value(ctx, batch, row)?;
                into.extend(as_map(ctx, &value)?.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        Ok(())
    }
}

impl Pattern {
    pub(super) fn build(create: &CreatePattern, builder: &mut Builder) -> Self {
        Self {
            nodes: create
                .nodes
                .iter()
                .map(|node| (node.slot, node.labels.clone(), Properties::build(node.properties.as_ref(), builder)))
                .collect(),
            rels: create
                .rels
                .iter()
                .map(|rel| NewRel {
                    slot: rel.slot,
                    rel_type: rel.rel_type.clone(),
                    start: rel.start,
                    end: rel.end,
                    properties: Properties::build(rel.properties.as_ref(), builder),
                })
                .collect(),
            paths: create.paths.iter().map(|(slot, expr)| (*slot, Ex::build(expr, builder))).collect(),
        }
    }

    /// Returns the slots it fills.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let nodes = self.nodes.iter().map(|(slot, ..)| *slot);
        let rels = self.rels.iter().map(|rel| rel.slot);
        nodes.chain(rels).chain(self.paths.iter().map(|(slot, _)| *slot)).collect()
    }

    /// Creates everything for every row.
    pub(super) fn create(&mut self, ctx: &mut Context, batch: &mut Batch, on_null: OnNull) -> Result<()> {
        let mut values = Vec::new();
        for (slot, labels, properties) in &mut self.nodes {
            let transaction = ctx.transaction()?;
            let labels: Result<Vec<LabelId>> = labels.iter().map(|label| transaction.label(&label.name)).collect();
            let labels = labels?;
            let mut made = Vec::with_capacity(batch.len);
            for row in 0..batch.len {
                ctx.tick(8)?;
                properties.values(ctx, batch, row, &mut values)?;
                refuse_null(&values, on_null)?;
                let transaction = ctx.transaction()?;
                let node = transaction.create_node(&labels)?;
                let mut n_set = 0;
                for (name, value) in values.drain(..).filter(|(_, value)| !value.is_null()) {
                    let key = transaction.key(&name)?;
                    n_set += u64::from(transaction.set_node(node, key, value)?);
                }
                ctx.check_changes()?;
                ctx.summary.nodes_created += 1;
                ctx.summary.labels_added += labels.len() as u64;
                ctx.summary.properties_set += n_set;
                made.push(node.get());
            }
            *batch.column_mut(*slot) = Column::Nodes(made);
        }
        for rel in &mut self.rels {
            let rel_type = ctx.transaction()?.rel_type(&rel.rel_type.name)?;
            let mut made = Vec::with_capacity(batch.len);
            for row in 0..batch.len {
                ctx.tick(8)?;
                rel.properties.values(ctx, batch, row, &mut values)?;
                refuse_null(&values, on_null)?;
                let end_of = |slot: Slot| -> Result<NodeId> {
                    match batch.column(slot).node(row) {
                        Some(id) => Ok(NodeId::new(id)),
                        None => {
                            let message =
                                format!("cannot create a relationship :{}: an end is null", rel.rel_type.name);
                            Err(QueryError::run("22004", "EntityNotFound", "MissingNode", message).into())
                        }
                    }
                };
                let (start, end) = (end_of(rel.start)?, end_of(rel.end)?);
                ctx.gone.check_node(start)?;
                ctx.gone.check_node(end)?;
                let transaction = ctx.transaction()?;
                let id = transaction.create_rel(rel_type, start, end)?;
                let mut n_set = 0;
                for (name, value) in values.drain(..).filter(|(_, value)| !value.is_null()) {
                    let key = transaction.key(&name)?;
                    n_set += u64::from(transaction.set_rel(id, key, value)?);
                }
                ctx.check_changes()?;
                ctx.summary.relationships_created += 1;
                ctx.summary.properties_set += n_set;
                made.push(id.get());
            }
            *batch.column_mut(rel.slot) = Column::Rels(made);
        }
        for (slot, expr) in &mut self.paths {
            let mut column = Column::Absent;
            expr.column(ctx, batch, &mut column)?;
            *batch.column_mut(*slot) = column;
        }
        Ok(())
    }
}

fn refuse_null(values: &[(Arc<str>, Value)], on_null: OnNull) -> Result<()> {
    match values.iter().find(|(_, value)| value.is_null()) {
        Some((key, _)) if on_null == OnNull::Refuse => {
            let message = format!("MERGE cannot use a null value for property `{key}`");
            Err(QueryError::run("22004", "SemanticError", "MergeReadOwnWrites", message).into())
        }
        _ => Ok(()),
    }
}

/// Returns the properties of a map, a node or a relationship; none of null.
fn as_map(ctx: &Context, value: &Value) -> Result<Map> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Map(map) => Ok((**map).clone()),
        Value::Node(_) | Value::Relationship(_) => {
            let properties = function::call(Function::Properties, std::slice::from_ref(value), &ctx.scene())?;
            as_map(ctx, &properties)
        }
        other => {
            let message = format!("expected a map of properties, not {} `{other}`", other.kind());
            Err(QueryError::type_error("InvalidArgumentType", message).into())
        }
    }
}

/// Changes properties and labels for each row.
pub(super) struct Set {
    input: Box<dyn Operator>,
    changes: Changes,
}

impl Set {
    pub(super) fn build(input: &Op, items: &[SetItem], builder: &mut Builder) -> Self {
        Self { input: build(input, builder), changes: Changes::build(items, builder) }
    }
}

impl Operator for Set {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if !self.input.next(ctx, out)? {
            return Ok(false);
        }
        (0..out.len).try_for_each(|row| self.changes.apply(ctx, out, row))?;
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
    }
}

/// Changes of properties and labels.
pub(super) struct Changes {
    items: Vec<(Ex, Change)>,
}

enum Change {
    Property {
        key: Arc<str>,
        value: Ex,
    },
    Dynamic {
        key: Ex,
        value: Ex,
        span: Span,
    },
    Replace(Ex),
    Merge(Ex),
    AddLabels(Vec<LabelRef>),
    RemoveLabels(Vec<LabelRef>),
    Salience {
        value: Ex,
        span: Span,
    },
    /// `done` has the credits that were reinforced, and in which run.
    Reinforce {
        reward: Ex,
        span: Span,
        done: (u64, FxHashSet<i64>),
    },
}

#[derive(Clone, Copy)]
enum Target {
    Node(NodeId),
    Rel(RelId),
}

impl Changes {
    pub(super) fn build(items: &[SetItem], builder: &mut Builder) -> Self {
        builder.needs_host |= items.iter().any(|item| matches!(item, SetItem::Reinforce { .. }));
        let mut one = |expr: &Expr| Ex::build(expr, builder);
        let build = |item: &SetItem| match item {
            SetItem::Property { target, key, value } => {
                (one(target), Change::Property { key: key.name.clone(), value: one(value) })
            }
            SetItem::Dynamic { target, key, value, span } => {
                (one(target), Change::Dynamic { key: one(key), value: one(value), span: *span })
            }
            SetItem::Replace { target, map } => (one(target), Change::Replace(one(map))),
            SetItem::Merge { target, map } => (one(target), Change::Merge(one(map))),
            SetItem::AddLabels { target, labels } => (one(target), Change::AddLabels(labels.clone())),
            SetItem::RemoveLabels { target, labels } => (one(target), Change::RemoveLabels(labels.clone())),
            SetItem::Reinforce { credit, reward, span } => {
                (one(credit), Change::Reinforce { reward: one(reward), span: *span, done: (0, FxHashSet::default()) })
            }
            SetItem::Salience { target, value, span } => {
                (one(target), Change::Salience { value: one(value), span: *span })
            }
        };
        Self { items: items.iter().map(build).collect() }
    }

    /// Returns whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Applies them in order to a row.
    pub(super) fn apply(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<()> {
        for (target, change) in &mut self.items {
            ctx.tick(4)?;
            let target = target.value(ctx, batch, row)?;
            if let Change::Reinforce { reward, span, done } = change {
                if done.0 != ctx.run() {
                    *done = (ctx.run(), FxHashSet::default());
                }
                let Some((number, credits)) = read_credit(&target) else { continue };
                if done.1.insert(number) {
                    let reward = reward.value(ctx, batch, row)?;
                    at(reinforce(ctx, &credits, &reward), *span)?;
                }
                continue;
            }
            let target = match target {
                Value::Null => continue,
                Value::Node(node) => Target::Node(node.id),
                Value::Relationship(rel) => Target::Rel(rel.id),
                other => {
                    let message = format!("cannot set a property or label of {} `{other}`", other.kind());
                    return Err(QueryError::type_error("InvalidArgumentType", message).into());
                }
            };
            match target {
                Target::Node(id) => ctx.gone.check_node(id)?,
                Target::Rel(id) => ctx.gone.check_rel(id)?,
            }
            match change {
                Change::Property { key, value } => {
                    let value = value.value(ctx, batch, row)?;
                    set(ctx, target, key, value)?;
                }
                Change::Dynamic { key, value, span } => {
                    let key = match key.value(ctx, batch, row)? {
                        Value::String(key) => key,
                        other => {
                            let message = format!("the key of a property is a string, not {} `{other}`", other.kind());
                            return Err(QueryError::type_error("InvalidArgumentType", message).at(*span).into());
                        }
                    };
                    let value = value.value(ctx, batch, row)?;
                    set(ctx, target, &key, value)?;
                }
                Change::Replace(map) => {
                    let map = map.value(ctx, batch, row)?;
                    let map = as_map(ctx, &map)?;
                    for name in names(ctx, target)?.into_iter().filter(|name| !map.contains_key(name)) {
                        set(ctx, target, &name, Value::Null)?;
                    }
                    map.into_iter().try_for_each(|(name, value)| set(ctx, target, &name, value))?;
                }
                Change::Merge(map) => {
                    let map = map.value(ctx, batch, row)?;
                    as_map(ctx, &map)?.into_iter().try_for_each(|(name, value)| set(ctx, target, &name, value))?;
                }
                Change::AddLabels(labels) => {
                    let id = labelled(target)?;
                    for label in labels {
                        let transaction = ctx.transaction()?;
                        let label = transaction.label(&label.name)?;
                        let is_new = transaction.add_label(id, label)?;
                        ctx.summary.labels_added += u64::from(is_new);
                    }
                }
                Change::RemoveLabels(labels) => {
                    let id = labelled(target)?;
                    for label in labels {
                        let Some(label) = ctx.view().catalog().label(&label.name) else { continue };
                        let was_there = ctx.transaction()?.remove_label(id, label)?;
                        ctx.summary.labels_removed += u64::from(was_there);
                    }
                }
                Change::Reinforce { .. } => {}
                Change::Salience { value, span } => {
                    let value = value.value(ctx, batch, row)?;
                    at(set_salience(ctx, target, &value), *span)?;
                }
            }
        }
        Ok(())
    }
}

fn set(ctx: &mut Context, target: Target, name: &str, value: Value) -> Result<()> {
    // Removing a property nobody ever had must not put its name into the dictionary.
    if value.is_null() && ctx.view().catalog().key(name).is_none() {
        return Ok(());
    }
    let transaction = ctx.transaction()?;
    let key = transaction.key(name)?;
    let has_changed = match target {
        Target::Node(id) => transaction.set_node(id, key, value)?,
        Target::Rel(id) => transaction.set_rel(id, key, value)?,
    };
    ctx.summary.properties_set += u64::from(has_changed);
    ctx.check_changes()
}

/// Tells the database of a reward for what these relationships led to.
fn reinforce(ctx: &mut Context, credits: &[(RelId, f32)], reward: &Value) -> Result<()> {
    let number = match reward {
        Value::Int(reward) => *reward as f64,
        Value::Float(reward) => *reward,
        other => {
            let other = if other.is_null() { "null".to_owned() } else { format!("{} `{other}`", other.kind()) };
            let message = format!("a reward must be a number from -1 to 1, not {other}");
            return Err(QueryError::type_error("InvalidArgumentType", message).into());
        }
    };
    if !(-1.0..=1.0).contains(&number) {
        let message = format!("a reward must be a number from -1 to 1, not {reward}");
        return Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into());
    }
    ctx.tick(16 * credits.len())?;
    let host = ctx.host.clone().ok_or_else(|| crate::Error::NotAllowed {
        what: "REINFORCE where there is no database around the statement".into(),
    })?;
    let salience =
        |ctx: &Context| -> Result<Vec<f32>> { credits.iter().map(|(rel, _)| ctx.view().salience(*rel)).collect() };
    // Records of the ledger are in the order of what they tell of.
    let set = ctx.take_saliences();
    if !set.is_empty() {
        host.tell_saliences(&set, ctx.transaction()?)?;
    }
    let before = salience(ctx)?;
    host.reinforce(credits, number, ctx.transaction()?)?;
    let changed = salience(ctx)?.into_iter().zip(before).filter(|(new, old)| new != old);
    ctx.summary.saliences_set += changed.count() as u64;
    ctx.check_changes()
}

fn set_salience(ctx: &mut Context, target: Target, value: &Value) -> Result<()> {
    let Target::Rel(id) = target else {
        let message = "a node has no salience, only a relationship has one";
        return Err(QueryError::type_error("InvalidArgumentType", message).into());
    };
    let salience = match value {
        Value::Int(value) => *value as f32,
        Value::Float(value) => *value as f32,
        Value::Null => {
            let message = "salience must be a number above 0, not null";
            let error = QueryError::type_error("InvalidArgumentType", message);
            return Err(error.hint("coalesce(value, 1.0) takes another where there is none").into());
        }
        other => {
            let message = format!("salience must be a number above 0, not {} `{other}`", other.kind());
            return Err(QueryError::type_error("InvalidArgumentType", message).into());
        }
    };
    if !(salience.is_finite() && salience > 0.0) {
        let message = format!("salience must be a finite number above 0, not {value}");
        let error = QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message);
        return Err(error.hint("it is kept in 32 bits, so from 1e-45 to 3e38").into());
    }
    let old = ctx.view().salience(id)?;
    if old != salience {
        ctx.transaction()?.set_salience(id, salience)?;
        ctx.summary.saliences_set += 1;
        ctx.saliences.entry(id).or_insert((old, salience)).1 = salience;
    }
    ctx.check_changes()
}

fn names(ctx: &Context, target: Target) -> Result<Vec<Arc<str>>> {
    let view = ctx.view();
    let properties: Vec<(KeyId, Value)> = match target {
        Target::Node(id) => view.node_props(id)?,
        Target::Rel(id) => view.rel_props(id)?,
    };
    Ok(properties.into_iter().map(|(key, _)| view.catalog().key_name(key).clone()).collect())
}

fn labelled(target: Target) -> Result<NodeId> {
    match target {
        Target::Node(id) => Ok(id),
        Target::Rel(id) => {
            let message = format!("relationship {id} cannot have labels");
            Err(QueryError::type_error("InvalidArgumentType", message).into())
        }
    }
}
