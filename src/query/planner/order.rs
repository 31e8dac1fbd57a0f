//! The order in which a pattern's nodes and relationships are matched: greedy, from each promising start.

use super::cost;
use crate::query::{
    bind::{PatternGraph, Selector},
    statistics::Statistics,
};

/// The most nodes of a pattern that are tried as its start; the cheapest ones, by their own number of rows.
const STARTS_MAX: usize = 8;

/// The most nodes that the end of a selected path may be for it to be found before the path is searched.
const ENDS_FIRST_MAX: f64 = 16.0;

/// One step of matching a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Find this node by itself.
    Node(usize),
    /// Find the left node of this relationship, which is bound though neither of its nodes is.
    EndOf(usize),
    /// Follow this relationship; `from_left` from its left node.
    Rel { rel: usize, from_left: bool },
}

/// What is known of each node before any order is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeEstimate {
    /// Rows that finding it by itself gives, for each row before.
    pub(super) found: f64,
    /// The work of finding it so.
    pub(super) work: f64,
    /// The share that its own predicates keep when something else leads to it.
    pub(super) share: f64,
}

/// How far an order has come.
#[derive(Debug, Clone)]
struct Progress {
    nodes: Vec<bool>,
    rels: Vec<bool>,
    rows: f64,
    work: f64,
    steps: Vec<Step>,
}

/// Tells of a relationship whether it can be followed once these nodes and relationships are bound.
type Ready<'s> = dyn Fn(usize, &[bool], &[bool]) -> bool + 's;

/// Returns the steps that match the whole graph. `ready` tells whether what a relationship's own filter reads is there once
/// the nodes and relationships marked are bound.
pub(super) fn steps(
    graph: &PatternGraph,
    statistics: &dyn Statistics,
    nodes: &[NodeEstimate],
    ready: &Ready<'_>,
) -> Vec<Step> {
    let mut progress = Progress {
        nodes: graph.nodes.iter().map(|node| node.bound).collect(),
        rels: vec![false; graph.rels.len()],
        rows: 1.0,
        work: 0.0,
        steps: Vec::with_capacity(graph.nodes.len() + graph.rels.len()),
    };
    let search = Search { graph, statistics, nodes, ready };
    search.follow_all(&mut progress);
    while progress.nodes.contains(&false) {
        if let Some(rel) = search.bound_apart(&progress) {
            progress.steps.push(Step::EndOf(rel));
            progress.nodes[graph.rels[rel].left] = true;
            search.follow_all(&mut progress);
            continue;
        }
        let mut starts: Vec<usize> = (0..graph.nodes.len()).filter(|at| !progress.nodes[*at]).collect();
        starts.sort_by(|a, b| nodes[*a].found.total_cmp(&nodes[*b].found));
        starts.truncate(STARTS_MAX);
        let mut best: Option<Progress> = None;
        for start in starts {
            let mut tried = progress.clone();
            search.start(start, &mut tried);
            search.follow_all(&mut tried);
            if best.as_ref().is_none_or(|best| search.better(&tried, best)) {
                best = Some(tried);
            }
        }
        progress = best.expect("a node is left, so there was a start");
    }
    search.follow_rest(&mut progress);
    progress.steps
}

struct Search<'s> {
    graph: &'s PatternGraph,
    statistics: &'s dyn Statistics,
    nodes: &'s [NodeEstimate],
    ready: &'s Ready<'s>,
}

