//! Vectors from files: every format, what is refused and where, and that what was loaded is there after a restart.

use std::{fs, io::Write, path::Path};

use attendb::{Database, FileAccess, Options, Value, params};

use crate::support::{count, must};

/// The nodes of a database that is loaded: more than a block of ids.
const N: usize = 1_500;

fn open(dir: &Path) -> Database {
    let files = FileAccess::Roots(vec![dir.to_owned()]);
    Database::open_with(dir.join("db"), Options { files, background: false, ..Options::default() }).unwrap()
}

/// A database with nodes `0..N`, a space of three numbers, and others that are in no space.
fn world(dir: &Path) -> Database {
    let db = open(dir);
    must(&db, "CREATE CONSTRAINT FOR (n:Npc) REQUIRE n.id IS UNIQUE");
    must(&db, "CREATE CONSTRAINT FOR (n:Place) REQUIRE n.name IS UNIQUE");
    must(&db, &format!("UNWIND range(0, {}) AS at CREATE (:Npc {{id: at}})", N - 1));
    must(&db, "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 3");
    db
}

/// What row `at` holds: exact in every format that is read.
fn vector(at: usize) -> [f32; 3] {
    [(at % 100) as f32, 1.0, -((at % 7) as f32)]
}

fn npy(descr: &str, rows: usize, dimension: usize, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}");
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

/// The numbers of all rows, one after another, as a format writes them.
fn data(number: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    (0..N).flat_map(vector).flat_map(number).collect()
}

/// A half: only of small whole numbers, which is all these tests write.
fn half(x: f32) -> u16 {
    let bits = x.to_bits();
    let (sign, exponent) = ((bits >> 16 & 0x8000) as u16, (bits >> 23 & 0xff) as i32 - 127);
    if x == 0.0 { sign } else { sign | ((exponent + 15) as u16) << 10 | (bits >> 13 & 0x3ff) as u16 }
}

fn ids(from: usize) -> String {
    (from..N).map(|at| format!("{at}\n")).collect()
}

fn gzip(bytes: &[u8], path: &Path) {
    let mut child = std::process::Command::new("gzip")
        .arg("-c")
        .stdin(std::process::Stdio::piped())
        .stdout(fs::File::create(path).unwrap())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    assert!(child.wait().unwrap().success());
}

#[track_caller]
fn check_all(db: &Database, what: &str) {
    let rows = must(db, "MATCH (n:Npc) WHERE n.vec IS NOT NULL RETURN n.id, n.vec ORDER BY n.id").rows;
    assert_eq!(rows.len(), N, "{what}");
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row[0], Value::Int(at as i64), "{what}");
        assert_eq!(row[1], Value::list(vector(at).map(|x| Value::Float(x.into()))), "{what}, row {at}");
    }
    assert!(db.check(true).unwrap().is_sound(), "{what}");
}

#[track_caller]
fn refused(db: &Database, text: &str, messages: &[&str]) {
    let found = db.query(text, ()).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
    let error = found.expect_err(text).to_string();
    for message in messages {
        assert!(error.contains(message), "{text}\n{error}\nexpected: {message}");
    }
    assert_eq!(count(db, "MATCH (n:Npc) WHERE n.vec IS NOT NULL RETURN count(*)"), 0, "{text}: nothing is kept");
}

