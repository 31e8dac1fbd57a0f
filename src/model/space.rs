//! Embedding spaces: which property of what is a vector, how long, and how two of them are compared.

use std::{fmt, sync::Arc};

use super::{KeyId, LabelId, TypeId, Value, half_from_f32, half_to_f32, quantize};

/// The most numbers a vector of a space may have: a block of 1,024 of them then stays below 64 MiB.
pub(crate) const DIMENSION_MAX: u32 = 16_384;

/// How two vectors of a space are compared. Higher is more alike, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metric {
    /// The cosine of the angle between them: -1 to 1. A vector of zeros is like nothing: 0.
    #[default]
    Cosine,
    /// The sum of the products of their numbers.
    Dot,
    /// Minus the square of the distance between them: 0 for the same vector, below for any other.
    Euclidean,
}

impl Metric {
    /// All metrics.
    pub(crate) const ALL: [Self; 3] = [Self::Cosine, Self::Dot, Self::Euclidean];

    /// Returns its name in the language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cosine => "COSINE",
            Self::Dot => "DOT",
            Self::Euclidean => "EUCLIDEAN",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the numbers of a space's vectors are kept. What is written is rounded to that, so what is read is what is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// 32 bits a number.
    #[default]
    F32,
    /// 16 bits a number (IEEE 754 binary16): three digits, up to 65504.
    F16,
    /// 8 bits a number, and a scale for each vector: a number is off by at most 1/254 of the largest of its vector.
    Int8,
}

impl Storage {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Int8];

    /// Returns its name in the language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Int8 => "INT8",
        }
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What has the embeddings of a space. No labels or types means all nodes or relationships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpaceOwner {
    /// Nodes with any of these labels.
    Nodes(Vec<LabelId>),
    /// Relationships of any of these types.
    Relationships(Vec<TypeId>),
}

/// A named space over a vector-valued property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Its name.
    pub name: Arc<str>,
    /// What has embeddings.
    pub owner: SpaceOwner,
    /// The property with the vector.
    pub key: KeyId,
    /// How many numbers a vector has.
    pub dimension: u32,
    /// How two of them are compared.
    pub metric: Metric,
    /// How their numbers are kept.
    pub storage: Storage,
    /// What makes the vectors of a text.
    pub embedder: Option<Embedder>,
    /// A graph of near vectors is kept for searches of many.
    pub indexed: bool,
}

/// What fills a space, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedder {
    /// Its name.
    pub name: Arc<str>,
    /// The property with the text.
    pub from: KeyId,
}

/// Why a value is no vector of a space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NoVector {
    /// It is no list.
    NoList(&'static str),
    /// It has another number of numbers.
    Length(usize),
    /// An item is no number.
    NoNumber(usize, &'static str),
    /// An item is infinite, not a number, or too large for 32 bits.
    NotFinite(usize),
    /// An item is too large for a half.
    NotHalf(usize),
    /// It is a vector, but not as the space's storage keeps one.
    NotRounded,
}

impl fmt::Display for NoVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoList(found) => write!(f, "is {found}, no list of numbers"),
            Self::Length(n) => write!(f, "has {n} numbers"),
            Self::NoNumber(at, found) => write!(f, "has {found} at place {at}, where a number belongs"),
            Self::NotFinite(at) => write!(f, "has a number at place {at} that is not finite in 32 bits"),
            Self::NotRounded => f.write_str("is not rounded as the space keeps it"),
            Self::NotHalf(at) => write!(f, "has a number at place {at} beyond ±65504, which F16 cannot keep"),
        }
    }
}

impl Space {
    /// Returns the value as the space keeps it: a list of floats that its storage holds exactly. Null stays null.
    pub(crate) fn admit(&self, value: &Value) -> Result<Value, NoVector> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let mut numbers = Vec::new();
        vector(value, &mut numbers)?;
        self.admit_numbers(&mut numbers)?;
        Ok(Value::List(numbers.into_iter().map(|x| Value::Float(x.into())).collect()))
    }
}

/// The largest half.
const HALF_MAX: f32 = 65504.0;

