//! The relationships by which a row came to its candidate: what they weigh, and what of them is noted.

use super::Attended;
use crate::{
    Result,
    graph::Snapshot,
    model::{AttentionModel, RelId, Value},
    query::{execute::batch::Batch, plan::Slot},
};

/// Visits the relationships in the slots of a row, and those in lists there, in order.
///
/// # Errors
/// The first that `visit` returns.
pub(super) fn on_way(batch: &Batch, path: &[Slot], row: u32, mut visit: impl FnMut(RelId) -> Result<()>) -> Result<()> {
    for slot in path {
        match batch.column(*slot).rel(row as usize) {
            Some(id) => visit(RelId::new(id))?,
            None => {
                if let Value::List(items) = batch.get(*slot, row as usize) {
                    for item in items.iter() {
                        if let Value::Relationship(rel) = item {
                            visit(rel.id)?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Notes the relationships that led to a candidate: a relationship that was ranked by its weight, those on the way to a node by
/// equal shares for each of the rows.
pub(super) fn note(
    attended: &mut Attended,
    path: &[Slot],
    all: &Batch,
    rows: impl Iterator<Item = u32> + Clone,
    rel: Option<u32>,
    weight: f32,
) -> Result<()> {
    if let Some(id) = rel {
        attended.add(RelId::new(id), weight);
        return Ok(());
    }
    let share = weight / rows.clone().count() as f32;
    for row in rows {
        on_way(all, path, row, |rel| {
            attended.add(rel, share);
            Ok(())
        })?;
    }
    Ok(())
}

/// Returns what a model adds to a candidate: to a relationship by its type, to a node the best sum along the paths to it.
pub(super) fn bias(
    view: &Snapshot,
    model: &AttentionModel,
    path: &[Slot],
    all: &Batch,
    rows: impl Iterator<Item = u32>,
    rel: Option<u32>,
) -> Result<f32> {
    if let Some(id) = rel {
        return bias_of(view, model, RelId::new(id));
    }
    let mut best = f32::NEG_INFINITY;
    for row in rows {
        let mut sum = 0.0_f32;
        on_way(all, path, row, |rel| {
            sum += bias_of(view, model, rel)?;
            Ok(())
        })?;
        best = best.max(sum);
    }
    Ok(best)
}

/// Returns what a model adds to a relationship.
pub(super) fn bias_of(view: &Snapshot, model: &AttentionModel, rel: RelId) -> Result<f32> {
    Ok(view.rel_record(rel)?.map_or(0.0, |record| model.bias(record.rel_type)))
}

/// Returns the salience of a candidate: of a relationship its own, of a node the best product along the paths to it.
pub(super) fn salience(
    view: &Snapshot,
    path: &[Slot],
    all: &Batch,
    rows: impl Iterator<Item = u32>,
    rel: Option<u32>,
) -> Result<f32> {
    if let Some(id) = rel {
        return view.salience(RelId::new(id));
    }
    let mut best = 0.0_f32;
    for row in rows {
        let mut product = 1.0_f32;
        on_way(all, path, row, |rel| {
            product *= view.salience(rel)?;
            Ok(())
        })?;
        best = best.max(product);
    }
    Ok(best)
}
