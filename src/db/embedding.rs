//! `CREATE EMBEDDING` and `SHOW EMBEDDINGS`.

use std::sync::Arc;

use super::{Params, copy, execute::missing_parameter};
use crate::{
    QueryError, Result, Value,
    graph::{NearState, Snapshot, SpaceInfo, Transaction},
    model::{Embedder, Metric, Space, SpaceOwner, Storage},
    query::{
        ast::{self, Chosen, ExprKind},
        suggest,
    },
};

/// Creates an embedding space. Returns whether it is new.
///
/// # Errors
/// A query error where an option says what there is not, or as [`Transaction::create_space`].
pub(super) fn create(create: &ast::CreateEmbedding, params: &Params, transaction: &mut Transaction) -> Result<bool> {
    let metric = match &create.metric {
        None => Metric::default(),
        Some(chosen) => choice(chosen, params, "metric", &Metric::ALL.map(|metric| (metric.name(), metric)))?,
    };
    let storage = match &create.storage {
        None => Storage::default(),
        Some(chosen) => choice(chosen, params, "storage", &Storage::ALL.map(|storage| (storage.name(), storage)))?,
    };
    let indexed = match &create.index {
        None => false,
        Some(chosen) => choice(chosen, params, "index", &[("HNSW", true), ("NONE", false)])?,
    };
    if let (true, true, Some(chosen)) = (indexed, create.owner.is_relationship, &create.index) {
        let message = "vectors of relationships have no index: SEARCH finds nodes";
        let error = QueryError::syntax("UnexpectedSyntax", message, chosen.span());
        return Err(error.hint("leave INDEX out: ATTEND looks at every relationship it is given").into());
    }
    let dimension = dimension(&create.dimension, params)?;
    let mut names = create.owner.names.iter().map(|name| &*name.text).collect::<Vec<_>>();
    names.sort_unstable();
    names.dedup();
    let owner = if create.owner.is_relationship {
        SpaceOwner::Relationships(names.iter().map(|name| transaction.rel_type(name)).collect::<Result<_>>()?)
    } else {
        SpaceOwner::Nodes(names.iter().map(|name| transaction.label(name)).collect::<Result<_>>()?)
    };
    let key = transaction.key(&create.key.text)?;
    let embedder = match &create.embedder {
        None => None,
        Some((chosen, from)) => {
            let name = embedder(chosen, params, &transaction.view().embedders.names())?;
            Some(Embedder { name, from: transaction.key(&from.text)? })
        }
    };
    let name = create.name.text.clone();
    let space = Space { name, owner, key, dimension, metric, storage, embedder, indexed };
    transaction.create_space(space, create.if_not_exists)
}

/// Returns the space that a statement names.
///
/// # Errors
/// A query error where there is none of this name.
pub(super) fn chosen(chosen: &Chosen, params: &Params, view: &Snapshot) -> Result<SpaceInfo> {
    let name = chosen_name(chosen, params)?;
    if let Some(info) = view.space(&name) {
        return Ok(info.clone());
    }
    let message = format!("there is no embedding space `{name}`");
    let error = QueryError::run("22N71", "SchemaError", "NoSuchEmbedding", message).at(chosen.span());
    let known: Vec<&str> = view.catalog().spaces().iter().map(|info| &*info.space.name).collect();
    let hint = suggest::hint(&name, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
        [] => "CREATE EMBEDDING makes one".to_owned(),
        known => format!("there are {}", known.join(", ")),
    });
    Err(error.hint(hint).into())
}

