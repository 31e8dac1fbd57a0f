//! Threads write and read at once; afterwards every commit is replayed in order and every read compared with it.
//!
//! Writers report what they read and wrote under the number of their commit. The replay applies the commits in order of
//! these numbers to a model: what a writer read must be what the model held just before (no lost update), and what a
//! reader saw must be the model after one commit between its begin and its end (snapshots are a committed prefix).

mod work;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use attendb::{Database, Durability, Error, Options, ReadTransaction, Rows};

use self::work::Work;
use super::{Arguments, Campaign, Folder, Report};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "isolation",
    about: "writers and readers at once; every read must equal the model at one commit, no update may be lost",
    usage: "[--transactions N] [--plant lost-update]",
    run: run_with,
    short,
    child: |_| None,
};

/// Transactions of the full and of the short form.
const TRANSACTIONS: u64 = 1_000_000;
const TRANSACTIONS_SHORT: u64 = 20_000;

/// The planted fault shows within some hundreds.
const TRANSACTIONS_PLANTED: u64 = 4_000;

/// Threads that write and read.
const WORKERS: u64 = 8;

/// Transactions of a round, after which everything is replayed and forgotten. A round is one of: on disk with `Sync`, on
/// disk with `Buffered`, in memory.
const ROUND: u64 = 5_000;

/// Few, so that threads meet.
const ACCOUNTS: usize = 12;
const COUNTERS: usize = 6;
const SLOTS: usize = 16;
const BALANCE: i64 = 1000;

/// Everything a read sees: accounts, counters, then slots; an absent slot is -1.
type State = Vec<i64>;
const LEN: usize = ACCOUNTS + COUNTERS + SLOTS;
const ABSENT: i64 = -1;

const PLANT: &str = "lost-update";

/// What must be said of it: another failure does not count as noticing it.
const PLANT_SAID: &str = "which was";

/// A change: where, what the writer read there, what it wrote.
type Change = (usize, i64, i64);

/// What one thread did.
#[derive(Default)]
struct Log {
    /// Commit number and changes.
    commits: Vec<(u64, Vec<Change>)>,
    /// From and to which commit the state may be, and the state.
    reads: Vec<(u64, u64, State)>,
    /// From and to which commit, and the slot a constraint said exists.
    refusals: Vec<(u64, u64, usize)>,
    rollbacks: u64,
}

#[derive(Default)]
struct Verdict {
    commits: u64,
    reads: u64,
    refusals: u64,
    rollbacks: u64,
    checkpoints: u64,
    imports: u64,
    rounds: [u64; 3],
    failures: Vec<String>,
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", String::new())?;
    if !plant.is_empty() && plant != PLANT {
        return Err(format!("no fault is called {plant}"));
    }
    let (seed, n) = (arguments.get("seed", 1)?, arguments.get("transactions", TRANSACTIONS)?);
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    Ok(run(seed, n, !plant.is_empty(), folder.path()))
}

fn short() -> Vec<Report> {
    [(TRANSACTIONS_PLANTED, true), (TRANSACTIONS_SHORT, false)]
        .into_iter()
        .map(|(n, plant)| run(1, n, plant, Folder::temporary().expect("a folder").path()))
        .collect()
}

fn run(seed: u64, n: u64, plant: bool, folder: &Path) -> Report {
    let begun = Instant::now();
    let mut verdict = Verdict::default();
    let n_rounds = n.div_ceil(ROUND);
    for round in 0..n_rounds {
        if let Err(error) = one_round(seed, round, n.div_ceil(n_rounds), plant, folder, &mut verdict) {
            verdict.failures.push(error);
        }
        if plant {
            verdict.failures.retain(|failure| failure.contains(PLANT_SAID));
        }
        if plant && !verdict.failures.is_empty() {
            break;
        }
    }
    let [sync, buffered, memory] = verdict.rounds;
    let what = format!(
        "isolation: seed {seed}, {} commits, {} reads, {} refused duplicates, {} rollbacks on {WORKERS} threads; rounds: \
         {sync} synced, {buffered} buffered, {memory} in memory; beside {} checkpoints and {} imports, {:.1} s",
        verdict.commits,
        verdict.reads,
        verdict.refusals,
        verdict.rollbacks,
        verdict.checkpoints,
        verdict.imports,
        begun.elapsed().as_secs_f64()
    );
    let passed = (verdict.commits + verdict.reads + verdict.refusals + verdict.rollbacks)
        .saturating_sub(verdict.failures.len() as u64);
    Report { what, passed, failures: verdict.failures, planted: plant.then_some(PLANT) }
}

