//! One softmax over the candidates of a group, head by head, and what each part of a logit was.

use rayon::prelude::*;

use super::{
    Metric, Path, Rows,
    loops::LANES,
    similarity::{Scratch, head_similarities},
    sums::Cut,
    top::{Ranked, top},
};

/// What a group of candidates is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// `n`: the candidates are 0 to `n - 1`.
    pub(crate) candidates: usize,
    /// `H`, at least 1.
    pub(crate) heads: usize,
    /// What is compared; without any, prior, biases and boosts rank alone.
    pub(crate) spaces: &'a [Space<'a>],
    /// `T`, above 0.
    pub(crate) temperature: f32,
    /// `λ`: the weight of `ln(salience)`.
    pub(crate) prior: f32,
    /// `[n]`, above 0; empty where all are 1. What is not above 0 counts as the smallest normal number.
    pub(crate) saliences: &'a [f32],
    /// `[n]`; empty where all are 0.
    pub(crate) biases: &'a [f32],
    /// Any number of `[n]`.
    pub(crate) boosts: &'a [&'a [f32]],
    /// A candidate whose bit is not set (bit `i % 64` of word `i / 64`) is masked: its rows are not read, its weight is 0.
    pub(crate) selection: Option<&'a [u64]>,
    /// A candidate less similar is masked too, and one that has no similarity.
    pub(crate) similarity_min: Option<f32>,
}

/// A space of the query: what is compared in it, and how much that counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space<'a> {
    pub(crate) metric: Metric,
    /// `w_s`, at least 0; the weights of the spaces sum to 1.
    pub(crate) weight: f32,
    /// `g_s`: what brings the space's similarities to the scale of logits.
    pub(crate) gain: f32,
    /// `[d]`. Head `h` compares the slice `h` of `d/H` numbers, where no model gives it a query of its own.
    pub(crate) query: &'a [f32],
    /// `[H, d]`: a model's queries with the projection of the keys folded in; each head compares the whole row.
    pub(crate) folded: Option<&'a [f32]>,
    /// `[n, d]`. An empty row is of a candidate that lacks the space: it gets the mean of the others, head by head.
    pub(crate) rows: Rows<'a>,
}

/// What the candidates got. Used again for the next question, it needs no new memory.
#[derive(Default)]
pub(crate) struct Attention {
    /// Candidates that the selection has, upwards: what is `[m]` below goes by them.
    active: Vec<u32>,
    heads: usize,
    /// `[spaces, heads, m]`: similarities.
    terms: Vec<f32>,
    /// `w_s·g_s/T` of each space.
    factors: Vec<f32>,
    /// `[m]`: prior, biases and boosts.
    common: Vec<f32>,
    /// `m`, filled up to whole registers with candidates that are masked, so that no head's softmax has a rest.
    stride: usize,
    /// `[heads, stride]`; minus infinity where masked.
    logits: Vec<f32>,
    /// `[heads, stride]`.
    head_weights: Vec<f32>,
    /// `[m]`: the mean over the heads; minus infinity where masked.
    ranks: Vec<f32>,
    /// `[m]`.
    similarities: Vec<f32>,
    /// `[m]`: the weight of the spaces that the candidate has.
    similarity_weights: Vec<f32>,
    scratch: Scratch,
}

/// How a candidate's weight came about in one head.
#[derive(Clone, Copy)]
pub(crate) struct HeadParts<'a> {
    pub(crate) weight: f32,
    /// The sum of the parts: [`HeadParts::spaces`], prior, bias and [`HeadParts::boosts`].
    pub(crate) logit: f32,
    pub(crate) prior: f32,
    pub(crate) bias: f32,
    of: (&'a Attention, &'a Question<'a>),
    /// The head, the candidate's place, and the candidate.
    at: (usize, usize, usize),
}

