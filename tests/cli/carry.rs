//! `kgql dump`, `kgql restore`, `kgql backup`: whole databases out and in.

use std::{fs, path::Path};

use crate::{kgql_in, lines};

fn database(dir: &Path) {
    let text = "CREATE CONSTRAINT FOR (a:A) REQUIRE a.n IS UNIQUE;\n\
                UNWIND range(1, 2000) AS n CREATE (:A {n: n, s: 'text é ' + toString(n)});\n\
                MATCH (a:A), (b:A {n: 1}) CREATE (a)-[:R {w: a.n / 7.0}]->(b);\n\
                MATCH (a:A) WHERE a.n % 10 = 7 DETACH DELETE a;";
    kgql_in(dir, ["x.kg"], text).ok();
}

fn counted(dir: &Path, name: &str) -> serde_json::Value {
    let query =
        "MATCH (a:A) OPTIONAL MATCH (a)-[r:R]->() RETURN count(a) AS a, count(r) AS r, sum(r.w) AS w, sum(a.n) AS n";
    lines(&kgql_in(dir, [name, "--mode", "jsonl", "-c", query], "").ok()).remove(0)
}

#[test]
fn a_dump_through_pipes_and_files_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path());
    let piped = kgql_in(dir.path(), ["dump", "x.kg"], "");
    assert!(piped.err.contains("dumped 1800 nodes, 1800 relationships"), "{piped:?}");
    let stream = piped.ok();
    kgql_in(dir.path(), ["dump", "x.kg", "x.dump"], "").ok();
    assert_eq!(fs::read_to_string(dir.path().join("x.dump")).unwrap(), stream);
    kgql_in(dir.path(), ["dump", "x.kg", "readonly.dump", "--readonly"], "").ok();
    assert_eq!(fs::read_to_string(dir.path().join("readonly.dump")).unwrap(), stream);
    let restored = kgql_in(dir.path(), ["restore", "piped.kg"], &stream);
    assert!(restored.err.contains("restored 1800 nodes, 1800 relationships into piped.kg"), "{restored:?}");
    kgql_in(dir.path(), ["restore", "file.kg", "x.dump"], "").ok();
    for name in ["piped.kg", "file.kg"] {
        assert_eq!(kgql_in(dir.path(), ["dump", name], "").ok(), stream);
        assert_eq!(counted(dir.path(), name), counted(dir.path(), "x.kg"));
        kgql_in(dir.path(), ["check", name, "--deep"], "").ok();
    }
}

#[test]
fn a_backup_is_a_database() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path());
    let copied = kgql_in(dir.path(), ["backup", "x.kg", "copy.kg"], "");
    assert!(copied.err.contains("1800 nodes"), "{copied:?}");
    kgql_in(dir.path(), ["backup", "x.kg", "other.kg", "--readonly"], "").ok();
    for name in ["copy.kg", "other.kg"] {
        assert_eq!(counted(dir.path(), name), counted(dir.path(), "x.kg"));
        kgql_in(dir.path(), ["check", name, "--deep"], "").ok();
    }
    let again = kgql_in(dir.path(), ["backup", "x.kg", "copy.kg"], "");
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("not empty"), "{again:?}");
}

#[test]
fn what_cannot_be_done_says_why_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path());
    let stream = kgql_in(dir.path(), ["dump", "x.kg"], "").ok();
    let before = fs::read_dir(dir.path()).unwrap().count();
    let cut = kgql_in(dir.path(), ["restore", "new.kg"], &stream[..stream.len() / 2]);
    assert_eq!(cut.code, 3, "{cut:?}");
    assert!(cut.err.contains("the stream, line ") && cut.err.contains("the end of the stream"), "{cut:?}");
    let damaged = stream.replacen("text é 100", "text é 101", 1);
    let damaged = kgql_in(dir.path(), ["restore", "new.kg"], &damaged);
    assert_eq!(damaged.code, 3, "{damaged:?}");
    assert!(damaged.err.contains("checksum"), "{damaged:?}");
    let newer = kgql_in(dir.path(), ["restore", "new.kg"], &stream.replacen("\"version\":1", "\"version\":9", 1));
    assert_eq!(newer.code, 3, "{newer:?}");
    assert!(newer.err.contains("version 9") && newer.err.contains("version 1"), "{newer:?}");
    let taken = kgql_in(dir.path(), ["restore", "x.kg"], &stream);
    assert_eq!(taken.code, 1, "{taken:?}");
    for args in [&["dump", "none.kg"][..], &["backup", "none.kg", "new.kg"], &["restore", "new.kg", "none.dump"]] {
        assert_eq!(kgql_in(dir.path(), args, "").code, 3, "{args:?}");
    }
    let nowhere = kgql_in(dir.path(), ["dump", "x.kg", "none/x.dump"], "");
    assert_eq!(nowhere.code, 3, "{nowhere:?}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), before);
}

