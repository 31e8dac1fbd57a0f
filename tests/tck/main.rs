//! Runs the openCypher Technology Compatibility Kit.
//!
//! `cargo test --release --test tck` reads the kit from `$TCK_DIR`, else from `../shared/tck` beside the package; where
//! neither is there it says so and succeeds. Arguments filter by file or scenario name; `-v` prints each that does not
//! pass. `$TCK_REPORT` names a file that gets every expanded scenario as a line of JSON. The committed
//! `tests/tck/baseline.txt` lists what passes: the run fails when one of these stops; `TCK_BLESS=1` rewrites it.

#[path = "../support/args.rs"]
mod args;
mod feature;
mod pool;
mod procedure;
mod report;
mod scenario;
mod step;
#[path = "../support/mod.rs"]
mod support;
mod value;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

use scenario::Status;

/// The committed list of scenarios that pass.
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tck/baseline.txt");

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("tck: test");
        return ExitCode::SUCCESS;
    }
    let verbose = arguments.iter().any(|argument| argument == "-v");
    let filters = args::filters(&arguments);
    let root = env::var_os("TCK_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tck"), PathBuf::from);
    if !root.join("features").is_dir() {
        println!("the TCK is not at {} (set TCK_DIR to its folder): nothing was run", root.display());
        println!("test result: ok. 0 passed; 0 failed; 1 ignored\n0 passed, 0 failed");
        return ExitCode::SUCCESS;
    }
    let mut scenarios = match feature::load(&root.join("features")) {
        Ok(scenarios) => scenarios,
        Err(reason) => {
            println!("{reason}\n0 passed, 1 failed");
            return ExitCode::FAILURE;
        }
    };
    let all = filters.is_empty();
    scenarios.retain(|s| all || filters.iter().any(|f| s.file.contains(f) || s.name.contains(f)));
    let started = Instant::now();
    let scenarios = Arc::new(scenarios);
    let outcomes = pool::run(&scenarios, &root);
    if verbose {
        for (scenario, outcome) in scenarios.iter().zip(&outcomes).filter(|(_, o)| o.status != Status::Passed) {
            println!(
                "{} {} #{} {}: {}",
                scenario.file,
                scenario.name,
                scenario.row,
                outcome.status.word(),
                outcome.detail
            );
        }
    }
    let counts = report::print(&scenarios, &outcomes);
    println!("{} scenarios in {:.1} s, from {}", scenarios.len(), started.elapsed().as_secs_f64(), root.display());
    if let Some(path) = env::var_os("TCK_REPORT") {
        let path = PathBuf::from(path);
        if let Err(error) = report::write_json(&path, &scenarios, &outcomes) {
            println!("cannot write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if env::var_os("TCK_BLESS").is_some_and(|value| value == "1") && all {
        if let Err(error) = fs::write(BASELINE, report::baseline(&scenarios, &outcomes)) {
            println!("cannot write {BASELINE}: {error}");
            return ExitCode::FAILURE;
        }
        println!("wrote {BASELINE}");
    }
    let lost = if all {
        report::regressions(&fs::read_to_string(BASELINE).unwrap_or_default(), &scenarios, &outcomes)
    } else {
        Vec::new()
    };
    for line in &lost {
        println!("no longer passes: {line}");
    }
    let passed = counts.of(Status::Passed);
    let open = counts.of(Status::Wrong) + counts.of(Status::Error);
    println!("{open} scenarios are not answered as written yet; {} of the baseline stopped passing", lost.len());
    let verdict = if lost.is_empty() { "ok" } else { "FAILED" };
    let skipped = counts.of(Status::Skipped) + open - lost.len().min(open);
    println!("test result: {verdict}. {passed} passed; {} failed; {skipped} ignored", lost.len());
    println!("{passed} passed, {} failed", lost.len());
    if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
