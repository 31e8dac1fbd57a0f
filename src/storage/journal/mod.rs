//! The journal: what makes a commit durable.
//!
//! A commit is one frame, appended under the writer's mutex and made durable by a sync that it shares with every commit
//! appended before the sync began (*group commit*): one waiting thread leads and calls `fdatasync`, the others sleep.
//! Frames lie in preallocated segments, so a sync writes data and nothing else. See [`frame`] for the bytes and
//! [`recover`] for what is damage and what a torn tail.
//!
//! There is always a segment: a new database has its first one, without frames, before it has a header, the last one is
//! never released, and each names the one after it ([`next`]). So segments that somebody took away are missed, not taken
//! for commits that never were.
//!
//! A failed sync poisons the journal for good: nobody knows what reached the disk, and a second sync would lie. A write
//! that finds no room does not: nothing of the frame counts, the bytes are zeroed, the next append takes its place.

mod frame;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod next;
mod recover;
mod segment;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

pub(crate) use frame::FrameKind;
use frame::{Frame, SEGMENT_HEADER_LEN, SegmentHeader};
use recover::Tail;
pub(crate) use recover::Visitor;
use segment::{LEN_FIRST, Prepared, Sealed, Segment};

use super::file;
#[cfg(any(test, feature = "crash"))]
use super::{
    fault::{self, Fault},
    file::DiskFile,
};
use crate::{Error, Result};

/// The most bytes one commit may take: what [`codec`](super::codec) would refuse to read back must not be written.
pub(crate) const PAYLOAD_BYTES_MAX: usize = super::codec::DECODE_BYTES_MAX;

/// How long a leader waits for as many commits as the last sync served: well under the 0.14 ms a sync takes, and a lone
/// writer never waits.
const GATHER_MAX: Duration = Duration::from_micros(60);

/// An open journal.
pub(crate) struct Journal {
    dir: PathBuf,
    database_id: u128,
    /// Of the root the database was opened with.
    root_sequence: u64,
    writing: Mutex<Writing>,
    syncing: Mutex<Syncing>,
    synced: Condvar,
    /// The last sequence appended, and the last durable one.
    appended: AtomicU64,
    durable: AtomicU64,
    /// Bytes known durable since the journal began.
    durable_to: AtomicU64,
    /// Why writing ended for good.
    poison: OnceLock<String>,
}

/// A place in the journal, to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    /// The commit's sequence.
    pub(crate) sequence: u64,
}

/// What an append changes.
struct Writing {
    /// Made by the first append.
    current: Option<Segment>,
    /// Oldest first.
    sealed: Vec<Sealed>,
    prepared: Option<Prepared>,
    is_preparing: bool,
    next_sequence: u64,
    next_number: u64,
    hash: u64,
    position: u64,
    buffer: Vec<u8>,
    #[cfg(any(test, feature = "crash"))]
    delayed: Option<(std::sync::Arc<DiskFile>, Vec<u8>, u64)>,
}

impl Writing {
    /// Returns the bytes that recovery would read.
    fn bytes(&self) -> u64 {
        let sealed: u64 = self.sealed.iter().map(|segment| segment.bytes).sum();
        sealed + self.current.as_ref().map_or(0, |segment| segment.used)
    }
}

struct Syncing {
    has_leader: bool,
    /// How many commits the last sync served.
    n_last: u64,
}

impl Journal {
    /// Begins the journal of a new database in `dir`, whose blocks hold what came up to `sequence`: one segment without
    /// frames, durable when this returns. One that is there without frames is replaced.
    ///
    /// # Errors
    /// As for writing files.
    pub(crate) fn begin(dir: &Path, database_id: u128, sequence: u64) -> Result<()> {
        std::fs::create_dir_all(dir).map_err(|error| Error::io("create", dir, &error))?;
        recover::list(dir)?.prepared.iter().try_for_each(|path| file::remove(path))?;
        let header = SegmentHeader {
            database_id,
            nonce: file::random(),
            number: 1,
            first_sequence: sequence + 1,
            start: 0,
            hash_before: 0,
            root_sequence: sequence,
        };
        Prepared::without_room(dir)?.begin(dir, header)?;
        file::sync_dir(dir.parent().unwrap_or(dir))
    }

    /// Returns whether `dir` holds nothing but what [`begin`](Self::begin) leaves, done or killed.
    ///
    /// # Errors
    /// As for reading directories.
    pub(crate) fn is_unused(dir: &Path) -> Result<bool> {
        let segments = recover::list(dir)?.segments;
        let is_empty = |path: &PathBuf| {
            let len = std::fs::metadata(path).map_err(|error| Error::io("read", path, &error))?.len();
            Ok(len <= SEGMENT_HEADER_LEN as u64)
        };
        match &segments[..] {
            [] => Ok(true),
            [(1, path)] => is_empty(path),
            _ => Ok(false),
        }
    }