#[test]
fn salvage_takes_what_is_whole_and_says_what_is_not() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path());
    // Two roots, and no journal from before them.
    for n in 1..4 {
        kgql_in(dir.path(), ["x.kg", "-c", &format!("MATCH (a:A {{n: {n}}}) SET a.again = {n}")], "").ok();
    }
    let stream = kgql_in(dir.path(), ["dump", "x.kg"], "").ok();
    let whole = kgql_in(dir.path(), ["dump", "--salvage", "x.kg"], "");
    assert!(whole.out == stream && whole.err.contains("lost 0 nodes, 0 relationships"), "{}", whole.err);
    // A few bytes of every leaf in one of sled's files, one after another.
    let slabs = dir.path().join("x.kg/blocks/slabs");
    let (mut n_salvaged, mut n_told, mut n_lost) = (0, 0, 0);
    for entry in fs::read_dir(&slabs).unwrap() {
        let path = entry.unwrap().path();
        let size: usize = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        bytes.chunks_mut(size).filter(|slot| slot.len() > 60).for_each(|slot| slot[20..60].fill(0x55));
        fs::write(&path, &bytes).unwrap();
        let salvaged = kgql_in(dir.path(), ["dump", "--salvage", "x.kg", "x.dump"], "");
        assert!(!salvaged.err.contains("panicked"), "{salvaged:?}");
        assert!(fs::read(&path).unwrap() == bytes, "the damaged database was changed");
        fs::write(&path, &whole).unwrap();
        if salvaged.code == 3 {
            // The one leaf that holds both roots, the dictionary and the page table.
            assert!(salvaged.err.contains("a root that is whole"), "{salvaged:?}");
            continue;
        }
        let is_lost = salvaged.err.contains("\nlost: ") || salvaged.err.starts_with("lost: ");
        assert_eq!(salvaged.code, if is_lost { 4 } else { 0 }, "{salvaged:?}");
        n_salvaged += 1;
        n_lost += u32::from(is_lost);
        n_told += u32::from(is_lost || salvaged.err.contains("rebuilt: "));
        assert!(salvaged.err.contains("salvaged 1800 nodes, 1800 relationships"), "{salvaged:?}");
        let restored = kgql_in(dir.path(), ["restore", "new.kg", "x.dump"], "");
        assert!(restored.err.contains("restored 1800 nodes"), "{restored:?}");
        kgql_in(dir.path(), ["check", "new.kg", "--deep"], "").ok();
        fs::remove_dir_all(dir.path().join("new.kg")).unwrap();
    }
    assert!(n_salvaged >= 3 && n_told >= 2, "{n_salvaged} salvaged, {n_told} of them damaged");
    assert!(n_lost >= 1 && n_lost < n_salvaged, "{n_lost} of {n_salvaged} lost something");
    // Even without what sled knows of its files, and without our header.
    fs::remove_dir_all(dir.path().join("x.kg/blocks/metadata")).unwrap();
    fs::remove_file(dir.path().join("x.kg/header")).unwrap();
    let again = kgql_in(dir.path(), ["dump", "--salvage", "x.kg"], "");
    assert!(again.out == stream, "{}", again.err);
    for name in ["none.kg", "."] {
        let none = kgql_in(dir.path(), ["dump", "--salvage", name], "");
        assert!(none.code != 0 && none.out.is_empty(), "{none:?}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_restore_and_leaves_nothing() {
    use std::{io::Write, process::Stdio, time::Duration};

    let dir = tempfile::tempdir().unwrap();
    database(dir.path());
    let stream = kgql_in(dir.path(), ["dump", "x.kg"], "").ok();
    let mut child = crate::command(["restore", "new.kg"])
        .current_dir(dir.path())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&stream.as_bytes()[..50_000]).unwrap();
    while !dir.path().join("new.kg.partial").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    crate::send_interrupt(&child);
    std::thread::sleep(Duration::from_millis(100));
    // The read that waits for more is woken by more.
    let _ = pipe.write_all(&stream.as_bytes()[50_000..100_000]);
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(!dir.path().join("new.kg").exists() && !dir.path().join("new.kg.partial").exists());
}
