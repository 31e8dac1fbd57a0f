//! Learning while the graph is used: gives lessons one after the other, and has the judge learn from each.
//!
//! **Life of an access here.** [`Learner::note`] says how much it counts and when ([`Noted`]); the caller has the
//! relationship's state take it in ([`RelState::observe`]). Once [`Learner::due`], the caller calls [`Learner::turn`]: the
//! lesson ends, the judge learns, the next lesson begins with the states as they are.
//!
//! A lesson lasts until the clock shows 1.7 times what it showed at its begin: expectations reach about as far ahead as
//! memory does back. A log that is replayed is known in advance, so its lessons are laid out from its end backwards
//! ([`Learner::plan`]).

use super::{
    frame::{Ends, Ties},
    lesson::{HORIZON_MAX, Lesson},
    model::Judge,
    source::Sources,
    state::{Kind, RelState},
};

/// The clock at which the first lesson begins.
const LESSON_FIRST: f64 = 256.0;
/// The clock at the end of a lesson, in terms of that at its begin.
const LESSON_GROWTH: f64 = 1.7;
/// A lesson that is asked to end early must have run this share of the clock at its begin.
const LESSON_SHARE_MIN: f64 = 0.35;
/// The share of relationships that a log must tell of to be taken for one of events.
const BORN_BY_USE_MIN: f64 = 0.9;
/// How many lessons are learnt from together.
const LESSONS_MAX: usize = 3;

/// An access as it is noticed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Access {
    /// The relationship.
    pub(crate) rel: u32,
    /// Its weight, > 0.
    pub(crate) weight: f32,
    /// A hash of whoever asked; 0 where nobody was named.
    pub(crate) source: u32,
    /// What it said.
    pub(crate) kind: Kind,
}

/// How an access counts: what [`RelState::observe`] is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Noted {
    /// The clock.
    pub(crate) at: f64,
    /// Its weight; 0 where it does not count, because its source sends far more than others.
    pub(crate) weight: f32,
}

/// Everything that learning keeps beside the states of relationships. What is stored is the judge, the sources and the clock;
/// a lesson under way is not, and begins again after an open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learner {
    /// What was learnt.
    pub(crate) judge: Judge,
    /// How much each source sent.
    pub(crate) sources: Sources,
    /// The attention clock: all that accesses counted.
    clock: f64,
    lesson: Option<Lesson>,
    /// Lessons that are over, the oldest first.
    past: Vec<Lesson>,
    /// Clocks at which lessons end, the next one last.
    ends: Vec<f64>,
    /// The log that is replayed tells of nearly everything there is.
    born_by_use: bool,
}

impl Learner {
    /// Returns a learner that goes on from what was stored.
    pub(crate) fn resume(judge: Judge, sources: Sources, clock: f64) -> Learner {
        Learner { judge, sources, clock, ..Learner::default() }
    }

    /// Returns the attention clock.
    pub(crate) fn clock(&self) -> f64 {
        self.clock
    }

    /// Takes in an access and says how much it counts, and when. A rejection counts, but is no use.
    pub(crate) fn note(&mut self, access: &Access) -> Noted {
        let weight = self.sources.weigh(access.source, access.weight);
        if weight > 0.0 && access.kind != Kind::Rejected {
            self.clock += f64::from(weight);
            if let Some(lesson) = &mut self.lesson {
                lesson.observe(access.rel, weight);
            }
        }
        Noted { at: self.clock, weight }
    }

    /// Returns whether a lesson should end or begin now.
    pub(crate) fn due(&self) -> bool {
        match (self.ends.last(), &self.lesson) {
            (Some(end), _) => self.clock >= *end,
            (None, Some(lesson)) => lesson.length >= (lesson.opened * (LESSON_GROWTH - 1.0)).min(HORIZON_MAX),
            (None, None) => self.clock >= LESSON_FIRST,
        }
    }

    /// Ends the lesson, learns from it, and begins the next one.
    ///
    /// # Complexity
    /// O(relationships), and seconds at most for the fitting.
    pub(crate) fn turn(&mut self, ties: &impl Ties, state: &impl Fn(u32) -> RelState) {
        while self.ends.pop_if(|end| *end <= self.clock).is_some() {}
        if let Some(lesson) = self.lesson.take().filter(|lesson| lesson.length > 0.0) {
            self.past.push(lesson);
            if self.past.len() > LESSONS_MAX {
                self.past.remove(0);
            }
            self.judge.learn(&self.past);
        }
        if self.clock > 0.0 {
            let lesson = if self.born_by_use {
                Lesson::open(&Used { ties, state }, state, self.clock)
            } else {
                Lesson::open(ties, state, self.clock)
            };
            self.lesson = Some(lesson);
        }
    }

    /// Ends the lesson if it has run long enough to be worth it: before relationships are judged for good.
    pub(crate) fn turn_early(&mut self, ties: &impl Ties, state: &impl Fn(u32) -> RelState) {
        if self.lesson.as_ref().is_some_and(|lesson| lesson.length >= LESSON_SHARE_MIN * lesson.opened) {
            self.turn(ties, state);
        }
    }

