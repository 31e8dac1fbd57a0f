//! Vector searches through an index: what they find, what they may miss, and that they see the graph as their view does.

use std::time::Duration;

use attendb::{Database, Options, Rows, Value, params};

use super::support::{must, random::Random};

/// Vectors, and how many numbers each has: enough that there is an index.
const N: usize = 12_000;
const D: usize = 16;

/// Vectors in clumps, as texts and images are.
struct Clumps {
    random: Random,
    centres: Vec<[f32; D]>,
}

impl Clumps {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let centres = (0..40).map(|_| std::array::from_fn(|_| normal(&mut random))).collect();
        Self { random, centres }
    }

    fn of(&mut self, clump: usize) -> Vec<f32> {
        let centre = self.centres[clump];
        (0..D).map(|at| centre[at] + 0.5 * normal(&mut self.random)).collect()
    }

    fn any(&mut self) -> Vec<f32> {
        let clump = self.random.below(40) as usize;
        self.of(clump)
    }
}

/// About normal: the sum of four even numbers.
fn normal(random: &mut Random) -> f32 {
    (0..4).map(|_| random.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0).sum::<f32>()
}

fn value(vector: &[f32]) -> Value {
    Value::list(vector.iter().map(|x| Value::from(f64::from(*x))))
}

fn quiet() -> Options {
    Options { background: false, ..Options::default() }
}

/// A database of `N` documents, whose vectors are returned: `clump` says which it is in.
fn library(db: &Database, options: &str) -> (Clumps, Vec<Vec<f32>>) {
    let mut clumps = Clumps::new(5);
    must(db, "CREATE CONSTRAINT FOR (d:Doc) REQUIRE d.id IS UNIQUE");
    must(db, &format!("CREATE EMBEDDING gist FOR (d:Doc) ON d.vec DIMENSION {D} INDEX HNSW {options}"));
    let vectors: Vec<Vec<f32>> = (0..N).map(|at| clumps.of(at * 7 % 40)).collect();
    for (at, some) in vectors.chunks(2_000).enumerate() {
        let rows = Value::list(some.iter().map(|vector| value(vector)));
        db.execute(
            "UNWIND range(0, size($rows) - 1) AS i WITH $first + i AS id, $rows[i] AS vec \
             CREATE (:Doc {id: id, clump: id * 7 % 40, rare: id % 100, vec: vec})",
            params! { "rows": rows, "first": (at * 2_000) as i64 },
        )
        .unwrap();
    }
    (clumps, vectors)
}

/// Does all background work; returns how far the index is.
fn settle(db: &Database) -> String {
    while db.step(Duration::from_secs(60)).unwrap() {}
    state(db)
}

fn state(db: &Database) -> String {
    let table = must(db, "SHOW EMBEDDINGS");
    let at = table.columns.iter().position(|name| name == "indexState").unwrap();
    table.rows[0][at].to_string()
}

fn ids(rows: attendb::Result<Rows>) -> Vec<i64> {
    rows.and_then(|rows| rows.collect_as::<(i64,)>()).unwrap().into_iter().map(|(id,)| id).collect()
}

/// The documents nearest to a vector: `how` stands before LIMIT.
fn nearest(db: &Database, vector: &[f32], how: &str, k: usize) -> Vec<i64> {
    let text = format!("MATCH (d:Doc) SEARCH d IN (VECTOR INDEX gist FOR $v {how} LIMIT {k}) RETURN d.id");
    ids(db.query(&text, params! { "v": value(vector) }))
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The share of what should be found that is.
fn recall(found: &[i64], wanted: &[i64]) -> f64 {
    wanted.iter().filter(|id| found.contains(id)).count() as f64 / wanted.len() as f64
}

#[test]
fn an_index_finds_nearly_all_and_exact_searches_all() {
    let db = Database::memory_with(quiet()).unwrap();
    let (mut clumps, vectors) = library(&db, "");
    assert_eq!(state(&db), "'scanned'");
    let query = clumps.any();
    let before = nearest(&db, &query, "", 10);
    assert_eq!(settle(&db), format!("'ready {N}'"));
    let mut sum = 0.0;
    for round in 0..200 {
        let query = clumps.any();
        let found = nearest(&db, &query, "", 10);
        let exact = nearest(&db, &query, "EXACT", 10);
        sum += recall(&found, &exact);
        if round == 0 {
            let mut all: Vec<(f64, i64)> = (0..).zip(&vectors).map(|(id, v)| (cosine(&query, v), id)).collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0));
            assert_eq!(exact, all[..10].iter().map(|(_, id)| *id).collect::<Vec<_>>());
        }
    }
    assert!(sum / 200.0 >= 0.97, "recall {}", sum / 200.0);
    assert_eq!(before, nearest(&db, &query, "EXACT", 10), "without an index every vector was looked at");
    assert_eq!(nearest(&db, &query, "BREADTH 4000", 10), before, "a walk as wide as that misses nothing");
    // As good as asked for: wider finds no less.
    let wide = |breadth: usize| {
        let mut clumps = Clumps::new(9);
        let queries = (0..100).map(|_| clumps.any());
        let of = |query: Vec<f32>| {
            let found = nearest(&db, &query, &format!("BREADTH {breadth}"), 10);
            recall(&found, &nearest(&db, &query, "EXACT", 10))
        };
        queries.map(of).sum::<f64>()
    };
    assert!(wide(10) < wide(200));
    assert_eq!(nearest(&db, &query, "", 0), [] as [i64; 0]);
    assert_eq!(nearest(&db, &query, "", 3 * N).len(), N, "all there are");
}

