//! Work that nobody waits for: giving much memory back, removing blocks of a load that was given up.
//!
//! A statement that is stopped may hold gigabytes in small pieces; whoever stopped it does not wait for them. Such work may
//! hold the store, so whoever closes a database waits for it first: [`Apart::wait`].

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The work that is on, and who waits for its end.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    n_running: Mutex<usize>,
    ended: Condvar,
}

/// Counts a piece of work until it is dropped.
struct Running(Arc<Apart>);

impl Apart {
    /// Does work on a thread of its own. Where there is none to be had the work is dropped here, and with it what it holds.
    pub(crate) fn run(self: &Arc<Self>, work: impl FnOnce() + Send + 'static) {
        *self.n_running.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let running = Running(self.clone());
        let work = move || {
            // Dropped last: what the work held is gone by then.
            let _running = running;
            work();
        };
        if let Err(error) = std::thread::Builder::new().name("attendb-apart".into()).spawn(work) {
            log::warn!("no thread for work in the background: {error}");
        }
    }

    /// Waits until no work is on.
    pub(crate) fn wait(&self) {
        let running = self.n_running.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.ended.wait_while(running, |n| *n > 0));
    }
}

/// Gives memory back on a thread of its own; nothing of it may hold a store.
pub(crate) fn drop_apart<T: Send + 'static>(held: T) {
    // Where there is no thread to be had, it is given back here.
    let _ = std::thread::Builder::new().name("attendb-drop".into()).spawn(move || drop(held));
}

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.n_running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    #[test]
    fn waiting_ends_when_the_work_and_what_it_held_are_gone() {
        let apart = Arc::new(Apart::default());
        apart.wait();
        let held = Arc::new(());
        let (start, starts) = mpsc::channel::<()>();
        let theirs = held.clone();
        apart.run(move || {
            let _theirs = theirs;
            let _ = starts.recv_timeout(Duration::from_secs(10));
        });
        assert_eq!(Arc::strong_count(&held), 2);
        start.send(()).unwrap();
        apart.wait();
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
