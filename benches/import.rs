//! How fast `COPY` takes files of nodes and relationships into a database in memory: reading, typing, finding the ends,
//! building blocks; and `LOAD CSV` a wide one. Nothing is made durable. Figures are bytes, or rows, of CSV a second.

use std::{fmt::Write as _, fs, path::Path};

use attendb::{Database, Options};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const N_PEOPLE: u64 = 50_000;
const N_FOLLOWS: u64 = 500_000;
/// Rows of the wide file, and how many nodes they name.
const N_WIDE: u64 = 200_000;
const N_ENDS: u64 = 20_000;
const SEED: u64 = 7;

fn database(directory: &Path) -> Database {
    let options = Options { threads: 1, background: false, ..Options::default() };
    Database::memory_with(options.file_roots([directory])).expect("a database in memory opens")
}

/// Writes the two files and returns their lengths.
fn generate(directory: &Path) -> [u64; 2] {
    let mut state = SEED;
    let mut random = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut people = "id,name,born,height,member\n".to_owned();
    for id in 1..=N_PEOPLE {
        let (year, month, day) = (1950 + random(50), 1 + random(12), 1 + random(28));
        let (name, height, member) = (random(1000), 150 + random(50), random(2) == 0);
        writeln!(people, "{id},Name {name},{year}-{month:02}-{day:02},{height}.5,{member}").expect("text grows");
    }
    let mut follows = "from,to\n".to_owned();
    for _ in 0..N_FOLLOWS {
        writeln!(follows, "{},{}", 1 + random(N_PEOPLE), 1 + random(N_PEOPLE)).expect("text grows");
    }
    fs::write(directory.join("people.csv"), &people).expect("the directory is ours");
    fs::write(directory.join("follows.csv"), &follows).expect("the directory is ours");
    [people.len() as u64, follows.len() as u64]
}

fn import(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [people, follows] = generate(directory.path());
    let copy_people = |db: Database| {
        db.execute("COPY Person FROM 'people.csv' (KEY id)", ()).expect("the file is good");
        db
    };
    let mut group = criterion.benchmark_group("copy");
    group.sample_size(10).throughput(Throughput::Bytes(people));
    group.bench_function("nodes", |bench| {
        bench.iter_batched(|| database(directory.path()), copy_people, BatchSize::PerIteration);
    });
    group.throughput(Throughput::Bytes(follows));
    group.bench_function("relationships", |bench| {
        let copy = |db: Database| {
            let done = db.execute("COPY FOLLOWS FROM 'follows.csv' (FROM Person, TO Person)", ());
            assert_eq!(done.expect("the file is good").relationships_created, N_FOLLOWS);
            db
        };
        bench.iter_batched(|| copy_people(database(directory.path())), copy, BatchSize::PerIteration);
    });
    group.finish();
    wide(criterion, directory.path());
}

/// One wide file that holds both ends and the relationship of each row: rows a second of `LOAD CSV … MERGE`.
fn wide(criterion: &mut Criterion, directory: &Path) {
    // Each row is a relationship of its own.
    let row = |n: u64| format!("{},{}\n", n % N_ENDS, (n * 7 + n / N_ENDS) % N_ENDS);
    let text = "a,b\n".to_owned() + &(0..N_WIDE).map(row).collect::<String>();
    fs::write(directory.join("wide.csv"), text).expect("the directory is ours");
    let mut group = criterion.benchmark_group("load csv");
    group.sample_size(10).throughput(Throughput::Elements(N_WIDE));
    group.bench_function("merge nodes and relationships", |bench| {
        let begin = || {
            let db = database(directory);
            db.execute("CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE", ()).expect("it is new");
            db
        };
        let load = |db: Database| {
            let text = "LOAD CSV WITH HEADERS FROM 'wide.csv' AS row MERGE (a:P {id: row.a}) MERGE (b:P {id: row.b}) \
                        MERGE (a)-[:R]->(b)";
            let done = db.execute(text, ()).expect("the file is good");
            assert_eq!((done.nodes_created, done.relationships_created), (N_ENDS, N_WIDE));
            db
        };
        bench.iter_batched(begin, load, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, import);
criterion_main!(benches);
