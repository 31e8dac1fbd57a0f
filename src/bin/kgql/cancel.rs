//! Ctrl-C: cancels the running statement; with none running, ends the program (the prompt reads Ctrl-C itself).

use std::{
    process,
    sync::{Mutex, PoisonError},
};

use attendb::CancelHandle;

use crate::failure::EXIT_INTERRUPTED;

/// What stops the statement that runs. A static, because a signal handler has no other way to find it.
static RUNNING: Mutex<Option<CancelHandle>> = Mutex::new(None);

/// Installs the handler. Where the system refuses one, Ctrl-C ends the program as it does any other.
pub(crate) fn install() {
    let installed = ctrlc::set_handler(|| match &*RUNNING.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(running) => running.cancel(),
        None => process::exit(i32::from(EXIT_INTERRUPTED)),
    });
    if let Err(error) = installed {
        eprintln!("note: Ctrl-C ends the program instead of the statement ({error})");
    }
}

/// While it lives, Ctrl-C stops what holds [`Running::handle`] instead of ending the program.
pub(crate) struct Running(CancelHandle);

impl Running {
    /// Begins a statement.
    pub(crate) fn begin() -> Self {
        let handle = CancelHandle::new();
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle.clone());
        Self(handle)
    }

    /// Returns the handle to give to the statement.
    pub(crate) fn handle(&self) -> &CancelHandle {
        &self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
