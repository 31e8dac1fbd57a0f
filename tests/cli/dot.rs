//! Dot commands: what each does, and what it says to bad input.

use std::{fs, path::Path};

use serde_json::json;

use crate::{Ran, kgql_in, lines};

/// Runs a script in memory.
fn script(dir: &Path, text: &str) -> Ran {
    kgql_in(dir, [":memory:"], text)
}

/// Runs a script that needs no directory.
fn out(text: &str) -> String {
    script(Path::new("."), text).ok()
}

#[test]
fn bad_input_to_each_command_is_2_and_names_it() {
    let wrong = [
        (".help xyzzy", "xyzzy"),
        (".schema Npc", "Npc"),
        (".indexes now", "now"),
        (".show all", "all"),
        (".mode xml", "xml"),
        (".headers maybe", "maybe"),
        (".width wide", "wide"),
        (".maxwidth -3", "-3"),
        (".maxrows many", "many"),
        (".pager less", "less"),
        (".output |less", "|less"),
        (".once", "needs a file"),
        (".read", "needs a file"),
        (".import", "takes FILE LABEL"),
        (".import a.csv Npc id", "id"),
        (".param a b", "a b"),
        (".param a-b => 1", "a-b"),
        (".param nosuch", "$nosuch"),
        (".param clear nosuch", "$nosuch"),
        (".param {a: 1} + [2]", "map"),
        (".begin now", "now"),
        (".commit now", "now"),
        (".rollback now", "now"),
        (".bail often", "often"),
        (".quit now", "now"),
        (".exit 256", "256"),
        (".timer soon", "soon"),
        (".stats soon", "soon"),
        (".echo soon", "soon"),
        (".moed csv", ".mode"),
        (":parm x => 1", ".param"),
        (".xyzzy", ".help"),
    ];
    for (line, word) in wrong {
        let ran = script(Path::new("."), line);
        assert_eq!(ran.code, 2, "{line}: {ran:?}");
        assert!(ran.err.contains(word) && ran.out.is_empty(), "{line}: {ran:?}");
    }
}

#[test]
fn files_that_cannot_be_used_are_3_and_named() {
    for line in [".output none/x", ".once none/x", ".read none/x"] {
        let ran = script(Path::new("."), line);
        assert_eq!(ran.code, 3, "{line}: {ran:?}");
        assert!(ran.err.contains("none/x"), "{line}: {ran:?}");
    }
    let ran = script(Path::new("."), ".import none/x.csv Npc");
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn help_is_grouped_and_of_one_command() {
    let all = out(".help");
    for word in ["Looking", "Running", ".import", ".maxrows", "Ctrl-C"] {
        assert!(all.contains(word), "{word}: {all}");
    }
    let one = out(".help mode");
    assert!(one.contains(".mode [MODE]") && one.lines().count() == 1, "{one}");
}

#[test]
fn modes_headers_null_and_widths() {
    assert_eq!(out(".mode tsv\nRETURN 1 AS a, 'x\ty' AS b;"), "a\tb\n1\t\"x\ty\"\n");
    assert_eq!(out(".mode line\nRETURN 1 AS a, null AS bc;"), " a = 1\nbc = null\n");
    assert_eq!(out(".mode table\n.headers off\nRETURN 1 AS a;"), "+---+\n| 1 |\n+---+\n");
    assert_eq!(out(".mode none\nRETURN 1 AS a;"), "");
    assert_eq!(out(".mode csv\n.nullvalue NULL\nRETURN null AS a;\n.nullvalue\nRETURN null AS a;"), "a\nNULL\na\n\n");
    assert_eq!(out(".mode csv\n.width 3\nRETURN 'abcdef' AS a;"), "a\nabc… (+3 characters)\n");
    let html = out(".mode html\nRETURN '<i>' AS `a&b`;");
    assert!(html.contains("<th>a&amp;b</th>") && html.contains("<td>&lt;i&gt;</td>"), "{html}");
    let narrow = out(".maxwidth 20\nRETURN 'one two three four five six' AS a;");
    assert!(narrow.lines().count() > 5 && narrow.lines().all(|line| line.chars().count() <= 20), "{narrow}");
}

#[test]
fn rows_beyond_the_limit_are_counted() {
    let ran = script(Path::new("."), ".maxrows 2\n.mode csv\nUNWIND range(1, 3412) AS n RETURN n;");
    assert_eq!(ran.out, "n\n1\n2\n", "{ran:?}");
    assert_eq!(ran.err, "2 of 3,412 rows\n");
    assert!(out(".maxrows 2\nUNWIND range(1, 3) AS n RETURN n;").ends_with("2 of 3 rows\n"));
    assert_eq!(out(".mode csv\n.maxrows 2\nUNWIND [1, 2] AS n RETURN n;"), "n\n1\n2\n");
    let ran = script(Path::new("."), ".maxrows 1\n.mode csv\nUNWIND [1, 2, 0] AS n RETURN 1 / n;");
    assert_eq!(ran.code, 1, "an error among the rows that are not shown is an error: {ran:?}");
}

#[test]
fn rows_go_to_files() {
    let dir = tempfile::tempdir().unwrap();
    let text = ".mode csv\n.once one.csv\nRETURN 1 AS a;\nRETURN 2 AS a;\n.output all.csv\nRETURN 3 AS a;\n\
                .print 'four'\nRETURN 5 AS a;\n.output\nRETURN 6 AS a;";
    assert_eq!(script(dir.path(), text).ok(), "a\n2\na\n6\n");
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(read("one.csv"), "a\n1\n");
    assert_eq!(read("all.csv"), "a\n3\nfour\na\n5\n");
}

#[test]
fn imports_and_reading_of_files() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("npc.csv"), "id,name\n1,Ada\n2,Bo\n").unwrap();
    fs::write(dir.path().join("it's.csv"), "from,to,since\n1,2,2001\n").unwrap();
    fs::write(dir.path().join("q.kgql"), "MATCH (a:Npc)-[k:KNOWS]->(b) RETURN a.name, k.since, b.name;").unwrap();
    let text = "CREATE CONSTRAINT FOR (n:Npc) REQUIRE n.id IS UNIQUE;\n.mode none\n.import npc.csv Npc KEY id\n\
                .import \"it's.csv\" KNOWS FROM Npc TO Npc\n.mode csv\n.read q.kgql";
    assert_eq!(script(dir.path(), text).ok(), "a.name,k.since,b.name\nAda,2001,Bo\n");
}

