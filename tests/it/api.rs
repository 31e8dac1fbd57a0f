//! Promises of the library's interface: transactions, snapshots, unique keys under concurrency, limits, the lock.

use std::{
    thread,
    time::{Duration, Instant},
};

use attendb::{Database, Error, Options, Params, QueryOptions, Rows, Value, params};

use super::support::{count, must, run};

fn memory() -> Database {
    Database::memory().expect("a database in memory")
}

#[test]
fn a_dropped_transaction_leaves_nothing() {
    let db = memory();
    {
        let mut transaction = db.write().expect("a transaction");
        transaction.execute("CREATE (:A {x: 1})", ()).expect("it runs");
        let mut rows = transaction.query("MATCH (a:A) RETURN a.x", ()).expect("it sees its own writes");
        assert_eq!(rows.next().expect("a row").expect("a row").values()[0].as_int(), Some(1));
    }
    assert_eq!(count(&db, "MATCH (a:A) RETURN count(*)"), 0);
}

#[test]
fn a_transaction_may_be_the_last_handle() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Database::open(folder.path()).expect("it opens");
    let mut transaction = db.write().expect("a transaction");
    drop(db);
    transaction.execute("CREATE (:A)", ()).expect("it runs");
    drop(transaction);
    let db = Database::open(folder.path()).expect("it was closed");
    assert_eq!(db.query("MATCH (a:A) RETURN count(a)", ()).and_then(Rows::single).expect("it runs"), Value::Int(0));
}

#[test]
fn a_failed_statement_leaves_the_rest_of_its_transaction() {
    let db = memory();
    must(&db, "CREATE CONSTRAINT FOR (a:A) REQUIRE a.x IS UNIQUE");
    let mut transaction = db.write().expect("a transaction");
    transaction.execute("CREATE (:A {x: 1})", ()).expect("it runs");
    assert!(transaction.execute("UNWIND [2, 3, 1] AS x CREATE (:A {x: x})", ()).is_err());
    transaction.execute("CREATE (:A {x: 4})", ()).expect("it goes on");
    transaction.commit().expect("it commits");
    assert_eq!(count(&db, "MATCH (a:A) RETURN sum(a.x)"), 5);
}

#[test]
fn a_reader_keeps_its_snapshot() {
    let db = memory();
    must(&db, "CREATE (:A), (:A)");
    let reader = db.read().expect("a snapshot");
    must(&db, "MATCH (a:A) DELETE a");
    let mut rows = reader.query("MATCH (a:A) RETURN count(*)", ()).expect("it answers");
    assert_eq!(rows.next().expect("a row").expect("a row").values()[0].as_int(), Some(2));
    assert_eq!(count(&db, "MATCH (a:A) RETURN count(*)"), 0);
}

#[test]
fn of_concurrent_writers_of_one_key_one_succeeds() {
    let db = memory();
    must(&db, "CREATE CONSTRAINT FOR (a:A) REQUIRE a.x IS UNIQUE");
    for x in 0..50i64 {
        let results: Vec<bool> = thread::scope(|scope| {
            let attempt = || db.execute("CREATE (:A {x: $x})", params! { "x": x }).is_ok();
            let writers: Vec<_> = (0..4).map(|_| scope.spawn(attempt)).collect();
            writers.into_iter().map(|writer| writer.join().expect("no panic")).collect()
        });
        assert_eq!(results.iter().filter(|ok| **ok).count(), 1, "key {x}");
    }
    assert_eq!(count(&db, "MATCH (a:A) RETURN count(DISTINCT a.x)"), 50);
    assert_eq!(count(&db, "MATCH (a:A) RETURN count(*)"), 50);
}

