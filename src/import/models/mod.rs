//! `COPY MODEL`: models of attention from the files that training writes.
//!
//! # safetensors
//! A whole model, by the names of its tensors:
//!
//! | tensor | shape | what |
//! |---|---|---|
//! | `<space>.Wq`, `<space>.Wk` | `[heads, d_h, d]`, or `[heads·d_h, d]`: the heads one below the other, as the weight of a linear layer has them | what a head makes of a query, and of a candidate's vector |
//! | `b_rel.<TYPE>` | `[]` or `[1]` | what is added to the logit of relationships of the type |
//!
//! With matrices of two dimensions, `HEADS 8` or the text `heads` of the file's metadata says how many heads there are; one where nothing does.
//!
//! # npy
//! One matrix a file: `COPY MODEL name FROM 'wq.npy' (SPACE text, KEYS 'wk.npy', HEADS 8)` makes a model of one space and
//! without biases. Shapes are as above.

mod safetensors;

use std::{path::Path, sync::Arc};

use rustc_hash::FxHashMap;

use super::{files::FileSource, vectors};
use crate::{
    Error, ImportError, Result,
    graph::Transaction,
    model::{AttentionModel, HEADS_MAX, MODEL_NUMBERS_MAX, Projection, TypeId},
};

/// How the file of a model is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelFormat {
    /// All of it in one.
    Safetensors,
    /// A matrix a file, perhaps as gzip.
    Npy { gzip: bool },
}

impl ModelFormat {
    /// Returns the format of a file, where its name says that it is one of a model.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let (stem, gzip) = name.strip_suffix(".gz").map_or((&*name, false), |stem| (stem, true));
        match stem.rsplit_once('.')?.1 {
            "safetensors" if !gzip => Some(Self::Safetensors),
            "npy" => Some(Self::Npy { gzip }),
            _ => None,
        }
    }
}

/// The files of one statement.
pub(crate) enum ModelFiles<'a> {
    /// A whole model.
    Safetensors(&'a FileSource),
    /// The matrices of one space: of queries and of keys, and whether each is gzip.
    Npy { space: Arc<str>, query: (&'a FileSource, bool), key: (&'a FileSource, bool) },
}

/// Named numbers of a file.
#[derive(Debug)]
struct Tensor {
    name: String,
    shape: Vec<u64>,
    numbers: Vec<f32>,
}

