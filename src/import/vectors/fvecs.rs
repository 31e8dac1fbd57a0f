//! `.fvecs`: for each vector the number of its numbers (32 bits, little-endian), then these as `f32`.

use std::io::Read;

use super::{Bytes, ROWS_BETWEEN_CHECKS};
use crate::{Result, model::DIMENSION_MAX};

/// Reads the rows.
pub(super) fn read<R: Read>(
    bytes: &mut Bytes<'_, R>,
    tick: &mut dyn FnMut(u64) -> Result<()>,
    row: &mut dyn FnMut(usize, &[f32]) -> Result<()>,
) -> Result<()> {
    let mut raw = Vec::new();
    let mut numbers = Vec::new();
    for at in 0.. {
        if at % ROWS_BETWEEN_CHECKS == 0 {
            tick(bytes.n_read)?;
        }
        let mut length = [0; 4];
        match bytes.fill(&mut length)? {
            0 => break,
            4 => {}
            n => return Err(bytes.wrong(format!("row {}: the file ends after {n} bytes of its length", at + 1))),
        }
        let length = u32::from_le_bytes(length);
        if length == 0 || length > DIMENSION_MAX {
            let reason = format!("row {}: a vector has 1 to {DIMENSION_MAX} numbers, not {length}", at + 1);
            return Err(bytes.wrong(reason));
        }
        raw.resize(length as usize * 4, 0);
        let n = bytes.fill(&mut raw)?;
        if n < raw.len() {
            return Err(bytes.wrong(format!("row {}: the file ends after {} of its {length} numbers", at + 1, n / 4)));
        }
        numbers.clear();
        numbers.extend(raw.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four bytes"))));
        row(at, &numbers)?;
    }
    Ok(())
}
