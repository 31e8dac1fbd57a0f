//! Room on the stack for statements that nest deep.
//!
//! Subqueries may stand in one another, and what parses, plans and runs them calls itself for each. A thread of the host may
//! have little stack left; where that could be too little, the work goes on on a stack of its own.

/// The most that a level may take of the stack: an operator of a plan with the expression that holds the next one, in any of
/// the walks over a plan and while it runs. Frames of unoptimized code are several times as large.
const LEVEL_BYTES: usize = if cfg!(debug_assertions) { 48 << 10 } else { 12 << 10 };

/// Levels for which nothing is asked: every thread has room for them.
const LEVELS_FREE: usize = 8;

/// The most that a part of such work takes, from one call of [`with_some_room`] to the next.
const PART_BYTES: usize = 64 << 10;

/// The shortest text that makes a level.
const LEVEL_TEXT_BYTES: usize = 5;

/// Does work that calls itself so many times, one inside of the other.
#[inline]
pub(crate) fn with_room<T>(levels: usize, work: impl FnOnce() -> T) -> T {
    if levels <= LEVELS_FREE {
        return work();
    }
    let bytes = levels * LEVEL_BYTES;
    stacker::maybe_grow(bytes, bytes, work)
}

/// Does a part of some work that calls itself nobody knows how often, as printing a tree does.
pub(crate) fn with_some_room<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(PART_BYTES, 16 * PART_BYTES, work)
}

/// Returns the most levels, up to `max`, that a statement of so many bytes can have.
pub(crate) const fn levels_of_text(bytes: usize, max: usize) -> usize {
    let levels = bytes / LEVEL_TEXT_BYTES;
    if levels < max { levels } else { max }
}
