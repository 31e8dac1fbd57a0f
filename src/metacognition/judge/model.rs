//! The judge: what was learnt, and what it says of relationships.

use super::{
    frame::{Frame, Ties},
    lesson::{Lesson, together},
    reflect::Report,
    signals::{FAMILIES, Family, Row, SIGNALS, signal, signals},
    state::RelState,
    trees::{Growth, Trees},
};

/// How expectations are corrected: `ln μ' = offset + slope ln μ`, as the last lesson showed of the model before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Calibration {
    /// Added to the logarithm.
    pub(crate) offset: f64,
    /// The logarithm is multiplied by this; below 1 where the model was too sure.
    pub(crate) slope: f64,
}

impl Default for Calibration {
    fn default() -> Calibration {
        Calibration { offset: 0.0, slope: 1.0 }
    }
}

/// What was learnt of attention.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Judge {
    /// The mixing of signals; none before the first lesson is over.
    pub(crate) trees: Option<Trees>,
    /// Its correction.
    pub(crate) calibration: Calibration,
    /// What each lesson brought, the oldest first.
    pub(crate) reports: Vec<Report>,
}

/// Why a relationship is judged as it is. `ln(expected) = offset + slope (start + Σ parts)`, and
/// `salience = trust × expected / (1 + expected)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reasons {
    /// The relationship.
    pub(crate) rel: u32,
    /// Its salience.
    pub(crate) salience: f32,
    /// How much it is expected to be attended over the horizon.
    pub(crate) expected: f64,
    /// What feedback leaves of it.
    pub(crate) trust: f32,
    /// What is said of any relationship, a logarithm.
    pub(crate) start: f64,
    /// What each signal adds to the logarithm: family, name, part; those that add most, either way, first.
    pub(crate) parts: Vec<(Family, String, f64)>,
    /// The correction.
    pub(crate) calibration: Calibration,
}

impl Judge {
    /// Learns from lessons, the last of which has just ended and was not learnt from before: looks first how well it was
    /// foreseen, corrects by that, then fits the mixing anew.
    pub(crate) fn learn(&mut self, lessons: &[Lesson]) {
        let Some(last) = lessons.last() else { return };
        let foreseen: Option<Vec<f64>> =
            self.trees.as_ref().map(|trees| last.examples().map(|(row, _, _)| trees.score(row)).collect());
        if let Some(scores) = &foreseen {
            self.calibration = calibrate(scores, last);
        }
        let rows = together(lessons);
        let trees = Trees::fit(&rows, &Growth::of(rows.counts.len()));
        let report = Report::new(last, foreseen.as_deref(), &trees, self.calibration);
        self.reports.push(report);
        if self.reports.len() > Report::KEPT_MAX {
            self.reports.remove(0);
        }
        self.trees = Some(trees);
    }

    /// Judges every relationship: how likely it is to be attended soon. The salience of relationship i is at i, in 0 … 1 and
    /// greater than 0; 0 where there is none.
    ///
    /// With μ accesses expected, the probability of at least one is `μ / (1 + μ)`: a Poisson number whose mean is itself
    /// uncertain (exponential, so that the count is geometric), which never rounds to certainty.
    pub(crate) fn judge(&self, ties: &impl Ties, state: &impl Fn(u32) -> RelState, now: f64) -> Vec<f32> {
        let mut all = vec![0.0; ties.relationships() as usize];
        let frame = Frame::new(ties);
        let signals = signals(&frame, ties, state, now);
        let mut row = [0; SIGNALS];
        for (slot, id) in frame.ids.iter().enumerate() {
            let expected = match &self.trees {
                Some(trees) => {
                    signals.row(slot, &mut row);
                    self.calibration.correct(trees.score(&row)).exp()
                }
                None => signals.unlearnt(slot).exp(),
            };
            all[*id as usize] = salience(expected, state(*id).trust());
        }
        all
    }

    /// Returns why these relationships are judged as they are; those that do not exist are left out.
    pub(crate) fn reasons(
        &self,
        ties: &impl Ties,
        state: &impl Fn(u32) -> RelState,
        now: f64,
        rels: &[u32],
    ) -> Vec<Reasons> {
        let frame = Frame::new(ties);
        let signals = signals(&frame, ties, state, now);
        let slots = rels.iter().filter_map(|rel| Some((*rel, frame.slot(*rel)?)));
        let reasons = slots.map(|(rel, slot)| {
            let mut row: Row = [0; SIGNALS];
            signals.row(slot, &mut row);
            let trust = state(rel).trust();
            let Some(trees) = &self.trees else {
                let start = signals.unlearnt(slot);
                let (expected, calibration) = (start.exp(), Calibration::default());
                let salience = salience(expected, trust);
                return Reasons { rel, salience, expected, trust, start, parts: Vec::new(), calibration };
            };
            let parts = trees.parts(&row);
            let mut parts: Vec<(Family, String, f64)> = (0..SIGNALS)
                .filter(|at| parts[*at] != 0.0)
                .map(|at| {
                    let (family, name) = signal(at);
                    (family, name, parts[at])
                })
                .collect();
            parts.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
            let expected = self.calibration.correct(trees.score(&row)).exp();
            let salience = salience(expected, trust);
            Reasons { rel, salience, expected, trust, start: trees.start(), parts, calibration: self.calibration }
        });
        reasons.collect()
    }
}

