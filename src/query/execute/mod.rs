//! Runs a plan over a snapshot or a transaction, in batches of ids by column.

pub(crate) mod batch;
