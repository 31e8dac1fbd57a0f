//! The time of facts: what a pattern finds where relationships hold from one property to another.

use attendb::{Database, Error, Value, model::Map, params};

use super::support::{must, run};

/// Ada heard 1 of Bo from 10 to 20 and 3 of Cy until 15; Bo heard 2 of Cy from 20; Cy heard 4 of Di, whenever; Ada knows Bo.
fn town(clock: bool) -> Database {
    let db = Database::memory().expect("a database in memory");
    for text in [
        "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 2",
        "CREATE (a:Npc {name: 'Ada'}), (b:Npc {name: 'Bo'}), (c:Npc {name: 'Cy'}), (d:Npc {name: 'Di'}), \
         (a)-[:HEARD {n: 1, since: 10, until: 20}]->(b), (b)-[:HEARD {n: 2, since: 20}]->(c), \
         (a)-[:HEARD {n: 3, until: 15}]->(c), (c)-[:HEARD {n: 4}]->(d), (a)-[:KNOWS {n: 6, since: 90, until: 91}]->(b)",
        "MATCH (n:Npc) SET n.vec = [1.0, 0.0]",
    ] {
        must(&db, text);
    }
    let clock = if clock { " CLOCK $now" } else { "" };
    must(&db, &format!("CREATE VALIDITY FOR ()-[r:HEARD]-() ON (r.since, r.until){clock}"));
    db
}

/// Runs a statement at a time of the world; returns its rows' numbers in order.
fn at(db: &Database, now: i64, text: &str) -> Vec<i64> {
    let rows = db.query(text, params! { "now": now }).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let mut found = Vec::new();
    for row in rows {
        match &row.unwrap_or_else(|error| panic!("{text}\n{error}")).values()[0] {
            Value::Int(n) => found.push(*n),
            Value::Bool(is) => found.push((*is).into()),
            Value::List(items) => found.extend(items.iter().map(|item| item.as_int().unwrap())),
            Value::Null => {}
            other => panic!("{text}\n{other}"),
        }
    }
    found.sort_unstable();
    found
}

fn refusal(db: &Database, text: &str) -> String {
    match run(db, text, &Map::new()) {
        Err(error @ Error::Query(_)) => error.to_string(),
        Err(error) => panic!("{text}\n{error}"),
        Ok(_) => panic!("{text}\nran"),
    }
}

#[test]
fn a_pattern_finds_what_holds() {
    let db = town(true);
    let all = "MATCH ()-[r:HEARD]->() RETURN r.n";
    for (now, expected) in
        [(5, &[3, 4][..]), (10, &[1, 3, 4]), (14, &[1, 3, 4]), (15, &[1, 4]), (19, &[1, 4]), (20, &[2, 4])]
    {
        assert_eq!(at(&db, now, all), expected, "at {now}: from the first time, included, to the second, excluded");
    }
    assert_eq!(at(&db, 0, "MATCH ()-[r]->() RETURN r.n"), [3, 4, 6], "types without a time are not asked for one");
    assert_eq!(at(&db, 0, "MATCH ()-[r:KNOWS|HEARD]->() RETURN r.n"), [3, 4, 6]);
    assert_eq!(at(&db, 0, "MATCH ()-[r:!HEARD]->() RETURN r.n"), [6]);
    assert_eq!(at(&db, 0, "MATCH ()<-[r:HEARD]-() RETURN r.n"), [3, 4]);
    assert_eq!(at(&db, 0, "MATCH ()-[r:HEARD]-() RETURN r.n"), [3, 3, 4, 4]);
}

