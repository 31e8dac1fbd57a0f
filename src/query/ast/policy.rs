//! Policies: how relationships of a pattern fade, and what keeps them; and validities: when they hold.

use super::{Declared, Expr, Name};
use crate::Span;

/// `CREATE POLICY name [IF NOT EXISTS] FOR ()-[r:A|B]-() [WHERE predicate] [options]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreatePolicy {
    /// Its name.
    pub(crate) name: Name,
    /// `IF NOT EXISTS` was written.
    pub(crate) if_not_exists: bool,
    /// The relationships it is for.
    pub(crate) owner: Declared,
    /// Where the owner stands.
    pub(crate) owner_span: Span,
    /// Which of them, and where the whole predicate stands.
    pub(crate) condition: Option<(Expr, Span)>,
    /// What it says.
    pub(crate) options: PolicyOptions,
    /// The whole statement.
    pub(crate) span: Span,
}

/// `ALTER POLICY name options`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlterPolicy {
    /// Its name.
    pub(crate) name: Name,
    /// What it says from now on; the rest stays.
    pub(crate) options: PolicyOptions,
}

/// The options of a policy, each where it was written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct PolicyOptions {
    /// Constant values, in the order written.
    pub(crate) values: Vec<(PolicyOption, Expr)>,
    /// `PRUNE ALLOWED` or `PRUNE NOT ALLOWED`.
    pub(crate) prune: Option<bool>,
}

/// An option of a policy that has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyOption {
    /// `HALF LIFE`: how long until half is forgotten.
    HalfLife,
    /// `FLOOR`: salience falls no lower.
    Floor,
    /// `PRIOR`: how much salience counts where ATTEND does not say.
    Prior,
    /// `ON ACCESS`: what an access adds to salience.
    OnAccess,
    /// `ON REJECT`: what a rejection adds.
    OnReject,
    /// `PRIORITY`: which of several policies holds.
    Priority,
}

impl PolicyOption {
    /// Returns how it is written.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::HalfLife => "HALF LIFE",
            Self::Floor => "FLOOR",
            Self::Prior => "PRIOR",
            Self::OnAccess => "ON ACCESS",
            Self::OnReject => "ON REJECT",
            Self::Priority => "PRIORITY",
        }
    }
}

/// `CREATE VALIDITY [IF NOT EXISTS] FOR ()-[r:A|B]-() ON (r.since, r.until) [CLOCK $parameter]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateValidity {
    /// `IF NOT EXISTS` was written.
    pub(crate) if_not_exists: bool,
    /// The relationships it is for.
    pub(crate) owner: Declared,
    /// From when each holds.
    pub(crate) since: Name,
    /// Until when.
    pub(crate) until: Name,
    /// The parameter that says what time it is.
    pub(crate) clock: Option<Name>,
    /// The whole statement.
    pub(crate) span: Span,
}

/// `DROP VALIDITY FOR ()-[r:A|B]-() [IF EXISTS]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DropValidity {
    /// The relationships it was for.
    pub(crate) owner: Declared,
    /// `IF EXISTS` was written.
    pub(crate) if_exists: bool,
    /// The whole statement.
    pub(crate) span: Span,
}
