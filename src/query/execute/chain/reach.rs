//! Which nodes the end of a row of steps can be, from a few start nodes: level by level, each node once a level.
//!
//! A walk is a trail here where no two steps can take the same relationship, but for one case: of three steps in a row the
//! third may be the first again, on the way `a -> b -> a -> b`. From a single start `a` that concerns only the relationships
//! that leave `a` a second time: with two or more relationships that lead to a way back to `a`, each may follow another one;
//! with a single one, that one must not be followed again.

use std::sync::Arc;

use super::{
    Stop, Values,
    filter::Filter,
    mask::Mask,
    ring::Stamps,
    walk::{Hop, Walk},
    weigh::leads_to,
};
use crate::{Error, graph::Snapshot, model::NodeId};

/// A row of steps from the place whose nodes were found to the place that is asked for.
pub(super) struct Row {
    /// Places after the start.
    places: Vec<usize>,
    /// The steps to them.
    hops: Vec<Hop>,
    start: usize,
    /// The third step may be the first again.
    may_return: bool,
}

/// Returns the row from a place with found nodes to `place`, where the pattern is nothing but that.
pub(super) fn row(walk: &Walk, filters: &[Filter<'_>], place: usize) -> Option<Row> {
    if !walk.fixes.is_empty() || walk.steps.is_empty() {
        return None;
    }
    let mut places = vec![place];
    let mut hops = Vec::new();
    let (mut at, mut came) = (place, None);
    while hops.len() < walk.steps.len() {
        let mut onward =
            walk.steps.iter().enumerate().filter(|(n, step)| Some(*n) != came && (step.a == at || step.b == at));
        let (number, step) = onward.next()?;
        if onward.next().is_some() {
            return None;
        }
        let next = step.other(at);
        hops.push(step.hop_from(next));
        places.push(next);
        (at, came) = (next, Some(number));
    }
    places.reverse();
    hops.reverse();
    let start = places.remove(0);
    let found = walk.nodes[start].and_then(|origin| filters[origin].found.as_ref())?;
    if walk.nodes[place].is_some_and(|origin| filters[origin].found.is_some()) {
        return None;
    }
    let may_return = walk.returning.is_some();
    if may_return && (found.len() > 1 || hops.len() != 3) {
        return None;
    }
    Some(Row { places, hops, start, may_return })
}

/// What [`reach`] reads.
pub(super) struct Ground<'a, 'v> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) filters: &'v [Filter<'a>],
    pub(super) masks: &'v [Option<Arc<Mask>>],
    pub(super) values: &'v mut dyn Values,
}

/// Adds to `reached` the nodes that the row leads to and that are not in it yet.
pub(super) fn reach(
    walk: &Walk,
    row: &Row,
    ground: &mut Ground<'_, '_>,
    levels: &mut Stamps,
    ends: &mut Stamps,
    reached: &mut Vec<u32>,
) -> Result<(), Stop> {
    let snapshot = ground.snapshot;
    let origin = walk.nodes[row.start].ok_or(Stop::General)?;
    let mut frontier = ground.filters[origin].found.clone().ok_or(Stop::General)?;
    ground.filters[origin].retain(snapshot, ground.values, &mut frontier)?;
    let start = frontier.first().copied();
    let mut first = Vec::new();
    for (at, (hop, &place)) in row.hops.iter().zip(&row.places).enumerate() {
        let last = at + 1 == row.hops.len();
        let from = if last { reached.len() } else { 0 };
        let mut next = if last { std::mem::take(reached) } else { Vec::new() };
        if !last {
            levels.next();
        }
        let stamps = if last { &mut *ends } else { &mut *levels };
        let back = match start {
            Some(start) if last && row.may_return && frontier.contains(&start) => {
                Some((start, ways_back(snapshot, start, &row.hops, &first)?))
            }
            _ => None,
        };
        let once = back.filter(|(_, ways)| ways.others == 0).map(|(start, ways)| (start, ways.first));
        expand(snapshot, hop, &frontier, once, stamps, &mut next, ground.values)?;
        keep(walk, place, hop, ground, &mut next, from)?;
        if last {
            *reached = next;
        } else {
            if at == 0 && row.may_return {
                first.clone_from(&next);
                first.sort_unstable();
            }
            frontier = next;
        }
    }
    Ok(())
}

