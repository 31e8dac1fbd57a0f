//! `COPY ACCESS LOG`: lines become accesses of the relationships they name, as if queries had attended them then.

use std::{fs, io::Write as _, path::Path};

use attendb::{Database, Error, Options, Params, Summary};
use flate2::{Compression, write::GzEncoder};

use super::support::must;

/// Ada knows Bo twice and Cy once; Bo has heard of the ball. Npcs are found by text, news by number.
fn town(folder: &Path) -> Database {
    let db = Database::memory_with(Options::default().file_roots([folder])).expect("a database in memory");
    for text in [
        "CREATE CONSTRAINT FOR (n:Npc) REQUIRE n.id IS UNIQUE",
        "CREATE CONSTRAINT FOR (n:News) REQUIRE n.no IS UNIQUE",
        "CREATE (a:Npc {id: 'ada'}), (b:Npc {id: 'bo'}), (c:Npc {id: 'cy'}), (x:News {no: 7}), \
         (a)-[:KNOWS {n: 1}]->(b), (a)-[:KNOWS {n: 2}]->(b), (a)-[:KNOWS {n: 3}]->(c), (b)-[:HEARD {n: 4}]->(x), \
         (a)-[:LIKES {n: 5}]->(b)",
    ] {
        must(&db, text);
    }
    db
}

/// What each relationship's judge knows of its accesses, by its `n`.
fn known(db: &Database) -> Vec<String> {
    let text = "CALL kg.compact({keepFraction: 0.0, dryRun: true}) YIELD relationship, reason \
                RETURN relationship.n AS n, reason ORDER BY n";
    let rows = must(db, text).rows;
    let known = |reason: &str| reason.split_once(", ").expect("judged, and why").1.to_owned();
    rows.iter().map(|row| known(row[1].as_str().unwrap())).collect()
}

fn copy(db: &Database, statement: &str) -> (Vec<i64>, Summary) {
    let mut rows = db.query(statement, ()).unwrap_or_else(|error| panic!("{statement}\n{error}"));
    assert_eq!(rows.columns().iter().map(|name| &**name).collect::<Vec<_>>(), ["file", "rows", "accesses", "rejected"]);
    let row = rows.next().unwrap().unwrap();
    let numbers = row.values()[1..].iter().map(|value| value.as_int().unwrap()).collect();
    (numbers, rows.summary().clone())
}

fn of(path: &Path, options: &str) -> String {
    format!("COPY ACCESS LOG FROM '{}' (FROM Npc, TO Npc{options})", path.display())
}

#[test]
fn lines_become_accesses_with_their_own_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = town(folder.path());
    let file = folder.path().join("a.tsv");
    let text = "time\tfrom\ttype\tto\n100\tada\tKNOWS\tbo\n110\tada\tKNOWS\tcy\n130.5\tada\tKNOWS\tcy\n";
    fs::write(&file, text).unwrap();
    let (numbers, summary) = copy(&db, &of(&file, ""));
    assert_eq!(numbers, [3, 4, 0], "both ways from ada to bo");
    assert_eq!(summary.notices, [""; 0]);
    assert!(summary.sequence.is_some());
    let never = "never attended";
    let once = "attended 1 time by about 1 sources, last at 100";
    let known = known(&db);
    assert!(known[0].starts_with("attended 1 time") && known[0].ends_with("last at 100"), "{} {once}", known[0]);
    assert_eq!(known[1], known[0]);
    assert!(known[2].starts_with("attended 2 times") && known[2].ends_with("last at 130"), "{}", known[2]);
    assert_eq!(known[3..], [never, never], "neither another type nor another pair");
}

#[test]
fn columns_come_in_any_order_and_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let news = |path: &Path| format!("COPY ACCESS LOG FROM '{}' (FROM Npc(id), TO News(no))", path.display());
    let day =
        "source,to,weight,type,time,from\nguard,7,0.5,HEARD,1970-01-02,bo\ncook,7,,HEARD,1970-01-02T01:00:00Z,bo\n";
    let lines = "{\"time\": 86400, \"from\": \"bo\", \"type\": \"HEARD\", \"to\": 7, \"source\": \"guard\"}\n\
                 {\"time\": 90000, \"from\": \"bo\", \"type\": \"HEARD\", \"to\": 7, \"source\": \"cook\"}\n";
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    zipped.write_all(day.replace(',', "\t").as_bytes()).unwrap();
    for (name, bytes) in
        [("a.csv", day.as_bytes()), ("a.tsv.gz", &zipped.finish().unwrap()), ("a.jsonl", lines.as_bytes())]
    {
        let db = town(folder.path());
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let (numbers, _) = copy(&db, &news(&file));
        assert_eq!(numbers, [2, 2, 0], "{name}");
        let known = known(&db).swap_remove(3);
        assert_eq!(known, "attended 2 times by about 2 sources, last at 90000", "{name}");
    }
    // Without a header the columns are declared.
    let db = town(folder.path());
    let file = folder.path().join("bare.tsv");
    fs::write(&file, "bo\tHEARD\t7\t12\n").unwrap();
    let options = "HEADER false, COLUMNS (from STRING, type STRING, to INTEGER, time FLOAT)";
    let text = format!("COPY ACCESS LOG FROM '{}' (FROM Npc, TO News, {options})", file.display());
    assert_eq!(copy(&db, &text).0, [1, 1, 0]);
}

