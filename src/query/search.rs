//! Path patterns that are searched as a whole: repetitions of several relationships, selectors over several parts, path modes.
//!
//! A pattern is a chain of *parts* between *joints* (the nodes between them). A part is one relationship, or a repetition of one
//! or more. Everything a pattern finds has a slot: joints and single relationships keep theirs in the row that leaves; the nodes and
//! relationships inside a repetition have theirs only while that repetition is tested, and are lists outside, which are made of
//! the part's list of relationships.

use super::{
    plan::{Expr, Follow, Op, Slot, TypeRef},
    slots,
};
use crate::model::Value;

/// See [`Op::PathSearch`].
#[derive(Debug, Clone)]
pub(crate) struct PathSearch {
    pub(crate) input: Op,
    pub(crate) from: Slot,
    pub(crate) to: Slot,
    /// `to` is bound already.
    pub(crate) into: bool,
    /// It is searched from the pattern's right end.
    pub(crate) reversed: bool,
    pub(crate) pattern: SearchPattern,
    /// As [`super::plan::Expand::unique_from`].
    pub(crate) unique_from: Vec<Slot>,
    /// The slots of the pattern that are read above.
    pub(crate) outputs: Vec<Slot>,
    pub(crate) carry: Vec<Slot>,
}

/// A path pattern between two nodes, from left to right.
#[derive(Debug, Clone)]
pub(crate) struct SearchPattern {
    /// Where the list of all its relationships goes; that of the part, where a repetition is all.
    pub(crate) rels: Slot,
    pub(crate) parts: Vec<Part>,
    /// The nodes between the parts.
    pub(crate) joints: Vec<Slot>,
    /// What must hold of joints, single relationships and the ends.
    pub(crate) tests: Vec<Expr>,
    /// Lists and paths that `conditions` read, in the order in which they are made.
    pub(crate) derived: Vec<(Slot, Expr)>,
    /// What must hold of a whole path, before any is selected.
    pub(crate) conditions: Vec<Expr>,
    pub(crate) mode: PathMode,
    /// `REPEATABLE ELEMENTS`: where the mode does not forbid it, a relationship may occur more than once.
    pub(crate) repeats: bool,
    pub(crate) select: Option<Select>,
}

/// A relationship, or a repetition.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The relationship, or the list of those of all repetitions.
    pub(crate) slot: Slot,
    pub(crate) steps: Vec<PathStep>,
    /// The nodes of one repetition, one more than steps; none where nothing is repeated.
    pub(crate) nodes: Vec<Slot>,
    /// How often, where it is a repetition.
    pub(crate) repeat: Option<(u32, Option<u32>)>,
    /// What must hold of each repetition.
    pub(crate) tests: Vec<Expr>,
}

/// One relationship of a part.
#[derive(Debug, Clone)]
pub(crate) struct PathStep {
    pub(crate) rel: Slot,
    pub(crate) follow: Follow,
    pub(crate) types: Vec<TypeRef>,
}

/// What may occur twice in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathMode {
    /// Everything.
    Walk,
    /// Nodes.
    Trail,
    /// Nothing.
    Acyclic,
    /// Nothing, but the last node may be the first.
    Simple,
}

/// Which of the paths between two nodes are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) count: Expr,
    /// Where the count is written, for messages.
    pub(crate) span: crate::Span,
    /// `count` is the number of lengths, of which all paths are wanted.
    pub(crate) groups: bool,
}

impl SearchPattern {
    /// Returns the one relationship that is repeated, and whether all of the shortest paths are wanted, where nothing else is
    /// asked of them: then it does not matter how a shortest path between two different nodes is found, nor in which mode.
    pub(crate) fn only_shortest(&self) -> Option<(&PathStep, bool)> {
        let [Part { steps, repeat: Some((0 | 1, _)), tests, .. }] = &self.parts[..] else { return None };
        let ([step], Some(select)) = (&steps[..], &self.select) else { return None };
        let is_one = matches!(select.count, Expr::Const(Value::Int(1)));
        let is_free = tests.is_empty() && self.tests.is_empty() && self.conditions.is_empty();
        (is_one && is_free).then_some((step, select.groups))
    }

    /// Calls `visit` for each slot that a row gets.
    pub(crate) fn sets(&self, visit: &mut dyn FnMut(Slot)) {
        visit(self.rels);
        self.joints.iter().copied().for_each(&mut *visit);
        self.parts.iter().map(|part| part.slot).for_each(visit);
    }