/// Adds the nodes that a hop leads to; over relationship `once.1` not from node `once.0`.
fn expand(
    snapshot: &Snapshot,
    hop: &Hop,
    frontier: &[u32],
    once: Option<(u32, u32)>,
    stamps: &mut Stamps,
    next: &mut Vec<u32>,
    values: &mut dyn Values,
) -> Result<(), Stop> {
    let lanes: Vec<_> = hop.adjacencies(snapshot).map(|(adjacency, _)| adjacency).collect();
    let mut ahead: Vec<&[u32]> = Vec::with_capacity(AHEAD.min(frontier.len() * lanes.len()));
    for chunk in frontier.chunks(AHEAD) {
        let mut visited = chunk.len();
        for lane in &lanes {
            // Finding a node's list is a chain of reads from memory: those of many nodes are waited for together.
            ahead.clear();
            for &node in chunk {
                let edges = lane.edges(NodeId::new(node))?;
                visited += edges.len();
                match (edges.neighbors_slice(), once) {
                    (Some(neighbors), None) => ahead.push(neighbors),
                    (Some(neighbors), Some((start, _))) if start != node => ahead.push(neighbors),
                    (_, once) => edges.for_each(|to, rel| {
                        if once != Some((node, rel)) {
                            stamps.add_all(&[to], next);
                        }
                    }),
                }
            }
            ahead.iter().for_each(|neighbors| stamps.add_all(neighbors, next));
        }
        values.tick(visited)?;
    }
    Ok(())
}

/// Nodes whose lists are found before the first is read.
const AHEAD: usize = 64;

/// Relationships of the first step from which the second leads back.
#[derive(Clone, Copy)]
struct WaysBack {
    first: u32,
    others: u32,
}

fn ways_back(snapshot: &Snapshot, start: u32, hops: &[Hop], first: &[u32]) -> Result<WaysBack, Error> {
    let mut ways = Vec::new();
    for (adjacency, _) in hops[0].adjacencies(snapshot) {
        adjacency.edges(NodeId::new(start))?.for_each(|to, rel| ways.push((to, rel)));
    }
    ways.retain(|(to, _)| first.binary_search(to).is_ok());
    let mut found = WaysBack { first: u32::MAX, others: 0 };
    for (to, rel) in ways {
        for (adjacency, _) in hops[1].adjacencies(snapshot) {
            let edges = adjacency.edges(NodeId::new(to))?;
            let leads_back = match edges.neighbors_slice() {
                Some(neighbors) => neighbors.binary_search(&start).is_ok(),
                None => {
                    let mut leads_back = false;
                    edges.for_each(|back, _| leads_back |= back == start);
                    leads_back
                }
            };
            if leads_back {
                if found.first == u32::MAX {
                    found.first = rel;
                } else {
                    found.others += 1;
                }
                break;
            }
        }
        if found.others > 0 {
            break;
        }
    }
    Ok(found)
}

/// Keeps the nodes from `from` on that may stand at a place reached by a hop.
fn keep(
    walk: &Walk,
    place: usize,
    hop: &Hop,
    ground: &mut Ground<'_, '_>,
    nodes: &mut Vec<u32>,
    from: usize,
) -> Result<(), Stop> {
    let Some(origin) = walk.nodes[place] else { return Ok(()) };
    let filter = &ground.filters[origin];
    if filter.labels_only() && filter.labels.iter().all(|label| leads_to(ground.snapshot, hop, *label)) {
        return Ok(());
    }
    let mut tail = nodes.split_off(from);
    match &ground.masks[origin] {
        Some(mask) => {
            for id in tail {
                if mask.contains(ground.snapshot, id)? {
                    nodes.push(id);
                }
            }
        }
        None => {
            filter.retain(ground.snapshot, ground.values, &mut tail)?;
            nodes.append(&mut tail);
        }
    }
    Ok(())
}
