//! A bit, a block, a cut in every kind of file, a log without its end, leaves in each other's place.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use super::{metadata::Files, *};
use crate::storage::{
    bytes::Bytes,
    key::{BlockKey, BlockKind},
    store::Store,
};

/// Longer than any open takes.
const HANGS_AFTER: Duration = Duration::from_secs(30);

fn key(block: u32) -> BlockKey {
    BlockKey::new(BlockKind::RelEnd, 1, block, 1)
}

/// Returns bytes that no compression makes shorter, as many for each block: so there are slots of all sizes.
fn value(block: u32) -> Vec<u8> {
    let mut state = u64::from(block) + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    let len = if block % 100 < 30 { 20 } else { 1500 };
    (0..len).map(|_| next()).collect()
}

fn write(store: &Store, blocks: std::ops::Range<u32>) {
    store.apply(blocks.map(|n| (key(n), Some(Bytes::copy_of(&value(n))))).collect()).unwrap();
    store.flush().unwrap();
}

/// Writes blocks 0 to 199 in a few flushes, and reopens in between: a snapshot, a log of several frames, slots of all sizes.
fn made(path: &Path) {
    for half in 0..2 {
        let store = Store::open(path).unwrap();
        (0..4).for_each(|n| write(&store, half * 100 + n * 25..half * 100 + n * 25 + 25));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.retain(|path| fs::metadata(path).unwrap().len() > 0);
    found.sort();
    found
}

/// Returns what becomes of opening, reading every block twice and dropping: the error, or which blocks could not be read.
fn tried(path: &Path) -> Result<Vec<u32>> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_path_buf();
    thread::spawn(move || {
        let tried = Store::open(&path).map(|store| {
            let right = |n: &u32| match store.get(&key(*n)) {
                Ok(Some(bytes)) => {
                    assert!(*bytes == value(*n), "block {n} is another");
                    true
                }
                Ok(None) => panic!("block {n} is gone"),
                Err(_) => false,
            };
            let unread = (0..200).filter(|n| !right(n)).collect();
            let _ = store.scan(&key(0), &mut |_, _| true);
            unread
        });
        sender.send(tried).unwrap();
    });
    receiver.recv_timeout(HANGS_AFTER).expect("an open that neither hangs nor finds wrong bytes")
}

fn leaves(path: &Path) -> Vec<Object> {
    let (_, objects) = metadata::read(path, None).unwrap().unwrap();
    metadata::leaves(path, &objects).unwrap()
}

fn flip(path: &Path, at: u64) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at as usize] ^= 4;
    fs::write(path, bytes).unwrap();
}

/// A damage: its name, and what it does to bytes at a place.
type Damage = (&'static str, fn(&mut Vec<u8>, usize));

#[test]
fn damage_of_every_file_is_told_or_harms_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    made(&whole);
    let other = dir.path().join("other");
    copy(&whole, &other);
    assert!(tried(&other).unwrap().is_empty());
    let names: Vec<PathBuf> = files(&whole).iter().map(|path| path.strip_prefix(&whole).unwrap().into()).collect();
    assert!(names.iter().any(|name| name.starts_with("metadata/snapshot_0000000000000002")), "{names:?}");
    assert!(names.iter().filter(|name| name.starts_with(SLABS)).count() > 3, "{names:?}");
    let damages: [Damage; 3] = [
        ("a flipped bit", |bytes, at| bytes[at] ^= 0x10),
        ("zeros", |bytes, at| bytes.iter_mut().skip(at).take(512).for_each(|byte| *byte = 0)),
        ("a cut", |bytes, at| bytes.truncate(at)),
    ];
    let mut n_told = 0;
    for name in &names {
        for (what, damage) in damages {
            for part in [0, 1, 2] {
                let damaged = dir.path().join("damaged");
                copy(&whole, &damaged);
                let mut bytes = fs::read(damaged.join(name)).unwrap();
                let at = (bytes.len() - 1) * part / 2;
                damage(&mut bytes, at);
                let is_same = bytes == fs::read(damaged.join(name)).unwrap();
                fs::write(damaged.join(name), bytes).unwrap();
                let tried = tried(&damaged);
                let is_metadata = name.starts_with(metadata::FOLDER);
                match &tried {
                    Err(Error::Corrupt { what, .. }) => assert!(what.contains("blocks") || !what.is_empty()),
                    Err(Error::Io { .. }) => {}
                    Err(other) => panic!("{name:?}: {what} at {at}: {other:?}"),
                    Ok(_) => assert!(is_same || !is_metadata, "{name:?}: {what} at {at} was not found"),
                }
                n_told += usize::from(tried.is_err());
                fs::remove_dir_all(&damaged).unwrap();
            }
        }
    }
    assert!(n_told > names.len() * 2, "{n_told}");
}

