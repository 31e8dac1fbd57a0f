//! Ctrl-C in every kind of long statement: the program ends with 130, soon, and nothing was changed.
#![cfg(unix)]

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use crate::{command, kgql_in, send_interrupt, start_until_ready};

/// How long a statement runs before it is interrupted: long enough to be in the middle of its work.
const RUNS: Duration = Duration::from_millis(150);

/// Far above what it takes, and far below what the statements take: the machine may be busy.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Interrupts a statement; returns whether it was still running.
fn interrupt(dir: &Path, statement: &str) -> bool {
    let shown = ["x.kg", "--mode", "none", "-c", ".mode csv", "-c", "RETURN 'ready' AS r", "-c", ".mode none"];
    let mut child = start_until_ready(command(shown).args(["-c", statement]).current_dir(dir));
    std::thread::sleep(RUNS);
    if child.try_wait().unwrap().is_some() {
        return false;
    }
    send_interrupt(&child);
    let started = Instant::now();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{statement}: {said}");
    assert!(said.contains("cancelled"), "{statement}: {said}");
    assert!(started.elapsed() < ENDS_WITHIN, "{statement}: {:?}", started.elapsed());
    true
}

/// Makes a graph of 20,000 nodes, a hub that knows many of them and 100,000 relationships, and files to load.
fn world(dir: &Path) {
    let text = "CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE;\nUNWIND range(0, 19999) AS id CREATE (:P {id: id});\n\
                CREATE (:Hub);\nMATCH (h:Hub), (p:P) WHERE p.id % 10 = 0 CREATE (h)-[:R]->(p);\n\
                UNWIND range(1, 100000) AS i MATCH (a:P {id: i * 7919 % 20000}), (b:P {id: i * 104729 % 19997}) CREATE (a)-[:R]->(b);";
    kgql_in(dir, ["x.kg"], text).ok();
    let (mut nodes, mut rels) = ("id,name\n".to_owned(), "from,to,w\n".to_owned());
    for n in 0..2_000_000u64 {
        writeln!(nodes, "{n},the name of {n} which is rather long").unwrap();
        writeln!(rels, "{},{},{n}", n * 7919 % 20_000, n * 104_729 % 19_997).unwrap();
    }
    fs::write(dir.join("nodes.csv"), nodes).unwrap();
    fs::write(dir.join("rels.csv"), rels).unwrap();
}

#[test]
fn every_long_statement_is_interrupted_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    world(dir.path());
    let count = "MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n) AS n, count(r) AS r";
    let counted = || kgql_in(dir.path(), ["x.kg", "--mode", "csv", "-c", count], "").ok();
    let before = counted();
    let statements = [
        "MATCH (a:P), (b:P) WHERE a.id + b.id < 0 RETURN a, b",
        "MATCH p = (:Hub)-[*]-() RETURN count(p)",
        "UNWIND range(1, 20000000) AS n RETURN toString(n) AS s ORDER BY s DESC",
        "UNWIND range(1, 1000000000000) AS n RETURN max(n)",
        "UNWIND range(1, 100000000) AS n RETURN n AS k, count(*)",
        "UNWIND range(1, 100000000) AS n CREATE (:A {n: n})-[:R]->(:A)",
        "COPY Q FROM 'nodes.csv' (KEY id)",
        "COPY S FROM 'rels.csv' (FROM P, TO P)",
        "MATCH (a:P), (b:P) MATCH p = shortestPath((a)-[:R*]-(b)) RETURN sum(length(p))",
        "LOAD CSV FROM 'nodes.csv' AS row UNWIND range(1, 1000) AS n RETURN count(row)",
        "COPY (UNWIND range(1, 1000000000) AS n RETURN n) TO 'out.csv'",
    ];
    let n_running = statements.iter().filter(|statement| interrupt(dir.path(), statement)).count();
    // A fast machine may load a file within the time; none of the others ends by itself.
    assert!(n_running >= statements.len() - 2, "{n_running} were still running");
    if n_running == statements.len() {
        assert_eq!(counted(), before);
    }
    assert!(!dir.path().join("out.csv").exists());
    let deep = kgql_in(dir.path(), ["check", "x.kg", "--deep"], "");
    assert_eq!(deep.code, 0, "{deep:?}");
}

#[test]
fn a_script_that_goes_on_after_errors_does_not_go_on_after_ctrl_c() {
    let dir = tempfile::tempdir().unwrap();
    assert!(interrupt(dir.path(), ".bail off\nUNWIND range(1, 1000000000000) AS n RETURN max(n);\nCREATE (:Late);"));
    let out = kgql_in(dir.path(), ["x.kg", "--mode", "csv", "-c", "MATCH (n) RETURN count(n) AS n"], "").ok();
    assert_eq!(out, "n\n0\n");
}