#[test]
fn vectors_come_from_every_format_and_stay() {
    let dir = tempfile::tempdir().unwrap();
    let db = world(dir.path());
    let path = |name: &str| dir.path().join(name);
    fs::write(path("ids.txt"), ids(0)).unwrap();
    gzip(ids(0).as_bytes(), &path("ids.txt.gz"));
    let singles = npy("<f4", N, 3, &data(|x| x.to_le_bytes().to_vec()));
    fs::write(path("f4.npy"), &singles).unwrap();
    gzip(&singles, &path("f4.npy.gz"));
    fs::write(path("f8.npy"), npy("<f8", N, 3, &data(|x| f64::from(x).to_le_bytes().to_vec()))).unwrap();
    fs::write(path("f2.npy"), npy("<f2", N, 3, &data(|x| half(x).to_le_bytes().to_vec()))).unwrap();
    fs::write(path("i1.npy"), npy("|i1", N, 3, &data(|x| vec![(x as i8) as u8]))).unwrap();
    let fvecs = |at: usize| {
        let mut row = 3u32.to_le_bytes().to_vec();
        row.extend(vector(at).iter().flat_map(|x| x.to_le_bytes()));
        row
    };
    fs::write(path("v.fvecs"), (0..N).flat_map(fvecs).collect::<Vec<u8>>()).unwrap();
    let line = |at: usize| {
        let [x, y, z] = vector(at);
        format!("{{\"id\": {at}, \"more\": \"text\", \"vec\": [{x}, {y}, {z}]}}\n")
    };
    let lines: String = (0..N).map(line).collect();
    fs::write(path("v.jsonl"), &lines).unwrap();
    gzip(lines.as_bytes(), &path("v.jsonl.gz"));
    let cells = |at: usize| {
        let [x, y, z] = vector(at);
        format!("\"[{x}, {y}, {z}]\",{at}\n")
    };
    fs::write(path("v.csv"), format!("numbers,id\n{}", (0..N).map(cells).collect::<String>())).unwrap();
    for (file, options) in [
        ("f4.npy", "IDS 'ids.txt'"),
        ("f4.npy.gz", "IDS 'ids.txt.gz'"),
        ("f8.npy", "IDS 'ids.txt'"),
        ("f2.npy", "IDS 'ids.txt'"),
        ("i1.npy", "IDS 'ids.txt'"),
        ("v.fvecs", "IDS 'ids.txt'"),
        ("v.jsonl", "ON ERROR SKIP"),
        ("v.jsonl.gz", "VECTOR vec"),
        ("v.csv", "VECTOR numbers"),
    ] {
        must(&db, "MATCH (n:Npc) REMOVE n.vec");
        let text = format!("COPY EMBEDDING text FROM '{file}' (KEY Npc(id), {options})");
        let rows = must(&db, &text).rows;
        let told = |n: usize, updated: usize| {
            vec![file.into(), Value::Int(n as i64), Value::Int(0), Value::Int(updated as i64), Value::Int(0)]
        };
        assert_eq!(rows, [told(N, N)], "{file}");
        check_all(&db, file);
        // Again, it changes nothing.
        assert_eq!(must(&db, &text).rows, [told(N, 0)], "{file}");
    }
    // From the journal, and from blocks.
    drop(db);
    let db = open(dir.path());
    check_all(&db, "after a restart");
    db.checkpoint().unwrap();
    db.close().unwrap();
    let db = open(dir.path());
    check_all(&db, "after a checkpoint");
    let near = must(&db, "MATCH (n:Npc) ATTEND n IN (FOR [98, 1, 0] LIMIT 1) RETURN n.vec[0]").rows;
    assert_eq!(near, [vec![Value::Float(98.0)]]);
}

#[test]
fn what_others_have_in_the_same_blocks_stays() {
    let dir = tempfile::tempdir().unwrap();
    let db = world(dir.path());
    // Nodes of no space beside those of the space, with anything in the property; some not yet in a block.
    must(&db, "MATCH (n:Npc) WHERE n.id % 3 = 1 REMOVE n:Npc SET n:Plain, n.vec = 'text ' + n.id");
    db.checkpoint().unwrap();
    must(&db, "MATCH (n:Plain) WHERE n.id % 2 = 1 SET n.vec = [0.1, n.id]");
    must(&db, "MATCH (n:Npc {id: 0}) SET n.vec = [9, 9, 9]");
    must(&db, "MATCH (n:Npc {id: 1400}) SET n.vec = [8, 8, 8]");
    let others = || must(&db, "MATCH (n:Plain) RETURN n.id, n.vec ORDER BY n.id").rows;
    let before = others();
    let lines: String =
        (3..N - 200).filter(|at| at % 3 != 1).map(|at| format!("{{\"id\":{at},\"vec\":[{at},0,1]}}\n")).collect();
    fs::write(dir.path().join("v.jsonl"), &lines).unwrap();
    must(&db, "COPY EMBEDDING text FROM 'v.jsonl' (KEY Npc(id))");
    assert_eq!(others(), before);
    let of = |id: usize| must(&db, &format!("MATCH (n:Npc {{id: {id}}}) RETURN n.vec")).rows[0][0].to_string();
    assert_eq!((of(0), of(1400)), ("[9.0, 9.0, 9.0]".to_owned(), "[8.0, 8.0, 8.0]".to_owned()));
    assert_eq!(
        (of(2), of(3), of(1299)),
        ("null".to_owned(), "[3.0, 0.0, 1.0]".to_owned(), "[1299.0, 0.0, 1.0]".to_owned())
    );
    // A change after it, on top of the blocks, and all of it from the journal.
    must(&db, "MATCH (n:Npc {id: 3}) SET n.vec = [7, 7, 7]");
    drop(db);
    let db = open(dir.path());
    assert_eq!(must(&db, "MATCH (n:Plain) RETURN n.id, n.vec ORDER BY n.id").rows, before);
    assert_eq!(must(&db, "MATCH (n:Npc {id: 3}) RETURN n.vec[0]").rows, [vec![Value::Float(7.0)]]);
    assert_eq!(must(&db, "MATCH (n:Npc {id: 5}) RETURN n.vec[0]").rows, [vec![Value::Float(5.0)]]);
    assert!(db.check(true).unwrap().is_sound());
}

