//! Policies: how they are declared, changed, shown and kept, of which relationships each is, and the prior they give.

use attendb::{Database, Error, Options, Params, Value, model::Map, params};

use super::support::{count, must, run};

/// Ada has heard three things, two of them from the court, and knows Bo.
fn town() -> Database {
    let db = Database::memory().expect("a database in memory");
    for text in [
        "CREATE EMBEDDING text FOR (n:Npc|News) ON n.vec DIMENSION 2",
        "CREATE (a:Npc {name: 'Ada', vec: [1.0, 0.0]}), (b:Npc {name: 'Bo', vec: [0.0, 1.0]}), (a)-[:KNOWS]->(b) \
         WITH a UNWIND [['x', 'royal'], ['y', 'royal'], ['z', 'common']] AS row \
         CREATE (a)-[:HEARD {kind: row[1]}]->(:News {name: row[0], vec: [1.0, 1.0]})",
    ] {
        must(&db, text);
    }
    db
}

const RUMOURS: &str = "CREATE POLICY rumours FOR ()-[r:HEARD]-() WHERE r.kind <> 'royal' HALF LIFE duration('P30D') \
                       FLOOR 0.05 PRUNE ALLOWED PRIOR 0.3 ON ACCESS 0.1 ON REJECT -0.3 PRIORITY 2";

fn shown(db: &Database) -> Vec<Vec<Value>> {
    must(db, "SHOW POLICIES").rows
}

/// What each policy is called, and of how many relationships it is, in the order in which they hold.
fn covered(db: &Database) -> Vec<(String, i64)> {
    let rows = must(db, "SHOW POLICIES YIELD name, relationships").rows;
    rows.iter().map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_int().unwrap())).collect()
}

fn refusal(db: &Database, text: &str) -> String {
    refusal_with(db, text, &Map::new())
}

fn refusal_with(db: &Database, text: &str, params: &Map) -> String {
    match run(db, text, params) {
        Err(error @ Error::Query(_)) => error.to_string(),
        Err(error) => panic!("{text}\n{error}"),
        Ok(_) => panic!("{text}\nran"),
    }
}

#[test]
fn a_policy_says_what_it_was_told() {
    let db = town();
    let rows = db.query(RUMOURS, ()).unwrap();
    assert_eq!(rows.summary().policies_changed, 1);
    drop(rows);
    let all = must(&db, "SHOW POLICIES");
    assert_eq!(
        all.columns.join(" "),
        "name types condition halfLifeSeconds floor pruneAllowed prior onAccess onReject priority relationships"
    );
    let expected = vec![
        "rumours".into(),
        Value::list(["HEARD".into()]),
        "r.kind <> 'royal'".into(),
        Value::Float(30.0 * 86400.0),
        Value::Float(0.05),
        Value::Bool(true),
        Value::Float(0.3),
        Value::Float(0.1),
        Value::Float(-0.3),
        Value::Int(2),
        Value::Int(1),
    ];
    assert_eq!(all.rows, [expected]);
    // Nothing said is nothing done.
    must(&db, "CREATE POLICY plain FOR ()-[r]-()");
    let null = || Value::Null;
    let zero = Value::Float(0.0);
    let list = Value::list([]);
    assert_eq!(
        shown(&db)[0][..10],
        ["plain".into(), list, null(), null(), zero, null(), null(), null(), null(), Value::Int(0)]
    );
}

#[test]
fn a_condition_is_looked_at_when_it_is_declared() {
    let db = town();
    let rows = db.query("CREATE POLICY p FOR ()-[r:HEARD]-() WHERE r.knid = 'royal'", ()).unwrap();
    assert_eq!(rows.summary().notices, ["property key `knid` does not exist; did you mean `kind`?"]);
}

