//! Passes over all patterns of a run: numbers of trails, weights, existence, by node of a place.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    Stop,
    filter::all_have,
    groups::Run,
    hold,
    mask::{Mask, block_ids},
    reach,
    ring::Ring,
    sink::{Listed, TOP_SPARE, Top, sorted, subtract},
    walk::{Returning, Walk},
    weigh::{Ground, Lift, Pass, Sink},
};
use crate::{graph::Column, model::NodeId};

/// A trail costs the general operators about so many of the units that [`Pass::cost`] counts.
const TRAIL_COST: f64 = 8.0;

/// Below this many trails (as guessed) it is worth asking whether the general operators are faster.
const TRAILS_FEW: f64 = 20_000.0;

impl Run<'_, '_> {
    /// Leaves it to the general operators where so few trails are expected that they are faster.
    pub(super) fn refuse_few(&mut self) -> Result<(), Stop> {
        if self.ground.filters.iter().all(|filter| filter.found.is_none()) {
            return Ok(());
        }
        for walk in self.walks {
            let pass = Pass::<u64> { ground: &mut self.ground, walk, lift: None };
            let trails = pass.guess_trails();
            if trails < TRAILS_FEW {
                let root = self.root(walk);
                let pass = Pass::<u64> { ground: &mut self.ground, walk, lift: None };
                if pass.cost(root) > TRAIL_COST * (trails + 16.0) {
                    return Err(Stop::General);
                }
            }
        }
        Ok(())
    }

