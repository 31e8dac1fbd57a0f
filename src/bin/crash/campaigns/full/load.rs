//! The mixed load, which notes what was acknowledged and what it was told.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use attendb::{Database, Error, params};

use super::{
    Plant,
    ledger::{IMPORTS, Ledger, import_csv},
};
use crate::campaigns::{model::Numbers, verify::rows};

/// Lines of notes, each written by one thread.
pub(super) const LINES: i64 = 2;

/// No call may take longer.
pub(super) const CALL_MAX: Duration = Duration::from_secs(5);

/// The load goes on for so long after the first refusal, and altogether.
const AFTER_REFUSAL: Duration = Duration::from_millis(150);
const LOAD_MAX: Duration = Duration::from_secs(6);

/// Bytes of a note's text: one in eight is long.
const TEXT: u64 = 400;
const TEXT_LONG: u64 = 60_000;

/// Rows of the smallest import, so many that it is a bulk load, and how many more there may be.
const ROWS: (u64, u64) = (600, 5000);

/// What a load has come to.
pub(super) struct Load<'a> {
    pub(super) seed: u64,
    pub(super) point: u64,
    pub(super) plant: Plant,
    /// Where imports are written: not on the disk that is filled.
    pub(super) folder: &'a Path,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ledger: Ledger,
    counts: BTreeMap<String, u64>,
    failures: Vec<String>,
    n_issued: BTreeMap<i64, i64>,
    refused_at: Option<Instant>,
}

