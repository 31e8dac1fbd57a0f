//! The embedder `hash`: text to a vector by hashing, with nothing to download and the same everywhere.
//!
//! It is lexical: texts are alike that share words, neighbouring words, or pieces of words. It knows nothing of meaning.
//!
//! # The formula
//! The text is folded (Unicode NFKD without combining marks, lower case) and cut into words (runs of letters and digits).
//! Features and their base weights: each word 1; each two neighbouring words ½; each three letters of a word, with its two
//! ends marked, 1 divided by the square root of their number, so that the pieces of a word together weigh as much as it.
//! A feature that occurs `n` times weighs `base · (1 + ln n)` (sub-linear term frequency).
//! A feature's hash (xxh3-64) chooses [`PLACES`] places of the vector, each with a sign, and its weight, divided by
//! `√PLACES`, is added there: a signed random projection, in which the product of two vectors is on average the product
//! of their weighted features (Weinberger et al., *Feature Hashing for Large Scale Multitask Learning*, 2009). The vector
//! is then made of length 1; a text without words has none.
//!
//! A *query* weighs each feature by `idf² / idf_max²` besides, `idf = ln(1 + N / (1 + df))`, with the numbers of the
//! database's own texts: in the product that is as if both sides were weighted by idf, and stored vectors need not change
//! when the texts around them do.

use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Places of the vector that a feature is added to: with several, two features that share one place still differ.
const PLACES: u64 = 4;

/// Counters of texts by feature: two features that share one make each other look a little more frequent.
const BUCKETS: usize = 1 << 16;

/// The most words of a text that are looked at: more say little about what it is like, and cost.
const WORDS_MAX: usize = 1 << 14;

/// In how many of the database's texts features occur.
#[derive(Debug)]
pub(crate) struct Frequencies {
    n_texts: u32,
    counts: Box<[u32]>,
}

impl Default for Frequencies {
    fn default() -> Self {
        Self { n_texts: 0, counts: vec![0; BUCKETS].into() }
    }
}

impl Frequencies {
    /// Counts a text.
    pub(crate) fn add(&mut self, text: &str) {
        self.n_texts = self.n_texts.saturating_add(1);
        for (feature, _) in features(text) {
            let count = &mut self.counts[bucket(feature)];
            *count = count.saturating_add(1);
        }
    }

    /// Returns how rare a feature is: 1 for one that no text has, less for any other.
    fn rarity(&self, feature: u64) -> f64 {
        let n = f64::from(self.n_texts);
        let idf = |df: f64| (1.0 + n / (1.0 + df)).ln();
        let most = idf(0.0);
        if most > 0.0 { idf(f64::from(self.counts[bucket(feature)])) / most } else { 1.0 }
    }
}

/// Returns the vector of a stored text; `None` where it has no words.
pub(crate) fn embed(text: &str, dimension: usize) -> Option<Vec<f32>> {
    project(features(text).into_iter(), dimension)
}

/// Returns the vector of a text that is asked for.
pub(crate) fn embed_query(text: &str, dimension: usize, frequencies: &Frequencies) -> Option<Vec<f32>> {
    let weighted =
        features(text).into_iter().map(|(feature, weight)| (feature, weight * frequencies.rarity(feature).powi(2)));
    project(weighted, dimension)
}

fn bucket(feature: u64) -> usize {
    (feature >> 48) as usize % BUCKETS
}

/// Returns the features of a text and their weights, in an order that is the same everywhere.
fn features(text: &str) -> BTreeMap<u64, f64> {
    let words = words(text);
    let mut found: BTreeMap<u64, (f64, u32)> = BTreeMap::new();
    let mut add = |feature: u64, base: f64| {
        let entry = found.entry(feature).or_insert((base, 0));
        entry.0 = entry.0.max(base);
        entry.1 += 1;
    };
    for word in &words {
        add(xxh3_64(word.as_bytes()), 1.0);
        let marked: Vec<char> = std::iter::once('\u{2}').chain(word.chars()).chain(['\u{3}']).collect();
        let n_pieces = marked.len().saturating_sub(2).max(1);
        for piece in marked.windows(3) {
            let piece: String = piece.iter().collect();
            add(xxh3_64_with_seed(piece.as_bytes(), 3), 1.0 / (n_pieces as f64).sqrt());
        }
    }
    for pair in words.windows(2) {
        add(xxh3_64_with_seed(format!("{} {}", pair[0], pair[1]).as_bytes(), 2), 0.5);
    }
    found.into_iter().map(|(feature, (base, n))| (feature, base * (1.0 + f64::from(n).ln()))).collect()
}

/// Returns the words of a text, folded.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).chain([' ']) {
        if c.is_alphanumeric() {
            word.push(c);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
            if words.len() == WORDS_MAX {
                break;
            }
        }
    }
    words
}

fn project(features: impl Iterator<Item = (u64, f64)>, dimension: usize) -> Option<Vec<f32>> {
    let mut sums = vec![0.0_f64; dimension];
    for (feature, weight) in features {
        for place in 0..PLACES {
            let hash = xxh3_64_with_seed(&feature.to_le_bytes(), place);
            let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
            // The high bits choose the sign, the others the place.
            sums[((hash << 1 >> 1) % dimension as u64) as usize] += sign * weight / (PLACES as f64).sqrt();
        }
    }
    let length = sums.iter().map(|x| x * x).sum::<f64>().sqrt();
    (length > 0.0).then(|| sums.into_iter().map(|x| (x / length) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn texts_are_alike_that_share_words_or_pieces_of_them() {
        let of = |text: &str| embed(text, 256).unwrap();
        let bell = of("the bell of the mill was stolen");
        assert!((cosine(&bell, &bell) - 1.0).abs() < 1e-6);
        let near = cosine(&bell, &of("who stole the bell?"));
        let far = cosine(&bell, &of("a recipe for fish soup"));
        assert!(near > far + 0.1, "{near} {far}");
        assert_eq!(of("Größe ÉTÉ"), of("große e\u{301}te\u{301}"), "case and accents are folded");
        assert!(cosine(&of("bell"), &of("bells")) > 0.2, "pieces of words");
        assert!(embed("... !?", 16).is_none());
    }

    #[test]
    fn a_query_counts_rare_words_more() {
        let mut frequencies = Frequencies::default();
        for at in 0..200 {
            frequencies.add(&format!("the town number {at}"));
        }
        frequencies.add("the bell");
        let query = embed_query("the bell", 512, &frequencies).unwrap();
        let plain = embed("the bell", 512).unwrap();
        let (the, bell) = (embed("the", 512).unwrap(), embed("bell", 512).unwrap());
        assert!(cosine(&query, &bell) > cosine(&plain, &bell) && cosine(&query, &the) < cosine(&plain, &the));
        assert_eq!(
            embed_query("the bell", 64, &Frequencies::default()),
            embed("the bell", 64),
            "nothing known: all as rare"
        );
    }

    #[test]
    fn the_formula_stays_what_it_is() {
        // Stored vectors are compared with new ones for as long as a database lives.
        let vector = embed("Ada keeps the bell", 8).unwrap();
        let shown: Vec<String> = vector.iter().map(|x| format!("{x:.4}")).collect();
        assert_eq!(shown.join(" "), "-0.2147 0.5128 -0.5741 -0.3305 -0.0273 -0.4353 -0.0545 0.2427");
    }
}
