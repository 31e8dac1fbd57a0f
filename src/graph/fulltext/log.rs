//! Which commits changed what: from the commit that the oldest files may be at, to now.

use std::collections::VecDeque;

use super::Changes;

/// The most ids that are remembered: files that are further behind are made anew.
const IDS_MAX: usize = 1 << 23;

/// Ids of commits that all files have, remembered for views older than the files.
const IDS_OF_PAST: usize = 1 << 16;

/// The changes by commit.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// (Commit, how many ids, what may have changed); commits that changed nothing are not there.
    entries: VecDeque<(u64, usize, Changes)>,
    n_ids: usize,
    /// Nothing is known of this commit and those before.
    unknown: u64,
}

impl Log {
    /// Says that nothing is known of this commit and those before.
    pub(super) fn begin_after(&mut self, sequence: u64) {
        self.unknown = self.unknown.max(sequence);
    }

    pub(super) fn add(&mut self, sequence: u64, changes: Changes) {
        if changes.is_empty() {
            return;
        }
        let n = changes.n_ids();
        self.n_ids += n;
        self.entries.push_back((sequence, n, changes));
        while self.n_ids > IDS_MAX {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((sequence, n, _)) = self.entries.pop_front() {
            self.n_ids -= n;
            self.unknown = self.unknown.max(sequence);
        }
    }

    /// Forgets what all files have, but for some of it.
    pub(super) fn forget_through(&mut self, sequence: u64) {
        while self.n_ids > IDS_OF_PAST && self.entries.front().is_some_and(|(at, ..)| *at <= sequence) {
            self.forget_first();
        }
    }

    /// Returns what changed after one commit up to another, if that is known.
    pub(super) fn between(&self, after: u64, through: u64) -> Option<impl Iterator<Item = &Changes>> {
        if after < self.unknown {
            return None;
        }
        let from = self.entries.partition_point(|(sequence, ..)| *sequence <= after);
        let entries = self.entries.range(from..).take_while(move |(sequence, ..)| *sequence <= through);
        Some(entries.map(|(_, _, changes)| changes))
    }

    /// Returns how many ids changed after a commit, as far as is known.
    pub(super) fn n_ids_after(&self, sequence: u64) -> usize {
        self.entries.iter().rev().take_while(|(at, ..)| *at > sequence).map(|(_, n, _)| n).sum()
    }

    pub(super) fn reaches(&self, sequence: u64) -> bool {
        sequence >= self.unknown
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Mark, *};

    fn change(id: u32) -> Changes {
        let mut changes = Changes::default();
        changes.push(Mark::Node(id));
        changes
    }

    #[test]
    fn what_is_forgotten_is_not_known() {
        let mut log = Log::default();
        log.begin_after(3);
        (4..=9).for_each(|sequence| log.add(sequence, change(sequence as u32)));
        let n = |log: &Log, after, through| log.between(after, through).map(Iterator::count);
        assert_eq!((n(&log, 2, 9), n(&log, 3, 9), n(&log, 5, 7), n(&log, 9, 9)), (None, Some(6), Some(2), Some(0)));
        log.forget_through(6);
        assert_eq!(n(&log, 3, 9), Some(6), "a few are kept for older views");
        for sequence in 10..10 + IDS_OF_PAST as u64 {
            log.add(sequence, change(1));
        }
        log.forget_through(6);
        assert_eq!((n(&log, 3, 9), n(&log, 6, 9)), (None, Some(3)));
        assert_eq!(log.n_ids_after(9), IDS_OF_PAST);
    }
}
