//! What the database does by itself: it folds accesses as they come, and compacts as its policies say.
//!
//! A compaction is judged and tried on a snapshot, beside readers and writers. What it comes to is done in small
//! transactions, each with its own record of the ledger, so that no writer waits for more than one of them; what somebody has
//! changed in the meantime is left alone.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{Inner, compact, fold_waiting};
use crate::{Result, metacognition::ledger::Change};

/// How long accesses wait to be folded, at most, and how many do not wait for that.
const FOLD_EVERY: Duration = Duration::from_secs(1);
const FOLD_AT: u64 = 8192;

/// Relationships changed in one transaction.
const PART: usize = 128;

/// When what was done last.
#[derive(Debug)]
pub(in crate::db) struct Rhythm {
    folded: Instant,
    compacted: Instant,
    /// Whether anything was folded since the last compaction.
    has_news: bool,
}

impl Default for Rhythm {
    fn default() -> Self {
        let now = Instant::now();
        Self { folded: now, compacted: now, has_news: false }
    }
}

/// Does what is due. Returns whether anything was.
///
/// # Errors
/// Those of commits; `Corrupt` where a block is damaged.
pub(in crate::db) fn step(inner: &Arc<Inner>, budget: Duration) -> Result<bool> {
    let Some(every) = inner.options.compact_every else { return Ok(false) };
    if inner.options.read_only || inner.mind.is_paused.load(Ordering::Relaxed) {
        return Ok(false);
    }
    let begun = Instant::now();
    // One at a time, whoever calls.
    let Ok(mut rhythm) = inner.mind.rhythm.try_lock() else { return Ok(false) };
    let (n_waiting, _) = inner.accesses.counts();
    let mut has_worked = false;
    if n_waiting >= FOLD_AT || (n_waiting > 0 && rhythm.folded.elapsed() >= FOLD_EVERY) {
        rhythm.folded = Instant::now();
        has_worked |= fold_waiting(inner)? > 0;
        rhythm.has_news |= has_worked;
    }
    if rhythm.has_news && rhythm.compacted.elapsed() >= every && begun.elapsed() < budget {
        rhythm.compacted = Instant::now();
        rhythm.has_news = false;
        has_worked |= compact_by_parts(inner, budget.saturating_sub(begun.elapsed()))?;
    }
    Ok(has_worked)
}

/// Compacts as the policies say, in parts; what the budget leaves is for the next time.
fn compact_by_parts(inner: &Arc<Inner>, budget: Duration) -> Result<bool> {
    let begun = Instant::now();
    let Some(plan) = compact::plan_by_policies(inner)? else { return Ok(false) };
    let parts: Vec<&[Change]> = plan.changes.chunks(PART).collect();
    for (at, part) in parts.iter().enumerate() {
        if begun.elapsed() >= budget || inner.mind.is_paused.load(Ordering::Relaxed) {
            break;
        }
        let evidence = format!("{}; part {} of {}", plan.evidence, at + 1, parts.len());
        compact::commit_part(inner, &plan.policy, &evidence, part)?;
    }
    Ok(!parts.is_empty())
}
