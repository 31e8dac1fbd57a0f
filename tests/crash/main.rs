//! The campaigns as tests: the short form of each, with the planted fault that it must catch.
//!
//! The campaigns' own program is `src/bin/crash`; this binary shares its modules and is its own victim.

#[path = "../support/args.rs"]
mod args;
#[path = "../../src/bin/crash/campaigns/mod.rs"]
mod campaigns;

use std::{env, process::ExitCode};

use campaigns::CAMPAIGNS;

/// How a campaign is named to `cargo test`.
fn test_name(campaign: &campaigns::Campaign) -> String {
    format!("crash-campaign-{}", campaign.name)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(code) = campaigns::child(&arguments) {
        return code;
    }
    if arguments.iter().any(|argument| argument == "--list") {
        CAMPAIGNS.iter().for_each(|campaign| println!("{}: test", test_name(campaign)));
        return ExitCode::SUCCESS;
    }
    let filters = args::filters(&arguments);
    let (mut passed, mut failed, mut skipped, mut left_out) = (0, 0, 0, 0);
    let mut bad = String::new();
    for campaign in CAMPAIGNS {
        let name = test_name(campaign);
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter)) {
            left_out += 1;
            continue;
        }
        for report in (campaign.short)() {
            let counts = report.counts();
            print!("{}", report.text());
            if !report.is_good() {
                bad += &report.text();
            }
            (passed, failed) = (passed + counts.0, failed + counts.1);
            skipped += u64::from(report.is_skipped());
        }
    }
    if !bad.is_empty() {
        println!("failed:\n{bad}");
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {failed} failed; {skipped} ignored; {left_out} filtered out");
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
