//! Runs a [`ChainAggregate`]: an aggregation over trails, without walking them.
//!
//! # How
//! 1. [`setup`] and [`filter`]: labels and predicates of each place of the pattern become sets of nodes ([`mask`]).
//! 2. [`walk`]: the pattern becomes one or more of fixed length, with what keeps a relationship from being taken twice. What
//!    cannot be kept exactly ends here, and the general operators run instead.
//! 3. [`weigh`]: the pattern is hung up at the node that groups (or where [`guess`] finds the least work), and weights are
//!    summed ([`term`], [`blocks`]) from the leaves to it, in a [`ring`]: numbers of trails, with sums or the best value of one
//!    node. Where only the nodes at the end of a row of steps are asked for, [`reach`] does with sets.
//! 4. [`passes`], [`measure`] and [`merge`] put the weights together for [`groups`], which makes rows of them;
//!    [`operator`] hands these on in batches.
//!
//! An error of a predicate also ends in the general operators: they may never reach the node it is of.

mod blocks;
mod filter;
mod groups;
mod guess;
mod mask;
mod measure;
mod merge;
mod operator;
mod passes;
mod reach;
mod ring;
mod setup;
mod sink;
mod term;
mod walk;
mod weigh;

#[cfg(test)]
mod language;
#[cfg(test)]
mod tests;

pub(in crate::query) use filter::is_constant;
pub(super) use operator::Chain;

use groups::{Rows, run};
use ring::Pool;

use super::batch::Column;
use crate::{
    Error, Result,
    model::Value,
    query::plan::{Expr, Slot},
};

/// Why a run ended without rows.
#[derive(Debug)]
pub(in crate::query) enum Stop {
    /// The general operators must run.
    General,
    /// An error that they would meet too.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            Error::Query(_) => Self::General,
            other => Self::Error(other),
        }
    }
}

/// Counts memory; where the statement may not hold so much, walking may do with less.
fn hold(values: &mut dyn Values, bytes: usize) -> Result<(), Stop> {
    values.hold(bytes).map_err(|_| Stop::General)
}

/// What evaluates expressions.
pub(in crate::query) trait Values {
    /// Evaluates for each of these nodes, standing in the slot.
    fn column(&mut self, expr: &Expr, slot: Slot, nodes: &[u32]) -> Result<Column>;
    /// Evaluates what is the same for all rows.
    fn constant(&mut self, expr: &Expr) -> Result<Value>;
    /// Returns how many threads may work at once.
    fn threads(&self) -> usize;
    /// Counts work, and looks whether to stop.
    fn tick(&mut self, n: usize) -> Result<()>;
    /// Counts memory that is held until the rows are there.
    fn hold(&mut self, bytes: usize) -> Result<()>;
}
