//! A condition that is written late is tested early: below WITH, its ORDER BY, DISTINCT and grouping, below UNWIND, OPTIONAL
//! MATCH, CALL and other MATCHes that it reads nothing of, down to the MATCH that binds what it reads.
//!
//! It works on clauses, not on operators, because a condition that has come to a MATCH is then one of its own: the planner
//! looks for an index for it and counts on it when it orders the pattern.
//!
//! What moves is a conjunct that cannot fail, whatever the row holds: comparisons, `IN` a list that is written, tests for
//! null, of labels and of strings, over variables, properties of nodes and relationships, constants and parameters. Below
//! other clauses it meets rows that would not have come so far, and none of them may make the query fail.
//!
//! What it does not pass:
//! - `SKIP` and `LIMIT`, which count the rows that come;
//! - a projection of something it reads that is neither of those values, or of something random;
//! - an aggregation, unless it reads nothing but grouping keys; one without keys has a row even where there is nothing;
//! - the clause that binds what it reads, where that is an OPTIONAL MATCH (it would become a part of what is optional), an
//!   UNWIND or a CALL; or a MATCH that selects paths, or from which it reads a path: there WHERE says which paths are wanted;
//! - anything that changes the graph or is read from outside of it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    fault::{self, Fault},
    fold,
};
use crate::{
    model::Value,
    query::{
        bind::{BoundClause, BoundMatch, BoundProjection, BoundQuery, PatternRel, Selector},
        function::Function,
        plan::{Expr, Slot, SlotInfo, SlotKind, StringTest},
        slots,
    },
};

/// Applies the rule.
pub(super) fn apply(query: &mut BoundQuery, slots: &[SlotInfo]) {
    for part in &mut query.parts {
        clauses(&mut part.clauses, slots);
    }
}

fn clauses(list: &mut Vec<BoundClause>, slots: &[SlotInfo]) {
    for clause in list.iter_mut() {
        if let BoundClause::Subquery { query, .. } = clause {
            apply(query, slots);
        }
    }
    let mut at = 0;
    while at < list.len() {
        let (below, rest) = list.split_at_mut(at);
        let moved = sink(&mut rest[0], below, slots);
        let n_before = list.len();
        put(list, moved);
        at += 1 + list.len() - n_before;
    }
}

/// A conjunct on its way down.
struct Sinking {
    /// Which of the clause's it is.
    own: usize,
    predicate: Expr,
    /// The lowest place found so far, and the conjunct as it stands there.
    place: Option<(Place, Expr)>,
}

impl Sinking {
    fn find(&mut self, place: Place) {
        self.place = Some((place, self.predicate.clone()));
    }
}

/// Where a conjunct comes to stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before all clauses.
    First,
    /// Right after this clause.
    After(usize),
    /// Among the conditions of this MATCH.
    Into(usize),
}

impl Place {
    /// The place right before a clause.
    fn before(at: usize) -> Self {
        at.checked_sub(1).map_or(Self::First, Self::After)
    }
}

/// Takes what moves out of a clause, and returns where it goes.
fn sink(clause: &mut BoundClause, below: &[BoundClause], slots: &[SlotInfo]) -> Vec<(Place, Expr)> {
    if below.is_empty() && matches!(clause, BoundClause::Match(_)) {
        return Vec::new();
    }
    let conjuncts = take(clause);
    if conjuncts.is_empty() {
        return Vec::new();
    }
    let mut sinking: Vec<Sinking> = Vec::new();
    for (own, conjunct) in conjuncts.iter().enumerate() {
        if may_move(conjunct, clause, slots) {
            sinking.push(Sinking { own, predicate: conjunct.clone(), place: None });
        }
    }
    let mut left: Vec<&mut Sinking> = sinking.iter_mut().collect();
    if let (BoundClause::Project(projection), false) = (&*clause, left.is_empty()) {
        let through = Through::projection(projection, slots);
        left.retain_mut(|one| {
            let passes = through.pass(&mut one.predicate);
            if passes && through.is_worth_passing {
                one.find(Place::before(below.len()));
            }
            passes
        });
    }
    for (at, clause) in below.iter().enumerate().rev() {
        if left.is_empty() {
            break;
        }
        let through = Through::clause(clause, slots);
        left.retain_mut(|one| {
            let matched = match clause {
                BoundClause::Match(matched) if !matched.optional => Some(matched),
                BoundClause::Match(matched) if fault::is_set(Fault::PushIntoOptional) => Some(matched),
                _ => None,
            };
            if matched.is_some_and(|matched| through.takes(matched, &one.predicate)) {
                one.find(Place::Into(at));
            }
            let passes = through.pass(&mut one.predicate);
            // A MATCH tests what reads nothing of it before it looks for anything.
            if passes && matched.is_none() {
                one.find(Place::before(at));
            }
            passes
        });
    }
    let mut stays: Vec<Option<Expr>> = conjuncts.into_iter().map(Some).collect();
    let mut moved = Vec::new();
    for one in sinking {
        if let Some(place) = one.place {
            stays[one.own] = None;
            moved.push(place);
        }
    }
    // In their order: one may keep an error from the next.
    give_back(clause, stays.into_iter().flatten().collect());
    moved
}

