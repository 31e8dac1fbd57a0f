//! Scenarios of our own in the form of the openCypher TCK: what the kit does not test and people write all the same.
//!
//! `cargo test --release --test suite` runs `tests/suite/features`. Arguments filter by file or scenario name. Every
//! scenario must pass, and must say by a tag `@source:...` (its own, or its feature's) where its expectation comes from:
//! `cypher/...` is a section of the Cypher manual, `gql/...` a clause of ISO/IEC 39075, `opencypher/...` a part of
//! openCypher, and `kgql/...` a choice of this language where those leave one.

#[path = "../support/args.rs"]
mod args;
#[path = "../tck/feature.rs"]
mod feature;
#[path = "../tck/pool.rs"]
mod pool;
#[path = "../tck/procedure.rs"]
mod procedure;
#[path = "../tck/scenario.rs"]
mod scenario;
#[path = "../tck/step.rs"]
mod step;
#[path = "../support/mod.rs"]
mod support;
#[path = "../tck/value.rs"]
mod value;

use std::{env, path::Path, process::ExitCode, sync::Arc};

use scenario::Status;

/// The folder of the feature files.
const FEATURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/features");

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("suite: test");
        return ExitCode::SUCCESS;
    }
    let filters = args::filters(&arguments);
    let mut scenarios = match feature::load(Path::new(FEATURES)) {
        Ok(scenarios) => scenarios,
        Err(reason) => {
            println!("{reason}\n0 passed, 1 failed");
            return ExitCode::FAILURE;
        }
    };
    // A build without words has none to find.
    scenarios.retain(|s| cfg!(feature = "text") || !s.file.contains("full-text"));
    scenarios.retain(|s| filters.is_empty() || filters.iter().any(|f| s.file.contains(f) || s.name.contains(f)));
    let scenarios = Arc::new(scenarios);
    let outcomes = pool::run(&scenarios, Path::new(FEATURES));
    let mut n_failed = 0;
    for (scenario, outcome) in scenarios.iter().zip(&outcomes) {
        let has_source = scenario.tags.iter().any(|tag| tag.trim_start_matches('@').starts_with("source:"));
        if outcome.status == Status::Passed && has_source {
            continue;
        }
        n_failed += 1;
        let (status, detail) =
            if has_source { (outcome.status.word(), &*outcome.detail) } else { ("has no source", "") };
        println!("{} ({}) {} #{} {status}: {detail}", scenario.file, scenario.area(), scenario.name, scenario.row);
    }
    let n_passed = scenarios.len() - n_failed;
    let verdict = if n_failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {n_passed} passed; {n_failed} failed; 0 ignored");
    println!("{n_passed} passed, {n_failed} failed");
    if n_failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
