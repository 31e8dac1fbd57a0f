//! The C functions themselves. Each asks the watcher and then calls the system by number.
//!
//! Paths are seen as they are given; descriptors are looked up in `/proc/self/fd`, so that none has to be followed from
//! open to close.

#![allow(unsafe_code, reason = "functions of C, called by the standard library as the system's")]

use std::{
    ffi::{CStr, OsStr, c_char, c_int, c_long, c_void},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use libc::{iovec, mode_t, off64_t, size_t, ssize_t};

use super::{Call, Decision, SEEN, Watch, watched};

/// Calls the system; its result is -1 with `errno` set where it fails.
macro_rules! system {
    ($number:ident, $($argument:expr),*) => {
        // SAFETY: the arguments are the caller's own, as the function of this name takes them.
        unsafe { libc::syscall(libc::$number, $($argument),*) }
    };
}

fn fail(errno: c_int) -> c_long {
    // SAFETY: the place of this thread's `errno` is always valid.
    unsafe { *libc::__errno_location() = errno };
    -1
}

fn kill() -> ! {
    loop {
        // SAFETY: kills this very process.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
}

/// Returns the path of a descriptor, if it is one of a file beneath the watched directory.
fn path_of(watch: &Watch, fd: c_int) -> Option<PathBuf> {
    let path = std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
    path.starts_with(&watch.dir).then_some(path)
}

/// Returns a path as given, if it lies beneath the watched directory.
fn path_at(watch: &Watch, path: *const c_char) -> Option<PathBuf> {
    // SAFETY: callers give a path that ends with a zero, as the function of C asks for.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes()));
    let path = if path.is_absolute() { path.to_path_buf() } else { std::env::current_dir().ok()?.join(path) };
    path.starts_with(&watch.dir).then_some(path)
}

fn inode_of(fd: c_int) -> u64 {
    let mut stat = std::mem::MaybeUninit::<libc::stat64>::zeroed();
    // SAFETY: the buffer is one `stat64`, and zeros are one too.
    unsafe {
        libc::fstat64(fd, stat.as_mut_ptr());
        stat.assume_init().st_ino
    }
}

fn position_of(fd: c_int) -> u64 {
    // SAFETY: `F_GETFL` reads the flags.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    let whence = if flags & libc::O_APPEND != 0 { libc::SEEK_END } else { libc::SEEK_CUR };
    u64::try_from(system!(SYS_lseek, fd, 0, whence)).unwrap_or(0)
}

/// Asks, calls the system unless told otherwise, and tells how it went. `call` takes at most so many bytes.
fn ask(watch: &Watch, about: &Call<'_>, call: impl Fn(usize) -> c_long) -> c_long {
    let opens = matches!(about, Call::Open { .. });
    let result = match watch.watcher.before(about) {
        Decision::Pass => call(usize::MAX),
        Decision::Short(n) => call(n),
        Decision::Fail(errno) => return fail(errno),
        Decision::Lie => {
            let Call::Write { bytes, .. } = about else { return 0 };
            return bytes.len() as c_long;
        }
        Decision::Kill(n) => {
            if n > 0 && matches!(about, Call::Write { .. }) {
                call(n);
            }
            kill()
        }
    };
    if result >= 0 {
        let inode = if opens { inode_of(result as c_int) } else { 0 };
        watch.watcher.after(about, inode, result as usize);
    }
    result
}

/// A call about a path.
fn about_path(path: *const c_char, make: impl Fn(&Path) -> Call<'_>, call: impl Fn() -> c_long) -> c_long {
    watched(
        |watch| match path_at(watch, path) {
            Some(path) => ask(watch, &make(&path), |_| call()),
            None => call(),
        },
        &call,
    )
}

/// A call about a descriptor; `call` takes at most so many bytes.
fn about_file(fd: c_int, make: impl Fn(&Path) -> Call<'_>, call: impl Fn(usize) -> c_long) -> c_long {
    watched(
        |watch| match path_of(watch, fd) {
            Some(path) => ask(watch, &make(&path), &call),
            None => call(usize::MAX),
        },
        || call(usize::MAX),
    )
}

/// Returns the bytes a caller gives to be written.
fn bytes_at<'a>(buffer: *const c_void, len: size_t) -> &'a [u8] {
    // SAFETY: so many bytes are there while the call lasts, as the function of C asks for; null only with none.
    if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(buffer.cast(), len) } }
}

