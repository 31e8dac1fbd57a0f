//! What attention costs in a query, beside hand-written loops over the same graph and vectors in the same run: the loops
//! are what a database cannot beat. Answers are compared before anything is timed.

use std::{fmt::Write as _, fs, hint::black_box};

use attendb::{Database, FileAccess, Options, Params, Statement, Value, params};
use criterion::{Criterion, criterion_group, criterion_main};

/// Persons, relationships (a tenth of them to hubs), numbers of a vector, and the seed.
const PERSONS: usize = 100_000;
const FOLLOWS: usize = 2_400_000;
const HUBS: u64 = 100;
const DIMENSION: usize = 128;
const SEED: u64 = 7;

/// Vectors one statement of the loader brings in.
const PIECE: usize = 2_000;

/// How many are wanted.
const TOP: usize = 10;

struct World {
    _folder: tempfile::TempDir,
    db: Database,
    /// By person: where their relationships begin.
    offsets: Vec<u32>,
    targets: Vec<u32>,
    vectors: Vec<f32>,
    query: Vec<f32>,
}

fn world() -> World {
    let mut state = SEED;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut edges: Vec<(u32, u32)> = (0..FOLLOWS)
        .map(|i| (below(PERSONS as u64) as u32, below(if i % 10 == 0 { HUBS } else { PERSONS as u64 }) as u32))
        .collect();
    edges.sort_unstable();
    let mut number = || below(1_000_000) as f32 / 500_000.0 - 1.0;
    let vectors: Vec<f32> = (0..PERSONS * DIMENSION).map(|_| number()).collect();
    let query: Vec<f32> = (0..DIMENSION).map(|_| number()).collect();
    let mut offsets = vec![0; PERSONS + 1];
    edges.iter().for_each(|(from, _)| offsets[*from as usize + 1] += 1);
    (0..PERSONS).for_each(|at| offsets[at + 1] += offsets[at]);
    let targets = edges.iter().map(|(_, to)| *to).collect();

    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let mut persons = String::from("id\n");
    (0..PERSONS).for_each(|id| writeln!(persons, "{id}").expect("a string takes all"));
    let mut follows = String::from("from,to\n");
    edges.iter().for_each(|(from, to)| writeln!(follows, "{from},{to}").expect("a string takes all"));
    let (persons, follows) = (file("persons.csv", persons), file("follows.csv", follows));
    let options = Options { files: FileAccess::Any, notice: true, ..Options::default() };
    let db = Database::open_with(folder.path().join("social.kg"), options).expect("a database");
    let run = |text: &str, params: Params| db.execute(text, params).unwrap_or_else(|error| panic!("{text}: {error}"));
    run(&format!("COPY Person FROM '{persons}' (KEY id)"), Params::new());
    run(&format!("COPY Follows FROM '{follows}' (FROM Person, TO Person)"), Params::new());
    run(&format!("CREATE EMBEDDING text FOR (p:Person) ON p.vec DIMENSION {DIMENSION} METRIC DOT"), Params::new());
    for from in (0..PERSONS).step_by(PIECE) {
        let vector = |id: usize| {
            let numbers = vectors[id * DIMENSION..][..DIMENSION].iter().map(|x| Value::Float(f64::from(*x)));
            Value::list([Value::Int(id as i64), Value::list(numbers)])
        };
        let rows = Value::list((from..from + PIECE).map(vector));
        run("UNWIND $rows AS row MATCH (p:Person {id: row[0]}) SET p.vec = row[1]", params! { "rows": rows });
    }
    db.checkpoint().expect("a checkpoint");
    World { _folder: folder, db, offsets, targets, vectors, query }
}

impl World {
    fn follows(&self, person: u32) -> &[u32] {
        &self.targets[self.offsets[person as usize] as usize..self.offsets[person as usize + 1] as usize]
    }

    /// Ranks those two hops away, as a program would that has nothing but this to do.
    fn loops(&self, start: u32, seen: &mut [u32], epoch: u32) -> Vec<(f32, u32)> {
        let mut scored: Vec<(f32, u32)> = Vec::new();
        for &near in self.follows(start) {
            for &far in self.follows(near) {
                if std::mem::replace(&mut seen[far as usize], epoch) != epoch {
                    let row = &self.vectors[far as usize * DIMENSION..][..DIMENSION];
                    let mut sums = [0.0_f32; 16];
                    for (row, query) in row.as_chunks::<16>().0.iter().zip(self.query.as_chunks::<16>().0) {
                        sums.iter_mut().zip(row).zip(query).for_each(|((sum, x), q)| *sum += x * q);
                    }
                    scored.push((sums.iter().sum(), far));
                }
            }
        }
        let most = scored.iter().map(|(score, _)| *score).fold(f32::MIN, f32::max);
        let total: f32 = scored.iter().map(|(score, _)| (score - most).exp()).sum();
        let k = TOP.min(scored.len());
        if k > 0 {
            scored.select_nth_unstable_by(k - 1, |a, b| b.0.total_cmp(&a.0));
        }
        scored.truncate(k);
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        scored.iter().map(|(score, id)| ((score - most).exp() / total, *id)).collect()
    }
}