/// Takes the conjuncts out of a clause that may lose some.
fn take(clause: &mut BoundClause) -> Vec<Expr> {
    let mut conjuncts = match clause {
        BoundClause::Project(projection) => match projection.predicate.take() {
            Some(Expr::And(conjuncts)) => conjuncts,
            one => one.into_iter().collect(),
        },
        BoundClause::Match(matched) if !matched.optional => std::mem::take(&mut matched.graph.predicates),
        _ => Vec::new(),
    };
    conjuncts.iter_mut().for_each(fold::fold);
    conjuncts
}

/// Returns whether a conjunct of the clause may be tested before it.
fn may_move(conjunct: &Expr, clause: &BoundClause, slots: &[SlotInfo]) -> bool {
    if !is_safe(conjunct, slots) {
        return false;
    }
    let mut reads_new = false;
    if let BoundClause::Match(matched) = clause {
        slots::reads(conjunct, &mut |slot| reads_new |= matched.graph.new_slots.contains(&slot));
    }
    !reads_new
}

/// Gives a clause the conjuncts that it keeps.
fn give_back(clause: &mut BoundClause, conjuncts: Vec<Expr>) {
    match clause {
        BoundClause::Project(projection) => {
            projection.predicate = if conjuncts.is_empty() { None } else { Some(all_of(conjuncts)) };
        }
        BoundClause::Match(matched) if !matched.optional => matched.graph.predicates = conjuncts,
        _ => {}
    }
}

/// Puts conjuncts where they go.
fn put(list: &mut Vec<BoundClause>, mut moved: Vec<(Place, Expr)>) {
    // From the last place on, so that places before stay where they are.
    moved.sort_by_key(|(place, _)| match place {
        Place::First => 0,
        Place::After(at) | Place::Into(at) => at + 1,
    });
    while let Some((place, first)) = moved.pop() {
        let mut here = vec![first];
        while moved.last().is_some_and(|(other, _)| *other == place) {
            here.extend(moved.pop().map(|(_, conjunct)| conjunct));
        }
        here.reverse();
        match place {
            Place::Into(at) => {
                if let BoundClause::Match(matched) = &mut list[at] {
                    matched.graph.predicates.extend(here);
                }
            }
            Place::After(at) => match &mut list[at] {
                BoundClause::Project(projection) => {
                    projection.predicate = Some(match projection.predicate.take() {
                        None => all_of(here),
                        Some(Expr::And(before)) => Expr::And(before.into_iter().chain(here).collect()),
                        Some(one) => Expr::And(std::iter::once(one).chain(here).collect()),
                    });
                }
                _ => list.insert(at + 1, filter(here)),
            },
            Place::First => list.insert(0, filter(here)),
        }
    }
}

fn filter(conjuncts: Vec<Expr>) -> BoundClause {
    let predicate = Some(all_of(conjuncts));
    BoundClause::Project(Box::new(BoundProjection { predicate, ..BoundProjection::default() }))
}

fn all_of(mut conjuncts: Vec<Expr>) -> Expr {
    if conjuncts.len() == 1 { conjuncts.remove(0) } else { Expr::And(conjuncts) }
}

/// How a clause lets conjuncts through.
#[derive(Default)]
struct Through {
    is_shut: bool,
    /// Fewer rows make less work for it; else a condition is as well tested above it.
    is_worth_passing: bool,
    /// What reads one of these stays above.
    sets: FxHashSet<Slot>,
    /// What these slots are set to, as a condition below must have it.
    meanings: FxHashMap<Slot, Expr>,
    /// Of a MATCH, the slots that its conditions may read without saying which paths are wanted.
    single: FxHashSet<Slot>,
}

impl Through {
    fn shut() -> Self {
        Self { is_shut: true, ..Self::default() }
    }

    fn clause(clause: &BoundClause, slots: &[SlotInfo]) -> Self {
        match clause {
            BoundClause::Match(matched) => {
                let graph = &matched.graph;
                // Which paths are ranked depends on the rows that are there.
                if graph.rels.iter().any(|rel| rel.attend.is_some() || rel.cheapest.is_some()) {
                    return Self::shut();
                }
                let nodes = graph.nodes.iter().map(|node| node.slot);
                let rels = graph.rels.iter().filter(|rel| rel.length.is_none() && rel.search.is_none());
                Self {
                    sets: graph.new_slots.iter().copied().collect(),
                    single: nodes.chain(rels.map(|rel| rel.slot)).collect(),
                    ..Self::default()
                }
            }
            BoundClause::Unwind { slot, .. } => Self { sets: std::iter::once(*slot).collect(), ..Self::default() },
            BoundClause::Subquery { query, unit: false, .. } if only_reads(query) => {
                Self { sets: query.columns.iter().map(|column| column.slot).collect(), ..Self::default() }
            }
            BoundClause::Project(projection) => Self::projection(projection, slots),
            _ => Self::shut(),
        }
    }