    /// Returns where to hang up a pattern: at the group, or where the work is least.
    pub(super) fn root(&mut self, walk: &Walk) -> usize {
        let single = |group: usize| self.ground.filters[group].found.as_ref().is_some_and(|found| found.len() == 1);
        match self.chain.group {
            Some(group) if !single(group) => group,
            _ => {
                let pass = Pass::<u64> { ground: &mut self.ground, walk, lift: None };
                let costs = (0..walk.nodes.len()).map(|node| (node, pass.cost(node)));
                costs.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(node, _)| node)
            }
        }
    }

    pub(super) fn mask(&mut self, node: usize) -> Result<Arc<Mask>, Stop> {
        if let Some(mask) = &self.ground.masks[node] {
            return Ok(mask.clone());
        }
        let mask = Arc::new(self.ground.filters[node].mask(self.ground.snapshot, self.ground.values)?);
        self.ground.masks[node] = Some(mask.clone());
        Ok(mask)
    }

    pub(super) fn all_have(&mut self, node: usize, column: Column<'_>) -> Result<bool, Stop> {
        // Where a label alone has it everywhere, the predicates need not be looked at.
        if let Some(&label) = self.ground.filters[node].labels.first()
            && self.ground.filters[node].found.is_none()
            && all_have(self.ground.snapshot, &Mask::Label(label), column)?
        {
            return Ok(true);
        }
        let mask = self.mask(node)?;
        Ok(all_have(self.ground.snapshot, &mask, column)?)
    }

    pub(super) fn pass<S: Ring>(
        &mut self,
        walk: &Walk,
        root: usize,
        lift: Option<(usize, Lift<'_, S>)>,
        sink: &mut dyn Sink<S>,
    ) -> Result<(), Stop> {
        if !S::SUBTRACTS && !walk.fixes.is_empty() {
            return Err(Stop::General);
        }
        Pass { ground: &mut self.ground, walk, lift }.run(root, sink)
    }

    /// Returns the weights at a place over all patterns, by ascending node.
    pub(super) fn weights_at<S: Ring>(
        &mut self,
        place: usize,
        lift: Option<(usize, Lift<'_, S>)>,
    ) -> Result<Vec<(u32, S)>, Stop> {
        let mut all: Vec<(u32, S)> = Vec::new();
        for walk in self.walks {
            let mut found = Listed(Vec::new());
            self.pass(walk, place, lift, &mut found)?;
            let back = self.returning(walk, place, lift)?;
            let found = if back.is_empty() { found.0 } else { subtract(sorted(found.0), &back) };
            all = if all.is_empty() { found } else { [all, found].concat() };
        }
        Ok(sorted(all))
    }

    /// Returns the numbers of trails through the nodes of a place; with `at_most`, only the greatest.
    pub(super) fn count_at(&mut self, place: usize, at_most: Option<usize>) -> Result<Vec<(u32, u64)>, Stop> {
        match (at_most, self.walks) {
            (Some(at_most), [walk]) if walk.returning.is_none() => {
                let mut top = Top { at_most, threshold: 1, found: Vec::new(), crowded: 2 * at_most + TOP_SPARE };
                self.pass(walk, place, None, &mut top)?;
                top.cut();
                Ok(sorted(top.found))
            }
            _ => self.weights_at::<u64>(place, None),
        }
    }

    /// Returns the nodes of a place that a trail goes through, in any order.
    pub(super) fn exists_at(&mut self, place: usize) -> Result<Vec<(u32, u64)>, Stop> {
        let rows: Option<Vec<_>> =
            self.walks.iter().map(|walk| Some((walk, reach::row(walk, self.ground.filters, place)?))).collect();
        if let Some(rows) = rows {
            let Ground { snapshot, filters, masks, values, pool } = &mut self.ground;
            let mut ground = reach::Ground { snapshot, filters, masks, values: &mut **values };
            let len = snapshot.node_id_end() as usize;
            hold(ground.values, 2 * len * size_of::<u32>())?;
            pool.levels.start(len);
            pool.ends.start(len);
            let mut reached = Vec::new();
            for (walk, row) in &rows {
                reach::reach(walk, row, &mut ground, &mut pool.levels, &mut pool.ends, &mut reached)?;
            }
            return Ok(reached.into_iter().map(|id| (id, 1)).collect());
        }
        if self.walks.iter().any(|walk| !walk.fixes.is_empty() || walk.returning.is_some()) {
            return self.weights_at::<u64>(place, None);
        }
        let found = self.weights_at::<bool>(place, None)?;
        Ok(found.into_iter().map(|(id, _)| (id, 1)).collect())
    }

    /// Returns what the trails weigh whose third relationship is the first again, by node of a place.
    pub(super) fn returning<S: Ring>(
        &mut self,
        walk: &Walk,
        place: usize,
        lift: Option<(usize, Lift<'_, S>)>,
    ) -> Result<Vec<(u32, S)>, Stop> {
        let Some(Returning { nodes, steps }) = &walk.returning else { return Ok(Vec::new()) };
        if !S::SUBTRACTS {
            return Err(Stop::General);
        }
        let snapshot = self.ground.snapshot;
        let mut masks = Vec::with_capacity(4);
        for &node in nodes {
            masks.push(match walk.nodes[node] {
                Some(origin) => self.mask(origin)?,
                None => Arc::new(Mask::All),
            });
        }
        // From the end with fewer nodes; the row of four reads the same from either end.
        let (mut nodes, mut steps) = (*nodes, *steps);
        if masks[3].n(snapshot) < masks[0].n(snapshot) {
            nodes.reverse();
            steps.reverse();
            masks.reverse();
        }
        let at = nodes.iter().position(|&node| node == place).ok_or(Stop::General)?;
        let measured = lift.and_then(|(node, lift)| Some((nodes.iter().position(|&known| known == node)?, lift)));
        let (first, between) = (walk.steps[steps[0]].hop_from(nodes[0]), walk.steps[steps[1]].hop_from(nodes[1]));
        let last = walk.steps[steps[2]].hop_from(nodes[2]);
        let mut found: FxHashMap<u32, S> = FxHashMap::default();
        for block in 0..snapshot.n_node_blocks() {
            for start in block_ids(block, &masks[0].block(snapshot, block)?) {
                if !masks[2].contains(snapshot, start)? {
                    continue;
                }
                let mut ends: Vec<u32> = Vec::new();
                for (adjacency, rel_type) in first.adjacencies(snapshot) {
                    if last.types.contains(&rel_type) {
                        adjacency.edges(NodeId::new(start))?.append_to(&mut ends, None);
                    }
                }
                self.ground.values.tick(ends.len() + 1)?;
                for end in ends {
                    if !masks[1].contains(snapshot, end)? || !masks[3].contains(snapshot, end)? {
                        continue;
                    }
                    let mut n = 0u64;
                    for (adjacency, _) in between.adjacencies(snapshot) {
                        let edges = adjacency.edges(NodeId::new(end))?;
                        match edges.neighbors_slice() {
                            Some(neighbors) => {
                                let from = neighbors.partition_point(|&to| to < start);
                                n += neighbors[from..].iter().take_while(|&&to| to == start).count() as u64;
                            }
                            None => edges.for_each(|to, _| n += u64::from(to == start)),
                        }
                    }
                    if n == 0 {
                        continue;
                    }
                    let row = [start, end, start, end];
                    let mut weight = S::times(n);
                    if let Some((node, lift)) = measured {
                        weight = weight.mul(lift(row[node])?);
                    }
                    let sum = found.entry(row[at]).or_insert(S::ZERO);
                    *sum = sum.add(weight);
                }
            }
        }
        Ok(sorted(found.into_iter().collect()))
    }
}
