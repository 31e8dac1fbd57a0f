//! Scripts of the optimizer's rules: `src/query/optimize/scripts/*.kgql-test`.
//!
//! A case is a statement, a line `---`, the expected text, and an empty line; lines starting with `#` before a case are
//! comments. The cases of a file share a graph. Tags:
//!
//! - none: the statement runs, to make the graph or an index, and the text is the rows it gives.
//! - `[rule name]`: prints the plan by the rules that stand before this one, and with it too; or, where both are the same,
//!   `as before` and the plan. Both are run, and must give the same rows.
//! - `[plan]`: prints the plan by all rules: what the planner chose.
//!
//! `UPDATE_EXPECT=1 cargo test --lib rules` writes what came out into the files.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use super::*;
use crate::query::{ast::Statement, explain::explain, optimize::RULES, parse};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/query/optimize/scripts");

/// A case as it stands in its file.
#[derive(Default)]
struct Case {
    comments: Vec<String>,
    tag: Option<String>,
    statement: String,
    expected: Vec<String>,
    line: usize,
}

#[test]
fn scripts_of_rules() {
    let update = env::var_os("UPDATE_EXPECT").is_some();
    let mut failures = Vec::new();
    // Of each rule, how often it did something and how often it did not.
    let mut seen: BTreeMap<&str, [usize; 2]> = RULES.iter().map(|rule| (rule.name, [0; 2])).collect();
    for file in files() {
        let mut cases = parse_cases(&fs::read_to_string(&file).expect("a script is readable"));
        let mut session = Session::new();
        for case in &mut cases {
            let printed = print(&mut session, case);
            if let Some(name) = case.tag.as_deref().and_then(|tag| tag.strip_prefix("rule ")) {
                let counts = seen.get_mut(name).unwrap_or_else(|| panic!("no rule is called {name}"));
                counts[usize::from(printed[0] == "as before")] += 1;
            }
            if update {
                case.expected = printed;
            } else if case.expected != printed {
                failures.push(format!(
                    "{}:{}\n{}\nexpected:\n{}\ngot:\n{}\n",
                    file.file_name().unwrap_or_default().display(),
                    case.line,
                    case.statement,
                    case.expected.join("\n"),
                    printed.join("\n")
                ));
            }
        }
        if update {
            fs::write(&file, write(&cases)).expect("a script is writable");
        }
    }
    assert!(failures.is_empty(), "{} cases failed\n\n{}", failures.len(), failures.join("\n"));
    for (name, [does, does_not]) in seen {
        assert!(does > 0 && does_not > 0, "rule {name}: {does} cases where it applies, {does_not} where it does not");
    }
}

/// Every rule is one by itself: alone, it changes no answer.
#[test]
fn each_rule_alone_changes_no_answer() {
    for file in files() {
        let mut session = Session::new();
        for case in parse_cases(&fs::read_to_string(&file).expect("a script is readable")) {
            if case.tag.is_none() {
                change(&mut session, &case.statement);
                continue;
            }
            let plain = sorted(&mut session, &case.statement, Rules::NONE);
            for rule in RULES {
                let alone = sorted(&mut session, &case.statement, Rules::only(rule.name));
                assert_eq!(alone, plain, "{}: {}", rule.name, case.statement);
            }
        }
    }
}

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(SCRIPTS)).expect("the folder of scripts is readable");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry is readable").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "there are scripts");
    files
}

fn parse_cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = Case::default();
    let mut in_expected = false;
    for (at, line) in text.lines().chain([""]).enumerate() {
        if in_expected && line.is_empty() {
            cases.push(std::mem::take(&mut case));
            in_expected = false;
        } else if in_expected {
            case.expected.push(line.to_owned());
        } else if line == "---" {
            in_expected = true;
        } else if case.statement.is_empty() && (line.is_empty() || line.starts_with('#')) {
            case.comments.push(line.to_owned());
        } else if case.statement.is_empty() {
            case.line = at + 1;
            let tagged = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
            case.tag = tagged.map(|(tag, _)| tag.to_owned());
            case.statement = tagged.map_or(line, |(_, statement)| statement).to_owned();
        } else {
            case.statement += &format!("\n{line}");
        }
    }
    assert!(case.statement.is_empty(), "a case without ---: {}", case.statement);
    cases
}

fn write(cases: &[Case]) -> String {
    let mut out = String::new();
    for case in cases {
        case.comments.iter().for_each(|comment| out += &format!("{comment}\n"));
        let tag = case.tag.as_ref().map_or(String::new(), |tag| format!("[{tag}] "));
        out += &format!("{tag}{}\n---\n{}\n\n", case.statement, case.expected.join("\n"));
    }
    out.trim_end().to_owned() + "\n"
}

fn print(session: &mut Session, case: &Case) -> Vec<String> {
    let statement = &case.statement;
    match case.tag.as_deref() {
        None => change(session, statement),
        Some("plan") => shape(session, &plan(session, statement, Rules::ALL)),
        Some(tag) => {
            let name = tag.strip_prefix("rule ").unwrap_or_else(|| panic!("no tag is called {tag}"));
            let (before, after) = (Rules::before(name), Rules::up_to(name));
            let rows = sorted(session, statement, before);
            assert_eq!(sorted(session, statement, after), rows, "{name}: {statement}");
            let [before, after] = [before, after].map(|rules| shape(session, &plan(session, statement, rules)));
            if before == after {
                return std::iter::once("as before".to_owned()).chain(after).collect();
            }
            let title = |title: &str| std::iter::once(title.to_owned());
            title("before").chain(before).chain(title("after")).chain(after).collect()
        }
    }
}

/// Runs a statement that makes the graph, or an index.
fn change(session: &mut Session, statement: &str) -> Vec<String> {
    let Some(Source::Write(transaction)) = &mut session.source else { panic!("a run is on") };
    let create = match parse::parse(statement).unwrap_or_else(|error| panic!("{statement}\n{error}")) {
        Statement::CreateIndex(create) => Some((create, false)),
        Statement::CreateConstraint(create) => Some((create, true)),
        _ => None,
    };
    let rows = match create {
        Some((create, unique)) => {
            let made = transaction.create_index(None, &create.label.text, &create.key.text, unique, false);
            made.unwrap_or_else(|error| panic!("{statement}\n{error}"));
            Vec::new()
        }
        None => session.run(statement).unwrap_or_else(|error| panic!("{statement}\n{error}")),
    };
    if rows.is_empty() { vec!["no rows".to_owned()] } else { rows }
}

fn plan(session: &Session, statement: &str, rules: Rules) -> Plan {
    let Some(Source::Write(transaction)) = &session.source else { panic!("a run is on") };
    let plan = compile::text_with_rules(statement, transaction.view(), rules);
    plan.unwrap_or_else(|error| panic!("{statement}\n{error}"))
}

/// Returns the rows of a query by some rules, sorted: where it orders them, among equals the order is open.
fn sorted(session: &mut Session, statement: &str, rules: Rules) -> Result<Vec<String>, String> {
    let plan = plan(session, statement, rules);
    let rows = session.run_plan(plan).map_err(|error| error.to_string());
    rows.map(|mut rows| {
        rows.sort();
        rows
    })
}

/// Returns a plan's operators, one a line, without estimates.
fn shape(session: &Session, plan: &Plan) -> Vec<String> {
    let Some(Source::Write(transaction)) = &session.source else { panic!("a run is on") };
    let text = explain(plan, transaction.view());
    let lines = text.lines().map(|line| line.rsplit_once(" ~").map_or(line, |(shape, _)| shape).trim_end().to_owned());
    lines.collect()
}