#[test]
fn a_statement_is_all_or_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let db = world(dir.path());
    fs::write(dir.path().join("ids.txt"), ids(0)).unwrap();
    fs::write(dir.path().join("v.npy"), npy("<f4", N, 3, &data(|x| x.to_le_bytes().to_vec()))).unwrap();
    let mut tx = db.write().unwrap();
    tx.execute("COPY EMBEDDING text FROM 'v.npy' (KEY Npc(id), IDS 'ids.txt')", ()).unwrap();
    tx.execute("MATCH (n:Npc {id: 0}) SET n.vec = [5, 5, 5]", ()).unwrap();
    // After another change, not in bulk.
    tx.execute("COPY EMBEDDING text FROM 'v.npy' (KEY Npc(id), IDS 'ids.txt')", ()).unwrap();
    tx.commit().unwrap();
    check_all(&db, "in one transaction");
    must(&db, "MATCH (n:Npc) REMOVE n.vec");
    let mut tx = db.write().unwrap();
    tx.execute("COPY EMBEDDING text FROM 'v.npy' (KEY Npc(id), IDS 'ids.txt')", ()).unwrap();
    drop(tx);
    assert_eq!(count(&db, "MATCH (n:Npc) WHERE n.vec IS NOT NULL RETURN count(*)"), 0);
    assert!(db.check(true).unwrap().is_sound());
}

#[test]
fn rows_that_cannot_be_kept_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let db = world(dir.path());
    let path = |name: &str| dir.path().join(name);
    must(&db, "CREATE (:Place {name: 'mill'})");
    let copy = |file: &str, options: &str| format!("COPY EMBEDDING text FROM '{file}' ({options})");
    // Row by row: (the line, what is said of it).
    for (line, reason) in [
        ("{\"id\": 9, \"vec\": [1, 2]}", "line 2 (vec): the vector of 9 has 2 numbers"),
        (
            "{\"id\": 9, \"vec\": [1, 2, 1e39]}",
            "line 2 (vec): the vector of 9 has a number at place 2 that is not finite",
        ),
        ("{\"id\": 9, \"vec\": \"x\"}", "line 2"),
        ("{\"id\": 9, \"vec\": [1, 2, true]}", "line 2 (vec): the vector of 9 has BOOLEAN at place 2"),
        ("{\"id\": 9, \"vec\": null}", "line 2 (vec): no vector"),
        ("{\"id\": 9}", "line 2 (vec): no vector"),
        ("{\"vec\": [1, 2, 3]}", "line 2: no value for the key"),
        ("{\"id\": 99999, \"vec\": [1, 2, 3]}", "line 2: no node :Npc has the key 99999"),
        ("{\"id\": 1, \"vec\": [1, 2, 3]}", "line 2: 1 stands on line 1 already"),
        ("{\"id\": ", "line 2: no JSON object"),
    ] {
        let text = format!("{{\"id\": 1, \"vec\": [1, 2, 3]}}\n{line}\n{{\"id\": 2, \"vec\": [4, 5, 6]}}\n");
        fs::write(path("v.jsonl"), text).unwrap();
        refused(&db, &copy("v.jsonl", "KEY Npc(id)"), &["v.jsonl, ", reason]);
        let mut rows = db.query(&copy("v.jsonl", "KEY Npc(id), ON ERROR SKIP"), ()).unwrap();
        let row = rows.next_row().unwrap().unwrap();
        assert_eq!(row.values()[1..], [Value::Int(2), Value::Int(0), Value::Int(2), Value::Int(1)], "{line}");
        let notices = &rows.summary().notices;
        assert!(notices.len() == 1 && notices[0].contains(reason), "{notices:?}");
        assert_eq!(count(&db, "MATCH (n:Npc) WHERE n.vec IS NOT NULL RETURN count(*)"), 2, "{line}");
        must(&db, "MATCH (n:Npc) REMOVE n.vec");
    }
    // A node that the key finds and the space does not have.
    fs::write(path("p.jsonl"), "{\"name\": \"mill\", \"vec\": [1, 2, 3]}").unwrap();
    refused(&db, &copy("p.jsonl", "KEY Place(name)"), &["line 1: the node :Place", "has no embeddings in `text`"]);
    // Numbers that are none, in rows of numbers.
    let numbers = [1.0, 2.0, 3.0, 4.0, f32::NAN, 6.0].iter().flat_map(|x: &f32| x.to_le_bytes()).collect::<Vec<u8>>();
    fs::write(path("nan.npy"), npy("<f4", 2, 3, &numbers)).unwrap();
    fs::write(path("two.txt"), "7\r\n8\r\n").unwrap();
    refused(
        &db,
        &copy("nan.npy", "KEY Npc(id), IDS 'two.txt'"),
        &["nan.npy: row 2: the vector of '8' has a number at place 1"],
    );
    fs::write(path("keys.txt"), "7\n\n").unwrap();
    refused(&db, &copy("nan.npy", "KEY Npc(id), IDS 'keys.txt'"), &["keys.txt, line 2: no value for the key"]);
    fs::write(path("keys.txt"), "7\nx\n").unwrap();
    refused(&db, &copy("nan.npy", "KEY Npc(id), IDS 'keys.txt'"), &["keys.txt, line 2: no node :Npc has the key 'x'"]);
}

