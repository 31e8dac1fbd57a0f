//! From a mention to the entities that may be meant.
//!
//! # The formula
//! Stages, each only where those before found fewer than are wanted: a text that is the mention; one that differs in case,
//! accents and what stands between words; one that is a typo off, or two (of short mentions fewer: a name of five letters
//! with two typos is another name); texts with words of the mention, again with typos. The match is 1, 0.9, 0.75, 0.6, and
//! for words `0.45 · √(a·m)`, where `a` is the share of the text's words that the mention has, and `m` of the mention's that
//! the text has, each word counting as much as it is rare (`ln(1 + N/(1 + df))`) and one with a typo three quarters of that:
//! so what a mention says around a name weighs little. The score adds what decides between equals: `0.04 · (1 - 1/(1 + ln(1 + d)))`
//! for an entity with `d` relationships. So a better match is always before a worse one, and among those who are called
//! the same the one that the graph says more of is first.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Ready, Snapshot};
use crate::{
    Result,
    model::{Direction, LabelId, NodeId},
    text::{
        ask::{Ask, Need},
        fold::{typos, whole},
        words::Texts,
    },
};

/// Candidates that are looked at in a stage: more with the same name, nobody can tell apart.
const CANDIDATES_MAX: usize = 512;

/// Candidates that words are compared of, for each that is wanted, and at least.
const WORDS_FACTOR: usize = 4;
const WORDS_MIN: usize = 24;

/// Words of a mention that are looked for.
const WORDS_MAX: usize = 32;

/// What a match counts.
const EXACT: f64 = 1.0;
const FOLDED: f64 = 0.9;
const TYPOS: [f64; 2] = [0.75, 0.6];
const WORDS: f64 = 0.45;
const POPULARITY: f64 = 0.04;

/// An entity that may be meant.
#[derive(Debug, Clone)]
pub(crate) struct Meant {
    pub(crate) id: NodeId,
    pub(crate) score: f64,
    /// Its text that fits.
    pub(crate) matched: Arc<str>,
}

/// What is meant by whom.
pub(crate) struct Mention<'a> {
    pub(crate) text: &'a str,
    /// Any of these labels; none means all.
    pub(crate) labels: &'a [LabelId],
    pub(crate) limit: usize,
}

impl Ready {
    /// Adds the entities that may be meant to `found`, by id, where they are better than what is there.
    ///
    /// # Errors
    /// `Corrupt`, `Io` where the index or the graph cannot be read.
    pub(crate) fn link(&self, view: &Snapshot, mention: &Mention<'_>) -> Result<Vec<Meant>> {
        let mut linking = Linking { ready: self, view, mention, found: FxHashMap::default(), texts: Texts::new() };
        let form = whole(mention.text);
        if form.is_empty() {
            return Ok(Vec::new());
        }
        linking.named(&form)?;
        if linking.found.len() < mention.limit {
            linking.near(&form)?;
        }
        if linking.found.is_empty() || (linking.found.len() < mention.limit && linking.best() < FOLDED) {
            linking.words(&form)?;
        }
        let mut found: Vec<Meant> = linking.found.into_values().collect();
        for meant in &mut found {
            meant.score += POPULARITY * popularity(view, meant.id)?;
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        Ok(found)
    }
}

/// Returns how much the graph says of a node, from 0 to 1.
fn popularity(view: &Snapshot, id: NodeId) -> Result<f64> {
    let mut degree = 0_u64;
    for rel_type in view.types() {
        for direction in [Direction::Out, Direction::In] {
            degree += u64::from(view.adjacency(direction, rel_type).degree(id)?);
        }
    }
    Ok(1.0 - 1.0 / (1.0 + (1.0 + degree as f64).ln()))
}

struct Linking<'a> {
    ready: &'a Ready,
    view: &'a Snapshot,
    mention: &'a Mention<'a>,
    found: FxHashMap<u32, Meant>,
    texts: Texts,
}