#[test]
fn concurrent_merges_make_one_node() {
    let db = memory();
    must(&db, "CREATE CONSTRAINT FOR (a:A) REQUIRE a.x IS UNIQUE");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for x in 0..100i64 {
                    db.execute("MERGE (a:A {x: $x}) SET a.n = coalesce(a.n, 0) + 1", params! { "x": x })
                        .expect("a merge of a unique key never fails");
                }
            });
        }
    });
    assert_eq!(count(&db, "MATCH (a:A) RETURN count(*)"), 100);
    assert_eq!(count(&db, "MATCH (a:A) WHERE a.n = 4 RETURN count(*)"), 100);
}

#[test]
fn a_key_deleted_and_made_again_in_one_transaction_is_unique() {
    let db = memory();
    must(&db, "CREATE CONSTRAINT FOR (a:A) REQUIRE a.x IS UNIQUE");
    must(&db, "CREATE (:A {x: 1})");
    let mut transaction = db.write().expect("a transaction");
    transaction.execute("MATCH (a:A {x: 1}) DELETE a", ()).expect("it runs");
    transaction.execute("CREATE (:A {x: 1, again: true})", ()).expect("the key is free");
    assert!(transaction.execute("CREATE (:A {x: 1})", ()).is_err(), "and taken again");
    transaction.commit().expect("it commits");
    assert_eq!(count(&db, "MATCH (a:A {x: 1}) WHERE a.again RETURN count(*)"), 1);
}

#[test]
fn a_second_handle_is_refused_with_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let db = Database::open(&path).expect("it opens");
    match Database::open(&path) {
        Err(Error::AlreadyOpen { process_id, .. }) => assert_eq!(process_id, Some(std::process::id())),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened twice"),
    }
    db.close().expect("a clean close");
    Database::open(&path).expect("it opens again after closing");
}

#[test]
fn a_closed_database_says_so() {
    let db = memory();
    let other = db.clone();
    db.close().expect("a clean close");
    assert!(matches!(run(&other, "RETURN 1 AS x", &Default::default()), Err(Error::Closed)));
}

#[test]
fn parameters_are_values_not_text() {
    let db = memory();
    must(&db, "CREATE (:A {x: 'a'})");
    let query = |text: &str, params: Params| {
        let mut rows = db.query(text, params).expect("it answers");
        rows.next().expect("a row").expect("a row").values()[0].clone()
    };
    let hostile = "' OR true //";
    assert_eq!(query("MATCH (a:A) WHERE a.x = $x RETURN count(*)", params! { "x": hostile }).as_int(), Some(0));
    assert_eq!(query("RETURN $x", params! { "x": hostile }).as_str(), Some(hostile));
    let missing = db.query("RETURN $nothing", ()).expect_err("a missing parameter is an error");
    assert_eq!(
        missing.as_query().map(|error| (error.kind, error.detail)),
        Some(("ParameterMissing", "MissingParameter"))
    );
}

/// 100,000 parentheses must neither overflow a small stack nor take long.
#[test]
fn deep_nesting_is_refused_at_once() {
    let refuse = || {
        let db = memory();
        let n = 100_000;
        for text in [
            format!("RETURN {}1{}", "(".repeat(n), ")".repeat(n)),
            format!("RETURN {}1{}", "[".repeat(n), "]".repeat(n)),
            format!("RETURN {}1", "-".repeat(n)),
            format!("RETURN {}true", "NOT ".repeat(n)),
            format!("RETURN 1{}", " + 1".repeat(n)),
            format!("MATCH {}", "(".repeat(n)),
            format!("RETURN {}1", "CASE WHEN true THEN ".repeat(n)),
        ] {
            let started = Instant::now();
            let error = run(&db, &text, &Default::default()).err().expect("it is refused");
            let limit = Duration::from_millis(if cfg!(debug_assertions) { 10_000 } else { 500 });
            assert!(started.elapsed() < limit, "{:?}: {}", started.elapsed(), &text[..30]);
            assert!(matches!(error, Error::Query(_) | Error::Limit { .. }), "{error}");
        }
    };
    thread::Builder::new().stack_size(1 << 20).spawn(refuse).expect("a thread").join().expect("no overflow");
}

