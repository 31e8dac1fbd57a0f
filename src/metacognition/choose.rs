//! Choosing what to do with each relationship: pure, from what is known to what is to be done.
//!
//! # What the usual strategy does
//! 1. Of relationships of one type between the same ends with the same properties, the one judged best stays; the others
//!    are merged into it.
//! 2. Of the rest, those judged best stay: a share of all, or those judged above a limit, or all that no policy lets go.
//! 3. What is protected stays whatever it was judged: pinned relationships, those a policy does not let go, and those that
//!    are younger than the grace period. Beyond that, relationships that hold together what queries asked for, and the
//!    last one of an entity, stay as long as their protection takes no more than a share of those kept
//!    ([`Limits::protected_share`]): whoever asks for a tenth of the graph gets about a tenth.
//! 4. Salience of what stays is what its policy says, where one says how it goes; else, where anything was noted of it, it becomes its judgement in units of the mean of all, between
//!    [`SALIENCE_MIN`] and [`SALIENCE_MAX`] and at least the floor of its policy; a change of less than a twentieth is none.

use rustc_hash::{FxHashMap, FxHashSet};

/// The salience of what is judged least, unless a policy has a higher floor.
pub(crate) const SALIENCE_MIN: f32 = 0.1;

/// Salience is never 0: the least that a policy brings it to.
const SALIENCE_LEAST: f32 = 1e-3;

/// What is so near to its floor counts as fallen to it.
const NEAR_FLOOR: f32 = 0.01;

/// The salience of what is judged most.
pub(crate) const SALIENCE_MAX: f32 = 10.0;

/// A factor below which salience is left alone.
const CHANGE_MIN: f32 = 1.05;

/// A relationship as choosing sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fact {
    pub(crate) rel: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Says with type and ends which relationships are the same: a hash of the properties.
    pub(crate) same: u64,
    pub(crate) rel_type: u32,
    pub(crate) salience: f32,
    /// How likely it is to be attended soon; higher is likelier.
    pub(crate) judged: f32,
    /// Whether queries have attended to it.
    pub(crate) is_attended: bool,
    /// Whether it must stay.
    pub(crate) must_stay: bool,
    /// The least salience its policy allows.
    pub(crate) floor: f32,
    /// The salience that its policy gives it, where that says how salience goes; else it follows the judgement.
    pub(crate) target: Option<f32>,
    /// Whether its policy lets it go without being asked.
    pub(crate) may_go: bool,
    /// Whether it is one of those the compaction is about. The others only say what holds together.
    pub(crate) in_scope: bool,
}

/// How much is to stay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Keep {
    /// This share of the relationships in scope, 0 to 1.
    Fraction(f64),
    /// Those whose new salience is this or more.
    Above(f32),
    /// All but those that a policy lets go, and that have fallen to its floor.
    Policies,
}

/// What a compaction may do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    pub(crate) keep: Keep,
    /// The share of those kept that ways between asked-for entities, and last relationships, may take.
    pub(crate) protected_share: f64,
    /// Whether salience is set anew.
    pub(crate) reweigh: bool,
}

/// What is to be done with a relationship.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Action {
    /// Nothing.
    Keep,
    /// Its salience rises to this.
    Reinforce(f32),
    /// Its salience falls to this.
    Decay(f32),
    /// It is archived, as the same as this one.
    Merge(u32),
    /// It is archived.
    Archive,
}

/// Chooses what is to be done.
pub(crate) trait Strategy {
    /// Returns an action for each relationship, in their order; those out of scope are kept.
    fn choose(&self, facts: &[Fact], limits: &Limits) -> Vec<Action>;
}

/// The usual strategy.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usual;

impl Strategy for Usual {
    fn choose(&self, facts: &[Fact], limits: &Limits) -> Vec<Action> {
        let mut actions = vec![Action::Keep; facts.len()];
        let order = ranked(facts);
        merge(facts, &order, &mut actions);
        let salience = saliences(facts);
        let wanted = stay(facts, &order, &actions, &salience, limits);
        for (at, fact) in facts.iter().enumerate().filter(|(_, fact)| fact.in_scope) {
            if actions[at] != Action::Keep {
                continue;
            }
            let (old, new) = (fact.salience, salience[at]);
            actions[at] = if !wanted[at] {
                Action::Archive
            } else if limits.reweigh && new > old * CHANGE_MIN {
                Action::Reinforce(new)
            } else if limits.reweigh && new * CHANGE_MIN < old {
                Action::Decay(new)
            } else {
                Action::Keep
            };
        }
        actions
    }
}

