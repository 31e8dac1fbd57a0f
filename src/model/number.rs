//! Numbers of 32 bits in fewer: halves of 16 bits, and codes of 8 bits beside a scale for all of a row.

/// The largest code; the smallest is its negative, so that a code's size is a code.
const CODE_MAX: f32 = 127.0;

/// The last bits of a scale, which are 0: as many as a code has.
const SCALE_BITS_LOST: u32 = (1 << 7) - 1;

/// Returns the number that a half's bits mean, exactly.
#[inline(always)]
pub(crate) fn half_to_f32(bits: u16) -> f32 {
    // The exponent's bias differs by 112; multiplying by a power of two moves it, also for denormals.
    const REBIAS: f32 = f32::from_bits((127 + 112) << 23);
    let sign = u32::from(bits & 0x8000) << 16;
    let size = u32::from(bits & 0x7FFF) << 13;
    // Infinity and NaN keep their exponent of ones.
    let special = if bits & 0x7C00 == 0x7C00 { 0xFF << 23 } else { 0 };
    f32::from_bits(sign | (f32::from_bits(size) * REBIAS).to_bits() | special)
}

/// Returns the bits of the half nearest to `x`, ties to even; beyond ±65504, of that.
///
/// A finite number stays finite: a row never gains an infinity by being stored.
pub(crate) fn half_from_f32(x: f32) -> u16 {
    const LARGEST: f32 = 65504.0;
    // Adding a number whose last place is the half's last place rounds there: the hardware's own rounding to even.
    let sign = (x.to_bits() >> 16) as u16 & 0x8000;
    let size = x.abs().min(LARGEST);
    // The place of a half's last bit, for denormals 2^-24; a number of 1.5 · 2^23 of those has it as its last too.
    let exponent = (size.to_bits() >> 23).max(127 - 14);
    let magic = f32::from_bits((exponent + 13) << 23);
    let rounded = (size + magic) - magic;
    // Rounded, the number is a half exactly: rebias by an exact multiplication, and its bits are in place.
    const REBIAS: f32 = f32::from_bits((127 - 112) << 23);
    sign | ((rounded * REBIAS).to_bits() >> 13) as u16
}

/// Writes the codes of a row and returns its scale: `row[d] ≈ scale · codes[d]`, off by at most half a scale.
///
/// Codes are -127 to 127, the largest number's is one of these (but of denormals); a row of zeros has scale 0. A scale has
/// 17 significant bits, so its product with a code is exact, and a row of such products has the same codes and scale again.
///
/// # Panics
/// Where the two lengths differ.
pub(crate) fn quantize(row: &[f32], codes: &mut [i8]) -> f32 {
    assert_eq!(row.len(), codes.len(), "a code for each number");
    let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    // Rounded up, so that no code is beyond the largest; the sum carries into the exponent as it must.
    let scale = f32::from_bits(((largest / CODE_MAX).to_bits() + SCALE_BITS_LOST) & !SCALE_BITS_LOST);
    if scale == 0.0 || !scale.is_finite() {
        codes.fill(0);
        return 0.0;
    }
    // Divided in f64: the inverse of a denormal scale is beyond f32.
    let inverse = 1.0 / f64::from(scale);
    for (code, x) in codes.iter_mut().zip(row) {
        *code = (f64::from(*x) * inverse).round().clamp(-127.0, 127.0) as i8;
    }
    scale
}
