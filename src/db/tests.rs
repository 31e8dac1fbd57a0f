//! The database as a program sees it.

mod names;
mod notes;

use super::*;
use crate::{Value, params};

fn rows(db: &Database, text: &str) -> Vec<String> {
    let rows = db.query(text, ()).unwrap_or_else(|error| panic!("{text}: {error}"));
    rows.map(|row| row.unwrap().values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")).collect()
}

#[test]
fn a_graph_is_made_asked_and_changed() {
    let db = Database::memory().unwrap();
    let made =
        db.execute("CREATE (a:Npc {name: 'Ada', age: 36})-[:KNOWS {since: 2001}]->(b:Npc {name: 'Bo'})", ()).unwrap();
    assert_eq!((made.nodes_created, made.relationships_created, made.properties_set), (2, 1, 4));
    assert_eq!(rows(&db, "MATCH (a)-[r:KNOWS]->(b) RETURN a.name, r.since, b.name"), ["'Ada' | 2001 | 'Bo'"]);
    assert_eq!(rows(&db, "MATCH (n:Npc) RETURN count(*) AS n, collect(n.name)"), ["2 | ['Ada', 'Bo']"]);
    db.execute("MATCH (n {name: $name}) SET n.age = $age", params! { "name": "Bo", "age": 7 }).unwrap();
    assert_eq!(rows(&db, "MATCH (n:Npc) WHERE n.age < 10 RETURN n"), ["(:Npc {age: 7, name: 'Bo'})"]);
    db.execute("MATCH (n {name: 'Ada'}) DETACH DELETE n", ()).unwrap();
    assert_eq!(rows(&db, "MATCH (n) RETURN n.name"), ["'Bo'"]);
}

#[test]
fn transactions_are_all_or_nothing() {
    let db = Database::memory().unwrap();
    let mut tx = db.write().unwrap();
    tx.execute("CREATE (:A {k: 1})", ()).unwrap();
    assert!(tx.execute("CREATE (:A {k: 2}) WITH 1 AS x RETURN 1 / 0", ()).is_err());
    assert_eq!(tx.query("MATCH (a:A) RETURN count(*)", ()).unwrap().single().unwrap(), Value::Int(1));
    assert_eq!(rows(&db, "MATCH (a:A) RETURN count(*)"), ["0"]);
    tx.commit().unwrap();
    assert_eq!(rows(&db, "MATCH (a:A) RETURN count(*)"), ["1"]);
    let reader = db.read().unwrap();
    db.execute("CREATE (:A)", ()).unwrap();
    assert_eq!(reader.query("MATCH (a:A) RETURN count(*)", ()).unwrap().single().unwrap(), Value::Int(1));
    drop(db.write().unwrap());
    let mut session = db.session();
    session.query("BEGIN", ()).unwrap();
    session.query("CREATE (:A)", ()).unwrap();
    session.query("ROLLBACK", ()).unwrap();
    assert!(session.query("COMMIT", ()).is_err());
    assert_eq!(rows(&db, "MATCH (a:A) RETURN count(*)"), ["2"]);
}

#[test]
fn what_cannot_be_done_says_so() {
    let db = Database::memory_with(Options { files: crate::FileAccess::Any, ..Options::default() }).unwrap();
    let mut tx = db.write().unwrap();
    assert!(tx.query("BEGIN", ()).is_err());
    tx.commit().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("out.csv");
    let text = format!("COPY (CREATE (n) RETURN 1 AS x) TO '{}'", file.display());
    assert!(db.query(&text, ()).is_err());
    assert!(!file.exists());
    assert_eq!(rows(&db, "MATCH (n) RETURN count(*)"), ["0"]);
}

#[test]
fn it_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("town.kg");
    let db = Database::open(&path).unwrap();
    db.execute("CREATE CONSTRAINT FOR (n:Npc) REQUIRE n.id IS UNIQUE", ()).unwrap();
    db.execute("UNWIND range(1, 100) AS i CREATE (:Npc {id: i})", ()).unwrap();
    assert!(matches!(Database::open(&path), Err(Error::AlreadyOpen { process_id: Some(_), .. })));
    assert!(matches!(db.execute("CREATE (:Npc {id: 7})", ()), Err(Error::Constraint { .. })));
    db.close().unwrap();
    let db = Database::open(&path).unwrap();
    assert_eq!(rows(&db, "MATCH (n:Npc {id: 7}) RETURN n.id"), ["7"]);
    assert!(db.check(true).unwrap().is_sound());
    let statement = db.prepare("MATCH (n:Npc {id: $id}) RETURN n.id + 1 AS next").unwrap();
    for id in [1, 50, 100] {
        let found: Vec<i64> = statement.query(params! { "id": id }).unwrap().collect_as().unwrap();
        assert_eq!(found, [i64::from(id) + 1]);
    }
}

