//! A subquery that is written several times runs once for a row: in `WITH a, COUNT { (a)-->() } AS n WHERE COUNT { (a)-->() }
//! > 3`, in an `ORDER BY` of what is returned too, in a condition of an earlier clause and again in RETURN.
//!
//! Two are the same where their plans are, but for the numbers of the slots they set and the places they are written at. The
//! operators of a plan that hand their rows on, from the lowest up, are looked through for those: the first that computes one
//! for each of its rows whatever they hold does so for all above it. One that is computed for some rows only (in a branch of
//! CASE, behind AND) is never the first: what is not asked for does not run, and does not fail.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    fault::{self, Fault},
    once::is_steady,
    take,
};
use crate::{
    Span,
    query::{
        plan::{Expr, Op, Plan, Slot, SlotInfo, SlotKind},
        slots,
    },
};

/// Applies the rule.
pub(super) fn apply(plan: &mut Plan) {
    if !plan.writes {
        along(&mut plan.root, &mut plan.slots);
    }
}

/// Applies the rule to a row of operators that starts here, and to what is below and beside it. What stands at its top may
/// also be an aggregation, which reads what its rows hold, and hands nothing on.
fn along(top: &mut Op, slots: &mut Vec<SlotInfo>) {
    if !hands_on(top) && !matches!(top, Op::Aggregate { .. }) {
        beside(top, slots);
        return slots::inputs_mut(top, &mut |below| along(below, slots));
    }
    let shared = shared(top);
    if !shared.is_empty() {
        share(top, shared, slots);
    }
    let mut op = top;
    loop {
        beside(op, slots);
        let below = input_mut(op).expect("it has one where it hands on, or aggregates");
        if !hands_on(below) {
            return along(below, slots);
        }
        op = below;
    }
}

/// Applies the rule to the plans that run for the rows of an operator.
fn beside(op: &mut Op, slots: &mut Vec<SlotInfo>) {
    slots::exprs_mut(op, &mut |e| inside(e, slots));
    if let Op::Apply { inner, .. } = op {
        along(inner, slots);
    }
}

fn inside(e: &mut Expr, slots: &mut Vec<SlotInfo>) {
    if let Expr::Subquery { inner, .. } = e {
        along(inner, slots);
    }
    slots::children_mut(e, &mut |child| inside(child, slots));
}

/// A subquery that is written several times.
struct Shared {
    text: String,
    /// The operator that computes it, counted from the top.
    at: usize,
}

/// An occurrence of a subquery.
struct Seen<'p> {
    e: &'p Expr,
    /// The operator, counted from the top.
    at: usize,
    /// It is computed for every row that comes.
    is_certain: bool,
}

/// Finds the subqueries that are written several times.
fn shared(top: &Op) -> Vec<Shared> {
    let mut seen: Vec<Seen<'_>> = Vec::new();
    let mut ops = vec![top];
    loop {
        let (at, op) = (ops.len() - 1, ops[ops.len() - 1]);
        if computes(op) {
            slots::exprs(op, &mut |e| find(e, at, true, &mut seen));
        }
        match input(op).filter(|below| hands_on(below)) {
            Some(below) => ops.push(below),
            None => break,
        }
    }
    if seen.len() < 2 {
        return Vec::new();
    }
    let mut by_text: FxHashMap<String, Vec<Seen<'_>>> = FxHashMap::default();
    for one in seen {
        if let Some(text) = text(one.e) {
            by_text.entry(text).or_default().push(one);
        }
    }
    let mut shared: Vec<Shared> = Vec::new();
    for (text, seen) in by_text {
        let Some(at) = seen.iter().filter(|one| one.is_certain).map(|one| one.at).max() else { continue };
        let uses = seen.iter().map(|one| one.at).filter(|other| *other <= at);
        let (n_uses, highest) = (uses.clone().count(), uses.min().unwrap_or(at));
        if n_uses > 1 && is_steady(seen[0].e) && !changes(&ops[highest..=at], seen[0].e) {
            shared.push(Shared { text, at });
        }
    }
    // For one statement, always the same plan.
    shared.sort_by(|a, b| (a.at, &a.text).cmp(&(b.at, &b.text)));
    shared
}

/// Finds the subqueries of an expression.
fn find<'p>(e: &'p Expr, at: usize, is_certain: bool, seen: &mut Vec<Seen<'p>>) {
    match e {
        Expr::Subquery { inputs, .. } if inputs.is_empty() => seen.push(Seen { e, at, is_certain }),
        // Only the first sees every row.
        Expr::And(all) | Expr::Or(all) => {
            all.iter().enumerate().for_each(|(i, one)| find(one, at, is_certain && i == 0, seen));
        }
        Expr::Case { .. } | Expr::Comprehension { .. } | Expr::Quantified { .. } | Expr::Reduce { .. } => {
            slots::children(e, &mut |child| find(child, at, false, seen));
        }
        _ => slots::children(e, &mut |child| find(child, at, is_certain, seen)),
    }
}

/// Returns whether any of the operators sets a slot that the expression reads.
fn changes(ops: &[&Op], e: &Expr) -> bool {
    let mut read = FxHashSet::default();
    slots::reads(e, &mut |slot| _ = read.insert(slot));
    let mut changes = false;
    ops.iter().for_each(|op| slots::own_sets(op, &mut |slot| changes |= read.contains(&slot)));
    changes
}

