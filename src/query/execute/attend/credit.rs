//! What a candidate is reinforced by: the relationships that led to it, each with its share of the credit.
//!
//! A credit is a list: its number, by which several rows of one candidate are known, and then in turn a relationship and its
//! share. Shares are above 0 and together 1; what nothing led to has none.
//!
//! A relationship that was ranked has all of the credit; those of a path that was ranked have shares as their weights at their
//! hops. What led to a node is split among the rows of the node by the products of the saliences on the way, and the part of
//! a row evenly among its relationships.

use rustc_hash::FxHashMap;

use super::way::on_way;
use crate::{
    Result,
    model::{RelId, Value},
    query::{
        execute::{Context, batch::Batch},
        plan::Slot,
    },
};

/// Returns the credit of a candidate with these rows, or of a relationship that was ranked.
///
/// # Errors
/// `Corrupt` where a block is damaged.
pub(super) fn of_rows(
    ctx: &mut Context,
    path: &[Slot],
    all: &Batch,
    rows: impl Iterator<Item = u32> + Clone,
    rel: Option<u32>,
) -> Result<Value> {
    let number = ctx.next_credit();
    if let Some(id) = rel {
        return Ok(list(number, [(RelId::new(id), 1.0)].into_iter()));
    }
    let mut ways: Vec<(f64, Vec<RelId>)> = Vec::new();
    for row in rows {
        let (mut product, mut rels) = (1.0_f64, Vec::new());
        on_way(all, path, row, |rel| {
            product *= f64::from(ctx.view().salience(rel)?);
            rels.push(rel);
            Ok(())
        })?;
        if !rels.is_empty() {
            ways.push((product.clamp(f64::MIN_POSITIVE, 1e100), rels));
        }
    }
    let total: f64 = ways.iter().map(|(product, _)| product).sum();
    let mut shares: FxHashMap<RelId, f64> = FxHashMap::default();
    for (product, rels) in &ways {
        for rel in rels {
            *shares.entry(*rel).or_default() += product / total / rels.len() as f64;
        }
    }
    let mut shares: Vec<(RelId, f64)> = shares.into_iter().collect();
    shares.sort_unstable_by_key(|(rel, _)| *rel);
    Ok(list(number, shares.into_iter()))
}

/// Returns the credit of a path whose relationships have these weights.
pub(super) fn of_path(ctx: &mut Context, steps: &[(RelId, f32)]) -> Value {
    let number = ctx.next_credit();
    let weight = |weight: f32| f64::from(weight.max(f32::MIN_POSITIVE));
    let total: f64 = steps.iter().map(|(_, w)| weight(*w)).sum();
    list(number, steps.iter().map(|(rel, w)| (*rel, weight(*w) / total)))
}

fn list(number: i64, shares: impl Iterator<Item = (RelId, f64)>) -> Value {
    let shares = shares.flat_map(|(rel, share)| [Value::relationship(rel), Value::Float(share)]);
    Value::list(std::iter::once(Value::Int(number)).chain(shares))
}

/// Returns the number of a credit and its shares; `None` where there is none.
pub(in crate::query::execute) fn read(credit: &Value) -> Option<(i64, Vec<(RelId, f32)>)> {
    let Value::List(items) = credit else { return None };
    let (Value::Int(number), shares) = items.split_first()? else { return None };
    let share = |pair: &[Value]| match pair {
        [Value::Relationship(rel), Value::Float(share)] => Some((rel.id, *share as f32)),
        _ => None,
    };
    Some((*number, shares.chunks(2).filter_map(share).collect()))
}
