//! A validity, as stored.

use bincode::{Decode, Encode};

use super::{decode_meta, encode_meta};
use crate::{
    Result,
    model::{KeyId, TypeId, Validity},
};

/// Version of [`ValidityRecord`].
const VERSION: u8 = 1;

#[derive(Encode, Decode)]
struct ValidityRecord {
    types: Vec<u32>,
    since: u32,
    until: u32,
    clock: Option<String>,
}

/// Returns the bytes of a validity.
pub(crate) fn encode_validity(validity: &Validity) -> Vec<u8> {
    let record = ValidityRecord {
        types: validity.types.iter().map(|rel_type| rel_type.get()).collect(),
        since: validity.since.get(),
        until: validity.until.get(),
        clock: validity.clock.as_ref().map(ToString::to_string),
    };
    encode_meta(VERSION, &record)
}

/// Returns the validity of its bytes; whether its types and keys are known is for the caller to check.
///
/// # Errors
/// `Version`, `Corrupt`.
pub(crate) fn decode_validity(bytes: &[u8]) -> Result<Validity> {
    let record: ValidityRecord = decode_meta(VERSION, bytes, "validity")?;
    Ok(Validity {
        types: record.types.into_iter().map(TypeId::new).collect(),
        since: KeyId::new(record.since),
        until: KeyId::new(record.until),
        clock: record.clock.map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validity_comes_back_as_it_was() {
        let types = vec![TypeId::new(3), TypeId::new(0)];
        let full = Validity { types, since: KeyId::new(2), until: KeyId::new(9), clock: Some("now".into()) };
        for validity in [full.clone(), Validity { types: Vec::new(), clock: None, ..full }] {
            let bytes = encode_validity(&validity);
            assert_eq!(decode_validity(&bytes).unwrap(), validity);
            assert!(decode_validity(&bytes[..bytes.len() - 1]).is_err());
        }
    }
}
