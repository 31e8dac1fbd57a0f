//! Models of attention in the graph, kept as notes: one of [`NoteTable::Model`] says what a model is, by its number, and
//! the pieces of its matrices are a block of [`NoteTable::Matrix`], so that a new version writes no other model's anew.
//! A second model of a name takes the place of the first and has the next version.

use std::sync::{Arc, OnceLock};

use super::{Snapshot, Transaction};
use crate::{
    Error, QueryError, Result,
    model::{AttentionModel, MODEL_NUMBERS_MAX, NoteTable, Projection, TypeId},
    storage::{
        BLOCK_LEN,
        codec::{self, MODEL_VERSION, ModelRecord, ProjectionRecord},
    },
};

/// The most models a database may have.
pub(crate) const MODELS_MAX: usize = 1 << 8;

/// Bytes of a piece of the matrices: the largest model fills a block of them.
const PIECE_BYTES: usize = 4 * MODEL_NUMBERS_MAX as usize / BLOCK_LEN;

/// The models of a view, each read from its notes when it is first asked for. A view whose notes of models change has others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Models(Arc<OnceLock<Vec<ModelInfo>>>);

/// What is known of a model before its matrices are read.
#[derive(Debug)]
pub(crate) struct ModelInfo {
    number: u32,
    pub(crate) record: ModelRecord,
    whole: OnceLock<Arc<AttentionModel>>,
}

impl ModelInfo {
    /// Returns how many numbers its matrices have together.
    pub(crate) fn n_numbers(&self) -> u64 {
        let of = |one: &ProjectionRecord| {
            let shape = [2, self.record.heads, one.width, one.dimension];
            shape.iter().fold(1_u64, |n, by| n.saturating_mul(u64::from(*by)))
        };
        self.record.projections.iter().map(of).fold(0, u64::saturating_add)
    }

    fn what(&self) -> String {
        format!("model `{}`", self.record.name)
    }
}

impl Snapshot {
    /// After a change of notes: reads models anew when they are asked for.
    pub(super) fn forget_models(&mut self, table: NoteTable) {
        if matches!(table, NoteTable::Model | NoteTable::Matrix) {
            self.models = Models::default();
        }
    }

    /// Returns what is known of all models, by their numbers.
    ///
    /// # Errors
    /// `Corrupt` where a note of one is damaged, or is none.
    pub(crate) fn models(&self) -> Result<&[ModelInfo]> {
        if let Some(models) = self.models.0.get() {
            return Ok(models);
        }
        let mut models: Vec<ModelInfo> = Vec::new();
        self.each_note(NoteTable::Model, 0, &mut |number, note| {
            let record: ModelRecord = codec::decode_meta(MODEL_VERSION, note, "model")?;
            if number as usize >= MODELS_MAX || models.iter().any(|known| known.record.name == record.name) {
                let expected = format_args!("numbers below {MODELS_MAX}, each name once");
                return Err(Error::corrupt("models", expected, format_args!("{number}, `{}`", record.name)));
            }
            models.push(ModelInfo { number, record, whole: OnceLock::new() });
            Ok(())
        })?;
        Ok(self.models.0.get_or_init(|| models))
    }

    /// Returns the model of a name.
    ///
    /// # Errors
    /// `Corrupt` where a note of it is damaged, or it is none.
    pub(crate) fn model(&self, name: &str) -> Result<Option<Arc<AttentionModel>>> {
        let Some(info) = self.models()?.iter().find(|info| info.record.name == name) else { return Ok(None) };
        self.whole_model(info).map(Some)
    }

    /// Returns a model with its matrices.
    ///
    /// # Errors
    /// As [`Snapshot::model`].
    pub(crate) fn whole_model(&self, info: &ModelInfo) -> Result<Arc<AttentionModel>> {
        if let Some(model) = info.whole.get() {
            return Ok(model.clone());
        }
        let ModelRecord { name, version, heads, projections, biases } = &info.record;
        let n_numbers = info.n_numbers();
        if n_numbers > MODEL_NUMBERS_MAX {
            return Err(Error::corrupt(info.what(), format_args!("at most {MODEL_NUMBERS_MAX} numbers"), n_numbers));
        }
        let mut bytes = Vec::with_capacity(4 * n_numbers as usize);
        let page = self.notes.get(NoteTable::Matrix.index()).and_then(|pages| pages.get(info.number));
        if let Some(page) = page {
            page.each(&mut |_, piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            })?;
        }
        let (numbers, rest) = bytes.as_chunks::<4>();
        if numbers.len() as u64 != n_numbers || !rest.is_empty() {
            return Err(Error::corrupt(info.what(), format_args!("{} bytes of matrices", 4 * n_numbers), bytes.len()));
        }
        let mut numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let mut projection = |one: &ProjectionRecord| {
            let n = *heads as usize * one.width as usize * one.dimension as usize;
            let (query, key) = (numbers.by_ref().take(n).collect(), numbers.by_ref().take(n).collect());
            Projection { space: one.space.as_str().into(), dimension: one.dimension, width: one.width, query, key }
        };
        let model = AttentionModel {
            name: name.as_str().into(),
            version: *version,
            heads: *heads,
            projections: projections.iter().map(&mut projection).collect(),
            biases: biases.iter().map(|(id, bits)| (TypeId::new(*id), f32::from_bits(*bits))).collect(),
        };
        let (_, n_types, _) = self.catalog().n_names();
        let is_known = model.biases.iter().all(|(rel_type, _)| rel_type.index() < n_types);
        let unknown = || (!is_known).then(|| "biases of unknown types".to_owned());
        if let Some(fault) = model.fault().or_else(unknown) {
            return Err(Error::corrupt(info.what(), "a model", fault));
        }
        Ok(info.whole.get_or_init(|| Arc::new(model)).clone())
    }
}

