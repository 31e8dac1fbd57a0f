//! The crash campaign as a test: a writer killed again and again, and the planted fault that must be caught.
//!
//! The campaign's own program is `src/bin/crash`; this binary shares its modules and is its own writer.

#[path = "../support/args.rs"]
mod args;
#[path = "../../src/bin/crash/campaign.rs"]
mod campaign;
#[path = "../../src/bin/crash/model.rs"]
mod model;
#[path = "../../src/bin/crash/verify.rs"]
mod verify;
#[path = "../../src/bin/crash/writer.rs"]
mod writer;

use std::{env, process::ExitCode};

use campaign::Campaign;
use writer::Plant;

/// The name that filters of `cargo test` are compared with.
const NAME: &str = "crash-campaign";

/// Kills of the test, and in a build without optimisation; `CRASH_KILLS` and `CRASH_SEED` say otherwise.
const KILLS: u64 = 200;
const KILLS_DEBUG: u64 = 20;

/// The planted fault shows at almost every kill; so many are more than enough.
const KILLS_PLANTED: u64 = 40;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(orders) = writer::Orders::parse(&arguments) {
        return writer::run(&orders);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        println!("{NAME}: test");
        return ExitCode::SUCCESS;
    }
    let filters = args::filters(&arguments);
    if !filters.is_empty() && !filters.iter().any(|filter| NAME.contains(filter)) {
        println!("test result: ok. 0 passed; 0 failed; 0 ignored; 1 filtered out");
        return ExitCode::SUCCESS;
    }
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let kills = number("CRASH_KILLS").unwrap_or(if cfg!(debug_assertions) { KILLS_DEBUG } else { KILLS });
    let seed = number("CRASH_SEED").unwrap_or(1);
    let run = |campaign: &Campaign| {
        let folder = tempfile::tempdir().expect("a folder");
        let verdict = campaign::run(campaign, folder.path());
        let clean = campaign::print(campaign, &verdict);
        (clean, verdict)
    };
    let planted = Campaign { kills: KILLS_PLANTED, seed: 7, plant: Plant::Harness };
    let (clean, _) = run(&planted);
    println!("planted (reports before it commits): {}", if clean { "NOT caught" } else { "caught" });
    let (sound, verdict) = run(&Campaign { kills, seed, plant: Plant::Nothing });
    let failed = verdict.failures.len() as u64 + u64::from(clean);
    let passed = (verdict.kills + 1).saturating_sub(failed);
    let word = if sound && !clean { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {failed} failed; 0 ignored");
    println!("{passed} passed, {failed} failed");
    if sound && !clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
