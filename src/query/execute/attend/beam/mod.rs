//! `ATTEND` on the relationships of paths: expanding and ranking in one.
//!
//! The input is read whole, for its rows fall into groups. Each group is searched by itself: [`search`] gives its paths best
//! first, [`candidates`] what can come next at a node, [`asking`] the softmax over that. A path that is given is tried with
//! each row of the group and leaves with those that it fits; where LIMIT ends the group, the search ends too.

pub(super) mod asking;
pub(super) mod candidates;
mod limit;
mod paths;
mod search;
pub(super) mod why;

pub(in crate::query::execute) use self::limit::LimitPaths;

use rustc_hash::FxHashMap;

use self::{candidates::Around, search::Search};
use super::{Spec, credit, groups::check_constant, limit_of, number};
use crate::{
    Result,
    model::{RelId, Value},
    query::{
        attend::AttendOutput,
        beam as plan,
        execute::{
            Builder, Context, Operator,
            batch::{BATCH_ROWS_MAX, Batch, rel_value, value_bytes},
            build,
            eval::Ex,
            expand::is_unused,
        },
        plan::Slot,
        slots,
    },
};

/// See [`plan::AttendPaths`].
pub(in crate::query::execute) struct AttendPaths {
    input: Box<dyn Operator>,
    spec: Spec,
    walk: Walk,
    /// What is kept of the input.
    kept: Vec<Slot>,
    batch: Batch,
    all: Batch,
    /// The rows of each group; there once the input is read.
    groups: Option<Vec<Vec<u32>>>,
    /// The group that is searched, its first row not yet looked at where there is no `current`.
    at: usize,
    current: Option<Current>,
    search: Search,
    leaving: Leaving,
    held: u64,
}

/// How paths are followed.
struct Walk {
    from: Slot,
    rels: Option<Slot>,
    to: Slot,
    into: bool,
    around: Around,
    min: u32,
    max: u32,
    unique_from: Vec<Slot>,
    tests: Vec<Ex>,
    beam: Option<Ex>,
    length_norm: bool,
    cuts: bool,
    numbers: (Slot, Slot),
}

/// The group that is searched.
struct Current {
    /// Paths that are still wanted of it.
    left: usize,
    /// Paths that were tried.
    n_paths: i64,
    /// Paths whose relationships are still to be noted.
    to_note: usize,
}

/// Rows on their way out.
#[derive(Default)]
struct Leaving {
    rows: Vec<u32>,
    /// The path of each, among those found.
    paths: Vec<u32>,
    numbers: Vec<i64>,
    ends: Vec<u32>,
    lists: Vec<Value>,
    given: Vec<Vec<Value>>,
    group: i64,
    at: usize,
    held: u64,
}

impl Leaving {
    fn clear(&mut self) {
        self.rows.clear();
        self.paths.clear();
        self.numbers.clear();
        self.ends.clear();
        self.lists.clear();
        self.given.iter_mut().for_each(Vec::clear);
        self.at = 0;
    }
}

impl AttendPaths {
    pub(in crate::query::execute) fn build(plan: &plan::AttendPaths, builder: &mut Builder) -> Self {
        let input = build(&plan.attend.input, builder);
        let mut own = Vec::new();
        plan.sets(&mut |slot| own.push(slot));
        let mut kept = plan.attend.carry.clone();
        let mut keep = |slot: Slot| {
            if !kept.contains(&slot) && !own.contains(&slot) {
                kept.push(slot);
            }
        };
        plan.reads(&mut keep);
        plan.exprs(&mut |e| slots::reads(e, &mut keep));
        let mut inner = Vec::new();
        for e in plan.attend.mask.iter().chain(plan.attend.boosts.iter().map(|(boost, _)| boost)) {
            slots::reads(e, &mut |slot| {
                if !own.contains(&slot) && !inner.contains(&slot) {
                    inner.push(slot);
                }
            });
        }
        let spec = Spec::build(&plan.attend, builder);
        let walk = Walk {
            from: plan.from,
            rels: plan.rels,
            to: plan.to,
            into: plan.into,
            around: Around {
                follow: plan.follow,
                types: plan.types.clone(),
                rel_filter: plan.rel_filter.as_ref().map(|filter| Ex::build(filter, builder)),
                rel: plan.hops.rel,
                node: plan.hops.node,
                inner,
            },
            min: plan.min,
            max: plan.max.unwrap_or(u32::MAX),
            unique_from: plan.unique_from.clone(),
            tests: plan.tests.iter().map(|test| Ex::predicate(test, builder)).collect(),
            beam: plan.hops.beam.as_ref().map(|beam| Ex::build(beam, builder)),
            length_norm: plan.hops.length_norm,
            cuts: plan.cuts,
            numbers: plan.hops.numbers,
        };
        Self {
            input,
            search: Search::new(&spec, &walk, builder.batch()),
            leaving: Leaving { given: vec![Vec::new(); spec.outputs.len()], ..Leaving::default() },
            spec,
            walk,
            kept,
            batch: builder.batch(),
            all: builder.batch(),
            groups: None,
            at: 0,
            current: None,
            held: 0,
        }
    }

