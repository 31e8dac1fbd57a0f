//! The child: opens the database, compares it with the model, and writes until it is killed.
//!
//! It reports over its standard output, one line in one write: `P` what it found, `S` an operation starts, `A` an
//! operation is acknowledged, `B` something is wrong, `C` closed cleanly.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use attendb::{Database, Durability, Options, Params};

use super::{
    forgetting,
    model::{self, Numbers, STREAMS, Stream},
    verify,
};

/// How long a buffered commit may stay with the operating system: less than a session lives.
const BUFFERED_MS: u64 = 20;

/// A child whose parent died must not stay, in milliseconds.
const ORPHAN_LIFE_MS: u64 = 20_000;

/// What the parent asks of a child.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    /// The database directory; imports are generated beside it.
    pub(crate) path: PathBuf,
    /// The model's seed.
    pub(crate) seed: u64,
    /// The number of the session, for its own random choices.
    pub(crate) session: u64,
    /// Whether commits are acknowledged before they are durable.
    pub(crate) buffered: bool,
    /// The planted fault.
    pub(crate) plant: Plant,
    /// Close cleanly after so many milliseconds; 0 means never.
    pub(crate) close_after_ms: u64,
}

/// A fault that the campaign must catch: its null control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    /// None: nothing may be found.
    Nothing,
    /// The writer reports a commit before it asks for it.
    Harness,
    /// The database acknowledges a commit before its frame is written.
    #[cfg(feature = "crash")]
    Engine,
}

impl Plant {
    /// Every kind.
    pub(crate) const ALL: &[Self] = &[
        Self::Nothing,
        Self::Harness,
        #[cfg(feature = "crash")]
        Self::Engine,
    ];

    /// Returns the name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Harness => "report-before-commit",
            #[cfg(feature = "crash")]
            Self::Engine => "ack-before-write",
        }
    }

    /// Returns the plant of a name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plant| plant.name() == name)
    }
}

impl Orders {
    /// Returns the arguments that carry the orders to a child.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let flag = |on: bool| u8::from(on).to_string();
        vec![
            "--writer".into(),
            self.path.display().to_string(),
            self.seed.to_string(),
            self.session.to_string(),
            flag(self.buffered),
            self.plant.name().into(),
            self.close_after_ms.to_string(),
        ]
    }

    /// Returns the orders in a child's arguments, if it is a child.
    pub(crate) fn parse(arguments: &[String]) -> Option<Self> {
        let [flag, path, seed, session, buffered, plant, close] = arguments else { return None };
        (flag == "--writer").then_some(())?;
        Some(Self {
            path: path.into(),
            seed: seed.parse().ok()?,
            session: session.parse().ok()?,
            buffered: buffered == "1",
            plant: Plant::find(plant)?,
            close_after_ms: close.parse().ok()?,
        })
    }
}

fn say(line: String) {
    let mut out = io::stdout().lock();
    // A parent that is gone is no reason to panic.
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}

/// Runs a child.
pub(crate) fn run(orders: &Orders) -> ExitCode {
    match work(orders) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say(format!("B {}", reason.replace('\n', " ")));
            ExitCode::FAILURE
        }
    }
}

fn work(orders: &Orders) -> Result<(), String> {
    let folder = orders.path.parent().unwrap_or(Path::new("."));
    let options = Options {
        durability: if orders.buffered { Durability::Buffered } else { Durability::Sync },
        buffered_ms: BUFFERED_MS,
        ..Options::default().file_roots([folder])
    };
    #[cfg(feature = "crash")]
    if orders.plant == Plant::Engine {
        attendb::fault::acknowledge_before_write();
    }
    let db = Database::open_with(&orders.path, options).map_err(|error| format!("open refused: {error}"))?;
    prepare(&db)?;
    let held = verify::compare(&db, orders.seed)?;
    forgetting::compare(&db, orders.session)?;
    let [a, b, c, d] = held.operations;
    say(format!("P {a} {b} {c} {d} {}", held.imports));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for number in 0..STREAMS {
            let (db, stop) = (&db, &stop);
            scope.spawn(move || watched(|| write(db, orders, number, held.operations[number], stop)));
        }
        scope.spawn(|| watched(|| import(&db, orders, folder, held.imports, &stop)));
        scope.spawn(|| watched(|| checkpoint(&db, orders, &stop)));
        scope.spawn(|| watched(|| read(&db, &stop)));
        scope.spawn(|| watched(|| forgetting::work(&db, orders, &stop)));
        let since = Instant::now();
        let limit = if orders.close_after_ms > 0 { orders.close_after_ms } else { ORPHAN_LIFE_MS };
        while since.elapsed() < Duration::from_millis(limit) {
            thread::sleep(Duration::from_millis(1));
        }
        stop.store(true, Ordering::Relaxed);
    });
    db.close().map_err(|error| format!("close failed: {error}"))?;
    say("C".into());
    Ok(())
}