impl<'a> HeadParts<'a> {
    /// Returns what each space gave, `w_s·g_s·similarity/T`, and whether that is the others' mean because the candidate lacks it.
    pub(crate) fn spaces(&self) -> impl ExactSizeIterator<Item = (f32, bool)> + use<'a> {
        let ((attention, question), (head, at, i)) = (self.of, self.at);
        let m = attention.active.len();
        (0..question.spaces.len()).map(move |s| {
            let term = attention.terms[(s * attention.heads + head) * m + at];
            ((attention.factors[s] * term).clamp(f32::MIN, f32::MAX), question.spaces[s].rows.is_empty(i))
        })
    }

    /// Returns what each boost gave.
    pub(crate) fn boosts(&self) -> impl ExactSizeIterator<Item = f32> + use<'a> {
        let (question, i) = (self.of.1, self.at.2);
        question.boosts.iter().map(move |boost| held(boost[i]))
    }
}

impl Attention {
    /// Answers a question; see the module for the formula.
    ///
    /// # Panics
    /// Where a length is not what the question says, a temperature is not above 0, or dimensions do not divide by the heads.
    ///
    /// # Complexity
    /// `n·d` multiply-adds for each space (`H·n·d` where folded), `H·n` exponentials; `(spaces + 2)·H·n` numbers of memory.
    pub(crate) fn answer(&mut self, path: Path, question: &Question<'_>) {
        check(question);
        self.heads = question.heads;
        self.active.clear();
        match question.selection {
            None => self.active.extend(0..question.candidates as u32),
            Some(words) => self.active.extend((0..question.candidates as u32).filter(|i| is_set(words, *i))),
        }
        self.compare(path, question);
        self.add_common(question);
        self.make_logits(path, question);
        self.make_weights(path);
    }

