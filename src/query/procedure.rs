//! The procedures that `CALL` knows: their arguments and outputs.

use super::bind::Kind;

/// A procedure's signature.
#[derive(Debug)]
pub(crate) struct Procedure {
    /// Its name with its namespace.
    pub(crate) name: &'static str,
    /// How many arguments it takes.
    pub(crate) n_args: usize,
    /// What it yields.
    pub(crate) outputs: &'static [(&'static str, Kind)],
}

/// Every procedure.
pub(crate) const ALL: &[Procedure] = &[
    Procedure { name: "db.labels", n_args: 0, outputs: &[("label", Kind::String)] },
    Procedure { name: "db.relationshipTypes", n_args: 0, outputs: &[("relationshipType", Kind::String)] },
    Procedure { name: "db.propertyKeys", n_args: 0, outputs: &[("propertyKey", Kind::String)] },
];

/// Returns the procedure of this name, without regard to case.
pub(crate) fn find(name: &str) -> Option<&'static Procedure> {
    ALL.iter().find(|procedure| procedure.name.eq_ignore_ascii_case(name))
}
