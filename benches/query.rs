//! Point reads, hops and counts on a generated graph of fixed seed, prepared, in one process. Answers are asserted
//! against loops over the list of relationships before anything is timed.

use std::{
    collections::BTreeSet,
    hint::black_box,
    time::{Duration, Instant},
};

use attendb::{Database, Params, Statement, Value, params};
use criterion::{Criterion, criterion_group, criterion_main};

/// Persons, relationships (a tenth of them to hubs), and the seed.
const PERSONS: u64 = 20_000;
const FOLLOWS: u64 = 300_000;
const HUBS: u64 = 100;
const SEED: u64 = 7;

/// Rows one statement of the loader brings in.
const PIECE: usize = 10_000;

/// The person that the point queries start at.
const START: i64 = 4711;

struct World {
    db: Database,
    follows: Vec<(u64, u64)>,
}

fn world() -> World {
    let mut state = SEED;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let follows: Vec<(u64, u64)> =
        (0..FOLLOWS).map(|i| (below(PERSONS), if i % 10 == 0 { below(HUBS) } else { below(PERSONS) })).collect();
    let db = Database::memory().expect("a database in memory");
    let run = |text: &str, params: Params| db.execute(text, params).unwrap_or_else(|error| panic!("{text}: {error}"));
    run("CREATE CONSTRAINT FOR (p:Person) REQUIRE p.id IS UNIQUE", Params::new());
    let ids: Vec<u64> = (0..PERSONS).collect();
    for piece in ids.chunks(PIECE) {
        let rows = Value::list(piece.iter().map(|&id| Value::Int(id as i64)));
        let text = "UNWIND $rows AS i CREATE (:Person {id: i, name: 'person ' + i, age: 20 + i % 60})";
        run(text, params! { "rows": rows });
    }
    for piece in follows.chunks(PIECE) {
        let pair = |&(a, b): &(u64, u64)| Value::list([Value::Int(a as i64), Value::Int(b as i64)]);
        let rows = Value::list(piece.iter().map(pair));
        let text = "UNWIND $rows AS r MATCH (a:Person {id: r[0]}), (b:Person {id: r[1]}) CREATE (a)-[:Follows]->(b)";
        run(text, params! { "rows": rows });
    }
    World { db, follows }
}

fn answer(statement: &Statement, params: Params) -> Vec<Vec<Value>> {
    let rows = statement.query(params).expect("it answers");
    rows.map(|row| row.expect("it answers").values().to_vec()).collect()
}

/// Returns how many persons the trails of so many hops reach, by enumeration.
fn reached(follows: &[(u64, u64)], hops: usize) -> i64 {
    let mut by_start = vec![Vec::new(); PERSONS as usize];
    follows.iter().enumerate().for_each(|(id, (a, b))| by_start[*a as usize].push((id, *b)));
    let mut trails = vec![(START as u64, Vec::new())];
    for _ in 0..hops {
        let mut longer = Vec::new();
        for (node, used) in &trails {
            for (id, next) in by_start[*node as usize].iter().filter(|(id, _)| !used.contains(id)) {
                longer.push((*next, used.iter().copied().chain([*id]).collect()));
            }
        }
        trails = longer;
    }
    trails.iter().map(|(node, _)| node).collect::<BTreeSet<_>>().len() as i64
}

