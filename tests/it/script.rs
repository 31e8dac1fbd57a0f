//! Behaviour scripts: `scripts/**/*.kgql-test`.
//!
//! A case is a statement, a line `---`, the expected text, and an empty line. Lines starting with `#` before a case are
//! comments. Tags stand in brackets before the statement:
//!
//! - `[fresh]`: starts with an empty database (each file does); cases of a file share one otherwise.
//! - `[ordered]`: the order of rows counts; without it both sides are sorted.
//! - `[error]`: the statement fails; the text is its type, detail and phase.
//! - `[effects]`: what changed stands in a last line. A statement without columns prints only that.
//! - `[plan]`: prints the plan, without its estimates, instead of running.
//! - `[profile]`: runs, and prints the plan with the rows that each operator gave, and whether it held memory. Times and
//!   estimates are left out.
//!
//! `UPDATE_EXPECT=1 cargo test --test it scripts` writes what came out into the files.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use attendb::{Database, Error, Phase, Session};

use super::support::{Table, graph::Graph};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/scripts");

/// A case as it stands in its file.
#[derive(Default)]
struct Case {
    comments: Vec<String>,
    tags: Vec<String>,
    statement: String,
    expected: Vec<String>,
    line: usize,
}

impl Case {
    fn has(&self, tag: &str) -> bool {
        self.tags.iter().any(|t| t == tag)
    }
}

#[test]
fn scripts_in_memory() {
    run_all(|_| Store::memory());
}

/// The same scripts on disk, where the database is closed and opened again after every case that changed something.
#[test]
fn scripts_on_disk_reopened() {
    if env::var_os("UPDATE_EXPECT").is_some() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    run_all(|n| {
        let path = folder.path().join(n.to_string());
        Store { session: Some(Database::open(&path).expect("a database on disk").session()), path: Some(path) }
    });
}

/// The harness must be able to fail.
#[test]
fn a_wrong_expectation_is_noticed() {
    let mut store = Store::memory();
    let text = "RETURN 1 AS n\n---\nn\n2\n";
    let cases = parse(text);
    assert_eq!(cases.len(), 1);
    assert_ne!(fit(&cases[0], print(store.session(), &cases[0])), fit(&cases[0], cases[0].expected.clone()));
}

struct Store {
    session: Option<Session>,
    path: Option<PathBuf>,
}

impl Store {
    fn memory() -> Self {
        Self { session: Some(Database::memory().expect("a database in memory").session()), path: None }
    }

    fn session(&mut self) -> &mut Session {
        self.session.as_mut().expect("there is one but while reopening")
    }

    fn graph(&mut self) -> Option<Graph> {
        Graph::read(self.session().database()).ok()
    }

    fn reopen(&mut self) {
        if let Some(path) = &self.path {
            let session = self.session.take().expect("there is one but while reopening");
            session.database().clone().close().expect("a clean close");
            drop(session);
            self.session = Some(Database::open(path).expect("the database opens again").session());
        }
    }
}

fn run_all(mut make: impl FnMut(usize) -> Store) {
    let update = env::var_os("UPDATE_EXPECT").is_some();
    let mut files = Vec::new();
    collect(Path::new(SCRIPTS), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no scripts in {SCRIPTS}");
    let (mut made, mut n_cases) = (0, 0);
    let mut failures = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a script is readable");
        let mut cases = parse(&text);
        let mut store = None;
        for case in &mut cases {
            n_cases += 1;
            if store.is_none() || case.has("fresh") {
                made += 1;
                store = Some(make(made));
            }
            let store = store.as_mut().expect("just made");
            let before = store.graph();
            let actual = fit(case, print(store.session(), case));
            if update {
                case.expected = actual;
                continue;
            }
            let expected = fit(case, case.expected.clone());
            if actual != expected {
                let name = file.strip_prefix(SCRIPTS).unwrap_or(&file).display();
                let (expected, actual) = (expected.join("\n"), actual.join("\n"));
                failures
                    .push(format!("{name}:{}\n{}\nexpected:\n{expected}\ngot:\n{actual}\n", case.line, case.statement));
            }
            if store.path.is_some() && !store.session().is_in_transaction() {
                let after = store.graph();
                if before != after {
                    store.reopen();
                    if store.graph() != after {
                        failures.push(format!("{}:{}: the graph differs after reopening", file.display(), case.line));
                    }
                }
            }
        }
        if update {
            fs::write(&file, write(&cases)).expect("a script is writable");
        }
    }
    assert!(failures.is_empty(), "{} of {n_cases} cases failed\n\n{}", failures.len(), failures.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of scripts is readable") {
        let path = entry.expect("an entry is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "kgql-test") {
            files.push(path);
        }
    }
}