    /// Checks that the journal of a database in `dir` is there at all (it has a segment from the beginning on), and is no
    /// other version's: all that can be said before anything is touched.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where there is no segment; [`Error::Version`].
    pub(crate) fn check_begun(dir: &Path) -> Result<()> {
        let segments = if dir.is_dir() { recover::list(dir)?.segments } else { Vec::new() };
        if segments.is_empty() {
            let found = if dir.is_dir() { "none" } else { "no directory" };
            let got = format_args!("{found}; put the journal's files back, or restore a backup");
            return Err(Error::corrupt(dir.display(), "a segment of the journal, as every database has", got));
        }
        segments.iter().try_for_each(|(_, path)| recover::check_version(path))
    }

    /// Opens the journal in `dir`, shows every frame after `from_sequence`, the root's, to `visitor`,
    /// and cuts a torn tail. Nothing is preallocated before the first append.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a frame that was acknowledged is missing or damaged; the visitor's own errors.
    pub(crate) fn open(dir: &Path, database_id: u128, from_sequence: u64, visitor: &mut Visitor<'_>) -> Result<Self> {
        let found = recover::recover(dir, database_id, from_sequence, Tail::Cut, visitor)?;
        let durable = found.next_sequence - 1;
        Ok(Self {
            dir: dir.to_path_buf(),
            database_id,
            root_sequence: from_sequence,
            appended: AtomicU64::new(durable),
            durable: AtomicU64::new(durable),
            durable_to: AtomicU64::new(found.position),
            writing: Mutex::new(Writing {
                current: None,
                sealed: found.segments,
                prepared: None,
                is_preparing: false,
                next_sequence: found.next_sequence,
                next_number: found.next_number,
                hash: found.hash,
                position: found.position,
                buffer: Vec::new(),
                #[cfg(any(test, feature = "crash"))]
                delayed: None,
            }),
            syncing: Mutex::new(Syncing { has_leader: false, n_last: 1 }),
            synced: Condvar::new(),
            poison: OnceLock::new(),
        })
    }