#[test]
fn every_form_of_pattern_is_about_a_time() {
    let db = town(true);
    // With 20 the way from Ada is cut; with 12 there is the short one, and Bo leads nowhere.
    for (form, at_12, at_20, at_any) in [
        (
            "MATCH (:Npc {name: 'Ada'})-[r:HEARD*1..3]->(x) RETURN size(r)",
            &[1, 1, 2][..],
            &[][..],
            &[1, 1, 2, 2, 3][..],
        ),
        ("MATCH (:Npc {name: 'Ada'})-[r:HEARD]->{1,3}(x) RETURN size(r)", &[1, 1, 2], &[], &[1, 1, 2, 2, 3]),
        ("MATCH (:Npc {name: 'Ada'}) (()-[r:HEARD]->(z)){1,3} (x) RETURN size(r)", &[1, 1, 2], &[], &[1, 1, 2, 2, 3]),
        ("MATCH (:Npc {name: 'Bo'}) ((y)-[:HEARD]->()-[:HEARD]->(z)){1,2} (x) RETURN size(z)", &[], &[1], &[1]),
        ("MATCH p = (:Npc {name: 'Ada'})-[*]->({name: 'Di'}) RETURN length(p)", &[2], &[3], &[2, 3, 3]),
        ("MATCH p = shortestPath((:Npc {name: 'Ada'})-[:HEARD*]->({name: 'Di'})) RETURN length(p)", &[2], &[], &[2]),
        ("MATCH p = ANY SHORTEST (:Npc {name: 'Ada'})-[:HEARD]->+({name: 'Di'}) RETURN length(p)", &[2], &[], &[2]),
        ("MATCH p = ALL SHORTEST (:Npc {name: 'Bo'})-[:HEARD]-+({name: 'Di'}) RETURN length(p)", &[3], &[2], &[2]),
        ("MATCH ACYCLIC (:Npc {name: 'Ada'})-[r:HEARD]->{2,3}(x) RETURN size(r)", &[2], &[], &[2, 2, 3]),
        ("MATCH SHORTEST 2 (:Npc {name: 'Ada'})-[r:HEARD]->+({name: 'Cy'}) RETURN size(r)", &[1], &[], &[1, 2]),
        ("MATCH CHEAPEST (:Npc {name: 'Ada'})-[r:HEARD]->+({name: 'Di'}) COST BY r.n RETURN size(r)", &[2], &[], &[2]),
        (
            "MATCH REPEATABLE ELEMENTS (:Npc {name: 'Ada'})-[r:HEARD]->{1,2}(x) RETURN size(r)",
            &[1, 1, 2],
            &[],
            &[1, 1, 2, 2],
        ),
        ("MATCH (:Npc {name: 'Ada'})-[:HEARD]->(x)-[:HEARD]->(y) RETURN 1", &[1], &[], &[1, 1]),
        ("MATCH (a:Npc)-[:HEARD]->(x), (a)-[:KNOWS]->(x) RETURN 1", &[1], &[], &[1]),
        ("MATCH (a:Npc {name: 'Ada'}) OPTIONAL MATCH (a)-[r:HEARD]->() RETURN r.n", &[1, 3], &[], &[1, 3]),
        ("MATCH (a:Npc) MATCH (a)-[r:HEARD]->() RETURN count(r)", &[3], &[2], &[4]),
        ("MATCH (a:Npc)-[r:HEARD]->() RETURN count(*)", &[3], &[2], &[4]),
        ("MATCH (a:Npc {name: 'Ada'})-[r:HEARD]->(x) ATTEND x IN (FOR [1.0, 0.0]) RETURN r.n", &[1, 3], &[], &[1, 3]),
        (
            "MATCH (a:Npc {name: 'Ada'})-[r:HEARD*2..3]->(x) ATTEND r IN (FOR [1.0, 0.0] ON NODE text) RETURN size(r)",
            &[2],
            &[],
            &[2, 2, 3],
        ),
    ] {
        assert_eq!(at(&db, 12, form), at_12, "{form}");
        assert_eq!(at(&db, 20, form), at_20, "{form}");
        let (pattern, rest) = match form.find(" OPTIONAL") {
            Some(place) => {
                let last = form.rfind(" RETURN").unwrap();
                (form[..last].to_owned(), &form[last.max(place)..])
            }
            None => {
                let words = [" ATTEND", " COST", " RETURN"];
                let end = words.iter().filter_map(|word| form.find(word)).min().unwrap();
                (form[..end].to_owned(), &form[end..])
            }
        };
        assert_eq!(at(&db, 20, &format!("{pattern} AT ANY TIME{rest}")), at_any, "{form}");
        assert_eq!(at(&db, 20, &format!("{pattern} AT TIME 12{rest}")), at_12, "{form}");
    }
}

