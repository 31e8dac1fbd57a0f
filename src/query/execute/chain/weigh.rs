//! Weighs the nodes of a pattern: how much all trails weigh on which a node stands at its place.
//!
//! With the pattern hung up at one node, the weight of a node is one (where its mask lets it pass) times, for each branch
//! below it, the sum over its relationships of the weights of the nodes they lead to. Sums over a branch that passes every
//! node are degrees. A branch that few nodes pass is pushed from them; anything else is pulled, a block of nodes at a time,
//! by several threads where there is enough to do.

use std::sync::{Arc, OnceLock};

use super::{
    Stop, Values,
    blocks::Blocks,
    filter::Filter,
    guess::PUSH_COST,
    hold,
    mask::{Mask, Words},
    ring::{Pool, Ring},
    term::{Access, Branch, Dense, Factor, Term, Weights, lanes},
    walk::{Fix, Hop, Walk},
};
use crate::{
    Error,
    graph::{BLOCK_LEN, BLOCK_WORDS, Snapshot},
    model::{Direction, LabelId, NodeId},
};

/// What is measured at a node of the pattern; zero where it has nothing to measure.
pub(super) type Lift<'a, S> = &'a (dyn Fn(u32) -> Result<S, Error> + Sync);

/// Takes the weights of the node that the pattern hangs at.
pub(super) trait Sink<S> {
    /// Takes those of a block; zero where the bit is not set, and maybe elsewhere.
    fn block(&mut self, block: u32, words: &Words, weights: &[S]);
    /// Takes one that is not zero.
    fn one(&mut self, node: u32, weight: S);
}

/// What all passes over one pattern share.
pub(super) struct Ground<'a, 'v> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) filters: &'v [Filter<'a>],
    /// By node of the chain, once it was needed.
    pub(super) masks: &'v mut [Option<Arc<Mask>>],
    pub(super) values: &'v mut dyn Values,
    pub(super) pool: &'v mut Pool,
}

/// A pass over a pattern.
pub(super) struct Pass<'p, 'a, 'v, S> {
    pub(super) ground: &'p mut Ground<'a, 'v>,
    pub(super) walk: &'p Walk,
    /// The node of the pattern where something is measured.
    pub(super) lift: Option<(usize, Lift<'p, S>)>,
}

/// The weights of a branch, and what must be taken away where the step to it and one below it take the same relationship.
struct Weighed<S> {
    main: Arc<Weights<S>>,
    minus: Option<Minus<S>>,
}

/// Weights without the lower branch, and those of the lower branch.
struct Minus<S> {
    without: Arc<Weights<S>>,
    lower: Arc<Weights<S>>,
}

impl<'a, S: Ring> Pass<'_, 'a, '_, S> {
    /// Weighs the nodes at place `root`.
    pub(super) fn run(&mut self, root: usize, sink: &mut dyn Sink<S>) -> Result<(), Stop> {
        let branches = self.branches(root, None)?;
        let factors = self.factors(root, None, &branches, None);
        self.drive(root, factors, sink)
    }

    /// Returns whether every node that the hop leads to has what the filter asks.
    pub(super) fn implied(&self, far: usize, hop: &Hop) -> bool {
        let Some(origin) = self.walk.nodes[far] else { return true };
        match &self.ground.masks[origin] {
            Some(mask) => implied_by(self.ground.snapshot, mask, hop),
            None => {
                let filter = &self.ground.filters[origin];
                let has = |label: &LabelId| leads_to(self.ground.snapshot, hop, *label);
                filter.labels_only() && !filter.impossible && filter.labels.iter().all(has)
            }
        }
    }

    fn mask(&mut self, node: usize) -> Result<Arc<Mask>, Stop> {
        let Some(origin) = self.walk.nodes[node] else { return Ok(Arc::new(Mask::All)) };
        if let Some(mask) = &self.ground.masks[origin] {
            return Ok(mask.clone());
        }
        let mask = Arc::new(self.ground.filters[origin].mask(self.ground.snapshot, self.ground.values)?);
        self.ground.masks[origin] = Some(mask.clone());
        Ok(mask)
    }

