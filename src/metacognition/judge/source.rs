//! How much the access of a source counts: in full, or not at all for most of one that sends far more than the others.
//!
//! Of the first m accesses of a source count all while m is at most `L = max(FREE, 2 × what the other sources sent on average)`,
//! and about `L (1 + GROWTH ln(m / L))` beyond: those with which this number passes a whole one, so that what counts counts in
//! full and the rest leaves no trace. A source alone counts in full, and so do accesses without a source, which together
//! stand beside the others as one more.

/// A source may send this many without being compared with others.
const FREE: f64 = 64.0;
/// How much more counts of what goes beyond.
const GROWTH: f64 = 0.25;
/// Sources are told apart by this many values of their hashes: two that fall together are taken for one, and beyond some
/// thousands of sources each of these stands for a few, alike for all.
const PLACES: usize = 4096;

/// How much each source has sent, and how much of that counted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sources {
    /// Weights sent and counted by place; place 0 is for those without a source.
    places: Vec<[f64; 2]>,
    /// The sum of what counted.
    counted: f64,
    /// How many places are not zero.
    n: f64,
}

impl Default for Sources {
    fn default() -> Sources {
        Sources { places: vec![[0.0; 2]; PLACES], counted: 0.0, n: 0.0 }
    }
}

impl Sources {
    /// Takes in an access of `weight` from the source of that hash (0: nobody named one); returns what it counts: its weight,
    /// or 0.
    pub(crate) fn weigh(&mut self, source: u32, weight: f32) -> f32 {
        let place = if source == 0 { 0 } else { 1 + source as usize % (PLACES - 1) };
        let [sent, counted] = &mut self.places[place];
        if *sent == 0.0 {
            self.n += 1.0;
        }
        *sent += f64::from(weight);
        let others = self.n - 1.0;
        if place != 0 && others > 0.0 {
            // By what counted of the others: one that floods does not make room for the next.
            let most = FREE.max(2.0 * (self.counted - *counted) / others);
            let share = |sent: f64| (most * (1.0 + GROWTH * (sent / most).ln())).floor();
            if *sent > most && share(*sent) <= share(*sent - f64::from(weight)) {
                return 0.0;
            }
        }
        *counted += f64::from(weight);
        self.counted += f64::from(weight);
        weight
    }

    /// Returns the numbers it is stored as: triples of a place, what it sent and what counted, places ascending.
    pub(crate) fn to_numbers(&self) -> Vec<f64> {
        let some = self.places.iter().enumerate().filter(|(_, [sent, _])| *sent != 0.0);
        let numbers = some.flat_map(|(place, [sent, counted])| [place as f64, *sent, *counted]);
        numbers.chain([self.counted]).collect()
    }

    /// Returns what was stored as these numbers; `None` where they are no such triples.
    pub(crate) fn from_numbers(numbers: &[f64]) -> Option<Sources> {
        let mut sources = Sources::default();
        let (counted, numbers) = numbers.split_last()?;
        let (triples, rest) = numbers.as_chunks::<3>();
        for [place, sent, counted] in triples {
            let held = sources.places.get_mut(*place as usize)?;
            if held[0] != 0.0 || !(sent.is_finite() && *sent > 0.0 && *counted >= 0.0 && counted <= sent) {
                return None;
            }
            *held = [*sent, *counted];
            sources.n += 1.0;
        }
        sources.counted = *counted;
        rest.is_empty().then_some(sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_floods_counts_little_more_than_others() {
        let mut sources = Sources::default();
        for source in 1..=100 {
            for _ in 0..100 {
                assert_eq!(sources.weigh(source, 1.0), 1.0);
            }
        }
        let flood: f32 = (0..60_000).map(|_| sources.weigh(5000, 1.0)).sum();
        assert!((300.0..500.0).contains(&flood), "60,000 accesses count {flood}");
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
        assert_eq!(Sources::from_numbers(&[4096.0, 1.0, 1.0, 1.0]), None);
        assert_eq!(Sources::from_numbers(&[]), None);
    }
}
