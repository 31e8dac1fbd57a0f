//! How many entities stand between the two ends of a relationship: closed triangles, by direction.

use super::frame::Frame;

/// The most neighbours of the end with fewer that are looked up; of more, evenly spaced ones stand for all. Keeps hubs that
/// meet hubs from costing the product of their degrees.
const LOOKED_UP_MAX: usize = 64;

/// Neighbours of every entity, sorted, each once.
struct Neighbours {
    from: Vec<u32>,
    all: Vec<u32>,
}

impl Neighbours {
    fn new(of: &[u32], to: &[u32], n_entities: usize) -> Neighbours {
        let mut from = vec![0u32; n_entities + 1];
        for entity in of {
            from[*entity as usize + 1] += 1;
        }
        for entity in 0..n_entities {
            from[entity + 1] += from[entity];
        }
        let (mut all, mut free) = (vec![0; of.len()], from.clone());
        for (entity, other) in of.iter().zip(to) {
            let place = &mut free[*entity as usize];
            all[*place as usize] = *other;
            *place += 1;
        }
        for entity in 0..n_entities {
            all[from[entity] as usize..from[entity + 1] as usize].sort_unstable();
        }
        Neighbours { from, all }
    }

    fn of(&self, entity: u32) -> &[u32] {
        &self.all[self.from[entity as usize] as usize..self.from[entity as usize + 1] as usize]
    }
}

/// Returns the share of the shorter list that is found in the other: (found + 0.1) / (length + 1).
fn shared(a: &[u32], b: &[u32]) -> f32 {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let step = few.len().div_ceil(LOOKED_UP_MAX).max(1);
    let found = few.iter().step_by(step).filter(|entity| many.binary_search(entity).is_ok()).count() * step;
    (found as f32 + 0.1) / (few.len() as f32 + 1.0)
}

/// Returns for each slot (head h, tail t) four shares, of entities c with h→c→t, c→h and c→t, h→c and t→c, and t→c→h.
pub(super) fn meetings(frame: &Frame) -> impl Fn(usize) -> [f32; 4] {
    let outs = Neighbours::new(frame.heads(), frame.tails(), frame.n_entities);
    let ins = Neighbours::new(frame.tails(), frame.heads(), frame.n_entities);
    move |slot| {
        let (head, tail) = (frame.heads()[slot], frame.tails()[slot]);
        let (from, to) = ((outs.of(head), ins.of(head)), (outs.of(tail), ins.of(tail)));
        [shared(from.0, to.1), shared(from.1, to.1), shared(from.0, to.0), shared(from.1, to.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::{super::frame::tests::Listed, *};

    #[test]
    fn shares_of_every_direction() {
        let listed = Listed::new(&[(0, 0, 1), (0, 0, 2), (2, 0, 1), (3, 0, 0), (3, 0, 1), (1, 0, 4), (4, 0, 0)]);
        let frame = Frame::new(&listed);
        let found = meetings(&frame)(0);
        assert_eq!(found[0], 1.1 / 3.0, "2 lies between 0 and 1; 0 leads to two");
        assert_eq!(found[1], 1.1 / 3.0, "3 leads to both; two lead to 0");
        assert_eq!(found[2], 0.1 / 2.0, "1 leads to one, to which 0 does not");
        assert_eq!(found[3], 1.1 / 2.0, "4 leads back from 1 to 0");
    }
}