#[test]
fn files_are_copied_in_and_out() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), "id,name,age\n1,Ada,36\n2,Bo,\n3,'Cy',7\n").unwrap();
    std::fs::write(dir.path().join("k.csv"), "from,to,since\n1,2,2001\n2,3,2002\n").unwrap();
    let db = Database::memory_with(Options::default().file_roots([dir.path()])).unwrap();
    for _ in 0..2 {
        db.execute("COPY Npc FROM 'a.csv' (KEY id)", ()).unwrap();
    }
    db.execute("COPY KNOWS FROM 'k.csv' (FROM Npc, TO Npc)", ()).unwrap();
    let found = rows(&db, "MATCH (a:Npc)-[r:KNOWS]->(b) RETURN a.name, r.since, b.id ORDER BY a.name");
    assert_eq!(found, ["'Ada' | 2001 | 2", "'Bo' | 2002 | 3"]);
    db.execute("COPY (MATCH (n:Npc) RETURN n.id AS id, n.name AS name ORDER BY id) TO 'out.csv'", ()).unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("out.csv")).unwrap(), "id,name\n1,Ada\n2,Bo\n3,'Cy'\n");
    assert!(matches!(
        db.execute("COPY Npc FROM '../x.csv' (KEY id)", ()),
        Err(Error::NotAllowed { .. } | Error::Io { .. })
    ));
    let loaded = rows(&db, "LOAD CSV WITH HEADERS FROM 'a.csv' AS row RETURN row.name");
    assert_eq!(loaded, ["'Ada'", "'Bo'", "'\\'Cy\\''"]);
}

#[test]
fn appenders_add_rows_of_any_number() {
    for n in [3i64, 2000] {
        let db = Database::memory().unwrap();
        let mut tx = db.write().unwrap();
        let mut nodes = tx.append_nodes("Npc", &["id", "name"]);
        (0..n).for_each(|id| nodes.append([Value::Int(id), Value::from(format!("npc {id}"))]).unwrap());
        let ids = nodes.finish().unwrap();
        let mut knows = tx.append_relationships("KNOWS", &["since"]);
        ids.windows(2).for_each(|pair| knows.append(pair[0], pair[1], [Value::Int(1)]).unwrap());
        assert_eq!(knows.finish().unwrap(), ids.len() - 1);
        tx.commit().unwrap();
        assert_eq!(rows(&db, "MATCH (a:Npc {id: 1})-[r:KNOWS]->(b) RETURN b.name, r.since"), ["'npc 2' | 1"]);
        assert!(db.check(true).unwrap().is_sound());
        let first = db.neighbors(ids[0], crate::model::Direction::Out, Some("KNOWS")).unwrap()[0].relationship;
        let mut tx = db.write().unwrap();
        assert!(tx.set_salience(first, 0.0).is_err());
        tx.set_salience(first, 0.25).unwrap();
        tx.commit().unwrap();
        db.checkpoint().unwrap();
        assert_eq!(rows(&db, "MATCH (:Npc {id: 0})-[r]->() RETURN salience(r)"), ["0.25"]);
        assert_eq!(db.neighbors(ids[0], crate::model::Direction::Out, None).unwrap()[0].node, ids[1]);
    }
}