fn one_round(seed: u64, round: u64, n: u64, plant: bool, folder: &Path, verdict: &mut Verdict) -> Result<(), String> {
    let kind = (round % 3) as usize;
    verdict.rounds[kind] += 1;
    let options = Options {
        durability: if kind == 1 { Durability::Buffered } else { Durability::Sync },
        ..Options::default().file_roots([folder])
    };
    let path = folder.join(format!("db-{round}"));
    let opened =
        if kind == 2 { Database::memory_with(options.clone()) } else { Database::open_with(&path, options.clone()) };
    let db = opened.map_err(text)?;
    let first = prepare(&db)?;
    let work = Work { db: &db, seed, round, plant, left: AtomicU64::new(n), stop: AtomicBool::new(false) };
    let failures = Mutex::new(Vec::new());
    let others = Mutex::new(BTreeSet::new());
    let (mut checkpoints, mut imports) = (0, 0);
    let note = |error: String| failures.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    let logs: Vec<Log> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (work, note) = (&work, &note);
                scope.spawn(move || {
                    let mut log = Log::default();
                    if let Err(error) = work.run(worker, &mut log) {
                        note(error);
                    }
                    log
                })
            })
            .collect();
        let importer = scope.spawn(|| work.import(folder, &others).unwrap_or_else(|error| (note(error), 0).1));
        let keeper = scope.spawn(|| work.checkpoint().unwrap_or_else(|error| (note(error), 0).1));
        let reader = scope.spawn(|| {
            let mut log = Log::default();
            if let Err(error) = work.read_long(&mut log) {
                note(error);
            }
            log
        });
        let mut logs: Vec<Log> =
            workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect();
        work.stop.store(true, Ordering::Relaxed);
        logs.push(reader.join().expect("the reader does not panic"));
        imports = importer.join().expect("the importer does not panic");
        checkpoints = keeper.join().expect("the keeper does not panic");
        logs
    });
    verdict.checkpoints += checkpoints;
    verdict.imports += imports;
    verdict.failures.extend(failures.into_inner().unwrap_or_else(PoisonError::into_inner));
    let others = others.into_inner().unwrap_or_else(PoisonError::into_inner);
    let end = replay(first, &others, logs, verdict);
    let mut held = look(&db.read().map_err(text)?)?;
    if kind != 2 {
        db.close().map_err(text)?;
        let db = Database::open_with(&path, options).map_err(text)?;
        if look(&db.read().map_err(text)?)? != held {
            verdict.failures.push(format!("round {round}: another state after reopening"));
        }
        held = look(&db.read().map_err(text)?)?;
        if !db.check(true).map_err(text)?.is_sound() {
            verdict.failures.push(format!("round {round}: the check found faults"));
        }
        drop(db);
        let _ = fs::remove_dir_all(&path);
    }
    if held != end {
        verdict.failures.push(format!("round {round}: the database ends as {held:?}, the model as {end:?}"));
    }
    Ok(())
}

fn text(error: Error) -> String {
    error.to_string()
}

