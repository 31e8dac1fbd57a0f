//! Torn tails of every length, damage in the middle, full disks, failed syncs, many threads.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::storage::fault::{Failure, Op, plan};

const ID: u128 = 77;

type Frames = Vec<(u64, FrameKind, Vec<u8>)>;

fn open_from(dir: &Path, from: u64) -> Result<(Journal, Frames)> {
    let mut frames = Vec::new();
    let journal = Journal::open(dir, ID, from, &mut |sequence, kind, payload| {
        frames.push((sequence, kind, payload.to_vec()));
        Ok(())
    })?;
    Ok((journal, frames))
}

fn open(dir: &Path) -> (Journal, Frames) {
    open_from(dir, 0).unwrap()
}

fn commit(journal: &Journal, payload: &[u8]) -> Result<u64> {
    journal.sync(journal.append(FrameKind::Batch, payload)?)
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn payloads(frames: &Frames) -> Vec<&[u8]> {
    frames.iter().map(|frame| &frame.2[..]).collect()
}

/// Puts a segment of these bytes in place of the one segment in `dir`.
fn replace(dir: &Path, bytes: &[u8]) {
    for path in segments(dir).iter().skip(1) {
        std::fs::remove_file(path).unwrap();
    }
    std::fs::write(&segments(dir)[0], bytes).unwrap();
}

#[test]
fn frames_come_back_across_opens_and_kinds() {
    let dir = TempDir::new().unwrap();
    let (journal, frames) = open(dir.path());
    assert!(frames.is_empty() && segments(dir.path()).is_empty(), "an open for reading writes nothing");
    assert_eq!(commit(&journal, b"one").unwrap(), 1);
    let ticket = journal.append(FrameKind::Adopt, b"").unwrap();
    assert_eq!((journal.durable_sequence(), journal.appended_sequence()), (1, 2));
    assert_eq!(journal.sync(ticket).unwrap(), 2);
    drop(journal);
    let (journal, frames) = open(dir.path());
    let expected = vec![(1, FrameKind::Batch, b"one".to_vec()), (2, FrameKind::Adopt, Vec::new())];
    assert_eq!(frames, expected);
    assert_eq!(commit(&journal, b"three").unwrap(), 3);
    journal.close().unwrap();
    assert_eq!(commit(&journal, b"four").unwrap(), 4);
    drop(journal);
    let (journal, frames) = open_from(dir.path(), 2).unwrap();
    assert_eq!(payloads(&frames), [b"three".as_slice(), b"four"]);
    assert_eq!(journal.appended_sequence(), 4);
    assert_eq!(open(dir.path()).1.len(), 4);
}

/// Cuts a journal of several frames at every byte, with zeros, garbage or nothing behind the cut: what comes back is a
/// prefix that holds every whole frame, and appending goes on. Nothing behind the beginning of a frame is a file that was
/// cut: no crash makes that.
#[test]
fn torn_tails_of_every_length() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    let written: Vec<Vec<u8>> = (0..5).map(|n| vec![n + 1; 20 * n as usize]).collect();
    let mut ends = vec![SEGMENT_HEADER_LEN];
    for payload in &written {
        // Appended, never synced: no frame knows another one to be durable.
        journal.append(FrameKind::Batch, payload).unwrap();
        ends.push(journal.bytes() as usize);
    }
    drop(journal);
    let whole = std::fs::read(&segments(dir.path())[0]).unwrap();
    let end = *ends.last().unwrap();
    for cut in SEGMENT_HEADER_LEN..=end {
        for filler in [None, Some(0u8), Some(0xa5)] {
            let mut bytes = whole[..cut].to_vec();
            if let Some(filler) = filler {
                bytes.resize(end + 1000, filler);
                bytes.resize(end + 1100, 0);
            }
            replace(dir.path(), &bytes);
            // Its padding is written with a frame.
            let is_in_frame = |n: usize| (ends[n] + 1..ends[n + 1]).contains(&cut);
            if filler.is_none() && (0..5).any(is_in_frame) {
                assert!(matches!(open_from(dir.path(), 0), Err(Error::Corrupt { .. })), "cut at {cut}");
                continue;
            }
            let (journal, frames) = open(dir.path());
            // A frame is whole with its last byte of payload; the padding behind it says nothing.
            let is_whole = |n: usize| {
                let end = ends[n] + frame::FRAME_HEADER_LEN + written[n].len();
                bytes.get(..end) == Some(&whole[..end])
            };
            assert_eq!(frames.len(), (0..5).filter(|&n| is_whole(n)).count(), "cut at {cut}");
            assert_eq!(payloads(&frames), written[..frames.len()].iter().map(|p| &p[..]).collect::<Vec<_>>());
            if cut % 48 != 0 {
                continue;
            }
            assert_eq!(commit(&journal, b"next").unwrap(), frames.len() as u64 + 1);
            drop(journal);
            let (_, again) = open(dir.path());
            assert_eq!(again.len(), frames.len() + 1, "cut at {cut}");
            assert_eq!(again[frames.len()].2, b"next");
        }
    }
}

