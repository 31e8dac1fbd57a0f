//! How late a statement ends that has a deadline, and whether it gives its memory back: products, paths over a hub, sorts,
//! huge ranges and texts, each with deadlines at many moments.
//!
//! `cargo bench --bench deadline` prints a table; `cargo bench --bench deadline -- 50 sort` takes 50 tries of the kinds whose
//! name holds `sort`. A statement must end by `Deadline`, or by `Limit` where it wants more than it may hold; the time is
//! from the deadline to its return. Memory is the resident set a second after the tries over the one before, both after a
//! plain statement: what is large is dropped behind the statement's back.

use std::{
    env, fs, thread,
    time::{Duration, Instant},
};

use attendb::{Database, Error, Options, QueryOptions, Result, Rows};

/// Nodes around the hub, relationships among them, and the seed.
const NODES: u64 = 200_000;
const RELATIONSHIPS: u64 = 1_000_000;
const SEED: u64 = 7;

/// Tries of a kind, unless the command line says otherwise; the deadlines lie between these.
const TRIES: u32 = 20;
const SOONEST: Duration = Duration::from_millis(20);
const LATEST: Duration = Duration::from_millis(1500);

/// After so long what was large has been dropped.
const SETTLED: Duration = Duration::from_secs(1);

/// What a statement may hold: enough that most end by their deadline.
const MEMORY_MAX: u64 = 8 << 30;

const KINDS: &[(&str, &str)] = &[
    ("product", "MATCH (a:P), (b:P), (c:P) WHERE a.id + b.id + c.id = 1 RETURN count(*)"),
    ("paths over a hub", "MATCH (h:Hub)-[:F*]-(b) RETURN count(*)"),
    ("shortest paths over a hub", "MATCH (a:P), (b:P), p = allShortestPaths((a)-[:F*]-(b)) RETURN sum(length(p))"),
    ("reach of every node", "MATCH (a)-[*0..3]->(b) RETURN a, count(b)"),
    ("triangles", "MATCH (a)-[:F]-(b)-[:F]-(c)-[:F]-(a) RETURN count(*)"),
    (
        "sort of 5 M rows",
        "UNWIND range(1, 5000000) AS n WITH toString(n * 7919 % 1000003) AS t ORDER BY t RETURN max(t)",
    ),
    ("sort of nodes", "MATCH (a:P), (b:P) RETURN a, b ORDER BY b.id DESC, a.id SKIP 1000000 LIMIT 1"),
    ("huge range", "RETURN size(range(1, 30000000))"),
    ("huge comprehension", "RETURN size([x IN range(1, 300000000) WHERE x % 3 = 0 | toString(x)])"),
    ("huge text", "RETURN size(reduce(t = 'x', i IN range(1, 31) | t + t))"),
    ("long reduction", "RETURN reduce(n = 0, i IN range(1, 30000000) | n + i % 7)"),
    ("huge collect", "UNWIND range(1, 400000000) AS n RETURN size(collect(n))"),
    (
        "slow pattern",
        "UNWIND range(1, 1000000) AS i WITH 'aaaaaaaaaaaaaaaaaaaaaaaa' + i AS t WHERE t =~ '(a*)*b' RETURN count(t)",
    ),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let tries = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(TRIES);
    let wanted: Vec<&String> = arguments.iter().filter(|argument| argument.parse::<u32>().is_err()).collect();
    let db = world()?;
    println!("{tries} tries each; deadlines from {} to {} ms", SOONEST.as_millis(), LATEST.as_millis());
    println!("| statement | deadline | limit | done | median ms late | max ms late | memory kept, MiB |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let mut worst: f64 = 0.0;
    for (name, text) in
        KINDS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| name.contains(&**part)))
    {
        let before = resident(&db)?;
        let (mut late, mut n_limit, mut n_done) = (Vec::new(), 0, 0);
        for at in 0..tries {
            let timeout = SOONEST + (LATEST - SOONEST) * at / tries;
            let options = QueryOptions { deadline: Some(timeout), ..QueryOptions::default() };
            let begun = Instant::now();
            let ended = db.query_with(text, (), &options).and_then(|mut rows: Rows| {
                while rows.advance()? {}
                Ok(())
            });
            let over = (begun.elapsed().as_secs_f64() - timeout.as_secs_f64()) * 1e3;
            match ended {
                Err(Error::Deadline { .. }) => late.push(over),
                Err(Error::Limit { .. }) => n_limit += 1,
                Ok(()) => n_done += 1,
                Err(error) => panic!("{name}: {error}"),
            }
            assert!(over < 10_000.0, "{name}: it did not end");
        }
        late.sort_by(f64::total_cmp);
        let median = late.get(late.len() / 2).copied().unwrap_or_default();
        let most = late.last().copied().unwrap_or_default();
        worst = worst.max(most);
        thread::sleep(SETTLED);
        let kept = (resident(&db)? - before).max(0.0);
        println!("| {name} | {} | {n_limit} | {n_done} | {median:.1} | {most:.1} | {kept:.0} |", late.len());
    }
    println!("\nworst: {worst:.1} ms");
    Ok(())
}

/// A hub that leads to every node, and random relationships among these.
fn world() -> Result<Database> {
    let db = Database::memory_with(Options { memory_bytes_max: MEMORY_MAX, ..Options::default() })?;
    db.execute("CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE", ())?;
    db.execute("UNWIND range(1, $n) AS i CREATE (:P {id: i})", attendb::params! { "n": NODES as i64 })?;
    db.execute("CREATE (:Hub)", ())?;
    db.execute("MATCH (h:Hub), (p:P) CREATE (h)-[:F]->(p)", ())?;
    let text = "UNWIND range(1, $m) AS i WITH (i * 7919 + $seed) % $n + 1 AS a, (i * 104729) % $n + 1 AS b
                MATCH (x:P {id: a}), (y:P {id: b}) CREATE (x)-[:F]->(y)";
    let (n, m, seed) = (NODES as i64, RELATIONSHIPS as i64, SEED as i64);
    db.execute(text, attendb::params! { "n": n, "m": m, "seed": seed })?;
    Ok(db)
}

/// Returns the resident set in MiB, after a plain statement.
fn resident(db: &Database) -> Result<f64> {
    db.query("MATCH (p:P {id: 1}) RETURN p.id", ())?.single()?;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0)
}
