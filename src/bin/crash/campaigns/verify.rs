//! Compares a reopened database with the model.

use std::collections::BTreeMap;

use attendb::{Database, Params, Value};

use super::model::{self, Item, STREAMS, State, Stream};

/// How many operations of each stream, and how many imports, the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Held {
    /// By stream.
    pub(crate) operations: [u64; STREAMS],
    /// Imports.
    pub(crate) imports: u64,
}

/// Runs a statement and returns its rows.
pub(crate) fn rows(db: &Database, text: &str) -> Result<Vec<Vec<Value>>, String> {
    let result = db.query(text, Params::new()).map_err(|error| format!("{text}: {error}"))?;
    result.map(|row| row.map(|row| row.values().to_vec()).map_err(|error| format!("{text}: {error}"))).collect()
}

/// Reads everything, compares it with the model, and returns how far each stream has come.
pub(crate) fn compare(db: &Database, seed: u64) -> Result<Held, String> {
    let report = db.check(true).map_err(|error| format!("check failed: {error}"))?;
    if !report.is_sound() {
        return Err(format!("check found faults: {report:?}"));
    }
    let mut held = Held::default();
    let mut meta = [None; STREAMS];
    for row in rows(db, "MATCH (m:Meta) RETURN m.t, m.n, m.items, m.busy")? {
        let t = int(&row[0])? as usize;
        let slot = meta.get_mut(t).ok_or_else(|| format!("a Meta node of stream {t}"))?;
        if slot.replace(int(&row[2])?).is_some() {
            return Err(format!("two Meta nodes of stream {t}"));
        }
        if !row[3].is_null() {
            return Err(format!("stream {t} holds half a transaction"));
        }
        held.operations[t] = int(&row[1])? as u64;
    }
    let states = read_states(db)?;
    for (t, state) in states.iter().enumerate() {
        if meta[t].unwrap_or(0) != state.items.len() as i64 {
            return Err(format!("stream {t}: {} items, and its Meta says {:?}", state.items.len(), meta[t]));
        }
        let expected = Stream::after(seed, t, held.operations[t]).state;
        if *state != expected {
            let what = difference(&expected, state);
            return Err(format!("stream {t} is not what its first {} operations make: {what}", held.operations[t]));
        }
    }
    held.imports = compare_imports(db, seed)?;
    Ok(held)
}

fn read_states(db: &Database) -> Result<[State; STREAMS], String> {
    let mut states: [State; STREAMS] = Default::default();
    let mut stream_of = BTreeMap::new();
    for row in rows(db, "MATCH (i:Item) RETURN i.key, i.t, i.v, i.text, i:Hot")? {
        let (key, t) = (int(&row[0])?, int(&row[1])? as usize);
        let state = states.get_mut(t).ok_or_else(|| format!("an item of stream {t}"))?;
        let text = row[3].as_str().ok_or("an item without its text")?.to_owned();
        let item = Item { v: row[2].as_int(), text, hot: row[4].as_bool() == Some(true) };
        stream_of.insert(key, t);
        if state.items.insert(key, item).is_some() {
            return Err(format!("two items with key {key}"));
        }
    }
    for row in rows(db, "MATCH (a)-[l:LINK]->(b) RETURN l.w, a.key, b.key")? {
        let (w, start, end) = (int(&row[0])?, int(&row[1])?, int(&row[2])?);
        let t = *stream_of.get(&start).ok_or_else(|| format!("relationship {w} starts at no item"))?;
        if states[t].links.insert(w, (start, end)).is_some() {
            return Err(format!("two relationships {w}"));
        }
    }
    Ok(states)
}

fn compare_imports(db: &Database, seed: u64) -> Result<u64, String> {
    let mut batches: BTreeMap<u64, BTreeMap<u64, u64>> = BTreeMap::new();
    for row in rows(db, "MATCH (r:Row) RETURN r.batch, r.key, r.v")? {
        let (batch, key, v) = (int(&row[0])? as u64, int(&row[1])? as u64, int(&row[2])? as u64);
        if batches.entry(batch).or_default().insert(key, v).is_some() {
            return Err(format!("imported row {key} twice"));
        }
    }
    for (at, (batch, found)) in batches.iter().enumerate() {
        if *batch != at as u64 + 1 {
            return Err(format!("import {batch} is there without import {}", at + 1));
        }
        let expected: BTreeMap<u64, u64> = (0..model::import_rows(seed, *batch))
            .map(|row| (batch * 1000 + row, model::import_value(*batch, row)))
            .collect();
        if *found != expected {
            return Err(format!("import {batch} has {} rows of {}, or others", found.len(), expected.len()));
        }
    }
    Ok(batches.len() as u64)
}

fn difference(expected: &State, got: &State) -> String {
    let item = expected.items.iter().find(|(key, item)| got.items.get(key) != Some(item));
    if let Some((key, item)) = item {
        return format!("item {key}: {:?} instead of {item:?}", got.items.get(key));
    }
    let ghost = got.items.keys().find(|key| !expected.items.contains_key(key));
    if let Some(key) = ghost {
        return format!("item {key} should not be there");
    }
    let link = expected.links.iter().find(|(w, ends)| got.links.get(w) != Some(ends));
    match link {
        Some((w, ends)) => format!("relationship {w}: {:?} instead of {ends:?}", got.links.get(w)),
        None => "a relationship that should not be there".to_owned(),
    }
}

pub(crate) fn int(value: &Value) -> Result<i64, String> {
    value.as_int().ok_or_else(|| format!("{value} where an integer was written"))
}