fn parse(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = Case::default();
    let mut in_expected = false;
    for (at, line) in text.lines().chain([""]).enumerate() {
        if in_expected {
            if line.is_empty() {
                cases.push(std::mem::take(&mut case));
                in_expected = false;
            } else {
                case.expected.push(line.to_owned());
            }
        } else if line == "---" {
            in_expected = true;
        } else if case.statement.is_empty() && (line.is_empty() || line.starts_with('#')) {
            case.comments.push(line.to_owned());
        } else {
            let mut line = line;
            if case.statement.is_empty() {
                case.line = at + 1;
                while let Some((tag, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                    case.tags.push(tag.to_owned());
                    line = rest.trim_start();
                }
            } else {
                case.statement.push('\n');
            }
            case.statement.push_str(line);
        }
    }
    assert!(case.statement.is_empty(), "a case without ---: {}", case.statement);
    cases
}

fn write(cases: &[Case]) -> String {
    let mut out = String::new();
    for case in cases {
        for comment in &case.comments {
            out.push_str(comment);
            out.push('\n');
        }
        for tag in &case.tags {
            out.push_str(&format!("[{tag}] "));
        }
        out.push_str(&case.statement);
        out.push_str("\n---\n");
        for line in &case.expected {
            out.push_str(line);
            out.push('\n');
        }
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}

/// Sorts the rows below the header where their order does not count.
fn fit(case: &Case, mut lines: Vec<String>) -> Vec<String> {
    if !["ordered", "plan", "profile", "error"].iter().any(|tag| case.has(tag)) && lines.len() > 2 {
        let end = lines.len() - usize::from(case.has("effects"));
        lines[1..end].sort();
    }
    lines
}

fn run(session: &mut Session, statement: &str) -> Result<Table, Error> {
    let rows = session.query(statement, ())?;
    let columns = rows.columns().iter().map(ToString::to_string).collect();
    let rows: Result<Vec<_>, Error> = rows.map(|row| Ok(row?.values().to_vec())).collect();
    Ok(Table { columns, rows: rows? })
}

fn print(session: &mut Session, case: &Case) -> Vec<String> {
    let before_it = match () {
        () if case.has("plan") => "EXPLAIN ",
        () if case.has("profile") => "PROFILE ",
        () => "",
    };
    let statement = format!("{before_it}{}", case.statement);
    let db = session.database().clone();
    let before = Graph::read(&db).expect("the graph is readable");
    let result = run(session, &statement);
    let effects = || {
        let effects = before.effects(&Graph::read(&db).expect("the graph is readable"));
        let list: Vec<String> = effects.iter().map(|(name, n)| format!("{name} {n}")).collect();
        if list.is_empty() { "no changes".to_owned() } else { list.join(", ") }
    };
    let table = match result {
        Err(error) => {
            let mut lines = vec![describe(&error, case.has("error"))];
            let effects = effects();
            if effects != "no changes" {
                lines.push(format!("but: {effects}"));
            }
            return lines;
        }
        Ok(table) => table,
    };
    let mut lines = Vec::new();
    if case.has("plan") {
        for row in &table.rows {
            let text = row.first().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            // Without the estimates, which change with every better guess.
            let shape = |line: &str| line.rsplit_once(" ~").map_or(line, |(shape, _)| shape).trim_end().to_owned();
            lines.extend(text.unwrap_or_default().lines().map(shape));
        }
        return lines;
    }
    if case.has("profile") {
        lines.extend(table.rows.iter().map(|row| profiled(row)));
    } else if !table.columns.is_empty() {
        lines.push(table.columns.join(" | "));
        for row in &table.rows {
            lines.push(row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "));
        }
    }
    if table.columns.is_empty() || case.has("effects") {
        lines.push(effects());
    }
    lines
}

/// Returns a line of a profile without what differs from run to run.
fn profiled(row: &[attendb::Value]) -> String {
    let number = |at: usize| row[at].as_int().expect("a number");
    let operator = row[1].as_str().expect("a text");
    let held = if number(7) > 0 { ", held memory" } else { "" };
    format!("{:indent$}{operator}: {} rows{held}", "", number(3), indent = 2 * number(0) as usize)
}

fn describe(error: &Error, expected: bool) -> String {
    match error.as_query() {
        Some(query) => {
            let phase = if query.phase == Phase::Compile { "compile time" } else { "run time" };
            let text = format!("{}: {} at {phase}", query.kind, query.detail);
            if expected { text } else { format!("{text}: {}", query.message) }
        }
        None => error.to_string(),
    }
}
