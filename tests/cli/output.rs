//! Rows on standard output in every mode, parameters, timings.

use serde_json::json;

use crate::{answer, kgql, kgql_in, lines};

const ROWS: &str = "UNWIND [1, null] AS n RETURN n, 'a,b' AS s ORDER BY s, n";

#[test]
fn a_box_is_the_default() {
    let out = kgql([":memory:", "-c", ROWS]).ok();
    assert_eq!(out, "┌──────┬─────┐\n│    n │ s   │\n├──────┼─────┤\n│    1 │ a,b │\n│ null │ a,b │\n└──────┴─────┘\n");
}

#[test]
fn every_mode_writes_its_form() {
    let run = |mode| kgql([":memory:", "--mode", mode, "-c", ROWS]).ok();
    assert_eq!(run("csv"), "n,s\n1,\"a,b\"\n,\"a,b\"\n");
    assert_eq!(run("jsonl"), "{\"n\":1,\"s\":\"a,b\"}\n{\"n\":null,\"s\":\"a,b\"}\n");
    assert_eq!(run("json"), "[{\"n\":1,\"s\":\"a,b\"},\n {\"n\":null,\"s\":\"a,b\"}]\n");
    assert_eq!(run("markdown"), "| n | s |\n|---|---|\n| 1 | a,b |\n| null | a,b |\n");
}

#[test]
fn entities_are_objects_in_json_and_patterns_in_a_box() {
    let create = "CREATE (a:Npc {name: 'Ada'})-[r:KNOWS {since: 1}]->(b:Npc:Old) RETURN a, r";
    let rows = answer(create);
    assert_eq!(rows[0]["a"]["labels"], json!(["Npc"]));
    assert_eq!(rows[0]["a"]["properties"], json!({"name": "Ada"}));
    assert!(rows[0]["a"]["id"].is_u64());
    assert_eq!((&rows[0]["r"]["type"], &rows[0]["r"]["properties"]), (&json!("KNOWS"), &json!({"since": 1})));
    assert_eq!(rows[0]["r"]["start"], rows[0]["a"]["id"]);
    let out = kgql([":memory:", "-c", create]).ok();
    assert!(out.contains("(:Npc {name: 'Ada'})") && out.contains("[:KNOWS {since: 1}]"), "{out}");
}

#[test]
fn parameters_are_literals_or_else_text() {
    let args = ["--param", "n=2", "--param", "s=Ada Fenn", "--param", "l=['x', 3]", "-p", "none=null"];
    let query = "RETURN $n + 1 AS n, $s AS s, $l[1] AS l, $none IS NULL AS none";
    let ran = kgql([":memory:", "--mode", "jsonl", "-c", query].into_iter().chain(args));
    assert_eq!(lines(&ran.ok()), [json!({"n": 3, "s": "Ada Fenn", "l": 3, "none": true})]);
}

#[test]
fn rows_go_to_stdout_and_talk_to_stderr() {
    let ran =
        kgql([":memory:", "--timer", "--mode", "csv", "-c", "CREATE (:A {x: 1})", "-c", "MATCH (a:A) RETURN a.x"]);
    assert_eq!(ran.out, "a.x\n1\n");
    assert!(ran.err.contains(" ms") && ran.err.contains("1 row"), "{}", ran.err);
    assert_eq!(ran.code, 0);
}

#[test]
fn no_colours_in_a_pipe() {
    let ran = kgql([":memory:", "-c", "RETURN 1 AS n, null AS x", "-c", "RETURN nope"]);
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn statements_come_from_standard_input_when_it_is_no_terminal() {
    let here = std::path::Path::new(".");
    let ran = kgql_in(here, [":memory:", "--mode", "csv"], "// a note\nRETURN 1 AS a;\nRETURN ';' AS b");
    assert_eq!(ran.ok(), "a\n1\nb\n;\n");
    assert_eq!(kgql_in(here, [":memory:"], "").ok(), "");
}

#[test]
fn bench_prints_a_json_line_for_each_statement() {
    let query = "UNWIND range(1, 20) AS n RETURN n;  RETURN 'x' AS x";
    let rows = lines(&kgql([":memory:", "--bench", "25", "-c", query]).ok());
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["rows"], &rows[0]["first_row"]), (&json!(20), &json!({"n": 1})));
    assert_eq!(rows[1]["statement"], json!("RETURN 'x' AS x"));
    for row in &rows {
        let us = |key: &str| row[key].as_f64().unwrap_or_else(|| panic!("{key}: {row}"));
        assert!(us("parse_us") >= 0.0 && us("plan_us") >= 0.0, "{row}");
        assert!(us("min_us") > 0.0 && us("min_us") <= us("median_us") && us("median_us") <= us("p99_us"), "{row}");
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["statement", "rows", "first_row", "parse_us", "plan_us", "min_us", "median_us", "p99_us"]);
    }
}

#[test]
fn version_and_help_are_data() {
    assert!(kgql(["--version"]).ok().starts_with("kgql "));
    let help = kgql(["--help"]).ok();
    for word in ["--param", "--bench", "check", "demo", "130"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn a_profile_is_a_tree_for_people_and_rows_for_programs() {
    let query = "PROFILE UNWIND range(1, 3000) AS n WITH n WHERE n % 3 = 0 RETURN n ORDER BY n DESC";
    let out = kgql([":memory:", "-c", query]).ok();
    let lines_of: Vec<&str> = out.lines().collect();
    let names: Vec<&str> = lines_of[0].split_whitespace().collect();
    assert_eq!(names, ["estimated", "rows", "batches", "own", "ms", "total", "ms", "memory", "operator"]);
    let tree: Vec<&str> = lines_of[1..].iter().map(|line| &line[lines_of[0].find("operator").unwrap()..]).collect();
    assert!(tree[0].starts_with("Result n") && tree[1].starts_with("  Sort by n DESC"), "{out}");
    assert!(lines_of[2].contains(" 1000 ") && lines_of[2].contains("KiB"), "{out}");
    let rows = lines(&kgql([":memory:", "--mode", "jsonl", "-c", query]).ok());
    let keys: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    let columns = ["depth", "operator", "estimated_rows", "rows", "batches", "own_ms", "total_ms", "memory_bytes"];
    assert_eq!(keys, columns);
    assert_eq!((&rows[0]["rows"], &rows[0]["estimated_rows"]), (&json!(1000), &json!(null)));
    let sort = &rows[1];
    assert!(sort["memory_bytes"].as_i64().unwrap() >= 8000 && sort["batches"] == json!(1), "{sort}");
}
