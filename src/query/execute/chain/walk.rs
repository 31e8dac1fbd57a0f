//! The patterns of fixed length that a chain stands for, with names resolved, and what keeps a relationship from being
//! taken twice in one of them.
//!
//! Two steps of a trail may not take the same relationship. Where the types, the ends they are known to have (exact counts
//! by label) or the absence of self-loops make that impossible, nothing needs to be done. Where two steps at the same node
//! may meet, the number of walks on which they do is subtracted ([`Fix`]). Anything else is not for this module.

use std::collections::VecDeque;

use crate::{
    graph::{Adjacency, Snapshot},
    model::{Direction, LabelId, TypeId},
    query::{
        chain::{ChainAggregate, ChainStep},
        plan::Follow,
    },
};

/// The most patterns of fixed length: `*1..2` is two of them.
const WALKS_MAX: usize = 8;

/// The most steps of a pattern of fixed length.
const STEPS_MAX: usize = 8;

/// The most types of a step: each is looked at by itself, at each node.
const TYPES_MAX: usize = 32;

/// A pattern whose steps are single relationships.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// For each node the node of the chain it is; `None` inside a stretch.
    pub(super) nodes: Vec<Option<usize>>,
    pub(super) steps: Vec<Step>,
    pub(super) fixes: Vec<Fix>,
    /// The first and third of three steps in a row may take the same relationship (and no others may).
    pub(super) returning: Option<Returning>,
}

/// A single relationship of a pattern, between nodes `a` and `b`.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) a: usize,
    pub(super) b: usize,
    /// As seen from `a`.
    pub(super) hop: Hop,
    /// The step of the chain it is of.
    origin: usize,
}

/// Relationships to follow from a node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hop {
    /// Those that start there.
    pub(super) out: bool,
    /// Those that end there.
    pub(super) into: bool,
    /// Of those only the self-loops.
    pub(super) loops_only: bool,
    pub(super) types: Vec<TypeId>,
}

/// Two steps at a node that may take the same relationship.
#[derive(Debug, Clone)]
pub(super) struct Fix {
    pub(super) first: usize,
    pub(super) second: usize,
    /// The node they share.
    pub(super) at: usize,
    /// The relationships that both may take, as seen from `at`.
    pub(super) shared: Hop,
}

/// Steps in a row whose first and last may take the same relationship, in the same direction.
#[derive(Debug, Clone)]
pub(super) struct Returning {
    /// The nodes, in a row.
    pub(super) nodes: [usize; 4],
    /// The steps, in a row.
    pub(super) steps: [usize; 3],
}

impl Hop {
    /// Returns the same relationships as seen from their other ends.
    pub(super) fn reversed(&self) -> Self {
        Self { out: self.into, into: self.out, ..self.clone() }
    }

    /// Returns the relationships by type and direction.
    pub(super) fn adjacencies<'a>(&self, snapshot: &'a Snapshot) -> impl Iterator<Item = (Adjacency<'a>, TypeId)> {
        let of_type =
            move |&rel_type: &TypeId| self.sides().map(move |side| (snapshot.adjacency(side, rel_type), rel_type));
        self.types.iter().flat_map(of_type)
    }

    /// Returns the sides that the node may be on: start (`Out`), end (`In`).
    fn sides(&self) -> impl Iterator<Item = Direction> {
        [(self.out, Direction::Out), (self.into, Direction::In)].into_iter().filter(|(is, _)| *is).map(|(_, side)| side)
    }
}

impl Step {
    /// Returns the node at the other end.
    pub(super) fn other(&self, node: usize) -> usize {
        if node == self.a { self.b } else { self.a }
    }

    /// Returns the relationships as seen from one of its nodes.
    pub(super) fn hop_from(&self, node: usize) -> Hop {
        if node == self.a { self.hop.clone() } else { self.hop.reversed() }
    }
}

/// Returns the patterns of fixed length, or `None` where trails cannot be counted exactly without walking them.
/// Patterns that no relationships can match are left out.
pub(super) fn walks(chain: &ChainAggregate, labels: &[Vec<LabelId>], snapshot: &Snapshot) -> Option<Vec<Walk>> {
    let types: Vec<Vec<TypeId>> = chain.steps.iter().map(|step| types_of(step, snapshot)).collect();
    let mut lengths: Vec<Vec<u32>> = vec![Vec::new()];
    for step in &chain.steps {
        let longer = |known: &Vec<u32>| {
            let known = known.clone();
            (step.min..=step.max).map(move |length| [&known[..], &[length]].concat())
        };
        if lengths.len() * (step.max - step.min + 1) as usize > WALKS_MAX {
            return None;
        }
        lengths = lengths.iter().flat_map(longer).collect();
    }
    let mut walks = Vec::with_capacity(lengths.len());
    for lengths in lengths {
        if lengths.iter().sum::<u32>() as usize > STEPS_MAX {
            return None;
        }
        let mut walk = unroll(chain, &lengths, &types);
        prune(&mut walk, labels, snapshot);
        if walk.steps.iter().any(|step| step.hop.types.is_empty()) {
            continue;
        }
        if walk.steps.iter().any(|step| step.hop.types.len() > TYPES_MAX) {
            return None;
        }
        fix(&mut walk, chain, snapshot)?;
        walks.push(walk);
    }
    Some(walks)
}