    /// Returns whether the slot has a value only while the pattern is searched, or is found by it.
    pub(crate) fn is_own(&self, slot: Slot) -> bool {
        self.rels == slot
            || self.joints.contains(&slot)
            || self.derived.iter().any(|(derived, _)| *derived == slot)
            || self.parts.iter().any(|part| {
                part.slot == slot || part.nodes.contains(&slot) || part.steps.iter().any(|step| step.rel == slot)
            })
    }

    /// Returns whether the slot has a value once a whole path is found.
    pub(crate) fn is_of_whole(&self, slot: Slot) -> bool {
        self.rels == slot
            || self.derived.iter().any(|(derived, _)| *derived == slot)
            || self.parts.iter().any(|part| part.repeat.is_some() && part.slot == slot)
    }

    /// Calls `visit` for every expression.
    pub(crate) fn exprs<'o>(&'o self, visit: &mut dyn FnMut(&'o Expr)) {
        self.parts.iter().flat_map(|part| &part.tests).for_each(&mut *visit);
        self.tests.iter().for_each(&mut *visit);
        self.derived.iter().for_each(|(_, e)| visit(e));
        self.conditions.iter().for_each(&mut *visit);
        self.select.iter().for_each(|select| visit(&select.count));
    }

    /// Calls `visit` for every expression, for changing.
    pub(crate) fn exprs_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        self.parts.iter_mut().flat_map(|part| &mut part.tests).for_each(&mut *visit);
        self.tests.iter_mut().for_each(&mut *visit);
        self.derived.iter_mut().for_each(|(_, e)| visit(e));
        self.conditions.iter_mut().for_each(&mut *visit);
        self.select.iter_mut().for_each(|select| visit(&mut select.count));
    }

    /// Calls `visit` for every slot that its expressions read from the row it starts with.
    pub(crate) fn reads(&self, visit: &mut dyn FnMut(Slot)) {
        self.exprs(&mut |e| {
            slots::reads(e, &mut |slot| {
                if !self.is_own(slot) {
                    visit(slot);
                }
            });
        });
    }

    /// Returns the fewest relationships, and the most where there is a bound.
    pub(crate) fn length(&self) -> (u32, Option<u32>) {
        self.parts.iter().fold((0, Some(0)), |(min, max), part| {
            let n = u32::try_from(part.steps.len()).unwrap_or(u32::MAX);
            let (least, most) = part.repeat.unwrap_or((1, Some(1)));
            let most = most.map(|most| most.saturating_mul(n));
            (min.saturating_add(least.saturating_mul(n)), max.zip(most).map(|(a, b)| a.saturating_add(b)))
        })
    }

    /// Returns the slot of a test of a repetition that is found only after the repetition, in the order of the search.
    pub(crate) fn reads_ahead(&self, reversed: bool, to: Option<Slot>) -> Option<Slot> {
        let mut early = None;
        for (at, part) in self.parts.iter().enumerate() {
            // Joint `i` stands behind part `i`.
            let is_later = |slot: Slot| {
                let joints = if reversed { &self.joints[..at] } else { &self.joints[at.min(self.joints.len())..] };
                let parts = if reversed { &self.parts[..at] } else { &self.parts[at + 1..] };
                joints.contains(&slot) || parts.iter().any(|other| other.slot == slot) || to == Some(slot)
            };
            for test in &part.tests {
                slots::reads(test, &mut |slot| {
                    if is_later(slot) || self.is_of_whole(slot) {
                        early = Some(slot);
                    }
                });
            }
        }
        early
    }

    /// Returns whether a test reads more than one step finds: then a walk that goes on for ever might never be found out.
    pub(crate) fn has_wide_tests(&self) -> bool {
        if !self.conditions.is_empty() {
            return true;
        }
        let n_read = |test: &Expr| {
            let mut read: Vec<Slot> = Vec::new();
            slots::reads(test, &mut |slot| {
                if self.is_own(slot) && !read.contains(&slot) {
                    read.push(slot);
                }
            });
            read
        };
        let wide_part = |part: &Part| {
            part.tests.iter().any(|test| {
                let read = n_read(test);
                !(0..part.steps.len()).any(|at| {
                    read.iter().all(|slot| {
                        part.steps[at].rel == *slot
                            || part.nodes.get(at) == Some(slot)
                            || part.nodes.get(at + 1) == Some(slot)
                    })
                })
            })
        };
        self.tests.iter().any(|test| n_read(test).len() > 1) || self.parts.iter().any(wide_part)
    }
}
