//! Words to entities: how long a full-text index takes to make, what a search costs, and how often and how fast `kg.link`
//! finds who is meant. Each search is run three times, and the fastest counts: what else the machine does is not measured.
//!
//! `cargo bench --bench words -- DIR` reads `DIR/kb.tsv.gz`, the triples of MetaQA (subject, relation and object apart by
//! tabs), whose 42,873 names are linked; without it, only the names made here are measured.

use std::{
    collections::HashMap,
    env,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
    time::{Duration, Instant},
};

use attendb::{Database, Options, Value, params};

/// Names made here, the words they are of, and the seed of everything.
const NAMES: usize = 100_000;
const VOCABULARY: u64 = 20_000;
const SEED: u64 = 7;

/// Mentions of each sort, and searches.
const MENTIONS: usize = 3_000;

/// Names and relationships written by one statement.
const ROWS: usize = 10_000;

/// Makes of a name what is searched for.
type Change = fn(&str, &mut Random) -> String;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// A word: the frequent ones much more often than the others.
    fn word(&mut self) -> String {
        let rank = (self.below(VOCABULARY) * self.below(VOCABULARY)) / VOCABULARY;
        let mut letters = Random(rank + 1);
        (0..3 + letters.below(6)).map(|_| char::from(b'a' + letters.below(26) as u8)).collect()
    }
}

fn main() {
    let data = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    println!("{}", attendb_line());
    let dir = tempfile::tempdir().expect("a directory");
    made_names(&dir.path().join("made.kg"));
    match data {
        Some(data) => metaqa(&dir.path().join("metaqa.kg"), Path::new(&data)),
        None => println!("\nMetaQA: skipped, no directory was given (cargo bench --bench words -- DIR)"),
    }
}

fn attendb_line() -> String {
    format!(
        "attendb {}, {} threads",
        env!("CARGO_PKG_VERSION"),
        std::thread::available_parallelism().map_or(1, usize::from)
    )
}

fn open(path: &Path) -> Database {
    Database::open_with(path, Options { background: false, ..Options::default() }).expect("a database")
}

fn write_names(db: &Database, names: &[String]) {
    for (at, names) in names.chunks(ROWS).enumerate() {
        let rows = Value::list(names.iter().map(|name| Value::from(name.as_str())));
        let first = (at * ROWS) as i64;
        db.execute(
            "UNWIND range(0, size($names) - 1) AS i CREATE (:E {name: $names[i], at: $first + i})",
            params! { "names": rows, "first": first },
        )
        .expect("names are written");
    }
    db.checkpoint().expect("a checkpoint");
}

/// Declares the index and lets it be made; returns how long that takes.
fn index(db: &Database, n: usize) {
    let begun = Instant::now();
    db.execute("CREATE FULLTEXT INDEX names FOR (n:E) ON EACH [n.name]", ()).expect("an index");
    let found =
        db.query("CALL db.index.fulltext.queryNodes('names', 'no-such-word', {limit: 1}) YIELD node RETURN 1", ());
    assert_eq!(found.expect("a search").count(), 0);
    let took = begun.elapsed();
    println!("index of {n} names made and durable: {took:.2?}, {:.0} names/s", n as f64 / took.as_secs_f64());
}

fn made_names(path: &Path) {
    let mut random = Random(SEED);
    let names: Vec<String> =
        (0..NAMES).map(|_| (0..2 + random.below(3)).map(|_| random.word()).collect::<Vec<_>>().join(" ")).collect();
    let db = open(path);
    write_names(&db, &names);
    println!("\n{NAMES} names of {VOCABULARY} words");
    index(&db, NAMES);
    let sorts: [(&str, Change); 3] = [
        ("a word", |name, _| name.split(' ').next().unwrap_or_default().to_owned()),
        ("a prefix", |_, random| format!("{}*", &random.word()[..3])),
        ("a word with a typo", |_, random| format!("{}~1", random.word())),
    ];
    for (what, make) in sorts {
        let times = (0..MENTIONS).map(|_| {
            let name = &names[random.below(NAMES as u64) as usize];
            let text = make(name, &mut random);
            fastest(|| {
                let rows = db.query(
                    "CALL db.index.fulltext.queryNodes('names', $text, {limit: 10}) YIELD node, score RETURN id(node), score",
                    params! { "text": text.as_str() },
                );
                rows.expect("a search").count()
            })
            .1
        });
        told(&format!("best 10 of {what}"), times.collect());
    }
    let begun = Instant::now();
    let n = 1000;
    for at in 0..n {
        db.execute("MATCH (n:E {at: $at}) SET n.name = n.name + ' changed'", params! { "at": at }).expect("a change");
        let rows =
            db.query("CALL db.index.fulltext.queryNodes('names', 'changed', {limit: 1}) YIELD node RETURN 1", ());
        assert_eq!(rows.expect("a search").count(), 1);
    }
    println!("a change and a search that sees it: {:.2?}", begun.elapsed() / n as u32);
}