#[test]
fn files_that_are_not_what_they_say_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = world(dir.path());
    let path = |name: &str| dir.path().join(name);
    fs::write(path("two.txt"), "7\n8\n").unwrap();
    let two = [0u8; 24];
    let good = npy("<f4", 2, 3, &two);
    let fvecs = |length: u32, n: usize| [&length.to_le_bytes()[..], &vec![0; n * 4]].concat();
    for (name, bytes, reason) in [
        ("cut.npy", good[..good.len() - 1].to_vec(), "the header promises"),
        ("long.npy", [&good[..], &[0]].concat(), "the header promises"),
        ("head.npy", good[..40].to_vec(), "it ends within its header"),
        ("magic.npy", b"PK\x03\x04 and more".to_vec(), "does not start as a NumPy array does"),
        ("empty.npy", Vec::new(), "does not start as a NumPy array does"),
        ("version.npy", b"\x93NUMPY\x09\x00\x10\x00".to_vec(), "version 9"),
        ("huge.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "are the most"),
        ("rows.npy", npy("<f4", 3, 3, &[0; 36]), "more rows than two.txt has lines: 2"),
        ("few.npy", npy("<f4", 1, 3, &[0; 12]), "it has 1 rows, and two.txt has 2 lines"),
        ("wide.npy", npy("<f4", 2, 4, &[0; 32]), "has 4 numbers"),
        ("cut.fvecs", fvecs(3, 2), "row 1: the file ends after 2 of its 3 numbers"),
        ("length.fvecs", vec![3, 0], "row 1: the file ends after 2 bytes of its length"),
        ("none.fvecs", fvecs(0, 0), "not 0"),
        ("much.fvecs", fvecs(u32::MAX, 2), "not 4294967295"),
    ] {
        fs::write(path(name), bytes).unwrap();
        refused(&db, &format!("COPY EMBEDDING text FROM '{name}' (KEY Npc(id), IDS 'two.txt')"), &[name, reason]);
    }
    gzip(&good[..good.len() - 4], &path("cut.npy.gz"));
    gzip(&[&good[..], &[0]].concat(), &path("long.npy.gz"));
    for (name, reason) in [("cut.npy.gz", "it ends within row 2 of 2"), ("long.npy.gz", "it goes on after the 2 rows")]
    {
        refused(&db, &format!("COPY EMBEDDING text FROM '{name}' (KEY Npc(id), IDS 'two.txt')"), &[name, reason]);
    }
}

