//! Models: what is folded into the query is what projecting both sides gives.

use super::*;

/// Shapes `(heads, d_h, d)`: one number, odd ones, and those of usual models.
const SHAPES: [(usize, usize, usize); 6] = [(1, 1, 1), (2, 3, 5), (3, 1, 17), (4, 16, 64), (8, 64, 384), (5, 7, 130)];

#[test]
fn a_fold_is_both_projections() {
    let mut random = Random::new(31);
    for (heads, width, d) in SHAPES {
        let scaled = |numbers: Vec<f32>| numbers.into_iter().map(|x| x / (d as f32).sqrt()).collect::<Vec<_>>();
        let (wq, wk) = (scaled(random.vector(heads * width * d)), scaled(random.vector(heads * width * d)));
        let query = random.vector(d);
        let rows: Vec<Vec<f32>> = (0..5).map(|_| random.vector(d)).collect();
        for (metric, path) in METRICS.into_iter().flat_map(|m| Path::available().into_iter().map(move |p| (m, p))) {
            let folded = fold(path, metric, heads, (&wq, &wk), &query).expect("small numbers");
            for owned in Owned::all(&rows) {
                // Codes of the rows are what is compared, as everywhere.
                let truth = owned.with(naive::numbers);
                let want: Vec<Vec<f64>> = truth
                    .iter()
                    .map(|row| row.iter().map(|x| *x as f32).collect::<Vec<f32>>())
                    .map(|row| naive::projected(metric, heads, (&wq, &wk), &query, &row))
                    .collect();
                let mut attention = Attention::default();
                owned.with(|rows| {
                    let space = Space { metric, weight: 1.0, gain: 1.0, query: &query, folded: Some(&folded), rows };
                    let question = Question {
                        candidates: rows.len(),
                        heads,
                        spaces: &[space],
                        temperature: 1.0,
                        prior: 0.0,
                        saliences: &[],
                        biases: &[],
                        boosts: &[],
                        selection: None,
                        similarity_min: None,
                    };
                    attention.answer(path, &question);
                    for (i, want) in want.iter().enumerate() {
                        let parts: Vec<HeadParts<'_>> = attention.parts(&question, i as u32).unwrap().collect();
                        for (h, (head, want)) in parts.iter().zip(want).enumerate() {
                            let (folded, row) = (naive::wide(&folded[h * d..][..d]), &truth[i]);
                            let by = if metric == Metric::Cosine { naive::norm(row) } else { 1.0 };
                            let near = 2.0 * owned.tolerance(d) * (0.05 + naive::norm(&folded) * naive::norm(row) / by);
                            let got = f64::from(head.logit);
                            assert!(
                                (got - want).abs() <= near,
                                "{path:?} {metric:?} {heads}x{width}x{d}: {got} {want}"
                            );
                        }
                    }
                    // How alike they are is what it is without a model.
                    for (i, row) in truth.iter().enumerate() {
                        let q = naive::wide(&query);
                        let want = naive::similarity(metric, &q, row, naive::norm(&q) * naive::norm(row));
                        let got = f64::from(attention.similarity(i as u32).unwrap());
                        assert!((got - want).abs() <= owned.tolerance(d) * size(metric, &q, row), "{got} {want}");
                    }
                });
            }
        }
    }
}

#[test]
fn what_is_too_large_to_fold_is_said() {
    for path in Path::available() {
        let huge = [3e38_f32, 3e38];
        assert_eq!(fold(path, Metric::Dot, 1, (&huge, &huge), &[1.0, 1.0]), None);
        assert_eq!(fold(path, Metric::Cosine, 1, (&[1.0, 0.0], &[0.0, 1.0]), &[0.0, 0.0]), Some(vec![0.0, 0.0]));
        // Vectors that f32 cannot square have a direction all the same.
        let folded = fold(path, Metric::Cosine, 1, (&[1.0, 0.0], &[0.0, 1.0]), &[3e38, 0.0]).unwrap();
        assert!((folded[1] - 1.0).abs() < 1e-6 && folded[0] == 0.0, "{folded:?}");
    }
}