/// Returns the places of facts, the one judged best first; of equals, the older.
fn ranked(facts: &[Fact]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..facts.len()).collect();
    order.sort_by(|a, b| facts[*b].judged.total_cmp(&facts[*a].judged).then(facts[*a].rel.cmp(&facts[*b].rel)));
    order
}

/// Merges what is the same into the one judged best.
fn merge(facts: &[Fact], order: &[usize], actions: &mut [Action]) {
    let mut best: FxHashMap<(u32, u32, u32, u64), u32> = FxHashMap::default();
    // What must stay is what others are merged into.
    let (must, may): (Vec<usize>, Vec<usize>) = order.iter().partition(|at| facts[**at].must_stay);
    for at in must.into_iter().chain(may) {
        let Fact { rel, start, end, rel_type, same, in_scope, must_stay, .. } = facts[at];
        let into = *best.entry((rel_type, start, end, same)).or_insert(rel);
        if into != rel && in_scope && !must_stay {
            actions[at] = Action::Merge(into);
        }
    }
}

/// Returns the salience that each fact would get.
fn saliences(facts: &[Fact]) -> Vec<f32> {
    let in_scope = || facts.iter().filter(|fact| fact.in_scope && fact.judged.is_finite());
    let sum: f64 = in_scope().map(|fact| f64::from(fact.judged)).sum();
    let mean = (sum / in_scope().count().max(1) as f64) as f32;
    let of = |fact: &Fact| {
        if let Some(target) = fact.target {
            return target.clamp(fact.floor.max(SALIENCE_LEAST), SALIENCE_MAX);
        }
        let is_told = fact.is_attended || fact.salience != 1.0 || fact.may_go;
        if !is_told || mean <= 0.0 || !fact.judged.is_finite() {
            return fact.salience;
        }
        (fact.judged / mean).clamp(SALIENCE_MIN, SALIENCE_MAX).max(fact.floor)
    };
    facts.iter().map(of).collect()
}

/// Returns the salience at which a fact has fallen as far as it can.
fn fallen(fact: &Fact) -> f32 {
    match fact.target {
        Some(_) => fact.floor.max(SALIENCE_LEAST) + NEAR_FLOOR,
        None => fact.floor.max(SALIENCE_MIN),
    }
}

/// Returns which facts stay.
fn stay(facts: &[Fact], order: &[usize], actions: &[Action], salience: &[f32], limits: &Limits) -> Vec<bool> {
    let is_open = |at: usize| facts[at].in_scope && actions[at] == Action::Keep;
    let mut stays: Vec<bool> = (0..facts.len())
        .map(|at| match actions[at] {
            Action::Merge(_) => false,
            _ => !facts[at].in_scope || facts[at].must_stay,
        })
        .collect();
    let mut n_kept = 0;
    // How many may stay; `None` where it is not a number that decides.
    let budget = match limits.keep {
        Keep::Fraction(fraction) => {
            let n = facts.iter().filter(|fact| fact.in_scope).count();
            Some((n as f64 * fraction).round() as usize)
        }
        Keep::Above(_) | Keep::Policies => None,
    };
    n_kept += (0..facts.len()).filter(|at| is_open(*at) && stays[*at]).count();
    for &at in order.iter().filter(|at| is_open(**at)) {
        if stays[at] {
            continue;
        }
        stays[at] = match limits.keep {
            Keep::Fraction(_) => budget.is_some_and(|budget| n_kept < budget),
            Keep::Above(least) => salience[at] >= least,
            Keep::Policies => !(facts[at].may_go && salience[at] <= fallen(&facts[at])),
        };
        n_kept += usize::from(stays[at]);
    }
    protect(facts, order, actions, &mut stays, n_kept, budget, limits);
    stays
}

