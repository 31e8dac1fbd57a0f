//! Taking back the locks of a sled that was given up.
//!
//! Its handles are leaked (dropping one would wait for ever) and with them the open directories it has locked. A lock
//! belongs to an open file, and only that file can give it back: it is found among the open files of the process.

#![cfg_attr(target_os = "linux", allow(unsafe_code, reason = "a lock is given back through a file that is not ours"))]

use std::path::Path;

/// Gives back the lock that a leaked file of this process has on a directory. Returns whether nobody in this process has it
/// any more; elsewhere than on Linux that cannot be done.
#[cfg(target_os = "linux")]
pub(super) fn unlock(path: &Path) -> bool {
    use std::{
        fs::{self, File},
        mem::ManuallyDrop,
        os::{
            fd::{FromRawFd as _, RawFd},
            unix::fs::MetadataExt as _,
        },
    };

    let (Ok(wanted), Ok(entries)) = (fs::metadata(path), fs::read_dir("/proc/self/fd")) else { return false };
    for entry in entries.flatten() {
        let is_wanted =
            fs::metadata(entry.path()).is_ok_and(|found| (found.dev(), found.ino()) == (wanted.dev(), wanted.ino()));
        let number = entry.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok());
        let Some(number) = number.filter(|number| is_wanted && has_lock(*number)) else { continue };
        // SAFETY: of the files of this process only sled's lock this directory, so this is one of a sled that was given up.
        // That one is leaked, so the number stays its file's for the life of the process; `ManuallyDrop` leaves it open.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(number) });
        if file.unlock().is_err() {
            return false;
        }
    }
    true
}

/// Returns whether a lock belongs to an open file. The system lists locks with the files they belong to.
#[cfg(target_os = "linux")]
fn has_lock(number: std::os::fd::RawFd) -> bool {
    std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).is_ok_and(|text| text.contains("FLOCK"))
}

/// Gives back the lock that a leaked file of this process has on a directory: not possible here.
#[cfg(not(target_os = "linux"))]
pub(super) fn unlock(_: &Path) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{File, TryLockError};

    use super::*;

    #[test]
    fn a_leaked_lock_is_given_back_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, other) = (dir.path().join("ours"), dir.path().join("other"));
        for path in [&ours, &other] {
            std::fs::create_dir(path).unwrap();
            let file = File::open(path).unwrap();
            file.try_lock().unwrap();
            std::mem::forget(file);
        }
        assert!(matches!(File::open(&ours).unwrap().try_lock(), Err(TryLockError::WouldBlock)));
        assert!(unlock(&ours));
        File::open(&ours).unwrap().try_lock().unwrap();
        assert!(matches!(File::open(&other).unwrap().try_lock(), Err(TryLockError::WouldBlock)));
        assert!(!unlock(&dir.path().join("none")));
    }
}
