//! The clock that decay goes by: it is kept in the database, and no system clock makes it leap.
//!
//! Seconds, of an origin that is the log's or the system's, whichever came first. It moves on with the system's clock, at most
//! [`STEP_MAX`] at a time and never back, and it is moved on by accesses that carry a later time of their own (a log that is
//! replayed). So a system clock that was set ten years ahead ages nothing by more than a step, one that was set back or
//! stands still ages nothing.

use std::sync::Arc;

use crate::{
    Result,
    graph::{Snapshot, Transaction, decode_meta, encode_meta},
    model::NoteTable,
};

/// The most that the clock moves with the system's at a time, in seconds: a day.
pub(crate) const STEP_MAX: f64 = 86_400.0;

/// The note of the clock in [`NoteTable::Judge`].
const NOTE: u32 = 0;

const VERSION: u8 = 1;

/// Marks that are kept; the older, the fewer.
const MARKS_MAX: usize = 64;

/// Between two marks, in seconds.
const MARK_EVERY: f64 = 600.0;

/// The clock.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clock {
    /// Now, in seconds.
    pub(crate) now: f64,
    /// The system's clock when it was last looked at, in seconds since 1970.
    system: f64,
    /// Which relationships there were at some times: those with ids below the first number, at the second.
    marks: Vec<(u32, f64)>,
}

impl Clock {
    /// Returns the clock of a database; `system` is what the system's says, in seconds since 1970.
    ///
    /// # Errors
    /// `Corrupt` where its note is damaged.
    pub(crate) fn read(view: &Snapshot, system: f64) -> Result<Self> {
        let Some(note) = view.note(NoteTable::Judge, NOTE)? else {
            return Ok(Self { now: system, system, marks: Vec::new() });
        };
        let (now, before, marks): (u64, u64, Vec<(u32, u64)>) = decode_meta(VERSION, note, "the clock")?;
        let marks = marks.into_iter().map(|(end, at)| (end, f64::from_bits(at))).collect();
        let mut clock = Self { now: f64::from_bits(now), system: f64::from_bits(before), marks };
        clock.look(system);
        Ok(clock)
    }

    /// Moves on with the system's clock.
    fn look(&mut self, system: f64) {
        let passed = system - self.system;
        if passed.is_finite() {
            self.now += passed.clamp(0.0, STEP_MAX);
            self.system = system;
        }
    }

    /// Moves on to a time that an access carries. The first one of a database without a clock sets it.
    pub(crate) fn reach(&mut self, time: f64) {
        if time.is_finite() {
            self.now = self.now.max(time);
        }
    }

    /// Sets a clock that has not been kept yet to the times of a log.
    pub(crate) fn begin_at(&mut self, time: f64) {
        self.now = time;
    }

    /// Returns whether a database has kept a clock.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged.
    pub(crate) fn is_kept(view: &Snapshot) -> Result<bool> {
        Ok(view.note(NoteTable::Judge, NOTE)?.is_some())
    }

    /// Returns the id from which on relationships may be younger than so many seconds: it is known of the others that they
    /// are older.
    pub(crate) fn young_from(&self, age: f64) -> u32 {
        let old = self.marks.iter().rev().find(|(_, at)| self.now - at >= age);
        old.map_or(0, |(end, _)| *end)
    }

    /// Keeps it.
    ///
    /// # Errors
    /// None of its own.
    pub(crate) fn keep(&mut self, transaction: &mut Transaction) -> Result<()> {
        if self.marks.last().is_none_or(|(_, at)| self.now - at >= MARK_EVERY) {
            self.marks.push((transaction.view().rel_id_end, self.now));
        }
        if self.marks.len() > MARKS_MAX {
            // The one without which the least is lost: the gap it leaves, by its age.
            let lost = |at: &usize| {
                let [before, here, after] = [at - 1, *at, at + 1].map(|at| self.marks[at].1);
                (after - before) / (self.now - here).max(1.0)
            };
            let least = (1..self.marks.len() - 1).min_by(|a, b| lost(a).total_cmp(&lost(b)));
            self.marks.remove(least.expect("there are more than three"));
        }
        let marks: Vec<(u32, u64)> = self.marks.iter().map(|(end, at)| (*end, at.to_bits())).collect();
        let note = encode_meta(VERSION, &(self.now.to_bits(), self.system.to_bits(), marks));
        transaction.set_note(NoteTable::Judge, NOTE, Some(Arc::from(note)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{graph::tests::start, model::TypeId};

    #[test]
    fn the_systems_clock_makes_it_go_but_not_leap() {
        let mut tx = start();
        let mut clock = Clock::read(tx.view(), 1_000.0).unwrap();
        assert_eq!(clock.now, 1_000.0);
        clock.keep(&mut tx).unwrap();
        let after = |tx: &Transaction, system: f64| Clock::read(tx.view(), system).unwrap().now;
        assert_eq!(after(&tx, 1_060.0), 1_060.0);
        assert_eq!(after(&tx, 1_000.0), 1_000.0, "it stood still");
        assert_eq!(after(&tx, -2_600.0), 1_000.0, "an hour back");
        assert_eq!(after(&tx, 1_000.0 + 3.15e8), 1_000.0 + STEP_MAX, "ten years ahead");
        assert_eq!(after(&tx, f64::NAN), 1_000.0);
        // Once it was looked at from ten years ahead, going back to the truth costs nothing either.
        Clock::read(tx.view(), 3.15e8).unwrap().keep(&mut tx).unwrap();
        assert_eq!(after(&tx, 2_000.0), 1_000.0 + STEP_MAX);
    }

    #[test]
    fn later_accesses_move_it_on() {
        let mut tx = start();
        assert!(!Clock::is_kept(tx.view()).unwrap());
        let mut clock = Clock::read(tx.view(), 1_000.0).unwrap();
        clock.begin_at(5.0);
        clock.reach(3.0);
        assert_eq!(clock.now, 5.0);
        clock.reach(9.0);
        clock.keep(&mut tx).unwrap();
        assert!(Clock::is_kept(tx.view()).unwrap());
        assert_eq!(Clock::read(tx.view(), 1_001.0).unwrap().now, 10.0);
    }

    #[test]
    fn what_is_young_is_known_roughly_and_never_taken_for_old() {
        let mut tx = start();
        let nodes = [tx.create_node(&[]).unwrap(), tx.create_node(&[]).unwrap()];
        let mut born = Vec::new();
        for step in 0..500 {
            let mut clock = Clock::read(tx.view(), 0.0).unwrap();
            clock.reach(f64::from(step) * 1_000.0);
            let id = tx.create_rel(TypeId::new(0), nodes[0], nodes[1]).unwrap();
            born.push((id.get(), clock.now));
            clock.keep(&mut tx).unwrap();
        }
        let clock = Clock::read(tx.view(), 0.0).unwrap();
        assert!(clock.marks.len() <= MARKS_MAX);
        for age in [0.0, 5_000.0, 50_000.0, 300_000.0] {
            let from = clock.young_from(age);
            assert!(born.iter().all(|(id, at)| *id >= from || clock.now - at >= age));
            let n_known = born.iter().filter(|(id, _)| *id < from).count();
            let n_old = born.iter().filter(|(_, at)| clock.now - at >= age).count();
            assert!(n_known * 2 >= n_old, "of {n_old} older than {age} {n_known} are known to be");
        }
        assert_eq!(clock.young_from(1e9), 0);
    }
}
