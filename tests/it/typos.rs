//! `typos.txt`: what the database says to typical slips, and where it points.

use std::fmt::Write as _;

use attendb::{Database, Error};

use crate::support::must;

/// A slip: the statement, which characters are meant, whether it is an error, and what must be said.
struct Slip<'a> {
    statement: &'a str,
    marked: (usize, usize),
    is_error: bool,
    said: &'a str,
}

fn slips(text: &str) -> Vec<Slip<'_>> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let slip = |pair: &[&'_ str]| {
        let (statement, marks) = (pair[0], pair[1]);
        let start = marks.find(['^', '~']).unwrap_or_else(|| panic!("no marks below {statement}"));
        let mark = &marks[start..=start];
        let said = marks[start..].trim_start_matches(mark);
        (start, marks.len() - start - said.len(), mark == "^", said.len())
    };
    lines
        .chunks_exact(2)
        .map(|pair| {
            let (start, n, is_error, n_said) = slip(pair);
            let said = pair[1][pair[1].len() - n_said..].trim();
            Slip { statement: pair[0], marked: (start, n), is_error, said }
        })
        .collect()
}

/// Runs a statement to its end and returns the remarks upon it.
fn noticed(db: &Database, statement: &str) -> attendb::Result<Vec<String>> {
    let mut rows = db.query(statement, ())?;
    for row in rows.by_ref() {
        row?;
    }
    Ok(rows.summary().notices.clone())
}

#[test]
fn slips_are_pointed_at_and_explained() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/typos.txt")).unwrap();
    let db = Database::memory().unwrap();
    must(&db, "CREATE (a:Person {name: 'Ada', age: 36, email: 'a@b'})-[:FOLLOWS {since: 1}]->(:Person {name: 'Bo'})");
    must(&db, "MATCH (a:Person {name: 'Ada'}) CREATE (a)-[:LIVES_IN]->(:City {name: 'Rome', population: 3})");
    let slips = slips(&text);
    let (mut n_placed, mut n_said, mut wrong) = (0, 0, String::new());
    for slip in &slips {
        let got = noticed(&db, slip.statement);
        let (place, said) = match &got {
            Err(Error::Query(error)) => {
                let place = error.place.as_ref().map(|place| (place.column - 1, place.width));
                (place, format!("{} {}", error.message, error.hint.as_deref().unwrap_or_default()))
            }
            Err(other) => (None, other.to_string()),
            Ok(notices) => (None, notices.join("; ")),
        };
        let is_placed = if slip.is_error { place == Some(slip.marked) } else { got.is_ok() };
        let is_said = said.contains(slip.said);
        n_placed += usize::from(is_placed);
        n_said += usize::from(is_said);
        if !is_placed || !is_said {
            let _ = writeln!(
                wrong,
                "{}\n  {place:?} instead of {:?}: {said} ({:?})",
                slip.statement, slip.marked, slip.said
            );
        }
    }
    println!("{} slips: {n_placed} pointed at rightly, {n_said} explained", slips.len());
    assert!(slips.len() >= 100 && wrong.is_empty(), "{n_placed} / {n_said} of {}\n{wrong}", slips.len());
}