#[test]
fn a_runaway_statement_stops_at_its_limit() {
    let options = Options { memory_bytes_max: 64 << 20, deadline: Some(Duration::from_secs(5)), ..Options::default() };
    let folder = tempfile::tempdir().expect("a folder");
    let db = Database::open_with(folder.path().join("db"), options).expect("it opens");
    must(&db, "UNWIND range(1, 2000) AS i CREATE (:A {i: i})");
    let started = Instant::now();
    let result = run(&db, "MATCH (a:A), (b:A), (c:A) RETURN collect(a.i + b.i + c.i) AS x", &Default::default());
    assert!(matches!(result.err(), Some(Error::Limit { .. } | Error::Deadline { .. })));
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(count(&db, "MATCH (a:A) RETURN count(*)"), 2000);
}

#[test]
fn rows_are_limited() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { rows_max: 100, ..Options::default() };
    let db = Database::open_with(folder.path().join("db"), options).expect("it opens");
    assert_eq!(
        run(&db, "UNWIND range(1, 100) AS x RETURN x", &Default::default()).expect("it answers").rows.len(),
        100
    );
    let result = run(&db, "UNWIND range(1, 101) AS x RETURN x", &Default::default());
    assert!(matches!(result.err(), Some(Error::Limit { max: 100, .. })));
}

#[test]
fn files_are_denied_unless_allowed() {
    let db = memory();
    for text in ["COPY A FROM '/etc/hostname' (KEY x)", "LOAD CSV FROM '/etc/hostname' AS row RETURN row"] {
        let error = run(&db, text, &Default::default()).err().expect("it is refused");
        assert!(matches!(error, Error::NotAllowed { .. }), "{error}");
    }
}

#[test]
fn errors_point_at_their_place() {
    let db = memory();
    must(&db, "CREATE (:Person {name: 'x'})");
    let error = run(&db, "MATCH (person:Person)\nRETURN persn.name", &Default::default()).err().expect("an error");
    let query = error.as_query().expect("a query error");
    let place = query.place.as_ref().expect("a place");
    assert_eq!((place.line, place.column), (2, 8));
    let text = error.to_string();
    assert!(text.contains("person"), "no suggestion in: {text}");
    let error = run(&db, "MATCH (n) RETRUN n", &Default::default()).err().expect("an error");
    assert!(error.to_string().contains("RETURN"), "no suggestion in: {error}");
}

#[test]
fn a_profile_adds_up_and_every_run_has_its_own() {
    let db = memory();
    must(&db, "UNWIND range(1, 3000) AS i CREATE (:A {x: i})");
    let statement = db.prepare("PROFILE MATCH (a:A) WHERE a.x > $x RETURN a.x AS x ORDER BY x").expect("it compiles");
    for (x, rows) in [(0, 3000), (2990, 10)] {
        let summary = statement.execute(params! { "x": x }).expect("it runs");
        let profile = summary.profile.expect("a profile");
        let own: Duration = profile.operators.iter().map(|operator| operator.time).sum();
        assert_eq!(profile.operators[0].time_total, own, "{profile}");
        assert_eq!((profile.operators[0].rows, profile.operators[0].depth), (rows, 0), "{profile}");
        let find = |name: &str| {
            profile.operators.iter().find(|operator| operator.operator.starts_with(name)).expect("the operator")
        };
        let (scan, sort) = (find("NodeScan"), find("Sort"));
        assert_eq!((scan.rows, sort.rows), (3000, rows), "{profile}");
        assert!(scan.batches >= 3 && scan.batches <= 3000, "{profile}");
        assert!(scan.rows_estimated.is_some_and(|n| (n - 3000.0).abs() < 1.0), "{profile}");
        // A number for each row of the sort at the least, and nothing for what only hands rows on.
        assert!(sort.memory_bytes_max >= 8 * rows && scan.memory_bytes_max == 0, "{profile}");
        assert!(sort.time_total >= scan.time_total && sort.time_total > sort.time, "{profile}");
    }
    assert!(db.execute("MATCH (a:A) RETURN a", ()).expect("it runs").profile.is_none());
}

