//! A whole database as one stream: out and in again it is the same to the byte, and nobody's stream does harm.

use std::{
    io::{self, Read, Write},
    path::Path,
};

use attendb::{
    Database, Error, FileAccess, Options, Value,
    model::{
        Crs, Date, Direction, Map, NodeId, Point, RelId,
        temporal::{DateTime, Duration, LocalDateTime, LocalTime, ParseTemporalError, Temporal, Time},
    },
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::support::{count, graph::Graph, must, random::Random};

fn saved(db: &Database) -> Vec<u8> {
    let mut stream = Vec::new();
    let summary = db.save_to(&mut stream).unwrap();
    assert_eq!(summary.n_bytes, stream.len() as u64);
    assert_eq!(summary.n_nodes, db.status().n_nodes);
    assert_eq!(summary.n_relationships, db.status().n_relationships);
    assert_eq!(summary.n_lines as usize, stream.split(|byte| *byte == b'\n').count() - 1);
    stream
}

/// Takes a database through both ways in, and compares what came of it. Returns the stream.
#[track_caller]
fn check_round_trip(db: &Database) -> Vec<u8> {
    let stream = saved(db);
    let memory = Database::load_from(stream.as_slice()).unwrap();
    check_same(db, &memory, &stream);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copy");
    let summary = Database::restore(&path, stream.as_slice()).unwrap();
    assert_eq!((summary.n_nodes, summary.n_bytes), (db.status().n_nodes, stream.len() as u64));
    let disk = Database::open(&path).unwrap();
    check_same(db, &disk, &stream);
    // And it lives on: what is written now survives, too.
    must(&disk, "CREATE (:After {n: 1})-[:AFTER]->(:After {n: 2})");
    disk.close().unwrap();
    let disk = Database::open(&path).unwrap();
    assert_eq!(count(&disk, "MATCH (:After)-[r:AFTER]->(:After) RETURN count(r)"), 1);
    assert!(disk.check(true).unwrap().is_sound());
    stream
}

#[track_caller]
fn check_same(db: &Database, copy: &Database, stream: &[u8]) {
    let report = copy.check(true).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.n_nodes, db.status().n_nodes);
    assert!(saved(copy) == stream, "another stream");
    assert_eq!(Graph::read(copy).unwrap(), Graph::read(db).unwrap());
    let names = |db: &Database| {
        let schema = db.schema();
        (schema.labels, schema.relationship_types, schema.property_keys, format!("{:?}", schema.indexes))
    };
    assert_eq!(names(copy), names(db));
}

/// Values of every kind a property may have, and the ends of each.
fn values() -> Vec<Value> {
    let mut values = vec![
        Value::Bool(true),
        Value::Bool(false),
        Value::Int(0),
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        Value::from(""),
        Value::from("Ada\n\t\r\"\\/ \u{0}\u{1f}\u{7f}\u{85}\u{2028} é 𝄞 #00000000 {\"node\":1}"),
        Value::from("x".repeat(200_000)),
        Value::Date(Date::new(2001, 2, 3).unwrap()),
        Value::Date(Date::new(0, 1, 1).unwrap()),
        Value::Date(Date::new(9999, 12, 31).unwrap()),
        Value::Date(Date::from_days(i32::MIN)),
        Value::Date(Date::from_days(i32::MAX)),
        temporal("21:40:32.000000001".parse::<LocalTime>()),
        temporal("21:40-18:00".parse::<Time>()),
        temporal("-0044-03-15T12:00".parse::<LocalDateTime>()),
        temporal("2015-07-21T21:40:32.142+02:00".parse::<DateTime>()),
        temporal("1818-07-21T21:40[Europe/Stockholm]".parse::<DateTime>()),
        temporal("P-12Y5M14DT16H-12M0.000000001S".parse::<Duration>()),
        Value::from(Temporal::from(Duration::of(i64::MIN, i64::MAX, i64::MIN, 999_999_999).unwrap())),
        Value::list([temporal("12:00".parse::<LocalTime>()), temporal("12:00Z".parse::<Time>())]),
        Value::from(Point::new(Crs::Cartesian, &[-1.5, 1e-300]).unwrap()),
        Value::from(Point::new(Crs::Wgs84In3d, &[-180.0, 90.0, f64::MAX]).unwrap()),
        Value::list([Value::from(Point::new(Crs::CartesianIn3d, &[0.1, 1e16, 3.0]).unwrap()), Value::Int(1)]),
        Value::list([]),
        Value::list([Value::Int(1), Value::Float(1.0), Value::from("1"), Value::Bool(true), Value::Float(f64::NAN)]),
        Value::list((0..3000).map(Value::Int)),
    ];
    for bits in [0x7ff8_0000_0000_0000u64, 0xfff8_0000_0000_0001, 0x7ff0_0000_0000_0001] {
        values.push(Value::Float(f64::from_bits(bits)));
    }
    for number in
        [0.0, -0.0, 0.1, 1e-320, f64::MIN_POSITIVE, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY, 1e16]
    {
        values.push(Value::Float(number));
    }
    values
}

