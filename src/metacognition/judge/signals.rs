//! The signals: what may tell whether a relationship is attended soon. Each is a number on a logarithmic or linear scale,
//! kept as a byte: `round(10 (x + 12.5))`, so that steps are a tenth and what is out of -12.5 … 13 counts as at the border.
//!
//! Every signal is relative, to the average relationship or to the age of the whole, so that what was learnt when the graph
//! was young holds when it is older.

use super::{
    flow,
    frame::{By, Frame, Ties},
    meeting::meetings,
    state::{CLOCK_START, RelState, SCALES},
    usage::{Usage, usages},
};

/// What a signal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// How often and how lately it was itself attended, and by how many.
    Own,
    /// How much its ends are attended.
    Ends,
    /// How much its type is attended, at large or at its ends.
    Type,
    /// How much others between the same two entities are attended, in either direction.
    Pair,
    /// How much those are attended that its ends are tied to.
    Neighbours,
    /// How much of the flow from what is used arrives.
    Flow,
    /// How its surroundings are built, used or not.
    Shape,
    /// How similar its content is to what is attended.
    Similarity,
}

/// All families, in the order in which they are told of.
pub(crate) const FAMILIES: [(Family, &str); 8] = [
    (Family::Own, "own use"),
    (Family::Ends, "use of its ends"),
    (Family::Type, "use of its type"),
    (Family::Pair, "use between the same two"),
    (Family::Neighbours, "use of neighbours"),
    (Family::Flow, "flow"),
    (Family::Shape, "shape"),
    (Family::Similarity, "similarity"),
];

/// The signals that there are once for each scale of time.
const OF_SCALE: [(Family, &str); 16] = [
    (Family::Own, "strength"),
    (Family::Own, "strength to average"),
    (Family::Ends, "rate of head"),
    (Family::Ends, "rate of tail"),
    (Family::Type, "rate of type"),
    (Family::Type, "rate of head and type"),
    (Family::Type, "rate of tail and type"),
    (Family::Pair, "rate of pair"),
    (Family::Type, "share of head and type"),
    (Family::Type, "share of tail and type"),
    (Family::Pair, "share of pair"),
    (Family::Pair, "share of pair reversed"),
    (Family::Neighbours, "tails of head, average"),
    (Family::Neighbours, "tails of head, best"),
    (Family::Neighbours, "tails of head, all"),
    (Family::Neighbours, "heads of tail, average"),
];

/// The other signals.
const ONCE: [(Family, &str); 27] = [
    (Family::Own, "age of last access"),
    (Family::Own, "age of first access"),
    (Family::Own, "activation"),
    (Family::Own, "sources"),
    (Family::Ends, "age of head's last access"),
    (Family::Ends, "age of tail's last access"),
    (Family::Flow, "flow at head"),
    (Family::Flow, "flow at tail"),
    (Family::Flow, "flow through"),
    (Family::Flow, "flow by use at head"),
    (Family::Flow, "flow by use at tail"),
    (Family::Flow, "flow by use through"),
    (Family::Flow, "flow both ways at head"),
    (Family::Flow, "flow both ways at tail"),
    (Family::Flow, "flow both ways through"),
    (Family::Shape, "outs of head"),
    (Family::Shape, "ins of head"),
    (Family::Shape, "outs of tail"),
    (Family::Shape, "ins of tail"),
    (Family::Shape, "size of head and type"),
    (Family::Shape, "size of tail and type"),
    (Family::Shape, "size of pair"),
    (Family::Shape, "between head and tail"),
    (Family::Shape, "before both"),
    (Family::Shape, "behind both"),
    (Family::Shape, "back from tail to head"),
    (Family::Similarity, "similarity"),
];

/// How many signals there are.
pub(crate) const SIGNALS: usize = OF_SCALE.len() * SCALES + ONCE.len();

/// The names of the scales.
const SCALE_NAMES: [&str; SCALES] = ["ever", "lately", "just now"];

/// The signals of one relationship.
pub(crate) type Row = [u8; SIGNALS];

/// Returns family and name of a signal.
pub(crate) fn signal(at: usize) -> (Family, String) {
    match at.checked_sub(OF_SCALE.len() * SCALES) {
        Some(at) => (ONCE[at].0, ONCE[at].1.to_owned()),
        None => {
            let (scale, at) = (at / OF_SCALE.len(), at % OF_SCALE.len());
            (OF_SCALE[at].0, format!("{}, {}", OF_SCALE[at].1, SCALE_NAMES[scale]))
        }
    }
}

/// Flows that arrive at entities.
struct Flows {
    plain: Vec<f32>,
    by_use: Vec<f32>,
    /// What leaves an entity by use, before it is divided.
    leaving: Vec<f32>,
    both_ways: Vec<f32>,
}

