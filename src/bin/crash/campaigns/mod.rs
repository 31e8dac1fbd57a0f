//! Campaigns: each attacks the database in one way, has a seed, says what it did, and catches a planted fault (its *null
//! control*) or fails.
//!
//! One program serves them all. It is also its own victim: a campaign that kills starts the program again as a *child*,
//! whose first argument says so. `src/bin/crash` runs campaigns at full length, `tests/crash` the short form of each.

mod arguments;
mod calls;
mod children;
mod clock;
mod damage;
mod errors;
mod forgetting;
mod full;
mod heap;
mod interpose;
mod isolation;
mod kill;
mod memory;
mod model;
mod openers;
mod parse;
mod power;
mod report;
mod soak;
mod steps;
mod truth;
mod verify;
mod writer;

use std::{env, process::ExitCode};

pub(crate) use arguments::{Arguments, Folder, copy};
pub(crate) use report::Report;

/// A way to attack the database.
pub(crate) struct Campaign {
    /// Its name on the command line and for filters of `cargo test`.
    pub(crate) name: &'static str,
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// Its options, as the usage shows them.
    pub(crate) usage: &'static str,
    /// Runs it as the command line says. An error is about the options, before anything was done.
    pub(crate) run: fn(&Arguments) -> Result<Report, String>,
    /// Runs the short form: the null control, then a small campaign.
    pub(crate) short: fn() -> Vec<Report>,
    /// Runs the program as this campaign's child, if these are a child's arguments.
    pub(crate) child: fn(&[String]) -> Option<ExitCode>,
}

/// Every campaign.
pub(crate) const CAMPAIGNS: &[Campaign] = &[
    kill::CAMPAIGN,
    calls::CAMPAIGN,
    errors::CAMPAIGN,
    power::CAMPAIGN,
    full::CAMPAIGN,
    memory::CAMPAIGN,
    isolation::CAMPAIGN,
    openers::CAMPAIGN,
    soak::CAMPAIGN,
    damage::CAMPAIGN,
    parse::CAMPAIGN,
    truth::CAMPAIGN,
];

/// Returns the exit code of a child, if the program was started as one.
pub(crate) fn child(arguments: &[String]) -> Option<ExitCode> {
    CAMPAIGNS.iter().find_map(|campaign| (campaign.child)(arguments))
}

/// Runs the program: a child, or the campaign that the command line names.
#[allow(dead_code, reason = "the tests choose campaigns by themselves")]
pub(crate) fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(code) = child(&arguments) {
        return code;
    }
    let name = arguments.first().map_or("", String::as_str);
    if name == "short" {
        let reports: Vec<Report> = CAMPAIGNS.iter().flat_map(|campaign| (campaign.short)()).collect();
        reports.iter().for_each(Report::print);
        return if reports.iter().all(Report::is_good) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let Some(campaign) = CAMPAIGNS.iter().find(|campaign| campaign.name == name) else {
        eprintln!("usage: crash CAMPAIGN [OPTIONS], or crash short for the short form of all");
        eprintln!("every campaign takes --seed N and --dir FOLDER\n");
        for campaign in CAMPAIGNS {
            eprintln!("  {:<10} {}\n  {:<10} {}", campaign.name, campaign.about, "", campaign.usage);
        }
        return ExitCode::from(2);
    };
    match Arguments::parse(&arguments[1..]).and_then(|arguments| (campaign.run)(&arguments)) {
        Ok(report) => {
            report.print();
            if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{error}\nusage: crash {} {}", campaign.name, campaign.usage);
            ExitCode::from(2)
        }
    }
}
