//! What is known of one relationship's use: a few numbers, updated with each access in constant time.
//!
//! **Clock.** Ages are told on the *attention clock*, which moves by what each access counts (`source`), not by the
//! wall's: a graph nobody asks forgets nothing, and no jump of a system clock can age anything.
//!
//! **Strengths.** Each access `i` of weight `w_i`, noticed when the clock showed `s_i`, counts at clock `s` as
//! `w_i ((s_i + S) / (s + S))^p`: what matters of an age is its share of the graph's own, a power law (Wickelgren 1974;
//! Brown, Neath and Chater, "A temporal ratio model of memory", Psychological Review 114, 2007, eq. 1-2). The strength of
//! power p is the sum over accesses. It is updated without the list of them: with strength `x` as of `last`,
//!
//! ```text
//! x(s) = x(last) ((last + S) / (s + S))^p        and an access adds w
//! ```
//!
//! Half of an access's weight is gone when the clock has run on by `(2^(1/p) - 1) (s_i + S)`: by 41 % of what it showed for
//! p = 2, by 6 % for p = 12.
//!
//! **Activation.** The base level of ACT-R, `ln Σ t_j^(-d)` over the ages `t_j`, d = 0.5 (Anderson and Lebiere, "The atomic
//! components of thought", 1998, eq. 4.1), in the approximation that needs only count, first and last access (Petrov,
//! "Computationally efficient approximation of the base-level learning equation in ACT-R", 2006, eq. 5, k = 1):
//!
//! ```text
//! B = ln( t_n^(-d) + (n - 1) (t_1^(1-d) - t_n^(1-d)) / ((1 - d) (t_1 - t_n)) )
//! ```

/// The powers of the decayed strengths beside the plain count (power 0): slow and fast.
pub(crate) const POWERS: [i32; 2] = [2, 12];
/// How many strengths there are, the count among them.
pub(crate) const SCALES: usize = POWERS.len() + 1;
/// What the clock is taken to have shown before the first access: keeps the first few from weighing by their order alone.
pub(crate) const CLOCK_START: f64 = 256.0;
/// The numbers that a state is stored as.
pub(crate) const STATE_NUMBERS: usize = 9;
/// ACT-R's decay.
const ACTIVATION_DECAY: f64 = 0.5;

/// What an access said of the relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It reached a result.
    Attended,
    /// Somebody said that it helped: counts as an access, and for trust.
    Rewarded,
    /// Somebody said that it did not: no access, and against trust.
    Rejected,
}

/// The use of one relationship. All zero before its first access.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RelState {
    /// The attention clock at the first access.
    pub(crate) first: f64,
    /// The attention clock at the last access.
    pub(crate) last: f64,
    /// The sum of the accesses' weights.
    pub(crate) total: f32,
    /// Decayed strengths as of `last`, one for each of [`POWERS`].
    pub(crate) strengths: [f32; POWERS.len()],
    /// Which sources were seen: a bit for each of 64 values of their hashes.
    pub(crate) sources: u64,
    /// The sum of rewards.
    pub(crate) rewards: f32,
    /// The sum of rejections.
    pub(crate) rejections: f32,
}

impl RelState {
    /// Takes in one access at clock `at` (never before the last; an earlier one counts as now), of `weight`, by the source
    /// of that hash. One of weight 0 leaves no trace.
    pub(crate) fn observe(&mut self, at: f64, weight: f32, source: u32, kind: Kind) {
        if weight == 0.0 {
            return;
        }
        match kind {
            Kind::Rejected => {
                self.rejections += weight;
                return;
            }
            Kind::Rewarded => self.rewards += weight,
            Kind::Attended => {}
        }
        if self.total == 0.0 {
            self.first = at;
            self.last = at;
        }
        let at = at.max(self.last);
        for (strength, power) in self.strengths.iter_mut().zip(POWERS) {
            *strength = *strength * fade(self.last, at, power) as f32 + weight;
        }
        self.last = at;
        self.total += weight;
        self.sources |= 1 << (source & 63);
    }

    /// Returns the strengths at clock `now`: the count, then those of [`POWERS`].
    pub(crate) fn strengths_at(&self, now: f64) -> [f32; SCALES] {
        let mut all = [self.total; SCALES];
        for (at, power) in POWERS.into_iter().enumerate() {
            all[at + 1] = self.strengths[at] * fade(self.last, now.max(self.last), power) as f32;
        }
        all
    }

    /// Returns about how many sources attended to it: linear counting (Whang et al. 1990, eq. 2) over 64 bits, at most
    /// 64 ln 64.
    pub(crate) fn distinct_sources(&self) -> f32 {
        let zeros = self.sources.count_zeros().max(1) as f32;
        -64.0 * (zeros / 64.0).ln()
    }