/// Computes what is shared once, and reads it elsewhere.
fn share(top: &mut Op, shared: Vec<Shared>, slots: &mut Vec<SlotInfo>) {
    let mut places: FxHashMap<String, (usize, Slot)> = FxHashMap::default();
    for Shared { text, at } in shared {
        // With so many variables, let it be.
        let Ok(number) = u16::try_from(slots.len()) else { break };
        slots.push(SlotInfo { name: " ".into(), kind: SlotKind::Value });
        places.insert(text, (at, Slot(number)));
    }
    let (mut op, mut at) = (top, 0);
    loop {
        let mut made = Vec::new();
        if computes(op) {
            slots::exprs_mut(op, &mut |e| exchange(e, at, &places, &mut made));
        }
        let mut below = input_mut(op).expect("it has one where it hands on, or aggregates");
        if !made.is_empty() {
            *below = Op::Project { input: Box::new(take(below)), items: made };
            below = input_mut(below).expect("a projection has an input");
        }
        if !hands_on(below) {
            return;
        }
        (op, at) = (below, at + 1);
    }
}

/// Puts slots in the places of shared subqueries; what is to be computed here goes to `made`.
fn exchange(e: &mut Expr, at: usize, places: &FxHashMap<String, (usize, Slot)>, made: &mut Vec<(Slot, Expr)>) {
    let place = match e {
        Expr::Subquery { inputs, .. } if inputs.is_empty() => text(e).and_then(|text| places.get(&text)),
        _ => return slots::children_mut(e, &mut |child| exchange(child, at, places, made)),
    };
    let Some(&(computed_at, slot)) = place.filter(|(computed_at, _)| at <= *computed_at) else { return };
    let subquery = std::mem::replace(e, Expr::Slot(slot));
    if at == computed_at && made.iter().all(|(known, _)| *known != slot) {
        made.push((slot, subquery));
    }
}

/// Returns whether an operator's expressions are computed for each of its rows.
fn computes(op: &Op) -> bool {
    matches!(op, Op::Filter { .. } | Op::Project { .. } | Op::Sort { .. } | Op::Aggregate { .. } | Op::Unwind { .. })
}

/// Returns whether what its rows held below, they hold above.
fn hands_on(op: &Op) -> bool {
    !matches!(op, Op::Aggregate { .. }) && input(op).is_some()
}

/// Returns where the operator's rows come from, where the rule looks further down.
fn input(op: &Op) -> Option<&Op> {
    match op {
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Sort { input, .. }
        | Op::Skip { input, .. }
        | Op::Limit { input, .. }
        | Op::Aggregate { input, .. }
        | Op::Distinct { input, .. }
        | Op::Unwind { input, .. }
        | Op::NodeScan { input, .. }
        | Op::NodeSeek { input, .. }
        | Op::NodeById { input, .. }
        | Op::Apply { input, .. } => Some(input),
        Op::Expand(expand) => Some(&expand.input),
        Op::VarExpand(expand) => Some(&expand.input),
        _ => None,
    }
}

fn input_mut(op: &mut Op) -> Option<&mut Op> {
    match op {
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Sort { input, .. }
        | Op::Skip { input, .. }
        | Op::Limit { input, .. }
        | Op::Aggregate { input, .. }
        | Op::Distinct { input, .. }
        | Op::Unwind { input, .. }
        | Op::NodeScan { input, .. }
        | Op::NodeSeek { input, .. }
        | Op::NodeById { input, .. }
        | Op::Apply { input, .. } => Some(input),
        Op::Expand(expand) => Some(&mut expand.input),
        Op::VarExpand(expand) => Some(&mut expand.input),
        _ => None,
    }
}

/// Returns the plan of a subquery as text that is the same for subqueries that are: the slots it sets are numbered as they
/// come, and nothing stands anywhere. `None` for what is not compared.
fn text(e: &Expr) -> Option<String> {
    if let (Expr::Subquery { kind, .. }, true) = (e, fault::is_set(Fault::AnySame)) {
        return Some(format!("{:?}", std::mem::discriminant(kind)));
    }
    let mut copy = e.clone();
    Renaming::default().expr(&mut copy).then(|| format!("{copy:?}"))
}

/// New numbers for slots.
#[derive(Default)]
struct Renaming {
    /// Slots that are set inside.
    own: FxHashSet<Slot>,
    new: FxHashMap<Slot, Slot>,
}

impl Renaming {
    fn slot(&mut self, slot: &mut Slot) {
        if self.own.contains(slot) {
            let next = Slot(u16::MAX - self.new.len() as u16);
            *slot = *self.new.entry(*slot).or_insert(next);
        }
    }

    fn op(&mut self, op: &mut Op) -> bool {
        let mut known = slots::own_mentions_mut(op, &mut |slot| self.slot(slot));
        slots::exprs_mut(op, &mut |e| known = known && self.expr(e));
        slots::inputs_mut(op, &mut |below| known = known && self.op(below));
        known
    }

    fn expr(&mut self, e: &mut Expr) -> bool {
        let mut known = true;
        match e {
            Expr::Slot(slot) => self.slot(slot),
            Expr::Path(slots) => slots.iter_mut().for_each(|slot| self.slot(slot)),
            Expr::Property { span, .. } | Expr::Arithmetic { span, .. } | Expr::Call { span, .. } => {
                *span = Span::default();
            }
            Expr::Subquery { inner, inputs, .. } => {
                self.own.extend(inputs.iter().map(|(slot, _)| *slot));
                slots::sets(inner, &mut |slot| _ = self.own.insert(slot));
                inputs.iter_mut().for_each(|(slot, _)| self.slot(slot));
                known = self.op(inner);
            }
            _ => {}
        }
        slots::children_mut(e, &mut |child| known = known && self.expr(child));
        known
    }
}
