//! Forks and backups: each is whole, and a world of its own.

use std::sync::atomic::{AtomicBool, Ordering};

use attendb::{Database, Error};

use crate::support::{count, graph::Graph, must};

/// Several blocks of nodes and relationships, holes, every kind of value, an index and a constraint.
fn fill(db: &Database) {
    must(db, "CREATE CONSTRAINT a_n FOR (a:A) REQUIRE a.n IS UNIQUE");
    must(db, "CREATE INDEX b_s FOR (b:B) ON (b.s)");
    must(
        db,
        "UNWIND range(1, 3000) AS n CREATE (:A {n: n, x: n / 7.0, s: 't' + toString(n % 50), l: [n, 'x', -0.0], \
         d: date('2020-01-01'), b: n % 2 = 0})",
    );
    must(db, "UNWIND range(1, 1500) AS n CREATE (:B {s: toString(n % 100)})");
    must(db, "MATCH (a:A), (b:A {n: 1}) CREATE (a)-[:R {n: a.n}]->(b)");
    must(db, "MATCH (a:A) WHERE a.n % 10 = 3 DETACH DELETE a");
}

#[test]
fn a_fork_and_its_original_do_not_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("db")).unwrap();
    fill(&db);
    // Half in blocks nobody has read, half in changes.
    db.checkpoint().unwrap();
    must(&db, "MATCH (b:B {s: '7'}) SET b.s = 'seven'");
    let before = Graph::read(&db).unwrap();
    let fork = db.fork().unwrap();
    must(&fork, "MATCH (a:A) WHERE a.n < 100 SET a.n = -a.n");
    let second = fork.fork().unwrap();
    let forked = Graph::read(&fork).unwrap();
    assert_ne!(before, forked);
    assert_eq!(before, Graph::read(&db).unwrap());
    must(&db, "MATCH (n) DETACH DELETE n");
    must(&fork, "MATCH (b:B) DELETE b");
    assert_eq!(Graph::read(&second).unwrap(), forked);
    assert!(second.check(true).unwrap().is_sound());
    assert!(fork.check(true).unwrap().is_sound());
}

#[test]
fn a_fork_outlives_checkpoints_sweeps_and_the_original() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let db = Database::open(&path).unwrap();
    fill(&db);
    let before = Graph::read(&db).unwrap();
    db.close().unwrap();
    // Nothing is pinned yet: the fork has to read what the original replaces.
    let db = Database::open(&path).unwrap();
    let fork = db.fork().unwrap();
    let second = fork.fork().unwrap();
    for round in 0..4 {
        must(&db, &format!("MATCH (n) SET n.round = {round}, n.s = 'new'"));
        db.checkpoint().unwrap();
        must(&fork, &format!("CREATE (:Mine {{round: {round}}})"));
        fork.checkpoint().unwrap();
    }
    db.close().unwrap();
    assert!(matches!(Database::open(&path), Err(Error::AlreadyOpen { .. })), "the forks read its files");
    assert_eq!(Graph::read(&second).unwrap(), before);
    must(&fork, "MATCH (n:Mine) DELETE n");
    drop(fork);
    assert_eq!(Graph::read(&second).unwrap(), before);
    second.backup(dir.path().join("copy")).unwrap();
    drop(second);
    assert_eq!(count(&Database::open(&path).unwrap(), "MATCH (n {round: 3}) RETURN count(*)"), 4200);
    let copy = Database::open(dir.path().join("copy")).unwrap();
    assert_eq!(Graph::read(&copy).unwrap(), before);
    assert!(copy.check(true).unwrap().is_sound());
}

#[test]
fn a_backup_is_a_database_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("db"), dir.path().join("copy"));
    let db = Database::open(&path).unwrap();
    fill(&db);
    db.checkpoint().unwrap();
    must(&db, "MATCH (b:B {s: '7'}) SET b.s = 'seven'");
    let before = Graph::read(&db).unwrap();
    db.backup(&copy).unwrap();
    assert!(matches!(db.backup(&copy), Err(Error::NotAllowed { .. })), "nothing is written over");
    must(&db, "MATCH (n) DETACH DELETE n");
    let header = |path: &std::path::Path| std::fs::read(path.join("header")).unwrap();
    assert_ne!(header(&path), header(&copy), "each has its own id");
    for round in 0..3 {
        let copied = Database::open(&copy).unwrap();
        assert_eq!(count(&copied, "MATCH (n:Round) RETURN count(*)"), round);
        must(&copied, "MATCH (n:Round) DELETE n");
        assert_eq!(Graph::read(&copied).unwrap(), before);
        assert!(copied.check(true).unwrap().is_sound());
        assert!(copied.execute("CREATE (:A {n: 1})", ()).is_err(), "the constraint came along");
        for _ in 0..=round {
            must(&copied, "CREATE (:Round)");
        }
        copied.close().unwrap();
    }
    Database::memory().unwrap().backup(dir.path().join("empty")).unwrap();
    assert_eq!(count(&Database::open(dir.path().join("empty")).unwrap(), "MATCH (n) RETURN count(*)"), 0);
}

#[test]
fn copies_beside_a_writer_hold_whole_commits() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("db")).unwrap();
    must(&db, "UNWIND range(1, 2500) AS n CREATE (:T {k: 0})");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut k = 0;
            while !is_done.load(Ordering::Relaxed) {
                k += 1;
                must(&db, &format!("MATCH (t:T) SET t.k = {k}"));
                db.checkpoint().unwrap();
            }
        });
        for at in 0..8 {
            let path = dir.path().join(format!("copy{at}"));
            let fork = db.fork().unwrap();
            db.backup(&path).unwrap();
            for copy in [fork, Database::open(&path).unwrap()] {
                assert_eq!(count(&copy, "MATCH (t:T) RETURN count(DISTINCT t.k)"), 1, "half a commit");
                assert_eq!(count(&copy, "MATCH (t:T) RETURN count(t.k)"), 2500);
            }
        }
        is_done.store(true, Ordering::Relaxed);
    });
}
