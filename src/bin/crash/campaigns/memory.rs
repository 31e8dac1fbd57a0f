//! Gives statements far less memory than they want.
//!
//! Each case is a process of its own: it opens the database with a small budget, runs one greedy statement under a deadline,
//! and measures the most it had on its heap. It must end with rows, `Limit` or `Deadline`, stay within budget and slack,
//! give the memory back, and leave the database as it was where the statement failed. An import twenty times larger than
//! the budget, and counting trails over the whole graph, are among them.

use std::{
    env,
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use attendb::{Database, Error, Options, Params, QueryOptions};

use super::{Arguments, Campaign, Folder, Report, heap, model::Numbers, verify};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "memory",
    about: "statements and imports that want far more memory than they may use",
    usage: "[--relationships N] [--budget-mb N] [--case NAME] [--seconds N]",
    run: run_with,
    short,
    child: |arguments| Orders::parse(arguments).map(|orders| child(&orders)),
};

/// The first argument of a child.
const CHILD: &str = "--memory-child";

/// Relationships a node, on average.
const DEGREE: u64 = 10;

/// How many times larger than the budget the imported file is.
const IMPORT_FACTOR: u64 = 20;

/// What a statement may take beyond its budget: as much again, as vectors are there twice while they double and lists of
/// facts are estimated; and rows on their
/// way between operators (1,024 of them each), one value that is being made, sled's cache.
const SLACK_PART: u64 = 1;
const SLACK_BYTES: u64 = 48 << 20;

/// How long a statement that failed may take to give back what it had.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(2);

/// What may stay on the heap after a statement: the plan, caches of fixed size.
const KEPT_BYTES: u64 = 24 << 20;

/// A statement that stops this long after its deadline hangs.
const HANG: Duration = Duration::from_secs(60);

