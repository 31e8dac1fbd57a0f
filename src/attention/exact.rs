//! Similarities in f64, for the rare row whose parts f32 does not hold: no product of two f32 is beyond f64.

use super::{Metric, number::Number, sums::Cut};

/// Gives the similarity of each head to `put`; what f32 cannot hold at the end is the largest that it can.
pub(super) fn head_similarities<T: Number>(
    metric: Metric,
    cut: Cut,
    query: &[f32],
    row: &[T],
    mut put: impl FnMut(usize, f32),
) {
    let squares = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| f64::from(x) * f64::from(x)).sum::<f64>();
    let norms = match metric {
        Metric::Cosine if cut.step == 0 => squares(&mut row.iter().map(|k| k.widen())).sqrt(),
        Metric::Cosine => (squares(&mut query.iter().copied()) * squares(&mut row.iter().map(|k| k.widen()))).sqrt(),
        Metric::Dot | Metric::Euclidean => 1.0,
    };
    for h in 0..cut.heads {
        let query = &query[h * cut.width..][..cut.width];
        let row = &row[h * cut.step..][..cut.width];
        let pairs = query.iter().zip(row).map(|(q, k)| (f64::from(*q), f64::from(k.widen())));
        put(
            h,
            finite(match metric {
                Metric::Euclidean => -pairs.map(|(q, k)| (q - k) * (q - k)).sum::<f64>(),
                _ if norms == 0.0 => 0.0,
                _ => pairs.map(|(q, k)| q * k).sum::<f64>() / norms,
            }),
        );
    }
}

/// Returns the nearest number that f32 holds; for not a number, which only a row that holds one makes, the smallest.
pub(super) fn finite(x: f64) -> f32 {
    if x.is_nan() { f32::MIN } else { x.clamp(f32::MIN.into(), f32::MAX.into()) as f32 }
}
