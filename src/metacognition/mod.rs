//! The graph that watches itself: what was attended becomes salience, what is rarely attended is put away, every step is
//! told in a ledger and can be taken back.
//!
//! Reads views and changes transactions of the graph; knows no query, no file and no thread. What it keeps are notes of the
//! graph ([`NoteTable`](crate::model::NoteTable)), so that they are in the same commits, backups and dumps.
//!
//! # Life of an access
//! 1. A query notes what reached its result; the database hands it over in batches to [`attention`].
//! 2. A compaction judges every relationship ([`judge`]) and lets a [`Strategy`](choose::Strategy) choose what to do: salience
//!    is set anew, relationships go to the [`archive`].
//! 3. The [`ledger`] has a record of it, chained by hashes, from which [`undo`](mod@undo) takes it back.

pub(crate) mod archive;
pub(crate) mod attention;
pub(crate) mod choose;
pub(crate) mod clock;
#[allow(dead_code, reason = "live lessons and the reasons of single relationships are not asked for yet")]
pub(crate) mod judge;
pub(crate) mod ledger;
pub(crate) mod undo;
