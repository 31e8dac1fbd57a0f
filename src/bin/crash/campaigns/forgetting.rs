//! Forgetting under kills: one thread asks, compacts, restores and undoes, and a reopened database must have each of these
//! wholly or not at all.
//!
//! A ring of memories holds relationships numbered from 0. Whatever was done, each number is in the graph or in the archive,
//! once, where its last change in the ledger put it and with the salience that left it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use attendb::{Database, Params, QueryOptions};

use super::{
    model::Numbers,
    verify::{int, rows},
    writer::Orders,
};

/// Relationships of the ring, and of how many of them one has its history read.
const RECALLS: u64 = 200;
const EACH: u64 = 50;

/// Makes the ring, once.
pub(crate) fn prepare(db: &Database) -> Result<(), String> {
    let made = format!(
        "OPTIONAL MATCH (m:Memory) WITH count(m) AS n WHERE n = 0 \
         UNWIND range(0, {RECALLS} - 1) AS i CREATE (:Memory {{i: i}}) WITH count(*) AS made WHERE made > 0 \
         MATCH (a:Memory), (b:Memory {{i: (a.i * 7 + 1) % {RECALLS}}}) CREATE (a)-[:RECALLS {{w: a.i}}]->(b)"
    );
    rows(db, &made).map(drop)
}

/// Asks, compacts, restores and undoes until it is told to stop.
pub(crate) fn work(db: &Database, orders: &Orders, stop: &AtomicBool) -> Result<(), String> {
    let mut random = Numbers::new(orders.seed, 3_000, orders.session);
    let noting = QueryOptions { notice: Some(true), source: Some("crash".into()), ..QueryOptions::default() };
    while !stop.load(Ordering::Relaxed) {
        let text = match random.below(8) {
            0 => {
                let keep = 50 + random.below(50);
                format!(
                    "CALL kg.compact({{keepFraction: {keep} / 100.0, match: '()-[r:RECALLS]->()', minRecall: 0, \
                     minCorrelation: 0}}) YIELD id RETURN count(id)"
                )
            }
            1 => "CALL kg.compactions() YIELD id, kind, undoneBy WHERE kind <> 'undo' AND undoneBy IS NULL \
                  WITH max(id) AS last CALL kg.undoCompaction(last) YIELD id RETURN id"
                .to_owned(),
            2 => {
                let w = random.below(RECALLS);
                format!(
                    "CALL kg.archived() YIELD id, properties WHERE properties.w = {w} \
                     CALL kg.restore(id) YIELD relationship RETURN count(relationship)"
                )
            }
            _ => {
                let from = random.below(RECALLS);
                let ask =
                    format!("MATCH (a:Memory {{i: {from}}})-[r:RECALLS*1..3]->(b) ATTEND b IN (PRIOR 1.0) RETURN b.i");
                let mut answer =
                    db.query_with(&ask, Params::new(), &noting).map_err(|error| format!("{ask}: {error}"))?;
                answer.try_for_each(|row| row.map(drop)).map_err(|error| format!("{ask}: {error}"))?;
                thread::sleep(Duration::from_millis(1));
                continue;
            }
        };
        if let Err(error) = db.execute(&text, Params::new())
            // Nothing is left to be undone, or something later depends on it.
            && !["no compaction", "cannot be undone", "is a number of one"].iter().any(|part| error.to_string().contains(part))
        {
            return Err(format!("{text}: {error}"));
        }
        thread::sleep(Duration::from_millis(random.below(6)));
    }
    Ok(())
}

/// Looks whether everything is there once, and some of it (others in each session) as the ledger says.
pub(crate) fn compare(db: &Database, session: u64) -> Result<(), String> {
    let mut found: BTreeMap<i64, (i64, f64, bool)> = BTreeMap::new();
    for (is_archived, text) in [
        (false, "MATCH ()-[r:RECALLS]->() RETURN r.w, id(r), salience(r)"),
        (true, "CALL kg.archived() YIELD id, properties, salience RETURN properties.w, id, salience"),
    ] {
        for row in rows(db, text)? {
            let salience = row[2].as_float().ok_or_else(|| format!("salience {}", row[2]))?;
            if found.insert(int(&row[0])?, (int(&row[1])?, salience, is_archived)).is_some() {
                return Err(format!("relationship {} of the ring is there twice", row[0]));
            }
        }
    }
    if !found.is_empty() && !found.keys().copied().eq(0..RECALLS as i64) {
        return Err(format!("of {RECALLS} relationships of the ring {} are in the graph or the archive", found.len()));
    }
    for (w, (id, salience, is_archived)) in found.iter().skip((session % EACH) as usize).step_by(EACH as usize) {
        let history =
            rows(db, &format!("CALL kg.history({id}) YIELD id, salience, cause RETURN salience, cause ORDER BY id"))?;
        let (told, cause) = match history.last() {
            None => (Some(1.0), String::new()),
            Some(row) => (row[0].as_float(), row[1].to_string()),
        };
        // Archived relationships have none in the ledger.
        let is_right = if *is_archived { told.is_none() } else { told == Some(*salience) };
        if !is_right {
            return Err(format!(
                "relationship {w} of the ring is {} with salience {salience}, and the ledger says {told:?}: {cause}",
                if *is_archived { "archived" } else { "in the graph" }
            ));
        }
    }
    Ok(())
}
