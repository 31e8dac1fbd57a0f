//! Files of statements: order, errors with their line, transactions, dot commands; and the bundled OpenFlights scripts.

use std::{fs, fs::File, io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use crate::{kgql_in, lines};

#[test]
fn a_script_stops_at_the_first_error_and_names_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let script = "// first\nCREATE (:A);\n\nCREATE (:A);\nMATCH (a:A)\nRETURN nothing;\nCREATE (:A);\n";
    fs::write(dir.path().join("s.kgql"), script).unwrap();
    let ran = kgql_in(dir.path(), ["x.kg", "-f", "s.kgql"], "");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("s.kgql:5"), "the statement's line: {}", ran.err);
    assert!(ran.err.contains("line 6, column 8"), "the error's line: {}", ran.err);
    // Each statement before the error was its own transaction and stays.
    let count = kgql_in(dir.path(), ["x.kg", "--mode", "csv", "-c", "MATCH (a:A) RETURN count(a) AS n"], "");
    assert_eq!(count.ok(), "n\n2\n");
}

#[test]
fn transactions_are_kept_or_dropped_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let run = |text: &str| kgql_in(dir.path(), ["x.kg", "--mode", "csv"], text);
    let count = || run("MATCH (a:A) RETURN count(a) AS n").ok();
    run("BEGIN; CREATE (:A); CREATE (:A); ROLLBACK;").ok();
    assert_eq!(count(), "n\n0\n");
    let inside = run("begin transaction; CREATE (:A); MATCH (a:A) RETURN count(a) AS n; COMMIT;").ok();
    assert_eq!((inside.as_str(), count().as_str()), ("n\n1\n", "n\n1\n"));
    // An error inside ends the script, and the transaction with it.
    assert_eq!(run("BEGIN; CREATE (:A); RETURN nothing; COMMIT;").code, 1);
    assert_eq!(count(), "n\n1\n");
    // So does the end of the script.
    let open = run("BEGIN; CREATE (:A);");
    assert!(open.code == 0 && open.err.contains("rolled back"), "{open:?}");
    assert_eq!(count(), "n\n1\n");
    for text in ["COMMIT;", "ROLLBACK;", "BEGIN; BEGIN;"] {
        assert_eq!(run(text).code, 1, "{text}");
    }
}

#[test]
fn dot_commands_work_in_scripts() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("inner.kgql"), ".mode jsonl\nRETURN 2 AS n;").unwrap();
    let run = |text: &str| kgql_in(dir.path(), [":memory:"], text);
    assert_eq!(run(".mode csv\nRETURN 1 AS n;\n.read inner.kgql\n.quit\nRETURN 3 AS n;").ok(), "n\n1\n{\"n\":2}\n");
    assert!(run(".help").ok().contains(".schema"));
    let wrong = run(".mode xml");
    assert!(wrong.code == 2 && wrong.err.contains("xml"), "{wrong:?}");
    fs::write(dir.path().join("circle.kgql"), ".read circle.kgql").unwrap();
    let circle = run(".read circle.kgql");
    assert!(circle.code == 2 && circle.err.contains("circle"), "{circle:?}");
}

#[test]
fn schema_lists_labels_types_and_keys() {
    let dir = tempfile::tempdir().unwrap();
    let text = "CREATE (:Npc {name: 'Ada'})-[:KNOWS {since: 1}]->(:Npc);\n\
                CREATE CONSTRAINT npc_name FOR (n:Npc) REQUIRE n.name IS UNIQUE;\n.schema";
    let out = kgql_in(dir.path(), [":memory:"], text).ok();
    for word in ["Npc", "KNOWS", "name", "since", "npc_name"] {
        assert!(out.contains(word), "{word}: {out}");
    }
}

#[test]
fn what_was_written_is_there_in_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    kgql_in(dir.path(), ["x.kg", "-c", "CREATE (:A {name: 'é', n: 1.5, l: [1, 2]})"], "").ok();
    let ran = kgql_in(
        dir.path(),
        ["x.kg", "--mode", "jsonl", "-c", "MATCH (a:A) RETURN a.name AS s, a.n AS n, a.l AS l"],
        "",
    );
    assert_eq!(lines(&ran.ok()), [json!({"s": "é", "n": 1.5, "l": [1, 2]})]);
}

