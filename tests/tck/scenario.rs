//! Runs one scenario in a database of its own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use attendb::{
    Database, Error, Phase,
    model::{Map, Value},
};

use super::{
    feature::Scenario,
    procedure,
    step::Step,
    support::{self, Table, graph::Graph},
    value::{self, Expected},
};

/// How a scenario ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything as written.
    Passed,
    /// The engine answered, and the answer is not the one written.
    Wrong,
    /// The engine refused, failed otherwise than written, panicked or took too long.
    Error,
    /// Not run, for the reason given.
    Skipped,
}

impl Status {
    /// Returns the word of the report.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Wrong => "wrong",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// How a scenario ended, and why.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// How.
    pub(crate) status: Status,
    /// Why; empty where it passed.
    pub(crate) detail: String,
}

impl Outcome {
    /// Returns an outcome.
    pub(crate) fn new(status: Status, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

/// Runs a scenario. `root` is the folder of the TCK, for the named graphs.
pub(crate) fn run(scenario: &Scenario, root: &Path) -> Outcome {
    if scenario.tags.iter().any(|tag| tag.trim_start_matches('@') == "ignore") {
        return Outcome::new(Status::Skipped, "marked @ignore upstream");
    }
    let mut steps = Vec::new();
    for line in &scenario.steps {
        match Step::parse(line) {
            Ok(step) => steps.push(step),
            Err(reason) => return Outcome::new(Status::Skipped, reason),
        }
    }
    let mut state = match Database::memory() {
        Ok(db) => State { db, params: Map::new(), before: Graph::default(), last: None, root: root.to_path_buf() },
        Err(error) => return Outcome::new(Status::Error, format!("no database: {error}")),
    };
    for step in steps {
        if let Err(outcome) = state.step(step) {
            return outcome;
        }
    }
    Outcome::new(Status::Passed, "")
}

struct State {
    db: Database,
    params: Map,
    /// The graph before the last query.
    before: Graph,
    /// What the last query gave.
    last: Option<Result<Table, Error>>,
    root: PathBuf,
}

impl State {
    fn step(&mut self, step: Step) -> Result<(), Outcome> {
        match step {
            Step::EmptyGraph => Ok(()),
            Step::NamedGraph(name) => self.named_graph(&name),
            Step::HavingExecuted(query) => self.set_up(&query),
            Step::Parameters(table) => self.parameters(&table),
            Step::Execute(query) => {
                self.before = self.graph()?;
                self.last = Some(support::run(&self.db, &query, &self.params));
                Ok(())
            }
            Step::Rows { table, ordered, list_order } => check_rows(self.answer()?, &table, ordered, list_order),
            Step::Empty => match self.answer()?.rows.len() {
                0 => Ok(()),
                n => Err(Outcome::new(Status::Wrong, format!("{n} rows instead of none"))),
            },
            Step::SideEffects(expected) => {
                self.answer()?;
                let expected: BTreeMap<String, i64> = expected.into_iter().collect();
                let actual = self.before.effects(&self.graph()?);
                if actual == expected {
                    return Ok(());
                }
                Err(Outcome::new(Status::Wrong, format!("side effects {actual:?} instead of {expected:?}")))
            }
            Step::Raised { kind, phase, detail } => self.check_error(&kind, &phase, &detail),
            Step::Procedure { signature, table } => self.procedure(&signature, &table),
        }
    }

    fn set_up(&mut self, query: &str) -> Result<(), Outcome> {
        match support::run(&self.db, query, &self.params) {
            Ok(_) => Ok(()),
            Err(error) => Err(Outcome::new(Status::Error, format!("setting up: {}", describe(&error)))),
        }
    }

    fn named_graph(&mut self, name: &str) -> Result<(), Outcome> {
        let path = self.root.join("graphs").join(name).join(format!("{name}.cypher"));
        let text = fs::read_to_string(&path);
        let text = text.map_err(|error| Outcome::new(Status::Skipped, format!("{}: {error}", path.display())))?;
        text.split(';').filter(|part| !part.trim().is_empty()).try_for_each(|statement| self.set_up(statement))
    }

    fn procedure(&mut self, signature: &str, table: &[Vec<String>]) -> Result<(), Outcome> {
        let procedure = procedure::of(signature, table).map_err(|reason| Outcome::new(Status::Skipped, reason))?;
        let registered = self.db.register(procedure);
        registered.map_err(|error| Outcome::new(Status::Error, format!("registering: {}", describe(&error))))
    }

    fn parameters(&mut self, table: &[Vec<String>]) -> Result<(), Outcome> {
        for row in table {
            let [name, text] = row.as_slice() else {
                return Err(Outcome::new(Status::Skipped, "a parameter is a name and a value"));
            };
            let value = value::parse(text).and_then(Expected::into_value);
            let value = value.map_err(|reason| Outcome::new(Status::Skipped, reason))?;
            self.params.insert(name.as_str().into(), value);
        }
        Ok(())
    }

    fn graph(&self) -> Result<Graph, Outcome> {
        Graph::read(&self.db)
            .map_err(|error| Outcome::new(Status::Error, format!("reading the graph: {}", describe(&error))))
    }

    fn answer(&self) -> Result<&Table, Outcome> {
        match &self.last {
            Some(Ok(table)) => Ok(table),
            Some(Err(error)) => Err(Outcome::new(Status::Error, describe(error))),
            None => Err(Outcome::new(Status::Skipped, "a check before any query")),
        }
    }

    fn check_error(&self, kind: &str, phase: &str, detail: &str) -> Result<(), Outcome> {
        let error = match &self.last {
            Some(Err(error)) => error,
            Some(Ok(table)) => {
                let got = format!("{} rows instead of {kind} at {phase}: {detail}", table.rows.len());
                return Err(Outcome::new(Status::Wrong, got));
            }
            None => return Err(Outcome::new(Status::Skipped, "a check before any query")),
        };
        let fits = error.as_query().is_some_and(|error| {
            let phase_fits = match phase {
                "compile time" => error.phase == Phase::Compile,
                "runtime" => error.phase == Phase::Run,
                _ => true,
            };
            error.kind == kind && phase_fits && (detail == "*" || error.detail == detail)
        });
        if fits {
            return Ok(());
        }
        Err(Outcome::new(Status::Error, format!("expected {kind} at {phase}: {detail}; got {}", describe(error))))
    }
}

fn check_rows(actual: &Table, table: &[Vec<String>], ordered: bool, list_order: bool) -> Result<(), Outcome> {
    let wrong = |reason: String| Err(Outcome::new(Status::Wrong, reason));
    let (header, body) = table.split_first().map_or((&[][..], &[][..]), |(header, body)| (&header[..], body));
    let mut expected: Vec<Vec<Expected>> = Vec::new();
    for row in body {
        let cells: Result<_, _> = row.iter().map(|cell| value::parse(cell)).collect();
        expected.push(cells.map_err(|reason| Outcome::new(Status::Skipped, reason))?);
    }
    if actual.columns != header {
        return wrong(format!("columns {:?} instead of {header:?}", actual.columns));
    }
    let same =
        |a: &[Expected], b: &[Value]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.matches(b, list_order));
    let fits = expected.len() == actual.rows.len()
        && if ordered {
            expected.iter().zip(&actual.rows).all(|(a, b)| same(a, b))
        } else {
            let mut left: Vec<&Vec<Value>> = actual.rows.iter().collect();
            expected.iter().all(|row| match left.iter().position(|other| same(row, other)) {
                Some(at) => {
                    left.swap_remove(at);
                    true
                }
                None => false,
            })
        };
    if fits {
        return Ok(());
    }
    let text = |rows: &mut dyn Iterator<Item = String>| rows.take(ROWS_SHOWN).collect::<Vec<_>>().join(" ");
    wrong(format!(
        "{} rows: {} instead of {}: {}",
        actual.rows.len(),
        text(&mut actual.rows.iter().map(|row| Value::list(row.iter().cloned()).to_string())),
        body.len(),
        text(&mut body.iter().map(|row| format!("[{}]", row.join(", ")))),
    ))
}

/// Rows of each side that the report of a wrong answer shows: enough to see the difference, one screen at most.
const ROWS_SHOWN: usize = 8;

fn describe(error: &Error) -> String {
    match error.as_query() {
        Some(query) => {
            let phase = if query.phase == Phase::Compile { "compile time" } else { "runtime" };
            format!("{} at {phase}: {}: {}", query.kind, query.detail, query.message)
        }
        None => error.to_string(),
    }
}