    /// Weighs the branches below a node: for each step of the pattern that leads down from it.
    fn branches(&mut self, node: usize, parent: Option<usize>) -> Result<Vec<(usize, Weighed<S>)>, Stop> {
        let mut branches = Vec::new();
        for (at, step) in self.walk.steps.iter().enumerate() {
            if Some(at) != parent && (step.a == node || step.b == node) {
                branches.push((at, self.weigh(step.other(node), at)?));
            }
        }
        Ok(branches)
    }

    fn weigh(&mut self, node: usize, parent: usize) -> Result<Weighed<S>, Stop> {
        let branches = self.branches(node, Some(parent))?;
        let all = self.factors(node, Some(parent), &branches, None);
        let main = Arc::new(self.collect(node, all)?);
        let paired = self.walk.fixes.iter().find(|fix| fix.at == node && (fix.first == parent || fix.second == parent));
        let Some(fix) = paired else { return Ok(Weighed { main, minus: None }) };
        let below = if fix.first == parent { fix.second } else { fix.first };
        let rest = self.factors(node, Some(parent), &branches, Some(below));
        let without = Arc::new(self.collect(node, rest)?);
        let (_, lower) = branches.iter().find(|(at, _)| *at == below).expect("the other step of the pair leads down");
        Ok(Weighed { main, minus: Some(Minus { without, lower: lower.main.clone() }) })
    }

