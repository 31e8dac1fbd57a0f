//! Every query of the openCypher TCK, where it is at hand: all parse but those that expect a syntax error.

use std::path::{Path, PathBuf};

use super::parse;

/// Errors that no parser can find: they need scopes, types, functions or values.
const BOUND_LATER: &[&str] = &[
    "AmbiguousAggregationExpression",
    "ColumnNameConflict",
    "CreatingVarLength",
    "DifferentColumnsInUnion",
    "InvalidAggregation",
    "InvalidArgumentType",
    "InvalidNumberOfArguments",
    "NegativeIntegerArgument",
    "NoSingleRelationshipType",
    "NoVariablesInScope",
    "NonConstantExpression",
    "RequiresDirectedRelationship",
    "UndefinedVariable",
    "UnknownFunction",
    "VariableAlreadyBound",
    "VariableTypeConflict",
];

/// A query of a feature file.
pub(in crate::query) struct Case {
    file: String,
    scenario: String,
    pub(in crate::query) query: String,
    /// The detail of the syntax error expected of this query.
    detail: Option<String>,
}

#[test]
fn queries_of_the_tck_parse() {
    let Some(features) = features() else { return };
    let cases = cases_under(&features);
    let (mut n_parsed, mut n_refused, mut wrong) = (0, 0, Vec::new());
    for case in &cases {
        let head = || format!("{} / {}\n{}", case.file, case.scenario, case.query);
        match (parse(&case.query), &case.detail) {
            (Ok(_), None) => n_parsed += 1,
            (Err(error), None) => wrong.push(format!("{}\n{error}", head())),
            (Ok(_), Some(detail)) if BOUND_LATER.contains(&detail.as_str()) => n_parsed += 1,
            (Ok(_), Some(detail)) => wrong.push(format!("{}\nparses, but {detail} is expected", head())),
            (Err(error), Some(detail)) => {
                let found = error.as_query().expect("a query error").detail;
                if found == detail {
                    n_refused += 1;
                } else {
                    wrong.push(format!("{}\n{detail} is expected: {error}", head()));
                }
            }
        }
    }
    println!("{} queries: {n_parsed} parsed, {n_refused} refused as expected", cases.len());
    assert!(cases.len() > 1000, "only {} queries found under {}", cases.len(), features.display());
    assert!(wrong.is_empty(), "{} wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Returns where the kit is, if it is anywhere.
pub(in crate::query) fn features() -> Option<PathBuf> {
    let root = std::env::var_os("TCK_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tck"), PathBuf::from);
    let features = root.join("features");
    if !features.is_dir() {
        println!("skipped: no TCK at {} (set TCK_DIR)", features.display());
        return None;
    }
    Some(features)
}

/// Returns the queries of all feature files of a folder.
pub(in crate::query) fn cases_under(folder: &Path) -> Vec<Case> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.iter().flat_map(|file| cases(file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "feature") {
            files.push(path);
        }
    }
}

/// Returns the queries of a feature file, outlines expanded. Reads just what it needs of the format: scenarios,
/// their steps, doc strings, and tables of examples.
fn cases(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    let (mut cases, mut outline, mut header): (Vec<Case>, Vec<Case>, Vec<String>) = Default::default();
    let (mut scenario, mut runs, mut in_examples) = (String::new(), false, false);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let step = line.trim();
        if step.starts_with("Scenario") {
            if header.is_empty() {
                cases.append(&mut outline);
            }
            outline.clear();
            (scenario, in_examples, header) = (step.to_owned(), false, Vec::new());
        } else if step == "\"\"\"" {
            let query: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "\"\"\"").collect();
            if runs {
                let (file, scenario) = (file.clone(), scenario.clone());
                outline.push(Case { file, scenario, query: query.join("\n"), detail: None });
            }
        } else if let Some((_, detail)) = step.split_once("SyntaxError should be raised at compile time: ")
            && !step.starts_with('#')
        {
            outline.last_mut().unwrap().detail = Some(detail.to_owned());
        } else if step.starts_with("Examples") {
            in_examples = true;
        } else if in_examples && step.starts_with('|') {
            let cells = cells(step);
            if header.is_empty() {
                header = cells;
                continue;
            }
            let fill = |text: &str| {
                let pairs = header.iter().zip(&cells);
                pairs.fold(text.to_owned(), |text, (key, value)| text.replace(&format!("<{key}>"), value))
            };
            cases.extend(outline.iter().map(|case| Case {
                file: case.file.clone(),
                scenario: case.scenario.clone(),
                query: fill(&case.query),
                detail: case.detail.as_deref().map(fill),
            }));
        } else if !step.is_empty() && !step.starts_with(['|', '#']) {
            runs = step.contains("executing") || step.contains("having executed");
        }
    }
    if header.is_empty() {
        cases.append(&mut outline);
    }
    cases
}

/// Returns the cells of a table's row; `\|` is a bar, `\\` a backslash.
fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let mut chars = row.trim().trim_start_matches('|').chars();
    while let Some(c) = chars.next() {
        match c {
            '|' => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            '\\' => cell.extend(chars.next()),
            c => cell.push(c),
        }
    }
    cells
}