    /// Reads the input, and finds the groups.
    fn collect(&mut self, ctx: &mut Context) -> Result<()> {
        self.all.clear();
        self.all.ordinals = None;
        let mut bytes = 0;
        while self.input.next(ctx, &mut self.batch)? {
            ctx.tick(self.batch.len)?;
            bytes += self.batch.bytes();
            ctx.hold(&mut self.held, bytes + (self.all.len + self.batch.len) * 24)?;
            self.all.append(&self.batch, &self.kept);
        }
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut by_start: FxHashMap<u32, u32> = FxHashMap::default();
        let mut by_values: FxHashMap<Vec<Value>, u32> = FxHashMap::default();
        for row in 0..self.all.len {
            ctx.tick(1)?;
            // From nowhere there is no path.
            let Some(start) = self.all.column(self.walk.from).node(row) else { continue };
            let next = groups.len() as u32;
            let group = if self.spec.per.len() == 1 {
                *by_start.entry(start).or_insert(next)
            } else {
                let key: Vec<Value> = self.spec.per.iter().map(|slot| self.all.get(*slot, row)).collect();
                *by_values.entry(key).or_insert(next)
            };
            if group == next {
                groups.push(Vec::new());
            }
            groups[group as usize].push(row as u32);
        }
        for (constant, group) in self.spec.constants.iter().flat_map(|one| groups.iter().map(move |of| (one, of))) {
            check_constant(&self.all, constant, group[0], group.iter().copied())?;
        }
        self.groups = Some(groups);
        (self.at, self.current) = (0, None);
        Ok(())
    }