#[test]
fn statements_that_mean_nothing_name_the_cure() {
    let dir = tempfile::tempdir().unwrap();
    let db = world(dir.path());
    must(&db, "CREATE EMBEDDING said FOR ()-[r]-() ON r.vec DIMENSION 3");
    for name in ["v.npy", "v.jsonl", "ids.txt"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    for (text, reasons) in [
        ("COPY EMBEDDING tekst FROM 'v.jsonl' (KEY Npc(id))", ["no embedding space `tekst`", "there are text, said"]),
        ("COPY EMBEDDING said FROM 'v.jsonl' (KEY Npc(id))", ["one of relationships", "COPY TYPE FROM"]),
        ("COPY EMBEDDING text FROM 'v.npy' (KEY Npc(id))", ["whose vectors the rows of v.npy are", "IDS"]),
        ("COPY EMBEDDING text FROM 'v.npy' (KEY Npc(id), IDS 'ids.txt', VECTOR x)", ["VECTOR means nothing", "IDS"]),
        ("COPY EMBEDDING text FROM 'v.jsonl' (KEY Npc(id), IDS 'ids.txt')", ["IDS means nothing", "VECTOR"]),
        ("COPY EMBEDDING text FROM 'v.nt' (KEY Npc(id))", ["v.nt has triples", ".jsonl"]),
        ("COPY EMBEDDING text FROM 'v.jsonl' (KEY Npc(name))", ["Npc.name is not unique", "CREATE CONSTRAINT"]),
        ("COPY EMBEDDING text FROM 'v.jsonl'", ["needs a KEY", "KEY Label(property)"]),
        ("COPY EMBEDDING text FROM 'v.jsonl' (KEY Npc(id), MODE MERGE)", ["`MODE` is no option here", "KEY, VECTOR"]),
    ] {
        refused(&db, text, &reasons);
    }
}

/// Vectors of 24 numbers in every storage, and what they are rounded to.
fn stored(db: &Database, n: usize) {
    for (name, storage) in [("f32", "F32"), ("f16", "F16"), ("int8", "INT8")] {
        must(db, &format!("CREATE EMBEDDING {name} FOR (n:Npc) ON n.{name} DIMENSION 24 STORAGE {storage}"));
    }
    let text = format!(
        "UNWIND range(0, {}) AS id WITH id, [at IN range(1, 24) | sin(id * at + at) / 3] AS v \
         CREATE (:Npc {{id: id, f32: v, f16: v, int8: v}})",
        n - 1
    );
    must(db, &text);
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::List(items) => items.iter().map(|item| item.as_float().unwrap()).collect(),
        other => panic!("{other} is no list"),
    }
}

