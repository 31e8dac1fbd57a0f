//! What names mean at a point of a statement.

use std::sync::Arc;

use rustc_hash::FxHashMap;

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

/// Variables that are looked through one by one: more are found by a table.
const LISTED_MAX: usize = 32;

/// The variables in scope; a later one hides an earlier one of the same name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    variables: Vec<Variable>,
    /// Where there are many: by name the last, and for each variable the one it hides.
    table: Option<Table>,
}

#[derive(Debug, Clone, Default)]
struct Table {
    last: FxHashMap<Arc<str>, usize>,
    hidden: Vec<Option<usize>>,
}

impl Table {
    fn push(&mut self, name: &Arc<str>) {
        let hidden = self.last.insert(name.clone(), self.hidden.len());
        self.hidden.push(hidden);
    }
}

impl Scope {
    /// Returns the variable of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Variable> {
        match &self.table {
            Some(table) => table.last.get(name).map(|at| &self.variables[*at]),
            None => self.variables.iter().rev().find(|variable| &*variable.name == name),
        }
    }

    /// Adds a variable of the row.
    pub(crate) fn add(&mut self, name: Arc<str>, slot: Slot, kind: Kind) {
        self.push(Variable { name, place: Place::Slot(slot), kind });
    }

    /// Adds a variable of a comprehension.
    pub(crate) fn add_local(&mut self, name: Arc<str>, local: u16, kind: Kind) {
        self.push(Variable { name, place: Place::Local(local), kind });
    }

    fn push(&mut self, variable: Variable) {
        if let Some(table) = &mut self.table {
            table.push(&variable.name);
        }
        self.variables.push(variable);
        if self.table.is_none() && self.variables.len() > LISTED_MAX {
            let mut table = Table::default();
            self.variables.iter().for_each(|variable| table.push(&variable.name));
            self.table = Some(table);
        }
    }

    /// Takes away what was added since there were `len` variables.
    pub(crate) fn truncate(&mut self, len: usize) {
        while self.variables.len() > len {
            let (gone, table) = (self.variables.pop(), self.table.as_mut());
            let (Some(gone), Some(table)) = (gone, table) else { continue };
            match table.hidden.pop().flatten() {
                Some(before) => table.last.insert(gone.name, before),
                None => table.last.remove(&gone.name),
            };
        }
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
        let mut scope = Self::default();
        variables.into_iter().for_each(|variable| scope.push(variable));
        scope
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
