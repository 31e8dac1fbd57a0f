//! Threads write and read at once; afterwards every commit is replayed in order and every read compared with it.
//!
//! Writers report what they read and wrote under the number of their commit. The replay applies the commits in order of
//! these numbers to a model: what a writer read must be what the model held just before (no lost update), and what a
//! reader saw must be the model after one commit between its begin and its end (snapshots are a committed prefix).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use attendb::{Database, Durability, Error, Options, ReadTransaction, Rows, Value, params};

use super::{Arguments, Campaign, Folder, Report, model::Numbers};

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

/// How long a reader keeps its snapshot, and how often it reads from it.
const LONG_READS: u64 = 5;

/// A writer sees commits that are not durable yet, and readers do not: every other writer may have one.
const IN_FLIGHT_MAX: u64 = WORKERS + 1;

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

/// What a round's threads share.
struct Work<'a> {
    db: &'a Database,
    seed: u64,
    round: u64,
    plant: bool,
    left: AtomicU64,
    stop: AtomicBool,
}

impl Work<'_> {
    fn run(&self, worker: u64, log: &mut Log) -> Result<(), String> {
        let take = || self.left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let mut n = 0;
        while take() {
            n += 1;
            let mut random = Numbers::new(self.seed, 6_000 + worker + self.round * WORKERS, n);
            match random.below(10) {
                0 => self.transfer(&mut random, log)?,
                1 => self.transfer_by_hand(&mut random, log)?,
                2 | 3 => self.count(&mut random, log)?,
                4 => self.merge(&mut random, log)?,
                5 => self.delete(&mut random, log)?,
                6 => self.create(&mut random, log)?,
                7 => self.roll_back(&mut random, log)?,
                8 => self.read_in_transaction(log)?,
                _ => self.read_at_once(log)?,
            }
        }
        Ok(())
    }

    /// One statement: both ends or none.
    fn transfer(&self, random: &mut Numbers, log: &mut Log) -> Result<(), String> {
        let (a, b) = two(random);
        let n = 1 + random.below(50) as i64;
        let mut rows = self
            .db
            .query(
                "MATCH (a:Account {key: $a}), (b:Account {key: $b}) SET a.v = a.v - $n, b.v = b.v + $n RETURN a.v, b.v",
                params! { "a": a as i64, "b": b as i64, "n": n },
            )
            .map_err(text)?;
        let row = rows.next_row().map_err(text)?.ok_or("a transfer found no accounts")?;
        let (x, y) = (int(row.get(0))?, int(row.get(1))?);
        let sequence = rows.summary().sequence.ok_or("a transfer has no commit")?;
        log.commits.push((sequence, vec![(a, x + n, x), (b, y - n, y)]));
        Ok(())
    }

    /// Several statements: reads, then values made of what was read, read again before the commit.
    fn transfer_by_hand(&self, random: &mut Numbers, log: &mut Log) -> Result<(), String> {
        let (a, b) = two(random);
        let n = 1 + random.below(50) as i64;
        let mut transaction = self.db.write().map_err(text)?;
        let mut changes = Vec::new();
        for (at, n) in [(a, -n), (b, n)] {
            let find = "MATCH (a:Account {key: $key}) RETURN a.v";
            let key = params! { "key": at as i64 };
            let v = int(&transaction.query(find, &key).and_then(Rows::single).map_err(text)?)?;
            transaction
                .execute("MATCH (a:Account {key: $key}) SET a.v = $v", params! { "key": at as i64, "v": v + n })
                .map_err(text)?;
            let own = int(&transaction.query(find, &key).and_then(Rows::single).map_err(text)?)?;
            if own != v + n {
                return Err(format!("a transaction wrote {} and reads {own}", v + n));
            }
            changes.push((at, v, v + n));
        }
        log.commits.push((transaction.commit().map_err(text)?, changes));
        Ok(())
    }

    fn count(&self, random: &mut Numbers, log: &mut Log) -> Result<(), String> {
        let key = random.below(COUNTERS as u64) as usize;
        let at = ACCOUNTS + key;
        if self.plant {
            // The planted fault: what was read outside is written as if nobody could have come between.
            let find = "MATCH (c:Counter {key: $key}) RETURN c.v";
            let v = int(&self.db.query(find, params! { "key": key as i64 }).and_then(Rows::single).map_err(text)?)?;
            let set = "MATCH (c:Counter {key: $key}) SET c.v = $v";
            let summary = self.db.execute(set, params! { "key": key as i64, "v": v + 1 }).map_err(text)?;
            log.commits.push((summary.sequence.ok_or("a count has no commit")?, vec![(at, v, v + 1)]));
            return Ok(());
        }
        let add = "MATCH (c:Counter {key: $key}) SET c.v = c.v + 1 RETURN c.v";
        let mut rows = self.db.query(add, params! { "key": key as i64 }).map_err(text)?;
        let v = int(rows.next_row().map_err(text)?.ok_or("a counter is gone")?.get(0))?;
        log.commits.push((rows.summary().sequence.ok_or("a count has no commit")?, vec![(at, v - 1, v)]));
        Ok(())
    }

    fn merge(&self, random: &mut Numbers, log: &mut Log) -> Result<(), String> {
        let key = random.below(SLOTS as u64);
        let merge = "MERGE (s:Slot {key: $key}) ON CREATE SET s.v = 0 ON MATCH SET s.v = s.v + 1 RETURN s.v";
        let mut rows = self.db.query(merge, params! { "key": key as i64 }).map_err(text)?;
        let v = int(rows.next_row().map_err(text)?.ok_or("MERGE returned nothing")?.get(0))?;
        let sequence = rows.summary().sequence.ok_or("a MERGE has no commit")?;
        // What it made has 0, what it found has one more; before the first is the absent slot's -1.
        log.commits.push((sequence, vec![(slot(key), v - 1, v)]));
        Ok(())
    }

    fn delete(&self, random: &mut Numbers, log: &mut Log) -> Result<(), String> {
        let key = random.below(SLOTS as u64);
        let mut transaction = self.db.write().map_err(text)?;
        let params = params! { "key": key as i64 };
        let mut found = transaction.query("MATCH (s:Slot {key: $key}) RETURN s.v", &params).map_err(text)?;
        let Some(row) = found.next_row().map_err(text)? else { return Ok(()) };
        let v = int(row.get(0))?;
        drop(found);
        transaction.execute("MATCH (s:Slot {key: $key}) DELETE s", &params).map_err(text)?;
        let left = transaction.query("MATCH (s:Slot {key: $key}) RETURN count(s)", &params).and_then(Rows::single);
        if int(&left.map_err(text)?)? != 0 {
            return Err("a transaction finds what it deleted".into());
        }
        log.commits.push((transaction.commit().map_err(text)?, vec![(slot(key), v, ABSENT)]));
        Ok(())
    }

    fn create(&self, random: &mut Numbers, log: &mut Log) -> Result<(), String> {
        let key = random.below(SLOTS as u64);
        let from = self.db.status().sequence;
        match self.db.execute("CREATE (:Slot {key: $key, v: 0})", params! { "key": key as i64 }) {
            Ok(summary) => {
                let sequence = summary.sequence.ok_or("a CREATE has no commit")?;
                log.commits.push((sequence, vec![(slot(key), ABSENT, 0)]));
            }
            Err(Error::Constraint { .. }) => {
                let to = self.db.status().sequence + IN_FLIGHT_MAX;
                log.refusals.push((from, to, slot(key)));
            }
            Err(error) => return Err(text(error)),
        }
        Ok(())
    }

    fn roll_back(&self, random: &mut Numbers, log: &mut Log) -> Result<(), String> {
        let mut transaction = self.db.write().map_err(text)?;
        let key = random.below(SLOTS as u64) as i64;
        let key = params! { "key": key };
        transaction.execute("MATCH (n:Account) SET n.v = 7", ()).map_err(text)?;
        transaction.execute("MERGE (s:Slot {key: $key}) SET s.v = 70000", key).map_err(text)?;
        transaction.execute("MATCH (c:Counter) DELETE c", ()).map_err(text)?;
        log.rollbacks += 1;
        Ok(())
    }

    fn read_in_transaction(&self, log: &mut Log) -> Result<(), String> {
        let from = self.db.status().sequence;
        let transaction = self.db.read().map_err(text)?;
        let at = transaction.sequence();
        if at < from {
            return Err(format!("a snapshot of commit {at} was made after commit {from} was visible"));
        }
        log.reads.push((at, at, look(&transaction)?));
        Ok(())
    }

    fn read_at_once(&self, log: &mut Log) -> Result<(), String> {
        let from = self.db.status().sequence;
        let mut state = vec![ABSENT; LEN];
        state_of(self.db.query(ALL, ()).map_err(text)?, &mut state)?;
        log.reads.push((from, self.db.status().sequence, state));
        Ok(())
    }

    /// Keeps snapshots for long, two of different age at once.
    fn read_long(&self, log: &mut Log) -> Result<(), String> {
        while !self.stop.load(Ordering::Relaxed) {
            let old = self.db.read().map_err(text)?;
            thread::sleep(Duration::from_millis(5));
            let new = self.db.read().map_err(text)?;
            for _ in 0..LONG_READS {
                for transaction in [&old, &new] {
                    log.reads.push((transaction.sequence(), transaction.sequence(), look(transaction)?));
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(())
    }

    fn checkpoint(&self) -> Result<u64, String> {
        let mut n = 0;
        while !self.stop.load(Ordering::Relaxed) {
            n += u64::from(self.db.checkpoint().map_err(text)?);
            thread::sleep(Duration::from_millis(20));
        }
        Ok(n)
    }

    /// Imports rows of another label; their commits are known by their numbers.
    fn import(&self, folder: &Path, others: &Mutex<BTreeSet<u64>>) -> Result<u64, String> {
        let mut n = 0;
        while !self.stop.load(Ordering::Relaxed) {
            n += 1;
            let file = folder.join(format!("import-{}-{n}.csv", self.round));
            let rows: String = (0..50).map(|row| format!("{},{n}\n", n * 1000 + row)).collect();
            fs::write(&file, format!("key,batch\n{rows}")).map_err(|error| error.to_string())?;
            let copy = format!("COPY Imported FROM '{}' (KEY key)", file.display());
            let summary = self.db.execute(&copy, ()).map_err(text)?;
            others.lock().unwrap_or_else(PoisonError::into_inner).extend(summary.sequence);
            fs::remove_file(&file).map_err(|error| error.to_string())?;
            thread::sleep(Duration::from_millis(50));
        }
        Ok(n)
    }
}

fn slot(key: u64) -> usize {
    ACCOUNTS + COUNTERS + key as usize
}

fn two(random: &mut Numbers) -> (usize, usize) {
    let a = random.below(ACCOUNTS as u64) as usize;
    (a, (a + 1 + random.below(ACCOUNTS as u64 - 1) as usize) % ACCOUNTS)
}

fn int(value: &Value) -> Result<i64, String> {
    value.as_int().ok_or_else(|| format!("{value:?} where an integer must be"))
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