/// Statements, each greedy in its own way. `{n}` is larger than any budget.
const CASES: &[(&str, &str)] = &[
    ("trails-by-start", "MATCH (a)-[*0..3]->(b) RETURN a, count(b)"),
    ("trails-distinct", "MATCH (a)-[*1..3]->(b) WITH DISTINCT a, b RETURN count(*)"),
    ("trails-collected", "MATCH p = (a)-[*1..3]->(b) RETURN size(collect(p))"),
    ("trails-by-pair", "MATCH (a)-[*1..3]->(b) RETURN a.id AS x, b.id AS y, count(*) AS n ORDER BY n DESC LIMIT 3"),
    ("product-sorted", "MATCH (a), (b) RETURN a.id AS x, b.id AS y ORDER BY x + y, x"),
    ("product-collected", "MATCH (a), (b) WITH collect([a.id, b.id]) AS all RETURN size(all)"),
    ("product-distinct", "MATCH (a), (b) WITH DISTINCT a.id AS x, b.id AS y RETURN count(*)"),
    ("product-union", "MATCH (a), (b) RETURN a.id AS x, b.id AS y UNION MATCH (a), (b) RETURN b.id AS x, a.id AS y"),
    ("product-counted-distinct", "MATCH (a), (b) RETURN count(DISTINCT a.id * 10000000 + b.id)"),
    ("product-percentile", "MATCH (a), (b) RETURN percentileDisc(a.id + b.id, 0.5)"),
    ("product-joined", "MATCH (a), (b) WHERE a.id % 7 = b.id % 7 WITH a, b ORDER BY a.id * b.id SKIP 10 RETURN a, b"),
    ("collected-strings", "UNWIND range(1, {n}) AS i RETURN size(collect(toString(i) + '-' + i))"),
    ("collected-by-group", "UNWIND range(1, {n}) AS i WITH i % 1000 AS g, collect(i) AS all RETURN sum(size(all))"),
    ("groups-of-strings", "UNWIND range(1, {n}) AS i WITH 'group ' + i AS g, count(*) AS n RETURN count(g)"),
    ("least-of-strings", "UNWIND range(1, {n}) AS i RETURN i % 100000 AS g, min(toString(i) + '-padding-padding')"),
    ("range", "RETURN size(range(1, {n}))"),
    ("range-of-ranges", "RETURN [i IN range(1, 100000) | range(1, 100000)]"),
    ("range-in-rows", "UNWIND range(1, 1000) AS i WITH range(1, 1000000) AS all RETURN sum(size(all))"),
    ("comprehension", "RETURN size([i IN range(1, 1000000) | [i, i, i, i, i, i, i, i, i, i, i, i, i, i, i]])"),
    ("comprehension-pattern", "MATCH (a) RETURN size(collect([(a)-[*1..3]->(b) | [a.id, b.id]]))"),
    ("doubled-string", "RETURN size(reduce(s = 'x', i IN range(1, 60) | s + s))"),
    ("doubled-list", "RETURN size(reduce(l = [1], i IN range(1, 60) | l + l))"),
    ("replaced", "WITH reduce(s = 'x', i IN range(1, 18) | s + s) AS s RETURN size(replace(s, 'x', s))"),
    ("split", "WITH reduce(s = 'x', i IN range(1, 24) | s + s) AS s RETURN size(split(s, ''))"),
    ("wide-rows", "UNWIND range(1, 100000) AS i RETURN size([x IN range(1, 10000) | x + i]) AS n ORDER BY n LIMIT 1"),
    (
        "wide-rows-sorted",
        "UNWIND range(1, 100000) AS i WITH [x IN range(1, 10000) | x + i] AS l ORDER BY l[0] DESC RETURN l",
    ),
    (
        "wide-strings",
        "WITH reduce(s = 'x', i IN range(1, 20) | s + s) AS s UNWIND range(1, 100000) AS i RETURN s + i AS t",
    ),
    (
        "nested-unwind",
        "MATCH (a) WITH collect(a) AS all UNWIND all AS x UNWIND all AS y RETURN x, y ORDER BY x.id, y.id",
    ),
    ("subquery-collected", "MATCH (a) RETURN size(collect(COLLECT { MATCH (a)-[*1..3]->(b) RETURN b.id }))"),
    (
        "call-collected",
        "MATCH (a) CALL { WITH a MATCH (a)-[*1..3]->(b) RETURN collect(b.id) AS l } RETURN size(collect(l))",
    ),
    ("created", "UNWIND range(1, {n}) AS i CREATE (:Big {id: i, text: 'some text to keep ' + i})"),
    ("created-returned", "UNWIND range(1, {n}) AS i CREATE (n:Big {id: i}) RETURN n.id, 'some text to return ' + i"),
    ("created-links", "MATCH (a), (b) CREATE (a)-[:LINK {weight: a.id}]->(b)"),
    ("merged", "UNWIND range(1, {n}) AS i MERGE (n:Big {id: i}) ON CREATE SET n.text = 'made ' + i"),
    (
        "set-everywhere",
        "MATCH (a) UNWIND range(1, 1000) AS i SET a.text = 'text of some length for everybody ' + i + a.id",
    ),
    ("set-huge", "MATCH (a) SET a.list = range(1, 100000)"),
    ("foreach", "FOREACH (i IN range(1, 30000000) | CREATE (:Big {id: i}))"),
    ("import", ""),
    ("import-keyed", ""),
    ("import-links", ""),
];

/// A planted fault: the child holds on to what a budget does not cover.
const PLANTED: &str = "hoard";

/// What a child is to do.
#[derive(Debug, Clone)]
struct Orders {
    folder: PathBuf,
    case: String,
    budget: u64,
    seconds: u64,
}

impl Orders {
    fn arguments(&self) -> Vec<String> {
        let Self { folder, case, budget, seconds } = self;
        vec![CHILD.into(), folder.display().to_string(), case.clone(), budget.to_string(), seconds.to_string()]
    }

    fn parse(arguments: &[String]) -> Option<Self> {
        let [flag, folder, case, budget, seconds] = arguments else { return None };
        (flag == CHILD).then_some(())?;
        Some(Self {
            folder: folder.into(),
            case: case.clone(),
            budget: budget.parse().ok()?,
            seconds: seconds.parse().ok()?,
        })
    }
}

/// How large everything is.
struct Sizes {
    seed: u64,
    n_rels: u64,
    budget: u64,
    seconds: u64,
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let sizes = Sizes {
        seed: arguments.get("seed", 1)?,
        n_rels: arguments.get("relationships", 10_000_000)?,
        budget: arguments.get::<u64>("budget-mb", 128)? << 20,
        seconds: arguments.get("seconds", 60)?,
    };
    let only: Option<String> = arguments.find("case")?;
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    let names = CASES.iter().map(|(name, _)| *name).filter(|name| only.as_deref().is_none_or(|only| only == *name));
    Ok(run(&sizes, names, folder.path(), true))
}