    /// Returns ACT-R's base-level activation at clock `now`; `None` before the first access.
    pub(crate) fn activation(&self, now: f64) -> Option<f64> {
        if self.total == 0.0 {
            return None;
        }
        let keep = 1.0 - ACTIVATION_DECAY;
        let (recent, oldest) = ((now - self.last).max(0.0) + 1.0, (now - self.first).max(0.0) + 1.0);
        let spread = (oldest - recent).max(1.0);
        let earlier =
            (f64::from(self.total) - 1.0).max(0.0) * (oldest.powf(keep) - recent.powf(keep)) / (keep * spread);
        Some((recent.powf(-ACTIVATION_DECAY) + earlier).ln())
    }

    /// Returns how far feedback lets it be believed: 1 without rejections, towards 0 with many (a Beta posterior's mean
    /// over its prior's, with one reward as prior).
    pub(crate) fn trust(&self) -> f32 {
        (1.0 + self.rewards) / (1.0 + self.rewards + self.rejections)
    }

    /// Returns the state as numbers, which [`RelState::from_numbers`] turns back into the same bits.
    pub(crate) fn to_numbers(self) -> [f64; STATE_NUMBERS] {
        let [slow, fast] = self.strengths.map(f64::from);
        let (low, high) = (f64::from(self.sources as u32), f64::from((self.sources >> 32) as u32));
        let (rewards, rejections) = (f64::from(self.rewards), f64::from(self.rejections));
        [self.first, self.last, f64::from(self.total), slow, fast, low, high, rewards, rejections]
    }

    /// Returns the state whose numbers these are.
    pub(crate) fn from_numbers(numbers: [f64; STATE_NUMBERS]) -> RelState {
        let [first, last, total, slow, fast, low, high, rewards, rejections] = numbers;
        RelState {
            first,
            last,
            total: total as f32,
            strengths: [slow as f32, fast as f32],
            sources: u64::from(low as u32) | u64::from(high as u32) << 32,
            rewards: rewards as f32,
            rejections: rejections as f32,
        }
    }
}

/// Returns what is left at `now` of weight 1 at `then`, on the scale of `power`.
fn fade(then: f64, now: f64, power: i32) -> f64 {
    ((then + CLOCK_START) / (now + CLOCK_START)).powi(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strengths_are_the_sums_they_stand_for() {
        let (mut state, mut accesses) = (RelState::default(), Vec::new());
        for step in 1..40u32 {
            let (at, weight) = (f64::from(step * step), 0.1 * (step % 7 + 1) as f32);
            state.observe(at, weight, step, Kind::Attended);
            accesses.push((at, weight));
        }
        let now = 2000.0;
        let sum =
            |power: i32| accesses.iter().map(|(at, weight)| f64::from(*weight) * fade(*at, now, power)).sum::<f64>();
        let [ever, lately, just_now] = state.strengths_at(now).map(f64::from);
        for (strength, exact) in [(ever, sum(0)), (lately, sum(POWERS[0])), (just_now, sum(POWERS[1]))] {
            assert!((strength - exact).abs() < 1e-4 * exact, "{strength} for {exact}");
        }
    }

    #[test]
    fn activation_is_near_the_sum_over_all_accesses() {
        let mut state = RelState::default();
        let times: Vec<f64> = (0..50).map(|step| 10.0 * f64::from(step)).collect();
        times.iter().for_each(|at| state.observe(*at, 1.0, 0, Kind::Attended));
        let now = 520.0;
        let exact = times.iter().map(|at| (now - at + 1.0).powf(-0.5)).sum::<f64>().ln();
        let near = state.activation(now).expect("it was attended");
        assert!((near - exact).abs() < 0.05, "{near} for {exact}");
        assert_eq!(RelState::default().activation(now), None);
    }

    #[test]
    fn feedback_moves_trust_and_a_rejection_is_no_access() {
        let mut state = RelState::default();
        state.observe(1.0, 1.0, 1, Kind::Attended);
        let before = state;
        state.observe(2.0, 1.0, 1, Kind::Rejected);
        assert_eq!((state.total, state.last, state.trust()), (before.total, before.last, 0.5));
        state.observe(3.0, 2.0, 1, Kind::Rewarded);
        assert_eq!((state.total, state.trust()), (3.0, 0.75));
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_harms_nothing() {
        let mut state = RelState::default();
        state.observe(100.0, 1.0, 1, Kind::Attended);
        state.observe(40.0, 1.0, 2, Kind::Attended);
        assert_eq!((state.last, state.strengths_at(10.0)), (100.0, [2.0; SCALES]));
    }

    #[test]
    fn sources_are_counted_about() {
        let mut state = RelState::default();
        for access in 0..300u32 {
            state.observe(f64::from(access), 1.0, access % 12, Kind::Attended);
        }
        assert!((11.0..15.0).contains(&state.distinct_sources()));
    }

    #[test]
    fn numbers_give_the_same_bits_back() {
        let mut state = RelState::default();
        for access in 0..70u32 {
            state.observe(f64::from(access) * 1.37, 0.3, access.wrapping_mul(2_654_435_761), Kind::Rewarded);
            state.observe(f64::from(access), 0.1, access, Kind::Rejected);
            assert_eq!(RelState::from_numbers(state.to_numbers()), state);
        }
    }
}