    /// Returns the candidates' weights, those masked left out: `(candidate, weight)`, upwards. Weights sum to 1.
    pub(crate) fn weights(&self) -> impl Iterator<Item = (u32, f32)> + '_ {
        let all = self.active.iter().copied().zip(self.ranks.iter().copied());
        all.filter(|(_, weight)| *weight != f32::NEG_INFINITY)
    }

    /// Returns the `k` candidates of the largest weights: of equal ones the lower first, none that is masked.
    pub(crate) fn top(&self, k: usize) -> Vec<Ranked> {
        let mut best = top(&self.ranks, k);
        best.iter_mut().for_each(|ranked| ranked.index = self.active[ranked.index as usize]);
        best
    }

    /// Returns how alike query and candidate are: the mean over the spaces that it has, by their weights. Nothing for one
    /// that has no space, or that the selection leaves out.
    pub(crate) fn similarity(&self, candidate: u32) -> Option<f32> {
        let at = self.place(candidate)?;
        (self.similarities[at] != f32::NEG_INFINITY).then(|| self.similarities[at])
    }

    /// Returns a candidate's logit, the mean over the heads; nothing for one that is masked.
    pub(crate) fn logit(&self, candidate: u32) -> Option<f32> {
        let at = self.place(candidate).filter(|at| self.ranks[*at] != f32::NEG_INFINITY)?;
        let sum: f64 = (0..self.heads).map(|h| f64::from(self.logits[h * self.stride + at])).sum();
        Some((sum / self.heads as f64) as f32)
    }

    /// Returns how a candidate's weight came about, head by head; nothing for one that is masked.
    ///
    /// `question` must be the one that was answered.
    pub(crate) fn parts<'a>(
        &'a self,
        question: &'a Question<'_>,
        candidate: u32,
    ) -> Option<impl ExactSizeIterator<Item = HeadParts<'a>>> {
        let at = self.place(candidate).filter(|at| self.ranks[*at] != f32::NEG_INFINITY)?;
        let i = candidate as usize;
        let (prior, bias) = (prior(question, i), question.biases.get(i).map_or(0.0, |bias| held(*bias)));
        Some((0..self.heads).map(move |head| HeadParts {
            weight: self.head_weights[head * self.stride + at],
            logit: self.logits[head * self.stride + at],
            prior,
            bias,
            of: (self, question),
            at: (head, at, i),
        }))
    }

    fn place(&self, candidate: u32) -> Option<usize> {
        self.active.binary_search(&candidate).ok()
    }

    /// Makes the similarities of each space and head, those of the whole, and the means for who lacks a space.
    fn compare(&mut self, path: Path, question: &Question<'_>) {
        let (m, heads) = (self.active.len(), question.heads);
        resize(&mut self.terms, question.spaces.len() * heads * m);
        self.factors.clear();
        self.similarities.clear();
        self.similarities.resize(m, 0.0);
        self.similarity_weights.clear();
        self.similarity_weights.resize(m, 0.0);
        let mut lacking = Vec::new();
        for (s, space) in question.spaces.iter().enumerate() {
            let factor = f64::from(space.weight) * f64::from(space.gain) / f64::from(question.temperature);
            self.factors.push(held(factor as f32));
            let terms = &mut self.terms[s * heads * m..][..heads * m];
            let of_space = OfSpace { path, heads, space };
            let has = |at: &u32| !space.rows.is_empty(*at as usize);
            if m == space.rows.len() && self.active.iter().all(has) {
                of_space.compare(
                    space.rows,
                    terms,
                    &mut self.similarities,
                    &mut self.similarity_weights,
                    &mut self.scratch,
                );
                continue;
            }
            let places: Vec<usize> = (0..m).filter(|at| has(&self.active[*at])).collect();
            let rows = space.rows.pick(places.iter().map(|at| self.active[*at] as usize));
            let mut made = vec![0.0; heads * places.len()];
            let (mut similarities, mut weights) = (vec![0.0; places.len()], vec![0.0; places.len()]);
            of_space.compare(rows.rows(), &mut made, &mut similarities, &mut weights, &mut self.scratch);
            for (from, at) in places.iter().enumerate() {
                for h in 0..heads {
                    terms[h * m + at] = made[h * places.len() + from];
                }
                self.similarities[*at] += similarities[from];
                self.similarity_weights[*at] += weights[from];
            }
            lacking.push((s, places));
        }
        for (similarity, weight) in self.similarities.iter_mut().zip(&self.similarity_weights) {
            *similarity = if *weight > 0.0 { held(*similarity / weight) } else { f32::NEG_INFINITY };
        }
        for (s, places) in lacking {
            self.fill_means(question, s, &places);
        }
    }

    /// Gives those that are not at `places` the mean of the unmasked at `places`, so that lacking a space is neutral.
    fn fill_means(&mut self, question: &Question<'_>, s: usize, places: &[usize]) {
        let m = self.active.len();
        let counted: Vec<usize> = places.iter().copied().filter(|at| !self.is_too_far(question, *at)).collect();
        for terms in self.terms[s * self.heads * m..][..self.heads * m].chunks_exact_mut(m.max(1)) {
            let sum: f64 = counted.iter().map(|at| f64::from(terms[*at])).sum();
            let mean = if counted.is_empty() { 0.0 } else { (sum / counted.len() as f64) as f32 };
            let mut has = places.iter().copied().peekable();
            for (at, term) in terms.iter_mut().enumerate() {
                if has.next_if_eq(&at).is_none() {
                    *term = mean;
                }
            }
        }
    }

    fn is_too_far(&self, question: &Question<'_>, at: usize) -> bool {
        question
            .similarity_min
            .is_some_and(|least| self.similarities[at] < least || self.similarities[at] == f32::NEG_INFINITY)
    }

    /// Sums what is the same for every head.
    fn add_common(&mut self, question: &Question<'_>) {
        self.common.clear();
        if question.saliences.is_empty() && question.biases.is_empty() && question.boosts.is_empty() {
            self.common.resize(self.active.len(), 0.0);
            return;
        }
        let common = |i: &u32| {
            let i = *i as usize;
            let biased = prior(question, i) + question.biases.get(i).map_or(0.0, |bias| held(*bias));
            question.boosts.iter().fold(held(biased), |sum, boost| held(sum + held(boost[i])))
        };
        self.common.extend(self.active.iter().map(common));
    }

    fn make_logits(&mut self, path: Path, question: &Question<'_>) {
        let m = self.active.len();
        self.stride = m.next_multiple_of(LANES);
        self.logits.clear();
        for h in 0..self.heads {
            self.logits.extend_from_slice(&self.common);
            for (s, factor) in self.factors.iter().enumerate() {
                let terms = &self.terms[(s * self.heads + h) * m..][..m];
                path.multiply_add(terms, *factor, &mut self.logits[h * self.stride..]);
            }
            self.logits.resize((h + 1) * self.stride, f32::NEG_INFINITY);
        }
        if question.similarity_min.is_some() {
            for at in 0..m {
                if self.is_too_far(question, at) {
                    self.logits[at..].iter_mut().step_by(self.stride).for_each(|logit| *logit = f32::NEG_INFINITY);
                }
            }
        }
    }

    fn make_weights(&mut self, path: Path) {
        let (m, stride) = (self.active.len(), self.stride);
        resize(&mut self.head_weights, self.heads * stride);
        self.ranks.clear();
        self.ranks.resize(m, 0.0);
        let share = 1.0 / self.heads as f32;
        for h in 0..self.heads {
            let weights = &mut self.head_weights[h * stride..][..stride];
            path.softmax(self.logits[h * stride..][..stride].as_chunks().0, weights.as_chunks_mut().0);
            path.multiply_add(weights, share, &mut self.ranks);
        }
        for (rank, logit) in self.ranks.iter_mut().zip(&self.logits) {
            *rank = if *logit == f32::NEG_INFINITY { f32::NEG_INFINITY } else { *rank };
        }
    }
}

