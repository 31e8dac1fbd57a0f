//! A limit on the size of files (`ulimit -f`): an error like that of a full disk, and nothing acknowledged is lost.
#![cfg(unix)]

use std::{fs, path::Path, process::Command};

use crate::{Ran, kgql_in, lines};

/// Runs the program where no file may be larger than so many KiB.
fn limited(dir: &Path, kib_max: u32, args: &[&str]) -> Ran {
    // The shell counts blocks of 512 bytes.
    let script = format!("ulimit -f {} && exec \"$0\" \"$@\"", kib_max * 2);
    let program = env!("CARGO_BIN_EXE_kgql");
    let output = Command::new("sh").args(["-c", &script, program]).args(args).current_dir(dir).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { out: text(output.stdout), err: text(output.stderr), code: output.status.code().unwrap_or(-1) }
}

#[test]
fn a_file_that_may_not_grow_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let query = "COPY (UNWIND range(1, 200000) AS n RETURN n, 'some text' AS s) TO 'big.csv'";
    let ran = limited(dir.path(), 512, &[":memory:", "-c", query]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("File too large"), "{ran:?}");
    kgql_in(dir.path(), [":memory:", "-c", query], "").ok();
    assert!(fs::metadata(dir.path().join("big.csv")).unwrap().len() > 1 << 20);
}

#[test]
fn a_database_that_may_not_grow_keeps_what_it_said() {
    let dir = tempfile::tempdir().unwrap();
    let text = "UNWIND range(1, 3000) AS n CREATE (a:A {s: 'text ' + toString(n * 7919)}) RETURN count(a) AS n";
    kgql_in(dir.path(), ["x.kg", "-c", text], "").ok();
    // Each fits, and all of them are more than one of the files may hold.
    let args: Vec<&str> =
        ["x.kg", "--mode", "jsonl"].into_iter().chain(["-c", text].into_iter().cycle().take(200)).collect();
    let ran = limited(dir.path(), 128, &args);
    assert!(ran.code == 3 && ran.err.contains("no space left") && !ran.err.contains("panicked"), "{ran:?}");
    let n_acknowledged = 1 + lines(&ran.out).len() as u64;
    let counted = kgql_in(dir.path(), ["x.kg", "--mode", "jsonl", "-c", "MATCH (a:A) RETURN count(a) AS n"], "").ok();
    let n = lines(&counted)[0]["n"].as_u64().unwrap();
    let n_there = n / 3000;
    assert!(n.is_multiple_of(3000), "{n}");
    assert!((n_acknowledged..=n_acknowledged + 1).contains(&n_there), "{n_there}, {n_acknowledged} acknowledged");
    kgql_in(dir.path(), ["check", "x.kg", "--deep"], "").ok();
}
