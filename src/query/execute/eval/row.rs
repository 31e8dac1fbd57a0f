//! Evaluates an expression for one row.

use std::sync::Arc;

use regex_lite::Regex;

use super::{
    Ex, at, key_id,
    values::{self, as_truth, truth},
};
use crate::{
    Result,
    error::QueryError,
    model::{Map, Node, NodeId, Path, Relationship, Value},
    query::{
        execute::{
            Context,
            batch::{Batch, value_bytes},
            large::{self, Growing},
        },
        function::{self, Function, Range},
        plan::{KeyRef, LabelTest, Quantifier, Slot, StringTest},
    },
};

/// What an item takes in a list that is being made: the list doubles when it is full, and is copied once when it is done.
pub(crate) const GROWING_ITEM_BYTES: usize = 3 * size_of::<Value>();

/// A longer range is made piece by piece, with looks at the clock between.
const LONG_RANGE_BYTES: usize = 1 << 20;

/// The most bytes a compiled regular expression may take.
const REGEX_BYTES_MAX: usize = 1 << 20;

impl Ex {
    /// Evaluates one row of a batch. What is kept of the value, the caller counts.
    ///
    /// # Errors
    /// Query errors of the expression; `Limit` where a value would be larger than the statement may hold.
    pub(crate) fn value(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Value> {
        let mark = ctx.made();
        let value = self.eval(ctx, batch, row);
        ctx.forget(mark);
        value
    }

    /// Evaluates one row of a batch to a truth value; `None` is null.
    ///
    /// # Errors
    /// As [`Ex::value`]; `TypeError` where it is neither a boolean nor null.
    pub(crate) fn truth(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Option<bool>> {
        let mark = ctx.made();
        let truth = self.test(ctx, batch, row);
        ctx.forget(mark);
        truth
    }

    /// As [`Ex::value`]; what was made for it stays counted.
    pub(crate) fn eval(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Value> {
        match self {
            Self::Const(value) => Ok(value.clone()),
            Self::Param(number) => Ok(ctx.params[*number].clone()),
            Self::Slot(slot) => Ok(batch.get(*slot, row)),
            Self::Local(number) => Ok(ctx.locals[*number].clone()),
            Self::Property { base, key, span } => {
                let base = base.eval(ctx, batch, row)?;
                let value = at(property(ctx, &base, key), *span)?;
                if let Value::Node(_) | Value::Relationship(_) = base {
                    ctx.make(read_bytes(&value))?;
                }
                Ok(value)
            }
            Self::Index { base, index } => {
                let (base, index) = (base.eval(ctx, batch, row)?, index.eval(ctx, batch, row)?);
                match (&base, &index) {
                    (Value::Node(_) | Value::Relationship(_), Value::String(name)) => {
                        property(ctx, &base, &KeyRef { name: name.clone(), id: None })
                    }
                    _ => values::index(&base, &index),
                }
            }
            Self::Slice { base, from, to } => {
                let base = base.eval(ctx, batch, row)?;
                let from = from.as_mut().map(|from| from.eval(ctx, batch, row)).transpose()?;
                let to = to.as_mut().map(|to| to.eval(ctx, batch, row)).transpose()?;
                values::slice(&base, from.as_ref(), to.as_ref())
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
            | Self::HasLabels(..)
            | Self::Memo(_)
            | Self::Quantified { .. } => Ok(truth(self.test(ctx, batch, row)?)),
            Self::Arithmetic { op, left, right, span } => {
                let (left, right) = (left.eval(ctx, batch, row)?, right.eval(ctx, batch, row)?);
                ctx.make(values::joined_bytes(*op, &left, &right))?;
                let value = at(values::arithmetic(*op, &left, &right), *span)?;
                ctx.note(&value);
                Ok(value)
            }
            Self::Negate(inner) => values::negate(&inner.eval(ctx, batch, row)?),
            Self::List(items) => {
                ctx.make(items.len() * size_of::<Value>())?;
                let items: Result<Arc<[Value]>> = items.iter_mut().map(|item| item.eval(ctx, batch, row)).collect();
                Ok(Value::List(items?))
            }
            Self::Map(entries) => {
                let entries = entries.iter_mut().map(|(key, value)| Ok((key.clone(), value.eval(ctx, batch, row)?)));
                Ok(Value::from(entries.collect::<Result<Map>>()?))
            }
            Self::MapProjection { base, all, entries } => {
                let base = base.eval(ctx, batch, row)?;
                if base.is_null() {
                    return Ok(Value::Null);
                }
                let mut map = Map::new();
                if *all && let Value::Map(found) = function::call(Function::Properties, &[base], &ctx.scene())? {
                    map.clone_from(&found);
                }
                let entries = entries.iter_mut().map(|(key, value)| Ok((key.clone(), value.eval(ctx, batch, row)?)));
                map.extend(entries.collect::<Result<Vec<_>>>()?);
                Ok(Value::from(map))
            }
            Self::Case { operand, branches, otherwise } => {
                let operand = operand.as_mut().map(|operand| operand.eval(ctx, batch, row)).transpose()?;
                for (when, then) in branches {
                    let is_taken = match &operand {
                        Some(operand) => operand.equals(&when.eval(ctx, batch, row)?),
                        None => when.test(ctx, batch, row)?,
                    };
                    if is_taken == Some(true) {
                        return then.eval(ctx, batch, row);
                    }
                }
                otherwise.as_mut().map_or(Ok(Value::Null), |otherwise| otherwise.eval(ctx, batch, row))
            }
            Self::Call { function, args, span, scratch } => {
                let mut values = std::mem::take(scratch);
                values.clear();
                for arg in args {
                    values.push(arg.eval(ctx, batch, row)?);
                }
                let bytes = function::made_bytes(*function, &values);
                ctx.make(bytes)?;
                if matches!(values.first(), Some(Value::String(_))) && *function != Function::Split {
                    values::check_text(bytes)?;
                }
                let result = match function {
                    Function::Range if bytes > LONG_RANGE_BYTES => long_range(ctx, &values),
                    _ => function::call(*function, &values, &ctx.scene()),
                };
                values.clear();
                *scratch = values;
                let value = at(result, *span)?;
                ctx.note(&value);
                Ok(value)
            }
            Self::Comprehension { local, list, filter, map } => {
                let items = list.over("a list comprehension", ctx, batch, row)?;
                let Some(items) = items else { return Ok(Value::Null) };
                let mut made = Growing::default();
                for item in items {
                    ctx.tick(1)?;
                    set_local(ctx, *local, item.clone());
                    if let Some(filter) = filter
                        && filter.test(ctx, batch, row)? != Some(true)
                    {
                        continue;
                    }
                    let mark = ctx.made();
                    let value = match map {
                        Some(map) => map.eval(ctx, batch, row)?,
                        None => item,
                    };
                    ctx.settle(mark, &value);
                    ctx.make(GROWING_ITEM_BYTES)?;
                    made.push(value);
                }
                let value = made.finish(ctx)?;
                ctx.note(&value);
                Ok(value)
            }
            Self::Reduce { acc, init, list, body } => {
                let init = init.eval(ctx, batch, row)?;
                let Some(items) = list.over("reduce()", ctx, batch, row)? else { return Ok(Value::Null) };
                set_local(ctx, *acc, init);
                let mark = ctx.made();
                for item in items {
                    ctx.tick(1)?;
                    set_local(ctx, *acc + 1, item);
                    let next = body.eval(ctx, batch, row)?;
                    ctx.settle(mark, &next);
                    set_local(ctx, *acc, next);
                }
                Ok(std::mem::take(&mut ctx.locals[*acc]))
            }
            Self::Path(slots) => path(ctx, slots, batch, row),
            Self::Subquery(subquery) => subquery.value(ctx, batch, row),
        }
    }

    /// As [`Ex::truth`]; what was made on the way stays counted.
    fn test(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Option<bool>> {
        match self {
            Self::And(all) => {
                let mut known = true;
                for one in all {
                    match one.test(ctx, batch, row)? {
                        Some(true) => {}
                        Some(false) => return Ok(Some(false)),
                        None => known = false,
                    }
                }
                Ok(known.then_some(true))
            }
            Self::Or(any) => {
                let mut known = true;
                for one in any {
                    match one.test(ctx, batch, row)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => known = false,
                    }
                }
                Ok(known.then_some(false))
            }
            Self::Memo(memo) => memo.truth(ctx, batch, row),
            Self::Xor(left, right) => {
                let (left, right) = (left.test(ctx, batch, row)?, right.test(ctx, batch, row)?);
                Ok(left.zip(right).map(|(left, right)| left != right))
            }
            Self::Not(inner) => Ok(inner.test(ctx, batch, row)?.map(|truth| !truth)),
            Self::Compare(op, left, right) => {
                let (left, right) = (left.eval(ctx, batch, row)?, right.eval(ctx, batch, row)?);
                Ok(values::compare(*op, &left, &right))
            }
            Self::StringTest { test, left, right, regex } => {
                let (left, right) = (left.eval(ctx, batch, row)?, right.eval(ctx, batch, row)?);
                match (&left, &right) {
                    (Value::String(left), Value::String(right)) => string_test(*test, left, right, regex).map(Some),
                    _ => Ok(None),
                }
            }
            Self::In(item, list) => {
                let (item, list) = (item.eval(ctx, batch, row)?, list.eval(ctx, batch, row)?);
                values::is_in(&item, &list)
            }
            Self::IsNull(inner) => Ok(Some(inner.is_null(ctx, batch, row)?)),
            Self::IsNotNull(inner) => Ok(Some(!inner.is_null(ctx, batch, row)?)),
            Self::IsTyped(inner, test) => Ok(Some(test.admits(&inner.eval(ctx, batch, row)?))),
            Self::HasLabels(inner, test) => {
                let value = inner.eval(ctx, batch, row)?;
                has_labels(ctx, &value, test)
            }
            Self::Quantified { quantifier, local, list, predicate } => {
                let Some(items) = list.over("a quantifier", ctx, batch, row)? else { return Ok(None) };
                let (mut n_true, mut n_null, mut n_false) = (0u64, 0u64, 0u64);
                for item in items {
                    ctx.tick(1)?;
                    set_local(ctx, *local, item);
                    match predicate.test(ctx, batch, row)? {
                        Some(true) => n_true += 1,
                        Some(false) => n_false += 1,
                        None => n_null += 1,
                    }
                    let decided = match quantifier {
                        Quantifier::All => n_false > 0,
                        Quantifier::Any | Quantifier::None => n_true > 0,
                        Quantifier::Single => n_true > 1,
                    };
                    if decided {
                        break;
                    }
                }
                Ok(match quantifier {
                    Quantifier::All if n_false > 0 => Some(false),
                    Quantifier::Any if n_true > 0 => Some(true),
                    Quantifier::None if n_true > 0 => Some(false),
                    Quantifier::Single if n_true > 1 => Some(false),
                    _ if n_null > 0 => None,
                    Quantifier::All | Quantifier::None => Some(true),
                    Quantifier::Any => Some(false),
                    Quantifier::Single => Some(n_true == 1),
                })
            }
            _ => as_truth(&self.eval(ctx, batch, row)?),
        }
    }

    fn is_null(&mut self, ctx: &mut Context, batch: &Batch, row: usize) -> Result<bool> {
        match self {
            Self::Slot(slot) => Ok(batch.column(*slot).is_null(row)),
            _ => Ok(self.eval(ctx, batch, row)?.is_null()),
        }
    }
}

/// Returns the bytes that reading a stored value has copied.
pub(super) fn read_bytes(value: &Value) -> usize {
    match value {
        Value::String(_) | Value::List(_) | Value::Temporal(_) | Value::Point(_) => value_bytes(value),
        _ => 0,
    }
}

/// Sets the variable of a comprehension.
pub(crate) fn set_local(ctx: &mut Context, number: usize, value: Value) {
    if ctx.locals.len() <= number {
        ctx.locals.resize(number + 1, Value::Null);
    }
    ctx.locals[number] = value;
}

/// Returns `base.key`.
///
/// # Errors
/// `EntityNotFound` of what this statement deleted, `TypeError` of what has no properties.
pub(crate) fn property(ctx: &Context, base: &Value, key: &KeyRef) -> Result<Value> {
    match base {
        Value::Null => Ok(Value::Null),
        Value::Node(node) => {
            ctx.gone.check_node(node.id)?;
            key_id(ctx.view(), key).map_or(Ok(Value::Null), |key| ctx.view().node_prop(node.id, key))
        }
        Value::Relationship(rel) => {
            ctx.gone.check_rel(rel.id)?;
            key_id(ctx.view(), key).map_or(Ok(Value::Null), |key| ctx.view().rel_prop(rel.id, key))
        }
        Value::Map(map) => Ok(map.get(&key.name).cloned().unwrap_or_default()),
        Value::Date(_) | Value::Temporal(_) => function::temporal_part(base, &key.name),
        Value::Point(point) => Ok(function::point_part(point, &key.name)),
        other => {
            let message = format!("{} `{other}` has no property `{}`", other.kind(), key.name);
            Err(QueryError::type_error("InvalidArgumentType", message).into())
        }
    }
}

/// Returns whether a node has labels, or a relationship a type.
///
/// # Errors
/// `TypeError` where it is neither.
pub(crate) fn has_labels(ctx: &Context, value: &Value, test: &LabelTest) -> Result<Option<bool>> {
    fn holds(test: &LabelTest, has: &mut impl FnMut(Option<&str>) -> Result<bool>) -> Result<bool> {
        Ok(match test {
            LabelTest::Is(name) => has(Some(name))?,
            LabelTest::Any => has(None)?,
            LabelTest::Not(inner) => !holds(inner, has)?,
            LabelTest::And(all) => {
                for one in all {
                    if !holds(one, has)? {
                        return Ok(false);
                    }
                }
                true
            }
            LabelTest::Or(any) => {
                for one in any {
                    if holds(one, has)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }
    let view = ctx.view();
    match value {
        Value::Null => Ok(None),
        Value::Node(node) => {
            ctx.gone.check_node(node.id)?;
            let has = &mut |name: Option<&str>| match name {
                None => Ok(!view.node_labels(node.id)?.is_empty()),
                Some(name) => view.catalog().label(name).map_or(Ok(false), |label| view.has_label(node.id, label)),
            };
            holds(test, has).map(Some)
        }
        Value::Relationship(rel) => {
            let rel_type = ctx.scene().record(rel.id)?.rel_type;
            let name_of = view.catalog().type_name(rel_type);
            holds(test, &mut |name| Ok(name.is_none_or(|name| name == &**name_of))).map(Some)
        }
        other => {
            let message = format!("{} `{other}` has no labels", other.kind());
            Err(QueryError::type_error("InvalidArgumentType", message).into())
        }
    }
}

/// Tests two strings; a regular expression is compiled once and kept while it stays the same.
///
/// # Errors
/// A query error where the regular expression is wrong.
pub(crate) fn string_test(
    test: StringTest,
    left: &str,
    right: &Arc<str>,
    regex: &mut Option<(Arc<str>, Regex)>,
) -> Result<bool> {
    Ok(match test {
        StringTest::StartsWith => left.starts_with(&**right),
        StringTest::EndsWith => left.ends_with(&**right),
        StringTest::Contains => left.contains(&**right),
        StringTest::Matches => {
            if regex.as_ref().is_none_or(|(source, _)| source != right) {
                *regex = Some((right.clone(), compile(right)?));
            }
            regex.as_ref().is_some_and(|(_, regex)| regex.is_match(left))
        }
    })
}

/// Compiles a regular expression that has to match the whole string.
fn compile(source: &str) -> Result<Regex> {
    let whole = format!("^(?:{source})$");
    regex_lite::RegexBuilder::new(&whole).size_limit(REGEX_BYTES_MAX).build().map_err(|error| {
        let message = format!("`{source}` is no regular expression: {error}");
        QueryError::run("22023", "ArgumentError", "InvalidRegularExpression", message).into()
    })
}

/// Returns the path through slots: node, relationship (or a list of them), node, ...
fn path(ctx: &Context, slots: &[Slot], batch: &Batch, row: usize) -> Result<Value> {
    let mut nodes: Vec<Node> = Vec::with_capacity(slots.len() / 2 + 1);
    let mut relationships: Vec<Relationship> = Vec::with_capacity(slots.len() / 2);
    let step = |from: NodeId, rel: &Relationship| -> Result<NodeId> {
        let record = ctx.scene().record(rel.id)?;
        Ok(if record.start == from { record.end } else { record.start })
    };
    for &slot in slots {
        match batch.get(slot, row) {
            // The node after a list of relationships has been reached already.
            Value::Node(node) if nodes.len() <= relationships.len() => nodes.push(node),
            Value::Node(_) => {}
            Value::Relationship(rel) => relationships.push(rel),
            Value::List(rels) => {
                for rel in rels.iter() {
                    let (Value::Relationship(rel), Some(last)) = (rel, nodes.last()) else { return Ok(Value::Null) };
                    nodes.push(Node::bare(step(last.id, rel)?));
                    relationships.push(rel.clone());
                }
            }
            _ => return Ok(Value::Null),
        }
    }
    Ok(Value::Path(Arc::new(Path { nodes, relationships })))
}

/// Makes the list of a long range.
fn long_range(ctx: &mut Context, args: &[Value]) -> Result<Value> {
    let range = Range::for_list(args)?;
    large::list(ctx, range.len() as usize, range.map(Value::Int))
}