/// Answers each question and returns what `take` makes of the answers, in the questions' order; on as many threads as there
/// are, with the same result as on one.
pub(crate) fn attend_many<R: Send>(
    path: Path,
    questions: &[Question<'_>],
    take: impl Fn(usize, &Attention) -> R + Sync,
) -> Vec<R> {
    let each = |attention: &mut Attention, (at, question): (usize, &Question<'_>)| {
        attention.answer(path, question);
        take(at, attention)
    };
    questions.par_iter().enumerate().map_init(Attention::default, each).collect()
}

/// Writes the softmax of `logits` into `weights`, both `[n]`: `exp(z_i - max z) / Σ_j exp(z_j - max z)`.
///
/// Minus infinity masks: the weight is 0, and where all are masked every weight is. Not a number masks as well, infinity counts
/// as the largest number; no weight is ever not a number. Weights are within 1e-6 of the true ones, relatively, down to
/// denormals; every path gives the same bits.
///
/// # Panics
/// Where the two lengths differ.
pub(crate) fn softmax(path: Path, logits: &[f32], weights: &mut [f32]) {
    assert_eq!(logits.len(), weights.len(), "a weight for each logit");
    // Behind the last, as many that are masked as fill a register.
    let mut filled = logits.as_chunks().0.to_vec();
    let rest = logits.as_chunks::<LANES>().1;
    if !rest.is_empty() {
        let mut last = [f32::NEG_INFINITY; LANES];
        last[..rest.len()].copy_from_slice(rest);
        filled.push(last);
    }
    let mut made = vec![[0.0; LANES]; filled.len()];
    path.softmax(&filled, &mut made);
    weights.copy_from_slice(&made.as_flattened()[..weights.len()]);
}

/// Adds `Σ a_i·v_i` to `sum` of `[d]`, in the rows' order; a candidate whose row is empty gives nothing.
///
/// # Panics
/// Where a row has another length than `sum`, or there is not a weight for each row.
pub(crate) fn attended(path: Path, rows: Rows<'_>, weights: &[f32], sum: &mut [f32]) {
    assert_eq!(rows.len(), weights.len(), "a weight for each row");
    match rows {
        Rows::F32(rows) => add_weighted(path, rows.iter().copied().zip(weights.iter().copied()), sum),
        Rows::F16(rows) => add_weighted(path, rows.iter().copied().zip(weights.iter().copied()), sum),
        Rows::I8 { codes, scales } => {
            let weights = weights.iter().zip(scales).map(|(weight, scale)| weight * scale);
            add_weighted(path, codes.iter().copied().zip(weights), sum);
        }
    }
}

fn add_weighted<'a, T: super::number::Number + 'a>(
    path: Path,
    rows: impl Iterator<Item = (&'a [T], f32)>,
    sum: &mut [f32],
) {
    let rows: Vec<(&[T], f32)> = rows.filter(|(row, weight)| !row.is_empty() && *weight != 0.0).collect();
    for (row, _) in &rows {
        assert_eq!(row.len(), sum.len(), "a row of the sum's dimensions");
    }
    path.add_weighted(&rows, sum);
}

/// A space and who asks.
struct OfSpace<'a> {
    path: Path,
    heads: usize,
    space: &'a Space<'a>,
}

impl OfSpace<'_> {
    /// Writes the similarities of the heads to `terms`, and adds those of the whole, weighted.
    fn compare(
        &self,
        rows: Rows<'_>,
        terms: &mut [f32],
        similarities: &mut [f32],
        weights: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let Self { path, heads, space } = *self;
        let (metric, d) = (space.metric, space.query.len());
        let m = rows.len();
        if let Some(folded) = space.folded {
            let projected = projected_metric(metric);
            head_similarities(path, projected, Cut::folded(d, heads), folded, rows, terms, scratch);
            let mut whole = vec![0.0; m];
            head_similarities(path, metric, Cut::slices(d, 1), space.query, rows, &mut whole, scratch);
            path.multiply_add(&whole, space.weight, similarities);
        } else {
            head_similarities(path, metric, Cut::slices(d, heads), space.query, rows, terms, scratch);
            for terms in terms.chunks_exact(m.max(1)) {
                path.multiply_add(terms, space.weight, similarities);
            }
        }
        weights.iter_mut().for_each(|weight| *weight += space.weight);
    }
}