fn short() -> Vec<Report> {
    let sizes = Sizes { seed: 1, n_rels: 100_000, budget: 16 << 20, seconds: 2 };
    let folder = Folder::temporary().expect("a folder");
    let planted = run(&sizes, [PLANTED].into_iter(), folder.path(), false);
    let all = CASES.iter().map(|(name, _)| *name);
    vec![Report { planted: Some("a statement that hoards"), ..planted }, run(&sizes, all, folder.path(), false)]
}

/// Runs cases one after the other. Each must find the database as it was made.
fn run<'a>(sizes: &Sizes, names: impl Iterator<Item = &'a str>, folder: &Path, tells: bool) -> Report {
    let started = Instant::now();
    let mut report = Report::default();
    let (mut n_answers, mut n_limits, mut n_deadlines) = (0, 0, 0);
    let mut peak = 0;
    if let Err(reason) = prepare(sizes, folder) {
        report.failures.push(reason);
        return report;
    }
    for name in names {
        let case = Orders { folder: folder.into(), case: name.into(), budget: sizes.budget, seconds: sizes.seconds };
        match one(&case) {
            Ok(found) => {
                if tells {
                    println!("  {name:<26} {:<9} {:>6.1} s {:>5} MB", found.ended, found.seconds, found.peak >> 20);
                }
                match &*found.ended {
                    "rows" => n_answers += 1,
                    "limit" => n_limits += 1,
                    _ => n_deadlines += 1,
                }
                peak = peak.max(found.peak);
                report.passed += 1;
            }
            Err(reason) => report.failures.push(format!("{name}: {reason}")),
        }
    }
    report.what = format!(
        "memory: seed {}, {} relationships, budget {} MB: {n_answers} answers, {n_limits} limits, {n_deadlines} \
         deadlines of {} s; most on the heap beyond the graph {} MB, {:.1} s",
        sizes.seed,
        sizes.n_rels,
        sizes.budget >> 20,
        sizes.seconds,
        peak >> 20,
        started.elapsed().as_secs_f64(),
    );
    report
}

/// Makes the database and the files to import, unless they are there.
fn prepare(sizes: &Sizes, folder: &Path) -> Result<(), String> {
    let path = folder.join("db");
    if path.exists() {
        return Ok(());
    }
    let n_nodes = (sizes.n_rels / DEGREE).max(1);
    let mut random = Numbers::new(sizes.seed, 0, 0);
    let fail = |error: std::io::Error| format!("cannot write the files to import: {error}");
    let mut write = |name: &str, header: &str, row: &mut dyn FnMut(&mut Numbers) -> Option<String>| {
        let mut file = BufWriter::new(File::create(folder.join(name))?);
        writeln!(file, "{header}")?;
        while let Some(row) = row(&mut random) {
            writeln!(file, "{row}")?;
        }
        file.flush()
    };
    let mut n = 0;
    write("nodes.csv", "id", &mut |_| {
        n += 1;
        (n <= n_nodes).then(|| n.to_string())
    })
    .map_err(fail)?;
    let mut n = 0;
    write("links.csv", "from,to", &mut |random| {
        n += 1;
        // Few starts have many relationships: the smaller of two is more often small.
        let start = random.below(n_nodes).min(random.below(n_nodes)) + 1;
        (n <= sizes.n_rels).then(|| format!("{start},{}", random.below(n_nodes) + 1))
    })
    .map_err(fail)?;
    // About 100 bytes a row.
    let n_rows = sizes.budget * IMPORT_FACTOR / 100;
    let mut n = 0;
    write("rows.csv", "id,a,b,text", &mut |random| {
        n += 1;
        let text = format!("row {n} says {:016x} and then {:016x} and more", random.next(), random.next());
        (n <= n_rows).then(|| format!("{n},{},{:.4},{text}", random.below(1 << 40), random.below(1 << 20) as f64 / 7.0))
    })
    .map_err(fail)?;
    let db = Database::open_with(&path, Options::default().file_roots([folder])).map_err(|error| error.to_string())?;
    let run = |text: &str| db.execute(text, ()).map(drop).map_err(|error| format!("{text}: {error}"));
    run("CREATE CONSTRAINT p_id FOR (p:P) REQUIRE p.id IS UNIQUE")?;
    run("CREATE CONSTRAINT big_id FOR (b:Big) REQUIRE b.id IS UNIQUE")?;
    run("COPY P FROM 'nodes.csv' (KEY id)")?;
    run("COPY R FROM 'links.csv' (FROM P, TO P)")?;
    db.close().map_err(|error| error.to_string())
}

/// What a child found.
struct Found {
    ended: String,
    seconds: f64,
    peak: u64,
}

