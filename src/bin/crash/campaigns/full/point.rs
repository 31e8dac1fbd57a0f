//! One point: a disk, a database on it, a load that runs out of room, and what comes after.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use attendb::{Database, Durability, Error, Options};

use super::{
    Plant,
    disk::Disk,
    exit_code,
    ledger::Ledger,
    load::{LINES, Load},
    this_program,
};
use crate::campaigns::model::Numbers;

/// The first argument of a point's process, and of one that looks at its database from outside.
pub(super) const POINT: &str = "--full-point";
const LOOK: &str = "--full-look";

/// Bytes of a disk: the least, and how many more there may be.
const DISK: (u64, u64) = (8 << 20, 24 << 20);

/// What is taken of it from the start, at least, so that there is room again afterwards.
const TAKEN: u64 = 5 << 20;

/// What is left free is below a power of two, from a page to four megabytes.
const LEFT_LOG2: (u64, u64) = (12, 11);

/// The filler may begin so late, in milliseconds.
const LATE_MS: u64 = 250;

/// The line of notes written at the end.
const LAST_LINE: i64 = LINES;

/// Sleds that the library gave up; it only says so in its log.
static GIVEN_UP: AtomicU64 = AtomicU64::new(0);

/// Runs the program as a child, if these are a child's arguments.
pub(super) fn child(arguments: &[String]) -> Option<ExitCode> {
    match arguments {
        [flag, folder, seed, point, plant] if flag == POINT => {
            let (seed, point, plant) = (seed.parse().ok()?, point.parse().ok()?, Plant::find(plant)?);
            Some(exit_code(run(Path::new(folder), seed, point, plant)))
        }
        [flag, db, ledger, how] if flag == LOOK => {
            Some(exit_code(look(Path::new(db), Path::new(ledger), how == "read")))
        }
        _ => None,
    }
}

/// What is drawn for a point.
struct Plan {
    disk_bytes: u64,
    left_bytes: u64,
    late: Duration,
    /// The filler goes on taking what becomes free.
    is_greedy: bool,
    is_buffered: bool,
    has_background: bool,
    checkpoint_bytes: u64,
    n_imports: u64,
    /// The database is closed before there is room again.
    closes_full: bool,
}

impl Plan {
    fn draw(seed: u64, point: u64, plant: Plant) -> Self {
        let mut random = Numbers::new(seed, 7_500, point);
        let most = 1 << (LEFT_LOG2.0 + random.below(LEFT_LOG2.1));
        Self {
            disk_bytes: DISK.0 + random.below(DISK.1),
            left_bytes: if random.chance(1, 8) { 0 } else { random.below(most) },
            late: Duration::from_millis(if random.chance(1, 2) { 0 } else { random.below(LATE_MS) }),
            is_greedy: random.chance(1, 3),
            is_buffered: random.chance(1, 3),
            has_background: random.chance(2, 3),
            checkpoint_bytes: 64 << (10 + random.below(5)),
            n_imports: random.below(3),
            // A checkpoint once there is room would make up for what the planted faults lose.
            closes_full: random.chance(1, 2) || plant != Plant::Nothing,
        }
    }

    fn options(&self, folder: &Path) -> Options {
        Options {
            durability: if self.is_buffered { Durability::Buffered } else { Durability::Sync },
            background: self.has_background,
            checkpoint_bytes: self.checkpoint_bytes,
            threads: 2,
            ..Options::default().file_roots([folder])
        }
    }
}

/// Counts what the library warns of.
struct Log;

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        let is_of_it = record.args().to_string().starts_with("giving up sled");
        GIVEN_UP.fetch_add(u64::from(is_of_it), Ordering::Relaxed);
    }

    fn flush(&self) {}
}

fn run(folder: &Path, seed: u64, point: u64, plant: Plant) -> Result<(), String> {
    let plan = Plan::draw(seed, point, plant);
    let taken = TAKEN.max(plan.disk_bytes / 3);
    let mut disk = Disk::mount(&folder.join("disk"), plan.disk_bytes, taken)?;
    let files = folder.join(format!("files-{point}"));
    fs::create_dir_all(&files).map_err(|error| error.to_string())?;
    let _ = log::set_logger(&Log).map(|()| log::set_max_level(log::LevelFilter::Warn));
    // A panic that somebody catches is one all the same.
    std::panic::set_hook(Box::new(|panic| println!("X a panic: {}", panic.to_string().replace('\n', " "))));
    #[cfg(feature = "crash")]
    if plant == Plant::Engine {
        attendb::fault::acknowledge_without_room();
    }
    let load = Load::new(seed, point, plant, &files);
    let path = folder.join("disk").join("db");
    let result = work(&plan, &load, &path, &mut disk);
    load.must("the point", result);
    load.count("acknowledged notes", load.ledger().notes.len() as u64);
    load.count("acknowledged imports", load.ledger().imports.len() as u64);
    load.count("sleds given up", GIVEN_UP.load(Ordering::Relaxed));
    load.print();
    let _ = fs::remove_dir_all(&files);
    println!("D");
    Ok(())
}

