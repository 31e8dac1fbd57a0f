//! `kgql check`: silent about a sound database, loud about a damaged one.

use std::{fs, path::Path};

use crate::{kgql, kgql_in};

fn database(dir: &Path) {
    let text = "UNWIND range(1, 2000) AS n CREATE (:A {n: n, s: 'text ' + toString(n)});\n\
                MATCH (a:A), (b:A {n: 1}) CREATE (a)-[:R {n: a.n}]->(b);";
    kgql_in(dir, ["x.kg"], text).ok();
}

#[test]
fn a_sound_database_passes() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path());
    for args in [&["check", "x.kg"][..], &["check", "x.kg", "--deep"]] {
        let ran = kgql_in(dir.path(), args, "");
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        assert!(ran.out.contains("2000"), "{ran:?}");
    }
}

#[test]
fn no_database_is_3_and_none_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let ran = kgql_in(dir.path(), ["check", "x.kg"], "");
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(!dir.path().join("x.kg").exists());
    fs::write(dir.path().join("file"), "text").unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (name, reason) in [
        ("x.kg", "there is no such directory"),
        ("file/x.kg", "there is no such directory"),
        ("file", "it is a file, not a directory"),
        ("empty", "it is an empty directory"),
    ] {
        for args in [&["check", name][..], &["dump", name], &["dump", "--salvage", name], &["backup", name, "new.kg"]] {
            let ran = kgql_in(dir.path(), args, "");
            assert_eq!(ran.code, 3, "{args:?}: {ran:?}");
            assert!(ran.err.contains(&format!("{name} is no database: {reason}")), "{args:?}: {ran:?}");
        }
    }
    assert_eq!(fs::read_dir(dir.path().join("empty")).unwrap().count(), 0);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"text");
}

#[test]
fn damaged_blocks_are_3() {
    let dir = tempfile::tempdir().unwrap();
    database(dir.path());
    let mut files = Vec::new();
    collect(&dir.path().join("x.kg/blocks/slabs"), &mut files);
    files.retain(|path| fs::metadata(path).unwrap().len() > 0);
    assert!(!files.is_empty(), "a clean close leaves the data in blocks");
    for path in files {
        let mut bytes = fs::read(&path).unwrap();
        // A bit in every 64th byte: nothing of the file stays whole.
        bytes.iter_mut().skip(40).step_by(64).for_each(|byte| *byte ^= 0x10);
        fs::write(&path, bytes).unwrap();
    }
    let ran = kgql(["check".as_ref(), dir.path().join("x.kg").as_os_str(), "--deep".as_ref()]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(!ran.err.is_empty() && !ran.err.contains("panicked"), "{ran:?}");
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