/// Returns the types of a step that have relationships.
fn types_of(step: &ChainStep, snapshot: &Snapshot) -> Vec<TypeId> {
    let mut types: Vec<TypeId> = if step.types.is_empty() {
        snapshot.types().collect()
    } else {
        step.types.iter().filter_map(|named| snapshot.catalog().rel_type(&named.name)).collect()
    };
    types.retain(|&rel_type| snapshot.n_type(rel_type) > 0);
    types.sort_unstable();
    types.dedup();
    types
}

/// Makes a step of each relationship.
fn unroll(chain: &ChainAggregate, lengths: &[u32], types: &[Vec<TypeId>]) -> Walk {
    let mut nodes: Vec<Option<usize>> = (0..chain.nodes.len()).map(Some).collect();
    let mut steps = Vec::new();
    for (origin, (step, &length)) in chain.steps.iter().zip(lengths).enumerate() {
        let mut a = step.from;
        for at in 0..length {
            let b = if at + 1 == length {
                step.to
            } else {
                nodes.push(None);
                nodes.len() - 1
            };
            let (out, into) = (step.follow != Follow::In, step.follow != Follow::Out);
            let hop = Hop { out, into, loops_only: false, types: types[origin].clone() };
            steps.push(Step { a, b, hop, origin });
            a = b;
        }
    }
    Walk { nodes, steps, fixes: Vec::new(), returning: None }
}

/// Drops types that no node of the pattern can have on that side.
fn prune(walk: &mut Walk, labels: &[Vec<LabelId>], snapshot: &Snapshot) {
    for step in &mut walk.steps {
        for (node, is_a) in [(step.a, true), (step.b, false)] {
            let Some(origin) = walk.nodes[node] else { continue };
            let hop = if is_a { step.hop.clone() } else { step.hop.reversed() };
            step.hop.types.retain(|&rel_type| {
                let has = |label: &LabelId| hop.sides().any(|side| snapshot.n_type_ends(rel_type, side, *label) > 0);
                labels[origin].iter().all(has)
            });
        }
    }
    // Types that meet none of the neighbouring step's, until nothing changes.
    let mut changed = walk.steps.iter().any(|step| step.hop.types.len() > 1);
    while changed {
        changed = false;
        for at in 0..walk.steps.len() {
            for node in [walk.steps[at].a, walk.steps[at].b] {
                for other in 0..walk.steps.len() {
                    if other == at || (walk.steps[other].a != node && walk.steps[other].b != node) {
                        continue;
                    }
                    let (hop, beside) = (walk.steps[at].hop_from(node), walk.steps[other].hop_from(node));
                    let before = hop.types.len();
                    let meets_any = |rel_type: &TypeId| {
                        hop.sides().any(|side| {
                            beside.types.iter().any(|&known| {
                                beside.sides().any(|known_side| meet(snapshot, (*rel_type, side), (known, known_side)))
                            })
                        })
                    };
                    let kept: Vec<TypeId> = hop.types.iter().copied().filter(meets_any).collect();
                    changed |= kept.len() < before;
                    walk.steps[at].hop.types = kept;
                }
            }
        }
    }
}

/// Returns whether a node can be on both these sides of relationships of these types: false only where a label shows that
/// it cannot.
fn meet(snapshot: &Snapshot, first: (TypeId, Direction), second: (TypeId, Direction)) -> bool {
    if first == second {
        return true;
    }
    !snapshot.catalog().labels().any(|(label, _)| {
        let n = |(rel_type, side): (TypeId, Direction)| snapshot.n_type_ends(rel_type, side, label);
        let all = |end: (TypeId, Direction)| n(end) == snapshot.n_type(end.0);
        (all(first) && n(second) == 0) || (all(second) && n(first) == 0)
    })
}