#[test]
fn what_is_read_is_what_the_storage_keeps() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    stored(&db, 1_300);
    let shown =
        must(&db, "SHOW EMBEDDINGS YIELD name, storage, vectors RETURN name, storage, vectors ORDER BY name").rows;
    let told = |name: &str, storage: &str| vec![name.into(), storage.into(), Value::Int(1_300)];
    assert_eq!(shown, [told("f16", "F16"), told("f32", "F32"), told("int8", "INT8")]);
    let all = |db: &Database| must(db, "MATCH (n:Npc) RETURN n.f32, n.f16, n.int8 ORDER BY n.id").rows;
    let before = all(&db);
    let mut n_differ = [0, 0];
    for row in &before {
        let (singles, halves, codes) = (numbers(&row[0]), numbers(&row[1]), numbers(&row[2]));
        let largest = singles.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        for ((single, half), code) in singles.iter().zip(&halves).zip(&codes) {
            assert!((single - half).abs() <= largest / 2048.0 && (single - code).abs() <= largest / 253.0);
            n_differ[0] += usize::from(single != half);
            n_differ[1] += usize::from(single != code);
        }
    }
    assert!(n_differ[0] > 20_000 && n_differ[1] > 20_000, "{n_differ:?} are rounded");
    // The same from blocks, over blocks, after a restart, and from a stream.
    let best = |db: &Database, space: &str| {
        let text = format!(
            "MATCH (me:Npc {{id: 7}}), (n:Npc) ATTEND n PER me IN (FOR me ON {space} LIMIT 20) SIMILARITY AS s, SCORE AS w \
             RETURN n.id, s, w"
        );
        must(db, &text).rows
    };
    let ranked: Vec<_> = ["f32", "f16", "int8"].map(|space| best(&db, space)).into();
    let same = |db: &Database, what: &str| {
        assert_eq!(all(db), before, "{what}");
        for (space, ranked) in ["f32", "f16", "int8"].iter().zip(&ranked) {
            assert_eq!(&best(db, space), ranked, "{what}: {space}");
        }
        assert!(db.check(true).unwrap().is_sound(), "{what}");
    };
    db.checkpoint().unwrap();
    same(&db, "from blocks");
    must(&db, "MATCH (n:Npc) WHERE n.id % 3 = 0 SET n.f16 = [x IN n.f16 | x + 1], n.int8 = null, n.f32 = null");
    must(
        &db,
        "MATCH (n:Npc) WHERE n.id % 3 = 0 WITH n, [at IN range(1, 24) | sin(n.id * at + at) / 3] AS v \
         SET n.f16 = v, n.int8 = v, n.f32 = v",
    );
    same(&db, "over blocks");
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    let loaded = Database::load_from(stream.as_slice()).unwrap();
    same(&loaded, "from a stream");
    let mut again = Vec::new();
    loaded.save_to(&mut again).unwrap();
    assert!(stream == again, "the same database gives the same stream");
    drop(db);
    let db = open(dir.path());
    same(&db, "after a restart");
    db.close().unwrap();
    same(&open(dir.path()), "after a close");
    // Near what 32 bits say.
    let ids = |rows: &[Vec<Value>]| rows.iter().take(5).map(|row| row[0].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&ranked[1]), ids(&ranked[0]));
    let close = |at: usize, off: f64| {
        let pairs = ranked[0].iter().zip(&ranked[at]);
        pairs.clone().all(|(a, b)| (a[1].as_float().unwrap() - b[1].as_float().unwrap()).abs() < off)
    };
    assert!(close(1, 2e-3) && close(2, 2e-2) && !close(2, 1e-7), "{ranked:?}");
}

#[test]
fn the_explanation_says_when_codes_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    stored(&db, 30);
    for (space, is_exact) in [("f32", true), ("f16", true), ("int8", false)] {
        let text = format!("MATCH (n:Npc) ATTEND n IN (FOR $q ON {space} LIMIT 1) WHY AS why RETURN why.exact");
        let query = Value::list((0..24).map(|at| Value::Float(f64::from(at) - 12.0)));
        let exact = db.query(&text, params! { "q": query }).unwrap().single().unwrap();
        assert_eq!(exact, Value::Bool(is_exact), "{space}");
    }
    let too_large = "MATCH (n:Npc {id: 1}) SET n.f16 = [at IN range(1, 24) | 65505]";
    let error = db.execute(too_large, ()).unwrap_err().to_string();
    assert!(error.contains("place 0 beyond ±65504, which F16 cannot keep"), "{error}");
    must(&db, "MATCH (n:Npc {id: 1}) SET n.int8 = [at IN range(1, 24) | 0], n.f16 = [at IN range(1, 24) | 65504]");
    assert!(db.check(true).unwrap().is_sound());
}

#[test]
fn files_fill_every_storage() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path());
    stored(&db, 1_200);
    must(&db, "CREATE CONSTRAINT FOR (n:Npc) REQUIRE n.id IS UNIQUE");
    let before = must(&db, "MATCH (n:Npc) RETURN n.f16, n.int8 ORDER BY n.id").rows;
    let line = |row: &Vec<Value>, id: usize| format!("{{\"id\":{id},\"vec\":{}}}\n", row[0]);
    let singles = must(&db, "MATCH (n:Npc) RETURN n.f32 ORDER BY n.id").rows;
    let lines: String = singles.iter().enumerate().map(|(id, row)| line(row, id)).collect();
    fs::write(dir.path().join("v.jsonl"), lines).unwrap();
    must(&db, "MATCH (n:Npc) SET n.f16 = null, n.int8 = null");
    for space in ["f16", "int8"] {
        must(&db, &format!("COPY EMBEDDING {space} FROM 'v.jsonl' (KEY Npc(id), VECTOR vec)"));
    }
    assert_eq!(must(&db, "MATCH (n:Npc) RETURN n.f16, n.int8 ORDER BY n.id").rows, before);
    drop(db);
    let db = open(dir.path());
    assert_eq!(must(&db, "MATCH (n:Npc) RETURN n.f16, n.int8 ORDER BY n.id").rows, before);
    assert!(db.check(true).unwrap().is_sound());
}
