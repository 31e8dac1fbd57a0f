//! Statements that would run for ever, or hold too much, end by a limit that says which; the database goes on.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use attendb::{CancelHandle, Database, Error, Options, QueryOptions};

use super::support::{count, must};

/// Layers of the ladder, and nodes of each: there are more paths from its foot to its top than anybody can count.
const LAYERS: u32 = 40;
const WIDTH: u32 = 3;

/// Nodes around the hub.
const SPOKES: u32 = 20_000;

/// How long a statement may go on once it should have ended. The machine does other things too: what this finds has not
/// ended after a minute.
const LATE_MAX: Duration = Duration::from_secs(5);

/// Patterns that are searched as a whole, in every mode and with every selector, all of which have too many paths.
const SEARCHES: &[&str] = &[
    "MATCH p = (a:Foot) ((x)-[:R]->(y) WHERE x.layer < y.layer){20,}(b:Top) RETURN p",
    "MATCH REPEATABLE ELEMENTS p = (a:Foot)-[:R]->{1,60}(b:Top) RETURN p",
    "MATCH REPEATABLE ELEMENTS p = WALK (a:Foot)-[:R]->{1,60}(b:Top) RETURN p",
    "MATCH p = TRAIL (a:Foot)-[:R]->+(b:Top) RETURN p",
    "MATCH p = ACYCLIC (a:Foot)-[:R]->+(b:Top) RETURN p",
    "MATCH p = SIMPLE (a:Foot)-[:R]->+(b:Top) RETURN p",
    "MATCH p = ANY 1000000000 (a:Foot)-[:R]->+(b:Top) RETURN p",
    "MATCH p = ALL SHORTEST (a:Foot)-[:R]->+(b:Top) RETURN p",
    "MATCH p = ALL SHORTEST (a:Foot) ((x)-[:R]->(y) WHERE x.layer < y.layer)+ (b:Top) RETURN p",
    "MATCH p = SHORTEST 1000000000 (a:Foot)-[:R]->+(b:Top) RETURN p",
    "MATCH p = SHORTEST 1000000000 ACYCLIC PATHS (a:Foot)-[:R]->+(b:Top) RETURN p",
    "MATCH p = SHORTEST 3 GROUPS (a:Foot)-[:R]->+(b:Top) RETURN p",
    "MATCH p = SHORTEST 1000000000 (a:Foot)-[:R]-+(b:Top) RETURN p",
];

/// Searches that hold much: what they have seen, or what they have found.
const GREEDY: &[&str] = &[
    "MATCH SHORTEST 2 (h:Hub)-[:S]->+(b) RETURN count(*)",
    "MATCH SHORTEST 2 GROUPS (h:Hub)-[:S]->+(b) RETURN count(*)",
    "MATCH ANY 2 (h:Hub)-[:S]->+(b) RETURN count(*)",
    "MATCH TRAIL (h:Hub) ((x)-[:S]->(y)-[:S]->(z)){1,1} (b) RETURN count(*)",
    "MATCH ACYCLIC (h:Hub)-[:S]->{1,2}(b) RETURN count(*)",
    "MATCH SIMPLE (h:Hub)-[:S]->{1,2}(b) RETURN count(*)",
    "MATCH p = ALL SHORTEST (a:Foot)-[:R]->+(b:Top) RETURN size(collect(p))",
    "MATCH p = TRAIL (a:Foot)-[:R]->+(b:Top) RETURN size(collect(p))",
];

fn world() -> Database {
    let db = Database::memory_with(Options::default()).expect("it opens");
    must(&db, "CREATE INDEX FOR (n:N) ON (n.layer)");
    must(
        &db,
        &format!(
            "UNWIND range(1, {LAYERS}) AS layer UNWIND range(1, {WIDTH}) AS at CREATE (:N {{layer: layer, at: at}})"
        ),
    );
    must(&db, "MATCH (a:N), (b:N) WHERE b.layer = a.layer + 1 CREATE (a)-[:R]->(b)");
    must(&db, "MATCH (n:N {layer: 1, at: 1}) SET n:Foot");
    must(&db, &format!("MATCH (n:N {{layer: {LAYERS}, at: 1}}) SET n:Top"));
    must(
        &db,
        &format!("CREATE (h:Hub) WITH h UNWIND range(1, {SPOKES}) AS x CREATE (h)-[:S]->(:Spoke {{x: x}})-[:S]->(h)"),
    );
    db
}

/// Runs a statement, and reads all its rows.
fn drained(db: &Database, text: &str, options: &QueryOptions) -> Result<u64, Error> {
    let mut rows = db.query_with(text, (), options)?;
    let mut n = 0;
    while rows.advance()? {
        n += 1;
    }
    Ok(n)
}

#[test]
fn a_search_ends_at_its_deadline() {
    let db = world();
    let allowed = Duration::from_millis(60);
    let options = QueryOptions { deadline: Some(allowed), ..QueryOptions::default() };
    for text in SEARCHES {
        let begun = Instant::now();
        let ended = drained(&db, text, &options);
        assert!(matches!(ended, Err(Error::Deadline { allowed_ms: 60 })), "{text}: {ended:?}");
        assert!(begun.elapsed() < allowed + LATE_MAX, "{text}: {:?}", begun.elapsed());
    }
    assert_eq!(count(&db, "MATCH ANY SHORTEST (:Foot)-[:R]->+(:Top) RETURN count(*)"), 1);
}

