//! Exit codes, and what errors say.

use std::fs;
#[cfg(unix)]
use std::{path::Path, time::Duration};

#[cfg(unix)]
use crate::{command, send_interrupt, start_until_ready};
use crate::{kgql, kgql_in};

#[test]
fn a_wrong_statement_is_1_and_points_at_the_place() {
    let ran = kgql([":memory:", "-c", "MATCH (n)\nRETURN n.name, missing"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("line 2, column 16"), "{}", ran.err);
    let caret = ran.err.lines().find(|line| line.contains('^')).expect("a caret");
    assert!(caret.ends_with("               ^^^^^^^"), "{}", ran.err);
    assert!(ran.err.contains("missing"), "{}", ran.err);
}

#[test]
fn a_misspelt_keyword_is_1_with_its_place() {
    let ran = kgql([":memory:", "-c", "MATHC (n) RETURN n"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("line 1, column 1") && ran.err.contains('^'), "{}", ran.err);
    assert!(ran.err.contains("MATCH"), "no similar word: {}", ran.err);
}

#[test]
fn wrong_usage_is_2() {
    let wrong: [&[&str]; 6] = [
        &[],
        &[":memory:", "--mode", "xml", "-c", "RETURN 1"],
        &[":memory:", "--bench", "0", "-c", "RETURN 1"],
        &[":memory:", "--param", "novalue", "-c", "RETURN 1"],
        &[":memory:", "--nonsense"],
        &[":memory:", "-c", "RETURN 1", "-f", "x.kgql"],
    ];
    for args in wrong {
        let ran = kgql(args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{args:?}: {ran:?}");
    }
}

#[test]
fn unreadable_files_are_3() {
    let dir = tempfile::tempdir().unwrap();
    let missing = kgql_in(dir.path(), [":memory:", "-f", "missing.kgql"], "");
    assert_eq!(missing.code, 3);
    assert!(missing.err.contains("missing.kgql"), "{}", missing.err);
    fs::write(dir.path().join("latin.kgql"), b"RETURN '\xe9'").unwrap();
    let latin = kgql_in(dir.path(), [":memory:", "-f", "latin.kgql"], "");
    assert_eq!(latin.code, 3);
    assert!(latin.err.contains("UTF-8 at byte 8"), "{}", latin.err);
}

#[test]
fn a_file_in_the_databases_place_is_3() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.kg");
    fs::write(&path, "no database").unwrap();
    let ran = kgql([path.as_os_str(), "-c".as_ref(), "RETURN 1".as_ref()]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(fs::read(&path).unwrap(), b"no database");
}

#[test]
fn an_open_database_is_3_and_names_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let held = attendb::Database::open(dir.path().join("x.kg")).unwrap();
    let refused = kgql_in(dir.path(), ["x.kg", "-c", "RETURN 1 AS n"], "");
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains(&std::process::id().to_string()), "{refused:?}");
    held.close().unwrap();
    kgql_in(dir.path(), ["x.kg", "-c", "RETURN 1 AS n"], "").ok();
}

#[test]
fn a_bad_row_names_file_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.csv"), "id,age\n1,20\n2,x,3\n").unwrap();
    let ran = kgql_in(dir.path(), [":memory:", "-c", "COPY A FROM 'a.csv' (KEY id)"], "");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("a.csv, line 3"), "{}", ran.err);
}

/// A statement that takes minutes, cancelled.
#[test]
#[cfg(unix)]
fn an_interrupted_statement_is_130() {
    let endless = "UNWIND range(1, 3000000) AS a UNWIND range(1, 3000000) AS b WITH a, b WHERE a + b < 0 RETURN a, b";
    let child = start_until_ready(&mut command([":memory:", "-c", "RETURN 'ready' AS r", "-c", endless]));
    std::thread::sleep(Duration::from_millis(100));
    send_interrupt(&child);
    let started = std::time::Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
#[cfg(unix)]
fn a_database_directory_that_cannot_be_made_is_3() {
    let ran = kgql([Path::new("/dev/null/x.kg").as_os_str(), "-c".as_ref(), "RETURN 1".as_ref()]);
    assert_eq!(ran.code, 3, "{ran:?}");
}
