//! Ordinary files in and out: headers of neo4j-admin, GraphML, what DESCRIBE and SUMMARIZE say, and that an import stops
//! when it is told to.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use attendb::{CancelHandle, Error, QueryOptions};

use super::{
    place::Place,
    support::{count, must},
};

#[test]
fn headers_of_neo4j_admin_say_what_rows_are() {
    let place = Place::new();
    place.file(
        "cities.csv",
        "id:ID(City),name,pop:long,tags:string[],founded:date,:LABEL,note:IGNORE\n\
         1,Ulm,126000,a;b,0850-07-22,Town;Old,x\n2,Bonn,330000,,,,y\n007,Agent,1,z,,Old,\n",
    );
    assert_eq!(place.rows("COPY FROM 'cities.csv'"), ["'cities.csv' 3 3 0 0"]);
    assert_eq!(
        place.rows("MATCH (c:City:Town:Old {name: 'Ulm'}) RETURN c.id, c.pop, c.tags, c.founded, c.note"),
        ["'1' 126000 ['a', 'b'] 0850-07-22 null"]
    );
    assert_eq!(count(&place.db, "MATCH (c:Old) RETURN count(*)"), 2);
    assert_eq!(place.rows("COPY FROM 'cities.csv'"), ["'cities.csv' 3 0 0 0"]);
    place.file("roads.csv", ":START_ID(City),km:double,:END_ID(City),:TYPE\n1,3,2,ROAD\n2,4.5,007,RAIL\n1,1,1,ROAD\n");
    assert_eq!(place.rows("COPY FROM 'roads.csv'"), ["'roads.csv' 3 3 0 0"]);
    assert_eq!(place.rows("MATCH (a)-[r:RAIL]->(b) RETURN a.name, r.km, b.name"), ["'Bonn' 4.5 'Agent'"]);
    assert_eq!(place.rows("MATCH ()-[r:ROAD]->() RETURN sum(r.km)"), ["4.0"]);
    assert_eq!(place.rows("COPY FROM 'roads.csv' (MODE MERGE)"), ["'roads.csv' 3 0 0 0"]);
    // A name says what the file does not.
    place.file("people.csv", "id:ID{id-type:int},age:int\n1,30\n2,31\n");
    assert_eq!(place.rows("COPY Person FROM 'people.csv'"), ["'people.csv' 2 2 0 0"]);
    place.file("knows.csv", ":START_ID,:END_ID\n1,2\n2,1\n");
    assert_eq!(place.rows("COPY KNOWS FROM 'knows.csv' (FROM Person, TO Person)"), ["'knows.csv' 2 2 0 0"]);
    assert_eq!(count(&place.db, "MATCH (:Person {id: 1})-[:KNOWS]->(:Person {id: 2}) RETURN count(*)"), 1);
    place.file("lives.csv", ":START_ID(Person),:END_ID(City)\n1,2\n1,9\n,2\n");
    assert_eq!(
        place.refused("COPY LIVES FROM 'lives.csv'"),
        "lives.csv, line 3, column 2 (:END_ID): no node :City has the key '9'"
    );
    assert_eq!(place.rows("COPY LIVES FROM 'lives.csv' (ON ERROR SKIP)"), ["'lives.csv' 1 1 0 2"]);
    assert!(place.refused("COPY FROM 'lives.csv'").ends_with("the row has no type, and the statement names none"));
    assert!(place.db.check(true).expect("the check runs").is_sound());
}

#[test]
fn points_go_out_and_come_in_as_text() {
    let place = Place::new();
    must(&place.db, "CREATE (:P {id: 1, at: point({x: 1, y: -2.5})})");
    must(&place.db, "CREATE (:P {id: 2, at: point({longitude: 3, latitude: 4, z: 5})})");
    let said = place.rows("MATCH (p:P) RETURN p.at, p.at.srid ORDER BY p.id");
    for file in ["points.csv", "points.tsv", "points.jsonl"] {
        place.rows(&format!("COPY (MATCH (p:P) RETURN p.id AS id, p.at AS at ORDER BY p.id) TO '{file}'"));
        place.rows(&format!("COPY Q FROM '{file}' (COLUMNS (id INTEGER, at POINT))"));
        assert_eq!(place.rows("MATCH (q:Q) RETURN q.at, q.at.srid ORDER BY q.id"), said, "{file}");
        must(&place.db, "MATCH (q:Q) DELETE q");
    }
    place.file("admin.csv", "id:ID,at:point,:LABEL\na,\"{latitude: 1.5, longitude: 2}\",R\n");
    place.rows("COPY FROM 'admin.csv'");
    assert_eq!(place.rows("MATCH (r:R) RETURN r.at"), ["point({srid: 4326, x: 2.0, y: 1.5})"]);
    place.file("beyond.csv", "id:ID,at:point,:LABEL\nb,\"{latitude: 91, longitude: 2}\",R\n");
    let refused = place.refused("COPY FROM 'beyond.csv'");
    assert!(refused.ends_with("a latitude is from -90 to 90, not 91"), "{refused}");
}

