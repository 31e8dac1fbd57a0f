//! Declaring full-text indexes.

use std::sync::Arc;

use super::FULLTEXTS_MAX;
use crate::{
    Error, QueryError, Result,
    graph::Transaction,
    model::{Fact, Fulltext},
};

impl Transaction {
    /// Creates a full-text index; its number is given here. Returns whether it is new.
    ///
    /// # Errors
    /// A query error where an index of this name, or one over the same, exists and `if_not_exists` is not set; `Limit`.
    pub(crate) fn create_fulltext(&mut self, index: Fulltext, if_not_exists: bool) -> Result<bool> {
        let catalog = self.view().catalog();
        let is_same =
            |other: &Fulltext| other.name == index.name || (other.owner == index.owner && other.keys == index.keys);
        let known = catalog.fulltexts().iter().find(|other| is_same(other)).map(|other| other.name.clone());
        let by_name = catalog.indexes().iter().find(|other| other.name == index.name).map(|other| other.name.clone());
        if let Some(known) = known.or(by_name) {
            if if_not_exists {
                return Ok(false);
            }
            let message = format!("an index `{known}` of this name or over the same exists already");
            let error = QueryError::run("22N70", "SchemaError", "IndexAlreadyExists", message);
            return Err(error.hint("drop it first, or add IF NOT EXISTS").into());
        }
        if catalog.fulltexts().len() >= FULLTEXTS_MAX {
            return Err(Error::Limit { what: "full-text indexes", max: FULLTEXTS_MAX as u64 });
        }
        let number = catalog.next_index()?;
        self.record(Fact::CreateFulltext { index: Arc::new(Fulltext { number, ..index }) })?;
        Ok(true)
    }
}
