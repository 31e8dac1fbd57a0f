//! Validities of the graph: notes of [`NoteTable::Validity`], each under the next number. A type has one at most.

use std::sync::Arc;

use super::{Snapshot, Transaction};
use crate::{
    Error, QueryError, Result,
    model::{NoteTable, TypeId, Validity},
    storage::codec::{decode_validity, encode_validity},
};

/// The most validities a database may have: each may add a test to every relationship of a pattern.
const VALIDITIES_MAX: usize = 256;

impl Snapshot {
    /// Returns the validities with their numbers.
    ///
    /// # Errors
    /// `Corrupt` where a record is damaged.
    pub(crate) fn validities(&self) -> Result<Vec<(u32, Validity)>> {
        let (_, n_types, n_keys) = self.catalog().n_names();
        let mut found = Vec::new();
        self.each_note(NoteTable::Validity, 0, &mut |id, note| {
            let validity = decode_validity(note)?;
            let Validity { types, since, until, .. } = &validity;
            let are_known = types.iter().all(|rel_type| (rel_type.get() as usize) < n_types)
                && [since, until].iter().all(|key| (key.get() as usize) < n_keys);
            if !are_known {
                return Err(Error::corrupt(format!("validity {id}"), "names of the dictionary", "others"));
            }
            found.push((id, validity));
            Ok(())
        })?;
        Ok(found)
    }
}

impl Transaction {
    /// Declares when relationships hold. Returns whether that is new.
    ///
    /// # Errors
    /// A query error where one of their types has a validity and `if_not_exists` is not set; `Limit`.
    pub(crate) fn create_validity(&mut self, validity: &Validity, if_not_exists: bool) -> Result<bool> {
        let known = self.view().validities()?;
        let shares = |other: &Validity| {
            other.types.is_empty()
                || validity.types.is_empty()
                || validity.types.iter().any(|rel_type| other.types.contains(rel_type))
        };
        if let Some((_, other)) = known.iter().find(|(_, other)| shares(other)) {
            if if_not_exists {
                return Ok(false);
            }
            let owner = owner(self.view(), &other.types);
            let message = format!("{owner} has a validity already");
            let error = QueryError::run("22N70", "SchemaError", "ValidityAlreadyExists", message);
            return Err(error.hint(format!("DROP VALIDITY FOR {owner} first, or add IF NOT EXISTS")).into());
        }
        if known.len() >= VALIDITIES_MAX {
            return Err(Error::Limit { what: "validities", max: VALIDITIES_MAX as u64 });
        }
        let id = self.view().last_note(NoteTable::Validity)?.map_or(0, |last| last + 1);
        self.set_note(NoteTable::Validity, id, Some(Arc::from(encode_validity(validity))))?;
        Ok(true)
    }

    /// Takes away the validity that was declared of just these types. Returns whether it was there.
    ///
    /// # Errors
    /// A query error where there is none and `if_exists` is not set.
    pub(crate) fn drop_validity(&mut self, types: &[&str], if_exists: bool) -> Result<bool> {
        let known = self.view().validities()?;
        let catalog = self.view().catalog();
        let is_it = |validity: &Validity| {
            validity.types.len() == types.len()
                && validity.types.iter().all(|rel_type| types.contains(&&**catalog.type_name(*rel_type)))
        };
        if let Some((id, _)) = known.iter().find(|(_, validity)| is_it(validity)) {
            self.set_note(NoteTable::Validity, *id, None)?;
            return Ok(true);
        }
        if if_exists {
            return Ok(false);
        }
        let message = format!("there is no validity of ()-[r:{}]-()", types.join("|"));
        let all: Vec<String> = known.iter().map(|(_, validity)| owner(self.view(), &validity.types)).collect();
        let hint = match all.as_slice() {
            [] => "CREATE VALIDITY declares one".to_owned(),
            all => format!("there are those of {}", all.join(", ")),
        };
        Err(QueryError::run("22N71", "SchemaError", "NoSuchValidity", message).hint(hint).into())
    }
}

fn owner(view: &Snapshot, types: &[TypeId]) -> String {
    let names: Vec<&str> = types.iter().map(|rel_type| &**view.catalog().type_name(*rel_type)).collect();
    if names.is_empty() { "()-[r]-()".to_owned() } else { format!("()-[r:{}]-()", names.join("|")) }
}
