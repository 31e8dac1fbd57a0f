//! The ways a number of a row is stored: `f32`, half precision as its 16 bits, or a code of one byte and a scale for the row.

use crate::model::half_to_f32;

/// A stored number.
pub(super) trait Number: Copy {
    /// Returns the number, exactly.
    fn widen(self) -> f32;
}

impl Number for f32 {
    #[inline(always)]
    fn widen(self) -> f32 {
        self
    }
}

/// The bits of a half (IEEE 754 binary16).
impl Number for u16 {
    #[inline(always)]
    fn widen(self) -> f32 {
        half_to_f32(self)
    }
}

/// A code, without its row's scale.
impl Number for i8 {
    #[inline(always)]
    fn widen(self) -> f32 {
        f32::from(self)
    }
}
