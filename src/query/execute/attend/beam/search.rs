//! The paths of a group, best first.
//!
//! With a beam, all paths of one length are expanded together and the best of their continuations are kept: the work is that of
//! so many softmaxes for each length, however many paths there are. Without one, the best path so far is always the one that
//! is expanded next (best-first search: Dijkstra, A note on two problems in connexion with graphs, 1959, over paths
//! instead of nodes, with `-ln(weight)` for lengths): weights are at most 1, so no path that is still to come is better than
//! the one that is taken, and who wants few paths waits for few. LENGTH NORM breaks that order; then all are found first.

use super::{
    super::ask::Asked,
    Spec, Walk,
    asking::{Answer, Asking},
    candidates::Candidates,
    paths::{Heap, Paths, START, Step},
    why,
};
use crate::{
    Result,
    graph::Snapshot,
    model::Value,
    query::{
        attend::AttendOutput,
        execute::{Context, batch::Batch},
    },
};

/// Continuations that are held beside those that a beam keeps, before the worst are dropped.
const SPARE: usize = 1024;

/// The search of one group.
pub(super) struct Search {
    pub(super) paths: Paths,
    candidates: Candidates,
    asking: Asking,
    asked: Option<Asked>,
    /// Of the group, the row on which everything is evaluated.
    row: usize,
    /// The widths of the beam.
    widths: Option<Vec<usize>>,
    length_norm: bool,
    /// The log of the least score.
    least: f64,
    /// Paths by rank, and how many of them are taken; with a beam.
    found: Vec<u32>,
    n_taken: usize,
    /// Paths that are to be expanded, and the one that is next; without.
    heap: Heap,
    open: Option<u32>,
    /// A beam dropped something.
    has_dropped: bool,
    wants_similarity: bool,
    wants_logit: bool,
    held: u64,
}

/// A path and one relationship more.
struct Longer {
    before: u32,
    /// The candidate.
    at: u32,
    log: f64,
    weight: f32,
    logit: f32,
    similarity: Option<f32>,
}

impl Search {
    pub(super) fn new(spec: &Spec, walk: &Walk, batch: Batch) -> Self {
        let wants = |output| spec.outputs.iter().any(|(wanted, _)| *wanted == output);
        Self {
            paths: Paths::default(),
            candidates: Candidates::new(spec.boosts.len(), batch),
            asking: Asking::default(),
            asked: None,
            row: 0,
            widths: None,
            length_norm: walk.length_norm,
            least: f64::NEG_INFINITY,
            found: Vec::new(),
            n_taken: 0,
            heap: Heap::default(),
            open: None,
            has_dropped: false,
            wants_similarity: wants(AttendOutput::Similarity),
            wants_logit: wants(AttendOutput::Logit),
            held: 0,
        }
    }

    /// Begins the search of a group, from a node; `least` is the least score that is wanted.
    pub(super) fn begin(
        &mut self,
        ctx: &mut Context,
        (spec, walk): (&mut Spec, &mut Walk),
        (all, row): (&Batch, usize),
        (node, least): (u32, Option<f32>),
    ) -> Result<()> {
        self.row = row;
        self.widths = match &mut walk.beam {
            Some(beam) => widths(&beam.value(ctx, all, row)?)?,
            None => None,
        };
        self.asked = Some(Asked::of(ctx, spec, all, row)?);
        self.least = least.map_or(f64::NEG_INFINITY, |least| f64::from(least).ln());
        if self.least.is_nan() {
            self.least = f64::NEG_INFINITY;
        }
        self.paths.start(node);
        self.candidates.clear(ctx, &walk.around);
        self.found.clear();
        self.heap.clear();
        (self.n_taken, self.open, self.has_dropped) = (0, None, false);
        if self.widths.is_some() || self.length_norm {
            return self.by_length(ctx, (spec, walk), all);
        }
        self.heap.push(START, &self.paths);
        Ok(())
    }

