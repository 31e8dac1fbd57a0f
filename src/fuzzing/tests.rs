//! The short form of fuzzing: the committed seeds, and some thousand mutations of each, through the same door.

use std::{collections::BTreeMap, path::Path};

use super::*;

/// A small generator of numbers: the same ones each run (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below.max(1)
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has seeds");
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Changes a few bytes of a seed, or joins pieces of two.
fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + random.next(4) {
        let at = random.next(bytes.len());
        match random.next(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.next(8),
            1 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.next(5)],
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 => bytes.insert(at, random.next(256) as u8),
            4 => bytes.truncate(at),
            5 => {
                let from = random.next(other.len());
                let to = from + random.next(other.len() - from + 1);
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let end = bytes.len().min(at + 4);
                bytes[at..end].fill(random.next(256) as u8);
            }
        }
    }
    bytes.truncate(1 << 14);
    bytes
}

/// Changes a few numbers of a seed or moves lines of it: of text that is read strictly, other changes leave nothing.
fn mutate_lines(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let split = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (mut lines, others) = (split(seed), split(other));
    for _ in 0..1 + random.next(3) {
        let (at, from) = (random.next(lines.len()), random.next(others.len()));
        match random.next(8) {
            0 if lines.len() > 1 => drop(lines.remove(at)),
            1 => lines.insert(at, others[from].clone()),
            2 => {
                let with = random.next(lines.len());
                lines.swap(at, with);
            }
            _ => {
                let digits: Vec<usize> =
                    (0..lines[at].len()).filter(|place| lines[at][*place].is_ascii_digit()).collect();
                let Some(&place) = digits.get(random.next(digits.len())) else { continue };
                let number = ["0", "1", "2", "3", "7", "10", "1023", "1024", "65536", "4294967295"][random.next(10)];
                lines[at].splice(place..=place, number.bytes());
            }
        }
    }
    lines.join(&b'\n')
}

/// Replays the seeds of a target and `n` mutations of them; some must be in order and some must be refused, or else what
/// they were made to reach is no longer reached.
fn replay(target: &str, n: usize, run: impl Fn(&[u8]) -> Outcome) -> BTreeMap<String, usize> {
    replay_with(mutate, target, n, run)
}

fn replay_with(
    mutate: impl Fn(&[u8], &[u8], &mut Random) -> Vec<u8>,
    target: &str,
    n: usize,
    run: impl Fn(&[u8]) -> Outcome,
) -> BTreeMap<String, usize> {
    let seeds = seeds(target);
    let mut outcomes = BTreeMap::new();
    let mut count = |outcome: Outcome| *outcomes.entry(format!("{outcome:?}")).or_default() += 1;
    for seed in &seeds {
        count(run(seed));
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for at in 0..n {
        let other = &seeds[random.next(seeds.len())];
        count(run(&mutate(&seeds[at % seeds.len()], other, &mut random)));
    }
    for outcome in ["Sound", "Refused"] {
        assert!(outcomes.contains_key(outcome), "{target}: none is {outcome}: {outcomes:?}");
    }
    outcomes
}

#[test]
fn any_text_is_parsed_or_refused() {
    replay("parse", 5000, |input| parse(&String::from_utf8_lossy(input)));
}

#[test]
fn any_text_comes_back_or_is_refused() {
    replay("roundtrip", 5000, |input| roundtrip(&String::from_utf8_lossy(input)));
}

#[test]
fn any_statement_answers_or_is_refused() {
    replay("query", 1000, |input| run(&String::from_utf8_lossy(input)));
}

#[test]
fn any_journal_is_recovered_or_refused() {
    replay("journal", 3000, journal);
}

#[test]
fn any_block_is_read_or_refused() {
    replay("block", 20_000, block);
}

#[test]
fn any_root_is_read_or_refused() {
    replay("root", 5000, root);
}

#[test]
fn any_catalog_is_applied_or_refused() {
    replay("catalog", 5000, catalog);
}

#[test]
fn any_delimited_file_is_read_or_refused() {
    replay("csv", 3000, csv);
}

#[test]
fn any_json_lines_are_read_or_refused() {
    replay("jsonl", 3000, jsonl);
}

#[test]
fn any_stream_is_loaded_or_refused() {
    replay("stream", 3000, stream);
    let outcomes = replay_with(mutate_lines, "stream", 3000, stream);
    assert!(outcomes["Sound"] >= 50, "many are loaded that are not seeds: {outcomes:?}");
}

#[test]
fn any_directory_is_read_or_refused() {
    assert!((40..256).contains(&n_parts()), "an edit names a part by one byte: {}", n_parts());
    assert_eq!(directory(&[]), Outcome::Sound, "unchanged");
    let outcomes = replay("directory", 150, directory);
    assert!(outcomes.contains_key("Unsound"), "a check finds what no decoder can: {outcomes:?}");
}

/// Writes the seeds that are made of real blocks, roots and catalogs: run it by name, with `UPDATE_SEEDS` set, when the
/// format changes.
#[test]
fn seeds_are_those_of_this_format() {
    for (target, name, bytes) in made_seeds() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target).join(name);
        if std::env::var_os("UPDATE_SEEDS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).is_ok_and(|found| found == bytes), "{} is another", path.display());
        let outcome = match target {
            "block" => block(&bytes),
            "root" => root(&bytes),
            "stream" => stream(&bytes),
            _ => catalog(&bytes),
        };
        assert_eq!(outcome, Outcome::Sound, "{}", path.display());
    }
}

