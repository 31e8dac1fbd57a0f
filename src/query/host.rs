//! What statements ask of the database around them: to watch itself, and to change what it has seen.

use std::fmt;

use super::execute::{Limits, Source};
use crate::{
    Result,
    graph::Transaction,
    model::{RelId, Value},
};

/// The database as statements reach it.
pub(crate) trait Host: Send + Sync {
    /// Runs a procedure of the database itself: it reads, and where it writes, it does so in the transaction of `source`.
    ///
    /// # Errors
    /// What the procedure fails with; the statement has failed then, and its transaction is undone.
    fn call(
        &self,
        procedure: HostCall,
        args: &[Value],
        source: &mut Source,
        limits: &Limits,
    ) -> Result<Vec<Vec<Value>>>;

    /// Takes note that a statement has set saliences, each with what it was and what it is.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged; `Limit`.
    fn tell_saliences(&self, set: &[(RelId, f32, f32)], transaction: &mut Transaction) -> Result<()>;

    /// Takes feedback: a reward of -1 to 1 for what was reached by these relationships, each with its share of the credit
    /// (above 0, together 1).
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    fn reinforce(&self, credits: &[(RelId, f32)], reward: f64, transaction: &mut Transaction) -> Result<()>;
}

impl fmt::Debug for dyn Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}

/// The procedures of the database itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostCall {
    Archived,
    Compact,
    Compactions,
    History,
    Pause,
    Pin,
    Purge,
    Reflect,
    Reinforce,
    Restore,
    Resume,
    UndoCompaction,
    Unpin,
}

impl HostCall {
    /// Returns whether it may change the database.
    pub(crate) const fn writes(self) -> bool {
        !matches!(self, Self::Archived | Self::Compactions | Self::History | Self::Pause | Self::Reflect | Self::Resume)
    }
}
