//! The figures of the README, measured in one run: the database beside the physical limit of the same data and machine.
//!
//! `cargo bench --bench figures -- DATA [DB]`, where DATA holds the ten CSV files of the social network (100,000 persons,
//! seed 7) and DB is a folder to build in (a temporary one without). Prints a Markdown table. Answers are asserted.
//! For one core say `taskset -c 0 cargo bench --bench figures -- DATA`; the two rows that need several threads say so.

mod child;
mod limit;
mod system;

use std::{
    env, fs,
    fs::OpenOptions,
    hint::black_box,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use attendb::{Database, Params, Value, params};
use limit::{HOP3_STARTS, Limit, median_us};

/// Durable commits timed for one figure.
const COMMITS: usize = 400;

/// Threads of the many-writers figure.
const WRITERS: usize = 8;

/// How long each rate is measured.
const RATE_TIME: Duration = Duration::from_millis(1500);

/// Bytes of one append of the baseline, and of its preallocated file.
const APPEND_BYTES: usize = 128;
const APPEND_FILE_BYTES: u64 = 1 << 20;

/// Keyed reads in one group of the tail-latency figure.
const GROUP: usize = 100;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Some(code) = child::work(&arguments) {
        return code;
    }
    let Some(data) = arguments.first().map(PathBuf::from).filter(|path| path.join("follows.csv").is_file()) else {
        // `cargo bench` without arguments runs every bench: no data is no failure.
        println!("usage: cargo bench --bench figures -- DATA [DB] (DATA holds persons.csv, follows.csv, ...)");
        return ExitCode::SUCCESS;
    };
    let data = fs::canonicalize(&data).expect("the folder of data exists");
    let own = env::temp_dir().join(format!("attendb-figures-{}", std::process::id()));
    let folder = arguments.get(1).map_or(own, PathBuf::from);
    fs::create_dir_all(&folder).expect("the folder to build in can be made");
    let path = folder.join("social.kg");
    let _ = fs::remove_dir_all(&path);

    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let limit = limit::measure(&data);
    println!("{}, {threads} core(s) for this process, {} persons\n", system::processor(), limit.n);
    let mut table = Table::default();
    load(&mut table, &path, &data, &limit);
    start(&mut table, &path, &data);
    {
        let db = child::open(&path, &data);
        points(&mut table, &db, &limit);
        questions(&mut table, &db, &limit);
        db.close().expect("a clean close");
    }
    resident(&mut table, &path, &data);
    {
        let db = child::open(&path, &data);
        commits(&mut table, &db, &folder);
        writers(&mut table, &db);
        beside_import(&mut table, &db, &data, limit.n);
        db.close().expect("a clean close");
    }
    table.print();
    let _ = fs::remove_dir_all(&path);
    ExitCode::SUCCESS
}

/// Runs a statement and returns its rows.
fn ask(db: &Database, text: &str, params: impl Into<Params>) -> Vec<Vec<Value>> {
    let result = db.query(text, params).unwrap_or_else(|error| panic!("{text}: {error}"));
    result.map(|row| row.unwrap_or_else(|error| panic!("{text}: {error}")).values().to_vec()).collect()
}

#[derive(Default)]
struct Table(Vec<[String; 5]>);

impl Table {
    /// Adds a row: what, the database's figure, what it is compared with, the ratio, what was asked for.
    fn add(&mut self, work: &str, figure: String, baseline: String, ratio: Option<f64>, must: &str) {
        let ratio = ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.1} ×"));
        self.0.push([work.to_owned(), figure, baseline, ratio, must.to_owned()]);
    }

    fn print(&self) {
        println!("| work | AttenDB | compared with | ratio | must |\n|---|---:|---:|---:|---|");
        for row in &self.0 {
            println!("| {} |", row.join(" | "));
        }
    }
}

fn us(x: f64) -> String {
    if x < 10.0 {
        format!("{x:.2} µs")
    } else if x < 1e4 {
        format!("{x:.0} µs")
    } else {
        format!("{:.1} ms", x / 1e3)
    }
}

fn load(table: &mut Table, path: &Path, data: &Path, limit: &Limit) {
    let mut times = Vec::new();
    let mut peak_mb = 0.0f64;
    for _ in 0..3 {
        let _ = fs::remove_dir_all(path);
        let (numbers, wall_s) = child::run("--load", path, data);
        times.push(wall_s);
        peak_mb = peak_mb.max(numbers[1]);
    }
    times.sort_by(f64::total_cmp);
    let parse = format!("parse + CSR of Follows only {:.2} s", limit.load_s);
    table.add("load all ten files, durable at exit", format!("{:.2} s", times[1]), parse, None, "≤ 1.5 s");
    table.add("- peak memory", format!("{peak_mb:.0} MB"), "-".into(), None, "≤ 700 MB");
    table.add("- on disk", format!("{:.1} MB", system::disk_mb(path)), "-".into(), None, "≤ 60 MB");
}

