//! Similarity of lists of numbers, from 0 to 1, as vector indexes score it.
//!
//! Cosine: (1 + a·b / (|a| |b|)) / 2. Euclidean: 1 / (1 + |a - b|²). Both in 64-bit floats.

use super::{Function, wrong_type};
use crate::{Result, error::QueryError, model::Value};

/// Returns what a function gives for two lists; neither is null.
///
/// # Errors
/// `TypeError` where one is no list of numbers, `ArgumentError` where both cannot be compared.
pub(super) fn call(function: Function, args: &[Value]) -> Result<Value> {
    let (a, b) = (numbers(function, &args[0])?, numbers(function, &args[1])?);
    if a.len() != b.len() {
        return Err(invalid(function, format!("one vector has {} numbers, the other {}", a.len(), b.len())).into());
    }
    if a.is_empty() {
        return Err(invalid(function, "a vector has at least one number".to_owned()).into());
    }
    if function == Function::VectorEuclidean {
        let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b)).sum();
        return Ok(Value::Float(1.0 / (1.0 + squares)));
    }
    // Of the largest number each first: what is very large or small must not overflow when squared.
    let [a, b] = [unit(&a), unit(&b)];
    let (Some(a), Some(b)) = (a, b) else {
        return Err(invalid(function, "a vector of zeros has no direction".to_owned()).into());
    };
    let cosine: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    Ok(Value::Float((1.0 + cosine.clamp(-1.0, 1.0)) / 2.0))
}

fn numbers(function: Function, value: &Value) -> Result<Vec<f64>> {
    let wrong = || wrong_type(function, value, "lists of numbers");
    let Value::List(items) = value else { return Err(wrong().into()) };
    let all: Option<Vec<f64>> = items.iter().map(Value::as_float).collect();
    let all = all.ok_or_else(wrong)?;
    match all.iter().find(|x| !x.is_finite()) {
        Some(x) => Err(invalid(function, format!("a number of a vector is finite, not {x}")).into()),
        None => Ok(all),
    }
}

/// Returns the vector of length 1 in this direction.
fn unit(vector: &[f64]) -> Option<Vec<f64>> {
    let largest = vector.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    if largest == 0.0 {
        return None;
    }
    let length = vector.iter().map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt();
    Some(vector.iter().map(|x| x / largest / length).collect())
}

fn invalid(function: Function, message: String) -> QueryError {
    QueryError::run("22000", "ArgumentError", "InvalidArgumentValue", format!("{}(): {message}", function.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_is_one_for_the_same_and_less_for_others() {
        let list = |items: &[f64]| Value::list(items.iter().map(|x| Value::Float(*x)));
        let of = |function, a: &[f64], b: &[f64]| call(function, &[list(a), list(b)]).unwrap().as_float().unwrap();
        let (cosine, euclidean) = (Function::VectorCosine, Function::VectorEuclidean);
        assert_eq!(of(cosine, &[1.0, 0.0], &[0.0, 2.0]), 0.5);
        assert_eq!(of(cosine, &[1e300, 0.0], &[1e-300, 0.0]), 1.0);
        assert_eq!(of(cosine, &[3.0], &[-1.0]), 0.0);
        // The figures of the Cypher manual, which computes in 32 bits.
        assert!((of(euclidean, &[4.0, 5.0, 6.0], &[2.0, 8.0, 3.0]) - 0.043_478_26).abs() < 1e-7);
        assert!((of(euclidean, &[4.0, 5.0, 6.0], &[1.0, 4.0, 2.0]) - 0.037_037_037).abs() < 1e-7);
        assert!(call(cosine, &[list(&[0.0]), list(&[1.0])]).is_err());
        assert!(call(cosine, &[list(&[1.0]), list(&[1.0, 2.0])]).is_err());
    }
}