fn work(plan: &Plan, load: &Load<'_>, path: &Path, disk: &mut Disk) -> Result<(), String> {
    let db = open(load, path, plan)?;
    db.execute("CREATE CONSTRAINT FOR (r:Row) REQUIRE r.key IS UNIQUE", ()).map_err(|error| error.to_string())?;
    for _ in 0..plan.n_imports {
        let _ = load.import(&db);
    }
    let mut is_filled = false;
    let mut fill = |since: Duration| {
        if since >= plan.late && (!is_filled || plan.is_greedy) {
            is_filled = true;
            load.must("filling", disk.fill(plan.left_bytes));
        }
    };
    fill(Duration::ZERO);
    load.run(&db, &mut fill);
    load.must("on the full disk", load.ledger().compare(&db));
    if plan.closes_full {
        closed_full(plan, load, path, db, disk)?;
    } else {
        disk.clear()?;
        goes_on(load, &db);
        load.must("closing with room", load.call("close", || db.close()).map_err(|error| error.to_string()));
    }
    // In this process, and then in another one.
    let db = open(load, path, plan)?;
    load.must("opened with room", load.ledger().compare(&db));
    goes_on(load, &db);
    load.must("going on after an open", load.ledger().compare(&db));
    load.must("closing at last", load.call("close", || db.close()).map_err(|error| error.to_string()));
    load.must("another process", elsewhere(load, path, "write"));
    Ok(())
}

/// Everything must succeed at once now; where the database said that it cannot, it must have said what to do.
fn goes_on(load: &Load<'_>, db: &Database) {
    let poisoned = db.status().poisoned;
    let has_to_reopen = |error: &Error| matches!(error, Error::Poisoned { .. });
    let check = |what: &str, result: attendb::Result<()>| match result {
        Err(error) if has_to_reopen(&error) => load.count("going on takes a reopen", 1),
        Err(error) => load.fail(format!("{what} with room again, poisoned {poisoned:?}: {error}")),
        Ok(()) => {}
    };
    check("a commit", load.note(db, LAST_LINE));
    check("a checkpoint", load.call("checkpoint", || db.checkpoint()).map(drop));
    check("an import", load.import(db));
    check("a second checkpoint", load.call("checkpoint", || db.checkpoint()).map(drop));
    load.must("with room again", load.ledger().compare(db));
}

/// Closes on the full disk, and opens there, to read and to write, before there is room again.
fn closed_full(plan: &Plan, load: &Load<'_>, path: &Path, db: Database, disk: &mut Disk) -> Result<(), String> {
    let _ = load.call("close", || db.close());
    disk.fill(plan.left_bytes)?;
    let read_only = Options { read_only: true, ..Options::default() };
    let opened = load.call("read-only open", || Database::open_with(path, read_only));
    if let Some(db) = load.must("a read-only open on the full disk", opened.map_err(|error| error.to_string())) {
        load.must("read-only on the full disk", load.ledger().compare(&db));
    }
    load.must("another process, read-only on the full disk", elsewhere(load, path, "read"));
    if let Ok(db) = load.call("open on the full disk", || Database::open_with(path, plan.options(load.folder))) {
        load.must("opened on the full disk", load.ledger().compare(&db));
        let _ = load.note(&db, LAST_LINE);
        let _ = load.call("close", || db.close());
    }
    disk.clear()
}

fn open(load: &Load<'_>, path: &Path, plan: &Plan) -> Result<Database, String> {
    load.call("open", || Database::open_with(path, plan.options(load.folder))).map_err(|error| error.to_string())
}

/// Lets another process open the database and compare it.
fn elsewhere(load: &Load<'_>, path: &Path, how: &str) -> Result<(), String> {
    let file: PathBuf = load.folder.join("ledger");
    fs::write(&file, load.ledger().text()).map_err(|error| error.to_string())?;
    let output = this_program().arg(LOOK).arg(path).arg(&file).arg(how).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{}: {}", output.status, text.trim())) }
}

/// Opens a database, compares it with a ledger, and writes into it.
fn look(path: &Path, ledger: &Path, only_reads: bool) -> Result<(), String> {
    let text = fs::read_to_string(ledger).map_err(|error| error.to_string())?;
    let ledger = Ledger::parse(&text)?;
    let told = |error: Error| error.to_string();
    let db = Database::open_with(path, Options { read_only: only_reads, ..Options::default() }).map_err(told)?;
    ledger.compare(&db)?;
    if !only_reads {
        db.execute("CREATE (:Other)", ()).map_err(told)?;
    }
    db.close().map_err(told)
}