fn start(table: &mut Table, path: &Path, data: &Path) {
    let mut runs: Vec<(f64, f64, f64)> = (0..7)
        .map(|_| {
            let (numbers, wall_s) = child::run("--open", path, data);
            (wall_s * 1e3, numbers[0], numbers[1])
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (wall, answered, opened) = runs[3];
    let parts = format!("open {opened:.1} ms, first answer {answered:.1} ms, process {wall:.1} ms");
    table.add("open and answer a keyed read, new process", format!("{wall:.1} ms"), parts, None, "≤ 80 ms");
}

fn points(table: &mut Table, db: &Database, limit: &Limit) {
    let ids = limit::ids(limit.n);
    let read = db.prepare("MATCH (p:Person {id: $id}) RETURN p.name, p.age").expect("it is prepared");
    let each = |rows: &mut dyn FnMut(usize)| {
        median_us(11, || {
            for &id in &ids {
                rows(id);
            }
        }) / ids.len() as f64
    };
    let time = each(&mut |id| {
        let mut rows = read.query(params! { "id": id as i64 }).expect("it answers");
        assert!(rows.advance().expect("it answers"), "person {id} is there");
        black_box((rows.get(0).expect("a name"), rows.get(1).expect("an age")));
    });
    table.add("keyed read of 2 properties, prepared", us(time), "-".into(), None, "≤ 2 µs");

    let hop = db.prepare("MATCH (p:Person {id: $id})-[:Follows]->(f) RETURN f").expect("it is prepared");
    let mut n_rows = 0;
    let time = each(&mut |id| {
        let mut rows = hop.query(params! { "id": id as i64 }).expect("it answers");
        while rows.advance().expect("it answers") {
            black_box(rows.node_id(0).expect("a node"));
            n_rows += 1;
        }
    });
    let work = format!("1 hop, {} ids on average, prepared", n_rows / 11 / ids.len());
    table.add(&work, us(time), us(limit.hop1_us), Some(time / limit.hop1_us), "≤ 2 µs");

    let distinct = |hops: usize| {
        let steps = "-[:Follows]->()".repeat(hops - 1);
        let text = format!("MATCH (p:Person {{id: $id}}){steps}-[:Follows]->(f) RETURN count(DISTINCT f)");
        db.prepare(&text).expect("it is prepared")
    };
    let two = distinct(2);
    let count = |statement: &attendb::Statement, id: usize| -> u64 {
        let mut rows = statement.query(params! { "id": id as i64 }).expect("it answers");
        let row = rows.next().expect("one row").expect("it answers");
        row.values()[0].as_int().expect("a count") as u64
    };
    let wrong = ids.iter().zip(&limit.hop2).find(|(id, expected)| count(&two, **id) != **expected);
    assert!(wrong.is_none(), "two hops from {wrong:?}");
    let time = median_us(5, || ids.iter().for_each(|&id| _ = black_box(count(&two, id)))) / ids.len() as f64;
    table.add("2 hops, count distinct", us(time), us(limit.hop2_us), Some(time / limit.hop2_us), "≤ 10 × the limit");
    let three = distinct(3);
    let starts = &ids[..HOP3_STARTS];
    let wrong = starts.iter().zip(&limit.hop3).find(|(id, expected)| count(&three, **id) != **expected);
    assert!(wrong.is_none(), "three hops from {wrong:?}");
    let time = median_us(5, || starts.iter().for_each(|&id| _ = black_box(count(&three, id)))) / starts.len() as f64;
    table.add("3 hops, count distinct", us(time), us(limit.hop3_us), Some(time / limit.hop3_us), "≤ 5 × the limit");
}

const Q1: &str = "MATCH (follower:Person)-[:Follows]->(person:Person) \
    RETURN person.id AS personID, person.name AS name, count(follower.id) AS n ORDER BY n DESC, personID LIMIT 3";
const Q8: &str = "MATCH (a:Person)-[r1:Follows]->(b:Person)-[r2:Follows]->(c:Person) RETURN count(*) AS n";
const Q9: &str = "MATCH (a:Person)-[r1:Follows]->(b:Person)-[r2:Follows]->(c:Person) \
    WHERE b.age < 50 AND c.age > 25 RETURN count(*) AS n";

fn questions(table: &mut Table, db: &Database, limit: &Limit) {
    let int = |rows: &[Vec<Value>], row: usize, column: usize| rows[row][column].as_int().expect("an integer") as u64;
    let rows = ask(db, Q1, ());
    let top: Vec<(u64, u64)> = (0..3).map(|at| (int(&rows, at, 2), int(&rows, at, 0))).collect();
    assert_eq!(top, limit.q1, "q1");
    assert_eq!(int(&ask(db, Q8, ()), 0, 0), limit.q8, "q8");
    assert_eq!(int(&ask(db, Q9, ()), 0, 0), limit.q9, "q9");
    let times =
        [("q1, counts by degree", Q1, limit.q1_us), ("q8, counts by degree", Q8, limit.q8_us), ("q9", Q9, limit.q9_us)];
    for (work, text, bound) in times {
        let statement = db.prepare(text).expect("it is prepared");
        let time = median_us(21, || {
            for row in statement.query(()).expect("it answers") {
                black_box(row.expect("it answers"));
            }
        });
        let must = if work == "q9" { "-" } else { "≤ 20 × the limit" };
        table.add(work, us(time), us(bound), Some(time / bound), must);
    }
}

fn resident(table: &mut Table, path: &Path, data: &Path) {
    let (numbers, _) = child::run("--touch", path, data);
    let bytes = numbers[0] * (1 << 20) as f64 / numbers[1];
    let what = format!("{:.0} MB for {} relationships", numbers[0], numbers[1]);
    table.add("resident bytes a relationship, all blocks touched", format!("{bytes:.1}"), what, None, "≤ 40");
}

const ADD: &str = "MATCH (a:Person {id: $a}), (b:Person {id: $b}) CREATE (a)-[:Met]->(b)";

fn commits(table: &mut Table, db: &Database, folder: &Path) {
    let append = folder.join("append");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&append).expect("a file");
    file.write_all(&vec![0; APPEND_FILE_BYTES as usize]).expect("room on the disk");
    file.sync_all().expect("it is synced");
    let mut file = OpenOptions::new().write(true).open(&append).expect("a file");
    let statement = db.prepare(ADD).expect("it is prepared");
    // Turn about, so that both see the same disk.
    let (mut appends, mut commits) = (Vec::new(), Vec::new());
    for i in 0..COMMITS {
        let started = Instant::now();
        file.write_all(&[1; APPEND_BYTES]).expect("it is written");
        file.sync_data().expect("it is synced");
        appends.push(started.elapsed().as_secs_f64() * 1e6);
        let started = Instant::now();
        statement.execute(params! { "a": i as i64 + 1, "b": i as i64 + 2 }).expect("it commits");
        commits.push(started.elapsed().as_secs_f64() * 1e6);
    }
    appends.sort_by(f64::total_cmp);
    commits.sort_by(f64::total_cmp);
    let (append_us, commit_us) = (appends[COMMITS / 2], commits[COMMITS / 2]);
    let what = format!("append of {APPEND_BYTES} B + fdatasync {}", us(append_us));
    let must = "≤ 1.5 × the append";
    table.add("durable commit of one relationship", us(commit_us), what, Some(commit_us / append_us), must);
    let _ = fs::remove_file(append);
}

fn writers(table: &mut Table, db: &Database) {
    let rate = |threads: usize| {
        let (stop, n) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..threads {
                let (stop, n) = (&stop, &n);
                scope.spawn(move || {
                    let statement = db.prepare(ADD).expect("it is prepared");
                    let mut i = 0;
                    while !stop.load(Ordering::Relaxed) {
                        i += 1;
                        let a = (thread * 1000 + i % 1000) as i64 + 1;
                        statement.execute(params! { "a": a, "b": a + 1 }).expect("it commits");
                        n.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            thread::sleep(RATE_TIME);
            stop.store(true, Ordering::Relaxed);
        });
        n.load(Ordering::Relaxed) as f64 / RATE_TIME.as_secs_f64()
    };
    let (one, many) = (rate(1), rate(WRITERS));
    let what = format!("one thread {one:.0}/s");
    table.add(&format!("{WRITERS} threads, autocommit each"), format!("{many:.0}/s"), what, Some(many / one), "≥ 4 ×");
}

fn beside_import(table: &mut Table, db: &Database, data: &Path, n: usize) {
    let ids = limit::ids(n);
    let read = db.prepare("MATCH (p:Person {id: $id}) RETURN p.name, p.age").expect("it is prepared");
    let p99 = |stop: &dyn Fn(usize) -> bool| {
        let mut times = Vec::new();
        while !stop(times.len()) {
            let started = Instant::now();
            for at in 0..GROUP {
                let id = ids[(times.len() * GROUP + at) % ids.len()] as i64;
                black_box(read.query(params! { "id": id }).expect("it answers").next());
            }
            times.push(started.elapsed().as_secs_f64() * 1e6);
        }
        times.sort_by(f64::total_cmp);
        (times[times.len() * 99 / 100], times.len())
    };
    let (idle, _) = p99(&|done| done >= 3000);
    let done = AtomicBool::new(false);
    let (busy, groups) = thread::scope(|scope| {
        scope.spawn(|| {
            let text = format!("COPY FollowsAgain FROM '{}/follows.csv' (FROM Person, TO Person)", data.display());
            db.execute(&text, ()).unwrap_or_else(|error| panic!("{text}: {error}"));
            done.store(true, Ordering::Relaxed);
        });
        p99(&|_| done.load(Ordering::Relaxed))
    });
    let what = format!("idle {}, {groups} groups", us(idle));
    let work = format!("keyed reads in groups of {GROUP} beside an import, p99");
    table.add(&work, us(busy), what, Some(busy / idle), "≤ 3 × idle, on two cores");
}