#[test]
fn graphs_are_written_as_xml() {
    let place = Place::new();
    must(
        &place.db,
        "CREATE (a:Npc:Hero {name: 'A<d>a & \"B\"', age: 36, tags: ['x', 'y']})-[:KNOWS {w: 0.5, since: date('2001-02-03')}]->\
         (b:Npc {name: 'Bo\r\n', age: 'old'}), (b)-[:KNOWS]->(b), (c {flag: true})",
    );
    must(&place.db, "COPY (MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN n, r) TO 'all.graphml'");
    let text = fs::read_to_string(place.folder.path().join("all.graphml")).expect("it was written");
    for part in [
        "<data key=\"n_\">:Npc:Hero</data>",
        "A&lt;d&gt;a &amp; &quot;B&quot;",
        "Bo&#13;&#10;",
        "attr.name=\"age\" attr.type=\"string\"",
        "attr.name=\"w\" attr.type=\"double\"",
        "<data key=\"n3\">[&quot;x&quot;,&quot;y&quot;]</data>",
        "<data key=\"e_\">KNOWS</data><data key=\"e0\">2001-02-03</data><data key=\"e1\">0.5</data>",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!((text.matches("<node ").count(), text.matches("<edge ").count()), (3, 2));
    // Paths and lists too, each node once; an end that was not returned has no data.
    must(&place.db, "COPY (MATCH p = (:Hero)-[r]->(x) RETURN p, collect(r), null) TO 'path.graphml.gz'");
    must(&place.db, "COPY (MATCH (:Hero)-[r]->() RETURN r) TO 'rel.graphml'");
    let text = fs::read_to_string(place.folder.path().join("rel.graphml")).expect("it was written");
    assert_eq!((text.matches("></node>").count(), text.matches("<edge ").count()), (2, 1));
    assert!(
        place.refused("COPY (MATCH (n) RETURN n.age AS age) TO 'x.graphml'").contains("column \"age\": GraphML holds")
    );
    must(&place.db, "CREATE (:Bad {text: '\\u0001'})");
    assert!(
        place
            .refused("COPY (MATCH (n:Bad) RETURN n) TO 'x.graphml'")
            .contains("text: XML cannot hold the character U+0001")
    );
    assert!(!place.folder.path().join("x.graphml").exists());
}

#[test]
fn files_labels_and_types_are_summarized() {
    let place = Place::new();
    place.file("in.csv", "id,name,n\n1,Ada,\n2,Bo,5\nx\n3,\"Ada\",7\n");
    let mut rows = place.db.query("DESCRIBE 'in.csv'", ()).expect("it answers");
    let first = rows.next().expect("a row").expect("it answers");
    assert_eq!(
        first.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        "'id' 'property' 'INTEGER' 3 0 3 1 3 [1, 2, 3]"
    );
    assert_eq!(
        rows.summary().notices,
        ["3 rows read, 1 bad ones", "bad row: in.csv, line 4, column 2 (name): the row has 1 field, not 3"]
    );
    assert_eq!(place.rows("DESCRIBE 'in.csv'")[2], "'n' 'property' 'INTEGER' 2 1 2 5 7 [5, 7]");
    place.file(
        "in.nt",
        "<h:a> <h:p> \"x\" .\n<h:a> <h:q> <h:b> .\n<h:a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <h:C> .\n",
    );
    assert_eq!(
        place.rows("DESCRIBE 'in.nt'"),
        [
            "'C' 'label' 'STRING' 1 0 1 'h:a' 'h:a' ['h:a']",
            "'p' 'property' 'STRING' 1 0 1 'x' 'x' ['x']",
            "'q' 'relationship type' 'STRING' 1 0 1 'h:b' 'h:b' ['h:b']",
        ]
    );
    place.file("in.jsonl", "{\"a\":1}\n{\"a\":\"x\"}\n");
    assert_eq!(place.rows("DESCRIBE 'in.jsonl'"), ["'a' 'property' 'INTEGER | STRING' 2 0 2 'x' 1 [1, 'x']"]);
    must(&place.db, "UNWIND range(1, 5000) AS n CREATE (:N {n: n, even: n % 2 = 0})-[:R {w: n % 3}]->(:M {x: 'y'})");
    must(&place.db, "MATCH (n:N {n: 7}) SET n.even = null");
    assert_eq!(place.rows("SUMMARIZE (:M)"), ["'x' 'STRING' 5000 0 1 true 'y' 'y' ['y']"]);
    let found = place.rows("SUMMARIZE (:N)");
    assert_eq!(found[1], "'even' 'BOOLEAN' 4999 1 2 true false true [false, true]");
    assert!(found[0].starts_with("'n' 'INTEGER' 5000 0 ") && found[0].contains(" false 1 5000 "), "{}", found[0]);
    assert_eq!(place.rows("SUMMARIZE ()-[:R]->()"), ["'w' 'INTEGER' 5000 0 3 true 0 2 [1, 2, 0]"]);
    assert_eq!(place.rows("SUMMARIZE ()").len(), 3);
    assert_eq!(place.rows("SUMMARIZE (:None)").len(), 0);
    let found = place.db.connections().expect("it answers");
    let [only] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (&*only.start_labels[0], &*only.relationship_type, &*only.end_labels[0], only.count),
        ("N", "R", "M", 5000)
    );
}