impl Transaction {
    /// Creates a model, in the place of one of its name; its version is given here. Returns it.
    ///
    /// # Errors
    /// `Limit`; a query error where it is no model, or does not fit the embedding spaces that there are.
    pub(crate) fn create_model(&mut self, model: AttentionModel) -> Result<Arc<AttentionModel>> {
        self.check_spaces(&model)?;
        if model.n_numbers() > MODEL_NUMBERS_MAX {
            return Err(Error::Limit { what: "numbers of a model", max: MODEL_NUMBERS_MAX });
        }
        let models = self.view().models()?;
        let known = models.iter().find(|known| *known.record.name == *model.name);
        let (number, version, n_before) = match known {
            Some(known) => (known.number, known.record.version, known.n_numbers()),
            None if models.len() >= MODELS_MAX => {
                return Err(Error::Limit { what: "models of attention", max: MODELS_MAX as u64 });
            }
            // By their numbers: the first that none has.
            None => (models.iter().zip(0..).take_while(|(known, at)| known.number == *at).count() as u32, 0, 0),
        };
        let model = AttentionModel { version: version.saturating_add(1), ..model };
        if let Some(fault) = model.fault() {
            let message = format!("the model `{}` has {fault}", model.name);
            return Err(QueryError::run("22N00", "ArgumentError", "InvalidModel", message).into());
        }
        let note = codec::encode_meta(MODEL_VERSION, &ModelRecord::new(&model));
        self.set_note(NoteTable::Model, number, Some(note.into()))?;
        let matrices = model.projections.iter().flat_map(|one| [&one.query, &one.key]);
        let bytes: Vec<u8> = matrices.flat_map(|of| of.iter()).flat_map(|x| x.to_le_bytes()).collect();
        for (at, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
            self.set_note(NoteTable::Matrix, piece_id(number, at), Some(piece.into()))?;
        }
        self.forget_pieces(number, bytes.len().div_ceil(PIECE_BYTES), n_before)?;
        Ok(Arc::new(model))
    }

    /// Drops a model. Returns whether it was there.
    ///
    /// # Errors
    /// A query error where there is none of this name and `if_exists` is not set.
    pub(crate) fn drop_model(&mut self, name: &str, if_exists: bool) -> Result<bool> {
        let Some(known) = self.view().models()?.iter().find(|known| known.record.name == name) else {
            return if if_exists { Ok(false) } else { Err(no_model(self.view(), name).into()) };
        };
        let (number, n_before) = (known.number, known.n_numbers());
        self.set_note(NoteTable::Model, number, None)?;
        self.forget_pieces(number, 0, n_before)?;
        Ok(true)
    }

    /// Forgets the pieces of a model from one on, which had so many numbers.
    fn forget_pieces(&mut self, number: u32, from: usize, n_numbers: u64) -> Result<()> {
        let end = (4 * n_numbers.min(MODEL_NUMBERS_MAX) as usize).div_ceil(PIECE_BYTES);
        (from..end).try_for_each(|at| self.set_note(NoteTable::Matrix, piece_id(number, at), None))
    }

    /// Checks that the spaces that a model is for are there, and of its dimensions.
    fn check_spaces(&self, model: &AttentionModel) -> Result<()> {
        let view = self.view();
        let wrong = |message: String, hint: &str| {
            Err(QueryError::run("22N00", "ArgumentError", "InvalidModel", message).hint(hint).into())
        };
        for one in &model.projections {
            let (model, space) = (&model.name, &one.space);
            let Some(info) = view.space(space) else {
                let message =
                    format!("the model `{model}` has matrices for `{space}`, and there is no such embedding space");
                let known = view.catalog().spaces().iter().map(|info| &*info.space.name).collect::<Vec<_>>();
                return match known.as_slice() {
                    [] => wrong(message, "CREATE EMBEDDING makes one"),
                    known => wrong(message, &format!("there are {}", known.join(", "))),
                };
            };
            let (found, wanted) = (one.dimension, info.space.dimension);
            if found != wanted {
                let message = format!(
                    "the matrices of the model `{model}` for `{space}` take vectors of {found} numbers, and the embedding space has {wanted}"
                );
                return wrong(message, "train it on vectors of this space, or name another space");
            }
        }
        Ok(())
    }
}

fn piece_id(number: u32, at: usize) -> u32 {
    number * BLOCK_LEN as u32 + at as u32
}