/// Reads a model and makes it the next version of its name.
///
/// # Errors
/// [`Error::Import`] names the file, the tensor and what is wrong with it; those of [`Transaction::create_model`].
pub(crate) fn copy_model(
    tx: &mut Transaction,
    name: &Arc<str>,
    files: &ModelFiles<'_>,
    heads: Option<u32>,
    tick: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Arc<AttentionModel>> {
    tick(0)?;
    let model = match files {
        ModelFiles::Safetensors(source) => {
            let (tensors, metadata) = safetensors::read(source)?;
            tick(source.bytes())?;
            let heads = match (heads, metadata.get("heads")) {
                (Some(heads), _) => Some(heads),
                (None, Some(told)) => match told.parse() {
                    Ok(heads) => Some(heads),
                    Err(_) => {
                        return Err(wrong(source, None, format!("`heads` of its metadata is no number: {told:?}")));
                    }
                },
                (None, None) => None,
            };
            let of_type = |name: &str| tx.view().catalog().rel_type(name);
            whole(source, tensors, heads, &of_type)?
        }
        ModelFiles::Npy { space, query, key } => {
            let mut heads = Heads { told: heads, found: None };
            let mut matrix = |(source, gzip): (&FileSource, bool)| {
                let (shape, numbers) = vectors::read_array(source, gzip, MODEL_NUMBERS_MAX)?;
                tick(source.bytes())?;
                let tensor = Tensor { name: String::new(), shape, numbers };
                Matrix::of(tensor, &mut heads).map_err(|reason| wrong(source, None, reason))
            };
            let (first, second) = (matrix(*query)?, matrix(*key)?);
            let projection = Matrix::pair(space.clone(), first, second).map_err(|reason| wrong(key.0, None, reason))?;
            model(heads.number(), vec![projection], Vec::new())
        }
    };
    tx.create_model(AttentionModel { name: name.clone(), ..model })
}

/// Returns a model that has no name and version yet.
fn model(heads: u32, projections: Vec<Projection>, biases: Vec<(TypeId, f32)>) -> AttentionModel {
    AttentionModel { name: "".into(), version: 1, heads, projections, biases }
}

/// Makes a model of all tensors of a file.
fn whole(
    source: &FileSource,
    tensors: Vec<Tensor>,
    heads: Option<u32>,
    of_type: &dyn Fn(&str) -> Option<TypeId>,
) -> Result<AttentionModel> {
    let mut heads = Heads { told: heads, found: None };
    // In the order of the spaces' names.
    let mut spaces: Vec<Arc<str>> = Vec::new();
    let mut matrices: FxHashMap<(Arc<str>, bool), Matrix> = FxHashMap::default();
    let mut biases = Vec::new();
    for tensor in tensors {
        let name = tensor.name.clone();
        let wrong = |reason: String| wrong(source, Some(&name), reason);
        if let Some(rel_type) = name.strip_prefix("b_rel.") {
            let [bias] = tensor.numbers[..] else {
                return Err(wrong(format!("a bias is one number, not {:?} of them", tensor.shape)));
            };
            let Some(id) = of_type(rel_type) else {
                return Err(wrong(format!("there is no relationship type `{rel_type}`")));
            };
            if !bias.is_finite() {
                return Err(wrong(format!("a bias of {bias}")));
            }
            biases.push((id, bias));
            continue;
        }
        let (space, is_query) = match name.rsplit_once('.') {
            Some((space, "Wq")) => (Arc::<str>::from(space), true),
            Some((space, "Wk")) => (Arc::<str>::from(space), false),
            _ => {
                let known = "`<space>.Wq`, `<space>.Wk` and `b_rel.<TYPE>` are what a model consists of";
                return Err(wrong(format!("no part of a model; {known}")));
            }
        };
        let matrix = Matrix::of(tensor, &mut heads).map_err(wrong)?;
        if !spaces.contains(&space) {
            spaces.push(space.clone());
        }
        matrices.insert((space, is_query), matrix);
    }
    if spaces.is_empty() && biases.is_empty() {
        return Err(wrong(source, None, "it has no tensors".to_owned()));
    }
    biases.sort_unstable_by_key(|(id, _)| *id);
    let mut projections = Vec::with_capacity(spaces.len());
    for space in spaces {
        let mut take = |is_query, missing: &str| {
            let lacks =
                || wrong(source, None, format!("it has no `{space}.{missing}` beside the other matrix of the space"));
            matrices.remove(&(space.clone(), is_query)).ok_or_else(lacks)
        };
        let (query, key) = (take(true, "Wq")?, take(false, "Wk")?);
        let name = format!("{space}.Wk");
        projections.push(Matrix::pair(space, query, key).map_err(|reason| wrong(source, Some(&name), reason))?);
    }
    Ok(model(heads.number(), projections, biases))
}

/// How many heads there are: as the statement or the file says, or the first matrix of three dimensions.
struct Heads {
    told: Option<u32>,
    found: Option<u32>,
}

impl Heads {
    fn number(&self) -> u32 {
        self.told.or(self.found).unwrap_or(1)
    }
}

/// A matrix of a model: `[heads, width, dimension]`.
struct Matrix {
    width: u32,
    dimension: u32,
    numbers: Vec<f32>,
}

impl Matrix {
    /// Returns the matrix that a tensor is.
    fn of(tensor: Tensor, heads: &mut Heads) -> std::result::Result<Self, String> {
        let Tensor { shape, numbers, .. } = tensor;
        let (n_rows, dimension) = match shape.as_slice() {
            [found, width, dimension] => {
                if let Some(other) = heads.told.or(heads.found).filter(|other| u64::from(*other) != *found) {
                    return Err(format!("{found} heads by its shape {shape:?}, and {other} are said"));
                }
                heads.found = u32::try_from(*found).ok();
                (found.saturating_mul(*width), *dimension)
            }
            [n_rows, dimension] => {
                // One head until somebody says otherwise: a later matrix must not.
                heads.found = Some(heads.number());
                (*n_rows, *dimension)
            }
            _ => return Err(format!("the shape {shape:?}; a matrix is [heads, d_h, d] or [heads * d_h, d]")),
        };
        let number = heads.number();
        if !(1..=HEADS_MAX).contains(&number) {
            return Err(format!("{number} heads; a model has 1 to {HEADS_MAX}"));
        }
        if numbers.is_empty() || !n_rows.is_multiple_of(number.into()) {
            return Err(format!("the shape {shape:?}, whose rows {number} heads cannot share equally"));
        }
        if let Some(at) = numbers.iter().position(|x| !x.is_finite()) {
            let (row, column) = (at as u64 / dimension, at as u64 % dimension);
            return Err(format!(
                "the number {} in row {row}, column {column}: all must be finite in 32 bits",
                numbers[at]
            ));
        }
        let narrow = |n: u64| u32::try_from(n).map_err(|_| format!("the shape {shape:?}, which is too large"));
        Ok(Self { width: narrow(n_rows / u64::from(number))?, dimension: narrow(dimension)?, numbers })
    }

    /// Returns the projection that two matrices are.
    fn pair(space: Arc<str>, query: Self, key: Self) -> std::result::Result<Projection, String> {
        if (query.width, query.dimension) != (key.width, key.dimension) {
            return Err(format!(
                "heads of [{}, {}], and those of queries are [{}, {}]: both must be alike",
                key.width, key.dimension, query.width, query.dimension
            ));
        }
        let Self { width, dimension, numbers } = query;
        Ok(Projection { space, dimension, width, query: numbers.into(), key: key.numbers.into() })
    }
}

/// Returns the error of a file that is no model.
fn wrong(source: &FileSource, tensor: Option<&str>, reason: String) -> Error {
    let field = tensor.map(str::to_owned);
    ImportError { file: source.name.clone(), line: 0, column: 0, field, reason }.into()
}