#[test]
fn parameters_of_the_prompt() {
    let text = ".mode jsonl\n:param x => 1 + 1\n.param y => [$x, 'é']\n.param {z: true, w: null}\n.param set t 2 words\n\
                RETURN $x AS x, $y AS y, $z AS z, $w AS w, $t AS t;\n.param x\n:params\n.param clear x\n.param clear\n:params";
    let out = out(text);
    let (first, rest) = out.split_once('\n').unwrap();
    assert_eq!(lines(first), [json!({"x": 2, "y": [2, "é"], "z": true, "w": null, "t": "2 words"})]);
    assert_eq!(rest, "$x => 2\n$t => '2 words'\n$w => null\n$x => 2\n$y => [2, 'é']\n$z => true\n");
    let ran = script(Path::new("."), ".param x => 1 +");
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn transactions_by_colon() {
    let text = ".mode csv\n:begin\nCREATE (:A);\n:rollback\n:begin\nCREATE (:A), (:A);\n:commit\nMATCH (a:A) RETURN count(a) AS n;";
    assert_eq!(out(text), "n\n2\n");
}

#[test]
fn echo_print_show_and_indexes() {
    assert_eq!(
        out(".mode csv\n.echo on\nRETURN 1\nAS a;\n.echo off\n.print x y"),
        "RETURN 1\nAS a;\na\n1\n.echo off\nx y\n"
    );
    let show = out(".mode csv\n.maxrows 7\n.show");
    assert!(show.contains("mode: csv") && show.contains("maxrows: 7") && show.contains("files: allowed"), "{show}");
    let indexes = out(".mode csv\nCREATE INDEX npc_id FOR (n:Npc) ON (n.id);\n.indexes");
    assert!(indexes.contains("npc_id,RANGE,Npc,id"), "{indexes}");
}

#[test]
fn timer_and_stats_tell_on_standard_error() {
    let ran = script(Path::new("."), ".timer on\n.stats on\n.mode csv\nCREATE (:A)-[:R]->(:B);\nRETURN 1 AS a;");
    assert_eq!(ran.out, "a\n1\n");
    for word in [
        "ms (parse ",
        ", plan ",
        ", execute ",
        "nodes created: 2",
        "graph: 2 nodes, 1 relationships",
        "pinned",
        "journal: ",
    ] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
}

#[test]
fn bail_off_goes_on_and_ends_with_the_first_failures_code() {
    let text = ".mode csv\nRETURN nope;\nRETURN 1 AS a;";
    let ran = script(Path::new("."), text);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let ran = script(Path::new("."), &format!(".bail off\n{text}\n.moed"));
    assert_eq!((ran.code, ran.out.as_str()), (1, "a\n1\n"));
    assert_eq!(ran.err.matches("error: ").count(), 2, "{}", ran.err);
    assert_eq!(script(Path::new("."), ".bail off\n.moed\nRETURN nope;").code, 2);
}

#[test]
fn quit_ends_with_its_code() {
    assert_eq!(script(Path::new("."), ".quit 7\nRETURN 1;").code, 7);
    assert_eq!(script(Path::new("."), ".mode csv\nRETURN 1 AS a;\n:exit\nRETURN 2 AS a;").ok(), "a\n1\n");
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("q.kgql"), ".exit 9").unwrap();
    assert_eq!(script(dir.path(), ".read q.kgql\nRETURN 1;").code, 9);
}

#[test]
fn files_that_read_each_other_end() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), ".read a").unwrap();
    let ran = script(dir.path(), ".read a");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("circle"), "{ran:?}");
}