/// Returns the error of a name that no model has.
pub(crate) fn no_model(view: &Snapshot, name: &str) -> QueryError {
    let error = QueryError::run("22N71", "SchemaError", "NoSuchModel", format!("there is no model `{name}`"));
    let models = view.models().unwrap_or_default();
    if models.is_empty() {
        return error.hint(format!("COPY MODEL {name} FROM 'model.safetensors' makes one"));
    }
    error.hint(format!("there are {}", models.iter().map(|info| &*info.record.name).collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graph::check,
        model::{KeyId, Metric, Space, SpaceOwner, Storage},
        storage::Store,
    };

    fn model(name: &str, width: u32, x: f32) -> AttentionModel {
        let numbers = |x: f32| vec![x; (2 * width * 3) as usize].into();
        let projection = Projection { space: "s".into(), dimension: 3, width, query: numbers(x), key: numbers(-x) };
        AttentionModel { name: name.into(), version: 1, heads: 2, projections: vec![projection], biases: Vec::new() }
    }

    fn transaction() -> Transaction {
        let mut tx = Transaction::new(Snapshot::empty(Arc::new(Store::memory())));
        let key: KeyId = tx.key("v").unwrap();
        let owner = SpaceOwner::Nodes(Vec::new());
        let (metric, storage) = (Metric::Cosine, Storage::F32);
        let space =
            Space { name: "s".into(), owner, key, dimension: 3, metric, storage, embedder: None, indexed: false };
        tx.create_space(space, false).unwrap();
        tx
    }

    fn pieces(tx: &Transaction) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut add = |id, _: &[u8]| {
            ids.push(id);
            Ok(())
        };
        tx.view().each_note(NoteTable::Matrix, 0, &mut add).unwrap();
        ids
    }

    #[test]
    fn each_has_a_block_of_pieces_and_leaves_none_behind() {
        let mut tx = transaction();
        for name in ["a", "b", "c"] {
            tx.create_model(model(name, 4, 0.5)).unwrap();
        }
        assert_eq!(pieces(&tx), [0, 1024, 2048]);
        // Two matrices of 60,000 numbers: eight pieces.
        let large = tx.create_model(model("b", 10_000, 0.25)).unwrap();
        assert_eq!((large.version, pieces(&tx).len()), (2, 10));
        let read = tx.view().model("b").unwrap().unwrap();
        assert!(*read == *large && !Arc::ptr_eq(&read, &large), "it was read from notes");
        assert!(Arc::ptr_eq(&read, &tx.view().model("b").unwrap().unwrap()), "once");
        tx.create_model(model("b", 4, 0.5)).unwrap();
        assert_eq!(pieces(&tx), [0, 1024, 2048]);
        // What is dropped leaves its number.
        assert!(tx.drop_model("a", false).unwrap() && !tx.drop_model("a", true).unwrap());
        tx.create_model(model("d", 4, 0.5)).unwrap();
        assert_eq!(pieces(&tx), [0, 1024, 2048]);
        assert_eq!(tx.view().models().unwrap().iter().map(|info| info.record.name.as_str()).collect::<String>(), "dbc");
        assert!(check(tx.view(), true).is_sound());
    }

    #[test]
    fn notes_that_are_no_model_are_found_and_can_be_dropped() {
        let note = |record: &ModelRecord| Some(codec::encode_meta(MODEL_VERSION, record).into());
        let record = ModelRecord::new(&model("a", 4, 0.5));
        let type_7 = ModelRecord { biases: vec![(7, 0)], ..record.clone() };
        let heads = ModelRecord { heads: 0, ..record.clone() };
        let mut huge = record.clone();
        (huge.heads, huge.projections[0].width, huge.projections[0].dimension) = (u32::MAX, u32::MAX, u32::MAX);
        for (record, piece) in [
            (&record, Some(vec![0_u8; 191].into())),
            (&record, Some(vec![0_u8; 196].into())),
            (&record, Some(vec![0xff_u8; 192].into())),
            (&record, None),
            (&type_7, Some(vec![0_u8; 192].into())),
            (&heads, None),
            (&huge, Some(vec![0_u8; 192].into())),
        ] {
            let mut tx = transaction();
            tx.set_note(NoteTable::Model, 0, note(record)).unwrap();
            tx.set_note(NoteTable::Matrix, 0, piece).unwrap();
            assert!(matches!(tx.view().model("a"), Err(Error::Corrupt { .. })), "{record:?}");
            assert!(!check(tx.view(), true).is_sound());
            assert!(tx.drop_model("a", false).unwrap());
            assert!(check(tx.view(), true).is_sound() && tx.view().models().unwrap().is_empty());
        }
        for (number, bytes) in [(MODELS_MAX as u32, note(&record)), (3, note(&record)), (3, Some(vec![9_u8].into()))] {
            let mut tx = transaction();
            tx.create_model(model("a", 4, 0.5)).unwrap();
            tx.set_note(NoteTable::Model, number, bytes).unwrap();
            assert!(tx.view().models().is_err() && !check(tx.view(), true).is_sound(), "{number}");
        }
    }
}