/// Returns the rows of `SHOW EMBEDDINGS`.
///
/// # Errors
/// `Corrupt` where a block is damaged.
pub(super) fn shown(view: &Snapshot) -> Result<Vec<Vec<Value>>> {
    let catalog = view.catalog();
    let mut rows = Vec::new();
    for info in catalog.spaces() {
        let space = &info.space;
        let (entity, names): (_, Vec<Arc<str>>) = match &space.owner {
            SpaceOwner::Nodes(labels) => ("NODE", labels.iter().map(|id| catalog.label_name(*id).clone()).collect()),
            SpaceOwner::Relationships(types) => {
                ("RELATIONSHIP", types.iter().map(|id| catalog.type_name(*id).clone()).collect())
            }
        };
        let deviation = info.measured().0;
        rows.push(vec![
            Value::String(space.name.clone()),
            entity.into(),
            Value::list(names.into_iter().map(Value::String)),
            Value::String(catalog.key_name(space.key).clone()),
            Value::Int(space.dimension.into()),
            space.metric.name().into(),
            space.storage.name().into(),
            space.embedder.as_ref().map_or(Value::Null, |embedder| Value::String(embedder.name.clone())),
            space.embedder.as_ref().map_or(Value::Null, |of| Value::String(catalog.key_name(of.from).clone())),
            Value::Int(view.n_vectors(space)? as i64),
            if deviation > 0.0 { Value::Float(deviation.into()) } else { Value::Null },
            if space.indexed { "HNSW".into() } else { Value::Null },
            view.near_state(space).map_or(Value::Null, index_state),
        ]);
    }
    Ok(rows)
}

/// Returns how far an index is, as `SHOW EMBEDDINGS` says it.
fn index_state(state: NearState) -> Value {
    match state {
        NearState::Scanned => "scanned".into(),
        NearState::Building(n, of) => format!("building {n} of {of}").into(),
        NearState::Ready(n) => format!("ready {n}").into(),
        NearState::TooLarge => "too large for memory".into(),
    }
}

fn dimension(expr: &ast::Expr, params: &Params) -> Result<u32> {
    let value = number(expr, params)?;
    let Value::Int(n) = value else {
        let message = format!("DIMENSION must be an integer, not {value} ({})", value.kind());
        return Err(QueryError::type_error("InvalidArgumentType", message).at(expr.span).into());
    };
    // What is too large is refused with the range, where the space is made.
    Ok(u32::try_from(n).unwrap_or(if n < 0 { 0 } else { u32::MAX }))
}

/// Returns the value of a number that is written out or given by a parameter.
///
/// # Errors
/// A query error where the parameter is missing.
pub(super) fn number(expr: &ast::Expr, params: &Params) -> Result<Value> {
    match &expr.kind {
        ExprKind::Parameter(name) => {
            Ok(params.get(&name.text).cloned().ok_or_else(|| missing_parameter(&name.text).at(name.span))?)
        }
        ExprKind::Int(n) => Ok(Value::Int(*n)),
        _ => Ok(Value::Null),
    }
}

/// Returns the name of an embedder, as it was registered.
fn embedder(chosen: &Chosen, params: &Params, known: &[Arc<str>]) -> Result<Arc<str>> {
    let name = chosen_name(chosen, params)?;
    if let Some(found) = known.iter().find(|word| word.eq_ignore_ascii_case(&name)) {
        return Ok(found.clone());
    }
    let message = format!("there is no embedder `{name}`");
    let error = QueryError::run("22N71", "SchemaError", "NoSuchEmbedder", message).at(chosen.span());
    let hint = suggest::hint(&name, known.iter().map(|name| &**name))
        .unwrap_or_else(|| format!("there are {}; Database::register_embedder adds more", known.join(", ")));
    Err(error.hint(hint).into())
}

/// Returns the name that a word or a parameter gives.
///
/// # Errors
/// A query error where the parameter is missing or no string.
pub(super) fn chosen_name(chosen: &Chosen, params: &Params) -> Result<Arc<str>> {
    match chosen {
        Chosen::Name(name) => Ok(name.text.clone()),
        Chosen::Parameter(name) => copy::text(&ast::Text::Parameter(name.clone()), params),
    }
}

/// Returns what a name, or the string of a parameter, chooses.
fn choice<T: Copy>(chosen: &Chosen, params: &Params, what: &str, known: &[(&'static str, T)]) -> Result<T> {
    let name = chosen_name(chosen, params)?;
    if let Some((_, found)) = known.iter().find(|(word, _)| word.eq_ignore_ascii_case(&name)) {
        return Ok(*found);
    }
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let error = QueryError::syntax("UnexpectedSyntax", format!("there is no {what} `{name}`"), chosen.span());
    let hint = suggest::hint(&name, words.iter().copied()).unwrap_or_else(|| format!("there are {}", words.join(", ")));
    Err(error.hint(hint).into())
}