#[test]
fn a_search_ends_when_it_is_cancelled() {
    let db = world();
    for text in SEARCHES {
        let cancel = CancelHandle::new();
        let options = QueryOptions { cancel: Some(cancel.clone()), ..QueryOptions::default() };
        let has_ended = AtomicBool::new(false);
        thread::scope(|scope| {
            let canceller = scope.spawn(|| {
                thread::sleep(Duration::from_millis(30));
                assert!(!has_ended.load(Ordering::Relaxed), "{text} ends by itself");
                cancel.cancel();
                Instant::now()
            });
            let ended = drained(&db, text, &options);
            has_ended.store(true, Ordering::Relaxed);
            assert!(matches!(ended, Err(Error::Cancelled)), "{text}: {ended:?}");
            let late = canceller.join().expect("it goes on until it is cancelled").elapsed();
            assert!(late < LATE_MAX, "{text}: {late:?}");
        });
    }
}

#[test]
fn a_search_gives_no_more_rows_than_it_may() {
    let db = world();
    let options = QueryOptions { rows_max: Some(100), ..QueryOptions::default() };
    for text in SEARCHES {
        // Paths that are selected are found before the first one leaves.
        let text = text.replace("1000000000", "1000");
        let text = match text.contains("ALL SHORTEST") || text.contains("GROUPS") {
            true => text.replace("(b:Top)", "(b:N {layer: 8})"),
            false => text,
        };
        let ended = drained(&db, &text, &options);
        assert!(matches!(ended, Err(Error::Limit { what: "rows of a result", max: 100 })), "{text}: {ended:?}");
        // As many as are asked for cost no more than they do.
        assert_eq!(drained(&db, &format!("{text} LIMIT 100"), &options).expect("so many are allowed"), 100, "{text}");
    }
}

#[test]
fn a_search_holds_no_more_than_it_may() {
    let db = world();
    let with = |bytes| QueryOptions { memory_bytes_max: Some(bytes), ..QueryOptions::default() };
    for text in GREEDY {
        let ended = drained(&db, text, &with(1 << 20));
        let is_limit = matches!(ended, Err(Error::Limit { what: "memory of a statement in bytes", max: 0x10_0000 }));
        assert!(is_limit, "{text}: {ended:?}");
    }
    assert_eq!(count(&db, "MATCH ANY SHORTEST (:Foot)-[:R]->+(:Top) RETURN count(*)"), 1);
}

/// The start leads to much, but little of it to the end: looking for a second path there takes no memory for the rest.
#[test]
fn a_search_for_more_paths_than_there_are_holds_only_what_leads_to_its_end() {
    let db = world();
    must(&db, "CREATE (s:Start)-[:W]->(:Middle)-[:W]->(:Goal)");
    let text = "MATCH (s:Start) UNWIND range(1, $n) AS x CREATE (s)-[:W]->(:Leaf {x: x})-[:W]->(:Leaf {x: x})";
    must(&db, &text.replace("$n", &SPOKES.to_string()));
    let options = QueryOptions { memory_bytes_max: Some(4 << 20), ..QueryOptions::default() };
    let everything = "MATCH (s:Start) MATCH SHORTEST 5 (s)-[:W]->+(x) RETURN count(*)";
    assert!(matches!(drained(&db, everything, &options), Err(Error::Limit { .. })), "the bound is too wide to tell");
    for path in
        ["(s)-[:W]->+(g)", "(s)-[:W]->{1,4}(g)", "(s) ((x)-[:W]->(y) WHERE x:!Goal)+ (g)", "(s)-[:W]->()-[:W]->+(g)"]
    {
        for select in ["SHORTEST 5", "SHORTEST 2 GROUPS", "ANY 3", "SHORTEST 2 ACYCLIC"] {
            let text = format!("MATCH (s:Start), (g:Goal) MATCH {select} {path} RETURN 1");
            assert_eq!(drained(&db, &text, &options).unwrap_or_else(|error| panic!("{text}: {error}")), 1, "{text}");
        }
    }
}

/// Trails are aggregated without being held: what a statement has in memory does not grow with their number.
#[test]
fn the_reach_of_every_node_is_counted_within_its_memory_or_refused() {
    let db = Database::memory_with(Options::default()).expect("it opens");
    must(&db, "UNWIND range(0, 1999) AS x CREATE (:P {x: x})");
    must(&db, "CREATE INDEX FOR (p:P) ON (p.x)");
    must(
        &db,
        "MATCH (a:P) UNWIND [1, 7, 50, 333, 1001] AS d MATCH (b:P) WHERE b.x = (a.x * d + d) % 2000 CREATE (a)-[:F]->(b)",
    );
    let mut sums = Vec::new();
    for text in [
        "MATCH (a)-[*0..3]->(b) RETURN a, count(b) AS n",
        "MATCH (a)-[*0..3]->(b) RETURN a, count(DISTINCT b) AS n",
        "MATCH (a)-[*0..3]->(b) RETURN a, collect(b.x) AS n",
    ] {
        let mut has_answered = false;
        for shift in [14, 18, 20, 22, 24, 28] {
            let options = QueryOptions { memory_bytes_max: Some(1 << shift), ..QueryOptions::default() };
            match drained(&db, text, &options) {
                Ok(n) => {
                    assert_eq!(n, 2000, "{text}");
                    has_answered = true;
                }
                Err(Error::Limit { what: "memory of a statement in bytes", .. }) => {
                    assert!(!has_answered, "{text}: {} bytes are too few, and fewer were enough", 1 << shift);
                }
                Err(error) => panic!("{text}: {error}"),
            }
        }
        assert!(has_answered, "{text}");
    }
    for text in [
        "MATCH (a)-[*0..3]->(b) WITH a, count(b) AS n",
        "MATCH (a)-[*0..3]->(b) WITH a, collect(b.x) AS l, size(l) AS n",
    ] {
        let text = text.replace(" AS l, size(l) AS n", " AS l WITH size(l) AS n");
        sums.push(count(&db, &format!("{text} RETURN sum(n)")));
    }
    assert_eq!(sums[0], sums[1]);
}