impl<'a> Load<'a> {
    pub(super) fn new(seed: u64, point: u64, plant: Plant, folder: &'a Path) -> Self {
        Self { seed, point, plant, folder, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ledger(&self) -> Ledger {
        self.state().ledger.clone()
    }

    /// Counts something.
    pub(super) fn count(&self, name: &str, n: u64) {
        *self.state().counts.entry(name.to_owned()).or_default() += n;
    }

    /// Takes note of something that must not be.
    pub(super) fn fail(&self, reason: String) {
        self.state().failures.push(reason);
    }

    /// Takes note of an error in what must succeed.
    pub(super) fn must<T>(&self, what: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|error| self.fail(format!("{what}: {error}"))).ok()
    }

    /// Prints counts and failures.
    pub(super) fn print(&self) {
        let state = self.state();
        state.counts.iter().for_each(|(name, n)| println!("C {name} {n}"));
        state.failures.iter().for_each(|reason| println!("X {}", reason.replace('\n', " ")));
    }

    /// Makes a call, takes its time and judges its error. Returns what it returned.
    pub(super) fn call<T>(&self, what: &str, call: impl FnOnce() -> attendb::Result<T>) -> attendb::Result<T> {
        let begun = Instant::now();
        let result = call();
        let took = begun.elapsed();
        let mut state = self.state();
        let longest = state.counts.entry(format!("longest {what}, ms")).or_default();
        *longest = took.as_millis().max(u128::from(*longest)) as u64;
        if took > CALL_MAX {
            state.failures.push(format!("{what} took {took:?}"));
        }
        let Err(error) = &result else {
            *state.counts.entry(format!("{what}: done")).or_default() += 1;
            return result;
        };
        let text = error.to_string();
        let (name, says) = match error {
            Error::Full { .. } => ("Full", "free some and try again"),
            Error::Poisoned { .. } => ("Poisoned", "reopen the database"),
            _ => ("another error", "there is no other"),
        };
        *state.counts.entry(format!("{what}: {name}")).or_default() += 1;
        if !text.contains(says) {
            state.failures.push(format!("{what} was told: {error:?}"));
        }
        state.refused_at.get_or_insert(Instant::now());
        result
    }

    /// Writes a note. Returns whether it was acknowledged.
    pub(super) fn note(&self, db: &Database, line: i64) -> attendb::Result<()> {
        let n = self.next(line);
        let mut random = Numbers::new(self.seed ^ self.point, 7_000 + line as u64, n as u64);
        let bytes = if random.chance(1, 8) { random.below(TEXT_LONG) } else { random.below(TEXT) };
        let text: String = (0..bytes).map(|_| char::from(b'a' + random.below(26) as u8)).collect();
        let bytes = bytes as i64;
        let statement = "CREATE (:Note {line: $line, n: $n, bytes: $bytes, text: $text})";
        let result = self.call("commit", || {
            db.execute(statement, params! { "line": line, "n": n, "bytes": bytes, "text": text.as_str() }).map(drop)
        });
        let is_taken = self.plant == Plant::Harness && matches!(result, Err(Error::Full { .. }));
        let mut state = self.state();
        match &result {
            Ok(()) => _ = state.ledger.notes.insert((line, n), bytes),
            Err(_) if is_taken => _ = state.ledger.notes.insert((line, n), bytes),
            Err(Error::Full { .. }) => {}
            Err(_) => _ = state.ledger.unknown.insert((line, n)),
        }
        result
    }

    /// Imports a file.
    pub(super) fn import(&self, db: &Database) -> attendb::Result<()> {
        let n = self.next(IMPORTS);
        let mut random = Numbers::new(self.seed ^ self.point, 7_100, n as u64);
        let n_rows = (ROWS.0 + random.below(ROWS.1)) as i64;
        let file = self.folder.join(format!("import-{n}.csv"));
        if let Err(error) = fs::write(&file, import_csv(n, n_rows)) {
            self.fail(format!("{}: {error}", file.display()));
        }
        let statement = format!("COPY Row FROM '{}' (KEY key)", file.display());
        let result = self.call("import", || db.execute(&statement, ()).map(drop));
        let _ = fs::remove_file(&file);
        let mut state = self.state();
        match &result {
            Ok(()) => _ = state.ledger.imports.insert(n, n_rows),
            Err(Error::Full { .. }) => {}
            Err(_) => _ = state.ledger.unknown.insert((IMPORTS, n)),
        }
        result
    }

    fn next(&self, line: i64) -> i64 {
        let mut state = self.state();
        let n = state.n_issued.entry(line).or_default();
        *n += 1;
        *n
    }

    /// Works on several threads until there was no room for a while. `meanwhile` runs beside it, again and again.
    pub(super) fn run(&self, db: &Database, mut meanwhile: impl FnMut(Duration) + Send) {
        let stop = AtomicBool::new(false);
        let begun = Instant::now();
        thread::scope(|scope| {
            for line in 0..LINES {
                let stop = &stop;
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        if self.note(db, line).is_err() {
                            thread::sleep(Duration::from_millis(2));
                        }
                    }
                });
            }
            scope.spawn(|| {
                let mut random = Numbers::new(self.seed, 7_200, self.point);
                while !stop.load(Ordering::Relaxed) {
                    let _ = self.import(db);
                    thread::sleep(Duration::from_millis(random.below(20)));
                }
            });
            scope.spawn(|| {
                let mut random = Numbers::new(self.seed, 7_300, self.point);
                while !stop.load(Ordering::Relaxed) {
                    let _ = self.call("checkpoint", || db.checkpoint());
                    thread::sleep(Duration::from_millis(random.below(50)));
                }
            });
            scope.spawn(|| {
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    self.read(db, n);
                }
            });
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    meanwhile(begun.elapsed());
                    thread::sleep(Duration::from_millis(1));
                }
            });
            loop {
                let refused_at = self.state().refused_at;
                if refused_at.is_some_and(|at| at.elapsed() > AFTER_REFUSAL) || begun.elapsed() > LOAD_MAX {
                    break;
                }
                thread::sleep(Duration::from_millis(2));
            }
            stop.store(true, Ordering::Relaxed);
        });
        self.count("points that found no room", u64::from(self.state().refused_at.is_some()));
    }

    /// Reads: what was acknowledged before must be seen.
    fn read(&self, db: &Database, n: u64) {
        let begun = Instant::now();
        let ledger = self.ledger();
        let counted = |text: &str| -> Result<i64, String> {
            rows(db, text)?.first().and_then(|row| row[0].as_int()).ok_or_else(|| format!("{text}: no number"))
        };
        let key = Numbers::new(self.seed, 7_400, n).below(600);
        let one = || -> Result<(), String> {
            for line in 0..LINES {
                let least = ledger.notes.keys().filter(|(of, _)| *of == line).count() as i64;
                let found = counted(&format!("MATCH (n:Note {{line: {line}}}) RETURN count(n.text)"))?;
                if found < least && self.plant == Plant::Nothing {
                    return Err(format!("a reader saw {found} notes of line {line}, {least} were acknowledged"));
                }
            }
            for import in ledger.imports.keys() {
                let text = format!("MATCH (r:Row {{key: {}}}) RETURN count(r.name)", import * 100_000 + key as i64);
                if counted(&text)? != 1 {
                    return Err(format!("a reader did not see row {key} of import {import}"));
                }
            }
            Ok(())
        };
        self.must("reading", one());
        self.count("reads", 1);
        if begun.elapsed() > CALL_MAX {
            self.fail(format!("reading took {:?}", begun.elapsed()));
        }
    }
}