impl Linking<'_> {
    fn best(&self) -> f64 {
        self.found.values().map(|meant| meant.score).fold(0.0, f64::max)
    }

    fn is_wanted(view: &Snapshot, mention: &Mention<'_>, id: u32) -> Result<bool> {
        if mention.labels.is_empty() {
            return Ok(true);
        }
        for label in mention.labels {
            if view.has_label(NodeId::new(id), *label)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn add(&mut self, id: u32, score: f64, matched: Arc<str>) {
        let meant = Meant { id: NodeId::new(id), score, matched };
        match self.found.get_mut(&id) {
            Some(known) if known.score >= score => {}
            Some(known) => *known = meant,
            None => drop(self.found.insert(id, meant)),
        }
    }

    /// Those with a text of this form.
    fn of_form(&self, form: &str) -> Result<Vec<u32>> {
        let (view, mention) = (self.view, self.mention);
        let mut ids = Vec::new();
        self.ready.named(view, form, &mut |id| {
            if Self::is_wanted(view, mention, id)? {
                ids.push(id);
            }
            Ok(ids.len() < CANDIDATES_MAX)
        })?;
        Ok(ids)
    }

    fn named(&mut self, form: &str) -> Result<()> {
        for id in self.of_form(form)? {
            self.view.texts(self.ready.index(), id, &mut self.texts)?;
            let exact = self.texts.iter().find(|(_, text)| **text == *self.mention.text);
            let score = if exact.is_some() { EXACT } else { FOLDED };
            let text = exact.or_else(|| self.texts.iter().find(|(_, text)| whole(text) == form));
            if let Some((_, text)) = text.cloned() {
                self.add(id, score, text);
            }
        }
        Ok(())
    }

    fn near(&mut self, form: &str) -> Result<()> {
        let most = match form.chars().count() {
            0..=2 => 0,
            3..=5 => 1,
            _ => 2,
        };
        // One typo is much more frequent than two, and much faster to look for.
        for n in 1..=most {
            for near in self.ready.near(form, n)? {
                if near.typos != usize::from(n) {
                    continue;
                }
                for id in self.of_form(&near.form)? {
                    self.view.texts(self.ready.index(), id, &mut self.texts)?;
                    if let Some((_, text)) = self.texts.iter().find(|(_, text)| whole(text) == near.form).cloned() {
                        self.add(id, TYPOS[usize::from(n) - 1], text);
                    }
                }
            }
            if self.found.len() >= self.mention.limit || (n == 1 && !self.found.is_empty()) {
                break;
            }
        }
        Ok(())
    }

    fn words(&mut self, form: &str) -> Result<()> {
        let words: Vec<&str> = form.split(' ').take(WORDS_MAX).collect();
        let mut parts = Vec::new();
        for word in &words {
            let text = (*word).to_owned();
            parts.push((Need::May, Ask::Phrase { field: None, text: text.clone(), slop: 0 }));
            if let Some(typos) = typos_of(word) {
                let fuzzy = Ask::Fuzzy { field: None, text, typos };
                parts.push((Need::May, Ask::Boost(Box::new(fuzzy), 0.5)));
            }
        }
        let (view, mention) = (self.view, self.mention);
        let k = (mention.limit.saturating_mul(WORDS_FACTOR)).clamp(WORDS_MIN, CANDIDATES_MAX);
        let hits = self.ready.search(view, &Ask::Group(parts), k, &mut |id| Self::is_wanted(view, mention, id))?;
        let rarity = self.ready.rarity(words.iter().copied())?;
        for hit in hits {
            self.view.texts(self.ready.index(), hit.id, &mut self.texts)?;
            let mut best: Option<(f64, Arc<str>)> = None;
            for (_, text) in &self.texts {
                let form = whole(text);
                let text_words: Vec<&str> = form.split(' ').take(WORDS_MAX).collect();
                let text_rarity = self.ready.rarity(text_words.iter().copied())?;
                let likeness = (share(&text_words, &text_rarity, &words) * share(&words, &rarity, &text_words)).sqrt();
                if best.as_ref().is_none_or(|(known, _)| likeness > *known) {
                    best = Some((likeness, text.clone()));
                }
            }
            if let Some((likeness, text)) = best {
                self.add(hit.id, WORDS * likeness, text);
            }
        }
        Ok(())
    }
}

/// Returns how many typos a word may have to be taken for another.
fn typos_of(word: &str) -> Option<u8> {
    match word.chars().count() {
        0..=3 => None,
        4..=7 => Some(1),
        _ => Some(2),
    }
}

/// Returns how much of some words is among others, by how rare each is.
fn share(words: &[&str], rarity: &[f64], others: &[&str]) -> f64 {
    let found = |word: &str| -> f64 {
        if others.contains(&word) {
            return 1.0;
        }
        let is_near = |other: &&str| typos_of(word).is_some_and(|most| typos(word, other, most.into()).is_some());
        if others.iter().any(is_near) { 0.75 } else { 0.0 }
    };
    let sum: f64 = rarity.iter().sum();
    words.iter().zip(rarity).map(|(word, rarity)| found(word) * rarity).sum::<f64>() / sum.max(f64::MIN_POSITIVE)
}
