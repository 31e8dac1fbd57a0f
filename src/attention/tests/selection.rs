//! The best few.

use super::*;

fn indexes(ranked: &[Ranked]) -> Vec<u32> {
    ranked.iter().map(|ranked| ranked.index).collect()
}

#[test]
fn the_best_are_those_of_a_sort() {
    let mut random = Random::new(31);
    for n in [0, 1, 2, 10, 63, 64, 65, 500, 3000] {
        for values in [1, 3, 1_000_000] {
            let mut scores: Vec<f32> = (0..n).map(|_| random.below(values) as f32 - values as f32 / 2.0).collect();
            for at in (0..n).step_by(7) {
                scores[at] = [f32::NEG_INFINITY, -0.0, 0.0, f32::MAX, f32::MIN, 1e-44][random.below(6)];
            }
            for k in [0, 1, 2, 10, 64, n, n + 5] {
                let got = top(&scores, k);
                assert_eq!(indexes(&got), naive::top(&scores, k), "{k} of {n} from {values} values");
                assert!(got.iter().all(|ranked| ranked.score == scores[ranked.index as usize]));
                // In pieces, the same.
                let mut pieces = Top::new(k);
                let mut first = 0;
                while first < n {
                    let last = n.min(first + 1 + random.below(100));
                    pieces.extend(first as u32, &scores[first..last]);
                    first = last;
                }
                assert_eq!(pieces.finish(), got, "{k} of {n} in pieces");
            }
        }
    }
}

#[test]
fn what_is_not_a_number_is_never_among_the_best() {
    assert_eq!(indexes(&top(&[f32::NAN, 1.0, f32::NEG_INFINITY, 2.0], 4)), [3, 1]);
}

#[test]
fn equal_scores_go_by_index_and_minus_zero_is_zero() {
    assert_eq!(indexes(&top(&[0.0, -0.0, 0.0, -0.0], 3)), [0, 1, 2]);
    assert_eq!(indexes(&top(&[-0.0, 0.0], 1)), [0]);
    assert_eq!(indexes(&top(&vec![7.0; 1000], 5)), [0, 1, 2, 3, 4]);
    let rising: Vec<f32> = (0..1000).map(|at| (at / 10) as f32).collect();
    assert_eq!(indexes(&top(&rising, 12)), [990, 991, 992, 993, 994, 995, 996, 997, 998, 999, 980, 981]);
}

/// What codes choose and numbers decide is what numbers alone would choose, nearly always.
#[test]
fn a_rerank_finds_the_best() {
    let mut random = Random::new(32);
    let (d, n, k) = (128, 1000, 10);
    for metric in METRICS {
        let mut found = 0;
        for _ in 0..20 {
            let query = random.vector(d);
            let rows: Vec<Vec<f32>> = (0..n).map(|_| random.vector(d)).collect();
            let [numbers, _, codes] = Owned::all(&rows);
            let mut scores = vec![0.0; n];
            codes.with(|rows| similarities(Path::best(), metric, &query, rows, &mut scores));
            let rough = top(&scores, RERANK_FACTOR * k);
            let got = rerank(Path::best(), metric, &query, &rough, |at| &rows[at as usize], k);
            numbers.with(|rows| similarities(Path::best(), metric, &query, rows, &mut scores));
            let want = top(&scores, k);
            found += got.iter().filter(|ranked| want.contains(ranked)).count();
            // Those that were found have the scores of the numbers, and their order.
            assert!(got.iter().all(|ranked| ranked.score == scores[ranked.index as usize]));
            assert!(got.is_sorted_by(|a, b| (-a.score, a.index) < (-b.score, b.index)));
        }
        assert!(found >= 198, "{metric:?}: {found} of 200");
    }
}

#[test]
fn a_rerank_keeps_the_order_of_equal_rows() {
    let row = [1.0, 2.0];
    let ranked: Vec<Ranked> = [5, 3, 9, 1].map(|index| Ranked { index, score: 0.0 }).to_vec();
    assert_eq!(indexes(&rerank(Path::best(), Metric::Dot, &[1.0, 1.0], &ranked, |_| &row, 3)), [1, 3, 5]);
}