/// Every flipped bit below what a later frame knew to be durable is damage; behind that it is a tail.
#[test]
fn damage_in_the_middle_is_no_tail() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    let mut ends = vec![SEGMENT_HEADER_LEN];
    for payload in [b"first".as_slice(), b"second", b"third"] {
        commit(&journal, payload).unwrap();
        ends.push(journal.bytes() as usize);
    }
    drop(journal);
    let whole = std::fs::read(&segments(dir.path())[0]).unwrap();
    for at in 0..ends[3] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        replace(dir.path(), &bytes);
        // Padding carries nothing, and behind the second frame nobody vouches.
        let is_padding = (0..3).any(|n| (ends[n] + 48 + [5, 6, 5][n]..ends[n + 1]).contains(&at));
        match open_from(dir.path(), 0) {
            Err(Error::Corrupt { .. }) => assert!(at < ends[2] && !is_padding, "byte {at} of {ends:?}"),
            Err(error) => panic!("byte {at}: {error}"),
            Ok((_, frames)) if is_padding => assert_eq!(frames.len(), 3, "byte {at}"),
            Ok((_, frames)) => assert!(at >= ends[2] && frames.len() == 2, "byte {at} of {ends:?}"),
        }
    }
}

#[test]
fn a_gap_or_a_foreign_segment_is_corrupt() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    commit(&journal, b"one").unwrap();
    drop(journal);
    let (journal, _) = open(dir.path());
    commit(&journal, b"two").unwrap();
    drop(journal);
    let (journal, _) = open(dir.path());
    commit(&journal, b"three").unwrap();
    drop(journal);
    let paths = segments(dir.path());
    assert_eq!(paths.len(), 3);
    let visitor: &mut Visitor<'_> = &mut |_, _, _| Ok(());
    assert!(matches!(Journal::open(dir.path(), ID + 1, 0, visitor), Err(Error::Corrupt { .. })));
    let second = std::fs::read(&paths[1]).unwrap();
    std::fs::remove_file(&paths[1]).unwrap();
    assert!(matches!(open_from(dir.path(), 0), Err(Error::Corrupt { .. })), "a missing segment");
    // A segment whose frames are gone, though a later one follows.
    std::fs::write(&paths[1], &second[..SEGMENT_HEADER_LEN]).unwrap();
    assert!(matches!(open_from(dir.path(), 0), Err(Error::Corrupt { .. })), "missing frames");
    std::fs::write(&paths[1], second).unwrap();
    std::fs::remove_file(&paths[0]).unwrap();
    assert!(matches!(open_from(dir.path(), 0), Err(Error::Corrupt { .. })), "frames missing after the root");
    assert_eq!(open_from(dir.path(), 1).unwrap().1.len(), 2);
}

/// Every segment taken away but those whose frames the root holds, one at a time and the newest ones together.
#[test]
fn missing_segments_are_missed() {
    let dir = TempDir::new().unwrap();
    Journal::begin(dir.path(), ID, 0).unwrap();
    assert!(Journal::is_unused(dir.path()).unwrap());
    for payload in [b"one".as_slice(), b"two", b"three"] {
        commit(&open(dir.path()).0, payload).unwrap();
    }
    // A segment that ends while the journal is open names the next one as well.
    let (journal, _) = open(dir.path());
    commit(&journal, &[4; 900_000]).unwrap();
    commit(&journal, &[5; 900_000]).unwrap();
    drop(journal);
    assert!(!Journal::is_unused(dir.path()).unwrap());
    let paths = segments(dir.path());
    assert_eq!(paths.len(), 6, "one without frames, and one for each commit");
    let whole: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let refusal = |what: &str| match open_from(dir.path(), 0) {
        Err(error @ Error::Corrupt { .. }) => error.to_string(),
        Err(error) => panic!("{what}: {error}"),
        Ok((_, frames)) => panic!("{what}: {} frames are left", frames.len()),
    };
    for missing in 2..6 {
        std::fs::remove_file(&paths[missing]).unwrap();
        let refused = refusal(&format!("segment {missing}"));
        if missing == 5 {
            assert!(refused.contains("segment 6, which segment 5 names as the next, got no such file"), "{refused}");
        }
        paths[missing + 1..].iter().for_each(|path| std::fs::remove_file(path).unwrap());
        refusal(&format!("segment {missing} and all after it"));
        for at in missing..6 {
            std::fs::write(&paths[at], &whole[at]).unwrap();
        }
    }
    for path in &paths[..2] {
        std::fs::remove_file(path).unwrap();
    }
    refusal("the first frame");
    assert_eq!(open_from(dir.path(), 1).unwrap().1.len(), 4);
    for path in &paths[2..] {
        std::fs::remove_file(path).unwrap();
    }
    assert!(matches!(Journal::check_begun(dir.path()), Err(Error::Corrupt { .. })));
    // Whatever of the notice a power loss keeps, it harms nobody.
    for cut in 0..=32 {
        paths.iter().zip(&whole).for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
        let len = whole[4].len() - cut;
        std::fs::write(&paths[4], [&whole[4][..len], &[0; 32][..cut]].concat()).unwrap();
        assert_eq!(open(dir.path()).1.len(), 5, "cut by {cut}");
        std::fs::remove_file(&paths[5]).unwrap();
        match open_from(dir.path(), 0) {
            Err(Error::Corrupt { .. }) => assert_eq!(cut, 0),
            Ok((_, frames)) => assert!(cut > 0 && frames.len() == 4),
            Err(error) => panic!("cut by {cut}: {error}"),
        }
    }
}

