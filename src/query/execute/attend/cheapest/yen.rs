//! The cheapest simple paths between two nodes, one after the other.
//!
//! Yen, Finding the k shortest loopless paths in a network (1971), with the restriction of Lawler (1972) that a path is only
//! deviated from where it deviated itself or later, so that none is found twice. What a deviation costs is found by Dijkstra's
//! algorithm (1959) without the nodes before it; where the number of relationships is bounded, a node is settled again by a path
//! that costs more and has fewer. `k` paths of `n` relationships cost `k·n` such searches.

use std::{cmp::Ordering, collections::BinaryHeap};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::Result;

/// No relationship.
const NONE: u32 = u32::MAX;

/// A relationship as it is followed. Costs are 0 or more; infinity closes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Road {
    pub(super) rel: u32,
    pub(super) to: u32,
    pub(super) cost: f64,
}

/// Gives the roads at a node.
pub(super) type RoadsAt<'a> = dyn FnMut(u32, &mut Vec<Road>) -> Result<()> + 'a;

/// A path that was found, or may be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub(super) cost: f64,
    pub(super) roads: Vec<Road>,
    /// Where it deviates from the path it was made of.
    deviates: usize,
}

impl Path {
    fn of(roads: Vec<Road>, deviates: usize) -> Self {
        Self { cost: roads.iter().map(|road| road.cost).sum(), roads, deviates }
    }

    fn order(&self, other: &Self) -> Ordering {
        let rels = |path: &Self| path.roads.iter().map(|road| road.rel).collect::<Vec<_>>();
        let by_cost = self.cost.total_cmp(&other.cost);
        by_cost.then(self.roads.len().cmp(&other.roads.len())).then_with(|| rels(self).cmp(&rels(other)))
    }
}

/// The paths between two nodes.
pub(super) struct Yen {
    start: u32,
    target: u32,
    /// The most relationships.
    max: u32,
    found: Vec<Path>,
    /// Paths that may be next.
    waiting: Vec<Path>,
    has_begun: bool,
}

impl Yen {
    pub(super) const fn new(start: u32, target: u32, max: u32) -> Self {
        Self { start, target, max, found: Vec::new(), waiting: Vec::new(), has_begun: false }
    }

    /// Returns the next path; each has at least one relationship.
    pub(super) fn next(&mut self, roads_at: &mut RoadsAt<'_>) -> Result<Option<&Path>> {
        if std::mem::replace(&mut self.has_begun, true) {
            self.deviate(roads_at)?;
        } else if let Some(roads) = self.cheapest(&[], &FxHashSet::default(), roads_at)? {
            self.waiting.push(Path::of(roads, 0));
        }
        let best = (0..self.waiting.len()).min_by(|a, b| self.waiting[*a].order(&self.waiting[*b]));
        let Some(best) = best else { return Ok(None) };
        self.found.push(self.waiting.swap_remove(best));
        Ok(self.found.last())
    }

    /// Returns about how many bytes the paths take.
    pub(super) fn bytes(&self) -> usize {
        self.found.iter().chain(&self.waiting).map(|path| 64 + path.roads.len() * size_of::<Road>()).sum()
    }

    /// Adds the deviations of the path that was found last.
    fn deviate(&mut self, roads_at: &mut RoadsAt<'_>) -> Result<()> {
        let Some(last) = self.found.last().cloned() else { return Ok(()) };
        for at in last.deviates..last.roads.len() {
            let root = &last.roads[..at];
            let same =
                |path: &&Path| path.roads.len() > at && path.roads[..at].iter().zip(root).all(|(a, b)| a.rel == b.rel);
            let banned: FxHashSet<u32> = self.found.iter().filter(same).map(|path| path.roads[at].rel).collect();
            if let Some(rest) = self.cheapest(root, &banned, roads_at)? {
                self.waiting.push(Path::of(root.iter().copied().chain(rest).collect(), at));
            }
        }
        Ok(())
    }

    /// Returns the cheapest way on from a root to the target: over none of its nodes, and first over none of the banned.
    fn cheapest(
        &self,
        root: &[Road],
        banned: &FxHashSet<u32>,
        roads_at: &mut RoadsAt<'_>,
    ) -> Result<Option<Vec<Road>>> {
        if !root.is_empty() || self.start != self.target {
            return self.way_on(root, banned, roads_at);
        }
        // A circle does not return by the relationship it began with, so each of these has a search of its own.
        let mut first = Vec::new();
        roads_at(self.start, &mut first)?;
        let mut best: Option<Path> = None;
        for road in first {
            if banned.contains(&road.rel) || road.cost == f64::INFINITY || self.max == 0 {
                continue;
            }
            let mut roads = vec![road];
            if road.to != self.target {
                let Some(rest) = self.way_on(&[road], &FxHashSet::default(), roads_at)? else { continue };
                roads.extend(rest);
            }
            let path = Path::of(roads, 0);
            if best.as_ref().is_none_or(|best| path.order(best).is_lt()) {
                best = Some(path);
            }
        }
        Ok(best.map(|path| path.roads))
    }