impl Reasons {
    /// Returns the parts summed by family, in the order of [`FAMILIES`].
    pub(crate) fn families(&self) -> [f64; FAMILIES.len()] {
        let mut sums = [0.0; FAMILIES.len()];
        for (family, _, part) in &self.parts {
            sums[*family as usize] += part;
        }
        sums
    }
}

/// The least salience: never 0.
const SALIENCE_MIN: f32 = 1e-9;

fn salience(expected: f64, trust: f32) -> f32 {
    ((expected / (1.0 + expected)) as f32 * trust).max(SALIENCE_MIN)
}

impl Calibration {
    /// Returns the corrected logarithm of an expectation.
    pub(crate) fn correct(self, score: f64) -> f64 {
        self.offset + self.slope * score
    }
}

/// Fits offset and slope to what came of a lesson, by Newton's method on the Poisson deviance, held towards (0, 1); the slope
/// stays within 0.5 … 1.5 and so never turns an order round.
fn calibrate(scores: &[f64], lesson: &Lesson) -> Calibration {
    const HOLD: f64 = 10.0;
    let mut now = Calibration::default();
    for _ in 0..20 {
        let (mut a, mut b) = (HOLD * now.offset, HOLD * (now.slope - 1.0));
        let (mut aa, mut ab, mut bb) = (HOLD, 0.0, HOLD);
        for ((_, count, weight), score) in lesson.examples().zip(scores) {
            let (count, weight) = (f64::from(count), f64::from(weight));
            let mean = now.correct(*score).min(20.0).exp();
            a += weight * (mean - count);
            b += weight * (mean - count) * score;
            aa += weight * mean;
            ab += weight * mean * score;
            bb += weight * mean * score * score;
        }
        let determinant = aa * bb - ab * ab;
        if determinant <= 1e-9 {
            break;
        }
        let step = [(bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant];
        now.offset = (now.offset - step[0].clamp(-1.0, 1.0)).clamp(-3.0, 3.0);
        now.slope = (now.slope - step[1].clamp(-0.25, 0.25)).clamp(0.5, 1.5);
        if step[0].abs() + step[1].abs() < 1e-6 {
            break;
        }
    }
    now
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            frame::tests::{Listed, ring},
            learner::{Learner, tests::use_ring},
        },
        *,
    };

    #[test]
    fn what_is_used_regularly_is_judged_highest_and_reasons_add_up() {
        let ties = ring(400);
        let mut learner = Learner::default();
        let states = use_ring(&mut learner, &ties, 8000);
        let state = |id: u32| states[id as usize];
        let all = learner.judge.judge(&ties, &state, learner.clock());
        let mean = |of: std::ops::Range<usize>| all[of.clone()].iter().sum::<f32>() / of.len() as f32;
        assert!(mean(0..40) > 0.9, "in use: {}", mean(0..40));
        assert!(mean(200..400) < 0.2, "never used: {}", mean(200..400));
        assert!(all.iter().all(|salience| *salience > 0.0));
        for reasons in learner.judge.reasons(&ties, &state, learner.clock(), &[3, 250, 4000]) {
            let sum = reasons.start + reasons.families().iter().sum::<f64>();
            assert!((reasons.calibration.correct(sum).exp() / reasons.expected - 1.0).abs() < 1e-3);
            assert_eq!(reasons.salience, all[reasons.rel as usize]);
        }
    }

    #[test]
    fn before_any_lesson_use_and_ends_count() {
        let ties = Listed::new(&[(0, 0, 1), (0, 0, 2), (3, 0, 4)]);
        let used = RelState { total: 2.0, ..RelState::default() };
        let state = |id: u32| if id == 0 { used } else { RelState::default() };
        let all = Judge::default().judge(&ties, &state, 2.0);
        assert!(all[0] > all[1] && all[1] > all[2] && all[2] > 0.0);
    }

    #[test]
    fn rejections_lower_and_never_to_nothing() {
        let ties = ring(3);
        let rejected = RelState { total: 5.0, rejections: 9.0, ..RelState::default() };
        let used = RelState { total: 5.0, ..RelState::default() };
        let state = |id: u32| if id == 0 { rejected } else { used };
        let all = Judge::default().judge(&ties, &state, 5.0);
        assert!((all[0] / all[1] - 0.1).abs() < 1e-6);
    }
}
