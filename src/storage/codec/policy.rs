//! A policy, as stored.

use bincode::{Decode, Encode};

use super::{decode_meta, encode_meta};
use crate::{
    Result,
    model::{Policy, TypeId},
};

/// Version of [`PolicyRecord`].
const VERSION: u8 = 1;

#[derive(Encode, Decode)]
struct PolicyRecord {
    name: String,
    types: Vec<u32>,
    variable: String,
    condition: Option<String>,
    half_life_seconds: Option<f64>,
    floor: f64,
    prune_allowed: Option<bool>,
    prior: Option<f64>,
    on_access: Option<f64>,
    on_reject: Option<f64>,
    priority: i64,
}

/// Returns the bytes of a policy.
pub(crate) fn encode_policy(policy: &Policy) -> Vec<u8> {
    let Policy { floor, prune_allowed, half_life_seconds, prior, on_access, on_reject, priority, .. } = *policy;
    let record = PolicyRecord {
        name: policy.name.to_string(),
        types: policy.types.iter().map(|rel_type| rel_type.get()).collect(),
        variable: policy.variable.to_string(),
        condition: policy.condition.as_ref().map(ToString::to_string),
        half_life_seconds,
        floor,
        prune_allowed,
        prior,
        on_access,
        on_reject,
        priority,
    };
    encode_meta(VERSION, &record)
}

/// Returns the policy of its bytes; whether its types are known is for the caller to check.
///
/// # Errors
/// `Version`, `Corrupt`.
pub(crate) fn decode_policy(bytes: &[u8]) -> Result<Policy> {
    let record: PolicyRecord = decode_meta(VERSION, bytes, "policy")?;
    let PolicyRecord { floor, prune_allowed, half_life_seconds, prior, on_access, on_reject, priority, .. } = record;
    Ok(Policy {
        name: record.name.into(),
        types: record.types.into_iter().map(TypeId::new).collect(),
        variable: record.variable.into(),
        condition: record.condition.map(Into::into),
        half_life_seconds,
        floor,
        prune_allowed,
        prior,
        on_access,
        on_reject,
        priority,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_as_it_was() {
        let plain = Policy::new("p".into(), Vec::new(), "r".into(), None);
        let types = vec![TypeId::new(7), TypeId::new(0)];
        let full = Policy {
            half_life_seconds: Some(2.5),
            floor: 0.05,
            prune_allowed: Some(true),
            prior: Some(-0.5),
            on_access: Some(0.1),
            on_reject: Some(-0.3),
            priority: -2,
            ..Policy::new("a b".into(), types, "`r`".into(), Some("r.kind <> 'royal'".into()))
        };
        for policy in [plain, full] {
            let bytes = encode_policy(&policy);
            assert_eq!(decode_policy(&bytes).unwrap(), policy);
            assert!(decode_policy(&bytes[..bytes.len() - 1]).is_err());
            assert!(decode_policy(&[&bytes[..], &[0]].concat()).is_err());
        }
    }
}
