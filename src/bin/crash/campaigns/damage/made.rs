//! The databases that are damaged, and the questions asked of them.
//!
//! One has everything a database can have: nodes, relationships, properties of every kind, an index and a constraint, two
//! roots, a bulk load the journal adopts, and a tail of commits; it was not closed. The other is the same one, closed.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use attendb::{Database, Error, Options, Params};

/// Their folders.
pub(super) const NAMES: [&str; 2] = ["open", "closed"];

/// The file with the answers after each of the last commits.
const ANSWERS: &str = "answers";

/// Commits at the end of the journal, the answers after each of which are known.
const TAIL: u64 = 12;

/// What is asked. Each covers some kind of block.
pub(super) const QUESTIONS: &[&str] = &[
    "MATCH (p:Person) RETURN p.key, p.name, p.score, p.active, p.born, p.tags, p.nick ORDER BY p.key",
    "MATCH (r:Row) RETURN r.key, r.v, r.text ORDER BY r.key",
    "MATCH (a)-[k:KNOWS]->(b) RETURN a.key, b.key, k.since, k.weight, k.note ORDER BY k.since",
    "MATCH (b)<-[l:LIKES]-(a) RETURN a.key, b.key ORDER BY a.key, b.key",
    "UNWIND range(0, 1499, 7) AS key MATCH (p:Person {key: key}) RETURN key, p.name",
    "UNWIND range(0, 40) AS n MATCH (p:Person {name: 'name ' + toString(n)}) RETURN n, count(p)",
    "MATCH (t:Tail) RETURN t.n, t.text ORDER BY t.n",
    "MATCH (n) RETURN labels(n) AS l, count(*) AS n ORDER BY l",
    "MATCH (p:Person {key: 5})-[:KNOWS*1..3]->(q) RETURN q.key ORDER BY q.key",
    "MATCH (h:Hot) RETURN count(h), sum(h.key)",
];

/// Returns what a database answers to each question: a hash of the rows, in words that differ where they do.
pub(super) fn ask(db: &Database) -> Vec<Result<u64, Error>> {
    QUESTIONS
        .iter()
        .map(|question| {
            let mut hasher = DefaultHasher::new();
            for row in db.query(question, Params::new())? {
                row?.values().iter().for_each(|value| value.to_string().hash(&mut hasher));
            }
            Ok(hasher.finish())
        })
        .collect()
}

/// The answers after each of the last commits, by its number; the last is what must be answered.
pub(super) type Answers = BTreeMap<u64, Vec<u64>>;

/// Makes the databases in `folder` and says how large they are.
pub(super) fn make(folder: &Path) -> Result<String, String> {
    let text = |error: Error| error.to_string();
    let path = folder.join("made");
    let _ = fs::remove_dir_all(&path);
    let options = || Options { background: false, ..Options::default().file_roots([folder]) };
    let db = Database::open_with(&path, options()).map_err(text)?;
    let run = |statement: &str| db.execute(statement, Params::new()).map(drop).map_err(text);
    run("CREATE CONSTRAINT person_key FOR (p:Person) REQUIRE p.key IS UNIQUE")?;
    run("CREATE INDEX person_name FOR (p:Person) ON (p.name)")?;
    run("UNWIND range(0, 1499) AS i CREATE (:Person {key: i, name: 'name ' + toString(i % 200), score: i * 0.37, \
         active: i % 3 = 0, born: date('1990-01-17'), tags: ['a', toString(i * i)]})")?;
    run("UNWIND range(0, 2499) AS i MATCH (a:Person {key: i % 1500}), (b:Person {key: (i * 7 + 3) % 1500}) \
         CREATE (a)-[:KNOWS {since: i, weight: i * 1.5}]->(b)")?;
    db.checkpoint().map_err(text)?;
    import(&db, folder, 0)?;
    run("MATCH (p:Person) WHERE p.key % 5 = 0 SET p.nick = 'nick ' + toString(p.key * p.key), p:Hot")?;
    run("MATCH (p:Person) WHERE p.key % 211 = 3 DETACH DELETE p")?;
    db.checkpoint().map_err(text)?;
    run("MATCH (a:Person)-[k:KNOWS]->(b) WHERE k.since % 4 = 1 SET k.note = 'note ' + toString(k.since) \
         CREATE (b)-[:LIKES]->(a)")?;
    import(&db, folder, 1)?;
    let mut answers = Answers::new();
    for n in 0..TAIL {
        let length = if n % 5 == 4 { 3000 } else { n + 5 };
        let body: String = (0..length).map(|at| char::from(b'a' + ((at * 7 + n * n) % 26) as u8)).collect();
        run(&format!("CREATE (:Tail {{n: {n}, text: '{body}'}})"))?;
        let right: Result<Vec<u64>, Error> = ask(&db).into_iter().collect();
        answers.insert(db.status().sequence, right.map_err(text)?);
    }
    let report = db.check(true).map_err(text)?;
    if !report.is_sound() {
        return Err(format!("what was made is damaged: {:?}", report.problems));
    }
    write_answers(folder, &answers)?;
    // Nothing is being written: this is what a kill leaves.
    super::super::copy(&path, &folder.join(NAMES[0])).map_err(|error| error.to_string())?;
    db.close().map_err(text)?;
    super::super::copy(&path, &folder.join(NAMES[1])).map_err(|error| error.to_string())?;
    let sizes = NAMES.map(|name| {
        let files = super::place::files(&folder.join(name));
        format!("{} files, {} kB", files.len(), files.iter().map(|(_, len)| len).sum::<u64>() / 1024)
    });
    Ok(sizes.join(", and "))
}

/// Loads rows past the journal.
fn import(db: &Database, folder: &Path, n: u64) -> Result<(), String> {
    let file = folder.join("rows.csv");
    let mut rows = String::from("key,v,text\n");
    for row in n * 3000..(n + 1) * 3000 {
        writeln!(rows, "{row},{},text {}", row * row % 1000, row * 31).expect("a string takes it");
    }
    fs::write(&file, rows).map_err(|error| error.to_string())?;
    let statement = format!("COPY Row FROM '{}' (KEY key)", file.display());
    db.execute(&statement, Params::new()).map(drop).map_err(|error| error.to_string())?;
    fs::remove_file(&file).map_err(|error| error.to_string())
}

fn write_answers(folder: &Path, answers: &Answers) -> Result<(), String> {
    let mut text = String::new();
    for (sequence, hashes) in answers {
        let hashes: Vec<String> = hashes.iter().map(u64::to_string).collect();
        writeln!(text, "{sequence} {}", hashes.join(" ")).expect("a string takes it");
    }
    fs::write(folder.join(ANSWERS), text).map_err(|error| error.to_string())
}

/// Reads the answers that [`make`] left in `folder`.
pub(super) fn read_answers(folder: &Path) -> Result<Answers, String> {
    let text = fs::read_to_string(folder.join(ANSWERS)).map_err(|error| error.to_string())?;
    let line = |line: &str| {
        let mut numbers = line.split(' ').map_while(|word| word.parse().ok());
        Some((numbers.next()?, numbers.collect()))
    };
    text.lines().map(|text| line(text).ok_or_else(|| format!("answers: {text}"))).collect()
}
