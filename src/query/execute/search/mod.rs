//! Searching path patterns as a whole: [`program`] is the pattern in search order, [`product`] the graph of its states, [`walk`]
//! a depth-first walk over it, [`select`] the choice of the shortest paths to each end, and [`toward`] what leads to a known end.
//!
//! Where all paths are wanted, they are walked forwards, and rows leave as they are found. Where some are to be selected, the states
//! that can be reached are found length by length, and the paths of that length are walked backwards from the ends: every step back
//! leads to a state from which the start is reached in just as many relationships as are left, so that little is tried in vain.

mod product;
mod program;
mod select;
mod toward;
mod walk;

use self::{
    product::{Given, Product, State},
    program::{At, Program},
    select::Selection,
    walk::{Gone, Walk, hold},
};
use super::{
    Builder, Context, Operator,
    batch::{BATCH_ROWS_MAX, Batch, rel_value, value_bytes},
    build,
    eval::Ex,
    shortest::ShortestPath,
};
use crate::{
    Result,
    model::Value,
    query::{plan::Slot, search},
};

/// Relationships in all lists of a batch, as for trails of one relationship repeated.
const LISTED_MAX: usize = 1 << 16;

/// See [`crate::query::plan::Op::PathSearch`].
pub(super) struct PathSearch {
    input: Box<dyn Operator>,
    from: Slot,
    to: Slot,
    into: bool,
    unique_from: Vec<Slot>,
    carry: Vec<Slot>,
    batch: Batch,
    row: usize,
    is_active: bool,
    matcher: Matcher,
    selection: Option<Selection>,
    /// Where nothing is asked of a path but to be shortest, both ends are searched from until they meet.
    meeting: Option<Box<ShortestPath>>,
    held: u64,
}

/// What searches the paths of one input row, and takes them down.
struct Matcher {
    program: Program,
    product: Product,
    walk: Walk,
    /// The input row, and what the pattern has found.
    scratch: Batch,
    conditions: Vec<Ex>,
    derived: Vec<(Slot, Ex)>,
    /// What the row gets, and what conditions read.
    finds: Vec<(Slot, Find)>,
    to: Slot,
    reversed: bool,
    start: u32,
    path: Vec<Gone>,
    rows: Vec<u32>,
    ends: Vec<u32>,
    columns: Vec<(Slot, Find, Found)>,
    /// How many rows have left.
    n_left: usize,
    n_listed: usize,
    found_bytes: usize,
}

/// What a slot holds of a path.
#[derive(Debug, Clone, Copy)]
enum Find {
    /// All relationships.
    All,
    /// The relationship of a part, by its place in the search.
    One(u16),
    /// The relationships of a part.
    Run(u16),
    /// The node of a joint.
    Joint(u16),
}

/// The values of a column.
enum Found {
    Nodes(Vec<u32>),
    Rels(Vec<u32>),
    Lists(Vec<Value>),
}

impl PathSearch {
    pub(super) fn build(spec: &search::PathSearch, builder: &mut Builder) -> Self {
        Self {
            input: build(&spec.input, builder),
            from: spec.from,
            to: spec.to,
            into: spec.into,
            unique_from: spec.unique_from.clone(),
            carry: spec.carry.clone(),
            batch: builder.batch(),
            row: 0,
            is_active: false,
            matcher: Matcher::build(spec, builder),
            selection: spec.pattern.select.as_ref().map(|select| Selection::build(select, spec.pattern.mode, builder)),
            meeting: spec
                .pattern
                .only_shortest()
                .filter(|_| spec.into && spec.unique_from.is_empty())
                .map(|(step, all)| Box::new(ShortestPath::alone(step, spec.pattern.length().1, all, builder))),
            held: 0,
        }
    }

    /// Searches on until a batch is full or the input rows are used up.
    fn fill(&mut self, ctx: &mut Context) -> Result<()> {
        while self.matcher.rows.len() < BATCH_ROWS_MAX && self.matcher.n_listed < LISTED_MAX {
            if !self.is_active {
                if self.row >= self.batch.len {
                    return Ok(());
                }
                let node = self.batch.column(self.from).node(self.row);
                let target = self.into.then(|| self.batch.column(self.to).node(self.row));
                let (Some(node), Some(_)) = (node, target.unwrap_or(node)) else {
                    self.row += 1;
                    continue;
                };
                if let (Some(meeting), Some(Some(target))) = (&mut self.meeting, target)
                    && node != target
                {
                    let (from, to) = if self.matcher.reversed { (target, node) } else { (node, target) };
                    for list in meeting.between(ctx, from, to)? {
                        self.matcher.push_met(self.row, target, list);
                    }
                    ctx.hold(&mut self.held, self.matcher.bytes())?;
                    self.row += 1;
                    continue;
                }
                self.matcher.begin(node, self.selection.is_some(), &self.batch, self.row);
                if let Some(selection) = &mut self.selection {
                    selection.begin(ctx, &self.matcher.program, &self.batch, self.row, target.flatten())?;
                }
                self.is_active = true;
            }
            let given = Given { batch: &self.batch, row: self.row, unique_from: &self.unique_from };
            let goes_on = match &mut self.selection {
                Some(selection) => selection.next_length(ctx, &mut self.matcher, &given, &mut self.held)?,
                None => {
                    let target = if self.into { self.batch.column(self.to).node(self.row) } else { None };
                    self.matcher.go(ctx, &given, target, &mut self.held)?
                }
            };
            if !goes_on {
                self.is_active = false;
                self.row += 1;
            }
        }
        Ok(())
    }
}

