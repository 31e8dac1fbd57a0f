//! What was attended, summed over relationships that belong together, on each scale of time.

use super::{
    frame::{By, Frame, NONE, WAYS},
    state::{RelState, SCALES},
};

/// Rates are held towards the average as if the group had this many relationships more, all of them average.
const HOLD: f32 = 2.0;

/// The sums of one scale.
#[derive(Debug)]
pub(super) struct Usage {
    /// The average strength of a relationship, > 0.
    pub(super) mean: f32,
    /// Sums over groups, by [`By`].
    pub(super) sums: [Vec<f32>; WAYS],
    /// For each entity, over the relationships that start there: the sum of the logarithms of their tails' rates by type.
    pub(super) around_head: Vec<f32>,
    /// The greatest of these.
    pub(super) best_tail: Vec<f32>,
    /// For each entity, over the relationships that lead there: the sum of the logarithms of their heads' rates by type.
    pub(super) around_tail: Vec<f32>,
}

impl Usage {
    /// Returns the sums over strengths, one for each slot.
    fn new(frame: &Frame, own: &[f32]) -> Usage {
        let total: f64 = own.iter().map(|strength| f64::from(*strength)).sum();
        let mean = ((total / frame.len().max(1) as f64) as f32).max(1e-9);
        let sums = std::array::from_fn(|way| frame.groups[way].sums(own));
        let zero = vec![0.0; frame.n_entities];
        let best_tail = vec![f32::MIN; frame.n_entities];
        let mut usage = Usage { mean, sums, around_head: zero.clone(), best_tail, around_tail: zero };
        for slot in 0..frame.len() {
            let (head, tail) = (frame.heads()[slot] as usize, frame.tails()[slot] as usize);
            let at_tail = usage.rate(frame, By::TailType, slot).ln();
            usage.around_head[head] += at_tail;
            usage.best_tail[head] = usage.best_tail[head].max(at_tail);
            usage.around_tail[tail] += usage.rate(frame, By::HeadType, slot).ln();
        }
        usage
    }

    /// Returns the strength of a relationship's group per member, in units of the average relationship, held towards 1.
    pub(super) fn rate(&self, frame: &Frame, by: By, slot: usize) -> f32 {
        let groups = &frame.groups[by as usize];
        let group = groups.of[slot] as usize;
        (self.sums[by as usize][group] / self.mean + HOLD) / (groups.sizes[group] as f32 + HOLD)
    }

    /// Returns the group's share of all strength, in ten thousandths.
    pub(super) fn share(&self, frame: &Frame, by: By, slot: usize) -> f32 {
        self.sums[by as usize][frame.groups[by as usize].of[slot] as usize] / self.unit(frame)
    }

    /// Returns the share of the pair the other way round; `None` where there is none.
    pub(super) fn reverse(&self, frame: &Frame, slot: usize) -> Option<f32> {
        let group = frame.reverse[slot];
        (group != NONE).then(|| self.sums[By::Pair as usize][group as usize] / self.unit(frame))
    }

    fn unit(&self, frame: &Frame) -> f32 {
        self.mean * frame.len() as f32 / 1e4
    }
}

/// Returns the sums of every scale as the clock shows `now`.
pub(super) fn usages(frame: &Frame, state: &impl Fn(u32) -> RelState, now: f64) -> [Usage; SCALES] {
    std::array::from_fn(|scale| {
        let own: Vec<f32> = frame.ids.iter().map(|id| state(*id).strengths_at(now)[scale]).collect();
        Usage::new(frame, &own)
    })
}
