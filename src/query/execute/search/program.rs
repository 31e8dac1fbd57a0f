//! A path pattern in the order in which it is searched, with each test where all that it reads has been found.

use crate::{
    Result,
    model::TypeId,
    query::{
        execute::{Builder, Context, batch::Batch, eval::Ex, expand::type_ids},
        plan::{Expr, Follow, Slot, TypeRef},
        search::{Part, PathSearch, SearchPattern},
        slots,
    },
};

/// An edge of the pattern: a step of a part, or the joint behind a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Step(u16, u16),
    Joint(u16),
}

/// What of an edge a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Before,
    Rel,
    After,
}

/// A test that reads what several edges find.
pub(super) struct Late {
    pub(super) ex: Ex,
    pub(super) reads: Vec<(Slot, At, What)>,
}

/// A step.
pub(super) struct Step {
    pub(super) follow: Follow,
    types: Vec<TypeRef>,
    pub(super) type_ids: Vec<TypeId>,
    rel: Slot,
    before: Option<Slot>,
    after: Option<Slot>,
    /// Tests of this step alone.
    pub(super) alone: Vec<Ex>,
    /// Tests for which this is the last edge that they read.
    pub(super) late: Vec<Late>,
    /// Tests for which it is the first.
    pub(super) early: Vec<Late>,
}

/// A joint.
pub(super) struct Joint {
    node: Slot,
    pub(super) alone: Vec<Ex>,
    pub(super) late: Vec<Late>,
    pub(super) early: Vec<Late>,
}

/// A part.
pub(super) struct Run {
    pub(super) steps: Vec<Step>,
    pub(super) min: u32,
    /// `u32::MAX` where there is no bound.
    pub(super) max: u32,
    /// Its place in the pattern.
    pub(super) part: usize,
}

/// The pattern in search order.
pub(super) struct Program {
    pub(super) runs: Vec<Run>,
    pub(super) joints: Vec<Joint>,
    /// Tests that read the end where it is found by the search, or nothing of the pattern.
    pub(super) end: Vec<Late>,
    /// Slots of the input row that tests read.
    pub(super) outer: Vec<Slot>,
    /// A test of a repetition reads what stands before it: walking backwards, it waits for the whole path.
    pub(super) reads_outside: bool,
}

impl Program {
    pub(super) fn build(spec: &PathSearch, builder: &mut Builder) -> Self {
        let pattern = &spec.pattern;
        let n = pattern.parts.len();
        let order: Vec<usize> = if spec.reversed { (0..n).rev().collect() } else { (0..n).collect() };
        let runs = order.iter().map(|&part| run(&pattern.parts[part], part, spec.reversed)).collect();
        let joint = |node: &Slot| Joint { node: *node, alone: Vec::new(), late: Vec::new(), early: Vec::new() };
        let mut joints: Vec<Joint> = pattern.joints.iter().map(joint).collect();
        if spec.reversed {
            joints.reverse();
        }
        let mut outer = vec![spec.from];
        if spec.into {
            outer.push(spec.to);
        }
        pattern.reads(&mut |slot| outer.push(slot));
        outer.sort_unstable();
        outer.dedup();
        if !spec.into {
            outer.retain(|slot| *slot != spec.to);
        }
        let mut program = Self { runs, joints, end: Vec::new(), outer, reads_outside: false };
        program.place_all(pattern, spec, builder);
        program
    }

    fn place_all(&mut self, pattern: &SearchPattern, spec: &PathSearch, builder: &mut Builder) {
        for at in 0..self.runs.len() {
            let part = &pattern.parts[self.runs[at].part];
            for test in &part.tests {
                self.place(test, Some(at), None, builder);
            }
        }
        let end = (!spec.into).then_some(spec.to);
        for test in &pattern.tests {
            self.place(test, None, end, builder);
        }
    }

