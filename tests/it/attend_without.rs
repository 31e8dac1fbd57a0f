//! `WHY WITHOUT`: the relationship it names is taken away, and the candidate stands where it said; no other one does worse.

use std::collections::BTreeSet;

use attendb::{Database, Value, WriteTransaction};

use super::support::must;

const SEED: u64 = 11;
const GRAPHS: u64 = 12;
const NODES: u64 = 9;
const RELS: u64 = 18;

/// Random numbers below `n`, from a seed.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move |n| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    }
}

fn graph(seed: u64) -> Database {
    let db = Database::memory().unwrap();
    must(&db, "CREATE EMBEDDING text FOR (n:N) ON n.vec DIMENSION 3");
    let mut below = numbers(seed);
    for id in 0..NODES {
        let [x, y, z] = [(); 3].map(|()| below(200) as f64 / 100.0 - 1.0);
        must(&db, &format!("CREATE (:N {{id: {id}, vec: [{x}, {y}, {z}]}})"));
    }
    for _ in 0..RELS {
        let (from, to, since) = (below(NODES), below(NODES), below(10));
        must(&db, &format!("MATCH (a:N {{id: {from}}}), (b:N {{id: {to}}}) CREATE (a)-[:R {{since: {since}}}]->(b)"));
    }
    db
}

/// The queries: what is ranked, where its rows came by, and the rest.
const QUERIES: &[(&str, &str)] = &[
    ("MATCH (me:N {id: 0})-[r1]->()-[r2]->(x) ATTEND x IN (FOR [1.0, 0.5, 0.1])", "[r1, r2]"),
    ("MATCH (me:N {id: 0})-[rs*1..3]->(x) ATTEND x IN (FOR [0.1, -1.0, 0.4] TEMPERATURE 0.5)", "rs"),
    (
        "MATCH p = (me:N {id: 1})-[rs*1..3]->(x) \
         ATTEND x IN (FOR [0.1, 0.3, 0.4] BOOST (-0.8 * min(length(p))) AS near BOOST count(*) AS ways)",
        "rs",
    ),
    ("MATCH (me:N)-[r1]->(y)-[r2]-(x) ATTEND x PER me IN (FOR [0.2, 0.2, -0.4] WHERE x.id <> me.id)", "[r1, r2]"),
    (
        "MATCH (me:N {id: 2})-[r1]-(y) MATCH (y)-[r2]-(x) ATTEND x IN (FOR [-0.2, 0.9, -0.4] MIN SIMILARITY -0.5)",
        "[r1, r2]",
    ),
    ("MATCH (me:N)-[r1]->(x) ATTEND r1 IN (FOR [0.2, 0.6, -0.4] ON NODE text)", "[r1]"),
];

/// A candidate: its group, and itself.
type Key = (i64, i64);

/// The ranks of candidates, by group and candidate, from 1: rows of (group, candidate, logit) as they were ranked.
fn ranks(rows: &[Vec<Value>]) -> Vec<(Key, usize, f64)> {
    let mut ranks: Vec<(Key, usize, f64)> = Vec::new();
    for row in rows {
        let key = (row[0].as_int().unwrap(), row[1].as_int().unwrap());
        if ranks.iter().all(|(known, ..)| *known != key) {
            let rank = ranks.iter().filter(|((group, _), ..)| *group == key.0).count() + 1;
            ranks.push((key, rank, row[2].as_float().unwrap()));
        }
    }
    ranks
}

fn query(transaction: &mut WriteTransaction, text: &str) -> Vec<Vec<Value>> {
    let rows = transaction.query(text, ()).unwrap_or_else(|error| panic!("{text}: {error}"));
    rows.map(|row| row.unwrap().values().to_vec()).collect()
}

/// Deletes a relationship in a transaction that is given up, and ranks again.
fn ranks_without(db: &Database, text: &str, rel: i64) -> Vec<(Key, usize, f64)> {
    let mut transaction = db.write().unwrap();
    transaction.execute(&format!("MATCH ()-[r]->() WHERE id(r) = {rel} DELETE r"), ()).unwrap();
    let rows = query(&mut transaction, text);
    transaction.rollback();
    ranks(&rows)
}

