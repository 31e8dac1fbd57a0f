//! The obvious twin of each kernel, in f64: what the paths are compared with.

use super::{Metric, Question, Rows, number::Number};

/// Returns the numbers of each row, as f64; an empty list for an empty row.
pub(super) fn numbers(rows: Rows<'_>) -> Vec<Vec<f64>> {
    let wide = |x: f32| f64::from(x);
    match rows {
        Rows::F32(rows) => rows.iter().map(|row| row.iter().map(|x| wide(*x)).collect()).collect(),
        Rows::F16(rows) => rows.iter().map(|row| row.iter().map(|x| wide(x.widen())).collect()).collect(),
        Rows::I8 { codes, scales } => {
            let row = |(codes, scale): (&&[i8], &f32)| codes.iter().map(|x| f64::from(*x) * wide(*scale)).collect();
            codes.iter().zip(scales).map(row).collect()
        }
    }
}

pub(super) fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|x| f64::from(*x)).collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Returns the similarity of the slices `q` and `k` of a query and a row whose norms are given.
pub(super) fn similarity(metric: Metric, q: &[f64], k: &[f64], norms: f64) -> f64 {
    match metric {
        Metric::Dot => dot(q, k),
        Metric::Euclidean => -distance(q, k),
        Metric::Cosine if norms == 0.0 => 0.0,
        Metric::Cosine => dot(q, k) / norms,
    }
}

pub(super) fn norm(numbers: &[f64]) -> f64 {
    dot(numbers, numbers).sqrt()
}

/// Returns the softmax; all zeros where all are minus infinity.
pub(super) fn softmax(logits: &[f64]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return vec![0.0; logits.len()];
    }
    let powers: Vec<f64> = logits.iter().map(|z| (z - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// Returns the indexes of the best `k` scores that are not minus infinity.
pub(super) fn top(scores: &[f32], k: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..scores.len() as u32).filter(|i| scores[*i as usize] > f32::NEG_INFINITY).collect();
    order.sort_by(|a, b| scores[*b as usize].partial_cmp(&scores[*a as usize]).unwrap().then(a.cmp(b)));
    order.truncate(k);
    order
}

/// Returns `⟨Wq_h q, Wk_h k⟩` of each head, the projections made one after the other; of unit vectors for a cosine.
pub(super) fn projected(
    metric: Metric,
    heads: usize,
    (query, key): (&[f32], &[f32]),
    q: &[f32],
    k: &[f32],
) -> Vec<f64> {
    let d = q.len();
    let width = query.len() / (heads * d);
    let scaled = |vector: &[f32]| {
        let vector = wide(vector);
        let by = if metric == Metric::Cosine && norm(&vector) > 0.0 { norm(&vector) } else { 1.0 };
        vector.iter().map(|x| x / by).collect::<Vec<_>>()
    };
    let (q, k) = (scaled(q), scaled(k));
    let row = |matrix: &[f32], h: usize, at: usize| wide(&matrix[(h * width + at) * d..][..d]);
    let head = |h: usize| (0..width).map(|at| dot(&row(query, h, at), &q) * dot(&row(key, h, at), &k)).sum();
    (0..heads).map(head).collect()
}

/// What [`super::Attention`] says of a question.
pub(super) struct Answer {
    /// `[heads][n]`; minus infinity where masked.
    pub(super) logits: Vec<Vec<f64>>,
    /// `[n]`; 0 where masked.
    pub(super) weights: Vec<f64>,
    /// `[n]`.
    pub(super) similarities: Vec<Option<f64>>,
}

/// Answers a question by the formula, word for word.
pub(super) fn answer(question: &Question<'_>) -> Answer {
    let (n, heads) = (question.candidates, question.heads);
    let selected = |i: usize| question.selection.is_none_or(|words| words[i / 64] >> (i % 64) & 1 == 1);
    let rows: Vec<Vec<Vec<f64>>> = question.spaces.iter().map(|space| numbers(space.rows)).collect();
    let has = |s: usize, i: usize| !rows[s][i].is_empty();

    // ⟨Wq q, Wk k⟩ of each space, head and candidate.
    let term = |s: usize, h: usize, i: usize| {
        let (space, row) = (&question.spaces[s], &rows[s][i]);
        let (d, query) = (space.query.len(), wide(space.query));
        match space.folded {
            Some(folded) => {
                let metric = if space.metric == Metric::Euclidean { Metric::Dot } else { space.metric };
                similarity(metric, &wide(&folded[h * d..][..d]), row, norm(row))
            }
            None => {
                let slice = |numbers: &[f64]| numbers[h * (d / heads)..][..d / heads].to_vec();
                similarity(space.metric, &slice(&query), &slice(row), norm(&query) * norm(row))
            }
        }
    };
    let whole = |i: usize| {
        let having = (0..rows.len()).filter(|s| has(*s, i));
        let (mut sum, mut weights) = (0.0, 0.0);
        for s in having {
            let (space, query) = (&question.spaces[s], wide(question.spaces[s].query));
            let weight = f64::from(space.weight);
            sum += weight * similarity(space.metric, &query, &rows[s][i], norm(&query) * norm(&rows[s][i]));
            weights += weight;
        }
        (selected(i) && weights > 0.0).then(|| sum / weights)
    };
    let similarities: Vec<Option<f64>> = (0..n).map(whole).collect();
    let near = |i: usize| {
        question.similarity_min.is_none_or(|least| similarities[i].is_some_and(|similarity| similarity >= least.into()))
    };
    let kept: Vec<usize> = (0..n).filter(|i| selected(*i) && near(*i)).collect();

    let mut logits = vec![vec![f64::NEG_INFINITY; n]; heads];
    let mut weights = vec![0.0; n];
    for (h, logits) in logits.iter_mut().enumerate() {
        for i in &kept {
            let mut z = 0.0;
            for (s, space) in question.spaces.iter().enumerate() {
                let having: Vec<usize> = kept.iter().copied().filter(|i| has(s, *i)).collect();
                let mean = having.iter().map(|i| term(s, h, *i)).sum::<f64>() / having.len().max(1) as f64;
                let similarity = if has(s, *i) { term(s, h, *i) } else { mean };
                z += f64::from(space.weight) * f64::from(space.gain) * similarity / f64::from(question.temperature);
            }
            z += question.saliences.get(*i).map_or(0.0, |s| f64::from(question.prior) * f64::from(*s).ln());
            z += question.biases.get(*i).map_or(0.0, |bias| f64::from(*bias));
            z += question.boosts.iter().map(|boost| f64::from(boost[*i])).sum::<f64>();
            logits[*i] = z;
        }
        for (mean, weight) in weights.iter_mut().zip(softmax(logits)) {
            *mean += weight / heads as f64;
        }
    }
    Answer { logits, weights, similarities }
}
