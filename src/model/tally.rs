//! What can be said of many values in one pass: how many, how different, between which bounds, and some of them.

use std::{
    collections::{BTreeSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use super::Value;

/// Up to so many different values are counted exactly; above that, their number is estimated from as many hashes: with
/// a standard error of 1 / √4094, about 1.6 %.
const HASHES_MAX: usize = 4096;

/// How many samples are kept: a line of them.
const SAMPLES_MAX: usize = 5;

/// How many characters of a text are kept as a sample or bound: they are for people.
const SHOWN_CHARS_MAX: usize = 60;

/// A summary of values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// How many values were not null.
    pub(crate) n_filled: u64,
    /// The kinds of values, in order of appearance.
    pub(crate) kinds: Vec<&'static str>,
    /// The first different values.
    pub(crate) samples: Vec<Value>,
    min: Option<Value>,
    max: Option<Value>,
    /// The smallest hashes of the values: uniform numbers, so the largest of the smallest tells how many there are.
    hashes: BTreeSet<u64>,
    is_full: bool,
}

impl Tally {
    /// Takes a value into account; null is none.
    pub(crate) fn add(&mut self, value: &Value) {
        if value.is_null() {
            return;
        }
        self.n_filled += 1;
        let kind = value.kind();
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        let hash = hasher.finish();
        let is_small = !self.is_full || self.hashes.last().is_some_and(|last| hash < *last);
        if is_small && self.hashes.insert(hash) {
            if self.samples.len() < SAMPLES_MAX {
                self.samples.push(shown(value));
            }
            if self.hashes.len() > HASHES_MAX {
                self.hashes.pop_last();
                self.is_full = true;
            }
        }
        if self.min.as_ref().is_none_or(|min| value.order(min).is_lt()) {
            self.min = Some(value.clone());
        }
        if self.max.as_ref().is_none_or(|max| value.order(max).is_gt()) {
            self.max = Some(value.clone());
        }
    }

    /// Returns how many different values there were, and whether that is exact.
    pub(crate) fn n_distinct(&self) -> (u64, bool) {
        if !self.is_full {
            return (self.hashes.len() as u64, true);
        }
        let largest = *self.hashes.last().expect("it is full") as f64 / 2f64.powi(64);
        // An estimate may err by some percent, but no value is counted twice.
        ((((HASHES_MAX - 1) as f64 / largest) as u64).min(self.n_filled), false)
    }

    /// Returns the smallest value; of several kinds, in the language's order of kinds.
    pub(crate) fn min(&self) -> Value {
        self.min.as_ref().map(shown).unwrap_or_default()
    }

    /// Returns the largest value.
    pub(crate) fn max(&self) -> Value {
        self.max.as_ref().map(shown).unwrap_or_default()
    }

    /// Returns the kinds in words: `INTEGER`, `INTEGER | STRING`, and `NULL` where there is none.
    pub(crate) fn kind(&self) -> String {
        if self.kinds.is_empty() { "NULL".to_owned() } else { self.kinds.join(" | ") }
    }
}

/// Returns a value as it is shown to people: long texts are cut.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(SHOWN_CHARS_MAX) {
            Some((at, _)) => Value::from(format!("{}…", &text[..at])),
            None => value.clone(),
        },
        Value::List(items) if items.len() > SAMPLES_MAX => {
            let first = items.iter().take(SAMPLES_MAX).map(shown);
            Value::list(first.chain([Value::from("…")]))
        }
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_counted_and_many_estimated() {
        let mut tally = Tally::default();
        for n in 0..3000 {
            tally.add(&Value::Int(n % 1500));
            tally.add(&Value::Null);
        }
        assert_eq!((tally.n_filled, tally.n_distinct()), (3000, (1500, true)));
        assert_eq!((tally.min().to_string(), tally.max().to_string()), ("0".into(), "1499".into()));
        assert_eq!(tally.samples.len(), SAMPLES_MAX);
        for n in 0..100_000 {
            tally.add(&Value::from(format!("text {n}")));
        }
        let (n, is_exact) = tally.n_distinct();
        assert!(!is_exact && (95_000..108_000).contains(&n), "{n}");
        assert_eq!(tally.kind(), "INTEGER | STRING");
        // All different: whatever the sizes, never more than there are.
        let mut tally = Tally::default();
        for n in 0..50_000 {
            tally.add(&Value::Int(n));
            assert!(tally.n_distinct().0 <= tally.n_filled);
        }
    }

    #[test]
    fn nothing_and_long_texts() {
        let mut tally = Tally::default();
        assert_eq!((tally.kind(), tally.n_distinct(), tally.min().is_null()), ("NULL".into(), (0, true), true));
        tally.add(&Value::from("é".repeat(1000)));
        assert_eq!(tally.samples[0].to_string().chars().count(), SHOWN_CHARS_MAX + 3);
    }
}