    /// Returns the next path by rank.
    pub(super) fn next(
        &mut self,
        ctx: &mut Context,
        (spec, walk): (&mut Spec, &mut Walk),
        all: &Batch,
    ) -> Result<Option<u32>> {
        if self.widths.is_some() || self.length_norm {
            self.n_taken += 1;
            return Ok(self.found.get(self.n_taken - 1).copied());
        }
        loop {
            if let Some(path) = self.open.take() {
                let mut longer = Vec::new();
                self.expand(ctx, (spec, walk), all, &[path], &mut |_, one| longer.push(one))?;
                for one in longer {
                    let path = self.add(&one);
                    self.heap.push(path, &self.paths);
                }
                self.hold(ctx)?;
            }
            let Some(path) = self.heap.pop(&self.paths) else { return Ok(None) };
            let n_hops = self.paths.get(path).n_hops;
            self.open = (n_hops < walk.max).then_some(path);
            if n_hops >= walk.min {
                return Ok(Some(path));
            }
        }
    }

    /// Finds paths length by length.
    fn by_length(&mut self, ctx: &mut Context, (spec, walk): (&mut Spec, &mut Walk), all: &Batch) -> Result<()> {
        let mut level = vec![START];
        if walk.min == 0 {
            self.found.push(START);
        }
        for n_hops in 1..=walk.max {
            let width = self.widths.as_ref().map_or(usize::MAX, |widths| {
                widths.get(n_hops as usize - 1).or(widths.last()).copied().unwrap_or(usize::MAX)
            });
            let mut longer = Vec::new();
            let mut n_dropped = 0;
            self.expand(ctx, (spec, walk), all, &level, &mut |paths, one| {
                longer.push(one);
                if longer.len() >= width.saturating_mul(2).saturating_add(SPARE) {
                    n_dropped += keep_best(&mut longer, width, paths);
                }
            })?;
            n_dropped += keep_best(&mut longer, width, &self.paths);
            self.has_dropped |= n_dropped > 0;
            level.clear();
            level.extend(longer.iter().map(|one| self.add(one)));
            if level.is_empty() {
                break;
            }
            if n_hops >= walk.min {
                self.found.extend(&level);
            }
            self.hold(ctx)?;
        }
        let (paths, length_norm, least) = (&self.paths, self.length_norm, self.least);
        self.found.retain(|path| paths.rank(*path, length_norm) >= least);
        self.found.sort_unstable_by(|a, b| paths.order(*a, *b, length_norm));
        Ok(())
    }

    /// Hands on each continuation of some paths.
    fn expand(
        &mut self,
        ctx: &mut Context,
        (spec, walk): (&mut Spec, &mut Walk),
        all: &Batch,
        level: &[u32],
        take: &mut dyn FnMut(&Paths, Longer),
    ) -> Result<()> {
        let Self { paths, candidates, asking, asked, .. } = self;
        let asked = asked.as_ref().expect("begun");
        let nodes = level.iter().map(|path| paths.get(*path).node);
        candidates.look_up(ctx, (spec, &mut walk.around), nodes, (all, self.row), Some(asked))?;
        for &before in level {
            let step = *paths.get(before);
            ctx.tick(64 * candidates.of(step.node).len())?;
            asking.ask(ctx.view(), asked, candidates, (step.node, &gone(paths, before)), |answer| {
                for (of, weight) in answer.attention.weights() {
                    let log = step.log + f64::from(weight).ln();
                    // What follows is no better.
                    if log < self.least && !self.length_norm {
                        continue;
                    }
                    let logit = if self.wants_logit { answer.attention.logit(of).unwrap_or(0.0) } else { 0.0 };
                    let similarity = if self.wants_similarity { answer.attention.similarity(of) } else { None };
                    let at = answer.places[of as usize];
                    take(paths, Longer { before, at, log, weight, logit, similarity });
                }
            })?;
        }
        Ok(())
    }

    fn add(&mut self, one: &Longer) -> u32 {
        let Longer { before, at, log, weight, logit, similarity } = *one;
        let (rel, node) = (self.candidates.rels[at as usize], self.candidates.reached[at as usize]);
        let n_hops = self.paths.get(before).n_hops + 1;
        self.paths.push(Step { before, rel, node, n_hops, log, weight, logit, similarity })
    }

    fn hold(&mut self, ctx: &mut Context) -> Result<()> {
        let bytes = self.paths.bytes() + self.candidates.bytes() + 4 * (self.found.len() + self.heap.len());
        ctx.hold(&mut self.held, bytes)
    }

