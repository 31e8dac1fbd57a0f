//! Halves and codes.

use super::*;

#[test]
fn every_half_is_read_and_written_back() {
    for bits in 0..=u16::MAX {
        let (sign, exponent, part) = (bits >> 15, i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
        let size = match exponent {
            0 => part * 2_f64.powi(-24),
            31 if part == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (1.0 + part / 1024.0) * 2_f64.powi(exponent - 15),
        };
        let want = if sign == 1 { -size } else { size };
        let got = f64::from(half_to_f32(bits));
        assert!(got == want || (got.is_nan() && want.is_nan()), "{bits:04x}: {got} is not {want}");
        if exponent < 31 {
            assert_eq!(half_from_f32(got as f32), bits, "{got}");
        }
    }
}

/// The nearest half, by looking at both neighbours of each midpoint.
#[test]
fn halves_are_rounded_to_the_nearest_ties_to_even() {
    for bits in 0..0x7BFF_u16 {
        let (low, high) = (half_to_f32(bits), half_to_f32(bits + 1));
        let middle = (low + high) / 2.0;
        assert_eq!(half_from_f32(middle), if bits % 2 == 0 { bits } else { bits + 1 }, "{middle}");
        assert_eq!(half_from_f32(middle.next_down()), bits, "below {middle}");
        assert_eq!(half_from_f32(-middle.next_up()), 0x8000 | (bits + 1), "above {middle}");
    }
    for x in [65504.0, 65520.0, 1e9, f32::MAX, f32::INFINITY] {
        assert_eq!((half_from_f32(x), half_from_f32(-x)), (0x7BFF, 0xFBFF), "{x}");
    }
    assert_eq!((half_from_f32(1e-30), half_from_f32(-0.0)), (0, 0x8000));
}

#[test]
fn codes_are_within_half_a_scale() {
    let mut random = Random::new(21);
    for factor in [1.0, 1e-44, 1e-38, 1e-20, 1e30, 3e38] {
        for d in [1, 2, 128] {
            let row: Vec<f32> = random.vector(d).iter().map(|x| x * factor).collect();
            let mut codes = vec![1; d];
            let scale = f64::from(quantize(&row, &mut codes));
            for (x, code) in row.iter().zip(&codes) {
                assert!(*code != i8::MIN);
                let off = (f64::from(*x) - scale * f64::from(*code)).abs();
                // A denormal scale is itself rounded, by half a last place that every code repeats.
                assert!(off <= scale * 0.500_1 + 127.0 * 1e-45, "{x} as {code}·{scale}");
            }
        }
    }
    let mut codes = [1; 3];
    assert_eq!((quantize(&[0.0; 3], &mut codes), codes), (0.0, [0; 3]));
    assert_eq!((quantize(&[127.0, -63.5, -127.0], &mut codes), codes), (1.0, [127, -64, -127]));
}