fn temporal<T: Into<Temporal>>(parsed: Result<T, ParseTemporalError>) -> Value {
    parsed.unwrap().into().into()
}

fn with(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    entries.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

#[test]
fn an_empty_database_and_one_of_names_alone() {
    let db = Database::memory().unwrap();
    let stream = check_round_trip(&db);
    assert!(stream.starts_with(b"{\"attendb\":\"dump\",\"version\":1,\"generator\":\"attendb "));
    must(&db, "CREATE CONSTRAINT FOR (n:Odd) REQUIRE n.`a \"key\"\n` IS UNIQUE");
    must(&db, "CREATE INDEX gone FOR (n:Odd) ON (n.y)");
    must(&db, "DROP INDEX gone");
    must(&db, "CREATE INDEX `it's` FOR (n:` `) ON (n.y)");
    check_round_trip(&db);
    must(&db, "CREATE (n:Gone {x: 1})-[:GONE]->(n) DETACH DELETE n");
    check_round_trip(&db);
}

#[test]
fn every_value_comes_back_to_the_bit() {
    let db = Database::memory().unwrap();
    let mut tx = db.write().unwrap();
    for (at, value) in values().into_iter().enumerate() {
        // Alone in its column, and beside others.
        let key = if at % 2 == 0 { "mixed" } else { "other" };
        let node = tx.create_node(&["V"], &with([(key, value.clone())])).unwrap();
        let rel = tx.create_relationship(node, "OF", node, &with([("value", value)])).unwrap();
        if at % 3 == 0 {
            tx.set_salience(rel, [0.1, 1e-30, f32::MAX, f32::MIN_POSITIVE][at / 3 % 4]).unwrap();
        }
    }
    tx.commit().unwrap();
    let stream = check_round_trip(&db);
    let copy = Database::load_from(stream.as_slice()).unwrap();
    let bits = |db: &Database, id: u32| {
        let node = db.read().unwrap().node(NodeId::new(id)).unwrap().unwrap();
        let data = node.data.unwrap();
        data.properties
            .values()
            .map(|value| format!("{value:?} {:?}", value.as_float().map(f64::to_bits)))
            .collect::<Vec<_>>()
    };
    for id in 0..values().len() as u32 {
        assert_eq!(bits(&copy, id), bits(&db, id));
    }
    let salience = "MATCH ()-[r]->() RETURN sum(salience(r))";
    assert_eq!(must(&copy, salience).rows, must(&db, salience).rows);
}

/// A graph of random changes: holes, names that come and go, several labels, parallel edges, loops.
fn random_graph(random: &mut Random, n_steps: u64) -> Database {
    let db = Database::memory().unwrap();
    let labels = ["A", "B", "C", "a b", "`", "Ünï", "\u{202e}"];
    let types = ["KNOWS", "knows", "is \"of\"", "\n"];
    let keys = ["n", "name", "x y", "0", "\\", "ключ"];
    let values = values();
    if random.chance(1, 2) {
        must(&db, "CREATE INDEX FOR (n:A) ON (n.n)");
        must(&db, "CREATE CONSTRAINT FOR (n:B) REQUIRE n.id IS UNIQUE");
    }
    let mut n_nodes = 0u32;
    let mut n_made = 0;
    for step in 0..n_steps {
        let mut tx = db.write().unwrap();
        let properties = |random: &mut Random| -> Map {
            (0..random.below(4)).map(|_| ((*random.pick(&keys)).into(), random.pick(&values).clone())).collect()
        };
        match random.below(10) {
            0..4 => {
                for _ in 0..=random.below(40) {
                    let of: Vec<&str> = (0..random.below(3)).map(|_| *random.pick(&labels)).collect();
                    let mut properties = properties(random);
                    n_made += 1;
                    properties.insert("id".into(), Value::Int(n_made));
                    n_nodes = n_nodes.max(tx.create_node(&of, &properties).unwrap().get() + 1);
                }
                tx.commit().unwrap();
            }
            4..8 if n_nodes > 0 => {
                for _ in 0..=random.below(60) {
                    let mut end = || NodeId::new(random.below(n_nodes.into()) as u32);
                    let (start, end) = (end(), end());
                    if db.node(start).unwrap().is_some() && db.node(end).unwrap().is_some() {
                        let properties = properties(random);
                        let rel =
                            tx.create_relationship(start, types[random.below(4) as usize], end, &properties).unwrap();
                        if random.chance(1, 4) {
                            tx.set_salience(rel, 1.0 / (1.0 + random.below(1000) as f32)).unwrap();
                        }
                    }
                }
                tx.commit().unwrap();
            }
            8 => {
                drop(tx);
                let from = random.below(u64::from(n_nodes) + 1);
                must(&db, &format!("MATCH (n) WHERE id(n) >= {from} AND id(n) < {} DETACH DELETE n", from + 30));
            }
            _ => {
                drop(tx);
                let key = ["n", "name"][random.below(2) as usize];
                must(&db, &format!("MATCH (n) WHERE id(n) % 7 = {} SET n.{key} = {step} REMOVE n:A", step % 7));
                must(&db, &format!("MATCH ()-[r]->() WHERE id(r) % 5 = {} DELETE r", step % 5));
                if random.chance(1, 2) {
                    // Bulk loads go on at the next block of ids.
                    let mut tx = db.write().unwrap();
                    let mut rows = tx.append_nodes("Bulk", &["n"]);
                    (0..600).for_each(|n| rows.append([Value::Int(n)]).unwrap());
                    let ids = rows.finish().unwrap();
                    let mut rels = tx.append_relationships("BULK", &["w"]);
                    ids.iter().for_each(|id| rels.append(*id, ids[7], [Value::Float(0.5)]).unwrap());
                    rels.finish().unwrap();
                    tx.commit().unwrap();
                }
            }
        }
        if random.chance(1, 4) {
            db.checkpoint().unwrap();
        }
    }
    db
}

#[test]
fn random_graphs_come_back_as_they_were() {
    for seed in 0..12 {
        let mut random = Random::new(0x57e4_0000 + seed);
        let db = random_graph(&mut random, 10 + seed * 3);
        check_round_trip(&db);
    }
}

#[test]
fn long_holes_are_kept_and_ids_go_on_after_them() {
    let db = Database::memory().unwrap();
    let mut tx = db.write().unwrap();
    let mut rows = tx.append_nodes("N", &["n"]);
    (0..5000).for_each(|n| rows.append([Value::Int(n)]).unwrap());
    let ids = rows.finish().unwrap();
    for _ in 0..3 {
        let mut rels = tx.append_relationships("R", &[]);
        (0..60_000).for_each(|n| rels.append(ids[n % 5000], ids[n % 4999], []).unwrap());
        rels.finish().unwrap();
    }
    tx.commit().unwrap();
    must(&db, "MATCH ()-[r]->() WHERE id(r) > 10 AND id(r) < 170000 DELETE r");
    must(&db, "MATCH (n:N) WHERE n.n > 20 AND n.n < 4000 DETACH DELETE n");
    let stream = check_round_trip(&db);
    assert!(String::from_utf8(stream.clone()).unwrap().contains("{\"skip\":"));
    let copy = Database::load_from(stream.as_slice()).unwrap();
    for db in [&db, &copy] {
        must(db, "MATCH (n:N) WHERE n.n < 3 CREATE (n)-[:NEW]->(:N), (n)-[:NEW]->()");
    }
    assert!(saved(&copy) == saved(&db), "new ids are those the original would have given");
    let relationship = RelId::new(179_999);
    assert!(copy.relationship(relationship).unwrap().is_some());
}

#[test]
fn little_memory_is_enough_for_a_large_stream() {
    let db = Database::memory().unwrap();
    let mut tx = db.write().unwrap();
    let mut rows = tx.append_nodes("N", &["n", "s"]);
    (0..20_000).for_each(|n| rows.append([Value::Int(n), Value::from(format!("text {n}").repeat(20))]).unwrap());
    let ids = rows.finish().unwrap();
    let mut rels = tx.append_relationships("R", &[]);
    (0..100_000usize).for_each(|n| rels.append(ids[n * 7 % 20_000], ids[n * 13 % 19_997], []).unwrap());
    rels.finish().unwrap();
    tx.commit().unwrap();
    must(&db, "CREATE INDEX FOR (n:N) ON (n.n)");
    must(&db, "CREATE CONSTRAINT FOR (n:N) REQUIRE n.s IS UNIQUE");
    let stream = saved(&db);
    let dir = tempfile::tempdir().unwrap();
    let options = Options { memory_bytes_max: 2 << 20, ..Options::default() };
    assert!(stream.len() as u64 > 4 * options.memory_bytes_max);
    // Edges and indexes take many passes; what they give is the same.
    Database::restore_with(dir.path().join("small"), stream.as_slice(), &options).unwrap();
    let copy = Database::open(dir.path().join("small")).unwrap();
    check_same(&db, &copy, &stream);
    match Database::load_from_with(stream.as_slice(), options) {
        Err(Error::Limit { what: "bytes of graph in memory", .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stream_is_of_one_moment() {
    let db = Database::memory().unwrap();
    must(&db, "UNWIND range(1, 3000) AS n CREATE (:A {n: n})-[:R]->(:B {n: n})");
    let before = saved(&db);
    struct Meddler<'a>(&'a Database, Vec<u8>);
    impl Write for Meddler<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            must(
                self.0,
                "MATCH (a:A)-[r]->(b) WHERE a.n % 5 = 0 SET a.n = a.n + 1 DELETE r CREATE (b)-[:LATER]->(:Later)",
            );
            self.0.checkpoint().unwrap();
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut meddler = Meddler(&db, Vec::new());
    db.save_to(&mut meddler).unwrap();
    assert!(meddler.1 == before);
    assert_ne!(Graph::read(&db).unwrap(), Graph::read(&Database::load_from(before.as_slice()).unwrap()).unwrap());
}

#[test]
fn the_demo_world_comes_back() {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/world");
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open_with(dir.path().join("db"), Options::default().file_roots([&world])).unwrap();
    let script = std::fs::read_to_string(world.join("load.kgql")).unwrap();
    for statement in attendb::split_statements(&script) {
        db.execute(statement, ()).unwrap();
    }
    assert!(count(&db, "MATCH (n) RETURN count(n)") > 100);
    check_round_trip(&db);
}

#[test]
fn a_place_that_is_taken_is_refused_and_nothing_appears_where_reading_fails() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::memory().unwrap();
    must(&db, "UNWIND range(1, 100) AS n CREATE (:A {n: n})");
    let stream = saved(&db);
    let taken = dir.path().join("taken");
    Database::open(&taken).unwrap().close().unwrap();
    assert!(matches!(Database::restore(&taken, stream.as_slice()), Err(Error::NotAllowed { .. })));
    let path = dir.path().join("new");
    for n in [0, 1, 50, stream.len() / 2, stream.len() - 1] {
        assert!(matches!(Database::restore(&path, &stream[..n]), Err(Error::Corrupt { .. })), "{n} bytes");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "{n} bytes: something was left behind");
    }
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable was pulled"))
        }
    }
    match Database::restore(&path, stream[..200].chain(Broken)) {
        Err(Error::Io { message, .. }) => assert!(message.contains("cable"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert!(!path.exists());
    std::fs::create_dir(&path).unwrap();
    Database::restore(&path, stream.as_slice()).unwrap();
    let ids: Vec<Vec<u8>> =
        ["taken", "new"].iter().map(|name| std::fs::read(dir.path().join(name).join("header")).unwrap()).collect();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn every_changed_byte_and_every_missing_line_is_found_where_it_is() {
    let db = Database::memory().unwrap();
    must(&db, "CREATE INDEX i FOR (n:A) ON (n.n)");
    must(&db, "UNWIND range(1, 20) AS n CREATE (:A {n: n, s: 'é'})-[:R {w: 0.5}]->(:B {n: n})");
    let stream = saved(&db);
    let line_of = |at: usize| stream[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    for at in 0..stream.len() {
        let mut damaged = stream.clone();
        damaged[at] ^= 1 << (at % 8);
        let message = match Database::load_from(damaged.as_slice()) {
            Err(error @ (Error::Corrupt { .. } | Error::Version { .. })) => error.to_string(),
            other => panic!("byte {at}: {other:?}"),
        };
        let line = format!("line {}", line_of(at));
        assert!(message.contains(&line) || message.contains("has format version"), "byte {at}, {line}: {message}");
    }
    let lines: Vec<&[u8]> = stream.split_inclusive(|byte| *byte == b'\n').collect();
    for gone in 0..lines.len() - 1 {
        let rest: Vec<u8> =
            lines.iter().enumerate().filter(|(at, _)| *at != gone).flat_map(|(_, line)| line.to_vec()).collect();
        let message = Database::load_from(rest.as_slice()).unwrap_err().to_string();
        assert!(message.contains(&format!("line {}", gone + 1)), "{message}");
    }
    let twice = [stream.as_slice(), &stream].concat();
    assert!(Database::load_from(twice.as_slice()).unwrap_err().to_string().contains("the end of the stream"));
}

/// Returns a stream of these objects, with the checksums and the closing line that belong to them.
fn sealed(objects: &[&str]) -> Vec<u8> {
    let first = "{\"attendb\":\"dump\",\"version\":1,\"generator\":\"a test\"}";
    let mut stream = Vec::new();
    let mut chain = 0;
    let mut push = |object: &[u8], stream: &mut Vec<u8>| {
        chain = xxh3_64_with_seed(object, chain);
        stream.extend_from_slice(object);
        writeln!(stream, " #{:08x}", chain as u32).unwrap();
    };
    push(first.as_bytes(), &mut stream);
    objects.iter().for_each(|object| push(object.as_bytes(), &mut stream));
    let n = |begin: &str| objects.iter().filter(|object| object.starts_with(begin)).count();
    let (nodes, relationships, lines) = (n("{\"node\""), n("{\"relationship\""), objects.len() + 2);
    let end = format!(
        "{{\"end\":\"dump\",\"nodes\":{nodes},\"relationships\":{relationships},\"lines\":{lines},\"xxh3\":\"{:016x}\"}}",
        xxh3_64(&stream)
    );
    push(end.as_bytes(), &mut stream);
    stream
}

const NAMES: [&str; 5] = [
    r#"{"label":0,"name":"A"}"#,
    r#"{"type":0,"name":"R"}"#,
    r#"{"key":0,"name":"k"}"#,
    r#"{"blocks":[0]}"#,
    r#"{"open":0,"next":3}"#,
];
const NEXT: &str = r#"{"next_index":0,"next_relationship":5}"#;

const NO_IDS: &str = r#"{"next_index":0,"next_relationship":0}"#;

/// Loads a stream whose checksums are right; `lines` follow names and two nodes.
fn load(lines: &[&str]) -> Result<Database, Error> {
    let nodes = [NEXT, r#"{"node":0,"labels":[0]}"#, r#"{"node":1}"#];
    Database::load_from(sealed(&[&NAMES, &nodes[..], lines].concat()).as_slice())
}

#[test]
fn a_stream_made_by_hand_is_read() {
    let db = load(&[
        r#"{"node":2,"labels":[0],"properties":{"0":[1,-2.5,"\u00e9\b\/",{"$float":"7ff0000000000000"},true]}}"#,
        r#"{"relationship":1,"type":0,"start":0,"end":2,"salience":0.25,"properties":{"0":{"$date":-1}}}"#,
        r#"{"skip":3}"#,
    ])
    .unwrap();
    assert!(db.check(true).unwrap().is_sound());
    let mut tx = db.write().unwrap();
    assert_eq!(db.neighbors(NodeId::new(2), Direction::In, None).unwrap().len(), 1);
    assert_eq!(tx.create_relationship(NodeId::new(0), "R", NodeId::new(1), &Map::new()).unwrap(), RelId::new(5));
    assert_eq!(tx.create_node(&["A"], &Map::new()).unwrap(), NodeId::new(3));
    tx.commit().unwrap();
    assert!(db.check(true).unwrap().is_sound());
}

#[test]
fn a_stream_that_lies_is_refused_with_its_line() {
    let deep = format!(r#"{{"node":2,"properties":{{"0":{}}}}}"#, "[".repeat(100_000));
    let cases: &[(&[&str], &str)] = &[
        (&[r#"{"node":3}"#], "ids below 3"),
        (&[r#"{"node":1}"#], "an id from 2 on"),
        (&[r#"{"node":4294967295}"#], "ids below 1024"),
        (&[r#"{"node":42949672950}"#], "a number that fits"),
        (&[r#"{"node":-1}"#], "a number that fits"),
        (&[r#"{"node":2,"labels":[1]}"#], "labels below 1"),
        (&[r#"{"node":2,"labels":[0,0]}"#], "ascending"),
        (&[r#"{"node":2,"properties":{"1":1}}"#], "property keys below 1"),
        (&[r#"{"node":2,"properties":{"0":1,"0":2}}"#], "ascending"),
        (&[r#"{"node":2,"properties":{"0":null}}"#], "a value"),
        (&[r#"{"node":2,"properties":{"0":[[1]]}}"#], "a list of values that are none"),
        (&[r#"{"node":2,"properties":{"0":{"a":1}}}"#], "$float"),
        (&[r#"{"node":2,"properties":{"0":1e999}}"#], "64 bits"),
        (&[r#"{"node":2,"properties":{"0":9223372036854775808}}"#], "64 bits"),
        (&[r#"{"node":2,"properties":{"0":{"$float":"3ff0000000000000"}}}"#], "infinite or none"),
        (&[r#"{"node":2,"properties":{"0":{"$date":"2001-02-30"}}}"#], "a date"),
        (&[r#"{"node":2,"properties":{"0":{"$date":99999999999}}}"#], "32 bits"),
        (&[r#"{"node":2,"properties":{"0":"\ud800"}}"#], "escaped"),
        (&[r#"{"node":2,"properties":{"0":"a}}"#], "\\"),
        (&[r#"{"node":2} "#], "the end of the line"),
        (&[&deep], "a list of values that are none"),
        (&[r#"{"label":1,"name":"B"}"#], "follow"),
        (&[NEXT], "follow"),
        (&[r#"{"who":1}"#], "the beginning of a line"),
        (&[""], "the beginning of a line"),
        (&[r#"{"relationship":0,"type":1,"start":0,"end":1}"#], "types below 1"),
        (&[r#"{"relationship":0,"type":0,"start":0,"end":2}"#], "ends that exist"),
        (&[r#"{"relationship":0,"type":0,"start":4294967295,"end":0}"#], "ends that exist"),
        (&[r#"{"relationship":5,"type":0,"start":0,"end":0}"#], "ids below 5"),
        (&[r#"{"relationship":0,"type":0,"start":0,"end":0,"salience":0}"#], "salience"),
        (&[r#"{"relationship":0,"type":0,"start":0,"end":0,"salience":-1}"#], "salience"),
        (&[r#"{"skip":6}"#], "ids from 0 to 5"),
        (&[r#"{"skip":2}"#, r#"{"relationship":1,"type":0,"start":0,"end":0}"#], "an id from 2 on"),
    ];
    for (lines, expected) in cases {
        let message = load(lines).expect_err(expected).to_string();
        // Line 1 is the format, then five of names, `next_...` and two nodes.
        let line = format!("line {}", 9 + lines.len());
        assert!(message.contains(expected) && message.contains(&line), "{lines:?}: {message}");
        assert!(message.len() < 400, "{message}");
    }
    let headers: &[(&[&str], &str)] = &[
        (&[r#"{"label":1,"name":"A"}"#], "id 0"),
        (&[r#"{"label":0,"name":"A"}"#, r#"{"label":1,"name":"A"}"#, NO_IDS], "once"),
        (&[r#"{"blocks":[0]}"#], "a label below 0"),
        (&[r#"{"blocks":[null]}"#, r#"{"open":null,"next":1025}"#], "after one of its blocks"),
        (&[r#"{"blocks":[null]}"#, r#"{"open":null,"next":0}"#], "after one of its blocks"),
        (&[r#"{"index":0,"name":"i","label":0,"key":0,"unique":true}"#], "a label below 0"),
        (&[r#"{"next_index":0,"next_relationship":1}"#], "before any relationship"),
        (&[r#"{"next_index":1048577,"next_relationship":0}"#], "1048576"),
        (&[r#"{"node":0}"#], "next_index"),
    ];
    for (lines, expected) in headers {
        let message = Database::load_from(sealed(lines).as_slice()).expect_err(expected).to_string();
        assert!(message.contains(expected) && message.contains(&format!("line {}", 1 + lines.len())), "{message}");
    }
    let limits: &[&[&str]] = &[
        &[
            r#"{"label":0,"name":"A"}"#,
            r#"{"type":0,"name":"A"}"#,
            r#"{"blocks":[0]}"#,
            r#"{"next_index":0,"next_relationship":4294967295}"#,
        ],
        &[
            r#"{"label":0,"name":"A"}"#,
            r#"{"key":0,"name":"A"}"#,
            r#"{"index":4294967295,"name":"i","label":0,"key":0,"unique":true}"#,
        ],
    ];
    for lines in limits {
        assert!(matches!(Database::load_from(sealed(lines).as_slice()), Err(Error::Limit { .. })));
    }
}

#[test]
fn a_unique_value_that_stands_twice_is_refused() {
    let index = r#"{"index":0,"name":"i","label":0,"key":0,"unique":true}"#;
    let node = |id: u32, value: &str| format!(r#"{{"node":{id},"labels":[0],"properties":{{"0":{value}}}}}"#);
    for (first, second, is_same) in [("1", "1.0", true), ("1", "2", false), ("-0.0", "0", true), ("[1]", "[1.0]", true)]
    {
        let nodes = [node(0, first), node(1, second)];
        let next = r#"{"next_index":1,"next_relationship":0}"#;
        let lines = [&NAMES[..3], &[index], &NAMES[3..], &[next, &nodes[0], &nodes[1]]].concat();
        match Database::load_from(sealed(&lines).as_slice()) {
            Ok(db) => assert!(!is_same && db.check(true).unwrap().is_sound(), "{first} {second}"),
            Err(error) => assert!(is_same && matches!(error, Error::Constraint { .. }), "{first} {second}: {error}"),
        }
    }
}

#[test]
fn small_words_do_not_become_much_memory() {
    let options = || Options { memory_bytes_max: 1 << 20, ..Options::default() };
    // One line that would be many values, blocks or bytes.
    let zeros = format!(r#"{{"node":2,"properties":{{"0":[{}0]}}}}"#, "0,".repeat(100_000));
    let nodes = [NEXT, r#"{"node":0,"labels":[0]}"#, r#"{"node":1}"#, &zeros];
    let error = Database::load_from_with(sealed(&[&NAMES, &nodes[..]].concat()).as_slice(), options()).unwrap_err();
    assert!(error.to_string().contains("fewer values"), "{error}");
    let blocks = format!(r#"{{"blocks":[{}0]}}"#, "0,".repeat(100_000));
    let error = Database::load_from_with(sealed(&[NAMES[0], &blocks]).as_slice(), options()).unwrap_err();
    assert!(matches!(error, Error::Limit { .. }), "{error}");
    let skips: Vec<String> = (1..2000).map(|n| format!("{{\"skip\":{}}}", n * 65_536)).collect();
    let next = r#"{"next_index":0,"next_relationship":200000000}"#;
    let lines: Vec<&str> = NAMES.into_iter().chain([next]).chain(skips.iter().map(String::as_str)).collect();
    let error = Database::load_from_with(sealed(&lines).as_slice(), options()).unwrap_err();
    assert!(matches!(error, Error::Limit { .. }), "{error}");
    let long = io::repeat(b'a').take(1 << 30);
    let first = &sealed(&[])[..64];
    let error = Database::load_from_with(first.chain(long), options()).unwrap_err();
    assert!(matches!(error, Error::Limit { .. } | Error::Corrupt { .. }), "{error}");
}

/// Streams that were changed and sealed again: whatever they say, it is refused or it is a sound graph.
#[test]
fn no_stream_does_harm() {
    let mut random = Random::new(0x5ea1);
    let stream = saved(&random_graph(&mut random, 12));
    let text = String::from_utf8(stream).unwrap();
    let lines: Vec<&str> = text.lines().map(|line| &line[..line.len() - 10]).collect();
    // Values of the world above are long: the lines that are not make the better prey.
    let short: Vec<&str> = lines[1..lines.len() - 1].iter().filter(|line| line.len() < 300).copied().collect();
    let numbers =
        ["0", "1", "7", "1023", "1024", "65535", "1048575", "4294966271", "4294967295", "18446744073709551615", "-1"];
    let (mut n_sound, mut n_refused) = (0, 0);
    for _ in 0..1500 {
        let mut objects: Vec<String> = short.iter().map(|line| (*line).to_owned()).collect();
        for _ in 0..=random.below(2) {
            let at = random.below(objects.len() as u64) as usize;
            match random.below(6) {
                0 => drop(objects.remove(at)),
                1 => {
                    let other = random.below(objects.len() as u64) as usize;
                    objects.swap(at, other);
                }
                2 => {
                    let copy = objects[at].clone();
                    objects.insert(at, copy);
                }
                // A number becomes another.
                3 | 4 => {
                    let line = &objects[at];
                    let digits: Vec<usize> =
                        line.bytes().enumerate().filter(|(_, b)| b.is_ascii_digit()).map(|(at, _)| at).collect();
                    if digits.is_empty() {
                        continue;
                    }
                    let from = *random.pick(&digits);
                    let n = line[from..].bytes().take_while(u8::is_ascii_digit).count();
                    objects[at] = format!("{}{}{}", &line[..from], random.pick(&numbers), &line[from + n..]);
                }
                _ => {
                    let mut bytes = objects[at].clone().into_bytes();
                    let place = random.below(bytes.len() as u64) as usize;
                    bytes[place] = b"\"\\{}[],:0a-.e "[random.below(14) as usize];
                    objects[at] = String::from_utf8_lossy(&bytes).into_owned();
                }
            }
        }
        let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
        let options = Options { memory_bytes_max: 64 << 20, background: false, ..Options::default() };
        match Database::load_from_with(sealed(&objects).as_slice(), options) {
            Ok(db) => {
                n_sound += 1;
                let report = db.check(true).unwrap();
                assert!(report.is_sound(), "{:?}", report.problems);
                must(&db, "CREATE (:A {n: 1})-[:KNOWS]->(:B)");
                assert!(db.check(true).unwrap().is_sound());
            }
            Err(Error::Corrupt { .. } | Error::Limit { .. } | Error::Constraint { .. }) => n_refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(n_sound > 20 && n_refused > 500, "{n_sound} sound, {n_refused} refused");
}

#[test]
fn a_newer_version_is_refused_whatever_follows() {
    let stream = b"{\"attendb\":\"dump\",\"version\":2,\"with\":\"other rules\"}\nand other lines";
    match Database::load_from(stream.as_slice()) {
        Err(Error::Version { found: 2, supported: 1, .. }) => {}
        other => panic!("{other:?}"),
    }
    for other in [&b""[..], b"\n", b"n,name\n1,Ada\n", b"{\"attendb\":\"dump\"}\n", b"\xff\xfe\n"] {
        assert!(matches!(Database::load_from(other), Err(Error::Corrupt { .. })));
    }
    let db = Database::memory_with(Options { files: FileAccess::Denied, ..Options::default() }).unwrap();
    let closed = db.clone();
    db.close().unwrap();
    assert!(matches!(closed.save_to(Vec::new()), Err(Error::Closed)));
}
