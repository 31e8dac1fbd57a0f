//! Models of attention: what training makes and `ATTEND ... MODEL name` uses. For each head and space a projection of
//! queries and one of keys, and for relationship types a bias.

use std::sync::Arc;

use super::TypeId;

/// The most heads of a model: published ones have up to a hundred.
pub(crate) const HEADS_MAX: u32 = 256;

/// The most numbers that the matrices of a model have together: 64 MiB.
pub(crate) const MODEL_NUMBERS_MAX: u64 = 1 << 24;

/// A named model, as one import made it.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionModel {
    /// Its name.
    pub name: Arc<str>,
    /// 1 for the first of this name, and one more for each that took its place.
    pub version: u32,
    /// How many heads it has: as many in every space.
    pub heads: u32,
    /// What it makes of the vectors of each space that it knows.
    pub projections: Vec<Projection>,
    /// What it adds to the logit of a relationship of these types, by their ids; of other types 0.
    pub biases: Vec<(TypeId, f32)>,
}

/// What a model makes of the vectors of one space: head `h` compares `Wq_h·q` with `Wk_h·k`.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// The name of the space.
    pub space: Arc<str>,
    /// `d`: how many numbers its vectors have.
    pub dimension: u32,
    /// `d_h`: how many numbers a head makes of them.
    pub width: u32,
    /// `Wq`: `[heads, d_h, d]`, row after row.
    pub query: Arc<[f32]>,
    /// `Wk`: `[heads, d_h, d]`, row after row.
    pub key: Arc<[f32]>,
}

impl AttentionModel {
    /// Returns the projection of a space, where the model has one.
    pub fn projection(&self, space: &str) -> Option<&Projection> {
        self.projections.iter().find(|projection| *projection.space == *space)
    }

    /// Returns what the model adds to the logit of a relationship of a type.
    pub fn bias(&self, rel_type: TypeId) -> f32 {
        match self.biases.binary_search_by_key(&rel_type, |(id, _)| *id) {
            Ok(at) => self.biases[at].1,
            Err(_) => 0.0,
        }
    }

    /// Returns how many numbers its matrices have together.
    pub(crate) fn n_numbers(&self) -> u64 {
        self.projections.iter().map(|one| one.query.len() as u64 + one.key.len() as u64).sum()
    }

    /// Returns why it is no model, where it is none: what reads one from a disk believes nothing.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.version == 0 || !(1..=HEADS_MAX).contains(&self.heads) {
            return Some(format!("version {} with {} heads", self.version, self.heads));
        }
        if self.n_numbers() > MODEL_NUMBERS_MAX {
            return Some(format!("{} numbers; {MODEL_NUMBERS_MAX} are the most", self.n_numbers()));
        }
        for (at, one) in self.projections.iter().enumerate() {
            let Projection { space, dimension, width, query, key } = one;
            if self.projections[..at].iter().any(|other| other.space == *space) {
                return Some(format!("two projections of the space `{space}`"));
            }
            let n = u64::from(self.heads) * u64::from(*width);
            let n = n.saturating_mul(u64::from(*dimension));
            if n == 0 || [query, key].iter().any(|matrix| matrix.len() as u64 != n) {
                let heads = self.heads;
                return Some(format!("matrices of `{space}` that are not [{heads}, {width}, {dimension}]"));
            }
            if query.iter().chain(key.iter()).any(|x| !x.is_finite()) {
                return Some(format!("a number of `{space}` that is not finite"));
            }
        }
        if !self.biases.is_sorted_by(|a, b| a.0 < b.0) || self.biases.iter().any(|(_, bias)| !bias.is_finite()) {
            return Some("biases that are not finite, each of another type, by their ids".to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> AttentionModel {
        let projection = Projection {
            space: "text".into(),
            dimension: 3,
            width: 1,
            query: vec![0.5; 6].into(),
            key: vec![-0.5; 6].into(),
        };
        AttentionModel {
            name: "m".into(),
            version: 1,
            heads: 2,
            projections: vec![projection],
            biases: vec![(TypeId::new(1), 0.5), (TypeId::new(4), -2.0)],
        }
    }

    #[test]
    fn biases_are_found_by_type() {
        let of = |id| model().bias(TypeId::new(id));
        assert_eq!([of(0), of(1), of(2), of(4), of(9)], [0.0, 0.5, 0.0, -2.0, 0.0]);
    }

    #[test]
    fn what_is_no_model_is_known() {
        assert_eq!((model().fault(), model().n_numbers()), (None, 12));
        type Change = fn(&mut AttentionModel);
        let changes: [(&str, Change); 9] = [
            ("version 0", |model| model.version = 0),
            ("0 heads", |model| model.heads = 0),
            ("300 heads", |model| model.heads = 300),
            ("not [3, 1, 3]", |model| model.heads = 3),
            ("not [2, 0, 3]", |model| model.projections[0].width = 0),
            ("not finite", |model| model.projections[0].key = vec![f32::NAN; 6].into()),
            ("two projections", |model| model.projections.push(model.projections[0].clone())),
            ("each of another type", |model| model.biases[1].0 = TypeId::new(1)),
            ("not finite", |model| model.biases[1].1 = f32::INFINITY),
        ];
        for (why, change) in changes {
            let mut model = model();
            change(&mut model);
            assert!(model.fault().is_some_and(|fault| fault.contains(why)), "{why}: {:?}", model.fault());
        }
    }
}
