//! A fixed work: the same steps in the same order, each one commit or a checkpoint, and what the database must hold after
//! each. For the campaigns that strike at a certain call of it.

use std::{
    fs,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    ops::Range,
    path::{Path, PathBuf},
};

use attendb::{Database, Durability, Error, Options, Params};

/// Rows of the import.
const ROWS: usize = 2_000;

/// What everything is read with: nodes, then relationships, each row for itself.
const QUERIES: [&str; 2] = [
    "MATCH (n) RETURN labels(n), properties(n)",
    "MATCH (a)-[r]->(b) RETURN type(r), properties(r), a.key, a.n, b.key, b.n",
];

/// One step.
#[derive(Debug)]
enum Step {
    /// A statement, committed by itself.
    Execute(String),
    /// Nothing changes, but everything is folded.
    Checkpoint,
}

/// The steps, and the file they import.
#[derive(Debug)]
pub(crate) struct Work {
    steps: Vec<Step>,
    folder: PathBuf,
}

impl Work {
    /// Returns a work of so many small commits with an import, a second one that is small and two checkpoints between
    /// them; writes what it imports into the folder, if it is not there.
    pub(crate) fn new(folder: &Path, n_commits: usize) -> Result<Self, String> {
        let folder = folder.canonicalize().map_err(|error| format!("cannot find {}: {error}", folder.display()))?;
        let write = |name: &str, rows: usize| {
            let path = folder.join(name);
            if path.exists() {
                return Ok(path);
            }
            let lines = (0..rows).map(|row| format!("{row},{},name of row {row}\n", row * 7 % 1000));
            let text = std::iter::once("key,value,name\n".to_owned()).chain(lines).collect::<String>();
            fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            Ok::<_, String>(path)
        };
        let (large, small) = (write("large.csv", ROWS)?, write("small.csv", 20)?);
        let copy =
            |label: &str, path: &Path| Step::Execute(format!("COPY {label} FROM '{}' (KEY key)", path.display()));
        let mut steps =
            vec![Step::Execute("CREATE CONSTRAINT item_n IF NOT EXISTS FOR (i:Item) REQUIRE i.n IS UNIQUE".to_owned())];
        for n in 0..n_commits {
            if n == n_commits * 2 / 5 {
                steps.extend([copy("Row", &large), Step::Checkpoint]);
            }
            if n == n_commits * 4 / 5 {
                steps.extend([copy("Few", &small), Step::Checkpoint]);
            }
            steps.push(Step::Execute(commit(n)));
        }
        Ok(Self { steps, folder })
    }

    /// Returns the number of steps.
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns the steps of each session: the database is closed and opened again between them.
    pub(crate) fn sessions(&self) -> [Range<usize>; 2] {
        let middle = self.len() * 3 / 5;
        [0..middle, middle..self.len()]
    }

    /// Returns the options to open a database with on which the steps can run.
    pub(crate) fn options(&self) -> Options {
        let options = Options { durability: Durability::Sync, background: false, threads: 1, ..Options::default() };
        options.file_roots([&self.folder])
    }

    /// Opens what is left of the work, checks all of it, and returns what it holds.
    pub(crate) fn look(&self, path: &Path) -> Result<(Database, u64), String> {
        let db = Database::open_with(path, self.options()).map_err(|error| format!("open refused: {error}"))?;
        let check = db.check(true).map_err(|error| format!("check failed: {error}"))?;
        if !check.is_sound() {
            return Err(format!("check found faults: {check:?}"));
        }
        let found = digest(&db).map_err(|error| format!("reading: {error}"))?;
        Ok((db, found))
    }

    /// Runs step `number`, counted from 0.
    pub(crate) fn run(&self, db: &Database, number: usize) -> Result<(), Error> {
        match &self.steps[number] {
            Step::Execute(statement) => db.execute(statement, Params::new()).map(drop),
            Step::Checkpoint => db.checkpoint().map(drop),
        }
    }

    /// Returns what the database holds before the first step and after each, by running them in memory.
    pub(crate) fn digests(&self) -> Result<Vec<u64>, String> {
        let db = Database::memory_with(self.options()).map_err(|error| error.to_string())?;
        let mut digests = vec![digest(&db).map_err(|error| error.to_string())?];
        for number in 0..self.len() {
            self.run(&db, number).map_err(|error| format!("step {number} in memory: {error}"))?;
            digests.push(digest(&db).map_err(|error| error.to_string())?);
        }
        Ok(digests)
    }
}

/// Compares what was found with what the steps leave: at least `least` of them, at most `most`.
pub(crate) fn compare(digests: &[u64], found: u64, least: usize, most: usize) -> Result<(), String> {
    if digests[least..=most].contains(&found) {
        return Ok(());
    }
    Err(match digests.iter().position(|&known| known == found) {
        Some(step) => format!("{least} steps were acknowledged, {step} are there"),
        None => format!("{least} steps were acknowledged, and what is there no number of steps makes"),
    })
}

/// Small commits of every kind: nodes with properties, relationships, changed and removed properties, labels, deletions.
fn commit(n: usize) -> String {
    match n % 5 {
        0 => format!("CREATE (:Item {{n: {n}, text: '{}', at: {n}.5}})", "text ".repeat(n % 30)),
        1 => format!("MATCH (i:Item {{n: {}}}) CREATE (i)-[:NEXT {{w: {n}}}]->(:Item:Hot {{n: {n}}})", n - 1),
        2 => format!("MERGE (c:Count {{n: 0}}) ON CREATE SET c.sum = 1 ON MATCH SET c.sum = c.sum + {n}"),
        3 => format!("MATCH (i:Item {{n: {}}}) SET i:Seen, i.text = NULL, i.list = [{n}, 2, 3]", n - 3),
        _ if n % 20 == 4 => format!("MATCH (i:Item {{n: {}}}) DETACH DELETE i", n - 3),
        _ => format!("UNWIND range(1, 10) AS x CREATE (:Bit {{n: x + {n} * 100, flag: x % 2 = 0}})"),
    }
}

/// Returns a number that stands for everything the database holds, whatever ids it gave.
pub(crate) fn digest(db: &Database) -> Result<u64, Error> {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut sum = 0_u64;
    for (at, query) in QUERIES.iter().enumerate() {
        for row in db.query(query, Params::new())? {
            sum = sum.wrapping_add(hasher.hash_one((at, format!("{:?}", row?.values()))));
        }
    }
    Ok(sum)
}