impl Matcher {
    fn build(spec: &search::PathSearch, builder: &mut Builder) -> Self {
        let pattern = &spec.pattern;
        let n = pattern.parts.len();
        let place = |at: usize, n: usize| {
            u16::try_from(if spec.reversed { n - 1 - at } else { at }).expect("patterns are short")
        };
        let mut finds = vec![(pattern.rels, Find::All)];
        for (at, joint) in pattern.joints.iter().enumerate() {
            finds.push((*joint, Find::Joint(place(at, n - 1))));
        }
        for (at, part) in pattern.parts.iter().enumerate().filter(|(_, part)| part.slot != pattern.rels) {
            let run = place(at, n);
            finds.push((part.slot, if part.repeat.is_some() { Find::Run(run) } else { Find::One(run) }));
        }
        let columns = finds.iter().filter(|(slot, _)| spec.outputs.contains(slot)).map(|&(slot, find)| {
            let found = match find {
                Find::All | Find::Run(_) => Found::Lists(Vec::new()),
                Find::One(_) => Found::Rels(Vec::new()),
                Find::Joint(_) => Found::Nodes(Vec::new()),
            };
            (slot, find, found)
        });
        let columns = columns.collect();
        Self {
            program: Program::build(spec, builder),
            product: Product::default(),
            walk: Walk::new(pattern.mode, pattern.repeats),
            scratch: builder.batch(),
            conditions: Ex::build_all(&pattern.conditions, builder),
            derived: pattern.derived.iter().map(|(slot, e)| (*slot, Ex::build(e, builder))).collect(),
            finds,
            to: spec.to,
            reversed: spec.reversed,
            start: 0,
            path: Vec::new(),
            rows: Vec::new(),
            ends: Vec::new(),
            columns,
            n_left: 0,
            n_listed: 0,
            found_bytes: 0,
        }
    }

    /// Begins a search from a node.
    fn begin(&mut self, node: u32, both_ways: bool, batch: &Batch, row: usize) {
        let row = u32::try_from(row).expect("batches are short");
        self.scratch.gather(batch, &[row], &self.program.outer);
        self.product.clear(both_ways);
        self.start = self.product.id(State { node, run: 0, step: 0, count: 0 });
        self.walk.start(self.start, &self.product);
    }

    /// Takes a step of a walk forwards; false where it is over.
    fn go(&mut self, ctx: &mut Context, given: &Given<'_>, target: Option<u32>, held: &mut u64) -> Result<bool> {
        if let Some(state) = self.walk.arrived()
            && self.product.accepts(state, &self.program)
            && target.is_none_or(|target| self.product.state(state).node == target)
        {
            self.path.clone_from(&self.walk.trail);
            self.take(ctx, given.row, false)?;
        }
        let Some(state) = self.walk.state() else { return Ok(false) };
        self.expand(ctx, given, state)?;
        ctx.hold(held, self.bytes())?;
        self.walk.go(ctx, &self.product, &mut self.program, &mut self.scratch, None)
    }

    fn expand(&mut self, ctx: &mut Context, given: &Given<'_>, state: u32) -> Result<()> {
        self.product.expand(ctx, &mut self.program, &mut self.scratch, given, state)
    }

    fn bytes(&self) -> usize {
        self.product.bytes() + self.walk.bytes() + self.found_bytes
    }

    /// Takes `path` down, if what is tested last holds; returns whether it does.
    fn take(&mut self, ctx: &mut Context, row: usize, backwards: bool) -> Result<bool> {
        let end = self.path.last().map_or_else(|| self.product.state(self.start).node, |gone| gone.after);
        if backwards && self.program.reads_outside {
            for at in 0..self.path.len() {
                let tests = match self.path[at].at {
                    At::Step(run, step) => &mut self.program.runs[run as usize].steps[step as usize].late,
                    At::Joint(run) => &mut self.program.joints[run as usize].late,
                };
                if !hold(tests, &self.path[..=at], ctx, &mut self.scratch)? {
                    return Ok(false);
                }
            }
        }
        if !self.program.end.is_empty() || !self.conditions.is_empty() {
            self.scratch.column_mut(self.to).refill_nodes().push(end);
        }
        if !hold(&mut self.program.end, &self.path, ctx, &mut self.scratch)? {
            return Ok(false);
        }
        if !self.conditions.is_empty() && !self.whole(ctx)? {
            return Ok(false);
        }
        self.rows.push(u32::try_from(row).expect("batches are short"));
        self.ends.push(end);
        for (_, find, found) in &mut self.columns {
            match (found, path_part(&self.path, *find, self.reversed)) {
                (Found::Nodes(ids) | Found::Rels(ids), Part::One(id)) => ids.push(id),
                (Found::Lists(lists), Part::Many(rels)) => {
                    self.n_listed += rels.len();
                    let list = rel_list(&rels);
                    self.found_bytes += value_bytes(&list);
                    lists.push(list);
                }
                _ => unreachable!("a column is made for what it gets"),
            }
        }
        self.n_listed += 1;
        Ok(true)
    }

