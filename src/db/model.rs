//! `COPY MODEL` and `SHOW MODELS`.

use std::{path::Path, sync::Arc};

use super::{copy, embedding, execute::Run};
use crate::{
    QueryError, Result, Value,
    graph::{ModelInfo, Snapshot, Transaction},
    import::models::{ModelFiles, ModelFormat, copy_model},
    model::{AttentionModel, HEADS_MAX},
    query::ast,
};

/// Reads a model from its file, or files. Returns the file's name and the model.
///
/// # Errors
/// A query error where an option means nothing for such a file, or one that it needs is missing; those of [`copy_model`].
pub(super) fn copy(
    copy: &ast::CopyModel,
    run: Run<'_>,
    transaction: &mut Transaction,
    tick: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<(Arc<str>, Arc<AttentionModel>)> {
    let refuse = |message: String, hint: &str| {
        let error = QueryError::run("22023", "ArgumentError", "InvalidArgumentValue", message).at(copy.span);
        Err(error.hint(hint).into())
    };
    let files = &run.inner.options.files;
    let name = embedding::chosen_name(&copy.model, run.params)?;
    let file = copy::text(&copy.file, run.params)?;
    let keys = copy.keys.as_ref().map(|keys| copy::text(keys, run.params)).transpose()?;
    let heads = copy.heads.as_ref().map(|heads| self::heads(heads, run)).transpose()?;
    let made = match (ModelFormat::of_path(Path::new(&*file)), &copy.space, keys) {
        (Some(ModelFormat::Safetensors), None, None) => {
            let source = files.open(&file)?;
            copy_model(transaction, &name, &ModelFiles::Safetensors(&source), heads, tick)?
        }
        (Some(ModelFormat::Safetensors), space, _) => {
            let what = if space.is_some() { "SPACE" } else { "KEYS" };
            let message = format!("{what} means nothing for {file}, whose tensors have names");
            return refuse(message, "name its tensors space.Wq, space.Wk and b_rel.TYPE");
        }
        (Some(ModelFormat::Npy { gzip }), Some(space), Some(keys)) => {
            let Some(ModelFormat::Npy { gzip: keys_gzip }) = ModelFormat::of_path(Path::new(&*keys)) else {
                return refuse(format!("KEYS is no file of a matrix: {keys}"), "give a .npy file");
            };
            let space = embedding::chosen(space, run.params, transaction.view())?.space.name.clone();
            let (query, key) = (files.open(&file)?, files.open(&keys)?);
            let files = ModelFiles::Npy { space, query: (&query, gzip), key: (&key, keys_gzip) };
            copy_model(transaction, &name, &files, heads, tick)?
        }
        (Some(ModelFormat::Npy { .. }), _, _) => {
            return refuse(
                format!("{file} has one matrix, and a model needs two of a space"),
                "add (SPACE text, KEYS 'wk.npy'): the space, and the file with the matrix of keys",
            );
        }
        (None, ..) => {
            return refuse(format!("{file} is no file of a model"), "COPY MODEL reads .safetensors and .npy");
        }
    };
    Ok((file, made))
}

/// Returns the rows of `SHOW MODELS`.
///
/// # Errors
/// `Corrupt` where a note is damaged.
pub(super) fn shown(view: &Snapshot) -> Result<Vec<Vec<Value>>> {
    let catalog = view.catalog();
    let row = |info: &ModelInfo| {
        let model = view.whole_model(info)?;
        let biases = model
            .biases
            .iter()
            .map(|(rel_type, bias)| (catalog.type_name(*rel_type).clone(), Value::Float((*bias).into())));
        Ok(vec![
            Value::String(model.name.clone()),
            Value::Int(model.version.into()),
            Value::Int(model.heads.into()),
            Value::list(model.projections.iter().map(|one| Value::String(one.space.clone()))),
            Value::list(model.projections.iter().map(|one| Value::Int(one.width.into()))),
            Value::from(biases.collect::<crate::model::Map>()),
            Value::Int(model.n_numbers() as i64),
        ])
    };
    view.models()?.iter().map(row).collect()
}

fn heads(expr: &ast::Expr, run: Run<'_>) -> Result<u32> {
    let value = embedding::number(expr, run.params)?;
    match value {
        Value::Int(n) if (1..=i64::from(HEADS_MAX)).contains(&n) => Ok(n as u32),
        other => {
            let message = format!("HEADS must be an integer of 1 to {HEADS_MAX}, not {other}");
            Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).at(expr.span).into())
        }
    }
}