#[test]
fn plans_and_profiles_say_what_is_approximate() {
    let db = Database::memory_with(quiet()).unwrap();
    let (mut clumps, _) = library(&db, "");
    settle(&db);
    let query = value(&clumps.any());
    let told = |text: &str| {
        let rows = db.query(text, params! { "v": query.clone() }).unwrap();
        rows.collect_as::<(String,)>().unwrap().into_iter().map(|(line,)| line).collect::<Vec<_>>().join("\n")
    };
    let search = "MATCH (d:Doc) WHERE d.rare < 50 SEARCH d IN (VECTOR INDEX gist FOR $v LIMIT 5) RETURN d.id";
    let plan = told(&format!("EXPLAIN {search}"));
    assert!(plan.contains("VectorSearch d:Doc approximately for $v on gist where d.rare < 50 limit 5"), "{plan}");
    assert!(!plan.contains("NodeScan"), "{plan}");
    let exact = told(&format!("EXPLAIN {}", search.replace("LIMIT", "EXACT LIMIT")));
    assert!(exact.contains("VectorSearch d:Doc for"), "{exact}");
    let text = format!("PROFILE UNWIND range(1, 3) AS i {search}");
    let summary = db.execute(&text, params! { "v": query.clone() }).unwrap();
    let profile = summary.profile.expect("it was asked for").to_string();
    assert!(profile.contains("[recall 1.000 of 3 searches]"), "{profile}");
}

#[test]
fn filters_never_leave_fewer_than_there_are() {
    let db = Database::memory_with(quiet()).unwrap();
    let (mut clumps, _) = library(&db, "");
    settle(&db);
    // One in a hundred, one in ten, and only what is nowhere near.
    for (filter, k) in [("d.rare = 7", 10), ("d.rare < 10", 10), ("d.clump = $far", 10), ("d.id = 77", 1)] {
        let mut sum = 0.0;
        for round in 0..40_usize {
            let query = value(&clumps.of(round));
            let params = params! { "v": query, "far": ((round + 20) % 40) as i64 };
            let with = |how: &str| {
                let inside = format!("VECTOR INDEX gist FOR $v WHERE {filter} {how} LIMIT 10");
                ids(db.query(&format!("MATCH (d:Doc) SEARCH d IN ({inside}) RETURN d.id"), params.clone()))
            };
            let (found, exact) = (with(""), with("EXACT"));
            assert_eq!((found.len(), exact.len()), (k, k), "{filter}");
            sum += recall(&found, &exact);
            // A WHERE of the pattern says the same.
            let before =
                format!("MATCH (d:Doc) WHERE {filter} SEARCH d IN (VECTOR INDEX gist FOR $v LIMIT 10) RETURN d.id");
            assert_eq!(ids(db.query(&before, params.clone())), found);
        }
        assert!(sum / 40.0 >= 0.97, "{filter}: recall {}", sum / 40.0);
    }
}

/// A search for each living vector finds it, whether or not the index has followed.
fn all_are_found(db: &Database, vectors: &[Option<Vec<f32>>]) {
    let statement = db.prepare("MATCH (d:Doc) SEARCH d IN (VECTOR INDEX gist FOR $v LIMIT 2) RETURN d.id").unwrap();
    for (id, vector) in (0..).zip(vectors) {
        if let Some(vector) = vector {
            let found = ids(statement.query(params! { "v": value(vector) }));
            assert!(found.contains(&id), "{id} is not found, but {found:?}");
        }
    }
}

