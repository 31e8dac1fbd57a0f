//! A lesson: what was known of relationships at one time, and what was attended from then on.

use super::{
    frame::{Frame, Ties},
    signals::{Row, SIGNALS, signals},
    state::RelState,
    trees::{Rows, unit},
};

/// The most relationships of a lesson; of more, a sample (by their ids). Bounds its memory to some 12 MB and what fitting takes to
/// seconds.
pub(crate) const LESSON_ROWS_MAX: usize = 131_072;
/// The most rows that are fitted together, beyond those attended: more made no difference.
const FIT_ROWS_MAX: usize = 196_608;
/// The longest way of the clock that expectations are about: "soon" does not grow with a graph for ever.
pub(crate) const HORIZON_MAX: f64 = 1_048_576.0;

/// A lesson that is being given, or was.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    /// The clock at its begin.
    pub(crate) opened: f64,
    /// How far the clock has run since.
    pub(crate) length: f64,
    /// The relationships in it, ascending.
    ids: Vec<u32>,
    /// Their signals at the begin, how many each stands for, and (in `counts`) how much it was attended since.
    rows: Rows,
    /// For each, the strength of its own at the begin and what is expected without a model: what learning is compared with.
    pub(crate) unlearnt: Vec<[f32; 2]>,
}

impl Lesson {
    /// Begins a lesson as the clock shows `now`, with states before any access of it.
    pub(crate) fn open(ties: &impl Ties, state: &impl Fn(u32) -> RelState, now: f64) -> Lesson {
        let frame = Frame::new(ties);
        let signals = signals(&frame, ties, state, now);
        let used = |slot: usize| state(frame.ids[slot]).total > 0.0;
        let n_used = (0..frame.len()).filter(|slot| used(*slot)).count();
        // Room for what is used first, half of it at least for what is not, unless that is fewer.
        let n_unused = frame.len() - n_used;
        let of_used = n_used.min(LESSON_ROWS_MAX - n_unused.min(LESSON_ROWS_MAX / 2));
        let of_unused = n_unused.min(LESSON_ROWS_MAX - of_used);
        let shares = [of_unused as f64 / n_unused.max(1) as f64, of_used as f64 / n_used.max(1) as f64];
        let mut lesson = Lesson { opened: now, length: 0.0, ids: vec![], rows: Rows::default(), unlearnt: vec![] };
        for slot in 0..frame.len() {
            let share = shares[usize::from(used(slot))];
            if share < 1.0 && unit(&mut !u64::from(frame.ids[slot])) >= share {
                continue;
            }
            let mut row = [0; SIGNALS];
            signals.row(slot, &mut row);
            lesson.ids.push(frame.ids[slot]);
            lesson.rows.signals.push(row);
            lesson.rows.counts.push(0.0);
            lesson.rows.weights.push((1.0 / share) as f32);
            lesson.unlearnt.push([state(frame.ids[slot]).total, signals.unlearnt(slot) as f32]);
        }
        lesson
    }

    /// Takes in an access of this weight, whether or not its relationship is among those sampled.
    pub(crate) fn observe(&mut self, rel: u32, weight: f32) {
        self.length += f64::from(weight);
        if let Ok(at) = self.ids.binary_search(&rel) {
            self.rows.counts[at] += weight;
        }
    }

    /// Returns by what a count of this lesson is multiplied to be one over the horizon: as long again as the clock showed, at
    /// most [`HORIZON_MAX`].
    fn scale(&self) -> f32 {
        (horizon(self.opened) / self.length.max(1.0)) as f32
    }

    /// Returns for each relationship its signals, its count over the horizon, and how many it stands for.
    pub(crate) fn examples(&self) -> impl Iterator<Item = (&Row, f32, f32)> {
        let Rows { signals, counts, weights, .. } = &self.rows;
        let scale = self.scale();
        signals.iter().zip(counts).zip(weights).map(move |((row, count), weight)| (row, count * scale, *weight))
    }

    /// Returns how many relationships are in it.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }
}

/// Returns how far ahead of this clock expectations reach.
pub(crate) fn horizon(clock: f64) -> f64 {
    clock.clamp(1.0, HORIZON_MAX)
}

/// Returns the rows of several lessons together. Where there are more than [`FIT_ROWS_MAX`], those that were not attended,
/// which say least, are sampled, each for several.
pub(crate) fn together(lessons: &[Lesson]) -> Rows {
    let n_rows: usize = lessons.iter().map(Lesson::len).sum();
    let n_attended = lessons.iter().flat_map(Lesson::examples).filter(|(_, count, _)| *count > 0.0).count();
    let room = FIT_ROWS_MAX.saturating_sub(n_attended).max(FIT_ROWS_MAX / 2);
    let share = (room as f64 / (n_rows - n_attended).max(1) as f64).min(1.0);
    let mut rows = Rows::default();
    for (number, lesson) in lessons.iter().enumerate() {
        for ((row, count, weight), id) in lesson.examples().zip(&lesson.ids) {
            let key = (number as u64) << 60 | u64::from(*id) << 8;
            let share = if count > 0.0 { 1.0 } else { share };
            if share < 1.0 && unit(&mut key.clone()) >= share {
                continue;
            }
            rows.signals.push(*row);
            rows.keys.push(key);
            rows.counts.push(count);
            rows.weights.push(weight / share as f32);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{super::frame::tests::ring, *};

    #[test]
    fn counts_are_told_over_the_horizon() {
        let state = |_| RelState::default();
        let mut lesson = Lesson::open(&ring(10), &state, 100.0);
        (0..50).for_each(|at| lesson.observe(at % 5, 1.0));
        let counts: Vec<f32> = lesson.examples().map(|(_, count, _)| count).collect();
        assert_eq!(counts, [20.0, 20.0, 20.0, 20.0, 20.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn of_too_many_a_sample_stands_for_all() {
        let n = LESSON_ROWS_MAX as u32 * 2;
        let used = RelState { total: 1.0, ..RelState::default() };
        let state = |id| if id % 100 == 0 { used } else { RelState::default() };
        let mut lesson = Lesson::open(&ring(n), &state, 100.0);
        (0..100).for_each(|at| lesson.observe(at * 100, 1.0));
        assert!(lesson.len().abs_diff(LESSON_ROWS_MAX) < 2000, "{}", lesson.len());
        let stands_for: f32 = lesson.examples().map(|(_, _, weight)| weight).sum();
        assert!((stands_for / n as f32 - 1.0).abs() < 0.02, "{stands_for} for {n}");
        assert_eq!(lesson.examples().filter(|(_, count, _)| *count > 0.0).count(), 100, "what is used is all there");
    }
}
