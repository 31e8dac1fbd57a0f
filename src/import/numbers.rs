//! The texts that are integers, floats, booleans and dates.
//!
//! Inference accepts only texts that the value, written again, repeats (floats aside): `007`, `+1` and what exceeds 64
//! bits stay text. Declared types accept more.

use crate::model::Date;

/// Bytes that must lie before every field, so that eight bytes ending at any field's end can be read at once.
pub(super) const PAD: usize = 8;

/// The type a text has by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Float,
    Bool,
    Date,
    Str,
}

/// Returns the type of an unquoted field.
pub(super) fn kind_of(text: &[u8]) -> Kind {
    match text.first() {
        Some(b't' | b'f') if bool_of(text).is_some() => Kind::Bool,
        Some(b'0'..=b'9') if Date::parse(text).is_some() => Kind::Date,
        Some(b'0'..=b'9' | b'-' | b'.' | b'N' | b'I') if int_of_slice(text).is_some() => Kind::Int,
        Some(b'0'..=b'9' | b'-' | b'.' | b'N' | b'I') if float_of(text).is_some() => Kind::Float,
        _ => Kind::Str,
    }
}

/// Returns the boolean written `true` or `false`.
pub(super) fn bool_of(text: &[u8]) -> Option<bool> {
    match text {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// Returns the integer whose decimal form `buffer[start..end]` is; at least [`PAD`] bytes lie before `start`.
pub(super) fn int_of(buffer: &[u8], start: usize, end: usize) -> Option<i64> {
    let len = end - start;
    if len == 0 || len > 8 || buffer[start] == b'-' {
        return int_of_slice(&buffer[start..end]);
    }
    if buffer[start] == b'0' && len > 1 {
        return None;
    }
    let word = u64::from_le_bytes(buffer[end - 8..end].try_into().expect("eight bytes"));
    digits_of(word, len).map(i64::from)
}

/// Returns the number that the last `len` (1-8) bytes of a little-endian word spell in digits.
fn digits_of(word: u64, len: usize) -> Option<u32> {
    const PAIRS: u64 = 0x0000_00FF_0000_00FF;
    // Bytes before the number become the digit 0.
    let word = (word ^ 0x3030_3030_3030_3030) & (u64::MAX << (8 * (8 - len)));
    if (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    // Digits to pairs, pairs to fours and eights (D. Lemire, "Quickly parsing eight digits").
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let high = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    Some((high.wrapping_add(low) >> 32) as u32)
}

fn int_of_slice(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [] => return None,
        [b'0', ..] if negative || digits.len() > 1 => return None,
        _ if digits.len() > 19 => return None,
        _ => {}
    }
    // Negative, since the smallest integer has no positive counterpart.
    let n = digits.iter().try_fold(0i64, |n, c| {
        let digit = c.is_ascii_digit().then(|| i64::from(c - b'0'))?;
        n.checked_mul(10)?.checked_sub(digit)
    })?;
    if negative { Some(n) } else { n.checked_neg() }
}

/// Returns the float a text spells in decimal notation: digits without needless zeros before them, then a fraction or
/// an exponent or both. Integers that fit 64 bits count; `NaN`, `Infinity` and `-Infinity` too.
pub(super) fn float_of(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        b"NaN" => return Some(f64::NAN),
        b"Infinity" => return Some(f64::INFINITY),
        b"-Infinity" => return Some(f64::NEG_INFINITY),
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let count = |from: usize| digits[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let whole = count(0);
    if whole > 1 && digits[0] == b'0' {
        return None;
    }
    let mut at = whole;
    let mut fraction = 0;
    if digits.get(at) == Some(&b'.') {
        fraction = count(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if at == digits.len() {
        if fraction == 0 {
            return if digits == b"0" {
                Some(if negative { -0.0 } else { 0.0 })
            } else {
                Some(int_of_slice(text)? as f64)
            };
        }
        // Clinger's fast path: an exact integer divided by an exact power of ten rounds once.
        if whole + fraction <= 15 {
            let mantissa = digits.iter().filter(|c| **c != b'.').fold(0u64, |n, c| n * 10 + u64::from(c - b'0'));
            let value = mantissa as f64 / POWERS_OF_TEN[fraction];
            return Some(if negative { -value } else { value });
        }
    } else {
        if !matches!(digits[at], b'e' | b'E') {
            return None;
        }
        at += 1 + usize::from(matches!(digits.get(at + 1), Some(b'+' | b'-')));
        if at >= digits.len() || at + count(at) != digits.len() {
            return None;
        }
    }
    std::str::from_utf8(text).ok()?.parse().ok().filter(|x: &f64| x.is_finite())
}

const POWERS_OF_TEN: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> Option<i64> {
        let padded = format!("99999999{text}99");
        let fast = int_of(padded.as_bytes(), PAD, PAD + text.len());
        assert_eq!(fast, int_of_slice(text.as_bytes()), "{text}");
        fast
    }

    #[test]
    fn integers_are_their_own_decimal_form() {
        let mut n = 1i64;
        for _ in 0..200 {
            for text in [n.to_string(), format!("-{n}"), format!("0{n}"), format!("{n}x"), format!("x{n}")] {
                let expected = text.parse::<i64>().ok().filter(|v| v.to_string() == text);
                assert_eq!(int(&text), expected, "{text}");
            }
            n = (n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99)).wrapping_abs() >> (n & 63);
            n = n.max(1);
        }
        for text in ["0", "9223372036854775807", "-9223372036854775808", "12345678", "123456789"] {
            assert_eq!(int(text), text.parse().ok(), "{text}");
        }
        for text in ["", "-", "-0", "00", "+1", "1.", "9223372036854775808", "-9223372036854775809", "1 ", "١", "12:4"]
        {
            assert_eq!(int(text), None, "{text}");
        }
        for byte in (0..=255u8).filter(|b| !b.is_ascii_digit()) {
            let mut padded = *b"99999999123456789";
            padded[10] = byte;
            assert_eq!(int_of(&padded, PAD, 16), None, "{byte}");
        }
    }

    #[test]
    fn floats_agree_with_the_standard_library() {
        for text in
            ["0.1", "-33.1543", "1e5", "1.5E-7", "123456789012345.6", "0.3", "5e-324", "1", "-7", ".5", "-0", "2.50"]
        {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(float_of(text.as_bytes()).map(f64::to_bits), Some(expected.to_bits()), "{text}");
        }
        for n in 1..4000u64 {
            let text = format!("{}.{:05}", n * 977 % 1000, n * 7_919 % 100_000);
            assert_eq!(float_of(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for text in [
            "",
            ".",
            "-",
            "1.",
            "01.5",
            "+1.5",
            "1e",
            "1e+",
            "1.5x",
            "1e999",
            "nan",
            "inf",
            "99999999999999999999",
            "1_0",
            "0x1p3",
        ] {
            assert_eq!(float_of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn kinds() {
        for (text, kind) in [
            ("1", Kind::Int),
            ("-5", Kind::Int),
            ("007", Kind::Str),
            ("1.0", Kind::Float),
            ("true", Kind::Bool),
            ("True", Kind::Str),
            ("2000-02-29", Kind::Date),
            ("2001-02-29", Kind::Str),
            ("NaN", Kind::Float),
            ("Nancy", Kind::Str),
            ("18446744073709551616", Kind::Str),
            (" 1", Kind::Str),
        ] {
            assert_eq!(kind_of(text.as_bytes()), kind, "{text}");
        }
    }
}
