//! What makes vectors of texts: the built-in one, and those that the application registered with this open database.
//!
//! A space keeps its embedder by name only. One that is not registered is missed when a text is to be embedded, not before:
//! a database opens, reads and ranks by vectors without it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use super::SpaceInfo;
use crate::{
    Error, QueryError, Result,
    model::{Embedder, Value},
    text::embed,
};

/// The name of the one that every database has.
pub(crate) const HASH: &str = "hash";

/// Makes a vector of a text.
pub(crate) type Embed = dyn Fn(&str) -> Result<Vec<f32>> + Send + Sync;

/// An embedder, with its name as it was written.
type Named = (Arc<str>, Arc<Embed>);

/// The embedders of an open database, by their names in small letters. None is ever taken away.
#[derive(Default)]
pub(crate) struct Embedders(RwLock<BTreeMap<String, Named>>);

impl Embedders {
    /// Adds one.
    ///
    /// # Errors
    /// `NotAllowed` where there is one of this name.
    pub(crate) fn add(&self, name: &str, embed: Arc<Embed>) -> Result<()> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let key = name.to_ascii_lowercase();
        if key == HASH || known.contains_key(&key) {
            return Err(Error::NotAllowed { what: format!("a second embedder `{name}`") });
        }
        known.insert(key, (name.into(), embed));
        Ok(())
    }

    /// Returns the names, as they were given.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(HASH.into()).chain(known.values().map(|(name, _)| name.clone())).collect()
    }

    fn find(&self, name: &str) -> Option<Arc<Embed>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&name.to_ascii_lowercase()).map(|(_, embed)| embed.clone())
    }

    /// Returns the vector that an embedder of the application makes for a space.
    ///
    /// # Errors
    /// A query error where it is not registered, or gives no vector of the space; its own.
    pub(crate) fn call(&self, info: &SpaceInfo, embedder: &Embedder, text: &str) -> Result<Vec<f32>> {
        let (space, name) = (&info.space, &embedder.name);
        let Some(embed) = self.find(name) else {
            let message = format!("the embedder `{name}` of the space `{}` is not registered", space.name);
            let error = QueryError::run("22N00", "ArgumentError", "NoSuchEmbedder", message);
            return Err(error.hint(format!("call Database::register_embedder(\"{name}\", ...) after opening")).into());
        };
        let mut numbers = embed(text)?;
        space.admit_numbers(&mut numbers).map_err(|wrong| {
            let message = format!(
                "what the embedder `{name}` made {wrong}; the embedding space `{}` keeps vectors of {} numbers",
                space.name, space.dimension
            );
            QueryError::run("22G03", "ArgumentError", "InvalidVector", message)
        })?;
        Ok(numbers)
    }

    /// Returns the vector of what a space is made from, as the space keeps it; null where that is no text, or has no words
    /// for the built-in embedder.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub(super) fn value(&self, info: &SpaceInfo, text: &Value) -> Result<Value> {
        let (Some(embedder), Value::String(text)) = (&info.space.embedder, text) else { return Ok(Value::Null) };
        let numbers = if *embedder.name == *HASH {
            let Some(mut numbers) = embed(text, info.space.dimension as usize) else { return Ok(Value::Null) };
            info.space.admit_numbers(&mut numbers).expect("it makes finite numbers, as many as it is asked for");
            numbers
        } else {
            self.call(info, embedder, text)?
        };
        Ok(Value::List(numbers.into_iter().map(|x| Value::Float(x.into())).collect()))
    }
}

impl fmt::Debug for Embedders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