#[test]
fn options_are_constants_and_parameters() {
    let db = town();
    let text = "CREATE POLICY p FOR ()-[r:HEARD]-() HALF LIFE duration({hours: $hours}) FLOOR (1 / 4.0) PRIOR $prior \
                PRIORITY -1 ON REJECT $none";
    let params = params! { "hours": 2, "prior": 1, "none": Value::Null };
    db.execute(text, params).unwrap();
    let row = &shown(&db)[0];
    assert_eq!((&row[3], &row[4], &row[6]), (&Value::Float(7200.0), &Value::Float(0.25), &Value::Float(1.0)));
    assert_eq!((&row[8], &row[9]), (&Value::Null, &Value::Int(-1)));
    must(&db, "ALTER POLICY p HALF LIFE 60 PRIOR null PRUNE ALLOWED");
    let row = &shown(&db)[0];
    assert_eq!((&row[3], &row[5], &row[6]), (&Value::Float(60.0), &Value::Bool(true), &Value::Null));
    assert_eq!(row[4], Value::Float(0.25), "what is not named stays");
    must(&db, "ALTER POLICY p PRUNE NOT ALLOWED HALF LIFE null");
    assert_eq!((&shown(&db)[0][3], &shown(&db)[0][5]), (&Value::Null, &Value::Bool(false)));
}

#[test]
fn the_first_by_priority_holds_of_each_relationship() {
    let db = town();
    must(&db, "CREATE POLICY all FOR ()-[r]-()");
    assert_eq!(covered(&db), [("all".into(), 4)]);
    must(&db, RUMOURS);
    assert_eq!(covered(&db), [("all".into(), 4), ("rumours".into(), 0)], "0 comes before 2");
    must(&db, "ALTER POLICY all PRIORITY 3");
    assert_eq!(covered(&db), [("rumours".into(), 1), ("all".into(), 3)]);
    must(&db, "CREATE POLICY court FOR ()-[r:HEARD|KNOWS]-() WHERE EXISTS { (:Npc {name: 'Ada'})-[r]->() } PRIORITY 2");
    assert_eq!(covered(&db), [("rumours".into(), 1), ("court".into(), 3), ("all".into(), 0)], "of two, the older");
    // Future facts too.
    must(&db, "MATCH (b:Npc {name: 'Bo'}) CREATE (b)-[:HEARD {kind: 'common'}]->(:News), (b)-[:KNOWS]->(b)");
    assert_eq!(covered(&db), [("rumours".into(), 2), ("court".into(), 3), ("all".into(), 1)]);
    let rows = must(&db, "SHOW POLICIES YIELD name, priority AS p WHERE p > 2 RETURN name").rows;
    assert_eq!(rows, [["all".into()]]);
}

#[test]
fn a_compaction_keeps_to_the_policies() {
    let db = town();
    let left = |db: &Database| count(db, "MATCH ()-[r:HEARD]->() RETURN count(r)");
    must(&db, "CREATE POLICY court FOR ()-[r:HEARD]-() WHERE r.kind = 'royal' PRUNE NOT ALLOWED");
    let text = "CALL kg.compact({keepFraction: 0.0, match: '()-[r:HEARD]->()'}) YIELD action RETURN count(*)";
    must(&db, text);
    assert_eq!(left(&db), 2, "what must not be pruned stays, whoever asks");
    must(&db, "ALTER POLICY court PRUNE ALLOWED");
    must(&db, text);
    assert_eq!(left(&db), 0);
}

#[test]
fn names_need_no_plain_words() {
    let db = town();
    must(&db, "CREATE (:A)-[:`in ``two``` {`a b`: 1}]->(:B)");
    must(
        &db,
        "CREATE POLICY `my policy` FOR ()-[`the r`:`in ``two```|policy]-() WHERE `the r`.`a b` = 1 // yes\n OR false",
    );
    assert_eq!(covered(&db), [("my policy".into(), 1)]);
    must(&db, "DROP POLICY `my policy`");
    assert!(shown(&db).is_empty());
}