    /// Finds more rows that leave; false where there are no more.
    fn fill(&mut self, ctx: &mut Context) -> Result<bool> {
        let n_groups = self.groups.as_ref().map_or(0, Vec::len);
        while self.at < n_groups {
            if self.current.is_none() {
                self.begin(ctx)?;
            }
            if self.try_paths(ctx)? {
                self.settle(ctx)?;
            } else {
                (self.at, self.current) = (self.at + 1, None);
            }
            if !self.leaving.rows.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Begins with the next group.
    fn begin(&mut self, ctx: &mut Context) -> Result<()> {
        let Self { spec, walk, all, groups, search, .. } = self;
        let row = groups.as_ref().map_or(0, |groups| groups[self.at][0]) as usize;
        let limit = match &mut spec.limit {
            Some(limit) => limit_of(&limit.value(ctx, all, row)?)?,
            None => usize::MAX,
        };
        let least = number(ctx, &mut spec.min_weight, all, row, "MIN WEIGHT", |_| true, "a number")?;
        let node = all.column(walk.from).node(row).expect("groups are of rows with a start");
        search.begin(ctx, (spec, walk), (all, row), (node, least))?;
        let to_note = if spec.notes { limit } else { 0 };
        self.current = Some(Current { left: if walk.cuts { limit } else { usize::MAX }, n_paths: 0, to_note });
        Ok(())
    }

    /// Tries the next paths with the group's rows; false where the group has no more.
    fn try_paths(&mut self, ctx: &mut Context) -> Result<bool> {
        let Self { spec, walk, all, groups, search, leaving, current, .. } = self;
        let Some(current) = current else { return Ok(false) };
        let rows = groups.as_ref().map_or(&[][..], |groups| &groups[self.at]);
        leaving.clear();
        leaving.group = self.at as i64;
        let mut n_tried = 0;
        while n_tried < current.left && leaving.rows.len() < BATCH_ROWS_MAX {
            let Some(path) = search.next(ctx, (spec, walk), all)? else { break };
            let end = search.paths.get(path).node;
            n_tried += 1;
            ctx.tick(rows.len())?;
            for &row in rows {
                if walk.into && all.column(walk.to).node(row as usize) != Some(end) {
                    continue;
                }
                let mut steps = search.paths.steps_back(path);
                if steps.all(|(_, step)| is_unused(all, &walk.unique_from, row as usize, step.rel)) {
                    leaving.rows.push(row);
                    leaving.paths.push(path);
                    leaving.numbers.push(current.n_paths);
                    leaving.ends.push(end);
                }
            }
            current.n_paths += 1;
        }
        Ok(n_tried > 0)
    }

    /// Drops rows that do not pass the tests, cuts, and fills in what the rest get.
    fn settle(&mut self, ctx: &mut Context) -> Result<()> {
        let Self { spec, walk, all, search, leaving, current, batch, kept, .. } = self;
        let Some(current) = current else { return Ok(()) };
        if !walk.tests.is_empty() && !leaving.rows.is_empty() {
            batch.gather(all, &leaving.rows, kept);
            batch.column_mut(walk.to).refill_nodes().extend_from_slice(&leaving.ends);
            if let Some(rels) = walk.rels {
                let list = |path: &u32| rel_list(&search.paths.rels(*path));
                batch.column_mut(rels).refill_values().extend(leaving.paths.iter().map(list));
            }
            let mut rows: Vec<u32> = (0..batch.len as u32).collect();
            for test in &mut walk.tests {
                test.retain(ctx, batch, &mut rows)?;
            }
            leaving.keep(&rows);
        }
        let mut kept_rows = Vec::with_capacity(leaving.rows.len());
        let mut last = None;
        let mut bytes = 0;
        for at in 0..leaving.rows.len() {
            let path = leaving.paths[at];
            let is_new = last.replace(path) != Some(path);
            if is_new {
                if current.left == 0 {
                    break;
                }
                if walk.cuts {
                    current.left -= 1;
                }
                if current.to_note > 0 {
                    current.to_note -= 1;
                    for (_, step) in search.paths.steps_back(path) {
                        ctx.attended.add(RelId::new(step.rel), step.weight);
                    }
                }
                for ((output, _), given) in spec.outputs.iter().zip(&mut leaving.given) {
                    given.push(match output {
                        AttendOutput::Credit => {
                            let steps = search.paths.steps_back(path);
                            let steps: Vec<_> = steps.map(|(_, step)| (RelId::new(step.rel), step.weight)).collect();
                            credit::of_path(ctx, &steps)
                        }
                        output => search.output(ctx.view(), spec, *output, path)?,
                    });
                    bytes += given.last().map_or(0, value_bytes);
                }
                if walk.rels.is_some() {
                    let list = rel_list(&search.paths.rels(path));
                    bytes += value_bytes(&list);
                    leaving.lists.push(list);
                }
            } else {
                if spec.distinct && walk.cuts {
                    continue;
                }
                for given in leaving.given.iter_mut().chain(std::iter::once(&mut leaving.lists)) {
                    given.extend(given.last().cloned());
                }
            }
            kept_rows.push(at as u32);
        }
        leaving.keep(&kept_rows);
        ctx.hold(&mut leaving.held, bytes + leaving.rows.len() * 20)
    }
}

impl Leaving {
    fn keep(&mut self, places: &[u32]) {
        for (to, from) in places.iter().map(|from| *from as usize).enumerate() {
            self.rows[to] = self.rows[from];
            self.paths[to] = self.paths[from];
            self.numbers[to] = self.numbers[from];
            self.ends[to] = self.ends[from];
        }
        self.rows.truncate(places.len());
        self.paths.truncate(places.len());
        self.numbers.truncate(places.len());
        self.ends.truncate(places.len());
    }
}

fn rel_list(rels: &[u32]) -> Value {
    Value::list(rels.iter().map(|&rel| rel_value(rel)))
}

impl Operator for AttendPaths {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.groups.is_none() {
            self.collect(ctx)?;
        }
        if self.leaving.at >= self.leaving.rows.len() {
            self.leaving.clear();
            if !self.fill(ctx)? {
                self.search.release(ctx);
                ctx.release(&mut self.leaving.held);
                return Ok(false);
            }
        }
        let Self { spec, walk, all, leaving, .. } = self;
        let range = leaving.at..leaving.rows.len().min(leaving.at + BATCH_ROWS_MAX);
        leaving.at = range.end;
        out.gather(all, &leaving.rows[range.clone()], &spec.carry);
        if !walk.into {
            out.column_mut(walk.to).refill_nodes().extend_from_slice(&leaving.ends[range.clone()]);
        }
        if let Some(rels) = walk.rels {
            out.column_mut(rels).refill_values().extend_from_slice(&leaving.lists[range.clone()]);
        }
        for ((_, slot), given) in spec.outputs.iter().zip(&leaving.given) {
            out.column_mut(*slot).refill_values().extend_from_slice(&given[range.clone()]);
        }
        if !walk.cuts {
            let (group, path) = walk.numbers;
            out.column_mut(group).refill_ints().extend(range.clone().map(|_| leaving.group));
            out.column_mut(path).refill_ints().extend_from_slice(&leaving.numbers[range]);
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.leaving.clear();
        (self.groups, self.current) = (None, None);
        self.search.release(ctx);
        ctx.release(&mut self.leaving.held);
        ctx.release(&mut self.held);
    }
}