#[test]
fn a_profile_keeps_to_the_limits_of_its_query() {
    let db = memory();
    must(&db, "UNWIND range(1, 3000) AS i CREATE (:A {x: i})");
    let query = "PROFILE MATCH (a:A), (b:A) RETURN a.x, b.x ORDER BY a.x + b.x";
    let fails = |options: QueryOptions| db.query_with(query, (), &options).expect_err("it is stopped");
    let memory = QueryOptions { memory_bytes_max: Some(1 << 20), ..QueryOptions::default() };
    assert!(matches!(fails(memory), Error::Limit { .. }));
    let deadline = QueryOptions { deadline: Some(Duration::from_millis(1)), ..QueryOptions::default() };
    assert!(matches!(fails(deadline), Error::Deadline { allowed_ms: 1 }));
    let rows = QueryOptions { rows_max: Some(5), ..QueryOptions::default() };
    let few = db.query_with("PROFILE MATCH (a:A) RETURN a", (), &rows).expect_err("too many rows");
    assert!(matches!(few, Error::Limit { max: 5, .. }), "{few}");
    assert!(db.query("PROFILE RETURN $none", ()).is_err());
}

#[test]
fn a_profile_of_a_write_is_a_write() {
    let db = memory();
    let rows = db.query("PROFILE CREATE (a:A {x: 1}) RETURN a", ()).expect("it runs");
    assert_eq!((rows.summary().nodes_created, rows.summary().properties_set), (1, 1));
    assert!(rows.summary().sequence.is_some(), "it is committed");
    assert!(db.read().expect("a snapshot").query("PROFILE CREATE (:A)", ()).is_err(), "a reader may not");
    let mut transaction = db.write().expect("a transaction");
    transaction.execute("PROFILE CREATE (:A)", ()).expect("it runs");
    assert!(transaction.execute("PROFILE UNWIND [1, 0] AS x CREATE (:A) WITH x RETURN 1 / x", ()).is_err());
    let mut seen = transaction.query("PROFILE MATCH (a:A) RETURN a", ()).expect("it runs");
    assert_eq!(seen.next().expect("a row").expect("a row").values()[3].as_int(), Some(2));
    drop(seen);
    drop(transaction);
    assert_eq!(count(&db, "MATCH (a:A) RETURN count(*)"), 1);
}

/// The second run finds the columns of the first, emptied: a row whose optional part is not there must stay in its place.
#[test]
fn a_prepared_statement_answers_the_same_again() {
    let db = Database::memory().unwrap();
    db.execute("CREATE ({id: 0}), (n {id: 1}), ({id: 2}), (n)-[:R]->({id: 3})", ()).unwrap();
    for text in [
        "MATCH (a) CALL (a) { RETURN count(*) AS n } OPTIONAL MATCH (a)-->(b) RETURN a.id, b.id ORDER BY b.id, a.id",
        "MATCH (a) CALL (a) { RETURN count(*) AS n } OPTIONAL MATCH (a)-->(b) RETURN a.id, b.id ORDER BY b DESC, a.id",
        "MATCH (a) OPTIONAL CALL (a) { MATCH (a)-->(b) RETURN b LIMIT 1 } RETURN a.id, b.id ORDER BY a.id DESC",
    ] {
        let statement = db.prepare(text).unwrap();
        let run = || {
            let rows = statement.query(()).unwrap();
            rows.map(|row| format!("{:?}", row.unwrap().values())).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first.iter().filter(|row| row.contains("Int(1), Int(3)")).count(), 1, "{text}: {first:?}");
        (0..3).for_each(|_| assert_eq!(run(), first, "{text}"));
    }
}