/// How soon an import must stop after it was told to.
const STOP_MAX: Duration = Duration::from_millis(100);

#[test]
fn imports_stop_when_cancelled_and_change_nothing() {
    const N: usize = 200_000;
    let place = Place::new();
    let lines = |line: fn(usize) -> String| (0..N).map(line).collect::<String>();
    place.file("in.csv", "id,name,x\n".to_owned() + &lines(|n| format!("{n},name {n},{}.5\n", n % 97)));
    place.file("in.jsonl", lines(|n| format!("{{\"id\":{n},\"name\":\"name {n}\"}}\n")));
    place.file("in.nt", lines(|n| format!("<h:{n}> <h:n> \"{n}\" .\n<h:{n}> <h:next> <h:{}> .\n", n * 7 % N)));
    place.file("in.ttl", lines(|n| format!("<h:{n}> <h:n> \"{n}\" ; <h:next> <h:{}> .\n", n * 7 % N)));
    place.file("rels.csv", "a,b\n".to_owned() + &lines(|n| format!("{},{}\n", n % 1000, n * 7 % 1000)));
    must(&place.db, "CREATE CONSTRAINT FOR (k:K) REQUIRE k.id IS UNIQUE");
    must(&place.db, "UNWIND range(0, 999) AS n CREATE (:K {id: n})");
    for text in [
        "COPY P FROM 'in.csv' (KEY id)",
        "COPY P FROM 'in.jsonl' (KEY name)",
        "COPY FROM 'in.nt'",
        "COPY FROM 'in.ttl'",
        "COPY R FROM 'rels.csv' (FROM K, TO K)",
        "DESCRIBE 'in.csv'",
    ] {
        // In a transaction that is dropped: how long it takes alone.
        let began = Instant::now();
        let mut tx = place.db.write().expect("it begins");
        tx.execute(text, ()).expect(text);
        drop(tx);
        let alone = began.elapsed();
        let mut late = Vec::new();
        for part in 1..8 {
            let cancel = CancelHandle::default();
            let options = QueryOptions { cancel: Some(cancel.clone()), ..QueryOptions::default() };
            let (result, took) = thread::scope(|scope| {
                let other = scope.spawn(move || {
                    thread::park_timeout(alone * part / 10);
                    cancel.cancel();
                    Instant::now()
                });
                let result = place.db.query_with(text, (), &options).map(drop);
                let ended = Instant::now();
                (result, ended.saturating_duration_since(other.join().expect("no panic")))
            });
            match result {
                Err(Error::Cancelled) => late.push(took),
                // It was faster this time, and is undone by hand.
                Ok(()) => must(&place.db, "MATCH (n) WHERE NOT n:K DETACH DELETE n").rows.clear(),
                Err(error) => panic!("{text}: {error}"),
            }
            if text.starts_with("COPY R") {
                must(&place.db, "MATCH (:K)-[r:R]->() DELETE r");
            }
            assert_eq!(count(&place.db, "MATCH (n) RETURN count(*)"), 1000, "{text} left something");
        }
        late.sort_unstable();
        // The machine may be busy with something else at one of these moments, not at most of them.
        assert!(late.len() >= 3, "{text}: cancelled {} times of 7", late.len());
        assert!(late[late.len() / 2] < STOP_MAX, "{text} ({alone:?} alone) stopped after {late:?}");
    }
    assert!(place.db.check(true).expect("the check runs").is_sound());
}

#[cfg(not(feature = "parquet"))]
#[test]
fn columnar_files_name_the_feature_they_need() {
    let place = Place::new();
    place.file("x.parquet", "PAR1");
    place.file("x.arrow", "ARROW1");
    for statement in [
        "COPY X FROM 'x.parquet'",
        "DESCRIBE 'x.arrow'",
        "LOAD CSV FROM 'x.parquet' AS row RETURN row",
        "COPY (RETURN 1 AS x) TO 'out.arrows'",
    ] {
        let error = place.refused(statement);
        assert!(error.contains("build with --features parquet"), "{statement}: {error}");
    }
    assert!(!place.folder.path().join("out.arrows").exists());
}