#[test]
fn patterns_in_expressions_are_about_the_time_around_them() {
    let db = town(true);
    for (form, at_12, at_20) in [
        ("MATCH (a:Npc {name: 'Ada'}) RETURN size([(a)-[r:HEARD]->() | r.n])", 2, 0),
        ("MATCH (a:Npc {name: 'Ada'}) RETURN COUNT { (a)-[:HEARD]->() }", 2, 0),
        ("MATCH (a:Npc {name: 'Ada'}) RETURN EXISTS { (a)-[:HEARD]->() }", 1, 0),
        ("MATCH (a:Npc {name: 'Ada'}) RETURN EXISTS { MATCH (a)-[:HEARD]->(x) WHERE x.name = 'Cy' }", 1, 0),
        ("MATCH (a:Npc {name: 'Ada'}) RETURN size(COLLECT { MATCH (a)-[r:HEARD]->() RETURN r.n })", 2, 0),
        ("MATCH (a:Npc {name: 'Ada'}) WHERE (a)-[:HEARD]->() RETURN 1", 1, -1),
        ("MATCH (a:Npc {name: 'Ada'}) CALL (a) { MATCH (a)-[r:HEARD]->() RETURN count(r) AS n } RETURN n", 2, 0),
        ("MATCH (a {name: 'Ada'}), (b {name: 'Cy'}) RETURN length(shortestPath((a)-[:HEARD*]->(b)))", 1, -1),
    ] {
        let expected = |n: i64| if n < 0 { Vec::new() } else { vec![n] };
        assert_eq!(at(&db, 12, form), expected(at_12), "{form}");
        assert_eq!(at(&db, 20, form), expected(at_20), "{form}");
    }
    let degrees = "MATCH (n:Npc) RETURN degree(n)";
    assert_eq!(at(&db, 12, degrees), [1, 2, 2, 3], "KNOWS is counted too");
    assert_eq!(at(&db, 20, degrees), [1, 1, 2, 2]);
    assert_eq!(at(&db, 20, "RETURN degree(null)"), [0; 0]);
    assert_eq!(at(&db, 20, "MATCH (n {name: 'Ada'}) RETURN [x IN [n, null] | degree(x)][0]"), [1]);
    // In the WHERE of a pattern its time holds; behind it, now.
    let text = "MATCH (a:Npc {name: 'Ada'}) AT TIME 12 WHERE (a)-[:HEARD]->() RETURN COUNT { (a)-[:HEARD]->() }";
    assert_eq!(at(&db, 20, text), [0]);
    let own = "MATCH (a:Npc {name: 'Ada'}) WHERE EXISTS { MATCH (a)-[:HEARD]->() AT ANY TIME } RETURN 1";
    assert_eq!(at(&db, 20, own), [1]);
    assert_eq!(
        at(&db, 20, "MATCH (a:Npc {name: 'Ada'})-[r:HEARD]->() AT TIME 12 MATCH ()-[q:HEARD]->() RETURN q.n"),
        [2, 2, 4, 4]
    );
}

#[test]
fn times_are_computed_and_given() {
    let db = town(true);
    let of = |time: &str| at(&db, 20, &format!("MATCH ()-[r:HEARD]->() AT TIME {time} RETURN r.n"));
    assert_eq!(of("$now - 8"), [1, 3, 4]);
    assert_eq!(of("null"), [2, 4], "null is the default");
    let rows = "UNWIND [12, 20] AS t MATCH ()-[r:HEARD]->() AT TIME t RETURN r.n";
    assert_eq!(at(&db, 0, rows), [1, 2, 3, 4, 4]);
    let rows = "UNWIND [12, 20] AS t MATCH ({name: 'Ada'})-[r:HEARD*1..2]->() AT TIME t + 0 RETURN size(r)";
    assert_eq!(at(&db, 0, rows), [1, 1, 2]);
    assert!(refusal(&db, "MATCH ()-[r:HEARD]->() AT TIME true RETURN r").contains("not a time"));
    assert!(refusal(&db, "MATCH ()-[r:HEARD]->() RETURN r").contains("$now"), "the clock must be given");
    assert_eq!(must(&db, "MATCH ()-[r:HEARD]->() AT ANY TIME RETURN r.n").rows.len(), 4, "no clock is needed");
    must(&db, "MATCH ()-[r:KNOWS]->() RETURN r");
}

#[test]
fn without_a_clock_it_is_the_systems() {
    let db = town(false);
    assert_eq!(at(&db, 0, "MATCH ()-[r:HEARD]->() RETURN r.n"), [2, 4], "numbers are seconds since 1970");
    for (since, until, holds) in [
        ("datetime() - duration('P1D')", "datetime() + duration('P1D')", true),
        ("datetime() - duration('P2D')", "datetime() - duration('P1D')", false),
        ("date('2000-01-01')", "null", true),
        ("null", "date('2000-01-01')", false),
        ("localdatetime('2000-01-01T00:00')", "'9999-01-01'", true),
        ("'soon'", "null", false),
    ] {
        must(
            &db,
            &format!("MATCH ()-[r:HEARD]->() AT ANY TIME WHERE r.n = 1 SET r.since = {since}, r.until = {until}"),
        );
        let found = at(&db, 0, "MATCH ()-[r:HEARD {n: 1}]->() RETURN r.n");
        assert_eq!(found.len(), usize::from(holds), "{since} {until}");
    }
    let text = "MATCH ()-[r:HEARD]->() AT TIME date('1970-01-01') RETURN r.n";
    assert_eq!(at(&db, 0, text), [3, 4], "a day stands for its first moment");
}