#[test]
fn the_prior_of_a_policy_is_the_default_of_attend() {
    let db = town();
    must(&db, "MATCH ()-[r:HEARD]->(x {name: 'z'}) SET SALIENCE r = 4");
    let first = |text: &str| must(&db, text).rows[0][0].as_float().unwrap();
    let heard = "MATCH (:Npc {name: 'Ada'})-[r:HEARD]->(x) ATTEND x IN (FOR [1.0, 0.0]";
    let query = format!("{heard}) SCORE AS s RETURN s ORDER BY x.name DESC");
    let third = 1.0 / 3.0;
    assert!((first(&query) - third).abs() < 1e-6, "salience counts nothing");
    must(&db, "CREATE POLICY rumours FOR ()-[r:HEARD]-() PRIOR 1");
    assert!((first(&query) - 4.0 / 6.0).abs() < 1e-6, "the plan that is kept is made anew");
    let given = |prior: &str| first(&format!("{heard} PRIOR {prior}) SCORE AS s RETURN s ORDER BY x.name DESC"));
    assert!((given("0") - third).abs() < 1e-6, "what is written counts");
    assert!((given("0.5") - 0.5).abs() < 1e-6);
    let with = |prior: Value| {
        let mut params = Params::new();
        params.set("p", prior);
        let text = format!("{heard} PRIOR $p) SCORE AS s RETURN s ORDER BY x.name DESC");
        let mut rows = db.query(&text, params).unwrap();
        rows.next().unwrap().unwrap().values()[0].as_float().unwrap()
    };
    assert!((with(Value::Null) - 4.0 / 6.0).abs() < 1e-6, "null means the default");
    assert!((with(Value::Int(0)) - third).abs() < 1e-6);
    // Of relationships that are ranked themselves, and of paths.
    for text in [
        "MATCH (:Npc {name: 'Ada'})-[r:HEARD]->(x) ATTEND r IN (FOR [1.0, 0.0] ON NODE text) SCORE AS s RETURN s \
         ORDER BY x.name DESC",
        "MATCH (:Npc {name: 'Ada'})-[r:HEARD*1..1]->(x) ATTEND r IN (FOR [1.0, 0.0] ON NODE text) SCORE AS s RETURN s \
         ORDER BY x.name DESC",
    ] {
        assert!((first(text) - 4.0 / 6.0).abs() < 1e-6, "{text}");
    }
    // Only where all that is followed is of its types.
    let either = "MATCH (:Npc {name: 'Ada'})-[r:HEARD|KNOWS]->(x) ATTEND x IN (FOR [1.0, 0.0]) WHY AS w \
                  RETURN w.heads[0].prior ORDER BY x.name DESC";
    assert_eq!(first(either), 0.0);
    must(&db, "CREATE POLICY both FOR ()-[r:KNOWS|HEARD]-() PRIOR 2 PRIORITY 9");
    assert!((first(either) - 2.0 * 4.0_f64.ln()).abs() < 1e-6);
    assert!((first(&query) - 4.0 / 6.0).abs() < 1e-6, "the first one by priority");
    must(&db, "ALTER POLICY rumours PRIOR null");
    assert!((first(&query) - 16.0 / 18.0).abs() < 1e-6, "one that has no prior gives none");
    let plan = must(&db, &format!("EXPLAIN {query}")).rows;
    assert!(plan.iter().any(|row| row[0].as_str().unwrap().contains("prior")), "{plan:?}");
    must(&db, "DROP POLICY both");
    assert!((first(&query) - third).abs() < 1e-6);
}

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    let db = town();
    must(&db, "CREATE POLICY court FOR ()-[r:HEARD]-()");
    let start = "CREATE POLICY p FOR ()-[r:HEARD]-()";
    for (option, what) in [
        ("HALF LIFE -3", "above 0, not -3"),
        ("HALF LIFE 0", "above 0, not 0"),
        ("HALF LIFE duration('-P1D')", "above 0"),
        ("HALF LIFE 'soon'", "a duration"),
        ("HALF LIFE date('2026-01-01')", "a duration"),
        ("FLOOR 1.5", "a number from 0 to 1, not 1.5"),
        ("FLOOR -0.1", "a number from 0 to 1, not -0.1"),
        ("FLOOR 'low'", "a number from 0 to 1"),
        ("PRIOR 1 / 0.0", "a finite number"),
        ("ON ACCESS -0.1", "an access weakens nothing"),
        ("ON REJECT 0.1", "a rejection strengthens nothing"),
        ("PRIORITY 1.5", "an integer, not 1.5"),
        ("FLOOR r.low", "`r`"),
        ("FLOOR $low", "$low"),
        ("WHERE q.kind = 1", "`q`"),
        ("WHERE r.kind = $kind", "holds for ever"),
        ("WHERE count(r) > 1", "count"),
    ] {
        let params = if option.contains("$kind") {
            params! { "kind": 1 }
        } else {
            Params::new()
        };
        let map: Map = params.iter().map(|(name, value)| (name.into(), value.clone())).collect();
        let error = refusal_with(&db, &format!("{start} {option}"), &map);
        assert!(error.contains(what) && error.contains("line 1, column"), "{option}\n{error}");
    }
    for (text, what) in [
        ("CREATE POLICY court FOR ()-[r]-()", "policy `court` exists already"),
        ("ALTER POLICY cuort FLOOR 0.5", "did you mean `court`?"),
        ("DROP POLICY king", "there are court"),
    ] {
        let error = refusal(&db, text);
        assert!(error.contains(what) && error.contains("line 1, column"), "{text}\n{error}");
    }
    assert_eq!(covered(&db), [("court".into(), 3)], "what fails changes nothing");
    must(&db, "CREATE POLICY court IF NOT EXISTS FOR ()-[r]-() FLOOR 0.5");
    must(&db, "DROP POLICY king IF EXISTS");
    assert_eq!(shown(&db)[0][4], Value::Float(0.0));
    must(&db, "DROP POLICY court");
    assert!(refusal(&db, "DROP POLICY court").contains("CREATE POLICY makes one"));
}

