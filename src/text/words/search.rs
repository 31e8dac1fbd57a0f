//! Asking several parts as one, best first.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BinaryHeap},
};

use tantivy::{
    Term,
    query::{
        Bm25StatisticsProvider, BooleanQuery, BoostQuery, EnableScoring, FuzzyTermQuery, Occur, PhraseQuery, Query,
        TermQuery,
    },
    schema::{Field, IndexRecordOption},
    tokenizer::{TextAnalyzer, TokenStream},
};

use super::{Sight, analyze, fault};
use crate::{
    Result,
    model::Analyzer,
    text::{
        ask::{Ask, Need},
        fold::typos,
    },
};

/// The most words that a word with typos stands for, the nearest and then the most frequent first.
const SIMILAR_MAX: usize = 64;

/// An id, and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    pub(crate) id: u32,
    pub(crate) score: f32,
}

impl Eq for Hit {}

impl Ord for Hit {
    /// The better is the greater: by score, then the smaller id.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.id.cmp(&self.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Returns the best `k` ids that fit what is asked and that `accept` takes, best first. `field_of` knows the fields by name.
///
/// # Errors
/// Those of `accept` and of `field_of`; `Corrupt`, `Io` where the index cannot be read.
pub(crate) fn search(
    sights: &[Sight<'_>],
    ask: &Ask,
    field_of: &dyn Fn(&str) -> Result<usize>,
    k: usize,
    accept: &mut dyn FnMut(u32) -> Result<bool>,
) -> Result<Vec<Hit>> {
    let Some(first) = sights.first() else { return Ok(Vec::new()) };
    let layout = first.part.layout;
    let mut asking = Asking {
        sights,
        fields: &first.part.fields.texts,
        field_of,
        words: analyze::analyzer(layout.analyzer, true),
        plain: analyze::analyzer(Analyzer::Simple, true),
    };
    let Some(query) = asking.query(ask)?.filter(|_| k > 0) else { return Ok(Vec::new()) };
    let mut best = BinaryHeap::with_capacity(k.min(1 << 12) + 1);
    for sight in sights {
        collect(sight, sights, query.as_ref(), k, &mut best, accept)?;
    }
    Ok(best.into_sorted_vec().into_iter().map(|Reverse(hit)| hit).collect())
}

fn collect(
    sight: &Sight<'_>,
    all: &[Sight<'_>],
    query: &dyn Query,
    k: usize,
    best: &mut BinaryHeap<Reverse<Hit>>,
    accept: &mut dyn FnMut(u32) -> Result<bool>,
) -> Result<()> {
    let searcher = &sight.part.searcher;
    let weight = query.weight(EnableScoring::enabled_from_statistics_provider(&All(all), searcher)).map_err(fault)?;
    // Of a segment without documents, tantivy's prefixes and typos look behind the end.
    for reader in searcher.segment_readers().iter().filter(|reader| reader.max_doc() > 0) {
        let ids = reader.fast_fields().u64("id").map_err(fault)?.first_or_default_col(0);
        let mut failed = None;
        // Below this, nobody is looked at; those that fit as well as the last one may still have a smaller id.
        let threshold = |best: &BinaryHeap<Reverse<Hit>>| match best.peek() {
            Some(Reverse(worst)) if best.len() >= k => worst.score.next_down(),
            _ => f32::MIN,
        };
        let mut see = |doc, score: f32| {
            if failed.is_some() {
                return f32::MAX;
            }
            if reader.alive_bitset().is_none_or(|alive| alive.is_alive(doc)) {
                let hit = Hit { id: ids.get_val(doc) as u32, score };
                let is_better = best.len() < k || best.peek().is_none_or(|Reverse(worst)| hit > *worst);
                if is_better && sight.sees(hit.id) {
                    match accept(hit.id) {
                        Ok(true) => {
                            best.push(Reverse(hit));
                            if best.len() > k {
                                best.pop();
                            }
                        }
                        Ok(false) => {}
                        Err(error) => failed = Some(error),
                    }
                }
            }
            threshold(best)
        };
        let begin = f32::MIN;
        weight.for_each_pruning(begin, reader, &mut see).map_err(fault)?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(())
}

/// Returns how rare each of some words is: `ln(1 + N/(1 + df))`, of N ids of which df have it.
///
/// # Errors
/// `Corrupt`, `Io` where the index cannot be read.
pub(crate) fn rarity<'w>(sights: &[Sight<'_>], words: impl Iterator<Item = &'w str>) -> Result<Vec<f64>> {
    let Some(first) = sights.first() else { return Ok(Vec::new()) };
    let numbers = All(sights);
    let n = numbers.total_num_docs().map_err(fault)? as f64;
    let mut analyzer = analyze::analyzer(first.part.layout.analyzer, true);
    let mut rarities = Vec::new();
    for word in words {
        let word = cut(&mut analyzer, word).into_iter().next().map_or_else(String::new, |(_, word)| word);
        let mut df = 0;
        for field in &first.part.fields.texts {
            df = df.max(numbers.doc_freq(&Term::from_field_text(*field, &word)).map_err(fault)?);
        }
        rarities.push((1.0 + n / (1.0 + df as f64)).ln());
    }
    Ok(rarities)
}

/// The numbers of all parts together: words are as rare as they are in the whole.
struct All<'a>(&'a [Sight<'a>]);

impl Bm25StatisticsProvider for All<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        self.0.iter().map(|sight| sight.part.searcher.total_num_tokens(field)).sum()
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        self.0.iter().map(|sight| sight.part.searcher.total_num_docs()).sum()
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        self.0.iter().map(|sight| sight.part.searcher.doc_freq(term)).sum()
    }
}

struct Asking<'a> {
    sights: &'a [Sight<'a>],
    fields: &'a [Field],
    field_of: &'a dyn Fn(&str) -> Result<usize>,
    /// As the texts were analyzed.
    words: TextAnalyzer,
    /// Words with their endings, of which only a part is known.
    plain: TextAnalyzer,
}