/// Returns what `run` gives and the shortest of three times: what else the machine does is not measured.
fn fastest<T>(mut run: impl FnMut() -> T) -> (T, Duration) {
    let mut once = || {
        let begun = Instant::now();
        let given = run();
        (given, begun.elapsed())
    };
    let (given, first) = once();
    (given, first.min(once().1).min(once().1))
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!("{what}: p50 {:.3} ms, p99 {:.3} ms", ms(at(0.5)), ms(at(0.99)));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn metaqa(path: &Path, data: &Path) {
    let file = data.join("kb.tsv.gz");
    let file = match File::open(&file) {
        Ok(file) => file,
        Err(error) => {
            println!("\nMetaQA: skipped, {} is not there ({error})", file.display());
            return;
        }
    };
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut names: Vec<String> = Vec::new();
    let mut triples = Vec::new();
    for line in BufReader::new(flate2::read::GzDecoder::new(file)).lines() {
        let line = line.expect("a line of text");
        let mut parts = line.split('\t');
        let (Some(subject), Some(relation), Some(object)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let mut number = |name: &str| {
            *numbers.entry(name.to_owned()).or_insert_with(|| {
                names.push(name.to_owned());
                names.len() - 1
            })
        };
        triples.push((number(subject), relation.to_owned(), number(object)));
    }
    let db = open(path);
    db.execute("CREATE CONSTRAINT FOR (n:E) REQUIRE n.at IS UNIQUE", ()).expect("a constraint");
    write_names(&db, &names);
    let mut by_type: HashMap<&str, Vec<Value>> = HashMap::new();
    for (start, relation, end) in &triples {
        let pair = Value::list([Value::Int(*start as i64), Value::Int(*end as i64)]);
        by_type.entry(relation).or_default().push(pair);
    }
    for (relation, pairs) in by_type {
        for pairs in pairs.chunks(ROWS) {
            let text = format!(
                "UNWIND $pairs AS p MATCH (a:E {{at: p[0]}}), (b:E {{at: p[1]}}) CREATE (a)-[:{relation}]->(b)"
            );
            db.execute(&text, params! { "pairs": Value::list(pairs.to_vec()) }).expect("relationships are written");
        }
    }
    println!("\nMetaQA: {} names, {} triples", names.len(), triples.len());
    index(&db, names.len());
    let mut random = Random(SEED);
    let sorts: [(&str, Change); 4] = [
        ("as written", |name, _| name.to_owned()),
        ("changed case", |name, random| if random.below(2) == 0 { name.to_uppercase() } else { name.to_lowercase() }),
        ("one typo", typo),
        ("one typo, between words", |name, random| format!("please tell me about {}", typo(name, random))),
    ];
    for (what, change) in sorts {
        for limit in [1_i64, 5] {
            let (mut right, mut times) = (0, Vec::with_capacity(MENTIONS));
            for _ in 0..MENTIONS {
                let at = random.below(names.len() as u64) as usize;
                let mention = change(&names[at], &mut random);
                let (found, time) = fastest(|| {
                    let rows = db.query(
                        "CALL kg.link($mention, {limit: $limit}) YIELD node, score RETURN node.at, score",
                        params! { "mention": mention.as_str(), "limit": limit },
                    );
                    rows.expect("a link").collect_as::<(i64, f64)>().expect("entities")
                });
                times.push(time);
                // Some are there twice, as a person and as a tag in small letters: nobody could tell them apart.
                right += usize::from(
                    found
                        .first()
                        .is_some_and(|(found, _)| names[*found as usize].to_lowercase() == names[at].to_lowercase()),
                );
            }
            let share = right as f64 / MENTIONS as f64;
            told(&format!("kg.link of {what}, limit {limit}: right at 1 {share:.4}"), times);
        }
    }
}

/// A letter left out, added, replaced, or two of them the other way round, but not the first.
fn typo(name: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() < 3 {
        return name.to_owned();
    }
    let at = 1 + random.below(letters.len() as u64 - 1) as usize;
    let other = char::from(b'a' + random.below(26) as u8);
    match random.below(4) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, other),
        2 => letters[at] = other,
        _ => letters.swap(at - 1, at),
    }
    letters.into_iter().collect()
}