fn bench(c: &mut Criterion) {
    let World { db, follows } = world();
    let prepare = |text: &str| db.prepare(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let start = || params! { "id": START };

    let read = prepare("MATCH (p:Person {id: $id}) RETURN p.name, p.age");
    assert_eq!(answer(&read, start()), [[Value::from("person 4711"), Value::Int(20 + START % 60)]]);
    c.bench_function("keyed read of 2 properties", |b| b.iter(|| black_box(answer(&read, start()))));

    let hop = prepare("MATCH (p:Person {id: $id})-[:Follows]->(f) RETURN id(f)");
    assert_eq!(answer(&hop, start()).len(), follows.iter().filter(|(a, _)| *a == START as u64).count());
    c.bench_function("1 hop", |b| b.iter(|| black_box(answer(&hop, start()))));

    for (hops, name) in [(2, "2 hops count distinct"), (3, "3 hops count distinct")] {
        let steps = "-[:Follows]->()".repeat(hops - 1);
        let text = format!("MATCH (p:Person {{id: $id}}){steps}-[:Follows]->(f) RETURN count(DISTINCT f)");
        let statement = prepare(&text);
        assert_eq!(answer(&statement, start()), [[Value::Int(reached(&follows, hops))]]);
        c.bench_function(name, |b| b.iter(|| black_box(answer(&statement, start()))));
    }

    let (mut outs, mut ins) = (vec![0i64; PERSONS as usize], vec![0i64; PERSONS as usize]);
    for (a, b) in &follows {
        outs[*a as usize] += 1;
        ins[*b as usize] += 1;
    }
    let q1 = prepare(
        "MATCH (f:Person)-[:Follows]->(p:Person) RETURN p.id AS id, p.name AS name, count(f.id) AS n \
         ORDER BY n DESC, id LIMIT 3",
    );
    let most = (0..PERSONS as i64).max_by_key(|&i| (ins[i as usize], -i)).expect("there are persons");
    assert_eq!(answer(&q1, Params::new())[0][0], Value::Int(most));
    c.bench_function("q1: most followed", |b| b.iter(|| black_box(answer(&q1, Params::new()))));

    // Trails: a self-loop cannot be followed twice.
    let loops = follows.iter().filter(|(a, b)| a == b).count() as i64;
    let paths = outs.iter().zip(&ins).map(|(o, i)| o * i).sum::<i64>() - loops;
    let q8 = prepare("MATCH (a:Person)-[r1:Follows]->(b:Person)-[r2:Follows]->(c:Person) RETURN count(*) AS n");
    assert_eq!(answer(&q8, Params::new()), [[Value::Int(paths)]]);
    c.bench_function("q8: paths of two", |b| b.iter(|| black_box(answer(&q8, Params::new()))));
}

/// Ten clauses, as a statement that somebody writes.
const TEN_CLAUSES: &str = "\
MATCH (p:Person {id: 4711})-[:Follows]->(f:Person) WHERE f.age > 30
WITH p, f, count(*) AS n WHERE n > 0
OPTIONAL MATCH (f)-[:Follows]->(g:Person) WHERE g.age < 60 AND NOT (p)-[:Follows]->(g)
WITH p, g, sum(n) AS weight ORDER BY weight DESC LIMIT 10
UNWIND [1, 2] AS k
MATCH (g)<-[:Follows]-(h:Person) WHERE h.id <> p.id
WITH g, weight, k, collect(DISTINCT h.name)[0..5] AS names
MATCH (g)-[:Follows*1..2]->(x) WHERE x.name STARTS WITH 'person 1'
WITH g, weight * k AS score, names, count(DISTINCT x) AS reach
RETURN g.name AS name, score, names, CASE WHEN reach > 5 THEN 'far' ELSE 'near' END AS how
ORDER BY score DESC, name SKIP 1 LIMIT 5";

/// Statements compiled for the percentiles.
const N_COMPILED: usize = 20_000;

/// Parsing, binding and planning: each text is another one, so that no plan is known. A statement is dropped before
/// the next is compiled, as where an application compiles and runs one after the other.
fn compile(c: &mut Criterion) {
    let World { db, .. } = world();
    let mut n = 0;
    let mut times: Vec<Duration> = (0..N_COMPILED)
        .map(|i| {
            let text = format!("{TEN_CLAUSES} /* {i} */");
            let begun = Instant::now();
            black_box(db.prepare(&text).expect("it is a query"));
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 1000].as_secs_f64() * 1e6;
    println!(
        "compile a query of ten clauses, {N_COMPILED} texts: p10 {:.1} us, p50 {:.1} us, p99 {:.1} us",
        at(100),
        at(500),
        at(990)
    );
    c.bench_function("compile a query of ten clauses", |b| {
        b.iter_batched(
            || {
                n += 1;
                format!("{TEN_CLAUSES} // {n}")
            },
            |text| black_box(db.prepare(&text).expect("it is a query")),
            criterion::BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, bench, compile);
criterion_main!(benches);