/// Returns how a model's heads compare: what is projected is never far or near, but more or less along.
pub(super) const fn projected_metric(metric: Metric) -> Metric {
    match metric {
        Metric::Cosine => Metric::Cosine,
        Metric::Dot | Metric::Euclidean => Metric::Dot,
    }
}

fn check(question: &Question<'_>) {
    let n = question.candidates;
    assert!(question.heads > 0, "attention needs a head");
    assert!(question.temperature > 0.0, "temperature {} is not above 0", question.temperature);
    assert!(question.saliences.is_empty() || question.saliences.len() == n, "a salience for each candidate");
    assert!(question.biases.is_empty() || question.biases.len() == n, "a bias for each candidate");
    assert!(question.boosts.iter().all(|boost| boost.len() == n), "a boost for each candidate");
    assert!(question.spaces.iter().all(|space| space.rows.len() == n), "a row for each candidate");
    assert!(question.selection.is_none_or(|words| words.len() >= n.div_ceil(64)), "a bit for each candidate");
}

/// Returns `λ·ln(salience)`.
fn prior(question: &Question<'_>, i: usize) -> f32 {
    match question.saliences.get(i) {
        Some(salience) => held(question.prior * salience.clamp(f32::MIN_POSITIVE, f32::MAX).ln()),
        None => 0.0,
    }
}

/// Returns the nearest number that is not infinite; the smallest for what is not a number.
fn held(x: f32) -> f32 {
    if x.is_nan() { f32::MIN } else { x.clamp(f32::MIN, f32::MAX) }
}

fn is_set(words: &[u64], at: u32) -> bool {
    words[at as usize / 64] >> (at % 64) & 1 == 1
}

/// Makes room for `n` numbers, whatever they are.
fn resize(numbers: &mut Vec<f32>, n: usize) {
    numbers.truncate(n);
    numbers.resize(n, 0.0);
}