/// Keeps what holds together what queries asked for, and the last relationship of each entity, as far as may be; where a
/// number of relationships is to stay, those judged least make room.
fn protect(
    facts: &[Fact],
    order: &[usize],
    actions: &[Action],
    stays: &mut [bool],
    n_kept: usize,
    budget: Option<usize>,
    limits: &Limits,
) {
    let asked: FxHashSet<u32> =
        facts.iter().filter(|fact| fact.is_attended).flat_map(|fact| [fact.start, fact.end]).collect();
    let mut left = (n_kept as f64 * limits.protected_share).floor() as usize;
    if budget.is_some() {
        // Where a number is to stay, only who need not stay makes room.
        left =
            left.min((0..facts.len()).filter(|at| stays[*at] && facts[*at].in_scope && !facts[*at].must_stay).count());
    }
    let mut saved = Vec::new();
    let mut parts = Parts::new(facts, &asked);
    let mut has_any: FxHashSet<u32> = FxHashSet::default();
    for (fact, _) in facts.iter().zip(stays.iter()).filter(|(_, stays)| **stays) {
        parts.join(fact.start, fact.end);
        has_any.extend([fact.start, fact.end]);
    }
    for &at in order {
        if left == 0 {
            break;
        }
        let fact = &facts[at];
        if stays[at] || !fact.in_scope || actions[at] != Action::Keep {
            continue;
        }
        let is_last = !has_any.contains(&fact.start) || !has_any.contains(&fact.end);
        if is_last || parts.would_join_asked(fact.start, fact.end) {
            parts.join(fact.start, fact.end);
            has_any.extend([fact.start, fact.end]);
            stays[at] = true;
            saved.push(at);
            left -= 1;
        }
    }
    if budget.is_none() {
        return;
    }
    let mut too_many = saved.len();
    let saved: FxHashSet<usize> = saved.into_iter().collect();
    for &at in order.iter().rev() {
        if too_many == 0 {
            break;
        }
        if stays[at] && facts[at].in_scope && !facts[at].must_stay && !saved.contains(&at) {
            stays[at] = false;
            too_many -= 1;
        }
    }
}

/// Which entities hang together (union by size, with halved paths), and whether a part has one that queries asked for.
struct Parts {
    place: FxHashMap<u32, usize>,
    above: Vec<usize>,
    size: Vec<u32>,
    has_asked: Vec<bool>,
}

impl Parts {
    fn new(facts: &[Fact], asked: &FxHashSet<u32>) -> Self {
        let mut place = FxHashMap::default();
        for fact in facts {
            for node in [fact.start, fact.end] {
                let next = place.len();
                place.entry(node).or_insert(next);
            }
        }
        let mut has_asked = vec![false; place.len()];
        asked.iter().filter_map(|node| place.get(node)).for_each(|at| has_asked[*at] = true);
        Self { above: (0..place.len()).collect(), size: vec![1; place.len()], has_asked, place }
    }

    fn find(&mut self, node: u32) -> usize {
        let mut at = self.place[&node];
        while self.above[at] != at {
            self.above[at] = self.above[self.above[at]];
            at = self.above[at];
        }
        at
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        if a != b {
            let (over, under) = if self.size[a] >= self.size[b] { (a, b) } else { (b, a) };
            self.above[under] = over;
            self.size[over] += self.size[under];
            self.has_asked[over] |= self.has_asked[under];
        }
    }

