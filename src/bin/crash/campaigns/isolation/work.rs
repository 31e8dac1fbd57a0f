//! What the threads of a round do: each transaction checks what it can by itself and logs the rest for the replay.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use attendb::{Database, Error, Rows, Value, params};

use super::{super::model::Numbers, ABSENT, ACCOUNTS, ALL, COUNTERS, LEN, Log, SLOTS, WORKERS, look, state_of, text};

/// How long a reader keeps its snapshot, and how often it reads from it.
const LONG_READS: u64 = 5;

/// A writer sees commits that are not durable yet, and readers do not: every other writer may have one.
const IN_FLIGHT_MAX: u64 = WORKERS + 1;

/// What a round's threads share.
pub(super) struct Work<'a> {
    pub(super) db: &'a Database,
    pub(super) seed: u64,
    pub(super) round: u64,
    pub(super) plant: bool,
    pub(super) left: AtomicU64,
    pub(super) stop: AtomicBool,
}

impl Work<'_> {
    pub(super) fn run(&self, worker: u64, log: &mut Log) -> Result<(), String> {
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
    pub(super) fn read_long(&self, log: &mut Log) -> Result<(), String> {
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

    pub(super) fn checkpoint(&self) -> Result<u64, String> {
        let mut n = 0;
        while !self.stop.load(Ordering::Relaxed) {
            n += u64::from(self.db.checkpoint().map_err(text)?);
            thread::sleep(Duration::from_millis(20));
        }
        Ok(n)
    }

    /// Imports rows of another label; their commits are known by their numbers.
    pub(super) fn import(&self, folder: &Path, others: &Mutex<BTreeSet<u64>>) -> Result<u64, String> {
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