#[test]
fn a_segment_that_cannot_name_the_next_is_no_failure() {
    let dir = TempDir::new().unwrap();
    commit(&open(dir.path()).0, b"one").unwrap();
    let (journal, _) = open(dir.path());
    // Zeros, the header, then the notice.
    plan(Op::Write, 17, 1, Failure::Short(20));
    assert_eq!(commit(&journal, b"two").unwrap(), 2);
    assert_eq!(commit(&journal, b"three").unwrap(), 3);
    drop(journal);
    let first = std::fs::read(&segments(dir.path())[0]).unwrap();
    let nonce = SegmentHeader::decode(&first).unwrap().nonce;
    assert_eq!(next::find(nonce, &first), None, "the notice was written whole");
    assert_eq!(payloads(&open(dir.path()).1), [b"one".as_slice(), b"two", b"three"]);
}

#[test]
fn a_root_ahead_of_the_journal_goes_on_behind_itself() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    commit(&journal, b"one").unwrap();
    drop(journal);
    let (journal, _) = open_from(dir.path(), 5).unwrap();
    assert_eq!(commit(&journal, b"six").unwrap(), 6);
    drop(journal);
    assert_eq!(payloads(&open_from(dir.path(), 5).unwrap().1), [b"six"]);
    assert!(matches!(open_from(dir.path(), 3), Err(Error::Corrupt { .. })), "4 and 5 are in no journal");
}

#[test]
fn a_full_disk_is_cut_back_and_does_not_poison() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    commit(&journal, b"one").unwrap();
    for n in [0, 1, 47, 48, 50, 1000] {
        plan(Op::Write, 0, 1, Failure::Short(n));
        assert!(matches!(commit(&journal, b"lost"), Err(Error::Full { .. })));
    }
    // The zeroing fails too.
    plan(Op::Write, 0, 2, Failure::Short(50));
    assert!(matches!(commit(&journal, b"lost"), Err(Error::Full { .. })));
    assert_eq!(commit(&journal, b"two").unwrap(), 2);
    // No room for a new segment, and none smaller would do.
    plan(Op::Write, 0, 1, Failure::NoSpace);
    assert!(matches!(commit(&journal, &[7; 2 << 20]), Err(Error::Full { .. })));
    assert_eq!(commit(&journal, b"three").unwrap(), 3);
    plan(Op::Write, 0, 0, Failure::NoSpace);
    assert_eq!(commit(&journal, &[7; 2 << 20]).unwrap(), 4);
    drop(journal);
    let (_, frames) = open(dir.path());
    assert_eq!(payloads(&frames), [b"one".as_slice(), b"two", b"three", &[7; 2 << 20]]);
}

#[test]
fn a_smaller_segment_is_made_where_the_disk_is_nearly_full() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    plan(Op::Write, 0, 1, Failure::NoSpace);
    assert_eq!(commit(&journal, b"one").unwrap(), 1);
    assert!(std::fs::metadata(&segments(dir.path())[0]).unwrap().len() < 1 << 20);
}

/// The null control of every harness that looks for lost commits: with the planted defect, one is lost.
#[test]
fn the_planted_defect_loses_an_acknowledged_commit() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    fault::set(Fault::AckBeforeWrite);
    for n in 1..=3 {
        assert_eq!(commit(&journal, b"acknowledged").unwrap(), n);
    }
    fault::set(Fault::None);
    drop(journal);
    assert_eq!(open(dir.path()).1.len(), 2);
}

