//! Where those who walk on from what is used arrive: personalised PageRank over entities.
//!
//! `x = α s + (1 - α) Pᵀ x` (Page et al., "The PageRank citation ranking", 1999, §6; Haveliwala 2002), with restart α = 0.3
//! and what leaves at dead ends starting again. Twelve rounds leave less than (1 - α)^12 = 1.4 % undecided.

use super::frame::Frame;

const RESTART: f32 = 0.3;
const ROUNDS: usize = 12;

/// Returns for each entity the flow that arrives along relationships, shares of 1: starts are in proportion to `start` per
/// entity, choices among an entity's relationships in proportion to `weight` per slot (> 0).
pub(super) fn along(frame: &Frame, start: Vec<f32>, weight: &[f32]) -> Vec<f32> {
    let start = shares(start);
    let mut leaving = vec![0.0f32; frame.n_entities];
    for (head, weight) in frame.heads().iter().zip(weight) {
        leaving[*head as usize] += weight;
    }
    let mut flow = start.clone();
    let mut arrived = vec![0.0f32; frame.n_entities];
    for _ in 0..ROUNDS {
        arrived.fill(0.0);
        for ((head, tail), weight) in frame.heads().iter().zip(frame.tails()).zip(weight) {
            let head = *head as usize;
            arrived[*tail as usize] += flow[head] * weight / leaving[head];
        }
        let again = RESTART + (1.0 - RESTART) * (1.0 - total(&arrived));
        for ((flow, arrived), start) in flow.iter_mut().zip(&arrived).zip(&start) {
            *flow = (1.0 - RESTART) * arrived + again * start;
        }
    }
    flow
}

/// Returns the flow along relationships in both directions, all of an entity's alike.
pub(super) fn both_ways(frame: &Frame, start: Vec<f32>) -> Vec<f32> {
    let start = shares(start);
    let degree = |entity: usize| (frame.outs()[entity] + frame.ins()[entity]) as f32;
    let mut flow = start.clone();
    let mut arrived = vec![0.0f32; frame.n_entities];
    for _ in 0..ROUNDS {
        arrived.fill(0.0);
        for (entity, flow) in flow.iter_mut().enumerate() {
            *flow /= degree(entity);
        }
        for (head, tail) in frame.heads().iter().zip(frame.tails()) {
            arrived[*tail as usize] += flow[*head as usize];
            arrived[*head as usize] += flow[*tail as usize];
        }
        for ((flow, arrived), start) in flow.iter_mut().zip(&arrived).zip(&start) {
            *flow = (1.0 - RESTART) * arrived + RESTART * start;
        }
    }
    flow
}

fn shares(mut of: Vec<f32>) -> Vec<f32> {
    let sum = total(&of).max(f32::MIN_POSITIVE);
    of.iter_mut().for_each(|one| *one /= sum);
    of
}

fn total(of: &[f32]) -> f32 {
    of.iter().map(|one| f64::from(*one)).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
    use super::{super::frame::tests::ring, *};

    #[test]
    fn nothing_is_lost_and_what_is_near_gets_more() {
        let frame = Frame::new(&ring(10));
        let start = |at: usize| (0..10).map(|entity| if entity == at { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
        let ahead = along(&frame, start(3), &[1.0; 10]);
        assert!((total(&ahead) - 1.0).abs() < 1e-5);
        assert!(ahead[4] > ahead[5] && ahead[5] > ahead[6] && ahead[6] > ahead[2]);
        let both = both_ways(&frame, start(3));
        assert!((total(&both) - 1.0).abs() < 1e-5);
        assert!((both[2] - both[4]).abs() < 1e-6 && both[4] > both[5]);
    }

    #[test]
    fn it_is_what_the_equation_says() {
        let frame = Frame::new(&ring(4));
        let flow = along(&frame, vec![1.0, 0.0, 0.0, 0.0], &[1.0; 4]);
        let cycle = 1.0 - 0.7f64.powi(4);
        for (entity, flow) in flow.iter().enumerate() {
            let exact = 0.3 * 0.7f64.powi(entity as i32) / cycle;
            assert!((f64::from(*flow) - exact).abs() < 0.014, "{entity}: {flow} for {exact}");
        }
    }
}
