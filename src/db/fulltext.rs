//! `CREATE FULLTEXT INDEX`, and how full-text indexes are shown.

use std::sync::Arc;

use super::{Params, execute::missing_parameter};
use crate::{
    QueryError, Result, Span, Value,
    graph::{Snapshot, Transaction},
    model::{Analyzer, FULLTEXT_KEYS_MAX, Fulltext, SpaceOwner},
    query::{
        ast::{self, ExprKind},
        suggest,
    },
};

/// Creates a full-text index. Returns whether it is new.
///
/// # Errors
/// A query error where an option says what there is not, or as [`Transaction::create_fulltext`].
pub(super) fn create(create: &ast::CreateFulltext, params: &Params, transaction: &mut Transaction) -> Result<bool> {
    if cfg!(not(feature = "text")) {
        return Err(crate::Error::NotAllowed {
            what: "CREATE FULLTEXT INDEX: this build searches no words (build with --features text)".into(),
        });
    }
    let mut names = create.owner.names.iter().map(|name| &*name.text).collect::<Vec<_>>();
    names.sort_unstable();
    names.dedup();
    if create.keys.len() > FULLTEXT_KEYS_MAX {
        let message = format!("a full-text index is over at most {FULLTEXT_KEYS_MAX} properties");
        return Err(QueryError::syntax("UnexpectedSyntax", message, create.span).into());
    }
    let (analyzer, eventual) = match &create.options {
        Some(options) => chosen(options, params)?,
        None => (Analyzer::default(), false),
    };
    let keys: Vec<&str> = create.keys.iter().map(|key| &*key.text).collect();
    let name = match &create.name {
        Some(name) => name.text.clone(),
        None => format!("fulltext_{}", [names.as_slice(), &keys].concat().join("_")).into(),
    };
    let owner = if create.owner.is_relationship {
        SpaceOwner::Relationships(names.iter().map(|name| transaction.rel_type(name)).collect::<Result<_>>()?)
    } else {
        SpaceOwner::Nodes(names.iter().map(|name| transaction.label(name)).collect::<Result<_>>()?)
    };
    let keys = keys.into_iter().map(|key| transaction.key(key)).collect::<Result<_>>()?;
    let index = Fulltext { name, owner, keys, analyzer, eventual, number: 0 };
    transaction.create_fulltext(index, create.if_not_exists)
}

/// Drops a full-text index. Returns whether it was there.
///
/// # Errors
/// A query error where there is no full-text index of this name and `IF EXISTS` was not written.
pub(super) fn drop(drop: &ast::DropSchema, transaction: &mut Transaction) -> Result<bool> {
    if transaction.view().fulltext(&drop.name.text).is_some() {
        return transaction.drop_index(&drop.name.text, false);
    }
    if drop.if_exists {
        return Ok(false);
    }
    let message = format!("there is no full-text index `{}`", drop.name.text);
    Err(QueryError::run("22N71", "SchemaError", "NoSuchIndex", message).at(drop.name.span).into())
}

/// Returns the rows of `SHOW INDEXES` that are full-text indexes.
pub(super) fn shown(view: &Snapshot) -> impl Iterator<Item = Vec<Value>> {
    let catalog = view.catalog();
    catalog.fulltexts().iter().map(move |index| {
        let of = |names: Vec<&Arc<str>>| names.iter().map(|name| &***name).collect::<Vec<_>>().join("|");
        let owners = match &index.owner {
            SpaceOwner::Nodes(labels) => of(labels.iter().map(|label| catalog.label_name(*label)).collect()),
            SpaceOwner::Relationships(types) => {
                format!("()-[:{}]-()", of(types.iter().map(|of| catalog.type_name(*of)).collect()))
            }
        };
        let keys: Vec<&str> = index.keys.iter().map(|key| &**catalog.key_name(*key)).collect();
        vec![Value::String(index.name.clone()), "FULLTEXT".into(), owners.into(), keys.join(", ").into()]
    })
}

/// Returns what the options choose: the analyzer, and whether searches need not see the latest commits.
fn chosen(options: &ast::Expr, params: &Params) -> Result<(Analyzer, bool)> {
    let (mut analyzer, mut eventual) = (Analyzer::default(), false);
    for (key, value) in entries(options, params)? {
        match (key.strip_prefix("fulltext.").unwrap_or(&key), value) {
            ("analyzer" | "language", Value::String(name)) => {
                analyzer = Analyzer::find(&name).ok_or_else(|| unknown_analyzer(&name, options.span))?;
            }
            ("eventually_consistent", Value::Bool(is)) => eventual = is,
            ("indexConfig", Value::Map(config)) => {
                for (key, value) in config.iter() {
                    match (&**key, value) {
                        ("fulltext.analyzer", Value::String(name)) => {
                            analyzer = Analyzer::find(name).ok_or_else(|| unknown_analyzer(name, options.span))?;
                        }
                        ("fulltext.eventually_consistent", Value::Bool(is)) => eventual = *is,
                        (key, value) => return Err(unknown_option(key, value, options.span)),
                    }
                }
            }
            (_, value) => return Err(unknown_option(&key, &value, options.span)),
        }
    }
    Ok((analyzer, eventual))
}

fn entries(options: &ast::Expr, params: &Params) -> Result<Vec<(Arc<str>, Value)>> {
    match constant(options, params)? {
        Value::Map(map) => Ok(map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
        other => {
            let message = format!("OPTIONS must be a map, not {other} ({})", other.kind());
            Err(QueryError::type_error("InvalidArgumentType", message).at(options.span).into())
        }
    }
}

/// Returns the value of an expression that must be constant.
fn constant(expr: &ast::Expr, params: &Params) -> Result<Value> {
    Ok(match &expr.kind {
        ExprKind::Bool(is) => Value::Bool(*is),
        ExprKind::String(text) => Value::String(text.clone()),
        ExprKind::Int(n) => Value::Int(*n),
        ExprKind::Parameter(name) => {
            params.get(&name.text).cloned().ok_or_else(|| missing_parameter(&name.text).at(name.span))?
        }
        ExprKind::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Ok((key.text.clone(), constant(value, params)?)));
            Value::from(entries.collect::<Result<crate::model::Map>>()?)
        }
        _ => {
            let message = "the options of an index are constants or parameters";
            return Err(QueryError::syntax("UnexpectedSyntax", message, expr.span).into());
        }
    })
}

fn unknown_analyzer(name: &str, span: Span) -> crate::Error {
    let names: Vec<&str> = Analyzer::ALL.iter().map(|(name, _)| *name).collect();
    let error = QueryError::syntax("UnexpectedSyntax", format!("there is no analyzer `{name}`"), span);
    let hint = suggest::hint(name, names.iter().copied()).unwrap_or_else(|| format!("there are {}", names.join(", ")));
    error.hint(hint).into()
}

fn unknown_option(key: &str, value: &Value, span: Span) -> crate::Error {
    let message = format!("a full-text index has no option `{key}` with the value {value}");
    let error = QueryError::syntax("UnexpectedSyntax", message, span);
    error.hint("write {analyzer: 'english', eventually_consistent: false}, or indexConfig as Neo4j has it").into()
}
