//! What is large is neither made nor dropped at a stroke: a statement ends soon after its deadline.
//!
//! A list is made piece by piece, with looks at the clock between ([`list`], [`Growing`]). To drop tens of millions of values
//! takes a tenth of a second, which nobody has to wait for: they are given up to another thread ([`give_up`]), which also sees
//! to it that the system has the memory back.

#![expect(
    unsafe_code,
    reason = "a list made in its place: a huge one is neither copied nor there twice; a call of the allocator"
)]

use std::{
    mem::MaybeUninit,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::Context;
use crate::{Result, model::Value};

/// What is smaller is dropped within a millisecond or two.
pub(super) const LARGE_BYTES: usize = 8 << 20;

/// A list of so many items is large.
const LARGE_ITEMS: usize = LARGE_BYTES / size_of::<Value>();

/// What is larger is worth looking through all free memory for what the system can have back.
const TRIM_BYTES: usize = 64 << 20;

/// The most that may wait to be dropped, unless it is one thing alone: what goes beyond is dropped at once, so that a statement
/// which gives up more than the other thread can drop is slowed down.
const WAITING_BYTES_MAX: usize = 256 << 20;

/// Items between two looks at the clock: some hundred microseconds.
const PIECE: usize = 1 << 16;

/// Bytes that wait to be dropped.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Drops what takes about so many bytes; on another thread, where that takes long.
pub(super) fn give_up(bytes: usize, garbage: impl Send + 'static) {
    if bytes < LARGE_BYTES {
        return drop(garbage);
    }
    let waiting = WAITING.fetch_add(bytes, Ordering::Relaxed);
    if waiting > 0 && waiting.saturating_add(bytes) > WAITING_BYTES_MAX {
        drop(garbage);
        WAITING.fetch_sub(bytes, Ordering::Relaxed);
        return;
    }
    rayon::spawn(move || {
        drop(garbage);
        WAITING.fetch_sub(bytes, Ordering::Relaxed);
        if bytes >= TRIM_BYTES {
            trim();
        }
    });
}

/// Gives free memory back to the system: what is freed in small pieces the allocator would keep.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: it may be called at any time by any thread; what is in use stays where it is.
    unsafe { malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}

/// Returns whether a value is a list that takes long to drop.
pub(super) fn is_large(value: &Value) -> bool {
    matches!(value, Value::List(items) if items.len() >= LARGE_ITEMS)
}

/// Makes the list of `n` items.
///
/// # Errors
/// `Cancelled`, `Deadline`.
pub(super) fn list(
    ctx: &mut Context,
    n: usize,
    mut items: impl Iterator<Item = Value> + Send + 'static,
) -> Result<Value> {
    if n <= PIECE {
        return Ok(Value::list(items));
    }
    let mut made = Partial { items: Arc::new_uninit_slice(n), len: 0 };
    while made.len < n {
        if let Err(error) = ctx.tick(PIECE) {
            give_up(n * size_of::<Value>(), (made, items));
            return Err(error);
        }
        made.extend(items.by_ref().take(PIECE));
    }
    // What the items came from may be as large.
    give_up(n * size_of::<Value>(), items);
    Ok(Value::List(made.finish()))
}

/// A list of which the first `len` items are there.
struct Partial {
    items: Arc<[MaybeUninit<Value>]>,
    len: usize,
}

impl Partial {
    /// Adds items.
    ///
    /// # Panics
    /// Where there are none, or more than there is room for.
    fn extend(&mut self, items: impl Iterator<Item = Value>) {
        let before = self.len;
        let room = Arc::get_mut(&mut self.items).expect("nobody else has it yet");
        for item in items {
            room[self.len].write(item);
            self.len += 1;
        }
        assert!(self.len > before, "as many items as were said");
    }

    /// Returns the list.
    ///
    /// # Panics
    /// Where it is not complete.
    fn finish(mut self) -> Arc<[Value]> {
        assert_eq!(self.len, self.items.len(), "all items are there");
        // Nothing is left for `drop` to do.
        self.len = 0;
        let items = std::mem::replace(&mut self.items, Arc::new_uninit_slice(0));
        // SAFETY: each item was written; `len` counted them up to the length of the slice.
        unsafe { items.assume_init() }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let Some(items) = Arc::get_mut(&mut self.items) else { return };
        for item in &mut items[..self.len] {
            // SAFETY: the first `len` items were written, and are not used again.
            unsafe { item.assume_init_drop() };
        }
    }
}

/// A list whose length is not known yet.
#[derive(Default)]
pub(super) struct Growing(Vec<Value>);

impl Growing {
    /// Adds an item.
    pub(super) fn push(&mut self, item: Value) {
        self.0.push(item);
    }

    /// Returns the list.
    ///
    /// # Errors
    /// `Cancelled`, `Deadline`.
    pub(super) fn finish(mut self, ctx: &mut Context) -> Result<Value> {
        let items = std::mem::take(&mut self.0);
        list(ctx, items.len(), items.into_iter())
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        give_up(self.0.capacity() * size_of::<Value>(), std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::AtomicBool,
        thread,
        time::{Duration, Instant},
    };

    use super::*;
    use crate::Error;

    fn texts(n: usize) -> impl Iterator<Item = Value> + Send + 'static {
        (0..n).map(|n| Value::from(n.to_string()))
    }

    #[test]
    fn lists_are_those_of_the_safe_twin() {
        let mut ctx = Context::new(1, 0);
        for n in [0, 1, PIECE, PIECE + 1, 3 * PIECE - 1] {
            let made = list(&mut ctx, n, texts(n)).unwrap();
            assert!(made.same(&Value::list(texts(n))), "{n} items");
            let mut growing = Growing::default();
            texts(n).for_each(|item| growing.push(item));
            assert!(growing.finish(&mut ctx).unwrap().same(&made), "{n} items");
        }
    }

    #[test]
    fn a_list_that_is_stopped_leaves_nothing_behind() {
        let text: Arc<str> = "shared".into();
        let flag = Arc::new(AtomicBool::new(false));
        let mut ctx = Context::new(1, 0);
        ctx.limits.cancel = Some(flag.clone());
        let shared = text.clone();
        let items = (0..5 * PIECE).map(move |n| {
            flag.store(n > 2 * PIECE, Ordering::Relaxed);
            Value::String(shared.clone())
        });
        assert!(matches!(list(&mut ctx, 5 * PIECE, items), Err(Error::Cancelled)));
        let begun = Instant::now();
        while Arc::strong_count(&text) > 1 {
            assert!(begun.elapsed() < Duration::from_secs(60), "{} items are left", Arc::strong_count(&text));
            thread::sleep(Duration::from_millis(1));
        }
    }
}