    /// Puts a test where it belongs; `home` is the part that it is about.
    fn place(&mut self, test: &Expr, home: Option<usize>, end: Option<Slot>, builder: &mut Builder) {
        let mut reads: Vec<(Slot, At, What)> = Vec::new();
        let mut reads_end = false;
        slots::reads(test, &mut |slot| {
            reads_end |= end == Some(slot);
            if let Some((at, what)) = self.find(slot)
                && !reads.iter().any(|(known, ..)| *known == slot)
            {
                reads.push((slot, at, what));
            }
        });
        let rank = |at: At| match at {
            At::Step(run, step) => (run, 0, step),
            At::Joint(run) => (run, 1, 0),
        };
        let home = home.map(|run| At::Step(u16::try_from(run).expect("patterns are short"), 0));
        let places = || reads.iter().map(|(_, at, _)| *at);
        let last = places().max_by_key(|at| rank(*at)).or(home);
        let first = places().chain(home).filter(|at| home.is_none_or(|home| rank(*at).0 == rank(home).0));
        let first = first.min_by_key(|at| rank(*at));
        let Some((last, first)) = last.zip(first).filter(|_| !reads_end) else {
            self.end.push(Late { ex: Ex::build(test, builder), reads });
            return;
        };
        let ex = Ex::build(test, builder);
        match last {
            At::Step(run, step) => {
                let steps = &mut self.runs[run as usize].steps;
                let alone = &steps[step as usize];
                let held = [Some(alone.rel), alone.before, alone.after];
                if reads.iter().all(|(slot, ..)| held.contains(&Some(*slot))) {
                    steps[step as usize].alone.push(ex);
                    return;
                }
                steps[step as usize].late.push(Late { ex, reads: reads.clone() });
            }
            At::Joint(run) => {
                let joint = &mut self.joints[run as usize];
                if reads.iter().all(|(slot, ..)| *slot == joint.node) {
                    joint.alone.push(ex);
                    return;
                }
                joint.late.push(Late { ex, reads: reads.clone() });
            }
        }
        let is_inside = |at: At| home.is_none_or(|home| rank(at).0 == rank(home).0);
        let early = Late { ex: Ex::build(test, builder), reads: reads.clone() };
        if reads.iter().all(|(_, at, _)| is_inside(*at)) {
            match first {
                At::Step(run, step) => self.runs[run as usize].steps[step as usize].early.push(early),
                At::Joint(run) => self.joints[run as usize].early.push(early),
            }
        } else {
            self.reads_outside = true;
        }
    }

    /// Returns which edge finds a slot.
    fn find(&self, slot: Slot) -> Option<(At, What)> {
        let number = |n: usize| u16::try_from(n).expect("patterns are short");
        for (r, run) in self.runs.iter().enumerate() {
            for (s, step) in run.steps.iter().enumerate() {
                let at = At::Step(number(r), number(s));
                if step.rel == slot {
                    return Some((at, What::Rel));
                }
                if step.before == Some(slot) && s == 0 {
                    return Some((at, What::Before));
                }
                if step.after == Some(slot) {
                    return Some((at, What::After));
                }
            }
        }
        let joint = self.joints.iter().position(|joint| joint.node == slot)?;
        Some((At::Joint(number(joint)), What::After))
    }

    /// Looks the types up: a statement may make them.
    pub(super) fn find_types(&mut self, ctx: &Context) {
        for step in self.runs.iter_mut().flat_map(|run| &mut run.steps) {
            step.type_ids = type_ids(ctx.view(), &step.types);
        }
    }
}

fn run(part: &Part, at: usize, reversed: bool) -> Run {
    let n = part.steps.len();
    let order: Vec<usize> = if reversed { (0..n).rev().collect() } else { (0..n).collect() };
    let steps = order.into_iter().map(|at| {
        let step = &part.steps[at];
        let (left, right) = (part.nodes.get(at).copied(), part.nodes.get(at + 1).copied());
        let (before, after) = if reversed { (right, left) } else { (left, right) };
        let follow = if reversed { step.follow.reversed() } else { step.follow };
        Step {
            follow,
            types: step.types.clone(),
            type_ids: Vec::new(),
            rel: step.rel,
            before,
            after,
            alone: Vec::new(),
            late: Vec::new(),
            early: Vec::new(),
        }
    });
    let (min, max) = part.repeat.unwrap_or((1, Some(1)));
    Run { steps: steps.collect(), min, max: max.unwrap_or(u32::MAX), part: at }
}

impl Step {
    /// Returns whether the tests of this step alone hold.
    pub(super) fn holds(
        &mut self,
        ctx: &mut Context,
        scratch: &mut Batch,
        before: u32,
        rel: u32,
        after: u32,
    ) -> Result<bool> {
        if self.alone.is_empty() {
            return Ok(true);
        }
        for (slot, node) in [(self.before, before), (self.after, after)] {
            if let Some(slot) = slot {
                scratch.column_mut(slot).refill_nodes().push(node);
            }
        }
        scratch.column_mut(self.rel).refill_rels().push(rel);
        all(&mut self.alone, ctx, scratch)
    }
}

impl Joint {
    /// Returns whether the tests of this node alone hold.
    pub(super) fn holds(&mut self, ctx: &mut Context, scratch: &mut Batch, node: u32) -> Result<bool> {
        if self.alone.is_empty() {
            return Ok(true);
        }
        scratch.column_mut(self.node).refill_nodes().push(node);
        all(&mut self.alone, ctx, scratch)
    }
}

/// Returns whether all tests hold of the only row.
pub(super) fn all(tests: &mut [Ex], ctx: &mut Context, scratch: &Batch) -> Result<bool> {
    for test in tests {
        if test.truth(ctx, scratch, 0)? != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}