    fn projection(projection: &BoundProjection, slots: &[SlotInfo]) -> Self {
        let BoundProjection { items, aggregation, distinct, order, skip, limit, is_wrapped, .. } = projection;
        if skip.is_some() || limit.is_some() || *is_wrapped {
            return Self::shut();
        }
        let mut through = Self {
            is_worth_passing: aggregation.is_some() || distinct.is_some() || !order.is_empty(),
            ..Self::default()
        };
        let mut set = items;
        if let Some(aggregation) = aggregation {
            if aggregation.keys.is_empty() {
                return Self::shut();
            }
            through.sets.extend(aggregation.aggregates.iter().map(|(slot, _)| *slot));
            through.sets.extend(aggregation.after.iter().map(|(slot, _)| *slot));
            set = &aggregation.keys;
        }
        for (slot, e) in set {
            if is_volatile(e) {
                return Self::shut();
            }
            let mut meaning = e.clone();
            // An item may read one before it.
            let known = through.substitute(&mut meaning);
            if known && is_value(&meaning, slots) {
                through.meanings.insert(*slot, meaning);
            } else {
                through.sets.insert(*slot);
            }
        }
        through
    }

    /// Makes of a conjunct what it is below the clause; returns false where it must stay above.
    fn pass(&self, predicate: &mut Expr) -> bool {
        if self.is_shut {
            return false;
        }
        self.substitute(predicate)
    }

    fn substitute(&self, e: &mut Expr) -> bool {
        let mut reads_set = false;
        slots::reads(e, &mut |slot| reads_set |= self.sets.contains(&slot));
        if reads_set {
            return false;
        }
        self.replace(e);
        true
    }

    fn replace(&self, e: &mut Expr) {
        match e {
            Expr::Slot(slot) => {
                if let Some(meaning) = self.meanings.get(slot) {
                    *e = meaning.clone();
                }
            }
            _ => slots::children_mut(e, &mut |child| self.replace(child)),
        }
    }

    /// Returns whether a MATCH may have the conjunct among its conditions.
    fn takes(&self, matched: &BoundMatch, predicate: &Expr) -> bool {
        let graph = &matched.graph;
        let selects = |rel: &PatternRel| {
            rel.search.is_some()
                || rel.attend.is_some()
                || rel.length.is_some_and(|length| length.selector != Selector::All)
        };
        if graph.rels.iter().any(selects) {
            return false;
        }
        let mut fits = true;
        slots::reads(predicate, &mut |slot| fits &= !self.sets.contains(&slot) || self.single.contains(&slot));
        fits
    }
}

/// Returns whether no clause of the query changes the graph or asks anything else.
fn only_reads(query: &BoundQuery) -> bool {
    query.parts.iter().flat_map(|part| &part.clauses).all(|clause| match clause {
        BoundClause::Match(_) | BoundClause::Unwind { .. } | BoundClause::Project(_) => true,
        BoundClause::Subquery { query, .. } => only_reads(query),
        _ => false,
    })
}

/// Returns whether it is true, false or null whatever the row holds.
fn is_safe(e: &Expr, slots: &[SlotInfo]) -> bool {
    let value = |e: &Expr| is_value(e, slots);
    match e {
        Expr::Const(Value::Bool(_) | Value::Null) => true,
        Expr::And(all) | Expr::Or(all) => all.iter().all(|one| is_safe(one, slots)),
        Expr::Not(one) => is_safe(one, slots),
        Expr::Xor(a, b) => is_safe(a, slots) && is_safe(b, slots),
        Expr::Compare(_, a, b) => value(a) && value(b),
        // A pattern may be no regular expression.
        Expr::StringTest(test, a, b) => *test != StringTest::Matches && value(a) && value(b),
        Expr::In(item, list) => {
            value(item)
                && match &**list {
                    Expr::List(items) => items.iter().all(value),
                    list => matches!(list, Expr::Const(Value::List(_) | Value::Null)),
                }
        }
        Expr::IsNull(one) | Expr::IsNotNull(one) => value(one),
        Expr::HasLabels(subject, _) => matches!(**subject, Expr::Slot(slot) if is_entity(slot, slots)),
        _ => false,
    }
}

/// Returns whether it has a value whatever the row holds, and is so cheap that it may as well be computed twice.
fn is_value(e: &Expr, slots: &[SlotInfo]) -> bool {
    match e {
        Expr::Const(_) | Expr::Param(_) | Expr::Slot(_) => true,
        Expr::Property { base, .. } => matches!(**base, Expr::Slot(slot) if is_entity(slot, slots)),
        Expr::Call { function: Function::Id, args, .. } => {
            matches!(args[..], [Expr::Slot(slot)] if is_entity(slot, slots))
        }
        _ => false,
    }
}

fn is_entity(slot: Slot, slots: &[SlotInfo]) -> bool {
    matches!(slots[slot.index()].kind, SlotKind::Node | SlotKind::Relationship)
}

fn is_volatile(e: &Expr) -> bool {
    let mut found = matches!(e, Expr::Call { function, .. } if function.is_volatile());
    slots::children(e, &mut |child| found = found || is_volatile(child));
    found
}