    /// Shows every frame after `from_sequence` to `visitor`, and changes nothing: a torn tail is passed over.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn replay(dir: &Path, database_id: u128, from_sequence: u64, visitor: &mut Visitor<'_>) -> Result<()> {
        recover::recover(dir, database_id, from_sequence, Tail::Kept, visitor).map(drop)
    }

    /// Appends a frame. It is durable, and may be acknowledged, when [`sync`](Self::sync) has returned. Callers hold
    /// the writer's mutex, so that the order of sequences is the order of commits.
    ///
    /// # Errors
    /// [`Error::Full`] where the disk has no room: nothing was appended, and a later call may succeed.
    /// [`Error::Poisoned`] after a failed sync. [`Error::Limit`] above [`PAYLOAD_BYTES_MAX`].
    pub(crate) fn append(&self, kind: FrameKind, payload: &[u8]) -> Result<Ticket> {
        self.check()?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(Error::Limit { what: "bytes of a commit", max: PAYLOAD_BYTES_MAX as u64 });
        }
        let mut writing = lock(&self.writing);
        let writing = &mut *writing;
        let len = Frame::len_of(payload.len()) as u64;
        if writing.current.as_ref().is_none_or(|segment| segment.used + len > segment.len) {
            let rolled = self.roll(writing, len);
            #[cfg(any(test, feature = "crash"))]
            if fault::is_set(Fault::AckWithoutRoom) && matches!(rolled, Err(Error::Full { .. })) {
                writing.next_sequence += 1;
                self.publish(writing.next_sequence - 1, 0);
                self.appended.store(writing.next_sequence - 1, Ordering::Release);
                return Ok(Ticket { sequence: writing.next_sequence - 1 });
            }
            rolled?;
        }
        let segment = writing.current.as_mut().expect("roll made a segment with room for the frame");
        let sequence = writing.next_sequence;
        let durable_to = self.durable_to.load(Ordering::Acquire);
        let frame = Frame { sequence, durable_to, hash_before: writing.hash, kind, hash: 0, payload };
        let hash = frame.encode(segment.header.nonce, &mut writing.buffer);
        #[cfg(any(test, feature = "crash"))]
        let is_delayed = fault::is_set(Fault::AckBeforeWrite);
        #[cfg(not(any(test, feature = "crash")))]
        let is_delayed = false;
        if is_delayed {
            #[cfg(any(test, feature = "crash"))]
            if let Some((file, bytes, at)) =
                writing.delayed.replace((segment.file.clone(), writing.buffer.clone(), segment.used))
            {
                file.write_at(&bytes, at)?;
            }
        } else if let Err(error) = segment.file.write_at(&writing.buffer, segment.used) {
            // Best effort: a piece of a frame has no valid hash, is overwritten by the next one, or cut on recovery.
            writing.buffer.fill(0);
            let _ = segment.file.write_at(&writing.buffer, segment.used);
            return Err(error);
        }
        segment.used += len;
        writing.position += len;
        writing.hash = hash;
        writing.next_sequence += 1;
        self.appended.store(sequence, Ordering::Release);
        Ok(Ticket { sequence })
    }

    /// Waits until a frame is durable and returns the last durable sequence. One of those who wait syncs for all.
    ///
    /// # Errors
    /// [`Error::Poisoned`] where a sync failed: whether the frame survives is unknown until the next open.
    pub(crate) fn sync(&self, ticket: Ticket) -> Result<u64> {
        #[cfg(any(test, feature = "crash"))]
        if fault::is_set(Fault::AckBeforeWrite) {
            self.publish(ticket.sequence, self.durable_to.load(Ordering::Acquire));
            return Ok(ticket.sequence);
        }
        let mut syncing = lock(&self.syncing);
        loop {
            let durable = self.durable_sequence();
            if durable >= ticket.sequence {
                return Ok(durable);
            }
            self.check()?;
            if !syncing.has_leader {
                break;
            }
            syncing = self.synced.wait(syncing).unwrap_or_else(PoisonError::into_inner);
        }
        syncing.has_leader = true;
        let n_last = syncing.n_last;
        drop(syncing);
        // Whatever happens below, a leader that leaves says so: the others would sleep for ever.
        let leader = Leader(self);
        self.gather(n_last);
        let before = self.durable_sequence();
        self.lead().inspect_err(|error| {
            let _ = self.poison.set(error.to_string());
        })?;
        let durable = self.durable_sequence();
        lock(&self.syncing).n_last = durable - before;
        drop(leader);
        Ok(durable)
    }

    /// Makes durable whatever was appended, and returns the last durable sequence: for a flusher of buffered commits.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub(crate) fn sync_now(&self) -> Result<u64> {
        self.sync(Ticket { sequence: self.appended_sequence() })
    }

    /// Returns the last durable sequence.
    pub(crate) fn durable_sequence(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Returns the last appended sequence.
    pub(crate) fn appended_sequence(&self) -> u64 {
        self.appended.load(Ordering::Acquire)
    }

    /// Returns the bytes that recovery would read.
    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.writing).bytes()
    }

    /// Preallocates the next segment when the current one is half full; returns whether it did. For a background
    /// thread: without it, the append that finds no room does this itself.
    ///
    /// # Errors
    /// As for creating files; [`Error::Full`] concerns nobody before the current segment is full.
    pub(crate) fn prepare_next(&self) -> Result<bool> {
        let mut writing = lock(&self.writing);
        let is_wanted = writing.current.as_ref().is_some_and(|segment| segment.used * 2 > segment.len);
        if !is_wanted || writing.is_preparing || writing.prepared.is_some() {
            return Ok(false);
        }
        let bytes = writing.bytes();
        writing.is_preparing = true;
        drop(writing);
        let prepared = Prepared::create(&self.dir, bytes, 0);
        let mut writing = lock(&self.writing);
        writing.is_preparing = false;
        writing.prepared = Some(prepared?);
        Ok(true)
    }

    /// Deletes the segments whose every frame is older than `sequence`. The segment being written stays, but where it is
    /// large and holds such frames it gets no more: a later call can delete it, however little is written until then.
    ///
    /// # Errors
    /// As for deleting files; what is left is deleted by a later call.
    pub(crate) fn release_before(&self, sequence: u64) -> Result<()> {
        let mut writing = lock(&self.writing);
        let is_to_end = |segment: &Segment| segment.used > LEN_FIRST && segment.header.first_sequence < sequence;
        if writing.current.as_ref().is_some_and(is_to_end) {
            self.end_segment(&mut writing)?;
        }
        let mut n_released = 0;
        loop {
            let next = match writing.sealed.get(1) {
                Some(next) => next.first_sequence,
                None => match &writing.current {
                    Some(current) => current.header.first_sequence,
                    None => break,
                },
            };
            let Some(oldest) = writing.sealed.first().filter(|_| next <= sequence) else { break };
            // Oldest first, so that a kill in between leaves a journal without a hole.
            file::remove(&oldest.path)?;
            writing.sealed.remove(0);
            n_released += 1;
        }
        if n_released > 0 { file::sync_dir(&self.dir) } else { Ok(()) }
    }

    /// Makes everything durable and gives back the room that no frame took. Appending afterwards begins a new segment.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub(crate) fn close(&self) -> Result<()> {
        self.sync_now()?;
        let mut writing = lock(&self.writing);
        if writing.prepared.is_none() && writing.current.is_none() {
            return Ok(());
        }
        self.end_segment(&mut writing)?;
        file::sync_dir(&self.dir)
    }

    /// Makes the segment being written durable, and gives back what no frame took of it and of the one prepared.
    fn end_segment(&self, writing: &mut Writing) -> Result<()> {
        if let Some(prepared) = writing.prepared.take() {
            prepared.discard()?;
        }
        if let Some(segment) = writing.current.take() {
            let file = segment.file.clone();
            // Frames may be in it that nobody has synced yet; whoever waits for them finds no segment to sync.
            file.sync_data().inspect_err(|error| {
                let _ = self.poison.set(error.to_string());
            })?;
            writing.sealed.push(segment.seal()?);
            file.sync_all().inspect_err(|error| {
                let _ = self.poison.set(error.to_string());
            })?;
        }
        Ok(())
    }

    /// Begins a new segment with room for a frame of `len` bytes.
    fn roll(&self, writing: &mut Writing, len: u64) -> Result<()> {
        #[cfg(any(test, feature = "crash"))]
        if let Some((file, bytes, at)) = writing.delayed.take() {
            file.write_at(&bytes, at)?;
        }
        let prepared = match writing.prepared.take() {
            Some(prepared) if prepared.len >= SEGMENT_HEADER_LEN as u64 + len => prepared,
            too_small => {
                too_small.map_or(Ok(()), Prepared::discard)?;
                Prepared::create(&self.dir, writing.bytes(), len)?
            }
        };
        if let Some(segment) = &writing.current {
            // A later segment vouches for the earlier ones, so they come first.
            segment.file.sync_data().inspect_err(|error| {
                let _ = self.poison.set(error.to_string());
            })?;
        }
        let header = SegmentHeader {
            database_id: self.database_id,
            nonce: file::random(),
            number: writing.next_number,
            first_sequence: writing.next_sequence,
            start: writing.position,
            hash_before: writing.hash,
            root_sequence: self.root_sequence,
        };
        let segment = prepared.begin(&self.dir, header)?;
        writing.position += segment.used;
        writing.next_number += 1;
        if let Some(full) = writing.current.replace(segment) {
            writing.sealed.push(full.seal()?);
        }
        if let Some(before) = writing.sealed.last()
            && let Err(error) = next::write(before, header.number)
        {
            log::debug!("{} does not name the segment after it: {error}", before.path.display());
        }
        Ok(())
    }

    /// Waits a little for other commits, as many as came together last time.
    fn gather(&self, n_last: u64) {
        let durable = self.durable_sequence();
        if n_last <= 1 || self.appended_sequence() - durable >= n_last {
            return;
        }
        let begun = Instant::now();
        while self.appended_sequence() - durable < n_last && begun.elapsed() < GATHER_MAX {
            std::thread::yield_now();
        }
    }

    /// Syncs what was appended so far, and publishes it.
    fn lead(&self) -> Result<()> {
        let (file, sequence, position) = {
            let writing = lock(&self.writing);
            let file = writing.current.as_ref().map(|segment| segment.file.clone());
            (file, writing.next_sequence - 1, writing.position)
        };
        // Segments before the current one were synced when it began.
        if let Some(file) = file {
            file.sync_data()?;
        }
        self.publish(sequence, position);
        Ok(())
    }

    fn publish(&self, sequence: u64, position: u64) {
        self.durable_to.fetch_max(position, Ordering::AcqRel);
        self.durable.fetch_max(sequence, Ordering::AcqRel);
    }

    fn check(&self) -> Result<()> {
        match self.poison.get() {
            Some(cause) => Err(Error::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }
}

/// The one who syncs; on drop another one may.
struct Leader<'a>(&'a Journal);

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        lock(&self.0.syncing).has_leader = false;
        self.0.synced.notify_all();
    }
}

/// A panic under these locks leaves counters that are still true, so their poison says nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
