//! `safetensors`: the length of a header (8 bytes, little-endian), the header (a JSON object from names to type, shape and
//! place, and `__metadata__`, a map of texts), and the numbers. Nothing of it is believed: each place is checked against type,
//! shape and the file.

use std::{collections::BTreeMap, io::Read};

use serde::Deserialize;

use super::{Tensor, wrong};
use crate::{
    Error, Result,
    import::files::FileSource,
    model::{MODEL_NUMBERS_MAX, half_to_f32},
};

/// The longest header: a name and a place are some hundred bytes, and no model has ten thousand tensors.
const HEADER_BYTES_MAX: u64 = 4 << 20;

/// The key of what is no tensor.
const METADATA: &str = "__metadata__";

/// The types of numbers that are read.
const TYPES: &[(&str, usize)] = &[("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2)];

/// What the header says of a tensor.
#[derive(Deserialize)]
struct Told {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// Reads all tensors, and what the file says of itself.
pub(super) fn read(source: &FileSource) -> Result<(Vec<Tensor>, BTreeMap<String, String>)> {
    let bytes = whole(source)?;
    let wrong = |reason: String| wrong(source, None, reason);
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(wrong("it ends within the length of its header".to_owned()));
    };
    let length = u64::from_le_bytes(*length);
    if length > HEADER_BYTES_MAX {
        return Err(wrong(format!("a header of {length} bytes; {HEADER_BYTES_MAX} are the most")));
    }
    let Some((header, data)) = rest.split_at_checked(length as usize) else {
        return Err(wrong("it ends within its header".to_owned()));
    };
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(|error| wrong(format!("its header is no JSON object: {error}")))?;
    let (mut tensors, mut metadata, mut n_numbers) = (Vec::new(), BTreeMap::new(), 0_u64);
    for (name, told) in header {
        if name == METADATA {
            metadata = serde_json::from_value(told)
                .map_err(|error| wrong(format!("its {METADATA} is no map of texts: {error}")))?;
            continue;
        }
        let Told { dtype, shape, data_offsets: (from, to) } = serde_json::from_value(told)
            .map_err(|error| super::wrong(source, Some(&name), format!("its header is none: {error}")))?;
        let wrong = |reason: String| super::wrong(source, Some(&name), reason);
        let Some((_, size)) = TYPES.iter().find(|(known, _)| *known == dtype) else {
            let known = TYPES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            return Err(wrong(format!("numbers of the type {dtype}; {known} are read")));
        };
        let n = shape.iter().fold(1_u64, |n, by| n.saturating_mul(*by));
        n_numbers = n_numbers.saturating_add(n);
        if n_numbers > MODEL_NUMBERS_MAX {
            return Err(wrong(format!("more than {MODEL_NUMBERS_MAX} numbers in all")));
        }
        let place = (usize::try_from(from).unwrap_or(usize::MAX), usize::try_from(to).unwrap_or(usize::MAX));
        let Some(raw) = data.get(place.0..place.1) else {
            return Err(wrong(format!("it lies at {from} to {to}, and the file has {} bytes there", data.len())));
        };
        if raw.len() as u64 != n * *size as u64 {
            return Err(wrong(format!("{} bytes for the shape {shape:?} of {dtype}", raw.len())));
        }
        let numbers = match &*dtype {
            "F64" => raw.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
            "F32" => raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            "F16" => raw.as_chunks().0.iter().map(|bytes| half_to_f32(u16::from_le_bytes(*bytes))).collect(),
            // The upper half of a single.
            _ => raw.as_chunks().0.iter().map(|[a, b]| f32::from_le_bytes([0, 0, *a, *b])).collect(),
        };
        tensors.push(Tensor { name, shape, numbers });
    }
    Ok((tensors, metadata))
}

/// Reads a file that may be as long as a model of the widest numbers.
fn whole(source: &FileSource) -> Result<Vec<u8>> {
    let most = 8 + HEADER_BYTES_MAX + 8 * MODEL_NUMBERS_MAX;
    if source.bytes() > most {
        return Err(Error::Limit { what: "bytes of a model", max: most });
    }
    let mut bytes = Vec::with_capacity(source.bytes() as usize);
    source.reader(false)?.take(most).read_to_end(&mut bytes).map_err(|error| source.error("read", &error))?;
    Ok(bytes)
}
