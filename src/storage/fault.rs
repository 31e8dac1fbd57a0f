//! Planted faults: how tests and the crash campaign make the disk fail, and how the campaign proves that it would
//! notice. Compiled for tests and the feature `crash` only.

use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(test)]
pub(in crate::storage) use files::{Failure, Op, next, plan};

/// A defect of the whole process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fault {
    /// No defect.
    None = 0,
    /// A commit is acknowledged before its frame is written: the campaign's null control, which must be caught.
    AckBeforeWrite = 1,
    /// A commit is acknowledged though the disk had no room for its frame.
    AckWithoutRoom = 2,
}

/// The planted defect. In unit tests it is the thread's, as they run beside each other; the campaign is one process.
#[cfg(not(test))]
static FAULT: AtomicU8 = AtomicU8::new(Fault::None as u8);
#[cfg(test)]
thread_local! {
    static FAULT: AtomicU8 = const { AtomicU8::new(Fault::None as u8) };
}

#[cfg(not(test))]
fn with_fault<T>(with: impl FnOnce(&AtomicU8) -> T) -> T {
    with(&FAULT)
}

#[cfg(test)]
fn with_fault<T>(with: impl FnOnce(&AtomicU8) -> T) -> T {
    FAULT.with(with)
}

/// Plants a defect, or takes it away.
pub(crate) fn set(fault: Fault) {
    with_fault(|planted| planted.store(fault as u8, Ordering::SeqCst));
}

/// Returns whether a defect is planted.
pub(super) fn is_set(fault: Fault) -> bool {
    with_fault(|planted| planted.load(Ordering::Relaxed) == fault as u8)
}

/// Operations on files that fail: for unit tests.
#[cfg(test)]
mod files {
    use std::{cell::RefCell, io};

    /// An operation on a file.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::storage) enum Op {
        Write,
        Sync,
    }

    /// How it fails.
    #[derive(Debug, Clone, Copy)]
    pub(in crate::storage) enum Failure {
        /// Only so many bytes reach the file, then the disk is full.
        Short(usize),
        /// The disk is full.
        NoSpace,
        /// The device fails.
        Device,
    }

    struct Plan {
        op: Op,
        /// How many operations pass first.
        passes: usize,
        /// How many fail then.
        n_failures: usize,
        failure: Failure,
    }

    thread_local! {
        // Of a thread, so that tests running beside each other do not fail each other's files.
        static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
    }

    /// Lets operations of this thread fail: `passes` succeed, `n_failures` fail, the rest succeed.
    pub(in crate::storage) fn plan(op: Op, passes: usize, n_failures: usize, failure: Failure) {
        PLAN.set(Some(Plan { op, passes, n_failures, failure }));
    }

    /// Returns how the operation about to be done has to fail, if it has to.
    pub(in crate::storage) fn next(op: Op) -> Option<Failure> {
        PLAN.with_borrow_mut(|slot| {
            let plan = slot.as_mut().filter(|plan| plan.op == op)?;
            if plan.passes > 0 {
                plan.passes -= 1;
                return None;
            }
            plan.n_failures = plan.n_failures.checked_sub(1)?;
            Some(plan.failure)
        })
    }

    impl Failure {
        pub(in crate::storage) fn error(self) -> io::Error {
            match self {
                Self::Short(_) | Self::NoSpace => io::Error::new(io::ErrorKind::StorageFull, "planted: no space left"),
                Self::Device => io::Error::other("planted: the device failed"),
            }
        }
    }
}