    fn would_join_asked(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        a != b && self.has_asked[a] && self.has_asked[b]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::Random;

    const LIMITS: Limits = Limits { keep: Keep::Fraction(0.5), protected_share: 0.0, reweigh: true };

    fn fact(rel: u32, start: u32, end: u32, judged: f32) -> Fact {
        Fact {
            rel,
            start,
            end,
            same: u64::from(rel),
            rel_type: 0,
            salience: 1.0,
            judged,
            is_attended: false,
            must_stay: false,
            floor: 0.0,
            target: None,
            may_go: false,
            in_scope: true,
        }
    }

    fn stays(actions: &[Action]) -> Vec<usize> {
        let is_there = |action: &Action| !matches!(action, Action::Archive | Action::Merge(_));
        (0..actions.len()).filter(|at| is_there(&actions[*at])).collect()
    }

    #[test]
    fn the_share_asked_for_stays_and_it_is_the_best() {
        let mut random = Random(3);
        for n in [0, 1, 2, 9, 100] {
            let judged: Vec<f32> = (0..n).map(|_| random.below(50) as f32 / 50.0).collect();
            let facts: Vec<Fact> = (0..n).map(|at| fact(at, at % 7, 7 + at % 5, judged[at as usize])).collect();
            for percent in [0, 10, 33, 50, 100] {
                let keep = Keep::Fraction(f64::from(percent) / 100.0);
                let actions = Usual.choose(&facts, &Limits { keep, ..LIMITS });
                let stays = stays(&actions);
                assert_eq!(stays.len(), (f64::from(n) * f64::from(percent) / 100.0).round() as usize);
                let least = stays.iter().map(|at| judged[*at]).fold(f32::MAX, f32::min);
                assert!((0..n as usize).all(|at| stays.contains(&at) || judged[at] <= least));
            }
        }
    }

    #[test]
    fn what_must_stay_does_and_what_is_out_of_scope_is_left_alone() {
        let mut facts: Vec<Fact> = (0..10).map(|at| fact(at, at, at + 20, at as f32)).collect();
        facts[0].must_stay = true;
        facts[1].in_scope = false;
        facts[1].is_attended = true;
        let actions = Usual.choose(&facts, &Limits { keep: Keep::Fraction(0.0), ..LIMITS });
        assert_eq!(stays(&actions), [0, 1]);
        assert_eq!(actions[1], Action::Keep);
    }

    #[test]
    fn the_same_facts_are_merged_into_the_one_judged_best() {
        let mut facts: Vec<Fact> =
            [0.1, 0.9, 0.5, 0.4].iter().enumerate().map(|(at, j)| fact(at as u32, 1, 2, *j)).collect();
        facts[..3].iter_mut().for_each(|fact| fact.same = 7);
        let keep_all = Limits { keep: Keep::Fraction(1.0), reweigh: false, ..LIMITS };
        let (merged, kept) = (Action::Merge(1), Action::Keep);
        assert_eq!(Usual.choose(&facts, &keep_all), [merged, kept, merged, kept]);
        facts[0].must_stay = true;
        let merged = Action::Merge(0);
        assert_eq!(Usual.choose(&facts, &keep_all), [kept, merged, merged, kept]);
    }

    /// Two towns of asked-for people and the one road between them, judged worthless.
    #[test]
    fn ways_between_what_was_asked_for_are_protected() {
        let mut facts: Vec<Fact> = Vec::new();
        for (town, rel) in [(0, 0), (10, 100)] {
            for (at, (a, b)) in [(0, 1), (1, 2), (2, 0), (0, 3), (3, 1)].into_iter().enumerate() {
                facts.push(Fact { is_attended: true, ..fact(rel + at as u32, town + a, town + b, 0.9) });
            }
        }
        facts.push(fact(500, 0, 10, 0.01));
        facts.push(fact(501, 1, 11, 0.001));
        // A way to nobody that was asked for.
        facts.push(fact(502, 70, 71, 0.5));
        let limits = Limits { keep: Keep::Above(0.5), protected_share: 0.5, ..LIMITS };
        let facts: Vec<Fact> = facts.into_iter().map(|fact| Fact { salience: 0.99, ..fact }).collect();
        let actions = Usual.choose(&facts, &limits);
        assert!(actions[10] != Action::Archive, "the better of two roads");
        assert_eq!(actions[11], Action::Archive, "the other is not needed");
        assert!(actions[12] != Action::Archive, "the last relationship of two entities");
        // Where a number is asked for, the worst of the others make room.
        let limits = Limits { keep: Keep::Fraction(8.0 / 13.0), ..limits };
        let actions = Usual.choose(&facts, &limits);
        assert_eq!(stays(&actions).len(), 8);
        assert!(actions[10] != Action::Archive);
        let unprotected = Usual.choose(&facts, &Limits { protected_share: 0.0, ..limits });
        assert_eq!(unprotected[10], Action::Archive);
    }

    #[test]
    fn salience_follows_the_judgement_within_bounds() {
        let mut facts: Vec<Fact> =
            [1000.0, 1.0, 1e-6, 1.0].iter().enumerate().map(|(at, j)| fact(at as u32, 1, 2, *j)).collect();
        facts[..3].iter_mut().for_each(|fact| fact.is_attended = true);
        facts[2].floor = 0.4;
        let actions = Usual.choose(&facts, &Limits { keep: Keep::Fraction(1.0), ..LIMITS });
        assert_eq!(actions[0], Action::Reinforce(1000.0 / 250.5));
        assert_eq!(actions[1], Action::Decay(SALIENCE_MIN));
        assert_eq!(actions[2], Action::Decay(0.4), "not below the floor of its policy");
        assert_eq!(actions[3], Action::Keep, "nothing was ever noted of it");
    }

    #[test]
    fn policies_let_go_what_has_fallen_to_their_floor() {
        let mut facts: Vec<Fact> =
            [9.0, 0.01, 0.01].iter().enumerate().map(|(at, j)| fact(at as u32, 1, 2, *j)).collect();
        facts[1].may_go = true;
        let limits = Limits { keep: Keep::Policies, ..LIMITS };
        assert_eq!(stays(&Usual.choose(&facts, &limits)), [0, 2]);
        // A policy that says how salience goes is followed, whatever the judgement.
        (facts[0].may_go, facts[0].target, facts[0].floor) = (true, Some(0.05), 0.05);
        facts[1].target = Some(0.5);
        let actions = Usual.choose(&facts, &limits);
        assert_eq!(stays(&actions), [1, 2]);
        assert_eq!(actions[1], Action::Decay(0.5));
    }
}
