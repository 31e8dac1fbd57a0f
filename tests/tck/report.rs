//! What is printed, written and compared at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use super::{
    feature::Scenario,
    scenario::{Outcome, Status},
};

/// Counts by status, in the order passed, wrong, error, skipped.
#[derive(Default, Clone, Copy)]
pub(crate) struct Counts([usize; 4]);

impl Counts {
    /// Counts one outcome.
    pub(crate) fn add(&mut self, status: Status) {
        self.0[status as usize] += 1;
    }

    /// Returns the number of a status.
    pub(crate) fn of(&self, status: Status) -> usize {
        self.0[status as usize]
    }

    fn total(&self) -> usize {
        self.0.iter().sum()
    }
}

/// Prints the table per area and in total; returns the total.
pub(crate) fn print(scenarios: &[Scenario], outcomes: &[Outcome]) -> Counts {
    let mut areas: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut total = Counts::default();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for (scenario, outcome) in scenarios.iter().zip(outcomes) {
        areas.entry(scenario.area()).or_default().add(outcome.status);
        total.add(outcome.status);
        if outcome.status == Status::Skipped {
            let reason = outcome.detail.split(':').next().unwrap_or_default();
            *reasons.entry(reason).or_default() += 1;
        }
    }
    println!("{:<36} {:>6} {:>6} {:>6} {:>7} {:>6}", "area", "passed", "wrong", "error", "skipped", "total");
    for (area, counts) in areas.iter().chain([(&"total", &total)]) {
        let [passed, wrong, error, skipped] = counts.0;
        println!("{area:<36} {passed:>6} {wrong:>6} {error:>6} {skipped:>7} {:>6}", counts.total());
    }
    for (reason, n) in reasons {
        println!("skipped {n}: {reason}");
    }
    total
}

/// Writes every expanded scenario as one line of JSON.
pub(crate) fn write_json(path: &Path, scenarios: &[Scenario], outcomes: &[Outcome]) -> std::io::Result<()> {
    let mut out = String::new();
    for (scenario, outcome) in scenarios.iter().zip(outcomes) {
        let line = serde_json::json!({
            "file": scenario.file, "scenario": scenario.name, "row": scenario.row,
            "status": outcome.status.word(), "detail": outcome.detail,
        });
        writeln!(out, "{line}").expect("a string takes it");
    }
    fs::write(path, out)
}

/// Returns a scenario's line of the baseline.
pub(crate) fn key(scenario: &Scenario) -> String {
    format!("{}\t{}\t{}", scenario.file, scenario.name, scenario.row)
}

/// Returns the lines of the baseline that do not pass now, with why.
pub(crate) fn regressions(baseline: &str, scenarios: &[Scenario], outcomes: &[Outcome]) -> Vec<String> {
    let mut now: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for (scenario, outcome) in scenarios.iter().zip(outcomes) {
        now.entry(key(scenario)).or_default().push(outcome);
    }
    let known: BTreeSet<&str> = baseline.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut lost = Vec::new();
    for line in known {
        match now.get(line) {
            None => lost.push(format!("{line}\tgone")),
            Some(outcomes) => {
                let bad = outcomes.iter().find(|outcome| outcome.status != Status::Passed);
                lost.extend(bad.map(|outcome| format!("{line}\t{}: {}", outcome.status.word(), outcome.detail)));
            }
        }
    }
    lost
}

/// Returns the baseline of this run: a line per scenario that passes.
pub(crate) fn baseline(scenarios: &[Scenario], outcomes: &[Outcome]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (scenario, outcome) in scenarios.iter().zip(outcomes) {
        if outcome.status == Status::Passed {
            lines.push(key(scenario));
        }
    }
    lines.sort();
    lines.dedup();
    lines.join("\n") + "\n"
}