/// Makes what every session needs; a kill may leave any part of it undone.
fn prepare(db: &Database) -> Result<(), String> {
    let run = |text: &str| verify::rows(db, text).map(|_| ());
    run("CREATE CONSTRAINT item_key IF NOT EXISTS FOR (i:Item) REQUIRE i.key IS UNIQUE")?;
    run("CREATE CONSTRAINT meta_t IF NOT EXISTS FOR (m:Meta) REQUIRE m.t IS UNIQUE")?;
    #[cfg(feature = "text")]
    run("CREATE FULLTEXT INDEX hot_text IF NOT EXISTS FOR (i:Hot) ON EACH [i.text]")?;
    for t in 0..STREAMS {
        run(&format!("MERGE (m:Meta {{t: {t}}}) ON CREATE SET m.n = 0, m.items = 0"))?;
    }
    forgetting::prepare(db)
}

fn watched(body: impl FnOnce() -> Result<(), String>) {
    if let Err(reason) = body() {
        say(format!("B {}", reason.replace('\n', " ")));
    }
}

fn write(db: &Database, orders: &Orders, number: usize, n: u64, stop: &AtomicBool) -> Result<(), String> {
    let mut stream = Stream::after(orders.seed, number, n);
    while !stop.load(Ordering::Relaxed) {
        let operation = stream.next();
        let n = stream.n;
        say(format!("S {number} {n}"));
        if orders.plant == Plant::Harness {
            say(format!("A {number} {n}"));
        }
        let result = match operation.statements.as_slice() {
            [statement] => db.execute(statement, Params::new()).map(|_| ()),
            statements => transaction(db, statements),
        };
        result.map_err(|error| format!("operation {n} of stream {number} failed: {error}"))?;
        if orders.plant != Plant::Harness {
            say(format!("A {number} {n}"));
        }
    }
    Ok(())
}

fn transaction(db: &Database, statements: &[String]) -> attendb::Result<()> {
    let mut transaction = db.write()?;
    for statement in statements {
        transaction.execute(statement, Params::new())?;
    }
    transaction.commit()?;
    Ok(())
}

fn import(db: &Database, orders: &Orders, folder: &Path, mut n: u64, stop: &AtomicBool) -> Result<(), String> {
    let mut random = Numbers::new(orders.seed, 1_000, orders.session);
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(5 + random.below(60)));
        n += 1;
        let file = folder.join(format!("import-{n}.csv"));
        fs::write(&file, model::import_csv(orders.seed, n)).map_err(|error| error.to_string())?;
        say(format!("S {STREAMS} {n}"));
        if orders.plant == Plant::Harness {
            say(format!("A {STREAMS} {n}"));
        }
        let statement = format!("COPY Row FROM '{}' (KEY key)", file.display());
        db.execute(&statement, Params::new()).map_err(|error| format!("import {n} failed: {error}"))?;
        if orders.plant != Plant::Harness {
            say(format!("A {STREAMS} {n}"));
        }
        fs::remove_file(&file).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn checkpoint(db: &Database, orders: &Orders, stop: &AtomicBool) -> Result<(), String> {
    let mut random = Numbers::new(orders.seed, 2_000, orders.session);
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(random.below(50)));
        db.checkpoint().map_err(|error| format!("checkpoint failed: {error}"))?;
    }
    Ok(())
}

/// The words must find in a snapshot what looking at everything finds there.
#[cfg(feature = "text")]
fn search(db: &Database, letter: char) -> Result<(), String> {
    let view = db.read().map_err(|error| error.to_string())?;
    let count = |text: &str| -> Result<i64, String> {
        let rows = view.query(text, Params::new()).map_err(|error| format!("{text}: {error}"))?;
        let rows: Vec<(i64,)> = rows.collect_as().map_err(|error| format!("{text}: {error}"))?;
        Ok(rows.first().map_or(-1, |(n,)| *n))
    };
    let found =
        count(&format!("CALL db.index.fulltext.queryNodes('hot_text', '{letter}*') YIELD node RETURN count(node)"))?;
    let there = count(&format!("MATCH (i:Hot) WHERE i.text STARTS WITH '{letter}' RETURN count(i)"))?;
    if found != there {
        return Err(format!(
            "words beginning with {letter}: {found} found, {there} there, in commit {}",
            view.sequence()
        ));
    }
    Ok(())
}

/// Every snapshot must hold whole transactions only.
fn read(db: &Database, stop: &AtomicBool) -> Result<(), String> {
    while !stop.load(Ordering::Relaxed) {
        for t in 0..STREAMS {
            let text = format!(
                "MATCH (m:Meta {{t: {t}}}) OPTIONAL MATCH (i:Item) WHERE i.t = {t} \
                 RETURN m.items AS said, m.busy AS busy, count(i) AS found"
            );
            for row in verify::rows(db, &text)? {
                if row[0].as_int() != row[2].as_int() || !row[1].is_null() {
                    return Err(format!("a reader saw half a transaction of stream {t}: {row:?}"));
                }
            }
            #[cfg(feature = "text")]
            search(db, char::from(b'a' + t as u8))?;
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
