//! Similarities of rows, gathered and scanned, in every storage.

use super::*;

fn check_rows(query: &[f32], rows: &[Vec<f32>], what: &str) {
    let d = query.len();
    let wide_query = naive::wide(query);
    for owned in Owned::all(rows) {
        let truth = owned.with(naive::numbers);
        for metric in METRICS {
            for path in Path::available() {
                let mut gathered = vec![f32::NAN; rows.len()];
                owned.with(|rows| similarities(path, metric, query, rows, &mut gathered));
                for (at, (got, row)) in gathered.iter().zip(&truth).enumerate() {
                    let norms = naive::norm(&wide_query) * naive::norm(row);
                    let want = naive::similarity(metric, &wide_query, row, norms);
                    // What f32 cannot hold is the largest that it can.
                    let want = want.clamp(f64::from(f32::MIN), f64::from(f32::MAX));
                    let near = owned.tolerance(d) * size(metric, &wide_query, row) + 1e-44;
                    let off = (f64::from(*got) - want).abs();
                    assert!(off <= near, "{what} {path:?} {metric:?} d={d} row {at}: {got} is not {want} ± {near}");
                }
                let mut scanned = vec![f32::NAN; rows.len()];
                owned.with_block(|block| scan(path, metric, query, block, None, &mut scanned));
                assert_eq!(
                    bits(&scanned),
                    bits(&gathered),
                    "{what} {path:?} {metric:?} d={d}: scanned is not gathered"
                );
            }
        }
    }
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn similarities_are_the_twins() {
    let mut random = Random::new(1);
    for d in DIMENSIONS {
        for n in [0, 1, 2, 3, 4, 5, 64, 67] {
            let query = random.vector(d);
            let rows: Vec<Vec<f32>> = (0..n).map(|_| random.vector(d)).collect();
            check_rows(&query, &rows, "plain");
        }
    }
}

#[test]
fn rows_of_zeros_and_the_query_itself() {
    for d in DIMENSIONS {
        let query = Random::new(2).vector(d);
        let opposite = query.iter().map(|x| -x).collect();
        check_rows(&query, &[vec![0.0; d], query.clone(), opposite, query.clone(), vec![0.0; d]], "zeros");
        check_rows(&vec![0.0; d], &[vec![0.0; d], query.clone()], "a query of zeros");
    }
}

#[test]
fn numbers_that_f32_barely_holds() {
    let mut random = Random::new(3);
    for d in [1, 7, 16, 65] {
        let plain = random.vector(d);
        let times = |factor: f32| plain.iter().map(|x| x * factor).collect::<Vec<f32>>();
        let alternating: Vec<f32> = (0..d).map(|at| if at % 2 == 0 { f32::MAX } else { f32::MIN }).collect();
        let rows = [times(1e-42), times(1e-30), times(1e30), times(f32::MAX), alternating.clone(), plain.clone()];
        for query in [times(1e-42), times(1e-25), times(1e25), times(f32::MAX), alternating, plain] {
            for row in &rows {
                check_extreme(&query, row);
            }
        }
    }
}

/// Rows of floats only: a code has no such range.
fn check_extreme(query: &[f32], row: &[f32]) {
    let (q, k) = (naive::wide(query), naive::wide(row));
    for metric in METRICS {
        let want = naive::similarity(metric, &q, &k, naive::norm(&q) * naive::norm(&k));
        let want = want.clamp(f64::from(f32::MIN), f64::from(f32::MAX));
        for path in Path::available() {
            let got = similarity(path, metric, query, row);
            let near = 1e-5 * size(metric, &q, &k) + 1e-42;
            let off = (f64::from(got) - want).abs();
            assert!(got.is_finite() && off <= near, "{path:?} {metric:?} {query:?} {row:?}: {got} is not {want}");
            let mut codes = vec![0; row.len()];
            let scale = quantize(row, &mut codes);
            let mut of_codes = [0.0];
            similarities(path, metric, query, Rows::I8 { codes: &[&codes], scales: &[scale] }, &mut of_codes);
            assert!(of_codes[0].is_finite(), "{path:?} {metric:?} {query:?} {row:?} in codes");
        }
    }
}

#[test]
fn a_row_that_is_not_a_number_comes_last() {
    for path in Path::available() {
        for metric in [Metric::Dot, Metric::Euclidean] {
            let mut out = [0.0; 2];
            similarities(path, metric, &[1.0, 2.0], Rows::F32(&[&[f32::NAN, 1.0], &[-3e38, -3e38]]), &mut out);
            assert!(out[0] == f32::MIN && out[1] >= f32::MIN, "{path:?} {metric:?} {out:?}");
        }
    }
}

/// Neither the rows beside it nor its place changes what a row gets.
#[test]
fn a_row_alone_is_a_row_among_others() {
    let mut random = Random::new(4);
    for d in [5, 16, 100, 384] {
        let query = random.vector(d);
        let rows: Vec<Vec<f32>> = (0..23).map(|_| random.vector(d)).collect();
        for owned in Owned::all(&rows) {
            for (metric, path) in METRICS.into_iter().flat_map(|m| Path::available().into_iter().map(move |p| (m, p))) {
                let mut all = vec![0.0; rows.len()];
                owned.with(|rows| similarities(path, metric, &query, rows, &mut all));
                for (at, want) in all.iter().enumerate() {
                    let mut alone = [0.0];
                    owned.with(|rows| {
                        similarities(path, metric, &query, rows.pick([at].into_iter()).rows(), &mut alone);
                    });
                    assert_eq!(alone[0].to_bits(), want.to_bits(), "{path:?} {metric:?} d={d} row {at}");
                }
            }
        }
    }
}

/// Whole numbers have no rounding: all paths agree to the bit.
#[test]
fn codes_are_the_same_on_every_path() {
    let mut random = Random::new(5);
    for d in DIMENSIONS {
        let query = random.vector(d);
        let rows: Vec<Vec<f32>> = (0..9).map(|_| random.vector(d)).collect();
        let [.., codes] = Owned::all(&rows);
        for metric in METRICS {
            let of = |path: Path| {
                let mut out = vec![0.0; rows.len()];
                codes.with(|rows| similarities(path, metric, &query, rows, &mut out));
                bits(&out)
            };
            let portable = of(*Path::available().last().unwrap());
            for path in Path::available() {
                // A cosine divides by the query's norm, which is rounded.
                if metric != Metric::Cosine {
                    assert_eq!(of(path), portable, "{path:?} {metric:?} d={d}");
                }
            }
        }
    }
}

/// The largest codes at the most dimensions stay within the sums.
#[test]
fn sums_of_codes_do_not_overflow() {
    let d = codes::CODES_MAX;
    let (query, row) = (vec![127.0; d], vec![-127_i8; d]);
    for path in Path::available() {
        let mut out = [0.0; 2];
        similarities(path, Metric::Dot, &query, Rows::I8 { codes: &[&row, &row], scales: &[1.0, 2.0] }, &mut out);
        for (got, scale) in out.iter().zip([1.0, 2.0]) {
            assert!((got / (-127.0 * 127.0 * scale * d as f32) - 1.0).abs() < 1e-6, "{path:?} {out:?}");
        }
        // The scale of a query of ones is rounded to 17 bits.
        let ones = vec![1.0; d];
        similarities(path, Metric::Cosine, &ones, Rows::I8 { codes: &[&row, &row], scales: &[1.0, 2.0] }, &mut out);
        assert!((out[0] + 1.0).abs() < 3e-5, "{path:?} {out:?}");
    }
}

#[test]
fn heads_see_their_slices() {
    let mut random = Random::new(6);
    for (d, heads) in [(1, 1), (8, 8), (24, 3), (64, 8), (384, 12), (130, 2), (512, 8), (36, 4)] {
        let query = random.vector(d);
        let rows: Vec<Vec<f32>> = (0..6).map(|_| random.vector(d)).collect();
        for owned in Owned::all(&rows) {
            let truth = owned.with(naive::numbers);
            for (metric, path) in METRICS.into_iter().flat_map(|m| Path::available().into_iter().map(move |p| (m, p))) {
                let mut out = vec![0.0; heads * rows.len()];
                let (cut, mut scratch) = (Cut::slices(d, heads), similarity::Scratch::default());
                owned.with(|rows| {
                    similarity::head_similarities(path, metric, cut, &query, rows, &mut out, &mut scratch);
                });
                let (q, width) = (naive::wide(&query), d / heads);
                for (h, out) in out.chunks_exact(rows.len()).enumerate() {
                    for (got, row) in out.iter().zip(&truth) {
                        let norms = naive::norm(&q) * naive::norm(row);
                        let (q, k) = (&q[h * width..][..width], &row[h * width..][..width]);
                        let want = naive::similarity(metric, q, k, norms);
                        let near = owned.tolerance(d) * size(metric, q, k);
                        assert!((f64::from(*got) - want).abs() <= near, "{path:?} {metric:?} {heads} heads of {d}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_selection_leaves_rows_out() {
    let mut random = Random::new(7);
    let d = 19;
    for n in [0, 1, 63, 64, 65, 130, 200] {
        let query = random.vector(d);
        let rows: Vec<Vec<f32>> = (0..n).map(|_| random.vector(d)).collect();
        let words = [random.bits(), u64::MAX, 0, random.bits() & random.bits()];
        for owned in Owned::all(&rows) {
            for (metric, path) in METRICS.into_iter().flat_map(|m| Path::available().into_iter().map(move |p| (m, p))) {
                let mut all = vec![0.0; n];
                let mut some = vec![0.0; n];
                owned.with_block(|block| scan(path, metric, &query, block, None, &mut all));
                owned.with_block(|block| scan(path, metric, &query, block, Some(&words), &mut some));
                for (at, (all, some)) in all.iter().zip(&some).enumerate() {
                    let want = if words[at / 64] >> (at % 64) & 1 == 1 { *all } else { f32::NEG_INFINITY };
                    assert_eq!(some.to_bits(), want.to_bits(), "{path:?} {metric:?} row {at} of {n}");
                }
            }
        }
    }
}