#[test]
fn a_failed_sync_poisons_for_good() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    commit(&journal, b"one").unwrap();
    let ticket = journal.append(FrameKind::Batch, b"two").unwrap();
    plan(Op::Sync, 0, 1, Failure::Device);
    assert!(matches!(journal.sync(ticket), Err(Error::Io { .. })));
    assert!(matches!(journal.sync(ticket), Err(Error::Poisoned { .. })));
    assert!(matches!(journal.append(FrameKind::Batch, b"three"), Err(Error::Poisoned { .. })));
    assert_eq!(journal.durable_sequence(), 1);
    drop(journal);
    // The frame may be there or not; the journal goes on either way.
    let (journal, frames) = open(dir.path());
    assert_eq!(commit(&journal, b"next").unwrap(), frames.len() as u64 + 1);
}

#[test]
fn a_large_segment_gets_no_more_once_its_first_frames_are_released() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    let payload = vec![3; 300_000];
    for sequence in 1..=40 {
        assert_eq!(commit(&journal, &payload).unwrap(), sequence);
    }
    // Nobody has synced this one when its segment ends.
    let ticket = journal.append(FrameKind::Batch, b"waits").unwrap();
    journal.release_before(41).unwrap();
    assert!(journal.bytes() > 300_000, "the segment that holds it stays");
    assert_eq!(journal.sync(ticket).unwrap(), 41);
    assert_eq!(commit(&journal, b"next").unwrap(), 42);
    journal.release_before(41).unwrap();
    assert_eq!(segments(dir.path()).len(), 2);
    journal.release_before(42).unwrap();
    assert_eq!(segments(dir.path()).len(), 1);
    assert!(journal.bytes() < 1000, "what is left is small, however little came after");
    drop(journal);
    let (_, frames) = open_from(dir.path(), 41).unwrap();
    assert_eq!(payloads(&frames), [b"next"]);
}

#[test]
fn segments_roll_are_prepared_and_released() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    let payload = vec![3; 300_000];
    let mut n_prepared = 0;
    for sequence in 1..=40 {
        assert_eq!(commit(&journal, &payload).unwrap(), sequence);
        n_prepared += u32::from(journal.prepare_next().unwrap());
    }
    assert!(n_prepared >= 2, "{n_prepared}");
    let n_segments = segments(dir.path()).len();
    assert!(n_segments >= 3, "{n_segments}");
    assert!(journal.bytes() > 40 * 300_000);
    journal.release_before(20).unwrap();
    assert!(segments(dir.path()).len() < n_segments);
    assert!(journal.bytes() < 40 * 300_000);
    drop(journal);
    assert!(open_from(dir.path(), 0).is_err());
    let (journal, frames) = open_from(dir.path(), 19).unwrap();
    assert_eq!((frames[0].0, frames.len()), (20, 21));
    journal.release_before(41).unwrap();
    assert_eq!(commit(&journal, b"last").unwrap(), 41);
    journal.release_before(41).unwrap();
    assert_eq!(segments(dir.path()).len(), 1);
    journal.close().unwrap();
    assert!(std::fs::metadata(&segments(dir.path())[0]).unwrap().len() < 1000);
}

#[test]
fn threads_share_syncs() {
    let dir = TempDir::new().unwrap();
    let (journal, _) = open(dir.path());
    // Of a sync that several share, all but one hear that more than their own commit is durable.
    let n_shared = AtomicU64::new(0);
    let writer = Mutex::new(());
    let n_each = 50;
    std::thread::scope(|scope| {
        for thread in 0..8u8 {
            let (journal, writer, n_shared) = (&journal, &writer, &n_shared);
            scope.spawn(move || {
                for n in 0..n_each {
                    let ticket = {
                        let _held = writer.lock().unwrap();
                        journal.append(FrameKind::Batch, &[thread, n]).unwrap()
                    };
                    let durable = journal.sync(ticket).unwrap();
                    assert!(durable >= ticket.sequence && journal.durable_sequence() >= durable);
                    n_shared.fetch_add(u64::from(durable > ticket.sequence), Ordering::SeqCst);
                }
            });
        }
    });
    let total = 8 * u64::from(n_each);
    assert_eq!(journal.durable_sequence(), total);
    assert!(n_shared.load(Ordering::SeqCst) > 0, "no sync was shared");
    drop(journal);
    let (_, frames) = open(dir.path());
    assert!(frames.iter().map(|frame| frame.0).eq(1..=total));
    for thread in 0..8 {
        let of_thread = frames.iter().filter(|frame| frame.2[0] == thread).map(|frame| frame.2[1]);
        assert!(of_thread.eq(0..n_each), "a thread's commits keep their order");
    }
}
