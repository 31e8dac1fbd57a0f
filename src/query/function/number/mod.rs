//! Functions of numbers.

mod decimal;

use super::{Function, out_of_range, wrong_type};
use crate::{Result, error::QueryError, model::Value};

/// The most decimal places `round()` keeps: more than a float has.
const ROUND_PLACES_MAX: i64 = 300;

/// Returns what a function gives for numbers; no argument is null.
pub(super) fn call(function: Function, args: &[Value]) -> Result<Value> {
    use Function as F;
    let x = number(function, &args[0])?;
    Ok(match (function, &args[0]) {
        (F::Abs, Value::Int(n)) => Value::Int(n.checked_abs().ok_or_else(|| overflow(function, *n))?),
        (F::Sign, Value::Int(n)) => Value::Int(n.signum()),
        (F::Sign, _) => Value::Int(if x > 0.0 {
            1
        } else if x < 0.0 {
            -1
        } else {
            0
        }),
        (F::IsNan, _) => Value::Bool(x.is_nan()),
        (F::Round, _) if args.len() > 1 => {
            let places = match &args[1] {
                Value::Int(places) => *places,
                Value::Float(x) if *x == x.trunc() => *x as i64,
                other => return Err(wrong_type(function, other, "an integer").into()),
            };
            let mode = match args.get(2) {
                // As without places: a half goes up.
                None if places == 0 => return Ok(Value::Float(half_up(x))),
                None => decimal::Mode::HalfUp,
                Some(Value::String(name)) => decimal::Mode::named(name).ok_or_else(|| no_mode(name))?,
                Some(other) => return Err(wrong_type(function, other, "the name of a mode").into()),
            };
            if !(0..=ROUND_PLACES_MAX).contains(&places) {
                let message = format!("{places} decimal places; from 0 to {ROUND_PLACES_MAX} are possible");
                return Err(out_of_range(function, message).into());
            }
            Value::Float(decimal::round(x, places as usize, mode))
        }
        (F::Mod, Value::Int(a)) if matches!(args[1], Value::Int(_)) => match args[1] {
            Value::Int(0) => {
                return Err(QueryError::run("22012", "ArithmeticError", "DivisionByZero", "mod() by zero").into());
            }
            Value::Int(b) => Value::Int(a.wrapping_rem(b)),
            _ => unreachable!("the guard has seen an integer"),
        },
        (F::Mod, _) => Value::Float(x % number(function, &args[1])?),
        _ => Value::Float(match function {
            F::Abs => x.abs(),
            F::Ceil => x.ceil(),
            F::Floor => x.floor(),
            F::Round => half_up(x),
            F::Sqrt => x.sqrt(),
            F::Exp => x.exp(),
            F::Log => x.ln(),
            F::Log10 => x.log10(),
            F::Sin => x.sin(),
            F::Cos => x.cos(),
            F::Tan => x.tan(),
            F::Cot => 1.0 / x.tan(),
            F::Asin => x.asin(),
            F::Acos => x.acos(),
            F::Atan => x.atan(),
            F::Atan2 => x.atan2(number(function, &args[1])?),
            F::Sinh => x.sinh(),
            F::Cosh => x.cosh(),
            F::Tanh => x.tanh(),
            F::Coth => 1.0 / x.tanh(),
            F::Power => x.powf(number(function, &args[1])?),
            F::Degrees => x.to_degrees(),
            F::Radians => x.to_radians(),
            F::Haversin => (1.0 - x.cos()) / 2.0,
            other => unreachable!("{} is no function of numbers", other.name()),
        }),
    })
}

fn number(function: Function, value: &Value) -> Result<f64> {
    value.as_float().ok_or_else(|| wrong_type(function, value, "a number").into())
}

fn overflow(function: Function, n: i64) -> QueryError {
    out_of_range(function, format!("{n} has no positive integer"))
}

/// Rounds halves towards positive infinity, without the error of adding a half to what has none.
fn half_up(x: f64) -> f64 {
    let floor = x.floor();
    if x - floor >= 0.5 { floor + 1.0 } else { floor }
}

fn no_mode(name: &str) -> QueryError {
    let message = format!("there is no mode '{name}'");
    out_of_range(Function::Round, message).hint(format!("write one of {}", decimal::Mode::NAMES.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_up() {
        for (x, expected) in [(0.5, 1.0), (-0.5, 0.0), (-1.5, -1.0), (2.4, 2.0), (0.499_999_999_999_999_94, 0.0)] {
            assert_eq!(half_up(x), expected, "{x}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert!(call(Function::Sqrt, &["4".into()]).is_err());
        assert!(call(Function::Abs, &[Value::Int(i64::MIN)]).is_err());
        assert_eq!(call(Function::Abs, &[Value::Int(-3)]).unwrap().to_string(), "3");
    }
}