/// Everything that rows are made of, for a graph and its use at one time.
pub(crate) struct Signals<'a, T, S, M> {
    frame: &'a Frame,
    ties: &'a T,
    state: &'a S,
    now: f64,
    usages: [Usage; SCALES],
    /// When something at each entity was last attended, as head and as tail: shares of the clock.
    last: [Vec<f32>; 2],
    flows: Flows,
    meetings: M,
}

/// Returns what rows are made of: states of relationships by id, as the clock shows `now`.
///
/// # Complexity
/// O(relationships) for sums and flows; a row is O(1) but for the triangles, at most 256 look-ups.
pub(crate) fn signals<'a, T: Ties, S: Fn(u32) -> RelState>(
    frame: &'a Frame,
    ties: &'a T,
    state: &'a S,
    now: f64,
) -> Signals<'a, T, S, impl Fn(usize) -> [f32; 4]> {
    let usages = usages(frame, state, now);
    let mut last = [vec![0.0f32; frame.n_entities], vec![0.0f32; frame.n_entities]];
    for (slot, id) in frame.ids.iter().enumerate() {
        let state = state(*id);
        if state.total > 0.0 {
            let share = 1.0 - age(state.last, now);
            for (last, entity) in last.iter_mut().zip([frame.heads()[slot], frame.tails()[slot]]) {
                last[entity as usize] = last[entity as usize].max(share);
            }
        }
    }
    let flows = Flows::new(frame, state, now, &usages);
    Signals { frame, ties, state, now, usages, last, flows, meetings: meetings(frame) }
}

impl Flows {
    fn new(frame: &Frame, state: &impl Fn(u32) -> RelState, now: f64, usages: &[Usage; SCALES]) -> Flows {
        let used = |usage: &Usage, by: By| usage.sums[by as usize].clone();
        let starts = used(&usages[0], By::Head).into_iter().map(|sum| sum + 0.01).collect();
        let plain = flow::along(frame, starts, &vec![1.0; frame.len()]);
        let weights: Vec<f32> = (0..frame.len()).map(|slot| choice(frame, state, now, &usages[0], slot)).collect();
        let mut leaving = vec![0.0; frame.n_entities];
        for (head, weight) in frame.heads().iter().zip(&weights) {
            leaving[*head as usize] += weight;
        }
        let by_use = flow::along(frame, vec![1.0; frame.n_entities], &weights);
        let ends = used(&usages[1], By::Head).into_iter().zip(&usages[1].sums[By::Tail as usize]);
        let both_ways = flow::both_ways(frame, ends.map(|(head, tail)| head + tail + 0.001).collect());
        Flows { plain, by_use, leaving, both_ways }
    }
}

/// Returns how much a walker is drawn to a relationship: by its own use, and by the use of where it leads.
fn choice(frame: &Frame, state: &impl Fn(u32) -> RelState, now: f64, usage: &Usage, slot: usize) -> f32 {
    let own = state(frame.ids[slot]).strengths_at(now)[0];
    0.5 + usage.sums[By::Tail as usize][frame.tails()[slot] as usize] + 5.0 * own
}

/// Returns an age as a share of the clock's own.
fn age(then: f64, now: f64) -> f32 {
    (1.0 - (then + CLOCK_START) / (now + CLOCK_START)) as f32
}

/// Puts numbers into a row, in the order of the catalogue.
struct Writer<'a> {
    row: &'a mut Row,
    at: usize,
}

impl Writer<'_> {
    fn linear(&mut self, number: f32) {
        self.row[self.at] = ((number + 12.5) * 10.0).round().clamp(0.0, 255.0) as u8;
        self.at += 1;
    }

    fn logarithm(&mut self, number: f32) {
        self.linear(number.max(1e-6).ln());
    }
}

