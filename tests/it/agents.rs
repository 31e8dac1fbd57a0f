//! Attention by typed calls: the same plans and answers as the statements they stand for, one by one or many at once.

use std::time::Duration;

use attendb::{
    AttendSpec, Attended, Database, Error, Options, QueryOptions, Value,
    model::{Direction, NodeId},
    params,
};

use crate::support::must;

/// Agents of a village.
const N: i64 = 150;

fn village(threads: usize) -> Database {
    let db = Database::memory_with(Options { threads, ..Options::default() }).unwrap();
    must(&db, "CREATE CONSTRAINT FOR (n:Npc) REQUIRE n.id IS UNIQUE");
    must(&db, "CREATE EMBEDDING text FOR (n:Npc) ON n.text DIMENSION 3");
    must(&db, "CREATE EMBEDDING mood FOR (n:Npc) ON n.mood DIMENSION 2 METRIC EUCLIDEAN");
    must(
        &db,
        &format!(
            "UNWIND range(0, {}) AS id CREATE (:Npc {{id: id, rank: id % 5, text: [sin(id), cos(id), 0.3], \
             mood: [id % 7, id % 3]}})",
            N - 1
        ),
    );
    must(
        &db,
        &format!(
            "MATCH (a:Npc), (b:Npc) WHERE (a.id * 7 + b.id) % 19 < 2 AND a <> b \
             CREATE (a)-[r:KNOWS]->(b) SET r.since = b.id % {N}"
        ),
    );
    must(&db, "MATCH (a:Npc), (b:Npc) WHERE (a.id + b.id) % 31 = 5 CREATE (a)-[:`owes`` to`]->(b)");
    must(&db, "MATCH (a:Npc {id: 3}) REMOVE a.text");
    db
}

/// The answer of a statement, as a typed call gives it.
fn answer(db: &Database, text: &str, params: impl Into<attendb::Params>) -> Vec<(u64, f32, Option<f32>)> {
    let rows = db.query(text, params).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let float = |value: &Value| value.as_float().map(|x| x as f32);
    rows.map(|row| {
        let row = row.unwrap();
        (row.get(0).as_int().unwrap() as u64, float(row.get(1)).unwrap(), float(row.get(2)))
    })
    .collect()
}

fn shown(ranked: &[Attended]) -> Vec<(u64, f32, Option<f32>)> {
    ranked.iter().map(|one| (one.node.get().into(), one.score, one.similarity)).collect()
}

fn explained(db: &Database, text: &str, params: impl Into<attendb::Params>) -> String {
    let rows = db.query(&format!("EXPLAIN {text}"), params).unwrap();
    rows.map(|row| row.unwrap().get(0).to_string() + "\n").collect()
}

/// Specs, and the statements that a person would write for them.
fn pairs() -> Vec<(AttendSpec, &'static str)> {
    let key = || AttendSpec::key("Npc", "id", 7);
    vec![
        (
            key().follow(["KNOWS"], Direction::Out).query(&[0.1, 0.9, 0.0]).limit(5),
            "MATCH (me:Npc {id: $key})-[r:KNOWS]->(x) ATTEND DISTINCT x IN (FOR $query LIMIT $limit) \
             SCORE AS score, SIMILARITY AS similarity RETURN x, score, similarity",
        ),
        (
            key()
                .follow(["KNOWS", "owes` to"], Direction::In)
                .hops(1, 2)
                .label("Npc")
                .query_start()
                .space("text", 0.25)
                .space("mood", 2.0)
                .temperature(0.5)
                .prior(0.7)
                .min_weight(0.01),
            "MATCH (me:Npc {id: $key})<-[r:KNOWS|`owes`` to`*1..2]-(x:Npc) ATTEND DISTINCT x IN (PRIOR $prior \
             ON text WEIGHT $weight0, mood WEIGHT $weight1 TEMPERATURE $temperature MIN WEIGHT $min_weight FOR me) \
             SCORE AS score, SIMILARITY AS similarity RETURN x, score, similarity",
        ),
        (
            AttendSpec::nodes([NodeId::new(0), NodeId::new(4)])
                .follow_both(["KNOWS"])
                .query_in("mood", &[1.0, 1.0])
                .mask("x.rank < $most")
                .param("most", 3)
                .boost("rank", "x.rank / 2.0")
                .boost("paths", "count(*)"),
            "MATCH (me)-[r:KNOWS]-(x) WHERE id(me) IN $ids ATTEND DISTINCT x IN (FOR $query ON mood \
             WHERE x.rank < $most BOOST x.rank / 2.0 AS rank BOOST count(*) AS paths) \
             SCORE AS score, SIMILARITY AS similarity RETURN x, score, similarity",
        ),
        (
            AttendSpec::everywhere()
                .label("Npc")
                .query_in("text", &[0.0, 1.0, 0.0])
                .min_similarity(0.5)
                .heads(3)
                .limit(9),
            "MATCH (x:Npc) ATTEND DISTINCT x IN (FOR $query ON text HEADS $heads MIN SIMILARITY $min_similarity \
             LIMIT $limit) SCORE AS score, SIMILARITY AS similarity RETURN x, score, similarity",
        ),
        (
            AttendSpec::node(NodeId::new(9)).boost("rank", "x.rank"),
            "MATCH (me)-[r]-(x) WHERE id(me) IN $ids ATTEND DISTINCT x IN (BOOST x.rank AS rank) \
             SCORE AS score, SIMILARITY AS similarity RETURN x, score, similarity",
        ),
    ]
}

