//! Words to entities: the procedures over full-text indexes, and the one that `SEARCH` is made of.

mod hits;
mod link;

pub(crate) use self::{
    hits::{SEARCH, query_nodes, query_relationships, search_nodes, search_relationships},
    link::link,
};

use std::sync::Arc;

use crate::{QueryError, Result, model::Value};

/// Returns an option of a map that is a whole number, 0 or more.
fn count_option(name: &str, value: &Value) -> Result<Option<usize>> {
    match value {
        Value::Null => Ok(None),
        Value::Int(n) if *n >= 0 => Ok(Some(usize::try_from(*n).unwrap_or(usize::MAX))),
        other => Err(wrong_option(name, "an integer, 0 or more", other)),
    }
}

/// Returns an option of a map that is a text.
fn text_option(name: &str, value: &Value) -> Result<Option<Arc<str>>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(wrong_option(name, "a string", other)),
    }
}

fn wrong_option(name: &str, wanted: &str, got: &Value) -> crate::Error {
    let message = format!("the option `{name}` is {wanted}, not {got} ({})", got.kind());
    QueryError::type_error("InvalidArgumentType", message).into()
}

fn unknown_option(procedure: &str, name: &str, known: &[&str]) -> crate::Error {
    let message = format!("`{procedure}` has no option `{name}`");
    let error = QueryError::run("22N31", "ArgumentError", "InvalidArgumentValue", message);
    let hint = super::suggest::hint(name, known.iter().copied());
    error.hint(hint.unwrap_or_else(|| format!("there are {}", known.join(", ")))).into()
}