fn answer(statement: &Statement, params: Params) -> Vec<i64> {
    let rows = statement.query(params).expect("it answers");
    rows.map(|row| row.expect("it answers").values()[0].as_int().expect("a number")).collect()
}

fn bench(c: &mut Criterion) {
    let world = world();
    let query = Value::list(world.query.iter().map(|x| Value::Float(f64::from(*x))));
    let noting = |text: &str| world.db.prepare(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let prepare = |text: &str| noting(&format!("NO NOTICE {text}"));
    let starts: Vec<u32> = (0..64).map(|at| at * 1_511 % PERSONS as u32).collect();
    let mut seen = vec![0; PERSONS];
    let mut epoch = 0;
    let ranked = prepare(
        "MATCH (me:Person {id: $id})-[:Follows]->()-[:Follows]->(x) ATTEND DISTINCT x IN (FOR $q LIMIT 10) SCORE AS s \
         RETURN x.id, s",
    );
    let found = prepare("MATCH (me:Person {id: $id})-[:Follows]->()-[:Follows]->(x) RETURN DISTINCT id(x)");
    for &start in &starts {
        epoch += 1;
        let mut loops: Vec<i64> = world.loops(start, &mut seen, epoch).iter().map(|(_, id)| i64::from(*id)).collect();
        let mut engine = answer(&ranked, params! { "id": i64::from(start), "q": query.clone() });
        // Trails never return by the relationship they came by; the loops' walks never do either, for none points back.
        loops.sort_unstable();
        engine.sort_unstable();
        assert_eq!(engine, loops, "person {start}");
    }
    let mut group = c.benchmark_group("attend");
    let mut at = 0;
    let mut next = move || {
        at = (at + 1) % 64;
        at
    };
    group.bench_function("2 hops, top 10: loops", |b| {
        b.iter(|| {
            epoch += 1;
            black_box(world.loops(starts[next()], &mut seen, epoch))
        });
    });
    group.bench_function("2 hops, top 10", |b| {
        b.iter(|| black_box(answer(&ranked, params! { "id": i64::from(starts[next()]), "q": query.clone() })));
    });
    group.bench_function("2 hops, those found", |b| {
        b.iter(|| black_box(answer(&found, params! { "id": i64::from(starts[next()]) })));
    });
    let why = prepare(
        "MATCH (me:Person {id: $id})-[:Follows]->()-[:Follows]->(x) ATTEND DISTINCT x IN (FOR $q LIMIT 10) SCORE AS s, \
         WHY AS w RETURN x.id, s, w",
    );
    group.bench_function("2 hops, top 10, explained", |b| {
        b.iter(|| black_box(answer(&why, params! { "id": i64::from(starts[next()]), "q": query.clone() })));
    });
    let noted = noting(ranked.text().trim_start_matches("NO NOTICE "));
    group.bench_function("2 hops, top 10, noted", |b| {
        b.iter(|| {
            black_box(answer(&noted, params! { "id": i64::from(starts[next()]), "q": query.clone() }));
            black_box(world.db.take_accesses(usize::MAX))
        });
    });
    let without = prepare(
        "MATCH (me:Person {id: $id})-[:Follows]->()-[:Follows]->(x) ATTEND DISTINCT x IN (FOR $q LIMIT 10) SCORE AS s, \
         WHY WITHOUT AS w RETURN x.id, s, w",
    );
    group.bench_function("2 hops, top 10, without each relationship", |b| {
        b.iter(|| black_box(answer(&without, params! { "id": i64::from(starts[next()]), "q": query.clone() })));
    });
    let scan = prepare("MATCH (x:Person) SEARCH x IN (VECTOR INDEX text FOR $q LIMIT 10) RETURN x.id");
    group.bench_function("scan of 100,000, top 10", |b| {
        b.iter(|| black_box(answer(&scan, params! { "q": query.clone() })));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
