//! Path patterns that are searched as a whole.

use super::{Planner, pattern::Matching, unsupported};
use crate::{
    Result,
    query::{
        plan::{Op, Slot},
        search::{PathMode, PathSearch},
        slots,
    },
};

impl Planner<'_> {
    /// Searches a pattern from one of its nodes.
    pub(super) fn search(
        &mut self,
        at: usize,
        from_left: bool,
        unique_from: Vec<Slot>,
        matching: &mut Matching,
    ) -> Result<()> {
        let rel = &mut matching.graph.rels[at];
        let (from_at, to_at) = if from_left { (rel.left, rel.right) } else { (rel.right, rel.left) };
        let pattern = *rel.search.take().expect("the caller looked");
        let (from, to) = (matching.graph.nodes[from_at].slot, matching.graph.nodes[to_at].slot);
        let into = !matching.unbound[to.index()];
        let mut early = pattern.reads_ahead(!from_left, (!into).then_some(to));
        pattern.exprs(&mut |e| {
            slots::reads(e, &mut |slot| {
                let is_unbound = matching.unbound.get(slot.index()) == Some(&true);
                if is_unbound && slot != to && !pattern.is_own(slot) {
                    early = Some(slot);
                }
            });
        });
        if let Some(early) = early {
            let name = &self.slots[early.index()].name;
            return Err(unsupported(format!(
                "a condition in a repeated pattern reads `{}`, which is found only after it: test it in WHERE",
                name.trim()
            )));
        }
        if pattern.mode == PathMode::Walk && pattern.length().1.is_none() && pattern.has_wide_tests() {
            return Err(unsupported(
                "a walk without an upper bound whose conditions read more than one relationship and its nodes: \
                 give its quantifiers upper bounds",
            ));
        }
        let labels = if into { Vec::new() } else { std::mem::take(&mut matching.graph.nodes[to_at].labels) };
        matching.searched(at, &pattern, to);
        let input = std::mem::replace(&mut matching.op, Op::Nothing);
        matching.op = Op::PathSearch(Box::new(PathSearch {
            input,
            from,
            to,
            into,
            reversed: !from_left,
            pattern,
            unique_from,
            outputs: Vec::new(),
            carry: Vec::new(),
        }));
        matching.test_labels(to, labels);
        Ok(())
    }
}
