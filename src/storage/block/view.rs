//! Slices of pinned blocks: the one file that reads blocks without checking them again.
//!
//! A block is checked when it is pinned (header, checksum, rkyv's own check of the record, and what each kind of block
//! asks of its numbers). From then on its arrays are plain slices: a pointer and a length beside the bytes that hold
//! them. `Bytes` never move or change while a clone lives, and every view holds a clone.

#![expect(unsafe_code, reason = "a slice beside its owner, and text checked once: 3 ns instead of 40 a lookup")]

use std::ptr::NonNull;

use rkyv::{Archived, rend, vec::ArchivedVec};

use super::super::bytes::Bytes;
use crate::{Error, Result};

#[cfg(target_endian = "big")]
compile_error!("blocks are read in place and are little-endian; this target would need a converting reader");

// rkyv's format features unify over a whole build: a host that turns on big-endian or unaligned archives would change
// the format under us. These lines then refuse to compile, and so do the sizes asserted beside each record (tried with
// `big_endian`, `unaligned`, `pointer_width_64` and `pointer_width_16`).
const _: fn(rend::u16_le) -> Archived<u16> = |number| number;
const _: fn(rend::u32_le) -> Archived<u32> = |number| number;
const _: fn(rend::u64_le) -> Archived<u64> = |number| number;
const _: () = {
    assert!(size_of::<Archived<u16>>() == 2 && align_of::<Archived<u16>>() == 2);
    assert!(size_of::<Archived<u32>>() == 4 && align_of::<Archived<u32>>() == 4);
    assert!(size_of::<Archived<u64>>() == 8 && align_of::<Archived<u64>>() == 8);
    assert!(
        size_of::<ArchivedVec<u8>>() == 8 && align_of::<ArchivedVec<u8>>() == 4,
        "rkyv has another pointer width: some dependency turns on a feature that would change the format"
    );
};

/// Numbers whose archived form has the layout of the number itself on this machine.
///
/// # Safety
/// `Archived` must have the size of `Self` and at least its alignment, and every bit pattern must be a `Self`.
pub(crate) unsafe trait Plain: Copy {
    type Archived;
}

// SAFETY: a byte is a byte.
unsafe impl Plain for u8 {
    type Archived = u8;
}
// SAFETY: as above; every byte is a whole number of -128 to 127.
unsafe impl Plain for i8 {
    type Archived = u8;
}
// SAFETY: as above; four bytes at a multiple of four are two numbers at a multiple of two.
unsafe impl Plain for [u16; 2] {
    type Archived = rend::u32_le;
}
// SAFETY: little-endian target, sizes and alignments asserted above.
unsafe impl Plain for u16 {
    type Archived = rend::u16_le;
}
// SAFETY: as above.
unsafe impl Plain for u32 {
    type Archived = rend::u32_le;
}
// SAFETY: as above; every four bytes are the bits of a float.
unsafe impl Plain for f32 {
    type Archived = rend::u32_le;
}
// SAFETY: as above.
unsafe impl Plain for u64 {
    type Archived = rend::u64_le;
}

/// A slice of some bytes, with a share of those bytes.
#[derive(Clone)]
pub(crate) struct View<T> {
    start: NonNull<T>,
    len: usize,
    /// Keeps the memory; never read through.
    _owner: Bytes,
}

// SAFETY: a view is a shared slice of immutable plain numbers and a share of `Bytes`, both of which may go anywhere.
unsafe impl<T: Plain + Send + Sync> Send for View<T> {}
// SAFETY: as above.
unsafe impl<T: Plain + Send + Sync> Sync for View<T> {}

impl<T: Plain> View<T> {
    /// Returns a view of an archived array that lies in `owner`.
    pub(super) fn new(owner: &Bytes, archived: &ArchivedVec<T::Archived>) -> Self {
        let slice = archived.as_slice();
        if slice.is_empty() {
            return Self { start: NonNull::dangling(), len: 0, _owner: owner.clone() };
        }
        let (start, bytes) = (slice.as_ptr().addr(), size_of_val(slice));
        let held = owner.as_ptr_range();
        assert!(
            start >= held.start.addr() && start + bytes <= held.end.addr() && start.is_multiple_of(align_of::<T>()),
            "a view must lie in the bytes that own it"
        );
        Self { start: NonNull::from(slice).cast(), len: slice.len(), _owner: owner.clone() }
    }

    /// Returns the slice.
    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: `new` took the slice from inside `_owner` (asserted), whose bytes neither move nor change while it
        // lives, and it lives as long as `self`; `Plain` says the archived numbers are `T`s.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

/// Texts in a row: `offsets[i]..offsets[i + 1]` of one piece of UTF-8.
#[derive(Clone)]
pub(crate) struct StrTable {
    offsets: View<u32>,
    text: View<u8>,
}

impl StrTable {
    /// Returns a table after checking that every text is whole UTF-8.
    pub(super) fn new(offsets: View<u32>, text: View<u8>, what: impl std::fmt::Display) -> Result<Self> {
        let at = offsets.as_slice();
        check_offsets(at, text.as_slice().len(), &what)?;
        let all = std::str::from_utf8(text.as_slice())
            .map_err(|error| Error::corrupt(&what, "UTF-8", format_args!("a bad byte at {}", error.valid_up_to())))?;
        match at.iter().find(|&&at| !all.is_char_boundary(at as usize)) {
            Some(at) => Err(Error::corrupt(&what, "a text that starts at a character", format_args!("offset {at}"))),
            None => Ok(Self { offsets, text }),
        }
    }

    /// Returns how many texts there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.offsets.as_slice().len().saturating_sub(1)
    }

    /// Returns a text.
    ///
    /// # Panics
    /// When there is no such text.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> &str {
        let offsets = self.offsets.as_slice();
        let bytes = &self.text.as_slice()[offsets[index] as usize..offsets[index + 1] as usize];
        // SAFETY: `new` found the whole to be UTF-8 and each offset to be a character's boundary.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }

    /// Returns all texts in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }
}

/// Checks that offsets start at 0, never fall, and end at `end`.
pub(super) fn check_offsets(offsets: &[u32], end: usize, what: impl std::fmt::Display) -> Result<()> {
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return Err(Error::corrupt(what, "offsets", "none"));
    };
    // A fold without a branch, so that it is done many at a time: every pin passes here.
    let falling = offsets.windows(2).fold(false, |falling, pair| falling | (pair[0] > pair[1]));
    if falling || *first != 0 || *last as usize != end {
        return Err(Error::corrupt(
            what,
            format_args!("offsets rising from 0 to {end}"),
            format_args!("{first} to {last}"),
        ));
    }
    Ok(())
}