#[test]
fn the_ledger_tells_of_policies() {
    let db = town();
    for text in [RUMOURS, "ALTER POLICY rumours FLOOR 0.2", "CREATE POLICY rumours IF NOT EXISTS FOR ()-[r]-()"] {
        must(&db, text);
    }
    must(&db, "DROP POLICY rumours");
    let text = "CALL kg.compactions() YIELD kind, policy, evidence RETURN kind, policy, evidence";
    let expected = [RUMOURS, "ALTER POLICY rumours FLOOR 0.2", "DROP POLICY rumours"];
    let expected = expected.map(|evidence| vec!["policy".into(), "rumours".into(), evidence.into()]);
    assert_eq!(must(&db, text).rows, expected);
}

#[test]
fn policies_are_in_commits_and_copies() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("town.kg");
    let db = Database::open(&path).unwrap();
    must(&db, "CREATE (:Npc)-[:HEARD {kind: 'common'}]->(:News)");
    must(&db, RUMOURS);
    let mut transaction = db.write().unwrap();
    transaction.execute("CREATE POLICY other FOR ()-[r]-()", ()).unwrap();
    transaction.rollback();
    let expected = shown(&db);
    assert_eq!(expected.len(), 1, "rolled back");
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    assert_eq!(shown(&Database::load_from(stream.as_slice()).unwrap()), expected);
    db.close().unwrap();
    let db = Database::open(&path).unwrap();
    assert_eq!(shown(&db), expected);
    db.close().unwrap();
    let db = Database::open_with(&path, Options { read_only: true, ..Options::default() }).unwrap();
    assert_eq!(shown(&db), expected);
    assert!(matches!(db.execute("DROP POLICY rumours", ()), Err(Error::NotAllowed { .. })));
}