#[test]
fn the_rank_without_it_is_the_one_that_is_found_when_it_is_deleted() {
    let (mut n_gone, mut n_lower, mut n_none) = (0, 0, 0);
    for (seed, (attend, ways)) in (SEED..SEED + GRAPHS).flat_map(|seed| QUERIES.iter().map(move |query| (seed, query)))
    {
        let db = graph(seed);
        let (group, candidate) = match (attend.contains("PER me"), attend.contains("ATTEND r1")) {
            (true, _) => ("me.id", "x.id"),
            (_, true) => ("me.id", "id(r1)"),
            _ => ("0", "x.id"),
        };
        let plain = format!("{attend} LOGIT AS z RETURN {group}, {candidate}, z");
        let told = format!("{attend} LOGIT AS z, WHY WITHOUT AS w RETURN {group}, {candidate}, z, w.without, {ways}");
        let rows = must(&db, &told).rows;
        for (key, rank, logit) in ranks(&rows) {
            let of_it = |row: &&Vec<Value>| (row[0].as_int(), row[1].as_int()) == (Some(key.0), Some(key.1));
            let own: Vec<&Vec<Value>> = rows.iter().filter(of_it).collect();
            // By brute force: what each relationship on the way does.
            let rels: BTreeSet<i64> = own.iter().flat_map(|row| rels_of(&row[4])).collect();
            let outcomes: Vec<(usize, f64, i64)> = rels
                .iter()
                .map(|rel| {
                    let found = ranks_without(&db, &plain, *rel).into_iter().find(|(other, ..)| *other == key);
                    (found.map_or(usize::MAX, |found| found.1), found.map_or(f64::NEG_INFINITY, |found| found.2), *rel)
                })
                .collect();
            let is_lower = |(other, z, _): &&(usize, f64, i64)| *other > rank || (*other == rank && *z < logit);
            let worst = outcomes.iter().filter(is_lower).map(|(rank, ..)| *rank).max();
            let case = format!("seed {seed}: {told}\n{key:?} at {rank}: {:?}, outcomes {outcomes:?}", own[0][3]);
            match &own[0][3] {
                Value::Map(without) => {
                    let rel = rel_id(&without["relationship"]);
                    let said = without["rank"].as_int().map_or(usize::MAX, |rank| rank as usize);
                    let found = outcomes.iter().find(|outcome| outcome.2 == rel).unwrap_or_else(|| panic!("{case}"));
                    assert_eq!(found.0, said, "{case}");
                    assert_eq!(Some(said), worst, "{case}");
                    if said == usize::MAX { n_gone += 1 } else { n_lower += 1 }
                }
                _ => {
                    assert_eq!(worst, None, "{case}");
                    n_none += 1;
                }
            }
        }
    }
    assert!(n_gone > 100 && n_lower > 10 && n_none > 100, "{n_gone} {n_lower} {n_none}");
}

/// The relationships of a list of relationships, and of lists of them.
fn rels_of(value: &Value) -> Vec<i64> {
    match value {
        Value::List(items) => items.iter().flat_map(rels_of).collect(),
        other => vec![rel_id(other)],
    }
}

fn rel_id(value: &Value) -> i64 {
    let Value::Relationship(rel) = value else { panic!("{value} is no relationship") };
    i64::from(rel.id.get())
}

#[test]
fn the_plain_explanation_has_no_such_part() {
    let db = graph(1);
    let text = "MATCH (me:N)-[]->(x) ATTEND x IN (FOR [1.0, 0.5, 0.1]) WHY AS a, WHY WITHOUT AS b RETURN a, b LIMIT 1";
    let rows = must(&db, text).rows;
    let (Value::Map(plain), Value::Map(with)) = (&rows[0][0], &rows[0][1]) else { panic!("{rows:?}") };
    assert!(!plain.contains_key("without") && with.contains_key("without"));
    assert_eq!(plain.len() + 1, with.len());
}

#[test]
fn what_cannot_be_taken_away_is_refused_with_a_hint() {
    let db = graph(1);
    for (text, message) in [
        ("MATCH (x:N) ATTEND x IN (FOR [1.0, 0.5, 0.1]) WHY WITHOUT AS w RETURN w", "none leads to `x`"),
        (
            "MATCH (me:N {id: 0}) OPTIONAL MATCH (me)-->(x) ATTEND x IN (FOR [1.0, 0.5, 0.1]) WHY WITHOUT AS w RETURN w",
            "OPTIONAL MATCH",
        ),
        (
            "MATCH p = ANY SHORTEST (me:N {id: 0})-->+(x) ATTEND x IN (FOR [1.0, 0.5, 0.1]) WHY WITHOUT AS w RETURN w",
            "a pattern that selects paths",
        ),
    ] {
        let error = db.prepare(text).expect_err(text).to_string();
        assert!(error.contains(message), "{error}");
    }
}