#[test]
fn what_is_unknown_is_left_out_and_told_by_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = town(folder.path());
    let file = folder.path().join("a.tsv");
    let lines = [
        "time\tfrom\ttype\tto",
        "1\tada\tKNOWS\tbo",
        "2\tzoe\tKNOWS\tbo",
        "3\tbo\tKNOWS\tada",
        "4\tada\tHATES\tbo",
        "5\tada\tKNOWS\tcy",
        "6\tada\tKNOWS\tnobody",
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let (numbers, summary) = copy(&db, &of(&file, ""));
    assert_eq!(numbers, [2, 3, 4]);
    let expected = [
        (3, "no node :Npc has the key 'zoe'"),
        (4, "no relationship :KNOWS goes from 'bo' to 'ada'"),
        (5, "no relationship :HATES goes from 'ada' to 'bo'"),
        (7, "no node :Npc has the key 'nobody'"),
    ];
    assert_eq!(summary.notices.len(), expected.len(), "{:?}", summary.notices);
    for (notice, (line, what)) in summary.notices.iter().zip(expected) {
        assert!(notice.contains(what) && notice.contains(&format!("line {line}")), "{notice}");
    }
    assert!(db.query("MATCH (n) WHERE n.id IN ['zoe', 'nobody'] RETURN n", ()).unwrap().next().is_none());
}

#[test]
fn times_that_go_back_are_taken_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = town(folder.path());
    let file = folder.path().join("a.tsv");
    fs::write(
        &file,
        "time\tfrom\ttype\tto\n30\tada\tKNOWS\tcy\n10\tada\tKNOWS\tcy\n20\tada\tKNOWS\tcy\n30\tada\tKNOWS\tcy\n",
    )
    .unwrap();
    let (numbers, summary) = copy(&db, &of(&file, ""));
    assert_eq!(numbers, [4, 4, 0]);
    assert_eq!(summary.notices.len(), 1);
    assert!(summary.notices[0].starts_with("2 of 4 accesses have an earlier time"), "{}", summary.notices[0]);
    assert!(known(&db)[2].starts_with("attended 4 times"));
}

#[test]
fn a_line_that_is_no_access_stops_it_or_is_skipped() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = "1\tada\tKNOWS\tcy\t0.5";
    for (bad, column, what) in [
        ("soon\tada\tKNOWS\tcy\t1", "time", "not 'soon'"),
        ("\tada\tKNOWS\tcy\t1", "time", "not null"),
        ("2\tada\tKNOWS\tcy\t0", "weight", "not 0"),
        ("2\tada\tKNOWS\tcy\t1.5", "weight", "not 1.5"),
        ("2\tada\tKNOWS\tcy\t-1", "weight", "not -1"),
        ("2\t\tKNOWS\tcy\t1", "from", "no value"),
        ("2\tada\t\tcy\t1", "type", "no relationship type"),
    ] {
        let db = town(folder.path());
        let file = folder.path().join("bad.tsv");
        fs::write(&file, format!("time\tfrom\ttype\tto\tweight\n{good}\n{bad}\n{good}\n")).unwrap();
        match db.execute(&of(&file, ""), Params::new()) {
            Err(Error::Import(error)) => {
                assert_eq!((error.line, error.field.as_deref()), (3, Some(column)), "{bad}\n{error}");
                assert!(error.reason.contains(what), "{bad}\n{error}");
            }
            other => panic!("{bad}\n{other:?}"),
        }
        assert_eq!(known(&db)[2], "never attended", "nothing of the file is kept");
        let (numbers, summary) = copy(&db, &of(&file, ", ON ERROR SKIP"));
        assert_eq!(numbers, [2, 2, 1], "{bad}");
        assert!(summary.notices[0].contains("line 3"), "{:?}", summary.notices);
    }
}

#[test]
fn what_is_wrong_with_the_file_or_the_statement_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = town(folder.path());
    let file = folder.path().join("a.tsv");
    for (header, what) in [
        ("time\tfrom\tto", "there is no column \"type\""),
        ("from\ttype\tto", "there is no column \"time\""),
        ("time\tfrom\ttype\tto\tmood", "there is a column \"mood\""),
    ] {
        fs::write(&file, format!("{header}\n")).unwrap();
        let error = db.execute(&of(&file, ""), Params::new()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    fs::write(&file, "time\tfrom\ttype\tto\n").unwrap();
    assert_eq!(copy(&db, &of(&file, "")).0, [0, 0, 0]);
    let path = file.display();
    for (text, what) in [
        (format!("COPY ACCESS LOG FROM '{path}'"), "needs FROM and TO"),
        (format!("COPY ACCESS LOG FROM '{path}' (FROM Nobody, TO Npc)"), "no property of :Nobody is unique"),
        (format!("COPY ACCESS LOG FROM '{path}' (FROM Npc(name), TO Npc)"), "Npc.name is not unique"),
        (format!("COPY ACCESS LOG FROM '{path}.nt' (FROM Npc, TO Npc)"), "triples"),
    ] {
        let error = db.execute(&text, Params::new()).unwrap_err().to_string();
        assert!(error.contains(what), "{text}\n{error}");
    }
    let snapshot = db.read().unwrap();
    assert!(matches!(snapshot.query(&of(&file, ""), Params::new()), Err(Error::NotAllowed { .. })));
}