    pub(super) fn release(&mut self, ctx: &mut Context) {
        ctx.release(&mut self.held);
    }

    /// Returns what the query says of a path.
    pub(super) fn output(&mut self, view: &Snapshot, spec: &Spec, output: AttendOutput, path: u32) -> Result<Value> {
        let paths = &self.paths;
        Ok(match output {
            AttendOutput::Score if self.length_norm => Value::Float(paths.rank(path, true).exp()),
            // Not of the logs: it is their product to the last digit.
            AttendOutput::Score => {
                Value::Float(paths.steps_back(path).map(|(_, step)| f64::from(step.weight)).product())
            }
            AttendOutput::Logit => Value::Float(paths.steps_back(path).map(|(_, step)| f64::from(step.logit)).sum()),
            AttendOutput::Similarity => {
                let found = || paths.steps_back(path).filter_map(|(_, step)| step.similarity);
                match found().count() {
                    0 => Value::Null,
                    n => Value::Float(found().map(f64::from).sum::<f64>() / n as f64),
                }
            }
            AttendOutput::Hops => {
                let mut hops: Vec<Value> =
                    paths.steps_back(path).map(|(_, step)| super::super::why::hop(step.rel, step.weight)).collect();
                hops.reverse();
                Value::list(hops)
            }
            AttendOutput::Why => self.why(view, spec, path)?,
            // The operator numbers credits itself.
            AttendOutput::WhyWithout | AttendOutput::Credit => Value::Null,
        })
    }

    /// Explains a path: each of its softmaxes is made once more, which gives the same.
    fn why(&mut self, view: &Snapshot, spec: &Spec, path: u32) -> Result<Value> {
        let Self { paths, candidates, asking, asked, .. } = self;
        let asked = asked.as_ref().expect("begun");
        let mut hops = Vec::new();
        for (_, step) in paths.steps_back(path) {
            let node = paths.get(step.before).node;
            let hop =
                asking.ask(view, asked, candidates, (node, &gone(paths, step.before)), |answer: &Answer<'_>| {
                    why::hop((spec, asked), candidates, answer, (step.rel, step.weight))
                })?;
            hops.push(Value::from(hop));
        }
        hops.reverse();
        let told = why::path(asked, hops, self.widths.as_deref(), self.length_norm, !self.has_dropped);
        Ok(Value::from(told))
    }
}

/// Returns the relationships of a path, ascending.
fn gone(paths: &Paths, path: u32) -> Vec<u32> {
    let mut rels: Vec<u32> = paths.steps_back(path).map(|(_, step)| step.rel).collect();
    rels.sort_unstable();
    rels
}

/// Keeps the best, by rank, and returns how many are dropped.
fn keep_best(longer: &mut Vec<Longer>, width: usize, paths: &Paths) -> usize {
    let order = |a: &Longer, b: &Longer| {
        let by_parent = || {
            if a.before == b.before { a.at.cmp(&b.at) } else { paths.rels(a.before).cmp(&paths.rels(b.before)) }
        };
        b.log.total_cmp(&a.log).then_with(by_parent)
    };
    let n_dropped = longer.len().saturating_sub(width);
    if n_dropped > 0 {
        longer.select_nth_unstable_by(width - 1, order);
        longer.truncate(width);
    }
    longer.sort_unstable_by(order);
    n_dropped
}

/// Returns the widths of a beam; null means there is none.
fn widths(value: &Value) -> Result<Option<Vec<usize>>> {
    let width = |value: &Value| match value {
        Value::Int(n) if *n >= 1 => Ok(usize::try_from(*n).unwrap_or(usize::MAX)),
        other => {
            let message = format!("BEAM must be an integer of 1 or more, or a list of such, not {other}");
            let error = crate::QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message);
            Err(error.hint("BEAM 32 keeps the best 32 at each step, BEAM [64, 32, 16] fewer from step to step").into())
        }
    };
    match value {
        Value::Null => Ok(None),
        Value::List(items) if !items.is_empty() => Ok(Some(items.iter().map(width).collect::<Result<_>>()?)),
        one => Ok(Some(vec![width(one)?])),
    }
}
