//! The size that the system allows a file (`ulimit -f`): a write beyond it fails with an error, as on a full disk.

/// Lets such a write return an error. Without this it ends the program: the signal that comes with it does.
#[cfg(unix)]
pub(crate) fn let_writes_fail() {
    use std::sync::{Arc, atomic::AtomicBool};

    // Any handler will do, and unlike an ignored signal it is not passed on to the pager.
    let noticed = Arc::new(AtomicBool::new(false));
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noticed) {
        eprintln!("note: a file larger than is allowed ends the program ({error})");
    }
}

/// No such signal exists here.
#[cfg(not(unix))]
pub(crate) fn let_writes_fail() {}
