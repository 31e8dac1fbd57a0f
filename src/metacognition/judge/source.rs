//! How much the access of a source counts: less and less for one that sends far more than the others.
//!
//! The m-th access of a source counts 1 while m is at most `L = max(FREE, 2 × what the other sources sent on average)`, and
//! `L / m` beyond, so that what it has counted in all grows as `L (1 + ln(m / L))`. A source alone counts in full, and so do
//! accesses without a source, which together stand beside the others as one more.

/// A source may send this many without being compared with others.
const FREE: f64 = 64.0;
/// Sources are told apart by this many values of their hashes: two that fall together are taken for one, and beyond some
/// thousands of sources each of these stands for a few, alike for all.
const PLACES: usize = 4096;

/// How much each source has sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sources {
    /// Accesses by place; place 0 is for those without a source.
    sent: Vec<f64>,
    /// The sum of `sent`.
    total: f64,
    /// How many places are not zero.
    places: f64,
}

impl Default for Sources {
    fn default() -> Sources {
        Sources { sent: vec![0.0; PLACES], total: 0.0, places: 0.0 }
    }
}

impl Sources {
    /// Takes in an access of `weight` from the source of that hash (0: nobody named one); returns what it counts.
    pub(crate) fn weigh(&mut self, source: u32, weight: f32) -> f32 {
        let place = if source == 0 { 0 } else { 1 + source as usize % (PLACES - 1) };
        if self.sent[place] == 0.0 {
            self.places += 1.0;
        }
        self.sent[place] += f64::from(weight);
        self.total += f64::from(weight);
        let (sent, others) = (self.sent[place], self.places - 1.0);
        if place == 0 || others == 0.0 {
            return weight;
        }
        let most = FREE.max(2.0 * (self.total - sent) / others);
        if sent <= most { weight } else { weight * (most / sent) as f32 }
    }

    /// Returns the numbers it is stored as: pairs of a place and what it sent, places ascending.
    pub(crate) fn to_numbers(&self) -> Vec<f64> {
        let some = self.sent.iter().enumerate().filter(|(_, sent)| **sent != 0.0);
        some.flat_map(|(place, sent)| [place as f64, *sent]).collect()
    }

    /// Returns what was stored as these numbers; `None` where they are no such pairs.
    pub(crate) fn from_numbers(numbers: &[f64]) -> Option<Sources> {
        let mut sources = Sources::default();
        let (pairs, rest) = numbers.as_chunks::<2>();
        for [place, sent] in pairs {
            let held = sources.sent.get_mut(*place as usize)?;
            if !rest.is_empty() || *held != 0.0 || !(sent.is_finite() && *sent > 0.0) {
                return None;
            }
            *held = *sent;
            sources.total += sent;
            sources.places += 1.0;
        }
        rest.is_empty().then_some(sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_floods_counts_little_more_than_the_others() {
        let mut sources = Sources::default();
        for source in 1..=100 {
            for _ in 0..100 {
                assert_eq!(sources.weigh(source, 1.0), 1.0);
            }
        }
        let flood: f32 = (0..60_000).map(|_| sources.weigh(5000, 1.0)).sum();
        assert!((1000.0..1500.0).contains(&flood), "60,000 accesses count {flood}");
        assert_eq!(sources.weigh(101, 1.0), 1.0);
    }

    #[test]
    fn one_alone_and_nobody_named_count_in_full() {
        let mut sources = Sources::default();
        assert!((0..10_000).all(|_| sources.weigh(7, 1.0) == 1.0));
        assert!((0..10_000).all(|_| sources.weigh(0, 0.5) == 0.5));
    }

    #[test]
    fn numbers_give_the_same_back() {
        let mut sources = Sources::default();
        for source in 0..50 {
            sources.weigh(source * 31, 1.5);
        }
        let numbers = sources.to_numbers();
        assert_eq!(Sources::from_numbers(&numbers), Some(sources));
        assert_eq!(Sources::from_numbers(&numbers[1..]), None);
        assert_eq!(Sources::from_numbers(&[4096.0, 1.0]), None);
    }
}