    /// Returns what to multiply at a node.
    fn factors(
        &self,
        node: usize,
        parent: Option<usize>,
        branches: &[(usize, Weighed<S>)],
        leave_out: Option<usize>,
    ) -> Vec<Factor<'a, S>> {
        let mut factors = Vec::new();
        let pair_of = |at: usize| -> Option<(&Fix, usize)> {
            let fix = self.walk.fixes.iter().find(|fix| fix.at == node && (fix.first == at || fix.second == at))?;
            let other = if fix.first == at { fix.second } else { fix.first };
            (Some(other) != parent).then_some((fix, other))
        };
        let branch = |at: usize| &branches.iter().find(|(known, _)| *known == at).expect("a step down").1;
        for (at, weighed) in branches {
            if Some(*at) == leave_out {
                continue;
            }
            let hop = self.walk.steps[*at].hop_from(node);
            let far = self.walk.steps[*at].other(node);
            let term = self.term(hop.clone(), &weighed.main, far);
            let mut factor =
                Factor { plus: vec![term], minus: None, minus_times: None, cost: self.pull_cost(node, &hop) };
            if let Some((fix, other)) = pair_of(*at) {
                if other < *at {
                    continue;
                }
                let second = branch(other);
                let second_hop = self.walk.steps[other].hop_from(node);
                factor.cost += self.pull_cost(node, &second_hop);
                factor.plus.push(self.term(second_hop, &second.main, self.walk.steps[other].other(node)));
                let mut both = self.term(fix.shared.clone(), &weighed.main, far);
                both.also = Some(Branch::new(&second.main));
                factor.minus = Some(both);
            } else if let Some(Minus { without, lower }) = &weighed.minus {
                let fix = self.walk.fixes.iter().find(|fix| fix.first == *at || fix.second == *at);
                let shared = &fix.expect("a branch with something to take away has a pair").shared;
                let shared = if shared.loops_only { shared.clone() } else { shared.reversed() };
                factor.minus = Some(self.term(shared, without, far));
                factor.minus_times = Some(Branch::new(lower));
            }
            factors.push(factor);
        }
        factors
    }

    fn term(&self, hop: Hop, weights: &Arc<Weights<S>>, far: usize) -> Term<'a, S> {
        let lanes = lanes(self.ground.snapshot, &hop);
        Term { hop, lanes, branch: Branch::new(weights), also: None, far }
    }

    fn collect(&mut self, node: usize, factors: Vec<Factor<'a, S>>) -> Result<Weights<S>, Stop> {
        if factors.is_empty() {
            let lifted = self.lift.as_ref().is_some_and(|(at, _)| *at == node);
            return Ok(Weights::Leaf { mask: self.mask(node)?, lifted });
        }
        let len = self.ground.snapshot.node_id_end() as usize;
        hold(self.ground.values, len * size_of::<S>())?;
        let mut collect = Collect { dense: None, sparse: Vec::new(), len };
        self.drive(node, factors, &mut collect)?;
        Ok(match collect.dense {
            Some(dense) => Weights::Dense(dense),
            None => {
                collect.sparse.sort_unstable_by_key(|(id, _)| *id);
                Weights::Sparse(collect.sparse)
            }
        })
    }

    /// Multiplies the factors at every node that may stand at the place.
    fn drive(&mut self, node: usize, mut factors: Vec<Factor<'a, S>>, sink: &mut dyn Sink<S>) -> Result<(), Stop> {
        factors.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let origin = self.walk.nodes[node];
        let found = origin.is_some_and(|origin| self.ground.filters[origin].found.is_some());
        let lift = self.lift.as_ref().filter(|(at, _)| *at == node).map(|(_, lift)| *lift);
        let (list, skip) = if found || factors.is_empty() {
            let mask = self.mask(node)?;
            match &*mask {
                Mask::Ids(ids) => (Some(ids.iter().map(|&id| (id, S::ONE)).collect()), None),
                _ => (None, None),
            }
        } else {
            match self.best_push(node, &factors) {
                Some(at) => {
                    let (factor, term) = at;
                    let pushed = self.push(&factors[factor].plus[term])?;
                    (Some(self.keep_masked(node, &factors[factor].plus[term].hop, pushed)?), Some(at))
                }
                None => (None, None),
            }
        };
        for (f, factor) in factors.iter().enumerate() {
            for (t, term) in factor.plus.iter().enumerate() {
                if skip != Some((f, t)) {
                    self.prepare(term)?;
                }
            }
            if let Some(term) = &factor.minus {
                self.prepare(term)?;
            }
            if let Some(branch) = &factor.minus_times {
                self.prepare_branch(branch, None)?;
            }
        }
        let any_lift = self.lift.as_ref().map(|(_, lift)| *lift);
        let result = match list {
            Some(list) => self.drive_list(&list, &factors, skip, lift, any_lift, sink),
            None => self.drive_blocks(node, &factors, lift, any_lift, sink),
        };
        for factor in factors {
            for term in factor.plus.into_iter().chain(factor.minus) {
                self.give_back(term.branch.access);
            }
        }
        result
    }

    fn give_back(&mut self, access: OnceLock<Access<S>>) {
        if let Some(Access::Dense(Dense::Own(mut dense))) = access.into_inner() {
            dense.fill(S::ZERO);
            S::give_back(self.ground.pool, dense);
        }
    }

    fn drive_list(
        &mut self,
        list: &[(u32, S)],
        factors: &[Factor<'a, S>],
        skip: Option<(usize, usize)>,
        lift: Option<Lift<'_, S>>,
        any_lift: Option<Lift<'_, S>>,
        sink: &mut dyn Sink<S>,
    ) -> Result<(), Stop> {
        for &(id, seed) in list {
            let mut weight = if skip.is_some() { S::ONE } else { seed };
            let mut visited = 1;
            for (f, factor) in factors.iter().enumerate() {
                let mut product = S::ONE;
                for (t, term) in factor.plus.iter().enumerate() {
                    let sum = if skip == Some((f, t)) { seed } else { term.sum(id, any_lift, &mut visited)? };
                    product = product.mul(sum);
                }
                product = factor.take_away(id, product, any_lift, &mut visited)?;
                weight = weight.mul(product);
                if weight.is_zero() {
                    break;
                }
            }
            if let Some(lift) = lift
                && !weight.is_zero()
            {
                weight = weight.mul(lift(id)?);
            }
            if !weight.is_zero() {
                sink.one(id, weight);
            }
            self.ground.values.tick(visited)?;
        }
        Ok(())
    }

    fn drive_blocks(
        &mut self,
        node: usize,
        factors: &[Factor<'a, S>],
        lift: Option<Lift<'_, S>>,
        any_lift: Option<Lift<'_, S>>,
        sink: &mut dyn Sink<S>,
    ) -> Result<(), Stop> {
        let mask = self.mask(node)?;
        Blocks { snapshot: self.ground.snapshot, mask: &mask, factors, lift, any_lift }
            .weigh_all(self.ground.values, sink)
    }

    /// Returns the term whose branch so few nodes pass that it is better to start from them.
    fn best_push(&self, node: usize, factors: &[Factor<'a, S>]) -> Option<(usize, usize)> {
        let mut best: Option<((usize, usize), f64)> = None;
        let mut pulled = self.guess_mask(node);
        for (f, factor) in factors.iter().enumerate() {
            for (t, term) in factor.plus.iter().enumerate() {
                let n = match &*term.branch.weights {
                    Weights::Sparse(weights) => weights.len() as f64,
                    Weights::Leaf { mask, .. } => match &**mask {
                        Mask::Ids(ids) => ids.len() as f64,
                        Mask::Bits(_, n) => *n as f64,
                        Mask::All | Mask::Label(_) => {
                            if !implied_by(self.ground.snapshot, mask, &term.hop) {
                                pulled += self.pull_cost(node, &term.hop);
                            }
                            continue;
                        }
                    },
                    Weights::Dense(_) => {
                        pulled += self.pull_cost(node, &term.hop);
                        continue;
                    }
                };
                pulled += self.pull_cost(node, &term.hop);
                let cost = self.edges(&term.hop.reversed(), term.far, n) * PUSH_COST;
                if best.is_none_or(|(_, known)| cost < known) {
                    best = Some(((f, t), cost));
                }
            }
        }
        best.filter(|(_, cost)| *cost < pulled).map(|(at, _)| at)
    }

    /// Sums over the relationships of every node a term's branch leads to, from the branch's side.
    fn push(&mut self, term: &Term<'a, S>) -> Result<Vec<(u32, S)>, Stop> {
        let lanes = lanes(self.ground.snapshot, &term.hop.reversed());
        let len = self.ground.snapshot.node_id_end() as usize;
        hold(self.ground.values, len * size_of::<S>())?;
        let mut sums = S::zeroes(self.ground.pool, len);
        let mut touched: Vec<u32> = Vec::new();
        let lift = self.lift.as_ref().map(|(_, lift)| *lift);
        let mut add = |id: u32, weight: S| -> Result<usize, Error> {
            let mut visited = 1;
            for lane in &lanes {
                let edges = lane.adjacency.edges(NodeId::new(id))?;
                visited += edges.len();
                lane.for_each(id, &edges, |to| {
                    let sum = &mut sums[to as usize];
                    if sum.is_zero() {
                        touched.push(to);
                    }
                    *sum = sum.add(weight);
                });
            }
            Ok(visited)
        };
        match &*term.branch.weights {
            Weights::Sparse(weights) => {
                for &(id, weight) in weights {
                    self.ground.values.tick(add(id, weight)?)?;
                }
            }
            Weights::Leaf { mask, lifted } => {
                let ids = mask.list().expect("only lists and bits are pushed");
                for &id in ids.iter() {
                    let weight = match lift {
                        Some(lift) if *lifted => lift(id)?,
                        _ => S::ONE,
                    };
                    if !weight.is_zero() {
                        self.ground.values.tick(add(id, weight)?)?;
                    }
                }
            }
            Weights::Dense(_) => unreachable!("only lists and bits are pushed"),
        }
        let pushed = touched.iter().map(|&id| (id, std::mem::replace(&mut sums[id as usize], S::ZERO))).collect();
        S::give_back(self.ground.pool, sums);
        Ok(pushed)
    }

    /// Keeps the nodes that pass the mask of a place, reached by the reverse of `hop`.
    fn keep_masked(&mut self, node: usize, hop: &Hop, mut list: Vec<(u32, S)>) -> Result<Vec<(u32, S)>, Stop> {
        let Some(origin) = self.walk.nodes[node] else { return Ok(list) };
        if self.implied(node, &hop.reversed()) {
            return Ok(list);
        }
        let snapshot = self.ground.snapshot;
        let filter = &self.ground.filters[origin];
        let known = self.ground.masks[origin].is_some();
        if !known && (filter.labels_only() || filter.prefers_list(snapshot, list.len())) {
            list.sort_unstable_by_key(|(id, _)| *id);
            let mut ids: Vec<u32> = list.iter().map(|(id, _)| *id).collect();
            filter.retain(snapshot, self.ground.values, &mut ids)?;
            let mut kept = ids.iter().peekable();
            list.retain(|(id, _)| kept.next_if(|&known| known == id).is_some());
            return Ok(list);
        }
        let mask = self.mask(node)?;
        let mut result = Ok(());
        list.retain(|(id, _)| match mask.contains(snapshot, *id) {
            Ok(keeps) => keeps,
            Err(error) => {
                result = Err(error);
                false
            }
        });
        result?;
        Ok(list)
    }

    fn prepare(&mut self, term: &Term<'a, S>) -> Result<(), Stop> {
        self.prepare_branch(&term.branch, Some(&term.hop))?;
        term.also.as_ref().map_or(Ok(()), |branch| self.prepare_branch(branch, None))
    }

    fn prepare_branch(&mut self, branch: &Branch<S>, hop: Option<&Hop>) -> Result<(), Stop> {
        if branch.access.get().is_none() {
            let access = self.access(&branch.weights, hop)?;
            assert!(branch.access.set(access).is_ok(), "nothing was set just before");
        }
        Ok(())
    }

    /// Returns weights as loops read them; `hop` where only nodes that it leads to are asked for.
    fn access(&mut self, weights: &Arc<Weights<S>>, hop: Option<&Hop>) -> Result<Access<S>, Stop> {
        let snapshot = self.ground.snapshot;
        Ok(match &**weights {
            Weights::Leaf { mask, lifted } => {
                let everywhere = hop.map_or(matches!(**mask, Mask::All), |hop| implied_by(snapshot, mask, hop));
                let bits = if everywhere { None } else { mask.bits(snapshot)? };
                match bits {
                    bits if *lifted => Access::Lift(bits),
                    None => Access::One,
                    Some(bits) => Access::Bits(bits),
                }
            }
            Weights::Sparse(weights) => {
                let len = snapshot.node_id_end() as usize;
                hold(self.ground.values, len * size_of::<S>())?;
                let mut dense = S::zeroes(self.ground.pool, len);
                weights.iter().for_each(|&(id, weight)| dense[id as usize] = weight);
                Access::Dense(Dense::Own(dense))
            }
            Weights::Dense(_) => Access::Dense(Dense::Shared(weights.clone())),
        })
    }
}

/// Collects weights by node.
struct Collect<S> {
    dense: Option<Vec<S>>,
    sparse: Vec<(u32, S)>,
    len: usize,
}

impl<S: Ring> Sink<S> for Collect<S> {
    fn block(&mut self, block: u32, words: &Words, weights: &[S]) {
        let len = self.len;
        let dense = self.dense.get_or_insert_with(|| vec![S::ZERO; len]);
        if *words != [0; BLOCK_WORDS] {
            let from = block as usize * BLOCK_LEN;
            dense[from..from + BLOCK_LEN].copy_from_slice(weights);
        }
    }

    fn one(&mut self, node: u32, weight: S) {
        self.sparse.push((node, weight));
    }
}

/// Returns whether every node that a hop leads to is in a mask.
fn implied_by(snapshot: &Snapshot, mask: &Mask, hop: &Hop) -> bool {
    match mask {
        Mask::All => true,
        Mask::Label(label) => leads_to(snapshot, hop, *label),
        Mask::Bits(..) | Mask::Ids(_) => false,
    }
}

/// Returns whether every node that a hop leads to has a label.
pub(super) fn leads_to(snapshot: &Snapshot, hop: &Hop, label: LabelId) -> bool {
    hop.types.iter().all(|&rel_type| {
        let all = |side| snapshot.n_type_ends(rel_type, side, label) == snapshot.n_type(rel_type);
        (!hop.out || all(Direction::In)) && (!hop.into || all(Direction::Out))
    })
}
