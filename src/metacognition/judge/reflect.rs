//! What the judge tells of itself: how well each lesson was foreseen, what was learnt of which signals, what it gained.

use super::{
    lesson::Lesson,
    model::{Calibration, Judge},
    signals::{FAMILIES, SIGNALS, signal},
    trees::Trees,
};

/// The upper borders of the bins of probabilities, the last one 1.
const BINS: [f64; 8] = [0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.8, 1.0];
/// The share of relationships that foresight is measured at: how many of the accesses went to those judged highest.
const KEPT: f64 = 0.2;

/// One bin: how many relationships were foreseen with such a probability, with which on average, and how many were attended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Bin {
    /// Relationships.
    pub(crate) n: f64,
    /// The sum of their probabilities.
    pub(crate) foreseen: f64,
    /// Those that were attended.
    pub(crate) attended: f64,
}

/// What one lesson brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// The clock at its end.
    pub(crate) at: f64,
    /// How far the clock ran during it.
    pub(crate) length: f64,
    /// How many relationships were in it.
    pub(crate) rows: f64,
    /// The share of its accesses that went to the fifth of relationships judged highest before it: by frequency alone, by
    /// frequency and ends without learning, by what was learnt until then (as the latter before the first lesson).
    pub(crate) kept: [f64; 3],
    /// The correction that it led to.
    pub(crate) calibration: Calibration,
    /// Probabilities foreseen before it and what came of them; empty for the first lesson.
    pub(crate) bins: [Bin; BINS.len()],
    /// What each family of signals gains in what was learnt from it, shares of 1.
    pub(crate) families: [f64; FAMILIES.len()],
}

/// A row of what the judge tells of itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reflection {
    /// What kind: `calibration`, `signal`, `policy`, `gain`.
    pub(crate) kind: &'static str,
    /// Of what.
    pub(crate) subject: String,
    /// The number.
    pub(crate) value: f64,
    /// What it means.
    pub(crate) reason: String,
}

impl Report {
    /// The most that are kept.
    pub(crate) const KEPT_MAX: usize = 64;

    /// Returns what a lesson brought: `foreseen` are the scores of the model before it, `trees` is the one after.
    pub(super) fn new(lesson: &Lesson, foreseen: Option<&[f64]>, trees: &Trees, calibration: Calibration) -> Report {
        let frequency: Vec<f64> = lesson.unlearnt.iter().map(|[own, _]| f64::from(*own)).collect();
        let unlearnt: Vec<f64> = lesson.unlearnt.iter().map(|[_, score]| f64::from(*score)).collect();
        let kept = [&frequency, &unlearnt, foreseen.unwrap_or(&unlearnt)].map(|scores| kept(scores, lesson));
        let mut bins = [Bin::default(); BINS.len()];
        for ((_, count, weight), score) in lesson.examples().zip(foreseen.unwrap_or_default()) {
            let expected = calibration.correct(*score).exp();
            let probability = expected / (1.0 + expected);
            let bin = &mut bins[BINS.iter().position(|border| probability <= *border).unwrap_or(BINS.len() - 1)];
            bin.n += f64::from(weight);
            bin.foreseen += probability * f64::from(weight);
            bin.attended += f64::from(weight) * f64::from(u8::from(count > 0.0));
        }
        let (at, rows) = (lesson.opened + lesson.length, lesson.len() as f64);
        Report { at, length: lesson.length, rows, kept, calibration, bins, families: families(trees) }
    }
}

/// Returns the share of a lesson's accesses that went to the relationships of highest scores; equals share alike.
fn kept(scores: &[f64], lesson: &Lesson) -> f64 {
    let mut all: Vec<(f64, f64, f64)> = lesson
        .examples()
        .zip(scores)
        .map(|((_, count, weight), score)| (*score, f64::from(weight), f64::from(count) * f64::from(weight)))
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (room, total) = all.iter().fold((0.0, 0.0), |sum, (_, weight, count)| (sum.0 + KEPT * weight, sum.1 + count));
    let (mut left, mut sum) = (room, 0.0);
    for equals in all.chunk_by(|a, b| a.0 == b.0) {
        let (weight, count) = equals.iter().fold((0.0, 0.0), |sum, (_, weight, count)| (sum.0 + weight, sum.1 + count));
        sum += count * (left / weight).min(1.0);
        left -= weight;
        if left <= 0.0 {
            break;
        }
    }
    if total > 0.0 { sum / total } else { 0.0 }
}