    /// Takes down a path that is one repetition, found otherwise.
    fn push_met(&mut self, row: usize, end: u32, rels: Value) {
        self.rows.push(u32::try_from(row).expect("batches are short"));
        self.ends.push(end);
        if let Value::List(rels) = &rels {
            self.n_listed += rels.len() + 1;
        }
        self.found_bytes += value_bytes(&rels);
        for (_, _, found) in &mut self.columns {
            if let Found::Lists(lists) = found {
                lists.push(rels.clone());
            }
        }
    }

    /// Returns whether the conditions on the whole path hold.
    fn whole(&mut self, ctx: &mut Context) -> Result<bool> {
        for (slot, find) in &self.finds {
            let column = self.scratch.column_mut(*slot);
            match (find, path_part(&self.path, *find, self.reversed)) {
                (Find::Joint(_), Part::One(id)) => column.refill_nodes().push(id),
                (_, Part::One(id)) => column.refill_rels().push(id),
                (_, Part::Many(rels)) => column.refill_values().push(rel_list(&rels)),
            }
        }
        for (slot, e) in &mut self.derived {
            let value = e.value(ctx, &self.scratch, 0)?;
            self.scratch.column_mut(*slot).fill(&value, 1);
        }
        program::all(&mut self.conditions, ctx, &self.scratch)
    }

    fn clear_found(&mut self) {
        self.rows.clear();
        self.ends.clear();
        (self.n_left, self.n_listed, self.found_bytes) = (0, 0, 0);
        for (_, _, found) in &mut self.columns {
            match found {
                Found::Nodes(ids) | Found::Rels(ids) => ids.clear(),
                Found::Lists(lists) => lists.clear(),
            }
        }
    }
}

/// What a path has for a slot.
enum Part {
    One(u32),
    Many(Vec<u32>),
}

/// Returns what a path has for a slot.
fn path_part(path: &[Gone], find: Find, reversed: bool) -> Part {
    let is_of = |at: At, run: u16| matches!(at, At::Step(of, _) if of == run);
    let mut rels: Vec<u32> = match find {
        Find::Joint(joint) => {
            let gone = path.iter().find(|gone| gone.at == At::Joint(joint)).expect("a path goes through every joint");
            return Part::One(gone.after);
        }
        Find::One(run) => {
            let gone = path.iter().find(|gone| is_of(gone.at, run)).expect("a path goes through every part");
            return Part::One(gone.rel);
        }
        Find::All => path.iter().filter(|gone| matches!(gone.at, At::Step(..))).map(|gone| gone.rel).collect(),
        Find::Run(run) => path.iter().filter(|gone| is_of(gone.at, run)).map(|gone| gone.rel).collect(),
    };
    if reversed {
        rels.reverse();
    }
    Part::Many(rels)
}

fn rel_list(rels: &[u32]) -> Value {
    Value::list(rels.iter().map(|&rel| rel_value(rel)))
}

impl Operator for PathSearch {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        while self.matcher.n_left >= self.matcher.rows.len() {
            self.matcher.clear_found();
            if self.row >= self.batch.len {
                self.row = 0;
                if !self.input.next(ctx, &mut self.batch)? {
                    self.batch.len = 0;
                    ctx.release(&mut self.held);
                    return Ok(false);
                }
                self.matcher.program.find_types(ctx);
            }
            self.fill(ctx)?;
        }
        let matcher = &mut self.matcher;
        let leaving = matcher.n_left..matcher.rows.len().min(matcher.n_left + BATCH_ROWS_MAX);
        matcher.n_left = leaving.end;
        out.gather(&self.batch, &matcher.rows[leaving.clone()], &self.carry);
        if !self.into {
            out.column_mut(self.to).refill_nodes().extend_from_slice(&matcher.ends[leaving.clone()]);
        }
        for (slot, _, found) in &matcher.columns {
            let column = out.column_mut(*slot);
            match found {
                Found::Nodes(ids) => column.refill_nodes().extend_from_slice(&ids[leaving.clone()]),
                Found::Rels(ids) => column.refill_rels().extend_from_slice(&ids[leaving.clone()]),
                Found::Lists(lists) => column.refill_values().extend_from_slice(&lists[leaving.clone()]),
            }
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.matcher.clear_found();
        self.matcher.walk.clear();
        self.is_active = false;
        (self.batch.len, self.row) = (0, 0);
        ctx.release(&mut self.held);
    }
}
