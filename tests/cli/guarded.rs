//! `--agent`, `--safe` and `--readonly`: bounded, without files, without changes.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{Ran, kgql, kgql_in, lines};

fn agent(text: &str) -> Ran {
    kgql([":memory:", "--agent", "-c", text])
}

/// Returns the one object an agent's error is.
#[track_caller]
fn error(ran: &Ran) -> Value {
    assert!(ran.out.is_empty(), "{ran:?}");
    match &lines(&ran.err)[..] {
        [error] => error.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agent_sees_few_rows_and_how_many_there_are() {
    let out = agent("UNWIND range(1, 3412) AS n RETURN n").ok();
    assert!(out.starts_with("| n |\n|---|\n| 1 |\n"), "{out}");
    assert!(out.ends_with("| 20 |\n20 of 3,412 rows\n"), "{out}");
    assert!(agent("UNWIND range(1, 3) AS n RETURN n").ok().ends_with("| 3 |\n3 rows\n"));
    let many = agent("UNWIND range(1, 3000000) AS n RETURN n").ok();
    assert!(many.contains("20 of more than "), "{many}");
    let ran = kgql([":memory:", "--agent", "--mode", "jsonl", "-c", "UNWIND range(1, 30) AS n RETURN n"]);
    assert_eq!((lines(&ran.out).len(), ran.err.as_str()), (20, "20 of 30 rows\n"));
}

#[test]
fn an_agent_sees_short_values() {
    let out = agent("RETURN range(1, 1536) AS v, reduce(s = '', n IN range(1, 500) | s + 'xy') AS t").ok();
    assert!(out.contains("… 1528 more") && out.contains("(+800 characters)"), "{out}");
    assert!(out.len() < 1000, "{out}");
    let ran = kgql([":memory:", "--agent", "--mode", "jsonl", "-c", "RETURN range(1, 1536) AS v"]);
    assert_eq!(lines(&ran.ok())[0]["v"].as_array().unwrap().len(), 9);
}

#[test]
fn an_agents_errors_are_one_object() {
    let ran = agent("MATCH (n)\nRETUNR n");
    assert_eq!(ran.code, 1);
    let said = error(&ran);
    assert_eq!((&said["code"], &said["line"], &said["column"]), (&"42001".into(), &2.into(), &1.into()));
    assert!(said["hint"].as_str().unwrap().contains("RETURN") && said["message"].as_str().unwrap().contains("RETUNR"));
    let usage = kgql([":memory:", "--agent", "--nonsense"]);
    assert_eq!((usage.code, &error(&usage)["exit_code"]), (2, &2.into()));
    let dot = agent(".moed csv");
    assert_eq!((dot.code, &error(&dot)["code"]), (2, &"Usage".into()));
    assert!(error(&dot)["message"].as_str().unwrap().contains(".mode"));
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.csv"), "id,age\n1,20\n2,x,3\n").unwrap();
    let import = kgql_in(dir.path(), [":memory:", "--agent", "-c", "COPY A FROM 'a.csv' (KEY id)"], "");
    let said = error(&import);
    assert_eq!((&said["code"], &said["file"], &said["line"]), (&"Import".into(), &"a.csv".into(), &3.into()));
}

#[test]
fn an_agent_is_told_what_changed_and_no_colours() {
    let ran = agent("CREATE (:A {name: 1}); MATCH (a:A) RETURN a.nmae");
    assert!(ran.err.contains("nodes created: 1") && ran.err.contains("note: "), "{ran:?}");
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn safe_means_no_files_whatever_is_typed() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.csv"), "id\n1\n").unwrap();
    fs::write(dir.path().join("q.kgql"), "RETURN 1;").unwrap();
    let tries = [
        ".read q.kgql",
        ":source q.kgql",
        ".output x.csv",
        ".once x.csv",
        ".import a.csv A",
        ".pager on",
        ".pager",
        "COPY A FROM 'a.csv';",
        "COPY (RETURN 1 AS a) TO 'x.csv';",
        "LOAD CSV FROM 'a.csv' AS row RETURN row;",
        "LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row;",
        ".param f => 'a.csv'\nCOPY A FROM $f;",
    ];
    for text in tries {
        let ran = kgql_in(dir.path(), [":memory:", "--safe"], text);
        assert_ne!(ran.code, 0, "{text}: {ran:?}");
        assert!(ran.err.contains("not allowed") || ran.err.contains("--safe forbids"), "{text}: {ran:?}");
    }
    let all = format!(".bail off\n{}\n.mode csv\nMATCH (n) RETURN count(n) AS n;\n.show", tries.join("\n"));
    let ran = kgql_in(dir.path(), [":memory:", "--safe"], &all);
    assert!(ran.out.contains("n\n0\n") && ran.out.contains("denied (--safe)"), "{ran:?}");
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.csv", "q.kgql"], "nothing was written");
    // What the command line itself says is the caller's own.
    kgql_in(dir.path(), [":memory:", "--safe", "-f", "q.kgql"], "").ok();
}

/// Returns the files below a directory with their bytes.
fn image(root: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(image(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn readonly_reads_refuses_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    kgql_in(dir.path(), ["x.kg", "-c", "UNWIND range(1, 1500) AS n CREATE (:A {n: n})"], "").ok();
    let before = image(dir.path());
    let count = "MATCH (a:A) RETURN count(a) AS n";
    let ran = kgql_in(dir.path(), ["x.kg", "--readonly", "--mode", "csv", "-c", count], "");
    assert_eq!(ran.ok(), "n\n1500\n");
    for text in ["CREATE (:A)", "BEGIN", "MATCH (a:A) SET a.n = 0"] {
        let ran = kgql_in(dir.path(), ["x.kg", "--readonly", "-c", text], "");
        assert_eq!(ran.code, 1, "{text}: {ran:?}");
        assert!(ran.err.contains("read-only"), "{text}: {ran:?}");
    }
    assert!(image(dir.path()) == before, "something was changed");
    let none = kgql_in(dir.path(), ["y.kg", "--readonly", "-c", count], "");
    assert_eq!(none.code, 1, "{none:?}");
    assert!(!dir.path().join("y.kg").exists());
}

#[test]
fn readonly_beside_an_owner_says_why_not_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let held = attendb::Database::open(dir.path().join("x.kg")).unwrap();
    let ran = kgql_in(dir.path(), ["x.kg", "--readonly", "-c", "RETURN 1"], "");
    assert_eq!(ran.code, 3, "{ran:?}");
    let process = format!("process {}", std::process::id());
    assert!(ran.err.contains(&process) && ran.err.contains("hint: ") && ran.err.contains("copy"), "{ran:?}");
    held.close().unwrap();
}

/// On a disk without a free byte, mounted so that nothing can be written.
#[test]
#[cfg(target_os = "linux")]
fn readonly_works_on_a_full_disk_and_on_one_that_takes_no_writes() {
    let dir = tempfile::tempdir().unwrap();
    let mount = |args: &[&str]| {
        std::process::Command::new("mount").args(args).arg(dir.path()).output().is_ok_and(|out| out.status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=24m", "tmpfs"]) {
        println!("skipped: this user may not mount a small file system");
        return;
    }
    struct Unmount<'a>(&'a Path);
    impl Drop for Unmount<'_> {
        fn drop(&mut self) {
            let _ = std::process::Command::new("umount").arg("-l").arg(self.0).status();
        }
    }
    let _unmount = Unmount(dir.path());
    kgql_in(dir.path(), ["x.kg", "-c", "UNWIND range(1, 1500) AS n CREATE (:A {n: n})"], "").ok();
    let mut chunk = 1 << 20;
    let mut ballast = fs::File::create(dir.path().join("ballast")).unwrap();
    while chunk > 0 {
        if std::io::Write::write_all(&mut ballast, &vec![1; chunk]).is_err() {
            chunk /= 2;
        }
    }
    drop(ballast);
    let before = image(&dir.path().join("x.kg"));
    let count = ["x.kg", "--readonly", "--mode", "csv", "-c", "MATCH (a:A) RETURN count(a) AS n"];
    assert_eq!(kgql_in(dir.path(), count, "").ok(), "n\n1500\n");
    assert!(mount(&["-o", "remount,ro"]), "remounting");
    assert_eq!(kgql_in(dir.path(), count, "").ok(), "n\n1500\n");
    assert!(image(&dir.path().join("x.kg")) == before, "something was changed");
}
