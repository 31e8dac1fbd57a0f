//! What was acknowledged, and whether a database holds it: all of it, and nothing that was refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use attendb::Database;

use crate::campaigns::verify::rows;

/// What the database must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ledger {
    /// Acknowledged notes: line and number, with the bytes of their text.
    pub(super) notes: BTreeMap<(i64, i64), i64>,
    /// Acknowledged imports: number, with their rows.
    pub(super) imports: BTreeMap<i64, i64>,
    /// Notes and imports (of line -1) that may be there or not: the database said that it does not know.
    pub(super) unknown: BTreeSet<(i64, i64)>,
}

/// The line of imports among the unknown.
pub(super) const IMPORTS: i64 = -1;

impl Ledger {
    /// Returns the ledger as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.notes.iter().for_each(|((line, n), bytes)| _ = writeln!(text, "N {line} {n} {bytes}"));
        self.imports.iter().for_each(|(n, rows)| _ = writeln!(text, "R {n} {rows} 0"));
        self.unknown.iter().for_each(|(line, n)| _ = writeln!(text, "U {line} {n} 0"));
        text
    }

    /// Returns the ledger of a text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut ledger = Self::default();
        for line in text.lines() {
            let (kind, rest) = line.split_once(' ').ok_or("a line of a ledger without a kind")?;
            let numbers: Vec<i64> = rest.split(' ').filter_map(|word| word.parse().ok()).collect();
            match (kind, numbers.as_slice()) {
                ("N", [line, n, bytes]) => _ = ledger.notes.insert((*line, *n), *bytes),
                ("R", [n, rows, _]) => _ = ledger.imports.insert(*n, *rows),
                ("U", [line, n, _]) => _ = ledger.unknown.insert((*line, *n)),
                _ => return Err(format!("a line of a ledger: {line}")),
            }
        }
        Ok(ledger)
    }

    /// Compares a database with the ledger, and checks all it stores.
    pub(super) fn compare(&self, db: &Database) -> Result<(), String> {
        let int = |value: &attendb::Value| value.as_int().ok_or_else(|| format!("{value:?} is no number"));
        let mut notes = BTreeMap::new();
        for row in rows(db, "MATCH (n:Note) RETURN n.line, n.n, n.bytes, size(n.text)")? {
            let (place, said, found) = ((int(&row[0])?, int(&row[1])?), int(&row[2])?, int(&row[3])?);
            if said != found || notes.insert(place, found).is_some() {
                return Err(format!("note {place:?} is there twice, or has {found} bytes instead of {said}"));
            }
        }
        judge("note", &self.notes, &notes, |place| self.unknown.contains(place))?;
        let mut imports = BTreeMap::new();
        for row in rows(db, "MATCH (r:Row) RETURN r.batch, count(r), sum(r.v)")? {
            let (n, found, sum) = (int(&row[0])?, int(&row[1])?, int(&row[2])?);
            if sum != (0..found).map(|row| import_value(n, row)).sum::<i64>() {
                return Err(format!("the values of import {n} have the sum {sum}"));
            }
            imports.insert(n, found);
        }
        judge("import", &self.imports, &imports, |n| self.unknown.contains(&(IMPORTS, *n)))?;
        let report = db.check(true).map_err(|error| format!("check: {error}"))?;
        if report.is_sound() { Ok(()) } else { Err(format!("check found faults: {report:?}")) }
    }
}

fn judge<K: Ord + std::fmt::Debug>(
    what: &str,
    expected: &BTreeMap<K, i64>,
    found: &BTreeMap<K, i64>,
    is_unknown: impl Fn(&K) -> bool,
) -> Result<(), String> {
    if let Some((place, size)) = expected.iter().find(|(place, size)| found.get(place) != Some(size)) {
        let got = found.get(place);
        return Err(format!("acknowledged {what} {place:?} of size {size} is lost, found {got:?}"));
    }
    match found.keys().find(|place| !expected.contains_key(place) && !is_unknown(place)) {
        Some(place) => Err(format!("{what} {place:?} is there, and was refused")),
        None => Ok(()),
    }
}

/// Returns the CSV of an import.
pub(super) fn import_csv(n: i64, n_rows: i64) -> String {
    let mut text = String::from("key,batch,v,name\n");
    for row in 0..n_rows {
        let (key, v) = (n * 100_000 + row, import_value(n, row));
        let _ = writeln!(text, "{key},{n},{v},row {row} of import {n} with the value {v}");
    }
    text
}

fn import_value(n: i64, row: i64) -> i64 {
    (n * 31 + row * 7) % 1000
}
