//! Any text as a statement: an answer or an error, within its limits; never a panic, a hang or an overflowing stack.
#![no_main]

use std::{sync::LazyLock, time::Duration};

use attendb::{Database, Options, QueryOptions};
use libfuzzer_sys::fuzz_target;

/// Long enough for any honest small statement, short enough to notice one that hangs.
const DEADLINE: Duration = Duration::from_millis(200);

static DB: LazyLock<Database> = LazyLock::new(|| {
    let db = Database::memory_with(Options { background: false, threads: 1, ..Options::default() })
        .expect("a database in memory needs nothing");
    db.execute("CREATE (a:A {k: 1})-[:R {w: 2.5}]->(b:B {k: 'x'}), (b)-[:R]->(b), (b)-[:S]->(a), (a)-[:S]->(:A:B)", ())
        .expect("the fixture is a valid statement");
    db
});

fuzz_target!(|text: &str| {
    let limits = QueryOptions {
        deadline: Some(DEADLINE),
        rows_max: Some(10_000),
        memory_bytes_max: Some(64 << 20),
        ..QueryOptions::default()
    };
    // Whatever a statement changes is rolled back, so that runs do not depend on each other.
    if let Ok(mut transaction) = DB.write() {
        let _ = transaction.query_with(text, (), &limits).map(Iterator::count);
    }
});