/// Runs a case in a process of its own.
fn one(orders: &Orders) -> Result<Found, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(orders.arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let until = Instant::now() + Duration::from_secs(orders.seconds) + HANG;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("hangs: not done {HANG:?} after its deadline"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}{}", output.status, text.trim(), said.trim()));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [ended, seconds, peak] => Ok(Found {
            ended: ended.to_owned(),
            seconds: seconds.parse().unwrap_or_default(),
            peak: peak.parse().unwrap_or_default(),
        }),
        _ => Err(format!("said {text:?}")),
    }
}

fn child(orders: &Orders) -> ExitCode {
    match measure(orders) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            println!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn measure(orders: &Orders) -> Result<String, String> {
    let folder = &orders.folder;
    // Links are copied a second time, beside those that are there.
    let is_import = matches!(&*orders.case, "import" | "import-keyed");
    let path = if is_import { folder.join("imported") } else { folder.join("db") };
    if is_import {
        let _ = std::fs::remove_dir_all(&path);
    }
    let options =
        Options { memory_bytes_max: orders.budget, checkpoint_bytes: orders.budget / 4, ..Options::default() };
    // Looking at everything pins the graph: what a statement holds is measured beyond that.
    let roomy = Options { memory_bytes_max: u64::MAX, ..options.clone() };
    let db = Database::open_with(&path, roomy.file_roots([folder])).map_err(|error| format!("open: {error}"))?;
    let state = "MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n), count(r), sum(n.id), count(n.text), count(n.list)";
    let before = verify::rows(&db, state)?;
    let texts: Vec<String> = match &*orders.case {
        "import" => vec!["COPY Row FROM 'rows.csv'".into()],
        "import-keyed" => vec!["COPY Row FROM 'rows.csv' (KEY id)".into()],
        "import-links" => vec!["COPY R FROM 'links.csv' (FROM P, TO P)".into()],
        PLANTED => vec!["RETURN 1".into()],
        name => {
            let (_, text) = CASES.iter().find(|(known, _)| *known == name).ok_or("no such case")?;
            vec![text.replace("{n}", &(orders.budget).to_string())]
        }
    };
    let limits = QueryOptions {
        deadline: Some(Duration::from_secs(orders.seconds)),
        memory_bytes_max: Some(orders.budget),
        ..QueryOptions::default()
    };
    let pinned = db.status().pinned_bytes;
    let live = heap::live_bytes() as u64;
    heap::reset_peak();
    let started = Instant::now();
    let mut hoard = Vec::new();
    if orders.case == PLANTED {
        hoard.resize((3 * (orders.budget + SLACK_BYTES)) as usize, 1u8);
    }
    let mut ended = "rows";
    for text in &texts {
        let result = db.query_with(text, Params::new(), &limits).and_then(|mut rows| {
            while rows.next_row()?.is_some() {}
            Ok(())
        });
        ended = match result {
            Ok(()) => "rows",
            Err(Error::Limit { .. }) => "limit",
            Err(Error::Deadline { .. }) => "deadline",
            Err(error) => return Err(format!("neither rows nor a limit: {error}")),
        };
    }
    let seconds = started.elapsed().as_secs_f64();
    // Blocks read for the first time stay; they are counted by the database, not by the statement.
    let grown = db.status().pinned_bytes.saturating_sub(pinned);
    let peak = (heap::peak_bytes() as u64).saturating_sub(live + grown);
    drop(hoard);
    if peak > orders.budget + orders.budget / SLACK_PART + SLACK_BYTES {
        return Err(format!("had {} MB on the heap with a budget of {} MB", peak >> 20, orders.budget >> 20));
    }
    if seconds > orders.seconds as f64 + 2.0 {
        return Err(format!("took {seconds:.1} s where it had {} s", orders.seconds));
    }
    if ended != "rows" {
        let after = verify::rows(&db, state)?;
        if after != before {
            return Err(format!("failed, and left {after:?} where {before:?} was"));
        }
        // What is large is dropped on another thread.
        let kept = || (heap::live_bytes() as u64).saturating_sub(live + grown);
        let given = Instant::now() + GIVEN_BACK_WITHIN;
        while kept() > KEPT_BYTES && Instant::now() < given {
            std::thread::sleep(Duration::from_millis(5));
        }
        let kept = kept();
        if kept > KEPT_BYTES {
            return Err(format!("kept {} MB after it failed", kept >> 20));
        }
    }
    db.close().map_err(|error| format!("close: {error}"))?;
    Ok(format!("{ended} {seconds:.3} {peak}"))
}
