//! Softmax and sums by weight.

use super::*;

/// Checks the weights of every path; returns those of the first.
fn check_softmax(logits: &[f32]) -> Vec<f32> {
    let wide: Vec<f64> =
        logits.iter().map(|z| if z.is_nan() { f64::NEG_INFINITY } else { f64::from(z.min(f32::MAX)) }).collect();
    let truth = naive::softmax(&wide);
    let mut of_paths = Vec::new();
    for path in Path::available() {
        let mut weights = vec![f32::NAN; logits.len()];
        softmax(path, logits, &mut weights);
        for ((got, want), z) in weights.iter().zip(&truth).zip(logits) {
            let top = wide.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // A difference of f32 logits is rounded, by up to half a last place of its size.
            let rounded = if z.is_finite() { ((f64::from(*z) - top).abs() * 6e-8).min(1.0) } else { 0.0 };
            let near = want * (2e-6 + rounded) + 1.5e-45;
            assert!((f64::from(*got) - want).abs() <= near, "{path:?} {z}: {got} is not {want}");
        }
        of_paths.push(weights);
    }
    for weights in &of_paths {
        assert!(weights.iter().zip(&of_paths[0]).all(|(a, b)| a.to_bits() == b.to_bits()), "paths differ: {logits:?}");
    }
    of_paths.swap_remove(0)
}

#[test]
fn exponentials_are_those_of_f64() {
    // Every 97th f32 from -110 to 0, and as many above; what e^x cannot be is 0 or infinite.
    let mut worst = 0.0_f64;
    let mut check = |x: f32| {
        let (got, want) = (f64::from(loops::exp(x)), f64::from(x).exp());
        if want > f64::from(f32::MAX) {
            assert!(got.is_infinite() || got > 3.4e38, "exp({x}) = {got}");
        } else if want < f64::from(f32::MIN_POSITIVE) {
            assert!((got - want).abs() <= 1.5e-45, "exp({x}) = {got}, not {want}");
        } else {
            worst = worst.max((got / want - 1.0).abs());
        }
    };
    for bits in (0..110_f32.to_bits()).step_by(9_973) {
        check(f32::from_bits(bits));
        check(-f32::from_bits(bits));
    }
    for x in [0.0, -0.0, -87.336_55, -87.5, -100.0, -103.97, -104.5, 88.72, 88.73, f32::MIN, f32::MAX] {
        check(x);
    }
    assert!(worst <= 3e-7, "relative error {worst}");
    assert_eq!(loops::exp(f32::NEG_INFINITY), 0.0);
    assert_eq!(loops::exp(f32::NAN), 0.0);
    assert_eq!(loops::exp(0.0), 1.0);
}

#[test]
fn weights_are_those_of_f64() {
    let mut random = Random::new(11);
    for n in [0, 1, 2, 15, 16, 17, 31, 50, 1000, 1024, 1025, 5000] {
        for spread in [0.0, 1e-40, 1.0, 30.0, 1000.0, 3e38] {
            let logits: Vec<f32> = (0..n).map(|_| random.unit() * spread).collect();
            let weights = check_softmax(&logits);
            let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            assert!(n == 0 || (sum - 1.0).abs() < 1e-6, "{n} weights sum to {sum}");
        }
    }
}

#[test]
fn masks_and_what_is_no_logit() {
    let none = f32::NEG_INFINITY;
    for n in [1, 5, 16, 33] {
        assert_eq!(check_softmax(&vec![none; n]), vec![0.0; n]);
        assert_eq!(check_softmax(&vec![f32::NAN; n]), vec![0.0; n]);
        let mut logits = vec![none; n];
        logits[n - 1] = -1e38;
        let weights = check_softmax(&logits);
        assert!(weights[n - 1] == 1.0 && weights[..n - 1].iter().all(|weight| *weight == 0.0));
    }
    let mut weights = [0.0; 4];
    softmax(Path::best(), &[f32::INFINITY, f32::MAX, f32::NAN, 0.0], &mut weights);
    assert_eq!(weights, [0.5, 0.5, 0.0, 0.0]);
    check_softmax(&[f32::MAX, f32::MIN, 0.0, none]);
    check_softmax(&[0.0, -87.0, -88.0, -95.0, -103.0, -103.9, -104.1, -200.0]);
}

/// A sum in f32 alone is off by more than a thousandth here.
#[test]
fn many_weights_sum_to_one() {
    let mut logits = vec![-0.3; 3_000_000];
    logits[7] = 0.0;
    let truth = naive::softmax(&naive::wide(&logits));
    for path in Path::available() {
        let mut weights = vec![0.0; logits.len()];
        softmax(path, &logits, &mut weights);
        for at in [0, 7, 2_999_999] {
            let off = f64::from(weights[at]) / truth[at] - 1.0;
            assert!(off.abs() < 2e-6, "{path:?}: {} is not {}", weights[at], truth[at]);
        }
    }
}

#[test]
fn rows_are_summed_by_weight() {
    let mut random = Random::new(12);
    for d in DIMENSIONS {
        for n in [0, 1, 3, 4, 5, 9] {
            let mut rows: Vec<Vec<f32>> = (0..n).map(|_| random.vector(d)).collect();
            let mut weights: Vec<f32> = (0..n).map(|_| random.unit().abs()).collect();
            if n > 3 {
                rows[1].clear();
                weights[2] = 0.0;
            }
            for owned in Owned::all(&rows) {
                let truth = owned.with(naive::numbers);
                let of = |path: Path| {
                    let mut sum = vec![0.0; d];
                    owned.with(|rows| attended(path, rows, &weights, &mut sum));
                    sum
                };
                for path in Path::available() {
                    for (at, got) in of(path).into_iter().enumerate() {
                        let parts = truth.iter().zip(&weights).filter(|(row, _)| !row.is_empty());
                        let want: f64 = parts.map(|(row, weight)| row[at] * f64::from(*weight)).sum();
                        assert!(
                            (f64::from(got) - want).abs() <= 1e-6 * n as f64,
                            "{path:?} d={d}: {got} is not {want}"
                        );
                    }
                    assert_eq!(of(path), of(Path::best()), "{path:?} d={d}");
                }
            }
        }
    }
}
