//! What statistics prove, so that no test is needed. Each fact used becomes an [`Assumption`] of the plan.

use super::{Planner, pattern::Matching};
use crate::{
    model::{Direction, LabelId},
    query::{
        bind::{Length, PatternRel, Selector},
        plan::{Assumption, Follow, LabelRef, Slot, TypeRef},
    },
};

impl Planner<'_> {
    /// Returns the slots of relationships followed before that can hold the same relationship as this one.
    pub(super) fn may_be_the_same(&mut self, at: usize, matching: &Matching) -> Vec<Slot> {
        let rels = &matching.graph.rels;
        let rel = &rels[at];
        if matching.graph.repeatable || rel.length.is_some_and(|length| length.selector != Selector::All) {
            return Vec::new();
        }
        let mut same = Vec::new();
        for other in matching.followed.iter().map(|other| &rels[*other]) {
            if other.length.is_some_and(|length| length.selector != Selector::All) || !overlap(rel, other) {
                continue;
            }
            if self.only_loops_are_the_same(rel, other) {
                continue;
            }
            same.push(other.slot);
        }
        same
    }

    /// Returns whether both can only be the same relationship if it starts and ends at one node, and there is none such.
    fn only_loops_are_the_same(&mut self, a: &PatternRel, b: &PatternRel) -> bool {
        if self.writes || a.length.is_some() || b.length.is_some() || a.types.is_empty() || b.types.is_empty() {
            return false;
        }
        let ends = |rel: &PatternRel| match rel.follow {
            Follow::Out => Some((rel.left, rel.right)),
            Follow::In => Some((rel.right, rel.left)),
            Follow::Both => None,
        };
        let (Some((a_start, a_end)), Some((b_start, b_end))) = (ends(a), ends(b)) else { return false };
        if a_end != b_start && b_end != a_start {
            return false;
        }
        let shared = || a.types.iter().filter(|rel_type| b.types.contains(rel_type));
        if !shared().all(|rel_type| rel_type.id.is_some_and(|id| self.statistics.n_self_loops(id) == 0)) {
            return false;
        }
        let ids: Vec<_> = shared().filter_map(|rel_type| rel_type.id).collect();
        for id in ids {
            self.assume(Assumption::NoSelfLoops(id));
        }
        true
    }

    /// Drops the labels that every relationship of the types is known to lead to.
    pub(super) fn drop_proven_labels(
        &mut self,
        labels: &mut Vec<LabelRef>,
        types: &[TypeRef],
        follow: Follow,
        length: Option<Length>,
    ) {
        // With no hop, the node is the one it starts from.
        if self.writes || types.is_empty() || length.is_some_and(|length| length.min == 0) {
            return;
        }
        labels.retain(|label| match label.id {
            Some(label) => !self.proves(label, types, follow),
            None => true,
        });
    }

    fn proves(&mut self, label: LabelId, types: &[TypeRef], follow: Follow) -> bool {
        let ends: &[Direction] = match follow {
            Follow::Out => &[Direction::In],
            Follow::In => &[Direction::Out],
            Follow::Both => &[Direction::In, Direction::Out],
        };
        let all = types.iter().all(|rel_type| {
            rel_type.id.is_some_and(|id| {
                let n = self.statistics.n_type(id);
                ends.iter().all(|end| self.statistics.n_type_ends(id, *end, label) == n)
            })
        });
        if all {
            for rel_type in types.iter().filter_map(|rel_type| rel_type.id) {
                for end in ends {
                    self.assume(Assumption::AllEnds { rel_type, end: *end, label });
                }
            }
        }
        all
    }

    fn assume(&mut self, assumption: Assumption) {
        if !self.assumptions.contains(&assumption) {
            self.assumptions.push(assumption);
        }
    }
}

/// Returns whether a relationship could satisfy the types of both.
fn overlap(a: &PatternRel, b: &PatternRel) -> bool {
    a.types.is_empty() || b.types.is_empty() || a.types.iter().any(|rel_type| b.types.contains(rel_type))
}