impl Asking<'_> {
    /// Returns the query, or `None` where there is nothing to look for.
    fn query(&mut self, ask: &Ask) -> Result<Option<Box<dyn Query>>> {
        Ok(match ask {
            Ask::Phrase { field, text, slop } => {
                let fields = self.fields(field.as_deref())?;
                let words = cut(&mut self.words, text);
                any(fields.into_iter().filter_map(|field| phrase(field, &words, *slop)).collect())
            }
            Ask::Prefix { field, text } => {
                let fields = self.fields(field.as_deref())?;
                self.each_word(&fields, text, |_, field, word, is_last| {
                    let term = Term::from_field_text(field, word);
                    Ok(Some(if is_last {
                        Box::new(FuzzyTermQuery::new_prefix(term, 0, true))
                    } else {
                        Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
                    }))
                })?
            }
            Ask::Fuzzy { field, text, typos } => {
                let fields = self.fields(field.as_deref())?;
                self.each_word(&fields, text, |sights, field, word, _| similar(sights, field, word, *typos))?
            }
            Ask::Group(parts) => {
                let mut clauses = Vec::with_capacity(parts.len());
                for (need, ask) in parts {
                    let occur = match need {
                        Need::May => Occur::Should,
                        Need::Must => Occur::Must,
                        Need::MustNot => Occur::MustNot,
                    };
                    clauses.extend(self.query(ask)?.map(|query| (occur, query)));
                }
                let has_any = clauses.iter().any(|(occur, _)| *occur != Occur::MustNot);
                has_any.then(|| Box::new(BooleanQuery::new(clauses)) as Box<dyn Query>)
            }
            Ask::Boost(ask, by) => {
                self.query(ask)?.map(|query| Box::new(BoostQuery::new(query, *by)) as Box<dyn Query>)
            }
        })
    }

    fn fields(&self, name: Option<&str>) -> Result<Vec<Field>> {
        match name {
            None => Ok(self.fields.to_vec()),
            Some(name) => Ok(vec![self.fields[(self.field_of)(name)?]]),
        }
    }

    /// Returns the query of a text of which each word must be there, in one of the fields.
    fn each_word(
        &mut self,
        fields: &[Field],
        text: &str,
        query: impl Fn(&[Sight<'_>], Field, &str, bool) -> Result<Option<Box<dyn Query>>>,
    ) -> Result<Option<Box<dyn Query>>> {
        let words = cut(&mut self.plain, text);
        let mut all = Vec::with_capacity(words.len());
        for (at, (_, word)) in words.iter().enumerate() {
            let mut found = Vec::new();
            for field in fields {
                found.extend(query(self.sights, *field, word, at + 1 == words.len())?);
            }
            match any(found) {
                Some(found) => all.push((Occur::Must, found)),
                None => return Ok(None),
            }
        }
        Ok(match all.len() {
            0 => None,
            1 => all.pop().map(|(_, query)| query),
            _ => Some(Box::new(BooleanQuery::new(all))),
        })
    }
}

/// Returns the words of a text, with their places.
fn cut(analyzer: &mut TextAnalyzer, text: &str) -> Vec<(usize, String)> {
    let mut stream = analyzer.token_stream(text);
    let mut words = Vec::new();
    while stream.advance() {
        words.push((stream.token().position, stream.token().text.clone()));
    }
    words
}

fn any(mut queries: Vec<Box<dyn Query>>) -> Option<Box<dyn Query>> {
    if queries.len() > 1 {
        return Some(Box::new(BooleanQuery::union(queries)));
    }
    queries.pop()
}

fn phrase(field: Field, words: &[(usize, String)], slop: u32) -> Option<Box<dyn Query>> {
    let term = |word: &str| Term::from_field_text(field, word);
    match words {
        [] => None,
        // Of a pair, this is what it begins with.
        [(_, word)] if word.chars().count() == 1 && word.chars().all(analyze::is_ideograph) => {
            Some(Box::new(FuzzyTermQuery::new_prefix(term(word), 0, true)))
        }
        [(_, word)] => Some(Box::new(TermQuery::new(term(word), IndexRecordOption::WithFreqs))),
        words => {
            let terms = words.iter().map(|(at, word)| (*at, term(word))).collect();
            Some(Box::new(PhraseQuery::new_with_offset_and_slop(terms, slop)))
        }
    }
}

/// Returns the query of the words so many typos off that there are: the nearer count more.
fn similar(sights: &[Sight<'_>], field: Field, word: &str, most: u8) -> Result<Option<Box<dyn Query>>> {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let fuzzy = FuzzyTermQuery::new(Term::from_field_text(field, word), most, true);
    for sight in sights {
        for reader in sight.part.searcher.segment_readers() {
            let index = reader.inverted_index(field).map_err(fault)?;
            let mut stream = index.terms().search(fuzzy.automaton().map_err(fault)?).into_stream().map_err(io)?;
            while stream.advance() {
                if let Ok(term) = std::str::from_utf8(stream.key()) {
                    *found.entry(term.to_owned()).or_default() += u64::from(stream.value().doc_freq);
                }
            }
        }
    }
    let far = |term: &str| typos(word, term, usize::from(most)).unwrap_or(usize::from(most));
    let mut found: Vec<(usize, u64, String)> = found.into_iter().map(|(term, n)| (far(&term), n, term)).collect();
    found.sort_by(|a, b| (a.0, Reverse(a.1), &a.2).cmp(&(b.0, Reverse(b.1), &b.2)));
    found.truncate(SIMILAR_MAX);
    let queries = found.into_iter().map(|(n, _, term)| {
        let len = word.chars().count().min(term.chars().count()).max(1);
        let nearness = (1.0 - n as f32 / len as f32).max(0.1);
        let query = Box::new(TermQuery::new(Term::from_field_text(field, &term), IndexRecordOption::WithFreqs));
        Box::new(BoostQuery::new(query, nearness)) as Box<dyn Query>
    });
    Ok(any(queries.collect()))
}

pub(super) fn io(error: std::io::Error) -> crate::Error {
    crate::Error::io("read", "a full-text index", &error)
}
