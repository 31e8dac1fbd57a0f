//! What answers attended to, for whoever learns from it: a bounded log that makes no query wait.
//!
//! A statement whose `ATTEND` ranks what it reached notes, for each candidate that it returns, the relationships that led
//! there (whether or not a later clause drops the row), each with its share of the candidate's weight: of a relationship target its own, of a node target the weight divided
//! among the candidate's rows. Nothing is noted but where [`Options::notice`](crate::Options::notice) (or
//! [`QueryOptions::notice`](crate::QueryOptions::notice)) says so, never of `EXPLAIN`, `PROFILE`, `COPY` and `NO NOTICE`, and
//! never of what failed or was rolled back. A full log drops what is new and counts it: reading never waits for learning.

use std::{
    hash::{Hash as _, Hasher as _},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crossbeam_queue::ArrayQueue;
use rustc_hash::FxHasher;

use crate::{model::RelId, query::execute::Attended};

/// Accesses that wait to be taken, at most: two megabytes.
const ACCESSES_MAX: usize = 1 << 16;

/// A relationship that an answer attended to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Access {
    /// The relationship.
    pub relationship: RelId,
    /// Its share of the attention, above 0 and at most 1.
    pub weight: f32,
    /// The answer: statements that note are numbered from 1, and [`Summary::query_id`](crate::Summary::query_id) says which
    /// this one was. Later ones have larger numbers, so this is the logical time of the access too.
    pub query_id: u64,
    /// The statement's text, as a number: the same text has the same, whatever its parameters.
    pub fingerprint: u64,
    /// For whom it was asked, as [`QueryOptions::source`](crate::QueryOptions::source) said.
    pub source: Option<Arc<str>>,
}

/// What a statement's accesses have in common.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) id: u64,
    fingerprint: u64,
    source: Option<Arc<str>>,
}

/// What an answer attended to, until it is certain that it counts.
pub(super) type Noted = (Answer, Attended);

/// Accesses until somebody takes them.
#[derive(Default)]
pub(super) struct AccessLog {
    queue: OnceLock<ArrayQueue<Access>>,
    n_answers: AtomicU64,
    n_dropped: AtomicU64,
}

impl AccessLog {
    /// Numbers an answer.
    pub(super) fn answer(&self, text: &str, source: Option<Arc<str>>) -> Answer {
        let mut hasher = FxHasher::default();
        text.hash(&mut hasher);
        let id = self.n_answers.fetch_add(1, Ordering::Relaxed) + 1;
        Answer { id, fingerprint: hasher.finish(), source }
    }

    /// Adds what an answer attended to; where there is no room it is dropped and counted. Returns the answer's number and what
    /// it attended to.
    pub(super) fn add(&self, (answer, attended): Noted) -> (u64, Vec<(RelId, f32)>) {
        let (attended, mut n_dropped) = attended.into_sorted();
        for &(relationship, weight) in &attended {
            let queue = self.queue.get_or_init(|| ArrayQueue::new(ACCESSES_MAX));
            let Answer { id, fingerprint, source } = &answer;
            let access =
                Access { relationship, weight, query_id: *id, fingerprint: *fingerprint, source: source.clone() };
            n_dropped += u64::from(queue.push(access).is_err());
        }
        if n_dropped > 0 {
            self.n_dropped.fetch_add(n_dropped, Ordering::Relaxed);
        }
        (answer.id, attended)
    }

    /// Takes at most so many, the oldest first.
    pub(super) fn take(&self, max: usize) -> Vec<Access> {
        let Some(queue) = self.queue.get() else { return Vec::new() };
        std::iter::from_fn(|| queue.pop()).take(max).collect()
    }

    /// Returns how many wait, and how many were dropped.
    pub(super) fn counts(&self) -> (u64, u64) {
        let waiting = self.queue.get().map_or(0, ArrayQueue::len);
        (waiting as u64, self.n_dropped.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attended(ids: std::ops::Range<u32>) -> Attended {
        let mut attended = Attended::default();
        ids.for_each(|id| attended.add(RelId::new(id), 0.5));
        attended
    }

    #[test]
    fn a_full_log_drops_what_is_new_and_counts_it() {
        let log = AccessLog::default();
        let answer = log.answer("RETURN 1", None);
        let most = ACCESSES_MAX as u32;
        log.add((answer.clone(), attended(0..most + 7)));
        assert_eq!(log.counts(), (u64::from(most), 7), "one answer");
        let taken = log.take(3);
        assert_eq!(taken.iter().map(|access| access.relationship).collect::<Vec<_>>(), [0, 1, 2].map(RelId::new));
        log.add((answer, attended(0..5)));
        assert_eq!(log.counts(), (u64::from(most), 9), "two answers");
        assert_eq!(log.take(usize::MAX).len(), ACCESSES_MAX);
        assert!(log.take(1).is_empty());
    }

    #[test]
    fn answers_are_numbered_and_texts_have_fingerprints() {
        let log = AccessLog::default();
        let [a, b, c] = ["x", "y", "x"].map(|text| log.answer(text, None));
        assert_eq!([a.id, b.id, c.id], [1, 2, 3]);
        assert_eq!(a.fingerprint, c.fingerprint);
        assert_ne!(a.fingerprint, b.fingerprint);
    }
}
