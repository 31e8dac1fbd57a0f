//! Liveness: which slots each operator must hand on, from the result's columns downwards.
//!
//! What nobody reads is not made either: a relationship's slot, a path, a plain property.

use crate::query::{
    plan::{ApplyKind, Expr, Op, Plan, Slot, SubqueryKind},
    slots,
};

/// Fills every operator's `carry`.
pub(super) fn apply(plan: &mut Plan) {
    let needed: SlotSet = plan.columns.iter().map(|(_, slot)| *slot).collect();
    fill(&mut plan.root, needed);
}

/// A set of slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct SlotSet {
    /// The slots below 64: nearly always all there are.
    first: u64,
    /// 64 more a word.
    more: Vec<u64>,
}

impl SlotSet {
    fn insert(&mut self, slot: Slot) {
        let (word, bit) = (slot.index() / 64, slot.index() % 64);
        if word > self.more.len() {
            self.more.resize(word, 0);
        }
        *self.word_mut(word).expect("there are words enough now") |= 1 << bit;
    }

    fn remove(&mut self, slot: Slot) {
        if let Some(word) = self.word_mut(slot.index() / 64) {
            *word &= !(1 << (slot.index() % 64));
        }
    }

    fn contains(&self, slot: Slot) -> bool {
        let mut words = self.words();
        words.nth(slot.index() / 64).is_some_and(|word| word >> (slot.index() % 64) & 1 == 1)
    }

    fn list(&self) -> Vec<Slot> {
        let mut list = Vec::with_capacity(self.words().map(|word| word.count_ones() as usize).sum());
        for (i, mut left) in self.words().enumerate() {
            while left != 0 {
                let slot = i * 64 + left.trailing_zeros() as usize;
                list.push(Slot(u16::try_from(slot).expect("slots are 16 bits")));
                left &= left - 1;
            }
        }
        list
    }

