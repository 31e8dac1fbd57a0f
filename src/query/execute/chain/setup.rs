//! What each node of a pattern must be: names resolved, constants evaluated, candidates sought.

use super::{Stop, Values, filter::Filter, walk::Walk, weigh::leads_to};
use crate::{
    graph::Snapshot,
    model::{LabelId, NodeId, Value},
    query::chain::{ChainAggregate, ChainSource},
};

/// The most labels that are tried: more make no difference to a short query.
const LABELS_TRIED_MAX: usize = 32;

/// Resolves the names and constants of what each node must be.
pub(super) fn filters<'a>(
    chain: &'a ChainAggregate,
    snapshot: &'a Snapshot,
    values: &mut dyn Values,
) -> Result<Vec<Filter<'a>>, Stop> {
    let mut filters = Vec::with_capacity(chain.nodes.len());
    for node in &chain.nodes {
        let mut filter = Filter::new(node.slot);
        node.labels.iter().for_each(|label| filter.label(snapshot, &label.name));
        for predicate in &node.predicates {
            filter.predicate(snapshot, predicate, values)?;
        }
        match &node.source {
            ChainSource::Any => {}
            ChainSource::Seek { label, key, value } => {
                let value = values.constant(value)?;
                let catalog = snapshot.catalog();
                let (Some(label), Some(key)) = (catalog.label(&label.name), catalog.key(&key.name)) else {
                    return Err(Stop::General);
                };
                let index = catalog.find_index(label, key).ok_or(Stop::General)?;
                let mut ids = Vec::new();
                snapshot.seek(index, &value, &mut ids)?;
                ids.sort_unstable();
                ids.dedup();
                filter.found = Some(ids);
            }
            ChainSource::Ids(expr) => filter.found = Some(numbered(&values.constant(expr)?, snapshot)?),
        }
        filters.push(filter);
    }
    Ok(filters)
}

/// Adds to filters without a label one that all their nodes have because relationships lead to no other.
pub(super) fn imply_labels(filters: &mut [Filter<'_>], walks: &[Walk], snapshot: &Snapshot) {
    for (node, filter) in filters.iter_mut().enumerate() {
        if !filter.labels.is_empty() || filter.found.is_some() || walks.is_empty() {
            continue;
        }
        let implied = |label: LabelId| {
            walks.iter().all(|walk| {
                walk.steps.iter().any(|step| {
                    let ends = [step.a, step.b].into_iter().filter(|end| walk.nodes[*end] == Some(node));
                    ends.into_iter().any(|end| leads_to(snapshot, &step.hop_from(step.other(end)), label))
                })
            })
        };
        let mut labels = snapshot.catalog().labels().map(|(label, _)| label).take(LABELS_TRIED_MAX);
        filter.labels.extend(labels.find(|label| implied(*label)));
    }
}

/// Returns the existing nodes of a number or a list of numbers.
fn numbered(value: &Value, snapshot: &Snapshot) -> Result<Vec<u32>, Stop> {
    let list = match value {
        Value::List(items) => &items[..],
        one => std::slice::from_ref(one),
    };
    let mut ids = Vec::with_capacity(list.len());
    for item in list {
        let Value::Int(number) = item else { return Err(Stop::General) };
        let Ok(id) = u32::try_from(*number) else { continue };
        if snapshot.node_exists(NodeId::new(id))? {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    // A number that is listed twice gives its rows twice.
    if ids.windows(2).any(|pair| pair[0] == pair[1]) { Err(Stop::General) } else { Ok(ids) }
}