impl Space {
    /// Makes numbers those that the space keeps.
    pub(crate) fn admit_numbers(&self, numbers: &mut [f32]) -> Result<(), NoVector> {
        if numbers.len() != self.dimension as usize {
            return Err(NoVector::Length(numbers.len()));
        }
        if let Some(at) = numbers.iter().position(|x| !x.is_finite()) {
            return Err(NoVector::NotFinite(at));
        }
        match self.storage {
            Storage::F32 => {}
            Storage::F16 => {
                if let Some(at) = numbers.iter().position(|x| x.abs() > HALF_MAX) {
                    return Err(NoVector::NotHalf(at));
                }
                numbers.iter_mut().for_each(|x| *x = half_to_f32(half_from_f32(*x)));
            }
            Storage::Int8 => {
                let mut codes = vec![0; numbers.len()];
                let scale = quantize(numbers, &mut codes);
                numbers.iter_mut().zip(codes).for_each(|(x, code)| *x = f32::from(code) * scale);
            }
        }
        Ok(())
    }
}

/// Appends the numbers of a list, rounded to 32 bits.
pub(crate) fn vector(value: &Value, into: &mut Vec<f32>) -> Result<(), NoVector> {
    let Value::List(items) = value else { return Err(NoVector::NoList(value.kind())) };
    into.reserve(items.len());
    for (at, item) in items.iter().enumerate() {
        let number = match item {
            Value::Float(x) => *x as f32,
            Value::Int(n) => *n as f32,
            other => return Err(NoVector::NoNumber(at, other.kind())),
        };
        if !number.is_finite() {
            return Err(NoVector::NotFinite(at));
        }
        into.push(number);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[f64]) -> Value {
        Value::List(items.iter().map(|x| Value::Float(*x)).collect())
    }

    #[test]
    fn a_space_takes_vectors_of_its_length_and_rounds_them_to_32_bits() {
        let space = Space {
            name: "s".into(),
            owner: SpaceOwner::Nodes(Vec::new()),
            key: KeyId::new(0),
            dimension: 2,
            metric: Metric::Cosine,
            storage: Storage::F32,
            embedder: None,
            indexed: false,
        };
        let ints = Value::List([Value::Int(1), Value::Float(0.1)].into_iter().collect());
        assert_eq!(space.admit(&ints), Ok(list(&[1.0, f64::from(0.1f32)])));
        assert_eq!(space.admit(&Value::Null), Ok(Value::Null));
        assert_eq!(space.admit(&list(&[1.0])), Err(NoVector::Length(1)));
        assert_eq!(space.admit(&list(&[1.0, f64::NAN])), Err(NoVector::NotFinite(1)));
        assert_eq!(space.admit(&list(&[1e300, 1.0])), Err(NoVector::NotFinite(0)));
        assert!(matches!(space.admit(&Value::Int(1)), Err(NoVector::NoList(_))));
        let text = Value::List([Value::Int(1), Value::from("x")].into_iter().collect());
        assert!(matches!(space.admit(&text), Err(NoVector::NoNumber(1, _))));
    }
    /// Rounding what is rounded changes nothing, to the bit: a block, a journal and a stream all keep what was written.
    #[test]
    fn what_is_rounded_stays_as_it_is() {
        let space = |storage| Space {
            name: "s".into(),
            owner: SpaceOwner::Nodes(Vec::new()),
            key: KeyId::new(0),
            dimension: 9,
            metric: Metric::Dot,
            storage,
            embedder: None,
            indexed: false,
        };
        let mut random = 7_u64;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        for round in 0..20_000 {
            let factor = [1.0, 1e-3, 6e4, 1e-40, 1e-44, 3e38][round % 6];
            let given: Vec<f32> = (0..9).map(|_| next() * factor).collect();
            for storage in Storage::ALL {
                let mut once = given.clone();
                if space(storage).admit_numbers(&mut once).is_err() {
                    assert!(storage == Storage::F16 && factor > 6e4, "{given:?}");
                    continue;
                }
                let mut twice = once.clone();
                space(storage).admit_numbers(&mut twice).unwrap();
                let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&once), bits(&twice), "{storage}: {given:?}");
                let largest = given.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
                let off = if storage == Storage::Int8 { largest / 253.0 + 2e-43 } else { largest / 2048.0 + 1e-7 };
                assert!(given.iter().zip(&once).all(|(a, b)| (a - b).abs() <= off), "{storage}: {given:?} as {once:?}");
            }
        }
        let too_large = space(Storage::F16).admit_numbers(&mut [1.0, 65505.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(too_large, Err(NoVector::NotHalf(1)));
    }
}