#[unsafe(no_mangle)]
extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    SEEN[0].fetch_add(1, Ordering::Relaxed);
    let (creates, truncates) = (flags & libc::O_CREAT != 0, flags & libc::O_TRUNC != 0);
    about_path(
        path,
        |path| Call::Open { path, creates, truncates },
        || system!(SYS_openat, libc::AT_FDCWD, path, flags | libc::O_LARGEFILE, mode),
    ) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn read(fd: c_int, buffer: *mut c_void, len: size_t) -> ssize_t {
    about_file(fd, |path| Call::Read { path, len }, |max| system!(SYS_read, fd, buffer, len.min(max))) as ssize_t
}

#[unsafe(no_mangle)]
extern "C" fn pread64(fd: c_int, buffer: *mut c_void, len: size_t, offset: off64_t) -> ssize_t {
    about_file(fd, |path| Call::Read { path, len }, |max| system!(SYS_pread64, fd, buffer, len.min(max), offset))
        as ssize_t
}

#[unsafe(no_mangle)]
extern "C" fn write(fd: c_int, buffer: *const c_void, len: size_t) -> ssize_t {
    SEEN[1].fetch_add(1, Ordering::Relaxed);
    about_file(
        fd,
        |path| Call::Write { path, inode: inode_of(fd), offset: position_of(fd), bytes: bytes_at(buffer, len) },
        |max| system!(SYS_write, fd, buffer, len.min(max)),
    ) as ssize_t
}

#[unsafe(no_mangle)]
extern "C" fn pwrite64(fd: c_int, buffer: *const c_void, len: size_t, offset: off64_t) -> ssize_t {
    about_file(
        fd,
        |path| Call::Write { path, inode: inode_of(fd), offset: offset as u64, bytes: bytes_at(buffer, len) },
        |max| system!(SYS_pwrite64, fd, buffer, len.min(max), offset),
    ) as ssize_t
}

/// Writes the first part alone where it is watched: fewer bytes than asked for are always allowed.
#[unsafe(no_mangle)]
extern "C" fn writev(fd: c_int, parts: *const iovec, n_parts: c_int) -> ssize_t {
    let all = || system!(SYS_writev, fd, parts, n_parts) as ssize_t;
    watched(
        |watch| {
            if path_of(watch, fd).is_none() {
                return None;
            }
            // SAFETY: so many parts are there while the call lasts, as the function of C asks for.
            let parts = unsafe { std::slice::from_raw_parts(parts, usize::try_from(n_parts).unwrap_or(0)) };
            Some(
                parts
                    .iter()
                    .find(|part| part.iov_len > 0)
                    .map_or((std::ptr::null_mut(), 0), |p| (p.iov_base, p.iov_len)),
            )
        },
        || None,
    )
    .map_or_else(all, |(buffer, len)| write(fd, buffer, len))
}

#[unsafe(no_mangle)]
extern "C" fn fsync(fd: c_int) -> c_int {
    SEEN[2].fetch_add(1, Ordering::Relaxed);
    about_file(fd, |path| Call::Sync { path, inode: inode_of(fd) }, |_| system!(SYS_fsync, fd)) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(fd: c_int) -> c_int {
    about_file(fd, |path| Call::Sync { path, inode: inode_of(fd) }, |_| system!(SYS_fdatasync, fd)) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate64(fd: c_int, len: off64_t) -> c_int {
    about_file(
        fd,
        |path| Call::Truncate { path, inode: inode_of(fd), len: len as u64 },
        |_| system!(SYS_ftruncate, fd, len),
    ) as c_int
}

/// Giving back is not watched: no device is asked for it, so it cannot fail.
#[unsafe(no_mangle)]
extern "C" fn flock(fd: c_int, operation: c_int) -> c_int {
    if operation & libc::LOCK_UN != 0 {
        return system!(SYS_flock, fd, operation) as c_int;
    }
    about_file(fd, |path| Call::Lock { path }, |_| system!(SYS_flock, fd, operation)) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let call = || system!(SYS_renameat2, libc::AT_FDCWD, from, libc::AT_FDCWD, to, 0);
    watched(
        |watch| match (path_at(watch, from), path_at(watch, to)) {
            (Some(from), Some(to)) => ask(watch, &Call::Rename { from: &from, to: &to }, |_| call()),
            _ => call(),
        },
        call,
    ) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn unlink(path: *const c_char) -> c_int {
    SEEN[3].fetch_add(1, Ordering::Relaxed);
    about_path(path, |path| Call::Remove { path }, || system!(SYS_unlinkat, libc::AT_FDCWD, path, 0)) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn rmdir(path: *const c_char) -> c_int {
    let call = || system!(SYS_unlinkat, libc::AT_FDCWD, path, libc::AT_REMOVEDIR);
    about_path(path, |path| Call::Remove { path }, call) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    about_path(path, |path| Call::MakeDir { path }, || system!(SYS_mkdirat, libc::AT_FDCWD, path, mode)) as c_int
}