impl<T: Ties, S: Fn(u32) -> RelState, M: Fn(usize) -> [f32; 4]> Signals<'_, T, S, M> {
    /// Writes the signals of the relationship in a slot.
    pub(crate) fn row(&self, slot: usize, row: &mut Row) {
        let frame = self.frame;
        let state = (self.state)(frame.ids[slot]);
        let mut writer = Writer { row, at: 0 };
        for (usage, own) in self.usages.iter().zip(state.strengths_at(self.now)) {
            self.of_scale(usage, own, slot, &mut writer);
        }
        let ends = [frame.heads()[slot] as usize, frame.tails()[slot] as usize];
        let seen = state.total > 0.0;
        // Ages reach 12; never is beyond.
        writer.linear(if seen { 12.0 * age(state.last, self.now) } else { 12.9 });
        writer.linear(if seen { 12.0 * age(state.first, self.now) } else { 12.9 });
        writer.linear(state.activation(self.now).map_or(-12.4, |activation| 2.0 * activation as f32));
        writer.logarithm(state.distinct_sources() + 0.01);
        for (last, end) in self.last.iter().zip(ends) {
            writer.linear(12.0 * (1.0 - last[end]));
        }
        self.flow(slot, ends, &mut writer);
        for end in ends {
            writer.logarithm(frame.outs()[end] as f32);
            writer.logarithm(frame.ins()[end] as f32);
        }
        for by in [By::HeadType, By::TailType, By::Pair] {
            let groups = &frame.groups[by as usize];
            writer.logarithm(groups.sizes[groups.of[slot] as usize] as f32);
        }
        for share in (self.meetings)(slot) {
            writer.logarithm(share);
        }
        writer.linear(self.ties.similarity(frame.ids[slot]).map_or(-12.5, |cosine| 12.0 * cosine));
        debug_assert_eq!(writer.at, SIGNALS);
    }

    fn of_scale(&self, usage: &Usage, own: f32, slot: usize, writer: &mut Writer) {
        let frame = self.frame;
        let (head, tail) = (frame.heads()[slot] as usize, frame.tails()[slot] as usize);
        writer.logarithm(own + 0.02);
        writer.logarithm(own / usage.mean + 0.01);
        for by in [By::Head, By::Tail, By::Type, By::HeadType, By::TailType, By::Pair] {
            writer.logarithm(usage.rate(frame, by, slot));
        }
        for by in [By::HeadType, By::TailType, By::Pair] {
            writer.logarithm(usage.share(frame, by, slot) + 0.01);
        }
        writer.logarithm(usage.reverse(frame, slot).map_or(0.0, |share| share + 0.01));
        let (around_head, around_tail) = (usage.around_head[head], usage.around_tail[tail]);
        writer.linear(3.0 * around_head / frame.outs()[head] as f32);
        writer.linear(2.0 * usage.best_tail[head]);
        writer.linear(around_head.signum() * around_head.abs().sqrt());
        writer.linear(3.0 * around_tail / frame.ins()[tail] as f32);
    }

    fn flow(&self, slot: usize, ends: [usize; 2], writer: &mut Writer) {
        let frame = self.frame;
        let [head, _] = ends;
        let outs = frame.outs()[head] as f32;
        let drawn = choice(frame, self.state, self.now, &self.usages[0], slot) / self.flows.leaving[head];
        let all = [
            (&self.flows.plain, 1.0 / outs),
            (&self.flows.by_use, drawn),
            (&self.flows.both_ways, 1.0 / (outs + frame.ins()[head] as f32)),
        ];
        for (flow, part) in all {
            for end in ends {
                writer.logarithm(flow[end] * frame.n_entities as f32);
            }
            writer.logarithm(flow[head] * part * frame.len() as f32);
        }
    }

    /// Returns the logarithm of what may be expected of a relationship before anything was learnt: its own strength, and
    /// half of what it would be if its ends were attended independently of each other.
    pub(crate) fn unlearnt(&self, slot: usize) -> f64 {
        let (frame, usage) = (self.frame, &self.usages[0]);
        let sum = |by: By| usage.sums[by as usize][frame.groups[by as usize].of[slot] as usize] + 0.1;
        let total = usage.mean * frame.len() as f32;
        let own = (self.state)(frame.ids[slot]).total;
        f64::from(own + 0.5 * sum(By::Head) * sum(By::Tail) / (total + 1.0)).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            frame::tests::{Listed, ring},
            state::Kind,
        },
        *,
    };

    #[test]
    fn what_is_used_more_shows_more() {
        let ties = ring(12);
        let frame = Frame::new(&ties);
        let mut used = RelState::default();
        (0..5).for_each(|at| used.observe(f64::from(at), 1.0, at as u32, Kind::Attended));
        let state = |id| if id == 4 { used } else { RelState::default() };
        let signals = signals(&frame, &ties, &state, 5.0);
        let (mut row, mut next, mut far) = ([0; SIGNALS], [0; SIGNALS], [0; SIGNALS]);
        signals.row(4, &mut row);
        signals.row(5, &mut next);
        signals.row(10, &mut far);
        let by_name = |name: &str| (0..SIGNALS).find(|at| signal(*at).1 == name).expect("a signal of that name");
        for name in ["strength, ever", "rate of head, lately", "share of pair, just now", "sources"] {
            assert!(row[by_name(name)] > next[by_name(name)], "{name}");
        }
        for name in ["flow through", "tails of head, average, ever", "flow both ways at head"] {
            assert!(next[by_name(name)].max(row[by_name(name)]) > far[by_name(name)], "{name}");
        }
        assert!(signals.unlearnt(4) > signals.unlearnt(10));
    }

    #[test]
    fn every_signal_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> = (0..SIGNALS).map(|at| signal(at).1).collect();
        assert_eq!(names.len(), SIGNALS);
    }

    #[test]
    fn a_graph_without_relationships_has_no_rows() {
        let ties = Listed::new(&[]);
        let frame = Frame::new(&ties);
        let state = |_| RelState::default();
        signals(&frame, &ties, &state, 0.0);
        assert_eq!(frame.len(), 0);
    }
}