    /// Lays out the lessons of a log that is about to be replayed so that the last one ends with it; its accesses follow in
    /// this order, and [`Learner::replayed`] after them.
    ///
    /// A log of nearly everything there is ([`BORN_BY_USE_MIN`]) is one of events, whose relationships came into being with
    /// their first: its lessons know of none before that, for what came first is not what comes again.
    pub(crate) fn plan(&mut self, ties: &impl Ties, state: &impl Fn(u32) -> RelState, log: &[Access]) {
        let mut sources = self.sources.clone();
        let mut used: Vec<bool> = (0..ties.relationships()).map(|rel| state(rel).total > 0.0).collect();
        let mut run = 0.0;
        for access in log.iter().filter(|access| access.kind != Kind::Rejected) {
            run += f64::from(sources.weigh(access.source, access.weight));
            used[access.rel as usize] = true;
        }
        let there = (0..ties.relationships()).filter(|rel| ties.ends(*rel).is_some());
        let (n, n_used) = there.fold((0, 0), |(n, n_used), rel| (n + 1, n_used + usize::from(used[rel as usize])));
        self.born_by_use = n_used as f64 >= BORN_BY_USE_MIN * f64::from(n);
        // A little less than the end, which sums in another order need not reach.
        let mut end = (self.clock + run) * (1.0 - 1e-9);
        self.ends.clear();
        while self.ends.len() <= LESSONS_MAX && end > self.clock.max(LESSON_FIRST) {
            self.ends.push(end);
            end = (end / LESSON_GROWTH).max(end - HORIZON_MAX);
        }
    }

    /// Says that the log planned for is over.
    pub(crate) fn replayed(&mut self) {
        self.ends.clear();
        self.born_by_use = false;
    }

    /// Replays a log over states by id, learning on the way.
    pub(crate) fn replay(&mut self, ties: &impl Ties, states: &mut [RelState], log: &[Access]) {
        self.plan(ties, &|id| states[id as usize], log);
        for access in log {
            let noted = self.note(access);
            states[access.rel as usize].observe(noted.at, noted.weight, access.source, access.kind);
            if self.due() {
                self.turn(ties, &|id| states[id as usize]);
            }
        }
        self.replayed();
    }
}

/// Relationships as far as they were used.
struct Used<'a, T, S> {
    ties: &'a T,
    state: &'a S,
}

impl<T: Ties, S: Fn(u32) -> RelState> Ties for Used<'_, T, S> {
    fn relationships(&self) -> u32 {
        self.ties.relationships()
    }

    fn ends(&self, rel: u32) -> Option<Ends> {
        if (self.state)(rel).total > 0.0 { self.ties.ends(rel) } else { None }
    }

    fn similarity(&self, rel: u32) -> Option<f32> {
        self.ties.similarity(rel)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{
        super::{
            frame::tests::{Listed, ring},
            trees::unit,
        },
        *,
    };

    /// Uses the first 40 relationships again and again, the next 160 now and then long ago, the others never.
    pub(crate) fn use_ring(learner: &mut Learner, ties: &Listed, n: u32) -> Vec<RelState> {
        let mut states = vec![RelState::default(); ties.relationships() as usize];
        let mut seed = 3;
        let log: Vec<Access> = (0..n)
            .map(|at| {
                let among = if at < n / 4 && at % 4 == 0 { 200.0 } else { 40.0 };
                let rel = (unit(&mut seed) * among) as u32;
                Access { rel, weight: 1.0, source: 1 + at % 30, kind: Kind::Attended }
            })
            .collect();
        learner.replay(ties, &mut states, &log);
        states
    }

    #[test]
    fn a_replayed_log_ends_with_a_lesson() {
        let mut learner = Learner::default();
        use_ring(&mut learner, &ring(400), 8000);
        assert_eq!(learner.clock(), 8000.0);
        assert_eq!(learner.judge.reports.len(), LESSONS_MAX);
        assert!(!learner.due() && learner.lesson.as_ref().is_some_and(|lesson| lesson.opened == 8000.0));
    }

    #[test]
    fn live_lessons_follow_each_other_and_grow() {
        let ties = ring(50);
        let mut states = vec![RelState::default(); 50];
        let mut learner = Learner::default();
        for at in 0..3000u32 {
            let access = Access { rel: at % 50, weight: 1.0, source: 0, kind: Kind::Attended };
            let noted = learner.note(&access);
            states[access.rel as usize].observe(noted.at, noted.weight, 0, Kind::Attended);
            if learner.due() {
                learner.turn(&ties, &|id| states[id as usize]);
            }
        }
        let lengths: Vec<f64> = learner.judge.reports.iter().map(|report| report.length).collect();
        assert_eq!(lengths, [180.0, 306.0, 520.0, 884.0], "from a clock of 256 on");
    }

    #[test]
    fn the_same_log_teaches_the_same() {
        let (mut one, mut other) = (Learner::default(), Learner::default());
        assert_eq!(use_ring(&mut one, &ring(400), 5000), use_ring(&mut other, &ring(400), 5000));
        assert_eq!(one.judge, other.judge);
    }

    #[test]
    fn a_log_of_everything_there_is_knows_nothing_before_its_first_access() {
        let ties = ring(200);
        let all = |learner: &mut Learner| use_ring(learner, &ties, 8000);
        let mut learner = Learner::default();
        all(&mut learner);
        let first = &learner.judge.reports[0];
        assert!(first.rows < 200.0, "{} were used until {}", first.rows, first.at - first.length);
        let mut learner = Learner::default();
        use_ring(&mut learner, &ring(400), 8000);
        assert_eq!(learner.judge.reports[0].rows, 400.0, "half of these are never used");
    }

    #[test]
    fn a_rejection_moves_no_clock() {
        let mut learner = Learner::default();
        let rejection = Access { rel: 0, weight: 1.0, source: 4, kind: Kind::Rejected };
        assert_eq!(learner.note(&rejection), Noted { at: 0.0, weight: 1.0 });
    }
}
