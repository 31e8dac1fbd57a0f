//! What names mean at a point of a statement.

use std::sync::Arc;

use super::kind::Kind;
use crate::query::plan::{Expr, Slot};

/// A variable in scope.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) name: Arc<str>,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

/// Where a variable's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the row.
    Slot(Slot),
    /// On the stack of the variables of comprehensions.
    Local(u16),
}

/// The variables in scope; a later one hides an earlier one of the same name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    variables: Vec<Variable>,
}

impl Scope {
    /// Returns the variable of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|variable| &*variable.name == name)
    }

    /// Adds a variable of the row.
    pub(crate) fn add(&mut self, name: Arc<str>, slot: Slot, kind: Kind) {
        self.variables.push(Variable { name, place: Place::Slot(slot), kind });
    }

    /// Adds a variable of a comprehension.
    pub(crate) fn add_local(&mut self, name: Arc<str>, local: u16, kind: Kind) {
        self.variables.push(Variable { name, place: Place::Local(local), kind });
    }

    /// Takes away what was added since there were `len` variables.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.variables.truncate(len);
    }

    /// Returns how many variables there are, hidden ones too.
    pub(crate) fn len(&self) -> usize {
        self.variables.len()
    }

    /// Returns all variables, hidden ones too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter()
    }

    /// Returns all variables for changing.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Variable> {
        self.variables.iter_mut()
    }
}

impl FromIterator<Variable> for Scope {
    fn from_iter<T: IntoIterator<Item = Variable>>(variables: T) -> Self {
        Self { variables: variables.into_iter().collect() }
    }
}

impl Variable {
    /// Returns the expression that reads it.
    pub(crate) const fn read(&self) -> Expr {
        match self.place {
            Place::Slot(slot) => Expr::Slot(slot),
            Place::Local(local) => Expr::Local(local),
        }
    }
}