fn families(trees: &Trees) -> [f64; FAMILIES.len()] {
    let mut sums = [0.0; FAMILIES.len()];
    let total: f64 = trees.gains.iter().sum();
    for (at, gain) in trees.gains.iter().enumerate() {
        sums[signal(at).0 as usize] += gain / total.max(1e-12);
    }
    sums
}

impl Judge {
    /// Returns what the judge tells of itself: calibration of the last lesson, the share of each family and of the ten best
    /// signals in what it goes by, how these shares changed with each lesson after the clock showed `since`, and what was
    /// gained by it.
    pub(crate) fn reflect(&self, since: f64) -> Vec<Reflection> {
        let mut rows = Vec::new();
        let mut row = |kind, subject: String, value, reason: String| {
            rows.push(Reflection { kind, subject, value, reason });
        };
        if let Some(last) = self.reports.last() {
            for (bin, upper) in last.bins.iter().zip(BINS).filter(|(bin, _)| bin.n > 0.0) {
                let (foreseen, attended) = (bin.foreseen / bin.n, bin.attended / bin.n);
                let reason = format!(
                    "{:.0} relationships were foreseen to be attended with {foreseen:.4} on average, {attended:.4} were",
                    bin.n
                );
                row("calibration", format!("up to {upper}"), attended - foreseen, reason);
            }
            for ((_, name), share) in FAMILIES.iter().zip(last.families) {
                row("signal", (*name).to_owned(), share, "share of what the mixing gains by this family".to_owned());
            }
        }
        if let Some(trees) = &self.trees {
            let total = trees.gains.iter().sum::<f64>().max(1e-12);
            let mut best: Vec<usize> = (0..SIGNALS).filter(|at| trees.gains[*at] > 0.0).collect();
            best.sort_by(|a, b| trees.gains[*b].total_cmp(&trees.gains[*a]));
            for at in best.into_iter().take(10) {
                row("signal", signal(at).1, trees.gains[at] / total, "share of what the mixing gains by it".to_owned());
            }
        }
        for (at, report) in self.reports.iter().enumerate().filter(|(_, report)| report.at >= since) {
            let [frequency, unlearnt, learnt] = report.kept;
            let reason = format!(
                "of the {:.0} accesses until {:.0}, the fifth of relationships judged highest before had {learnt:.4}; by \
                 frequency alone {frequency:.4}, by frequency and ends {unlearnt:.4}",
                report.length, report.at
            );
            row("gain", format!("lesson ended at {:.0}", report.at), learnt - frequency, reason);
            let Calibration { offset, slope } = report.calibration;
            let reason = format!("expectations corrected by offset {offset:.3} and slope {slope:.3}");
            row("policy", format!("calibration at {:.0}", report.at), slope, reason);
            let Some(before) = at.checked_sub(1).map(|before| &self.reports[before]) else { continue };
            for ((_, name), (old, new)) in FAMILIES.iter().zip(before.families.iter().zip(report.families)) {
                if (new - old).abs() >= 0.01 {
                    let reason = format!("its share went from {old:.3} to {new:.3}");
                    row("policy", format!("{name} at {:.0}", report.at), new - old, reason);
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::super::{frame::tests::ring, learner::Learner, learner::tests::use_ring};

    #[test]
    fn it_tells_how_well_it_foresaw_and_by_what() {
        let mut learner = Learner::default();
        use_ring(&mut learner, &ring(400), 8000);
        let rows = learner.judge.reflect(0.0);
        let of = |kind: &str| rows.iter().filter(|row| row.kind == kind).collect::<Vec<_>>();
        assert!(of("calibration").len() >= 2);
        assert!(of("calibration").iter().all(|row| row.value.abs() < 0.35), "{rows:#?}");
        assert!((of("signal")[..8].iter().map(|row| row.value).sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!(of("gain").len(), 3);
        let late = learner.judge.reflect(7000.0);
        assert_eq!(late.iter().filter(|row| row.kind == "gain").count(), 1);
    }
}