#[test]
fn a_spec_plans_and_answers_as_its_statement() {
    let db = village(1);
    for (spec, text) in pairs() {
        let plan = explained(&db, spec.statement(), spec.params());
        assert_eq!(plan, explained(&db, text, spec.params()), "{text}");
        assert!(plan.contains("Attend"), "{plan}");
        let ids = text.replace("RETURN x,", "RETURN id(x),");
        let expected = answer(&db, &ids, spec.params());
        assert!(expected.len() > 3, "{text}: {expected:?}");
        assert_eq!(shown(&db.attend(&spec).unwrap()), expected, "{text}");
        // Again, from what waits for it.
        assert_eq!(shown(&db.attend(&spec).unwrap()), expected, "{text}");
    }
}

fn agents() -> Vec<AttendSpec> {
    (0..N)
        .map(|id| {
            let spec = AttendSpec::key("Npc", "id", id).follow(["KNOWS"], Direction::Out).limit(4);
            match id % 3 {
                0 => spec.query_start().space("mood", 1.0),
                1 => spec.query_in("text", &[1.0, id as f32, 0.5]),
                _ => spec.query_in("text", &[1.0, 0.0, id as f32]).prior(0.2),
            }
        })
        .collect()
}

#[test]
fn many_are_answered_as_one_by_one_whatever_the_threads() {
    let (alone, together) = (village(1), village(3));
    let agents = agents();
    let one_by_one: Vec<_> = agents.iter().map(|spec| alone.attend(spec).unwrap()).collect();
    assert!(one_by_one.iter().all(|ranked| ranked.len() == 4));
    for db in [&alone, &together] {
        for _ in 0..3 {
            let many: Vec<_> = db.attend_many(&agents).into_iter().map(Result::unwrap).collect();
            assert_eq!(many, one_by_one);
        }
    }
    assert!(together.attend_many(&[]).is_empty());
}

#[test]
fn one_that_fails_leaves_the_others_alone() {
    let db = village(2);
    let mut agents = agents();
    // It has no text to compare with.
    agents[3] = AttendSpec::key("Npc", "id", 3).follow(["KNOWS"], Direction::Out).query_start().space("text", 1.0);
    agents[5] = AttendSpec::key("Npc", "id", 5).query_in("tekst", &[1.0]);
    agents[6] = AttendSpec::key("Npc", "id", 6).follow(["KNOWS"], Direction::Out).mask("true) RETURN x //");
    agents[7] = AttendSpec::key("Npc", "id", 7)
        .mask("true) SCORE AS score, SIMILARITY AS similarity SET x.rank = 9 RETURN x, score, similarity //");
    agents[8] = AttendSpec::key("Npc", "id", 8).query_start().limit(2).mask("$missing");
    let told = |at: usize, all: &[Result<Vec<Attended>, Error>]| all[at].as_ref().unwrap_err().to_string();
    let all = db.attend_many(&agents);
    for (at, message) in [
        (3, "the node of FOR has no embedding"),
        (5, "there is no embedding space `tekst`"),
        (6, "an expression that ends the clause it stands in"),
        (7, "an expression that ends the clause it stands in"),
        (8, "parameter $missing has no value"),
    ] {
        let error = told(at, &all);
        assert!(error.contains(message), "{at}: {error}");
        assert_eq!(db.attend(&agents[at]).unwrap_err().to_string(), error);
    }
    assert_eq!(all.iter().filter(|answer| answer.is_ok()).count(), N as usize - 5);
    assert_eq!(must(&db, "MATCH (n:Npc {rank: 9}) RETURN count(*)").rows, [vec![Value::Int(0)]]);
}

#[test]
fn what_is_not_done_in_time_says_so() {
    let db = village(2);
    let options = QueryOptions { deadline: Some(Duration::ZERO), ..QueryOptions::default() };
    let late = db.attend_many_with(&agents(), &options);
    assert_eq!(late.len(), N as usize);
    assert!(late.iter().all(|answer| matches!(answer, Err(Error::Deadline { allowed_ms: 0 }))));
    let options = QueryOptions { deadline: Some(Duration::from_secs(60)), ..QueryOptions::default() };
    assert!(db.attend_many_with(&agents(), &options).iter().all(Result::is_ok));
}

#[test]
fn a_transaction_that_reads_answers_from_its_own_state() {
    let db = village(1);
    let spec = AttendSpec::key("Npc", "id", 7).follow(["KNOWS"], Direction::Out).query(&[0.1, 0.9, 0.0]);
    let before = db.read().unwrap();
    let answer = before.attend(&spec).unwrap();
    db.execute("MATCH (:Npc {id: $id})-[r:KNOWS]->() DELETE r", params! { "id": 7 }).unwrap();
    assert_eq!(before.attend(&spec).unwrap(), answer);
    let many = before.attend_many(std::slice::from_ref(&spec), &QueryOptions::default());
    assert_eq!(many.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [answer]);
    assert!(db.attend(&spec).unwrap().is_empty());
    let other = db.clone();
    db.close().unwrap();
    assert!(matches!(other.attend(&spec), Err(Error::Closed)));
    assert!(matches!(other.attend_many(&[spec]).as_slice(), [Err(Error::Closed)]));
}

#[test]
fn what_typed_calls_attend_to_is_noted_where_that_is_asked_for() {
    let db = village(2);
    let agents = agents();
    db.attend(&agents[1]).unwrap();
    assert!(db.take_accesses(10).is_empty());
    let options = QueryOptions { notice: Some(true), source: Some("frame 7".into()), ..QueryOptions::default() };
    let ranked = db.attend_many_with(&agents[1..2], &options).remove(0).unwrap();
    let noted = db.take_accesses(10);
    let mut weights: Vec<f32> = noted.iter().map(|access| access.weight).collect();
    weights.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(weights, ranked.iter().map(|one| one.score).collect::<Vec<_>>());
    assert!(noted.iter().all(|access| access.source.as_deref() == Some("frame 7")));
}
