//! A model's projections, folded into the query: `⟨Wq q, Wk k⟩ = ⟨Wkᵀ Wq q, k⟩`, so that rows are compared where they lie, as
//! without a model.
//!
//! The other way is to keep projected keys: `H·d_h` numbers a candidate then, where this takes `H·d`. It pays where
//! `H·d_h` is well below `d` and the same rows are asked again and again; it costs as much memory again as the vectors, and
//! what is projected must be made anew with every vector and every model. A group is small and its question its own, so the fold is what
//! is used: it costs `2·H·d_h·d` multiply-adds, once a group, and beside `n` candidates it is the smaller part from `n = 2·d_h` on.

use super::{Metric, Path, Rows, attended, similarities};

/// Returns the queries `[H, d]` of a model's heads, into which `query` and `key` of `[H, d_h, d]` are folded: head `h` is
/// `Wk_hᵀ Wq_h q`. For a cosine `q` is divided by its norm, as the kernels divide `k` by its own: then vectors count by their
/// directions only. Nothing where f32 does not hold the result.
///
/// # Panics
/// Where a length is not what the shapes say.
pub(crate) fn fold(
    path: Path,
    metric: Metric,
    heads: usize,
    (query, key): (&[f32], &[f32]),
    vector: &[f32],
) -> Option<Vec<f32>> {
    let d = vector.len();
    assert!(heads > 0 && d > 0, "a model has heads and dimensions");
    assert!(query.len().is_multiple_of(heads * d) && query.len() == key.len(), "matrices of [{heads}, d_h, {d}]");
    let width = query.len() / (heads * d);
    let unit: Vec<f32>;
    let vector = match metric {
        Metric::Cosine => {
            let norm = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
            unit = vector.iter().map(|x| if norm > 0.0 { (f64::from(*x) / norm) as f32 } else { 0.0 }).collect();
            &unit
        }
        Metric::Dot | Metric::Euclidean => vector,
    };
    let rows: Vec<&[f32]> = query.chunks_exact(d).collect();
    let mut projected = vec![0.0; heads * width];
    similarities(path, Metric::Dot, vector, Rows::F32(&rows), &mut projected);
    let rows: Vec<&[f32]> = key.chunks_exact(d).collect();
    let mut folded = vec![0.0; heads * d];
    for (head, sum) in folded.chunks_exact_mut(d).enumerate() {
        let of_head = head * width..(head + 1) * width;
        attended(path, Rows::F32(&rows[of_head.clone()]), &projected[of_head], sum);
    }
    folded.iter().all(|x| x.is_finite()).then_some(folded)
}
