//! The time that a thread was given, which is its own also where others want the processor: the clock on the wall goes on
//! while they have it, and what takes longer than its turn then seems to take many times as long.

use std::time::Duration;

/// Returns how long this thread has run.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) fn thread_time() -> Duration {
    #[repr(C)]
    struct Time {
        seconds: i64,
        nanos: i64,
    }
    #[expect(unsafe_code, reason = "a clock that the standard library does not know")]
    unsafe extern "C" {
        fn clock_gettime(clock: std::ffi::c_int, time: *mut Time) -> std::ffi::c_int;
    }
    /// `CLOCK_THREAD_CPUTIME_ID`.
    const OF_THREAD: std::ffi::c_int = 3;
    let mut time = Time { seconds: 0, nanos: 0 };
    // SAFETY: it writes a `timespec`, which has this form where pointers have 64 bits.
    #[expect(unsafe_code, reason = "a clock that the standard library does not know")]
    unsafe {
        clock_gettime(OF_THREAD, &raw mut time);
    }
    Duration::new(time.seconds as u64, time.nanos as u32)
}

/// Returns the time since the first call: there is no clock of a thread.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
pub(crate) fn thread_time() -> Duration {
    static BEGUN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGUN.elapsed()
}
