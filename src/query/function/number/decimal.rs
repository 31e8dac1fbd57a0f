//! Rounding a float to places after its decimal point, as its shortest decimal text says it: 2.675 is a tie between 2.67 and
//! 2.68, although the float of that name is a little less.

use std::cmp::Ordering;

/// What becomes of what is between two neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards positive infinity.
    Ceiling,
    /// Towards negative infinity.
    Floor,
    /// To the nearer one; from the middle away from zero.
    HalfUp,
    /// To the nearer one; from the middle towards zero.
    HalfDown,
    /// To the nearer one; from the middle to the even one.
    HalfEven,
}

impl Mode {
    /// The names, in the order of the modes.
    pub(super) const NAMES: [&'static str; 7] = ["UP", "DOWN", "CEILING", "FLOOR", "HALF_UP", "HALF_DOWN", "HALF_EVEN"];

    /// Returns the mode of a name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let all = [Self::Up, Self::Down, Self::Ceiling, Self::Floor, Self::HalfUp, Self::HalfDown, Self::HalfEven];
        let at = Self::NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        Some(all[at])
    }
}

/// Returns the number with so many decimal places.
pub(super) fn round(x: f64, places: usize, mode: Mode) -> f64 {
    if !x.is_finite() {
        return x;
    }
    // Digits and a point, never an exponent.
    let text = format!("{}", x.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.len() <= places {
        return x;
    }
    let (kept, rest) = fraction.split_at(places);
    let mut digits: Vec<u8> = whole.bytes().chain(kept.bytes()).collect();
    let middle = rest.as_bytes()[0]
        .cmp(&b'5')
        .then_with(|| if rest[1..].bytes().all(|digit| digit == b'0') { Ordering::Equal } else { Ordering::Greater });
    let is_odd = digits.last().is_some_and(|digit| digit % 2 == 1);
    let away = match mode {
        Mode::Up => true,
        Mode::Down => false,
        Mode::Ceiling => x > 0.0,
        Mode::Floor => x < 0.0,
        Mode::HalfUp => middle.is_ge(),
        Mode::HalfDown => middle.is_gt(),
        Mode::HalfEven => middle.is_gt() || middle.is_eq() && is_odd,
    };
    if away {
        let mut at = digits.len();
        loop {
            if at == 0 {
                digits.insert(0, b'1');
                break;
            }
            at -= 1;
            if digits[at] < b'9' {
                digits[at] += 1;
                break;
            }
            digits[at] = b'0';
        }
    }
    let point = digits.len() - places;
    digits.insert(point, b'.');
    let text = std::str::from_utf8(&digits).expect("digits are ASCII");
    let rounded: f64 = text.parse().expect("digits and a point are a number");
    // No zero with a sign.
    if rounded == 0.0 { 0.0 } else { rounded.copysign(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_do_what_the_manual_says() {
        let of = |mode| [1.249, -1.251, 1.25, -1.35].map(|x| round(x, 1, Mode::named(mode).unwrap()));
        assert_eq!(of("UP"), [1.3, -1.3, 1.3, -1.4]);
        assert_eq!(of("DOWN"), [1.2, -1.2, 1.2, -1.3]);
        assert_eq!(of("CEILING"), [1.3, -1.2, 1.3, -1.3]);
        assert_eq!(of("FLOOR"), [1.2, -1.3, 1.2, -1.4]);
        assert_eq!(of("HALF_UP"), [1.2, -1.3, 1.3, -1.4]);
        assert_eq!(of("half_down"), [1.2, -1.3, 1.2, -1.3]);
        assert_eq!(of("HALF_EVEN"), [1.2, -1.3, 1.2, -1.4]);
        assert_eq!(Mode::named("UPPER"), None);
    }

    #[test]
    fn texts_are_rounded_and_not_bits() {
        assert_eq!(round(2.675, 2, Mode::HalfUp), 2.68);
        assert_eq!(round(9.995, 2, Mode::HalfUp), 10.0);
        assert_eq!(round(0.05, 1, Mode::HalfUp), 0.1);
        assert_eq!(round(1e300, 2, Mode::HalfUp), 1e300);
        assert_eq!(round(1e-300, 2, Mode::Up), 0.01);
        assert_eq!(round(-0.001, 2, Mode::HalfUp).to_bits(), 0.0f64.to_bits());
        assert!(round(f64::NAN, 2, Mode::HalfUp).is_nan());
    }
}