impl Search<'_> {
    /// Fewer rows for what is done, but more done is better than less: what is left costs at least as much later.
    fn better(&self, a: &Progress, b: &Progress) -> bool {
        let done = |progress: &Progress| progress.steps.len();
        match done(a).cmp(&done(b)) {
            std::cmp::Ordering::Equal => a.work < b.work,
            _ if a.nodes == b.nodes => done(a) > done(b),
            _ => a.work / (done(a) as f64) < b.work / (done(b) as f64),
        }
    }

    /// Returns a relationship that an earlier clause bound, with nodes that nothing bound.
    fn bound_apart(&self, progress: &Progress) -> Option<usize> {
        self.graph.rels.iter().position(|rel| {
            rel.bound && rel.length.is_none() && !progress.nodes[rel.left] && !progress.nodes[rel.right]
        })
    }

    fn start(&self, node: usize, progress: &mut Progress) {
        progress.steps.push(Step::Node(node));
        progress.nodes[node] = true;
        progress.work = cost::capped(progress.work + progress.rows * self.nodes[node].work);
        progress.rows = cost::capped(progress.rows * self.nodes[node].found);
    }

    /// Follows relationships from what is bound, the one that leaves the fewest rows first, until none is reachable.
    fn follow_all(&self, progress: &mut Progress) {
        loop {
            let mut best: Option<(usize, bool, f64, f64)> = None;
            for at in 0..self.graph.rels.len() {
                if progress.rels[at] || !(self.ready)(at, &progress.nodes, &progress.rels) {
                    continue;
                }
                for from_left in [true, false] {
                    if let Some((rows, work)) = self.follow(at, from_left, progress)
                        && best.is_none_or(|(.., least, least_work)| (rows, work) < (least, least_work))
                    {
                        best = Some((at, from_left, rows, work));
                    }
                }
            }
            let Some((rel, from_left, rows, work)) = best else { return };
            self.take(Step::Rel { rel, from_left }, progress);
            progress.rows = cost::capped(rows);
            progress.work = cost::capped(progress.work + work);
        }
    }

    fn take(&self, step: Step, progress: &mut Progress) {
        progress.steps.push(step);
        if let Step::Rel { rel, .. } = step {
            progress.rels[rel] = true;
            progress.nodes[self.graph.rels[rel].left] = true;
            progress.nodes[self.graph.rels[rel].right] = true;
        }
    }

    /// Takes what no estimate let through: relationships whose filters read each other's.
    fn follow_rest(&self, progress: &mut Progress) {
        for rel in 0..self.graph.rels.len() {
            if !progress.rels[rel] {
                self.take(Step::Rel { rel, from_left: true }, progress);
            }
        }
    }

    /// Returns the rows after following the relationship, and the work of it.
    fn follow(&self, at: usize, from_left: bool, progress: &Progress) -> Option<(f64, f64)> {
        let rel = &self.graph.rels[at];
        let (from, to) = if from_left { (rel.left, rel.right) } else { (rel.right, rel.left) };
        if !progress.nodes[from] || !from_left && rel.attend.is_some() {
            return None;
        }
        let into = progress.nodes[to];
        // Paths are selected for each pair of ends: where the other end is one of a few, it is found first.
        if !into && self.nodes[to].found <= ENDS_FIRST_MAX && rel.search.as_ref().is_some_and(|s| s.select.is_some()) {
            return None;
        }
        let follow = if from_left { rel.follow } else { rel.follow.reversed() };
        let labels = &self.graph.nodes[from].labels;
        let fan_out = cost::fan_out(self.statistics, &rel.types, follow, labels);
        let to_labels = &self.graph.nodes[to].labels;
        let mut n = match rel.length {
            None => fan_out,
            Some(length) if length.selector == Selector::All => cost::trails(fan_out, length.min, length.max),
            Some(_) if !into => return None,
            Some(_) => return Some((progress.rows, progress.rows * cost::trails(fan_out, 1, Some(2)))),
        };
        if rel.bound {
            n = n.min(1.0);
        }
        let work = progress.rows * (1.0 + n);
        let kept = if into {
            n / cost::nodes(self.statistics, to_labels).max(1.0)
        } else {
            n * cost::target_share(self.statistics, &rel.types, follow, to_labels) * self.nodes[to].share
        };
        Some((progress.rows * kept, work))
    }
}