/// Makes what the threads need; returns the number of the last commit.
fn prepare(db: &Database) -> Result<u64, String> {
    for label in ["Account", "Counter", "Slot"] {
        db.execute(&format!("CREATE CONSTRAINT FOR (n:{label}) REQUIRE n.key IS UNIQUE"), ()).map_err(text)?;
    }
    let make =
        |label: &str, n: usize, v: i64| format!("UNWIND range(0, {}) AS k CREATE (:{label} {{key: k, v: {v}}})", n - 1);
    db.execute(&make("Account", ACCOUNTS, BALANCE), ()).map_err(text)?;
    db.execute(&make("Counter", COUNTERS, 0), ()).map_err(text)?;
    Ok(db.status().sequence)
}

fn first_state() -> State {
    let mut state = vec![ABSENT; LEN];
    state[..ACCOUNTS].fill(BALANCE);
    state[ACCOUNTS..ACCOUNTS + COUNTERS].fill(0);
    state
}

/// One statement that sees everything.
const ALL: &str = "MATCH (n:Account) RETURN 0 AS kind, n.key AS key, n.v AS v UNION ALL \
                   MATCH (n:Counter) RETURN 1 AS kind, n.key AS key, n.v AS v UNION ALL \
                   MATCH (n:Slot) RETURN 2 AS kind, n.key AS key, n.v AS v";

fn state_of(rows: Rows, state: &mut State) -> Result<(), String> {
    for (kind, key, v) in rows.collect_as::<(i64, i64, i64)>().map_err(text)? {
        let at = [0, ACCOUNTS, ACCOUNTS + COUNTERS][kind as usize] + key as usize;
        if std::mem::replace(&mut state[at], v) != ABSENT {
            return Err(format!("two nodes of kind {kind} with key {key} in one read"));
        }
    }
    Ok(())
}

/// Reads everything by one statement for each kind, all on one snapshot.
fn look(transaction: &ReadTransaction) -> Result<State, String> {
    let mut state = vec![ABSENT; LEN];
    for statement in ALL.split(" UNION ALL ") {
        state_of(transaction.query(statement, ()).map_err(text)?, &mut state)?;
    }
    Ok(state)
}

/// Applies the commits in order, compares what was read, and returns the state at the end.
fn replay(first: u64, others: &BTreeSet<u64>, logs: Vec<Log>, verdict: &mut Verdict) -> State {
    let mut commits = BTreeMap::new();
    let mut failures = Vec::new();
    let mut reads = Vec::new();
    let mut refusals = Vec::new();
    for log in logs {
        verdict.commits += log.commits.len() as u64;
        verdict.rollbacks += log.rollbacks;
        for (sequence, changes) in log.commits {
            if commits.insert(sequence, changes).is_some() || others.contains(&sequence) {
                failures.push(format!("two commits have the number {sequence}"));
            }
        }
        reads.extend(log.reads);
        refusals.extend(log.refusals);
    }
    verdict.reads += reads.len() as u64;
    verdict.refusals += refusals.len() as u64;
    let last = commits.keys().next_back().copied().unwrap_or(first);
    let mut states = vec![first_state()];
    for sequence in first + 1..=last {
        let mut state = states[states.len() - 1].clone();
        match commits.get(&sequence) {
            Some(changes) => {
                for &(at, read, wrote) in changes {
                    if state[at] != read {
                        failures.push(format!("commit {sequence} read {read} at {at}, which was {}", state[at]));
                    }
                    state[at] = wrote;
                }
            }
            None if others.contains(&sequence) => {}
            None => failures.push(format!("nobody made commit {sequence}")),
        }
        states.push(state);
    }
    let at = |sequence: u64| (sequence.saturating_sub(first) as usize).min(states.len() - 1);
    for (from, to, state) in reads {
        if !states[at(from)..=at(to)].contains(&state) {
            failures.push(format!("a read between commits {from} and {to} saw {state:?}, which never was"));
        }
    }
    for (from, to, slot) in refusals {
        if states[at(from)..=at(to)].iter().all(|state| state[slot] == ABSENT) {
            failures.push(format!("a CREATE between commits {from} and {to} was refused, slot {slot} was absent"));
        }
    }
    verdict.failures.extend(failures);
    states.pop().unwrap_or_default()
}