    /// Returns the cheapest way on by Dijkstra's algorithm.
    fn way_on(&self, root: &[Road], banned: &FxHashSet<u32>, roads_at: &mut RoadsAt<'_>) -> Result<Option<Vec<Road>>> {
        let at = root.last().map_or(self.start, |road| road.to);
        let last = root.last().map_or(NONE, |road| road.rel);
        let mut blocked: FxHashSet<u32> = root.iter().map(|road| road.to).collect();
        blocked.insert(self.start);
        let max = self.max.saturating_sub(u32::try_from(root.len()).unwrap_or(u32::MAX));
        let mut labels = vec![Label { road: Road { rel: last, to: at, cost: 0.0 }, before: 0, n: 0 }];
        let mut heap = BinaryHeap::new();
        heap.push(Next { cost: 0.0, n: 0, node: at, label: 0 });
        let mut settled: FxHashMap<u32, u32> = FxHashMap::default();
        let mut roads = Vec::new();
        while let Some(Next { cost, n, node, label }) = heap.pop() {
            if n > 0 && node == self.target {
                return Ok(Some(way(&labels, label)));
            }
            // One that is no dearer and has no more relationships was there before.
            match settled.get_mut(&node) {
                Some(least) if self.max == u32::MAX || *least <= n => continue,
                Some(least) => *least = n,
                None => _ = settled.insert(node, n),
            }
            if n == max {
                continue;
            }
            roads.clear();
            roads_at(node, &mut roads)?;
            for road in &roads {
                let is_barred = blocked.contains(&road.to) && road.to != self.target;
                // Straight back is no way to close a circle.
                let is_first = n == 0 && (banned.contains(&road.rel) || road.rel == last);
                if is_barred || is_first || road.cost == f64::INFINITY {
                    continue;
                }
                heap.push(Next { cost: cost + road.cost, n: n + 1, node: road.to, label: labels.len() });
                labels.push(Label { road: *road, before: label, n: n + 1 });
            }
        }
        Ok(None)
    }
}

/// A way that reaches a node.
struct Label {
    road: Road,
    before: usize,
    n: u32,
}

/// Returns the roads of a way.
fn way(labels: &[Label], mut label: usize) -> Vec<Road> {
    let mut roads = Vec::with_capacity(labels[label].n as usize);
    while labels[label].n > 0 {
        roads.push(labels[label].road);
        label = labels[label].before;
    }
    roads.reverse();
    roads
}

/// A way to go on with: the cheapest first, then that with the fewest relationships.
#[derive(PartialEq)]
struct Next {
    cost: f64,
    n: u32,
    node: u32,
    label: usize,
}

impl Eq for Next {}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        // A heap gives the greatest first.
        let by_cost = other.cost.total_cmp(&self.cost);
        by_cost.then(other.n.cmp(&self.n)).then(other.node.cmp(&self.node)).then(other.label.cmp(&self.label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Graph = Vec<(u32, u32, f64)>;

    fn roads_of(graph: &Graph, both: bool, node: u32) -> Vec<Road> {
        let mut roads = Vec::new();
        for (rel, (from, to, cost)) in (0..).zip(graph) {
            if *from == node {
                roads.push(Road { rel, to: *to, cost: *cost });
            }
            if both && *to == node && from != to {
                roads.push(Road { rel, to: *from, cost: *cost });
            }
        }
        roads
    }

    /// Every simple path, by walking all of them.
    fn all(graph: &Graph, both: bool, (start, target, max): (u32, u32, usize)) -> Vec<Path> {
        fn go(graph: &Graph, both: bool, ends: (u32, u32, usize), so_far: &mut Vec<Road>, into: &mut Vec<Path>) {
            let at = so_far.last().map_or(ends.0, |road| road.to);
            if !so_far.is_empty() && at == ends.1 {
                into.push(Path::of(so_far.clone(), 0));
                return;
            }
            for road in roads_of(graph, both, at) {
                let was_there = road.to == ends.0 || so_far.iter().any(|before| before.to == road.to);
                let again = so_far.iter().any(|before| before.rel == road.rel);
                if so_far.len() < ends.2 && !again && (!was_there || road.to == ends.1) && road.cost < f64::INFINITY {
                    so_far.push(road);
                    go(graph, both, ends, so_far, into);
                    so_far.pop();
                }
            }
        }
        let mut found = Vec::new();
        go(graph, both, (start, target, max), &mut Vec::new(), &mut found);
        found.sort_by(Path::order);
        found
    }

    #[test]
    fn random_graphs_give_what_walking_all_paths_gives() {
        let mut state = 5_u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let mut n_found = 0;
        for _ in 0..1500 {
            let graph: Graph = (0..below(18))
                .map(|_| {
                    let cost = [0.0, 1.0, 1.5, 2.0, 3.25, f64::INFINITY][below(6) as usize];
                    (below(6) as u32, below(6) as u32, cost)
                })
                .collect();
            let (start, target, both) = (below(6) as u32, below(6) as u32, below(2) == 0);
            let max = [u32::MAX, 1, 2, 3][below(4) as usize];
            let want = all(&graph, both, (start, target, max as usize));
            let mut yen = Yen::new(start, target, max);
            let mut got = Vec::new();
            let mut roads_at = |node: u32, into: &mut Vec<Road>| {
                into.extend(roads_of(&graph, both, node));
                Ok(())
            };
            while let Some(path) = yen.next(&mut roads_at).unwrap() {
                got.push(path.clone());
            }
            let costs = |paths: &[Path]| paths.iter().map(|path| path.cost).collect::<Vec<_>>();
            assert_eq!(costs(&got), costs(&want), "{graph:?} {start} {target} {both} {max}");
            let rels = |path: &Path| path.roads.iter().map(|road| road.rel).collect::<Vec<_>>();
            let (mut a, mut b): (Vec<_>, Vec<_>) = (got.iter().map(rels).collect(), want.iter().map(rels).collect());
            a.sort();
            b.sort();
            assert_eq!(a, b, "each path, and each once");
            n_found += got.len();
        }
        assert!(n_found > 500, "{n_found}");
    }
}
