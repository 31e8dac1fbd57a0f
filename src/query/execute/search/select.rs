//! The paths that a selector wants: for each end the first so many by length, or all those of the first so many lengths.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Matcher,
    product::{Given, NO_REL},
    program::Program,
    toward::Toward,
};
use crate::{
    QueryError, Result, Span,
    model::Value,
    query::{
        execute::{Builder, Context, batch::Batch, eval::Ex},
        search::{PathMode, Select},
    },
};

/// About how many bytes a state in a layer costs.
const LAYERED_BYTES: usize = 8;

/// See the module.
pub(super) struct Selection {
    count: Ex,
    span: Span,
    groups: bool,
    mode: PathMode,
    /// How many paths, or lengths, each end gets.
    wanted: u64,
    target: Option<u32>,
    toward: Toward,
    /// By length, the states that paths of that length reach.
    layers: Vec<FxHashSet<u32>>,
    n_layered: usize,
    /// How many each end has.
    ends: FxHashMap<u32, u64>,
    /// The last length for which an end that wants more was reached.
    reached: usize,
}

impl Selection {
    pub(super) fn build(select: &Select, mode: PathMode, builder: &mut Builder) -> Self {
        Self {
            count: Ex::build(&select.count, builder),
            span: select.span,
            groups: select.groups,
            mode,
            wanted: 0,
            target: None,
            toward: Toward::default(),
            layers: Vec::new(),
            n_layered: 0,
            ends: FxHashMap::default(),
            reached: 0,
        }
    }

    /// Begins with an input row, whose start is the matcher's first state.
    pub(super) fn begin(
        &mut self,
        ctx: &mut Context,
        program: &Program,
        batch: &Batch,
        row: usize,
        target: Option<u32>,
    ) -> Result<()> {
        self.wanted = match self.count.value(ctx, batch, row)? {
            Value::Int(n) if n > 0 => n.unsigned_abs(),
            other => return Err(no_count(&other, self.span)),
        };
        self.target = target;
        self.toward.begin(target, program);
        self.layers.clear();
        self.layers.push(FxHashSet::from_iter([0]));
        (self.n_layered, self.reached) = (1, 0);
        self.ends.clear();
        Ok(())
    }

    /// Takes down the paths of the next length; returns whether there may be longer ones that are wanted.
    pub(super) fn next_length(
        &mut self,
        ctx: &mut Context,
        matcher: &mut Matcher,
        given: &Given<'_>,
        held: &mut u64,
    ) -> Result<bool> {
        let length = self.layers.len() - 1;
        let next = self.lay_out(ctx, matcher, given, held)?;
        let mut goals: Vec<(u32, u32)> = Vec::new();
        for &state in &self.layers[length] {
            let node = matcher.product.state(state).node;
            if matcher.product.accepts(state, &matcher.program)
                && self.target.is_none_or(|target| target == node)
                && *self.ends.entry(node).or_default() < self.wanted
            {
                goals.push((node, state));
            }
        }
        goals.sort_unstable();
        if !goals.is_empty() {
            self.reached = length;
        }
        for ends in goals.chunk_by(|a, b| a.0 == b.0) {
            self.take_all(ctx, matcher, given, held, ends)?;
        }
        if next.is_empty() {
            return Ok(false);
        }
        let product = &matcher.product;
        let longest = match self.mode {
            PathMode::Walk => usize::MAX,
            PathMode::Trail => product.n_rels(),
            PathMode::Acyclic => product.n_nodes() - 1,
            PathMode::Simple => product.n_nodes(),
        };
        let is_explored = product.n_expanded() == product.n_states();
        let wants_none = self.ends.values().all(|n| *n >= self.wanted);
        if length >= longest
            || wants_none && (is_explored || self.target.is_some() && !self.ends.is_empty())
            // A longer path has a cycle of states, without which it is one of these lengths too.
            || is_explored && length - self.reached > product.n_states()
        {
            return Ok(false);
        }
        self.n_layered += next.len();
        self.layers.push(next);
        Ok(true)
    }

    /// Finds the edges of the last layer, adding what its joints lead to; returns the layer after it.
    fn lay_out(
        &mut self,
        ctx: &mut Context,
        matcher: &mut Matcher,
        given: &Given<'_>,
        held: &mut u64,
    ) -> Result<FxHashSet<u32>> {
        let length = self.layers.len() - 1;
        let layer = self.layers.last_mut().expect("there is always one");
        let mut open: Vec<u32> = layer.iter().copied().collect();
        open.sort_unstable();
        let mut next = FxHashSet::default();
        while let Some(state) = open.pop() {
            self.toward.consider(ctx, &matcher.program, matcher.product.n_edges())?;
            if !self.toward.may_lead(matcher.product.state(state).node, length) {
                // Within bounds it may lead there from where it is reached sooner; without, never.
                if self.toward.is_unbounded() {
                    matcher.product.close(state);
                }
                continue;
            }
            matcher.expand(ctx, given, state)?;
            let edges = matcher.product.out(state);
            ctx.tick(edges.len() + 1)?;
            for edge in edges {
                if edge.rel != NO_REL {
                    next.insert(edge.state);
                } else if layer.insert(edge.state) {
                    open.push(edge.state);
                    self.n_layered += 1;
                }
            }
            let layered = (self.n_layered + next.len()) * LAYERED_BYTES;
            ctx.hold(held, matcher.bytes() + self.toward.bytes() + layered)?;
        }
        Ok(next)
    }

    /// Takes down the paths to one end that have the length of the last layer.
    fn take_all(
        &mut self,
        ctx: &mut Context,
        matcher: &mut Matcher,
        given: &Given<'_>,
        held: &mut u64,
        goals: &[(u32, u32)],
    ) -> Result<()> {
        let length = self.layers.len() - 1;
        let n_found = self.ends.entry(goals[0].0).or_default();
        let mut is_group = false;
        for &(_, goal) in goals {
            matcher.walk.start(goal, &matcher.product);
            loop {
                if let Some(state) = matcher.walk.arrived()
                    && state == matcher.start
                    && matcher.walk.length() == length
                {
                    matcher.path.clear();
                    matcher.path.extend(matcher.walk.trail.iter().rev());
                    if matcher.take(ctx, given.row, true)? {
                        is_group = true;
                        if !self.groups {
                            *n_found += 1;
                            if *n_found >= self.wanted {
                                return Ok(());
                            }
                        }
                    }
                }
                ctx.hold(held, matcher.bytes() + self.n_layered * LAYERED_BYTES)?;
                let Matcher { walk, product, program, scratch, .. } = matcher;
                if !walk.go(ctx, product, program, scratch, Some(&self.layers))? {
                    break;
                }
            }
        }
        if self.groups && is_group {
            *n_found += 1;
        }
        Ok(())
    }
}

#[cold]
fn no_count(value: &Value, span: Span) -> crate::Error {
    let message = format!("the number of a path selector must be a positive integer, not {value}");
    QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).at(span).into()
}
