//! Stopping a statement from outside.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Stops the statements it was given to, from any thread. Cloning gives another handle to the same switch.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle(pub(super) Arc<AtomicBool>);

impl CancelHandle {
    /// Returns a handle nobody has used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the running statement to stop with [`Error::Cancelled`](crate::Error::Cancelled). Statements that start
    /// later stop at once too, until [`reset`](Self::reset).
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets statements run again.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Returns whether [`cancel`](Self::cancel) was called since the last [`reset`](Self::reset).
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