#[test]
fn every_living_vector_is_found_after_inserts_updates_and_deletes() {
    let db = Database::memory_with(quiet()).unwrap();
    let (mut clumps, vectors) = library(&db, "");
    settle(&db);
    let mut vectors: Vec<Option<Vec<f32>>> = vectors.into_iter().map(Some).collect();
    let mut random = Random::new(11);
    for round in 0..24 {
        for _ in 0..25 {
            let vector = clumps.any();
            let params = params! { "id": vectors.len() as i64, "v": value(&vector) };
            db.execute("CREATE (:Doc {id: $id, vec: $v})", params).unwrap();
            vectors.push(Some(vector));
        }
        let mut tx = db.write().unwrap();
        for _ in 0..200 {
            let id = random.below(vectors.len() as u64) as usize;
            if vectors[id].is_none() {
                continue;
            }
            if random.chance(1, 3) {
                let text = [
                    "MATCH (d:Doc {id: $id}) DELETE d",
                    "MATCH (d:Doc {id: $id}) REMOVE d.vec",
                    "MATCH (d:Doc {id: $id}) REMOVE d:Doc",
                ];
                tx.execute(text[random.below(3) as usize], params! { "id": id as i64 }).unwrap();
                vectors[id] = None;
            } else {
                let vector = clumps.any();
                let params = params! { "id": id as i64, "v": value(&vector) };
                tx.execute("MATCH (d:Doc {id: $id}) SET d.vec = $v", params).unwrap();
                vectors[id] = Some(vector);
            }
        }
        tx.commit().unwrap();
        if round == 9 {
            // Some of the work: the graph is between two commits then.
            db.step(Duration::from_millis(2)).unwrap();
            all_are_found(&db, &vectors);
        }
    }
    let n = vectors.iter().flatten().count();
    assert_eq!(settle(&db), format!("'ready {n}'"));
    all_are_found(&db, &vectors);
    let query = clumps.any();
    assert_eq!(nearest(&db, &query, "EXACT", 20_000).len(), n);
    // A space that is dropped and made again has what changed in between.
    must(&db, "DROP EMBEDDING gist");
    db.execute("MATCH (d:Doc {id: 1}) SET d.vec = $v", params! { "v": value(&query) }).unwrap();
    must(&db, &format!("CREATE EMBEDDING gist FOR (d:Doc) ON d.vec DIMENSION {D} INDEX hnsw"));
    assert_eq!(nearest(&db, &query, "", 1), [1]);
    settle(&db);
    assert_eq!(nearest(&db, &query, "", 1), [1]);
}

#[test]
fn a_search_sees_what_its_transaction_sees() {
    let db = Database::memory_with(quiet()).unwrap();
    let (mut clumps, vectors) = library(&db, "");
    settle(&db);
    let (moved, query) = (&vectors[40], clumps.any());
    let text = "MATCH (d:Doc) SEARCH d IN (VECTOR INDEX gist FOR $v LIMIT 1) SCORE AS s WHERE s > 0.99999 RETURN d.id";
    let before = db.read().unwrap();
    let mut tx = db.write().unwrap();
    tx.execute("MATCH (d:Doc {id: 40}) SET d.vec = $v", params! { "v": value(&query) }).unwrap();
    let seen = |vector: &[f32]| params! { "v": value(vector) };
    assert_eq!(ids(tx.query(text, seen(&query))), [40]);
    assert_eq!(ids(tx.query(text, seen(moved))), [] as [i64; 0]);
    assert_eq!(ids(db.query(text, seen(moved))), [40], "nobody else sees it");
    tx.rollback();
    assert_eq!(ids(db.query(text, seen(moved))), [40]);
    // The index goes on; the old view stays.
    for id in 0..600 {
        db.execute("MATCH (d:Doc {id: $id}) SET d.vec = $v", params! { "id": id, "v": value(&clumps.any()) }).unwrap();
    }
    let between = db.read().unwrap();
    db.execute("MATCH (d:Doc {id: 40}) SET d.vec = $v", params! { "v": value(&query) }).unwrap();
    settle(&db);
    assert_eq!(ids(before.query(text, seen(moved))), [40]);
    assert_eq!(ids(before.query(text, seen(&query))), [] as [i64; 0]);
    assert_eq!(ids(between.query(text, seen(&query))), [] as [i64; 0]);
    assert_eq!(ids(db.query(text, seen(&query))), [40]);
    assert_eq!(ids(db.query(text, seen(moved))), [] as [i64; 0]);
}