    fn only(&self, other: &Self) -> Self {
        let more = self.more.iter().zip(&other.more).map(|(a, b)| a & b).collect();
        Self { first: self.first & other.first, more }
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    fn word_mut(&mut self, index: usize) -> Option<&mut u64> {
        match index {
            0 => Some(&mut self.first),
            _ => self.more.get_mut(index - 1),
        }
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<T: IntoIterator<Item = Slot>>(slots: T) -> Self {
        let mut set = Self::default();
        slots.into_iter().for_each(|slot| set.insert(slot));
        set
    }
}

/// Fills the `carry` of an operator whose rows are read for the slots `needed`, and of those below.
fn fill(op: &mut Op, needed: SlotSet) {
    slots::exprs_mut(op, &mut fill_subqueries);
    match op {
        Op::Argument | Op::Nothing => {}
        Op::Apply { .. } => fill_apply(op, needed),
        Op::Merge { .. } => fill_merge(op, needed),
        Op::Union { branches, .. } => {
            for branch in branches {
                fill(&mut branch.op, branch.columns.iter().copied().collect());
            }
        }
        Op::Foreach { input, list, slot, body } => {
            fill(body, SlotSet::default());
            let mut below = needed;
            slots::reads(list, &mut |read| below.insert(read));
            read_from_outside(body, &mut |read| {
                if read != *slot {
                    below.insert(read);
                }
            });
            fill(input, below);
        }
        Op::Project { input, items } => {
            let mut below = needed;
            let mut at = items.len();
            while at > 0 {
                at -= 1;
                let (slot, e) = &items[at];
                if !below.contains(*slot) && is_needless(e) {
                    items.remove(at);
                    continue;
                }
                below.remove(*slot);
                slots::reads(e, &mut |read| below.insert(read));
            }
            fill(input, below);
            if items.is_empty() {
                let input = std::mem::replace(&mut **input, Op::Nothing);
                *op = input;
            }
        }
        Op::ChainAggregate(chain) => fill(&mut chain.general, needed),
        Op::Aggregate { input, keys, aggregates } => {
            let mut below = SlotSet::default();
            let args = aggregates.iter().flat_map(|(_, aggregate)| aggregate.arg.iter().chain(&aggregate.extra));
            for e in keys.iter().map(|(_, e)| e).chain(args) {
                slots::reads(e, &mut |read| below.insert(read));
            }
            fill(input, below);
        }
        _ => {
            match op {
                Op::Expand(expand) if !expand.rel_bound => expand.rel = expand.rel.filter(|rel| needed.contains(*rel)),
                Op::Intersect(intersect) => {
                    for step in &mut intersect.steps {
                        step.rel = step.rel.filter(|rel| needed.contains(*rel));
                    }
                }
                Op::VarExpand(expand) if !expand.rels_bound => {
                    expand.rels = expand.rels.filter(|rels| needed.contains(*rels));
                }
                Op::PathSearch(search) => {
                    let mut outputs = Vec::new();
                    search.pattern.sets(&mut |slot| outputs.push(slot));
                    outputs.retain(|slot| needed.contains(*slot));
                    search.outputs = outputs;
                }
                Op::Attend(attend) => {
                    attend.outputs.retain(|(_, slot)| needed.contains(*slot));
                    attend.sums.retain(|(_, slot)| needed.contains(*slot));
                }
                Op::AttendPaths(paths) => paths.leave_out(&|slot| needed.contains(slot)),
                Op::CheapestPaths(paths) => paths.leave_out(&|slot| needed.contains(slot)),
                _ => {}
            }
            let mut carry = needed;
            slots::own_sets(op, &mut |slot| carry.remove(slot));
            let list = carry.list();
            let mut below = carry;
            slots::own_reads(op, &mut |slot| below.insert(slot));
            slots::exprs(op, &mut |e| slots::reads(e, &mut |slot| below.insert(slot)));
            // What it aggregates for its own expressions comes from nobody below.
            if let Op::Attend(attend) = op {
                attend.aggregates.iter().for_each(|(slot, _)| below.remove(*slot));
                if attend.lookup.among.is_some() {
                    below.remove(attend.target);
                }
            }
            if let Op::AttendPaths(paths) = op {
                paths.sets(&mut |slot| below.remove(slot));
            }
            if let Op::CheapestPaths(paths) = op {
                paths.sets(&mut |slot| below.remove(slot));
            }
            if let Some(carry) = carry_of(op) {
                *carry = list;
            }
            slots::inputs_mut(op, &mut |input| fill(input, below.clone()));
        }
    }
}

fn fill_apply(op: &mut Op, needed: SlotSet) {
    let Op::Apply { input, inner, kind, carry } = op else { return };
    let mut set_inside = SlotSet::default();
    slots::sets(inner, &mut |slot| set_inside.insert(slot));
    let semi = matches!(kind, ApplyKind::Semi { .. });
    let inner_needed = if semi { SlotSet::default() } else { needed.only(&set_inside) };
    if let ApplyKind::Optional { nulls, .. } = kind {
        nulls.retain(|slot| inner_needed.contains(*slot));
    }
    let mut kept = needed;
    if !semi {
        slots::sets(inner, &mut |slot| kept.remove(slot));
    }
    *carry = kept.list();
    fill(inner, inner_needed);
    let mut below = kept;
    read_from_outside(inner, &mut |slot| below.insert(slot));
    fill(input, below);
}

fn fill_merge(op: &mut Op, needed: SlotSet) {
    let mut own = SlotSet::default();
    slots::own_sets(op, &mut |slot| own.insert(slot));
    let mut needed = needed;
    // What ON MATCH and ON CREATE read is read beside the match.
    slots::exprs(op, &mut |e| slots::reads(e, &mut |slot| needed.insert(slot)));
    let mut read = needed.clone();
    slots::own_reads(op, &mut |slot| read.insert(slot));
    let Op::Merge { input, inner, carry, .. } = op else { return };
    let mut set_inside = own.clone();
    slots::sets(inner, &mut |slot| set_inside.insert(slot));
    fill(inner, read.only(&own));
    let mut kept = needed;
    let mut below = read;
    for slot in set_inside.list() {
        kept.remove(slot);
        below.remove(slot);
    }
    *carry = kept.list();
    read_from_outside(inner, &mut |slot| {
        if !own.contains(slot) {
            below.insert(slot);
        }
    });
    fill(input, below);
}

/// Calls `visit` for every slot that an inner plan reads from its argument.
fn read_from_outside(inner: &Op, visit: &mut dyn FnMut(Slot)) {
    let mut set = SlotSet::default();
    slots::sets(inner, &mut |slot| set.insert(slot));
    slots::op_reads(inner, &mut |slot| {
        if !set.contains(slot) {
            visit(slot);
        }
    });
}

/// Fills the plans of subqueries in an expression.
fn fill_subqueries(e: &mut Expr) {
    if let Expr::Subquery { inner, kind, .. } = e {
        let mut needed = SlotSet::default();
        if let SubqueryKind::Collect(item) = kind {
            slots::reads(item, &mut |slot| needed.insert(slot));
        }
        fill(inner, needed);
    }
    slots::children_mut(e, &mut fill_subqueries);
}

/// Returns whether an expression that nobody reads may be left out: it cannot fail.
fn is_needless(e: &Expr) -> bool {
    match e {
        Expr::Const(_) | Expr::Slot(_) | Expr::Path(_) => true,
        Expr::Property { base, .. } => matches!(**base, Expr::Slot(_)),
        _ => false,
    }
}

fn carry_of(op: &mut Op) -> Option<&mut Vec<Slot>> {
    match op {
        Op::NodeScan { carry, .. }
        | Op::NodeSeek { carry, .. }
        | Op::NodeById { carry, .. }
        | Op::Filter { carry, .. }
        | Op::Distinct { carry, .. }
        | Op::Sort { carry, .. }
        | Op::Unwind { carry, .. }
        | Op::LoadCsv { carry, .. }
        | Op::ProcedureCall { carry, .. } => Some(carry),
        Op::Expand(expand) => Some(&mut expand.carry),
        Op::Intersect(intersect) => Some(&mut intersect.carry),
        Op::VarExpand(expand) => Some(&mut expand.carry),
        Op::ShortestPath(path) => Some(&mut path.carry),
        Op::PathSearch(search) => Some(&mut search.carry),
        Op::Attend(attend) => Some(&mut attend.carry),
        Op::AttendPaths(paths) => Some(&mut paths.attend.carry),
        Op::CheapestPaths(paths) => Some(&mut paths.attend.carry),
        Op::LimitPaths(limit) => Some(&mut limit.carry),
        _ => None,
    }
}