#[test]
fn a_log_that_was_cut_between_frames_is_told() {
    let dir = tempfile::tempdir().unwrap();
    made(dir.path());
    let files = Files::list(dir.path()).unwrap();
    let (_, log) = files.logs.first_key_value().unwrap();
    let bytes = fs::read(log).unwrap();
    let mut objects = Default::default();
    let first = metadata::Reader { path: log, bytes: &bytes }.apply(0, &mut objects).unwrap();
    assert!(first > 0 && first < bytes.len());
    // What a write was torn off is behind what is vouched for.
    fs::write(log, [&bytes[..], &bytes[..20]].concat()).unwrap();
    assert!(check(dir.path()).is_ok());
    for end in [0, first] {
        fs::write(log, &bytes[..end]).unwrap();
        let error = check(dir.path()).unwrap_err().to_string();
        assert!(error.contains("log_") && error.contains(&format!("ends at {end}")), "{error}");
    }
    // A store of a version that did not vouch.
    fs::write(log, &bytes).unwrap();
    fs::remove_file(dir.path().join(vouch::NAME)).unwrap();
    assert!(check(dir.path()).is_ok());
    fs::remove_file(&files.snapshot.unwrap().1).unwrap();
    assert!(matches!(check(dir.path()), Err(Error::Corrupt { .. })));
    fs::remove_file(log).unwrap();
    let error = check(dir.path()).unwrap_err().to_string();
    assert!(error.contains("though there are leaves"), "{error}");
}

#[test]
fn a_leaf_in_the_place_of_another_is_told() {
    let dir = tempfile::tempdir().unwrap();
    made(dir.path());
    let objects = leaves(dir.path());
    let slabs = dir.path().join(SLABS);
    let small: Vec<_> = objects.iter().filter(|object| slabs::slot_len(object.slab) <= SLOT_CHECKED_MAX).collect();
    let pair = |a: usize| Some((small[a], *small[a + 1..].iter().find(|b| b.slab == small[a].slab)?));
    let (a, b) = (0..small.len()).find_map(pair).expect("two leaves in slots of the same size");
    let (path, _) = slabs::path_of(&slabs, a);
    let mut bytes = fs::read(&path).unwrap();
    let len = slabs::slot_len(a.slab) as usize;
    let [a, b] = [a, b].map(|object| object.slot as usize * len);
    let other = bytes[b..b + len].to_vec();
    bytes.copy_within(a..a + len, b);
    bytes[a..a + len].copy_from_slice(&other);
    fs::write(&path, bytes).unwrap();
    let error = tried(dir.path()).unwrap_err().to_string();
    assert!(error.contains("the leaf of other keys"), "{error}");
}

/// A kill after most leaves went: sled would move the others, were it not told to let them lie, and wait for ever at a
/// damaged one.
#[test]
fn a_damaged_leaf_between_holes_stops_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (path, killed) = (dir.path().join("store"), dir.path().join("killed"));
    made(&path);
    let store = Store::open(&path).unwrap();
    store.apply((0..150).map(|n| (key(n), None)).collect()).unwrap();
    store.flush().unwrap();
    copy(&path, &killed);
    drop(store);
    let large = |object: &Object| slabs::slot_len(object.slab) > SLOT_CHECKED_MAX;
    let object = leaves(&killed).into_iter().filter(large).max_by_key(|object| object.slot).unwrap();
    let (slab, at) = slabs::path_of(&killed.join(SLABS), &object);
    assert!(object.slot > 2, "there are holes before it");
    flip(&slab, at + 9);
    let store = Store::open(&killed).unwrap();
    write(&store, 150..152);
    drop(store);
    let store = Store::open(&killed).unwrap();
    let unread = (150..200).filter(|n| store.get(&key(*n)).is_err()).count();
    assert!((1..=50).contains(&unread), "{unread}");
}

/// What the check adds to an open and a keyed read: of 14,000 blocks, some of them in small slots.
#[test]
#[ignore = "a measurement"]
fn measure_check() {
    let dir = tempfile::tempdir().unwrap();
    let blocks = |n: u32| (0..n).map(|n| (key(n), Some(Bytes::copy_of(&[value(n), value(n + 7)].concat()))));
    {
        let store = Store::open(dir.path()).unwrap();
        for part in 0..10 {
            store.apply(blocks(14_000).skip(part * 1400).take(1400).collect()).unwrap();
            store.flush().unwrap();
        }
    }
    let best = |work: &dyn Fn()| {
        let times = (0..20).map(|_| {
            let begun = std::time::Instant::now();
            work();
            begun.elapsed().as_secs_f64() * 1e3
        });
        times.fold(f64::MAX, f64::min)
    };
    let bytes: u64 = files(dir.path()).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    let check = best(&|| drop(check(dir.path()).unwrap()));
    let open = best(&|| drop(Store::open(dir.path()).unwrap().get(&key(5)).unwrap()));
    println!("{} MB: check {check:.2} ms of {open:.2} ms for open, read and drop", bytes >> 20);
}