/// Finds the steps that may take the same relationship; `None` where that cannot be put right.
fn fix(walk: &mut Walk, chain: &ChainAggregate, snapshot: &Snapshot) -> Option<()> {
    let mut returning = Vec::new();
    for second in 0..walk.steps.len() {
        for first in 0..second {
            let (i, j) = (walk.steps[first].origin, walk.steps[second].origin);
            let must_differ = i == j || chain.distinct.contains(&(i, j)) || chain.distinct.contains(&(j, i));
            if !must_differ {
                continue;
            }
            let between = path(walk, first, second);
            let near = (between.nodes[0], *between.nodes.last().expect("a path has a node"));
            let hops = (walk.steps[first].hop_from(near.0), walk.steps[second].hop_from(near.1));
            if between.steps.is_empty() {
                if let Some(shared) = shared(snapshot, &hops.0, &hops.1) {
                    walk.fixes.push(Fix { first, second, at: near.0, shared });
                }
            } else if may_return(walk, snapshot, &between, &hops.0, &hops.1) {
                returning.push((first, second, between));
            }
        }
    }
    for (at, one) in walk.fixes.iter().enumerate() {
        let steps = [one.first, one.second];
        if walk.fixes[..at].iter().any(|other| steps.contains(&other.first) || steps.contains(&other.second)) {
            return None;
        }
    }
    match &returning[..] {
        [] => Some(()),
        [(first, second, between)] if walk.fixes.is_empty() && walk.steps.len() == 3 && between.steps.len() == 1 => {
            let nodes = [
                walk.steps[*first].other(between.nodes[0]),
                between.nodes[0],
                between.nodes[1],
                walk.steps[*second].other(between.nodes[1]),
            ];
            let steps = [*first, between.steps[0], *second];
            let hops = [walk.steps[*first].hop_from(nodes[0]), walk.steps[*second].hop_from(nodes[2])];
            let same_way = hops[0] == hops[1] && hops[0].out != hops[0].into;
            if !same_way {
                return None;
            }
            walk.returning = Some(Returning { nodes, steps });
            Some(())
        }
        _ => None,
    }
}

/// Nodes and steps between two steps.
struct Between {
    /// From the first step's near end to the second's.
    nodes: Vec<usize>,
    steps: Vec<usize>,
}

fn path(walk: &Walk, first: usize, second: usize) -> Between {
    // From either end of the first, breadth first, not over the first itself.
    let mut came: Vec<Option<(usize, usize)>> = vec![None; walk.nodes.len()];
    let starts = [walk.steps[first].a, walk.steps[first].b];
    let mut queue = VecDeque::from(starts);
    let goals = [walk.steps[second].a, walk.steps[second].b];
    let mut goal = starts.into_iter().find(|start| goals.contains(start));
    while goal.is_none() {
        let node = queue.pop_front().expect("the pattern is joined");
        for (at, step) in walk.steps.iter().enumerate() {
            if at == first || (step.a != node && step.b != node) {
                continue;
            }
            let next = step.other(node);
            if came[next].is_none() && !starts.contains(&next) {
                came[next] = Some((node, at));
                queue.push_back(next);
                if goals.contains(&next) {
                    goal = Some(next);
                    break;
                }
            }
        }
    }
    let mut node = goal.expect("found above");
    let mut between = Between { nodes: vec![node], steps: Vec::new() };
    while let Some((before, step)) = came[node] {
        between.nodes.push(before);
        between.steps.push(step);
        node = before;
    }
    between.nodes.reverse();
    between.steps.reverse();
    between
}

/// Returns the relationships at a node that both of two hops from it may take.
fn shared(snapshot: &Snapshot, first: &Hop, second: &Hop) -> Option<Hop> {
    let both = first.types.iter().copied().filter(|rel_type| second.types.contains(rel_type));
    let (out, into) = (first.out && second.out, first.into && second.into);
    let loops_only = !out && !into;
    let types: Vec<TypeId> = both.filter(|&t| !loops_only || snapshot.n_self_loops(t) > 0).collect();
    (!types.is_empty()).then_some(Hop { out: out || loops_only, into, loops_only, types })
}

/// Returns whether the relationship of the first hop (seen from its near end) can be the second's as well, after the steps
/// between.
fn may_return(walk: &Walk, snapshot: &Snapshot, between: &Between, first: &Hop, second: &Hop) -> bool {
    for &rel_type in first.types.iter().filter(|rel_type| second.types.contains(rel_type)) {
        for side in first.sides() {
            let mut reached = vec![(rel_type, side)];
            for (&step, &node) in between.steps.iter().zip(&between.nodes) {
                let hop = walk.steps[step].hop_from(node);
                let mut next = Vec::new();
                for &known in &hop.types {
                    for entry in hop.sides() {
                        if reached.iter().any(|&end| meet(snapshot, end, (known, entry))) {
                            next.push((known, entry.reverse()));
                        }
                    }
                }
                reached = next;
            }
            let returns = |side| reached.iter().any(|&end| meet(snapshot, end, (rel_type, side)));
            if second.sides().any(returns) {
                return true;
            }
        }
    }
    false
}
