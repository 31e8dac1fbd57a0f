//! Policies of the graph: notes of [`NoteTable::Policy`], each under the next number.

use std::sync::Arc;

use super::{Snapshot, Transaction};
use crate::{
    Error, QueryError, Result,
    model::{NoteTable, Policy, TypeId},
    storage::codec::{decode_policy, encode_policy},
};

/// The most policies a database may have: each is asked of the whole graph when it is judged.
pub(crate) const POLICIES_MAX: usize = 1 << 10;

impl Snapshot {
    /// Returns the policies in the order in which they hold: by priority, then by age.
    ///
    /// # Errors
    /// `Corrupt` where a record is damaged.
    pub(crate) fn policies(&self) -> Result<Vec<Policy>> {
        let mut found = self.numbered_policies()?;
        found.sort_by_key(|(id, policy)| (policy.priority, *id));
        Ok(found.into_iter().map(|(_, policy)| policy).collect())
    }

    /// Returns the policy of a name, with its number.
    ///
    /// # Errors
    /// `Corrupt` where a record is damaged.
    pub(crate) fn policy(&self, name: &str) -> Result<Option<(u32, Policy)>> {
        Ok(self.numbered_policies()?.into_iter().find(|(_, policy)| *policy.name == *name))
    }

    fn numbered_policies(&self) -> Result<Vec<(u32, Policy)>> {
        let n_types = self.catalog().n_names().1;
        let is_known = |rel_type: &TypeId| (rel_type.get() as usize) < n_types;
        let mut found = Vec::new();
        self.each_note(NoteTable::Policy, 0, &mut |id, note| {
            let policy = decode_policy(note)?;
            if !policy.types.iter().all(is_known) {
                return Err(Error::corrupt(format!("policy {id}"), "types of the dictionary", "another"));
            }
            found.push((id, policy));
            Ok(())
        })?;
        Ok(found)
    }

    /// Returns how much salience counts by default where relationships of these types are followed, each `None` for one of
    /// any type: the prior of the first policy that has one and is of all of them.
    ///
    /// # Errors
    /// `Corrupt` where a record is damaged.
    pub(crate) fn default_prior(&self, types: &[Option<TypeId>]) -> Result<Option<f64>> {
        if types.is_empty() {
            return Ok(None);
        }
        let policies = self.policies()?;
        let is_of_all = |policy: &&Policy| types.iter().all(|rel_type| policy.is_of(*rel_type));
        Ok(policies.iter().filter(|policy| policy.prior.is_some()).find(is_of_all).and_then(|policy| policy.prior))
    }
}

impl Transaction {
    /// Adds a policy. Returns whether it is new.
    ///
    /// # Errors
    /// A query error where one of its name exists and `if_not_exists` is not set; `Limit`.
    pub(crate) fn create_policy(&mut self, policy: &Policy, if_not_exists: bool) -> Result<bool> {
        let policies = self.view().policies()?;
        if policies.iter().any(|known| known.name == policy.name) {
            if if_not_exists {
                return Ok(false);
            }
            let message = format!("policy `{}` exists already", policy.name);
            let error = QueryError::run("22N70", "SchemaError", "PolicyAlreadyExists", message);
            return Err(error.hint("ALTER POLICY changes it; or drop it first, or add IF NOT EXISTS").into());
        }
        if policies.len() >= POLICIES_MAX {
            return Err(Error::Limit { what: "policies", max: POLICIES_MAX as u64 });
        }
        let id = self.view().last_note(NoteTable::Policy)?.map_or(0, |last| last + 1);
        self.put_policy(id, policy)?;
        Ok(true)
    }

    /// Puts a policy in the place of the one with its number.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn put_policy(&mut self, id: u32, policy: &Policy) -> Result<()> {
        self.set_note(NoteTable::Policy, id, Some(Arc::from(encode_policy(policy))))
    }

    /// Takes a policy away.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn remove_policy(&mut self, id: u32) -> Result<()> {
        self.set_note(NoteTable::Policy, id, None)
    }
}
