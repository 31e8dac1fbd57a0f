//! The meaning of a step's text.

use super::feature::Line;

/// What a step asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Start with an empty graph (`any graph` may be empty too).
    EmptyGraph,
    /// Start with one of the named graphs.
    NamedGraph(String),
    /// A procedure must exist.
    Procedure {
        /// `name(argument :: TYPE?, ...) :: (output :: TYPE?, ...)`.
        signature: String,
        /// What it gives: header and rows of arguments and outputs.
        table: Vec<Vec<String>>,
    },
    /// Set the graph up.
    HavingExecuted(String),
    /// Set parameters.
    Parameters(Vec<Vec<String>>),
    /// Run the query, or a control query.
    Execute(String),
    /// The last query gave these rows.
    Rows {
        /// Header and rows, in the notation of values.
        table: Vec<Vec<String>>,
        /// Whether the order of rows counts.
        ordered: bool,
        /// Whether the order inside lists counts.
        list_order: bool,
    },
    /// The last query gave no rows.
    Empty,
    /// The last query changed the graph like this; no entries mean not at all.
    SideEffects(Vec<(String, i64)>),
    /// The last query failed.
    Raised {
        /// `SyntaxError`, `TypeError`, ...
        kind: String,
        /// `compile time`, `runtime` or `any time`.
        phase: String,
        /// `UndefinedVariable`, ..., or `*`.
        detail: String,
    },
}

impl Step {
    /// Returns the step of a line.
    pub(crate) fn parse(line: &Line) -> Result<Self, String> {
        let text = line.text.trim().trim_end_matches(':').trim();
        let body = || line.body.clone().ok_or_else(|| format!("no doc string below: {text}"));
        let table = || line.table.clone().unwrap_or_default();
        Ok(match text {
            "an empty graph" | "any graph" => Self::EmptyGraph,
            "having executed" => Self::HavingExecuted(body()?),
            "parameters are" => Self::Parameters(table()),
            "executing query" | "executing control query" => Self::Execute(body()?),
            "the result should be empty" => Self::Empty,
            "the result should be, in any order" => rows(table(), false, true),
            "the result should be, in order" => rows(table(), true, true),
            "the result should be (ignoring element order for lists)" => rows(table(), false, false),
            "the result should be, in order (ignoring element order for lists)" => rows(table(), true, false),
            "no side effects" => Self::SideEffects(Vec::new()),
            "the side effects should be" => Self::SideEffects(effects(&table())?),
            _ => return other(line.text.trim(), table()),
        })
    }
}

fn rows(table: Vec<Vec<String>>, ordered: bool, list_order: bool) -> Step {
    Step::Rows { table, ordered, list_order }
}

fn effects(table: &[Vec<String>]) -> Result<Vec<(String, i64)>, String> {
    let entry = |row: &Vec<String>| match row.as_slice() {
        [name, count] => Ok((name.clone(), count.parse().map_err(|_| format!("no count: {count}"))?)),
        _ => Err("a side effect is a name and a count".to_owned()),
    };
    table.iter().map(entry).collect()
}

fn other(text: &str, table: Vec<Vec<String>>) -> Result<Step, String> {
    if let Some(name) = text.strip_prefix("the ").and_then(|rest| rest.strip_suffix(" graph")) {
        return Ok(Step::NamedGraph(name.to_owned()));
    }
    if let Some(signature) = text.strip_prefix("there exists a procedure ") {
        let signature = signature.trim_end_matches(':').trim().to_owned();
        return Ok(Step::Procedure { signature, table });
    }
    // a TYPE should be raised at PHASE: DETAIL
    if let Some((kind, rest)) = text.split_once(" should be raised at ")
        && let Some((phase, detail)) = rest.split_once(':')
    {
        let kind = kind.trim_start_matches("an ").trim_start_matches("a ").to_owned();
        return Ok(Step::Raised { kind, phase: phase.trim().to_owned(), detail: detail.trim().to_owned() });
    }
    Err(format!("unknown step: {text}"))
}