#[test]
fn what_changes_the_graph_sees_what_match_sees() {
    let db = town(true);
    let merge = "MATCH (a {name: 'Ada'}), (b {name: 'Bo'}) MERGE (a)-[r:HEARD]->(b) \
                 ON CREATE SET r.n = 7, r.since = $now ON MATCH SET r.again = true RETURN r.n";
    assert_eq!(at(&db, 12, merge), [1]);
    assert_eq!(at(&db, 20, merge), [7], "what holds no more is not merged with");
    assert_eq!(at(&db, 20, merge), [7]);
    assert_eq!(at(&db, 25, "MATCH (a {name: 'Ada'})-[r:HEARD]->(b {name: 'Bo'}) AT ANY TIME RETURN r.n"), [1, 7]);
    db.execute("MATCH ()-[r:HEARD]->() SET r.seen = true", params! { "now": 30 }).unwrap();
    assert_eq!(at(&db, 0, "MATCH ()-[r:HEARD]->() AT ANY TIME WHERE r.seen RETURN r.n"), [2, 4, 7]);
    must(&db, "MATCH (a {name: 'Ada'}) DETACH DELETE a");
    assert_eq!(at(&db, 0, "MATCH ()-[r]->() AT ANY TIME RETURN r.n"), [2, 4], "deleting a node deletes all of it");
}

#[test]
fn plans_follow_the_declarations() {
    let db = town(true);
    let all = "MATCH ()-[r:HEARD]->() RETURN count(r)";
    assert_eq!(at(&db, 12, all), [3]);
    must(&db, "DROP VALIDITY FOR ()-[x:HEARD]-()");
    assert_eq!(at(&db, 12, all), [4]);
    assert_eq!(must(&db, all).rows[0][0], Value::Int(4));
    must(&db, "CREATE VALIDITY FOR ()-[r]-() ON (r.until, r.since)");
    assert_eq!(
        at(&db, 12, "MATCH ()-[r:KNOWS]->() RETURN count(r)"),
        [0],
        "all types, and the ends the other way round"
    );
    let error = refusal(&db, "CREATE VALIDITY FOR ()-[r:HEARD]-() ON (r.since, r.until)");
    assert!(error.contains("()-[r]-() has a validity already"), "{error}");
    must(&db, "CREATE VALIDITY IF NOT EXISTS FOR ()-[r:HEARD]-() ON (r.since, r.until)");
    let error = refusal(&db, "DROP VALIDITY FOR ()-[r:HEARD]-()");
    assert!(error.contains("there is no validity of ()-[r:HEARD]-()") && error.contains("()-[r]-()"), "{error}");
    must(&db, "DROP VALIDITY FOR ()-[r:HEARD]-() IF EXISTS");
    must(&db, "DROP VALIDITY FOR ()-[r]-()");
    assert_eq!(at(&db, 12, all), [4]);
}

#[test]
fn validities_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("town.kg");
    let db = Database::open(&path).unwrap();
    must(&db, "CREATE ()-[:HEARD {n: 1, since: 10, until: 20}]->()");
    must(&db, "CREATE VALIDITY FOR ()-[r:HEARD]-() ON (r.since, r.until) CLOCK $now");
    db.close().unwrap();
    let db = Database::open(&path).unwrap();
    let all = "MATCH ()-[r:HEARD]->() RETURN r.n";
    assert_eq!((at(&db, 12, all), at(&db, 20, all)), (vec![1], vec![]));
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    let copy = Database::load_from(stream.as_slice()).unwrap();
    assert_eq!((at(&copy, 12, all), at(&copy, 20, all)), (vec![1], vec![]));
    // Policies are of facts whatever their time.
    must(&db, "CREATE POLICY rumours FOR ()-[r:HEARD]-() WHERE r.n = 1");
    let shown = must(&db, "SHOW POLICIES YIELD relationships").rows;
    assert_eq!(shown, [[Value::Int(1)]]);
}

#[cfg(feature = "text")]
#[test]
fn words_find_what_holds() {
    let db = town(true);
    must(&db, "CREATE FULLTEXT INDEX said FOR ()-[r:HEARD]-() ON EACH [r.text]");
    must(&db, "MATCH ()-[r:HEARD]->() AT ANY TIME SET r.text = CASE r.n WHEN 1 THEN 'bell' ELSE 'the bell again' END");
    let text = "MATCH ()-[r:HEARD]->() SEARCH r IN (FULLTEXT INDEX said FOR 'bell' LIMIT 1) RETURN r.n";
    assert_eq!(at(&db, 12, text), [1], "the best");
    let found = at(&db, 20, text);
    assert!(found == [2] || found == [4], "the best of those that hold: {found:?}");
    let call = "CALL db.index.fulltext.queryRelationships('said', 'bell') YIELD relationship AS r RETURN r.n";
    assert_eq!((at(&db, 12, call), at(&db, 20, call)), (vec![1, 3, 4], vec![2, 4]));
    let scores = "CALL db.index.fulltext.queryRelationships('said', 'bell') YIELD score RETURN count(score)";
    assert_eq!((at(&db, 12, scores), at(&db, 20, scores)), (vec![3], vec![2]));
}