/// The OpenFlights scripts over a few airports: Tallinn and Riga, Stockholm between them and New York.
#[test]
fn shortest_connections_by_great_circle_distance() {
    let dir = tempfile::tempdir().unwrap();
    let airport = |id: u32, city: &str, iata: &str, lat: f64, lon: f64| {
        format!(
            "{id},\"{city} \"\"A\"\"\",\"{city}\",\\N,\"{iata}\",\\N,{lat},{lon},10,2,\"E\",\\N,\"airport\",\"x\"\n"
        )
    };
    let airports = [
        airport(1, "Tallinn", "TLL", 59.413_318_634, 24.832_799_911_5),
        airport(2, "Stockholm", "ARN", 59.651_901_245_117, 17.918_600_082_397),
        airport(3, "New York", "JFK", 40.639_801_025_4, -73.778_900_146_5),
        airport(4, "Riga", "RIX", 56.923_599_243_2, 23.971_099_853_5),
    ];
    let routes = "A,1,TLL,1,ARN,2,,0,320\nB,2,TLL,1,ARN,2,Y,0,\nA,1,ARN,2,JFK,3,,0,333\nA,1,TLL,1,RIX,4,,0,\n\
                  A,1,RIX,4,JFK,3,,0,\nA,1,TLL,1,XXX,\\N,,0,\nA,1,RIX,4,TLL,1,,0,\n";
    gzip(dir.path(), "airports.dat.gz", &airports.concat());
    gzip(dir.path(), "airlines.dat.gz", "1,\"Air A\",\\N,\"A\",\"AAA\",\\N,\"Estonia\",\"Y\"\n");
    gzip(dir.path(), "routes.dat.gz", routes);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/openflights");
    let run = |script: &str| {
        let file = examples.join(script);
        let args = ["f.kg", "--mode", "jsonl", "--param", "from=TLL", "--param", "to=JFK", "-f"];
        lines(&kgql_in(dir.path(), args.iter().map(AsRef::as_ref).chain([file.as_os_str()]), "").ok())
    };
    assert_eq!(run("load.kgql").last(), Some(&json!({"airports": 4, "airlines": 1, "flights": 6})));
    assert_eq!(
        run("shortest.kgql"),
        [
            json!({"via": ["TLL", "ARN", "JFK"], "cities": ["Tallinn", "Stockholm", "New York"], "kilometres": 6683.0}),
            json!({"via": ["TLL", "RIX", "JFK"], "cities": ["Tallinn", "Riga", "New York"], "kilometres": 7027.0}),
        ]
    );
}

/// The museum's script: its answers, and that an explanation is a tree for people and a map for programs.
#[test]
fn a_museum_is_visited() {
    let dir = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/museum/visit.kgql");
    let run = |mode: &str| {
        let args = [":memory:", "--mode", mode, "-f"];
        kgql_in(dir.path(), args.iter().map(AsRef::as_ref).chain([file.as_os_str()]), "").ok()
    };
    let rows = lines(&run("jsonl"));
    assert_eq!(rows.len(), 7, "three alike, two walks, two to see next");
    for alike in &rows[..3] {
        let parts = &alike["why"]["heads"][0];
        let sum =
            parts["spaces"]["text"]["logit"].as_f64().unwrap() + parts["spaces"]["look"]["logit"].as_f64().unwrap();
        assert!((sum - parts["logit"].as_f64().unwrap()).abs() < 1e-6, "{alike}");
    }
    assert_eq!(
        rows[3]["walk"],
        json!(["Foyer", "Ships", "Gardens", "Attic"]),
        "past the boats, though it is not the shortest"
    );
    let costs: f64 = rows[3]["why"]["hops"].as_array().unwrap().iter().map(|hop| hop["cost"].as_f64().unwrap()).sum();
    assert!((costs - rows[3]["why"]["cost"].as_f64().unwrap()).abs() < 1e-9);
    assert!(rows[5..].iter().all(|row| row["room"] != "Ships" && row["room"] != "Gardens"), "{rows:?}");
    let tree = run("table");
    for line in ["| |- text ", "| `- of 12 candidates", "| 3 hops  score 0.", "| |  `- of 3 candidates"] {
        assert!(tree.contains(line), "{line} is not in\n{tree}");
    }
}

fn gzip(directory: &Path, name: &str, text: &str) {
    let mut file = GzEncoder::new(File::create(directory.join(name)).unwrap(), Compression::fast());
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap();
}
