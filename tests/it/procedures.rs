//! Procedures that the application adds.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use attendb::{Database, Error, Procedure, Value, ValueType, params};

/// Returns a procedure that counts from 1 to its argument.
fn count_to() -> Procedure {
    Procedure::new("test.countTo", |args| {
        let n = args[0].as_int().unwrap_or_default();
        Ok((1..=n).map(|i| Ok(vec![Value::Int(i), Value::Int(i * i)])))
    })
    .argument("n", ValueType::Integer)
    .output("i", ValueType::Integer)
    .output("square", ValueType::Integer)
}

#[test]
fn rows_are_read_as_they_are_wanted() {
    let db = Database::memory().unwrap();
    db.register(count_to()).unwrap();
    let rows: Vec<(i64, i64)> = db
        .query(
            "CALL test.countTo($n) YIELD i, square WHERE i % 2 = 0 RETURN i, square LIMIT 2",
            params! {"n": i64::MAX},
        )
        .unwrap()
        .collect_as()
        .unwrap();
    assert_eq!(rows, [(2, 4), (4, 16)]);
    // More rows than a batch has, for several input rows.
    let text = "UNWIND [3000, 0, 2] AS n CALL test.countTo(n) YIELD i RETURN n, count(i) AS found ORDER BY n";
    let rows: Vec<(i64, i64)> = db.query(text, ()).unwrap().collect_as().unwrap();
    assert_eq!(rows, [(2, 2), (3000, 3000)]);
}

#[test]
fn prepared_statements_and_transactions_know_them() {
    let db = Database::memory().unwrap();
    db.register(count_to()).unwrap();
    let statement = db.prepare("CALL test.countTo($n) YIELD i RETURN sum(i)").unwrap();
    assert_eq!(statement.query(params! {"n": 4}).unwrap().single().unwrap(), Value::Int(10));
    let mut tx = db.write().unwrap();
    tx.execute("CALL test.countTo(3) YIELD i CREATE (:N {i: i})", ()).unwrap();
    tx.commit().unwrap();
    assert_eq!(db.query("MATCH (n:N) RETURN count(n)", ()).unwrap().single().unwrap(), Value::Int(3));
}

#[test]
fn one_without_outputs_runs_once_for_each_row() {
    let db = Database::memory().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let log = Procedure::new("test.log", move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(Vec::new())
    });
    db.register(log.argument("what", ValueType::Any)).unwrap();
    // Nobody asks for rows that have no columns: it runs all the same.
    drop(db.query("CALL test.log('x')", ()).unwrap());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    db.execute("UNWIND [1, 2, 3] AS x CALL test.log(x) RETURN x", ()).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}

#[test]
fn what_they_do_wrong_is_an_error_of_the_statement() {
    let db = Database::memory().unwrap();
    db.register(count_to()).unwrap();
    assert!(matches!(db.register(count_to()), Err(Error::NotAllowed { .. })), "a second one of a name");
    let narrow = Procedure::new("test.narrow", |_| Ok([Ok(vec![Value::Int(1)])]));
    db.register(narrow.output("a", ValueType::Integer).output("b", ValueType::Integer)).unwrap();
    let untrue = Procedure::new("test.untrue", |_| Ok([Ok(vec!["x".into()])]));
    db.register(untrue.output("a", ValueType::Integer)).unwrap();
    let failing = Procedure::new("test.failing", |_| -> attendb::Result<Vec<_>> { Err(Error::procedure("no luck")) });
    db.register(failing.output("a", ValueType::Integer)).unwrap();
    for (text, detail) in [
        ("CALL test.narrow()", "InvalidOutput"),
        ("CALL test.untrue()", "InvalidOutput"),
        ("CALL test.failing()", "ProcedureFailed"),
        ("CALL test.countTo($n)", "InvalidArgumentType"),
    ] {
        let error = db.execute(text, params! {"n": "many"}).unwrap_err();
        assert_eq!(error.as_query().map(|error| error.detail), Some(detail), "{text}: {error}");
    }
}