fn made_seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = graph::fuzz::seeds();
    seeds.extend(storage::fuzz::seeds());
    seeds.extend(stream_seeds());
    seeds
}

/// Returns streams of small databases: as they are, and their lines alone.
fn stream_seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let saved = |texts: &[&str]| {
        let db = Database::memory_with(options()).unwrap();
        texts.iter().for_each(|text| drop(db.execute(text, ()).unwrap()));
        let mut stream = Vec::new();
        db.save_to(&mut stream).unwrap();
        stream
    };
    let people = saved(&[
        "CREATE CONSTRAINT a_k FOR (n:A) REQUIRE n.k IS UNIQUE",
        "CREATE INDEX b_s FOR (n:B) ON (n.s)",
        "CREATE (a:A {k: 1, s: 'x\\n\\u0001é'})-[:R {w: 0.5}]->(b:B:C {s: 'y', k: 2})-[:S]->(a), \
         (:A {k: 3})-[:R]->({z: 1})",
        "MATCH (a:A {k: 3}) DETACH DELETE a",
    ]);
    let values = saved(&[
        "CREATE (:A {b: true, d: date('2020-01-02'), f: 0.0 / 0.0, l: [1, 'a', 2.5, false], n: -7, e: [], g: 1e300})",
    ]);
    let spaces = saved(&[
        "CREATE EMBEDDING e FOR (n:A) ON n.v DIMENSION 2 METRIC DOT",
        "CREATE EMBEDDING t FOR ()-[r]-() ON r.v DIMENSION 4 EMBEDDER hash FROM r.s",
        "CREATE (:A {v: [1, 0.5]})-[:R {s: 'word'}]->(:A)",
    ]);
    let holes =
        saved(&["UNWIND range(1, 2100) AS i CREATE (:A)-[:R]->()", "MATCH (n) WHERE id(n) % 700 <> 5 DETACH DELETE n"]);
    let lines = |name: &str, stream: &[u8]| ("stream", name.to_owned(), db::fuzz::unseal(stream));
    vec![
        ("stream", "whole".to_owned(), people.clone()),
        lines("people", &people),
        lines("values", &values),
        lines("spaces", &spaces),
        lines("holes", &holes),
        lines("empty", &saved(&[])),
    ]
}