#[test]
fn an_index_is_made_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Database::open_with(dir.path().join("db"), quiet()).unwrap();
    let db = open();
    let (mut clumps, _) = library(&db, "STORAGE F16");
    settle(&db);
    let query = clumps.any();
    let exact = nearest(&db, &query, "EXACT", 10);
    db.close().unwrap();
    let db = open();
    assert_eq!(state(&db), "'scanned'");
    assert_eq!(nearest(&db, &query, "", 10), exact);
    assert_eq!(settle(&db), format!("'ready {N}'"));
    assert!(recall(&nearest(&db, &query, "", 10), &exact) >= 0.8);
    // By itself too.
    db.close().unwrap();
    let db = Database::open_with(dir.path().join("db"), Options::default()).unwrap();
    for _ in 0..600 {
        if state(&db).contains("ready") {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it is {}", state(&db));
}

#[test]
fn all_metrics_and_storages_have_indexes() {
    for options in ["METRIC EUCLIDEAN", "METRIC DOT", "METRIC EUCLIDEAN STORAGE INT8", "METRIC DOT STORAGE F16"] {
        let db = Database::memory_with(quiet()).unwrap();
        let (mut clumps, _) = library(&db, options);
        assert_eq!(settle(&db), format!("'ready {N}'"));
        let of = |query: Vec<f32>| recall(&nearest(&db, &query, "", 10), &nearest(&db, &query, "EXACT", 10));
        let sum: f64 = (0..100).map(|_| of(clumps.any())).sum();
        assert!(sum / 100.0 >= 0.95, "{options}: recall {}", sum / 100.0);
    }
}

#[test]
fn searches_by_rows_and_labels_are_as_without_an_index() {
    let db = Database::memory_with(quiet()).unwrap();
    library(&db, "");
    must(&db, "MATCH (d:Doc) WHERE d.id < 3000 SET d:Old");
    must(&db, "CREATE (:Old {id: -1}), (:Doc {id: -2})");
    settle(&db);
    for pattern in ["(d:Old)", "(d)", "(d:Doc:Old)"] {
        let with = |how: &str| {
            let text = format!(
                "MATCH (q:Doc) WHERE q.id IN [5, 17, 11000] MATCH {pattern} WHERE d.id <> q.id \
                 SEARCH d IN (VECTOR INDEX gist FOR q WHERE d.clump = q.clump {how} LIMIT 4) SCORE AS s RETURN q.id, d.id, s"
            );
            must(&db, &text).rows
        };
        let (found, exact) = (with(""), with("EXACT"));
        assert_eq!((exact.len(), found.len()), (12, 12), "{pattern}");
        let same = found.iter().filter(|row| exact.contains(row)).count();
        assert!(same >= 11, "{pattern}: {found:?} {exact:?}");
    }
}

#[test]
fn what_an_index_cannot_do_is_refused() {
    let db = Database::memory_with(quiet()).unwrap();
    must(&db, "CREATE EMBEDDING e FOR (n:A) ON n.v DIMENSION 2 INDEX HNSW");
    must(&db, "CREATE (:A {v: [1, 2]})");
    let refused = |text: &str, message: &str| {
        let found = db.query(text, ()).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
        let error = found.err().unwrap_or_else(|| panic!("{text} is not refused")).to_string();
        assert!(error.contains(message), "{text}\n{error}\nexpected: {message}");
    };
    refused("CREATE EMBEDDING f FOR (n:A) ON n.w DIMENSION 2 INDEX tree", "there is no index `tree`");
    refused(
        "CREATE EMBEDDING f FOR ()-[r:T]-() ON r.w DIMENSION 2 INDEX HNSW",
        "vectors of relationships have no index",
    );
    let search = |how: &str| format!("MATCH (n:A) SEARCH n IN (VECTOR INDEX e FOR [1, 0] {how} LIMIT 1) RETURN n");
    refused(&search("BREADTH 0"), "BREADTH must be an integer of 1 or more");
    refused(&search("BREADTH 1.5"), "BREADTH must be an integer of 1 or more");
    refused(&search("BREADTH 'wide'"), "not a number");
    refused(&search("EXACT BREADTH 3"), "LIMIT");
    assert_eq!(must(&db, &search("BREADTH 3")).rows.len(), 1);
    assert_eq!(must(&db, "WITH 1 AS exact, 2 AS breadth RETURN exact + breadth AS hnsw").rows.len(), 1);
    #[cfg(feature = "text")]
    {
        must(&db, "CREATE FULLTEXT INDEX names FOR (n:A) ON EACH [n.name]");
        refused(
            "MATCH (n:A) SEARCH n IN (FULLTEXT INDEX names FOR 'x' EXACT LIMIT 1) RETURN n",
            "EXACT and BREADTH are for",
        );
    }
}
